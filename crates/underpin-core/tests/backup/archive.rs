//! Old backups are compressed harder and kept by month, whole at every instant.

use underpin_core::Code;
use underpin_core::backup::{self, Level};
use underpin_core::execute::Stop;

use super::{Stage, clients, newest};

fn month() -> String {
    jiff::Timestamp::now().to_string()[..7].to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archived_backup_is_smaller_and_equal() {
    for major in underpin_testkit::majors() {
        let server = underpin_testkit::server(major).await;
        for client in (major..=18).filter(|client| clients(*client).is_some()) {
            let mut stage = Stage::new(&server, client).await;
            let sql = "CREATE TABLE notes AS SELECT i, 'a note about ' || md5((i % 97)::text) AS t \
                FROM generate_series(1, 20000) i; SELECT lo_from_bytea(7001, ''), lo_from_bytea(7002, 'large')";
            stage.database.run(sql).await;
            let (name, before) = stage.create().await.unwrap();
            stage.check(&name, Level::Equal).await.unwrap();
            // Asked to stop, or on a backup that is damaged: it stays as it is.
            let (sender, stop) = Stop::channel();
            sender.send_replace(true);
            let ready = std::mem::replace(&mut stage.tools.stop, stop);
            let error = backup::archive(&stage.tools, &name, &mut |_| {}).await.unwrap_err();
            assert_eq!(error.code(), Code::Interrupted);
            stage.tools.stop = ready;
            assert_eq!(stage.store().read(&name).unwrap().archived_at, None);
            // What a killed one left in the archive without a manifest is no obstacle.
            let home = stage.tools.folder.join("archive").join(month()).join(name.as_str());
            let mut made = std::fs::DirBuilder::new();
            std::os::unix::fs::DirBuilderExt::mode(&mut made, 0o700);
            made.recursive(true).create(home.join("dump")).unwrap();
            let archived = backup::archive(&stage.tools, &name, &mut |_| {}).await.unwrap();
            assert!(archived.bytes.unwrap() < before.bytes(), "{archived:?}");
            assert_eq!(stage.entries(), ["archive"]);
            assert_eq!(stage.store().folder_of(&name), home);
            super::private(&stage.tools.folder.join("archive"));
            assert_eq!(stage.store().find("last").unwrap().0, name);
            let manifest = stage.store().read(&name).unwrap();
            assert_eq!(manifest.level(), Some(Level::Equal));
            assert_eq!(manifest.tables, before.tables);
            let proven = stage.check(&name, Level::Equal).await.unwrap();
            assert_eq!(proven.proofs.last().unwrap().level, Level::Equal);
            // Removed, its month goes too.
            stage.store().remove(&name).unwrap();
            assert!(!home.parent().unwrap().exists());
        }
    }
}

/// Killed between the two renames: both are there, and are one.
#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_is_in_both_places_is_one() {
    let Some((major, client)) = newest() else { return };
    let server = underpin_testkit::server(major).await;
    let stage = Stage::new(&server, client).await;
    let (name, _) = stage.create().await.unwrap();
    let folder = stage.store().folder_of(&name);
    let kept = stage.folder.path().join("kept");
    let copied = std::process::Command::new("cp").arg("-a").args([&folder, &kept]).status();
    assert!(copied.unwrap().success());
    backup::archive(&stage.tools, &name, &mut |_| {}).await.unwrap();
    std::fs::rename(&kept, &folder).unwrap();
    assert_eq!(stage.store().list().unwrap().len(), 1);
    assert!(!stage.store().is_archived(&name));
    backup::archive(&stage.tools, &name, &mut |_| {}).await.unwrap();
    assert!(stage.store().is_archived(&name));
    assert_eq!(stage.entries(), ["archive"]);
    stage.check(&name, Level::Decodable).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_backup_is_not_archived() {
    let Some((major, client)) = newest() else { return };
    let server = underpin_testkit::server(major).await;
    let stage = Stage::new(&server, client).await;
    let (name, manifest) = stage.create().await.unwrap();
    let file = manifest.files.iter().max_by_key(|file| file.bytes).unwrap();
    let path = stage.store().folder_of(&name).join(&file.path);
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let error = backup::archive(&stage.tools, &name, &mut |_| {}).await.unwrap_err();
    assert_eq!(error.code(), Code::BackupDamaged);
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
    assert!(!stage.store().is_archived(&name));
}

/// `prune` archives what stays and is old, says so before, and does it once.
#[tokio::test(flavor = "multi_thread")]
async fn prune_archives_what_is_old_and_stays() {
    use underpin_core::engine::{BackupOptions, Options, backup_prune};
    let Some((major, client)) = newest() else { return };
    let server = underpin_testkit::server(major).await;
    let stage = Stage::new(&server, client).await;
    let (old, manifest) = stage.create().await.unwrap();
    let (new, _) = stage.create().await.unwrap();
    let then = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(40 * 24);
    let aged = backup::Manifest { begun_at: then.to_string(), ..manifest };
    stage.store().update(&old, &aged).unwrap();
    let mut options = Options::new(stage.target.clone(), stage.folder.path().to_owned());
    let backups = BackupOptions {
        archive_after_days: 30,
        environment: Some("prod".to_owned()),
        ..BackupOptions::new(stage.tools.folder.clone())
    };
    let mut sink = underpin_core::event::Silent;
    options.dry_run = true;
    let would = backup_prune(&options, &backups, &mut sink).await.unwrap();
    assert_eq!(would.archived.len(), 1, "{would:?}");
    assert_eq!((would.archived[0].name.as_str(), would.archived[0].bytes), (old.as_str(), None));
    assert!(!stage.store().is_archived(&old));
    options.dry_run = false;
    let did = backup_prune(&options, &backups, &mut sink).await.unwrap();
    assert!(did.archived[0].bytes.is_some());
    let month = &then.to_string()[..7];
    assert!(
        stage.store().folder_of(&old).starts_with(stage.tools.folder.join("archive").join(month))
    );
    assert!(!stage.store().is_archived(&new));
    // The rules see the archived one as before.
    let again = backup_prune(&options, &backups, &mut sink).await.unwrap();
    assert_eq!(again.archived, []);
    assert_eq!(again.verdicts.len(), 2);
    assert!(again.verdicts.iter().all(|verdict| verdict.keep));
}
