//! A real Redis of its own for a test, where this machine has one.
//!
//! `./dev setup` unpacks Debian's package below `.dev`, without installing or starting a service.
//! It keeps nothing on disk and ends with the test.

use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::machine::{Kept, folder, free_port, unpacked};

/// A running Redis.
#[derive(Debug)]
pub struct Redis {
    folder: PathBuf,
    program: Vec<String>,
    kept: Option<Kept>,
    port: u16,
}

impl Redis {
    /// Starts one. `settings`: words of its command line, `--maxmemory 1mb`; `None` when this
    /// machine has no Redis.
    ///
    /// # Errors
    /// When it does not start; the end of its log.
    pub async fn start(settings: &[&str]) -> io::Result<Option<Self>> {
        let Some(mut program) = unpacked("redis", "bin/redis-server") else { return Ok(None) };
        let (folder, port) = (folder()?, free_port()?);
        let at = folder.display();
        let own =
            format!("--port {port} --bind 127.0.0.1 --dir {at} --pidfile {at}/pid --appendonly no");
        program.extend(own.split(' ').map(str::to_owned));
        program.extend(["--save", ""].map(str::to_owned));
        program.extend(settings.iter().flat_map(|words| words.split(' ')).map(str::to_owned));
        let mut redis = Self { folder, program, kept: None, port };
        redis.up().await?;
        Ok(Some(redis))
    }

    /// Starts it again after [`Redis::down`].
    ///
    /// # Errors
    /// As [`Redis::start`].
    pub async fn up(&mut self) -> io::Result<()> {
        let log = self.folder.join("log");
        let mut kept = Kept::start(&self.program, &log, "TERM")?;
        let deadline = Instant::now() + Duration::from_secs(5);
        let ready = || self.pid().is_some();
        while !ready() || tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await.is_err() {
            if Instant::now() > deadline || !kept.is_running() {
                return Err(io::Error::other(std::fs::read_to_string(&log).unwrap_or_default()));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.kept = Some(kept);
        Ok(())
    }

    /// Stops it.
    pub fn down(&mut self) {
        self.kept = None;
    }

    /// It goes on accepting connections, and answers none.
    pub fn hang(&self) {
        self.signal(Signal::STOP);
    }

    /// It answers again.
    pub fn wake(&self) {
        self.signal(Signal::CONT);
    }

    fn pid(&self) -> Option<Pid> {
        let text = std::fs::read_to_string(self.folder.join("pid")).ok()?;
        Pid::from_raw(text.trim().parse().ok()?)
    }

    fn signal(&self, signal: Signal) {
        if let Some(pid) = self.pid() {
            let _gone = kill_process(pid, signal);
        }
    }

    /// Its URL, without a password.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.wake();
        self.kept = None;
        let _gone = std::fs::remove_dir_all(&self.folder);
    }
}
