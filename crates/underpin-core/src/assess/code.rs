//! Where the application's source still names what migrations take away.
//!
//! A name counts as a whole word. A column counts only in files that name its table too, because
//! `name` and `id` stand everywhere. A Prisma schema is read model by model, with the names that
//! `@map` and `@@map` give. Invariants: bounded in files and bytes, links are not followed, nothing
//! of a file is kept but its path and line numbers. Non-goals: understanding a language.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use underpin_sql::removed::Removed;

use crate::error::{Code, Error, Result};

/// Files that are read, of all folders together.
const FILES_MAX: usize = 20_000;
/// A larger file is made by a program.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// Bytes that are read, of all files together.
const BYTES_MAX: u64 = 256 << 20;
/// Folders inside of folders.
const DEPTH_MAX: usize = 32;
/// Places that are told of one name.
const PLACES_MAX: usize = 5;

const ENDINGS: &[&str] =
    &["prisma", "ts", "tsx", "mts", "cts", "js", "jsx", "mjs", "cjs", "py", "go", "rb", "sql"];
/// Folders that hold nobody's own code, or none that runs.
const SKIPPED: &[&str] =
    &["node_modules", "target", "dist", "build", "vendor", "__pycache__", "migrations"];

/// What a scan found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StillNamed {
    /// Places by [`Removed::key`], as `path:line`.
    pub places: BTreeMap<String, Vec<String>>,
    /// Files that were read.
    pub files: usize,
    /// A bound was met: not everything was read.
    pub cut: bool,
}

/// Looks for `names` in the files below `folders`. Blocks: it reads files.
///
/// # Errors
/// UP-1003 when a folder cannot be read.
pub fn still_named(folders: &[PathBuf], names: &[Removed]) -> Result<StillNamed> {
    let mut found = StillNamed::default();
    let mut files = Vec::new();
    for folder in folders {
        fs::read_dir(folder).map_err(|e| {
            let words = format!("the folder of code `{}` cannot be read", folder.display());
            Error::new(Code::Usage, words).caused_by(e.to_string())
        })?;
        collect(folder, 0, &mut files, &mut found.cut);
    }
    files.sort();
    files.dedup();
    let (mut bytes, mut texts) = (0, Vec::new());
    for path in files {
        bytes += fs::metadata(&path).map_or(0, |m| m.len());
        if bytes > BYTES_MAX {
            found.cut = true;
            break;
        }
        // What is no text names nothing.
        if let Ok(text) = fs::read_to_string(&path) {
            texts.push((path, text));
        }
    }
    found.files = texts.len();
    let models: Vec<Model> = texts
        .iter()
        .filter(|(path, _)| is_prisma(path))
        .flat_map(|(path, text)| models(path, text))
        .collect();
    for name in names {
        let places = places(name, &texts, &models);
        if !places.is_empty() {
            found.places.insert(name.key(), cut(places));
        }
    }
    Ok(found)
}

fn collect(folder: &Path, depth: usize, files: &mut Vec<PathBuf>, cut: &mut bool) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries {
        let (name, path) = (entry.file_name().to_string_lossy().into_owned(), entry.path());
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() {
            if name.starts_with('.') || SKIPPED.contains(&name.as_str()) {
                continue;
            }
            match depth < DEPTH_MAX {
                true => collect(&path, depth + 1, files, cut),
                false => *cut = true,
            }
            continue;
        }
        let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
        let small = entry.metadata().is_ok_and(|m| m.len() <= FILE_BYTES_MAX);
        if kind.is_file() && small && ENDINGS.contains(&ending) {
            if files.len() == FILES_MAX {
                *cut = true;
                return;
            }
            files.push(path);
        }
    }
}

fn is_prisma(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "prisma")
}

/// A model of a Prisma schema.
struct Model {
    name: String,
    table: String,
    place: String,
    /// Its fields: name, column, place.
    fields: Vec<(String, String, String)>,
}

fn models(path: &Path, text: &str) -> Vec<Model> {
    let (mut all, mut open): (Vec<Model>, Option<Model>) = (Vec::new(), None);
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        let place = format!("{}:{}", path.display(), number + 1);
        let words: Vec<&str> = line.split_whitespace().collect();
        match (words.as_slice(), &mut open) {
            (["model", name, ..], None) => {
                let name = name.trim_end_matches('{').to_owned();
                open = Some(Model { table: name.clone(), name, place, fields: Vec::new() });
            }
            (["}", ..], Some(_)) => all.extend(open.take()),
            ([first, ..], Some(model)) if first.starts_with("@@") => {
                if let Some(table) = mapped(line, "@@map(") {
                    model.table = table;
                }
            }
            ([field, _, ..], Some(model)) if !field.starts_with("//") => {
                let column = mapped(line, "@map(").unwrap_or_else(|| (*field).to_owned());
                model.fields.push(((*field).to_owned(), column, place));
            }
            _ => {}
        }
    }
    all
}

/// The string in `@map("…")` or `@map(name: "…")`.
fn mapped(line: &str, word: &str) -> Option<String> {
    let rest = &line[line.find(word)? + word.len()..];
    rest.split('"').nth(1).map(str::to_owned)
}

/// Where one name stands.
fn places(name: &Removed, texts: &[(PathBuf, String)], models: &[Model]) -> Vec<String> {
    let of_table: Vec<&Model> = models.iter().filter(|m| m.table == name.object.name).collect();
    let mut found: Vec<String> = Vec::new();
    let mut tables = vec![name.object.name.clone()];
    tables.extend(of_table.iter().map(|m| m.name.clone()));
    // The client's accessor of a model begins with a small letter.
    tables.extend(tables.clone().iter().filter_map(|t| {
        let first = t.chars().next()?;
        Some(t.replacen(first, &first.to_lowercase().to_string(), 1))
    }));
    let mut words = tables.clone();
    match &name.column {
        Some(column) => {
            let fields = of_table.iter().flat_map(|m| &m.fields).filter(|f| f.1 == *column);
            let fields: Vec<&(String, String, String)> = fields.collect();
            found.extend(fields.iter().map(|f| f.2.clone()));
            words = vec![column.clone()];
            words.extend(fields.iter().map(|f| f.0.clone()));
        }
        None => found.extend(of_table.iter().map(|m| m.place.clone())),
    }
    for (path, text) in texts.iter().filter(|(path, _)| !is_prisma(path)) {
        if !tables.iter().any(|t| has_word(text, t)) {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            if words.iter().any(|w| has_word(line, w)) {
                found.push(format!("{}:{}", path.display(), number + 1));
            }
        }
    }
    found
}

fn has_word(text: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    !word.is_empty()
        && text.match_indices(word).any(|(at, _)| {
            !text[..at].ends_with(part) && !text[at + word.len()..].starts_with(part)
        })
}

fn cut(mut places: Vec<String>) -> Vec<String> {
    let more = places.len().saturating_sub(PLACES_MAX);
    places.truncate(PLACES_MAX);
    if more > 0 {
        places.push(format!("{more} more places"));
    }
    places
}

#[cfg(test)]
mod tests {
    use underpin_sql::model::Name;

    use super::*;

    fn removed(object: &str, column: Option<&str>) -> Removed {
        Removed { object: Name::bare(object), column: column.map(str::to_owned), span: None }
    }

    #[test]
    fn names_are_whole_words_next_to_their_table() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write(
            "prisma/schema.prisma",
            "model Account {\n  id Int @id\n  nickName String? @map(\"nick\")\n  @@map(\"accounts\")\n}\n",
        );
        write("src/a.ts", "prisma.account.findMany({\n  select: { nickName: true } })\n");
        write("src/b.py", "nick = 1  # no table here\n");
        write("src/c.go", "rows := db.Query(`SELECT nick FROM accounts`)\nnickname := 1\n");
        write("node_modules/x/d.js", "accounts nick\n");
        write("prisma/migrations/1/migration.sql", "accounts nick\n");
        let names =
            [removed("accounts", Some("nick")), removed("accounts", None), removed("pets", None)];
        let found = still_named(&[folder.path().to_owned()], &names).unwrap();
        let short = |key: &str| -> Vec<String> {
            let places = found.places.get(key).into_iter().flatten();
            let root = format!("{}/", folder.path().display());
            places.map(|p| p.replace(&root, "")).collect()
        };
        assert_eq!(short("accounts.nick"), ["prisma/schema.prisma:3", "src/a.ts:2", "src/c.go:1"]);
        assert_eq!(short("accounts"), ["prisma/schema.prisma:1", "src/a.ts:1", "src/c.go:1"]);
        assert_eq!(short("pets"), Vec::<String>::new());
        assert_eq!((found.files, found.cut), (4, false));
        let error = still_named(&[folder.path().join("none")], &names).unwrap_err();
        assert_eq!(error.code(), Code::Usage);
    }
}
