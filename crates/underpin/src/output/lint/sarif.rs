//! SARIF 2.1.0 (OASIS), as code scanning services take it.

use serde_json::{Value, json};
use underpin_core::migrations::Checksum;
use underpin_sql::finding::{Finding, Severity};
use underpin_sql::lint::{FileReport, Report};
use underpin_sql::rules;

use super::{annotations::identity, inert, page_of, sentence};

/// One run. Findings that a directive allows are in it, as suppressed.
pub(crate) fn render(report: &Report, least: Severity) -> String {
    let mut used: Vec<&str> = report.findings().map(|(_, f)| f.rule).collect();
    used.sort_unstable();
    used.dedup();
    let results: Vec<Value> = report
        .findings()
        .filter(|(_, f)| f.severity >= least)
        .map(|(file, finding)| {
            let index = used.binary_search(&finding.rule).unwrap_or_default();
            result(file, finding, index)
        })
        .collect();
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "underpin",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": used.iter().map(|id| rule(id)).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    serde_json::to_string_pretty(&document).unwrap_or_else(|e| e.to_string())
}

fn rule(id: &str) -> Value {
    let found = rules::rule(id);
    json!({
        "id": id,
        "shortDescription": { "text": found.map_or(id, |r| r.title) },
        "helpUri": page_of(id),
        "defaultConfiguration": { "level": level(found.map_or(Severity::Warning, |r| r.severity)) },
    })
}

fn result(file: &FileReport, finding: &Finding, index: usize) -> Value {
    let mut text = format!("{}. {}", sentence(finding), finding.fact);
    if let Some(suggestion) = &finding.suggestion {
        text += &format!("\nInstead: {suggestion}");
    }
    let mut value = json!({
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": level(finding.severity),
        "message": { "text": inert(&text) },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": uri(&file.path) },
            "region": {
                "startLine": finding.start.line,
                "startColumn": finding.start.column,
                "endLine": finding.end.line,
                "endColumn": finding.end.column,
            },
        }}],
        "partialFingerprints": {
            "underpin/v1": Checksum::of(&identity(file, finding)).as_str(),
        },
        "properties": { "grades": finding.grades },
    });
    if let Some(reason) = &finding.allowed {
        value["suppressions"] = json!([{ "kind": "inSource", "justification": inert(reason) }]);
    }
    value
}

fn level(severity: Severity) -> &'static str {
    severity.word()
}

/// A path as a URI reference: everything but unreserved characters and slashes is encoded.
fn uri(path: &str) -> String {
    let encoded: String = path
        .bytes()
        .map(|b| match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                char::from(b).to_string()
            }
            b => format!("%{b:02X}"),
        })
        .collect();
    if path.starts_with('/') { format!("file://{encoded}") } else { encoded }
}
