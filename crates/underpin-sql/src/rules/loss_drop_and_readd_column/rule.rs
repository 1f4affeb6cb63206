//! `LOSS-DROP-AND-READD-COLUMN`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "LOSS-DROP-AND-READD-COLUMN",
    title: "a column is dropped and added again",
    severity: Severity::Error,
    grades: Grades::new(Loss::Certain, Downtime::Brief, Back::R3, OldApp::Breaks),
    fact: "the new column starts empty, or with its default; the values of the old one are gone",
    instead: "",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for (table, action) in at.actions() {
        let TableAction::DropColumn { column, .. } = &action.action else { continue };
        let added = at.actions_of_file(table).into_iter().find_map(|(_, a)| match &a.action {
            TableAction::AddColumn { column: new, .. } if new.name == *column => Some(new),
            _ => None,
        });
        if let Some(new) = added.filter(|_| at.column_existed(table, column)) {
            let to = new.type_name.as_ref().map(shown).unwrap_or_default();
            found
                .add(&action.span, format!("`{table}.{column}` is dropped and added again as {to}: its values are lost"))
                .about(table)
                .phased(match &new.type_name {
                    Some(of) => phased::change_type(at, table, column, of, None),
                    None => Vec::new(),
                })
                .instead(format!("ALTER TABLE {table} ALTER COLUMN {c} TYPE {to} USING {c}::{to}; or a new column, a backfill in batches and a swap", c = Name::bare(column)));
        }
    }
}
