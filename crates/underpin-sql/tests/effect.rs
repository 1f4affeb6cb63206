//! What the lock matrix cannot show: versions that are not measured, loss, way back, gaps.

use underpin_sql::effect::{self, Effect, Gap, LockMode, Loss, Verdict, WayBack, Work};
use underpin_sql::model::{Name, read};
use underpin_sql::schema::{Relation, Schema};

fn schema(text: &str) -> Schema {
    let mut schema = Schema::empty();
    schema.time_zone_is_utc = Some(true);
    read(text).iter().for_each(|parsed| schema.apply(parsed));
    schema.settle();
    schema
}

fn of(schema: &Schema, text: &str, major: u32) -> Effect {
    effect::of(&read(text)[0], schema, major)
}

const TABLES: &str = "
    CREATE TYPE mood AS ENUM ('a', 'b');
    CREATE TABLE p (id int PRIMARY KEY, n numeric(10, 2), s varchar(50), at timestamp(3), m mood);
    CREATE TABLE t (id int PRIMARY KEY, a int CHECK (a IS NOT NULL), p_id int REFERENCES p (id));
    CREATE INDEX t_a ON t (a);
    CREATE STATISTICS st ON id, a FROM t;
    CREATE TABLE parted (id int) PARTITION BY RANGE (id);
    CREATE TABLE loose (id int);";

/// Measured once on 11.22 and 12.22 (risk analysis 1.2); no server of these is at hand since.
#[test]
fn versions_11_and_12_differ_where_they_did() {
    let known = schema(TABLES);
    let t = Name::bare("t");
    let not_null = "ALTER TABLE t ALTER COLUMN a SET NOT NULL";
    assert_eq!(of(&known, not_null, 11).work_on(&t), Work::Scan);
    assert_eq!(of(&known, not_null, 12).work_on(&t), Work::Metadata);
    let zone = "ALTER TABLE p ALTER COLUMN at TYPE timestamptz";
    assert_eq!(of(&known, zone, 11).work_on(&Name::bare("p")), Work::Rewrite);
    assert_eq!(of(&known, zone, 12).work_on(&Name::bare("p")), Work::Metadata);
    let attach = "ALTER TABLE parted ATTACH PARTITION loose FOR VALUES FROM (0) TO (1)";
    let parted = Name::bare("parted");
    assert_eq!(of(&known, attach, 11).lock_on(&parted), Some(LockMode::AccessExclusive));
    assert_eq!(of(&known, attach, 12).lock_on(&parted), Some(LockMode::ShareUpdateExclusive));
    let index = Name::bare("t_a");
    let rename = "ALTER INDEX t_a RENAME TO t_z";
    assert_eq!(of(&known, rename, 11).index_locks[&index], LockMode::AccessExclusive);
    assert_eq!(of(&known, rename, 12).index_locks[&index], LockMode::ShareUpdateExclusive);
    let value = "ALTER TYPE mood ADD VALUE 'c'";
    assert_eq!(of(&known, value, 11).verdict, Verdict::Alone);
    assert_eq!(of(&known, value, 12).verdict, Verdict::Allowed);
    assert_eq!(of(&known, "DROP STATISTICS st", 11).lock_on(&t), None);
    assert_eq!(
        of(&known, "DROP STATISTICS st", 12).lock_on(&t),
        Some(LockMode::ShareUpdateExclusive)
    );
    for (text, since) in [
        ("REINDEX TABLE CONCURRENTLY t", 12),
        ("ALTER TABLE t ADD COLUMN g int GENERATED ALWAYS AS (a) STORED", 12),
        ("ALTER TABLE t ALTER COLUMN a DROP EXPRESSION", 13),
    ] {
        let before = of(&known, text, since - 1);
        assert_eq!(before.verdict, Verdict::Refused("42601".to_owned()), "{text}");
        assert_eq!(before.since.map(|s| s.major), Some(since), "{text}");
        assert!(!matches!(of(&known, text, since).verdict, Verdict::Refused(_)), "{text}");
    }
}

#[test]
fn loss_and_the_way_back_are_graded() {
    let known = schema(TABLES);
    for (text, loss, grade) in [
        ("DROP TABLE t", Loss::Certain, "R3"),
        ("ALTER TABLE t DROP COLUMN a", Loss::Certain, "R3"),
        ("ALTER TABLE t DROP COLUMN IF EXISTS nothing", Loss::No, "R0"),
        ("TRUNCATE t", Loss::Certain, "R3"),
        ("DELETE FROM t", Loss::Certain, "R3"),
        ("DELETE FROM t WHERE 1 = 1", Loss::Certain, "R3"),
        ("DELETE FROM t WHERE id = 1", Loss::Maybe, "R3"),
        ("UPDATE t SET a = 1", Loss::Certain, "R3"),
        ("EXPLAIN DELETE FROM t", Loss::No, "R0"),
        ("DROP INDEX t_a", Loss::No, "R1"),
        ("CREATE INDEX i ON t (a)", Loss::No, "R0"),
        ("ALTER TABLE t ADD COLUMN x int", Loss::No, "R0"),
        ("ALTER TABLE t SET UNLOGGED", Loss::Maybe, "R1"),
        ("ALTER TYPE mood ADD VALUE 'c'", Loss::No, "R2"),
        ("ALTER TYPE mood RENAME VALUE 'a' TO 'c'", Loss::No, "R0"),
        ("ALTER TABLE p ALTER COLUMN s TYPE text", Loss::No, "R1"),
        ("ALTER TABLE p ALTER COLUMN s TYPE varchar(3)", Loss::No, "R1"),
        ("ALTER TABLE p ALTER COLUMN s TYPE varchar(3) USING s::varchar(3)", Loss::Maybe, "R3"),
        ("ALTER TABLE p ALTER COLUMN n TYPE int", Loss::Maybe, "R3"),
        ("ALTER TABLE p ALTER COLUMN n TYPE numeric(12, 1)", Loss::Maybe, "R3"),
        ("ALTER TABLE p ALTER COLUMN n TYPE numeric(12, 4)", Loss::No, "R1"),
        ("ALTER TABLE p ALTER COLUMN at TYPE date", Loss::Maybe, "R3"),
        ("ALTER TABLE p ALTER COLUMN at TYPE timestamp(0)", Loss::Maybe, "R3"),
        ("ALTER TABLE p ALTER COLUMN at TYPE timestamp(6)", Loss::No, "R1"),
        ("DROP TYPE mood CASCADE", Loss::Maybe, "R3"),
        ("DO $$ BEGIN DELETE FROM t; END $$", Loss::Certain, "R3"),
    ] {
        let effect = of(&known, text, 18);
        assert_eq!((effect.loss, effect.way_back.grade()), (loss, grade), "{text}");
    }
}

#[test]
fn what_the_files_made_themselves_is_nobodys_loss() {
    let mut known = schema(TABLES);
    known.apply(&read("CREATE TABLE fresh (id int)")[0]);
    assert!(known.is_fresh(&Name::bare("fresh")) && !known.is_fresh(&Name::bare("t")));
    for text in ["DROP TABLE fresh", "DELETE FROM fresh", "ALTER TABLE fresh DROP COLUMN id"] {
        let effect = of(&known, text, 18);
        assert_eq!((effect.loss, effect.way_back), (Loss::No, WayBack::Exact), "{text}");
    }
}

#[test]
fn what_is_not_known_is_said() {
    let nothing = Schema::unknown();
    let t = || Name::bare("t");
    for (text, gap) in [
        ("DROP TABLE t", Gap::Relation(t())),
        ("ALTER TABLE t ADD COLUMN x int", Gap::Relation(t())),
        ("ALTER TABLE t DROP CONSTRAINT t_fkey", Gap::Constraint(t(), "t_fkey".to_owned())),
        ("ALTER TABLE t ALTER COLUMN a TYPE bigint", Gap::ColumnType(t(), "a".to_owned())),
        ("ALTER TABLE t ADD COLUMN x int DEFAULT mine()", Gap::Function(Name::bare("mine"))),
        ("DROP INDEX i", Gap::Index(Name::bare("i"))),
        ("ALTER DOMAIN d SET NOT NULL", Gap::TypeUsers(Name::bare("d"))),
        ("DROP TYPE e CASCADE", Gap::Cascade(Name::bare("e"))),
        ("CALL mine()", Gap::Routine(Name::bare("mine"))),
        ("DO $$ BEGIN EXECUTE 'DROP TABLE ' || x; END $$", Gap::Dynamic),
        (
            "IMPORT FOREIGN SCHEMA a FROM SERVER b INTO c",
            Gap::Statement("IMPORT FOREIGN SCHEMA".to_owned()),
        ),
    ] {
        let effect = of(&nothing, text, 18);
        assert!(effect.gaps.contains(&gap), "{text}: {:?}", effect.gaps);
    }
    // The worst is assumed meanwhile.
    let effect = of(&nothing, "ALTER TABLE t ALTER COLUMN a TYPE bigint", 18);
    assert_eq!(effect.work_on(&t()), Work::Rewrite);
    let effect = of(&nothing, "ALTER TABLE t ALTER COLUMN a SET NOT NULL", 18);
    assert_eq!(effect.work_on(&t()), Work::Scan);
}

/// A table that a catalog was read for has no gap.
#[test]
fn knowledge_can_come_from_elsewhere() {
    let mut known = Schema::unknown();
    known.insert(
        &Name::qualified("public", "t"),
        Relation { complete: true, ..Relation::default() },
    );
    assert_eq!(of(&known, "ALTER TABLE t ADD COLUMN x int", 18).gaps, []);
    assert_eq!(of(&known, "ALTER TABLE \"public\".t ADD COLUMN x int", 18).gaps, []);
}

/// Both ends of a foreign key, through a rename and a change of schema.
#[test]
fn names_are_followed() {
    let known = schema(&format!(
        "{TABLES} CREATE SCHEMA s; ALTER TABLE p RENAME TO q; ALTER TABLE q SET SCHEMA s;
         ALTER TABLE s.q RENAME COLUMN id TO key;"
    ));
    let effect = of(&known, "DROP TABLE t", 18);
    assert_eq!(effect.lock_on(&Name::qualified("s", "q")), Some(LockMode::AccessExclusive));
    let effect = of(&known, "ALTER TABLE s.q DROP COLUMN key CASCADE", 18);
    assert_eq!(effect.lock_on(&Name::bare("t")), Some(LockMode::AccessExclusive));
}
