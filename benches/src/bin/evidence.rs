//! How well the diagnosis knows what is in effect: states whose truth is known, made from whole
//! histories. With `UNDERPIN_CORPORA` over real projects (a folder with `NAME/migrations` each),
//! without it over the demo's history.
//!
//! `./dev bench evidence [trials per project] [project,…] [seed]`. Targets: wrong 0
//! (prefixes included), visible holes ≥ 99.5 %, partials 100 %.

#![allow(clippy::print_stdout)]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use underpin_bench::Outcome;
use underpin_testkit::evidence::{Dice, KINDS, Lab, Score};

const MAJOR: u32 = 15;
const SEED: u64 = 4;
const HOLES_PERCENT: f64 = 99.5;

#[tokio::main]
async fn main() -> ExitCode {
    underpin_bench::finish("evidence", run().await)
}

async fn run() -> Outcome<bool> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let trials = arguments.first().and_then(|a| a.parse().ok()).unwrap_or(60);
    let only = arguments.get(1).filter(|a| !a.is_empty());
    let seed = arguments.get(2).and_then(|a| a.parse().ok()).unwrap_or(SEED);
    let mut total = Score::default();
    for (name, folder) in projects() {
        if only.is_some_and(|only| !only.split(',').any(|o| o == name)) {
            continue;
        }
        total.add(
            project(&name, folder, trials, seed).await.map_err(|why| format!("{name}: {why}"))?,
        );
    }
    let ((holes, seen), (halves, known)) = (total.holes, total.partial);
    println!(
        "bench evidence: wrong {} of {} states, holes {seen}/{holes}, partials {known}/{halves}, target 0, {HOLES_PERCENT} %, all",
        total.wrong.len(),
        total.trials
    );
    let seen_enough = seen as f64 * 100.0 >= holes as f64 * HOLES_PERCENT;
    Ok(total.trials > 0 && total.wrong.is_empty() && seen_enough && known == halves)
}

fn projects() -> Vec<(String, PathBuf)> {
    let Some(root) = std::env::var_os("UNDERPIN_CORPORA").map(PathBuf::from) else {
        let demo = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../crates/underpin/demo");
        return vec![("demo".to_owned(), demo.join("migrations"))];
    };
    let entries = std::fs::read_dir(root).into_iter().flatten().filter_map(Result::ok);
    let mut all: Vec<(String, PathBuf)> = entries
        .map(|e| (e.file_name().to_string_lossy().into_owned(), e.path().join("migrations")))
        .filter(|(_, folder)| folder.is_dir())
        .collect();
    all.sort();
    all
}

async fn project(name: &str, folder: PathBuf, trials: usize, seed: u64) -> Result<Score, String> {
    let keep = std::env::temp_dir().join("underpin-bench-replays");
    let begun = Instant::now();
    let lab = Lab::new(&folder, MAJOR, Some(&keep)).await?;
    println!(
        "{name}: {} migrations, replayed in {:.1} s",
        lab.len(),
        begun.elapsed().as_secs_f64()
    );
    for failing in lab.failing() {
        println!("  does not replay: {failing}");
    }
    let begun = Instant::now();
    let mut prefixes = Score::default();
    // A long history is sampled: every state is judged against every migration.
    let step = lab.len().div_ceil(250).max(1);
    for count in (0..=lab.len()).step_by(step) {
        prefixes.add(lab.prefix(count)?);
    }
    report("prefixes", &prefixes, begun);
    let begun = Instant::now();
    let (mut score, mut dice) = (Score::default(), Dice::new(seed));
    for trial in 0..trials {
        score.add(lab.judge(&lab.of_kind(trial % KINDS, &mut dice)).await?);
    }
    report("random states", &score, begun);
    score.add(prefixes);
    Ok(score)
}

fn report(what: &str, score: &Score, begun: Instant) {
    let undecided: usize = score.undecided.values().sum();
    println!(
        "  {what}: {} states ({} unattended), right {}, equal {}, undecided {undecided} {:?}, wrong {} (acted on {}); holes {}/{}, partials {}/{}; {:.1} s",
        score.trials,
        score.unattended,
        score.right,
        score.equal,
        score.undecided,
        score.wrong.len(),
        score.acted,
        score.holes.1,
        score.holes.0,
        score.partial.1,
        score.partial.0,
        begun.elapsed().as_secs_f64()
    );
    for words in &score.wrong {
        println!("    wrong: {words}");
    }
}
