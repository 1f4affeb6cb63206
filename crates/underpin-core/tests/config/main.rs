//! Project discovery against small projects, one for each rule of Prisma 6 and 7.

#![allow(clippy::unwrap_used, reason = "tests")]

mod config_file;
mod env_files;
mod flags;
mod properties;
mod schema;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use underpin_core::Error;
use underpin_core::config::{Discovery, ProjectConfig, discover};

/// A schema whose URL is `env("DATABASE_URL")`.
pub(crate) const SCHEMA: &str = "generator client {\n  provider = \"prisma-client-js\"\n}\n\n\
    datasource db {\n  provider = \"postgresql\"\n  url      = env(\"DATABASE_URL\")\n}\n";
/// A schema of Prisma 7.
pub(crate) const SCHEMA_7: &str = "datasource db {\n  provider = \"postgresql\"\n}\n";
/// What says that Prisma 6 is installed.
pub(crate) const SIX: (&str, &str) =
    ("node_modules/prisma/package.json", "{\"version\":\"6.19.3\"}");
/// What says that Prisma 7 is installed.
pub(crate) const SEVEN: (&str, &str) =
    ("node_modules/prisma/package.json", "{\"version\":\"7.10.1\"}");

/// A project in a folder of its own, with an environment.
pub(crate) struct Project {
    folder: TempDir,
    environment: BTreeMap<String, String>,
    schema: Option<PathBuf>,
    config: Option<PathBuf>,
    below: PathBuf,
}

impl Project {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let project = Self {
            folder,
            environment: BTreeMap::new(),
            schema: None,
            config: None,
            below: PathBuf::new(),
        };
        files.iter().fold(project, |project, (path, text)| project.file(path, text))
    }

    pub(crate) fn file(self, path: &str, text: impl AsRef<[u8]>) -> Self {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    /// `--schema`.
    pub(crate) fn schema(mut self, path: &str) -> Self {
        self.schema = Some(path.into());
        self
    }

    /// `--config`.
    pub(crate) fn config(mut self, path: &str) -> Self {
        self.config = Some(path.into());
        self
    }

    /// Makes a folder below the project the working folder.
    pub(crate) fn below(mut self, path: &str) -> Self {
        self.below = path.into();
        self
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub(crate) fn try_discover(&self) -> Result<ProjectConfig, Error> {
        discover(&Discovery {
            folder: &self.folder.path().join(&self.below),
            environment: &self.environment,
            schema_flag: self.schema.as_deref(),
            config_flag: self.config.as_deref(),
        })
    }

    pub(crate) fn discover(&self) -> ProjectConfig {
        self.try_discover().unwrap()
    }

    /// A path that was found, seen from the project.
    pub(crate) fn shown<'a>(&self, path: &'a Path) -> &'a str {
        path.strip_prefix(self.folder.path()).unwrap_or(path).to_str().unwrap()
    }

    /// The migrations folder, seen from the project.
    pub(crate) fn migrations(&self) -> String {
        let found = self.discover();
        self.shown(&found.migrations.get().unwrap().unwrap().value).to_owned()
    }

    /// The schema, seen from the project.
    pub(crate) fn schema_path(&self) -> Option<String> {
        self.discover().schema_path.map(|path| self.shown(&path.value).to_owned())
    }

    /// The URL for migrations, or the error's code, message and hints in one line.
    pub(crate) fn url(&self) -> String {
        match self.discover().migrate_url() {
            Ok(None) => "none".to_owned(),
            Ok(Some(url)) => url.value.expose().to_owned(),
            Err(error) => told(&error),
        }
    }
}

/// Code, message and hints of an error in one line.
pub(crate) fn told(error: &Error) -> String {
    let hints = [error.causes(), error.hints()].concat().join("; ");
    format!("{error}; {hints}")
}

/// Everything that an error or a result would ever print.
pub(crate) fn printed(found: &Result<ProjectConfig, Error>) -> String {
    match found {
        Ok(found) => format!("{found:?} {:?}", found.origins()),
        Err(error) => format!("{error:?} {}", serde_json::to_string(error).unwrap()),
    }
}
