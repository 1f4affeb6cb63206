//! Where objects are, beside what they are: the server's own addresses, by which an object is the
//! same one under a new name, and another one under an old name.
//!
//! Addresses mean something only inside one database, so they are never facts, never stored and
//! never compared between databases.

use std::collections::{BTreeMap, HashMap};

use super::fact::ObjectId;
use super::snapshot::{CatalogSnapshot, SnapshotDelta};

/// `class, oid, sub-object` as the server addresses things.
pub(super) type Address = (String, String, String);

/// The addresses of a snapshot's objects.
#[derive(Debug, Clone, Default)]
pub struct Addresses(BTreeMap<ObjectId, Address>);

/// A snapshot and where its objects are.
#[derive(Debug, Clone)]
pub struct TrackedSnapshot {
    /// The facts.
    pub snapshot: CatalogSnapshot,
    /// The addresses of their objects.
    pub addresses: Addresses,
}

impl Addresses {
    pub(super) fn of(map: HashMap<Address, ObjectId>) -> Self {
        // A key's index stands beside its constraint under a class of its own; it is no address.
        let own = map.into_iter().filter(|((class, ..), _)| !class.starts_with("pg_"));
        Self(own.map(|(address, id)| (id, address)).collect())
    }
}

impl TrackedSnapshot {
    /// What leads from `self` to `after`, with renames and replacements told apart from drops and
    /// new objects.
    #[must_use]
    pub fn delta_to(&self, after: &Self) -> SnapshotDelta {
        let mut delta = self.snapshot.delta_to(&after.snapshot);
        let new: HashMap<&Address, &ObjectId> =
            after.addresses.0.iter().map(|(id, address)| (address, id)).collect();
        for (id, address) in &self.addresses.0 {
            match new.get(address) {
                Some(now) if *now != id => delta.moved.push((id.clone(), (*now).clone())),
                _ => {}
            }
            if after.addresses.0.get(id).is_some_and(|now| now != address) {
                delta.replaced.push(id.clone());
            }
        }
        delta
    }
}
