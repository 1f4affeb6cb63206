//! Runs every folder below `scenarios/` with the real program on real servers.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use libtest_mimic::{Arguments, Trial};
use underpin_testkit::scenario;

/// What the program was built with.
const FEATURES: &[(&str, bool)] = &[
    ("encryption", cfg!(feature = "encryption")),
    ("object-store", cfg!(feature = "object-store")),
];

fn main() {
    let features = FEATURES.iter().filter(|(_, is_built)| *is_built).map(|(name, _)| *name);
    let features: Vec<&str> = features.collect();
    let arguments = Arguments::from_args();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let handle = runtime.handle().clone();
    let mut trials = Vec::new();
    for scenario in scenario::find(&root) {
        for major in underpin_testkit::majors() {
            let scenario = scenario.clone();
            let handle = handle.clone();
            let name = format!("{} on {major}", scenario.name);
            let skipped = !scenario.runs_on(major, &features).unwrap_or(true);
            let trial = Trial::test(name, move || {
                let program = Path::new(env!("CARGO_BIN_EXE_underpin"));
                handle.block_on(scenario.run(program, major)).map_err(Into::into)
            });
            trials.push(trial.with_ignored_flag(skipped));
        }
    }
    assert!(!trials.is_empty(), "no scenario found in {}", root.display());
    libtest_mimic::run(&arguments, trials).exit();
}
