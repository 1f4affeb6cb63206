//! What a statement does to the tables it touches, by server version.
//!
//! Purpose: locks on *every* table (those at the other end of a foreign key too), how much work is
//! done on which, whether a transaction block takes it, what is lost and whether there is a way
//! back. Facts for PostgreSQL 13 to 18 are those of the measured [`matrix`], against which [`of`]
//! is held case by case; 11 and 12 differ as the manual and release notes say, and as measured once
//! on 11.22 and 12.22. Invariants: pure; what cannot be known is a [`Gap`], never silence.
//! Non-goals: how long it takes (that needs sizes), whether anybody minds (that needs traffic).

mod alter;
mod build;
mod column;
mod column_type;
mod constraint;
mod dropped;
mod index;
mod lock;
pub mod matrix;
mod object;
mod partition;
mod rows;
mod version;
mod way_back;

use std::collections::BTreeMap;
use std::fmt;

pub use lock::LockMode;
pub use version::Since;
pub use way_back::{Loss, WayBack};

use crate::model::{Name, Parsed, Statement};
use crate::schema::Schema;

/// Server versions that effects are known for.
pub const MAJORS: std::ops::RangeInclusive<u32> = 11..=18;

/// What a statement does.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Effect {
    /// The strongest lock on each table, view, sequence or composite type; held to the end of the
    /// transaction.
    pub locks: BTreeMap<Name, LockMode>,
    /// The same for indexes, `SHARE UPDATE EXCLUSIVE` and stronger. An index in `ACCESS EXCLUSIVE`
    /// stops every query on its table, because planning opens all indexes.
    pub index_locks: BTreeMap<Name, LockMode>,
    /// The heaviest work on each table that has rows. A table that is not named: metadata.
    pub work: BTreeMap<Name, Work>,
    /// Whether the server takes it.
    pub verdict: Verdict,
    /// The first version that knows it, where that is not all of [`MAJORS`].
    pub since: Option<Since>,
    /// SQLSTATEs with which the rows, which are not known here, can make it fail.
    pub may_fail: Vec<&'static str>,
    /// What is lost.
    pub loss: Loss,
    /// How to undo it.
    pub way_back: WayBack,
    /// What is not known.
    pub gaps: Vec<Gap>,
}

/// Whether the server takes a statement.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Verdict {
    /// Also in a transaction block, and among other statements of one simple query.
    #[default]
    Allowed,
    /// Only outside a transaction block, which a simple query of several statements is too
    /// (manual §55.2.3.1).
    Alone,
    /// Not at all, with this SQLSTATE.
    Refused(String),
}

/// How much a statement has to do on a relation, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Work {
    /// Catalog entries alone: milliseconds.
    Metadata,
    /// Every row is read.
    Scan,
    /// Rows are added, changed or removed.
    Rows,
    /// An index is built.
    Build,
    /// A new file is written: the table and all its indexes.
    Rewrite,
    /// The file is replaced by an empty one.
    Empty,
}

/// What is not known of an effect.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gap {
    /// A statement whose effect is not known at all, by its command tag.
    Statement(String),
    /// A relation of which not everything is known: there may be foreign keys to other tables,
    /// indexes, partitions, views.
    Relation(Name),
    /// An index whose table is not known.
    Index(Name),
    /// A constraint that is not known: it may be a foreign key, or an index may stand behind it.
    Constraint(Name, String),
    /// A column whose type is not known; a rewrite is assumed.
    ColumnType(Name, String),
    /// A function that may be volatile; that it is is assumed.
    Function(Name),
    /// A type or domain: which tables use it is not known.
    TypeUsers(Name),
    /// SQL that is made at run time.
    Dynamic,
    /// A routine that is called: what it does is not followed.
    Routine(Name),
    /// `CASCADE`: what depends on the object is not all known.
    Cascade(Name),
}

impl Effect {
    /// Whether nothing but the statement's existence is known.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        self.gaps.iter().any(|g| matches!(g, Gap::Statement(_) | Gap::Dynamic))
    }

    /// The lock on a relation.
    #[must_use]
    pub fn lock_on(&self, name: &Name) -> Option<LockMode> {
        self.locks.get(name).copied()
    }

    /// The work on a relation.
    #[must_use]
    pub fn work_on(&self, name: &Name) -> Work {
        self.work.get(name).copied().unwrap_or(Work::Metadata)
    }

    /// What both do, one after the other in one transaction.
    fn join(&mut self, other: Self) {
        for (name, mode) in other.locks {
            let strongest = self.locks.entry(name).or_insert(mode);
            *strongest = mode.max(*strongest);
        }
        for (name, mode) in other.index_locks {
            let strongest = self.index_locks.entry(name).or_insert(mode);
            *strongest = mode.max(*strongest);
        }
        for (name, work) in other.work {
            let heaviest = self.work.entry(name).or_insert(work);
            *heaviest = work.max(*heaviest);
        }
        if self.verdict == Verdict::Allowed {
            self.verdict = other.verdict;
        }
        self.since = self.since.max(other.since);
        self.may_fail.extend(other.may_fail);
        self.loss = self.loss.max(other.loss);
        self.way_back = self.way_back.max(other.way_back);
        self.gaps.extend(other.gaps);
    }

    /// Refused as a whole: nothing else happens.
    fn refused(sqlstate: &str, since: Option<Since>) -> Self {
        Self { verdict: Verdict::Refused(sqlstate.to_owned()), since, ..Self::default() }
    }
}

/// What `parsed` does on PostgreSQL `major` to what `schema` knows before it. Names in the answer
/// are [`Schema::key`]s. What the statement itself makes is not in it.
#[must_use]
pub fn of(parsed: &Parsed, schema: &Schema, major: u32) -> Effect {
    let since = version::since(&parsed.statement);
    if let Some(since) = since.filter(|s| s.major > major) {
        return Effect::refused(since.sqlstate, Some(since));
    }
    let mut effect = match &parsed.statement {
        Statement::Do { .. } => in_order(&parsed.inside, schema, major),
        Statement::Explain { analyze } => {
            let mut effect = in_order(&parsed.inside, schema, major);
            if !analyze {
                (effect.loss, effect.way_back) = (Loss::No, WayBack::Exact);
                (effect.work, effect.may_fail) = (BTreeMap::new(), Vec::new());
            }
            effect
        }
        statement => {
            let mut builder = build::Builder::new(schema, major);
            builder.statement(statement);
            let mut effect = builder.finish();
            (effect.loss, effect.way_back) = way_back::of(statement, schema);
            effect
        }
    };
    effect.since = effect.since.max(since);
    effect
}

/// Statements one after the other, each with what those before it made.
fn in_order(statements: &[Parsed], schema: &Schema, major: u32) -> Effect {
    let (mut schema, mut effect) = (schema.clone(), Effect::default());
    let before = schema.clone();
    for parsed in statements {
        let mut next = of(parsed, &schema, major);
        // What is made here is nobody else's.
        let made = |name: &Name| before.relation(name).is_none() && schema.relation(name).is_some();
        next.locks.retain(|name, _| !made(name));
        next.work.retain(|name, _| !made(name));
        effect.join(next);
        schema.apply(parsed);
    }
    effect
}

impl Work {
    /// All, least first.
    pub const ALL: [Self; 6] =
        [Self::Metadata, Self::Scan, Self::Rows, Self::Build, Self::Rewrite, Self::Empty];

    /// The work that [`fmt::Display`] writes so.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|work| work.to_string() == text)
    }
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Metadata => "metadata",
            Self::Scan => "scan",
            Self::Rows => "rows",
            Self::Build => "build",
            Self::Rewrite => "rewrite",
            Self::Empty => "empty",
        })
    }
}
