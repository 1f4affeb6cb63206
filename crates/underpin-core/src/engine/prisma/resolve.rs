//! `migrate resolve`: Prisma's conditions and writes. The history is made without an emptiness
//! test; only the named script is read.

use super::{PrismaOptions, ensure_schema};
use crate::engine::connect;
use crate::engine::resolve::{Mark, Resolution, in_turn, unknown};
use crate::engine::turn::Run;
use crate::error::Result;
use crate::event::EventSink;
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
    let mut run = Run::new(options);
    run.advisory = prisma.advisory_lock;
    let session = connect(&run.named(), sink).await?;
    ensure_schema(&session, options).await?;
    let (Resolution::Applied(name) | Resolution::RolledBack(name)) = resolution;
    let migration = match resolution {
        Resolution::Applied(_) => {
            check_provider(&options.folder)?;
            let held = names_as_prisma(&options.folder).contains(name);
            let found = held.then(|| read_as_prisma(&options.folder, name).ok()).flatten();
            Some(found.ok_or_else(|| unknown(name, &options.folder))?)
        }
        Resolution::RolledBack(_) => None,
    };
    in_turn(&run, session, &Mark::new(name, migration.as_ref()), sink).await
}
