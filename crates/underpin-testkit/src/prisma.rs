//! The real Prisma CLI, for proofs of compatibility.
//!
//! Two versions, each installed once from npm with the hashes of a lock file and without running
//! any package's script, into `.dev/prisma/<major>` below the repository root. Prisma's native
//! schema engine is replaced by [`BRIDGE`], which hands every call to Prisma's own engine in its
//! WebAssembly form: what is written, in which order and with which exit code is Prisma's doing.
//!
//! Invariants: at most [`AT_ONCE`] of these processes run together, none outlives [`PATIENCE`],
//! none sees a variable of ours that it was not given. Non-goals: `migrate dev`, Prisma 8.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Condvar, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use crate::npm::{self, Install};

/// What stands in for the native schema engine.
const BRIDGE: &str = include_str!("prisma/schema-engine.js");
/// Processes of Prisma at the same time; each costs about 1.5 s of CPU and 230 MiB.
pub const AT_ONCE: usize = 2;
/// After this a process of Prisma is killed.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// A version of Prisma that we compare with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// 6.19.3, the last of 6: the URL stands in the schema file.
    V6,
    /// 7.10.1: the URL stands in `prisma.config.ts`.
    V7,
}

impl Version {
    /// Both.
    pub const ALL: [Self; 2] = [Self::V6, Self::V7];

    /// The exact version.
    #[must_use]
    pub const fn number(self) -> &'static str {
        match self {
            Self::V6 => "6.19.3",
            Self::V7 => "7.10.1",
        }
    }

    fn npm(self) -> Install {
        let (name, major, package, lock) = match self {
            Self::V6 => (
                "Prisma 6.19.3",
                "6",
                include_str!("prisma/6/package.json"),
                include_str!("prisma/6/package-lock.json"),
            ),
            Self::V7 => (
                "Prisma 7.10.1",
                "7",
                include_str!("prisma/7/package.json"),
                include_str!("prisma/7/package-lock.json"),
            ),
        };
        let home = std::env::var_os("UNDERPIN_TEST_PRISMA")
            .map_or_else(|| npm::home().join("prisma"), PathBuf::from);
        let folder = home.join(major);
        Install { name, folder, package, lock, command: "./dev test compat", optional: false }
    }

    fn folder(self) -> PathBuf {
        self.npm().folder
    }

    /// Whether everything is there; otherwise what is missing and what to do.
    ///
    /// # Errors
    /// What is missing.
    pub fn available(self) -> Result<(), String> {
        self.npm().available()
    }

    /// Installs it if it is not there. Needs npm and its registry.
    ///
    /// # Errors
    /// Why it cannot be had.
    pub fn install(self) -> Result<(), String> {
        self.npm().install()
    }
}

/// How a migration's script reaches the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// As one message, hence one implicit transaction: Prisma up to 7.3.
    OneMessage,
    /// Statement by statement, each committed by itself: Prisma from 7.4.
    Split,
}

impl Mode {
    /// Both.
    pub const ALL: [Self; 2] = [Self::OneMessage, Self::Split];

    /// `one` or `split`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::OneMessage => "one",
            Self::Split => "split",
        }
    }
}

/// A version of Prisma in one of its two ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prisma {
    /// The version.
    pub version: Version,
    /// The way.
    pub mode: Mode,
}

/// What a process did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The exit code; -1 for a process that was killed.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl std::fmt::Display for Prisma {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.version.number(), self.mode.word())
    }
}

impl Prisma {
    /// Makes `project` one of this version: schema, configuration, `node_modules`. `schemas` makes
    /// it a multi-schema project. Leaves the migrations alone.
    ///
    /// # Errors
    /// What could not be written.
    pub fn prepare(self, project: &Path, schemas: &[String]) -> Result<(), String> {
        let words = |e: std::io::Error| format!("{}: {e}", project.display());
        std::fs::create_dir_all(project.join("prisma")).map_err(words)?;
        let mut datasource = "datasource db {\n  provider = \"postgresql\"\n".to_owned();
        if self.version == Version::V6 {
            datasource.push_str("  url      = env(\"DATABASE_URL\")\n");
        }
        if !schemas.is_empty() {
            datasource.push_str(&format!("  schemas  = {schemas:?}\n"));
        }
        datasource.push_str("}\n");
        if !schemas.is_empty() {
            // Both versions know multi-schema projects without a preview feature.
            datasource.push_str("\ngenerator client {\n  provider = \"prisma-client-js\"\n}\n");
        }
        std::fs::write(project.join("prisma/schema.prisma"), datasource).map_err(words)?;
        if self.version == Version::V7 {
            std::fs::write(project.join("prisma.config.ts"), CONFIG).map_err(words)?;
        }
        std::os::unix::fs::symlink(
            self.version.folder().join("node_modules"),
            project.join("node_modules"),
        )
        .map_err(words)
    }

    /// Runs `prisma <arguments>` in `project` and waits for its end. `url` is `DATABASE_URL`.
    ///
    /// # Errors
    /// When it cannot be started, or does not end.
    pub fn run(
        self,
        project: &Path,
        url: Option<&str>,
        arguments: &[&str],
    ) -> Result<Outcome, String> {
        let _slot = Slot::take();
        let child = self.start(project, url, arguments)?;
        finish(child, PATIENCE)
    }

    /// Starts `prisma <arguments>` in `project`. `url` is `DATABASE_URL`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(
        self,
        project: &Path,
        url: Option<&str>,
        arguments: &[&str],
    ) -> Result<Child, String> {
        let mut command = self.command(project, url, arguments)?;
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().map_err(|e| format!("node: {e}"))
    }

    /// `prisma <arguments>` in `project`, to be started. `url` is `DATABASE_URL`.
    ///
    /// # Errors
    /// When the bridge cannot be written.
    pub fn command(
        self,
        project: &Path,
        url: Option<&str>,
        arguments: &[&str],
    ) -> Result<Command, String> {
        let folder = self.version.folder();
        let engine = bridge(&folder)?;
        let mut command = Command::new("node");
        command
            .arg(folder.join("node_modules/prisma/build/index.js"))
            .args(arguments)
            .current_dir(project);
        command.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.env("HOME", project).envs(url.map(|url| ("DATABASE_URL", url)));
        command
            .env("PRISMA_SCHEMA_ENGINE_BINARY", &engine)
            .env("PRISMA_QUERY_ENGINE_LIBRARY", &engine);
        command.env("CHECKPOINT_DISABLE", "1").env("PRISMA_HIDE_UPDATE_MESSAGE", "1");
        command.env("NO_COLOR", "1").env("CI", "1");
        if self.mode == Mode::Split {
            command.env("BRIDGE_SPLIT", "1");
        }
        Ok(command)
    }
}

/// `prisma.config.ts` of a Prisma 7 project.
const CONFIG: &str = "import { defineConfig, env } from 'prisma/config'

export default defineConfig({
  schema: 'prisma/schema.prisma',
  datasource: { url: env('DATABASE_URL') },
})
";

/// The bridge, as a program beside the packages that it uses.
fn bridge(folder: &Path) -> Result<PathBuf, String> {
    use std::os::unix::fs::PermissionsExt as _;
    static WRITTEN: OnceLock<Mutex<Vec<PathBuf>>> = OnceLock::new();
    let path = folder.join("schema-engine");
    let mut written =
        WRITTEN.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    if !written.contains(&path) {
        if std::fs::read_to_string(&path).ok().as_deref() != Some(BRIDGE) {
            let words = |e: std::io::Error| format!("{}: {e}", path.display());
            let fresh = folder.join(format!("schema-engine.{}", std::process::id()));
            std::fs::write(&fresh, BRIDGE).map_err(words)?;
            std::fs::set_permissions(&fresh, std::fs::Permissions::from_mode(0o755))
                .map_err(words)?;
            std::fs::rename(&fresh, &path).map_err(words)?;
        }
        written.push(path.clone());
    }
    Ok(path)
}

/// Waits for the end of a process and collects what it printed; kills it after `patience`.
///
/// # Errors
/// When it had to be killed.
pub fn finish(mut child: Child, patience: Duration) -> Result<Outcome, String> {
    let reader = |stream: Option<Box<dyn std::io::Read + Send>>| {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            if let Some(mut stream) = stream {
                let _what_came = stream.read_to_end(&mut bytes);
            }
            String::from_utf8_lossy(&bytes).into_owned()
        })
    };
    let stdout = reader(child.stdout.take().map(|s| Box::new(s) as _));
    let stderr = reader(child.stderr.take().map(|s| Box::new(s) as _));
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().map_err(|e| e.to_string())? {
            break status;
        }
        if begun.elapsed() > patience {
            let _ended_meanwhile = child.kill();
            let _reaped = child.wait();
            return Err(format!(
                "a process did not end within {} s and was killed",
                patience.as_secs()
            ));
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let text = |thread: std::thread::JoinHandle<String>| thread.join().unwrap_or_default();
    Ok(Outcome { code: status.code().unwrap_or(-1), stdout: text(stdout), stderr: text(stderr) })
}

/// A place among the [`AT_ONCE`].
struct Slot;

static FREE: Mutex<usize> = Mutex::new(AT_ONCE);
static FREED: Condvar = Condvar::new();

impl Slot {
    fn take() -> Self {
        let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
        while *free == 0 {
            free = FREED.wait(free).unwrap_or_else(PoisonError::into_inner);
        }
        *free -= 1;
        Self
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        *FREE.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        FREED.notify_one();
    }
}
