//! The history for a person: a paragraph per run, newest last; and as a page.

use owo_colors::OwoColorize as _;
use underpin_core::engine::{Deed, HistoryReport, OtherRow, RunOutcome, RunRecord};

use super::html::{self, escaped};
use super::{count, inert, size, span};

/// Rows of others that are shown.
const OTHERS_SHOWN: usize = 5;

/// For a terminal.
pub(crate) fn human(report: &HistoryReport) -> String {
    let mut text = String::new();
    if report.older > 0 {
        text += &format!("… {} before these (--runs)\n\n", count(report.older, "run"));
    }
    for run in &report.runs {
        text += &format!("{}\n\n", of_run(run));
    }
    if report.runs.is_empty() {
        text += "No run of Underpin is recorded in this database.\n\n";
    }
    text += &others(&report.others);
    text += &backups(report);
    text += &match report.broken_at {
        Some(entry) => format!(
            "Journal: {} entry {entry} does not follow from the one before it",
            "changed by hand:".red().bold()
        ),
        None if report.runs.is_empty() => String::new(),
        None => "Journal: every entry follows from the one before it".to_owned(),
    };
    text
}

fn of_run(run: &RunRecord) -> String {
    let word = outcome(run.outcome);
    let word = match run.outcome {
        RunOutcome::Done => word.green().to_string(),
        _ => word.red().bold().to_string(),
    };
    let mut text = format!("{}  {word}  run {}", inert(&run.began).bold(), inert(&run.run));
    for deed in &run.deeds {
        let (verb, words) = told(deed);
        text += &format!("\n  {verb:<14}{}", inert(&words));
    }
    if run.deeds.is_empty() {
        text += "\n  (nothing)";
    }
    text
}

fn outcome(outcome: RunOutcome) -> &'static str {
    match outcome {
        RunOutcome::Done => "done",
        RunOutcome::Failed => "failed, nothing of it in effect",
        RunOutcome::StoppedPartWay => "stopped part-way",
        RunOutcome::NotVerified => "not verified",
        RunOutcome::NoOutcome => "killed, or under way",
    }
}

/// What was done, and to what.
fn told(deed: &Deed) -> (String, String) {
    let verb = match deed.what.as_str() {
        "lease_taken" => "took over",
        "migration_done" => "applied",
        "migration_undone" => "undone",
        "migration_stopped" => "stopped",
        "migration_unclear" => "unclear",
        "baseline_undone" => "undone",
        "history_created" => "made",
        "verify_failed" => "not verified",
        other => other,
    };
    let detail = match deed.what.as_str() {
        "history_created" => Some("the history table".to_owned()),
        "baseline_undone" => deed.detail.as_ref().map(|run| format!("the baseline of run {run}")),
        "resolved" => deed.detail.as_ref().map(|word| word.replace('_', " ")),
        _ => deed.detail.clone(),
    };
    let parts: Vec<String> =
        [deed.migration.clone(), detail, deed.duration.map(|d| format!("({})", span(d)))]
            .into_iter()
            .flatten()
            .collect();
    (verb.replace('_', " "), parts.join(" "))
}

fn others(rows: &[OtherRow]) -> String {
    let Some((last, _)) = rows.split_last() else { return String::new() };
    let mut text = format!(
        "Recorded by Prisma or by hand: {}, the newest {} at {}",
        count(rows.len(), "row"),
        inert(&last.migration),
        inert(&last.started_at)
    );
    let open: Vec<&OtherRow> = rows.iter().filter(|row| row.state != "applied").collect();
    for row in open.iter().rev().take(OTHERS_SHOWN) {
        let word = row.state.replace('_', " ");
        text += &format!("\n  {word:<14}{} at {}", inert(&row.migration), inert(&row.started_at));
    }
    text + "\n"
}

fn backups(report: &HistoryReport) -> String {
    let list = &report.backups;
    let Some(last) = list.backups.last() else {
        return format!("Backups: none in {}\n", inert(&list.folder));
    };
    let about = match (&last.backup, &last.fault) {
        (Some(backup), None) => format!("{}, {}", backup.word, size(backup.bytes)),
        _ => "not usable".to_owned(),
    };
    format!("Backups: {}, the newest {} ({about})\n", list.backups.len(), inert(&last.name))
}

/// One page.
pub(crate) fn page(report: &HistoryReport) -> String {
    let mut body = format!("<h1>What was done to {}</h1>\n", escaped(&report.database));
    body += &match report.broken_at {
        Some(entry) => format!(
            "<p><span class=\"tag bad\">the journal was changed by hand</span> entry {entry} does not follow from the one before it</p>\n"
        ),
        None => {
            "<p class=\"soft\">Every entry of the journal follows from the one before it.</p>\n"
                .to_owned()
        }
    };
    if report.older > 0 {
        body += &format!(
            "<p class=\"soft\">{} before these are not shown.</p>\n",
            count(report.older, "run")
        );
    }
    body += "<h2>Runs</h2>\n<figure><table>\n<thead><tr><th>began (UTC)</th><th>outcome</th><th>what</th></tr></thead>\n<tbody>\n";
    for run in report.runs.iter().rev() {
        let class = if run.outcome == RunOutcome::Done { "good" } else { "bad" };
        let deeds: String = run
            .deeds
            .iter()
            .map(told)
            .map(|(verb, words)| format!("<p><b>{}</b> {}</p>", escaped(&verb), escaped(&words)))
            .collect();
        body += &format!(
            "<tr><td>{}<p class=\"soft\"><code>{}</code></p></td><td><span class=\"tag {class}\">{}</span></td><td>{deeds}</td></tr>\n",
            escaped(&run.began),
            escaped(&run.run),
            outcome(run.outcome)
        );
    }
    body += "</tbody></table></figure>\n";
    body += &table(
        "Recorded by Prisma or by hand",
        ["migration", "started (UTC)", "state"],
        report.others.iter().rev().map(|row| {
            [row.migration.clone(), row.started_at.clone(), row.state.replace('_', " ")]
        }),
    );
    body += &table(
        "Backups",
        ["name", "proof", "size"],
        report.backups.backups.iter().rev().map(|entry| match (&entry.backup, &entry.fault) {
            (Some(backup), None) => [
                entry.name.clone(),
                backup.level.map_or_else(
                    || backup.word.to_owned(),
                    |level| format!("level {level}, {}", backup.word),
                ),
                size(backup.bytes),
            ],
            (_, fault) => [entry.name.clone(), fault.clone().unwrap_or_default(), String::new()],
        }),
    );
    html::page(&format!("what was done to {}", report.database), &body)
}

fn table(title: &str, head: [&str; 3], rows: impl Iterator<Item = [String; 3]>) -> String {
    let rows: String = rows
        .map(|row| {
            let cells: String = row.iter().map(|c| format!("<td>{}</td>", escaped(c))).collect();
            format!("<tr>{cells}</tr>\n")
        })
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    let head: String = head.iter().map(|h| format!("<th>{h}</th>")).collect();
    format!(
        "<h2>{title}</h2>\n<figure><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody></table></figure>\n"
    )
}
