//! Names of backups: `prod_20260214_103000_before_20260214145320`.

use std::fmt;

use crate::error::{Code, Error, Result};

/// Bytes of a name; a file system allows 255, and our suffixes need some.
const BYTES_MAX: usize = 200;

/// A backup's name, which is also its folder's: safe in a path by construction.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(transparent)]
pub struct BackupName(String);

impl BackupName {
    /// The name for a backup of `environment` begun at `at` because of `reason`. What is not a
    /// letter, digit or `-` becomes `-`.
    #[must_use]
    pub fn new(environment: &str, at: jiff::Timestamp, reason: &str) -> Self {
        let time = at.to_zoned(jiff::tz::TimeZone::UTC).datetime();
        let (date, clock) = (time.date(), time.time());
        let stamp = format!(
            "{:04}{:02}{:02}_{:02}{:02}{:02}",
            date.year(),
            date.month(),
            date.day(),
            clock.hour(),
            clock.minute(),
            clock.second()
        );
        let environment = plain(environment, 60);
        Self(format!("{environment}_{stamp}_{}", plain(reason, 80)))
    }

    /// The same with a number behind it, for a second one within a second.
    #[must_use]
    pub fn numbered(&self, number: u32) -> Self {
        Self(format!("{}_{number}", self.0))
    }

    /// Reads a name that a person gave or a folder has.
    ///
    /// # Errors
    /// UP-6012: it could lead out of the folder, or is none of ours.
    pub fn parse(text: &str) -> Result<Self> {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if text.is_empty() || text.len() > BYTES_MAX || !text.chars().all(fits) {
            return Err(Error::new(
                Code::BackupsUnusable,
                "a backup's name holds letters, digits, `_` and `-` only",
            )
            .hint("underpin backup list"));
        }
        Ok(Self(text.to_owned()))
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn plain(text: &str, bytes_max: usize) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut text: String = text.chars().map(|c| if fits(c) { c } else { '-' }).collect();
    text.truncate(bytes_max);
    if text.is_empty() { "db".to_owned() } else { text }
}

impl fmt::Display for BackupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_environment_time_and_reason() {
        let at: jiff::Timestamp = "2026-02-14T10:30:00Z".parse().unwrap();
        let name = BackupName::new("prod", at, "before_20260214145320");
        assert_eq!(name.as_str(), "prod_20260214_103000_before_20260214145320");
        assert_eq!(BackupName::parse(name.as_str()).unwrap(), name);
        let odd = BackupName::new("../ö x", at, "a/b\n");
        assert_eq!(odd.as_str(), "-----x_20260214_103000_a-b-");
    }

    #[test]
    fn a_name_that_leads_elsewhere_is_refused() {
        for text in ["", ".", "..", "../x", "a/b", "/etc", "a\0b", ".partial-a", "a b", "ä"] {
            assert_eq!(BackupName::parse(text).unwrap_err().code(), Code::BackupsUnusable);
        }
        assert!(BackupName::parse(&"a".repeat(BYTES_MAX + 1)).is_err());
    }
}
