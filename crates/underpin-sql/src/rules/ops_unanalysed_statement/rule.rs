//! `OPS-UNANALYSED-STATEMENT`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "OPS-UNANALYSED-STATEMENT",
    title: "no rule speaks of this statement",
    severity: Severity::Note,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Works),
    fact: "its effect on locks and data is not in the table of effects",
    instead: "rehearse it on a copy",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let parsed = !matches!(at.statement(), Statement::Unparsed { .. } | Statement::Dynamic);
    let calls = matches!(at.statement(), Statement::Call { .. });
    if (!at.does.known || calls) && parsed {
        found.add(at.span(), format!("{} is not judged", crate::context::tag(at.statement())));
    }
}
