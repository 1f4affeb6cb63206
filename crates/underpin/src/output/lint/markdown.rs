//! A comment for a pull request: a table of risks, then each finding folded away.

use underpin_sql::finding::{Finding, Severity};
use underpin_sql::lint::{FileReport, Report};

use super::{
    Level, assumed, count, coverage, excerpt, figures, grades, inert, line, page_of,
    phases_are_said, sentence, step,
};

/// Characters that a comment may have; GitHub takes 65,536, GitLab a million.
const COMMENT_MAX: usize = 60_000;

/// The comment.
pub(crate) fn render(report: &Report, least: Severity) -> String {
    let notes = least == Severity::Note;
    let mut text = format!("### Underpin: {}\n\n", figures(report.totals, notes));
    let listed: Vec<&FileReport> =
        report.files.iter().filter(|f| f.listed(least).next().is_some()).collect();
    if !listed.is_empty() {
        text += "| migration | loss | downtime | way back | old app | findings |\n|---|---|---|---|---|---|\n";
    }
    for file in &listed {
        let cells: Vec<String> = grades(file.grades)
            .into_iter()
            .map(|(_, word, level)| match level {
                Level::Good => word.to_owned(),
                Level::Fair => format!("🟡 {word}"),
                Level::Bad => format!("🔴 {word}"),
            })
            .collect();
        text += &format!(
            "| {} | {} | {} |\n",
            escaped(&file.name),
            cells.join(" | "),
            file.listed(least).count()
        );
    }
    let clean = report.files.len() - listed.len();
    if clean > 0 && !listed.is_empty() {
        text += &format!("\n{} without findings.\n", count(clean, "more migration"));
    }
    let mut left = 0;
    for file in &listed {
        for finding in file.listed(least) {
            let part = details(file, finding);
            if text.chars().count() + part.chars().count() > COMMENT_MAX {
                left += 1;
            } else {
                text += &part;
            }
        }
    }
    if left > 0 {
        text += &format!("\n{} left out for length.\n", count(left, "finding"));
    }
    text + &format!("\n<sub>{}, {}</sub>", coverage(report.totals), assumed(report))
}

fn details(file: &FileReport, finding: &Finding) -> String {
    let sql = inert(&excerpt(file, finding));
    let fence = fence(&sql);
    let mut text = format!(
        "\n<details><summary>{} <b>{}</b> {}:{} {}</summary>\n\n{fence}sql\n{sql}\n{fence}\n\n{}\n",
        if finding.severity == Severity::Error { "🔴" } else { "🟡" },
        finding.rule,
        html(&file.name),
        finding.start.line,
        html(&sentence(finding)),
        escaped(&finding.fact),
    );
    if let Some(suggestion) = &finding.suggestion {
        text += &format!("\n**Instead:** {}\n", escaped(suggestion));
    }
    if !phases_are_said(file, finding) {
        text += &phases(finding);
    }
    text + &format!("\n[about this rule]({})\n</details>\n", page_of(finding.rule))
}

fn phases(finding: &Finding) -> String {
    if finding.phased.is_empty() {
        return String::new();
    }
    let mut text = "\n**In phases:**\n".to_owned();
    for (number, phase) in finding.phased.iter().enumerate() {
        let sql = inert(&phase.sql);
        let fence = fence(&sql);
        text += &format!("\n{}. {}\n\n{fence}sql\n{sql}\n{fence}\n", number + 1, step(phase));
    }
    text
}

/// A fence that nothing in `text` can close.
pub(crate) fn fence(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    "`".repeat(longest.max(2) + 1)
}

/// Inside an HTML element of a comment.
fn html(text: &str) -> String {
    unmentioned(&line(text)).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Plain text in Markdown: nothing in it is markup, and nobody is called.
pub(crate) fn escaped(text: &str) -> String {
    let mut result = String::new();
    for c in unmentioned(&line(text)).chars() {
        if c.is_ascii_punctuation()
            && !matches!(c, '.' | ',' | ';' | ':' | '\'' | '"' | '/' | '=' | '?' | '%' | '$' | '@')
        {
            result.push('\\');
        }
        result.push(c);
    }
    result
}

/// A zero-width space takes the meaning from `@name`.
fn unmentioned(text: &str) -> String {
    text.replace('@', "@\u{200b}")
}
