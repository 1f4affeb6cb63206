//! Several processes, and what stands in their way.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use tokio::task::JoinSet;

use super::{DATABASE, MIGRATIONS, SLEEPING, Shown, Stage, cache, end_of, signal};
use crate::check;
use crate::lab::{LOCK_BUDGET, Project, ended};

/// Longer than a lease lasts without renewal, and than a transaction may idle.
const PAUSE_MAX: &str = "80";

pub(super) async fn twenty_short(major: u32) -> Shown {
    twenty(major, 2).await
}

pub(super) async fn twenty_long(major: u32) -> Shown {
    twenty(major, 15).await
}

/// One migrates, nineteen wait and succeed.
async fn twenty(major: u32, seconds: u32) -> Shown {
    let stage = Stage::new(major, &[]).await;
    stage.sleep(seconds).await;
    let url = stage.url();
    let mut all = JoinSet::new();
    for _ in 0..20 {
        let child = stage.project.command(&url, &["deploy"]).spawn().unwrap();
        all.spawn(async move { ended(child, Instant::now()).await });
    }
    let ends = all.join_all().await;
    let failed: Vec<String> =
        ends.iter().filter(|end| !end.is_success()).map(crate::lab::Ended::phrase).collect();
    if let Some(end) = ends.iter().find(|end| !end.is_success()) {
        println!("one of those that failed said:\n{}", end.text);
    }
    let migrators = ends.iter().filter(|end| end.applied > 0).count();
    let slowest = ends.iter().map(|end| end.took).max().unwrap_or_default();
    let words =
        format!("{migrators} migrated, {} failed {failed:?}, slowest {slowest:.1?}", failed.len());
    let shown = stage.judge(&url, &ends[0], &ends[..1], words.clone()).await;
    if !failed.is_empty() || migrators != 1 {
        return Shown::Broken(words);
    }
    shown
}

/// Ten of the old image, which knows one migration less, and ten of the new one.
pub(super) async fn two_images(major: u32) -> Shown {
    let stage = Stage::new(major, &[]).await;
    stage.sleep(2).await;
    let url = stage.url();
    let old = Project::new(&MIGRATIONS[..2], &cache(), &stage.machine.binaries().folder);
    let mut all = JoinSet::new();
    for n in 0..20 {
        let project = if n % 2 == 0 { &old } else { &stage.project };
        let child = project.command(&url, &["deploy", "--wait", "60"]).spawn().unwrap();
        all.spawn(async move { ended(child, Instant::now()).await });
    }
    let ends = all.join_all().await;
    let applied: usize = ends.iter().map(|end| end.applied).sum();
    if let Some(end) = ends.iter().find(|end| !end.is_success()) {
        return Shown::Broken(format!("one of them failed: {}", end.text));
    }
    if applied != MIGRATIONS.len() {
        return Shown::Broken(format!("{applied} migrations were applied"));
    }
    stage.judge(&url, &ends[0], &ends[..1], format!("{} succeeded", ends.len())).await
}

/// A holder that is stopped for longer than its lease, and wakes when another has done its work.
pub(super) async fn paused_holder(major: u32) -> Shown {
    let stage = Stage::new(major, &[]).await;
    stage.sleep(2).await;
    let url = stage.url();
    let (paused, _) = stage.until(&url, SLEEPING).await;
    signal(&paused, Signal::STOP);
    stage.wake().await;
    let other = stage.project.run(&url, &["deploy", "--wait", PAUSE_MAX]).await;
    let before = check::read(&url, super::EFFECTS).await;
    signal(&paused, Signal::CONT);
    let woken = end_of(paused).await;
    let words = format!(
        "the other: {} in {:.1?}; the paused one afterwards: {}",
        other.phrase(),
        other.took,
        woken.phrase()
    );
    if !other.is_success() {
        return Shown::Broken(format!("nobody could overtake; {words}"));
    }
    if check::read(&url, super::EFFECTS).await != before {
        return Shown::Broken(format!("the paused one still changed something; {words}"));
    }
    stage.heal(&url, &woken, words).await
}

/// An application in a transaction holds a table that a migration needs; others must not queue
/// behind the migration for longer than the budget.
pub(super) async fn blocked_table(major: u32) -> Shown {
    let stage = Stage::new(major, &[]).await;
    let url = stage.url();
    stage.sleep(0).await;
    let first = stage.first_only(&url).await;
    assert!(first.is_success(), "{}", first.text);
    let holder = stage.session(DATABASE).await;
    holder.simple_query("BEGIN; SELECT count(*) FROM \"account\"").await.unwrap();
    let child = stage.start(&url);
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(3)).await;
        drop(holder);
    });
    let reader = stage.session(DATABASE).await;
    let mut longest = Duration::ZERO;
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(3) {
        let asked = Instant::now();
        reader.simple_query("SELECT count(*) FROM \"account\"").await.unwrap();
        longest = longest.max(asked.elapsed());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let broken = end_of(child).await;
    let words = format!("a reader waited for {longest:.1?} at most");
    if longest > LOCK_BUDGET + Duration::from_millis(500) {
        return Shown::Broken(words);
    }
    stage.heal(&url, &broken, words).await
}
