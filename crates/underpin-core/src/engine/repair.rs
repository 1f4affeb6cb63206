//! Declared repairs: what puts right a migration that is known to have gone wrong somewhere, only
//! where its precondition holds, in one transaction, and proven by the catalog before it is
//! committed.

use std::collections::BTreeSet;

use underpin_sql::{Script, TransactionShape};

use super::deploy::{replay_context, replay_folder};
use super::{DeclaredRepair, Options};
use crate::catalog::{self, CatalogDiff, CatalogSnapshot};
use crate::diagnose;
use crate::error::{Code, Error, Result};
use crate::event::{Event, EventSink};
use crate::execute::{Executor, RepairScript};
use crate::history::{History, MigrationRecord};
use crate::migrations::{Migration, MigrationFolder, MigrationName};
use crate::postgres::Session;
use crate::verify;

/// Differences shown.
const DIFFERENCES_SHOWN: usize = 20;

/// The repairs that this database needs: the history holds the migration in the form that is meant,
/// and the precondition says true.
///
/// # Errors
/// UP-1009 when a precondition is none, or a script is no single transaction; UP-1105.
pub(super) async fn due<'a>(
    options: &'a Options,
    history: &History,
    session: &Session,
) -> Result<Vec<&'a DeclaredRepair>> {
    let mut due = Vec::new();
    for repair in &options.manifest.repairs {
        if record(repair, history).is_none() {
            continue;
        }
        let shape = Script::parse(&repair.script).shape();
        if !matches!(shape, TransactionShape::Atomic) {
            let words = "its script begins or ends a transaction, or cannot be one";
            return Err(invalid(repair, words));
        }
        if holds(repair, session).await? {
            due.push(repair);
        }
    }
    Ok(due)
}

/// The row that a repair is about.
fn record<'a>(repair: &DeclaredRepair, history: &'a History) -> Option<&'a MigrationRecord> {
    let said = &repair.said;
    let live = |r: &&MigrationRecord| {
        r.name.as_str() == said.migration && (r.is_applied() || r.is_failed())
    };
    history
        .records
        .iter()
        .rev()
        .filter(live)
        .find(|r| said.checksums.is_empty() || said.checksums.contains(&r.checksum))
}

fn invalid(repair: &DeclaredRepair, why: &str) -> Error {
    let words = format!("`underpin.toml`: the repair of `{}`: {why}", repair.said.migration);
    Error::new(Code::SettingsInvalid, words).hint("see docs/reference/environments.md")
}

/// Asks the precondition, where it can change nothing.
async fn holds(repair: &DeclaredRepair, session: &Session) -> Result<bool> {
    let when = repair.said.when.trim().trim_end_matches(';');
    if Script::parse(when).statements.len() != 1 {
        return Err(invalid(repair, "`when` is not one query"));
    }
    let sql = format!("BEGIN READ ONLY; SET LOCAL statement_timeout = '10s';\n{when}\n;ROLLBACK");
    let sets = match session.simple_query(&sql).await {
        Ok(sets) => sets,
        Err(e) if e.connection_lost => {
            let words = "the connection was lost while a precondition was asked";
            return Err(Error::new(Code::ConnectionLost, words).caused_by(&e));
        }
        Err(e) => {
            let _ended = session.simple_query("ROLLBACK").await;
            return Err(invalid(repair, "`when` fails")
                .caused_by(&e)
                .sqlstate(e.sqlstate.as_deref()));
        }
    };
    let value = sets.get(2).and_then(|set| set.rows.first()?.first()?.clone());
    match value.as_deref() {
        Some("t") => Ok(true),
        Some("f") | None => Ok(false),
        Some(_) => Err(invalid(repair, "`when` gives neither true nor false")),
    }
}

/// Says what would be repaired.
pub(super) fn announce(due: &[&DeclaredRepair], sink: &mut dyn EventSink) {
    for repair in due {
        sink.emit(&Event::Warning {
            name: "repair_due",
            message: format!("`{}` would be repaired first", repair.said.migration),
            details: vec![repair.said.why.clone()],
        });
    }
}

/// Carries one out, while the turn is ours. `false` when it is not needed any more.
///
/// # Errors
/// UP-2306: nothing of it is in effect; UP-3101 where nothing can be proven; UP-4003, UP-1105.
pub(super) async fn perform(
    options: &Options,
    folder: &MigrationFolder,
    history: &History,
    repair: &DeclaredRepair,
    executor: &mut Executor,
    sink: &mut dyn EventSink,
) -> Result<bool> {
    let Some(record) = record(repair, history) else { return Ok(false) };
    if !holds(repair, executor.session()).await? {
        return Ok(false);
    }
    let applied: Vec<Migration> =
        folder.migrations.iter().filter(|m| history.is_applied(&m.name)).cloned().collect();
    let context = replay_context(options, executor.session()).await?;
    let replay = replay_folder(&applied, &context, false, sink).await.map_err(|f| f.error)?;
    let schemas = diagnose::managed_schemas(&replay, options.target.schema());
    let expected = replay.restricted_to(&schemas).last_snapshot();
    let live = catalog::read(executor.session()).await?.restricted_to(&schemas);
    let before = catalog::diff(&expected, &live);
    let proof = |after: &CatalogSnapshot| prove(repair, &expected, after, &schemas, &before);
    let name = MigrationName::new(&repair.said.migration);
    let script = RepairScript {
        migration: &name,
        row: &record.id,
        failed: record.is_failed(),
        when: repair.said.when.trim().trim_end_matches(';'),
        sql: &repair.script,
        path: &repair.said.sql,
    };
    executor.repair(&script, &proof).await?;
    sink.emit(&Event::Repaired {
        migration: repair.said.migration.clone(),
        why: repair.said.why.clone(),
        pending_again: record.is_failed(),
    });
    Ok(true)
}

/// A repair may only bring the catalog nearer to what the history implies.
fn prove(
    repair: &DeclaredRepair,
    expected: &CatalogSnapshot,
    after: &CatalogSnapshot,
    schemas: &BTreeSet<String>,
    before: &CatalogDiff,
) -> Result<()> {
    let result = verify::compare(expected, &after.clone().restricted_to(schemas), before);
    if result.new.is_empty() {
        return Ok(());
    }
    let words = format!(
        "the repair of `{}` would leave {} differences from what the history implies",
        repair.said.migration,
        result.new.len()
    );
    Err(Error::new(Code::RepairFailed, words)
        .details(result.new.lines(DIFFERENCES_SHOWN))
        .hint("its script may only bring the schema to what the folder makes of it"))
}
