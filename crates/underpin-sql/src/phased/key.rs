//! Constraints and indexes.

use super::{Phase, Stage, Steps, When, quoted, set_not_null};
use crate::context::At;
use crate::model::{Constraint, ConstraintKind, Name, Span};

/// A foreign key or `CHECK`: for new rows at once, for those that are there by a scan that lets
/// reads and writes pass (manual, `ALTER TABLE`, Notes).
pub(crate) fn checked_later(
    at: &At<'_>,
    table: &Name,
    span: &Span,
    constraint: &Constraint,
    first: When,
) -> Vec<Phase> {
    let partitioned = at.record.table(table).is_some_and(|t| t.partitioned);
    let is_key = matches!(constraint.kind, ConstraintKind::ForeignKey(_));
    if constraint.not_valid || constraint.not_enforced || is_key && partitioned && at.before(18) {
        return Vec::new();
    }
    let Some(text) = written(at, span) else { return Vec::new() };
    let (name, added) = match &constraint.name {
        Some(name) => (name.clone(), text.to_owned()),
        None => {
            let Some(name) = chosen(table, constraint) else { return Vec::new() };
            let rest = text.get(3..).unwrap_or_default().trim_start();
            (name.clone(), format!("ADD CONSTRAINT {} {rest}", quoted(&name)))
        }
    };
    // A comment at its end must not swallow what follows.
    Steps::default()
        .then(Stage::Expand, first, format!("ALTER TABLE {table} {added}\n  NOT VALID;"))
        .validate(table, &quoted(&name))
        .0
}

/// `UNIQUE` or `PRIMARY KEY`: the index is built while the application goes on, then taken.
pub(crate) fn unique(
    at: &At<'_>,
    table: &Name,
    span: &Span,
    constraint: &Constraint,
) -> Vec<Phase> {
    let (columns, word, end, distinct) = match &constraint.kind {
        ConstraintKind::Unique { columns, using_index: None, nulls_not_distinct } => {
            (columns, "UNIQUE", "key", if *nulls_not_distinct { " NULLS NOT DISTINCT" } else { "" })
        }
        ConstraintKind::PrimaryKey { columns, using_index: None } => {
            (columns, "PRIMARY KEY", "pkey", "")
        }
        _ => return Vec::new(),
    };
    let partitioned = at.record.table(table).is_some_and(|t| t.partitioned);
    let Some(text) = written(at, span) else { return Vec::new() };
    let upper = text.to_ascii_uppercase();
    let more = ["INCLUDE", "WITH", "TABLESPACE", "DEFERR", "OVERLAPS"];
    if partitioned || more.iter().any(|w| upper.contains(w)) {
        return Vec::new();
    }
    let default = match end {
        "pkey" => format!("{}_pkey", table.name),
        _ => format!("{}_{}_key", table.name, columns.join("_")),
    };
    let Some(name) = constraint.name.clone().or((default.len() < 64).then_some(default)) else {
        return Vec::new();
    };
    let list: Vec<String> = columns.iter().map(|c| quoted(c)).collect();
    let name = quoted(&name);
    let mut steps = Steps::default();
    if end == "pkey" {
        for column in columns {
            let known = at.record.column(table, column).and_then(|c| c.not_null);
            if known != Some(true) {
                steps = steps.and(set_not_null(at, table, column, When::ThisMigration));
            }
        }
    }
    steps
        .then(
            Stage::Migrate,
            When::OwnMigration,
            format!(
                "CREATE UNIQUE INDEX CONCURRENTLY {name} ON {table} ({}){distinct};",
                list.join(", ")
            ),
        )
        .then(
            Stage::Contract,
            When::OwnMigration,
            format!("ALTER TABLE {table} ADD CONSTRAINT {name} {word} USING INDEX {name};"),
        )
        .0
}

/// `CREATE INDEX`: the statement as it stands, `CONCURRENTLY`.
pub(crate) fn create_index(at: &At<'_>) -> Vec<Phase> {
    let span = at.span();
    let Some(text) = written(at, &span) else { return Vec::new() };
    let Some(end) = after_word(text, "index") else { return Vec::new() };
    let sql =
        format!("{} CONCURRENTLY{};", &text[..end], text[end..].trim_end_matches([';', ' ', '\n']));
    Steps::default().then(Stage::Migrate, When::OwnMigration, sql).0
}

/// `DROP INDEX`, one after the other.
pub(crate) fn drop_index(name: &Name) -> Vec<Phase> {
    let sql = format!("DROP INDEX CONCURRENTLY {name};");
    Steps::default().then(Stage::Contract, When::OwnMigration, sql).0
}

/// The text that the author wrote; `None` where it stands in a string.
fn written<'a>(at: &At<'a>, span: &Span) -> Option<&'a str> {
    let text = at.file.text.get(span.clone()).map(str::trim)?;
    (!at.step().inside && !text.is_empty()).then_some(text)
}

/// The end of the first place of `word` outside of comments.
fn after_word(text: &str, word: &str) -> Option<usize> {
    let (bytes, mut at) = (text.as_bytes(), 0);
    while at < bytes.len() {
        if text[at..].starts_with("--") {
            at += text[at..].find('\n')?;
        } else if text[at..].starts_with("/*") {
            at += text[at..].find("*/")? + 2;
        } else if bytes[at].is_ascii_alphabetic() {
            let length = bytes[at..].iter().take_while(|b| b.is_ascii_alphanumeric()).count();
            if text[at..at + length].eq_ignore_ascii_case(word) {
                return Some(at + length);
            }
            at += length;
        } else if bytes[at].is_ascii() {
            at += 1;
        } else {
            return None;
        }
    }
    None
}

/// The name that PostgreSQL chooses, where it can be told (`ChooseConstraintName`): of the table
/// and its columns, unless that is too long.
fn chosen(table: &Name, constraint: &Constraint) -> Option<String> {
    let name = match &constraint.kind {
        ConstraintKind::ForeignKey(key) => format!("{}_{}_fkey", table.name, key.columns.join("_")),
        ConstraintKind::Check { expression, .. } => match expression.mentions.columns.as_slice() {
            [one] => format!("{}_{one}_check", table.name),
            _ => format!("{}_check", table.name),
        },
        _ => return None,
    };
    (name.len() < 64).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::after_word;

    #[test]
    fn a_word_in_a_comment_is_none() {
        let end = |text: &str| after_word(text, "index").map(|end| text[end..].to_owned());
        assert_eq!(end("CREATE INDEX i").as_deref(), Some(" i"));
        assert_eq!(end("create /* index */ unique\nINDEX i").as_deref(), Some(" i"));
        assert_eq!(end("CREATE -- an index\n INDEX i").as_deref(), Some(" i"));
        assert_eq!(end("CREATE indexes"), None);
    }
}
