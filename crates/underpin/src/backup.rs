//! `underpin backup …`: arguments to requests, reports to output.

use underpin_core::backup::{Level, Replacing};
use underpin_core::config::{EvidenceKind, Occasion};
use underpin_core::engine::{self, AcceptRequest, CreateRequest, RestoreRequest};
use underpin_core::error::ExitStatus;
use underpin_core::{Code, Error, Result};

use crate::args::{Allowed, BackupVerb, Evidence, Global};
use crate::environment::Project;
use crate::output::{self, Printer};
use crate::protect;

/// Runs one of the verbs. Ends with 1 where a level that was asked for could not be reached.
pub(crate) async fn run(
    global: &Global,
    verb: &BackupVerb,
    printer: &Printer,
) -> Result<ExitStatus> {
    let project = Project::find(global)?;
    let backups = project.backups(global)?;
    let mut sink = printer.sink();
    let short = match verb {
        BackupVerb::Create { level, reason, tag, pin } => {
            let options = project.options(global, false, true)?;
            let request = CreateRequest {
                reason: Some(reason.clone()),
                tags: tag.clone(),
                pinned: *pin,
                level: level_of(*level)?,
            };
            let report = engine::backup_create(&options, &backups, &request, &mut *sink).await?;
            printer.result("underpin/backup@1", &report, || output::render_backup(&report));
            report.short
        }
        BackupVerb::Accept { kind, id, at, lsn, by, note } => {
            let options = project.options(global, false, true)?;
            let request = AcceptRequest {
                kind: kind_of(*kind),
                id: id.clone(),
                at: at.clone(),
                lsn: lsn.clone(),
                by: by.clone(),
                note: note.clone(),
            };
            let claim = engine::backup_accept(&options, &backups, &request, &mut *sink).await?;
            printer.result("underpin/claim@1", &claim, || output::render_claim(&claim));
            false
        }
        BackupVerb::List => {
            let report = engine::backup_list(&backups, &mut *sink).await?;
            printer.result("underpin/backups@1", &report, || output::render_backups(&report));
            false
        }
        BackupVerb::Copy { backup } => {
            let stop = crate::signals::stop();
            let report = engine::backup_copy(&backups, backup, &stop, &mut *sink).await?;
            printer.result("underpin/backup-copy@1", &report, || output::render_copied(&report));
            false
        }
        BackupVerb::Fetch { backup } => {
            let stop = crate::signals::stop();
            let report = engine::backup_fetch(&backups, backup, &stop, &mut *sink).await?;
            printer.result("underpin/backup@1", &report, || output::render_backup(&report));
            false
        }
        BackupVerb::Check { backup, level } => {
            // Asks the target nothing: a backup is proven where it lies.
            let options = project.options(global, false, true)?;
            let level = level_of(*level)?;
            let report =
                engine::backup_check(&options, &backups, backup, level, &mut *sink).await?;
            printer.result("underpin/backup@1", &report, || output::render_backup(&report));
            report.short
        }
        BackupVerb::Restore { backup, confirm, allow, dry_run } => {
            let mut options = project.options(global, true, *dry_run)?;
            options.guard.allowed |= allow.contains(&Allowed::Protected);
            let mut request = RestoreRequest {
                backup: backup.clone(),
                replacing: Replacing {
                    confirmed: confirm.clone(),
                    allow_replace: allow.contains(&Allowed::ReplaceDatabase),
                    allow_foreign: allow.contains(&Allowed::ForeignBackup),
                    dry_run: *dry_run,
                },
                allow_unsaved: allow.contains(&Allowed::UnsavedDatabase),
            };
            // The name is typed once: it is asked for a live database below, and counts here.
            options.guard.confirmed.clone_from(confirm);
            let mut result = engine::backup_restore(&options, &backups, &request, &mut *sink).await;
            if let Err(error) = &result
                && matches!(error.code(), Code::RestoreUnconfirmed | Code::EnvironmentProtected)
                && !matches!(options.guard.occasion, Occasion::Preview(_))
                && confirm.is_none()
                && let Some(typed) = protect::typed(error)
            {
                options.guard.confirmed = Some(typed.clone());
                request.replacing.confirmed = Some(typed);
                result = engine::backup_restore(&options, &backups, &request, &mut *sink).await;
            }
            let report = result?;
            printer.result("underpin/restore@1", &report, || output::render_restore(&report));
            false
        }
        BackupVerb::Prune { dry_run } => {
            let options = project.options(global, false, *dry_run)?;
            let report = engine::backup_prune(&options, &backups, &mut *sink).await?;
            printer.result("underpin/prune@1", &report, || output::render_prune(&report));
            false
        }
        BackupVerb::Pin { backup, off } => {
            let report = engine::backup_pin(&backups, backup, !*off, &mut *sink).await?;
            printer.result("underpin/backup@1", &report, || output::render_backup(&report));
            false
        }
    };
    Ok(if short { ExitStatus::Failed } else { ExitStatus::Success })
}

fn kind_of(kind: Evidence) -> EvidenceKind {
    match kind {
        Evidence::BaseBackup => EvidenceKind::BaseBackup,
        Evidence::Snapshot => EvidenceKind::Snapshot,
        Evidence::Branch => EvidenceKind::Branch,
        Evidence::RestorePoint => EvidenceKind::RestorePoint,
    }
}

fn level_of(number: u8) -> Result<Level> {
    Level::try_from(number).map_err(|words| Error::new(Code::Usage, words))
}
