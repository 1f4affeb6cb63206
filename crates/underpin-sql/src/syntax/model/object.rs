//! Everything but tables: indexes, types, routines, rows, settings.

use super::{Condition, Constraint, Expression, Mentions, Name, Persistence, TypeName};

/// What kind of object a statement is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // PostgreSQL's own words
pub enum ObjectKind {
    Table,
    ForeignTable,
    View,
    MaterializedView,
    Index,
    Sequence,
    Column,
    TableConstraint,
    DomainConstraint,
    Attribute,
    Type,
    Domain,
    Schema,
    Function,
    Procedure,
    Routine,
    Aggregate,
    Trigger,
    Policy,
    Rule,
    Extension,
    Collation,
    Statistics,
    Publication,
    Subscription,
    Database,
    Role,
    Tablespace,
    EventTrigger,
    Language,
    Cast,
    ForeignServer,
    ForeignDataWrapper,
    UserMapping,
    /// Operators, text search objects, transforms, …
    Other,
}

/// `CREATE TABLE AS` and its kin.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateTableAs {
    /// The new relation.
    pub name: Name,
    /// `Table` or `MaterializedView`.
    pub kind: ObjectKind,
    /// `TEMPORARY`, `UNLOGGED`.
    pub persistence: Persistence,
    /// `IF NOT EXISTS`.
    pub if_not_exists: bool,
    /// `WITH NO DATA`.
    pub no_data: bool,
    /// What its query names.
    pub mentions: Mentions,
}

/// `CREATE INDEX`.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateIndex {
    /// The index, in its table's schema; `None`: the server chooses.
    pub name: Option<String>,
    /// The table.
    pub table: Name,
    /// `ONLY`.
    pub only: bool,
    /// `UNIQUE`.
    pub unique: bool,
    /// `CONCURRENTLY`.
    pub concurrently: bool,
    /// `IF NOT EXISTS`.
    pub if_not_exists: bool,
    /// `USING`; `btree` unless said.
    pub method: String,
    /// Key columns; an expression is `None`.
    pub columns: Vec<Option<String>>,
    /// What each part adds to the name of an index that is given none (`FigureIndexColname`): the
    /// column, the function that is called, `expr`.
    pub labels: Vec<String>,
    /// What its key expressions name.
    pub expressions: Mentions,
    /// `INCLUDE` columns.
    pub including: Vec<String>,
    /// `WHERE` of a partial index.
    pub predicate: Option<Expression>,
    /// `NULLS NOT DISTINCT`.
    pub nulls_not_distinct: bool,
}

/// `REINDEX`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reindex {
    /// What is reindexed.
    pub target: ReindexTarget,
    /// `CONCURRENTLY`.
    pub concurrently: bool,
    /// `(TABLESPACE …)` is given.
    pub tablespace: bool,
}

/// What `REINDEX` works on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReindexTarget {
    /// One index.
    Index(Name),
    /// All indexes of a table.
    Table(Name),
    /// All indexes of a schema.
    Schema(String),
    /// `DATABASE`, `SYSTEM`.
    Database,
}

/// `DROP`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drop {
    /// What kind of object.
    pub kind: ObjectKind,
    /// The objects.
    pub names: Vec<Name>,
    /// The relation of a trigger, policy or rule.
    pub on: Option<Name>,
    /// `CASCADE`.
    pub cascade: bool,
    /// `IF EXISTS`.
    pub if_exists: bool,
    /// `CONCURRENTLY`.
    pub concurrently: bool,
}

/// `ALTER … RENAME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rename {
    /// What is renamed: a table, or a column, a constraint, a trigger, … of one.
    pub kind: ObjectKind,
    /// The relation (for columns, constraints, triggers, policies, rules) or the object itself.
    pub object: Name,
    /// What the statement calls the relation, `ALTER INDEX` for instance.
    pub relation_kind: ObjectKind,
    /// The old name of what is renamed.
    pub from: String,
    /// The new name.
    pub to: String,
    /// `IF EXISTS`.
    pub if_exists: bool,
    /// `ONLY`, which `ALTER TABLE … RENAME COLUMN` allows.
    pub only: bool,
}

/// `ALTER … SET SCHEMA`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetSchema {
    /// What kind of object.
    pub kind: ObjectKind,
    /// Its name.
    pub name: Name,
    /// The new schema.
    pub to: String,
}

/// `CREATE TYPE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateType {
    /// The type.
    pub name: Name,
    /// `AS ENUM`: its labels.
    pub labels: Option<Vec<String>>,
}

/// `ALTER TYPE` of an enum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlterEnum {
    /// The type.
    pub name: Name,
    /// The change.
    pub change: EnumChange,
}

/// A change of an enum.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)] // the fields are the words of the command
pub enum EnumChange {
    /// `ADD VALUE`.
    Add { label: String, if_not_exists: bool, placed: bool },
    /// `RENAME VALUE`.
    Rename { from: String, to: String },
}

/// `CREATE DOMAIN`.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateDomain {
    /// The domain.
    pub name: Name,
    /// What it is based on.
    pub base: TypeName,
    /// `NOT NULL`.
    pub not_null: bool,
    /// Its `CHECK`s.
    pub constraints: Vec<Constraint>,
    /// Its default.
    pub default: Option<Expression>,
}

/// `ALTER DOMAIN`.
#[derive(Debug, Clone, PartialEq)]
pub struct AlterDomain {
    /// The domain.
    pub name: Name,
    /// The change.
    pub change: DomainChange,
}

/// A change of a domain.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, clippy::large_enum_variant)] // the fields are the words of the command
pub enum DomainChange {
    /// `SET DEFAULT`, `DROP DEFAULT`.
    Default,
    /// `SET NOT NULL`.
    SetNotNull,
    /// `DROP NOT NULL`.
    DropNotNull,
    /// `ADD CONSTRAINT`.
    AddConstraint(Constraint),
    /// `DROP CONSTRAINT`.
    DropConstraint { name: String, cascade: bool },
    /// `VALIDATE CONSTRAINT`.
    Validate { name: String },
}

/// `CREATE VIEW`.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateView {
    /// The view.
    pub name: Name,
    /// `OR REPLACE`.
    pub replace: bool,
    /// What its query names.
    pub mentions: Mentions,
}

/// `CREATE SEQUENCE`, `ALTER SEQUENCE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sequence {
    /// The sequence.
    pub name: Name,
    /// `IF [NOT] EXISTS`.
    pub guarded: bool,
    /// Names of what is given: `restart`, `increment`, `as`, `owned_by`, …
    pub options: Vec<String>,
    /// `AS type`.
    pub type_name: Option<TypeName>,
    /// The table of `OWNED BY table.column`.
    pub owned_by: Option<Name>,
}

/// `CREATE TRIGGER`.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateTrigger {
    /// The trigger.
    pub name: String,
    /// Its table.
    pub table: Name,
    /// `OR REPLACE`.
    pub replace: bool,
    /// `CONSTRAINT`.
    pub constraint: bool,
    /// The table of `FROM`, for constraint triggers.
    pub from: Option<Name>,
    /// What it calls.
    pub function: Name,
    /// Columns of `UPDATE OF`, and those that its `WHEN` names.
    pub columns: Vec<String>,
}

/// `CREATE POLICY`, `ALTER POLICY`.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// The policy.
    pub name: String,
    /// Its table.
    pub table: Name,
    /// `CREATE`, not `ALTER`.
    pub create: bool,
    /// `PERMISSIVE`, not `RESTRICTIVE`.
    pub permissive: bool,
    /// What its expressions name.
    pub mentions: Mentions,
}

/// `CREATE FUNCTION`, `CREATE PROCEDURE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateRoutine {
    /// The routine.
    pub name: Name,
    /// A procedure.
    pub procedure: bool,
    /// `OR REPLACE`.
    pub replace: bool,
    /// `LANGUAGE`.
    pub language: String,
    /// `SECURITY DEFINER`.
    pub security_definer: bool,
    /// `SET search_path` is given.
    pub fixes_search_path: bool,
    /// `IMMUTABLE`, `STABLE` or `VOLATILE`, where given.
    pub volatility: Option<String>,
    /// It returns `trigger` or `event_trigger`.
    pub for_trigger: bool,
    /// What a body in SQL (`BEGIN ATOMIC`, `RETURN`) names; such a body is analysed at once.
    pub atomic: Option<Mentions>,
}

/// `GRANT`, `REVOKE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// `GRANT`, not `REVOKE`.
    pub grant: bool,
    /// What kind of object.
    pub kind: ObjectKind,
    /// The objects; with `all_in_schema` the schemas.
    pub names: Vec<Name>,
    /// `ALL … IN SCHEMA`.
    pub all_in_schema: bool,
    /// Privileges in lower case; empty: `ALL`.
    pub privileges: Vec<String>,
    /// Roles; `public` for `PUBLIC`.
    pub roles: Vec<String>,
}

/// `CREATE`, `ALTER`, `DROP ROLE` and what goes with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// What is done.
    pub change: RoleChange,
    /// The roles.
    pub names: Vec<String>,
    /// Attributes that are set: `superuser`, `bypassrls`, `connectionlimit`, …; a setting's name.
    /// Only those that are switched on.
    pub options: Vec<String>,
}

/// What is done to a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // the command's name
pub enum RoleChange {
    Create,
    Alter,
    /// `ALTER ROLE … SET`.
    Set,
    Drop,
    ReassignOwned,
    DropOwned,
}

/// `TRUNCATE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Truncate {
    /// The tables.
    pub tables: Vec<Name>,
    /// Those of them with `ONLY`.
    pub only: Vec<Name>,
    /// `CASCADE`.
    pub cascade: bool,
    /// `RESTART IDENTITY`.
    pub restart_identity: bool,
}

/// `INSERT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Insert {
    /// The table.
    pub table: Name,
    /// Its columns as given; empty: all.
    pub columns: Vec<String>,
    /// Rows of `VALUES`; `None`: from a query.
    pub rows: Option<usize>,
    /// `ON CONFLICT`.
    pub on_conflict: bool,
    /// Everything it names besides the table.
    pub mentions: Mentions,
}

/// `UPDATE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// The table.
    pub table: Name,
    /// Columns that are assigned, in order, with duplicates.
    pub assigned: Vec<String>,
    /// Which rows.
    pub condition: Condition,
    /// Everything it names besides the table.
    pub mentions: Mentions,
}

/// `DELETE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delete {
    /// The table.
    pub table: Name,
    /// Which rows.
    pub condition: Condition,
    /// Everything it names besides the table.
    pub mentions: Mentions,
}

/// `COPY`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    /// The table; `None`: a query.
    pub table: Option<Name>,
    /// `FROM`, so that rows are added.
    pub from: bool,
    /// What the query names.
    pub mentions: Mentions,
}

/// `SELECT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Select {
    /// What it names.
    pub mentions: Mentions,
    /// It calls functions and reads no relation: `SELECT setval(…)`.
    pub calls_only: bool,
}

/// `SET`, `RESET`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The setting; `None`: `RESET ALL`. `TRANSACTION` and `SESSION CHARACTERISTICS` as written.
    pub name: Option<String>,
    /// `LOCAL`.
    pub local: bool,
    /// `RESET` or `TO DEFAULT`.
    pub reset: bool,
    /// The value as written, where it is one literal.
    pub value: Option<String>,
}

/// `CREATE DATABASE`, `ALTER DATABASE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    /// The database.
    pub name: String,
    /// `CREATE`, not `ALTER`.
    pub create: bool,
    /// Names of what is given; a setting's name for `SET`.
    pub options: Vec<String>,
}
