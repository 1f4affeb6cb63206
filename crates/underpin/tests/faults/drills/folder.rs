//! A folder that holds what nobody expects.

use super::Shown;
use crate::check;
use crate::lab::{Lab, database};

/// Nothing, a comment, a byte order of its own in names, a name that tries to end a literal.
const ODD: [(&str, &str); 4] = [
    ("20260101000000_empty", ""),
    ("20260102000000_comment", "-- nothing to do\n/* nor /* here */ */\n"),
    (
        "20260103000000_o'clock; DROP TABLE \"x\" --",
        "CREATE TABLE \"a\"\"b'; DROP TABLE x; --\" (\"\u{202e}evil\n\" INTEGER);",
    ),
    (
        "20260104000000_long",
        "CREATE TABLE \"a_name_that_is_longer_than_the_sixty_three_bytes_that_the_server_keeps_of_it\" ();",
    ),
];

pub(super) async fn odd(major: u32) -> Shown {
    let lab = Lab::new(major).await;
    let (_, url) = database(&lab.server).await;
    let project = lab.project(&ODD);
    let first = project.deploy(&url).await;
    let again = project.deploy(&url).await;
    let verified = project.run(&url, &["verify"]).await;
    let found = check::read(&url, "SELECT 'nothing', 0").await;
    if let Some(end) = [&first, &again, &verified].into_iter().find(|end| !end.is_success()) {
        return Shown::Broken(end.text.clone());
    }
    if first.text.chars().any(|c| c.is_control() && c != '\n') || found.finished.len() != ODD.len()
    {
        return Shown::Broken(format!("{found:?}\n{}", first.text));
    }
    Shown::Kept(format!("{} migrations recorded", found.finished.len()))
}
