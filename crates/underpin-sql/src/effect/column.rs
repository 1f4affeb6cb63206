//! `ADD COLUMN`, `DROP COLUMN`, `ALTER COLUMN … TYPE`, `SET NOT NULL`.

use super::build::Builder;
use super::column_type::{self, Cost};
use super::{Gap, LockMode, Work};
use crate::model::{
    AlterAction, ColumnDefinition, ConstraintKind, Expression, Name, TableAction, TypeName,
    Volatility,
};
use crate::schema::UserType;

impl Builder<'_> {
    /// Measured: only a default that is computed per row rewrites, and a domain that has to be
    /// checked does even without one (matrix, `columns`).
    pub(super) fn add_column(&mut self, table: &Name, family: &[Name], c: &ColumnDefinition) {
        let has_default = c.default.as_ref().is_some_and(|d| !d.is_null);
        let serial = c.type_name.as_ref().is_some_and(TypeName::is_serial);
        let checked_domain = c.type_name.as_ref().is_some_and(|t| {
            let user_type = self.schema.user_type(&t.name);
            !t.array && matches!(user_type, Some(UserType::Domain { constrained: true, .. }))
        });
        let rewrites = serial
            || c.identity
            || c.generated.as_ref().is_some_and(|g| g.stored)
            || checked_domain
            || c.default.as_ref().is_some_and(|d| self.is_volatile(d));
        for member in family {
            if rewrites {
                self.rewrite(member);
            } else if c.not_null && !has_default && c.generated.is_none() {
                self.work(member, Work::Scan);
            }
        }
        if rewrites && let Some(default) = &c.default {
            self.sequences(&default.mentions);
        }
        if c.not_null && !has_default && !serial && !c.identity && c.generated.is_none() {
            self.may_fail(&["23502"]);
        }
        if checked_domain {
            self.may_fail(&["23502", "23514"]);
        }
        for constraint in &c.constraints {
            match &constraint.kind {
                ConstraintKind::PrimaryKey { .. } | ConstraintKind::Unique { .. } => {
                    self.work(table, Work::Build);
                    if has_default {
                        self.may_fail(&["23505"]);
                    }
                }
                ConstraintKind::Check { .. } if !constraint.not_enforced => {
                    family.iter().for_each(|member| self.work(member, Work::Scan));
                    self.may_fail(&["23514"]);
                }
                // Without a default every row is NULL, which no foreign key looks at.
                ConstraintKind::ForeignKey(key) => {
                    self.foreign_key_lock(table, &key.references);
                    if has_default && !constraint.not_enforced {
                        family.iter().for_each(|member| self.work(member, Work::Scan));
                        self.work(&key.references, Work::Scan);
                        self.may_fail(&["23503"]);
                    }
                }
                _ => {}
            }
        }
    }

    /// The other end of a new foreign key.
    pub(super) fn foreign_key_lock(&mut self, table: &Name, references: &Name) {
        if self.schema.key(table) != self.schema.key(references) {
            self.lock_partitions(references, LockMode::ShareRowExclusive);
        }
    }

    fn is_volatile(&mut self, default: &Expression) -> bool {
        let mut volatility = default.volatility;
        if volatility == Volatility::Unknown && !default.mentions.incomplete {
            // Not unknown to whoever has seen the function made.
            volatility = Volatility::Stable;
            for function in &default.mentions.functions {
                match self.schema.volatility(function) {
                    Some(known) => volatility = volatility.max(known),
                    None if crate::syntax::is_builtin(function) => {}
                    None => volatility = Volatility::Unknown,
                }
                if volatility == Volatility::Unknown {
                    self.gap(Gap::Function(self.schema.key(function)));
                    break;
                }
            }
        }
        volatility >= Volatility::Unknown
    }

    pub(super) fn drop_column(
        &mut self,
        table: &Name,
        family: &[Name],
        column: &str,
        cascade: bool,
    ) {
        let relation = self.relation(table);
        if relation.is_some_and(|r| r.complete && r.column(column).is_none()) {
            return;
        }
        for member in family {
            self.index_locks(member, LockMode::AccessExclusive, |i| {
                i.mentions.iter().any(|m| m == column)
            });
        }
        let Some(relation) = relation else { return };
        for key in relation.foreign_keys.iter().filter(|f| f.columns.iter().any(|c| c == column)) {
            self.lock_partitions(&key.references, LockMode::AccessExclusive);
        }
        let mut dependants: Vec<Name> = self.schema.views_of(table, Some(column));
        for (child, key) in self.schema.referencing(table) {
            if relation.referenced_columns(key).iter().any(|c| c == column) {
                dependants.push(child.clone());
            }
        }
        let generated = relation
            .columns
            .iter()
            .any(|c| c.generated_from.iter().flatten().any(|source| source == column));
        self.sequence_of(table, column, LockMode::AccessExclusive);
        // Until PostgreSQL 14 a generated column went with what it is made of.
        let generated = generated && self.major >= 15;
        if cascade {
            dependants.iter().for_each(|d| self.lock(d, LockMode::AccessExclusive));
        } else if !dependants.is_empty() || generated {
            self.refuse("2BP01");
        }
    }

    pub(super) fn set_not_null(&mut self, family: &[Name], column: &str, actions: &[AlterAction]) {
        for member in family {
            let relation = self.relation(member);
            let already = relation.and_then(|r| r.column(column)).is_some_and(|c| c.not_null);
            // A check that the same command drops does not count (measured).
            let dropped = |name: &str| {
                actions.iter().any(|a| {
                    matches!(&a.action, TableAction::DropConstraint { name: d, .. } if d == name)
                })
            };
            let proven = self.major >= 12
                && relation.iter().flat_map(|r| &r.checks).any(|check| {
                    check.valid
                        && check.not_null_of.iter().any(|c| c == column)
                        && !dropped(&check.name)
                });
            if !already && !proven {
                self.work(member, Work::Scan);
                self.may_fail(&["23502"]);
            }
        }
    }

    pub(super) fn alter_type(
        &mut self,
        table: &Name,
        family: &[Name],
        column: &str,
        to: &TypeName,
        using: Option<&Expression>,
        collates: bool,
    ) {
        let relation = self.relation(table);
        let known = relation.and_then(|r| r.column(column));
        let from = known.and_then(|c| c.type_name.as_ref());
        let cost = column_type::cost(from, to, using, self.schema, self.major);
        if cost.is_none() {
            self.gap(Gap::ColumnType(self.schema.key(table), column.to_owned()));
        }
        let cost = match cost.unwrap_or(Cost::Rewrite) {
            Cost::Free if collates => Cost::Indexes,
            cost => cost,
        };
        for member in family {
            self.type_of_member(member, column, cost);
        }
        if cost == Cost::Rewrite {
            self.may_fail(&column_type::failures(from, to, self.schema));
            if known.is_none_or(|c| c.has_default) {
                self.may_fail(&["42804"]);
            }
        }
        let Some(relation) = relation else { return };
        for key in relation.foreign_keys.iter().filter(|f| f.columns.iter().any(|c| c == column)) {
            self.other_end(table, &key.references, cost);
        }
        for (child, key) in self.schema.referencing(table) {
            if relation.referenced_columns(key).iter().any(|c| c == column) {
                self.other_end(table, child, cost);
            }
        }
        let generated = relation
            .columns
            .iter()
            .any(|c| c.generated_from.iter().flatten().any(|source| source == column));
        // The generated column was a syntax error until PostgreSQL 14.
        if generated {
            self.refuse(if self.major >= 15 { "0A000" } else { "42601" });
        } else if !self.schema.views_of(table, Some(column)).is_empty() {
            self.refuse("0A000");
        }
    }

    fn type_of_member(&mut self, member: &Name, column: &str, cost: Cost) {
        if cost == Cost::Rewrite {
            self.rewrite(member);
            return;
        }
        let Some(relation) = self.relation(member) else { return };
        for index in relation.indexes.iter().filter(|i| i.mentions.iter().any(|m| m == column)) {
            // The index is made anew in the catalog; its file is kept where it can be.
            self.index_lock(member, &index.name, LockMode::AccessExclusive);
            if index.computed || cost == Cost::Indexes {
                self.work(member, Work::Build);
            }
        }
        if relation.checks.iter().any(|c| c.valid && c.columns.iter().any(|x| x == column)) {
            self.work(member, Work::Scan);
        }
    }

    /// The foreign key is dropped and made again; it is checked again if the values are new.
    fn other_end(&mut self, table: &Name, other: &Name, cost: Cost) {
        self.lock_partitions(other, LockMode::AccessExclusive);
        if cost == Cost::Rewrite && self.schema.key(table) != self.schema.key(other) {
            self.work(other, Work::Scan);
        }
    }
}
