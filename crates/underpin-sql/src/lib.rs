//! Pure knowledge about migration scripts: text in, facts out.
//!
//! Purpose: split a script into statements with exact byte spans, say what kind each statement
//! is, and which rule it has about transactions. Invariants: no I/O, no async, no clock, no
//! panic on any input. Non-goals: knowing a live database.

pub mod directive;
pub mod script;
pub mod syntax;

pub use directive::{Directive, directives};
pub use script::{Script, Statement, TransactionShape};
pub use syntax::{
    ConcurrentIndex, RelationName, RowTarget, StatementKind, StatementTraits, TransactionControl,
    concurrent_index, destroys, traits,
};
