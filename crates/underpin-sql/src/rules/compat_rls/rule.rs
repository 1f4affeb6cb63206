//! `COMPAT-RLS`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "COMPAT-RLS",
    title: "row level security is switched on or made stricter",
    severity: Severity::Error,
    grades: Grades::new(Loss::None, Downtime::Brief, Back::R0, OldApp::Breaks),
    fact: "rows that no policy allows are not there for other roles than the owner: queries find less, and say nothing",
    instead: "make the policies first, and try them with the application's role",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for (table, action) in at.actions() {
        if matches!(
            action.action,
            TableAction::RowSecurity { enable: true }
                | TableAction::ForceRowSecurity { force: true }
        ) {
            found
                .add(&action.span, format!("rows of `{table}` may vanish for the application"))
                .about(table);
        }
    }
    if let Statement::Policy(s) = at.statement()
        && s.create
        && !s.permissive
        && at.existed(&s.table)
    {
        found
            .add(at.span(), format!("rows of `{}` may vanish for the application", s.table))
            .about(&s.table);
    }
}
