//! `OPS-ANALYZE-NEEDED`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "OPS-ANALYZE-NEEDED",
    title: "statistics are stale or missing afterwards",
    severity: Severity::Note,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Works),
    fact: "a changed column type and a new index on an expression have no statistics until ANALYZE has run",
    instead: "",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let mut stale: Vec<&Name> = Vec::new();
    if let Statement::CreateIndex(s) = at.statement()
        && s.columns.iter().any(Option::is_none)
        && at.existed(&s.table)
    {
        stale.push(&s.table);
    }
    stale.extend(
        at.actions()
            .filter(|(table, a)| {
                matches!(a.action, TableAction::AlterType { .. })
                    && at.does.does(Work::Rewrite, table)
            })
            .map(|(table, _)| table),
    );
    stale.dedup();
    for table in stale {
        let analysed = at.later().any(|(_, s)| match &s.parsed.statement {
            Statement::Analyze { tables } => {
                tables.is_empty() || tables.iter().any(|t| full(t) == full(table))
            }
            _ => false,
        });
        if !analysed {
            found
                .add(
                    at.span(),
                    format!("the planner knows nothing about the new values of `{table}`"),
                )
                .about(table)
                .instead(format!("ANALYZE {table}; afterwards"));
        }
    }
}
