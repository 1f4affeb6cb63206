//! What each statement of a migration changes: the second, closer look at a few migrations.
//!
//! The catalog is read after every statement inside the migration's own transaction, so that the
//! script behaves as it does when it is sent whole. Done only for migrations that the first look
//! finds half there: it costs a catalog read per statement.

use std::collections::{BTreeMap, BTreeSet};

use underpin_sql::{Script, StatementKind, TransactionShape};

use super::cache::Kept;
use super::rehearsal::Rehearsal;
use super::{ReplayContext, reset_sql, run_script};
use crate::catalog::{self, SnapshotDelta};
use crate::error::Result;
use crate::migrations::Migration;
use crate::postgres::scratch::EngineKind;
use crate::postgres::{Queryable, SqlError};

/// The delta of every statement of the migrations `wanted`, each in the place that it has in the
/// folder; `engine` is that of the replay. A migration that cannot be followed statement by
/// statement is left out.
///
/// # Errors
/// UP-31xx.
pub async fn statements(
    migrations: &[Migration],
    wanted: &BTreeSet<usize>,
    context: &ReplayContext,
    engine: EngineKind,
) -> Result<BTreeMap<usize, Vec<SnapshotDelta>>> {
    let (mut result, mut open) = (BTreeMap::new(), BTreeSet::new());
    let kept = Kept::of(migrations, context, engine);
    for index in wanted {
        match kept.load_statements(*index) {
            Some(Some(deltas)) => drop(result.insert(*index, deltas)),
            Some(None) => {}
            None => drop(open.insert(*index)),
        }
    }
    let Some(last) = open.last() else { return Ok(result) };
    let mut rehearsal = Rehearsal::start(context).await?;
    let database = rehearsal.session();
    for (index, migration) in migrations.iter().enumerate().take(last + 1) {
        if open.contains(&index) {
            let deltas = follow(database, migration, context).await?;
            kept.store_statements(index, deltas.as_ref());
            result.extend(deltas.map(|deltas| (index, deltas)));
        } else {
            // One that fails is skipped here as it was in the replay.
            let _skipped = run_script(database, migration, context).await;
        }
    }
    rehearsal.close().await;
    Ok(result)
}

async fn follow(
    database: &mut dyn Queryable,
    migration: &Migration,
    context: &ReplayContext,
) -> Result<Option<Vec<SnapshotDelta>>> {
    let script = Script::parse(&migration.script);
    let separate = match script.shape() {
        TransactionShape::Unclosed { .. } => return Ok(None),
        TransactionShape::Separate { .. } => true,
        TransactionShape::Atomic | TransactionShape::Wrapped { .. } => false,
    };
    let mut before = catalog::read_tracked(database).await?;
    let mut deltas = Vec::with_capacity(script.statements.len());
    let mut open = false;
    if !separate {
        open = database.query("BEGIN").await.is_ok();
    }
    let mut failed = None;
    for statement in &script.statements {
        let control = matches!(&statement.kind, StatementKind::Transaction(_));
        if control && !separate {
            deltas.push(SnapshotDelta::default());
            continue;
        }
        let text = &migration.script[statement.span.clone()];
        if let Err(error) = database.query(text).await {
            failed = Some(error);
            break;
        }
        if separate {
            open = is_inside(database).await;
        }
        let after = if open {
            catalog::read_inside(database).await?
        } else {
            catalog::read_tracked(database).await?
        };
        deltas.push(before.delta_to(&after));
        before = after;
    }
    finish(database, open, failed, context).await;
    // A script that fails on the way has no statements that could be told apart reliably.
    Ok((deltas.len() == script.statements.len()).then_some(deltas))
}

/// Whether the session is inside a transaction block: outside one a savepoint is refused. (A
/// message of several statements would be a block of its own.)
async fn is_inside(database: &mut dyn Queryable) -> bool {
    let inside = database.query("SAVEPOINT underpin_probe").await.is_ok();
    if inside {
        let _kept = database.query("RELEASE SAVEPOINT underpin_probe").await;
    }
    inside
}

async fn finish(
    database: &mut dyn Queryable,
    open: bool,
    failed: Option<SqlError>,
    context: &ReplayContext,
) {
    let end = if failed.is_some() { "ROLLBACK" } else { "COMMIT" };
    if open {
        let _reported_by_replay = database.query(end).await;
    }
    let _lost = database.query(&reset_sql(&context.schema)).await;
}
