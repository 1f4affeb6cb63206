//! Bounds of partitions, compared as far as their literals tell.

use std::cmp::Ordering;

use crate::context::record::{Record, Table};
use crate::model::{Name, PartitionBound, TypeName};

/// Why a partition with this bound is refused next to those that are there, in words; `None` where
/// nothing speaks against it, or that cannot be told.
pub(crate) fn refused(
    record: &Record,
    parent: &Name,
    partition: &Name,
    bound: &PartitionBound,
) -> Option<String> {
    let known = record.table(parent);
    let types = key_types(known);
    if let PartitionBound::Range { from, to } = bound
        && compare_keys(from, to, &types).is_some_and(Ordering::is_ge)
    {
        return Some("its bound holds nothing: FROM is not below TO".to_owned());
    }
    let full = crate::context::record::full(partition);
    let others = record.partitions(parent).into_iter().filter(|p| p.name != full);
    for other in others {
        let of_other = other.bound.as_ref()?;
        if overlap(bound, of_other, &types) == Some(true) {
            return Some(format!(
                "its bound overlaps that of `{}`",
                crate::context::record::short(&other.name)
            ));
        }
    }
    None
}

/// The types of the columns of a partition key; `None` for what is not known or an expression.
fn key_types(parent: Option<&Table>) -> Vec<Option<&TypeName>> {
    let Some(parent) = parent else { return Vec::new() };
    let key = parent.partition_key.iter();
    key.map(|c| c.as_ref().and_then(|c| parent.column(c)?.type_name.as_ref())).collect()
}

fn overlap(a: &PartitionBound, b: &PartitionBound, types: &[Option<&TypeName>]) -> Option<bool> {
    use PartitionBound as B;
    match (a, b) {
        (B::Default, B::Default) => Some(true),
        (B::Range { from: a, to: x }, B::Range { from: b, to: y }) => {
            Some(compare_keys(a, y, types)?.is_lt() && compare_keys(b, x, types)?.is_lt())
        }
        (B::List(a), B::List(b)) => {
            Some(a.iter().flatten().any(|v| b.iter().flatten().any(|w| same(v, w, types))))
        }
        // A modulus divides the next larger one (manual, CREATE TABLE, PARTITION OF).
        (B::Hash { modulus: m, remainder: r }, B::Hash { modulus: n, remainder: s }) => {
            let smaller = *m.min(n);
            (smaller > 0).then(|| r % smaller == s % smaller)
        }
        _ => Some(false),
    }
}

fn same(a: &str, b: &str, types: &[Option<&TypeName>]) -> bool {
    a == b
        || types
            .first()
            .copied()
            .flatten()
            .is_some_and(|t| compare(a, b, t) == Some(Ordering::Equal))
}

fn compare_keys(
    a: &[Option<String>],
    b: &[Option<String>],
    types: &[Option<&TypeName>],
) -> Option<Ordering> {
    for (place, (a, b)) in a.iter().zip(b).enumerate() {
        let (a, b) = (a.as_deref()?, b.as_deref()?);
        let order = match (a, b) {
            _ if a == b => Ordering::Equal,
            ("MINVALUE", _) | (_, "MAXVALUE") => Ordering::Less,
            ("MAXVALUE", _) | (_, "MINVALUE") => Ordering::Greater,
            _ => compare(a, b, types.get(place).copied().flatten()?)?,
        };
        if order.is_ne() {
            return Some(order);
        }
    }
    Some(Ordering::Equal)
}

/// The order of two literals of a type, where it does not hang on a collation or a time zone.
fn compare(a: &str, b: &str, of: &TypeName) -> Option<Ordering> {
    match of.name.name.as_str() {
        "int2" | "int4" | "int8" => Some(a.parse::<i64>().ok()?.cmp(&b.parse().ok()?)),
        "date" | "timestamp" | "timestamptz" => {
            let (a, b) = (time(a)?, time(b)?);
            Some(a.cmp(&b))
        }
        _ => None,
    }
}

/// `2026-01-31`, with `12:00` or `12:00:00` behind it, written so that the order of the texts is the
/// order of the times.
fn time(text: &str) -> Option<String> {
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect();
    match shape.as_str() {
        "9999-99-99" => Some(format!("{text} 00:00:00")),
        "9999-99-99 99:99" => Some(format!("{text}:00")),
        "9999-99-99 99:99:99" => Some(text.to_owned()),
        _ => None,
    }
}
