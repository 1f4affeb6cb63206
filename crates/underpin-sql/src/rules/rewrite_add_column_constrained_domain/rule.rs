//! `REWRITE-ADD-COLUMN-CONSTRAINED-DOMAIN`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "REWRITE-ADD-COLUMN-CONSTRAINED-DOMAIN",
    title: "a column of a domain with conditions is added",
    severity: Severity::Error,
    grades: Grades::new(Loss::None, Downtime::All, Back::R0, OldApp::Works),
    fact: "a domain with CHECK or NOT NULL makes ADD COLUMN write the table anew under ACCESS EXCLUSIVE, even without a default",
    instead: "a column of the base type, with a CHECK … NOT VALID that is validated later",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for (table, span, column) in at.added_columns() {
        let of = column.type_name.as_ref().filter(|t| !t.array);
        if let Some(name) = of.filter(|t| at.record.domain(&t.name).is_some_and(|d| d.constrained))
        {
            found
                .add(
                    span,
                    format!(
                        "every row of `{table}` is written anew to check domain `{}`",
                        name.name
                    ),
                )
                .about(table);
        }
    }
}
