//! Reports and events as JSON. Inside one `schema` version fields are added, never changed.

use jiff::Timestamp;
use underpin_core::Error;
use underpin_core::event::{Event, EventSink};

use super::out;

#[derive(serde::Serialize)]
struct Document<'a, T> {
    schema: &'a str,
    #[serde(flatten)]
    report: &'a T,
}

/// The body of a run that failed.
#[derive(serde::Serialize)]
pub(super) struct Failure<'a> {
    pub(super) error: &'a Error,
}

/// An indented document.
pub(super) fn document<T: serde::Serialize>(schema: &str, report: &T) -> String {
    serde_json::to_string_pretty(&Document { schema, report }).unwrap_or_else(|e| e.to_string())
}

/// A document on one line.
pub(super) fn line<T: serde::Serialize>(schema: &str, report: &T) -> String {
    serde_json::to_string(&Document { schema, report }).unwrap_or_else(|e| e.to_string())
}

#[derive(serde::Serialize)]
struct Stamped<'a> {
    schema: &'static str,
    run: String,
    time: String,
    #[serde(flatten)]
    event: &'a Event,
}

/// Prints each event as one line when it happens.
pub(super) struct Ndjson {
    run: uuid::Uuid,
}

impl Ndjson {
    pub(super) fn new() -> Self {
        Self { run: uuid::Uuid::now_v7() }
    }
}

impl EventSink for Ndjson {
    fn emit(&mut self, event: &Event) {
        let stamped = Stamped {
            schema: "underpin/event@1",
            run: self.run.to_string(),
            time: Timestamp::now().to_string(),
            event,
        };
        out(&serde_json::to_string(&stamped).unwrap_or_else(|e| e.to_string()));
    }
}
