//! `FAIL-INVALID-INDEX-LEFT`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "FAIL-INVALID-INDEX-LEFT",
    title: "IF NOT EXISTS passes over an INVALID index",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::None, Back::R1, OldApp::Works),
    fact: "a CONCURRENTLY that failed leaves an INVALID index of the same name; IF NOT EXISTS then skips the build and says nothing",
    instead: "look at pg_index.indisvalid first; DROP INDEX CONCURRENTLY what is not valid, and build it without IF NOT EXISTS",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let Statement::CreateIndex(s) = at.statement() else { return };
    let name = s.name.as_ref().map(|n| Name { schema: s.table.schema.clone(), name: n.clone() });
    let Some(name) = name.filter(|_| at.existed(&s.table)) else { return };
    if at.options.facts.index(&name).is_some_and(|i| i.invalid) {
        found
            .add(at.span(), format!("an INVALID index `{name}` is there already"))
            .about(&s.table)
            .severity(Severity::Error)
            .instead(format!("DROP INDEX CONCURRENTLY {name};"));
    } else if s.concurrently && s.if_not_exists {
        found
            .add(
                at.span(),
                format!(
                    "if an earlier attempt failed, `{name}` stays INVALID and this does nothing"
                ),
            )
            .about(&s.table)
            .unknown("whether the index is there and valid");
    }
}
