//! `oliphaunt-wasix` behind the seam: what it carries, how an instance is set up.
//!
//! The only place that knows that crate: `worker` gives an instance its thread, `wire` speaks the
//! protocol. Non-goals: its typed API; what a migration needs is the simple query protocol.

mod wire;
mod worker;

use std::sync::Arc;

use oliphaunt_wasix::{Extension, Oliphaunt};
use tokio::sync::Semaphore;
use underpin_core::postgres::ServerVersion;
use underpin_core::postgres::embedded::{EmbeddedDatabase, EmbeddedEngine, OpenFuture};

use worker::{Backend, Instance, failed};

/// PostgreSQL 18.4. A test asks the engine.
const VERSION: ServerVersion = ServerVersion(180_004);

/// Instances at once in a process: each takes about 150 MB, the first 270.
const INSTANCES_MAX: usize = 3;

/// The extensions of this build: those that projects with migration folders use.
const EXTENSIONS: &[Extension] = &[
    Extension::BTREE_GIN,
    Extension::BTREE_GIST,
    Extension::CITEXT,
    Extension::CUBE,
    Extension::EARTHDISTANCE,
    Extension::FUZZYSTRMATCH,
    Extension::HSTORE,
    Extension::INTARRAY,
    Extension::ISN,
    Extension::LTREE,
    Extension::PG_TRGM,
    Extension::PGCRYPTO,
    Extension::TABLEFUNC,
    Extension::UNACCENT,
    Extension::UUID_OSSP,
    oliphaunt_extension_vector::VECTOR,
];

/// As on a scratch cluster: nothing in the background, times in UTC, messages in English.
const SETTINGS: &[(&str, &str)] = &[
    ("fsync", "off"),
    ("full_page_writes", "off"),
    ("synchronous_commit", "off"),
    ("autovacuum", "off"),
    ("shared_buffers", "16MB"),
    ("timezone", "UTC"),
    ("log_timezone", "UTC"),
    ("lc_messages", "C"),
];

/// The engine of this build.
#[must_use]
pub fn engine() -> Option<Arc<dyn EmbeddedEngine>> {
    Some(Arc::new(Carried { places: Arc::new(Semaphore::new(INSTANCES_MAX)) }))
}

#[derive(Debug)]
struct Carried {
    places: Arc<Semaphore>,
}

fn extension_names() -> String {
    EXTENSIONS.iter().map(|extension| extension.sql_name()).collect::<Vec<_>>().join(", ")
}

impl EmbeddedEngine for Carried {
    fn version(&self) -> ServerVersion {
        VERSION
    }

    fn identity(&self) -> String {
        // The extension's release is the engine's: both are pinned to the same.
        let release = oliphaunt_extension_vector::VERSION;
        format!("oliphaunt-wasix {release}, PostgreSQL {VERSION}, {}", extension_names())
    }

    fn unchecked(&self) -> Vec<String> {
        vec![
            "collations: the embedded PostgreSQL sorts text by its bytes and has no ICU data"
                .to_owned(),
            "waiting between sessions: it has one session".to_owned(),
            format!("extensions other than {}", extension_names()),
        ]
    }

    fn open(&self) -> OpenFuture<'_> {
        let places = Arc::clone(&self.places);
        Box::pin(async move {
            let permit = places.try_acquire_owned().map_err(|_| {
                failed(&format!("{INSTANCES_MAX} databases are open, which is as many as it may"))
            })?;
            let instance = Instance::start(Handle::open, VERSION, permit).await?;
            Ok(Box::new(instance) as Box<dyn EmbeddedDatabase>)
        })
    }
}

/// An instance; stays on the thread that opened it.
struct Handle(Oliphaunt);

impl Handle {
    fn open() -> Result<Self, String> {
        Oliphaunt::builder()
            .startup_gucs(SETTINGS.iter().copied())
            .extensions(EXTENSIONS.iter().copied())
            .open()
            .map(Self)
            .map_err(|error| words(&error))
    }
}

impl Backend for Handle {
    fn send(&mut self, message: &[u8]) -> Result<Vec<u8>, String> {
        self.0
            .exec_protocol_raw(message)
            .map_err(|error| format!("the embedded PostgreSQL broke down: {}", words(&error)))
    }

    fn close(&mut self) {
        // One that does not end keeps its memory until the process ends.
        let _kept = self.0.close();
    }
}

/// The first line says what failed; the rest are places inside the engine.
fn words(error: &oliphaunt_wasix::Error) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}
