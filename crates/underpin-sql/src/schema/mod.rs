//! What is known of a database's schema while its migrations are judged, statement by statement.
//!
//! Purpose: a statement's effect hangs on what is there - foreign keys, indexes, partitions, column
//! types. This is that knowledge: given by whoever reads a catalog, or followed through the
//! statements of the files before. Invariants: what is not known is told apart from what is known
//! not to be ([`Schema::complete`], [`Relation::complete`]); following never fails. Non-goals: a
//! catalog. What `underpin-core` compares and fingerprints is read from servers, not from here.

mod apply;
mod dropped;
mod relation;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Name, TypeName, Volatility};

pub use relation::{
    Check, Column, ForeignKey, Index, NotNull, Relation, RelationKind, Trigger, View,
};

/// Everything that is known.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Schema {
    /// What is not in here does not exist. Otherwise it may.
    pub complete: bool,
    /// The schema that unqualified names stand for; `public` unless said.
    pub default_schema: String,
    /// Whether the session's `TimeZone` is UTC, which decides what a change between `timestamp`
    /// and `timestamptz` costs (release notes of PostgreSQL 12). `None`: not known.
    pub time_zone_is_utc: Option<bool>,
    relations: BTreeMap<Name, Relation>,
    types: BTreeMap<Name, UserType>,
    functions: BTreeMap<Name, Volatility>,
    statistics: BTreeMap<Name, Name>,
}

/// A type that the user made.
#[derive(Debug, Clone, PartialEq)]
pub enum UserType {
    /// Its labels, and whether the pending files make it.
    Enum {
        /// In order.
        labels: Vec<String>,
        /// Made by the files that are judged.
        fresh: bool,
    },
    /// A domain.
    Domain {
        /// What it is based on.
        base: TypeName,
        /// It has a `CHECK` or is `NOT NULL`.
        constrained: bool,
    },
    /// A composite type, a range or a base type.
    Other,
}

impl Schema {
    /// A database of which nothing is known.
    #[must_use]
    pub fn unknown() -> Self {
        Self { default_schema: "public".to_owned(), ..Self::default() }
    }

    /// A database without a single table.
    #[must_use]
    pub fn empty() -> Self {
        Self { complete: true, ..Self::unknown() }
    }

    /// The name under which an object is kept: without its schema, if that is the default.
    #[must_use]
    pub fn key(&self, name: &Name) -> Name {
        match &name.schema {
            Some(schema) if *schema == self.default_schema => Name::bare(name.name.clone()),
            _ => name.clone(),
        }
    }

    /// A table, view, sequence, composite type.
    #[must_use]
    pub fn relation(&self, name: &Name) -> Option<&Relation> {
        self.relations.get(&self.key(name))
    }

    /// All relations, by name.
    pub fn relations(&self) -> impl Iterator<Item = (&Name, &Relation)> {
        self.relations.iter()
    }

    /// Adds or replaces what is known of a relation.
    pub fn insert(&mut self, name: &Name, relation: Relation) {
        self.relations.insert(self.key(name), relation);
    }

    /// A type that the user made.
    #[must_use]
    pub fn user_type(&self, name: &Name) -> Option<&UserType> {
        self.types.get(&self.key(name))
    }

    /// Adds or replaces what is known of a type.
    pub fn insert_type(&mut self, name: &Name, user_type: UserType) {
        self.types.insert(self.key(name), user_type);
    }

    /// How stable a function of the user's is, where that is known.
    #[must_use]
    pub fn volatility(&self, function: &Name) -> Option<Volatility> {
        self.functions.get(&self.key(function)).copied()
    }

    /// Adds or replaces what is known of a function.
    pub fn insert_function(&mut self, name: &Name, volatility: Volatility) {
        self.functions.insert(self.key(name), volatility);
    }

    /// Whether the files that are judged make this relation, so that nobody waits for it.
    #[must_use]
    pub fn is_fresh(&self, name: &Name) -> bool {
        self.relation(name).is_some_and(|r| r.fresh)
    }

    /// Takes all that is there as having been there before.
    pub fn settle(&mut self) {
        self.relations.values_mut().for_each(|r| r.fresh = false);
        for user_type in self.types.values_mut() {
            if let UserType::Enum { fresh, .. } = user_type {
                *fresh = false;
            }
        }
    }

    /// Partitions and tables that inherit, of all levels, without the relation itself.
    #[must_use]
    pub fn descendants(&self, name: &Name) -> Vec<Name> {
        let (mut found, mut seen) = (Vec::new(), BTreeSet::from([self.key(name)]));
        let mut open = vec![self.key(name)];
        while let Some(parent) = open.pop() {
            for (child, relation) in &self.relations {
                if relation.parents.contains(&parent) && seen.insert(child.clone()) {
                    found.push(child.clone());
                    open.push(child.clone());
                }
            }
        }
        found
    }

    /// The default partition of a partitioned table.
    #[must_use]
    pub fn default_partition(&self, parent: &Name) -> Option<&Name> {
        let parent = self.key(parent);
        self.relations
            .iter()
            .find(|(_, r)| r.is_default_partition && r.parents.contains(&parent))
            .map(|(name, _)| name)
    }

    /// Foreign keys of other tables that point here, with their tables.
    pub fn referencing(&self, name: &Name) -> impl Iterator<Item = (&Name, &ForeignKey)> {
        let target = self.key(name);
        self.relations.iter().flat_map(move |(table, relation)| {
            let target = target.clone();
            let keys = relation.foreign_keys.iter();
            keys.filter(move |k| k.references == target && *table != target)
                .map(move |k| (table, k))
        })
    }

    /// The table and its index of this name.
    #[must_use]
    pub fn index(&self, name: &Name) -> Option<(&Name, &Index)> {
        let wanted = self.key(name);
        self.relations.iter().filter(|(table, _)| table.schema == wanted.schema).find_map(
            |(table, relation)| {
                let index = relation.indexes.iter().find(|i| i.name == wanted.name)?;
                Some((table, index))
            },
        )
    }

    /// Views and materialized views that read a relation, of all levels; with a column only those
    /// that may read it.
    #[must_use]
    pub fn views_of(&self, name: &Name, column: Option<&str>) -> Vec<Name> {
        let mut found = Vec::new();
        let mut open = vec![(self.key(name), column)];
        while let Some((target, column)) = open.pop() {
            for (view, relation) in &self.relations {
                let Some(reads) = &relation.view else { continue };
                let reads_column = column
                    .is_none_or(|c| reads.columns.iter().any(|known| known == c || known == "*"));
                if reads.relations.contains(&target) && reads_column && !found.contains(view) {
                    found.push(view.clone());
                    open.push((view.clone(), None));
                }
            }
        }
        found
    }

    /// Tables with a column of this type, or of an array of it.
    pub fn users_of_type(&self, name: &Name) -> impl Iterator<Item = (&Name, &Column)> {
        let wanted = self.key(name);
        self.relations.iter().filter(|(_, r)| r.is_stored_or_parent()).flat_map(
            move |(table, r)| {
                let wanted = wanted.clone();
                r.columns
                    .iter()
                    .filter(move |c| {
                        c.type_name.as_ref().is_some_and(|t| self.key(&t.name) == wanted)
                    })
                    .map(move |c| (table, c))
            },
        )
    }

    /// The table of extended statistics.
    #[must_use]
    pub fn table_of_statistics(&self, name: &Name) -> Option<&Name> {
        self.statistics.get(&self.key(name))
    }

    /// Tables with a column whose default takes from this sequence, without its owner.
    #[must_use]
    pub fn users_of_sequence(&self, name: &Name) -> Vec<Name> {
        let key = self.key(name);
        let owner = self.relation(&key).and_then(|r| r.owner.clone());
        let uses = |r: &Relation| r.columns.iter().any(|c| c.sequences.contains(&key));
        let tables =
            self.relations.iter().filter(|(table, r)| uses(r) && Some(*table) != owner.as_ref());
        tables.map(|(table, _)| table.clone()).collect()
    }

    /// Whether an index that is not in here does not exist.
    #[must_use]
    pub fn knows_every_index(&self) -> bool {
        self.complete && self.relations.values().all(|r| r.complete || !r.is_stored_or_parent())
    }

    fn is_taken(&self, like: &Name, name: &str) -> bool {
        let taken = Name { schema: like.schema.clone(), name: name.to_owned() };
        self.relations.contains_key(&taken) || self.index(&taken).is_some()
    }

    /// The name that PostgreSQL gives to what has none: `table_column_label`, cut to 63 bytes, with
    /// a number where it is taken (`ChooseRelationName`).
    fn choose_name(&self, table: &Name, columns: &str, label: &str) -> String {
        for number in 0.. {
            let suffix = if number == 0 { label.to_owned() } else { format!("{label}{number}") };
            let name = object_name(&table.name, columns, &suffix);
            if !self.is_taken(table, &name) {
                return name;
            }
        }
        String::new()
    }
}

/// `makeObjectName`: the longer of the two parts is cut first.
fn object_name(table: &str, columns: &str, label: &str) -> String {
    const NAME_MAX: usize = 63;
    let overhead = label.len() + 1 + usize::from(!columns.is_empty());
    let (mut first, mut second) = (table.len(), columns.len());
    while first + second + overhead > NAME_MAX && first + second > 0 {
        if first > second { first -= 1 } else { second -= 1 }
    }
    let cut = |text: &str, mut end: usize| {
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text[..end].to_owned()
    };
    match columns {
        "" => format!("{}_{label}", cut(table, first)),
        _ => format!("{}_{}_{label}", cut(table, first), cut(columns, second)),
    }
}
