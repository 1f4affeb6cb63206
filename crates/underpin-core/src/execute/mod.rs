//! Execution: the only module that changes a target database.
//!
//! Invariants: a script that can be one transaction is one, together with its history row and its
//! journal entry; every changing transaction checks the fencing token; a commit that was not
//! answered is looked up, never guessed; an application query never waits behind us longer than
//! the lock budget; after a script the session is as before it. Non-goals: deciding what to run.

mod atomic;
mod failure;
mod index;
mod link;
mod observe;
mod outcome;
mod recover;
mod repair;
mod separate;

use std::borrow::Borrow;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use underpin_sql::{Script, TransactionShape};

pub use link::{Link, Stop};
pub use observe::{Look, Moment, Observer};
pub use recover::{Recovery, Resume, recover};
pub use repair::RepairScript;

use crate::coordinate::{self, Announcement, Exclusion, Turn};
use crate::error::{Changed, Code, Error, Result};
use crate::event::{Event, EventSink};
use crate::history::HistoryTable;
use crate::journal::{Entry, Kind};
use crate::migrations::{Migration, MigrationName};
use crate::postgres::{Session, SqlError};
use crate::replay::{reset_sql, unclosed};
use atomic::Frame;

/// How long and how often a statement may wait for a relation lock.
#[derive(Debug, Clone, Copy)]
pub struct LockBudget {
    /// `lock_timeout` of one attempt: the longest that an application query queues behind us.
    pub timeout: Duration,
    /// Attempts in all.
    pub attempts: u32,
    /// Pause between two attempts.
    pub pause: Duration,
    /// After the last attempt wait without a limit, as a runner without a lock budget does from
    /// the start, instead of giving up.
    pub then_wait: bool,
}

impl LockBudget {
    /// `lock_timeout` of an attempt in milliseconds; 0 is no limit (manual §19.11).
    fn timeout_of(&self, attempt: u32) -> u128 {
        if attempt > self.attempts { 0 } else { self.timeout.as_millis() }
    }
}

impl Default for LockBudget {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(3),
            attempts: 10,
            pause: Duration::from_secs(1),
            then_wait: false,
        }
    }
}

/// How scripts are run. The default is ours; a drop-in for Prisma may need less of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScriptRules {
    /// Script and history row in one transaction where the script allows it. Without it the whole
    /// script is one message between the row's insert and its update: Prisma up to 7.3.
    pub one_transaction: bool,
    /// Undo every `SET` and `SET ROLE` after a script.
    pub restore_session: bool,
    /// Refuse a script that opens a transaction and never ends it (UP-2101). Without it the
    /// transaction is committed with the script's end. (Prisma keeps nothing of it.)
    pub refuse_unclosed: bool,
}

impl Default for ScriptRules {
    fn default() -> Self {
        Self { one_transaction: true, restore_session: true, refuse_unclosed: true }
    }
}

/// What an execution needs beside the line to the target.
#[derive(Debug, Clone)]
pub struct ExecutionContext {
    /// The history.
    pub history: HistoryTable,
    /// The schema of unqualified names.
    pub schema: String,
    /// The lock budget.
    pub locks: LockBudget,
    /// How scripts are run.
    pub rules: ScriptRules,
    /// Whether the next run of the same command heals a failure by itself.
    pub heals: bool,
}

/// Where a migration begins.
#[derive(Debug, Clone, Copy)]
pub enum Begin<'a> {
    /// At its start.
    Whole,
    /// It is half there: these statements, by index, are in effect and are left out.
    Complete(&'a BTreeSet<usize>),
    /// Where an earlier run of ours stopped.
    Resume(&'a Resume),
}

/// Attempts to put a session back to its settings.
const RESTORES_MAX: u32 = 3;

/// The one thing that changes a target: a line to it, our turn, and the rules.
pub struct Executor {
    link: Link,
    turn: Turn,
    context: ExecutionContext,
    observer: Option<Box<dyn Observer>>,
}

impl Executor {
    /// An executor whose turn it is.
    #[must_use]
    pub fn new(link: Link, turn: Turn, context: ExecutionContext) -> Self {
        Self { link, turn, context, observer: None }
    }

    /// The session, for reading.
    pub fn session(&mut self) -> &mut Session {
        self.link.session()
    }

    /// Migrations that were done once and are gone from this server; see [`crate::journal::Journal::lost`].
    ///
    /// # Errors
    /// UP-3003.
    pub async fn lost(&self, journals: &std::path::Path) -> Result<Vec<String>> {
        self.turn.journal.lost(&self.link.session, journals).await
    }

    /// A session for reading that is open: a lost one is replaced.
    ///
    /// # Errors
    /// UP-1101 and its like, UP-4001, UP-1105.
    pub async fn open_session(&mut self) -> Result<&mut Session> {
        if self.link.session.is_closed() {
            self.link.reconnect().await?;
            self.settle().await?;
        }
        Ok(self.link.session())
    }

    /// Keeps the turn while something else takes long: the lease lasts half a minute.
    ///
    /// # Errors
    /// UP-4003 when it is not ours any more, UP-1105.
    pub async fn renew(&mut self) -> Result<()> {
        let message = format!("BEGIN;\n{}COMMIT", self.turn.fence());
        let Err(error) = self.link.session.simple_query(&message).await else { return Ok(()) };
        let _undone = self.link.session.simple_query("ROLLBACK").await;
        Err(match self.turn.is_fenced(&error) {
            true => coordinate::fenced("the backup"),
            false => {
                Error::new(Code::ConnectionLost, "the turn could not be kept").caused_by(&error)
            }
        })
    }

    /// Gives the turn back.
    pub async fn leave(self, sink: &mut dyn EventSink) {
        if let Some(what) = self.turn.leave(&self.link.session).await {
            sink.emit(&Event::Degraded { what });
        }
    }

    /// Runs one migration, or what is missing of it, and records it.
    ///
    /// # Errors
    /// UP-4101 when a statement fails (undone, recorded as failed), UP-4102 when something had been
    /// committed before, UP-4103 when a lock was not granted (undone, not recorded), UP-4003 when
    /// another run has taken over, UP-4005 when asked to stop, UP-2101, UP-1105.
    pub async fn run(
        &mut self,
        migration: &Migration,
        begin: Begin<'_>,
        sink: &mut dyn EventSink,
    ) -> Result<()> {
        let begun = Instant::now();
        if self.link.is_stopping() {
            return Err(link::interrupted(migration.name.as_str()));
        }
        let script = Script::parse(&migration.script);
        let shape = script.shape();
        let rules = self.context.rules;
        if matches!(shape, TransactionShape::Unclosed { .. }) && rules.refuse_unclosed {
            return refuse_unclosed(migration);
        }
        self.refuse_unrunnable([migration])?;
        let nothing = BTreeSet::new();
        let (resume, left_out) = match begin {
            Begin::Whole => (None, &nothing),
            Begin::Complete(in_effect) => (None, in_effect),
            Begin::Resume(resume) => (Some(resume), &resume.left_out),
        };
        if resume.is_none() && !left_out.is_empty() {
            sink.emit(&Event::Completing {
                migration: migration.name.to_string(),
                in_effect: left_out.len(),
                of: script.statements.len(),
            });
        }
        let result = match &shape {
            // What went statement by statement goes on so, whatever its shape would allow.
            _ if resume.is_some() => {
                self.run_in_units(migration, &script, resume, left_out, sink).await
            }
            _ if !rules.one_transaction => self.run_message(migration).await.map(|()| false),
            TransactionShape::Atomic => {
                let frame = Frame::ours(migration).without(&script, left_out);
                self.run_atomic(migration, &frame, sink).await
            }
            TransactionShape::Wrapped { body } => {
                let frame = Frame::authors(migration, &script, body).without(&script, left_out);
                self.run_atomic(migration, &frame, sink).await
            }
            TransactionShape::Separate { .. } | TransactionShape::Unclosed { .. } => {
                self.run_in_units(migration, &script, None, left_out, sink).await
            }
        };
        self.tell_notices(migration, sink);
        let one_transaction = result?;
        self.turn.announce(Announcement::Applied(migration.name.as_str()));
        sink.emit(&Event::MigrationApplied {
            name: migration.name.to_string(),
            statements: script.statements.len(),
            one_transaction,
            duration: begun.elapsed(),
        });
        Ok(())
    }

    /// [`Executor::run_separate`]; never one transaction.
    async fn run_in_units(
        &mut self,
        migration: &Migration,
        script: &Script,
        resume: Option<&Resume>,
        left_out: &BTreeSet<usize>,
        sink: &mut dyn EventSink,
    ) -> Result<bool> {
        let result = self.run_separate(migration, script, resume, left_out, sink).await;
        result.map(|()| false).map_err(|error| failure::journalled(migration, error))
    }

    /// Refuses, before the first one runs, what cannot run here: behind a transaction pooler a
    /// script that is not one transaction. Elsewhere none of them is asked for.
    ///
    /// # Errors
    /// UP-4004.
    pub fn refuse_unrunnable(
        &self,
        migrations: impl IntoIterator<Item = impl Borrow<Migration>>,
    ) -> Result<()> {
        if !self.is_pooled() {
            return Ok(());
        }
        for migration in migrations {
            let migration = migration.borrow();
            let shape = Script::parse(&migration.script).shape();
            let is_one =
                matches!(shape, TransactionShape::Atomic | TransactionShape::Wrapped { .. });
            if !is_one || !self.context.rules.one_transaction {
                return Err(needs_direct(migration));
            }
        }
        Ok(())
    }

    /// Whether a transaction pooler stands between.
    fn is_pooled(&self) -> bool {
        matches!(self.turn.exclusion, Exclusion::Lease { pooled: true })
    }

    fn tell_notices(&mut self, migration: &Migration, sink: &mut dyn EventSink) {
        for notice in self.link.session.take_notices() {
            // What the COMMIT or ROLLBACK that ends our own message says of a script that left no
            // transaction open.
            if !self.context.rules.one_transaction && notice.sqlstate == "25P01" {
                continue;
            }
            sink.emit(&Event::ServerNotice {
                migration: migration.name.to_string(),
                severity: notice.severity,
                message: notice.message,
            });
        }
    }

    /// Runs statements of our own, fenced, in one transaction, with a journal entry.
    ///
    /// # Errors
    /// UP-4003, UP-3003, UP-1105: nothing of it is in effect, or the next run finds out.
    pub async fn record(&mut self, sql: &str, entry: Entry) -> Result<()> {
        let draft = self.turn.journal.draft(entry);
        let message =
            format!("BEGIN;\n{}{sql}{}COMMIT", self.turn.fence(), self.turn.journal.sql(&draft));
        match self.link.session.simple_query(&message).await {
            Ok(_) => {
                self.turn.journal.committed(&draft);
                Ok(())
            }
            Err(error) => {
                let _undone = self.link.session.simple_query("ROLLBACK").await;
                Err(if self.turn.is_fenced(&error) {
                    coordinate::fenced("the history")
                } else {
                    let lost = error.connection_lost;
                    let error = self.context.history.error(&error, "write");
                    let what =
                        "what was to be recorded is recorded whole, or not at all".to_owned();
                    if lost { error.changed(Changed::Unknown { what }) } else { error }
                })
            }
        }
    }

    /// Undoes every `SET` and `SET ROLE` of a script; without that rule only what we set ourselves,
    /// and the role, which may be one that must not write the history.
    async fn restore(&mut self) -> Result<()> {
        if self.is_pooled() {
            // The next transaction may get another backend; ours reset itself before its end.
            return Ok(());
        }
        let sql = if self.context.rules.restore_session {
            reset_sql(&self.context.schema)
        } else {
            "RESET SESSION AUTHORIZATION; RESET ROLE; RESET lock_timeout".to_owned()
        };
        let mut tries = 1;
        while let Err(error) = self.link.session.simple_query(&sql).await {
            if tries == RESTORES_MAX {
                return Err(Error::new(
                    Code::ConnectionLost,
                    "the session could not be put back to its settings",
                )
                .caused_by(&error)
                .sqlstate(error.sqlstate.as_deref())
                .hint("run the same command again"));
            }
            if error.connection_lost {
                self.link.reconnect().await?;
                self.turn.move_to(&self.link.session).await?;
            }
            tries += 1;
        }
        self.link.watch_client().await;
        Ok(())
    }

    /// After a lost connection: the settings, and the lock.
    async fn settle(&mut self) -> Result<()> {
        self.turn.move_to(&self.link.session).await?;
        self.restore().await
    }

    /// Marks failed rows of `name` as rolled back: what they did is proven to be undone.
    ///
    /// # Errors
    /// As [`Executor::record`].
    pub async fn record_undone(&mut self, name: &MigrationName, row: &str) -> Result<()> {
        let sql = self.context.history.roll_back_sql(name, Timestamp::now());
        self.record(&sql, Entry::of(Kind::MigrationUndone, name.as_str(), row)).await
    }

    /// The whole script as one message between the two writes of the row.
    async fn run_message(&mut self, migration: &Migration) -> Result<()> {
        let id = uuid::Uuid::new_v4().to_string();
        let started = self.context.history.insert_started_sql(migration, &id, Timestamp::now());
        self.record(&started, Entry::of(Kind::MigrationStarted, migration.name.as_str(), &id))
            .await?;
        let sending = Entry::of(Kind::MessageStarted, migration.name.as_str(), &id);
        self.record("", sending).await?;
        let aside = self.turn.set_aside(&self.link.session).await?;
        let sent = self.link.send(&migration.script).await;
        self.turn.take_back(aside, &self.link.session).await?;
        let Err(error) = sent else {
            // Ends a transaction that the script left open; otherwise a warning and nothing else.
            self.link
                .session
                .simple_query("COMMIT")
                .await
                .map_err(|e| failure::lost(migration, &e))?;
            self.restore().await?;
            let finish = self.context.history.finish_sql(&id, Timestamp::now());
            let done = Entry::of(Kind::MigrationDone, migration.name.as_str(), &id);
            return self.record(&finish, done).await;
        };
        if error.connection_lost {
            return Err(failure::lost(migration, &error));
        }
        let _undone = self.link.session.simple_query("ROLLBACK").await;
        self.restore().await?;
        let logs = self.context.history.fail_sql(&id, &failure::log_text(migration, &error));
        let unclear = Entry::of(Kind::MigrationUnclear, migration.name.as_str(), &id);
        let _kept = self.record(&logs, unclear).await;
        Err(failure::failed(migration, 0, &error, false).changed(Changed::Unknown {
            what: "the file was one message: everything since its last own COMMIT was undone"
                .to_owned(),
        }))
    }
}

fn needs_direct(migration: &Migration) -> Error {
    Error::new(
        Code::NoExclusion,
        format!(
            "migration `{}` cannot be one transaction, and a transaction pooler stands between",
            migration.name
        ),
    )
    .caused_by("its statements need one session, which a transaction pooler does not give")
    .hint("give a URL that reaches PostgreSQL itself: --url")
}

/// Refuses a script that opens a transaction and never ends it.
///
/// # Errors
/// UP-2101.
pub fn refuse_unclosed(migration: &Migration) -> Result<()> {
    let script = Script::parse(&migration.script);
    match script.shape() {
        TransactionShape::Unclosed { opened_by } => {
            Err(unclosed(migration, script.statements[opened_by].span.start))
        }
        _ => Ok(()),
    }
}

/// Lock not granted, deadlock, serialisation failure: another attempt may succeed.
fn is_passing(error: &SqlError) -> bool {
    matches!(error.sqlstate.as_deref(), Some("55P03" | "40P01" | "40001"))
}
