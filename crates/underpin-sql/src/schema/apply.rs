//! Following statements: what is known after one of them.

use super::table::real_type;
use super::{Column, Relation, RelationKind, Schema, Trigger, UserType, View};
use crate::model::{
    AlterTable, ColumnDefinition, DomainChange, EnumChange, Mentions, Name, ObjectKind, Parsed,
    Statement, TableAction, Volatility,
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
    pub(super) fn edit(&mut self, name: &Name) -> &mut Relation {
        let key = self.key(name);
        self.relations.entry(key).or_default()
    }

    /// Sequences in `nextval('…')`.
    pub(super) fn sequences(&self, mentions: &Mentions) -> Vec<Name> {
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

    pub(super) fn family(&self, name: &Name) -> Vec<Name> {
        std::iter::once(self.key(name)).chain(self.descendants(name)).collect()
    }

    /// Descendants of a partitioned table; of a table that is inherited from none, because those
    /// do not get its indexes.
    pub(crate) fn partitions(&self, name: &Name) -> Vec<Name> {
        match self.relation(name).map(|r| r.kind) {
            Some(RelationKind::Partitioned) => self.descendants(name),
            _ => Vec::new(),
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
}
