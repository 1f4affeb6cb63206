//! Large objects: their contents, owners, rights and comments, as digests that do not depend on an
//! order.
//!
//! Facts: `pg_dump -Fd` writes each large object's bytes, with its holes as zeros, to a file
//! `blob_OID.dat`, also since 17, where their lists are several; of an empty one `pg_dump` with zstd leaves an
//! empty file (measured on 17 and 18); `lo_get` reads holes as zeros too (manual §33.4). Invariant: of a large object at most [`CHUNK_BYTES`] are in
//! memory.

use std::io;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::content::{self, Hashed, RowDigest};
use super::query_failed;
use super::seal::hex;
use crate::error::{Code, Error, Result};
use crate::postgres::Session;

/// Read at once of a large object that is larger than [`FIRST_BYTES`].
const CHUNK_BYTES: u64 = 1 << 20;
/// Of every large object, read with all others in one query.
const FIRST_BYTES: u64 = 64 << 10;

/// Owners, rights in one order, and comments.
pub(super) const RIGHTS: &str = "SELECT m.oid, pg_catalog.pg_get_userbyid(m.lomowner), \
    (SELECT pg_catalog.string_agg(a::text, ',' ORDER BY a::text COLLATE \"C\") FROM \
     pg_catalog.unnest(coalesce(m.lomacl, pg_catalog.acldefault('L', m.lomowner))) a), \
    pg_catalog.obj_description(m.oid, 'pg_largeobject') FROM pg_catalog.pg_largeobject_metadata m";

/// All large objects of a backup.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LargeObjects {
    /// Their bytes.
    pub bytes: u64,
    /// Sum, modulo 2^128, of the first half of SHA-256 over oid, length and SHA-256 of the bytes of
    /// each; 32 hexadecimal digits.
    pub contents: String,
    /// The digest of their owners, rights and comments, as of a table's rows.
    pub rights: String,
}

/// Contents, while they are read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Contents {
    pub(super) count: u64,
    pub(super) bytes: u64,
    sum: u128,
}

impl Contents {
    fn add(&mut self, oid: u64, bytes: u64, hash: Sha256) {
        let all = Sha256::new().chain_update(oid.to_le_bytes()).chain_update(bytes.to_le_bytes());
        let all: [u8; 32] = all.chain_update(hash.finalize()).finalize().into();
        let mut half = [0; 16];
        half.copy_from_slice(&all[..16]);
        self.sum = self.sum.wrapping_add(u128::from_le_bytes(half));
        self.count += 1;
        self.bytes += bytes;
    }

    /// These and others.
    pub(super) fn join(&mut self, other: Self) {
        self.sum = self.sum.wrapping_add(other.sum);
        self.count += other.count;
        self.bytes += other.bytes;
    }

    pub(super) fn digest(&self) -> String {
        hex(&self.sum.to_le_bytes())
    }
}

/// `16400` of `blob_16400.dat.zst`.
pub(super) fn oid_of(path: &Path) -> Option<u64> {
    let name = path.file_name()?.to_str()?.strip_prefix("blob_")?;
    let (oid, rest) = name.split_once('.')?;
    matches!(rest, "dat" | "dat.zst").then(|| oid.parse().ok())?
}

/// Reads the file of a large object once: the hash of the file, and its contents.
///
/// # Errors
/// As [`content::read_data_file`].
pub(super) fn read_file(path: &Path, oid: u64) -> io::Result<(Hashed, Contents)> {
    let (mut hash, mut bytes) = (Sha256::new(), 0);
    let hashed = match path.metadata()?.len() {
        0 => content::hash_file(path)?,
        _ => content::decode_file(path, &mut |part| {
            hash.update(part);
            bytes += part.len() as u64;
        })?,
    };
    let mut contents = Contents::default();
    contents.add(oid, bytes, hash);
    Ok((hashed, contents))
}

/// The digest of owners, rights and comments in a database.
///
/// # Errors
/// `code`, UP-1105.
pub(super) async fn rights(session: &Session, code: Code) -> Result<String> {
    let mut rows = RowDigest::default();
    let sql = format!("COPY ({RIGHTS}) TO STDOUT");
    let read = session.copy_out(&sql, &mut |bytes| rows.feed(bytes)).await;
    read.map_err(|e| query_failed(code, "reading the rights of large objects", &e))?;
    Ok(rows.digest())
}

/// The contents of all large objects of a database, streamed.
///
/// # Errors
/// UP-6008, UP-1105.
pub(super) async fn read_live(session: &Session) -> Result<Contents> {
    let failed = |e| query_failed(Code::RestoreFailed, "reading the large objects", &e);
    let mut lines = Lines::default();
    let sql = format!(
        "COPY (SELECT m.oid, pg_catalog.encode(pg_catalog.lo_get(m.oid, 0, {FIRST_BYTES}), 'hex') \
         FROM pg_catalog.pg_largeobject_metadata m) TO STDOUT"
    );
    session.copy_out(&sql, &mut |bytes| lines.feed(bytes)).await.map_err(failed)?;
    let Lines { mut contents, large, bad, .. } = lines;
    if bad {
        return Err(Error::new(Code::Internal, "a large object is not what was asked for"));
    }
    for oid in large {
        let (mut hash, mut bytes) = (Sha256::new(), 0);
        loop {
            let sql = format!(
                "SELECT pg_catalog.encode(pg_catalog.lo_get({oid}, {bytes}, {CHUNK_BYTES}), 'hex')"
            );
            let chunk = session.value(&sql).await.map_err(failed)?.unwrap_or_default();
            let part = unhex(chunk.as_bytes());
            let read = part.len() as u64;
            hash.update(&part);
            bytes += read;
            if read < CHUNK_BYTES {
                break;
            }
        }
        contents.add(oid, bytes, hash);
    }
    Ok(contents)
}

/// Lines `OID TAB HEX`, however the bytes arrive.
#[derive(Default)]
struct Lines {
    line: Vec<u8>,
    contents: Contents,
    /// Those that go on.
    large: Vec<u64>,
    bad: bool,
}

impl Lines {
    fn feed(&mut self, mut bytes: &[u8]) {
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            self.line.extend_from_slice(&bytes[..end]);
            bytes = &bytes[end + 1..];
            self.end_line();
        }
        self.line.extend_from_slice(bytes);
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        let tab = memchr::memchr(b'\t', &line).unwrap_or(line.len());
        let oid = std::str::from_utf8(&line[..tab]).ok().and_then(|oid| oid.parse().ok());
        let (Some(oid), Some(text)) = (oid, line.get(tab + 1..)) else {
            self.bad = true;
            return;
        };
        let part = unhex(text);
        match (part.len() as u64) < FIRST_BYTES {
            true => {
                self.contents.add(oid, part.len() as u64, Sha256::new().chain_update(&part));
            }
            false => self.large.push(oid),
        }
    }
}

fn unhex(text: &[u8]) -> Vec<u8> {
    let digit =
        |byte: u8| char::from(byte).to_digit(16).and_then(|d| u8::try_from(d).ok()).unwrap_or(0);
    text.chunks_exact(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(objects: &[(u64, &[u8])]) -> Contents {
        let mut contents = Contents::default();
        for (oid, bytes) in objects {
            contents.add(*oid, bytes.len() as u64, Sha256::new().chain_update(bytes));
        }
        contents
    }

    #[test]
    fn lines_are_objects_however_they_arrive() {
        let text = b"7\t00ff\n8\t\n";
        for piece in 1..text.len() {
            let mut lines = Lines::default();
            text.chunks(piece).for_each(|bytes| lines.feed(bytes));
            assert_eq!(lines.contents, of(&[(8, b""), (7, b"\x00\xff")]), "{piece}");
        }
    }

    #[test]
    fn a_byte_an_oid_and_a_length_make_a_difference() {
        let good = of(&[(7, b"ab"), (8, b"")]).digest();
        for other in [of(&[(7, b"aa"), (8, b"")]), of(&[(8, b"ab"), (7, b"")]), of(&[(7, b"ab")])] {
            assert_ne!(good, other.digest());
        }
    }

    #[test]
    fn files_of_large_objects_are_known_by_their_names() {
        assert_eq!(oid_of(Path::new("dump/blob_16400.dat.zst")), Some(16400));
        assert_eq!(oid_of(Path::new("blob_7.dat")), Some(7));
        for other in ["blobs.toc", "blobs_12.toc", "3322.dat.zst", "blob_x.dat", "blob_7.dat.gz"] {
            assert_eq!(oid_of(Path::new(other)), None, "{other}");
        }
    }
}
