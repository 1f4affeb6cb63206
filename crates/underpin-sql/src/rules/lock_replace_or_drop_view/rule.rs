//! `LOCK-REPLACE-OR-DROP-VIEW`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "LOCK-REPLACE-OR-DROP-VIEW",
    title: "a view is replaced, altered or dropped",
    severity: Severity::Note,
    grades: Grades::new(Loss::None, Downtime::Brief, Back::R0, OldApp::MayBreak),
    fact: "ACCESS EXCLUSIVE on the view; its queries wait, those on its tables do not",
    instead: "",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    match at.statement() {
        Statement::CreateView(s)
            if s.replace && at.record.view(&s.name).is_some_and(|v| at.is_old(Some(v.born))) =>
        {
            found.add(at.span(), format!("readers of `{}` wait", s.name)).about(&s.name);
        }
        Statement::AlterTable(s) if s.kind == ObjectKind::View && at.existed(&s.relation) => {
            found.add(at.span(), format!("readers of `{}` wait", s.relation)).about(&s.relation);
        }
        Statement::Drop(_) => {
            for view in at.dropped(&[ObjectKind::View]) {
                found
                    .add(at.span(), format!("readers of `{view}` wait, and then fail"))
                    .about(view);
            }
        }
        _ => {}
    }
}
