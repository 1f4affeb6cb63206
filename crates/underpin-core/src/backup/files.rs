//! The files of a backup, as they lie in its folder: found, and compared with its manifest.

use std::io;
use std::path::{Path, PathBuf};

use super::content;
use super::manifest::{self, Manifest};
use crate::error::{Code, Error, Result};

/// Files and folders that a backup may have; a dump has one file per table.
pub(super) const ENTRIES_MAX: usize = 1_000_000;

/// The plain files of a backup, without our own two. A link or anything else is an error.
///
/// # Errors
/// As the file system's; invalid data for what no backup holds.
pub(super) fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    Ok(walk(folder)?.0)
}

pub(super) fn folders(folder: &Path) -> io::Result<Vec<PathBuf>> {
    Ok(walk(folder)?.1)
}

fn walk(folder: &Path) -> io::Result<(Vec<PathBuf>, Vec<PathBuf>)> {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    let mut next = 0;
    while next < folders.len() {
        for entry in std::fs::read_dir(&folders[next])? {
            let entry = entry?;
            let kind = entry.file_type()?;
            let name = entry.file_name();
            if next == 0 && (name == manifest::FILE || name == ".lock" || name == ".manifest") {
                continue;
            }
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                files.push(entry.path());
            } else {
                let words = format!("`{}` is a link or a device", entry.path().display());
                return Err(io::Error::new(io::ErrorKind::InvalidData, words));
            }
            if files.len() + folders.len() > ENTRIES_MAX {
                return Err(io::Error::other("too many files"));
            }
        }
        next += 1;
    }
    files.sort();
    Ok((files, folders))
}

/// Bytes of everything below a folder, as far as it can be read.
pub(super) fn bytes_below(folder: &Path) -> u64 {
    let files = files(folder).unwrap_or_default();
    files.iter().filter_map(|path| path.metadata().ok()).map(|about| about.len()).sum()
}

/// Has the disk write files, the first one first, until `stop`.
///
/// # Errors
/// As the file system's.
pub(super) fn sync(paths: &[PathBuf], stop: &dyn Fn() -> bool) -> io::Result<()> {
    let mut wanted = paths.iter().take_while(|_| !stop());
    wanted.try_for_each(|path| content::open_plain(path)?.sync_all())
}

/// Hashes every file but the manifest and compares them with it: level 1.
///
/// # Errors
/// UP-6005 with what differs.
pub(super) fn check_files(
    folder: &Path,
    manifest: &Manifest,
    progress: &mut dyn FnMut(u64),
    stop: &dyn Fn() -> bool,
) -> Result<()> {
    let damaged = |lines: Vec<String>| {
        let words = format!("the backup `{}` is damaged", manifest.name);
        Error::new(Code::BackupDamaged, words)
            .details(lines)
            .hint("do not restore from it; the others: underpin backup list")
    };
    let found = files(folder).map_err(|e| damaged(vec![e.to_string()]))?;
    let named: std::collections::HashSet<PathBuf> =
        manifest.stored_files().iter().map(|file| folder.join(&file.path)).collect();
    let strange = found.iter().filter(|path| !named.contains(*path));
    let mut faults: Vec<String> =
        strange.map(|path| format!("`{}` is not of this backup", path.display())).collect();
    let mut done = 0;
    for file in manifest.stored_files() {
        if stop() {
            return Err(super::interrupted("the check"));
        }
        match content::hash_file(&folder.join(&file.path)) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                faults.push(format!("{} is missing", file.path));
            }
            Err(e) => faults.push(format!("{}: {e}", file.path)),
            Ok(hashed) if hashed.bytes != file.bytes => {
                faults
                    .push(format!("{} has {} bytes, not {}", file.path, hashed.bytes, file.bytes));
            }
            Ok(hashed) if hashed.sha256 != file.sha256 => {
                faults.push(format!("{} has other contents", file.path));
            }
            Ok(_) => {}
        }
        done += file.bytes;
        progress(done);
    }
    faults.truncate(20);
    if faults.is_empty() { Ok(()) } else { Err(damaged(faults)) }
}
