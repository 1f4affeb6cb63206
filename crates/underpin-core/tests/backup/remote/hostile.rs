//! What is there is not what was sent.

use underpin_core::Code;
use underpin_core::backup::manifest::FileEntry;
use underpin_core::backup::{BackupName, Manifest};
use underpin_testkit::bucket::ObjectStore;

use super::Bench;

/// A flipped bit anywhere, in the manifest or in a file, at its ends and in between.
#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_bit_is_found_wherever_it_is() {
    let Some(bench) = Bench::new(ObjectStore::s3().await).await else { return };
    let remote = bench.remote();
    bench.copy(&remote).await.unwrap();
    bench.lose();
    let mut flips = 0;
    for key in bench.store.keys().await.unwrap() {
        let (status, good) = bench.store.request("GET", &key, b"").await.unwrap();
        assert_eq!(status, 200, "{key}");
        let is_manifest = key.ends_with("manifest.json");
        let count = if is_manifest { 40 } else { 10 };
        let mut places: Vec<usize> = (0..count).map(|i| i * good.len() / count).collect();
        places.push(good.len().saturating_sub(1));
        places.dedup();
        for place in places.into_iter().filter(|place| *place < good.len()) {
            let mut bad = good.clone();
            bad[place] ^= 1 << (place % 8);
            assert_eq!(bench.store.request("PUT", &key, &bad).await.unwrap().0, 200);
            let error = bench.fetch(&remote).await.unwrap_err();
            assert!(
                matches!(error.code(), Code::BackupDamaged | Code::BackupTampered),
                "{key} {place}: {error:?}"
            );
            assert_eq!(bench.stage.entries(), [] as [String; 0], "{key} {place}");
            flips += 1;
        }
        assert_eq!(bench.store.request("PUT", &key, &good).await.unwrap().0, 200);
    }
    assert!(flips >= 60, "{flips}");
    println!("{flips} flipped bits, all found");
    bench.fetch(&remote).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_is_gone_or_cut_off_is_found_and_can_be_copied_again() {
    let Some(bench) = Bench::new(ObjectStore::s3().await).await else { return };
    let remote = bench.remote();
    bench.copy(&remote).await.unwrap();
    let keys = bench.store.keys().await.unwrap();
    let files = keys.iter().filter(|key| !key.ends_with("manifest.json"));
    let away = bench.stage.folder.path().join("away");
    for key in files {
        let (_, good) = bench.store.request("GET", key, b"").await.unwrap();
        for bad in [None, Some(&good[..good.len() / 2]), Some(&b""[..])] {
            if bad.is_some_and(|bad| bad.len() == good.len()) {
                continue;
            }
            match bad {
                None => bench.store.request("DELETE", key, b"").await.unwrap(),
                Some(bad) => bench.store.request("PUT", key, bad).await.unwrap(),
            };
            // The list sees it by the sizes, before anybody needs the backup.
            let listed = remote.list().await.unwrap().remove(0);
            let code = listed.manifest.unwrap_err().code();
            assert_eq!(code, Code::BackupDamaged, "{key} {bad:?}");
            std::fs::rename(bench.here(), &away).unwrap();
            let error = bench.fetch(&remote).await.unwrap_err();
            assert_eq!(error.code(), Code::BackupDamaged, "{key} {bad:?}: {error:?}");
            assert_eq!(bench.stage.entries(), [] as [String; 0]);
            std::fs::rename(&away, bench.here()).unwrap();
            assert_eq!(bench.copy(&remote).await.unwrap().sent, 1, "{key}");
            assert!(remote.list().await.unwrap()[0].manifest.is_ok());
        }
    }
}

/// A manifest that names what it must not. It is sealed: without a key anybody can do that.
#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_manifest_leads_nowhere() {
    let Some(bench) = Bench::new(ObjectStore::s3().await).await else { return };
    let remote = bench.remote();
    let good = bench.stage.store().read(&bench.name).unwrap();
    bench.copy(&remote).await.unwrap();
    bench.lose();
    let key = format!("shop/prod/{}/manifest.json", bench.name);
    let file = |path: &str, bytes| FileEntry {
        path: path.to_owned(),
        bytes,
        sha256: good.files[0].sha256.clone(),
    };
    let with = |files: Vec<FileEntry>| Manifest { files, ..good.clone() };
    let outside = bench.stage.folder.path().join("outside");
    for (bad, what) in [
        (with(vec![file("../outside", 1)]), "a step upward"),
        (with(vec![file("dump/../../../outside", 1)]), "steps upward"),
        (with(vec![file(&outside.display().to_string(), 1)]), "an absolute path"),
        (with(vec![file("a\nb", 1)]), "a line end"),
        (with(vec![file(".lock", 1)]), "a file of ours"),
        (with(vec![file("manifest.json", 1)]), "the manifest"),
        (with([good.files.clone(), good.files.clone()].concat()), "files twice"),
        (with(vec![file("dump", 1), file("dump/toc.dat", 1)]), "a file as a folder"),
        (with(vec![file("a", u64::MAX), file("b", u64::MAX)]), "more than a disk holds"),
        (Manifest { name: "prod_other".to_owned(), ..good.clone() }, "another name"),
        (Manifest { format: 99, ..good.clone() }, "another form"),
    ] {
        let bytes = bad.to_bytes(None).unwrap();
        bench.store.request("PUT", &key, &bytes).await.unwrap();
        let error = bench.fetch(&remote).await.unwrap_err();
        let code = error.code();
        assert!(
            matches!(code, Code::BackupDamaged | Code::BackupTampered | Code::BackupNoRoom),
            "{what}: {error:?}"
        );
        assert_eq!(bench.stage.entries(), [] as [String; 0], "{what}");
        assert!(!outside.exists(), "{what}");
        assert!(!remote.list().await.unwrap().remove(0).manifest.is_ok_and(|_| true), "{what}");
    }
    for junk in [&b""[..], b"{}", b"null", &[0xff; 100]] {
        bench.store.request("PUT", &key, junk).await.unwrap();
        assert_eq!(bench.fetch(&remote).await.unwrap_err().code(), Code::BackupDamaged);
    }
}

/// Objects of others below the prefix are no backups, and are left alone.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_ours_is_left_alone() {
    let Some(bench) = Bench::new(ObjectStore::s3().await).await else { return };
    let remote = bench.remote();
    let foreign = [
        "shop/prod/readme.txt",
        "shop/prod/some/photo.jpg",
        "shop/production/x/manifest.json",
        "elsewhere/manifest.json",
    ];
    for key in foreign {
        bench.store.request("PUT", key, b"x").await.unwrap();
    }
    bench.copy(&remote).await.unwrap();
    assert_eq!(bench.names().await, [bench.name.as_str()]);
    remote.remove(&bench.name).await.unwrap();
    remote.remove_leftovers().await.unwrap();
    let mut kept = foreign.map(str::to_owned).to_vec();
    kept.sort();
    assert_eq!(bench.store.keys().await.unwrap(), kept);
    assert!(BackupName::parse("../prod").is_err());
}
