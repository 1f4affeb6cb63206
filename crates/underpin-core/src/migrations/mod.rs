//! The migrations folder: names, order, scripts, checksums, `migration_lock.toml`.
//!
//! Purpose: read the folder once, as Prisma reads it, and say what a careful person would want
//! to know about it. Invariants: every file is read before anything runs; order is Prisma's;
//! a checksum is over the text as Prisma decodes it. Non-goals: knowing any database.
//!
//! Source of every rule: Prisma 6.19 and 7.10 as measured (docs/reference/prisma.md).

mod checksum;
mod declared;
mod lock_file;
mod order;

use std::fmt;
use std::path::{Path, PathBuf};

pub use checksum::Checksum;
pub use declared::{Declared, Undecided};
pub use order::compare_names;

use crate::error::{Code, Error, Result};

/// The file inside each migration's folder.
pub const SCRIPT_FILE: &str = "migration.sql";
/// A script above this size is refused rather than loaded.
const SCRIPT_MAX_BYTES: u64 = 256 << 20;
/// Characters of a name that the history table holds (`varchar(255)`).
const NAME_MAX_CHARACTERS: usize = 255;

/// The name of a migration: its folder's name.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub struct MigrationName(String);

impl MigrationName {
    /// A name as it stands in a folder or in the history.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MigrationName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One migration, read.
#[derive(Debug, Clone)]
pub struct Migration {
    /// Its name.
    pub name: MigrationName,
    /// Its script's path, as the user knows it.
    pub path: PathBuf,
    /// The script's text.
    pub script: String,
    /// Its checksum.
    pub checksum: Checksum,
    /// What its author declares about it.
    pub declared: Declared,
}

/// Something about the folder that does not stop the work.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case", tag = "remark")]
pub enum FolderRemark {
    /// A symbolic link to a folder: Prisma skips it, so we do.
    SymlinkSkipped {
        /// Its name.
        name: String,
    },
    /// Prisma's order differs from byte order here.
    OrderDiffersFromBytes {
        /// The first of the two names that stand the other way round in byte order.
        name: String,
    },
    /// The file starts with a byte order mark, which the server takes for a syntax error.
    ByteOrderMark {
        /// The migration's name.
        name: String,
    },
}

impl fmt::Display for FolderRemark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SymlinkSkipped { name } => {
                write!(
                    f,
                    "`{name}` is a symbolic link to a folder; Prisma skips those, and so does this run"
                )
            }
            Self::OrderDiffersFromBytes { name } => {
                write!(
                    f,
                    "`{name}` sorts differently in Prisma's order (used here) and in byte order (`ls`)"
                )
            }
            Self::ByteOrderMark { name } => {
                write!(
                    f,
                    "`{name}` starts with a byte order mark, which the server takes for a syntax error"
                )
            }
        }
    }
}

/// The folder, read whole.
#[derive(Debug, Clone)]
pub struct MigrationFolder {
    /// The folder's path, as the user knows it.
    pub path: PathBuf,
    /// In the order in which they are applied.
    pub migrations: Vec<Migration>,
    /// What to mention.
    pub remarks: Vec<FolderRemark>,
}

impl MigrationFolder {
    /// Reads the folder and every script in it.
    ///
    /// # Errors
    /// UP-2001 to UP-2007 and UP-2009, each with the file.
    pub fn read(path: &Path) -> Result<Self> {
        let (names, mut remarks) = list(path)?;
        lock_file::check(path)?;
        refuse_twins(path, &names)?;
        let mut migrations = Vec::with_capacity(names.len());
        for name in names {
            let migration = read_migration(path, name)?;
            if migration.script.starts_with('\u{feff}') {
                remarks.push(FolderRemark::ByteOrderMark { name: migration.name.0.clone() });
            }
            migrations.push(migration);
        }
        Ok(Self { path: path.to_owned(), migrations, remarks })
    }

    /// The migration of this name.
    #[must_use]
    pub fn get(&self, name: &MigrationName) -> Option<&Migration> {
        self.migrations.iter().find(|m| m.name == *name)
    }
}

/// The names of a folder exactly as Prisma lists them, without opening a file: a folder that is
/// missing or cannot be read is an empty one.
#[must_use]
pub fn names_as_prisma(path: &Path) -> Vec<MigrationName> {
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    let mut names: Vec<String> =
        folders.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort_by(|a, b| compare_names(a, b));
    names.into_iter().map(MigrationName).collect()
}

/// One script exactly as Prisma reads it: bytes that are not UTF-8 become U+FFFD, in the checksum
/// and in what the server gets.
///
/// # Errors
/// UP-2003, UP-2004; UP-2005 for a NUL character, which no query can hold.
pub fn read_as_prisma(folder: &Path, name: &MigrationName) -> Result<Migration> {
    let path = folder.join(&name.0).join(SCRIPT_FILE);
    let script = String::from_utf8_lossy(&read_bytes(&name.0, &path)?).into_owned();
    migration(name.clone(), path, script)
}

/// Checks `migration_lock.toml` by Prisma's rule.
///
/// # Errors
/// UP-2007.
pub fn check_provider(folder: &Path) -> Result<()> {
    lock_file::check(folder)
}

/// The names of the real folders inside, in Prisma's order.
fn list(path: &Path) -> Result<(Vec<String>, Vec<FolderRemark>)> {
    let unreadable = |e: std::io::Error| {
        Error::new(
            Code::FolderUnreadable,
            format!("the migrations folder `{}` cannot be read", path.display()),
        )
        .caused_by(e)
    };
    let entries = match std::fs::read_dir(path) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            return Err(Error::new(
                Code::FolderMissing,
                format!("there is no folder `{}`", path.display()),
            )
            .hint("name it with --dir, or copy it into the image: COPY prisma ./prisma"));
        }
        Err(e) => return Err(unreadable(e)),
    };
    let (mut names, mut remarks) = (Vec::new(), Vec::new());
    for entry in entries {
        let entry = entry.map_err(unreadable)?;
        let kind = entry.file_type().map_err(unreadable)?;
        let name = entry.file_name().into_string().map_err(|name| {
            Error::new(Code::FolderUnreadable, format!("the name {} is not UTF-8", name.display()))
        });
        if kind.is_symlink() && entry.path().is_dir() {
            remarks.push(FolderRemark::SymlinkSkipped { name: name? });
        } else if kind.is_dir() {
            names.push(name?);
        }
    }
    names.sort_by(|a, b| compare_names(a, b));
    if let Some(pair) = names.windows(2).find(|pair| pair[0].as_bytes() > pair[1].as_bytes()) {
        remarks.push(FolderRemark::OrderDiffersFromBytes { name: pair[0].clone() });
    }
    Ok((names, remarks))
}

/// The names of a folder in Prisma's order, without opening a file.
///
/// # Errors
/// UP-2001, UP-2003.
pub fn names(path: &Path) -> Result<Vec<MigrationName>> {
    Ok(list(path)?.0.into_iter().map(MigrationName).collect())
}

/// The text of one script, wherever it lies; `name` is what it is called in errors.
///
/// # Errors
/// UP-2003 for a file that cannot be read or is too large, UP-2004 where there is none, UP-2005
/// for one that is not UTF-8 or holds a NUL character.
pub fn read_script(path: &Path, name: &str) -> Result<String> {
    let bytes = read_bytes(name, path)?;
    let text = text_of(path, bytes)?;
    refuse_nul(path, &text)?;
    Ok(text)
}

/// What to mention of the names in a folder, where nothing may stop the work.
#[must_use]
pub fn remarks(path: &Path) -> Vec<FolderRemark> {
    list(path).map(|(_, remarks)| remarks).unwrap_or_default()
}

/// Two names that a case-insensitive file system or the history table would take for one.
fn refuse_twins(path: &Path, names: &[String]) -> Result<()> {
    let mut seen = std::collections::HashMap::new();
    for name in names {
        if name.chars().count() > NAME_MAX_CHARACTERS {
            let words = format!(
                "the name `{name}` is longer than the {NAME_MAX_CHARACTERS} characters of the history"
            );
            return Err(Error::new(Code::DuplicateName, words).hint("rename the folder"));
        }
        if let Some(other) = seen.insert(name.to_lowercase(), name) {
            let words = format!("`{other}` and `{name}` are the same name on Windows and macOS");
            return Err(Error::new(Code::DuplicateName, words)
                .hint(format!("rename one of the two folders in {}", path.display())));
        }
    }
    Ok(())
}

fn read_migration(folder: &Path, name: String) -> Result<Migration> {
    let path = folder.join(&name).join(SCRIPT_FILE);
    let script = text_of(&path, read_bytes(&name, &path)?)?;
    migration(MigrationName(name), path, script)
}

fn text_of(path: &Path, bytes: Vec<u8>) -> Result<String> {
    String::from_utf8(bytes).map_err(|e| {
        let shown = path.display();
        let at = e.utf8_error().valid_up_to();
        let line = e.as_bytes()[..at].iter().filter(|b| **b == b'\n').count() + 1;
        Error::new(
            Code::ScriptNotText,
            format!("`{shown}` is not UTF-8 text: byte {at}, line {line}"),
        )
        .hint(format!("convert it: iconv -f latin1 -t utf-8 {shown}"))
    })
}

fn refuse_nul(path: &Path, script: &str) -> Result<()> {
    match script.find('\0') {
        Some(at) => {
            let words = format!("`{}` holds a NUL character at byte {at}", path.display());
            Err(Error::new(Code::ScriptNotText, words))
        }
        None => Ok(()),
    }
}

/// The bytes of `path`, which is the script of `name`.
fn read_bytes(name: &str, path: &Path) -> Result<Vec<u8>> {
    let shown = path.display();
    let unreadable = |e: std::io::Error| {
        Error::new(Code::FolderUnreadable, format!("`{shown}` cannot be read")).caused_by(e)
    };
    let size = match std::fs::metadata(path) {
        Ok(about) if about.is_file() => about.len(),
        Ok(_) => return Err(Error::new(Code::ScriptMissing, format!("`{shown}` is not a file"))),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            return Err(Error::new(Code::ScriptMissing, format!("there is no file `{shown}`"))
                .hint(format!("restore it from version control, or remove the folder `{name}` if it is a leftover")));
        }
        Err(e) => return Err(unreadable(e)),
    };
    if size > SCRIPT_MAX_BYTES {
        let words = format!("`{shown}` has {size} bytes; at most {SCRIPT_MAX_BYTES} are read");
        return Err(Error::new(Code::FolderUnreadable, words));
    }
    std::fs::read(path).map_err(unreadable)
}

fn migration(name: MigrationName, path: PathBuf, script: String) -> Result<Migration> {
    refuse_nul(&path, &script)?;
    let checksum = Checksum::of(&script);
    let declared = declared::read(&path, &script)?;
    Ok(Migration { name, path, script, checksum, declared })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        dir
    }

    fn code(files: &[(&str, &[u8])]) -> &'static str {
        let dir = folder(files);
        MigrationFolder::read(dir.path()).unwrap_err().code().id()
    }

    #[test]
    fn files_and_links_are_not_migrations() {
        let dir = folder(&[
            ("1_a/migration.sql", b"SELECT 1"),
            ("README.md", b"x"),
            ("migration_lock.toml", b"provider = \"postgresql\""),
        ]);
        let elsewhere = folder(&[("migration.sql", b"")]);
        std::os::unix::fs::symlink(elsewhere.path(), dir.path().join("2_b")).unwrap();
        let read = MigrationFolder::read(dir.path()).unwrap();
        assert_eq!(read.migrations.len(), 1);
        assert_eq!(read.remarks, [FolderRemark::SymlinkSkipped { name: "2_b".to_owned() }]);
    }

    #[test]
    fn a_file_in_the_place_of_the_folder_is_not_a_missing_folder() {
        let dir = folder(&[("migrations", b"")]);
        let error = MigrationFolder::read(&dir.path().join("migrations")).unwrap_err();
        assert_eq!(error.code().id(), "UP-2003");
    }

    #[test]
    fn bad_folders_have_their_codes() {
        assert_eq!(
            MigrationFolder::read(Path::new("/no/such")).unwrap_err().code().id(),
            "UP-2001"
        );
        assert_eq!(code(&[("1_a/other.sql", b"")]), "UP-2004");
        assert_eq!(code(&[("1_a/migration.sql", b"-- \xe4")]), "UP-2005");
        assert_eq!(code(&[("1_a/migration.sql", b"-- \0")]), "UP-2005");
        assert_eq!(code(&[("1_a/migration.sql", b""), ("1_A/migration.sql", b"")]), "UP-2006");
        assert_eq!(code(&[("migration_lock.toml", b"provider = \"mysql\"")]), "UP-2007");
    }
}
