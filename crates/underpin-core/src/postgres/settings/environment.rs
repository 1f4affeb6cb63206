//! The surroundings that a connection may take defaults from. The library never reads the
//! process's environment; its caller hands it in.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// The `PG*` variables (libpq, §34.15 of the manual), the home folder and the account's name.
///
/// Collect it from name and value pairs; names that matter to no connection are dropped:
/// ```
/// # use underpin_core::postgres::ConnectionSettings;
/// let pairs = [("PGUSER", "ann"), ("HOME", "/home/ann")];
/// let settings = ConnectionSettings::resolve("postgres://db/shop", &pairs.into_iter().collect())?;
/// assert_eq!(settings.user(), "ann");
/// # Ok::<(), underpin_core::Error>(())
/// ```
/// `HOME` is where `.pgpass`, `.pg_service.conf` and `.postgresql/` are looked for; without it,
/// none of them is. `USER`, else `LOGNAME`, is the role when nothing names one.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let wanted =
            |name: &str| name.starts_with("PG") || matches!(name, "HOME" | "USER" | "LOGNAME");
        let variables = pairs
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()))
            .filter(|(name, value): &(String, String)| wanted(name) && !value.is_empty())
            .collect();
        Self { variables }
    }
}

impl fmt::Debug for Environment {
    /// Names only: `PGPASSWORD` is among the values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.variables.keys()).finish()
    }
}

impl Environment {
    /// A variable that is set and not empty; libpq takes an empty one as unset too.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// The home folder.
    #[must_use]
    pub fn home(&self) -> Option<&Path> {
        self.get("HOME").map(Path::new)
    }

    /// The operating system's account, libpq's default for the role.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        self.get("USER").or_else(|| self.get("LOGNAME"))
    }

    /// `path` below the home folder, if it is a file.
    pub(super) fn home_file(&self, path: &str) -> Option<PathBuf> {
        self.home().map(|home| home.join(path)).filter(|path| path.is_file())
    }
}
