//! What the program does when something breaks: real processes, real servers, injected faults.
//!
//! `./dev test` runs a part of it, `./dev soak` all of it (about half an hour);
//! `UNDERPIN_FAULT="18 cut_after 23"` one case of the n-th-call loop, with everything it said.
//! docs/reference/faults.md says which fault is covered by what.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod app;
mod check;
mod drills;
mod kills;
mod lab;
mod nth;
mod page;
mod soak;

use std::process::ExitCode;
use std::time::Duration;

use libtest_mimic::{Arguments, Failed, Trial};
use tokio::runtime::{Handle, Runtime};
use tokio::sync::OnceCell;

use drills::Shown;
use lab::Lab;
use nth::{Clean, Kind, Tally};

/// In a test every so many messages are broken; each way begins elsewhere.
const STRIDE: u64 = 12;
/// How long the kill loop runs in a test.
const KILL_TIME: Duration = Duration::from_secs(7);

fn main() -> ExitCode {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    if let Ok(one) = std::env::var("UNDERPIN_FAULT") {
        return runtime.block_on(soak::one(&one));
    }
    if std::env::var_os("UNDERPIN_SOAK").is_some() {
        return runtime.block_on(soak::all());
    }
    let arguments = Arguments::from_args();
    libtest_mimic::run(&arguments, trials(&runtime)).exit_code()
}

fn trials(runtime: &Runtime) -> Vec<Trial> {
    let mut trials = Vec::new();
    for kind in Kind::ALL {
        let name = format!("every {STRIDE}th message of a deploy meets {}", kind.name());
        trials.push(trial(runtime, name, move || every_so_many(kind)));
    }
    let name = "twenty processes under random signals".to_owned();
    trials.push(trial(runtime, name, killed));
    for drill in drills::ALL.iter().filter(|drill| !drill.long) {
        let run = async move || match (drill.run)(newest()).await {
            Shown::Broken(words) => Err(words.into()),
            Shown::Skipped(why) => {
                println!("SKIPPED: {}: {why}", drill.name);
                Ok(())
            }
            Shown::Kept(_) | Shown::Stopped(_) => Ok(()),
        };
        trials.push(trial(runtime, drill.name.to_owned(), run));
    }
    trials.push(Trial::test("the page of faults names what exists", page::check));
    trials
}

fn trial<F>(runtime: &Runtime, name: String, test: impl FnOnce() -> F + Send + 'static) -> Trial
where
    F: Future<Output = Result<(), Failed>>,
{
    let handle: Handle = runtime.handle().clone();
    Trial::test(name, move || handle.block_on(test()))
}

async fn every_so_many(kind: Kind) -> Result<(), Failed> {
    static SHARED: OnceCell<(Lab, Clean)> = OnceCell::const_new();
    let major = newest();
    let shared = SHARED.get_or_init(|| async {
        let lab = Lab::new(major).await;
        let clean = nth::clean(&lab).await;
        (lab, clean)
    });
    let (lab, clean) = shared.await;
    let mut tally = Tally::default();
    let first = 1 + kind as u64 % STRIDE;
    for n in (first..=clean.messages.len() as u64).step_by(STRIDE as usize) {
        tally.add(&nth::case(lab, clean, kind, n).await, major);
    }
    if tally.violations.is_empty() { Ok(()) } else { Err(tally.report().into()) }
}

async fn killed() -> Result<(), Failed> {
    let report = kills::run(newest(), KILL_TIME, soak::seed()).await;
    if report.violations.is_empty() { Ok(()) } else { Err(report.text().into()) }
}

/// The newest of the majors in use: the one of the tests.
fn newest() -> u32 {
    *underpin_testkit::majors().last().unwrap()
}
