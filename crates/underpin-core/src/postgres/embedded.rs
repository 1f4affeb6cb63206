//! The seam for a PostgreSQL inside our own process.
//!
//! Purpose: the engine knows an embedded PostgreSQL only through these two traits; the crate that
//! implements them is chosen by the program (feature `embedded`) and handed in through
//! [`super::scratch::ScratchOptions`]. Invariants: nothing here depends on an implementation; an
//! instance is one session and one database, gone when it is closed. Non-goals: a server that
//! others can connect to.

use std::future::Future;
use std::pin::Pin;

use super::{Notice, Queryable, ServerVersion};
use crate::error::Result;

/// An instance that is being started.
pub type OpenFuture<'a> =
    Pin<Box<dyn Future<Output = Result<Box<dyn EmbeddedDatabase>>> + Send + 'a>>;

/// An instance that is being closed.
pub type CloseFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Starts instances of one embedded PostgreSQL.
pub trait EmbeddedEngine: std::fmt::Debug + Send + Sync {
    /// The PostgreSQL that it carries.
    fn version(&self) -> ServerVersion;

    /// Everything that its answers depend on (release, extensions), for the cache of replays.
    fn identity(&self) -> String;

    /// What it cannot check whatever the target is, each in words.
    fn unchecked(&self) -> Vec<String>;

    /// Starts an instance with one empty database of its own.
    fn open(&self) -> OpenFuture<'_>;
}

/// A running instance: one database and the one session with it.
pub trait EmbeddedDatabase: Queryable {
    /// The notices since the last call.
    fn take_notices(&mut self) -> Vec<Notice>;

    /// Stops the instance and gives its memory back.
    fn close(self: Box<Self>) -> CloseFuture;
}
