//! As process 1 of a container.
//!
//! The kernel hands every orphan of the container to process 1, which has to wait for it, and
//! delivers it no signal that it does not listen for (`pid_namespaces(7)`). The deploy has
//! children of its own (`pg_dump`, a scratch server) whose ends it waits for itself, so it runs in a
//! child: process 1 waits for whatever ends, hands signals on, and when the deploy has succeeded
//! becomes the application.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, getpid, kill_process, wait};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;

/// Set for the child that does the work.
const CHILD: &str = "UNDERPIN_START_CHILD";

/// Whether this process is process 1, and the work is not its own.
pub(super) fn is_needed() -> bool {
    getpid().is_init()
}

/// Whether this process does the work of a process 1: that one becomes the application.
pub(super) fn is_child() -> bool {
    !is_needed() && std::env::var_os(CHILD).is_some()
}

/// Runs this same command line in a child, to its end. Its exit code, 128 and more after a signal;
/// `None` when there can be no child.
pub(super) fn supervise() -> Option<u8> {
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGQUIT, SIGHUP]).ok()?;
    let mut words = std::env::args_os();
    let first = words.next().unwrap_or_else(|| OsString::from("underpin"));
    let program = std::env::current_exe().unwrap_or_else(|_| first.clone().into());
    let mut command = Command::new(program);
    // A group of its own: what a terminal sends to the group reaches it once, through us.
    command.arg0(first).args(words).env(CHILD, "1").process_group(0);
    let child = command.spawn().ok()?;
    let pid = Pid::from_child(&child);
    // Empty once it has ended: its number may then be another's.
    let running = Arc::new(Mutex::new(Some(pid)));
    let target = Arc::clone(&running);
    std::thread::spawn(move || {
        for _ in signals.forever() {
            if let Some(pid) = *target.lock().unwrap_or_else(PoisonError::into_inner) {
                let _ended_meanwhile = kill_process(pid, Signal::TERM);
            }
        }
    });
    loop {
        match wait(WaitOptions::empty()) {
            Ok(Some((ended, status))) if ended == pid => {
                *running.lock().unwrap_or_else(PoisonError::into_inner) = None;
                return Some(code(status));
            }
            // An orphan that has ended.
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => return Some(1),
        }
    }
}

fn code(status: WaitStatus) -> u8 {
    let code = match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => code,
        (None, Some(signal)) => 128 + signal,
        (None, None) => 1,
    };
    u8::try_from(code).unwrap_or(1)
}
