//! PostgreSQL as the engine sees it: connection settings, sessions, throw-away clusters.
//!
//! Purpose: everything that speaks the wire protocol or starts a server process.
//! Invariants: SQL goes out as simple queries and comes back as text, so that the same code runs
//! against a server, behind a transaction pooler and on an embedded engine with one session.
//! Only this module opens sockets. Non-goals: knowing what a migration or a catalog fact is.

pub mod binaries;
mod bounded;
pub mod clients;
pub mod cluster;
pub mod embedded;
mod quote;
pub mod scratch;
mod session;
mod settings;
mod sql_error;
mod version;

pub use bounded::BoundedQuery;
pub use quote::{identifier, literal};
pub use session::{Notice, QueryFuture, Queryable, ResultSet, Row, Session};
pub use settings::{ConnectionSettings, Environment};
pub use sql_error::SqlError;
pub use version::ServerVersion;
