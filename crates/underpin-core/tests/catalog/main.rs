//! The catalog module against real servers of every major that the run has.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

mod changes;
mod corners;
mod equalities;
mod facts;
mod newer;
mod speed;
mod trace;

use underpin_core::catalog::{self, CatalogSnapshot};
use underpin_testkit::TestDatabase;

/// One object of every kind.
const EVERYTHING: &str = include_str!("everything.sql");

/// The roles that [`EVERYTHING`] needs. Roles are of the whole server, and tests share it.
const ROLES: &str = "DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'test_reader') THEN CREATE ROLE test_reader; END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'test_owner') THEN CREATE ROLE test_owner; END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$";

async fn database(major: u32) -> TestDatabase {
    let database = underpin_testkit::server(major).await.database().await;
    database.run(ROLES).await;
    database
}

/// A database with one object of every kind.
async fn everything(major: u32) -> TestDatabase {
    let database = database(major).await;
    database.run(EVERYTHING).await;
    database
}

async fn snapshot(database: &mut TestDatabase) -> CatalogSnapshot {
    match catalog::read(&mut database.session).await {
        Ok(snapshot) => snapshot,
        Err(error) => panic!("{error}: {:?} {:?}", error.causes(), error.hints()),
    }
}

/// A snapshot as text, one attribute a line, to compare and to read.
fn dump(snapshot: &CatalogSnapshot) -> String {
    let mut text = String::new();
    for (id, attributes) in snapshot.objects() {
        text.push_str(&format!("{id}\n"));
        for (name, value) in attributes {
            text.push_str(&format!("    {name}: {value}\n"));
        }
    }
    text
}
