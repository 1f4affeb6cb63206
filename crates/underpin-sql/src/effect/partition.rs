//! Attaching and detaching partitions.

use super::build::Builder;
use super::{LockMode, Work};
use crate::model::{Name, PartitionBound};
use crate::schema::Relation;

impl Builder<'_> {
    pub(super) fn attach(&mut self, table: &Name, partition: &Name, bound: &PartitionBound) {
        self.lock_family(partition, LockMode::AccessExclusive);
        if let Some(default) = self.schema.default_partition(table).cloned() {
            self.lock(&default, LockMode::AccessExclusive);
            self.work(&default, Work::Scan);
            self.may_fail(&["23514"]);
        }
        let parent = self.relation(table);
        let proven = match (parent, self.relation(partition)) {
            (Some(parent), Some(partition)) => implies(partition, parent, bound),
            _ => false,
        };
        if !proven {
            self.work(partition, Work::Scan);
            self.may_fail(&["23514"]);
        }
        let Some(parent) = parent else { return };
        for index in &parent.indexes {
            self.index_lock(table, &index.name, LockMode::ShareUpdateExclusive);
            let matches = |own: &crate::schema::Index| {
                own.columns == index.columns && own.unique >= index.unique
            };
            if !self.relation(partition).is_some_and(|r| r.indexes.iter().any(matches)) {
                self.work(partition, Work::Build);
            }
        }
        for key in &parent.foreign_keys {
            let has = self.relation(partition).is_some_and(|r| {
                r.foreign_keys
                    .iter()
                    .any(|f| f.columns == key.columns && f.references == key.references)
            });
            // The partition's own key becomes a part of its parent's: its triggers go.
            let mode = match has {
                true => LockMode::AccessExclusive,
                false => LockMode::ShareRowExclusive,
            };
            self.lock_partitions(&key.references, mode);
            if !has {
                self.work(partition, Work::Scan);
                self.work(&key.references, Work::Scan);
                self.may_fail(&["23503"]);
            }
        }
    }

    pub(super) fn detach(&mut self, table: &Name, partition: &Name, concurrently: bool) {
        let default = self.schema.default_partition(table).cloned();
        if concurrently {
            self.alone();
            if default.is_some() {
                return self.refuse("55000");
            }
        }
        self.lock(
            partition,
            match self.major {
                ..14 => LockMode::ShareUpdateExclusive,
                _ => LockMode::AccessExclusive,
            },
        );
        if let Some(default) = default {
            self.lock(&default, LockMode::AccessExclusive);
        }
        let keys = self.relation(partition).map(|r| r.foreign_keys.as_slice()).unwrap_or_default();
        for key in keys.iter().filter(|f| f.inherited) {
            self.lock_partitions(&key.references, LockMode::ShareRowExclusive);
        }
    }
}

/// Whether a valid `CHECK` of the partition says what the bound demands. Only the plain form is
/// recognised: `key >= from AND key < to`, `key IN (…)`, `key = …`, on a key that is `NOT NULL`.
fn implies(partition: &Relation, parent: &Relation, bound: &PartitionBound) -> bool {
    let [Some(key)] = parent.partition_key.as_slice() else { return false };
    let not_null = partition.column(key).is_some_and(|c| c.not_null);
    let squeeze = |text: &str| -> String {
        text.chars()
            .filter(|c| !c.is_whitespace() && !matches!(c, '(' | ')' | '\'' | '"'))
            .collect()
    };
    let said: Vec<String> = partition
        .checks
        .iter()
        .filter(|c| c.valid)
        .flat_map(|c| c.text.to_lowercase().split(" and ").map(squeeze).collect::<Vec<_>>())
        .collect();
    let says = |wanted: String| said.contains(&squeeze(&wanted.to_lowercase()));
    let proven_not_null = not_null || says(format!("{key} IS NOT NULL"));
    match bound {
        PartitionBound::Range { from, to } => {
            let ([Some(from)], [Some(to)]) = (from.as_slice(), to.as_slice()) else { return false };
            proven_not_null && says(format!("{key} >= {from}")) && says(format!("{key} < {to}"))
        }
        PartitionBound::List(values) => {
            let Some(values) = values.iter().cloned().collect::<Option<Vec<_>>>() else {
                return false;
            };
            let one = values.len() == 1 && says(format!("{key} = {}", values[0]));
            proven_not_null && (one || says(format!("{key} IN ({})", values.join(","))))
        }
        PartitionBound::Default | PartitionBound::Hash { .. } => false,
    }
}
