//! Constraints: adding, checking, dropping.

use super::build::Builder;
use super::{Gap, LockMode, Work};
use crate::model::{Constraint, ConstraintKind, Name};

impl Builder<'_> {
    pub(super) fn unknown_constraint(&mut self, table: &Name, name: &str) {
        self.gap(Gap::Constraint(self.schema.key(table), name.to_owned()));
    }

    pub(super) fn add_constraint(&mut self, table: &Name, family: &[Name], c: &Constraint) {
        let checked = !c.not_valid && !c.not_enforced;
        match &c.kind {
            ConstraintKind::Check { .. } if checked => {
                family.iter().for_each(|member| self.work(member, Work::Scan));
                self.may_fail(&["23514"]);
            }
            ConstraintKind::NotNull { column } if checked => self.set_not_null(family, column, &[]),
            ConstraintKind::Check { .. } | ConstraintKind::NotNull { .. } => {}
            ConstraintKind::PrimaryKey { using_index: Some(index), .. } => {
                self.take_index(table, index, c.name.as_deref());
                let nullable = self.relation(table).is_none_or(|r| {
                    let known = r.indexes.iter().find(|i| i.name == *index);
                    known.is_none_or(|i| {
                        i.columns.iter().flatten().any(|c| r.column(c).is_none_or(|c| !c.not_null))
                    })
                });
                if nullable {
                    self.work(table, Work::Scan);
                    self.may_fail(&["23502"]);
                }
            }
            ConstraintKind::Unique { using_index: Some(index), .. } => {
                self.take_index(table, index, c.name.as_deref());
            }
            ConstraintKind::PrimaryKey { columns, .. } => {
                // Its NOT NULL goes down to tables that inherit, its index does not.
                for member in &family[1..] {
                    let nullable = |c: &String| {
                        self.relation(member).and_then(|r| r.column(c)).is_none_or(|c| !c.not_null)
                    };
                    if columns.iter().any(nullable) {
                        self.lock(member, LockMode::AccessExclusive);
                        self.work(member, Work::Scan);
                    }
                }
                self.work(table, Work::Build);
                self.may_fail(&["23502", "23505"]);
            }
            ConstraintKind::Unique { .. } => {
                self.work(table, Work::Build);
                self.may_fail(&["23505"]);
            }
            ConstraintKind::Exclude => {
                self.work(table, Work::Build);
                self.may_fail(&["23P01"]);
            }
            ConstraintKind::ForeignKey(key) => {
                if self.is_partitioned(table) && c.not_valid && self.major < 18 {
                    return self.refuse("42809");
                }
                self.lock_partitions(table, LockMode::ShareRowExclusive);
                self.foreign_key_lock(table, &key.references);
                if checked {
                    self.work(table, Work::Scan);
                    self.work(&key.references, Work::Scan);
                    self.may_fail(&["23503"]);
                }
            }
        }
    }

    /// An index becomes a constraint's and gets its name.
    pub(super) fn take_index(&mut self, table: &Name, index: &str, name: Option<&str>) {
        if name.is_some_and(|name| name != index) {
            self.index_lock(table, index, self.rename_index_mode());
        }
    }

    pub(super) fn validate(&mut self, table: &Name, family: &[Name], name: &str) {
        let Some(relation) = self.relation(table) else {
            self.unknown_constraint(table, name);
            return self.work(table, Work::Scan);
        };
        if let Some(key) = relation.foreign_keys.iter().find(|f| f.name == name) {
            if !key.valid {
                self.lock_partitions(&key.references, LockMode::RowShare);
                self.work(table, Work::Scan);
                self.work(&key.references, Work::Scan);
                self.may_fail(&["23503"]);
            }
            return;
        }
        let check = relation.checks.iter().find(|c| c.name == name).map(|c| c.valid);
        let not_null = relation.not_nulls.iter().find(|n| n.name == name).map(|n| n.valid);
        match check.or(not_null) {
            Some(true) => {}
            Some(false) => {
                family.iter().for_each(|member| self.work(member, Work::Scan));
                self.may_fail(&["23514", "23502"]);
            }
            None if relation.complete => self.refuse("42704"),
            None => {
                self.unknown_constraint(table, name);
                self.work(table, Work::Scan);
            }
        }
    }

    pub(super) fn drop_constraint(
        &mut self,
        table: &Name,
        family: &[Name],
        name: &str,
        if_exists: bool,
        cascade: bool,
    ) {
        let Some(relation) = self.relation(table) else {
            return self.unknown_constraint(table, name);
        };
        if let Some(key) = relation.foreign_keys.iter().find(|f| f.name == name) {
            return self.lock_partitions(&key.references, LockMode::AccessExclusive);
        }
        let Some(index) = relation.indexes.iter().find(|i| i.constraint && i.name == name) else {
            let there = relation.checks.iter().any(|c| c.name == name)
                || relation.not_nulls.iter().any(|n| n.name == name);
            if !there && relation.complete && !if_exists {
                self.refuse("42704");
            } else if !there && !relation.complete {
                self.unknown_constraint(table, name);
            }
            return;
        };
        let parent = Name { schema: self.schema.key(table).schema, name: name.to_owned() };
        self.index_lock(table, name, LockMode::AccessExclusive);
        for member in &family[1..] {
            self.index_locks(member, LockMode::AccessExclusive, |i| {
                i.parent.as_ref() == Some(&parent)
            });
        }
        let columns: Vec<String> = index.columns.iter().flatten().cloned().collect();
        let users: Vec<Name> = self
            .schema
            .referencing(table)
            .filter(|(_, key)| relation.referenced_columns(key) == columns)
            .map(|(child, _)| child.clone())
            .collect();
        match cascade || users.is_empty() {
            true => users.iter().for_each(|child| self.lock(child, LockMode::AccessExclusive)),
            false => self.refuse("2BP01"),
        }
    }
}
