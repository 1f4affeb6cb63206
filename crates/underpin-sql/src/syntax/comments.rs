//! What only the scanner sees: comments, and names before they are cut.

use std::ops::Range;

use pg_query::protobuf::Token;

/// The byte ranges of the `--` comments in `text`, without their line ends. A text that the
/// scanner refuses (an unfinished string) has none up to where it can be read.
#[must_use]
pub fn line_comments(text: &str) -> Vec<Range<usize>> {
    if text.contains('\0') {
        return Vec::new();
    }
    let Ok(scan) = pg_query::scan(text) else { return Vec::new() };
    let place = |at: i32| usize::try_from(at).ok().filter(|at| text.is_char_boundary(*at));
    scan.tokens
        .iter()
        .filter(|token| token.token() == Token::SqlComment)
        .filter_map(|token| Some(place(token.start)?..place(token.end)?))
        .map(|span| span.start..span.start + text[span].trim_end().len())
        .collect()
}

/// The names in `text` that are longer than `limit` bytes, without their quotes; the parser cuts them
/// before anybody sees them (manual §4.1.1).
#[must_use]
pub fn long_names(text: &str, limit: usize) -> Vec<(Range<usize>, String)> {
    let in_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$');
    if text.contains('\0')
        || !text.split(['"', ';', '\n']).any(|part| part.len() > limit)
            && !text.split(|c| !in_name(c)).any(|word| word.len() > limit)
    {
        return Vec::new();
    }
    let Ok(scan) = pg_query::scan(text) else { return Vec::new() };
    let place = |at: i32| usize::try_from(at).ok().filter(|at| text.is_char_boundary(*at));
    scan.tokens
        .iter()
        .filter(|token| token.token() == Token::Ident)
        .filter_map(|token| Some(place(token.start)?..place(token.end)?))
        .filter_map(|span| {
            let word = &text[span.clone()];
            let name = match word.strip_prefix('"').and_then(|w| w.strip_suffix('"')) {
                Some(quoted) => quoted.replace("\"\"", "\""),
                None => word.to_lowercase(),
            };
            (name.len() > limit).then_some((span, name))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_comments_are_found() {
        let text = "-- ä one\r\nSELECT '-- no', $$ -- no $$; -- two\n/* -- no */ SELECT 1 --";
        let found: Vec<&str> = line_comments(text).into_iter().map(|s| &text[s]).collect();
        assert_eq!(found, ["-- ä one", "-- two", "--"]);
        assert!(line_comments("SELECT 'open -- x").is_empty());
        assert!(line_comments("\0").is_empty());
    }
}
