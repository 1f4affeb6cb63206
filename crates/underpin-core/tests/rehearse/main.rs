//! Rehearsals on real servers: what is measured, on which copy, and that the database is only read.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod copies;
mod known;
mod measured;

use std::path::{Path, PathBuf};

use underpin_core::engine::{
    self, BackupOptions, Options, RehearsalReport, RehearseRequest, Source,
};
use underpin_core::error::Result;
use underpin_core::event::Silent;
use underpin_core::postgres::ConnectionSettings;
use underpin_core::postgres::binaries::SearchPlaces;
use underpin_core::postgres::scratch::ScratchOptions;
use underpin_core::rehearse::{Limits, MeasuredStatement};
use underpin_testkit::{Server, TestDatabase};

/// The newest server of this run for which there is a `pg_dump`.
fn newest() -> Option<u32> {
    let found = underpin_testkit::majors().into_iter().rev().find(|m| clients(*m).is_some());
    if found.is_none() {
        println!("SKIPPED: no pg_dump that is as new as the servers of this run");
    }
    found
}

fn clients(major: u32) -> Option<PathBuf> {
    (major..=18).find_map(underpin_testkit::clients)
}

/// A project with a database of its own server: what others do there would move its log.
struct Stage {
    database: TestDatabase,
    folder: tempfile::TempDir,
    options: Options,
    backups: BackupOptions,
    server: Server,
}

impl Stage {
    async fn new(major: u32) -> Self {
        let server = Server::start(major, &["wal_level=replica"]).await;
        let database = server.database_named("shop").await;
        let folder = tempfile::tempdir().unwrap();
        let options = Options {
            scratch: ScratchOptions {
                pg_bin: Some(server.binaries().folder.clone()),
                places: SearchPlaces { clients: clients(major), ..SearchPlaces::default() },
                cache: underpin_testkit::cache(),
                ..ScratchOptions::default()
            },
            replay_cache: Some(folder.path().join("replays")),
            rehearsals: Some(folder.path().join("rehearsals")),
            ..Options::new(
                ConnectionSettings::parse(&database.url).unwrap(),
                folder.path().join("migrations"),
            )
        };
        let backups =
            BackupOptions { jobs: 2, ..BackupOptions::new(folder.path().join("backups")) };
        Self { database, folder, options, backups, server }
    }

    fn add(&self, index: usize, script: &str) {
        write(self.folder.path(), index, script);
    }

    async fn deploy(&self) {
        let deployed = engine::deploy(&self.options, &mut Silent).await;
        deployed.unwrap_or_else(|e| panic!("{e}: {:?}", e.causes()));
    }

    async fn rehearse(&self, source: Source) -> Result<RehearsalReport> {
        let create_backup = matches!(source, Source::Backup(_));
        let request = RehearseRequest { source, create_backup, out: None };
        engine::rehearse(&self.options, Some(&self.backups), &request, &mut Silent).await
    }

    /// Everything of the catalog and every page is settled, so that reading writes nothing.
    async fn settle(&self) {
        self.database.run("VACUUM (FREEZE)").await;
        self.database.run("CHECKPOINT").await;
    }

    async fn wal(&self) -> String {
        self.database.value("SELECT pg_current_wal_insert_lsn()").await.unwrap()
    }
}

fn write(folder: &Path, index: usize, script: &str) {
    let folder = folder.join(format!("migrations/2026010100000{index}_m{index}"));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("migration.sql"), script).unwrap();
}

fn sample(rows: u64) -> Source {
    Source::Sample(Limits { rows, bytes: 64 << 20 })
}

fn last() -> Source {
    Source::Backup("last".to_owned())
}

/// The statements of the only rehearsed migration.
fn statements(report: &RehearsalReport) -> Vec<MeasuredStatement> {
    report.record.as_ref().unwrap().migrations[0].statements.clone()
}

fn locks(statement: &MeasuredStatement) -> Vec<String> {
    statement.locks.iter().map(|lock| format!("{} {}", lock.relation, lock.mode)).collect()
}
