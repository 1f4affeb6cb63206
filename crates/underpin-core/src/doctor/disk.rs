//! Room: a rewrite needs the table once more, an index its own size, a backup about the database.
//!
//! PostgreSQL tells no free space. Where the server runs on this machine and lets its folder be
//! known, the file system is asked; elsewhere that is said.

use std::path::Path;

use super::{Finding, Questions, bytes, number, text};
use crate::postgres::{ConnectionSettings, SqlError};

const CHECK: &str = "disk";

/// Sizes in bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    database: u64,
    largest: Option<(String, u64)>,
    /// Free where the server's data lies, if that can be seen from here.
    free: Option<u64>,
}

/// Asks the server, and the file system where the data may be on this machine.
///
/// # Errors
/// What the server says.
pub async fn read(ask: Questions<'_>) -> Result<Facts, SqlError> {
    let row = ask.row("SELECT pg_database_size(current_database())").await?;
    let largest = ask
        .row(
            "SELECT c.oid::regclass::text, pg_total_relation_size(c.oid) FROM pg_class c \
             WHERE c.relkind IN ('r', 'm') AND c.relnamespace <> 'pg_catalog'::regnamespace ORDER BY c.relpages DESC LIMIT 1",
        )
        .await?;
    // Only superusers and members of pg_read_all_settings may see it (manual §20.2).
    let folder = ask.row("SELECT setting FROM pg_settings WHERE name = 'data_directory'").await?;
    let folder = Some(text(&folder, 0)).filter(|f| !f.is_empty() && ask.target.is_local());
    Ok(Facts {
        database: number(&row, 0),
        largest: (!largest.is_empty()).then(|| (text(&largest, 0).to_owned(), number(&largest, 1))),
        free: folder.and_then(|folder| free_bytes(Path::new(folder))),
    })
}

/// Bytes that are free where `folder` is.
fn free_bytes(folder: &Path) -> Option<u64> {
    let about = rustix::fs::statvfs(folder).ok()?;
    Some(about.f_bavail.saturating_mul(about.f_frsize))
}

/// Judges.
#[must_use]
pub fn judge(facts: &Facts, target: &ConnectionSettings) -> Finding {
    let largest = match &facts.largest {
        Some((name, size)) => format!(", the largest table {name} {}", bytes(*size)),
        None => String::new(),
    };
    let words = format!("the database has {}{largest}", bytes(facts.database));
    let needed = facts.largest.as_ref().map_or(0, |(_, size)| *size);
    let look = target.psql(
        None,
        "SELECT oid::regclass, pg_size_pretty(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r' \
         ORDER BY pg_total_relation_size(oid) DESC LIMIT 10",
    );
    match facts.free {
        // The table and its indexes once more, and as much WAL.
        Some(free) if free < needed.saturating_mul(2) => {
            let words = format!("{words}; {} free: too little to rewrite it", bytes(free));
            Finding::error(CHECK, words).remedy(look).remedy("underpin explain 53100")
        }
        Some(free) => Finding::ok(CHECK, format!("{words}; {} free", bytes(free))),
        None => Finding::note(CHECK, format!("{words}; free space cannot be seen from here"))
            .remedy(look),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Level;

    #[test]
    fn too_little_room_for_a_rewrite_is_an_error() {
        let target = ConnectionSettings::parse("postgresql://u@db/x").unwrap();
        let of = |free| {
            let largest = Some(("t".to_owned(), 1_000));
            judge(&Facts { database: 2_000, largest, free }, &target).level
        };
        assert_eq!(of(Some(1_999)), Level::Error);
        assert_eq!(of(Some(2_000)), Level::Ok);
        assert_eq!(of(None), Level::Note);
    }
}
