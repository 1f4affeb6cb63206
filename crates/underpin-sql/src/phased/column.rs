//! Columns that are there: dropped, renamed, changed, required.

use super::{Phase, Stage, Steps, WITHOUT_EQUALITY, When, batch, beside, made, quoted};
use crate::context::At;
use crate::context::record::{Column, full};
use crate::model::{ConstraintKind, Expression, Name, TypeName};

/// `DROP COLUMN`: first nobody has to write it, then nobody reads it.
pub(crate) fn drop_column(at: &At<'_>, table: &Name, column: &str, cascade: bool) -> Vec<Phase> {
    let known = at.record.column(table, column);
    let demanded = known.is_some_and(|c| {
        c.not_null == Some(true) && c.default.is_none() && c.generated_from.is_none()
    });
    let (c, cascade) = (quoted(column), if cascade { " CASCADE" } else { "" });
    let mut steps = Steps::default();
    if demanded && !is_in_key(at, table, column) {
        let sql = format!("ALTER TABLE {table} ALTER COLUMN {c} DROP NOT NULL;");
        steps = steps.then(Stage::Expand, When::ThisMigration, sql);
    }
    let sql = format!("ALTER TABLE {table} DROP COLUMN {c}{cascade};");
    steps.then(Stage::Contract, When::OldAppGone, sql).0
}

/// `RENAME COLUMN`: a mirror under the new name, kept in step both ways until the old application
/// is gone; then the mirror goes and the column itself is renamed, so that its indexes and
/// constraints stay what they are.
pub(crate) fn rename_column(at: &At<'_>, table: &Name, from: &str, to: &str) -> Vec<Phase> {
    let Some(old) = at.record.column(table, from) else { return Vec::new() };
    let Some(of) =
        old.type_name.as_ref().filter(|t| old.generated_from.is_none() && !t.is_serial())
    else {
        return Vec::new();
    };
    let (a, b) = (quoted(from), quoted(to));
    let changed = differ(of, &format!("NEW.{b}"), &format!("OLD.{b}"));
    let body = format!(
        "  IF TG_OP = 'INSERT' AND NEW.{b} IS NOT NULL OR TG_OP = 'UPDATE' AND {changed} THEN\n    NEW.{a} := NEW.{b};\n  ELSE\n    NEW.{b} := NEW.{a};\n  END IF;"
    );
    let sync = Trigger::of(table, from, &body);
    let add = format!("ALTER TABLE {table} ADD COLUMN {b} {};", of.standard());
    let missing = format!("{a} IS NOT NULL AND {b} IS NULL");
    let swap = format!(
        "{}\nALTER TABLE {table} DROP COLUMN {b};\nALTER TABLE {table} RENAME COLUMN {a} TO {b};",
        sync.drop
    );
    Steps::default()
        .then(Stage::Expand, When::ThisMigration, format!("{add}\n{}", sync.create))
        .then(Stage::Migrate, When::Repeated, batch(table, to, &a, &missing))
        .then(Stage::Contract, When::OldAppGone, swap)
        .0
}

/// A change of type: a column of the new type that a trigger fills, and a swap. Not where anything
/// hangs on the column that the swap would lose.
pub(crate) fn change_type(
    at: &At<'_>,
    table: &Name,
    column: &str,
    to: &TypeName,
    using: Option<&Expression>,
) -> Vec<Phase> {
    let Some(old) = at.record.column(table, column).filter(|c| stands_alone(at, table, c)) else {
        return Vec::new();
    };
    // A type that the file makes is not there yet; that is the swap of an enum.
    let made_here = at.record.born(&to.name).is_some() && !at.existed(&to.name);
    if made_here || using.is_some_and(|u| u.text.is_empty() || u.mentions.incomplete) {
        return Vec::new();
    }
    let (c, new) = (quoted(column), made(&[column], "new"));
    let (n, to_text) = (quoted(&new), to.standard());
    let value = using.map_or(format!("{c}::{to_text}"), |u| format!("({})", u.text));
    // In the sub-query the expression's names mean the row's columns.
    let of_row =
        format!("  NEW.{n} := (SELECT {value} FROM (SELECT NEW.*) AS {});", quoted(&table.name));
    let sync = Trigger::of(table, column, &of_row);
    let differs = format!("{c} IS NOT NULL AND {}", differ(to, &n, &value));
    let mut steps = Steps::default()
        .then(
            Stage::Expand,
            When::ThisMigration,
            format!("ALTER TABLE {table} ADD COLUMN {n} {to_text};\n{}", sync.create),
        )
        .then(Stage::Migrate, When::Repeated, batch(table, &new, &value, &differs));
    let mut swap = sync.drop;
    if old.not_null == Some(true) {
        let mut proof = set_not_null(at, table, &new, When::OwnMigration);
        if let Some(last) = proof.pop() {
            swap = format!("{}\n{swap}", last.sql);
        }
        steps = steps.and(proof);
    }
    let sql = format!(
        "{swap}\nALTER TABLE {table} DROP COLUMN {c};\nALTER TABLE {table} RENAME COLUMN {n} TO {c};"
    );
    steps.then(Stage::Contract, When::OldAppGone, sql).0
}

/// `SET NOT NULL`: a `CHECK` that is validated while the application goes on spares the scan from
/// PostgreSQL 12 on (manual, `ALTER TABLE`, `SET NOT NULL`).
pub(crate) fn set_not_null(at: &At<'_>, table: &Name, column: &str, first: When) -> Vec<Phase> {
    let (c, check) = (quoted(column), quoted(&made(&[&table.name, column], "given")));
    let mut steps = Steps::default().then(
        Stage::Expand,
        first,
        format!("ALTER TABLE {table} ADD CONSTRAINT {check} CHECK ({c} IS NOT NULL) NOT VALID;"),
    );
    if at.record.column(table, column).is_some_and(|c| c.default.is_some()) {
        let sql = batch(table, column, "DEFAULT", &format!("{c} IS NULL"));
        steps = steps.then(Stage::Migrate, When::Repeated, sql);
    }
    steps
        .validate(table, &check)
        .then(
            Stage::Contract,
            When::OwnMigration,
            format!(
                "ALTER TABLE {table} ALTER COLUMN {c} SET NOT NULL;\nALTER TABLE {table} DROP CONSTRAINT {check};"
            ),
        )
        .0
}

/// What keeps two columns in step.
struct Trigger {
    create: String,
    drop: String,
}

impl Trigger {
    fn of(table: &Name, column: &str, body: &str) -> Self {
        let name = made(&[&table.name, column], "in_step");
        let (function, trigger) = (beside(table, name.clone()), quoted(&name));
        // Nothing in the body can end it.
        let mut tag = "step".to_owned();
        while body.contains(&format!("${tag}$")) {
            tag.push('_');
        }
        Self {
            create: format!(
                "CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS ${tag}$\nBEGIN\n{body}\n  RETURN NEW;\nEND ${tag}$;\nCREATE TRIGGER {trigger} BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {function}();"
            ),
            drop: format!("DROP TRIGGER {trigger} ON {table};\nDROP FUNCTION {function}();"),
        }
    }
}

fn differ(of: &TypeName, x: &str, y: &str) -> String {
    let bare = of.name.schema.is_none() && WITHOUT_EQUALITY.contains(&of.name.name.as_str());
    let text = if bare { "::text" } else { "" };
    format!("{x}{text} IS DISTINCT FROM {y}{text}")
}

fn is_in_key(at: &At<'_>, table: &Name, column: &str) -> bool {
    at.record.table(table).is_none_or(|t| {
        t.constraints.iter().any(|c| match &c.kind {
            ConstraintKind::PrimaryKey { columns, .. } => columns.iter().any(|c| c == column),
            _ => false,
        })
    })
}

/// Whether all is known that hangs on a column, and nothing does but `NOT NULL`.
fn stands_alone(at: &At<'_>, table: &Name, column: &Column) -> bool {
    let Some(known) =
        at.record.table(table).filter(|t| t.complete && !t.partitioned && t.parent.is_none())
    else {
        return false;
    };
    let name = &column.name;
    let in_constraint = known.constraints.iter().any(|c| match &c.kind {
        ConstraintKind::NotNull { .. } => false,
        ConstraintKind::Check { expression, .. } => expression.mentions.columns.contains(name),
        ConstraintKind::PrimaryKey { columns, .. } | ConstraintKind::Unique { columns, .. } => {
            columns.is_empty() || columns.contains(name)
        }
        ConstraintKind::ForeignKey(key) => key.columns.contains(name),
        ConstraintKind::Exclude => true,
    });
    let in_index = at.record.indexes_of(table).iter().any(|(_, i)| {
        i.columns.iter().any(|c| c.as_deref().is_none_or(|c| c == name))
            || i.mentioned.contains(name)
    });
    let read = at
        .record
        .views_of(&full(table))
        .iter()
        .any(|(_, v)| v.columns.iter().any(|c| c == name || c == "*"));
    let feeds = known
        .columns
        .iter()
        .any(|c| c.generated_from.as_ref().is_some_and(|from| from.contains(name)));
    !in_constraint
        && !in_index
        && !read
        && !feeds
        && column.generated_from.is_none()
        && column.default.is_none()
}
