//! Finding PostgreSQL server binaries on this machine.
//!
//! Purpose: the search list of the design (§ "Scratch PostgreSQL"): PATH, the folders of the
//! distributions, `node_modules/@embedded-postgres`, PostgreSQL trees that PyPI packages carry.
//! Non-goals: starting anything (that is `cluster`), downloading anything.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::ServerVersion;

/// A folder that holds `initdb` and `postgres`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerBinaries {
    /// The folder.
    pub folder: PathBuf,
    /// What `postgres --version` says.
    pub version: ServerVersion,
}

/// Where to look. The caller, not this library, reads the environment.
#[derive(Debug, Clone, Default)]
pub struct SearchPlaces {
    /// The value of `PATH`.
    pub path: Option<OsString>,
    /// Folders from which `node_modules` is searched upward (the project, the working folder).
    pub projects: Vec<PathBuf>,
    /// Folders like `…/site-packages`.
    pub python: Vec<PathBuf>,
    /// The folder of `pg_dump` and `pg_restore`; nothing else is looked at for them.
    pub clients: Option<PathBuf>,
}

/// Folders of distributions and installers; `*` stands for one path component.
const DISTRIBUTION_FOLDERS: &[&str] = &[
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/libexec/postgresql*",
    "/usr/lib/postgresql*/bin",
    "/usr/local/pgsql/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/Library/PostgreSQL/*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
];

/// Folders looked into below a Python package.
const PYTHON_PACKAGE_FOLDERS: &[&str] =
    &["*/bin", "*/pginstall/bin", "*/postgres/bin", "*/pgsql/bin", "*/native/bin"];

impl ServerBinaries {
    /// The binaries in `folder`.
    ///
    /// # Errors
    /// In words, when there are none or they do not run.
    pub fn at(folder: &Path) -> Result<Self, String> {
        for program in ["initdb", "postgres"] {
            if !folder.join(program).is_file() {
                return Err(format!("{} holds no {program}", folder.display()));
            }
        }
        let output = Command::new(folder.join("postgres"))
            .arg("--version")
            .output()
            .map_err(|e| format!("{}: {e}", folder.join("postgres").display()))?;
        // "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"
        let text = String::from_utf8_lossy(&output.stdout);
        let version = text.split_once(')').and_then(|(_, rest)| ServerVersion::parse(rest));
        version
            .map(|version| Self { folder: folder.to_owned(), version })
            .ok_or_else(|| format!("{} does not run", folder.join("postgres").display()))
    }
}

impl SearchPlaces {
    /// Binaries of exactly `major`, the first found in the order of preference.
    #[must_use]
    pub fn of_major(&self, major: u32) -> Option<ServerBinaries> {
        // A folder that names its major is asked first: each question starts a process.
        let (named, rest): (Vec<_>, Vec<_>) =
            self.candidates().into_iter().partition(|f| names_major(f) == Some(major));
        named
            .into_iter()
            .chain(rest.into_iter().filter(|f| names_major(f).is_none()))
            .filter_map(|folder| ServerBinaries::at(&folder).ok())
            .find(|b| b.version.major() == major)
    }

    /// Binaries of the lowest major above `major`.
    #[must_use]
    pub fn newer_than(&self, major: u32) -> Option<ServerBinaries> {
        self.all().into_iter().filter(|b| b.version.major() > major).min_by_key(|b| b.version)
    }

    /// All that is found.
    #[must_use]
    pub fn all(&self) -> Vec<ServerBinaries> {
        self.candidates().iter().filter_map(|folder| ServerBinaries::at(folder).ok()).collect()
    }

    fn candidates(&self) -> Vec<PathBuf> {
        self.folders_with(&["postgres", "initdb"])
    }

    /// The folders that hold all of these programs, each once, in the order of preference.
    pub(super) fn folders_with(&self, programs: &[&str]) -> Vec<PathBuf> {
        let mut found = Vec::new();
        if let Some(path) = &self.path {
            found.extend(std::env::split_paths(path));
        }
        for pattern in DISTRIBUTION_FOLDERS {
            found.extend(expand(Path::new("/"), pattern.trim_start_matches('/')));
        }
        for project in &self.projects {
            for folder in project.ancestors() {
                found.extend(expand(folder, "node_modules/@embedded-postgres/*/native/bin"));
            }
        }
        for site in &self.python {
            for pattern in PYTHON_PACKAGE_FOLDERS {
                found.extend(expand(site, pattern));
            }
        }
        found.retain(|folder| programs.iter().all(|program| folder.join(program).is_file()));
        let mut seen = std::collections::HashSet::new();
        found.retain(|f| {
            let first = programs.first().map(|program| f.join(program));
            seen.insert(first.and_then(|p| p.canonicalize().ok()).unwrap_or_else(|| f.clone()))
        });
        found
    }
}

/// The major that a folder's own name states: `/usr/lib/postgresql/15/bin`, `postgresql@17`.
pub(super) fn names_major(folder: &Path) -> Option<u32> {
    folder.components().rev().take(3).find_map(|component| {
        let name = component.as_os_str().to_str()?;
        let digits = name.trim_start_matches(|c: char| !c.is_ascii_digit());
        digits.split('.').next()?.parse().ok().filter(|m| (9..100).contains(m))
    })
}

/// The existing folders that match `pattern` below `root`, highest name first.
fn expand(root: &Path, pattern: &str) -> Vec<PathBuf> {
    let mut found = vec![root.to_owned()];
    for component in pattern.split('/') {
        found = found
            .iter()
            .flat_map(|folder| match component.split_once('*') {
                None => vec![folder.join(component)],
                Some((before, after)) => matching(folder, before, after),
            })
            .filter(|folder| folder.is_dir())
            .collect();
    }
    found
}

fn matching(folder: &Path, before: &str, after: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|n| {
            n.len() >= before.len() + after.len() && n.starts_with(before) && n.ends_with(after)
        })
        .collect();
    names.sort_by(|a, b| b.cmp(a));
    names.into_iter().map(|name| folder.join(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_state_their_major() {
        assert_eq!(names_major(Path::new("/usr/lib/postgresql/15/bin")), Some(15));
        assert_eq!(names_major(Path::new("/opt/homebrew/opt/postgresql@17/bin")), Some(17));
        assert_eq!(names_major(Path::new("/usr/bin")), None);
    }

    #[test]
    fn a_folder_without_a_server_is_named() {
        let empty = tempfile::tempdir().unwrap();
        assert!(ServerBinaries::at(empty.path()).unwrap_err().contains("holds no initdb"));
    }
}
