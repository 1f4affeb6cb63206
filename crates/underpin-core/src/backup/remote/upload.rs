//! A backup of the folder, copied to the store.

use std::collections::HashMap;

use super::layout::{files_key, is_same_backup, key_of, manifest_key, strange, total};
use super::{Remote, each_file, is_of_store};
use crate::backup::manifest::{FileEntry, Manifest};
use crate::backup::store::Store;
use crate::backup::{BackupName, Tell, Tools, or_stopped};
use crate::error::{Code, Error, Result};

/// What a copy took.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Copied {
    /// The backup.
    pub name: String,
    /// Where it is now.
    pub to: String,
    /// Objects that were sent.
    pub sent: usize,
    /// Their bytes.
    pub sent_bytes: u64,
    /// Objects that were there already.
    pub kept: usize,
}

impl Remote {
    /// Copies a backup of the folder. Objects that are there with the right size are not sent again:
    /// their key holds the digest of what is in them, and none is completed before its SHA-256 is the
    /// manifest's.
    ///
    /// # Errors
    /// UP-6032 with the reason: the backup here is as it was, and there is none there; UP-4005 after a
    /// request to stop; UP-6004 to UP-6006 about the backup here.
    pub async fn copy(&self, tools: &Tools, name: &BackupName, tell: Tell<'_>) -> Result<Copied> {
        let store = Store::new(tools.folder.clone(), tools.key.clone());
        let manifest = store.read(name)?;
        if manifest.level().is_none() {
            let words = format!("`{name}` is not known to be good");
            let hint = format!("underpin backup check {name}");
            return Err(Error::new(Code::BackupDamaged, words).hint(hint));
        }
        let work = Box::pin(self.send_all(&store, &manifest, name, tools, tell));
        or_stopped(tools, "the copy", work).await.map_err(|error| {
            let folder = store.folder_of(name);
            let hint = format!("underpin backup copy {name}");
            match error.code() {
                Code::Interrupted => error.hint(hint),
                _ => not_copied(name, &self.url.to_string(), &folder.display().to_string(), &error),
            }
        })
    }

    async fn send_all(
        &self,
        store: &Store,
        manifest: &Manifest,
        name: &BackupName,
        tools: &Tools,
        tell: Tell<'_>,
    ) -> Result<Copied> {
        if let Some(path) = strange(manifest.stored_files()) {
            let words = format!("`{}` is no name for an object", path.escape_debug());
            return Err(Error::new(Code::StoreRefused, words));
        }
        let there = self.copy_there(name, manifest).await?;
        // An archived form is the same backup: one copy of it is enough.
        let manifest = there.as_ref().unwrap_or(manifest);
        if there.is_some() && manifest.stored_files() != store.read(name)?.stored_files() {
            return Ok(self.copied(name, &[], manifest.stored_files().len()));
        }
        if there.is_none() {
            let found = self.found(&format!("{name}/")).await?.remove(name).unwrap_or_default();
            self.objects.remove(found.old_keys(&files_key(manifest))).await?;
        }
        let missing = missing(manifest, &self.sizes(manifest).await?);
        let folder = store.folder_of(name);
        each_file("copy", &missing, tools, tell, |file, job| {
            let (key, path) = (key_of(manifest, &file), folder.join(&file.path));
            async move { self.objects.send(&key, &path, &file, &job).await }
        })
        .await?;
        // What is there is looked at, not what was answered to a request.
        if let Some(file) = self::missing(manifest, &self.sizes(manifest).await?).first() {
            let words = format!("`{}` is not there with its {} bytes", file.path, file.bytes);
            return Err(Error::new(Code::StoreRefused, words));
        }
        if there.is_none() {
            self.seal(name, manifest).await?;
        } else {
            self.update(&store.read(name)?).await?;
        }
        Ok(self.copied(name, &missing, manifest.stored_files().len() - missing.len()))
    }

    fn copied(&self, name: &BackupName, sent: &[FileEntry], kept: usize) -> Copied {
        let to = format!("{}/{name}", self.url);
        Copied { name: name.to_string(), to, sent: sent.len(), sent_bytes: total(sent), kept }
    }

    /// The manifest that makes it a backup, where there is none. Whether a write that was not answered
    /// took place is looked up.
    async fn seal(&self, name: &BackupName, manifest: &Manifest) -> Result<()> {
        let bytes = manifest.to_bytes(self.key.as_ref())?;
        let written = self.objects.create(&manifest_key(name), bytes).await;
        match written {
            Ok(true) => Ok(()),
            // Another process was faster, or the answer to our own write was lost.
            Ok(false) => self.copy_there(name, manifest).await.map(drop),
            Err(error) if is_of_store(error.code()) => {
                match self.copy_there(name, manifest).await {
                    Ok(Some(_)) => Ok(()),
                    Err(other) if !is_of_store(other.code()) => Err(other),
                    _ => Err(error),
                }
            }
            Err(error) => Err(error),
        }
    }

    /// The manifest of this backup's copy.
    ///
    /// # Errors
    /// When another backup has its name there, or something that is not to be believed.
    async fn copy_there(&self, name: &BackupName, here: &Manifest) -> Result<Option<Manifest>> {
        match self.read(name).await {
            Ok(there) if is_same_backup(here, &there) => Ok(Some(there)),
            Ok(there) => {
                let words = format!("another backup has its name there, of {}", there.begun_at);
                Err(Error::new(Code::BackupForeign, words))
            }
            Err(error) if error.code() == Code::BackupMissing => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn missing(manifest: &Manifest, sizes: &HashMap<String, u64>) -> Vec<FileEntry> {
    let absent = |file: &&FileEntry| sizes.get(&file.path) != Some(&file.bytes);
    manifest.stored_files().iter().filter(absent).cloned().collect()
}

/// What is here, what is not there, and the way on.
fn not_copied(name: &BackupName, url: &str, folder: &str, error: &Error) -> Error {
    let words = format!("the backup `{name}` is whole in `{folder}`, and is not in `{url}`");
    let not = Error::new(Code::NotCopied, words).caused_by(error);
    let not = error.causes().iter().fold(not, Error::caused_by);
    let not = not.details(error.detail_lines().to_vec());
    let not = not.hint(format!("underpin backup copy {name}"));
    error.hints().iter().fold(not, |not, hint| not.hint(hint.clone()))
}
