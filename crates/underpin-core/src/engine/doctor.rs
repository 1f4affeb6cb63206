//! `doctor`: everything around the database that a migration depends on. Reads only.
//!
//! Each check has a limit on its time, and one that fails or hangs hides none of the others.

use std::future::Future;
use std::time::Duration;

use super::backup::backups_here;
use super::{BackupOptions, Options, StatusReport, status, verify};
use crate::coordinate;
use crate::doctor::{
    Finding, Level, Questions, backups, connection, count, disk, extensions, history, privileges,
    replication, sessions, slots, tools,
};
use crate::error::{Code, Result};
use crate::event::Silent;
use crate::journal;
use crate::migrations::MigrationFolder;
use crate::postgres::{Queryable as _, ServerVersion, Session, SqlError};

/// The limit of a check.
const LIMIT: Duration = Duration::from_secs(6);
/// The limit of the comparison with a replay of the folder.
const DRIFT_LIMIT: Duration = Duration::from_secs(60);

/// What to look at beside the database.
#[derive(Debug, Clone)]
pub struct DoctorRequest {
    /// Where backups are, or why that cannot be told.
    pub backup: Result<BackupOptions>,
    /// `underpin.toml` has a section `[backup]`.
    pub backup_configured: bool,
    /// A transaction of this age is in the way.
    pub long_transaction: Duration,
    /// Whether the catalog is compared with a replay of the folder, which takes longest.
    pub drift: bool,
}

impl DoctorRequest {
    /// No backups, a minute for transactions, everything looked at.
    #[must_use]
    pub fn new(backup: Result<BackupOptions>) -> Self {
        let long_transaction = Duration::from_secs(60);
        Self { backup, backup_configured: false, long_transaction, drift: true }
    }
}

/// What was found.
#[derive(Debug, Clone, serde::Serialize)]
pub struct DoctorReport {
    /// Findings that make a deploy fail.
    pub errors: usize,
    /// Findings that may hold it up.
    pub warnings: usize,
    /// What could not be looked at.
    pub unchecked: usize,
    /// In the order of the checks.
    pub findings: Vec<Finding>,
}

/// Looks at everything. Never fails: what cannot be looked at is a finding.
pub async fn doctor(options: &Options, request: &DoctorRequest) -> DoctorReport {
    let mut visit = Visit { options, session: None, gone: false, findings: Vec::new() };
    let version = visit.server().await;
    let folder = MigrationFolder::read(&options.folder);
    if version.is_some() {
        visit.database(request.long_transaction).await;
        let wanted = folder.as_ref().map(extensions::of_folder).unwrap_or_default();
        visit.extensions(wanted).await;
    }
    let Visit { mut findings, session, .. } = visit;
    // A role may have few sessions.
    drop(session);
    findings.extend(tools::judge(version, &options.scratch));
    findings.extend(redis(options).await);
    findings.push(newest_backup(request));
    match &folder {
        Ok(folder) => {
            let words = format!(
                "{} in {}",
                count(folder.migrations.len(), "migration"),
                folder.path.display()
            );
            let remarks = folder.remarks.iter().map(ToString::to_string);
            findings.push(Finding::ok("folder", words).details(remarks));
        }
        Err(error) => {
            let finding = Finding::error("folder", error.message());
            let finding = error.hints().iter().fold(finding, |f, hint| f.remedy(hint.clone()));
            findings.push(finding.remedy(format!("underpin explain {}", error.code())));
        }
    }
    if version.is_some() && folder.is_ok() {
        findings.extend(recorded(options, request).await);
    }
    let of = |level| findings.iter().filter(|f: &&Finding| f.level == level).count();
    let (errors, warnings, unchecked) =
        (of(Level::Error), of(Level::Warning), of(Level::Unchecked));
    DoctorReport { errors, warnings, unchecked, findings }
}

/// The checks that ask the server, over one session that is opened again when a check hangs.
struct Visit<'a> {
    options: &'a Options,
    session: Option<Session>,
    /// It could not be opened again: nothing more is asked.
    gone: bool,
    findings: Vec<Finding>,
}

impl Visit<'_> {
    /// The connection itself; the server's version, when there is one.
    async fn server(&mut self) -> Option<ServerVersion> {
        let target = &self.options.target;
        let session = match target.connect().await {
            Ok(session) => session,
            Err(error) => {
                self.findings.push(connection::failed(&error));
                return None;
            }
        };
        let version = session.version();
        let pooled = async {
            let second = target.connect().await.ok()?;
            tokio::time::timeout(LIMIT, coordinate::pooled(&session, &second)).await.ok()?.ok()
        };
        let pooled = pooled.await;
        self.session = Some(session);
        let direct = coordinate::direct_hint(target);
        self.check("connection", async |ask| {
            let facts = connection::read(ask).await?;
            Ok(connection::judge(&facts, pooled, &direct, target))
        })
        .await;
        Some(version)
    }

    async fn database(&mut self, long: Duration) {
        let target = &self.options.target;
        self.check("slots", async |ask| Ok(slots::judge(&slots::read(ask).await?, target))).await;
        self.check("privileges", async |ask| {
            Ok(privileges::judge(&privileges::read(ask).await?, target))
        })
        .await;
        self.check("transactions", async |ask| {
            Ok(sessions::judge(&sessions::read(ask, long).await?, long, target))
        })
        .await;
        self.check("replication", async |ask| {
            Ok(replication::judge(&replication::read(ask).await?, target))
        })
        .await;
        self.check("disk", async |ask| Ok(vec![disk::judge(&disk::read(ask).await?, target)]))
            .await;
    }

    async fn extensions(&mut self, wanted: Vec<(String, String)>) {
        let target = &self.options.target;
        self.check("extensions", async |ask| {
            let major = ask.major();
            let needed = extensions::read(ask, wanted.clone()).await?;
            Ok(extensions::judge(&needed, major, target))
        })
        .await;
    }

    /// One check, [`LIMIT`] at most.
    async fn check<W>(&mut self, name: &'static str, work: W)
    where
        W: AsyncFnOnce(Questions<'_>) -> std::result::Result<Vec<Finding>, SqlError>,
    {
        if self.options.stop.is_requested() {
            return self.findings.push(Finding::unchecked(name, "stopped on request"));
        }
        if self.session.as_ref().is_none_or(Session::is_closed) && !self.gone {
            self.session = self.options.target.connect().await.ok();
            self.gone = self.session.is_none();
        }
        let Some(session) = &self.session else {
            return self.findings.push(Finding::unchecked(name, "the connection was lost"));
        };
        let asked = work(Questions::new(session, &self.options.target));
        match tokio::time::timeout(LIMIT, asked).await {
            Ok(Ok(findings)) => self.findings.extend(findings),
            Ok(Err(error)) => self.findings.push(
                Finding::unchecked(name, error.to_string())
                    .remedy(explained(error.sqlstate.as_deref())),
            ),
            Err(_) => {
                let words = format!("no answer within {} s", LIMIT.as_secs());
                self.findings.push(Finding::unchecked(name, words));
                // Where the next answer begins is not known any more.
                self.session = None;
            }
        }
    }
}

fn explained(sqlstate: Option<&str>) -> String {
    format!("underpin explain {}", sqlstate.unwrap_or("UP-1105"))
}

/// Folder, history and catalog against one another.
async fn recorded(options: &Options, request: &DoctorRequest) -> Vec<Finding> {
    let report = match within(LIMIT * 2, status(options, &mut Silent)).await {
        Some(Ok(report)) => report,
        Some(Err(error)) => {
            let finding = Finding::error("history", error.message());
            return vec![finding.remedy(format!("underpin explain {}", error.code()))];
        }
        None => return vec![Finding::unchecked("history", "no answer in time")],
    };
    let mut findings = history::judge(&facts(&report, broken_journal(options).await));
    if request.drift && report.history_exists && report.failed.is_empty() {
        findings.push(match within(DRIFT_LIMIT, verify(options, &mut Silent)).await {
            Some(Ok(report)) => history::drift(report.facts, &report.lines),
            Some(Err(error)) => history::drift_unchecked(&error),
            None => Finding::unchecked(
                "drift",
                format!("the replay takes longer than {} s", DRIFT_LIMIT.as_secs()),
            )
            .remedy("underpin verify"),
        });
    }
    findings
}

/// Boxed: the verbs are large, and this one stands in a thread's stack too.
async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(limit, Box::pin(work)).await.ok()
}

fn facts(report: &StatusReport, broken_journal: Option<i64>) -> history::Facts {
    let failed = |heals: bool| {
        let found = report.failed.iter().filter(|failed| failed.heals == heals);
        found.map(|failed| failed.name.clone()).collect()
    };
    history::Facts {
        exists: report.history_exists,
        unmanaged_objects: report.unmanaged_objects,
        applied: report.applied.len(),
        pending: report.pending.len(),
        failed: failed(false),
        healing: failed(true),
        missing: report
            .missing_from_folder
            .iter()
            .filter(|name| report.failed.iter().all(|failed| failed.name != **name))
            .cloned()
            .collect(),
        edited: report.edited.clone(),
        out_of_order: report.out_of_order.clone(),
        broken_journal,
    }
}

/// The first entry of our journal that does not follow, where there is a journal that can be read.
async fn broken_journal(options: &Options) -> Option<i64> {
    let session = options.target.connect().await.ok()?;
    if !journal::exists(&session).await.ok()? {
        return None;
    }
    journal::broken_link(&session).await.ok()?
}

async fn redis(options: &Options) -> Option<Finding> {
    const CHECK: &str = "redis";
    let finding = match options.redis.as_ref()? {
        Err(error) => {
            Finding::warning(CHECK, error.message()).remedy("underpin config show --origin")
        }
        Ok(url) => match coordinate::answers(url).await {
            Ok(()) => Finding::ok(CHECK, "it answers"),
            Err(why) => {
                Finding::warning(CHECK, format!("{why}; deploys go on without it and poll"))
                    .remedy("redis-cli -u \"$REDIS_URL\" PING")
            }
        },
    };
    Some(finding)
}

fn newest_backup(request: &DoctorRequest) -> Finding {
    let unreadable = |error: &crate::Error| {
        Finding::warning("backup", error.message())
            .remedy(format!("underpin explain {}", error.code()))
    };
    let backup = match &request.backup {
        Ok(backup) => backup,
        // Nothing is configured and there is no home: nothing is expected either.
        Err(_) if !request.backup_configured => return backups::judge(None, false),
        Err(error) => return unreadable(error),
    };
    let list = match backups_here(backup) {
        Ok(list) => list,
        Err(error) if error.code() == Code::BackupsUnusable && !request.backup_configured => {
            return backups::judge(None, false);
        }
        Err(error) => return unreadable(&error),
    };
    let newest = list.backups.last().map(|entry| {
        let taken = entry.backup.as_ref().and_then(|b| b.taken_at.parse::<jiff::Timestamp>().ok());
        let seconds =
            taken.map_or(0, |taken| jiff::Timestamp::now().as_second() - taken.as_second());
        backups::Newest {
            name: entry.name.clone(),
            age_seconds: u64::try_from(seconds).unwrap_or(0),
            level: entry.backup.as_ref().and_then(|b| b.level),
            fault: entry.fault.clone(),
        }
    });
    backups::judge(newest.as_ref(), request.backup_configured)
}
