//! Statements about rows.

use super::build::Builder;
use super::{Gap, LockMode, Work};
use crate::model::{Delete, ForeignKeyAction, Insert, Mentions, Name, Update};
use crate::schema::ForeignKey;

/// How far cascading deletes are followed.
const CASCADES_MAX: usize = 32;

impl Builder<'_> {
    pub(super) fn insert(&mut self, i: &Insert) {
        self.reads(&i.mentions, true);
        self.write(&i.table);
        self.known(&i.table);
        let keys = self.relation(&i.table).map(|r| r.foreign_keys.as_slice()).unwrap_or_default();
        for key in keys {
            // A row without a value in the key is not looked up.
            let given = i.columns.is_empty() || key.columns.iter().any(|c| i.columns.contains(c));
            if given && i.rows != Some(0) && !self.is_all_defaults(i) {
                self.lock_partitions(&key.references, LockMode::RowShare);
            }
        }
        self.may_fail(&["23502", "23503", "23505", "23514"]);
    }

    fn is_all_defaults(&self, i: &Insert) -> bool {
        i.rows == Some(1) && i.columns.is_empty() && i.mentions == Mentions::default()
    }

    pub(super) fn update(&mut self, u: &Update) {
        self.reads_beside(&u.mentions, &u.table);
        self.write(&u.table);
        self.known(&u.table);
        let Some(relation) = self.relation(&u.table) else { return };
        for key in relation
            .foreign_keys
            .iter()
            .filter(|f| f.columns.iter().any(|c| u.assigned.contains(c)))
        {
            self.lock_partitions(&key.references, LockMode::RowShare);
        }
        for (child, key) in self.schema.referencing(&u.table) {
            if relation.referenced_columns(key).iter().any(|c| u.assigned.contains(c)) {
                self.referencing_rows(child, key, key.on_update, 0);
            }
        }
        self.may_fail(&["23502", "23503", "23505", "23514"]);
    }

    pub(super) fn delete(&mut self, d: &Delete) {
        self.reads_beside(&d.mentions, &d.table);
        self.write(&d.table);
        self.known(&d.table);
        self.deleted(&d.table, 0);
        self.may_fail(&["23503"]);
    }

    fn deleted(&mut self, table: &Name, depth: usize) {
        for (child, key) in self.schema.referencing(table) {
            self.referencing_rows(child, key, key.on_delete, depth);
        }
    }

    /// What a foreign key does to the rows that point to a row that goes or changes.
    fn referencing_rows(
        &mut self,
        child: &Name,
        key: &ForeignKey,
        action: ForeignKeyAction,
        depth: usize,
    ) {
        match action {
            ForeignKeyAction::NoAction | ForeignKeyAction::Restrict => {
                self.lock_partitions(child, LockMode::RowShare);
                // Without an index each row is looked for in the whole table.
                if !self.relation(child).is_some_and(|r| r.has_index_on(&key.columns)) {
                    self.work(child, Work::Scan);
                }
            }
            _ => {
                self.lock_partitions(child, LockMode::RowExclusive);
                self.work(child, Work::Rows);
                if action == ForeignKeyAction::Cascade && depth < CASCADES_MAX {
                    self.deleted(child, depth + 1);
                }
            }
        }
    }

    pub(super) fn merge(&mut self, table: &Name, mentions: &Mentions) {
        self.reads_beside(mentions, table);
        self.write(table);
        self.known(table);
        self.may_fail(&["23502", "23503", "23505", "23514"]);
    }

    /// A view that can be written to is a view of one table (manual, CREATE VIEW).
    fn write(&mut self, table: &Name) {
        self.lock_family(table, LockMode::RowExclusive);
        self.work_family(table);
        match self.relation(table).and_then(|r| r.view.as_ref()).map(|v| v.relations.as_slice()) {
            Some([base]) if base != table => self.write(&base.clone()),
            Some(_) => self.gap(Gap::Relation(self.schema.key(table))),
            None => {}
        }
    }

    fn work_family(&mut self, table: &Name) {
        for member in self.family(table) {
            self.work(&member, Work::Rows);
        }
    }

    /// What is read besides the table itself.
    fn reads_beside(&mut self, mentions: &Mentions, table: &Name) {
        let key = self.schema.key(table);
        let mut others = mentions.clone();
        others.relations.retain(|r| self.schema.key(r) != key);
        self.reads(&others, true);
    }
}
