//! Verification: is the live catalog what the folder implies? Pure.

use crate::catalog::{self, CatalogDiff, CatalogSnapshot};

/// The result of a comparison.
#[derive(Debug, Clone)]
pub struct Verification {
    /// Differences that this run brought: must be empty.
    pub new: CatalogDiff,
    /// Differences that were there before the run and still are.
    pub known: CatalogDiff,
}

/// Compares the catalog after a run with the expected one. `before` is the drift that was already
/// there: (expected, actual) before the run.
#[must_use]
pub fn compare(
    expected: &CatalogSnapshot,
    actual: &CatalogSnapshot,
    before: &CatalogDiff,
) -> Verification {
    let all = catalog::diff(expected, actual);
    let new = all.minus(before);
    let known = all.minus(&new);
    Verification { new, known }
}
