//! What review should not have to look for: layers, sizes, pages.

use std::path::{Path, PathBuf};

/// Lines that a source file may have.
const FILE_LINES_MAX: usize = 800;

/// Crates, lowest layer first, with those each may depend on.
const CRATES: &[(&str, &[&str])] = &[
    ("underpin-sql", &[]),
    ("underpin-core", &["underpin-sql"]),
    ("underpin-embedded", &["underpin-core"]),
    ("underpin", &["underpin-core", "underpin-embedded", "underpin-sql"]),
    ("underpin-testkit", &["underpin-core", "underpin-sql"]),
];

/// Every fault, one line each.
pub(crate) fn check(root: &Path) -> Vec<String> {
    let mut faults = crate_layers(root);
    faults.extend(module_layers(&root.join("crates/underpin-core/src")));
    for file in sources(&root.join("crates")).iter().chain(&sources(&root.join("xtask"))) {
        let Ok(text) = std::fs::read_to_string(file) else { continue };
        let lines = text.lines().count();
        if lines > FILE_LINES_MAX {
            faults.push(format!("{}: {lines} lines; at most {FILE_LINES_MAX}", file.display()));
        }
        if !text.starts_with("//!") {
            faults.push(format!("{}: starts without a module header (//!)", file.display()));
        }
    }
    faults.extend(codes_without_proof(root));
    faults
}

/// A crate names only lower ones in its `[dependencies]`.
fn crate_layers(root: &Path) -> Vec<String> {
    let mut faults = Vec::new();
    for (name, allowed) in CRATES {
        let manifest = root.join("crates").join(name).join("Cargo.toml");
        let text = std::fs::read_to_string(&manifest).unwrap_or_default();
        let dependencies = text
            .split("[dependencies]")
            .nth(1)
            .and_then(|t| t.split("\n[").next())
            .unwrap_or_default();
        for line in dependencies.lines() {
            let dependency = line.split(['.', ' ', '=']).next().unwrap_or_default();
            if dependency.starts_with("underpin") && !allowed.contains(&dependency) {
                faults.push(format!(
                    "{}: {name} must not depend on {dependency}",
                    manifest.display()
                ));
            }
        }
    }
    faults
}

/// Inside the core a module uses only modules that `lib.rs` names above it.
fn module_layers(source: &Path) -> Vec<String> {
    let library = std::fs::read_to_string(source.join("lib.rs")).unwrap_or_default();
    let order: Vec<&str> =
        library.lines().filter_map(|l| l.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    let mut faults = Vec::new();
    for file in sources(source) {
        let Ok(relative) = file.strip_prefix(source) else { continue };
        let module =
            relative.components().next().map(|c| c.as_os_str().to_string_lossy().into_owned());
        let module = module.unwrap_or_default().trim_end_matches(".rs").to_owned();
        let Some(own) = order.iter().position(|m| *m == module) else { continue };
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        for (index, line) in
            text.lines().enumerate().filter(|(_, l)| !l.trim_start().starts_with("//"))
        {
            for used in line.split("crate::").skip(1) {
                let used: String =
                    used.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                if order.iter().position(|m| *m == used).is_some_and(|layer| layer > own) {
                    faults.push(format!(
                        "{}:{}: `{module}` uses `{used}`, which stands above it",
                        file.display(),
                        index + 1
                    ));
                }
            }
        }
    }
    faults
}

/// An error code that no scenario and no test names has never been seen to work.
fn codes_without_proof(root: &Path) -> Vec<String> {
    let mut texts = String::new();
    for file in files(&root.join("scenarios"), &["txt", "toml"]) {
        texts += &std::fs::read_to_string(file).unwrap_or_default();
    }
    for file in sources(&root.join("crates")) {
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        let is_test = file.components().any(|c| c.as_os_str() == "tests");
        let tests = if is_test {
            text.as_str()
        } else {
            text.split("#[cfg(test)]").nth(1).unwrap_or_default()
        };
        texts += tests;
    }
    underpin_core::Code::ALL
        .iter()
        .filter(|code| !UNPROVABLE.contains(&code.id()))
        .filter(|code| !texts.contains(code.id()) && !texts.contains(&format!("Code::{code:?}")))
        .map(|code| format!("{code} ({}) is named by no scenario and no test", code.title()))
        .collect()
}

/// Codes that need a server which cannot be had here, or a fault of our own.
const UNPROVABLE: &[&str] = &["UP-1107", "UP-9001"];

fn sources(folder: &Path) -> Vec<PathBuf> {
    files(folder, &["rs"])
}

fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(&next).into_iter().flatten().filter_map(Result::ok) {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| endings.iter().any(|x| e == *x)) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
