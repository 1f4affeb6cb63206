//! A backup of the store, brought into the folder.

use std::os::unix::fs::DirBuilderExt as _;

use super::layout::{key_of, total};
use super::{Remote, each_file, is_of_store};
use crate::backup::dump::not_written;
use crate::backup::files::ENTRIES_MAX;
use crate::backup::manifest::Manifest;
use crate::backup::store::Store;
use crate::backup::{BackupName, Tell, Tools, or_stopped};
use crate::error::{Code, Error, Result};

impl Remote {
    /// Brings a backup into the folder: the manifest, whose seal is checked, then every file it names,
    /// hashed while it is written. It gets its name when all of them are those of the manifest.
    ///
    /// # Errors
    /// UP-6003, UP-6004, UP-6005, UP-6006, UP-6012, UP-6030, UP-6031, UP-4005. Nothing is left.
    pub async fn fetch(
        &self,
        tools: &Tools,
        name: &BackupName,
        tell: Tell<'_>,
    ) -> Result<Manifest> {
        let store = Store::new(tools.folder.clone(), tools.key.clone());
        let manifest = self.read(name).await?;
        self.check_room(&store, &manifest)?;
        let partial = store.begin_fetched(name)?;
        let folder = partial.folder().to_owned();
        let work =
            Box::pin(each_file("fetch", manifest.stored_files(), tools, tell, |file, job| {
                let (key, path) = (key_of(&manifest, &file), folder.join(&file.path));
                async move {
                    let above = path.parent().map_or(Ok(()), |above| {
                        std::fs::DirBuilder::new().mode(0o700).recursive(true).create(above)
                    });
                    above.map_err(|e| not_written(&e))?;
                    self.objects.receive(&key, &path, &file, &job).await
                }
            }));
        or_stopped(tools, "the fetch", work).await.map_err(|error| match error.code() {
            code if is_of_store(code) => error.hint(format!("again: underpin backup fetch {name}")),
            Code::BackupDamaged => error.hint("the others: underpin backup list"),
            _ => error,
        })?;
        partial.finish(&manifest, tools.key.as_ref()).map_err(|e| not_written(&e))?;
        store.read(name)
    }

    fn check_room(&self, store: &Store, manifest: &Manifest) -> Result<()> {
        let needed = total(manifest.stored_files());
        if manifest.stored_files().len() > ENTRIES_MAX {
            let words = format!("`{}/{}` names too many files", self.url, manifest.name);
            return Err(Error::new(Code::BackupDamaged, words));
        }
        store.require_room(needed, &format!("the backup `{}` has", manifest.name))
    }
}
