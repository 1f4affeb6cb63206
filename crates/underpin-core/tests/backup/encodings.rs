//! Databases that are not UTF8.

use underpin_core::backup::{self, Level, Replacing};
use underpin_testkit::{Server, TestDatabase};

use super::{Stage, newest};

/// A database of an encoding.
async fn encoded(server: &Server, name: &str, encoding: &str) -> TestDatabase {
    let admin = server.cluster().connect("postgres").await.unwrap();
    let sql = format!(
        "CREATE DATABASE {name} TEMPLATE template0 ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C'"
    );
    admin.simple_query(&sql).await.unwrap();
    TestDatabase {
        session: server.cluster().connect(name).await.unwrap(),
        url: server.cluster().url(name),
        name: name.to_owned(),
    }
}

/// Proven to be equal on a server of ours, and restored; letters beyond ASCII in names and in rows.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_any_encoding_comes_back() {
    let Some((major, client)) = newest() else { return };
    let server = underpin_testkit::server(major).await;
    let letters = "CREATE TABLE \"café\" (\"prix €\" text UNIQUE CHECK (length(\"prix €\") < 9));
        INSERT INTO \"café\" VALUES ('élève'), ('œuf €'), (E'\\\\x\\t');";
    let ascii = "CREATE TABLE plain (t text); INSERT INTO plain VALUES ('a')";
    // A byte that is no UTF-8: SQL_ASCII takes everything.
    let bytes = "CREATE TABLE bytes (t text); INSERT INTO bytes VALUES (E'caf\\xe9'), (E'\\xff\\xfe'), ('élève')";
    for (encoding, sql) in
        [("LATIN9", letters), ("WIN1252", letters), ("LATIN1", ascii), ("SQL_ASCII", bytes)]
    {
        let database = encoded(&server, &format!("in_{}", encoding.to_lowercase()), encoding).await;
        database.run(sql).await;
        let stage = Stage::of(&server, database, client);
        let (name, manifest) = stage
            .create()
            .await
            .unwrap_or_else(|e| panic!("{encoding}: {e}: {:?} {:?}", e.causes(), e.detail_lines()));
        let proven = stage
            .check(&name, Level::Equal)
            .await
            .unwrap_or_else(|e| panic!("{encoding}: {e}: {:?} {:?}", e.causes(), e.detail_lines()));
        assert_eq!(proven.level(), Some(Level::Equal), "{encoding}: {:?}", proven.proofs);
        let table = manifest.tables[0].qualified();
        stage.database.run(&format!("DELETE FROM {table}")).await;
        let how =
            Replacing { confirmed: Some(stage.database.name.clone()), ..Replacing::default() };
        let save = async |_: backup::Tell<'_>| Ok(());
        backup::restore(&stage.target, &stage.tools, &name, &how, save, &mut |_| {})
            .await
            .unwrap_or_else(|e| panic!("{encoding}: {e}: {:?} {:?}", e.causes(), e.detail_lines()));
        let session = stage.target.connect().await.unwrap();
        let sql = format!(
            "SELECT count(*) || pg_encoding_to_char(encoding) FROM {table}, pg_database \
             WHERE datname = current_database() GROUP BY encoding"
        );
        let found = session.value(&sql).await.unwrap();
        assert_eq!(found, Some(format!("{}{encoding}", manifest.tables[0].rows)));
    }
}
