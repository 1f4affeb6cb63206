//! What a code means: ours (`UP-3201`), a rule's (`LOSS-DROP-COLUMN`), the server's SQLSTATE
//! (`55P03`), Prisma's (`P3005`).
//!
//! One source for `underpin explain` and for the pages in `docs/`: the table of error codes and
//! `underpin.rs`, the rules' rows, `prisma.md`, `sqlstate.md`. Every page says what it means, the
//! cause, what has become of the database, and the way out as commands. Non-goals: what a page
//! looks like on a terminal.
//!
//! Sources: Prisma's codes as `docs/reference/prisma.md` measured them; SQLSTATEs by PostgreSQL's
//! manual, appendix A.

mod nearest;
mod page;
mod rule;
mod underpin;

use std::fmt::Write as _;

/// Whose code it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An error of Underpin.
    Underpin,
    /// A rule of `lint` and `plan`.
    Rule,
    /// An error of Prisma's `migrate`.
    Prisma,
    /// A state that the server gives with an error.
    Sqlstate,
}

impl Kind {
    /// For a person.
    #[must_use]
    pub fn phrase(self) -> &'static str {
        match self {
            Self::Underpin => "error code of Underpin",
            Self::Rule => "rule of lint and plan",
            Self::Prisma => "error of prisma migrate",
            Self::Sqlstate => "SQLSTATE of PostgreSQL",
        }
    }
}

/// A page.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Explanation {
    /// The code, as it is printed.
    pub id: String,
    /// Whose.
    pub kind: Kind,
    /// In a few words.
    pub title: String,
    /// What it means.
    pub means: String,
    /// What leads to it; empty where the meaning says it.
    pub cause: String,
    /// What has become of the database.
    pub state: String,
    /// What to do.
    pub way_out: String,
    /// The same as commands; capitals stand for a name of yours.
    pub commands: Vec<String>,
}

impl Explanation {
    /// As Markdown: the page in `docs/`.
    #[must_use]
    pub fn markdown(&self) -> String {
        if let Some(page) = rule::markdown(&self.id) {
            return page;
        }
        let mut text = format!("# {}: {}\n\n{}\n", self.id, self.title, self.means);
        for (head, body) in [
            ("Cause", &self.cause),
            ("State of the database", &self.state),
            ("Way out", &self.way_out),
        ] {
            if !body.is_empty() {
                let _infallible = write!(text, "\n## {head}\n\n{body}\n");
            }
        }
        if !self.commands.is_empty() {
            let _infallible = write!(text, "\n```sh\n{}\n```\n", self.commands.join("\n"));
        }
        text
    }
}

/// Every page, ours first.
#[must_use]
pub fn all() -> Vec<Explanation> {
    let mut pages = underpin::pages();
    pages.extend(rule::pages());
    pages.extend(page::read(Kind::Prisma, include_str!("prisma.md")));
    pages.extend(page::read(Kind::Sqlstate, include_str!("sqlstate.md")));
    pages
}

/// The page of a code; upper and lower case are the same, and `3201` is `UP-3201`.
///
/// # Errors
/// The codes that are most like it, nearest first; none when nothing is like it.
pub fn explain(code: &str) -> Result<Explanation, Vec<String>> {
    let wanted = code.trim().to_ascii_uppercase();
    let with_prefix = format!("UP-{}", wanted.trim_start_matches("UP").trim_start_matches('-'));
    let pages = all();
    let found = pages.iter().find(|p| p.id == wanted || p.id == with_prefix);
    match found {
        Some(page) => Ok(page.clone()),
        None => Err(nearest::of(&wanted, pages.iter().map(|p| p.id.as_str()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_says_all_that_it_has_to() {
        let pages = all();
        for page in &pages {
            let holds = [&page.title, &page.means, &page.state, &page.way_out];
            assert!(holds.iter().all(|t| !t.trim().is_empty()), "{page:?}");
            assert!(!page.commands.is_empty(), "{} has no command", page.id);
            if matches!(page.kind, Kind::Prisma | Kind::Sqlstate) {
                assert!(!page.cause.is_empty(), "{} has no cause", page.id);
            }
            assert!(page.markdown().starts_with(&format!("# {}: ", page.id)), "{}", page.id);
        }
        let mut ids: Vec<_> = pages.iter().map(|p| &p.id).collect();
        ids.sort();
        let count = ids.len();
        ids.dedup();
        assert_eq!(count, ids.len(), "a code has two pages");
    }

    #[test]
    fn prismas_codes_of_the_contract_are_all_there() {
        let wanted = (1000..=1003).chain(1008..=1017).chain([3000]).chain(3004..=3024);
        for code in wanted {
            assert!(explain(&format!("P{code}")).is_ok(), "P{code}");
        }
    }

    #[test]
    fn a_code_is_found_however_it_is_typed() {
        for (typed, id) in [
            ("up-3201", "UP-3201"),
            ("3201", "UP-3201"),
            ("UP3201", "UP-3201"),
            (" p3005 ", "P3005"),
            ("55p03", "55P03"),
            ("loss-drop-column", "LOSS-DROP-COLUMN"),
        ] {
            assert_eq!(explain(typed).unwrap().id, id, "{typed}");
        }
    }

    #[test]
    fn what_is_not_known_names_what_is_near() {
        assert_eq!(explain("P3055").unwrap_err().first().unwrap(), "P3005");
        assert!(explain("LOSS-DROP-COLUMNS").unwrap_err().contains(&"LOSS-DROP-COLUMN".to_owned()));
        assert!(explain("DROP-COLUMN").unwrap_err().contains(&"LOSS-DROP-COLUMN".to_owned()));
        assert!(explain("something else entirely").unwrap_err().is_empty());
    }

    #[test]
    fn what_a_page_refers_to_is_there() {
        for page in all() {
            for command in &page.commands {
                if let Some(code) = command.strip_prefix("underpin explain ") {
                    assert!(explain(code).is_ok(), "{} names {code}", page.id);
                }
            }
        }
    }
}
