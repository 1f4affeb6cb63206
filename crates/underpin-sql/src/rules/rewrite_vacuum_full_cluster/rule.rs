//! `REWRITE-VACUUM-FULL-CLUSTER`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "REWRITE-VACUUM-FULL-CLUSTER",
    title: "VACUUM FULL or CLUSTER",
    severity: Severity::Error,
    grades: Grades::new(Loss::None, Downtime::All, Back::R0, OldApp::MayBreak),
    fact: "the table and its indexes are copied under ACCESS EXCLUSIVE",
    instead: "pg_repack or pg_squeeze, outside of migrations",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    match at.statement() {
        Statement::Vacuum { full: true, tables } => {
            for table in tables.iter().filter(|t| at.existed(t)) {
                found
                    .add(at.span(), format!("`{table}` is copied whole while nobody can use it"))
                    .about(table);
            }
            if tables.is_empty() {
                found.add(at.span(), "every table is copied whole while nobody can use it");
            }
        }
        Statement::Cluster { table } if table.as_ref().is_none_or(|t| at.existed(t)) => {
            let what =
                table.as_ref().map_or("every clustered table".to_owned(), |t| format!("`{t}`"));
            found.add(at.span(), format!("{what} is copied whole while nobody can use it"));
        }
        _ => {}
    }
}
