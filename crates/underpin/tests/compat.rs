//! The proof of compatibility: `underpin migrate` against the real Prisma CLI.
//!
//! Every case below `compat/cases/` gives commands to Prisma 6.19.3 and 7.10.1, to Underpin, and to
//! both in turn (`play.rs` has the orders), on the lowest PostgreSQL of the run. `prisma.txt` in
//! each case keeps what the real Prisma did, so that Underpin is held to it on machines without
//! Node as well.
//!
//! `./dev test compat` runs everything and installs Prisma if it is absent; the ordinary run holds
//! Underpin to the recordings and compares a handful of cases with a real Prisma, if one is there.
//! `UNDERPIN_COMPAT_RECORD=1 ./dev test compat` records anew and compares nothing.
//! Tests are named `<case>: recorded` and `<case>: Prisma <version> <way>`.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

#[path = "compat/case.rs"]
mod case;
#[path = "compat/interlock.rs"]
mod interlock;
#[path = "compat/observe.rs"]
mod observe;
#[path = "compat/play.rs"]
mod play;

use std::path::Path;
use std::sync::Arc;

use libtest_mimic::{Arguments, Trial};
use underpin_testkit::prisma::{Mode, Prisma, Version};

use case::Case;
use play::Recording;

fn main() {
    let arguments = Arguments::from_args();
    let full = std::env::var_os("UNDERPIN_COMPAT").is_some();
    let record = std::env::var_os("UNDERPIN_COMPAT_RECORD").is_some();
    let absent = if arguments.list { None } else { missing_prisma(full || record) };
    let cases = case::all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compat/cases"));
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let mut trials = Vec::new();
    let mut left_out = 0;
    for case in cases {
        let case = Arc::new(case);
        let (handle, held) = (runtime.handle().clone(), Arc::clone(&case));
        trials.push(
            Trial::test(format!("{}: recorded", case.name), move || {
                Ok(handle.block_on(recorded(&held))?)
            })
            .with_ignored_flag(record),
        );
        let sensible = |p: &Prisma| {
            case.is_for(p.version) && (p.mode == Mode::OneMessage || case.can_be_split())
        };
        for prisma in prismas().filter(sensible) {
            let wanted = full || record || (case.short && prisma == SHORT);
            let runs = wanted && absent.is_none();
            left_out += usize::from(!runs);
            let (handle, held) = (runtime.handle().clone(), Arc::clone(&case));
            let test = move || Ok(handle.block_on(compared(&held, prisma))?);
            trials.push(
                Trial::test(format!("{}: Prisma {prisma}", case.name), test)
                    .with_ignored_flag(!runs),
            );
        }
    }
    for version in Version::ALL {
        let handle = runtime.handle().clone();
        let rounds = if full { interlock::ROUNDS_FULL } else { interlock::ROUNDS_SHORT };
        let runs = absent.is_none() && !record && (full || version == SHORT.version);
        left_out += usize::from(!runs);
        let test = move || Ok(handle.block_on(interlock::race(version, rounds))?);
        trials.push(
            Trial::test(format!("interlock: Prisma {}", version.number()), test)
                .with_ignored_flag(!runs),
        );
    }
    if !arguments.list {
        match &absent {
            Some(why) => {
                eprintln!("NOT COMPARED WITH A REAL PRISMA: {left_out} tests are skipped. {why}")
            }
            None if !full => eprintln!(
                "{left_out} comparisons with a real Prisma are left to ./dev test compat."
            ),
            None => {}
        }
    }
    libtest_mimic::run(&arguments, trials).exit();
}

/// The Prisma of the ordinary run.
const SHORT: Prisma = Prisma { version: Version::V7, mode: Mode::OneMessage };

fn prismas() -> impl Iterator<Item = Prisma> {
    Version::ALL.into_iter().flat_map(|version| Mode::ALL.map(|mode| Prisma { version, mode }))
}

/// Why there is no real Prisma to compare with. A full run installs it first.
fn missing_prisma(install: bool) -> Option<String> {
    let find = |version: Version| if install { version.install() } else { version.available() };
    Version::ALL.into_iter().find_map(|version| find(version).err())
}

async fn recorded(case: &Case) -> Result<(), String> {
    let server = underpin_testkit::server(underpin_testkit::majors()[0]).await;
    let result = play::against_recording(case, &server, &Recording::at(case.recording())).await;
    result.map_err(|e| format!("{}\n{e}", case.about))
}

async fn compared(case: &Case, prisma: Prisma) -> Result<(), String> {
    let server = underpin_testkit::server(underpin_testkit::majors()[0]).await;
    let result = play::compare(case, &server, prisma, &Recording::at(case.recording())).await;
    result.map_err(|e| format!("{}\n{e}", case.about))
}
