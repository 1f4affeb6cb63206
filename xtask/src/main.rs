//! Chores of the repository: `cargo xtask tidy`, `cargo xtask docs [--check]`,
//! `cargo xtask lock-matrix`.

mod docs;
mod lock_matrix;
mod lock_page;
mod rule_pages;
mod tidy;

use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let faults = match words.as_slice() {
        ["tidy"] => tidy::check(&root()),
        ["docs"] => docs::write(&root(), false),
        ["docs", "--check"] => docs::write(&root(), true),
        ["lock-matrix"] => lock_matrix::write(&root()),
        _ => vec!["usage: cargo xtask tidy | docs [--check] | lock-matrix".to_owned()],
    };
    for fault in &faults {
        print_line(fault);
    }
    if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn print_line(text: &str) {
    use std::io::Write as _;
    let _closed = writeln!(std::io::stderr(), "{text}");
}
