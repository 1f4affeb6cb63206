//! `migration_lock.toml`, read by Prisma's exact rule, which is not TOML.

use std::path::Path;

use crate::error::{Code, Error, Result, SourceLocation};

/// Accepts a missing file. Otherwise the first line that starts with `provider` counts: after the
/// exact prefix `provider = ` and without double quotes it has to be `postgresql`.
pub(super) fn check(folder: &Path) -> Result<()> {
    let path = folder.join("migration_lock.toml");
    let Ok(text) = std::fs::read_to_string(&path) else { return Ok(()) };
    let line = text.lines().enumerate().find(|(_, line)| line.starts_with("provider"));
    let found =
        line.and_then(|(_, line)| line.strip_prefix("provider = ")).map(|v| v.trim_matches('"'));
    if found == Some("postgresql") {
        return Ok(());
    }
    let file = path.display().to_string();
    let offset = line.map_or(0, |(index, _)| text.lines().take(index).map(|l| l.len() + 1).sum());
    let words = match found {
        Some(provider) => {
            format!("`{file}` says provider `{provider}`; Underpin works with postgresql")
        }
        None => format!("`{file}` has no line `provider = \"postgresql\"`"),
    };
    Err(Error::new(Code::ProviderMismatch, words)
        .at(SourceLocation::at(&file, &text, offset))
        .hint("the line has to read exactly: provider = \"postgresql\""))
}
