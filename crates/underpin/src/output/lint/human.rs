//! For a person at a terminal: each finding under an excerpt of its SQL, as rustc draws it.

use annotate_snippets::{AnnotationKind, Group, Origin, Renderer, Snippet, level};
use owo_colors::OwoColorize as _;
use underpin_sql::finding::{Finding, Severity};
use underpin_sql::lint::{FileReport, Report};

use super::{Level, assumed, count, coverage, figures, grades, inert, line, phases_are_said, step};

/// Lines that an underlined span may have; a longer one is underlined on its first line.
const UNDERLINED_LINES_MAX: usize = 4;

/// The whole text, with colours; the stream strips them where they do not belong.
pub(crate) fn render(report: &Report, least: Severity) -> String {
    let mut text = String::new();
    for file in &report.files {
        if file.listed(least).next().is_none() {
            continue;
        }
        let mut drawn_before = None;
        for finding in file.listed(least) {
            let again = drawn_before.replace(&finding.span) == Some(&finding.span);
            text += &drawn(file, finding, again);
            text += "\n\n";
        }
        text += &format!("{}\n", verdict(file));
        text += "\n";
    }
    text + &summary(report, least)
}

fn summary(report: &Report, least: Severity) -> String {
    let figures = figures(report.totals, least == Severity::Note);
    let figures = match (report.totals.errors, report.totals.warnings) {
        (0, 0) => figures.green().bold().to_string(),
        (0, _) => figures.yellow().bold().to_string(),
        _ => figures.red().bold().to_string(),
    };
    format!(
        "{figures}\n{} ({}), {}",
        count(report.files.len(), "file"),
        coverage(report.totals),
        assumed(report)
    )
}

/// The name and its four grades.
fn verdict(file: &FileReport) -> String {
    let words: Vec<String> = grades(file.grades)
        .into_iter()
        .map(|(name, word, level)| {
            let word = match level {
                Level::Good => word.green().to_string(),
                Level::Fair => word.yellow().to_string(),
                Level::Bad => word.red().to_string(),
            };
            format!("{} {word}", format!("{name}:").dimmed())
        })
        .collect();
    format!("{}  {}", line(&file.name).bold(), words.join("  "))
}

/// One finding; the SQL is left out where it stands right above.
fn drawn(file: &FileReport, finding: &Finding, again: bool) -> String {
    let title = line(&finding.message);
    let path = line(&file.path);
    let (source, first, span) = window(file, finding);
    let level = match finding.severity {
        Severity::Error => level::ERROR,
        Severity::Warning => level::WARNING,
        Severity::Note => level::NOTE,
    };
    let snippet = Snippet::source(source.as_str())
        .line_start(first)
        .path(path.as_str())
        .annotation(AnnotationKind::Primary.span(span));
    let title = level.primary_title(title.as_str()).id(finding.rule);
    let mut group: Group<'_> = if again {
        let place = Origin::path(path.as_str());
        title.element(place.line(finding.start.line).char_column(finding.start.column))
    } else {
        title.element(snippet)
    };
    let mut notes = vec![("fact", line(&finding.fact))];
    notes.extend(finding.unknown.iter().map(|u| ("not known", line(u))));
    notes.extend(finding.suggestion.iter().map(|s| ("instead", inert(s))));
    if !phases_are_said(file, finding) {
        notes.extend(
            finding.phased.iter().map(|p| ("in phases", format!("{}\n{}", step(p), inert(&p.sql)))),
        );
    }
    for (name, words) in &notes {
        group = group.element(level::HELP.with_name(*name).message(words.as_str()));
    }
    Renderer::styled().render(&[group])
}

/// The lines that the finding's span stands on, the number of the first, and the span in them.
/// Each control character becomes one of the same length, so that the span stays right.
fn window(file: &FileReport, finding: &Finding) -> (String, usize, std::ops::Range<usize>) {
    let text = file.text.as_str();
    let start = text.floor_char_boundary(finding.span.start);
    let mut end = text.floor_char_boundary(finding.span.end).max(start);
    let lines = text[start..end].lines().count();
    if lines > UNDERLINED_LINES_MAX {
        end = text[start..].find('\n').map_or(end, |i| start + i);
    }
    let from = text[..start].rfind('\n').map_or(0, |i| i + 1);
    let to = text[end..].find('\n').map_or(text.len(), |i| end + i);
    let (before, marked) = (harmless(&text[from..start]), harmless(&text[start..end]));
    let span = before.len()..before.len() + marked.len();
    let source = before + &marked + harmless(&text[end..to]).trim_end();
    let span = span.start.min(source.len())..span.end.min(source.len());
    (source, finding.start.line, span)
}

fn harmless(text: &str) -> String {
    inert(&text.replace('\r', ""))
}
