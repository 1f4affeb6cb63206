//! One self-contained page for a reviewer: risks per migration, locks per table, each statement.
//!
//! Invariants: no script, nothing from elsewhere (the page's own policy forbids both), every text
//! from a migration is escaped. Without findings the page says so and stays short.

use underpin_sql::finding::{Finding, Severity};
use underpin_sql::lint::{FileReport, Report, StatementReport};

use super::{Level, assumed, coverage, figures, grades, page_of, phases_are_said, step, timeline};
use crate::output::html::{self, escaped};

/// The page.
pub(crate) fn render(report: &Report, least: Severity) -> String {
    let notes = least == Severity::Note;
    let mut body = format!(
        "<h1>What these migrations do to the database</h1>\n<p><b>{}</b></p>\n<p class=\"soft\">{} in {} files, {}</p>\n",
        figures(report.totals, notes),
        coverage(report.totals),
        report.files.len(),
        escaped(&assumed(report))
    );
    body += &risks(report, least);
    body += &timeline::of_run(report);
    for (number, file) in report.files.iter().enumerate() {
        if file.listed(least).next().is_some() {
            body += &migration(number, file, least);
        }
    }
    html::page(&figures(report.totals, notes), &body)
}

/// A row per migration, the worst first to the eye by colour, in the order in which they run.
fn risks(report: &Report, least: Severity) -> String {
    let mut text = String::from(
        "<h2>Risk per migration</h2>\n<figure><table>\n<thead><tr><th>migration</th><th>loss</th><th>downtime</th><th>way back</th><th>old app</th><th>findings</th></tr></thead>\n<tbody>\n",
    );
    for (number, file) in report.files.iter().enumerate() {
        let listed = file.listed(least).count();
        let name = escaped(&file.name);
        let name = if listed > 0 { format!("<a href=\"#m{number}\">{name}</a>") } else { name };
        let cells: String = grades(file.grades)
            .into_iter()
            .map(|(_, word, level)| format!("<td>{}</td>", tag(word, level)))
            .collect();
        text += &format!("<tr><td>{name}</td>{cells}<td>{listed}</td></tr>\n");
    }
    text + "</tbody></table></figure>\n"
}

fn tag(word: &str, level: Level) -> String {
    let class = match level {
        Level::Good => "good",
        Level::Fair => "fair",
        Level::Bad => "bad",
    };
    format!("<span class=\"tag {class}\">{word}</span>")
}

fn migration(number: usize, file: &FileReport, least: Severity) -> String {
    let mut text = format!(
        "<h2 id=\"m{number}\">{}</h2>\n<p class=\"soft\">{}, {}</p>\n",
        escaped(&file.name),
        escaped(&file.path),
        coverage(file.totals)
    );
    text += &timeline::of_file(file);
    for (index, statement) in file.statements.iter().enumerate() {
        let findings: Vec<&Finding> = file.listed(least).filter(|f| f.statement == index).collect();
        text += &drill_down(file, index, statement, &findings);
    }
    text
}

/// A statement with what is known of it; open where there is a finding.
fn drill_down(
    file: &FileReport,
    index: usize,
    statement: &StatementReport,
    findings: &[&Finding],
) -> String {
    let open = if findings.is_empty() { "" } else { " open" };
    let words = match findings.len() {
        0 => String::new(),
        n => tag(&super::count(n, "finding"), worst(findings)),
    };
    let mut text = format!(
        "<details{open}><summary>{}. <b>{}</b> <span class=\"soft\">line {}</span> {words}</summary>\n",
        index + 1,
        escaped(&statement.tag),
        statement.line
    );
    text += &format!("<pre>{}</pre>\n", marked(file, statement, findings));
    text += &facts(statement);
    for finding in findings {
        text += &told(file, finding);
    }
    for finding in file.findings.iter().filter(|f| f.statement == index) {
        if let Some(reason) = &finding.allowed {
            text += &format!(
                "<p class=\"soft\">{} is allowed: {}</p>\n",
                finding.rule,
                escaped(reason)
            );
        }
    }
    text + "</details>\n"
}

fn worst(findings: &[&Finding]) -> Level {
    match findings.iter().map(|f| f.severity).max() {
        Some(Severity::Error) => Level::Bad,
        Some(Severity::Warning) => Level::Fair,
        _ => Level::Good,
    }
}

/// Locks and work of a statement.
fn facts(statement: &StatementReport) -> String {
    let mut rows: Vec<(&str, String)> = statement
        .locks
        .iter()
        .map(|l| ("lock", format!("{} on <code>{}</code>", l.mode, escaped(&l.relation))))
        .collect();
    rows.extend(
        statement
            .work
            .iter()
            .map(|w| ("work", format!("{} of <code>{}</code>", w.class, escaped(&w.relation)))),
    );
    if !statement.judged {
        rows.push(("work", "not known: no rule speaks of this kind of statement".to_owned()));
    }
    if rows.is_empty() {
        return String::new();
    }
    let rows: String =
        rows.into_iter().map(|(name, text)| format!("<dt>{name}</dt><dd>{text}</dd>")).collect();
    format!("<dl>{rows}</dl>\n")
}

fn told(file: &FileReport, finding: &Finding) -> String {
    let mut rows = format!("<dt>fact</dt><dd>{}</dd>", named(&finding.fact));
    if let Some(unknown) = &finding.unknown {
        rows += &format!("<dt>not known</dt><dd>{}</dd>", named(unknown));
    }
    if let Some(suggestion) = &finding.suggestion {
        rows += &format!("<dt>instead</dt><dd>{}</dd>", named(suggestion));
    }
    if !finding.phased.is_empty() && !phases_are_said(file, finding) {
        let steps: String = finding
            .phased
            .iter()
            .map(|p| format!("<li>{}<pre>{}</pre></li>", step(p), escaped(&p.sql)))
            .collect();
        rows += &format!("<dt>in phases</dt><dd><ol>{steps}</ol></dd>");
    }
    format!(
        "<div class=\"finding {}\"><p><b>{}</b> <a class=\"soft\" href=\"{}\" rel=\"noreferrer\">{}</a></p><dl>{rows}</dl></div>\n",
        finding.severity.word(),
        named(&finding.message),
        page_of(finding.rule),
        finding.rule
    )
}

/// The statement's text with the spans of its findings underlined.
fn marked(file: &FileReport, statement: &StatementReport, findings: &[&Finding]) -> String {
    let whole = &statement.span;
    let mut spans: Vec<_> = findings
        .iter()
        .map(|f| f.span.start.max(whole.start)..f.span.end.min(whole.end))
        .filter(|s| s.start < s.end && *s != *whole)
        .collect();
    spans.sort_by_key(|s| (s.start, s.end));
    let (mut text, mut at) = (String::new(), whole.start);
    let piece = |from: usize, to: usize| escaped(file.text.get(from..to).unwrap_or_default());
    for span in spans.into_iter() {
        if span.start < at {
            continue;
        }
        text += &piece(at, span.start);
        text += &format!("<mark>{}</mark>", piece(span.start, span.end));
        at = span.end;
    }
    text + &piece(at, whole.end)
}

/// Text in which names stand between backticks.
fn named(text: &str) -> String {
    let escaped = escaped(text);
    let parts: Vec<&str> = escaped.split('`').collect();
    // A name with a backtick in it leaves one over; then they stay as they are.
    if parts.len().is_multiple_of(2) {
        return escaped;
    }
    let part = |(i, part): (usize, &&str)| {
        if i % 2 == 1 { format!("<code>{part}</code>") } else { (*part).to_owned() }
    };
    parts.iter().enumerate().map(part).collect()
}
