//! `docs/reference/lock-matrix.md`, made of the measured matrix.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use underpin_sql::effect::Verdict;
use underpin_sql::effect::matrix::{self, Outcome, Row};

const HEAD: &str = "# Lock matrix

What PostgreSQL does, statement by statement: generated from
`crates/underpin-sql/src/effect/matrix`, which holds the cases (SQL with what they need) and what
servers of each version did. `cargo xtask lock-matrix` measures anew on the servers that
`UNDERPIN_TEST_MAJORS` names; a test compares servers with the table, another one what Underpin says
of each statement.

How it is measured: in a transaction of its own, on tables with rows; locks from `pg_locks`, new files
from `pg_relation_filenode`, reading from the counters of sequential scans. Only what was there before
the statement is listed. A statement that refuses a transaction block is watched from a second
session while a third holds it up: locks then are those up to that point, and reading is not seen.

Locks: AX access exclusive (blocks everything), X exclusive, SRX share row exclusive, S share (both
block writes), SUX share update exclusive, RX row exclusive, RS row share, AS access share. Of
indexes only SUX and stronger. Work: *scan* every row is read, *build* an index is built, *rewrite* a
new file with all indexes, *rows* rows change, *empty* an empty file takes the place of the old one;
nothing means the catalog alone. *alone*: not in a transaction block. *error*: refused, with the
SQLSTATE.
";

/// The page.
pub(crate) fn page() -> String {
    let rows = matrix::measured();
    let mut by_case: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in &rows {
        by_case.entry(&row.case).or_default().push(row);
    }
    let mut page = HEAD.to_owned();
    let mut file = "";
    let cases = matrix::cases();
    for case in &cases {
        let (area, name) = case.name.split_once('/').unwrap_or(("", &case.name));
        if area != file {
            file = area;
            let _infallible = write!(
                page,
                "\n## {area}\n\n| case | statement | versions | locks | index locks | work | verdict |\n|---|---|---|---|---|---|---|\n"
            );
        }
        for row in by_case.get(case.name.as_str()).into_iter().flatten() {
            let _infallible =
                writeln!(page, "| {name} | `{}` | {}", code(&case.statement), cells(row));
        }
    }
    page
}

fn cells(row: &Row) -> String {
    let (first, last) = row.majors;
    let majors = if first == last { first.to_string() } else { format!("{first}-{last}") };
    let Outcome { locks, index_locks, work, verdict } = &row.outcome;
    let verdict = match verdict {
        Verdict::Allowed => String::new(),
        Verdict::Alone => "alone".to_owned(),
        Verdict::Refused(sqlstate) => format!("error {sqlstate}"),
    };
    format!(
        "{majors} | {} | {} | {} | {verdict} |",
        list(locks, |m| m.abbreviation().to_owned()),
        list(index_locks, |m| m.abbreviation().to_owned()),
        list(work, ToString::to_string)
    )
}

fn list<T>(map: &BTreeMap<String, T>, text: impl Fn(&T) -> String) -> String {
    let parts: Vec<String> =
        map.iter().map(|(name, value)| format!("{name} {}", text(value))).collect();
    parts.join(", ")
}

fn code(statement: &str) -> String {
    statement.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}
