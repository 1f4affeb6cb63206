//! What a backup costs beside PostgreSQL's own tools, in one run on one server: `pg_dump -Fd -j2` and
//! `pg_restore -j2` against `underpin backup create` (level 3) and `underpin backup check --level 5`.
//!
//! Two shapes of about half of `MB` (the first argument; 1024 by default) each: narrow rows as pgbench
//! makes them, and wide ones with JSON, text, a GIN index. Each figure is the median of five;
//! a ratio is that of the five pairs, which are measured one after the other.
//! With `pg_dump` 17, which compresses with zstd, on PostgreSQL 17; and with the gzip of `pg_dump` 15 on
//! PostgreSQL 15 for comparison. The servers have the settings that PostgreSQL comes with. Beside that it
//! is said what `pg_restore` takes on a throw-away server in memory, tuned as ours: what it costs us to
//! compare.
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
use underpin_core::postgres::Session;
use underpin_testkit::Server;
use underpin_testkit::machine::Machine;

const RUNS: usize = 5;
const MB_DEFAULT: u64 = 1024;
const DUMP_TARGET: f64 = 1.3;
const PROOF_TARGET: f64 = 1.25;
const GZIP_TARGET: f64 = 3.0;
const MEMORY_TARGET_KB: u64 = 64 << 10;

/// In the order of the runs.
#[derive(Default)]
struct Dumps {
    plain: Vec<Cost>,
    ours: Vec<Cost>,
    memory_kb: u64,
}

/// In the order of the runs.
#[derive(Default)]
struct Restores {
    shipped: Vec<Cost>,
    tuned: Vec<Cost>,
    proofs: Vec<Cost>,
    memory_kb: u64,
}

/// The median of `a` through `b`, pair by pair.
fn ratio(a: &[Cost], b: &[Cost]) -> f64 {
    let seconds = |cost: &Cost| cost.wall.as_secs_f64();
    let mut ratios: Vec<f64> = a.iter().zip(b).map(|(a, b)| seconds(a) / seconds(b)).collect();
    ratios.sort_by(f64::total_cmp);
    ratios[ratios.len() / 2]
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
    let (dumps, restores) = {
        let stage = Stage::new(&underpin, 17, mb).await?;
        (stage.dumps(&["--compress=zstd:1"])?, stage.restores(17).await?)
    };
    let gzip = Stage::new(&underpin, 15, mb).await?.dumps(&[])?;
    let dump = ratio(&dumps.ours, &dumps.plain);
    // The check reads the files anew and then restores: what a restore alone takes is the measure.
    let proof = ratio(&restores.proofs, &restores.shipped);
    let tuned = ratio(&restores.proofs, &restores.tuned);
    let faster = ratio(&gzip.plain, &gzip.ours);
    let memory = dumps.memory_kb.max(restores.memory_kb).max(gzip.memory_kb);
    println!(
        "bench backup: level 3 {dump:.2} x pg_dump with zstd (target {DUMP_TARGET}), level 5 {proof:.2} x pg_restore \
         (target {PROOF_TARGET}; {tuned:.2} x one onto a throw-away server), {faster:.1} x as fast as pg_dump with gzip (target {GZIP_TARGET}), {} MB in our process \
         (target {}); {mb} MB",
        memory >> 10,
        MEMORY_TARGET_KB >> 10
    );
    Ok(dump <= DUMP_TARGET
        && proof <= PROOF_TARGET
        && faster >= GZIP_TARGET
        && memory <= MEMORY_TARGET_KB)
}

/// A server with the settings that PostgreSQL comes with, a database in it, and its dumps.
struct Stage<'a> {
    underpin: &'a Path,
    machine: Machine,
    clients: PathBuf,
    folder: tempfile::TempDir,
}

impl<'a> Stage<'a> {
    async fn new(underpin: &'a Path, major: u32, mb: u64) -> Outcome<Self> {
        let binaries = underpin_testkit::binaries(major).ok_or("no server of that major")?;
        let machine = Machine::as_shipped(&binaries).await?;
        machine.connect("postgres").await?.simple_query("CREATE DATABASE b").await?;
        fill(&machine.connect("b").await?, mb).await?;
        let clients = underpin_testkit::trees().join(format!("clients/{major}/bin"));
        Ok(Self { underpin, machine, clients, folder: tempfile::tempdir()? })
    }

    fn plain(&self) -> PathBuf {
        self.folder.path().join("plain")
    }

    /// Both dumps, one after the other.
    fn dumps(&self, compress: &[&str]) -> Outcome<Dumps> {
        let mut dumps = Dumps::default();
        let backups = self.folder.path().join("backups");
        for _ in 0..RUNS {
            let _none = std::fs::remove_dir_all(self.plain());
            let mut command = self.client("pg_dump", self.machine.socket_folder());
            command.args(["-Fd", "-j2", "-d", "b", "-f"]).arg(self.plain()).args(compress);
            dumps.plain.push(process::run(&mut command)?);
            let _none = std::fs::remove_dir_all(&backups);
            let (cost, peak) = own_peak(&mut self.underpin(&["backup", "create"]))?;
            dumps.ours.push(cost);
            dumps.memory_kb = dumps.memory_kb.max(peak);
        }
        let [plain, ours] = [&dumps.plain, &dumps.ours].map(|costs| process::typical(costs));
        println!(
            "{}: pg_dump {:.2} s ({:.2} s CPU, {} MB), level 3 {:.2} s ({:.2} s CPU, {} MB), {} MB in our process",
            self.machine.binaries().version,
            plain.wall.as_secs_f64(),
            plain.cpu.as_secs_f64(),
            size(&self.plain()) >> 20,
            ours.wall.as_secs_f64(),
            ours.cpu.as_secs_f64(),
            size(&backups) >> 20,
            dumps.memory_kb >> 10
        );
        Ok(dumps)
    }

    /// What is there restored, and the backup proven, one after the other.
    async fn restores(&self, major: u32) -> Outcome<Restores> {
        let tuned = ["max_wal_size=2GB", "shared_buffers=128MB", "maintenance_work_mem=128MB"];
        let server = Server::start(major, &tuned).await;
        let mut found = Restores::default();
        for _ in 0..RUNS {
            found.shipped.push(self.restore(self.machine.socket_folder()).await?);
            found.tuned.push(self.restore(server.cluster().socket_folder()).await?);
            self.settle().await?;
            let check = ["backup", "check", "last", "--level", "5"];
            let (cost, peak) = own_peak(&mut self.underpin(&check))?;
            found.proofs.push(cost);
            found.memory_kb = found.memory_kb.max(peak);
        }
        let [shipped, tuned, proof] = [&found.shipped, &found.tuned, &found.proofs]
            .map(|costs| process::typical(costs).wall.as_secs_f64());
        println!(
            "{}: pg_restore {shipped:.2} s, {tuned:.2} s onto a throw-away server, level 5 {proof:.2} s, {} MB in our process",
            self.machine.binaries().version,
            found.memory_kb >> 10
        );
        Ok(found)
    }

    /// Nothing is left to be written of what ran before.
    async fn settle(&self) -> Outcome<()> {
        self.machine.connect("postgres").await?.simple_query("CHECKPOINT").await?;
        process::run(&mut Command::new("sync"))?;
        Ok(())
    }

    async fn restore(&self, socket: &Path) -> Outcome<Cost> {
        self.settle().await?;
        process::run(self.client("createdb", socket).arg("copy"))?;
        let mut command = self.client("pg_restore", socket);
        let cost = process::run(command.args(["-j2", "-d", "copy"]).arg(self.plain()))?;
        process::run(self.client("dropdb", socket).arg("copy"))?;
        Ok(cost)
    }

    /// A program of PostgreSQL's for the server of this socket.
    fn client(&self, program: &str, socket: &Path) -> Command {
        let mut command = Command::new(self.clients.join(program));
        command.env("PGHOST", socket).env("PGUSER", "postgres");
        command
    }

    fn underpin(&self, words: &[&str]) -> Command {
        let mut command = Command::new(self.underpin);
        command.args(words).arg("--quiet").current_dir(self.folder.path());
        command.env("DATABASE_URL", self.machine.url("b"));
        command.env("UNDERPIN_PG_CLIENTS", &self.clients);
        command.env("UNDERPIN_PG_BIN", &self.machine.binaries().folder);
        command.env("UNDERPIN_BACKUPS", self.folder.path().join("backups"));
        command.env("UNDERPIN_CACHE_DIR", self.folder.path().join("cache"));
        command
    }
}

/// Half of it narrow, half of it wide. About 128 bytes a row there, 1 kB a row here.
async fn fill(session: &Session, mb: u64) -> Outcome<()> {
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
        session.simple_query(statement).await?;
    }
    Ok(())
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
                // Seldom: it looks at every process of the machine.
                std::thread::sleep(Duration::from_millis(250));
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
