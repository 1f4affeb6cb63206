//! Several processes at one store.

use underpin_core::Code;
use underpin_core::backup::{self, Manifest, Request};
use underpin_testkit::bucket::ObjectStore;
use underpin_testkit::http_proxy::{Fault, HttpProxy, Rule};

use super::{Bench, contents};

#[tokio::test(flavor = "multi_thread")]
async fn two_copies_of_one_backup_are_one() {
    let Some(bench) = Bench::new(ObjectStore::s3().await).await else { return };
    for _ in 0..5 {
        let (first, second) = (bench.remote(), bench.remote());
        let both = tokio::join!(bench.copy(&first), bench.copy(&second));
        both.0.unwrap_or_else(|e| panic!("{e:?}"));
        both.1.unwrap_or_else(|e| panic!("{e:?}"));
        let before = contents(&bench.here());
        bench.lose();
        bench.fetch(&first).await.unwrap();
        assert_eq!(contents(&bench.here()), before);
        first.remove(&bench.name).await.unwrap();
        assert!(bench.store.keys().await.unwrap().is_empty());
    }
}

/// Two machines made a backup of one name: the first manifest counts, and the other's files have not
/// touched it.
#[tokio::test(flavor = "multi_thread")]
async fn two_backups_of_one_name_do_not_mix() {
    let Some(mut bench) = Bench::new(ObjectStore::s3().await).await else { return };
    let first = contents(&bench.here());
    let aside = bench.stage.folder.path().join("aside");
    // Another backup, which is given the first one's name.
    bench.stage.database.run("INSERT INTO t VALUES (0, 'other')").await;
    let request = Request { environment: "other".to_owned(), ..super::super::request() };
    let (other, manifest) =
        backup::create(&bench.stage.target, &bench.stage.tools, &request, &mut |_| {})
            .await
            .unwrap();
    std::fs::rename(bench.here(), &aside).unwrap();
    let store = bench.stage.store();
    std::fs::rename(store.folder_of(&other), bench.stage.tools.folder.join(bench.name.as_str()))
        .unwrap();
    let manifest = Manifest { name: bench.name.to_string(), ..manifest };
    store.update(&bench.name, &manifest).unwrap();
    let second = bench.stage.tools.clone();
    // The first one's copy is slow; the second's begins meanwhile, and both end.
    bench.stage.tools.folder = bench.stage.folder.path().join("first");
    std::fs::create_dir(&bench.stage.tools.folder).unwrap();
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    std::fs::set_permissions(&bench.stage.tools.folder, private).unwrap();
    std::fs::rename(&aside, bench.stage.tools.folder.join(bench.name.as_str())).unwrap();
    let proxy = HttpProxy::before(bench.store.address()).await.unwrap();
    let pause = Fault::Delay(std::time::Duration::from_millis(700));
    proxy.add(Rule::first(1, "PUT", "manifest.json", pause));
    let (slow, fast) = (bench.through(proxy.address()), bench.remote());
    let late = async {
        tokio::time::sleep(std::time::Duration::from_millis(400)).await;
        fast.copy(&second, &bench.name, &mut |_| {}).await
    };
    let (slow, late) = tokio::join!(bench.copy(&slow), late);
    let (winner, loser) = if slow.is_ok() { (slow, late) } else { (late, slow) };
    let won = winner.unwrap();
    let error = loser.unwrap_err();
    assert_eq!(error.code(), Code::NotCopied);
    assert!(error.causes()[0].starts_with(Code::BackupForeign.id()), "{error:?}");
    assert!(won.sent > 0);
    // The one that is there is whole, whichever it is.
    let fetched = bench.stage.folder.path().join("fetched");
    bench.stage.tools.folder = fetched;
    let there = bench.fetch(&bench.remote()).await.unwrap();
    let is_first = there.environment == "prod";
    if is_first {
        assert_eq!(contents(&bench.here()), first);
    }
    backup::check(&bench.stage.tools, &bench.name, backup::Level::Decodable, &mut |_| {})
        .await
        .unwrap();
}

/// A manifest that others change meanwhile is read again, and nothing of theirs is lost.
#[tokio::test(flavor = "multi_thread")]
async fn what_two_record_at_once_is_both_there() {
    let Some(bench) = Bench::new(ObjectStore::s3().await).await else { return };
    bench.copy(&bench.remote()).await.unwrap();
    let here = bench.stage.store().read(&bench.name).unwrap();
    let proven = |second: u8| {
        let mut proof = here.proofs[0].clone();
        proof.at = format!("2026-11-22T00:00:{second:02}Z");
        let mut proven = here.clone();
        proven.proofs.push(proof);
        proven
    };
    let remotes: Vec<_> = (0..4).map(|_| bench.remote()).collect();
    let manifests: Vec<_> = (1..5).map(proven).collect();
    let updates = remotes.iter().zip(&manifests).map(|(remote, manifest)| remote.update(manifest));
    for updated in futures_util::future::join_all(updates).await {
        assert!(updated.unwrap_or_else(|e| panic!("{e:?}")));
    }
    let there = bench.remote().read(&bench.name).await.unwrap();
    assert_eq!(there.proofs.len(), here.proofs.len() + 4);
}
