//! Events as lines of a container's log, on stdout.

use underpin_core::event::{Event, EventSink};

use super::{inert, out, span, words};

/// Prints each event when it happens.
pub(super) struct Lines;

impl EventSink for Lines {
    fn emit(&mut self, event: &Event) {
        for text in lines(event) {
            out(&line(&text));
        }
    }
}

/// One line with its mark.
pub(super) fn line(text: &str) -> String {
    format!("[MIGRATE] {}", inert(text))
}

/// The lines of one event, without the mark.
pub(super) fn lines(event: &Event) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some((verb, text, duration)) = words(event) {
        let time = duration.map(|d| format!(" ({})", span(d))).unwrap_or_default();
        lines.push(format!("{}: {text}{time}", verb.to_lowercase()));
    }
    match event {
        Event::Warning { message, details, .. } => {
            lines.push(format!("warning: {message}"));
            lines.extend(details.iter().map(|d| format!("warning:   {d}")));
        }
        Event::FolderRead { remarks, .. } => {
            lines.extend(remarks.iter().map(|r| format!("note: {r}")))
        }
        Event::ScratchReady { unchecked, .. } => {
            lines.extend(unchecked.iter().map(|u| format!("unchecked: {u}")));
        }
        _ => {}
    }
    lines
}
