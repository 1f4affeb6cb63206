//! Names in messages.

use std::fmt::Display;

/// `a`, `a and b`, `a, b and 3 more`.
#[must_use]
pub fn words<T: Display>(names: &[T]) -> String {
    match names {
        [] => String::new(),
        [one] => format!("`{one}`"),
        [a, b] => format!("`{a}` and `{b}`"),
        [a, b, c] => format!("`{a}`, `{b}` and `{c}`"),
        [a, b, rest @ ..] => format!("`{a}`, `{b}` and {} more", rest.len()),
    }
}
