//! The copies: whole, of the catalog alone, sampled; and what is refused.

use underpin_core::backup::Step;
use underpin_core::error::{Code, ExitStatus};
use underpin_core::execute::Stop;
use underpin_core::postgres::ConnectionSettings;
use underpin_core::postgres::clients::ClientTools;
use underpin_core::postgres::cluster::{Cluster, ClusterOptions};
use underpin_core::rehearse::{Limits, Rows, Sampled, Way, copy_rows, kept};

use super::{Source, Stage, last, locks, newest, sample, statements};

/// Everything that makes closing a sample hard.
const TANGLED: &str = r#"
CREATE SCHEMA "Odd, one";
CREATE TABLE "Odd, one".country ("code, x" text, "part" int, name text, PRIMARY KEY ("code, x", "part"));
INSERT INTO "Odd, one".country SELECT 'c''' || i, i, 'n' FROM generate_series(1, 3000) i;
CREATE TABLE person (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, boss bigint REFERENCES person,
    home text, part int, loud text GENERATED ALWAYS AS (upper(home)) STORED,
    FOREIGN KEY (home, part) REFERENCES "Odd, one".country);
INSERT INTO person (boss, home, part) SELECT NULLIF(i - 1, 0), 'c''' || (i % 3000 + 1), i % 3000 + 1 FROM generate_series(1, 3000) i;
CREATE TABLE a (id int PRIMARY KEY, b int);
CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a);
INSERT INTO a SELECT i, i FROM generate_series(1, 5000) i;
INSERT INTO b SELECT i, 5001 - i FROM generate_series(1, 5000) i;
ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b;
CREATE TABLE event (id int, at date, person bigint REFERENCES person, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE event_2 PARTITION OF event FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');
INSERT INTO event SELECT i, '2020-01-01'::date + i % 700, i % 3000 + 1 FROM generate_series(1, 4000) i;
CREATE TABLE remark (id int PRIMARY KEY, event int, at date, FOREIGN KEY (event, at) REFERENCES event);
INSERT INTO remark SELECT i, i, '2020-01-01'::date + i % 700 FROM generate_series(1, 4000) i;
CREATE TABLE loose (id int PRIMARY KEY, person bigint);
INSERT INTO loose VALUES (1, 999999), (2, 1);
ALTER TABLE loose ADD FOREIGN KEY (person) REFERENCES person NOT VALID;
CREATE MATERIALIZED VIEW homes AS SELECT home, count(*) FROM person GROUP BY home;
CREATE MATERIALIZED VIEW many AS SELECT count(*) FROM homes;
CREATE FUNCTION never() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''fired''; END';
CREATE TRIGGER never BEFORE INSERT ON person FOR EACH ROW EXECUTE FUNCTION never();
"#;

/// An empty server and a sample in it.
async fn sampled(stage: &Stage, limits: Limits) -> (Cluster, ConnectionSettings, Sampled) {
    let binaries = stage.server.binaries().clone();
    let clients = ClientTools::for_server(binaries.version, &stage.options.scratch.places).unwrap();
    let options = ClusterOptions {
        binaries,
        cache: underpin_testkit::cache(),
        settings: Vec::new(),
        room_bytes: 0,
    };
    let cluster = Cluster::start(&options).await.unwrap();
    let copy = ConnectionSettings::parse(&cluster.url("postgres")).unwrap();
    let way = Way {
        live: &stage.options.target,
        copy: &copy,
        folder: cluster.socket_folder(),
        clients: &clients,
        stop: &Stop::default(),
    };
    let made = copy_rows(&way, Rows::Sample(limits), &mut |_: Step| {}).await;
    let made = made.unwrap_or_else(|e| panic!("{e}: {:?} {:?}", e.causes(), e.detail_lines()));
    (cluster, copy, made)
}

/// Composite keys, keys that need quotes, references to the same table, cycles and partitions: the
/// foreign keys themselves are valid on the copy, which PostgreSQL has checked.
#[tokio::test(flavor = "multi_thread")]
async fn a_sample_is_closed_over_its_foreign_keys() {
    let Some(major) = newest() else { return };
    let stage = Stage::new(major).await;
    stage.database.run(TANGLED).await;
    stage.database.run("ANALYZE").await;
    stage.settle().await;
    let before = stage.wal().await;
    let (_server, copy, made) = sampled(&stage, Limits { rows: 50, bytes: 64 << 20 }).await;
    assert_eq!(stage.wal().await, before, "the database is only read");
    let session = copy.connect().await.unwrap();
    let value = async |sql: &str| session.value(sql).await.unwrap().unwrap_or_default();
    let sql = "SELECT string_agg(conrelid::regclass || ' ' || convalidated, ', ' ORDER BY conrelid::regclass::text) \
        FROM pg_constraint WHERE contype = 'f' AND conparentid = 0";
    assert_eq!(
        value(sql).await,
        "a true, b true, event true, loose false, person true, person true, remark true"
    );
    for (table, least, most) in [
        ("remark", 50, 50),
        ("loose", 2, 2),
        ("event", 50, 110),
        ("a", 50, 300),
        ("\"Odd, one\".country", 50, 3000),
    ] {
        let count: u64 = value(&format!("SELECT count(*) FROM {table}")).await.parse().unwrap();
        assert!((least..=most).contains(&count), "{table}: {count}");
    }
    // The rows are those of the original, the generated column and the sequence too.
    assert_eq!(value("SELECT count(*) FROM person WHERE loud <> upper(home)").await, "0");
    assert_eq!(value("SELECT nextval('person_id_seq')").await, "3001");
    assert!(value("SELECT count FROM many").await.parse::<u64>().unwrap() > 0);
    assert_eq!(made.left_out, Vec::<String>::new());
    let rows: u64 = value("SELECT (SELECT count(*) FROM person) + (SELECT count(*) FROM a) + (SELECT count(*) FROM b) \
        + (SELECT count(*) FROM event) + (SELECT count(*) FROM remark) + (SELECT count(*) FROM loose) + (SELECT count(*) FROM \"Odd, one\".country)").await.parse().unwrap();
    assert_eq!(made.rows, rows);
}

/// However large the rows are, the sample is not; and it is closed all the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_sample_has_a_bound_in_bytes() {
    let Some(major) = newest() else { return };
    let stage = Stage::new(major).await;
    stage.database.run(TANGLED).await;
    stage
        .database
        .run("CREATE TABLE wide (id int PRIMARY KEY, person bigint NOT NULL REFERENCES person, t text); \
              ALTER TABLE wide ALTER t SET STORAGE EXTERNAL; \
              INSERT INTO wide SELECT i, i, repeat('x', 100000) FROM generate_series(1, 200) i; ANALYZE wide")
        .await;
    let limit = 300_000;
    let (_server, copy, made) = sampled(&stage, Limits { rows: 1000, bytes: limit }).await;
    assert!(made.bytes <= limit, "{made:?}");
    assert!(
        made.left_out
            .iter()
            .any(|line| line.contains("the limit is reached") || line.contains("parents")),
        "{made:?}"
    );
    let session = copy.connect().await.unwrap();
    let open = "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND NOT convalidated AND conrelid <> 'loose'::regclass";
    assert_eq!(session.value(open).await.unwrap().as_deref(), Some("0"));
}

/// Schema and sample: the verdict, and what they say that they cannot show.
#[tokio::test(flavor = "multi_thread")]
async fn a_rehearsal_says_what_its_copy_cannot_show() {
    let Some(major) = newest() else { return };
    let stage = Stage::new(major).await;
    stage.add(0, "CREATE TABLE t (id int PRIMARY KEY, n int)");
    stage.deploy().await;
    stage
        .database
        .run("INSERT INTO t SELECT i, NULL FROM generate_series(1, 500) i; ANALYZE")
        .await;
    stage.add(1, "ALTER TABLE t ALTER COLUMN n SET NOT NULL;");
    stage.settle().await;
    let before = stage.wal().await;
    let schema = stage.rehearse(Source::Schema).await.unwrap();
    let record = schema.record.as_ref().unwrap();
    assert!(schema.passed && record.verified && record.copy.rows == 0, "{schema:?}");
    assert!(record.copy.cannot_show[0].starts_with("rows:"), "{record:?}");
    assert_eq!(locks(&statements(&schema)[0]), ["t AccessExclusiveLock"]);
    // With rows the same migration fails.
    for source in [sample(100), last()] {
        let report = stage.rehearse(source).await.unwrap();
        let record = report.record.as_ref().unwrap();
        assert_eq!(record.failure.as_ref().unwrap().code, "UP-4101");
        assert_eq!(statements(&report)[0].failed.as_deref(), Some("23502"));
        // The kept record is found by what it is of.
        let folder = stage.options.rehearsals.as_ref().unwrap();
        assert_eq!(
            kept::find(folder, &record.subject).as_ref(),
            Some(record),
            "the one that shows most"
        );
    }
    assert_eq!(stage.wal().await, before, "the database is only read");
}

/// A backup of another state shows another deploy; without a backup there is a way.
#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_another_state_is_refused() {
    let Some(major) = newest() else { return };
    let stage = Stage::new(major).await;
    stage.add(0, "CREATE TABLE t (id int PRIMARY KEY)");
    stage.deploy().await;
    stage.add(1, "ALTER TABLE t ADD COLUMN n int");
    let request = |source| super::RehearseRequest { source, create_backup: false, out: None };
    let run = async |source| {
        let request = request(source);
        super::engine::rehearse(&stage.options, Some(&stage.backups), &request, &mut super::Silent)
            .await
    };
    let error = run(last()).await.unwrap_err();
    assert_eq!(error.code(), Code::BackupMissing);
    assert!(error.hints().iter().any(|h| h.contains("--create-backup")), "{error:?}");
    assert!(stage.rehearse(last()).await.unwrap().passed);
    assert!(run(last()).await.unwrap().passed);
    stage.database.run("CREATE TABLE by_hand ()").await;
    let error = run(last()).await.unwrap_err();
    assert_eq!((error.code(), error.code().exit()), (Code::RehearsalStale, ExitStatus::Differs));
}

/// A role that may not read everything is told what it lacks, before anything is begun.
#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_may_not_read_is_refused_exactly() {
    let Some(major) = newest() else { return };
    let stage = Stage::new(major).await;
    stage.database.run("CREATE ROLE poor LOGIN; CREATE TABLE seen (id int); CREATE TABLE \"Hidden\" (id int); GRANT SELECT ON seen TO poor").await;
    let url = stage.database.url.replacen("postgres@", "poor@", 1);
    let mut options = stage.options.clone();
    options.target = ConnectionSettings::parse(&url).unwrap();
    stage.add(0, "CREATE TABLE seen (id int)");
    let clients =
        ClientTools::for_server(stage.server.binaries().version, &stage.options.scratch.places)
            .unwrap();
    let refused = async |rows| {
        let way = Way {
            live: &options.target,
            copy: &stage.options.target,
            folder: stage.folder.path(),
            clients: &clients,
            stop: &Stop::default(),
        };
        copy_rows(&way, rows, &mut |_: Step| {}).await.unwrap_err()
    };
    let error = refused(Rows::None).await;
    assert_eq!((error.code(), error.code().exit()), (Code::CopyDenied, ExitStatus::Refused));
    assert_eq!(error.detail_lines(), ["public.\"Hidden\": no SELECT"]);
    assert!(error.hints()[0].contains("GRANT pg_read_all_data TO \"poor\""), "{error:?}");
    stage
        .database
        .run("GRANT SELECT ON \"Hidden\" TO poor; ALTER TABLE seen ENABLE ROW LEVEL SECURITY")
        .await;
    let error = refused(Rows::Sample(Limits { rows: 1, bytes: 1 })).await;
    assert!(error.detail_lines()[0].contains("row-level security"), "{error:?}");
}

/// A request to stop ends it, and the server and its folder are gone.
#[tokio::test(flavor = "multi_thread")]
async fn a_stop_in_the_midst_leaves_nothing() {
    let Some(major) = newest() else { return };
    let mut stage = Stage::new(major).await;
    stage.add(0, "CREATE TABLE t (id int PRIMARY KEY)");
    stage.deploy().await;
    // Only where there are rows, so that no replay waits.
    stage.database.run("INSERT INTO t VALUES (1)").await;
    stage.add(1, "SELECT pg_sleep(60) FROM t");
    let (stop, heard) = Stop::channel();
    stage.options.stop = heard;
    let begun = std::time::Instant::now();
    let ended = tokio::spawn(async move {
        tokio::time::sleep(std::time::Duration::from_secs(5)).await;
        stop.send(true).unwrap();
    });
    let error = stage.rehearse(sample(10)).await.unwrap_err();
    assert_eq!(error.code(), Code::Interrupted);
    assert!(begun.elapsed() < std::time::Duration::from_secs(20));
    ended.await.unwrap();
    assert!(!stage.folder.path().join("rehearsals").exists());
}

/// Over a bad line the copy fails with a code, and nothing is left.
#[tokio::test(flavor = "multi_thread")]
async fn a_sample_that_cannot_be_made_says_why() {
    let Some(major) = newest() else { return };
    let stage = Stage::new(major).await;
    stage.add(0, "CREATE TABLE t (id int PRIMARY KEY)");
    stage.deploy().await;
    stage.database.run("CREATE TABLE u AS SELECT generate_series(1, 200000) AS id").await;
    stage.add(1, "CREATE TABLE later ()");
    // Somebody ends our sessions as soon as one reads rows.
    let killer = stage.server.cluster().connect("shop").await.unwrap();
    let ends = tokio::spawn(async move {
        for _ in 0..20_000 {
            let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'COPY (SELECT%' AND pid <> pg_backend_pid()";
            if killer.value(sql).await.unwrap().is_some() {
                return true;
            }
        }
        false
    });
    let error = stage.rehearse(sample(200_000)).await.unwrap_err();
    assert!(ends.await.unwrap());
    assert!(matches!(error.code(), Code::ConnectionLost | Code::CopyFailed), "{error:?}");
    assert!(!stage.folder.path().join("rehearsals").exists());
}
