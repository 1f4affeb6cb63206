//! One thread per instance: the engine's handle must be made, used and dropped on the same one.
//!
//! Purpose: an asynchronous session in front of a synchronous engine. Invariants: one query at a
//! time; a panic or a failure of the engine ends the instance with an error and nothing else; a
//! query whose caller has gone away still runs to its end, because the engine cannot be
//! interrupted. Waiting for the start and the end of an instance is bounded.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use underpin_core::postgres::embedded::{CloseFuture, EmbeddedDatabase};
use underpin_core::postgres::{Notice, QueryFuture, Queryable, ResultSet, ServerVersion, SqlError};
use underpin_core::{Code, Error, Result};

use super::wire::{self, Reply};

/// How long an instance may take to start: the first one ever unpacks and compiles nothing, but a
/// slow disk is slow.
const START_TIMEOUT: Duration = Duration::from_secs(120);
/// How long closing is waited for; a thread that takes longer is left to itself.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);
/// Generous: a deep view or a recursive function runs on it.
const STACK_BYTES: usize = 16 << 20;
const THREAD: &str = "underpin-embedded";

/// What the thread drives.
pub(super) trait Backend {
    /// Sends protocol bytes and gives the answer's.
    fn send(&mut self, message: &[u8]) -> std::result::Result<Vec<u8>, String>;

    /// Ends the instance.
    fn close(&mut self);
}

/// The results, and the notices of the way there.
type Answer = (std::result::Result<Vec<ResultSet>, SqlError>, Vec<Notice>);

struct Query {
    sql: String,
    answer: oneshot::Sender<Answer>,
}

/// The session with one instance.
#[derive(Debug)]
pub(super) struct Instance {
    queries: mpsc::Sender<Query>,
    ended: oneshot::Receiver<()>,
    version: ServerVersion,
    notices: Vec<Notice>,
}

impl Instance {
    /// Starts a thread, and on it an instance.
    ///
    /// # Errors
    /// UP-3102.
    pub(super) async fn start<B: Backend>(
        open: impl FnOnce() -> std::result::Result<B, String> + Send + 'static,
        version: ServerVersion,
        permit: OwnedSemaphorePermit,
    ) -> Result<Self> {
        quiet_panics();
        let (queries, received) = mpsc::channel(1);
        let (opened, is_open) = oneshot::channel();
        let (ending, ended) = oneshot::channel();
        let work = move || {
            run(open, opened, received);
            drop(permit);
            let _nobody_waits = ending.send(());
        };
        std::thread::Builder::new()
            .name(THREAD.to_owned())
            .stack_size(STACK_BYTES)
            .spawn(work)
            .map_err(|e| failed("its thread could not be started").caused_by(e))?;
        match tokio::time::timeout(START_TIMEOUT, is_open).await {
            Ok(Ok(Ok(()))) => Ok(Self { queries, ended, version, notices: Vec::new() }),
            Ok(Ok(Err(words))) => Err(failed("it did not start").caused_by(words)),
            Ok(Err(_)) => Err(failed("it ended at its start")),
            Err(_) => {
                let seconds = START_TIMEOUT.as_secs();
                Err(failed(&format!("it did not start within {seconds} s")))
            }
        }
    }

    async fn ask(&mut self, sql: &str) -> std::result::Result<Vec<ResultSet>, SqlError> {
        let (answer, answered) = oneshot::channel();
        let query = Query { sql: sql.to_owned(), answer };
        let gone = || lost("the embedded PostgreSQL has ended");
        self.queries.send(query).await.map_err(|_| gone())?;
        let (result, notices) = answered.await.map_err(|_| gone())?;
        let room = wire::NOTICES_MAX.saturating_sub(self.notices.len());
        self.notices.extend(notices.into_iter().take(room));
        result
    }
}

impl Queryable for Instance {
    fn query<'a>(&'a mut self, sql: &'a str) -> QueryFuture<'a> {
        Box::pin(self.ask(sql))
    }

    fn version(&self) -> ServerVersion {
        self.version
    }
}

impl EmbeddedDatabase for Instance {
    fn take_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }

    fn close(self: Box<Self>) -> CloseFuture {
        let Self { queries, ended, .. } = *self;
        Box::pin(async move {
            drop(queries); // the thread sees that no query can come any more
            let _left_to_itself = tokio::time::timeout(CLOSE_TIMEOUT, ended).await;
        })
    }
}

/// The thread's life.
fn run<B: Backend>(
    open: impl FnOnce() -> std::result::Result<B, String>,
    opened: oneshot::Sender<std::result::Result<(), String>>,
    mut queries: mpsc::Receiver<Query>,
) {
    let mut backend = match guarded(open) {
        Ok(backend) => backend,
        Err(words) => {
            let _nobody_waits = opened.send(Err(words));
            return;
        }
    };
    if opened.send(Ok(())).is_ok() {
        while let Some(Query { sql, answer }) = queries.blocking_recv() {
            let result = answer_to(&mut backend, &sql);
            let is_over = matches!(&result, (Err(error), _) if error.connection_lost);
            let _nobody_waits = answer.send(result);
            if is_over {
                break;
            }
        }
    }
    let _nobody_asks = guarded(|| {
        backend.close();
        Ok(())
    });
}

fn answer_to(backend: &mut impl Backend, sql: &str) -> Answer {
    let sent = wire::query(sql)
        .and_then(|message| guarded(|| backend.send(&message)).map_err(|words| lost(&words)));
    let reply = match sent {
        Ok(bytes) => Reply::read(&bytes),
        Err(error) => return (Err(error), Vec::new()),
    };
    let result = match reply.error {
        Some(mut error) => {
            error.connection_lost |= !reply.ready;
            Err(error)
        }
        None if reply.ready => Ok(reply.sets),
        None => Err(lost("the embedded PostgreSQL ended in the middle of an answer")),
    };
    (result, reply.notices)
}

/// Runs a step of the engine; a panic becomes words.
fn guarded<T>(
    step: impl FnOnce() -> std::result::Result<T, String>,
) -> std::result::Result<T, String> {
    catch_unwind(AssertUnwindSafe(step)).unwrap_or_else(|panic| {
        let words = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("without a word");
        Err(format!("the embedded PostgreSQL broke down: {words}"))
    })
}

/// A panic on our threads is reported as an error; printing it too would only show places in
/// somebody's source.
fn quiet_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if std::thread::current().name() != Some(THREAD) {
                before(panic);
            }
        }));
    });
}

fn lost(words: &str) -> SqlError {
    SqlError { message: words.to_owned(), connection_lost: true, ..SqlError::default() }
}

/// UP-3102.
pub(super) fn failed(words: &str) -> Error {
    Error::new(Code::ScratchFailed, "the embedded PostgreSQL cannot be used").caused_by(words)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::Semaphore;

    use super::*;

    /// Does what its query says.
    struct Fake;

    impl Backend for Fake {
        fn send(&mut self, message: &[u8]) -> std::result::Result<Vec<u8>, String> {
            match String::from_utf8_lossy(&message[5..]).trim_end_matches('\0') {
                "panic" => panic!("out of {}", "memory"),
                "fail" => Err("a trap".to_owned()),
                "cut" => Ok(b"C\0\0\0\x09".to_vec()),
                _ => Ok(b"I\0\0\0\x04Z\0\0\0\x05I".to_vec()),
            }
        }

        fn close(&mut self) {
            panic!("even its end fails");
        }
    }

    async fn fake(permits: &Arc<Semaphore>) -> Box<Instance> {
        let permit = Arc::clone(permits).acquire_owned().await.unwrap();
        Box::new(Instance::start(|| Ok(Fake), ServerVersion(180_004), permit).await.unwrap())
    }

    #[tokio::test]
    async fn a_panic_a_failure_and_a_cut_answer_end_the_instance_and_nothing_else() {
        let permits = Arc::new(Semaphore::new(1));
        for (sql, words) in [
            ("panic", "the embedded PostgreSQL broke down: out of memory"),
            ("fail", "a trap"),
            ("cut", "the embedded PostgreSQL ended in the middle of an answer"),
        ] {
            let mut instance = fake(&permits).await;
            assert_eq!(instance.query("good").await.unwrap().len(), 1);
            let error = instance.query(sql).await.unwrap_err();
            assert!(error.connection_lost);
            assert_eq!(error.message, words);
            let error = instance.query("good").await.unwrap_err();
            assert!(error.connection_lost, "{error}");
            instance.close().await;
            assert_eq!(permits.available_permits(), 1, "its place is free again");
        }
    }

    #[tokio::test]
    async fn a_panic_while_starting_is_up_3102() {
        let permit = Arc::new(Semaphore::new(1)).acquire_owned().await.unwrap();
        let open = || -> std::result::Result<Fake, String> { panic!("no such luck") };
        let error = Instance::start(open, ServerVersion(180_004), permit).await.unwrap_err();
        assert_eq!(error.code().id(), "UP-3102");
        assert!(error.causes().join("\n").contains("no such luck"), "{error:?}");
    }
}
