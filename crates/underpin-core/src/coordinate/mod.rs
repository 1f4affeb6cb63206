//! Coordination: at most one effective writer per database, enforced by the database.
//!
//! Two things together: Prisma's advisory lock, so that a real Prisma and we exclude each other,
//! and the lease row, whose token every changing transaction checks. Where a session lock means
//! nothing (a transaction pooler, a server whose lock is a stub) the lease stands alone; where our
//! schema cannot be made, the lock does; where neither holds, nothing is begun.
//!
//! Invariants: nobody ever blocks in a lock; every wait has an end; after the turn is ours the
//! caller reads everything again. Non-goals: running anything.

mod advisory;
mod aside;
mod hint;
mod lease;
mod self_test;
mod witness;

use std::path::Path;
use std::time::{Duration, Instant};

pub use advisory::PRISMA_LOCK_KEY;
pub use hint::{Announcement, Hint, answers};
pub use lease::{Lease, fenced};
pub use self_test::{direct_hint, pooled, standby};
pub use witness::watches_clients;

use crate::config::Secret;
use crate::error::{Code, Error, Result};
use crate::journal::{self, Entry, Journal, Kind};
use crate::postgres::{ConnectionSettings, Session, SqlError};
use lease::Attempt;

/// Pause between two looks at lock, lease and history.
const POLL_PAUSE: Duration = Duration::from_millis(150);
/// The shortest pause, however often Redis wakes us.
const POLL_PAUSE_MIN: Duration = Duration::from_millis(20);
/// Pause between two looks at a holder that may be dead.
const STALE_PAUSE: Duration = Duration::from_secs(1);

/// What a run brings to the gate.
#[derive(Clone, Copy)]
pub struct Entrance<'a> {
    /// The run's id.
    pub run: &'a str,
    /// The target, for a second session.
    pub target: &'a ConnectionSettings,
    /// How long to wait.
    pub patience: Duration,
    /// Whether Prisma's advisory lock is taken.
    pub advisory: bool,
    /// Where local journals are kept.
    pub journals: Option<&'a Path>,
    /// A query that yields true when all that this run wants is recorded already.
    pub recorded: Option<&'a str>,
    /// A Redis that wakes those who wait: its URL, or why there is none although there should be.
    pub redis: Option<&'a Result<Secret>>,
    /// Whether the run was asked to stop.
    pub stopping: &'a (dyn Fn() -> bool + Sync),
}

/// What happens at the gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happening {
    /// Another process has the turn: who, as far as the server tells.
    Waiting(String),
    /// The turn is ours, after this wait.
    Ours(Duration),
    /// A run that was left behind has been overtaken.
    TookOver(String),
    /// A guarantee is missing, and why.
    Degraded(String),
}

/// How others are kept out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exclusion {
    /// The advisory lock, and the lease where there is one.
    Lock,
    /// The lease alone; `pooled`: through a transaction pooler, so that no setting may outlive its
    /// transaction.
    Lease {
        /// Whether a transaction pooler stands between.
        pooled: bool,
    },
}

/// Our turn.
#[derive(Debug)]
pub struct Turn {
    /// How others are kept out.
    pub exclusion: Exclusion,
    /// The journal.
    pub journal: Journal,
    lease: Option<Lease>,
    hint: Option<Hint>,
    /// See [`witness`].
    witness: Option<Session>,
    target: ConnectionSettings,
    patience: Duration,
}

/// What came of waiting.
#[derive(Debug)]
pub enum Entered {
    /// It is our turn.
    Turn(Box<Turn>),
    /// Another process has recorded everything that this run wants.
    AlreadyRecorded,
}

/// Waits for our turn. Everything that was read before is to be read again afterwards.
///
/// # Errors
/// UP-4001 after the patience, UP-4005 when asked to stop, UP-4002 for a standby, UP-4004 when neither lock nor lease holds,
/// UP-1105.
pub async fn enter(
    session: &Session,
    entrance: &Entrance<'_>,
    tell: &mut (dyn FnMut(Happening) + Send),
) -> Result<Entered> {
    let begun = Instant::now();
    let second = match entrance.target.connect().await {
        Ok(second) => Some(second),
        // It would be the witness.
        Err(error) if !watches_clients(session) => return Err(error),
        Err(error) => {
            tell(Happening::Degraded(format!("no second session: {}", error.message())));
            None
        }
    };
    let pooled = match &second {
        Some(second) => self_test::look(session, second, entrance.target).await?.pooled,
        None => false,
    };
    let hint = hint(session, entrance, tell).await;
    let mut gate = Gate {
        session,
        entrance,
        begun,
        told: false,
        looked: begun,
        orphan: None,
        pooled,
        real_lock: None,
        hint,
    };
    let Some((exclusion, lease, journal)) = gate.pass(second.as_ref(), tell).await? else {
        return Ok(Entered::AlreadyRecorded);
    };
    let witness = second.filter(|_| !pooled && !watches_clients(session));
    let waited = if gate.told { begun.elapsed() } else { Duration::ZERO };
    tell(Happening::Ours(waited));
    let (target, patience) = (entrance.target.clone(), entrance.patience);
    let hint = gate.hint;
    let mut turn = Turn { exclusion, journal, lease, hint, witness, target, patience };
    turn.announce(Announcement::Taken);
    Ok(Entered::Turn(Box::new(turn)))
}

/// The way to Redis, where one is asked for and can be had.
async fn hint(
    session: &Session,
    entrance: &Entrance<'_>,
    tell: &mut (dyn FnMut(Happening) + Send),
) -> Option<Hint> {
    let why = match entrance.redis? {
        Ok(url) => match journal::target(session).await {
            Ok(target) => return Some(Hint::new(url.clone(), &target, entrance.run)),
            Err(error) => error.to_string(),
        },
        Err(error) => error.message().to_owned(),
    };
    tell(Happening::Degraded(format!("no Redis: {why}")));
    None
}

/// Neither lock nor lease can keep others out.
fn nothing_holds(target: &ConnectionSettings, pooled: bool, error: &Error) -> Error {
    let why = if pooled {
        "a transaction pooler stands between, so a session lock means nothing"
    } else {
        "the server's advisory lock locks nobody out, or is switched off"
    };
    Error::new(Code::NoExclusion, "other migrating processes cannot be kept out")
        .caused_by(why)
        .caused_by(format!("and the lease cannot be used: {}", error.message()))
        .hint(self_test::direct_hint(target))
        .hint("or let the role make the lease: GRANT CREATE ON DATABASE … TO …")
}

/// Our tables have a form that this program does not know, so that it must not write to them.
fn made_by_newer(form: u32) -> Error {
    let words = format!("a newer Underpin keeps the lease of this database (form {form})");
    Error::new(Code::NoExclusion, words).hint("use that version, or a later one, for this database")
}

/// One wait.
struct Gate<'a> {
    session: &'a Session,
    entrance: &'a Entrance<'a>,
    begun: Instant,
    told: bool,
    looked: Instant,
    /// What the last look took for an orphan.
    orphan: Option<witness::Backend>,
    pooled: bool,
    /// Whether the server's lock locks others out, once that has been tried.
    real_lock: Option<bool>,
    hint: Option<Hint>,
}

/// What an attempt at the lease showed.
enum Taken {
    /// It is ours.
    Ours(Lease, Journal),
    /// Somebody has it.
    Held,
    /// There can be none, and why.
    Unusable(Error),
}

impl Gate<'_> {
    /// Polls for lock and lease together. Who gets the lock and not the lease gives the lock back
    /// at once: the lease's holder may have set the lock aside, and would wait for it. `None` when
    /// there is nothing left to do.
    async fn pass(
        &mut self,
        second: Option<&Session>,
        tell: &mut (dyn FnMut(Happening) + Send),
    ) -> Result<Option<(Exclusion, Option<Lease>, Journal)>> {
        let lease_only = Exclusion::Lease { pooled: self.pooled };
        loop {
            let locks = self.entrance.advisory && !self.pooled && self.real_lock != Some(false);
            if locks && !advisory::try_lock(self.session).await? {
                if self.wait(tell).await? {
                    return Ok(None);
                }
                continue;
            }
            let mut locked = locks;
            if let (true, None, Some(second)) = (locks, self.real_lock, second) {
                locked = self_test::lock_is_real(second).await?;
                self.real_lock = Some(locked);
                if !locked {
                    let what = "the server's advisory lock locks nobody out".to_owned();
                    tell(Happening::Degraded(what));
                }
            }
            match self.lease(tell).await? {
                Taken::Ours(lease, journal) => {
                    let exclusion = if locked { Exclusion::Lock } else { lease_only };
                    return Ok(Some((exclusion, Some(lease), journal)));
                }
                Taken::Unusable(error) if locked => {
                    let why = error.causes().first().cloned().unwrap_or_default();
                    let what = format!("no lease and no journal in the database: {why}");
                    tell(Happening::Degraded(what));
                    let journal = Journal::local_only(self.entrance.run, self.entrance.journals);
                    return Ok(Some((Exclusion::Lock, None, journal)));
                }
                Taken::Unusable(error) => {
                    return Err(nothing_holds(self.entrance.target, self.pooled, &error));
                }
                Taken::Held => {}
            }
            if locked {
                advisory::release(self.session).await?;
            }
            if self.wait(tell).await? {
                return Ok(None);
            }
        }
    }

    /// Tries for the lease once, making it first if it is not there.
    async fn lease(&mut self, tell: &mut (dyn FnMut(Happening) + Send)) -> Result<Taken> {
        match self.try_lease(tell).await {
            Err(error) if error.code() == Code::HistoryUnwritable => Ok(Taken::Unusable(error)),
            taken => taken,
        }
    }

    async fn try_lease(&mut self, tell: &mut (dyn FnMut(Happening) + Send)) -> Result<Taken> {
        let unusable = |e: SqlError| unusable(&e);
        if !journal::exists(self.session).await.map_err(unusable)? {
            self.make().await?;
        }
        let attempt = lease::try_take(self.session, self.entrance.run, self.pooled).await;
        let (lease, from) = match attempt.map_err(unusable)? {
            Attempt::Taken { lease, from } => (lease, from),
            Attempt::Held => return Ok(Taken::Held),
            Attempt::Newer(form) => return Err(made_by_newer(form)),
        };
        let (run, token) = (self.entrance.run, lease.token);
        let mut journal = Journal::open(self.session, run, token, self.entrance.journals).await?;
        let entry = Entry { detail: from.clone(), ..Entry::new(Kind::LeaseTaken) };
        journal.append(self.session, entry).await?;
        if let Some(from) = from {
            tell(Happening::TookOver(from));
        }
        Ok(Taken::Ours(lease, journal))
    }

    /// Makes our schema, on a server that can undo it. Two that do it at once fail with unique
    /// violations: once more then.
    async fn make(&self) -> Result<()> {
        // Where the role may not, what follows says so.
        if let Ok(false) = self_test::ddl_is_transactional(self.session, self.entrance.run).await {
            let words = "the server keeps what a transaction that is rolled back has made";
            return Err(Error::new(Code::UnsupportedServer, words)
                .caused_by("a migration that fails could not be undone")
                .hint("Underpin needs PostgreSQL itself, or a server whose DDL is transactional"));
        }
        for attempt in 1.. {
            let sql = format!("BEGIN; {}; COMMIT", journal::CREATE);
            let Err(e) = self.session.simple_query(&sql).await else { break };
            let _ended = self.session.simple_query("ROLLBACK").await;
            let raced = ["23505", "42P06", "42P07", "42710"].iter().any(|state| e.is(state));
            if !raced || attempt == 5 {
                return Err(unusable(&e));
            }
            tokio::time::sleep(POLL_PAUSE).await;
        }
        Ok(())
    }

    /// One pause. `true` when everything is recorded already.
    async fn wait(&mut self, tell: &mut (dyn FnMut(Happening) + Send)) -> Result<bool> {
        if let Some(sql) = self.entrance.recorded
            // The history may not be there yet.
            && let Ok(Some(value)) = self.session.value(sql).await
            && value == "t"
        {
            return Ok(true);
        }
        if (self.entrance.stopping)() {
            return Err(Error::new(
                Code::Interrupted,
                "stopped on request while waiting for the turn",
            )
            .hint("run the same command again"));
        }
        let patience = self.entrance.patience;
        if self.begun.elapsed() >= patience {
            let holder = advisory::holder(self.session).await;
            let words = format!("another process is migrating this database: {holder}");
            return Err(Error::new(Code::LockBusy, words)
                .caused_by(format!("the lock was not free within {} s", patience.as_secs()))
                .hint("run the same command again when it is done, or wait longer with --wait SECONDS"));
        }
        if !self.told {
            tell(Happening::Waiting(advisory::holder(self.session).await));
            self.told = true;
        }
        if self.looked.elapsed() >= STALE_PAUSE {
            self.looked = Instant::now();
            // Fails where there is no lease, and then there is nobody to end.
            let _best_effort = lease::end_stale_sessions(self.session).await;
            self.end_orphan().await;
        }
        tokio::time::sleep(POLL_PAUSE_MIN).await;
        match &mut self.hint {
            Some(hint) => {
                hint.pause(POLL_PAUSE - POLL_PAUSE_MIN).await;
                if let Some(what) = hint.fault() {
                    tell(Happening::Degraded(what));
                }
            }
            None => tokio::time::sleep(POLL_PAUSE - POLL_PAUSE_MIN).await,
        }
        Ok(false)
    }

    /// Ends the backend of a dead run that two looks found without its witness.
    async fn end_orphan(&mut self) {
        if watches_clients(self.session) {
            return;
        }
        // Fails where there is no lease, and then there is nobody to end.
        let found = witness::find_orphan(self.session).await.unwrap_or_default();
        if let Some(orphan) = found.as_ref().filter(|found| self.orphan.as_ref() == Some(found)) {
            let _best_effort = witness::end(self.session, orphan).await;
        }
        self.orphan = found;
    }
}

impl Turn {
    /// What begins every transaction that changes the target; see [`Lease::fence`].
    #[must_use]
    pub fn fence(&self) -> String {
        self.lease.as_ref().map(Lease::fence).unwrap_or_default()
    }

    /// How long another migrating process is waited for.
    #[must_use]
    pub fn patience(&self) -> Duration {
        self.patience
    }

    /// Whether a failed statement is the fence of a lease that is no longer ours.
    #[must_use]
    pub fn is_fenced(&self, error: &SqlError) -> bool {
        self.lease.is_some() && error.is("22012")
    }

    /// Takes the lock again.
    ///
    /// # Errors
    /// UP-4001 when another process has it, UP-1105.
    async fn take_again(&self, session: &Session) -> Result<()> {
        if self.exclusion != Exclusion::Lock {
            return Ok(());
        }
        let begun = Instant::now();
        while !advisory::try_lock(session).await? {
            if begun.elapsed() >= self.patience {
                let holder = advisory::holder(session).await;
                let words = format!("another process took the lock meanwhile: {holder}");
                return Err(Error::new(Code::LockBusy, words).hint("underpin status"));
            }
            tokio::time::sleep(POLL_PAUSE).await;
        }
        Ok(())
    }

    /// A new session takes the place of one that was lost: the lock is taken again, the lease names
    /// the new backend, and where a witness is needed there is one.
    ///
    /// # Errors
    /// UP-4001 when another process has the lock, UP-1105.
    pub async fn move_to(&mut self, session: &Session) -> Result<()> {
        self.take_again(session).await?;
        if self.exclusion == (Exclusion::Lease { pooled: true }) {
            return Ok(());
        }
        if let Some(lease) = &self.lease
            && session.simple_query(&lease.move_sql()).await.is_err()
        {
            // It is a help to those who wait. If we do not have the lease any more, the fence says so.
            let _ended = session.simple_query("ROLLBACK").await;
        }
        let lacks_witness = self.witness.as_ref().is_none_or(Session::is_closed);
        if lacks_witness && !watches_clients(session) {
            self.witness = self.target.connect().await.ok();
        }
        Ok(())
    }

    /// Tells those who wait, where a Redis does that.
    pub fn announce(&mut self, what: Announcement<'_>) {
        if let Some(hint) = &mut self.hint {
            hint.announce(what);
        }
    }

    /// Gives lease and lock back. A session that is lost has given them back itself. What of the
    /// hint was missing, if anything was.
    pub async fn leave(mut self, session: &Session) -> Option<String> {
        if let Some(lease) = &self.lease {
            let _best_effort = session.simple_query(&lease.release_sql()).await;
        }
        if self.exclusion == Exclusion::Lock {
            let _best_effort = advisory::release(session).await;
        }
        self.announce(Announcement::Released);
        self.hint?.close().await
    }
}

fn unusable(e: &SqlError) -> Error {
    let code = match e.sqlstate.as_deref() {
        _ if e.connection_lost => Code::ConnectionLost,
        Some("25006") => Code::ReadOnly,
        _ => Code::HistoryUnwritable,
    };
    let error = Error::new(code, "the lease `underpin.lease` cannot be used")
        .caused_by(e)
        .sqlstate(e.sqlstate.as_deref());
    match code {
        Code::ReadOnly => error.hint("connect to the primary with a role that may write"),
        _ => error,
    }
}
