//! The journal: what a run intends before it acts, and what came of it.
//!
//! Two copies. The table `underpin.journal` in the target is the authority; its outcome rows stand
//! in the same transaction as the effect wherever the effect has one. The local file (NDJSON, one
//! per run, mode 0600, synced line by line) covers times when the database is away, and shows what
//! a failover has lost. Entries are chained by hash, so that one that was changed or removed by
//! hand shows.
//!
//! Invariants: an intent is written before its action, an outcome after; no entry holds a secret or
//! a row value. Non-goals: deciding anything; `_prisma_migrations`, which is Prisma's.

mod approval;
mod record;

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

pub use approval::{Approval, Approved, Checks, approvals};

use crate::error::{Code, Error, Result};
use crate::postgres::{Session, SqlError, literal};

pub use record::{Record, Records, newest, rows_written};

/// The schema that holds our tables. Neither Prisma nor a catalog snapshot looks into it.
pub const SCHEMA: &str = "underpin";

/// What an entry says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The lease was taken; `detail` says from whom, if from anybody.
    LeaseTaken,
    /// Migrations were recorded as applied without running them; `detail` is a JSON list of
    /// [`BaselineRow`]s.
    Baselined,
    /// What a baseline had recorded was removed from the history; `detail` is the run of it.
    BaselineUndone,
    /// The history table was made.
    HistoryCreated,
    /// Somebody said of a migration that it is applied or rolled back; `detail` says which.
    Resolved,
    /// Evidence in place of a backup let the run begin; `detail` is its name and who claims it.
    EvidenceAccepted,
    /// Intent: a migration is about to run; `step` is the number of its statements.
    MigrationStarted,
    /// Intent: a statement that cannot be part of a transaction is about to be sent.
    StatementStarted,
    /// Intent: the whole script is about to be sent as one message, which may commit in its midst.
    MessageStarted,
    /// A statement, or the block up to it, is in effect.
    StatementDone,
    /// A migration is in effect and recorded.
    MigrationDone,
    /// A migration failed and nothing of it is in effect.
    MigrationUndone,
    /// A migration stopped after some of its statements; `step` of them are in effect.
    MigrationStopped,
    /// A migration stopped in a statement that may have committed by itself: what of it is in
    /// effect is not known.
    MigrationUnclear,
    /// A backup was made for this run; `detail` is its name and level.
    BackedUp,
    /// The catalog at the end was what the folder implies; `detail` says how much was compared.
    Verified,
    /// It was not; `detail` says in how many places.
    VerifyFailed,
    /// What the migrations of a deploy took, and what was expected; `detail` is a JSON list.
    Timed,
    /// A declared repair of a migration is in effect; `detail` is its file.
    Repaired,
    /// Somebody approved a plan; `detail` is an [`Approval`].
    Approved,
    /// A deploy has carried out what was approved; `detail` is the number of the approval.
    ApprovalUsed,
    /// The database was restored: what follows is after that; `detail` is the backup, and under which
    /// name the database of before is kept.
    Restored,
}

impl Kind {
    const ALL: [Self; 22] = [
        Self::LeaseTaken,
        Self::Baselined,
        Self::BaselineUndone,
        Self::HistoryCreated,
        Self::Resolved,
        Self::EvidenceAccepted,
        Self::MigrationStarted,
        Self::StatementStarted,
        Self::MessageStarted,
        Self::StatementDone,
        Self::MigrationDone,
        Self::MigrationUndone,
        Self::MigrationStopped,
        Self::MigrationUnclear,
        Self::BackedUp,
        Self::Verified,
        Self::VerifyFailed,
        Self::Timed,
        Self::Repaired,
        Self::Approved,
        Self::ApprovalUsed,
        Self::Restored,
    ];

    /// Its stable word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::LeaseTaken => "lease_taken",
            Self::Baselined => "baselined",
            Self::BaselineUndone => "baseline_undone",
            Self::HistoryCreated => "history_created",
            Self::Resolved => "resolved",
            Self::EvidenceAccepted => "evidence_accepted",
            Self::MigrationStarted => "migration_started",
            Self::StatementStarted => "statement_started",
            Self::MessageStarted => "message_started",
            Self::StatementDone => "statement_done",
            Self::MigrationDone => "migration_done",
            Self::MigrationUndone => "migration_undone",
            Self::MigrationStopped => "migration_stopped",
            Self::MigrationUnclear => "migration_unclear",
            Self::BackedUp => "backed_up",
            Self::Verified => "verified",
            Self::VerifyFailed => "verify_failed",
            Self::Timed => "timed",
            Self::Repaired => "repaired",
            Self::Approved => "approved",
            Self::ApprovalUsed => "approval_used",
            Self::Restored => "restored",
        }
    }

    /// The kind of a word, if this version knows it.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// One entry, before it has a place in the chain.
#[derive(Debug, Clone)]
pub struct Entry {
    /// What it says.
    pub kind: Kind,
    /// The migration.
    pub migration: Option<String>,
    /// The `id` of its history row.
    pub row: Option<String>,
    /// Statements: see [`Kind`].
    pub step: Option<usize>,
    /// In words.
    pub detail: Option<String>,
}

impl Entry {
    /// An entry that is about no migration.
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        Self { kind, migration: None, row: None, step: None, detail: None }
    }

    /// An entry about a migration's history row.
    #[must_use]
    pub fn of(kind: Kind, migration: &str, row: &str) -> Self {
        Self {
            kind,
            migration: Some(migration.to_owned()),
            row: Some(row.to_owned()),
            step: None,
            detail: None,
        }
    }

    /// With a number of statements.
    #[must_use]
    pub fn step(mut self, step: usize) -> Self {
        self.step = Some(step);
        self
    }

    /// With words.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }
}

/// An entry with its place in the chain, not yet committed.
#[derive(Debug, Clone)]
pub struct Draft {
    seq: i64,
    run: String,
    token: i64,
    entry: Entry,
    prev: String,
    hash: String,
}

/// A line of a local copy.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct Witness {
    target: String,
    kind: String,
    seq: i64,
    run: String,
    token: i64,
    migration: Option<String>,
    row: Option<String>,
    step: Option<usize>,
    detail: Option<String>,
    prev: String,
    hash: String,
}

impl Witness {
    fn is_done(&self) -> bool {
        self.kind == Kind::MigrationDone.word()
    }
}

/// Local copies that are read at most.
const COPIES_READ_MAX: usize = 20;

/// What tells one database from every other: system identifier and database oid,
/// `7345012345678901234/16384`. Any role may ask.
///
/// # Errors
/// What the server said.
pub async fn target(session: &Session) -> std::result::Result<String, SqlError> {
    let sql = "SELECT s.system_identifier || '/' || d.oid FROM pg_catalog.pg_control_system() s, \
        pg_catalog.pg_database d WHERE d.datname = current_database()";
    Ok(session.value(sql).await?.unwrap_or_default())
}

/// The newest local copies; their names are times (UUIDv7).
fn newest_copies(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == "ndjson"))
        .collect();
    paths.sort_unstable();
    paths.split_off(paths.len().saturating_sub(COPIES_READ_MAX))
}

/// What the journal says of one history row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowState {
    /// It was run by us.
    pub started: bool,
    /// Statements that are in effect.
    pub done: usize,
    /// A statement, by index, that was sent outside a transaction and whose outcome is not
    /// recorded.
    pub open: Option<usize>,
    /// It failed, and nothing of it is in effect.
    pub undone: bool,
    /// It may have committed where no journal could see it: a person has to look.
    pub unclear: bool,
    /// Statements, by index, that were in effect before it began.
    pub left_out: BTreeSet<usize>,
}

/// The detail of [`Kind::MigrationStarted`]: the script's checksum, and behind it the statements,
/// by index, that are in effect already and are left out.
#[must_use]
pub fn started(checksum: &str, left_out: &BTreeSet<usize>) -> String {
    let numbers = left_out.iter().map(|index| format!(" {index}"));
    numbers.fold(checksum.to_owned(), |text, number| text + &number)
}

fn left_out(detail: &str) -> BTreeSet<usize> {
    detail.split(' ').skip(1).filter_map(|number| number.parse().ok()).collect()
}

/// The journal of one run.
#[derive(Debug)]
pub struct Journal {
    run: String,
    token: i64,
    last: Option<(i64, String)>,
    /// The table can be written.
    table: bool,
    file: Option<std::fs::File>,
    path: Option<PathBuf>,
    /// System identifier and database, by which local copies of one target are told apart.
    target: String,
}

/// Whether the journal and the lease are there.
///
/// # Errors
/// What the server said.
pub async fn exists(session: &Session) -> std::result::Result<bool, SqlError> {
    let sql = "SELECT count(*) = 2 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n \
        ON n.oid = c.relnamespace WHERE n.nspname = 'underpin' AND c.relname IN ('lease', 'journal')";
    Ok(session.value(sql).await?.as_deref() == Some("t"))
}

/// The SQL that makes our schema. Under the lock only: twenty processes that do it at once fail
/// with unique violations in the catalog (measured on 15 and 18).
pub const CREATE: &str = "CREATE SCHEMA IF NOT EXISTS underpin;\n\
COMMENT ON SCHEMA underpin IS 'Underpin: who may migrate this database, and what was done';\n\
CREATE TABLE IF NOT EXISTS underpin.lease (\n\
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),\n\
    protocol integer NOT NULL DEFAULT 1,\n\
    token bigint NOT NULL DEFAULT 0,\n\
    run text,\n\
    owner text,\n\
    pooled boolean NOT NULL DEFAULT false,\n\
    backend_pid integer,\n\
    backend_start timestamptz,\n\
    expires_at timestamptz,\n\
    system_identifier text,\n\
    postmaster_start timestamptz\n\
);\n\
CREATE TABLE IF NOT EXISTS underpin.journal (\n\
    seq bigint PRIMARY KEY,\n\
    at timestamptz NOT NULL DEFAULT clock_timestamp(),\n\
    run text NOT NULL,\n\
    token bigint NOT NULL,\n\
    kind text NOT NULL,\n\
    migration text,\n\
    history_row text,\n\
    step integer,\n\
    detail text,\n\
    system_identifier text,\n\
    timeline integer,\n\
    lsn text,\n\
    prev text NOT NULL,\n\
    hash text NOT NULL\n\
);\n\
INSERT INTO underpin.lease DEFAULT VALUES ON CONFLICT DO NOTHING";

impl Journal {
    /// A journal without a table: where our schema cannot be made.
    #[must_use]
    pub fn local_only(run: &str, folder: Option<&Path>) -> Self {
        let path = folder.map(|folder| folder.join(format!("{run}.ndjson")));
        let file = path.as_deref().and_then(create_private);
        Self {
            run: run.to_owned(),
            token: 0,
            last: None,
            table: false,
            file,
            path,
            target: String::new(),
        }
    }

    /// Opens the table's chain at its end. The caller holds the lease with this token.
    ///
    /// # Errors
    /// UP-3003 when the table cannot be read.
    pub async fn open(
        session: &Session,
        run: &str,
        token: i64,
        folder: Option<&Path>,
    ) -> Result<Self> {
        let rows = session
            .rows("SELECT seq::text, hash FROM underpin.journal j ORDER BY j.seq DESC LIMIT 1")
            .await
            .map_err(|e| unusable(&e))?;
        let last = rows.into_iter().next().and_then(|row| {
            let mut values = row.into_iter().flatten();
            Some((values.next()?.parse().ok()?, values.next()?))
        });
        let target = target(session).await.map_err(|e| unusable(&e))?;
        Ok(Self { token, last, table: true, target, ..Self::local_only(run, folder) })
    }

    /// Migrations that a local copy calls done and the table has no entry of: a failover to a
    /// standby that had not received them, or a restored backup, took them away. The newest copies
    /// in `folder` are read.
    ///
    /// # Errors
    /// UP-3003 when the table cannot be read.
    pub async fn lost(&self, session: &Session, folder: &Path) -> Result<Vec<String>> {
        let mut witnessed: Vec<Witness> = Vec::new();
        for path in newest_copies(folder) {
            let Ok(text) = std::fs::read_to_string(path) else { continue };
            let lines = text.lines().filter_map(|line| serde_json::from_str::<Witness>(line).ok());
            witnessed.extend(lines.filter(|w| w.target == self.target && w.is_done()));
        }
        if witnessed.is_empty() {
            return Ok(Vec::new());
        }
        let rows =
            session.rows("SELECT hash FROM underpin.journal").await.map_err(|e| unusable(&e))?;
        let held: std::collections::HashSet<String> =
            rows.into_iter().flatten().flatten().collect();
        Ok(witnessed
            .into_iter()
            .filter(|w| !held.contains(&w.hash))
            .filter_map(|w| w.migration)
            .collect())
    }

    /// Gives an entry its place. `sql` of the draft is to be run once; after it is committed, call
    /// [`Journal::committed`].
    #[must_use]
    pub fn draft(&self, entry: Entry) -> Draft {
        let (seq, prev) =
            self.last.as_ref().map_or((1, String::new()), |(seq, hash)| (seq + 1, hash.clone()));
        let mut draft = Draft {
            seq,
            run: self.run.clone(),
            token: self.token,
            entry,
            prev,
            hash: String::new(),
        };
        draft.hash = draft.digest();
        draft
    }

    /// The statement that writes a draft; empty without a table.
    #[must_use]
    pub fn sql(&self, draft: &Draft) -> String {
        if self.table { draft.insert() } else { String::new() }
    }

    /// A draft is in the table: the chain goes on from it.
    pub fn committed(&mut self, draft: &Draft) {
        self.write(draft);
        if self.table {
            self.last = Some((draft.seq, draft.hash.clone()));
        }
    }

    /// Writes an entry by itself, table and file.
    ///
    /// # Errors
    /// UP-1105 and UP-3003.
    pub async fn append(&mut self, session: &Session, entry: Entry) -> Result<()> {
        let draft = self.draft(entry);
        let sql = self.sql(&draft);
        if !sql.is_empty() {
            session.simple_query(&sql).await.map_err(|e| unusable(&e))?;
        }
        self.committed(&draft);
        Ok(())
    }

    /// Where the local copy is.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.file.as_ref().and(self.path.as_deref())
    }

    /// The local copy is a witness, not the authority: a full disk must not stop a migration.
    fn write(&mut self, draft: &Draft) {
        let Some(file) = &mut self.file else { return };
        let witness = Witness {
            target: self.target.clone(),
            kind: draft.entry.kind.word().to_owned(),
            seq: draft.seq,
            run: draft.run.clone(),
            token: draft.token,
            migration: draft.entry.migration.clone(),
            row: draft.entry.row.clone(),
            step: draft.entry.step,
            detail: draft.entry.detail.clone(),
            prev: draft.prev.clone(),
            hash: draft.hash.clone(),
        };
        let Ok(mut line) = serde_json::to_string(&witness) else { return };
        line.push('\n');
        let written = file.write_all(line.as_bytes()).and_then(|()| file.sync_data());
        if written.is_err() {
            self.file = None;
        }
    }
}

impl Draft {
    /// SHA-256 over everything that the client decides, and the entry before it.
    fn digest(&self) -> String {
        digest(&[
            &self.prev,
            &self.seq.to_string(),
            &self.run,
            &self.token.to_string(),
            self.entry.kind.word(),
            self.entry.migration.as_deref().unwrap_or_default(),
            self.entry.row.as_deref().unwrap_or_default(),
            &self.entry.step.map(|step| step.to_string()).unwrap_or_default(),
            self.entry.detail.as_deref().unwrap_or_default(),
        ])
    }

    fn insert(&self) -> String {
        let text = |value: Option<&str>| value.map_or_else(|| "NULL".to_owned(), literal);
        let entry = &self.entry;
        format!(
            "INSERT INTO underpin.journal (seq, run, token, kind, migration, history_row, step, detail, \
             system_identifier, timeline, lsn, prev, hash) SELECT {}, {}, {}, {}, {}, {}, {}, {}, \
             s.system_identifier::text, c.timeline_id, pg_catalog.pg_current_wal_lsn()::text, {}, {} \
             FROM pg_catalog.pg_control_system() s, pg_catalog.pg_control_checkpoint() c;\n",
            self.seq,
            literal(&self.run),
            self.token,
            literal(entry.kind.word()),
            text(entry.migration.as_deref()),
            text(entry.row.as_deref()),
            entry.step.map_or_else(|| "NULL".to_owned(), |step| step.to_string()),
            text(entry.detail.as_deref()),
            literal(&self.prev),
            literal(&self.hash),
        )
    }
}

/// SHA-256 of a list of parts: length before text, so that no two lists have the same bytes.
#[must_use]
pub fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What the journal says of a history row.
///
/// # Errors
/// UP-3003 when the table cannot be read.
pub async fn state_of(session: &Session, row: &str) -> Result<RowState> {
    if !exists(session).await.map_err(|e| unusable(&e))? {
        return Ok(RowState::default());
    }
    let sql = format!(
        "SELECT kind, step::text, detail FROM underpin.journal WHERE history_row = {} ORDER BY seq",
        literal(row)
    );
    let rows = session.rows(&sql).await.map_err(|e| unusable(&e))?;
    let mut state = RowState::default();
    for row in rows {
        let mut values = row.into_iter();
        let kind = values.next().flatten().and_then(|word| Kind::parse(&word));
        let step = values.next().flatten().and_then(|step| step.parse().ok()).unwrap_or(0);
        match kind {
            Some(Kind::MigrationStarted) => {
                state.started = true;
                state.left_out = left_out(&values.next().flatten().unwrap_or_default());
            }
            Some(Kind::StatementStarted) => state.open = Some(step),
            Some(Kind::StatementDone) => {
                state.done = state.done.max(step);
                state.open = state.open.filter(|open| *open >= step);
            }
            Some(Kind::MigrationUndone) => state.undone = true,
            Some(Kind::MigrationStopped) => state.open = None,
            Some(Kind::MessageStarted | Kind::MigrationUnclear) => state.unclear = true,
            _ => {}
        }
    }
    Ok(state)
}

/// One migration that a baseline recorded.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct BaselineRow {
    /// Its name.
    pub migration: String,
    /// The id of its history row.
    pub row: String,
    /// Why it was assumed, where it was not proven.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assumed: Option<String>,
}

/// A baseline that can be undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Baseline {
    /// The run that wrote it.
    pub run: String,
    /// What it recorded, in the folder's order.
    pub rows: Vec<BaselineRow>,
}

/// The baselines that were recorded and not undone since, oldest first.
///
/// # Errors
/// UP-3003 when the table cannot be read.
pub async fn baselines(session: &Session) -> Result<Vec<Baseline>> {
    if !exists(session).await.map_err(|e| unusable(&e))? {
        return Ok(Vec::new());
    }
    let sql = "SELECT kind, run, detail FROM underpin.journal \
        WHERE kind IN ('baselined', 'baseline_undone') ORDER BY seq";
    let mut all: Vec<Baseline> = Vec::new();
    for row in session.rows(sql).await.map_err(|e| unusable(&e))? {
        let mut values = row.into_iter().map(Option::unwrap_or_default);
        let mut next = || values.next().unwrap_or_default();
        let (kind, run, detail) = (next(), next(), next());
        if kind == Kind::BaselineUndone.word() {
            all.retain(|baseline| baseline.run != detail);
        } else if let Ok(rows) = serde_json::from_str(&detail) {
            all.push(Baseline { run, rows });
        }
    }
    Ok(all)
}

/// The first entry of the table that does not follow from the one before it, if there is one.
///
/// # Errors
/// UP-3003 when the table cannot be read.
pub async fn broken_link(session: &Session) -> Result<Option<i64>> {
    let sql = "SELECT seq::text, run, token::text, kind, migration, history_row, step::text, detail, \
        prev, hash FROM underpin.journal j ORDER BY j.seq";
    let rows = session.rows(sql).await.map_err(|e| unusable(&e))?;
    let mut before = String::new();
    for row in rows {
        let text = |i: usize| row.get(i).and_then(Option::as_deref).unwrap_or_default();
        let hash = digest(&[
            text(8),
            text(0),
            text(1),
            text(2),
            text(3),
            text(4),
            text(5),
            text(6),
            text(7),
        ]);
        if text(8) != before || text(9) != hash {
            return Ok(text(0).parse().ok());
        }
        before = hash;
    }
    Ok(None)
}

pub(crate) fn unusable(e: &SqlError) -> Error {
    let code = if e.connection_lost { Code::ConnectionLost } else { Code::HistoryUnwritable };
    Error::new(code, "the journal `underpin.journal` cannot be used")
        .caused_by(e)
        .sqlstate(e.sqlstate.as_deref())
        .hint("as its owner: GRANT USAGE ON SCHEMA underpin TO <role>; GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA underpin TO <role>")
}

/// A new file that only its owner can read.
fn create_private(path: &Path) -> Option<std::fs::File> {
    use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
    let folder = path.parent()?;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).ok()?;
    std::fs::OpenOptions::new().create_new(true).append(true).mode(0o600).open(path).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chain_goes_on_only_from_what_is_committed() {
        let mut journal = Journal { table: true, ..Journal::local_only("r", None) };
        let first = journal.draft(Entry::of(Kind::MigrationStarted, "1_a", "x"));
        let again = journal.draft(Entry::of(Kind::MigrationStarted, "1_a", "x"));
        assert_eq!(first.hash, again.hash, "a draft that is not committed leaves no trace");
        journal.committed(&first);
        let second = journal.draft(Entry::of(Kind::MigrationDone, "1_a", "x"));
        assert_eq!((second.seq, &second.prev), (2, &first.hash));
        assert!(journal.sql(&second).contains("migration_done"));
    }

    #[test]
    fn the_local_copy_is_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::local_only("r", Some(&folder.path().join("journal")));
        let draft = journal.draft(Entry::of(Kind::MigrationStarted, "1_a", "x").step(3));
        journal.committed(&draft);
        let path = journal.path().unwrap();
        assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
        let text = std::fs::read_to_string(path).unwrap();
        assert!(text.contains("\"migration_started\"") && text.ends_with('\n'), "{text}");
    }

    #[test]
    fn words_and_kinds_are_one_to_one() {
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.word()), Some(kind));
        }
    }
}
