//! The environment that values are read from: the process's, and what `.env` files add to it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::dotenv;
use super::files;
use super::value::Origin;
use crate::error::{Code, Error, Result};

/// A file that was loaded.
struct Loaded {
    /// Values that stand before this byte of the config file do not see it.
    since: usize,
    /// It overwrites what is set already.
    overwrites: bool,
    values: BTreeMap<String, (String, Origin)>,
}

/// Variables and where they came from. No `Debug`: it holds every secret of the process.
pub(super) struct Variables<'a> {
    process: &'a BTreeMap<String, String>,
    loaded: Vec<Loaded>,
    /// Why Prisma would load nothing and stop.
    trouble: Option<Error>,
}

impl<'a> Variables<'a> {
    pub(super) fn new(process: &'a BTreeMap<String, String>) -> Self {
        Self { process, loaded: Vec::new(), trouble: None }
    }

    /// A variable as a value at byte `at` of the config file sees it.
    pub(super) fn get(&self, name: &str, at: usize) -> Option<(&str, Origin)> {
        let mut found = self
            .process
            .get(name)
            .map(|value| (value.as_str(), Origin::Environment { name: name.to_owned() }));
        for loaded in self.loaded.iter().filter(|l| l.since <= at) {
            if let Some((value, origin)) = loaded.values.get(name)
                && (found.is_none() || loaded.overwrites)
            {
                found = Some((value, origin.clone()));
            }
        }
        found
    }

    /// Whether the variables can be relied on.
    ///
    /// # Errors
    /// UP-1007: the `.env` files contradict each other.
    pub(super) fn check(&self) -> Result<()> {
        self.trouble.clone().map_or(Ok(()), Err)
    }

    /// Whether the process sets it to something.
    pub(super) fn process_sets(&self, name: &str) -> bool {
        self.process.get(name).is_some_and(|value| !value.is_empty())
    }

    /// Loads a file as `dotenv` does: a missing one is no error.
    pub(super) fn load(&mut self, file: &EnvFile, since: usize, overwrites: bool) {
        let values = file
            .entries
            .iter()
            .map(|e| (e.key.clone(), (e.value.clone(), file.origin(&e.key, e.line))));
        self.loaded.push(Loaded { since, overwrites, values: values.collect() });
    }

    /// Loads a file as Prisma 6 does: what is set already stays, then `${NAME}` is expanded in
    /// every variable that the file names. Returns the values, for the test of conflicts.
    fn load_prisma6(&mut self, file: &EnvFile) -> Result<BTreeMap<String, String>> {
        self.load(file, 0, false);
        let mut values = BTreeMap::new();
        for entry in &file.entries {
            let Some((raw, origin)) = self.get(&entry.key, usize::MAX) else { continue };
            let expanded = dotenv::expand(raw, &|name| self.get(name, usize::MAX).map(|(v, _)| v));
            let value = expanded.map_err(|dotenv::Endless| {
                let shown = file.shown.display();
                Error::new(
                    Code::EnvFile,
                    format!("{} in {shown}:{} refers to itself", entry.key, entry.line),
                )
                .hint(format!("write `\\${{` in {shown} for a text that is no reference"))
                .hint(format!("or set {} in the environment", entry.key))
            })?;
            values.insert(entry.key.clone(), (value, origin));
        }
        let plain = values.iter().map(|(k, (v, _))| (k.clone(), v.clone())).collect();
        self.loaded.push(Loaded { since: 0, overwrites: true, values });
        Ok(plain)
    }
}

impl Variables<'_> {
    fn load_both(&mut self, first: Option<&EnvFile>, second: Option<&EnvFile>) -> Result<()> {
        let set = first.map_or(Ok(BTreeMap::new()), |file| self.load_prisma6(file))?;
        let Some(second) = second else { return Ok(()) };
        if let Some(first) = first {
            conflict(first, second, &set)?;
        }
        self.load_prisma6(second).map(|_| ())
    }
}

/// A `.env` file that was read.
pub(super) struct EnvFile {
    path: PathBuf,
    shown: PathBuf,
    entries: Vec<dotenv::Entry>,
}

impl EnvFile {
    /// Reads a file. `Ok(None)`: it is not there.
    ///
    /// # Errors
    /// A sentence: it is there and cannot be read.
    pub(super) fn read(folder: &Path, path: &Path) -> Result<Option<Self>, String> {
        let path = files::resolve(folder, path);
        if files::entry(&path) == files::Entry::Missing {
            return Ok(None);
        }
        let shown = files::shown(folder, &path);
        let bytes = files::bytes(&path).map_err(|why| format!("{}: {why}", shown.display()))?;
        // Node replaces what is not UTF-8 in the same way.
        let entries = dotenv::parse(&String::from_utf8_lossy(&bytes));
        Ok(Some(Self { path, shown, entries }))
    }

    fn origin(&self, key: &str, line: usize) -> Origin {
        Origin::File { path: self.shown.clone(), line, key: key.to_owned(), via: None }
    }
}

/// The environment of Prisma 6 without a config file: (a) `.env` beside the nearest
/// `package.json`, then (b) `.env` beside the `--schema` file, else `prisma/.env`, else `.env`.
pub(super) fn prisma6<'a>(
    folder: &Path,
    schema_flag: Option<&Path>,
    process: &'a BTreeMap<String, String>,
    notes: &mut Vec<String>,
) -> Variables<'a> {
    let mut read = |path: &Path| match EnvFile::read(folder, path) {
        Ok(file) => file,
        Err(why) => {
            notes.push(format!("not loaded: {why}"));
            None
        }
    };
    let first = super::package::root(folder).and_then(|root| read(&root.join(".env")));
    let beside_schema =
        schema_flag.and_then(|flag| Some(files::resolve(folder, flag).parent()?.join(".env")));
    let second = beside_schema
        .into_iter()
        .chain([folder.join("prisma/.env"), folder.join(".env")])
        .find(|path| files::entry(path) != files::Entry::Missing)
        .and_then(|path| read(&path))
        .filter(|second| first.as_ref().is_none_or(|first| first.path != second.path));
    let mut variables = Variables::new(process);
    if let Err(error) = variables.load_both(first.as_ref(), second.as_ref()) {
        variables.trouble = Some(error);
    }
    variables
}

/// Prisma's own test, which is the wrong way round: equal values conflict, different ones pass.
fn conflict(first: &EnvFile, second: &EnvFile, set: &BTreeMap<String, String>) -> Result<()> {
    let names: Vec<String> = second
        .entries
        .iter()
        .filter(|e| set.get(&e.key) == Some(&e.value))
        .map(|e| e.key.clone())
        .collect();
    if names.is_empty() {
        return Ok(());
    }
    let (a, b) = (first.shown.display(), second.shown.display());
    Err(Error::new(
        Code::EnvFile,
        format!("there is a conflict between the variables of {a} and {b}"),
    )
    .details(names.iter().map(|name| format!("conflicting variable: {name}")))
    .hint(format!("move the contents of {b} to {a}, as Prisma 6 demands; the first file wins")))
}
