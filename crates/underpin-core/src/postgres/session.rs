//! One session with a server: simple queries out, text rows back, notices aside.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::mpsc;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{AsyncMessage, Client, SimpleQueryMessage, Socket};

use super::{ServerVersion, SqlError};

/// One row of a simple query: every value as the server's text form, `None` for NULL.
pub type Row = Vec<Option<String>>;

/// The result of one statement of a simple query.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResultSet {
    /// Column names; empty for a statement without rows.
    pub columns: Vec<String>,
    /// The rows.
    pub rows: Vec<Row>,
    /// Rows that the statement changed or returned, by its command tag.
    pub affected: u64,
}

/// What went from one session to another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CopiedRows {
    /// Rows.
    pub rows: u64,
    /// Bytes of COPY text.
    pub bytes: u64,
}

/// A query under way.
pub type QueryFuture<'a> =
    Pin<Box<dyn Future<Output = Result<Vec<ResultSet>, SqlError>> + Send + 'a>>;

/// What catalog reading and replay need of a PostgreSQL. Kept so thin that an embedded engine
/// with one session and no TCP can stand behind it.
pub trait Queryable: Send {
    /// Runs `sql`, which may hold several statements, as one simple query (manual §55.2.3): one
    /// implicit transaction unless it holds transaction control.
    fn query<'a>(&'a mut self, sql: &'a str) -> QueryFuture<'a>;

    /// The server's version.
    fn version(&self) -> ServerVersion;
}

/// A message that the server sent beside its results (`RAISE NOTICE`, a warning).
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Notice {
    /// `NOTICE`, `WARNING`, … as the server sends it.
    pub severity: String,
    /// Five characters (manual, appendix A).
    pub sqlstate: String,
    /// Its text.
    pub message: String,
}

/// An open session.
pub struct Session {
    client: Client,
    version: ServerVersion,
    notices: mpsc::Receiver<Notice>,
    wire: tokio::task::JoinHandle<()>,
    /// An answer could not be understood, so where the next one begins is not known.
    out_of_step: AtomicBool,
}

/// Notices kept between two reads; more are dropped, oldest kept.
const NOTICES_MAX: usize = 1000;

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("version", &self.version).finish_non_exhaustive()
    }
}

impl Session {
    /// Opens a session. `tls` is the connector that fits the settings' `sslmode`.
    ///
    /// # Errors
    /// What the driver or the server said; SQLSTATE 0A000 when the server is too old to say its
    /// version.
    pub async fn open<T>(config: &tokio_postgres::Config, tls: T) -> Result<Self, SqlError>
    where
        T: MakeTlsConnect<Socket>,
        T::Stream: Send + 'static,
        T::TlsConnect: Send,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    {
        let (client, mut connection) = config.connect(tls).await?;
        let version = connection.parameter("server_version").and_then(ServerVersion::parse);
        let (sender, notices) = mpsc::channel(NOTICES_MAX);
        let wire = tokio::spawn(async move {
            loop {
                match std::future::poll_fn(|cx| connection.poll_message(cx)).await {
                    Some(Ok(AsyncMessage::Notice(notice))) => {
                        // A full channel drops the notice: a chatty script must not stop the wire.
                        let _full = sender.try_send(Notice {
                            severity: notice.severity().to_owned(),
                            sqlstate: notice.code().code().to_owned(),
                            message: notice.message().to_owned(),
                        });
                    }
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => break,
                }
            }
        });
        let version = version.ok_or_else(|| SqlError {
            sqlstate: Some("0A000".to_owned()),
            message: "the server does not say its version".to_owned(),
            ..SqlError::default()
        })?;
        Ok(Self { client, version, notices, wire, out_of_step: AtomicBool::new(false) })
    }

    /// The notices since the last call.
    pub fn take_notices(&mut self) -> Vec<Notice> {
        std::iter::from_fn(|| self.notices.try_recv().ok()).collect()
    }

    /// A token with which another task can cancel what this session runs.
    #[must_use]
    pub fn cancel_token(&self) -> tokio_postgres::CancelToken {
        self.client.cancel_token()
    }

    /// Whether the connection is known to be gone.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.client.is_closed() || self.out_of_step.load(Ordering::Relaxed)
    }

    /// Runs `sql` as one simple query.
    ///
    /// # Errors
    /// The first error of the server, or the connection's.
    pub async fn simple_query(&self, sql: &str) -> Result<Vec<ResultSet>, SqlError> {
        let mut sets = Vec::new();
        let mut current = ResultSet::default();
        let answer = self.client.simple_query(sql).await;
        for message in answer.map_err(|error| self.judge(error))? {
            match message {
                SimpleQueryMessage::RowDescription(columns) => {
                    current.columns = columns.iter().map(|c| c.name().to_owned()).collect();
                }
                SimpleQueryMessage::Row(row) => {
                    current
                        .rows
                        .push((0..row.len()).map(|i| row.get(i).map(str::to_owned)).collect());
                }
                SimpleQueryMessage::CommandComplete(affected) => {
                    current.affected = affected;
                    sets.push(std::mem::take(&mut current));
                }
                _ => {}
            }
        }
        Ok(sets)
    }

    /// An error that is not the server's: the connection is gone, or what came over it makes no
    /// sense. The driver would give the rest of that answer to the next query, which would then
    /// wait for its own for ever; so nothing is asked here any more.
    fn judge(&self, error: tokio_postgres::Error) -> SqlError {
        let error = SqlError::from(error);
        if error.sqlstate.is_none() {
            self.out_of_step.store(true, Ordering::Relaxed);
            self.wire.abort();
        }
        error
    }

    /// The rows of a query of one statement.
    ///
    /// # Errors
    /// As [`Session::simple_query`].
    pub async fn rows(&self, sql: &str) -> Result<Vec<Row>, SqlError> {
        Ok(self.simple_query(sql).await?.pop().map(|set| set.rows).unwrap_or_default())
    }

    /// Runs `COPY … TO STDOUT` and hands over its text as it arrives, a row or so at a time. Not for
    /// engines behind [`Queryable`].
    ///
    /// # Errors
    /// As [`Session::simple_query`].
    pub async fn copy_out(
        &self,
        sql: &str,
        take: &mut (dyn FnMut(&[u8]) + Send),
    ) -> Result<(), SqlError> {
        use futures_util::StreamExt as _;
        let stream = self.client.copy_out(sql).await?;
        let mut stream = std::pin::pin!(stream);
        while let Some(bytes) = stream.next().await {
            take(&bytes?);
        }
        Ok(())
    }

    /// Sends what `out` (`COPY … TO STDOUT`) gives into `into` (`COPY … FROM STDIN`) of another
    /// session, row by row. What comes after `room` bytes is left out.
    ///
    /// # Errors
    /// As [`Session::simple_query`], of either session.
    pub async fn copy_into(
        &self,
        out: &str,
        target: &Self,
        into: &str,
        room: u64,
    ) -> Result<CopiedRows, SqlError> {
        use futures_util::{SinkExt as _, StreamExt as _};
        let stream = self.client.copy_out(out).await?;
        let sink = target.client.copy_in::<str, _>(into).await?;
        let (mut stream, mut sink) = (std::pin::pin!(stream), std::pin::pin!(sink));
        let mut copied = CopiedRows::default();
        while let Some(row) = stream.next().await {
            let row = row?;
            let bytes = copied.bytes + row.len() as u64;
            if bytes <= room {
                copied.bytes = bytes;
                sink.feed(row).await?;
            }
        }
        copied.rows = sink.finish().await?;
        Ok(copied)
    }

    /// The first value of the first row, if there is one and it is not NULL.
    ///
    /// # Errors
    /// As [`Session::simple_query`].
    pub async fn value(&self, sql: &str) -> Result<Option<String>, SqlError> {
        Ok(self
            .rows(sql)
            .await?
            .into_iter()
            .next()
            .and_then(|row| row.into_iter().next().flatten()))
    }
}

impl Queryable for Session {
    fn query<'a>(&'a mut self, sql: &'a str) -> QueryFuture<'a> {
        Box::pin(self.simple_query(sql))
    }

    fn version(&self) -> ServerVersion {
        self.version
    }
}
