//! `STYLE-VARCHAR-N`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "STYLE-VARCHAR-N",
    title: "varchar(n)",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Works),
    fact: "a limit that has to be raised later is a migration; text is stored in the same way",
    instead: "text, with a CHECK on the length where it matters",
    default: false,
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let limited = |c: &&ColumnDefinition| {
        c.type_name.as_ref().is_some_and(|t| t.name.name == "varchar" && !t.modifiers.is_empty())
    };
    for column in defined_columns(at).into_iter().filter(limited) {
        found.add(&column.span, format!("`{}` has a limit in its type", column.name));
    }
}
