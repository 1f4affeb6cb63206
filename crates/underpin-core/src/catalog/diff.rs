//! What differs between an expected catalog and an actual one.

use std::collections::BTreeSet;

use super::fact::{Attributes, Class, ObjectId, ObjectKind, is_environment};
use super::snapshot::CatalogSnapshot;

/// The differences between an expected and an actual catalog.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct CatalogDiff {
    /// Expected and not there.
    pub missing: Vec<(ObjectId, Attributes)>,
    /// There and not expected.
    pub unexpected: Vec<(ObjectId, Attributes)>,
    /// There, and not as expected.
    pub changed: Vec<ChangedObject>,
    /// Worth knowing, and no difference: environment that only the actual side has.
    pub notes: Vec<Note>,
}

/// An object that is not as expected.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ChangedObject {
    /// Which object.
    pub id: ObjectId,
    /// Its attributes that differ, at least one, by name.
    pub attributes: Vec<ChangedAttribute>,
}

/// An attribute that is not as expected; `None` is PostgreSQL's default.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ChangedAttribute {
    /// Its name.
    pub name: String,
    /// The expected value.
    pub expected: Option<String>,
    /// The actual value.
    pub actual: Option<String>,
}

/// Something about the environment of an object that is no difference.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Note {
    /// Which object.
    pub id: ObjectId,
    /// What there is to say: a lower-case fragment that follows the object's name.
    pub text: String,
}

/// Compares two snapshots.
///
/// Structure counts on both sides. Environment (see [`ObjectKind::class`], owners and comments)
/// counts where `expected` has it, since then a migration wrote it; what only `actual` has is a
/// note, as are an extension that only `actual` has, extension versions and tablespaces.
#[must_use]
pub fn diff(expected: &CatalogSnapshot, actual: &CatalogSnapshot) -> CatalogDiff {
    let mut diff = CatalogDiff::default();
    for (id, wanted) in expected.objects() {
        match actual.objects().get(id) {
            None => diff.missing.push((id.clone(), wanted.clone())),
            Some(found) if found == wanted => {}
            Some(found) => compare(id, wanted, found, &mut diff),
        }
    }
    for (id, found) in actual.objects() {
        if expected.objects().contains_key(id) {
            continue;
        }
        if id.kind.class() == Class::Structure && id.kind != ObjectKind::Extension {
            diff.unexpected.push((id.clone(), found.clone()));
        } else {
            diff.notes.push(Note { id: id.clone(), text: "is not from a migration".to_owned() });
        }
    }
    diff
}

fn compare(id: &ObjectId, wanted: &Attributes, found: &Attributes, diff: &mut CatalogDiff) {
    let names: BTreeSet<&String> = wanted.keys().chain(found.keys()).collect();
    let mut attributes = Vec::new();
    for name in names {
        let (expected, actual) = (wanted.get(name), found.get(name));
        if expected == actual {
            continue;
        }
        // An object that both sides have is judged whole, a publication no less than a table.
        let counts = !is_environment(name)
            || expected.is_some() && !matches!(name.as_str(), "tablespace" | "version");
        let changed = ChangedAttribute {
            name: name.clone(),
            expected: expected.cloned(),
            actual: actual.cloned(),
        };
        if counts {
            attributes.push(changed);
        } else {
            diff.notes.push(Note { id: id.clone(), text: changed.words() });
        }
    }
    if !attributes.is_empty() {
        diff.changed.push(ChangedObject { id: id.clone(), attributes });
    }
}

impl CatalogDiff {
    /// Whether nothing differs. Notes are no differences.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many objects differ.
    #[must_use]
    pub fn len(&self) -> usize {
        self.missing.len() + self.unexpected.len() + self.changed.len()
    }

    /// What is in `self` and not in `other`: of the drift now, what was not there before.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        let changed = self.changed.iter().filter_map(|object| {
            let before = other.changed.iter().find(|o| o.id == object.id);
            let known = before.map_or(&[][..], |o| &o.attributes);
            let attributes: Vec<ChangedAttribute> =
                object.attributes.iter().filter(|a| !known.contains(a)).cloned().collect();
            let id = object.id.clone();
            (!attributes.is_empty()).then_some(ChangedObject { id, attributes })
        });
        Self {
            missing: without(&self.missing, &other.missing),
            unexpected: without(&self.unexpected, &other.unexpected),
            changed: changed.collect(),
            notes: without(&self.notes, &other.notes),
        }
    }

    /// The differences for a person, one a line, at most `max` and a last one that counts the
    /// rest. Everything about one table stands together; what belongs to a table that is missing
    /// or extra as a whole is not listed. Values that are long or of several lines are not shown.
    #[must_use]
    pub fn lines(&self, max: usize) -> Vec<String> {
        let mut lines = Vec::new();
        for (word, objects) in [("missing", &self.missing), ("extra", &self.unexpected)] {
            let whole = Whole::of(objects);
            for (id, attributes) in objects.iter().filter(|(id, a)| !whole.implies(id, a)) {
                let about = about(attributes);
                lines.push((id, format!("{word:<8} {id}{about}")));
            }
        }
        for object in &self.changed {
            for attribute in &object.attributes {
                let line = format!("{:<8} {}: {}", "differs", object.id, attribute.words());
                lines.push((&object.id, line));
            }
        }
        lines.sort_by_key(|(key, _)| *key);
        let more = lines.len().saturating_sub(max);
        let mut lines: Vec<String> = lines.into_iter().map(|(_, line)| line).take(max).collect();
        if more > 0 {
            lines.push(format!("… and {more} more"));
        }
        lines
    }
}

fn without<T: PartialEq + Clone>(all: &[T], known: &[T]) -> Vec<T> {
    all.iter().filter(|item| !known.contains(item)).cloned().collect()
}

/// What is missing (or extra) as a whole.
struct Whole<'a> {
    /// Schema and name of relations and types.
    holders: BTreeSet<(Option<&'a str>, &'a str)>,
    /// How all of them are called.
    called: BTreeSet<String>,
}

impl<'a> Whole<'a> {
    fn of(objects: &'a [(ObjectId, Attributes)]) -> Self {
        let ids = || objects.iter().map(|(id, _)| id);
        Self {
            holders: ids()
                .filter(|id| id.parent.is_none())
                .map(|id| (id.schema.as_deref(), id.name.as_str()))
                .collect(),
            called: ids()
                .filter(|id| id.kind != ObjectKind::Privilege)
                .map(ToString::to_string)
                .collect(),
        }
    }

    /// Whether the object goes without saying: part of a whole, a grant on it, the sequence of
    /// one of its columns.
    fn implies(&self, id: &ObjectId, attributes: &Attributes) -> bool {
        match (id.kind, &id.parent) {
            (ObjectKind::Privilege, Some(on)) => self.called.contains(on),
            (_, Some(parent)) => self.holders.contains(&(id.schema.as_deref(), parent.as_str())),
            (ObjectKind::Sequence, None) => attributes.get("owned_by").is_some_and(|column| {
                self.holders.iter().any(|(schema, name)| {
                    let rest = schema.and_then(|schema| column.strip_prefix(schema));
                    let rest = rest.and_then(|rest| rest.strip_prefix('.')?.strip_prefix(name));
                    rest.is_some_and(|rest| rest.starts_with('.'))
                })
            }),
            _ => false,
        }
    }
}

/// Values up to this many characters are shown.
const SHOWN: usize = 100;

fn is_short(value: &str) -> bool {
    !value.contains('\n') && value.chars().count() <= SHOWN
}

/// The one attribute that tells most of an object, in parentheses.
fn about(attributes: &Attributes) -> String {
    ["type", "definition", "labels", "privileges"]
        .iter()
        .find_map(|name| attributes.get(*name))
        .filter(|value| is_short(value))
        .map_or_else(String::new, |value| format!(" ({value})"))
}

impl ChangedAttribute {
    fn words(&self) -> String {
        let name = self.name.replace('_', " ");
        let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
        let (actual, expected) = (shown(&self.actual), shown(&self.expected));
        if is_short(&actual) && is_short(&expected) {
            format!("{name} {actual}, expected {expected}")
        } else {
            format!("{name} differs")
        }
    }
}

#[cfg(test)]
#[path = "diff_tests.rs"]
mod tests;
