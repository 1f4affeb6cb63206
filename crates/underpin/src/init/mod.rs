//! `init`: the lines by which a Prisma project takes Underpin, shown before they are written.
//!
//! Invariants: nothing is written without `--apply` or a typed yes; a file that changed since it was
//! shown is not written; only the files named here are looked at. Non-goals: installing anything.

mod edit;

use std::io::{BufRead as _, IsTerminal as _};
use std::path::Path;

use owo_colors::OwoColorize as _;
use underpin_core::config::SETTINGS_FILE;
use underpin_core::error::ExitStatus;
use underpin_core::{Code, Error, Result};

use crate::args::Global;
use crate::environment::Project;
use crate::output::{Printer, count, inert};

/// A larger file is none of those that are looked for.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// Files looked at in a folder.
const FILES_MAX: usize = 200;

/// What would change, or has.
#[derive(Debug, serde::Serialize)]
struct Report {
    /// Whether it was written.
    applied: bool,
    changes: Vec<Change>,
    /// Lines that run Prisma's migrations and are not understood.
    left_alone: Vec<String>,
    /// The next commands.
    next: Vec<&'static str>,
}

/// One file.
#[derive(Debug, serde::Serialize)]
struct Change {
    path: String,
    /// A unified diff.
    diff: String,
    #[serde(skip)]
    old: Option<String>,
    #[serde(skip)]
    new: String,
}

/// Runs the verb.
pub(crate) fn run(
    global: &Global,
    apply: bool,
    dry_run: bool,
    printer: &Printer,
) -> Result<ExitStatus> {
    let project = Project::find(global)?;
    let folder = std::env::current_dir().unwrap_or_default();
    if project.config.migrate_url().is_ok_and(|url| url.is_none())
        && !folder.join("prisma").is_dir()
    {
        return Err(Error::new(Code::Usage, "there is no Prisma project in this folder")
            .hint("run it where package.json and the folder prisma/ are"));
    }
    let mut report = look(&folder);
    let ask = !apply && !dry_run && std::io::stdin().is_terminal();
    if ask && !report.changes.is_empty() {
        crate::output::out(&render(&report));
        crate::output::err("Write this? Type yes:");
        let mut answer = String::new();
        let read = std::io::stdin().lock().read_line(&mut answer);
        if read.is_err() || answer.trim() != "yes" {
            crate::output::err("Nothing was changed.");
            return Ok(ExitStatus::Success);
        }
    }
    if (apply && !dry_run) || ask {
        for change in &report.changes {
            write(&folder, change)?;
        }
        report.applied = !report.changes.is_empty();
    }
    printer.result("underpin/init@1", &report, || render(&report));
    Ok(ExitStatus::Success)
}

/// Reads the project's files and finds the changes.
fn look(folder: &Path) -> Report {
    let mut report =
        Report { applied: false, changes: Vec::new(), left_alone: Vec::new(), next: Vec::new() };
    if !folder.join(SETTINGS_FILE).exists() {
        let new = include_str!("underpin.toml").to_owned();
        let diff = edit::new_file(SETTINGS_FILE, &new);
        report.changes.push(Change { path: SETTINGS_FILE.to_owned(), diff, old: None, new });
    }
    for path in files(folder) {
        let Some(text) = read(&folder.join(&path)) else { continue };
        let name = path.rsplit('/').next().unwrap_or_default();
        let is_package = name == "package.json";
        let starts = is_image(name) || is_compose(name);
        let mut found = edit::commands(&text, starts);
        report.left_alone.extend(
            found
                .left
                .iter()
                .map(|line| format!("{path}:{}: not understood, left alone", line + 1)),
        );
        if is_package {
            let version = concat!("^", env!("CARGO_PKG_VERSION"));
            found.edits.extend(edit::dependency(&text, version));
        }
        if found.edits.is_empty() {
            continue;
        }
        let diff = edit::diff(&path, &text, &found.edits);
        let new = edit::apply(&text, &found.edits);
        if is_package {
            report.next.push("npm install");
        }
        report.changes.push(Change { path, diff, old: Some(text), new });
    }
    report.next.extend(["underpin doctor", "underpin deploy --dry-run"]);
    report
}

fn is_image(name: &str) -> bool {
    name == "Dockerfile" || name.ends_with(".Dockerfile") || name.starts_with("Dockerfile.")
}

fn is_compose(name: &str) -> bool {
    let stem = name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml"));
    stem.is_some_and(|s| {
        ["compose", "docker-compose"].iter().any(|c| s == *c || s.starts_with(&format!("{c}.")))
    })
}

/// The files that are looked at, by name.
fn files(folder: &Path) -> Vec<String> {
    let within = |part: &str, wanted: fn(&str) -> bool| -> Vec<String> {
        let entries = std::fs::read_dir(folder.join(part)).into_iter().flatten();
        let entries = entries.take(FILES_MAX).filter_map(std::result::Result::ok);
        // A link may lead out of the project.
        let entries = entries.filter(|e| e.file_type().is_ok_and(|kind| kind.is_file()));
        let names = entries.filter_map(|e| e.file_name().into_string().ok()).filter(|n| wanted(n));
        let mut names: Vec<String> =
            names.map(|n| if part.is_empty() { n } else { format!("{part}/{n}") }).collect();
        names.sort();
        names
    };
    let mut found = within("", |name| {
        is_image(name)
            || is_compose(name)
            || name == "package.json"
            || name == ".gitlab-ci.yml"
            || name.ends_with(".sh")
    });
    for part in ["docker", "scripts"] {
        found.extend(within(part, |name| is_image(name) || name.ends_with(".sh")));
    }
    found.extend(within(".github/workflows", |name| {
        name.ends_with(".yml") || name.ends_with(".yaml")
    }));
    found
}

fn read(path: &Path) -> Option<String> {
    let small = std::fs::metadata(path).is_ok_and(|about| about.len() <= FILE_BYTES_MAX);
    small.then(|| std::fs::read_to_string(path).ok()).flatten()
}

/// Writes beside and renames, so that a file is never half written. Its mode stays.
fn write(folder: &Path, change: &Change) -> Result<()> {
    let path = folder.join(&change.path);
    let failed = |e: std::io::Error| {
        Error::new(Code::Usage, format!("`{}` cannot be written", change.path)).caused_by(e)
    };
    if read(&path) != change.old || (change.old.is_none() && path.exists()) {
        let words = format!("`{}` was changed in the meantime and is left as it is", change.path);
        return Err(Error::new(Code::Usage, words).hint("underpin init"));
    }
    let beside =
        tempfile::NamedTempFile::new_in(path.parent().unwrap_or(folder)).map_err(failed)?;
    std::fs::write(beside.path(), &change.new).map_err(failed)?;
    let mode = match std::fs::metadata(&path) {
        Ok(about) => about.permissions(),
        Err(_) => std::os::unix::fs::PermissionsExt::from_mode(0o644),
    };
    std::fs::set_permissions(beside.path(), mode).map_err(failed)?;
    beside.persist(&path).map_err(|e| failed(e.error))?;
    Ok(())
}

fn render(report: &Report) -> String {
    let mut text = String::new();
    for change in &report.changes {
        for line in inert(&change.diff).lines() {
            let line = match line.chars().next() {
                Some('+') => line.green().to_string(),
                Some('-') => line.red().to_string(),
                Some('@') => line.cyan().to_string(),
                _ => line.to_owned(),
            };
            text += &format!("{line}\n");
        }
    }
    for line in &report.left_alone {
        text += &format!("{} {}\n", "note:".yellow(), inert(line));
    }
    let files = count(report.changes.len(), "file");
    text += &match (report.changes.len(), report.applied) {
        (0, _) => "\nNothing to change.".to_owned(),
        (_, true) => format!("\n{files} written."),
        (_, false) => format!(
            "\n{files} would change; nothing was written. To write it: underpin init --apply"
        ),
    };
    if report.applied {
        text += &format!(" Next: {}", report.next.join(", "));
    }
    text
}

#[cfg(test)]
mod tests {
    use underpin_core::config::Settings;

    #[test]
    fn every_key_that_the_new_file_proposes_is_one() {
        let text = include_str!("underpin.toml");
        let proposed: Vec<String> = text
            .lines()
            .map(|line| match line.strip_prefix("# ") {
                Some(key) if key.starts_with('[') || key.contains(" = ") => key.to_owned(),
                _ => line.to_owned(),
            })
            .collect();
        assert!(proposed.iter().filter(|line| line.starts_with('[')).count() >= 4);
        for text in [text.to_owned(), proposed.join("\n")] {
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join("underpin.toml"), &text).unwrap();
            assert!(Settings::read(folder.path()).unwrap().is_some(), "{text}");
        }
    }
}
