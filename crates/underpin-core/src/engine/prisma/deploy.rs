//! `migrate deploy`: Prisma's order of checks, then each pending migration.

use super::emptiness::{self, Emptiness};
use super::{PrismaOptions, ensure_schema, list_folder, pending, refuse_no_folder, report};
use crate::engine::admission::{self, Intent};
use crate::engine::turn::Run;
use crate::engine::{Options, connect, deploy as native, history_table};
use crate::error::{Code, Error, Result};
use crate::event::{Event, EventSink};
use crate::execute::{self, Begin, Executor};
use crate::history::History;
use crate::journal::{Entry, Kind};
use crate::migrations::{
    Migration, MigrationFolder, MigrationName, check_provider, read_as_prisma,
};
use crate::postgres::{Session, identifier};

/// Databases that a server has; one of them lets us in to make another (Prisma's list).
const MAINTENANCE_DATABASES: [&str; 3] = ["postgres", "template1", "defaultdb"];

/// What `migrate deploy` did.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
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
    let mut run = Run::new(options);
    run.advisory = prisma.advisory_lock;
    run.rules = prisma.switches.script;
    run.heals = false;
    let mut patient = options.clone();
    patient.locks.then_wait = prisma.switches.wait_for_locks;
    run.options = &patient;
    let mut session = connect_or_create(&run.named(), sink).await?;
    ensure_schema(&session, options).await?;
    let names = list_folder(options, sink);
    check_provider(&options.folder)?;
    let history = history_table(options).read(&session).await?;
    // Without the lock only one answer is safe: nothing failed, nothing waits. A row that looks
    // failed may belong to a process that is just applying it.
    let waits = pending(&names, &history);
    if history.exists && history.failed().is_empty() && waits.is_empty() {
        check(prisma, &names, &history, sink)?;
        if admission::asks(options) {
            let folder = MigrationFolder::read(&options.folder)?;
            admission::refuse_newer(options, &folder, &history)?;
        }
        return Ok(PrismaDeployed::default());
    }
    // Nothing of ours is made in a database that is refused.
    if !history.exists {
        match refuse_not_empty(prisma, &session, sink).await {
            Ok(Some(found)) => return Ok(found),
            Ok(None) => {}
            Err(error) => {
                // Another process may have made history and tables between our two looks.
                let now = history_table(options).read(&session).await;
                if !now.is_ok_and(|now| now.exists) {
                    return Err(error);
                }
            }
        }
    }
    let mut approval = None;
    if admission::asks(options) && history.failed().is_empty() {
        let folder = MigrationFolder::read(&options.folder)?;
        let pending = history.pending(&folder);
        let (baseline, live) = (Vec::new(), None);
        let intent = Intent { folder: &folder, history: &history, baseline, pending, live };
        approval = admission::admit(options, &intent, &mut session, sink).await?;
        if approval.is_some() {
            run.approve();
        }
    }
    let wanted = if history.failed().is_empty() { waits } else { Vec::new() };
    let Ok(mut executor) = run.enter(session, &wanted, sink).await? else {
        return Ok(PrismaDeployed::default());
    };
    admission::tell(approval.as_ref(), sink);
    let applied = in_turn(prisma, &names, &mut executor, sink).await;
    if applied.is_ok() {
        admission::used(approval.as_ref(), &mut executor).await;
    }
    executor.leave(sink).await;
    Ok(PrismaDeployed { applied: applied?, baselined: Vec::new() })
}

/// Everything again, now that it is our turn; then the pending migrations.
async fn in_turn(
    prisma: &PrismaOptions,
    names: &[MigrationName],
    executor: &mut Executor,
    sink: &mut dyn EventSink,
) -> Result<Vec<String>> {
    let options = &prisma.options;
    let table = history_table(options);
    let mut history = table.read(executor.session()).await?;
    if !history.exists
        && let Emptiness::Tables(tables) = emptiness::look(executor.session(), prisma).await?
    {
        return Err(not_empty(&tables));
    }
    check(prisma, names, &history, sink)?;
    // Before anything is made. A file that cannot be read is for later, as Prisma has it.
    let files = pending(names, &history);
    let files = files.iter().filter_map(|name| read_as_prisma(&options.folder, name).ok());
    executor.refuse_unrunnable(files)?;
    if !history.exists {
        let sql = table.create_sql(executor.session()).await?;
        executor.record(&sql, Entry::new(Kind::HistoryCreated)).await?;
        history.exists = true;
    }
    drop(executor.session().take_notices());
    apply(prisma, executor, &pending(names, &history), sink).await
}

/// What stops a deploy, and what is only mentioned.
fn check(
    prisma: &PrismaOptions,
    names: &[MigrationName],
    history: &History,
    sink: &mut dyn EventSink,
) -> Result<()> {
    let options = &prisma.options;
    if prisma.switches.require_folder && names.is_empty() && !history.records.is_empty() {
        return Err(refuse_no_folder(options));
    }
    let script_of =
        |name: &MigrationName| read_as_prisma(&options.folder, name).ok().map(|m| m.script);
    crate::engine::deploy::refuse_failed(history, &script_of)?;
    if prisma.switches.report {
        report(options, names, history, sink);
    }
    Ok(())
}

/// A database without history: `None` when it is empty; with that switch it is diagnosed and
/// deployed to by our own verb.
async fn refuse_not_empty(
    prisma: &PrismaOptions,
    session: &Session,
    sink: &mut dyn EventSink,
) -> Result<Option<PrismaDeployed>> {
    match emptiness::look(session, prisma).await? {
        Emptiness::Empty => Ok(None),
        Emptiness::HistoryElsewhere(schema) => Err(history_elsewhere(&prisma.options, &schema)),
        Emptiness::Tables(_) if prisma.switches.baseline_proven => {
            let done = native(&prisma.options, sink).await?;
            Ok(Some(PrismaDeployed { applied: done.applied, baselined: done.baselined }))
        }
        Emptiness::Tables(tables) => Err(not_empty(&tables)),
    }
}

/// Runs the pending migrations one by one; stops at the first that fails.
async fn apply(
    prisma: &PrismaOptions,
    executor: &mut Executor,
    pending: &[&MigrationName],
    sink: &mut dyn EventSink,
) -> Result<Vec<String>> {
    let folder = &prisma.options.folder;
    let mut read: Vec<Migration> = Vec::new();
    if prisma.switches.read_all_first {
        for name in pending {
            let migration = read_as_prisma(folder, name)?;
            if prisma.switches.script.refuse_unclosed {
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
            None => read_as_prisma(folder, name).map_err(kept)?,
        };
        sink.emit(&Event::MigrationStarted {
            name: name.to_string(),
            number: index + 1,
            of: pending.len(),
        });
        executor.run(&migration, Begin::Whole, sink).await.map_err(kept)?;
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
