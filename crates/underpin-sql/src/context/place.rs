//! How a file becomes transactions, by who runs it.

use crate::model::{Parsed, Statement, TransactionControl};
use crate::{Script, TransactionShape};

/// Who runs the files, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Runner {
    /// Underpin: one transaction per file where that is possible, else statement by statement.
    /// Sets its own timeouts and resets the session between files.
    #[default]
    Underpin,
    /// Prisma before 7.4: a file is one simple query, which is one implicit transaction
    /// (measured; manual §55.2.2.1).
    Prisma,
    /// Prisma from 7.4: a file with `CONCURRENTLY` is sent statement by statement.
    PrismaSplit,
}

impl Runner {
    /// Its name for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Underpin => "Underpin",
            Self::Prisma => "Prisma before 7.4",
            Self::PrismaSplit => "Prisma 7.4 or later",
        }
    }

    /// Whether it limits how long a statement waits for a lock, and resets the session.
    #[must_use]
    pub fn is_ours(self) -> bool {
        self == Self::Underpin
    }
}

/// Where a statement stands among the transactions of its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Number of the transaction, from 1.
    pub transaction: usize,
    /// It runs in a transaction block, explicit or implicit, so that its locks are kept for what
    /// follows and statements like `VACUUM` are refused.
    pub block: bool,
    /// The block was opened by the script's own `BEGIN`.
    pub explicit: bool,
}

/// The place of every statement of a file.
#[must_use]
pub fn places(text: &str, statements: &[Parsed], runner: Runner) -> Vec<Place> {
    let together = match runner {
        Runner::Underpin => matches!(
            Script::parse(text).shape(),
            TransactionShape::Atomic | TransactionShape::Wrapped { .. }
        ),
        Runner::Prisma => true,
        Runner::PrismaSplit => !text.to_ascii_lowercase().contains("concurrently"),
    };
    let implicit = together && (statements.len() > 1 || runner.is_ours());
    let (mut transaction, mut explicit) = (1, false);
    let mut places = Vec::with_capacity(statements.len());
    for (index, statement) in statements.iter().enumerate() {
        let control = match statement.statement {
            Statement::Transaction(control) => Some(control),
            _ => None,
        };
        if control == Some(TransactionControl::Begin) {
            // In an implicit block BEGIN opens nothing new: what went before belongs to it.
            if !implicit && !explicit && index > 0 {
                transaction += 1;
            }
            explicit = true;
        } else if !implicit && !explicit && index > 0 && !ends(statements, index - 1) {
            transaction += 1;
        }
        places.push(Place { transaction, block: implicit || explicit, explicit });
        match control {
            Some(TransactionControl::Commit | TransactionControl::Rollback) => {
                explicit = false;
                transaction += 1;
            }
            Some(TransactionControl::Chain) => transaction += 1,
            _ => {}
        }
    }
    places
}

fn ends(statements: &[Parsed], index: usize) -> bool {
    matches!(
        statements[index].statement,
        Statement::Transaction(
            TransactionControl::Commit | TransactionControl::Rollback | TransactionControl::Chain
        )
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(text: &str, runner: Runner) -> Vec<(usize, bool)> {
        let statements = crate::model::read(text);
        places(text, &statements, runner).into_iter().map(|p| (p.transaction, p.block)).collect()
    }

    #[test]
    fn one_file_is_one_transaction_where_it_can_be() {
        let text = "CREATE TABLE a (i int); CREATE TABLE b (i int);";
        assert_eq!(numbers(text, Runner::Underpin), [(1, true), (1, true)]);
        assert_eq!(numbers(text, Runner::Prisma), [(1, true), (1, true)]);
        assert_eq!(
            numbers("SELECT 1", Runner::Prisma),
            [(1, false)],
            "a lone statement is in no block"
        );
    }

    #[test]
    fn concurrently_is_run_apart_by_us_and_by_a_late_prisma() {
        let text = "SET a.b = 1; CREATE INDEX CONCURRENTLY i ON t (a); SELECT 1;";
        let apart = [(1, false), (2, false), (3, false)];
        assert_eq!(numbers(text, Runner::Underpin), apart);
        assert_eq!(numbers(text, Runner::PrismaSplit), apart);
        assert_eq!(numbers(text, Runner::Prisma), [(1, true), (1, true), (1, true)]);
    }

    #[test]
    fn a_commit_in_the_midst_divides_the_file() {
        let text = "SELECT 1; BEGIN; SELECT 2; COMMIT; SELECT 3; SELECT 4";
        assert_eq!(
            numbers(text, Runner::Prisma),
            [(1, true), (1, true), (1, true), (1, true), (2, true), (2, true)]
        );
        assert_eq!(
            numbers(text, Runner::Underpin),
            [(1, false), (2, true), (2, true), (2, true), (3, false), (4, false)]
        );
        assert_eq!(
            numbers("BEGIN; SELECT 1; COMMIT", Runner::Underpin),
            [(1, true), (1, true), (1, true)]
        );
    }
}
