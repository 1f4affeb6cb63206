//! The program with the embedded PostgreSQL inside, where it is the only scratch PostgreSQL.
//! `./dev test embedded` runs this.

#![cfg(feature = "embedded")]
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::{Command, Output};

use underpin_core::postgres::ServerVersion;
use underpin_core::postgres::scratch::ScratchOptions;

/// The program, with nothing of PostgreSQL to be found by it.
fn underpin(cache: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_underpin"))
        .args(arguments)
        .current_dir(cache)
        .env("UNDERPIN_CACHE_DIR", cache)
        .env("NO_COLOR", "1")
        .env("PATH", "/nowhere")
        .env_remove("VIRTUAL_ENV")
        .output()
        .unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_production_is_proven_and_verified_without_any_other_scratch_postgresql() {
    let major = 18;
    if ScratchOptions::default().has_local_server(ServerVersion(major * 10_000)) {
        return; // a distribution's own server would be preferred, and rightly so
    }
    let server = underpin_testkit::server(major).await;
    let database = server.database().await;
    let vector = "SELECT 1 FROM pg_available_extensions WHERE name = 'vector'";
    if database.value(vector).await.is_none() {
        return; // the demo adds a column where pgvector is to be had, and the engine has it
    }
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("demo");
    database.run(&std::fs::read_to_string(demo.join("production.sql")).unwrap()).await;
    let project = tempfile::tempdir().unwrap();
    let folder = demo.join("migrations").display().to_string();
    let on = |verb: &[&str]| {
        let place = ["--url", &database.url, "--dir", &folder];
        underpin(project.path(), &[verb, &place].concat())
    };

    let output = on(&["deploy", "--dry-run"]);
    let words = text(&output);
    assert!(output.status.success(), "{words}");
    assert!(words.contains("PostgreSQL 18.4, embedded"), "{words}");
    assert!(words.contains("29"), "{words}");
    assert_eq!(database.value("SELECT to_regclass('_prisma_migrations')").await, None);

    let output = on(&["deploy"]);
    assert!(output.status.success(), "{}", text(&output));
    let history = "SELECT count(*) FROM _prisma_migrations";
    assert_eq!(database.value(history).await.as_deref(), Some("30"));

    let output = on(&["verify", "-o", "json"]);
    let words = text(&output);
    assert!(output.status.success(), "{words}");
    assert!(words.contains("extensions other than"), "what it cannot check is told: {words}");
    assert!(on(&["status"]).status.success());
}

#[test]
fn the_demo_shows_the_proof_without_a_server() {
    let cache = tempfile::tempdir().unwrap();
    let output = underpin(cache.path(), &["demo"]);
    assert!(output.status.success(), "{}", text(&output));
    if !text(&output).contains("No PostgreSQL server on this machine") {
        return; // there is one after all
    }
    assert!(text(&output).contains("29 of them are in effect, 1 waits"), "{}", text(&output));
}
