//! Measures a program from outside: wall time, processor time and memory of its whole process tree.
//!
//! Invariants: only what the kernel counts is used (`/proc`); a program that fails is an error, not
//! a figure.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// What one run of a program, or the median of several, cost.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cost {
    /// From its start to its end.
    pub wall: Duration,
    /// User and system time of it and all its descendants.
    pub cpu: Duration,
    /// The most memory that it and its descendants held together, in KiB.
    pub memory: u64,
}

/// Underpin as it is released, beside this program.
///
/// # Errors
/// When it cannot be built.
pub fn underpin() -> Result<PathBuf, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--release", "--quiet", "--package", "underpin"]);
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
    if !command.status().map_err(|e| e.to_string())?.success() {
        return Err("underpin cannot be built".to_owned());
    }
    Ok(std::env::current_exe().map_err(|e| e.to_string())?.with_file_name("underpin"))
}

/// Runs a program to its end.
///
/// # Errors
/// When it cannot be started, or ends with another code than 0.
pub fn run(command: &mut Command) -> Result<Cost, String> {
    run_ending(command, &[0])
}

/// Runs a program that may end with one of these codes.
///
/// # Errors
/// When it cannot be started, or ends with another code.
pub fn run_ending(command: &mut Command, codes: &[i32]) -> Result<Cost, String> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let before = cpu_of_children()?;
    let begun = Instant::now();
    let child = command.spawn().map_err(|e| format!("{command:?}: {e}"))?;
    let pid = child.id();
    let ended = AtomicBool::new(false);
    let (output, wall, memory) = std::thread::scope(|scope| {
        let sampler = scope.spawn(|| peak_of_tree(pid, &ended));
        let output = child.wait_with_output();
        let wall = begun.elapsed();
        ended.store(true, Ordering::Relaxed);
        (output, wall, sampler.join().unwrap_or_default())
    });
    let output = output.map_err(|e| e.to_string())?;
    if !output.status.code().is_some_and(|code| codes.contains(&code)) {
        return Err(format!(
            "{command:?}: {}\n{}{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        ));
    }
    Ok(Cost { wall, cpu: cpu_of_children()?.saturating_sub(before), memory })
}

/// Medians of wall and memory; the mean of processor time, which the kernel tells in steps of
/// 10 ms.
///
/// # Panics
/// When there is no cost.
#[must_use]
pub fn typical(costs: &[Cost]) -> Cost {
    let mut walls: Vec<Duration> = costs.iter().map(|c| c.wall).collect();
    let mut memories: Vec<u64> = costs.iter().map(|c| c.memory).collect();
    walls.sort_unstable();
    memories.sort_unstable();
    let runs = u32::try_from(costs.len()).unwrap_or(u32::MAX);
    Cost {
        wall: walls[walls.len() / 2],
        cpu: costs.iter().map(|c| c.cpu).sum::<Duration>() / runs,
        memory: memories[memories.len() / 2],
    }
}

/// User and system time of all ended and awaited descendants of this process: fields 16 and 17 of
/// `/proc/self/stat`, in ticks of 10 ms.
fn cpu_of_children() -> Result<Duration, String> {
    let stat = std::fs::read_to_string("/proc/self/stat").map_err(|e| e.to_string())?;
    // The second field is a name in brackets, which may hold blanks.
    let after = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: u64 =
        after.split_whitespace().skip(13).take(2).filter_map(|f| f.parse::<u64>().ok()).sum();
    Ok(Duration::from_millis(ticks * 10))
}

/// The peak of a tree: each process counts with what it holds at the moment, and the first one, while
/// it is alone, with its own peak, which the kernel keeps.
fn peak_of_tree(root: u32, ended: &AtomicBool) -> u64 {
    let mut peak = 0;
    while !ended.load(Ordering::Relaxed) {
        let held = memory_of_tree(root);
        let sum: u64 = held.values().map(|memory| memory.now).sum();
        peak = peak.max(sum);
        if let (1, Some(alone)) = (held.len(), held.get(&root)) {
            peak = peak.max(alone.peak);
        }
        std::thread::sleep(Duration::from_micros(if held.len() > 1 { 5000 } else { 500 }));
    }
    peak
}

#[derive(Clone, Copy)]
struct Memory {
    now: u64,
    peak: u64,
}

fn memory_of_tree(root: u32) -> BTreeMap<u32, Memory> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![root];
    while let Some(pid) = waiting.pop() {
        let folder = format!("/proc/{pid}");
        if let Ok(status) = std::fs::read_to_string(format!("{folder}/status")) {
            let field = |name: &str| {
                let line = status.lines().find_map(|line| line.strip_prefix(name));
                line.and_then(|l| l.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
            };
            found.insert(pid, Memory { now: field("VmRSS:"), peak: field("VmHWM:") });
        }
        waiting.extend(children(Path::new(&folder)).into_iter().filter(|c| !found.contains_key(c)));
    }
    found
}

fn children(folder: &Path) -> Vec<u32> {
    let Ok(threads) = std::fs::read_dir(folder.join("task")) else { return Vec::new() };
    threads
        .flatten()
        .filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok())
        .flat_map(|list| {
            list.split_whitespace().filter_map(|p| p.parse().ok()).collect::<Vec<u32>>()
        })
        .collect()
}
