//! The application that lives in the database while it is migrated.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::lab::observe;

/// It writes all the time; a table that is not there yet is no fault.
const QUERY: &str = "UPDATE \"account\" SET \"name\" = \"name\" WHERE \"id\" = 7";
const PAUSE: Duration = Duration::from_millis(20);

/// A running application.
pub(crate) struct App {
    stop: Arc<AtomicBool>,
    task: tokio::task::JoinHandle<Stalls>,
}

/// What it felt.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stalls {
    /// The longest query.
    pub(crate) longest: Duration,
    /// What the server answered that it should not have.
    pub(crate) errors: Vec<String>,
}

impl App {
    /// Starts it.
    pub(crate) async fn start(url: &str) -> Self {
        let session = observe(url).await;
        let stop = Arc::new(AtomicBool::new(false));
        let stopping = Arc::clone(&stop);
        let task = tokio::spawn(async move {
            let mut stalls = Stalls::default();
            while !stopping.load(Ordering::Relaxed) {
                let begun = Instant::now();
                let answer = session.simple_query(QUERY).await;
                stalls.longest = stalls.longest.max(begun.elapsed());
                match answer {
                    Err(error) if error.is("42P01") => {}
                    Err(error) => stalls.errors.push(error.to_string()),
                    Ok(_) => {}
                }
                tokio::time::sleep(PAUSE).await;
            }
            stalls
        });
        Self { stop, task }
    }

    /// Stops it.
    pub(crate) async fn stop(self) -> Stalls {
        self.stop.store(true, Ordering::Relaxed);
        self.task.await.unwrap()
    }
}
