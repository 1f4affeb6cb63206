//! Preflights: what a migration will find in the rows, asked before it runs.
//!
//! For every statement that may fail or lose something because of the rows there is one question,
//! answered with a count and one key. Invariants: each runs in a read-only transaction with a limit
//! on time and waiting; rows are counted up to a bound; no value of a row is kept - an example is
//! the key where it is an integer or a UUID, and else the row's place (`ctid`).

use std::collections::BTreeMap;

use underpin_sql::model::{
    AlterTable, Constraint, ConstraintKind, CreateIndex, Name, Parsed, Statement, TableAction,
    TypeName,
};

use crate::catalog::{CatalogSnapshot, ObjectId, ObjectKind};
use crate::error::{Code, Error, Result};
use crate::migrations::{Migration, MigrationName};
use crate::postgres::{BoundedQuery, Session, identifier, literal};

/// Limit on one question.
const STATEMENT_TIMEOUT_MS: u32 = 5000;
/// Limit on waiting for a table lock.
const LOCK_TIMEOUT_MS: u32 = 500;
/// Violations are counted up to here.
const COUNT_MAX: u64 = 10_000;
/// Questions that one plan asks.
const QUESTIONS_MAX: usize = 200;

/// One question.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Preflight {
    /// The migration that it is about.
    pub migration: MigrationName,
    /// Index of the statement in its script.
    pub statement: usize,
    /// 1-based line of the statement.
    pub line: usize,
    /// The rule that it answers.
    pub rule: &'static str,
    /// What is counted, in words.
    pub counted: String,
    /// The answer, once it is there.
    #[serde(flatten)]
    pub answer: Answer,
    #[serde(skip)]
    table: String,
    #[serde(skip)]
    query: Query,
}

/// What the rows say.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Answer {
    /// How many there are; `None` where that could not be found out.
    pub count: Option<u64>,
    /// There are more than were counted.
    pub more: bool,
    /// One of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub example: Option<String>,
    /// Why there is no count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unanswered: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Query {
    /// Rows for which a condition is true.
    Rows { condition: String },
    /// Groups of equal values.
    Groups { columns: Vec<String>, condition: String },
    /// An expression over all rows, which fails or does not.
    Evaluates { expression: String },
}

/// What the questions are made from.
struct Case<'a> {
    live: &'a CatalogSnapshot,
    schema: &'a str,
    major: u32,
    /// Labels of the enums that the pending scripts make.
    labels: BTreeMap<Name, Vec<String>>,
    found: Vec<Preflight>,
    migration: &'a Migration,
    statement: usize,
    line: usize,
}

/// The questions about `pending`, which is in order. Tables and columns that are not live yet have
/// no rows to ask.
#[must_use]
pub fn preflights(
    pending: &[&Migration],
    live: &CatalogSnapshot,
    schema: &str,
    major: u32,
) -> Vec<Preflight> {
    let (mut found, mut labels) = (Vec::new(), BTreeMap::new());
    for migration in pending {
        let script = underpin_sql::syntax::model::read(&migration.script);
        let (statement, line) = (0, 0);
        let mut case =
            Case { live, schema, major, labels, found: Vec::new(), migration, statement, line };
        for (index, parsed) in script.iter().enumerate() {
            (case.statement, case.line) = (index, parsed.line);
            case.read(parsed);
        }
        found.append(&mut case.found);
        labels = case.labels;
    }
    found.truncate(QUESTIONS_MAX);
    found
}

impl Case<'_> {
    fn read(&mut self, parsed: &Parsed) {
        match &parsed.statement {
            Statement::AlterTable(alter) => self.alter(alter),
            Statement::CreateIndex(index) if index.unique => self.unique_index(index),
            Statement::CreateType(made) => {
                if let Some(labels) = &made.labels {
                    self.labels.insert(made.name.clone(), labels.clone());
                }
            }
            // What a block does runs with it.
            Statement::Do { .. } => parsed.inside.iter().for_each(|inner| self.read(inner)),
            _ => {}
        }
    }

    fn alter(&mut self, alter: &AlterTable) {
        let Some(table) = self.table(&alter.relation) else { return };
        for action in &alter.actions {
            match &action.action {
                TableAction::SetNotNull { column } => self.not_null(&table, column),
                TableAction::AddColumn { column, .. }
                    if column.not_null
                        && column.default.is_none()
                        && !column.identity
                        && column.generated.is_none()
                        && !column.type_name.as_ref().is_some_and(TypeName::is_serial) =>
                {
                    self.ask(
                        &table,
                        "FAIL-ADD-COLUMN-NOT-NULL-NO-DEFAULT",
                        format!("rows of {}", table.shown),
                        Query::Rows { condition: "true".to_owned() },
                    );
                }
                TableAction::AddConstraint(constraint) if !constraint.not_enforced => {
                    self.constraint(&table, constraint);
                }
                TableAction::AlterType { column, to, using, .. } => {
                    let using = using.as_ref().map(|u| u.text.as_str()).filter(|t| !t.is_empty());
                    self.change_of_type(&table, column, to, using);
                }
                _ => {}
            }
        }
    }

    fn not_null(&mut self, table: &Table, column: &str) {
        if self.has_column(table, column) {
            let condition = format!("{} IS NULL", identifier(column));
            let counted = format!("rows of {} where {} is null", table.shown, identifier(column));
            self.ask(table, "FAIL-SET-NOT-NULL-WITH-NULLS", counted, Query::Rows { condition });
        }
    }

    fn constraint(&mut self, table: &Table, constraint: &Constraint) {
        match &constraint.kind {
            ConstraintKind::Unique { columns, using_index: None, nulls_not_distinct } => {
                self.duplicates(table, columns, None, *nulls_not_distinct);
            }
            ConstraintKind::PrimaryKey { columns, using_index: None } => {
                for column in columns {
                    self.not_null(table, column);
                }
                self.duplicates(table, columns, None, false);
            }
            ConstraintKind::Check { expression, .. } if !constraint.not_valid => {
                let known = expression.mentions.columns.iter().all(|c| self.has_column(table, c));
                if known && !expression.text.is_empty() {
                    let condition = format!("NOT ({})", expression.text);
                    let counted = format!("rows of {} that violate the check", table.shown);
                    self.ask(table, "FAIL-CHECK-VIOLATED", counted, Query::Rows { condition });
                }
            }
            ConstraintKind::ForeignKey(key) if !constraint.not_valid => {
                let Some(parent) = self.table(&key.references) else { return };
                let referenced = match key.referenced_columns.is_empty() {
                    true => self.primary_key(&parent),
                    false => key.referenced_columns.clone(),
                };
                let known = key.columns.iter().all(|c| self.has_column(table, c))
                    && referenced.len() == key.columns.len()
                    && referenced.iter().all(|c| self.has_column(&parent, c));
                if !known {
                    return;
                }
                let present =
                    key.columns.iter().map(|c| format!("r.{} IS NOT NULL", identifier(c)));
                let equal = key.columns.iter().zip(&referenced);
                let equal =
                    equal.map(|(c, p)| format!("p.{} = r.{}", identifier(p), identifier(c)));
                let condition = format!(
                    "{} AND NOT EXISTS (SELECT FROM {} AS p WHERE {})",
                    present.collect::<Vec<_>>().join(" AND "),
                    parent.sql,
                    equal.collect::<Vec<_>>().join(" AND ")
                );
                let counted = format!("rows of {} without a row of {}", table.shown, parent.shown);
                self.ask(
                    table,
                    "FAIL-FOREIGN-KEY-WITH-ORPHANS",
                    counted,
                    Query::Rows { condition },
                );
            }
            _ => {}
        }
    }

    fn unique_index(&mut self, index: &CreateIndex) {
        let Some(table) = self.table(&index.table) else { return };
        let plain: Option<Vec<String>> = index.columns.iter().cloned().collect();
        let Some(columns) = plain else { return };
        let predicate = index.predicate.as_ref().map(|p| p.text.as_str());
        if predicate.is_some_and(str::is_empty) {
            return;
        }
        self.duplicates(&table, &columns, predicate, index.nulls_not_distinct);
    }

    fn duplicates(
        &mut self,
        table: &Table,
        columns: &[String],
        predicate: Option<&str>,
        nulls_not_distinct: bool,
    ) {
        if columns.is_empty() || !columns.iter().all(|c| self.has_column(table, c)) {
            return;
        }
        let quoted: Vec<String> = columns.iter().map(|c| identifier(c)).collect();
        let mut conditions: Vec<String> = Vec::new();
        if !nulls_not_distinct {
            conditions.extend(quoted.iter().map(|c| format!("{c} IS NOT NULL")));
        }
        conditions.extend(predicate.map(|p| format!("({p})")));
        let condition = match conditions.is_empty() {
            true => "true".to_owned(),
            false => conditions.join(" AND "),
        };
        let counted = format!("values of ({}) that {} has twice", quoted.join(", "), table.shown);
        let query = Query::Groups { columns: quoted, condition };
        self.ask(table, "FAIL-UNIQUE-WITH-DUPLICATES", counted, query);
    }

    fn change_of_type(&mut self, table: &Table, column: &str, to: &TypeName, using: Option<&str>) {
        if !self.has_column(table, column) {
            return;
        }
        let name = identifier(column);
        if let Some(labels) = self.labels.get(&to.name) {
            let list: Vec<String> = labels.iter().map(|label| literal(label)).collect();
            let condition =
                format!("{name} IS NOT NULL AND {name}::text NOT IN ({})", list.join(", "));
            let counted = format!("rows of {} with a label that {to} does not have", table.shown);
            self.ask(table, "FAIL-ENUM-REMOVED-VALUE-IN-USE", counted, Query::Rows { condition });
            return;
        }
        let target = to.to_string();
        let cast = using.map_or_else(|| format!("{name}::{target}"), |using| format!("({using})"));
        if self.major >= 16 && using.is_none() {
            // pg_input_is_valid: manual §9.26, since 16.
            let condition = format!(
                "{name} IS NOT NULL AND NOT pg_input_is_valid({name}::text, {})",
                literal(&target)
            );
            let counted = format!("rows of {} whose {name} does not convert", table.shown);
            self.ask(table, "FAIL-TYPE-CAST", counted, Query::Rows { condition });
        } else {
            let counted = format!("rows of {} whose {name} does not convert", table.shown);
            self.ask(
                table,
                "FAIL-TYPE-CAST",
                counted,
                Query::Evaluates { expression: cast.clone() },
            );
        }
        // Casting there and back shows what the cast rounds or cuts without an error.
        let from = self.column_type(table, column);
        let condition = format!("({cast})::{from} IS DISTINCT FROM {name}");
        let counted = format!("rows of {} whose {name} the change rounds or cuts", table.shown);
        self.ask(table, "LOSS-TYPE-NARROWING", counted, Query::Rows { condition });
    }

    fn ask(&mut self, table: &Table, rule: &'static str, counted: String, query: Query) {
        self.found.push(Preflight {
            migration: self.migration.name.clone(),
            statement: self.statement,
            line: self.line,
            rule,
            counted,
            answer: Answer::default(),
            table: table.sql.clone(),
            query,
        });
    }

    /// A table that is live.
    fn table(&self, name: &Name) -> Option<Table> {
        let schema = name.schema.as_deref().unwrap_or(self.schema).to_owned();
        let id = ObjectId {
            kind: ObjectKind::Table,
            schema: Some(schema.clone()),
            parent: None,
            name: name.name.clone(),
        };
        self.live.objects().contains_key(&id).then(|| Table {
            sql: format!("{}.{}", identifier(&schema), identifier(&name.name)),
            shown: name.to_string(),
            schema,
            name: name.name.clone(),
        })
    }

    fn column(&self, table: &Table, column: &str) -> Option<&crate::catalog::Attributes> {
        self.live.objects().get(&ObjectId {
            kind: ObjectKind::Column,
            schema: Some(table.schema.clone()),
            parent: Some(table.name.clone()),
            name: column.to_owned(),
        })
    }

    fn has_column(&self, table: &Table, column: &str) -> bool {
        self.column(table, column).is_some()
    }

    fn column_type(&self, table: &Table, column: &str) -> String {
        let attributes = self.column(table, column);
        attributes.and_then(|a| a.get("type").cloned()).unwrap_or_else(|| "text".to_owned())
    }

    /// The columns of the primary key, as its definition names them.
    fn primary_key(&self, table: &Table) -> Vec<String> {
        let of_table = |id: &ObjectId| {
            id.kind == ObjectKind::Constraint
                && id.schema.as_deref() == Some(table.schema.as_str())
                && id.parent.as_deref() == Some(table.name.as_str())
        };
        let constraints = self.live.objects().iter().filter(|(id, _)| of_table(id));
        let keys =
            constraints.filter_map(|(_, a)| a.get("definition")?.strip_prefix("PRIMARY KEY ("));
        let key = keys.filter_map(|rest| rest.split_once(')')).map(|(list, _)| list).next();
        let unquoted = |name: &str| match name.strip_prefix('"').and_then(|n| n.strip_suffix('"')) {
            Some(quoted) => quoted.replace("\"\"", "\""),
            None => name.to_owned(),
        };
        key.map(|list| list.split(", ").map(unquoted).collect()).unwrap_or_default()
    }
}

/// A live table.
struct Table {
    schema: String,
    name: String,
    sql: String,
    shown: String,
}

/// Puts the questions to the rows.
///
/// # Errors
/// UP-1105. A question that fails has no answer.
pub async fn answer(session: &Session, preflights: &mut [Preflight]) -> Result<()> {
    for preflight in preflights {
        preflight.answer = one(session, preflight).await?;
    }
    Ok(())
}

async fn one(session: &Session, preflight: &Preflight) -> Result<Answer> {
    let table = &preflight.table;
    let counting = match &preflight.query {
        Query::Rows { condition } => {
            format!("SELECT 1 FROM {table} AS r WHERE {condition} LIMIT {}", COUNT_MAX + 1)
        }
        Query::Groups { columns, condition } => format!(
            "SELECT 1 FROM {table} AS r WHERE {condition} GROUP BY {} HAVING count(*) > 1 LIMIT {}",
            columns.join(", "),
            COUNT_MAX + 1
        ),
        Query::Evaluates { expression } => {
            let sql = format!("SELECT count({expression}) FROM {table}");
            return Ok(match ask(session, &sql).await? {
                Ok(_) => Answer { count: Some(0), ..Answer::default() },
                // Class 22, data_exception: a value that does not convert.
                Err(state) if state.starts_with("22") => {
                    Answer { count: Some(1), more: true, ..Answer::default() }
                }
                Err(state) => unanswered(&state),
            });
        }
    };
    let count = match ask(session, &format!("SELECT count(*) FROM ({counting}) AS found")).await? {
        Ok(count) => count.and_then(|text| text.parse::<u64>().ok()).unwrap_or(0),
        Err(state) => return Ok(unanswered(&state)),
    };
    let mut answer =
        Answer { count: Some(count.min(COUNT_MAX)), more: count > COUNT_MAX, ..Answer::default() };
    if count > 0 {
        answer.example = example(session, preflight).await?;
    }
    Ok(answer)
}

async fn example(session: &Session, preflight: &Preflight) -> Result<Option<String>> {
    let table = &preflight.table;
    let key = super::observe::key_column(session, table).await?;
    let column = key.as_deref().map_or_else(|| "ctid".to_owned(), identifier);
    let sql = match &preflight.query {
        Query::Rows { condition } => {
            format!("SELECT {column}::text FROM {table} AS r WHERE {condition} LIMIT 1")
        }
        Query::Groups { columns, condition } => format!(
            "SELECT min({column}::text) FROM {table} AS r WHERE {condition} GROUP BY {} HAVING count(*) > 1 LIMIT 1",
            columns.join(", ")
        ),
        Query::Evaluates { .. } => return Ok(None),
    };
    let value = ask(session, &sql).await?.ok().flatten();
    Ok(value.map(|value| format!("{} = {value}", key.as_deref().unwrap_or("ctid"))))
}

fn unanswered(state: &str) -> Answer {
    let why = match state {
        "57014" => format!("not answered within {} s", STATEMENT_TIMEOUT_MS / 1000),
        "55P03" => "the table is locked".to_owned(),
        "42501" => "the role may not read the table".to_owned(),
        state => format!("the question fails with SQLSTATE {state}"),
    };
    Answer { unanswered: Some(why), ..Answer::default() }
}

/// The first value, or the SQLSTATE.
async fn ask(session: &Session, sql: &str) -> Result<std::result::Result<Option<String>, String>> {
    let limits = BoundedQuery {
        statement_timeout_ms: STATEMENT_TIMEOUT_MS,
        lock_timeout_ms: LOCK_TIMEOUT_MS,
    };
    match limits.rows(session, sql).await {
        Ok(rows) => {
            Ok(Ok(rows.into_iter().next().and_then(|row| row.into_iter().next().flatten())))
        }
        Err(e) if e.connection_lost => {
            Err(Error::new(Code::ConnectionLost, "the connection was lost while rows were counted")
                .caused_by(e)
                .hint("run the same command again"))
        }
        Err(e) => Ok(Err(e.sqlstate.unwrap_or_default())),
    }
}
