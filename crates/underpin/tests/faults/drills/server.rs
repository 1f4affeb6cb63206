//! The server is full, read-only, replaced, or behind a pooler.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use underpin_testkit::machine::{self, Stop};
use underpin_testkit::pooler::Pooler;
use underpin_testkit::proxy::{Proxy, Upstream};

use super::{DATABASE, MIGRATIONS, SLEEPING, Shown, Stage, cache, end_of};
use crate::lab::Project;

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

/// What can run through a transaction pooler: without the concurrent index.
fn for_pooler(stage: &Stage) -> Project {
    let pg_bin = stage.machine.binaries().folder.clone();
    Project::new(&MIGRATIONS[..2], &cache(), &pg_bin)
}

/// Lease and no lock: ten at once, one migrates. What cannot run there is refused before.
pub(super) async fn pooled(major: u32) -> Shown {
    let stage = Stage::new(major, &[]).await;
    let Some(pooler) = Pooler::before(&stage.machine).await.unwrap() else {
        return Shown::Skipped(ABSENT.to_owned());
    };
    let through = pooler.url(DATABASE);
    let refused = stage.project.deploy(&through).await;
    if refused.code.as_deref() != Some("UP-4004") || !refused.instructs() {
        return Shown::Broken(format!("an index built concurrently: {}", refused.text));
    }
    stage.sleep(3).await;
    let project = for_pooler(&stage);
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let child = project.command(&through, &["deploy", "--wait", "60"]).spawn().unwrap();
        all.spawn(end_of(child));
    }
    let ends = all.join_all().await;
    let said: Vec<String> = ends.iter().map(crate::lab::Ended::phrase).collect();
    let migrators = ends.iter().filter(|end| end.applied > 0).count();
    if let Some(end) = ends.iter().find(|end| !end.is_success()) {
        return Shown::Broken(format!("through the pooler: {} {said:?}", end.text));
    }
    if migrators != 1 {
        return Shown::Broken(format!("through the pooler {migrators} migrated"));
    }
    // Sessions of the pool stay, by design.
    drop(pooler);
    let words = format!("ten at once: {migrators} migrated, {} succeeded", ends.len());
    stage.heal(&stage.url(), &ends[0], words).await
}

/// Prisma's verb through the pooler: what cannot run there is refused before anything is made, and
/// the rest runs.
pub(super) async fn pooled_drop_in(major: u32) -> Shown {
    let stage = Stage::new(major, &[]).await;
    let Some(pooler) = Pooler::before(&stage.machine).await.unwrap() else {
        return Shown::Skipped(ABSENT.to_owned());
    };
    let through = pooler.url(DATABASE);
    let refused = stage.project.run(&through, &["migrate", "deploy"]).await;
    let tables = "SELECT count(*) FROM pg_class WHERE relname IN ('_prisma_migrations', 'account')";
    let made = stage.session(DATABASE).await.value(tables).await.unwrap();
    if refused.exit != Some(1) || !refused.text.contains("UP-4004") || made.as_deref() != Some("0")
    {
        return Shown::Broken(format!("{made:?} tables made, and it said {}", refused.text));
    }
    let done = for_pooler(&stage).run(&through, &["migrate", "deploy"]).await;
    if !done.is_success() {
        return Shown::Broken(format!("what can run there did not: {}", done.text));
    }
    drop(pooler);
    stage.heal(&stage.url(), &refused, "refused, then two through the pooler".to_owned()).await
}

pub(super) async fn pooler_restarted(major: u32) -> Shown {
    let stage = Stage::new(major, &[]).await;
    let Some(mut pooler) = Pooler::before(&stage.machine).await.unwrap() else {
        return Shown::Skipped(ABSENT.to_owned());
    };
    stage.sleep(6).await;
    let through = pooler.url(DATABASE);
    let project = for_pooler(&stage);
    let child = project.command(&through, &["deploy", "--wait", "20"]).spawn().unwrap();
    stage.await_query(SLEEPING).await;
    pooler.restart().await.unwrap();
    stage.wake().await;
    let broken = end_of(child).await;
    let again = project.deploy(&through).await;
    drop(pooler);
    let words = format!("again through the pooler: {} in {:.1?}", again.phrase(), again.took);
    if !again.is_success() && !again.explains() {
        return Shown::Broken(again.text);
    }
    stage.heal(&stage.url(), &broken, words).await
}
