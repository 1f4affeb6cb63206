//! Replication: slots that keep WAL until the disk is full, and standbys that lag.
//!
//! Manual §54.20 (`pg_replication_slots`: `wal_status` is `extended`, `unreserved` or `lost` when a
//! slot holds more than the server would keep by itself), §26.2.6.

use super::{Finding, Questions, bytes, count, is_true, number, text};
use crate::postgres::{ConnectionSettings, SqlError, literal};

const CHECK: &str = "replication";
/// WAL that a slot may keep before it is named.
const KEPT_BYTES: u64 = 1 << 30;
/// Lag of a standby that is worth a word.
const LAG_BYTES: u64 = 64 << 20;

/// Slots and standbys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    slots: Vec<Slot>,
    standbys: Vec<(String, u64)>,
    publications: u64,
}

/// A replication slot.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Slot {
    name: String,
    active: bool,
    kept_bytes: u64,
    status: String,
}

/// Asks.
///
/// # Errors
/// What the server says.
pub async fn read(ask: Questions<'_>) -> Result<Facts, SqlError> {
    // On a standby there is no position of its own to write at.
    let here = "CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END";
    let slots = ask
        .rows(&format!(
            "SELECT slot_name, active, greatest(pg_wal_lsn_diff({here}, restart_lsn), 0)::bigint, \
             coalesce(wal_status, '') FROM pg_replication_slots WHERE NOT temporary ORDER BY 3 DESC NULLS LAST, 1"
        ))
        .await?;
    let standbys = ask
        .rows(&format!(
            "SELECT application_name, greatest(pg_wal_lsn_diff({here}, replay_lsn), 0)::bigint \
             FROM pg_stat_replication WHERE replay_lsn IS NOT NULL ORDER BY 2 DESC, 1 LIMIT 20"
        ))
        .await?;
    let publications = ask.row("SELECT count(*) FROM pg_publication").await?;
    Ok(Facts {
        slots: slots
            .iter()
            .map(|row| Slot {
                name: text(row, 0).to_owned(),
                active: is_true(row, 1),
                kept_bytes: number(row, 2),
                status: text(row, 3).to_owned(),
            })
            .collect(),
        standbys: standbys.iter().map(|row| (text(row, 0).to_owned(), number(row, 1))).collect(),
        publications: number(&publications, 0),
    })
}

/// Judges.
#[must_use]
pub fn judge(facts: &Facts, target: &ConnectionSettings) -> Vec<Finding> {
    let mut findings = Vec::new();
    for slot in &facts.slots {
        let endangered = matches!(slot.status.as_str(), "unreserved" | "lost");
        if slot.active && slot.kept_bytes < KEPT_BYTES && !endangered {
            continue;
        }
        let state = if slot.active { "active" } else { "nobody reads it" };
        let lost = if slot.status == "lost" { "; what it needs is gone already" } else { "" };
        let words =
            format!("slot {} keeps {} of WAL: {state}{lost}", slot.name, bytes(slot.kept_bytes));
        let drop = format!("SELECT pg_drop_replication_slot({})", literal(&slot.name));
        let finding = match slot.active {
            true => Finding::warning(CHECK, words)
                .remedy(target.psql(None, "SELECT * FROM pg_stat_replication")),
            false => Finding::warning(CHECK, words)
                .details(["if its reader will not come back, drop it".to_owned()])
                .remedy(target.psql(None, &drop)),
        };
        findings.push(finding);
    }
    for (name, lag) in facts.standbys.iter().filter(|(_, lag)| *lag >= LAG_BYTES) {
        let words = format!("standby {name} lags by {}: a rewrite makes it longer", bytes(*lag));
        findings.push(Finding::warning(CHECK, words).remedy(
            target.psql(None, "SELECT application_name, replay_lag FROM pg_stat_replication"),
        ));
    }
    if facts.publications > 0 {
        let words = format!(
            "{}: logical replication does not carry schema changes; make them on the subscriber first",
            count(usize::try_from(facts.publications).unwrap_or(0), "publication")
        );
        findings.push(
            Finding::note(CHECK, words)
                .remedy(target.psql(None, "SELECT * FROM pg_publication_tables")),
        );
    }
    if findings.is_empty() {
        let (slots, standbys) =
            (count(facts.slots.len(), "slot"), count(facts.standbys.len(), "standby"));
        findings.push(Finding::ok(CHECK, format!("{slots}, {standbys}")));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Level;

    #[test]
    fn a_slot_without_a_reader_is_said_whatever_it_keeps() {
        let target = ConnectionSettings::parse("postgresql://u@db/x").unwrap();
        let slot = |active, kept_bytes, status: &str| Facts {
            slots: vec![Slot {
                name: "s".to_owned(),
                active,
                kept_bytes,
                status: status.to_owned(),
            }],
            ..Facts::default()
        };
        for (facts, level) in [
            (slot(true, 0, "reserved"), Level::Ok),
            (slot(false, 0, "reserved"), Level::Warning),
            (slot(true, 2 << 30, "extended"), Level::Warning),
            (slot(true, 0, "lost"), Level::Warning),
        ] {
            assert_eq!(judge(&facts, &target)[0].level, level, "{facts:?}");
        }
    }
}
