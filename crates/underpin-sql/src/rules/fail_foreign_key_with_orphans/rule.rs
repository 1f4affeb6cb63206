//! `FAIL-FOREIGN-KEY-WITH-ORPHANS`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "FAIL-FOREIGN-KEY-WITH-ORPHANS",
    title: "a foreign key fails while there are orphans",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::Brief, Back::R0, OldApp::Works),
    fact: "the first row without a parent ends the check with 23503",
    instead: "",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for (table, action) in at.actions() {
        let key = match &action.action {
            TableAction::AddConstraint(Constraint {
                kind: ConstraintKind::ForeignKey(key),
                not_valid: false,
                not_enforced: false,
                ..
            }) => Some(key),
            TableAction::ValidateConstraint { name } => {
                match at.record.table(table).and_then(|t| t.constraint(name)).map(|c| &c.kind) {
                    Some(ConstraintKind::ForeignKey(key)) => Some(key),
                    _ => None,
                }
            }
            _ => None,
        };
        if let Some(key) = key.filter(|key| may_be_orphaned(at, table, key)) {
            let on: Vec<String> = key
                .columns
                .iter()
                .enumerate()
                .map(|(i, c)| {
                    let to = key
                        .referenced_columns
                        .get(i)
                        .map_or("<key>".to_owned(), |r| Name::bare(r).to_string());
                    format!("p.{to} = c.{}", Name::bare(c))
                })
                .collect();
            let own = key.columns.first().map(|c| Name::bare(c).to_string()).unwrap_or_default();
            found
                .add(&action.span, format!("this fails if a row of `{table}` refers to no row of `{}`", short(&key.references)))
                .about(table)
                .unknown("whether there are orphans")
                .instead(format!(
                    "count first: SELECT count(*) FROM {table} c WHERE c.{own} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM {} p WHERE {});",
                    short(&key.references),
                    on.join(" AND ")
                ));
        }
    }
}

/// New, empty columns refer to nothing; a key on the same columns that was dropped in this file has
/// kept orphans away.
fn may_be_orphaned(at: &At<'_>, table: &Name, key: &ForeignKey) -> bool {
    let new = |c: &String| {
        at.record.column(table, c).is_some_and(|c| !at.is_old(c.born) && c.default.is_none())
            && !at.earlier().any(|(_, s)| matches!(&s.parsed.statement, Statement::Update(u) if u.assigned.contains(c)))
    };
    let kept = at.actions_of_file(table).into_iter().any(|(_, a)| match &a.action {
        TableAction::DropConstraint { name, .. } => {
            // PostgreSQL's and Prisma's name for a key on these columns.
            *name == format!("{}_{}_fkey", table.name, key.columns.join("_"))
        }
        _ => false,
    });
    !kept && !key.columns.iter().any(new)
}
