//! The one place that knows which SQL parser is used: `pg_query` 18, PostgreSQL's own grammar.
//!
//! Everything outside sees byte ranges, [`StatementKind`] and [`model`], never a tree. The grammar
//! is that of PostgreSQL 18; what an older server refuses is found by replay, not here.

mod concurrent;
mod destroy;
mod error_place;
mod kind;
mod long_names;
pub mod model;
mod read;
mod traits;

use std::ops::Range;

pub use concurrent::{ConcurrentIndex, RelationName, concurrent_index};
pub use destroy::destroys;
pub use error_place::error_place;
pub use kind::{StatementKind, TransactionControl};
pub use long_names::long_names;
use pg_query::NodeEnum;
use pg_query::protobuf::Token;
pub use read::is_builtin;
pub use traits::{RowTarget, StatementTraits, traits};

/// One statement as the parser cut it out, without its semicolon and without surrounding space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Bytes of the script.
    pub span: Range<usize>,
    /// What it is; [`StatementKind::Unparsed`] with the parser's message when it is not SQL.
    pub kind: StatementKind,
}

/// A text above this size is cut by the scanner alone, which needs no tree in memory (the tree
/// takes about 90 times the text).
const PARSE_WHOLE_MAX_BYTES: usize = 4 << 20;

/// Cuts `text` into statements. Never fails: where the grammar does not accept the text, the
/// scanner cuts it at top-level semicolons and each piece is judged alone, so that one bad
/// statement does not lose the file.
#[must_use]
pub fn pieces(text: &str) -> Vec<Piece> {
    cut(text, |_, span, node| Piece {
        span,
        kind: match node {
            Ok(node) => kind::of(node),
            Err(message) => StatementKind::Unparsed { message },
        },
    })
}

/// The statements of `text`, each made of what its locations count from, its span, and its tree or
/// the parser's message.
fn cut<T>(
    text: &str,
    mut each: impl FnMut(usize, Range<usize>, Result<NodeEnum, String>) -> T,
) -> Vec<T> {
    // The C library takes a NUL-terminated string.
    if text.contains('\0') {
        let message = "the text holds a NUL character".to_owned();
        return vec![each(0, trimmed(text, 0..text.len()), Err(message))];
    }
    if text.len() <= PARSE_WHOLE_MAX_BYTES
        && let Ok(result) = pg_query::parse(text, 0)
    {
        return result
            .protobuf
            .stmts
            .into_iter()
            .filter_map(|raw| {
                let start = usize::try_from(raw.stmt_location).ok()?;
                let end = match usize::try_from(raw.stmt_len).ok()? {
                    0 => text.len(),
                    len => start + len,
                };
                Some(each(0, trimmed(text, start..end.min(text.len())), Ok(raw.stmt?.node?)))
            })
            .collect();
    }
    let spans = match scanned(text) {
        Ok(spans) => spans,
        Err(message) => return vec![each(0, trimmed(text, 0..text.len()), Err(message))],
    };
    spans
        .into_iter()
        .map(|span| {
            let tree = pg_query::parse(&text[span.clone()], 0).map_err(|e| message(&e));
            let node = tree.and_then(|result| {
                let first = result.protobuf.stmts.into_iter().next();
                first.and_then(|raw| raw.stmt?.node).ok_or_else(|| "it is empty".to_owned())
            });
            each(span.start, span, node)
        })
        .collect()
}

/// Cuts at semicolons outside parentheses. A `BEGIN ATOMIC` body falls apart here, which is why
/// the grammar goes first.
fn scanned(text: &str) -> Result<Vec<Range<usize>>, String> {
    let tokens = match pg_query::scan(text) {
        Ok(scan) => scan.tokens,
        // What is never ended runs to the end of the file; what stands before it is whole.
        Err(error) => {
            match unfinished(text, &message(&error)).map(|at| pg_query::scan(&text[..at])) {
                Some(Ok(scan)) => scan.tokens,
                _ => return Err(message(&error)),
            }
        }
    };
    let (mut depth, mut start, mut spans) = (0i32, 0usize, Vec::new());
    for token in tokens {
        match token.token() {
            Token::Ascii40 => depth += 1,
            Token::Ascii41 => depth -= 1,
            // A parenthesis too many or too few must not swallow the rest of the file.
            Token::Ascii59 if depth <= 0 || ends_line(text, token.end) => {
                let end = usize::try_from(token.start).unwrap_or(text.len());
                spans.push(start..end);
                (depth, start) = (0, end + 1);
            }
            _ => {}
        }
    }
    spans.push(start..text.len());
    let spans = spans.into_iter().map(|span| trimmed(text, span)).filter(|span| !span.is_empty());
    Ok(spans.collect())
}

/// Where the string, quoted name or comment begins that the scanner found no end of.
fn unfinished(text: &str, message: &str) -> Option<usize> {
    let token = message.split_once(" at or near \"")?.1.strip_suffix('"')?;
    text.ends_with(token).then(|| text.len() - token.len())
}

/// The byte ranges of the comments of `text`, in order; none when it cannot be cut into tokens.
pub(crate) fn comments(text: &str) -> Vec<Range<usize>> {
    if text.contains('\0') {
        return Vec::new();
    }
    let Ok(scan) = pg_query::scan(text) else { return Vec::new() };
    let comment = |t: &pg_query::protobuf::ScanToken| {
        let span = usize::try_from(t.start).ok()?..usize::try_from(t.end).ok()?;
        matches!(t.token(), Token::SqlComment | Token::CComment).then_some(span)
    };
    scan.tokens.iter().filter_map(comment).collect()
}

/// Whether only white space follows up to the end of the line.
fn ends_line(text: &str, offset: i32) -> bool {
    let rest = usize::try_from(offset).ok().and_then(|o| text.get(o..)).unwrap_or_default();
    rest.trim_start_matches([' ', '\t', '\r']).starts_with('\n')
}

/// The message for a statement that may be right, but has too many levels: PostgreSQL's own parser
/// stops where its stack ends, and its tree is handed over with at most 100.
const TOO_DEEP: &str = "it is nested too deeply to be looked into";

fn message(error: &pg_query::Error) -> String {
    match error {
        pg_query::Error::Decode(_) => TOO_DEEP.to_owned(),
        pg_query::Error::Parse(words) if words.starts_with("stack depth limit") => {
            TOO_DEEP.to_owned()
        }
        pg_query::Error::Parse(words) | pg_query::Error::Scan(words) => words.clone(),
        other => other.to_string(),
    }
}

/// `span` without the white space, comments and empty statements before it and the white space
/// after it.
fn trimmed(text: &str, span: Range<usize>) -> Range<usize> {
    let mut start = span.start;
    loop {
        let rest = &text[start..span.end];
        let skipped = rest.len()
            - rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == ';').len();
        start += skipped;
        let rest = &text[start..span.end];
        if rest.starts_with("--") {
            start += rest.find('\n').map_or(rest.len(), |i| i + 1);
        } else if rest.starts_with("/*") {
            start += comment_length(rest);
        } else {
            break;
        }
    }
    let end = start + text[start..span.end].trim_end().len();
    start..end
}

/// Bytes of the block comment that `text` starts with; they nest (manual §4.1.5).
fn comment_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut depth, mut i) = (0usize, 0usize);
    while i + 1 < bytes.len() {
        match &bytes[i..i + 2] {
            b"/*" => (depth, i) = (depth + 1, i + 2),
            b"*/" => {
                (depth, i) = (depth - 1, i + 2);
                if depth == 0 {
                    return i;
                }
            }
            _ => i += 1,
        }
    }
    text.len()
}
