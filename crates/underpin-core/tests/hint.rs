//! Redis wakes and announces; without it everything goes on, and one event says so.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::path::Path;
use std::time::Duration;

use underpin_core::config::Secret;
use underpin_core::coordinate::{Announcement, Hint, PRISMA_LOCK_KEY};
use underpin_core::engine::{self, Options};
use underpin_core::event::Event;
use underpin_core::postgres::ConnectionSettings;
use underpin_core::postgres::scratch::ScratchOptions;
use underpin_core::{Error, Result};
use underpin_testkit::TestDatabase;
use underpin_testkit::redis::Redis;

/// One that answers, or a word on the terminal that there is none.
async fn redis(settings: &[&str]) -> Option<Redis> {
    let redis = Redis::start(settings).await.unwrap();
    if redis.is_none() {
        println!("SKIPPED: there is no Redis on this machine: ./dev setup");
    }
    redis
}

fn hint(url: &str, target: &str) -> Hint {
    Hint::new(Secret::new(url), target, "run")
}

/// A database and a project with one migration.
struct Stage {
    database: TestDatabase,
    options: Options,
    _project: tempfile::TempDir,
}

impl Stage {
    async fn new(redis: Option<Result<Secret>>) -> Self {
        let major = *underpin_testkit::majors().last().unwrap();
        let server = underpin_testkit::server(major).await;
        let database = server.database().await;
        let project = tempfile::tempdir().unwrap();
        let folder = project.path().join("migrations");
        let script = "CREATE TABLE t (a int); SELECT pg_sleep(0.3);";
        write(&folder, "1_a", script);
        let options = Options {
            scratch: ScratchOptions {
                pg_bin: Some(server.binaries().folder.clone()),
                cache: underpin_testkit::cache(),
                ..ScratchOptions::default()
            },
            replay_cache: Some(project.path().join("replays")),
            patience: Duration::from_secs(30),
            redis,
            ..Options::new(ConnectionSettings::parse(&database.url).unwrap(), folder)
        };
        Self { database, options, _project: project }
    }

    /// Deploys; what it said was missing.
    async fn deploy(&self) -> (Result<usize>, Vec<String>) {
        let mut events: Vec<Event> = Vec::new();
        let deployed = engine::deploy(&self.options, &mut events).await;
        let missing = events.into_iter().filter_map(|event| match event {
            Event::Degraded { what } => Some(what),
            _ => None,
        });
        (deployed.map(|report| report.applied.len()), missing.collect())
    }
}

fn write(folder: &Path, name: &str, script: &str) {
    std::fs::create_dir_all(folder.join(name)).unwrap();
    std::fs::write(folder.join(name).join("migration.sql"), script).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_announcement_wakes_who_waits_for_the_same_database() {
    let Some(redis) = redis(&[]).await else { return };
    let (mut waiter, mut stranger) = (hint(&redis.url(), "1/2"), hint(&redis.url(), "1/3"));
    let mut speaker = hint(&redis.url(), "1/2");
    let hour = Duration::from_secs(3600);
    let announcing = async {
        loop {
            speaker.announce(Announcement::Released);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::select! {
        () = waiter.pause(hour) => {}
        () = stranger.pause(hour) => panic!("woken for another database"),
        () = announcing => {}
        () = tokio::time::sleep(Duration::from_secs(20)) => panic!("nobody was woken"),
    }
    assert_eq!((waiter.fault(), speaker.close().await), (None, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_failure_has_its_words_and_is_told_once() {
    let Some(mut redis) = redis(&["--requirepass sesame"]).await else { return };
    let url = redis.url();
    let right = url.replacen("//", "//:sesame@", 1);
    let said = async |url: &str| {
        let mut hint = hint(url, "1/2");
        hint.announce(Announcement::Taken);
        hint.pause(Duration::from_millis(1)).await;
        let first = hint.close().await;
        first.unwrap_or_default()
    };
    assert_eq!(said(&right).await, "");
    let wrong = said(&url.replacen("//", "//:hunter2@", 1)).await;
    assert!(wrong.contains("the password") && !wrong.contains("hunter2"), "{wrong}");
    let none = said(&url).await;
    assert!(none.contains("NOAUTH"), "{none}");
    let odd = said("http://:hunter2@h").await;
    assert!(odd.contains("its URL cannot be read") && !odd.contains("hunter2"), "{odd}");
    redis.hang();
    assert!(said(&right).await.contains("does not answer"));
    redis.wake();
    redis.down();
    assert!(!said(&right).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_redis_is_noticed_by_who_waits() {
    let Some(mut redis) = redis(&[]).await else { return };
    let mut waiter = hint(&redis.url(), "1/2");
    let mut speaker = hint(&redis.url(), "1/2");
    while tokio::time::timeout(Duration::from_millis(50), waiter.pause(Duration::from_secs(9)))
        .await
        .is_err()
    {
        speaker.announce(Announcement::Applied("1_a"));
    }
    redis.down();
    let mut fault = None;
    for _ in 0..200 {
        fault = fault.or_else(|| waiter.fault());
        waiter.pause(Duration::from_millis(20)).await;
    }
    assert!(fault.as_deref().unwrap_or_default().contains("connection was lost"), "{fault:?}");
    assert_eq!(waiter.close().await, None, "it was told already");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deploy_goes_on_without_redis_and_one_event_says_so() {
    let Some(redis) = redis(&["--requirepass sesame"]).await else { return };
    let url = |url: &str| Some(Ok(Secret::new(url)));
    let hung = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let hung = format!("redis://{}", hung.local_addr().unwrap());
    for (redis, part) in [
        (url("redis://127.0.0.1:1"), "nobody listens"),
        (url(&hung), "does not answer"),
        (url(&redis.url()), "NOAUTH"),
        (Some(Err(Error::new(underpin_core::Code::SettingsInvalid, "R is not set"))), "not set"),
    ] {
        let (applied, missing) = Stage::new(redis).await.deploy().await;
        assert_eq!(applied.unwrap(), 1);
        let [missing] = &missing[..] else { panic!("{part}: {missing:?}") };
        assert!(missing.contains(part), "{missing}");
    }
}

/// Nothing of ours is kept in Redis, so that a full one has nothing to evict.
#[tokio::test(flavor = "multi_thread")]
async fn an_evicting_redis_takes_nothing_away() {
    let settings = ["--maxmemory 1mb", "--maxmemory-policy allkeys-random"];
    let Some(redis) = redis(&settings).await else { return };
    let stage = Stage::new(Some(Ok(Secret::new(redis.url())))).await;
    let (applied, missing) = stage.deploy().await;
    assert_eq!((applied.unwrap(), missing), (1, Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_at_once_with_redis_are_one_migrator_and_no_complaint() {
    let Some(redis) = redis(&[]).await else { return };
    let stage = Stage::new(Some(Ok(Secret::new(redis.url())))).await;
    let ends = futures(&stage).await;
    let applied: usize = ends.iter().map(|(applied, _)| *applied.as_ref().unwrap()).sum();
    assert_eq!(applied, 1);
    assert!(ends.iter().all(|(_, missing)| missing.is_empty()), "{ends:?}");
}

async fn futures(stage: &Stage) -> Vec<(Result<usize>, Vec<String>)> {
    let mut ends = Vec::new();
    for _ in 0..8 {
        ends.push(stage.deploy());
    }
    futures_util::future::join_all(ends).await
}

/// Whoever is woken by a false word asks PostgreSQL, which holds.
#[tokio::test(flavor = "multi_thread")]
async fn redis_says_free_and_postgresql_decides() {
    let Some(redis) = redis(&[]).await else { return };
    let mut stage = Stage::new(Some(Ok(Secret::new(redis.url())))).await;
    stage.options.patience = Duration::from_secs(1);
    stage.database.run(&format!("SELECT pg_advisory_lock({PRISMA_LOCK_KEY})")).await;
    let target = underpin_core::journal::target(&stage.database.session).await.unwrap();
    let mut liar = hint(&redis.url(), &target);
    let lying = async {
        loop {
            liar.announce(Announcement::Released);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let (deployed, missing) = tokio::select! {
        end = stage.deploy() => end,
        () = lying => unreachable!(),
    };
    assert_eq!(deployed.unwrap_err().code().id(), "UP-4001");
    assert_eq!(missing, Vec::<String>::new());
}
