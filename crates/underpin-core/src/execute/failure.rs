//! Errors of an execution: what failed where, what state that leaves, what to do.

use underpin_sql::Script;

use super::LockBudget;
use crate::error::{Changed, Code, Error, SourceLocation};
use crate::migrations::Migration;
use crate::postgres::SqlError;
use crate::replay::error_location;

/// The text of `logs`, in the shape of Prisma's P3018.
pub(super) fn log_text(migration: &Migration, error: &SqlError) -> String {
    format!(
        "A migration failed to apply. New migrations cannot be applied before the error is recovered from. \
         Read more about how to resolve migration issues in a production database: \
         https://pris.ly/d/migrate-resolve\n\nMigration name: {}\n\nDatabase error code: {}\n\nDatabase error:\nERROR: {}\n",
        migration.name,
        error.sqlstate.as_deref().unwrap_or("(none)"),
        error.message
    )
}

/// A statement failed and nothing of the migration is in effect. `heals`: the next run of the same
/// command tries again by itself.
pub(super) fn failed(migration: &Migration, offset: usize, error: &SqlError, heals: bool) -> Error {
    let words = format!("migration `{}` failed", migration.name);
    let mut result = Error::new(Code::MigrationFailed, words)
        .caused_by(error)
        .sqlstate(error.sqlstate.as_deref());
    if let Some(context) = &error.context {
        result = result.caused_by(context);
    }
    if let Some(location) = error_location(migration, offset, error) {
        result = result.at(location);
    }
    if let Some(hint) = &error.hint {
        result = result.hint(hint.clone());
    }
    if heals {
        return result.hint("put the cause right, and run the same command again");
    }
    result
        .hint(format!(
            "put the cause right, then: underpin resolve --rolled-back {}",
            migration.name
        ))
        .hint("and run the same command again")
}

/// Statement `index` failed after the first `done` had taken effect.
pub(super) fn stopped(
    migration: &Migration,
    script: &Script,
    (index, done): (usize, usize),
    error: &SqlError,
    heals: bool,
) -> Error {
    let statement = &script.statements[index];
    let offset = statement.span.start;
    let location = error_location(migration, offset, error).unwrap_or_else(|| {
        SourceLocation::at(&migration.path.display().to_string(), &migration.script, offset)
    });
    if done == 0 {
        return failed(migration, offset, error, heals)
            .at(location)
            .changed(Changed::RolledBack { kept: String::new() });
    }
    let count = script.statements.len();
    let name = &migration.name;
    let words = format!("migration `{name}` stopped at statement {} of {count}", index + 1);
    let kept = match done {
        1 => format!("statement 1 of {count} is in effect and recorded in the journal"),
        _ => format!("statements 1 to {done} of {count} are in effect and recorded in the journal"),
    };
    let result = Error::new(Code::MigrationPartial, words)
        .caused_by(error)
        .sqlstate(error.sqlstate.as_deref())
        .at(location)
        .changed(Changed::Partial { what: format!("{kept}; those after are not") });
    let result = if heals {
        let hint = "put the cause right, and run the same command again: it goes on at statement";
        result.hint(format!("{hint} {}", done + 1))
    } else {
        result
    };
    result
        .hint(format!("to give it up: undo statements 1 to {done} by hand, then: underpin resolve --rolled-back {name}"))
        .hint(format!("or finish the file by hand, then: underpin resolve --applied {name}"))
}

/// Statement `index` failed, and may have committed a part of its work by itself (`CALL`, a `DO`
/// block with `COMMIT`; manual §43.8).
pub(super) fn unclear(
    migration: &Migration,
    script: &Script,
    index: usize,
    error: &SqlError,
) -> Error {
    let (name, count) = (&migration.name, script.statements.len());
    let offset = script.statements[index].span.start;
    let file = migration.path.display().to_string();
    let words = format!("migration `{name}` stopped at statement {} of {count}", index + 1);
    let what = format!(
        "{}statement {} can commit by itself, and what it committed is in effect",
        if index == 0 { String::new() } else { format!("statements 1 to {index} are in effect; ") },
        index + 1
    );
    Error::new(Code::MigrationPartial, words)
        .caused_by(error)
        .sqlstate(error.sqlstate.as_deref())
        .at(SourceLocation::at(&file, &migration.script, offset))
        .changed(Changed::Partial { what })
        .hint(format!(
            "undo by hand what is in effect, then: underpin resolve --rolled-back {name}"
        ))
        .hint(format!("or finish the file by hand, then: underpin resolve --applied {name}"))
}

/// An error between two statements of a script that is sent one by one.
pub(super) fn journalled(migration: &Migration, error: Error) -> Error {
    if *error.what_changed() != Changed::Nothing {
        return error;
    }
    let what =
        format!("the statements of `{}` that the journal calls done are in effect", migration.name);
    error
        .changed(Changed::Unknown { what })
        .hint("run the same command again: it finds out what is in effect and goes on")
}

/// The connection was lost, and what that leaves is not known.
pub(super) fn lost(migration: &Migration, error: &SqlError) -> Error {
    Error::new(
        Code::ConnectionLost,
        format!("the connection was lost while migration `{}` ran", migration.name),
    )
    .caused_by(error)
    .sqlstate(error.sqlstate.as_deref())
    .changed(Changed::Unknown {
        what: format!("what the server had received of `{}` may be in effect", migration.name),
    })
    .hint("run the same command again: it finds out what is in effect and goes on")
}

/// The connection was lost, and the server did not come back to say what became of it.
pub(super) fn unresolved(migration: &Migration, error: &SqlError, why: &Error) -> Error {
    Error::new(
        Code::ConnectionLost,
        format!("the connection was lost while migration `{}` ran", migration.name),
    )
    .caused_by(error)
    .caused_by(why.message())
    .sqlstate(error.sqlstate.as_deref())
    .changed(Changed::Unknown {
        what: format!("`{}` is either in effect and recorded, or not at all", migration.name),
    })
    .hint("run the same command again when the server is back: it finds out and goes on")
}

pub(super) fn no_lock(migration: &Migration, locks: &LockBudget, error: &SqlError) -> Error {
    Error::new(Code::LockTimeout, format!("migration `{}` did not get a lock", migration.name))
        .caused_by(error)
        .caused_by(format!("{} attempts of {:?}, {:?} apart", locks.attempts, locks.timeout, locks.pause))
        .sqlstate(error.sqlstate.as_deref())
        .changed(Changed::RolledBack { kept: String::new() })
        .hint("see who holds it: SELECT pid, state, xact_start, query FROM pg_stat_activity WHERE xact_start IS NOT NULL ORDER BY xact_start")
        .hint("then run the same command again, or allow longer: --lock-timeout 10s")
}
