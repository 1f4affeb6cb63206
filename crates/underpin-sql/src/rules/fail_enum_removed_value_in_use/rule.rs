//! `FAIL-ENUM-REMOVED-VALUE-IN-USE`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "FAIL-ENUM-REMOVED-VALUE-IN-USE",
    title: "rows may still hold an enum label that is removed",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::Brief, Back::R0, OldApp::Works),
    fact: "one row with the removed label ends the rewrite with 22P02",
    instead: "",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for swap in enum_swaps(at) {
        let Some(labels) = swap.removed.filter(|l| !l.is_empty()) else { continue };
        let list: Vec<String> =
            labels.iter().map(|l| format!("'{}'", l.replace('\'', "''"))).collect();
        let (table, column) = (swap.table, Name::bare(swap.column));
        found
            .add(swap.span, format!("this fails if a row of `{table}` still holds {}", words(&labels)))
            .about(table)
            .unknown("whether rows hold it")
            .instead(format!(
                "count first: SELECT {column}, count(*) FROM {table} WHERE {column}::text IN ({}) GROUP BY 1;",
                list.join(", ")
            ));
    }
}
