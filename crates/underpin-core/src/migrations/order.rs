//! The order of migrations: JavaScript's `localeCompare` (ICU root collation), as Prisma sorts
//! since 6.6.0. Measured order for ASCII: punctuation as below, then digits, then letters, where
//! case only breaks ties, lower case first.

use std::cmp::Ordering;

/// ASCII punctuation in ICU root order.
const PUNCTUATION: &str = " _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$";

/// Compares two names as Prisma does. Characters outside ASCII come after ASCII letters, by code
/// point: for those ICU's tables would be needed, and migration names do not have them.
#[must_use]
pub fn compare_names(a: &str, b: &str) -> Ordering {
    a.chars()
        .map(primary)
        .cmp(b.chars().map(primary))
        .then_with(|| a.chars().map(is_upper).cmp(b.chars().map(is_upper)))
        .then_with(|| a.cmp(b))
}

fn primary(c: char) -> (u8, u32) {
    if let Some(i) = PUNCTUATION.find(c) {
        (1, u32::try_from(i).unwrap_or(0))
    } else if c.is_ascii_control() {
        (0, u32::from(c))
    } else if c.is_ascii_digit() {
        (2, u32::from(c))
    } else {
        (3, u32::from(c.to_lowercase().next().unwrap_or(c)))
    }
}

fn is_upper(c: char) -> bool {
    c.is_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_measured_order() {
        let mut names = [
            "Z",
            "b_x",
            "A_up",
            "a_low",
            "10_b",
            "1_init",
            "20240101120000_y",
            "20240101_x",
            "a-b",
            "a_b",
            "a b",
        ];
        names.sort_by(|a, b| compare_names(a, b));
        assert_eq!(
            names,
            [
                "1_init",
                "10_b",
                "20240101_x",
                "20240101120000_y",
                "a b",
                "a_b",
                "a_low",
                "A_up",
                "a-b",
                "b_x",
                "Z"
            ]
        );
    }
}
