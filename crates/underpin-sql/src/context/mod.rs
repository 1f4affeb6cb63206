//! What a rule sees of a statement: the file around it, what is there before it, which locks its
//! transaction holds, what it does to the server, and facts from outside.
//!
//! Invariants: only what was read or handed in; nothing here decides anything. The walk that makes
//! it is `lint`'s.

mod at;
mod does;
mod facts;
mod place;
pub mod record;

pub use at::{At, File, Held, Step};
pub use does::{Does, TableLock, TableWork, Work, tag};
pub(crate) use does::{does, is_block, mode_name, runs_what_is_inside};
pub use facts::{Blocker, Facts, IndexFacts, TableFacts};
pub use place::{Place, Runner, places};

/// What is known of the run.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The server's major version; `None`: any from 13 on.
    pub server_major: Option<u32>,
    /// Who runs the files.
    pub runner: Runner,
    /// Files from this index on are deployed together, so that what one makes is new for the next.
    /// `None`: each file is judged as if those before it had been applied.
    pub pending_from: Option<usize>,
    /// Facts from outside.
    pub facts: Facts,
    /// Rules that run although they are off by default.
    pub enabled: Vec<String>,
}
