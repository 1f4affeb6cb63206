//! Names as the catalog writes them: folded, without quotes.

use std::fmt;

/// The name of an object, with its schema where the statement gives one. Unquoted names are folded
/// already, as PostgreSQL does (manual §4.1.1); names are not cut to 63 bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name {
    /// The schema.
    pub schema: Option<String>,
    /// The name.
    pub name: String,
}

impl Name {
    /// A name without a schema.
    #[must_use]
    pub fn bare(name: impl Into<String>) -> Self {
        Self { schema: None, name: name.into() }
    }

    /// A name in a schema.
    #[must_use]
    pub fn qualified(schema: impl Into<String>, name: impl Into<String>) -> Self {
        Self { schema: Some(schema.into()), name: name.into() }
    }

    /// Whether both may be the same object: equal names, and equal schemas where both say one.
    #[must_use]
    pub fn may_be(&self, other: &Self) -> bool {
        self.name == other.name
            && match (&self.schema, &other.schema) {
                (Some(a), Some(b)) => a == b,
                _ => true,
            }
    }
}

impl fmt::Display for Name {
    /// As SQL, quoted where PostgreSQL would need it or might.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(schema) = &self.schema {
            write!(f, "{}.", Quoted(schema))?;
        }
        write!(f, "{}", Quoted(&self.name))
    }
}

struct Quoted<'a>(&'a str);

/// Words that no name can be without quotes: reserved, or taken for a function or type (manual,
/// appendix C).
const RESERVED: &[&str] = &[
    "all",
    "analyse",
    "analyze",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "asymmetric",
    "authorization",
    "binary",
    "both",
    "case",
    "cast",
    "check",
    "collate",
    "collation",
    "column",
    "concurrently",
    "constraint",
    "create",
    "cross",
    "current_catalog",
    "current_date",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "default",
    "deferrable",
    "desc",
    "distinct",
    "do",
    "else",
    "end",
    "except",
    "false",
    "fetch",
    "for",
    "foreign",
    "freeze",
    "from",
    "full",
    "grant",
    "group",
    "having",
    "ilike",
    "in",
    "initially",
    "inner",
    "intersect",
    "into",
    "is",
    "isnull",
    "join",
    "lateral",
    "leading",
    "left",
    "like",
    "limit",
    "localtime",
    "localtimestamp",
    "natural",
    "not",
    "notnull",
    "null",
    "offset",
    "on",
    "only",
    "or",
    "order",
    "outer",
    "overlaps",
    "placing",
    "primary",
    "references",
    "returning",
    "right",
    "select",
    "session_user",
    "similar",
    "some",
    "symmetric",
    "system_user",
    "table",
    "tablesample",
    "then",
    "to",
    "trailing",
    "true",
    "union",
    "unique",
    "user",
    "using",
    "variadic",
    "verbose",
    "when",
    "where",
    "window",
    "with",
];

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = self.0.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
            && self.0.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
            && RESERVED.binary_search(&self.0).is_err();
        if plain { f.write_str(self.0) } else { write!(f, "\"{}\"", self.0.replace('"', "\"\"")) }
    }
}

/// A type as a statement writes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TypeName {
    /// PostgreSQL's internal name without `pg_catalog`: `int4` for `integer`, `bpchar` for
    /// `char`, `timestamptz`; `serial` and user types as written.
    pub name: Name,
    /// Integer modifiers: length, or precision and scale.
    pub modifiers: Vec<i64>,
    /// An array of it.
    pub array: bool,
}

impl TypeName {
    /// A built-in type by its internal name.
    #[must_use]
    pub fn builtin(name: &str) -> Self {
        Self { name: Name::bare(name), ..Self::default() }
    }

    /// As the SQL standard writes it, where PostgreSQL has a name of its own (manual, table 8.1).
    #[must_use]
    pub fn standard(&self) -> String {
        let sql = match self.name.name.as_str() {
            _ if self.name.schema.is_some() => return self.to_string(),
            "int2" => "smallint",
            "int4" => "integer",
            "int8" => "bigint",
            "bool" => "boolean",
            "float4" => "real",
            "float8" => "double precision",
            "bpchar" => "char",
            _ => return self.to_string(),
        };
        let named = Self { name: Name::bare(sql), ..self.clone() };
        named.to_string().replace('"', "")
    }

    /// Whether it is `serial`, `bigserial` or `smallserial`, by any of their names (manual §8.1.4).
    #[must_use]
    pub fn is_serial(&self) -> bool {
        self.name.schema.is_none()
            && matches!(
                self.name.name.as_str(),
                "serial" | "serial2" | "serial4" | "serial8" | "bigserial" | "smallserial"
            )
    }
}

impl fmt::Display for TypeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name)?;
        if !self.modifiers.is_empty() {
            let list: Vec<String> = self.modifiers.iter().map(ToString::to_string).collect();
            write!(f, "({})", list.join(","))?;
        }
        if self.array { f.write_str("[]") } else { Ok(()) }
    }
}
