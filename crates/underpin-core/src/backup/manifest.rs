//! `manifest.json`: what a backup is and what is proven of it. Written last: without it a folder is
//! no backup.
//!
//! Invariants: a manifest is sealed; it holds no password and no row value. The paths of its files are
//! plain relative ones.

use std::path::{Component, Path};

use super::content::TableContent;
use super::large_object::LargeObjects;
use super::level::Level;
use super::seal::Seal;
use crate::config::Secret;
use crate::error::{Code, Error, Result};
use crate::postgres::ServerVersion;

/// The file's name.
pub const FILE: &str = "manifest.json";
/// The form that this program writes. In form 1, which no release wrote, the rows' digests were sums of
/// SHA-256.
pub const FORMAT: u32 = 2;
/// A larger manifest is refused: 100 000 tables need about 30 MB.
const BYTES_MAX: u64 = 256 << 20;

/// Where a backup was made.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// The database's name.
    pub database: String,
    /// Its oid: with `system_identifier` it tells one database from every other.
    pub database_oid: String,
    /// The server's version.
    pub server: ServerVersion,
    /// `pg_control_system()`.
    pub system_identifier: String,
    /// The timeline.
    pub timeline: String,
    /// `pg_current_wal_lsn()` when the snapshot was taken.
    pub lsn: String,
    /// The exported snapshot's id.
    pub snapshot: String,
    /// `CREATE DATABASE` options: encoding, `LC_COLLATE`, `LC_CTYPE`.
    pub encoding: String,
    /// `LC_COLLATE`.
    pub collate: String,
    /// `LC_CTYPE`.
    pub ctype: String,
    /// `LOCALE_PROVIDER` and its locale, where it is not the C library (since 15).
    pub provider: Option<(String, String)>,
    /// The database's owner.
    pub owner: String,
    /// Roles of the server, without passwords, so that a scratch server can have them.
    pub roles: Vec<String>,
}

/// What the dump was made with.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// `pg_dump`'s version.
    pub pg_dump: ServerVersion,
    /// Who compressed: `pg_dump` itself (zstd since 16), or we behind it.
    pub compressed_by: Compressor,
    /// Tables dumped at once.
    pub jobs: usize,
}

/// Who compressed the data files, always with zstd.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compressor {
    /// `pg_dump --compress=zstd`; its frames have no checksum.
    PgDump,
    /// Underpin; `pg_restore` before 16 has to be given them decompressed.
    Underpin,
}

/// The newest migration that the history records.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LastMigration {
    /// Its name.
    pub name: String,
    /// As recorded.
    pub checksum: String,
}

/// The catalog of the snapshot; all of it is in `catalog.json`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inventory {
    /// The catalog's fingerprint.
    pub fingerprint: String,
    /// Facts in it.
    pub facts: usize,
    /// Entries of the dump's own list, by kind.
    pub entries: std::collections::BTreeMap<String, usize>,
}

/// A sequence. Its position is not part of a snapshot: it lay between these two.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SequenceState {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Before the dump; absent when it was never used.
    pub before: Option<i64>,
    /// After the dump.
    pub after: Option<i64>,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// Below the backup's folder.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// SHA-256, in hexadecimal.
    pub sha256: String,
}

/// How an encrypted backup is kept. Of the plain files, their digests and the positions of sequences its
/// manifest says nothing: they are in an encrypted file of their own.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Encrypted {
    /// X25519 recipients of age: who can read it.
    pub recipients: Vec<String>,
    /// The files as they lie in the folder.
    pub files: Vec<FileEntry>,
}

/// A level, and on what it rests.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// What was reached.
    pub level: Level,
    /// When, RFC 3339.
    pub at: String,
    /// How long it took.
    pub milliseconds: u64,
    /// In words: what was compared, on which engine.
    pub evidence: String,
    /// What it could not show: `restored without postgis`.
    pub unchecked: Vec<String>,
    /// How long the restore alone took, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restore_milliseconds: Option<u64>,
}

/// A check that failed.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Damage {
    /// The level that was checked; only a check of that level or more takes it back.
    pub level: Level,
    /// When, RFC 3339.
    pub at: String,
    /// The error's code.
    pub code: String,
    /// In words.
    pub why: String,
}

/// Everything about one backup.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The form of this file.
    pub format: u32,
    /// The backup's name.
    pub name: String,
    /// What the database is called by people.
    pub environment: String,
    /// Why it was made.
    pub reason: String,
    /// When the snapshot was taken, RFC 3339.
    pub begun_at: String,
    /// When the last file was written.
    pub finished_at: String,
    /// How long the dump itself took.
    pub dump_milliseconds: u64,
    /// Words to find it by, and to keep it by.
    pub tags: Vec<String>,
    /// Never removed by `prune`.
    pub pinned: bool,
    /// Where it was made.
    pub origin: Origin,
    /// With what.
    pub tool: Tool,
    /// The newest migration that was applied.
    pub last_migration: Option<LastMigration>,
    /// The catalog.
    pub inventory: Inventory,
    /// Rows and digest of every table whose rows are in the dump.
    pub tables: Vec<TableContent>,
    /// The sequences.
    pub sequences: Vec<SequenceState>,
    /// How many large objects there are.
    pub large_objects: u64,
    /// What is in them; absent where there are none, and in backups of before it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub large_object_contents: Option<LargeObjects>,
    /// Every file but this one; none where the backup is encrypted.
    pub files: Vec<FileEntry>,
    /// What lies in the folder in their place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption: Option<Encrypted>,
    /// What was proven, oldest first.
    pub proofs: Vec<Proof>,
    /// When it was recompressed for the archive, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived_at: Option<String>,
    /// A check that failed and was not taken back.
    pub damage: Option<Damage>,
    /// Over all of the above.
    pub seal: Seal,
}

impl Manifest {
    /// The highest level that is proven; none of a backup that a check found bad.
    #[must_use]
    pub fn level(&self) -> Option<Level> {
        if self.damage.is_some() {
            return None;
        }
        self.proofs.iter().map(|proof| proof.level).max()
    }

    /// The files that lie in the folder, but this one.
    #[must_use]
    pub fn stored_files(&self) -> &[FileEntry] {
        self.encryption.as_ref().map_or(&self.files, |encrypted| &encrypted.files)
    }

    /// Bytes of all of them.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.stored_files().iter().fold(0, |sum, file| sum.saturating_add(file.bytes))
    }

    /// When the snapshot was taken.
    #[must_use]
    pub fn taken(&self) -> jiff::Timestamp {
        self.begun_at.parse().unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }

    /// Seals and serialises it.
    ///
    /// # Errors
    /// UP-9001.
    pub fn to_bytes(&self, key: Option<&Secret>) -> Result<Vec<u8>> {
        let mut sealed = Self { seal: Seal::None, ..self.clone() };
        sealed.seal = Seal::of(&sealed.body()?, key);
        let mut bytes = sealed.body()?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    fn body(&self) -> Result<Vec<u8>> {
        serde_json::to_vec_pretty(self).map_err(|e| {
            Error::new(Code::Internal, "a manifest could not be serialised").caused_by(e)
        })
    }

    /// Reads the manifest of a backup's folder and checks its seal.
    ///
    /// # Errors
    /// UP-6004 when there is none, UP-6005 when it cannot be read, UP-6006 when its seal does not
    /// fit, or is none of the configured key.
    pub fn read(folder: &Path, key: Option<&Secret>) -> Result<Self> {
        let path = folder.join(FILE);
        let damaged = |why: String| {
            Error::new(Code::BackupDamaged, format!("`{}` {why}", path.display()))
                .hint("the others: underpin backup list")
        };
        let about = std::fs::symlink_metadata(&path).map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => {
                Error::new(Code::BackupMissing, format!("`{}` holds no backup", folder.display()))
                    .hint("underpin backup list")
            }
            _ => damaged(format!("cannot be read: {e}")),
        })?;
        if !about.is_file() || about.len() > BYTES_MAX {
            return Err(damaged("is no file of a usable size".to_owned()));
        }
        let bytes = std::fs::read(&path).map_err(|e| damaged(format!("cannot be read: {e}")))?;
        Self::parse(&bytes, &path.display().to_string(), key)
    }

    /// The manifest that these bytes are; `shown` is where they come from.
    ///
    /// # Errors
    /// As [`Manifest::read`], but for UP-6004.
    pub(super) fn parse(bytes: &[u8], shown: &str, key: Option<&Secret>) -> Result<Self> {
        let damaged = |why: String| {
            Error::new(Code::BackupDamaged, format!("`{shown}` {why}"))
                .hint("the others: underpin backup list")
        };
        let manifest: Self = serde_json::from_slice(bytes)
            .map_err(|e| damaged(format!("is not a manifest: line {}", e.line())))?;
        if manifest.format != FORMAT {
            return Err(damaged(format!("has form {}, and {FORMAT} is known", manifest.format)));
        }
        let body = Self { seal: Seal::None, ..manifest.clone() }.body()?;
        manifest.seal.check(&body, key).map_err(|words| tampered(&manifest.name, words))?;
        if manifest.to_bytes(key)? != bytes {
            return Err(damaged("is not in the form in which it was written".to_owned()));
        }
        let mut files = manifest.files.iter().chain(manifest.stored_files());
        if let Some(file) = files.find(|file| !is_plain(&file.path)) {
            return Err(damaged(format!("names a file outside of its folder: `{}`", file.path)));
        }
        Ok(manifest)
    }
}

/// A manifest or a claim is not what was written.
pub(super) fn tampered(name: &str, words: &str) -> Error {
    Error::new(Code::BackupTampered, format!("the manifest of `{name}` {words}"))
        .hint("the key: `key` in [backup] of underpin.toml")
        .hint("the others: underpin backup list")
}

/// Relative, and without a step upward.
pub(super) fn is_plain(path: &str) -> bool {
    !path.is_empty()
        && Path::new(path).components().all(|part| matches!(part, Component::Normal(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_leads_elsewhere_is_none() {
        for path in ["", "/etc/passwd", "../x", "dump/../../x", "./x"] {
            assert!(!is_plain(path) || path == "./x", "{path}");
        }
        assert!(is_plain("dump/12.dat.zst"));
    }
}
