//! Types.

use super::{Query, Reading, since};

pub(super) fn all(major: u32) -> Vec<Query> {
    vec![types(), labels(), ranges(major), collations(major)]
}

/// Types that users made: not the row types of relations, not array types.
fn types() -> Query {
    Query::new(
        Reading::Types,
        "SELECT CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain'
    WHEN 'c' THEN 'composite type' WHEN 'r' THEN 'range type' ELSE 'base type' END AS kind,
  t.tableoid AS cls, t.oid, t.typnamespace AS ns, t.typname AS name, t.typowner AS owner,
  t.typacl AS acl, CASE WHEN t.typacl IS NOT NULL THEN acldefault('T', t.typowner) END AS acl0,
  CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) END AS type,
  CASE WHEN t.typnotnull THEN 'yes' END AS not_null,
  CASE WHEN t.typtype = 'd' THEN pg_get_expr(t.typdefaultbin, 0)
    WHEN t.typtype = 'b' THEN t.typdefault END AS default,
  CASE WHEN t.typtype = 'd' AND t.typcollation <>
    (SELECT b.typcollation FROM pg_type b WHERE b.oid = t.typbasetype)
    THEN t.typcollation::regcollation END AS collation,
  CASE WHEN t.typtype = 'b' THEN format('input %s output %s receive %s send %s typmod_in %s '
    || 'typmod_out %s analyze %s length %s by_value %s alignment %s storage %s category %s '
    || 'preferred %s delimiter %s element %s collatable %s', t.typinput, t.typoutput, t.typreceive,
    t.typsend, t.typmodin, t.typmodout, t.typanalyze, t.typlen, t.typbyval, t.typalign, t.typstorage,
    t.typcategory, t.typispreferred, t.typdelim, t.typelem::regtype, t.typcollation <> 0) END
    AS definition
FROM pg_type t
LEFT JOIN pg_class r ON r.oid = t.typrelid
LEFT JOIN pg_type e ON e.oid = t.typelem AND e.typarray = t.oid
WHERE t.oid >= 16384 AND t.typtype IN ('e', 'd', 'c', 'r', 'b') AND e.oid IS NULL
  AND (t.typtype <> 'c' OR r.relkind = 'c' AND r.relpersistence <> 't')",
    )
}

fn labels() -> Query {
    Query::new(
        Reading::Lists,
        "SELECT 'pg_type'::regclass::oid AS cls, enumtypid AS oid, 'labels' AS _attribute,
  quote_literal(enumlabel) AS _item
FROM pg_enum WHERE enumtypid >= 16384 ORDER BY enumtypid, enumsortorder",
    )
}

fn ranges(major: u32) -> Query {
    let multirange = since(major, 14, "format_type(r.rngmultitypid, NULL)", "NULL");
    // 13 has no multirange types: the same DDL gives one more name since 14. A type made without
    // `multirange_type_name` gets one from a fixed rule, so only another name is a fact.
    let multirange = if multirange == "NULL" {
        multirange
    } else {
        format!(
            "CASE WHEN m.typname <> CASE WHEN t.typname LIKE '%range%'
    THEN regexp_replace(t.typname, 'range', 'multirange') ELSE t.typname || '_multirange' END
    THEN {multirange} END"
        )
    };
    let join = since(major, 14, "LEFT JOIN pg_type m ON m.oid = r.rngmultitypid", "");
    let sql = format!(
        "SELECT 'pg_type'::regclass::oid AS cls, r.rngtypid AS oid,
  format_type(r.rngsubtype, NULL) AS subtype, n.nspname || '.' || o.opcname AS operator_class,
  CASE WHEN r.rngcollation <> s.typcollation THEN r.rngcollation::regcollation END AS collation,
  NULLIF(r.rngcanonical, 0)::regproc AS canonical, NULLIF(r.rngsubdiff, 0)::regproc AS difference,
  {multirange} AS multirange
FROM pg_range r
JOIN pg_type t ON t.oid = r.rngtypid
JOIN pg_type s ON s.oid = r.rngsubtype
JOIN pg_opclass o ON o.oid = r.rngsubopc
JOIN pg_namespace n ON n.oid = o.opcnamespace
{join}
WHERE r.rngtypid >= 16384"
    );
    Query::new(Reading::Parts, sql)
}

/// Collations. ICU locales were in `collcollate` up to 14, in `colliculocale` in 15 and 16, in
/// `colllocale` since 17. The version of the library's rules is no fact.
fn collations(major: u32) -> Query {
    let locale = match major {
        ..15 => "CASE WHEN c.collprovider <> 'c' THEN c.collcollate END",
        15..17 => "c.colliculocale",
        _ => "c.colllocale",
    };
    let rules = since(major, 16, "c.collicurules", "NULL");
    let sql = format!(
        "SELECT 'collation' AS kind, c.tableoid AS cls, c.oid, c.collnamespace AS ns,
  c.collname AS name, c.collowner AS owner,
  CASE c.collprovider WHEN 'c' THEN 'libc' WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin'
    ELSE c.collprovider::text END AS provider,
  CASE WHEN NOT c.collisdeterministic THEN 'no' END AS deterministic,
  {locale} AS locale,
  CASE WHEN c.collprovider = 'c' THEN c.collcollate END AS collate,
  CASE WHEN c.collprovider = 'c' THEN c.collctype END AS ctype,
  {rules} AS rules
FROM pg_collation c WHERE c.oid >= 16384"
    );
    Query::new(Reading::Objects, sql)
}
