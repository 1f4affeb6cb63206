//! A server for drills: one that can be stopped in every way, started again, copied as a standby
//! and put on a disk that is too small.
//!
//! Unlike [`crate::Server`] it keeps its data while it is down. Like it, it listens on a Unix
//! socket only and cannot outlive the test: a shell waits on a pipe from us and ends it when we
//! end. As root it runs as `nobody`, because PostgreSQL refuses root.

use std::io;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use underpin_core::postgres::binaries::ServerBinaries;
use underpin_core::postgres::{ConnectionSettings, Session};

/// How long a start or a stop may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// No durability: a drill kills processes, not the machine.
const SETTINGS: &[&str] = &[
    "fsync=off",
    "autovacuum=off",
    "jit=off",
    "max_connections=60",
    "shared_buffers=16MB",
    "dynamic_shared_memory_type=mmap",
    "wal_level=replica",
    "max_wal_senders=4",
    "wal_keep_size=64MB",
    "timezone=UTC",
    "lc_messages=C",
    "listen_addresses=",
];

/// What [`Machine::as_shipped`] sets: only that nobody else reaches it.
const SHIPPED: &[&str] = &["listen_addresses="];

/// Runs a program, and ends it when the pipe on its own input closes.
const KEEPER: &str = r#"log=$1; signal=$2; shift 2; exec 3<&0
"$@" >>"$log" 2>&1 </dev/null 3<&- & pid=$!
( read -r _ <&3; kill -$signal $pid ) 2>/dev/null &
exec 3<&-
wait $pid"#;

/// How a server is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Sessions are ended, a checkpoint is written.
    Fast,
    /// As a crash of all its processes: the next start recovers.
    Immediate,
}

/// A program below a shell that ends it with us.
#[derive(Debug)]
pub struct Kept(Child);

impl Kept {
    /// Starts it as the account that servers run under; what it says goes to `log`. `signal`
    /// ends it. (A shell has its children ignore QUIT and INT unless they say otherwise.)
    ///
    /// # Errors
    /// When the shell cannot be started.
    pub fn start(program: &[String], log: &Path, signal: &str) -> io::Result<Self> {
        Self::run(as_server("/bin/sh"), program, log, signal)
    }

    /// As [`Kept::start`], as our own account: for programs that only we can reach.
    ///
    /// # Errors
    /// As [`Kept::start`].
    pub fn start_as_we(program: &[String], log: &Path, signal: &str) -> io::Result<Self> {
        let mut command = Command::new("/bin/sh");
        command.env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C").current_dir("/");
        Self::run(command, program, log, signal)
    }

    fn run(mut command: Command, program: &[String], log: &Path, signal: &str) -> io::Result<Self> {
        command.args(["-c", KEEPER, "underpin-drill"]).arg(log).arg(signal).args(program);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().map(Self)
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.0.try_wait(), Ok(None))
    }

    fn wait(&mut self) -> io::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while self.is_running() {
            if Instant::now() > deadline {
                return Err(io::Error::other("the program does not end"));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _slow = self.wait();
    }
}

/// A server with a data folder of its own.
#[derive(Debug)]
pub struct Machine {
    folder: PathBuf,
    binaries: ServerBinaries,
    base: &'static [&'static str],
    settings: Vec<String>,
    kept: Option<Kept>,
}

impl Machine {
    /// Makes and starts one. `settings`: further ones, `name=value`.
    ///
    /// # Errors
    /// What `initdb` or the server said.
    pub async fn start(binaries: &ServerBinaries, settings: &[&str]) -> io::Result<Self> {
        let machine = Self::new(binaries, SETTINGS, settings)?;
        machine.made(&["-N", "--wal-segsize=1"]).await
    }

    /// Makes and starts one with the settings that PostgreSQL comes with: everything is kept, on the disk.
    ///
    /// # Errors
    /// As [`Machine::start`].
    pub async fn as_shipped(binaries: &ServerBinaries) -> io::Result<Self> {
        Self::new(binaries, SHIPPED, &[])?.made(&[]).await
    }

    async fn made(mut self, options: &[&str]) -> io::Result<Self> {
        let program = self.binaries.folder.join("initdb");
        let mut initdb = as_server(&program.display().to_string());
        initdb.arg("-D").arg(self.data());
        initdb.args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C"]);
        initdb.args(options).stdin(Stdio::null());
        said(&initdb.output()?)?;
        self.up().await?;
        Ok(self)
    }

    /// A streaming standby of this server, by a copy of its data while it is down.
    ///
    /// # Errors
    /// As [`Machine::start`].
    pub async fn standby(&mut self) -> io::Result<Self> {
        self.down(Stop::Fast)?;
        let mut machine = Self::new(&self.binaries, self.base, &[])?;
        machine.settings = self.settings.clone();
        let mut copy = as_server("cp");
        said(&copy.arg("-r").arg(self.data()).arg(machine.data()).output()?)?;
        let line = format!(
            "primary_conninfo = 'host={} user=postgres application_name=standby'\n",
            self.folder.display()
        );
        std::fs::write(machine.data().join("postgresql.auto.conf"), line)?;
        std::fs::write(machine.data().join("standby.signal"), "")?;
        self.up().await?;
        machine.up().await?;
        Ok(machine)
    }

    fn new(
        binaries: &ServerBinaries,
        base: &'static [&'static str],
        settings: &[&str],
    ) -> io::Result<Self> {
        let folder = folder()?;
        let settings = settings.iter().map(|&s| s.to_owned()).collect();
        Ok(Self { folder, binaries: binaries.clone(), base, settings, kept: None })
    }

    /// Its data folder.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// The folder of its Unix socket.
    #[must_use]
    pub fn socket_folder(&self) -> &Path {
        &self.folder
    }

    /// The binaries that it runs.
    #[must_use]
    pub fn binaries(&self) -> &ServerBinaries {
        &self.binaries
    }

    /// Starts it and waits until it answers.
    ///
    /// # Errors
    /// When it does not; the end of its log.
    pub async fn up(&mut self) -> io::Result<()> {
        let mut program = vec![self.binaries.folder.join("postgres").display().to_string()];
        program.extend(["-D".to_owned(), self.data().display().to_string()]);
        program.extend(["-k".to_owned(), self.folder.display().to_string()]);
        for setting in self.base.iter().copied().chain(self.settings.iter().map(String::as_str)) {
            program.extend(["-c".to_owned(), setting.to_owned()]);
        }
        let mut kept = Kept::start(&program, &self.folder.join("log"), "QUIT")?;
        let deadline = Instant::now() + PATIENCE;
        while self.connect("postgres").await.is_err() {
            if Instant::now() > deadline || !kept.is_running() {
                return Err(io::Error::other(self.log()));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.kept = Some(kept);
        Ok(())
    }

    /// Stops it.
    ///
    /// # Errors
    /// When it does not stop.
    pub fn down(&mut self, how: Stop) -> io::Result<()> {
        let Some(mut kept) = self.kept.take() else { return Ok(()) };
        let signal = match how {
            Stop::Fast => rustix::process::Signal::INT,
            Stop::Immediate => rustix::process::Signal::QUIT,
        };
        if let Some(pid) = self.postmaster() {
            rustix::process::kill_process(pid, signal)?;
        }
        kept.wait()
    }

    fn postmaster(&self) -> Option<rustix::process::Pid> {
        let text = std::fs::read_to_string(self.data().join("postmaster.pid")).ok()?;
        rustix::process::Pid::from_raw(text.lines().next()?.trim().parse().ok()?)
    }

    /// A URL for `database`, as superuser.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        let folder = self.folder.display().to_string().replace('/', "%2F");
        format!("postgresql://postgres@localhost/{database}?host={folder}")
    }

    /// A session with `database`, as superuser.
    ///
    /// # Errors
    /// UP-11xx.
    pub async fn connect(&self, database: &str) -> underpin_core::error::Result<Session> {
        let url = format!("{}&application_name=observer", self.url(database));
        ConnectionSettings::parse(&url)?.connect().await
    }

    /// The end of its log.
    #[must_use]
    pub fn log(&self) -> String {
        let text = std::fs::read(self.folder.join("log")).unwrap_or_default();
        String::from_utf8_lossy(&text[text.len().saturating_sub(4096)..]).into_owned()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        drop(self.kept.take());
        let _gone = std::fs::remove_dir_all(&self.folder);
    }
}

/// A folder that the servers' account owns; whoever asked for it removes it.
///
/// # Errors
/// When it cannot be made.
pub fn folder() -> io::Result<PathBuf> {
    let folder = tempfile::Builder::new().prefix("underpin-drill-").tempdir()?.keep();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755))?;
    if let Some((uid, gid)) = account() {
        chown(&folder, Some(uid), Some(gid))?;
    }
    Ok(folder)
}

/// A program that `./dev setup` unpacked below `.dev/pg/<name>` with the libraries it brings, or
/// that is installed: the words that start it. `program` is its path below `usr`.
#[must_use]
pub fn unpacked(name: &str, program: &str) -> Option<Vec<String>> {
    let own = crate::trees().join(name).join("usr");
    if own.join(program).is_file() {
        let folders = std::fs::read_dir(own.join("lib")).ok()?.filter_map(Result::ok);
        let is_library = |path: &PathBuf| path.to_string_lossy().ends_with("-linux-gnu");
        let libraries = folders.map(|entry| entry.path()).find(is_library)?;
        let set = format!("LD_LIBRARY_PATH={}", libraries.display());
        let binary = own.join(program).display().to_string();
        return Some(vec!["/usr/bin/env".to_owned(), set, binary]);
    }
    let installed = Path::new("/usr").join(program);
    installed.is_file().then(|| vec![installed.display().to_string()])
}

/// A TCP port that nobody listens on.
///
/// # Errors
/// When there is none.
pub fn free_port() -> io::Result<u16> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// A command as the account that servers run under, without our environment.
fn as_server(program: &str) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C").env("TZ", "UTC");
    command.current_dir("/");
    if let Some((uid, gid)) = account() {
        command.uid(uid).gid(gid);
    }
    command
}

/// `nobody`, when we are root.
fn account() -> Option<(u32, u32)> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let passwd = std::fs::read_to_string("/etc/passwd").ok()?;
    let line = passwd.lines().find(|line| line.starts_with("nobody:"))?;
    let mut ids = line.split(':').skip(2);
    Some((ids.next()?.parse().ok()?, ids.next()?.parse().ok()?))
}

fn said(output: &Output) -> io::Result<()> {
    if output.status.success() {
        return Ok(());
    }
    Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()))
}
