//! How stable PostgreSQL's own functions are.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::syntax::model::{Name, Volatility};

/// `pg_proc` of PostgreSQL 18.4, one name a line after its letter; of overloaded names the least
/// stable. `cargo xtask lock-matrix` writes it from a server.
const BUILTIN: &str = include_str!("volatility.txt");

/// Functions of extensions that are widely used for defaults.
const VOLATILE: &[&str] =
    &["gen_salt", "gen_random_bytes", "uuid_generate_v1", "uuid_generate_v1mc", "uuid_generate_v4"];

/// The volatility of a function by its name; a schema of the user's own is not looked into.
pub(super) fn of(name: &Name) -> Volatility {
    if VOLATILE.contains(&name.name.as_str()) {
        return Volatility::Volatile;
    }
    if name.schema.is_some() {
        return Volatility::Unknown;
    }
    static TABLE: OnceLock<HashMap<&str, Volatility>> = OnceLock::new();
    let table = TABLE.get_or_init(|| {
        BUILTIN
            .lines()
            .filter_map(|line| {
                let (letter, name) = line.split_once(' ')?;
                Some((
                    name,
                    match letter {
                        "i" => Volatility::Immutable,
                        "s" => Volatility::Stable,
                        _ => Volatility::Volatile,
                    },
                ))
            })
            .collect()
    });
    table.get(name.name.as_str()).copied().unwrap_or(Volatility::Unknown)
}
