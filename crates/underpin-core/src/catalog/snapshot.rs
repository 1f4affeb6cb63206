//! Snapshots and what changes between two of them.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::fact::{Attributes, Class, ObjectId, ObjectKind};
use super::fingerprint::Fingerprint;
use crate::postgres::ServerVersion;

/// The normalised facts of one database at one moment. Serialises as a list of
/// `[id, attributes]` pairs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogSnapshot {
    version: ServerVersion,
    #[serde(serialize_with = "write_pairs", deserialize_with = "read_pairs")]
    objects: BTreeMap<ObjectId, Attributes>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    unmodelled: BTreeMap<String, u64>,
}

/// What one migration changed: objects set (new or changed, with all attributes) and removed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotDelta {
    /// New objects, and changed ones with all the attributes they have now.
    pub set: Vec<(ObjectId, Attributes)>,
    /// Objects that are gone.
    pub removed: Vec<ObjectId>,
    /// Objects that are the same ones under another name: from, to. Says how `set` and `removed`
    /// came about, and adds nothing to them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moved: Vec<(ObjectId, ObjectId)>,
    /// Names that stand for another object than before: dropped and made anew.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replaced: Vec<ObjectId>,
}

fn write_pairs<S: Serializer>(
    objects: &BTreeMap<ObjectId, Attributes>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(objects)
}

fn read_pairs<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<ObjectId, Attributes>, D::Error> {
    Ok(Vec::<(ObjectId, Attributes)>::deserialize(deserializer)?.into_iter().collect())
}

impl CatalogSnapshot {
    pub(super) fn new(
        version: ServerVersion,
        objects: BTreeMap<ObjectId, Attributes>,
        unmodelled: BTreeMap<String, u64>,
    ) -> Self {
        Self { version, objects, unmodelled }
    }

    /// The version of the server that it was read from.
    #[must_use]
    pub fn version(&self) -> ServerVersion {
        self.version
    }

    /// All objects with their attributes, in reading order.
    #[must_use]
    pub fn objects(&self) -> &BTreeMap<ObjectId, Attributes> {
        &self.objects
    }

    /// How many objects there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.objects.len()
    }

    /// Whether there is no object at all, not even a schema.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    /// Kinds of things that the database holds and this module does not model, with their count.
    #[must_use]
    pub fn unmodelled(&self) -> &BTreeMap<String, u64> {
        &self.unmodelled
    }

    /// The hash of the structure facts of all schemas.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(self.objects.iter())
    }

    /// The facts about these schemas and about the database as a whole.
    #[must_use]
    pub fn restricted_to(&self, schemas: &BTreeSet<String>) -> Self {
        let objects = self
            .objects
            .iter()
            .filter(|(id, _)| schema_of(id).is_none_or(|schema| schemas.contains(schema)))
            .map(|(id, attributes)| (id.clone(), attributes.clone()))
            .collect();
        Self { version: self.version, objects, unmodelled: self.unmodelled.clone() }
    }

    /// The schemas that exist, PostgreSQL's and Underpin's own left out.
    #[must_use]
    pub fn schemas(&self) -> BTreeSet<String> {
        self.objects.keys().filter_map(schema_of).map(str::to_owned).collect()
    }

    /// Whether a first migration would find nothing of an application here: no object but the
    /// schema `public`, extensions, and environment such as grants or replication.
    #[must_use]
    pub fn is_empty_of_objects(&self) -> bool {
        self.objects.keys().all(|id| match id.kind {
            ObjectKind::Schema => id.name == "public",
            ObjectKind::Extension => true,
            kind => kind.class() == Class::Environment,
        })
    }

    /// What has to be set and removed to get from `self` to `after`. Counts of unmodelled things
    /// are not part of it.
    #[must_use]
    pub fn delta_to(&self, after: &Self) -> SnapshotDelta {
        let set = after
            .objects
            .iter()
            .filter(|(id, attributes)| self.objects.get(id) != Some(attributes))
            .map(|(id, attributes)| (id.clone(), attributes.clone()))
            .collect();
        let removed =
            self.objects.keys().filter(|id| !after.objects.contains_key(id)).cloned().collect();
        SnapshotDelta { set, removed, ..SnapshotDelta::default() }
    }

    /// Goes the way that [`CatalogSnapshot::delta_to`] described.
    pub fn apply(&mut self, delta: &SnapshotDelta) {
        for id in &delta.removed {
            self.objects.remove(id);
        }
        for (id, attributes) in &delta.set {
            self.objects.insert(id.clone(), attributes.clone());
        }
    }
}

impl SnapshotDelta {
    /// Whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.set.is_empty() && self.removed.is_empty() && self.replaced.is_empty()
    }

    /// The schemas of the objects set; a schema counts as its own name.
    #[must_use]
    pub fn schemas(&self) -> BTreeSet<String> {
        self.set.iter().filter_map(|(id, _)| schema_of(id)).map(str::to_owned).collect()
    }
}

/// The schema that an object lives in, is, or is about.
fn schema_of(id: &ObjectId) -> Option<&str> {
    match id.kind {
        ObjectKind::Schema => Some(&id.name),
        ObjectKind::Privilege if id.schema.is_none() => {
            id.parent.as_deref().and_then(|on| on.strip_prefix("schema "))
        }
        _ => id.schema.as_deref(),
    }
}
