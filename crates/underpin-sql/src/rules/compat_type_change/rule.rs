//! `COMPAT-TYPE-CHANGE`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "COMPAT-TYPE-CHANGE",
    title: "the running application meets another type",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::None, Back::R1, OldApp::MayBreak),
    fact: "clients that prepared statements or decode by type see another one: errors, or values they cannot hold",
    instead: "a new column of the new type, and a swap after the old version is gone",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    // Of the swap of an enum LOSS-ENUM-VALUE-REMOVED speaks; the name stays.
    let swapped: Vec<&str> = enum_swaps(at).into_iter().map(|s| s.column).collect();
    for (table, action) in at.actions() {
        let TableAction::AlterType { column, to, using, .. } = &action.action else { continue };
        if swapped.contains(&column.as_str()) {
            continue;
        }
        let from = at.record.column(table, column).and_then(|c| c.type_name.as_ref());
        let text =
            |t: &TypeName| !t.array && matches!(t.name.name.as_str(), "text" | "varchar");
        let same =
            from.is_some_and(|f| f.name == to.name && f.array == to.array || text(f) && text(to));
        let both_text = from.is_none() && text(to);
        if !same && !both_text {
            let was = from.map(|f| format!("from {} ", shown(f))).unwrap_or_default();
            let new = shown(to);
            found
                .add(
                    &action.span,
                    format!(
                        "`{table}.{column}` changes {was}to {new} under the running application"
                    ),
                )
                .about(table)
                .phased(phased::change_type(at, table, column, to, using.as_ref()));
        }
    }
}
