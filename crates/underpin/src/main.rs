//! The `underpin` program: arguments, output formats, exit codes.

mod args;
mod backup;
mod demo;
mod environment;
mod lint;
mod migrate;
mod output;
mod plan;
mod rehearse;
mod show;
mod signals;

use std::process::ExitCode;

use clap::Parser as _;
use underpin_core::engine::{self, BaselineRequest, Resolution, StatusState};
use underpin_core::error::ExitStatus;
use underpin_core::migrations::MigrationName;
use underpin_core::{Code, Error, Result};

use environment::Project;

use args::{Arguments, ConfigVerb, Global, Verb};
use output::Printer;

/// Waives the backup before a deploy.
const UNSAVED: &str = "unsaved-database";

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let words: Vec<String> =
                std::env::args_os().map(|a| a.to_string_lossy().into_owned()).collect();
            return migrate::usage(&words, &error).unwrap_or_else(|| usage(&error));
        }
    };
    let printer = Printer::new(&arguments.global);
    // Waits for nothing, and is over before a runtime has started.
    if let Verb::Lint(lint) = &arguments.verb {
        let result = lint::run(&arguments.global, lint, &printer);
        return ExitCode::from(result.unwrap_or_else(|error| failed(&printer, &error)).number());
    }
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            let words = "the runtime could not be started";
            let error = Error::new(Code::Internal, words).caused_by(error);
            return ExitCode::from(failed(&printer, &error).number());
        }
    };
    let code = runtime.block_on(async {
        signals::listen();
        if let Verb::Migrate { verb } = &arguments.verb {
            return migrate::run(&arguments.global, verb).await;
        }
        let result = run(&arguments, &printer).await;
        ExitCode::from(result.unwrap_or_else(|error| failed(&printer, &error)).number())
    });
    // A name that is still being looked up for a Redis must not hold up the end.
    runtime.shutdown_background();
    code
}

fn failed(printer: &Printer, error: &Error) -> ExitStatus {
    printer.error(error);
    error.code().exit()
}

/// Help and version are results; everything else is UP-1003.
fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        output::out(&error.render().ansi().to_string());
        return ExitCode::SUCCESS;
    }
    let text = error.render().to_string();
    let mut lines = text.lines().map(str::trim_end).filter(|l| !l.is_empty());
    let message = lines.next().unwrap_or_default().trim_start_matches("error: ").to_owned();
    let rest =
        lines.filter(|l| !l.starts_with("For more information")).map(|l| l.trim().to_owned());
    let error = Error::new(Code::Usage, message).details(rest).hint("underpin --help");
    output::err(&output::render_error(&error));
    ExitCode::from(ExitStatus::Usage.number())
}

async fn run(arguments: &Arguments, printer: &Printer) -> Result<ExitStatus> {
    let global = &arguments.global;
    let mut sink = printer.sink();
    let forms = match arguments.verb {
        Verb::Plan(_) => true,
        Verb::Rehearse(_) => printer.form() == args::Output::Markdown,
        _ => false,
    };
    if printer.only_findings() && !forms {
        let words = "this verb has no findings: --output human, json, ndjson or log";
        return Err(Error::new(Code::Usage, words).hint("underpin lint --help"));
    }
    match &arguments.verb {
        Verb::Status { evidence } => status(global, printer, *evidence).await,
        Verb::Plan(arguments) => plan::run(global, arguments, printer).await,
        Verb::Rehearse(arguments) => rehearse::run(global, arguments, printer).await,
        Verb::Deploy { dry_run, said, plan: planned, allow } => {
            let project = Project::find(global)?;
            let mut options = project.options(global, true, *dry_run)?;
            options.answers = said.answers();
            options.gate.plan = planned.as_deref().map(plan::read).transpose()?;
            options.gate.allow.extend(allow.iter().filter(|what| *what != UNSAVED).cloned());
            let before = match allow.iter().any(|what| what == UNSAVED) {
                true => None,
                false => Some(project.backup_before(global)?),
            };
            let report = engine::deploy_backed(&options, before.as_ref(), &mut *sink).await?;
            printer.result("underpin/deploy@1", &report, || output::deploy_summary(&report));
            Ok(ExitStatus::Success)
        }
        Verb::Baseline { undo: Some(run), dry_run, .. } => {
            let options = environment::options(global, true, *dry_run)?;
            let report = engine::undo_baseline(&options, run, &mut *sink).await?;
            printer.result("underpin/baseline-undo@1", &report, || output::render_undo(&report));
            Ok(ExitStatus::Success)
        }
        Verb::Baseline { apply, partly, dry_run, .. } => {
            let writes = *apply && !*dry_run;
            let options = environment::options(global, writes, !writes)?;
            let request = BaselineRequest { apply: *apply, partly: *partly };
            let report = engine::baseline(&options, request, &mut *sink).await?;
            printer.result("underpin/baseline@1", &report, || output::render_baseline(&report));
            Ok(match report.dry_run && !(report.proven && report.open.is_empty()) {
                true => ExitStatus::Failed,
                false => ExitStatus::Success,
            })
        }
        Verb::Resolve { applied, rolled_back, dry_run } => {
            let resolution = match (applied, rolled_back) {
                (Some(name), _) => Resolution::Applied(MigrationName::new(name)),
                (None, Some(name)) => Resolution::RolledBack(MigrationName::new(name)),
                (None, None) => {
                    return Err(Error::new(Code::Usage, "give --applied or --rolled-back"));
                }
            };
            let report = engine::resolve(
                &environment::options(global, true, *dry_run)?,
                &resolution,
                &mut *sink,
            )
            .await?;
            printer.result("underpin/resolve@1", &report, || output::render_resolve(&report));
            Ok(ExitStatus::Success)
        }
        Verb::Verify => {
            let report =
                engine::verify(&environment::options(global, false, true)?, &mut *sink).await?;
            printer.result("underpin/verify@1", &report, || output::render_verify(&report));
            Ok(if report.equal { ExitStatus::Success } else { ExitStatus::Failed })
        }
        Verb::Config { verb: ConfigVerb::Show { origin } } => {
            let report = show::configuration(global)?;
            printer.result("underpin/config@1", &report, || show::render(&report, *origin));
            Ok(ExitStatus::Success)
        }
        Verb::Backup { verb } => backup::run(global, verb, printer).await,
        // Migrate has its own streams and exit codes, lint no need of a runtime; see `main`.
        Verb::Migrate { .. } | Verb::Lint(_) => Ok(ExitStatus::Success),
        Verb::Demo => demo::run(global, printer).await,
    }
}

/// What the history says, and with `evidence` what the catalog says to it.
async fn status(global: &Global, printer: &Printer, evidence: bool) -> Result<ExitStatus> {
    let options = environment::options(global, false, true)?;
    let mut silent = underpin_core::event::Silent;
    let status = engine::status(&options, &mut silent).await?;
    let mut in_order = status.state == StatusState::UpToDate;
    if evidence {
        let evidence = engine::evidence(&options, &mut silent).await?;
        in_order &= evidence.in_order;
        let report = output::StatusWithEvidence { status, evidence };
        printer.result("underpin/status@1", &report, || {
            let status = output::render_status(&report.status);
            format!("{status}\n\n{}", output::render_evidence(&report.evidence))
        });
    } else {
        printer.result("underpin/status@1", &status, || output::render_status(&status));
    }
    Ok(if in_order { ExitStatus::Success } else { ExitStatus::Failed })
}
