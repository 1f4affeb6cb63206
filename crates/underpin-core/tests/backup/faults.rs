//! A backup that cannot be made leaves nothing, and the one before it alone.

use std::time::Duration;

use underpin_core::Code;
use underpin_core::execute::Stop;
use underpin_core::postgres::ConnectionSettings;
use underpin_core::postgres::binaries::SearchPlaces;
use underpin_testkit::proxy::{Action, Proxy, Rule, When};

use super::{Stage, clients, newest};

#[tokio::test(flavor = "multi_thread")]
async fn an_older_pg_dump_is_refused_before_it_starts() {
    let Some((major, _)) = newest() else { return };
    let Some(older) = (13..major).rev().find(|client| clients(*client).is_some()) else {
        println!("SKIPPED: no pg_dump that is older than PostgreSQL {major}");
        return;
    };
    let server = underpin_testkit::server(major).await;
    let mut stage = Stage::of(&server, server.database().await, older);
    let error = stage.create().await.unwrap_err();
    assert_eq!(error.code(), Code::NoDumpTool);
    assert!(error.hints()[0].contains(&format!("postgresql-client-{major}")), "{error:?}");
    assert!(!stage.tools.folder.exists());
    stage.tools.scratch.places = SearchPlaces::default();
    assert_eq!(stage.create().await.unwrap_err().code(), Code::NoDumpTool);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_leaves_nothing() {
    let Some((major, client)) = newest() else { return };
    let server = underpin_testkit::server(major).await;
    let mut stage = Stage::new(&server, client).await;
    let (first, _) = stage.create().await.unwrap();
    let proxy = Proxy::before(&server).await.unwrap();
    stage.target = ConnectionSettings::parse(&proxy.url(&stage.database.name)).unwrap();
    // At our own queries, at pg_dump's, and in the midst of the rows.
    for when in [
        When::Text("pg_export_snapshot".to_owned(), 1),
        When::Text("SET TRANSACTION SNAPSHOT".to_owned(), 1),
        When::Text("COPY".to_owned(), 1),
        When::Text("COPY".to_owned(), 3),
        When::Text("count(*)".to_owned(), 2),
    ] {
        proxy.add(Rule::to_server(when.clone(), Action::Reset));
        let error = stage.create().await.unwrap_err();
        assert!(
            matches!(error.code(), Code::ConnectionLost | Code::BackupFailed),
            "{when:?}: {error}: {:?}",
            error.causes()
        );
        assert_eq!(stage.entries(), [first.as_str()], "{when:?}");
        proxy.heal();
    }
    stage.create().await.unwrap();
    assert_eq!(stage.entries().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_to_stop_ends_pg_dump_too() {
    let Some((major, client)) = newest() else { return };
    let server = underpin_testkit::server(major).await;
    let mut stage = Stage::new(&server, client).await;
    let proxy = Proxy::before(&server).await.unwrap();
    stage.target = ConnectionSettings::parse(&proxy.url(&stage.database.name)).unwrap();
    // pg_dump hears nothing any more.
    proxy.add(Rule::to_server(
        When::Text("SET TRANSACTION SNAPSHOT".to_owned(), 1),
        Action::Delay(Duration::from_secs(60)),
    ));
    let (sender, stop) = Stop::channel();
    stage.tools.stop = stop;
    let ask = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(1500)).await;
        sender.send_replace(true);
        sender
    });
    let error = stage.create().await.unwrap_err();
    assert_eq!(error.code(), Code::Interrupted, "{error}: {:?}", error.causes());
    let _sender = ask.await.unwrap();
    assert_eq!(stage.entries(), [] as [String; 0]);
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name <> 'underpin'";
    for _ in 0..50 {
        if stage.database.value(sql).await.as_deref() == Some("0") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("pg_dump still has a session");
}

/// A table that is rewritten between the snapshot and its lock would read as empty.
#[tokio::test(flavor = "multi_thread")]
async fn a_lock_that_is_not_granted_ends_the_attempt() {
    let Some((major, client)) = newest() else { return };
    let server = underpin_testkit::server(major).await;
    let stage = Stage::new(&server, client).await;
    stage.database.run("BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE").await;
    let error = stage.create().await.unwrap_err();
    assert_eq!(error.code(), Code::BackupFailed);
    assert_eq!(error.sqlstate_code(), Some("55P03"));
    assert!(stage.entries().is_empty());
}

/// On a disk of a few megabytes: refused beforehand where that can be told, and otherwise cleaned up.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_leaves_nothing() {
    let Some((major, client)) = newest() else { return };
    let server = underpin_testkit::server(major).await;
    let mut stage = Stage::new(&server, client).await;
    let disk = stage.folder.path().join("disk");
    std::fs::create_dir(&disk).unwrap();
    let mount = |size: &str| {
        let options = format!("size={size},mode=0700");
        let mut command = std::process::Command::new("mount");
        command.args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(&disk);
        command.status().is_ok_and(|status| status.success())
    };
    if !mount("2m") {
        println!("SKIPPED: this account may not mount a small disk");
        return;
    }
    stage.tools.folder = disk.join("backups");
    let (first, _) = stage.create().await.unwrap();
    // It looks as if it could fit: the rows do not compress.
    stage
        .database
        .run(
            "CREATE TABLE noise AS SELECT string_agg(md5(random()::text || i), '') AS t \
        FROM generate_series(1, 90000) i GROUP BY i / 30",
        )
        .await;
    let error = stage.create().await.unwrap_err();
    let entries = stage.entries();
    let refused = {
        stage.database.run("INSERT INTO noise SELECT t FROM noise, generate_series(1, 9)").await;
        stage.create().await.unwrap_err()
    };
    let unmounted = std::process::Command::new("umount").arg(&disk).status();
    assert!(unmounted.unwrap().success());
    assert_eq!(error.code(), Code::BackupNoRoom, "{error}: {:?}", error.causes());
    assert_eq!(refused.code(), Code::BackupNoRoom);
    assert!(refused.message().contains("are free"), "{refused}");
    assert_eq!(entries, [first.as_str()]);
}

/// What a killed process left is removed by the next, and what another one works at is not.
#[tokio::test(flavor = "multi_thread")]
async fn leftovers_are_removed() {
    let Some((major, client)) = newest() else { return };
    let server = underpin_testkit::server(major).await;
    let stage = Stage::new(&server, client).await;
    let make = |name: &str| {
        let folder = stage.tools.folder.join(name);
        std::fs::create_dir_all(folder.join("dump")).unwrap();
        std::fs::write(folder.join("dump/toc.dat"), "PGDMP").unwrap();
        std::fs::File::create(folder.join(".lock")).unwrap()
    };
    std::fs::create_dir_all(&stage.tools.folder).unwrap();
    std::fs::set_permissions(
        &stage.tools.folder,
        std::os::unix::fs::PermissionsExt::from_mode(0o700),
    )
    .unwrap();
    drop(make(".partial-prod_20260101_000000_manual"));
    drop(make(".removed-prod_20260101_000000_manual"));
    let busy = make(".partial-prod_20260102_000000_manual");
    rustix::fs::flock(&busy, rustix::fs::FlockOperation::LockExclusive).unwrap();
    // Of a killed `accept`, and of one that is at it.
    let old = std::fs::File::create(stage.tools.folder.join(".claim-a")).unwrap();
    old.set_modified(std::time::SystemTime::now() - std::time::Duration::from_secs(3600)).unwrap();
    std::fs::File::create(stage.tools.folder.join(".claim-b")).unwrap();
    let (name, _) = stage.create().await.unwrap();
    assert_eq!(
        stage.entries(),
        [".claim-b", ".partial-prod_20260102_000000_manual", name.as_str()]
    );
    assert_eq!(stage.store().list().unwrap().len(), 1);
}
