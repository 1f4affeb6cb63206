//! A PostgreSQL inside our own process: `oliphaunt-wasix`, PostgreSQL 18 as WebAssembly.
//!
//! Purpose: scratch databases where nothing is installed, no server may be used and the role may
//! not create databases. Implements the seam `underpin_core::postgres::embedded`. Invariants: an
//! instance lives on one thread of its own; whatever happens there, a panic included, is an error
//! of ours; the number of instances at once is bounded. Non-goals: being as good as a server of
//! the target's own major, keeping data, serving others. `docs/reference/embedded.md` has the
//! costs and limits, ADR 4 the reasons.

#[cfg(any(
    all(
        target_os = "linux",
        target_env = "gnu",
        any(target_arch = "x86_64", target_arch = "aarch64")
    ),
    all(target_os = "macos", target_arch = "aarch64")
))]
mod carried;

#[cfg(any(
    all(
        target_os = "linux",
        target_env = "gnu",
        any(target_arch = "x86_64", target_arch = "aarch64")
    ),
    all(target_os = "macos", target_arch = "aarch64")
))]
pub use carried::engine;

/// None: the engine is not published for this processor or libc.
#[cfg(not(any(
    all(
        target_os = "linux",
        target_env = "gnu",
        any(target_arch = "x86_64", target_arch = "aarch64")
    ),
    all(target_os = "macos", target_arch = "aarch64")
)))]
#[must_use]
pub fn engine() -> Option<std::sync::Arc<dyn underpin_core::postgres::embedded::EmbeddedEngine>> {
    None
}
