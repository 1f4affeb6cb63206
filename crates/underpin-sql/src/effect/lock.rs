//! PostgreSQL's table-level locks.

use std::fmt;

/// A table-level lock mode, weakest first (manual §13.3.1). The order is PostgreSQL's own numbering.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LockMode {
    /// `ACCESS SHARE`: reading.
    AccessShare = 1,
    /// `ROW SHARE`: `SELECT FOR UPDATE`.
    RowShare = 2,
    /// `ROW EXCLUSIVE`: changing rows.
    RowExclusive = 3,
    /// `SHARE UPDATE EXCLUSIVE`: blocks other schema changes and VACUUM.
    ShareUpdateExclusive = 4,
    /// `SHARE`: blocks writes.
    Share = 5,
    /// `SHARE ROW EXCLUSIVE`: blocks writes, and itself.
    ShareRowExclusive = 6,
    /// `EXCLUSIVE`: blocks everything but plain reads.
    Exclusive = 7,
    /// `ACCESS EXCLUSIVE`: blocks everything.
    AccessExclusive = 8,
}

impl LockMode {
    /// All, weakest first.
    pub const ALL: [Self; 8] = [
        Self::AccessShare,
        Self::RowShare,
        Self::RowExclusive,
        Self::ShareUpdateExclusive,
        Self::Share,
        Self::ShareRowExclusive,
        Self::Exclusive,
        Self::AccessExclusive,
    ];

    /// The mode of `pg_locks.mode`: `AccessShareLock`, with or without `Lock`.
    #[must_use]
    pub fn from_catalog(text: &str) -> Option<Self> {
        let name = text.strip_suffix("Lock").unwrap_or(text);
        Self::ALL.into_iter().find(|mode| mode.to_string() == name)
    }

    /// The mode of PostgreSQL's number, 1 to 8.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number).checked_sub(1)?).copied()
    }

    /// As SQL writes it: `ACCESS EXCLUSIVE`.
    #[must_use]
    pub fn as_sql(self) -> &'static str {
        match self {
            Self::AccessShare => "ACCESS SHARE",
            Self::RowShare => "ROW SHARE",
            Self::RowExclusive => "ROW EXCLUSIVE",
            Self::ShareUpdateExclusive => "SHARE UPDATE EXCLUSIVE",
            Self::Share => "SHARE",
            Self::ShareRowExclusive => "SHARE ROW EXCLUSIVE",
            Self::Exclusive => "EXCLUSIVE",
            Self::AccessExclusive => "ACCESS EXCLUSIVE",
        }
    }

    /// In a table: `AX`, `SRX`.
    #[must_use]
    pub fn abbreviation(self) -> &'static str {
        ["AS", "RS", "RX", "SUX", "S", "SRX", "X", "AX"][self as usize - 1]
    }

    /// Whether `SELECT` has to wait for it.
    #[must_use]
    pub fn blocks_reads(self) -> bool {
        self == Self::AccessExclusive
    }

    /// Whether `INSERT`, `UPDATE` and `DELETE` have to wait for it.
    #[must_use]
    pub fn blocks_writes(self) -> bool {
        self >= Self::Share
    }

    /// Whether the two exclude each other (manual, table 13.2).
    #[must_use]
    pub fn conflicts_with(self, other: Self) -> bool {
        // Row n: the modes that mode n has to wait for, as bits.
        const CONFLICTS: [u8; 8] = [
            0b1000_0000,
            0b1100_0000,
            0b1111_0000,
            0b1111_1000,
            0b1110_1100,
            0b1111_1100,
            0b1111_1110,
            0b1111_1111,
        ];
        CONFLICTS[self as usize - 1] & (1 << (other as usize - 1)) != 0
    }
}

impl fmt::Display for LockMode {
    /// As the catalog writes it, without `Lock`: `AccessExclusive`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conflicts_go_both_ways() {
        for a in LockMode::ALL {
            for b in LockMode::ALL {
                assert_eq!(a.conflicts_with(b), b.conflicts_with(a), "{a} {b}");
            }
            assert_eq!(a.blocks_reads(), a.conflicts_with(LockMode::AccessShare));
            assert_eq!(a.blocks_writes(), a.conflicts_with(LockMode::RowExclusive));
            assert_eq!(LockMode::from_catalog(&format!("{a}Lock")), Some(a));
            assert_eq!(LockMode::from_number(a as u8), Some(a));
        }
        assert!(!LockMode::Share.conflicts_with(LockMode::Share));
        assert!(LockMode::ShareRowExclusive.conflicts_with(LockMode::ShareRowExclusive));
    }
}
