//! Pure knowledge about migration scripts: text in, facts out.
//!
//! Purpose: split a script into statements with exact byte spans, say what each statement is, what
//! it does to the server, and what is to be said against it. Invariants: no I/O, no async, no
//! clock, no panic on any input. Non-goals: knowing a live database - what only one can tell is
//! handed in.

pub mod allow;
pub mod context;
pub mod directive;
pub mod effect;
pub mod finding;
pub mod lint;
pub mod phased;
pub mod removed;
pub mod rules;
pub mod schema;
pub mod script;
pub mod summary;
pub mod syntax;

pub use directive::{Directive, directives};
pub use script::{Script, Statement, TransactionShape};
pub use syntax::model;
pub use syntax::{
    ConcurrentIndex, RelationName, RowTarget, StatementKind, StatementTraits, TransactionControl,
    concurrent_index, destroys, traits,
};

/// The command tag of a text of one statement: `ALTER TABLE`; empty for a text of none.
#[must_use]
pub fn tag(text: &str) -> &'static str {
    model::read(text).first().map_or("", |parsed| context::tag(&parsed.statement))
}
