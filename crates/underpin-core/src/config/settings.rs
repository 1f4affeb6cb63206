//! `underpin.toml`, beside the folder `prisma/`: what a project asks of Underpin itself.
//!
//! Zero configuration is the rule; the file's being there says that somebody has chosen Underpin,
//! so that its checks may fail what used to pass.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::age_key::{Identity, Recipient};
use super::manifest::{
    Compatibility, EnvironmentSettings, NeedsApproval, Repair, StartSettings, UpgradeStop,
};
use super::store_url::StoreUrl;
use super::value::Secret;

use crate::error::{Code, Error, Result, SourceLocation};

/// The file's name.
pub const FILE: &str = "underpin.toml";
/// Larger files are refused.
const MAX_BYTES: u64 = 1 << 20;

/// What the file says. An absent key is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The form of the file; 1.
    version: u32,
    /// What `underpin migrate` does better than Prisma.
    #[serde(default)]
    pub migrate: MigrateSettings,
    /// A Redis that wakes those who wait for their turn.
    redis: Option<RedisSettings>,
    /// What a deploy refuses.
    #[serde(default)]
    pub policy: PolicySettings,
    /// What may be done without asking about a database whose history does not tell everything.
    #[serde(default)]
    pub baseline: BaselineSettings,
    /// Where backups go, and which of them stay.
    pub backup: Option<BackupSettings>,
    /// How a container starts.
    #[serde(default)]
    pub start: StartSettings,
    /// How old a database may be.
    pub compatibility: Option<Compatibility>,
    /// Migrations that an upgrade must not pass without the version that ends there.
    #[serde(default, rename = "stop")]
    pub stops: Vec<UpgradeStop>,
    /// What puts right migrations that are known to have gone wrong.
    #[serde(default, rename = "repair")]
    pub repairs: Vec<Repair>,
    /// Databases, by what no variable can mistake.
    #[serde(default)]
    pub environments: BTreeMap<String, EnvironmentSettings>,
}

/// `[backup]`; see `docs/reference/backup.md`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackupSettings {
    /// The folder of the backups.
    pub folder: Option<PathBuf>,
    /// What people call the database: the first part of a backup's name.
    pub environment: Option<String>,
    /// The object store that each backup goes to as well.
    pub copy_to: Option<StoreUrl>,
    /// What a copy that cannot be made means to a deploy.
    #[serde(default)]
    pub copy: CopyPolicy,
    /// Tables dumped or restored at once.
    pub jobs: Option<usize>,
    /// Before which deploys one is made.
    pub before_deploy: Option<BeforeDeploy>,
    /// How far that one has to be proven: 3 to 5.
    pub level: Option<u8>,
    /// Evidence that lets a deploy pass in place of a backup.
    #[serde(default)]
    pub accept: Vec<EvidenceKind>,
    /// How old it may be.
    pub accept_within_hours: Option<u32>,
    /// From how many days on `underpin backup prune` recompresses what stays; 0: never.
    pub archive_after_days: Option<u32>,
    /// Which backups `underpin backup prune` keeps.
    #[serde(default)]
    pub keep: KeepRules,
    /// Signs manifests.
    key: Option<SecretSource>,
    /// Who can read the backups; absent or empty: they are not encrypted.
    #[serde(default)]
    pub encrypt_to: Vec<Recipient>,
    /// Reads encrypted ones.
    identity: Option<SecretSource>,
}

/// What a backup without its copy means to a deploy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CopyPolicy {
    /// There is no backup: nothing is deployed.
    #[default]
    Required,
    /// A warning.
    BestEffort,
}

/// What somebody keeps elsewhere in place of a dump of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EvidenceKind {
    /// A base backup, with the archive of the WAL since.
    BaseBackup,
    /// A snapshot of the storage.
    Snapshot,
    /// A branch of a provider that has such.
    Branch,
    /// A named point in the archive of the WAL.
    RestorePoint,
}

impl EvidenceKind {
    /// As it is written in the settings.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::BaseBackup => "base-backup",
            Self::Snapshot => "snapshot",
            Self::Branch => "branch",
            Self::RestorePoint => "restore-point",
        }
    }
}

/// Before which deploys a backup is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BeforeDeploy {
    /// None.
    Never,
    /// Those with a statement after which data may be gone for good.
    Destructive,
    /// All that have something to do.
    Always,
}

/// `[backup.keep]`: how many of each kind stay; 0 keeps none by that rule.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KeepRules {
    /// All that are at most so many days older than the newest.
    pub within_days: u32,
    /// The newest so many.
    pub last: u32,
    /// The newest of each of the newest so many hours that have one.
    pub hourly: u32,
    /// … days.
    pub daily: u32,
    /// … weeks (ISO 8601).
    pub weekly: u32,
    /// … months.
    pub monthly: u32,
    /// … years.
    pub yearly: u32,
    /// All with one of these tags.
    pub tags: Vec<String>,
}

impl Default for KeepRules {
    /// All of 7 days, one a day for 7, one a week for 4, one a month for 12.
    fn default() -> Self {
        Self {
            within_days: 7,
            last: 1,
            hourly: 0,
            daily: 7,
            weekly: 4,
            monthly: 12,
            yearly: 0,
            tags: Vec::new(),
        }
    }
}

/// `[redis]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct RedisSettings {
    url: SecretSource,
}

/// Where a secret stands: in the file itself, or elsewhere.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(
    untagged,
    deny_unknown_fields,
    expecting = "a text, { env = \"VARIABLE\" } or { file = \"PATH\" } is expected"
)]
enum SecretSource {
    Text(String),
    Variable { env: String },
    File { file: PathBuf },
}

impl std::fmt::Debug for SecretSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(_) => f.write_str("***"),
            Self::Variable { env } => write!(f, "env {env}"),
            Self::File { file } => write!(f, "file {}", file.display()),
        }
    }
}

impl SecretSource {
    /// The secret; `key` names the setting in the error. An empty one counts as absent.
    fn read(
        &self,
        key: &str,
        folder: &Path,
        environment: &BTreeMap<String, String>,
    ) -> Result<Secret> {
        let absent = |why: String| {
            Error::new(Code::SettingsInvalid, format!("`{FILE}`: `{key}` {why}"))
                .hint(format!("give it, or remove `{key}` from {FILE}"))
        };
        let text = match self {
            Self::Text(text) => text.clone(),
            Self::Variable { env } => environment
                .get(env)
                .cloned()
                .ok_or_else(|| absent(format!("names the variable {env}, which is not set")))?,
            Self::File { file } => small_text(&folder.join(file)).map_err(|e| {
                absent(format!("names the file `{}`, which cannot be read: {e}", file.display()))
            })?,
        };
        match text.trim() {
            "" => Err(absent("is empty".to_owned())),
            text => Ok(Secret::new(text)),
        }
    }
}

/// A whole file of at most [`MAX_BYTES`].
fn small_text(path: &Path) -> std::io::Result<String> {
    use std::io::Read as _;
    let mut text = String::new();
    std::fs::File::open(path)?.take(MAX_BYTES).read_to_string(&mut text)?;
    Ok(text)
}

/// `[policy]`; see `docs/reference/plan.md`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicySettings {
    /// Findings from this level on refuse a deploy; absent: none does.
    pub fail_on: Option<FailOn>,
    /// Rules that never refuse.
    #[serde(default)]
    pub allow: Vec<String>,
    /// Rules, or families of rules (`LOSS`), that refuse whatever their level, unless allowed.
    #[serde(default)]
    pub needs_allow: Vec<String>,
    /// For which deploys somebody has to have approved the plan.
    #[serde(default)]
    pub needs_approval: NeedsApproval,
    /// How long an approval is good for, in hours; 72 unless said otherwise.
    pub approval_valid_hours: Option<u32>,
}

/// From which level on a finding refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailOn {
    /// An error.
    Error,
    /// A warning or an error.
    Warning,
    /// Nothing.
    Never,
}

/// `[baseline]`; see `docs/reference/baseline.md`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaselineSettings {
    /// About migrations that change rows only.
    #[serde(default)]
    pub data_only: DataOnlyPolicy,
    /// About migrations that are half there.
    #[serde(default)]
    pub partial: PartialPolicy,
}

/// What to do about migrations that change rows only and have no probe that answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DataOnlyPolicy {
    /// Always ask.
    Ask,
    /// Assume that it ran where a later migration is in effect; ask otherwise.
    #[default]
    AssumeBeforeProven,
    /// Run it where all of its statements can be looked for, so that running it again changes
    /// nothing; ask otherwise.
    RunIfIdempotent,
}

/// What to do where a migration is half there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PartialPolicy {
    /// Run the statements that are missing.
    Complete,
    /// Ask.
    #[default]
    Ask,
}

/// `[migrate]`. Each key switches one difference from Prisma on or off; see
/// `engine::prisma::Switches`, whose fields have the same names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // Said there, once.
pub struct MigrateSettings {
    pub one_transaction: Option<bool>,
    pub restore_session: Option<bool>,
    pub refuse_unclosed: Option<bool>,
    pub read_all_first: Option<bool>,
    pub require_folder: Option<bool>,
    pub report: Option<bool>,
    pub status_failed_first: Option<bool>,
    pub baseline_proven: Option<bool>,
    pub wait_for_locks: Option<bool>,
}

impl Settings {
    /// The URL of `[redis]`, if the file has one. `folder` is where the file lies.
    ///
    /// # Errors
    /// UP-1009 when what it names is not there. It is for the caller to go on without.
    #[must_use]
    pub fn redis_url(
        &self,
        folder: &Path,
        environment: &BTreeMap<String, String>,
    ) -> Option<Result<Secret>> {
        self.redis.as_ref().map(|redis| redis.url.read("redis.url", folder, environment))
    }

    /// The key of `[backup]`, if the file has one. `folder` is where the file lies.
    ///
    /// # Errors
    /// UP-1009 when what it names is not there.
    pub fn backup_key(
        &self,
        folder: &Path,
        environment: &BTreeMap<String, String>,
    ) -> Result<Option<Secret>> {
        let key = self.backup.as_ref().and_then(|backup| backup.key.as_ref());
        key.map(|key| key.read("backup.key", folder, environment)).transpose()
    }

    /// What reads encrypted backups, if the file names it. That it is not on this machine is no error:
    /// the file is the same where backups are made and where they are read. `folder` is where the file
    /// lies.
    ///
    /// # Errors
    /// UP-1009 when it is there and is no identity of age; with the line, and nothing of its text.
    pub fn backup_identity(
        &self,
        folder: &Path,
        environment: &BTreeMap<String, String>,
    ) -> Result<Identity> {
        let source = self.backup.as_ref().and_then(|backup| backup.identity.as_ref());
        let Some(source) = source else { return Ok(Identity::Unnamed) };
        let mut file = FILE.to_owned();
        match source {
            SecretSource::Variable { env } if !environment.contains_key(env) => {
                return Ok(Identity::Absent(format!("the variable {env} is not set")));
            }
            SecretSource::File { file } if is_absent(&folder.join(file)) => {
                return Ok(Identity::Absent(format!("there is no file `{}`", file.display())));
            }
            SecretSource::File { file: named } => file = named.display().to_string(),
            SecretSource::Variable { .. } | SecretSource::Text(_) => {}
        }
        let text = source.read("backup.identity", folder, environment)?;
        Identity::parse(text).map_err(|line| {
            let words = "`backup.identity` is no identity of age (AGE-SECRET-KEY-1…)";
            let error = Error::new(Code::SettingsInvalid, format!("`{FILE}`: {words}"))
                .hint("make one: age-keygen -o identity.txt");
            match source {
                SecretSource::File { .. } if line > 0 => {
                    error.at(SourceLocation { file, line, column: 1, text: "***".to_owned() })
                }
                _ => error,
            }
        })
    }

    /// Reads the file of a working folder; `None` when there is none.
    ///
    /// # Errors
    /// UP-1009 with the place: it cannot be read, is not TOML, or has a key or value that is not
    /// known.
    pub fn read(folder: &Path) -> Result<Option<Self>> {
        let path = folder.join(FILE);
        let invalid = |why: &str| Error::new(Code::SettingsInvalid, format!("`{FILE}`: {why}"));
        match std::fs::metadata(&path) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(invalid("it cannot be read").caused_by(e)),
            Ok(about) if about.len() > MAX_BYTES => {
                return Err(invalid(&format!("it has more than {MAX_BYTES} bytes")));
            }
            Ok(_) => {}
        }
        let text = std::fs::read_to_string(&path)
            .map_err(|e| invalid("it cannot be read").caused_by(e))?;
        let settings: Self = toml::from_str(&text).map_err(|e| {
            let at = e.span().map_or(0, |span| span.start);
            let mut place = SourceLocation::at(FILE, &text, at);
            if may_hold_secret(&place.text) {
                let key = place.text.split_once('=').map(|(key, _)| format!("{key}= "));
                place.text = key.unwrap_or_default() + "***";
            }
            let why = match may_hold_secret(e.message()) {
                true => "a value of another kind belongs here",
                false => e.message(),
            };
            invalid(why).at(place).hint("the keys are in docs/reference/settings.md")
        })?;
        if settings.version != 1 {
            let words = format!("it has version {}, and this program knows 1", settings.version);
            return Err(invalid(&words).hint("write: version = 1"));
        }
        Ok(Some(settings))
    }
}

fn is_absent(path: &Path) -> bool {
    std::fs::metadata(path).is_err_and(|e| e.kind() == std::io::ErrorKind::NotFound)
}

/// A URL may hold a password, a key and an identity are secret, and an identity may stand where its
/// recipient belongs.
fn may_hold_secret(text: &str) -> bool {
    let names = text.rsplit_once('=').map_or("", |(names, _)| names);
    let mut names = names.split('=').map(str::trim_end);
    text.contains("://")
        || text.to_ascii_uppercase().contains("AGE-SECRET-KEY-")
        || names.any(|name| name.ends_with("key") || name.ends_with("identity"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Option<Settings>> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), text).unwrap();
        Settings::read(folder.path())
    }

    #[test]
    fn no_file_is_no_settings() {
        assert_eq!(Settings::read(tempfile::tempdir().unwrap().path()).unwrap(), None);
    }

    #[test]
    fn a_switch_that_is_not_named_is_none() {
        let settings = read("version = 1\n[migrate]\nbaseline_proven = false").unwrap().unwrap();
        assert_eq!(settings.migrate.baseline_proven, Some(false));
        assert_eq!(settings.migrate.report, None);
    }

    #[test]
    fn a_secret_stands_in_the_file_or_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("secret"), "redis://f\n").unwrap();
        let environment = BTreeMap::from([("R".to_owned(), "redis://v".to_owned())]);
        let url = |value: &str| {
            let settings = read(&format!("version = 1\n[redis]\nurl = {value}")).unwrap().unwrap();
            let url = settings.redis_url(folder.path(), &environment).unwrap();
            url.map(|secret| secret.expose().to_owned()).map_err(|e| e.message().to_owned())
        };
        assert_eq!(url("'redis://t'").unwrap(), "redis://t");
        assert_eq!(url("{ env = 'R' }").unwrap(), "redis://v");
        assert_eq!(url("{ file = 'secret' }").unwrap(), "redis://f");
        assert!(url("{ env = 'S' }").unwrap_err().contains("the variable S, which is not set"));
        assert!(url("{ file = 'none' }").unwrap_err().contains("cannot be read"));
        assert!(url("' '").unwrap_err().contains("is empty"));
        let without = read("version = 1").unwrap().unwrap();
        assert!(without.redis_url(folder.path(), &environment).is_none());
    }

    #[test]
    fn no_message_and_no_debug_output_shows_a_password() {
        for text in [
            "version = 1\n[redis]\nurl = 'redis://:hunter2@h' x",
            "version = 1\n[redis]\nurl = 'redis://:hunter2@h\n",
            "version = 1\n[redis]\nurl = { env = 'A', also = 'redis://:hunter2@h' }",
            "version = 1\n[redis]\nulr = 'redis://:hunter2@h'",
        ] {
            let error = read(text).unwrap_err();
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        }
        let settings = read("version = 1\n[redis]\nurl = 'redis://:hunter2@h'").unwrap();
        assert!(!format!("{settings:?}").contains("hunter2"));
    }

    #[test]
    fn baseline_has_its_own_words() {
        let text = "version = 1\n[baseline]\ndata_only = \"run-if-idempotent\"";
        let settings = read(text).unwrap().unwrap();
        assert_eq!(settings.baseline.data_only, DataOnlyPolicy::RunIfIdempotent);
        assert_eq!(settings.baseline.partial, PartialPolicy::Ask);
        let error = read("version = 1\n[baseline]\npartial = \"yes\"").unwrap_err();
        assert_eq!(error.location().map(|at| at.line), Some(3));
    }

    #[test]
    fn backup_names_its_key_and_what_is_kept() {
        let text = "version = 1\n[backup]\nkey = { env = 'K' }\nkeep = { daily = 30 }";
        let settings = read(text).unwrap().unwrap();
        let keep = &settings.backup.as_ref().unwrap().keep;
        assert_eq!((keep.daily, keep.monthly), (30, 12));
        let folder = Path::new("/");
        let absent = settings.backup_key(folder, &BTreeMap::new()).unwrap_err();
        assert_eq!(absent.code().id(), "UP-1009");
        let environment = BTreeMap::from([("K".to_owned(), "secret".to_owned())]);
        let key = settings.backup_key(folder, &environment).unwrap().unwrap();
        assert_eq!(key.expose(), "secret");
        assert_eq!(read("version = 1\n[backup]\nfodler = 'x'").unwrap_err().code().id(), "UP-1009");
    }

    #[test]
    fn recipients_and_identities_that_are_none_are_refused_and_not_shown() {
        let secret = "AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM0";
        for value in [
            "['age1hunter2']".to_owned(),
            format!("[\n'{secret}']"),
            format!("'{secret}'"),
            format!("['{secret}"),
        ] {
            let error = read(&format!("version = 1\n[backup]\nencrypt_to = {value}")).unwrap_err();
            assert_eq!(error.code(), Code::SettingsInvalid);
            assert!(error.location().is_some_and(|at| at.line >= 3), "{error:?}");
            assert!(!format!("{error:?}").contains("EGTZVFF"), "{error:?}");
        }
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("good"), format!("# a\n{secret}\n")).unwrap();
        std::fs::write(folder.path().join("bad"), "# a\nhunter2\n").unwrap();
        let environment = BTreeMap::from([("K".to_owned(), secret.to_owned())]);
        let of = |source: &str| {
            let text = format!("version = 1\n[backup]\nidentity = {source}");
            read(&text).unwrap().unwrap().backup_identity(folder.path(), &environment)
        };
        for good in ["{ file = 'good' }", "{ env = 'K' }"] {
            assert!(matches!(of(good).unwrap(), Identity::Here(_)), "{good}");
        }
        // The file of settings is shared; the identity is not.
        for absent in ["{ file = 'none' }", "{ env = 'N' }"] {
            assert!(matches!(of(absent).unwrap(), Identity::Absent(_)), "{absent}");
        }
        let error = of("{ file = 'bad' }").unwrap_err();
        let place = error.location().unwrap();
        assert_eq!(
            (error.code(), place.file.as_str(), place.line),
            (Code::SettingsInvalid, "bad", 2)
        );
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }

    #[test]
    fn what_is_not_known_is_refused_with_its_place() {
        let error = read("version = 1\n[migrate]\nreprot = true").unwrap_err();
        assert_eq!(error.code().id(), "UP-1009");
        assert_eq!(error.location().map(|at| at.line), Some(3));
        assert_eq!(read("version = 2").unwrap_err().code().id(), "UP-1009");
        assert_eq!(read("[migrate]").unwrap_err().code().id(), "UP-1009");
        assert_eq!(read("version = ").unwrap_err().code().id(), "UP-1009");
    }
}
