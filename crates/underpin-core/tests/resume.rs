//! A migration never takes effect twice, however its first run ended.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use underpin_core::engine::prisma::{self, PrismaOptions, Switches};
use underpin_core::engine::{self, Options};
use underpin_core::event::Silent;
use underpin_core::postgres::ConnectionSettings;
use underpin_core::postgres::scratch::ScratchOptions;
use underpin_testkit::TestDatabase;

/// The first migration: where effects are counted, and a switch that only the target has.
const FIRST: &str = "CREATE TABLE log (n int); CREATE TABLE trap (n int); \
    CREATE TYPE mood AS ENUM ('glad'); CREATE TABLE day (mood mood); \
    CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO log VALUES (1); COMMIT; \
    IF EXISTS (SELECT FROM trap) THEN RAISE EXCEPTION 'trapped'; END IF; END $$;";
/// Ends the session where the trap is set.
const SNAP: &str = "DO $$ BEGIN IF EXISTS (SELECT FROM trap) THEN \
    PERFORM pg_terminate_backend(pg_backend_pid()); END IF; END $$;";

/// A project with one applied migration and the trap set, and a second one that steps into it.
struct Stage {
    database: TestDatabase,
    options: Options,
    _project: tempfile::TempDir,
}

impl Stage {
    async fn new(second: &str) -> Self {
        let major = *underpin_testkit::majors().last().unwrap();
        let server = underpin_testkit::server(major).await;
        let database = server.database().await;
        let project = tempfile::tempdir().unwrap();
        let folder = project.path().join("migrations");
        let options = Options {
            scratch: ScratchOptions {
                pg_bin: Some(server.binaries().folder.clone()),
                cache: underpin_testkit::cache(),
                ..ScratchOptions::default()
            },
            patience: Duration::from_secs(10),
            ..Options::new(ConnectionSettings::parse(&database.url).unwrap(), folder.clone())
        };
        let write = |name: &str, script: &str| {
            std::fs::create_dir_all(folder.join(name)).unwrap();
            std::fs::write(folder.join(name).join("migration.sql"), script).unwrap();
        };
        write("1_first", FIRST);
        engine::deploy(&options, &mut Silent).await.unwrap();
        database.run("INSERT INTO trap VALUES (1)").await;
        write("2_second", second);
        Self { database, options, _project: project }
    }

    async fn deploy(&self) -> Result<usize, &'static str> {
        let deployed = engine::deploy(&self.options, &mut Silent).await;
        deployed.map(|report| report.applied.len()).map_err(|error| error.code().id())
    }

    async fn clear(&self) {
        self.database.run("DELETE FROM trap").await;
    }

    async fn effects(&self) -> Option<String> {
        self.database.value("SELECT count(*) FROM log").await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_went_statement_by_statement_goes_on_so() {
    // In one transaction PostgreSQL refuses the new label (55P04), so the file is cut; a second
    // attempt in one transaction would succeed, and do everything again.
    let second = format!(
        "INSERT INTO log VALUES (1); ALTER TYPE mood ADD VALUE IF NOT EXISTS 'sad'; \
         INSERT INTO day VALUES ('sad'); {SNAP}"
    );
    let stage = Stage::new(&second).await;
    assert_eq!(stage.deploy().await, Err("UP-1105"));
    stage.clear().await;
    assert_eq!(stage.deploy().await, Ok(1));
    assert_eq!(stage.effects().await.as_deref(), Some("1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_commits_by_itself_is_not_called_undone() {
    let stage = Stage::new("CALL p();").await;
    assert_eq!(stage.deploy().await, Err("UP-4102"));
    stage.clear().await;
    assert_eq!(stage.deploy().await, Err("UP-3001"), "a person has to say");
    assert_eq!(stage.effects().await.as_deref(), Some("1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_sent_whole_is_not_called_undone() {
    let second = format!("INSERT INTO log VALUES (1); COMMIT; {SNAP}");
    let stage = Stage::new(&second).await;
    let mut switches = Switches::drop_in();
    switches.script.one_transaction = false;
    let prisma = PrismaOptions {
        options: stage.options.clone(),
        datasource_schemas: Vec::new(),
        external_tables: Vec::new(),
        advisory_lock: true,
        switches,
    };
    let lost = prisma::deploy(&prisma, &mut Silent).await.unwrap_err();
    assert_eq!(lost.code().id(), "UP-1105");
    stage.clear().await;
    assert_eq!(stage.deploy().await, Err("UP-3001"), "a person has to say");
    assert_eq!(stage.effects().await.as_deref(), Some("1"));
}

/// An invalid index may be one that another session is just building.
struct Builder {
    holder: underpin_core::postgres::Session,
    build: tokio::task::JoinHandle<bool>,
}

impl Builder {
    /// Builds `day_idx`, and waits in it for an old snapshot until that is let go.
    async fn start(stage: &Stage) -> Self {
        let holder = stage.options.target.connect().await.unwrap();
        let snapshot = "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1";
        holder.simple_query(snapshot).await.unwrap();
        let session = stage.options.target.connect().await.unwrap();
        let build = tokio::spawn(async move {
            session.simple_query("CREATE INDEX CONCURRENTLY day_idx ON day (mood)").await.is_ok()
        });
        while stage.index().await.is_none() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Self { holder, build }
    }
}

impl Stage {
    /// The index by its file, and whether it is valid.
    async fn index(&self) -> Option<String> {
        let sql = "SELECT indexrelid || ' ' || indisvalid FROM pg_index \
                   WHERE indexrelid = to_regclass('day_idx')";
        self.database.value(sql).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_another_session_builds_is_waited_for_and_kept() {
    let stage = Stage::new("CREATE INDEX CONCURRENTLY IF NOT EXISTS day_idx ON day (mood)").await;
    let Builder { holder, build } = Builder::start(&stage).await;
    let before = stage.index().await.unwrap();
    let lets_go = async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        drop(holder);
    };
    let (deployed, ()) = tokio::join!(stage.deploy(), lets_go);
    assert_eq!(deployed, Ok(1));
    assert!(build.await.unwrap(), "the other one's build");
    assert_eq!(stage.index().await.unwrap(), before.replace("false", "true"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_another_session_does_not_finish_is_left_alone() {
    let mut stage =
        Stage::new("CREATE INDEX CONCURRENTLY IF NOT EXISTS day_idx ON day (mood)").await;
    stage.options.patience = Duration::from_secs(1);
    let Builder { holder, build } = Builder::start(&stage).await;
    let before = stage.index().await;
    assert_eq!(stage.deploy().await, Err("UP-4101"));
    assert_eq!(stage.index().await, before);
    drop(holder);
    assert!(build.await.unwrap());
    // The index is there and valid now: nothing is left to run.
    assert_eq!(stage.deploy().await, Ok(0));
    assert_eq!(stage.index().await, before.map(|index| index.replace("false", "true")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_index_is_not_taken_for_success_because_it_exists() {
    let stage = Stage::new("CREATE INDEX CONCURRENTLY IF NOT EXISTS day_idx ON day (mood)").await;
    stage.database.run("INSERT INTO day VALUES ('glad'), ('glad')").await;
    let broken = "CREATE UNIQUE INDEX CONCURRENTLY day_idx ON day (mood)";
    assert!(stage.database.session.simple_query(broken).await.is_err());
    let before = stage.index().await.unwrap();
    assert!(before.ends_with("false"), "{before}");
    assert_eq!(stage.deploy().await, Ok(1));
    let after = stage.index().await.unwrap();
    assert!(after.ends_with("true") && after.split(' ').next() != before.split(' ').next());
}
