//! What `underpin.toml` says beside the folder: from where it can be upgraded, which of its
//! migrations are known to have gone wrong, which databases are protected, how a container starts.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Deserializer, de};

use crate::error::{Code, Error, Result};

/// Larger scripts are refused.
const SCRIPT_MAX_BYTES: u64 = 16 << 20;

/// `[start]`; see `docs/reference/start.md`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StartSettings {
    /// What becomes of the application when the deploy fails.
    pub on_failure: Option<OnFailure>,
    /// Where health is told: `address:port`, or a port.
    pub health: Option<String>,
    /// After how long a health probe kills what is not ready.
    #[serde(default, deserialize_with = "optional_duration")]
    pub probe_window: Option<Duration>,
    /// How long a server that cannot be reached yet is waited for.
    #[serde(default, deserialize_with = "optional_duration")]
    pub wait_for_database: Option<Duration>,
}

/// What becomes of the application when the deploy fails.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnFailure {
    /// It is not started: the process ends with the error's exit code.
    #[default]
    Stop,
    /// It is started all the same.
    StartAnyway,
    /// It is not started, and the process stays: it tries again when that can help.
    Wait,
}

/// `[compatibility]`: how old a database may be, and how new.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compatibility {
    /// The migration that a database must have reached.
    pub floor: Option<String>,
    /// What becomes of this version on a database that a newer one has upgraded.
    #[serde(default)]
    pub newer_database: NewerDatabase,
    /// The version that brings it there.
    pub install: Option<String>,
    /// Why, for whoever runs into it.
    pub why: Option<String>,
}

/// What becomes of a version on a database that a newer one has upgraded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NewerDatabase {
    /// It is said, and goes on.
    #[default]
    Warn,
    /// It is refused.
    Refuse,
}

/// `[[stop]]`: a migration that an upgrade must not pass without the version that ends there.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpgradeStop {
    /// The last migration of that version.
    pub at: String,
    /// The version to install first.
    pub install: String,
    /// Why, for whoever runs into it.
    pub why: Option<String>,
}

/// `[[repair]]`: what puts right a migration that is known to have gone wrong.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Repair {
    /// The migration.
    pub migration: String,
    /// Checksums under which the history must hold it; none: any.
    #[serde(default, alias = "checksum", deserialize_with = "one_or_many")]
    pub checksums: Vec<String>,
    /// A query whose first value is true where the repair is needed, and no longer after it.
    pub when: String,
    /// The script, from where `underpin.toml` lies.
    pub sql: PathBuf,
    /// Why, for whoever reads the log.
    pub why: String,
}

/// `[environments.NAME]`: a database, by what no variable can mistake.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvironmentSettings {
    /// `system_identifier` of `pg_control_system()`.
    #[serde(deserialize_with = "identifier")]
    pub system_identifier: String,
    /// The database's name.
    pub database: String,
    /// Whether previews and development machines must not write to it.
    #[serde(default)]
    pub protected: bool,
}

/// For which deploys somebody has to have approved the plan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NeedsApproval {
    /// None.
    #[default]
    Never,
    /// Those with a finding of level error, allowed or not.
    Errors,
    /// Those to a protected environment.
    Protected,
    /// All that have something to do.
    Always,
}

impl Repair {
    /// The script's text; `folder` is where `underpin.toml` lies.
    ///
    /// # Errors
    /// UP-1009 when it cannot be read, or is larger than a script may be.
    pub fn script(&self, folder: &Path) -> Result<String> {
        let read = std::fs::metadata(folder.join(&self.sql)).and_then(|about| {
            if about.len() > SCRIPT_MAX_BYTES {
                return Err(std::io::Error::other(format!("it has {} bytes", about.len())));
            }
            std::fs::read_to_string(folder.join(&self.sql))
        });
        read.map_err(|e| {
            let words = format!(
                "`underpin.toml`: the repair of `{}` names `{}`, which cannot be read",
                self.migration,
                self.sql.display()
            );
            Error::new(Code::SettingsInvalid, words)
                .caused_by(e)
                .hint("copy it into the image, beside underpin.toml")
        })
    }
}

/// `3s`, `500ms`, `2m`, or bare seconds.
///
/// # Errors
/// In words, when it is none of these.
pub fn duration(text: &str) -> std::result::Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 =
        digits.parse().map_err(|_| "a number with ms, s or m, such as 3s".to_owned())?;
    match &text[digits.len()..] {
        "ms" => Ok(Duration::from_millis(number)),
        "" | "s" => Ok(Duration::from_secs(number)),
        "m" => Ok(Duration::from_secs(number.saturating_mul(60))),
        unit => Err(format!("`{unit}` is not a unit; use ms, s or m")),
    }
}

fn optional_duration<'de, D: Deserializer<'de>>(
    from: D,
) -> std::result::Result<Option<Duration>, D::Error> {
    let text = String::deserialize(from)?;
    duration(&text).map(Some).map_err(de::Error::custom)
}

fn one_or_many<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "a checksum or a list of checksums is expected")]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }
    Ok(match OneOrMany::deserialize(from)? {
        OneOrMany::One(one) => vec![one],
        OneOrMany::Many(many) => many,
    })
}

/// A text or a number: it has at most 19 digits, as a rule.
fn identifier<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "the number that `underpin environment` prints is expected")]
    enum Identifier {
        Number(u64),
        Text(String),
    }
    let text = match Identifier::deserialize(from)? {
        Identifier::Number(number) => number.to_string(),
        Identifier::Text(text) => text,
    };
    let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match is_number {
        true => Ok(text),
        false => {
            Err(de::Error::custom("the number that `underpin environment` prints is expected"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("90"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert!(duration("2h").is_err() && duration("s").is_err());
    }

    #[test]
    fn an_identifier_is_a_text_or_a_number() {
        let read = |value: &str| {
            let text = format!("system_identifier = {value}\ndatabase = 'app'");
            toml::from_str::<EnvironmentSettings>(&text).map(|e| e.system_identifier)
        };
        assert_eq!(read("7345012345678901234").unwrap(), "7345012345678901234");
        assert_eq!(read("'7345012345678901234'").unwrap(), "7345012345678901234");
        assert!(read("'production'").is_err() && read("''").is_err());
    }
}
