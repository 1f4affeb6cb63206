//! What was measured, laid over what was predicted: a rehearsal over a plan, and what production took
//! over both.

use underpin_sql::finding::{Downtime, Finding, Severity};
use underpin_sql::lint::{Blocks, FileReport, StatementReport};

use super::plan::{LockWindow, PlannedStatement};
use crate::assess::{Prediction, TableSize};
use crate::rehearse::{MeasuredMigration, MeasuredStatement, Record};

/// Work that takes no longer than this keeps nobody waiting beyond what a lock by itself does.
pub(super) const ORDINARY_MS: u64 = 200;

/// Below that a ratio of times says nothing.
const RATIO_FROM_MS: f64 = 100.0;

/// Findings about rows: a statement that ran on a copy of all rows does not fail on them.
const ABOUT_ROWS: &[&str] = &[
    "FAIL-ADD-COLUMN-NOT-NULL-NO-DEFAULT",
    "FAIL-CHECK-VIOLATED",
    "FAIL-ENUM-REMOVED-VALUE-IN-USE",
    "FAIL-FOREIGN-KEY-WITH-ORPHANS",
    "FAIL-PARTITION-BOUNDS",
    "FAIL-SET-NOT-NULL-WITH-NULLS",
    "FAIL-TYPE-CAST",
    "FAIL-UNIQUE-WITH-DUPLICATES",
];

/// What a statement did on a copy, and how long it will take here.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct MeasuredHere {
    /// On the copy.
    #[serde(flatten)]
    pub on_copy: MeasuredStatement,
    /// The time on the copy, grown with the rows of the tables that it works on; only of a copy of
    /// all rows.
    pub scaled_ms: Option<f64>,
}

/// The measurements of one migration, for a database of these sizes.
pub(super) struct Overlay<'a> {
    pub(super) record: &'a Record,
    pub(super) migration: &'a MeasuredMigration,
    pub(super) size_of: &'a (dyn Fn(&str) -> Option<TableSize> + Sync),
}

/// Whether a finding is about work that grows with a table.
pub(super) fn grows(rule: &str) -> bool {
    ["SCAN-", "BUILD-", "REWRITE-"].iter().any(|family| rule.starts_with(family))
        || matches!(rule, "TX-WORK-WHILE-HOLDING-LOCK" | "TX-SCHEMA-AND-BACKFILL")
}

impl Overlay<'_> {
    /// The measurement of a statement that ran to its end.
    pub(super) fn of(&self, statement: &StatementReport) -> Option<MeasuredHere> {
        let mut all = self.migration.statements.iter();
        let on_copy = all.find(|m| m.offset == statement.span.start && m.failed.is_none())?.clone();
        let whole = self.record.copy.from.is_whole();
        let scaled_ms = whole.then(|| on_copy.milliseconds * self.growth(statement));
        Some(MeasuredHere { on_copy, scaled_ms })
    }

    /// By how much the tables of a statement are larger here than on the copy.
    fn growth(&self, statement: &StatementReport) -> f64 {
        #[allow(clippy::cast_precision_loss)] // A ratio.
        let ratio = |relation: &str| {
            let here = (self.size_of)(relation)?.rows as f64;
            let there = self.record.copy.tables.get(relation)?.rows as f64;
            (here > 0.0 && there > 0.0).then_some(here / there)
        };
        let ratios = statement.work.iter().filter_map(|work| ratio(&work.relation));
        ratios.max_by(f64::total_cmp).unwrap_or(1.0)
    }

    /// Lays what was measured over the findings of a file. `asked` names the rules and lines for
    /// which rows of the live database were found since.
    pub(super) fn weigh(&self, file: &mut FileReport, asked: &[(&str, usize)]) {
        let taken = &self.record.copy.taken_at;
        for finding in &mut file.findings {
            let Some(statement) = file.statements.get(finding.statement) else { continue };
            let Some(measured) = self.of(statement) else { continue };
            if finding.rule.starts_with("REWRITE-") && measured.on_copy.rewritten.is_empty() {
                soften(finding, &format!("on the copy of {taken} no table got new files"));
            } else if grows(finding.rule)
                && let Some(ms) = measured.scaled_ms
            {
                let predicted = Prediction::around_ms(ms);
                let took = measured.on_copy.milliseconds;
                let fact =
                    format!("measured on the copy of {taken}: {took:.0} ms, here {ms:.0} ms");
                if predicted.high_ms <= ORDINARY_MS {
                    soften(finding, &fact);
                } else {
                    finding.severity = finding.severity.max(Severity::Warning);
                    finding.fact = format!("{}; {fact}", finding.fact);
                }
            } else if ABOUT_ROWS.contains(&finding.rule)
                && self.record.copy.from.is_whole()
                && !asked.contains(&(finding.rule, statement.line))
            {
                finding.unknown = None;
                soften(finding, &format!("it ran on the copy of {taken}, with every row"));
            }
        }
    }

    /// Locks that were taken stand beside those that were predicted; those that were not taken go,
    /// where a look could not have missed them.
    pub(super) fn windows(&self, windows: &mut Vec<LockWindow>, statements: &[PlannedStatement]) {
        let measured = || statements.iter().filter_map(|s| Some((s, s.measured.as_ref()?)));
        let mut taken: Vec<LockWindow> = Vec::new();
        for (statement, here) in measured() {
            for lock in &here.on_copy.locks {
                let Some(mode) = lock.lock_mode() else { continue };
                let blocks = match (mode.blocks_reads(), mode.blocks_writes()) {
                    (true, _) => Blocks::Everything,
                    (false, true) => Blocks::Writes,
                    (false, false) => Blocks::Nothing,
                };
                let window = LockWindow {
                    relation: lock.relation.clone(),
                    mode: lock.mode.clone(),
                    blocks,
                    from_line: statement.line,
                    predicted: None,
                    measured: true,
                };
                match taken.iter_mut().find(|known| known.relation == lock.relation) {
                    Some(known) if blocks > known.blocks => *known = window,
                    Some(_) => {}
                    None => taken.push(window),
                }
            }
        }
        let sure = measured().count() == statements.len()
            && measured().all(|(_, here)| !here.on_copy.locks_sampled);
        windows.retain_mut(|window| {
            let found = taken.iter().position(|known| known.relation == window.relation);
            let Some(found) = found.map(|index| taken.swap_remove(index)) else { return !sure };
            window.measured = true;
            if sure || found.blocks > window.blocks {
                (window.mode, window.blocks) = (found.mode, found.blocks);
            }
            window.blocks > Blocks::Nothing
        });
        taken.retain(|window| window.blocks > Blocks::Nothing);
        for mut window in taken {
            // To the end of the migration: longer than its transaction at worst.
            let after = statements.iter().filter(|s| s.line >= window.from_line);
            window.predicted = super::plan::sum(after.map(|s| s.predicted));
            windows.push(window);
        }
        windows.sort_by(|a, b| a.relation.cmp(&b.relation));
    }
}

/// A finding that a measurement has made harmless.
fn soften(finding: &mut Finding, fact: &str) {
    finding.fact = format!("{}; {fact}", finding.fact);
    finding.severity = Severity::Note;
    finding.grades.downtime = finding.grades.downtime.min(Downtime::Brief);
}

/// What a migration was expected to take.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Expectation {
    pub(super) migration: String,
    pub(super) predicted: Option<Prediction>,
    pub(super) rehearsed_ms: Option<f64>,
}

/// What a migration took in production, beside what was expected.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Timing {
    /// The migration.
    pub migration: String,
    /// From its start to its record, waits for locks included.
    pub took_ms: u64,
    /// Predicted from sizes and rates, or where there was a rehearsal from its times.
    pub predicted: Option<Prediction>,
    /// On the copy, grown with the tables.
    pub rehearsed_ms: Option<f64>,
    /// What it took over what was expected: the rehearsal's time, else the middle of the interval.
    /// `None` where both are below a tenth of a second: there the bookkeeping around a migration,
    /// which nothing predicts, is the larger part.
    pub ratio: Option<f64>,
}

impl Expectation {
    #[allow(clippy::cast_precision_loss)] // Milliseconds.
    pub(super) fn met_by(&self, took: std::time::Duration) -> Timing {
        let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let middle = self.rehearsed_ms.or(self.predicted.map(Prediction::middle_ms));
        let tells = |middle: &f64| *middle >= RATIO_FROM_MS || took_ms as f64 >= RATIO_FROM_MS;
        let ratio = middle
            .filter(tells)
            .map(|middle| (took.as_secs_f64() * 1000.0 / middle.max(1.0) * 100.0).round() / 100.0);
        Timing {
            migration: self.migration.clone(),
            took_ms,
            predicted: self.predicted,
            rehearsed_ms: self.rehearsed_ms,
            ratio,
        }
    }
}

impl Timing {
    /// Whether it took longer than was said.
    #[must_use]
    pub fn is_longer(&self) -> bool {
        self.predicted.is_some_and(|predicted| self.took_ms > predicted.high_ms)
    }
}

/// What the journal keeps of a deploy's times, for a person.
pub(super) fn in_words(detail: &str) -> String {
    let Ok(timings) = serde_json::from_str::<Vec<Timing>>(detail) else {
        return detail.to_owned();
    };
    let one = |timing: &Timing| {
        let expected = match (timing.rehearsed_ms, timing.predicted) {
            (Some(ms), _) => format!(", rehearsed {ms:.0} ms"),
            (None, Some(p)) => format!(", predicted {} to {} ms", p.low_ms, p.high_ms),
            (None, None) => String::new(),
        };
        format!("{} {} ms{expected}", timing.migration, timing.took_ms)
    };
    timings.iter().map(one).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_of_a_prediction_is_a_ratio() {
        let expected = |predicted, rehearsed_ms| Expectation {
            migration: "m".to_owned(),
            predicted,
            rehearsed_ms,
        };
        let took = std::time::Duration::from_millis(3000);
        let interval = Some(Prediction { low_ms: 700, high_ms: 2000 });
        let timing = expected(interval, None).met_by(took);
        assert_eq!((timing.ratio, timing.is_longer()), (Some(3.0), true));
        let timing = expected(interval, Some(2000.0)).met_by(took);
        assert_eq!(timing.ratio, Some(1.5), "the rehearsal is the nearer one");
        let timing = expected(None, None).met_by(took);
        assert_eq!((timing.ratio, timing.is_longer()), (None, false));
        let short = std::time::Duration::from_millis(30);
        let timing = expected(Some(Prediction { low_ms: 0, high_ms: 1 }), None).met_by(short);
        assert_eq!(timing.ratio, None);
    }
}
