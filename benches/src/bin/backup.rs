//! What a backup costs beside PostgreSQL's own tools, in one run on one server: `pg_dump -Fd -j2` and
//! `pg_restore -j2` against `underpin backup create` (level 3) and `underpin backup check --level 5`.
//!
//! Two shapes of about half of `MB` (the first argument; 1024 by default) each: narrow rows as pgbench
//! makes them, and wide ones with JSON, text, a GIN index. Each figure is the median of three.
//! With `pg_dump` 17, which compresses with zstd, on PostgreSQL 17; and with the gzip of `pg_dump` 15 on
//! PostgreSQL 15 for comparison.
//!
//! Targets: level 3 within 1.3 times the plain dump of the same tool; level 5 within the plain
//! restore and a quarter; three times as fast as `pg_dump` with gzip; at most 64 MB in our own process.

#![allow(clippy::print_stdout)]

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use underpin_bench::{
    Outcome,
    process::{self, Cost},
};
use underpin_testkit::{Server, TestDatabase};

const RUNS: usize = 3;
const MB_DEFAULT: u64 = 1024;
const DUMP_TARGET: f64 = 1.3;
const PROOF_TARGET: f64 = 1.25;
const GZIP_TARGET: f64 = 3.0;
const MEMORY_TARGET_KB: u64 = 64 << 10;

/// What one server showed.
struct Figures {
    plain: Cost,
    ours: Cost,
    restore: Duration,
    proof: Duration,
    memory_kb: u64,
}

#[tokio::main]
async fn main() -> ExitCode {
    underpin_bench::finish("backup", run().await)
}

async fn run() -> Outcome<bool> {
    let mb = match std::env::args().nth(1) {
        Some(text) => text.parse()?,
        None => MB_DEFAULT,
    };
    let underpin = build()?;
    let zstd = measure(&underpin, 17, mb, &["--compress=zstd:1"]).await?;
    let gzip = measure(&underpin, 15, mb, &[]).await?;
    let ratio = |a: Duration, b: Duration| a.as_secs_f64() / b.as_secs_f64();
    let dump = ratio(zstd.ours.wall, zstd.plain.wall);
    // The check reads the files anew and then restores: what a restore alone takes is the measure.
    let proof = ratio(zstd.proof, zstd.restore);
    let faster = ratio(gzip.plain.wall, gzip.ours.wall);
    let memory = zstd.memory_kb.max(gzip.memory_kb);
    println!(
        "bench backup: level 3 {dump:.2} x pg_dump with zstd (target {DUMP_TARGET}), level 5 {proof:.2} x pg_restore \
         (target {PROOF_TARGET}), {faster:.1} x as fast as pg_dump with gzip (target {GZIP_TARGET}), {} MB in our process \
         (target {}); {mb} MB",
        memory >> 10,
        MEMORY_TARGET_KB >> 10
    );
    Ok(dump <= DUMP_TARGET
        && proof <= PROOF_TARGET
        && faster >= GZIP_TARGET
        && memory <= MEMORY_TARGET_KB)
}

async fn measure(underpin: &Path, major: u32, mb: u64, compress: &[&str]) -> Outcome<Figures> {
    let settings = ["max_wal_size=2GB", "shared_buffers=128MB", "maintenance_work_mem=128MB"];
    let server = Server::start(major, &settings).await;
    let clients = underpin_testkit::trees().join(format!("clients/{major}/bin"));
    let database = server.database().await;
    fill(&database, mb).await;
    let folder = tempfile::tempdir()?;
    let stage = Stage { underpin, server: &server, clients: &clients, folder: folder.path() };
    let (mut plain, mut ours, mut memory_kb) = (Vec::new(), Vec::new(), 0);
    let dump = folder.path().join("plain");
    for _ in 0..RUNS {
        let _none = std::fs::remove_dir_all(&dump);
        let mut command = stage.client("pg_dump", &database.name);
        command.args(["-Fd", "-j2", "-f"]).arg(&dump).args(compress);
        plain.push(process::run(&mut command)?);
        let _none = std::fs::remove_dir_all(folder.path().join("backups"));
        let (cost, peak) = own_peak(&mut stage.underpin(&database, &["backup", "create"]))?;
        ours.push(cost);
        memory_kb = memory_kb.max(peak);
    }
    let (mut restores, mut proofs) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let copy = server.database().await;
        let mut command = stage.client("pg_restore", &copy.name);
        command.args(["-j2", "-d", &copy.name]).arg(&dump);
        restores.push(process::run(&mut command)?);
        drop(copy.session);
        database.run(&format!("DROP DATABASE \"{}\"", copy.name)).await;
        let check = ["backup", "check", "last", "--level", "5"];
        let (cost, peak) = own_peak(&mut stage.underpin(&database, &check))?;
        proofs.push(cost);
        memory_kb = memory_kb.max(peak);
    }
    let figures = Figures {
        plain: process::typical(&plain),
        ours: process::typical(&ours),
        restore: process::typical(&restores).wall,
        proof: process::typical(&proofs).wall,
        memory_kb,
    };
    let bytes = |folder: &Path| size(folder) >> 20;
    println!(
        "PostgreSQL {major}: pg_dump {:.2} s ({:.2} s CPU, {} MB), level 3 {:.2} s ({:.2} s CPU, {} MB), pg_restore {:.2} s, \
         level 5 {:.2} s, {} MB in our process",
        figures.plain.wall.as_secs_f64(),
        figures.plain.cpu.as_secs_f64(),
        bytes(&dump),
        figures.ours.wall.as_secs_f64(),
        figures.ours.cpu.as_secs_f64(),
        bytes(&folder.path().join("backups")),
        figures.restore.as_secs_f64(),
        figures.proof.as_secs_f64(),
        figures.memory_kb >> 10
    );
    Ok(figures)
}

/// Half of it narrow, half of it wide. About 128 bytes a row there, 1 kB a row here.
async fn fill(database: &TestDatabase, mb: u64) {
    let (narrow, wide) = (mb * 512 * 1024 / 128, mb * 512 * 1024 / 1400);
    let sql = format!(
        "CREATE TABLE accounts (aid int, bid int, abalance int, filler char(84));
         INSERT INTO accounts SELECT i, i / 100000, 0, '' FROM generate_series(1, {narrow}) i;
         ALTER TABLE accounts ADD PRIMARY KEY (aid);
         CREATE TABLE documents (id bigint, key uuid, about jsonb, body text, at timestamptz);
         INSERT INTO documents SELECT i, md5(i::text)::uuid,
           jsonb_build_object('n', i, 'kind', 'k' || i % 50, 'tags', jsonb_build_array('a' || i % 7, 'b' || i % 11)),
           (SELECT string_agg(md5((i * 31 + j)::text), ' ') FROM generate_series(1, 30) j), now() FROM generate_series(1, {wide}) i;
         ALTER TABLE documents ADD PRIMARY KEY (id);
         CREATE INDEX ON documents USING gin (about);
         ANALYZE"
    );
    for statement in sql.split(';') {
        database.run(statement).await;
    }
}

/// Where it happens.
struct Stage<'a> {
    underpin: &'a Path,
    server: &'a Server,
    clients: &'a Path,
    folder: &'a Path,
}

impl Stage<'_> {
    fn client(&self, program: &str, database: &str) -> Command {
        let mut command = Command::new(self.clients.join(program));
        command.env("PGHOST", self.server.cluster().socket_folder()).env("PGUSER", "postgres");
        command.env("PGDATABASE", database);
        command
    }

    fn underpin(&self, database: &TestDatabase, words: &[&str]) -> Command {
        let mut command = Command::new(self.underpin);
        command.args(words).arg("--quiet").current_dir(self.folder);
        command.env("DATABASE_URL", &database.url).env("UNDERPIN_PG_CLIENTS", self.clients);
        command.env("UNDERPIN_PG_BIN", &self.server.binaries().folder);
        command.env("UNDERPIN_BACKUPS", self.folder.join("backups"));
        command.env("UNDERPIN_CACHE_DIR", self.folder.join("cache"));
        command
    }
}

/// [`process::run`], and the most memory that the program itself held, in KiB (`VmHWM`).
fn own_peak(command: &mut Command) -> Outcome<(Cost, u64)> {
    let (peak, ended) = (AtomicU64::new(0), AtomicBool::new(false));
    let program = PathBuf::from(command.get_program()).canonicalize()?;
    let cost = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !ended.load(Ordering::Relaxed) {
                let found = processes_of(&program).into_iter().max().unwrap_or(0);
                peak.fetch_max(found, Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(50));
            }
        });
        let cost = process::run(command);
        ended.store(true, Ordering::Relaxed);
        cost
    })?;
    Ok((cost, peak.into_inner()))
}

/// The peaks of all processes that run a program.
fn processes_of(program: &Path) -> Vec<u64> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let mine = entries.map(|entry| entry.path()).filter(|folder| {
        std::fs::read_link(folder.join("exe")).is_ok_and(|found| found == program)
    });
    mine.filter_map(|folder| {
        let status = std::fs::read_to_string(folder.join("status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        line.trim().trim_end_matches(" kB").parse().ok()
    })
    .collect()
}

fn size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => size(&entry.path()),
            _ => entry.metadata().map_or(0, |about| about.len()),
        })
        .sum()
}

fn build() -> Outcome<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--release", "--quiet", "--package", "underpin"]);
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
    if !command.status()?.success() {
        return Err("underpin cannot be built".into());
    }
    Ok(std::env::current_exe()?.with_file_name("underpin"))
}
