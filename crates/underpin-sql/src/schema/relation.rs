//! One relation.

use crate::model::{ForeignKeyAction, Name, TypeName};

/// What is known of a relation.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Relation {
    /// What it is.
    pub kind: RelationKind,
    /// Nothing of it is missing here. Otherwise there may be more columns, indexes, keys, …
    pub complete: bool,
    /// Made by the files that are judged.
    pub fresh: bool,
    /// In order.
    pub columns: Vec<Column>,
    /// Those of constraints too.
    pub indexes: Vec<Index>,
    /// `CHECK` constraints.
    pub checks: Vec<Check>,
    /// Foreign keys from here.
    pub foreign_keys: Vec<ForeignKey>,
    /// `NOT NULL` constraints with a name (PostgreSQL 18).
    pub not_nulls: Vec<NotNull>,
    /// The partitioned table, or the tables that it inherits from.
    pub parents: Vec<Name>,
    /// It is its parent's default partition.
    pub is_default_partition: bool,
    /// Its triggers.
    pub triggers: Vec<Trigger>,
    /// What it reads, if it is a view.
    pub view: Option<View>,
    /// The table whose column owns it, if it is a sequence.
    pub owner: Option<Name>,
    /// `UNLOGGED`.
    pub unlogged: bool,
    /// Columns of `PARTITION BY`; an expression is `None`.
    pub partition_key: Vec<Option<String>>,
    /// Its tablespace, where it is not the default.
    pub tablespace: Option<String>,
}

/// What a relation is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RelationKind {
    /// An ordinary table, or a partition.
    #[default]
    Table,
    /// A partitioned table, which has no rows of its own.
    Partitioned,
    /// A view.
    View,
    /// A materialized view.
    MaterializedView,
    /// A sequence.
    Sequence,
    /// A foreign table.
    Foreign,
    /// A composite type.
    Composite,
}

/// A column.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type, where it is known.
    pub type_name: Option<TypeName>,
    /// `NOT NULL`.
    pub not_null: bool,
    /// It has a default.
    pub has_default: bool,
    /// Sequences that its default takes from.
    pub sequences: Vec<Name>,
    /// It is an identity column.
    pub identity: bool,
    /// It is generated: the columns that it is made of.
    pub generated_from: Option<Vec<String>>,
    /// A stored generated column.
    pub stored: bool,
}

/// An index.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Index {
    /// Its name, in its table's schema.
    pub name: String,
    /// Key columns in order; `None` for an expression.
    pub columns: Vec<Option<String>>,
    /// What each part adds to the name of an index that is given none; empty: the columns.
    pub labels: Vec<String>,
    /// Every column that it names: keys, included ones, expressions, predicate.
    pub mentions: Vec<String>,
    /// It has an expression or a predicate, which makes a type change rebuild it.
    pub computed: bool,
    /// It is unique.
    pub unique: bool,
    /// It is the primary key's.
    pub primary: bool,
    /// It belongs to a constraint of the same name.
    pub constraint: bool,
    /// The index of the partitioned table that it is a part of.
    pub parent: Option<Name>,
}

/// A `CHECK` constraint.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Check {
    /// Its name.
    pub name: String,
    /// Columns that it names.
    pub columns: Vec<String>,
    /// Columns that cannot be NULL while it holds.
    pub not_null_of: Vec<String>,
    /// Not `NOT VALID`, or validated since; enforced.
    pub valid: bool,
    /// Its text, as far as it is known.
    pub text: String,
}

/// A foreign key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ForeignKey {
    /// Its name.
    pub name: String,
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
    /// Not `NOT VALID`, or validated since.
    pub valid: bool,
    /// It is the partitioned table's.
    pub inherited: bool,
}

/// A `NOT NULL` constraint.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NotNull {
    /// Its name.
    pub name: String,
    /// Its column.
    pub column: String,
    /// Not `NOT VALID`, or validated since.
    pub valid: bool,
}

/// A trigger.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trigger {
    /// Its name.
    pub name: String,
    /// What it calls.
    pub function: Name,
}

/// What a view reads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct View {
    /// Relations.
    pub relations: Vec<Name>,
    /// Names of columns, of whichever relation.
    pub columns: Vec<String>,
}

impl Relation {
    /// A column by its name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|c| c.name == name)
    }

    /// It has rows of its own.
    #[must_use]
    pub fn is_stored(&self) -> bool {
        matches!(self.kind, RelationKind::Table | RelationKind::MaterializedView)
    }

    /// It is a table, be it partitioned, or a materialized view.
    #[must_use]
    pub fn is_stored_or_parent(&self) -> bool {
        self.is_stored() || self.kind == RelationKind::Partitioned
    }

    /// Columns of the primary key.
    #[must_use]
    pub fn primary_key(&self) -> Vec<String> {
        let index = self.indexes.iter().find(|i| i.primary);
        index.map(|i| i.columns.iter().flatten().cloned().collect()).unwrap_or_default()
    }

    /// Columns that a foreign key points to.
    #[must_use]
    pub fn referenced_columns(&self, key: &ForeignKey) -> Vec<String> {
        match key.referenced_columns.is_empty() {
            true => self.primary_key(),
            false => key.referenced_columns.clone(),
        }
    }

    /// Whether an index begins with these columns, in any order.
    #[must_use]
    pub fn has_index_on(&self, columns: &[String]) -> bool {
        self.indexes.iter().any(|i| {
            let first: Vec<_> = i.columns.iter().take(columns.len()).flatten().collect();
            first.len() == columns.len() && columns.iter().all(|c| first.contains(&c))
        })
    }
}
