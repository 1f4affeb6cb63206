//! The lock matrix: what PostgreSQL does, statement by statement and version by version.
//!
//! Purpose: facts measured on real servers, against which [`super::of`] is held in the tests.
//! `cases/*.sql` are the statements with what they need, `measured.tsv` is what the servers did;
//! `cargo xtask lock-matrix` writes it. Invariants: nothing in `measured.tsv` is written by hand.

use std::collections::BTreeMap;
use std::fmt;

use super::{LockMode, Verdict, Work};

/// The files of cases: name and text.
const FILES: &[(&str, &str)] = &[
    ("tables", include_str!("cases/tables.sql")),
    ("columns", include_str!("cases/columns.sql")),
    ("types", include_str!("cases/types.sql")),
    ("constraints", include_str!("cases/constraints.sql")),
    ("indexes", include_str!("cases/indexes.sql")),
    ("partitions", include_str!("cases/partitions.sql")),
    ("objects", include_str!("cases/objects.sql")),
    ("rows", include_str!("cases/rows.sql")),
    ("maintenance", include_str!("cases/maintenance.sql")),
];

/// What the servers did.
const MEASURED: &str = include_str!("measured.tsv");

/// A statement in a database that fits it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// `file/name`.
    pub name: String,
    /// What is run, and committed, before.
    pub given: String,
    /// What another session holds while it is watched, one after the other: for statements that
    /// cannot be looked at from inside their transaction.
    pub blockers: Vec<String>,
    /// The statement.
    pub statement: String,
}

/// What a statement did on one version.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The strongest lock on each table, view, sequence or the like that was there before.
    pub locks: BTreeMap<String, LockMode>,
    /// The same for indexes, `SHARE UPDATE EXCLUSIVE` and stronger.
    pub index_locks: BTreeMap<String, LockMode>,
    /// The heaviest work on each.
    pub work: BTreeMap<String, Work>,
    /// Whether it runs in a transaction block.
    pub verdict: Verdict,
}

/// One line of `measured.tsv`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// [`Case::name`].
    pub case: String,
    /// The first and the last major version that it was measured on, without a gap.
    pub majors: (u32, u32),
    /// What happened.
    pub outcome: Outcome,
}

/// All cases, in the order of the files.
#[must_use]
pub fn cases() -> Vec<Case> {
    FILES.iter().flat_map(|(file, text)| cases_of(file, text)).collect()
}

fn cases_of(file: &str, text: &str) -> Vec<Case> {
    let mut parts = text.split("-- case ");
    let shared = parts.next().unwrap_or_default();
    parts
        .filter_map(|part| {
            let (name, rest) = part.split_once('\n')?;
            let mut body = String::new();
            let mut blockers = Vec::new();
            for line in rest.lines() {
                match line.strip_prefix("-- blocker ") {
                    Some(sql) => blockers.push(sql.to_owned()),
                    None => body = body + line + "\n",
                }
            }
            let last = crate::Script::parse(&body).statements.pop()?.span;
            Some(Case {
                name: format!("{file}/{name}"),
                given: format!("{shared}{}", &body[..last.start]),
                blockers,
                statement: body[last].to_owned(),
            })
        })
        .collect()
}

/// All rows, in the order of the cases.
#[must_use]
pub fn measured() -> Vec<Row> {
    MEASURED.lines().skip(1).filter_map(Row::parse).collect()
}

impl Row {
    /// The head of the file.
    pub const HEAD: &'static str = "case\tmajors\tlocks\tindex locks\twork\ttransaction";

    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.split('\t');
        let mut next = || fields.next();
        let (case, majors) = (next()?, next()?);
        let (first, last) = majors.split_once('-').unwrap_or((majors, majors));
        let outcome = Outcome {
            locks: pairs(next()?, LockMode::from_catalog)?,
            index_locks: pairs(next()?, LockMode::from_catalog)?,
            work: pairs(next()?, Work::parse)?,
            verdict: match next()? {
                "allowed" => Verdict::Allowed,
                "alone" => Verdict::Alone,
                other => Verdict::Refused(other.strip_prefix("error ")?.to_owned()),
            },
        };
        let majors = (first.parse().ok()?, last.parse().ok()?);
        Some(Self { case: case.to_owned(), majors, outcome })
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let majors = match self.majors {
            (first, last) if first == last => first.to_string(),
            (first, last) => format!("{first}-{last}"),
        };
        write!(f, "{}\t{majors}\t{}", self.case, self.outcome)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\t{}\t{}\t", list(&self.locks), list(&self.index_locks), list(&self.work))?;
        match &self.verdict {
            Verdict::Allowed => f.write_str("allowed"),
            Verdict::Alone => f.write_str("alone"),
            Verdict::Refused(sqlstate) => write!(f, "error {sqlstate}"),
        }
    }
}

fn list<T: fmt::Display>(map: &BTreeMap<String, T>) -> String {
    if map.is_empty() {
        return "-".to_owned();
    }
    map.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
}

fn pairs<T>(text: &str, read: impl Fn(&str) -> Option<T>) -> Option<BTreeMap<String, T>> {
    if text == "-" {
        return Some(BTreeMap::new());
    }
    text.split(' ')
        .map(|pair| {
            pair.split_once('=').and_then(|(name, value)| Some((name.to_owned(), read(value)?)))
        })
        .collect()
}
