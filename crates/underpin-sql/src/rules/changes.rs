//! What a change of a column's type does to the values.
//!
//! Source: `pg_cast` (manual, CREATE CAST and §8), measured on PostgreSQL 13 to 18. Whether it
//! rewrites the table is `effect`'s.

use crate::model::{Expression, TypeName};

/// A type as SQL names it: the manual's names for the internal ones (§8, table 8.1).
pub(crate) fn shown(name: &TypeName) -> String {
    name.standard()
}

/// What happens to the values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TypeChange {
    /// Every value has an exact counterpart.
    Exact,
    /// Values are rounded or cut without an error.
    Lossy,
    /// Some values may have no counterpart: the statement fails on them.
    MayFail,
    /// No cast is taken without `USING`: the statement fails.
    NoCast,
    /// Not known: a type of the user's own, or of an extension.
    Unknown,
}

/// Families of types that convert into each other in the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// With the number of bytes.
    Integer(u8),
    Numeric,
    /// With the number of bytes.
    Float(u8),
    Text,
    Boolean,
    Date,
    /// With time zone.
    Time(bool),
    /// With time zone.
    Timestamp(bool),
    Interval,
    Json,
    Jsonb,
    Uuid,
    Bytes,
    Bits,
    Network,
    Money,
}

/// The family of a built-in type, by its internal name.
pub(crate) fn family(name: &str) -> Option<Family> {
    Some(match name {
        "int2" | "smallserial" | "serial2" => Family::Integer(2),
        "int4" | "serial" | "serial4" => Family::Integer(4),
        "int8" | "bigserial" | "serial8" => Family::Integer(8),
        "numeric" => Family::Numeric,
        "float4" => Family::Float(4),
        "float8" => Family::Float(8),
        "text" | "varchar" | "bpchar" | "char" | "name" => Family::Text,
        "bool" => Family::Boolean,
        "date" => Family::Date,
        "time" => Family::Time(false),
        "timetz" => Family::Time(true),
        "timestamp" => Family::Timestamp(false),
        "timestamptz" => Family::Timestamp(true),
        "interval" => Family::Interval,
        "json" => Family::Json,
        "jsonb" => Family::Jsonb,
        "uuid" => Family::Uuid,
        "bytea" => Family::Bytes,
        "bit" | "varbit" => Family::Bits,
        "inet" | "cidr" => Family::Network,
        "money" => Family::Money,
        _ => return None,
    })
}

/// What a plain change, or one with a `USING` that only casts, does to the values.
pub(crate) fn type_change(from: &TypeName, to: &TypeName, using: bool) -> TypeChange {
    use Family as F;
    if from == to {
        return TypeChange::Exact;
    }
    if from.array != to.array || from.name.schema.is_some() || to.name.schema.is_some() {
        return TypeChange::Unknown;
    }
    let known = family(&from.name.name).zip(family(&to.name.name));
    let Some((old, new)) = known else { return TypeChange::Unknown };
    match (old, new) {
        (F::Integer(a), F::Integer(b)) if b >= a => TypeChange::Exact,
        (F::Integer(_), F::Integer(_)) => TypeChange::MayFail,
        (F::Integer(bytes), F::Numeric) => whole_fits(bytes, to),
        (F::Integer(a), F::Float(b)) if b > a || (a, b) == (2, 4) => TypeChange::Exact,
        (F::Integer(_), F::Float(_)) => TypeChange::Lossy,
        (F::Numeric | F::Float(_), F::Integer(_)) | (F::Numeric, F::Float(_)) => TypeChange::Lossy,
        (F::Float(a), F::Float(b)) if b >= a => TypeChange::Exact,
        (F::Float(_), F::Float(_) | F::Numeric) => TypeChange::Lossy,
        (F::Numeric, F::Numeric) => numeric_fits(Some(from), to),
        (F::Text, F::Text) => text_fits(from, to, using),
        (_, F::Text) => match to.modifiers.first() {
            None if to.name.name != "bpchar" && to.name.name != "char" => TypeChange::Exact,
            _ if using => TypeChange::Lossy,
            _ => TypeChange::MayFail,
        },
        (F::Timestamp(_), F::Date) | (F::Timestamp(_), F::Time(_)) => TypeChange::Lossy,
        (F::Date, F::Timestamp(_)) | (F::Time(false), F::Time(true) | F::Interval) => {
            TypeChange::Exact
        }
        (F::Timestamp(a), F::Timestamp(b)) | (F::Time(a), F::Time(b)) if a == b => {
            precision(from, to)
        }
        (F::Interval, F::Interval) => precision(from, to),
        (F::Timestamp(_), F::Timestamp(_)) => TypeChange::Unknown,
        (F::Time(true), F::Time(false)) => TypeChange::Lossy,
        (F::Json, F::Jsonb) | (F::Jsonb, F::Json) => TypeChange::Exact,
        (F::Network, F::Network) if to.name.name == "inet" => TypeChange::Exact,
        (F::Network, F::Network) => TypeChange::Lossy,
        (F::Bits, F::Bits) if bits_fit(from, to) => TypeChange::Exact,
        (F::Bits, F::Bits) => {
            if using {
                TypeChange::Lossy
            } else {
                TypeChange::MayFail
            }
        }
        (F::Boolean, F::Integer(4)) | (F::Integer(4), F::Boolean) if using => TypeChange::Exact,
        (F::Text, _) if using => TypeChange::MayFail,
        (F::Numeric | F::Integer(_), F::Money) | (F::Money, F::Numeric) => TypeChange::Exact,
        (F::Interval, F::Time(false)) => TypeChange::Lossy,
        _ if using => TypeChange::Unknown,
        _ => TypeChange::NoCast,
    }
}

/// Whether the change leaves every value as it is on disk, so that only the catalog changes
/// (measured on 11 to 18). Time zones are left out: there the session's zone decides.
pub(crate) fn is_free(from: &TypeName, to: &TypeName) -> bool {
    use Family as F;
    if from == to {
        return true;
    }
    if from.array || to.array || from.name.schema.is_some() || to.name.schema.is_some() {
        return false;
    }
    if type_change(from, to, false) != TypeChange::Exact {
        return false;
    }
    let (a, b) = (from.name.name.as_str(), to.name.name.as_str());
    match (family(a), family(b)) {
        (Some(F::Text), Some(F::Text)) => {
            matches!(a, "text" | "varchar") && matches!(b, "text" | "varchar")
        }
        // With a greater scale the values on disk change.
        (Some(F::Numeric), Some(F::Numeric)) => {
            to.modifiers.is_empty()
                || from.modifiers.get(1).unwrap_or(&0) == to.modifiers.get(1).unwrap_or(&0)
        }
        (Some(F::Timestamp(_)), Some(F::Timestamp(_)))
        | (Some(F::Time(_)), Some(F::Time(_)))
        | (Some(F::Interval), Some(F::Interval)) => a == b,
        (Some(F::Bits), Some(F::Bits)) => a == "varbit" && b == "varbit",
        (Some(F::Network), Some(F::Network)) => a == "cidr",
        _ => false,
    }
}

/// Whether the digits of an integer fit before the point of `numeric(p, s)`.
fn whole_fits(bytes: u8, to: &TypeName) -> TypeChange {
    let digits = match bytes {
        2 => 5,
        4 => 10,
        _ => 19,
    };
    let room = to.modifiers.first().map(|p| p - to.modifiers.get(1).copied().unwrap_or(0));
    if room.is_none_or(|room| room >= digits) { TypeChange::Exact } else { TypeChange::MayFail }
}

/// `numeric(p, s)`; without modifiers it holds everything.
fn numeric_fits(from: Option<&TypeName>, to: &TypeName) -> TypeChange {
    let parts =
        |t: &TypeName| t.modifiers.first().map(|p| (*p, t.modifiers.get(1).copied().unwrap_or(0)));
    match (from.map(parts), parts(to)) {
        (_, None) => TypeChange::Exact,
        (Some(Some((p, s))), Some((q, t))) if t >= s && q - t >= p - s => TypeChange::Exact,
        (Some(Some((_, s))), Some((_, t))) if t < s => TypeChange::Lossy,
        (Some(None), Some(_)) => TypeChange::Lossy,
        _ => TypeChange::MayFail,
    }
}

fn text_fits(from: &TypeName, to: &TypeName, using: bool) -> TypeChange {
    let room = |t: &TypeName| match t.name.name.as_str() {
        "varchar" => t.modifiers.first().copied(),
        "bpchar" | "char" => Some(t.modifiers.first().copied().unwrap_or(1)),
        "name" => Some(63),
        _ => None,
    };
    match (room(from), room(to)) {
        (_, None) => TypeChange::Exact,
        (Some(a), Some(b)) if b >= a => TypeChange::Exact,
        // An explicit cast cuts; an assignment refuses (manual §8.3).
        _ if using => TypeChange::Lossy,
        _ => TypeChange::MayFail,
    }
}

/// `varbit(n)`; without a length it holds everything.
fn bits_fit(from: &TypeName, to: &TypeName) -> bool {
    to.name.name == "varbit"
        && to.modifiers.first().is_none_or(|room| from.modifiers.first().is_some_and(|n| n <= room))
}

fn precision(from: &TypeName, to: &TypeName) -> TypeChange {
    let digits = |t: &TypeName| t.modifiers.last().copied().unwrap_or(6);
    if digits(to) >= digits(from) { TypeChange::Exact } else { TypeChange::Lossy }
}

/// Functions whose result is less than what they were given.
const CUTTING: &[&str] = &[
    "btrim",
    "ceil",
    "ceiling",
    "date_trunc",
    "floor",
    "left",
    "ltrim",
    "right",
    "round",
    "rtrim",
    "split_part",
    "substr",
    "substring",
    "trunc",
];

/// How a change loses something without an error, in words; `None` where it does not, or that
/// cannot be told.
pub(crate) fn narrowing(
    from: Option<&TypeName>,
    to: &TypeName,
    using: Option<&Expression>,
) -> Option<String> {
    let cut = using.and_then(|u| u.cast.as_ref()).is_some_and(|(_, types)| {
        types.iter().any(|t| {
            matches!(t.name.name.as_str(), "varchar" | "bpchar") && !t.modifiers.is_empty()
        })
    });
    let by = using
        .and_then(|u| u.mentions.functions.iter().find(|f| CUTTING.contains(&f.name.as_str())));
    if let Some(function) = by {
        return Some(format!("{function}() in USING cuts or rounds values without an error"));
    }
    let plain = using.is_none_or(|u| u.cast.is_some());
    match from {
        Some(from) if plain && type_change(from, to, cut) == TypeChange::Lossy => {
            Some(format!("{} to {} rounds or cuts values without an error", shown(from), shown(to)))
        }
        None if cut => {
            Some(format!("the explicit cast to {} cuts longer values without an error", shown(to)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Statement, TableAction};

    fn change(from: &str, to: &str) -> TypeChange {
        let sql = format!("ALTER TABLE t ALTER a TYPE {from}, ALTER a TYPE {to}");
        let statements = crate::model::read(&sql);
        let Statement::AlterTable(s) = &statements[0].statement else { panic!("{sql}") };
        let types: Vec<&TypeName> = s
            .actions
            .iter()
            .filter_map(|a| match &a.action {
                TableAction::AlterType { to, .. } => Some(to),
                _ => None,
            })
            .collect();
        type_change(types[0], types[1], false)
    }

    #[test]
    fn what_becomes_of_the_values() {
        use TypeChange::{Exact, Lossy, MayFail, NoCast, Unknown};
        for (from, to, expected) in [
            ("varchar(10)", "text", Exact),
            ("varchar(10)", "varchar(20)", Exact),
            ("varchar(10)", "varchar(5)", MayFail),
            ("text", "varchar(5)", MayFail),
            ("int", "bigint", Exact),
            ("bigint", "int", MayFail),
            ("int", "text", Exact),
            ("int", "numeric(65,30)", Exact),
            ("int", "numeric(10,2)", MayFail),
            ("text", "int", NoCast),
            ("numeric(10,2)", "numeric(12,2)", Exact),
            ("numeric(10,2)", "numeric(10,1)", Lossy),
            ("numeric(10,2)", "int", Lossy),
            ("numeric(10,2)", "numeric(10,3)", MayFail),
            ("timestamp(3)", "date", Lossy),
            ("timestamp(3)", "timestamp(6)", Exact),
            ("timestamp(6)", "timestamp(3)", Lossy),
            ("timestamp", "timestamptz", Unknown),
            ("double precision", "real", Lossy),
            ("boolean", "int", NoCast),
            ("int", "boolean", NoCast),
            ("text", "uuid", NoCast),
            ("json", "jsonb", Exact),
            ("date", "timestamp", Exact),
            ("mood", "text", Unknown),
        ] {
            assert_eq!(change(from, to), expected, "{from} to {to}");
        }
    }
}
