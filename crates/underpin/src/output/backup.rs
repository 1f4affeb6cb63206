//! Backups for a person.

use owo_colors::OwoColorize as _;
use underpin_core::backup::remote::Copied;
use underpin_core::backup::{Answer, Claim, Swapped};
use underpin_core::engine::{BackupEntry, BackupListReport, BackupReport, Place, PruneReport};

use super::{count, inert, span};

/// Tables of a loss preview that are shown.
const TABLES_SHOWN: usize = 10;

/// `17 kB`, `1.2 MB`.
pub(crate) fn size(bytes: u64) -> String {
    #[allow(clippy::cast_precision_loss)] // Two digits are shown.
    let number = bytes as f64;
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.0} kB", number / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", number / 1e6),
        _ => format!("{:.2} GB", number / 1e9),
    }
}

/// One backup.
pub(crate) fn render_backup(report: &BackupReport) -> String {
    let level = match report.level {
        Some(level) => format!("level {level}, {}", report.word),
        None => report.word.to_owned(),
    };
    let level = match (report.short, report.level) {
        (false, Some(_)) => level.green().bold().to_string(),
        _ => level.red().bold().to_string(),
    };
    let mut text = format!(
        "{}  {level}\n  {} in {}, {} ({})\n  {}",
        inert(&report.name).bold(),
        count(usize::try_from(report.rows).unwrap_or(usize::MAX), "row"),
        count(report.tables, "table"),
        size(report.bytes),
        span(report.duration),
        inert(&report.folder)
    );
    if report.encrypted {
        text += "\n  encrypted";
    }
    if let Some(to) = &report.copied_to {
        text += &format!("\n  copied to {}", inert(to));
    }
    if let Some(recovery) = &report.recovery {
        text += &format!(
            "\n  restored in {} at {} a second, proven in {}",
            span(std::time::Duration::from_millis(recovery.restore_ms)),
            size(recovery.bytes_per_second),
            span(std::time::Duration::from_millis(recovery.proof_ms))
        );
    }
    for unchecked in &report.unchecked {
        text += &format!("\n  {} {}", "not checked:".yellow(), inert(unchecked));
    }
    if report.short {
        text += "\n  The level that was asked for is not reached.";
    }
    text
}

/// A copy in the object store.
pub(crate) fn render_copied(report: &Copied) -> String {
    let there = match report.kept {
        0 => String::new(),
        kept => format!(", {} there already", count(kept, "file")),
    };
    format!(
        "{}  {} {}\n  {} sent ({}){there}",
        inert(&report.name).bold(),
        "copied to".green().bold(),
        inert(&report.to),
        count(report.sent, "file"),
        size(report.sent_bytes)
    )
}

/// Where a backup is, in a list.
fn place(entry: &BackupEntry) -> String {
    let fault = entry.fault_there.as_ref().map_or_else(String::new, |fault| {
        format!(", {} {}", "not usable there:".red(), inert(fault))
    });
    entry.place.map_or_else(String::new, |place| format!("  {}{fault}", place_word(place)))
}

fn place_word(place: Place) -> &'static str {
    match place {
        Place::Here => "here",
        Place::There => "there",
        Place::Both => "both",
    }
}

/// All, newest last.
pub(crate) fn render_backups(report: &BackupListReport) -> String {
    if report.backups.is_empty() && report.claims.is_empty() {
        let or = report.copy_to.as_ref().map(|to| format!(" or {}", inert(to)));
        return format!(
            "No backup in {}{}\n\nNext: {}",
            inert(&report.folder),
            or.unwrap_or_default(),
            "underpin backup create".bold()
        );
    }
    let names = report.backups.iter().map(|b| &b.name).chain(report.claims.iter().map(|c| &c.name));
    let width = names.map(String::len).max().unwrap_or(0);
    let mut text = String::new();
    for entry in &report.backups {
        let name = format!("{:<width$}", inert(&entry.name));
        let pin = if entry.pinned { "  pinned" } else { "" };
        let tags = match entry.tags.is_empty() {
            true => String::new(),
            false => format!("  [{}]", inert(&entry.tags.join(", "))),
        };
        text += &match (&entry.backup, &entry.fault) {
            (_, Some(fault)) => {
                format!("{name}  {} {}{}\n", "not usable:".red(), inert(fault), place(entry))
            }
            (Some(backup), None) => format!(
                "{name}  {}  {:>9}{}{}{pin}{tags}\n",
                backup.level.map_or_else(String::new, |l| format!("{l} {:<9}", backup.word)),
                size(backup.bytes),
                if backup.encrypted { "  encrypted" } else { "" },
                place(entry)
            ),
            (None, None) => format!("{name}\n"),
        };
    }
    for entry in &report.claims {
        let name = format!("{:<width$}", inert(&entry.name));
        text += &match (&entry.claim, &entry.fault) {
            (Some(claim), None) => format!(
                "{name}  {} {} {} of {}, says {}\n",
                "claimed".yellow(),
                claim.kind.word(),
                inert(&claim.id),
                claim.at,
                inert(&claim.by)
            ),
            (_, fault) => {
                let fault = fault.as_deref().unwrap_or_default();
                format!("{name}  {} {}\n", "not usable:".red(), inert(fault))
            }
        };
    }
    if let Some(to) = &report.copy_to {
        text += &format!("Here is {}, there is {}\n", inert(&report.folder), inert(to));
    }
    text
}

/// Evidence that was recorded, and what the server said of it.
pub(crate) fn render_claim(claim: &Claim) -> String {
    let mut text = format!(
        "{}  {}\n  {} {} of {}{}, says {}",
        inert(&claim.name).bold(),
        "claimed, not proven".yellow().bold(),
        claim.kind.word(),
        inert(&claim.id),
        claim.at,
        claim.lsn.map(|lsn| format!(", WAL position {lsn}")).unwrap_or_default(),
        inert(&claim.by)
    );
    if let Some(note) = &claim.note {
        text += &format!("\n  {}", inert(note));
    }
    for look in &claim.looks {
        let word = match look.answer {
            Answer::Agrees => "the server agrees:".green().to_string(),
            Answer::Unknown => "not known:".yellow().to_string(),
            Answer::Contradicts => "contradicted:".red().to_string(),
        };
        text += &format!("\n  {word} {}", inert(&look.words));
    }
    text
}

/// What a restore did, and what went.
pub(crate) fn render_restore(report: &Swapped) -> String {
    let changes = report.loss.changes();
    let mut text = if report.dry_run {
        format!(
            "Would restore {} as the database {}; nothing was changed.",
            inert(&report.backup),
            inert(&report.database)
        )
    } else {
        format!(
            "{} {} is {} again: {} in {}, every digest equal ({:.2} s, {} ms without the database)",
            "Done:".bold(),
            inert(&report.database),
            inert(&report.backup),
            count(usize::try_from(report.rows).unwrap_or(usize::MAX), "row"),
            count(report.tables, "table"),
            std::time::Duration::from_millis(report.milliseconds).as_secs_f64(),
            report.swap_milliseconds
        )
    };
    let word = if report.dry_run { "would be lost" } else { "are not in it any more" };
    if report.loss.tables.is_empty() {
        text += &format!("\nNothing was written since {}.", report.loss.since);
    } else {
        text += &format!(
            "\nAbout {changes} row changes in {} since {} {word}:",
            count(report.loss.tables.len(), "table"),
            report.loss.since
        );
    }
    for table in report.loss.tables.iter().take(TABLES_SHOWN) {
        let changes = match table.changes {
            Some(changes) => changes.to_string(),
            None => "an unknown number (its statistics were reset)".to_owned(),
        };
        let new = if table.is_new { ", a new table" } else { "" };
        text += &format!("\n  {}: {changes}{new}", inert(&table.table));
    }
    if report.loss.tables.len() > TABLES_SHOWN {
        text += &format!("\n  … and {} more", report.loss.tables.len() - TABLES_SHOWN);
    }
    if let Some(kept) = &report.kept_as {
        text += &format!(
            "\nThe old database is kept as {}; when it is not needed: {}",
            inert(kept).bold(),
            format!("DROP DATABASE \"{}\"", inert(kept)).bold()
        );
    }
    text
}

/// What went and what stays, with the reasons.
pub(crate) fn render_prune(report: &PruneReport) -> String {
    let gone = report.verdicts.iter().filter(|verdict| !verdict.keep).count();
    let word = if report.dry_run { "Would remove" } else { "Removed" };
    let there = report.freed_bytes_there.map(|bytes| format!(" here, {} there", size(bytes)));
    let mut text = format!(
        "{word} {} ({}{}), {} stay.",
        count(gone, "backup"),
        size(report.freed_bytes),
        there.unwrap_or_default(),
        report.verdicts.len() - gone
    );
    for verdict in &report.verdicts {
        let word = if verdict.keep { "keep  " } else { "remove" };
        let mut why = verdict.why.clone();
        why.dedup();
        let place = report.places.get(&verdict.name).copied().map(place_word);
        let place = place.map_or_else(String::new, |word| format!("{word:<5}  "));
        text += &format!("\n  {word}  {place}{}: {}", inert(&verdict.name), why.join(", "));
    }
    for archived in &report.archived {
        let from = size(archived.from_bytes);
        text += &match (archived.bytes, &archived.kept_because) {
            (_, Some(why)) => {
                format!("\n  as it is  {}: not archived: {}", inert(&archived.name), inert(why))
            }
            (Some(bytes), None) => format!(
                "\n  archived  {}: {from}, now {}, every row decoded again",
                inert(&archived.name),
                size(bytes)
            ),
            (None, None) => format!(
                "\n  archive   {}: {} days older than the newest, {from}",
                inert(&archived.name),
                report.after_days
            ),
        };
    }
    text
}
