//! Bounded access to files: nothing here reads more than it must, follows a loop, or fails
//! without saying which file.

use std::io::Read;
use std::path::{Component, Path, PathBuf};

/// No file of a project's configuration is larger than this.
pub(super) const MAX_BYTES: u64 = 4 * 1024 * 1024;
/// No schema folder holds more files than this.
const MAX_FILES: usize = 2_000;
/// No schema folder has more entries (of any kind) than this.
const MAX_ENTRIES: usize = 50_000;
/// No schema folder is deeper than this; also what ends a loop of symbolic links.
const MAX_DEPTH: usize = 16;
/// All files of a schema folder together.
const MAX_TOTAL: usize = 64 * 1024 * 1024;

/// Reads a file.
///
/// # Errors
/// A sentence without the path: it cannot be opened, is no file, or is too large.
pub(super) fn bytes(path: &Path) -> Result<Vec<u8>, String> {
    let metadata = std::fs::metadata(path).map_err(|e| reason(&e))?;
    // Opening a named pipe would wait for a writer.
    if !metadata.is_file() {
        return Err("it is not a regular file".to_owned());
    }
    let file = std::fs::File::open(path).map_err(|e| reason(&e))?;
    let mut content = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut content).map_err(|e| reason(&e))?;
    if content.len() as u64 > MAX_BYTES {
        return Err(format!("it is larger than {} MiB", MAX_BYTES >> 20));
    }
    Ok(content)
}

/// Reads a UTF-8 file; a byte order mark is dropped.
///
/// # Errors
/// As [`bytes`], or it is not UTF-8.
pub(super) fn text(path: &Path) -> Result<String, String> {
    let content = String::from_utf8(bytes(path)?).map_err(|_| "it is not UTF-8 text".to_owned())?;
    match content.strip_prefix('\u{feff}') {
        Some(rest) => Ok(rest.to_owned()),
        None => Ok(content),
    }
}

/// Why the system refused, without the path (callers name it).
pub(super) fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "it does not exist".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        kind => kind.to_string(),
    }
}

/// What a path is, symbolic links followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A socket, a pipe, a device.
    Other,
    /// Nothing, or nothing that may be looked at.
    Missing,
}

/// What `path` is.
pub(super) fn entry(path: &Path) -> Entry {
    match std::fs::metadata(path) {
        Ok(m) if m.is_file() => Entry::File,
        Ok(m) if m.is_dir() => Entry::Folder,
        Ok(_) => Entry::Other,
        Err(_) => Entry::Missing,
    }
}

/// `path` seen from `base`, without `.` and `..`, by text alone: what Node's `path.resolve` does.
pub(super) fn resolve(base: &Path, path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for component in base.join(path).components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => match out.components().next_back() {
                Some(Component::Normal(_)) => {
                    out.pop();
                }
                Some(Component::RootDir | Component::Prefix(_)) => {}
                _ => out.push(".."),
            },
            other => out.push(other),
        }
    }
    if out.as_os_str().is_empty() { PathBuf::from(".") } else { out }
}

/// `path` as the user knows it: from the working folder where it lies below it.
pub(super) fn shown(folder: &Path, path: &Path) -> PathBuf {
    match path.strip_prefix(folder) {
        Ok(rest) if rest.as_os_str().is_empty() => PathBuf::from("."),
        Ok(rest) => rest.to_path_buf(),
        Err(_) => path.to_path_buf(),
    }
}

/// Every `*.prisma` file below `folder`, symbolic links followed, with its text; in the order of
/// the paths.
///
/// # Errors
/// A path and a sentence: something cannot be read, or a bound is exceeded.
pub(super) fn schema_files(folder: &Path) -> Result<Vec<(PathBuf, String)>, (PathBuf, String)> {
    let mut found = Vec::new();
    let mut seen = Vec::new();
    let mut entries = 0;
    walk(folder, 0, &mut seen, &mut entries, &mut found)?;
    found.sort();
    let mut files = Vec::with_capacity(found.len());
    let mut total = 0;
    for path in found {
        let content = text(&path).map_err(|why| (path.clone(), why))?;
        total += content.len();
        if total > MAX_TOTAL {
            return Err((path, format!("the schema is larger than {} MiB", MAX_TOTAL >> 20)));
        }
        files.push((path, content));
    }
    Ok(files)
}

/// `seen` holds the real paths of the folders above: meeting one again is a loop.
fn walk(
    folder: &Path,
    depth: usize,
    seen: &mut Vec<PathBuf>,
    entries: &mut usize,
    found: &mut Vec<PathBuf>,
) -> Result<(), (PathBuf, String)> {
    let failed = |why: String| (folder.to_path_buf(), why);
    let real = std::fs::canonicalize(folder).map_err(|e| failed(reason(&e)))?;
    if seen.contains(&real) {
        return Ok(());
    }
    if depth >= MAX_DEPTH {
        return Err(failed(format!("folders are nested deeper than {MAX_DEPTH}")));
    }
    seen.push(real);
    for item in std::fs::read_dir(folder).map_err(|e| failed(reason(&e)))? {
        *entries += 1;
        if *entries > MAX_ENTRIES {
            return Err(failed(format!("it holds more than {MAX_ENTRIES} entries")));
        }
        let path = item.map_err(|e| failed(reason(&e)))?.path();
        match entry(&path) {
            Entry::Folder => walk(&path, depth + 1, seen, entries, found)?,
            Entry::File if path.extension().is_some_and(|e| e == "prisma") => {
                if found.len() >= MAX_FILES {
                    return Err(failed(format!("it holds more than {MAX_FILES} schema files")));
                }
                found.push(path);
            }
            _ => {}
        }
    }
    seen.pop();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_resolved_by_text() {
        for (base, path, out) in [
            ("/a/b", "c", "/a/b/c"),
            ("/a/b", "./c/../d", "/a/b/d"),
            ("/a/b", "../../../x", "/x"),
            ("/a/b", "/x/y", "/x/y"),
            ("a", "../../b", "../b"),
            ("a", "..", "."),
        ] {
            assert_eq!(resolve(Path::new(base), Path::new(path)), Path::new(out), "{base} {path}");
        }
    }

    #[test]
    fn a_loop_of_links_ends_and_a_linked_file_counts() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("a/b");
        std::fs::create_dir_all(&inner).unwrap();
        std::fs::write(inner.join("x.prisma"), "x").unwrap();
        std::os::unix::fs::symlink(folder.path(), inner.join("loop")).unwrap();
        std::os::unix::fs::symlink(inner.join("x.prisma"), folder.path().join("y.prisma")).unwrap();
        let files = schema_files(folder.path()).unwrap();
        assert_eq!(files.len(), 2);
    }

    #[test]
    fn a_large_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("big");
        std::fs::File::create(&path).unwrap().set_len(MAX_BYTES + 1).unwrap();
        assert_eq!(text(&path).unwrap_err(), "it is larger than 4 MiB");
    }
}
