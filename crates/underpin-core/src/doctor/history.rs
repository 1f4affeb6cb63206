//! Whether folder and history agree, and whether the catalog is what the history implies.

use super::{Finding, count};
use crate::error::Error;

const CHECK: &str = "history";
const DRIFT: &str = "drift";

/// What the history says of the folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// Whether the table exists.
    pub exists: bool,
    /// Objects of a database without history.
    pub unmanaged_objects: Option<usize>,
    /// Recorded as applied.
    pub applied: usize,
    /// Waiting.
    pub pending: usize,
    /// Failed and not resolved, so that a deploy stops.
    pub failed: Vec<String>,
    /// Failed, and healed by the next deploy.
    pub healing: Vec<String>,
    /// Recorded, and not in the folder.
    pub missing: Vec<String>,
    /// Applied, and changed since.
    pub edited: Vec<String>,
    /// Applied although an earlier one is not.
    pub out_of_order: Vec<String>,
    /// The first entry of the journal that does not follow from the one before.
    pub broken_journal: Option<i64>,
}

/// Judges.
#[must_use]
pub fn judge(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(objects) = facts.unmanaged_objects {
        let words = format!("none, and the database holds {}", count(objects, "catalog fact"));
        findings.push(
            Finding::warning(CHECK, words)
                .remedy("underpin deploy --dry-run")
                .remedy("underpin explain P3005"),
        );
    }
    let mut add = |finding: Finding, names: &[String]| {
        if !names.is_empty() {
            findings.push(finding.details(names.iter().cloned()));
        }
    };
    add(
        Finding::error(
            CHECK,
            format!("{} failed and not resolved", count(facts.failed.len(), "migration")),
        )
        .remedy("underpin status --evidence")
        .remedy("underpin explain P3009"),
        &facts.failed,
    );
    add(
        Finding::warning(
            CHECK,
            format!("{} failed; the next deploy heals it", count(facts.healing.len(), "migration")),
        )
        .remedy("underpin status --evidence")
        .remedy("underpin deploy"),
        &facts.healing,
    );
    add(
        Finding::warning(
            CHECK,
            format!("{} recorded and not in the folder", count(facts.missing.len(), "migration")),
        )
        .remedy("underpin status"),
        &facts.missing,
    );
    add(
        Finding::warning(
            CHECK,
            format!("{} changed after being applied", count(facts.edited.len(), "file")),
        )
        .remedy("underpin status --evidence"),
        &facts.edited,
    );
    add(
        Finding::note(
            CHECK,
            format!(
                "{} applied before an earlier one",
                count(facts.out_of_order.len(), "migration")
            ),
        )
        .remedy("underpin status --evidence"),
        &facts.out_of_order,
    );
    if let Some(entry) = facts.broken_journal {
        findings.push(
            Finding::warning(
                CHECK,
                format!("the journal was changed by hand: entry {entry} does not follow"),
            )
            .remedy("underpin verify"),
        );
    }
    if facts.unmanaged_objects.is_none() && facts.failed.is_empty() {
        let words = match facts.exists {
            true => format!("{} applied, {} pending", facts.applied, facts.pending),
            false => "none: the database is empty".to_owned(),
        };
        findings.insert(
            0,
            match facts.pending {
                0 => Finding::ok(CHECK, words),
                _ => Finding::note(CHECK, words).remedy("underpin plan"),
            },
        );
    }
    findings
}

/// The comparison of the catalog with the history: facts compared and differences.
#[must_use]
pub fn drift(facts: usize, differences: &[String]) -> Finding {
    match differences.len() {
        0 => Finding::ok(
            DRIFT,
            format!("all {facts} facts of the catalog are what the history implies"),
        ),
        n => Finding::warning(
            DRIFT,
            format!("{} between the catalog and the history", count(n, "difference")),
        )
        .details(differences.iter().take(10).cloned())
        .remedy("underpin verify"),
    }
}

/// It could not be compared.
#[must_use]
pub fn drift_unchecked(error: &Error) -> Finding {
    let finding = Finding::unchecked(DRIFT, error.message());
    error.hints().iter().fold(finding, |f, hint| f.remedy(hint.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Level;

    #[test]
    fn every_state_of_the_history_is_said() {
        let worst = |facts: &Facts| judge(facts).iter().map(|f| f.level).max().unwrap();
        let name = || vec!["1_a".to_owned()];
        let there = Facts { exists: true, ..Facts::default() };
        assert_eq!(worst(&there), Level::Ok);
        assert_eq!(worst(&Facts { pending: 1, ..there.clone() }), Level::Note);
        assert_eq!(worst(&Facts { missing: name(), ..there.clone() }), Level::Warning);
        assert_eq!(worst(&Facts { edited: name(), ..there.clone() }), Level::Warning);
        assert_eq!(worst(&Facts { failed: name(), ..there.clone() }), Level::Error);
        assert_eq!(worst(&Facts { healing: name(), ..there.clone() }), Level::Warning);
        assert_eq!(worst(&Facts { broken_journal: Some(3), ..there }), Level::Warning);
        assert_eq!(
            worst(&Facts { unmanaged_objects: Some(9), ..Facts::default() }),
            Level::Warning
        );
    }
}
