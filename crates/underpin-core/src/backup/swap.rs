//! The way back: a backup restored into a new database, compared, and swapped in by two renames in one
//! transaction; the old database is kept under another name.
//!
//! Facts: `ALTER DATABASE … RENAME` is transactional, takes a lock that new sessions of the database
//! wait for, and waits 5 s for its sessions to leave (measured on 15; `RenameDatabase`). Until the
//! swap nothing of the live database is touched.

use std::time::{Duration, Instant};

use super::dump::DATABASE;
use super::files;
use super::loss::{LossPreview, preview};
use super::manifest::Manifest;
use super::place::{self, Restore, Restored};
use super::store::Store;
use super::{BackupName, Step, Tell, Tools, encryption, query_failed};
use crate::error::{Changed, Code, Error, Result};
use crate::journal;
use crate::postgres::{ConnectionSettings, Queryable as _, Session, identifier, literal};

/// Databases from which others are renamed.
const MAINTENANCE_DATABASES: [&str; 3] = ["postgres", "template1", "defaultdb"];
/// How often the swap is tried while sessions come back.
const SWAPS_MAX: usize = 5;
/// PostgreSQL's names are cut there (`NAMEDATALEN`).
const NAME_BYTES_MAX: usize = 63;

/// What a restore may replace.
#[derive(Debug, Clone, Default)]
pub struct Replacing {
    /// The name of the live database, as a person typed it.
    pub confirmed: Option<String>,
    /// A live database may be replaced without its name.
    pub allow_replace: bool,
    /// The backup may be of another database or server.
    pub allow_foreign: bool,
    /// Say what would be done.
    pub dry_run: bool,
}

/// What a restore did.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Swapped {
    /// The backup.
    pub backup: String,
    /// The database that has its contents now.
    pub database: String,
    /// The name under which the old database is kept; `None` when there was none.
    pub kept_as: Option<String>,
    /// What the old one had been written since, and does not have any more.
    pub loss: LossPreview,
    /// Tables compared by their digests.
    pub tables: usize,
    /// Rows in them.
    pub rows: u64,
    /// Nothing was changed.
    pub dry_run: bool,
    /// From the start of the restore to the swap.
    pub milliseconds: u64,
    /// How long sessions of the old database were kept out.
    pub swap_milliseconds: u64,
}

/// Restores a backup as the target's database.
///
/// `save` makes a backup of what is live; it is called once, before anything else is done, if there
/// is a live database.
///
/// # Errors
/// UP-6005, UP-6006, UP-6009, UP-6010, UP-6013, UP-6021, UP-6022 before anything is done; UP-6008 when the restored
/// copy is not what was dumped: it is removed, and the live database is as before.
pub async fn restore<F>(
    target: &ConnectionSettings,
    tools: &Tools,
    name: &BackupName,
    replacing: &Replacing,
    save: F,
    tell: Tell<'_>,
) -> Result<Swapped>
where
    F: AsyncFnOnce(Tell<'_>) -> Result<()>,
{
    let begun = Instant::now();
    let store = Store::new(tools.folder.clone(), tools.key.clone());
    let manifest = store.read(name)?;
    let admin = maintenance(target).await?;
    let live = live_database(&admin, target).await?;
    refuse_foreign(&admin, &manifest, target, replacing).await?;
    let loss = match live {
        true => {
            let session = target.connect().await?;
            refuse_unconfirmed(&session, target, replacing).await?;
            preview(&session, &manifest).await?
        }
        false => LossPreview { since: manifest.begun_at.clone(), tables: Vec::new() },
    };
    let mut report = Swapped {
        backup: name.to_string(),
        database: target.database().to_owned(),
        kept_as: None,
        loss,
        tables: manifest.tables.len(),
        rows: manifest.tables.iter().map(|table| table.rows).sum(),
        dry_run: replacing.dry_run,
        milliseconds: 0,
        swap_milliseconds: 0,
    };
    if replacing.dry_run {
        return Ok(report);
    }
    encryption::readable(tools, &manifest)?;
    tell(Step::Begun("check"));
    let folder = store.folder_of(name);
    files::check_files(&folder, &manifest, &mut |_| {}, &|| tools.stop.is_requested())?;
    let opened = encryption::open(tools, &manifest, tell).await?;
    if live {
        save(tell).await?;
    }
    let stamp = stamp();
    let side = Side {
        admin: &admin,
        target: target.with_database(&named(target.database(), &format!("restore_{stamp}"))),
        tools,
        manifest: &opened.manifest,
        folder: &opened.folder,
    };
    side.create().await?;
    let kept = live.then(|| named(target.database(), &format!("before_{stamp}")));
    let swapped = async {
        super::or_stopped(tools, "the restore", side.fill(tell)).await?;
        side.settle(target, live).await?;
        side.swap(target.database(), kept.as_deref()).await
    };
    match swapped.await {
        Ok(took) => report.swap_milliseconds = super::dump::milliseconds(took),
        Err(error) => {
            side.remove().await;
            return Err(error);
        }
    }
    report.kept_as = kept;
    report.milliseconds = super::dump::milliseconds(begun.elapsed());
    Ok(report)
}

async fn maintenance(target: &ConnectionSettings) -> Result<Session> {
    let mut last = None;
    for name in MAINTENANCE_DATABASES.iter().filter(|name| **name != target.database()) {
        match target.with_database(name).connect().await {
            Ok(session) => return Ok(session),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| Error::new(Code::Internal, "no database to work from")))
}

async fn live_database(admin: &Session, target: &ConnectionSettings) -> Result<bool> {
    let sql = format!(
        "SELECT 1 FROM pg_catalog.pg_database WHERE datname = {}",
        literal(target.database())
    );
    let found = admin.value(&sql).await;
    found
        .map(|value| value.is_some())
        .map_err(|e| query_failed(Code::RestoreFailed, "looking for the database", &e))
}

/// The backup has to be of this server and of a database of this name, and not of a newer major.
async fn refuse_foreign(
    admin: &Session,
    manifest: &Manifest,
    target: &ConnectionSettings,
    replacing: &Replacing,
) -> Result<()> {
    let (from, to) = (manifest.origin.server, admin.version());
    if from.major() > to.major() {
        let words = format!("the backup is of PostgreSQL {from}, and the server is {to}");
        return Err(Error::new(Code::BackupNewer, words).hint("restore it on the same major"));
    }
    if replacing.allow_foreign {
        return Ok(());
    }
    let sql = "SELECT system_identifier::text FROM pg_catalog.pg_control_system()";
    let system = admin
        .value(sql)
        .await
        .map_err(|e| query_failed(Code::RestoreFailed, "reading the system identifier", &e))?;
    let foreign = |words: String| {
        Err(Error::new(Code::BackupForeign, words)
            .hint("if that is meant: add --allow foreign-backup"))
    };
    if manifest.origin.database != target.database() {
        return foreign(format!(
            "the backup is of the database `{}`, and the target is `{}`",
            manifest.origin.database,
            target.database()
        ));
    }
    if system.as_deref() != Some(manifest.origin.system_identifier.as_str()) {
        return foreign("the backup was made on another server (system identifier)".to_owned());
    }
    Ok(())
}

/// A database with anything of ours or an application's in it is live.
async fn refuse_unconfirmed(
    session: &Session,
    target: &ConnectionSettings,
    replacing: &Replacing,
) -> Result<()> {
    if replacing.allow_replace || replacing.dry_run {
        return Ok(());
    }
    let name = target.database();
    if replacing.confirmed.as_deref() == Some(name) {
        return Ok(());
    }
    let sql = "SELECT EXISTS (SELECT FROM pg_catalog.pg_class WHERE oid >= 16384)";
    let value = session.value(sql).await;
    let value =
        value.map_err(|e| query_failed(Code::RestoreFailed, "looking at the database", &e))?;
    if value.as_deref() == Some("f") {
        return Ok(());
    }
    let words = match &replacing.confirmed {
        Some(other) => format!("`{other}` is not the name of the database that would be replaced"),
        None => format!("the database `{name}` is live and would be replaced"),
    };
    Err(Error::new(Code::RestoreUnconfirmed, words)
        .hint("see what would be lost: underpin backup restore BACKUP --dry-run")
        .hint("type its name: --confirm NAME, or waive it: --allow replace-database"))
}

fn stamp() -> String {
    let at = BackupName::new("", jiff::Timestamp::now(), "");
    let parts: Vec<&str> = at.as_str().split('_').skip(1).take(2).collect();
    parts.join("_")
}

/// `database_suffix`, with the first part cut where the whole would be too long.
fn named(database: &str, suffix: &str) -> String {
    let mut room = (NAME_BYTES_MAX - suffix.len() - 1).min(database.len());
    while !database.is_char_boundary(room) {
        room -= 1;
    }
    format!("{}_{suffix}", &database[..room])
}

/// The new database, before it has its name.
struct Side<'a> {
    admin: &'a Session,
    target: ConnectionSettings,
    tools: &'a Tools,
    manifest: &'a Manifest,
    folder: &'a std::path::Path,
}

impl Side<'_> {
    fn failed(doing: &str, e: &crate::postgres::SqlError) -> Error {
        let error = query_failed(Code::RestoreFailed, doing, e);
        match e.sqlstate.as_deref() {
            Some("42501") => error.hint("restore as a role with CREATEDB that owns the database"),
            _ => error,
        }
    }

    /// Makes it, with the locale of the origin.
    async fn create(&self) -> Result<()> {
        let origin = &self.manifest.origin;
        let mut sql = format!(
            "CREATE DATABASE {} TEMPLATE template0 ENCODING {} LC_COLLATE {} LC_CTYPE {}",
            identifier(self.target.database()),
            literal(&origin.encoding),
            literal(&origin.collate),
            literal(&origin.ctype)
        );
        if let Some((provider, locale)) = &origin.provider {
            let option = if provider == "icu" { "ICU_LOCALE" } else { "BUILTIN_LOCALE" };
            sql += &format!(" LOCALE_PROVIDER {provider} {option} {}", literal(locale));
        }
        let made = self.admin.simple_query(&sql).await;
        made.map(drop).map_err(|e| Self::failed("making the new database", &e))
    }

    async fn remove(&self) {
        let name = identifier(self.target.database());
        let sql = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
        let _left = self.admin.simple_query(&sql).await;
    }

    /// Restores into it and compares every table.
    async fn fill(&self, tell: Tell<'_>) -> Result<()> {
        tell(Step::Begun("restore"));
        let restore = Restore {
            manifest: self.manifest,
            folder: self.folder,
            tools: self.tools,
            target: &self.target,
            on_scratch: false,
        };
        let errors = restore.run(tell).await?;
        let removed = "the live database was not touched, and the new one is removed";
        if !errors.is_empty() {
            return Err(Error::new(Code::RestoreFailed, "the server did not accept the dump")
                .details(errors.into_iter().take(10))
                .hint(removed));
        }
        tell(Step::Begun("compare"));
        let session = self.target.connect().await?;
        let restored = Restored::new(&self.target, None, self.tools.jobs);
        let mut faults = place::compare_tables(&restored, self.manifest, true, tell).await?;
        faults.extend(place::compare_sequences(&session, &self.manifest.sequences).await?);
        faults.extend(place::compare_large_objects(&session, self.manifest).await?);
        if faults.is_empty() {
            let analyze = session.simple_query("ANALYZE").await;
            return analyze.map(drop).map_err(|e| Self::failed("ANALYZE", &e));
        }
        Err(Error::new(Code::RestoreFailed, "the restored database is not what was dumped")
            .details(faults.into_iter().take(20))
            .hint(removed))
    }

    /// What is not in the dump: settings and rights of the database itself; and what must not be
    /// believed of it: the lease. Its token becomes larger than every one that was given out, so
    /// that a run which was in progress is rejected, whichever database it finds.
    async fn settle(&self, live: &ConnectionSettings, is_live: bool) -> Result<()> {
        let bytes = std::fs::read(self.folder.join(DATABASE)).unwrap_or_default();
        let statements: Vec<String> = serde_json::from_slice(&bytes).unwrap_or_default();
        let name = identifier(self.target.database());
        let owner =
            format!("ALTER DATABASE {name} OWNER TO {}", identifier(&self.manifest.origin.owner));
        let _owner_is_gone = self.admin.simple_query(&owner).await;
        for statement in statements {
            let sql = statement.replacen(":database", &name, 1);
            self.admin
                .simple_query(&sql)
                .await
                .map_err(|e| Self::failed("setting the database up", &e))?;
        }
        let session = self.target.connect().await?;
        if !journal::exists(&session).await.unwrap_or(false) {
            return Ok(());
        }
        let token = "SELECT token::text FROM underpin.lease";
        let mut given = 0_i64;
        if is_live && let Ok(session) = live.connect().await {
            let found = session.value(token).await.ok().flatten();
            given = found.and_then(|n| n.parse().ok()).unwrap_or(0);
        }
        let sql = format!(
            "UPDATE underpin.lease SET token = greatest(token, {given}) + 1, run = NULL, expires_at = NULL"
        );
        session
            .simple_query(&sql)
            .await
            .map(drop)
            .map_err(|e| Self::failed("freeing the lease", &e))
    }

    /// Both renames in one transaction. Sessions of the old database are ended.
    async fn swap(&self, name: &str, kept: Option<&str>) -> Result<Duration> {
        let side = self.target.database();
        let rename = |from: &str, to: &str| {
            format!("ALTER DATABASE {} RENAME TO {};\n", identifier(from), identifier(to))
        };
        let end = |names: &[&str]| {
            let list = names.iter().map(|name| literal(name)).collect::<Vec<_>>().join(", ");
            format!(
                "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity \
                 WHERE datname IN ({list}) AND pid <> pg_catalog.pg_backend_pid();\n"
            )
        };
        let (ends, first) = match kept {
            Some(kept) => (end(&[side, name]), rename(name, kept)),
            None => (end(&[side]), String::new()),
        };
        let sql = format!("BEGIN;\n{ends}{first}{}COMMIT", rename(side, name));
        let begun = Instant::now();
        let mut last = None;
        for _ in 0..SWAPS_MAX {
            match self.admin.simple_query(&sql).await {
                Ok(_) => return Ok(begun.elapsed()),
                Err(e) => {
                    let _undone = self.admin.simple_query("ROLLBACK").await;
                    if e.connection_lost {
                        return self.look_up(name, kept, begun).await;
                    }
                    // object_in_use: sessions came back in between.
                    if !e.is("55006") {
                        return Err(Self::failed("the swap", &e));
                    }
                    last = Some(e);
                }
            }
        }
        let error = Error::new(Code::RestoreFailed, "the old database is in use again and again");
        let error = last.map_or(error.clone(), |e| error.clone().caused_by(e));
        Err(error.hint("stop the application, then run the same command again"))
    }

    /// The connection was lost around the commit: the names tell.
    async fn look_up(&self, name: &str, kept: Option<&str>, begun: Instant) -> Result<Duration> {
        let unknown = || {
            Error::new(Code::ConnectionLost, "the connection was lost during the swap").changed(
                Changed::Unknown {
                    what: format!(
                        "either `{name}` is the restored database already, or it is still `{}`",
                        self.target.database()
                    ),
                },
            )
        };
        let admin = maintenance(&self.target).await.map_err(|_| unknown())?;
        let side = live_database(&admin, &self.target).await.map_err(|_| unknown())?;
        match (side, kept) {
            (false, _) => Ok(begun.elapsed()),
            (true, _) => {
                Err(Error::new(Code::ConnectionLost, "the connection was lost during the swap")
                    .hint("nothing was swapped; run the same command again"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_cut_to_what_postgresql_keeps() {
        assert_eq!(named("shop", "before_1"), "shop_before_1");
        let long = named(&"ä".repeat(40), "before_20260214_103000");
        assert!(long.len() <= NAME_BYTES_MAX && long.ends_with("_before_20260214_103000"));
    }
}
