//! Which Prisma a project is made for.

use std::fmt;
use std::path::Path;

use super::package::{self, Package};
use super::prisma_config::{self, ConfigFile};

/// Whose rules a project follows. Where nothing tells, 6's rules find the URL in the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Generation {
    /// Prisma 6 or older: the URL is in the schema, `.env` files are loaded.
    Six {
        /// What told.
        why: String,
    },
    /// Prisma 7: the URL is in the config file, no `.env` file is loaded.
    Seven {
        /// What told.
        why: String,
    },
    /// Nothing tells.
    Unknown {
        /// What was looked for.
        why: String,
    },
}

impl Generation {
    /// What told.
    #[must_use]
    pub fn why(&self) -> &str {
        match self {
            Self::Six { why } | Self::Seven { why } | Self::Unknown { why } => why,
        }
    }

    /// Whether it is Prisma 7.
    #[must_use]
    pub fn is_seven(&self) -> bool {
        matches!(self, Self::Seven { .. })
    }

    /// Whether nothing told.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown { .. })
    }

    /// Decides from the strongest evidence to the weakest. `path` is the config file's.
    pub(super) fn decide(
        folder: &Path,
        path: Option<&Path>,
        package: Option<&Package>,
        config: Option<&ConfigFile>,
    ) -> Self {
        if path.is_some_and(prisma_config::names_seven) {
            return Self::Seven { why: "the config file bears Prisma 7's own name".to_owned() };
        }
        let wanted = || package.and_then(|p| p.wanted.clone());
        if let Some((major, why)) = package::installed(folder).or_else(wanted) {
            return if major >= 7 { Self::Seven { why } } else { Self::Six { why } };
        }
        if let Some(config) = config {
            if config.has("engine") {
                return Self::Six { why: "the config file has `engine`".to_owned() };
            }
            if config.has("datasource.url") {
                return Self::Seven { why: "the config file has `datasource.url`".to_owned() };
            }
        } else if package.is_some_and(|p| p.schema.is_some()) {
            return Self::Six { why: "package.json has `prisma.schema`".to_owned() };
        }
        Self::Unknown { why: "neither an installed Prisma nor a file tells".to_owned() }
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Six { .. } => "Prisma 6",
            Self::Seven { .. } => "Prisma 7",
            Self::Unknown { .. } => "unknown (6's rules)",
        })
    }
}
