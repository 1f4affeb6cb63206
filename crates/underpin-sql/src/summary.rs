//! What a script changes, in words for people who do not read SQL: release notes.
//!
//! Invariants: every statement gives a line, or belongs to a kind that changes nothing (queries,
//! settings, transaction control); names stand between backticks; no value of a literal is told.
//! Non-goals: what it costs or breaks (that is `lint`).

use std::collections::BTreeMap;

use crate::model::{
    AlterTable, Constraint, ConstraintKind, EnumChange, Name, ObjectKind, Parsed, Statement,
    TableAction, read,
};

/// What kind of change it is, the one that users feel most first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Something is gone afterwards.
    Removed,
    /// Something has another name.
    Renamed,
    /// Something is otherwise.
    Altered,
    /// Rows are written.
    Rows,
    /// Something is new.
    Added,
}

impl Change {
    /// For a heading.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Removed => "Removed",
            Self::Renamed => "Renamed",
            Self::Altered => "Changed",
            Self::Rows => "Rows",
            Self::Added => "New",
        }
    }
}

/// The changes of a script by kind, in the order of the statements, each line once.
#[must_use]
pub fn summary(script: &str) -> BTreeMap<Change, Vec<String>> {
    let mut lines = BTreeMap::new();
    for parsed in read(script) {
        of_statement(&parsed, &mut |change, line| {
            let known: &mut Vec<String> = lines.entry(change).or_default();
            if !known.contains(&line) {
                known.push(line);
            }
        });
    }
    lines
}

type Tell<'a> = dyn FnMut(Change, String) + 'a;

fn of_statement(parsed: &Parsed, tell: &mut Tell<'_>) {
    match &parsed.statement {
        // Their bodies run when somebody calls them.
        Statement::CreateRoutine(_) => {}
        _ => parsed.inside.iter().for_each(|inside| of_statement(inside, tell)),
    }
    match &parsed.statement {
        Statement::CreateTable(table) => {
            tell(Change::Added, format!("table `{}`", table.name));
        }
        Statement::CreateTableAs(table) => {
            tell(Change::Added, format!("{} `{}`", kind(table.kind), table.name));
        }
        Statement::AlterTable(alter) => of_table(alter, tell),
        Statement::CreateIndex(index) => {
            let unique = if index.unique { "unique index" } else { "index" };
            let columns: Vec<&str> = index.columns.iter().flatten().map(String::as_str).collect();
            let columns = match columns.is_empty() {
                true => String::new(),
                false => format!(" ({})", listed(&columns)),
            };
            tell(Change::Added, format!("{unique} on `{}`{columns}", index.table));
        }
        Statement::Drop(drop) => {
            for name in &drop.names {
                let on = drop.on.as_ref().map(|on| format!(" of `{on}`")).unwrap_or_default();
                tell(Change::Removed, format!("{} `{name}`{on}", kind(drop.kind)));
            }
        }
        Statement::Rename(rename) => {
            let of = match rename.object.name == rename.from {
                true => String::new(),
                false => format!(" of `{}`", rename.object),
            };
            let (from, to) = (Name::bare(&rename.from), Name::bare(&rename.to));
            tell(Change::Renamed, format!("{} `{from}`{of} is now `{to}`", kind(rename.kind)));
        }
        Statement::SetSchema(moved) => {
            let to = Name::bare(&moved.to);
            tell(
                Change::Renamed,
                format!("{} `{}` is now in schema `{to}`", kind(moved.kind), moved.name),
            );
        }
        Statement::CreateType(created) => tell(Change::Added, format!("type `{}`", created.name)),
        Statement::AlterEnum(alter) => match &alter.change {
            EnumChange::Add { label, .. } => {
                tell(Change::Added, format!("value `{label}` of the type `{}`", alter.name));
            }
            EnumChange::Rename { from, to } => {
                tell(
                    Change::Renamed,
                    format!("value `{from}` of the type `{}` is now `{to}`", alter.name),
                );
            }
        },
        Statement::CreateDomain(domain) => tell(Change::Added, format!("type `{}`", domain.name)),
        Statement::AlterDomain(domain) => {
            tell(Change::Altered, format!("type `{}`: what it allows", domain.name));
        }
        Statement::CreateView(view) => {
            let change = if view.replace { Change::Altered } else { Change::Added };
            tell(change, format!("view `{}`", view.name));
        }
        Statement::CreateSequence(sequence) => {
            tell(Change::Added, format!("sequence `{}`", sequence.name));
        }
        Statement::AlterSequence(sequence) => {
            tell(Change::Altered, format!("sequence `{}`", sequence.name));
        }
        Statement::CreateTrigger(trigger) => {
            tell(Change::Added, format!("trigger on `{}`", trigger.table));
        }
        Statement::CreateRule { table, .. } => {
            tell(Change::Added, format!("rewrite rule on `{table}`"));
        }
        Statement::Policy(policy) => {
            tell(Change::Altered, format!("who may see which rows of `{}`", policy.table));
        }
        Statement::CreateRoutine(routine) => {
            let change = if routine.replace { Change::Altered } else { Change::Added };
            tell(change, format!("function `{}`", routine.name));
        }
        Statement::AlterRoutine { name, .. } => {
            tell(Change::Altered, format!("function `{name}`"));
        }
        Statement::CreateSchema { name, .. } => {
            tell(Change::Added, format!("schema `{}`", Name::bare(name)));
        }
        Statement::CreateExtension { name, .. } => {
            tell(Change::Added, format!("extension `{}`", Name::bare(name)));
        }
        Statement::UpdateExtension { name, .. } => {
            tell(Change::Altered, format!("extension `{}`", Name::bare(name)));
        }
        Statement::Grant(_)
        | Statement::GrantRole { .. }
        | Statement::DefaultPrivileges { .. }
        | Statement::Role(_)
        | Statement::SetOwner { .. } => {
            tell(Change::Altered, "who may do what in the database".to_owned());
        }
        Statement::Truncate(truncate) => {
            for table in &truncate.tables {
                tell(Change::Removed, format!("all rows of `{table}`"));
            }
        }
        Statement::Delete(delete) if delete.condition.is_all_rows() => {
            tell(Change::Removed, format!("all rows of `{}`", delete.table));
        }
        Statement::Delete(delete) => tell(Change::Removed, format!("rows of `{}`", delete.table)),
        Statement::Insert(insert) => {
            tell(Change::Rows, format!("rows are added to `{}`", insert.table));
        }
        Statement::Update(update) => {
            let columns: Vec<&str> = update.assigned.iter().map(String::as_str).collect();
            tell(
                Change::Rows,
                format!("{} of rows of `{}` gets new values", listed(&columns), update.table),
            );
        }
        Statement::Merge { table, .. } => tell(Change::Rows, format!("rows of `{table}` change")),
        Statement::Copy(copy) if copy.from => {
            if let Some(table) = &copy.table {
                tell(Change::Rows, format!("rows are added to `{table}`"));
            }
        }
        Statement::Call { .. } | Statement::Dynamic | Statement::Unparsed { .. } => {
            tell(Change::Altered, "something that cannot be told from the script".to_owned());
        }
        Statement::Publication { .. } | Statement::Subscription { .. } => {
            tell(Change::Altered, "what is replicated".to_owned());
        }
        Statement::AlterSystem { .. } | Statement::Database(_) => {
            tell(Change::Altered, "settings of the server or the database".to_owned());
        }
        Statement::Other { tag } => tell(Change::Altered, tag.to_lowercase()),
        // Neither structure nor rows.
        Statement::Reindex(_)
        | Statement::RefreshMaterializedView { .. }
        | Statement::Do { .. }
        | Statement::Select(_)
        | Statement::Copy(_)
        | Statement::Explain { .. }
        | Statement::Set(_)
        | Statement::Transaction(_)
        | Statement::Vacuum { .. }
        | Statement::Analyze { .. }
        | Statement::Cluster { .. }
        | Statement::Lock { .. }
        | Statement::Comment { .. }
        | Statement::CreateStatistics { .. } => {}
    }
}

fn of_table(alter: &AlterTable, tell: &mut Tell<'_>) {
    let table = &alter.relation;
    let column = |column: &str| format!("`{table}.{}`", Name::bare(column));
    for action in &alter.actions {
        use TableAction as A;
        let (change, line) = match &action.action {
            A::AddColumn { column: new, .. } => {
                let required = if new.not_null && new.default.is_none() && !new.identity {
                    ", required"
                } else {
                    ""
                };
                (Change::Added, format!("column {}{required}", column(&new.name)))
            }
            A::DropColumn { column: gone, .. } => {
                (Change::Removed, format!("column {}", column(gone)))
            }
            A::AlterType { column: name, to, .. } => {
                (Change::Altered, format!("column {} is now of type `{to}`", column(name)))
            }
            A::SetNotNull { column: name } => {
                (Change::Altered, format!("column {} is now required", column(name)))
            }
            A::DropNotNull { column: name } => {
                (Change::Altered, format!("column {} may now be empty", column(name)))
            }
            A::SetDefault { column: name, .. } | A::DropDefault { column: name } => {
                (Change::Altered, format!("column {} has another default", column(name)))
            }
            A::SetExpression { column: name, .. } => {
                (Change::Altered, format!("column {} is computed otherwise", column(name)))
            }
            A::AddConstraint(constraint) => (Change::Added, demand(constraint, table)),
            A::DropConstraint { name, .. } => {
                (Change::Removed, format!("constraint `{}` of `{table}`", Name::bare(name)))
            }
            A::RowSecurity { .. } | A::ForceRowSecurity { .. } | A::OwnerTo => {
                (Change::Altered, format!("who may see which rows of `{table}`"))
            }
            A::AttachPartition { partition, .. } => {
                (Change::Added, format!("`{partition}` as a part of `{table}`"))
            }
            A::DetachPartition { partition, .. } => {
                (Change::Removed, format!("`{partition}` is no part of `{table}` any more"))
            }
            A::ValidateConstraint { .. }
            | A::SetStatistics { .. }
            | A::SetStorage { .. }
            | A::SetCompression { .. }
            | A::SetColumnOptions { .. }
            | A::ClusterOn { .. }
            | A::SetWithoutCluster => continue,
            _ => (Change::Altered, format!("how `{table}` is kept")),
        };
        tell(change, line);
    }
}

fn demand(constraint: &Constraint, table: &Name) -> String {
    let list = |columns: &[String]| {
        listed(&columns.iter().map(String::as_str).collect::<Vec<_>>()).to_owned()
    };
    match &constraint.kind {
        ConstraintKind::NotNull { column } => {
            format!("column `{table}.{}` is now required", Name::bare(column))
        }
        ConstraintKind::Check { .. } => format!("a rule for the values of `{table}`"),
        ConstraintKind::PrimaryKey { .. } => format!("primary key of `{table}`"),
        ConstraintKind::Unique { columns, .. } if columns.is_empty() => {
            format!("rows of `{table}` must differ")
        }
        ConstraintKind::Unique { columns, .. } => {
            format!("rows of `{table}` must differ in {}", list(columns))
        }
        ConstraintKind::Exclude => format!("rows of `{table}` must not collide"),
        ConstraintKind::ForeignKey(key) => {
            format!("`{table}` ({}) refers to `{}`", list(&key.columns), key.references)
        }
    }
}

fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{}`", Name::bare(*name))).collect::<Vec<_>>().join(", ")
}

fn kind(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::Table | ObjectKind::ForeignTable => "table",
        ObjectKind::View => "view",
        ObjectKind::MaterializedView => "materialized view",
        ObjectKind::Index => "index",
        ObjectKind::Sequence => "sequence",
        ObjectKind::Column | ObjectKind::Attribute => "column",
        ObjectKind::TableConstraint | ObjectKind::DomainConstraint => "constraint",
        ObjectKind::Type | ObjectKind::Domain => "type",
        ObjectKind::Schema => "schema",
        ObjectKind::Function
        | ObjectKind::Procedure
        | ObjectKind::Routine
        | ObjectKind::Aggregate => "function",
        ObjectKind::Trigger => "trigger",
        ObjectKind::Policy => "policy",
        ObjectKind::Rule => "rewrite rule",
        ObjectKind::Extension => "extension",
        ObjectKind::Database => "database",
        ObjectKind::Role => "role",
        _ => "object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(script: &str) -> Vec<String> {
        let told = summary(script);
        told.into_iter()
            .flat_map(|(change, lines)| lines.into_iter().map(move |l| (change, l)))
            .map(|(change, line)| format!("{}: {line}", change.word()))
            .collect()
    }

    #[test]
    fn what_is_gone_comes_first() {
        let script = "CREATE TABLE \"Order\" (id int);\
            ALTER TABLE person ADD COLUMN mail text NOT NULL, DROP COLUMN name;\
            CREATE UNIQUE INDEX ON person (mail); UPDATE person SET mail = 'secret';";
        assert_eq!(
            lines(script),
            [
                "Removed: column `person.name`",
                "Rows: `mail` of rows of `person` gets new values",
                "New: table `\"Order\"`",
                "New: column `person.mail`, required",
                "New: unique index on `person` (`mail`)",
            ]
        );
    }

    #[test]
    fn blocks_are_read_and_bodies_of_functions_are_not() {
        let script = "DO $$ BEGIN DROP TABLE a; END $$;\
            CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'DROP TABLE b';";
        assert_eq!(lines(script), ["Removed: table `a`", "New: function `f`"]);
    }

    #[test]
    fn what_changes_nothing_gives_no_line() {
        assert!(
            lines("BEGIN; SET lock_timeout = '1s'; SELECT 1; COMMENT ON TABLE a IS 'x'; COMMIT;")
                .is_empty()
        );
    }
}
