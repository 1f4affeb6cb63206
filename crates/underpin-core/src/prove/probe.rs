//! Probes: queries that look into the live rows for what the catalog cannot say.
//!
//! Invariants: each runs in a read-only transaction with a limit on time and on waiting; nothing
//! but true, false or null is read, and no row value is kept.

use crate::diagnose::{Probed, Probes};
use crate::error::{Code, Error, Result};
use crate::postgres::{BoundedQuery, Session};

/// A probe that takes longer has no answer.
const LIMITS: BoundedQuery = BoundedQuery { statement_timeout_ms: 5000, lock_timeout_ms: 500 };
/// Probes run for one decision; the rest have no answer.
const PROBES_MAX: usize = 200;

/// Runs the probes of every migration that has any.
///
/// # Errors
/// UP-1105. A probe that fails has no answer.
pub(super) async fn run(session: &Session, probes: &mut [Probes]) -> Result<()> {
    let mut budget = PROBES_MAX;
    for probes in probes {
        if let Some((query, answer)) = &mut probes.declared {
            *answer = one(session, query, &mut budget).await?;
        }
        for (query, answer) in &mut probes.derived {
            *answer = one(session, query, &mut budget).await?;
            if *answer != Probed::True {
                // One that is not true decides for all.
                break;
            }
        }
    }
    Ok(())
}

async fn one(session: &Session, query: &str, budget: &mut usize) -> Result<Probed> {
    let Some(left) = budget.checked_sub(1) else {
        return Ok(Probed::Unanswered(format!("more than {PROBES_MAX} probes")));
    };
    *budget = left;
    // Two rows are enough to know that it is not one.
    let sql = format!("SELECT p.* FROM ({query}\n) AS p LIMIT 2");
    match LIMITS.rows(session, &sql).await {
        Err(e) if e.connection_lost => {
            Err(Error::new(Code::ConnectionLost, "the connection was lost while a probe ran")
                .caused_by(e)
                .hint("run the same command again"))
        }
        Err(e) => {
            let words =
                e.sqlstate.map_or_else(|| "it failed".to_owned(), |s| format!("it failed: {s}"));
            Ok(Probed::Unanswered(words))
        }
        Ok(rows) => Ok(answer(&rows)),
    }
}

fn answer(rows: &[Vec<Option<String>>]) -> Probed {
    match rows {
        [row] => match row.as_slice() {
            [Some(value)] if value == "t" => Probed::True,
            [Some(value)] if value == "f" => Probed::False,
            [None] => Probed::Unanswered("it gives null".to_owned()),
            _ => Probed::Unanswered("it does not give one boolean".to_owned()),
        },
        rows => Probed::Unanswered(format!("it gives {} rows instead of one", rows.len())),
    }
}
