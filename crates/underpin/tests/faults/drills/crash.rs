//! Something dies: the server, one of its processes, or ours.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use underpin_testkit::machine::Stop;

use super::{BUILDING, DATABASE, SLEEPING, Shown, Stage, end_of, signal};
use crate::lab::{Ended, ended};

/// Work at the server ends so soon after the death of its client (with the half second between
/// two looks of `client_connection_check_interval`, and a loaded machine).
const ORPHAN_MAX: Duration = Duration::from_millis(1500);
/// After SIGTERM the program is gone.
const TERM_MAX: Duration = Duration::from_secs(8);

pub(super) async fn restart_mid_ddl(major: u32) -> Shown {
    let mut stage = Stage::new(major, &[]).await;
    stage.sleep(10).await;
    let url = stage.url();
    let (child, _) = stage.until(&url, SLEEPING).await;
    stage.machine.down(Stop::Immediate).unwrap();
    stage.machine.up().await.unwrap();
    stage.wake().await;
    let broken = end_of(child).await;
    stage.heal(&url, &broken, "immediate stop and start".to_owned()).await
}

pub(super) async fn restart_mid_concurrently(major: u32) -> Shown {
    let mut stage = Stage::new(major, &[]).await;
    let _holds = stage.hold_builds().await;
    let url = stage.url();
    let (child, _) = stage.until(&url, BUILDING).await;
    stage.machine.down(Stop::Immediate).unwrap();
    stage.machine.up().await.unwrap();
    let broken = end_of(child).await;
    stage.heal(&url, &broken, "immediate stop and start".to_owned()).await
}

pub(super) async fn backend_killed(major: u32) -> Shown {
    let stage = Stage::new(major, &[]).await;
    stage.sleep(10).await;
    let url = stage.url();
    let (child, backend) = stage.until(&url, SLEEPING).await;
    let pid = rustix::process::Pid::from_raw(backend).unwrap();
    rustix::process::kill_process(pid, Signal::KILL).unwrap();
    // The server ends all sessions and recovers.
    tokio::time::sleep(Duration::from_millis(200)).await;
    stage.wake().await;
    let broken = end_of(child).await;
    stage.heal(&url, &broken, "SIGKILL of the backend".to_owned()).await
}

pub(super) async fn kill_mid_statement(major: u32) -> Shown {
    let stage = Stage::new(major, &[]).await;
    stage.sleep(8).await;
    orphan(&stage, major, SLEEPING).await
}

pub(super) async fn kill_mid_concurrently(major: u32) -> Shown {
    let stage = Stage::new(major, &[]).await;
    let holds = stage.hold_builds().await;
    let url = stage.url();
    let (child, backend) = stage.until(&url, BUILDING).await;
    signal(&child, Signal::KILL);
    let broken = end_of(child).await;
    if major < 14 {
        // The next run ends that work, and waits for the other transaction in its own.
        let ends_it = async {
            tokio::time::sleep(Duration::from_secs(5)).await;
            let alive = format!("SELECT pid FROM pg_stat_activity WHERE pid = {backend}");
            let observer = stage.session("postgres").await;
            let gone = observer.value(&alive).await.unwrap().is_none();
            drop(holds);
            gone
        };
        let words = "before PostgreSQL 14".to_owned();
        let (shown, gone) = tokio::join!(stage.heal(&url, &broken, words), ends_it);
        return match shown {
            Shown::Kept(words) if !gone => {
                Shown::Broken(format!("the dead run's build went on; {words}"))
            }
            shown => shown,
        };
    }
    let orphaned = stage.until_idle(BUILDING).await;
    drop(holds);
    let shown = stage.heal(&url, &broken, format!("orphaned for {orphaned:.1?}")).await;
    judge_orphan(shown, orphaned, major)
}

async fn orphan(stage: &Stage, major: u32, query: &str) -> Shown {
    let url = stage.url();
    let (child, _) = stage.until(&url, query).await;
    signal(&child, Signal::KILL);
    let broken = end_of(child).await;
    if major < 14 {
        // Only the next run can end that work.
        let begun = Instant::now();
        stage.wake().await;
        let shown = stage.heal(&url, &broken, "before PostgreSQL 14".to_owned()).await;
        return match shown {
            Shown::Kept(words) if begun.elapsed() > Duration::from_secs(6) => {
                Shown::Broken(format!("it waited for the dead run's statement to end; {words}"))
            }
            shown => shown,
        };
    }
    let orphaned = stage.until_idle(query).await;
    stage.wake().await;
    let shown = stage.heal(&url, &broken, format!("orphaned for {orphaned:.1?}")).await;
    judge_orphan(shown, orphaned, major)
}

fn judge_orphan(shown: Shown, orphaned: Duration, major: u32) -> Shown {
    match shown {
        Shown::Kept(words) | Shown::Stopped(words) if major >= 14 && orphaned > ORPHAN_MAX => {
            Shown::Broken(format!("the server went on without its client; {words}"))
        }
        shown => shown,
    }
}

pub(super) async fn term_mid_statement(major: u32) -> Shown {
    let stage = Stage::new(major, &[]).await;
    stage.sleep(15).await;
    term(&stage, Signal::TERM, 1).await
}

pub(super) async fn int_mid_statement(major: u32) -> Shown {
    let stage = Stage::new(major, &[]).await;
    stage.sleep(15).await;
    term(&stage, Signal::INT, 1).await
}

pub(super) async fn term_twice(major: u32) -> Shown {
    let stage = Stage::new(major, &[]).await;
    stage.sleep(15).await;
    term(&stage, Signal::TERM, 2).await
}

pub(super) async fn term_mid_concurrently(major: u32) -> Shown {
    let stage = Stage::new(major, &[]).await;
    let holds = stage.hold_builds().await;
    let url = stage.url();
    let (child, _) = stage.until(&url, BUILDING).await;
    // Whoever drops the index that is left over waits for this lock.
    holds.simple_query("SELECT count(*) FROM \"account\"").await.unwrap();
    let begun = Instant::now();
    signal(&child, Signal::TERM);
    let broken = ended(child, begun).await;
    let idle = stage.until_idle(BUILDING).await;
    drop(holds);
    finish(&stage, &broken, idle).await
}

/// It waits for another process's lock when it is told to stop.
pub(super) async fn term_while_waiting(major: u32) -> Shown {
    let stage = Stage::new(major, &[]).await;
    let url = stage.url();
    let holder = stage.session(DATABASE).await;
    holder.simple_query("SELECT pg_advisory_lock(72707369)").await.unwrap();
    let child = stage.start(&url);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let begun = Instant::now();
    signal(&child, Signal::TERM);
    let broken = ended(child, begun).await;
    drop(holder);
    finish(&stage, &broken, Duration::ZERO).await
}

async fn term(stage: &Stage, how: Signal, times: u32) -> Shown {
    let url = stage.url();
    let (child, _) = stage.until(&url, SLEEPING).await;
    let begun = Instant::now();
    for _ in 0..times {
        signal(&child, how);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let broken = ended(child, begun).await;
    let idle = stage.until_idle(SLEEPING).await;
    stage.wake().await;
    finish(stage, &broken, idle).await
}

async fn finish(stage: &Stage, broken: &Ended, idle: Duration) -> Shown {
    let words =
        format!("gone {:.1?} after the signal, the server idle {idle:.1?} later", broken.took);
    let shown = stage.heal(&stage.url(), broken, words.clone()).await;
    if broken.took > TERM_MAX || idle > ORPHAN_MAX {
        return Shown::Broken(format!("not in time: {words}"));
    }
    if broken.exit.is_none() {
        return Shown::Broken(format!("it did not end by itself: {words}"));
    }
    shown
}
