//! `BUILD-ALTER-COLUMN-TYPE-DEPENDANTS`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "BUILD-ALTER-COLUMN-TYPE-DEPENDANTS",
    title: "a free type change still reads the table or builds an index",
    severity: Severity::Error,
    grades: Grades::new(Loss::None, Downtime::All, Back::R1, OldApp::Works),
    fact: "a CHECK that names the column is checked against every row, and an index with an expression or a predicate on it is built anew, both under ACCESS EXCLUSIVE; plain indexes are kept",
    instead: "drop the CHECK and add it again NOT VALID; drop the index and build it CONCURRENTLY afterwards",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for (table, action) in at.actions() {
        let TableAction::AlterType { column, to, collation, .. } = &action.action else { continue };
        let Some(known) = at.record.table(table) else { continue };
        let from = known.column(column).and_then(|c| c.type_name.as_ref());
        if !from.is_some_and(|from| is_free(from, to)) {
            continue;
        }
        let names = |list: &[String]| list.iter().any(|c| c == column || c == "*");
        let checks = known.checks().filter(|(c, e)| c.valid && names(&e.mentions.columns));
        let mut dependants: Vec<String> =
            checks.map(|(c, _)| format!("constraint {}", c.name)).collect();
        let indexes = at.record.indexes_of(table).into_iter();
        let indexes = indexes.filter(|(_, i)| {
            names(&i.mentioned)
                || collation.is_some() && i.columns.iter().any(|c| c.as_deref() == Some(column))
        });
        dependants.extend(indexes.map(|(name, _)| format!("index {}", name.name)));
        if !dependants.is_empty() {
            found
                .add(
                    &action.span,
                    format!("changing `{table}.{column}` works through {}", words(&dependants)),
                )
                .about(table);
        }
    }
}
