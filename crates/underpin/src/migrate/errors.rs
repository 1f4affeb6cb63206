//! Errors in Prisma's layout: `Error: P3005`, a blank line, the text; connection errors in one
//! line. Below it what Underpin adds: the place, the state, the next command.
//!
//! The stems are what scripts look for; docs/reference/prisma.md has the table.

use underpin_core::error::Code;
use underpin_core::postgres::ConnectionSettings;
use underpin_core::{Error, coordinate};

use crate::output;

/// The whole text for stderr. `target` is there when the URL could be read.
pub(super) fn render(error: &Error, target: Option<&ConnectionSettings>) -> String {
    let place = Place::of(target);
    let text = match connection(error, &place) {
        Some((code, text)) => format!("\nError: {code}: {text}\n"),
        None => match migrate(error) {
            Some((code, text)) => format!("\nError: {code}\n\n{text}\n"),
            None => format!("\nError: {}\n", plain(error)),
        },
    };
    let more = output::error_facts(error);
    format!("{}\n{more}", output::inert(&text))
}

/// Host, port, user and database as Prisma's texts name them.
struct Place {
    server: String,
    host: String,
    user: String,
    database: String,
}

impl Place {
    fn of(target: Option<&ConnectionSettings>) -> Self {
        let address = target.map_or_else(String::new, ConnectionSettings::address);
        let (host, port) = address.rsplit_once(':').unwrap_or((&address, ""));
        Self {
            server: if port.is_empty() {
                format!("`{host}`")
            } else {
                format!("`{host}`:`{port}`")
            },
            host: host.to_owned(),
            user: target.map_or_else(String::new, |t| t.user().to_owned()),
            database: target.map_or_else(String::new, |t| t.database().to_owned()),
        }
    }
}

/// P1000 to P1017, and their texts.
fn connection(error: &Error, place: &Place) -> Option<(&'static str, String)> {
    let Place { server, host, user, database } = place;
    let running = format!("Please make sure your database server is running at {server}.");
    Some(match error.code() {
        Code::AuthenticationFailed => (
            "P1000",
            format!(
                "Authentication failed against database server at `{host}`, the provided database credentials for `{user}` are not valid.\n\n\
                 Please make sure to provide valid database credentials for the database server at `{host}`."
            ),
        ),
        Code::ServerUnreachable | Code::ServerBusy => {
            ("P1001", format!("Can't reach database server at {server}\n\n{running}"))
        }
        Code::LockBusy => (
            "P1002",
            format!(
                "The database server at {server} was reached but timed out.\n\nPlease try again.\n\n{running}\n\n\
                 Context: Timed out trying to acquire a postgres advisory lock (SELECT pg_advisory_lock({})). \
                 See https://pris.ly/d/migrate-advisory-locking for details.",
                coordinate::PRISMA_LOCK_KEY
            ),
        ),
        Code::DatabaseMissing => (
            "P1003",
            format!("Database `{database}` does not exist on the database server at {server}."),
        ),
        Code::AccessDenied => {
            ("P1010", format!("User `{user}` was denied access on the database `{database}`"))
        }
        Code::TlsFailed => {
            let why = error.causes().first().map_or_else(|| error.message(), String::as_str);
            ("P1011", format!("Error opening a TLS connection: {why}"))
        }
        Code::InvalidUrl => {
            ("P1013", format!("The provided database string is invalid. {}", error.message()))
        }
        Code::ConnectionLost => ("P1017", "Server has closed the connection.".to_owned()),
        _ => return None,
    })
}

/// P1008, P1012 and P3005 to P3019, and their texts.
fn migrate(error: &Error) -> Option<(&'static str, String)> {
    let name = quoted(error.message());
    let resolve = "Read more about how to resolve migration issues in a production database: \
                   https://pris.ly/d/migrate-resolve";
    let example = "(example: \"20201207184859_initial_migration\")";
    Some(match error.code() {
        Code::NotProven => (
            "P3005",
            "The database schema is not empty. Read more about how to baseline an existing production database: \
             https://pris.ly/d/migrate-baseline"
                .to_owned(),
        ),
        Code::AlreadyApplied => {
            ("P3008", format!("The migration `{name}` is already recorded as applied in the database."))
        }
        Code::FailedMigration => (
            "P3009",
            format!(
                "migrate found failed migrations in the target database, new migrations will not be applied. {resolve}\n{}\n",
                error.detail_lines().join("\n")
            ),
        ),
        Code::NeverApplied => (
            "P3011",
            format!(
                "Migration `{name}` cannot be rolled back because it was never applied to the database. \
                 Hint: did you pass in the whole migration name? {example}"
            ),
        ),
        Code::NotFailed => (
            "P3012",
            format!("Migration `{name}` cannot be rolled back because it is not in a failed state."),
        ),
        Code::ScriptMissing => (
            "P3015",
            "Could not find the migration file at migration.sql. \
             Please delete the directory or restore the migration file."
                .to_owned(),
        ),
        Code::UnknownMigration => (
            "P3017",
            format!(
                "The migration {name} could not be found. Please make sure that the migration exists, \
                 and that you included the whole name of the directory. {example}"
            ),
        ),
        Code::MigrationFailed | Code::MigrationPartial => (
            "P3018",
            format!(
                "A migration failed to apply. New migrations cannot be applied before the error is recovered from. {resolve}\n\n\
                 Migration name: {name}\n\nDatabase error code: {}\n\nDatabase error:\nERROR: {}\n",
                error.sqlstate_code().unwrap_or("(none)"),
                server_words(error)
            ),
        ),
        Code::ProviderMismatch => (
            "P3019",
            format!(
                "The datasource provider `postgresql` specified in your schema does not match the one specified in the \
                 migration_lock.toml, `{}`. Please remove your current migration directory and start a new migration \
                 history with prisma migrate dev. Read more: https://pris.ly/d/migrate-provider-switch",
                provider(error)
            ),
        ),
        Code::LockTimeout => ("P1008", format!("Operations timed out after waiting for a lock: {}", server_words(error))),
        Code::VariableUnset => {
            ("P1012", format!("Prisma schema validation\nerror: {}", error.message()))
        }
        _ => return None,
    })
}

/// What has no code in Prisma either.
fn plain(error: &Error) -> String {
    match error.code() {
        Code::HistoryMissing => {
            "Invariant violation: called markMigrationRolledBack on a database \
                                 without migrations table."
                .to_owned()
        }
        _ => match error.causes().first() {
            Some(cause) => format!("{}: {cause}", error.message()),
            None => error.message().to_owned(),
        },
    }
}

/// The first name between backquotes.
fn quoted(message: &str) -> String {
    message.split('`').nth(1).unwrap_or_default().to_owned()
}

/// The server's message without the SQLSTATE that we put behind it.
fn server_words(error: &Error) -> &str {
    let cause = error.causes().first().map_or("", String::as_str);
    cause.rsplit_once(" (SQLSTATE ").map_or(cause, |(words, _)| words)
}

/// The provider that the lock file names, or Prisma's word for none.
fn provider(error: &Error) -> String {
    match error.message().split_once("says provider `") {
        Some((_, rest)) => rest.split('`').next().unwrap_or_default().to_owned(),
        None => "<PROVIDER NOT FOUND>".to_owned(),
    }
}
