//! Tables: creating, altering, constraints.

use super::{Expression, Name, ObjectKind, Span, TypeName};

/// How long a relation lives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Persistence {
    /// An ordinary relation.
    #[default]
    Permanent,
    /// `UNLOGGED`: empty after a crash.
    Unlogged,
    /// `TEMPORARY`: seen by one session.
    Temporary,
}

/// `CREATE TABLE`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CreateTable {
    /// The table.
    pub name: Name,
    /// `UNLOGGED`, `TEMPORARY`.
    pub persistence: Persistence,
    /// `IF NOT EXISTS`.
    pub if_not_exists: bool,
    /// `CREATE FOREIGN TABLE`.
    pub foreign: bool,
    /// Columns, with their column constraints.
    pub columns: Vec<ColumnDefinition>,
    /// Table constraints.
    pub constraints: Vec<Constraint>,
    /// Tables of `LIKE`.
    pub like: Vec<Name>,
    /// Parents of `INHERITS`.
    pub inherits: Vec<Name>,
    /// `PARTITION OF`.
    pub partition_of: Option<PartitionOf>,
    /// `PARTITION BY`: it is partitioned itself.
    pub partitioned: bool,
    /// Columns of `PARTITION BY`; an expression is `None`.
    pub partition_key: Vec<Option<String>>,
    /// `OF type`.
    pub of_type: Option<Name>,
}

impl CreateTable {
    /// Every constraint, those of columns included.
    pub fn all_constraints(&self) -> impl Iterator<Item = &Constraint> {
        self.constraints.iter().chain(self.columns.iter().flat_map(|c| &c.constraints))
    }
}

/// `PARTITION OF parent …`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PartitionOf {
    /// The parent.
    pub parent: Name,
    /// `DEFAULT`.
    pub is_default: bool,
    /// Which rows are its.
    pub bound: PartitionBound,
}

/// Which rows a partition holds. Values are literals as text; `None` for anything else.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum PartitionBound {
    /// `DEFAULT`: all that have no other.
    #[default]
    Default,
    /// `FROM (…) TO (…)`; `MINVALUE` and `MAXVALUE` as these words.
    Range {
        /// The lowest that is in.
        from: Vec<Option<String>>,
        /// The lowest that is out.
        to: Vec<Option<String>>,
    },
    /// `IN (…)`.
    List(Vec<Option<String>>),
    /// `WITH (MODULUS …, REMAINDER …)`.
    Hash {
        /// Into how many it divides.
        modulus: i32,
        /// Which of them.
        remainder: i32,
    },
}

/// A column as `CREATE TABLE` or `ADD COLUMN` defines it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ColumnDefinition {
    /// Its bytes.
    pub span: Span,
    /// Its name.
    pub name: String,
    /// Its type; `None` where a partition only adds constraints.
    pub type_name: Option<TypeName>,
    /// `NOT NULL` or `PRIMARY KEY`; a `serial` and an identity column are too.
    pub not_null: bool,
    /// `DEFAULT`.
    pub default: Option<Expression>,
    /// `GENERATED … AS IDENTITY`.
    pub identity: bool,
    /// `GENERATED ALWAYS AS (…)`.
    pub generated: Option<Generated>,
    /// `COLLATE`.
    pub collation: Option<Name>,
    /// Its other constraints, in order; `NOT NULL` too.
    pub constraints: Vec<Constraint>,
}

/// A generated column's expression.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Generated {
    /// `STORED`; `VIRTUAL` otherwise.
    pub stored: bool,
    /// The expression.
    pub expression: Expression,
}

/// A constraint.
#[derive(Debug, Clone, PartialEq)]
pub struct Constraint {
    /// Its bytes.
    pub span: Span,
    /// `CONSTRAINT name`.
    pub name: Option<String>,
    /// What it demands.
    pub kind: ConstraintKind,
    /// `NOT VALID`.
    pub not_valid: bool,
    /// `NOT ENFORCED`.
    pub not_enforced: bool,
    /// `DEFERRABLE`.
    pub deferrable: bool,
}

/// What a constraint demands.
#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::large_enum_variant)]
pub enum ConstraintKind {
    /// `NOT NULL`, of this column.
    NotNull {
        /// The column.
        column: String,
    },
    /// `CHECK`.
    Check {
        /// The expression.
        expression: Expression,
        /// `NO INHERIT`.
        no_inherit: bool,
    },
    /// `PRIMARY KEY`.
    PrimaryKey {
        /// Its columns; empty with an index.
        columns: Vec<String>,
        /// `USING INDEX`.
        using_index: Option<String>,
    },
    /// `UNIQUE`.
    Unique {
        /// Its columns; empty with an index.
        columns: Vec<String>,
        /// `USING INDEX`.
        using_index: Option<String>,
        /// `NULLS NOT DISTINCT`.
        nulls_not_distinct: bool,
    },
    /// `EXCLUDE`.
    Exclude,
    /// `FOREIGN KEY`, `REFERENCES`.
    ForeignKey(ForeignKey),
}

/// A foreign key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignKey {
    /// Referencing columns.
    pub columns: Vec<String>,
    /// The referenced table.
    pub references: Name,
    /// Referenced columns; empty: its primary key.
    pub referenced_columns: Vec<String>,
    /// `ON DELETE`.
    pub on_delete: ForeignKeyAction,
    /// `ON UPDATE`.
    pub on_update: ForeignKeyAction,
}

/// What happens to referencing rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ForeignKeyAction {
    /// An error, which can wait to the end of the transaction.
    #[default]
    NoAction,
    /// An error at once.
    Restrict,
    /// They go or change along.
    Cascade,
    /// They lose the reference.
    SetNull,
    /// They get the default.
    SetDefault,
}

/// `ALTER TABLE` and its kin.
#[derive(Debug, Clone, PartialEq)]
pub struct AlterTable {
    /// The relation.
    pub relation: Name,
    /// What the statement calls it: table, index, view, sequence, type, …
    pub kind: ObjectKind,
    /// `ONLY`: not its children.
    pub only: bool,
    /// `IF EXISTS`.
    pub if_exists: bool,
    /// In order.
    pub actions: Vec<AlterAction>,
}

/// One sub-command of `ALTER TABLE`.
#[derive(Debug, Clone, PartialEq)]
pub struct AlterAction {
    /// Its bytes; those of the whole statement where they are not known.
    pub span: Span,
    /// What it does.
    pub action: TableAction,
}

/// What a sub-command of `ALTER TABLE` does.
#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::large_enum_variant, missing_docs)] // the fields are the words of the command
pub enum TableAction {
    /// `ADD [COLUMN]`; `ADD ATTRIBUTE` of a composite type.
    AddColumn { column: ColumnDefinition, if_not_exists: bool },
    /// `DROP [COLUMN]`; `DROP ATTRIBUTE`.
    DropColumn { column: String, if_exists: bool, cascade: bool },
    /// `ALTER COLUMN … SET DEFAULT`.
    SetDefault { column: String, default: Expression },
    /// `ALTER COLUMN … DROP DEFAULT`.
    DropDefault { column: String },
    /// `ALTER COLUMN … SET NOT NULL`.
    SetNotNull { column: String },
    /// `ALTER COLUMN … DROP NOT NULL`.
    DropNotNull { column: String },
    /// `ALTER COLUMN … TYPE`; `ALTER ATTRIBUTE … TYPE`.
    AlterType { column: String, to: TypeName, collation: Option<Name>, using: Option<Expression> },
    /// `ALTER COLUMN … SET EXPRESSION`.
    SetExpression { column: String, expression: Expression },
    /// `ALTER COLUMN … DROP EXPRESSION`.
    DropExpression { column: String },
    /// `ALTER COLUMN … ADD GENERATED … AS IDENTITY`.
    AddIdentity { column: String },
    /// `ALTER COLUMN … SET GENERATED`, `RESTART`, `SET INCREMENT`, …
    SetIdentity { column: String },
    /// `ALTER COLUMN … DROP IDENTITY`.
    DropIdentity { column: String },
    /// `ALTER COLUMN … SET STATISTICS`.
    SetStatistics { column: String },
    /// `ALTER COLUMN … SET (…)`, `RESET (…)`.
    SetColumnOptions { column: String },
    /// `ALTER COLUMN … SET STORAGE`.
    SetStorage { column: String },
    /// `ALTER COLUMN … SET COMPRESSION`.
    SetCompression { column: String },
    /// `ADD [CONSTRAINT …]`, with `USING INDEX` too.
    AddConstraint(Constraint),
    /// `ALTER CONSTRAINT`.
    AlterConstraint { name: String, enforced: Option<bool>, deferrable: Option<bool> },
    /// `VALIDATE CONSTRAINT`.
    ValidateConstraint { name: String },
    /// `DROP CONSTRAINT`.
    DropConstraint { name: String, if_exists: bool, cascade: bool },
    /// `OWNER TO`.
    OwnerTo,
    /// `CLUSTER ON`.
    ClusterOn { index: String },
    /// `SET WITHOUT CLUSTER`.
    SetWithoutCluster,
    /// `SET LOGGED`.
    SetLogged,
    /// `SET UNLOGGED`.
    SetUnlogged,
    /// `SET ACCESS METHOD`; `None`: the default.
    SetAccessMethod { method: Option<String> },
    /// `SET TABLESPACE`.
    SetTablespace { tablespace: String },
    /// `SET (…)`.
    SetOptions { options: Vec<RelationOption> },
    /// `RESET (…)`.
    ResetOptions { options: Vec<RelationOption> },
    /// `ENABLE`, `DISABLE TRIGGER`; `None`: `ALL` or `USER`.
    Trigger { name: Option<String>, enable: bool },
    /// `ENABLE`, `DISABLE RULE`.
    Rule { name: String, enable: bool },
    /// `ENABLE`, `DISABLE ROW LEVEL SECURITY`.
    RowSecurity { enable: bool },
    /// `FORCE`, `NO FORCE ROW LEVEL SECURITY`.
    ForceRowSecurity { force: bool },
    /// `INHERIT`.
    Inherit { parent: Name },
    /// `NO INHERIT`.
    NoInherit { parent: Name },
    /// `OF type`.
    OfType { of: Name },
    /// `NOT OF`.
    NotOf,
    /// `REPLICA IDENTITY`; the index of `USING INDEX`.
    ReplicaIdentity { index: Option<String> },
    /// `ATTACH PARTITION`; of an index too.
    AttachPartition { partition: Name, is_default: bool, bound: PartitionBound },
    /// `DETACH PARTITION`.
    DetachPartition { partition: Name, concurrently: bool },
    /// `DETACH PARTITION … FINALIZE`.
    DetachFinalize { partition: Name },
    /// `OPTIONS (…)` of a foreign table or its column.
    ForeignOptions,
    /// Any other, by the parser's name.
    Other { what: &'static str },
}

/// A storage parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelationOption {
    /// Its name, with the namespace: `toast.autovacuum_enabled`.
    pub name: String,
    /// Its value, where given.
    pub value: Option<String>,
}
