//! A backup restored on a throw-away server, to be worked on.

use std::time::{Duration, Instant};

use super::check::{missing_extensions, read_catalog};
use super::place::{self, Place, Restore};
use super::store::Store;
use super::{BackupName, Manifest, Step, Tell, Tools, encryption, or_stopped};
use crate::error::{Code, Error, Result};
use crate::postgres::ConnectionSettings;
use crate::postgres::cluster::Cluster;

/// A copy of a backed up database. It is gone when this is dropped.
pub struct RestoredCopy {
    /// The server.
    pub cluster: Cluster,
    /// The copy, as superuser.
    pub settings: ConnectionSettings,
    /// The server in one phrase.
    pub engine: String,
    /// What the backup is.
    pub manifest: Manifest,
    /// How long the restore took.
    pub took: Duration,
}

/// Restores a backup on a server of its own major with further settings, after its files were
/// checked. Nothing of the backup is changed.
///
/// # Errors
/// UP-6004 to UP-6006, UP-3101, UP-3102, UP-6001, UP-6021, UP-6022, UP-6008 when the server does not accept it,
/// UP-4005. Nothing is left.
pub async fn restored_copy(
    tools: &Tools,
    name: &BackupName,
    settings: &[String],
    tell: Tell<'_>,
) -> Result<RestoredCopy> {
    let store = Store::new(tools.folder.clone(), tools.key.clone());
    let manifest = store.read(name)?;
    encryption::readable(tools, &manifest)?;
    let folder = store.folder_of(name);
    let work = async {
        tell(Step::Begun("check"));
        let (checked, of, stop) = (folder.clone(), manifest.clone(), tools.stop.clone());
        let check =
            move || super::files::check_files(&checked, &of, &mut |_| {}, &|| stop.is_requested());
        tokio::task::spawn_blocking(check)
            .await
            .map_err(|e| Error::new(Code::Internal, "a check stopped").caused_by(e))??;
        let opened = encryption::open(tools, &manifest, tell).await?;
        let (manifest, folder) = (&opened.manifest, &opened.folder);
        tell(Step::Begun("restore"));
        let place = Place::start_with(manifest, tools, settings).await?;
        let target = place.settings()?;
        let session = target.connect().await?;
        let missing = missing_extensions(&session, &read_catalog(folder)?).await?;
        drop(session);
        if !missing.is_empty() {
            let words = format!("the scratch server lacks extensions: {}", missing.join(", "));
            return Err(Error::new(Code::RestoreFailed, words)
                .hint("give server binaries that have them: --pg-bin FOLDER"));
        }
        let loading = place.loading(tools.jobs)?;
        let restore = Restore { manifest, folder, tools, target: &loading, on_scratch: true };
        let begun = Instant::now();
        place::accepted(&place.phrase(), restore.run(tell).await?)?;
        Ok((place, target, begun.elapsed()))
    };
    let (place, settings, took) = or_stopped(tools, "the restore", work).await?;
    let engine = place.phrase();
    Ok(RestoredCopy {
        cluster: place.into_cluster(),
        settings,
        engine,
        manifest: manifest.clone(),
        took,
    })
}
