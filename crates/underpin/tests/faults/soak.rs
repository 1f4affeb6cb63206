//! The long form: every message, every way, every server.

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::drills::{self, Shown};
use super::lab::Lab;
use super::nth::{self, Kind, Tally};
use super::{kills, newest};

/// Cases under way at once.
const WORKERS: usize = 3;
/// No case of the n-th-call loop begins later than this.
const BUDGET: Duration = Duration::from_secs(25 * 60);

/// How long the kill loop runs.
const KILL_TIME: Duration = Duration::from_secs(60);

/// The sums of the last line.
#[derive(Default)]
struct Sums {
    runs: u64,
    faults: u64,
    stopped: u64,
    violations: usize,
}

/// Everything, or only `UNDERPIN_SOAK=nth`, `=kills` or `=drills`. The last line has the figures.
pub(crate) async fn all() -> ExitCode {
    let begun = Instant::now();
    let only = std::env::var("UNDERPIN_SOAK").unwrap_or_default();
    let wanted = |part: &str| only == part || !["nth", "kills", "drills"].contains(&only.as_str());
    let mut sums = Sums::default();
    if wanted("drills") {
        drill_all(&mut sums).await;
    }
    if wanted("kills") {
        let killed = kills::run(newest(), KILL_TIME, seed()).await;
        println!("{}", killed.text());
        sums.runs += killed.runs;
        sums.faults += killed.signals;
        sums.stopped += killed.stopped;
        sums.violations += killed.violations.len();
    }
    if wanted("nth") {
        let begun = Instant::now();
        for (major, step) in in_order() {
            let tally = every_message(major, step, begun).await;
            println!("PostgreSQL {major}\n{}", tally.report());
            sums.runs += tally.runs;
            sums.faults += tally.faults;
            sums.stopped += tally.stopped();
            sums.violations += tally.violations.len();
        }
    }
    let Sums { runs, faults, stopped, violations } = sums;
    println!("took {:.0} s; stopped with instruction: {stopped}", begun.elapsed().as_secs_f64());
    println!("soak: {runs} runs, {faults} faults, {violations} violations");
    let _flushed = std::io::stdout().flush();
    if violations == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The newest and the oldest server meet every message, those between every third; of these
/// every `UNDERPIN_STEP`-th, for who has less time.
fn in_order() -> Vec<(u32, usize)> {
    let fewer = std::env::var("UNDERPIN_STEP").ok().and_then(|step| step.parse().ok()).unwrap_or(1);
    let mut majors = underpin_testkit::majors();
    let mut order: Vec<(u32, usize)> = majors.pop().map(|newest| (newest, 1)).into_iter().collect();
    let between = majors.split_off(1.min(majors.len()));
    order.extend(majors.into_iter().map(|oldest| (oldest, 1)));
    order.extend(between.into_iter().rev().map(|major| (major, 3)));
    order.into_iter().map(|(major, step)| (major, step * fewer)).collect()
}

/// Each drill on the oldest and the newest server. `UNDERPIN_DRILL` chooses by a part of the name.
async fn drill_all(sums: &mut Sums) {
    let majors = underpin_testkit::majors();
    let chosen = std::env::var("UNDERPIN_DRILL").unwrap_or_default();
    for drill in drills::ALL.iter().filter(|drill| drill.name.contains(&chosen)) {
        let mut both = vec![majors[0], newest()];
        both.dedup();
        for major in both {
            let begun = Instant::now();
            let (word, words) = match tokio::spawn((drill.run)(major)).await {
                Ok(Shown::Kept(words)) => ("kept", words),
                Ok(Shown::Stopped(words)) => ("stopped with instruction", words),
                Ok(Shown::Broken(words)) => ("VIOLATION", words),
                Ok(Shown::Skipped(words)) => ("SKIPPED", words),
                Err(panic) => ("VIOLATION", format!("the drill itself failed: {panic}")),
            };
            let seconds = begun.elapsed().as_secs();
            println!("{word}: {} on {major} ({seconds} s): {words}", drill.name);
            let is = |other: &str| u64::from(word == other);
            sums.faults += 1 - is("SKIPPED");
            sums.runs += 2;
            sums.stopped += is("stopped with instruction");
            sums.violations += usize::from(word == "VIOLATION");
        }
    }
}

/// `UNDERPIN_SEED`, or the time.
pub(crate) fn seed() -> u64 {
    let time = || std::time::UNIX_EPOCH.elapsed().map_or(1, |t| t.as_micros() as u64);
    let seed = std::env::var("UNDERPIN_SEED").ok().and_then(|s| s.parse().ok());
    let seed = seed.unwrap_or_else(time);
    println!("UNDERPIN_SEED={seed}");
    seed
}

async fn every_message(major: u32, step: usize, begun: Instant) -> Tally {
    let lab = Arc::new(Lab::new(major).await);
    let clean = Arc::new(nth::clean(&lab).await);
    println!("PostgreSQL {major}: a clean run sends {} messages", clean.messages.len());
    let mut tally = Tally::default();
    let mut cases = tokio::task::JoinSet::new();
    for n in (1..=clean.messages.len() as u64).step_by(step) {
        for kind in Kind::ALL {
            if begun.elapsed() > BUDGET {
                println!("the time is up at message {n}: the rest is left out");
                return tally;
            }
            if cases.len() >= WORKERS
                && let Some(case) = cases.join_next().await
            {
                tally.add(&case.unwrap(), major);
            }
            let (lab, clean) = (Arc::clone(&lab), Arc::clone(&clean));
            cases.spawn(async move { nth::case(&lab, &clean, kind, n).await });
        }
    }
    while let Some(case) = cases.join_next().await {
        tally.add(&case.unwrap(), major);
    }
    tally
}

/// One case of the n-th-call loop, `<major> <kind> <n>`, with everything that was said.
pub(crate) async fn one(words: &str) -> ExitCode {
    let parts: Vec<&str> = words.split_whitespace().collect();
    let [major, kind, n] = parts[..] else {
        println!("UNDERPIN_FAULT=\"<major> <kind> <n>\"");
        return ExitCode::FAILURE;
    };
    let kind = Kind::ALL.into_iter().find(|k| k.name() == kind).unwrap();
    let major = major.parse().unwrap();
    let lab = Lab::new(major).await;
    let clean = nth::clean(&lab).await;
    for (index, message) in clean.messages.iter().enumerate() {
        println!("{:>4} {message}", index + 1);
    }
    println!("the application was held up for {:?}", clean.stall);
    let case = nth::case(&lab, &clean, kind, n.parse().unwrap()).await;
    for (place, end) in std::iter::once(&case.broken).chain(&case.heals).enumerate() {
        println!("--- run {}: {}\n{}", place + 1, end.phrase(), end.text);
    }
    println!("{:?}", case.verdict);
    let mut tally = Tally::default();
    tally.add(&case, major);
    println!("{}", tally.report());
    if tally.violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
