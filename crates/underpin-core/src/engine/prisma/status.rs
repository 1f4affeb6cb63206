//! `migrate status`: what history and folder say of each other. Reads only; Prisma itself makes an
//! absent schema here.

use super::{PrismaOptions, list_folder, pending, report};
use crate::engine::{connect, history_table, status::FailedMigration};
use crate::error::Result;
use crate::event::EventSink;
use crate::migrations::{check_provider, names_as_prisma, read_as_prisma};

/// What Prisma's checks need, in its terms.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct PrismaStatus {
    /// Whether there is a history.
    pub initialised: bool,
    /// Migrations of the folder without a live row, in the folder's order.
    pub unapplied: Vec<String>,
    /// Recorded as live, and not in the folder.
    pub missing: Vec<String>,
    /// Neither finished nor rolled back.
    pub failed: Vec<FailedMigration>,
    /// The last migration of the folder before the first difference.
    pub last_common: Option<String>,
}

/// Compares the history with the folder as `prisma migrate status` does.
///
/// # Errors
/// UP-1xxx, UP-2004, UP-2007, UP-3002, UP-3003.
pub async fn status(prisma: &PrismaOptions, sink: &mut dyn EventSink) -> Result<PrismaStatus> {
    let options = &prisma.options;
    let session = connect(options, sink).await?;
    check_provider(&options.folder)?;
    let history = history_table(options).read(&session).await?;
    // Prisma compares the checksums of applied migrations here, and so needs their files (P3015),
    // before it prints anything.
    let names = names_as_prisma(&options.folder);
    for name in names.iter().filter(|name| history.has_live_row(name)) {
        read_as_prisma(&options.folder, name)?;
    }
    let names = list_folder(options, sink);
    if prisma.switches.report && history.exists {
        report(options, &names, &history, sink);
    }
    let held: std::collections::HashSet<_> = names.iter().collect();
    let mut missing: Vec<String> = Vec::new();
    let live = history.records.iter().filter(|r| r.rolled_back_at.is_none());
    for record in live.filter(|r| !held.contains(&r.name)) {
        let name = record.name.to_string();
        if !missing.contains(&name) {
            missing.push(name);
        }
    }
    let last_common = names.iter().rfind(|name| history.has_live_row(name));
    Ok(PrismaStatus {
        initialised: history.exists,
        unapplied: pending(&names, &history).iter().map(ToString::to_string).collect(),
        missing,
        failed: FailedMigration::all(&history, &|name| {
            read_as_prisma(&options.folder, name).ok().map(|m| m.script)
        }),
        last_common: last_common.map(ToString::to_string),
    })
}
