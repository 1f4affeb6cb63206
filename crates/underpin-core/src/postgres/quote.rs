//! Quoting, the only place where a value or a name enters SQL text.

/// `name` as a quoted identifier (manual §4.1.1): double quotes doubled. A NUL, which no
/// PostgreSQL name can hold, is dropped.
#[must_use]
pub fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('\0', "").replace('"', "\"\""))
}

/// `value` as a string literal that means the same under either setting of
/// `standard_conforming_strings` (manual §4.1.2): quotes doubled, and the `E''` form as soon as
/// there is a backslash. A NUL, which no PostgreSQL text can hold, is dropped.
#[must_use]
pub fn literal(value: &str) -> String {
    let value = value.replace('\0', "").replace('\'', "''");
    if value.contains('\\') {
        format!(" E'{}'", value.replace('\\', "\\\\"))
    } else {
        format!("'{value}'")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_cannot_leave_their_quotes() {
        assert_eq!(identifier("a\"b"), "\"a\"\"b\"");
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal("\\'; DROP"), " E'\\\\''; DROP'");
    }
}
