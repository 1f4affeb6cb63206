//! `SCAN-CREATE-TABLE-AS`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "SCAN-CREATE-TABLE-AS",
    title: "a table is filled from a query",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Works),
    fact: "the sources are read whole in one statement, with one old snapshot that keeps VACUUM from cleaning",
    instead: "CREATE TABLE … WITH NO DATA, then copy in batches",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let Statement::CreateTableAs(s) = at.statement() else { return };
    let old: Vec<Name> = s.mentions.relations.iter().filter(|r| at.existed(r)).map(short).collect();
    if !s.no_data && !old.is_empty() {
        found
            .add(at.span(), format!("{} is read whole to fill `{}`", words(&old), s.name))
            .about(&s.name);
    }
}
