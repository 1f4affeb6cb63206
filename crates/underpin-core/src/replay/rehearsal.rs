//! A scratch database on which any choice of migrations and statements is run, in any order, and
//! looked at: what a proof stands on.
//!
//! Invariants: nothing here touches a target; a piece is run as the executor would run it.

use std::collections::BTreeSet;

use underpin_sql::{Script, StatementKind, TransactionShape};

use super::{ReplayContext, prepare, recover, replay_error, reset_sql, run_script};
use crate::catalog::{self, CatalogSnapshot};
use crate::error::Result;
use crate::migrations::Migration;
use crate::postgres::scratch::{EngineInfo, Scratch, ScratchDatabase};
use crate::postgres::{Queryable, SqlError};

/// A migration, or some of its statements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Its place in the folder.
    pub migration: usize,
    /// The statements to run, by their place in the script; `None` is the whole script.
    pub statements: Option<BTreeSet<usize>>,
}

impl Piece {
    /// The whole migration.
    #[must_use]
    pub fn whole(migration: usize) -> Self {
        Self { migration, statements: None }
    }
}

/// An empty scratch database, prepared as for a replay.
pub struct Rehearsal {
    // The server lives as long as this.
    scratch: Scratch,
    database: ScratchDatabase,
    context: ReplayContext,
}

impl Rehearsal {
    /// Starts a scratch server, or a scratch database on a server.
    ///
    /// # Errors
    /// UP-3101, UP-3102.
    pub async fn start(context: &ReplayContext) -> Result<Self> {
        let mut scratch = Scratch::start(context.target, &context.scratch).await?;
        let kind = scratch.about().kind;
        let mut database = scratch.database().await?;
        prepare(&mut database, context, kind).await?;
        Ok(Self { scratch, database, context: context.clone() })
    }

    /// The engine that it runs on.
    #[must_use]
    pub fn engine(&self) -> &EngineInfo {
        self.scratch.about()
    }

    pub(super) fn session(&mut self) -> &mut dyn Queryable {
        &mut self.database
    }

    /// Runs a piece of the folder `migrations`. When it fails, what was not committed is undone
    /// and the database can be used on.
    ///
    /// # Errors
    /// UP-2101, UP-2102 with the place in the file.
    pub async fn run(&mut self, migrations: &[Migration], piece: &Piece) -> Result<()> {
        let Some(migration) = migrations.get(piece.migration) else { return Ok(()) };
        match &piece.statements {
            None => run_script(&mut self.database, migration, &self.context).await,
            Some(chosen) => self.run_some(migration, chosen).await,
        }
    }

    async fn run_some(&mut self, migration: &Migration, chosen: &BTreeSet<usize>) -> Result<()> {
        let script = Script::parse(&migration.script);
        let together = !matches!(script.shape(), TransactionShape::Separate { .. });
        let mut result = Ok(());
        if together {
            result = self.send("BEGIN").await.map_err(|e| (0, e));
        }
        for (_, statement) in
            script.statements.iter().enumerate().filter(|(index, _)| chosen.contains(index))
        {
            if result.is_err() {
                break;
            }
            // Half of a transaction block is none: its bounds are left out with the rest.
            if !matches!(statement.kind, StatementKind::Transaction(_)) {
                let text = &migration.script[statement.span.clone()];
                result = self.send(text).await.map_err(|e| (statement.span.start, e));
            }
        }
        if together && result.is_ok() {
            result = self.send("COMMIT").await.map_err(|e| (migration.script.len(), e));
        }
        if let Err((offset, error)) = result {
            recover(&mut self.database, &self.context).await;
            return Err(replay_error(migration, offset, &error));
        }
        self.send(&reset_sql(&self.context.schema))
            .await
            .map_err(|e| replay_error(migration, migration.script.len(), &e))
    }

    /// Runs SQL of a test or a tool.
    ///
    /// # Errors
    /// What the server says.
    pub async fn send(&mut self, sql: &str) -> Result<(), SqlError> {
        self.database.query(sql).await.map(drop)
    }

    /// Its catalog now.
    ///
    /// # Errors
    /// UP-3103.
    pub async fn read(&mut self) -> Result<CatalogSnapshot> {
        catalog::read(&mut self.database).await
    }

    /// Removes the database.
    pub async fn close(self) {
        self.database.close().await;
        drop(self.scratch);
    }
}
