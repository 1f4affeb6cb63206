//! A run's way to the executor: who it is, its turn, and what earlier runs left behind. Shared by
//! the verbs that write.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use super::backup::BackupBefore;
use super::{Options, guard, history_table};
use crate::coordinate::{self, Entered, Entrance, Happening};
use crate::error::{Code, Error, Result};
use crate::event::{Event, EventSink};
use crate::execute::{
    ExecutionContext, Executor, Link, Observer, Recovery, Resume, ScriptRules, recover,
};
use crate::history::History;
use crate::migrations::{Migration, MigrationName};
use crate::postgres::Session;

/// One execution.
pub(super) struct Run<'a> {
    pub(super) options: &'a Options,
    /// UUIDv7.
    pub(super) id: String,
    /// Whether Prisma's advisory lock is taken.
    pub(super) advisory: bool,
    /// How scripts are run.
    pub(super) rules: ScriptRules,
    /// Whether a failure of an earlier run of ours is healed.
    pub(super) heals: bool,
    /// What is backed up before the first migration.
    pub(super) backup: Option<&'a BackupBefore>,
    /// Who looks on; taken by the executor.
    pub(super) observer: Mutex<Option<Box<dyn Observer>>>,
    /// What it does is approved, whatever the occasion.
    pub(super) approved: AtomicBool,
}

impl<'a> Run<'a> {
    pub(super) fn new(options: &'a Options) -> Self {
        Self {
            options,
            id: uuid::Uuid::now_v7().to_string(),
            advisory: true,
            rules: ScriptRules::default(),
            heals: true,
            backup: None,
            observer: Mutex::new(None),
            approved: AtomicBool::new(false),
        }
    }

    /// The target under this run's name, by which its sessions are known on the server.
    pub(super) fn named(&self) -> Options {
        let target = self.options.target.with_application_name(&format!("underpin {}", self.id));
        Options { target, ..self.options.clone() }
    }

    /// What it does has been approved: the guard lets it pass.
    pub(super) fn approve(&self) {
        self.approved.store(true, Ordering::Relaxed);
    }

    /// Waits for the turn; gives the session back when another process has recorded all of
    /// `wanted`.
    pub(super) async fn enter(
        &self,
        session: Session,
        wanted: &[&MigrationName],
        sink: &mut dyn EventSink,
    ) -> Result<std::result::Result<Executor, Session>> {
        if !self.approved.load(Ordering::Relaxed) {
            guard::refuse_protected(self.options, &session).await?;
        }
        let options = self.named();
        let history = history_table(&options);
        let recorded = history.all_recorded_sql(wanted.iter().copied());
        let entrance = Entrance {
            run: &self.id,
            target: &options.target,
            patience: options.patience,
            advisory: self.advisory,
            journals: options.journals.as_deref(),
            redis: options.redis.as_ref(),
            stopping: &|| options.stop.is_requested(),
            recorded: (!wanted.is_empty()).then_some(recorded.as_str()),
        };
        let entered = coordinate::enter(&session, &entrance, &mut |happening| {
            sink.emit(&match happening {
                Happening::Waiting(holder) => Event::LockWaiting { holder },
                Happening::Ours(waited) => Event::LockAcquired { waited },
                Happening::TookOver(run) => Event::TookOver { run },
                Happening::Degraded(what) => Event::Degraded { what },
            });
        })
        .await?;
        let Entered::Turn(turn) = entered else { return Ok(Err(session)) };
        let context = ExecutionContext {
            history,
            schema: options.target.schema().to_owned(),
            locks: options.locks,
            rules: self.rules,
            heals: self.heals,
        };
        let link = Link::new(session, options.target.clone(), options.stop.clone()).await;
        let observer = self.observer.lock().unwrap_or_else(PoisonError::into_inner).take();
        Ok(Ok(Executor::new(link, *turn, context).observed_by(observer)))
    }
}

/// Heals what earlier runs of ours left: failed rows that are proven to be undone are marked so;
/// what can go on is returned by name. The rest stays as it is.
pub(super) async fn heal(
    executor: &mut Executor,
    history: &History,
    migration_of: &(dyn Fn(&MigrationName) -> Option<Migration> + Sync),
    sink: &mut dyn EventSink,
) -> Result<HashMap<MigrationName, Resume>> {
    let failed: Vec<_> = history.failed().into_iter().cloned().collect();
    let mut resumes = HashMap::new();
    for record in failed {
        let migration = migration_of(&record.name);
        match recover(executor.session(), &record, migration.as_ref()).await? {
            Recovery::Unknown => {}
            Recovery::Undone => {
                executor.record_undone(&record.name, &record.id).await?;
                sink.emit(&Event::Healed { migration: record.name.to_string() });
            }
            Recovery::GoesOn(resume) => {
                resumes.insert(record.name.clone(), resume);
            }
        }
    }
    Ok(resumes)
}

/// The journal must follow from its beginning.
pub(super) async fn warn_of_broken_chain(executor: &mut Executor, sink: &mut dyn EventSink) {
    let Ok(Some(seq)) = crate::journal::broken_link(executor.session()).await else { return };
    sink.emit(&Event::Warning {
        name: "journal_changed",
        message: "an entry of the journal was changed or removed by hand".to_owned(),
        details: vec![format!("underpin.journal, seq {seq}")],
    });
}

/// A failover or a restored backup may have taken migrations away that were done. Everything is
/// planned from what is there now; that it happened is said.
pub(super) async fn warn_of_lost(
    executor: &Executor,
    options: &Options,
    sink: &mut dyn EventSink,
) -> Result<()> {
    let Some(journals) = &options.journals else { return Ok(()) };
    let lost = executor.lost(journals).await?;
    if !lost.is_empty() {
        sink.emit(&Event::Warning {
            name: "history_regressed",
            message:
                "migrations that were applied here are gone: the server was set back (failover, \
                      restored backup)"
                    .to_owned(),
            details: lost,
        });
    }
    Ok(())
}

/// The database did not stand still long enough for a decision.
pub(super) fn moved(rounds: usize) -> Error {
    Error::new(
        Code::MovedMeanwhile,
        format!("the database changed {rounds} times while it was being diagnosed"),
    )
    .hint("stop what changes its schema, then run the same command again")
}
