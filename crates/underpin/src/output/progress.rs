//! One line on a terminal that is drawn over: how far a dump, a restore, a copy or a replay is.
//!
//! Drawn when an event comes (at most once a second), never by a thread of its own, and gone before
//! anything else is printed. A library for bars would cost six crates for this one line.

use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use underpin_core::event::Event;

use super::size;

/// Characters of the bar itself.
const BAR_WIDTH: usize = 16;
/// A longer line would wrap on a narrow terminal, and could not be drawn over.
const LINE_WIDTH: usize = 79;
/// Before that the rate says little.
const RATE_AFTER: Duration = Duration::from_millis(500);

/// Whether stderr is a terminal that knows how to go back in a line.
pub(super) fn can_be_drawn() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// The line.
#[derive(Debug, Default)]
pub(super) struct Bar {
    phase: &'static str,
    begun: Option<Instant>,
    bytes: u64,
    of: Option<u64>,
    tables: Option<(u64, u64)>,
    drawn: bool,
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.clear();
    }
}

impl Bar {
    /// Draws an event that only says how far something is; every other one has the line to itself.
    pub(super) fn takes(&mut self, event: &Event) -> bool {
        match *event {
            Event::BackupPhase { phase } => {
                self.clear();
                *self = Self { phase, begun: Some(Instant::now()), ..Self::default() };
                self.draw();
            }
            Event::BackupProgress { bytes, of, .. } => {
                (self.bytes, self.of) = (bytes, of);
                self.draw();
            }
            Event::BackupTables { done, of, .. } => {
                self.tables = Some((done, of));
                self.draw();
            }
            Event::ReplayProgress { done, total } => {
                let begun = self.begun.filter(|_| self.phase == "replay");
                let begun = begun.or_else(|| Some(Instant::now()));
                *self = Self { phase: "replay", begun, drawn: self.drawn, ..Self::default() };
                self.put(&format!("{:>11}  replay {} {done} of {total}", "", bar(done, total)));
                if done == total {
                    self.clear();
                }
            }
            _ => {
                self.clear();
                return false;
            }
        }
        true
    }

    fn draw(&mut self) {
        let elapsed = self.begun.map_or(Duration::ZERO, |begun| begun.elapsed());
        let text = line(self.phase, self.bytes, self.of, self.tables, elapsed);
        self.put(&text);
    }

    fn put(&mut self, text: &str) {
        let text: String = text.chars().take(LINE_WIDTH).collect();
        let mut stderr = std::io::stderr().lock();
        let _closed = write!(stderr, "\r\x1b[2K{text}").and_then(|()| stderr.flush());
        self.drawn = true;
    }

    fn clear(&mut self) {
        if std::mem::take(&mut self.drawn) {
            let mut stderr = std::io::stderr().lock();
            let _closed = write!(stderr, "\r\x1b[2K").and_then(|()| stderr.flush());
        }
    }
}

/// `    restore [#####...........] 1.20 GB of 3.60 GB · 4/12 tables · 24 s left`.
fn line(
    phase: &str,
    bytes: u64,
    of: Option<u64>,
    tables: Option<(u64, u64)>,
    elapsed: Duration,
) -> String {
    let mut parts = Vec::new();
    match of {
        // What it will be is an estimate; when it is passed nothing is promised any more.
        Some(of) if bytes <= of && of > 0 => {
            parts.push(format!("{} {} of {}", bar(usize(bytes), usize(of)), size(bytes), size(of)))
        }
        _ if bytes > 0 => parts.push(size(bytes)),
        _ => parts.push("…".to_owned()),
    }
    if let Some((done, of)) = tables {
        parts.push(format!("{done}/{of} tables"));
    }
    parts.extend(left(bytes, of, elapsed).map(|left| format!("{left} left")));
    format!("{phase:>11}  {}", parts.join(" · "))
}

/// The time that is left at the rate until now.
fn left(bytes: u64, of: Option<u64>, elapsed: Duration) -> Option<String> {
    let rest = of?.checked_sub(bytes)?;
    if bytes == 0 || elapsed < RATE_AFTER {
        return None;
    }
    #[allow(clippy::cast_precision_loss)] // Seconds are shown.
    let seconds = elapsed.as_secs_f64() * rest as f64 / bytes as f64;
    Some(match seconds {
        ..100.0 => format!("{seconds:.0} s"),
        _ => format!("{:.0} min", seconds / 60.0),
    })
}

fn bar(done: usize, of: usize) -> String {
    let full = (done.saturating_mul(BAR_WIDTH) / of.max(1)).min(BAR_WIDTH);
    format!("[{}{}]", "#".repeat(full), ".".repeat(BAR_WIDTH - full))
}

fn usize(bytes: u64) -> usize {
    // Kilobytes, so that the product above fits on every machine.
    usize::try_from(bytes / 1024).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_far_and_how_long() {
        let ten = Duration::from_secs(10);
        let text = line("restore", 1_200_000_000, Some(3_600_000_000), Some((4, 12)), ten);
        assert_eq!(
            text,
            "    restore  [#####...........] 1.20 GB of 3.60 GB · 4/12 tables · 20 s left"
        );
        assert!(text.chars().count() <= LINE_WIDTH);
        assert_eq!(line("sample", 1500, None, None, ten), "     sample  2 kB");
        assert_eq!(
            line("dump", 0, Some(10), None, Duration::ZERO),
            "       dump  [................] 0 B of 10 B"
        );
        // More than was thought: no bar, no promise.
        assert_eq!(line("dump", 11, Some(10), None, ten), "       dump  11 B");
    }
}
