//! Every statement but `ALTER TABLE` and those about rows.

use super::build::Builder;
use super::{Gap, LockMode, Work};
use crate::model::{
    AlterDomain, AlterEnum, ConstraintKind, CreateTable, CreateTableAs, DomainChange, EnumChange,
    Mentions, Name, ObjectKind, Rename, Statement, TransactionControl, Truncate, TypeName,
};
use crate::schema::RelationKind;

/// Commands without a variant of their own that touch no table (measured, or evident from the
/// manual: sessions, texts, casts and the like).
const HARMLESS: &[&str] = &[
    "ALTER COLLATION",
    "ALTER DATABASE",
    "ALTER EVENT TRIGGER",
    "ALTER FOREIGN DATA WRAPPER",
    "ALTER OPERATOR",
    "ALTER OPERATOR FAMILY",
    "ALTER SERVER",
    "ALTER STATISTICS",
    "ALTER TABLESPACE",
    "ALTER TEXT SEARCH CONFIGURATION",
    "ALTER TEXT SEARCH DICTIONARY",
    "ALTER USER MAPPING",
    "CHECKPOINT",
    "CLOSE CURSOR",
    "CREATE ACCESS METHOD",
    "CREATE AGGREGATE, OPERATOR, COLLATION or TEXT SEARCH",
    "CREATE CAST",
    "CREATE CONVERSION",
    "CREATE EVENT TRIGGER",
    "CREATE FOREIGN DATA WRAPPER",
    "CREATE LANGUAGE",
    "CREATE OPERATOR CLASS",
    "CREATE OPERATOR FAMILY",
    "CREATE SERVER",
    "CREATE TRANSFORM",
    "CREATE USER MAPPING",
    "DEALLOCATE",
    "DROP USER MAPPING",
    "FETCH",
    "LISTEN",
    "LOAD",
    "NOTIFY",
    "SECURITY LABEL",
    "SET CONSTRAINTS",
    "SHOW",
    "UNLISTEN",
];

/// Commands without a variant that no transaction block takes.
const ALONE: &[&str] = &["CREATE TABLESPACE", "DISCARD"];

impl Builder<'_> {
    #[allow(clippy::too_many_lines)] // one arm per statement
    pub(super) fn statement(&mut self, statement: &Statement) {
        use LockMode::{AccessExclusive, AccessShare, ShareRowExclusive, ShareUpdateExclusive};
        match statement {
            Statement::CreateTable(t) => self.create_table(t),
            Statement::CreateTableAs(t) => self.create_table_as(t),
            Statement::AlterTable(a) => self.alter(a),
            Statement::CreateIndex(i) => self.create_index(i),
            Statement::Reindex(r) => self.reindex(r),
            Statement::Drop(d) => self.drop_objects(d),
            Statement::Rename(r) => self.rename(r),
            Statement::SetSchema(s) => self.set_schema(s.kind, &s.name),
            Statement::AlterEnum(AlterEnum { change: EnumChange::Add { .. }, .. })
                if self.major < 12 =>
            {
                self.alone();
            }
            Statement::AlterDomain(d) => self.alter_domain(d),
            Statement::CreateView(v) => {
                self.reads(&v.mentions, false);
                if v.replace && self.relation(&v.name).is_some() {
                    self.lock(&v.name, AccessExclusive);
                }
            }
            Statement::RefreshMaterializedView { view, concurrently, no_data } => {
                self.refresh(view, *concurrently, *no_data);
            }
            Statement::CreateSequence(s) => {
                s.owned_by.iter().for_each(|t| self.lock(t, AccessShare))
            }
            Statement::AlterSequence(s) => {
                self.lock(&s.name, ShareRowExclusive);
                s.owned_by.iter().for_each(|t| self.lock(t, AccessShare));
            }
            Statement::CreateTrigger(t) => {
                self.known(&t.table);
                self.lock_partitions(&t.table, ShareRowExclusive);
                t.from.iter().for_each(|from| self.lock(from, AccessShare));
            }
            Statement::CreateRule { table, .. } => self.lock(table, AccessExclusive),
            Statement::Policy(p) => {
                self.lock(&p.table, AccessExclusive);
                self.reads(&p.mentions, false);
            }
            Statement::CreateRoutine(r) => {
                if let Some(mentions) = &r.atomic {
                    self.reads(mentions, false);
                }
            }
            Statement::Grant(g) if self.major >= 18 && !g.all_in_schema => {
                if matches!(g.kind, ObjectKind::Table | ObjectKind::Sequence) {
                    g.names.iter().for_each(|name| self.lock(name, AccessShare));
                }
            }
            Statement::Truncate(t) => self.truncate(t),
            Statement::Insert(i) => self.insert(i),
            Statement::Update(u) => self.update(u),
            Statement::Delete(d) => self.delete(d),
            Statement::Merge { table, mentions, .. } => self.merge(table, mentions),
            Statement::Copy(c) => {
                self.reads(&c.mentions, true);
                if let Some(table) = &c.table {
                    let mode = if c.from { LockMode::RowExclusive } else { AccessShare };
                    self.lock_family(table, mode);
                    self.work(table, if c.from { Work::Rows } else { Work::Scan });
                }
            }
            Statement::Select(s) => self.select(&s.mentions),
            Statement::Vacuum { full, tables } => self.vacuum(*full, tables),
            Statement::Analyze { tables } => {
                tables.iter().for_each(|t| self.lock_family(t, ShareUpdateExclusive));
                if tables.is_empty() {
                    self.every_table(ShareUpdateExclusive, None);
                }
            }
            Statement::Cluster { table: Some(table) } => {
                self.lock(table, AccessExclusive);
                self.rewrite(table);
            }
            Statement::Cluster { table: None } => self.alone(),
            Statement::Lock { tables, only, mode } => {
                let mode = LockMode::from_number(*mode).unwrap_or(AccessExclusive);
                for table in tables {
                    match only.contains(table) {
                        true => self.lock(table, mode),
                        false => self.lock_family(table, mode),
                    }
                }
            }
            Statement::Comment { kind, name } => self.comment(*kind, name),
            Statement::CreateStatistics { table: Some(table), .. } => {
                self.lock(table, ShareUpdateExclusive)
            }
            Statement::Publication { tables, .. } => {
                tables.iter().for_each(|t| self.lock(t, ShareUpdateExclusive));
            }
            Statement::AlterSystem { .. } | Statement::Subscription { create: true, .. } => {
                self.alone()
            }
            Statement::Database(d) if d.create || d.options.iter().any(|o| o == "tablespace") => {
                self.alone()
            }
            // COMMIT PREPARED alone is not taken in a block; it is not told apart here.
            Statement::Transaction(TransactionControl::Begin) => {}
            Statement::Call { procedure } => self.gap(Gap::Routine(self.schema.key(procedure))),
            Statement::UpdateExtension { name, .. } => {
                self.gap(Gap::Statement(format!("ALTER EXTENSION {name} UPDATE")))
            }
            Statement::Dynamic => self.gap(Gap::Dynamic),
            Statement::Other { tag } if ALONE.contains(tag) => self.alone(),
            Statement::Other { tag } if HARMLESS.contains(tag) => {}
            Statement::Other { tag } => self.gap(Gap::Statement((*tag).to_owned())),
            Statement::Unparsed { .. } => self.refuse("42601"),
            Statement::Role(r) if r.change == crate::model::RoleChange::DropOwned => {
                self.gap(Gap::Statement("DROP OWNED".to_owned()));
            }
            _ => {}
        }
    }

    fn create_table(&mut self, t: &CreateTable) {
        if t.if_not_exists && self.relation(&t.name).is_some() {
            return;
        }
        if self.relation(&t.name).is_some_and(|r| r.kind != RelationKind::Composite || r.complete) {
            return self.refuse("42P07");
        }
        t.like.iter().for_each(|source| self.lock(source, LockMode::AccessShare));
        t.inherits.iter().for_each(|parent| self.lock(parent, LockMode::ShareUpdateExclusive));
        if let Some(of) = &t.partition_of {
            self.known(&of.parent);
            self.lock(&of.parent, LockMode::AccessExclusive);
            if let Some(default) = self.schema.default_partition(&of.parent).cloned() {
                self.lock(&default, LockMode::AccessExclusive);
                self.work(&default, Work::Scan);
                self.may_fail(&["23514"]);
            }
            let keys =
                self.relation(&of.parent).map(|r| r.foreign_keys.as_slice()).unwrap_or_default();
            for key in keys {
                self.lock_partitions(&key.references, LockMode::ShareRowExclusive);
            }
        }
        for constraint in t.all_constraints() {
            if let ConstraintKind::ForeignKey(key) = &constraint.kind {
                self.foreign_key_lock(&t.name, &key.references);
            }
        }
    }

    fn create_table_as(&mut self, t: &CreateTableAs) {
        if self.relation(&t.name).is_some() {
            if !t.if_not_exists {
                self.refuse("42P07");
            }
            return;
        }
        self.reads(&t.mentions, !t.no_data);
    }

    fn rename(&mut self, r: &Rename) {
        use ObjectKind as K;
        let object = &r.object;
        match r.kind {
            K::Table | K::Index | K::View | K::MaterializedView | K::Sequence | K::ForeignTable => {
                if let Some((table, _)) = self.schema.index(object) {
                    // ALTER TABLE locks before it sees that it is an index.
                    let mode = match r.kind {
                        K::Index => self.rename_index_mode(),
                        _ => LockMode::AccessExclusive,
                    };
                    let table = table.clone();
                    return self.index_lock(&table, &object.name, mode);
                }
                if r.kind == K::Index {
                    self.gap(Gap::Index(self.schema.key(object)));
                    return self.index_lock(object, &object.name, self.rename_index_mode());
                }
                if self.is_missing(object) {
                    if !r.if_exists {
                        self.refuse("42P01");
                    }
                    return;
                }
                self.lock(object, LockMode::AccessExclusive);
            }
            K::Column | K::Attribute if r.only => self.lock(object, LockMode::AccessExclusive),
            K::Column | K::Attribute => self.lock_family(object, LockMode::AccessExclusive),
            K::TableConstraint => {
                self.lock_family(object, LockMode::AccessExclusive);
                let mode = self.rename_index_mode();
                self.index_locks(object, mode, |i| i.constraint && i.name == r.from);
            }
            // Those of partitions are renamed along since PostgreSQL 15.
            K::Trigger if self.major < 15 => self.lock(object, LockMode::AccessExclusive),
            K::Trigger => self.lock_partitions(object, LockMode::AccessExclusive),
            K::Policy | K::Rule => self.lock(object, LockMode::AccessExclusive),
            _ => {}
        }
    }

    fn set_schema(&mut self, kind: ObjectKind, name: &Name) {
        use ObjectKind as K;
        if matches!(kind, K::Table | K::View | K::MaterializedView | K::Sequence | K::ForeignTable)
        {
            self.lock(name, LockMode::AccessExclusive);
            for sequence in self.owned_sequences(name) {
                self.lock(&sequence, LockMode::AccessExclusive);
            }
        }
    }

    fn alter_domain(&mut self, d: &AlterDomain) {
        let checks = match &d.change {
            DomainChange::AddConstraint(c) => !c.not_valid,
            DomainChange::SetNotNull | DomainChange::Validate { .. } => true,
            _ => false,
        };
        if !checks {
            return;
        }
        if !self.schema.complete {
            self.gap(Gap::TypeUsers(self.schema.key(&d.name)));
        }
        let users: Vec<Name> =
            self.schema.users_of_type(&d.name).map(|(table, _)| table.clone()).collect();
        let is_array = |t: &TypeName| t.array;
        if self
            .schema
            .users_of_type(&d.name)
            .any(|(_, c)| c.type_name.as_ref().is_some_and(is_array))
        {
            return self.refuse("0A000");
        }
        for table in users {
            self.lock(&table, LockMode::Share);
            self.work(&table, Work::Scan);
        }
        self.may_fail(&["23502", "23514"]);
    }

    fn refresh(&mut self, view: &Name, concurrently: bool, no_data: bool) {
        let relation = self.known(view);
        let reads = relation.and_then(|r| r.view.clone()).unwrap_or_default();
        match concurrently {
            true => {
                self.lock(view, LockMode::Exclusive);
                self.work(view, Work::Scan);
            }
            false => {
                self.lock(view, LockMode::AccessExclusive);
                self.rewrite(view);
            }
        }
        if no_data {
            return self.work(view, Work::Empty);
        }
        let mentions = Mentions { relations: reads.relations, ..Mentions::default() };
        self.reads(&mentions, true);
    }

    fn truncate(&mut self, t: &Truncate) {
        let members = |name: &Name| match t.only.contains(name) {
            true => vec![self.schema.key(name)],
            false => self.family(name),
        };
        let mut tables: Vec<Name> = t.tables.iter().flat_map(members).collect();
        for name in &tables {
            self.known(name);
        }
        let mut at = 0;
        while at < tables.len() {
            let others: Vec<Name> = self
                .schema
                .referencing(&tables[at])
                .map(|(child, _)| child.clone())
                .filter(|child| !tables.contains(child))
                .collect();
            if !others.is_empty() && !t.cascade {
                return self.refuse("0A000");
            }
            tables.extend(others);
            at += 1;
        }
        for table in &tables {
            self.lock(table, LockMode::AccessExclusive);
            self.index_locks(table, LockMode::AccessExclusive, |_| true);
            self.work(table, Work::Empty);
            if t.restart_identity {
                for sequence in self.owned_sequences(table) {
                    self.lock(&sequence, LockMode::AccessExclusive);
                }
            }
            // The constraint of a partition is looked up in its parent until PostgreSQL 13.
            let parents = self.relation(table).map(|r| r.parents.clone()).unwrap_or_default();
            let looked_up = self.major < 14;
            for parent in parents.iter().filter(|p| looked_up && !tables.contains(p)) {
                self.lock(parent, LockMode::AccessShare);
            }
        }
    }

    fn select(&mut self, mentions: &Mentions) {
        self.reads(mentions, true);
        for function in &mentions.functions {
            if !crate::syntax::is_builtin(function) {
                self.gap(Gap::Routine(self.schema.key(function)));
            }
        }
    }

    fn vacuum(&mut self, full: bool, tables: &[Name]) {
        self.alone();
        let mode = match full {
            true => LockMode::AccessExclusive,
            false => LockMode::ShareUpdateExclusive,
        };
        if tables.is_empty() {
            self.every_table(mode, None);
        }
        for table in tables {
            self.lock_family(table, mode);
            if full {
                self.rewrite(table);
            }
        }
    }

    fn comment(&mut self, kind: ObjectKind, name: &Name) {
        use ObjectKind as K;
        match kind {
            K::Table
            | K::View
            | K::MaterializedView
            | K::Sequence
            | K::ForeignTable
            | K::Column => {
                self.lock(name, LockMode::ShareUpdateExclusive);
            }
            K::Index => {
                let table = self.schema.index(name).map(|(table, _)| table.clone());
                let table = table.unwrap_or_else(|| name.clone());
                self.index_lock(&table, &name.name, LockMode::ShareUpdateExclusive);
            }
            K::TableConstraint | K::Trigger | K::Policy | K::Rule => {
                self.lock(name, LockMode::AccessShare);
            }
            _ => {}
        }
    }
}
