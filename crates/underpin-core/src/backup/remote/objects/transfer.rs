//! Files on their way to the store, and back.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use futures_util::StreamExt as _;
use object_store::{
    GetOptions, MultipartUpload, ObjectStore as _, ObjectStoreExt as _, PutPayload,
};
use sha2::{Digest as _, Sha256};
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::{JoinSet, spawn_blocking};

use super::super::{FileEntry, Job, ROOM_MIB, trouble};
use super::Objects;
use crate::backup::dump::not_written;
use crate::backup::seal::hex;
use crate::backup::{content, interrupted};
use crate::error::{Code, Error, Result};

/// Of a part but the last: S3 asks for 5 MiB at least, R2 for parts of one size.
const PART: u64 = 8 << 20;
/// S3 and Google take 10 000, Azure takes more.
const PARTS_MAX: u64 = 10_000;
/// How long a store may take to forget the parts of an upload that ends early.
const ABORT_PATIENCE: Duration = Duration::from_secs(5);

impl Objects {
    /// Sends a file. The object is completed only when what was read is what the manifest says.
    pub(in crate::backup::remote) async fn send(
        &self,
        key: &str,
        path: &Path,
        expected: &FileEntry,
        job: &Job,
    ) -> Result<()> {
        let part = PART.max(expected.bytes.div_ceil(PARTS_MAX).next_multiple_of(1 << 20));
        if part > u64::from(ROOM_MIB) << 20 {
            let words = format!("`{}` is larger than {PARTS_MAX} parts may be", expected.path);
            return Err(Error::new(Code::StoreRefused, words));
        }
        let path = path.to_owned();
        let opened = blocking(move || content::open_plain(&path)).await?;
        let file = opened.map_err(|e| unreadable(expected, &e))?;
        let mut reader = Reader { file, hash: Sha256::new(), bytes: 0 };
        if expected.bytes <= part {
            let _room = or_halted(job, job.room(expected.bytes)).await??;
            let bytes;
            (reader, bytes) = reader.read(expected.bytes, expected).await?;
            reader.check(expected).await?;
            let location = self.key(key);
            let sent = self.store.put(&location, PutPayload::from(bytes));
            or_halted(job, sent).await?.map_err(|e| self.told("sending a file", &e))?;
            job.add(expected.bytes);
            return Ok(());
        }
        let begun = or_halted(job, self.store.put_multipart(&self.key(key))).await?;
        let mut upload = begun.map_err(|e| self.told("sending a file", &e))?;
        let sent = async {
            self.send_parts(&mut *upload, reader, part, expected, job).await?;
            let completed = or_halted(job, upload.complete()).await?;
            completed.map(drop).map_err(|e| self.told("sending a file", &e))
        };
        let sent = sent.await;
        if sent.is_err() {
            // Else its parts are kept, and paid for, until a rule of the bucket removes them.
            let _best_effort = tokio::time::timeout(ABORT_PATIENCE, upload.abort()).await;
        }
        sent
    }

    async fn send_parts(
        &self,
        upload: &mut dyn MultipartUpload,
        mut reader: Reader,
        part: u64,
        expected: &FileEntry,
        job: &Job,
    ) -> Result<()> {
        let mut under_way = JoinSet::new();
        let mut left = expected.bytes;
        while left > 0 {
            let size = part.min(left);
            let room = self.room_for(size, job, &mut under_way).await?;
            let bytes;
            (reader, bytes) = reader.read(size, expected).await?;
            let sending = upload.put_part(PutPayload::from(bytes));
            under_way.spawn(async move { (sending.await, room, size) });
            left -= size;
        }
        while let Some(done) = or_halted(job, under_way.join_next()).await? {
            self.arrived(done, job)?;
        }
        reader.check(expected).await
    }

    /// Waits for room, and meanwhile for parts that give it back.
    async fn room_for(
        &self,
        bytes: u64,
        job: &Job,
        under_way: &mut JoinSet<Sent>,
    ) -> Result<OwnedSemaphorePermit> {
        let mut room = std::pin::pin!(job.room(bytes));
        loop {
            tokio::select! {
                room = or_halted(job, &mut room) => return room?,
                Some(done) = under_way.join_next() => self.arrived(done, job)?,
            }
        }
    }

    fn arrived(&self, done: Result<Sent, tokio::task::JoinError>, job: &Job) -> Result<()> {
        let (result, _room, size) =
            done.map_err(|e| Error::new(Code::Internal, "sending a part stopped").caused_by(e))?;
        result.map_err(|e| self.told("sending a file", &e))?;
        job.add(size);
        Ok(())
    }

    /// Receives a file, in pieces of which some are on their way at once.
    pub(in crate::backup::remote) async fn receive(
        &self,
        key: &str,
        path: &Path,
        expected: &FileEntry,
        job: &Job,
    ) -> Result<()> {
        let location = self.key(key);
        let shown = format!("{}/{key}", self.url);
        let is_size = |size| match size == expected.bytes {
            true => Ok(()),
            false => Err(damaged(format!("`{shown}` has {size} bytes, not {}", expected.bytes))),
        };
        if expected.bytes == 0 {
            let head = or_halted(job, self.store.head(&location)).await?;
            is_size(head.map_err(|e| self.missing(&shown, &e))?.size)?;
        }
        let mut options = File::options();
        let opened = options.write(true).create_new(true).mode(0o600).open(path);
        let mut writer = Writer { file: opened.map_err(|e| not_written(&e))?, hash: Sha256::new() };
        let starts = (0..expected.bytes).step_by(usize::try_from(PART).unwrap_or(usize::MAX));
        let mut pieces = futures_util::stream::iter(starts)
            .map(|start| {
                let (location, end) = (&location, (start + PART).min(expected.bytes));
                async move {
                    let room = job.room(end - start).await?;
                    let options = GetOptions::new().with_range(Some(start..end));
                    let got = async {
                        let got = self.store.get_opts(location, options).await?;
                        Ok((got.meta.size, got.bytes().await?))
                    };
                    Ok::<_, Error>((room, end - start, got.await))
                }
            })
            .buffered(usize::try_from(ROOM_MIB).unwrap_or(1));
        while let Some(piece) = or_halted(job, pieces.next()).await? {
            let (_room, length, got) = piece?;
            let (size, bytes) = got.map_err(|e| self.missing(&shown, &e))?;
            is_size(size)?;
            if bytes.len() as u64 != length {
                return Err(damaged(format!("`{shown}` ends early")));
            }
            writer = writer.write(bytes.to_vec()).await?;
            job.add(length);
        }
        if hex(&writer.hash.finalize()) != expected.sha256 {
            return Err(damaged(format!("`{shown}` has other contents than the manifest says")));
        }
        Ok(())
    }

    fn told(&self, doing: &str, e: &object_store::Error) -> Error {
        trouble::told(&self.url, doing, e)
    }

    fn missing(&self, shown: &str, e: &object_store::Error) -> Error {
        match e {
            object_store::Error::NotFound { .. } => damaged(format!("`{shown}` is missing")),
            // Range Not Satisfiable (RFC 9110): the object ends before the piece begins.
            e if trouble::status(e) == Some(416) => damaged(format!("`{shown}` ends early")),
            e => self.told("reading a file", e),
        }
    }
}

type Sent = (object_store::Result<()>, OwnedSemaphorePermit, u64);

fn damaged(words: String) -> Error {
    Error::new(Code::BackupDamaged, words)
}

fn unreadable(expected: &FileEntry, e: &std::io::Error) -> Error {
    damaged(format!("`{}` cannot be read", expected.path)).caused_by(e)
}

/// Waits for something, unless the transfer is to end.
async fn or_halted<T>(job: &Job, work: impl Future<Output = T>) -> Result<T> {
    let mut stop = job.stop.clone();
    tokio::select! {
        done = work => Ok(done),
        () = stop.requested() => Err(interrupted("the transfer")),
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let done = spawn_blocking(work).await;
    done.map_err(|e| Error::new(Code::Internal, "a transfer stopped").caused_by(e))
}

/// A file that is hashed while it is read.
struct Reader {
    file: File,
    hash: Sha256,
    bytes: u64,
}

impl Reader {
    /// The next bytes, as many as are asked for.
    async fn read(mut self, size: u64, expected: &FileEntry) -> Result<(Self, Vec<u8>)> {
        let read = blocking(move || {
            let mut bytes = vec![0; usize::try_from(size).unwrap_or(usize::MAX)];
            self.file.read_exact(&mut bytes)?;
            self.hash.update(&bytes);
            self.bytes += size;
            Ok((self, bytes))
        });
        read.await?.map_err(|e: std::io::Error| unreadable(expected, &e))
    }

    /// That it is the file of the manifest, and ends here.
    async fn check(mut self, expected: &FileEntry) -> Result<()> {
        let ends = blocking(move || {
            let ends = self.file.read(&mut [0])? == 0;
            Ok((ends, self.bytes, hex(&self.hash.finalize())))
        });
        let (ends, bytes, sha256) =
            ends.await?.map_err(|e: std::io::Error| unreadable(expected, &e))?;
        if ends && bytes == expected.bytes && sha256 == expected.sha256 {
            return Ok(());
        }
        let words = format!("`{}` is not the file of the manifest any more", expected.path);
        Err(damaged(words).hint("do not restore from it; the others: underpin backup list"))
    }
}

/// A file that is hashed while it is written.
struct Writer {
    file: File,
    hash: Sha256,
}

impl Writer {
    async fn write(mut self, bytes: Vec<u8>) -> Result<Self> {
        let written = blocking(move || {
            self.file.write_all(&bytes)?;
            self.hash.update(&bytes);
            Ok(self)
        });
        written.await?.map_err(|e: std::io::Error| not_written(&e))
    }
}
