//! Routines, operators and what is built from them.

use super::{Query, Reading, since};

pub(super) fn all(major: u32) -> Vec<Query> {
    vec![
        languages(),
        access_methods(),
        routines(major),
        aggregates(),
        operators(),
        operator_families(),
        operator_classes(),
        family_members(),
        casts(),
        conversions(),
    ]
}

fn languages() -> Query {
    Query::new(
        Reading::Objects,
        "SELECT 'language' AS kind, l.tableoid AS cls, l.oid, l.lanname AS name,
  l.lanowner AS owner, l.lanacl AS acl,
  CASE WHEN l.lanacl IS NOT NULL THEN acldefault('l', l.lanowner) END AS acl0,
  CASE WHEN l.lanpltrusted THEN 'yes' END AS trusted, l.lanplcallfoid::regprocedure AS handler,
  NULLIF(l.laninline, 0)::regprocedure AS inline,
  NULLIF(l.lanvalidator, 0)::regprocedure AS validator
FROM pg_language l WHERE l.oid >= 16384",
    )
}

fn access_methods() -> Query {
    Query::new(
        Reading::Objects,
        "SELECT 'access method' AS kind, a.tableoid AS cls, a.oid, a.amname AS name,
  CASE a.amtype WHEN 'i' THEN 'index' WHEN 't' THEN 'table' END AS type,
  a.amhandler::regproc AS handler
FROM pg_am a WHERE a.oid >= 16384",
    )
}

/// Functions, procedures, aggregates. `oidvectortypes` names the argument types: parameter names
/// and defaults are attributes, since a function is called by its types. The constructors that a
/// range type brings with it are part of the type, and more since 14 made multirange types.
fn routines(major: u32) -> Query {
    let body = since(
        major,
        14,
        "CASE WHEN p.prosqlbody IS NULL THEN p.prosrc ELSE pg_get_function_sqlbody(p.oid) END",
        "p.prosrc",
    );
    let sql = format!(
        "SELECT CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END
    AS kind,
  p.tableoid AS cls, p.oid, p.pronamespace AS ns,
  p.proname || '(' || oidvectortypes(p.proargtypes) || ')' AS name, p.proowner AS owner,
  p.proacl AS acl, CASE WHEN p.proacl IS NOT NULL THEN acldefault('f', p.proowner) END AS acl0,
  pg_get_function_arguments(p.oid) AS arguments, pg_get_function_result(p.oid) AS returns,
  CASE WHEN p.prokind <> 'a' THEN l.lanname END AS language,
  CASE WHEN p.prokind <> 'a' THEN {body} END AS body, p.probin AS library,
  CASE WHEN p.prokind = 'w' THEN 'yes' END AS window,
  CASE p.provolatile WHEN 'i' THEN 'immutable' WHEN 's' THEN 'stable' END AS volatility,
  CASE WHEN p.proisstrict THEN 'yes' END AS strict,
  CASE WHEN p.prosecdef THEN 'yes' END AS security_definer,
  CASE WHEN p.proleakproof THEN 'yes' END AS leakproof,
  CASE p.proparallel WHEN 's' THEN 'safe' WHEN 'r' THEN 'restricted' END AS parallel,
  CASE WHEN p.procost <> CASE WHEN l.lanname IN ('internal', 'c') THEN 1 ELSE 100 END
    THEN p.procost END AS cost,
  CASE WHEN p.proretset AND p.prorows <> 1000 THEN p.prorows END AS rows,
  NULLIF(p.prosupport, 0)::regproc AS support, p.proconfig AS _settings,
  (SELECT string_agg(format_type(u.t, NULL), ', ' ORDER BY u.n)
    FROM unnest(p.protrftypes) WITH ORDINALITY u (t, n)) AS transforms
FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
WHERE p.oid >= 16384 AND NOT (l.lanname = 'internal' AND p.prosrc IN ('range_constructor2',
  'range_constructor3', 'multirange_constructor0', 'multirange_constructor1', 'multirange_constructor2'))"
    );
    Query::new(Reading::Objects, sql)
}

fn aggregates() -> Query {
    Query::new(
        Reading::Parts,
        "SELECT 'pg_proc'::regclass::oid AS cls, a.aggfnoid::oid AS oid,
  CASE a.aggkind WHEN 'o' THEN 'ordered set' WHEN 'h' THEN 'hypothetical set' END AS variant,
  a.aggtransfn AS transition, format_type(a.aggtranstype, NULL) AS state,
  NULLIF(a.aggtransspace, 0) AS state_size, a.agginitval AS initial,
  NULLIF(a.aggfinalfn, 0)::regproc AS final,
  CASE WHEN a.aggfinalextra THEN 'yes' END AS final_extra,
  CASE WHEN a.aggfinalfn <> 0 THEN a.aggfinalmodify END AS final_modify,
  NULLIF(a.aggcombinefn, 0)::regproc AS combine, NULLIF(a.aggserialfn, 0)::regproc AS serialize,
  NULLIF(a.aggdeserialfn, 0)::regproc AS deserialize,
  NULLIF(a.aggmtransfn, 0)::regproc AS moving_transition,
  NULLIF(a.aggminvtransfn, 0)::regproc AS moving_inverse,
  CASE WHEN a.aggmtranstype <> 0 THEN format_type(a.aggmtranstype, NULL) END AS moving_state,
  NULLIF(a.aggmtransspace, 0) AS moving_state_size, a.aggminitval AS moving_initial,
  NULLIF(a.aggmfinalfn, 0)::regproc AS moving_final,
  CASE WHEN a.aggmfinalextra THEN 'yes' END AS moving_final_extra,
  CASE WHEN a.aggmfinalfn <> 0 THEN a.aggmfinalmodify END AS moving_final_modify,
  NULLIF(a.aggsortop, 0)::regoperator AS sort_operator
FROM pg_aggregate a WHERE a.aggfnoid >= 16384",
    )
}

fn operators() -> Query {
    Query::new(
        Reading::Objects,
        "SELECT 'operator' AS kind, o.tableoid AS cls, o.oid, o.oprnamespace AS ns,
  o.oprname || '(' || CASE WHEN o.oprleft = 0 THEN 'NONE' ELSE format_type(o.oprleft, NULL) END
    || ', ' || CASE WHEN o.oprright = 0 THEN 'NONE' ELSE format_type(o.oprright, NULL) END || ')' AS name,
  o.oprowner AS owner, o.oprcode AS function, format_type(o.oprresult, NULL) AS returns,
  NULLIF(o.oprcom, 0)::regoperator AS commutator, NULLIF(o.oprnegate, 0)::regoperator AS negator,
  NULLIF(o.oprrest, 0)::regproc AS restrict, NULLIF(o.oprjoin, 0)::regproc AS join,
  CASE WHEN o.oprcanmerge THEN 'yes' END AS merges,
  CASE WHEN o.oprcanhash THEN 'yes' END AS hashes
FROM pg_operator o WHERE o.oid >= 16384 AND o.oprcode <> 0",
    )
}

fn operator_families() -> Query {
    Query::new(
        Reading::Objects,
        "SELECT 'operator family' AS kind, f.tableoid AS cls, f.oid, f.opfnamespace AS ns,
  f.opfname || ' using ' || a.amname AS name, f.opfowner AS owner
FROM pg_opfamily f JOIN pg_am a ON a.oid = f.opfmethod WHERE f.oid >= 16384",
    )
}

fn operator_classes() -> Query {
    Query::new(
        Reading::Objects,
        "SELECT 'operator class' AS kind, c.tableoid AS cls, c.oid, c.opcnamespace AS ns,
  c.opcname || ' using ' || a.amname AS name, c.opcowner AS owner,
  format_type(c.opcintype, NULL) AS type, n.nspname || '.' || f.opfname AS family,
  CASE WHEN c.opcdefault THEN 'yes' END AS default,
  CASE WHEN c.opckeytype <> 0 THEN format_type(c.opckeytype, NULL) END AS storage
FROM pg_opclass c
JOIN pg_am a ON a.oid = c.opcmethod
JOIN pg_opfamily f ON f.oid = c.opcfamily
JOIN pg_namespace n ON n.oid = f.opfnamespace
WHERE c.oid >= 16384",
    )
}

/// Members of operator families that users made. Members that a user adds to a family of
/// PostgreSQL's own have an oid of theirs above the first user oid; they are counted as
/// unmodelled.
fn family_members() -> Query {
    Query::new(
        Reading::Lists,
        "SELECT * FROM (
SELECT 'pg_opfamily'::regclass::oid AS cls, o.amopfamily AS oid, 'operators' AS _attribute,
  format('%s %s%s', o.amopstrategy, o.amopopr::regoperator, CASE WHEN o.amopsortfamily <> 0
    THEN ' for order by ' || (SELECT opfname FROM pg_opfamily WHERE oid = o.amopsortfamily) END) AS _item
FROM pg_amop o WHERE o.amopfamily >= 16384
UNION ALL
SELECT 'pg_opfamily'::regclass::oid, p.amprocfamily, 'functions',
  format('%s (%s, %s) %s', p.amprocnum, p.amproclefttype::regtype, p.amprocrighttype::regtype,
    p.amproc::regprocedure)
FROM pg_amproc p WHERE p.amprocfamily >= 16384
) q ORDER BY oid, _attribute, _item COLLATE \"C\"",
    )
}

/// Casts, without the one that 14 and newer make from a range type to its multirange type.
fn casts() -> Query {
    Query::new(
        Reading::Objects,
        "SELECT 'cast' AS kind, c.tableoid AS cls, c.oid,
  format('%s as %s', format_type(c.castsource, NULL), format_type(c.casttarget, NULL)) AS name,
  CASE c.castmethod WHEN 'f' THEN 'function' WHEN 'i' THEN 'inout' ELSE 'binary' END AS method,
  NULLIF(c.castfunc, 0)::regprocedure AS function,
  CASE c.castcontext WHEN 'a' THEN 'assignment' WHEN 'i' THEN 'implicit' END AS context
FROM pg_cast c WHERE c.oid >= 16384 AND NOT EXISTS (SELECT FROM pg_depend d
  WHERE d.classid = 'pg_cast'::regclass AND d.objid = c.oid AND d.deptype = 'i')",
    )
}

fn conversions() -> Query {
    Query::new(
        Reading::Objects,
        "SELECT 'conversion' AS kind, c.tableoid AS cls, c.oid, c.connamespace AS ns,
  c.conname AS name, c.conowner AS owner, c.conproc AS function,
  pg_encoding_to_char(c.conforencoding) AS source, pg_encoding_to_char(c.contoencoding) AS target,
  CASE WHEN c.condefault THEN 'yes' END AS default
FROM pg_conversion c WHERE c.oid >= 16384",
    )
}
