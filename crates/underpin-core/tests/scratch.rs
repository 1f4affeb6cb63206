//! The scratch engines, on real servers.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Duration;

use underpin_core::postgres::cluster::{Cluster, ClusterOptions};
use underpin_core::postgres::embedded::{
    CloseFuture, EmbeddedDatabase, EmbeddedEngine, OpenFuture,
};
use underpin_core::postgres::scratch::{EngineKind, Scratch, ScratchOptions};
use underpin_core::postgres::{
    ConnectionSettings, Notice, QueryFuture, Queryable, ResultSet, ServerVersion, SqlError,
};
use underpin_core::replay::{ReplayContext, replay};
use underpin_core::{Code, Error};

/// A major of which no machine has binaries, so that the servers' turn comes.
const NOWHERE: ServerVersion = ServerVersion(990_000);

fn options(major: u32) -> ClusterOptions {
    ClusterOptions {
        binaries: underpin_testkit::binaries(major).unwrap(),
        cache: underpin_testkit::cache(),
        settings: Vec::new(),
        room_bytes: 0,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_starts_answers_and_leaves_nothing_behind() {
    for major in underpin_testkit::majors() {
        let cluster = Cluster::start(&options(major)).await.unwrap();
        let folder = cluster.socket_folder().to_owned();
        let pid = cluster.postmaster_pid().unwrap();
        let mut session = cluster.connect("postgres").await.unwrap();
        assert_eq!(session.version().major(), major);
        assert_eq!(session.query("SELECT 1; SELECT 2").await.unwrap().len(), 2);
        drop(session);
        drop(cluster);
        assert!(!folder.exists(), "{} is gone", folder.display());
        assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists(), "the postmaster is gone");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_setting_is_reported_with_the_servers_words() {
    let mut options = options(underpin_testkit::majors()[0]);
    options.settings.push("no_such_setting=1".to_owned());
    let error = Cluster::start(&options).await.map(drop).unwrap_err();
    assert_eq!(error.code().id(), "UP-3102");
    assert!(error.causes().join("\n").contains("no_such_setting"), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shadow_server_gives_a_database_and_takes_it_away() {
    let server = underpin_testkit::server(underpin_testkit::majors()[0]).await;
    let settings = ConnectionSettings::parse(&server.cluster().url("postgres")).unwrap();
    let options = ScratchOptions { shadow: Some(settings.clone()), ..ScratchOptions::default() };
    let mut scratch = Scratch::start(NOWHERE, &options).await.unwrap();
    assert_eq!(scratch.about().kind, EngineKind::ShadowServer);
    assert!(scratch.about().approximate, "it is not the target's major, and says so");
    let mut database = scratch.database().await.unwrap();
    let name =
        database.query("SELECT current_database()").await.unwrap()[0].rows[0][0].clone().unwrap();
    assert!(name.starts_with("underpin_scratch_"), "{name}");
    database.close().await;
    let admin = settings.connect().await.unwrap();
    let left =
        admin.value(&format!("SELECT 1 FROM pg_database WHERE datname = '{name}'")).await.unwrap();
    assert_eq!(left, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leftover_of_a_killed_run_is_removed_when_it_is_old() {
    let server = underpin_testkit::server(underpin_testkit::majors()[0]).await;
    let settings = ConnectionSettings::parse(&server.cluster().url("postgres")).unwrap();
    let admin = settings.connect().await.unwrap();
    let old =
        uuid::Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, 1_700_000_000, 0)).simple();
    let young = uuid::Uuid::now_v7().simple();
    for id in [old, young] {
        admin.simple_query(&format!("CREATE DATABASE underpin_scratch_{id}")).await.unwrap();
    }
    let options = ScratchOptions { shadow: Some(settings), ..ScratchOptions::default() };
    let mut scratch = Scratch::start(NOWHERE, &options).await.unwrap();
    scratch.database().await.unwrap().close().await;
    let exists = |id: uuid::fmt::Simple| {
        format!("SELECT 1 FROM pg_database WHERE datname = 'underpin_scratch_{id}'")
    };
    assert_eq!(admin.value(&exists(old)).await.unwrap(), None);
    assert!(admin.value(&exists(young)).await.unwrap().is_some());
    admin.simple_query(&format!("DROP DATABASE underpin_scratch_{young}")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_engine_everything_that_was_tried_is_named() {
    let error = Scratch::start(NOWHERE, &ScratchOptions::default()).await.map(drop).unwrap_err();
    assert_eq!(error.code().id(), "UP-3101");
    assert_eq!(error.detail_lines().len(), 4, "{:?}", error.detail_lines());
}

/// An embedded engine that answers every query with nothing, or does not start.
#[derive(Debug)]
struct Fake {
    starts: bool,
}

impl EmbeddedEngine for Fake {
    fn version(&self) -> ServerVersion {
        ServerVersion(180_004)
    }

    fn identity(&self) -> String {
        "fake".to_owned()
    }

    fn unchecked(&self) -> Vec<String> {
        vec!["anything".to_owned()]
    }

    fn open(&self) -> OpenFuture<'_> {
        let failed = || Error::new(Code::ScratchFailed, "it did not start");
        let result = self.starts.then(|| Box::new(FakeDatabase) as Box<dyn EmbeddedDatabase>);
        Box::pin(async move { result.ok_or_else(failed) })
    }
}

struct FakeDatabase;

impl Queryable for FakeDatabase {
    fn query<'a>(&'a mut self, sql: &'a str) -> QueryFuture<'a> {
        let broken = sql.contains("break").then(|| SqlError {
            message: "a trap".to_owned(),
            connection_lost: true,
            ..SqlError::default()
        });
        Box::pin(async move { broken.map_or(Ok(vec![ResultSet::default(); 64]), Err) })
    }

    fn version(&self) -> ServerVersion {
        ServerVersion(180_004)
    }
}

impl EmbeddedDatabase for FakeDatabase {
    fn take_notices(&mut self) -> Vec<Notice> {
        Vec::new()
    }

    fn close(self: Box<Self>) -> CloseFuture {
        Box::pin(async {})
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_engine_is_the_last_choice_and_says_what_it_cannot_check() {
    let server = underpin_testkit::server(underpin_testkit::majors()[0]).await;
    let settings = ConnectionSettings::parse(&server.cluster().url("postgres")).unwrap();
    let mut options = ScratchOptions {
        embedded: Some(Arc::new(Fake { starts: true })),
        shadow: Some(settings),
        ..ScratchOptions::default()
    };
    let scratch = Scratch::start(NOWHERE, &options).await.unwrap();
    assert_eq!(scratch.about().kind, EngineKind::ShadowServer);
    options.shadow = None;
    let mut scratch = Scratch::start(NOWHERE, &options).await.unwrap();
    let about = scratch.about();
    assert_eq!((about.kind, about.approximate), (EngineKind::Embedded, true));
    assert_eq!(about.unchecked.len(), 2, "the other major, and what the engine says");
    assert_eq!(about.phrase(), "PostgreSQL 18.4, embedded, approximate");
    for _ in 0..2 {
        scratch.database().await.unwrap().close().await;
    }
    options.embedded = Some(Arc::new(Fake { starts: false }));
    let error = Scratch::start(NOWHERE, &options).await.map(drop).unwrap_err();
    assert_eq!(error.code().id(), "UP-3101");
    assert!(error.detail_lines()[4].ends_with("it did not start"), "{:?}", error.detail_lines());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_embedded_replay_is_kept_apart_and_one_that_broke_down_is_up_3102() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("replays");
    let write = |name: &str, script: &str| {
        let folder = folder.path().join("migrations").join(name);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("migration.sql"), script).unwrap();
    };
    write("20250101000000_a", "SELECT 1;");
    let mut context = ReplayContext {
        target: NOWHERE,
        schema: "public".to_owned(),
        roles: Vec::new(),
        scratch: ScratchOptions {
            embedded: Some(Arc::new(Fake { starts: true })),
            cache: underpin_testkit::cache(),
            ..ScratchOptions::default()
        },
        cache: Some(cache.clone()),
    };
    let read = || {
        underpin_core::migrations::MigrationFolder::read(&folder.path().join("migrations")).unwrap()
    };
    let migrations = read().migrations;
    let cached = |context: ReplayContext| {
        let migrations = migrations.clone();
        async move { replay(&migrations, &context, &mut |_| {}).await.map(|replay| replay.cached) }
    };
    assert_eq!(cached(context.clone()).await.unwrap(), 0);
    assert_eq!(cached(context.clone()).await.unwrap(), 1, "the second run does not replay");
    context.scratch.embedded = None;
    let error = cached(context.clone()).await.unwrap_err();
    assert_eq!(error.error.code().id(), "UP-3101", "its answer is not a server's");
    context.scratch.pg_bin =
        underpin_testkit::binaries(underpin_testkit::majors()[0]).map(|b| b.folder);
    context.scratch.embedded = Some(Arc::new(Fake { starts: true }));
    assert_eq!(cached(context.clone()).await.unwrap(), 0, "a server is better");
    context.scratch.pg_bin = None;

    write("20250102000000_b", "SELECT 'break';");
    let error = replay(&read().migrations, &context, &mut |_| {}).await.unwrap_err();
    assert_eq!((error.migration, error.error.code().id()), (Some(1), "UP-3102"));
    assert_eq!(error.error.causes(), ["a trap"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_dies_with_its_owner_even_by_sigkill() {
    // The owner is a process of its own: this test binary, asked for the ignored test below.
    let mut owner = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "owner_that_waits_to_be_killed", "--ignored", "--nocapture"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let folder = {
        use std::io::BufRead as _;
        let out = std::io::BufReader::new(owner.stdout.take().unwrap());
        let line = out.lines().map_while(Result::ok).find(|l| l.contains("folder=")).unwrap();
        line.split_once("folder=").unwrap().1.to_owned()
    };
    owner.kill().unwrap();
    owner.wait().unwrap();
    for _ in 0..500 {
        if !std::path::Path::new(&folder).exists() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{folder} is still there 5 s after its owner was killed");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "the other half of the_server_dies_with_its_owner_even_by_sigkill"]
async fn owner_that_waits_to_be_killed() {
    let cluster = Cluster::start(&options(underpin_testkit::majors()[0])).await.unwrap();
    println!("folder={}", cluster.socket_folder().display());
    tokio::time::sleep(Duration::from_secs(60)).await;
}
