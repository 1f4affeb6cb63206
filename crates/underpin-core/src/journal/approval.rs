//! Approvals in the journal: who looked at which plan. One approval is for one plan and for one
//! deploy.

use super::{Kind, exists, unusable};
use crate::error::Result;
use crate::postgres::{Session, literal};

/// Who approved what; the detail of [`Kind::Approved`], as JSON. Nothing in it is secret.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Approval {
    /// Hash of the plan.
    pub plan: String,
    /// System identifier and oid of the database, as [`super::target`] gives it: a copy of the
    /// database has the entry as well, and is another one.
    pub target: String,
    /// Fingerprint of the catalog that the plan was made for.
    pub fingerprint: String,
    /// Who approved it, as they say.
    pub by: String,
    /// The role that they were connected as.
    pub role: String,
    /// What they noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The version of Underpin.
    pub version: String,
    /// The commit that the folder is of, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// What was checked and what came of it.
    pub checks: Checks,
}

/// What was checked, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Checks {
    /// Migrations to record, proven to be in effect.
    pub to_record: usize,
    /// Migrations to run.
    pub to_run: usize,
    /// Findings of level error that nobody allows.
    pub errors: usize,
    /// Findings of level warning that nobody allows.
    pub warnings: usize,
    /// Findings that somebody allows.
    pub allowed: usize,
}

/// An approval and its place in the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approved {
    /// Its entry.
    pub seq: i64,
    /// How old it is by the server's clock, in seconds.
    pub age_seconds: i64,
    /// What it says.
    pub approval: Approval,
}

/// The approvals of a plan that no deploy has used, newest first.
///
/// # Errors
/// UP-3003 when the table cannot be read.
pub async fn approvals(session: &Session, plan: &str) -> Result<Vec<Approved>> {
    if !exists(session).await.map_err(|e| unusable(&e))? {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT a.seq::text, floor(extract(epoch FROM clock_timestamp() - a.at))::bigint::text, a.detail \
         FROM underpin.journal a WHERE a.kind = {} AND NOT EXISTS (SELECT FROM underpin.journal u \
         WHERE u.kind = {} AND u.detail = a.seq::text) ORDER BY a.seq DESC",
        literal(Kind::Approved.word()),
        literal(Kind::ApprovalUsed.word()),
    );
    let rows = session.rows(&sql).await.map_err(|e| unusable(&e))?;
    let read = |row: crate::postgres::Row| {
        let mut values = row.into_iter().map(Option::unwrap_or_default);
        let seq = values.next()?.parse().ok()?;
        let age_seconds = values.next()?.parse().ok()?;
        let approval = serde_json::from_str(&values.next()?).ok()?;
        Some(Approved { seq, age_seconds, approval })
    };
    Ok(rows.into_iter().filter_map(read).filter(|a| a.approval.plan == plan).collect())
}
