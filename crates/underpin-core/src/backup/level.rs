//! What is proven of a backup.

use std::fmt;

/// How far a backup is proven; each level holds all below it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(into = "u8", try_from = "u8")]
pub enum Level {
    /// The tool ended well and the files are in place.
    Finished,
    /// Every file is the one that was written.
    Intact,
    /// Nothing is missing from the inventory of the dump's own snapshot.
    Complete,
    /// Every block can be decoded; rows are those of the snapshot.
    Decodable,
    /// A PostgreSQL of the same major has accepted it; row counts are equal.
    Restored,
    /// Digests of all tables, sequences and the catalog are equal.
    Equal,
    /// Pending migrations ran on the restored copy.
    Drilled,
}

impl Level {
    /// All, lowest first.
    pub const ALL: [Self; 7] = [
        Self::Finished,
        Self::Intact,
        Self::Complete,
        Self::Decodable,
        Self::Restored,
        Self::Equal,
        Self::Drilled,
    ];

    /// 0 to 6.
    #[must_use]
    pub fn number(self) -> u8 {
        self as u8
    }

    /// One word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::Intact => "intact",
            Self::Complete => "complete",
            Self::Decodable => "decodable",
            Self::Restored => "restored",
            Self::Equal => "equal",
            Self::Drilled => "drilled",
        }
    }
}

impl From<Level> for u8 {
    fn from(level: Level) -> Self {
        level.number()
    }
}

impl TryFrom<u8> for Level {
    type Error = String;

    fn try_from(number: u8) -> Result<Self, String> {
        let level = Self::ALL.get(usize::from(number)).copied();
        level.ok_or_else(|| format!("{number} is not a level; they go from 0 to 6"))
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number(), self.word())
    }
}
