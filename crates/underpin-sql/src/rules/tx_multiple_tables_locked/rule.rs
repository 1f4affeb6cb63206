//! `TX-MULTIPLE-TABLES-LOCKED`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "TX-MULTIPLE-TABLES-LOCKED",
    title: "one transaction locks several tables",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::Brief, Back::R0, OldApp::Works),
    fact: "a strong lock is held on one table while another is waited for: deadlock (40P01) with an application that takes them in another order",
    instead: "one table per migration, or LOCK TABLE both in one fixed order first",
    once: true,
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let strong = |mode: u8| mode > 4;
    let held: Vec<Name> =
        at.held.iter().filter(|h| strong(h.mode)).map(|h| h.table.clone()).collect();
    let Some(first) = held.first() else { return };
    let is_new = |table: &Name| at.existed(table) && !held.contains(&full(table));
    let new = at.does.locks.iter().find(|l| strong(l.mode) && is_new(&l.table));
    if let Some(new) = new {
        found
            .add(
                at.span(),
                format!("`{}` is locked while `{}` is held", short(&new.table), short(first)),
            )
            .about(&new.table);
    }
}
