//! How long a read takes. Measured, not asserted tightly: test machines are shared.
//! `cargo test --release --test catalog speed -- --nocapture` shows the figures.

use std::time::{Duration, Instant};

use underpin_core::catalog;
use underpin_testkit::TestDatabase;

use super::{database, snapshot};

const TABLES: &str = "DO $$ BEGIN FOR n IN 1..1000 LOOP EXECUTE format(
  'CREATE TABLE table_%1$s (id serial PRIMARY KEY, a text NOT NULL, b text DEFAULT ''x'', c integer, d integer,
   e timestamptz DEFAULT now(), f jsonb, g boolean NOT NULL DEFAULT false, h numeric(10, 2), parent integer
   REFERENCES table_%2$s (id)); CREATE INDEX ON table_%1$s (a, c)', n, greatest(n - 1, 1));
  END LOOP; END $$";

/// The shortest and the middle of some reads on a warm session.
async fn times(database: &mut TestDatabase) -> (Duration, Duration) {
    let mut times = Vec::new();
    for _ in 0..9 {
        let start = Instant::now();
        catalog::read(&mut database.session).await.unwrap();
        times.push(start.elapsed());
    }
    times.sort();
    (times[0], times[4])
}

#[tokio::test]
async fn a_read_is_fast_enough_to_follow_every_migration() {
    let major = *underpin_testkit::majors().last().unwrap();
    let mut database = database(major).await;
    database.run("CREATE TABLE one (id serial PRIMARY KEY, name text NOT NULL)").await;
    let (best, middle) = times(&mut database).await;
    println!("near-empty on {major}: best {best:?}, median {middle:?}");
    assert!(best < Duration::from_millis(250));
    let mut large = super::database(major).await;
    // The locks of a thousand tables do not fit into one transaction with default settings.
    for from in (1..=1000).step_by(100) {
        let some = TABLES.replace("1..1000", &format!("{from}..{}", from + 99));
        large.run(&some).await;
    }
    let (best, middle) = times(&mut large).await;
    let objects = snapshot(&mut large).await.len();
    println!("1,000 tables, {objects} objects on {major}: best {best:?}, median {middle:?}");
    assert!(best < Duration::from_secs(10));
}
