//! `backup prune`: the same rules for what is here and what is in the object store, by name.

use std::collections::BTreeMap;

use super::backup::{BackupOptions, emit};
use super::copies::Place;
use super::{Options, connect, history_table};
use crate::backup::remote::{Remote, There};
use crate::backup::retain::{self, Candidate, Verdict};
use crate::backup::{self, Archived, BackupName, Level, Listed, Manifest, Store};
use crate::error::Result;
use crate::event::EventSink;

/// What `prune` did, or with `dry_run` would do.
#[derive(Debug, Clone, serde::Serialize)]
pub struct PruneReport {
    /// About every backup, oldest first.
    pub verdicts: Vec<Verdict>,
    /// Where each is, by name; empty without an object store.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub places: BTreeMap<String, Place>,
    /// Bytes of those that go.
    pub freed_bytes: u64,
    /// Bytes of their copies in the object store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub freed_bytes_there: Option<u64>,
    /// Those that are recompressed into the archive.
    pub archived: Vec<Archived>,
    /// From how many days on.
    #[serde(rename = "archive_after_days")]
    pub after_days: u32,
    /// Nothing was removed.
    pub dry_run: bool,
}

/// One name, and what is kept under it.
struct Kept {
    name: BackupName,
    here: Option<Result<Manifest>>,
    there: Option<Result<Manifest>>,
}

impl Kept {
    fn manifests(&self) -> impl Iterator<Item = &Result<Manifest>> {
        self.here.iter().chain(&self.there)
    }

    /// When its snapshot was taken; not known where one of both cannot be believed.
    fn taken(&self) -> Option<jiff::Timestamp> {
        let all = self.manifests().map(|m| m.as_ref().ok().map(Manifest::taken));
        all.min().flatten()
    }

    fn place(&self) -> Place {
        match (&self.here, &self.there) {
            (Some(_), Some(_)) => Place::Both,
            (None, Some(_)) => Place::There,
            _ => Place::Here,
        }
    }

    fn candidate(&self, environment: &str, newest: Option<&String>, store: &Store) -> Candidate {
        let believed: Vec<&Manifest> = self.manifests().filter_map(|m| m.as_ref().ok()).collect();
        let of = believed.first().map(|manifest| manifest.environment.clone());
        let last = believed.first().and_then(|m| m.last_migration.as_ref()).map(|last| &last.name);
        Candidate {
            name: self.name.to_string(),
            taken: self.taken(),
            proven: believed.iter().any(|m| m.level() >= Some(Level::Decodable)),
            pinned: believed.iter().any(|m| m.pinned),
            is_before_migration: last != newest,
            tags: believed.iter().flat_map(|m| m.tags.clone()).collect(),
            // What is not here cannot be recompressed here.
            is_archived: self.here.is_none() || store.is_archived(&self.name),
            foreign: of.filter(|of| of != environment),
        }
    }
}

/// Removes what no rule keeps, here and in the object store, and recompresses old ones that stay here
/// into the archive.
///
/// # Errors
/// UP-6003, UP-6005, UP-6012, UP-4005. Nothing is removed where the newest migration cannot be learnt
/// (UP-11xx), or the object store not be listed (UP-6030, UP-6031, UP-6033).
pub async fn backup_prune(
    options: &Options,
    backup: &BackupOptions,
    sink: &mut dyn EventSink,
) -> Result<PruneReport> {
    let session = connect(options, sink).await?;
    let history = history_table(options).read(&session).await?;
    let newest = history.records.iter().rfind(|r| r.is_applied()).map(|r| r.name.to_string());
    let (store, remote) = (backup.store(), backup.remote()?);
    let all = all(&store, remote.as_ref()).await?;
    let environment = backup.environment_of(options);
    let candidate = |kept: &Kept| kept.candidate(&environment, newest.as_ref(), &store);
    let candidates: Vec<Candidate> = all.iter().map(candidate).collect();
    let verdicts = retain::decide(&candidates, &backup.keep, jiff::Timestamp::now());
    let (mut freed_bytes, mut freed_there) = (0, 0);
    for (kept, _) in all.iter().zip(&verdicts).filter(|(_, verdict)| !verdict.keep) {
        let bytes = |manifest: &Result<Manifest>| manifest.as_ref().map_or(0, Manifest::bytes);
        freed_there += kept.there.as_ref().map_or(0, bytes);
        freed_bytes += kept.here.as_ref().map_or(0, bytes);
        if options.dry_run {
            continue;
        }
        if let (Some(remote), Some(_)) = (&remote, &kept.there) {
            remote.remove(&kept.name).await?;
        }
        if kept.here.is_some() {
            store.remove(&kept.name)?;
        }
    }
    if let (Some(remote), false) = (&remote, options.dry_run) {
        remote.remove_leftovers().await?;
    }
    let mut archived = Vec::new();
    for index in retain::to_archive(&candidates, &verdicts, backup.archive_after_days) {
        let Kept { name, here: Some(manifest), .. } = &all[index] else { continue };
        let from_bytes = manifest.as_ref().map_or(0, Manifest::bytes);
        let tools = backup.tools(options);
        let locked = manifest.as_ref().ok().and_then(|m| backup::readable(&tools, m).err());
        archived.push(match options.dry_run || locked.is_some() {
            true => Archived {
                name: name.to_string(),
                from_bytes,
                bytes: None,
                kept_because: locked.map(|error| error.message().to_owned()),
            },
            false => backup::archive(&tools, name, &mut |step| emit(sink, step)).await?,
        });
    }
    let places = match remote {
        Some(_) => all.iter().map(|kept| (kept.name.to_string(), kept.place())).collect(),
        None => BTreeMap::new(),
    };
    Ok(PruneReport {
        verdicts,
        places,
        freed_bytes,
        freed_bytes_there: remote.is_some().then_some(freed_there),
        archived,
        after_days: backup.archive_after_days,
        dry_run: options.dry_run,
    })
}

/// Everything, oldest first, unreadable ones first.
async fn all(store: &Store, remote: Option<&Remote>) -> Result<Vec<Kept>> {
    let here = store.list()?.into_iter();
    let mut all: BTreeMap<BackupName, Kept> = here
        .map(|Listed { name, manifest }| {
            (name.clone(), Kept { name, here: Some(manifest), there: None })
        })
        .collect();
    let there = match remote {
        Some(remote) => remote.list().await?,
        None => Vec::new(),
    };
    for There { name, manifest } in there {
        let entry = all.entry(name.clone()).or_insert(Kept { name, here: None, there: None });
        entry.there = Some(manifest);
    }
    let mut all: Vec<Kept> = all.into_values().collect();
    all.sort_by_cached_key(|kept| (kept.taken(), kept.name.clone()));
    Ok(all)
}
