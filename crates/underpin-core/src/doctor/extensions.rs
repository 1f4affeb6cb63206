//! Extensions: those that the folder makes, against those that the server has.
//!
//! Manual §54.6 (`pg_available_extension_versions`: `trusted`, from 13 on: a role with CREATE on the
//! database may make it).

use underpin_sql::model::{self, Statement};

use super::{Finding, Questions, is_true, text};
use crate::migrations::MigrationFolder;
use crate::postgres::{ConnectionSettings, SqlError, identifier};

const CHECK: &str = "extensions";

/// What the server says of one that is needed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needed {
    name: String,
    /// The migration that makes it.
    migration: String,
    available: bool,
    installed: bool,
    /// This role may make it.
    may_create: bool,
}

/// The extensions that the folder makes: name, and the first migration that does.
#[must_use]
pub fn of_folder(folder: &MigrationFolder) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for migration in &folder.migrations {
        for parsed in model::read(&migration.script) {
            // What a DO block makes runs with it.
            for statement in std::iter::once(&parsed).chain(&parsed.inside) {
                if let Statement::CreateExtension { name, .. } = &statement.statement
                    && !found.iter().any(|(known, _)| known == name)
                {
                    found.push((name.clone(), migration.name.to_string()));
                }
            }
        }
    }
    found
}

/// Asks about them.
///
/// # Errors
/// What the server says.
pub async fn read(
    ask: Questions<'_>,
    wanted: Vec<(String, String)>,
) -> Result<Vec<Needed>, SqlError> {
    let rows = ask
        .rows(
            "SELECT e.name, e.installed_version IS NOT NULL, \
             bool_or(r.rolsuper OR NOT v.superuser OR (v.trusted AND has_database_privilege(current_database(), 'CREATE'))) \
             FROM pg_available_extensions e JOIN pg_available_extension_versions v ON v.name = e.name, pg_roles r \
             WHERE r.rolname = current_user GROUP BY 1, 2",
        )
        .await?;
    let needed = wanted.into_iter().map(|(name, migration)| {
        let row = rows.iter().find(|row| text(row, 0) == name);
        Needed {
            available: row.is_some(),
            installed: row.is_some_and(|row| is_true(row, 1)),
            may_create: row.is_some_and(|row| is_true(row, 2)),
            name,
            migration,
        }
    });
    Ok(needed.collect())
}

/// Judges.
#[must_use]
pub fn judge(needed: &[Needed], major: u32, target: &ConnectionSettings) -> Vec<Finding> {
    let mut findings = Vec::new();
    for Needed { name, migration, available, installed, may_create } in needed {
        if !available {
            findings.push(
                Finding::error(
                    CHECK,
                    format!("{name} is not available on the server; {migration} makes it"),
                )
                .remedy(package(name, major))
                .remedy("underpin explain FAIL-EXTENSION-UNAVAILABLE"),
            );
        } else if !installed && !may_create {
            let sql = format!("CREATE EXTENSION IF NOT EXISTS {}", identifier(name));
            let words =
                format!("the role may not make {name}, which {migration} does: a superuser has to");
            findings.push(Finding::error(CHECK, words).remedy(target.psql(Some("postgres"), &sql)));
        }
    }
    if findings.is_empty() {
        let names: Vec<&str> = needed.iter().map(|n| n.name.as_str()).collect();
        let words = match names.as_slice() {
            [] => "the folder makes none".to_owned(),
            names => format!("available: {}", names.join(", ")),
        };
        findings.push(Finding::ok(CHECK, words));
    }
    findings
}

/// Where a package of Debian or PGDG is known; elsewhere the host's own list has to be asked.
fn package(name: &str, major: u32) -> String {
    match name {
        "vector" => format!("apt-get install postgresql-{major}-pgvector"),
        "postgis" => format!("apt-get install postgresql-{major}-postgis-3"),
        "pg_cron" => format!("apt-get install postgresql-{major}-cron"),
        "timescaledb" => format!("apt-get install timescaledb-2-postgresql-{major}"),
        _ => "install it on the server, or switch it on where the database is hosted; \
              then: SELECT name FROM pg_available_extensions"
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Level;

    #[test]
    fn what_is_missing_is_told_from_what_is_not_allowed() {
        let target = ConnectionSettings::parse("postgresql://u@db/x").unwrap();
        let needed = |available, installed, may_create| Needed {
            name: "vector".to_owned(),
            available,
            installed,
            may_create,
            ..Needed::default()
        };
        let of = |n: Needed| judge(&[n], 18, &target).remove(0);
        assert_eq!(of(needed(true, false, true)).level, Level::Ok);
        assert_eq!(of(needed(true, true, false)).level, Level::Ok);
        assert!(of(needed(false, false, false)).remedies[0].contains("postgresql-18-pgvector"));
        assert!(of(needed(true, false, false)).remedies[0].contains("CREATE EXTENSION"));
    }
}
