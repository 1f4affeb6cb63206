//! What is measured is what the server did.

use underpin_core::execute::{Moment, Observer as _};
use underpin_core::migrations::MigrationName;
use underpin_core::rehearse::{SETTINGS, Watch};
use underpin_sql::effect::matrix::{self, Outcome};
use underpin_sql::effect::{Verdict, Work};
use underpin_testkit::Server;

use super::{Stage, last, locks, newest, statements};

/// Every statement of the lock matrix that runs in a transaction block, on every server of this run:
/// the same locks and the same new files as the matrix says.
#[tokio::test(flavor = "multi_thread")]
async fn locks_and_new_files_are_those_of_the_lock_matrix() {
    for major in underpin_testkit::majors() {
        let rows = matrix::measured();
        let of = |case: &str| {
            let fits =
                |r: &&matrix::Row| r.case == case && (r.majors.0..=r.majors.1).contains(&major);
            rows.iter().find(fits).map(|row| row.outcome.clone())
        };
        let server = Server::start(major, SETTINGS).await;
        let database = server.database_named("matrix").await;
        let connect = async || server.cluster().connect("matrix").await.unwrap();
        let subject = connect().await;
        let log = server.cluster().socket_folder().join("log");
        let mut watch = Watch::new(connect().await, connect().await, "public", log);
        let measured = watch.measured();
        let (mut seen, mut wrong) = (0, Vec::new());
        for case in matrix::cases() {
            let Some(expected) = of(&case.name).filter(|o| o.verdict == Verdict::Allowed) else {
                continue;
            };
            database.run("DROP PUBLICATION IF EXISTS pub; DROP SCHEMA IF EXISTS public, other, extra CASCADE; CREATE SCHEMA public").await;
            subject.simple_query("ROLLBACK; DISCARD ALL; SET search_path = public").await.ok();
            subject.simple_query("DISCARD ALL").await.unwrap();
            subject.simple_query("SET client_min_messages = error; SET timezone = 'UTC'; SET search_path = public").await.unwrap();
            subject.simple_query(&case.given).await.unwrap();
            let name = MigrationName::new(&case.name);
            let moment = Moment { migration: &name, statement: 0, in_block: true };
            subject.simple_query("BEGIN").await.unwrap();
            watch.before(&subject, moment).await.unwrap();
            let sent = subject.simple_query(&case.statement).await.map(drop);
            watch
                .after(&subject, moment, std::time::Duration::ZERO, sent.as_ref().err())
                .await
                .unwrap();
            subject.simple_query("ROLLBACK").await.unwrap();
            sent.unwrap();
            let statement = measured.lock().unwrap()[&case.name][&0].clone();
            let found: Vec<String> = locks(&statement).iter().map(|l| l.replace('"', "")).collect();
            let wanted: Vec<String> =
                expected.locks.iter().map(|(name, mode)| format!("{name} {mode}Lock")).collect();
            if found != wanted {
                wrong.push(format!("{}: locks {found:?}, not {wanted:?}", case.name));
            }
            if files(&expected) != statement.rewritten {
                let wanted = files(&expected);
                wrong.push(format!("{}: {:?}, not {wanted:?}", case.name, statement.rewritten));
            }
            seen += 1;
        }
        assert!(seen > 400 && wrong.is_empty(), "{major}: {seen} cases\n{}", wrong.join("\n"));
    }
}

/// Tables that get new files; an emptied one does too.
fn files(outcome: &Outcome) -> Vec<String> {
    let has = |(_, work): &(&String, &Work)| matches!(work, Work::Rewrite | Work::Empty);
    outcome.work.iter().filter(has).map(|(name, _)| name.clone()).collect()
}

/// One statement of each sort, restored from a backup: times, log, rows, temporary files, indexes.
#[tokio::test(flavor = "multi_thread")]
async fn a_statement_is_measured_with_everything_that_it_does() {
    let Some(major) = newest() else { return };
    let stage = Stage::new(major).await;
    stage.database.run("ALTER DATABASE shop SET timezone = 'Europe/Berlin'").await;
    stage.add(0, "CREATE TABLE parent (id int PRIMARY KEY); CREATE TABLE big (id int PRIMARY KEY, n int, t text)");
    stage.deploy().await;
    stage.database.run("INSERT INTO parent SELECT generate_series(1, 100); INSERT INTO big SELECT i, i % 100 + 1, repeat(md5(i::text), 8) FROM generate_series(1, 60000) i").await;
    stage.add(
        1,
        "ALTER TABLE big ALTER COLUMN id TYPE bigint;\n\
         UPDATE big SET n = n WHERE id <= 1000;\n\
         SET LOCAL work_mem = '64kB';\n\
         CREATE TABLE sorted AS SELECT t FROM big ORDER BY md5(t);\n\
         ALTER TABLE big ADD FOREIGN KEY (n) REFERENCES parent (id);\n\
         CREATE INDEX big_n ON big (n);\n\
         DELETE FROM big WHERE id > 59990;\n",
    );
    stage.settle().await;
    let before = stage.wal().await;
    let report = stage
        .rehearse(last())
        .await
        .unwrap_or_else(|e| panic!("{e}: {:?} {:?}", e.causes(), e.detail_lines()));
    assert_eq!(stage.wal().await, before, "the database is only read");
    let record = report.record.as_ref().unwrap();
    assert!(report.passed && record.verified, "{record:?}");
    assert_eq!(record.copy.tables["big"].rows, 60_000);
    let found = statements(&report);
    // SET is not measured: it does nothing.
    let tags: Vec<(&str, usize)> = found.iter().map(|s| (s.tag.as_str(), s.line)).collect();
    assert_eq!(
        tags,
        [
            ("ALTER TABLE", 1),
            ("UPDATE", 2),
            ("CREATE TABLE AS", 4),
            ("ALTER TABLE", 5),
            ("CREATE INDEX", 6),
            ("DELETE", 7)
        ]
    );
    let [alter, update, sorted, key, index, delete] = found.as_slice() else { panic!() };
    assert_eq!(locks(alter), ["big AccessExclusiveLock"]);
    assert_eq!(alter.rewritten, ["big"]);
    assert!(alter.wal_bytes > 10 << 20, "{alter:?}");
    assert!(alter.milliseconds > update.milliseconds, "{alter:?} {update:?}");
    assert_eq!((update.rows, update.rewritten.len()), (Some(1000), 0));
    assert!(update.wal_bytes > 100_000 && update.wal_bytes < alter.wal_bytes, "{update:?}");
    // 60 000 rows of 260 bytes and their keys, in sorted runs.
    assert!((15 << 20..80 << 20).contains(&sorted.temp_bytes), "{sorted:?}");
    assert_eq!(update.temp_bytes, 0);
    // The lock on `big` was there before it.
    assert_eq!(locks(key), ["parent ShareRowExclusiveLock"]);
    assert_eq!(index.built, ["big_n"]);
    assert_eq!(delete.rows, Some(10));
    let migration = &record.migrations[0];
    let sum: f64 = migration.statements.iter().map(|s| s.milliseconds).sum();
    assert!(migration.milliseconds.unwrap() >= sum, "{migration:?}");
}

/// Where the statement cannot be in a transaction, it is looked at from beside.
#[tokio::test(flavor = "multi_thread")]
async fn statements_outside_of_a_transaction_are_measured_too() {
    let Some(major) = newest() else { return };
    let stage = Stage::new(major).await;
    stage.add(0, "CREATE TABLE t (id int PRIMARY KEY, n int)");
    stage.deploy().await;
    stage.database.run("INSERT INTO t SELECT i, i FROM generate_series(1, 200000) i").await;
    stage.add(1, "CREATE INDEX CONCURRENTLY t_n ON t (n);\nALTER TABLE t ADD COLUMN a int;\nBEGIN;\nUPDATE t SET a = 1 WHERE id < 11;\nCOMMIT;\n");
    let report = stage.rehearse(last()).await.unwrap();
    assert!(report.passed, "{report:?}");
    let found = statements(&report);
    let [index, column, update] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(locks(index), ["t ShareUpdateExclusiveLock"]);
    assert!(index.locks_sampled && index.rows.is_none() && index.built == ["t_n"], "{index:?}");
    assert!(!column.locks_sampled && update.rows == Some(10), "{column:?} {update:?}");
    assert_eq!(locks(column), ["t AccessExclusiveLock"]);
}

/// What fails is named by its place and the server's words, without the value that it failed on; what
/// comes after it was not reached.
#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_named_without_a_value() {
    let Some(major) = newest() else { return };
    let stage = Stage::new(major).await;
    stage.add(0, "CREATE TABLE t (id int PRIMARY KEY, n text)");
    stage.deploy().await;
    stage.database.run("INSERT INTO t VALUES (1, '7'), (2, 'ada@example.org')").await;
    stage.add(
        1,
        "ALTER TABLE t ADD COLUMN x int;\nALTER TABLE t ALTER COLUMN n TYPE int USING n::int;\n",
    );
    stage.add(2, "CREATE TABLE later ()");
    let report = stage.rehearse(last()).await.unwrap();
    let record = report.record.as_ref().unwrap();
    assert!(!report.passed && !record.verified);
    let failure = record.failure.as_ref().unwrap();
    let said = serde_json::to_string(&report).unwrap();
    assert!(!said.contains("ada@"), "{said}");
    assert_eq!(failure.code, "UP-4101");
    assert!(failure.causes.iter().any(|c| c.contains("invalid input syntax")), "{failure:?}");
    let found = statements(&report);
    assert_eq!(found.len(), 2);
    assert_eq!((found[0].failed.as_deref(), found[1].failed.as_deref()), (None, Some("22P02")));
    assert_eq!(
        (record.migrations[0].milliseconds, record.migrations[1].statements.len()),
        (None, 0)
    );
    // Duplicates: the index that was begun is taken away again, as a deploy does.
    stage.add(1, "CREATE UNIQUE INDEX CONCURRENTLY t_u ON t ((id / 10));\n");
    let report = stage.rehearse(last()).await.unwrap();
    let record = report.record.as_ref().unwrap();
    assert_eq!(statements(&report)[0].failed.as_deref(), Some("23505"));
    assert_eq!(record.invalid_indexes, Vec::<String>::new());
}
