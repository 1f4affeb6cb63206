//! Backups in an object store: real servers that speak S3 and Azure, on the loopback interface.

mod faults;
mod hostile;
mod together;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use underpin_core::Code;
use underpin_core::backup::remote::Remote;
use underpin_core::backup::{self, BackupName, Level, Manifest};
use underpin_testkit::bucket::{ObjectStore, SECRET};

use super::{Stage, newest};

/// A small backup, and a store for its copy.
struct Bench {
    stage: Stage,
    store: ObjectStore,
    name: BackupName,
    _server: std::sync::Arc<underpin_testkit::Server>,
}

impl Bench {
    /// Of a database with few tables: many of these tests read every object, many times.
    async fn new(store: std::io::Result<Option<ObjectStore>>) -> Option<Self> {
        let (major, client) = newest()?;
        let Some(store) = store.unwrap() else {
            println!("SKIPPED: no moto or no Azurite here: ./dev setup");
            return None;
        };
        let server = underpin_testkit::server(major).await;
        let database = server.database().await;
        let sql = "CREATE TABLE t (id int PRIMARY KEY, name text); \
            INSERT INTO t SELECT i, 'n' || i FROM generate_series(1, 2000) i; CREATE TABLE empty (id int)";
        database.run(sql).await;
        let stage = Stage::of(&server, database, client);
        let (name, _) = stage.create().await.unwrap();
        Some(Self { stage, store, name, _server: server })
    }

    fn remote(&self) -> Remote {
        self.through(self.store.address())
    }

    fn through(&self, address: SocketAddr) -> Remote {
        self.with(self.store.variables(address))
    }

    fn with(&self, variables: BTreeMap<String, String>) -> Remote {
        let url = self.store.url("shop/prod").parse().unwrap();
        Remote::open(&url, &variables, self.stage.tools.key.clone()).unwrap()
    }

    async fn copy(&self, remote: &Remote) -> underpin_core::Result<backup::remote::Copied> {
        remote.copy(&self.stage.tools, &self.name, &mut |_| {}).await
    }

    async fn fetch(&self, remote: &Remote) -> underpin_core::Result<Manifest> {
        remote.fetch(&self.stage.tools, &self.name, &mut |_| {}).await
    }

    fn here(&self) -> PathBuf {
        self.stage.store().folder_of(&self.name)
    }

    /// As after the loss of a container's disk.
    fn lose(&self) {
        std::fs::remove_dir_all(self.here()).unwrap();
    }

    async fn names(&self) -> Vec<String> {
        let there = self.remote().list().await.unwrap();
        there.into_iter().map(|there| there.name.to_string()).collect()
    }
}

/// Every file below a folder with what is in it.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                found.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    found
}

/// Nothing that an error shows holds a key.
fn is_silent(error: &underpin_core::Error) {
    let all = format!("{error:?} {error}");
    assert!(!all.contains(SECRET) && !all.contains("Signature"), "{all}");
}

async fn round_trip(store: std::io::Result<Option<ObjectStore>>) {
    let Some(bench) = Bench::new(store).await else { return };
    let remote = bench.remote();
    assert!(remote.list().await.unwrap().is_empty());
    assert_eq!(remote.read(&bench.name).await.unwrap_err().code(), Code::BackupMissing);
    let before = contents(&bench.here());
    let copied = bench.copy(&remote).await.unwrap_or_else(|e| panic!("{e:?}"));
    assert_eq!((copied.sent + 1, copied.kept), (before.len(), 0));
    assert_eq!(bench.names().await, [bench.name.as_str()]);
    // What is there is not sent again.
    let again = bench.copy(&remote).await.unwrap();
    assert_eq!((again.sent, again.kept), (0, copied.sent));

    bench.lose();
    let manifest = bench.fetch(&remote).await.unwrap_or_else(|e| panic!("{e:?}"));
    assert_eq!(contents(&bench.here()), before);
    super::private(&bench.here());
    assert_eq!(remote.read(&bench.name).await.unwrap(), manifest);
    assert_eq!(bench.fetch(&remote).await.unwrap_err().code(), Code::BackupsUnusable);

    // A proof is recorded there, too; what was recorded there meanwhile stays.
    let proven = bench.stage.check(&bench.name, Level::Equal).await.unwrap();
    assert!(remote.update(&proven).await.unwrap());
    assert_eq!(remote.read(&bench.name).await.unwrap(), proven);
    assert!(remote.update(&Manifest { pinned: true, ..manifest }).await.unwrap());
    let there = remote.read(&bench.name).await.unwrap();
    assert_eq!((there.level(), there.pinned), (Some(Level::Equal), true));

    remote.remove(&bench.name).await.unwrap_or_else(|e| panic!("{e:?}"));
    assert!(bench.names().await.is_empty());
    assert!(!remote.update(&proven).await.unwrap());
    assert_eq!(bench.copy(&remote).await.unwrap().kept, 0, "something was left");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_goes_to_s3_and_comes_back() {
    round_trip(ObjectStore::s3().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_goes_to_azure_and_comes_back() {
    round_trip(ObjectStore::azure().await).await;
}

/// Where a key is configured, a manifest that is not signed with it is not believed there either.
#[tokio::test(flavor = "multi_thread")]
async fn a_signed_backup_is_believed_with_its_key_only() {
    let Some(mut bench) = Bench::new(ObjectStore::s3().await).await else { return };
    bench.copy(&bench.remote()).await.unwrap();
    bench.stage.tools.key = Some(underpin_core::config::Secret::new("k"));
    let error = bench.remote().read(&bench.name).await.unwrap_err();
    assert_eq!(error.code(), Code::BackupTampered);
    bench.lose();
    assert_eq!(bench.fetch(&bench.remote()).await.unwrap_err().code(), Code::BackupTampered);
    assert_eq!(bench.stage.entries(), [] as [String; 0]);
    // Of another name than the first, in whichever second it is made.
    let tagged = underpin_core::backup::Request { reason: "signed".to_owned(), ..super::request() };
    let (target, tools) = (&bench.stage.target, &bench.stage.tools);
    bench.name = backup::create(target, tools, &tagged, &mut |_| {}).await.unwrap().0;
    bench.copy(&bench.remote()).await.unwrap();
    bench.lose();
    bench.fetch(&bench.remote()).await.unwrap();
}

/// The archived form of a backup is the same backup: its copy stays as it is, and can be pinned.
#[tokio::test(flavor = "multi_thread")]
async fn an_archived_backup_keeps_its_copy() {
    let Some(bench) = Bench::new(ObjectStore::s3().await).await else { return };
    let remote = bench.remote();
    bench.copy(&remote).await.unwrap();
    let there = remote.read(&bench.name).await.unwrap();
    backup::archive(&bench.stage.tools, &bench.name, &mut |_| {}).await.unwrap();
    let archived = bench.stage.store().read(&bench.name).unwrap();
    assert_ne!(archived.files, there.files);
    let copied = bench.copy(&remote).await.unwrap();
    assert_eq!((copied.sent, copied.kept), (0, there.files.len()));
    assert!(remote.update(&Manifest { pinned: true, ..archived }).await.unwrap());
    let pinned =
        Manifest { pinned: true, seal: remote.read(&bench.name).await.unwrap().seal, ..there };
    assert_eq!(remote.read(&bench.name).await.unwrap(), pinned);
}
