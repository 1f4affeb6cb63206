//! What the author of a migration declares about it, for the many databases that nobody looks at:
//! how to find out whether it is in effect, and what to do where nothing can.
//!
//! Two places: `-- underpin: WORD …` in the script, or `underpin.toml` beside it, which wins and
//! leaves the checksum of a released script alone.
//!
//! | directive | key in `[baseline]` | meaning |
//! |---|---|---|
//! | `probe SELECT …` | `probe` | gives true where it is in effect, false where it is not |
//! | `undecided applied`, `run`, `ask` | `undecided` | what to do where no evidence decides |
//! | `partial complete`, `ask` | `partial` | what to do where it is half there |

use std::path::Path;

use serde::Deserialize;
use underpin_sql::{Directive, Script, StatementKind, directives};

use crate::config::PartialPolicy;
use crate::error::{Code, Error, Result, SourceLocation};

/// The file beside the script.
const FILE: &str = "underpin.toml";
/// Larger files are refused.
const MAX_BYTES: u64 = 64 << 10;

/// What to do where no evidence decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Undecided {
    /// Record it as applied.
    Applied,
    /// Run it.
    Run,
    /// Ask.
    Ask,
}

/// Everything declared about one migration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declared {
    /// A query that gives true where the migration is in effect, false where it is not, and null
    /// where that cannot be said.
    pub probe: Option<String>,
    /// What to do where no evidence decides.
    pub undecided: Option<Undecided>,
    /// What to do where it is half there.
    pub partial: Option<PartialPolicy>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    baseline: Declared,
}

/// The declarations of the migration whose script is at `path`.
///
/// # Errors
/// UP-2009 with the place.
pub(super) fn read(path: &Path, script: &str) -> Result<Declared> {
    let mut declared = Declared::default();
    for directive in directives(script) {
        declared.take(&directive).map_err(|why| {
            let at = SourceLocation::at(&path.display().to_string(), script, directive.span.start);
            invalid(&why).at(at)
        })?;
    }
    let file = path.with_file_name(FILE);
    let Some(text) = text_of(&file)? else { return Ok(declared) };
    let shown = file.display().to_string();
    let beside: File = toml::from_str(&text).map_err(|e| {
        let at = SourceLocation::at(&shown, &text, e.span().map_or(0, |span| span.start));
        invalid(e.message()).at(at)
    })?;
    let beside = beside.baseline;
    if let Some(probe) = &beside.probe {
        check_probe(probe).map_err(|why| invalid(&format!("`{shown}`: {why}")))?;
    }
    Ok(Declared {
        probe: beside.probe.or(declared.probe),
        undecided: beside.undecided.or(declared.undecided),
        partial: beside.partial.or(declared.partial),
    })
}

fn invalid(why: &str) -> Error {
    Error::new(Code::DeclarationInvalid, why).hint("the words are in docs/reference/baseline.md")
}

fn text_of(file: &Path) -> Result<Option<String>> {
    let shown = file.display();
    let unreadable = |e: std::io::Error| invalid(&format!("`{shown}` cannot be read")).caused_by(e);
    match std::fs::metadata(file) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(unreadable(e)),
        Ok(about) if about.len() > MAX_BYTES => {
            Err(invalid(&format!("`{shown}` has more than {MAX_BYTES} bytes")))
        }
        Ok(_) => std::fs::read_to_string(file).map(Some).map_err(unreadable),
    }
}

impl Declared {
    fn take(&mut self, directive: &Directive<'_>) -> Result<(), String> {
        let rest = directive.rest;
        match directive.word {
            "probe" => {
                check_probe(rest)?;
                self.probe = Some(rest.trim_end_matches(';').to_owned());
            }
            "undecided" => {
                self.undecided = Some(match rest {
                    "applied" => Undecided::Applied,
                    "run" => Undecided::Run,
                    "ask" => Undecided::Ask,
                    other => return Err(format!("`undecided {other}`: say applied, run or ask")),
                });
            }
            "partial" => {
                self.partial = Some(match rest {
                    "complete" => PartialPolicy::Complete,
                    "ask" => PartialPolicy::Ask,
                    other => return Err(format!("`partial {other}`: say complete or ask")),
                });
            }
            // The linter's.
            "allow" => {}
            other => return Err(format!("there is no directive `{other}`")),
        }
        Ok(())
    }
}

/// A probe is one query that reads. (It runs in a read-only transaction all the same.)
fn check_probe(query: &str) -> Result<(), String> {
    match Script::parse(query).statements.as_slice() {
        [one] => match &one.kind {
            StatementKind::Unparsed { message } => Err(format!("the probe is no SQL: {message}")),
            _ if begins_a_query(query) => Ok(()),
            _ => Err("a probe is a SELECT".to_owned()),
        },
        all => Err(format!("a probe is one SELECT, and these are {} statements", all.len())),
    }
}

fn begins_a_query(text: &str) -> bool {
    let word = text.trim_start_matches(|c: char| c == '(' || c.is_whitespace());
    ["select", "with", "values"]
        .iter()
        .any(|known| word.get(..known.len()).is_some_and(|start| start.eq_ignore_ascii_case(known)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(script: &str, beside: Option<&str>) -> Result<Declared> {
        let folder = tempfile::tempdir().unwrap();
        if let Some(text) = beside {
            std::fs::write(folder.path().join(FILE), text).unwrap();
        }
        read(&folder.path().join("migration.sql"), script)
    }

    #[test]
    fn the_file_beside_the_script_wins() {
        let script = "-- underpin: probe SELECT true\n-- underpin: undecided run\nSELECT 1";
        let declared = of(script, None).unwrap();
        assert_eq!(declared.probe.as_deref(), Some("SELECT true"));
        assert_eq!(declared.undecided, Some(Undecided::Run));
        let beside = "[baseline]\nprobe = \"SELECT false\"\npartial = \"complete\"";
        let declared = of(script, Some(beside)).unwrap();
        assert_eq!(declared.probe.as_deref(), Some("SELECT false"));
        assert_eq!(declared.undecided, Some(Undecided::Run));
        assert_eq!(declared.partial, Some(PartialPolicy::Complete));
    }

    #[test]
    fn what_is_not_understood_is_refused_with_its_place() {
        for script in [
            "SELECT 1;\n-- underpin: prob SELECT 1",
            "SELECT 1;\n-- underpin: undecided perhaps",
            "SELECT 1;\n-- underpin: partial",
            "SELECT 1;\n-- underpin: probe DELETE FROM t",
            "SELECT 1;\n-- underpin: probe SELECT 1; SELECT 2",
            "SELECT 1;\n-- underpin: probe SELEC 1",
        ] {
            let error = of(script, None).unwrap_err();
            assert_eq!(error.code().id(), "UP-2009", "{script}");
            assert_eq!(error.location().map(|at| at.line), Some(2), "{script}");
        }
        let error = of("", Some("[baseline]\nprope = \"x\"")).unwrap_err();
        assert_eq!(error.location().map(|at| at.line), Some(2));
        assert!(of("", Some("[baseline]\nprobe = \"DROP TABLE t\"")).is_err());
    }
}
