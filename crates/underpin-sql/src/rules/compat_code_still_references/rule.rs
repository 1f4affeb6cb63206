//! `COMPAT-CODE-STILL-REFERENCES`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "COMPAT-CODE-STILL-REFERENCES",
    title: "the application's code still names what is dropped or renamed",
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Breaks),
    fact: "the name stands in the application's files",
    instead: "remove it from the code one release earlier",
    needs_facts: true,
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for name in crate::removed::removed(at.statement()) {
        let key = name.key();
        let existed = match &name.column {
            Some(column) => at.column_existed(&name.object, column),
            None => at.existed(&name.object),
        };
        if !existed {
            continue;
        }
        if let Some(places) = at.options.facts.code.get(&key).filter(|p| !p.is_empty()) {
            let span = name.span.unwrap_or_else(|| at.span());
            found.add(span, format!("`{key}` is still named in {}", words(places)));
        }
    }
}
