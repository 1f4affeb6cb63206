//! Runs the commands of every page in `docs/guides`, each page on a database of its own.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use libtest_mimic::{Arguments, Trial};
use underpin_testkit::guide;

fn main() {
    let arguments = Arguments::from_args();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guides");
    let mut pages: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "md"))
        .collect();
    pages.sort();
    assert!(pages.len() > 1, "no guides in {}", folder.display());
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    // The newest: pages say what a reader of today sees.
    let major = *underpin_testkit::majors().last().unwrap();
    let counts = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
    let trials = pages.into_iter().map(|page| {
        let (handle, counts) = (runtime.handle().clone(), Arc::clone(&counts));
        let name = page.file_stem().unwrap().to_string_lossy().into_owned();
        Trial::test(name, move || {
            let program = Path::new(env!("CARGO_BIN_EXE_underpin"));
            let server = handle.block_on(underpin_testkit::server(major));
            let database = handle.block_on(server.database());
            let outcome = guide::run(&page, program, &server, &database)
                .map_err(|why| format!("{}: {why}", page.display()))?;
            counts[0].fetch_add(outcome.run, Ordering::Relaxed);
            counts[1].fetch_add(outcome.skipped, Ordering::Relaxed);
            Ok(())
        })
    });
    let conclusion = libtest_mimic::run(&arguments, trials.collect());
    let [run, skipped] = &*counts;
    println!(
        "guides: {} commands run, {} skipped with a reason",
        run.load(Ordering::Relaxed),
        skipped.load(Ordering::Relaxed)
    );
    conclusion.exit();
}
