//! Chains: for every fact that the folder ever writes, which units wrote it and what.
//!
//! A fact is the existence of an object, one attribute of it, or one label of an enum. A unit is
//! a migration, or, where a migration is looked at closely, one of its statements, or what a
//! statement did to one object. A rename carries the versions of a fact on to its new name; an
//! object that is dropped or made anew overwrites everything that was ever known of it, which is
//! how the rebuild of an enum writes every label.
//!
//! The order of an enum's labels is no fact here (it depends on what else is there); a proof by
//! replay compares it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::catalog::{Attributes, CatalogSnapshot, ObjectId, ObjectKind, SnapshotDelta};

/// What of an object a fact is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Aspect {
    Exists,
    Attribute(String),
    Label(String),
}

/// A fact's address.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) id: ObjectId,
    pub(super) aspect: Aspect,
}

/// The value of a fact; `None` is "not there" or PostgreSQL's default.
pub(super) type Value = Option<String>;

/// How a unit writes a fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Write {
    Value(Value),
    /// The value that another fact had before the unit: a rename.
    From(usize),
}

/// One version of a fact.
#[derive(Debug, Clone)]
pub(super) struct Version {
    pub(super) unit: usize,
    pub(super) write: Write,
}

/// A fact with its versions, in the folder's order.
#[derive(Debug, Clone)]
pub(super) struct Chain {
    pub(super) key: Key,
    pub(super) initial: Value,
    pub(super) versions: Vec<Version>,
}

/// All chains of a folder cut into units.
#[derive(Debug, Default)]
pub(super) struct Chains {
    pub(super) all: Vec<Chain>,
    index: HashMap<Key, usize>,
    /// What each unit needs to find, by the index of the fact: `Exists` of these objects is so.
    pub(super) needs: Vec<Vec<(usize, bool)>>,
    /// The facts that each unit writes.
    pub(super) written: Vec<Vec<usize>>,
}

/// Attributes that say where an object lives and never whether a migration ran.
const IGNORED: &[&str] = &["tablespace", "version", "owner"];

/// The aspects of an object with these attributes.
pub(super) fn aspects(id: &ObjectId, attributes: &Attributes) -> BTreeMap<Aspect, String> {
    let mut aspects = BTreeMap::from([(Aspect::Exists, String::new())]);
    for (name, value) in attributes {
        if id.kind == ObjectKind::EnumType && name == "labels" {
            aspects.extend(labels(value).into_iter().map(|l| (Aspect::Label(l), String::new())));
        } else if !IGNORED.contains(&name.as_str()) {
            aspects.insert(Aspect::Attribute(name.clone()), value.clone());
        }
    }
    aspects
}

/// The quoted labels of a list, each still quoted.
pub(super) fn labels(list: &str) -> Vec<String> {
    let mut labels = Vec::new();
    let (mut current, mut inside) = (String::new(), false);
    for c in list.chars() {
        match c {
            // A doubled quote closes and opens again, which keeps it inside.
            '\'' => inside = !inside,
            ',' if !inside => {
                labels.push(current.trim().to_owned());
                current.clear();
                continue;
            }
            _ => {}
        }
        current.push(c);
    }
    if !current.trim().is_empty() {
        labels.push(current.trim().to_owned());
    }
    labels
}

/// The value of a fact in a snapshot.
pub(super) fn value_in(snapshot: &CatalogSnapshot, key: &Key) -> Value {
    value_of(snapshot.objects().get(&key.id), &key.aspect)
}

fn value_of(attributes: Option<&Attributes>, aspect: &Aspect) -> Value {
    let attributes = attributes?;
    match aspect {
        Aspect::Exists => Some(String::new()),
        Aspect::Attribute(name) => attributes.get(name).cloned(),
        Aspect::Label(label) => labels(attributes.get("labels")?).contains(label).then(String::new),
    }
}

/// A snapshot with a delta laid over it.
struct Overlay<'a> {
    before: &'a CatalogSnapshot,
    set: HashMap<&'a ObjectId, &'a Attributes>,
    removed: HashSet<&'a ObjectId>,
}

impl<'a> Overlay<'a> {
    fn new(before: &'a CatalogSnapshot, delta: &'a SnapshotDelta) -> Self {
        Self {
            before,
            set: delta.set.iter().map(|(id, attributes)| (id, attributes)).collect(),
            removed: delta.removed.iter().collect(),
        }
    }

    fn get(&self, id: &ObjectId) -> Option<&Attributes> {
        match self.set.get(id) {
            Some(attributes) => Some(attributes),
            None if self.removed.contains(id) => None,
            None => self.before.objects().get(id),
        }
    }
}

/// Everything the folder ever says of each object, and which objects belong to which relation.
struct Known {
    aspects: HashMap<ObjectId, BTreeSet<Aspect>>,
    children: HashMap<(Option<String>, String), BTreeSet<ObjectId>>,
}

impl Known {
    fn of(initial: &CatalogSnapshot, units: &[SnapshotDelta]) -> Self {
        let mut known = Self { aspects: HashMap::new(), children: HashMap::new() };
        let set = units.iter().flat_map(|unit| unit.set.iter().map(|(id, a)| (id, a)));
        for (id, attributes) in initial.objects().iter().chain(set) {
            known
                .aspects
                .entry(id.clone())
                .or_default()
                .extend(aspects(id, attributes).into_keys());
            if let Some(parent) = &id.parent
                && id.kind != ObjectKind::Privilege
            {
                let holder = (id.schema.clone(), parent.clone());
                known.children.entry(holder).or_default().insert(id.clone());
            }
        }
        // A rename carries all that is known on; chains of renames need a second round.
        for _ in 0..2 {
            for (from, to) in units.iter().flat_map(|unit| &unit.moved) {
                let carried = known.aspects.get(from).cloned().unwrap_or_default();
                known.aspects.entry(to.clone()).or_default().extend(carried);
            }
        }
        known
    }

    fn of_object(&self, id: &ObjectId) -> impl Iterator<Item = &Aspect> {
        self.aspects.get(id).into_iter().flatten()
    }

    fn children(&self, id: &ObjectId) -> impl Iterator<Item = &ObjectId> {
        let holder = (id.schema.clone(), id.name.clone());
        let holds = matches!(
            id.kind,
            ObjectKind::Table
                | ObjectKind::View
                | ObjectKind::MaterializedView
                | ObjectKind::Domain
        );
        self.children.get(&holder).filter(|_| holds).into_iter().flatten()
    }
}

impl Chains {
    /// The chains of a folder cut into `units`, which start from `initial`.
    pub(super) fn build(initial: &CatalogSnapshot, units: &[SnapshotDelta]) -> Self {
        let known = Known::of(initial, units);
        let mut chains = Self::default();
        let mut current = initial.clone();
        for (unit, delta) in units.iter().enumerate() {
            chains.needs.push(Vec::new());
            chains.written.push(Vec::new());
            let after = Overlay::new(&current, delta);
            let step = Step { unit, delta, before: &current, after, initial };
            chains.moves(&known, &step);
            chains.sets(&known, &step);
            chains.removals(&known, &step);
            chains.find_needs(&step);
            current.apply(delta);
        }
        chains
    }

    fn slot(&mut self, key: Key, initial: &CatalogSnapshot) -> usize {
        if let Some(found) = self.index.get(&key) {
            return *found;
        }
        let index = self.all.len();
        let initial = value_in(initial, &key);
        self.all.push(Chain { key: key.clone(), initial, versions: Vec::new() });
        self.index.insert(key, index);
        index
    }

    fn write(&mut self, step: &Step<'_>, key: Key, write: Write) {
        let slot = self.slot(key, step.initial);
        let versions = &mut self.all[slot].versions;
        if versions.last().is_some_and(|v| v.unit == step.unit) {
            return;
        }
        versions.push(Version { unit: step.unit, write });
        self.written[step.unit].push(slot);
    }

    fn moves(&mut self, known: &Known, step: &Step<'_>) {
        // Values that arrive before values that leave: in a swap of two names both happen.
        for (from, to) in &step.delta.moved {
            for aspect in known.of_object(to) {
                let (old, new) = (
                    Key { id: from.clone(), aspect: aspect.clone() },
                    Key { id: to.clone(), aspect: aspect.clone() },
                );
                let now = value_of(step.after.get(to), aspect);
                let write = if value_in(step.before, &old) == now {
                    Write::From(self.slot(old, step.initial))
                } else {
                    Write::Value(now)
                };
                self.write(step, new, write);
            }
        }
        for (from, _) in &step.delta.moved {
            // Gone, or already another object of that name.
            self.write_whole(known, step, from);
        }
    }

    /// Every known fact of an object as it is after the step.
    fn write_whole(&mut self, known: &Known, step: &Step<'_>, id: &ObjectId) {
        for aspect in known.of_object(id) {
            let key = Key { id: id.clone(), aspect: aspect.clone() };
            let value = value_of(step.after.get(id), aspect);
            self.write(step, key, Write::Value(value));
        }
    }

    fn sets(&mut self, known: &Known, step: &Step<'_>) {
        for id in &step.delta.replaced {
            self.write_whole(known, step, id);
            for child in known.children(id).filter(|c| step.after.get(c).is_none()) {
                self.write_whole(known, step, child);
            }
        }
        for (id, attributes) in &step.delta.set {
            match step.before.objects().get(id) {
                None => self.write_whole(known, step, id),
                Some(old) => {
                    let (old, new) = (aspects(id, old), aspects(id, attributes));
                    let changed: BTreeSet<&Aspect> = old
                        .keys()
                        .chain(new.keys())
                        .filter(|aspect| old.get(aspect) != new.get(aspect))
                        .collect();
                    for aspect in changed {
                        let key = Key { id: id.clone(), aspect: aspect.clone() };
                        self.write(step, key, Write::Value(new.get(aspect).cloned()));
                    }
                }
            }
        }
    }

    fn removals(&mut self, known: &Known, step: &Step<'_>) {
        for id in &step.delta.removed {
            self.write_whole(known, step, id);
            let moved = step.delta.moved.iter().any(|(from, _)| from == id);
            for child in known.children(id).filter(|_| !moved) {
                if step.after.get(child).is_none() {
                    self.write_whole(known, step, child);
                }
            }
        }
    }

    /// What a step cannot have done without finding it, or without finding nothing. Only what a
    /// statement must have named: what goes along with a drop or changes its text with a rename is
    /// no need.
    fn find_needs(&mut self, step: &Step<'_>) {
        let mut needed: BTreeSet<ObjectId> = BTreeSet::new();
        for (id, _) in &step.delta.set {
            if id.kind == ObjectKind::Column
                && !step.before.objects().contains_key(id)
                && let Some(table) = holder(id, step.before)
                && !step.delta.replaced.contains(&table)
            {
                needed.insert(table);
            }
        }
        for id in &step.delta.removed {
            let named =
                matches!(id.kind, ObjectKind::Table | ObjectKind::Column | ObjectKind::EnumType);
            let with_its_table = holder(id, step.before).is_some_and(|table| {
                step.delta.removed.contains(&table) || step.delta.replaced.contains(&table)
            });
            if named && !with_its_table {
                needed.insert(id.clone());
            }
        }
        let needed = needed.into_iter().map(|id| (id, true));
        for (id, there) in needed.chain(step.makes().map(|id| (id.clone(), false))) {
            let slot = self.slot(Key { id, aspect: Aspect::Exists }, step.initial);
            self.needs[step.unit].push((slot, there));
        }
    }
}

impl Step<'_> {
    /// What it makes under a name that its script must have given: there it finds nothing.
    fn makes(&self) -> impl Iterator<Item = &ObjectId> {
        let is_new = |id: &ObjectId| !self.before.objects().contains_key(id);
        let arrives = |id: &ObjectId| {
            self.delta.moved.iter().any(|(_, to)| to == id) || self.delta.replaced.contains(id)
        };
        self.delta.set.iter().map(|(id, _)| id).filter(move |id| match id.kind {
            ObjectKind::Table | ObjectKind::EnumType => is_new(id) && !arrives(id),
            // One that comes with its table needs what the table needs.
            ObjectKind::Column => {
                is_new(id)
                    && !arrives(id)
                    && holder(id, self.before).is_some_and(|table| !arrives(&table))
            }
            _ => false,
        })
    }
}

/// The table that a column belongs to, as it is called in `snapshot`.
fn holder(id: &ObjectId, snapshot: &CatalogSnapshot) -> Option<ObjectId> {
    let name = id.parent.clone().filter(|_| id.kind == ObjectKind::Column)?;
    let table = ObjectId { kind: ObjectKind::Table, schema: id.schema.clone(), parent: None, name };
    snapshot.objects().contains_key(&table).then_some(table)
}

struct Step<'a> {
    unit: usize,
    delta: &'a SnapshotDelta,
    before: &'a CatalogSnapshot,
    after: Overlay<'a>,
    initial: &'a CatalogSnapshot,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_cut_outside_quotes_only() {
        assert_eq!(labels("'a', 'b, c', 'it''s'"), ["'a'", "'b, c'", "'it''s'"]);
        assert_eq!(labels(""), Vec::<String>::new());
    }
}
