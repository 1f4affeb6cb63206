//! What a statement does to the known schema.

use super::{
    Birth, Column, Dependant, Domain, EnumType, Index, Name, Record, Table, TableConstraint, View,
    full,
};
use crate::model::{
    AlterTable, ColumnDefinition, Constraint, ConstraintKind, CreateIndex, CreateTable,
    DomainChange, Drop, EnumChange, Expression, ForeignKey, Mentions, ObjectKind, PartitionBound,
    Persistence, Rename, Statement, TableAction,
};

impl Record {
    /// Takes over what `statement` does. What it does to objects that are not known is passed
    /// over, or makes them known in part.
    pub fn apply(&mut self, statement: &Statement, birth: Birth) {
        match statement {
            Statement::CreateTable(s) => self.create_table(s, birth),
            Statement::CreateTableAs(s) if s.kind == ObjectKind::MaterializedView => {
                self.views.insert(full(&s.name), view(&s.mentions, true, birth));
            }
            Statement::CreateTableAs(s) => {
                let table =
                    Table { persistence: s.persistence, ..Table::unknown(&s.name, Some(birth)) };
                self.tables.entry(full(&s.name)).or_insert(table);
            }
            Statement::CreateView(s) => {
                let born = self.views.get(&full(&s.name)).map_or(birth, |v| v.born);
                self.views.insert(full(&s.name), view(&s.mentions, false, born));
            }
            Statement::AlterTable(s) => self.alter_table(s, birth),
            Statement::CreateIndex(s) => self.create_index(s, birth),
            Statement::Drop(s) => self.drop_objects(s),
            Statement::Rename(s) => self.rename(s),
            Statement::SetSchema(s) => {
                let (from, to) =
                    (full(&s.name), Name::qualified(s.to.clone(), s.name.name.clone()));
                self.move_object(&from, to);
            }
            Statement::CreateType(s) => match &s.labels {
                Some(labels) => {
                    let made = EnumType { labels: labels.clone(), added: Vec::new(), born: birth };
                    self.enums.insert(full(&s.name), made);
                }
                None => drop(self.others.insert(full(&s.name), birth)),
            },
            Statement::AlterEnum(s) => {
                let known = self.enums.get_mut(&full(&s.name));
                match (&s.change, known) {
                    (EnumChange::Add { label, .. }, Some(known)) => {
                        if !known.labels.contains(label) {
                            known.labels.push(label.clone());
                            known.added.push((label.clone(), birth));
                        }
                    }
                    (EnumChange::Rename { from, to }, Some(known)) => {
                        for label in known.labels.iter_mut().filter(|l| *l == from) {
                            label.clone_from(to);
                        }
                    }
                    (_, None) => {}
                }
            }
            Statement::CreateDomain(s) => {
                let constrained = s.not_null || !s.constraints.is_empty();
                let made = Domain { base: s.base.clone(), constrained, born: birth };
                self.domains.insert(full(&s.name), made);
            }
            Statement::AlterDomain(s) => {
                if let Some(known) = self.domains.get_mut(&full(&s.name)) {
                    known.constrained |= matches!(
                        s.change,
                        DomainChange::SetNotNull | DomainChange::AddConstraint(_)
                    );
                }
            }
            Statement::CreateSequence(s) => drop(self.others.insert(full(&s.name), birth)),
            Statement::CreateRoutine(s) => {
                self.others.entry(full(&s.name)).or_insert(birth);
            }
            Statement::CreateTrigger(s) => {
                self.others.insert(member(&s.table, &s.name), birth);
                let words = format!("trigger {}", s.name);
                self.depends(&s.table, &s.name, words, s.columns.clone());
            }
            Statement::Policy(s) if s.create => {
                self.others.insert(member(&s.table, &s.name), birth);
                let words = format!("policy {}", s.name);
                self.depends(&s.table, &s.name, words, s.mentions.columns.clone());
            }
            Statement::CreateSchema { name, .. } => {
                self.others.insert(Name::qualified(name.clone(), ""), birth);
            }
            _ => {}
        }
    }

    fn create_table(&mut self, s: &CreateTable, birth: Birth) {
        let name = full(&s.name);
        if s.if_not_exists && self.tables.contains_key(&name) {
            return;
        }
        let mut table = Table {
            complete: s.inherits.is_empty() && s.of_type.is_none(),
            partitioned: s.partitioned,
            partition_key: s.partition_key.clone(),
            persistence: s.persistence,
            ..Table::unknown(&s.name, Some(birth))
        };
        let parent = s.partition_of.as_ref().map(|p| {
            table.is_default = p.bound == PartitionBound::Default;
            table.bound = Some(p.bound.clone());
            full(&p.parent)
        });
        for model in parent.iter().cloned().chain(s.like.iter().map(full)) {
            match self.tables.get(&model) {
                Some(known) => {
                    table.complete &= known.complete;
                    table.columns.extend(
                        known.columns.iter().map(|c| Column { born: Some(birth), ..c.clone() }),
                    );
                }
                None => table.complete = false,
            }
        }
        table.parent = parent;
        self.tables.insert(name.clone(), table);
        for column in &s.columns {
            self.add_column(&name, column, birth);
        }
        for constraint in &s.constraints {
            self.add_constraint(&name, constraint, true, birth);
        }
    }

    fn known(&mut self, name: &Name) -> &mut Table {
        let name = full(name);
        self.tables.entry(name.clone()).or_insert_with(|| Table::unknown(&name, None))
    }

    fn add_column(&mut self, table: &Name, column: &ColumnDefinition, birth: Birth) {
        let known = self.known(table);
        if known.column(&column.name).is_none() {
            known.columns.push(Column {
                name: column.name.clone(),
                type_name: column.type_name.clone(),
                not_null: Some(column.not_null),
                default: column.default.as_ref().map(|d| d.text.clone()),
                generated_from: column
                    .generated
                    .as_ref()
                    .map(|g| g.expression.mentions.columns.clone()),
                born: Some(birth),
            });
        }
        for constraint in &column.constraints {
            self.add_constraint(table, constraint, true, birth);
        }
    }

    fn add_constraint(&mut self, table: &Name, constraint: &Constraint, new: bool, birth: Birth) {
        let table = full(table);
        if let ConstraintKind::NotNull { column } = &constraint.kind
            && constraint.name.is_none()
            && let Some(column) = self.known(&table).columns.iter_mut().find(|c| c.name == *column)
        {
            column.not_null = Some(true);
            return;
        }
        let name = constraint.name.clone().unwrap_or_else(|| chosen_name(&table, &constraint.kind));
        let mut kind = constraint.kind.clone();
        match &mut kind {
            ConstraintKind::PrimaryKey { columns, using_index }
            | ConstraintKind::Unique { columns, using_index, .. } => {
                let index = Name { schema: table.schema.clone(), name: name.clone() };
                if let Some(old) = using_index
                    && let Some(mut known) = self
                        .indexes
                        .remove(&Name { schema: table.schema.clone(), name: old.clone() })
                {
                    columns.extend(known.columns.iter().flatten().cloned());
                    known.constraint = Some(name.clone());
                    self.indexes.insert(index, known);
                } else {
                    let made = Index {
                        table: table.clone(),
                        unique: true,
                        columns: columns.iter().cloned().map(Some).collect(),
                        mentioned: Vec::new(),
                        constraint: Some(name.clone()),
                        concurrently: false,
                        born: birth,
                    };
                    self.indexes.insert(index, made);
                }
            }
            ConstraintKind::ForeignKey(key) => key.references = full(&key.references),
            _ => {}
        }
        let known = self.known(&table);
        if let ConstraintKind::PrimaryKey { columns, .. } = &kind {
            for column in known.columns.iter_mut().filter(|c| columns.contains(&c.name)) {
                column.not_null = Some(true);
            }
        }
        let valid = !constraint.not_enforced && (new || !constraint.not_valid);
        known.constraints.push(TableConstraint { name, kind, valid, born: Some(birth) });
    }

    fn create_index(&mut self, s: &CreateIndex, birth: Birth) {
        let table = full(&s.table);
        let name = s.name.clone().unwrap_or_else(|| {
            let columns: Vec<&str> =
                s.columns.iter().map(|c| c.as_deref().unwrap_or("expr")).collect();
            format!("{}_{}_idx", table.name, columns.join("_"))
        });
        let mut mentioned: Vec<String> =
            s.predicate.iter().flat_map(|p| p.mentions.columns.clone()).collect();
        if s.columns.iter().any(Option::is_none) {
            mentioned.push("*".to_owned());
        }
        let made = Index {
            unique: s.unique,
            columns: s.columns.clone(),
            mentioned,
            constraint: None,
            concurrently: s.concurrently,
            born: birth,
            table: table.clone(),
        };
        self.indexes.entry(Name { schema: table.schema, name }).or_insert(made);
    }

    fn alter_table(&mut self, s: &AlterTable, birth: Birth) {
        let table = full(&s.relation);
        if !matches!(s.kind, ObjectKind::Table | ObjectKind::ForeignTable) {
            return;
        }
        for action in &s.actions {
            self.alter(&table, &action.action, birth);
        }
    }

    fn alter(&mut self, table: &Name, action: &TableAction, birth: Birth) {
        use TableAction as A;
        let set = |record: &mut Self, column: &str, change: &dyn Fn(&mut Column)| {
            record.known(table).columns.iter_mut().filter(|c| c.name == column).for_each(change);
        };
        match action {
            A::AddColumn { column, .. } => self.add_column(table, column, birth),
            A::DropColumn { column, .. } => self.drop_column(table, column),
            A::SetDefault { column, default } => {
                set(self, column, &|c| c.default = Some(default.text.clone()));
            }
            A::DropDefault { column } => set(self, column, &|c| c.default = None),
            A::SetNotNull { column } => set(self, column, &|c| c.not_null = Some(true)),
            A::DropNotNull { column } => set(self, column, &|c| c.not_null = Some(false)),
            A::AlterType { column, to, .. } => {
                set(self, column, &|c| c.type_name = Some(to.clone()));
            }
            A::AddConstraint(constraint) => self.add_constraint(table, constraint, false, birth),
            A::ValidateConstraint { name } => {
                let known = self.known(table);
                known
                    .constraints
                    .iter_mut()
                    .filter(|c| c.name == *name)
                    .for_each(|c| c.valid = true);
            }
            A::DropConstraint { name, .. } => {
                self.known(table).constraints.retain(|c| c.name != *name);
                self.indexes
                    .retain(|_, i| i.table != *table || i.constraint.as_ref() != Some(name));
            }
            A::AttachPartition { partition, is_default, bound } => {
                let (is_default, parent) = (*is_default, table.clone());
                let known = self.known(partition);
                (known.parent, known.is_default) = (Some(parent), is_default);
                known.bound = Some(bound.clone());
                self.known(table).partitioned = true;
            }
            A::DetachPartition { partition, .. } => self.known(partition).parent = None,
            A::SetUnlogged => self.known(table).persistence = Persistence::Unlogged,
            A::SetLogged => self.known(table).persistence = Persistence::Permanent,
            _ => {}
        }
    }

    fn drop_column(&mut self, table: &Name, column: &str) {
        let names = |kind: &ConstraintKind| match kind {
            ConstraintKind::PrimaryKey { columns, .. }
            | ConstraintKind::Unique { columns, .. }
            | ConstraintKind::ForeignKey(ForeignKey { columns, .. }) => {
                columns.iter().any(|c| c == column)
            }
            ConstraintKind::Check { expression, .. } => {
                expression.mentions.columns.iter().any(|c| c == column)
            }
            ConstraintKind::NotNull { column: of } => of == column,
            ConstraintKind::Exclude => false,
        };
        let known = self.known(table);
        known.columns.retain(|c| c.name != column);
        known.constraints.retain(|c| !names(&c.kind));
        self.indexes.retain(|_, i| {
            i.table != *table || !i.columns.iter().any(|c| c.as_deref() == Some(column))
        });
    }

    fn drop_objects(&mut self, s: &Drop) {
        for name in &s.names {
            let name = match &s.on {
                Some(table) => member(table, &name.name),
                None => full(name),
            };
            self.dependants.remove(&name);
            match s.kind {
                ObjectKind::Table | ObjectKind::ForeignTable => self.drop_table(&name, s.cascade),
                ObjectKind::View | ObjectKind::MaterializedView => drop(self.views.remove(&name)),
                ObjectKind::Index => drop(self.indexes.remove(&name)),
                ObjectKind::Type | ObjectKind::Domain => {
                    self.enums.remove(&name);
                    self.domains.remove(&name);
                    self.others.remove(&name);
                }
                ObjectKind::Schema => self.drop_schema(&name.name),
                _ => drop(self.others.remove(&name)),
            }
        }
    }

    fn depends(&mut self, table: &Name, name: &str, words: String, columns: Vec<String>) {
        let dependant = Dependant { words, table: full(table), columns };
        self.dependants.insert(member(table, name), dependant);
    }

    fn drop_table(&mut self, name: &Name, cascade: bool) {
        self.tables.remove(name);
        self.dependants.retain(|_, d| d.table != *name);
        self.indexes.retain(|_, i| i.table != *name);
        self.tables.retain(|_, t| t.parent.as_ref() != Some(name));
        if cascade {
            for table in self.tables.values_mut() {
                table.constraints.retain(|c| {
                    !matches!(&c.kind, ConstraintKind::ForeignKey(key) if key.references == *name)
                });
            }
            self.views.retain(|_, v| !v.reads.contains(name));
        }
    }

    fn drop_schema(&mut self, schema: &str) {
        let stays = |name: &Name| name.schema.as_deref() != Some(schema);
        self.tables.retain(|n, _| stays(n));
        self.enums.retain(|n, _| stays(n));
        self.domains.retain(|n, _| stays(n));
        self.indexes.retain(|n, _| stays(n));
        self.views.retain(|n, _| stays(n));
        self.others.retain(|n, _| stays(n));
        self.dependants.retain(|_, d| stays(&d.table));
    }

    fn rename(&mut self, s: &Rename) {
        let object = full(&s.object);
        match s.kind {
            ObjectKind::Column => self.rename_column(&object, &s.from, &s.to),
            ObjectKind::TableConstraint => {
                let known = self.known(&object);
                known
                    .constraints
                    .iter_mut()
                    .filter(|c| c.name == s.from)
                    .for_each(|c| c.name.clone_from(&s.to));
                let behind = Name { schema: object.schema.clone(), name: s.from.clone() };
                self.move_object(&behind, Name { schema: object.schema, name: s.to.clone() });
            }
            ObjectKind::Trigger | ObjectKind::Policy | ObjectKind::Rule => {
                if let Some(birth) = self.others.remove(&member(&object, &s.from)) {
                    self.others.insert(member(&object, &s.to), birth);
                }
            }
            _ => {
                let to = Name { schema: object.schema.clone(), name: s.to.clone() };
                self.move_object(&object, to);
            }
        }
    }

    fn rename_column(&mut self, table: &Name, from: &str, to: &str) {
        let put = |name: &mut String| {
            if name == from {
                to.clone_into(name);
            }
        };
        let known = self.known(table);
        known.columns.iter_mut().for_each(|c| put(&mut c.name));
        for constraint in &mut known.constraints {
            match &mut constraint.kind {
                ConstraintKind::PrimaryKey { columns, .. }
                | ConstraintKind::Unique { columns, .. }
                | ConstraintKind::ForeignKey(ForeignKey { columns, .. }) => {
                    columns.iter_mut().for_each(put)
                }
                ConstraintKind::Check { expression, .. } => rename_in(expression, &put),
                ConstraintKind::NotNull { column } => put(column),
                ConstraintKind::Exclude => {}
            }
        }
        for index in self.indexes.values_mut().filter(|i| i.table == *table) {
            index.columns.iter_mut().flatten().for_each(put);
            index.mentioned.iter_mut().for_each(put);
        }
    }

    /// Gives a relation or type another name, in every place that speaks of it.
    fn move_object(&mut self, from: &Name, to: Name) {
        if let Some(mut table) = self.tables.remove(from) {
            table.name = to.clone();
            self.tables.insert(to.clone(), table);
            for table in self.tables.values_mut() {
                if table.parent.as_ref() == Some(from) {
                    table.parent = Some(to.clone());
                }
                for constraint in &mut table.constraints {
                    if let ConstraintKind::ForeignKey(key) = &mut constraint.kind
                        && key.references == *from
                    {
                        key.references = to.clone();
                    }
                }
            }
            for index in self.indexes.values_mut().filter(|i| i.table == *from) {
                index.table = to.clone();
            }
            for reads in self.views.values_mut().map(|v| &mut v.reads) {
                reads.iter_mut().filter(|r| *r == from).for_each(|r| *r = to.clone());
            }
        }
        if let Some(view) = self.views.remove(from) {
            self.views.insert(to.clone(), view);
        }
        if let Some(index) = self.indexes.remove(from) {
            self.indexes.insert(to.clone(), index);
        }
        for dependant in self.dependants.values_mut().filter(|d| d.table == *from) {
            dependant.table = to.clone();
        }
        if let Some(other) = self.others.remove(from) {
            self.others.insert(to.clone(), other);
        }
        let (moved, domain) = (self.enums.remove(from), self.domains.remove(from));
        if moved.is_some() || domain.is_some() {
            for column in self.tables.values_mut().flat_map(|t| &mut t.columns) {
                if let Some(of) = column.type_name.as_mut().filter(|t| full(&t.name) == *from) {
                    of.name = to.clone();
                }
            }
        }
        if let Some(known) = moved {
            self.enums.insert(to.clone(), known);
        }
        if let Some(known) = domain {
            self.domains.insert(to, known);
        }
    }
}

impl Table {
    fn unknown(name: &Name, born: Option<Birth>) -> Self {
        Self {
            name: full(name),
            born,
            complete: false,
            columns: Vec::new(),
            constraints: Vec::new(),
            parent: None,
            partitioned: false,
            partition_key: Vec::new(),
            bound: None,
            is_default: false,
            persistence: Persistence::Permanent,
        }
    }
}

/// The key of a trigger, policy or rule: unique on its table only.
fn member(table: &Name, name: &str) -> Name {
    let table = full(table);
    Name { schema: table.schema, name: format!("{}\u{0}{name}", table.name) }
}

fn view(mentions: &Mentions, materialized: bool, born: Birth) -> View {
    View {
        reads: mentions.relations.iter().map(full).collect(),
        columns: mentions.columns.clone(),
        materialized,
        born,
    }
}

fn rename_in(expression: &mut Expression, put: &dyn Fn(&mut String)) {
    expression.mentions.columns.iter_mut().for_each(put);
    expression.not_null_of.iter_mut().for_each(put);
}

/// The name that PostgreSQL chooses (`ChooseConstraintName`): table, columns, kind. Names are not
/// cut to 63 bytes here.
fn chosen_name(table: &Name, kind: &ConstraintKind) -> String {
    let (columns, ending) = match kind {
        ConstraintKind::PrimaryKey { .. } => return format!("{}_pkey", table.name),
        ConstraintKind::Unique { columns, .. } => (columns.join("_"), "key"),
        ConstraintKind::ForeignKey(key) => (key.columns.join("_"), "fkey"),
        ConstraintKind::Check { expression, .. } => match expression.mentions.columns.as_slice() {
            [one] => (one.clone(), "check"),
            _ => return format!("{}_check", table.name),
        },
        ConstraintKind::NotNull { column } => (column.clone(), "not_null"),
        ConstraintKind::Exclude => (String::new(), "excl"),
    };
    format!("{}_{columns}_{ending}", table.name)
}
