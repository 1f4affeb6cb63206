//! Which table is locked from which statement to which: one table of cells per migration, and one
//! for the whole run.

use std::collections::BTreeMap;

use underpin_sql::lint::{Blocks, FileReport, LockReport, Report};

use crate::output::html::escaped;

/// Columns that a timeline may have; further statements are told by their number alone.
const COLUMNS_MAX: usize = 60;

/// Tables by migrations: the strongest lock that each migration takes on each table.
pub(super) fn of_run(report: &Report) -> String {
    let columns: Vec<(usize, &FileReport)> = report
        .files
        .iter()
        .enumerate()
        .filter(|(_, f)| f.statements.iter().any(|s| s.locks.iter().any(blocks)))
        .collect();
    if columns.len() < 2 {
        return String::new();
    }
    let mut rows: BTreeMap<&str, BTreeMap<usize, &LockReport>> = BTreeMap::new();
    for (column, (_, file)) in columns.iter().enumerate() {
        for lock in file.statements.iter().flat_map(|s| &s.locks).filter(|l| blocks(l)) {
            let cell = rows.entry(&lock.relation).or_default().entry(column).or_insert(lock);
            if lock.blocks > cell.blocks {
                *cell = lock;
            }
        }
    }
    let shown = columns.len().min(COLUMNS_MAX);
    let heads: String = (0..shown)
        .map(|c| {
            let (number, file) = columns[c];
            format!("<th title=\"{}\">{}</th>", escaped(&file.name), number + 1)
        })
        .collect();
    let body: String = rows
        .iter()
        .map(|(table, cells)| {
            let cells: String = (0..shown).map(|c| cell(cells.get(&c).copied(), None)).collect();
            row(table, &cells)
        })
        .collect();
    let caption = caption("migrations, by their number in the table above", columns.len());
    figure("Locks per table", "h2", &heads, &body, &caption)
}

/// Tables by statements: where each lock is taken, and how long its transaction keeps it.
pub(super) fn of_file(file: &FileReport) -> String {
    let mut tables: Vec<&str> = Vec::new();
    for lock in file.statements.iter().flat_map(|s| &s.locks).filter(|l| blocks(l)) {
        if !tables.contains(&lock.relation.as_str()) {
            tables.push(&lock.relation);
        }
    }
    if tables.is_empty() {
        return String::new();
    }
    let shown = file.statements.len().min(COLUMNS_MAX);
    let heads: String = (1..=shown).map(|n| format!("<th>{n}</th>")).collect();
    let body: String = tables
        .iter()
        .map(|table| {
            let (mut held, mut cells) = (None::<(usize, Blocks)>, String::new());
            for statement in &file.statements[..shown] {
                held = held.filter(|(t, _)| statement.transaction == Some(*t));
                let lock = statement.locks.iter().find(|l| l.relation == *table && blocks(l));
                cells += &cell(lock, held.map(|(_, b)| b));
                if let (Some(lock), Some(transaction)) = (lock, statement.transaction) {
                    let stronger = held.map_or(lock.blocks, |(_, b)| b.max(lock.blocks));
                    held = Some((transaction, stronger));
                }
            }
            row(table, &cells)
        })
        .collect();
    let caption =
        caption("statements; pale: held until the transaction ends", file.statements.len());
    figure("Lock timeline", "h3", &heads, &body, &caption)
}

fn blocks(lock: &LockReport) -> bool {
    lock.blocks > Blocks::Nothing
}

fn cell(lock: Option<&LockReport>, held: Option<Blocks>) -> String {
    let class = |blocks| if blocks == Blocks::Everything { "all" } else { "writes" };
    match (lock, held) {
        (Some(lock), _) => {
            format!("<td class=\"{}\" title=\"{}\">●</td>", class(lock.blocks), lock.mode)
        }
        (None, Some(held)) => format!("<td class=\"held-{}\"></td>", class(held)),
        (None, None) => "<td></td>".to_owned(),
    }
}

fn row(table: &str, cells: &str) -> String {
    format!("<tr><th scope=\"row\"><code>{}</code></th>{cells}</tr>\n", escaped(table))
}

fn caption(columns: &str, number: usize) -> String {
    let left = if number > COLUMNS_MAX {
        format!("; the first {COLUMNS_MAX} of {number} are shown")
    } else {
        String::new()
    };
    format!(
        "Columns are {columns}{left}. <span class=\"tag bad\">red</span> reads and writes wait, <span class=\"tag fair\">amber</span> writes wait."
    )
}

fn figure(title: &str, level: &str, heads: &str, body: &str, caption: &str) -> String {
    format!(
        "<{level}>{title}</{level}>\n<figure><table class=\"time\">\n<thead><tr><th></th>{heads}</tr></thead>\n<tbody>\n{body}</tbody></table>\n<figcaption>{caption}</figcaption></figure>\n"
    )
}
