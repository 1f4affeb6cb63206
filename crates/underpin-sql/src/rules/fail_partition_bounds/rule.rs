//! `FAIL-PARTITION-BOUNDS`: see `page.md`.

use crate::rules::bounds;
use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "FAIL-PARTITION-BOUNDS",
    title: "a partitioned table does not take this",
    severity: Severity::Error,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Works),
    fact: "up to PostgreSQL 17 a foreign key on a partitioned table cannot be NOT VALID (42809), and no version builds an index on a partitioned table CONCURRENTLY (0A000)",
    instead: "do it on each partition, then on the parent",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    bound(at, found);
    key(at, found);
    let partitioned = |t: &Name| at.record.table(t).is_some_and(|t| t.partitioned);
    for (table, span, constraint) in at.added_constraints() {
        if matches!(constraint.kind, ConstraintKind::ForeignKey(_))
            && constraint.not_valid
            && partitioned(table)
            && at.before(18)
        {
            found
                .add(span, format!("`{table}` is partitioned: a NOT VALID foreign key is refused before PostgreSQL 18"))
                .about(table);
        }
    }
    if let Statement::CreateIndex(s) = at.statement()
        && s.concurrently
        && partitioned(&s.table)
    {
        found
            .add(at.span(), format!("`{}` is partitioned: CREATE INDEX CONCURRENTLY is refused", s.table))
            .about(&s.table)
            .instead("CREATE INDEX … ON ONLY the parent, CREATE INDEX CONCURRENTLY on each partition, then ALTER INDEX … ATTACH PARTITION");
    }
}

/// A partition that overlaps another one, or whose bound holds nothing.
fn bound(at: &At<'_>, found: &mut Found<'_>) {
    let parts: Vec<(&Name, &Name, &PartitionBound, Span)> = match at.statement() {
        Statement::CreateTable(s) => {
            s.partition_of.iter().map(|p| (&p.parent, &s.name, &p.bound, at.span())).collect()
        }
        Statement::AlterTable(s) => {
            let attached = s.actions.iter().filter_map(|a| match &a.action {
                TableAction::AttachPartition { partition, bound, .. } => {
                    Some((&s.relation, partition, bound, a.span.clone()))
                }
                _ => None,
            });
            attached.collect()
        }
        _ => return,
    };
    for (parent, partition, bound, span) in parts {
        if let Some(why) = bounds::refused(at.record, parent, partition, bound) {
            found
                .add(span, format!("`{partition}` cannot be a partition of `{parent}`: {why}"))
                .about(parent)
                .fact("no row may belong to two partitions, and a bound holds at least one value: 42P17")
                .instead("a bound that begins where the other ends: FROM is in, TO is out");
        }
    }
}

/// A table, its partition key, the columns of a unique key and where it stands.
type Key<'a> = (&'a Name, &'a [Option<String>], Vec<String>, Span);

/// A key of a partitioned table that leaves out a column of its partition key.
fn key(at: &At<'_>, found: &mut Found<'_>) {
    let mut keys: Vec<Key<'_>> = Vec::new();
    match at.statement() {
        Statement::CreateTable(s) if s.partitioned => {
            for constraint in s.all_constraints() {
                let columns = unique_columns(&constraint.kind);
                keys.extend(columns.map(|c| (&s.name, s.partition_key.as_slice(), c, constraint.span.clone())));
            }
        }
        Statement::AlterTable(s) => {
            let Some(known) = at.record.table(&s.relation).filter(|t| t.partitioned) else { return };
            for action in &s.actions {
                if let TableAction::AddConstraint(constraint) = &action.action {
                    let columns = unique_columns(&constraint.kind);
                    keys.extend(columns.map(|c| (&s.relation, known.partition_key.as_slice(), c, action.span.clone())));
                }
            }
        }
        Statement::CreateIndex(s) if s.unique => {
            let Some(known) = at.record.table(&s.table).filter(|t| t.partitioned) else { return };
            let columns = s.columns.iter().flatten().cloned().collect();
            keys.push((&s.table, known.partition_key.as_slice(), columns, at.span()));
        }
        _ => return,
    }
    for (table, partition_key, columns, span) in keys {
        let missing: Vec<&str> =
            partition_key.iter().flatten().map(String::as_str).filter(|c| !columns.iter().any(|k| k == c)).collect();
        if !missing.is_empty() {
            found
                .add(span, format!("`{table}` is divided by {}, which a unique key has to hold", words(&missing)))
                .about(table)
                .fact("a primary or unique key of a partitioned table holds every column of the partition key (manual §5.12.2.3): 0A000")
                .instead("add the columns of the partition key to the key, or a unique index to each partition");
        }
    }
}

/// The columns of a key that is made here.
fn unique_columns(kind: &ConstraintKind) -> Option<Vec<String>> {
    match kind {
        ConstraintKind::PrimaryKey { columns, using_index: None }
        | ConstraintKind::Unique { columns, using_index: None, .. } => Some(columns.clone()),
        _ => None,
    }
}
