//! Questions to a live database that must not cost it anything: read only, bounded in time.

use super::session::Session;
use super::{Row, SqlError};

/// The limits of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BoundedQuery {
    /// Limit on its time.
    pub statement_timeout_ms: u32,
    /// Limit on waiting for a table lock.
    pub lock_timeout_ms: u32,
}

impl BoundedQuery {
    /// The rows of one query, in a read-only transaction of its own that is rolled back.
    ///
    /// # Errors
    /// What the server says: 57014 and 55P03 where a limit is met.
    pub async fn rows(self, session: &Session, query: &str) -> Result<Vec<Row>, SqlError> {
        let begin = format!(
            "BEGIN READ ONLY; SET LOCAL statement_timeout = {}; SET LOCAL lock_timeout = {}",
            self.statement_timeout_ms, self.lock_timeout_ms
        );
        let result = async {
            session.simple_query(&begin).await?;
            session.rows(query).await
        }
        .await;
        let ended = session.simple_query("ROLLBACK").await;
        let rows = result?;
        ended.map(|_| rows)
    }
}
