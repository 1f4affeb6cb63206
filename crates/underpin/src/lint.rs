//! `lint`: reads files, has them judged, prints what was found. No database, no network.
//!
//! Invariants: a file that cannot be read never hides the others; nothing is written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use underpin_core::assess::still_named;
use underpin_core::error::ExitStatus;
use underpin_core::migrations::{self, MigrationName, SCRIPT_FILE};
use underpin_core::{Code, Error, Result};
use underpin_sql::finding::Severity;
use underpin_sql::lint::{Facts, Options, Report, Runner, Source, lint};
use underpin_sql::model::read;
use underpin_sql::removed::{Removed, removed};
use underpin_sql::rules;

use crate::args::{FailOn, Global, Level, LintArguments, Output, RunnerName};
use crate::environment::Project;
use crate::output::Printer;
use crate::output::lint as forms;

/// Bytes of a file that are judged.
const FILE_BYTES_MAX: usize = 4 << 20;

/// Runs the verb.
pub(crate) fn run(
    global: &Global,
    arguments: &LintArguments,
    printer: &Printer,
) -> Result<ExitStatus> {
    let (sources, faults) = sources(global, arguments)?;
    let options = Options {
        server_major: arguments.server_version,
        runner: match arguments.runner {
            RunnerName::Underpin => Runner::Underpin,
            RunnerName::Prisma => Runner::Prisma,
            RunnerName::PrismaSplit => Runner::PrismaSplit,
        },
        pending_from: arguments
            .pending_from
            .as_ref()
            .and_then(|_| sources.iter().position(|s| s.judged)),
        facts: Facts { code: code(&arguments.code, &sources)?, ..Facts::default() },
        enabled: enabled(&arguments.enable)?,
    };
    let least = match arguments.level {
        Level::Note => Severity::Note,
        Level::Warning => Severity::Warning,
        Level::Error => Severity::Error,
    };
    let mut report = lint(sources, &options);
    let refused = match arguments.fail_on {
        FailOn::Note => report.has(Severity::Note),
        FailOn::Warning => report.has(Severity::Warning),
        FailOn::Error => report.has(Severity::Error),
        FailOn::Never => false,
    };
    for file in &mut report.files {
        file.findings.retain(|f| f.severity >= least || f.allowed.is_some());
    }
    print(printer, &report, least);
    // Beside the report, which is one document.
    for fault in &faults {
        crate::output::err(&crate::output::render_error(fault));
    }
    Ok(match faults.first() {
        Some(fault) => fault.code().exit(),
        None if refused => ExitStatus::Refused,
        None => ExitStatus::Success,
    })
}

/// Where the application's code names what the judged files take away.
fn code(folders: &[PathBuf], sources: &[Source]) -> Result<BTreeMap<String, Vec<String>>> {
    if folders.is_empty() {
        return Ok(BTreeMap::new());
    }
    let judged = sources.iter().filter(|s| s.judged);
    let names: Vec<Removed> = judged
        .flat_map(|s| read(&s.text))
        .flat_map(|parsed| {
            let inner: Vec<Removed> =
                parsed.inside.iter().flat_map(|p| removed(&p.statement)).collect();
            removed(&parsed.statement).into_iter().chain(inner)
        })
        .collect();
    let found = still_named(folders, &names)?;
    if found.cut {
        crate::output::err(&format!(
            "only {} files of code were read: a bound was met",
            found.files
        ));
    }
    Ok(found.places)
}

fn print(printer: &Printer, report: &Report, least: Severity) {
    let text = match printer.form() {
        Output::Human | Output::Json | Output::Ndjson | Output::Log => {
            printer.result("underpin/lint@1", report, || forms::human(report, least));
            return;
        }
        Output::Github => forms::github(report, least),
        Output::Gitlab => forms::gitlab(report, least),
        Output::Sarif => forms::sarif(report, least),
        Output::Junit => forms::junit(report, least),
        Output::Markdown => forms::markdown(report, least),
        Output::Html => forms::html(report, least),
    };
    if !text.is_empty() {
        crate::output::out(&text);
    }
}

/// The ids of rules that are asked for; a family's name stands for all of it.
fn enabled(asked: &[String]) -> Result<Vec<String>> {
    let mut ids = Vec::new();
    for word in asked {
        let word = word.trim().to_ascii_uppercase();
        let before = ids.len();
        let of = rules::RULES.iter().map(|e| e.rule);
        ids.extend(of.filter(|r| r.id == word || r.family() == word).map(|r| r.id.to_owned()));
        if ids.len() == before {
            return Err(Error::new(Code::Usage, format!("there is no rule or family `{word}`"))
                .hint("underpin lint --help"));
        }
    }
    Ok(ids)
}

/// What to read, and what could not be read.
fn sources(global: &Global, arguments: &LintArguments) -> Result<(Vec<Source>, Vec<Error>)> {
    let mut list = List::default();
    if arguments.files.is_empty() {
        let (folder, _) = Project::find(global)?.migrations(global)?;
        let names = migrations::names(&folder)?;
        let from = match &arguments.pending_from {
            None => 0,
            Some(wanted) => {
                let position = names.iter().position(|n| n.as_str() == wanted);
                position.ok_or_else(|| {
                    let words = format!("there is no migration `{wanted}` in {}", folder.display());
                    Error::new(Code::UnknownMigration, words)
                })?
            }
        };
        for (index, name) in names.into_iter().enumerate() {
            list.migration(&folder, &name, index >= from);
        }
        return Ok((list.sources, list.faults));
    }
    for path in &arguments.files {
        list.argument(path)?;
    }
    list.add_context();
    Ok((list.sources, list.faults))
}

/// Files that are read, in the order in which they run.
#[derive(Default)]
struct List {
    sources: Vec<Source>,
    faults: Vec<Error>,
}

impl List {
    /// A file, a migration's folder, or a folder of migrations.
    fn argument(&mut self, path: &Path) -> Result<()> {
        if !path.is_dir() {
            self.read(path, &name_of(path), true);
        } else if path.join(SCRIPT_FILE).exists() {
            self.read(&path.join(SCRIPT_FILE), &name_of(&path.join(SCRIPT_FILE)), true);
        } else {
            let names = migrations::names(path)?;
            if names.is_empty() {
                let words = format!("`{}` holds no migration", path.display());
                return Err(Error::new(Code::FolderEmpty, words));
            }
            for name in names {
                self.migration(path, &name, true);
            }
        }
        Ok(())
    }

    fn migration(&mut self, folder: &Path, name: &MigrationName, judged: bool) {
        self.read(&folder.join(name.as_str()).join(SCRIPT_FILE), name.as_str(), judged);
    }

    fn read(&mut self, path: &Path, name: &str, judged: bool) {
        match migrations::read_script(path, name).and_then(|text| small_enough(path, text)) {
            Ok(text) => self.sources.push(Source {
                name: name.to_owned(),
                path: path.display().to_string(),
                text,
                judged,
            }),
            Err(fault) => self.faults.push(fault),
        }
    }

    /// The migrations of the same folder that come before those that were named: they tell what
    /// is there. Files that are no migrations of a folder know nothing of one another.
    fn add_context(&mut self) {
        let folders: Vec<Option<PathBuf>> =
            self.sources.iter().map(|s| folder_of(Path::new(&s.path))).collect();
        let Some(folder) = folders.first().cloned().flatten() else { return };
        if folders.iter().any(|f| f.as_ref() != Some(&folder)) {
            return;
        }
        let Ok(names) = migrations::names(&folder) else { return };
        let named: Vec<Source> = std::mem::take(&mut self.sources);
        let last = names.iter().rposition(|n| named.iter().any(|s| s.name == n.as_str()));
        let faults = self.faults.len();
        for name in names.iter().take(last.map_or(0, |l| l + 1)) {
            match named.iter().find(|s| s.name == name.as_str()) {
                Some(source) => self.sources.push(source.clone()),
                None => self.migration(&folder, name, false),
            }
        }
        // What nobody asked for may be broken.
        self.faults.truncate(faults);
    }
}

/// Judging keeps every statement of a file in memory, a deploy does not.
fn small_enough(path: &Path, text: String) -> Result<String> {
    if text.len() <= FILE_BYTES_MAX {
        return Ok(text);
    }
    let words = format!(
        "`{}` has {} bytes; at most {FILE_BYTES_MAX} are judged",
        path.display(),
        text.len()
    );
    Err(Error::new(Code::FolderUnreadable, words).hint("take the rows out of the migration"))
}

/// The folder of migrations that a script belongs to.
fn folder_of(path: &Path) -> Option<PathBuf> {
    if path.file_name()? != SCRIPT_FILE {
        return None;
    }
    Some(path.parent()?.parent()?.to_owned()).filter(|f| !f.as_os_str().is_empty())
}

/// A migration is called as its folder, another file as itself.
fn name_of(path: &Path) -> String {
    let part = if path.file_name().is_some_and(|n| n == SCRIPT_FILE) {
        path.parent().and_then(Path::file_name).or_else(|| path.file_name())
    } else {
        path.file_name()
    };
    part.map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned())
}
