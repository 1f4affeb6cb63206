//! The dump's own list of what it holds, and what the snapshot says it has to hold.
//!
//! Entries are matched by the server's addresses (class and oid), which `pg_restore --list` prints,
//! so that no name has to be parsed. Source: pg_restore(1), "--list"; `PrintTOCSummary` of
//! PostgreSQL 13 to 18 prints `id; class oid DESC schema name owner`.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ffi::OsString;
use std::path::Path;

use crate::error::{Code, Error, Result};
use crate::postgres::clients::ClientTools;

/// Bytes of a list that are read: about a million entries.
const LIST_BYTES_MAX: u64 = 128 << 20;
/// Lines of an error.
const MISSING_SHOWN: usize = 20;

/// Kinds with more than one word, so that counts can be told apart from names.
const LONG_KINDS: &[&str] = &[
    "ACCESS METHOD",
    "BLOB METADATA",
    "BLOB COMMENTS",
    "CHECK CONSTRAINT",
    "DATABASE PROPERTIES",
    "DEFAULT ACL",
    "EVENT TRIGGER",
    "FK CONSTRAINT",
    "FOREIGN DATA WRAPPER",
    "FOREIGN SERVER",
    "FOREIGN TABLE",
    "INDEX ATTACH",
    "LARGE OBJECT",
    "MATERIALIZED VIEW DATA",
    "MATERIALIZED VIEW",
    "OPERATOR CLASS",
    "OPERATOR FAMILY",
    "PUBLICATION TABLE",
    "ROW SECURITY",
    "SEQUENCE OWNED BY",
    "SEQUENCE SET",
    "SHELL TYPE",
    "STATISTICS DATA",
    "SUBSCRIPTION TABLE",
    "TABLE ATTACH",
    "TABLE DATA",
    "TEXT SEARCH CONFIGURATION",
    "TEXT SEARCH DICTIONARY",
    "TEXT SEARCH PARSER",
    "TEXT SEARCH TEMPLATE",
    "USER MAPPING",
];

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    id: u64,
    class: u64,
    oid: u64,
    kind: String,
}

/// What a dump holds.
#[derive(Debug, Clone, Default)]
pub(super) struct Inventory {
    entries: Vec<Entry>,
}

/// An object that the snapshot has and that a dump gives an entry of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Expected {
    pub(super) class: u64,
    pub(super) oid: u64,
    /// For people.
    pub(super) name: String,
}

impl Inventory {
    /// Reads the list of the dump in `folder`.
    ///
    /// # Errors
    /// UP-6005 with the tool's words.
    pub(super) async fn read(tools: &ClientTools, folder: &Path) -> Result<Self> {
        let arguments: Vec<OsString> = vec!["--list".into(), folder.into()];
        let listed = tools.output("pg_restore", arguments, LIST_BYTES_MAX).await;
        listed.map(|text| Self::parse(&text)).map_err(|words| {
            Error::new(Code::BackupDamaged, "the dump's list cannot be read").caused_by(words)
        })
    }

    fn parse(list: &str) -> Self {
        let lines = list.lines().filter(|line| !line.starts_with(';'));
        Self { entries: lines.filter_map(entry).collect() }
    }

    /// Entries by kind.
    pub(super) fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for entry in &self.entries {
            *counts.entry(entry.kind.clone()).or_insert(0) += 1;
        }
        counts
    }

    /// The data files' numbers, by the oid of their table.
    pub(super) fn table_data(&self) -> HashMap<u64, u64> {
        let data = self.entries.iter().filter(|entry| entry.kind == "TABLE DATA");
        data.map(|entry| (entry.oid, entry.id)).collect()
    }

    /// Level 2: every expected object, and the rows of every table.
    ///
    /// # Errors
    /// UP-6007 with what is missing.
    pub(super) fn check(&self, objects: &[Expected], tables: &[(u64, String)]) -> Result<()> {
        let held: HashSet<(u64, u64)> = self.entries.iter().map(|e| (e.class, e.oid)).collect();
        let data = self.table_data();
        let missing = objects
            .iter()
            .filter(|object| !held.contains(&(object.class, object.oid)))
            .map(|object| object.name.clone());
        let empty = tables.iter().filter(|(oid, _)| !data.contains_key(oid));
        let missing: Vec<String> =
            missing.chain(empty.map(|(_, name)| format!("the rows of {name}"))).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let words = format!("the dump lacks {} things that its snapshot has", missing.len());
        let shown = missing.into_iter().take(MISSING_SHOWN).map(|name| format!("missing: {name}"));
        Err(Error::new(Code::BackupIncomplete, words)
            .details(shown)
            .hint("does the role own, or may it read, all of them?"))
    }
}

fn entry(line: &str) -> Option<Entry> {
    let (id, rest) = line.split_once("; ")?;
    let mut parts = rest.splitn(3, ' ');
    let (class, oid, rest) = (parts.next()?, parts.next()?, parts.next()?);
    let kind = LONG_KINDS.iter().find(|kind| rest.starts_with(**kind)).copied();
    let kind = kind.unwrap_or_else(|| rest.split(' ').next().unwrap_or_default());
    Some(Entry {
        id: id.parse().ok()?,
        class: class.parse().ok()?,
        oid: oid.parse().ok()?,
        kind: kind.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = ";\n; Archive created at 2026-02-14 10:30:00 UTC\n;\n\
        215; 1259 16386 TABLE public TABLE DATA postgres\n\
        3322; 0 16386 TABLE DATA public TABLE DATA postgres\n\
        3180; 2606 16392 CONSTRAINT public users users_pkey postgres\n";

    #[test]
    fn entries_are_told_apart_by_their_addresses() {
        let inventory = Inventory::parse(LIST);
        assert_eq!(inventory.table_data(), HashMap::from([(16386, 3322)]));
        assert_eq!(inventory.counts()["TABLE"], 1);
        assert_eq!(inventory.counts()["CONSTRAINT"], 1);
    }

    #[test]
    fn what_is_missing_is_named() {
        let inventory = Inventory::parse(LIST);
        let table = Expected { class: 1259, oid: 16386, name: "table users".to_owned() };
        let rows = (16386, "public.users".to_owned());
        inventory.check(std::slice::from_ref(&table), std::slice::from_ref(&rows)).unwrap();
        let view = Expected { oid: 16400, name: "view adults".to_owned(), ..table };
        let error = inventory.check(&[view], &[(7, "public.t".to_owned())]).unwrap_err();
        assert_eq!(error.code(), Code::BackupIncomplete);
        assert_eq!(error.detail_lines(), ["missing: view adults", "missing: the rows of public.t"]);
    }
}
