//! Directives: what the author of a migration says to the linter, in a comment beside the SQL.
//!
//! `-- underpin: allow RULE reason` directly above a statement, inside it or behind it on its last
//! line allows that rule for that statement. Above the first statement, with a blank line between,
//! it holds for the whole file. Invariants: a reason is always given; what cannot be read is
//! reported, never passed over.

use std::ops::Range;

/// What a directive holds for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Every statement of the file.
    File,
    /// The statement of this index.
    Statement(usize),
}

/// `allow RULE reason`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allow {
    /// Bytes of the comment.
    pub span: Range<usize>,
    /// The rule's id, as written.
    pub rule: String,
    /// Why.
    pub reason: String,
    /// What it holds for.
    pub scope: Scope,
}

/// A comment that starts like a directive and is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// Bytes of the comment.
    pub span: Range<usize>,
    /// What is wrong with it.
    pub message: String,
}

/// The directives of a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Directives {
    /// In order.
    pub allows: Vec<Allow>,
    /// In order.
    pub invalid: Vec<Invalid>,
}

/// The word that makes a comment a directive.
const MARK: &str = "underpin:";

impl Directives {
    /// Reads them from the comments of `text`, whose statements lie at `statements`.
    #[must_use]
    pub fn read(text: &str, statements: &[Range<usize>]) -> Self {
        let mut directives = Self::default();
        if !text.contains(MARK) {
            return directives;
        }
        for span in crate::syntax::line_comments(text) {
            let words = text[span.clone()].trim_start_matches('-').trim();
            let Some(order) = words.strip_prefix(MARK) else { continue };
            match allow(order) {
                Ok((rule, reason)) => directives.allows.push(Allow {
                    scope: scope(text, &span, statements),
                    span,
                    rule,
                    reason,
                }),
                Err(message) => directives.invalid.push(Invalid { span, message }),
            }
        }
        directives
    }
}

fn allow(order: &str) -> Result<(String, String), String> {
    let mut words = order.trim().splitn(2, char::is_whitespace);
    match words.next() {
        Some("allow") => {}
        Some("") | None => return Err("a directive needs a word: allow RULE reason".to_owned()),
        Some(word) => return Err(format!("`{word}` is no directive; there is: allow RULE reason")),
    }
    let mut rest = words.next().unwrap_or_default().trim().splitn(2, char::is_whitespace);
    let rule = rest.next().unwrap_or_default();
    let reason = rest.next().unwrap_or_default().trim();
    if rule.is_empty() {
        return Err("`allow` needs a rule and a reason: allow RULE reason".to_owned());
    }
    if !reason.chars().any(char::is_alphanumeric) {
        return Err(format!("`allow {rule}` gives no reason"));
    }
    Ok((rule.to_owned(), reason.to_owned()))
}

fn scope(text: &str, comment: &Range<usize>, statements: &[Range<usize>]) -> Scope {
    let next = statements.partition_point(|s| s.end <= comment.start);
    if let Some(before) = next.checked_sub(1)
        && !text[statements[before].end..comment.start].contains('\n')
    {
        return Scope::Statement(before);
    }
    let Some(statement) = statements.get(next) else {
        return if next == 0 { Scope::File } else { Scope::Statement(next - 1) };
    };
    let between = text.get(comment.end..statement.start).unwrap_or_default();
    let blank = has_blank_line(between);
    if next == 0 && blank { Scope::File } else { Scope::Statement(next) }
}

/// Whether a whole line of `between` is empty.
fn has_blank_line(between: &str) -> bool {
    let lines: Vec<&str> = between.split('\n').collect();
    lines.len() > 2 && lines[1..lines.len() - 1].iter().any(|line| line.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Script;

    fn read(text: &str) -> Directives {
        let spans: Vec<_> = Script::parse(text).statements.into_iter().map(|s| s.span).collect();
        Directives::read(text, &spans)
    }

    fn scopes(text: &str) -> Vec<Scope> {
        read(text).allows.into_iter().map(|a| a.scope).collect()
    }

    #[test]
    fn where_it_stands_decides_what_it_holds_for() {
        let allow = "-- underpin: allow LOSS-DROP-TABLE nobody reads it";
        assert_eq!(scopes(&format!("{allow}\nSELECT 1;")), [Scope::Statement(0)]);
        assert_eq!(scopes(&format!("{allow}\n-- why\nSELECT 1;")), [Scope::Statement(0)]);
        assert_eq!(scopes(&format!("{allow}\n\nSELECT 1;")), [Scope::File]);
        assert_eq!(scopes(&format!("SELECT 1; {allow}\nSELECT 2;")), [Scope::Statement(0)]);
        assert_eq!(scopes(&format!("SELECT 1;\n\n{allow}\n\nSELECT 2;")), [Scope::Statement(1)]);
        assert_eq!(scopes(&format!("SELECT 1;\nSELECT {allow}\n2;")), [Scope::Statement(1)]);
        assert_eq!(scopes(&format!("SELECT '{allow}';")), []);
        assert_eq!(scopes(&format!("/* {allow} */ SELECT 1")), []);
        assert_eq!(scopes(allow), [Scope::File]);
    }

    #[test]
    fn without_a_rule_or_a_reason_it_is_refused() {
        for order in ["allow", "allow LOSS-DROP-TABLE", "allow LOSS-DROP-TABLE  - ", "", "deny X y"]
        {
            let directives = read(&format!("-- underpin: {order}\nSELECT 1"));
            assert_eq!((directives.allows.len(), directives.invalid.len()), (0, 1), "{order}");
        }
        let directives = read("--underpin: allow A-B  it is  so \nSELECT 1");
        assert_eq!(directives.allows[0].reason, "it is  so");
    }
}
