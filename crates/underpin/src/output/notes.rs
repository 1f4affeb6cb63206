//! Release notes: the same sections as Markdown, as a page, or put into somebody's template.
//!
//! Invariants: names stand between backticks until here, and are escaped for the form; what is not
//! known is not promised.

use std::collections::BTreeMap;

use underpin_core::assess::Prediction;
use underpin_core::{Code, Error, Result};
use underpin_sql::finding::{Back, Downtime, Grades, Loss, OldApp};
use underpin_sql::summary::Change;

use super::html::{self, escaped};
use super::{count, lint, plan};

/// What the notes say.
#[derive(Debug, Clone, serde::Serialize)]
pub(crate) struct Notes {
    /// What the release is called.
    pub(crate) title: String,
    /// In the order in which they run.
    pub(crate) migrations: Vec<Noted>,
}

/// One migration.
#[derive(Debug, Clone, serde::Serialize)]
pub(crate) struct Noted {
    /// Its name.
    pub(crate) name: String,
    /// What it changes.
    pub(crate) changes: BTreeMap<Change, Vec<String>>,
    /// The worst of its findings.
    pub(crate) grades: Grades,
    /// How long it takes, where a plan tells.
    pub(crate) predicted: Option<Prediction>,
}

/// What a text is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// CommonMark.
    Markdown,
    /// A fragment of HTML.
    Html,
}

/// A section: its placeholder, its heading, its parts.
type Section = (&'static str, &'static str, Vec<Part>);

/// A piece of a section; in texts names stand between backticks.
enum Part {
    Text(String),
    Item(String),
    Code(String),
}

impl Notes {
    fn worst(&self) -> Grades {
        self.migrations.iter().fold(Grades::default(), |worst, m| worst.worst(m.grades))
    }

    fn sections(&self) -> Vec<Section> {
        if self.migrations.is_empty() {
            let nothing = Part::Text("The database does not change.".to_owned());
            let empty = |(key, title)| (key, title, Vec::new());
            let rest = [
                ("changes", "What changes"),
                ("downtime", "Downtime"),
                ("before", "Before you upgrade"),
                ("log", "What you will see in the log"),
                ("rollback", "Going back"),
            ];
            return [("summary", "In short", vec![nothing])]
                .into_iter()
                .chain(rest.map(empty))
                .collect();
        }
        vec![
            ("summary", "In short", self.summary()),
            ("changes", "What changes", self.changes()),
            ("downtime", "Downtime", self.downtime()),
            ("before", "Before you upgrade", self.before()),
            ("log", "What you will see in the log", self.log()),
            ("rollback", "Going back", self.rollback()),
        ]
    }

    fn summary(&self) -> Vec<Part> {
        let worst = self.worst();
        let breaking = match worst.old_app {
            OldApp::Works => {
                "Not breaking: the version before goes on working while the database changes."
            }
            OldApp::MayBreak => {
                "Possibly breaking: parts of the version before may fail once the database has changed."
            }
            OldApp::Breaks => {
                "Breaking: the version before fails once the database has changed. Stop it first, or accept its errors until the new one runs."
            }
        };
        let loss = match worst.loss {
            Loss::None => "No data is removed.",
            Loss::Possible => "Data may be removed; see below.",
            Loss::Certain => "Data is removed; see below.",
        };
        vec![
            Part::Item(format!("{} of the database.", count(self.migrations.len(), "migration"))),
            Part::Item(breaking.to_owned()),
            Part::Item(loss.to_owned()),
        ]
    }

    fn changes(&self) -> Vec<Part> {
        let mut all: BTreeMap<Change, Vec<&str>> = BTreeMap::new();
        for migration in &self.migrations {
            for (change, lines) in &migration.changes {
                let known = all.entry(*change).or_default();
                for line in lines {
                    if !known.contains(&line.as_str()) {
                        known.push(line);
                    }
                }
            }
        }
        if all.is_empty() {
            return vec![Part::Text("Neither structure nor rows.".to_owned())];
        }
        let items = all
            .into_iter()
            .flat_map(|(change, lines)| lines.into_iter().map(move |line| (change, line)));
        items.map(|(change, line)| Part::Item(format!("{}: {line}", change.word()))).collect()
    }

    fn downtime(&self) -> Vec<Part> {
        let whole = self.migrations.iter().map(|m| m.predicted).try_fold(
            Prediction { low_ms: 0, high_ms: 0 },
            |sum, part| {
                part.map(|part| Prediction {
                    low_ms: sum.low_ms + part.low_ms,
                    high_ms: sum.high_ms + part.high_ms,
                })
            },
        );
        let mut parts = vec![Part::Text(match self.worst().downtime {
            Downtime::None => "None: no query waits.".to_owned(),
            Downtime::Brief => "Queries of some tables wait for milliseconds.".to_owned(),
            Downtime::Writes => {
                "Writes to some tables wait; how long grows with their size.".to_owned()
            }
            Downtime::All => {
                "Reads and writes of some tables wait; how long grows with their size.".to_owned()
            }
        })];
        if let Some(whole) = whole {
            parts.push(Part::Text(format!(
                "The whole takes {} on a database as large as the one that it was planned for.",
                plan::span(Some(whole))
            )));
        }
        for migration in self.migrations.iter().filter(|m| m.grades.downtime >= Downtime::Writes) {
            let word = migration.grades.downtime.word();
            parts.push(Part::Item(format!("`{}`: {word}", migration.name)));
        }
        parts
    }

    fn before(&self) -> Vec<Part> {
        let worst = self.worst();
        let mut parts = Vec::new();
        if worst.loss > Loss::None || worst.back >= Back::R2 {
            parts.push(Part::Text("Make a backup that is proven to restore:".to_owned()));
            parts.push(Part::Code("underpin backup create --level 5".to_owned()));
        }
        parts.push(Part::Text("See what it will do to your database:".to_owned()));
        parts.push(Part::Code("underpin plan".to_owned()));
        parts
    }

    fn log(&self) -> Vec<Part> {
        let number = self.migrations.len();
        let mut lines: Vec<String> = self
            .migrations
            .iter()
            .enumerate()
            .map(|(index, m)| format!("    Applying  {} ({} of {number})", m.name, index + 1))
            .collect();
        if number > 5 {
            lines.drain(2..number - 1);
            lines.insert(2, "              …".to_owned());
        }
        lines.push(format!("Done: {number} applied, verified"));
        vec![
            Part::Code(lines.join("\n")),
            Part::Text("Anything else ends with an error that names the next command, and the new version does not start.".to_owned()),
        ]
    }

    fn rollback(&self) -> Vec<Part> {
        let worst = self.worst();
        let mut parts = vec![Part::Text(
            match (worst.back, worst.old_app) {
                (Back::R0 | Back::R1, OldApp::Works) => {
                    "The version before works with the changed database: install it again, and leave the database as it is."
                }
                (Back::R0, _) => "Every change has an exact inverse, which has to be run before the version before is installed again.",
                (Back::R1, _) => "Every change has an inverse, which takes time or loses what was written since.",
                (Back::R2, _) => "Needs a copy of what was there before: the backup.",
                (Back::R3, _) => "Only with the backup: what is removed is gone otherwise, and so is what was written since.",
            }
            .to_owned(),
        )];
        if worst.back >= Back::R2 {
            parts.push(Part::Code("underpin backup restore last --dry-run".to_owned()));
        }
        parts
    }
}

/// The notes as Markdown.
pub(crate) fn markdown(notes: &Notes) -> String {
    let mut text = format!("# {}: the database\n", lint::markdown_escaped(&notes.title));
    for (_, title, parts) in notes.sections() {
        if !parts.is_empty() {
            text += &format!("\n## {title}\n\n{}", rendered(&parts, Form::Markdown));
        }
    }
    text
}

/// The notes as a page.
pub(crate) fn page(notes: &Notes) -> String {
    let mut body = format!("<h1>{}: the database</h1>\n", escaped(&notes.title));
    for (_, title, parts) in notes.sections() {
        if !parts.is_empty() {
            body += &format!("<h2>{title}</h2>\n{}", rendered(&parts, Form::Html));
        }
    }
    html::page(&notes.title, &body)
}

/// Somebody's template with the sections in their places.
///
/// # Errors
/// UP-1003 for a place that is none.
pub(crate) fn filled(template: &str, notes: &Notes, form: Form) -> Result<String> {
    let sections = notes.sections();
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let (key, behind) = after.split_once("}}").unwrap_or((after, ""));
        text += before;
        text += &match (key.trim(), sections.iter().find(|(own, ..)| *own == key.trim())) {
            ("title", _) if form == Form::Html => escaped(&notes.title),
            ("title", _) => lint::markdown_escaped(&notes.title),
            (_, Some((_, _, parts))) => rendered(parts, form).trim_end().to_owned(),
            (key, None) => {
                let line = template[..template.len() - after.len()].lines().count();
                let words =
                    format!("line {line} of the template has a place that is none: `{key}`");
                let names: Vec<&str> = sections.iter().map(|(own, ..)| *own).collect();
                return Err(Error::new(Code::Usage, words)
                    .hint(format!("places: title, {}", names.join(", "))));
            }
        };
        rest = behind;
    }
    Ok(text + rest)
}

fn rendered(parts: &[Part], form: Form) -> String {
    let mut text = String::new();
    for (index, part) in parts.iter().enumerate() {
        let first = !matches!(index.checked_sub(1).map(|i| &parts[i]), Some(Part::Item(_)));
        let last = !matches!(parts.get(index + 1), Some(Part::Item(_)));
        text += &match (part, form) {
            (Part::Text(line), Form::Markdown) => format!("{}\n\n", named(line, form)),
            (Part::Text(line), Form::Html) => format!("<p>{}</p>\n", named(line, form)),
            (Part::Item(line), Form::Markdown) => {
                format!("- {}\n{}", named(line, form), if last { "\n" } else { "" })
            }
            (Part::Item(line), Form::Html) => format!(
                "{}<li>{}</li>\n{}",
                if first { "<ul>\n" } else { "" },
                named(line, form),
                if last { "</ul>\n" } else { "" }
            ),
            (Part::Code(lines), Form::Markdown) => {
                let fence = lint::fence(lines);
                format!("{fence}text\n{}\n{fence}\n\n", super::inert(lines))
            }
            (Part::Code(lines), Form::Html) => format!("<pre>{}</pre>\n", escaped(lines)),
        };
    }
    match form {
        Form::Markdown => text.trim_end().to_owned() + "\n",
        Form::Html => text,
    }
}

/// A line whose names stand between backticks.
fn named(line: &str, form: Form) -> String {
    let line = line.replace(['\n', '\r'], " ");
    let plain = |text: &str| match form {
        Form::Markdown => lint::markdown_escaped(text),
        Form::Html => escaped(text),
    };
    let parts: Vec<&str> = line.split('`').collect();
    // A name with a backtick in it leaves one over; then all of it is plain.
    if parts.len().is_multiple_of(2) {
        return plain(&line);
    }
    let part = |(index, part): (usize, &&str)| match (index % 2, form) {
        (1, Form::Markdown) => format!("`{}`", super::inert(part)),
        (1, Form::Html) => format!("<code>{}</code>", escaped(part)),
        _ => plain(part),
    };
    parts.iter().enumerate().map(part).collect()
}
