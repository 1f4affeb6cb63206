//! `LOSS-DROP-CASCADE`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "LOSS-DROP-CASCADE",
    title: "DROP … CASCADE takes more with it than it names",
    severity: Severity::Error,
    grades: Grades::new(Loss::Certain, Downtime::Brief, Back::R3, OldApp::Breaks),
    fact: "CASCADE drops everything that depends on the object: columns of a dropped type, foreign keys and views of a dropped table, triggers of a dropped function",
    instead: "name each object in a DROP of its own and leave CASCADE out, so that something forgotten stops the migration",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    if let Statement::Drop(s) = at.statement()
        && s.cascade
        && !matches!(s.kind, ObjectKind::Schema | ObjectKind::Database)
    {
        let existed = |n: &&Name| match &s.on {
            Some(table) => at.existed(table),
            None => at.existed(n),
        };
        for name in s.names.iter().filter(existed) {
            tell(found, at.span(), name, &closure(at, s.kind, name));
        }
    }
    for (table, action) in at.actions() {
        match &action.action {
            TableAction::DropColumn { column, cascade: true, .. } => {
                let views = at.record.views_of(table).into_iter();
                let using =
                    views.filter(|(_, v)| v.columns.iter().any(|c| c == column || c == "*"));
                let using: Vec<String> =
                    using.map(|(name, _)| format!("view {}", short(name))).collect();
                tell(found, action.span.clone(), &Name::bare(column), &using);
            }
            TableAction::DropConstraint { name, cascade: true, .. } => {
                tell(found, action.span.clone(), &Name::bare(name), &referencing(at, table));
            }
            _ => {}
        }
    }
}

fn tell(found: &mut Found<'_>, span: Span, name: &Name, with: &[String]) {
    let message = match with {
        [] => format!("`{name}` is dropped with everything that depends on it"),
        _ => format!("`{name}` is dropped, and with it {}", words(with)),
    };
    found.add(span, message).about(name).unknown("what else in the database depends on it");
}

/// What is known to depend on an object.
fn closure(at: &At<'_>, kind: ObjectKind, name: &Name) -> Vec<String> {
    let views = at.record.views_of(name).into_iter().map(|(v, _)| format!("view {}", short(v)));
    match kind {
        ObjectKind::Type | ObjectKind::Domain => {
            let columns = at.record.columns_of_type(name).into_iter();
            columns.map(|(t, c)| format!("column {}.{}", short(&t.name), c.name)).collect()
        }
        ObjectKind::Table => referencing(at, name).into_iter().chain(views).collect(),
        _ => views.collect(),
    }
}

fn referencing(at: &At<'_>, table: &Name) -> Vec<String> {
    let keys = at.record.referencing(table).into_iter();
    keys.map(|(t, c, _)| format!("foreign key {} of {}", c.name, short(&t.name))).collect()
}
