//! What a statement does to the tables it touches.

mod lock;
pub mod matrix;

use std::fmt;

pub use lock::LockMode;

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
