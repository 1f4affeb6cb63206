//! `OPS-SECURITY-DEFINER`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "OPS-SECURITY-DEFINER",
    title: "SECURITY DEFINER without a fixed search_path",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Works),
    fact: "the caller's search_path decides which objects the function uses with its owner's rights (manual, CREATE FUNCTION, Writing SECURITY DEFINER Functions Safely)",
    instead: "SET search_path = pg_catalog, pg_temp in the function, and names with their schema",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    if let Statement::CreateRoutine(s) = at.statement()
        && s.security_definer
        && !s.fixes_search_path
    {
        found
            .add(
                at.span(),
                format!(
                    "`{}` runs with its owner's rights on objects that the caller chooses",
                    s.name
                ),
            )
            .about(&s.name);
    }
}
