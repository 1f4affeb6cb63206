//! `REWRITE-SET-TABLESPACE`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "REWRITE-SET-TABLESPACE",
    title: "a table or index moves to another tablespace",
    severity: Severity::Error,
    grades: Grades::new(Loss::None, Downtime::All, Back::R1, OldApp::MayBreak),
    fact: "the files are copied byte by byte under ACCESS EXCLUSIVE",
    instead: "pg_repack; for an index REINDEX (TABLESPACE …, CONCURRENTLY) from PostgreSQL 14",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let Statement::AlterTable(s) = at.statement() else { return };
    for action in s.actions.iter().filter(|_| at.existed(&s.relation)) {
        if let TableAction::SetTablespace { tablespace } = &action.action {
            found
                .add(
                    &action.span,
                    format!("`{}` is copied to tablespace `{tablespace}`", s.relation),
                )
                .about(&s.relation);
        }
    }
}
