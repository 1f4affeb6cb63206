//! Backups in an object store, beside those in the folder of this machine.
//!
//! Purpose: what is made and proven in the folder is copied to a bucket of S3, Google or Azure, and
//! comes back from there whole or not at all. Invariants: `NAME/manifest.json` is written last and
//! only where there is none, and goes first, so that a backup is whole or not there; the other objects
//! are `NAME/files-DIGEST/PATH`, where DIGEST is of the manifest's list of files, so that two backups
//! of one name never write over each other and two copies of one backup write the same; nothing there
//! is believed that the manifest does not name, and the manifest's seal is checked before anything else
//! is read. Every request has a timeout and bounded retries; what is on its way needs at most
//! [`ROOM_MIB`]. No credential and no text of a store's answer gets into an error. Non-goals: when a copy
//! is due and what its absence means (`engine`); lists of incomplete multipart uploads, which only a
//! lifecycle rule of the bucket ends after a kill.

mod download;
mod layout;
#[cfg(feature = "object-store")]
mod objects;
#[cfg(not(feature = "object-store"))]
#[path = "absent.rs"]
mod objects;
#[cfg(feature = "object-store")]
mod trouble;
mod upload;

pub use upload::Copied;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::sync::Semaphore;

use self::layout::{files_key, is_same_backup, manifest_key, merged, strange, total, whole};
use self::objects::Objects;
use super::manifest::{self, FileEntry, Manifest};
use super::{BackupName, PROGRESS_PAUSE, Step, Tell, Tools};
use crate::config::{Secret, StoreUrl};
use crate::error::{Code, Error, Result};
use crate::execute::Stop;

/// MiB of file contents that are on their way at once.
const ROOM_MIB: u32 = 32;
/// Files that are on their way at once.
const FILES_AT_ONCE: usize = 4;
/// A larger manifest is refused; that of 100 000 tables has about 30 MB.
const MANIFEST_BYTES_MAX: u64 = 64 << 20;
/// Objects without a manifest may be those of a copy under way, until the newest is so old.
const LEFT_AFTER: Duration = Duration::from_secs(24 * 3600);
/// Attempts to replace a manifest that others replace, too.
const UPDATES_MAX: usize = 5;

/// The object store.
#[derive(Debug)]
pub struct Remote {
    objects: Objects,
    url: StoreUrl,
    key: Option<Secret>,
}

/// A backup that is there.
#[derive(Debug, Clone)]
pub struct There {
    /// Its name.
    pub name: BackupName,
    /// Its manifest, or why it is of no use.
    pub manifest: Result<Manifest>,
}

/// An object, by its key below the prefix.
struct Object {
    key: String,
    bytes: u64,
    modified: jiff::Timestamp,
}

/// Objects of one name with one digest of files.
#[derive(Default)]
struct Group {
    keys: Vec<String>,
    bytes: u64,
    newest: jiff::Timestamp,
}

/// What is there of one name.
#[derive(Default)]
struct Found {
    has_manifest: bool,
    groups: BTreeMap<String, Group>,
}

/// What the transfer of many files shares.
#[cfg_attr(not(feature = "object-store"), expect(dead_code, reason = "nothing is transferred"))]
struct Job {
    room: Arc<Semaphore>,
    stop: Stop,
    done: AtomicU64,
}

impl Remote {
    /// The store that a URL names, with the variables of its cloud. Nothing is asked of it yet.
    ///
    /// # Errors
    /// UP-6031 when the variables cannot be used, UP-6033 when this build has no object stores.
    pub fn open(
        url: &StoreUrl,
        variables: &BTreeMap<String, String>,
        key: Option<Secret>,
    ) -> Result<Self> {
        Ok(Self { objects: Objects::open(url, variables)?, url: url.clone(), key })
    }

    /// All backups that are there, oldest first, unreadable ones first.
    ///
    /// # Errors
    /// UP-6030, UP-6031.
    pub async fn list(&self) -> Result<Vec<There>> {
        let found = self.found("").await?;
        let with_manifest = found.into_iter().filter(|(_, found)| found.has_manifest);
        let mut all = Vec::new();
        let mut reads = futures_util::stream::iter(with_manifest)
            .map(|(name, found)| async move {
                let manifest = self.read(&name).await.and_then(|manifest| {
                    whole(&self.url, &manifest, found.groups.get(&files_key(&manifest)))?;
                    Ok(manifest)
                });
                There { name, manifest }
            })
            .buffered(FILES_AT_ONCE);
        while let Some(there) = reads.next().await {
            match &there.manifest {
                // One that is gone meanwhile, and a store that is, are not said of a backup.
                Err(error) if error.code() == Code::BackupMissing => {}
                Err(error) if is_of_store(error.code()) => return Err(error.clone()),
                _ => all.push(there),
            }
        }
        all.sort_by_cached_key(|there| {
            (there.manifest.as_ref().ok().map(Manifest::taken), there.name.clone())
        });
        Ok(all)
    }

    /// The manifest of a backup that is there.
    ///
    /// # Errors
    /// UP-6004, UP-6005, UP-6006, UP-6030, UP-6031.
    pub async fn read(&self, name: &BackupName) -> Result<Manifest> {
        match self.objects.get(&manifest_key(name), MANIFEST_BYTES_MAX).await? {
            Some((bytes, _)) => self.parse(name, &bytes),
            None => Err(Error::new(
                Code::BackupMissing,
                format!("`{}/{name}` holds no backup", self.url),
            )
            .hint("underpin backup list")),
        }
    }

    fn parse(&self, name: &BackupName, bytes: &[u8]) -> Result<Manifest> {
        let shown = format!("{}/{}", self.url, manifest_key(name));
        let manifest = Manifest::parse(bytes, &shown, self.key.as_ref())?;
        if manifest.name != name.as_str() {
            let words = format!("`{}/{name}` holds the backup `{}`", self.url, manifest.name);
            return Err(Error::new(Code::BackupTampered, words).hint("underpin backup list"));
        }
        match strange(manifest.stored_files()) {
            None => Ok(manifest),
            Some(path) => {
                let words =
                    format!("`{shown}` names a file that cannot be: `{}`", path.escape_debug());
                Err(Error::new(Code::BackupDamaged, words).hint("underpin backup list"))
            }
        }
    }

    /// Records there what was proven here of the same backup, and whether it is pinned. False where
    /// there is no copy of it.
    ///
    /// # Errors
    /// UP-6030, UP-6031, UP-6006 when what is there is not believed.
    pub async fn update(&self, here: &Manifest) -> Result<bool> {
        let name = BackupName::parse(&here.name)?;
        let key = manifest_key(&name);
        for _ in 0..UPDATES_MAX {
            let Some((bytes, version)) = self.objects.get(&key, MANIFEST_BYTES_MAX).await? else {
                return Ok(false);
            };
            let there = self.parse(&name, &bytes)?;
            if !is_same_backup(here, &there) {
                return Ok(false);
            }
            let merged = merged(here, &there);
            if merged == there {
                return Ok(true);
            }
            if self.objects.replace(&key, merged.to_bytes(self.key.as_ref())?, &version).await? {
                return Ok(true);
            }
        }
        let words = format!("the manifest of `{}/{name}` is changed again and again", self.url);
        Err(Error::new(Code::StoreUnreachable, words).hint("run the same command again"))
    }

    /// Removes a backup, its manifest first.
    ///
    /// # Errors
    /// UP-6030, UP-6031. Without its manifest it is no backup any more; what is left of it is removed
    /// by [`Remote::remove_leftovers`] a day later.
    pub async fn remove(&self, name: &BackupName) -> Result<()> {
        self.objects.remove(vec![manifest_key(name)]).await?;
        let below = format!("{name}/");
        let found = self.found(&below).await?.remove(name).unwrap_or_default();
        let keys = found.groups.into_values().flat_map(|group| group.keys).collect();
        self.objects.remove(keys).await
    }

    /// Removes what copies left that were never finished, of all names, when it is a day old.
    ///
    /// # Errors
    /// UP-6030, UP-6031.
    pub async fn remove_leftovers(&self) -> Result<()> {
        for found in self.found("").await?.into_values().filter(|found| !found.has_manifest) {
            self.objects.remove(found.old_keys("")).await?;
        }
        Ok(())
    }

    /// What is there, by name. What has no name of ours is not looked at.
    async fn found(&self, below: &str) -> Result<BTreeMap<BackupName, Found>> {
        let mut all: BTreeMap<BackupName, Found> = BTreeMap::new();
        let mut take = |object: Object| {
            let Some((name, rest)) = object.key.split_once('/') else { return };
            let Ok(name) = BackupName::parse(name) else { return };
            let found = all.entry(name).or_default();
            if rest == manifest::FILE {
                found.has_manifest = true;
            } else if let Some((group, _)) = rest.split_once('/') {
                let group = found.groups.entry(group.to_owned()).or_default();
                group.bytes = group.bytes.saturating_add(object.bytes);
                group.newest = group.newest.max(object.modified);
                group.keys.push(object.key);
            }
        };
        self.objects.list(below, &mut take).await?;
        Ok(all)
    }

    /// The sizes of the files of a backup that are there.
    async fn sizes(&self, manifest: &Manifest) -> Result<HashMap<String, u64>> {
        let mut sizes = HashMap::new();
        let below = format!("{}/{}/", manifest.name, files_key(manifest));
        let mut take = |object: Object| {
            if let Some(path) = object.key.strip_prefix(&below) {
                sizes.insert(path.to_owned(), object.bytes);
            }
        };
        self.objects.list(&below, &mut take).await?;
        Ok(sizes)
    }
}

impl Found {
    /// Keys of groups that no copy works at any more, but of this one.
    fn old_keys(self, but: &str) -> Vec<String> {
        let now = jiff::Timestamp::now();
        let age =
            |at: jiff::Timestamp| u64::try_from(now.as_second() - at.as_second()).unwrap_or(0);
        let old = |(name, group): &(String, Group)| {
            name != but && age(group.newest) > LEFT_AFTER.as_secs()
        };
        self.groups.into_iter().filter(old).flat_map(|(_, group)| group.keys).collect()
    }
}

impl Job {
    fn new(stop: Stop) -> Self {
        let room = Arc::new(Semaphore::new(usize::try_from(ROOM_MIB).unwrap_or(1)));
        Self { room, stop, done: AtomicU64::new(0) }
    }
}

#[cfg(feature = "object-store")]
impl Job {
    /// Room for so many bytes of a file.
    async fn room(&self, bytes: u64) -> Result<tokio::sync::OwnedSemaphorePermit> {
        let mib = u32::try_from(bytes.div_ceil(1 << 20)).unwrap_or(ROOM_MIB).clamp(1, ROOM_MIB);
        let closed = |_| Error::new(Code::Internal, "the room of a transfer was closed");
        self.room.clone().acquire_many_owned(mib).await.map_err(closed)
    }

    fn add(&self, bytes: u64) {
        self.done.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// Does something with each file, some at once, and says how far it is. The first that fails stops the
/// others, as a request to stop does.
async fn each_file<F>(
    phase: &'static str,
    files: &[FileEntry],
    tools: &Tools,
    tell: Tell<'_>,
    transfer: impl Fn(FileEntry, Arc<Job>) -> F,
) -> Result<()>
where
    F: Future<Output = Result<()>> + Send,
{
    tell(Step::Begun(phase));
    let (halt, stop) = Stop::channel();
    let job = Arc::new(Job::new(stop));
    let of = total(files);
    let work = async {
        let mut results = futures_util::stream::iter(files.iter().cloned())
            .map(|file| transfer(file, job.clone()))
            .buffer_unordered(FILES_AT_ONCE);
        let mut first = Ok(());
        while let Some(result) = results.next().await {
            if let Err(error) = result
                && first.is_ok()
            {
                first = Err(error);
                halt.send_replace(true);
            }
        }
        first
    };
    let (mut work, mut asked) = (std::pin::pin!(work), tools.stop.clone());
    let mut tick = tokio::time::interval(PROGRESS_PAUSE);
    loop {
        tokio::select! {
            result = &mut work => return result,
            _ = tick.tick() => {
                let bytes = job.done.load(Ordering::Relaxed);
                tell(Step::Progress { phase, bytes, of: Some(of) });
            }
            () = asked.requested(), if !*halt.borrow() => { halt.send_replace(true); }
        }
    }
}

/// Errors of the store, and not of a backup in it.
fn is_of_store(code: Code) -> bool {
    matches!(code, Code::StoreUnreachable | Code::StoreRefused | Code::StoreUnsupported)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(key: &str, seconds_ago: i64) -> (String, Group) {
        let newest = jiff::Timestamp::now().as_second() - seconds_ago;
        let newest = jiff::Timestamp::from_second(newest).unwrap();
        (key.to_owned(), Group { keys: vec![format!("name/{key}/a")], bytes: 1, newest })
    }

    #[test]
    fn only_what_is_old_and_of_no_copy_under_way_is_left_over() {
        let found = || Found {
            has_manifest: false,
            groups: [group("files-1", 90_000), group("files-2", 90_000), group("files-3", 3_000)]
                .into(),
        };
        assert_eq!(found().old_keys("files-2"), ["name/files-1/a"]);
        assert_eq!(found().old_keys(""), ["name/files-1/a", "name/files-2/a"]);
    }
}
