//! Values that know where they came from, and the one type that may hold a password.

use std::fmt;
use std::path::PathBuf;

use crate::error::{Error, Result};

/// A text that must not be printed. `Debug` and `Display` show [`Secret::redacted`].
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself. For the connection only: never for a message.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The URL with `***` for the password and without its parameters (`schema` is kept). A URL
    /// in which the parts cannot be told apart for certain is `***` altogether: an unescaped `/`,
    /// `?`, `#` or `@` in a password makes a piece of it look like a host or a name.
    #[must_use]
    pub fn redacted(&self) -> String {
        redact(&self.0).unwrap_or_else(|| "***".to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({})", self.redacted())
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted())
    }
}

fn plain(text: &str, extra: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || "._%-".contains(c) || extra.contains(c))
}

/// `None` unless every part is beyond doubt.
fn redact(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    if scheme.is_empty() || !plain(scheme, "+") {
        return None;
    }
    let (authority, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    if tail.contains(['@', '#']) {
        return None;
    }
    let (user, hosts) = match authority.split_once('@') {
        Some((user, hosts)) => (Some(user), hosts),
        None => (None, authority),
    };
    if !hosts.split(',').all(is_host) {
        return None;
    }
    let (path, query) = tail.split_once('?').unwrap_or((tail, ""));
    let name = path.strip_prefix('/').unwrap_or(path);
    if !plain(name, "") {
        return None;
    }
    let user = match user.map(|u| u.split_once(':').map_or((u, false), |(u, _)| (u, true))) {
        None => String::new(),
        Some((user, _)) if !plain(user, "") => return None,
        Some((user, true)) => format!("{user}:***@"),
        Some((user, false)) => format!("{user}@"),
    };
    let schema = query
        .split('&')
        .filter_map(|pair| pair.strip_prefix("schema="))
        .find(|value| plain(value, ""))
        .map_or_else(String::new, |value| format!("?schema={value}"));
    Some(format!("{scheme}://{user}{hosts}{path}{schema}"))
}

/// A name or an address, with a numeric port or none: `u:secret` is no host.
fn is_host(text: &str) -> bool {
    let (name, port) = match text.strip_prefix('[').and_then(|t| t.split_once(']')) {
        Some((address, port)) => (address, port.strip_prefix(':').unwrap_or(port)),
        None => text.split_once(':').unwrap_or((text, "")),
    };
    plain(name, ":") && port.len() <= 5 && port.bytes().all(|b| b.is_ascii_digit())
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A flag of the command line.
    Flag {
        /// The flag, `--url`.
        name: &'static str,
    },
    /// The environment of the process.
    Environment {
        /// The variable.
        name: String,
    },
    /// A place in a file.
    File {
        /// The file, from the working folder where it lies below it.
        path: PathBuf,
        /// 1-based line.
        line: usize,
        /// What stands there: a key, and the variable it names. Never a value.
        key: String,
        /// The variable that the key names, and where that was found.
        via: Option<Box<Via>>,
    },
    /// Nothing names it.
    Default {
        /// Why this value, in words.
        reason: String,
    },
}

/// The second step of an origin: a variable and the place of its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Via {
    /// The variable.
    pub variable: String,
    /// Where its value was found.
    pub origin: Origin,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag { name } => f.write_str(name),
            Self::Environment { name } => write!(f, "{name} from the environment"),
            Self::File { path, line, key, via } => {
                write!(f, "{}:{line} ({key})", path.display())?;
                match via.as_deref() {
                    None => Ok(()),
                    Some(Via { variable, origin: Self::File { path, line, .. } }) => {
                        write!(f, ", {variable} from {}:{line}", path.display())
                    }
                    Some(Via { origin, .. }) => write!(f, ", {origin}"),
                }
            }
            Self::Default { reason } => write!(f, "default ({reason})"),
        }
    }
}

/// A value and its origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sourced<T> {
    /// The value.
    pub value: T,
    /// Where it came from.
    pub origin: Origin,
}

impl<T> Sourced<T> {
    /// A value with its origin.
    #[must_use]
    pub fn new(value: T, origin: Origin) -> Self {
        Self { value, origin }
    }

    /// Name, value and origin, for a table.
    pub(super) fn row(&self, name: &str, show: impl Fn(&T) -> String) -> (String, String, String) {
        (name.to_owned(), show(&self.value), self.origin.to_string())
    }
}

/// A value that a project may name. One that it names and that cannot be told (it is computed,
/// its variable is not set) is an error only for who asks for it: a flag may make it unneeded.
#[derive(Debug, Clone)]
pub enum Setting<T> {
    /// The project does not name it.
    Absent,
    /// The value.
    Found(Sourced<T>),
    /// The project names it, and it cannot be told.
    Unresolved(Error),
}

impl<T> Setting<T> {
    /// The value, for who needs it.
    ///
    /// # Errors
    /// Why it cannot be told.
    pub fn get(&self) -> Result<Option<&Sourced<T>>> {
        match self {
            Self::Absent => Ok(None),
            Self::Found(found) => Ok(Some(found)),
            Self::Unresolved(error) => Err(error.clone()),
        }
    }

    /// The value, for who can do without it.
    #[must_use]
    pub fn found(&self) -> Option<&Sourced<T>> {
        match self {
            Self::Found(found) => Some(found),
            Self::Absent | Self::Unresolved(_) => None,
        }
    }

    pub(super) fn row(
        &self,
        name: &str,
        show: impl Fn(&T) -> String,
    ) -> Option<(String, String, String)> {
        match self {
            Self::Absent => None,
            Self::Found(found) => Some(found.row(name, show)),
            Self::Unresolved(e) => Some((name.to_owned(), "?".to_owned(), e.to_string())),
        }
    }
}

impl<T> From<Result<Option<Sourced<T>>>> for Setting<T> {
    fn from(found: Result<Option<Sourced<T>>>) -> Self {
        match found {
            Ok(None) => Self::Absent,
            Ok(Some(found)) => Self::Found(found),
            Err(error) => Self::Unresolved(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        for (url, shown) in [
            (
                "postgres://u:p@h:5432/db?schema=a&sslmode=require",
                "postgres://u:***@h:5432/db?schema=a",
            ),
            ("postgresql://u@h/db", "postgresql://u@h/db"),
            ("postgres://h/db", "postgres://h/db"),
            ("postgres://u:p@[::1]:5432/db", "postgres://u:***@[::1]:5432/db"),
            ("postgres://u:p@h1:1,h2:2/db?password=x", "postgres://u:***@h1:1,h2:2/db"),
            ("postgres://u:SECRET/x@h/db", "***"),
            ("postgres://u:SECRET?x@h/db", "***"),
            ("postgres://u:SECRET#x@h/db", "***"),
            ("postgres://u:SE@CRET@h/db", "***"),
            ("postgres://u:SECRET", "***"),
            ("postgres://u:p@h/db?password=a@SECRET", "***"),
            ("host=h password=SECRET", "***"),
            ("", "***"),
        ] {
            assert_eq!(Secret::new(url).redacted(), shown, "{url}");
            assert_eq!(format!("{}", Secret::new(url)), shown);
            assert!(!format!("{:?}", Secret::new(url)).contains("SECRET"));
        }
    }

    #[test]
    fn an_origin_reads_as_a_sentence() {
        let variable =
            Origin::File { path: ".env".into(), line: 3, key: "DATABASE_URL".into(), via: None };
        let via = Via { variable: "DATABASE_URL".into(), origin: variable };
        let origin = Origin::File {
            path: "prisma/schema.prisma".into(),
            line: 7,
            key: "datasource db.url = env(\"DATABASE_URL\")".into(),
            via: Some(Box::new(via)),
        };
        assert_eq!(
            origin.to_string(),
            "prisma/schema.prisma:7 (datasource db.url = env(\"DATABASE_URL\")), \
             DATABASE_URL from .env:3"
        );
    }
}
