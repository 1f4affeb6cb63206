//! Evidence in words, each with the one query that checks it.

use super::chains::{Aspect, Key, value_in};
use crate::catalog::{CatalogSnapshot, ObjectId, ObjectKind};
use crate::postgres::{identifier, literal};

/// What a piece of evidence says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Says {
    /// A fact that only this migration explains is there.
    Present,
    /// A fact that it would have left is not there.
    Absent,
    /// Other migrations, which are in effect, could not have run otherwise.
    Implied,
    /// A fact that no replay explains.
    Unexplained,
    /// Worth knowing.
    Note,
}

impl Says {
    /// In one word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Present => "present",
            Self::Absent => "absent",
            Self::Implied => "implied",
            Self::Unexplained => "unexplained",
            Self::Note => "note",
        }
    }
}

/// One piece of evidence.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Evidence {
    /// What it says.
    pub says: Says,
    /// The fact, in words.
    pub fact: String,
    /// A query for `psql` that shows it; empty where there is none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub query: String,
}

/// Longest value that is shown.
const SHOWN: usize = 100;

impl Evidence {
    pub(super) fn note(says: Says, fact: impl Into<String>) -> Self {
        Self { says, fact: fact.into(), query: String::new() }
    }

    pub(super) fn of(says: Says, key: &Key, live: &CatalogSnapshot) -> Self {
        let fact = match &key.aspect {
            Aspect::Exists => about(&key.id, live),
            Aspect::Label(label) => format!("label {label} of {}", key.id),
            Aspect::Attribute(name) => {
                let name = name.replace('_', " ");
                match value_in(live, key) {
                    Some(value) if is_short(&value) => format!("{}: {name} {value}", key.id),
                    Some(_) => format!("{}: {name}", key.id),
                    None => format!("{}: no {name}", key.id),
                }
            }
        };
        Self { says, fact, query: query(&key.id) }
    }

    pub(super) fn of_object(says: Says, id: &ObjectId, live: &CatalogSnapshot) -> Self {
        Self::of(says, &Key { id: id.clone(), aspect: Aspect::Exists }, live)
    }
}

fn is_short(value: &str) -> bool {
    !value.contains('\n') && value.chars().count() <= SHOWN
}

/// An object with the attribute that tells most of it.
fn about(id: &ObjectId, live: &CatalogSnapshot) -> String {
    let attributes = live.objects().get(id);
    let telling = attributes
        .and_then(|a| ["type", "definition", "labels"].iter().find_map(|name| a.get(*name)))
        .filter(|value| is_short(value));
    telling.map_or_else(|| id.to_string(), |value| format!("{id} ({value})"))
}

/// The evidence of `keys`, most telling first, at most `max` and a last line that counts the
/// rest. What belongs to an object that is itself named goes without saying.
pub(super) fn list(says: Says, keys: &[Key], live: &CatalogSnapshot, max: usize) -> Vec<Evidence> {
    let whole: Vec<&ObjectId> =
        keys.iter().filter(|k| k.aspect == Aspect::Exists).map(|k| &k.id).collect();
    let implied = |key: &Key| {
        let own = key.aspect != Aspect::Exists && whole.contains(&&key.id);
        let parent = key.id.parent.as_ref().is_some_and(|parent| {
            whole
                .iter()
                .any(|id| id.parent.is_none() && id.name == *parent && id.schema == key.id.schema)
        });
        own || parent
    };
    let mut telling: Vec<&Key> = keys.iter().filter(|key| !implied(key)).collect();
    telling.sort();
    telling.dedup();
    let more = telling.len().saturating_sub(max);
    let mut lines: Vec<Evidence> =
        telling.into_iter().take(max).map(|key| Evidence::of(says, key, live)).collect();
    if more > 0 {
        lines.push(Evidence::note(says, format!("… and {more} more")));
    }
    lines
}

fn qualified(schema: Option<&str>, name: &str) -> String {
    match schema {
        Some(schema) => format!("{}.{}", identifier(schema), identifier(name)),
        None => identifier(name),
    }
}

/// The query that shows an object as it is now.
fn query(id: &ObjectId) -> String {
    let own = literal(&qualified(id.schema.as_deref(), &id.name));
    let parent =
        literal(&qualified(id.schema.as_deref(), id.parent.as_deref().unwrap_or_default()));
    let name = literal(&id.name);
    match id.kind {
        ObjectKind::Table | ObjectKind::Sequence | ObjectKind::ForeignTable => {
            format!("SELECT to_regclass({own})")
        }
        ObjectKind::View | ObjectKind::MaterializedView => {
            format!("SELECT pg_get_viewdef(to_regclass({own}))")
        }
        ObjectKind::Column => format!(
            "SELECT format_type(atttypid, atttypmod), attnotnull FROM pg_attribute WHERE attrelid = to_regclass({parent}) AND attname = {name}"
        ),
        ObjectKind::Index => format!("SELECT pg_get_indexdef(to_regclass({own}))"),
        ObjectKind::Constraint => format!(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = to_regclass({parent}) AND conname = {name}"
        ),
        ObjectKind::EnumType => format!(
            "SELECT enumlabel FROM pg_enum WHERE enumtypid = to_regtype({own}) ORDER BY enumsortorder"
        ),
        ObjectKind::Trigger => format!(
            "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = to_regclass({parent}) AND tgname = {name}"
        ),
        ObjectKind::Policy => format!(
            "SELECT * FROM pg_policies WHERE policyname = {name} AND tablename = {}",
            literal(id.parent.as_deref().unwrap_or_default())
        ),
        ObjectKind::Extension => format!("SELECT * FROM pg_extension WHERE extname = {name}"),
        ObjectKind::Schema => format!("SELECT to_regnamespace({name})"),
        ObjectKind::Function | ObjectKind::Procedure => {
            let short = id.name.split('(').next().unwrap_or_default();
            format!("SELECT oid::regprocedure FROM pg_proc WHERE proname = {}", literal(short))
        }
        _ if id.schema.is_some() && id.parent.is_none() => format!("SELECT to_regtype({own})"),
        _ => String::new(),
    }
}
