//! Drills: one fault each, of a kind that a proxy cannot make. Crashed servers, standbys, full
//! disks, poolers, paused processes.
//!
//! A drill starts a server of its own, brings the program to a known place, breaks something and
//! judges the end as the n-th-call loop does.

mod backup;
mod crash;
mod folder;
mod net;
mod race;
mod redis;
mod server;

use std::pin::Pin;
use std::time::{Duration, Instant};

use tokio::process::Child;
use underpin_core::postgres::Session;
use underpin_testkit::machine::Machine;

use super::check::{self, Found, Verdict, judge};
use super::lab::{Ended, Project, ended};

/// What a drill shows.
#[derive(Debug)]
pub(crate) enum Shown {
    /// All promises were kept; what was measured.
    Kept(String),
    /// The program stopped with an instruction.
    Stopped(String),
    /// A promise was broken.
    Broken(String),
    /// It cannot be done on this machine, and why.
    Skipped(String),
}

type Running = Pin<Box<dyn Future<Output = Shown> + Send>>;

/// A drill by name.
pub(crate) struct Drill {
    /// What it does, in words.
    pub(crate) name: &'static str,
    /// In the soak test only.
    pub(crate) long: bool,
    /// Runs it on a server of this major.
    pub(crate) run: fn(u32) -> Running,
}

macro_rules! drills {
    ($($name:literal, $long:literal, $path:path;)+) => {
        /// All of them.
        pub(crate) const ALL: &[Drill] = &[$(Drill {
            name: $name,
            long: $long,
            run: |major| Box::pin($path(major)),
        },)+];
    };
}

drills! {
    "server crash mid-DDL", false, crash::restart_mid_ddl;
    "server crash mid-CONCURRENTLY", true, crash::restart_mid_concurrently;
    "backend killed mid-DDL", true, crash::backend_killed;
    "SIGKILL mid-statement ends the work at the server", false, crash::kill_mid_statement;
    "SIGKILL mid-CONCURRENTLY", true, crash::kill_mid_concurrently;
    "SIGTERM mid-statement", true, crash::term_mid_statement;
    "SIGINT mid-statement", true, crash::int_mid_statement;
    "SIGTERM mid-CONCURRENTLY", false, crash::term_mid_concurrently;
    "SIGTERM while waiting for the lock", false, crash::term_while_waiting;
    "SIGTERM twice", true, crash::term_twice;
    "no free connection", false, server::no_free_connection;
    "disk full", false, server::disk_full;
    "standby as target, then promoted mid-migration", false, server::promoted;
    "failover that loses a migration", false, server::failover_loses;
    "PgBouncer in transaction mode", false, server::pooled;
    "PgBouncer and Prisma's verb", true, server::pooled_drop_in;
    "PgBouncer restarted mid-migration", true, server::pooler_restarted;
    "twenty starts at once, short", false, race::twenty_short;
    "twenty starts at once, 15 s", true, race::twenty_long;
    "old and new image at once", true, race::two_images;
    "paused holder is overtaken and fenced", true, race::paused_holder;
    "an application holds a table for 2 s", true, race::blocked_table;
    "Redis in every state", true, redis::in_every_state;
    "backup killed in its midst", false, backup::killed;
    "archiving killed in its midst", false, backup::archiving_killed;
    "odd folder", false, folder::odd;
    "slow line", true, net::slow_line;
    "packets lost without a word", true, net::silent;
}

/// The first migration, the one that can be held up or made large, and one that cannot be a
/// transaction. On a scratch server the settings are absent, so they are quick there.
const MIGRATIONS: [(&str, &str); 3] = [
    (
        "20260101000000_start",
        "CREATE TABLE \"effect\" (\"id\" SERIAL PRIMARY KEY, \"what\" TEXT NOT NULL);\n\
         CREATE TABLE \"account\" (\"id\" INTEGER PRIMARY KEY, \"name\" TEXT NOT NULL);\n\
         INSERT INTO \"account\" SELECT g, 'name' FROM generate_series(1, 100) g;\n\
         INSERT INTO \"effect\" (\"what\") VALUES ('start');",
    ),
    (
        "20260102000000_slow",
        "ALTER TABLE \"account\" ADD COLUMN \"email\" TEXT;\n\
         INSERT INTO \"effect\" (\"what\") VALUES ('slow');\n\
         SELECT pg_sleep(COALESCE(NULLIF(current_setting('fault.sleep', true), ''), '0')::float8);\n\
         CREATE TABLE \"bulk\" AS SELECT g, repeat(md5(g::text), 30) AS filler FROM generate_series(1, \
         COALESCE(NULLIF(current_setting('fault.rows', true), ''), '1')::int) g;",
    ),
    (
        "20260103000000_index",
        "INSERT INTO \"effect\" (\"what\") VALUES ('index: before');\n\
         CREATE INDEX CONCURRENTLY \"account_name_idx\" ON \"account\"(\"name\");\n\
         INSERT INTO \"effect\" (\"what\") VALUES ('index: after');",
    ),
];

/// Part of the text of the statement that sleeps, as the server shows it.
const SLEEPING: &str = "%fault.sleep%";
/// The same of the index.
const BUILDING: &str = "CREATE INDEX CONC%";
const EFFECTS: &str = "SELECT \"what\", count(*) FROM \"effect\" GROUP BY 1";
const DATABASE: &str = "shop";

/// A server, a project and what a clean run leaves.
struct Stage {
    machine: Machine,
    project: Project,
    clean: Found,
}

impl Stage {
    /// With a database `shop`, empty; `settings` are the server's.
    async fn new(major: u32, settings: &[&str]) -> Self {
        let binaries = underpin_testkit::binaries(major).unwrap();
        let machine = Machine::start(&binaries, settings).await.unwrap();
        let project = Project::new(&MIGRATIONS, &cache(), &binaries.folder);
        let mut stage = Self { machine, project, clean: Found::default() };
        stage.sql("postgres", "CREATE DATABASE model").await;
        stage.sql("postgres", "CREATE DATABASE shop").await;
        let url = stage.machine.url("model");
        let clean = stage.project.deploy(&url).await;
        assert!(clean.is_success(), "a run without faults fails: {}", clean.text);
        stage.clean = check::read(&url, EFFECTS).await;
        stage
    }

    fn url(&self) -> String {
        self.machine.url(DATABASE)
    }

    async fn session(&self, database: &str) -> Session {
        // A server that recovers refuses for a while.
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            match self.machine.connect(database).await {
                Ok(session) => return session,
                Err(error) if Instant::now() > deadline => panic!("{error}: {:?}", error.causes()),
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    async fn sql(&self, database: &str, sql: &str) {
        self.session(database).await.simple_query(sql).await.unwrap();
    }

    /// Everything from here on sleeps in the second migration for so many seconds.
    async fn sleep(&self, seconds: u32) {
        self.sql("postgres", &format!("ALTER DATABASE shop SET fault.sleep = '{seconds}'")).await;
    }

    async fn wake(&self) {
        self.sql("postgres", "ALTER DATABASE shop RESET fault.sleep").await;
    }

    /// Runs only the first migration.
    async fn first_only(&self, url: &str) -> Ended {
        let pg_bin = self.machine.binaries().folder.clone();
        Project::new(&MIGRATIONS[..1], &cache(), &pg_bin).deploy(url).await
    }

    /// Starts a deploy.
    fn start(&self, url: &str) -> Child {
        self.project.command(url, &["deploy", "--wait", "20"]).spawn().unwrap()
    }

    /// Starts a deploy and waits until the server works on such a query.
    async fn until(&self, url: &str, query: &str) -> (Child, i32) {
        let child = self.start(url);
        let backend = self.await_query(query).await;
        (child, backend)
    }

    /// Waits until the server works on such a query; the backend.
    async fn await_query(&self, query: &str) -> i32 {
        let session = self.session("postgres").await;
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            if let Some(pid) = session.value(&activity(query)).await.unwrap() {
                // The statement, not only its parse, is under way.
                tokio::time::sleep(Duration::from_millis(100)).await;
                return pid.parse().unwrap();
            }
            assert!(Instant::now() < deadline, "the program never came to {query}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// How long such a query goes on at the server, 20 s at most.
    async fn until_idle(&self, query: &str) -> Duration {
        let begun = Instant::now();
        let session = self.session("postgres").await;
        while begun.elapsed() < Duration::from_secs(20)
            && session.value(&activity(query)).await.unwrap().is_some()
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        begun.elapsed()
    }

    /// A session with an old snapshot: every concurrent build waits for it to end.
    async fn hold_builds(&self) -> Session {
        let session = self.session(DATABASE).await;
        session.simple_query("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1").await.unwrap();
        session
    }

    /// Deploys at `url`, twice at most, and judges. `broken`: how the broken run ended.
    async fn heal(&self, url: &str, broken: &Ended, words: String) -> Shown {
        let mut heals = Vec::new();
        while heals.len() < 2 && !heals.last().is_some_and(Ended::is_success) {
            heals.push(self.project.deploy(url).await);
        }
        self.judge(url, broken, &heals, words).await
    }

    async fn judge(&self, url: &str, broken: &Ended, heals: &[Ended], words: String) -> Shown {
        let found = check::read(url, EFFECTS).await;
        let took = heals.last().map(|end| end.took).unwrap_or_default();
        let words = format!("{words}; the broken run: {}; healed in {took:.1?}", broken.phrase());
        if broken.hung {
            return Shown::Broken(format!("the program hung; {words}"));
        }
        match judge(&self.clean, &found, heals) {
            Verdict::Converged(_) => {}
            Verdict::Stopped(instruction) => {
                return Shown::Stopped(format!("{instruction}; {words}"));
            }
            Verdict::Violation(violation) => return Shown::Broken(format!("{violation}; {words}")),
        }
        match check::left_behind(url).await {
            Some(left) => Shown::Broken(format!("left behind: {left}; {words}")),
            None => Shown::Kept(words),
        }
    }
}

/// Replays are kept between drills: their migrations are always the same.
fn cache() -> std::path::PathBuf {
    let cache = underpin_testkit::cache().join("drills");
    std::fs::create_dir_all(&cache).unwrap();
    cache
}

fn activity(query: &str) -> String {
    format!(
        "SELECT pid FROM pg_stat_activity WHERE datname = '{DATABASE}' AND state = 'active' \
         AND query LIKE '{query}' LIMIT 1"
    )
}

/// Waits for a started deploy.
async fn end_of(child: Child) -> Ended {
    ended(child, Instant::now()).await
}

/// Sends a signal to a child.
fn signal(child: &Child, signal: rustix::process::Signal) {
    let number = child.id().map_or(0, u32::cast_signed);
    if let Some(pid) = rustix::process::Pid::from_raw(number) {
        let _already_gone = rustix::process::kill_process(pid, signal);
    }
}
