//! Names before the parser cuts them, which only the scanner sees.

use std::ops::Range;

use pg_query::protobuf::Token;

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
    fn only_long_names_are_found() {
        let long = "x".repeat(64);
        let text = format!("SELECT {long}, \"{long}\", short, '{long}'");
        let names: Vec<String> = long_names(&text, 63).into_iter().map(|(_, n)| n).collect();
        assert_eq!(names, [long.clone(), long]);
        assert!(long_names("\0", 0).is_empty());
    }
}
