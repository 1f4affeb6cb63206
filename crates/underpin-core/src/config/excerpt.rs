//! Places in files for errors: the line is shown without texts and comments, since any of them
//! may hold a password.

use std::ops::Range;
use std::path::Path;

use crate::error::SourceLocation;

/// The place of byte `offset`. `hidden` are the ranges that must not be shown, in order.
pub(super) fn location(
    file: &Path,
    text: &str,
    offset: usize,
    hidden: &[Range<usize>],
) -> SourceLocation {
    let file = file.display().to_string();
    let mut place = SourceLocation::at(&file, text, offset);
    let offset = offset.min(text.len());
    let line_start =
        text.as_bytes()[..offset].iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
    let mut shown = String::new();
    let mut last_hidden = None;
    place.column = 1;
    for (i, c) in text[line_start..].char_indices().take_while(|(_, c)| *c != '\n') {
        let at = line_start + i;
        if at == offset {
            place.column = shown.chars().count() + 1;
        }
        let range = hidden.partition_point(|r| r.end <= at);
        if hidden.get(range).is_some_and(|r| r.contains(&at)) {
            if last_hidden != Some(range) {
                shown.push_str("***");
            }
            last_hidden = Some(range);
        } else {
            shown.push(c);
        }
    }
    place.text = shown.trim_end_matches('\r').to_owned();
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_masked_and_the_column_follows() {
        let text = "a\nurl: 'SECRET' + x // SECRET\nb";
        let (plus, comment) = (text.find('+').unwrap(), text.find("//").unwrap());
        let hidden = [7..15, comment..comment + 9];
        let place = location(Path::new("f.ts"), text, plus, &hidden);
        assert_eq!((place.line, place.column), (2, 10));
        assert_eq!(place.text, "url: *** + x ***");
    }

    #[test]
    fn a_line_inside_of_a_hidden_range_shows_nothing_of_it() {
        let text = "url: `a\nSECRET\n`";
        let hidden = vec![Range { start: 5, end: 16 }];
        let place = location(Path::new("f.ts"), text, text.find('S').unwrap(), &hidden);
        assert_eq!((place.line, place.text.as_str()), (2, "***"));
    }
}
