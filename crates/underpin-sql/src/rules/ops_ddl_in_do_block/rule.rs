//! `OPS-DDL-IN-DO-BLOCK`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "OPS-DDL-IN-DO-BLOCK",
    title: "statements inside a DO block",
    severity: Severity::Note,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Works),
    fact: "they are judged like the others; under which conditions they run is not",
    instead: "",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let Statement::Do { .. } = at.statement() else { return };
    let inner = at.later().take_while(|(_, s)| s.inside && s.number == at.step().number).count();
    if inner > 0 {
        let words =
            if inner == 1 { "1 statement".to_owned() } else { format!("{inner} statements") };
        found.add(
            at.span(),
            format!("{words} in a block: whether they run depends on what the block finds"),
        );
    }
}
