//! A real browser that looks at a page, where this machine has one.
//!
//! `./dev setup` installs Debian's `chromium-headless-shell`. Each look is a process of its own with
//! a profile of its own; it ends within [`PATIENCE`].

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// How long one look may take, in seconds; `timeout` ends it.
const PATIENCE: u32 = 30;

/// Names by which distributions call it.
const NAMES: [&str; 4] =
    ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"];

/// A browser.
#[derive(Debug, Clone)]
pub struct Browser(PathBuf);

/// What a page became.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The document after everything that runs has run, as HTML.
    pub document: String,
    /// What the page's policy refused, and what scripts said.
    pub console: Vec<String>,
}

impl Browser {
    /// The browser of this machine.
    #[must_use]
    pub fn find() -> Option<Self> {
        let path = std::env::var_os("PATH")?;
        let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
        let all = NAMES.iter().flat_map(|name| folders.iter().map(move |f| f.join(name)));
        all.into_iter().find(|program| program.is_file()).map(Self)
    }

    /// Opens a file and waits until it is loaded.
    ///
    /// # Errors
    /// When the browser does not end well.
    pub fn look(&self, page: &Path) -> io::Result<Seen> {
        let profile = tempfile::tempdir()?;
        let output = Command::new("timeout")
            .arg(PATIENCE.to_string())
            .arg(&self.0)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"])
            .args(["--no-first-run", "--disable-background-networking"])
            .args(["--disable-component-update", "--disable-sync", "--enable-logging=stderr"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("--dump-dom")
            .arg(format!("file://{}", page.display()))
            .stdin(Stdio::null())
            .output()?;
        let log = String::from_utf8_lossy(&output.stderr).into_owned();
        if !output.status.success() {
            return Err(io::Error::other(format!("{}: {log}", output.status)));
        }
        let console = log.lines().filter(|line| line.contains(":CONSOLE:")).map(str::to_owned);
        let document = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok(Seen { document, console: console.collect() })
    }
}
