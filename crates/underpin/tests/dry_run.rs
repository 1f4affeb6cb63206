//! What says that it changes nothing writes nothing: the server's write-ahead log does not grow
//! by a byte, whatever the verb (manual §28.2: every change of a table, a catalog, a sequence is
//! logged before it is made).

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::Command;

use underpin_testkit::{Server, TestDatabase};

/// Nothing but us writes, and no page is logged whole because it is the first after a checkpoint.
const QUIET: [&str; 6] = [
    "autovacuum=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    "checkpoint_timeout=1h",
    "full_page_writes=off",
    "max_connections=20",
];

struct Project {
    folder: tempfile::TempDir,
    pg_bin: std::path::PathBuf,
    clients: Option<std::path::PathBuf>,
}

impl Project {
    fn new(server: &Server) -> Self {
        let major = server.binaries().version.major();
        let pg_bin = server.binaries().folder.clone();
        let clients = underpin_testkit::clients(major);
        Self { folder: tempfile::tempdir().unwrap(), pg_bin, clients }
    }

    fn migration(&self, name: &str, sql: &str) {
        let folder = self.folder.path().join("prisma/migrations").join(name);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("migration.sql"), sql).unwrap();
    }

    fn run(&self, url: &str, arguments: &str) -> (Option<i32>, String) {
        let mut command = Command::new(Path::new(env!("CARGO_BIN_EXE_underpin")));
        command
            .args(arguments.split(' '))
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.folder.path())
            .env("UNDERPIN_CACHE_DIR", underpin_testkit::cache())
            .env("UNDERPIN_PG_BIN", &self.pg_bin)
            .envs(self.clients.as_ref().map(|folder| ("UNDERPIN_PG_CLIENTS", folder)))
            .env("UNDERPIN_BACKUPS", self.folder.path().join("backups"))
            .env("DATABASE_URL", url);
        let output = command.output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8_lossy(&said).into_owned())
    }
}

async fn position(database: &TestDatabase) -> String {
    database.value("SELECT pg_current_wal_insert_lsn()::text").await.unwrap()
}

/// Runs it and compares; the first run may set what says that a row is visible to all, which a
/// server with checksums logs whoever looks first.
async fn writes_nothing(project: &Project, database: &TestDatabase, arguments: &str, exit: i32) {
    let (code, said) = project.run(&database.url, arguments);
    assert_eq!(code, Some(exit), "{arguments}: {said}");
    let before = position(database).await;
    let (code, said) = project.run(&database.url, arguments);
    assert_eq!(code, Some(exit), "{arguments}: {said}");
    assert_eq!(position(database).await, before, "`{arguments}` wrote: {said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written() {
    for major in underpin_testkit::majors() {
        let server = Server::start(major, &QUIET).await;
        untracked(&server).await;
        half_done(&server).await;
    }
}

/// Objects and no history: everything is to be found out.
async fn untracked(server: &Server) {
    let database = server.database().await;
    let project = Project::new(server);
    project.migration("1_init", "CREATE TABLE \"t\" (\"id\" SERIAL PRIMARY KEY, \"v\" INTEGER);");
    project.migration("2_more", "ALTER TABLE \"t\" ALTER COLUMN \"v\" SET NOT NULL;");
    database
        .run("CREATE TABLE t (id serial PRIMARY KEY, v integer); INSERT INTO t (v) VALUES (1)")
        .await;
    database.run("VACUUM FREEZE").await;
    database.run("CHECKPOINT").await;
    for (arguments, exit) in [
        ("deploy --dry-run", 0),
        ("plan --out plan.json", 0),
        ("approve plan.json --by ada --dry-run", 0),
        ("baseline", 0),
        ("baseline --apply --dry-run", 0),
        ("resolve --applied 1_init --dry-run", 0),
        ("status", 1),
        ("status --evidence", 1),
        ("verify", 1),
        ("environment", 0),
        ("migrate status", 1),
    ] {
        writes_nothing(&project, &database, arguments, exit).await;
    }
    let ours = "SELECT count(*)::text FROM pg_namespace WHERE nspname = 'underpin'";
    assert_eq!(database.value(ours).await.as_deref(), Some("0"));
    // What does write shows.
    let before = position(&database).await;
    let (code, said) = project.run(&database.url, "baseline --apply");
    assert_eq!(code, Some(0), "{said}");
    assert_ne!(position(&database).await, before);
}

/// A baseline to undo, a failed migration to resolve, a repair that is due, a backup.
async fn half_done(server: &Server) {
    let database = server.database().await;
    let project = Project::new(server);
    project.migration("1_init", "CREATE TABLE \"t\" (\"id\" SERIAL PRIMARY KEY, \"v\" INTEGER);");
    database
        .run("CREATE TABLE t (id serial PRIMARY KEY, v integer); INSERT INTO t (v) VALUES (1), (1)")
        .await;
    let (code, said) = project.run(&database.url, "baseline --apply");
    assert_eq!(code, Some(0), "{said}");
    project.migration("2_unique", "CREATE UNIQUE INDEX \"t_v_key\" ON \"t\"(\"v\");");
    let (code, said) = project.run(&database.url, "deploy");
    assert_eq!(code, Some(1), "{said}");
    let toml = "version = 1\n[[repair]]\nmigration = '2_unique'\nsql = 'fix.sql'\nwhy = 'twice'\n\
                when = 'SELECT count(*) > count(DISTINCT v) FROM t'\n";
    std::fs::write(project.folder.path().join("underpin.toml"), toml).unwrap();
    std::fs::write(project.folder.path().join("fix.sql"), "UPDATE t SET v = id").unwrap();
    let mut verbs = vec![
        ("deploy --dry-run", 1),
        ("resolve --rolled-back 2_unique --dry-run", 0),
        ("baseline --undo last --dry-run", 0),
        ("status", 1),
    ];
    if project.clients.is_some() {
        let (code, said) = project.run(&database.url, "backup create");
        assert_eq!(code, Some(0), "{said}");
        verbs.extend([("backup restore last --dry-run", 0), ("backup prune --dry-run", 0)]);
    }
    database.run("VACUUM FREEZE").await;
    database.run("CHECKPOINT").await;
    for (arguments, exit) in verbs {
        writes_nothing(&project, &database, arguments, exit).await;
    }
}
