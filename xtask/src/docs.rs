//! Pages that are generated from the code, so that they cannot be wrong.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use underpin_core::Code;
use underpin_core::error::Retry;
use underpin_core::explain::{self, Kind};

/// Writes the pages, or with `check` names those that differ.
pub(crate) fn write(root: &Path, check: bool) -> Vec<String> {
    let mut pages = code_pages();
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
    for folder in ["docs/errors", "docs/prisma-errors", "docs/rules", "docs/sqlstate"] {
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

/// The pages of `underpin explain`, and their three indexes.
fn code_pages() -> BTreeMap<PathBuf, String> {
    let mut pages = BTreeMap::new();
    let mut errors = String::from(
        "# Error codes\n\nGenerated from the one table in `crates/underpin-core/src/error/codes.rs`; \
         `underpin explain CODE` prints the same.\n\n| code | what | exit | again? |\n|---|---|---|---|\n",
    );
    for code in Code::ALL {
        let again = match code.retry() {
            Retry::Safe => "the same command may succeed",
            Retry::AfterRepair => "after the cause is put right",
        };
        let exit = code.exit().number();
        let _infallible =
            writeln!(errors, "| [{code}]({code}.md) | {} | {exit} | {again} |", code.title());
    }
    let head = |title: &str, file: &str| {
        format!(
            "# {title}\n\nGenerated from `crates/underpin-core/src/explain/{file}`; `underpin explain CODE` \
             prints the same.\n\n| code | what |\n|---|---|\n"
        )
    };
    let mut prisma = head("Errors of Prisma Migrate", "prisma.md");
    let mut sqlstate = head("SQLSTATEs that migrations meet", "sqlstate.md");
    for page in explain::all() {
        let (folder, index) = match page.kind {
            // Beside their index, which is made of the same rows.
            Kind::Rule => continue,
            Kind::Underpin => ("errors", None),
            Kind::Prisma => ("prisma-errors", Some(&mut prisma)),
            Kind::Sqlstate => ("sqlstate", Some(&mut sqlstate)),
        };
        if let Some(index) = index {
            let _infallible = writeln!(index, "| [{0}]({0}.md) | {1} |", page.id, page.title);
        }
        pages.insert(PathBuf::from(format!("docs/{folder}/{}.md", page.id)), page.markdown());
    }
    for (folder, index) in [("errors", errors), ("prisma-errors", prisma), ("sqlstate", sqlstate)] {
        pages.insert(PathBuf::from(format!("docs/{folder}/README.md")), index);
    }
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
