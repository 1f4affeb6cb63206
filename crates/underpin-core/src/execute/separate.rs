//! A script that cannot be one transaction: unit by unit, each recorded in the journal.
//!
//! A unit is a block between the author's own `BEGIN` and `COMMIT`, a statement that goes into a
//! transaction of ours together with its journal entry, or a bare statement that the server takes
//! only outside of one. Of a bare one the journal holds the intent before and the outcome after;
//! between the two only the catalog knows.

use std::collections::BTreeSet;

use jiff::Timestamp;
use underpin_sql::{Script, Statement, StatementKind, TransactionControl};

use super::failure;
use super::link::{interrupted, jittered};
use super::observe::Moment;
use super::recover::{Resume, may_commit_unseen};
use super::{Executor, index, is_passing};
use crate::coordinate;
use crate::error::{Changed, Result};
use crate::event::{Event, EventSink};
use crate::journal::{self, Entry, Kind};
use crate::migrations::Migration;
use crate::postgres::SqlError;

/// Lost connections that one script survives.
const LOSSES_MAX: u32 = 3;

/// Statements that take effect together, by index.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Unit {
    /// One statement in a transaction of ours.
    Own(usize),
    /// The author's transaction, from its `BEGIN` to what ends it.
    Block { first: usize, last: usize, commits: bool },
    /// Outside any transaction.
    Bare(usize),
}

impl Unit {
    fn first(&self) -> usize {
        match self {
            Self::Own(index) | Self::Bare(index) | Self::Block { first: index, .. } => *index,
        }
    }

    /// Statements that are done when it is.
    fn end(&self) -> usize {
        match self {
            Self::Own(index) | Self::Bare(index) => index + 1,
            Self::Block { last, .. } => last + 1,
        }
    }
}

fn units(statements: &[Statement]) -> Vec<Unit> {
    use TransactionControl::{Begin, Chain, Commit, Rollback};
    let (mut units, mut open) = (Vec::new(), None);
    for (index, statement) in statements.iter().enumerate() {
        match (&statement.kind, open) {
            (StatementKind::Transaction(Begin), None) => open = Some(index),
            (StatementKind::Transaction(control @ (Commit | Rollback | Chain)), Some(first)) => {
                let commits = *control == Commit;
                units.push(Unit::Block { first, last: index, commits });
                // AND CHAIN opens the next one at once; it has no BEGIN of its own.
                open = (*control == Chain).then_some(index + 1);
            }
            (_, Some(_)) => {}
            (
                StatementKind::Transaction(_)
                | StatementKind::NonTransactional { .. }
                | StatementKind::MayCommit
                | StatementKind::Unparsed { .. },
                None,
            ) => units.push(Unit::Bare(index)),
            _ => units.push(Unit::Own(index)),
        }
    }
    if let Some(first) = open.filter(|first| *first < statements.len()) {
        units.push(Unit::Block { first, last: statements.len() - 1, commits: false });
    }
    units
}

/// One script on its way.
struct Course<'a> {
    migration: &'a Migration,
    script: &'a Script,
    /// The history row's id.
    row: String,
    /// Statements, by index, that were in effect before we came.
    left_out: &'a BTreeSet<usize>,
}

impl Course<'_> {
    fn sql(&self, index: usize) -> &str {
        &self.migration.script[self.script.statements[index].span.clone()]
    }

    /// Whether nothing of a unit is to be run. The bounds of a block are no work.
    fn leaves_out(&self, unit: &Unit) -> bool {
        let is_work = |index: &usize| {
            !matches!(self.script.statements[*index].kind, StatementKind::Transaction(_))
        };
        let mut work = (unit.first()..unit.end()).filter(is_work).peekable();
        work.peek().is_some() && work.all(|index| self.left_out.contains(&index))
    }

    fn may_commit_unseen(&self, index: usize) -> bool {
        self.script.statements.get(index).is_some_and(may_commit_unseen)
    }

    fn moment(&self, index: usize, in_block: bool) -> Moment<'_> {
        Moment { migration: &self.migration.name, statement: index, in_block }
    }

    fn entry(&self, kind: Kind) -> Entry {
        Entry::of(kind, self.migration.name.as_str(), &self.row)
    }
}

/// A statement that failed.
struct Stopped {
    index: usize,
    error: SqlError,
}

impl Executor {
    pub(super) async fn run_separate(
        &mut self,
        migration: &Migration,
        script: &Script,
        resume: Option<&Resume>,
        left_out: &BTreeSet<usize>,
        sink: &mut dyn EventSink,
    ) -> Result<()> {
        let row = resume.map_or_else(|| uuid::Uuid::new_v4().to_string(), |r| r.row.clone());
        let course = Course { migration, script, row, left_out };
        let mut done = resume.map_or(0, |r| r.done);
        let mut open = resume.and_then(|r| r.open);
        match resume {
            Some(_) => sink.emit(&Event::Resumed {
                migration: migration.name.to_string(),
                done,
                of: script.statements.len(),
            }),
            None => self.record_start(&course).await?,
        }
        let mut losses = 0;
        for unit in units(&script.statements) {
            if unit.first() < done {
                continue;
            }
            if course.leaves_out(&unit) {
                done = done.max(unit.end());
                continue;
            }
            loop {
                // A lost connection may have had it done after all.
                if unit.first() < done {
                    break;
                }
                if self.link.is_stopping() {
                    return Err(self.interrupted(&course, done).await);
                }
                if open == Some(unit.first()) && self.is_in_effect(&course, &unit).await? {
                    self.record_step(&course, unit.end()).await?;
                    break;
                }
                let Err(stopped) = self.run_unit(&course, &unit).await? else { break };
                if !stopped.error.connection_lost {
                    return Err(self.stop(&course, &stopped, done).await);
                }
                losses += 1;
                if losses > LOSSES_MAX {
                    return Err(failure::lost(migration, &stopped.error));
                }
                // The journal knows how far it came, and for the rest the catalog does.
                let known = self.look_again(&course, &stopped).await?;
                if known.open.is_some_and(|open| course.may_commit_unseen(open)) {
                    return Err(failure::lost(migration, &stopped.error));
                }
                (done, open) = (known.done, known.open);
            }
            done = done.max(unit.end());
            open = None;
        }
        self.restore().await?;
        let finish = self.context.history.finish_sql(&course.row, Timestamp::now());
        self.record(&finish, course.entry(Kind::MigrationDone)).await
    }

    async fn record_start(&mut self, course: &Course<'_>) -> Result<()> {
        let sql = self.context.history.insert_started_sql(
            course.migration,
            &course.row,
            Timestamp::now(),
        );
        let entry = course
            .entry(Kind::MigrationStarted)
            .step(course.script.statements.len())
            .detail(journal::started(course.migration.checksum.as_str(), course.left_out));
        self.record(&sql, entry).await
    }

    async fn record_step(&mut self, course: &Course<'_>, done: usize) -> Result<()> {
        self.record("", course.entry(Kind::StatementDone).step(done)).await
    }

    /// After a lost connection: a new session, and what the journal says.
    async fn look_again(
        &mut self,
        course: &Course<'_>,
        stopped: &Stopped,
    ) -> Result<crate::journal::RowState> {
        let unresolved = |error| failure::unresolved(course.migration, &stopped.error, &error);
        super::outcome::resolve(&mut self.link, None, &self.context.history, &course.row)
            .await
            .map_err(unresolved)?;
        self.settle().await?;
        crate::journal::state_of(&self.link.session, &course.row).await
    }

    /// Runs one unit. The outer error ends the run at once, the inner one is the server's.
    async fn run_unit(
        &mut self,
        course: &Course<'_>,
        unit: &Unit,
    ) -> Result<std::result::Result<(), Stopped>> {
        match unit {
            Unit::Bare(index) => self.run_bare(course, *index).await,
            Unit::Own(index) => self.run_own(course, *index).await,
            Unit::Block { first, last, commits } => {
                self.run_block(course, *first, *last, *commits).await
            }
        }
    }

    /// Intent, statement, outcome. Meanwhile the lock is set aside, and the lease renewed.
    async fn run_bare(
        &mut self,
        course: &Course<'_>,
        index: usize,
    ) -> Result<std::result::Result<(), Stopped>> {
        let sql = course.sql(index);
        let aside = self.turn.set_aside(&self.link.session).await?;
        let sent = match index::prepare(&mut self.link, sql, self.turn.patience()).await {
            Ok(()) => self.send_bare(course, index).await,
            Err(error) => Ok(Err(error)),
        };
        self.turn.take_back(aside, &self.link.session).await?;
        match sent? {
            Ok(()) => self.record_step(course, index + 1).await.map(Ok),
            Err(error) => Ok(Err(Stopped { index, error })),
        }
    }

    async fn send_bare(
        &mut self,
        course: &Course<'_>,
        index: usize,
    ) -> Result<std::result::Result<(), SqlError>> {
        let sql = course.sql(index);
        self.record("", course.entry(Kind::StatementStarted).step(index)).await?;
        // Others wait behind none of these, and a short lock_timeout would leave an invalid index.
        let sent = match self.link.send("SET lock_timeout = 0").await {
            Ok(_) => self.send_observed(course.moment(index, false), sql).await,
            Err(error) => Err(error),
        };
        let sent = match sent {
            Ok(()) => index::check(&self.link, sql).await,
            Err(error) => Err(error),
        };
        if sent.as_ref().is_err_and(|e| !e.connection_lost) {
            index::clean_up(&self.link, sql).await;
        }
        Ok(sent)
    }

    /// One statement and its journal entry in one transaction; again when a lock is not granted.
    async fn run_own(
        &mut self,
        course: &Course<'_>,
        index: usize,
    ) -> Result<std::result::Result<(), Stopped>> {
        let locks = self.context.locks;
        for attempt in 1.. {
            let begin = format!(
                "BEGIN; SET LOCAL lock_timeout = {};\n{}",
                locks.timeout_of(attempt),
                self.turn.fence()
            );
            let own = Some((begin.as_str(), index));
            let Err(error) = self.transact(course, own, index + 1, "COMMIT").await? else {
                break;
            };
            let last = attempt >= locks.attempts + u32::from(locks.then_wait);
            if !is_passing(&error) || last {
                return Ok(Err(Stopped { index, error }));
            }
            tokio::time::sleep(jittered(locks.pause)).await;
        }
        Ok(Ok(()))
    }

    /// The author's transaction, fenced, with a journal entry before its end.
    async fn run_block(
        &mut self,
        course: &Course<'_>,
        first: usize,
        last: usize,
        commits: bool,
    ) -> Result<std::result::Result<(), Stopped>> {
        let timeout = match self.context.locks.then_wait {
            true => 0,
            false => self.context.locks.timeout.as_millis(),
        };
        let statements = &course.script.statements;
        let begins =
            matches!(statements[first].kind, StatementKind::Transaction(TransactionControl::Begin));
        let ends = matches!(statements[last].kind, StatementKind::Transaction(_)) && last > first;
        let opening = if begins { course.sql(first) } else { "BEGIN" };
        let begin =
            format!("{opening}; SET LOCAL lock_timeout = {timeout};\n{}", self.turn.fence());
        let body = (first + usize::from(begins))..(last + usize::from(!ends));
        if let Err(error) = self.link.send(&begin).await {
            return self.undo(first, error).await;
        }
        for index in body.filter(|index| !course.left_out.contains(index)) {
            let sent = self.send_observed(course.moment(index, true), course.sql(index)).await;
            if let Err(error) = sent {
                return self.undo(index, error).await;
            }
        }
        // One that the file leaves open is committed with its end.
        let end = if commits || !ends { "COMMIT" } else { course.sql(last) };
        let end = if end.to_ascii_uppercase().contains("CHAIN") { "COMMIT" } else { end };
        let rolls_back = end.trim_start().get(..4).is_some_and(|word| {
            word.eq_ignore_ascii_case("roll") || word.eq_ignore_ascii_case("abor")
        });
        if rolls_back {
            let _undone = self.link.session.simple_query(end).await;
            return self.record_step(course, last + 1).await.map(Ok);
        }
        match self.transact(course, None, last + 1, end).await? {
            Ok(()) => Ok(Ok(())),
            Err(error) => Ok(Err(Stopped { index: last, error })),
        }
    }

    async fn undo(
        &mut self,
        index: usize,
        error: SqlError,
    ) -> Result<std::result::Result<(), Stopped>> {
        if !error.connection_lost {
            let _undone = self.link.session.simple_query("ROLLBACK").await;
        }
        Ok(Err(Stopped { index, error }))
    }

    /// Sends what opens a transaction and its statement, where they are given, then the journal
    /// entry and the end of the transaction.
    async fn transact(
        &mut self,
        course: &Course<'_>,
        own: Option<(&str, usize)>,
        done: usize,
        end: &str,
    ) -> Result<std::result::Result<(), SqlError>> {
        let draft = self.turn.journal.draft(course.entry(Kind::StatementDone).step(done));
        let close = format!("{}{end}", self.turn.journal.sql(&draft));
        let mut sent = Ok(());
        if let Some((begin, index)) = own {
            sent = self.link.send(begin).await.map(drop);
            if sent.as_ref().is_err_and(|error| self.turn.is_fenced(error)) {
                let _undone = self.link.session.simple_query("ROLLBACK").await;
                return Err(coordinate::fenced(course.migration.name.as_str()));
            }
            if sent.is_ok() {
                sent = self.send_observed(course.moment(index, true), course.sql(index)).await;
            }
        }
        if sent.is_ok() {
            sent = self.link.send(&close).await.map(drop);
        }
        if let Err(error) = sent {
            if !error.connection_lost {
                let _undone = self.link.session.simple_query("ROLLBACK").await;
            }
            return Ok(Err(error));
        }
        self.turn.journal.committed(&draft);
        Ok(Ok(()))
    }

    /// Whether a bare statement whose outcome is not recorded is in effect.
    async fn is_in_effect(&mut self, course: &Course<'_>, unit: &Unit) -> Result<bool> {
        let Unit::Bare(index) = unit else { return Ok(false) };
        index::is_in_effect(&self.link, course.sql(*index))
            .await
            .map_err(|e| failure::lost(course.migration, &e))
    }

    /// A statement failed for good: the row says so, the journal says how far it came.
    async fn stop(&mut self, course: &Course<'_>, stopped: &Stopped, done: usize) -> crate::Error {
        if let Err(error) = self.restore().await {
            return error;
        }
        if self.link.is_stopping() {
            return self.interrupted(course, done).await;
        }
        let (migration, error) = (course.migration, &stopped.error);
        let sql = self.context.history.fail_sql(&course.row, &failure::log_text(migration, error));
        let unclear = course.may_commit_unseen(stopped.index);
        let kind = match done {
            _ if unclear => Kind::MigrationUnclear,
            0 => Kind::MigrationUndone,
            _ => Kind::MigrationStopped,
        };
        let entry = course.entry(kind).step(done);
        let entry = entry.detail(error.sqlstate.clone().unwrap_or_default());
        let _kept = self.record(&sql, entry).await;
        if unclear {
            return failure::unclear(migration, course.script, stopped.index, error);
        }
        let heals = self.context.heals;
        failure::stopped(migration, course.script, (stopped.index, done), error, heals)
    }

    async fn interrupted(&mut self, course: &Course<'_>, done: usize) -> crate::Error {
        let _kept = self.record("", course.entry(Kind::MigrationStopped).step(done)).await;
        let count = course.script.statements.len();
        let what = format!("statements 1 to {done} of {count} are in effect and in the journal");
        interrupted(course.migration.name.as_str()).changed(Changed::Partial { what })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<Unit> {
        units(&Script::parse(text).statements)
    }

    #[test]
    fn a_script_falls_into_units() {
        assert_eq!(
            of(
                "CREATE TABLE t (a int); CREATE INDEX CONCURRENTLY i ON t (a); BEGIN; SELECT 1; COMMIT; SELECT 2"
            ),
            [
                Unit::Own(0),
                Unit::Bare(1),
                Unit::Block { first: 2, last: 4, commits: true },
                Unit::Own(5),
            ]
        );
    }

    #[test]
    fn a_block_may_be_rolled_back_chained_or_left_open() {
        assert_eq!(
            of("BEGIN; SELECT 1; ROLLBACK"),
            [Unit::Block { first: 0, last: 2, commits: false }]
        );
        assert_eq!(
            of("BEGIN; SELECT 1; COMMIT AND CHAIN; SELECT 2; COMMIT"),
            [
                Unit::Block { first: 0, last: 2, commits: false },
                Unit::Block { first: 3, last: 4, commits: true },
            ]
        );
        assert_eq!(
            of("SELECT 1; BEGIN; SELECT 2"),
            [Unit::Own(0), Unit::Block { first: 1, last: 2, commits: false }]
        );
    }
}
