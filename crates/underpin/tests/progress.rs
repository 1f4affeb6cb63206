//! The bar: drawn on a terminal and gone at the end; elsewhere one line per event.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::process::Command;

use underpin_testkit::{Server, TestDatabase, clients, majors};

/// Goes back to the line's start and empties it.
const CLEAR: &str = "\r\u{1b}[2K";

struct Stage {
    server: std::sync::Arc<Server>,
    database: TestDatabase,
    folder: tempfile::TempDir,
    clients: std::path::PathBuf,
}

impl Stage {
    async fn new() -> Option<Self> {
        let found = majors().into_iter().rev().find_map(|major| Some((major, clients(major)?)));
        let Some((major, clients)) = found else {
            println!("SKIPPED: no pg_dump for the servers of this run");
            return None;
        };
        let server = underpin_testkit::server(major).await;
        let database = server.database().await;
        database.run("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 1000)").await;
        Some(Self { server, database, folder: tempfile::tempdir().unwrap(), clients })
    }

    /// What comes out on both streams, with or without a terminal (`script`, of util-linux).
    fn run(&self, terminal: bool, arguments: &str) -> String {
        let program =
            format!("{} backup create --level 5 {arguments}", env!("CARGO_BIN_EXE_underpin"));
        let mut command = Command::new(if terminal { "script" } else { "sh" });
        match terminal {
            true => command.args(["-qec", &program, "/dev/null"]),
            false => command.args(["-c", &format!("{program} 2>&1")]),
        };
        let output = command
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("TERM", "xterm")
            .env("HOME", self.folder.path())
            .env("UNDERPIN_CACHE_DIR", self.folder.path().join(".cache"))
            .env("UNDERPIN_PG_BIN", &self.server.binaries().folder)
            .env("UNDERPIN_PG_CLIENTS", &self.clients)
            .env("DATABASE_URL", &self.database.url)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
        text
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bar_is_drawn_on_a_terminal_and_only_there() {
    let Some(stage) = Stage::new().await else { return };
    let drawn = stage.run(true, "");
    for phase in ["dump", "check", "restore", "compare"] {
        assert!(drawn.contains(&format!("{CLEAR}{phase:>11}  ")), "{phase}: {drawn:?}");
    }
    // What is left on the screen: of each line what stands behind the last erasure.
    let left: Vec<&str> =
        drawn.lines().map(|line| line.rsplit(CLEAR).next().unwrap_or_default()).collect();
    assert!(!left.iter().any(|line| line.contains("restore  ")), "{left:?}");
    assert!(left.iter().any(|line| line.contains("level 5, equal")), "{left:?}");
    assert!(!stage.run(true, "--no-progress").contains(CLEAR));
    let plain = stage.run(false, "");
    assert!(!plain.contains('\u{1b}') && plain.contains("Backup  restore …"), "{plain:?}");
}
