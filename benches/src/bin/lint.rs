//! What it costs to judge migrations offline: one file, and a folder of 500, by Underpin and by squawk
//! in one run.
//!
//! Wall is the median of 20 runs taken in turn, processor time their mean, memory the peak. The
//! files have the shape of public Prisma projects (`underpin_bench::history`). Underpin also reads
//! the files before the judged one; squawk looks at each alone.
//!
//! Targets: 500 files in at most 0.1 s of processor time and 25 MB, and not more processor time
//! than squawk.

#![allow(clippy::print_stdout)]

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use underpin_bench::{
    Outcome, history,
    process::{self, Cost},
};
use underpin_testkit::npm;

const RUNS: usize = 20;
const FILES: usize = 500;
const CPU_MAX: Duration = Duration::from_millis(100);
const MEMORY_MAX_KIB: u64 = 25 << 10;

/// Who judges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tool {
    Underpin,
    Squawk,
}

fn command(tool: Tool, program: &Path, files: &[PathBuf]) -> Command {
    let mut command = Command::new(program);
    command.env_clear().args((tool == Tool::Underpin).then_some("lint")).args(files);
    command
}

/// Each tool over the same files, in turn.
fn measure(tools: &[(Tool, PathBuf)], files: &[PathBuf]) -> Outcome<Vec<(Tool, Cost)>> {
    let mut costs: Vec<(Tool, Vec<Cost>)> = tools.iter().map(|(t, _)| (*t, Vec::new())).collect();
    for round in 0..=RUNS {
        for ((tool, program), (_, costs)) in tools.iter().zip(&mut costs) {
            // Both say with their exit code that something was found.
            let cost = process::run_ending(&mut command(*tool, program, files), &[0, 1, 3])?;
            // The first run only warms the caches.
            if round > 0 {
                costs.push(cost);
            }
        }
    }
    Ok(costs.into_iter().map(|(tool, costs)| (tool, process::typical(&costs))).collect())
}

fn run() -> Outcome<bool> {
    let project = tempfile::tempdir()?;
    history::write_folder(project.path(), FILES)?;
    let files: Vec<PathBuf> =
        (0..FILES).map(|n| project.path().join(history::name(n)).join("migration.sql")).collect();
    let bytes: u64 = files.iter().map(|f| std::fs::metadata(f).map_or(0, |m| m.len())).sum();
    let mut tools = vec![(Tool::Underpin, process::underpin()?)];
    let squawk = npm::home().join("squawk/bin/squawk");
    if squawk.is_file() {
        tools.push((Tool::Squawk, squawk));
    } else {
        println!("squawk is not installed, so that nothing is compared with it");
    }
    let mut of_all = Vec::new();
    for (what, files) in [("1 file", &files[..1]), ("500 files", files.as_slice())] {
        println!("\n{what}");
        of_all = measure(&tools, files)?;
        for (tool, cost) in &of_all {
            println!(
                "  {:<9} {:>6.1} ms wall  {:>6.1} ms processor  {:>5.1} MB",
                format!("{tool:?}").to_lowercase(),
                cost.wall.as_secs_f64() * 1e3,
                cost.cpu.as_secs_f64() * 1e3,
                cost.memory as f64 / 1024.0
            );
        }
    }
    let cost = |tool: Tool| of_all.iter().find(|(t, _)| *t == tool).map(|(_, c)| *c);
    let own = cost(Tool::Underpin).ok_or("not measured")?;
    let other = cost(Tool::Squawk);
    let slower = other.is_some_and(|o| own.cpu > o.cpu);
    let met = own.cpu <= CPU_MAX && own.memory <= MEMORY_MAX_KIB && !slower;
    let compared = other.map_or("squawk not installed".to_owned(), |o| {
        format!("squawk {:.0} ms, {:.1} MB", o.cpu.as_secs_f64() * 1e3, o.memory as f64 / 1024.0)
    });
    println!(
        "\nbench lint: {FILES} files ({} KB) {:.0} ms processor, {:.1} MB, {compared}; target 100 ms, 25 MB, not slower than squawk: {}",
        bytes / 1000,
        own.cpu.as_secs_f64() * 1e3,
        own.memory as f64 / 1024.0,
        if met { "met" } else { "NOT MET" }
    );
    Ok(met)
}

fn main() -> ExitCode {
    underpin_bench::finish("lint", run())
}
