//! `FAIL-TYPE-CAST`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "FAIL-TYPE-CAST",
    title: "a type change fails on values, or for want of a cast",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::Brief, Back::R0, OldApp::Works),
    fact: "a value that does not convert, does not fit or is too long ends the rewrite with an error (22P02, 22003, 22001); without a cast it ends at once with 42804",
    instead: "try it first: SELECT the cast of the column; drop a default that does not convert before the change",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for (table, action) in at.actions() {
        let TableAction::AlterType { column, to, using, .. } = &action.action else { continue };
        let Some(old) = at.record.column(table, column) else { continue };
        let Some(from) = &old.type_name else { continue };
        let new_enum = at.record.enum_type(&to.name).is_some();
        let text = matches!(from.name.name.as_str(), "text" | "varchar" | "bpchar");
        let (was, new) = (shown(from), shown(to));
        let change = if new_enum && text && using.is_none() {
            TypeChange::NoCast
        } else if new_enum && text {
            TypeChange::MayFail
        } else {
            type_change(from, to, using.is_some())
        };
        let computed = using.as_ref().is_some_and(|u| u.cast.is_none());
        if change == TypeChange::NoCast && using.is_none() {
            found
                .add(
                    &action.span,
                    format!("`{table}.{column}`: {was} is not cast to {new} without USING"),
                )
                .about(table)
                .severity(Severity::Error)
                .instead(format!(
                    "ALTER COLUMN {c} TYPE {new} USING {c}::{new}",
                    c = Name::bare(column)
                ));
        } else if change == TypeChange::MayFail && !computed {
            found
                .add(&action.span, format!("`{table}.{column}`: values of {was} may not fit {new}"))
                .about(table)
                .unknown("whether every value converts");
        }
        let default_dropped = at.actions().any(
            |(_, a)| matches!(&a.action, TableAction::DropDefault { column: c } if c == column),
        );
        let apart = new_enum
            || matches!(change, TypeChange::NoCast)
            || text
                && change == TypeChange::MayFail
                && !matches!(to.name.name.as_str(), "varchar" | "bpchar");
        if old.default.is_some() && using.is_some() && apart && !default_dropped {
            found
                .add(
                    &action.span,
                    format!("the default of `{table}.{column}` cannot be cast to {new}"),
                )
                .about(table)
                .severity(Severity::Error)
                .fact("a USING does not convert the default: the statement ends with 42804")
                .instead(format!(
                    "ALTER COLUMN {c} DROP DEFAULT first, and SET DEFAULT after the change",
                    c = Name::bare(column)
                ));
        }
    }
}
