//! `SCAN-DEFAULT-PARTITION`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "SCAN-DEFAULT-PARTITION",
    title: "a new partition reads the DEFAULT partition",
    severity: Severity::Error,
    grades: Grades::new(Loss::None, Downtime::All, Back::R0, OldApp::Works),
    fact: "the DEFAULT partition is read under ACCESS EXCLUSIVE to see that none of its rows belongs into the new one",
    instead: "add a CHECK to the DEFAULT partition that excludes the new bounds, NOT VALID, and validate it first",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let (parent, span) = match at.statement() {
        Statement::CreateTable(CreateTable { partition_of: Some(of), .. })
            if of.bound != PartitionBound::Default =>
        {
            (&of.parent, at.span())
        }
        Statement::AlterTable(s) => {
            let attached = s.actions.iter().find(|a| matches!(&a.action, TableAction::AttachPartition { bound, .. } if *bound != PartitionBound::Default));
            match attached {
                Some(action) => (&s.relation, action.span.clone()),
                None => return,
            }
        }
        _ => return,
    };
    if !at.existed(parent) {
        return;
    }
    if let Some(default) = at.record.partitions(parent).into_iter().find(|t| t.is_default) {
        let name = short(&default.name);
        found
            .add(span, format!("`{name}` is read whole while nobody can use it"))
            .about(&default.name);
    }
}
