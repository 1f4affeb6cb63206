//! Project discovery: from a working folder and an environment to the database, the migrations
//! folder and the schemas, exactly as Prisma 6 and Prisma 7 find them, each with its origin.
//!
//! Invariants: nothing is run, written or guessed. A value that only running the project's config
//! file could tell is an error that asks for a flag. No message holds a URL or any other text
//! that could be a secret. Non-goals: reading URLs (`postgres`).

mod age_key;
mod dotenv;
mod excerpt;
mod files;
mod generation;
mod manifest;
mod occasion;
mod package;
mod prisma_config;
mod project_schema;
mod schema;
mod script;
mod settings;
mod store_url;
mod value;
mod variables;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use age_key::{Identity, Recipient};
pub use generation::Generation;
pub use manifest::{
    Compatibility, EnvironmentSettings, NeedsApproval, NewerDatabase, OnFailure, Repair,
    StartSettings, UpgradeStop, duration,
};
pub use occasion::{Machine, Occasion};
pub use settings::{
    BackupSettings, BaselineSettings, BeforeDeploy, CopyPolicy, DataOnlyPolicy, EvidenceKind,
    FILE as SETTINGS_FILE, FailOn, KeepRules, MigrateSettings, PartialPolicy, PolicySettings,
    Settings,
};
pub use store_url::{Cloud, StoreUrl};
pub use value::{Origin, Secret, Setting, Sourced, Via};

use crate::error::{Code, Error, Result};
use package::Package;
use prisma_config::{ConfigFile, Surroundings};
use project_schema::{Block, ProjectSchema};
use variables::Variables;

/// What discovery starts from. The library never reads the process's environment: the caller
/// passes it.
#[derive(Clone, Copy)]
pub struct Discovery<'a> {
    /// The working folder.
    pub folder: &'a Path,
    /// The environment.
    pub environment: &'a BTreeMap<String, String>,
    /// `--schema`: a file or a folder.
    pub schema_flag: Option<&'a Path>,
    /// `--config`.
    pub config_flag: Option<&'a Path>,
}

/// What a project says of its database. All paths are absolute.
///
/// A [`Setting`] that cannot be told is an error only for who asks for it: with `--url` nobody
/// asks for the URL, with `--dir` nobody asks for the folder.
#[derive(Debug, Clone)]
pub struct ProjectConfig {
    /// The application's URL.
    pub url: Setting<Secret>,
    /// Prisma 6's `directUrl`.
    pub direct_url: Setting<Secret>,
    /// `shadowDatabaseUrl`. Absent also if a Prisma 6 schema names a variable that is not set.
    pub shadow_url: Setting<Secret>,
    /// The schema file or folder.
    pub schema_path: Option<Sourced<PathBuf>>,
    /// The Prisma config file.
    pub config_path: Option<Sourced<PathBuf>>,
    /// The migrations folder; it need not exist. Never absent.
    pub migrations: Setting<PathBuf>,
    /// `schemas = [...]` of the datasource block.
    pub datasource_schemas: Setting<Vec<String>>,
    /// The name of the datasource block.
    pub datasource: Option<String>,
    /// `provider` of the datasource block.
    pub provider: Option<Sourced<String>>,
    /// `tables.external` of the config file.
    pub external_tables: Vec<String>,
    /// Whose rules were followed, and why.
    pub generation: Generation,
    /// What a person should know: things that were passed over, rules that Prisma would break on.
    pub notes: Vec<String>,
}

impl ProjectConfig {
    /// The URL for migrations: Prisma 6's `directUrl` over `url`, Prisma 7's `url`.
    ///
    /// # Errors
    /// The project names one that cannot be told: UP-1004 to UP-1008.
    pub fn migrate_url(&self) -> Result<Option<&Sourced<Secret>>> {
        match self.direct_url.get()? {
            Some(direct) => Ok(Some(direct)),
            None => self.url.get(),
        }
    }

    /// Name, value and origin of everything, for `underpin config show --origin`. Secrets are
    /// redacted.
    #[must_use]
    pub fn origins(&self) -> Vec<(String, String, String)> {
        let path = |path: &PathBuf| path.display().to_string();
        let mut rows = [
            self.url.row("url", Secret::redacted),
            self.direct_url.row("direct url", Secret::redacted),
            self.shadow_url.row("shadow url", Secret::redacted),
            self.config_path.as_ref().map(|found| found.row("config", path)),
            self.schema_path.as_ref().map(|found| found.row("schema", path)),
            self.migrations.row("migrations", path),
            self.provider.as_ref().map(|found| found.row("provider", String::clone)),
            self.datasource_schemas.row("schemas", |names| names.join(", ")),
        ]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>();
        if let Some(config) = self.config_path.as_ref().filter(|_| !self.external_tables.is_empty())
        {
            let origin = format!("tables.external of {}", config.value.display());
            rows.push(("external tables".to_owned(), self.external_tables.join(", "), origin));
        }
        let why = self.generation.why().to_owned();
        rows.push(("prisma".to_owned(), self.generation.to_string(), why));
        rows
    }
}

/// Finds out what a project says. Reads files below and above the working folder; changes
/// nothing. A folder that says nothing at all is no error: everything is absent or a default.
///
/// # Errors
/// A flag names something that cannot be used. UP-1006: `--schema`. UP-1008: `--config`.
pub fn discover(d: &Discovery<'_>) -> Result<ProjectConfig> {
    let folder = std::path::absolute(d.folder).unwrap_or_else(|_| d.folder.to_path_buf());
    let folder = files::resolve(&folder, Path::new(""));
    let config_path = d.config_flag.map_or_else(
        || prisma_config::find(&folder),
        |flag| {
            let origin = Origin::Flag { name: "--config" };
            Some(Sourced::new(files::resolve(&folder, flag), origin))
        },
    );
    let config =
        config_path.as_ref().map(|path| ConfigFile::read(&folder, path.value.clone())).transpose();
    let (config, config_error) = match config {
        Err(error) if d.config_flag.is_some() && error.code() == Code::ConfigUnreadable => {
            return Err(error);
        }
        Err(error) => (None, Some(error)),
        Ok(config) => (config, None),
    };
    let package = package::nearest(&folder);
    let named = config_path.as_ref().map(|path| path.value.as_path());
    let generation = Generation::decide(&folder, named, package.as_ref(), config.as_ref());
    let finder = Finder { folder, package, config, config_error, generation, notes: Vec::new() };
    finder.find(d, config_path)
}

/// Where the URLs stand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holder {
    Config,
    Schema,
}

/// The steps of a discovery.
struct Finder {
    folder: PathBuf,
    package: Option<Package>,
    config: Option<ConfigFile>,
    /// Why there is a config file and nothing of it is known.
    config_error: Option<Error>,
    generation: Generation,
    notes: Vec<String>,
}

impl Finder {
    fn find(
        mut self,
        d: &Discovery<'_>,
        config_path: Option<Sourced<PathBuf>>,
    ) -> Result<ProjectConfig> {
        let around = self.surroundings(d);
        let path = self.schema_path(d.schema_flag, &around);
        let schema = match &path {
            Ok(Some(path)) => project_schema::read(&self.folder, path).map(Some),
            Ok(None) => Ok(None),
            Err(error) => Err(error.clone()),
        };
        if let (Err(error), Some(_)) = (&schema, d.schema_flag) {
            return Err(error.clone());
        }
        let block = schema.as_ref().map(|s| s.as_ref().and_then(|s| s.block.as_ref()));
        if self.generation.is_unknown() && block.is_ok_and(|b| b.is_some_and(|b| b.has("url"))) {
            let why = "the schema holds the URL, which Prisma 7 refuses".to_owned();
            self.generation = Generation::Six { why };
        }
        let [url, direct_url, shadow_url] = self.urls(&around, block);
        let datasource_schemas = match block {
            Ok(block) => block.map_or(Ok(None), |b| b.texts("schemas")).into(),
            Err(error) => Setting::Unresolved(error.clone()),
        };
        Ok(ProjectConfig {
            url,
            direct_url,
            shadow_url,
            migrations: self.migrations(&around, schema.as_ref()).map(Some).into(),
            external_tables: self.external_tables(),
            datasource: block.ok().flatten().map(|b| b.title().to_owned()),
            provider: block.ok().flatten().and_then(|b| b.text("provider")),
            datasource_schemas,
            schema_path: path.ok().flatten(),
            config_path,
            generation: self.generation,
            notes: self.notes,
        })
    }

    /// The environment, with the `.env` files that this generation loads.
    fn surroundings<'a>(&mut self, d: &Discovery<'a>) -> Surroundings<'a> {
        if let Some(config) = &self.config {
            return config.environment(d.environment, &mut self.notes);
        }
        if self.generation.is_seven() || self.config_error.is_some() {
            return Surroundings::plain(Variables::new(d.environment));
        }
        Surroundings::plain(variables::prisma6(
            &self.folder,
            d.schema_flag,
            d.environment,
            &mut self.notes,
        ))
    }

    fn schema_path(
        &mut self,
        flag: Option<&Path>,
        around: &Surroundings<'_>,
    ) -> Result<Option<Sourced<PathBuf>>> {
        if let Some(flag) = flag {
            let path = files::resolve(&self.folder, flag);
            return Ok(Some(Sourced::new(path, Origin::Flag { name: "--schema" })));
        }
        if let Some(error) = &self.config_error {
            return Err(error.clone());
        }
        let named = self.config.as_ref().map_or(Ok(None), |c| c.path("schema", around))?;
        let named = named.or_else(|| self.schema_of_package());
        Ok(named.or_else(|| project_schema::default_path(&self.folder)))
    }

    /// `package.json` → `prisma.schema`, which Prisma 7 no longer reads.
    fn schema_of_package(&mut self) -> Option<Sourced<PathBuf>> {
        let package = self.package.as_ref()?;
        let (schema, line) = package.schema.as_ref().filter(|(schema, _)| !schema.is_empty())?;
        let shown = files::shown(&self.folder, &package.path);
        if self.generation.is_seven() {
            let shown = shown.display();
            self.notes.push(format!("{shown}:{line}: Prisma 7 does not read `prisma.schema`"));
            return None;
        }
        let base = package.path.parent().unwrap_or(&self.folder);
        let key = "prisma.schema".to_owned();
        let origin = Origin::File { path: shown, line: *line, key, via: None };
        Some(Sourced::new(files::resolve(base, Path::new(schema)), origin))
    }

    /// `url`, `directUrl`, `shadowDatabaseUrl`.
    fn urls(
        &mut self,
        around: &Surroundings<'_>,
        block: Result<Option<&Block>, &Error>,
    ) -> [Setting<Secret>; 3] {
        let nowhere = |error: Error| [(); 3].map(|()| Setting::Unresolved(error.clone()));
        if let Some(error) = &self.config_error {
            return nowhere(error.clone());
        }
        let holder = match self.holder(block.ok().flatten()) {
            Ok(holder) => holder,
            Err(error) => return nowhere(error),
        };
        let seven = self.generation.is_seven();
        if let Some(config) = self.config.as_ref().filter(|_| holder == Holder::Config) {
            let direct = if seven {
                if config.has("datasource.directUrl") {
                    let note = "Prisma 7 has no `datasource.directUrl`; `datasource.url` is used";
                    self.notes.push(note.to_owned());
                }
                Setting::Absent
            } else {
                config.secret("datasource.directUrl", around).into()
            };
            let url = config.required_secret("datasource.url", around).into();
            return [url, direct, config.secret("datasource.shadowDatabaseUrl", around).into()];
        }
        let block = match block {
            Ok(Some(block)) => block,
            Ok(None) => return [(); 3].map(|()| Setting::Absent),
            Err(error) => return nowhere(error.clone()),
        };
        if seven && block.has("url") {
            let note = "Prisma 7 refuses `url` in the schema (P1012); it is used because no config \
                file has `datasource.url`";
            self.notes.push(note.to_owned());
        }
        let direct = match seven {
            true => Setting::Absent,
            false => block.secret("directUrl", &around.variables).into(),
        };
        let shadow = block.optional_secret("shadowDatabaseUrl", &around.variables);
        [block.secret("url", &around.variables).into(), direct, shadow.into()]
    }

    /// Which file's URLs count.
    fn holder(&mut self, block: Option<&Block>) -> Result<Holder> {
        let Some(config) = &self.config else { return Ok(Holder::Schema) };
        let in_schema = block.is_some_and(|b| b.has("url"));
        let named = config.may_have("datasource.url");
        if self.generation.is_seven() {
            if named && in_schema {
                let note = "the schema's `url` is passed over (Prisma 7 refuses it, P1012): \
                    the config file's `datasource.url` counts";
                self.notes.push(note.to_owned());
            }
            return Ok(if in_schema && !named { Holder::Schema } else { Holder::Config });
        }
        match config.engine()?.as_deref() {
            Some("classic") => Ok(Holder::Config),
            Some("js") => Err(Error::new(
                Code::ConfigNotLiteral,
                "the config file connects with an adapter (`engine: 'js'`), which is code",
            )
            .hint("give the database with --url URL")),
            // Measured with 6.19.3, which refuses the file. Two URLs and no rule: no guess.
            _ if named && in_schema => Err(Error::new(
                Code::ConfigUnreadable,
                "the schema has a `url` and the config file a `datasource` without `engine`, \
                which Prisma 6 refuses",
            )
            .hint(
                "add `engine: 'classic'` to the config file, or give the database with --url URL",
            )),
            _ => Ok(if named { Holder::Config } else { Holder::Schema }),
        }
    }

    fn migrations(
        &self,
        around: &Surroundings<'_>,
        schema: Result<&Option<ProjectSchema>, &Error>,
    ) -> Result<Sourced<PathBuf>> {
        if let Some(error) = &self.config_error {
            return Err(error.clone());
        }
        if let Some(config) = &self.config
            && let Some(path) = config.path("migrations.path", around)?
        {
            return Ok(path);
        }
        let (base, reason) = match schema.map_err(Clone::clone)? {
            // Measured: Prisma 6 looks beside the file of the datasource block, 7 in the
            // schema's root. It is the same folder unless the block lies in a subfolder.
            Some(ProjectSchema { block: Some(block), root, .. }) if !self.generation.is_seven() => {
                (block.path.parent().unwrap_or(root).to_path_buf(), "beside the datasource block")
            }
            Some(schema) => (schema.root.clone(), "beside the schema"),
            None => (self.folder.join("prisma"), "./prisma/migrations"),
        };
        let origin = Origin::Default { reason: reason.to_owned() };
        Ok(Sourced::new(base.join("migrations"), origin))
    }

    fn external_tables(&mut self) -> Vec<String> {
        let Some(config) = &self.config else { return Vec::new() };
        if config.may_have("migrations.initShadowDb") {
            let note = "`migrations.initShadowDb` is not run: tables that Prisma does not manage \
                are missing from the scratch database";
            self.notes.push(note.to_owned());
        }
        config.literal_list("tables.external").unwrap_or_else(|| {
            let note = "`tables.external` of the config file is computed and was passed over";
            self.notes.push(note.to_owned());
            Vec::new()
        })
    }
}
