//! What a deploy does when the database does not stand still. Real servers, real locks.

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::time::Duration;

use underpin_core::engine::{self, DeployReport, Options};
use underpin_core::error::{Changed, ExitStatus};
use underpin_core::event::{Event, Silent};
use underpin_core::execute::LockBudget;
use underpin_core::postgres::ConnectionSettings;
use underpin_core::postgres::scratch::ScratchOptions;
use underpin_core::{Code, Error};
use underpin_testkit::proxy::{Action, Proxy, Rule, When};
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
            ..Options::new(
                ConnectionSettings::parse(&database.url).unwrap(),
                folder.path().join("migrations"),
            )
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

/// A deploy through a proxy that counts, on a database of its own: what the client sent.
async fn sent(server: &Server, project: &mut Project) -> Vec<String> {
    let (database, proxy) = (server.database().await, Proxy::before(server).await.unwrap());
    project.options.target = ConnectionSettings::parse(&proxy.url(&database.name)).unwrap();
    project.deploy().await.unwrap();
    proxy.counts().log
}

/// One transaction, one statement by statement, one of the author's.
const THREE_SHAPES: [&str; 3] = [
    INIT,
    "CREATE TABLE a (i int); CREATE INDEX CONCURRENTLY ON a (i); CREATE TABLE b (i int);",
    "BEGIN; CREATE TABLE c (i int); COMMIT;",
];

#[tokio::test(flavor = "multi_thread")]
async fn every_transaction_that_changes_something_checks_the_token() {
    let server = server().await;
    let database = server.database().await;
    let mut project = Project::new(&server, &database, &THREE_SHAPES);
    let sent = sent(&server, &mut project).await;
    let transactions: Vec<&String> = sent.iter().filter(|text| text.starts_with("BEGIN")).collect();
    let fenced = transactions.iter().filter(|text| text.contains("UPDATE underpin.lease")).count();
    let free: Vec<_> = transactions
        .iter()
        .filter(|text| !text.contains("UPDATE underpin.lease"))
        .filter(|text| {
            !["READ ONLY", "CREATE SCHEMA IF NOT EXISTS underpin", "SELECT l.protocol"]
                .iter()
                .any(|known| text.contains(known))
        })
        .collect();
    assert!(fenced >= 6 && free.is_empty(), "{fenced} fenced; not: {free:#?}");
}

/// The client sees the connection end at `COMMIT`; the server does not, and goes on waiting for
/// it with all its locks.
#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_stays_in_progress_is_ended_by_name_and_run_again() {
    let server = server().await;
    let database = server.database().await;
    let mut project = Project::new(&server, &database, &[INIT]);
    project.options.patience = Duration::from_secs(20);
    let place = sent(&server, &mut project).await.iter().position(|text| text == "COMMIT").unwrap();
    let proxy = Proxy::before(&server).await.unwrap();
    let action = Action::HalfOpen { linger: Duration::from_secs(60), forward: false };
    proxy.add(Rule::to_server(When::Message(place as u64 + 1), action));
    project.options.target = ConnectionSettings::parse(&proxy.url(&database.name)).unwrap();
    let mut events: Vec<Event> = Vec::new();
    let report = engine::deploy(&project.options, &mut events).await.unwrap();
    assert_eq!((proxy.counts().fired, report.applied.len()), (1, 1));
    let said = |event: &Event| matches!(event, Event::ConnectionRestored { committed: false, .. });
    assert!(events.iter().any(said), "{events:?}");
    assert_eq!(database.value(HISTORY).await.as_deref(), Some("1"));
}

/// Another process migrates between our look at the history and our look at the catalog.
#[tokio::test(flavor = "multi_thread")]
async fn work_under_way_between_two_looks_is_not_taken_for_a_strange_database() {
    let server = server().await;
    let database = server.database().await;
    let mut project = Project::new(&server, &database, &[INIT, "INSERT INTO \"User\" VALUES (1);"]);
    project.options.patience = Duration::from_secs(20);
    let direct = project.options.clone();
    let sent = sent(&server, &mut project).await;
    let first = sent.iter().position(|text| text.contains("checksum")).unwrap();
    let proxy = Proxy::before(&server).await.unwrap();
    let next = When::Message(first as u64 + 2);
    proxy.add(Rule::to_server(next, Action::Delay(Duration::from_secs(3))));
    project.options.target = ConnectionSettings::parse(&proxy.url(&database.name)).unwrap();
    let other = async {
        while proxy.counts().fired == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        engine::deploy(&direct, &mut Silent).await.unwrap().applied.len()
    };
    let (slow, other) = tokio::join!(project.deploy(), other);
    assert_eq!((slow.unwrap().applied.len(), other), (0, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadlock_is_tried_again() {
    let server = server().await;
    let database = server.database().await;
    let mut project = Project::new(&server, &database, &["CREATE TABLE a (); CREATE TABLE b ();"]);
    project.deploy().await.unwrap();
    // We look for a deadlock at once, the application much later: so we are who gives way.
    let name = &database.name;
    database.run(&format!("ALTER DATABASE {name} SET deadlock_timeout = '20ms'")).await;
    project.add(
        1,
        "ALTER TABLE a ADD COLUMN i int; SELECT pg_sleep(0.5); ALTER TABLE b ADD COLUMN i int;",
    );
    project.options.locks.timeout = Duration::from_secs(10);
    let application = async {
        let begin = "SET deadlock_timeout = '30s'; BEGIN; SELECT count(*) FROM b";
        database.run(begin).await;
        let altered = "SELECT 1 FROM pg_locks WHERE relation = 'a'::regclass AND granted \
                       AND mode = 'AccessExclusiveLock'";
        while database.value(altered).await.is_none() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        database.run("SELECT count(*) FROM a").await;
        database.run("COMMIT").await;
    };
    let (deployed, ()) = tokio::join!(project.deploy(), application);
    assert_eq!(deployed.unwrap().applied.len(), 1);
    let counted = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    let mut deadlocks = None;
    // Statistics come late.
    for _ in 0..100 {
        deadlocks = database.value(counted).await;
        if deadlocks.as_deref() != Some("0") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(deadlocks.as_deref(), Some("1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_timeout_of_the_database_undoes_and_the_next_run_goes_on() {
    let server = server().await;
    let database = server.database().await;
    let project = Project::new(&server, &database, &[INIT]);
    project.deploy().await.unwrap();
    project.add(1, "ALTER TABLE \"User\" ADD COLUMN a text; SELECT pg_sleep(1.5);");
    let name = &database.name;
    database.run(&format!("ALTER DATABASE {name} SET statement_timeout = '1s'")).await;
    let error = project.deploy().await.unwrap_err();
    assert_eq!((error.code().id(), error.sqlstate_code()), ("UP-4101", Some("57014")));
    assert!(matches!(error.what_changed(), Changed::RolledBack { .. }));
    database.run(&format!("ALTER DATABASE {name} RESET statement_timeout")).await;
    assert!(project.deploy().await.unwrap().verified);
}

#[tokio::test(flavor = "multi_thread")]
async fn notices_and_warnings_of_the_server_are_passed_on() {
    let server = server().await;
    let database = server.database().await;
    let script = "DROP TABLE IF EXISTS gone; DO $$ BEGIN RAISE WARNING 'look here'; END $$;";
    let project = Project::new(&server, &database, &[script]);
    let mut events: Vec<Event> = Vec::new();
    engine::deploy(&project.options, &mut events).await.unwrap();
    let said: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::ServerNotice { severity, message, .. } => Some(format!("{severity} {message}")),
            _ => None,
        })
        .collect();
    assert_eq!(said, ["NOTICE table \"gone\" does not exist, skipping", "WARNING look here"]);
}
