//! `LOSS-SEQUENCE-RESTART`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "LOSS-SEQUENCE-RESTART",
    title: "a sequence is set back or made smaller",
    severity: Severity::Warning,
    grades: Grades::new(Loss::Possible, Downtime::Brief, Back::R1, OldApp::MayBreak),
    fact: "a sequence that stands below the greatest key gives numbers again that exist, and inserts fail with 23505",
    instead: "SELECT setval('seq', (SELECT max(id) FROM t));",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    match at.statement() {
        Statement::AlterSequence(s) if at.existed(&s.name) => {
            let smaller = s.type_name.as_ref().is_some_and(|t| t.name.name != "int8");
            if s.options.iter().any(|o| o == "restart") || smaller {
                found
                    .add(at.span(), format!("sequence `{}` is set anew", s.name))
                    .about(&s.name)
                    .unknown("the greatest key in use");
            }
        }
        Statement::Select(s) => {
            let calls = |name: &str| s.mentions.functions.iter().any(|f| f.name == name);
            if calls("setval") && !calls("max") {
                found
                    .add(at.span(), "a sequence is set to a fixed number")
                    .unknown("the greatest key in use");
            }
        }
        _ => {}
    }
}
