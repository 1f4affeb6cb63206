//! What the author of a migration allows: `-- underpin: allow RULE reason`.
//!
//! Directly above a statement, inside it or behind it on its last line the directive holds for that
//! statement; above the first one, with a blank line between, for the whole file. Invariants: a
//! reason is always given; what cannot be read is reported, never passed over.

use std::ops::Range;

use crate::directive::directives;

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

/// The directives of a file that speak to the linter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Allows {
    /// In order.
    pub allows: Vec<Allow>,
    /// In order.
    pub invalid: Vec<Invalid>,
}

/// The words of other directives, which `underpin-core` reads (`migrations::declared`).
const OTHER_WORDS: &[&str] = &["probe", "undecided", "partial"];

impl Allows {
    /// Reads them from the comments of `text`, whose statements lie at `statements`.
    #[must_use]
    pub fn read(text: &str, statements: &[Range<usize>]) -> Self {
        let mut found = Self::default();
        for directive in directives(text) {
            if OTHER_WORDS.contains(&directive.word) {
                continue;
            }
            let span = directive.span.start
                ..directive.span.start + text[directive.span.clone()].trim_end().len();
            match allow(directive.word, directive.rest) {
                Ok((rule, reason)) => found.allows.push(Allow {
                    scope: scope(text, &span, statements),
                    span,
                    rule,
                    reason,
                }),
                Err(message) => found.invalid.push(Invalid { span, message }),
            }
        }
        found
    }
}

fn allow(word: &str, rest: &str) -> Result<(String, String), String> {
    match word {
        "allow" => {}
        "" => return Err("a directive needs a word: allow RULE reason".to_owned()),
        word => return Err(format!("`{word}` is no directive; there is: allow RULE reason")),
    }
    let mut rest = rest.splitn(2, char::is_whitespace);
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

    fn read(text: &str) -> Allows {
        let spans: Vec<_> = Script::parse(text).statements.into_iter().map(|s| s.span).collect();
        Allows::read(text, &spans)
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
            let found = read(&format!("-- underpin: {order}\nSELECT 1"));
            assert_eq!((found.allows.len(), found.invalid.len()), (0, 1), "{order}");
        }
        let found = read("--underpin: allow A-B  it is  so \nSELECT 1");
        assert_eq!(found.allows[0].reason, "it is  so");
    }
}
