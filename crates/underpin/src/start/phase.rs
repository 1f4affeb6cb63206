//! How far a start is: told by its events, read by health.

use std::time::Duration;

use tokio::sync::watch;
use underpin_core::event::{Event, EventSink};

/// How far it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub(super) struct Phase {
    /// A stable word.
    phase: &'static str,
    /// The migration that runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    migration: Option<String>,
    /// Its place, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<usize>,
    /// Of how many.
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<usize>,
    /// The code of the error after which it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
}

impl Phase {
    fn word(phase: &'static str) -> Self {
        Self { phase, ..Self::default() }
    }

    /// The phase that an event begins, if it begins one.
    fn begun_by(event: &Event) -> Option<Self> {
        Some(match event {
            Event::ServerAwaited { .. } => Self::word("waiting_for_server"),
            Event::Connected { .. } => Self::word("examining"),
            Event::LockWaiting { .. } => Self::word("waiting_for_turn"),
            Event::LockAcquired { .. } => Self::word("preparing"),
            Event::BackupPhase { .. } => Self::word("backing_up"),
            Event::MigrationStarted { name, number, of } => Self {
                migration: Some(name.clone()),
                number: Some(*number),
                of: Some(*of),
                ..Self::word("migrating")
            },
            Event::Verified { .. } | Event::NotVerified { .. } => Self::word("verified"),
            Event::Finished { .. } => Self::word("starting"),
            Event::Failed { error } => {
                Self { error: Some(error.code().id()), ..Self::word("failed") }
            }
            _ => return None,
        })
    }

    /// As one JSON document.
    pub(super) fn document(&self, running: Duration) -> String {
        let word = if self.phase.is_empty() { "beginning" } else { self.phase };
        let mut document = serde_json::to_value(self).unwrap_or_default();
        document["phase"] = word.into();
        document["seconds"] = running.as_secs().into();
        format!("{document}\n")
    }
}

/// Hands events on, and tells the phase.
pub(super) struct Watched {
    pub(super) sink: Box<dyn EventSink>,
    pub(super) phase: watch::Sender<Phase>,
}

impl EventSink for Watched {
    fn emit(&mut self, event: &Event) {
        if let Some(phase) = Phase::begun_by(event) {
            self.phase.send_replace(phase);
        }
        self.sink.emit(event);
    }
}
