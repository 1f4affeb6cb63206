//! `ALTER TABLE` and the same grammar for other relations.

use super::build::Builder;
use super::{Gap, LockMode, Work};
use crate::model::{
    AlterTable, Constraint, ConstraintKind, Name, ObjectKind, RelationOption, TableAction,
};

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
                // Drops come first, wherever they stand in the statement (ATExecCmd's passes).
                let freed = alter.actions.iter().any(|a| {
                    matches!(&a.action, TableAction::DropColumn { column: c, .. } if *c == column.name)
                });
                let known = self.relation(table).is_some_and(|r| r.column(&column.name).is_some());
                let there = known && !freed;
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
