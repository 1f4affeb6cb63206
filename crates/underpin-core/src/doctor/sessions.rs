//! What would stand in a migration's way: long transactions and prepared ones.
//!
//! A transaction that has touched a table keeps its lock to its end, and its snapshot holds
//! `CREATE INDEX CONCURRENTLY` up (manual §13.3, "Building Indexes Concurrently").

use std::time::Duration;

use super::{Finding, Questions, age, count, number, text};
use crate::postgres::{ConnectionSettings, SqlError, literal};

/// Named at most.
const NAMED_MAX: usize = 5;

/// A transaction under way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Transaction {
    /// The backend; `None` for a prepared transaction.
    pid: Option<u64>,
    /// What it is called: user and application, or the global identifier.
    who: String,
    state: String,
    seconds: u64,
    /// The database of a prepared transaction.
    database: String,
}

/// Asks for those that are older than `long`.
///
/// # Errors
/// What the server says.
pub async fn read(ask: Questions<'_>, long: Duration) -> Result<Vec<Transaction>, SqlError> {
    let seconds = long.as_secs();
    let rows = ask
        .rows(&format!(
            "SELECT pid, usename || coalesce(', ' || nullif(application_name, ''), ''), coalesce(state, 'hidden'), \
             extract(epoch FROM now() - xact_start)::bigint, coalesce(datname, '') FROM pg_stat_activity \
             WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() \
             AND xact_start < now() - interval '{seconds} s' AND datname = current_database() \
             UNION ALL SELECT NULL, gid, 'prepared', extract(epoch FROM now() - prepared)::bigint, database \
             FROM pg_prepared_xacts ORDER BY 4 DESC"
        ))
        .await?;
    Ok(rows
        .iter()
        .map(|row| Transaction {
            pid: text(row, 0).parse().ok(),
            who: text(row, 1).to_owned(),
            state: text(row, 2).to_owned(),
            seconds: number(row, 3),
            database: text(row, 4).to_owned(),
        })
        .collect())
}

/// Judges.
#[must_use]
pub fn judge(found: &[Transaction], long: Duration, target: &ConnectionSettings) -> Vec<Finding> {
    let (prepared, running): (Vec<_>, Vec<_>) = found.iter().partition(|t| t.pid.is_none());
    let mut findings = Vec::new();
    if running.is_empty() {
        let words = format!("none is older than {}", age(long.as_secs()));
        findings.push(Finding::ok("transactions", words));
    } else {
        let words = format!(
            "{} in the way of locks, the oldest for {}",
            count(running.len(), "long transaction"),
            age(running[0].seconds)
        );
        let mut finding = Finding::warning("transactions", words);
        for transaction in running.iter().take(NAMED_MAX) {
            let pid = transaction.pid.unwrap_or_default();
            finding = finding
                .details([format!(
                    "backend {pid} ({}): {} for {}",
                    transaction.who,
                    transaction.state,
                    age(transaction.seconds)
                )])
                .remedy(target.psql(None, &format!("SELECT pg_terminate_backend({pid})")));
        }
        findings.push(finding);
    }
    if !prepared.is_empty() {
        let words = format!(
            "{} keeps its locks until somebody ends it, the oldest for {}",
            count(prepared.len(), "prepared transaction"),
            age(prepared[0].seconds)
        );
        let mut finding = Finding::warning("prepared", words);
        for transaction in prepared.iter().take(NAMED_MAX) {
            let there = target.with_database(&transaction.database);
            finding = finding
                .details([format!("{} in {}", transaction.who, transaction.database)])
                .remedy(
                    there.psql(None, &format!("ROLLBACK PREPARED {}", literal(&transaction.who))),
                );
        }
        findings.push(finding);
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Level;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn each_kind_has_its_way_out() {
        let target = ConnectionSettings::parse("postgresql://u@db/x").unwrap();
        assert_eq!(judge(&[], LONG, &target)[0].level, Level::Ok);
        let long = Transaction { pid: Some(7), seconds: 90, ..Transaction::default() };
        let prepared = Transaction {
            who: "o'gid".to_owned(),
            seconds: 9,
            database: "y".to_owned(),
            ..Transaction::default()
        };
        let findings = judge(&[long, prepared], LONG, &target);
        assert!(findings[0].remedies[0].contains("pg_terminate_backend(7)"));
        let remedy = &findings[1].remedies[0];
        assert!(remedy.contains("dbname=y") && remedy.contains("ROLLBACK PREPARED"), "{remedy}");
    }
}
