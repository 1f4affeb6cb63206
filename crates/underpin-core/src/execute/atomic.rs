//! A script that is one transaction, together with its history row and its journal entry.

use std::borrow::Cow;
use std::collections::BTreeSet;

use jiff::Timestamp;
use underpin_sql::Script;

use super::failure;
use super::link::{interrupted, jittered};
use super::observe::Moment;
use super::outcome::{self, OurTransaction, Outcome};
use super::{Exclusion, Executor, is_passing};
use crate::coordinate;
use crate::error::{Changed, Result};
use crate::event::{Event, EventSink};
use crate::journal::{Draft, Entry, Kind};
use crate::migrations::Migration;
use crate::postgres::{SqlError, identifier};

/// Lost connections that one migration survives.
const LOSSES_MAX: u32 = 3;

/// What opens the transaction, and the text inside with its place in the file.
pub(super) struct Frame<'a> {
    begin: &'a str,
    body: Cow<'a, str>,
    offset: usize,
    /// Statements of the script, by index, that are not in `body`.
    left_out: BTreeSet<usize>,
}

impl<'a> Frame<'a> {
    pub(super) fn ours(migration: &'a Migration) -> Self {
        let body = Cow::Borrowed(migration.script.as_str());
        Self { begin: "BEGIN", body, offset: 0, left_out: BTreeSet::new() }
    }

    /// The author's own `BEGIN` keeps its isolation level; the history row joins it.
    pub(super) fn authors(
        migration: &'a Migration,
        script: &Script,
        body: &std::ops::Range<usize>,
    ) -> Self {
        let text = &migration.script;
        let begin = &text[script.statements[0].span.clone()];
        let inside = &script.statements[body.clone()];
        let (body, offset) = match (inside.first(), inside.last()) {
            (Some(first), Some(last)) => (&text[first.span.start..last.span.end], first.span.start),
            _ => ("", 0),
        };
        Self { begin, body: Cow::Borrowed(body), offset, left_out: BTreeSet::new() }
    }

    /// The same without these statements. Blanks stand in their place, one for each character, so
    /// that the server's positions are still those of the file.
    pub(super) fn without(mut self, script: &Script, left_out: &BTreeSet<usize>) -> Self {
        let blank = |c: char| if c == '\n' { '\n' } else { ' ' };
        // From the end, so that the places of those before still hold.
        for index in left_out.iter().rev() {
            let Some(statement) = script.statements.get(*index) else { continue };
            let from = statement.span.start.checked_sub(self.offset);
            let to = statement.span.end.checked_sub(self.offset);
            let (Some(from), Some(to)) = (from, to.filter(|to| *to <= self.body.len())) else {
                continue;
            };
            let blanks: String = self.body[from..to].chars().map(blank).collect();
            self.body.to_mut().replace_range(from..to, &blanks);
        }
        self.left_out = left_out.clone();
        self
    }

    /// Whether the transaction is ours to leave away.
    fn is_ours(&self) -> bool {
        self.offset == 0 && self.begin == "BEGIN"
    }

    /// `SET TRANSACTION` must come before any query (manual, SET TRANSACTION), our fence included.
    fn sets_transaction(&self) -> bool {
        let mut words = self.body.split_whitespace();
        words.next().is_some_and(|word| word.eq_ignore_ascii_case("set"))
            && words.next().is_some_and(|word| word.eq_ignore_ascii_case("transaction"))
    }
}

/// Why an attempt ended, and how far it had come.
struct Stopped {
    /// Byte of the file at which the text that failed starts.
    offset: usize,
    error: SqlError,
    /// There once `COMMIT` has been sent.
    transaction: Option<OurTransaction>,
}

/// One attempt.
struct Attempt<'a> {
    frame: &'a Frame<'a>,
    row: String,
    started: Timestamp,
    lock_timeout: u128,
    done: Draft,
}

impl Executor {
    /// Whether it was one transaction in the end.
    pub(super) async fn run_atomic(
        &mut self,
        migration: &Migration,
        frame: &Frame<'_>,
        sink: &mut dyn EventSink,
    ) -> Result<bool> {
        let (mut tries, mut losses) = (1, 0);
        loop {
            let row = uuid::Uuid::new_v4().to_string();
            let done = Entry::of(Kind::MigrationDone, migration.name.as_str(), &row);
            let attempt = Attempt {
                frame,
                row,
                started: Timestamp::now(),
                lock_timeout: self.context.locks.timeout_of(tries),
                done: self.turn.journal.draft(done),
            };
            let Err(stopped) = self.try_atomic(migration, &attempt).await else {
                self.turn.journal.committed(&attempt.done);
                self.restore().await.map_err(|error| applied(migration, error))?;
                return Ok(true);
            };
            if stopped.error.connection_lost {
                losses += 1;
                if self.look_up(migration, &attempt, &stopped, sink).await? == Outcome::Committed {
                    self.turn.journal.committed(&attempt.done);
                    self.settle().await.map_err(|error| applied(migration, error))?;
                    return Ok(true);
                }
                if losses > LOSSES_MAX {
                    return Err(failure::lost(migration, &stopped.error)
                        .changed(Changed::RolledBack { kept: String::new() }));
                }
                self.settle().await?;
                continue;
            }
            let _undone = self.link.session.simple_query("ROLLBACK").await;
            self.restore().await?;
            if self.link.is_stopping() {
                return Err(interrupted(migration.name.as_str())
                    .changed(Changed::RolledBack { kept: String::new() }));
            }
            if self.turn.is_fenced(&stopped.error) && stopped.offset == migration.script.len() {
                return Err(coordinate::fenced(migration.name.as_str()));
            }
            if frame.is_ours() && stopped.error.is("55P04") && !self.is_pooled() {
                // unsafe_new_enum_value_usage: the only way is statement by statement.
                let script = Script::parse(&migration.script);
                return self.run_in_units(migration, &script, None, &frame.left_out, sink).await;
            }
            if !is_passing(&stopped.error) {
                self.record_failure(migration, &attempt, &stopped.error).await;
                return Err(failure::failed(
                    migration,
                    stopped.offset,
                    &stopped.error,
                    self.context.heals,
                )
                .changed(Changed::RolledBack { kept: String::new() }));
            }
            let locks = self.context.locks;
            if tries >= locks.attempts + u32::from(locks.then_wait) {
                return Err(failure::no_lock(migration, &locks, &stopped.error));
            }
            tries += 1;
            tokio::time::sleep(jittered(locks.pause)).await;
        }
    }

    async fn try_atomic(
        &mut self,
        migration: &Migration,
        attempt: &Attempt<'_>,
    ) -> std::result::Result<(), Stopped> {
        let frame = attempt.frame;
        let end = migration.script.len();
        let at =
            |offset: usize| move |error: SqlError| Stopped { offset, error, transaction: None };
        let fence = self.turn.fence();
        let pooled = matches!(self.turn.exclusion, Exclusion::Lease { pooled: true });
        let path = match pooled {
            true => format!("SET LOCAL search_path = {};", identifier(&self.context.schema)),
            false => String::new(),
        };
        let first = if frame.sets_transaction() { "" } else { fence.as_str() };
        let begin = format!(
            "{}; SET LOCAL lock_timeout = {};{path}\n{first}",
            frame.begin, attempt.lock_timeout
        );
        self.link.send(&begin).await.map_err(at(end))?;
        self.send_body(migration, frame).await?;
        // The script may have moved to a role that must not write the history; and behind a pooler
        // no setting may outlive the transaction.
        let settings = if pooled { "RESET ALL; " } else { "" };
        let history = &self.context.history;
        let row =
            history.insert_applied_sql(migration, &attempt.row, attempt.started, Timestamp::now());
        let close = format!(
            "RESET SESSION AUTHORIZATION; RESET ROLE; {settings}\n{fence}{row}{}{}",
            self.turn.journal.sql(&attempt.done),
            outcome::WHO
        );
        let closed = self.link.send(&close).await.map_err(at(end))?;
        let who = closed.last().and_then(|set| set.rows.first());
        let transaction = who.and_then(|row| OurTransaction::of(row));
        match self.link.send("COMMIT").await {
            Ok(_) => Ok(()),
            Err(error) => Err(Stopped { offset: end, error, transaction }),
        }
    }

    /// The script in one message; where somebody looks on, statement by statement.
    async fn send_body(
        &mut self,
        migration: &Migration,
        frame: &Frame<'_>,
    ) -> std::result::Result<(), Stopped> {
        let stopped = |offset, error| Stopped { offset, error, transaction: None };
        if self.observer.is_none() {
            let sent = self.link.send(&frame.body).await;
            return sent.map(drop).map_err(|error| stopped(frame.offset, error));
        }
        let script = Script::parse(&migration.script);
        let end = frame.offset + frame.body.len();
        for (index, statement) in script.statements.iter().enumerate() {
            let span = statement.span.clone();
            if span.start < frame.offset || span.end > end || frame.left_out.contains(&index) {
                continue;
            }
            let moment = Moment { migration: &migration.name, statement: index, in_block: true };
            let sent = self.send_observed(moment, &migration.script[span.clone()]).await;
            sent.map_err(|error| stopped(span.start, error))?;
        }
        Ok(())
    }

    /// Opens a new session and finds out what became of the transaction.
    async fn look_up(
        &mut self,
        migration: &Migration,
        attempt: &Attempt<'_>,
        stopped: &Stopped,
        sink: &mut dyn EventSink,
    ) -> Result<Outcome> {
        let found = outcome::resolve(
            &mut self.link,
            stopped.transaction.as_ref(),
            &self.context.history,
            &attempt.row,
        )
        .await
        .map_err(|error| failure::unresolved(migration, &stopped.error, &error))?;
        sink.emit(&Event::ConnectionRestored {
            migration: migration.name.to_string(),
            committed: found == Outcome::Committed,
        });
        Ok(found)
    }

    /// Keeps Prisma's failed row. Its own transaction: the script's is gone.
    async fn record_failure(
        &mut self,
        migration: &Migration,
        attempt: &Attempt<'_>,
        error: &SqlError,
    ) {
        let row = self.context.history.insert_failed_sql(
            migration,
            &attempt.row,
            attempt.started,
            &failure::log_text(migration, error),
        );
        let entry = Entry::of(Kind::MigrationUndone, migration.name.as_str(), &attempt.row)
            .detail(error.sqlstate.clone().unwrap_or_default());
        // The failure itself is what gets reported; a missing row means only that the next run
        // tries again without being asked.
        let _best_effort = self.record(&row, entry).await;
    }
}

/// Something went wrong after the migration had taken effect.
fn applied(migration: &Migration, error: crate::Error) -> crate::Error {
    error.changed(Changed::Partial {
        what: format!("`{}` is in effect and recorded; those after it are not", migration.name),
    })
}
