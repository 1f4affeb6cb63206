//! Names and types from the tree.

use pg_query::NodeEnum;
use pg_query::protobuf::{AConst, Node, RangeVar, TypeName as Tree, a_const::Val};

use crate::syntax::model::{Name, Persistence, TypeName};

pub(super) fn non_empty(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|t| !t.is_empty())
}

pub(super) fn of_relation(relation: &RangeVar) -> Name {
    Name { schema: non_empty(&relation.schemaname), name: relation.relname.clone() }
}

pub(super) fn of_optional(relation: Option<&RangeVar>) -> Name {
    relation.map(of_relation).unwrap_or_default()
}

pub(super) fn persistence(relation: Option<&RangeVar>) -> Persistence {
    match relation.map(|r| r.relpersistence.as_str()) {
        Some("u") => Persistence::Unlogged,
        Some("t") => Persistence::Temporary,
        _ => Persistence::Permanent,
    }
}

/// The words of a list of strings.
pub(super) fn words(nodes: &[Node]) -> Vec<String> {
    nodes.iter().filter_map(word).collect()
}

pub(super) fn word(node: &Node) -> Option<String> {
    match &node.node {
        Some(NodeEnum::String(s)) => Some(s.sval.clone()),
        _ => None,
    }
}

/// A dotted name: the last two words count.
pub(super) fn of_words(nodes: &[Node]) -> Name {
    of_strings(words(nodes))
}

pub(super) fn of_strings(mut words: Vec<String>) -> Name {
    let name = words.pop().unwrap_or_default();
    Name { schema: words.pop(), name }
}

/// A function's name, `pg_catalog` left out because the grammar adds it on its own to some.
pub(super) fn of_function(nodes: &[Node]) -> Name {
    let mut name = of_words(nodes);
    name.schema = name.schema.filter(|s| s != "pg_catalog");
    name
}

/// The name of an object in `DROP`, `COMMENT`, `ALTER … RENAME` and their like.
pub(super) fn of_object(node: &Node) -> Name {
    match &node.node {
        Some(NodeEnum::List(list)) => of_words(&list.items),
        Some(NodeEnum::String(s)) => Name::bare(s.sval.clone()),
        Some(NodeEnum::TypeName(t)) => of_type(t).name,
        Some(NodeEnum::ObjectWithArgs(o)) => of_words(&o.objname),
        Some(NodeEnum::RangeVar(r)) => of_relation(r),
        _ => Name::default(),
    }
}

pub(super) fn of_type(tree: &Tree) -> TypeName {
    let modifiers = tree.typmods.iter().filter_map(|m| match &m.node {
        Some(NodeEnum::AConst(AConst { val: Some(Val::Ival(i)), .. })) => Some(i64::from(i.ival)),
        _ => None,
    });
    let modifiers: Vec<i64> = modifiers.collect();
    let name = of_function(&tree.names);
    // An interval's first modifier is a mask of fields; all fields is how `interval(p)` is written.
    let modifiers = match name.name.as_str() {
        "interval" => modifiers.into_iter().skip(1).collect(),
        _ => modifiers,
    };
    TypeName { name, modifiers, array: !tree.array_bounds.is_empty() }
}
