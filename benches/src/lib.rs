//! What the benchmarks share.

pub mod history;
pub mod process;

use std::time::Duration;

use underpin_core::diagnose::{Answers, Policy};
use underpin_core::engine::Options;
use underpin_core::execute::{LockBudget, Stop};
use underpin_core::postgres::ConnectionSettings;
use underpin_core::postgres::scratch::ScratchOptions;

/// The engine's options for a database of `server` and a project, which keeps everything below its
/// own folder.
///
/// # Errors
/// A URL that is none.
pub fn options(
    server: &underpin_testkit::Server,
    url: &str,
    project: &std::path::Path,
) -> Result<Options, String> {
    Ok(Options {
        target: ConnectionSettings::parse(url).map_err(|e| e.to_string())?,
        folder: project.join("migrations"),
        scratch: ScratchOptions {
            pg_bin: Some(server.binaries().folder.clone()),
            cache: underpin_testkit::cache(),
            ..ScratchOptions::default()
        },
        replay_cache: Some(project.join("replays")),
        patience: Duration::from_secs(10),
        locks: LockBudget::default(),
        journals: Some(project.join("journal")),
        policy: Policy::default(),
        answers: Answers::default(),
        gate: underpin_core::engine::Gate::default(),
        redis: None,
        stop: Stop::default(),
        dry_run: false,
    })
}
