//! `LOSS-DROP-SCHEMA`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "LOSS-DROP-SCHEMA",
    title: "a schema is dropped",
    severity: Severity::Error,
    grades: Grades::new(Loss::Certain, Downtime::Brief, Back::R3, OldApp::Breaks),
    fact: "with CASCADE every table in the schema goes, under ACCESS EXCLUSIVE on each of them; without it the statement fails unless the schema is empty",
    instead: "name and move or drop each object in its own release, then drop the empty schema",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let Statement::Drop(s) = at.statement() else { return };
    for name in s.names.iter().filter(|_| s.kind == ObjectKind::Schema) {
        if at.is_old(at.record.born(&Name::qualified(name.name.clone(), ""))) {
            let what = if s.cascade { "with everything in it" } else { "" };
            let draft = found
                .add(at.span(), format!("schema `{name}` is dropped {what}").trim_end().to_owned());
            let draft = draft.about(name);
            if !s.cascade {
                draft.severity(Severity::Warning).grades(Grades::new(
                    Loss::None,
                    Downtime::None,
                    Back::R0,
                    OldApp::MayBreak,
                ));
            }
        }
    }
}
