//! Indexes: making, making anew, altering.

use super::build::Builder;
use super::{Gap, LockMode, Work};
use crate::model::{AlterTable, CreateIndex, Name, Reindex, ReindexTarget, TableAction};

impl Builder<'_> {
    /// Renaming an index is a matter of `SHARE UPDATE EXCLUSIVE` since PostgreSQL 12.
    pub(super) fn rename_index_mode(&self) -> LockMode {
        match self.major {
            ..12 => LockMode::AccessExclusive,
            _ => LockMode::ShareUpdateExclusive,
        }
    }

    pub(super) fn alter_index(&mut self, alter: &AlterTable, index: &str) {
        let found = self.schema.index(&alter.relation);
        let table = found.map_or_else(|| alter.relation.clone(), |(table, _)| table.clone());
        for action in &alter.actions {
            match &action.action {
                TableAction::AttachPartition { partition, .. } => {
                    self.index_lock(&table, index, self.rename_index_mode());
                    self.lock(&table, LockMode::AccessShare);
                    match self.schema.index(partition) {
                        Some((of, _)) => {
                            let of = of.clone();
                            self.lock(&of, LockMode::AccessShare);
                            self.index_lock(&of, &partition.name, LockMode::AccessExclusive);
                        }
                        None => self.gap(Gap::Index(self.schema.key(partition))),
                    }
                }
                TableAction::SetTablespace { tablespace } => {
                    self.index_lock(&table, index, LockMode::AccessExclusive);
                    if tablespace != "pg_default" {
                        self.work(&table, Work::Build);
                    }
                }
                TableAction::SetOptions { .. }
                | TableAction::ResetOptions { .. }
                | TableAction::SetStatistics { .. } => {
                    self.index_lock(&table, index, LockMode::ShareUpdateExclusive);
                }
                _ => self.index_lock(&table, index, LockMode::AccessExclusive),
            }
        }
    }

    pub(super) fn create_index(&mut self, i: &CreateIndex) {
        self.known(&i.table);
        let partitioned = self.is_partitioned(&i.table);
        if i.concurrently {
            self.alone();
            if partitioned {
                return self.refuse("0A000");
            }
        }
        let mode = match i.concurrently {
            true => LockMode::ShareUpdateExclusive,
            false => LockMode::Share,
        };
        self.lock(&i.table, mode);
        let name =
            i.name.as_ref().map(|name| Name { schema: i.table.schema.clone(), name: name.clone() });
        if name.is_some_and(|name| self.schema.index(&name).is_some()) {
            if !i.if_not_exists {
                self.refuse("42P07");
            }
            return;
        }
        if i.only && partitioned {
            return;
        }
        self.lock_partitions(&i.table, mode);
        self.work(&i.table, Work::Build);
        if i.unique {
            self.may_fail(&["23505"]);
        }
    }

    pub(super) fn reindex(&mut self, r: &Reindex) {
        let (table_mode, index_mode) = match r.concurrently {
            true => (LockMode::ShareUpdateExclusive, LockMode::ShareUpdateExclusive),
            false => (LockMode::Share, LockMode::AccessExclusive),
        };
        if r.concurrently {
            self.alone();
        }
        match &r.target {
            ReindexTarget::Index(name) => match self.schema.index(name) {
                Some((table, _)) => {
                    let table = table.clone();
                    self.lock(&table, table_mode);
                    self.index_lock(&table, &name.name, index_mode);
                    self.work(&table, Work::Build);
                }
                None if self.schema.knows_every_index() => self.refuse("42P01"),
                None => self.gap(Gap::Index(self.schema.key(name))),
            },
            ReindexTarget::Table(name) => {
                self.known(name);
                let partitioned = self.is_partitioned(name);
                self.lock(name, table_mode);
                // Before PostgreSQL 14 a partitioned table is passed over with a warning.
                if partitioned && self.major < 14 {
                    return;
                }
                if partitioned {
                    self.alone();
                }
                self.lock_partitions(name, table_mode);
                self.work(name, Work::Build);
                let key = self.schema.key(name);
                for member in std::iter::once(key).chain(self.schema.partitions(name)) {
                    if !self.is_partitioned(&member) {
                        self.index_locks(&member, index_mode, |_| true);
                    }
                }
            }
            ReindexTarget::Schema(name) => {
                self.alone();
                let schema = name.clone();
                self.every_table(table_mode, Some(&schema));
                self.reindex_every(index_mode, Some(&schema));
            }
            ReindexTarget::Database => {
                self.alone();
                self.every_table(table_mode, None);
                self.reindex_every(index_mode, None);
            }
        }
    }

    pub(super) fn tables_in(&self, schema: Option<&str>) -> Vec<Name> {
        let inside = |name: &Name| {
            let own = name.schema.as_deref().unwrap_or(&self.schema.default_schema);
            schema.is_none_or(|wanted| own == wanted)
        };
        let tables = self.schema.relations().filter(|(name, r)| r.is_stored() && inside(name));
        tables.map(|(name, _)| name.clone()).collect()
    }

    pub(super) fn every_table(&mut self, mode: LockMode, schema: Option<&str>) {
        if !self.schema.complete {
            self.gap(Gap::Statement("a command for every table".to_owned()));
        }
        for table in self.tables_in(schema) {
            self.lock(&table, mode);
        }
    }

    pub(super) fn reindex_every(&mut self, mode: LockMode, schema: Option<&str>) {
        for table in self.tables_in(schema) {
            self.index_locks(&table, mode, |_| true);
            self.work(&table, Work::Build);
        }
    }
}
