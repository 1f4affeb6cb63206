//! What a live database tells about itself, as far as rules ask for it.
//!
//! Only catalogs and statistics views are read; row counts are the planner's estimates (manual
//! §29.1), rates are averages since the statistics were reset, and not known before a minute of
//! them is there.

use std::collections::BTreeMap;

use underpin_sql::context::{Blocker, Facts, IndexFacts, TableFacts};
use underpin_sql::model::Name;

use crate::error::{Code, Error, Result};
use crate::postgres::{Session, literal};

use super::predict::TableSize;

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct Observed {
    /// For the rules.
    pub facts: Facts,
    /// For predictions: sizes by the name that [`Facts`] uses.
    pub sizes: BTreeMap<String, TableSize>,
    /// Logical replication slots and publications, in words.
    pub replication: Vec<String>,
}

const TABLES: &str = "SELECT n.nspname, c.relname, \
    CASE WHEN c.reltuples < 0 THEN coalesce(s.n_live_tup, 0) ELSE c.reltuples END::bigint, \
    pg_table_size(c.oid), pg_total_relation_size(c.oid), \
    CASE WHEN since.seconds >= 60 THEN (coalesce(s.n_tup_ins, 0) + coalesce(s.n_tup_upd, 0) + coalesce(s.n_tup_del, 0)) / since.seconds END, \
    CASE WHEN since.seconds >= 60 THEN (coalesce(s.seq_scan, 0) + coalesce(s.idx_scan, 0)) / since.seconds END, \
    CASE WHEN c.relkind = 'p' THEN (SELECT count(*) - 1 FROM pg_partition_tree(c.oid)) END, \
    pg_has_role(c.relowner, 'USAGE') \
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
    LEFT JOIN pg_stat_all_tables s ON s.relid = c.oid, \
    (SELECT extract(epoch FROM now() - coalesce(d.stats_reset, pg_postmaster_start_time())) AS seconds \
     FROM pg_stat_database d WHERE d.datname = current_database()) AS since \
    WHERE c.relkind IN ('r', 'p', 'm', 'v', 'S', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'underpin') \
    AND n.nspname NOT LIKE 'pg\\_%'";

const INDEXES: &str = "SELECT n.nspname, c.relname, coalesce(s.idx_scan, 0), i.indisvalid AND i.indisready \
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
    LEFT JOIN pg_stat_all_indexes s ON s.indexrelid = c.oid \
    WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'underpin') AND n.nspname NOT LIKE 'pg\\_%'";

/// Transactions that have held a lock on a table of ours for longer than a second. The query's text
/// is left out: it may hold values.
const BLOCKERS: &str = "SELECT DISTINCT n.nspname, c.relname, a.pid, coalesce(a.state, 'background'), a.backend_type, \
    extract(epoch FROM now() - a.xact_start)::bigint, l.mode \
    FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid JOIN pg_class c ON c.oid = l.relation \
    JOIN pg_namespace n ON n.oid = c.relnamespace \
    WHERE l.granted AND l.locktype = 'relation' AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
    AND a.pid <> pg_backend_pid() AND a.xact_start < now() - interval '1 second' AND c.relkind IN ('r', 'p', 'm') \
    AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'underpin') AND n.nspname NOT LIKE 'pg\\_%' \
    UNION SELECT n.nspname, c.relname, NULL, 'prepared transaction', x.gid, extract(epoch FROM now() - x.prepared)::bigint, l.mode \
    FROM pg_prepared_xacts x JOIN pg_locks l ON l.virtualtransaction = '-1/' || x.transaction JOIN pg_class c ON c.oid = l.relation \
    JOIN pg_namespace n ON n.oid = c.relnamespace WHERE x.database = current_database() AND c.relkind IN ('r', 'p', 'm')";

const SERVER: &str = "SELECT (SELECT setting::bigint FROM pg_settings WHERE name = 'max_locks_per_transaction') * \
    (SELECT sum(setting::bigint) FROM pg_settings WHERE name IN ('max_connections', 'max_prepared_transactions')), \
    (SELECT count(*) FROM pg_stat_replication)";

const REPLICATION: &str = "SELECT 'replication slot ' || slot_name || CASE WHEN active THEN '' ELSE ' (inactive, keeps WAL)' END \
    FROM pg_replication_slots WHERE database IS NULL OR database = current_database() \
    UNION ALL SELECT 'publication ' || pubname FROM pg_publication ORDER BY 1";

/// Reads the figures of the database of `session`; names without a schema are in `schema`.
///
/// # Errors
/// UP-3103 when a catalog cannot be read, UP-1105.
pub async fn observe(session: &Session, schema: &str) -> Result<Observed> {
    let mut observed = Observed::default();
    let facts = &mut observed.facts;
    let mut relations = Vec::new();
    for row in rows(session, TABLES).await? {
        let key = key(schema, &row);
        relations.push(key.clone());
        let (count, heap, total) = (number(&row, 2), number(&row, 3), number(&row, 4));
        let table = TableFacts {
            rows: count,
            bytes: total,
            writes_per_second: real(&row, 5),
            reads_per_second: real(&row, 6),
            partitions: number(&row, 7),
        };
        facts.tables.insert(key.clone(), table);
        if text(&row, 8) == "f" {
            facts.not_owned.push(key.clone());
        }
        let size = TableSize { rows: count.unwrap_or(0), bytes: heap.unwrap_or(0) };
        observed.sizes.insert(key, size);
    }
    facts.relations = Some(relations);
    for row in rows(session, INDEXES).await? {
        let index = IndexFacts { scans: number(&row, 2), invalid: text(&row, 3) == "f" };
        facts.indexes.insert(key(schema, &row), index);
    }
    for row in rows(session, BLOCKERS).await? {
        let who = match number(&row, 2) {
            Some(pid) if text(&row, 4) == "client backend" => {
                format!("session {pid} ({})", text(&row, 3))
            }
            Some(pid) => format!("{} {pid}", text(&row, 4)),
            None => "a prepared transaction".to_owned(),
        };
        let seconds = number(&row, 5).unwrap_or(0);
        let what = format!("{who} has held {} for {seconds} s", text(&row, 6));
        facts.blockers.push(Blocker { table: key(schema, &row), what });
    }
    if let Some(row) = rows(session, SERVER).await?.first() {
        facts.lock_slots = number(row, 0);
        facts.replicas = number(row, 1).and_then(|n| u32::try_from(n).ok());
    }
    let extensions = rows(session, "SELECT name FROM pg_available_extensions").await?;
    facts.extensions = Some(extensions.iter().map(|row| text(row, 0).to_owned()).collect());
    let replication = rows(session, REPLICATION).await?;
    observed.replication = replication.iter().map(|row| text(row, 0).to_owned()).collect();
    Ok(observed)
}

/// The columns of a primary key that has one column of a type whose values tell nothing of a
/// person: an integer or a UUID.
///
/// # Errors
/// As [`observe`].
pub(super) async fn key_column(session: &Session, table: &str) -> Result<Option<String>> {
    let sql = format!(
        "SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] \
         WHERE i.indrelid = to_regclass({}) AND i.indisprimary AND i.indnatts = 1 \
         AND a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'uuid'::regtype)",
        literal(table)
    );
    let found = rows(session, &sql).await?;
    Ok(found.into_iter().next().and_then(|row| row.into_iter().next().flatten()))
}

async fn rows(session: &Session, sql: &str) -> Result<Vec<Vec<Option<String>>>> {
    session.rows(sql).await.map_err(|e| {
        let code = if e.connection_lost { Code::ConnectionLost } else { Code::CatalogUnreadable };
        Error::new(code, "the figures of the database cannot be read")
            .caused_by(&e)
            .sqlstate(e.sqlstate.as_deref())
            .hint("run the same command again")
    })
}

fn text(row: &[Option<String>], index: usize) -> &str {
    row.get(index).and_then(Option::as_deref).unwrap_or_default()
}

fn number(row: &[Option<String>], index: usize) -> Option<u64> {
    text(row, index).parse().ok()
}

fn real(row: &[Option<String>], index: usize) -> Option<f64> {
    text(row, index).parse().ok()
}

/// Schema and name as [`Facts`] writes them.
fn key(schema: &str, row: &[Option<String>]) -> String {
    let (own, name) = (text(row, 0), text(row, 1));
    match own == schema || own == "public" {
        true => Name::bare(name).to_string(),
        false => Name::qualified(own, name).to_string(),
    }
}
