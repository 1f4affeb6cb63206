//! What a change of a column's type costs and loses.
//!
//! A change is free where the old value is the new one: `ATColumnChangeRequiresRewrite` looks
//! through relabelling, domains without constraints, and length coercions that do nothing. The
//! safe list is measured (matrix, `types`).

use super::way_back::{Loss, WayBack};
use crate::model::{Expression, Name, TypeName};
use crate::schema::{Schema, UserType};

/// What the change costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cost {
    /// The catalog alone.
    Free,
    /// The catalog, and every index on the column is built anew.
    Indexes,
    /// The whole table.
    Rewrite,
}

/// The cost; `None` where the old type is not known.
pub(super) fn cost(
    from: Option<&TypeName>,
    to: &TypeName,
    using: Option<&Expression>,
    schema: &Schema,
    major: u32,
) -> Option<Cost> {
    let mut steps = Vec::new();
    if let Some(using) = using {
        match &using.cast {
            Some((_, casts)) => steps.extend(casts.iter()),
            None => return Some(Cost::Rewrite),
        }
    }
    steps.push(to);
    let (mut at, mut cost) = (from?, Cost::Free);
    for step in steps {
        match one(at, step, schema, major) {
            Cost::Rewrite => return Some(Cost::Rewrite),
            Cost::Indexes => cost = Cost::Indexes,
            Cost::Free => {}
        }
        at = step;
    }
    Some(cost)
}

fn one(from: &TypeName, to: &TypeName, schema: &Schema, major: u32) -> Cost {
    if from == to {
        return Cost::Free;
    }
    // An array is free only where its elements are the very same; its length means nothing.
    if from.array || to.array {
        return Cost::Rewrite;
    }
    if let Some(UserType::Domain { base, constrained }) = schema.user_type(&to.name) {
        return if *constrained { Cost::Rewrite } else { one(from, base, schema, major) };
    }
    if let Some(UserType::Domain { base, .. }) = schema.user_type(&from.name) {
        return one(base, to, schema, major);
    }
    builtin(from, to, schema, major)
}

fn builtin(from: &TypeName, to: &TypeName, schema: &Schema, major: u32) -> Cost {
    let free = |yes: bool| if yes { Cost::Free } else { Cost::Rewrite };
    let (old, new) = (from.modifiers.first().copied(), to.modifiers.first().copied());
    // No limit, or one that is not lower.
    let wider = new.is_none() || old.is_some_and(|o| new.is_some_and(|n| n >= o));
    match (from.name.name.as_str(), to.name.name.as_str()) {
        ("varchar" | "text", "text") => Cost::Free,
        ("text", "varchar") => free(new.is_none()),
        ("varchar", "varchar") | ("varbit", "varbit") => free(wider),
        ("varchar" | "text", "citext") | ("citext", "text" | "varchar") if new.is_none() => {
            Cost::Indexes
        }
        ("cidr", "inet") | ("xml", "text") => Cost::Free,
        // The same bytes, but another operator class (`pg_cast`, method `b`).
        ("int4", b) if is_object_id(b) => Cost::Indexes,
        (a, "int4" | "oid") if is_object_id(a) => Cost::Indexes,
        ("numeric", "numeric") => free(numeric_is_wider(&from.modifiers, &to.modifiers)),
        (a, b) if a == b && is_time(a) => free(precision(new) >= precision(old)),
        ("timestamp", "timestamptz") | ("timestamptz", "timestamp") => {
            let plain = new.is_none_or(|n| n >= 6);
            match plain && major >= 12 && schema.time_zone_is_utc == Some(true) {
                true => Cost::Indexes,
                false => Cost::Rewrite,
            }
        }
        (a, b) => free(a == b && from.name == to.name && from.modifiers == to.modifiers),
    }
}

fn is_object_id(name: &str) -> bool {
    matches!(
        name,
        "oid" | "regclass" | "regproc" | "regprocedure" | "regtype" | "regrole" | "regnamespace"
    )
}

fn is_time(name: &str) -> bool {
    matches!(name, "timestamp" | "timestamptz" | "time" | "timetz" | "interval")
}

/// Six digits unless said (manual §8.5).
fn precision(modifier: Option<i64>) -> i64 {
    modifier.unwrap_or(6)
}

fn numeric_is_wider(from: &[i64], to: &[i64]) -> bool {
    match (from, to) {
        (_, []) => true,
        ([], _) => false,
        (from, to) => {
            let scale = |m: &[i64]| m.get(1).copied().unwrap_or(0);
            to[0] >= from[0] && scale(to) == scale(from)
        }
    }
}

/// What the change loses. Only what PostgreSQL does without an error counts: rounding, cutting.
pub(super) fn grade(
    from: Option<&TypeName>,
    to: &TypeName,
    using: Option<&Expression>,
    schema: &Schema,
) -> (Loss, WayBack) {
    let costly = (Loss::No, WayBack::Costly);
    let lossy = (Loss::Certain, WayBack::Gone);
    let Some(from) = from else { return (Loss::Maybe, WayBack::Gone) };
    match using.map(|u| u.cast.as_ref()) {
        // An expression of the author's own: what it keeps is not known.
        Some(None) => return (Loss::Maybe, WayBack::Gone),
        Some(Some((_, casts))) => {
            let (mut at, mut worst) = (from, costly);
            for step in casts {
                worst = worst.max(step_loss(at, step, true, schema));
                at = step;
            }
            return worst.max(step_loss(at, to, false, schema));
        }
        None => {}
    }
    step_loss(from, to, false, schema)
        .max(if from == to { (Loss::No, WayBack::Exact) } else { costly })
        .min(lossy)
}

/// An explicit cast cuts silently what an assignment refuses (manual §4.2.9, §8.3).
fn step_loss(from: &TypeName, to: &TypeName, explicit: bool, schema: &Schema) -> (Loss, WayBack) {
    let keeps = (Loss::No, WayBack::Costly);
    let lossy = (Loss::Maybe, WayBack::Gone);
    let (old, new) = (from.modifiers.first().copied(), to.modifiers.first().copied());
    let is_enum = |name: &Name| matches!(schema.user_type(name), Some(UserType::Enum { .. }));
    match (from.name.name.as_str(), to.name.name.as_str()) {
        ("varchar" | "text" | "bpchar", "varchar" | "bpchar") if explicit => match (old, new) {
            (_, None) => keeps,
            (Some(o), Some(n)) if n >= o => keeps,
            _ => lossy,
        },
        ("numeric" | "float4" | "float8", "int2" | "int4" | "int8") | ("float8", "float4") => lossy,
        ("numeric", "float4" | "float8") | ("int8", "float4" | "float8") | ("int4", "float4") => {
            lossy
        }
        ("numeric", "numeric") => {
            let scale = |t: &TypeName| match t.modifiers.as_slice() {
                [] => i64::MAX,
                m => m.get(1).copied().unwrap_or(0),
            };
            if scale(to) < scale(from) { lossy } else { keeps }
        }
        ("timestamp" | "timestamptz", "date" | "time" | "timetz") | ("timetz", "time") => lossy,
        (a, b) if is_time(a) && is_time(b) && precision(new) < precision(old) => lossy,
        // Keys that repeat and spaces go.
        ("json", "jsonb") => lossy,
        _ if is_enum(&from.name) && is_enum(&to.name) => keeps,
        _ => keeps,
    }
}

/// SQLSTATEs with which values can refuse the change.
pub(super) fn failures(
    from: Option<&TypeName>,
    to: &TypeName,
    schema: &Schema,
) -> Vec<&'static str> {
    let from = from.map_or("", |t| t.name.name.as_str());
    match to.name.name.as_str() {
        "int2" | "int4" | "int8" | "float4" | "float8" | "numeric" => match from {
            "text" | "varchar" | "bpchar" => vec!["22P02", "22003"],
            _ => vec!["22003"],
        },
        "varchar" | "bpchar" | "varbit" | "bit" => vec!["22001"],
        "text" | "citext" => Vec::new(),
        "timestamp" | "timestamptz" | "date" | "time" | "timetz" | "interval" => {
            vec!["22007", "22008"]
        }
        _ => match schema.user_type(&to.name) {
            Some(UserType::Domain { .. }) => vec!["23514", "23502"],
            _ => vec!["22P02"],
        },
    }
}
