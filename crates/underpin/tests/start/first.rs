//! As process 1 of a container: a process namespace of its own.

use std::process::{Child, Command, Stdio};
use std::time::Instant;

use rustix::process::{Pid, Signal, kill_process};

use super::stage::{Stage, ended};
use super::{LONG_SLEEP, SLEEP, TABLE};

/// `unshare` needs rights that not every machine gives.
fn is_allowed() -> bool {
    let mut probe = Command::new("unshare");
    probe.args(["--pid", "--fork", "--mount-proc", "true"]);
    let allowed = probe.stderr(Stdio::null()).status().is_ok_and(|status| status.success());
    if !allowed {
        eprintln!("SKIPPED: this machine allows no process namespaces");
    }
    allowed
}

/// `script` as process 1; `$UNDERPIN` is the program.
fn contained(stage: &Stage, script: &str) -> Child {
    let mut command = Command::new("unshare");
    command.args(["--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c", script]);
    stage.surround(&mut command);
    command.env("UNDERPIN", Stage::program()).spawn().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_application_becomes_process_1_and_orphans_are_waited_for() {
    if !is_allowed() {
        return;
    }
    let stage = Stage::new(&[TABLE, SLEEP]).await;
    // The sleepers have lost their parent and end while the migration runs. A shell would wait for
    // them when it waits for a child of its own, so that one has none.
    let child = contained(
        &stage,
        "(sleep 0.3 &); (sleep 0.4 &); \
         exec \"$UNDERPIN\" deploy -- sh -c 'echo pid=$$ child=$UNDERPIN_START_CHILD; \
         exec grep -h ^State /proc/[0-9]*/status'",
    );
    let ended = ended(child);
    assert!(ended.code == Some(0) && ended.out.contains("pid=1 child=\n"), "{ended:?}");
    assert!(ended.out.contains("State:") && !ended.out.contains("zombie"), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn process_1_hands_sigterm_on_and_starts_nothing() {
    if !is_allowed() {
        return;
    }
    let stage = Stage::new(&[TABLE, LONG_SLEEP]).await;
    let child = contained(&stage, "exec \"$UNDERPIN\" deploy -- sh -c 'echo up'");
    stage.until_it_sleeps().await;
    // From outside, process 1 is the child of `unshare`.
    let list = format!("/proc/{0}/task/{0}/children", child.id());
    let first = std::fs::read_to_string(list).unwrap();
    let first = Pid::from_raw(first.trim().parse().unwrap()).unwrap();
    let told = Instant::now();
    kill_process(first, Signal::TERM).unwrap();
    stage.is_stopped(child, told).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn process_1_passes_the_code_of_a_failure() {
    if !is_allowed() {
        return;
    }
    let stage = Stage::new(&[TABLE, super::FAILS]).await;
    let child = contained(&stage, "exec \"$UNDERPIN\" deploy -- sh -c 'echo up'");
    let ended = ended(child);
    assert!(ended.code == Some(1) && ended.err.contains("UP-4101"), "{ended:?}");
    assert!(!ended.out.contains("up\n"), "{ended:?}");
}
