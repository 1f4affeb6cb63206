//! The line to the target: one session, replaced when it is lost; every statement can be stopped.

use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::coordinate;
use crate::error::{Code, Error, Result};
use crate::postgres::{ConnectionSettings, ResultSet, Session, SqlError};

/// How long a lost server is waited for.
const RECONNECT_BUDGET: Duration = Duration::from_secs(60);
/// How long a cancelled statement may take to end.
const CANCEL_BUDGET: Duration = Duration::from_secs(5);

/// A request to stop, shared by whoever hears signals.
#[derive(Debug, Clone)]
pub struct Stop(watch::Receiver<bool>);

impl Stop {
    /// A request that is never made, and with the sender one that can be.
    #[must_use]
    pub fn channel() -> (watch::Sender<bool>, Self) {
        let (sender, receiver) = watch::channel(false);
        (sender, Self(receiver))
    }

    /// Whether it was made.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        *self.0.borrow()
    }

    /// Ends when it is made; never, when nobody can make it any more.
    pub async fn requested(&mut self) {
        if self.0.wait_for(|stop| *stop).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Default for Stop {
    fn default() -> Self {
        Self::channel().1
    }
}

/// The session that changes the target.
pub struct Link {
    pub(super) session: Session,
    /// Our backend and when it was started, so that it can be ended by name when it is orphaned.
    pub(super) backend: Option<(String, String)>,
    target: ConnectionSettings,
    stop: Stop,
}

impl Link {
    /// Takes a session over. The server is asked to notice soon when we are gone.
    pub async fn new(session: Session, target: ConnectionSettings, stop: Stop) -> Self {
        let mut link = Self { session, backend: None, target, stop };
        link.prepare().await;
        link
    }

    /// What every session of ours has.
    async fn prepare(&mut self) {
        self.watch_client().await;
        let sql = "SELECT pid::text, backend_start::text FROM pg_catalog.pg_stat_activity \
            WHERE pid = pg_catalog.pg_backend_pid()";
        let row = self.session.rows(sql).await.ok().and_then(|rows| rows.into_iter().next());
        self.backend = row.and_then(|row| {
            let mut values = row.into_iter().flatten();
            Some((values.next()?, values.next()?))
        });
    }

    /// The session, for reading.
    pub fn session(&mut self) -> &mut Session {
        &mut self.session
    }

    /// Whether the run was asked to stop.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.stop.is_requested()
    }

    /// A killed client's statement would go on to its end, and commit with nobody to record it
    /// (measured: 7.5 s of an 8 s statement). PostgreSQL 14 and later can look (manual §20.3.2);
    /// not on every platform, so that a refusal is no error.
    pub(super) async fn watch_client(&self) {
        if coordinate::watches_clients(&self.session) {
            let _unsupported =
                self.session.simple_query("SET client_connection_check_interval = '500ms'").await;
        }
        let _best_effort =
            self.session.simple_query("SET idle_in_transaction_session_timeout = '60s'").await;
    }

    /// Sends one message. When the run is asked to stop, what runs is cancelled, not killed, and
    /// the answer is the server's: SQLSTATE 57014, or success if it was quicker.
    pub(super) async fn send(
        &mut self,
        sql: &str,
    ) -> std::result::Result<Vec<ResultSet>, SqlError> {
        let token = self.session.cancel_token();
        let mut stop = self.stop.clone();
        let sent = self.session.simple_query(sql);
        tokio::pin!(sent);
        tokio::select! {
            biased;
            answer = &mut sent => return answer,
            () = stop.requested() => {}
        }
        let begun = Instant::now();
        loop {
            let _unsent = self.target.cancel(&token).await;
            // A request can be lost, or come when nothing runs yet.
            let pause = Duration::from_millis(200);
            if let Ok(answer) = tokio::time::timeout(pause, &mut sent).await {
                return answer;
            }
            if begun.elapsed() > CANCEL_BUDGET {
                return Err(SqlError {
                    message: "the server did not end the statement after it was asked to"
                        .to_owned(),
                    connection_lost: true,
                    ..SqlError::default()
                });
            }
        }
    }

    /// Replaces a lost session. Waits, within a budget, for a server that is starting.
    ///
    /// # Errors
    /// UP-1101 and its like after the budget; at once what waiting cannot mend.
    pub(super) async fn reconnect(&mut self) -> Result<()> {
        let begun = Instant::now();
        let mut pause = Duration::from_millis(50);
        loop {
            let error = match self.open_anew().await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            // A standby: the name already leads to the next primary, which is not promoted yet.
            let passing = matches!(
                error.code(),
                Code::ServerUnreachable | Code::ServerBusy | Code::ConnectionLost | Code::ReadOnly
            );
            if !passing || begun.elapsed() > RECONNECT_BUDGET || self.stop.is_requested() {
                return Err(error);
            }
            tokio::time::sleep(jittered(pause)).await;
            pause = (pause * 2).min(Duration::from_secs(2));
        }
    }

    async fn open_anew(&mut self) -> Result<()> {
        let session = self.target.connect().await?;
        let recovers = session.value("SELECT pg_catalog.pg_is_in_recovery()").await;
        // What fails here fails again below, with its own words.
        if recovers.is_ok_and(|value| value.as_deref() == Some("t")) {
            return Err(coordinate::standby(&self.target));
        }
        self.session = session;
        self.prepare().await;
        Ok(())
    }
}

/// Half to one and a half of a pause, so that several processes do not march in step.
pub(super) fn jittered(pause: Duration) -> Duration {
    let byte = uuid::Uuid::new_v4().as_bytes()[0];
    pause / 2 + pause * u32::from(byte) / 255
}

/// The run was asked to stop.
pub(super) fn interrupted(migration: &str) -> Error {
    Error::new(Code::Interrupted, format!("stopped on request while migration `{migration}` ran"))
        .hint("run the same command again to go on")
}
