//! What a rule says of a statement, and the grades it gives.
//!
//! Invariants: a finding names a rule of the list, a place in a file and the fact it rests on. It
//! holds SQL names and positions, never a row's value. Non-goals: how it looks (the program's
//! `output`), whether it is allowed (a directive, the policy).

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::phased::Phase;

/// How loud a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing when one looks for it; not listed unless asked for.
    Note,
    /// May break or block something; a person should look.
    Warning,
    /// Destroys data, fails, or blocks the application for a time that grows with the data.
    Error,
}

impl Severity {
    /// The word for people and programs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// Whether rows or values are lost.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// Nothing is lost.
    #[default]
    None,
    /// Depends on the rows, or on what happens later.
    Possible,
    /// What is there now is gone afterwards.
    Certain,
}

/// What the application waits for.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Downtime {
    /// No lock that an ordinary query waits for.
    #[default]
    None,
    /// A strong lock for milliseconds, and the queue behind it.
    Brief,
    /// Writes wait for a time that grows with the table.
    Writes,
    /// Reads and writes wait for a time that grows with the table.
    All,
}

/// How hard it is to go back.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash, Serialize, Deserialize,
)]
pub enum Back {
    /// An exact, cheap inverse exists.
    #[default]
    R0,
    /// An inverse exists, and costs time or loses later writes.
    R1,
    /// Needs a copy that was kept.
    R2,
    /// Gone without a backup.
    R3,
}

/// What becomes of the application version that is still running.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum OldApp {
    /// It goes on.
    #[default]
    Works,
    /// Some of its statements may fail or see other values.
    MayBreak,
    /// It fails.
    Breaks,
}

/// Four independent grades: one number would hide what people weigh against each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
pub struct Grades {
    /// Rows and values.
    pub loss: Loss,
    /// Locks.
    pub downtime: Downtime,
    /// The way back.
    pub back: Back,
    /// The application version still running.
    pub old_app: OldApp,
}

impl Loss {
    /// In words.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Possible => "possible",
            Self::Certain => "certain",
        }
    }
}

impl Downtime {
    /// In words.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Brief => "brief locks",
            Self::Writes => "writes blocked",
            Self::All => "reads and writes blocked",
        }
    }
}

impl Back {
    /// In words.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::R0 => "R0 exact inverse",
            Self::R1 => "R1 costs time or later writes",
            Self::R2 => "R2 needs a kept copy",
            Self::R3 => "R3 gone without a backup",
        }
    }
}

impl OldApp {
    /// In words.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Works => "works",
            Self::MayBreak => "may break",
            Self::Breaks => "breaks",
        }
    }
}

impl Grades {
    /// The four in words, in the order of the fields.
    #[must_use]
    pub fn words(self) -> [&'static str; 4] {
        [self.loss.word(), self.downtime.word(), self.back.word(), self.old_app.word()]
    }

    /// The four grades in the order of the fields.
    #[must_use]
    pub const fn new(loss: Loss, downtime: Downtime, back: Back, old_app: OldApp) -> Self {
        Self { loss, downtime, back, old_app }
    }

    /// The worse of each.
    #[must_use]
    pub fn worst(self, other: Self) -> Self {
        Self {
            loss: self.loss.max(other.loss),
            downtime: self.downtime.max(other.downtime),
            back: self.back.max(other.back),
            old_app: self.old_app.max(other.old_app),
        }
    }
}

/// A place in a text: 1-based line, 1-based column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Position {
    /// 1-based line.
    pub line: usize,
    /// 1-based column, in characters.
    pub column: usize,
}

impl Position {
    /// The place of byte `offset`; beyond the end, or inside a character, the nearest before it.
    #[must_use]
    pub fn of(text: &str, offset: usize) -> Self {
        let offset = text.floor_char_boundary(offset);
        let before = &text[..offset];
        let start = before.rfind('\n').map_or(0, |i| i + 1);
        Self {
            line: before.bytes().filter(|b| *b == b'\n').count() + 1,
            column: before[start..].chars().count() + 1,
        }
    }
}

/// Where the lines of a text begin, so that many places in it are found quickly.
#[derive(Debug)]
pub(crate) struct Lines(Vec<usize>);

impl Lines {
    pub(crate) fn of(text: &str) -> Self {
        Self(std::iter::once(0).chain(text.match_indices('\n').map(|(i, _)| i + 1)).collect())
    }

    /// As [`Position::of`].
    pub(crate) fn position(&self, text: &str, offset: usize) -> Position {
        let offset = text.floor_char_boundary(offset);
        let line = self.0.partition_point(|start| *start <= offset);
        let start = self.0[line - 1];
        Position { line, column: text[start..offset].chars().count() + 1 }
    }
}

/// What a rule says of a statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The rule's stable id.
    pub rule: &'static str,
    /// How loud.
    pub severity: Severity,
    /// Bytes of the file.
    pub span: Range<usize>,
    /// The place of the span's start.
    pub start: Position,
    /// The place after the span's last character.
    pub end: Position,
    /// Index of the statement in the file.
    pub statement: usize,
    /// The object it is about, as SQL writes it.
    pub subject: Option<String>,
    /// What is wrong, one sentence without a full stop.
    pub message: String,
    /// The fact behind it: what PostgreSQL does, or what stands elsewhere in the files.
    pub fact: String,
    /// What to write instead.
    pub suggestion: Option<String>,
    /// The change in phases, where it can be spelt out for this very statement.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub phased: Vec<Phase>,
    /// What would decide it and is not known here; `None` for a finding that is certain.
    pub unknown: Option<String>,
    /// The four grades.
    pub grades: Grades,
    /// Why it is allowed, where a directive says so.
    pub allowed: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_and_survive_any_offset() {
        let text = "a\näöx\n";
        let place = |offset| {
            let at = Position::of(text, offset);
            (at.line, at.column)
        };
        assert_eq!(place(0), (1, 1));
        assert_eq!(place(text.find('x').unwrap()), (2, 3));
        assert_eq!(place(3), (2, 1), "inside a character: its start");
        assert_eq!(place(999), (3, 1));
    }

    #[test]
    fn grades_join_one_by_one() {
        let a = Grades::new(Loss::Certain, Downtime::None, Back::R1, OldApp::Works);
        let b = Grades::new(Loss::None, Downtime::Brief, Back::R0, OldApp::Breaks);
        let both = Grades::new(Loss::Certain, Downtime::Brief, Back::R1, OldApp::Breaks);
        assert_eq!(a.worst(b), both);
    }
}
