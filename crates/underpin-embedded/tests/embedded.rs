//! The embedded PostgreSQL, for what it is there for: replaying a folder. Compared with real
//! servers, broken on purpose.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use underpin_core::catalog;
use underpin_core::migrations::MigrationFolder;
use underpin_core::postgres::ServerVersion;
use underpin_core::postgres::embedded::{EmbeddedDatabase, EmbeddedEngine};
use underpin_core::postgres::scratch::{EngineKind, ScratchOptions};
use underpin_core::replay::{Replay, ReplayContext, ReplayError, replay};

/// A major of which no machine has binaries, so that the embedded engine's turn comes.
const NOWHERE: ServerVersion = ServerVersion(990_000);

fn engine() -> Arc<dyn EmbeddedEngine> {
    underpin_embedded::engine().unwrap()
}

async fn open() -> Box<dyn EmbeddedDatabase> {
    engine().open().await.unwrap()
}

fn context(target: ServerVersion, scratch: ScratchOptions) -> ReplayContext {
    ReplayContext {
        target,
        schema: "public".to_owned(),
        roles: vec!["app reader".to_owned()],
        scratch,
        cache: None,
    }
}

async fn embedded(folder: &Path) -> Result<Replay, ReplayError> {
    let folder = MigrationFolder::read(folder).unwrap();
    let scratch = ScratchOptions { embedded: Some(engine()), ..ScratchOptions::default() };
    replay(&folder.migrations, &context(NOWHERE, scratch), &mut |_| {}).await
}

async fn native(folder: &Path, major: u32) -> Replay {
    let folder = MigrationFolder::read(folder).unwrap();
    let binaries = underpin_testkit::binaries(major).unwrap();
    let scratch = ScratchOptions {
        pg_bin: Some(binaries.folder.clone()),
        cache: underpin_testkit::cache(),
        ..ScratchOptions::default()
    };
    replay(&folder.migrations, &context(binaries.version, scratch), &mut |_| {}).await.unwrap()
}

fn demo() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../underpin/demo/migrations")
}

/// Differences that the demo folder knows of: it adds a column where pgvector is to be had, and
/// only the test server of 18 has it.
fn is_explained(line: &str, major: u32) -> bool {
    major != 18 && line.contains("TrackEmbedding.embedding (public.vector(8))")
}

/// A folder with these migrations.
fn folder(scripts: &[&str]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for (index, script) in scripts.iter().enumerate() {
        let folder = root.path().join(format!("2025010{index}000000_step"));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("migration.sql"), script).unwrap();
    }
    root
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_folder_gives_the_same_facts_as_on_servers() {
    let begun = std::time::Instant::now();
    let ours = embedded(&demo()).await.unwrap();
    println!("replayed on the embedded PostgreSQL in {:?}", begun.elapsed());
    assert_eq!(ours.engine.kind, EngineKind::Embedded);
    assert!(ours.engine.approximate, "it is not the target's major, and says so");
    assert_eq!(ours.steps.len(), 30);
    let last = ours.last_snapshot();
    assert!(last.len() > 100, "{} facts", last.len());
    for major in underpin_testkit::majors() {
        let theirs = native(&demo(), major).await;
        for count in 0..=30 {
            let diff = catalog::diff(&theirs.snapshot_after(count), &ours.snapshot_after(count));
            let lines: Vec<String> =
                diff.lines(99).into_iter().filter(|line| !is_explained(line, major)).collect();
            assert_eq!(lines, [""; 0], "{major}, after {count}");
        }
        if major == 18 {
            assert_eq!(theirs.last_snapshot().fingerprint(), last.fingerprint());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_extensions_are_there_and_a_missing_one_is_named() {
    let mut database = open().await;
    let rows = database.query("SHOW server_version_num; SHOW server_encoding").await.unwrap();
    let version = rows[0].rows[0][0].clone().unwrap().parse().unwrap();
    assert_eq!(database.version(), ServerVersion(version));
    assert_eq!(database.version(), engine().version());
    assert_eq!(rows[1].rows[0][0].as_deref(), Some("UTF8"));
    let unchecked = engine().unchecked().join("\n");
    for name in ["btree_gin", "citext", "hstore", "pg_trgm", "pgcrypto", "uuid-ossp", "vector"] {
        assert!(unchecked.contains(name), "{name}");
    }
    let carried = unchecked.split("extensions other than ").nth(1).unwrap();
    for name in carried.lines().next().unwrap().split(", ") {
        let sql = format!("CREATE EXTENSION IF NOT EXISTS \"{name}\" CASCADE");
        database.query(&sql).await.unwrap_or_else(|e| panic!("{name}: {e}"));
    }
    let used = "SELECT uuid_generate_v4(), digest('a', 'sha256'), similarity('abc', 'abd'), \
                '[1,2]'::vector <-> '[2,1]'::vector, 'A'::citext = 'a'";
    assert_eq!(database.query(used).await.unwrap()[0].rows[0][4].as_deref(), Some("t"));
    let indexes = "CREATE TABLE t (a text, v vector(3)); CREATE INDEX ON t USING gin (a gin_trgm_ops); \
                   CREATE INDEX ON t USING hnsw (v vector_l2_ops)";
    database.query(indexes).await.unwrap();
    database.close().await;

    let error = embedded(folder(&["CREATE EXTENSION postgis;"]).path()).await.unwrap_err();
    assert_eq!((error.migration, error.error.code().id()), (Some(0), "UP-2102"));
    assert!(error.error.causes().join("\n").contains("postgis"), "{:?}", error.error);
    assert!(error.error.hints()[0].contains("--pg-bin"), "{:?}", error.error);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_has_its_sqlstate_and_its_place_and_the_session_goes_on() {
    let mut database = open().await;
    let error =
        database.query("CREATE TABLE a (x int);\nSELECT 'é', nope FROM a").await.unwrap_err();
    assert_eq!((error.sqlstate.as_deref(), error.position), (Some("42703"), Some(37)));
    assert!(!error.connection_lost);
    let left = database.query("SELECT to_regclass('a')").await.unwrap();
    assert_eq!(left[0].rows, [[None]], "a script is one transaction");
    let notice = "DO $$ BEGIN RAISE WARNING 'look: %', 1; END $$";
    database.query(notice).await.unwrap();
    let notices = database.take_notices();
    assert_eq!((notices[0].severity.as_str(), notices[0].message.as_str()), ("WARNING", "look: 1"));
    let error = database.query("CREATE TABLE c (x int); COPY c FROM STDIN").await.unwrap_err();
    assert!(!error.connection_lost && error.message.contains("no rows to send"), "{error}");
    let aside = database.query("CREATE TABLE \"stdin\" (a int)").await.unwrap();
    assert_eq!(aside.len(), 1, "outside of a COPY the session goes on as before");
    assert_eq!(database.query("SELECT 1").await.unwrap()[0].rows.len(), 1);
    database.close().await;

    let scripts =
        ["CREATE TABLE a (x int);", "ALTER TABLE a ADD y int;\n\nALTER TABLE b ADD y int;"];
    let error = embedded(folder(&scripts).path()).await.unwrap_err();
    assert_eq!((error.migration, error.error.code().id()), (Some(1), "UP-2102"));
    assert_eq!(error.error.sqlstate_code(), Some("42P01"));
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrently_works_alone_and_not_inside_a_transaction() {
    let mut database = open().await;
    database
        .query("CREATE TABLE t (a int); INSERT INTO t SELECT generate_series(1, 1000)")
        .await
        .unwrap();
    database.query("CREATE INDEX CONCURRENTLY t_a ON t (a)").await.unwrap();
    database.query("REINDEX INDEX CONCURRENTLY t_a").await.unwrap();
    database.query("DROP INDEX CONCURRENTLY t_a").await.unwrap();
    let error = database.query("SELECT 1; CREATE INDEX CONCURRENTLY ON t (a)").await.unwrap_err();
    assert_eq!(error.sqlstate.as_deref(), Some("25001"));
    database.close().await;

    let separate = ["CREATE TABLE t (a int);", "CREATE INDEX CONCURRENTLY t_a ON t (a);"];
    assert_eq!(embedded(folder(&separate).path()).await.unwrap().steps.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn databases_are_separate_and_their_number_is_bounded() {
    let engine = engine();
    let mut open = Vec::new();
    for _ in 0..3 {
        let mut database = engine.open().await.unwrap();
        database.query("CREATE TABLE only_here (a int); CREATE ROLE somebody").await.unwrap();
        open.push(database);
    }
    let error = engine.open().await.map(drop).unwrap_err();
    assert_eq!(error.code().id(), "UP-3102");
    for database in open {
        database.close().await;
    }
    let mut after = engine.open().await.unwrap();
    after.query("CREATE TABLE only_here (a int)").await.unwrap();
    after.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_breaks_the_engine_is_an_error() {
    // Endless recursion: a server ends it with 54001, the engine runs out of its stack.
    let deep = "CREATE FUNCTION deep(n int) RETURNS int LANGUAGE plpgsql \
                AS 'BEGIN RETURN deep(n + 1); END'; SELECT deep(1);";
    let error = embedded(folder(&[deep]).path()).await.unwrap_err();
    assert_eq!((error.migration, error.error.code().id()), (Some(0), "UP-3102"));
    assert!(error.error.causes()[0].contains("broke down"), "{:?}", error.error);
    open().await.close().await; // and the next one works
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collation_that_it_lacks_is_named() {
    for script in [
        "CREATE TABLE a (x text COLLATE \"de_DE\");",
        "CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);",
    ] {
        let error = embedded(folder(&[script]).path()).await.unwrap_err();
        assert_eq!(error.error.code().id(), "UP-2102");
        assert!(error.error.hints()[0].contains("lacks this collation"), "{:?}", error.error);
    }
}
