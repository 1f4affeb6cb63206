//! `LOSS-TYPE-NARROWING`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "LOSS-TYPE-NARROWING",
    title: "a type change rounds or cuts values without an error",
    severity: Severity::Error,
    grades: Grades::new(Loss::Certain, Downtime::All, Back::R3, OldApp::MayBreak),
    fact: "the cast rounds or truncates silently; only a plain change to a shorter varchar fails loudly",
    instead: "count the rows first where casting there and back changes the value, and keep the old column until that is verified",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for (table, action) in at.actions() {
        let TableAction::AlterType { column, to, using, .. } = &action.action else { continue };
        let from = at.record.column(table, column).and_then(|c| c.type_name.as_ref());
        if let Some(how) = narrowing(from, to, using.as_ref()) {
            found
                .add(&action.span, format!("`{table}.{column}`: {how}"))
                .about(table)
                .phased(phased::change_type(at, table, column, to, using.as_ref()))
                .instead(format!("count first: SELECT count(*) FROM {table} WHERE {c}::{new} IS DISTINCT FROM {c}; and keep the old column until that is verified", c = Name::bare(column), new = shown(to)));
        }
    }
}
