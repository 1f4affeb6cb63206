//! `underpin.toml`, beside the folder `prisma/`: what a project asks of Underpin itself.
//!
//! Zero configuration is the rule; the file's being there says that somebody has chosen Underpin,
//! so that its checks may fail what used to pass.

use std::path::Path;

use serde::Deserialize;

use crate::error::{Code, Error, Result, SourceLocation};

/// The file's name.
pub const FILE: &str = "underpin.toml";
/// Larger files are refused.
const MAX_BYTES: u64 = 1 << 20;

/// What the file says. An absent key is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The form of the file; 1.
    version: u32,
    /// What `underpin migrate` does better than Prisma.
    #[serde(default)]
    pub migrate: MigrateSettings,
    /// What may be done without asking about a database whose history does not tell everything.
    #[serde(default)]
    pub baseline: BaselineSettings,
}

/// `[baseline]`; see `docs/reference/baseline.md`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaselineSettings {
    /// About migrations that change rows only.
    #[serde(default)]
    pub data_only: DataOnlyPolicy,
    /// About migrations that are half there.
    #[serde(default)]
    pub partial: PartialPolicy,
}

/// What to do about migrations that change rows only and have no probe that answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DataOnlyPolicy {
    /// Always ask.
    Ask,
    /// Assume that it ran where a later migration is in effect; ask otherwise.
    #[default]
    AssumeBeforeProven,
    /// Run it where all of its statements can be looked for, so that running it again changes
    /// nothing; ask otherwise.
    RunIfIdempotent,
}

/// What to do where a migration is half there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PartialPolicy {
    /// Run the statements that are missing.
    Complete,
    /// Ask.
    #[default]
    Ask,
}

/// `[migrate]`. Each key switches one difference from Prisma on or off; see
/// `engine::prisma::Switches`, whose fields have the same names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // Said there, once.
pub struct MigrateSettings {
    pub one_transaction: Option<bool>,
    pub restore_session: Option<bool>,
    pub refuse_unclosed: Option<bool>,
    pub read_all_first: Option<bool>,
    pub require_folder: Option<bool>,
    pub report: Option<bool>,
    pub status_failed_first: Option<bool>,
    pub baseline_proven: Option<bool>,
    pub wait_for_locks: Option<bool>,
}

impl Settings {
    /// Reads the file of a working folder; `None` when there is none.
    ///
    /// # Errors
    /// UP-1009 with the place: it cannot be read, is not TOML, or has a key or value that is not
    /// known.
    pub fn read(folder: &Path) -> Result<Option<Self>> {
        let path = folder.join(FILE);
        let invalid = |why: &str| Error::new(Code::SettingsInvalid, format!("`{FILE}`: {why}"));
        match std::fs::metadata(&path) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(invalid("it cannot be read").caused_by(e)),
            Ok(about) if about.len() > MAX_BYTES => {
                return Err(invalid(&format!("it has more than {MAX_BYTES} bytes")));
            }
            Ok(_) => {}
        }
        let text = std::fs::read_to_string(&path)
            .map_err(|e| invalid("it cannot be read").caused_by(e))?;
        let settings: Self = toml::from_str(&text).map_err(|e| {
            let at = e.span().map_or(0, |span| span.start);
            invalid(e.message())
                .at(SourceLocation::at(FILE, &text, at))
                .hint("the keys are in docs/reference/prisma.md and docs/reference/baseline.md")
        })?;
        if settings.version != 1 {
            let words = format!("it has version {}, and this program knows 1", settings.version);
            return Err(invalid(&words).hint("write: version = 1"));
        }
        Ok(Some(settings))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Option<Settings>> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), text).unwrap();
        Settings::read(folder.path())
    }

    #[test]
    fn no_file_is_no_settings() {
        assert_eq!(Settings::read(tempfile::tempdir().unwrap().path()).unwrap(), None);
    }

    #[test]
    fn a_switch_that_is_not_named_is_none() {
        let settings = read("version = 1\n[migrate]\nbaseline_proven = false").unwrap().unwrap();
        assert_eq!(settings.migrate.baseline_proven, Some(false));
        assert_eq!(settings.migrate.report, None);
    }

    #[test]
    fn baseline_has_its_own_words() {
        let text = "version = 1\n[baseline]\ndata_only = \"run-if-idempotent\"";
        let settings = read(text).unwrap().unwrap();
        assert_eq!(settings.baseline.data_only, DataOnlyPolicy::RunIfIdempotent);
        assert_eq!(settings.baseline.partial, PartialPolicy::Ask);
        let error = read("version = 1\n[baseline]\npartial = \"yes\"").unwrap_err();
        assert_eq!(error.location().map(|at| at.line), Some(3));
    }

    #[test]
    fn what_is_not_known_is_refused_with_its_place() {
        let error = read("version = 1\n[migrate]\nreprot = true").unwrap_err();
        assert_eq!(error.code().id(), "UP-1009");
        assert_eq!(error.location().map(|at| at.line), Some(3));
        assert_eq!(read("version = 2").unwrap_err().code().id(), "UP-1009");
        assert_eq!(read("[migrate]").unwrap_err().code().id(), "UP-1009");
        assert_eq!(read("version = ").unwrap_err().code().id(), "UP-1009");
    }
}
