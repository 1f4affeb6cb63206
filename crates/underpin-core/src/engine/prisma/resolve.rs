//! `migrate resolve`: Prisma's conditions and writes. The history is made without an emptiness
//! test; only the named script is read.

use super::{PrismaOptions, ensure_schema};
use crate::coordinate;
use crate::engine::resolve::{self as native, Resolution};
use crate::engine::{connect, history_table};
use crate::error::Result;
use crate::event::{Event, EventSink};
use crate::migrations::{check_provider, names_as_prisma, read_as_prisma};

/// Records a resolution.
///
/// # Errors
/// UP-1xxx, UP-2007 and UP-2008, UP-3002 to UP-3007, UP-4001.
pub async fn resolve(
    prisma: &PrismaOptions,
    resolution: &Resolution,
    sink: &mut dyn EventSink,
) -> Result<()> {
    let options = &prisma.options;
    let session = connect(options, sink).await?;
    ensure_schema(&session, options).await?;
    if let Resolution::Applied(_) = resolution {
        check_provider(&options.folder)?;
    }
    if prisma.advisory_lock {
        let mut waiting = |holder| sink.emit(&Event::LockWaiting { holder });
        coordinate::acquire(&session, options.patience, &mut waiting).await?;
    }
    let table = history_table(options);
    let history = table.read(&session).await?;
    match resolution {
        Resolution::Applied(name) => {
            let held = names_as_prisma(&options.folder).contains(name);
            let found = held.then(|| read_as_prisma(&options.folder, name).ok()).flatten();
            let migration = found.ok_or_else(|| native::unknown(name, &options.folder))?;
            native::mark_applied(options, &session, &table, &history, &migration).await
        }
        Resolution::RolledBack(name) => {
            native::mark_rolled_back(options, &session, &table, &history, name).await
        }
    }
}
