//! Prisma's verbs on real servers: the emptiness test row by row, locks, concurrent builds, a
//! database that is not there. What they print is shown by `scenarios/migrate`; that a real Prisma
//! writes the same is shown by `./dev test compat`.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;
use std::time::Duration;

use underpin_core::engine::Options;
use underpin_core::engine::prisma::{self, PrismaOptions, Switches};
use underpin_core::event::Event;
use underpin_core::execute::LockBudget;
use underpin_core::postgres::ConnectionSettings;
use underpin_testkit::proxy::{Action, Proxy, Rule, When};
use underpin_testkit::{TestDatabase, majors, server};

fn options(url: &str, folder: &Path) -> PrismaOptions {
    PrismaOptions {
        options: Options {
            patience: Duration::from_millis(300),
            locks: LockBudget {
                timeout: Duration::from_millis(50),
                attempts: 2,
                pause: Duration::from_millis(10),
                then_wait: false,
            },
            ..Options::new(ConnectionSettings::parse(url).unwrap(), folder.to_owned())
        },
        datasource_schemas: Vec::new(),
        external_tables: Vec::new(),
        advisory_lock: true,
        switches: Switches::drop_in(),
    }
}

fn folder(migrations: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, script) in migrations {
        std::fs::create_dir(folder.path().join(name)).unwrap();
        std::fs::write(folder.path().join(name).join("migration.sql"), script).unwrap();
    }
    folder
}

/// `deploy` on a database that holds what `given` makes: `None`, or the error's code.
async fn deploy_on(
    major: u32,
    given: &str,
    change: impl FnOnce(&mut PrismaOptions),
) -> Option<&'static str> {
    let database: TestDatabase = server(major).await.database().await;
    database.session.simple_query(given).await.unwrap();
    let folder = folder(&[("1_a", "SELECT 1")]);
    let mut options = options(&database.url, folder.path());
    change(&mut options);
    let deployed = prisma::deploy(&options, &mut underpin_core::event::Silent).await;
    deployed.err().map(|error| error.code().id())
}

#[tokio::test]
async fn what_counts_as_empty_is_what_prisma_counts() {
    const REFUSED: Option<&str> = Some("UP-3201");
    let rows: &[(&str, Option<&str>)] = &[
        ("", None),
        ("CREATE VIEW v AS SELECT 1", None),
        ("CREATE MATERIALIZED VIEW v AS SELECT 1", None),
        ("CREATE TYPE e AS ENUM ('a')", None),
        ("CREATE DOMAIN d AS text", None),
        ("CREATE TYPE c AS (a int)", None),
        ("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", None),
        ("CREATE SEQUENCE s", None),
        ("CREATE TABLE p (a int) PARTITION BY RANGE (a)", None),
        ("CREATE SCHEMA other; CREATE TABLE other.t (a int)", None),
        ("CREATE TABLE spatial_ref_sys (a int); CREATE TABLE \"GEOMETRY_columns\" (a int)", None),
        ("CREATE TABLE t (a int)", REFUSED),
        ("CREATE UNLOGGED TABLE t (a int)", REFUSED),
        ("CREATE TABLE layer (a int)", REFUSED),
        (
            "CREATE TABLE p (a int) PARTITION BY RANGE (a); CREATE TABLE q PARTITION OF p DEFAULT",
            REFUSED,
        ),
        ("CREATE TABLE _prisma_migrations (a int)", Some("UP-3002")),
        ("CREATE VIEW _prisma_migrations AS SELECT 1", Some("UP-3002")),
    ];
    for major in majors() {
        for (given, expected) in rows {
            let found = deploy_on(major, given, |_| {}).await;
            assert_eq!(found, *expected, "on {major}: {given}");
        }
    }
}

#[tokio::test]
async fn the_schemas_of_the_datasource_count_and_its_external_tables_do_not() {
    const GIVEN: &str = "CREATE SCHEMA app; CREATE TABLE app.t (a int)";
    let major = *majors().last().unwrap();
    let schemas = |o: &mut PrismaOptions| o.datasource_schemas = vec!["app".to_owned()];
    assert_eq!(deploy_on(major, GIVEN, schemas).await, Some("UP-3201"));
    let external = |o: &mut PrismaOptions| {
        schemas(o);
        o.external_tables = vec!["app.t".to_owned()];
    };
    assert_eq!(deploy_on(major, GIVEN, external).await, None);
    // `schemas = ["app"]`, and the table stands in the schema of the URL.
    assert_eq!(deploy_on(major, "CREATE TABLE t (a int)", schemas).await, Some("UP-3201"));
    let elsewhere = "CREATE SCHEMA app; CREATE TABLE app._prisma_migrations (a int)";
    assert_eq!(deploy_on(major, elsewhere, schemas).await, Some("UP-3007"));
}

#[tokio::test]
async fn the_lock_is_polled_and_can_be_switched_off() {
    let major = *majors().last().unwrap();
    let database = server(major).await.database().await;
    let folder = folder(&[("1_a", "SELECT 1")]);
    let mut options = options(&database.url, folder.path());
    database.session.value("SELECT pg_advisory_lock(72707369)").await.unwrap();
    let mut events: Vec<Event> = Vec::new();
    let busy = prisma::deploy(&options, &mut events).await.unwrap_err();
    assert_eq!(busy.code().id(), "UP-4001");
    assert!(events.iter().any(|e| matches!(e, Event::LockWaiting { .. })));
    options.advisory_lock = false;
    let done = prisma::deploy(&options, &mut underpin_core::event::Silent).await.unwrap();
    assert_eq!(done.applied, ["1_a"]);
    options.advisory_lock = true;
    // Nothing to do needs no lock.
    let done = prisma::deploy(&options, &mut underpin_core::event::Silent).await.unwrap();
    assert!(done.applied.is_empty());
}

/// A real Prisma waits in `pg_advisory_lock`. It then holds a snapshot that a concurrent build
/// waits for: whoever keeps the lock during the build has a deadlock.
#[tokio::test]
async fn a_session_blocked_in_the_lock_does_not_kill_a_concurrent_build() {
    for major in majors() {
        let database = server(major).await.database().await;
        let rows = "CREATE TABLE t (a int); INSERT INTO t SELECT generate_series(1, 1000);
            CREATE TABLE gate (a int)";
        database.session.simple_query(rows).await.unwrap();
        let script = "SELECT pg_sleep(0.4);\nCREATE INDEX CONCURRENTLY i ON t (a);\n";
        let folder = folder(&[("1_a", script)]);
        let mut options = options(&database.url, folder.path());
        options.options.patience = Duration::from_secs(20);
        options.external_tables = vec!["public.t".to_owned(), "public.gate".to_owned()];
        let blocked = tokio::spawn({
            let target = options.options.target.clone();
            async move {
                tokio::time::sleep(Duration::from_millis(200)).await;
                let session = target.connect().await.unwrap();
                session.value("SELECT pg_advisory_lock(72707369)").await.map(drop)
            }
        });
        let done = prisma::deploy(&options, &mut underpin_core::event::Silent).await.unwrap();
        assert_eq!(done.applied, ["1_a"], "on {major}");
        blocked.await.unwrap().unwrap();
        let valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'i'::regclass";
        let valid = database.session.value(valid).await.unwrap();
        assert_eq!(valid.as_deref(), Some("t"), "on {major}");
    }
}

#[tokio::test]
async fn a_missing_database_and_a_missing_schema_are_made_once() {
    let major = *majors().last().unwrap();
    let database = server(major).await.database().await;
    let name = format!("{}_made", database.name);
    let url = database.url.replace(&database.name, &name);
    let folder = folder(&[("1_a", "CREATE TABLE t (a int)")]);
    let one = options(&format!("{url}&schema=app"), folder.path());
    let mut events: Vec<Event> = Vec::new();
    let status = prisma::status(&one, &mut events).await.unwrap_err();
    assert_eq!(status.code().id(), "UP-1103");
    let mut other = one.clone();
    other.options.patience = Duration::from_secs(20);
    let mut more: Vec<Event> = Vec::new();
    let (first, second) =
        tokio::join!(prisma::deploy(&other, &mut events), prisma::deploy(&other, &mut more));
    let applied = first.unwrap().applied.len() + second.unwrap().applied.len();
    assert_eq!(applied, 1);
    let session = one.options.target.connect().await.unwrap();
    let found = session.value("SELECT count(*) FROM app._prisma_migrations").await.unwrap();
    assert_eq!(found.as_deref(), Some("1"));
    drop(session);
    tokio::time::sleep(Duration::from_millis(200)).await;
    database.session.simple_query(&format!("DROP DATABASE \"{name}\"")).await.unwrap();
}

/// Prisma waits for a table lock as long as it takes. Within the lock budget we ask politely; after
/// it the drop-in waits, and with an `underpin.toml` it gives up.
#[tokio::test]
async fn a_lock_that_is_held_longer_than_the_budget_is_awaited_by_the_drop_in() {
    let major = *majors().last().unwrap();
    let database = server(major).await.database().await;
    database.session.simple_query("CREATE TABLE t (a int)").await.unwrap();
    let folder = folder(&[("1_a", "ALTER TABLE t ADD COLUMN b int")]);
    let mut options = options(&database.url, folder.path());
    options.external_tables = vec!["public.t".to_owned()];
    let holder = options.options.target.connect().await.unwrap();
    holder.simple_query("BEGIN; LOCK TABLE t IN ACCESS SHARE MODE").await.unwrap();
    options.switches.wait_for_locks = false;
    let gave_up = prisma::deploy(&options, &mut underpin_core::event::Silent).await.unwrap_err();
    assert_eq!(gave_up.code().id(), "UP-4103");
    options.switches.wait_for_locks = true;
    let release = async {
        tokio::time::sleep(Duration::from_millis(600)).await;
        holder.simple_query("COMMIT").await.unwrap();
    };
    let mut events: Vec<Event> = Vec::new();
    let (done, ()) = tokio::join!(prisma::deploy(&options, &mut events), release);
    assert_eq!(done.unwrap().applied, ["1_a"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_that_another_process_makes_between_two_looks_are_no_p3005() {
    let server = server(*majors().last().unwrap()).await;
    let folder = folder(&[("1_a", "CREATE TABLE t (a int)")]);
    let silent = || underpin_core::event::Silent;
    let through = async |name: &str| {
        let proxy = Proxy::before(&server).await.unwrap();
        let mut options = options(&proxy.url(name), folder.path());
        options.options.patience = Duration::from_secs(20);
        (proxy, options)
    };
    let (proxy, counted) = through(&server.database().await.name).await;
    prisma::deploy(&counted, &mut silent()).await.unwrap();
    let sent = proxy.counts().log;
    let first = sent.iter().position(|text| text.contains("checksum")).unwrap();
    let database = server.database().await;
    let (proxy, slow) = through(&database.name).await;
    let next = When::Message(first as u64 + 2);
    proxy.add(Rule::to_server(next, Action::Delay(Duration::from_secs(2))));
    let direct = options(&database.url, folder.path());
    let other = async {
        while proxy.counts().fired == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        prisma::deploy(&direct, &mut silent()).await.unwrap().applied.len()
    };
    let mut sink = silent();
    let (slow, other) = tokio::join!(prisma::deploy(&slow, &mut sink), other);
    assert_eq!((slow.unwrap().applied.len(), other), (0, 1));
}
