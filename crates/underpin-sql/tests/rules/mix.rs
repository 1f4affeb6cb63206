//! Any mixture of statements is judged without a panic, and every finding lies in the file.

use std::sync::OnceLock;

use proptest::prelude::*;
use underpin_sql::Script;
use underpin_sql::finding::Position;
use underpin_sql::lint::{Options, Runner, Source, lint};
use underpin_sql::rules::RULES;

/// Every statement of every rule's scripts.
fn statements() -> &'static [String] {
    static ALL: OnceLock<Vec<String>> = OnceLock::new();
    ALL.get_or_init(|| {
        let scripts = RULES.iter().flat_map(|e| [e.bad, e.good]);
        let mut all: Vec<String> = scripts
            .flat_map(|text| {
                let spans = Script::parse(text).statements.into_iter().map(|s| s.span);
                spans.map(|span| text[span].to_owned()).collect::<Vec<_>>()
            })
            .collect();
        all.sort();
        all.dedup();
        all
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_mixture_is_judged(
        picks in prop::collection::vec(any::<prop::sample::Index>(), 1..12),
        cut in any::<prop::sample::Index>(),
        runner in 0..3usize,
        pending in any::<bool>(),
    ) {
        let runner = [Runner::Underpin, Runner::Prisma, Runner::PrismaSplit][runner];
        let lines: Vec<&str> =
            picks.iter().map(|pick| pick.get(statements()).as_str()).collect();
        let mut text = lines.join(";\n");
        // Half a statement at the end.
        let end = text.floor_char_boundary(text.len() / 2 + cut.index(text.len() / 2 + 1));
        text.truncate(end);
        let half = text.floor_char_boundary(text.len() / 2);
        let parts = [text[..half].to_owned(), text[half..].to_owned()];
        let sources = parts.iter().enumerate().map(|(number, text)| Source {
            name: number.to_string(),
            path: number.to_string(),
            text: text.clone(),
            judged: true,
        });
        let options = Options {
            runner,
            pending_from: pending.then_some(0),
            enabled: RULES.iter().map(|e| e.rule.id.to_owned()).collect(),
            ..Options::default()
        };
        let report = lint(sources.collect(), &options);
        for (file, finding) in report.findings() {
            prop_assert!(file.text.get(finding.span.clone()).is_some(), "{finding:?}");
            prop_assert!(finding.statement < file.statements.len(), "{finding:?}");
            prop_assert_eq!(finding.start, Position::of(&file.text, finding.span.start));
            prop_assert!(!finding.message.contains('\n') || file.text.contains('\n'));
        }
        for file in &report.files {
            prop_assert!(file.totals.judged <= file.totals.statements);
        }
    }
}
