//! `STYLE-COMMENT-OR-PII`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "STYLE-COMMENT-OR-PII",
    title: "a new table without a comment",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Works),
    fact: "nothing says what the rows are, and whether they are about people",
    instead: "COMMENT ON TABLE … IS '…'",
    default: false,
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let Statement::CreateTable(s) = at.statement() else { return };
    let commented = at.later().any(|(_, step)| {
        matches!(&step.parsed.statement, Statement::Comment { kind: ObjectKind::Table, name } if full(name) == full(&s.name))
    });
    if !commented {
        found.add(at.span(), format!("`{}` has no comment", s.name)).about(&s.name);
    }
}
