//! GitHub's workflow commands and GitLab's Code Quality report.

use underpin_core::migrations::Checksum;
use underpin_sql::finding::{Finding, Severity};
use underpin_sql::lint::{FileReport, Report};

use super::{inert, sentence};

/// One workflow command per finding, which GitHub shows beside the changed line.
/// Source: "Workflow commands for GitHub Actions", setting an error message.
pub(crate) fn github(report: &Report, least: Severity) -> String {
    let mut text = String::new();
    for file in &report.files {
        for finding in file.listed(least) {
            let command = match finding.severity {
                Severity::Note => "notice",
                severity => severity.word(),
            };
            let mut message = format!("{}\n{}", sentence(finding), finding.fact);
            if let Some(suggestion) = &finding.suggestion {
                message += &format!("\nInstead: {suggestion}");
            }
            text += &format!(
                "::{command} file={},line={},endLine={},col={},endColumn={},title={}::{}\n",
                property(&file.path),
                finding.start.line,
                finding.end.line,
                finding.start.column,
                finding.end.column,
                property(finding.rule),
                data(&message)
            );
        }
    }
    text
}

fn data(text: &str) -> String {
    inert(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[derive(serde::Serialize)]
struct Issue<'a> {
    description: String,
    check_name: &'a str,
    fingerprint: String,
    severity: &'static str,
    location: Location<'a>,
}

#[derive(serde::Serialize)]
struct Location<'a> {
    path: &'a str,
    lines: Lines,
}

#[derive(serde::Serialize)]
struct Lines {
    begin: usize,
    end: usize,
}

/// GitLab's Code Quality report: an array in which each fingerprint stands once.
/// Source: GitLab documentation, "Code Quality report format".
pub(crate) fn gitlab(report: &Report, least: Severity) -> String {
    let mut issues = Vec::new();
    for file in &report.files {
        let mut twins = std::collections::HashMap::new();
        for finding in file.listed(least) {
            let key = identity(file, finding);
            let twin = twins.entry(key.clone()).and_modify(|n| *n += 1).or_insert(0usize);
            issues.push(Issue {
                description: inert(&sentence(finding)),
                check_name: finding.rule,
                fingerprint: Checksum::of(&format!("{key}\n{twin}")).to_string(),
                severity: match finding.severity {
                    Severity::Error => "critical",
                    Severity::Warning => "major",
                    Severity::Note => "info",
                },
                location: Location {
                    path: &file.path,
                    lines: Lines { begin: finding.start.line, end: finding.end.line },
                },
            });
        }
    }
    serde_json::to_string_pretty(&issues).unwrap_or_else(|e| e.to_string())
}

/// The same for the same finding in a file whose other lines have changed.
pub(super) fn identity(file: &FileReport, finding: &Finding) -> String {
    let sql = file.text.get(finding.span.clone()).unwrap_or_default();
    format!("{}\n{}\n{sql}", finding.rule, file.path)
}
