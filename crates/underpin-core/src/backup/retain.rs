//! Which backups stay, by restic's rules (restic, "Removing snapshots according to a policy").
//!
//! Pure. Invariants: only a backup that is proven counts for a rule; never removed are what is
//! younger than seven days, the newest proven one, the newest proven one from before the newest
//! applied migration, what is pinned, what is of another environment, and what could not be read. Ages are counted from the newest
//! proven backup, so that nothing is removed because time passed without a new one.

use std::collections::BTreeMap;

pub use crate::config::KeepRules as Rules;

/// Seconds of a day.
const DAY: i64 = 86_400;
/// Days that are kept whatever the rules say.
pub const FLOOR_DAYS: i64 = 7;

/// A backup as the rules see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Its name.
    pub name: String,
    /// When its snapshot was taken; `None` when its manifest cannot be believed.
    pub taken: Option<jiff::Timestamp>,
    /// It counts: proven to level 3 or more, and not found damaged since.
    pub proven: bool,
    /// Never removed.
    pub pinned: bool,
    /// It lacks the newest applied migration.
    pub is_before_migration: bool,
    /// Its tags.
    pub tags: Vec<String>,
    /// It is in the archive.
    pub is_archived: bool,
    /// The environment of another database, whose rules are its own: several may share a folder or a
    /// bucket.
    pub foreign: Option<String>,
}

/// What becomes of a backup.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Verdict {
    /// The backup.
    pub name: String,
    /// Whether it stays.
    pub keep: bool,
    /// Why.
    pub why: Vec<String>,
}

/// Decides about all, in the order given.
#[must_use]
pub fn decide(candidates: &[Candidate], rules: &Rules, now: jiff::Timestamp) -> Vec<Verdict> {
    let mut why: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    let mut proven: Vec<(jiff::Timestamp, usize)> = candidates
        .iter()
        .enumerate()
        .filter(|(_, candidate)| candidate.proven && candidate.foreign.is_none())
        .filter_map(|(index, candidate)| Some((candidate.taken?, index)))
        .collect();
    proven.sort_by(|a, b| b.cmp(a));
    let mut keep = |index: usize, words: &str| why.entry(index).or_default().push(words.to_owned());
    if let Some((newest, index)) = proven.first() {
        keep(*index, "the newest that is proven");
        for (taken, index) in &proven {
            if seconds_between(*taken, *newest) <= i64::from(rules.within_days) * DAY {
                keep(*index, "within the days to keep");
            }
        }
    }
    if let Some((_, index)) = proven.iter().find(|(_, i)| candidates[*i].is_before_migration) {
        keep(*index, "the newest from before the newest migration");
    }
    for (_, index) in proven.iter().take(as_count(rules.last)) {
        keep(*index, "one of the last");
    }
    for (count, words, period) in [
        (rules.hourly, "hourly", Period::Hour),
        (rules.daily, "daily", Period::Day),
        (rules.weekly, "weekly", Period::Week),
        (rules.monthly, "monthly", Period::Month),
        (rules.yearly, "yearly", Period::Year),
    ] {
        let mut last = None;
        let mut left = as_count(count);
        for (taken, index) in &proven {
            let this = period.of(*taken);
            if left > 0 && last.as_ref() != Some(&this) {
                keep(*index, words);
                left -= 1;
                last = Some(this);
            }
        }
    }
    for (index, candidate) in candidates.iter().enumerate() {
        match candidate.taken {
            None => keep(index, "its manifest cannot be believed: look at it"),
            Some(taken) if seconds_between(taken, now) < FLOOR_DAYS * DAY => {
                keep(index, "younger than 7 days");
            }
            Some(_) => {}
        }
        if let Some(environment) = &candidate.foreign {
            keep(index, &format!("of the environment {environment}"));
            continue;
        }
        if candidate.pinned {
            keep(index, "pinned");
        }
        if candidate.tags.iter().any(|tag| rules.tags.contains(tag)) {
            keep(index, "its tag");
        }
        if proven.is_empty() {
            keep(index, "there is no backup that is proven");
        }
    }
    let verdict = |(index, candidate): (usize, &Candidate)| {
        let why = why.remove(&index);
        let keep = why.is_some();
        let words = if candidate.proven { "no rule keeps it" } else { "not proven, and old" };
        Verdict { name: candidate.name.clone(), keep, why: why.unwrap_or(vec![words.to_owned()]) }
    };
    candidates.iter().enumerate().map(verdict).collect()
}

/// Which of those that stay are recompressed into the archive: proven ones whose snapshot is so many
/// days older than the newest proven one. 0 days: none.
#[must_use]
pub fn to_archive(candidates: &[Candidate], verdicts: &[Verdict], after_days: u32) -> Vec<usize> {
    let proven =
        candidates.iter().filter(|candidate| candidate.proven && candidate.foreign.is_none());
    let newest = proven.filter_map(|candidate| candidate.taken).max();
    let is_due = |candidate: &Candidate| {
        let age = candidate.taken.zip(newest).map(|(taken, newest)| seconds_between(taken, newest));
        let due = age.is_some_and(|age| age >= i64::from(after_days) * DAY);
        candidate.proven && candidate.foreign.is_none() && !candidate.is_archived && due
    };
    let stays = candidates.iter().zip(verdicts).enumerate();
    let due = stays.filter(|(_, (candidate, verdict))| verdict.keep && is_due(candidate));
    if after_days == 0 { Vec::new() } else { due.map(|(index, _)| index).collect() }
}

fn as_count(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn seconds_between(earlier: jiff::Timestamp, later: jiff::Timestamp) -> i64 {
    later.as_second().saturating_sub(earlier.as_second())
}

#[derive(Debug, Clone, Copy)]
enum Period {
    Hour,
    Day,
    Week,
    Month,
    Year,
}

impl Period {
    /// The period that a time lies in, in UTC.
    fn of(self, at: jiff::Timestamp) -> (i16, i32) {
        let time = at.to_zoned(jiff::tz::TimeZone::UTC);
        let date = time.date();
        let day = i32::from(date.day_of_year());
        match self {
            Self::Hour => (date.year(), day * 24 + i32::from(time.hour())),
            Self::Day => (date.year(), day),
            Self::Week => {
                let week = date.iso_week_date();
                (week.year(), i32::from(week.week()))
            }
            Self::Month => (date.year(), i32::from(date.month())),
            Self::Year => (date.year(), 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: i64 = 1_780_000_000;

    fn candidate(index: usize, hours_ago: i64, proven: bool) -> Candidate {
        Candidate {
            name: index.to_string(),
            taken: Some(jiff::Timestamp::from_second(NOW - hours_ago * 3600).unwrap()),
            proven,
            pinned: false,
            is_before_migration: false,
            tags: Vec::new(),
            is_archived: false,
            foreign: None,
        }
    }

    fn kept(candidates: &[Candidate], rules: &Rules) -> Vec<String> {
        let now = jiff::Timestamp::from_second(NOW).unwrap();
        let verdicts = decide(candidates, rules, now);
        verdicts.into_iter().filter(|v| v.keep).map(|v| v.name).collect()
    }

    fn nothing() -> Rules {
        Rules { within_days: 0, last: 0, daily: 0, weekly: 0, monthly: 0, ..Rules::default() }
    }

    #[test]
    fn what_is_of_another_environment_stays_and_counts_for_nothing() {
        let foreign = |index, hours_ago| Candidate {
            foreign: Some("staging".to_owned()),
            ..candidate(index, hours_ago, true)
        };
        let all =
            [foreign(0, 9000), candidate(1, 8000, true), candidate(2, 7000, true), foreign(3, 300)];
        assert_eq!(kept(&all, &nothing()), ["0", "2", "3"]);
        let verdicts = decide(&all, &nothing(), jiff::Timestamp::from_second(NOW).unwrap());
        assert_eq!(verdicts[0].why, ["of the environment staging"]);
        assert_eq!(to_archive(&all, &verdicts, 1), Vec::<usize>::new());
    }

    #[test]
    fn one_a_day_is_the_newest_of_the_day() {
        // NOW is 20:26 UTC.
        let candidates: Vec<Candidate> =
            (0..60).map(|i| candidate(i, 240 + 6 * i64::try_from(i).unwrap(), true)).collect();
        let rules = Rules { daily: 3, ..nothing() };
        assert_eq!(kept(&candidates, &rules), ["0", "4", "8"]);
    }

    #[test]
    fn a_failed_one_does_not_take_the_place_of_a_good_one() {
        let candidates =
            [candidate(0, 200, false), candidate(1, 300, true), candidate(2, 400, true)];
        assert_eq!(kept(&candidates, &Rules { last: 1, ..nothing() }), ["1"]);
    }

    #[test]
    fn nothing_is_removed_while_nothing_is_proven() {
        let candidates = [candidate(0, 2000, false), candidate(1, 3000, false)];
        assert_eq!(kept(&candidates, &nothing()), ["0", "1"]);
    }

    #[test]
    fn what_cannot_be_read_stays() {
        let mut candidates = [candidate(0, 1000, true), candidate(1, 3000, false)];
        candidates[1].taken = None;
        assert_eq!(kept(&candidates, &nothing()), ["0", "1"]);
    }

    #[test]
    fn what_is_old_proven_and_stays_is_archived_once() {
        let now = jiff::Timestamp::from_second(NOW).unwrap();
        let mut all: Vec<Candidate> = [0, 29, 30, 31, 60, 61]
            .into_iter()
            .enumerate()
            .map(|(i, days)| candidate(i, days * 24, i != 3))
            .collect();
        all[4].is_archived = true;
        let rules = Rules { last: 3, ..nothing() };
        let verdicts = decide(&all, &rules, now);
        assert_eq!(to_archive(&all, &verdicts, 30), [2]);
        assert_eq!(to_archive(&all, &verdicts, 0), [] as [usize; 0]);
        let all_stay = decide(&all, &Rules { last: 99, ..nothing() }, now);
        assert_eq!(to_archive(&all, &all_stay, 30), [2, 5]);
    }

    proptest! {
        #[test]
        fn the_floors_hold_whatever_the_rules(
            ages in prop::collection::vec((0_i64..20_000, any::<bool>(), any::<bool>(), any::<bool>()), 1..30),
            counts in prop::collection::vec(0_u32..4, 7),
        ) {
            let rules = Rules {
                within_days: counts[0], last: counts[1], hourly: counts[2], daily: counts[3],
                weekly: counts[4], monthly: counts[5], yearly: counts[6], tags: Vec::new(),
            };
            let candidates: Vec<Candidate> = ages.iter().enumerate().map(|(i, (age, proven, pinned, before))| {
                Candidate { pinned: *pinned, is_before_migration: *before, ..candidate(i, *age, *proven) }
            }).collect();
            let kept = kept(&candidates, &rules);
            let newest = |which: &dyn Fn(&Candidate) -> bool| {
                candidates.iter().filter(|c| c.proven && which(c)).filter_map(|c| c.taken).max()
            };
            for candidate in &candidates {
                let is = |which: &dyn Fn(&Candidate) -> bool| {
                    candidate.proven && which(candidate) && candidate.taken == newest(which)
                };
                let young = ages[candidate.name.parse::<usize>().unwrap()].0 < 24 * 7;
                if candidate.pinned || young {
                    prop_assert!(kept.contains(&candidate.name));
                }
                for floor in [is(&|_| true), is(&|c| c.is_before_migration)] {
                    if floor {
                        let same = candidates.iter().filter(|c| c.taken == candidate.taken && c.proven);
                        prop_assert!(same.into_iter().any(|c| kept.contains(&c.name)));
                    }
                }
            }
        }
    }
}
