//! `TX-SETTING-LEAKS`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "TX-SETTING-LEAKS",
    title: "a session setting stays for what follows",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Works),
    fact: "SET without LOCAL holds for the session: the next migrations on the same connection run under it (measured with Prisma)",
    instead: "SET LOCAL, or RESET at the end of the file",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    if let Statement::Select(s) = at.statement() {
        return set_config(at, found, s);
    }
    let Statement::Set(s) = at.statement() else { return };
    let Some(name) = s.name.as_deref().filter(|_| !s.local && !s.reset) else { return };
    if name.starts_with("TRANSACTION") || name.starts_with("SESSION CHARACTERISTICS") {
        return;
    }
    let undone = at.later().any(|(_, step)| match &step.parsed.statement {
        Statement::Set(r) => r.reset && r.name.as_deref().is_none_or(|n| n == name),
        Statement::Other { tag } => *tag == "DISCARD ALL",
        _ => false,
    });
    if !undone {
        let draft =
            found.add(at.span(), format!("`{name}` stays set for the migrations after this one"));
        if at.options.runner.is_ours() {
            draft.severity(Severity::Note).fact("SET without LOCAL holds for the session; Underpin resets it after the file, Prisma does not");
        }
    }
}

/// `set_config(name, value, false)` is a `SET` (manual §9.28.1); a dump begins with one.
fn set_config(at: &At<'_>, found: &mut Found<'_>, select: &Select) {
    let called = select.mentions.functions.iter().any(|f| f.name == "set_config");
    let text = at.file.text.get(at.span()).unwrap_or_default().to_lowercase();
    let local = text.trim_end_matches([';', ')', ' ', '\n']).ends_with("true");
    let undone = at.later().any(|(_, step)| match &step.parsed.statement {
        Statement::Set(r) => r.reset,
        Statement::Other { tag } => *tag == "DISCARD ALL",
        _ => false,
    });
    if called && !local && !undone {
        let setting = select.mentions.literals.first().map_or("a setting", String::as_str);
        let draft = found.add(
            at.span(),
            format!("`{setting}` stays set for the migrations after this one"),
        );
        if at.options.runner.is_ours() {
            draft.severity(Severity::Note).fact("set_config(…, false) holds for the session; Underpin resets it after the file, Prisma does not");
        }
    }
}
