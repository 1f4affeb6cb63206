//! `OPS-GRANT-WIDENED`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "OPS-GRANT-WIDENED",
    title: "more people may do more",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Works),
    fact: "PUBLIC is every role that there is and will be; SUPERUSER and BYPASSRLS pass every check",
    instead: "grant what is needed to the role that needs it",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    match at.statement() {
        Statement::Grant(s) if s.grant => {
            let usage = s.privileges.iter().all(|p| p == "usage") && !s.privileges.is_empty();
            if s.roles.iter().any(|r| r == "public") && !usage {
                found.add(at.span(), format!("every role may use {}", words(&s.names)));
            } else if s.privileges.is_empty() && s.names.iter().any(|n| at.existed(n)) {
                found.add(
                    at.span(),
                    format!("{} may do everything with {}", words(&s.roles), words(&s.names)),
                );
            }
        }
        Statement::Role(s) if matches!(s.change, RoleChange::Create | RoleChange::Alter) => {
            let strong: Vec<&String> = s
                .options
                .iter()
                .filter(|o| matches!(o.as_str(), "superuser" | "bypassrls"))
                .collect();
            if !strong.is_empty() {
                found.add(at.span(), format!("{} gets {}", words(&s.names), words(&strong)));
            }
        }
        _ => {}
    }
}
