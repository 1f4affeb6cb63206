//! `backup list|copy|fetch|pin`, and what other verbs ask of the object store.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::backup::{
    BackupEntry, BackupListReport, BackupOptions, BackupReport, backups_here, emit,
};
use crate::backup::remote::{Copied, Remote, There};
use crate::backup::{BackupName, Manifest, Step, Tell, Tools};
use crate::config::{CopyPolicy, StoreUrl};
use crate::error::{Code, Error, Result};
use crate::event::{Event, EventSink};
use crate::execute::Stop;
use crate::postgres::scratch::ScratchOptions;

/// How long a list waits for the object store.
const LIST_PATIENCE: Duration = Duration::from_secs(20);

/// The object store that backups go to as well.
#[derive(Clone)]
pub struct CopyTo {
    /// Which.
    pub url: StoreUrl,
    /// The variables of its cloud, with its credentials.
    pub variables: BTreeMap<String, String>,
    /// What a copy that cannot be made means to a deploy.
    pub policy: CopyPolicy,
}

impl std::fmt::Debug for CopyTo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CopyTo({}, {:?})", self.url, self.policy)
    }
}

/// Where a backup is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// In the folder of this machine.
    Here,
    /// In the object store.
    There,
    /// In both.
    Both,
}

impl BackupOptions {
    /// The object store, if one is configured.
    pub(super) fn remote(&self) -> Result<Option<Remote>> {
        let open = |to: &CopyTo| Remote::open(&to.url, &to.variables, self.key.clone());
        self.copy_to.as_ref().map(open).transpose()
    }

    fn needed_remote(&self) -> Result<Remote> {
        self.remote()?.ok_or_else(|| {
            Error::new(Code::Usage, "no object store is configured")
                .hint("name one: copy_to = \"s3://BUCKET/PREFIX\" in [backup] of underpin.toml")
        })
    }

    pub(super) fn is_copy_required(&self) -> bool {
        self.copy_to.as_ref().is_some_and(|to| to.policy == CopyPolicy::Required)
    }

    /// Copies the backup before a deploy; where the policy says so, a copy that cannot be made is a
    /// warning. Where it went.
    pub(super) async fn copy_before(
        &self,
        remote: Result<Option<Remote>>,
        tools: &Tools,
        name: &BackupName,
        tell: Tell<'_>,
    ) -> Result<Option<String>> {
        let copied = match remote {
            Ok(None) => return Ok(None),
            Ok(Some(remote)) => remote.copy(tools, name, tell).await,
            Err(error) => Err(error),
        };
        match copied {
            Ok(copied) => Ok(Some(copied.to)),
            Err(error) if self.is_copy_required() || error.code() == Code::Interrupted => {
                Err(match error.code() {
                    Code::NotCopied => error.hint(
                        "to deploy without the copy: copy = \"best-effort\" in [backup] of underpin.toml",
                    ),
                    _ => error,
                })
            }
            Err(error) => {
                let why = error.causes().first().cloned().unwrap_or_default();
                tell(Step::Caution(format!("{error}: {why}")));
                Ok(None)
            }
        }
    }

    /// The backup that a person names. One that is only in the object store is fetched; `last` is the
    /// newest of both that can be believed, and of this machine where the store cannot be asked.
    ///
    /// # Errors
    /// As [`Store::find`](crate::backup::Store::find) and [`Remote::fetch`].
    pub(super) async fn find(
        &self,
        tools: &Tools,
        text: &str,
        tell: Tell<'_>,
    ) -> Result<(BackupName, Manifest)> {
        let here = self.store().find(text);
        if self.copy_to.is_none() {
            return here;
        }
        let is_missing = here.as_ref().is_err_and(|e| e.code() == Code::BackupMissing);
        if text != "last" {
            return match is_missing {
                true => self.fetch_named(tools, text, here, tell).await,
                false => here,
            };
        }
        let newest = match self.newest_there().await {
            Ok(newest) => newest,
            Err(error) if is_missing => return Err(error),
            Err(error) => {
                tell(Step::Caution(format!("`last` is the newest of this machine: {error}")));
                None
            }
        };
        match (newest, &here) {
            (Some(there), Ok((name, here)))
                if there.name == *name || there.taken <= here.taken() => {}
            (Some(there), _) => {
                let manifest = self.needed_remote()?.fetch(tools, &there.name, tell).await?;
                return Ok((there.name, manifest));
            }
            (None, _) => {}
        }
        here
    }

    async fn fetch_named(
        &self,
        tools: &Tools,
        text: &str,
        here: Result<(BackupName, Manifest)>,
        tell: Tell<'_>,
    ) -> Result<(BackupName, Manifest)> {
        let name = BackupName::parse(text)?;
        match self.needed_remote()?.fetch(tools, &name, tell).await {
            Ok(manifest) => Ok((name, manifest)),
            // Said of the folder it has the better hints.
            Err(error) if error.code() == Code::BackupMissing => here,
            Err(error) => Err(error),
        }
    }

    async fn newest_there(&self) -> Result<Option<Newest>> {
        let listed = patient(self.needed_remote()?.list()).await?;
        Ok(listed.into_iter().rev().find_map(|There { name, manifest }| {
            let manifest = manifest.ok().filter(|m| m.level().is_some())?;
            Some(Newest { name, taken: manifest.taken() })
        }))
    }

    /// Records in the object store what is recorded here of the same backup. What was done here holds
    /// without: it is a warning where that fails, and the next check records it.
    pub(super) async fn record_there(&self, here: &Manifest, tell: Tell<'_>) {
        let updated = async {
            match self.remote()? {
                Some(remote) => remote.update(here).await,
                None => Ok(false),
            }
        };
        if let Err(error) = updated.await {
            tell(Step::Caution(format!("not recorded in the object store: {error}")));
        }
    }

    /// What a transfer works with: no server.
    fn transfer(&self, stop: &Stop) -> Tools {
        Tools {
            folder: self.folder.clone(),
            key: self.key.clone(),
            encryption: self.encryption.clone(),
            scratch: ScratchOptions::default(),
            jobs: self.jobs,
            stop: stop.clone(),
        }
    }
}

struct Newest {
    name: BackupName,
    taken: jiff::Timestamp,
}

async fn patient<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::time::timeout(LIST_PATIENCE, work).await.unwrap_or_else(|_| {
        let words = format!("the object store has no answer within {} s", LIST_PATIENCE.as_secs());
        Err(Error::new(Code::StoreUnreachable, words))
    })
}

/// All backups, here and in the object store; nothing is checked but their manifests. A store that
/// cannot be listed is a warning.
///
/// # Errors
/// UP-6012.
pub async fn backup_list(
    backup: &BackupOptions,
    sink: &mut dyn EventSink,
) -> Result<BackupListReport> {
    let mut report = backups_here(backup)?;
    let Some(to) = &backup.copy_to else { return Ok(report) };
    report.copy_to = Some(to.url.to_string());
    let listed = match backup.remote() {
        Ok(Some(remote)) => patient(remote.list()).await,
        Ok(None) => Ok(Vec::new()),
        Err(error) => Err(error),
    };
    match listed {
        Ok(there) => add(backup, to, there, &mut report.backups),
        Err(error) => sink.emit(&Event::Warning {
            name: "backup",
            message: format!("only the backups of this machine are listed: {error}"),
            details: error.causes().iter().chain(error.hints()).cloned().collect(),
        }),
    }
    Ok(report)
}

/// Adds what is there to what is here.
fn add(backup: &BackupOptions, to: &CopyTo, there: Vec<There>, entries: &mut Vec<BackupEntry>) {
    for entry in entries.iter_mut() {
        entry.place = Some(Place::Here);
    }
    for There { name, manifest } in there {
        if let Some(entry) = entries.iter_mut().find(|entry| entry.name == name.as_str()) {
            entry.place = Some(Place::Both);
            entry.fault_there = manifest.err().map(|error| error.to_string());
            continue;
        }
        let at = format!("{}/{name}", to.url);
        let mut entry = backup.entry(name, manifest);
        if let Some(report) = &mut entry.backup {
            report.folder = at;
        }
        entry.place = Some(Place::There);
        entries.push(entry);
    }
    let taken = |entry: &BackupEntry| {
        entry.backup.as_ref().and_then(|b| b.taken_at.parse::<jiff::Timestamp>().ok())
    };
    entries.sort_by_cached_key(|entry| (taken(entry), entry.name.clone()));
}

/// Copies a backup of this machine to the object store; `last` is the newest here.
///
/// # Errors
/// UP-1003 without an object store, UP-6004 to UP-6006, UP-6030 to UP-6033, UP-4005.
pub async fn backup_copy(
    backup: &BackupOptions,
    name: &str,
    stop: &Stop,
    sink: &mut dyn EventSink,
) -> Result<Copied> {
    let remote = backup.needed_remote()?;
    let (name, _) = backup.store().find(name)?;
    remote.copy(&backup.transfer(stop), &name, &mut |step| emit(sink, step)).await
}

/// Fetches a backup from the object store into the folder of this machine; nothing is done where it is
/// here.
///
/// # Errors
/// UP-1003 without an object store, UP-6003 to UP-6006, UP-6012, UP-6030, UP-6031, UP-6033, UP-4005.
/// Nothing is left of an attempt.
pub async fn backup_fetch(
    backup: &BackupOptions,
    name: &str,
    stop: &Stop,
    sink: &mut dyn EventSink,
) -> Result<BackupReport> {
    let begun = Instant::now();
    let _is_configured = backup.needed_remote()?;
    let tools = backup.transfer(stop);
    let mut tell = |step| emit(sink, step);
    let (name, manifest) = Box::pin(backup.find(&tools, name, &mut tell)).await?;
    Ok(backup.report(&name, &manifest, begun))
}

/// Pins a backup where it is, or lets it go.
///
/// # Errors
/// UP-6004 to UP-6006, UP-6012; of one that is only in the object store UP-6030, UP-6031.
pub async fn backup_pin(
    backup: &BackupOptions,
    name: &str,
    pinned: bool,
    sink: &mut dyn EventSink,
) -> Result<BackupReport> {
    let store = backup.store();
    let begun = Instant::now();
    let (name, manifest) = match store.find(name) {
        Err(error) if error.code() == Code::BackupMissing && backup.copy_to.is_some() => {
            let name = BackupName::parse(name)?;
            let remote = backup.needed_remote()?;
            let manifest = Manifest { pinned, ..remote.read(&name).await? };
            remote.update(&manifest).await?;
            return Ok(backup.report(&name, &manifest, begun));
        }
        found => found?,
    };
    store.update(&name, &Manifest { pinned, ..manifest })?;
    let manifest = store.read(&name)?;
    backup.record_there(&manifest, &mut |step| emit(sink, step)).await;
    Ok(backup.report(&name, &manifest, begun))
}
