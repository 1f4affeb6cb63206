//! Lists of `name = value`.

use pg_query::NodeEnum;
use pg_query::protobuf::{AConst, DefElem, Node, a_const::Val};

use super::name;
use crate::syntax::model::RelationOption;

pub(super) fn elements(nodes: &[Node]) -> impl Iterator<Item = &DefElem> {
    nodes.iter().filter_map(|node| match &node.node {
        Some(NodeEnum::DefElem(element)) => Some(&**element),
        _ => None,
    })
}

pub(super) fn names(nodes: &[Node]) -> Vec<String> {
    elements(nodes).map(|e| e.defname.clone()).collect()
}

/// Whether an option is given and not switched off.
pub(super) fn has(nodes: &[Node], wanted: &str) -> bool {
    elements(nodes)
        .any(|e| e.defname == wanted && !matches!(value(e).as_deref(), Some("off" | "false" | "0")))
}

pub(super) fn argument<'a>(nodes: &'a [Node], wanted: &str) -> Option<&'a NodeEnum> {
    elements(nodes).find(|e| e.defname == wanted)?.arg.as_ref()?.node.as_ref()
}

pub(super) fn relation(nodes: &[Node]) -> Vec<RelationOption> {
    elements(nodes)
        .map(|e| RelationOption {
            name: match name::non_empty(&e.defnamespace) {
                Some(space) => format!("{space}.{}", e.defname),
                None => e.defname.clone(),
            },
            value: value(e),
        })
        .collect()
}

fn value(element: &DefElem) -> Option<String> {
    literal(element.arg.as_ref()?.node.as_ref()?)
}

/// One literal or word as text.
pub(super) fn literal(node: &NodeEnum) -> Option<String> {
    match node {
        NodeEnum::String(s) => Some(s.sval.clone()),
        NodeEnum::Integer(i) => Some(i.ival.to_string()),
        NodeEnum::Float(f) => Some(f.fval.clone()),
        NodeEnum::Boolean(b) => Some(b.boolval.to_string()),
        NodeEnum::TypeName(t) => Some(name::of_type(t).name.name),
        NodeEnum::AConst(AConst { val: Some(value), .. }) => match value {
            Val::Ival(i) => Some(i.ival.to_string()),
            Val::Fval(f) => Some(f.fval.clone()),
            Val::Boolval(b) => Some(b.boolval.to_string()),
            Val::Sval(s) => Some(s.sval.clone()),
            Val::Bsval(_) => None,
        },
        NodeEnum::TypeCast(c) => literal(c.arg.as_ref()?.node.as_ref()?),
        _ => None,
    }
}
