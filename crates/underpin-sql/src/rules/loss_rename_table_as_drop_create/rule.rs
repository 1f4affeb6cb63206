//! `LOSS-RENAME-TABLE-AS-DROP-CREATE`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "LOSS-RENAME-TABLE-AS-DROP-CREATE",
    title: "a table seems to be renamed by dropping it and creating another",
    severity: Severity::Error,
    grades: Grades::new(Loss::Certain, Downtime::Brief, Back::R3, OldApp::Breaks),
    fact: "a dropped table and a new one with nearly the same columns in one migration are what a schema diff makes of a renamed model; the rows do not move",
    instead: "",
    check,
    ..Rule::PLAIN
};

/// Share of the columns, in hundredths, that has to be the same.
const ALIKE_MIN: usize = 75;

fn check(at: &At<'_>, found: &mut Found<'_>) {
    for table in at.dropped(&[ObjectKind::Table]) {
        let Some(old) = at.record.table(table).filter(|t| t.complete && t.columns.len() > 1) else {
            continue;
        };
        let steps = at.file.steps.iter();
        let new = steps.filter_map(|s| match &s.parsed.statement {
            Statement::CreateTable(new) if full(&new.name) != full(table) => Some(new),
            _ => None,
        });
        for new in new.filter(|n| alike(old, n)) {
            found
                .add(at.span(), format!("`{table}` is dropped and `{}` is created with nearly the same columns: a rename would keep the rows", new.name))
                .about(table)
                .phased(renamed(table, &new.name))
                .instead(format!("if it is a rename: ALTER TABLE {table} RENAME TO {}; and CREATE VIEW {table} AS SELECT * FROM {}; for the old application", Name::bare(&new.name.name), new.name));
        }
    }
}

/// Only within the schema: a view elsewhere is another name.
fn renamed(table: &Name, new: &Name) -> Vec<phased::Phase> {
    match full(table).schema == full(new).schema {
        true => phased::rename_table(table, &new.name),
        false => Vec::new(),
    }
}

fn alike(old: &Table, new: &CreateTable) -> bool {
    let same = new
        .columns
        .iter()
        .filter(|c| old.column(&c.name).is_some_and(|o| o.type_name == c.type_name))
        .count();
    same > 1 && same * 100 >= ALIKE_MIN * old.columns.len().max(new.columns.len())
}
