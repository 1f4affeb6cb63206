//! Columns that are added and would fail, or write every row anew.

use super::{Phase, Stage, Steps, When, batch, beside, literal, made, quoted, set_not_null};
use crate::context::At;
use crate::model::{ColumnDefinition, ConstraintKind, Name, TypeName};

/// `ADD COLUMN … NOT NULL` without a default: optional until every application writes it. What the
/// rows that are there should have only their owner knows.
pub(crate) fn required(at: &At<'_>, table: &Name, column: &ColumnDefinition) -> Vec<Phase> {
    let Some(bare) = bare(table, column, None) else { return Vec::new() };
    let add = Steps::default().then(Stage::Expand, When::ThisMigration, bare);
    add.and(set_not_null(at, table, &column.name, When::OldAppGone)).0
}

/// `ADD COLUMN … DEFAULT` with a volatile expression: the default for new rows at once, the old rows
/// in batches.
pub(crate) fn computed(at: &At<'_>, table: &Name, column: &ColumnDefinition) -> Vec<Phase> {
    let default = column.default.as_ref().filter(|d| !d.text.is_empty());
    let (Some(bare), Some(default)) = (bare(table, column, None), default) else {
        return Vec::new();
    };
    let set = format!(
        "{bare}\nALTER TABLE {table} ALTER COLUMN {} SET DEFAULT {};",
        quoted(&column.name),
        default.text
    );
    filled(at, table, column, set, column.not_null)
}

/// `ADD COLUMN … serial`: what it stands for (manual §8.1.4), without the rewrite.
pub(crate) fn serial(at: &At<'_>, table: &Name, column: &ColumnDefinition) -> Vec<Phase> {
    let of = match column.type_name.as_ref().map(|t| t.name.name.as_str()) {
        Some("serial" | "serial4") => "integer",
        Some("bigserial" | "serial8") => "bigint",
        Some("smallserial" | "serial2") => "smallint",
        _ => return Vec::new(),
    };
    let Some(bare) = bare(table, column, Some(of)) else { return Vec::new() };
    let (c, sequence) =
        (quoted(&column.name), beside(table, made(&[&table.name, &column.name], "seq")));
    let set = format!(
        "CREATE SEQUENCE {sequence} AS {of};\n{bare}\nALTER TABLE {table} ALTER COLUMN {c} SET DEFAULT nextval({});\nALTER SEQUENCE {sequence} OWNED BY {table}.{c};",
        literal(&sequence.to_string())
    );
    filled(at, table, column, set, true)
}

fn filled(
    at: &At<'_>,
    table: &Name,
    column: &ColumnDefinition,
    add: String,
    not_null: bool,
) -> Vec<Phase> {
    let missing = format!("{} IS NULL", quoted(&column.name));
    let steps = Steps::default().then(Stage::Expand, When::ThisMigration, add).then(
        Stage::Migrate,
        When::Repeated,
        batch(table, &column.name, "DEFAULT", &missing),
    );
    match not_null {
        true => steps.and(set_not_null(at, table, &column.name, When::OwnMigration)).0,
        false => steps.0,
    }
}

/// The column alone; `None` where the definition holds more than a type, `NOT NULL` and a default.
fn bare(table: &Name, column: &ColumnDefinition, of: Option<&str>) -> Option<String> {
    let plain = column
        .constraints
        .iter()
        .all(|c| matches!(c.kind, ConstraintKind::NotNull { .. }) && c.name.is_none());
    if !plain || column.identity || column.generated.is_some() {
        return None;
    }
    let of = of.map_or_else(
        || column.type_name.as_ref().map(TypeName::standard),
        |of| Some(of.to_owned()),
    )?;
    let collation = column.collation.as_ref().map(|c| format!(" COLLATE {c}")).unwrap_or_default();
    Some(format!("ALTER TABLE {table} ADD COLUMN {} {of}{collation};", quoted(&column.name)))
}
