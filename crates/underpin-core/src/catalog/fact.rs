//! Facts: what a catalog snapshot is made of. An object has an identity and attributes; both are
//! plain text, normalised when they are read.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;

/// How much a fact says about the database's shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// What migrations build and applications rely on: always compared, always fingerprinted.
    Structure,
    /// What depends on where the database lives (owners, grants, comments, replication):
    /// compared only where the expected side has it, never fingerprinted.
    Environment,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $class:ident;)*) => {
        /// What kind of object a fact is about, in PostgreSQL's own words. The order is the
        /// reading order inside one relation or name.
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
            serde::Serialize, serde::Deserialize,
        )]
        pub enum ObjectKind {
            $($(#[$doc])* #[serde(rename = $word)] $name,)*
        }

        impl ObjectKind {
            /// The kind as a person reads it, lower case.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// Whether objects of this kind are structure or environment.
            #[must_use]
            pub fn class(self) -> Class {
                match self { $(Self::$name => Class::$class,)* }
            }

            /// The kind that [`ObjectKind::word`] names.
            pub(super) fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$name),)* _ => None }
            }
        }
    };
}

kinds! {
    /// A schema.
    Schema = "schema", Structure;
    /// An installed extension; its members are not facts.
    Extension = "extension", Structure;
    /// A procedural language.
    Language = "language", Structure;
    /// A table or index access method.
    AccessMethod = "access method", Structure;
    /// An enum type with its whole, ordered list of labels.
    EnumType = "enum", Structure;
    /// A domain.
    Domain = "domain", Structure;
    /// A stand-alone composite type with its ordered attributes.
    CompositeType = "composite type", Structure;
    /// A range type.
    RangeType = "range type", Structure;
    /// A base type.
    BaseType = "base type", Structure;
    /// A sequence, unless it belongs to an identity column.
    Sequence = "sequence", Structure;
    /// A table, plain or partitioned.
    Table = "table", Structure;
    /// A foreign table.
    ForeignTable = "foreign table", Structure;
    /// A view.
    View = "view", Structure;
    /// A materialized view.
    MaterializedView = "materialized view", Structure;
    /// A column of a table or view.
    Column = "column", Structure;
    /// A constraint of a table or domain, with its index where it has one.
    Constraint = "constraint", Structure;
    /// An index that no constraint owns.
    Index = "index", Structure;
    /// An extended statistics object.
    Statistics = "statistics", Structure;
    /// A trigger.
    Trigger = "trigger", Structure;
    /// A rewrite rule other than a view's own.
    Rule = "rule", Structure;
    /// A row security policy.
    Policy = "policy", Structure;
    /// A function, window functions included.
    Function = "function", Structure;
    /// A procedure.
    Procedure = "procedure", Structure;
    /// An aggregate function.
    Aggregate = "aggregate", Structure;
    /// An operator.
    Operator = "operator", Structure;
    /// An operator class.
    OperatorClass = "operator class", Structure;
    /// An operator family with its members.
    OperatorFamily = "operator family", Structure;
    /// A cast.
    Cast = "cast", Structure;
    /// A collation.
    Collation = "collation", Structure;
    /// An encoding conversion.
    Conversion = "conversion", Structure;
    /// A text search configuration with its mappings.
    TextSearchConfiguration = "text search configuration", Structure;
    /// A text search dictionary.
    TextSearchDictionary = "text search dictionary", Structure;
    /// A text search parser.
    TextSearchParser = "text search parser", Structure;
    /// A text search template.
    TextSearchTemplate = "text search template", Structure;
    /// An event trigger.
    EventTrigger = "event trigger", Environment;
    /// A publication.
    Publication = "publication", Environment;
    /// A subscription; its connection string is never read.
    Subscription = "subscription", Environment;
    /// A foreign data wrapper; option values are hashed by the server.
    ForeignDataWrapper = "foreign data wrapper", Environment;
    /// A foreign server; option values are hashed by the server.
    Server = "server", Environment;
    /// A user mapping; its options are never read.
    UserMapping = "user mapping", Environment;
    /// Default privileges of a role for one grantee.
    DefaultPrivileges = "default privileges", Environment;
    /// The privileges of one grantee on one object, where they are not PostgreSQL's default.
    Privilege = "grant", Environment;
}

/// Which object: kind, place and name. Names are not quoted.
///
/// Orders for reading: objects of the whole database first, then by schema, by relation (with
/// everything that belongs to it), by kind; grants after all else of their schema.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct ObjectId {
    /// The kind.
    pub kind: ObjectKind,
    /// The schema it lives in; `None` for objects of the whole database, schemas among them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// What it belongs to: the relation of a column, index, statistics, trigger, rule or policy; the relation
    /// or domain of a constraint; for a grant, the object in words (`table public.User`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Its own name, with argument types where they are part of the identity (functions).
    pub name: String,
}

impl ObjectId {
    /// What orders before the name: see the type's text.
    fn sort_key(&self) -> (Option<&str>, bool, &str, bool, ObjectKind) {
        (
            self.schema.as_deref(),
            self.kind == ObjectKind::Privilege,
            self.parent.as_deref().unwrap_or(&self.name),
            self.parent.is_some(),
            self.kind,
        )
    }
}

impl Ord for ObjectId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.sort_key().cmp(&other.sort_key()).then_with(|| self.name.cmp(&other.name))
    }
}

impl PartialOrd for ObjectId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parent = self.parent.as_deref().unwrap_or_default();
        if self.kind == ObjectKind::Privilege {
            return write!(f, "grant on {parent} to {}", self.name);
        }
        f.write_str(self.kind.word())?;
        f.write_str(" ")?;
        if let Some(schema) = &self.schema {
            write!(f, "{schema}.")?;
        }
        // These names are unique in their schema: the table is not part of how they are called.
        let own_name = matches!(self.kind, ObjectKind::Index | ObjectKind::Statistics);
        if !parent.is_empty() && !own_name {
            write!(f, "{parent}.")?;
        }
        f.write_str(&self.name)
    }
}

/// One object's attributes: normalised text by attribute name. An attribute that is absent has
/// PostgreSQL's default.
pub type Attributes = BTreeMap<String, String>;

/// Attributes that are [`Class::Environment`] whatever the object: who owns it, what is said of
/// it, where its files are, which release of an extension it is.
const ENVIRONMENT: &[&str] = &["comment", "owner", "tablespace", "version"];

/// The class of an attribute of an object of this kind.
pub(super) fn attribute_class(kind: ObjectKind, attribute: &str) -> Class {
    if is_environment(attribute) { Class::Environment } else { kind.class() }
}

/// Whether an attribute says where an object lives, not what it is.
pub(super) fn is_environment(attribute: &str) -> bool {
    ENVIRONMENT.contains(&attribute)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(kind: ObjectKind, schema: &str, parent: &str, name: &str) -> ObjectId {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        ObjectId { kind, schema: some(schema), parent: some(parent), name: name.to_owned() }
    }

    #[test]
    fn ids_read_as_a_person_says_them() {
        let cases = [
            (id(ObjectKind::Column, "public", "User", "email"), "column public.User.email"),
            (
                id(ObjectKind::Index, "public", "User", "User_email_key"),
                "index public.User_email_key",
            ),
            (id(ObjectKind::Function, "public", "", "f(integer)"), "function public.f(integer)"),
            (id(ObjectKind::EnumType, "public", "", "Role"), "enum public.Role"),
            (id(ObjectKind::Schema, "", "", "auth"), "schema auth"),
            (
                id(ObjectKind::Privilege, "public", "table public.User", "app"),
                "grant on table public.User to app",
            ),
        ];
        for (id, text) in cases {
            assert_eq!(id.to_string(), text);
        }
    }

    #[test]
    fn a_table_sorts_before_its_parts_and_grants_come_last() {
        let mut ids = [
            id(ObjectKind::Privilege, "public", "table public.A", "app"),
            id(ObjectKind::Table, "public", "", "B"),
            id(ObjectKind::Index, "public", "A", "a"),
            id(ObjectKind::Column, "public", "A", "z"),
            id(ObjectKind::Table, "public", "", "A"),
            id(ObjectKind::Schema, "", "", "public"),
        ];
        ids.sort();
        let read: Vec<String> = ids.iter().map(ToString::to_string).collect();
        assert_eq!(
            read,
            [
                "schema public",
                "table public.A",
                "column public.A.z",
                "index public.a",
                "table public.B",
                "grant on table public.A to app"
            ]
        );
    }

    #[test]
    fn every_kind_has_a_word_of_its_own() {
        assert_eq!(ObjectKind::from_word("enum"), Some(ObjectKind::EnumType));
        assert_eq!(ObjectKind::from_word("grant"), Some(ObjectKind::Privilege));
        assert_eq!(ObjectKind::from_word("gadget"), None);
    }
}
