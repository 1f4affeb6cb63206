//! Different ways to the same schema give the same facts.

use std::collections::BTreeSet;

use underpin_core::catalog::{CatalogSnapshot, diff};

use super::{database, everything, snapshot};

/// Pairs of scripts with the same end state.
const SAME: &[(&str, &str, &str)] = &[
    (
        "column order, and constraints made with or after the table",
        "CREATE TABLE t (a integer PRIMARY KEY, b text UNIQUE, c integer NOT NULL CHECK (c > 0));
         CREATE INDEX i ON t (c, b)",
        "CREATE TABLE t (c integer, b text, a integer); ALTER TABLE t ALTER c SET NOT NULL;
         ALTER TABLE t ADD CONSTRAINT t_c_check CHECK (c > 0); CREATE INDEX i ON t (c, b);
         ALTER TABLE t ADD CONSTRAINT t_b_key UNIQUE (b); ALTER TABLE t ADD PRIMARY KEY (a)",
    ),
    (
        "a dropped column before the others",
        "CREATE TABLE t (a integer, b integer); CREATE INDEX i ON t (b)",
        "CREATE TABLE t (x integer, b integer, a integer); CREATE INDEX i ON t (b); ALTER TABLE t DROP x",
    ),
    (
        "a renamed column under an index",
        "CREATE TABLE t (b integer); CREATE INDEX i ON t (b)",
        "CREATE TABLE t (a integer); CREATE INDEX i ON t (a); ALTER TABLE t RENAME a TO b",
    ),
    (
        "serial and its long form",
        "CREATE TABLE t (id serial PRIMARY KEY)",
        "CREATE SEQUENCE t_id_seq AS integer; CREATE TABLE t (id integer NOT NULL DEFAULT nextval('t_id_seq'));
         ALTER SEQUENCE t_id_seq OWNED BY t.id; ALTER TABLE t ADD PRIMARY KEY (id)",
    ),
    (
        "identity added later, by a sequence of another name",
        "CREATE TABLE t (id integer GENERATED ALWAYS AS IDENTITY)",
        "CREATE TABLE s (id integer NOT NULL); ALTER TABLE s ALTER id ADD GENERATED ALWAYS AS IDENTITY; ALTER TABLE s RENAME TO t",
    ),
    (
        "a primary key from an index",
        "CREATE TABLE t (id integer, CONSTRAINT pk PRIMARY KEY (id))",
        "CREATE TABLE t (id integer NOT NULL); CREATE UNIQUE INDEX x ON t (id); ALTER TABLE t ADD CONSTRAINT pk PRIMARY KEY USING INDEX x",
    ),
    (
        "a constraint validated later",
        "CREATE TABLE t (a integer CONSTRAINT positive CHECK (a > 0))",
        "CREATE TABLE t (a integer); ALTER TABLE t ADD CONSTRAINT positive CHECK (a > 0) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT positive",
    ),
    (
        "labels added one by one",
        "CREATE TYPE e AS ENUM ('a', 'b', 'c')",
        "CREATE TYPE e AS ENUM ('c'); ALTER TYPE e ADD VALUE 'a' BEFORE 'c'; ALTER TYPE e ADD VALUE 'b' AFTER 'a'",
    ),
    (
        "option lists in another order",
        "CREATE TABLE t (a integer) WITH (fillfactor = 70, autovacuum_enabled = true);
         CREATE INDEX i ON t (a) WITH (fillfactor = 60, deduplicate_items = off)",
        "CREATE TABLE t (a integer) WITH (autovacuum_enabled = on, fillfactor = 70);
         CREATE INDEX i ON t (a) WITH (deduplicate_items = false, fillfactor = 60)",
    ),
    (
        "a partition made or attached",
        "CREATE TABLE t (a integer) PARTITION BY LIST (a); CREATE TABLE p PARTITION OF t FOR VALUES IN (1)",
        "CREATE TABLE t (a integer) PARTITION BY LIST (a); CREATE TABLE p (a integer); ALTER TABLE t ATTACH PARTITION p FOR VALUES IN (1)",
    ),
    (
        "grants in another order, by another way",
        "CREATE TABLE t (a integer); GRANT SELECT, INSERT ON t TO test_reader; GRANT SELECT ON t TO test_owner",
        "CREATE TABLE t (a integer); GRANT SELECT ON t TO test_owner; GRANT ALL ON t TO test_reader;
         REVOKE ALL ON t FROM test_reader; GRANT INSERT ON t TO test_reader; GRANT SELECT ON t TO test_reader",
    ),
    (
        "objects made in another order",
        "CREATE TYPE e AS ENUM ('a'); CREATE TABLE a (x e); CREATE TABLE b (y integer); CREATE VIEW v AS SELECT a.x, b.y FROM a, b",
        "CREATE TABLE b (y integer); CREATE TYPE e AS ENUM ('a'); CREATE TABLE a (x e); CREATE VIEW v AS SELECT a.x, b.y FROM a, b",
    ),
];

#[tokio::test]
async fn the_way_to_a_schema_is_no_fact() {
    for major in underpin_testkit::majors() {
        for (what, one, other) in SAME {
            let (mut first, mut second) = (database(major).await, database(major).await);
            first.run(one).await;
            // One statement a message: a new enum label cannot be used in its own transaction.
            for statement in other.split(';') {
                second.run(statement).await;
            }
            let (first, second) = (snapshot(&mut first).await, snapshot(&mut second).await);
            let lines = diff(&first, &second).lines(usize::MAX);
            assert!(
                first.len() > 1 && lines.is_empty(),
                "{what} on {major}:\n{}",
                lines.join("\n")
            );
            assert_eq!(first.fingerprint(), second.fingerprint(), "{what} on {major}");
        }
    }
}

#[tokio::test]
async fn a_snapshot_survives_json_and_a_delta_leads_to_the_next() {
    for major in underpin_testkit::majors() {
        let (mut empty, mut full) = (database(major).await, everything(major).await);
        let (empty, full) = (snapshot(&mut empty).await, snapshot(&mut full).await);
        assert!(empty.is_empty_of_objects() && !full.is_empty_of_objects());
        let json = serde_json::to_string(&full).unwrap();
        assert_eq!(serde_json::from_str::<CatalogSnapshot>(&json).unwrap(), full);

        let mut there = empty.clone();
        there.apply(&empty.delta_to(&full));
        assert_eq!(there.objects(), full.objects());
        there.apply(&full.delta_to(&empty));
        assert_eq!(there.objects(), empty.objects());
        assert!(empty.delta_to(&full).schemas().contains("app"));
    }
}

#[tokio::test]
async fn a_restricted_snapshot_holds_its_schemas_and_the_database_wide_objects() {
    for major in underpin_testkit::majors() {
        let mut full = everything(major).await;
        let full = snapshot(&mut full).await;
        let all = ["Odd Name", "app", "public"].map(str::to_owned);
        assert_eq!(full.schemas(), BTreeSet::from(all));
        let app = full.restricted_to(&BTreeSet::from(["app".to_owned()]));
        assert_eq!(app.schemas(), BTreeSet::from(["app".to_owned()]));
        assert!(app.objects().keys().any(|id| id.to_string() == "publication some_tables"));
        assert!(app.objects().keys().any(|id| id.to_string() == "table app.owned"));
        assert!(diff(&app, &full.restricted_to(&app.schemas())).is_empty());
    }
}
