//! The evidence of `status --evidence` for a person.

use owo_colors::OwoColorize as _;
use underpin_core::diagnose::{Decision, Evidence, Verdict};
use underpin_core::engine::{EvidenceReport, MigrationEvidence, StatusReport};

use super::{count, inert};

/// A status with its evidence, as one document.
#[derive(serde::Serialize)]
pub(crate) struct StatusWithEvidence {
    /// What the history says.
    #[serde(flatten)]
    pub(crate) status: StatusReport,
    /// What the catalog says.
    pub(crate) evidence: EvidenceReport,
}

/// Every migration with its verdict, what it rests on, and what would be done.
pub(crate) fn render_evidence(report: &EvidenceReport) -> String {
    let mut text = format!("{}", "Evidence".bold());
    text += &format!(" ({}", inert(&report.engine));
    for unchecked in &report.unchecked {
        text += &format!("; unchecked: {}", inert(unchecked));
    }
    text += ")";
    for migration in &report.migrations {
        text += &one(migration);
    }
    text += &list("Drift: live facts that no migration explains", &report.drift);
    if !report.disagreements.is_empty() {
        text += "\n\nHistory and catalog disagree:";
        for d in &report.disagreements {
            let history = match d.history {
                underpin_core::diagnose::Claim::Applied => "recorded as applied",
                underpin_core::diagnose::Claim::Failed => "recorded as failed",
                underpin_core::diagnose::Claim::NotRecorded => "not recorded",
            };
            let catalog = if d.catalog == "junk" { "not in the folder" } else { d.catalog };
            text += &format!("\n  {}: {history}, {catalog}", inert(d.name.as_str()));
        }
    }
    text + &proof(report)
}

fn one(migration: &MigrationEvidence) -> String {
    let diagnosis = &migration.diagnosis;
    let word = diagnosis.verdict.word();
    let word = match diagnosis.verdict {
        Verdict::InEffect => word.green().to_string(),
        Verdict::Missing | Verdict::NoTrace => word.yellow().to_string(),
        Verdict::Partial { .. } | Verdict::Conflicting { .. } => word.red().to_string(),
        _ => word.dimmed().to_string(),
    };
    let mut text =
        format!("\n\n{}: {word} → {}", inert(diagnosis.name.as_str()), migration.decision.word());
    if let Some(more) = detail(&diagnosis.verdict, &migration.decision) {
        text += &format!("\n  {}", inert(&more));
    }
    if !diagnosis.data_lines.is_empty() {
        let lines: Vec<String> = diagnosis.data_lines.iter().map(ToString::to_string).collect();
        text += &format!("\n  changes rows: line {}", lines.join(", "));
    }
    for evidence in &diagnosis.evidence {
        text += &line(evidence);
    }
    text
}

fn detail(verdict: &Verdict, decision: &Decision) -> Option<String> {
    let numbers = |list: &[usize]| -> String {
        list.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    };
    match (verdict, decision) {
        (Verdict::Partial { in_effect, missing, unknown, silent }, _) => {
            let mut text = format!(
                "statements in effect: {}; missing: {}",
                numbers(in_effect),
                numbers(missing)
            );
            for (word, list) in [("undecided", unknown), ("no trace", silent)] {
                if !list.is_empty() {
                    text += &format!("; {word}: {}", numbers(list));
                }
            }
            Some(text)
        }
        (Verdict::Superseded { by }, _) => {
            let names: Vec<&str> =
                by.iter().map(underpin_core::migrations::MigrationName::as_str).collect();
            Some(format!("overwritten by {}", names.join(", ")))
        }
        (
            _,
            Decision::Ask { why } | Decision::Refuse { why } | Decision::BaselineAssumed { why },
        ) => Some(why.clone()),
        _ => None,
    }
}

fn line(evidence: &Evidence) -> String {
    let mut text = format!("\n  {:<11} {}", evidence.says.word(), inert(&evidence.fact));
    if !evidence.query.is_empty() {
        text += &format!("\n              {}", inert(&evidence.query).dimmed());
    }
    text
}

fn list(title: &str, evidence: &[Evidence]) -> String {
    if evidence.is_empty() {
        return String::new();
    }
    evidence.iter().fold(format!("\n\n{title}:"), |text, evidence| text + &line(evidence))
}

fn proof(report: &EvidenceReport) -> String {
    if report.proven {
        return format!(
            "\n\n{} replayed, what is in effect gives the live catalog{}, and what is to run leads to the folder's end",
            "Proven:".green().bold(),
            match report.drift.len() {
                0 => String::new(),
                n => format!(" but for {}", count(n, "fact")),
            }
        );
    }
    let mut text = format!("\n\n{}", "Not proven:".red().bold());
    if report.failures.is_empty() {
        text += " the replay was not possible";
    }
    for failure in &report.failures {
        text += &format!("\n  {}", inert(failure));
    }
    text
}
