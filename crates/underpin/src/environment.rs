//! The one place that reads the process's environment: variables, folders, the terminal.

use std::path::PathBuf;
use std::time::Duration;

use underpin_core::engine::Options;
use underpin_core::execute::LockBudget;
use underpin_core::postgres::binaries::SearchPlaces;
use underpin_core::postgres::scratch::ScratchOptions;
use underpin_core::postgres::{ConnectionSettings, Environment};
use underpin_core::{Code, Error, Result as CoreResult};

use crate::args::Global;

/// Where Prisma keeps its migrations, from the project's root.
const DEFAULT_FOLDER: &str = "prisma/migrations";

/// The engine's options from flags and environment. `writes`: the verb may write to the target, so
/// a scratch database may be made there if nothing better is found.
pub(crate) fn options(global: &Global, writes: bool, dry_run: bool) -> CoreResult<Options> {
    let url = global.url.clone().or_else(|| variable("DATABASE_URL")).ok_or_else(|| {
        Error::new(Code::MissingUrl, "no database URL was given").hint(
            "set DATABASE_URL or UNDERPIN_URL, or give --url postgresql://user@host:5432/name",
        )
    })?;
    let variables: Environment = std::env::vars().collect();
    let target = ConnectionSettings::resolve(&url, &variables)?;
    let shadow = global
        .shadow_url
        .as_deref()
        .map(|url| ConnectionSettings::resolve(url, &variables))
        .transpose()?;
    let cache = cache_folder();
    Ok(Options {
        folder: global.dir.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_FOLDER)),
        scratch: ScratchOptions {
            pg_bin: global.pg_bin.clone(),
            places: search_places(),
            shadow,
            target: (writes && !dry_run).then(|| target.clone()),
            cache: cache.join("postgres"),
        },
        replay_cache: Some(cache.join("replay")),
        patience: Duration::from_secs(global.wait),
        locks: LockBudget { timeout: global.lock_timeout, ..LockBudget::default() },
        dry_run,
        target,
    })
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
    SearchPlaces { path: std::env::var_os("PATH"), projects: vec![current], python }
}
