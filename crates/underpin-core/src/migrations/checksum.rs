//! Prisma's checksum of a script.

use std::fmt;

use sha2::{Digest as _, Sha256};

/// SHA-256 of the script's text, lower-case hex, nothing trimmed and no line end changed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Checksum(String);

impl Checksum {
    /// The checksum of a text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self(hex(Sha256::digest(text).as_slice()))
    }

    /// Its 64 characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a value of the history table is the checksum of `text`, by Prisma's rule: of the
    /// text as it is, with CRLF turned into LF, or with LF turned into CRLF; a value whose length
    /// is neither 0 nor 64 is compared in the old form without leading zeros.
    #[must_use]
    pub fn matches(recorded: &str, text: &str) -> bool {
        let unix = text.replace("\r\n", "\n");
        let dos = unix.replace('\n', "\r\n");
        [text, &unix, &dos].into_iter().any(|form| {
            let digest = Sha256::digest(form);
            let padded = hex(digest.as_slice());
            recorded == padded
                || (!matches!(recorded.len(), 0 | 64)
                    && recorded == digest.iter().map(|b| format!("{b:x}")).collect::<String>())
        })
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        assert_eq!(
            Checksum::of("hello").as_str(),
            "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
        );
        assert!(Checksum::of("").as_str().starts_with("e3b0c442"));
    }

    #[test]
    fn line_ends_do_not_matter_and_padding_may_lack() {
        let (unix, dos) = ("a\nb\n", "a\r\nb\r\n");
        assert!(Checksum::matches(Checksum::of(unix).as_str(), dos));
        assert!(Checksum::matches(Checksum::of(dos).as_str(), unix));
        assert!(!Checksum::matches(Checksum::of("a\nb").as_str(), unix));
        let unpadded: String = Sha256::digest("a\nb\n").iter().map(|b| format!("{b:x}")).collect();
        assert_ne!(unpadded.len(), 64);
        assert!(Checksum::matches(&unpadded, unix));
        assert!(!Checksum::matches("", unix));
    }
}
