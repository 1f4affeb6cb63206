//! Backups that are proven to restore.
//!
//! Purpose: a logical dump by PostgreSQL's own `pg_dump`, kept with everything that is needed to
//! prove it; the proof in levels; the way back. Invariants: a backup is a folder with a sealed
//! manifest, which is written last, and the folder gets its name last, so that a backup is whole or
//! not there; a dump reads one exported snapshot, whose catalog, row counts and digests are those of
//! the manifest; folders are 0700, files 0600; a restore goes into a new database, is compared, and
//! only then takes the old one's name; the old one is kept. Memory does not grow with the database.
//! Non-goals: deciding when a backup is due (`engine`), base backups and archives of the whole
//! server.
//!
//! Why `pg_dump` and not a dump of our own, and where the digests come from: ADR 6.

mod archive;
mod check;
mod claim;
pub mod content;
mod copy;
mod dump;
mod encryption;
mod files;
mod inventory;
mod large_object;
mod level;
mod loss;
pub mod manifest;
mod name;
mod named_pipe;
mod place;
pub mod remote;
pub mod retain;
mod seal;
mod source;
mod store;
mod swap;

pub use archive::{Archived, archive};
pub use check::{Drill, Drilled, Drilling, check, check_drilled};
pub use claim::{Answer, Claim, ClaimRequest, Look, Lsn, accept, accepted};
pub use copy::{RestoredCopy, restored_copy};
pub use dump::{Request, create, create_drilled};
pub use encryption::{Encryption, readable};
pub use large_object::LargeObjects;
pub use level::Level;
pub use loss::{LossPreview, TableLoss, preview};
pub use manifest::Manifest;
pub use name::BackupName;
pub use store::{Listed, Store};
pub use swap::{Replacing, Swapped, restore};

use std::path::PathBuf;
use std::time::Duration;

use crate::config::Secret;
use crate::error::{Code, Error, Result};
use crate::execute::Stop;
use crate::postgres::SqlError;
use crate::postgres::scratch::ScratchOptions;

/// What every verb about backups works with.
#[derive(Debug, Clone)]
pub struct Tools {
    /// The folder of the backups.
    pub folder: PathBuf,
    /// Signs manifests.
    pub key: Option<Secret>,
    /// Who can read the backups, and what reads them here.
    pub encryption: Encryption,
    /// Where client programs and scratch servers come from.
    pub scratch: ScratchOptions,
    /// Tables dumped or restored at once.
    pub jobs: usize,
    /// A request to stop.
    pub stop: Stop,
}

/// What happens meanwhile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A phase is about to begin: `dump`, `check`, `encrypt`, `decrypt`, `restore`, `compare`,
    /// `drill`, `archive`, `copy`, `fetch`.
    Begun(&'static str),
    /// Bytes done so far, and of how many, where that is known.
    Progress {
        /// As in `Begun`.
        phase: &'static str,
        /// Bytes done.
        bytes: u64,
        /// Bytes in all.
        of: Option<u64>,
    },
    /// Tables done so far, and of how many.
    Tables {
        /// As in `Begun`.
        phase: &'static str,
        /// Tables done, or under way.
        done: u64,
        /// Tables in all.
        of: u64,
    },
    /// A level is reached, and by what.
    Reached(Level, String),
    /// A word of caution.
    Caution(String),
}

/// Takes what happens.
pub type Tell<'a> = &'a mut (dyn FnMut(Step) + Send);

/// Between two words on how far something has come.
pub(crate) const PROGRESS_PAUSE: Duration = Duration::from_secs(1);

/// How long work may go on after a request to stop: it ends its programs, and clears up.
const STOP_GRACE: Duration = Duration::from_secs(6);

/// Waits for `work`, which hears a request to stop where it can; where it waits for a server and
/// cannot, it is dropped a while later.
async fn or_stopped<T>(
    tools: &Tools,
    doing: &str,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    let mut stop = tools.stop.clone();
    let late = async {
        stop.requested().await;
        tokio::time::sleep(STOP_GRACE).await;
    };
    tokio::select! {
        result = work => result,
        () = late => Err(interrupted(doing)),
    }
}

pub(crate) fn interrupted(doing: &str) -> Error {
    Error::new(Code::Interrupted, format!("stopped on request during {doing}"))
        .hint("run the same command again")
}

/// A query of ours failed.
fn query_failed(code: Code, doing: &str, e: &SqlError) -> Error {
    let code = if e.connection_lost { Code::ConnectionLost } else { code };
    Error::new(code, format!("{doing} failed")).caused_by(e).sqlstate(e.sqlstate.as_deref())
}
