//! `TX-EXPLICIT-COMMIT-SPLITS-FILE`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "TX-EXPLICIT-COMMIT-SPLITS-FILE",
    title: "a COMMIT in the midst divides the file",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::None, Back::R1, OldApp::Works),
    fact: "everything before the COMMIT stays when a later statement fails: the file is half applied (measured)",
    instead: "one file per unit that belongs together",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    use TransactionControl as T;
    if !matches!(at.statement(), Statement::Transaction(T::Commit | T::Chain)) || at.step().inside {
        return;
    }
    let real =
        |s: &Step<'_>| !matches!(s.parsed.statement, Statement::Transaction(_) | Statement::Set(_));
    let after = at.later().any(|(_, s)| real(s));
    let begun =
        at.earlier().find(|(_, s)| matches!(s.parsed.statement, Statement::Transaction(T::Begin)));
    let before = begun.is_some_and(|(begin, _)| at.file.steps[..begin].iter().any(real));
    if after {
        found.add(at.span(), "what stands before this stays even if what follows fails");
    } else if before {
        found.add(at.span(), "what stands before BEGIN is committed whether or not the block is");
    }
}
