//! `notes`: what the migrations of a release mean for those who will run them. Reads files only.

use std::path::Path;

use underpin_core::assess::Prediction;
use underpin_core::engine::Binding;
use underpin_core::error::ExitStatus;
use underpin_core::migrations::{Migration, MigrationFolder};
use underpin_core::{Code, Error, Result};
use underpin_sql::finding::{Grades, Severity};
use underpin_sql::lint::{self, Facts, Runner, Source};
use underpin_sql::summary;

use crate::args::{Global, NotesArguments, Output};
use crate::environment::Project;
use crate::output::Printer;
use crate::output::notes::{self as form, Noted, Notes};

/// A template is smaller than this.
const TEMPLATE_BYTES_MAX: u64 = 1 << 20;

/// What of a plan's file the notes need.
#[derive(serde::Deserialize)]
struct Planned {
    binding: Binding,
    migrations: Vec<PlannedGrades>,
}

#[derive(serde::Deserialize)]
struct PlannedGrades {
    name: String,
    grades: Grades,
    predicted: Option<Prediction>,
}

/// Runs the verb.
pub(crate) fn run(
    global: &Global,
    arguments: &NotesArguments,
    printer: &Printer,
) -> Result<ExitStatus> {
    let template = arguments.template.as_deref().map(read_template).transpose()?;
    let (path, _) = Project::find(global)?.migrations(global)?;
    let folder = MigrationFolder::read(&path)?;
    let migrations = match (&arguments.since, &arguments.plan) {
        (Some(since), _) => judged_after(&folder, since)?,
        (None, Some(plan)) => planned(&folder, plan)?,
        (None, None) => Vec::new(),
    };
    let notes = Notes { title: arguments.title.clone(), migrations };
    match (printer.form(), &template) {
        (Output::Html, Some(template)) => {
            crate::output::out(&form::filled(template, &notes, form::Form::Html)?);
        }
        (Output::Html, None) => crate::output::out(&form::page(&notes)),
        (_, Some(template)) => {
            crate::output::out(&form::filled(template, &notes, form::Form::Markdown)?);
        }
        (Output::Markdown, None) => crate::output::out(&form::markdown(&notes)),
        _ => printer.result("underpin/notes@1", &notes, || form::markdown(&notes)),
    }
    Ok(ExitStatus::Success)
}

/// The migrations after one, as the linter grades them.
fn judged_after(folder: &MigrationFolder, since: &str) -> Result<Vec<Noted>> {
    let position = folder.migrations.iter().position(|m| m.name.as_str() == since);
    let first = position.ok_or_else(|| {
        let words = format!("there is no migration `{since}` in {}", folder.path.display());
        Error::new(Code::UnknownMigration, words)
            .hint("give the whole name of the last migration of the release before")
    })? + 1;
    let source = |(index, migration): (usize, &Migration)| Source {
        name: migration.name.to_string(),
        path: migration.path.display().to_string(),
        text: migration.script.clone(),
        judged: index >= first,
    };
    let report = lint::lint(
        folder.migrations.iter().enumerate().map(source).collect(),
        &lint::Options {
            server_major: None,
            runner: Runner::Underpin,
            pending_from: Some(first),
            facts: Facts::default(),
            enabled: Vec::new(),
        },
    );
    let noted = folder.migrations.iter().skip(first).map(|migration| {
        let file = report.files.iter().find(|file| file.name == migration.name.as_str());
        let loud = file.into_iter().flat_map(|file| &file.findings);
        let grades = loud
            .filter(|finding| finding.severity > Severity::Note)
            .fold(Grades::default(), |worst, finding| worst.worst(finding.grades));
        noted(migration, grades, None)
    });
    Ok(noted.collect())
}

/// The migrations that a plan runs, as it graded them on its database.
fn planned(folder: &MigrationFolder, plan: &Path) -> Result<Vec<Noted>> {
    let planned: Planned = crate::plan::read(plan)?;
    planned
        .binding
        .pending
        .iter()
        .map(|(name, checksum)| {
            let own = folder.migrations.iter().find(|m| m.name.as_str() == name);
            let migration = own.filter(|m| m.checksum.as_str() == checksum).ok_or_else(|| {
                let words = format!("the plan runs `{name}`, which the folder does not hold so");
                Error::new(Code::PlanStale, words).hint("make it anew: underpin plan --out FILE")
            })?;
            let graded = planned.migrations.iter().find(|m| m.name == *name);
            let grades = graded.map(|m| m.grades).unwrap_or_default();
            Ok(noted(migration, grades, graded.and_then(|m| m.predicted)))
        })
        .collect()
}

fn noted(migration: &Migration, grades: Grades, predicted: Option<Prediction>) -> Noted {
    let name = migration.name.to_string();
    Noted { name, changes: summary::summary(&migration.script), grades, predicted }
}

fn read_template(path: &Path) -> Result<String> {
    let unreadable = |why: String| {
        Error::new(Code::Usage, format!("the template `{}` cannot be read: {why}", path.display()))
    };
    let size = std::fs::metadata(path).map_err(|e| unreadable(e.to_string()))?.len();
    if size > TEMPLATE_BYTES_MAX {
        return Err(unreadable(format!("it has {size} bytes")));
    }
    std::fs::read_to_string(path).map_err(|e| unreadable(e.to_string()))
}
