//! `BUILD-CREATE-INDEX`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "BUILD-CREATE-INDEX",
    title: "an index is built while writes wait",
    severity: Severity::Error,
    grades: Grades::new(Loss::None, Downtime::Writes, Back::R0, OldApp::Works),
    fact: "SHARE on the table for the whole build: reads pass, every write waits",
    instead: "",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let Statement::CreateIndex(s) = at.statement() else { return };
    if s.concurrently
        || !at.existed(&s.table)
        || at.record.table(&s.table).is_some_and(|t| t.partitioned)
    {
        return;
    }
    let unique = if s.unique { "UNIQUE " } else { "" };
    let name = s.name.as_deref().map(|n| Name::bare(n).to_string()).unwrap_or_default();
    found
        .add(at.span(), format!("writes to `{}` wait while the index is built", s.table))
        .about(&s.table)
        .phased(phased::create_index(at))
        .instead(format!(
            "alone in its migration: CREATE {unique}INDEX CONCURRENTLY {name} ON {} …",
            s.table
        ));
}
