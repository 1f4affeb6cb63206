//! Every action of the proxy, in front of a real server.

use std::sync::atomic::AtomicU32;
use std::time::Instant;

use underpin_core::postgres::{ConnectionSettings, Session};

use super::*;

async fn proxy() -> (Arc<crate::Server>, Proxy) {
    let server = crate::server(crate::majors()[0]).await;
    let proxy = Proxy::before(&server).await.unwrap();
    (server, proxy)
}

async fn connect(proxy: &Proxy) -> Session {
    ConnectionSettings::parse(&proxy.url("postgres")).unwrap().connect().await.unwrap()
}

fn query(part: &str) -> When {
    When::Text(part.to_owned(), 1)
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_rule_everything_passes_and_is_counted() {
    let (_server, proxy) = proxy().await;
    let session = connect(&proxy).await;
    let before = proxy.counts();
    let long = session.value("SELECT repeat('x', 300000)").await.unwrap().unwrap();
    assert_eq!(long.len(), 300_000);
    assert_eq!(session.value("SELECT 1/0").await.unwrap_err().sqlstate.as_deref(), Some("22012"));
    // The proxy counts an answer just after it has passed it on.
    let mut after = proxy.counts();
    for _ in 0..100 {
        if after.round_trips - before.round_trips == 2 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        after = proxy.counts();
    }
    assert_eq!((before.connections, before.log[0].as_str()), (1, "(start)"));
    assert_eq!(after.client_messages - before.client_messages, 2);
    assert_eq!(after.round_trips - before.round_trips, 2);
    assert!(after.server_bytes > 300_000 && after.fired == 0, "{after:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_cut_before_it_arrives_or_after_it_worked() {
    let (server, proxy) = proxy().await;
    let database = server.database().await;
    database.run("CREATE TABLE t (n int)").await;
    let url = proxy.url(&database.name);
    for (action, forwarded) in [
        (Action::Drop, false),
        (Action::Reset, false),
        (Action::Tear, false),
        (Action::LoseAnswer, true),
        (Action::HalfOpen { linger: Duration::from_millis(100), forward: true }, true),
        (Action::HalfOpen { linger: Duration::ZERO, forward: false }, false),
    ] {
        database.run("TRUNCATE t").await;
        let session = ConnectionSettings::parse(&url).unwrap().connect().await.unwrap();
        proxy.add(Rule::to_server(query("INSERT"), action.clone()));
        let error = session.simple_query("INSERT INTO t VALUES (1)").await.unwrap_err();
        assert!(error.connection_lost, "{action:?} {error}");
        tokio::time::sleep(Duration::from_millis(50)).await;
        let rows = database.value("SELECT count(*) FROM t").await.unwrap();
        assert_eq!(rows == "1", forwarded, "{action:?}");
    }
    assert_eq!(proxy.counts().fired, 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_to_a_commit_is_lost() {
    let (server, proxy) = proxy().await;
    let database = server.database().await;
    database.run("CREATE TABLE t (n int)").await;
    let url = proxy.url(&database.name);
    let session = ConnectionSettings::parse(&url).unwrap().connect().await.unwrap();
    proxy.add(Rule::to_client(query("COMMIT"), Action::Reset));
    session.simple_query("BEGIN").await.unwrap();
    let error = session.simple_query("INSERT INTO t VALUES (1); COMMIT").await.unwrap_err();
    assert!(error.connection_lost);
    assert_eq!(database.value("SELECT count(*) FROM t").await.as_deref(), Some("1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_half_open_session_lives_on_at_the_server() {
    let (server, proxy) = proxy().await;
    let database = server.database().await;
    let url = proxy.url(&database.name);
    let session = ConnectionSettings::parse(&url).unwrap().connect().await.unwrap();
    session.simple_query("BEGIN; SELECT pg_advisory_xact_lock(1)").await.unwrap();
    let linger = Duration::from_millis(300);
    proxy.add(Rule::to_server(query("COMMIT"), Action::HalfOpen { linger, forward: false }));
    let _lost = session.simple_query("COMMIT").await.unwrap_err();
    let free = "SELECT pg_try_advisory_lock(1)::text";
    assert_eq!(database.value(free).await.as_deref(), Some("false"));
    tokio::time::sleep(linger * 2).await;
    assert_eq!(database.value(free).await.as_deref(), Some("true"));
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_come_from_the_proxy_or_from_the_server() {
    let (_server, proxy) = proxy().await;
    let session = connect(&proxy).await;
    let error = Action::Answer { severity: "ERROR", sqlstate: "40001" };
    proxy.add(Rule::to_server(query("SELECT 1"), error));
    assert!(session.value("SELECT 1").await.unwrap_err().is("40001"));
    assert_eq!(session.value("SELECT 1").await.unwrap().as_deref(), Some("1"));
    session.simple_query("BEGIN").await.unwrap();
    proxy.add(Rule::to_server(query("SELECT 1"), Action::Fail("40P01")));
    assert!(session.value("SELECT 1").await.unwrap_err().is("40P01"));
    // The server's transaction has failed too.
    assert!(session.value("SELECT 2").await.unwrap_err().is("25P02"));
    let fatal = Action::Answer { severity: "FATAL", sqlstate: "53300" };
    let next = proxy.counts().client_messages + 1;
    proxy.add(Rule::to_server(When::Message(next), fatal));
    let url = proxy.url("postgres");
    let refused = ConnectionSettings::parse(&url).unwrap().connect().await.err().unwrap();
    assert_eq!(refused.code(), underpin_core::Code::ServerBusy);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_query_arrives_in_the_place_of_one() {
    let (_server, proxy) = proxy().await;
    let session = connect(&proxy).await;
    proxy.add(Rule::to_server(query("SELECT 1"), Action::Replace("SELECT 2")));
    for expected in ["2", "1"] {
        assert_eq!(session.value("SELECT 1").await.unwrap().as_deref(), Some(expected));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_black_hole_swallows_and_a_slow_line_is_slow() {
    let (_server, proxy) = proxy().await;
    let session = connect(&proxy).await;
    proxy.add(Rule::to_server(query("SELECT 1"), Action::Delay(Duration::from_millis(200))));
    let begun = Instant::now();
    session.value("SELECT 1").await.unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(200));
    proxy.add(Rule::to_server(query("SELECT 2"), Action::Throttle(100)));
    let begun = Instant::now();
    session.value("SELECT 2 -- about thirty bytes").await.unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(250));
    proxy.add(Rule::to_server(query("SELECT 3"), Action::BlackHole));
    let waited = tokio::time::timeout(Duration::from_millis(300), session.value("SELECT 3")).await;
    assert!(waited.is_err() && !session.is_closed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_byte_can_be_wrong_and_a_message_can_end_early() {
    let (_server, proxy) = proxy().await;
    let session = connect(&proxy).await;
    // The length of the answer is nonsense, so the client gives the connection up.
    let next = proxy.counts().server_messages + 1;
    proxy.add(Rule::to_client(When::Message(next), Action::Corrupt(1)));
    let broken = session.value("SELECT 1");
    let broken = tokio::time::timeout(Duration::from_secs(1), broken).await;
    assert!(!matches!(broken, Ok(Ok(_))), "{broken:?}");
    let session = connect(&proxy).await;
    let byte = proxy.counts().client_bytes + 7;
    proxy.add(Rule::to_server(When::Byte(byte), Action::Drop));
    assert!(session.value("SELECT 1").await.unwrap_err().connection_lost);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_is_called_at_the_message() {
    let (_server, proxy) = proxy().await;
    let session = connect(&proxy).await;
    let calls = Arc::new(AtomicU32::new(0));
    let seen = Arc::clone(&calls);
    let hook = Hook::new(move || {
        seen.fetch_add(1, Ordering::Relaxed);
    });
    proxy.add(Rule::to_server(query("SELECT 1"), Action::Call(hook.clone())));
    assert_eq!(session.value("SELECT 1").await.unwrap().as_deref(), Some("1"));
    proxy.add(Rule::to_server(query("SELECT 1"), Action::CallAndDrop(hook)));
    assert!(session.value("SELECT 1").await.is_err());
    assert_eq!(calls.load(Ordering::Relaxed), 2);
}
