//! `STYLE-MONEY-TYPE`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "STYLE-MONEY-TYPE",
    title: "money",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Works),
    fact: "the currency and the digits of money come from lc_monetary, a setting",
    instead: "numeric",
    default: false,
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for column in defined_columns(at).into_iter().filter(|c| has_type(c, &["money"])) {
        found.add(&column.span, format!("`{}` is money", column.name));
    }
}
