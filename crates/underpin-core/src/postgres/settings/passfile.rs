//! Password files (manual §34.16): `host:port:database:user:password`, `*` for any, `\` escapes.

use std::path::Path;

/// One line. No `Debug`: it holds a password.
#[derive(Clone)]
struct Entry {
    fields: [String; 4],
    password: String,
    line: usize,
}

/// The lines of a password file.
#[derive(Clone, Default)]
pub(super) struct Passfile {
    entries: Vec<Entry>,
    path: String,
}

impl Passfile {
    /// Reads `path`. A file that others may read is not used, as in libpq: the second value is
    /// the warning. A missing file is an empty one.
    pub(super) fn read(path: &Path) -> (Self, Option<String>) {
        let Ok(metadata) = std::fs::metadata(path) else { return Self::nothing(None) };
        if !metadata.is_file() {
            return Self::nothing(Some(format!("{} is not a file", path.display())));
        }
        if others_may_read(&metadata) {
            return Self::nothing(Some(format!(
                "{0} is ignored: others may read it (run: chmod 0600 {0})",
                path.display()
            )));
        }
        match std::fs::read_to_string(path) {
            Ok(text) => (Self { entries: entries(&text), path: path.display().to_string() }, None),
            Err(e) => Self::nothing(Some(format!("{} cannot be read: {e}", path.display()))),
        }
    }

    fn nothing(warning: Option<String>) -> (Self, Option<String>) {
        (Self::default(), warning)
    }

    /// The password of the first line that fits, and where it stands. `host` is the name as
    /// given, `localhost` for a socket in its default folder, else the socket's folder.
    pub(super) fn find(&self, wanted: [&str; 4]) -> Option<(&str, String)> {
        let fits = |entry: &&Entry| {
            entry
                .fields
                .iter()
                .zip(wanted)
                .all(|(field, value)| field == "*" || unescape(field) == value)
        };
        let entry = self.entries.iter().find(fits)?;
        Some((&entry.password, format!("line {} of {}", entry.line, self.path)))
    }
}

fn entries(text: &str) -> Vec<Entry> {
    let mut entries = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.starts_with('#') {
            continue;
        }
        let mut parts = split(line).into_iter();
        let mut next = || parts.next();
        if let (Some(host), Some(port), Some(database), Some(user), Some(password)) =
            (next(), next(), next(), next(), next())
        {
            entries.push(Entry {
                fields: [host, port, database, user],
                password: unescape(&password),
                line: index + 1,
            });
        }
    }
    entries
}

/// Splits at colons that no backslash escapes; the escapes stay, so that `\*` is no wildcard.
fn split(line: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut escaped = false;
    for c in line.chars() {
        if c == ':' && !escaped {
            parts.push(String::new());
            continue;
        }
        escaped = c == '\\' && !escaped;
        if let Some(last) = parts.last_mut() {
            last.push(c);
        }
    }
    parts
}

fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        out.push(if c == '\\' { characters.next().unwrap_or('\\') } else { c });
    }
    out
}

#[cfg(unix)]
fn others_may_read(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o077 != 0
}

#[cfg(not(unix))]
fn others_may_read(_: &std::fs::Metadata) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(text: &str, wanted: [&str; 4]) -> Option<String> {
        let file = Passfile { entries: entries(text), path: "f".into() };
        file.find(wanted).map(|(password, _)| password.to_owned())
    }

    #[test]
    fn the_first_line_that_fits_wins_with_wildcards_and_escapes() {
        let text = "# comment\nother:5432:*:*:no\nh\\:1:*:d:u:pa\\:ss\\\\\n*:*:*:*:last\n";
        assert_eq!(find(text, ["h:1", "5", "d", "u"]).as_deref(), Some("pa:ss\\"));
        assert_eq!(find(text, ["x", "5", "d", "u"]).as_deref(), Some("last"));
    }

    #[test]
    fn an_escaped_star_is_a_star_and_short_lines_are_skipped() {
        assert_eq!(find("\\*:*:*:*:p\na:b:c\n", ["x", "1", "d", "u"]), None);
        assert_eq!(find("\\*:*:*:*:p\n", ["*", "1", "d", "u"]).as_deref(), Some("p"));
    }
}
