//! `TX-NO-STATEMENT-TIMEOUT`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "TX-NO-STATEMENT-TIMEOUT",
    title: "long work without statement_timeout",
    severity: Severity::Note,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Works),
    fact: "a statement that takes longer than anybody thought is not ended",
    instead: "SET statement_timeout for the file, or let Underpin run it",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    if at.options.runner.is_ours() || set_before(at, "statement_timeout") {
        return;
    }
    let slow = |w: &&crate::context::TableWork| at.existed(&w.table) && w.class != Work::Rows;
    if let Some(work) = at.does.work.iter().find(slow) {
        found
            .add(
                at.span(),
                format!("the work on `{}` may take as long as it likes", short(&work.table)),
            )
            .about(&work.table);
    }
}
