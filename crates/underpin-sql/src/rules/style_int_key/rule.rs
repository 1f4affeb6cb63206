//! `STYLE-INT-KEY`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "STYLE-INT-KEY",
    title: "a key of 32 bits",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Works),
    fact: "integer ends at 2,147,483,647; changing a key's type rewrites the table",
    instead: "bigint (BigInt in Prisma)",
    default: false,
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let Statement::CreateTable(s) = at.statement() else { return };
    let keys: Vec<&String> = s
        .all_constraints()
        .filter_map(|c| match &c.kind {
            ConstraintKind::PrimaryKey { columns, .. } => Some(columns),
            _ => None,
        })
        .flatten()
        .collect();
    let small = ["int2", "int4", "serial", "serial4", "smallserial", "serial2"];
    for column in s.columns.iter().filter(|c| keys.contains(&&c.name) && has_type(c, &small)) {
        found.add(&column.span, format!("`{}` may run out of numbers", column.name));
    }
}
