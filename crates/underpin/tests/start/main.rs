//! `deploy -- COMMAND` with real processes on real servers: what becomes of the application, of
//! signals, of process 1, of twenty starts at once.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod first;
mod stage;
mod typed;

use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use stage::{Stage, ended, free_port, get};

const TABLE: &str = "CREATE TABLE \"effect\" (\"id\" SERIAL PRIMARY KEY, \"what\" TEXT);\n\
                     INSERT INTO \"effect\" (\"what\") VALUES ('once');\n";
// What a scratch server replays at once takes long, or fails, only on a test database.
const SLEEP: &str = "SELECT pg_sleep(2) WHERE current_database() ~ '^t[0-9]+$';\n\
                     INSERT INTO \"effect\" (\"what\") VALUES ('slept');\n";
const LONG_SLEEP: &str = "INSERT INTO \"effect\" (\"what\") VALUES ('never');\n\
                          SELECT pg_sleep(60) WHERE current_database() ~ '^t[0-9]+$';\n";
const FAILS: &str =
    "INSERT INTO \"effect\" (\"id\") SELECT 1 WHERE current_database() ~ '^t[0-9]+$';\n";

fn tell(child: &std::process::Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_application_is_this_process_with_its_own_surroundings() {
    let stage = Stage::new(&[TABLE]).await;
    let script = "echo pid=$$; for f in /proc/$$/fd/*; do echo fd=${f##*/}; done; \
                  while read -r name value; do case $name in Sig???:) echo $name$value;; esac; \
                  done < /proc/$$/status; echo url=$DATABASE_URL child=$UNDERPIN_START_CHILD; exit 7";
    let child = stage.command(&["--health", "127.0.0.1:0"], script).spawn().unwrap();
    let pid = child.id();
    let ended = ended(child);
    assert_eq!(ended.code, Some(7), "{ended:?}");
    // The same without us.
    let mut plain = std::process::Command::new("sh");
    plain.args(["-c", script]);
    stage.surround(&mut plain);
    let plain = stage::ended(plain.spawn().unwrap());
    let lines: Vec<&str> = ended.out.lines().collect();
    assert!(lines.contains(&format!("pid={pid}").as_str()), "{ended:?}");
    let of = |text: &str, prefix: &str| -> Vec<String> {
        text.lines().filter(|l| l.starts_with(prefix)).map(str::to_owned).collect()
    };
    assert!(!of(&plain.out, "fd=").is_empty(), "{plain:?}");
    assert_eq!(of(&ended.out, "fd="), of(&plain.out, "fd="));
    for mask in ["SigPnd:", "SigBlk:", "SigIgn:", "SigCgt:"] {
        assert_eq!(of(&ended.out, mask), of(&plain.out, mask));
    }
    assert!(lines.contains(&format!("url={} child=", stage.database.url).as_str()), "{ended:?}");
    // Again there is nothing to do.
    let again = stage.run(&[], "echo up");
    assert!(again.out.contains("Nothing to do") && again.out.ends_with("up\n"), "{again:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_started_leaves_the_database_alone() {
    let stage = Stage::new(&[TABLE]).await;
    let mut command = std::process::Command::new(Stage::program());
    command.args(["deploy", "--", "no-such-program"]);
    stage.surround(&mut command);
    let absent = ended(command.spawn().unwrap());
    assert!(absent.code == Some(2) && absent.err.contains("UP-1010"), "{absent:?}");
    let address = stage.run(&["--health", "nowhere"], "echo up");
    assert!(address.code == Some(2) && address.err.contains("UP-1010"), "{address:?}");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().to_string();
    let occupied = stage.run(&["--health", &port], "echo up");
    assert!(occupied.code == Some(2) && occupied.err.contains("UP-1010"), "{occupied:?}");
    let tables = "SELECT count(*) = 0 FROM pg_class WHERE relnamespace = 'public'::regnamespace";
    assert_eq!(stage.database.value(tables).await.as_deref(), Some("t"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_migration_does_not_start_the_application() {
    let stage = Stage::new(&[TABLE, FAILS]).await;
    let stopped = stage.run(&[], "echo up");
    assert_eq!(stopped.code, Some(1), "{stopped:?}");
    assert!(stopped.err.contains("UP-4101") && !stopped.out.contains("up\n"), "{stopped:?}");
    let words = "Not started  sh: the process ends with exit code 1 (on_failure = \"stop\")";
    assert!(stopped.err.contains(words), "{stopped:?}");
    stage.settings("version = 1\n[start]\non_failure = \"start-anyway\"\n");
    let anyway = stage.run(&[], "echo up; exit 3");
    assert_eq!(anyway.code, Some(3), "{anyway:?}");
    assert!(anyway.err.contains("UP-4101") && anyway.out.ends_with("up\n"), "{anyway:?}");
    assert!(anyway.err.contains("in spite of UP-4101"), "{anyway:?}");
    // A flag is stronger than the file.
    let flagged = stage.run(&["--on-failure", "stop"], "echo up");
    assert!(flagged.code == Some(1) && !flagged.out.contains("up\n"), "{flagged:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_stays_alive_and_goes_on_when_the_image_is_another() {
    let stage = Stage::new(&[TABLE, FAILS]).await;
    let port = free_port();
    let address = format!("127.0.0.1:{port}");
    let flags = ["--on-failure", "wait", "--health", &address];
    let child = stage.command(&flags, "echo up").spawn().unwrap();
    let begun = Instant::now();
    let failed = loop {
        if let Some((503, body)) = get(port, "/readyz").await
            && body.contains("\"failed\"")
        {
            break body;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "it never failed");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert!(failed.contains("\"error\":\"UP-4101\""), "{failed}");
    assert_eq!(get(port, "/livez").await.unwrap().0, 200);
    // It fails by its rows: to try again without a change would only do work.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let attempts = "SELECT count(*)::text FROM underpin.journal WHERE kind = 'migration_undone'";
    assert_eq!(stage.database.value(attempts).await.as_deref(), Some("1"));
    stage.migration(1, "INSERT INTO \"effect\" (\"what\") VALUES ('mended');\n");
    let ended = ended(child);
    assert!(ended.code == Some(0) && ended.out.ends_with("up\n"), "{ended:?}");
    assert!(
        ended.err.contains("tried again when the history or the folder has changed"),
        "{ended:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_ends_on_request() {
    let stage = Stage::new(&[TABLE, FAILS]).await;
    let child = stage.command(&["--on-failure", "wait"], "echo up").spawn().unwrap();
    stage.until("SELECT count(*) > 0 FROM pg_class WHERE relname = '_prisma_migrations'").await;
    let failed = "SELECT count(*) > 0 FROM _prisma_migrations WHERE finished_at IS NULL";
    stage.until(failed).await;
    tell(&child, Signal::TERM);
    let ended = ended(child);
    assert!(ended.code == Some(130) && !ended.out.contains("up\n"), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_pass_is_tried_again() {
    let stage = Stage::new(&[TABLE]).await;
    // Prisma's lock, held by another.
    stage.database.run("SELECT pg_advisory_lock(72707369)").await;
    let child = stage.command(&["--on-failure", "wait", "--wait", "1"], "echo up").spawn().unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    stage.database.run("SELECT pg_advisory_unlock(72707369)").await;
    let ended = ended(child);
    assert!(ended.code == Some(0) && ended.out.ends_with("up\n"), "{ended:?}");
    assert!(ended.err.contains("UP-4001") && ended.err.contains("tried again in 1 s"), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_while_waiting_for_the_server_starts_nothing() {
    let stage = Stage::new(&[TABLE]).await;
    let mut command = stage.command(&[], "echo up");
    let port = free_port();
    command.env("DATABASE_URL", format!("postgresql://postgres@127.0.0.1:{port}/app"));
    let child = command.spawn().unwrap();
    tokio::time::sleep(Duration::from_millis(700)).await;
    let told = Instant::now();
    tell(&child, Signal::TERM);
    let ended = ended(child);
    assert!(told.elapsed() < Duration::from_secs(8), "{:?}", told.elapsed());
    assert!(ended.code == Some(130) && ended.err.contains("UP-4005"), "{ended:?}");
    assert!(!ended.out.contains("up\n"), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn health_answers_while_migrating_and_leaves_its_port() {
    let stage = Stage::new(&[TABLE, SLEEP]).await;
    let port = free_port();
    let address = format!("127.0.0.1:{port}");
    // What the kernel still knows of the port when the application starts.
    let script = format!("grep -i ':{port:04X} ' /proc/net/tcp | sed 's/^/left: /'; echo up");
    let child = stage.command(&["--health", &address], &script).spawn().unwrap();
    stage.until_it_sleeps().await;
    for _ in 0..50 {
        assert_eq!(get(port, "/livez").await.unwrap().0, 200);
    }
    let (status, body) = get(port, "/readyz").await.unwrap();
    assert_eq!(status, 503);
    for part in ["\"phase\":\"migrating\"", "\"migration\":\"20260102000000_step\"", "\"of\":2"] {
        assert!(body.contains(part), "{body}");
    }
    assert_eq!(get(port, "/startupz").await.unwrap().0, 503);
    // One that never says what it wants holds nothing up.
    let _silent = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let ended = ended(child);
    assert!(ended.code == Some(0) && ended.out.ends_with("up\n"), "{ended:?}");
    let ours: Vec<&str> = ended
        .out
        .lines()
        .filter_map(|line| line.strip_prefix("left: "))
        .filter(|line| {
            line.split_whitespace()
                .nth(1)
                .is_some_and(|local| local.ends_with(&format!(":{port:04X}")))
        })
        .collect();
    assert!(ours.is_empty(), "the application could not listen: {ours:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_comes_later_is_waited_for() {
    let stage = Stage::new(&[TABLE]).await;
    let port = free_port();
    let url = format!("postgresql://postgres@127.0.0.1:{port}/{}", stage.database.name);
    let mut command = stage.command(&[], "echo up");
    command.env("DATABASE_URL", &url);
    let child = command.spawn().unwrap();
    tokio::time::sleep(Duration::from_millis(700)).await;
    let socket = stage.socket();
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    let forward = tokio::spawn(async move {
        loop {
            let (mut near, _) = listener.accept().await.unwrap();
            let mut far = tokio::net::UnixStream::connect(&socket).await.unwrap();
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut near, &mut far).await });
        }
    });
    let ended = ended(child);
    forward.abort();
    assert!(ended.code == Some(0) && ended.out.ends_with("up\n"), "{ended:?}");
    assert!(ended.err.contains("Waiting  for the server: "), "{ended:?}");
    // And not for ever; nor a name that is not there yet.
    for host in [format!("127.0.0.1:{port}"), "no-such-host.invalid:5432".to_owned()] {
        let mut command = stage.command(&["--wait-for-database", "1s"], "echo up");
        command.env("DATABASE_URL", format!("postgresql://postgres@{host}/app"));
        let given_up = stage::ended(command.spawn().unwrap());
        assert!(given_up.code == Some(1) && given_up.err.contains("UP-1101"), "{given_up:?}");
        assert!(given_up.err.contains("waited 1 s for it"), "{given_up:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_starts_at_once_all_come_up() {
    let stage = Stage::alone(&[TABLE, SLEEP]).await;
    let children: Vec<_> =
        (0..20).map(|_| stage.command(&[], "echo up").spawn().unwrap()).collect();
    let ends: Vec<_> = children.into_iter().map(ended).collect();
    for end in &ends {
        assert!(end.code == Some(0) && end.out.ends_with("up\n"), "{end:?}");
    }
    let worked = ends.iter().filter(|end| end.err.contains("Applied")).count();
    assert_eq!(worked, 1);
    let effects = "SELECT string_agg(what, ' ' ORDER BY id) FROM effect";
    assert_eq!(stage.database.value(effects).await.as_deref(), Some("once slept"));
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_in_the_midst_of_a_migration_starts_nothing() {
    let stage = Stage::new(&[TABLE, LONG_SLEEP]).await;
    let child = stage.command(&["--on-failure", "start-anyway"], "echo up").spawn().unwrap();
    stage.until_it_sleeps().await;
    let told = Instant::now();
    tell(&child, Signal::TERM);
    stage.is_stopped(child, told).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn signals_reach_the_application() {
    let stage = Stage::new(&[TABLE]).await;
    let script = "trap 'exit 42' TERM; echo ready > ready; while :; do sleep 0.05; done";
    let child = stage.command(&[], script).spawn().unwrap();
    let ready = stage.project.path().join("ready");
    while !ready.exists() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    tell(&child, Signal::TERM);
    assert_eq!(ended(child).code, Some(42));
}
