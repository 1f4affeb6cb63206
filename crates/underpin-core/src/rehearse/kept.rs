//! Records of rehearsals, kept so that a plan finds the one that fits.
//!
//! One file for one subject and sort of copy, named by a hash of the subject: a rehearsal of the same
//! state takes the place of the older one. Files are 0600 and written whole.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::{From, Record, Subject};
use crate::error::{Code, Error, Result};

/// The form of a file.
const SCHEMA: &str = "underpin/rehearsal@1";
/// A larger file is no record: 10 000 statements need about 10 MB.
const FILE_BYTES_MAX: u64 = 256 << 20;
/// Records that stay; the oldest go.
const KEPT_MAX: usize = 50;

#[derive(serde::Serialize)]
struct Written<'a> {
    schema: &'static str,
    rehearsal: &'a Record,
}

#[derive(serde::Deserialize)]
struct Document {
    schema: String,
    rehearsal: Record,
}

/// Where the record of a subject on such a copy is kept below `folder`.
#[must_use]
pub fn path_of(folder: &Path, subject: &Subject, from: From) -> PathBuf {
    let text = serde_json::to_vec(subject).unwrap_or_default();
    let hash: String = Sha256::digest(text).iter().take(12).map(|b| format!("{b:02x}")).collect();
    folder.join(format!("{hash}-{}.json", from.word()))
}

/// Writes a record to `path`, whole or not at all.
///
/// # Errors
/// UP-6102.
pub fn write(path: &Path, record: &Record) -> Result<()> {
    let unwritable = |e: std::io::Error| {
        let words = format!("the rehearsal's record `{}` cannot be written", path.display());
        Error::new(Code::CopyFailed, words)
            .caused_by(e)
            .hint("what was found is above; name another file: --out FILE")
    };
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // tempfile makes it 0600.
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(unwritable)?;
    let document = Written { schema: SCHEMA, rehearsal: record };
    serde_json::to_writer_pretty(&mut file, &document)
        .map_err(|e| unwritable(std::io::Error::other(e)))?;
    file.write_all(b"\n").map_err(unwritable)?;
    file.persist(path).map_err(|e| unwritable(e.error)).map(drop)
}

/// Keeps a record in `folder`, which is made 0700, and removes the oldest. Gives its path.
///
/// # Errors
/// UP-6102.
pub fn keep(folder: &Path, record: &Record) -> Result<PathBuf> {
    use std::os::unix::fs::DirBuilderExt as _;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|e| {
        let words = format!("the folder `{}` cannot be made", folder.display());
        Error::new(Code::CopyFailed, words).caused_by(e)
    })?;
    let path = path_of(folder, &record.subject, record.copy.from);
    write(&path, record)?;
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<(std::time::SystemTime, PathBuf)> = entries
        .filter(|entry| entry.path().extension().is_some_and(|e| e == "json"))
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    files.sort();
    for (_, old) in files.iter().take(files.len().saturating_sub(KEPT_MAX)) {
        let _left = std::fs::remove_file(old);
    }
    Ok(path)
}

/// Reads a record.
///
/// # Errors
/// UP-2302 when it is none.
pub fn read(path: &Path) -> Result<Record> {
    let unreadable = |why: String| {
        let words = format!("`{}` is no record of a rehearsal: {why}", path.display());
        Error::new(Code::PlanUnreadable, words).hint("make one: underpin rehearse --out FILE")
    };
    let size = std::fs::metadata(path).map_err(|e| unreadable(e.to_string()))?.len();
    if size > FILE_BYTES_MAX {
        return Err(unreadable(format!("it has {size} bytes")));
    }
    let bytes = std::fs::read(path).map_err(|e| unreadable(e.to_string()))?;
    let document: Document =
        serde_json::from_slice(&bytes).map_err(|e| unreadable(format!("line {}", e.line())))?;
    match document.schema.as_str() {
        SCHEMA => Ok(document.rehearsal),
        other => Err(unreadable(format!("it says `{other}`"))),
    }
}

/// The record of this very subject that shows most, if one is kept and can be read.
#[must_use]
pub fn find(folder: &Path, subject: &Subject) -> Option<Record> {
    [From::Backup, From::Sample, From::Schema].into_iter().find_map(|from| {
        let record = read(&path_of(folder, subject, from)).ok()?;
        (record.subject == *subject).then_some(record)
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Copy, MeasuredMigration};
    use super::*;

    #[test]
    fn a_record_is_read_as_it_was_written_to_the_last_bit() {
        // Read without `float_roundtrip`, the first one loses its last digit.
        let times = [0.431_544_000_000_000_04, 0.1 + 0.2, 1e-7, 123_456_789.123_456];
        let migrations = times.map(|milliseconds| MeasuredMigration {
            milliseconds: Some(milliseconds),
            ..MeasuredMigration::default()
        });
        let record = Record {
            at: "2026-02-14T10:30:00Z".to_owned(),
            subject: Subject {
                system_identifier: "7".to_owned(),
                database: "app".to_owned(),
                fingerprint: "f".to_owned(),
                baseline: Vec::new(),
                pending: Vec::new(),
            },
            copy: Copy {
                from: From::Schema,
                backup: None,
                taken_at: "2026-02-14T10:29:00Z".to_owned(),
                engine: "18.1".to_owned(),
                tables: std::collections::BTreeMap::new(),
                rows: 0,
                bytes: 0,
                made_in_ms: 0,
                cannot_show: Vec::new(),
            },
            migrations: migrations.into(),
            invalid_indexes: Vec::new(),
            failure: None,
            verified: true,
            not_verified_because: None,
        };
        let folder = tempfile::tempdir().unwrap();
        let path = keep(folder.path(), &record).unwrap();
        assert_eq!(read(&path).unwrap(), record);
        assert_eq!(find(folder.path(), &record.subject), Some(record));
    }
}
