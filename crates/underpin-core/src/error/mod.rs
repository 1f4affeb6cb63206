//! Typed errors: code, what happened, what was changed, whether to retry, hints.
//!
//! Every error that leaves this crate is an [`Error`]. Its [`Code`] comes from the one table in
//! `codes.rs`, which also generates `docs/errors/`. An error never carries a password or a row
//! value: callers put names, positions and server messages into it, nothing else.

mod codes;

pub use codes::{Code, ExitStatus, Retry};

use std::fmt;

/// The result of everything in this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What the failed action left behind in the target database.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case", tag = "changed")]
pub enum Changed {
    /// Nothing was changed.
    Nothing,
    /// A transaction was undone; the database is as before it. `kept` says what earlier steps
    /// of the same run had already committed, in words (empty: nothing).
    RolledBack {
        /// What earlier steps of the run committed.
        kept: String,
    },
    /// Something was committed before the failure.
    Partial {
        /// What was committed and what was not, in words.
        what: String,
    },
    /// The outcome could not be learnt (connection lost around a commit).
    Unknown {
        /// What is known, in words.
        what: String,
    },
}

/// A place in a file, with the text needed to draw it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct SourceLocation {
    /// Path as the user knows it.
    pub file: String,
    /// 1-based line.
    pub line: usize,
    /// 1-based column, in characters.
    pub column: usize,
    /// The whole text of that line, without its line end.
    pub text: String,
}

impl SourceLocation {
    /// The place of byte `offset` of `text`, read from `file`. An offset beyond the end means
    /// the end.
    #[must_use]
    pub fn at(file: &str, text: &str, offset: usize) -> Self {
        let mut offset = offset.min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        let start = text[..offset].rfind('\n').map_or(0, |i| i + 1);
        let end = text[offset..].find('\n').map_or(text.len(), |i| offset + i);
        Self {
            file: file.to_owned(),
            line: text[..start].matches('\n').count() + 1,
            column: text[start..offset].chars().count() + 1,
            text: text[start..end].trim_end_matches('\r').to_owned(),
        }
    }
}

/// An error with everything a person at a bad moment needs. See the module text.
#[derive(Debug, Clone)]
pub struct Error(Box<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    code: Code,
    message: String,
    causes: Vec<String>,
    changed: Changed,
    hints: Vec<String>,
    sqlstate: Option<String>,
    location: Option<SourceLocation>,
    details: Vec<String>,
}

impl Error {
    /// A new error: nothing changed, no hints. `message` is a lower-case fragment that says
    /// what happened.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            code,
            message: message.into(),
            causes: Vec::new(),
            changed: Changed::Nothing,
            hints: Vec::new(),
            sqlstate: None,
            location: None,
            details: Vec::new(),
        }))
    }

    /// Adds a cause below the message (outermost first).
    #[must_use]
    pub fn caused_by(mut self, cause: impl fmt::Display) -> Self {
        self.0.causes.push(cause.to_string());
        self
    }

    /// Says what was changed.
    #[must_use]
    pub fn changed(mut self, changed: Changed) -> Self {
        self.0.changed = changed;
        self
    }

    /// Adds a hint: an exact command, or one sentence.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hints.push(hint.into());
        self
    }

    /// Adds lines that belong under the message (a list of differences, say).
    #[must_use]
    pub fn details(mut self, lines: impl IntoIterator<Item = String>) -> Self {
        self.0.details.extend(lines);
        self
    }

    /// Keeps the server's SQLSTATE.
    #[must_use]
    pub fn sqlstate(mut self, state: Option<&str>) -> Self {
        self.0.sqlstate = state.map(str::to_owned);
        self
    }

    /// Keeps the place in a file.
    #[must_use]
    pub fn at(mut self, location: SourceLocation) -> Self {
        self.0.location = Some(location);
        self
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// What happened.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The causes, outermost first.
    #[must_use]
    pub fn causes(&self) -> &[String] {
        &self.0.causes
    }

    /// What was changed.
    #[must_use]
    pub fn what_changed(&self) -> &Changed {
        &self.0.changed
    }

    /// The hints, most useful first.
    #[must_use]
    pub fn hints(&self) -> &[String] {
        &self.0.hints
    }

    /// Lines under the message.
    #[must_use]
    pub fn detail_lines(&self) -> &[String] {
        &self.0.details
    }

    /// The server's SQLSTATE, where there was one.
    #[must_use]
    pub fn sqlstate_code(&self) -> Option<&str> {
        self.0.sqlstate.as_deref()
    }

    /// The place in a file, where there is one.
    #[must_use]
    pub fn location(&self) -> Option<&SourceLocation> {
        self.0.location.as_ref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code, self.0.message)
    }
}

impl std::error::Error for Error {}

impl serde::Serialize for Error {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let inner = &*self.0;
        let mut s = serializer.serialize_struct("Error", 9)?;
        s.serialize_field("code", inner.code.id())?;
        s.serialize_field("message", &inner.message)?;
        s.serialize_field("caused_by", &inner.causes)?;
        s.serialize_field("details", &inner.details)?;
        s.serialize_field("state", &inner.changed)?;
        s.serialize_field("retry", &inner.code.retry())?;
        s.serialize_field("sqlstate", &inner.sqlstate)?;
        s.serialize_field("location", &inner.location)?;
        s.serialize_field("hints", &inner.hints)?;
        s.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_counts_characters_and_ignores_the_carriage_return() {
        let text = "a\r\näöx b\r\nc";
        let at = SourceLocation::at("f.sql", text, text.find('x').unwrap());
        assert_eq!((at.line, at.column, at.text.as_str()), (2, 3, "äöx b"));
    }

    #[test]
    fn a_location_beyond_the_end_is_the_end() {
        let at = SourceLocation::at("f.sql", "ab\n", 99);
        assert_eq!((at.line, at.column, at.text.as_str()), (2, 1, ""));
    }
}
