//! The two scripts of a rule's folder.
//!
//! Lines at the head: `-- also: RULE, RULE` (other rules that speak of the bad script), `-- runner:
//! prisma | prisma-split`, `-- server: 15`, `-- facts: {json}`, `-- enable: RULE`, `-- proves: …`
//! (see `proof.rs`) or `-- unproven: why no server can be asked`, `-- since: 14` (the first major that runs it). Then `-- given` with what is
//! there before, and one `-- migration` for each pending file.

use underpin_sql::lint::{Facts, Options, Report, Runner, Source, lint};

/// A script of a rule's folder, read.
#[derive(Debug, Default)]
pub(super) struct Fixture {
    pub(super) also: Vec<String>,
    pub(super) options: Options,
    pub(super) proofs: Vec<String>,
    /// Why no server can be asked.
    pub(super) unproven: Option<String>,
    /// What phases stand for, where it is not the migration.
    pub(super) stands_for: Option<String>,
    /// Why the phases may write a table anew under ACCESS EXCLUSIVE.
    pub(super) rewrites: Option<String>,
    /// The rule whose phases are meant.
    pub(super) of: Option<String>,
    pub(super) since: Option<u32>,
    pub(super) given: String,
    pub(super) migrations: Vec<String>,
}

impl Fixture {
    /// Reads it.
    pub(super) fn read(rule: &str, text: &str) -> Self {
        let mut fixture = Self::default();
        fixture.options.enabled.push(rule.to_owned());
        let mut part: Option<usize> = None;
        for line in text.lines() {
            match (line.trim_end(), part) {
                ("-- given", _) => part = Some(0),
                ("-- migration", _) => {
                    fixture.migrations.push(String::new());
                    part = Some(fixture.migrations.len());
                }
                (line, None) => fixture.head(line),
                (line, Some(0)) => fixture.given += &format!("{line}\n"),
                (line, Some(n)) => fixture.migrations[n - 1] += &format!("{line}\n"),
            }
        }
        assert!(!fixture.migrations.is_empty(), "{rule}: no -- migration in\n{text}");
        fixture
    }

    fn head(&mut self, line: &str) {
        let Some((key, value)) = line.trim_start_matches("-- ").split_once(": ") else {
            assert!(line.is_empty(), "not understood: {line}");
            return;
        };
        let list = || value.split(", ").map(str::to_owned).collect::<Vec<_>>();
        match key {
            "also" => self.also = list(),
            "enable" => self.options.enabled.extend(list()),
            "proves" => self.proofs.push(value.to_owned()),
            "unproven" => self.unproven = Some(value.to_owned()),
            "as" => self.stands_for = Some(value.to_owned()),
            "rewrites" => self.rewrites = Some(value.to_owned()),
            "of" => self.of = Some(value.to_owned()),
            "since" => self.since = Some(value.parse().unwrap()),
            "server" => self.options.server_major = Some(value.parse().unwrap()),
            "facts" => self.options.facts = serde_json::from_str::<Facts>(value).unwrap(),
            "runner" => {
                self.options.runner = match value {
                    "underpin" => Runner::Underpin,
                    "prisma" => Runner::Prisma,
                    "prisma-split" => Runner::PrismaSplit,
                    _ => panic!("no runner {value}"),
                }
            }
            _ => panic!("not understood: {line}"),
        }
    }

    /// The rules that speak, without duplicates, sorted.
    pub(super) fn fired(&self) -> Vec<&'static str> {
        let report = self.report();
        let mut fired: Vec<&str> = report.findings().map(|(_, f)| f.rule).collect();
        fired.sort_unstable();
        fired.dedup();
        fired
    }

    /// What the linter says of the migrations.
    pub(super) fn report(&self) -> Report {
        let source = |name: String, text: &String, judged| Source {
            path: format!("{name}/migration.sql"),
            name,
            text: text.clone(),
            judged,
        };
        let mut sources = vec![source("0_given".to_owned(), &self.given, false)];
        for (number, text) in self.migrations.iter().enumerate() {
            sources.push(source(format!("{}_it", number + 1), text, true));
        }
        let mut options = self.options.clone();
        if self.migrations.len() > 1 {
            options.pending_from = Some(1);
        }
        lint(sources, &options)
    }
}
