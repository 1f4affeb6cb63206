//! Statements as Underpin judges them: own enums, names, expression facts and byte spans.
//!
//! Purpose: rules and effects are written against these types, so that the parser can be changed
//! without touching one of them. Invariants: plain data; every span is a byte range of the text
//! that was read, on character bounds; a statement without a variant of its own is
//! [`Statement::Other`] with its command tag, one that the grammar refuses is
//! [`Statement::Unparsed`] - never silence. Non-goals: printing SQL; what the statement *does*
//! (that is `effect`).

mod expression;
mod name;
mod object;
mod table;

use std::ops::Range;

pub use expression::{Condition, Expression, Mentions, Volatility};
pub use name::{Name, TypeName};
pub use object::*;
pub use table::*;

pub use super::kind::TransactionControl;
pub use super::read::read;

/// Bytes of the text that was read.
pub type Span = Range<usize>;

/// One statement with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    /// Its bytes, without the semicolon and without comments around it.
    pub span: Span,
    /// 1-based line of its first character.
    pub line: usize,
    /// What it is.
    pub statement: Statement,
    /// The statements in the body of a `DO` block or a PL/pgSQL or SQL routine, in order, with
    /// spans in the same text. Those of a `DO` run with it; those of a routine when it is called.
    pub inside: Vec<Parsed>,
}

/// One statement.
#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::large_enum_variant)] // a file has a few hundred of them
pub enum Statement {
    /// `CREATE TABLE`, `CREATE FOREIGN TABLE`.
    CreateTable(CreateTable),
    /// `CREATE TABLE AS`, `SELECT INTO`, `CREATE MATERIALIZED VIEW`.
    CreateTableAs(CreateTableAs),
    /// `ALTER TABLE` and the same grammar for an index, view, sequence, composite type, …
    AlterTable(AlterTable),
    /// `CREATE INDEX`.
    CreateIndex(CreateIndex),
    /// `REINDEX`.
    Reindex(Reindex),
    /// `DROP` of anything.
    Drop(Drop),
    /// `ALTER … RENAME`.
    Rename(Rename),
    /// `ALTER … SET SCHEMA`.
    SetSchema(SetSchema),
    /// `ALTER … OWNER TO` of everything but relations, whose owner is an [`AlterTable`] action.
    SetOwner {
        /// What kind of object.
        kind: ObjectKind,
        /// Its name.
        name: Name,
    },
    /// `CREATE TYPE`.
    CreateType(CreateType),
    /// `ALTER TYPE … ADD VALUE` or `RENAME VALUE`.
    AlterEnum(AlterEnum),
    /// `CREATE DOMAIN`.
    CreateDomain(CreateDomain),
    /// `ALTER DOMAIN`.
    AlterDomain(AlterDomain),
    /// `CREATE [OR REPLACE] VIEW`.
    CreateView(CreateView),
    /// `REFRESH MATERIALIZED VIEW`.
    RefreshMaterializedView {
        /// The view.
        view: Name,
        /// `CONCURRENTLY`.
        concurrently: bool,
        /// `WITH NO DATA`: it is emptied.
        no_data: bool,
    },
    /// `CREATE SEQUENCE`.
    CreateSequence(Sequence),
    /// `ALTER SEQUENCE` except rename, owner and schema.
    AlterSequence(Sequence),
    /// `CREATE [OR REPLACE] [CONSTRAINT] TRIGGER`.
    CreateTrigger(CreateTrigger),
    /// `CREATE [OR REPLACE] RULE`.
    CreateRule {
        /// The rule.
        name: String,
        /// Its relation.
        table: Name,
        /// `OR REPLACE`.
        replace: bool,
    },
    /// `CREATE POLICY`, `ALTER POLICY`.
    Policy(Policy),
    /// `CREATE [OR REPLACE] FUNCTION | PROCEDURE`.
    CreateRoutine(CreateRoutine),
    /// `ALTER FUNCTION | PROCEDURE`.
    AlterRoutine {
        /// The routine.
        name: Name,
        /// Names of what is set: `volatility`, `security`, `set`, …
        options: Vec<String>,
    },
    /// `DO`.
    Do {
        /// The language; `plpgsql` unless said.
        language: String,
    },
    /// `CALL`.
    Call {
        /// The procedure.
        procedure: Name,
    },
    /// SQL made at run time, inside a body: PL/pgSQL's `EXECUTE` of anything but a literal.
    /// What it does cannot be known.
    Dynamic,
    /// `CREATE SCHEMA`. Its elements are statements inside.
    CreateSchema {
        /// The schema, where it is named.
        name: String,
        /// `IF NOT EXISTS`.
        if_not_exists: bool,
    },
    /// `CREATE EXTENSION`.
    CreateExtension {
        /// The extension.
        name: String,
        /// `IF NOT EXISTS`.
        if_not_exists: bool,
        /// `VERSION` is given.
        pinned: bool,
    },
    /// `ALTER EXTENSION … UPDATE`.
    UpdateExtension {
        /// The extension.
        name: String,
        /// `TO version` is given.
        pinned: bool,
    },
    /// `GRANT`, `REVOKE` on objects.
    Grant(Grant),
    /// `GRANT role TO role`, `REVOKE role FROM role`.
    GrantRole {
        /// `GRANT`, not `REVOKE`.
        grant: bool,
        /// The roles that are given or taken.
        roles: Vec<String>,
    },
    /// `ALTER DEFAULT PRIVILEGES`.
    DefaultPrivileges {
        /// `GRANT`, not `REVOKE`.
        grant: bool,
    },
    /// `CREATE`, `ALTER`, `DROP ROLE`, `REASSIGN OWNED`, `DROP OWNED`.
    Role(Role),
    /// `TRUNCATE`.
    Truncate(Truncate),
    /// `INSERT`.
    Insert(Insert),
    /// `UPDATE`.
    Update(Update),
    /// `DELETE`.
    Delete(Delete),
    /// `MERGE`.
    Merge {
        /// The table that is changed.
        table: Name,
        /// Everything it names.
        mentions: Mentions,
        /// `RETURNING`, from PostgreSQL 17 on.
        returning: bool,
    },
    /// `COPY`.
    Copy(Copy),
    /// `SELECT`, `VALUES`, `TABLE`, PL/pgSQL's `PERFORM`.
    Select(Select),
    /// `EXPLAIN`. What it runs with `ANALYZE` is inside.
    Explain {
        /// With `ANALYZE`, so that the statement is executed.
        analyze: bool,
    },
    /// `SET`, `RESET`, `SET ROLE`, `SET TRANSACTION`.
    Set(Setting),
    /// Transaction control.
    Transaction(TransactionControl),
    /// `VACUUM`.
    Vacuum {
        /// `FULL`.
        full: bool,
        /// The tables; none: the whole database.
        tables: Vec<Name>,
    },
    /// `ANALYZE`.
    Analyze {
        /// The tables; none: the whole database.
        tables: Vec<Name>,
    },
    /// `CLUSTER`.
    Cluster {
        /// The table; `None`: every table that was clustered before.
        table: Option<Name>,
    },
    /// `LOCK TABLE`.
    Lock {
        /// The tables.
        tables: Vec<Name>,
        /// Those of them with `ONLY`.
        only: Vec<Name>,
        /// PostgreSQL's number of the mode, 1 (`ACCESS SHARE`) to 8 (`ACCESS EXCLUSIVE`).
        mode: u8,
    },
    /// `COMMENT ON`.
    Comment {
        /// What is commented on.
        kind: ObjectKind,
        /// The object; of a column, trigger, constraint: its relation.
        name: Name,
    },
    /// `ALTER SYSTEM`.
    AlterSystem {
        /// The setting; `None`: `RESET ALL`.
        setting: Option<String>,
    },
    /// `CREATE`, `ALTER DATABASE`. Dropping is [`Statement::Drop`].
    Database(Database),
    /// `CREATE STATISTICS`.
    CreateStatistics {
        /// The statistics, where named.
        name: Option<Name>,
        /// The table.
        table: Option<Name>,
    },
    /// `CREATE`, `ALTER PUBLICATION`.
    Publication {
        /// The publication.
        name: String,
        /// `CREATE`, not `ALTER`.
        create: bool,
        /// Tables that are named.
        tables: Vec<Name>,
        /// `FOR ALL TABLES`.
        all_tables: bool,
    },
    /// `CREATE`, `ALTER SUBSCRIPTION`. Dropping is [`Statement::Drop`].
    Subscription {
        /// The subscription.
        name: String,
        /// `CREATE`, not `ALTER`.
        create: bool,
    },
    /// A statement without a variant of its own.
    Other {
        /// PostgreSQL's command tag, `CREATE CAST` for instance.
        tag: &'static str,
    },
    /// The grammar does not accept it.
    Unparsed {
        /// The parser's message.
        message: String,
    },
}
