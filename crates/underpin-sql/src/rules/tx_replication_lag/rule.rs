//! `TX-REPLICATION-LAG`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "TX-REPLICATION-LAG",
    title: "replicas will lag",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::MayBreak),
    fact: "a rewrite or a bulk write sends the whole table with its indexes through the write-ahead log",
    instead: "batches with pauses that watch pg_stat_replication",
    needs_facts: true,
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    if at.options.facts.replicas.is_none_or(|n| n == 0) {
        return;
    }
    let all_rows = match at.statement() {
        Statement::Update(s) => s.condition.is_all_rows(),
        Statement::Delete(s) => s.condition.is_all_rows(),
        _ => false,
    };
    let heavy = |w: &&crate::context::TableWork| {
        w.class == Work::Rewrite || w.class == Work::Rows && all_rows
    };
    if let Some(work) = at.does.work.iter().filter(heavy).find(|w| at.existed(&w.table)) {
        found
            .add(at.span(), format!("all of `{}` is sent to the replicas", short(&work.table)))
            .about(&work.table);
    }
}
