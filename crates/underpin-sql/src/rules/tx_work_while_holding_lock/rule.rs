//! `TX-WORK-WHILE-HOLDING-LOCK`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "TX-WORK-WHILE-HOLDING-LOCK",
    title: "slow work while an earlier statement's lock is held",
    severity: Severity::Error,
    grades: Grades::new(Loss::None, Downtime::All, Back::R0, OldApp::Works),
    fact: "locks are kept until the transaction ends: a table that was locked for a moment stays locked for all the work that follows",
    instead: "put the work into a migration of its own",
    once: true,
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let few = matches!(at.statement(), Statement::Insert(Insert { rows: Some(_), .. }));
    let slow = at.does.work.iter().find(|w| at.existed(&w.table) && !few);
    let Some(work) = slow else { return };
    // Of its own table TX-SCHEMA-AND-BACKFILL speaks, and the rule of the work itself unless the
    // lock that is held is stronger than the one it needs.
    let own = full(&work.table);
    let needed = at.lock_on(&work.table).unwrap_or(0);
    let validates =
        at.actions().any(|(_, a)| matches!(a.action, TableAction::ValidateConstraint { .. }));
    let worse = |mode: u8| mode > needed && work.class != Work::Rows && !validates;
    let held = at.held.iter().filter(|h| h.mode > 4).find(|h| h.table != own || worse(h.mode));
    if let Some(held) = held {
        let grades = Grades::new(
            Loss::None,
            if held.mode == 8 { Downtime::All } else { Downtime::Writes },
            Back::R0,
            OldApp::Works,
        );
        let what = match work.class {
            Work::Rows => "changes rows of",
            Work::Scan => "reads",
            Work::Build => "builds an index on",
            Work::Rewrite => "rewrites",
        };
        found
            .add(
                at.span(),
                format!(
                    "this {what} `{}` while `{}` is locked since line {}",
                    short(&work.table),
                    short(&held.table),
                    at.line_of(held.step)
                ),
            )
            .about(&held.table)
            .grades(grades);
    }
}
