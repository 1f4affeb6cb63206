//! `FAIL-UNIQUE-WITH-DUPLICATES`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "FAIL-UNIQUE-WITH-DUPLICATES",
    title: "a unique index or key fails while there are duplicates",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::Brief, Back::R0, OldApp::Works),
    fact: "the first duplicate ends the build with 23505; built CONCURRENTLY it leaves an INVALID index behind",
    instead: "",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    if let Statement::CreateIndex(s) = at.statement()
        && s.unique
        && at.existed(&s.table)
    {
        let columns: Vec<String> = s.columns.iter().flatten().cloned().collect();
        let plain = columns.len() == s.columns.len() && s.predicate.is_none();
        if !plain || may_repeat(at, &s.table, &columns) {
            tell(found, &at.span(), &s.table, &columns, plain);
        }
    }
    for (table, span, constraint) in at.added_constraints() {
        if let ConstraintKind::Unique { columns, using_index: None, .. }
        | ConstraintKind::PrimaryKey { columns, using_index: None } = &constraint.kind
            && may_repeat(at, table, columns)
        {
            tell(found, span, table, columns, true);
        }
    }
    for (table, span, column) in at.added_columns() {
        let unique = column.constraints.iter().any(|c| {
            matches!(c.kind, ConstraintKind::Unique { .. } | ConstraintKind::PrimaryKey { .. })
        });
        if unique
            && column
                .default
                .as_ref()
                .is_some_and(|d| !d.is_null && d.volatility < Volatility::Unknown)
        {
            found
                .add(
                    span,
                    format!(
                        "every row of `{table}` gets the same `{}`, which has to be unique",
                        column.name
                    ),
                )
                .about(table)
                .severity(Severity::Error);
        }
    }
}

fn tell(found: &mut Found<'_>, span: &Span, table: &Name, columns: &[String], plain: bool) {
    let list: Vec<String> = columns.iter().map(|c| Name::bare(c).to_string()).collect();
    let draft = found
        .add(span, format!("this fails if rows of `{table}` have the same key"))
        .about(table)
        .unknown("whether there are duplicates");
    if plain && !list.is_empty() {
        let list = list.join(", ");
        draft.instead(format!(
            "count first: SELECT {list}, count(*) FROM {table} GROUP BY {list} HAVING count(*) > 1;"
        ));
    }
}

/// Whether nothing that is known keeps two rows from having the same key: another unique key on
/// some of the columns does, and so does a column that is new and empty.
fn may_repeat(at: &At<'_>, table: &Name, columns: &[String]) -> bool {
    let Some(known) = at.record.table(table) else { return true };
    let empty = |c: &String| {
        known.column(c).is_some_and(|c| !at.is_old(c.born) && c.default.is_none() && c.not_null == Some(false))
            && !at.earlier().any(|(_, s)| matches!(&s.parsed.statement, Statement::Update(u) if u.assigned.contains(c)))
    };
    let keyed = known.constraints.iter().any(|k| match &k.kind {
        ConstraintKind::PrimaryKey { columns: old, .. }
        | ConstraintKind::Unique { columns: old, .. } => {
            !old.is_empty() && old.iter().all(|c| columns.contains(c))
        }
        _ => false,
    });
    !keyed && !columns.iter().any(empty)
}
