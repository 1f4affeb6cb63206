//! `ALTER TABLE` and the same grammar for other relations.

use super::build::Builder;
use super::{Gap, LockMode, Work};
use crate::model::{
    AlterTable, Constraint, ConstraintKind, Name, ObjectKind, PartitionBound, RelationOption,
    TableAction,
};
use crate::schema::Relation;

impl Builder<'_> {
    pub(super) fn alter(&mut self, alter: &AlterTable) {
        let table = &alter.relation;
        if let Some((_, index)) = self.schema.index(table) {
            let name = index.name.clone();
            return self.alter_index(alter, &name);
        }
        if alter.kind == ObjectKind::Index {
            // Of an index nobody knows the table of, the lock on the table is none.
            self.gap(Gap::Index(self.schema.key(table)));
            return self.alter_index(alter, &table.name.clone());
        }
        if self.is_missing(table) {
            if !alter.if_exists {
                self.refuse("42P01");
            }
            return;
        }
        if alter.kind == ObjectKind::Table {
            self.known(table);
        }
        if !matches!(alter.kind, ObjectKind::Table | ObjectKind::ForeignTable) {
            return self.lock(table, LockMode::AccessExclusive);
        }
        let family = match alter.only {
            true => vec![self.schema.key(table)],
            false => self.family(table),
        };
        let partitioned = self.is_partitioned(table);
        for action in &alter.actions {
            let (mode, recurses) = self.level(&action.action, partitioned);
            self.lock(table, mode);
            // Dropping a column looks at the children even with ONLY.
            let below = match (recurses, &action.action) {
                (true, TableAction::DropColumn { .. }) => self.schema.descendants(table),
                (true, _) => family[1..].to_vec(),
                _ => Vec::new(),
            };
            let below_mode = self.below(&action.action, mode);
            below.iter().for_each(|member| self.lock(member, below_mode));
            self.action(alter, &family, &action.action);
        }
    }

    /// Partitions get the index of a new key as `CREATE INDEX` makes it, until PostgreSQL 17.
    fn below(&self, action: &TableAction, mode: LockMode) -> LockMode {
        match action {
            TableAction::AddConstraint(Constraint {
                kind: ConstraintKind::PrimaryKey { .. } | ConstraintKind::Unique { .. },
                ..
            }) if self.major < 18 => LockMode::Share,
            _ => mode,
        }
    }

    /// The lock of a sub-command (`AlterTableGetLockLevel`) and whether descendants get it too.
    fn level(&self, action: &TableAction, partitioned: bool) -> (LockMode, bool) {
        use LockMode::{AccessExclusive, ShareRowExclusive, ShareUpdateExclusive};
        match action {
            TableAction::SetStatistics { .. }
            | TableAction::SetColumnOptions { .. }
            | TableAction::ValidateConstraint { .. } => (ShareUpdateExclusive, true),
            TableAction::ClusterOn { .. } | TableAction::SetWithoutCluster => {
                (ShareUpdateExclusive, false)
            }
            TableAction::SetOptions { options } | TableAction::ResetOptions { options } => {
                match options.iter().all(needs_no_exclusive_lock) {
                    true => (ShareUpdateExclusive, false),
                    false => (AccessExclusive, false),
                }
            }
            TableAction::AttachPartition { .. } if self.major >= 12 => {
                (ShareUpdateExclusive, false)
            }
            TableAction::DetachPartition { concurrently: true, .. }
            | TableAction::DetachFinalize { .. } => (ShareUpdateExclusive, false),
            TableAction::Trigger { .. } => (ShareRowExclusive, true),
            // Tables that inherit get none of these, yet PostgreSQL 18 locks them too (measured).
            TableAction::AddConstraint(Constraint {
                kind: ConstraintKind::ForeignKey(_), ..
            }) => (ShareRowExclusive, self.major >= 18),
            TableAction::OwnerTo
            | TableAction::SetLogged
            | TableAction::SetUnlogged
            | TableAction::SetAccessMethod { .. }
            | TableAction::SetTablespace { .. }
            | TableAction::RowSecurity { .. }
            | TableAction::ForceRowSecurity { .. }
            | TableAction::Rule { .. }
            | TableAction::ReplicaIdentity { .. }
            | TableAction::Inherit { .. }
            | TableAction::NoInherit { .. }
            | TableAction::OfType { .. }
            | TableAction::NotOf
            | TableAction::AttachPartition { .. }
            | TableAction::DetachPartition { .. } => (AccessExclusive, false),
            TableAction::AddConstraint(c) if makes_index(c) => {
                (AccessExclusive, partitioned || self.major >= 18)
            }
            TableAction::AddConstraint(c) => (AccessExclusive, !takes_index(c)),
            _ => (AccessExclusive, true),
        }
    }

    #[allow(clippy::too_many_lines)] // one arm per sub-command
    fn action(&mut self, alter: &AlterTable, family: &[Name], action: &TableAction) {
        let table = &alter.relation;
        match action {
            TableAction::AddColumn { column, if_not_exists } => {
                let there = self.relation(table).is_some_and(|r| r.column(&column.name).is_some());
                match there {
                    true if !if_not_exists => self.refuse("42701"),
                    true => {}
                    false => self.add_column(table, family, column),
                }
            }
            TableAction::DropColumn { .. } if alter.only && self.is_partitioned(table) => {
                self.refuse("42P16");
            }
            TableAction::DropColumn { column, cascade, .. } => {
                self.drop_column(table, family, column, *cascade);
            }
            TableAction::SetNotNull { column } => self.set_not_null(family, column, &alter.actions),
            TableAction::AlterType { column, to, using, collation } => {
                self.alter_type(table, family, column, to, using.as_ref(), collation.is_some());
            }
            TableAction::SetExpression { column, .. } => {
                let known = self.relation(table).and_then(|r| r.column(column));
                if known.is_none_or(|c| c.stored) {
                    family.iter().for_each(|member| self.rewrite(member));
                }
            }
            TableAction::SetIdentity { column } => {
                self.sequence_of(table, column, LockMode::ShareRowExclusive);
            }
            TableAction::DropIdentity { column } => {
                self.sequence_of(table, column, LockMode::AccessExclusive);
            }
            TableAction::AddConstraint(constraint) => {
                self.add_constraint(table, family, constraint)
            }
            TableAction::AlterConstraint { name, enforced: Some(enforced), .. } => {
                let key = self
                    .relation(table)
                    .and_then(|r| r.foreign_keys.iter().find(|f| f.name == *name));
                match key {
                    Some(key) => {
                        self.lock_partitions(&key.references, LockMode::AccessExclusive);
                        if *enforced {
                            self.work(table, Work::Scan);
                            self.work(&key.references, Work::Scan);
                            self.may_fail(&["23503"]);
                        }
                    }
                    None => self.unknown_constraint(table, name),
                }
            }
            TableAction::ValidateConstraint { name } => {
                let added = alter.actions.iter().find_map(|a| match &a.action {
                    TableAction::AddConstraint(c) if c.name.as_ref() == Some(name) => Some(c),
                    _ => None,
                });
                match added {
                    // What the same command adds is not there yet.
                    Some(c) => {
                        let checked = Constraint { not_valid: false, ..c.clone() };
                        self.add_constraint(table, family, &checked);
                    }
                    None => self.validate(table, family, name),
                }
            }
            TableAction::DropConstraint { name, if_exists, cascade } => {
                self.drop_constraint(table, family, name, *if_exists, *cascade);
            }
            TableAction::ClusterOn { index } => {
                self.index_lock(table, index, LockMode::ShareUpdateExclusive);
            }
            TableAction::ReplicaIdentity { index: Some(index) } => {
                self.index_lock(table, index, LockMode::Share);
            }
            TableAction::SetLogged => self.set_logged(table, true),
            TableAction::SetUnlogged => self.set_logged(table, false),
            // Another method than the one it has, which is `heap` as far as anybody knows.
            TableAction::SetAccessMethod { method: Some(method) } if method != "heap" => {
                self.rewrite(table)
            }
            TableAction::SetTablespace { tablespace } => {
                let current =
                    self.relation(table).map(|r| r.tablespace.as_deref().unwrap_or("pg_default"));
                if current != Some(tablespace) {
                    self.rewrite(table);
                }
            }
            TableAction::Inherit { parent } => self.lock(parent, LockMode::ShareUpdateExclusive),
            TableAction::NoInherit { parent } => self.lock(parent, LockMode::AccessShare),
            TableAction::OfType { of } => self.lock(of, LockMode::AccessShare),
            TableAction::AttachPartition { partition, bound, .. } => {
                self.attach(table, partition, bound)
            }
            TableAction::DetachPartition { partition, concurrently } => {
                self.detach(table, partition, *concurrently);
            }
            TableAction::DetachFinalize { partition } => {
                self.lock(partition, LockMode::AccessExclusive);
            }
            TableAction::Other { what } => self.gap(Gap::Statement((*what).to_owned())),
            _ => {}
        }
    }

    fn set_logged(&mut self, table: &Name, logged: bool) {
        if self.relation(table).is_none_or(|r| r.unlogged == logged || !r.complete) {
            self.rewrite(table);
        }
    }

    /// The sequence behind an identity column.
    pub(super) fn sequence_of(&mut self, table: &Name, column: &str, mode: LockMode) {
        let suffix = format!("_{column}_seq");
        for sequence in self.owned_sequences(table).iter().filter(|s| s.name.ends_with(&suffix)) {
            self.lock(sequence, mode);
        }
    }

    fn unknown_constraint(&mut self, table: &Name, name: &str) {
        self.gap(Gap::Constraint(self.schema.key(table), name.to_owned()));
    }

    fn add_constraint(&mut self, table: &Name, family: &[Name], c: &Constraint) {
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
    fn take_index(&mut self, table: &Name, index: &str, name: Option<&str>) {
        if name.is_some_and(|name| name != index) {
            self.index_lock(table, index, self.rename_index_mode());
        }
    }

    /// Renaming an index is a matter of `SHARE UPDATE EXCLUSIVE` since PostgreSQL 12.
    pub(super) fn rename_index_mode(&self) -> LockMode {
        match self.major {
            ..12 => LockMode::AccessExclusive,
            _ => LockMode::ShareUpdateExclusive,
        }
    }

    fn validate(&mut self, table: &Name, family: &[Name], name: &str) {
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

    fn drop_constraint(
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

    fn attach(&mut self, table: &Name, partition: &Name, bound: &PartitionBound) {
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

    fn detach(&mut self, table: &Name, partition: &Name, concurrently: bool) {
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

    fn alter_index(&mut self, alter: &AlterTable, index: &str) {
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
}

/// A key that is an index of its own.
fn makes_index(c: &Constraint) -> bool {
    match &c.kind {
        ConstraintKind::PrimaryKey { using_index, .. }
        | ConstraintKind::Unique { using_index, .. } => using_index.is_none(),
        ConstraintKind::Exclude => true,
        _ => false,
    }
}

/// A key that takes over an index.
fn takes_index(c: &Constraint) -> bool {
    matches!(
        c.kind,
        ConstraintKind::PrimaryKey { using_index: Some(_), .. }
            | ConstraintKind::Unique { using_index: Some(_), .. }
    )
}

/// Storage parameters that take `SHARE UPDATE EXCLUSIVE` (`reloptions.c`; manual, CREATE TABLE).
fn needs_no_exclusive_lock(option: &RelationOption) -> bool {
    let name = option.name.strip_prefix("toast.").unwrap_or(&option.name);
    name.starts_with("autovacuum_")
        || name.starts_with("vacuum_")
        || matches!(
            name,
            "fillfactor"
                | "parallel_workers"
                | "toast_tuple_target"
                | "log_autovacuum_min_duration"
        )
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
        PartitionBound::Default | PartitionBound::Hash => false,
    }
}
