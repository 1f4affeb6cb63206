//! `COMPAT-PRIVILEGE`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "COMPAT-PRIVILEGE",
    title: "privileges are taken away",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::MayBreak),
    fact: "statements of roles that lose a privilege fail with 42501",
    instead: "",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    match at.statement() {
        Statement::Grant(s) if !s.grant && s.names.iter().any(|n| at.existed(n)) => {
            found.add(
                at.span(),
                format!("{} may do less with {}", words(&s.roles), words(&s.names)),
            );
        }
        Statement::GrantRole { grant: false, roles } => {
            found.add(at.span(), format!("membership in {} ends", words(roles)));
        }
        Statement::DefaultPrivileges { grant: false } => {
            found.add(at.span(), "objects made from now on give fewer privileges");
        }
        Statement::Role(s)
            if matches!(
                s.change,
                RoleChange::Drop | RoleChange::DropOwned | RoleChange::ReassignOwned
            ) =>
        {
            found.add(at.span(), format!("{} loses what it had", words(&s.names)));
        }
        Statement::SetOwner { name, .. } if at.existed(name) => {
            found.add(at.span(), format!("`{name}` has another owner")).about(name);
        }
        Statement::AlterTable(s)
            if at.existed(&s.relation)
                && s.actions.iter().any(|a| matches!(a.action, TableAction::OwnerTo)) =>
        {
            found.add(at.span(), format!("`{}` has another owner", s.relation)).about(&s.relation);
        }
        _ => {}
    }
}
