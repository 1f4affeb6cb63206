//! A backup that was damaged or changed is found out, wherever it was touched.

use std::path::PathBuf;

use underpin_core::Code;
use underpin_core::backup::{BackupName, Level, Store};
use underpin_core::config::Secret;

use super::{Stage, files, newest};

/// Bytes that are inverted, one at a time.
const MUTATIONS: usize = 240;

fn is_found_out(code: Code) -> bool {
    matches!(code, Code::BackupDamaged | Code::BackupTampered | Code::BackupMissing)
}

async fn stage() -> Option<(Stage, BackupName, PathBuf)> {
    let (major, client) = newest()?;
    let server = underpin_testkit::server(major).await;
    let stage = Stage::new(&server, client).await;
    let (name, _) = stage.create().await.unwrap();
    let folder = stage.store().folder_of(&name);
    Some((stage, name, folder))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_byte_is_found_wherever_it_is() {
    let Some((stage, name, folder)) = stage().await else { return };
    let manifest = std::fs::read(folder.join("manifest.json")).unwrap();
    let files = files(&folder);
    for number in 0..MUTATIONS {
        let path = &files[number % files.len()];
        let good = std::fs::read(path).unwrap();
        if good.is_empty() {
            continue;
        }
        // Spread over each file, its first and last byte included.
        let turn = number / files.len();
        let turns = MUTATIONS.div_ceil(files.len());
        let place = (good.len() - 1) * turn / (turns - 1).max(1);
        let mut bad = good.clone();
        bad[place] ^= 1 << (number % 8);
        std::fs::write(path, &bad).unwrap();
        let error = stage.check(&name, Level::Intact).await.unwrap_err();
        assert!(is_found_out(error.code()), "{} at {place}: {error}", path.display());
        std::fs::write(path, &good).unwrap();
        std::fs::write(folder.join("manifest.json"), &manifest).unwrap();
    }
    stage.check(&name, Level::Intact).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_cut_missing_or_strange_is_found() {
    let Some((stage, name, folder)) = stage().await else { return };
    let manifest = std::fs::read(folder.join("manifest.json")).unwrap();
    for path in files(&folder) {
        let good = std::fs::read(&path).unwrap();
        for cut in [0, good.len() / 3, good.len().saturating_sub(1)] {
            std::fs::write(&path, &good[..cut]).unwrap();
            if cut < good.len() {
                let error = stage.check(&name, Level::Intact).await.unwrap_err();
                assert!(is_found_out(error.code()), "{} cut to {cut}", path.display());
            }
        }
        std::fs::remove_file(&path).unwrap();
        let error = stage.check(&name, Level::Intact).await.unwrap_err();
        assert!(is_found_out(error.code()), "{} removed: {error}", path.display());
        // A link to the same bytes is no file of ours.
        let elsewhere = stage.folder.path().join("elsewhere");
        std::fs::write(&elsewhere, &good).unwrap();
        std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
        let error = stage.check(&name, Level::Intact).await.unwrap_err();
        assert!(is_found_out(error.code()), "{} linked: {error}", path.display());
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, &good).unwrap();
        std::fs::write(folder.join("manifest.json"), &manifest).unwrap();
    }
    let strange = folder.join("dump/1.dat");
    std::fs::write(&strange, "").unwrap();
    let error = stage.check(&name, Level::Intact).await.unwrap_err();
    assert_eq!(error.code(), Code::BackupDamaged);
    // Found bad once: it counts for nothing until it is found good.
    assert_eq!(stage.store().read(&name).unwrap().level(), None);
    assert_eq!(stage.store().find("last").unwrap_err().code(), Code::BackupMissing);
    std::fs::remove_file(&strange).unwrap();
    stage.check(&name, Level::Decodable).await.unwrap();
    assert_eq!(stage.store().find("last").unwrap().0, name);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_that_was_rewritten_does_not_fit_its_key() {
    let Some((mut stage, name, folder)) = stage().await else { return };
    let path = folder.join("manifest.json");
    // Somebody changes a data file and everything in the manifest that goes with it.
    let mut forged = stage.store().read(&name).unwrap();
    forged.tables[0].rows += 1;
    std::fs::write(&path, forged.to_bytes(None).unwrap()).unwrap();
    stage.store().read(&name).unwrap();
    stage.tools.key = Some(Secret::new("correct horse"));
    assert_eq!(stage.store().read(&name).unwrap_err().code(), Code::BackupTampered);
    std::fs::write(&path, forged.to_bytes(Some(&Secret::new("another"))).unwrap()).unwrap();
    assert_eq!(stage.store().read(&name).unwrap_err().code(), Code::BackupTampered);
    std::fs::write(&path, forged.to_bytes(stage.tools.key.as_ref()).unwrap()).unwrap();
    stage.store().read(&name).unwrap();
    // Who has no key cannot tell, and would leave it unsigned.
    let error = Store::new(stage.tools.folder.clone(), None).read(&name).unwrap_err();
    assert_eq!(error.code(), Code::BackupTampered);
    assert!(error.message().contains("no key is configured"), "{error}");
    // Paths that lead out of the folder are refused even when they are signed.
    for bad in ["../../etc/passwd", "/etc/passwd", "dump/../../x"] {
        let mut leading = forged.clone();
        leading.files[0].path = bad.to_owned();
        std::fs::write(&path, leading.to_bytes(stage.tools.key.as_ref()).unwrap()).unwrap();
        let error = stage.store().read(&name).unwrap_err();
        assert_eq!(error.code(), Code::BackupDamaged, "{bad}");
    }
}

/// A copy that is not what its manifest says is told from one that is, row by row.
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_with_other_rows_is_not_equal() {
    let Some((stage, name, folder)) = stage().await else { return };
    let (path, manifest) = (folder.join("manifest.json"), stage.store().read(&name).unwrap());
    let users = manifest.tables.iter().position(|table| table.name == "users").unwrap();
    for (rows, digest, words) in [
        (3000, "0".repeat(32), "\"public\".\"users\": other contents in its 3000 rows"),
        (2999, manifest.tables[users].digest.clone(), "\"public\".\"users\": 3000 rows, not 2999"),
    ] {
        let mut other = manifest.clone();
        (other.tables[users].rows, other.tables[users].digest) = (rows, digest);
        std::fs::write(&path, other.to_bytes(None).unwrap()).unwrap();
        let error = stage.check(&name, Level::Equal).await.unwrap_err();
        assert_eq!(error.code(), Code::RestoreFailed, "{error}");
        assert_eq!(error.detail_lines(), [words]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_and_folders_that_lead_elsewhere_are_refused() {
    let Some((stage, name, folder)) = stage().await else { return };
    for text in ["../x", "/etc", "a/b", "", ".partial-x"] {
        assert_eq!(stage.store().find(text).unwrap_err().code(), Code::BackupsUnusable);
    }
    let link = stage.tools.folder.join("linked");
    std::os::unix::fs::symlink(&folder, &link).unwrap();
    assert_eq!(stage.store().list().unwrap().len(), 1);
    assert_eq!(stage.store().find("linked").unwrap_err().code(), Code::BackupDamaged);
    std::fs::remove_file(&link).unwrap();
    // Under another name it is not that backup.
    let other = stage.tools.folder.join("other");
    std::fs::rename(&folder, &other).unwrap();
    assert_eq!(stage.store().find("other").unwrap_err().code(), Code::BackupTampered);
    std::fs::rename(&other, &folder).unwrap();
    // Where others may write, a backup could be replaced.
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    std::fs::set_permissions(&stage.tools.folder, open).unwrap();
    assert_eq!(stage.create().await.unwrap_err().code(), Code::BackupsUnusable);
    assert_eq!(stage.entries(), [name.as_str()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_cut_at_any_offset_is_found() {
    let Some((stage, name, folder)) = stage().await else { return };
    let manifest = folder.join("manifest.json");
    let whole = std::fs::read(&manifest).unwrap();
    for cut in 0..whole.len() {
        std::fs::write(&manifest, &whole[..cut]).unwrap();
        let error = stage.store().read(&name).unwrap_err();
        assert!(is_found_out(error.code()), "manifest cut to {cut}: {error}");
    }
    std::fs::write(&manifest, &whole).unwrap();
    let data = files(&folder).into_iter().filter(|path| path.to_string_lossy().contains(".dat"));
    let smallest = data.min_by_key(|path| path.metadata().unwrap().len()).unwrap();
    let good = std::fs::read(&smallest).unwrap();
    for cut in 0..good.len() {
        std::fs::write(&smallest, &good[..cut]).unwrap();
        let error = stage.check(&name, Level::Intact).await.unwrap_err();
        assert_eq!(error.code(), Code::BackupDamaged, "cut to {cut}");
        std::fs::write(&manifest, &whole).unwrap();
    }
    std::fs::write(&smallest, &good).unwrap();
    stage.check(&name, Level::Intact).await.unwrap();
}

/// The archive of months is no way out of the folder, nor is a claim.
#[tokio::test(flavor = "multi_thread")]
async fn links_in_the_archive_are_not_followed() {
    let Some((stage, name, folder)) = stage().await else { return };
    let elsewhere = stage.folder.path().join("elsewhere");
    let month = stage.tools.folder.join("archive/2026-01");
    std::fs::create_dir_all(&month).unwrap();
    std::fs::rename(&folder, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, month.join(name.as_str())).unwrap();
    assert!(stage.store().list().unwrap().is_empty());
    assert_eq!(stage.store().read(&name).unwrap_err().code(), Code::BackupDamaged);
    std::fs::remove_dir_all(&month).unwrap();
    std::os::unix::fs::symlink(stage.folder.path(), &month).unwrap();
    assert!(stage.store().list().unwrap().is_empty());
    let claim = stage.tools.folder.join("prod.claim.json");
    std::os::unix::fs::symlink(elsewhere.join("manifest.json"), &claim).unwrap();
    assert_eq!(
        stage.store().claims().unwrap()[0].1.as_ref().unwrap_err().code(),
        Code::BackupDamaged
    );
}
