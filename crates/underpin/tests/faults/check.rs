//! What must hold after every fault, whatever the fault was.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use underpin_core::catalog;
use underpin_core::postgres::Session;

use super::lab::{Ended, observe};

/// Sessions of a dead client may need this long to notice (PostgreSQL 14 and later).
const CLEANUP: Duration = Duration::from_secs(3);

/// What a database holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// How often each effect happened.
    pub(crate) effects: BTreeMap<String, u64>,
    /// Finished rows by migration, those not rolled back.
    pub(crate) finished: BTreeMap<String, u64>,
    /// Migrations with a row that is neither finished nor rolled back.
    pub(crate) failed: Vec<String>,
    /// Invalid indexes.
    pub(crate) invalid: Vec<String>,
    /// Of the whole catalog.
    pub(crate) fingerprint: String,
}

/// How a fault ended.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    /// Everything is in effect once, recorded once; so many further runs were needed.
    Converged(usize),
    /// The tool stopped, told why and what to do; nothing is in effect twice.
    Stopped(String),
    /// A promise was broken.
    Violation(String),
}

async fn texts(session: &Session, sql: &str) -> Vec<(String, u64)> {
    let rows = match session.rows(sql).await {
        Ok(rows) => rows,
        Err(error) if error.is("42P01") => Vec::new(),
        Err(error) => panic!("{error}\n{sql}"),
    };
    rows.into_iter()
        .map(|row| {
            let mut values = row.into_iter();
            let mut next = || values.next().flatten().unwrap_or_default();
            (next(), next().parse().unwrap_or(0))
        })
        .collect()
}

/// Reads what a database holds. `effects` selects a name and a count.
pub(crate) async fn read(url: &str, effects: &str) -> Found {
    let mut session = observe(url).await;
    let finished = "SELECT migration_name, count(*) FROM \"_prisma_migrations\" \
                    WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL GROUP BY 1";
    let failed = "SELECT migration_name, 0 FROM \"_prisma_migrations\" \
                  WHERE finished_at IS NULL AND rolled_back_at IS NULL ORDER BY 1";
    let invalid = "SELECT indexrelid::regclass::text, 0 FROM pg_index WHERE NOT indisvalid";
    Found {
        effects: texts(&session, effects).await.into_iter().collect(),
        finished: texts(&session, finished).await.into_iter().collect(),
        failed: texts(&session, failed).await.into_iter().map(|(name, _)| name).collect(),
        invalid: texts(&session, invalid).await.into_iter().map(|(name, _)| name).collect(),
        fingerprint: catalog::read(&mut session).await.unwrap().fingerprint().to_string(),
    }
}

/// Sessions that stay in a database when everybody should be gone.
pub(crate) async fn left_behind(url: &str) -> Option<String> {
    let session = observe(url).await;
    let sql = "SELECT string_agg(format('%s %s: %s', application_name, state, left(query, 60)), '; ') \
               FROM pg_stat_activity WHERE datname = current_database() \
               AND backend_type = 'client backend' AND application_name <> 'observer'";
    let deadline = Instant::now() + CLEANUP;
    loop {
        let left = session.value(sql).await.unwrap();
        if left.is_none() || Instant::now() > deadline {
            return left;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Judges the end of a fault run. `runs`: of the healing, the last one decides.
pub(crate) fn judge(clean: &Found, found: &Found, runs: &[Ended]) -> Verdict {
    let violation = |words: String| Verdict::Violation(words);
    for (what, count) in &found.effects {
        if *count > *clean.effects.get(what).unwrap_or(&1) {
            return violation(format!("`{what}` took effect {count} times"));
        }
    }
    for (migration, count) in &found.finished {
        if *count > 1 {
            return violation(format!("`{migration}` is recorded as finished {count} times"));
        }
    }
    let Some(last) = runs.last() else { return violation("nothing was run".to_owned()) };
    if last.hung {
        return violation("the healing run hung".to_owned());
    }
    if !last.is_success() {
        if !last.instructs() {
            let words = last.text.lines().last().unwrap_or_default();
            return violation(format!("stopped without instruction: {} {words}", last.phrase()));
        }
        let code = last.code.clone().unwrap_or_default();
        if code == "UP-4001" {
            return violation("the lock is held by nobody who lives".to_owned());
        }
        return Verdict::Stopped(format!("{code}: {}", last.hints[0]));
    }
    if !found.invalid.is_empty() {
        return violation(format!("success with an invalid index {:?}", found.invalid));
    }
    if found.effects != clean.effects {
        return violation(format!("success, and the effects are {:?}", found.effects));
    }
    if found.finished != clean.finished || !found.failed.is_empty() {
        return violation(format!(
            "success, and the history holds {:?}, unfinished {:?}",
            found.finished, found.failed
        ));
    }
    if found.fingerprint != clean.fingerprint {
        return violation("success, and the catalog differs from that of a clean run".to_owned());
    }
    Verdict::Converged(runs.len())
}

/// Whether what the broken run said of itself is true. `found` is what was there afterwards.
pub(crate) fn lie(clean: &Found, found: &Found, said: &Ended) -> Option<String> {
    if said.is_success() && (found.effects != clean.effects || found.finished != clean.finished) {
        return Some(format!("it reported success with {:?}", found.effects));
    }
    let untouched = match said.state.as_deref() {
        Some("nothing") => true,
        Some("rolled_back") => said.kept.is_empty(),
        _ => false,
    };
    if untouched && !found.effects.is_empty() {
        return Some(format!("it said `{}` with {:?}", said.phrase(), found.effects));
    }
    None
}
