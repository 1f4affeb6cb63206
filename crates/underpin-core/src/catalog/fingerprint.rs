//! A hash of a snapshot's structure.

use std::fmt;

use sha2::{Digest as _, Sha256};

use super::fact::{Attributes, Class, ObjectId, attribute_class};

/// First bytes of every hashed text. Any change of what facts exist, of their attribute names or
/// of their normal form needs a new number, so that an old fingerprint never equals a new one by
/// accident.
const FORMAT: &str = "underpin catalog 1";

/// SHA-256 over the structure facts of a snapshot: equal fingerprints mean equal structure.
/// Environment facts (owners, grants, comments, replication) do not enter it.
#[derive(
    Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// The fingerprint of facts, which must come in the order of their ids.
    pub(super) fn of<'a>(facts: impl Iterator<Item = (&'a ObjectId, &'a Attributes)>) -> Self {
        let mut hash = Sha256::new();
        feed(&mut hash, FORMAT);
        for (id, attributes) in facts {
            if id.kind.class() != Class::Structure {
                continue;
            }
            feed(&mut hash, id.kind.word());
            feed_optional(&mut hash, id.schema.as_deref());
            feed_optional(&mut hash, id.parent.as_deref());
            feed(&mut hash, &id.name);
            for (name, value) in attributes {
                if attribute_class(id.kind, name) == Class::Structure {
                    feed(&mut hash, name);
                    feed(&mut hash, value);
                }
            }
            hash.update([0xff]);
        }
        Self(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// Its 64 lower-case hexadecimal characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Length first, so that no two sequences of texts give the same bytes.
fn feed(hash: &mut Sha256, text: &str) {
    hash.update((text.len() as u64).to_be_bytes());
    hash.update(text.as_bytes());
}

fn feed_optional(hash: &mut Sha256, text: Option<&str>) {
    hash.update([u8::from(text.is_some())]);
    feed(hash, text.unwrap_or_default());
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
