//! Looking on while a script runs: what a rehearsal measures.
//!
//! Only on a copy. An observed script goes to the server statement by statement, so that each can
//! be measured; the transactions are the same. (In production a script that is one transaction is
//! one message, and takes one round trip.)

use std::pin::Pin;
use std::time::{Duration, Instant};

use super::Executor;
use crate::migrations::MigrationName;
use crate::postgres::{Session, SqlError};

/// A look under way. Its error ends the script, as an error of the server would.
pub type Look<'a> = Pin<Box<dyn Future<Output = Result<(), SqlError>> + Send + 'a>>;

/// One statement of a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment<'a> {
    /// The migration.
    pub migration: &'a MigrationName,
    /// The statement, by its place in the script.
    pub statement: usize,
    /// Whether it is inside a transaction block, so that what it locked is still locked after it.
    pub in_block: bool,
}

/// Looks at each statement. May ask in the session that runs the script, and must not change
/// anything in it.
pub trait Observer: Send + Sync {
    /// It is about to be sent.
    fn before<'a>(&'a mut self, session: &'a Session, moment: Moment<'a>) -> Look<'a>;

    /// It has been answered; `failed` is the server's error, after which an open transaction takes
    /// no more questions.
    fn after<'a>(
        &'a mut self,
        session: &'a Session,
        moment: Moment<'a>,
        took: Duration,
        failed: Option<&'a SqlError>,
    ) -> Look<'a>;
}

impl Executor {
    /// The same, looked at.
    #[must_use]
    pub fn observed_by(mut self, observer: Option<Box<dyn Observer>>) -> Self {
        self.observer = observer;
        self
    }

    /// Sends one statement of a script, observed where somebody looks on.
    pub(super) async fn send_observed(
        &mut self,
        moment: Moment<'_>,
        sql: &str,
    ) -> Result<(), SqlError> {
        let Some(observer) = self.observer.as_mut().filter(|_| !is_setting(sql)) else {
            return self.link.send(sql).await.map(drop);
        };
        observer.before(&self.link.session, moment).await?;
        let begun = Instant::now();
        let sent = self.link.send(sql).await.map(drop);
        let looked =
            observer.after(&self.link.session, moment, begun.elapsed(), sent.as_ref().err()).await;
        sent.and(looked)
    }
}

/// `SET` and its like lock nothing, and `SET TRANSACTION` must come before any query (manual, SET
/// TRANSACTION), ours included.
fn is_setting(sql: &str) -> bool {
    let word = sql.split_whitespace().next().unwrap_or_default();
    word.eq_ignore_ascii_case("set") || word.eq_ignore_ascii_case("reset")
}
