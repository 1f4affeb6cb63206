//! A page for each rule, and their index.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use underpin_sql::rules::RULES;

/// What the families are about, in the order of the index.
const FAMILIES: &[(&str, &str)] = &[
    ("LOSS", "data destroyed or silently changed"),
    ("FAIL", "the migration will abort, or stop half way"),
    ("REWRITE", "tables written anew under an exclusive lock"),
    ("META", "type changes that touch the catalog only"),
    ("SCAN", "whole tables read under a lock"),
    ("BUILD", "indexes built under a lock"),
    ("LOCK", "short strong locks, queues, other tables locked"),
    ("COMPAT", "what breaks the application version that is still running"),
    ("TX", "transactions and session settings"),
    ("OPS", "operation, privileges, opaque SQL"),
    ("DIRECTIVE", "directives in the migrations themselves"),
    ("STYLE", "design advice; off by default"),
    ("PERF", "performance advice; off by default"),
];

/// The pages by path.
pub(crate) fn pages() -> BTreeMap<PathBuf, String> {
    let mut pages: BTreeMap<PathBuf, String> = RULES
        .iter()
        .map(|entry| (PathBuf::from(format!("docs/rules/{}.md", entry.rule.id)), entry.markdown()))
        .collect();
    pages.insert(PathBuf::from("docs/rules/README.md"), index());
    pages
}

fn index() -> String {
    let mut text = format!(
        "# Rules\n\nGenerated from the {} folders in `crates/underpin-sql/src/rules`. A migration allows a rule with a\n\
         comment above the statement: `-- underpin: allow RULE reason`.\n",
        RULES.len()
    );
    for (family, about) in FAMILIES {
        let _infallible =
            write!(text, "\n## {family}: {about}\n\n| rule | finds | level |\n|---|---|---|\n");
        for entry in RULES.iter().filter(|e| e.rule.family() == *family) {
            let rule = entry.rule;
            let needs = if rule.needs_facts { ", with a database" } else { "" };
            let _infallible = writeln!(
                text,
                "| [{id}]({id}.md) | {} | {}{needs} |",
                rule.title,
                rule.severity.word(),
                id = rule.id
            );
        }
    }
    text
}
