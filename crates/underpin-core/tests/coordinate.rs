//! At most one effective writer: the lease, its token, stopping on request, waiters.

#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use underpin_core::coordinate::{self, Entered, Entrance, Exclusion, Happening, Turn};
use underpin_core::engine::{self, Options};
use underpin_core::error::Changed;
use underpin_core::event::{Event, Silent};
use underpin_core::execute::{ExecutionContext, Executor, Link, LockBudget, ScriptRules, Stop};
use underpin_core::history::HistoryTable;
use underpin_core::journal::{self, Entry, Kind};
use underpin_core::postgres::scratch::ScratchOptions;
use underpin_core::postgres::{ConnectionSettings, Session};
use underpin_testkit::proxy::{Action, Proxy, Rule, When};
use underpin_testkit::{Server, TestDatabase};

async fn server() -> std::sync::Arc<Server> {
    underpin_testkit::server(*underpin_testkit::majors().last().unwrap()).await
}

async fn enter(
    session: &Session,
    target: &ConnectionSettings,
    run: &str,
    advisory: bool,
) -> (underpin_core::Result<Turn>, Vec<Happening>) {
    let entrance = Entrance {
        run,
        target,
        patience: Duration::from_millis(400),
        advisory,
        journals: None,
        recorded: None,
        redis: None,
        stopping: &|| false,
    };
    let mut told = Vec::new();
    let entered =
        coordinate::enter(session, &entrance, &mut |happening| told.push(happening)).await;
    let turn = entered.map(|entered| match entered {
        Entered::Turn(turn) => *turn,
        Entered::AlreadyRecorded => unreachable!(),
    });
    (turn, told)
}

async fn executor(session: Session, target: &ConnectionSettings, turn: Turn) -> Executor {
    let context = ExecutionContext {
        history: HistoryTable::in_schema("public"),
        schema: "public".to_owned(),
        locks: LockBudget::default(),
        rules: ScriptRules::default(),
        heals: true,
    };
    Executor::new(Link::new(session, target.clone(), Stop::default()).await, turn, context)
}

async fn database() -> (TestDatabase, ConnectionSettings) {
    let database = server().await.database().await;
    let target = ConnectionSettings::parse(&database.url).unwrap();
    (database, target)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_holder_that_was_overtaken_is_rejected_by_its_token() {
    let (database, target) = database().await;
    let session = target.connect().await.unwrap();
    let (turn, _) = enter(&session, &target, "one", false).await;
    let mut paused = executor(session, &target, turn.unwrap()).await;
    // Its lease runs out, and another run takes over.
    database.run("UPDATE underpin.lease SET expires_at = clock_timestamp() - interval '1 s'").await;
    let session = target.connect().await.unwrap();
    let (turn, told) = enter(&session, &target, "two", false).await;
    assert!(told.contains(&Happening::TookOver("one".to_owned())), "{told:?}");
    let mut other = executor(session, &target, turn.unwrap()).await;
    let entry = || Entry::new(Kind::HistoryCreated);
    let error = paused.record("CREATE TABLE stale ();", entry()).await.unwrap_err();
    assert_eq!(error.code().id(), "UP-4003");
    other.record("CREATE TABLE fresh ();", entry()).await.unwrap();
    let tables =
        "SELECT string_agg(relname, ' ') FROM pg_class WHERE relname IN ('stale', 'fresh')";
    assert_eq!(database.value(tables).await.as_deref(), Some("fresh"));
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_rise_and_a_dead_holder_is_overtaken_at_once() {
    let (database, target) = database().await;
    for token in 1..=3 {
        let session = target.connect().await.unwrap();
        let (turn, _) = enter(&session, &target, &format!("run {token}"), false).await;
        turn.unwrap();
        assert_eq!(
            database.value("SELECT token FROM underpin.lease").await,
            Some(token.to_string())
        );
        drop(session);
        let gone = "SELECT count(*) FROM pg_stat_activity WHERE pid = (SELECT backend_pid FROM underpin.lease)";
        while database.value(gone).await.as_deref() != Some("0") {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lease_names_the_session_that_took_the_place_of_a_lost_one() {
    let (database, target) = database().await;
    let session = target.connect().await.unwrap();
    let (turn, _) = enter(&session, &target, "one", true).await;
    let mut executor = executor(session, &target, turn.unwrap()).await;
    database.run("SELECT pg_terminate_backend(backend_pid) FROM underpin.lease").await;
    while !executor.session().is_closed() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let pid = executor.open_session().await.unwrap().value("SELECT pg_backend_pid()").await;
    let named = "SELECT l.backend_pid FROM underpin.lease l JOIN pg_stat_activity a \
                 ON a.pid = l.backend_pid AND a.backend_start = l.backend_start";
    assert_eq!(database.value(named).await, pid.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_living_holder_is_waited_for_and_a_lease_from_a_backup_is_not() {
    let (database, target) = database().await;
    let holder = target.connect().await.unwrap();
    enter(&holder, &target, "one", false).await.0.unwrap();
    let session = target.connect().await.unwrap();
    let (turn, told) = enter(&session, &target, "two", false).await;
    assert_eq!(turn.unwrap_err().code().id(), "UP-4001");
    assert!(matches!(told.first(), Some(Happening::Waiting(_))), "{told:?}");
    // A dump carries the row to another server.
    database.run("UPDATE underpin.lease SET system_identifier = '1'").await;
    let (turn, _) = enter(&session, &target, "two", false).await;
    turn.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_lock_and_lease_nothing_is_begun() {
    let (database, mut target) = database().await;
    let role = format!("{}_limited", database.name);
    database.run(&format!("CREATE ROLE {role} LOGIN")).await;
    let url = database.url.replacen("postgres@", &format!("{role}@"), 1);
    assert_ne!(url, database.url);
    target = ConnectionSettings::parse(&url).unwrap_or(target);
    let session = target.connect().await.unwrap();
    let (turn, _) = enter(&session, &target, "one", false).await;
    let error = turn.unwrap_err();
    assert_eq!((error.code().id(), error.code().exit().number()), ("UP-4004", 3));
    let (turn, told) = enter(&session, &target, "one", true).await;
    assert!(turn.is_ok(), "the advisory lock alone is enough");
    assert!(matches!(told.first(), Some(Happening::Degraded(_))), "{told:?}");
}

/// A database through a proxy that answers one query as another server would.
async fn server_that(replaces: (&str, u64), with: &'static str) -> (TestDatabase, Proxy) {
    let server = server().await;
    let proxy = Proxy::before(&server).await.unwrap();
    let when = When::Text(replaces.0.to_owned(), replaces.1);
    proxy.add(Rule::to_server(when, Action::Replace(with)));
    (server.database().await, proxy)
}

/// CockroachDB's were; two nodes behind one address grant it twice too.
#[tokio::test(flavor = "multi_thread")]
async fn a_lock_that_is_granted_twice_is_not_relied_on() {
    let (database, proxy) = server_that(("pg_try_advisory_lock", 2), "SELECT true").await;
    let target = ConnectionSettings::parse(&proxy.url(&database.name)).unwrap();
    let session = target.connect().await.unwrap();
    let (turn, told) = enter(&session, &target, "one", true).await;
    assert_eq!(turn.unwrap().exclusion, Exclusion::Lease { pooled: false });
    assert!(matches!(told.first(), Some(Happening::Degraded(_))), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_cannot_undo_ddl_is_refused_and_left_as_it_was() {
    let (database, proxy) = server_that(("ROLLBACK", 1), "COMMIT").await;
    let target = ConnectionSettings::parse(&proxy.url(&database.name)).unwrap();
    let session = target.connect().await.unwrap();
    let (turn, _) = enter(&session, &target, "one", true).await;
    assert_eq!(turn.unwrap_err().code().id(), "UP-1107");
    let left = "SELECT count(*) FROM pg_namespace WHERE nspname = 'underpin'";
    assert_eq!(database.value(left).await.as_deref(), Some("0"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_of_a_newer_form_is_not_written_to() {
    let (database, target) = database().await;
    let session = target.connect().await.unwrap();
    let (turn, _) = enter(&session, &target, "one", true).await;
    let entry = Entry::new(Kind::HistoryCreated);
    let mut executor = executor(session, &target, turn.unwrap()).await;
    executor.record("", entry).await.unwrap();
    executor.leave(&mut Silent).await;
    let whence = "SELECT bool_and(system_identifier = (SELECT system_identifier::text FROM pg_control_system()) \
                  AND timeline = 1 AND lsn::pg_lsn > '0/0' AND run = 'one' AND token = 1) FROM underpin.journal";
    assert_eq!(database.value(whence).await.as_deref(), Some("t"), "each entry says where it is");
    database.run("UPDATE underpin.lease SET protocol = 99").await;
    let session = target.connect().await.unwrap();
    let (turn, _) = enter(&session, &target, "two", true).await;
    let error = turn.unwrap_err();
    assert_eq!(error.code().id(), "UP-4004");
    assert!(error.message().contains("newer"), "{error}");
    let token = "SELECT token FROM underpin.lease";
    assert_eq!(database.value(token).await.as_deref(), Some("1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_was_changed_by_hand_breaks_the_chain() {
    let (database, target) = database().await;
    let session = target.connect().await.unwrap();
    let (turn, _) = enter(&session, &target, "one", true).await;
    let mut executor = executor(session, &target, turn.unwrap()).await;
    for _ in 0..12 {
        executor.record("", Entry::of(Kind::StatementDone, "1_a", "row")).await.unwrap();
    }
    assert_eq!(journal::broken_link(executor.session()).await.unwrap(), None);
    database.run("UPDATE underpin.journal SET detail = 'x' WHERE seq = 2").await;
    assert_eq!(journal::broken_link(executor.session()).await.unwrap(), Some(2));
    database.run("DELETE FROM underpin.journal WHERE seq = 2").await;
    assert_eq!(journal::broken_link(executor.session()).await.unwrap(), Some(3));
}

fn options(target: ConnectionSettings, server: &Server, folder: &std::path::Path) -> Options {
    Options {
        scratch: ScratchOptions {
            pg_bin: Some(server.binaries().folder.clone()),
            cache: underpin_testkit::cache(),
            ..ScratchOptions::default()
        },
        patience: Duration::from_secs(30),
        journals: Some(folder.join("../journal")),
        ..Options::new(target, folder.to_owned())
    }
}

fn migration(folder: &std::path::Path, name: &str, script: &str) {
    std::fs::create_dir_all(folder.join(name)).unwrap();
    std::fs::write(folder.join(name).join("migration.sql"), script).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_to_stop_cancels_what_runs_and_leaves_nothing() {
    let server = server().await;
    let (database, target) = database().await;
    let project = tempfile::tempdir().unwrap();
    let folder = project.path().join("migrations");
    // Long on the target and short on the scratch server.
    let script = "CREATE TABLE t (a int);\nSELECT pg_sleep(CASE WHEN EXISTS (SELECT FROM pg_namespace \
                  WHERE nspname = 'underpin') THEN 60 ELSE 0 END);\n";
    migration(&folder, "1_a", script);
    let mut options = options(target, &server, &folder);
    let (sender, stop) = Stop::channel();
    options.stop = stop;
    let running = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(CASE%' \
                   AND state = 'active' AND datname = current_database() AND pid <> pg_backend_pid()";
    let stopper = async {
        while database.value(running).await.as_deref() == Some("0") {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        sender.send_replace(true);
        Instant::now()
    };
    let mut sink = Silent;
    let (deployed, asked) = tokio::join!(engine::deploy(&options, &mut sink), stopper);
    assert!(asked.elapsed() < Duration::from_secs(8), "{:?}", asked.elapsed());
    let error = deployed.unwrap_err();
    assert_eq!((error.code().id(), error.code().exit().number()), ("UP-4005", 130));
    assert!(matches!(error.what_changed(), Changed::RolledBack { .. }));
    let left = "SELECT to_regclass('t') IS NULL AND (SELECT run IS NULL FROM underpin.lease)";
    assert_eq!(database.value(left).await.as_deref(), Some("t"));
    assert_eq!(
        database.value("SELECT count(*) FROM _prisma_migrations").await.as_deref(),
        Some("0")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn waiters_go_on_as_soon_as_everything_is_recorded() {
    let server = server().await;
    let (database, target) = database().await;
    let project = tempfile::tempdir().unwrap();
    let folder = project.path().join("migrations");
    migration(&folder, "1_a", "CREATE TABLE t (a int); SELECT pg_sleep(0.5);");
    let options = options(target, &server, &folder);
    let runs = (0..8).map(|_| {
        let options = options.clone();
        tokio::spawn(async move {
            let mut events: Vec<Event> = Vec::new();
            let report = engine::deploy(&options, &mut events).await.unwrap();
            (report.applied.len(), events.iter().any(|e| matches!(e, Event::LockWaiting { .. })))
        })
    });
    let mut applied = 0;
    for run in runs.collect::<Vec<_>>() {
        applied += run.await.unwrap().0;
    }
    assert_eq!(applied, 1);
    let done = "SELECT count(*) FROM underpin.journal WHERE kind = 'migration_done'";
    assert_eq!(database.value(done).await.as_deref(), Some("1"));
    let journals = std::fs::read_dir(project.path().join("journal")).unwrap().count();
    assert!(journals >= 1, "a local copy is kept");
}

/// What a failover to a standby that lagged does: history, journal and table are as before.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_set_back_is_noticed_and_planned_for_anew() {
    let server = server().await;
    let (database, target) = database().await;
    let project = tempfile::tempdir().unwrap();
    let folder = project.path().join("migrations");
    migration(&folder, "1_a", "CREATE TABLE a (i int);");
    let options = options(target, &server, &folder);
    engine::deploy(&options, &mut Silent).await.unwrap();
    let before = "CREATE TABLE kept_journal AS SELECT * FROM underpin.journal";
    database.run(before).await;
    migration(&folder, "2_b", "CREATE TABLE b (i int);");
    engine::deploy(&options, &mut Silent).await.unwrap();
    let back = "DROP TABLE b; DELETE FROM _prisma_migrations WHERE migration_name = '2_b'; \
                DELETE FROM underpin.journal j WHERE NOT EXISTS (SELECT FROM kept_journal k WHERE k.seq = j.seq); \
                DROP TABLE kept_journal";
    database.run(back).await;
    let mut events: Vec<Event> = Vec::new();
    let report = engine::deploy(&options, &mut events).await.unwrap();
    assert_eq!(report.applied, ["2_b"]);
    let said = events.iter().any(|event| {
        matches!(event, Event::Warning { name: "history_regressed", details, .. } if details == &["2_b"])
    });
    assert!(said, "{events:?}");
}
