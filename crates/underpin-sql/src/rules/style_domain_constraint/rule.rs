//! `STYLE-DOMAIN-CONSTRAINT`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "STYLE-DOMAIN-CONSTRAINT",
    title: "a domain with conditions",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Works),
    fact: "changing the condition reads every table that uses the domain, and a new column of it rewrites its table",
    instead: "the base type, with a CHECK on the table",
    default: false,
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    if let Statement::CreateDomain(s) = at.statement()
        && (s.not_null || !s.constraints.is_empty())
    {
        found.add(at.span(), format!("domain `{}` has conditions", s.name)).about(&s.name);
    }
}
