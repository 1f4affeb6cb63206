//! What the benchmarks share.

pub mod history;
pub mod process;
