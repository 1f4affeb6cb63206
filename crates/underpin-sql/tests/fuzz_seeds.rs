//! Seeds of the fuzz targets, and mutants of them, on stable: nothing panics.

#![allow(clippy::unwrap_used)] // a test

#[path = "../../../fuzz/src/check.rs"]
mod check;

use underpin_sql::effect::matrix;
use underpin_sql::model::{Statement, read};

/// Mutants of one run, unless `UNDERPIN_FUZZ` says `mutants:seed`.
const MUTANTS: u64 = 2_000;

fn seeds() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/seeds");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 20, "{folder} has the seeds");
    paths
        .iter()
        .map(|path| String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned())
        .collect()
}

fn all(text: &str) {
    check::split(text);
    check::model(text);
    check::effect(text);
}

/// On a thread with the stack that Rust gives threads, 2 MiB: less than a program's main thread.
#[test]
fn seeds_break_nothing() {
    for text in seeds() {
        std::thread::spawn(move || all(&text)).join().unwrap();
    }
}

/// The cases of the lock matrix and the small seeds, cut, joined, repeated and overwritten.
#[test]
fn mutants_break_nothing() {
    let setting = std::env::var("UNDERPIN_FUZZ").unwrap_or_default();
    let (mutants, seed) = setting.split_once(':').unwrap_or_default();
    let mut random = Random(seed.parse().unwrap_or(1));
    let mut texts: Vec<String> = seeds().into_iter().filter(|t| t.len() < 2_000).collect();
    texts.extend(matrix::cases().into_iter().map(|c| c.statement));
    for _ in 0..mutants.parse().unwrap_or(MUTANTS) {
        all(&mutant(&texts, &mut random));
    }
}

fn mutant(texts: &[String], random: &mut Random) -> String {
    const PIECES: &[&str] = &[
        "'", "\"", "$$", "$x$", "(", ")", ";", ",", "--", "/*", "*/", "\0", "ß", "::", "[", "]",
        "BEGIN ", "END ", "LOOP ", "INTO ", "CASE ", "THEN ", "DO $$", "EXECUTE ", "\\", "E'",
        "U&'", ".", "ONLY ", "\n",
    ];
    let mut bytes = texts[random.below(texts.len())].clone().into_bytes();
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len() + 1);
        match random.below(5) {
            0 => bytes.truncate(at),
            1 => drop(bytes.splice(at..at, PIECES[random.below(PIECES.len())].bytes())),
            2 => drop(bytes.splice(at..at, texts[random.below(texts.len())].bytes())),
            3 if at < bytes.len() => bytes[at] = u8::try_from(random.below(256)).unwrap(),
            _ => {
                let end = (at + random.below(20)).min(bytes.len());
                drop(bytes.drain(at..end));
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// xorshift64: the same mutants on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(bound.max(1)).unwrap()).unwrap()
    }
}

/// What is too deep to be looked into is said to be so, not to be wrong.
#[test]
fn nesting_has_a_bound_and_says_so() {
    let deep = format!("INSERT INTO t VALUES ('a'{})", "||'b'".repeat(70));
    let all = read(&format!("SELECT 1; {deep}; DROP TABLE t"));
    assert_eq!(all.len(), 3);
    assert!(matches!(all[0].statement, Statement::Select(_)));
    assert_eq!(all[1].statement, Statement::Other { tag: "a statement that is nested too deeply" });
    assert!(matches!(all[2].statement, Statement::Drop(_)));
}
