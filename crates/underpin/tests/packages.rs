//! What people install is what runs: the npm packages from locally packed tarballs, completions,
//! man pages.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn run(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).output().unwrap_or_else(|e| panic!("{command:?}: {e}"))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Its output; a failure is the test's.
fn done(command: &mut Command) -> String {
    let output = run(command);
    let said = text(&output.stdout) + &text(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
    said
}

fn has(program: &str) -> bool {
    let found = Command::new(program).arg("--version").stdin(Stdio::null()).output();
    let found = found.is_ok_and(|o| o.status.success());
    if !found {
        println!("SKIPPED: {program} is not on this machine");
    }
    found
}

/// npm's name of this machine.
fn platform() -> &'static str {
    match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "aarch64") => "linux-arm64",
        ("macos", "aarch64") => "darwin-arm64",
        ("macos", _) => "darwin-x64",
        _ => "linux-x64",
    }
}

#[tokio::test]
async fn npx_underpin_migrate_deploy_works_from_packed_tarballs() {
    if !has("npm") || !has("node") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let tarballs = folder.path().join("tarballs");
    // A test's build is large; without its symbols it packs in a tenth of the time.
    let stripped = folder.path().join("underpin");
    let built = env!("CARGO_BIN_EXE_underpin");
    if !has("strip")
        || !run(Command::new("strip").arg("-o").arg(&stripped).arg(built)).status.success()
    {
        std::fs::copy(built, &stripped).unwrap();
    }
    let binary = format!("{}={}", platform(), stripped.display());
    let mut pack = Command::new("node");
    pack.arg(root().join("packaging/npm/pack.mjs")).arg(&tarballs).args(["1.2.3", &binary]);
    pack.env("npm_config_cache", folder.path().join("cache"));
    done(&mut pack);

    let project = folder.path().join("project");
    std::fs::create_dir_all(project.join("prisma/migrations/20260101000000_init")).unwrap();
    let sql = "CREATE TABLE book (id int PRIMARY KEY);";
    std::fs::write(project.join("prisma/migrations/20260101000000_init/migration.sql"), sql)
        .unwrap();
    std::fs::write(project.join("package.json"), r#"{"private": true}"#).unwrap();
    let npm = |arguments: &[&str]| {
        let mut npm = Command::new("npm");
        npm.args(arguments).current_dir(&project);
        npm.env("npm_config_cache", folder.path().join("cache"));
        npm
    };
    let platform_tarball = tarballs.join(format!("underpin-{}-1.2.3.tgz", platform()));
    // The other platforms are in no registry: what is asked for is what was packed.
    done(
        npm(&["install", "--offline", "--omit=optional", "--no-audit", "--no-fund"])
            .arg(&platform_tarball)
            .arg(tarballs.join("underpin-1.2.3.tgz")),
    );

    let major = *underpin_testkit::majors().last().unwrap();
    let server = underpin_testkit::server(major).await;
    let database = server.database().await;
    let npx = |arguments: &[&str]| {
        let mut npx = npm(&["exec", "--offline", "--", "underpin"]);
        npx.args(arguments).env("DATABASE_URL", &database.url);
        npx.env("UNDERPIN_PG_BIN", &server.binaries().folder);
        npx.env("UNDERPIN_CACHE_DIR", folder.path().join("underpin"));
        npx
    };
    assert!(done(&mut npx(&["--version"])).starts_with("underpin "));
    let said = done(&mut npx(&["migrate", "deploy"]));
    assert!(said.contains("All migrations have been successfully applied."), "{said}");
    assert_eq!(database.value("SELECT count(*) FROM book").await.as_deref(), Some("0"));
    let said = done(&mut npx(&["migrate", "deploy"]));
    assert!(said.contains("No pending migrations to apply."), "{said}");
    // The exit code is the program's own.
    assert_eq!(run(&mut npx(&["explain", "nothing"])).status.code(), Some(2));

    std::fs::remove_dir_all(project.join("node_modules/@underpin")).unwrap();
    let without = run(&mut npx(&["--version"]));
    let said = text(&without.stderr);
    assert_eq!(without.status.code(), Some(1));
    assert!(said.contains(&format!("@underpin/{}", platform())), "{said}");
}

#[test]
fn completions_and_man_pages_hold_every_verb() {
    let underpin = || Command::new(env!("CARGO_BIN_EXE_underpin"));
    let folder = tempfile::tempdir().unwrap();
    done(underpin().arg("man").arg(folder.path()));
    let help = done(underpin().arg("--help"));
    let verbs: Vec<&str> = help
        .lines()
        .skip_while(|l| !l.starts_with("Commands:"))
        .skip(1)
        .take_while(|l| l.starts_with("  "))
        .filter(|l| !l.starts_with("   ")) // a line that goes on
        .filter_map(|l| l.split_whitespace().next())
        .collect();
    assert!(verbs.contains(&"deploy"), "{help}");
    for shell in ["bash", "zsh", "fish"] {
        let script = done(underpin().args(["completions", shell]));
        for verb in &verbs {
            assert!(script.contains(verb), "{shell}: {verb}");
        }
    }
    for verb in &verbs {
        let page = std::fs::read_to_string(folder.path().join(format!("underpin-{verb}.1")));
        assert!(page.unwrap().contains(".SH SYNOPSIS"), "{verb}");
    }
    if has("bash") {
        let script = folder.path().join("underpin.bash");
        std::fs::write(&script, done(underpin().args(["completions", "bash"]))).unwrap();
        done(Command::new("bash").arg("-n").arg(&script));
    }
}
