//! `TX-MULTIPLE-TABLES-LOCKED`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "TX-MULTIPLE-TABLES-LOCKED",
    title: "one transaction locks several tables",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::Brief, Back::R0, OldApp::Works),
    fact: "a strong lock is held on one table while another is waited for: deadlock (40P01) with an application that takes them in another order",
    instead: "one table per migration, or LOCK TABLE both in one fixed order first",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let mut held: Vec<Name> =
        at.held.iter().filter(|h| h.mode > 4).map(|h| h.table.clone()).collect();
    held.dedup();
    let Some(first) = held.first() else { return };
    let new = at
        .does
        .locks
        .iter()
        .find(|l| l.mode > 4 && at.existed(&l.table) && !held.contains(&full(&l.table)));
    let told = at.held.iter().filter(|h| h.mode > 4).any(|h| {
        h.table != *first && h.step != at.held.iter().find(|x| x.mode > 4).map_or(0, |x| x.step)
    });
    if let Some(new) = new
        && !told
    {
        found
            .add(
                at.span(),
                format!("`{}` is locked while `{}` is held", short(&new.table), short(first)),
            )
            .about(&new.table);
    }
}
