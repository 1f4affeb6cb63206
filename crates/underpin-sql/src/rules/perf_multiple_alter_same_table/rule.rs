//! `PERF-MULTIPLE-ALTER-SAME-TABLE`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "PERF-MULTIPLE-ALTER-SAME-TABLE",
    title: "several rewrites of one table that could be one",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Works),
    fact: "each ALTER TABLE that rewrites or scans goes through the table on its own; in one statement they share the pass",
    instead: "one ALTER TABLE with all sub-commands",
    default: false,
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let Statement::AlterTable(s) = at.statement() else { return };
    let slow =
        at.does.work.iter().any(|w| w.class > Work::Rows && full(&w.table) == full(&s.relation));
    let again = at.later().any(|(_, step)| matches!(&step.parsed.statement, Statement::AlterTable(o) if full(&o.relation) == full(&s.relation)));
    if slow && again && at.existed(&s.relation) {
        found.add(at.span(), format!("`{}` is altered again below", s.relation)).about(&s.relation);
    }
}
