//! `REWRITE-ADD-COLUMN-VOLATILE-DEFAULT`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "REWRITE-ADD-COLUMN-VOLATILE-DEFAULT",
    title: "a column is added with a default that differs per row",
    severity: Severity::Error,
    grades: Grades::new(Loss::None, Downtime::All, Back::R0, OldApp::Works),
    fact: "a volatile default is computed for every row: the table and its indexes are written anew under ACCESS EXCLUSIVE; now() and CURRENT_TIMESTAMP are stable and cost nothing",
    instead: "add the column without a default, then SET DEFAULT, then fill the old rows in batches",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for (table, span, column) in at.added_columns() {
        let Some(default) = &column.default else { continue };
        if default.volatility < Volatility::Unknown || column.generated.is_some() {
            continue;
        }
        let calls: Vec<String> =
            default.mentions.functions.iter().map(|f| format!("{f}()")).collect();
        let draft = found
            .add(
                span,
                format!(
                    "every row of `{table}` is written anew to get its own {}",
                    if calls.is_empty() { "value".to_owned() } else { words(&calls) }
                ),
            )
            .about(table)
            .phased(phased::computed(at, table, column));
        if default.volatility == Volatility::Unknown {
            draft.unknown("whether the function is volatile").severity(Severity::Warning);
        }
    }
}
