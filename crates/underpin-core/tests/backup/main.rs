//! Backups against real servers and the real `pg_dump`: made, proven, damaged, restored.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod archive;
mod claims;
mod damage;
mod encodings;
#[cfg(feature = "encryption")]
mod encryption;
mod faults;
mod large_objects;
#[cfg(feature = "object-store")]
mod remote;
mod restore;

use std::path::{Path, PathBuf};

use underpin_core::backup::content::RowDigest;
use underpin_core::backup::{self, BackupName, Level, Manifest, Request, Step, Store, Tools};
use underpin_core::error::Result;
use underpin_core::execute::Stop;
use underpin_core::postgres::ConnectionSettings;
use underpin_core::postgres::binaries::SearchPlaces;
use underpin_core::postgres::scratch::ScratchOptions;
use underpin_testkit::{Server, TestDatabase};

/// A little of everything that a dump can get wrong.
const APPLICATION: &str = r#"
CREATE TYPE mood AS ENUM ('glad', 'sad');
CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%');
CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email email UNIQUE,
    mood mood DEFAULT 'glad', tags text[], about jsonb, photo bytea, born date, seen timestamptz,
    score double precision, price numeric(12, 2), nothing text,
    loud text GENERATED ALWAYS AS (upper(nothing)) STORED);
INSERT INTO users (email, mood, tags, about, photo, born, seen, score, price, nothing)
    SELECT 'u' || i || '@example.org', (ARRAY['glad', 'sad'])[1 + i % 2]::mood, ARRAY['a', NULL, E'b\n\\'],
    jsonb_build_object('n', i, 't', repeat('x', i % 50)), decode(md5(i::text), 'hex'), '2020-01-01'::date + i,
    '2026-02-14 10:30:00+00'::timestamptz + i * interval '1 s', i / 3.0, i * 1.1, CASE WHEN i % 3 = 0 THEN E'\\.\n\t' || i END
    FROM generate_series(1, 3000) i;
CREATE INDEX ON users USING gin (about);
CREATE SCHEMA "Odd Schema";
CREATE TABLE "Odd Schema"."TABLE DATA" ("select" int, "with ""quotes""" text);
INSERT INTO "Odd Schema"."TABLE DATA" VALUES (1, ''), (1, ''), (2, NULL);
CREATE TABLE empty (id int);
CREATE TABLE no_columns ();
INSERT INTO no_columns DEFAULT VALUES;
CREATE TABLE orders (id int, user_id bigint REFERENCES users, at date) PARTITION BY RANGE (at);
CREATE TABLE orders_1 PARTITION OF orders FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE orders_2 PARTITION OF orders FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');
CREATE INDEX ON orders (user_id);
INSERT INTO orders SELECT i, i, '2020-01-01'::date + i % 700 FROM generate_series(1, 1000) i;
CREATE SEQUENCE numbers START 100; SELECT nextval('numbers');
CREATE SEQUENCE unused;
CREATE VIEW adults AS SELECT id, email FROM users WHERE born < '2022-01-01';
CREATE MATERIALIZED VIEW moods AS SELECT mood, count(*) FROM users GROUP BY mood;
CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql AS 'SELECT $1 * 2';
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER stamp BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION stamp();
CREATE UNLOGGED TABLE cache (k text PRIMARY KEY, v text);
INSERT INTO cache VALUES ('a', 'b');
CREATE TABLE _prisma_migrations (id varchar(36) PRIMARY KEY, checksum varchar(64) NOT NULL, finished_at timestamptz,
    migration_name varchar(255) NOT NULL, logs text, rolled_back_at timestamptz, started_at timestamptz NOT NULL DEFAULT now(),
    applied_steps_count integer NOT NULL DEFAULT 0);
INSERT INTO _prisma_migrations VALUES ('1', 'c', now(), '20260101000000_init', NULL, NULL, now(), 1);
"#;

/// The folder of a client version, as `./dev setup` makes it.
fn clients(major: u32) -> Option<PathBuf> {
    let folder = underpin_testkit::trees().join(format!("clients/{major}/bin"));
    folder.join("pg_dump").is_file().then_some(folder)
}

/// All files below a folder, in order.
fn files(folder: &Path) -> Vec<PathBuf> {
    let (mut found, mut open) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { open.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

/// A database with things in it, and a folder for its backups.
struct Stage {
    database: TestDatabase,
    target: ConnectionSettings,
    tools: Tools,
    folder: tempfile::TempDir,
}

impl Stage {
    /// With the clients of `client`.
    async fn new(server: &Server, client: u32) -> Self {
        let database = server.database().await;
        database.run(APPLICATION).await;
        Self::of(server, database, client)
    }

    fn of(server: &Server, database: TestDatabase, client: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let target = ConnectionSettings::parse(&database.url).unwrap();
        let tools = Tools {
            folder: folder.path().join("backups"),
            key: None,
            encryption: backup::Encryption::default(),
            scratch: ScratchOptions {
                pg_bin: Some(server.binaries().folder.clone()),
                places: SearchPlaces { clients: clients(client), ..SearchPlaces::default() },
                cache: underpin_testkit::cache(),
                ..ScratchOptions::default()
            },
            jobs: 2,
            stop: Stop::default(),
        };
        Self { database, target, tools, folder }
    }

    async fn create(&self) -> Result<(BackupName, Manifest)> {
        backup::create(&self.target, &self.tools, &request(), &mut |_| {}).await
    }

    async fn check(&self, name: &BackupName, level: Level) -> Result<Manifest> {
        backup::check(&self.tools, name, level, &mut |_| {}).await
    }

    fn store(&self) -> Store {
        Store::new(self.tools.folder.clone(), self.tools.key.clone())
    }

    /// Everything in the folder of the backups, whatever its name.
    fn entries(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.tools.folder).into_iter().flatten().flatten();
        let mut names: Vec<String> =
            entries.map(|e| e.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// What a table holds, read straight from the server.
    async fn digest(&self, table: &str) -> (u64, String) {
        let session = self.target.connect().await.unwrap();
        let settings = "SET datestyle = ISO; SET intervalstyle = postgres; SET extra_float_digits = 3; \
            SET timezone = 'UTC'; SET bytea_output = hex";
        session.simple_query(settings).await.unwrap();
        let mut rows = RowDigest::default();
        let sql = format!("COPY {table} TO STDOUT");
        session.copy_out(&sql, &mut |bytes| rows.feed(bytes)).await.unwrap();
        (rows.rows(), rows.digest())
    }
}

fn request() -> Request {
    Request {
        environment: "prod".to_owned(),
        reason: "manual".to_owned(),
        tags: Vec::new(),
        pinned: false,
        level: Level::Decodable,
    }
}

/// The newest major of this run for which there is a `pg_dump`, with the client that fits it best.
fn newest() -> Option<(u32, u32)> {
    let found = underpin_testkit::majors().into_iter().rev();
    found
        .filter_map(|server| {
            let client = (server..=18).find(|client| clients(*client).is_some())?;
            Some((server, client))
        })
        .next()
}

/// Every server, with every client that is not older: made, private, proven to be equal.
#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_proven_to_be_equal() {
    let mut seen = 0;
    for major in underpin_testkit::majors() {
        let server = underpin_testkit::server(major).await;
        for client in (major..=18).filter(|client| clients(*client).is_some()) {
            let stage = Stage::new(&server, client).await;
            // What would change a dump's text, if it were let.
            for setting in
                ["timezone = 'Europe/Berlin'", "bytea_output = 'escape'", "datestyle = 'German'"]
            {
                let sql = format!("ALTER DATABASE {} SET {setting}", stage.database.name);
                stage.database.run(&sql).await;
            }
            let mut levels = Vec::new();
            let mut tell = |step| {
                if let Step::Reached(level, _) = step {
                    levels.push(level);
                }
            };
            let (name, manifest) =
                backup::create(&stage.target, &stage.tools, &request(), &mut tell).await.unwrap();
            assert_eq!(levels, [Level::Decodable], "{major} {client}");
            assert_eq!(stage.entries(), [name.as_str()]);
            private(&stage.store().folder_of(&name));
            // Hashed here from the server, there from the dump.
            for table in &manifest.tables {
                let name = table.qualified();
                assert_eq!(stage.digest(&name).await, (table.rows, table.digest.clone()), "{name}");
            }
            assert_eq!(manifest.tables.iter().map(|t| t.rows).sum::<u64>(), 4006);
            assert_eq!(manifest.last_migration.unwrap().name, "20260101000000_init");
            let proven = stage.check(&name, Level::Equal).await.unwrap_or_else(|e| {
                panic!("{major} {client}: {e}: {:?} {:?}", e.causes(), e.detail_lines())
            });
            assert_eq!(proven.level(), Some(Level::Equal), "{:?}", proven.proofs);
            assert_eq!(stage.store().read(&name).unwrap(), proven);
            seen += 1;
        }
    }
    if seen == 0 {
        println!("SKIPPED: no pg_dump that is as new as the servers of this run");
    }
}

/// With as many jobs as the settings allow there are still sessions enough on the scratch server.
#[tokio::test(flavor = "multi_thread")]
async fn many_jobs_find_room_on_the_scratch_server() {
    let Some((major, client)) = newest() else { return };
    let server = underpin_testkit::server(major).await;
    let mut stage = Stage::new(&server, client).await;
    let tables = "DO $$ BEGIN FOR i IN 1..60 LOOP
        EXECUTE format('CREATE TABLE many_%s (id int PRIMARY KEY)', i);
        EXECUTE format('INSERT INTO many_%s SELECT generate_series(1, 9)', i); END LOOP; END $$";
    stage.database.run(tables).await;
    let (name, _) = stage.create().await.unwrap();
    stage.tools.jobs = 64;
    let proven = stage.check(&name, Level::Equal).await;
    let proven = proven.unwrap_or_else(|e| panic!("{e}: {:?} {:?}", e.causes(), e.detail_lines()));
    assert_eq!(proven.level(), Some(Level::Equal), "{:?}", proven.proofs);
}

/// Folders 0700, files 0600.
fn private(folder: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder), 0o700, "{}", folder.display());
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                assert_eq!(mode(&path), 0o600, "{}", path.display());
            }
        }
    }
}

/// A scratch server that lacks an extension proves nothing, and says so.
#[tokio::test(flavor = "multi_thread")]
async fn without_its_extension_a_copy_proves_nothing() {
    let Some((major, client)) = newest() else { return };
    let server = underpin_testkit::server(major).await;
    let stage = Stage::new(&server, client).await;
    let has = "SELECT 1 FROM pg_available_extensions WHERE name = 'citext'";
    if stage.database.value(has).await.is_none() {
        println!("SKIPPED: the server has no citext");
        return;
    }
    stage.database.run("CREATE EXTENSION citext; CREATE TABLE c (name citext)").await;
    let (name, _) = stage.create().await.unwrap();
    // The same server without that extension's control file.
    let tree = stage.folder.path().join("tree");
    let from = server.binaries().folder.parent().unwrap().canonicalize().unwrap();
    let copied = std::process::Command::new("cp").arg("-rL").args([&from, &tree]).status().unwrap();
    assert!(copied.success());
    let removed = std::process::Command::new("find")
        .arg(&tree)
        .args(["-name", "citext.control", "-delete"])
        .status()
        .unwrap();
    assert!(removed.success());
    let opened =
        std::process::Command::new("chmod").arg("-R").arg("a+rX").arg(stage.folder.path()).status();
    assert!(opened.unwrap().success());
    let mut tools = stage.tools.clone();
    tools.scratch.pg_bin = Some(tree.join("bin"));
    let store = stage.store();
    std::fs::set_permissions(&tools.folder, std::os::unix::fs::PermissionsExt::from_mode(0o700))
        .unwrap();
    let manifest = backup::check(&tools, &name, Level::Equal, &mut |_| {}).await.unwrap();
    assert_eq!(manifest.level(), Some(Level::Decodable));
    assert_eq!(
        store.read(&name).unwrap().proofs.last().unwrap().unchecked,
        ["restored without citext"]
    );
}
