//! A person at a terminal: what a protected environment wants typed.

use std::io::Write as _;
use std::process::{Command, Stdio};

use super::TABLE;
use super::stage::{Ended, Stage, ended};

/// Runs `deploy` at a terminal where `words` are typed; `script` makes the terminal.
fn at_a_terminal(stage: &Stage, words: &str) -> Ended {
    let mut command = Command::new("script");
    let deploy = format!("{} deploy", Stage::program().display());
    command.args(["-qec", &deploy, "/dev/null"]);
    stage.surround(&mut command);
    command.env("NODE_ENV", "development").stdin(Stdio::piped());
    let mut child = command.spawn().unwrap();
    writeln!(child.stdin.take().unwrap(), "{words}").unwrap();
    ended(child)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_name_of_a_protected_database_is_typed() {
    if Command::new("script").arg("--version").stdout(Stdio::null()).status().is_err() {
        eprintln!("SKIPPED: no `script`, which makes a terminal");
        return;
    }
    let stage = Stage::new(&[TABLE]).await;
    let identifier = "SELECT system_identifier::text FROM pg_control_system()";
    let identifier = stage.database.value(identifier).await.unwrap();
    let name = stage.database.name.clone();
    stage.settings(&format!(
        "version = 1\n[environments.production]\nsystem_identifier = \"{identifier}\"\n\
         database = \"{name}\"\nprotected = true\n"
    ));
    let other = at_a_terminal(&stage, "another");
    assert!(other.code == Some(3) && other.out.contains("`another` was typed"), "{other:?}");
    let applied = "SELECT count(*)::text FROM pg_class WHERE relname = 'effect'";
    assert_eq!(stage.database.value(applied).await.as_deref(), Some("0"));
    let typed = at_a_terminal(&stage, &name);
    assert!(
        typed.code == Some(0) && typed.out.contains("Type the name of the database"),
        "{typed:?}"
    );
    assert_eq!(stage.database.value(applied).await.as_deref(), Some("1"));
}
