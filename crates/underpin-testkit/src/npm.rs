//! Programs from npm that proofs and benchmarks compare with: each installed once, with the hashes
//! of a lock file and without running any package's script, into `.dev/` below the repository
//! root.
//!
//! Invariant: a broken install is never taken for one; it is made beside and moved into place.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

/// What npm is given, and where it goes.
#[derive(Debug, Clone)]
pub struct Install {
    /// Its name for people.
    pub name: &'static str,
    /// The folder that will hold `node_modules`.
    pub folder: PathBuf,
    /// `package.json`.
    pub package: &'static str,
    /// `package-lock.json`.
    pub lock: &'static str,
    /// The command that installs it.
    pub command: &'static str,
    /// Packages for this processor only, which npm calls optional, are wanted as well.
    pub optional: bool,
}

/// `.dev` below the repository root.
#[must_use]
pub fn home() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().unwrap_or(root).join(".dev")
}

impl Install {
    fn files(&self) -> [(&'static str, &'static str); 2] {
        [("package.json", self.package), ("package-lock.json", self.lock)]
    }

    /// Whether everything is there; otherwise what is missing and what to do.
    ///
    /// # Errors
    /// What is missing.
    pub fn available(&self) -> Result<(), String> {
        tool("node")?;
        let same = |(name, text): (&str, &str)| {
            std::fs::read_to_string(self.folder.join(name)).is_ok_and(|t| t == text)
        };
        if self.files().into_iter().all(same) && self.folder.join("node_modules").is_dir() {
            return Ok(());
        }
        let (name, folder) = (self.name, self.folder.display());
        Err(format!("{name} is not installed in {folder}: {}", self.command))
    }

    /// Installs it if it is not there. Needs npm and its registry.
    ///
    /// # Errors
    /// Why it cannot be had.
    pub fn install(&self) -> Result<(), String> {
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        if self.available().is_ok() {
            return Ok(());
        }
        tool("node")?;
        tool("npm")?;
        let fresh = self.folder.with_extension(format!("new.{}", std::process::id()));
        let words = |e: std::io::Error| format!("{}: {e}", fresh.display());
        std::fs::create_dir_all(&fresh).map_err(words)?;
        for (name, text) in self.files() {
            std::fs::write(fresh.join(name), text).map_err(words)?;
        }
        let mut npm = Command::new("npm");
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--legacy-peer-deps"]);
        if !self.optional {
            npm.arg("--omit=optional");
        }
        let output = npm.current_dir(&fresh).stdin(Stdio::null()).output();
        let output = output.map_err(|e| format!("npm: {e}"))?;
        if !output.status.success() {
            let _best_effort = std::fs::remove_dir_all(&fresh);
            let text = String::from_utf8_lossy(&output.stderr);
            let words = text.lines().filter_map(|line| line.strip_prefix("npm error ")).take(3);
            let why = words.collect::<Vec<_>>().join("; ");
            return Err(format!("npm could not install {}: {why}", self.name));
        }
        let _may_be_absent = std::fs::remove_dir_all(&self.folder);
        std::fs::rename(&fresh, &self.folder).or_else(|e| {
            let _best_effort = std::fs::remove_dir_all(&fresh);
            // Another process was quicker.
            self.available().map_err(|_| format!("{}: {e}", self.folder.display()))
        })
    }
}

fn tool(name: &str) -> Result<(), String> {
    let found = Command::new(name).arg("--version").stdin(Stdio::null()).output();
    match found {
        Ok(output) if output.status.success() => Ok(()),
        _ => Err(format!("{name} is absent from the PATH: ./dev setup")),
    }
}
