//! From the effect of a statement to what rules and reports ask.

use super::Options;
use crate::effect::{self, Effect};
use crate::model::{Name, ObjectKind, Parsed, Statement};
use crate::schema::{RelationKind, Schema};

/// What a statement does to the server, as far as rules ask.
#[derive(Debug, Clone, Default)]
pub struct Does {
    /// Locks on tables, views and sequences; those on indexes are left out.
    pub locks: Vec<TableLock>,
    /// Work that grows with a relation.
    pub work: Vec<TableWork>,
    /// The first major version that takes the statement.
    pub since: Option<u32>,
    /// Its effect is known.
    pub known: bool,
    /// What every server answers, as far as the files tell what is there: a SQLSTATE.
    pub refused: Option<String>,
}

/// A lock on a relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableLock {
    /// The relation.
    pub table: Name,
    /// The mode, 1 (`ACCESS SHARE`) to 8 (`ACCESS EXCLUSIVE`), as PostgreSQL numbers them.
    pub mode: u8,
}

/// Work on a relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableWork {
    /// The relation.
    pub table: Name,
    /// What is done.
    pub class: Work,
}

/// Work that grows with a relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Work {
    /// Rows are changed one by one.
    Rows,
    /// Every row is read.
    Scan,
    /// An index is built.
    Build,
    /// The table and its indexes are written anew.
    Rewrite,
}

impl Does {
    /// Whether it does this work on a table.
    #[must_use]
    pub fn does(&self, class: Work, table: &Name) -> bool {
        let table = super::record::full(table);
        self.work.iter().any(|w| w.class == class && super::record::full(&w.table) == table)
    }
}

/// The oldest version that is thought of where nothing is said.
const OLDEST_MAJOR: u32 = 13;

/// What a statement does. The statements inside a block are steps of their own, so that the block
/// itself does nothing.
pub(crate) fn does(parsed: &Parsed, schema: &Schema, options: &Options) -> Does {
    if is_block(&parsed.statement) {
        return Does { known: true, ..Does::default() };
    }
    let (oldest, newest) = (*effect::MAJORS.start(), *effect::MAJORS.end());
    let major = options.server_major.unwrap_or(OLDEST_MAJOR).clamp(oldest, newest);
    let mut effect = effect::of(parsed, schema, major);
    let since = effect.since.map(|s| s.major);
    if let Some(since) = since.filter(|s| *s > major && options.server_major.is_none()) {
        effect = effect::of(parsed, schema, since.min(newest));
    }
    let is_sequence =
        |name: &Name| schema.relation(name).is_some_and(|r| r.kind == RelationKind::Sequence);
    let mut does = of(&effect, since);
    // Nobody waits for the sequence that goes with its table.
    if !matches!(parsed.statement, Statement::AlterSequence(_)) {
        does.locks.retain(|l| !is_sequence(&l.table));
    }
    if let Statement::AlterTable(alter) = &parsed.statement
        && schema.is_fresh(&alter.relation)
    {
        // A foreign key of a new table is checked for the rows that are in it, which are few.
        does.work.clear();
    }
    does
}

fn of(effect: &Effect, since: Option<u32>) -> Does {
    let locks = effect
        .locks
        .iter()
        .map(|(table, mode)| TableLock { table: table.clone(), mode: *mode as u8 });
    let work = effect.work.iter().filter_map(|(table, work)| {
        let class = match work {
            effect::Work::Metadata | effect::Work::Empty => return None,
            effect::Work::Scan => Work::Scan,
            effect::Work::Rows => Work::Rows,
            effect::Work::Build => Work::Build,
            effect::Work::Rewrite => Work::Rewrite,
        };
        Some(TableWork { table: table.clone(), class })
    });
    let refused = match &effect.verdict {
        effect::Verdict::Refused(sqlstate) => Some(sqlstate.clone()),
        _ => None,
    };
    let known = !effect.is_unknown();
    Does { locks: locks.collect(), work: work.collect(), since, known, refused }
}

/// Whether the statements inside run with it.
pub(crate) fn is_block(statement: &Statement) -> bool {
    match statement {
        Statement::Do { .. } | Statement::CreateSchema { .. } => true,
        Statement::Explain { analyze } => *analyze,
        _ => false,
    }
}

/// Whether statements inside of it run with it, of their own or in its `WITH`.
pub(crate) fn runs_what_is_inside(statement: &Statement) -> bool {
    is_block(statement)
        || matches!(
            statement,
            Statement::Select(_)
                | Statement::Insert(_)
                | Statement::Update(_)
                | Statement::Delete(_)
                | Statement::Merge { .. }
        )
}

/// PostgreSQL's name of a mode (`pg_locks.mode`).
pub(crate) fn mode_name(mode: u8) -> &'static str {
    match mode {
        1 => "AccessShareLock",
        2 => "RowShareLock",
        3 => "RowExclusiveLock",
        4 => "ShareUpdateExclusiveLock",
        5 => "ShareLock",
        6 => "ShareRowExclusiveLock",
        7 => "ExclusiveLock",
        _ => "AccessExclusiveLock",
    }
}

/// What people call a statement.
#[must_use]
pub fn tag(statement: &Statement) -> &'static str {
    use Statement as S;
    match statement {
        S::CreateTable(_) => "CREATE TABLE",
        S::CreateTableAs(s) if s.kind == ObjectKind::MaterializedView => "CREATE MATERIALIZED VIEW",
        S::CreateTableAs(_) => "CREATE TABLE AS",
        S::AlterTable(s) => match s.kind {
            ObjectKind::View => "ALTER VIEW",
            ObjectKind::Index => "ALTER INDEX",
            ObjectKind::Sequence => "ALTER SEQUENCE",
            ObjectKind::MaterializedView => "ALTER MATERIALIZED VIEW",
            ObjectKind::Type => "ALTER TYPE",
            _ => "ALTER TABLE",
        },
        S::CreateIndex(s) if s.concurrently => "CREATE INDEX CONCURRENTLY",
        S::CreateIndex(_) => "CREATE INDEX",
        S::Reindex(_) => "REINDEX",
        S::Drop(s) => dropped(s.kind),
        S::Rename(_) => "ALTER … RENAME",
        S::SetSchema(_) => "ALTER … SET SCHEMA",
        S::SetOwner { .. } => "ALTER … OWNER TO",
        S::CreateType(_) => "CREATE TYPE",
        S::AlterEnum(_) => "ALTER TYPE",
        S::CreateDomain(_) => "CREATE DOMAIN",
        S::AlterDomain(_) => "ALTER DOMAIN",
        S::CreateView(_) => "CREATE VIEW",
        S::RefreshMaterializedView { .. } => "REFRESH MATERIALIZED VIEW",
        S::CreateSequence(_) => "CREATE SEQUENCE",
        S::AlterSequence(_) => "ALTER SEQUENCE",
        S::CreateTrigger(_) => "CREATE TRIGGER",
        S::CreateRule { .. } => "CREATE RULE",
        S::Policy(s) if s.create => "CREATE POLICY",
        S::Policy(_) => "ALTER POLICY",
        S::CreateRoutine(s) if s.procedure => "CREATE PROCEDURE",
        S::CreateRoutine(_) => "CREATE FUNCTION",
        S::AlterRoutine { .. } => "ALTER FUNCTION",
        S::Do { .. } => "DO",
        S::Call { .. } => "CALL",
        S::Dynamic => "EXECUTE",
        S::CreateSchema { .. } => "CREATE SCHEMA",
        S::CreateExtension { .. } => "CREATE EXTENSION",
        S::UpdateExtension { .. } => "ALTER EXTENSION",
        S::Grant(s) if s.grant => "GRANT",
        S::Grant(_) => "REVOKE",
        S::GrantRole { grant: true, .. } => "GRANT ROLE",
        S::GrantRole { .. } => "REVOKE ROLE",
        S::DefaultPrivileges { .. } => "ALTER DEFAULT PRIVILEGES",
        S::Role(_) => "ALTER ROLE",
        S::Truncate(_) => "TRUNCATE",
        S::Insert(_) => "INSERT",
        S::Update(_) => "UPDATE",
        S::Delete(_) => "DELETE",
        S::Merge { .. } => "MERGE",
        S::Copy(_) => "COPY",
        S::Select(_) => "SELECT",
        S::Explain { .. } => "EXPLAIN",
        S::Set(s) if s.reset => "RESET",
        S::Set(_) => "SET",
        S::Transaction(_) => "transaction control",
        S::Vacuum { .. } => "VACUUM",
        S::Analyze { .. } => "ANALYZE",
        S::Cluster { .. } => "CLUSTER",
        S::Lock { .. } => "LOCK TABLE",
        S::Comment { .. } => "COMMENT",
        S::AlterSystem { .. } => "ALTER SYSTEM",
        S::Database(s) if s.create => "CREATE DATABASE",
        S::Database(_) => "ALTER DATABASE",
        S::CreateStatistics { .. } => "CREATE STATISTICS",
        S::Publication { create: true, .. } => "CREATE PUBLICATION",
        S::Publication { .. } => "ALTER PUBLICATION",
        S::Subscription { create: true, .. } => "CREATE SUBSCRIPTION",
        S::Subscription { .. } => "ALTER SUBSCRIPTION",
        S::Other { tag } => tag,
        S::Unparsed { .. } => "not SQL",
    }
}

fn dropped(kind: ObjectKind) -> &'static str {
    use ObjectKind as K;
    match kind {
        K::Table => "DROP TABLE",
        K::View => "DROP VIEW",
        K::MaterializedView => "DROP MATERIALIZED VIEW",
        K::Index => "DROP INDEX",
        K::Sequence => "DROP SEQUENCE",
        K::Type => "DROP TYPE",
        K::Domain => "DROP DOMAIN",
        K::Schema => "DROP SCHEMA",
        K::Function | K::Procedure | K::Routine | K::Aggregate => "DROP FUNCTION",
        K::Trigger => "DROP TRIGGER",
        K::Policy => "DROP POLICY",
        K::Extension => "DROP EXTENSION",
        K::Database => "DROP DATABASE",
        _ => "DROP",
    }
}
