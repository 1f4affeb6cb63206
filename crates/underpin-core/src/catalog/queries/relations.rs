//! Relations and what belongs to them.

use super::{Query, Reading, since};

pub(super) fn all(major: u32) -> Vec<Query> {
    vec![
        relations(),
        constraints(),
        indexes(),
        columns(major),
        sequences(),
        inheritance(),
        foreign_tables(),
        triggers(),
        constraint_triggers(),
        rules(),
        policies(),
        statistics(),
    ]
}

/// Options as `name=hash`: a foreign option may hold a password, so its value never leaves the
/// server. The server's encoding is named because then no conversion can fail.
pub(super) fn hashed_options(array: &str) -> String {
    format!(
        "CASE WHEN {array} IS NOT NULL THEN (SELECT string_agg(option_name || '=sha256:' || left(encode(
    sha256(convert_to(option_name || '=' || coalesce(option_value, ''), getdatabaseencoding())), 'hex'), 16),
    ', ' ORDER BY option_name COLLATE \"C\") FROM pg_options_to_table({array})) END"
    )
}

fn relations() -> Query {
    Query::new(
        Reading::Relations,
        "SELECT CASE c.relkind WHEN 'f' THEN 'foreign table' WHEN 'v' THEN 'view'
    WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence' ELSE 'table' END AS kind,
  c.tableoid AS cls, c.oid, c.relnamespace AS ns, c.relname AS name, c.relowner AS owner,
  c.relacl AS acl, CASE WHEN c.relacl IS NOT NULL THEN acldefault(
    CASE c.relkind WHEN 'S' THEN 's'::\"char\" ELSE 'r'::\"char\" END, c.relowner) END AS acl0,
  CASE c.relpersistence WHEN 'u' THEN 'unlogged' END AS persistence,
  CASE WHEN c.relkind <> 'S' AND am.amname <> 'heap' THEN am.amname END AS access_method,
  CASE WHEN c.relrowsecurity THEN 'yes' END AS row_security,
  CASE WHEN c.relforcerowsecurity THEN 'yes' END AS force_row_security,
  CASE WHEN c.relkind IN ('r', 'p') THEN CASE c.relreplident WHEN 'n' THEN 'nothing'
    WHEN 'f' THEN 'full' WHEN 'i' THEN 'index' END END AS replica_identity,
  CASE WHEN c.reloftype <> 0 THEN format_type(c.reloftype, NULL) END AS of_type,
  CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END AS partition_key,
  CASE WHEN c.relispartition THEN pg_get_expr(c.relpartbound, c.oid) END AS partition_bound,
  CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END AS definition,
  ts.spcname AS tablespace, c.reloptions AS _options,
  CASE WHEN c.reltoastrelid <> 0 THEN
    (SELECT t.reloptions FROM pg_class t WHERE t.oid = c.reltoastrelid) END AS _toast_options
FROM pg_class c
LEFT JOIN pg_am am ON am.oid = c.relam
LEFT JOIN pg_tablespace ts ON ts.oid = c.reltablespace
WHERE c.oid >= 16384 AND c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S') AND c.relpersistence <> 't'",
    )
}

/// Columns of relations, attributes of composite types (in order), and statistics targets of
/// index expressions. An index's own attribute names are never used: they keep the name that the
/// table's column had when the index was made.
fn columns(major: u32) -> Query {
    let compression = since(
        major,
        14,
        "CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END",
        "NULL",
    );
    let sql = format!(
        "SELECT 'column' AS kind, c.tableoid AS cls, a.attrelid AS oid,
  a.attnum AS sub, a.attrelid AS rel, c.relkind AS _relkind, c.reltype AS _row_type,
  a.attname AS name,
  format_type(a.atttypid, a.atttypmod) AS type,
  CASE WHEN a.attnotnull THEN 'yes' END AS not_null,
  CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END AS default,
  CASE WHEN a.attgenerated <> '' THEN pg_get_expr(d.adbin, d.adrelid) END AS expression,
  CASE a.attgenerated WHEN 's' THEN 'stored' WHEN 'v' THEN 'virtual' END AS generated,
  CASE a.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by default' END AS identity,
  CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation END AS collation,
  CASE WHEN a.attstorage <> t.typstorage THEN CASE a.attstorage WHEN 'p' THEN 'plain'
    WHEN 'e' THEN 'external' WHEN 'x' THEN 'extended' WHEN 'm' THEN 'main' END END AS storage,
  {compression} AS compression,
  CASE WHEN a.attstattarget >= 0 THEN a.attstattarget END AS statistics_target,
  {} AS foreign_options,
  a.attoptions AS _column_options, a.attacl AS acl,
  CASE WHEN a.attacl IS NOT NULL THEN acldefault('c', c.relowner) END AS acl0
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid >= 16384 AND a.attnum > 0 AND NOT a.attisdropped AND c.relpersistence <> 't'
  AND (c.relkind IN ('r', 'p', 'f', 'v', 'm', 'c')
    OR c.relkind IN ('i', 'I') AND a.attstattarget >= 0)
ORDER BY a.attrelid, a.attnum",
        hashed_options("a.attfdwoptions")
    );
    Query::new(Reading::Objects, sql)
}

/// Constraints, with what their index has beyond the constraint's own text.
///
/// Left out: foreign keys that partitions inherit (the parent's says it, and one towards a
/// partitioned table has a row more per partition), and NOT NULL (rows since 18 only, a column
/// attribute everywhere) unless it is NOT VALID or NO INHERIT, which only 18 can express.
fn constraints() -> Query {
    Query::new(
        Reading::Objects,
        "SELECT 'constraint' AS kind, k.tableoid AS cls, k.oid, NULLIF(k.conrelid, 0) AS rel,
  NULLIF(k.contypid, 0) AS typ, k.conname AS name, pg_get_constraintdef(k.oid) AS definition,
  x.indexrelid AS _index, i.reloptions AS _options, ts.spcname AS tablespace,
  CASE WHEN NOT x.indisvalid OR NOT x.indisready THEN 'no' END AS valid,
  CASE WHEN x.indisclustered THEN 'yes' END AS clustered,
  CASE WHEN x.indisreplident THEN 'yes' END AS replica_identity
FROM pg_constraint k
LEFT JOIN pg_index x ON x.indexrelid = k.conindid AND k.contype IN ('p', 'u', 'x')
LEFT JOIN pg_class i ON i.oid = x.indexrelid
LEFT JOIN pg_tablespace ts ON ts.oid = i.reltablespace
WHERE k.oid >= 16384 AND k.contype IN ('p', 'u', 'x', 'c', 'f', 'n')
  AND NOT (k.contype = 'f' AND k.conparentid <> 0)
  AND (k.contype <> 'n' OR k.conrelid <> 0 AND (NOT k.convalidated OR k.connoinherit))",
    )
}

/// Indexes that no constraint owns. Not read for temporary and TOAST tables (schema oid 99 is
/// `pg_toast` on every major).
fn indexes() -> Query {
    Query::new(
        Reading::Objects,
        "SELECT 'index' AS kind, c.tableoid AS cls, c.oid, x.indrelid AS rel, c.relname AS name,
  pg_get_indexdef(c.oid) AS definition, c.reloptions AS _options, ts.spcname AS tablespace,
  CASE WHEN NOT x.indisvalid THEN 'no' END AS valid,
  CASE WHEN NOT x.indisready THEN 'no' END AS ready,
  CASE WHEN x.indisclustered THEN 'yes' END AS clustered,
  CASE WHEN x.indisreplident THEN 'yes' END AS replica_identity
FROM pg_index x
JOIN pg_class c ON c.oid = x.indexrelid
LEFT JOIN pg_tablespace ts ON ts.oid = c.reltablespace
WHERE x.indexrelid >= 16384 AND c.relnamespace <> 99 AND c.relpersistence <> 't'
  AND NOT EXISTS (SELECT FROM pg_constraint k
    WHERE k.conindid = x.indexrelid AND k.contype IN ('p', 'u', 'x'))",
    )
}

fn sequences() -> Query {
    Query::new(
        Reading::Sequences,
        "SELECT d.refclassid AS _owner_class, d.refobjid AS _owner_table, d.refobjsubid AS _owner_column,
  d.deptype AS _how, 'pg_class'::regclass::oid AS cls, s.seqrelid AS oid,
  format_type(s.seqtypid, NULL) AS type, s.seqstart AS start, s.seqincrement AS increment,
  s.seqmin AS minimum, s.seqmax AS maximum, s.seqcache AS cache,
  CASE WHEN s.seqcycle THEN 'yes' END AS cycle
FROM pg_sequence s
LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = s.seqrelid
  AND d.objsubid = 0 AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0
  AND d.deptype IN ('a', 'i')
WHERE s.seqrelid >= 16384",
    )
}

/// Parents of tables and of indexes.
fn inheritance() -> Query {
    Query::new(
        Reading::Lists,
        "SELECT 'pg_class'::regclass::oid AS cls, i.inhrelid AS oid,
  CASE WHEN c.relispartition THEN 'partition_of' ELSE 'inherits' END AS _attribute,
  n.nspname || '.' || p.relname AS _item
FROM pg_inherits i
JOIN pg_class c ON c.oid = i.inhrelid
JOIN pg_class p ON p.oid = i.inhparent
JOIN pg_namespace n ON n.oid = p.relnamespace
ORDER BY i.inhrelid, i.inhseqno",
    )
}

fn foreign_tables() -> Query {
    let sql = format!(
        "SELECT 'pg_class'::regclass::oid AS cls, f.ftrelid AS oid, s.srvname AS server, {} AS options
FROM pg_foreign_table f JOIN pg_foreign_server s ON s.oid = f.ftserver",
        hashed_options("f.ftoptions")
    );
    Query::new(Reading::Parts, sql)
}

/// The state of a trigger in words.
const TRIGGER_STATE: &str = "CASE t.tgenabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica'
    WHEN 'A' THEN 'always' ELSE 'origin' END";

/// Triggers that users made. A clone on a partition says nothing new unless it is enabled
/// otherwise than its parent. (13 and 14 mark clones as internal.)
fn triggers() -> Query {
    let sql = format!(
        "SELECT 'trigger' AS kind, t.tableoid AS cls, t.oid, t.tgrelid AS rel, t.tgname AS name,
  CASE WHEN t.tgparentid = 0 THEN pg_get_triggerdef(t.oid) END AS definition,
  CASE WHEN t.tgparentid <> 0 OR t.tgenabled <> 'O' THEN {TRIGGER_STATE} END AS enabled
FROM pg_trigger t LEFT JOIN pg_trigger p ON p.oid = t.tgparentid
WHERE t.oid >= 16384 AND t.tgconstrindid = 0 AND (t.tgparentid = 0 AND NOT t.tgisinternal
  OR t.tgparentid <> 0 AND NOT p.tgisinternal AND t.tgenabled <> p.tgenabled)"
    );
    Query::new(Reading::Objects, sql)
}

/// The triggers behind a foreign key or a deferrable key say nothing unless they are disabled:
/// then the constraint is not enforced.
fn constraint_triggers() -> Query {
    let sql = format!(
        "SELECT 'pg_constraint'::regclass::oid AS cls, t.tgconstraint AS oid,
  string_agg(DISTINCT {TRIGGER_STATE}, ', ') AS triggers
FROM pg_trigger t
WHERE t.oid >= 16384 AND t.tgisinternal AND t.tgconstrindid <> 0 AND t.tgenabled <> 'O'
GROUP BY t.tgconstraint"
    );
    Query::new(Reading::Parts, sql)
}

fn rules() -> Query {
    Query::new(
        Reading::Objects,
        "SELECT 'rule' AS kind, r.tableoid AS cls, r.oid, r.ev_class AS rel, r.rulename AS name,
  pg_get_ruledef(r.oid) AS definition,
  CASE r.ev_enabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' WHEN 'A' THEN 'always' END
    AS enabled
FROM pg_rewrite r WHERE r.oid >= 16384 AND r.rulename <> '_RETURN'",
    )
}

fn policies() -> Query {
    Query::new(
        Reading::Objects,
        "SELECT 'policy' AS kind, p.tableoid AS cls, p.oid, p.polrelid AS rel, p.polname AS name,
  CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE'
    WHEN 'd' THEN 'DELETE' ELSE 'ALL' END AS command,
  CASE WHEN NOT p.polpermissive THEN 'yes' END AS restrictive,
  p.polroles AS _roles, pg_get_expr(p.polqual, p.polrelid) AS using,
  pg_get_expr(p.polwithcheck, p.polrelid) AS with_check
FROM pg_policy p WHERE p.oid >= 16384",
    )
}

/// Extended statistics; the target's "unset" is -1 before 17 and NULL since.
fn statistics() -> Query {
    Query::new(
        Reading::Objects,
        "SELECT 'statistics' AS kind, s.tableoid AS cls, s.oid, s.stxnamespace AS ns,
  s.stxrelid AS rel, s.stxname AS name, s.stxowner AS owner,
  pg_get_statisticsobjdef(s.oid) AS definition,
  CASE WHEN s.stxstattarget >= 0 THEN s.stxstattarget END AS target
FROM pg_statistic_ext s WHERE s.oid >= 16384",
    )
}
