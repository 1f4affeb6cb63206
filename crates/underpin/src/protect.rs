//! Writes to a protected environment: what the surroundings say, what a person types, and the
//! verbs `environment` and `approve`.

use std::collections::BTreeMap;
use std::io::{BufRead as _, IsTerminal as _};
use std::path::Path;

use owo_colors::OwoColorize as _;
use underpin_core::config::{Machine, Occasion};
use underpin_core::engine::{
    self, ALLOW_PROTECTED, ApproveReport, ApproveRequest, Environment, EnvironmentReport, Guard,
    Identity, Options,
};
use underpin_core::error::ExitStatus;
use underpin_core::{Code, Error, Result};

use crate::args::{ApproveArguments, Global};
use crate::environment::{self, Project, variable};
use crate::output::{self, Printer, inert};
use crate::plan;

/// Variables that name the commit of a build, by provider.
const COMMITS: [&str; 6] = [
    "GITHUB_SHA",
    "CI_COMMIT_SHA",
    "VERCEL_GIT_COMMIT_SHA",
    "COMMIT_REF",
    "CIRCLE_SHA1",
    "BITBUCKET_COMMIT",
];
/// Variables that name the person, by provider and at last on their own machine.
const PERSONS: [&str; 5] =
    ["GITHUB_ACTOR", "GITLAB_USER_LOGIN", "CIRCLE_USERNAME", "USER", "LOGNAME"];

/// What `underpin.toml` protects, and on what occasion we run.
pub(crate) fn guard(project: &Project, variables: &BTreeMap<String, String>) -> Guard {
    let declared = project.settings.iter().flat_map(|settings| &settings.environments);
    let environments = declared.map(|(name, said)| Environment {
        name: name.clone(),
        identity: Identity {
            system_identifier: said.system_identifier.clone(),
            database: said.database.clone(),
        },
        protected: said.protected,
    });
    let is_container = Path::new("/.dockerenv").exists()
        || Path::new("/run/.containerenv").exists()
        || variables.contains_key("container");
    let machine = Machine { terminal: is_terminal(), container: is_container };
    let allow = variables.get("UNDERPIN_ALLOW").map(String::as_str).unwrap_or_default();
    Guard {
        environments: environments.collect(),
        occasion: Occasion::of(variables, machine),
        allowed: allow.split(',').any(|word| word.trim() == ALLOW_PROTECTED),
        confirmed: None,
    }
}

/// Whether `--allow` lets a write pass the guard.
pub(crate) fn is_allowed(words: &[String]) -> bool {
    words.iter().any(|word| word == ALLOW_PROTECTED)
}

fn is_terminal() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Runs a verb that writes; where the guard refuses it on a development machine, a person at the
/// terminal may type the database's name.
pub(crate) async fn confirming<T>(
    mut options: Options,
    mut verb: impl AsyncFnMut(&Options) -> Result<T>,
) -> Result<T> {
    let refused = match verb(&options).await {
        Err(error) if error.code() == Code::EnvironmentProtected => error,
        result => return result,
    };
    let is_person = matches!(options.guard.occasion, Occasion::Development(_));
    match typed(&refused).filter(|_| is_person) {
        Some(name) => {
            options.guard.confirmed = Some(name);
            verb(&options).await
        }
        None => Err(refused),
    }
}

/// What a person at a terminal types; nobody is asked where there is none.
pub(crate) fn typed(error: &Error) -> Option<String> {
    if !is_terminal() {
        return None;
    }
    output::err(&format!("{}. Type the name of the database to go on:", error.message()));
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).ok()?;
    Some(line.trim().to_owned()).filter(|typed| !typed.is_empty())
}

/// `underpin environment`.
pub(crate) async fn show(global: &Global, printer: &Printer) -> Result<ExitStatus> {
    let options = environment::options(global, false, true)?;
    let mut silent = underpin_core::event::Silent;
    let report = engine::environment(&options, &mut silent).await?;
    printer.result("underpin/environment@1", &report, || render(&report));
    Ok(ExitStatus::Success)
}

fn render(report: &EnvironmentReport) -> String {
    let identity = &report.identity;
    let told = report.told_by.as_ref().map(|why| format!(" (told by {why})")).unwrap_or_default();
    let occasion = format!("{} {}{}", "occasion:".dimmed(), report.occasion, inert(&told));
    if let Some(name) = &report.environment {
        let word = if report.protected { "protected" } else { "not protected" };
        return format!("{} is `{}`, {word}\n{occasion}", inert(&identity.database), inert(name));
    }
    let quoted = serde_json::to_string(&identity.database).unwrap_or_default();
    format!(
        "underpin.toml declares no such environment. To protect it:\n\n[environments.production]\n\
         system_identifier = \"{}\"\ndatabase = {}\nprotected = true\n\n{occasion}",
        identity.system_identifier,
        inert(&quoted)
    )
}

/// `underpin approve`.
pub(crate) async fn approve(
    global: &Global,
    arguments: &ApproveArguments,
    printer: &Printer,
) -> Result<ExitStatus> {
    let project = Project::find(global)?;
    let mut options = project.options(global, true, arguments.dry_run)?;
    options.answers = arguments.said.answers();
    options.gate.allow.extend(arguments.allow.iter().cloned());
    let by = arguments.by.clone().or_else(|| PERSONS.iter().find_map(|name| variable(name)));
    let by = by.ok_or_else(|| {
        Error::new(Code::Usage, "nobody is named who approves").hint("give --by NAME")
    })?;
    let request = ApproveRequest {
        plan: plan::binding(&arguments.plan)?,
        by,
        note: arguments.note.clone(),
        commit: COMMITS.iter().find_map(|name| variable(name)).or_else(checked_out),
    };
    let report = engine::approve(&options, &request, &mut *printer.sink()).await?;
    printer.result("underpin/approve@1", &report, || approved(&report));
    Ok(ExitStatus::Success)
}

/// The commit of the working folder: what `.git/HEAD` names, without running git.
fn checked_out() -> Option<String> {
    let folder = std::env::current_dir().ok()?;
    let git = folder.ancestors().map(|f| f.join(".git")).find(|git| git.join("HEAD").is_file())?;
    let head = std::fs::read_to_string(git.join("HEAD")).ok()?;
    let commit = match head.trim().strip_prefix("ref: ") {
        None => head,
        Some(name) => std::fs::read_to_string(git.join(name)).ok().or_else(|| {
            let packed = std::fs::read_to_string(git.join("packed-refs")).ok()?;
            let line = packed.lines().find(|line| line.ends_with(&format!(" {name}")))?;
            line.split(' ').next().map(str::to_owned)
        })?,
    };
    let commit = commit.trim();
    let is_hash = commit.len() >= 40 && commit.bytes().all(|b| b.is_ascii_hexdigit());
    is_hash.then(|| commit.to_owned())
}

fn approved(report: &ApproveReport) -> String {
    let approval = &report.approval;
    let checks = &approval.checks;
    let would = if report.dry_run { "Would be approved" } else { "Approved" };
    let short = |hash: &str| inert(&hash.chars().take(12).collect::<String>());
    let commit = approval.commit.as_ref().map(|c| format!(", commit {}", short(c)));
    format!(
        "{} by {}: {} to record, {} to run{}\n  found    {}, {}, {} allowed\n  good for {} h, one deploy, and nothing but plan {}",
        would.bold(),
        inert(&approval.by),
        checks.to_record,
        checks.to_run,
        commit.unwrap_or_default(),
        output::count(checks.errors, "error"),
        output::count(checks.warnings, "warning"),
        checks.allowed,
        report.valid_hours,
        short(&approval.plan),
    )
}
