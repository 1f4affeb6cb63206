//! `migrate deploy`: Prisma's order of checks, then each pending migration.

use super::emptiness::{self, Emptiness};
use super::{PrismaOptions, ensure_schema, list_folder, pending, refuse_no_folder, report};
use crate::coordinate;
use crate::engine::{Options, connect, deploy as native, history_table};
use crate::error::{Code, Error, Result};
use crate::event::{Event, EventSink};
use crate::execute::{self, ExecutionContext};
use crate::migrations::{Migration, MigrationName, check_provider, read_as_prisma};
use crate::postgres::{Session, identifier};

/// Databases that a server has; one of them lets us in to make another (Prisma's list).
const MAINTENANCE_DATABASES: [&str; 3] = ["postgres", "template1", "defaultdb"];

/// What `migrate deploy` did.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct PrismaDeployed {
    /// Migrations that ran, in order.
    pub applied: Vec<String>,
    /// Migrations that were proven to be in effect and recorded; only with that switch.
    pub baselined: Vec<String>,
}

/// Applies what is pending, as `prisma migrate deploy` does: makes the database and the schema if
/// they are absent, refuses a database with tables and no history (UP-3201, Prisma's P3005) and a
/// history with failed rows (UP-3001, P3009).
///
/// # Errors
/// UP-1xxx, UP-2003 to UP-2007, UP-3001 to UP-3003, UP-3201, UP-4xxx.
pub async fn deploy(prisma: &PrismaOptions, sink: &mut dyn EventSink) -> Result<PrismaDeployed> {
    let options = &prisma.options;
    let mut session = connect_or_create(options, sink).await?;
    ensure_schema(&session, options).await?;
    let names = list_folder(options, sink);
    check_provider(&options.folder)?;
    let mut history = history_table(options).read(&session).await?;
    // Without the lock only one answer is safe: nothing failed, nothing waits. A row that looks
    // failed may belong to a process that is just applying it.
    let idle =
        history.exists && history.failed().is_empty() && pending(&names, &history).is_empty();
    if !idle {
        if prisma.advisory_lock {
            let mut waiting = |holder| sink.emit(&Event::LockWaiting { holder });
            let waited = coordinate::acquire(&session, options.patience, &mut waiting).await?;
            sink.emit(&Event::LockAcquired { waited });
        }
        history = history_table(options).read(&session).await?;
    }
    if prisma.switches.require_folder && names.is_empty() && !history.records.is_empty() {
        return Err(refuse_no_folder(options));
    }
    if !history.exists {
        match emptiness::look(&session, prisma).await? {
            Emptiness::Empty => create_history(options, &session).await?,
            Emptiness::HistoryElsewhere(schema) => return Err(history_elsewhere(options, &schema)),
            Emptiness::Tables(_) if prisma.switches.baseline_proven => {
                drop(session);
                let done = native(options, sink).await?;
                return Ok(PrismaDeployed { applied: done.applied, baselined: done.baselined });
            }
            Emptiness::Tables(tables) => return Err(not_empty(&tables)),
        }
    }
    let script_of =
        |name: &MigrationName| read_as_prisma(&options.folder, name).ok().map(|m| m.script);
    crate::engine::deploy::refuse_failed(&history, &script_of)?;
    if prisma.switches.report {
        report(options, &names, &history, sink);
    }
    let applied = apply(prisma, &mut session, &pending(&names, &history), sink).await?;
    Ok(PrismaDeployed { applied, baselined: Vec::new() })
}

/// Runs the pending migrations one by one; stops at the first that fails.
async fn apply(
    prisma: &PrismaOptions,
    session: &mut Session,
    pending: &[&MigrationName],
    sink: &mut dyn EventSink,
) -> Result<Vec<String>> {
    let options = &prisma.options;
    let mut locks = options.locks;
    locks.then_wait = prisma.switches.wait_for_locks;
    let context = ExecutionContext {
        history: history_table(options),
        schema: options.target.schema().to_owned(),
        locks,
        rules: prisma.switches.script,
        lock: prisma.lock(),
    };
    let mut read: Vec<Migration> = Vec::new();
    if prisma.switches.read_all_first {
        for name in pending {
            let migration = read_as_prisma(&options.folder, name)?;
            if context.rules.refuse_unclosed {
                execute::refuse_unclosed(&migration)?;
            }
            read.push(migration);
        }
    }
    let mut ready = read.into_iter();
    for (index, name) in pending.iter().enumerate() {
        let kept = |error| crate::engine::deploy::with_kept(error, 0, index);
        let migration = match ready.next() {
            Some(migration) => migration,
            None => read_as_prisma(&options.folder, name).map_err(kept)?,
        };
        sink.emit(&Event::MigrationStarted {
            name: name.to_string(),
            number: index + 1,
            of: pending.len(),
        });
        execute::run(session, &migration, &context, sink).await.map_err(kept)?;
    }
    Ok(pending.iter().map(ToString::to_string).collect())
}

/// Opens a session; makes the database first if the server does not have it (Prisma's P1003, which
/// only `deploy` mends).
async fn connect_or_create(options: &Options, sink: &mut dyn EventSink) -> Result<Session> {
    let missing = match connect(options, sink).await {
        Err(error) if error.code() == Code::DatabaseMissing => error,
        connected => return connected,
    };
    for maintenance in MAINTENANCE_DATABASES {
        let settings = options.target.with_database(maintenance);
        let Ok(session) = settings.connect().await else { continue };
        let sql = format!("CREATE DATABASE {}", identifier(options.target.database()));
        match session.simple_query(&sql).await {
            Ok(_) => {}
            // duplicate_database, or its unique key: a second process made it just now.
            Err(e) if e.is("42P04") || e.is("23505") => {}
            Err(e) => {
                return Err(missing
                    .caused_by(format!("it cannot be created: {e}"))
                    .hint(format!("as a role that may: {sql}")));
            }
        }
        sink.emit(&Event::DatabaseCreated {
            database: options.target.database().to_owned(),
            address: options.target.address(),
        });
        return connect(options, sink).await;
    }
    Err(missing)
}

async fn create_history(options: &Options, session: &Session) -> Result<()> {
    let table = history_table(options);
    let sql = table.create_sql(session).await?;
    session.simple_query(&sql).await.map(drop).map_err(|e| table.error(&e, "write"))
}

fn not_empty(tables: &[String]) -> Error {
    let shown = tables.iter().take(5).map(|table| format!("table: {table}"));
    Error::new(Code::NotProven, "the database has tables and no history")
        .details(shown)
        .hint("find out what of the folder is in effect, and have that baselined: underpin deploy --dry-run")
}

/// Prisma calls this an invariant violation.
fn history_elsewhere(options: &Options, schema: &str) -> Error {
    let ours = options.target.schema();
    Error::new(
        Code::HistoryMissing,
        format!("the history stands in the schema `{schema}`, and the URL says `{ours}`"),
    )
    .hint(format!("put ?schema={schema} into the URL"))
}
