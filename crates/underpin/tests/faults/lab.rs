//! A project, a database and the real program: what every fault run is made of.
//!
//! Invariants: each run has a database, a project folder and a home of its own, so that runs can
//! go on side by side. Only replays are shared, as they are between the containers of one image.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::process::Command;
use underpin_core::postgres::{ConnectionSettings, Session};
use underpin_testkit::Server;

/// `lock_timeout` of all runs: an application may be held up for this long.
pub(crate) const LOCK_BUDGET: Duration = Duration::from_secs(1);
/// A program that takes longer hangs. (It may try for a minute to reach a server again.)
const DEADLINE: Duration = Duration::from_secs(90);

/// The migrations of the n-th-call loop. An effect that happens twice can be seen: a second row in
/// `effect`, a counter of 2.
pub(crate) const MIGRATIONS: [(&str, &str); 3] = [
    (
        "20260101000000_accounts",
        "CREATE TABLE \"effect\" (\"id\" SERIAL PRIMARY KEY, \"what\" TEXT NOT NULL);\n\
         CREATE TABLE \"account\" (\"id\" INTEGER PRIMARY KEY, \"name\" TEXT NOT NULL, \"counter\" INTEGER NOT NULL DEFAULT 0);\n\
         INSERT INTO \"account\" (\"id\", \"name\") SELECT g, 'name ' || g FROM generate_series(1, 500) g;\n\
         INSERT INTO \"effect\" (\"what\") VALUES ('accounts');\n",
    ),
    (
        "20260102000000_counters",
        "BEGIN;\n\
         ALTER TABLE \"account\" ADD COLUMN \"email\" TEXT;\n\
         UPDATE \"account\" SET \"counter\" = \"counter\" + 1;\n\
         INSERT INTO \"effect\" (\"what\") VALUES ('counters');\n\
         COMMIT;\n",
    ),
    (
        "20260103000000_index",
        "INSERT INTO \"effect\" (\"what\") VALUES ('index: before');\n\
         CREATE INDEX CONCURRENTLY \"account_name_idx\" ON \"account\"(\"name\");\n\
         INSERT INTO \"effect\" (\"what\") VALUES ('index: after');\n",
    ),
];

/// What all runs share.
pub(crate) struct Lab {
    /// The server.
    pub(crate) server: Arc<Server>,
    /// The replays of earlier runs.
    cache: tempfile::TempDir,
}

/// A project on disk with a home of its own.
pub(crate) struct Project {
    folder: tempfile::TempDir,
    home: tempfile::TempDir,
    cache: PathBuf,
    pg_bin: PathBuf,
}

/// How a program ended.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ended {
    /// Its exit code; none after a signal.
    pub(crate) exit: Option<i32>,
    /// It did not end by itself.
    pub(crate) hung: bool,
    /// `UP-nnnn` of its error document.
    pub(crate) code: Option<String>,
    /// What it says of the state: `nothing`, `rolled_back`, `partial`, `unknown`.
    pub(crate) state: Option<String>,
    /// What it says that earlier steps of the run have kept.
    pub(crate) kept: String,
    /// What it says to do.
    pub(crate) hints: Vec<String>,
    /// It says that the same command may be run again.
    pub(crate) safe_to_retry: bool,
    /// How many migrations its report says it applied.
    pub(crate) applied: usize,
    /// Everything that it printed.
    pub(crate) text: String,
    /// How long it ran.
    pub(crate) took: Duration,
}

impl Ended {
    /// It succeeded.
    pub(crate) fn is_success(&self) -> bool {
        self.exit == Some(0)
    }

    /// It stopped with a code and told what to do.
    pub(crate) fn instructs(&self) -> bool {
        self.code.is_some() && self.code.as_deref() != Some("UP-9001") && !self.hints.is_empty()
    }

    /// It stopped with a code, and says at least that it may be run again.
    pub(crate) fn explains(&self) -> bool {
        self.instructs() || (self.code.is_some() && self.safe_to_retry)
    }

    /// In a few words.
    pub(crate) fn phrase(&self) -> String {
        match (&self.code, self.exit) {
            _ if self.hung => "hung".to_owned(),
            (Some(code), _) => format!("{code} {}", self.state.as_deref().unwrap_or_default()),
            (None, Some(exit)) => format!("exit {exit}"),
            (None, None) => "killed".to_owned(),
        }
    }
}

impl Lab {
    /// On a server of `major` that all labs of the process share.
    pub(crate) async fn new(major: u32) -> Self {
        Self { server: underpin_testkit::server(major).await, cache: tempfile::tempdir().unwrap() }
    }

    /// On a server of its own.
    pub(crate) fn on(server: Arc<Server>) -> Self {
        Self { server, cache: tempfile::tempdir().unwrap() }
    }

    /// A project with these migrations.
    pub(crate) fn project(&self, migrations: &[(&str, &str)]) -> Project {
        let pg_bin = self.server.binaries().folder.clone();
        Project::new(migrations, self.cache.path(), &pg_bin)
    }
}

impl Project {
    /// A project whose replays are kept in `cache`.
    pub(crate) fn new(migrations: &[(&str, &str)], cache: &Path, pg_bin: &Path) -> Self {
        let project = Self {
            folder: tempfile::tempdir().unwrap(),
            home: tempfile::tempdir().unwrap(),
            cache: cache.to_owned(),
            pg_bin: pg_bin.to_owned(),
        };
        for (name, sql) in migrations {
            project.add(name, sql);
        }
        std::fs::create_dir_all(underpin_testkit::cache()).unwrap();
        let templates = cache.join("postgres");
        if !templates.exists() {
            let _made_by_another = std::os::unix::fs::symlink(underpin_testkit::cache(), templates);
        }
        project
    }

    /// Adds a migration.
    pub(crate) fn add(&self, name: &str, sql: &str) {
        let folder = self.folder.path().join("prisma/migrations").join(name);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("migration.sql"), sql).unwrap();
    }

    /// Writes `underpin.toml`.
    pub(crate) fn settings(&self, text: &str) {
        std::fs::write(self.folder.path().join("underpin.toml"), text).unwrap();
    }

    /// Forgets what the program keeps for itself, as a new container does.
    pub(crate) fn forget(&mut self) {
        self.home = tempfile::tempdir().unwrap();
    }

    /// The program, not yet started.
    pub(crate) fn command(&self, url: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_underpin"));
        if !arguments.contains(&"--output") {
            command.args(["--output", "json"]);
        }
        command
            .args(arguments)
            .args(["--lock-timeout", "1s"])
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.home.path())
            .env("XDG_STATE_HOME", self.home.path().join("state"))
            .env("UNDERPIN_CACHE_DIR", &self.cache)
            .env("UNDERPIN_PG_BIN", &self.pg_bin)
            // The drills are about the migrations; backups have their own.
            .env("UNDERPIN_ALLOW", "unsaved-database")
            .env("DATABASE_URL", url)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Runs `deploy` to its end.
    pub(crate) async fn deploy(&self, url: &str) -> Ended {
        let begun = Instant::now();
        let child = self.command(url, &["deploy", "--wait", "20"]).spawn().unwrap();
        ended(child, begun).await
    }

    /// Runs any verb to its end.
    pub(crate) async fn run(&self, url: &str, arguments: &[&str]) -> Ended {
        let begun = Instant::now();
        ended(self.command(url, arguments).spawn().unwrap(), begun).await
    }
}

/// Waits for a program, and reads what it said.
pub(crate) async fn ended(child: tokio::process::Child, begun: Instant) -> Ended {
    let waited = tokio::time::timeout(DEADLINE, child.wait_with_output()).await;
    let took = begun.elapsed();
    let Ok(output) = waited else {
        return Ended { hung: true, took, ..Ended::default() };
    };
    let output = output.unwrap();
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    let mut result = Ended { exit: output.status.code(), took, text, ..Ended::default() };
    let start = result.text.find("{\n  \"schema\"").unwrap_or(result.text.len());
    let mut documents = serde_json::Deserializer::from_str(&result.text[start..]).into_iter();
    if let Some(Ok(document)) = documents.next() {
        let document: serde_json::Value = document;
        let error = &document["error"];
        let words = |value: &serde_json::Value| value.as_str().map(str::to_owned);
        result.code = words(&error["code"]);
        result.state = words(&error["state"]["changed"]);
        result.kept = words(&error["state"]["kept"]).unwrap_or_default();
        result.applied = document["applied"].as_array().map_or(0, Vec::len);
        result.safe_to_retry = error["retry"].as_str() == Some("safe");
        result.hints = error["hints"].as_array().into_iter().flatten().filter_map(words).collect();
    }
    result
}

/// A new database: its name and its URL.
pub(crate) async fn database(server: &Server) -> (String, String) {
    let made = server.database().await;
    (made.name, made.url)
}

/// A session as superuser that nothing counts as left behind.
pub(crate) async fn observe(url: &str) -> Session {
    let url = match url.contains('?') {
        true => format!("{url}&application_name=observer"),
        false => format!("{url}?application_name=observer"),
    };
    ConnectionSettings::parse(&url).unwrap().connect().await.unwrap()
}
