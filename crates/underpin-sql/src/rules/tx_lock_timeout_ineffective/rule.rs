//! `TX-LOCK-TIMEOUT-INEFFECTIVE`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "TX-LOCK-TIMEOUT-INEFFECTIVE",
    title: "a timeout that does nothing",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Works),
    fact: "0 means no limit; SET LOCAL ends with its transaction, which outside of a block is the statement itself; a setting does not help locks that are held already",
    instead: "SET lock_timeout = '3s' before the first statement",
    check,
    ..Rule::PLAIN
};

/// Above this a lock request stops the application for longer than people wait.
const LONGEST_MS: u64 = 10_000;

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let Statement::Set(s) = at.statement() else { return };
    let Some(name) =
        s.name.as_deref().filter(|n| matches!(*n, "lock_timeout" | "statement_timeout"))
    else {
        return;
    };
    if s.reset {
        return;
    }
    let ms = s.value.as_deref().and_then(milliseconds);
    if s.local && !at.step().place.block {
        found.add(
            at.span(),
            format!("SET LOCAL {name} has no effect outside of a transaction block"),
        );
    } else if name == "lock_timeout" && ms == Some(0) {
        found.add(at.span(), "lock_timeout 0 is no limit at all");
    } else if name == "lock_timeout" && ms.is_some_and(|ms| ms > LONGEST_MS) {
        found.add(at.span(), "everybody else may wait for longer than 10 s");
    } else if name == "lock_timeout"
        && at.held.iter().any(|h| h.mode > 4)
        && at.later().all(|(_, s)| !locks(s))
    {
        found.add(at.span(), "lock_timeout comes after the statements that take the locks");
    }
}

fn locks(step: &Step<'_>) -> bool {
    !matches!(
        step.parsed.statement,
        Statement::Set(_) | Statement::Transaction(_) | Statement::Select(_)
    )
}

fn milliseconds(value: &str) -> Option<u64> {
    let text = value.trim();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == ' ');
    let number: u64 = digits.parse().ok()?;
    Some(match text[digits.len()..].trim() {
        "" | "ms" => number,
        "s" => number.saturating_mul(1000),
        "min" => number.saturating_mul(60_000),
        "h" => number.saturating_mul(3_600_000),
        _ => return None,
    })
}
