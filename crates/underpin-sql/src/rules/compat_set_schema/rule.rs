//! `COMPAT-SET-SCHEMA`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "COMPAT-SET-SCHEMA",
    title: "an object moves to another schema",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::Brief, Back::R0, OldApp::Breaks),
    fact: "statements that name the old schema, or find it by search_path, fail",
    instead: "a view in the old schema, made in the same transaction",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    if let Statement::SetSchema(s) = at.statement()
        && at.existed(&s.name)
    {
        found.add(at.span(), format!("`{}` moves to schema `{}`", s.name, s.to)).about(&s.name);
    }
}
