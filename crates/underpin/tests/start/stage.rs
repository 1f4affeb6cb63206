//! A project with migrations, a database, and the program on its way to an application.

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use underpin_testkit::{Server, TestDatabase};

/// A start that takes longer hangs.
const DEADLINE: Duration = Duration::from_secs(60);

pub(crate) struct Stage {
    pub(crate) database: TestDatabase,
    pub(crate) project: tempfile::TempDir,
    server: std::sync::Arc<Server>,
    pg_bin: std::path::PathBuf,
}

impl Stage {
    /// A database of the newest major, and a project with these scripts in order.
    pub(crate) async fn new(scripts: &[&str]) -> Self {
        Self::on(underpin_testkit::server(Self::major()).await, scripts).await
    }

    /// The same on a server with room for many.
    pub(crate) async fn alone(scripts: &[&str]) -> Self {
        let server = Server::start(Self::major(), &["max_connections=80"]).await;
        Self::on(std::sync::Arc::new(server), scripts).await
    }

    fn major() -> u32 {
        *underpin_testkit::majors().last().unwrap()
    }

    async fn on(server: std::sync::Arc<Server>, scripts: &[&str]) -> Self {
        let stage = Self {
            database: server.database().await,
            project: tempfile::tempdir().unwrap(),
            pg_bin: server.binaries().folder.clone(),
            server,
        };
        for (index, script) in scripts.iter().enumerate() {
            stage.migration(index, script);
        }
        stage
    }

    /// Writes the script of a place.
    pub(crate) fn migration(&self, index: usize, script: &str) {
        let name = format!("prisma/migrations/2026010{}000000_step", index + 1);
        let folder = self.project.path().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("migration.sql"), script).unwrap();
    }

    /// The server's socket.
    pub(crate) fn socket(&self) -> std::path::PathBuf {
        self.server.cluster().socket_folder().join(".s.PGSQL.5432")
    }

    pub(crate) fn settings(&self, text: &str) {
        std::fs::write(self.project.path().join("underpin.toml"), text).unwrap();
    }

    /// Sets what a start has in its environment, and no more.
    pub(crate) fn surround(&self, command: &mut Command) {
        command
            .current_dir(self.project.path())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.project.path())
            .env("UNDERPIN_CACHE_DIR", underpin_testkit::cache())
            .env("UNDERPIN_PG_BIN", &self.pg_bin)
            .env("DATABASE_URL", &self.database.url)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
    }

    /// `underpin deploy FLAGS -- sh -c SCRIPT`.
    pub(crate) fn command(&self, flags: &[&str], script: &str) -> Command {
        let mut command = Command::new(Self::program());
        command.arg("deploy").args(flags).args(["--", "sh", "-c", script]);
        self.surround(&mut command);
        command
    }

    pub(crate) fn program() -> &'static Path {
        Path::new(env!("CARGO_BIN_EXE_underpin"))
    }

    pub(crate) fn run(&self, flags: &[&str], script: &str) -> Ended {
        ended(self.command(flags, script).spawn().unwrap())
    }

    /// Waits until a query's first value is true.
    pub(crate) async fn until(&self, query: &str) {
        let begun = Instant::now();
        while self.database.value(query).await.as_deref() != Some("t") {
            assert!(begun.elapsed() < DEADLINE, "never true: {query}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// What was asked to stop in the second migration ends in time, without the application and
    /// without an effect of that migration.
    pub(crate) async fn is_stopped(&self, child: Child, told: Instant) {
        let ended = ended(child);
        assert!(told.elapsed() < Duration::from_secs(8), "{:?}", told.elapsed());
        assert!(ended.code == Some(130) && !ended.out.contains("up\n"), "{ended:?}");
        let effects = "SELECT string_agg(what, ' ') FROM effect";
        assert_eq!(self.database.value(effects).await.as_deref(), Some("once"));
    }

    /// Waits until a migration sleeps.
    pub(crate) async fn until_it_sleeps(&self) {
        self.until(
            "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'PgSleep' \
             AND datname = current_database()",
        )
        .await;
    }
}

/// How a process ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

pub(crate) fn ended(mut child: Child) -> Ended {
    let begun = Instant::now();
    // Nobody here says as much as a pipe holds.
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > DEADLINE {
            child.kill().unwrap();
            panic!("it hangs: {:?}", child.wait_with_output());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    Ended {
        code: status.code(),
        out: String::from_utf8_lossy(&stdout).into_owned(),
        err: String::from_utf8_lossy(&stderr).into_owned(),
    }
}

/// A TCP port that nobody listens on now.
pub(crate) fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// What a path answers: status and body.
pub(crate) async fn get(port: u16, path: &str) -> Option<(u16, String)> {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = Vec::new();
    let mut buffer = [0; 1024];
    // As a probe does: the answer is over with its body, and we hang up.
    loop {
        let read = stream.read(&mut buffer).await.ok()?;
        answer.extend_from_slice(&buffer[..read]);
        if read == 0 || answer.ends_with(b"}\n") {
            break;
        }
    }
    let answer = String::from_utf8(answer).ok()?;
    let status = answer.split(' ').nth(1)?.parse().ok()?;
    Some((status, answer.split("\r\n\r\n").nth(1)?.to_owned()))
}
