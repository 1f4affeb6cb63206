//! `approve`: somebody has looked at a plan; and whether somebody has.
//!
//! Invariants: an approval is for one plan on one database, for one deploy, and for so many hours
//! by the server's clock; a journal whose chain is broken approves nothing.

use super::guard;
use super::plan::{self, Binding, PlanRequest};
use super::turn::Run;
use super::{Options, connect};
use crate::error::{Code, Error, Result};
use crate::event::EventSink;
use crate::journal::{self, Approval, Approved, Checks, Entry, Kind};
use crate::postgres::Session;

/// How long an approval is good for, unless the policy says otherwise.
pub const VALID_HOURS: u32 = 72;

/// Who approves what.
#[derive(Debug, Clone)]
pub struct ApproveRequest {
    /// What the plan was made for.
    pub plan: Binding,
    /// Who approves it.
    pub by: String,
    /// What they note.
    pub note: Option<String>,
    /// The commit that the folder is of.
    pub commit: Option<String>,
}

/// What was recorded.
#[derive(Debug, Clone, serde::Serialize)]
pub struct ApproveReport {
    /// What stands in the journal.
    #[serde(flatten)]
    pub approval: Approval,
    /// For how long, in hours.
    pub valid_hours: u32,
    /// Nothing was changed.
    pub dry_run: bool,
}

/// Records that a plan is approved, after it has been made once more and is the same.
///
/// # Errors
/// UP-3203 when the plan is not what a deploy would do now; those of `plan`; UP-4001, UP-3003.
pub async fn approve(
    options: &Options,
    request: &ApproveRequest,
    sink: &mut dyn EventSink,
) -> Result<ApproveReport> {
    let wanted = PlanRequest { allow: options.gate.allow.clone(), ..PlanRequest::default() };
    let now = plan::plan(options, &wanted, sink).await?;
    plan::refuse_stale(&request.plan, &now.binding)?;
    let run = Run::new(options);
    // Who approves does so from wherever they are; nothing but the journal is written.
    run.approve();
    let session = connect(&run.named(), &mut crate::event::Silent).await?;
    let approval = Approval {
        plan: request.plan.hash(),
        target: journal::target(&session).await.map_err(|e| unreadable(&e))?,
        fingerprint: request.plan.fingerprint.clone(),
        by: request.by.clone(),
        role: session
            .value("SELECT current_user")
            .await
            .map_err(|e| unreadable(&e))?
            .unwrap_or_default(),
        note: request.note.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        commit: request.commit.clone(),
        checks: checks(&now),
    };
    let report = ApproveReport {
        approval,
        valid_hours: options.gate.approval_valid_hours,
        dry_run: options.dry_run,
    };
    if options.dry_run {
        return Ok(report);
    }
    let detail = serde_json::to_string(&report.approval)
        .map_err(|e| Error::new(Code::Internal, "an approval could not be written").caused_by(e))?;
    let Ok(mut executor) = run.enter(session, &[], sink).await? else { return Ok(report) };
    let written = executor.record("", Entry::new(Kind::Approved).detail(detail)).await;
    executor.leave(sink).await;
    written.map(|()| report)
}

fn checks(plan: &plan::PlanReport) -> Checks {
    use underpin_sql::finding::Severity;
    let of = |severity| {
        let found = plan.report.findings().filter(|(_, f)| f.allowed.is_none());
        found.filter(|(_, f)| f.severity == severity).count()
    };
    Checks {
        to_record: plan.binding.baseline.len(),
        to_run: plan.binding.pending.len(),
        errors: of(Severity::Error),
        warnings: of(Severity::Warning),
        allowed: plan.report.findings().filter(|(_, f)| f.allowed.is_some()).count(),
    }
}

fn unreadable(e: &crate::postgres::SqlError) -> Error {
    let code = if e.connection_lost { Code::ConnectionLost } else { Code::CatalogUnreadable };
    Error::new(code, "the server does not say which one it is").caused_by(e)
}

/// The approval of exactly this plan that is still good, if there is one.
///
/// # Errors
/// UP-2305 when the journal's chain is broken; UP-3003.
pub(super) async fn found(
    options: &Options,
    binding: &Binding,
    session: &Session,
) -> Result<Option<Approved>> {
    let all = journal::approvals(session, &binding.hash()).await?;
    if all.is_empty() {
        return Ok(None);
    }
    if let Some(seq) = journal::broken_link(session).await? {
        let words =
            "an entry of the journal was changed or removed by hand, so it approves nothing";
        return Err(Error::new(Code::ApprovalMissing, words)
            .details([format!("underpin.journal, seq {seq}")])
            .hint("find out who did it; what they did, and why, is to be looked at by a person"));
    }
    let target = journal::target(session).await.map_err(|e| unreadable(&e))?;
    let valid = i64::from(options.gate.approval_valid_hours) * 3600;
    Ok(all.into_iter().find(|a| a.approval.target == target && a.age_seconds < valid))
}

/// Why nothing is done without an approval.
///
/// # Errors
/// UP-2305, always.
pub(super) async fn missing(
    options: &Options,
    why: &str,
    binding: &Binding,
    session: &Session,
) -> Result<()> {
    let hours = options.gate.approval_valid_hours;
    let old = journal::approvals(session, &binding.hash()).await.unwrap_or_default();
    let error =
        Error::new(Code::ApprovalMissing, "nobody has approved exactly this plan").caused_by(why);
    let error = match old.first() {
        Some(old) => error.caused_by(format!(
            "the approval by {} is {} h old, or of another database; it is good for {hours} h",
            old.approval.by,
            old.age_seconds / 3600
        )),
        None => error,
    };
    Err(error
        .hint("look at it: underpin plan --out plan.json")
        .hint("and approve it: underpin approve plan.json"))
}

/// For the policy: whether this database is a protected environment, and its name.
///
/// # Errors
/// As [`guard::protected`].
pub(super) async fn protected_name(options: &Options, session: &Session) -> Result<Option<String>> {
    Ok(guard::protected(&options.guard, session).await?.map(|e| e.name.clone()))
}
