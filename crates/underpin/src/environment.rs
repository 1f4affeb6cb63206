//! The one place that reads the process's environment: variables, folders, the terminal.

use std::path::{Path, PathBuf};
use std::time::Duration;

use underpin_core::backup::{Encryption, Level};
use underpin_core::config::{
    BeforeDeploy, Discovery, FailOn, Identity, ProjectConfig, Repair, Secret, Settings, discover,
};
use underpin_core::diagnose::{Answers, Policy};
use underpin_core::engine::prisma::PrismaOptions;
use underpin_core::engine::{
    BackupBefore, BackupOptions, CopyTo, DeclaredRepair, Gate, Manifest, Options, VALID_HOURS,
};
use underpin_core::execute::LockBudget;
use underpin_core::postgres::binaries::SearchPlaces;
use underpin_core::postgres::embedded::EmbeddedEngine;
use underpin_core::postgres::scratch::ScratchOptions;
use underpin_core::postgres::{ConnectionSettings, Environment};
use underpin_core::{Code, Error, Result as CoreResult};

use underpin_sql::finding::Severity;

use crate::args::Global;

/// How long another migrating process is waited for.
const PATIENCE_SECONDS: u64 = 60;

/// A run's surroundings: flags, variables, the project in the working folder.
pub(crate) struct Project {
    /// What Prisma's files say.
    pub(crate) config: ProjectConfig,
    /// `underpin.toml`.
    pub(crate) settings: Option<Settings>,
    folder: PathBuf,
    variables: std::collections::BTreeMap<String, String>,
}

impl Project {
    /// Finds the project of the working folder.
    pub(crate) fn find(global: &Global) -> CoreResult<Self> {
        let folder = std::env::current_dir().unwrap_or_default();
        // A variable that is not UTF-8 can be no value of ours.
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let config = discover(&Discovery {
            folder: &folder,
            environment: &variables,
            schema_flag: global.schema.as_deref(),
            config_flag: global.config.as_deref(),
        })?;
        let settings = Settings::read(&folder)?;
        Ok(Self { config, settings, folder, variables })
    }

    /// The target's URL and where it came from.
    pub(crate) fn url(&self, global: &Global) -> CoreResult<Option<(Secret, String)>> {
        if let Some(url) = &global.url {
            return Ok(Some((Secret::new(url), origin_of("--url", "UNDERPIN_URL", url))));
        }
        if let Some(found) = self.config.migrate_url()? {
            return Ok(Some((found.value.clone(), found.origin.to_string())));
        }
        Ok(variable("DATABASE_URL")
            .map(|url| (Secret::new(url), "DATABASE_URL from the environment".to_owned())))
    }

    /// The migrations folder, short where it lies below the working folder, and where it came
    /// from.
    pub(crate) fn migrations(&self, global: &Global) -> CoreResult<(PathBuf, String)> {
        if let Some(dir) = &global.dir {
            let origin = origin_of("--dir", "UNDERPIN_DIR", &dir.display().to_string());
            return Ok((dir.clone(), origin));
        }
        let (path, origin) = match self.config.migrations.get()? {
            Some(found) => (found.value.clone(), found.origin.to_string()),
            None => (PathBuf::from("prisma/migrations"), "default".to_owned()),
        };
        Ok((self.short(&path), origin))
    }

    /// A path from the working folder, where it lies below it.
    pub(crate) fn short(&self, path: &Path) -> PathBuf {
        path.strip_prefix(&self.folder).unwrap_or(path).to_owned()
    }

    /// The target.
    pub(crate) fn target(&self, global: &Global) -> CoreResult<ConnectionSettings> {
        let (url, _) = self.url(global)?.ok_or_else(|| {
            Error::new(Code::MissingUrl, "no database URL was given").hint(
                "set DATABASE_URL or UNDERPIN_URL, or give --url postgresql://user@host:5432/name",
            )
        })?;
        ConnectionSettings::resolve(url.expose(), &self.postgres_environment())
    }

    fn postgres_environment(&self) -> Environment {
        self.variables.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// The engine's options. `writes`: the verb may write to the target, so a scratch database may
    /// be made there if nothing better is found.
    pub(crate) fn options(
        &self,
        global: &Global,
        writes: bool,
        dry_run: bool,
    ) -> CoreResult<Options> {
        let target = self.target(global)?;
        // The project's shadow database is only a hint: one that cannot be told is done without.
        let shadow = match &global.shadow_url {
            Some(url) => Some(ConnectionSettings::resolve(url, &self.postgres_environment())?),
            None => self.config.shadow_url.found().and_then(|url| {
                ConnectionSettings::resolve(url.value.expose(), &self.postgres_environment()).ok()
            }),
        };
        let cache = cache_folder();
        Ok(Options {
            folder: self.migrations(global)?.0,
            scratch: ScratchOptions {
                pg_bin: global.pg_bin.clone(),
                places: SearchPlaces { clients: global.pg_clients.clone(), ..search_places() },
                shadow,
                target: (writes && !dry_run).then(|| target.clone()),
                embedded: embedded(),
                cache: cache.join("postgres"),
            },
            replay_cache: Some(cache.join("replay")),
            arrival: Duration::ZERO,
            patience: Duration::from_secs(global.wait.unwrap_or(PATIENCE_SECONDS)),
            locks: LockBudget { timeout: global.lock_timeout, ..LockBudget::default() },
            journals: state_folder().map(|folder| folder.join("journal")),
            rehearsals: state_folder().map(|folder| folder.join("rehearsals")),
            redis: self
                .settings
                .as_ref()
                .and_then(|settings| settings.redis_url(&self.folder, &self.variables)),
            policy: self.policy(),
            answers: Answers::default(),
            gate: self.gate(),
            manifest: self.manifest()?,
            guard: crate::protect::guard(self, &self.variables),
            stop: crate::signals::stop(),
            dry_run,
            target,
        })
    }

    fn gate(&self) -> Gate {
        let Some(said) = self.settings.as_ref().map(|s| &s.policy) else { return Gate::default() };
        let fail_on = match said.fail_on {
            Some(FailOn::Error) => Some(Severity::Error),
            Some(FailOn::Warning) => Some(Severity::Warning),
            Some(FailOn::Never) | None => None,
        };
        Gate {
            fail_on,
            allow: said.allow.clone(),
            needs_allow: said.needs_allow.clone(),
            needs_approval: said.needs_approval,
            approval_valid_hours: said.approval_valid_hours.unwrap_or(VALID_HOURS),
            ..Gate::default()
        }
    }

    /// What is declared beside the folder.
    fn manifest(&self) -> CoreResult<Manifest> {
        let Some(said) = &self.settings else { return Ok(Manifest::default()) };
        let read = |said: &Repair| {
            Ok(DeclaredRepair { script: said.script(&self.folder)?, said: said.clone() })
        };
        Ok(Manifest {
            compatibility: said.compatibility.clone(),
            stops: said.stops.clone(),
            repairs: said.repairs.iter().map(read).collect::<CoreResult<_>>()?,
        })
    }

    /// Where backups go: a flag, the file, else beside the journals.
    pub(crate) fn backups(&self, global: &Global) -> CoreResult<BackupOptions> {
        let said = self.settings.as_ref().and_then(|s| s.backup.clone()).unwrap_or_default();
        let own = said.folder.map(|folder| self.folder.join(folder));
        let state = || state_folder().map(|folder| folder.join("backups"));
        let folder = global.backups.clone().or(own).or_else(state).ok_or_else(|| {
            Error::new(Code::BackupsUnusable, "no folder for backups is named")
                .hint("name one: --backups FOLDER, or `folder` of [backup] in underpin.toml")
        })?;
        let key = match &self.settings {
            Some(settings) => settings.backup_key(&self.folder, &self.variables)?,
            None => None,
        };
        let identity = match &self.settings {
            Some(settings) => settings.backup_identity(&self.folder, &self.variables)?,
            None => Identity::Unnamed,
        };
        let copy_to = said.copy_to.map(|url| CopyTo {
            url,
            variables: self.variables_of_clouds(),
            policy: said.copy,
        });
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(BackupOptions {
            folder,
            key,
            encryption: Encryption { recipients: said.encrypt_to, identity },
            environment: said.environment,
            jobs: said.jobs.unwrap_or(cores.min(4)).clamp(1, 64),
            copy_to,
            keep: said.keep,
            archive_after_days: said.archive_after_days.unwrap_or(30),
            accept: said.accept,
            accept_within: hours(said.accept_within_hours.unwrap_or(24)),
        })
    }

    /// Credentials and endpoints of object stores, by the names that the clouds have given them.
    fn variables_of_clouds(&self) -> std::collections::BTreeMap<String, String> {
        let prefixes = ["AWS_", "GOOGLE_", "AZURE_", "IDENTITY_"];
        let is_ours = |name: &str| prefixes.iter().any(|prefix| name.starts_with(prefix));
        let ours = self.variables.iter().filter(|(name, _)| is_ours(name));
        ours.map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// What is backed up before a deploy. Without a section `[backup]` in `underpin.toml`: before a
    /// statement that may take data away, as far as this machine can.
    pub(crate) fn backup_before(&self, global: &Global) -> CoreResult<BackupBefore> {
        let said = self.settings.as_ref().and_then(|s| s.backup.clone());
        let is_said = said.is_some();
        let said = said.unwrap_or_default();
        let level = said.level.map(Level::try_from).transpose();
        let level = level.ok().filter(|level| level.is_none_or(|l| l >= Level::Decodable));
        let level = level.ok_or_else(|| {
            Error::new(Code::SettingsInvalid, "`underpin.toml`: `backup.level` is 3, 4, 5 or 6")
        })?;
        let backup = match self.backups(global) {
            // It is looked at when a backup is due, and not before.
            Err(error) if is_said => return Err(error),
            backup => backup,
        };
        let when = said.before_deploy.unwrap_or(BeforeDeploy::Destructive);
        Ok(BackupBefore { backup, when, level, is_said })
    }

    fn policy(&self) -> Policy {
        let said = self.settings.as_ref().map(|s| s.baseline).unwrap_or_default();
        Policy { data_only: said.data_only, partial: said.partial }
    }

    /// The options of Prisma's verbs.
    pub(crate) fn prisma_options(&self, global: &Global) -> CoreResult<PrismaOptions> {
        let schemas = self.config.datasource_schemas.found();
        let disabled = variable("PRISMA_SCHEMA_DISABLE_ADVISORY_LOCK");
        Ok(PrismaOptions {
            options: self.options(global, true, false)?,
            datasource_schemas: schemas.map(|found| found.value.clone()).unwrap_or_default(),
            external_tables: self.config.external_tables.clone(),
            // Any value but an empty one and 0 (Prisma 5.3 and later).
            advisory_lock: disabled.is_none_or(|value| value == "0"),
            switches: self.settings.as_ref().into(),
        })
    }
}

/// Which of a flag and its environment twin gave a value.
fn origin_of(flag: &str, twin: &str, value: &str) -> String {
    if variable(twin).as_deref() == Some(value) {
        format!("{twin} from the environment")
    } else {
        flag.to_owned()
    }
}

/// The engine's options for a verb of ours.
pub(crate) fn options(global: &Global, writes: bool, dry_run: bool) -> CoreResult<Options> {
    Project::find(global)?.options(global, writes, dry_run)
}

/// A variable that is set and not empty.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Where templates and replays are kept: never in the project.
pub(crate) fn cache_folder() -> PathBuf {
    let folder = |name: &str| variable(name).map(PathBuf::from).filter(|p| p.is_absolute());
    folder("UNDERPIN_CACHE_DIR")
        .or_else(|| folder("XDG_CACHE_HOME").map(|p| p.join("underpin")))
        .or_else(|| folder("HOME").map(|p| p.join(".cache/underpin")))
        .unwrap_or_else(|| std::env::temp_dir().join("underpin-cache"))
}

fn hours(number: u32) -> std::time::Duration {
    std::time::Duration::from_secs(u64::from(number) * 3600)
}

/// Where local journals are kept; nowhere when no folder is ours.
fn state_folder() -> Option<PathBuf> {
    let folder = |name: &str| variable(name).map(PathBuf::from).filter(|p| p.is_absolute());
    folder("UNDERPIN_STATE_DIR")
        .or_else(|| folder("XDG_STATE_HOME").map(|p| p.join("underpin")))
        .or_else(|| folder("HOME").map(|p| p.join(".local/state/underpin")))
}

/// The PostgreSQL inside this build.
#[cfg(feature = "embedded")]
pub(crate) fn embedded() -> Option<std::sync::Arc<dyn EmbeddedEngine>> {
    underpin_embedded::engine()
}

#[cfg(not(feature = "embedded"))]
pub(crate) fn embedded() -> Option<std::sync::Arc<dyn EmbeddedEngine>> {
    None
}

/// Where server binaries may be.
pub(crate) fn search_places() -> SearchPlaces {
    let current = std::env::current_dir().unwrap_or_default();
    let environment = variable("VIRTUAL_ENV").map(PathBuf::from);
    let python = environment
        .into_iter()
        .chain([PathBuf::from("/usr/local"), PathBuf::from("/usr")])
        .flat_map(|root| {
            let versions =
                std::fs::read_dir(root.join("lib")).into_iter().flatten().filter_map(Result::ok);
            versions
                .map(|entry| entry.path())
                .filter(|p| {
                    p.file_name().is_some_and(|n| n.to_string_lossy().starts_with("python3"))
                })
                .flat_map(|p| [p.join("site-packages"), p.join("dist-packages")])
                .collect::<Vec<_>>()
        })
        .collect();
    SearchPlaces {
        path: std::env::var_os("PATH"),
        projects: vec![current],
        python,
        ..SearchPlaces::default()
    }
}
