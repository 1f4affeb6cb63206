//! A real Prisma and Underpin, started together on one database: no migration takes effect twice,
//! neither waits for ever, and each ends with success or with its documented answer to a busy
//! database.

use underpin_testkit::prisma::{self, Mode, Prisma, Version};

use crate::play::underpin_command;

pub(crate) const ROUNDS_FULL: usize = 50;
pub(crate) const ROUNDS_SHORT: usize = 4;

/// Each script leaves a mark when it runs, fails when it runs twice, and lasts long enough for the
/// other to come. The last one is a concurrent build, which a waiting `pg_advisory_lock` would
/// deadlock: it stands alone, so that every Prisma can run it.
const SCRIPTS: [(&str, &str); 4] = [
    ("1_marks", "CREATE TABLE marks (name text);\nINSERT INTO marks VALUES ('1_marks');"),
    (
        "2_slow",
        "INSERT INTO marks VALUES ('2_slow');\nSELECT pg_sleep(0.3);\nCREATE TABLE slow (id int);",
    ),
    ("3_more", "INSERT INTO marks VALUES ('3_more');\nALTER TABLE slow ADD COLUMN word text;"),
    ("4_index", "CREATE INDEX CONCURRENTLY slow_word ON slow (word);"),
];

/// `rounds` races against this version, each on a database of its own.
pub(crate) async fn race(version: Version, rounds: usize) -> Result<(), String> {
    for round in 0..rounds {
        one_race(Prisma { version, mode: Mode::OneMessage }, round)
            .await
            .map_err(|e| format!("round {round}: {e}"))?;
    }
    Ok(())
}

async fn one_race(prisma: Prisma, round: usize) -> Result<(), String> {
    let server = underpin_testkit::server(underpin_testkit::majors()[0]).await;
    let database = server.database().await;
    let project = tempfile::tempdir().map_err(|e| e.to_string())?;
    let root = project.path();
    prisma.prepare(root, &[])?;
    // Concurrent builds in every other round: with one, Prisma itself can be the one that deadlocks.
    let with_index = round % 2 == 1;
    for (name, script) in SCRIPTS.iter().take(if with_index { 4 } else { 3 }) {
        let folder = root.join("prisma/migrations").join(name);
        std::fs::create_dir_all(&folder).map_err(|e| e.to_string())?;
        std::fs::write(folder.join("migration.sql"), script).map_err(|e| e.to_string())?;
    }
    let theirs = prisma.start(root, Some(&database.url), &["migrate", "deploy"])?;
    // Node needs about a second before it connects: so we come before, at and after that.
    let delay = std::time::Duration::from_millis(u64::try_from(round % 10).unwrap_or(0) * 250);
    tokio::time::sleep(delay).await;
    let ours = underpin_command(&server, root, Some(&database.url), &["migrate", "deploy"])
        .spawn()
        .map_err(|e| e.to_string())?;
    let theirs = tokio::task::spawn_blocking(move || prisma::finish(theirs, prisma::PATIENCE));
    let ours = tokio::task::spawn_blocking(move || prisma::finish(ours, prisma::PATIENCE));
    let theirs = theirs.await.map_err(|e| e.to_string())?.map_err(|e| format!("Prisma: {e}"))?;
    let ours = ours.await.map_err(|e| e.to_string())?.map_err(|e| format!("Underpin: {e}"))?;
    let said = || format!("started {delay:?} apart\nPrisma: {theirs:#?}\nUnderpin: {ours:#?}");

    let busy = |text: &str| ["P1002", "UP-4001"].iter().any(|code| text.contains(code));
    // One that begins while the other has a row without an end stops with P3009, as contract §9 says.
    let unfinished = |text: &str| text.contains("P3009");
    for (who, outcome) in [("Prisma", &theirs), ("Underpin", &ours)] {
        if outcome.code != 0
            && !busy(&outcome.stderr)
            && !(with_index && unfinished(&outcome.stderr))
        {
            return Err(format!("{who} ended with {}: {}", outcome.code, said()));
        }
    }
    let marks = database
        .value("SELECT string_agg(name, ' ' ORDER BY name) FROM marks")
        .await
        .unwrap_or_default();
    if marks != "1_marks 2_slow 3_more" {
        return Err(format!("marks: {marks}; {}", said()));
    }
    let rows = "SELECT string_agg(migration_name || CASE WHEN finished_at IS NULL THEN ' FAILED' ELSE '' END, ' ' ORDER BY migration_name) FROM _prisma_migrations";
    let rows = database.value(rows).await.unwrap_or_default();
    let expected =
        if with_index { "1_marks 2_slow 3_more 4_index" } else { "1_marks 2_slow 3_more" };
    if rows != expected {
        return Err(format!("history: {rows}; {}", said()));
    }
    let invalid = database.value("SELECT count(*) FROM pg_index WHERE NOT indisvalid").await;
    if invalid.as_deref() != Some("0") {
        return Err(format!("an invalid index was left; {}", said()));
    }
    Ok(())
}
