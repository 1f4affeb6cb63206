//! A session whose server, or something on the way, says what makes no sense.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use underpin_core::postgres::ConnectionSettings;
use underpin_testkit::proxy::{Action, Proxy, Rule, When};

/// Row description, row, completion, ready: a byte of each is wrong in turn.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_makes_no_sense_ends_the_session_and_no_query_waits_for_ever() {
    let server = underpin_testkit::server(*underpin_testkit::majors().last().unwrap()).await;
    let database = server.database().await;
    for message in 1..=4 {
        let proxy = Proxy::before(&server).await.unwrap();
        let target = ConnectionSettings::parse(&proxy.url(&database.name)).unwrap();
        let session = target.connect().await.unwrap();
        let wrong = When::Message(proxy.counts().server_messages + message);
        proxy.add(Rule::to_client(wrong, Action::Corrupt(0)));
        for _ in 0..2 {
            let answer = tokio::time::timeout(Duration::from_secs(20), session.value("SELECT 1"));
            let answer = answer.await.unwrap_or_else(|_| panic!("waits: message {message}"));
            assert!(answer.unwrap_err().connection_lost, "message {message}");
            assert!(session.is_closed(), "message {message}");
        }
    }
}
