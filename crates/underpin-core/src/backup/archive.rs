//! Old backups, compressed harder and kept by month.
//!
//! Invariants: the archived form is whole, read back and found equal, every row and large object
//! decoded, before the other one goes; until then nothing of that one is touched. A crash at any
//! instant leaves one of them or both, which are the same.

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::dump::{milliseconds, not_written};
use super::manifest::{FileEntry, Manifest, Proof};
use super::store::{Partial, Store};
use super::{BackupName, Level, Step, Tell, Tools, check, content, encryption, files, interrupted};
use crate::error::{Code, Error, Result};

/// Of zstd. Measured on 85 MB of COPY text with hashes, JSON and prose: level 1 gives 31.7 MB in 0.4 s of
/// CPU, 6 gives 30.2 in 1.3 s, 12 gives 29.8 in 9.3 s, 15 gives 28.7 in 96 s.
const ZSTD_LEVEL: i32 = 6;

/// What became of a backup.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Archived {
    /// The backup.
    pub name: String,
    /// Bytes before.
    pub from_bytes: u64,
    /// Bytes now; absent where it was not done.
    pub bytes: Option<u64>,
    /// Why it stays as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept_because: Option<String>,
}

/// Recompresses a backup into the archive.
///
/// # Errors
/// UP-6003, UP-6005, UP-6012, UP-6021, UP-6022, UP-4005: the backup is where it was, as it was.
pub async fn archive(tools: &Tools, name: &BackupName, tell: Tell<'_>) -> Result<Archived> {
    tell(Step::Begun("archive"));
    let store = Store::new(tools.folder.clone(), tools.key.clone());
    let manifest = store.read(name)?;
    encryption::readable(tools, &manifest)?;
    let from_bytes = manifest.bytes();
    if store.free_bytes().is_some_and(|free| free < from_bytes) {
        let words = format!("archiving `{name}` needs up to {} MB", from_bytes >> 20);
        return Err(Error::new(Code::BackupNoRoom, words).hint("make room; nothing was changed"));
    }
    let begun = Instant::now();
    let (folder, stored, of) = (store.folder_of(name), manifest.clone(), tools.clone());
    apart(move || files::check_files(&folder, &stored, &mut |_| {}, &|| of.stop.is_requested()))
        .await?;
    let opened = encryption::open(tools, &manifest, tell).await?;
    let (folder, plain, of) = (opened.folder.clone(), opened.manifest.clone(), tools.clone());
    let partial = store.begin_archived(name, &manifest)?;
    let (partial, mut archived) = apart(move || recompress(&folder, plain, partial, &of)).await?;
    drop(opened);
    let mut encrypted = String::new();
    if let Some(as_before) = &manifest.encryption {
        let (folder, to) = (partial.folder(), &as_before.recipients);
        (archived, encrypted) = encryption::encrypt(tools, folder, to, archived, tell).await?;
    }
    archived.archived_at = Some(jiff::Timestamp::now().to_string());
    archived.proofs.push(Proof {
        level: Level::Decodable,
        at: jiff::Timestamp::now().to_string(),
        milliseconds: milliseconds(begun.elapsed()),
        evidence: format!(
            "recompressed from {from_bytes} to {} bytes, all rows decoded with their digests{encrypted}",
            archived.bytes()
        ),
        unchecked: Vec::new(),
        restore_milliseconds: None,
    });
    partial.finish(&archived, tools.key.as_ref()).map_err(|e| not_written(&e))?;
    store.leave_for_archive(name)?;
    let (name, bytes) = (name.to_string(), Some(archived.bytes()));
    Ok(Archived { name, from_bytes, bytes, kept_because: None })
}

/// Work with files, beside the runtime.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let work = tokio::task::spawn_blocking(work);
    work.await.map_err(|e| Error::new(Code::Internal, "archiving stopped").caused_by(e))?
}

/// Writes every file of a plain backup anew.
fn recompress(
    folder: &Path,
    manifest: Manifest,
    partial: Partial,
    tools: &Tools,
) -> Result<(Partial, Manifest)> {
    let files = manifest.files.iter().map(|file| copy(folder, &partial, file, tools));
    let files = files.collect::<Result<Vec<FileEntry>>>()?;
    // What is on the disk now is decoded and compared, not what was read before.
    let dump = partial.folder().join(super::dump::DUMP);
    check::decode_all(&dump, &manifest, &std::sync::atomic::AtomicU64::new(0), &tools.stop)?;
    Ok((partial, Manifest { files, ..manifest }))
}

/// A file of a backup, compressed harder where it is compressed.
fn copy(folder: &Path, partial: &Partial, file: &FileEntry, tools: &Tools) -> Result<FileEntry> {
    if tools.stop.is_requested() {
        return Err(interrupted("archiving"));
    }
    let (from, to): (PathBuf, PathBuf) =
        (folder.join(&file.path), partial.folder().join(&file.path));
    let copied = to.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| {
        match from.extension().is_some_and(|extension| extension == "zst") {
            true => content::recompress(&from, &to, ZSTD_LEVEL).and_then(|()| smaller(&from, &to)),
            false => std::fs::copy(&from, &to).map(drop),
        }
    });
    copied.map_err(|e| match e.kind() {
        std::io::ErrorKind::InvalidData => {
            Error::new(Code::BackupDamaged, format!("`{}` cannot be decoded", file.path))
                .caused_by(e)
        }
        _ => not_written(&e),
    })?;
    let hashed = content::hash_file(&to).map_err(|e| not_written(&e))?;
    Ok(FileEntry { path: file.path.clone(), bytes: hashed.bytes, sha256: hashed.sha256 })
}

/// What does not become smaller stays as it is.
fn smaller(from: &Path, to: &Path) -> std::io::Result<()> {
    if to.metadata()?.len() >= from.metadata()?.len() {
        std::fs::copy(from, to)?;
    }
    Ok(())
}
