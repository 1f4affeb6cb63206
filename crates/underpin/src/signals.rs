//! SIGTERM and SIGINT: the first asks the run to stop, the second ends the process at once.
//!
//! Ending at once is as safe as the first: the server notices within half a second that we are
//! gone, and what was open is undone.

use std::sync::OnceLock;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use underpin_core::execute::Stop;

static STOP: OnceLock<Stop> = OnceLock::new();

/// The request that signals make.
pub(crate) fn stop() -> Stop {
    STOP.get().cloned().unwrap_or_default()
}

/// Listens from now on. Call inside the runtime, once.
pub(crate) fn listen() {
    let (sender, stop) = Stop::channel();
    if STOP.set(stop).is_err() {
        return;
    }
    for kind in [SignalKind::terminate(), SignalKind::interrupt()] {
        // A platform that cannot tell us ends the process as it always did.
        let Ok(mut signals) = signal(kind) else { continue };
        let sender: watch::Sender<bool> = sender.clone();
        tokio::spawn(async move {
            while signals.recv().await.is_some() {
                if sender.send_replace(true) {
                    end_at_once();
                }
                crate::output::err(
                    "stopping: the running statement is cancelled; a second signal ends the process at once",
                );
            }
        });
    }
}

#[allow(clippy::exit)] // The second signal means exactly this.
fn end_at_once() {
    std::process::exit(130);
}
