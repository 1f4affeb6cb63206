//! `OPS-SERVER-SETTING`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "OPS-SERVER-SETTING",
    title: "a setting of the server, a role or the database",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::MayBreak),
    fact: "it holds for other sessions, and other applications, than this one; a schema migration is not looked at for that",
    instead: "where the server is configured",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    match at.statement() {
        Statement::AlterSystem { setting } => {
            let what = setting.as_deref().unwrap_or("every setting");
            found.add(at.span(), format!("`{what}` changes for the whole server"));
        }
        Statement::Role(s) if s.change == RoleChange::Set => {
            found.add(
                at.span(),
                format!("sessions of {} start with another {}", words(&s.names), words(&s.options)),
            );
        }
        Statement::Database(s) if !s.create => {
            found.add(
                at.span(),
                format!("sessions in `{}` start with another {}", s.name, words(&s.options)),
            );
        }
        _ => {}
    }
}
