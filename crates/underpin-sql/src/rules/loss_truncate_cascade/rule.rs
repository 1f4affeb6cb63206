//! `LOSS-TRUNCATE-CASCADE`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "LOSS-TRUNCATE-CASCADE",
    title: "TRUNCATE … CASCADE empties tables that it does not name",
    severity: Severity::Error,
    grades: Grades::new(Loss::Certain, Downtime::Brief, Back::R3, OldApp::Breaks),
    fact: "CASCADE empties every table with a foreign key to the named ones, and those that refer to them, each under ACCESS EXCLUSIVE",
    instead: "name every table that is to be emptied and leave CASCADE out",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let Statement::Truncate(s) = at.statement() else { return };
    if !s.cascade {
        return;
    }
    for table in s.tables.iter().filter(|t| at.existed(t)) {
        let mut emptied: Vec<Name> = Vec::new();
        let mut open = vec![full(table)];
        while let Some(next) = open.pop() {
            for (child, _, _) in at.record.referencing(&next) {
                if !emptied.contains(&child.name) && child.name != full(table) {
                    emptied.push(child.name.clone());
                    open.push(child.name.clone());
                }
            }
        }
        let emptied: Vec<Name> = emptied.iter().map(short).collect();
        let message = if emptied.is_empty() {
            format!("every table with a foreign key to `{table}` is emptied too")
        } else {
            format!("{} are emptied with `{table}`", words(&emptied))
        };
        found.add(at.span(), message).about(table).unknown("which other tables refer to it");
    }
}
