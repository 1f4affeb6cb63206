//! SIGTERM in the midst of a rehearsal: the program ends soon, and of the copy nothing is left.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use underpin_testkit::{clients, majors};

/// The keepers of scratch servers below a process, and the folder that each keeps.
fn servers(of: u32) -> Vec<(u32, PathBuf)> {
    let numbers = std::fs::read_dir("/proc").unwrap().flatten();
    let numbers = numbers.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    numbers
        .filter_map(|pid| {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
            let parent: u32 = stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()?;
            let line = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).ok()?;
            let mut words = line.split('\0').skip_while(|word| *word != "underpin-scratch");
            (parent == of && words.next().is_some()).then(|| Some((pid, words.next()?.into())))?
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_rehearsal_leaves_no_server_and_no_file() {
    let found = majors().into_iter().rev().find_map(|major| Some((major, clients(major)?)));
    let Some((major, clients)) = found else {
        println!("SKIPPED: no pg_dump for the servers of this run");
        return;
    };
    let server = underpin_testkit::server(major).await;
    let database = server.database().await;
    let folder = tempfile::tempdir().unwrap();
    let migration = |name: &str, script: &str| {
        let folder = folder.path().join("prisma/migrations").join(name);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("migration.sql"), script).unwrap();
    };
    let program = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_underpin"));
        command
            .args(arguments)
            .current_dir(folder.path())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", folder.path())
            .env("UNDERPIN_CACHE_DIR", folder.path().join(".cache"))
            .env("UNDERPIN_PG_BIN", &server.binaries().folder)
            .env("UNDERPIN_PG_CLIENTS", &clients)
            .env("DATABASE_URL", &database.url)
            .stderr(Stdio::piped());
        command
    };
    migration("20260101000000_init", "CREATE TABLE t (id int PRIMARY KEY);");
    assert!(program(&["deploy"]).output().unwrap().status.success());
    database.run("INSERT INTO t VALUES (1)").await;
    // Only where there are rows, so that no replay waits.
    migration("20260102000000_slow", "SELECT pg_sleep(120) FROM t;");
    let mut child = program(&["rehearse", "--from", "sample"]).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("Applying  20260102000000_slow")));
    let kept = servers(child.id());
    assert!(!kept.is_empty() && kept.iter().all(|(_, folder)| folder.join("data").is_dir()));
    let begun = Instant::now();
    kill_process(Pid::from_raw(child.id().cast_signed()).unwrap(), Signal::TERM).unwrap();
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(130));
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    for (pid, folder) in kept {
        assert!(!folder.exists(), "{}", folder.display());
        assert!(!PathBuf::from(format!("/proc/{pid}")).exists());
    }
    assert!(!folder.path().join(".local/state/underpin/rehearsals").exists());
}
