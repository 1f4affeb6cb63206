//! `doctor`: from flags to the engine, and its findings for a person.

use owo_colors::OwoColorize as _;
use underpin_core::Result;
use underpin_core::doctor::{Finding, Level};
use underpin_core::engine::{self, DoctorReport, DoctorRequest};
use underpin_core::error::ExitStatus;

use crate::args::Global;
use crate::environment::Project;
use crate::output::{Printer, count, inert};

/// Runs the verb.
pub(crate) async fn run(global: &Global, no_drift: bool, printer: &Printer) -> Result<ExitStatus> {
    let project = Project::find(global)?;
    let options = project.options(global, false, true)?;
    let request = DoctorRequest {
        backup_configured: project.settings.as_ref().is_some_and(|s| s.backup.is_some()),
        drift: !no_drift,
        ..DoctorRequest::new(project.backups(global))
    };
    let report = engine::doctor(&options, &request).await;
    printer.result("underpin/doctor@1", &report, || render(&report));
    Ok(if report.errors == 0 { ExitStatus::Success } else { ExitStatus::Failed })
}

fn render(report: &DoctorReport) -> String {
    let mut text = String::new();
    for finding in &report.findings {
        text += &lines(finding);
    }
    let state = match (report.errors, report.warnings) {
        (0, 0) => "In order".green().bold().to_string(),
        (0, warnings) => count(warnings, "warning").yellow().bold().to_string(),
        (errors, warnings) => {
            format!("{}, {}", count(errors, "error").red().bold(), count(warnings, "warning"))
        }
    };
    let unchecked = match report.unchecked {
        0 => String::new(),
        n => format!("; {n} could not be checked"),
    };
    format!("{text}\n{state}{unchecked}. Nothing was changed.")
}

fn lines(finding: &Finding) -> String {
    let word = match finding.level {
        Level::Ok => format!("{:>9}", "ok").green().to_string(),
        Level::Note => format!("{:>9}", "note").cyan().to_string(),
        Level::Unchecked => format!("{:>9}", "unchecked").dimmed().to_string(),
        Level::Warning => format!("{:>9}", "warning").yellow().to_string(),
        Level::Error => format!("{:>9}", "error").red().to_string(),
    };
    let mut text = format!("{word}  {:<12}  {}\n", finding.check, inert(&finding.what));
    for line in &finding.details {
        text += &format!("{:25}{}\n", "", inert(line).dimmed());
    }
    for remedy in &finding.remedies {
        text += &format!("{:25}{} {}\n", "", "→".cyan(), inert(remedy));
    }
    text
}
