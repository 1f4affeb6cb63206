//! What a server, or the way to it, said when a query failed.

/// A failed query. Never holds the query's text; `detail` may hold row values (a duplicate key,
/// say) and therefore is not part of [`SqlError::fmt`] and must not be printed.
#[derive(Debug, Clone, Default)]
pub struct SqlError {
    /// Five characters (manual, appendix A); none when the server did not answer.
    pub sqlstate: Option<String>,
    /// The server's primary message, or the driver's words.
    pub message: String,
    /// The server's hint.
    pub hint: Option<String>,
    /// 1-based position in the query, in characters (manual §55.8, field `P`).
    pub position: Option<usize>,
    /// The innermost line of the server's context (a function's line, say), field `W`.
    pub context: Option<String>,
    /// The connection is gone.
    pub connection_lost: bool,
}

impl SqlError {
    /// Whether the server answered with this SQLSTATE.
    #[must_use]
    pub fn is(&self, sqlstate: &str) -> bool {
        self.sqlstate.as_deref() == Some(sqlstate)
    }
}

impl std::fmt::Display for SqlError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)?;
        if let Some(state) = &self.sqlstate {
            write!(f, " (SQLSTATE {state})")?;
        }
        Ok(())
    }
}

impl std::error::Error for SqlError {}

impl From<tokio_postgres::Error> for SqlError {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(db) = error.as_db_error() else {
            let mut message = error.to_string();
            let mut source = std::error::Error::source(&error);
            while let Some(cause) = source {
                message = format!("{message}: {cause}");
                source = cause.source();
            }
            return Self { message, connection_lost: true, ..Self::default() };
        };
        let state = db.code().code();
        Self {
            sqlstate: Some(state.to_owned()),
            message: db.message().to_owned(),
            hint: db.hint().map(str::to_owned),
            position: match db.position() {
                Some(tokio_postgres::error::ErrorPosition::Original(p)) => Some(*p as usize),
                _ => None,
            },
            context: db.where_().and_then(|w| w.lines().next()).map(str::to_owned),
            // Class 57P: the server is ending this session (manual, appendix A).
            connection_lost: matches!(state, "57P01" | "57P02" | "57P03" | "57P05")
                || error.is_closed(),
        }
    }
}
