//! Where a backup lies in the store, and what of it is recorded there: pure.

use std::collections::HashSet;

use sha2::{Digest as _, Sha256};

use super::Group;
use crate::backup::BackupName;
use crate::backup::manifest::{self, FileEntry, Manifest};
use crate::backup::seal::hex;
use crate::config::StoreUrl;
use crate::error::{Code, Error, Result};

pub(super) fn manifest_key(name: &BackupName) -> String {
    format!("{name}/{}", manifest::FILE)
}

/// Where the files of a backup lie below its name: another list of files is another place.
pub(super) fn files_key(manifest: &Manifest) -> String {
    let mut digest = Sha256::new();
    for file in manifest.stored_files() {
        digest.update(format!("{}\0{}\0{}\n", file.path, file.bytes, file.sha256));
    }
    format!("files-{}", &hex(&digest.finalize())[..16])
}

pub(super) fn key_of(manifest: &Manifest, file: &FileEntry) -> String {
    format!("{}/{}/{}", manifest.name, files_key(manifest), file.path)
}

/// A file that has no place in a backup: its path leads elsewhere, is one of ours, is there twice, or
/// is a folder of another.
pub(super) fn strange(files: &[FileEntry]) -> Option<&str> {
    let paths: HashSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
    let is_folder_too = |path: &str| {
        let above = path.match_indices('/').map(|(at, _)| &path[..at]);
        above.into_iter().any(|folder| paths.contains(folder))
    };
    let mut seen = HashSet::new();
    let mut all = files.iter().map(|file| file.path.as_str());
    all.find(|path| !is_plain_key(path) || is_folder_too(path) || !seen.insert(*path))
}

/// Characters that need no escape in any store, no step upward, and not one of our own files.
pub(super) fn is_plain_key(path: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
    };
    path.len() <= 300 && path != manifest::FILE && path.split('/').all(plain)
}

pub(super) fn total(files: &[FileEntry]) -> u64 {
    files.iter().fold(0, |sum, file| sum.saturating_add(file.bytes))
}

/// Whether all objects of a backup are there, by their number and sizes.
pub(super) fn whole(url: &StoreUrl, manifest: &Manifest, group: Option<&Group>) -> Result<()> {
    let (count, bytes) = group.map_or((0, 0), |group| (group.keys.len(), group.bytes));
    if (count, bytes) == (manifest.stored_files().len(), total(manifest.stored_files())) {
        return Ok(());
    }
    let words = format!(
        "`{url}/{}` has {count} objects with {bytes} bytes, not {} with {}",
        manifest.name,
        manifest.stored_files().len(),
        total(manifest.stored_files())
    );
    Err(Error::new(Code::BackupDamaged, words)
        .hint(format!("where the backup is whole here: underpin backup copy {}", manifest.name)))
}

/// The same snapshot of the same database; one of them may be archived.
pub(super) fn is_same_backup(a: &Manifest, b: &Manifest) -> bool {
    a.name == b.name
        && a.begun_at == b.begun_at
        && a.origin == b.origin
        && a.inventory == b.inventory
        && a.tables == b.tables
}

/// What is there, with what was proven here of the very same files. That bytes are damaged is said of
/// one place only; that the backup does not restore holds for both.
pub(super) fn merged(here: &Manifest, there: &Manifest) -> Manifest {
    let mut merged = Manifest { pinned: here.pinned, ..there.clone() };
    if here.stored_files() != there.stored_files() {
        return merged;
    }
    for proof in &here.proofs {
        if !merged.proofs.contains(proof) {
            merged.proofs.push(proof.clone());
        }
    }
    merged.proofs.sort_by(|a, b| a.at.cmp(&b.at));
    match &here.damage {
        Some(damage) if damage.code != Code::BackupDamaged.id() => {
            merged.damage = Some(damage.clone());
        }
        Some(_) => {}
        None => {
            let taken_back = |damage: &manifest::Damage| {
                let mut proofs = merged.proofs.iter();
                proofs.any(|proof| proof.level >= damage.level && proof.at > damage.at)
            };
            if merged.damage.as_ref().is_some_and(taken_back) {
                merged.damage = None;
            }
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_leads_elsewhere_or_needs_an_escape_is_none() {
        for path in [
            "",
            "/a",
            ".lock",
            "manifest.json",
            "a//b",
            "../a",
            "a/./b",
            "a/..",
            "a b",
            "a%2e",
            "a\\b",
            "é",
            "a\nb",
        ] {
            assert!(!is_plain_key(path), "{path}");
        }
        for path in ["catalog.json", "dump/12.dat.zst", "dump/toc.dat.age"] {
            assert!(is_plain_key(path), "{path}");
        }
    }
}
