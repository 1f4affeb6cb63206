//! `FAIL-IDENTIFIER-TRUNCATED`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "FAIL-IDENTIFIER-TRUNCATED",
    title: "a name is longer than PostgreSQL keeps",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Works),
    fact: "names are cut to 63 bytes with a notice; statements with the whole name still work, comparisons with the catalog do not, and two names may become one",
    instead: "a shorter name, with @map or map: in the Prisma schema",
    check,
    ..Rule::PLAIN
};

/// `NAMEDATALEN` less the final zero (manual §4.1.1).
const NAME_BYTES_MAX: usize = 63;

fn check(at: &At<'_>, found: &mut Found<'_>) {
    if at.step().inside {
        return;
    }
    let whole = at.span();
    let text = at.file.text.get(whole.clone()).unwrap_or_default();
    let mut seen: Vec<(String, String)> = Vec::new();
    // The parser has cut the names already, so that only the text has them whole.
    for (place, name) in crate::syntax::long_names(text, NAME_BYTES_MAX) {
        let kept = name[..name.floor_char_boundary(NAME_BYTES_MAX)].to_owned();
        if seen.iter().any(|(old, _)| *old == name) {
            continue;
        }
        let span = whole.start + place.start..whole.start + place.end;
        if seen.iter().any(|(_, old)| *old == kept) {
            found.add(span, format!("two names become `{kept}`")).severity(Severity::Error);
        } else {
            found.add(span, format!("`{name}` becomes `{kept}`"));
        }
        seen.push((name, kept));
    }
}
