//! Proving a backup again, up to any level, and keeping what came of it in its manifest.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::dump::{CATALOG, DUMP, milliseconds};
use super::files;
use super::inventory::Inventory;
use super::manifest::{Damage, Manifest, Proof};
use super::place::{self, Place, Restore, Restored};
use super::store::Store;
use super::{
    BackupName, Level, PROGRESS_PAUSE, Step, Tell, Tools, content, interrupted, large_object,
    query_failed,
};
use crate::catalog::{self, CatalogSnapshot, ObjectKind};
use crate::error::{Code, Error, Result};
use crate::postgres::clients::ClientTools;
use crate::postgres::cluster::out_of_room;
use crate::postgres::{ConnectionSettings, Session, identifier};

/// Differences of the catalog that are shown.
const DIFFERENCES_SHOWN: usize = 20;

/// What came of running the pending migrations on a restored copy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drilled {
    /// In words: which ran, and how long they took.
    pub evidence: String,
    /// Why they do not run there.
    pub failed: Option<String>,
}

/// Runs the pending migrations on a restored copy, which is thrown away afterwards.
pub type Drill<'a> = &'a (dyn Fn(ConnectionSettings) -> Drilling + Send + Sync);

/// A drill under way.
pub type Drilling = Pin<Box<dyn Future<Output = Result<Drilled>> + Send>>;

/// [`check_drilled`] without a drill: up to level 5.
///
/// # Errors
/// As [`check_drilled`].
pub async fn check(
    tools: &Tools,
    name: &BackupName,
    level: Level,
    tell: Tell<'_>,
) -> Result<Manifest> {
    check_drilled(tools, name, level, None, tell).await
}

/// Proves a backup up to a level from the beginning, and records it. What could not be looked at
/// (an extension that the scratch server lacks) is in the proof, and the level stays below 4. Level 6
/// needs a drill, and stays at 5 where the migrations fail.
///
/// # Errors
/// UP-6004 to UP-6008, UP-3101, UP-3102, UP-4005. A backup that turns out to be bad is recorded as
/// such.
pub async fn check_drilled(
    tools: &Tools,
    name: &BackupName,
    level: Level,
    drill: Option<Drill<'_>>,
    tell: Tell<'_>,
) -> Result<Manifest> {
    let store = Store::new(tools.folder.clone(), tools.key.clone());
    let mut manifest = store.read(name)?;
    let stored = Run { tools, folder: store.folder_of(name), manifest: &manifest, drill };
    let work = Box::pin(stored.prove_stored(level, tell));
    let proof = super::or_stopped(tools, "the check", work).await;
    if let Err(error) = record(&mut manifest, level, proof, tell) {
        if is_bad(error.code()) {
            // A disk that cannot be written must not hide what was found.
            let _not_recorded = store.update(name, &manifest);
        }
        return Err(error);
    }
    store.update(name, &manifest)?;
    store.read(name)
}

/// Proves a backup under way, beyond level 3, and takes into its manifest what came of it.
///
/// # Errors
/// As [`check_drilled`].
pub(super) async fn check_unnamed(
    tools: &Tools,
    folder: &Path,
    manifest: &mut Manifest,
    level: Level,
    drill: Option<Drill<'_>>,
    tell: Tell<'_>,
) -> Result<()> {
    let run = Run { tools, folder: folder.to_owned(), manifest, drill };
    let work = Box::pin(run.prove(level, Instant::now(), tell));
    let proof = super::or_stopped(tools, "the check", work).await;
    record(manifest, level, proof, tell)
}

/// Takes what came of a check into the manifest.
fn record(
    manifest: &mut Manifest,
    level: Level,
    proof: Result<Proof>,
    tell: Tell<'_>,
) -> Result<()> {
    match proof {
        Ok(proof) => {
            tell(Step::Reached(proof.level, proof.evidence.clone()));
            if manifest.damage.as_ref().is_some_and(|damage| damage.level <= proof.level) {
                manifest.damage = None;
            }
            manifest.proofs.push(proof);
            Ok(())
        }
        Err(error) => {
            if is_bad(error.code()) {
                manifest.damage = Some(Damage {
                    level,
                    at: jiff::Timestamp::now().to_string(),
                    code: error.code().id().to_owned(),
                    why: error.message().to_owned(),
                });
            }
            Err(error)
        }
    }
}

/// Whether an error says something about the backup and not about this machine.
fn is_bad(code: Code) -> bool {
    matches!(code, Code::BackupDamaged | Code::BackupIncomplete | Code::RestoreFailed)
}

struct Run<'a> {
    tools: &'a Tools,
    folder: PathBuf,
    manifest: &'a Manifest,
    drill: Option<Drill<'a>>,
}

/// What a restored copy has shown.
struct Copied {
    level: Level,
    evidence: String,
    unchecked: Vec<String>,
    restore: Duration,
}

impl Run<'_> {
    /// The files as they lie there, and where more is wanted of an encrypted backup, a decrypted copy.
    async fn prove_stored(&self, wanted: Level, tell: Tell<'_>) -> Result<Proof> {
        let begun = Instant::now();
        if self.manifest.encryption.is_none() || wanted <= Level::Intact {
            return self.prove(wanted, begun, tell).await;
        }
        super::encryption::readable(self.tools, self.manifest)?;
        tell(Step::Begun("check"));
        self.intact(tell).await?;
        let opened = super::encryption::open(self.tools, self.manifest, tell).await?;
        let (folder, manifest) = (opened.folder.clone(), &opened.manifest);
        let run = Run { tools: self.tools, folder, manifest, drill: self.drill };
        let proof = run.prove(wanted, begun, tell).await?;
        let stored = self.manifest.stored_files().len();
        let evidence = format!("{stored} encrypted files decrypted; {}", proof.evidence);
        Ok(Proof { evidence, ..proof })
    }

    async fn prove(&self, wanted: Level, begun: Instant, tell: Tell<'_>) -> Result<Proof> {
        let done = |level: Level, evidence: String, unchecked: Vec<String>| Proof {
            level,
            at: jiff::Timestamp::now().to_string(),
            milliseconds: milliseconds(begun.elapsed()),
            evidence,
            unchecked,
            restore_milliseconds: None,
        };
        tell(Step::Begun("check"));
        // A server takes a while to start; what the files say comes first all the same.
        let start = async {
            match wanted >= Level::Restored {
                true => Some(Place::start(self.manifest, self.tools).await),
                false => None,
            }
        };
        let (intact, place) = tokio::join!(self.intact(tell), start);
        intact?;
        let files = format!("{} files as they were written", self.manifest.stored_files().len());
        if wanted <= Level::Intact {
            return Ok(done(Level::Intact, files, Vec::new()));
        }
        let inventory = self.complete().await?;
        let listed = format!("{files}, all objects in the dump's list");
        if wanted == Level::Complete {
            return Ok(done(Level::Complete, listed, Vec::new()));
        }
        // Where the restored rows are compared by their digests, every block has been decoded.
        let rows: u64 = self.manifest.tables.iter().map(|table| table.rows).sum();
        let decoded = match wanted {
            Level::Equal | Level::Drilled => listed,
            _ => {
                self.decodable(&inventory, tell).await?;
                format!("{listed}, {rows} rows with their digests")
            }
        };
        let Some(place) = place.transpose()? else {
            return Ok(done(Level::Decodable, decoded, Vec::new()));
        };
        let copied = self.restored(wanted, &place, &inventory, tell).await;
        let copied = copied.map_err(|error| match error.code() {
            Code::RestoreFailed => {
                let state = error.sqlstate_code();
                out_of_room(&place.phrase(), state, error.causes()).unwrap_or(error)
            }
            _ => error,
        })?;
        let evidence = format!("{decoded}; {}", copied.evidence);
        Ok(Proof {
            restore_milliseconds: Some(milliseconds(copied.restore)),
            ..done(copied.level, evidence, copied.unchecked)
        })
    }

    /// Level 1.
    async fn intact(&self, tell: Tell<'_>) -> Result<()> {
        let (folder, manifest) = (self.folder.clone(), self.manifest.clone());
        let stop = self.tools.stop.clone();
        let of = manifest.bytes();
        blocking("check", of, tell, move |done| {
            files::check_files(
                &folder,
                &manifest,
                &mut |bytes| done.store(bytes, Ordering::Relaxed),
                &|| stop.is_requested(),
            )
        })
        .await
    }

    /// Level 2.
    async fn complete(&self) -> Result<Inventory> {
        let dumped = self.manifest.tool.pg_dump;
        let clients = ClientTools::for_server(dumped, &self.tools.scratch.places)?;
        let inventory = Inventory::read(&clients, &self.folder.join(DUMP)).await?;
        if inventory.counts() != self.manifest.inventory.entries {
            let words = "the dump's list is not the one of its manifest";
            return Err(Error::new(Code::BackupIncomplete, words));
        }
        Ok(inventory)
    }

    /// Level 3.
    async fn decodable(&self, inventory: &Inventory, tell: Tell<'_>) -> Result<()> {
        let data: HashMap<u64, u64> = inventory.table_data();
        let count = data.len();
        if count < self.manifest.tables.len() {
            let words =
                format!("the dump has rows of {count} tables, not {}", self.manifest.tables.len());
            return Err(Error::new(Code::BackupIncomplete, words));
        }
        let (folder, manifest) = (self.folder.join(DUMP), self.manifest.clone());
        let stop = self.tools.stop.clone();
        let of = manifest.bytes();
        blocking("check", of, tell, move |done| decode_all(&folder, &manifest, done, &stop)).await
    }

    /// Levels 4 to 6, as far as they can be reached.
    async fn restored(
        &self,
        wanted: Level,
        place: &Place,
        inventory: &Inventory,
        tell: Tell<'_>,
    ) -> Result<Copied> {
        let expected = self.catalog()?;
        let settings = place.settings()?;
        let mut session = settings.connect().await?;
        let missing = missing_extensions(&session, &expected).await?;
        drop(session);
        tell(Step::Begun("restore"));
        let restore = Restore {
            manifest: self.manifest,
            folder: &self.folder,
            tools: self.tools,
            target: &place.loading(self.tools.jobs)?,
            on_scratch: true,
        };
        let begun = Instant::now();
        let errors = restore.run(tell).await?;
        let took = begun.elapsed();
        let engine = place.phrase();
        if !missing.is_empty() {
            let unchecked: Vec<String> =
                missing.iter().map(|name| format!("restored without {name}")).collect();
            for line in &unchecked {
                tell(Step::Caution(line.clone()));
            }
            if wanted >= Level::Equal {
                self.decodable(inventory, tell).await?;
            }
            let evidence = format!("{engine} lacks extensions, so the copy proves nothing");
            return Ok(Copied { level: Level::Decodable, evidence, unchecked, restore: took });
        }
        place::accepted(&engine, errors)?;
        session = settings.connect().await?;
        tell(Step::Begun("compare"));
        let contents = wanted >= Level::Equal;
        let copy = Restored::new(&settings, Some(place.folder()), self.tools.jobs);
        let tables = place::compare_tables(&copy, self.manifest, contents, tell);
        let mut unchecked = Vec::new();
        let mut level = Level::Restored;
        let mut evidence =
            format!("restored on {engine} in {} ms, row counts equal", took.as_millis());
        let mut faults = Vec::new();
        if contents {
            let others = async {
                let faults = self.compare_others(&mut session, &expected).await?;
                let indexes = check_indexes(&session, &copy).await?;
                Ok((faults, indexes))
            };
            let (tables, (others, indexes)) = tokio::try_join!(tables, others)?;
            faults.extend(others);
            faults.extend(tables);
            level = Level::Equal;
            evidence += ", digests, sequences and catalog equal";
            match indexes {
                Some(count) => evidence += &format!(", {count} indexes checked"),
                None => unchecked.push("indexes: the scratch server has no amcheck".to_owned()),
            }
        } else {
            faults.extend(tables.await?);
        }
        if !faults.is_empty() {
            return Err(place::differs(
                "the restored copy is not what was dumped".to_owned(),
                faults,
            ));
        }
        if self.manifest.large_objects > 0 && self.manifest.large_object_contents.is_none() {
            let n = self.manifest.large_objects;
            unchecked.push(format!("the contents of {n} large objects"));
            level = level.min(Level::Restored);
        }
        let mut copied = Copied { level, evidence, unchecked, restore: took };
        if let Some(drill) = self.drill.filter(|_| wanted == Level::Drilled) {
            drop(session);
            tell(Step::Begun("drill"));
            copied.drill(apart(drill(settings)).await?);
        }
        Ok(copied)
    }

    /// All that is no row of a table: sequences, the catalog, large objects.
    async fn compare_others(
        &self,
        session: &mut Session,
        expected: &CatalogSnapshot,
    ) -> Result<Vec<String>> {
        let mut faults = place::compare_sequences(session, &self.manifest.sequences).await?;
        faults.extend(compare_catalog(session, expected, self.manifest).await?);
        faults.extend(place::compare_large_objects(session, self.manifest).await?);
        Ok(faults)
    }

    fn catalog(&self) -> Result<CatalogSnapshot> {
        read_catalog(&self.folder)
    }
}

/// Waits for a drill as a task of its own: a deploy within a deploy is more than a stack holds. It
/// ends when nobody waits for it any more.
async fn apart(drill: Drilling) -> Result<Drilled> {
    let mut task = tokio::task::JoinSet::new();
    task.spawn(drill);
    let ended = task.join_next().await.transpose();
    let ended = ended.map_err(|e| Error::new(Code::Internal, "the drill stopped").caused_by(e))?;
    ended.unwrap_or_else(|| Err(Error::new(Code::Internal, "the drill stopped")))
}

impl Copied {
    /// What the pending migrations made of it.
    fn drill(&mut self, drilled: Drilled) {
        match drilled.failed {
            Some(why) => self.unchecked.push(format!("the pending migrations: {why}")),
            None if self.level == Level::Equal => {
                self.level = Level::Drilled;
                self.evidence += &format!("; {}", drilled.evidence);
            }
            // What was not compared is not proven by a migration either.
            None => {}
        }
    }
}

/// The catalog that a backup keeps.
///
/// # Errors
/// UP-6005.
pub(super) fn read_catalog(folder: &Path) -> Result<CatalogSnapshot> {
    let damaged = |e: String| {
        Error::new(Code::BackupDamaged, format!("`{CATALOG}` cannot be read")).caused_by(e)
    };
    let bytes = std::fs::read(folder.join(CATALOG)).map_err(|e| damaged(e.to_string()))?;
    serde_json::from_slice(&bytes).map_err(|e| damaged(e.to_string()))
}

/// Decodes every file of rows and large objects, and compares them with the manifest.
///
/// # Errors
/// UP-6005, UP-4005.
pub(super) fn decode_all(
    dump: &Path,
    manifest: &Manifest,
    done: &AtomicU64,
    stop: &crate::execute::Stop,
) -> Result<()> {
    let files = files::files(dump).map_err(|e| super::dump::not_written(&e))?;
    let data: Vec<&PathBuf> =
        files.iter().filter(|path| super::dump::data_file_number(path).is_some()).collect();
    let mut large_objects = large_object::Contents::default();
    let mut found: HashMap<(u64, String), usize> = HashMap::new();
    let mut bytes = 0;
    let damaged = |path: &Path, e| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Error::new(Code::BackupDamaged, format!("`{name}` cannot be decoded")).caused_by(e)
    };
    for (path, oid) in files.iter().filter_map(|path| Some((path, large_object::oid_of(path)?))) {
        if stop.is_requested() {
            return Err(interrupted("the check"));
        }
        let (hashed, one) = large_object::read_file(path, oid).map_err(|e| damaged(path, e))?;
        large_objects.join(one);
        bytes += hashed.bytes;
        done.store(bytes, Ordering::Relaxed);
    }
    if let Some(expected) = &manifest.large_object_contents
        && expected.contents != large_objects.digest()
    {
        let words = "the large objects are not those of the manifest";
        return Err(Error::new(Code::BackupDamaged, words));
    }
    for path in data {
        if stop.is_requested() {
            return Err(interrupted("the check"));
        }
        let (hashed, rows) = content::read_data_file(path).map_err(|e| damaged(path, e))?;
        *found.entry((rows.rows(), rows.digest())).or_insert(0) += 1;
        bytes += hashed.bytes;
        done.store(bytes, Ordering::Relaxed);
    }
    for table in &manifest.tables {
        match found.get_mut(&(table.rows, table.digest.clone())) {
            Some(count) if *count > 0 => *count -= 1,
            _ => {
                let words =
                    format!("the rows of {} are not those of the manifest", table.qualified());
                return Err(Error::new(Code::BackupDamaged, words));
            }
        }
    }
    Ok(())
}

/// Runs file work beside the runtime and tells how far it is.
pub(super) async fn blocking<T: Send + 'static>(
    phase: &'static str,
    of: u64,
    tell: Tell<'_>,
    work: impl FnOnce(&AtomicU64) -> Result<T> + Send + 'static,
) -> Result<T> {
    let done = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&done);
    let mut task = tokio::task::spawn_blocking(move || work(&counter));
    let mut tick = tokio::time::interval(PROGRESS_PAUSE);
    tick.tick().await;
    loop {
        tokio::select! {
            result = &mut task => {
                return result.map_err(|e| Error::new(Code::Internal, "reading stopped").caused_by(e))?;
            }
            _ = tick.tick() => {
                let bytes = done.load(Ordering::Relaxed);
                tell(Step::Progress { phase, bytes, of: Some(of) });
            }
        }
    }
}

/// Extensions that the backup needs and the scratch server does not have.
pub(super) async fn missing_extensions(
    session: &Session,
    expected: &CatalogSnapshot,
) -> Result<Vec<String>> {
    let rows = session
        .rows("SELECT name FROM pg_catalog.pg_available_extensions")
        .await
        .map_err(|e| query_failed(Code::ScratchFailed, "listing extensions", &e))?;
    let there: Vec<String> =
        rows.into_iter().filter_map(|row| row.into_iter().next().flatten()).collect();
    let needed = expected.objects().keys().filter(|id| id.kind == ObjectKind::Extension);
    Ok(needed.map(|id| id.name.clone()).filter(|name| !there.contains(name)).collect())
}

/// The catalog of the copy against the one of the snapshot.
async fn compare_catalog(
    session: &mut Session,
    expected: &CatalogSnapshot,
    manifest: &Manifest,
) -> Result<Vec<String>> {
    let actual = catalog::read(session).await?;
    if actual.fingerprint().as_str() == manifest.inventory.fingerprint {
        return Ok(Vec::new());
    }
    let diff = catalog::diff(expected, &actual);
    Ok(diff.lines(DIFFERENCES_SHOWN).into_iter().map(|line| format!("catalog: {line}")).collect())
}

/// Every B-tree, the largest first, with the turns that tables leave (manual, F.1 amcheck); `None` where
/// there is no amcheck. What is looked at is the order of the keys in the copy's own indexes: whether each row is in
/// them says something about the scratch server, which has just built them, and nothing of the backup.
async fn check_indexes(session: &Session, copy: &Restored<'_>) -> Result<Option<usize>> {
    let failed = |e| query_failed(Code::RestoreFailed, "checking the indexes", &e);
    let schema = identifier(&format!("amcheck_{}", uuid::Uuid::new_v4().simple()));
    let sql = format!("CREATE SCHEMA {schema}; CREATE EXTENSION amcheck SCHEMA {schema}");
    if session.simple_query(&sql).await.is_err() {
        return Ok(None);
    }
    let sql = "SELECT c.oid::text FROM pg_catalog.pg_index i \
         JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid JOIN pg_catalog.pg_am a ON a.oid = c.relam \
         WHERE a.amname = 'btree' AND c.oid >= 16384 AND c.relkind = 'i' AND i.indisvalid \
         ORDER BY c.relpages";
    let rows = session.rows(sql).await.map_err(failed)?;
    let oids: Vec<String> = rows.into_iter().filter_map(|row| row.into_iter().next()?).collect();
    let (count, left) = (oids.len(), std::sync::Mutex::new(oids));
    let worker = async || -> Result<()> {
        let session = copy.target.connect().await?;
        let next = || left.lock().unwrap_or_else(std::sync::PoisonError::into_inner).pop();
        while let Some(oid) = next() {
            let _turn = copy.turns.acquire().await;
            let sql = format!("SELECT {schema}.bt_index_parent_check({oid}, false)");
            session.simple_query(&sql).await.map_err(failed)?;
        }
        Ok(())
    };
    futures_util::future::try_join_all((0..copy.jobs.min(count)).map(|_| worker())).await?;
    let _kept = session.simple_query(&format!("DROP SCHEMA {schema} CASCADE")).await;
    Ok(Some(count))
}
