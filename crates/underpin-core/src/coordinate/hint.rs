//! Redis as a hint: it wakes those who wait for their turn, and announces what happens. It grants
//! nothing: whoever is woken asks PostgreSQL, as it would have done a moment later.
//!
//! Invariants: everything goes on in tasks beside the run. A pause is never longer than without
//! Redis, and the one other wait, for the last announcement at the end of a run, has [`FLUSH`] as
//! its limit: a Redis that is down, hangs, refuses or forgets costs a run at most that. What fails
//! is said once and not tried again. No message holds the URL. Non-goals: queues, locks, delivery.
//!
//! One channel per database, `underpin:<system identifier>/<database oid>`; a message is a JSON
//! object `{"run", "event", "migration"}`.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use redis::{AsyncCommands as _, AsyncConnectionConfig, Client, ErrorKind, RedisError};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;

use crate::config::Secret;

/// How long Redis may take for a connection with its greeting, or for an answer.
const ANSWER: Duration = Duration::from_millis(400);
/// How long a run that is over waits for what is still to be announced.
const FLUSH: Duration = Duration::from_millis(450);
/// Announcements that wait for Redis; more are dropped.
const WAITING_MAX: usize = 64;

/// What is announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Announcement<'a> {
    /// The turn is ours.
    Taken,
    /// A migration is in effect and recorded.
    Applied(&'a str),
    /// The turn is given back.
    Released,
}

/// A run's way to Redis. See the module text.
#[derive(Debug)]
pub struct Hint {
    url: Secret,
    channel: String,
    run: String,
    ears: Option<Task>,
    voice: Option<(mpsc::Sender<String>, Task)>,
    woken: Arc<Notify>,
    fault: Arc<Fault>,
}

/// A task that ends with what it serves.
#[derive(Debug)]
struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The first thing that failed, until it has been told.
#[derive(Debug, Default)]
struct Fault(Mutex<(bool, Option<String>)>);

impl Fault {
    fn set(&self, words: String) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !held.0 {
            *held = (true, Some(words));
        }
    }

    fn take(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1.take()
    }
}

impl Hint {
    /// For `run` on the database that `target` tells from all others
    /// ([`crate::journal::target`]). Nothing is connected yet.
    #[must_use]
    pub fn new(url: Secret, target: &str, run: &str) -> Self {
        Self {
            url,
            channel: format!("underpin:{target}"),
            run: run.to_owned(),
            ears: None,
            voice: None,
            woken: Arc::default(),
            fault: Arc::default(),
        }
    }

    /// Pauses until something is announced, `limit` at most.
    pub async fn pause(&mut self, limit: Duration) {
        if self.ears.is_none() {
            let (url, channel) = (self.url.clone(), self.channel.clone());
            let (woken, fault) = (Arc::clone(&self.woken), Arc::clone(&self.fault));
            self.ears = Some(Task(tokio::spawn(async move {
                if let Err(why) = listen(&url, &channel, &woken).await {
                    fault.set(format!("Redis wakes nobody: {why}"));
                }
            })));
        }
        let _not_woken = tokio::time::timeout(limit, self.woken.notified()).await;
    }

    /// Announces, beside what the run does next.
    pub fn announce(&mut self, what: Announcement<'_>) {
        let (event, migration) = match what {
            Announcement::Taken => ("turn_taken", None),
            Announcement::Applied(name) => ("migration_applied", Some(name)),
            Announcement::Released => ("turn_released", None),
        };
        let message =
            serde_json::json!({ "run": self.run, "event": event, "migration": migration });
        let (url, channel, fault) = (&self.url, &self.channel, &self.fault);
        let (sender, _) = self.voice.get_or_insert_with(|| {
            let (sender, waiting) = mpsc::channel(WAITING_MAX);
            let (url, channel, fault) = (url.clone(), channel.clone(), Arc::clone(fault));
            let task = tokio::spawn(async move {
                if let Err(why) = speak(&url, &channel, waiting).await {
                    fault.set(format!("Redis announces nothing: {why}"));
                }
            });
            (sender, Task(task))
        });
        // Full or ended: it is a hint.
        let _dropped = sender.try_send(message.to_string());
    }

    /// What failed, in words; told once.
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        self.fault.take()
    }

    /// Waits for what is still to be announced, [`FLUSH`] at most. What failed, if it was not told.
    pub async fn close(mut self) -> Option<String> {
        if let Some((sender, mut task)) = self.voice.take() {
            drop(sender);
            if tokio::time::timeout(FLUSH, &mut task.0).await.is_err() {
                self.fault.set("Redis announces nothing: it does not answer".to_owned());
            }
        }
        self.fault()
    }
}

/// Whether Redis lets us in and answers; why not, without what could be a secret.
///
/// # Errors
/// In words.
pub async fn answers(url: &Secret) -> Result<(), String> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(ANSWER))
        .set_response_timeout(Some(ANSWER));
    let client = client(url)?;
    let asked = tokio::time::timeout(ANSWER, async {
        let mut session = client.get_multiplexed_async_connection_with_config(&config).await?;
        let _pong: String = redis::cmd("PING").query_async(&mut session).await?;
        Ok::<_, RedisError>(())
    });
    asked.await.map_err(|_| "it does not answer".to_owned())?.map_err(|e| words(&e))
}

/// What failed, without what could be a secret: the crate's words for the kind, and the server's
/// code.
fn words(error: &RedisError) -> String {
    if error.is_timeout() {
        return "it does not answer".to_owned();
    }
    match error.kind() {
        _ if error.is_connection_refusal() => "nobody listens there".to_owned(),
        ErrorKind::AuthenticationFailed => "it refused the user or the password".to_owned(),
        _ => match error.code() {
            Some(code) => format!("{} ({code})", error.category()),
            None => error.category().to_owned(),
        },
    }
}

fn client(url: &Secret) -> Result<Client, String> {
    // The crate's words may quote the URL.
    Client::open(url.expose()).map_err(|_| "its URL cannot be read".to_owned())
}

async fn listen(url: &Secret, channel: &str, woken: &Notify) -> Result<(), String> {
    let client = client(url)?;
    let subscribed = tokio::time::timeout(ANSWER, async {
        let mut session = client.get_async_pubsub().await?;
        session.subscribe(channel).await?;
        Ok::<_, RedisError>(session)
    });
    let session = subscribed.await.map_err(|_| "it does not answer".to_owned())?;
    let mut messages = session.map_err(|e| words(&e))?.into_on_message();
    while messages.next().await.is_some() {
        woken.notify_one();
    }
    Err("the connection was lost".to_owned())
}

async fn speak(
    url: &Secret,
    channel: &str,
    mut waiting: mpsc::Receiver<String>,
) -> Result<(), String> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(ANSWER))
        .set_response_timeout(Some(ANSWER));
    let client = client(url)?;
    let session = client.get_multiplexed_async_connection_with_config(&config);
    let session = tokio::time::timeout(ANSWER, session).await;
    let session = session.map_err(|_| "it does not answer".to_owned())?;
    let mut session = session.map_err(|e| words(&e))?;
    while let Some(message) = waiting.recv().await {
        let _heard_by: u64 = session.publish(channel, message).await.map_err(|e| words(&e))?;
    }
    Ok(())
}
