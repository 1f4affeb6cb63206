//! Following statements: what is known after one of them.

use super::{
    Check, Column, ForeignKey, Index, NotNull, Relation, RelationKind, Schema, Trigger, UserType,
    View,
};
use crate::model::{
    AlterTable, ColumnDefinition, Constraint, ConstraintKind, CreateIndex, CreateTable,
    DomainChange, Drop, EnumChange, Mentions, Name, ObjectKind, Parsed, Persistence, Rename,
    Statement, TableAction, TypeName, Volatility,
};

impl Schema {
    /// What is known after `parsed` has run. A `DO` runs what is inside it; a routine does not.
    pub fn apply(&mut self, parsed: &Parsed) {
        match &parsed.statement {
            Statement::CreateTable(table) => self.create_table(table),
            Statement::CreateTableAs(t) => {
                let kind = match t.kind {
                    ObjectKind::MaterializedView => RelationKind::MaterializedView,
                    _ => RelationKind::Table,
                };
                let reads =
                    (kind == RelationKind::MaterializedView).then(|| self.view(&t.mentions));
                if self.relation(&t.name).is_none() {
                    // Its columns are those of the query, which is not looked into.
                    let relation =
                        Relation { kind, fresh: true, view: reads, ..Relation::default() };
                    self.insert(&t.name, relation);
                }
            }
            Statement::AlterTable(alter) => self.alter(alter),
            Statement::CreateIndex(index) => self.create_index(index),
            Statement::Drop(drop) => self.drop_objects(drop),
            Statement::Rename(rename) => self.rename(rename),
            Statement::SetSchema(s) => {
                let key = self.key(&s.name);
                if let Some(relation) = self.relations.remove(&key) {
                    let name = self.key(&Name::qualified(s.to.clone(), key.name.clone()));
                    self.repoint(&key, &name);
                    self.relations.insert(name, relation);
                }
            }
            Statement::CreateView(v) => {
                let relation = Relation {
                    kind: RelationKind::View,
                    complete: true,
                    fresh: self.relation(&v.name).is_none_or(|r| r.fresh),
                    view: Some(self.view(&v.mentions)),
                    ..Relation::default()
                };
                self.insert(&v.name, relation);
            }
            Statement::CreateSequence(s) | Statement::AlterSequence(s) => {
                let owner = s.owned_by.as_ref().map(|t| self.key(t));
                let fresh = matches!(parsed.statement, Statement::CreateSequence(_));
                let relation = self.edit(&s.name);
                relation.kind = RelationKind::Sequence;
                relation.fresh |= fresh;
                relation.owner = owner.or(relation.owner.take());
            }
            Statement::CreateType(t) => {
                let user_type = match &t.labels {
                    Some(labels) => UserType::Enum { labels: labels.clone(), fresh: true },
                    None => UserType::Other,
                };
                if t.labels.is_none() {
                    let kind = RelationKind::Composite;
                    self.insert(&t.name, Relation { kind, fresh: true, ..Relation::default() });
                }
                self.insert_type(&t.name, user_type);
            }
            Statement::AlterEnum(e) => {
                let key = self.key(&e.name);
                if let Some(UserType::Enum { labels, .. }) = self.types.get_mut(&key) {
                    match &e.change {
                        EnumChange::Add { label, .. } => labels.push(label.clone()),
                        EnumChange::Rename { from, to } => {
                            labels.iter_mut().filter(|l| *l == from).for_each(|l| l.clone_from(to));
                        }
                    }
                }
            }
            Statement::CreateDomain(d) => {
                let constrained = d.not_null || !d.constraints.is_empty();
                self.insert_type(&d.name, UserType::Domain { base: d.base.clone(), constrained });
            }
            Statement::AlterDomain(d) => {
                let key = self.key(&d.name);
                if let Some(UserType::Domain { constrained, .. }) = self.types.get_mut(&key) {
                    *constrained |= matches!(
                        d.change,
                        DomainChange::SetNotNull | DomainChange::AddConstraint(_)
                    );
                }
            }
            Statement::CreateStatistics { name: Some(name), table: Some(table) } => {
                let (name, table) = (self.key(name), self.key(table));
                self.statistics.insert(name, table);
            }
            Statement::CreateTrigger(t) => {
                let trigger = Trigger { name: t.name.clone(), function: self.key(&t.function) };
                let relation = self.edit(&t.table);
                relation.triggers.retain(|old| old.name != trigger.name);
                relation.triggers.push(trigger);
            }
            Statement::CreateRoutine(r) => {
                let volatility = match r.volatility.as_deref() {
                    Some("immutable") => Volatility::Immutable,
                    Some("stable") => Volatility::Stable,
                    // A function in SQL is put in the place of its call if it is simple enough.
                    _ if r.language == "sql" => Volatility::Unknown,
                    _ => Volatility::Volatile,
                };
                self.insert_function(&r.name, volatility);
            }
            Statement::Set(s) if s.name.as_deref() == Some("timezone") => {
                self.time_zone_is_utc =
                    s.value.as_ref().map(|v| v.eq_ignore_ascii_case("utc") && !s.reset);
            }
            Statement::Do { .. } | Statement::CreateSchema { .. } => {
                parsed.inside.iter().for_each(|inner| self.apply(inner));
            }
            _ => {}
        }
    }

    /// The relation, made as one of which nothing is known where it is not there.
    fn edit(&mut self, name: &Name) -> &mut Relation {
        let key = self.key(name);
        self.relations.entry(key).or_default()
    }

    /// Sequences in `nextval('…')`.
    fn sequences(&self, mentions: &Mentions) -> Vec<Name> {
        let calls = mentions.functions.iter().any(|f| f.name == "nextval");
        let named = mentions.literals.iter().filter(|_| calls).map(|l| l.replace('"', ""));
        let names = named.map(|text| match text.split_once('.') {
            Some((schema, name)) => Name::qualified(schema, name),
            None => Name::bare(text),
        });
        names.map(|name| self.key(&name)).collect()
    }

    fn view(&self, mentions: &Mentions) -> View {
        View {
            relations: mentions.relations.iter().map(|r| self.key(r)).collect(),
            columns: mentions.columns.clone(),
        }
    }

    fn create_table(&mut self, t: &CreateTable) {
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
    fn inherit_from_parent(&mut self, partition: &Name) {
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

    fn add_column(&mut self, table: &Name, c: &ColumnDefinition) {
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

    fn push_index(&mut self, table: &Name, name: Option<&str>, label: &str, index: Index) {
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

    fn family(&self, name: &Name) -> Vec<Name> {
        std::iter::once(self.key(name)).chain(self.descendants(name)).collect()
    }

    fn key_constraint(
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

    /// Descendants of a partitioned table; of a table that is inherited from none, because those
    /// do not get its indexes.
    pub(crate) fn partitions(&self, name: &Name) -> Vec<Name> {
        match self.relation(name).map(|r| r.kind) {
            Some(RelationKind::Partitioned) => self.descendants(name),
            _ => Vec::new(),
        }
    }

    fn create_index(&mut self, i: &CreateIndex) {
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

    fn alter(&mut self, alter: &AlterTable) {
        if self.complete && self.relation(&alter.relation).is_none() {
            // An index is altered so too; nothing that is kept of it changes.
            return;
        }
        for action in &alter.actions {
            let family = match alter.only {
                true => vec![self.key(&alter.relation)],
                false => self.family(&alter.relation),
            };
            self.alter_one(&alter.relation, &family, &action.action);
        }
    }

    fn alter_one(&mut self, table: &Name, family: &[Name], action: &TableAction) {
        let mut columns = |wanted: &str, change: &dyn Fn(&mut Column)| {
            for name in family {
                self.edit(name).columns.iter_mut().filter(|c| c.name == wanted).for_each(change);
            }
        };
        match action {
            TableAction::AddColumn { column, .. } => {
                for (index, name) in family.iter().enumerate() {
                    let bare = ColumnDefinition { constraints: Vec::new(), ..column.clone() };
                    self.add_column(name, if index == 0 { column } else { &bare });
                }
            }
            TableAction::DropColumn { column, .. } => {
                for name in family {
                    let relation = self.edit(name);
                    relation.columns.retain(|c| c.name != *column);
                    relation.indexes.retain(|i| !i.mentions.contains(column));
                    relation.checks.retain(|c| !c.columns.contains(column));
                    relation.foreign_keys.retain(|f| !f.columns.contains(column));
                    relation.not_nulls.retain(|n| n.column != *column);
                }
            }
            TableAction::AlterType { column, to, .. } => {
                let to = real_type(to);
                columns(column, &|c| c.type_name = Some(to.clone()));
            }
            TableAction::SetNotNull { column } => columns(column, &|c| c.not_null = true),
            TableAction::DropNotNull { column } => columns(column, &|c| c.not_null = false),
            TableAction::SetDefault { column, .. } => columns(column, &|c| c.has_default = true),
            TableAction::DropDefault { column } => columns(column, &|c| c.has_default = false),
            TableAction::DropExpression { column } => columns(column, &|c| c.generated_from = None),
            TableAction::AddIdentity { column } => columns(column, &|c| c.identity = true),
            TableAction::DropIdentity { column } => columns(column, &|c| c.identity = false),
            TableAction::AddConstraint(constraint) => self.add_constraint(table, constraint),
            TableAction::DropConstraint { name, .. } => {
                for target in family {
                    let relation = self.edit(target);
                    relation.checks.retain(|c| c.name != *name);
                    relation.foreign_keys.retain(|c| c.name != *name);
                    relation.indexes.retain(|i| !(i.constraint && i.name == *name));
                    relation.not_nulls.retain(|n| n.name != *name);
                }
            }
            TableAction::ValidateConstraint { name } => {
                for target in family {
                    let relation = self.edit(target);
                    relation
                        .checks
                        .iter_mut()
                        .filter(|c| c.name == *name)
                        .for_each(|c| c.valid = true);
                    relation
                        .foreign_keys
                        .iter_mut()
                        .filter(|c| c.name == *name)
                        .for_each(|c| c.valid = true);
                    let nulls = relation.not_nulls.iter_mut().filter(|n| n.name == *name);
                    let valid: Vec<String> = nulls
                        .map(|n| {
                            n.valid = true;
                            n.column.clone()
                        })
                        .collect();
                    relation
                        .columns
                        .iter_mut()
                        .filter(|c| valid.contains(&c.name))
                        .for_each(|c| c.not_null = true);
                }
            }
            TableAction::SetTablespace { tablespace } => {
                self.edit(table).tablespace = Some(tablespace.clone());
            }
            TableAction::SetLogged => self.edit(table).unlogged = false,
            TableAction::SetUnlogged => self.edit(table).unlogged = true,
            TableAction::Inherit { parent } => {
                let parent = self.key(parent);
                self.edit(table).parents.push(parent);
            }
            TableAction::NoInherit { parent } => {
                let parent = self.key(parent);
                self.edit(table).parents.retain(|p| *p != parent);
            }
            TableAction::AttachPartition { partition, is_default, .. } => {
                let parent = self.key(table);
                let relation = self.edit(partition);
                relation.parents = vec![parent];
                relation.is_default_partition = *is_default;
                self.inherit_from_parent(&partition.clone());
            }
            TableAction::DetachPartition { partition, .. }
            | TableAction::DetachFinalize { partition } => {
                let relation = self.edit(partition);
                relation.parents.clear();
                relation.is_default_partition = false;
            }
            _ => {}
        }
    }

    fn drop_objects(&mut self, drop: &Drop) {
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

    fn forget(&mut self, key: &Name, cascade: bool) {
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

    fn rename(&mut self, r: &Rename) {
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
    fn repoint(&mut self, from: &Name, to: &Name) {
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

/// `serial` is `int4`, and so on.
fn real_type(t: &TypeName) -> TypeName {
    if !t.is_serial() {
        return t.clone();
    }
    TypeName::builtin(match t.name.name.as_str() {
        "smallserial" | "serial2" => "int2",
        "bigserial" | "serial8" => "int8",
        _ => "int4",
    })
}
