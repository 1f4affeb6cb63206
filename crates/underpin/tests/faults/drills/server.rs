//! The server is full, read-only, replaced, or behind a pooler.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use underpin_testkit::machine::{self, Stop};
use underpin_testkit::pooler::Pooler;
use underpin_testkit::proxy::{Proxy, Upstream};

use super::{DATABASE, SLEEPING, Shown, Stage, end_of};
use crate::check;

/// Five connections in all, none of them kept for superusers.
const FIVE: &[&str] =
    &["max_connections=5", "superuser_reserved_connections=0", "max_wal_senders=0"];

pub(super) async fn no_free_connection(major: u32) -> Shown {
    let stage = Stage::new(major, FIVE).await;
    let url = stage.url();
    let mut held = Vec::new();
    while let Ok(session) = stage.machine.connect("postgres").await {
        held.push(session);
    }
    let full = stage.project.deploy(&url).await;
    if full.is_success() || !full.explains() {
        return Shown::Broken(format!("with no free connection: {} {}", full.phrase(), full.text));
    }
    drop(held.pop());
    tokio::time::sleep(Duration::from_millis(200)).await;
    let one = stage.project.deploy(&url).await;
    if !one.is_success() && !one.explains() {
        return Shown::Broken(format!("with one free connection: {}", one.text));
    }
    drop(held.pop());
    tokio::time::sleep(Duration::from_millis(200)).await;
    let two = stage.project.deploy(&url).await;
    let words = format!(
        "none free: {} after {:.1?}; one: {}; two: {}",
        full.phrase(),
        full.took,
        one.phrase(),
        two.phrase()
    );
    drop(held);
    tokio::time::sleep(Duration::from_millis(200)).await;
    if !two.is_success() {
        return Shown::Broken(words);
    }
    stage.judge(&url, &full, &[two], words).await
}

/// A file system of a few megabytes; unmounted when it is dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn new(megabytes: u32) -> Result<Self, String> {
        let folder = machine::folder().map_err(|e| e.to_string())?;
        let disk = Self(folder);
        disk.mount(&format!("size={megabytes}m,mode=0777"))?;
        Ok(disk)
    }

    fn mount(&self, options: &str) -> Result<(), String> {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(&self.0);
        let output = mount.output().map_err(|e| e.to_string())?;
        if output.status.success() {
            return Ok(());
        }
        Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _unmounted = Command::new("umount").arg("-l").arg(&self.0).status();
        let _gone = std::fs::remove_dir(&self.0);
    }
}

pub(super) async fn disk_full(major: u32) -> Shown {
    let disk = match SmallDisk::new(24) {
        Ok(disk) => disk,
        Err(reason) => return Shown::Skipped(format!("no tmpfs can be mounted: {reason}")),
    };
    let stage = Stage::new(major, &[]).await;
    let small = disk.0.join("space");
    std::fs::create_dir(&small).unwrap();
    let owner = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(&disk.0).unwrap());
    let server = std::fs::metadata(stage.machine.data()).unwrap();
    let uid = std::os::unix::fs::MetadataExt::uid(&server);
    if owner != uid {
        std::os::unix::fs::chown(&small, Some(uid), None).unwrap();
    }
    let space = format!("CREATE TABLESPACE small LOCATION '{}'", small.display());
    stage.sql("postgres", &space).await;
    stage.sql("postgres", "ALTER DATABASE shop SET TABLESPACE small").await;
    stage.sql("postgres", "ALTER DATABASE shop SET fault.rows = '60000'").await;
    let url = stage.url();
    let broken = stage.project.deploy(&url).await;
    let full = broken.text.contains("53100");
    disk.mount("remount,size=256m").unwrap();
    let shown = stage.heal(&url, &broken, "the disk was made larger".to_owned()).await;
    stage.sql("postgres", "ALTER DATABASE shop SET TABLESPACE pg_default").await;
    match full {
        true => shown,
        false => Shown::Broken(format!("no word of the full disk: {}", broken.text)),
    }
}

pub(super) async fn promoted(major: u32) -> Shown {
    let mut stage = Stage::new(major, &[]).await;
    let standby = stage.machine.standby().await.unwrap();
    let refused = stage.project.deploy(&standby.url(DATABASE)).await;
    if refused.code.as_deref() != Some("UP-4002") || !refused.instructs() {
        return Shown::Broken(format!("a standby as target: {}", refused.text));
    }
    stage.sleep(10).await;
    // One name for both, as a failover has it.
    let proxy = Proxy::start(socket(&stage.machine)).await.unwrap();
    let (child, _) = stage.until(&proxy.url(DATABASE), SLEEPING).await;
    stage.wake().await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    stage.machine.down(Stop::Immediate).unwrap();
    proxy.redirect(socket(&standby));
    // The name leads to the standby a while before that is promoted.
    tokio::time::sleep(Duration::from_secs(2)).await;
    promote(&standby).await;
    let broken = end_of(child).await;
    stage.machine = standby;
    if !broken.is_success() {
        return Shown::Broken(format!("it did not wait for the promotion: {}", broken.text));
    }
    stage.heal(&stage.url(), &broken, "the standby was promoted 2 s later".to_owned()).await
}

fn socket(machine: &machine::Machine) -> Upstream {
    Upstream::Unix(machine.socket_folder().join(".s.PGSQL.5432"))
}

async fn promote(standby: &machine::Machine) {
    let session = standby.connect("postgres").await.unwrap();
    session.simple_query("SELECT pg_promote()").await.unwrap();
}

/// The standby was behind: a migration that was reported as done is gone with its history row.
pub(super) async fn failover_loses(major: u32) -> Shown {
    let mut stage = Stage::new(major, &[]).await;
    let mut standby = stage.machine.standby().await.unwrap();
    let first = stage.first_only(&stage.url()).await;
    assert!(first.is_success(), "{}", first.text);
    tokio::time::sleep(Duration::from_millis(500)).await;
    standby.down(Stop::Fast).unwrap();
    let lost = stage.project.deploy(&stage.url()).await;
    assert!(lost.is_success(), "{}", lost.text);
    stage.machine.down(Stop::Immediate).unwrap();
    standby.up().await.unwrap();
    promote(&standby).await;
    stage.machine = standby;
    let url = stage.url();
    let again = stage.project.run(&url, &["deploy", "--output", "ndjson"]).await;
    let told = ["regress", "backwards", "failover", "timeline", "lost"]
        .iter()
        .any(|word| again.text.contains(word));
    let words = format!("the loss was {}", if told { "reported" } else { "NOT REPORTED" });
    if std::env::var_os("UNDERPIN_DRILL").is_some() {
        println!("{}", again.text);
    }
    let shown = stage.judge(&url, &lost, std::slice::from_ref(&again), words.clone()).await;
    match shown {
        Shown::Kept(words) if !told => Shown::Broken(words),
        shown => shown,
    }
}

const ABSENT: &str = "there is no PgBouncer on this machine: ./dev setup";

pub(super) async fn pooled(major: u32) -> Shown {
    let stage = Stage::new(major, &[]).await;
    let Some(pooler) = Pooler::before(&stage.machine).await.unwrap() else {
        return Shown::Skipped(ABSENT.to_owned());
    };
    let through = pooler.url(DATABASE);
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let child = stage.start(&through);
        all.spawn(end_of(child));
    }
    let ends = all.join_all().await;
    let found = check::read(&stage.url(), super::EFFECTS).await;
    let said: Vec<String> = ends.iter().map(crate::lab::Ended::phrase).collect();
    if let Some(end) = ends.iter().find(|end| !end.is_success() && !end.explains()) {
        return Shown::Broken(format!("through the pooler: {} {said:?}", end.text));
    }
    let clean = &stage.clean;
    // What each of them says of "nothing" is true of itself only.
    let succeeded = ends.iter().filter(|end| end.is_success());
    if let Some(lie) = succeeded.filter_map(|end| check::lie(clean, &found, end)).next() {
        return Shown::Broken(format!("through the pooler: {lie} {said:?}"));
    }
    let twice = found.effects.iter().find(|(_, count)| **count > 1);
    if let Some((what, count)) = twice {
        return Shown::Broken(format!("`{what}` took effect {count} times {said:?}"));
    }
    // Sessions of the pool stay, by design.
    drop(pooler);
    stage.heal(&stage.url(), &ends[0], format!("ten at once: {said:?}")).await
}

pub(super) async fn pooler_restarted(major: u32) -> Shown {
    let stage = Stage::new(major, &[]).await;
    let Some(mut pooler) = Pooler::before(&stage.machine).await.unwrap() else {
        return Shown::Skipped(ABSENT.to_owned());
    };
    stage.sleep(6).await;
    let through = pooler.url(DATABASE);
    let mut child = stage.start(&through);
    // It may refuse a pooler, and then never comes to the statement.
    let refused = tokio::select! {
        _ = child.wait() => true,
        _ = stage.await_query(SLEEPING) => false,
    };
    if !refused {
        pooler.restart().await.unwrap();
        stage.wake().await;
    }
    let broken = end_of(child).await;
    let words = if refused { "it refused the pooler" } else { "restarted mid-statement" };
    let healed = stage.project.deploy(&through).await;
    drop(pooler);
    let words = format!("{words}; again through the pooler: {}", healed.phrase());
    stage.heal(&stage.url(), &broken, words).await
}
