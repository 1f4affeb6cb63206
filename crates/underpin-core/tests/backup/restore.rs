//! The way back.

use underpin_core::backup::{self, Level, Replacing, Swapped};
use underpin_core::error::Result;
use underpin_core::postgres::ConnectionSettings;
use underpin_core::{Code, journal};

use super::{Stage, clients, newest};

fn confirmed(stage: &Stage) -> Replacing {
    Replacing { confirmed: Some(stage.database.name.clone()), ..Replacing::default() }
}

async fn restore(stage: &Stage, name: &backup::BackupName, how: &Replacing) -> Result<Swapped> {
    let save = async |tell: backup::Tell<'_>| {
        let before = backup::Request { reason: "before_restore".to_owned(), ..super::request() };
        backup::create(&stage.target, &stage.tools, &before, tell).await.map(drop)
    };
    backup::restore(&stage.target, &stage.tools, name, how, save, &mut |_| {}).await
}

/// The server reports what a session wrote a while later, at the end of a transaction.
async fn reported(stage: &Stage) {
    for _ in 0..2 {
        tokio::time::sleep(std::time::Duration::from_millis(1200)).await;
        stage.database.run("SELECT 1").await;
    }
}

/// A bad migration destroys the database, and one call brings it back, equal to the bit, with an
/// application connected all the time.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_migration_destroyed_comes_back() {
    for major in underpin_testkit::majors() {
        let Some(client) = (major..=18).find(|client| clients(*client).is_some()) else { continue };
        let server = underpin_testkit::server(major).await;
        let stage = Stage::new(&server, client).await;
        let name = &stage.database.name;
        stage.database.run(journal::CREATE).await;
        let sql = format!(
            "UPDATE underpin.lease SET token = 7, run = 'r'; ALTER DATABASE {name} SET work_mem = '5MB'; \
             ALTER DATABASE {name} SET search_path = 'public', 'Odd Schema'; \
             COMMENT ON DATABASE {name} IS 'ours'; GRANT CONNECT ON DATABASE {name} TO pg_monitor"
        );
        stage.database.run(&sql).await;
        reported(&stage).await;
        let (backup, manifest) = stage.create().await.unwrap();
        // The migration: a table and a column gone, rows changed; and somebody goes on writing.
        stage.database.run("UPDATE underpin.lease SET token = 9").await;
        stage.database.run("DROP TABLE orders; ALTER TABLE users DROP COLUMN about; UPDATE users SET mood = 'sad'; \
            CREATE TABLE new_one AS SELECT 1 AS x; INSERT INTO empty SELECT generate_series(1, 50); DROP SCHEMA \"Odd Schema\" CASCADE").await;
        reported(&stage).await;
        let restored = restore(&stage, &backup, &confirmed(&stage))
            .await
            .unwrap_or_else(|e| panic!("{major}: {e}: {:?} {:?}", e.causes(), e.detail_lines()));
        let old = ConnectionSettings::parse(&stage.database.url).unwrap();
        let kept = old.with_database(restored.kept_as.as_ref().unwrap()).connect().await.unwrap();
        let still = kept.value("SELECT count(*) FROM users WHERE mood = 'sad'").await.unwrap();
        assert_eq!(still.as_deref(), Some("3000"));
        // Read anew from the server: every table, its settings, its rights.
        for table in manifest.tables.iter().filter(|t| t.schema != "underpin") {
            let columns: Vec<String> =
                table.columns.iter().map(|c| underpin_core::postgres::identifier(c)).collect();
            let columns = if columns.is_empty() {
                String::new()
            } else {
                format!("({})", columns.join(", "))
            };
            let found = stage.digest(&format!("{}{columns}", table.qualified())).await;
            assert_eq!(found, (table.rows, table.digest.clone()), "{major}: {}", table.qualified());
        }
        let session = stage.target.connect().await.unwrap();
        let value = async |sql: &str| session.value(sql).await.unwrap().unwrap_or_default();
        assert_eq!(value("SHOW work_mem").await, "5MB");
        let settings = "SELECT array_to_string(setconfig, ' ') FROM pg_db_role_setting s JOIN pg_database d ON d.oid = setdatabase WHERE datname = current_database()";
        assert!(value(settings).await.contains("search_path=public, \"Odd Schema\""));
        assert_eq!(
            value("SELECT has_database_privilege('pg_monitor', current_database(), 'CONNECT')")
                .await,
            "t"
        );
        assert_eq!(value("SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()").await, "ours");
        // A run of before is rejected: no token that was given out is valid here.
        assert_eq!(
            value("SELECT token || coalesce(run, ' free') FROM underpin.lease").await,
            "10 free"
        );
        // What is lost was said before.
        let loss = |table: &str| restored.loss.tables.iter().find(|t| t.table == table).cloned();
        assert!(loss("\"public\".\"new_one\"").unwrap().is_new);
        assert!(loss("\"public\".\"users\"").unwrap().changes >= Some(3000), "{:?}", restored.loss);
        assert_eq!(loss("\"public\".\"cache\""), None);
        // What was live has a backup too.
        let saved = stage.store().list().unwrap();
        assert_eq!(saved.len(), 2);
        assert!(saved[1].name.as_str().contains("before_restore"));
        let saved = saved[1].manifest.as_ref().unwrap();
        assert!(
            saved.tables.iter().any(|t| t.name == "new_one")
                && saved.level() == Some(Level::Decodable)
        );
    }
}

/// The database is gone altogether.
#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_database_comes_back_without_a_question() {
    let Some((major, client)) = newest() else { return };
    let server = underpin_testkit::server(major).await;
    let stage = Stage::new(&server, client).await;
    let (name, manifest) = stage.create().await.unwrap();
    let admin = server.cluster().connect("postgres").await.unwrap();
    let drop = format!("DROP DATABASE {} WITH (FORCE)", stage.database.name);
    admin.simple_query(&drop).await.unwrap();
    let restored = restore(&stage, &name, &Replacing::default()).await.unwrap();
    assert_eq!((restored.kept_as, restored.rows), (None, 4006));
    let users = manifest.tables.iter().find(|t| t.name == "orders_1").unwrap();
    assert_eq!(stage.digest("orders_1").await, (users.rows, users.digest.clone()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_that_nobody_meant_is_refused() {
    let Some((major, client)) = newest() else { return };
    let server = underpin_testkit::server(major).await;
    let stage = Stage::new(&server, client).await;
    let (name, manifest) = stage.create().await.unwrap();
    let code =
        async |stage: &Stage, how: &Replacing| restore(stage, &name, how).await.unwrap_err().code();
    assert_eq!(code(&stage, &Replacing::default()).await, Code::RestoreUnconfirmed);
    let wrong = Replacing { confirmed: Some("prod".to_owned()), ..Replacing::default() };
    assert_eq!(code(&stage, &wrong).await, Code::RestoreUnconfirmed);
    // Into another database.
    let other = server.database().await;
    let mut elsewhere = Stage::of(&server, other, client);
    elsewhere.tools.folder = stage.tools.folder.clone();
    assert_eq!(code(&elsewhere, &Replacing::default()).await, Code::BackupForeign);
    let meant = Replacing { allow_foreign: true, ..Replacing::default() };
    restore(&elsewhere, &name, &meant).await.unwrap();
    // Of another server.
    let mut forged = manifest.clone();
    forged.origin.system_identifier = "1".to_owned();
    stage.store().update(&name, &forged).unwrap();
    assert_eq!(code(&stage, &confirmed(&stage)).await, Code::BackupForeign);
    // Of a newer one.
    forged.origin.server = underpin_core::postgres::ServerVersion::parse("99.1").unwrap();
    stage.store().update(&name, &forged).unwrap();
    assert_eq!(code(&stage, &confirmed(&stage)).await, Code::BackupNewer);
    stage.store().update(&name, &manifest).unwrap();
    // Damaged, it is not even begun.
    let file = stage.store().folder_of(&name).join("dump/toc.dat");
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[40] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    assert_eq!(code(&stage, &confirmed(&stage)).await, Code::BackupDamaged);
    let sql = "SELECT count(*) FROM pg_database WHERE datname LIKE current_database() || '\\_%'";
    assert_eq!(stage.database.value(sql).await.as_deref(), Some("0"), "nothing was begun");
}

/// Rows that are not those of the dump: the copy is removed, the live database stays.
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_differs_does_not_take_the_name() {
    let Some((major, client)) = newest() else { return };
    let server = underpin_testkit::server(major).await;
    let stage = Stage::new(&server, client).await;
    let (name, mut manifest) = stage.create().await.unwrap();
    manifest.tables[0].digest = "0".repeat(32);
    stage.store().update(&name, &manifest).unwrap();
    let error = restore(&stage, &name, &confirmed(&stage)).await.unwrap_err();
    assert_eq!(error.code(), Code::RestoreFailed);
    assert!(error.detail_lines()[0].contains("other contents"), "{error:?}");
    let sql = "SELECT count(*) FROM pg_database WHERE datname LIKE current_database() || '\\_%'";
    assert_eq!(stage.database.value(sql).await.as_deref(), Some("0"));
    assert_eq!(stage.check(&name, Level::Restored).await.unwrap_err().code(), Code::BackupDamaged);
}

/// What a deep check found bad is not made good by a shallow one.
#[tokio::test(flavor = "multi_thread")]
async fn a_shallow_check_does_not_take_back_what_a_deep_one_found() {
    let Some((major, client)) = newest() else { return };
    let server = underpin_testkit::server(major).await;
    let stage = Stage::new(&server, client).await;
    let (name, good) = stage.create().await.unwrap();
    let mut bad = good.clone();
    bad.sequences[0].before = Some(-7);
    bad.sequences[0].after = Some(-7);
    stage.store().update(&name, &bad).unwrap();
    assert_eq!(stage.check(&name, Level::Equal).await.unwrap_err().code(), Code::RestoreFailed);
    assert_eq!(stage.check(&name, Level::Decodable).await.unwrap().level(), None);
    let mut repaired = stage.store().read(&name).unwrap();
    repaired.sequences = good.sequences;
    stage.store().update(&name, &repaired).unwrap();
    assert_eq!(stage.check(&name, Level::Equal).await.unwrap().level(), Some(Level::Equal));
}
