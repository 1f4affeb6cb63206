//! What a deploy does when the database does not stand still. Real servers, real locks.

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::time::Duration;

use underpin_core::engine::{self, DeployReport, Options};
use underpin_core::error::{Changed, ExitStatus};
use underpin_core::event::{Event, Silent};
use underpin_core::execute::{LockBudget, Stop};
use underpin_core::postgres::ConnectionSettings;
use underpin_core::postgres::scratch::ScratchOptions;
use underpin_core::{Code, Error};
use underpin_testkit::{Server, TestDatabase};

const INIT: &str = "CREATE TABLE \"User\" (\"id\" integer PRIMARY KEY);";

/// A project on a database, with the migrations given in order.
struct Project {
    folder: tempfile::TempDir,
    options: Options,
}

impl Project {
    fn new(server: &Server, database: &TestDatabase, scripts: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (index, script) in scripts.iter().enumerate() {
            write(folder.path(), index, script);
        }
        let options = Options {
            target: ConnectionSettings::parse(&database.url).unwrap(),
            folder: folder.path().join("migrations"),
            scratch: ScratchOptions {
                pg_bin: Some(server.binaries().folder.clone()),
                cache: underpin_testkit::cache(),
                ..ScratchOptions::default()
            },
            replay_cache: Some(folder.path().join("replays")),
            patience: Duration::from_millis(300),
            locks: LockBudget {
                timeout: Duration::from_millis(100),
                attempts: 2,
                pause: Duration::from_millis(10),
                then_wait: false,
            },
            journals: None,
            redis: None,
            stop: Stop::default(),
            dry_run: false,
        };
        Self { folder, options }
    }

    fn add(&self, index: usize, script: &str) {
        write(self.folder.path(), index, script);
    }

    async fn deploy(&self) -> Result<DeployReport, Error> {
        engine::deploy(&self.options, &mut Silent).await
    }
}

fn write(root: &Path, index: usize, script: &str) {
    let folder = root.join(format!("migrations/2025010{index}000000_step"));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("migration.sql"), script).unwrap();
}

async fn server() -> std::sync::Arc<Server> {
    underpin_testkit::server(underpin_testkit::majors()[0]).await
}

const HISTORY: &str = "SELECT count(*) FROM _prisma_migrations";

#[tokio::test(flavor = "multi_thread")]
async fn another_migrating_process_is_waited_for_and_then_named() {
    let server = server().await;
    let database = server.database().await;
    let project = Project::new(&server, &database, &[INIT]);
    database.run("SELECT pg_advisory_lock(72707369)").await;
    let error = project.deploy().await.unwrap_err();
    assert_eq!((error.code(), error.code().exit()), (Code::LockBusy, ExitStatus::Busy));
    assert!(error.message().contains("backend"), "{}", error.message());
    assert_eq!(*error.what_changed(), Changed::Nothing);
    database.run("SELECT pg_advisory_unlock(72707369)").await;
    assert_eq!(project.deploy().await.unwrap().applied.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_deploys_at_once_apply_once() {
    let server = server().await;
    let database = server.database().await;
    let mut project =
        Project::new(&server, &database, &[INIT, "ALTER TABLE \"User\" ADD COLUMN a text;"]);
    project.options.patience = Duration::from_secs(30);
    let (one, two) = tokio::join!(project.deploy(), project.deploy());
    assert_eq!(one.unwrap().applied.len() + two.unwrap().applied.len(), 2);
    assert_eq!(database.value(HISTORY).await.as_deref(), Some("2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_lock_that_is_not_granted_undoes_the_migration_and_leaves_no_row() {
    let server = server().await;
    let database = server.database().await;
    let project = Project::new(&server, &database, &[INIT]);
    project.deploy().await.unwrap();
    project.add(1, "ALTER TABLE \"User\" ADD COLUMN a text;");
    database.run("BEGIN; SELECT count(*) FROM \"User\"").await;
    let error = project.deploy().await.unwrap_err();
    assert_eq!((error.code(), error.sqlstate_code()), (Code::LockTimeout, Some("55P03")));
    database.run("ROLLBACK").await;
    assert_eq!(database.value(HISTORY).await.as_deref(), Some("1"));
    assert!(
        project.deploy().await.unwrap().verified,
        "the same command succeeds when the lock is free"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_depends_on_rows_is_found_by_the_verification() {
    let server = server().await;
    let database = server.database().await;
    let project = Project::new(&server, &database, &[INIT]);
    project.deploy().await.unwrap();
    database.run("INSERT INTO \"User\" VALUES (1)").await;
    project.add(
        1,
        "DO $$ BEGIN IF EXISTS (SELECT FROM \"User\") THEN ALTER TABLE \"User\" ADD COLUMN a text; \
         ELSE ALTER TABLE \"User\" ADD COLUMN b text; END IF; END $$;",
    );
    let error = project.deploy().await.unwrap_err();
    assert_eq!(error.code(), Code::VerifyFailed);
    let lines = error.detail_lines().join("\n");
    assert!(lines.contains("User.a") && lines.contains("User.b"), "{lines}");
    assert!(matches!(error.what_changed(), Changed::Partial { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_lost_again_and_again_is_given_up_and_nothing_is_in_effect() {
    let server = server().await;
    let database = server.database().await;
    let project = Project::new(&server, &database, &[INIT]);
    project.deploy().await.unwrap();
    database.run("INSERT INTO \"User\" VALUES (1)").await;
    project.add(
        1,
        "ALTER TABLE \"User\" ADD COLUMN a text; DO $$ BEGIN IF EXISTS (SELECT FROM \"User\") THEN \
         PERFORM pg_terminate_backend(pg_backend_pid()); END IF; END $$;",
    );
    let error = project.deploy().await.unwrap_err();
    assert_eq!(error.code(), Code::ConnectionLost);
    assert!(matches!(error.what_changed(), Changed::RolledBack { .. }), "{error:?}");
    database.run("DELETE FROM \"User\"").await;
    assert!(project.deploy().await.unwrap().verified);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_that_keeps_moving_stops_the_deploy_before_it_starts() {
    let server = server().await;
    let database = server.database().await;
    let project = Project::new(&server, &database, &[INIT]);
    project.deploy().await.unwrap();
    project.add(1, "ALTER TABLE \"User\" ADD COLUMN a text;");
    let url = database.url.clone();
    let mover = tokio::spawn(async move {
        let session = ConnectionSettings::parse(&url).unwrap().connect().await.unwrap();
        for number in 0.. {
            session.simple_query(&format!("CREATE TABLE moving_{number} ()")).await.unwrap();
        }
    });
    let error = project.deploy().await.unwrap_err();
    mover.abort();
    assert_eq!((error.code(), error.code().exit()), (Code::MovedMeanwhile, ExitStatus::Differs));
    assert_eq!(database.value(HISTORY).await.as_deref(), Some("1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_catalog_behind_an_exclusive_lock_is_not_waited_for_without_end() {
    let server = server().await;
    let database = server.database().await;
    let project = Project::new(&server, &database, &[INIT]);
    database.run("CREATE TABLE t (a int); CREATE VIEW v AS SELECT a FROM t").await;
    let holder = server.cluster().connect(&database.name).await.unwrap();
    holder.simple_query("BEGIN; LOCK TABLE v IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let error = project.deploy().await.unwrap_err();
    assert_eq!((error.code(), error.sqlstate_code()), (Code::CatalogUnreadable, Some("55P03")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_is_taken_from_the_cache_and_a_damaged_cache_does_not_matter() {
    let server = server().await;
    let (first, second, third) =
        (server.database().await, server.database().await, server.database().await);
    let mut project = Project::new(&server, &first, &[INIT]);
    let mut cached = Vec::new();
    for (database, damage) in [(&first, false), (&second, false), (&third, true)] {
        if damage {
            for entry in std::fs::read_dir(project.folder.path().join("replays")).unwrap() {
                std::fs::write(entry.unwrap().path(), "{").unwrap();
            }
        }
        project.options.target = ConnectionSettings::parse(&database.url).unwrap();
        let mut events: Vec<Event> = Vec::new();
        assert!(engine::deploy(&project.options, &mut events).await.unwrap().verified);
        cached.extend(events.iter().filter_map(|e| match e {
            Event::Replayed { cached, .. } => Some(*cached),
            _ => None,
        }));
    }
    assert_eq!(cached, [0, 1, 0]);
}
