//! What only a database, the application or the history can tell; handed in by who has asked them.
//!
//! Invariant: what is not handed in is not known, and no rule guesses it.

use std::collections::BTreeMap;

use super::record::short;
use crate::model::Name;

/// Facts from outside the scripts. Names are written as SQL writes them, without `public`.
#[derive(Debug, Clone, Default, PartialEq, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Facts {
    /// Figures of tables.
    pub tables: BTreeMap<String, TableFacts>,
    /// Figures of indexes.
    pub indexes: BTreeMap<String, IndexFacts>,
    /// What holds, or waits for, locks on tables now.
    pub blockers: Vec<Blocker>,
    /// Free bytes where the data lies.
    pub free_bytes: Option<u64>,
    /// `max_locks_per_transaction` times the connections that may be.
    pub lock_slots: Option<u64>,
    /// Extensions that the server can install.
    pub extensions: Option<Vec<String>>,
    /// Relations of the target; what is not among them is not there.
    pub relations: Option<Vec<String>>,
    /// Relations that the deploying role does not own.
    pub not_owned: Vec<String>,
    /// Names that the application's code still uses, with places.
    pub code: BTreeMap<String, Vec<String>>,
    /// Migrations whose file differs from what was applied.
    pub edited: Vec<String>,
    /// Pending migrations that sort before an applied one.
    pub out_of_order: Vec<String>,
    /// Differences between the live schema and what the history implies.
    pub drift: Vec<String>,
    /// Replicas that follow the server.
    pub replicas: Option<u32>,
    /// The named way back for what is destroyed: a backup, a down script.
    pub recovery: Option<String>,
}

/// Figures of a table.
#[derive(Debug, Clone, Default, PartialEq, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TableFacts {
    /// Estimated rows.
    pub rows: Option<u64>,
    /// Bytes of the table with its indexes and its TOAST.
    pub bytes: Option<u64>,
    /// Rows read or index scans, per second.
    pub reads_per_second: Option<f64>,
    /// Rows written, per second.
    pub writes_per_second: Option<f64>,
    /// Partitions, of every level.
    pub partitions: Option<u64>,
}

/// Figures of an index.
#[derive(Debug, Clone, Default, PartialEq, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IndexFacts {
    /// Scans since the statistics were reset.
    pub scans: Option<u64>,
    /// It exists and is not valid.
    pub invalid: bool,
}

/// A session that a lock will have to wait for.
#[derive(Debug, Clone, Default, PartialEq, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Blocker {
    /// The table.
    pub table: String,
    /// Who and since when, without its query's values.
    pub what: String,
}

impl Facts {
    /// The figures of a table.
    #[must_use]
    pub fn table(&self, name: &Name) -> Option<&TableFacts> {
        self.tables.get(&short(name).to_string())
    }

    /// The figures of an index.
    #[must_use]
    pub fn index(&self, name: &Name) -> Option<&IndexFacts> {
        self.indexes.get(&short(name).to_string())
    }
}
