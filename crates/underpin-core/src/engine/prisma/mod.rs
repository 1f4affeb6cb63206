//! Prisma's three verbs, for pipelines that change one word: `deploy`, `status` and `resolve` with
//! Prisma's order of checks, its conditions and its writes (docs/reference/prisma.md).
//!
//! Invariants: what could newly fail a pipeline that used to pass is off unless a [`Switches`] says
//! otherwise; the history is written exactly as Prisma writes it. Non-goals: Prisma's words, which
//! are the caller's.

mod deploy;
mod emptiness;
mod resolve;
mod status;

pub use deploy::{PrismaDeployed, deploy};
pub use resolve::resolve;
pub use status::{PrismaStatus, status};

use super::{Options, history_table};
use crate::config::Settings;
use crate::error::{Code, Error, Result};
use crate::event::{Event, EventSink};
use crate::execute::ScriptRules;
use crate::history::History;
use crate::migrations::{MigrationFolder, MigrationName, names_as_prisma, read_as_prisma};
use crate::postgres::{Session, SqlError, identifier, literal};

/// What we do better than Prisma. Each can be switched on and off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // A list of independent switches is what it is.
pub struct Switches {
    /// How a script is run: one transaction with its row, settings restored, unclosed refused.
    pub script: ScriptRules,
    /// All pending files are read before the first one runs (P3015 up front).
    pub read_all_first: bool,
    /// A missing or empty folder is an error when the history has rows.
    pub require_folder: bool,
    /// Edited, missing, out-of-order and skipped migrations are mentioned.
    pub report: bool,
    /// `status` shows failed migrations before pending ones.
    pub status_failed_first: bool,
    /// A database with tables and no history (P3005) is diagnosed, and baselined where that is
    /// proven.
    pub baseline_proven: bool,
    /// When no lock is granted within the lock budget, wait as long as it takes, as Prisma does,
    /// and let the application wait behind it.
    pub wait_for_locks: bool,
}

impl Switches {
    /// For a pipeline that only changed one word: nothing that used to pass fails.
    #[must_use]
    pub const fn drop_in() -> Self {
        Self {
            script: ScriptRules {
                one_transaction: true,
                restore_session: true,
                refuse_unclosed: false,
            },
            read_all_first: false,
            require_folder: false,
            report: true,
            status_failed_first: true,
            baseline_proven: false,
            wait_for_locks: true,
        }
    }

    /// For a project with an `underpin.toml`.
    #[must_use]
    pub const fn chosen() -> Self {
        Self {
            script: ScriptRules {
                one_transaction: true,
                restore_session: true,
                refuse_unclosed: true,
            },
            read_all_first: true,
            require_folder: true,
            report: true,
            status_failed_first: true,
            baseline_proven: true,
            wait_for_locks: false,
        }
    }
}

impl From<Option<&Settings>> for Switches {
    /// Without an `underpin.toml` the drop-in's; with one ours, but for the keys that it names.
    fn from(settings: Option<&Settings>) -> Self {
        let Some(Settings { migrate: said, .. }) = settings else { return Self::drop_in() };
        let ours = Self::chosen();
        Self {
            script: ScriptRules {
                one_transaction: said.one_transaction.unwrap_or(ours.script.one_transaction),
                restore_session: said.restore_session.unwrap_or(ours.script.restore_session),
                refuse_unclosed: said.refuse_unclosed.unwrap_or(ours.script.refuse_unclosed),
            },
            read_all_first: said.read_all_first.unwrap_or(ours.read_all_first),
            require_folder: said.require_folder.unwrap_or(ours.require_folder),
            report: said.report.unwrap_or(ours.report),
            status_failed_first: said.status_failed_first.unwrap_or(ours.status_failed_first),
            baseline_proven: said.baseline_proven.unwrap_or(ours.baseline_proven),
            wait_for_locks: said.wait_for_locks.unwrap_or(ours.wait_for_locks),
        }
    }
}

/// What Prisma's verbs work with.
#[derive(Debug, Clone)]
pub struct PrismaOptions {
    /// As for our own verbs.
    pub options: Options,
    /// `schemas = [...]` of the datasource: the emptiness test looks there too.
    pub datasource_schemas: Vec<String>,
    /// `tables.external` of the config file, each `schema.table`.
    pub external_tables: Vec<String>,
    /// Whether the advisory lock is taken (`PRISMA_SCHEMA_DISABLE_ADVISORY_LOCK`).
    pub advisory_lock: bool,
    /// What we do better.
    pub switches: Switches,
}

/// The migrations' names; tells how many there are.
fn list_folder(options: &Options, sink: &mut dyn EventSink) -> Vec<MigrationName> {
    let names = names_as_prisma(&options.folder);
    sink.emit(&Event::FolderRead {
        path: options.folder.display().to_string(),
        migrations: names.len(),
        remarks: Vec::new(),
    });
    names
}

/// The names without a live row, in the folder's order.
fn pending<'a>(names: &'a [MigrationName], history: &History) -> Vec<&'a MigrationName> {
    names.iter().filter(|name| !history.has_live_row(name)).collect()
}

/// Makes the schema of `?schema=` if it is absent, as Prisma does on connecting.
async fn ensure_schema(session: &Session, options: &Options) -> Result<()> {
    let schema = options.target.schema();
    let failed = |e: SqlError| history_table(options).error(&e, "write");
    let sql = format!("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = {}", literal(schema));
    if session.value(&sql).await.map_err(failed)?.is_none() {
        let sql = format!("CREATE SCHEMA IF NOT EXISTS {}", identifier(schema));
        match session.simple_query(&sql).await {
            // unique_violation: two sessions made it at the same moment.
            Err(e) if !e.is("23505") => return Err(failed(e)),
            _ => {}
        }
    }
    Ok(())
}

/// What a careful person would want to know of folder and history; Prisma says none of it.
fn report(options: &Options, names: &[MigrationName], history: &History, sink: &mut dyn EventSink) {
    let read: Vec<_> =
        names.iter().filter_map(|name| read_as_prisma(&options.folder, name).ok()).collect();
    let folder = MigrationFolder {
        path: options.folder.clone(),
        migrations: read,
        remarks: crate::migrations::remarks(&options.folder),
    };
    let mut warn = |name, message: &str, details: Vec<String>| {
        if !details.is_empty() {
            sink.emit(&Event::Warning { name, message: message.to_owned(), details });
        }
    };
    let held: std::collections::HashSet<_> = names.iter().collect();
    let missing = history.missing_from(&folder).into_iter().filter(|name| !held.contains(name));
    warn(
        "missing_from_folder",
        "the history records migrations that the folder does not hold",
        missing.map(ToString::to_string).collect(),
    );
    warn(
        "edited",
        "applied migrations were edited afterwards; they are not run again",
        super::names(history.edited(&folder)),
    );
    let last = names.iter().rposition(|name| history.is_applied(name)).unwrap_or(0);
    let late = names[..last].iter().filter(|name| !history.has_live_row(name));
    warn(
        "out_of_order",
        "migrations wait that stand before an applied one",
        late.map(ToString::to_string).collect(),
    );
    warn("folder", "about the folder", folder.remarks.iter().map(ToString::to_string).collect());
}

/// The history has rows, and there is no folder or nothing in it: an image that forgot to copy it.
fn refuse_no_folder(options: &Options) -> Error {
    let path = options.folder.display();
    Error::new(
        Code::FolderMissing,
        format!("the history has rows, and `{path}` holds no migration"),
    )
    .hint("copy the folder into the image: COPY prisma ./prisma")
}
