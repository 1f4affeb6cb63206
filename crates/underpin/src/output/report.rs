//! Reports for a person.

use std::time::Duration;

use owo_colors::OwoColorize as _;
use underpin_core::diagnose::Decision;
use underpin_core::engine::{
    BaselineReport, DeployReport, ResolveReport, StatusReport, StatusState, Timing, UndoReport,
    VerifyReport,
};

use super::{count, inert, span};

/// The last line of a deploy.
pub(crate) fn deploy_summary(report: &DeployReport) -> String {
    let (baselined, applied) = (report.baselined.len(), report.applied.len());
    if baselined + applied == 0 && !report.repaired.is_empty() {
        return format!(
            "{} {} repaired; {} in effect ({})",
            "Done:".bold(),
            report.repaired.len(),
            are(report.already_applied, "migration"),
            span(report.duration)
        );
    }
    if baselined + applied == 0 {
        return format!(
            "Nothing to do: {} in effect ({})",
            are(report.already_applied, "migration"),
            span(report.duration)
        );
    }
    if report.dry_run {
        let mut text = format!(
            "Would baseline {} and apply {}; nothing was changed.",
            count(baselined, "migration"),
            applied
        );
        for name in &report.applied {
            text += &format!("\n  would apply  {}", inert(name));
        }
        return text;
    }
    let verified = if report.verified { ", verified" } else { ", not verified" };
    let mut parts = Vec::new();
    if !report.repaired.is_empty() {
        parts.push(format!("{} repaired", report.repaired.len()));
    }
    if baselined > 0 {
        parts.push(format!("{baselined} baselined"));
    }
    parts.push(format!("{applied} applied{verified}"));
    let backup = report.backup.as_ref().map(|name| format!("\nBackup: {}", inert(name)));
    let backup = backup.unwrap_or_default();
    let timings: String = report.timings.iter().filter_map(timing).collect();
    format!("{} {} ({}){backup}{timings}", "Done:".bold(), parts.join(", "), span(report.duration))
}

/// What a migration took beside what was said, where that is worth a line: it was rehearsed, or it
/// took longer than a second and than predicted.
fn timing(timing: &Timing) -> Option<String> {
    let took = Duration::from_millis(timing.took_ms);
    let ratio = timing.ratio?;
    if timing.rehearsed_ms.is_none() && !(timing.is_longer() && timing.took_ms >= 1000) {
        return None;
    }
    let mut text = format!("\n  {} took {}", inert(&timing.migration), span(took));
    match timing.rehearsed_ms {
        Some(ms) => text += &format!(", rehearsed {}", super::rehearsal::milliseconds(ms)),
        None => text += &format!(", predicted {}", super::plan::span(timing.predicted)),
    }
    Some(text + &format!(" ({ratio} times that)"))
}

fn are(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun} is") } else { format!("{number} {noun}s are") }
}

/// The state, then what is not in order, then the next command.
pub(crate) fn render_status(report: &StatusReport) -> String {
    let mut text = headline(report);
    let mut list = |title: &str, names: &[String]| {
        if !names.is_empty() {
            text += &format!("\n\n{title}");
            for name in names {
                text += &format!("\n  {}", inert(name));
            }
        }
    };
    let failed: Vec<String> = report
        .failed
        .iter()
        .map(|f| {
            let error = f.error.as_deref().map(|e| format!("\n    {e}")).unwrap_or_default();
            format!("{} (started {}){error}\n    {}", f.name, f.started_at, f.remains)
        })
        .collect();
    list("Failed and not resolved:", &failed);
    list("Recorded, and missing from the folder:", &report.missing_from_folder);
    list("Pending:", &report.pending);
    list("Edited after they were applied:", &report.edited);
    list("Applied although an earlier one is pending:", &report.out_of_order);
    list("Notes:", &report.remarks);
    if let Some(next) = next_command(report) {
        text += &format!("\n\nNext: {}", next.bold());
    }
    text
}

fn headline(report: &StatusReport) -> String {
    let applied =
        format!("{} of {} applied", report.applied.len(), count(report.in_folder, "migration"));
    match report.state {
        StatusState::UpToDate if report.in_folder == 0 => {
            "Nothing here: no migration in the folder, no history".to_owned()
        }
        StatusState::UpToDate => format!("{} {applied}", "Up to date:".green().bold()),
        StatusState::Pending => format!("{} {applied}", "Behind:".yellow().bold()),
        StatusState::Unmanaged => format!(
            "{} {} and no history; which migrations are in effect is not known yet",
            "Unmanaged:".yellow().bold(),
            count(report.unmanaged_objects.unwrap_or(0), "object"),
        ),
        StatusState::MissingFromFolder => format!(
            "{} the history knows migrations that the folder does not",
            "Folder behind:".yellow().bold()
        ),
        StatusState::Diverged => format!(
            "{} history and folder each hold migrations that the other does not",
            "Diverged:".red().bold()
        ),
        StatusState::Failed => format!("{} {applied}", "Failed:".red().bold()),
    }
}

fn next_command(report: &StatusReport) -> Option<String> {
    match report.state {
        StatusState::Failed if report.failed.iter().all(|f| f.heals) => {
            Some("underpin deploy   (when the cause is gone)".to_owned())
        }
        StatusState::Failed => {
            let name = &report.failed.first()?.name;
            Some(format!(
                "underpin resolve --rolled-back {0}   (if undone), or --applied {0}   (if in effect)",
                inert(name)
            ))
        }
        StatusState::Pending => Some("underpin deploy".to_owned()),
        StatusState::Unmanaged => Some("underpin deploy --dry-run".to_owned()),
        _ => None,
    }
}

/// Equal, or what differs.
pub(crate) fn render_verify(report: &VerifyReport) -> String {
    if report.equal {
        return format!(
            "{} all {} facts are what {} make of an empty database",
            "Equal:".green().bold(),
            report.facts,
            count(report.applied, "recorded migration"),
        );
    }
    let mut text = format!(
        "{} the live catalog is not what {} imply: {}",
        "Different:".red().bold(),
        count(report.applied, "recorded migration"),
        count(report.differences, "difference"),
    );
    for line in &report.lines {
        text += &format!("\n  {}", inert(line));
    }
    text
}

/// What was recorded.
pub(crate) fn render_resolve(report: &ResolveReport) -> String {
    let word = report.recorded_as.replace('_', " ");
    if report.dry_run {
        return format!(
            "Would record {} as {word}; nothing was changed.",
            inert(&report.migration)
        );
    }
    format!("Migration {} marked as {word}.", inert(&report.migration))
}

/// What is recorded, what waits, what is open, and the next command.
pub(crate) fn render_baseline(report: &BaselineReport) -> String {
    let (recorded, open) = (report.recorded.len(), report.open.len());
    let assumed = report.recorded.iter().filter(|r| r.assumed.is_some()).count();
    let assumed = if assumed == 0 { String::new() } else { format!(", {assumed} of them assumed") };
    let mut text = match report.dry_run {
        true => {
            format!("Would record {}{assumed}; nothing was changed.", count(recorded, "migration"))
        }
        false if recorded == 0 => "Nothing to record.".to_owned(),
        false => format!("{} {} recorded{assumed}", "Done:".bold(), count(recorded, "migration")),
    };
    if report.already > 0 {
        text += &format!(" {} already recorded.", are(report.already, "migration"));
    }
    for one in &report.recorded {
        let why = one.assumed.as_ref().map(|why| format!(" (assumed: {why})")).unwrap_or_default();
        text += &format!("\n  baseline  {}{}", inert(&one.migration), inert(&why));
    }
    for name in &report.pending {
        text += &format!("\n  pending   {}", inert(name));
    }
    for one in &report.open {
        let why = match &one.decision {
            Decision::Ask { why } | Decision::Refuse { why } => format!(": {why}"),
            Decision::Complete { statements, .. } => {
                format!(": {} missing", count(statements.len(), "statement"))
            }
            _ => String::new(),
        };
        text += &format!("\n  open      {}: {}{}", inert(&one.migration), one.verdict, inert(&why));
        for choice in &one.choices {
            text += &format!("\n              {}", inert(choice));
        }
    }
    if !report.proven && report.open.is_empty() {
        text += &format!("\n\n{}", "Not proven:".red().bold());
        for failure in &report.failures {
            text += &format!("\n  {}", inert(failure));
        }
    }
    if !report.reconciling.is_empty() {
        text += "\n\nTo bring what differs to what the folder makes (read it first; it is never run by itself):";
        for line in &report.reconciling {
            text += &format!("\n  {}", inert(line));
        }
    }
    let next = match (&report.run, report.dry_run) {
        (Some(run), _) => format!("\n\nTo undo it: underpin baseline --undo {run}"),
        (None, true) if recorded > 0 && open == 0 => {
            format!("\n\nNext: {}", "underpin baseline --apply".bold())
        }
        (None, true) if recorded > 0 => {
            format!("\n\nNext: {}", "underpin baseline --apply --partly".bold())
        }
        _ => String::new(),
    };
    text + &next
}

/// What was taken out of the history again.
pub(crate) fn render_undo(report: &UndoReport) -> String {
    let word = if report.dry_run { "Would remove" } else { "Removed" };
    let mut text = format!(
        "{word} the baseline of {} from the history; nothing else {} touched.",
        count(report.removed.len(), "migration"),
        if report.dry_run { "would be" } else { "was" }
    );
    for name in &report.removed {
        text += &format!("\n  {}", inert(name));
    }
    text
}
