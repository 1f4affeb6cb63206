//! What counts as a difference, and how it reads.

use std::collections::BTreeMap;

use super::*;
use crate::postgres::ServerVersion;

fn id(kind: ObjectKind, parent: Option<&str>, name: &str) -> ObjectId {
    let schema = Some("public".to_owned());
    ObjectId { kind, schema, parent: parent.map(str::to_owned), name: name.to_owned() }
}

fn snapshot(objects: &[(ObjectId, &[(&str, &str)])]) -> CatalogSnapshot {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let objects =
        objects.iter().map(|(id, list)| (id.clone(), list.iter().map(own).collect())).collect();
    CatalogSnapshot::new(ServerVersion(180_000), objects, BTreeMap::new())
}

fn table() -> CatalogSnapshot {
    snapshot(&[
        (id(ObjectKind::Table, None, "User"), &[]),
        (id(ObjectKind::Column, Some("User"), "age"), &[("type", "bigint")]),
        (id(ObjectKind::Index, Some("User"), "User_age_idx"), &[("definition", "…")]),
        (id(ObjectKind::Privilege, Some("table public.User"), "app"), &[("privileges", "ALL")]),
        (id(ObjectKind::Sequence, None, "User_id_seq"), &[("owned_by", "public.User.id")]),
    ])
}

#[test]
fn a_snapshot_does_not_differ_from_itself() {
    assert_eq!(diff(&table(), &table()), CatalogDiff::default());
}

#[test]
fn the_parts_of_a_missing_table_go_without_saying() {
    let all = diff(&table(), &snapshot(&[]));
    assert_eq!(all.len(), 5);
    assert_eq!(all.lines(9), ["missing  table public.User"]);
    let extra = diff(&snapshot(&[]), &table());
    assert_eq!(extra.lines(9), ["extra    table public.User"]);
    assert_eq!((extra.len(), extra.notes.len()), (4, 1), "the grant is a note");
}

#[test]
fn lines_say_actual_then_expected_and_count_the_rest() {
    let actual = snapshot(&[
        (id(ObjectKind::Table, None, "User"), &[]),
        (id(ObjectKind::Column, Some("User"), "age"), &[("type", "integer")]),
    ]);
    let lines = diff(&table(), &actual).lines(2);
    assert_eq!(
        lines,
        [
            "differs  column public.User.age: type integer, expected bigint",
            "missing  index public.User_age_idx (…)",
            "… and 2 more"
        ]
    );
}

#[test]
fn environment_counts_only_where_it_is_expected() {
    let column = || id(ObjectKind::Column, Some("User"), "age");
    let said = snapshot(&[(column(), &[("comment", "years")])]);
    let silent = snapshot(&[(column(), &[])]);
    assert_eq!(diff(&said, &silent).len(), 1);
    let other = diff(&silent, &said);
    assert!(other.is_empty());
    assert_eq!(other.notes[0].text, "comment years, expected none");
}

#[test]
fn new_drift_is_what_was_not_there_before() {
    let expected = table();
    let mut before = table();
    before.apply(&super::super::SnapshotDelta {
        set: vec![],
        removed: vec![id(ObjectKind::Index, Some("User"), "User_age_idx")],
        ..Default::default()
    });
    let mut after = before.clone();
    after.apply(&super::super::SnapshotDelta {
        set: vec![(id(ObjectKind::View, None, "v"), Attributes::new())],
        removed: vec![],
        ..Default::default()
    });
    let old = diff(&expected, &before);
    let new = diff(&expected, &after).minus(&old);
    assert_eq!(new.lines(9), ["extra    view public.v"]);
    assert!(old.minus(&old).is_empty());
}
