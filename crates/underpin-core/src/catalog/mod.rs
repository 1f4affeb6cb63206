//! The catalog of a database as normalised facts: read, fingerprinted, compared.
//!
//! Purpose: say what a database *is*, so that two of them can be compared fact by fact.
//! Invariants: a read is one simple-query message, takes catalog locks only, leaves no trace and
//! never reads a secret; the same DDL gives the same facts on PostgreSQL 13 to 18, in whatever
//! order it ran; a kind that is not modelled is counted and named, never silently absent.
//!
//! Not facts, on purpose: column order of tables, sequence positions, statistics, whether a
//! materialized view is populated, names of validated NOT NULL constraints and of identity
//! sequences, who granted a privilege, whether an inherited column is also defined locally, and
//! whatever belongs to an extension, to Underpin (`underpin`) or to Prisma's history table.
//!
//! Known differences between majors that cannot be normalised, because the server deparses its
//! own tree: since 16 a view or rule over one relation names columns without their table, and
//! since 14 SQL-standard function bodies exist. Compare such facts on one major.

mod assemble;
mod diff;
mod fact;
mod fingerprint;
mod normalise;
mod privileges;
mod queries;
mod read;
mod snapshot;
mod track;

pub use diff::{CatalogDiff, ChangedAttribute, ChangedObject, Note, diff};
pub use fact::{Attributes, Class, ObjectId, ObjectKind};
pub use fingerprint::Fingerprint;
pub use read::{read, read_inside, read_tracked};
pub use snapshot::{CatalogSnapshot, SnapshotDelta};
pub use track::{Addresses, TrackedSnapshot};
