//! Replays on disk, by checksum chain.
//!
//! A cache: any file that is absent, damaged or of another format means "replay again". Files
//! hold catalog facts of scratch databases only, never anything of a target.

use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::{Piece, Replay, ReplayContext, ReplayStep};
use crate::catalog::{CatalogSnapshot, SnapshotDelta};
use crate::migrations::Migration;
use crate::postgres::scratch::{EngineInfo, EngineKind};

/// Changes when facts are read or stored in another way.
const FORMAT: &str = "underpin/replay@2";
/// Files kept; the oldest go first.
const FILES_MAX: usize = 64;

/// One key per prefix: the hash of everything the catalog after it depends on.
pub(super) struct Chain(Vec<String>);

impl Chain {
    /// `embedded`: for what the embedded PostgreSQL answers, which never mixes with the answers
    /// of a server.
    pub(super) fn of(migrations: &[Migration], context: &ReplayContext, embedded: bool) -> Self {
        let scratch = &context.scratch;
        let engine = (
            &scratch.pg_bin,
            scratch.shadow.as_ref().map(crate::postgres::ConnectionSettings::address),
            scratch.target.as_ref().map(crate::postgres::ConnectionSettings::address),
            scratch.embedded.as_ref().filter(|_| embedded).map(|engine| engine.identity()),
        );
        let mut roles = context.roles.clone();
        roles.sort();
        let mut hash = Sha256::digest(format!(
            "{FORMAT} {} {} {} {engine:?} {roles:?}",
            env!("CARGO_PKG_VERSION"),
            context.target,
            context.schema
        ));
        let mut keys = vec![text(&hash)];
        for migration in migrations {
            hash = Sha256::digest(
                [
                    hash.as_slice(),
                    migration.name.as_str().as_bytes(),
                    migration.checksum.as_str().as_bytes(),
                ]
                .concat(),
            );
            keys.push(text(&hash));
        }
        Self(keys)
    }

    fn file(&self, folder: &Path, count: usize) -> PathBuf {
        folder.join(format!("{}.json", self.0[count]))
    }
}

fn text(hash: &[u8]) -> String {
    hash.iter().take(16).map(|b| format!("{b:02x}")).collect()
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Stored {
    format: String,
    engine: EngineInfo,
    initial: CatalogSnapshot,
    steps: Vec<ReplayStep>,
}

pub(super) fn load(folder: &Path, chain: &Chain, count: usize) -> Option<Replay> {
    let bytes = std::fs::read(chain.file(folder, count)).ok()?;
    let stored: Stored = serde_json::from_slice(&bytes).ok()?;
    (stored.format == FORMAT && stored.steps.len() == count).then_some(Replay {
        engine: stored.engine,
        initial: stored.initial,
        cached: stored.steps.len(),
        steps: stored.steps,
    })
}

/// Keeps a replay. Failing to keep it costs time later and nothing else.
pub(super) fn store(folder: &Path, chain: &Chain, replay: &Replay) {
    let stored = Stored {
        format: FORMAT.to_owned(),
        engine: replay.engine.clone(),
        initial: replay.initial.clone(),
        steps: replay.steps.clone(),
    };
    write(folder, &chain.file(folder, replay.steps.len()), &stored);
}

fn write(folder: &Path, path: &Path, stored: &impl serde::Serialize) {
    let write = || -> std::io::Result<()> {
        std::fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        serde_json::to_writer(std::io::BufWriter::new(&mut file), stored)?;
        file.persist(path)?;
        Ok(())
    };
    let _only_a_cache = write();
    remove_oldest(folder);
}

/// Where a choice of pieces leads.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Walked {
    /// Pieces of the last leg that failed, by their place in it, and why.
    pub failed: Vec<(usize, String)>,
    /// The catalog at its end.
    pub reached: CatalogSnapshot,
}

/// What is kept beside whole replays: walks over chosen pieces, and the statements of migrations.
pub struct Kept {
    folder: Option<PathBuf>,
    chain: Chain,
}

impl Kept {
    /// What is kept of these migrations on this kind of engine.
    #[must_use]
    pub fn of(migrations: &[Migration], context: &ReplayContext, engine: EngineKind) -> Self {
        let chain = Chain::of(migrations, context, engine == EngineKind::Embedded);
        Self { folder: context.cache.clone(), chain }
    }

    /// The end of a walk in these legs.
    #[must_use]
    pub fn load(&self, legs: &[Vec<Piece>]) -> Option<Walked> {
        self.read(&self.walk(legs))
    }

    /// Keeps the end of a walk.
    pub fn store(&self, legs: &[Vec<Piece>], walked: &Walked) {
        self.write(&self.walk(legs), walked);
    }

    pub(super) fn load_statements(&self, migration: usize) -> Option<Option<Vec<SnapshotDelta>>> {
        self.read(&self.statements(migration))
    }

    pub(super) fn store_statements(&self, migration: usize, deltas: Option<&Vec<SnapshotDelta>>) {
        self.write(&self.statements(migration), &deltas);
    }

    fn walk(&self, legs: &[Vec<Piece>]) -> String {
        let all = self.chain.0.last().map(String::as_str).unwrap_or_default();
        format!("walk-{}", text(&Sha256::digest(format!("{all} {legs:?}"))))
    }

    fn statements(&self, migration: usize) -> String {
        format!("statements-{}", self.chain.0[migration + 1])
    }

    fn read<T: serde::de::DeserializeOwned>(&self, name: &str) -> Option<T> {
        let bytes = std::fs::read(self.folder.as_ref()?.join(format!("{name}.json"))).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    fn write(&self, name: &str, value: &impl serde::Serialize) {
        if let Some(folder) = &self.folder {
            write(folder, &folder.join(format!("{name}.json")), value);
        }
    }
}

fn remove_oldest(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut files: Vec<_> = entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            Some((entry.metadata().ok()?.modified().ok()?, entry.path()))
        })
        .collect();
    files.sort();
    for (_, path) in files.iter().take(files.len().saturating_sub(FILES_MAX)) {
        let _gone = std::fs::remove_file(path);
    }
}
