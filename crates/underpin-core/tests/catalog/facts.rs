//! The same DDL gives the same facts on every major.

use super::{dump, everything, snapshot};

#[tokio::test]
async fn the_same_ddl_gives_the_same_facts_on_every_major() {
    let mut first: Option<(u32, String)> = None;
    for major in underpin_testkit::majors() {
        let mut database = everything(major).await;
        let read = snapshot(&mut database).await;
        let text = dump(&read);
        match &first {
            None => first = Some((major, text)),
            Some((other, expected)) => {
                let differing: Vec<String> = expected
                    .lines()
                    .filter(|line| !text.lines().any(|l| l == *line))
                    .map(|line| format!("- {line}"))
                    .chain(
                        text.lines()
                            .filter(|line| !expected.lines().any(|l| l == *line))
                            .map(|line| format!("+ {line}")),
                    )
                    .collect();
                assert!(text == *expected, "{other} and {major} differ:\n{}", differing.join("\n"));
            }
        }
    }
}
