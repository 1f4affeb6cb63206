//! A breaking or blocking change spelt out in phases: expand, migrate, contract.
//!
//! Purpose: for one statement, the SQL of the steps that reach the same catalog without losing a
//! row, without a long `ACCESS EXCLUSIVE` and with both versions of the application running.
//! Invariants: every step is SQL that runs as it stands, made from the statement's own names; where
//! a step would need what is not known (a type, a value, what hangs on a column) there are no
//! phases at all. `tests/phased` runs every one on real servers and compares the catalogs.
//! Non-goals: which finding deserves them (the rules), how they look (the program's `output`).

mod added;
mod column;
mod key;
mod table;

pub(crate) use added::{computed, required, serial};
pub(crate) use column::{change_type, drop_column, rename_column, set_not_null};
pub(crate) use key::{checked_later, create_index, drop_index, unique};
pub(crate) use table::{drop_partition, drop_table, rename_table, swap_enum};

use crate::model::Name;

/// Rows that one statement of a backfill changes.
const BATCH: u32 = 1000;

/// One step of a change in phases.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Phase {
    /// Which of the three it belongs to.
    pub stage: Stage,
    /// When it is to be run.
    pub when: When,
    /// Statements, one or more a line, each with its semicolon. They are one transaction, unless
    /// one has `CONCURRENTLY`: that one is alone.
    pub sql: String,
}

/// The three phases of a breaking change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// What the new application needs is added; the old one goes on.
    Expand,
    /// Rows are moved or checked.
    Migrate,
    /// What only the old application needed goes.
    Contract,
}

/// When a step is to be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// Instead of the statement.
    ThisMigration,
    /// Once the step before has been committed.
    OwnMigration,
    /// Outside of migrations, until it changes no row.
    Repeated,
    /// When no process of the old version runs any more.
    OldAppGone,
    /// When it is certain that nobody misses it.
    Later,
}

impl Stage {
    /// The word for people.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Expand => "expand",
            Self::Migrate => "migrate",
            Self::Contract => "contract",
        }
    }
}

impl When {
    /// The words for people.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::ThisMigration => "in this migration",
            Self::OwnMigration => "in a migration of its own, after that",
            Self::Repeated => "after that, again and again until it changes no row",
            Self::OldAppGone => "after the old application is gone",
            Self::Later => "a release later, after a backup",
        }
    }
}

/// A list of steps in the making.
#[derive(Debug, Default)]
struct Steps(Vec<Phase>);

impl Steps {
    fn then(mut self, stage: Stage, when: When, sql: impl Into<String>) -> Self {
        self.0.push(Phase { stage, when, sql: sql.into() });
        self
    }

    /// Old rows are checked against a constraint under a lock that nobody waits for.
    fn validate(self, table: &Name, constraint: &str) -> Self {
        let sql = format!("ALTER TABLE {table} VALIDATE CONSTRAINT {constraint};");
        self.then(Stage::Migrate, When::OwnMigration, sql)
    }

    fn and(mut self, more: Vec<Phase>) -> Self {
        self.0.extend(more);
        self
    }
}

/// A name as SQL writes it.
fn quoted(name: &str) -> String {
    Name::bare(name).to_string()
}

/// A string literal.
fn literal(text: &str) -> String {
    let escaped = text.replace('\'', "''");
    if text.contains('\\') {
        format!("E'{}'", escaped.replace('\\', "\\\\"))
    } else {
        format!("'{escaped}'")
    }
}

/// A name made of others, cut to the 63 bytes that PostgreSQL keeps (manual §4.1.1) so that its end
/// stays.
fn made(parts: &[&str], end: &str) -> String {
    let start = parts.join("_");
    let room = 62usize.saturating_sub(end.len());
    format!("{}_{end}", &start[..start.floor_char_boundary(room)])
}

/// An object next to `table`, in its schema.
fn beside(table: &Name, name: String) -> Name {
    Name { schema: table.schema.clone(), name }
}

/// Sets `column` in the rows of `table` that `condition` picks, some at a time. The condition stands
/// twice, because a `ctid` says nothing about which partition it is of.
fn batch(table: &Name, column: &str, value: &str, condition: &str) -> String {
    format!(
        "UPDATE {table} SET {} = {value} WHERE ctid = ANY (ARRAY(SELECT ctid FROM {table} WHERE {condition} LIMIT {BATCH})) AND {condition};",
        quoted(column)
    )
}

/// Types without an equality operator of their own (`pg_operator`); their texts are compared.
const WITHOUT_EQUALITY: &[&str] = &["json", "xml", "point", "polygon", "line", "path", "jsonpath"];
