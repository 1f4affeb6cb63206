//! Where the parser stopped, which it does not tell.

use std::ops::Range;

/// Places of the same token that are tried.
const CANDIDATES_MAX: usize = 64;

/// The bytes of the token that `message` complains of, in the statement that was parsed.
///
/// The parser gives only the token's text (`syntax error at or near "x"`). The token it means is the
/// first one of that text up to which the statement is refused with the same message: cut before it,
/// the parser reaches the end of the input instead.
#[must_use]
pub fn error_place(statement: &str, message: &str) -> Option<Range<usize>> {
    if statement.contains('\0') {
        return None;
    }
    if message.ends_with("at end of input") {
        return Some(statement.len()..statement.len());
    }
    let token = message.split_once(" near \"")?.1.strip_suffix('"')?;
    if token.is_empty() {
        return None;
    }
    let places = statement.match_indices(token).map(|(start, _)| start..start + token.len());
    let refused = |place: &Range<usize>| {
        pg_query::parse(&statement[..place.end], 0)
            .is_err_and(|error| super::message(&error) == message)
    };
    let mut candidates: Vec<Range<usize>> = places.take(CANDIDATES_MAX).collect();
    let only = candidates.len() == 1;
    candidates.retain(|c| only || refused(c));
    candidates.into_iter().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(statement: &str) -> Option<usize> {
        let pg_query::Error::Parse(message) = pg_query::parse(statement, 0).unwrap_err() else {
            panic!("{statement}")
        };
        error_place(statement, &message).map(|p| p.start)
    }

    #[test]
    fn the_right_one_of_several_is_found() {
        let text = "SELECT a, b FROM t, u, v WHERE , x";
        assert_eq!(near(text), Some(text.rfind(',').unwrap()));
        assert_eq!(near("ALTER TABEL t"), Some(6));
        assert_eq!(near("CREATE TABLE t ("), Some(16));
        assert_eq!(near("SELECT 'open"), Some(7));
    }
}
