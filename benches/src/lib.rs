//! What the benchmarks share.

pub mod history;
pub mod process;

use std::time::Duration;

use underpin_core::engine::Options;
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
        scratch: ScratchOptions {
            pg_bin: Some(server.binaries().folder.clone()),
            cache: underpin_testkit::cache(),
            ..ScratchOptions::default()
        },
        replay_cache: Some(project.join("replays")),
        patience: Duration::from_secs(10),
        journals: Some(project.join("journal")),
        ..Options::new(
            ConnectionSettings::parse(url).map_err(|e| e.to_string())?,
            project.join("migrations"),
        )
    })
}

/// What a benchmark comes to: whether its targets were met, or what went wrong with the means.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// The exit code of `bench NAME`: 0 only when the targets were met. What went wrong is printed.
#[allow(clippy::print_stdout)]
pub fn finish(name: &str, outcome: Outcome<bool>) -> std::process::ExitCode {
    match outcome {
        Ok(true) => std::process::ExitCode::SUCCESS,
        Ok(false) => std::process::ExitCode::FAILURE,
        Err(error) => {
            println!("bench {name}: failed: {error}");
            std::process::ExitCode::FAILURE
        }
    }
}
