//! `deploy`: arguments and settings to options, the report to output.

use std::time::Duration;

use underpin_core::Result;
use underpin_core::engine::{self, Options};
use underpin_core::error::ExitStatus;
use underpin_core::event::EventSink;

use crate::args::{DeployArguments, Global};
use crate::environment::Project;
use crate::output::{self, Printer};
use crate::{plan, protect};

/// Waives the backup before a deploy.
const UNSAVED: &str = "unsaved-database";
/// How long a start waits for the server.
const ARRIVAL_OF_A_START: Duration = Duration::from_secs(60);
/// How long a start waits for another process that migrates: who gives up is only started again.
const PATIENCE_OF_A_START: Duration = Duration::from_secs(3600);

/// Runs the verb once.
pub(crate) async fn attempt(
    global: &Global,
    arguments: &DeployArguments,
    printer: &Printer,
    sink: &mut dyn EventSink,
) -> Result<ExitStatus> {
    let project = Project::find(global)?;
    let options = options(&project, global, arguments)?;
    let before = match arguments.allow.iter().any(|what| what == UNSAVED) {
        true => None,
        false => Some(project.backup_before(global)?),
    };
    // A container that starts has nobody to ask.
    let report = if arguments.command.is_empty() {
        let verb = async |options: &Options| {
            engine::deploy_backed(options, before.as_ref(), &mut *sink).await
        };
        protect::confirming(options, verb).await?
    } else {
        engine::deploy_backed(&options, before.as_ref(), sink).await?
    };
    printer.result("underpin/deploy@1", &report, || output::deploy_summary(&report));
    Ok(ExitStatus::Success)
}

fn options(project: &Project, global: &Global, arguments: &DeployArguments) -> Result<Options> {
    let mut options = project.options(global, true, arguments.dry_run)?;
    let said = project.settings.as_ref().map(|s| s.start.clone()).unwrap_or_default();
    let is_start = !arguments.command.is_empty();
    options.answers = arguments.said.answers();
    options.gate.plan = arguments.plan.as_deref().map(plan::binding).transpose()?;
    options.gate.allow.extend(arguments.allow.iter().filter(|what| *what != UNSAVED).cloned());
    options.guard.allowed |= protect::is_allowed(&arguments.allow);
    options.gate.probe_window = arguments.probe_window.or(said.probe_window);
    let arrival = arguments.wait_for_database.or(said.wait_for_database);
    options.arrival = arrival.unwrap_or(if is_start { ARRIVAL_OF_A_START } else { Duration::ZERO });
    if is_start && global.wait.is_none() {
        options.patience = PATIENCE_OF_A_START;
    }
    Ok(options)
}
