//! `COMPAT-REPLACE-ROUTINE`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "COMPAT-REPLACE-ROUTINE",
    title: "a routine or view is replaced",
    severity: Severity::Note,
    grades: Grades::new(Loss::None, Downtime::None, Back::R1, OldApp::MayBreak),
    fact: "the next call runs the new body, whatever version of the application makes it",
    instead: "a new name where the meaning changes",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    match at.statement() {
        Statement::CreateRoutine(s)
            if s.replace && at.record.born(&s.name).is_some_and(|b| at.is_old(Some(b))) =>
        {
            found
                .add(at.span(), format!("`{}` has another body from now on", s.name))
                .about(&s.name);
        }
        Statement::CreateView(s)
            if s.replace && at.record.view(&s.name).is_some_and(|v| at.is_old(Some(v.born))) =>
        {
            found
                .add(at.span(), format!("`{}` has another query from now on", s.name))
                .about(&s.name);
        }
        _ => {}
    }
}
