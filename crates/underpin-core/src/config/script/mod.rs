//! `prisma.config.ts` and its kind, read without running them.
//!
//! Purpose: the literal forms that nearly all such files consist of. Invariant: a value is
//! reported only if running the file could give no other one; everything else is "computed", and
//! the caller refuses when it needs it. Non-goals: evaluating code, checking types.

mod bindings;
mod effects;
mod expression;
mod token;

use std::ops::Range;

pub(super) use effects::{Effects, Unclear};
pub(super) use expression::{Form, Member, Node};

use bindings::{Bindings, after_dot, mark_at, name_at};
use expression::Reader;
use token::{Kind, Token};

/// Why a file cannot be read, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unreadable {
    pub(super) at: usize,
    pub(super) why: String,
    /// What must not be shown of the text; `None` means all of it.
    pub(super) hidden: Option<Vec<Range<usize>>>,
}

/// A file that was read.
pub(super) struct Script {
    tokens: Vec<Token>,
    bindings: Bindings,
    pub(super) hidden: Vec<Range<usize>>,
    pub(super) effects: Effects,
}

impl Script {
    /// Reads a file.
    ///
    /// # Errors
    /// It is not JavaScript, as far as this reader can tell.
    pub(super) fn read(text: &str) -> Result<Self, Unreadable> {
        let read = token::tokens(text);
        let tokens =
            read.map_err(|e| Unreadable { at: e.at, why: e.why.to_owned(), hidden: None })?;
        let bindings = Bindings::of(&tokens.list);
        let effects = Effects::of(&tokens.list, &bindings);
        Ok(Self { tokens: tokens.list, bindings, hidden: tokens.hidden, effects })
    }

    /// The exported value, not yet looked into.
    ///
    /// # Errors
    /// There is none, or more than one.
    pub(super) fn root(&self) -> Result<Node, Unreadable> {
        let tokens = &self.tokens;
        let mut depth = 0_usize;
        let mut exports = Vec::new();
        let mut mentions = 0;
        for (at, token) in tokens.iter().enumerate() {
            match &token.kind {
                Kind::Mark("{" | "(" | "[") => depth += 1,
                Kind::Mark("}" | ")" | "]") => depth = depth.saturating_sub(1),
                Kind::Name(name) if !after_dot(tokens, at) => {
                    let member =
                        name_at(tokens, at + 2).filter(|_| mark_at(tokens, at + 1) == Some("."));
                    mentions += usize::from(name == "module" && member == Some("exports"));
                    mentions += usize::from(name == "exports" && member == Some("default"));
                    if let Some(value) = self.export_at(at).filter(|_| depth == 0) {
                        exports.push((token.range.start, value));
                    }
                }
                _ => {}
            }
        }
        let fail = |at, why: &str| {
            Err(Unreadable { at, why: why.to_owned(), hidden: Some(self.hidden.clone()) })
        };
        match exports.as_slice() {
            [] => fail(0, "it has no default export that can be read"),
            [(at, value)] if mentions < 2 => {
                let node = self.statement(*value);
                Ok(Node { at: *at, form: node.form })
            }
            [(at, _), ..] => fail(*at, "it exports more than one value, or changes it afterwards"),
        }
    }

    /// The index of the exported value's first token, if an export begins at token `at`.
    fn export_at(&self, at: usize) -> Option<usize> {
        let tokens = &self.tokens;
        let assigned = mark_at(tokens, at + 1) == Some(".") && mark_at(tokens, at + 3) == Some("=");
        match name_at(tokens, at)? {
            "export" if name_at(tokens, at + 1) == Some("default") => Some(at + 2),
            "export" if mark_at(tokens, at + 1) == Some("=") => Some(at + 2),
            "module" if assigned && name_at(tokens, at + 2) == Some("exports") => Some(at + 4),
            "exports" if assigned && name_at(tokens, at + 2) == Some("default") => Some(at + 4),
            _ => None,
        }
    }

    fn statement(&self, at: usize) -> Node {
        Reader::new(&self.tokens, &self.bindings, at).statement()
    }

    /// The value of a top-level constant. One that holds an object or a list counts only if
    /// nothing but `one` place mentions it: it could be changed elsewhere.
    pub(super) fn constant(&self, name: &str) -> Option<Node> {
        let node = self.statement(self.bindings.constant(name)?);
        let mutable = matches!(node.form, Form::Object(_) | Form::List(_));
        if mutable && self.mentions(name) > 2 {
            return None;
        }
        Some(node)
    }

    fn mentions(&self, name: &str) -> usize {
        let tokens = &self.tokens;
        (0..tokens.len())
            .filter(|at| name_at(tokens, *at) == Some(name) && !after_dot(tokens, *at))
            .count()
    }
}
