//! What an earlier run left: failed rows that are ours heal by themselves where the journal proves
//! what is in effect.

use std::collections::BTreeSet;

use underpin_sql::{Script, Statement, StatementKind};

use crate::error::Result;
use crate::history::MigrationRecord;
use crate::journal;
use crate::migrations::Migration;
use crate::postgres::Session;

/// Where a script goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resume {
    /// The id of its history row.
    pub row: String,
    /// Statements that are in effect.
    pub done: usize,
    /// A statement, by index, whose outcome only the catalog knows.
    pub open: Option<usize>,
    /// Statements, by index, that were in effect before we came.
    pub left_out: BTreeSet<usize>,
}

/// What can be done about a row that is neither finished nor rolled back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recovery {
    /// Nothing of it is in effect: it is marked as rolled back, and runs again.
    Undone,
    /// It goes on after the statements that are in effect.
    GoesOn(Resume),
    /// It was not run by us, or its file is another one now: a person has to say.
    Unknown,
}

/// Whether a statement may commit a part of its work where nobody sees it. What the grammar does
/// not know may be anything.
pub(super) fn may_commit_unseen(statement: &Statement) -> bool {
    matches!(statement.kind, StatementKind::MayCommit | StatementKind::Unparsed { .. })
}

/// Asks the journal about a failed row. `migration` is the one of that name in the folder. Only
/// under the lock: otherwise the row may belong to a process that is at it.
///
/// # Errors
/// UP-3003 when the journal cannot be read.
pub async fn recover(
    session: &Session,
    record: &MigrationRecord,
    migration: Option<&Migration>,
) -> Result<Recovery> {
    let state = journal::state_of(session, &record.id).await?;
    if state.unclear {
        return Ok(Recovery::Unknown);
    }
    let untouched = state.started && state.done == 0 && state.open.is_none();
    if state.undone || untouched {
        return Ok(Recovery::Undone);
    }
    let same = migration.is_some_and(|m| m.checksum.as_str() == record.checksum);
    if !state.started || !same {
        return Ok(Recovery::Unknown);
    }
    let script = migration.map(|m| Script::parse(&m.script));
    let open = state.open.and_then(|index| script.as_ref()?.statements.get(index));
    if open.is_some_and(may_commit_unseen) {
        return Ok(Recovery::Unknown);
    }
    Ok(Recovery::GoesOn(Resume {
        row: record.id.clone(),
        done: state.done,
        open: state.open,
        left_out: state.left_out,
    }))
}
