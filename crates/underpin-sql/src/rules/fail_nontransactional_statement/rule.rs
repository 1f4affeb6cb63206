//! `FAIL-NONTRANSACTIONAL-STATEMENT`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "FAIL-NONTRANSACTIONAL-STATEMENT",
    title: "a statement that no transaction block takes",
    severity: Severity::Error,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Works),
    fact: "VACUUM, ALTER SYSTEM, CREATE and DROP DATABASE or TABLESPACE and REINDEX of a schema or database are refused in a transaction block with 25001",
    instead: "run it outside of migrations, or alone in its file",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let what = match at.statement() {
        Statement::Vacuum { .. } => "VACUUM",
        Statement::AlterSystem { .. } => "ALTER SYSTEM",
        Statement::Database(s) if s.create => "CREATE DATABASE",
        Statement::Drop(s) if s.kind == ObjectKind::Database => "DROP DATABASE",
        Statement::Drop(s) if s.kind == ObjectKind::Tablespace => "DROP TABLESPACE",
        Statement::Reindex(s)
            if matches!(s.target, ReindexTarget::Schema(_) | ReindexTarget::Database) =>
        {
            "REINDEX of a schema or database"
        }
        Statement::Cluster { table: None } => "CLUSTER of all tables",
        Statement::Other { tag: "CREATE TABLESPACE" } => "CREATE TABLESPACE",
        _ => return,
    };
    if at.step().place.block {
        found.add(
            at.span(),
            format!("{what} is refused here: the statement stands in a transaction block"),
        );
    }
}
