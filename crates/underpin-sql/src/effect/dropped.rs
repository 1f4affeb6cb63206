//! `DROP`.

use super::build::Builder;
use super::{Gap, LockMode};
use crate::model::{Drop, Name, ObjectKind};
use crate::schema::RelationKind;

impl Builder<'_> {
    pub(super) fn drop_objects(&mut self, d: &Drop) {
        use ObjectKind as K;
        match d.kind {
            K::Table | K::ForeignTable | K::View | K::MaterializedView | K::Sequence => {
                let there = self.present(d);
                self.drop_relations(&there, d.cascade);
            }
            K::Index => {
                for name in &d.names {
                    self.drop_index(d, name);
                }
            }
            K::Type | K::Domain => d.names.iter().for_each(|name| self.drop_type(d, name)),
            K::Function | K::Procedure | K::Routine => {
                d.names.iter().for_each(|name| self.drop_routine(d, name));
            }
            K::Schema => self.drop_schema(d),
            K::Trigger => d.on.iter().for_each(|t| {
                self.lock_partitions(t, LockMode::AccessExclusive);
            }),
            K::Policy | K::Rule => {
                d.on.iter().for_each(|t| self.lock(t, LockMode::AccessExclusive));
            }
            K::Statistics => {
                let locks = self.major >= 12;
                for name in d.names.iter().filter(|_| locks) {
                    match self.schema.table_of_statistics(name) {
                        Some(table) => self.lock(&table.clone(), LockMode::ShareUpdateExclusive),
                        None => self.gap(Gap::Relation(self.schema.key(name))),
                    }
                }
            }
            K::Database | K::Tablespace | K::Subscription => self.alone(),
            K::Extension
            | K::Language
            | K::ForeignServer
            | K::ForeignDataWrapper
            | K::Collation
            | K::Other
            | K::Cast
            | K::Aggregate => {
                for name in d.names.iter().filter(|_| d.cascade || d.kind == K::Extension) {
                    self.gap(Gap::Cascade(name.clone()));
                }
            }
            _ => {}
        }
    }

    /// Those that are there; missing ones are an error without `IF EXISTS`.
    fn present(&mut self, d: &Drop) -> Vec<Name> {
        let missing = d.names.iter().any(|name| self.is_missing(name));
        if missing && !d.if_exists {
            self.refuse("42P01");
        }
        d.names.iter().filter(|name| !self.is_missing(name)).map(|n| self.schema.key(n)).collect()
    }

    fn drop_relations(&mut self, names: &[Name], cascade: bool) {
        let mut all: Vec<Name> = Vec::new();
        for name in names {
            // Partitions go with their parent; tables that inherit only with CASCADE.
            let below = self.schema.descendants(name);
            let partitioned = self.is_partitioned(name);
            if !below.is_empty() && !partitioned && !cascade {
                self.refuse("2BP01");
            }
            all.push(name.clone());
            all.extend(below);
        }
        for name in &all {
            self.known(name);
            self.drop_one(name, &all, cascade);
        }
    }

    fn drop_one(&mut self, name: &Name, all: &[Name], cascade: bool) {
        self.lock(name, LockMode::AccessExclusive);
        self.index_locks(name, LockMode::AccessExclusive, |_| true);
        for sequence in self.owned_sequences(name) {
            self.lock(&sequence, LockMode::AccessExclusive);
        }
        if let Some(relation) = self.relation(name) {
            for key in relation.foreign_keys.iter().filter(|f| !f.inherited) {
                self.lock_partitions(&key.references, LockMode::AccessExclusive);
            }
            if relation.kind != RelationKind::View {
                for parent in &relation.parents {
                    self.lock(parent, LockMode::AccessExclusive);
                    let default = self.schema.default_partition(parent).cloned();
                    default.iter().for_each(|d| self.lock(d, LockMode::AccessExclusive));
                }
            }
        }
        let users = self.schema.users_of_sequence(name);
        let keys = self.schema.referencing(name).map(|(child, _)| child.clone()).chain(users);
        let mut dependants: Vec<Name> = keys.filter(|child| !all.contains(child)).collect();
        dependants
            .extend(self.schema.views_of(name, None).into_iter().filter(|v| !all.contains(v)));
        if dependants.is_empty() {
            return;
        }
        if !cascade {
            return self.refuse("2BP01");
        }
        for dependant in dependants {
            self.lock(&dependant, LockMode::AccessExclusive);
            if self.relation(&dependant).is_some_and(|r| r.kind == RelationKind::MaterializedView) {
                self.index_locks(&dependant, LockMode::AccessExclusive, |_| true);
            }
        }
    }

    fn drop_index(&mut self, d: &Drop, name: &Name) {
        let Some((table, index)) = self.schema.index(name) else {
            return match (self.schema.knows_every_index(), d.if_exists) {
                (true, true) => {}
                (true, false) => self.refuse("42704"),
                (false, _) => self.gap(Gap::Index(self.schema.key(name))),
            };
        };
        if index.constraint {
            return self.refuse("2BP01");
        }
        let table = table.clone();
        let mode = match d.concurrently {
            true => LockMode::ShareUpdateExclusive,
            false => LockMode::AccessExclusive,
        };
        if d.concurrently {
            self.alone();
        }
        let key = self.schema.key(name);
        self.lock_partitions(&table, mode);
        self.index_lock(&table, &key.name, mode);
        for partition in self.schema.partitions(&table) {
            self.index_locks(&partition, mode, |i| i.parent.as_ref() == Some(&key));
        }
    }

    fn drop_type(&mut self, d: &Drop, name: &Name) {
        if !self.schema.complete && d.cascade {
            self.gap(Gap::Cascade(self.schema.key(name)));
        }
        let users: Vec<Name> =
            self.schema.users_of_type(name).map(|(table, _)| table.clone()).collect();
        match d.cascade || users.is_empty() {
            true => users.iter().for_each(|table| self.lock(table, LockMode::AccessExclusive)),
            false => self.refuse("2BP01"),
        }
    }

    fn drop_routine(&mut self, d: &Drop, name: &Name) {
        if !self.schema.complete && d.cascade {
            self.gap(Gap::Cascade(self.schema.key(name)));
        }
        let key = self.schema.key(name);
        let calls =
            self.schema.relations().filter(|(_, r)| r.triggers.iter().any(|t| t.function == key));
        let users: Vec<Name> = calls.map(|(table, _)| table.clone()).collect();
        match d.cascade || users.is_empty() {
            true => users.iter().for_each(|table| self.lock(table, LockMode::AccessExclusive)),
            false => self.refuse("2BP01"),
        }
    }

    fn drop_schema(&mut self, d: &Drop) {
        for name in &d.names {
            let own =
                |n: &Name| n.schema.as_deref().unwrap_or(&self.schema.default_schema) == name.name;
            let inside: Vec<Name> =
                self.schema.relations().filter(|(n, _)| own(n)).map(|(n, _)| n.clone()).collect();
            if !inside.is_empty() && !d.cascade {
                return self.refuse("2BP01");
            }
            if !self.schema.complete {
                self.gap(Gap::Cascade(name.clone()));
            }
            for relation in &inside {
                self.drop_one(relation, &inside, true);
            }
        }
    }
}
