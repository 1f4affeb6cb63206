//! The database that is backed up, as one exported snapshot sees it.
//!
//! Facts: in a snapshot that was taken before another session's TRUNCATE or rewriting ALTER TABLE, the
//! table reads as empty without an error (measured on 15 and 18; manual §13.6). So every table is
//! locked ACCESS SHARE, as `pg_dump` does, and afterwards asked whether it still is the one that the
//! snapshot saw. Row-level security would silently leave rows out, so it is switched off, which is an
//! error where a policy applies (manual, `row_security`). A sequence is no part of a snapshot, so it
//! is read before and after.

use std::collections::HashMap;

use super::content::qualified;
use super::inventory::Expected;
use super::manifest::{LastMigration, Origin};
use super::{large_object, query_failed};
use crate::catalog::{self, CatalogSnapshot};
use crate::error::{Code, Error, Result};
use crate::history::HistoryTable;
use crate::postgres::{ConnectionSettings, Queryable as _, Row, Session};

/// How often a snapshot is taken anew because a table was rewritten under it.
const SNAPSHOTS_MAX: usize = 3;
/// Tables locked, counted or read by one message.
const BATCH: usize = 200;
/// How long a table lock is waited for; `pg_dump` is given the same.
pub(super) const LOCK_TIMEOUT_MS: u64 = 10_000;

const BEGIN: &str = "SET row_security = off; SET statement_timeout = 0; \
SET idle_in_transaction_session_timeout = 0; SET lock_timeout = '10s'; \
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// Ordinary tables with rows of their own, as `pg_dump` dumps them: no temporary ones, none of an
/// extension or the system.
const TABLES: &str = "SELECT c.oid::text, n.nspname, c.relname, \
    pg_catalog.pg_table_size(c.oid)::text, \
    (SELECT s.n_tup_ins + s.n_tup_upd + s.n_tup_del FROM pg_catalog.pg_stat_all_tables s \
     WHERE s.relid = c.oid)::text \
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
  WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND c.oid >= 16384 \
    AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' \
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::regclass \
      AND d.objid = c.oid AND d.deptype = 'e') \
  ORDER BY n.nspname COLLATE \"C\", c.relname COLLATE \"C\"";

/// Everything to which `pg_dump` gives an entry of its own; see `pg_dump.c`, `getTables` and its
/// likes. What an extension brings, what the system makes for another object, and copies of
/// constraints on partitions are not.
const OBJECTS: &str = "WITH o(class, oid, name, ns) AS (\
  SELECT 'pg_class'::regclass, c.oid, 'relation ' || c.oid::regclass, c.relnamespace FROM pg_class c \
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND c.relpersistence <> 't' \
  UNION ALL SELECT 'pg_class'::regclass, i.indexrelid, 'index ' || i.indexrelid::regclass, c.relnamespace \
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indisvalid \
    AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x')) \
  UNION ALL SELECT 'pg_constraint'::regclass, k.oid, 'constraint ' || k.conname || ' of ' || k.conrelid::regclass, k.connamespace \
    FROM pg_constraint k WHERE k.conrelid <> 0 AND (k.contype IN ('p', 'u', 'x') OR k.contype = 'f' AND k.conparentid = 0) \
  UNION ALL SELECT 'pg_proc'::regclass, p.oid, 'routine ' || p.oid::regprocedure, p.pronamespace FROM pg_proc p \
  UNION ALL SELECT 'pg_trigger'::regclass, t.oid, 'trigger ' || t.tgname || ' of ' || t.tgrelid::regclass, c.relnamespace \
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal AND t.tgparentid = 0 \
  UNION ALL SELECT 'pg_type'::regclass, t.oid, 'type ' || t.oid::regtype, t.typnamespace FROM pg_type t \
    WHERE t.typtype IN ('d', 'e', 'r') \
  UNION ALL SELECT 'pg_extension'::regclass, e.oid, 'extension ' || e.extname, NULL FROM pg_extension e \
  UNION ALL SELECT 'pg_policy'::regclass, p.oid, 'policy ' || p.polname, c.relnamespace \
    FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid \
  UNION ALL SELECT 'pg_event_trigger'::regclass, e.oid, 'event trigger ' || e.evtname, NULL FROM pg_event_trigger e\
) SELECT o.class::oid::text, o.oid::text, o.name FROM o LEFT JOIN pg_namespace n ON n.oid = o.ns \
  WHERE o.oid >= 16384 AND coalesce(n.nspname !~ '^pg_' AND n.nspname <> 'information_schema', true) \
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = o.class AND d.objid = o.oid AND d.objsubid = 0 \
    AND (d.deptype = 'e' OR d.deptype = 'i' AND o.class IN ('pg_proc'::regclass, 'pg_type'::regclass)))";

/// A table of the snapshot.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub(super) oid: u64,
    pub(super) schema: String,
    pub(super) name: String,
    pub(super) size: u64,
    pub(super) writes: Option<u64>,
}

impl Table {
    pub(super) fn qualified(&self) -> String {
        qualified(&self.schema, &self.name)
    }
}

/// A session that holds a snapshot open, and what it sees.
pub(super) struct Source {
    session: Session,
    pub(super) origin: Origin,
    pub(super) catalog: CatalogSnapshot,
    pub(super) tables: Vec<Table>,
    pub(super) columns: HashMap<u64, Vec<String>>,
    pub(super) objects: Vec<Expected>,
    pub(super) last_migration: Option<LastMigration>,
    pub(super) large_objects: u64,
    /// The digest of their owners, rights and comments.
    pub(super) large_object_rights: String,
    pub(super) statements: Vec<String>,
    pub(super) taken: jiff::Timestamp,
}

impl Source {
    /// Connects, takes a snapshot, locks every table and reads what has to be known.
    ///
    /// # Errors
    /// UP-11xx, UP-6002.
    pub(super) async fn open(target: &ConnectionSettings) -> Result<Self> {
        let session = target.connect().await?;
        for _ in 0..SNAPSHOTS_MAX {
            session.simple_query(BEGIN).await.map_err(|e| failed("opening a snapshot", &e))?;
            let tables = tables(&session).await?;
            lock(&session, &tables).await?;
            if rewritten(&session).await? {
                session.simple_query("ROLLBACK").await.map_err(|e| failed("a snapshot", &e))?;
                continue;
            }
            return Self::read(session, target, tables).await;
        }
        Err(Error::new(
            Code::BackupFailed,
            format!("tables were rewritten under {SNAPSHOTS_MAX} snapshots in turn"),
        )
        .hint("run the same command again when the other migration or VACUUM FULL is done"))
    }

    async fn read(
        mut session: Session,
        target: &ConnectionSettings,
        tables: Vec<Table>,
    ) -> Result<Self> {
        let origin = origin(&session).await?;
        let tracked = catalog::read_inside(&mut session).await?;
        let columns = columns(&session).await?;
        let rows = session.rows(&format!("SET LOCAL search_path = pg_catalog; {OBJECTS}")).await;
        let rows = rows.map_err(|e| failed("reading the objects", &e))?;
        let objects = rows.into_iter().filter_map(expected).collect();
        // Reading a history that is not there is an error, which would end the snapshot.
        let savepoint = session.simple_query("SAVEPOINT history").await;
        savepoint.map_err(|e| failed("reading the history", &e))?;
        let history = HistoryTable::in_schema(target.schema()).read(&session).await?;
        let back = session.simple_query("ROLLBACK TO SAVEPOINT history").await;
        back.map_err(|e| failed("reading the history", &e))?;
        let last_migration = history.records.iter().rfind(|r| r.is_applied()).map(|record| {
            LastMigration { name: record.name.to_string(), checksum: record.checksum.clone() }
        });
        let count = session.value("SELECT count(*) FROM pg_catalog.pg_largeobject_metadata").await;
        let count = count.map_err(|e| failed("counting large objects", &e))?;
        let large_object_rights = large_object::rights(&session, Code::BackupFailed).await?;
        let statements = database_statements(&session).await?;
        Ok(Self {
            session,
            statements,
            origin,
            catalog: tracked.snapshot,
            tables,
            columns,
            objects,
            last_migration,
            large_object_rights,
            large_objects: count.and_then(|n| n.parse().ok()).unwrap_or(0),
            taken: jiff::Timestamp::now(),
        })
    }

    /// Rows of every table, by oid, counted by the server in the snapshot: a count that does not
    /// rest on the dump.
    ///
    /// # Errors
    /// UP-6002.
    pub(super) async fn count_rows(&self) -> Result<HashMap<u64, u64>> {
        let mut counts = HashMap::new();
        for batch in self.tables.chunks(BATCH) {
            let one = |table: &Table| {
                format!("SELECT '{}', count(*)::text FROM ONLY {}", table.oid, table.qualified())
            };
            let sql = batch.iter().map(one).collect::<Vec<_>>().join(" UNION ALL ");
            let rows = self.session.rows(&sql).await.map_err(|e| failed("counting rows", &e))?;
            for row in rows {
                if let [Some(oid), Some(count)] = row.as_slice()
                    && let (Ok(oid), Ok(count)) = (oid.parse(), count.parse())
                {
                    counts.insert(oid, count);
                }
            }
        }
        Ok(counts)
    }

    /// The positions of all sequences now, by schema and name.
    ///
    /// # Errors
    /// UP-6002.
    pub(super) async fn sequences(&self) -> Result<Vec<(String, String, Option<i64>)>> {
        sequences(&self.session).await.map_err(|e| failed("reading the sequences", &e))
    }

    /// Lets the snapshot and the locks go.
    pub(super) async fn close(self) {
        let _ended = self.session.simple_query("ROLLBACK").await;
    }
}

/// The positions of all sequences that are ours.
pub(super) async fn sequences(
    session: &Session,
) -> std::result::Result<Vec<(String, String, Option<i64>)>, crate::postgres::SqlError> {
    let sql = "SELECT schemaname, sequencename, last_value::text FROM pg_catalog.pg_sequences \
        ORDER BY schemaname COLLATE \"C\", sequencename COLLATE \"C\"";
    let rows = session.rows(sql).await?.into_iter();
    Ok(rows
        .filter_map(|row| {
            let mut values = row.into_iter();
            let (schema, name) = (values.next()??, values.next()??);
            Some((schema, name, values.next().flatten().and_then(|v| v.parse().ok())))
        })
        .collect())
}

fn failed(doing: &str, e: &crate::postgres::SqlError) -> Error {
    let error = query_failed(Code::BackupFailed, doing, e);
    match e.sqlstate.as_deref() {
        Some("42501") if e.message.contains("row-level security") => {
            error.hint("back up as a role that owns the tables or has BYPASSRLS")
        }
        Some("42501") => error.hint("give the role the right to read: GRANT pg_read_all_data TO …"),
        Some("55P03") => error.hint("another session holds a lock on a table; try again later"),
        Some("25006" | "55000") => error.hint("back up from the primary"),
        _ => error,
    }
}

async fn tables(session: &Session) -> Result<Vec<Table>> {
    let rows = session.rows(TABLES).await.map_err(|e| failed("listing the tables", &e))?;
    let table = |row: Row| {
        let mut values = row.into_iter();
        let (oid, schema, name, size) =
            (values.next()??, values.next()??, values.next()??, values.next()??);
        Some(Table {
            oid: oid.parse().ok()?,
            schema,
            name,
            size: size.parse().ok()?,
            writes: values.next().flatten().and_then(|v| v.parse().ok()),
        })
    };
    Ok(rows.into_iter().filter_map(table).collect())
}

async fn lock(session: &Session, tables: &[Table]) -> Result<()> {
    for batch in tables.chunks(BATCH) {
        let names = batch.iter().map(Table::qualified).collect::<Vec<_>>().join(", ");
        let sql = format!("LOCK TABLE ONLY {names} IN ACCESS SHARE MODE");
        session.simple_query(&sql).await.map_err(|e| failed("locking the tables", &e))?;
    }
    Ok(())
}

/// Whether a table has other files now than the snapshot says. `pg_class` is read in the snapshot,
/// `pg_relation_filenode` reads what is committed.
async fn rewritten(session: &Session) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.relkind IN ('r', 'm') \
        AND c.oid >= 16384 AND c.relpersistence <> 't' AND c.relfilenode <> 0 \
        AND pg_catalog.pg_relation_filenode(c.oid) IS DISTINCT FROM c.relfilenode)";
    let value = session.value(sql).await.map_err(|e| failed("checking the snapshot", &e))?;
    Ok(value.as_deref() == Some("t"))
}

async fn origin(session: &Session) -> Result<Origin> {
    let sql = "SELECT pg_catalog.pg_export_snapshot(), s.system_identifier::text, c.timeline_id::text, \
        pg_catalog.pg_current_wal_lsn()::text, d.datname, d.oid::text, \
        pg_catalog.pg_encoding_to_char(d.encoding), d.datcollate, d.datctype, \
        pg_catalog.pg_get_userbyid(d.datdba) \
        FROM pg_catalog.pg_control_system() s, pg_catalog.pg_control_checkpoint() c, \
        pg_catalog.pg_database d WHERE d.datname = current_database()";
    let rows = session.rows(sql).await.map_err(|e| failed("exporting the snapshot", &e))?;
    let mut values = rows.into_iter().next().unwrap_or_default().into_iter();
    let mut next = || values.next().flatten().unwrap_or_default();
    let (snapshot, system_identifier, timeline, lsn) = (next(), next(), next(), next());
    let (database, database_oid, encoding, collate) = (next(), next(), next(), next());
    let (ctype, owner) = (next(), next());
    let provider = provider(session).await?;
    let sql = "SELECT rolname FROM pg_catalog.pg_roles WHERE rolname !~ '^pg_' ORDER BY 1";
    let roles = session.rows(sql).await.map_err(|e| failed("reading the roles", &e))?;
    Ok(Origin {
        database,
        database_oid,
        server: session.version(),
        system_identifier,
        timeline,
        lsn,
        snapshot,
        encoding,
        collate,
        ctype,
        provider,
        owner,
        roles: roles.into_iter().filter_map(|row| row.into_iter().next().flatten()).collect(),
    })
}

/// ICU (since 15) or the built-in provider (since 17); `None` is the C library's.
async fn provider(session: &Session) -> Result<Option<(String, String)>> {
    let locale = match session.version().major() {
        ..=14 => return Ok(None),
        15 | 16 => "daticulocale",
        _ => "datlocale",
    };
    let sql = format!(
        "SELECT CASE datlocprovider WHEN 'i' THEN 'icu' ELSE 'builtin' END, {locale} \
         FROM pg_catalog.pg_database WHERE datname = current_database() AND datlocprovider <> 'c'"
    );
    let rows = session.rows(&sql).await.map_err(|e| failed("reading the locale", &e))?;
    Ok(rows.into_iter().next().and_then(|row| {
        let mut values = row.into_iter();
        Some((values.next()??, values.next()??))
    }))
}

/// What `pg_dump` leaves to `--create`: settings, rights, limit and comment of the database itself,
/// as statements in which `:database` stands for its name. Settings can hold secrets, so they stand
/// in a file of the backup and not in its manifest.
async fn database_statements(session: &Session) -> Result<Vec<String>> {
    let sql = "WITH d AS (SELECT * FROM pg_catalog.pg_database WHERE datname = current_database()), \
        s AS (SELECT setrole, split_part(c, '=', 1) AS k, substr(c, strpos(c, '=') + 1) AS v \
          FROM pg_catalog.pg_db_role_setting JOIN d ON setdatabase = d.oid, unnest(setconfig) c) \
        SELECT format(CASE setrole WHEN 0 THEN 'ALTER DATABASE :database' ELSE \
          format('ALTER ROLE %I IN DATABASE :database', pg_catalog.pg_get_userbyid(setrole)) END || ' SET %I TO %s', k, \
          CASE WHEN k IN ('search_path', 'temp_tablespaces', 'session_preload_libraries', 'local_preload_libraries') \
          THEN v ELSE quote_literal(v) END) FROM s \
        UNION ALL SELECT 'REVOKE ALL ON DATABASE :database FROM PUBLIC' FROM d WHERE datacl IS NOT NULL \
        UNION ALL SELECT format('GRANT %s ON DATABASE :database TO %s%s', a.privilege_type, \
          CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END, \
          CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END) FROM d, aclexplode(d.datacl) a \
          WHERE a.grantee <> d.datdba \
        UNION ALL SELECT format('ALTER DATABASE :database CONNECTION LIMIT %s', datconnlimit) FROM d WHERE datconnlimit >= 0 \
        UNION ALL SELECT format('COMMENT ON DATABASE :database IS %L', pg_catalog.shobj_description(d.oid, 'pg_database')) \
          FROM d WHERE pg_catalog.shobj_description(d.oid, 'pg_database') IS NOT NULL";
    let rows =
        session.rows(sql).await.map_err(|e| failed("reading the database's settings", &e))?;
    Ok(rows.into_iter().filter_map(|row| row.into_iter().next().flatten()).collect())
}

/// The columns of every table in the order of `COPY`, without generated ones (manual, COPY).
async fn columns(session: &Session) -> Result<HashMap<u64, Vec<String>>> {
    let sql = "SELECT a.attrelid::text, a.attname FROM pg_catalog.pg_attribute a \
        JOIN pg_catalog.pg_class c ON c.oid = a.attrelid WHERE c.relkind = 'r' AND c.oid >= 16384 \
        AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attrelid, a.attnum";
    let rows = session.rows(sql).await.map_err(|e| failed("reading the columns", &e))?;
    let mut columns: HashMap<u64, Vec<String>> = HashMap::new();
    for row in rows {
        if let [Some(oid), Some(name)] = row.as_slice()
            && let Ok(oid) = oid.parse()
        {
            columns.entry(oid).or_default().push(name.clone());
        }
    }
    Ok(columns)
}

fn expected(row: Row) -> Option<Expected> {
    let mut values = row.into_iter();
    let (class, oid, name) = (values.next()??, values.next()??, values.next()??);
    Some(Expected { class: class.parse().ok()?, oid: oid.parse().ok()?, name })
}
