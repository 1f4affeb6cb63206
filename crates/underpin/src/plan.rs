//! `plan`: what is pending, judged against the live database; written to a file for `deploy --plan`.

use std::path::Path;

use underpin_core::assess::{self, Calibration};
use underpin_core::engine::{self, Binding, PlanReport, PlanRequest};
use underpin_core::error::ExitStatus;
use underpin_core::postgres::Queryable as _;
use underpin_core::postgres::scratch::Scratch;
use underpin_core::rehearse::kept;
use underpin_core::{Code, Error, Result};
use underpin_sql::finding::Severity;

use crate::args::{FailOn, Global, Level, Output, PlanArguments};
use crate::environment;
use crate::output::{Printer, lint as forms, plan as form};

/// A plan's file is smaller than this.
const FILE_MAX_BYTES: u64 = 256 << 20;

/// Runs the verb.
pub(crate) async fn run(
    global: &Global,
    arguments: &PlanArguments,
    printer: &Printer,
) -> Result<ExitStatus> {
    let mut options = environment::options(global, false, true)?;
    options.answers = arguments.said.answers();
    let mut allow = options.gate.allow.clone();
    allow.extend(arguments.allow.iter().cloned());
    let rehearsal = arguments.rehearsal.as_deref().map(kept::read).transpose()?;
    let mut request = PlanRequest { allow, rehearsal, ..PlanRequest::default() };
    if arguments.calibrate {
        request.calibration = calibrate(&options).await?;
    }
    let mut sink = printer.sink();
    let mut plan = engine::plan(&options, &request, &mut *sink).await?;
    let fail_on = match arguments.fail_on {
        FailOn::Note => Some(Severity::Note),
        FailOn::Warning => Some(Severity::Warning),
        FailOn::Error => Some(Severity::Error),
        FailOn::Never => None,
    };
    let refused = fail_on.is_some_and(|level| plan.has(level));
    if let Some(path) = &arguments.out {
        write(path, &plan)?;
    }
    let least = match arguments.level {
        Level::Note => Severity::Note,
        Level::Warning => Severity::Warning,
        Level::Error => Severity::Error,
    };
    for file in &mut plan.report.files {
        file.findings.retain(|f| f.severity >= least || f.allowed.is_some());
    }
    print(printer, &plan, least);
    Ok(if refused { ExitStatus::Refused } else { ExitStatus::Success })
}

fn print(printer: &Printer, plan: &PlanReport, least: Severity) {
    let report = &plan.report;
    let text = match printer.form() {
        Output::Human | Output::Json | Output::Ndjson | Output::Log => {
            printer.result("underpin/plan@1", plan, || form::human(plan, least));
            return;
        }
        Output::Github => forms::github(report, least),
        Output::Gitlab => forms::gitlab(report, least),
        Output::Sarif => forms::sarif(report, least),
        Output::Junit => forms::junit(report, least),
        Output::Markdown => format!("{}\n{}", form::markdown(plan), forms::markdown(report, least)),
        Output::Html => forms::html(report, least),
    };
    if !text.is_empty() {
        crate::output::out(&text);
    }
}

/// Rates of a scratch server of this machine.
async fn calibrate(options: &engine::Options) -> Result<Calibration> {
    let session = options.target.connect().await?;
    let mut scratch = Scratch::start(session.version(), &options.scratch).await?;
    let mut database = scratch.database().await?;
    let measured = assess::measure(&mut database).await;
    database.close().await;
    measured.map_err(|e| {
        Error::new(Code::ScratchFailed, "the rates could not be measured").caused_by(e)
    })
}

/// What a plan was made for.
///
/// # Errors
/// UP-2302.
pub(crate) fn binding(path: &Path) -> Result<Binding> {
    #[derive(serde::Deserialize)]
    struct Plan {
        binding: Binding,
    }
    read::<Plan>(path).map(|plan| plan.binding)
}

/// A plan is written whole, or not at all.
fn write(path: &Path, plan: &PlanReport) -> Result<()> {
    let unwritable = |e: std::io::Error| {
        Error::new(Code::PlanUnreadable, format!("`{}` cannot be written", path.display()))
            .caused_by(e)
    };
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(unwritable)?;
    let document = serde_json::json!({ "schema": "underpin/plan@1", "plan": plan });
    serde_json::to_writer_pretty(&mut file, &document)
        .map_err(|e| unwritable(std::io::Error::other(e)))?;
    file.persist(path).map_err(|e| unwritable(e.error)).map(drop)
}

/// What a caller wants of a plan's file.
///
/// # Errors
/// UP-2302.
pub(crate) fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T> {
    let unreadable = |why: String| {
        Error::new(Code::PlanUnreadable, format!("`{}` is no plan: {why}", path.display()))
            .hint(format!("make one: underpin plan --out {}", path.display()))
    };
    let size = std::fs::metadata(path).map_err(|e| unreadable(e.to_string()))?.len();
    if size > FILE_MAX_BYTES {
        return Err(unreadable(format!("it has {size} bytes")));
    }
    let bytes = std::fs::read(path).map_err(|e| unreadable(e.to_string()))?;
    #[derive(serde::Deserialize)]
    struct Document<T> {
        schema: String,
        plan: T,
    }
    let document: Document<T> =
        serde_json::from_slice(&bytes).map_err(|e| unreadable(e.to_string()))?;
    match document.schema.as_str() {
        "underpin/plan@1" => Ok(document.plan),
        other => Err(unreadable(format!("it says `{other}`"))),
    }
}
