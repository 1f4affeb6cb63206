//! What it costs to start: `deploy` (alone, and before an application that ends at once) and `status`
//! with nothing to do, and a first deploy, by Underpin, by the real Prisma 7 and by dbmate, in one
//! run on one server. And what only Underpin does: the first start of a container on a database that
//! nobody has tracked, where everything is proven, with nothing cached.
//!
//! Wall is the median of 15 runs (Prisma: 3), taken in turn, memory the peak of the process tree. Prisma's native
//! engine is stood in for by its WebAssembly form (see `underpin_testkit::prisma`), which starts
//! slower; nearly all of Prisma's time is Node's.
//!
//! Targets, with nothing to do: a twentieth of Prisma's wall and a tenth of its memory. dbmate, which
//! compares no checksum, is shown beside it. The first start on an untracked database: less than a
//! minute.

#![allow(clippy::print_stdout)]

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use underpin_bench::{
    Outcome, history,
    process::{self, Cost},
};
use underpin_core::postgres::ServerVersion;
use underpin_testkit::npm::{self, Install};
use underpin_testkit::prisma::{Mode, Prisma, Version};
use underpin_testkit::{Server, TestDatabase};

const RUNS: usize = 15;
const RUNS_OF_PRISMA: usize = 3;
/// First starts with nothing cached.
const RUNS_UNTRACKED: usize = 3;
/// What a first start may take.
const UNTRACKED_MAX: Duration = Duration::from_secs(60);
const PRISMA: Prisma = Prisma { version: Version::V7, mode: Mode::OneMessage };

/// Who is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tool {
    /// `underpin migrate …`.
    DropIn,
    /// `underpin …`.
    Native,
    /// `underpin deploy -- true`.
    Start,
    Prisma,
    Dbmate,
}

impl Tool {
    const ALL: [Self; 5] = [Self::DropIn, Self::Native, Self::Start, Self::Prisma, Self::Dbmate];

    fn is_underpin(self) -> bool {
        matches!(self, Self::DropIn | Self::Native | Self::Start)
    }

    /// A start is a deploy.
    fn has(self, verb: &str) -> bool {
        self != Self::Start || verb == "deploy"
    }

    fn runs(self) -> usize {
        if self == Self::Prisma { RUNS_OF_PRISMA } else { RUNS }
    }

    fn words(self, verb: &str) -> String {
        match (self, verb) {
            (Self::DropIn, _) => format!("underpin migrate {verb}"),
            (Self::Native, _) => format!("underpin {verb}"),
            (Self::Start, _) => format!("underpin {verb} -- true"),
            (Self::Prisma, _) => format!("prisma migrate {verb}"),
            (Self::Dbmate, "deploy") => "dbmate migrate".to_owned(),
            (Self::Dbmate, _) => format!("dbmate {verb}"),
        }
    }
}

/// What is to be had on this machine.
struct Tools {
    underpin: PathBuf,
    prisma: Result<(), String>,
    dbmate: Result<PathBuf, String>,
}

impl Tools {
    fn find() -> Outcome<Self> {
        let dbmate = Install {
            name: "dbmate 2.36.0",
            folder: npm::home().join("dbmate"),
            package: include_str!("../dbmate/package.json"),
            lock: include_str!("../dbmate/package-lock.json"),
            command: "./dev bench start",
            optional: true,
        };
        Ok(Self {
            underpin: process::underpin()?,
            prisma: PRISMA.version.install(),
            dbmate: dbmate.install().and_then(|()| program_in(&dbmate.folder)),
        })
    }

    fn missing(&self, tool: Tool) -> Option<&String> {
        match tool {
            Tool::Prisma => self.prisma.as_ref().err(),
            Tool::Dbmate => self.dbmate.as_ref().err(),
            Tool::DropIn | Tool::Native | Tool::Start => None,
        }
    }

    /// A command of `tool` in a project.
    fn command(
        &self,
        tool: Tool,
        verb: &str,
        project: &Path,
        server: &Server,
        url: &str,
    ) -> Result<Command, String> {
        if tool == Tool::Prisma {
            return PRISMA.command(project, Some(url), &["migrate", verb]);
        }
        let mut command = match tool {
            Tool::Dbmate => {
                let mut command = Command::new(self.dbmate.as_ref().map_err(Clone::clone)?);
                let verb = if verb == "deploy" { "migrate" } else { verb };
                command.args(["--no-dump-schema", "--migrations-dir", "db/migrations", verb]);
                command
            }
            _ => {
                let mut command = Command::new(&self.underpin);
                command.args((tool == Tool::DropIn).then_some("migrate")).arg(verb);
                if tool == Tool::Start {
                    command.args(["--", "true"]);
                }
                command
            }
        };
        command.current_dir(project).env_clear();
        command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.env("HOME", project).env("DATABASE_URL", url);
        command
            .env("UNDERPIN_CACHE_DIR", underpin_testkit::cache())
            .env("UNDERPIN_PG_BIN", &server.binaries().folder);
        Ok(command)
    }
}

/// The program for this processor among the packages of dbmate.
fn program_in(folder: &Path) -> Result<PathBuf, String> {
    let packages = folder.join("node_modules/@dbmate");
    let entries =
        std::fs::read_dir(&packages).map_err(|e| format!("{}: {e}", packages.display()))?;
    let mut programs = entries.flatten().map(|entry| entry.path().join("bin/dbmate"));
    programs
        .find(|p| p.is_file())
        .ok_or_else(|| "dbmate is not published for this processor".to_owned())
}

/// A project with the same `count` migrations for all.
fn project(count: usize) -> Outcome<tempfile::TempDir> {
    let project = tempfile::tempdir()?;
    let root = project.path();
    if PRISMA.version.available().is_ok() {
        PRISMA.prepare(root, &[])?;
    }
    history::write_folder(&root.join("prisma/migrations"), count)?;
    std::fs::create_dir_all(root.join("db/migrations"))?;
    for number in 0..count {
        let path = root.join("db/migrations").join(format!("{}.sql", history::name(number)));
        std::fs::write(
            path,
            format!("-- migrate:up\n{}\n-- migrate:down\n", history::migration(number)),
        )?;
    }
    Ok(project)
}

struct Row {
    tool: Tool,
    what: String,
    cost: Cost,
}

/// One kind of run by every tool; the first run of each only warms the caches.
async fn measure(
    tools: &Tools,
    server: &Server,
    what: &str,
    verb: &str,
    count: usize,
    fresh: bool,
) -> Outcome<Vec<Row>> {
    println!("\n{what}");
    let project = project(count)?;
    let command = |tool: Tool, verb: &str, database: &TestDatabase| {
        tools.command(tool, verb, project.path(), server, &database.url)
    };
    let mut measured = Vec::new();
    let wanted = |tool: &Tool| tool.has(verb) && tools.missing(*tool).is_none();
    for tool in Tool::ALL.into_iter().filter(wanted) {
        let database = server.database().await;
        if !fresh {
            process::run(&mut command(tool, "deploy", &database)?)?;
        }
        measured.push((tool, database, Vec::new()));
    }
    // In turn, so that what else the machine does meets all alike.
    for round in 0..=RUNS {
        for (tool, database, costs) in &mut measured {
            if round > tool.runs() {
                continue;
            }
            if fresh {
                *database = server.database().await;
            }
            costs.push(process::run(&mut command(*tool, verb, database)?)?);
        }
    }
    for tool in Tool::ALL {
        if let Some(why) = tools.missing(tool) {
            println!("  {:<26} not measured: {why}", tool.words(verb));
        }
    }
    let mut rows = Vec::new();
    for (tool, _, costs) in measured {
        let cost = process::typical(&costs[1..]);
        println!(
            "  {:<26} {:>9.1} ms  {:>8.1} ms CPU  {:>7.1} MiB",
            tool.words(verb),
            cost.wall.as_secs_f64() * 1e3,
            cost.cpu.as_secs_f64() * 1e3,
            mib(cost.memory)
        );
        rows.push(Row { tool, what: what.to_owned(), cost });
    }
    Ok(rows)
}

/// The first start of a container on a database with objects and no history, with nothing cached.
async fn untracked(tools: &Tools, server: &Server, count: usize) -> Outcome<Cost> {
    let what = format!("first start with {count} on an untracked database, proven, nothing cached");
    println!("\n{what}");
    let project = project(count)?;
    let mut costs = Vec::new();
    for _ in 0..RUNS_UNTRACKED {
        let database = server.database().await;
        // The last one is missing, so that there is something to run as well.
        for number in 0..count - 1 {
            database.run(&history::migration(number)).await;
        }
        let cache = tempfile::tempdir()?;
        let mut command =
            tools.command(Tool::Start, "deploy", project.path(), server, &database.url)?;
        command.env("UNDERPIN_CACHE_DIR", cache.path());
        costs.push(process::run(&mut command)?);
        let recorded = "SELECT count(*)::text FROM _prisma_migrations";
        if database.value(recorded).await != Some(count.to_string()) {
            return Err("the first start did not record everything".into());
        }
    }
    let cost = process::typical(&costs);
    println!(
        "  {:<26} {:>9.1} ms  {:>8.1} ms CPU  {:>7.1} MiB with its scratch server",
        "underpin deploy -- true",
        cost.wall.as_secs_f64() * 1e3,
        cost.cpu.as_secs_f64() * 1e3,
        mib(cost.memory)
    );
    Ok(cost)
}

#[allow(clippy::cast_precision_loss)]
fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}

async fn run() -> Outcome<bool> {
    let major = underpin_testkit::majors().pop().ok_or("no server binaries: run ./dev setup")?;
    let version = underpin_testkit::binaries(major).map_or(ServerVersion(0), |b| b.version);
    let tools = Tools::find()?;
    let server = underpin_testkit::server(major).await;
    println!("PostgreSQL {version}, Prisma {}, dbmate 2.36.0", PRISMA.version.number());
    let mut rows = Vec::new();
    for (what, verb, count) in [
        ("deploy with nothing to do, 30 applied", "deploy", 30),
        ("deploy with nothing to do, 300 applied", "deploy", 300),
        ("status, 30 applied", "status", 30),
        ("status, 300 applied", "status", 300),
    ] {
        rows.extend(measure(&tools, &server, what, verb, count, false).await?);
    }
    let first = "first deploy of 30 on an empty database";
    // Not under the target: the work is the database's, and Underpin's own verb proves it besides.
    let firsts = measure(&tools, &server, first, "deploy", 30, true).await?;
    let untracked = untracked(&tools, &server, 30).await?;
    println!();
    for row in &firsts {
        if let Some(prisma) = firsts.iter().find(|r| r.tool == Tool::Prisma && row.tool != r.tool) {
            let factor = prisma.cost.wall.as_secs_f64() / row.cost.wall.as_secs_f64();
            println!("{first}: {} {factor:.0} times faster than Prisma", row.tool.words("deploy"));
        }
    }
    Ok(verdict(&tools, &rows, untracked))
}

/// The last line, and whether every target is held and was measured.
fn verdict(tools: &Tools, rows: &[Row], untracked: Cost) -> bool {
    let (mut slowest, mut fattest, mut worst) = (f64::INFINITY, f64::INFINITY, 0.0_f64);
    let (mut wall, mut memory) = (Duration::ZERO, 0);
    for row in rows.iter().filter(|r| r.tool.is_underpin()) {
        let of = |tool| rows.iter().find(|r| r.tool == tool && r.what == row.what).map(|r| r.cost);
        (wall, memory) = (wall.max(row.cost.wall), memory.max(row.cost.memory));
        if let Some(prisma) = of(Tool::Prisma) {
            slowest = slowest.min(prisma.wall.as_secs_f64() / row.cost.wall.as_secs_f64());
            fattest = fattest.min(mib(prisma.memory) / mib(row.cost.memory));
        }
        if let Some(dbmate) = of(Tool::Dbmate) {
            worst = worst.max(row.cost.wall.as_secs_f64() / dbmate.wall.as_secs_f64());
        }
    }
    let against_prisma = match tools.missing(Tool::Prisma) {
        Some(why) => format!("Prisma not measured: {why}"),
        None => format!("Prisma takes {slowest:.0}x the time and {fattest:.0}x the memory"),
    };
    let against_dbmate = match tools.missing(Tool::Dbmate) {
        Some(why) => format!("dbmate not measured: {why}"),
        None => format!("{worst:.2} of dbmate's time"),
    };
    println!(
        "bench start: with nothing to do at most {:.1} ms and {:.1} MiB; {against_prisma}; {against_dbmate}; \
         first start of 30 untracked {:.1} s; \
         target Prisma >= 20x the time and >= 10x the memory, first start < {} s",
        wall.as_secs_f64() * 1e3,
        mib(memory),
        untracked.wall.as_secs_f64(),
        UNTRACKED_MAX.as_secs()
    );
    // dbmate asks for less: it compares no checksum. It is shown, and no target.
    let measured = Tool::ALL.iter().all(|tool| tools.missing(*tool).is_none());
    measured && untracked.wall < UNTRACKED_MAX && slowest >= 20.0 && fattest >= 10.0
}

#[tokio::main]
async fn main() -> ExitCode {
    underpin_bench::finish("start", run().await)
}
