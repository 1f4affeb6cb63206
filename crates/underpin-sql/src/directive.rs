//! Directives: comments of the form `-- underpin: WORD …` by which the author of a migration
//! speaks to this program. One comment is one directive; a directive ends with its line.
//!
//! Only comments count: the same text inside a string or a function's body is none.

use std::ops::Range;

use crate::syntax;

/// What a directive begins with, behind the two hyphens.
const MARK: &str = "underpin:";

/// One directive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directive<'a> {
    /// The bytes of the comment.
    pub span: Range<usize>,
    /// 1-based line.
    pub line: usize,
    /// The first word, such as `allow`.
    pub word: &'a str,
    /// Everything behind it, trimmed.
    pub rest: &'a str,
}

/// The directives of a script, in order. A script that cannot be cut into tokens (a string that
/// does not end) has none.
#[must_use]
pub fn directives(text: &str) -> Vec<Directive<'_>> {
    if !text.contains(MARK) {
        return Vec::new();
    }
    let of = |span: Range<usize>| {
        let comment = text.get(span.clone())?.strip_prefix("--")?;
        let said = comment.trim_start().strip_prefix(MARK)?.trim();
        let (word, rest) = said.split_once(char::is_whitespace).unwrap_or((said, ""));
        let line = text[..span.start].matches('\n').count() + 1;
        Some(Directive { span, line, word, rest: rest.trim() })
    };
    syntax::comments(text).into_iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_comments_are_directives() {
        let text = "-- underpin: probe SELECT true  \n\
            SELECT '-- underpin: probe no';\n\
            DO $$ -- underpin: no\nBEGIN END $$;\n\
            /* underpin: no */ --underpin:ask\n-- underpin is a word";
        let found = directives(text);
        let words: Vec<_> = found.iter().map(|d| (d.line, d.word, d.rest)).collect();
        assert_eq!(words, [(1, "probe", "SELECT true"), (5, "ask", "")]);
        assert_eq!(&text[found[0].span.clone()], "-- underpin: probe SELECT true  ");
    }

    #[test]
    fn a_script_that_is_no_sql_has_none() {
        assert!(directives("SELECT 'a\n-- underpin: probe x").is_empty());
        assert!(directives("\0 -- underpin: x").is_empty());
    }
}
