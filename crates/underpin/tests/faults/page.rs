//! docs/reference/faults.md must not promise a test that is not there.

use std::path::{Path, PathBuf};

use libtest_mimic::Failed;

use super::drills;
use super::nth::Kind;

/// Every name in code on the page is a test, a scenario or a way of the loop; every drill and
/// every way is on the page.
pub(crate) fn check() -> Result<(), Failed> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = std::fs::read_to_string(root.join("docs/reference/faults.md"))?;
    let mut tests = String::new();
    let mut scenarios = Vec::new();
    for file in below(&root.join("crates")) {
        if file.extension().is_some_and(|e| e == "rs") {
            tests += &std::fs::read_to_string(file)?;
        }
    }
    for area in std::fs::read_dir(root.join("scenarios"))? {
        for case in std::fs::read_dir(area?.path())? {
            scenarios.push(case?.file_name().to_string_lossy().into_owned());
        }
    }
    let mut faults = Vec::new();
    for name in page.split('`').skip(1).step_by(2) {
        let is_name =
            name.contains('_') && name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        let is_way = Kind::ALL.iter().any(|kind| kind.name() == name);
        let is_setting = matches!(name, "statement_timeout" | "pg_terminate_backend");
        let exists = tests.contains(&format!("fn {name}(")) || scenarios.iter().any(|s| s == name);
        if is_name && !is_way && !is_setting && !exists {
            faults.push(format!("`{name}` is neither a test nor a scenario"));
        }
    }
    for kind in Kind::ALL {
        if !page.contains(&format!("| `{}` |", kind.name())) {
            faults.push(format!("the page lacks `{}`", kind.name()));
        }
    }
    for drill in drills::ALL {
        // Several drills of one kind are named by what they have in common.
        let common = drill.name.split(", ").next().unwrap_or_default();
        let words = common.split(" ends the").next().unwrap_or_default();
        if !page.contains(words) {
            faults.push(format!("the page lacks the drill {words}"));
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(faults.join("\n").into()) }
}

fn below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(next).into_iter().flatten().filter_map(Result::ok) {
            let path = entry.path();
            if path.is_dir() { open.push(path) } else { found.push(path) }
        }
    }
    found
}
