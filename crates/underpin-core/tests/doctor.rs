//! `doctor` against real servers that have something wrong with them. What a folder can describe
//! is in `scenarios/doctor`.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::time::Duration;

use underpin_core::config::Secret;
use underpin_core::doctor::{Finding, Level};
use underpin_core::engine::{DoctorReport, DoctorRequest, Options, doctor};
use underpin_core::postgres::ConnectionSettings;
use underpin_core::{Code, Error};
use underpin_testkit::machine::Machine;
use underpin_testkit::pooler::Pooler;
use underpin_testkit::redis::Redis;

async fn machine(settings: &[&str]) -> Machine {
    let major = *underpin_testkit::majors().last().unwrap();
    let binaries = underpin_testkit::binaries(major).unwrap();
    Machine::start(&binaries, settings).await.unwrap()
}

fn options(url: &str, folder: &std::path::Path) -> Options {
    Options::new(ConnectionSettings::parse(url).unwrap(), folder.to_owned())
}

fn request() -> DoctorRequest {
    let none = Error::new(Code::BackupsUnusable, "no folder for backups is named");
    DoctorRequest { drift: false, ..DoctorRequest::new(Err(none)) }
}

/// A database looked at, with an empty folder of migrations.
async fn look(url: &str, long: Duration) -> DoctorReport {
    let folder = tempfile::tempdir().unwrap();
    let request = DoctorRequest { long_transaction: long, ..request() };
    doctor(&options(url, folder.path()), &request).await
}

fn of<'a>(report: &'a DoctorReport, check: &str, level: Level) -> &'a Finding {
    let found = report.findings.iter().find(|f| f.check == check && f.level == level);
    found.unwrap_or_else(|| panic!("no {level:?} of {check}: {:#?}", report.findings))
}

#[tokio::test]
async fn transactions_and_slots_that_stand_in_the_way_are_named_with_what_ends_them() {
    let machine = machine(&["max_prepared_transactions=2", "max_connections=40"]).await;
    let url = machine.url("postgres");
    let idle = machine.connect("postgres").await.unwrap();
    idle.simple_query("BEGIN; CREATE TABLE t (a int)").await.unwrap();
    let prepared = machine.connect("postgres").await.unwrap();
    prepared
        .simple_query("BEGIN; CREATE TABLE u (a int); PREPARE TRANSACTION 'it''s mine'")
        .await
        .unwrap();
    prepared
        .simple_query("SELECT pg_create_physical_replication_slot('left_behind', true)")
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_millis(1200)).await;

    let report = look(&url, Duration::from_secs(1)).await;
    let pid = idle.value("SELECT pg_backend_pid()").await.unwrap().unwrap();
    let long = of(&report, "transactions", Level::Warning);
    assert!(long.details[0].contains("idle in transaction"), "{long:?}");
    assert!(long.remedies[0].contains(&format!("pg_terminate_backend({pid})")), "{long:?}");
    let left = of(&report, "prepared", Level::Warning);
    assert!(left.remedies[0].contains("ROLLBACK PREPARED"), "{left:?}");
    let slot = of(&report, "replication", Level::Warning);
    assert!(slot.remedies[0].contains("pg_drop_replication_slot"), "{slot:?}");

    // The way out, as it is printed, is the way out.
    for (finding, gone) in [
        (long, "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'"),
        (left, "SELECT count(*) FROM pg_prepared_xacts"),
        (slot, "SELECT count(*) FROM pg_replication_slots"),
    ] {
        let Some(clients) = underpin_testkit::clients(18) else { continue };
        let Some(psql) = Some(clients.join("psql")).filter(|p| p.exists()) else {
            println!("SKIPPED: there is no psql on this machine");
            continue;
        };
        let command = finding.remedies[0].replacen("psql", &psql.display().to_string(), 1);
        let done = std::process::Command::new("sh").args(["-c", &command]).output().unwrap();
        assert!(done.status.success(), "{command}: {}", String::from_utf8_lossy(&done.stderr));
        for _ in 0..50 {
            if prepared.value(gone).await.unwrap().as_deref() == Some("0") {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(prepared.value(gone).await.unwrap().as_deref(), Some("0"), "{command}");
    }
    let report = look(&url, Duration::from_secs(1)).await;
    for check in ["transactions", "replication"] {
        of(&report, check, Level::Ok);
    }
}

#[tokio::test]
async fn slots_are_counted_and_the_limit_of_a_role_is_known() {
    let machine = machine(&["max_connections=20"]).await;
    let admin = machine.connect("postgres").await.unwrap();
    admin.simple_query("CREATE ROLE few LOGIN CONNECTION LIMIT 3").await.unwrap();
    let url = machine.url("postgres").replacen("postgres@", "few@", 1);
    let limited = look(&url, Duration::from_secs(60)).await;
    let finding = of(&limited, "slots", Level::Error);
    assert!(finding.remedies[0].contains(r#"ALTER ROLE "few" CONNECTION LIMIT -1"#), "{finding:?}");
    let hidden = of(&limited, "slots", Level::Note);
    assert!(hidden.remedies[0].contains(r#"GRANT pg_read_all_stats TO "few""#), "{hidden:?}");

    let mut pool = Vec::new();
    for _ in 0..14 {
        pool.push(machine.connect("postgres").await.unwrap());
    }
    let full = look(&machine.url("postgres"), Duration::from_secs(60)).await;
    let finding = of(&full, "slots", Level::Error);
    assert!(finding.details[0].contains("idle session"), "{finding:?}");
    assert!(finding.remedies.iter().any(|r| r == "underpin explain 53300"), "{finding:?}");
}

#[tokio::test]
async fn a_pooler_and_a_standby_are_detected() {
    let mut primary = machine(&[]).await;
    let standby = primary.standby().await.unwrap();
    let report = look(&standby.url("postgres"), Duration::from_secs(60)).await;
    of(&report, "connection", Level::Error);
    let direct = look(&primary.url("postgres"), Duration::from_secs(60)).await;
    assert!(direct.findings.iter().all(|f| f.check != "connection" || f.level == Level::Ok));
    let Some(pooler) = Pooler::before(&primary).await.unwrap() else {
        println!("SKIPPED: there is no PgBouncer on this machine: ./dev setup");
        return;
    };
    let pooled = look(&pooler.url("postgres"), Duration::from_secs(60)).await;
    let finding = of(&pooled, "connection", Level::Warning);
    assert!(finding.what.contains("transaction pooler"), "{finding:?}");
}

#[tokio::test]
async fn a_redis_that_answers_and_one_that_hangs() {
    let Some(redis) = Redis::start(&[]).await.unwrap() else {
        println!("SKIPPED: there is no Redis on this machine: ./dev setup");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let redis_url = Secret::new(redis.url());
    let options = Options {
        redis: Some(Ok(redis_url)),
        ..options("postgresql://nobody@127.0.0.1:1/none", folder.path())
    };
    of(&doctor(&options, &request()).await, "redis", Level::Ok);
    redis.hang();
    of(&doctor(&options, &request()).await, "redis", Level::Warning);
    redis.wake();
}

#[tokio::test]
async fn a_check_that_cannot_be_made_hides_no_other() {
    let machine = machine(&[]).await;
    let holder = machine.connect("postgres").await.unwrap();
    holder.simple_query("BEGIN; LOCK TABLE pg_publication IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let report = look(&machine.url("postgres"), Duration::from_secs(60)).await;
    let finding = of(&report, "replication", Level::Unchecked);
    assert_eq!(finding.remedies, ["underpin explain 55P03"]);
    for check in ["connection", "slots", "privileges", "transactions", "disk", "extensions"] {
        of(&report, check, Level::Ok);
    }
}

#[tokio::test]
async fn nothing_is_written() {
    let machine = machine(&[]).await;
    let admin = machine.connect("postgres").await.unwrap();
    // What reading alone may write: hint bits, which are set here for good.
    admin.simple_query("VACUUM (FREEZE)").await.unwrap();
    let url = machine.url("postgres");
    look(&url, Duration::from_secs(60)).await;
    let position = "SELECT pg_current_wal_insert_lsn()";
    let mut seen = Vec::new();
    for _ in 0..3 {
        // The server itself notes running transactions some seconds after it has written.
        let before = admin.value(position).await.unwrap();
        look(&url, Duration::from_secs(60)).await;
        let after = admin.value(position).await.unwrap();
        if before == after {
            return;
        }
        seen.push((before, after));
    }
    panic!("the WAL position moves each time: {seen:?}");
}
