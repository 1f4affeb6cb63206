//! `OPS-LARGE-TABLE-POLICY`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "OPS-LARGE-TABLE-POLICY",
    title: "a change of a very large table",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Works),
    fact: "limits that GitLab works by: no new index or foreign key above 50 GB, no new column above 100 GB",
    instead: "an approval, and a plan for this table",
    needs_facts: true,
    check,
    ..Rule::PLAIN
};

const INDEX_BYTES_MAX: u64 = 50 << 30;
const COLUMN_BYTES_MAX: u64 = 100 << 30;

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let bytes = |table: &Name| at.options.facts.table(table).and_then(|t| t.bytes).unwrap_or(0);
    let mut tell = |span: Span, table: &Name, what: &str, limit: u64| {
        if bytes(table) > limit {
            found
                .add(span, format!("{what} on `{table}`, which has {} GB", bytes(table) >> 30))
                .about(table);
        }
    };
    if let Statement::CreateIndex(s) = at.statement() {
        tell(at.span(), &s.table, "a new index", INDEX_BYTES_MAX);
    }
    for (table, span, _) in at.added_columns() {
        tell(span.clone(), table, "a new column", COLUMN_BYTES_MAX);
    }
    for (table, span, constraint) in at.added_constraints() {
        if matches!(constraint.kind, ConstraintKind::ForeignKey(_)) {
            tell(span.clone(), table, "a new foreign key", INDEX_BYTES_MAX);
        }
    }
}
