//! Replay and snapshot after every migration, cold: 30, 300 and 800 migrations, the start of the
//! scratch server included. Also the warm start of that server, and a snapshot of 1,000 tables.
//!
//! Targets: 30 in < 2 s, 800 in < 60 s, warm start ≤ 150 ms, 1,000 tables < 1 s.

#![allow(clippy::print_stdout)]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use underpin_bench::{
    Outcome,
    history::{migration, write_folder},
};
use underpin_core::catalog;
use underpin_core::migrations::MigrationFolder;
use underpin_core::postgres::ServerVersion;
use underpin_core::postgres::cluster::{Cluster, ClusterOptions};
use underpin_core::postgres::scratch::ScratchOptions;
use underpin_core::replay::{ReplayContext, replay};

async fn replay_cold(major: u32, count: usize) -> Outcome<Duration> {
    let project = tempfile::tempdir()?;
    write_folder(project.path(), count)?;
    let binaries =
        underpin_testkit::binaries(major).ok_or("no server binaries: run ./dev setup")?;
    let context = ReplayContext {
        target: binaries.version,
        schema: "public".to_owned(),
        roles: Vec::new(),
        scratch: ScratchOptions {
            pg_bin: Some(binaries.folder),
            cache: underpin_testkit::cache(),
            ..ScratchOptions::default()
        },
        cache: None,
    };
    let begun = Instant::now();
    let folder = MigrationFolder::read(project.path())?;
    let result =
        replay(&folder.migrations, &context, &mut |_| {}).await.map_err(|failure| failure.error)?;
    let took = begun.elapsed();
    if result.steps.iter().any(|step| step.delta.is_empty()) {
        return Err("a step left no trace".into());
    }
    Ok(took)
}

async fn start_warm(major: u32) -> Outcome<Duration> {
    let binaries =
        underpin_testkit::binaries(major).ok_or("no server binaries: run ./dev setup")?;
    let options = ClusterOptions {
        binaries,
        cache: underpin_testkit::cache(),
        settings: Vec::new(),
        room_bytes: 0,
    };
    drop(Cluster::start(&options).await?);
    let mut times = Vec::new();
    for _ in 0..7 {
        let begun = Instant::now();
        let cluster = Cluster::start(&options).await?;
        times.push(begun.elapsed());
        drop(cluster);
    }
    times.sort();
    Ok(times[times.len() / 2])
}

async fn snapshot_of_tables(major: u32, count: usize) -> Outcome<(Duration, usize, Duration)> {
    let server = underpin_testkit::server(major).await;
    let mut database = server.database().await;
    let _warm = catalog::read(&mut database.session).await?;
    let begun = Instant::now();
    let _empty = catalog::read(&mut database.session).await?;
    let empty = begun.elapsed();
    let sql: String = (0..count * 3).map(|n| migration(n) + "\n").collect();
    for part in sql.as_bytes().chunks(sql.len()) {
        database.run(std::str::from_utf8(part)?).await;
    }
    let _warm = catalog::read(&mut database.session).await?;
    let begun = Instant::now();
    let snapshot = catalog::read(&mut database.session).await?;
    Ok((begun.elapsed(), snapshot.len(), empty))
}

async fn run() -> Outcome<bool> {
    let major = underpin_testkit::majors().pop().ok_or("no server binaries: run ./dev setup")?;
    let version = underpin_testkit::binaries(major).map_or(ServerVersion(0), |b| b.version);
    println!("PostgreSQL {version}");
    let start = start_warm(major).await?;
    println!("warm start of a scratch cluster, median of 7: {start:.0?}");
    let mut figures = Vec::new();
    for count in [30, 300, 800] {
        let took = replay_cold(major, count).await?;
        println!("{count:>4} migrations, cold, server start included: {took:.2?}");
        figures.push(took);
    }
    let (thousand, objects, empty) = snapshot_of_tables(major, 1000).await?;
    println!(
        "snapshot of an empty database: {empty:.1?}; of 1,000 tables ({objects} objects): {thousand:.0?}"
    );
    let held = start <= Duration::from_millis(150)
        && figures[0] < Duration::from_secs(2)
        && figures[2] < Duration::from_secs(60)
        && thousand < Duration::from_secs(1);
    println!(
        "bench replay: start {start:.0?}, 30 in {:.2?}, 300 in {:.2?}, 800 in {:.2?}, 1,000 tables in {thousand:.0?}; target start <= 150 ms, 30 < 2 s, 800 < 60 s, 1,000 tables < 1 s",
        figures[0], figures[1], figures[2]
    );
    Ok(held)
}

#[tokio::main]
async fn main() -> ExitCode {
    underpin_bench::finish("replay", run().await)
}
