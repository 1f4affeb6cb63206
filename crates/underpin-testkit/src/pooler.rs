//! A PgBouncer in transaction mode, where this machine has one.
//!
//! `./dev setup` unpacks Debian's package below `.dev`, without installing or starting a service.

use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::machine::{Kept, Machine, folder, free_port, unpacked};

/// A running pooler in front of a machine.
#[derive(Debug)]
pub struct Pooler {
    folder: PathBuf,
    program: Vec<String>,
    kept: Option<Kept>,
    port: u16,
}

impl Pooler {
    /// Starts one in front of `machine`; `None` when this machine has no PgBouncer.
    ///
    /// # Errors
    /// When it does not start; the end of its log.
    pub async fn before(machine: &Machine) -> io::Result<Option<Self>> {
        let Some(mut program) = unpacked("pgbouncer", "sbin/pgbouncer") else { return Ok(None) };
        let folder = folder()?;
        let port = free_port()?;
        let settings = format!(
            "[databases]\n* = host={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = any\npool_mode = transaction\ndefault_pool_size = 5\n\
             ignore_startup_parameters = extra_float_digits,options,search_path\n",
            machine.socket_folder().display(),
        );
        // The server knows only one role; `auth_type = any` takes it from the database's line.
        let settings = settings.replacen("* = host=", "* = user=postgres host=", 1);
        std::fs::write(folder.join("pgbouncer.ini"), settings)?;
        program.push(folder.join("pgbouncer.ini").display().to_string());
        let mut pooler = Self { folder, program, kept: None, port };
        pooler.up().await?;
        Ok(Some(pooler))
    }

    /// Stops it at once and starts it again.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn restart(&mut self) -> io::Result<()> {
        self.kept = None;
        self.up().await
    }

    async fn up(&mut self) -> io::Result<()> {
        let log = self.folder.join("log");
        let mut kept = Kept::start(&self.program, &log, "TERM")?;
        let deadline = Instant::now() + Duration::from_secs(5);
        while tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await.is_err() {
            if Instant::now() > deadline || !kept.is_running() {
                return Err(io::Error::other(std::fs::read_to_string(&log).unwrap_or_default()));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.kept = Some(kept);
        Ok(())
    }

    /// The URL of a database through it.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgresql://postgres@127.0.0.1:{}/{database}", self.port)
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        self.kept = None;
        let _gone = std::fs::remove_dir_all(&self.folder);
    }
}
