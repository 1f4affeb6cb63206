//! `FAIL-DISK-SPACE`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "FAIL-DISK-SPACE",
    title: "a rewrite or build needs more space than is free",
    severity: Severity::Error,
    grades: Grades::new(Loss::None, Downtime::All, Back::R0, OldApp::Breaks),
    fact: "the table and its indexes are written a second time while the old files stay; a full disk can stop the server",
    instead: "free at least 2.2 times the size of the table with its indexes, or change it in batches",
    needs_facts: true,
    check,
    ..Rule::PLAIN
};

/// The new files, the write-ahead log and some air, as a share of the table with its indexes.
const SPACE_NEEDED: f64 = 2.2;

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let Some(free) = at.options.facts.free_bytes else { return };
    for work in at.does.work.iter().filter(|w| matches!(w.class, Work::Rewrite | Work::Build)) {
        let bytes = at.options.facts.table(&work.table).and_then(|t| t.bytes);
        #[allow(clippy::cast_precision_loss)] // a size for people
        if let Some(bytes) = bytes.filter(|b| *b as f64 * SPACE_NEEDED > free as f64) {
            let table = short(&work.table);
            found
                .add(
                    at.span(),
                    format!(
                        "`{table}` has {} MB with its indexes, and {} MB are free",
                        bytes >> 20,
                        free >> 20
                    ),
                )
                .about(&work.table);
        }
    }
}
