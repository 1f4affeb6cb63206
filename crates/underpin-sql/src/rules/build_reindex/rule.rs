//! `BUILD-REINDEX`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "BUILD-REINDEX",
    title: "indexes are built anew while the application waits",
    severity: Severity::Error,
    grades: Grades::new(Loss::None, Downtime::All, Back::R0, OldApp::MayBreak),
    fact: "SHARE on the table and ACCESS EXCLUSIVE on each index: writes wait, and so does every query that would use or plan with the index",
    instead: "REINDEX … CONCURRENTLY (PostgreSQL 12), alone in its migration",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let Statement::Reindex(s) = at.statement() else { return };
    if s.concurrently {
        return;
    }
    let (what, old) = match &s.target {
        ReindexTarget::Index(name) => (format!("index `{name}`"), at.existed(name)),
        ReindexTarget::Table(name) => (format!("every index of `{name}`"), at.existed(name)),
        ReindexTarget::Schema(name) => (format!("every index of schema `{name}`"), true),
        ReindexTarget::Database => ("every index of the database".to_owned(), true),
    };
    if old {
        found.add(at.span(), format!("{what} is built anew while nobody can use it"));
    }
}
