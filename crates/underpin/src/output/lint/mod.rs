//! What the linter found, in the forms that people, CI systems and programs read.
//!
//! Invariants: every form shows the same findings; a text from a migration (a name, an excerpt)
//! is escaped for the form it goes into, and can neither drive a terminal nor run in a page.

mod annotations;
mod human;
mod junit;
mod markdown;
mod page;
mod sarif;
mod timeline;

use underpin_sql::finding::{Back, Downtime, Finding, Grades, Loss, OldApp};
use underpin_sql::lint::{FileReport, Report, Totals};
use underpin_sql::phased::Phase;

pub(crate) use annotations::{github, gitlab};
pub(crate) use human::render as human;
pub(crate) use junit::render as junit;
pub(crate) use markdown::{escaped as markdown_escaped, fence, render as markdown};
pub(crate) use page::render as html;
pub(crate) use sarif::render as sarif;

use super::{count, inert};

/// Lines of a statement that an excerpt shows.
const EXCERPT_LINES_MAX: usize = 12;

/// Text for one line: nothing in it drives a terminal or begins a new line.
fn line(text: &str) -> String {
    inert(text).replace(['\n', '\t'], " ")
}

/// The page of a rule.
fn page_of(rule: &str) -> String {
    format!("{}/blob/main/docs/rules/{rule}.md", env!("CARGO_PKG_REPOSITORY"))
}

/// The message with what is not known, as one sentence.
fn sentence(finding: &Finding) -> String {
    match &finding.unknown {
        Some(unknown) => format!("{} (not known here: {unknown})", finding.message),
        None => finding.message.clone(),
    }
}

/// A step of a change in phases, for people: which phase, and when.
fn step(phase: &Phase) -> String {
    format!("{}, {}", phase.stage.word(), phase.when.words())
}

/// Whether the findings before this one, of the same statement, have said its phases already.
fn phases_are_said(file: &FileReport, finding: &Finding) -> bool {
    let before = file.findings.iter().take_while(|f| !std::ptr::eq(*f, finding));
    let mut same = before.filter(|f| f.statement == finding.statement && f.allowed.is_none());
    same.any(|f| f.phased.iter().map(|p| &p.sql).eq(finding.phased.iter().map(|p| &p.sql)))
}

/// The four grades in words.
pub(crate) fn grades(grades: Grades) -> [(&'static str, &'static str, Level); 4] {
    let level = |rank: usize, fair: usize| match rank {
        0 => Level::Good,
        rank if rank <= fair => Level::Fair,
        _ => Level::Bad,
    };
    let levels = [
        level(grades.loss as usize, Loss::Possible as usize),
        level(grades.downtime as usize, Downtime::Brief as usize),
        level(grades.back as usize, Back::R1 as usize),
        level(grades.old_app as usize, OldApp::MayBreak as usize),
    ];
    let names = ["loss", "downtime", "way back", "old app"];
    let words = grades.words();
    std::array::from_fn(|i| (names[i], words[i], levels[i]))
}

/// How good a grade is, for colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    Good,
    Fair,
    Bad,
}

/// `2 errors, 1 warning; 3 notes are not listed`.
fn figures(totals: Totals, notes_listed: bool) -> String {
    let mut text =
        format!("{}, {}", count(totals.errors, "error"), count(totals.warnings, "warning"));
    if totals.allowed > 0 {
        text += &format!(", {} allowed", totals.allowed);
    }
    if totals.notes > 0 {
        let hidden = if notes_listed { "" } else { " (--level note lists them)" };
        text += &format!(", {}{hidden}", count(totals.notes, "note"));
    }
    text
}

/// How many of the statements a rule or a known effect speaks of.
fn coverage(totals: Totals) -> String {
    if totals.judged == totals.statements {
        return format!("{}, all judged", count(totals.statements, "statement"));
    }
    format!("{} of {} judged", totals.judged, count(totals.statements, "statement"))
}

/// What the verdicts rest on.
fn assumed(report: &Report) -> String {
    let server = match report.assumed.server_major {
        Some(major) => format!("PostgreSQL {major}"),
        None => "any PostgreSQL from 13 on".to_owned(),
    };
    format!("for {server}, run by {}", report.assumed.runner)
}

/// The lines of the file that a finding's statement stands on, cut to a screenful.
fn excerpt(file: &FileReport, finding: &Finding) -> String {
    let span = file.statements.get(finding.statement).map_or(&finding.span, |s| &s.span);
    let text = file.text.get(span.clone()).unwrap_or_default();
    cut(text)
}

fn cut(text: &str) -> String {
    let mut lines: Vec<&str> = text.lines().take(EXCERPT_LINES_MAX + 1).collect();
    if lines.len() > EXCERPT_LINES_MAX {
        lines[EXCERPT_LINES_MAX] = "…";
    }
    lines.join("\n")
}
