//! The `underpin` program: arguments, output formats, exit codes.

mod args;
mod backup;
mod checklist;
mod demo;
mod deploy;
mod doctor;
mod environment;
mod explain;
mod init;
mod lint;
mod migrate;
mod notes;
mod output;
mod plan;
mod protect;
mod rehearse;
mod shell;
mod show;
mod signals;
mod start;

use std::process::ExitCode;

use clap::Parser as _;
use underpin_core::engine::{self, BaselineRequest, Options, Resolution, StatusState};
use underpin_core::error::ExitStatus;
use underpin_core::migrations::MigrationName;
use underpin_core::{Code, Error, Result};

use environment::Project;

use args::{Arguments, ConfigVerb, Global, Output, Verb};
use output::Printer;

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
    // These wait for nothing, and are over before a runtime has started.
    let done = match &arguments.verb {
        Verb::Lint(lint) => Some(lint::run(&arguments.global, lint, &printer)),
        Verb::Explain { code } => Some(explain::run(code, &printer)),
        Verb::Completions { shell } => Some(Ok(shell::completions(*shell))),
        Verb::Man { folder } => Some(shell::manual(folder)),
        Verb::Init { apply, dry_run } => {
            Some(init::run(&arguments.global, *apply, *dry_run, &printer))
        }
        _ => None,
    };
    if let Some(result) = done {
        return ExitCode::from(result.unwrap_or_else(|error| failed(&printer, &error)).number());
    }
    if let Verb::Deploy(deploy) = &arguments.verb
        && !deploy.command.is_empty()
    {
        return start::run(&arguments.global, deploy, &printer);
    }
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => return ExitCode::from(failed(&printer, &error).number()),
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

fn runtime() -> Result<tokio::runtime::Runtime> {
    let made = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    made.map_err(|e| Error::new(Code::Internal, "the runtime could not be started").caused_by(e))
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
        // Behind `--` stands the application: no place for a flag that is not known.
        lines.filter(|l| !l.starts_with("For more information") && !l.contains("as a value, use '-- ")).map(|l| l.trim().to_owned());
    let error = Error::new(Code::Usage, message).details(rest).hint("underpin --help");
    output::err(&output::render_error(&error));
    ExitCode::from(ExitStatus::Usage.number())
}

async fn run(arguments: &Arguments, printer: &Printer) -> Result<ExitStatus> {
    let global = &arguments.global;
    let mut sink = printer.sink();
    let (page, comment) = (printer.form() == Output::Html, printer.form() == Output::Markdown);
    let has_form = match arguments.verb {
        Verb::Plan(_) => true,
        Verb::Notes(_) | Verb::Rehearse(_) => page || comment,
        Verb::History { .. } => page,
        Verb::Checklist { .. } => comment,
        _ => false,
    };
    if printer.only_findings() && !has_form {
        let words = "this verb has no findings: --output human, json, ndjson or log";
        return Err(Error::new(Code::Usage, words).hint("underpin lint --help"));
    }
    match &arguments.verb {
        Verb::Status { evidence } => status(global, printer, *evidence).await,
        Verb::Plan(arguments) => plan::run(global, arguments, printer).await,
        Verb::Rehearse(arguments) => rehearse::run(global, arguments, printer).await,
        Verb::Approve(arguments) => protect::approve(global, arguments, printer).await,
        Verb::Environment => protect::show(global, printer).await,
        Verb::Deploy(arguments) => deploy::attempt(global, arguments, printer, &mut *sink).await,
        Verb::Baseline { undo: Some(run), dry_run, allow, .. } => {
            let mut options = environment::options(global, true, *dry_run)?;
            options.guard.allowed |= protect::is_allowed(allow);
            let report = protect::confirming(options, async |options: &Options| {
                engine::undo_baseline(options, run, &mut *sink).await
            })
            .await?;
            printer.result("underpin/baseline-undo@1", &report, || output::render_undo(&report));
            Ok(ExitStatus::Success)
        }
        Verb::Baseline { apply, partly, dry_run, allow, .. } => {
            let writes = *apply && !*dry_run;
            let mut options = environment::options(global, writes, !writes)?;
            options.guard.allowed |= protect::is_allowed(allow);
            let request = BaselineRequest { apply: *apply, partly: *partly };
            let report = protect::confirming(options, async |options: &Options| {
                engine::baseline(options, request, &mut *sink).await
            })
            .await?;
            printer.result("underpin/baseline@1", &report, || output::render_baseline(&report));
            Ok(match report.dry_run && !(report.proven && report.open.is_empty()) {
                true => ExitStatus::Failed,
                false => ExitStatus::Success,
            })
        }
        Verb::Resolve { applied, rolled_back, dry_run, allow } => {
            let resolution = match (applied, rolled_back) {
                (Some(name), _) => Resolution::Applied(MigrationName::new(name)),
                (None, Some(name)) => Resolution::RolledBack(MigrationName::new(name)),
                (None, None) => {
                    return Err(Error::new(Code::Usage, "give --applied or --rolled-back"));
                }
            };
            let mut options = environment::options(global, true, *dry_run)?;
            options.guard.allowed |= protect::is_allowed(allow);
            let report = protect::confirming(options, async |options: &Options| {
                engine::resolve(options, &resolution, &mut *sink).await
            })
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
        Verb::Notes(arguments) => notes::run(global, arguments, printer),
        Verb::Checklist { when, allow } => checklist::run(global, *when, allow, printer).await,
        Verb::History { runs } => {
            let project = Project::find(global)?;
            let (options, backups) =
                (project.options(global, false, true)?, project.backups(global)?);
            let report = engine::history(&options, &backups, (*runs).into(), &mut *sink).await?;
            match page {
                true => output::out(&output::history::page(&report)),
                false => {
                    printer
                        .result("underpin/history@1", &report, || output::history::human(&report));
                }
            }
            Ok(ExitStatus::Success)
        }
        Verb::Config { verb: ConfigVerb::Show { origin } } => {
            let report = show::configuration(global)?;
            printer.result("underpin/config@1", &report, || show::render(&report, *origin));
            Ok(ExitStatus::Success)
        }
        Verb::Doctor { no_drift } => doctor::run(global, *no_drift, printer).await,
        Verb::Backup { verb } => backup::run(global, verb, printer).await,
        // Migrate has its own streams and exit codes, these no need of a runtime; see `main`.
        Verb::Migrate { .. }
        | Verb::Lint(_)
        | Verb::Explain { .. }
        | Verb::Completions { .. }
        | Verb::Man { .. }
        | Verb::Init { .. } => Ok(ExitStatus::Success),
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
