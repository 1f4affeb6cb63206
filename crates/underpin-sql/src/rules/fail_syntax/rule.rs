//! `FAIL-SYNTAX`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "FAIL-SYNTAX",
    title: "the statement does not parse",
    severity: Severity::Error,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Works),
    fact: "PostgreSQL 18's own grammar refuses it: 42601",
    instead: "",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let Statement::Unparsed { message } = at.statement() else { return };
    let whole = at.span();
    let text = at.file.text.get(whole.clone()).unwrap_or_default();
    let place = crate::syntax::error_place(text, message);
    let span = place.map_or(whole.clone(), |p| whole.start + p.start..whole.start + p.end);
    let draft = found.add(span, message.clone());
    if text.starts_with('\u{feff}') {
        draft.fact("the file starts with a byte order mark, which the server takes for a character of the first word");
    }
}
