//! What a rehearsal has shown is known to the plan, to the deploy after it, and to the backup.

use underpin_core::backup::Level;
use underpin_core::config::BeforeDeploy;
use underpin_core::engine::{self, BackupBefore, CreateRequest, PlanRequest};
use underpin_core::error::Code;
use underpin_core::event::Silent;
use underpin_core::rehearse::kept;
use underpin_sql::finding::Severity;

use super::{Stage, last, newest, sample};

/// 60 000 rows, and a migration that the rules warn of for what it would do on more.
async fn stage(major: u32) -> Stage {
    let stage = Stage::new(major).await;
    stage.add(0, "CREATE TABLE big (id int PRIMARY KEY, n int, t text);\nCREATE TABLE other (id int PRIMARY KEY)");
    stage.deploy().await;
    stage.database.run("INSERT INTO big SELECT i, i, repeat(md5(i::text), 8) FROM generate_series(1, 60000) i; ANALYZE").await;
    stage.add(1, "ALTER TABLE big ALTER COLUMN id TYPE bigint;\nALTER TABLE big ALTER COLUMN n SET NOT NULL;\n");
    stage
}

async fn plan(stage: &Stage) -> engine::PlanReport {
    engine::plan(&stage.options, &PlanRequest::default(), &mut Silent).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn measured_facts_take_the_place_of_predicted_ones() {
    let Some(major) = newest() else { return };
    let stage = stage(major).await;
    let before = plan(&stage).await;
    assert!(before.rehearsal.is_none() && before.migrations[0].statements[0].measured.is_none());
    // A sample shows locks and files, not times.
    stage.rehearse(sample(100)).await.unwrap();
    let sampled = plan(&stage).await;
    let first = &sampled.migrations[0].statements[0];
    assert_eq!(first.measured.as_ref().unwrap().scaled_ms, None);
    assert_eq!(first.predicted, before.migrations[0].statements[0].predicted);
    // Of all rows it shows times, and they grow with the table.
    let report = stage.rehearse(last()).await.unwrap();
    stage.database.run("INSERT INTO big SELECT i, i, repeat(md5(i::text), 8) FROM generate_series(60001, 120000) i; ANALYZE big").await;
    let after = plan(&stage).await;
    let migration = &after.migrations[0];
    let measured = migration.statements[0].measured.as_ref().unwrap();
    let growth = measured.scaled_ms.unwrap() / measured.on_copy.milliseconds;
    assert!((1.9..2.1).contains(&growth), "{measured:?}");
    let predicted = migration.statements[0].predicted.unwrap();
    assert!(
        predicted.holds(std::time::Duration::from_secs_f64(measured.scaled_ms.unwrap() / 1000.0))
    );
    let window = migration.windows.iter().find(|w| w.relation == "big").unwrap();
    assert!(window.measured && window.mode == "AccessExclusiveLock", "{window:?}");
    let rewrite =
        migration.findings.iter().find(|f| f.rule == "REWRITE-ALTER-COLUMN-TYPE").unwrap();
    assert!(rewrite.fact.contains("measured on the copy of"), "{rewrite:?}");
    // What was rehearsed is named by its state: another file, another rehearsal.
    assert_eq!(after.rehearsal.as_ref().unwrap().at, report.record.as_ref().unwrap().at);
    stage.add(2, "CREATE TABLE later ()");
    assert!(plan(&stage).await.rehearsal.is_none());
    let path = std::path::PathBuf::from(report.kept_as.as_ref().unwrap());
    let request =
        PlanRequest { rehearsal: Some(kept::read(&path).unwrap()), ..PlanRequest::default() };
    let error = engine::plan(&stage.options, &request, &mut Silent).await.unwrap_err();
    assert_eq!(error.code(), Code::RehearsalStale);
    std::fs::write(&path, "{}").unwrap();
    assert_eq!(kept::read(&path).unwrap_err().code(), Code::PlanUnreadable);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_on_the_copy_is_refused_by_the_policy() {
    let Some(major) = newest() else { return };
    let mut stage = stage(major).await;
    stage.add(1, "ALTER TABLE other ADD COLUMN a int;\nALTER TABLE big ADD CHECK (n < 60000) NOT VALID;\nALTER TABLE big VALIDATE CONSTRAINT big_n_check;\n");
    assert!(!stage.rehearse(last()).await.unwrap().passed);
    let planned = plan(&stage).await;
    assert!(planned.has(Severity::Error) && planned.failed_on_copy().unwrap().code == "UP-4101");
    stage.options.gate.fail_on = Some(Severity::Error);
    stage.options.gate.allow = planned.report.findings().map(|(_, f)| f.rule.to_owned()).collect();
    let error = engine::deploy(&stage.options, &mut Silent).await.unwrap_err();
    assert_eq!(error.code(), Code::PolicyRefused);
    assert!(error.message().contains("failed on a copy"), "{error:?}");
}

/// What production took stands beside what was said, in the report and in the journal.
#[tokio::test(flavor = "multi_thread")]
async fn a_deploy_is_compared_with_its_rehearsal() {
    let Some(major) = newest() else { return };
    let stage = stage(major).await;
    stage.rehearse(last()).await.unwrap();
    let report = engine::deploy(&stage.options, &mut Silent).await.unwrap();
    let [timing] = report.timings.as_slice() else { panic!("{report:?}") };
    let rehearsed = timing.rehearsed_ms.unwrap();
    assert!(timing.predicted.is_some() && rehearsed > 1.0, "{timing:?}");
    #[allow(clippy::cast_precision_loss)]
    let ratio = timing.took_ms as f64 / rehearsed;
    assert!((timing.ratio.unwrap() - ratio).abs() < 0.1 * ratio + 0.02, "{timing:?}");
    let kept = "SELECT detail::jsonb -> 0 ->> 'took_ms' FROM underpin.journal WHERE kind = 'timed' ORDER BY seq DESC LIMIT 1";
    assert_eq!(stage.database.value(kept).await, Some(timing.took_ms.to_string()));
    let session = stage.options.target.connect().await.unwrap();
    assert_eq!(underpin_core::journal::broken_link(&session).await.unwrap(), None);
}

/// Level 6: what is pending ran on the restored copy, and the time to have it back is kept.
#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_drilled_with_what_is_pending() {
    let Some(major) = newest() else { return };
    let stage = stage(major).await;
    let create = async |level| {
        let request = CreateRequest { reason: None, tags: Vec::new(), pinned: false, level };
        engine::backup_create(&stage.options, &stage.backups, &request, &mut Silent).await.unwrap()
    };
    let made = create(Level::Drilled).await;
    assert_eq!((made.level, made.short), (Some(6), false), "{made:?}");
    assert!(made.evidence.contains("1 applied and 0 recorded on it in"), "{made:?}");
    let recovery = made.recovery.unwrap();
    assert!(recovery.restore_ms > 0 && recovery.proof_ms >= recovery.restore_ms);
    assert!(recovery.bytes_per_second > 1 << 20, "{recovery:?}");
    // The database is as before: the migration ran on the copy.
    assert_eq!(plan(&stage).await.migrations.len(), 1);
    // One that fails on the rows: everything below is proven all the same.
    stage.add(1, "ALTER TABLE big ADD CHECK (n < 60000)");
    let (options, backups) = (&stage.options, &stage.backups);
    let checked =
        engine::backup_check(options, backups, "last", Level::Drilled, &mut Silent).await.unwrap();
    assert!(checked.short, "{checked:?}");
    assert!(checked.unchecked[0].starts_with("the pending migrations: UP-4101"), "{checked:?}");
    // A policy of level 6 refuses such a deploy, with nothing changed.
    let before = BackupBefore {
        backup: Ok(stage.backups.clone()),
        when: BeforeDeploy::Always,
        level: Some(Level::Drilled),
        is_said: true,
    };
    let error =
        engine::deploy_backed(&stage.options, Some(&before), &mut Silent).await.unwrap_err();
    assert_eq!(error.code(), Code::BackupUnproven);
    assert!(error.detail_lines()[0].contains("UP-4101"), "{error:?}");
    stage.add(1, "ALTER TABLE big ADD CHECK (n < 600000)");
    let deployed = engine::deploy_backed(&stage.options, Some(&before), &mut Silent).await.unwrap();
    assert!(deployed.verified && deployed.backup.is_some(), "{deployed:?}");
}
