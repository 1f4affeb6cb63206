//! What a new table, column, constraint or index adds to what is known.

use super::{Check, Column, ForeignKey, Index, NotNull, Relation, RelationKind, Schema};
use crate::model::{
    ColumnDefinition, Constraint, ConstraintKind, CreateIndex, CreateTable, Name, Persistence,
    TypeName,
};

impl Schema {
    pub(super) fn create_table(&mut self, t: &CreateTable) {
        if self.relation(&t.name).is_some_and(|r| !r.columns.is_empty()) && t.if_not_exists {
            return;
        }
        let kind = match () {
            () if t.foreign => RelationKind::Foreign,
            () if t.partitioned => RelationKind::Partitioned,
            () => RelationKind::Table,
        };
        let mut relation = Relation {
            kind,
            complete: t.of_type.is_none(),
            fresh: true,
            unlogged: t.persistence == Persistence::Unlogged,
            partition_key: t.partition_key.clone(),
            parents: t.inherits.iter().map(|p| self.key(p)).collect(),
            ..Relation::default()
        };
        if let Some(of) = &t.partition_of {
            relation.parents.push(self.key(&of.parent));
            relation.is_default_partition = of.is_default;
        }
        for source in relation.parents.clone().iter().chain(&t.like) {
            match self.relation(source) {
                Some(known) => {
                    relation.complete &= known.complete;
                    relation.columns.extend(known.columns.clone());
                    let inherits = relation.parents.contains(&self.key(source));
                    if inherits {
                        relation.checks.extend(known.checks.clone());
                    }
                }
                None => relation.complete = false,
            }
        }
        self.insert(&t.name, relation);
        for column in &t.columns {
            self.add_column(&t.name, column);
        }
        for constraint in &t.constraints {
            self.add_constraint(&t.name, constraint);
        }
        if t.partition_of.is_some() {
            self.inherit_from_parent(&t.name);
        }
    }

    /// A partition has its parent's indexes and foreign keys.
    pub(super) fn inherit_from_parent(&mut self, partition: &Name) {
        let key = self.key(partition);
        let Some(parent) = self.relation(&key).and_then(|r| r.parents.first()).cloned() else {
            return;
        };
        let Some(known) = self.relation(&parent).cloned() else { return };
        for index in &known.indexes {
            let label = match (index.primary, index.constraint) {
                (true, _) => "pkey",
                (_, true) => "key",
                _ => "idx",
            };
            self.push_index(
                &key,
                None,
                label,
                Index {
                    parent: Some(Name { schema: parent.schema.clone(), name: index.name.clone() }),
                    ..index.clone()
                },
            );
        }
        let keys = known.foreign_keys.iter().map(|f| ForeignKey { inherited: true, ..f.clone() });
        self.edit(&key).foreign_keys.extend(keys);
    }

    pub(super) fn add_column(&mut self, table: &Name, c: &ColumnDefinition) {
        if self.relation(table).is_some_and(|r| r.column(&c.name).is_some()) {
            // A partition's or an inherited column gets more constraints.
            for constraint in &c.constraints {
                self.add_constraint(table, constraint);
            }
            return;
        }
        let serial = c.type_name.as_ref().is_some_and(TypeName::is_serial);
        if serial || c.identity {
            let key = self.key(table);
            let name = self.choose_name(&key, &c.name, "seq");
            let sequence = Relation {
                kind: RelationKind::Sequence,
                complete: true,
                fresh: true,
                owner: Some(key.clone()),
                ..Relation::default()
            };
            self.insert(&Name { schema: key.schema, name }, sequence);
        }
        let column = Column {
            name: c.name.clone(),
            type_name: c.type_name.as_ref().map(real_type),
            not_null: c.not_null,
            has_default: serial || c.default.is_some(),
            sequences: c.default.iter().flat_map(|d| self.sequences(&d.mentions)).collect(),
            identity: c.identity,
            generated_from: c.generated.as_ref().map(|g| g.expression.mentions.columns.clone()),
            stored: c.generated.as_ref().is_some_and(|g| g.stored),
        };
        self.edit(table).columns.push(column);
        for constraint in &c.constraints {
            self.add_constraint(table, constraint);
        }
    }

    pub(super) fn push_index(
        &mut self,
        table: &Name,
        name: Option<&str>,
        label: &str,
        index: Index,
    ) {
        let key = self.key(table);
        let columns: Vec<String> = match index.labels.is_empty() {
            true => index.columns.iter().flatten().cloned().collect(),
            false => index.labels.clone(),
        };
        let name = match name {
            Some(name) => name.to_owned(),
            None if label == "pkey" => self.choose_name(&key, "", label),
            None => self.choose_name(&key, &columns.join("_"), label),
        };
        self.edit(&key).indexes.push(Index { name, ..index });
    }

    pub(super) fn add_constraint(&mut self, table: &Name, c: &Constraint) {
        let key = self.key(table);
        let name = |label: &str, columns: &[String]| match &c.name {
            Some(name) => name.clone(),
            None => super::object_name(&key.name, &columns.join("_"), label),
        };
        match &c.kind {
            ConstraintKind::NotNull { column } => {
                let fact = NotNull {
                    name: name("not_null", std::slice::from_ref(column)),
                    column: column.clone(),
                    valid: !c.not_valid,
                };
                let relation = self.edit(&key);
                relation.columns.iter_mut().filter(|x| x.name == *column).for_each(|x| {
                    x.not_null |= fact.valid;
                });
                relation.not_nulls.push(fact);
            }
            ConstraintKind::Check { expression, .. } => {
                let columns = &expression.mentions.columns;
                let one = if columns.len() == 1 { columns.as_slice() } else { &[] };
                let fact = Check {
                    name: name("check", one),
                    columns: columns.clone(),
                    not_null_of: expression.implies_not_null.clone(),
                    valid: !c.not_valid && !c.not_enforced,
                    text: expression.text.clone(),
                };
                for target in self.family(&key) {
                    self.edit(&target).checks.push(fact.clone());
                }
            }
            ConstraintKind::PrimaryKey { columns, using_index } => {
                self.key_constraint(&key, c, columns, using_index.as_deref(), true);
            }
            ConstraintKind::Unique { columns, using_index, .. } => {
                self.key_constraint(&key, c, columns, using_index.as_deref(), false);
            }
            ConstraintKind::Exclude => {
                let index = Index { constraint: true, computed: true, ..Index::default() };
                self.push_index(&key, c.name.as_deref(), "excl", index);
            }
            ConstraintKind::ForeignKey(f) => {
                let fact = ForeignKey {
                    name: name("fkey", &f.columns),
                    columns: f.columns.clone(),
                    references: self.key(&f.references),
                    referenced_columns: f.referenced_columns.clone(),
                    on_delete: f.on_delete,
                    on_update: f.on_update,
                    valid: !c.not_valid && !c.not_enforced,
                    inherited: false,
                };
                for child in self.partitions(&key) {
                    let inherited = ForeignKey { inherited: true, ..fact.clone() };
                    self.edit(&child).foreign_keys.push(inherited);
                }
                self.edit(&key).foreign_keys.push(fact);
            }
        }
    }

    pub(super) fn key_constraint(
        &mut self,
        table: &Name,
        c: &Constraint,
        columns: &[String],
        using: Option<&str>,
        primary: bool,
    ) {
        let mut columns = columns.to_vec();
        if let Some(using) = using {
            let relation = self.edit(table);
            for index in relation.indexes.iter_mut().filter(|i| i.name == using) {
                columns = index.columns.iter().flatten().cloned().collect();
                (index.constraint, index.primary) = (true, primary);
                index.name = c.name.clone().unwrap_or_else(|| index.name.clone());
            }
        } else {
            let index = Index {
                columns: columns.iter().cloned().map(Some).collect(),
                mentions: columns.clone(),
                unique: true,
                constraint: true,
                primary,
                ..Index::default()
            };
            let label = if primary { "pkey" } else { "key" };
            self.push_index(table, c.name.as_deref(), label, index.clone());
            let parent =
                self.relation(table).and_then(|r| r.indexes.last()).map(|i| i.name.clone());
            let parent = parent.map(|name| Name { schema: table.schema.clone(), name });
            for child in self.partitions(table) {
                self.push_index(
                    &child,
                    None,
                    label,
                    Index { parent: parent.clone(), ..index.clone() },
                );
            }
        }
        if primary {
            for target in self.family(table) {
                let relation = self.edit(&target);
                relation.columns.iter_mut().filter(|x| columns.contains(&x.name)).for_each(|x| {
                    x.not_null = true;
                });
            }
        }
    }

    pub(super) fn create_index(&mut self, i: &CreateIndex) {
        let exists = i.name.as_ref().is_some_and(|name| {
            self.index(&Name { schema: i.table.schema.clone(), name: name.clone() }).is_some()
        });
        if exists {
            return;
        }
        let mut mentions: Vec<String> = i.columns.iter().flatten().cloned().collect();
        mentions.extend(i.including.iter().cloned());
        mentions.extend(i.expressions.columns.iter().cloned());
        mentions.extend(i.predicate.iter().flat_map(|p| p.mentions.columns.clone()));
        let index = Index {
            columns: i.columns.clone(),
            labels: i.labels.clone(),
            mentions,
            computed: i.predicate.is_some() || i.columns.iter().any(Option::is_none),
            unique: i.unique,
            ..Index::default()
        };
        self.push_index(&i.table, i.name.as_deref(), "idx", index.clone());
        if i.only {
            return;
        }
        let parent = self.relation(&i.table).and_then(|r| r.indexes.last()).map(|x| x.name.clone());
        let parent = parent.map(|name| Name { schema: self.key(&i.table).schema, name });
        for child in self.partitions(&i.table) {
            self.push_index(&child, None, "idx", Index { parent: parent.clone(), ..index.clone() });
        }
    }
}

/// `serial` is `int4`, and so on.
pub(super) fn real_type(t: &TypeName) -> TypeName {
    if !t.is_serial() {
        return t.clone();
    }
    TypeName::builtin(match t.name.name.as_str() {
        "smallserial" | "serial2" => "int2",
        "bigserial" | "serial8" => "int8",
        _ => "int4",
    })
}
