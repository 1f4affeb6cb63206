//! Keys of age: X25519 recipients, which are public, and identities, which are not.
//!
//! Both are Bech32 (BIP 173) of 32 bytes: `age1…` in lower case and `AGE-SECRET-KEY-1…` in upper case
//! (C2SP, age, "The X25519 recipient type"). Invariants: form and checksum are judged here, without the
//! crate of the format, so that a typing error is found when settings are read, in every build; no message
//! holds a key.

use super::value::Secret;

const RECIPIENT: &str = "age";
const IDENTITY: &str = "age-secret-key-";
/// The alphabet of Bech32: a character's place is its value.
const ALPHABET: &str = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
/// 32 bytes in fives of bits, and the checksum.
const DATA_CHARACTERS: usize = 52 + 6;
/// Of a recipient that is none, so that it is found in a list.
const SHOWN: usize = 12;

/// Somebody to whom backups are encrypted.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "String")]
pub struct Recipient(String);

impl Recipient {
    /// `age1…`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Recipient {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let lower = text.to_ascii_lowercase();
        if lower.starts_with(IDENTITY) {
            let words = "an identity is secret and does not belong here: give its recipient, which is \
                what `age-keygen -y` prints";
            return Err(words.to_owned());
        }
        let is = "X25519 recipient of age (`age1` and 58 characters, the last six a checksum)";
        if text.starts_with("ssh-") || lower.starts_with("age1pq") || lower.starts_with("age1tag") {
            return Err(format!("a recipient of another kind is no {is}"));
        }
        match (is_key(&text, RECIPIENT), text.get(..SHOWN)) {
            (true, _) => Ok(Self(lower)),
            (false, Some(start)) if start.starts_with("age1") => {
                Err(format!("`{start}…` is no {is}"))
            }
            (false, _) => Err(format!("a recipient is no {is}")),
        }
    }
}

/// What reads encrypted backups.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Identity {
    /// The settings name none.
    #[default]
    Unnamed,
    /// The one that they name is not on this machine, in words.
    Absent(String),
    /// The text of an identity file: a key a line, comments and empty lines between them.
    Here(Secret),
}

impl Identity {
    /// The text of an identity file, as `age-keygen` writes it.
    ///
    /// # Errors
    /// The line, from 1, that is no identity; 0 when there is none at all.
    pub fn parse(text: Secret) -> Result<Self, usize> {
        let lines = || text.expose().lines().map(str::trim).zip(1..);
        let mut keys = lines().filter(|(line, _)| !line.is_empty() && !line.starts_with('#'));
        match keys.clone().find(|(line, _)| !is_key(line, IDENTITY)) {
            Some((_, number)) => Err(number),
            None if keys.next().is_none() => Err(0),
            None => Ok(Self::Here(text)),
        }
    }
}

/// Whether `text` is Bech32 with this prefix, 32 bytes and the right checksum.
fn is_key(text: &str, prefix: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    if lower != text && text.to_ascii_uppercase() != text {
        return false;
    }
    let data = lower.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('1'));
    let values = data.map(|data| data.chars().map(|c| ALPHABET.find(c)).collect());
    let Some(values): Option<Vec<usize>> = values.flatten() else { return false };
    let spread = prefix.bytes().map(|b| usize::from(b >> 5));
    let spread = spread.chain([0]).chain(prefix.bytes().map(|b| usize::from(b & 31)));
    values.len() == DATA_CHARACTERS && checksum(spread.chain(values)) == 1
}

/// The polynomial of BIP 173.
fn checksum(values: impl Iterator<Item = usize>) -> usize {
    const GENERATOR: [usize; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    values.fold(1, |sum, value| {
        let shifted = ((sum & 0x1ff_ffff) << 5) ^ value;
        let bits = GENERATOR.iter().enumerate().filter(|(bit, _)| (sum >> 25 >> bit) & 1 == 1);
        bits.fold(shifted, |sum, (_, generator)| sum ^ generator)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of the README of age: a recipient and nothing that opens it.
    const KNOWN: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
    /// Of the test vectors of age (C2SP CCTV): 32 bytes of a hash, nobody's.
    const NOBODYS: &str =
        "AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM0";

    fn recipient(text: &str) -> Result<Recipient, String> {
        Recipient::try_from(text.to_owned())
    }

    #[test]
    fn a_recipient_with_one_wrong_character_is_none() {
        assert_eq!(recipient(KNOWN).unwrap().as_str(), KNOWN);
        for place in 0..KNOWN.len() {
            for other in ["q", "z", "7"].into_iter().filter(|o| *o != &KNOWN[place..=place]) {
                let mut typed = KNOWN.to_owned();
                typed.replace_range(place..=place, other);
                recipient(&typed).unwrap_err();
            }
            recipient(&KNOWN[..place]).unwrap_err();
        }
        for other in ["", "age1", "ssh-ed25519 AAAA", &format!("{KNOWN}q"), &format!(" {KNOWN}")] {
            recipient(other).unwrap_err();
        }
    }

    #[test]
    fn an_identity_is_no_recipient_and_is_not_shown() {
        let why = recipient(NOBODYS).unwrap_err();
        assert!(why.contains("age-keygen -y") && !why.contains("EGTZVFF"));
        let identity = Identity::parse(Secret::new(NOBODYS)).unwrap();
        assert!(!format!("{identity:?}").contains("EGTZVFF"));
    }

    #[test]
    fn an_identity_file_has_a_key_a_line() {
        let parse = |text: &str| Identity::parse(Secret::new(text));
        parse(&format!("# created: 2026\n# public key: {KNOWN}\n\n{NOBODYS}\n{NOBODYS}")).unwrap();
        assert_eq!(parse(&format!("# a\n{NOBODYS}\nhunter2")).unwrap_err(), 3);
        assert_eq!(parse(KNOWN).unwrap_err(), 1);
        assert_eq!(parse("# nothing\n").unwrap_err(), 0);
    }
}
