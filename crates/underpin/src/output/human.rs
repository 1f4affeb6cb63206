//! Events as aligned lines for a person, on stderr.

use std::time::Duration;

use owo_colors::OwoColorize as _;
use underpin_core::event::{Event, EventSink};

use super::progress::Bar;
use super::{err, inert, span, words};

/// The column that verbs end in.
const VERB_WIDTH: usize = 11;
/// The column that durations end in.
const LINE_WIDTH: usize = 100;

/// Prints each event when it happens. What only says how far something is becomes a bar, where one
/// can be drawn.
pub(super) struct Lines {
    quiet: bool,
    bar: Option<Bar>,
}

impl Lines {
    pub(super) fn new(quiet: bool, bar: bool) -> Self {
        Self { quiet, bar: bar.then(Bar::default) }
    }
}

impl EventSink for Lines {
    fn emit(&mut self, event: &Event) {
        if let Some(bar) = &mut self.bar
            && bar.takes(event)
        {
            return;
        }
        for line in lines(event, self.quiet) {
            err(&line);
        }
    }
}

/// The lines of one event.
pub(super) fn lines(event: &Event, quiet: bool) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some((verb, text, duration)) = words(event) {
        let loud = matches!(
            event,
            Event::LockWaiting { .. }
                | Event::ServerAwaited { .. }
                | Event::Repaired { .. }
                | Event::ApplicationStarts { despite: Some(_), .. }
                | Event::ApplicationHeld { .. }
                | Event::NotVerified { .. }
                | Event::ServerNotice { .. }
                | Event::TookOver { .. }
                | Event::Degraded { .. }
                | Event::Healed { .. }
                | Event::Resumed { .. }
                | Event::ConnectionRestored { .. }
        );
        if loud || !quiet {
            lines.push(line(verb, &text, duration, loud));
        }
    }
    match event {
        Event::Warning { message, details, .. } => {
            lines.push(line("Warning", message, None, true));
            lines.extend(details.iter().map(|d| line("", &format!("  {d}"), None, false)));
        }
        Event::Explained { assumed, missing, .. } => {
            lines.extend(assumed.iter().map(|a| line("", &format!("  assumed: {a}"), None, false)));
            lines.extend(missing.iter().map(|m| line("", &format!("  to run: {m}"), None, false)));
        }
        Event::FolderRead { remarks, .. } => {
            lines.extend(remarks.iter().map(|remark| line("Note", remark, None, true)));
        }
        Event::ScratchReady { unchecked, .. } => {
            lines.extend(unchecked.iter().map(|u| line("Unchecked", u, None, true)));
        }
        _ => {}
    }
    lines
}

fn line(verb: &str, text: &str, duration: Option<Duration>, loud: bool) -> String {
    let text = inert(text);
    let padded = format!("{verb:>VERB_WIDTH$}");
    let verb =
        if loud { padded.yellow().bold().to_string() } else { padded.green().bold().to_string() };
    match duration {
        None => format!("{verb}  {text}"),
        Some(duration) => {
            let time = span(duration);
            let used = VERB_WIDTH + 2 + text.chars().count();
            let room = LINE_WIDTH.saturating_sub(used).max(time.chars().count() + 2);
            format!("{verb}  {text}{}", format!("{time:>room$}").dimmed())
        }
    }
}
