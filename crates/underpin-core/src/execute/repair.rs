//! A declared repair: one transaction, with its proof inside it.

use std::path::Path;

use super::Executor;
use crate::catalog::{self, CatalogSnapshot};
use crate::coordinate;
use crate::error::{Changed, Code, Error, Result, SourceLocation};
use crate::journal::{Entry, Kind};
use crate::migrations::MigrationName;
use crate::postgres::{SqlError, identifier};

/// What is run, and how it is known that it was needed and that it helped.
#[derive(Debug, Clone, Copy)]
pub struct RepairScript<'a> {
    /// The migration that is put right.
    pub migration: &'a MigrationName,
    /// Its history row.
    pub row: &'a str,
    /// That row failed: it is marked as rolled back, so that the migration runs again.
    pub failed: bool,
    /// A query: true before, and not after.
    pub when: &'a str,
    /// The script.
    pub sql: &'a str,
    /// Its file, as the user knows it.
    pub path: &'a Path,
}

impl Executor {
    /// Runs a repair. `proof` is asked about the catalog that it leaves, before the commit.
    ///
    /// # Errors
    /// UP-2306 and what `proof` says: nothing of it is in effect. UP-4003, UP-1105.
    pub async fn repair(
        &mut self,
        repair: &RepairScript<'_>,
        proof: &(dyn Fn(&CatalogSnapshot) -> Result<()> + Sync),
    ) -> Result<()> {
        let draft = self.turn.journal.draft(
            Entry::of(Kind::Repaired, repair.migration.as_str(), repair.row)
                .detail(repair.path.display().to_string()),
        );
        let result = self.try_repair(repair, proof).await;
        let end = match &result {
            Ok(()) => {
                let undone = match repair.failed {
                    true => {
                        self.context.history.roll_back_sql(repair.migration, jiff::Timestamp::now())
                    }
                    false => String::new(),
                };
                format!("{}{undone}{}COMMIT", self.turn.fence(), self.turn.journal.sql(&draft))
            }
            Err(_) => "ROLLBACK".to_owned(),
        };
        let ended = self.link.send(&end).await;
        if result.is_err() || ended.is_err() {
            let _undone = self.link.session.simple_query("ROLLBACK").await;
        }
        let outcome = match (result, ended) {
            (Ok(()), Ok(_)) => {
                self.turn.journal.committed(&draft);
                Ok(())
            }
            (Err(error), _) => Err(error),
            (Ok(()), Err(e)) if self.turn.is_fenced(&e) => {
                Err(coordinate::fenced(repair.migration.as_str()))
            }
            (Ok(()), Err(e)) => Err(failed(repair, &e)
                .changed(Changed::Unknown {
                    what: "the repair is in effect whole, or not at all".to_owned(),
                })
                .hint("run the same command again: its precondition tells")),
        };
        self.settle().await?;
        outcome
    }

    async fn try_repair(
        &mut self,
        repair: &RepairScript<'_>,
        proof: &(dyn Fn(&CatalogSnapshot) -> Result<()> + Sync),
    ) -> Result<()> {
        let begin = format!(
            "BEGIN; SET LOCAL lock_timeout = {}; SET LOCAL search_path = {};\n{}",
            self.context.locks.timeout_of(1),
            identifier(&self.context.schema),
            self.turn.fence()
        );
        if let Err(e) = self.link.send(&begin).await {
            return Err(match self.turn.is_fenced(&e) {
                true => coordinate::fenced(repair.migration.as_str()),
                false => failed(repair, &e),
            });
        }
        self.link.send(repair.sql).await.map_err(|e| failed(repair, &e))?;
        // The script may have moved to another role.
        let asked = format!("RESET SESSION AUTHORIZATION; RESET ROLE;\n{}", repair.when);
        let sets = self.link.send(&asked).await.map_err(|e| failed(repair, &e))?;
        let still = sets.last().and_then(|set| set.rows.first()?.first()?.clone());
        if still.as_deref() == Some("t") {
            let words = format!(
                "the repair of `{}` ran, and its `when` still says that it is needed",
                repair.migration
            );
            return Err(Error::new(Code::RepairFailed, words)
                .hint("`when` in underpin.toml must ask for what the script puts right"));
        }
        let after = catalog::read_inside(self.link.session()).await?;
        proof(&after.snapshot)
    }
}

fn failed(repair: &RepairScript<'_>, e: &SqlError) -> Error {
    let code = if e.connection_lost { Code::ConnectionLost } else { Code::RepairFailed };
    let words = format!("the repair of `{}` failed", repair.migration);
    let error = Error::new(code, words)
        .caused_by(e)
        .sqlstate(e.sqlstate.as_deref())
        .hint("put the script right, or the rows that it stumbles over");
    let Some(position) = e.position else { return error };
    let offset = repair.sql.char_indices().nth(position.saturating_sub(1)).map_or(0, |(i, _)| i);
    error.at(SourceLocation::at(&repair.path.display().to_string(), repair.sql, offset))
}
