//! The schema as the scripts read so far have left it, as far as they tell.
//!
//! Purpose: a rule must know whether a table is new, which foreign keys hang on it, of what type a
//! column was. Invariants: nothing is invented - what no script has made is not in here, and a
//! lookup that finds nothing means "not known", not "not there". Non-goals: a full catalog (that is
//! `underpin-core`'s, read from a server), search paths (a name without a schema is in `public`).

mod apply;

use std::collections::HashMap;

use crate::model::{
    ConstraintKind, Expression, ForeignKey, Name, PartitionBound, Persistence, TypeName,
};

/// Where an object was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Birth {
    /// Index of the file.
    pub file: usize,
    /// Number of the transaction in the file.
    pub transaction: usize,
}

/// The known schema.
#[derive(Debug, Clone, Default)]
pub struct Record {
    tables: HashMap<Name, Table>,
    enums: HashMap<Name, EnumType>,
    domains: HashMap<Name, Domain>,
    indexes: HashMap<Name, Index>,
    views: HashMap<Name, View>,
    others: HashMap<Name, Birth>,
    dependants: HashMap<Name, Dependant>,
}

/// A policy or a trigger, as far as it keeps its table's columns from being changed.
#[derive(Debug, Clone)]
struct Dependant {
    words: String,
    table: Name,
    columns: Vec<String>,
}

/// A table.
#[derive(Debug, Clone)]
pub struct Table {
    /// Its name.
    pub name: Name,
    /// Where it was made; `None`: before everything that was read.
    pub born: Option<Birth>,
    /// Its columns and constraints are all known.
    pub complete: bool,
    /// Columns in order, as far as they are known.
    pub columns: Vec<Column>,
    /// Constraints, as far as they are known.
    pub constraints: Vec<TableConstraint>,
    /// The table it is a partition of.
    pub parent: Option<Name>,
    /// It is partitioned.
    pub partitioned: bool,
    /// Columns of its partition key; an expression is `None`.
    pub partition_key: Vec<Option<String>>,
    /// Which rows of its parent it holds.
    pub bound: Option<PartitionBound>,
    /// It is the `DEFAULT` partition.
    pub is_default: bool,
    /// `TEMPORARY`, `UNLOGGED`.
    pub persistence: Persistence,
}

/// A column.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type, where known.
    pub type_name: Option<TypeName>,
    /// `NOT NULL`, where known.
    pub not_null: Option<bool>,
    /// Its default's text.
    pub default: Option<String>,
    /// It is generated, from these columns.
    pub generated_from: Option<Vec<String>>,
    /// Where it was made; `None`: before everything that was read.
    pub born: Option<Birth>,
}

/// A constraint of a table.
#[derive(Debug, Clone)]
pub struct TableConstraint {
    /// Its name; PostgreSQL's own choice where none is given and it can be told.
    pub name: String,
    /// What it demands.
    pub kind: ConstraintKind,
    /// It has been checked against every row.
    pub valid: bool,
    /// Where it was made; `None`: before everything that was read.
    pub born: Option<Birth>,
}

/// An enum.
#[derive(Debug, Clone)]
pub struct EnumType {
    /// Its labels in order.
    pub labels: Vec<String>,
    /// Labels that were added since it was made, with where.
    pub added: Vec<(String, Birth)>,
    /// Where it was made.
    pub born: Birth,
}

/// A domain.
#[derive(Debug, Clone)]
pub struct Domain {
    /// What it is based on.
    pub base: TypeName,
    /// It has a `CHECK` or is `NOT NULL`.
    pub constrained: bool,
    /// Where it was made.
    pub born: Birth,
}

/// An index.
#[derive(Debug, Clone)]
pub struct Index {
    /// Its table.
    pub table: Name,
    /// `UNIQUE`.
    pub unique: bool,
    /// Key columns; an expression is `None`.
    pub columns: Vec<Option<String>>,
    /// Columns that an expression or the predicate names.
    pub mentioned: Vec<String>,
    /// The constraint that it stands behind.
    pub constraint: Option<String>,
    /// Made with `CONCURRENTLY`.
    pub concurrently: bool,
    /// Where it was made.
    pub born: Birth,
}

/// A view.
#[derive(Debug, Clone)]
pub struct View {
    /// The relations that it reads.
    pub reads: Vec<Name>,
    /// The columns that its query names; `*` for all.
    pub columns: Vec<String>,
    /// Materialised.
    pub materialized: bool,
    /// Where it was made.
    pub born: Birth,
}

/// A name with its schema filled in.
#[must_use]
pub fn full(name: &Name) -> Name {
    match name.schema {
        Some(_) => name.clone(),
        None => Name::qualified("public", name.name.clone()),
    }
}

/// A name for people: without the schema that goes without saying.
#[must_use]
pub fn short(name: &Name) -> Name {
    match name.schema.as_deref() {
        Some("public") => Name::bare(name.name.clone()),
        _ => name.clone(),
    }
}

impl Record {
    /// A table that a script has made or spoken of.
    #[must_use]
    pub fn table(&self, name: &Name) -> Option<&Table> {
        self.tables.get(&full(name))
    }

    /// An enum that a script has made.
    #[must_use]
    pub fn enum_type(&self, name: &Name) -> Option<&EnumType> {
        self.enums.get(&full(name))
    }

    /// A domain that a script has made.
    #[must_use]
    pub fn domain(&self, name: &Name) -> Option<&Domain> {
        self.domains.get(&full(name))
    }

    /// An index that a script has made, or that stands behind a constraint.
    #[must_use]
    pub fn index(&self, name: &Name) -> Option<&Index> {
        self.indexes.get(&full(name))
    }

    /// A view that a script has made.
    #[must_use]
    pub fn view(&self, name: &Name) -> Option<&View> {
        self.views.get(&full(name))
    }

    /// A column.
    #[must_use]
    pub fn column(&self, table: &Name, column: &str) -> Option<&Column> {
        self.table(table)?.column(column)
    }

    /// Where a view, sequence, routine, trigger, type or schema was made.
    #[must_use]
    pub fn born(&self, name: &Name) -> Option<Birth> {
        let name = full(name);
        self.others
            .get(&name)
            .copied()
            .or_else(|| self.tables.get(&name).and_then(|t| t.born))
            .or_else(|| self.views.get(&name).map(|v| v.born))
            .or_else(|| self.enums.get(&name).map(|e| e.born))
            .or_else(|| self.domains.get(&name).map(|d| d.born))
            .or_else(|| self.indexes.get(&name).map(|i| i.born))
    }

    /// Every known table.
    pub fn tables(&self) -> impl Iterator<Item = &Table> {
        self.tables.values()
    }

    /// Indexes of a table, by name.
    #[must_use]
    pub fn indexes_of(&self, table: &Name) -> Vec<(&Name, &Index)> {
        let table = full(table);
        let mut found: Vec<_> = self.indexes.iter().filter(|(_, i)| i.table == table).collect();
        found.sort_by_key(|(name, _)| *name);
        found
    }

    /// Views that read `table`, by name.
    #[must_use]
    pub fn views_of(&self, table: &Name) -> Vec<(&Name, &View)> {
        let table = full(table);
        let mut found: Vec<_> =
            self.views.iter().filter(|(_, v)| v.reads.contains(&table)).collect();
        found.sort_by_key(|(name, _)| *name);
        found
    }

    /// Policies and triggers of `table` that name `column`, in words.
    #[must_use]
    pub fn naming(&self, table: &Name, column: &str) -> Vec<String> {
        let table = full(table);
        let of = self.dependants.values().filter(|d| d.table == table);
        let mut found: Vec<String> =
            of.filter(|d| d.columns.iter().any(|c| c == column)).map(|d| d.words.clone()).collect();
        found.sort();
        found
    }

    /// Relations and types in a schema, by name.
    #[must_use]
    pub fn in_schema(&self, schema: &str) -> Vec<&Name> {
        let names = self.tables.keys().chain(self.views.keys()).chain(self.enums.keys());
        let mut found: Vec<&Name> = names.filter(|n| n.schema.as_deref() == Some(schema)).collect();
        found.sort();
        found
    }

    /// Foreign keys that refer to `table`, with the table they are on; by name.
    #[must_use]
    pub fn referencing(&self, table: &Name) -> Vec<(&Table, &TableConstraint, &ForeignKey)> {
        let table = full(table);
        let mut found: Vec<_> = self
            .tables
            .values()
            .flat_map(|t| t.foreign_keys().map(move |(c, key)| (t, c, key)))
            .filter(|(t, _, key)| full(&key.references) == table && t.name != table)
            .collect();
        found.sort_by(|a, b| (&a.0.name, &a.1.name).cmp(&(&b.0.name, &b.1.name)));
        found
    }

    /// Partitions of `table`, by name.
    #[must_use]
    pub fn partitions(&self, table: &Name) -> Vec<&Table> {
        let table = full(table);
        let mut found: Vec<_> =
            self.tables.values().filter(|t| t.parent.as_ref() == Some(&table)).collect();
        found.sort_by(|a, b| a.name.cmp(&b.name));
        found
    }

    /// Columns of type `name`, with their table.
    #[must_use]
    pub fn columns_of_type(&self, name: &Name) -> Vec<(&Table, &Column)> {
        let name = full(name);
        let mut found: Vec<_> = self
            .tables
            .values()
            .flat_map(|t| t.columns.iter().map(move |c| (t, c)))
            .filter(|(_, c)| c.type_name.as_ref().is_some_and(|t| full(&t.name) == name))
            .collect();
        found.sort_by(|a, b| (&a.0.name, &a.1.name).cmp(&(&b.0.name, &b.1.name)));
        found
    }
}

impl Table {
    /// A column.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|c| c.name == name)
    }

    /// A constraint.
    #[must_use]
    pub fn constraint(&self, name: &str) -> Option<&TableConstraint> {
        self.constraints.iter().find(|c| c.name == name)
    }

    /// Its foreign keys.
    pub fn foreign_keys(&self) -> impl Iterator<Item = (&TableConstraint, &ForeignKey)> {
        self.constraints.iter().filter_map(|c| match &c.kind {
            ConstraintKind::ForeignKey(key) => Some((c, key)),
            _ => None,
        })
    }

    /// Its `CHECK`s.
    pub fn checks(&self) -> impl Iterator<Item = (&TableConstraint, &Expression)> {
        self.constraints.iter().filter_map(|c| match &c.kind {
            ConstraintKind::Check { expression, .. } => Some((c, expression)),
            _ => None,
        })
    }

    /// Whether a constraint that has been checked says that `column` is never NULL.
    #[must_use]
    pub fn proves_not_null(&self, column: &str) -> bool {
        self.constraints.iter().any(|c| {
            c.valid
                && match &c.kind {
                    ConstraintKind::Check { expression, .. } => {
                        expression.not_null_of.iter().any(|c| c == column)
                    }
                    ConstraintKind::NotNull { column: of } => of == column,
                    _ => false,
                }
        })
    }
}
