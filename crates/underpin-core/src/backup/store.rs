//! The folder of the backups: one folder below it for each.
//!
//! Invariants: what has a backup's name is whole, because the name is given by a rename after
//! everything is on the disk; what is under way has a dot before its name and is locked by the process
//! that makes it, so that what a killed one left is known and removed by the next; what is removed
//! loses its name first.

use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::{
    DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
};
use std::path::{Path, PathBuf};

use super::claim::Claim;
use super::content;
use super::files::{ENTRIES_MAX, files, folders};
use super::manifest::{self, Manifest};
use super::name::BackupName;
use crate::config::Secret;
use crate::error::{Code, Error, Result};

/// Backups of earlier months, recompressed: `archive/2026-02/NAME`.
const ARCHIVE: &str = "archive";
const PARTIAL: &str = ".partial-";
const REMOVED: &str = ".removed-";
/// How long a folder may be without its lock, and a claim without its name.
const LOCK_GRACE: std::time::Duration = std::time::Duration::from_secs(60);
/// Behind the name of evidence that is kept elsewhere.
const CLAIM: &str = ".claim.json";
/// A claim that is being written.
const UNFINISHED_CLAIM: &str = ".claim-";
/// A larger file is no claim.
const CLAIM_BYTES_MAX: u64 = 1 << 20;

/// The folder.
#[derive(Debug, Clone)]
pub struct Store {
    root: PathBuf,
    key: Option<Secret>,
}

/// A backup's name, and its manifest if that can be believed.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The name.
    pub name: BackupName,
    /// The manifest, or why there is none.
    pub manifest: Result<Manifest>,
}

/// A backup that is being made. Dropping it removes it.
pub(super) struct Partial {
    root: PathBuf,
    folder: PathBuf,
    /// Where it goes when it is whole.
    home: PathBuf,
    name: BackupName,
    _lock: File,
    finished: bool,
}

impl Store {
    /// The store in `root`; nothing is read or made.
    #[must_use]
    pub fn new(root: PathBuf, key: Option<Secret>) -> Self {
        Self { root, key }
    }

    /// Where a backup is. One that was just archived may be in both places for a moment; they are
    /// the same then.
    #[must_use]
    pub fn folder_of(&self, name: &BackupName) -> PathBuf {
        let here = self.root.join(name.as_str());
        if here.exists() {
            return here;
        }
        let archived = self.months().map(|month| month.join(name.as_str()));
        archived.filter(|folder| folder.is_dir()).min().unwrap_or(here)
    }

    /// Whether a backup is in the archive.
    #[must_use]
    pub fn is_archived(&self, name: &BackupName) -> bool {
        !self.root.join(name.as_str()).exists()
    }

    fn months(&self) -> impl Iterator<Item = PathBuf> {
        let entries = std::fs::read_dir(self.root.join(ARCHIVE)).into_iter().flatten().flatten();
        entries.filter(|e| e.file_type().is_ok_and(|kind| kind.is_dir())).map(|e| e.path())
    }

    /// All backups, oldest first by the time in their manifests, unreadable ones first.
    ///
    /// # Errors
    /// UP-6012. A folder that is not there holds none.
    pub fn list(&self) -> Result<Vec<Listed>> {
        let entries = match std::fs::read_dir(&self.root) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(self.unusable("cannot be read", e)),
        };
        let archived = self.months().filter_map(|month| std::fs::read_dir(month).ok()).flatten();
        let entries = entries.filter(|e| !e.as_ref().is_ok_and(|e| e.file_name() == ARCHIVE));
        let mut names = std::collections::BTreeSet::new();
        for entry in entries.chain(archived).take(ENTRIES_MAX).filter_map(io::Result::ok) {
            let Ok(name) = entry.file_name().into_string() else { continue };
            // Neither a file nor a link is a backup.
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if let (true, Ok(name)) = (is_folder, BackupName::parse(&name)) {
                names.insert(name);
            }
        }
        let listed = |name| Listed { manifest: self.read(&name), name };
        let mut found: Vec<Listed> = names.into_iter().map(listed).collect();
        found.sort_by_cached_key(|listed| {
            (listed.manifest.as_ref().ok().map(Manifest::taken), listed.name.clone())
        });
        Ok(found)
    }

    /// The manifest of a backup.
    ///
    /// # Errors
    /// UP-6004, UP-6005, UP-6006.
    pub fn read(&self, name: &BackupName) -> Result<Manifest> {
        let folder = self.folder_of(name);
        if std::fs::symlink_metadata(&folder).is_ok_and(|about| !about.is_dir()) {
            let words = format!("`{}` is a link or a file, and no backup", folder.display());
            return Err(Error::new(Code::BackupDamaged, words));
        }
        let manifest = Manifest::read(&folder, self.key.as_ref())?;
        if manifest.name != name.as_str() {
            let words = format!("the folder `{name}` holds the backup `{}`", manifest.name);
            return Err(
                Error::new(Code::BackupTampered, words).hint("give the folder its name back")
            );
        }
        Ok(manifest)
    }

    /// The backup that a person names; `last` is the newest that can be believed.
    ///
    /// # Errors
    /// UP-6004, UP-6005, UP-6006, UP-6012.
    pub fn find(&self, text: &str) -> Result<(BackupName, Manifest)> {
        if text != "last" {
            let name = BackupName::parse(text)?;
            if self.claim_path(&name).is_file() {
                let words = format!("`{name}` is a claim: what it names is kept elsewhere");
                return Err(Error::new(Code::BackupMissing, words)
                    .hint("restore it with the tools of where it is kept: underpin backup list"));
            }
            return Ok((name.clone(), self.read(&name)?));
        }
        let newest = self.list()?.into_iter().rev().find_map(|listed| {
            let manifest = listed.manifest.ok().filter(|m| m.level().is_some())?;
            Some((listed.name, manifest))
        });
        newest.ok_or_else(|| {
            let words = format!("`{}` holds no backup", self.root.display());
            Error::new(Code::BackupMissing, words).hint("make one: underpin backup create")
        })
    }

    /// Evidence that is kept elsewhere, oldest first, and what of it can be believed.
    ///
    /// # Errors
    /// UP-6012. A folder that is not there holds none.
    pub fn claims(&self) -> Result<Vec<(BackupName, Result<Claim>)>> {
        let entries = match std::fs::read_dir(&self.root) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(self.unusable("cannot be read", e)),
        };
        let mut found = Vec::new();
        for entry in entries.take(ENTRIES_MAX).filter_map(io::Result::ok) {
            let Ok(file) = entry.file_name().into_string() else { continue };
            let name = file.strip_suffix(CLAIM).and_then(|name| BackupName::parse(name).ok());
            if let Some(name) = name {
                found.push((name.clone(), self.read_claim(&name)));
            }
        }
        found.sort_by_cached_key(|(name, claim)| {
            (claim.as_ref().ok().map(Claim::moment), name.clone())
        });
        Ok(found)
    }

    fn claim_path(&self, name: &BackupName) -> PathBuf {
        self.root.join(format!("{name}{CLAIM}"))
    }

    fn read_claim(&self, name: &BackupName) -> Result<Claim> {
        use io::Read as _;
        let mut bytes = Vec::new();
        let read = content::open_plain(&self.claim_path(name))
            .and_then(|file| file.take(CLAIM_BYTES_MAX).read_to_end(&mut bytes));
        read.map_err(|e| {
            Error::new(Code::BackupDamaged, format!("the claim `{name}` cannot be read"))
                .caused_by(e)
        })?;
        Claim::parse(name.as_str(), &bytes, self.key.as_ref())
    }

    /// Keeps a claim, under a name of its own.
    ///
    /// # Errors
    /// UP-6012.
    pub(super) fn keep_claim(&self, name: &BackupName, mut claim: Claim) -> Result<Claim> {
        self.prepare()?;
        let mut name = name.clone();
        for number in 2..100 {
            claim.name = name.to_string();
            let bytes = claim.to_bytes(self.key.as_ref())?;
            match write_new(&self.root, &self.claim_path(&name), &bytes) {
                Ok(()) => return self.read_claim(&name),
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => name = name.numbered(number),
                Err(e) => return Err(self.unusable("cannot be written", e)),
            }
        }
        Err(Error::new(Code::Internal, "a name ran out of numbers"))
    }

    /// Begins a new backup. What killed processes left is removed first.
    ///
    /// # Errors
    /// UP-6012.
    pub(super) fn begin(&self, name: &BackupName) -> Result<Partial> {
        self.prepare()?;
        self.remove_leftovers();
        let mut name = name.clone();
        for number in 2..100 {
            if name.as_str() != ARCHIVE && !self.folder_of(&name).exists() {
                match self.open_partial(&name, self.root.join(name.as_str())) {
                    Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                    opened => return opened.map_err(|e| self.unusable("cannot be written", e)),
                }
            }
            name = name.numbered(number);
        }
        Err(Error::new(Code::Internal, "a name ran out of numbers"))
    }

    /// Begins a backup that comes from elsewhere, under its own name.
    ///
    /// # Errors
    /// UP-6012, also when there is one of that name, or another process is at it.
    pub(super) fn begin_fetched(&self, name: &BackupName) -> Result<Partial> {
        self.prepare()?;
        self.remove_leftovers();
        let home = self.root.join(name.as_str());
        if name.as_str() == ARCHIVE || self.folder_of(name).exists() {
            return Err(self.unusable(&format!("holds `{name}` already"), ""));
        }
        self.open_partial(name, home).map_err(|e| match e.kind() {
            io::ErrorKind::AlreadyExists => self.unusable("is used by another process", e),
            _ => self.unusable("cannot be written", e),
        })
    }

    fn open_partial(&self, name: &BackupName, home: PathBuf) -> io::Result<Partial> {
        let folder = self.root.join(format!("{PARTIAL}{name}"));
        make(&folder)?;
        let lock = lock(&folder)?;
        let (root, name) = (self.root.clone(), name.clone());
        Ok(Partial { root, folder, home, name, _lock: lock, finished: false })
    }

    /// Begins the archived form of a backup; what an earlier attempt left of it in the archive goes.
    ///
    /// # Errors
    /// UP-6012, also when another process is at it.
    pub(super) fn begin_archived(&self, name: &BackupName, manifest: &Manifest) -> Result<Partial> {
        self.prepare()?;
        self.remove_leftovers();
        let month = self.root.join(ARCHIVE).join(month_of(manifest));
        let home = month.join(name.as_str());
        let begun = DirBuilder::new().mode(0o700).recursive(true).create(&month).and_then(|()| {
            if home.exists() {
                self.bury(name, &home)?;
            }
            self.open_partial(name, home)
        });
        begun.map_err(|e| self.unusable("cannot be written", e))
    }

    /// Lets the form outside of the archive go, once the archived one is whole.
    ///
    /// # Errors
    /// UP-6012.
    pub(super) fn leave_for_archive(&self, name: &BackupName) -> Result<()> {
        let here = self.root.join(name.as_str());
        self.bury(name, &here).map_err(|e| self.unusable("cannot be written", e))
    }

    /// A folder for a while, which never gets a name.
    ///
    /// # Errors
    /// UP-6012.
    pub(super) fn begin_stage(&self) -> Result<Partial> {
        let name = format!("stage-{}", uuid::Uuid::now_v7().simple());
        self.begin(&BackupName::parse(&name)?)
    }

    /// A copy of a dump with its data files decompressed; gone when it is dropped.
    ///
    /// # Errors
    /// UP-6003, UP-6005, UP-6012.
    pub(super) fn stage(&self, dump: &Path) -> Result<super::place::Stage> {
        let partial = self.begin_stage()?;
        let folder = partial.folder().join(super::dump::DUMP);
        let copied = make(&folder).and_then(|()| {
            for path in files(dump)? {
                let Some(name) = path.file_name().and_then(|n| n.to_str()) else { continue };
                match name.strip_suffix(".zst") {
                    Some(plain) => content::decompress(&path, &folder.join(plain))?,
                    None => std::fs::copy(&path, folder.join(name)).map(drop)?,
                }
            }
            Ok(())
        });
        copied.map_err(|e| match e.kind() {
            io::ErrorKind::InvalidData => {
                Error::new(Code::BackupDamaged, "the dump cannot be decompressed").caused_by(e)
            }
            _ => super::dump::not_written(&e),
        })?;
        Ok(super::place::Stage(partial))
    }

    /// Replaces the manifest of a backup.
    ///
    /// # Errors
    /// UP-6012.
    pub fn update(&self, name: &BackupName, manifest: &Manifest) -> Result<()> {
        let folder = self.folder_of(name);
        write_manifest(&folder, manifest, self.key.as_ref())
            .map_err(|e| self.unusable("cannot be written", e))
    }

    /// Removes a backup.
    ///
    /// # Errors
    /// UP-6012.
    pub fn remove(&self, name: &BackupName) -> Result<()> {
        let folder = self.folder_of(name);
        self.bury(name, &folder).map_err(|e| self.unusable("cannot be written", e))?;
        // The last one of its month.
        let _not_empty =
            folder.parent().filter(|month| **month != self.root).map(std::fs::remove_dir);
        Ok(())
    }

    /// Takes the name from what is in `folder`, then what is in it.
    fn bury(&self, name: &BackupName, folder: &Path) -> io::Result<()> {
        let grave = self.root.join(format!("{REMOVED}{name}"));
        if grave.exists() {
            std::fs::remove_dir_all(&grave)?;
        }
        std::fs::rename(folder, &grave)?;
        std::fs::remove_dir_all(&grave)
    }

    /// Bytes that are free where the backups are.
    #[must_use]
    pub fn free_bytes(&self) -> Option<u64> {
        let existing = self.root.ancestors().find(|folder| folder.is_dir())?;
        let about = rustix::fs::statvfs(existing).ok()?;
        Some(about.f_bavail.saturating_mul(about.f_frsize))
    }

    /// Refuses what certainly does not fit; `needs` are the words before the megabytes.
    ///
    /// # Errors
    /// UP-6003.
    pub(super) fn require_room(&self, bytes: u64, needs: &str) -> Result<()> {
        match self.free_bytes() {
            Some(free) if free < bytes => {
                let (needed, free) = (bytes.div_ceil(1 << 20), free >> 20);
                let words = format!("{needs} {needed} MB, and {free} MB are free");
                Err(Error::new(Code::BackupNoRoom, words)
                    .hint("make room: underpin backup prune")
                    .hint("or name another folder: --backups FOLDER"))
            }
            _ => Ok(()),
        }
    }

    /// Makes the folder, and refuses one that others can write to: who can, can replace a backup.
    fn prepare(&self) -> Result<()> {
        make(&self.root)
            .or_else(|e| if e.kind() == io::ErrorKind::AlreadyExists { Ok(()) } else { Err(e) })
            .map_err(|e| self.unusable("cannot be made", e))?;
        let about = std::fs::metadata(&self.root).map_err(|e| self.unusable("is gone", e))?;
        if !about.is_dir() {
            return Err(self.unusable("is no folder", ""));
        }
        if about.mode() & 0o022 != 0 {
            let words = format!("has mode {:04o}: others may write to it", about.mode() & 0o7777);
            return Err(self
                .unusable(&words, "")
                .hint(format!("chmod 0700 {}", self.root.display())));
        }
        Ok(())
    }

    fn remove_leftovers(&self) {
        for entry in std::fs::read_dir(&self.root).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let is_left =
                name.starts_with(REMOVED) || name.starts_with(PARTIAL) && !is_locked(&entry.path());
            let kind = entry.file_type();
            if is_left && kind.as_ref().is_ok_and(std::fs::FileType::is_dir) {
                let _kept = std::fs::remove_dir_all(entry.path());
            }
            let is_old = age(&entry.path()).is_some_and(|age| age >= LOCK_GRACE);
            if name.starts_with(UNFINISHED_CLAIM) && is_old && kind.is_ok_and(|k| k.is_file()) {
                let _kept = std::fs::remove_file(entry.path());
            }
        }
    }

    fn unusable(&self, why: &str, cause: impl std::fmt::Display) -> Error {
        let words = format!("the folder of the backups, `{}`, {why}", self.root.display());
        let cause = cause.to_string();
        let error = Error::new(Code::BackupsUnusable, words);
        let error = if cause.is_empty() { error } else { error.caused_by(cause) };
        error.hint("name another one: --backups FOLDER, or `folder` of [backup] in underpin.toml")
    }
}

/// `2026-02`.
fn month_of(manifest: &Manifest) -> String {
    let date = manifest.taken().to_zoned(jiff::tz::TimeZone::UTC).date();
    format!("{:04}-{:02}", date.year(), date.month())
}

/// A new folder for us alone, and those above it.
fn make(folder: &Path) -> io::Result<()> {
    if folder.exists() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    DirBuilder::new().mode(0o700).recursive(true).create(folder)?;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))
}

/// Held while the process lives.
fn lock(folder: &Path) -> io::Result<File> {
    let path = folder.join(".lock");
    let file = File::options().write(true).create(true).truncate(false).mode(0o600).open(path)?;
    rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive)?;
    Ok(file)
}

/// Whether a process is at work in it. One that was just made may not have its lock yet.
fn is_locked(folder: &Path) -> bool {
    match File::open(folder.join(".lock")) {
        Ok(file) => {
            rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive).is_err()
        }
        Err(_) => age(folder).is_none_or(|age| age < LOCK_GRACE),
    }
}

/// How long ago something was changed.
fn age(path: &Path) -> Option<std::time::Duration> {
    path.metadata().and_then(|about| about.modified()).ok()?.elapsed().ok()
}

/// Writes a file that is whole or not there, and replaces none.
fn write_new(folder: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    use io::Write as _;
    let mut temporary = tempfile::Builder::new().prefix(UNFINISHED_CLAIM).tempfile_in(folder)?;
    temporary.write_all(bytes)?;
    temporary.as_file().sync_all()?;
    temporary.persist_noclobber(path).map_err(|e| e.error)?;
    File::open(folder)?.sync_all()
}

fn write_manifest(folder: &Path, manifest: &Manifest, key: Option<&Secret>) -> io::Result<()> {
    use std::io::Write as _;
    let bytes = manifest.to_bytes(key).map_err(io::Error::other)?;
    let temporary = folder.join(".manifest");
    let _left_by_a_killed_run = std::fs::remove_file(&temporary);
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(&temporary)?;
    file.write_all(&bytes)?;
    file.sync_all()?;
    std::fs::rename(&temporary, folder.join(manifest::FILE))?;
    File::open(folder)?.sync_all()
}

impl Partial {
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn name(&self) -> &BackupName {
        &self.name
    }

    /// Makes it a backup: everything to the disk, the manifest, the name.
    ///
    /// # Errors
    /// As the file system's.
    pub(super) fn finish(mut self, manifest: &Manifest, key: Option<&Secret>) -> io::Result<()> {
        for path in files(&self.folder)? {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
            File::open(path)?.sync_all()?;
        }
        for folder in folders(&self.folder)? {
            std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700))?;
            File::open(folder)?.sync_all()?;
        }
        write_manifest(&self.folder, manifest, key)?;
        std::fs::rename(&self.folder, &self.home)?;
        self.finished = true;
        std::fs::remove_file(self.home.join(".lock"))?;
        File::open(self.home.parent().unwrap_or(&self.root))?.sync_all()?;
        File::open(&self.root)?.sync_all()
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.finished {
            let _left_for_the_next_run = std::fs::remove_dir_all(&self.folder);
        }
    }
}
