//! `PERF-FK-TYPE-MISMATCH`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "PERF-FK-TYPE-MISMATCH",
    title: "a foreign key of another type than what it refers to",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Works),
    fact: "every check casts, and an index may not be used; the smaller type ends first",
    instead: "the same type on both sides",
    default: false,
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let Statement::AlterTable(s) = at.statement() else { return };
    for action in &s.actions {
        let TableAction::AddConstraint(Constraint {
            kind: ConstraintKind::ForeignKey(key), ..
        }) = &action.action
        else {
            continue;
        };
        for (own, other) in key.columns.iter().zip(&key.referenced_columns) {
            let a = at.record.column(&s.relation, own).and_then(|c| c.type_name.as_ref());
            let b = at.record.column(&key.references, other).and_then(|c| c.type_name.as_ref());
            let plain = |t: &TypeName| match t.name.name.as_str() {
                "serial" | "serial4" => "int4".to_owned(),
                "bigserial" | "serial8" => "int8".to_owned(),
                name => name.to_owned(),
            };
            if let (Some(a), Some(b)) = (a, b)
                && plain(a) != plain(b)
            {
                found
                    .add(
                        &action.span,
                        format!("`{own}` is {}, `{other}` is {}", shown(a), shown(b)),
                    )
                    .about(&s.relation);
            }
        }
    }
}
