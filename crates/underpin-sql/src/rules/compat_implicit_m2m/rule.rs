//! `COMPAT-IMPLICIT-M2M`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "COMPAT-IMPLICIT-M2M",
    title: "a join table that belongs to Prisma is changed by hand",
    severity: Severity::Warning,
    grades: Grades::new(Loss::Possible, Downtime::None, Back::R1, OldApp::Breaks),
    fact: "Prisma Client expects the columns A and B and their index in an implicit many-to-many table",
    instead: "an explicit join model",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let own = |name: &str| {
        let Some(rest) = name.strip_prefix('_') else { return false };
        rest.split_once("To").is_some_and(|(a, b)| {
            a.starts_with(char::is_uppercase) && b.starts_with(char::is_uppercase)
        })
    };
    let hurts = |a: &AlterAction| match &a.action {
        TableAction::AddColumn { .. } | TableAction::AlterType { .. } => true,
        TableAction::DropColumn { column, .. } => column == "A" || column == "B",
        _ => false,
    };
    match at.statement() {
        Statement::AlterTable(s)
            if own(&s.relation.name) && s.actions.iter().any(hurts) && at.existed(&s.relation) =>
        {
            found
                .add(at.span(), format!("`{}` is Prisma's own join table", s.relation))
                .about(&s.relation);
        }
        Statement::Rename(s)
            if s.kind == ObjectKind::Column && own(&s.object.name) && at.existed(&s.object) =>
        {
            found
                .add(at.span(), format!("`{}` is Prisma's own join table", s.object))
                .about(&s.object);
        }
        _ => {}
    }
}
