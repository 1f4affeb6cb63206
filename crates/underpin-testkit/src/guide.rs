//! Guides whose commands are run: what a page promises happens, or a test fails.
//!
//! A page's blocks ```` ```console ```` hold commands (`$ …`, continued after a final `\`) and below
//! each what it prints, as far as it is shown. All commands of a page run in order, in one throw-away
//! project with a database of its own. In HTML comments, which readers do not see:
//!
//! ```text
//! <!-- setup: shell commands, over several lines, run before the next block -->
//! <!-- skip: why the next block cannot be run here -->
//! ```
//! A command that ends with `# exit N` has that exit code, any other has 0. Lines that are shown
//! occur in the output in that order; numbers, times and blanks may differ, `…` stands for anything.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::{Server, TestDatabase, cache};

/// What came of a page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Commands that were run.
    pub run: usize,
    /// Commands that were passed over, with a reason.
    pub skipped: usize,
}

#[derive(Debug, PartialEq, Eq)]
enum Part {
    Setup(String),
    Skipped { commands: usize },
    Step(Step),
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Step {
    command: String,
    exit: i32,
    shown: Vec<String>,
}

/// Runs a page with `program` against `database`.
///
/// # Errors
/// Which command did what instead.
pub fn run(
    page: &Path,
    program: &Path,
    server: &Server,
    database: &TestDatabase,
) -> Result<Outcome, String> {
    let text = std::fs::read_to_string(page).map_err(|e| format!("{}: {e}", page.display()))?;
    let project = tempfile::tempdir().map_err(|e| e.to_string())?;
    let mut outcome = Outcome::default();
    for part in parts(&text)? {
        match part {
            Part::Setup(commands) => {
                let (code, said) = shell(&commands, project.path(), program, server, database)?;
                if code != 0 {
                    return Err(format!("setup `{commands}`: exit {code}\n{said}"));
                }
            }
            Part::Skipped { commands } => outcome.skipped += commands,
            Part::Step(step) => {
                outcome.run += 1;
                let (code, said) = shell(&step.command, project.path(), program, server, database)?;
                if code != step.exit {
                    return Err(format!(
                        "`{}`: exit {code}, not {}\n{said}",
                        step.command, step.exit
                    ));
                }
                if let Some(line) = missing(&step.shown, &said) {
                    return Err(format!(
                        "`{}` does not print\n    {line}\nbut\n{said}",
                        step.command
                    ));
                }
            }
        }
    }
    Ok(outcome)
}

fn shell(
    commands: &str,
    project: &Path,
    program: &Path,
    server: &Server,
    database: &TestDatabase,
) -> Result<(i32, String), String> {
    let own = program.parent().unwrap_or(project).display().to_string();
    let major = server.binaries().version.major();
    let clients = crate::clients(major).unwrap_or_else(|| server.binaries().folder.clone());
    let path = std::env::var("PATH").unwrap_or_default();
    let mut sh = Command::new("bash");
    // One stream, so that the order of lines is that of a terminal.
    sh.args(["-c", &format!("exec 2>&1\n{commands}")]).current_dir(project).stdin(Stdio::null());
    sh.env("PATH", format!("{own}:{}:{path}", clients.display()))
        .env("HOME", project)
        .env("UNDERPIN_CACHE_DIR", cache().join("guides"))
        .env("UNDERPIN_PG_BIN", &server.binaries().folder)
        .env("UNDERPIN_PG_CLIENTS", &clients)
        .env("DATABASE_URL", &database.url)
        .env_remove("UNDERPIN_URL");
    let output = sh.output().map_err(|e| format!("bash: {e}"))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok((output.status.code().unwrap_or(-1), said))
}

/// The first shown line that the output does not have in its place.
fn missing<'a>(shown: &'a [String], said: &str) -> Option<&'a String> {
    let said: Vec<String> = said.lines().map(normal).collect();
    let mut from = 0;
    for line in shown.iter().filter(|line| !matches!(line.trim(), "" | "…")) {
        let wanted = normal(line);
        match said[from..].iter().position(|have| is_like(have, &wanted)) {
            Some(at) => from += at + 1,
            None => return Some(line),
        }
    }
    None
}

/// Blanks as one, numbers as `#`, so that `1.24 s` and `803 ms` differ in their unit alone.
fn normal(line: &str) -> String {
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut text = String::new();
    for c in line.chars() {
        match c {
            c if !c.is_ascii_digit() => text.push(c),
            _ if text.ends_with('#') => {}
            _ => text.push('#'),
        }
    }
    text.replace("#.#", "#").replace("# ms", "# s").replace("# min # s", "# s")
}

/// Whether a line is the wanted one; `…` in it stands for anything.
fn is_like(have: &str, wanted: &str) -> bool {
    let mut parts = wanted.split('…');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = have.strip_prefix(first) else { return false };
    let mut open_end = first == wanted && rest.is_empty();
    for part in parts {
        open_end = part.is_empty();
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    open_end || rest.is_empty()
}

/// The parts of a page, in order.
fn parts(text: &str) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut lines = text.lines().enumerate();
    let mut skip = false;
    while let Some((number, line)) = lines.next() {
        let at = |what: &str| format!("line {}: {what}", number + 1);
        if let Some(comment) = line.strip_prefix("<!--") {
            let mut body = comment.to_owned();
            while !body.contains("-->") {
                let (_, next) = lines.next().ok_or_else(|| at("a comment is not closed"))?;
                body = format!("{body}\n{next}");
            }
            let body = body.split("-->").next().unwrap_or_default().trim();
            if let Some(commands) = body.strip_prefix("setup:") {
                parts.push(Part::Setup(format!("set -e\n{}", commands.trim())));
            } else if let Some(reason) = body.strip_prefix("skip:") {
                if reason.trim().is_empty() {
                    return Err(at("a block is skipped without a reason"));
                }
                skip = true;
            }
        } else if let Some(language) = line.strip_prefix("```") {
            let block: Vec<&str> =
                lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```").collect();
            match language {
                "console" => parts.extend(steps(&block, std::mem::take(&mut skip))),
                "sh" | "bash" | "shell" => return Err(at("commands stand in a block `console`")),
                _ => skip = false,
            }
        }
    }
    Ok(parts)
}

fn steps(block: &[&str], skip: bool) -> Vec<Part> {
    let mut steps: Vec<Step> = Vec::new();
    let mut continues = false;
    for line in block {
        if continues && let Some(step) = steps.last_mut() {
            step.command = format!("{}\n{line}", step.command);
            continues = line.ends_with('\\');
        } else if let Some(command) = line.strip_prefix("$ ") {
            let exit = command.rsplit_once("# exit ").and_then(|(_, n)| n.trim().parse().ok());
            steps.push(Step {
                command: command.to_owned(),
                exit: exit.unwrap_or(0),
                shown: vec![],
            });
            continues = line.ends_with('\\');
        } else if let Some(step) = steps.last_mut() {
            step.shown.push((*line).to_owned());
        }
    }
    match skip {
        true => vec![Part::Skipped { commands: steps.len() }],
        false => steps.into_iter().map(Part::Step).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_cut_into_what_is_run_and_what_is_not() {
        let page = "# A\n<!-- setup: mkdir a\necho -->\n```console\n$ one \\\n  two\nshown\n$ three   # exit 3\n```\n\
                    <!-- skip: no cluster here -->\n```console\n$ four\n```\n```yaml\n$ five\n```\n";
        let parts = parts(page).unwrap();
        assert_eq!(parts.len(), 4, "{parts:?}");
        assert_eq!(parts[0], Part::Setup("set -e\nmkdir a\necho".to_owned()));
        let Part::Step(first) = &parts[1] else { panic!("{parts:?}") };
        assert_eq!((first.command.as_str(), first.shown.len()), ("one \\\n  two", 1));
        let Part::Step(second) = &parts[2] else { panic!("{parts:?}") };
        assert_eq!(second.exit, 3);
        assert_eq!(parts[3], Part::Skipped { commands: 1 });
    }

    #[test]
    fn commands_are_not_hidden_in_other_blocks_or_without_a_reason() {
        assert!(parts("```sh\nunderpin deploy\n```\n").is_err());
        assert!(parts("<!-- skip: -->\n```console\n$ a\n```\n").is_err());
    }

    #[test]
    fn lines_are_compared_without_their_numbers_but_with_their_words() {
        let shown = |lines: &[&str]| lines.iter().map(|l| (*l).to_owned()).collect::<Vec<_>>();
        let said = "   Connected  lumen on db:5432, PostgreSQL 15.18     3.8 ms\nDone: 29 baselined (802 ms)";
        assert_eq!(
            missing(&shown(&["Connected lumen on db:1, PostgreSQL 18.4  1.20 s"]), said),
            None
        );
        assert_eq!(missing(&shown(&["Connected …", "…", "Done: … baselined …"]), said), None);
        assert!(missing(&shown(&["Done: 29 baselined (1 s)", "Connected …"]), said).is_some());
        assert!(missing(&shown(&["Done: 29 applied (1 s)"]), said).is_some());
        assert!(missing(&shown(&["Done:"]), said).is_some());
    }
}
