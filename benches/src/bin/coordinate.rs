//! What safety costs: a deploy with nothing to do over 300 applied migrations against a bare
//! connect and `SELECT` of the history, and a deploy of one small migration against the same
//! statements without lock, lease and journal.
//!
//! All in one process on one server, in turn; medians. The target of the first is a ratio; the
//! second has none: it shows what the guarantees cost where they are used.

#![allow(clippy::print_stdout)]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use underpin_bench::{Outcome, history, options};
use underpin_core::engine::{self, Options};
use underpin_core::event::Silent;
use underpin_core::history::HistoryTable;

const APPLIED: usize = 300;
const ROUNDS: usize = 31;
/// A deploy with nothing to do reads and checks 300 files beside the history.
const TARGET_RATIO: f64 = 4.0;

async fn deploy(options: &Options) -> Outcome<Duration> {
    let begun = Instant::now();
    engine::deploy(options, &mut Silent).await.map_err(|e| format!("{e:?}"))?;
    Ok(begun.elapsed())
}

/// Connects and reads the history, nothing else.
async fn bare(options: &Options) -> Outcome<Duration> {
    let begun = Instant::now();
    let session = options.target.connect().await.map_err(|e| e.to_string())?;
    let history = HistoryTable::in_schema("public").read(&session).await;
    let rows = history.map_err(|e| e.to_string())?.records.len();
    if rows < APPLIED {
        return Err(format!("the history has {rows} rows").into());
    }
    Ok(begun.elapsed())
}

/// The statements of one migration and its row, in one transaction.
async fn unguarded(options: &Options, number: usize) -> Outcome<Duration> {
    let begun = Instant::now();
    let session = options.target.connect().await.map_err(|e| e.to_string())?;
    let sql = format!(
        "BEGIN; CREATE TABLE \"Bare{number}\" (a int); INSERT INTO _prisma_migrations \
         (id, checksum, migration_name, finished_at) VALUES ('bare {number}', '', 'bare {number}', now()); COMMIT"
    );
    session.simple_query(&sql).await.map_err(|e| e.to_string())?;
    session
        .simple_query(&format!(
            "DROP TABLE \"Bare{number}\"; DELETE FROM _prisma_migrations WHERE id = 'bare {number}'"
        ))
        .await
        .map_err(|e| e.to_string())?;
    Ok(begun.elapsed())
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1000.0
}

async fn run() -> Outcome<bool> {
    let major = underpin_testkit::majors().last().copied().ok_or("no server")?;
    let server = underpin_testkit::server(major).await;
    let database = server.database().await;
    let project = tempfile::tempdir()?;
    history::write_folder(&project.path().join("migrations"), APPLIED)?;
    let options = options(&server, &database.url, project.path())?;
    println!("PostgreSQL {}: applying {APPLIED} migrations", server.binaries().version);
    deploy(&options).await?;
    let (mut idle, mut read) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        idle.push(deploy(&options).await?);
        read.push(bare(&options).await?);
    }
    let (mut one, mut plain) = (Vec::new(), Vec::new());
    for number in APPLIED..APPLIED + 5 {
        let folder = project.path().join("migrations").join(history::name(number));
        std::fs::create_dir_all(&folder)?;
        let sql = format!("CREATE TABLE \"One{number}\" (a int);");
        std::fs::write(folder.join("migration.sql"), sql)?;
        one.push(deploy(&options).await?);
        plain.push(unguarded(&options, number).await?);
    }
    let (idle, read, one, plain) = (median(idle), median(read), median(one), median(plain));
    let ratio = idle / read;
    println!("nothing to do: {idle:.1} ms, bare connect and SELECT: {read:.1} ms");
    println!(
        "one migration with diagnosis, lease, journal and verification: {one:.0} ms, bare: {plain:.1} ms"
    );
    println!(
        "bench coordinate: no-op deploy over {APPLIED} {idle:.1} ms = {ratio:.1} x a bare connect + SELECT ({read:.1} ms), target {TARGET_RATIO:.0} x"
    );
    Ok(ratio <= TARGET_RATIO)
}

fn main() -> ExitCode {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(run()),
        Err(error) => Err(error.into()),
    };
    underpin_bench::finish("coordinate", outcome)
}
