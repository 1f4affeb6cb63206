//! Evidence of what is kept elsewhere: recorded, contradicted by the server, asked about again.

use std::time::Duration;

use underpin_core::Code;
use underpin_core::backup::{Answer, Claim, ClaimRequest, accept, accepted};
use underpin_core::config::{EvidenceKind, Secret};
use underpin_core::error::Result;

use super::{Stage, newest};

const DAY: Duration = Duration::from_secs(86_400);

fn request(kind: EvidenceKind) -> ClaimRequest {
    ClaimRequest {
        kind,
        id: "before the release".to_owned(),
        at: None,
        lsn: None,
        by: "ada".to_owned(),
        note: None,
        environment: "prod".to_owned(),
    }
}

async fn accepted_now(stage: &Stage, kind: EvidenceKind) -> Result<Claim> {
    let session = stage.target.connect().await.unwrap();
    accepted(&session, &stage.target, &stage.store(), &[kind], DAY).await
}

async fn record(stage: &Stage, request: &ClaimRequest) -> Result<Claim> {
    let session = stage.target.connect().await.unwrap();
    accept(&session, &stage.target, &stage.store(), request, DAY).await
}

/// Waits until the archiver has said `what`.
async fn archiver(stage: &Stage, what: &str) {
    for _ in 0..200 {
        let sql = format!("SELECT 1 FROM pg_stat_archiver WHERE {what}");
        if stage.database.value(&sql).await.is_some() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the archiver does not say: {what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_point_counts_while_its_wal_is_archived() {
    let Some((major, client)) = newest() else { return };
    let folder = tempfile::tempdir().unwrap();
    let full = folder.path().join("full");
    let command = format!("archive_command=test ! -e {}", full.display());
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(folder.path(), open).unwrap();
    let settings = ["wal_level=replica", "archive_mode=on", &command, "max_wal_senders=0"];
    let server = underpin_testkit::Server::start(major, &settings).await;
    let mut stage = Stage::new(&server, client).await;
    stage.tools.key = Some(Secret::new("correct horse"));
    stage.database.run("UPDATE _prisma_migrations SET finished_at = now()").await;
    let claim = record(&stage, &request(EvidenceKind::RestorePoint)).await.unwrap();
    assert!(claim.lsn.is_some());
    assert!(claim.looks.iter().all(|look| look.answer != Answer::Contradicts), "{claim:?}");
    assert_eq!(stage.entries(), [format!("{}.claim.json", claim.name)]);
    archiver(&stage, "archived_count > 0").await;
    let found = accepted_now(&stage, EvidenceKind::RestorePoint).await.unwrap();
    assert_eq!(found, claim);
    // Of another kind there is none.
    let error = accepted_now(&stage, EvidenceKind::Snapshot).await.unwrap_err();
    assert_eq!(error.code(), Code::BackupUnproven);
    // It is no backup: neither the newest one nor one to restore.
    assert_eq!(stage.store().find("last").unwrap_err().code(), Code::BackupMissing);
    assert_eq!(stage.store().find(&claim.name).unwrap_err().code(), Code::BackupMissing);
    // The archive begins to fail.
    std::fs::write(&full, "").unwrap();
    stage.database.run("CREATE TABLE later (id int)").await;
    stage.database.run("SELECT pg_switch_wal()").await;
    archiver(&stage, "failed_count > 0 AND last_failed_time > last_archived_time").await;
    let error = accepted_now(&stage, EvidenceKind::RestorePoint).await.unwrap_err();
    assert!(error.detail_lines()[0].contains("archiving the WAL has failed"), "{error:?}");
    let error = record(&stage, &request(EvidenceKind::RestorePoint)).await.unwrap_err();
    assert_eq!(error.code(), Code::EvidenceContradicted);
    // With another key it is not what was recorded.
    stage.tools.key = Some(Secret::new("another"));
    let error = accepted_now(&stage, EvidenceKind::RestorePoint).await.unwrap_err();
    assert!(error.detail_lines()[0].contains("not signed with the configured key"), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn evidence_that_cannot_be_is_not_recorded() {
    for major in underpin_testkit::majors() {
        let server = underpin_testkit::server(major).await;
        let stage = Stage::new(&server, 18).await;
        let ended = "UPDATE _prisma_migrations SET finished_at = now() - interval '1 hour'";
        stage.database.run(ended).await;
        let now = jiff::Timestamp::now();
        let at = |seconds: i64| Some(now + jiff::SignedDuration::from_secs(seconds));
        let snapshot = request(EvidenceKind::Snapshot);
        for (bad, words) in [
            (
                ClaimRequest { at: at(-7200), ..snapshot.clone() },
                "before 20260101000000_init ended",
            ),
            (ClaimRequest { at: at(-90_000), ..snapshot.clone() }, "older than 24 hours"),
            (ClaimRequest { at: at(600), ..snapshot.clone() }, "in the future"),
            (
                ClaimRequest {
                    at: at(0),
                    lsn: Some("FFFFFFF/0".parse().unwrap()),
                    ..snapshot.clone()
                },
                "in the future: the WAL ends",
            ),
            (
                ClaimRequest { at: at(0), lsn: Some("0/1".parse().unwrap()), ..snapshot.clone() },
                "a checkpoint came between",
            ),
        ] {
            // What was written before a checkpoint that the migration came after is too old.
            if words.contains("checkpoint") {
                stage.database.run("CHECKPOINT").await;
                stage.database.run("UPDATE _prisma_migrations SET finished_at = now()").await;
            }
            let bad = ClaimRequest {
                at: bad.at.map(|at| {
                    if words.contains("checkpoint") {
                        at + jiff::SignedDuration::from_secs(30)
                    } else {
                        at
                    }
                }),
                ..bad
            };
            let error = record(&stage, &bad).await.unwrap_err();
            assert_eq!(error.code(), Code::EvidenceContradicted, "{major} {words}");
            assert!(error.detail_lines().join("\n").contains(words), "{major} {words}: {error:?}");
        }
        assert_eq!(record(&stage, &snapshot).await.unwrap_err().code(), Code::Usage);
        assert!(stage.entries().is_empty());
        // A migration that ends later takes it away again.
        let good = ClaimRequest { at: at(1), ..snapshot.clone() };
        stage.database.run(ended).await;
        record(&stage, &good).await.unwrap();
        accepted_now(&stage, EvidenceKind::Snapshot).await.unwrap();
        stage
            .database
            .run("UPDATE _prisma_migrations SET finished_at = now() + interval '1 min'")
            .await;
        let error = accepted_now(&stage, EvidenceKind::Snapshot).await.unwrap_err();
        assert!(error.detail_lines()[0].contains("before 20260101000000_init ended"), "{error:?}");
        // It is not of the database beside it.
        let mut other = Stage::of(&server, server.database().await, 18);
        other.tools.folder = stage.tools.folder.clone();
        let error = accepted_now(&other, EvidenceKind::Snapshot).await.unwrap_err();
        assert!(error.detail_lines()[0].contains("of another server"), "{error:?}");
        if major < 15 {
            let base = ClaimRequest { kind: EvidenceKind::BaseBackup, ..good.clone() };
            let (session, _) = (stage.target.connect().await.unwrap(), ());
            stage.database.run(ended).await;
            let begun = session.simple_query("SELECT pg_start_backup('b', true, true)").await;
            if begun.is_ok() {
                let error = record(&stage, &base).await.unwrap_err();
                session.simple_query("SELECT pg_stop_backup()").await.unwrap();
                assert!(error.detail_lines()[0].contains("under way"), "{error:?}");
            }
        }
    }
}
