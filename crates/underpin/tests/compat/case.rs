//! A case: what the database and the project hold, and the commands that are given one after the
//! other. It names the commands only once; who gives them is the order's business.
//!
//! ```text
//! tests/compat/cases/<case>/
//!   case.toml     this file's `Case`
//!   prisma.txt    what the real Prisma did, by version and way; `UNDERPIN_COMPAT_RECORD=1` writes it
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use underpin_testkit::prisma::{Mode, Version};

/// `case.toml`.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    /// The folder's name.
    #[serde(skip)]
    pub(crate) name: String,
    #[serde(skip)]
    folder: PathBuf,
    /// One sentence: what the case shows.
    pub(crate) about: String,
    /// Which of Prisma's two ways Underpin is held to, where they differ.
    #[serde(default)]
    pub(crate) like: Like,
    /// Belongs to the handful that the ordinary test run compares with a real Prisma.
    #[serde(default)]
    pub(crate) short: bool,
    /// After Underpin, `prisma migrate diff` must find the folder and the database equal.
    #[serde(default)]
    pub(crate) diff: bool,
    /// What the database holds before.
    pub(crate) given: Option<String>,
    /// `?schema=`, when it is not `public`.
    pub(crate) schema: Option<String>,
    /// The datasource's `schemas`.
    #[serde(default)]
    pub(crate) schemas: Vec<String>,
    /// Further files of the project, or others than usual; `{url}` in them is the database's URL.
    #[serde(default)]
    project: BTreeMap<String, String>,
    /// `DATABASE_URL` is not set.
    #[serde(default)]
    pub(crate) no_url: bool,
    /// The only major of Prisma that knows this.
    only: Option<u32>,
    /// What the URL points to instead of the database.
    pub(crate) points_to: Option<PointsTo>,
    /// `migration_lock.toml`; absent: Prisma's usual one; empty: no file.
    lock: Option<String>,
    /// There is no folder `prisma/migrations`.
    #[serde(default)]
    no_folder: bool,
    /// Scripts by migration.
    #[serde(default)]
    migrations: BTreeMap<String, String>,
    /// Further files below `prisma/migrations`.
    #[serde(default)]
    files: BTreeMap<String, String>,
    /// Folders without any file.
    #[serde(default)]
    empty: Vec<String>,
    /// Symbolic links below `prisma/migrations`, by name, to a path in the project.
    #[serde(default)]
    links: BTreeMap<String, String>,
    /// Files that are written in Latin-1.
    #[serde(default)]
    latin1: BTreeSet<String>,
    /// What happens.
    #[serde(rename = "step")]
    pub(crate) steps: Vec<Step>,
    /// Exit codes of a real `deploy` and `status` after Underpin alone, where a step differs.
    pub(crate) after_underpin: Option<After>,
}

/// Where a wrong URL leads.
#[derive(Debug, Clone, Copy, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum PointsTo {
    /// A database that is not there.
    NoDatabase,
    /// A server that is not there.
    NoServer,
}

/// One of Prisma's ways.
#[derive(Debug, Clone, Copy, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Like {
    #[default]
    One,
    Split,
}

impl Like {
    pub(crate) fn mode(self) -> Mode {
        match self {
            Self::One => Mode::OneMessage,
            Self::Split => Mode::Split,
        }
    }
}

#[derive(Debug, Clone, Copy, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct After {
    pub(crate) deploy: i32,
    pub(crate) status: i32,
}

/// One thing that happens: a command, or a change of what it meets.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    /// `deploy`, `status`, `resolve …`: given to Prisma or to `underpin migrate`.
    pub(crate) run: Option<String>,
    /// A verb of Underpin's own, given only where Underpin acts; must end with `exit`.
    pub(crate) native: Option<String>,
    pub(crate) exit: Option<i32>,
    /// SQL, as superuser.
    pub(crate) sql: Option<String>,
    /// Scripts to write, by migration.
    #[serde(default)]
    write: BTreeMap<String, String>,
    /// Files or folders below `prisma/migrations` to remove.
    #[serde(default)]
    remove: Vec<String>,
    /// Where Underpin does otherwise on purpose.
    pub(crate) underpin: Option<Difference>,
}

/// What Underpin does instead of what Prisma does. Only what is named here is compared.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Difference {
    /// Why: one sentence for the documentation.
    pub(crate) differs: String,
    pub(crate) exit: i32,
    /// Lines that must be among the stable ones of standard output and of standard error.
    #[serde(default)]
    pub(crate) out: Vec<String>,
    #[serde(default)]
    pub(crate) err: Vec<String>,
    /// The history, as `prisma.txt` shows it, without checksums.
    pub(crate) rows: Option<Vec<String>>,
    /// The relations, as `prisma.txt` shows them.
    pub(crate) relations: Option<Vec<String>>,
}

/// All cases, by name.
pub(crate) fn all(root: &Path) -> Vec<Case> {
    let mut folders: Vec<PathBuf> = std::fs::read_dir(root)
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.join("case.toml").is_file())
        .collect();
    folders.sort();
    folders.into_iter().map(read).collect()
}

fn read(folder: PathBuf) -> Case {
    let path = folder.join("case.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let mut case: Case =
        toml::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    case.name = folder.file_name().unwrap().to_string_lossy().into_owned();
    case.folder = folder;
    case
}

impl Case {
    /// Whether it is about what this version knows.
    pub(crate) fn is_for(&self, version: Version) -> bool {
        self.only.is_none_or(|major| version.number().starts_with(&format!("{major}.")))
    }

    /// Writes the project's own files.
    pub(crate) fn write_project(&self, root: &Path, url: &str) {
        for (name, text) in &self.project {
            std::fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
            std::fs::write(root.join(name), text.replace("{url}", url)).unwrap();
        }
    }

    /// Where the recording is.
    pub(crate) fn recording(&self) -> PathBuf {
        self.folder.join("prisma.txt")
    }

    /// Whether Underpin does otherwise on purpose somewhere.
    pub(crate) fn differs(&self) -> bool {
        self.steps.iter().any(|s| s.underpin.is_some())
    }

    /// The number of commands.
    pub(crate) fn commands(&self) -> usize {
        self.steps.iter().filter(|s| s.run.is_some()).count()
    }

    /// Whether a Prisma that sends statement by statement could do otherwise: not when every file
    /// is one statement at most, which is one message either way.
    pub(crate) fn can_be_split(&self) -> bool {
        let written = self.steps.iter().flat_map(|s| s.write.values());
        self.migrations.values().chain(written).any(|text| text.matches(';').count() > 1)
    }

    /// Every migration's name that the case knows: lines that are only a name are compared too.
    pub(crate) fn names(&self) -> BTreeSet<String> {
        let written = self.steps.iter().flat_map(|s| s.write.keys());
        self.migrations
            .keys()
            .chain(written)
            .chain(&self.empty)
            .chain(self.links.keys())
            .cloned()
            .collect()
    }

    /// Writes `prisma/migrations` below `project`.
    pub(crate) fn write_migrations(&self, project: &Path) {
        if self.no_folder {
            return;
        }
        let root = project.join("prisma/migrations");
        std::fs::create_dir_all(&root).unwrap();
        let usual = "# Please do not edit this file manually\n\
                     # It should be added in your version-control system (e.g., Git)\n\
                     provider = \"postgresql\"\n";
        match self.lock.as_deref().unwrap_or(usual) {
            "" => {}
            text => std::fs::write(root.join("migration_lock.toml"), text).unwrap(),
        }
        self.write_scripts(&root, &self.migrations);
        for (name, text) in &self.files {
            std::fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
            std::fs::write(root.join(name), text).unwrap();
        }
        for name in &self.empty {
            std::fs::create_dir_all(root.join(name)).unwrap();
        }
        for (name, target) in &self.links {
            std::os::unix::fs::symlink(project.join(target), root.join(name)).unwrap();
        }
    }

    /// Changes the folder as `step` says.
    pub(crate) fn change_migrations(&self, step: &Step, project: &Path) {
        let root = project.join("prisma/migrations");
        for name in &step.remove {
            let path = root.join(name);
            if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) }
                .unwrap();
        }
        self.write_scripts(&root, &step.write);
    }

    fn write_scripts(&self, root: &Path, scripts: &BTreeMap<String, String>) {
        for (name, text) in scripts {
            std::fs::create_dir_all(root.join(name)).unwrap();
            let bytes = if self.latin1.contains(name) {
                text.chars().map(|c| u8::try_from(c).unwrap()).collect()
            } else {
                text.clone().into_bytes()
            };
            std::fs::write(root.join(name).join("migration.sql"), bytes).unwrap();
        }
    }
}
