//! Pages that are generated from the code, so that they cannot be wrong.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use underpin_core::Code;
use underpin_core::error::Retry;

/// Writes the pages, or with `check` names those that differ.
pub(crate) fn write(root: &Path, check: bool) -> Vec<String> {
    let mut pages = error_pages();
    pages.extend(crate::rule_pages::pages());
    match command_page(root) {
        Ok(page) => drop(pages.insert(PathBuf::from("docs/reference/cli.md"), page)),
        Err(fault) => return vec![fault],
    }
    pages.insert(PathBuf::from("docs/reference/lock-matrix.md"), crate::lock_page::page());
    let mut faults = Vec::new();
    for (path, text) in &pages {
        let path = root.join(path);
        if std::fs::read_to_string(&path).is_ok_and(|old| old == *text) {
            continue;
        }
        if check {
            faults.push(format!("{} is not up to date: run ./dev docs", path.display()));
        } else if let Err(error) = put(&path, text) {
            faults.push(format!("{}: {error}", path.display()));
        }
    }
    for folder in ["docs/errors", "docs/rules"] {
        let entries = std::fs::read_dir(root.join(folder)).into_iter().flatten();
        for entry in entries.filter_map(Result::ok) {
            let relative = PathBuf::from(folder).join(entry.file_name());
            if !pages.contains_key(&relative) {
                faults.push(format!("{} belongs to nothing", relative.display()));
            }
        }
    }
    faults
}

fn put(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, text)
}

fn error_pages() -> BTreeMap<PathBuf, String> {
    let mut pages = BTreeMap::new();
    let mut index = String::from(
        "# Error codes\n\nGenerated from the one table in `crates/underpin-core/src/error/codes.rs`.\n\n\
         | code | what | exit | again? |\n|---|---|---|---|\n",
    );
    for code in Code::ALL {
        let again = match code.retry() {
            Retry::Safe => "the same command may succeed",
            Retry::AfterRepair => "after the cause is put right",
        };
        let exit = code.exit().number();
        let _infallible =
            writeln!(index, "| [{code}]({code}.md) | {} | {exit} | {again} |", code.title());
        let text: Vec<&str> = code.explanation().lines().map(str::trim).collect();
        let page = format!(
            "# {code}: {}\n\n{}\n\nExit code {exit}. Running again: {again}.\n",
            code.title(),
            text.join("\n")
        );
        pages.insert(PathBuf::from(format!("docs/errors/{code}.md")), page);
    }
    pages.insert(PathBuf::from("docs/errors/README.md"), index);
    pages
}

/// The help of the program and of each verb, as it prints it.
fn command_page(root: &Path) -> Result<String, String> {
    let help = |arguments: &[&str]| -> Result<String, String> {
        let output = std::process::Command::new(env!("CARGO"))
            .args(["run", "--quiet", "--package", "underpin", "--"])
            .args(arguments)
            .arg("--help")
            .current_dir(root)
            .env("COLUMNS", "100")
            .env("NO_COLOR", "1")
            .output()
            .map_err(|e| e.to_string())?;
        if !output.status.success() {
            return Err(format!(
                "underpin {arguments:?} --help: {}",
                String::from_utf8_lossy(&output.stderr)
            ));
        }
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok(text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n"))
    };
    let overview = help(&[])?;
    let verbs = overview.lines().skip_while(|l| !l.starts_with("Commands:")).skip(1);
    let verbs =
        verbs.take_while(|l| l.starts_with("  ")).filter_map(|l| l.split_whitespace().next());
    let mut page = format!(
        "# Command line\n\nGenerated from the program's own help.\n\n```text\n{}\n```\n",
        overview.trim_end()
    );
    for verb in verbs {
        let _infallible =
            write!(page, "\n## underpin {verb}\n\n```text\n{}\n```\n", help(&[verb])?.trim_end());
    }
    Ok(page)
}
