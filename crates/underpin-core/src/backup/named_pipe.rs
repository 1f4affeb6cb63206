//! Rows of our own scratch server through a named pipe.
//!
//! Purpose: COPY text of a server on this machine for less than the socket takes (figures: ADR 6). The
//! protocol sends rows in pieces of 8 kB (`PQ_SEND_BUFFER_SIZE`, PostgreSQL 13 to 18), each of which
//! wakes the reader; a pipe of 1 MiB that is looked into once a millisecond wakes nobody.
//! Invariants: the pipe lies in the server's own folder, and goes with this value; nothing is waited
//! for that COPY itself does not wait for. Non-goals: servers that are not ours, because COPY to a file
//! needs `pg_write_server_files`.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::postgres::{Session, SqlError, literal};

/// Between two looks: shorter than a server takes to fill the pipe.
const PAUSE: Duration = Duration::from_millis(1);

/// A named pipe that a server of ours can write into.
pub(super) struct NamedPipe {
    path: PathBuf,
    reader: File,
    /// What it holds.
    bytes: usize,
}

impl NamedPipe {
    /// Makes one in a folder of the server, for its owner; none where the system has no such pipes.
    ///
    /// # Errors
    /// As the file system's.
    pub(super) fn new(folder: &Path) -> io::Result<Option<Self>> {
        let path = folder.join(format!("rows-{}", uuid::Uuid::new_v4().simple()));
        match open(&path, folder) {
            Ok((reader, bytes)) => Ok(Some(Self { path, reader, bytes })),
            Err(error) => {
                remove(&path);
                if error.kind() == io::ErrorKind::Unsupported { Ok(None) } else { Err(error) }
            }
        }
    }

    /// `COPY what TO` this pipe with further `options`; hands over the text as it arrives.
    ///
    /// # Errors
    /// As [`Session::simple_query`]; what cannot be read from the pipe, as an error without a SQLSTATE.
    pub(super) async fn copy(
        &mut self,
        session: &Session,
        what: &str,
        options: &str,
        take: &mut (dyn FnMut(&[u8]) + Send),
    ) -> Result<(), SqlError> {
        let path = literal(&self.path.to_string_lossy());
        let sql = format!("COPY {what} TO {path}{options}");
        let mut copy = std::pin::pin!(session.simple_query(&sql));
        let mut answer = None;
        let mut buffer = vec![0; self.bytes];
        loop {
            let read = match self.reader.read(&mut buffer) {
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(unreadable(&error)),
            };
            take(&buffer[..read]);
            if read > self.bytes / 2 {
                tokio::task::yield_now().await;
                continue;
            }
            match answer {
                // The file is closed before the server answers: all of it has been read now.
                Some(answer) if read == 0 => return Result::map(answer, drop),
                Some(_) => {}
                None => tokio::select! {
                    answered = &mut copy => answer = Some(answered),
                    () = tokio::time::sleep(PAUSE) => {}
                },
            }
        }
    }
}

/// The reading end of a new pipe, which waits for nobody, and what the pipe holds.
#[cfg(target_os = "linux")]
fn open(path: &Path, folder: &Path) -> io::Result<(File, usize)> {
    use rustix::fs::{CWD, Mode, OFlags};
    use std::os::unix::fs::MetadataExt as _;
    /// The most that a process without rights may ask for (`/proc/sys/fs/pipe-max-size`).
    const PIPE_BYTES: usize = 1 << 20;
    rustix::fs::mkfifoat(CWD, path, Mode::RUSR | Mode::WUSR)?;
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let reader = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    let owner = std::fs::metadata(folder)?;
    std::os::unix::fs::chown(path, Some(owner.uid()), Some(owner.gid()))?;
    // A smaller one does as well.
    let _as_it_is = rustix::pipe::fcntl_setpipe_size(&reader, PIPE_BYTES);
    let bytes = rustix::pipe::fcntl_getpipe_size(&reader)?;
    Ok((reader, bytes))
}

#[cfg(not(target_os = "linux"))]
fn open(_path: &Path, _folder: &Path) -> io::Result<(File, usize)> {
    Err(io::ErrorKind::Unsupported.into())
}

fn unreadable(error: &io::Error) -> SqlError {
    SqlError {
        sqlstate: None,
        message: format!("the pipe of the scratch server cannot be read: {error}"),
        hint: None,
        position: None,
        context: None,
        connection_lost: false,
    }
}

impl Drop for NamedPipe {
    fn drop(&mut self) {
        remove(&self.path);
    }
}

fn remove(path: &Path) {
    let _goes_with_the_folder = std::fs::remove_file(path);
}
