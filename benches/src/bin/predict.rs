//! How far predictions of `underpin plan` hold: the rates are measured as `--calibrate` does, then
//! statements of every class run on tables of several sizes, and each time is compared with the
//! interval that was predicted from the table's size.
//!
//! `./dev bench predict [rows of the largest table]`. Target: at least 90 % inside the interval, of
//! at least 30 steps.

#![allow(clippy::print_stdout)]

use std::process::ExitCode;
use std::time::Instant;

use underpin_core::assess::{TableSize, measure, predict};
use underpin_core::postgres::{Queryable as _, Session};
use underpin_sql::lint::{self, Facts, Options, Runner, Source};

use underpin_bench::Outcome;

const LARGEST: u64 = 1_500_000;
const TARGET: f64 = 0.9;
/// A step that is shorter is lost in what the machine does beside it.
const SHORTEST_MS: u128 = 20;

/// Statements, each alone in its file, with what puts the table back.
const STEPS: &[(&str, &str)] = &[
    (
        "ALTER TABLE t ALTER COLUMN note SET NOT NULL",
        "ALTER TABLE t ALTER COLUMN note DROP NOT NULL",
    ),
    ("ALTER TABLE t ADD CONSTRAINT c CHECK (n > 0)", "ALTER TABLE t DROP CONSTRAINT c"),
    (
        "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (parent) REFERENCES t (id)",
        "ALTER TABLE t DROP CONSTRAINT f",
    ),
    ("CREATE INDEX i ON t (n)", "DROP INDEX i"),
    ("CREATE UNIQUE INDEX u ON t (parent)", "DROP INDEX u"),
    ("CREATE INDEX g ON t USING gin (data)", "DROP INDEX g"),
    ("ALTER TABLE t ALTER COLUMN n TYPE bigint", "ALTER TABLE t ALTER COLUMN n TYPE integer"),
    (
        "ALTER TABLE t ADD COLUMN v uuid NOT NULL DEFAULT gen_random_uuid()",
        "ALTER TABLE t DROP COLUMN v; VACUUM FULL t",
    ),
    ("UPDATE t SET m = m + 1", "VACUUM FULL t"),
];

async fn make(session: &Session, rows: u64) -> Outcome<TableSize> {
    let sql = format!(
        "DROP TABLE IF EXISTS t; CREATE TABLE t (id integer PRIMARY KEY, parent integer, n integer, m integer, note text, data jsonb); \
         INSERT INTO t SELECT g, g, g, g, repeat(md5(g::text), 4), jsonb_build_object('k', g, 'tag', md5(g::text)) \
         FROM generate_series(1, {rows}) g"
    );
    session.simple_query(&sql).await.map_err(|e| e.to_string())?;
    session.simple_query("VACUUM ANALYZE t").await.map_err(|e| e.to_string())?;
    let bytes = session.value("SELECT pg_table_size('t')").await.map_err(|e| e.to_string())?;
    Ok(TableSize { rows, bytes: bytes.unwrap_or_default().parse()? })
}

const SCHEMA: &str = "CREATE TABLE t (id integer PRIMARY KEY, parent integer, n integer, m integer, note text, data jsonb);";

async fn run() -> Outcome<bool> {
    let largest = std::env::args().nth(1).and_then(|a| a.parse().ok()).unwrap_or(LARGEST);
    let major = underpin_testkit::majors().pop().ok_or("no server binaries: run ./dev setup")?;
    let server = underpin_testkit::server(major).await;
    let mut database = server.database().await;
    println!("PostgreSQL {}", server.binaries().version);
    let calibration = measure(&mut database.session).await.map_err(|e| e.to_string())?;
    println!("{calibration:?}");
    let (mut inside, mut all) = (0usize, 0usize);
    for part in [8, 4, 2, 1] {
        let size = make(&database.session, largest / part).await?;
        for (sql, back) in STEPS {
            let options = Options {
                server_major: Some(database.session.version().major()),
                runner: Runner::Underpin,
                pending_from: Some(1),
                facts: Facts::default(),
                enabled: Vec::new(),
            };
            let source = |name: &str, text: &str, judged| Source {
                name: name.to_owned(),
                path: name.to_owned(),
                text: text.to_owned(),
                judged,
            };
            let report =
                lint::lint(vec![source("1", SCHEMA, false), source("2", sql, true)], &options);
            let file = report.files.first().ok_or("nothing was judged")?;
            let statement = file.statements.first().ok_or("no statement")?;
            let rules: Vec<&str> = file.findings.iter().map(|f| f.rule).collect();
            let predicted = predict(statement, &rules, &|_| Some(size), &calibration)
                .ok_or("a size is not known")?;
            let begun = Instant::now();
            database.session.simple_query(sql).await.map_err(|e| e.to_string())?;
            let took = begun.elapsed();
            for part in back.split("; ") {
                database.session.simple_query(part).await.map_err(|e| e.to_string())?;
            }
            if took.as_millis() < SHORTEST_MS {
                continue;
            }
            all += 1;
            inside += usize::from(predicted.holds(took));
            println!(
                "{:>9} rows, {:>5} to {:>6} ms predicted, {:>6} ms measured{}: {sql}",
                size.rows,
                predicted.low_ms,
                predicted.high_ms,
                took.as_millis(),
                if predicted.holds(took) { "" } else { "  OUTSIDE" }
            );
        }
    }
    let share = inside as f64 / all.max(1) as f64;
    println!(
        "bench predict: {inside} of {all} steps inside the interval ({:.0} %), target >= 90 % of >= 30",
        share * 100.0
    );
    Ok(share >= TARGET && all >= 30)
}

#[tokio::main]
async fn main() -> ExitCode {
    underpin_bench::finish("predict", run().await)
}
