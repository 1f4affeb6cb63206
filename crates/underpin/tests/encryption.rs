//! The program makes and opens encrypted backups, and is stopped in the midst of it: nothing readable
//! stays. Only in a build with the feature `encryption`.

#![cfg(feature = "encryption")]
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use underpin_testkit::{Server, clients, majors};

/// Rows that take a while to encrypt and do not compress.
const ROWS: &str = "CREATE TABLE wide AS SELECT i, (SELECT string_agg(md5(random()::text || i || j), '') \
    FROM generate_series(1, 20) j) AS filler FROM generate_series(1, 20000) i; \
    CREATE TABLE narrow AS SELECT 1 AS i";
/// Of the test vectors of age (C2SP CCTV), and its recipient.
const IDENTITY: &str = "AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM0";
const RECIPIENT: &str = "age1xmwwc06ly3ee5rytxm9mflaz2u56jjj36s0mypdrwsvlul66mv4q47ryef";
/// A program that was asked to end is gone.
const TERM_MAX: Duration = Duration::from_secs(12);

struct Stage {
    server: Arc<Server>,
    clients: PathBuf,
    folder: tempfile::TempDir,
    url: String,
}

impl Stage {
    fn start(&self, arguments: &[&str]) -> Child {
        Command::new(env!("CARGO_BIN_EXE_underpin"))
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.folder.path())
            .env("UNDERPIN_CACHE_DIR", self.folder.path().join(".cache"))
            .env("UNDERPIN_PG_BIN", &self.server.binaries().folder)
            .env("UNDERPIN_PG_CLIENTS", &self.clients)
            .env("DATABASE_URL", &self.url)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    fn backups(&self) -> PathBuf {
        self.folder.path().join("backups")
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.backups()).into_iter().flatten().flatten();
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    }

    /// Parts of backups, and decrypted copies.
    fn left(&self) -> Vec<String> {
        self.names().into_iter().filter(|name| name.starts_with('.')).collect()
    }

    fn clear(&self) {
        self.left().iter().for_each(|name| {
            std::fs::remove_dir_all(self.backups().join(name)).unwrap();
        });
    }

    /// Waits until a part of a backup has a file that `is_it`; whether it came to that.
    fn await_file(&self, child: &mut Child, is_it: &dyn Fn(&Path) -> bool) -> bool {
        while child.try_wait().unwrap().is_none() {
            let parts = self.names().into_iter().filter(|name| name.starts_with(".partial-"));
            if parts.flat_map(|part| files(&self.backups().join(part))).any(|path| is_it(&path)) {
                return true;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        false
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let (mut found, mut open) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() { open.push(path) } else { found.push(path) }
        }
    }
    found
}

fn ended(child: Child, what: &str) -> String {
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{what}: {text}");
    text.into_owned()
}

fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn stopped_in_the_midst_nothing_readable_gets_a_name_or_stays() {
    let Some(major) = majors().into_iter().rfind(|major| clients(*major).is_some()) else {
        println!("SKIPPED: no pg_dump");
        return;
    };
    let server = underpin_testkit::server(major).await;
    let database = server.database().await;
    database.run(ROWS).await;
    let folder = tempfile::tempdir().unwrap();
    let (url, clients) = (database.url.clone(), clients(major).unwrap());
    let stage = Stage { url, server: Arc::clone(&server), clients, folder };
    let settings = format!(
        "version = 1\n[backup]\nfolder = 'backups'\nencrypt_to = ['{RECIPIENT}']\nidentity = {{ file = 'identity.txt' }}\n"
    );
    std::fs::write(stage.folder.path().join("underpin.toml"), settings).unwrap();
    let whole = ended(stage.start(&["backup", "create"]), "without a fault");
    assert!(!whole.contains("AGE-SECRET"), "{whole}");
    let first = stage.names();
    // In the midst of encrypting, and of decrypting, where there is a plain copy. First SIGTERM, so that
    // what is seen is of this process.
    let is_encrypted = |path: &Path| path.extension().is_some_and(|e| e == "age");
    let is_plain = |path: &Path| {
        path.to_string_lossy().contains(".partial-stage-") && !path.ends_with(".lock")
    };
    let create: &[&str] = &["backup", "create"];
    let check = ["backup", "check", &first[0], "--level", "3"];
    for (arguments, is_it) in
        [(create, &is_encrypted as &dyn Fn(&Path) -> bool), (&check[..], &is_plain)]
    {
        std::fs::write(stage.folder.path().join("identity.txt"), IDENTITY).unwrap();
        for (how, times) in [(Signal::TERM, 3), (Signal::KILL, 3)] {
            let mut stopped = 0;
            for number in 0..times {
                stage.clear();
                let mut child = stage.start(arguments);
                if stage.await_file(&mut child, is_it) {
                    std::thread::sleep(Duration::from_millis(number * 20));
                    signal(&child, how);
                    let asked = Instant::now();
                    stopped += u32::from(!child.wait_with_output().unwrap().status.success());
                    assert!(asked.elapsed() < TERM_MAX);
                }
                let left = stage.left();
                assert!(how == Signal::KILL || left.is_empty(), "{arguments:?} left {left:?}");
            }
            assert!(stopped > 0, "{arguments:?} was never stopped in the midst by {how:?}");
        }
        assert!(!stage.left().is_empty(), "SIGKILL leaves what it was at");
    }
    // The next one clears up, and all that has a name is whole.
    let next = ended(stage.start(&["backup", "create"]), "the next");
    assert!(!next.contains("AGE-SECRET"), "{next}");
    let names = stage.names();
    assert!(names.iter().all(|name| !name.starts_with('.')), "{names:?}");
    for name in names {
        let folder = stage.backups().join(&name);
        let readable = |path: &PathBuf| path.extension().is_none_or(|extension| extension != "age");
        let plain: Vec<PathBuf> = files(&folder).into_iter().filter(readable).collect();
        assert_eq!(plain, [folder.join("manifest.json")]);
        ended(stage.start(&["backup", "check", &name, "--level", "3"]), &name);
    }
}
