//! A script that would bring what differs to what the folder makes. For a person to read and to
//! run; never run by us.
//!
//! What is there and is not expected is only named: dropping it is nobody's business but its
//! owner's.

use crate::catalog::{Attributes, CatalogDiff, ChangedObject, Class, ObjectId, ObjectKind};
use crate::postgres::identifier;

/// The statements, one by one; comments where there is nothing that could be proposed.
#[must_use]
pub fn reconciling(residual: &CatalogDiff) -> Vec<String> {
    let structure = |id: &ObjectId| id.kind.class() == Class::Structure;
    let mut lines = Vec::new();
    // A table brings its columns and constraints.
    let whole = |id: &ObjectId| {
        residual.missing.iter().any(|(table, _)| {
            table.kind == ObjectKind::Table
                && table.schema == id.schema
                && Some(&table.name) == id.parent.as_ref()
        })
    };
    for (id, attributes) in residual.missing.iter().filter(|(id, _)| structure(id) && !whole(id)) {
        let twin =
            residual.unexpected.iter().find(|(other, found)| is_twin(id, attributes, other, found));
        lines.push(match twin {
            Some((other, _)) => renamed(other, id),
            None => made(id, attributes),
        });
    }
    for object in residual.changed.iter().filter(|object| structure(&object.id)) {
        lines.extend(altered(object));
    }
    for (id, _) in residual.unexpected.iter().filter(|(id, _)| structure(id)) {
        if !lines
            .iter()
            .any(|line| line.contains(&identifier(&id.name)) && line.contains(" RENAME "))
        {
            lines.push(format!("-- {id} is there and no migration makes it: keep it, or drop it"));
        }
    }
    lines
}

fn qualified(id: &ObjectId, name: &str) -> String {
    match &id.schema {
        Some(schema) => format!("{}.{}", identifier(schema), identifier(name)),
        None => identifier(name),
    }
}

fn table(id: &ObjectId) -> String {
    qualified(id, id.parent.as_deref().unwrap_or_default())
}

/// An index or constraint that is the same but for its name.
fn is_twin(id: &ObjectId, wanted: &Attributes, other: &ObjectId, found: &Attributes) -> bool {
    let bare = |id: &ObjectId, attributes: &Attributes| {
        let definition = attributes.get("definition")?;
        let after = definition.split_once(" ON ").map_or(definition.as_str(), |(_, rest)| rest);
        Some((definition.starts_with("CREATE UNIQUE"), after.to_owned(), id.kind))
    };
    matches!(id.kind, ObjectKind::Index | ObjectKind::Constraint)
        && (&id.schema, &id.parent) == (&other.schema, &other.parent)
        && bare(id, wanted).is_some()
        && bare(id, wanted) == bare(other, found)
}

fn renamed(from: &ObjectId, to: &ObjectId) -> String {
    match to.kind {
        ObjectKind::Index => format!(
            "ALTER INDEX {} RENAME TO {};",
            qualified(from, &from.name),
            identifier(&to.name)
        ),
        _ => format!(
            "ALTER TABLE {} RENAME CONSTRAINT {} TO {};",
            table(from),
            identifier(&from.name),
            identifier(&to.name)
        ),
    }
}

fn made(id: &ObjectId, attributes: &Attributes) -> String {
    let definition = attributes.get("definition");
    match (id.kind, definition) {
        (ObjectKind::Index, Some(definition)) => format!("{definition};"),
        (ObjectKind::Constraint, Some(definition)) => {
            format!(
                "ALTER TABLE {} ADD CONSTRAINT {} {definition};",
                table(id),
                identifier(&id.name)
            )
        }
        (ObjectKind::Column, _) if attributes.contains_key("type") => {
            let mut sql = format!(
                "ALTER TABLE {} ADD COLUMN {} {}",
                table(id),
                identifier(&id.name),
                attributes["type"]
            );
            if let (Some(expression), Some("stored")) =
                (attributes.get("expression"), attributes.get("generated").map(String::as_str))
            {
                sql += &format!(" GENERATED ALWAYS AS ({expression}) STORED");
            }
            if let Some(identity) = attributes.get("identity") {
                sql += &format!(" GENERATED {} AS IDENTITY", identity.to_uppercase());
            }
            if let Some(default) = attributes.get("default") {
                sql += &format!(" DEFAULT {default}");
            }
            if attributes.contains_key("not_null") {
                sql += " NOT NULL";
            }
            sql + ";"
        }
        (ObjectKind::View, Some(definition)) => {
            format!("CREATE VIEW {} AS {definition}", qualified(id, &id.name))
        }
        (ObjectKind::EnumType, _) if attributes.contains_key("labels") => {
            format!("CREATE TYPE {} AS ENUM ({});", qualified(id, &id.name), attributes["labels"])
        }
        _ => format!("-- {id} is not there: take its statement from the migration that makes it"),
    }
}

fn altered(object: &ChangedObject) -> Vec<String> {
    let id = &object.id;
    let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
    let words = |name: &str, expected: &Option<String>, actual: &Option<String>| {
        format!(
            "-- {id}: {} is {}, and the folder makes it {}",
            name.replace('_', " "),
            shown(actual),
            shown(expected)
        )
    };
    let column = |rest: String| {
        format!("ALTER TABLE {} ALTER COLUMN {} {rest};", table(id), identifier(&id.name))
    };
    let one = |attribute: &crate::catalog::ChangedAttribute| {
        let expected = &attribute.expected;
        match (id.kind, attribute.name.as_str(), expected) {
            (ObjectKind::Column, "type", Some(kind)) => {
                column(format!("TYPE {kind} USING {}::{kind}", identifier(&id.name)))
            }
            (ObjectKind::Column, "not_null", Some(_)) => column("SET NOT NULL".to_owned()),
            (ObjectKind::Column, "not_null", None) => column("DROP NOT NULL".to_owned()),
            (ObjectKind::Column, "default", Some(default)) => {
                column(format!("SET DEFAULT {default}"))
            }
            (ObjectKind::Column, "default", None) => column("DROP DEFAULT".to_owned()),
            (ObjectKind::Index, "definition", Some(definition)) => {
                format!("DROP INDEX {}; {definition};", qualified(id, &id.name))
            }
            (ObjectKind::Index, "valid", None) => {
                format!("REINDEX INDEX CONCURRENTLY {};", qualified(id, &id.name))
            }
            (ObjectKind::Constraint, "definition", Some(definition)) => format!(
                "ALTER TABLE {} DROP CONSTRAINT {}, ADD CONSTRAINT {} {definition};",
                table(id),
                identifier(&id.name),
                identifier(&id.name)
            ),
            (_, name, expected) => words(name, expected, &attribute.actual),
        }
    };
    object.attributes.iter().map(one).collect()
}
