//! `STYLE-NAMING`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "STYLE-NAMING",
    title: "a name that has to be quoted",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Works),
    fact: "a name with capitals or special characters has to be quoted by everybody who writes SQL by hand",
    instead: "snake_case, with @map in the Prisma schema",
    default: false,
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    if let Statement::CreateTable(s) = at.statement() {
        let text = Name::bare(&s.name.name).to_string();
        if text.starts_with('"') {
            found.add(at.span(), format!("{text} has to be quoted")).about(&s.name);
        }
    }
    for column in defined_columns(at) {
        let text = Name::bare(&column.name).to_string();
        if text.starts_with('"') {
            found.add(&column.span, format!("{text} has to be quoted"));
        }
    }
}
