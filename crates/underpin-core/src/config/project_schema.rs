//! The Prisma schema of a project: finding it, and the values of its `datasource` block.

use std::ops::Range;
use std::path::{Path, PathBuf};

use super::excerpt;
use super::files::{self, Entry};
use super::schema::{self, Datasource, Property, Value};
use super::value::{Origin, Secret, Sourced, Via};
use super::variables::Variables;
use crate::error::{Code, Error, Result, SourceLocation};

/// The places without any setting, in Prisma's order.
const DEFAULTS: [&str; 2] = ["schema.prisma", "prisma/schema.prisma"];

/// A schema that was found and read.
pub(super) struct ProjectSchema {
    /// The folder of the file, or the folder itself.
    pub(super) root: PathBuf,
    pub(super) block: Option<Block>,
}

/// The `datasource` block and the file that holds it.
pub(super) struct Block {
    /// The file, absolute.
    pub(super) path: PathBuf,
    shown: PathBuf,
    text: String,
    hidden: Vec<Range<usize>>,
    datasource: Datasource,
}

fn unreadable(message: String) -> Error {
    Error::new(Code::SchemaUnreadable, message)
}

/// Reads the schema that a setting names.
///
/// # Errors
/// UP-1006: it is not there, cannot be read, or has two `datasource` blocks.
pub(super) fn read(folder: &Path, path: &Sourced<PathBuf>) -> Result<ProjectSchema> {
    let shown = files::shown(folder, &path.value);
    let failed = |file: &Path, why: &str| {
        let (file, origin) = (files::shown(folder, file), &path.origin);
        unreadable(format!("the Prisma schema {} cannot be read: {why}", file.display()))
            .caused_by(format!("the schema is {} by {origin}", shown.display()))
            .hint("give the schema's file or folder with --schema PATH")
    };
    let (root, texts) = match files::entry(&path.value) {
        Entry::Folder => {
            let texts =
                files::schema_files(&path.value).map_err(|(file, why)| failed(&file, &why))?;
            (path.value.clone(), texts)
        }
        Entry::Missing => return Err(failed(&path.value, "no such file or folder")),
        Entry::File | Entry::Other => {
            let text = files::text(&path.value).map_err(|why| failed(&path.value, &why))?;
            let root = path.value.parent().unwrap_or(folder).to_path_buf();
            (root, vec![(path.value.clone(), text)])
        }
    };
    let mut blocks = Vec::new();
    for (path, text) in texts {
        let read = schema::read(&text);
        for datasource in read.datasources {
            blocks.push(Block {
                shown: files::shown(folder, &path),
                path: path.clone(),
                text: text.clone(),
                hidden: read.hidden.clone(),
                datasource,
            });
            if let [_, second] = blocks.as_slice() {
                return Err(unreadable(format!(
                    "the Prisma schema has a second datasource block, `{}` in {}",
                    second.datasource.name,
                    second.shown.display()
                ))
                .at(second.place(second.datasource.at))
                .hint("remove one of them: Prisma allows one"));
            }
        }
    }
    Ok(ProjectSchema { root, block: blocks.pop() })
}

/// The schema in one of the places that need no setting.
pub(super) fn default_path(folder: &Path) -> Option<Sourced<PathBuf>> {
    let (name, path) = DEFAULTS
        .iter()
        .map(|name| (name, folder.join(name)))
        .find(|(_, path)| files::entry(path) == Entry::File)?;
    Some(Sourced::new(path, Origin::Default { reason: format!("./{name}") }))
}

impl Block {
    fn place(&self, at: usize) -> SourceLocation {
        excerpt::location(&self.shown, &self.text, at, &self.hidden)
    }

    /// The block's name, `db`.
    pub(super) fn title(&self) -> &str {
        &self.datasource.name
    }

    fn name(&self, key: &str) -> String {
        format!("datasource {}.{key}", self.datasource.name)
    }

    fn origin(&self, property: &Property, form: &str, via: Option<Via>) -> Origin {
        let path = self.shown.clone();
        let line = self.place(property.at).line;
        let key = format!("{}{form}", self.name(&property.key));
        Origin::File { path, line, key, via: via.map(Box::new) }
    }

    /// Whether the block has that key.
    pub(super) fn has(&self, key: &str) -> bool {
        self.datasource.property(key).is_some()
    }

    /// A plain text, `provider`.
    pub(super) fn text(&self, key: &str) -> Option<Sourced<String>> {
        let property = self.datasource.property(key)?;
        let Value::Text(text) = &property.value else { return None };
        Some(Sourced::new(text.clone(), self.origin(property, "", None)))
    }

    /// A list of texts, `schemas`.
    ///
    /// # Errors
    /// UP-1006: it is something else.
    pub(super) fn texts(&self, key: &str) -> Result<Option<Sourced<Vec<String>>>> {
        let Some(property) = self.datasource.property(key) else { return Ok(None) };
        match &property.value {
            Value::List(Some(texts)) => {
                Ok(Some(Sourced::new(texts.clone(), self.origin(property, "", None))))
            }
            _ => Err(self.malformed(property, "is not a list of texts")),
        }
    }

    /// A URL that must have a value if the key is there.
    ///
    /// # Errors
    /// UP-1005: its variable is not set, or empty. UP-1006: it is neither a text nor `env(…)`.
    /// UP-1007: the `.env` files contradict each other.
    pub(super) fn secret(
        &self,
        key: &str,
        variables: &Variables<'_>,
    ) -> Result<Option<Sourced<Secret>>> {
        let Some(property) = self.datasource.property(key) else { return Ok(None) };
        variables.check()?;
        match &property.value {
            Value::Text(text) if text.is_empty() => Err(self.malformed(property, "is empty")),
            Value::Text(text) => {
                Ok(Some(Sourced::new(Secret::new(text.clone()), self.origin(property, "", None))))
            }
            Value::Variable(name) => match variables.get(name, usize::MAX) {
                Some((value, origin)) if !value.is_empty() => {
                    let via = Via { variable: name.clone(), origin };
                    let origin = self.origin(property, &format!(" = env(\"{name}\")"), Some(via));
                    Ok(Some(Sourced::new(Secret::new(value), origin)))
                }
                found => Err(self.unset(property, name, found.is_some())),
            },
            Value::List(_) | Value::Other => {
                Err(self.malformed(property, "is neither a text nor env(\"NAME\")"))
            }
        }
    }

    /// A URL that Prisma does without if its variable is not set: the same schema serves
    /// development and production.
    ///
    /// # Errors
    /// UP-1006: it is neither a text nor `env(…)`.
    pub(super) fn optional_secret(
        &self,
        key: &str,
        variables: &Variables<'_>,
    ) -> Result<Option<Sourced<Secret>>> {
        match self.secret(key, variables) {
            Err(error) if error.code() == Code::VariableUnset => Ok(None),
            other => other,
        }
    }

    fn malformed(&self, property: &Property, what: &str) -> Error {
        let place = self.place(property.at);
        let (key, file) = (self.name(&property.key), self.shown.display());
        unreadable(format!("{key} in {file}:{} {what}", place.line))
            .at(place)
            .hint("write a text or env(\"NAME\"), or give the database with --url URL")
    }

    fn unset(&self, property: &Property, name: &str, empty: bool) -> Error {
        let place = self.place(property.at);
        let (key, file) = (self.name(&property.key), self.shown.display());
        let what =
            if empty { "Environment variable is empty" } else { "Environment variable not found" };
        Error::new(Code::VariableUnset, format!("{what}: {name}. ({key} in {file}:{})", place.line))
            .at(place)
            .hint(format!("set it (export {name}=…), or give the database with --url URL"))
    }
}
