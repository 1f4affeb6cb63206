//! What a drop or a rename takes from what is known.

use super::{Relation, Schema};
use crate::model::{Drop, Name, ObjectKind, Rename};

impl Schema {
    pub(super) fn drop_objects(&mut self, drop: &Drop) {
        for name in &drop.names {
            let key = self.key(name);
            match drop.kind {
                ObjectKind::Table
                | ObjectKind::ForeignTable
                | ObjectKind::View
                | ObjectKind::MaterializedView
                | ObjectKind::Sequence => self.forget(&key, drop.cascade),
                ObjectKind::Schema => {
                    let inside: Vec<Name> = self
                        .relations
                        .keys()
                        .filter(|n| {
                            n.schema.as_deref().unwrap_or(&self.default_schema) == name.name
                        })
                        .cloned()
                        .collect();
                    inside.iter().for_each(|n| self.forget(n, drop.cascade));
                }
                ObjectKind::Index => {
                    if let Some(table) = self.index(&key).map(|(table, _)| table.clone()) {
                        for target in self.family(&table) {
                            self.edit(&target)
                                .indexes
                                .retain(|i| i.name != key.name && i.parent.as_ref() != Some(&key));
                        }
                    }
                }
                ObjectKind::Type | ObjectKind::Domain => {
                    self.types.remove(&key);
                    self.relations.remove(&key);
                    if drop.cascade {
                        for relation in self.relations.values_mut() {
                            relation.columns.retain(|c| {
                                c.type_name
                                    .as_ref()
                                    .is_none_or(|t| t.name != *name && t.name != key)
                            });
                        }
                    }
                }
                ObjectKind::Trigger => {
                    if let Some(table) = &drop.on {
                        self.edit(table).triggers.retain(|t| t.name != name.name);
                    }
                }
                ObjectKind::Function | ObjectKind::Procedure | ObjectKind::Routine => {
                    self.functions.remove(&key);
                    for relation in self.relations.values_mut().filter(|_| drop.cascade) {
                        relation.triggers.retain(|t| t.function != key);
                    }
                }
                _ => {}
            }
        }
    }

    pub(super) fn forget(&mut self, key: &Name, cascade: bool) {
        let mut gone = self.descendants(key);
        gone.push(key.clone());
        if cascade {
            gone.extend(self.views_of(key, None));
        }
        let owned = self
            .relations
            .iter()
            .filter(|(_, r)| r.owner.as_ref().is_some_and(|o| gone.contains(o)));
        let owned: Vec<Name> = owned.map(|(name, _)| name.clone()).collect();
        for name in gone.iter().chain(&owned) {
            self.relations.remove(name);
        }
        for relation in self.relations.values_mut() {
            relation.foreign_keys.retain(|f| !gone.contains(&f.references));
        }
    }

    pub(super) fn rename(&mut self, r: &Rename) {
        let key = self.key(&r.object);
        match r.kind {
            ObjectKind::Table
            | ObjectKind::View
            | ObjectKind::MaterializedView
            | ObjectKind::Sequence
            | ObjectKind::ForeignTable
            | ObjectKind::Index => {
                if let Some(table) = self.index(&key).map(|(table, _)| table.clone()) {
                    let indexes = self.edit(&table).indexes.iter_mut();
                    indexes.filter(|i| i.name == r.from).for_each(|i| i.name.clone_from(&r.to));
                } else if let Some(relation) = self.relations.remove(&key) {
                    let name = Name { schema: key.schema.clone(), name: r.to.clone() };
                    self.repoint(&key, &name);
                    self.relations.insert(name, relation);
                }
            }
            ObjectKind::Column | ObjectKind::Attribute => {
                for target in self.family(&key) {
                    rename_column(self.edit(&target), &r.from, &r.to);
                }
                for relation in self.relations.values_mut() {
                    let keys = relation.foreign_keys.iter_mut().filter(|f| f.references == key);
                    keys.flat_map(|f| &mut f.referenced_columns)
                        .filter(|c| **c == r.from)
                        .for_each(|c| c.clone_from(&r.to));
                    // A view that reads it may now say either name.
                    if let Some(view) =
                        relation.view.as_mut().filter(|v| v.relations.contains(&key))
                    {
                        view.columns.push(r.to.clone());
                    }
                }
            }
            ObjectKind::TableConstraint => {
                let relation = self.edit(&key);
                relation
                    .checks
                    .iter_mut()
                    .filter(|c| c.name == r.from)
                    .for_each(|c| c.name.clone_from(&r.to));
                relation
                    .foreign_keys
                    .iter_mut()
                    .filter(|c| c.name == r.from)
                    .for_each(|c| c.name.clone_from(&r.to));
                relation
                    .indexes
                    .iter_mut()
                    .filter(|i| i.constraint && i.name == r.from)
                    .for_each(|i| i.name.clone_from(&r.to));
            }
            ObjectKind::Type | ObjectKind::Domain => {
                let name = Name { schema: key.schema.clone(), name: r.to.clone() };
                if let Some(user_type) = self.types.remove(&key) {
                    self.types.insert(name.clone(), user_type);
                }
                for column in self.relations.values_mut().flat_map(|x| &mut x.columns) {
                    if let Some(t) =
                        column.type_name.as_mut().filter(|t| t.name == key || t.name == r.object)
                    {
                        t.name = name.clone();
                    }
                }
            }
            _ => {}
        }
    }

    /// Everything that points to a relation follows its new name.
    pub(super) fn repoint(&mut self, from: &Name, to: &Name) {
        let follow = |name: &mut Name| {
            if name == from {
                name.clone_from(to);
            }
        };
        for relation in self.relations.values_mut() {
            relation.parents.iter_mut().for_each(follow);
            relation.owner.iter_mut().for_each(follow);
            relation.foreign_keys.iter_mut().for_each(|f| follow(&mut f.references));
            relation.view.iter_mut().flat_map(|v| &mut v.relations).for_each(follow);
        }
    }
}

fn rename_column(relation: &mut Relation, from: &str, to: &str) {
    let follow = |name: &mut String| {
        if name == from {
            to.clone_into(name);
        }
    };
    relation.columns.iter_mut().for_each(|c| follow(&mut c.name));
    relation
        .columns
        .iter_mut()
        .filter_map(|c| c.generated_from.as_mut())
        .flatten()
        .for_each(follow);
    for index in &mut relation.indexes {
        index.columns.iter_mut().flatten().for_each(follow);
        index.mentions.iter_mut().for_each(follow);
    }
    relation
        .checks
        .iter_mut()
        .flat_map(|c| c.columns.iter_mut().chain(&mut c.not_null_of))
        .for_each(follow);
    relation.foreign_keys.iter_mut().flat_map(|f| &mut f.columns).for_each(follow);
    relation.not_nulls.iter_mut().for_each(|n| follow(&mut n.column));
}
