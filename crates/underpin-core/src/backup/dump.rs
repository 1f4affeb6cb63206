//! Making a backup: one snapshot, `pg_dump` on it, everything read back, the manifest, the name.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::content::{self, Hashed, RowDigest, TableContent};
use super::files;
use super::inventory::Inventory;
use super::large_object::{self, LargeObjects};
use super::manifest::{
    Compressor, FORMAT, FileEntry, Inventory as Inventoried, Manifest, Proof, SequenceState, Tool,
};
use super::seal::Seal;
use super::source::{LOCK_TIMEOUT_MS, Source, Table};
use super::store::{Partial, Store};
use super::{
    BackupName, Drill, Level, PROGRESS_PAUSE, Step, Tell, Tools, check, encryption, interrupted,
};
use crate::error::{Code, Error, Result};
use crate::postgres::ConnectionSettings;
use crate::postgres::clients::{ClientTools, Ended};

/// The folder of `pg_dump -Fd` in a backup.
pub(super) const DUMP: &str = "dump";
/// All facts of the catalog.
pub(super) const CATALOG: &str = "catalog.json";
/// Settings and rights of the database itself, as statements.
pub(super) const DATABASE: &str = "database.json";

/// What is wanted.
#[derive(Debug, Clone)]
pub struct Request {
    /// What people call the database: `prod`.
    pub environment: String,
    /// Why: `manual`, `before_20260214145320`.
    pub reason: String,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// Never removed by `prune`.
    pub pinned: bool,
    /// How far it is to be proven; at least 3.
    pub level: Level,
}

/// [`create_drilled`] without a drill: up to level 5.
///
/// # Errors
/// As [`create_drilled`].
pub async fn create(
    target: &ConnectionSettings,
    tools: &Tools,
    request: &Request,
    tell: Tell<'_>,
) -> Result<(BackupName, Manifest)> {
    create_drilled(target, tools, request, None, tell).await
}

/// Makes a backup and proves it up to level 3, which costs one reading of what was written; and further, where
/// that is asked for. What is encrypted is proven before, because nobody here may be able to read it
/// afterwards.
///
/// # Errors
/// UP-6001 and UP-6021 before anything is begun, UP-6002, UP-6003, UP-6005 to UP-6007, UP-6012, UP-4005, UP-11xx:
/// of the attempt nothing is left. Those of [`super::check_drilled`] beyond level 3: the backup is there, and
/// its manifest says what came of it.
pub async fn create_drilled(
    target: &ConnectionSettings,
    tools: &Tools,
    request: &Request,
    drill: Option<Drill<'_>>,
    tell: Tell<'_>,
) -> Result<(BackupName, Manifest)> {
    tools.encryption.require()?;
    let server = target.connect().await?;
    let clients = {
        use crate::postgres::Queryable as _;
        ClientTools::for_server(server.version(), &tools.scratch.places)?
    };
    drop(server);
    let store = Store::new(tools.folder.clone(), tools.key.clone());
    let source = super::or_stopped(tools, "the dump", Source::open(target)).await?;
    let name = BackupName::new(&request.environment, source.taken, &request.reason);
    let compressor = match clients.compresses_with_zstd() {
        true => Compressor::PgDump,
        false => Compressor::Underpin,
    };
    check_room(&store, &source.tables, compressor)?;
    let partial = store.begin(&name)?;
    let begun = Instant::now();
    tell(Step::Begun("dump"));
    let draft = Draft { target, tools, clients: &clients, compressor, partial: &partial };
    let dumped = draft.dump(source, tell).await?;
    let mut manifest = draft.manifest(request, &dumped, begun.elapsed());
    draft.prove(&mut manifest, &dumped, tell).await?;
    let further = request.level > Level::Decodable;
    let mut unproven = None;
    if tools.encryption.is_on() {
        let folder = partial.folder();
        if further {
            let (level, manifest) = (request.level, &mut manifest);
            let check = check::check_unnamed(tools, folder, manifest, level, drill, tell);
            match Box::pin(check).await {
                Err(error) if error.code() == Code::Interrupted => return Err(error),
                checked => unproven = checked.err(),
            }
        }
        let recipients = tools.encryption.names();
        let work = encryption::encrypt(tools, folder, &recipients, manifest, tell);
        let (encrypted, words) = Box::pin(work).await?;
        manifest = encrypted;
        manifest.proofs.iter_mut().for_each(|proof| proof.evidence += &words);
    }
    manifest.finished_at = jiff::Timestamp::now().to_string();
    let name = partial.name().clone();
    partial.finish(&manifest, tools.key.as_ref()).map_err(|e| not_written(&e))?;
    if let Some(error) = unproven {
        return Err(error);
    }
    if further && !tools.encryption.is_on() {
        let work = check::check_drilled(tools, &name, request.level, drill, tell);
        return Ok((name.clone(), Box::pin(work).await?));
    }
    Ok((name.clone(), store.read(&name)?))
}

/// A backup under way.
struct Draft<'a> {
    target: &'a ConnectionSettings,
    tools: &'a Tools,
    clients: &'a ClientTools,
    compressor: Compressor,
    partial: &'a Partial,
}

/// What is known when `pg_dump` has ended.
struct Dumped {
    source: SourceFacts,
    /// Rows by oid, as the server counted them.
    counts: HashMap<u64, u64>,
    sequences: Vec<SequenceState>,
}

/// The source after its session is gone.
struct SourceFacts {
    origin: super::manifest::Origin,
    fingerprint: String,
    facts: usize,
    tables: Vec<Table>,
    columns: HashMap<u64, Vec<String>>,
    objects: Vec<super::inventory::Expected>,
    last_migration: Option<super::manifest::LastMigration>,
    large_objects: u64,
    large_object_rights: String,
    taken: jiff::Timestamp,
}

impl Draft<'_> {
    fn folder(&self) -> PathBuf {
        self.partial.folder().join(DUMP)
    }

    /// Runs `pg_dump` in the snapshot, while the server counts the rows. The snapshot is gone
    /// afterwards.
    async fn dump(&self, source: Source, tell: Tell<'_>) -> Result<Dumped> {
        let before = source.sequences().await?;
        let mut stop = self.tools.stop.clone();
        let arguments = self.arguments(&source.origin);
        let counts = {
            let run = self.clients.run("pg_dump", arguments, Some(self.target), stop.requested());
            let run = async { check_ended(&run.await?) };
            let of = source.tables.iter().map(|table| table.size).sum();
            // What fails first ends the other.
            let both = async { tokio::try_join!(run, source.count_rows()) };
            tokio::pin!(both);
            let mut tick = tokio::time::interval(PROGRESS_PAUSE);
            tick.tick().await;
            loop {
                tokio::select! {
                    done = &mut both => break done?.1,
                    _ = tick.tick() => {
                        let bytes = files::bytes_below(&self.folder());
                        tell(Step::Progress { phase: "dump", bytes, of: Some(of) });
                        let found = files::files(&self.folder()).unwrap_or_default();
                        let data = found.iter().filter(|f| data_file_number(f).is_some());
                        let (done, of) = (data.count() as u64, source.tables.len() as u64);
                        tell(Step::Tables { phase: "dump", done, of });
                    }
                }
            }
        };
        let after = source.sequences().await?;
        self.write("catalog", CATALOG, &serde_json::to_vec(&source.catalog))?;
        self.write("settings", DATABASE, &serde_json::to_vec(&source.statements))?;
        let facts = SourceFacts {
            origin: source.origin.clone(),
            fingerprint: source.catalog.fingerprint().to_string(),
            facts: source.catalog.len(),
            tables: source.tables.clone(),
            columns: source.columns.clone(),
            objects: source.objects.clone(),
            last_migration: source.last_migration.clone(),
            large_objects: source.large_objects,
            large_object_rights: source.large_object_rights.clone(),
            taken: source.taken,
        };
        source.close().await;
        Ok(Dumped { source: facts, counts, sequences: sequences(before, &after) })
    }

    fn arguments(&self, origin: &super::manifest::Origin) -> Vec<OsString> {
        let mut arguments: Vec<OsString> = vec![
            "--format=directory".into(),
            format!("--jobs={}", self.tools.jobs.max(1)).into(),
            format!("--snapshot={}", origin.snapshot).into(),
            format!("--lock-wait-timeout={LOCK_TIMEOUT_MS}").into(),
            // We ask the disk ourselves, when everything is in place.
            "--no-sync".into(),
            "--no-password".into(),
            "--file".into(),
            self.folder().into(),
        ];
        // All else is dumped as UTF-8; bytes of SQL_ASCII may be none (manual, 24.3.4).
        if origin.encoding == "SQL_ASCII" {
            arguments.push("--encoding=SQL_ASCII".into());
        }
        arguments.push(match self.compressor {
            Compressor::PgDump => "--compress=zstd:1".into(),
            Compressor::Underpin => "--compress=0".into(),
        });
        arguments
    }

    fn write(
        &self,
        what: &str,
        file: &str,
        bytes: &std::result::Result<Vec<u8>, serde_json::Error>,
    ) -> Result<()> {
        let bytes = bytes.as_ref().map_err(|e| {
            Error::new(Code::Internal, format!("the {what} could not be serialised")).caused_by(e)
        })?;
        std::fs::write(self.partial.folder().join(file), bytes).map_err(|e| not_written(&e))
    }

    fn manifest(&self, request: &Request, dumped: &Dumped, took: Duration) -> Manifest {
        let source = &dumped.source;
        Manifest {
            format: FORMAT,
            name: self.partial.name().to_string(),
            environment: request.environment.clone(),
            reason: request.reason.clone(),
            begun_at: source.taken.to_string(),
            finished_at: String::new(),
            dump_milliseconds: milliseconds(took),
            tags: request.tags.clone(),
            pinned: request.pinned,
            origin: source.origin.clone(),
            tool: Tool {
                pg_dump: self.clients.version,
                compressed_by: self.compressor,
                jobs: self.tools.jobs,
            },
            last_migration: source.last_migration.clone(),
            inventory: Inventoried {
                fingerprint: source.fingerprint.clone(),
                facts: source.facts,
                entries: std::collections::BTreeMap::new(),
            },
            tables: Vec::new(),
            sequences: dumped.sequences.clone(),
            large_objects: source.large_objects,
            large_object_contents: None,
            files: Vec::new(),
            encryption: None,
            proofs: Vec::new(),
            archived_at: None,
            damage: None,
            seal: Seal::None,
        }
    }

    /// Levels 1 to 3 in one reading.
    async fn prove(&self, manifest: &mut Manifest, dumped: &Dumped, tell: Tell<'_>) -> Result<()> {
        let begun = Instant::now();
        tell(Step::Begun("check"));
        let source = &dumped.source;
        let inventory = Inventory::read(self.clients, &self.folder()).await?;
        let tables: Vec<(u64, String)> =
            source.tables.iter().map(|table| (table.oid, table.qualified())).collect();
        inventory.check(&source.objects, &tables)?;
        manifest.inventory.entries = inventory.counts();
        let data = inventory.table_data();
        let numbers = data.iter().map(|(oid, number)| (*number, *oid)).collect();
        let plan = Plan {
            folder: self.partial.folder().to_owned(),
            numbers,
            compress: self.compressor == Compressor::Underpin,
            jobs: self.tools.jobs.max(1),
        };
        let read = read_all(plan, self.tools, tell).await?;
        manifest.files = read.files;
        for table in &source.tables {
            let Some(rows) = read.rows.get(&table.oid) else {
                let words = format!("the dump has no file with the rows of {}", table.qualified());
                return Err(Error::new(Code::BackupIncomplete, words));
            };
            let counted = dumped.counts.get(&table.oid).copied();
            if counted != Some(rows.rows()) {
                let words = format!(
                    "the dump holds {} rows of {}, and the server counted {} in the same snapshot",
                    rows.rows(),
                    table.qualified(),
                    counted.map_or_else(|| "none".to_owned(), |n| n.to_string())
                );
                return Err(Error::new(Code::BackupIncomplete, words)
                    .hint("run the same command again; if it happens again, report it"));
            }
            manifest.tables.push(TableContent {
                schema: table.schema.clone(),
                name: table.name.clone(),
                columns: source.columns.get(&table.oid).cloned().unwrap_or_default(),
                rows: rows.rows(),
                digest: rows.digest(),
                bytes: rows.bytes(),
                writes: table.writes,
            });
        }
        if source.large_objects != read.large_objects.count {
            let words = format!(
                "the dump holds {} large objects, and the server counted {} in the same snapshot",
                read.large_objects.count, source.large_objects
            );
            return Err(Error::new(Code::BackupIncomplete, words)
                .hint("back up as a role that may read all large objects"));
        }
        if source.large_objects > 0 {
            manifest.large_object_contents = Some(LargeObjects {
                bytes: read.large_objects.bytes,
                contents: read.large_objects.digest(),
                rights: source.large_object_rights.clone(),
            });
        }
        let total: u64 = manifest.tables.iter().map(|table| table.rows).sum();
        let evidence = format!(
            "{} files read back, {} entries found for {} objects, {total} rows of {} tables decoded, as many as the server counts",
            manifest.files.len(),
            manifest.inventory.entries.values().sum::<usize>(),
            source.objects.len(),
            manifest.tables.len()
        );
        tell(Step::Reached(Level::Decodable, evidence.clone()));
        manifest.proofs.push(Proof {
            level: Level::Decodable,
            at: jiff::Timestamp::now().to_string(),
            milliseconds: milliseconds(begun.elapsed()),
            evidence,
            unchecked: Vec::new(),
            restore_milliseconds: None,
        });
        Ok(())
    }
}

pub(super) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Refuses what certainly does not fit. COPY text is at most a little larger than the table with
/// what it keeps outside (measured: 0.65 to 0.72 of it); compressed it is a third of that or less.
fn check_room(store: &Store, tables: &[Table], compressor: Compressor) -> Result<()> {
    let size: u64 = tables.iter().map(|table| table.size).sum();
    let needed = match compressor {
        Compressor::PgDump => size / 4,
        Compressor::Underpin => size / 2 + size / 4,
    };
    store.require_room(needed, "the backup needs about")
}

fn sequences(
    before: Vec<(String, String, Option<i64>)>,
    after: &[(String, String, Option<i64>)],
) -> Vec<SequenceState> {
    let of = |schema: &str, name: &str| {
        after.iter().find(|(s, n, _)| s == schema && n == name).and_then(|(.., value)| *value)
    };
    before
        .into_iter()
        .map(|(schema, name, before)| SequenceState {
            after: of(&schema, &name),
            schema,
            name,
            before,
        })
        .collect()
}

/// How `pg_dump` ended, as an error of ours.
fn check_ended(ended: &Ended) -> Result<()> {
    if ended.stopped {
        return Err(interrupted("the dump"));
    }
    if ended.success {
        return Ok(());
    }
    let said = ended.messages.join("\n");
    let code = if said.contains("No space left on device") {
        Code::BackupNoRoom
    } else if said.contains("server version mismatch") {
        Code::NoDumpTool
    } else if [
        "server closed the connection",
        "could not receive data",
        "terminating connection",
        "connection to server was lost",
    ]
    .iter()
    .any(|words| said.contains(words))
    {
        Code::ConnectionLost
    } else {
        Code::BackupFailed
    };
    let words = match ended.code {
        Some(code) => format!("pg_dump ended with {code}"),
        None => "pg_dump was killed".to_owned(),
    };
    let error = ended.messages.iter().take(5).fold(Error::new(code, words), Error::caused_by);
    Err(match code {
        Code::BackupNoRoom => error.hint("make room: underpin backup prune"),
        _ => error.hint("run the same command again"),
    })
}

pub(super) fn not_written(e: &std::io::Error) -> Error {
    let is_full = e.raw_os_error() == Some(rustix::io::Errno::NOSPC.raw_os_error());
    let code = if is_full { Code::BackupNoRoom } else { Code::BackupsUnusable };
    Error::new(code, "the backup could not be written")
        .caused_by(e)
        .hint("make room, or name another folder: --backups FOLDER")
}

/// What is to be read.
struct Plan {
    folder: PathBuf,
    /// Oids of tables by the number of their data file.
    numbers: HashMap<u64, u64>,
    /// Data files are compressed first.
    compress: bool,
    jobs: usize,
}

#[derive(Default)]
struct Read {
    files: Vec<FileEntry>,
    rows: HashMap<u64, RowDigest>,
    large_objects: large_object::Contents,
}

/// What is in a file.
enum Held {
    Rows(u64, RowDigest),
    LargeObject(large_object::Contents),
    Other,
}

/// Reads every file once, the largest first, several at a time: its hash, and of a table its rows.
async fn read_all(plan: Plan, tools: &Tools, tell: Tell<'_>) -> Result<Read> {
    let stop = tools.stop.clone();
    let done = std::sync::Arc::new(AtomicU64::new(0));
    let of = files::bytes_below(&plan.folder);
    let counter = std::sync::Arc::clone(&done);
    let mut work = tokio::task::spawn_blocking(move || {
        read_in_threads(&plan, &counter, &|| stop.is_requested())
    });
    let mut tick = tokio::time::interval(PROGRESS_PAUSE);
    tick.tick().await;
    loop {
        tokio::select! {
            read = &mut work => {
                return read.map_err(|e| Error::new(Code::Internal, "reading stopped").caused_by(e))?;
            }
            _ = tick.tick() => {
                let bytes = done.load(Ordering::Relaxed);
                tell(Step::Progress { phase: "check", bytes, of: Some(of) });
            }
        }
    }
}

fn read_in_threads(
    plan: &Plan,
    done: &AtomicU64,
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<Read> {
    let mut paths = files::files(&plan.folder).map_err(|e| not_written(&e))?;
    paths.sort_by_cached_key(|path| std::cmp::Reverse(path.metadata().map_or(0, |m| m.len())));
    let next = AtomicUsize::new(0);
    let found = Mutex::new(Ok(Read::default()));
    std::thread::scope(|scope| {
        // The disk writes what is there while it is read; in the end there is little left to sync.
        if !plan.compress {
            scope.spawn(|| {
                if let Err(error) = files::sync(&paths, stop) {
                    *found.lock().unwrap_or_else(PoisonError::into_inner) =
                        Err(not_written(&error));
                }
            });
        }
        for _ in 0..plan.jobs.min(paths.len()) {
            scope.spawn(|| {
                while let Some(path) = paths.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let one = match stop() {
                        true => Err(interrupted("the check")),
                        false => read_one(plan, path),
                    };
                    let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
                    let Ok(read) = &mut *found else { return };
                    match one {
                        Ok((file, held)) => {
                            done.fetch_add(file.bytes, Ordering::Relaxed);
                            match held {
                                Held::Rows(oid, rows) => drop(read.rows.insert(oid, rows)),
                                Held::LargeObject(one) => read.large_objects.join(one),
                                Held::Other => {}
                            }
                            read.files.push(file);
                        }
                        Err(error) => *found = Err(error),
                    }
                }
            });
        }
    });
    let mut read = found.into_inner().unwrap_or_else(PoisonError::into_inner)?;
    read.files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(read)
}

fn read_one(plan: &Plan, path: &Path) -> Result<(FileEntry, Held)> {
    let table = data_file_number(path).and_then(|number| plan.numbers.get(&number)).copied();
    let mut path = path.to_owned();
    if plan.compress && holds_rows(&path) {
        content::compress(&path).map_err(|e| not_written(&e))?;
        path.set_extension("dat.zst");
    }
    let damaged = |e: std::io::Error| {
        let words = format!("`{}` cannot be read back", path.display());
        Error::new(Code::BackupDamaged, words).caused_by(e).hint("run the same command again")
    };
    let (hashed, held): (Hashed, _) = match (table, large_object::oid_of(&path)) {
        (Some(oid), _) => {
            let (hashed, rows) = content::read_data_file(&path).map_err(damaged)?;
            (hashed, Held::Rows(oid, rows))
        }
        (None, Some(oid)) => {
            let (hashed, contents) = large_object::read_file(&path, oid).map_err(damaged)?;
            (hashed, Held::LargeObject(contents))
        }
        (None, None) => (content::hash_file(&path).map_err(damaged)?, Held::Other),
    };
    let relative = path.strip_prefix(&plan.folder).unwrap_or(&path).display().to_string();
    Ok((FileEntry { path: relative, bytes: hashed.bytes, sha256: hashed.sha256 }, held))
}

/// A table's rows or a large object, uncompressed; not `toc.dat` and its like.
fn holds_rows(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.ends_with(".dat") && (name.starts_with("blob_") || data_file_number(path).is_some())
}

/// `3322` of `3322.dat.zst`.
pub(super) fn data_file_number(path: &Path) -> Option<u64> {
    let name = path.file_name()?.to_str()?;
    let (number, rest) = name.split_once('.')?;
    matches!(rest, "dat" | "dat.zst").then(|| number.parse().ok())?
}
