//! The SELECTs of a catalog read, one per catalog, and how their columns mean.
//!
//! Names are joined in `assemble`, not here: a SELECT over one catalog plans in a tenth of a
//! millisecond, and a near-empty scratch database is read after every migration.
//!
//! Column names speak. `kind` is an [`ObjectKind`] word; `cls`, `oid`, `sub` are the address that
//! comments, access lists and extension membership use (a catalog's own oid, `tableoid`, is its
//! class); `ns`, `rel`, `typ` are the oids of the schema, relation or domain that holds the
//! object; `owner`, `acl`, `acl0` its owner, access list and default access list (only where it
//! has a list). A name that starts with `_` is input for the assembly. Every other column is an
//! attribute, absent when NULL.
//!
//! [`ObjectKind`]: super::fact::ObjectKind

mod outside;
mod relations;
mod routines;
mod types;

/// How the rows of a query are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// Schemas: objects, and names for what lives in them.
    Schemas,
    /// Role names: `oid`, `name`.
    Roles,
    /// Addresses of extension members: `cls`, `oid`.
    Members,
    /// One object each.
    Objects,
    /// Relations: objects that others belong to.
    Relations,
    /// Types: objects that constraints belong to.
    Types,
    /// Further attributes of objects that were read before.
    Parts,
    /// One item each of a list attribute: `cls`, `oid`, `_attribute`, `_item`, in list order.
    Lists,
    /// Sequence parameters, with the column that owns the sequence.
    Sequences,
    /// Comments: `cls`, `oid`, `sub`, `comment`.
    Comments,
    /// Default privileges.
    DefaultPrivileges,
    /// Counts of what is not modelled: `name`, `count`.
    Unmodelled,
}

/// One SELECT.
#[derive(Debug, Clone)]
pub(super) struct Query {
    pub(super) reading: Reading,
    pub(super) sql: String,
}

impl Query {
    fn new(reading: Reading, sql: impl Into<String>) -> Self {
        Self { reading, sql: sql.into() }
    }
}

/// All queries for a server of this major, in the order in which the assembly needs their rows.
pub(super) fn all(major: u32) -> Vec<Query> {
    let mut queries = vec![schemas(), roles(), members(), extensions()];
    queries.extend(types::all(major));
    queries.extend(relations::all(major));
    queries.extend(routines::all(major));
    queries.extend(outside::all(major));
    queries.push(comments());
    queries.push(unmodelled());
    queries
}

/// `text` on a server of major `first` or newer, else `before`.
fn since(major: u32, first: u32, text: &str, before: &str) -> String {
    if major >= first { text } else { before }.to_owned()
}

fn schemas() -> Query {
    Query::new(
        Reading::Schemas,
        "SELECT 'schema' AS kind, n.tableoid AS cls, n.oid, n.nspname AS name,
  n.nspowner AS owner, n.nspacl AS acl,
  CASE WHEN n.nspacl IS NOT NULL THEN acldefault('n', n.nspowner) END AS acl0
FROM pg_namespace n",
    )
}

fn roles() -> Query {
    Query::new(Reading::Roles, "SELECT oid, rolname AS name FROM pg_roles")
}

fn members() -> Query {
    Query::new(
        Reading::Members,
        "SELECT classid AS cls, objid AS oid FROM pg_depend
WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'",
    )
}

fn extensions() -> Query {
    Query::new(
        Reading::Objects,
        "SELECT 'extension' AS kind, e.tableoid AS cls, e.oid, e.extname AS name,
  n.nspname AS schema, e.extversion AS version
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
WHERE e.oid >= 16384",
    )
}

/// Comments; of initdb's objects only one that somebody wrote on `public` (oid 2200).
fn comments() -> Query {
    Query::new(
        Reading::Comments,
        "SELECT classoid AS cls, objoid AS oid, objsubid AS sub, description AS comment
FROM pg_description WHERE objoid >= 16384
UNION ALL
SELECT classoid, objoid, objsubid, description FROM pg_description
WHERE objoid = 2200 AND classoid = 'pg_namespace'::regclass
  AND description <> 'standard public schema'",
    )
}

/// The address of extension members, to leave them out of the counts.
const NOT_MEMBER: &str = "NOT EXISTS (SELECT FROM pg_depend d
  WHERE d.classid = o.tableoid AND d.objid = o.oid AND d.deptype = 'e')";

fn unmodelled() -> Query {
    let counts = [
        // Up to a bound: there may be millions, and the number says nothing more then.
        "SELECT 'large object', count(*)
  FROM (SELECT FROM pg_largeobject_metadata LIMIT 10000) l"
            .to_owned(),
        "SELECT 'security label', count(*) FROM pg_seclabel WHERE objoid >= 16384".to_owned(),
        format!(
            "SELECT 'transform', count(*) FROM pg_transform o WHERE o.oid >= 16384 AND {NOT_MEMBER}"
        ),
        "SELECT 'setting of the database or of a role in it', count(*) FROM pg_db_role_setting
  WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())"
            .to_owned(),
        "SELECT 'privileges on the database', count(*) FROM pg_database
  WHERE datname = current_database() AND datacl IS NOT NULL"
            .to_owned(),
        "SELECT 'member added to an operator family of PostgreSQL', count(*) FROM (
  SELECT FROM pg_amop WHERE oid >= 16384 AND amopfamily < 16384
  UNION ALL SELECT FROM pg_amproc WHERE oid >= 16384 AND amprocfamily < 16384) m"
            .to_owned(),
        // A shell is a name without a definition.
        "SELECT 'shell type', count(*) FROM pg_type WHERE oid >= 16384 AND typtype = 'p'"
            .to_owned(),
        "SELECT 'shell operator', count(*) FROM pg_operator WHERE oid >= 16384 AND oprcode = 0"
            .to_owned(),
        // What a future major may bring.
        format!(
            "SELECT 'relation of kind ' || o.relkind::text, count(*) FROM pg_class o
  WHERE o.oid >= 16384 AND o.relkind NOT IN ('r','p','f','v','m','S','i','I','t','c')
  AND {NOT_MEMBER} GROUP BY 1"
        ),
        "SELECT 'constraint of type ' || contype::text, count(*) FROM pg_constraint
  WHERE oid >= 16384 AND contype NOT IN ('p','u','x','c','f','n','t') GROUP BY 1"
            .to_owned(),
        format!(
            "SELECT 'type of kind ' || o.typtype::text, count(*) FROM pg_type o
  WHERE o.oid >= 16384 AND o.typtype NOT IN ('b','c','d','e','p','r','m')
  AND {NOT_MEMBER} GROUP BY 1"
        ),
        format!(
            "SELECT 'routine of kind ' || o.prokind::text, count(*) FROM pg_proc o
  WHERE o.oid >= 16384 AND o.prokind NOT IN ('f','p','a','w') AND {NOT_MEMBER} GROUP BY 1"
        ),
    ];
    let sql = format!(
        "SELECT name, count FROM (\n{}\n) u (name, count) WHERE count > 0",
        counts.join("\nUNION ALL\n")
    );
    Query::new(Reading::Unmodelled, sql)
}
