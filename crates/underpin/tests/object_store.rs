//! The program with an object store: a container whose disk goes with it, kills in the midst of a copy,
//! deploys that need the copy, and no key in any output. Only in a build with the feature `object-store`.

#![cfg(feature = "object-store")]
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use underpin_core::backup::{Manifest, Store};
use underpin_core::postgres::{ConnectionSettings, Session};
use underpin_testkit::bucket::{ObjectStore, SECRET};
use underpin_testkit::http_proxy::{Fault, HttpProxy, Rule};
use underpin_testkit::{Server, TestDatabase, clients, majors};

const ROWS: &str = "CREATE TABLE account (id int PRIMARY KEY, name text); \
    INSERT INTO account SELECT i, 'n' || i FROM generate_series(1, 1000) i";
const NOISE: &str = "CREATE TABLE noise AS SELECT string_agg(md5(random()::text || i), '') AS t \
    FROM generate_series(1, 3000000) i GROUP BY i / 1000";

struct Stage {
    server: Arc<Server>,
    clients: PathBuf,
    database: TestDatabase,
    folder: tempfile::TempDir,
    store: ObjectStore,
    proxy: HttpProxy,
    /// Everything that was printed.
    said: Mutex<String>,
}

impl Stage {
    async fn new(settings: &str) -> Option<Self> {
        let (major, clients) = majors().into_iter().rev().find_map(|m| Some((m, clients(m)?)))?;
        let Some(store) = ObjectStore::s3().await.unwrap() else {
            println!("SKIPPED: no moto here: ./dev setup");
            return None;
        };
        let proxy = HttpProxy::before(store.address()).await.unwrap();
        let server = underpin_testkit::server(major).await;
        let database = server.database().await;
        database.run(ROWS).await;
        let folder = tempfile::tempdir().unwrap();
        let text = format!(
            "version = 1\n[backup]\nfolder = \"backups\"\nenvironment = \"shop\"\ncopy_to = \"{}\"\n{settings}",
            store.url("prod")
        );
        std::fs::write(folder.path().join("underpin.toml"), text).unwrap();
        let said = Mutex::default();
        Some(Self { server, clients, database, folder, store, proxy, said })
    }

    fn command(&self, arguments: &[&str], address: SocketAddr) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_underpin"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .envs(self.store.variables(address))
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.folder.path())
            .env("UNDERPIN_CACHE_DIR", self.folder.path().join(".cache"))
            .env("UNDERPIN_PG_BIN", &self.server.binaries().folder)
            .env("UNDERPIN_PG_CLIENTS", &self.clients)
            .env("DATABASE_URL", &self.database.url)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    async fn session(&self) -> Session {
        ConnectionSettings::parse(&self.database.url).unwrap().connect().await.unwrap()
    }

    fn keep(&self, output: &Output) -> String {
        let text =
            [&output.stdout, &output.stderr].map(|b| String::from_utf8_lossy(b).into_owned());
        let text = text.concat();
        self.said.lock().unwrap().push_str(&text);
        text
    }

    async fn exits(&self, code: i32, arguments: &[&str]) -> String {
        let mut command = self.command(arguments, self.proxy.address());
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let text = self.keep(&output);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {text}");
        text
    }

    /// As a container that is gone: its folder of backups is not there any more.
    fn lose(&self) {
        std::fs::remove_dir_all(self.folder.path().join("backups")).unwrap();
    }

    fn here(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path().join("backups"));
        let mut names: Vec<String> = entries
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    async fn manifests(&self) -> usize {
        let keys = self.store.keys().await.unwrap();
        keys.iter().filter(|key| key.ends_with("/manifest.json")).count()
    }

    fn migration(&self, name: &str, script: &str) {
        let folder = self.folder.path().join("prisma/migrations").join(name);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("migration.sql"), script).unwrap();
    }

    /// No key in what was printed, nor in what the program keeps of its runs.
    async fn is_silent(&self) {
        let mut all = self.said.lock().unwrap().clone();
        let mut open = vec![self.folder.path().to_owned()];
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    open.push(path);
                } else {
                    all.push_str(&String::from_utf8_lossy(&std::fs::read(path).unwrap()));
                }
            }
        }
        let sql = "SELECT string_agg(e::text, ' ') FROM underpin.journal e";
        let session = self.session().await;
        let journal = session.value("SELECT to_regclass('underpin.journal')::text").await.unwrap();
        if journal.is_some() {
            all.push_str(&session.value(sql).await.unwrap().unwrap_or_default());
        }
        assert!(!all.contains(SECRET), "a key was shown or kept");
    }
}

/// Made, the disk lost, found again, proven and restored.
#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_lost_takes_no_backup_with_it() {
    let Some(stage) = Stage::new("").await else { return };
    let made = stage.exits(0, &["backup", "create"]).await;
    assert!(made.contains("copied to s3://backups/prod/shop_"), "{made}");
    let name = stage.here().remove(0);
    assert!(stage.exits(0, &["backup", "list"]).await.contains("  both"));
    stage.lose();
    let listed = stage.exits(0, &["backup", "list", "-o", "json"]).await;
    assert!(
        listed.contains("\"place\": \"there\"") || listed.contains("\"place\":\"there\""),
        "{listed}"
    );
    // `last`, on a machine that has none, is fetched, proven, and the proof is recorded there.
    stage.exits(0, &["backup", "check", "last", "--level", "5"]).await;
    assert_eq!(stage.here(), [name.as_str()]);
    stage.lose();
    let listed = stage.exits(0, &["backup", "list"]).await;
    assert!(listed.contains("5 equal") && listed.contains("  there"), "{listed}");
    stage.exits(0, &["backup", "pin", &name]).await;
    assert!(stage.exits(0, &["backup", "list"]).await.contains("pinned"));

    let sum = "SELECT md5(string_agg(t::text, ',' ORDER BY id)) FROM account t";
    let before = stage.database.value(sum).await;
    stage.database.run("DELETE FROM account WHERE id % 2 = 0").await;
    let database = &stage.database.name;
    stage.exits(0, &["backup", "restore", &name, "--confirm", database]).await;
    assert_eq!(stage.session().await.value(sum).await.unwrap(), before);
    stage.lose();
    stage.exits(0, &["backup", "fetch", &name]).await;
    stage.exits(2, &["backup", "fetch", "shop_20200101_000000_manual"]).await;
    stage.is_silent().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_is_killed_is_no_backup_and_the_next_one_goes_on() {
    let Some(stage) = Stage::new("").await else { return };
    stage.database.run(NOISE).await;
    stage.proxy.add(Rule::all("", "", Fault::Answer(403)));
    let refused = stage.exits(1, &["backup", "create"]).await;
    assert!(refused.contains("UP-6032") && refused.contains("UP-6031"), "{refused}");
    assert!(refused.contains("underpin backup copy shop_"), "{refused}");
    let name = stage.here().remove(0);
    for signal in [Signal::KILL, Signal::TERM] {
        stage.proxy.heal();
        stage.proxy.add(Rule::all("PUT", "partNumber=2", Fault::Hang));
        let mut command = stage.command(&["backup", "copy", &name], stage.proxy.address());
        let child = command.spawn().unwrap();
        until(&stage.proxy, "partNumber=2").await;
        // The other parts are on their way; what is held of them is bounded, whatever the file's size.
        tokio::time::sleep(Duration::from_millis(500)).await;
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
        let held = |line: &&str| line.starts_with("VmHWM:");
        let held = status.lines().find(held).unwrap().split_whitespace().nth(1).unwrap();
        println!("{held} kB at most");
        assert!(held.parse::<u64>().unwrap() < 96 << 10, "{held} kB");
        let output = ended(child, signal).await;
        stage.keep(&output);
        assert_eq!(stage.manifests().await, 0, "{signal:?}");
        if signal == Signal::TERM {
            assert_eq!(output.status.code(), Some(130));
            // One of the two is of the process that was killed, and nobody could end it.
            assert_eq!(stage.store.begun_uploads().await.unwrap().len(), 1);
        }
        assert!(stage.exits(0, &["backup", "list"]).await.contains("  here"));
    }
    stage.proxy.heal();
    let copied = stage.exits(0, &["backup", "copy", &name]).await;
    assert!(copied.contains("there already"), "{copied}");
    stage.lose();
    stage.exits(0, &["backup", "check", &name, "--level", "3"]).await;
    stage.is_silent().await;
}

/// Waits until a request was seen.
async fn until(proxy: &HttpProxy, piece: &str) {
    for _ in 0..600 {
        if proxy.take_requests().iter().any(|request| request.contains(piece)) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("no request with {piece}");
}

async fn ended(child: Child, signal: Signal) -> Output {
    kill_process(Pid::from_child(&child), signal).unwrap();
    tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deploy_goes_on_without_its_copy_only_where_the_policy_says_so() {
    let Some(stage) = Stage::new("before_deploy = \"always\"\nlevel = 3\n").await else { return };
    stage.database.run("DROP TABLE account").await;
    stage.migration("20260101000000_one", "CREATE TABLE one (id int);");
    stage.exits(0, &["deploy"]).await;
    stage.migration("20260102000000_two", "CREATE TABLE two (id int);");
    stage.proxy.add(Rule::all("PUT", "", Fault::Answer(403)));
    let refused = stage.exits(3, &["deploy"]).await;
    for piece in ["UP-6011", "UP-6032", "UP-6031", "underpin backup copy shop_", "best-effort"] {
        assert!(refused.contains(piece), "{piece}: {refused}");
    }
    let two = "SELECT to_regclass('two')::text";
    assert_eq!(stage.database.value(two).await, None);
    // The same where the variables are of no use: known before the dump.
    let count = stage.here().len();
    let mut command = stage.command(&["deploy"], stage.proxy.address());
    command.env_remove("AWS_SECRET_ACCESS_KEY");
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", stage.keep(&output));
    assert_eq!(stage.here().len(), count);

    let settings = stage.folder.path().join("underpin.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    std::fs::write(&settings, format!("{text}copy = \"best-effort\"\n")).unwrap();
    let warned = stage.exits(0, &["deploy"]).await;
    assert!(warned.contains("UP-6032"), "{warned}");
    assert!(stage.database.value(two).await.is_some());
    assert_eq!(stage.manifests().await, 0);

    std::fs::write(&settings, text).unwrap();
    stage.proxy.heal();
    stage.migration("20260103000000_three", "CREATE TABLE three (id int);");
    stage.exits(0, &["deploy"]).await;
    assert_eq!(stage.manifests().await, 1);
    let copied = "SELECT count(*)::text FROM underpin.journal e WHERE e::text LIKE '%copied to s3://backups/prod/shop_%'";
    assert_eq!(stage.database.value(copied).await.as_deref(), Some("1"));
    stage.is_silent().await;
}

/// Gives a backup another age, here and there.
async fn age(stage: &Stage, name: &str) {
    let store = Store::new(stage.folder.path().join("backups"), None);
    let (name, manifest) = store.find(name).unwrap();
    let begun_at = "2026-01-01T00:00:00Z".to_owned();
    store.update(&name, &Manifest { begun_at, ..manifest }).unwrap();
    for key in stage.store.keys().await.unwrap() {
        stage.store.request("DELETE", &key, b"").await.unwrap();
    }
    stage.exits(0, &["backup", "copy", name.as_str()]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prune_keeps_the_same_rules_in_both_places() {
    let settings = "keep = { within_days = 0, last = 1, daily = 0, weekly = 0, monthly = 0 }\n";
    let Some(stage) = Stage::new(settings).await else { return };
    let history = "CREATE TABLE _prisma_migrations (id varchar(36) PRIMARY KEY, checksum varchar(64) NOT NULL, \
        finished_at timestamptz, migration_name varchar(255) NOT NULL, logs text, rolled_back_at timestamptz, \
        started_at timestamptz NOT NULL DEFAULT now(), applied_steps_count integer NOT NULL DEFAULT 0)";
    stage.database.run(history).await;
    stage.exits(0, &["backup", "create", "--reason", "old"]).await;
    let old = stage.here().remove(0);
    age(&stage, &old).await;
    stage.exits(0, &["backup", "create", "--reason", "new"]).await;
    let new = stage.here().into_iter().find(|name| name.ends_with("new")).unwrap();
    // Somebody else's disk: only the copy of the old one is left.
    std::fs::remove_dir_all(stage.folder.path().join("backups").join(&old)).unwrap();

    // Where the store cannot be listed nothing is removed, and a list is a warning.
    stage.proxy.add(Rule::all("GET", "", Fault::Answer(403)));
    assert!(stage.exits(1, &["backup", "prune"]).await.contains("UP-6031"));
    let listed = stage.exits(0, &["backup", "list"]).await;
    assert!(listed.contains("only the backups of this machine"), "{listed}");
    assert!(listed.contains(&new) && !listed.contains(&old), "{listed}");
    stage.proxy.heal();
    assert_eq!(stage.manifests().await, 2);

    let dry = stage.exits(0, &["backup", "prune", "--dry-run"]).await;
    assert!(dry.contains(&format!("remove  there  {old}: no rule keeps it")), "{dry}");
    assert!(dry.contains(&format!("keep    both   {new}: ")), "{dry}");
    assert_eq!(stage.manifests().await, 2);
    let _before = stage.proxy.take_requests();
    stage.exits(0, &["backup", "prune"]).await;
    // The manifest goes first.
    let removed = stage.proxy.take_requests();
    let removed = removed.iter().filter(|r| r.starts_with("DELETE") || r.starts_with("POST"));
    assert!(removed.count() >= 2);
    let keys = stage.store.keys().await.unwrap();
    assert!(keys.iter().all(|key| key.contains(&new)), "{keys:?}");
    assert_eq!(stage.here(), [new]);
    stage.is_silent().await;
}
