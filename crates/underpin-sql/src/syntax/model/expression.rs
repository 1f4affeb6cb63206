//! What judging needs to know of expressions and queries.

use super::{Name, Span, TypeName};

/// What is named in an expression, a query or a statement, without duplicates, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mentions {
    /// Relations that are read, without the names that `WITH` makes.
    pub relations: Vec<Name>,
    /// Relations whose rows a `WITH` changes.
    pub changes: Vec<Name>,
    /// Functions that are called.
    pub functions: Vec<Name>,
    /// Last names of column references; `*` for all.
    pub columns: Vec<String>,
    /// String literals, at most [`Mentions::LITERALS_MAX`].
    pub literals: Vec<String>,
    /// It locks rows (`FOR UPDATE`, `FOR SHARE`, …).
    pub locks_rows: bool,
    /// Of these relations (`OF`); empty: of all.
    pub locked: Vec<Name>,
    /// Something is in there that this walk does not know, or a bound was met.
    pub incomplete: bool,
}

impl Mentions {
    /// Literals that are kept of one statement.
    pub const LITERALS_MAX: usize = 10_000;
}

/// The least stable function of an expression (manual §38.7). Rewriting a table for `ADD COLUMN …
/// DEFAULT` hangs on it: only a volatile default is computed per row (`ALTER TABLE`, Notes).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Volatility {
    /// Literals, operators on them and immutable functions.
    #[default]
    Immutable,
    /// `now()`, `CURRENT_TIMESTAMP` and others that stay the same within a statement.
    Stable,
    /// A function that PostgreSQL does not bring along, or a construct this reading does not know.
    Unknown,
    /// `random()`, `gen_random_uuid()`, `nextval()`, …
    Volatile,
}

/// An expression.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expression {
    /// Its bytes, where they are known.
    pub span: Option<Span>,
    /// Its text; empty where the span is not known.
    pub text: String,
    /// What it names.
    pub mentions: Mentions,
    /// As far as it can be known without a database.
    pub volatility: Volatility,
    /// It is the literal `NULL`.
    pub is_null: bool,
    /// The column and the types that it is cast to, innermost first, where it is nothing else:
    /// `"status"::text::"Status"`, or a column alone.
    pub cast: Option<(String, Vec<TypeName>)>,
    /// It is `column IS NOT NULL` and nothing else: the column.
    pub not_null_of: Option<String>,
    /// Columns that cannot be NULL where it is true: `a IS NOT NULL AND …`.
    pub implies_not_null: Vec<String>,
}

impl Expression {
    /// Whether it takes the next value of a sequence.
    #[must_use]
    pub fn calls_nextval(&self) -> bool {
        self.mentions.functions.iter().any(|f| f.name == "nextval")
    }
}

/// Which rows a statement is about.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::large_enum_variant)] // the large one is the common one
pub enum Condition {
    /// No `WHERE`.
    Missing,
    /// A `WHERE` that is true for every row: `true`, `1 = 1`, `a = a OR …`.
    Tautology,
    /// Some rows.
    Where(Expression),
}

impl Condition {
    /// Whether all rows are meant.
    #[must_use]
    pub fn is_all_rows(&self) -> bool {
        !matches!(self, Self::Where(_))
    }
}
