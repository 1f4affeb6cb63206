//! Diagnoses of folders whose deltas are written down by hand.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::*;
use crate::catalog::{Attributes, ObjectId, ObjectKind, SnapshotDelta};
use crate::config::DataOnlyPolicy;
use crate::migrations::{Checksum, Declared};
use crate::postgres::ServerVersion;
use crate::postgres::scratch::{EngineInfo, EngineKind};
use crate::replay::ReplayStep;

fn id(kind: ObjectKind, parent: Option<&str>, name: &str) -> ObjectId {
    let (schema, parent) = (Some("public".to_owned()), parent.map(str::to_owned));
    ObjectId { kind, schema, parent, name: name.to_owned() }
}

fn table(name: &str) -> (ObjectId, Attributes) {
    (id(ObjectKind::Table, None, name), Attributes::new())
}

fn column(table: &str, name: &str, kind: &str) -> (ObjectId, Attributes) {
    let attributes = Attributes::from([("type".to_owned(), kind.to_owned())]);
    (id(ObjectKind::Column, Some(table), name), attributes)
}

fn role(labels: &str) -> (ObjectId, Attributes) {
    let attributes = Attributes::from([("labels".to_owned(), labels.to_owned())]);
    (id(ObjectKind::EnumType, None, "Role"), attributes)
}

fn set(objects: &[(ObjectId, Attributes)]) -> SnapshotDelta {
    SnapshotDelta { set: objects.to_vec(), ..SnapshotDelta::default() }
}

fn removed(objects: &[ObjectId]) -> SnapshotDelta {
    SnapshotDelta { removed: objects.to_vec(), ..SnapshotDelta::default() }
}

/// A folder of these scripts and deltas.
struct Case {
    migrations: Vec<Migration>,
    replay: Replay,
    details: Details,
}

impl Case {
    fn new(steps: &[(&str, SnapshotDelta)]) -> Self {
        let empty = serde_json::json!({ "version": "15.18", "objects": [] });
        let initial: CatalogSnapshot = serde_json::from_value(empty).unwrap_or_else(|_| {
            let number = serde_json::json!({ "version": 150018, "objects": [] });
            serde_json::from_value(number).unwrap()
        });
        let name = |i: usize| MigrationName::new(format!("m{i}"));
        let migrations = steps.iter().enumerate().map(|(i, (script, _))| Migration {
            name: name(i),
            path: PathBuf::new(),
            script: (*script).to_owned(),
            checksum: Checksum::of(script),
            declared: Declared::default(),
        });
        let engine = EngineInfo {
            kind: EngineKind::Native,
            version: ServerVersion::parse("15.18").unwrap(),
            approximate: false,
            unchecked: Vec::new(),
        };
        let steps_of_replay = steps.iter().enumerate().map(|(i, (_, delta))| ReplayStep {
            name: name(i),
            delta: delta.clone(),
            failed: None,
        });
        Self {
            migrations: migrations.collect(),
            replay: Replay { engine, initial, steps: steps_of_replay.collect(), cached: 0 },
            details: BTreeMap::new(),
        }
    }

    fn live(&self, deltas: &[&SnapshotDelta]) -> CatalogSnapshot {
        let mut live = self.replay.initial.clone();
        deltas.iter().for_each(|delta| live.apply(delta));
        live
    }

    fn delta(&self, step: usize) -> &SnapshotDelta {
        &self.replay.steps[step].delta
    }

    fn diagnose(&self, live: &CatalogSnapshot) -> Diagnosis {
        let folder = Folder::of(&self.migrations);
        diagnose(&folder, &self.replay, &self.details, &BTreeSet::new(), live).unwrap()
    }

    fn words(&self, live: &CatalogSnapshot) -> Vec<&'static str> {
        self.diagnose(live).migrations.iter().map(|m| m.verdict.word()).collect()
    }
}

/// User; its name; the rename to Person; the age.
fn renaming() -> Case {
    let moved = SnapshotDelta {
        set: vec![
            table("Person"),
            column("Person", "id", "text"),
            column("Person", "name", "text"),
        ],
        removed: vec![table("User").0, column("User", "id", "").0, column("User", "name", "").0],
        moved: vec![
            (table("User").0, table("Person").0),
            (column("User", "id", "").0, column("Person", "id", "").0),
            (column("User", "name", "").0, column("Person", "name", "").0),
        ],
        replaced: Vec::new(),
    };
    Case::new(&[
        ("CREATE", set(&[table("User"), column("User", "id", "text")])),
        ("ADD", set(&[column("User", "name", "text")])),
        ("RENAME", moved),
        ("ADD", set(&[column("Person", "age", "integer")])),
    ])
}

#[test]
fn a_hole_behind_a_rename_is_the_column_and_not_the_rename() {
    let case = renaming();
    let live = case.live(&[&set(&[
        table("Person"),
        column("Person", "id", "text"),
        column("Person", "age", "integer"),
    ])]);
    assert_eq!(case.words(&live), ["in effect", "missing", "in effect", "in effect"]);
}

#[test]
fn before_a_rename_everything_has_its_old_name() {
    let case = renaming();
    let live = case.live(&[case.delta(0), case.delta(1)]);
    assert_eq!(case.words(&live), ["in effect", "in effect", "missing", "missing"]);
    let live = case.live(&[case.delta(0)]);
    assert_eq!(case.words(&live), ["in effect", "missing", "missing", "missing"]);
}

#[test]
fn labels_are_facts_of_their_own_and_a_rebuild_writes_all_of_them() {
    let rebuilt = SnapshotDelta {
        set: vec![role("'a', 'd'")],
        replaced: vec![role("").0],
        ..SnapshotDelta::default()
    };
    let case = Case::new(&[
        ("CREATE", set(&[role("'a'")])),
        ("ADD", set(&[role("'a', 'b'")])),
        ("ADD", set(&[role("'a', 'b', 'c'")])),
        ("REBUILD", rebuilt),
    ]);
    // The second is missing: no list of the replay is this one.
    let live = case.live(&[&set(&[role("'a', 'c'")])]);
    assert_eq!(case.words(&live), ["in effect", "missing", "in effect", "missing"]);
    let live = case.live(&[&set(&[role("'a', 'd'")])]);
    let words = case.words(&live);
    assert_eq!(words[3], "in effect");
    assert_eq!(words[1..3], ["superseded", "superseded"]);
}

#[test]
fn a_column_of_another_type_is_not_taken_for_present() {
    let case = Case::new(&[
        ("CREATE", set(&[table("User")])),
        ("ADD", set(&[column("User", "age", "integer")])),
    ]);
    let live = case.live(&[&set(&[table("User"), column("User", "age", "text")])]);
    let diagnosis = case.diagnose(&live);
    let residual = crate::catalog::diff(&case.replay.last_snapshot(), &live);
    let diagnosis = diagnosis.with_residual(&residual, &live);
    assert_eq!(diagnosis.migrations[1].verdict.word(), "conflicting");
    let decisions = decide(&diagnosis, &Grounds::default());
    assert!(matches!(decisions[1], Decision::Refuse { .. }), "{decisions:?}");
}

#[test]
fn half_a_migration_is_partial_and_its_statements_are_named() {
    let two = set(&[column("User", "a", "text"), column("User", "b", "text")]);
    let mut case = Case::new(&[("CREATE", set(&[table("User")])), ("SELECT 1; SELECT 2", two)]);
    let live = case.live(&[&set(&[table("User"), column("User", "a", "text")])]);
    let folder = Folder::of(&case.migrations);
    let asked = diagnose(&folder, &case.replay, &case.details, &BTreeSet::new(), &live);
    assert_eq!(asked.unwrap_err(), BTreeSet::from([1]));
    let parts = vec![set(&[column("User", "a", "text")]), set(&[column("User", "b", "text")])];
    case.details.insert(1, parts);
    let diagnosis = case.diagnose(&live);
    let expected = Verdict::Partial {
        in_effect: vec![1],
        missing: vec![2],
        unknown: Vec::new(),
        silent: Vec::new(),
    };
    assert_eq!(diagnosis.migrations[1].verdict, expected);
    assert_eq!(diagnosis.chosen[1], Piece { migration: 1, statements: Some(BTreeSet::from([0])) });
}

#[test]
fn added_then_dropped_is_undecided_and_only_assumed_before_what_is_in_effect() {
    let case = Case::new(&[
        ("CREATE", set(&[table("User")])),
        ("ADD", set(&[column("User", "old", "text")])),
        ("DROP", removed(&[column("User", "old", "").0])),
        ("ADD", set(&[column("User", "new", "text")])),
    ]);
    let live = case.live(&[case.delta(0), case.delta(3)]);
    assert_eq!(case.words(&live), ["in effect", "superseded", "ambiguous", "in effect"]);
    let live = case.live(&[case.delta(0)]);
    let decisions = decide(&case.diagnose(&live), &Grounds::default());
    assert_eq!(decisions[1], Decision::Run);
    // With the column there, both are decided.
    let live = case.live(&[case.delta(0), case.delta(1), case.delta(3)]);
    assert_eq!(case.words(&live), ["in effect", "in effect", "missing", "in effect"]);
}

#[test]
fn rows_leave_no_trace_and_a_guard_runs() {
    let case = Case::new(&[
        ("CREATE", set(&[table("User")])),
        ("UPDATE \"User\" SET a = 1 WHERE a IS NULL", SnapshotDelta::default()),
        ("CREATE INDEX IF NOT EXISTS i ON \"User\" (a)", SnapshotDelta::default()),
        ("CREATE", set(&[table("Post")])),
    ]);
    let live = case.live(&[case.delta(0), case.delta(3)]);
    assert_eq!(case.words(&live), ["in effect", "data only", "no trace", "in effect"]);
    let decisions = decide(&case.diagnose(&live), &Grounds::default());
    assert!(matches!(decisions[1], Decision::BaselineAssumed { .. }));
    assert_eq!(decisions[2], Decision::Run);
}

/// The decision about the second of three migrations, which changes rows only. The last one is in
/// effect when `later` says so.
fn about_rows(later: bool, answer: Probed, change: impl FnOnce(&mut Grounds<'_>)) -> Decision {
    let case = Case::new(&[
        ("CREATE", set(&[table("User"), column("User", "a", "integer")])),
        ("UPDATE \"User\" SET a = 1 WHERE a IS NULL", SnapshotDelta::default()),
        ("CREATE", set(&[table("Post")])),
    ]);
    let last = if later { vec![case.delta(0), case.delta(2)] } else { vec![case.delta(0)] };
    let diagnosis = case.diagnose(&case.live(&last));
    let declared = Declared::default();
    let mut probes: Vec<Probes> =
        diagnosis.migrations.iter().map(|m| Probes::of(m, &declared)).collect();
    assert_eq!(probes[1].derived.len(), 1);
    probes[1].derived[0].1 = answer;
    let mut grounds = Grounds { probes, ..Grounds::default() };
    change(&mut grounds);
    decide(&diagnosis, &grounds)[1].clone()
}

#[test]
fn a_probe_decides_about_rows_and_a_policy_where_it_cannot() {
    let silent = || Probed::Unanswered(String::new());
    let asks = |d: Decision| matches!(d, Decision::Ask { .. });
    let assumes = |d: Decision| matches!(d, Decision::BaselineAssumed { .. });
    assert_eq!(about_rows(true, Probed::True, |_| {}), Decision::Baseline);
    assert_eq!(about_rows(false, Probed::True, |_| {}), Decision::Baseline);
    assert!(asks(about_rows(false, Probed::False, |_| {})), "rows may have come since");
    assert!(asks(about_rows(true, Probed::False, |_| {})));
    assert!(assumes(about_rows(true, silent(), |_| {})));
    assert!(asks(about_rows(false, silent(), |_| {})));
    let ask = |g: &mut Grounds<'_>| g.policy.data_only = DataOnlyPolicy::Ask;
    assert!(asks(about_rows(true, silent(), ask)));
    let run = |g: &mut Grounds<'_>| g.policy.data_only = DataOnlyPolicy::RunIfIdempotent;
    assert_eq!(about_rows(true, Probed::False, run), Decision::Run);
}

#[test]
fn a_declared_probe_is_proof_and_an_answer_decides_what_is_open() {
    let silent = || Probed::Unanswered(String::new());
    let declared = |answer: Probed| {
        move |g: &mut Grounds<'_>| g.probes[1].declared = Some((String::new(), answer))
    };
    assert_eq!(about_rows(true, silent(), declared(Probed::True)), Decision::Baseline);
    assert_eq!(about_rows(true, Probed::True, declared(Probed::False)), Decision::Run);
    assert!(matches!(about_rows(true, Probed::True, declared(silent())), Decision::Ask { .. }));
    let answered = |g: &mut Grounds<'_>| g.answers.run = BTreeSet::from([MigrationName::new("m1")]);
    assert_eq!(about_rows(true, Probed::False, answered), Decision::Run);
    // Evidence is not overruled.
    assert_eq!(about_rows(true, Probed::True, answered), Decision::Baseline);
}

#[test]
fn a_name_that_is_given_on_and_taken_again_at_once_is_both() {
    let swap = SnapshotDelta {
        set: vec![column("User", "full", "text"), column("User", "name", "integer")],
        moved: vec![(column("User", "name", "").0, column("User", "full", "").0)],
        replaced: vec![column("User", "name", "").0],
        ..SnapshotDelta::default()
    };
    let case = Case::new(&[
        ("CREATE", set(&[table("User"), column("User", "name", "text")])),
        ("RENAME", swap),
    ]);
    let live = case.live(&[case.delta(0), case.delta(1)]);
    assert_eq!(case.words(&live), ["in effect", "in effect"]);
    assert_eq!(case.words(&case.live(&[case.delta(0)])), ["in effect", "missing"]);
}

#[test]
fn between_two_halves_the_facts_do_not_decide() {
    let key = |definition: &str| {
        let attributes = Attributes::from([("definition".to_owned(), definition.to_owned())]);
        (id(ObjectKind::Constraint, Some("User"), "User_key"), attributes)
    };
    let mut rebuilt = set(&[key("b")]);
    rebuilt.replaced = vec![key("").0];
    let mut case =
        Case::new(&[("CREATE; ALTER", set(&[table("User"), key("a")])), ("DROP; ADD", rebuilt)]);
    case.details.insert(0, vec![set(&[table("User")]), set(&[key("a")])]);
    case.details.insert(1, vec![removed(&[key("").0]), set(&[key("b")])]);
    let live = case.live(&[&set(&[table("User")])]);
    let diagnosis = case.diagnose(&live);
    // Either the second took the constraint away and stopped, or the first never made it.
    assert_eq!(case.words(&live), ["ambiguous", "ambiguous"]);
    let decisions = decide(&diagnosis, &Grounds::default());
    assert!(matches!(decisions[0], Decision::Ask { .. }), "{decisions:?}");
}

#[test]
fn a_half_with_others_behind_it_is_none_where_the_last_one_may_be_cut_short() {
    let key = |definition: &str| {
        let attributes = Attributes::from([("definition".to_owned(), definition.to_owned())]);
        (id(ObjectKind::Constraint, Some("User"), "User_key"), attributes)
    };
    let mut rebuilt = set(&[key("b")]);
    rebuilt.replaced = vec![key("").0];
    let mut case = Case::new(&[
        ("CREATE; ALTER", set(&[table("User"), key("a")])),
        ("CREATE", set(&[table("Post")])),
        ("DROP; ADD", rebuilt),
    ]);
    case.details.insert(0, vec![set(&[table("User")]), set(&[key("a")])]);
    case.details.insert(2, vec![removed(&[key("").0]), set(&[key("b")])]);
    let live = case.live(&[&set(&[table("User")]), case.delta(1)]);
    assert_eq!(case.words(&live), ["in effect", "in effect", "partial"]);
}
