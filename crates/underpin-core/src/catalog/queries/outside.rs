//! Text search, foreign data, replication, event triggers, default privileges.

use super::relations::hashed_options;
use super::{Query, Reading, since};

pub(super) fn all(major: u32) -> Vec<Query> {
    let mut queries = vec![
        search_parsers(),
        search_templates(),
        search_dictionaries(),
        search_configurations(),
        search_mappings(),
        wrappers(),
        servers(),
        user_mappings(),
        event_triggers(),
        publications(major),
        published_tables(major),
        subscriptions(),
        default_privileges(),
    ];
    if major >= 15 {
        queries.push(published_schemas());
    }
    queries
}

fn search_parsers() -> Query {
    Query::new(
        Reading::Objects,
        "SELECT 'text search parser' AS kind, p.tableoid AS cls, p.oid, p.prsnamespace AS ns,
  p.prsname AS name, p.prsstart AS start, p.prstoken AS next_token, p.prsend AS end,
  p.prslextype AS token_types, NULLIF(p.prsheadline, 0)::regproc AS headline
FROM pg_ts_parser p WHERE p.oid >= 16384",
    )
}

fn search_templates() -> Query {
    Query::new(
        Reading::Objects,
        "SELECT 'text search template' AS kind, t.tableoid AS cls, t.oid, t.tmplnamespace AS ns,
  t.tmplname AS name, NULLIF(t.tmplinit, 0)::regproc AS init, t.tmpllexize AS lexize
FROM pg_ts_template t WHERE t.oid >= 16384",
    )
}

fn search_dictionaries() -> Query {
    Query::new(
        Reading::Objects,
        "SELECT 'text search dictionary' AS kind, d.tableoid AS cls, d.oid, d.dictnamespace AS ns,
  d.dictname AS name, d.dictowner AS owner, n.nspname || '.' || t.tmplname AS template,
  d.dictinitoption AS options
FROM pg_ts_dict d
JOIN pg_ts_template t ON t.oid = d.dicttemplate
JOIN pg_namespace n ON n.oid = t.tmplnamespace
WHERE d.oid >= 16384",
    )
}

fn search_configurations() -> Query {
    Query::new(
        Reading::Objects,
        "SELECT 'text search configuration' AS kind, c.tableoid AS cls, c.oid, c.cfgnamespace AS ns,
  c.cfgname AS name, c.cfgowner AS owner, n.nspname || '.' || p.prsname AS parser
FROM pg_ts_config c
JOIN pg_ts_parser p ON p.oid = c.cfgparser
JOIN pg_namespace n ON n.oid = p.prsnamespace
WHERE c.oid >= 16384",
    )
}

/// Dictionaries by token type, in the order in which they are asked.
fn search_mappings() -> Query {
    Query::new(
        Reading::Lists,
        "SELECT c.tableoid AS cls, c.oid, 'mappings' AS _attribute, format('%s: %s',
    (SELECT t.alias FROM ts_token_type(c.cfgparser) t WHERE t.tokid = m.maptokentype),
    string_agg(m.mapdict::regdictionary::text, ' ' ORDER BY m.mapseqno)) AS _item
FROM pg_ts_config c JOIN pg_ts_config_map m ON m.mapcfg = c.oid
WHERE c.oid >= 16384
GROUP BY c.tableoid, c.oid, c.cfgparser, m.maptokentype
ORDER BY c.oid, m.maptokentype",
    )
}

fn wrappers() -> Query {
    let sql = format!(
        "SELECT 'foreign data wrapper' AS kind, w.tableoid AS cls, w.oid, w.fdwname AS name,
  w.fdwowner AS owner, w.fdwacl AS acl,
  CASE WHEN w.fdwacl IS NOT NULL THEN acldefault('F', w.fdwowner) END AS acl0,
  NULLIF(w.fdwhandler, 0)::regprocedure AS handler,
  NULLIF(w.fdwvalidator, 0)::regprocedure AS validator, {} AS options
FROM pg_foreign_data_wrapper w WHERE w.oid >= 16384",
        hashed_options("w.fdwoptions")
    );
    Query::new(Reading::Objects, sql)
}

fn servers() -> Query {
    let sql = format!(
        "SELECT 'server' AS kind, s.tableoid AS cls, s.oid, s.srvname AS name,
  s.srvowner AS owner, s.srvacl AS acl,
  CASE WHEN s.srvacl IS NOT NULL THEN acldefault('S', s.srvowner) END AS acl0,
  w.fdwname AS wrapper, s.srvtype AS type, s.srvversion AS server_version, {} AS options
FROM pg_foreign_server s JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
WHERE s.oid >= 16384",
        hashed_options("s.srvoptions")
    );
    Query::new(Reading::Objects, sql)
}

/// Only who and where: the catalog behind this view is for superusers, and its options are
/// credentials.
fn user_mappings() -> Query {
    Query::new(
        Reading::Objects,
        "SELECT 'user mapping' AS kind, NULL AS cls, NULL AS oid,
  m.usename || ' on ' || m.srvname AS name
FROM pg_user_mappings m WHERE m.umid >= 16384",
    )
}

fn event_triggers() -> Query {
    Query::new(
        Reading::Objects,
        "SELECT 'event trigger' AS kind, e.tableoid AS cls, e.oid, e.evtname AS name,
  e.evtowner AS owner, e.evtevent AS event, e.evtfoid::regprocedure AS function,
  CASE e.evtenabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' WHEN 'A' THEN 'always' END
    AS enabled,
  e.evttags AS _tags
FROM pg_event_trigger e WHERE e.oid >= 16384",
    )
}

fn publications(major: u32) -> Query {
    let generated = since(major, 18, "CASE p.pubgencols WHEN 's' THEN 'stored' END", "NULL");
    let sql = format!(
        "SELECT 'publication' AS kind, p.tableoid AS cls, p.oid, p.pubname AS name,
  p.pubowner AS owner, CASE WHEN p.puballtables THEN 'yes' END AS all_tables,
  concat_ws(', ', CASE WHEN p.pubinsert THEN 'insert' END, CASE WHEN p.pubupdate THEN 'update' END,
    CASE WHEN p.pubdelete THEN 'delete' END, CASE WHEN p.pubtruncate THEN 'truncate' END) AS publish,
  CASE WHEN p.pubviaroot THEN 'yes' END AS via_root, {generated} AS generated_columns
FROM pg_publication p WHERE p.oid >= 16384"
    );
    Query::new(Reading::Objects, sql)
}

fn published_tables(major: u32) -> Query {
    let columns = since(
        major,
        15,
        "(SELECT ' (' || string_agg(a.attname, ', ' ORDER BY a.attname COLLATE \"C\") || ')'
    FROM pg_attribute a WHERE a.attrelid = r.prrelid AND a.attnum = ANY (r.prattrs))",
        "NULL",
    );
    let filter = since(major, 15, "' where ' || pg_get_expr(r.prqual, r.prrelid)", "NULL");
    let sql = format!(
        "SELECT * FROM (
SELECT 'pg_publication'::regclass::oid AS cls, r.prpubid AS oid, 'tables' AS _attribute,
  concat(n.nspname, '.', c.relname, {columns}, {filter}) AS _item
FROM pg_publication_rel r
JOIN pg_class c ON c.oid = r.prrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
) q ORDER BY oid, _item COLLATE \"C\""
    );
    Query::new(Reading::Lists, sql)
}

fn published_schemas() -> Query {
    Query::new(
        Reading::Lists,
        "SELECT 'pg_publication'::regclass::oid AS cls, p.pnpubid AS oid, 'schemas' AS _attribute,
  n.nspname AS _item
FROM pg_publication_namespace p JOIN pg_namespace n ON n.oid = p.pnnspid
ORDER BY p.pnpubid, n.nspname",
    )
}

/// Only columns that every role may read on every major; never the connection string.
fn subscriptions() -> Query {
    Query::new(
        Reading::Objects,
        "SELECT 'subscription' AS kind, NULL AS cls, NULL AS oid, s.subname AS name,
  s.subowner AS owner, CASE WHEN s.subenabled THEN 'yes' END AS enabled,
  s.subslotname AS slot, s.subpublications AS _publications
FROM pg_subscription s
WHERE s.subdbid = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())",
    )
}

/// A global list replaces PostgreSQL's default and is compared with it; one for a schema is added
/// to it.
fn default_privileges() -> Query {
    Query::new(
        Reading::DefaultPrivileges,
        "SELECT d.defaclrole AS owner, NULLIF(d.defaclnamespace, 0) AS ns,
  CASE d.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions'
    WHEN 'T' THEN 'types' WHEN 'n' THEN 'schemas' WHEN 'L' THEN 'large objects'
    ELSE d.defaclobjtype::text END AS name,
  d.defaclacl AS acl,
  CASE WHEN d.defaclobjtype IN ('r', 'S', 'f', 'T', 'n', 'L') THEN acldefault(
    CASE d.defaclobjtype WHEN 'S' THEN 's' ELSE d.defaclobjtype END, d.defaclrole) END AS acl0
FROM pg_default_acl d",
    )
}
