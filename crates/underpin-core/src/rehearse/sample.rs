//! A copy that is no backup: the catalog by `pg_dump --schema-only`, and of the rows none or some.
//!
//! A sample is referentially closed: of every table some rows are taken, then the rows that their
//! foreign keys refer to, until nothing is missing (composite keys, references to the same table and
//! cycles alike). What is missing is found on the copy, so that the live database answers plain
//! reads by key only, all in one snapshot. Rows go through as COPY text, one at a time: not every
//! type has a binary form. Foreign keys, indexes and triggers are made after the rows.

use std::collections::HashSet;
use std::ffi::OsString;
use std::path::Path;
use std::time::Instant;

use crate::backup::{PROGRESS_PAUSE, Step, Tell};
use crate::error::{Code, Error, Result};
use crate::execute::Stop;
use crate::postgres::clients::{ClientTools, Ended};
use crate::postgres::{ConnectionSettings, Session, SqlError, identifier, literal};

/// Keys asked for by one query.
const KEYS: u64 = 1000;
/// Rounds over all foreign keys before what is open is left out: a chain of rows needs one for each
/// of its links.
const ROUNDS_MAX: usize = 1000;

/// One snapshot of the live database, which is only read. Text forms as `pg_dump` sets them.
const BEGIN: &str = "SET row_security = off; SET statement_timeout = 0; \
SET idle_in_transaction_session_timeout = 0; SET lock_timeout = '10s'; SET datestyle = ISO; \
SET intervalstyle = postgres; SET extra_float_digits = 3; SET timezone = 'UTC'; \
SET search_path = ''; BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
/// The same text forms where the rows arrive.
const RECEIVE: &str = "SET row_security = off; SET statement_timeout = 0; SET datestyle = ISO; \
SET intervalstyle = postgres; SET extra_float_digits = 3; SET timezone = 'UTC'; SET search_path = ''";

/// Tables with rows of their own; whether they are the tool's own bookkeeping; their columns but
/// generated ones; bytes of a row on average; the leaves beside a partition.
const TABLES: &str = "SELECT n.nspname, c.relname, n.nspname = 'underpin' OR c.relname = '_prisma_migrations', \
    (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_catalog.pg_attribute a \
     WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''), \
    CASE WHEN c.reltuples > 0 THEN (pg_catalog.pg_table_size(c.oid) / c.reltuples)::bigint ELSE 0 END, \
    greatest(c.reltuples, 0)::bigint, \
    CASE WHEN c.relispartition THEN (SELECT count(*) FROM pg_catalog.pg_inherits i, pg_catalog.pg_inherits o \
      WHERE o.inhrelid = c.oid AND i.inhparent = o.inhparent) ELSE 1 END \
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
  WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND c.oid >= 16384 \
    AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' \
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass \
      AND d.objid = c.oid AND d.deptype = 'e') \
  ORDER BY pg_catalog.pg_table_size(c.oid), n.nspname COLLATE \"C\", c.relname COLLATE \"C\"";

/// Foreign keys; those of partitions are copies of their parent's.
const FOREIGN_KEYS: &str = "SELECT cn.nspname, c.relname, c.relkind, pn.nspname, p.relname, p.relkind, k.convalidated, \
    (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), E'\\x01' ORDER BY u.o) FROM unnest(k.conkey) WITH ORDINALITY u(n, o) \
      JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.n), \
    (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), E'\\x01' ORDER BY u.o) FROM unnest(k.confkey) WITH ORDINALITY u(n, o) \
      JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.n), \
    (SELECT pg_catalog.string_agg(pg_catalog.format_type(a.atttypid, a.atttypmod), E'\\x01' ORDER BY u.o) FROM unnest(k.confkey) WITH ORDINALITY u(n, o) \
      JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.n), \
    (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_catalog.pg_attribute a \
     WHERE a.attrelid = p.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '') \
  FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid \
  JOIN pg_catalog.pg_namespace cn ON cn.oid = c.relnamespace JOIN pg_catalog.pg_class p ON p.oid = k.confrelid \
  JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace \
  WHERE k.contype = 'f' AND k.conparentid = 0 ORDER BY 1, 2, k.conname";

/// What the role may not read, and why.
const FORBIDDEN: &str = "SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname), \
    CASE WHEN NOT pg_catalog.has_schema_privilege(n.oid, 'USAGE') THEN 'schema' \
      WHEN NOT pg_catalog.has_table_privilege(c.oid, 'SELECT') THEN 'table' ELSE 'rows' END \
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
  WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND c.oid >= 16384 \
    AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' \
    AND (NOT pg_catalog.has_schema_privilege(n.oid, 'USAGE') OR NOT pg_catalog.has_table_privilege(c.oid, 'SELECT') \
      OR pg_catalog.row_security_active(c.oid)) ORDER BY 1 LIMIT 21";

/// The bounds of a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Rows of each table, besides those that others refer to.
    pub rows: u64,
    /// Bytes in all, as COPY text.
    pub bytes: u64,
}

/// Which rows are copied. Those of the history and of our own tables always are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// None.
    None,
    /// Some of every table.
    Sample(Limits),
}

/// What was copied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sampled {
    /// When the snapshot was taken, RFC 3339.
    pub taken_at: String,
    /// Rows of the application.
    pub rows: u64,
    /// Their bytes as COPY text.
    pub bytes: u64,
    /// What there was no room for, in words.
    pub left_out: Vec<String>,
}

/// From where to where, and with what.
#[derive(Clone, Copy)]
pub struct Way<'a> {
    /// The live database.
    pub live: &'a ConnectionSettings,
    /// The empty copy, as superuser.
    pub copy: &'a ConnectionSettings,
    /// A folder for the catalog's dump, which goes with the copy.
    pub folder: &'a Path,
    /// `pg_dump` and `pg_restore`.
    pub clients: &'a ClientTools,
    /// A request to stop.
    pub stop: &'a Stop,
}

/// Copies the catalog and `rows` of them. The live database is only read, in one snapshot.
///
/// # Errors
/// UP-6103 where the role may not read, UP-6102 with the words of the server or the tool, UP-6001,
/// UP-4005, UP-1105.
pub async fn copy_rows(way: &Way<'_>, rows: Rows, tell: Tell<'_>) -> Result<Sampled> {
    let live = way.live.connect().await?;
    live.simple_query(BEGIN).await.map_err(|e| failed("opening a snapshot", &e))?;
    refuse_forbidden(&live, way.live.user()).await?;
    let snapshot = live.value("SELECT pg_catalog.pg_export_snapshot()").await;
    let snapshot = snapshot.map_err(|e| failed("exporting a snapshot", &e))?.unwrap_or_default();
    let taken_at = jiff::Timestamp::now().to_string();
    tell(Step::Begun("catalog"));
    let copy = way.copy.connect().await?;
    make_roles(&live, &copy).await?;
    way.dump(&snapshot).await?;
    way.restore("pre-data").await?;
    copy.simple_query(RECEIVE).await.map_err(|e| failed("preparing the copy", &e))?;
    tell(Step::Begun("sample"));
    let room = match rows {
        Rows::None => 0,
        Rows::Sample(limits) => limits.bytes,
    };
    let sampled = Sampled { taken_at, ..Sampled::default() };
    let mut pump = Pump { live: &live, copy: &copy, room, sampled, tell, told: Instant::now() };
    let tables = tables(&live).await?;
    for table in tables.iter().filter(|table| table.is_ours) {
        pump.whole(table).await?;
    }
    if let Rows::Sample(limits) = rows {
        let of = tables.iter().filter(|table| !table.is_ours).count() as u64;
        for (done, table) in (0..).zip(tables.iter().filter(|table| !table.is_ours)) {
            (pump.tell)(Step::Tables { phase: "sample", done, of });
            pump.some(table, limits.rows).await?;
        }
        pump.close().await?;
    }
    let sampled = pump.sampled;
    set_sequences(&live, &copy).await?;
    let _ended = live.simple_query("ROLLBACK").await;
    drop(live);
    way.restore("post-data").await?;
    if matches!(rows, Rows::Sample(_)) {
        refresh(&copy).await?;
    }
    Ok(sampled)
}

impl Way<'_> {
    async fn dump(&self, snapshot: &str) -> Result<()> {
        let arguments: Vec<OsString> = vec![
            "--format=custom".into(),
            "--schema-only".into(),
            format!("--snapshot={snapshot}").into(),
            "--lock-wait-timeout=10000".into(),
            "--no-password".into(),
            "--file".into(),
            self.folder.join("schema.dump").into(),
        ];
        let mut stop = self.stop.clone();
        let ended =
            self.clients.run("pg_dump", arguments, Some(self.live), stop.requested()).await?;
        ended_well("pg_dump", ended)
    }

    async fn restore(&self, section: &str) -> Result<()> {
        let arguments: Vec<OsString> = vec![
            format!("--section={section}").into(),
            "--no-tablespaces".into(),
            "--no-subscriptions".into(),
            "--no-password".into(),
            "--dbname".into(),
            self.copy.database().into(),
            self.folder.join("schema.dump").into(),
        ];
        let mut stop = self.stop.clone();
        let mut ended =
            self.clients.run("pg_restore", arguments, Some(self.copy), stop.requested()).await?;
        // A newer tool sets what an older server does not know, and counts that in its last line.
        ended
            .messages
            .retain(|line| line.starts_with("error:") && !line.contains("\"transaction_timeout\""));
        ended.success |= ended.messages.is_empty() && ended.code == Some(1);
        ended_well("pg_restore", ended)
    }
}

fn ended_well(program: &str, ended: Ended) -> Result<()> {
    if ended.stopped {
        return Err(crate::backup::interrupted("the copy"));
    }
    if ended.success {
        return Ok(());
    }
    let said = ended.messages.join("\n");
    let error = match said.contains("permission denied") {
        true => {
            Error::new(Code::CopyDenied, "the role may not read everything that the copy needs")
        }
        false => Error::new(Code::CopyFailed, format!("{program} could not make the copy")),
    };
    let error = error.details(ended.messages.into_iter().take(10));
    Err(match said.contains("extension") {
        true => error.hint("give server binaries that have it: --pg-bin FOLDER"),
        false => error,
    })
}

fn failed(doing: &str, e: &SqlError) -> Error {
    let code = match e.sqlstate.as_deref() {
        _ if e.connection_lost => Code::ConnectionLost,
        Some("42501") => Code::CopyDenied,
        _ => Code::CopyFailed,
    };
    let error =
        Error::new(code, format!("{doing} failed")).caused_by(e).sqlstate(e.sqlstate.as_deref());
    match e.sqlstate.as_deref() {
        Some("55P03") => error.hint("another session holds a lock on a table; try again later"),
        Some("25006" | "55000") => error.hint("rehearse from the primary, or --from backup"),
        _ if e.connection_lost => error.hint("run the same command again"),
        _ => error,
    }
}

/// Says exactly what is missing, before anything is begun.
async fn refuse_forbidden(live: &Session, role: &str) -> Result<()> {
    let rows = live.rows(FORBIDDEN).await.map_err(|e| failed("looking at the rights", &e))?;
    let role = identifier(role);
    let lines: Vec<String> = rows
        .iter()
        .filter_map(|row| {
            let [Some(table), Some(why)] = row.as_slice() else { return None };
            Some(match why.as_str() {
                "schema" => format!("{table}: no USAGE on its schema"),
                "table" => format!("{table}: no SELECT"),
                _ => format!("{table}: row-level security hides rows from {role}"),
            })
        })
        .collect();
    let hides = lines.iter().any(|line| line.contains("row-level"));
    if lines.is_empty() {
        return Ok(());
    }
    let words = format!("the role {role} may not read everything that the copy needs");
    let error = Error::new(Code::CopyDenied, words).details(lines);
    Err(match hides {
        true => error.hint(format!("as a superuser: ALTER ROLE {role} BYPASSRLS")),
        false => error.hint(format!("from PostgreSQL 14 on: GRANT pg_read_all_data TO {role}")),
    }
    .hint("or rehearse on a backup that another role has made: underpin rehearse --from backup"))
}

async fn make_roles(live: &Session, copy: &Session) -> Result<()> {
    let sql = "SELECT rolname FROM pg_catalog.pg_roles WHERE rolname !~ '^pg_' ORDER BY 1";
    let rows = live.rows(sql).await.map_err(|e| failed("reading the roles", &e))?;
    for name in rows.into_iter().flatten().flatten() {
        // `postgres` is there.
        let _exists = copy.simple_query(&format!("CREATE ROLE {}", identifier(&name))).await;
    }
    Ok(())
}

/// Positions are no rows, and `--schema-only` leaves them out.
async fn set_sequences(live: &Session, copy: &Session) -> Result<()> {
    let sql = "SELECT pg_catalog.quote_ident(schemaname) || '.' || pg_catalog.quote_ident(sequencename), last_value::text \
        FROM pg_catalog.pg_sequences WHERE last_value IS NOT NULL";
    let rows = live.rows(sql).await.map_err(|e| failed("reading the sequences", &e))?;
    for row in rows {
        let [Some(name), Some(value)] = row.as_slice() else { continue };
        let sql = format!("SELECT pg_catalog.setval({}, {value})", literal(name));
        copy.simple_query(&sql).await.map_err(|e| failed("setting a sequence", &e))?;
    }
    Ok(())
}

/// A materialized view comes without its rows. One may read another, so again while that helps; one
/// that cannot be filled from a sample stays empty.
async fn refresh(copy: &Session) -> Result<()> {
    let sql = "SELECT c.oid::pg_catalog.regclass::text FROM pg_catalog.pg_class c \
        WHERE c.relkind = 'm' AND NOT c.relispopulated ORDER BY c.oid";
    let mut last = usize::MAX;
    loop {
        let rows = copy.rows(sql).await.map_err(|e| failed("listing materialized views", &e))?;
        if rows.is_empty() || rows.len() >= last {
            return Ok(());
        }
        last = rows.len();
        for name in rows.into_iter().flatten().flatten() {
            let _not_yet = copy.simple_query(&format!("REFRESH MATERIALIZED VIEW {name}")).await;
        }
    }
}

struct Table {
    name: String,
    is_ours: bool,
    columns: String,
    width: u64,
    rows: u64,
    leaves: u64,
}

async fn tables(live: &Session) -> Result<Vec<Table>> {
    let rows = live.rows(TABLES).await.map_err(|e| failed("listing the tables", &e))?;
    let table = |row: Vec<Option<String>>| {
        let mut fields = row.into_iter().map(Option::unwrap_or_default);
        let (schema, name) = (fields.next()?, fields.next()?);
        Some(Table {
            name: format!("{}.{}", identifier(&schema), identifier(&name)),
            is_ours: fields.next()? == "t",
            columns: fields.next()?,
            width: fields.next()?.parse().unwrap_or(0),
            rows: fields.next()?.parse().unwrap_or(0),
            leaves: fields.next()?.parse().unwrap_or(1),
        })
    };
    Ok(rows.into_iter().filter_map(table).collect())
}

/// A foreign key, its names ready for SQL.
struct ForeignKey {
    child: String,
    child_from: String,
    parent: String,
    parent_from: String,
    is_validated: bool,
    keys: Vec<String>,
    refers_to: Vec<String>,
    types: Vec<String>,
    parent_columns: String,
}

async fn foreign_keys(live: &Session) -> Result<Vec<ForeignKey>> {
    let rows = live.rows(FOREIGN_KEYS).await.map_err(|e| failed("listing foreign keys", &e))?;
    let list = |text: String| text.split('\u{1}').map(str::to_owned).collect::<Vec<_>>();
    // Of a table with children of its own only its own rows; a partitioned one has none.
    let from = |name: &str, kind: &str| match kind {
        "p" => name.to_owned(),
        _ => format!("ONLY {name}"),
    };
    let key = |row: Vec<Option<String>>| {
        let mut fields = row.into_iter().map(Option::unwrap_or_default);
        let mut name = || {
            let (schema, name) = (fields.next()?, fields.next()?);
            let name = format!("{}.{}", identifier(&schema), identifier(&name));
            Some((name.clone(), from(&name, &fields.next()?)))
        };
        let (child, child_from) = name()?;
        let (parent, parent_from) = name()?;
        Some(ForeignKey {
            child,
            child_from,
            parent,
            parent_from,
            is_validated: fields.next()? == "t",
            keys: list(fields.next()?),
            refers_to: list(fields.next()?),
            types: list(fields.next()?),
            parent_columns: fields.next()?,
        })
    };
    Ok(rows.into_iter().filter_map(key).collect())
}

impl ForeignKey {
    /// Rows of the child on the copy whose parent is not there.
    fn orphans(&self) -> String {
        let present = self.keys.iter().map(|key| format!("c.{key} IS NOT NULL"));
        let equal = self.keys.iter().zip(&self.refers_to).map(|(k, r)| format!("p.{r} = c.{k}"));
        format!(
            "{} AND NOT EXISTS (SELECT FROM {} p WHERE {})",
            present.collect::<Vec<_>>().join(" AND "),
            self.parent_from,
            equal.collect::<Vec<_>>().join(" AND ")
        )
    }

    /// The parents of some orphans, to be asked of the live database.
    fn parents(&self, keys: &[Vec<Option<String>>]) -> String {
        let one = |row: &Vec<Option<String>>| {
            let cast = |(value, of): (&Option<String>, &String)| {
                format!("CAST({} AS {of})", literal(value.as_deref().unwrap_or_default()))
            };
            format!("({})", row.iter().zip(&self.types).map(cast).collect::<Vec<_>>().join(", "))
        };
        format!(
            "SELECT {} FROM {} WHERE ({}) IN (VALUES {})",
            self.parent_columns,
            self.parent_from,
            self.refers_to.join(", "),
            keys.iter().map(one).collect::<Vec<_>>().join(", ")
        )
    }
}

/// Moves rows.
struct Pump<'a, 'b> {
    live: &'a Session,
    copy: &'a Session,
    /// Bytes that may still be copied.
    room: u64,
    sampled: Sampled,
    tell: Tell<'b>,
    told: Instant,
}

impl Pump<'_, '_> {
    /// Copies what `query` gives into a table. Gives the rows.
    async fn copy(&mut self, query: &str, table: &str, columns: &str, room: u64) -> Result<u64> {
        let out = format!("COPY ({query}) TO STDOUT");
        let list = if columns.is_empty() { String::new() } else { format!(" ({columns})") };
        let into = format!("COPY {table}{list} FROM STDIN");
        let moved = self.live.copy_into(&out, self.copy, &into, room).await;
        let moved = moved.map_err(|e| failed(&format!("copying rows of {table}"), &e))?;
        self.sampled.bytes += moved.bytes;
        self.room = self.room.saturating_sub(moved.bytes);
        if self.told.elapsed() >= PROGRESS_PAUSE {
            self.told = Instant::now();
            let bytes = self.sampled.bytes;
            (self.tell)(Step::Progress { phase: "sample", bytes, of: None });
        }
        Ok(moved.rows)
    }

    async fn whole(&mut self, table: &Table) -> Result<()> {
        let query = format!("SELECT {} FROM ONLY {}", table.columns, table.name);
        let (room, bytes) = (self.room, self.sampled.bytes);
        self.copy(&query, &table.name, &table.columns, u64::MAX).await?;
        // The bookkeeping is no part of the sample.
        (self.room, self.sampled.bytes) = (room, bytes);
        Ok(())
    }

    /// Some rows, from all over the table where it is much larger than that.
    async fn some(&mut self, table: &Table, rows: u64) -> Result<()> {
        let fits = self.room.checked_div(table.width).unwrap_or(u64::MAX);
        let wanted = (rows / table.leaves.max(1)).max(1).min(fits);
        if self.room == 0 || wanted == 0 {
            self.sampled.left_out.push(format!("{}: no row, the limit is reached", table.name));
            return Ok(());
        }
        let select = format!("SELECT {} FROM ONLY {}", table.columns, table.name);
        let first = format!("{select} LIMIT {wanted}");
        let mut copied = 0;
        if table.rows > wanted.saturating_mul(3) {
            #[allow(clippy::cast_precision_loss)] // A share, not a count.
            let share = (wanted as f64 / table.rows as f64 * 150.0).min(100.0);
            let spread =
                format!("{select} TABLESAMPLE SYSTEM ({share:.6}) REPEATABLE (1) LIMIT {wanted}");
            copied = self.copy(&spread, &table.name, &table.columns, self.room).await?;
        }
        if copied == 0 {
            copied = self.copy(&first, &table.name, &table.columns, self.room).await?;
        }
        self.sampled.rows += copied;
        Ok(())
    }

    /// Brings what the rows refer to. What does not fit takes the rows that need it with it.
    async fn close(&mut self) -> Result<()> {
        let keys = foreign_keys(self.live).await?;
        let mut without = HashSet::new();
        for _ in 0..ROUNDS_MAX {
            let mut moved = 0;
            for (index, key) in keys.iter().enumerate() {
                if self.room > 0 && !without.contains(&index) {
                    let found = self.bring(key).await?;
                    moved += found.unwrap_or(0);
                    if found.is_none() {
                        without.insert(index);
                    }
                }
            }
            if moved == 0 {
                break;
            }
        }
        self.prune(&keys).await
    }

    /// Parents of at most [`KEYS`] orphans; `None` when the live database has none of them, which
    /// a foreign key that is not validated allows.
    async fn bring(&mut self, key: &ForeignKey) -> Result<Option<u64>> {
        let columns: Vec<String> = key.keys.iter().map(|name| format!("c.{name}")).collect();
        let sql = format!(
            "SELECT DISTINCT {} FROM {} c WHERE {} LIMIT {KEYS}",
            columns.join(", "),
            key.child_from,
            key.orphans()
        );
        let wanted = self.copy.rows(&sql).await.map_err(|e| failed("closing the sample", &e))?;
        if wanted.is_empty() {
            return Ok(Some(0));
        }
        let query = key.parents(&wanted);
        let moved = self.copy(&query, &key.parent, &key.parent_columns, self.room).await?;
        self.sampled.rows += moved;
        Ok((moved > 0).then_some(moved))
    }

    /// Takes rows away that refer to what is not there, until none is left.
    async fn prune(&mut self, keys: &[ForeignKey]) -> Result<()> {
        loop {
            let mut gone = 0;
            for key in keys.iter().filter(|key| key.is_validated) {
                let sql = format!("DELETE FROM {} c WHERE {}", key.child_from, key.orphans());
                let sets = self.copy.simple_query(&sql).await;
                let sets = sets.map_err(|e| failed("closing the sample", &e))?;
                let rows = sets.first().map_or(0, |set| set.affected);
                if rows > 0 {
                    let what = format!("{rows} rows of {}: their parents are not in it", key.child);
                    self.sampled.left_out.push(what);
                }
                self.sampled.rows = self.sampled.rows.saturating_sub(rows);
                gone += rows;
            }
            if gone == 0 {
                return Ok(());
            }
        }
    }
}
