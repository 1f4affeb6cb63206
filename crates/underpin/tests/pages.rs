//! The pages that the program writes, opened in a real browser: names out of hostile migrations and
//! databases are text there, nothing runs, and nothing is fetched.

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::Command;

use underpin_testkit::browser::{Browser, Seen};
use underpin_testkit::{majors, server};

const HOSTILE: &str = "<img src=x onerror=\"document.body.id='owned'\">";

/// The output of the program, opened.
fn opened(browser: &Browser, project: &Path, arguments: &[&str]) -> Seen {
    let output = Command::new(env!("CARGO_BIN_EXE_underpin"))
        .args(arguments)
        .current_dir(project)
        .env("HOME", project)
        .env("UNDERPIN_CACHE_DIR", project)
        .output()
        .unwrap();
    let page = project.join("page.html");
    assert!(output.stdout.starts_with(b"<!doctype html>"), "{arguments:?}: {output:?}");
    std::fs::write(&page, &output.stdout).unwrap();
    browser.look(&page).unwrap()
}

fn write(project: &Path, name: &str, script: &str) {
    let folder = project.join("prisma/migrations").join(name);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("migration.sql"), script).unwrap();
    let lock = project.join("prisma/migrations/migration_lock.toml");
    std::fs::write(lock, "provider = \"postgresql\"\n").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_names_are_text_on_every_page() {
    let Some(browser) = Browser::find() else {
        return; // no browser on this machine
    };
    let project = tempfile::tempdir().unwrap();
    let hostile = HOSTILE.replace('"', "\"\"");
    write(project.path(), "1_init", &format!("CREATE TABLE \"{hostile}\" (id int);"));
    write(
        project.path(),
        "2_drop",
        &format!("-- {HOSTILE}\nDROP TABLE \"{hostile}\"; SELECT '</pre><script>1</script>';"),
    );
    let server = server(majors()[0]).await;
    let database = server.database().await;
    database.run(&format!("CREATE TABLE \"{hostile}\" (id int)")).await;
    let pages: [&[&str]; 5] = [
        &["lint", "--output", "html"],
        &["plan", "--output", "html", "--url", &database.url],
        &["rehearse", "--from", "schema", "--output", "html", "--url", &database.url],
        &["notes", "--since", "1_init", "--title", HOSTILE, "--output", "html"],
        &["history", "--output", "html", "--url", &database.url],
    ];
    let bin = server.binaries().folder.display().to_string();
    for page in pages {
        let mut arguments = page.to_vec();
        arguments.extend(["--pg-bin", &bin]);
        let seen = opened(&browser, project.path(), &arguments);
        assert_eq!(seen.console, Vec::<String>::new(), "{page:?}");
        let document = seen.document;
        assert!(!document.contains("<script") && !document.contains("<img"), "{page:?}");
        assert!(!document.contains("id=\"owned\""), "{page:?}");
        assert!(document.contains("&lt;img src=x") || page[0] == "history", "{page:?}: {document}");
    }
}

/// The check above sees what it is to see.
#[test]
fn a_page_that_is_not_escaped_shows() {
    let Some(browser) = Browser::find() else {
        return; // no browser on this machine
    };
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("page.html");
    std::fs::write(&page, format!("<!doctype html><body>{HOSTILE}</body>")).unwrap();
    let seen = browser.look(&page).unwrap();
    assert!(seen.document.contains("id=\"owned\""), "{}", seen.document);
    let policy = "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'\">";
    std::fs::write(&page, format!("<!doctype html>{policy}<body>{HOSTILE}</body>")).unwrap();
    let seen = browser.look(&page).unwrap();
    assert!(!seen.document.contains("id=\"owned\"") && !seen.console.is_empty(), "{seen:?}");
}
