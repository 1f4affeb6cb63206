//! `underpin rehearse`: arguments to a request, the report to output.

use underpin_core::Result;
use underpin_core::engine::{self, RehearseRequest, Source};
use underpin_core::error::ExitStatus;
use underpin_core::rehearse::Limits;

use crate::args::{CopyFrom, Global, Output, RehearseArguments};
use crate::environment::Project;
use crate::output::{self, Printer, rehearsal as form};

/// Runs the verb. Ends with 1 where a migration fails on the copy.
pub(crate) async fn run(
    global: &Global,
    arguments: &RehearseArguments,
    printer: &Printer,
) -> Result<ExitStatus> {
    let project = Project::find(global)?;
    let mut options = project.options(global, false, true)?;
    options.answers = arguments.said.answers();
    let request = RehearseRequest {
        source: match arguments.from {
            CopyFrom::Backup => Source::Backup(arguments.backup.clone()),
            CopyFrom::Schema => Source::Schema,
            CopyFrom::Sample => Source::Sample(Limits {
                rows: arguments.sample_rows,
                bytes: arguments.sample_mb << 20,
            }),
        },
        create_backup: arguments.create_backup,
        out: arguments.out.clone(),
    };
    let backups = match arguments.from {
        CopyFrom::Backup => Some(project.backups(global)?),
        CopyFrom::Schema | CopyFrom::Sample => None,
    };
    let mut sink = printer.sink();
    let report = engine::rehearse(&options, backups.as_ref(), &request, &mut *sink).await?;
    match printer.form() {
        Output::Markdown => output::out(&form::markdown(&report)),
        Output::Html => output::out(&form::page(&report)),
        _ => printer.result("underpin/rehearsal@1", &report, || form::human(&report)),
    }
    Ok(if report.passed { ExitStatus::Success } else { ExitStatus::Failed })
}
