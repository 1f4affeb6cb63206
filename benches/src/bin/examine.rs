//! How long it takes to say of a database without a history what is in effect, proofs included:
//! `underpin baseline` over 30, 300 and 800 migrations of which one in the middle and the last one
//! are missing, first without anything kept from before, then again.
//!
//! Targets: 30 in < 2 s, 300 in < 15 s, 800 in < 60 s cold; < 1 s warm.

#![allow(clippy::print_stdout)]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use underpin_bench::{
    Outcome,
    history::{migration, write_folder},
};
use underpin_core::engine::{self, BaselineReport, BaselineRequest, Options};
use underpin_core::event::Silent;

const TARGETS: [(usize, u64); 3] = [(30, 2), (300, 15), (800, 60)];
const WARM: Duration = Duration::from_secs(1);

async fn examine(options: &Options) -> Outcome<(Duration, BaselineReport)> {
    let begun = Instant::now();
    let report = engine::baseline(options, BaselineRequest::default(), &mut Silent)
        .await
        .map_err(|e| format!("{e:?}"))?;
    Ok((begun.elapsed(), report))
}

/// Cold and warm.
async fn both(server: &underpin_testkit::Server, count: usize) -> Outcome<(Duration, Duration)> {
    let project = tempfile::tempdir()?;
    write_folder(&project.path().join("migrations"), count)?;
    let database = server.database().await;
    // A constraint that nothing else builds on.
    let hole = count / 2 / 3 * 3 + 2;
    for number in (0..count - 1).filter(|number| *number != hole) {
        database.run(&migration(number)).await;
    }
    let options = underpin_bench::options(server, &database.url, project.path())?;
    let (cold, report) = examine(&options).await?;
    let (warm, again) = examine(&options).await?;
    for report in [&report, &again] {
        if !report.proven || report.recorded.len() != count - 2 || report.pending.len() != 2 {
            return Err(format!("of {count}: {report:?}").into());
        }
    }
    Ok((cold, warm))
}

async fn run() -> Outcome<bool> {
    let major = underpin_testkit::majors().pop().ok_or("no server binaries: run ./dev setup")?;
    let server = underpin_testkit::server(major).await;
    println!("PostgreSQL {}", server.binaries().version);
    let (mut held, mut figures) = (true, Vec::new());
    for (count, target) in TARGETS {
        let (cold, warm) = both(&server, count).await?;
        println!("{count:>4} migrations, two missing: cold {cold:.2?}, again {warm:.0?}");
        held &= cold < Duration::from_secs(target) && warm < WARM;
        figures.push(format!("{count} in {cold:.2?} and {warm:.0?}"));
    }
    println!(
        "bench examine: {}; target cold 30 < 2 s, 300 < 15 s, 800 < 60 s, warm < 1 s",
        figures.join(", ")
    );
    Ok(held)
}

#[tokio::main]
async fn main() -> ExitCode {
    underpin_bench::finish("examine", run().await)
}
