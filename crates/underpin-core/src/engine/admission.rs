//! What is looked at before a database is changed: the plan that was given, the versions that an
//! upgrade may come from, the policy on findings, approvals, and the patience of health probes.

use std::collections::BTreeSet;
use std::time::Duration;

use underpin_sql::finding::Severity;

use super::plan::{self, Binding, PlanReport};
use super::upgrade::{self, Reached};
use super::{Options, approve, guard, names};
use crate::catalog::{self, CatalogSnapshot};
use crate::config::{NeedsApproval, Occasion};
use crate::error::Result;
use crate::event::{Event, EventSink};
use crate::execute::Executor;
use crate::history::History;
use crate::journal::{Approved, Entry, Kind};
use crate::migrations::{Migration, MigrationFolder, MigrationName};
use crate::postgres::Session;

/// What a verb is about to do.
pub(super) struct Intent<'a> {
    pub(super) folder: &'a MigrationFolder,
    pub(super) history: &'a History,
    /// To be recorded without running.
    pub(super) baseline: Vec<&'a Migration>,
    /// To be run.
    pub(super) pending: Vec<&'a Migration>,
    /// The live catalog, where it was read.
    pub(super) live: Option<&'a CatalogSnapshot>,
}

/// Refuses what was planned otherwise and what the policy does not allow; gives the approval that
/// this rests on.
///
/// # Errors
/// UP-3203, UP-2301, UP-2304, UP-2305, UP-1009.
pub(super) async fn admit(
    options: &Options,
    intent: &Intent<'_>,
    session: &mut Session,
    sink: &mut dyn EventSink,
) -> Result<Option<Approved>> {
    let gate = &options.gate;
    refuse_newer(options, intent.folder, intent.history)?;
    let idle = intent.baseline.is_empty() && intent.pending.is_empty();
    if gate.plan.is_none() && (idle || !asks(options)) {
        return Ok(None);
    }
    let live = match intent.live {
        Some(live) => live.clone(),
        None => catalog::read(session).await?,
    };
    check_upgrade(options, intent, &live)?;
    let baseline = names(intent.baseline.iter().map(|m| &m.name));
    let binding = plan::binding(options, &live, baseline, &intent.pending);
    if let Some(planned) = &gate.plan {
        plan::refuse_stale(planned, &binding)?;
    }
    if idle {
        return Ok(None);
    }
    let judges = gate.fail_on.is_some()
        || !gate.needs_allow.is_empty()
        || gate.probe_window.is_some()
        || gate.needs_approval == NeedsApproval::Errors;
    let mut errors = false;
    if judges && !intent.pending.is_empty() {
        let request = plan::PlanRequest { allow: gate.allow.clone(), ..Default::default() };
        let about = plan::About {
            folder: intent.folder,
            history: intent.history,
            pending: &intent.pending,
            live: &live,
        };
        let assessed =
            plan::assess_pending(options, &request, &about, binding.clone(), None, session).await?;
        plan::refuse_by_policy(&assessed, gate.fail_on, &gate.needs_allow)?;
        errors = assessed.report.findings().any(|(_, f)| f.severity == Severity::Error);
        warn_of_probe(gate.probe_window, &assessed, sink);
    }
    approved(options, &binding, errors, session).await
}

/// Refuses a version that is older than the database, where the project wants that.
///
/// # Errors
/// UP-2304.
pub(super) fn refuse_newer(
    options: &Options,
    folder: &MigrationFolder,
    history: &History,
) -> Result<()> {
    upgrade::check_newer(&options.manifest, folder, history, &options.gate.allow)
}

/// Whether anything is to be looked at.
pub(super) fn asks(options: &Options) -> bool {
    let (gate, manifest) = (&options.gate, &options.manifest);
    gate.fail_on.is_some()
        || !gate.needs_allow.is_empty()
        || gate.needs_approval != NeedsApproval::Never
        || gate.probe_window.is_some()
        || manifest.compatibility.is_some()
        || !manifest.stops.is_empty()
        || is_guarded(options)
}

/// An approval may lift the guard.
fn is_guarded(options: &Options) -> bool {
    options.guard.occasion != Occasion::Deployment
        && options.guard.environments.iter().any(|environment| environment.protected)
}

fn check_upgrade(options: &Options, intent: &Intent<'_>, live: &CatalogSnapshot) -> Result<()> {
    let recorded = intent.history.records.iter().filter(|r| r.is_applied()).map(|r| &r.name);
    let in_effect: BTreeSet<&str> = recorded
        .chain(intent.baseline.iter().map(|m| &m.name))
        .map(MigrationName::as_str)
        .collect();
    let is_new = in_effect.is_empty() && live.is_empty_of_objects();
    let reached = Reached { in_effect, pending: intent.pending.clone(), is_new };
    upgrade::check(&options.manifest, intent.folder, &reached, &options.gate.allow)
}

/// The approval, where the policy wants one or the guard would refuse without.
pub(super) async fn approved(
    options: &Options,
    binding: &Binding,
    errors: bool,
    session: &Session,
) -> Result<Option<Approved>> {
    let protected = match options.gate.needs_approval {
        NeedsApproval::Protected => approve::protected_name(options, session).await?,
        _ => None,
    };
    let why = match options.gate.needs_approval {
        NeedsApproval::Always => Some("the policy wants one for every deploy".to_owned()),
        NeedsApproval::Errors if errors => {
            Some("the policy wants one where there is a finding of level error".to_owned())
        }
        NeedsApproval::Protected => {
            protected.map(|name| format!("the policy wants one for `{name}`, which is protected"))
        }
        NeedsApproval::Errors | NeedsApproval::Never => None,
    };
    if why.is_none() && !is_guarded(options) {
        return Ok(None);
    }
    let found = approve::found(options, binding, session).await?;
    if let (None, Some(why)) = (&found, why) {
        if !options.dry_run {
            guard::refuse_protected(options, session).await?;
        }
        approve::missing(options, &why, binding, session).await?;
    }
    Ok(found)
}

/// Says on whose approval the work rests.
pub(super) fn tell(approval: Option<&Approved>, sink: &mut dyn EventSink) {
    if let Some(Approved { approval, .. }) = approval {
        sink.emit(&Event::Approved { by: approval.by.clone(), note: approval.note.clone() });
    }
}

/// The approved work is done: the approval is good for nothing else.
pub(super) async fn used(approval: Option<&Approved>, executor: &mut Executor) {
    let Some(Approved { seq, .. }) = approval else { return };
    let entry = Entry::new(Kind::ApprovalUsed).detail(seq.to_string());
    // What was approved is another state by now, so that it could not be used again anyhow.
    let _best_effort = executor.record("", entry).await;
}

/// A probe that kills a migration half way is started again, and kills it again.
fn warn_of_probe(window: Option<Duration>, plan: &PlanReport, sink: &mut dyn EventSink) {
    let Some(window) = window else { return };
    let known = plan.migrations.iter().filter_map(|m| m.predicted);
    let most: u64 = known.map(|predicted| predicted.high_ms).sum();
    if u128::from(most) <= window.as_millis() {
        return;
    }
    let seconds = most.div_ceil(1000);
    // Three times what is predicted: a prediction is a range, and a backup may come before it.
    let enough = (seconds * 3).div_ceil(10).max(3);
    sink.emit(&Event::Warning {
        name: "probe_window",
        message: format!(
            "the migrations may take {seconds} s, and a probe ends this process after {} s",
            window.as_secs()
        ),
        details: vec![
            "Kubernetes, in the container of this start:".to_owned(),
            "startupProbe:".to_owned(),
            "  httpGet: { path: /, port: http }".to_owned(),
            "  periodSeconds: 10".to_owned(),
            format!("  failureThreshold: {enough}"),
            "Compose:".to_owned(),
            format!("healthcheck: {{ start_period: {}s }}", enough * 10),
            "or let the liveness probe ask --health, which answers /livez all the while".to_owned(),
        ],
    });
}
