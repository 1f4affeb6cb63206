//! Renderings of events, reports and errors. Text is one rendering; nothing here decides.
//!
//! Streams: results on stdout, everything else on stderr. Every text from outside (names, server
//! messages) passes [`inert`] before it reaches a terminal.

mod backup;
pub(crate) mod checklist;
mod error;
mod evidence;
pub(crate) mod history;
pub(crate) mod html;
mod human;
mod json;
pub(crate) mod lint;
mod log;
pub(crate) mod notes;
pub(crate) mod plan;
mod progress;
pub(crate) mod rehearsal;
mod report;

use std::time::Duration;

use underpin_core::Error;
use underpin_core::event::{Event, EventSink};

pub(crate) use backup::{
    render_backup, render_backups, render_claim, render_copied, render_prune, render_restore, size,
};
pub(crate) use error::{facts as error_facts, render as render_error};
pub(crate) use evidence::{StatusWithEvidence, render_evidence};
pub(crate) use report::{
    deploy_summary, render_baseline, render_resolve, render_status, render_undo, render_verify,
};

use crate::args::{Color, Global, Output};

/// Where a run's words go.
pub(crate) struct Printer {
    form: Output,
    quiet: bool,
    bar: bool,
}

impl Printer {
    pub(crate) fn new(global: &Global) -> Self {
        match global.color {
            Color::Always => anstream::ColorChoice::Always.write_global(),
            Color::Never => anstream::ColorChoice::Never.write_global(),
            Color::Auto => {}
        }
        let form = if global.json { Output::Json } else { global.output };
        let bar = !global.no_progress && !global.quiet && progress::can_be_drawn();
        Self { form, quiet: global.quiet, bar }
    }

    /// The form.
    pub(crate) fn form(&self) -> Output {
        self.form
    }

    /// Whether the form is one of findings.
    pub(crate) fn only_findings(&self) -> bool {
        !matches!(self.form, Output::Human | Output::Json | Output::Ndjson | Output::Log)
    }

    /// A sink for the run's events.
    pub(crate) fn sink(&self) -> Box<dyn EventSink> {
        match self.form {
            Output::Human => Box::new(human::Lines::new(self.quiet, self.bar)),
            Output::Json => Box::new(underpin_core::event::Silent),
            Output::Ndjson => Box::new(json::Ndjson::new()),
            Output::Log => Box::new(log::Lines),
            _ => Box::new(underpin_core::event::Silent),
        }
    }

    /// The result, for a person or a program.
    pub(crate) fn result<T: serde::Serialize>(
        &self,
        schema: &str,
        report: &T,
        human: impl FnOnce() -> String,
    ) {
        match self.form {
            Output::Human => out(&human()),
            Output::Json => out(&json::document(schema, report)),
            Output::Ndjson => out(&json::line(schema, report)),
            Output::Log => {
                for line in human().lines() {
                    out(&log::line(&strip(line)));
                }
            }
            _ => out(&human()),
        }
    }

    /// An error that ended the run.
    pub(crate) fn error(&self, error: &Error) {
        match self.form {
            Output::Json => {
                out(&json::document("underpin/error@1", &json::Failure { error }));
                err(&render_error(error));
            }
            Output::Ndjson => out(&json::line("underpin/error@1", &json::Failure { error })),
            Output::Log => {
                for line in strip(&render_error(error)).lines().filter(|l| !l.trim().is_empty()) {
                    out(&log::line(line));
                }
            }
            _ => err(&render_error(error)),
        }
    }
}

/// One line or block to stdout. A closed pipe is not our failure.
pub(crate) fn out(text: &str) {
    use std::io::Write as _;
    let mut stream = anstream::stdout().lock();
    let _closed = writeln!(stream, "{}", text.trim_end_matches('\n'));
}

/// One line or block to stderr.
pub(crate) fn err(text: &str) {
    use std::io::Write as _;
    let mut stream = anstream::stderr().lock();
    let _closed = writeln!(stream, "{}", text.trim_end_matches('\n'));
}

fn strip(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

/// Text from outside without control characters, so that it cannot drive a terminal, and without
/// those that turn the direction of writing, so that it reads as it is.
pub(crate) fn inert(text: &str) -> String {
    let turns = |c| matches!(c, '\u{200e}' | '\u{200f}' | '\u{feff}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars()
        .map(|c| if c.is_control() && c != '\n' && c != '\t' || turns(c) { '\u{fffd}' } else { c })
        .collect()
}

/// `8 ms`, `1.24 s`, `3 min 5 s`.
pub(crate) fn span(duration: Duration) -> String {
    let ms = duration.as_secs_f64() * 1000.0;
    match duration.as_secs() {
        _ if ms < 10.0 => format!("{ms:.1} ms"),
        0 => format!("{ms:.0} ms"),
        s if s < 100 => format!("{:.2} s", duration.as_secs_f64()),
        s => format!("{} min {} s", s / 60, s % 60),
    }
}

/// `1 migration`, `2 migrations`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// The words of an event that the line-based renderings share: verb, text, duration.
pub(crate) fn words(event: &Event) -> Option<(&'static str, String, Option<Duration>)> {
    Some(match event {
        Event::Connected { address, database, schema, version, duration } => {
            let schema =
                if schema == "public" { String::new() } else { format!(", schema {schema}") };
            (
                "Connected",
                format!("{database} on {address}, PostgreSQL {version}{schema}"),
                Some(*duration),
            )
        }
        Event::ServerAwaited { reason } => ("Waiting", format!("for the server: {reason}"), None),
        Event::Repaired { migration, why, pending_again } => {
            let again = if *pending_again { "; it waits again" } else { "" };
            ("Repaired", format!("{migration}: {why}{again}"), None)
        }
        Event::Approved { by, note } => {
            let note = note.as_ref().map(|note| format!(": {note}")).unwrap_or_default();
            ("Approved", format!("by {by}{note}"), None)
        }
        Event::ApplicationStarts { program, despite: None } => ("Starting", program.clone(), None),
        Event::ApplicationStarts { program, despite: Some(code) } => (
            "Starting",
            format!("{program}, in spite of {code}: on_failure = \"start-anyway\""),
            None,
        ),
        Event::ApplicationHeld { program, next } => {
            ("Not started", format!("{program}: {next}"), None)
        }
        Event::DatabaseCreated { database, address } => {
            ("Created", format!("database {database} on {address}"), None)
        }
        Event::FolderRead { path, migrations, .. } => {
            ("Folder", format!("{} in {path}", count(*migrations, "migration")), None)
        }
        Event::HistoryRead { exists: false, .. } => {
            ("History", "none: this database has never been tracked".to_owned(), None)
        }
        Event::HistoryRead { applied, pending, .. } => {
            ("History", format!("{applied} applied, {pending} pending"), None)
        }
        Event::ScratchReady { engine, duration, .. } => {
            ("Scratch", engine.clone(), Some(*duration))
        }
        Event::Replayed { migrations, cached, facts, duration } => {
            let cached = if *cached == *migrations { ", from the cache" } else { "" };
            (
                "Replayed",
                format!("{}, {facts} catalog facts{cached}", count(*migrations, "migration")),
                Some(*duration),
            )
        }
        Event::Proven { in_effect, of, facts, .. } => (
            "Proven",
            format!(
                "the first {in_effect} of {of} are in effect: all {facts} facts of the live catalog are equal"
            ),
            None,
        ),
        Event::Explained { in_effect, assumed, missing, of, facts } => {
            let assumed = match assumed.len() {
                0 => String::new(),
                n => format!(", {n} assumed"),
            };
            (
                "Proven",
                format!(
                    "{in_effect} of {of} are in effect{assumed}, {} to run: replayed, they give the live catalog ({facts} facts) and then the folder's end",
                    missing.len()
                ),
                None,
            )
        }
        Event::LockWaiting { holder } => {
            ("Waiting", format!("another process migrates this database: {holder}"), None)
        }
        Event::LockAcquired { waited } if waited.as_millis() >= 100 => {
            ("Lock", "acquired".to_owned(), Some(*waited))
        }
        Event::Baselined { migrations } => {
            let names = match migrations.as_slice() {
                [only] => only.clone(),
                [first, .., last] => format!("{first} … {last}"),
                [] => String::new(),
            };
            ("Baselined", format!("{}: {names}", count(migrations.len(), "migration")), None)
        }
        Event::MigrationStarted { name, number, of } => {
            ("Applying", format!("{name} ({number} of {of})"), None)
        }
        Event::ServerNotice { severity, message, .. } => {
            ("Server", format!("{}: {message}", severity.to_lowercase()), None)
        }
        Event::TookOver { run } => {
            ("Took over", format!("from run {run}, which was left behind by its process"), None)
        }
        Event::Degraded { what } => ("Degraded", what.clone(), None),
        Event::Healed { migration } => {
            ("Healed", format!("{migration}: its failed attempt left nothing behind"), None)
        }
        Event::Resumed { migration, done, of } => {
            ("Resuming", format!("{migration}: {done} of {of} statements are in effect"), None)
        }
        Event::Completing { migration, in_effect, of } => (
            "Completing",
            format!("{migration}: {in_effect} of {of} statements are in effect and stay"),
            None,
        ),
        Event::BaselineUndone { migrations } => {
            ("Undone", format!("the baseline of {}", count(migrations.len(), "migration")), None)
        }
        Event::ConnectionRestored { migration, committed } => {
            let found = if *committed { "it had been committed" } else { "it had been undone" };
            ("Reconnected", format!("{migration}: {found}"), None)
        }
        Event::MigrationApplied { name, statements, one_transaction, duration } => {
            let how = if *one_transaction { "one transaction" } else { "one by one" };
            (
                "Applied",
                format!("{name} ({}, {how})", count(*statements, "statement")),
                Some(*duration),
            )
        }
        Event::Verified { facts, known_drift: 0, .. } => {
            ("Verified", format!("all {facts} facts equal what the folder implies"), None)
        }
        Event::Verified { facts, known_drift, .. } => (
            "Verified",
            format!(
                "{facts} facts; known drift from before this run: {}",
                count(*known_drift, "difference")
            ),
            None,
        ),
        Event::NotVerified { reason } => {
            ("Unverified", format!("the final catalog was not compared: {reason}"), None)
        }
        Event::Resolved { name, r#as: word } => {
            ("Resolved", format!("{name} is recorded as {}", word.replace('_', " ")), None)
        }
        Event::CopyReady { from, rows, bytes, engine, duration } => (
            "Copy",
            format!("from {from}: about {rows} rows, {} ({engine})", size(*bytes)),
            Some(*duration),
        ),
        Event::BackupPhase { phase: phase @ ("catalog" | "sample") } => {
            ("Copy", format!("{phase} …"), None)
        }
        Event::BackupPhase { phase } => ("Backup", format!("{phase} …"), None),
        Event::BackupProgress { phase, bytes, of } => {
            let of = of.map(|of| format!(" of about {}", size(of))).unwrap_or_default();
            ("Backup", format!("{phase}: {}{of}", size(*bytes)), None)
        }
        Event::BackupProven { level, word, evidence } => {
            ("Proven", format!("level {level}, {word}: {evidence}"), None)
        }
        Event::Warning { .. }
        | Event::ReplayProgress { .. }
        | Event::BackupTables { .. }
        | Event::LockAcquired { .. }
        | Event::Finished { .. }
        | Event::Failed { .. } => return None,
    })
}
