//! What `package.json` and `node_modules` say of a project.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::files;

/// No search goes further up than this.
const MAX_LEVELS: usize = 64;

fn read(path: &Path) -> Option<Value> {
    serde_json::from_str(&files::text(path).ok()?).ok()
}

fn upwards(folder: &Path) -> impl Iterator<Item = &Path> {
    folder.ancestors().take(MAX_LEVELS)
}

/// The folder of the nearest `package.json` that can be read and is not a generated client's:
/// where Prisma 6 looks for its first `.env`.
pub(super) fn root(folder: &Path) -> Option<PathBuf> {
    upwards(folder)
        .find(|place| match read(&place.join("package.json")) {
            None | Some(Value::Null) => false,
            Some(content) => content["name"] != ".prisma/client",
        })
        .map(Path::to_path_buf)
}

/// What the nearest `package.json` says of Prisma.
#[derive(Debug, Default)]
pub(super) struct Package {
    /// The file.
    pub(super) path: PathBuf,
    /// `prisma.schema`, and its line.
    pub(super) schema: Option<(String, usize)>,
    /// The major version that it asks for, and how it says so.
    pub(super) wanted: Option<(u64, String)>,
}

/// Reads the nearest `package.json`, whether it is well formed or not.
pub(super) fn nearest(folder: &Path) -> Option<Package> {
    let path = upwards(folder)
        .map(|place| place.join("package.json"))
        .find(|path| files::entry(path) == files::Entry::File)?;
    let text = files::text(&path).unwrap_or_default();
    let content: Value = serde_json::from_str(&text).unwrap_or_default();
    let schema = content["prisma"]["schema"].as_str().map(|schema| {
        let prisma = text.find("\"prisma\"").unwrap_or(0);
        let at = text[prisma..].find("\"schema\"").map_or(prisma, |i| prisma + i);
        (schema.to_owned(), text[..at].matches('\n').count() + 1)
    });
    let wanted = ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"]
        .iter()
        .flat_map(|list| ["prisma", "@prisma/client"].map(|name| (list, name)))
        .find_map(|(list, name)| {
            let range = content[*list][name].as_str()?;
            Some((major_of_range(range)?, format!("{name} {range}")))
        });
    Some(Package { path, schema, wanted })
}

/// The version of Prisma's CLI that is installed, as Node would find it.
pub(super) fn installed(folder: &Path) -> Option<(u64, String)> {
    let version = |name: &str| {
        upwards(folder).find_map(|place| {
            let content = read(&place.join("node_modules").join(name).join("package.json"))?;
            content["version"].as_str().map(str::to_owned)
        })
    };
    // Prisma 8 projects keep version 7's migrations in a package of its own.
    ["@prisma/prisma7", "prisma"].iter().find_map(|name| {
        let version = version(name)?;
        let major = version.split('.').next()?.parse().ok()?;
        Some((major, format!("node_modules/{name} is {version}")))
    })
}

/// The major version of `^6.1.0`, `~7.2`, `6.x`, `7`. Of a range that spans several: none.
fn major_of_range(range: &str) -> Option<u64> {
    let plain = range.trim().trim_start_matches(['^', '~', '=', 'v']);
    let plain = plain.strip_prefix("workspace:").unwrap_or(plain).trim_start_matches(['^', '~']);
    let version = plain.split(['-', '+']).next()?;
    let mut parts = version.split('.');
    let major = parts.next()?.parse().ok()?;
    parts
        .all(|part| matches!(part, "x" | "X" | "*") || part.bytes().all(|b| b.is_ascii_digit()))
        .then_some(major)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_range_names_a_major() {
        for (range, major) in [
            ("^6.19.0", Some(6)),
            ("~7.1", Some(7)),
            ("7", Some(7)),
            ("6.x", Some(6)),
            ("7.10.1", Some(7)),
            ("8.0.0-rc.19", Some(8)),
            ("workspace:^7.0.0", Some(7)),
            (">=6", None),
            ("6 || 7", None),
            ("latest", None),
            ("catalog:", None),
            ("", None),
        ] {
            assert_eq!(major_of_range(range), major, "{range}");
        }
    }

    #[test]
    fn a_generated_client_and_a_broken_file_are_not_the_root() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a/b/c");
        std::fs::create_dir_all(&deep).unwrap();
        std::fs::write(folder.path().join("package.json"), "{\"name\":\"x\"}").unwrap();
        std::fs::write(folder.path().join("a/package.json"), "{").unwrap();
        std::fs::write(deep.join("package.json"), "{\"name\":\".prisma/client\"}").unwrap();
        assert_eq!(root(&deep).unwrap(), folder.path());
        assert_eq!(
            nearest(&folder.path().join("a")).unwrap().path,
            folder.path().join("a/package.json")
        );
    }
}
