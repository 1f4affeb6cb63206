//! From the rows of the queries to facts.
//!
//! Two passes over the same rows: names first (schemas, roles, relations, types), then objects,
//! because an object's row may come before that of what it belongs to.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::CatalogSnapshot;
use super::fact::{Attributes, ObjectId, ObjectKind};
use super::normalise::{
    array_elements, column_options, sorted_list, storage_options, without_options,
};
use super::privileges::{beyond_default, letters};
use super::queries::Reading;
use super::track::{Address, Addresses, TrackedSnapshot};
use crate::postgres::{ResultSet, ServerVersion};

/// Tables that are not the application's, whatever their schema.
const OWN_TABLE: &str = "_prisma_migrations";
/// Schemas that are not the application's.
const OWN_SCHEMA: &str = "underpin";
/// Column names with a meaning of their own; see `queries`.
const RESERVED: &[&str] =
    &["kind", "cls", "oid", "sub", "ns", "rel", "typ", "name", "owner", "acl", "acl0"];

/// A row with its columns by name, NULLs left out.
struct Row<'a>(HashMap<&'a str, &'a str>);

impl<'a> Row<'a> {
    fn get(&self, column: &str) -> Option<&'a str> {
        self.0.get(column).copied()
    }

    fn text(&self, column: &str) -> String {
        self.get(column).unwrap_or_default().to_owned()
    }

    fn address(&self) -> Address {
        (self.text("cls"), self.text("oid"), self.get("sub").unwrap_or("0").to_owned())
    }
}

fn rows(set: &ResultSet) -> impl Iterator<Item = Row<'_>> {
    set.rows.iter().map(|row| {
        let pairs = set.columns.iter().zip(row);
        Row(pairs.filter_map(|(name, value)| Some((name.as_str(), value.as_deref()?))).collect())
    })
}

/// A relation or type that others belong to.
struct Holder {
    schema: String,
    name: String,
}

#[derive(Default)]
struct Names {
    schemas: HashMap<String, String>,
    roles: HashMap<String, String>,
    members: HashSet<(String, String)>,
    relations: HashMap<String, Holder>,
    types: HashMap<String, Holder>,
    /// Sequences behind identity columns: they have no life of their own.
    identity: HashSet<String>,
    /// The role that owns the most relations: the one that migrates.
    main_owner: Option<String>,
}

#[derive(Default)]
struct Facts {
    objects: BTreeMap<ObjectId, Attributes>,
    addresses: HashMap<Address, ObjectId>,
    unmodelled: BTreeMap<String, u64>,
}

/// The facts of all rows.
pub(super) fn assemble(version: ServerVersion, read: Vec<(Reading, ResultSet)>) -> TrackedSnapshot {
    let names = names(&read);
    let mut facts = Facts::default();
    for (reading, set) in &read {
        for row in rows(set) {
            match reading {
                Reading::Schemas | Reading::Objects | Reading::Relations | Reading::Types => {
                    facts.object(&names, *reading, &row);
                }
                Reading::DefaultPrivileges => facts.default_privileges(&names, &row),
                Reading::Unmodelled => facts.unmodelled(&row),
                _ => {}
            }
        }
    }
    // What refers to objects by their address comes when all of them are there.
    for (reading, set) in &read {
        for row in rows(set) {
            match reading {
                Reading::Objects => facts.late_column(&row),
                Reading::Parts => facts.part(&row),
                Reading::Lists => facts.list(&row),
                Reading::Sequences => facts.sequence(&row),
                Reading::Comments => facts.comment(&row),
                _ => {}
            }
        }
    }
    TrackedSnapshot {
        snapshot: CatalogSnapshot::new(version, facts.objects, facts.unmodelled),
        addresses: Addresses::of(facts.addresses),
    }
}

fn names(read: &[(Reading, ResultSet)]) -> Names {
    let mut names = Names::default();
    for (reading, set) in read {
        for row in rows(set) {
            match reading {
                Reading::Schemas if is_managed(&row.text("name")) => {
                    names.schemas.insert(row.text("oid"), row.text("name"));
                }
                Reading::Roles => drop(names.roles.insert(row.text("oid"), row.text("name"))),
                Reading::Members => {
                    let _new = names.members.insert((row.text("cls"), row.text("oid")));
                }
                Reading::Sequences if row.get("_how") == Some("i") => {
                    let _new = names.identity.insert(row.text("oid"));
                }
                _ => {}
            }
        }
    }
    // Relations first; before the first of them, any object that has an owner.
    let mut owners: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for (reading, set) in read {
        for row in rows(set) {
            let member = names.members.contains(&(row.text("cls"), row.text("oid")));
            let schema = match reading {
                // `public` belongs to a role of initdb's until somebody changes that.
                Reading::Schemas if row.get("name") != Some("public") => {
                    names.schemas.get(&row.text("oid"))
                }
                Reading::Relations | Reading::Types | Reading::Objects => {
                    row.get("ns").and_then(|ns| names.schemas.get(ns))
                }
                _ => None,
            };
            let Some(schema) = schema else { continue };
            if !member && let Some(owner) = row.get("owner") {
                owners.entry(owner.to_owned()).or_default().1 += 1;
            }
            let (Reading::Relations | Reading::Types) = reading else { continue };
            if member
                || row.get("name") == Some(OWN_TABLE)
                || names.identity.contains(&row.text("oid"))
            {
                continue;
            }
            let holder = Holder { schema: schema.clone(), name: row.text("name") };
            if *reading == Reading::Types {
                names.types.insert(row.text("oid"), holder);
            } else {
                names.relations.insert(row.text("oid"), holder);
                owners.entry(row.text("owner")).or_default().0 += 1;
            }
        }
    }
    let most = owners
        .iter()
        .max_by_key(|(owner, count)| (**count, std::cmp::Reverse(names.roles.get(*owner))));
    names.main_owner = most.map(|(owner, _)| owner.clone());
    names
}

impl Names {
    /// A grantee as a fact names it: the main role by its place holder, nobody as PUBLIC.
    fn grantee(&self, role: Option<String>) -> String {
        let main = self.main_owner.as_ref().and_then(|oid| self.roles.get(oid));
        match role {
            None => "PUBLIC".to_owned(),
            Some(role) if Some(&role) == main => "$owner".to_owned(),
            Some(role) => role,
        }
    }
}

fn is_managed(schema: &str) -> bool {
    !schema.starts_with("pg_") && schema != "information_schema" && schema != OWN_SCHEMA
}

impl Facts {
    fn object(&mut self, names: &Names, reading: Reading, row: &Row<'_>) {
        let Some(kind) = row.get("kind").and_then(ObjectKind::from_word) else { return };
        if names.members.contains(&(row.text("cls"), row.text("oid"))) {
            return;
        }
        let name = row.text("name");
        let (mut schema, mut parent) = (None, None);
        if let Some(oid) = row.get("ns") {
            let Some(found) = names.schemas.get(oid) else { return };
            schema = Some(found.clone());
        }
        let holder = match (row.get("rel"), row.get("typ")) {
            (Some(rel), _) => Some(names.relations.get(rel)),
            (None, Some(typ)) => Some(names.types.get(typ)),
            (None, None) => None,
        };
        match holder {
            Some(Some(holder)) => {
                schema = schema.or_else(|| Some(holder.schema.clone()));
                parent = Some(holder.name.clone());
            }
            Some(None) => return,
            None => {}
        }
        let known = match reading {
            Reading::Schemas => names.schemas.contains_key(&row.text("oid")),
            Reading::Relations => names.relations.contains_key(&row.text("oid")),
            Reading::Types => names.types.contains_key(&row.text("oid")),
            _ => true,
        };
        let id = ObjectId { kind, schema, parent, name };
        if !known {
            // The sequence behind an identity column is no object, but can be granted.
            if names.identity.contains(&row.text("oid")) && id.kind == ObjectKind::Sequence {
                self.privileges(names, &id, row);
            }
            return;
        }
        let mut attributes = self.attributes(names, row);
        // How `public` is owned, granted and commented is the installation's, by major and by
        // provider; no migration is judged by it.
        let standard = kind == ObjectKind::Schema && id.name == "public";
        if !standard {
            if row.get("owner").is_some_and(|owner| Some(owner) != names.main_owner.as_deref())
                && let Some(owner) = row.get("owner").and_then(|o| names.roles.get(o))
                && kind.class() == super::Class::Structure
                && kind != ObjectKind::Extension
            {
                attributes.insert("owner".to_owned(), owner.clone());
            }
            self.privileges(names, &id, row);
            self.addresses.insert(row.address(), id.clone());
            if let Some(index) = row.get("_index") {
                let class = "pg_class index".to_owned();
                self.addresses.insert((class, index.to_owned(), "0".to_owned()), id.clone());
            }
        }
        self.objects.insert(id, attributes);
    }

    fn attributes(&mut self, names: &Names, row: &Row<'_>) -> Attributes {
        let mut attributes = Attributes::new();
        for (name, value) in &row.0 {
            if !RESERVED.contains(name) && !name.starts_with('_') {
                attributes.insert((*name).to_owned(), (*value).to_owned());
            }
        }
        let options = storage_options(row.get("_options"), row.get("_toast_options"));
        if let Some(known) = options.known {
            attributes.insert("options".to_owned(), known);
        }
        for unknown in options.unknown {
            *self.unmodelled.entry(format!("storage parameter {unknown}")).or_default() += 1;
        }
        if matches!(row.get("kind"), Some("index" | "constraint"))
            && let Some(definition) = attributes.get_mut("definition")
        {
            *definition = without_options(definition, row.get("_options"));
        }
        if let Some(options) = column_options(row.get("_column_options")) {
            attributes.insert("options".to_owned(), options);
        }
        for list in ["_tags", "_publications", "_settings"] {
            if let Some(value) = row.get(list).and_then(sorted_list) {
                attributes.insert(list.trim_start_matches('_').to_owned(), value);
            }
        }
        if let Some(roles) = row.get("_roles") {
            let role = |oid: &String| match oid.as_str() {
                "0" => "PUBLIC".to_owned(),
                oid => names.roles.get(oid).cloned().unwrap_or_else(|| oid.to_owned()),
            };
            let roles: BTreeSet<String> = array_elements(roles).iter().map(role).collect();
            attributes.insert("roles".to_owned(), roles.into_iter().collect::<Vec<_>>().join(", "));
        }
        attributes
    }

    fn privileges(&mut self, names: &Names, id: &ObjectId, row: &Row<'_>) {
        let Some(list) = row.get("acl") else { return };
        let default = row.get("acl0").unwrap_or("{}");
        for (grantee, held) in beyond_default(list, default, &letters(default)) {
            let grant = ObjectId {
                kind: ObjectKind::Privilege,
                schema: id.schema.clone(),
                parent: Some(id.to_string()),
                name: names.grantee(grantee),
            };
            self.objects.insert(grant, Attributes::from([("privileges".to_owned(), held)]));
        }
    }

    fn default_privileges(&mut self, names: &Names, row: &Row<'_>) {
        let schema = match row.get("ns") {
            Some(ns) => match names.schemas.get(ns) {
                Some(schema) => Some(schema.clone()),
                None => return,
            },
            None => None,
        };
        // A list for one schema is added to the default; a global one replaces it.
        let all = letters(row.get("acl0").unwrap_or("{}"));
        let default = if schema.is_some() { "{}" } else { row.get("acl0").unwrap_or("{}") };
        let role = row.get("owner").and_then(|o| names.roles.get(o)).cloned().unwrap_or_default();
        let role = if row.get("owner") == names.main_owner.as_deref() {
            "$owner".to_owned()
        } else {
            role
        };
        for (grantee, held) in beyond_default(row.get("acl").unwrap_or("{}"), default, &all) {
            let grantee = names.grantee(grantee);
            let id = ObjectId {
                kind: ObjectKind::DefaultPrivileges,
                schema: schema.clone(),
                parent: None,
                name: format!("{} of {role} to {grantee}", row.text("name")),
            };
            self.objects.insert(id, Attributes::from([("privileges".to_owned(), held)]));
        }
    }

    fn unmodelled(&mut self, row: &Row<'_>) {
        let count = row.get("count").and_then(|c| c.parse().ok()).unwrap_or(0);
        *self.unmodelled.entry(row.text("name")).or_default() += count;
    }

    /// Attributes of composite types, in order, and statistics targets of index expressions.
    fn late_column(&mut self, row: &Row<'_>) {
        let target = match row.get("_relkind") {
            Some("c") => self.named_type(&row.text("_row_type")),
            Some("i" | "I") => self.relation_like(row),
            _ => return,
        };
        let Some(attributes) = target.and_then(|id| self.objects.get_mut(&id)) else { return };
        let (attribute, item) = match row.get("_relkind") {
            Some("c") => {
                let collation =
                    row.get("collation").map(|c| format!(" collate {c}")).unwrap_or_default();
                ("attributes", format!("{} {}{collation}", row.text("name"), row.text("type")))
            }
            _ => (
                "statistics_targets",
                format!("{}: {}", row.text("sub"), row.text("statistics_target")),
            ),
        };
        append(attributes, attribute, &item);
    }

    fn named_type(&self, oid: &str) -> Option<ObjectId> {
        self.addresses.iter().find_map(|((_, found, sub), id)| {
            (found == oid && sub == "0" && id.kind == ObjectKind::CompositeType).then(|| id.clone())
        })
    }

    fn relation_like(&self, row: &Row<'_>) -> Option<ObjectId> {
        let own = (row.text("cls"), row.text("oid"), "0".to_owned());
        let constraint = ("pg_class index".to_owned(), row.text("oid"), "0".to_owned());
        self.addresses.get(&own).or_else(|| self.addresses.get(&constraint)).cloned()
    }

    fn part(&mut self, row: &Row<'_>) {
        let Some(id) = self.relation_like(row) else { return };
        let Some(attributes) = self.objects.get_mut(&id) else { return };
        for (name, value) in
            row.0.iter().filter(|(name, _)| !RESERVED.contains(name) && !name.starts_with('_'))
        {
            attributes.insert((*name).to_owned(), (*value).to_owned());
        }
    }

    fn list(&mut self, row: &Row<'_>) {
        let (Some(attribute), Some(item)) = (row.get("_attribute"), row.get("_item")) else {
            return;
        };
        if let Some(attributes) = self.relation_like(row).and_then(|id| self.objects.get_mut(&id)) {
            append(attributes, attribute, item);
        }
    }

    fn sequence(&mut self, row: &Row<'_>) {
        let owner = (row.text("_owner_class"), row.text("_owner_table"), row.text("_owner_column"));
        let column = self.addresses.get(&owner).cloned();
        if row.get("_how") == Some("i") {
            let Some(attributes) = column.and_then(|id| self.objects.get_mut(&id)) else { return };
            let cycle = row.get("cycle").map(|_| " cycle").unwrap_or_default();
            let words = format!(
                "start {} increment {} minimum {} maximum {} cache {}{cycle}",
                row.text("start"),
                row.text("increment"),
                row.text("minimum"),
                row.text("maximum"),
                row.text("cache")
            );
            attributes.insert("sequence".to_owned(), words);
            return;
        }
        if row.get("_owner_table").is_some() && column.is_none() {
            // Of a table that is left out.
            if let Some(id) = self.addresses.remove(&row.address()) {
                let on = id.to_string();
                self.objects.retain(|other, _| *other != id && other.parent.as_ref() != Some(&on));
            }
            return;
        }
        self.part(row);
        let Some(attributes) = self.relation_like(row).and_then(|id| self.objects.get_mut(&id))
        else {
            return;
        };
        if let Some(column) = column {
            let schema = column.schema.unwrap_or_default();
            attributes.insert(
                "owned_by".to_owned(),
                format!("{schema}.{}.{}", column.parent.unwrap_or_default(), column.name),
            );
        }
    }

    fn comment(&mut self, row: &Row<'_>) {
        let id = match row.get("sub") {
            Some(sub) if sub != "0" => self.addresses.get(&row.address()).cloned(),
            _ => self.relation_like(row),
        };
        if let Some(attributes) = id.and_then(|id| self.objects.get_mut(&id)) {
            attributes.insert("comment".to_owned(), row.text("comment"));
        }
    }
}

fn append(attributes: &mut Attributes, attribute: &str, item: &str) {
    let list = attributes.entry(attribute.to_owned()).or_default();
    if !list.is_empty() {
        list.push_str(", ");
    }
    list.push_str(item);
}
