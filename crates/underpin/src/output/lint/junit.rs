//! JUnit's XML: a suite per file, a case per finding; one case that passes where there is none.

use underpin_sql::finding::{Finding, Severity};
use underpin_sql::lint::{FileReport, Report};

use super::{excerpt, inert, line, sentence};

/// The document. Errors are failures; warnings and notes pass and are told in `system-out`.
pub(crate) fn render(report: &Report, least: Severity) -> String {
    let failures = report.totals.errors;
    let suites: String = report.files.iter().map(|file| suite(file, least)).collect();
    let tests: usize = report.files.iter().map(|f| f.listed(least).count().max(1)).sum();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"underpin lint\" tests=\"{tests}\" failures=\"{failures}\">\n{suites}</testsuites>"
    )
}

fn suite(file: &FileReport, least: Severity) -> String {
    let findings: Vec<&Finding> = file.listed(least).collect();
    let name = attribute(&file.path);
    let mut text = format!(
        "  <testsuite name=\"{name}\" tests=\"{}\" failures=\"{}\">\n",
        findings.len().max(1),
        file.totals.errors
    );
    if findings.is_empty() {
        text += &format!("    <testcase classname=\"{name}\" name=\"no findings\"/>\n");
    }
    for finding in findings {
        let at = format!("{}:{}", finding.start.line, finding.start.column);
        text += &format!(
            "    <testcase classname=\"{name}\" name=\"{} at {at}\">\n",
            attribute(finding.rule)
        );
        let mut body = format!("{}\n{}\n", sentence(finding), finding.fact);
        if let Some(suggestion) = &finding.suggestion {
            body += &format!("Instead: {suggestion}\n");
        }
        body += &format!("\n{}\n", excerpt(file, finding));
        text += &match finding.severity {
            Severity::Error => format!(
                "      <failure type=\"{}\" message=\"{}\">{}</failure>\n",
                attribute(finding.rule),
                attribute(&sentence(finding)),
                content(&body)
            ),
            severity => {
                format!("      <system-out>{}: {}</system-out>\n", severity.word(), content(&body))
            }
        };
        text += "    </testcase>\n";
    }
    text + "  </testsuite>\n"
}

/// XML 1.0 has no control characters, not even as references.
fn content(text: &str) -> String {
    inert(text)
        .replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn attribute(text: &str) -> String {
    content(&line(text)).replace('"', "&quot;")
}
