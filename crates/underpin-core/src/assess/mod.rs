//! Assessment: what pending migrations will lock, lose and break on this very database.
//!
//! Joins what the scripts say (`underpin_sql::lint`) with the database's sizes, traffic, sessions
//! and rows: `observe` reads the figures that rules ask for, `preflight` puts each statement that
//! may fail on rows to the rows, `predict` says how long work of that size takes. Invariants: reads
//! only, each question bounded in time; no row value leaves the database, at most one key; what
//! could not be found out is said. Non-goals: whether to go on (the verb's policy), running
//! anything.

mod code;
mod observe;
mod predict;
mod preflight;

pub use code::{StillNamed, still_named};
pub use observe::{Observed, observe};
pub use predict::{Calibration, Prediction, TableSize, measure, predict};
pub use preflight::{Answer, Preflight, answer, preflights};
