//! How long work of a size takes, as an interval, with the calibration that it rests on.
//!
//! Between classes of work lie orders of magnitude (a catalog change, a scan, a rewrite), so that
//! the class matters more than the exact size; a linear model from a small measurement was within a
//! factor of two everywhere, and almost always too low. Hence × 0.7 to × 2.

use std::time::{Duration, Instant};

use underpin_sql::lint::StatementReport;

use crate::postgres::{Queryable, SqlError};

/// The low end of the interval over the middle.
const LOW: f64 = 0.7;
/// The high end over the middle.
const HIGH: f64 = 2.0;
/// What a change of the catalog takes: up to 10 ms, mostly less.
const CATALOG: Duration = Duration::from_millis(3);
/// Rows of the table that a calibration is measured on.
const SAMPLE_ROWS: u64 = 200_000;

/// A table's size.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct TableSize {
    /// Estimated rows.
    pub rows: u64,
    /// Bytes without indexes.
    pub bytes: u64,
}

/// Rates of a machine, per second.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Calibration {
    /// Where the rates come from.
    pub source: String,
    /// Bytes that a scan reads.
    pub scan_bytes: f64,
    /// Bytes of a table that are written anew with its indexes.
    pub rewrite_bytes: f64,
    /// The same where a value is computed for every row.
    pub computed_bytes: f64,
    /// Rows that go into a B-tree.
    pub build_rows: f64,
    /// Rows that go into a GIN index.
    pub slow_build_rows: f64,
    /// Rows whose foreign key is looked up.
    pub foreign_key_rows: f64,
    /// Rows that an `UPDATE` changes.
    pub changed_rows: f64,
}

impl Default for Calibration {
    /// PostgreSQL 15 on two shared cores, warm: 3 million rows of 190 bytes.
    fn default() -> Self {
        Self {
            source: "reference: PostgreSQL 15, two cores, warm, 3 million rows".to_owned(),
            scan_bytes: 600e6,
            rewrite_bytes: 39e6,
            computed_bytes: 21e6,
            build_rows: 600e3,
            slow_build_rows: 42e3,
            foreign_key_rows: 720e3,
            changed_rows: 78e3,
        }
    }
}

/// What a statement is expected to take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Prediction {
    /// At least, in milliseconds.
    pub low_ms: u64,
    /// At most.
    pub high_ms: u64,
}

impl Prediction {
    fn of(middle: Duration) -> Self {
        let ms = |factor: f64| (middle.as_secs_f64() * factor * 1000.0).round() as u64;
        Self { low_ms: ms(LOW), high_ms: ms(HIGH) }
    }

    /// The interval around a time that was measured elsewhere.
    #[must_use]
    pub fn around_ms(middle: f64) -> Self {
        Self::of(Duration::from_secs_f64(middle.max(0.0) / 1000.0))
    }

    /// The time that the interval is made around.
    #[must_use]
    #[allow(clippy::cast_precision_loss)] // Milliseconds.
    pub fn middle_ms(self) -> f64 {
        self.high_ms as f64 / HIGH
    }

    /// Both one after the other.
    #[must_use]
    pub fn then(self, other: Self) -> Self {
        Self { low_ms: self.low_ms + other.low_ms, high_ms: self.high_ms + other.high_ms }
    }

    /// Whether a measured time lies inside.
    #[must_use]
    pub fn holds(self, measured: Duration) -> bool {
        let ms = measured.as_millis();
        u128::from(self.low_ms) <= ms && ms <= u128::from(self.high_ms)
    }
}

/// Predicts a statement from the work that it does on tables whose size is known. `None` when a
/// size is not. `rules` are the ids of what was found about it.
#[must_use]
pub fn predict(
    statement: &StatementReport,
    rules: &[&str],
    size_of: &dyn Fn(&str) -> Option<TableSize>,
    calibration: &Calibration,
) -> Option<Prediction> {
    let mut seconds = if statement.locks.is_empty() { 0.0 } else { CATALOG.as_secs_f64() };
    let foreign_key = rules.iter().any(|rule| rule.ends_with("ADD-FOREIGN-KEY"));
    let computed = rules.contains(&"REWRITE-ADD-COLUMN-VOLATILE-DEFAULT");
    let slow = rules.contains(&"BUILD-SLOW-INDEX-TYPE");
    // A foreign key scans both sides in one query; the referencing one decides.
    let mut keyed: f64 = 0.0;
    for work in &statement.work {
        let size = size_of(&work.relation)?;
        let (rows, bytes) = (size.rows as f64, size.bytes as f64);
        match work.class {
            "scan" if foreign_key => keyed = keyed.max(rows / calibration.foreign_key_rows),
            "scan" => seconds += bytes / calibration.scan_bytes,
            "rewrite" if computed => seconds += bytes / calibration.computed_bytes,
            "rewrite" => seconds += bytes / calibration.rewrite_bytes,
            "build" if slow => seconds += rows / calibration.slow_build_rows,
            "build" => seconds += rows / calibration.build_rows,
            _ => seconds += rows / calibration.changed_rows,
        }
    }
    Some(Prediction::of(Duration::from_secs_f64(seconds + keyed)))
}

/// Measures the rates of the server behind `database` on a table of its own, which it leaves
/// behind: for scratch databases only.
///
/// # Errors
/// What the server says.
pub async fn measure(database: &mut dyn Queryable) -> Result<Calibration, SqlError> {
    let rows = SAMPLE_ROWS as f64;
    let make = format!(
        "CREATE TABLE underpin_sample (id int PRIMARY KEY, parent int, n int, m int, t text, j jsonb);\
         INSERT INTO underpin_sample SELECT g, g, g, g, repeat(md5(g::text), 4), jsonb_build_object('k', g, 'tag', md5(g::text)) \
         FROM generate_series(1, {SAMPLE_ROWS}) g; VACUUM ANALYZE underpin_sample"
    );
    for part in make.split(';') {
        database.query(part).await?;
    }
    let bytes = database.query("SELECT pg_table_size('underpin_sample')").await?;
    let bytes = bytes.first().and_then(|set| set.rows.first()).and_then(|row| row.first().cloned());
    let bytes: f64 = bytes.flatten().and_then(|text| text.parse().ok()).unwrap_or(rows * 190.0);
    let mut took = Vec::new();
    for (sql, undo) in SAMPLED {
        // The faster of two: what the machine does beside it only ever adds.
        let mut fastest = f64::INFINITY;
        for _ in 0..2 {
            let begun = Instant::now();
            database.query(sql).await?;
            fastest = fastest.min(begun.elapsed().as_secs_f64());
            database.query(undo).await?;
        }
        // The change of the catalog is part of it, and a prediction adds that by itself.
        took.push((fastest - CATALOG.as_secs_f64()).max(1e-4));
    }
    Ok(Calibration {
        source: format!("measured on a scratch server with {SAMPLE_ROWS} rows"),
        changed_rows: rows / took[0],
        scan_bytes: bytes / took[1],
        build_rows: rows / took[2],
        slow_build_rows: rows / took[3],
        foreign_key_rows: rows / took[4],
        rewrite_bytes: bytes / took[5],
        computed_bytes: bytes / took[6],
    })
}

/// What is measured, and what puts the table back.
const SAMPLED: [(&str, &str); 7] = [
    ("UPDATE underpin_sample SET m = m + 1", "VACUUM FULL underpin_sample"),
    (
        "ALTER TABLE underpin_sample ALTER COLUMN t SET NOT NULL",
        "ALTER TABLE underpin_sample ALTER COLUMN t DROP NOT NULL",
    ),
    ("CREATE INDEX underpin_i ON underpin_sample (n)", "DROP INDEX underpin_i"),
    ("CREATE INDEX underpin_i ON underpin_sample USING gin (j)", "DROP INDEX underpin_i"),
    (
        "ALTER TABLE underpin_sample ADD CONSTRAINT f FOREIGN KEY (parent) REFERENCES underpin_sample (id)",
        "ALTER TABLE underpin_sample DROP CONSTRAINT f",
    ),
    (
        "ALTER TABLE underpin_sample ALTER COLUMN n TYPE bigint",
        "ALTER TABLE underpin_sample ALTER COLUMN n TYPE int",
    ),
    (
        "ALTER TABLE underpin_sample ADD COLUMN v uuid DEFAULT gen_random_uuid()",
        "ALTER TABLE underpin_sample DROP COLUMN v",
    ),
];

#[cfg(test)]
mod tests {
    use underpin_sql::lint::WorkReport;

    use super::*;

    fn statement(class: &'static str) -> StatementReport {
        StatementReport {
            line: 1,
            span: 0..0,
            tag: String::new(),
            transaction: Some(1),
            locks: Vec::new(),
            work: vec![WorkReport { relation: "t".to_owned(), class }],
            judged: true,
        }
    }

    #[test]
    fn classes_lie_orders_of_magnitude_apart() {
        let size = |_: &str| Some(TableSize { rows: 3_000_000, bytes: 571_000_000 });
        let of = |class| predict(&statement(class), &[], &size, &Calibration::default()).unwrap();
        assert!(of("scan").holds(Duration::from_millis(1200)));
        assert!(of("rewrite").holds(Duration::from_millis(14_500)));
        assert!(of("build").holds(Duration::from_millis(5400)));
        assert!(of("rows").holds(Duration::from_millis(36_800)));
        assert!(of("scan").high_ms < of("rewrite").low_ms);
    }

    #[test]
    fn what_is_not_known_is_not_guessed() {
        let unknown = |_: &str| None;
        assert_eq!(predict(&statement("scan"), &[], &unknown, &Calibration::default()), None);
    }
}
