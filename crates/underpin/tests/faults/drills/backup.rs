//! A backup is broken in its midst; the one before it stays as it was.

use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::{DATABASE, Shown, Stage, end_of, signal};

/// Rows that take a while to dump and do not compress.
const ROWS: &str = "CREATE TABLE wide AS SELECT i, (SELECT string_agg(md5(random()::text || i || j), '') \
    FROM generate_series(1, 20) j) AS filler FROM generate_series(1, 20000) i";
/// A program that was asked to end is gone.
const TERM_MAX: Duration = Duration::from_secs(8);

pub(super) async fn killed(major: u32) -> Shown {
    let Some(clients) = underpin_testkit::clients(major) else {
        return Shown::Skipped(format!("no pg_dump for PostgreSQL {major}"));
    };
    let stage = Stage::new(major, &[]).await;
    stage.sql(DATABASE, ROWS).await;
    let folder = tempfile::tempdir().unwrap();
    let backups = folder.path().join("backups");
    let start = |words: &[&str]| {
        let mut command = stage.project.command(&stage.url(), words);
        command.env("UNDERPIN_BACKUPS", &backups).env("UNDERPIN_PG_CLIENTS", &clients);
        command.spawn().unwrap()
    };
    let first = end_of(start(&["backup", "create", "--reason", "first"])).await;
    if !first.is_success() {
        return Shown::Broken(format!("a backup without faults fails: {}", first.text));
    }
    let before = contents(&backups);
    let (mut broken, mut finished) = (0, 0);
    for number in 0..8_u64 {
        let hard = number % 2 == 1;
        let child = start(&["backup", "create"]);
        await_partial(&backups).await;
        tokio::time::sleep(Duration::from_millis(number / 2 * 150)).await;
        signal(&child, if hard { Signal::KILL } else { Signal::TERM });
        let asked = Instant::now();
        let end = end_of(child).await;
        if end.hung || asked.elapsed() > TERM_MAX {
            return Shown::Broken("the program did not end when it was asked to".to_owned());
        }
        let now = contents(&backups);
        if before.iter().any(|file| !now.contains(file)) {
            return Shown::Broken("the backup before it is not what it was".to_owned());
        }
        match end.is_success() {
            true => finished += 1,
            false => broken += 1,
        }
        if !hard && now.iter().any(|(path, _)| path.contains(".partial-")) {
            return Shown::Broken("SIGTERM left a part of a backup".to_owned());
        }
        let idle = stage.until_idle("COPY %").await;
        if idle > TERM_MAX {
            return Shown::Broken(format!("pg_dump went on for {idle:.1?}"));
        }
    }
    let last = end_of(start(&["backup", "create", "--level", "5"])).await;
    let names: Vec<String> = std::fs::read_dir(&backups)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    if !last.is_success() || names.iter().any(|name| name.starts_with('.')) {
        return Shown::Broken(format!("the next backup: {}, {names:?}", last.phrase()));
    }
    if names.len() != finished + 2 {
        return Shown::Broken(format!("{finished} finished, and there are {names:?}"));
    }
    Shown::Kept(format!("{broken} broken by SIGTERM and SIGKILL, {finished} were done before"))
}

/// `prune` is killed while it moves an old backup to the archive: that backup is whole every time,
/// and the next one finishes the work.
pub(super) async fn archiving_killed(major: u32) -> Shown {
    use underpin_core::backup::{BackupName, Store};
    let Some(clients) = underpin_testkit::clients(major) else {
        return Shown::Skipped(format!("no pg_dump for PostgreSQL {major}"));
    };
    let stage = Stage::new(major, &[]).await;
    stage.sql(DATABASE, ROWS).await;
    stage.project.settings("version = 1\n[backup]\narchive_after_days = 30\n");
    let folder = tempfile::tempdir().unwrap();
    let backups = folder.path().join("backups");
    let start = |words: &[&str]| {
        let mut command = stage.project.command(&stage.url(), words);
        command.env("UNDERPIN_BACKUPS", &backups).env("UNDERPIN_PG_CLIENTS", &clients);
        command.spawn().unwrap()
    };
    for reason in ["old", "new"] {
        let made = end_of(start(&["backup", "create", "--reason", reason])).await;
        if !made.is_success() {
            return Shown::Broken(format!("a backup without faults fails: {}", made.text));
        }
    }
    let store = Store::new(backups.clone(), None);
    let old: BackupName = store.list().unwrap()[0].name.clone();
    let mut manifest = store.read(&old).unwrap();
    let then = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(40 * 24);
    manifest.begun_at = then.to_string();
    store.update(&old, &manifest).unwrap();
    let (mut broken, mut finished) = (0, 0);
    for number in 0..10_u64 {
        let child = start(&["backup", "prune"]);
        await_partial(&backups).await;
        tokio::time::sleep(Duration::from_millis(number * 40)).await;
        signal(&child, Signal::KILL);
        match end_of(child).await.is_success() {
            true => finished += 1,
            false => broken += 1,
        }
        let checked = end_of(start(&["backup", "check", old.as_str(), "--level", "3"])).await;
        if !checked.is_success() || store.list().unwrap().len() != 2 {
            return Shown::Broken(format!("killed after {} ms: {}", number * 40, checked.text));
        }
        if store.is_archived(&old) {
            break;
        }
    }
    let last = end_of(start(&["backup", "prune"])).await;
    let again = end_of(start(&["backup", "check", old.as_str(), "--level", "3"])).await;
    let left = std::fs::read_dir(&backups).unwrap().filter_map(Result::ok);
    let left = left.filter(|entry| entry.file_name().to_string_lossy().starts_with('.')).count();
    match last.is_success() && again.is_success() && store.is_archived(&old) && left == 0 {
        true if broken > 0 => {
            Shown::Kept(format!("{broken} broken by SIGKILL, {finished} were done before"))
        }
        true => Shown::Broken("nothing was broken, so nothing is shown".to_owned()),
        false => Shown::Broken(format!("{left} left; {}; {}", last.text, again.text)),
    }
}

async fn await_partial(backups: &Path) {
    let deadline = Instant::now() + Duration::from_secs(20);
    let begun = || {
        let entries = std::fs::read_dir(backups).into_iter().flatten().flatten();
        let mut names = entries.map(|entry| entry.path().join("dump"));
        names.any(|dump| dump.to_string_lossy().contains(".partial-") && dump.is_dir())
    };
    while !begun() && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Every file with its bytes, hashed.
fn contents(folder: &Path) -> Vec<(String, u64)> {
    use std::hash::{Hash as _, Hasher as _};
    let (mut found, mut open) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if let Ok(bytes) = std::fs::read(&path) {
                let mut hasher = std::hash::DefaultHasher::new();
                bytes.hash(&mut hasher);
                found.push((path.display().to_string(), hasher.finish()));
            }
        }
    }
    found
}
