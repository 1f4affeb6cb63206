//! `REWRITE-ADD-COLUMN-SERIAL`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "REWRITE-ADD-COLUMN-SERIAL",
    title: "a serial column is added",
    severity: Severity::Error,
    grades: Grades::new(Loss::None, Downtime::All, Back::R0, OldApp::Works),
    fact: "nextval() is volatile: the table and its indexes are written anew under ACCESS EXCLUSIVE",
    instead: "add a nullable bigint, make a sequence, SET DEFAULT nextval(…), fill the old rows in batches",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for (table, span, column) in at.added_columns() {
        if column.type_name.as_ref().is_some_and(TypeName::is_serial) {
            found
                .add(span, format!("every row of `{table}` is written anew to get a number"))
                .about(table)
                .phased(phased::serial(at, table, column));
        }
    }
}
