//! A migration script: its statements and how it behaves as a transaction.

use std::ops::Range;

use crate::syntax::{self, StatementKind, TransactionControl};

/// One statement of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Its bytes in the script, without the semicolon and without comments around it.
    pub span: Range<usize>,
    /// 1-based line of its first character.
    pub line: usize,
    /// What it is.
    pub kind: StatementKind,
}

/// How a script has to be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransactionShape {
    /// No statement is in the way of one transaction around all.
    Atomic,
    /// The author put the whole script between `BEGIN` and `COMMIT`; `body` are the statements
    /// between them.
    Wrapped {
        /// Indices into [`Script::statements`].
        body: Range<usize>,
    },
    /// A statement must run outside a transaction, or the script ends transactions in its midst:
    /// every statement is sent alone.
    Separate {
        /// The first reason, in words, with the statement's index.
        because: (usize, &'static str),
    },
    /// A transaction is opened and never ended.
    Unclosed {
        /// Index of the statement that opens it.
        opened_by: usize,
    },
}

/// A script cut into statements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// In order.
    pub statements: Vec<Statement>,
}

impl Script {
    /// Cuts `text`. Never fails: what the grammar does not accept is a statement of kind
    /// [`StatementKind::Unparsed`].
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let (mut line, mut at) = (1, 0);
        let statements = syntax::pieces(text)
            .into_iter()
            .map(|piece| {
                line += text[at..piece.span.start].matches('\n').count();
                at = piece.span.start;
                Statement { span: piece.span, line, kind: piece.kind }
            })
            .collect();
        Self { statements }
    }

    /// How it has to be run.
    #[must_use]
    pub fn shape(&self) -> TransactionShape {
        let control = |s: &Statement| match s.kind {
            StatementKind::Transaction(c) if c != TransactionControl::Savepoint => Some(c),
            _ => None,
        };
        let mut open = None;
        for (index, statement) in self.statements.iter().enumerate() {
            match control(statement) {
                Some(TransactionControl::Begin) => open = open.or(Some(index)),
                Some(TransactionControl::Commit | TransactionControl::Rollback) => open = None,
                Some(TransactionControl::Chain) => open = Some(index),
                Some(TransactionControl::Savepoint) | None => {}
            }
        }
        if let Some(opened_by) = open {
            return TransactionShape::Unclosed { opened_by };
        }
        let last = self.statements.len().saturating_sub(1);
        let wrapped = last > 0
            && control(&self.statements[0]) == Some(TransactionControl::Begin)
            && control(&self.statements[last]) == Some(TransactionControl::Commit);
        let body = if wrapped { 1..last } else { 0..self.statements.len() };
        match body.clone().find_map(|i| Some((i, self.separates(i)?))) {
            Some(because) => TransactionShape::Separate { because },
            None if wrapped => TransactionShape::Wrapped { body },
            None => TransactionShape::Atomic,
        }
    }

    fn separates(&self, index: usize) -> Option<&'static str> {
        match &self.statements[index].kind {
            StatementKind::Transaction(TransactionControl::Savepoint) => None,
            StatementKind::Transaction(_) => Some("ends a transaction in the middle of the file"),
            StatementKind::NonTransactional { what } => Some(what),
            // Inside a file of several statements even Prisma's one message is a transaction
            // block for it, so only a lone one has the freedom to commit.
            StatementKind::MayCommit if self.statements.len() == 1 => Some("may commit by itself"),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<&str> {
        Script::parse(text).statements.iter().map(|s| &text[s.span.clone()]).collect()
    }

    fn shape(text: &str) -> TransactionShape {
        Script::parse(text).shape()
    }

    #[test]
    fn semicolons_inside_bodies_do_not_cut() {
        let text = "-- a\nCREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END;\n\
                    DO $x$ BEGIN PERFORM ';'; END $x$;\n/* c; */ SELECT 'a;b' ;;\n";
        let parts = cut(text);
        assert_eq!(parts.len(), 3, "{parts:?}");
        assert_eq!(parts[2], "SELECT 'a;b'");
    }

    #[test]
    fn one_bad_statement_does_not_lose_the_others() {
        let text = "CREATE TABLE a (i int);\nSELEC 1;\nCREATE TABLE b (i int);";
        let script = Script::parse(text);
        assert_eq!(script.statements.len(), 3);
        assert_eq!(
            script.statements[1].kind,
            StatementKind::Unparsed { message: "syntax error at or near \"SELEC\"".to_owned() }
        );
        assert_eq!(script.statements[1].line, 2);
        assert_eq!(script.statements[2].line, 3);
    }

    #[test]
    fn an_unfinished_string_is_one_bad_statement() {
        let script = Script::parse("SELECT 'abc");
        assert!(matches!(script.statements[0].kind, StatementKind::Unparsed { .. }), "{script:?}");
    }

    #[test]
    fn what_is_never_ended_does_not_lose_what_stands_before() {
        for open in ["SELECT 'abc;\n", "SELECT $x$ abc;\n", "SELECT \"abc;\n", "/* abc;\n"] {
            let text = format!("CREATE TABLE a (i int);\nDROP TABLE b;\n{open}");
            let script = Script::parse(&text);
            let unparsed = |s: &Statement| matches!(s.kind, StatementKind::Unparsed { .. });
            assert_eq!(script.statements.iter().filter(|s| !unparsed(s)).count(), 2, "{script:?}");
        }
    }

    #[test]
    fn plain_definitions_and_data_are_atomic() {
        assert_eq!(
            shape("CREATE TABLE a (i int); INSERT INTO a VALUES (1);"),
            TransactionShape::Atomic
        );
        assert_eq!(shape(""), TransactionShape::Atomic);
        assert_eq!(shape("-- nothing\n"), TransactionShape::Atomic);
        assert_eq!(shape("SAVEPOINT a; RELEASE a"), TransactionShape::Atomic);
    }

    #[test]
    fn a_file_between_begin_and_commit_is_wrapped() {
        assert_eq!(
            shape("BEGIN; CREATE TABLE a (); COMMIT;"),
            TransactionShape::Wrapped { body: 1..2 }
        );
        assert_eq!(
            shape("START TRANSACTION ISOLATION LEVEL SERIALIZABLE; SELECT 1; END"),
            TransactionShape::Wrapped { body: 1..2 }
        );
    }

    #[test]
    fn an_open_transaction_is_found() {
        assert_eq!(shape("BEGIN; CREATE TABLE a ();"), TransactionShape::Unclosed { opened_by: 0 });
        assert_eq!(
            shape("SELECT 1; BEGIN; SELECT 2; COMMIT AND CHAIN;"),
            TransactionShape::Unclosed { opened_by: 3 }
        );
    }

    #[test]
    fn statements_that_refuse_a_transaction_are_sent_alone() {
        for text in [
            "CREATE INDEX CONCURRENTLY i ON t (a)",
            "-- why\nDROP INDEX CONCURRENTLY i",
            "REINDEX (CONCURRENTLY) TABLE t",
            "REINDEX INDEX CONCURRENTLY i",
            "VACUUM t",
            "ALTER TABLE p DETACH PARTITION c CONCURRENTLY",
            "ALTER SYSTEM SET work_mem = '1MB'",
            "CREATE TABLE a (); COMMIT; CREATE TABLE b ()",
            "DO $$ BEGIN UPDATE t SET a = 1; COMMIT; END $$",
            "CALL backfill()",
        ] {
            assert!(matches!(shape(text), TransactionShape::Separate { .. }), "{text}");
        }
        for text in [
            "ANALYZE t",
            "REINDEX INDEX i",
            "REFRESH MATERIALIZED VIEW CONCURRENTLY m",
            "CALL a(); SELECT 1",
        ] {
            assert_eq!(shape(text), TransactionShape::Atomic, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_cut_into_rising_spans_on_character_bounds(text in "[a-z;'\"$\\-/*\\n ä\\\\]{0,60}") {
            let mut end = 0;
            for statement in Script::parse(&text).statements {
                assert!(statement.span.start >= end && statement.span.end <= text.len());
                assert!(text.is_char_boundary(statement.span.start) && text.is_char_boundary(statement.span.end));
                end = statement.span.end;
            }
        }
    }
}
