//! The seal of what is kept beside data: a checksum or, where a key is configured, a keyed MAC
//! (HMAC-SHA-256, RFC 2104) over all of it but the seal itself.

use sha2::{Digest as _, Sha256};

use crate::config::Secret;

/// See the module text.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "value")]
pub enum Seal {
    /// Only while it is computed.
    #[default]
    None,
    /// SHA-256: shows an accident.
    Checksum(String),
    /// HMAC-SHA-256: shows a change by somebody without the key.
    Mac(String),
}

impl Seal {
    /// The seal over `body`.
    pub(super) fn of(body: &[u8], key: Option<&Secret>) -> Self {
        match key {
            Some(key) => Self::Mac(hmac(key.expose().as_bytes(), body)),
            None => Self::Checksum(hex(&Sha256::digest(body))),
        }
    }

    /// Whether it is the one over `body`; else what is wrong, in words. A MAC says nothing to who has
    /// no key, and what they wrote anew would have none.
    pub(super) fn check(&self, body: &[u8], key: Option<&Secret>) -> Result<(), &'static str> {
        match (self, key) {
            (Self::Mac(found), Some(key)) => {
                match is_same(found, &hmac(key.expose().as_bytes(), body)) {
                    true => Ok(()),
                    false => Err("is not signed with the configured key, or was changed"),
                }
            }
            (Self::Mac(_), None) => Err("is signed, and no key is configured to check it with"),
            (Self::Checksum(_) | Self::None, Some(_)) => {
                Err("is not signed, and a key is configured")
            }
            (Self::Checksum(found), None) if is_same(found, &hex(&Sha256::digest(body))) => Ok(()),
            (Self::Checksum(_) | Self::None, None) => Err("was changed after it was written"),
        }
    }
}

/// HMAC-SHA-256 (RFC 2104), in hexadecimal.
fn hmac(key: &[u8], text: &[u8]) -> String {
    let mut block = [0_u8; 64];
    if key.len() > block.len() {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let inner = Sha256::new().chain_update(block.map(|b| b ^ 0x36)).chain_update(text).finalize();
    hex(&Sha256::new().chain_update(block.map(|b| b ^ 0x5c)).chain_update(inner).finalize())
}

/// In a time that does not tell where they differ.
fn is_same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test cases 2 and 6.
    #[test]
    fn the_mac_is_hmac_sha_256() {
        assert_eq!(
            hmac(b"Jefe", b"what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        assert_eq!(
            hmac(&[0xaa; 131], b"Test Using Larger Than Block-Size Key - Hash Key First"),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        );
    }
}
