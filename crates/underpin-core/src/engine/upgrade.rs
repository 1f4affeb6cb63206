//! How old a database may be, and how new: the floor below which this folder cannot upgrade it, the
//! stops that an upgrade must not pass, and what a newer version has left. Pure.

use std::collections::BTreeSet;

use super::Manifest;
use crate::config::NewerDatabase;
use crate::error::{Code, Error, Result};
use crate::history::History;
use crate::migrations::{Migration, MigrationFolder, compare_names};

/// The word of `--allow` that lets an upgrade pass a stop.
pub const ALLOW_STOP: &str = "upgrade-stop";

/// The word of `--allow` that lets an older version go on on a newer database.
pub const ALLOW_NEWER: &str = "newer-database";

/// How far a database is.
pub(super) struct Reached<'a> {
    /// Migrations in effect: recorded, or proven and about to be.
    pub(super) in_effect: BTreeSet<&'a str>,
    /// Those that are about to run, in order.
    pub(super) pending: Vec<&'a Migration>,
    /// The database holds nothing yet: it is not upgraded, it is made.
    pub(super) is_new: bool,
}

/// Refuses an upgrade from below the floor, or past a stop.
///
/// # Errors
/// UP-2304; UP-1009 when a stop names a migration that nobody knows.
pub(super) fn check(
    manifest: &Manifest,
    folder: &MigrationFolder,
    reached: &Reached<'_>,
    allow: &[String],
) -> Result<()> {
    if reached.is_new || reached.pending.is_empty() {
        return Ok(());
    }
    if let Some(below) = &manifest.compatibility
        && let Some(floor) = &below.floor
        && !reached.in_effect.contains(floor.as_str())
    {
        let version = below.install.as_deref().unwrap_or("a version between");
        let words = "the database is older than this version can upgrade";
        let error = Error::new(Code::UpgradeRefused, words)
            .details(below.why.clone())
            .caused_by(format!("`{floor}` is not in effect, and this version starts there"));
        return Err(first(error, version));
    }
    for stop in &manifest.stops {
        let place = |name: &str| folder.migrations.iter().position(|m| m.name.as_str() == name);
        let Some(at) = place(&stop.at) else {
            if reached.in_effect.contains(stop.at.as_str()) {
                continue;
            }
            let words =
                format!("`underpin.toml`: a stop names `{}`, which is no migration", stop.at);
            return Err(Error::new(Code::SettingsInvalid, words)
                .hint("give the whole name of a folder of migrations: underpin status"));
        };
        let passes = !reached.in_effect.contains(stop.at.as_str())
            && reached.pending.iter().any(|m| place(m.name.as_str()).is_some_and(|i| i > at));
        if passes && !allow.iter().any(|word| word == ALLOW_STOP) {
            let words = "the upgrade would skip a version that has to be installed first";
            let error = Error::new(Code::UpgradeRefused, words)
                .details(stop.why.clone())
                .caused_by(format!(
                    "`{}` is not in effect, and `{}` comes after it",
                    stop.at,
                    last(reached)
                ));
            return Err(first(error, &stop.install).hint(format!(
                "to go past it all the same: underpin deploy --allow {ALLOW_STOP}"
            )));
        }
    }
    Ok(())
}

/// Refuses a version that is older than the database, where the project wants that: the history
/// records migrations behind the folder's end. Those before it may have been squashed.
///
/// # Errors
/// UP-2304.
pub(super) fn check_newer(
    manifest: &Manifest,
    folder: &MigrationFolder,
    history: &History,
    allow: &[String],
) -> Result<()> {
    let refuses =
        manifest.compatibility.as_ref().is_some_and(|c| c.newer_database == NewerDatabase::Refuse);
    if !refuses || allow.iter().any(|word| word == ALLOW_NEWER) {
        return Ok(());
    }
    let Some(end) = folder.migrations.last() else { return Ok(()) };
    let newer: Vec<String> = history
        .missing_from(folder)
        .into_iter()
        .filter(|name| compare_names(name.as_str(), end.name.as_str()).is_gt())
        .map(ToString::to_string)
        .collect();
    if newer.is_empty() {
        return Ok(());
    }
    Err(Error::new(Code::UpgradeRefused, "a newer version has upgraded the database")
        .details(newer)
        .caused_by("the history records migrations that this version does not know")
        .hint("install that version again")
        .hint("or go back to a backup from before it: underpin backup list")
        .hint(format!("to go on with this version all the same: --allow {ALLOW_NEWER}")))
}

fn last<'a>(reached: &Reached<'a>) -> &'a str {
    reached.pending.last().map_or("", |m| m.name.as_str())
}

fn first(error: Error, version: &str) -> Error {
    error.hint(format!("install {version} and let it start once; then install this version again"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Compatibility, UpgradeStop};

    fn folder(names: &[&str]) -> (tempfile::TempDir, MigrationFolder) {
        let root = tempfile::tempdir().unwrap();
        for name in names {
            std::fs::create_dir(root.path().join(name)).unwrap();
            std::fs::write(root.path().join(name).join("migration.sql"), "SELECT 1").unwrap();
        }
        let folder = MigrationFolder::read(root.path()).unwrap();
        (root, folder)
    }

    fn checked(
        manifest: &Manifest,
        in_effect: &[&str],
        is_new: bool,
        allow: &[&str],
    ) -> Option<String> {
        let (_root, folder) = folder(&["1_a", "2_b", "3_c"]);
        let pending = folder.migrations.iter().filter(|m| !in_effect.contains(&m.name.as_str()));
        let reached = Reached {
            in_effect: in_effect.iter().copied().collect(),
            pending: pending.collect(),
            is_new,
        };
        let allow: Vec<String> = allow.iter().map(|word| (*word).to_owned()).collect();
        check(manifest, &folder, &reached, &allow).err().map(|e| e.code().id().to_owned())
    }

    #[test]
    fn a_floor_holds_for_what_is_there_already() {
        let floor = Compatibility { floor: Some("2_b".to_owned()), ..Default::default() };
        let manifest = Manifest { compatibility: Some(floor), ..Manifest::default() };
        assert_eq!(checked(&manifest, &["1_a"], false, &[]).as_deref(), Some("UP-2304"));
        assert_eq!(checked(&manifest, &["1_a", "2_b"], false, &[]), None);
        assert_eq!(checked(&manifest, &[], true, &[]), None);
        // Squashed: the history still has it, the folder does not.
        let floor = Compatibility { floor: Some("0_old".to_owned()), ..Default::default() };
        let manifest = Manifest { compatibility: Some(floor), ..Manifest::default() };
        assert_eq!(checked(&manifest, &["0_old", "1_a"], false, &[]), None);
        assert_eq!(checked(&manifest, &["1_a"], false, &[]).as_deref(), Some("UP-2304"));
        assert_eq!(checked(&manifest, &["1_a", "2_b", "3_c"], false, &[]), None, "nothing to do");
    }

    #[test]
    fn a_stop_is_not_passed_and_may_be_reached() {
        let stop = |at: &str| {
            let stop = UpgradeStop { at: at.to_owned(), install: "v2".to_owned(), why: None };
            Manifest { stops: vec![stop], ..Manifest::default() }
        };
        assert_eq!(checked(&stop("2_b"), &["1_a"], false, &[]).as_deref(), Some("UP-2304"));
        assert_eq!(checked(&stop("2_b"), &["1_a"], false, &["upgrade-stop"]), None);
        assert_eq!(checked(&stop("2_b"), &["1_a", "2_b"], false, &[]), None);
        assert_eq!(checked(&stop("3_c"), &["1_a"], false, &[]), None, "it ends there");
        assert_eq!(checked(&stop("2_b"), &[], true, &[]), None);
        assert_eq!(checked(&stop("2_typo"), &["1_a"], false, &[]).as_deref(), Some("UP-1009"));
    }
}
