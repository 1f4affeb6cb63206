//! A rehearsal for a person, as a comment for a pull request, and as a page.

use owo_colors::OwoColorize as _;
use underpin_core::engine::RehearsalReport;
use underpin_core::rehearse::{Failure, MeasuredMigration, MeasuredStatement, Record};

use super::html::{self, escaped};
use super::{count, inert, lint, size, span};

/// The whole report: the verdict, then each migration, then what it cannot show.
pub(crate) fn human(report: &RehearsalReport) -> String {
    let Some(record) = &report.record else {
        return "Nothing to rehearse: no migration is pending".to_owned();
    };
    let mut text = headline(report, record);
    for migration in &record.migrations {
        text += &format!("\n\n{}", one(migration));
    }
    if let Some(failure) = &record.failure {
        text += &format!("\n\n{}", failed(failure));
    }
    if !record.invalid_indexes.is_empty() {
        let names = record.invalid_indexes.join(", ");
        text += &format!("\n\n{} {}", "Invalid indexes:".red(), inert(&names));
    }
    text += "\n\nThis copy cannot show:";
    for line in &record.copy.cannot_show {
        text += &format!("\n  {}", inert(line));
    }
    if let Some(kept) = &report.kept_as {
        text += &format!("\n\nKept for `underpin plan`: {}", inert(kept));
    }
    text
}

fn headline(report: &RehearsalReport, record: &Record) -> String {
    let of = match &record.copy.backup {
        Some(name) => format!("backup {}", inert(name)),
        None => format!("{} of the live database", record.copy.from.word()),
    };
    let verdict = match (report.passed, record.verified) {
        (true, true) => {
            format!("{} {} on a copy, verified", "Rehearsed:".green().bold(), ran(record))
        }
        (true, false) => {
            let why = record.not_verified_because.as_deref().unwrap_or("nothing to compare");
            format!(
                "{} {} on a copy; the final catalog was not compared: {}",
                "Rehearsed:".yellow().bold(),
                ran(record),
                inert(why)
            )
        }
        (false, _) => format!("{} on a copy; the database was only read", "Failed:".red().bold()),
    };
    format!(
        "{verdict}\n  {of}, {} as of {} ({})",
        size(record.copy.bytes),
        inert(&record.copy.taken_at),
        span(report.duration)
    )
}

fn ran(record: &Record) -> String {
    count(record.subject.pending.len(), "migration")
}

fn one(migration: &MeasuredMigration) -> String {
    let took = match migration.milliseconds {
        Some(ms) => milliseconds(ms),
        None if migration.statements.is_empty() => "not reached".to_owned(),
        None => "failed".red().to_string(),
    };
    let mut text = format!("{}  {took}", inert(&migration.name).bold());
    for statement in &migration.statements {
        text += &format!(
            "\n  line {:<4} {:<24} {:>9}",
            statement.line,
            inert(&statement.tag),
            milliseconds(statement.milliseconds)
        );
        for fact in facts(statement) {
            text += &format!("\n             {}", inert(&fact));
        }
    }
    text
}

/// What is worth saying of a statement, each on a line.
fn facts(statement: &MeasuredStatement) -> Vec<String> {
    let mut facts = Vec::new();
    if let Some(state) = &statement.failed {
        facts.push(format!("failed with SQLSTATE {state}"));
    }
    let seen = if statement.locks_sampled { " (seen from beside)" } else { "" };
    let locks = statement.locks.iter().map(|lock| format!("{} on {}", lock.mode, lock.relation));
    facts.extend(locks.map(|lock| format!("{lock}{seen}")));
    for (word, list) in [
        ("new files of", &statement.rewritten),
        ("built", &statement.built),
        ("invalid since:", &statement.invalid_indexes),
    ] {
        if !list.is_empty() {
            facts.push(format!("{word} {}", list.join(", ")));
        }
    }
    let rows = statement.rows.filter(|rows| *rows > 0).map(|rows| format!("{rows} rows changed"));
    let wal = (statement.wal_bytes > 0).then(|| format!("{} of log", size(statement.wal_bytes)));
    let temp = (statement.temp_bytes > 0)
        .then(|| format!("{} of temporary files", size(statement.temp_bytes)));
    let figures: Vec<String> = [rows, wal, temp].into_iter().flatten().collect();
    if !figures.is_empty() {
        facts.push(figures.join(", "));
    }
    facts
}

fn failed(failure: &Failure) -> String {
    let mut text = format!("{}: {}", failure.code.red(), inert(&failure.message));
    for cause in failure.causes.iter().chain(&failure.details) {
        text += &format!("\n  {}", inert(cause));
    }
    if let Some(place) = &failure.place {
        text += &format!("\n  at {}", inert(place));
    }
    text
}

pub(crate) fn milliseconds(ms: f64) -> String {
    span(std::time::Duration::from_secs_f64(ms.max(0.0) / 1000.0))
}

/// A table of the statements, for a comment under a pull request.
pub(crate) fn markdown(report: &RehearsalReport) -> String {
    let Some(record) = &report.record else {
        return "Nothing to rehearse: no migration is pending.\n".to_owned();
    };
    let escaped = |text: &str| lint::markdown_escaped(text);
    let verdict = match &record.failure {
        None => "**Rehearsed**: everything ran on the copy.".to_owned(),
        Some(failure) => format!(
            "**Failed on the copy**: {} {}: {}",
            failure.code,
            escaped(&failure.message),
            escaped(&failure.causes.join("; "))
        ),
    };
    let mut text = format!(
        "{verdict} Copy from {}, {} as of {}.\n\n\
         | migration | line | statement | took | locks | new files | rows | log | temporary |\n\
         |---|---|---|---|---|---|---|---|---|\n",
        record.copy.from.word(),
        size(record.copy.bytes),
        record.copy.taken_at
    );
    for migration in &record.migrations {
        for statement in &migration.statements {
            let locks: Vec<String> =
                statement.locks.iter().map(|l| format!("{} {}", l.relation, l.mode)).collect();
            text += &format!(
                "| {} | {} | {} | {} | {} | {} | {} | {} | {} |\n",
                escaped(&migration.name),
                statement.line,
                escaped(&statement.tag),
                milliseconds(statement.milliseconds),
                escaped(&locks.join(", ")),
                escaped(&statement.rewritten.join(", ")),
                statement.rows.map_or_else(|| "?".to_owned(), |rows| rows.to_string()),
                size(statement.wal_bytes),
                size(statement.temp_bytes)
            );
        }
    }
    text += "\nThe copy cannot show:\n";
    for line in &record.copy.cannot_show {
        text += &format!("- {}\n", inert(line));
    }
    text
}

/// One page.
pub(crate) fn page(report: &RehearsalReport) -> String {
    let title = "rehearsal";
    let Some(record) = &report.record else {
        return html::page(title, "<p>Nothing to rehearse: no migration is pending.</p>\n");
    };
    let (class, word) = match (&record.failure, record.verified) {
        (Some(_), _) => ("bad", "failed on the copy"),
        (None, true) => ("good", "ran on the copy, and the final catalog is the expected one"),
        (None, false) => ("fair", "ran on the copy; the final catalog was not compared"),
    };
    let mut body = format!(
        "<h1>Rehearsal of {} for {}</h1>\n<p><span class=\"tag {class}\">{word}</span></p>\n",
        ran(record),
        escaped(&record.subject.database)
    );
    if let Some(why) = &record.not_verified_because {
        body += &format!("<p class=\"soft\">Not compared: {}</p>\n", escaped(why));
    }
    let copy = &record.copy;
    let of = copy.backup.as_ref().map_or_else(
        || format!("{} of the live database", copy.from.word()),
        |name| format!("backup {name}"),
    );
    body += &format!(
        "<dl><dt>copy</dt><dd>{}</dd><dt>holds</dt><dd>about {} rows, {}</dd><dt>as of</dt><dd>{}</dd>\
         <dt>server</dt><dd>{}</dd><dt>rehearsed</dt><dd>{}</dd></dl>\n",
        escaped(&of),
        copy.rows,
        size(copy.bytes),
        escaped(&copy.taken_at),
        escaped(&copy.engine),
        escaped(&record.at)
    );
    if let Some(failure) = &record.failure {
        let lines: String = failure
            .causes
            .iter()
            .chain(&failure.details)
            .chain(&failure.place)
            .map(|line| format!("<p>{}</p>", escaped(line)))
            .collect();
        body += &format!(
            "<div class=\"finding error\"><p><b>{}</b> {}</p>{lines}</div>\n",
            escaped(&failure.code),
            escaped(&failure.message)
        );
    }
    body += &record.migrations.iter().map(section).collect::<String>();
    if !record.invalid_indexes.is_empty() {
        let names = escaped(&record.invalid_indexes.join(", "));
        body += &format!("<h2>Invalid indexes at the end</h2>\n<p class=\"bad\">{names}</p>\n");
    }
    let lines = copy.cannot_show.iter().map(|line| format!("<li>{}</li>", escaped(line)));
    body += &format!("<h2>This copy cannot show</h2>\n<ul>{}</ul>\n", lines.collect::<String>());
    html::page(title, &body)
}

/// A migration on the page: its statements, each with its part of the time.
fn section(migration: &MeasuredMigration) -> String {
    let took = match migration.milliseconds {
        Some(ms) => milliseconds(ms),
        None if migration.statements.is_empty() => "not reached".to_owned(),
        None => "failed".to_owned(),
    };
    let head =
        format!("<h2>{} <span class=\"soft\">{took}</span></h2>\n", escaped(&migration.name));
    if migration.statements.is_empty() {
        return head;
    }
    let all: f64 = migration.statements.iter().map(|s| s.milliseconds.max(0.0)).sum();
    let rows: String = migration
        .statements
        .iter()
        .map(|statement| {
            let part = 100.0 * statement.milliseconds.max(0.0) / all.max(f64::MIN_POSITIVE);
            let facts: String =
                facts(statement).iter().map(|fact| format!("<p>{}</p>", escaped(fact))).collect();
            let class = if statement.failed.is_some() { " class=\"bad\"" } else { "" };
            format!(
                "<tr{class}><td>{}</td><td><code>{}</code></td><td>{}\
                 <div class=\"share\" style=\"width:{part:.0}%\"></div></td><td>{facts}</td></tr>\n",
                statement.line,
                escaped(&statement.tag),
                milliseconds(statement.milliseconds)
            )
        })
        .collect();
    format!(
        "{head}<figure><table>\n<thead><tr><th>line</th><th>statement</th><th>took</th><th>locks, files, rows</th></tr></thead>\n\
         <tbody>\n{rows}</tbody></table></figure>\n"
    )
}
