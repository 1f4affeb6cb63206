//! `PERF-FOREIGN-KEY-WITHOUT-INDEX`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "PERF-FOREIGN-KEY-WITHOUT-INDEX",
    title: "a foreign key without an index",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Works),
    fact: "deleting a parent row reads the whole referring table",
    instead: "CREATE INDEX CONCURRENTLY on the referring columns (@@index in Prisma)",
    default: false,
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let (table, keys): (&Name, Vec<(&Span, &ForeignKey)>) = match at.statement() {
        Statement::CreateTable(s) => {
            let keys = s.all_constraints().filter_map(|c| match &c.kind {
                ConstraintKind::ForeignKey(key) => Some((&c.span, key)),
                _ => None,
            });
            (&s.name, keys.collect())
        }
        Statement::AlterTable(s) => {
            let keys = s.actions.iter().filter_map(|a| match &a.action {
                TableAction::AddConstraint(Constraint {
                    kind: ConstraintKind::ForeignKey(key),
                    ..
                }) => Some((&a.span, key)),
                _ => None,
            });
            (&s.relation, keys.collect())
        }
        _ => return,
    };
    for (span, key) in keys {
        let covers = |columns: &[Option<String>]| {
            key.columns
                .iter()
                .enumerate()
                .all(|(i, c)| columns.get(i).and_then(Option::as_ref) == Some(c))
        };
        let known = at.record.indexes_of(table).into_iter().any(|(_, i)| covers(&i.columns));
        let later = at.file.steps.iter().any(|s| matches!(&s.parsed.statement, Statement::CreateIndex(i) if full(&i.table) == full(table) && covers(&i.columns)));
        let own = match at.statement() {
            Statement::CreateTable(s) => s.all_constraints().any(|c| matches!(&c.kind, ConstraintKind::PrimaryKey { columns, .. } | ConstraintKind::Unique { columns, .. } if columns.starts_with(&key.columns))),
            _ => false,
        };
        if !known && !later && !own {
            found
                .add(span, format!("no index of `{table}` begins with {}", words(&key.columns)))
                .about(table);
        }
    }
}
