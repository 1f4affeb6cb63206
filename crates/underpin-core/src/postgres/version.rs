//! Server versions.

use std::fmt;

/// A server's version as `server_version_num` gives it (manual, "Preset Options"): major × 10000
/// + minor since PostgreSQL 10.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub struct ServerVersion(pub u32);

impl ServerVersion {
    /// The oldest major that Underpin supports.
    pub const OLDEST_MAJOR: u32 = 13;

    /// The major version, 18 for 18.4.
    #[must_use]
    pub fn major(self) -> u32 {
        self.0 / 10000
    }

    /// Reads `18.4`, `18.4 (Debian …)` or `18beta1` as the server's `server_version` and the
    /// `--version` of its programs print it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let number: String = text.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
        let mut parts = number.split('.');
        let major: u32 = parts.next()?.parse().ok()?;
        let minor: u32 = parts.next().and_then(|p| p.parse().ok()).unwrap_or(0);
        (major >= 9).then_some(Self(major * 10000 + minor))
    }
}

impl fmt::Display for ServerVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major(), self.0 % 10000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distribution_suffixes_and_betas_are_read() {
        assert_eq!(
            ServerVersion::parse("15.18 (Debian 15.18-0+deb12u1)"),
            Some(ServerVersion(150_018))
        );
        assert_eq!(ServerVersion::parse("18beta1"), Some(ServerVersion(180_000)));
        assert_eq!(ServerVersion::parse("PostgreSQL"), None);
    }
}
