//! `STYLE-COLUMN-ORDER`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "STYLE-COLUMN-ORDER",
    title: "columns in an order that wastes space",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Works),
    fact: "a column of eight bytes behind a shorter one is padded up to seven bytes in every row",
    instead: "the widest columns first",
    default: false,
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let Statement::CreateTable(s) = at.statement() else { return };
    let width =
        |c: &ColumnDefinition| match c.type_name.as_ref().map_or("", |t| t.name.name.as_str()) {
            "int8" | "float8" | "timestamp" | "timestamptz" | "bigserial" | "serial8" => Some(8u32),
            "int4" | "float4" | "date" | "serial" | "serial4" => Some(4),
            "int2" | "smallserial" => Some(2),
            "bool" => Some(1),
            _ => None,
        };
    let widths: Vec<Option<u32>> = s.columns.iter().map(width).collect();
    let Some(fixed) = widths.into_iter().collect::<Option<Vec<u32>>>() else { return };
    let laid = |list: &[u32]| list.iter().fold(0, |at: u32, w| at.next_multiple_of(*w) + w);
    let mut best = fixed.clone();
    best.sort_unstable_by(|a, b| b.cmp(a));
    let waste = laid(&fixed) - laid(&best);
    if waste >= 8 {
        found
            .add(
                at.span(),
                format!("another order saves {waste} bytes in each row of `{}`", s.name),
            )
            .about(&s.name);
    }
}
