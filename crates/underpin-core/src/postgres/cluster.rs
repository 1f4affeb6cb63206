//! Throw-away clusters: a PostgreSQL of our own, started in about a tenth of a second.
//!
//! Purpose: scratch databases for replay and rehearsal, and servers for tests.
//! Recipe: `initdb` once per binary into a template, a copy of it per run on tmpfs or in the
//! temporary folder, Unix socket only, no durability.
//! Invariants: the server never outlives us. It runs in its own process group below a shell that
//! waits on a pipe from us: when we end in any way, SIGKILL included, the pipe closes, the shell
//! stops the server and deletes its folder. PostgreSQL refuses to run as root, so root switches
//! to `nobody` first. Non-goals: keeping data.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};

use super::binaries::ServerBinaries;
use super::{ConnectionSettings, Session};
use crate::error::{Code, Error, Result};

/// How long a server may take until it answers.
const START_TIMEOUT: Duration = Duration::from_secs(30);
/// How long it may take to stop before its process group is killed.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);
/// Room that a tmpfs must have before a cluster is put there.
const TMPFS_ROOM_BYTES: u64 = 512 << 20;
/// Lines of a server that are shown of a failure.
const DETAILS_MAX: usize = 5;
/// Changes when the way a template is made changes.
const TEMPLATE_FORMAT: &str = "1";

/// The settings of every cluster: no durability (manual §14.5), no network, nothing in the
/// background, all shared memory inside the folder so that nothing stays behind.
const SETTINGS: &[&str] = &[
    "fsync=off",
    "full_page_writes=off",
    "synchronous_commit=off",
    "autovacuum=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    "max_wal_size=64MB",
    "checkpoint_timeout=1d",
    "jit=off",
    "max_connections=40",
    "shared_buffers=32MB",
    "dynamic_shared_memory_type=mmap",
    "max_parallel_workers_per_gather=0",
    "timezone=UTC",
    "log_timezone=UTC",
    "lc_messages=C",
    "logging_collector=off",
    "listen_addresses=",
];

/// Waits for the pipe to close, then stops the server and removes its folder.
const KEEPER: &str = r#"dir=$1; shift
( "$@" >"$dir/log" 2>&1 </dev/null; echo $? >"$dir/exited" ) &
read -r _
pid=$(head -n 1 "$dir/data/postmaster.pid" 2>/dev/null) && kill -QUIT "$pid" 2>/dev/null
wait
cd / && rm -rf "$dir""#;

/// How to start a cluster.
#[derive(Debug, Clone)]
pub struct ClusterOptions {
    /// Which server.
    pub binaries: ServerBinaries,
    /// Where templates are kept between runs.
    pub cache: PathBuf,
    /// Further settings, `name=value`; a later one wins.
    pub settings: Vec<String>,
    /// How much it will hold. Memory (tmpfs) is taken only where that is a quarter of it.
    pub room_bytes: u64,
}

/// A running throw-away cluster. Dropping it stops the server and deletes its files.
pub struct Cluster {
    folder: PathBuf,
    keeper: Child,
}

impl Cluster {
    /// Starts a server. Its superuser is `postgres`, its database `postgres`, encoding UTF8.
    ///
    /// # Errors
    /// UP-3102 with the server's own words.
    pub async fn start(options: &ClusterOptions) -> Result<Self> {
        let options = options.clone();
        let cluster = tokio::task::spawn_blocking(move || Self::launch(&options))
            .await
            .map_err(|e| failed("the launcher stopped").caused_by(e))??;
        cluster.wait_ready().await?;
        Ok(cluster)
    }

    /// The folder of the Unix socket.
    #[must_use]
    pub fn socket_folder(&self) -> &Path {
        &self.folder
    }

    /// A URL for `database`, as superuser.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        let folder = percent_encoding::utf8_percent_encode(
            self.folder.to_str().unwrap_or_default(),
            percent_encoding::NON_ALPHANUMERIC,
        )
        .to_string();
        format!("postgresql://postgres@localhost/{database}?host={folder}")
    }

    /// A session with `database`, as superuser.
    ///
    /// # Errors
    /// UP-11xx.
    pub async fn connect(&self, database: &str) -> Result<Session> {
        ConnectionSettings::parse(&self.url(database))?.connect().await
    }

    /// What the server has logged, at most the last 4 kB.
    #[must_use]
    pub fn log(&self) -> String {
        let text = std::fs::read(self.folder.join("log")).unwrap_or_default();
        String::from_utf8_lossy(&text[text.len().saturating_sub(4096)..]).into_owned()
    }

    /// The process id of the postmaster, while it runs.
    #[must_use]
    pub fn postmaster_pid(&self) -> Option<i32> {
        let text = std::fs::read_to_string(self.folder.join("data/postmaster.pid")).ok()?;
        text.lines().next()?.trim().parse().ok()
    }

    fn launch(options: &ClusterOptions) -> Result<Self> {
        let user = RunAs::current();
        let template = template(options, user)?;
        let folder = run_folder(user, options.room_bytes)?;
        copy_tree(&template, &folder.join("data"), user)
            .map_err(|e| failed("the cluster template could not be copied").caused_by(e))?;
        let mut command = Command::new("/bin/sh");
        command.args(["-c", KEEPER, "underpin-scratch"]).arg(&folder);
        command.arg(options.binaries.folder.join("postgres"));
        command.arg("-D").arg(folder.join("data")).arg("-k").arg(&folder);
        for setting in SETTINGS.iter().copied().chain(options.settings.iter().map(String::as_str)) {
            command.args(["-c", setting]);
        }
        quiet_environment(&mut command);
        command.current_dir("/").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        user.apply(&mut command);
        command.process_group(0);
        match command.spawn() {
            Ok(keeper) => Ok(Self { folder, keeper }),
            Err(error) => {
                let _gone = std::fs::remove_dir_all(&folder);
                Err(failed("the scratch server could not be started").caused_by(error))
            }
        }
    }

    async fn wait_ready(&self) -> Result<()> {
        let deadline = Instant::now() + START_TIMEOUT;
        let socket = self.folder.join(".s.PGSQL.5432");
        loop {
            if self.folder.join("exited").exists() {
                return Err(
                    failed("the scratch server ended at its start").caused_by(self.log().trim())
                );
            }
            if socket.exists()
                && let Ok(session) = self.connect("postgres").await
                && session.value("SELECT 1").await.is_ok()
            {
                return Ok(());
            }
            if Instant::now() > deadline {
                let words = format!(
                    "the scratch server did not answer within {} s",
                    START_TIMEOUT.as_secs()
                );
                return Err(failed(words).caused_by(self.log().trim()));
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let deadline = Instant::now() + STOP_TIMEOUT;
        let exited = self.folder.join("exited");
        while matches!(self.keeper.try_wait(), Ok(None)) {
            if exited.exists() {
                // Side by side with the keeper: to free the memory of large files takes a while.
                let _gone = std::fs::remove_dir_all(&self.folder);
            }
            if Instant::now() > deadline {
                if let Some(group) = rustix::process::Pid::from_raw(self.keeper.id().cast_signed())
                {
                    let _gone =
                        rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
                }
                let _reaped = self.keeper.wait();
                break;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        let _gone = std::fs::remove_dir_all(&self.folder);
    }
}

/// The account that the server runs under.
#[derive(Debug, Clone, Copy)]
struct RunAs(Option<(u32, u32)>);

impl RunAs {
    /// Ourselves, or `nobody` when we are root. `initdb` looks its user up by id, so it has to be
    /// an account that exists.
    fn current() -> Self {
        if !rustix::process::geteuid().is_root() {
            return Self(None);
        }
        let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        let account = |name: &str| {
            let line = passwd.lines().find(|l| l.split(':').next() == Some(name))?;
            let mut ids = line.split(':').skip(2);
            Some((ids.next()?.parse().ok()?, ids.next()?.parse().ok()?))
        };
        Self(account("nobody").or_else(|| account("postgres")))
    }

    fn apply(self, command: &mut Command) {
        if let Some((uid, gid)) = self.0 {
            command.uid(uid).gid(gid);
        }
    }

    fn own(self, path: &Path) -> std::io::Result<()> {
        self.0.map_or(Ok(()), |(uid, gid)| chown(path, Some(uid), Some(gid)))
    }
}

fn failed(message: impl Into<String>) -> Error {
    Error::new(Code::ScratchFailed, message).hint(
        "give server binaries with --pg-bin, or a server for scratch databases with --shadow-url",
    )
}

/// A throw-away server that ran out of disk or memory: what was tried on it is neither proven nor
/// disproven. `sqlstate` or `words` tell (classes 53, insufficient resources, and 58, system error:
/// manual, appendix A; our servers speak English).
#[must_use]
pub fn out_of_room(engine: &str, sqlstate: Option<&str>, words: &[String]) -> Option<Error> {
    const WORDS: [&str; 6] = [
        "No space left on device",
        "Disk quota exceeded",
        "out of memory",
        "out of shared memory",
        "server closed the connection",
        "terminating connection",
    ];
    let by_state = sqlstate.is_some_and(|state| state.starts_with("53") || state.starts_with("58"));
    let by_words = words.iter().any(|line| WORDS.iter().any(|word| line.contains(word)));
    (by_state || by_words).then(|| {
        let message = format!("{engine} has no room or memory for the copy, so it shows nothing");
        words
            .iter()
            .take(DETAILS_MAX)
            .fold(Error::new(Code::ScratchFailed, message), Error::caused_by)
            .sqlstate(sqlstate)
            .hint("make room where scratch servers are, or name another folder: TMPDIR=FOLDER")
    })
}

/// PG* variables of the caller must not reach the server: PGDATA and PGPORT would move it.
fn quiet_environment(command: &mut Command) {
    command
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("LC_ALL", "C")
        .env("TZ", "UTC");
}

/// A new private folder for one run: on tmpfs where there is room, else in the temporary folder.
fn run_folder(user: RunAs, room_bytes: u64) -> Result<PathBuf> {
    let shared_memory = Path::new("/dev/shm");
    let roomy = rustix::fs::statvfs(shared_memory).is_ok_and(|fs| {
        let wanted = TMPFS_ROOM_BYTES.max(room_bytes.saturating_mul(4));
        fs.f_bavail.saturating_mul(fs.f_frsize) >= wanted
    });
    let temporary = std::env::temp_dir();
    let roots = [shared_memory, temporary.as_path()];
    let mut last = None;
    for root in roots.into_iter().skip(usize::from(!roomy)) {
        match tempfile::Builder::new().prefix("underpin-").tempdir_in(root) {
            Ok(folder) => {
                let folder = folder.keep();
                user.own(&folder)
                    .map_err(|e| failed("the scratch folder could not be made").caused_by(e))?;
                return Ok(folder);
            }
            Err(error) => last = Some(error),
        }
    }
    Err(failed("the scratch folder could not be made")
        .caused_by(last.map(|e| e.to_string()).unwrap_or_default()))
}

/// The template of these binaries, made when it is not there. Two processes may make it at once:
/// the rename decides, and both results are the same.
fn template(options: &ClusterOptions, user: RunAs) -> Result<PathBuf> {
    let binary = options.binaries.folder.join("postgres");
    let about =
        std::fs::metadata(&binary).map_err(|e| failed("the server binary is gone").caused_by(e))?;
    let key = Sha256::digest(format!(
        "{TEMPLATE_FORMAT} {} {} {}",
        binary.display(),
        about.len(),
        about.mtime()
    ));
    let key: String = key.iter().take(6).map(|b| format!("{b:02x}")).collect();
    let template = options.cache.join(format!("template-{}-{key}", options.binaries.version));
    if template.join("PG_VERSION").is_file() {
        return Ok(template);
    }
    let folder = run_folder(user, 0)?;
    let made = init(options, user, &folder).and_then(|()| {
        let partial = options.cache.join(format!("partial-{key}-{}", std::process::id()));
        std::fs::create_dir_all(&options.cache)
            .and_then(|()| copy_tree(&folder.join("data"), &partial, RunAs(None)))
            .and_then(|()| {
                std::fs::rename(&partial, &template).or_else(|error| {
                    let _gone = std::fs::remove_dir_all(&partial);
                    if template.join("PG_VERSION").is_file() { Ok(()) } else { Err(error) }
                })
            })
            .map_err(|e| {
                failed(format!(
                    "the cluster template could not be kept in {}",
                    options.cache.display()
                ))
                .caused_by(e)
            })
    });
    let _gone = std::fs::remove_dir_all(&folder);
    made.map(|()| template)
}

fn init(options: &ClusterOptions, user: RunAs, folder: &Path) -> Result<()> {
    let mut command = Command::new(options.binaries.folder.join("initdb"));
    command.arg("-D").arg(folder.join("data"));
    // Small WAL segments keep the template small: it is copied for each run.
    command.args([
        "-U",
        "postgres",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--locale=C",
        "-N",
        "--wal-segsize=1",
    ]);
    quiet_environment(&mut command);
    command.current_dir("/").stdin(Stdio::null());
    user.apply(&mut command);
    let output = command.output().map_err(|e| {
        failed(format!("{} could not be run", options.binaries.folder.join("initdb").display()))
            .caused_by(e)
    })?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(failed("initdb failed").caused_by(words))
}

/// Copies a data folder; files 0600, folders 0700, as PostgreSQL demands of it.
fn copy_tree(from: &Path, to: &Path, user: RunAs) -> std::io::Result<()> {
    std::fs::create_dir(to)?;
    std::fs::set_permissions(to, std::fs::Permissions::from_mode(0o700))?;
    user.own(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_tree(&entry.path(), &target, user)?;
        } else {
            std::fs::copy(entry.path(), &target)?;
            user.own(&target)?;
        }
    }
    Ok(())
}
