//! What stands between us and the server, found out by trying. No version string and no host name
//! is asked: a transaction pooler, a lock that is a stub and a standby are what they do.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::error::{Code, Error, Result};
use crate::postgres::{ConnectionSettings, Session, SqlError, identifier, literal};

/// A busy pooler deals out other backends now and then, so one look is not enough.
const PROBES: usize = 6;
/// A pooler whose backends are all taken lets us wait.
const PATIENCE: Duration = Duration::from_secs(15);

/// What the two open sessions showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Findings {
    /// The sessions share a backend, or one of them changed it: a transaction pooler.
    pub(super) pooled: bool,
}

/// Looks at the server through two sessions that are both open.
///
/// # Errors
/// UP-4002 for a standby; UP-1105, UP-1108.
pub(super) async fn look(
    first: &Session,
    second: &Session,
    target: &ConnectionSettings,
) -> Result<Findings> {
    let (backends, in_recovery) = match tokio::time::timeout(PATIENCE, probe(first, second)).await {
        Ok(probed) => probed.map_err(|e| {
            Error::new(Code::ConnectionLost, "the connection could not be tested")
                .caused_by(&e)
                .sqlstate(e.sqlstate.as_deref())
                .hint("run the same command again")
        })?,
        Err(_) => {
            let words = format!("the server did not answer within {} s", PATIENCE.as_secs());
            let error = Error::new(Code::ServerBusy, words)
                .caused_by("a pooler that has no free connection with the server does this");
            return Err(error.hint("run the same command again"));
        }
    };
    if in_recovery {
        return Err(standby(target));
    }
    let [of_first, of_second] = &backends;
    Ok(Findings { pooled: is_pooled(of_first, of_second) })
}

/// Whether a transaction pooler stands between, as [`look`] finds out. A standby may be asked too.
///
/// # Errors
/// What the server said.
pub async fn pooled(first: &Session, second: &Session) -> std::result::Result<bool, SqlError> {
    let ([of_first, of_second], _) = probe(first, second).await?;
    Ok(is_pooled(&of_first, &of_second))
}

fn is_pooled(of_first: &BTreeSet<String>, of_second: &BTreeSet<String>) -> bool {
    of_first.len() > 1 || of_second.len() > 1 || !of_first.is_disjoint(of_second)
}

/// The backends that each session was given, and whether the server is a standby. No transaction
/// is opened: whoever holds one backend of a full pool and waits for another waits for ever, when
/// all others do the same (ten at once with a pool of five).
async fn probe(
    first: &Session,
    second: &Session,
) -> std::result::Result<([BTreeSet<String>; 2], bool), SqlError> {
    let who = "SELECT pg_catalog.pg_backend_pid()::text, pg_catalog.pg_is_in_recovery()::text";
    let (mut backends, mut in_recovery) = ([BTreeSet::new(), BTreeSet::new()], false);
    for _ in 0..PROBES {
        for (session, seen) in [first, second].into_iter().zip(&mut backends) {
            let mut values = session.rows(who).await?.into_iter().flatten().flatten();
            seen.extend(values.next());
            in_recovery |= values.next().as_deref() == Some("true");
        }
    }
    Ok((backends, in_recovery))
}

/// The server is a standby.
#[must_use]
pub fn standby(target: &ConnectionSettings) -> Error {
    Error::new(Code::ReadOnly, format!("the server at `{}` is a standby", target.address()))
        .hint("connect to the primary; with several hosts: target_session_attrs=read-write")
}

/// Whether a lock that the first session holds is refused to the second one. A stub grants it to
/// both; so do two nodes behind one address.
///
/// # Errors
/// UP-1105.
pub(super) async fn lock_is_real(second: &Session) -> Result<bool> {
    if !super::advisory::try_lock(second).await? {
        return Ok(true);
    }
    super::advisory::release(second).await?;
    Ok(false)
}

/// Whether a transaction that is rolled back takes its DDL with it: a table is made in one, and
/// looked for afterwards. What is found is taken away again.
///
/// # Errors
/// What the server said: a role that may not make tables learns nothing here.
pub(super) async fn ddl_is_transactional(
    session: &Session,
    run: &str,
) -> std::result::Result<bool, SqlError> {
    let table = format!("underpin.{}", identifier(&format!("self_test {run}")));
    let make = format!("BEGIN; CREATE SCHEMA IF NOT EXISTS underpin; CREATE TABLE {table} ()");
    let made = session.simple_query(&make).await;
    session.simple_query("ROLLBACK").await?;
    made?;
    let find = format!("SELECT pg_catalog.to_regclass({})::text", literal(&table));
    let stayed = session.value(&find).await?.is_some();
    if stayed {
        session.simple_query(&format!("DROP TABLE {table}")).await?;
        // Others may have something in it.
        let _not_empty = session.simple_query("DROP SCHEMA underpin").await;
    }
    Ok(!stayed)
}

/// The direct address that hosting providers give beside the pooled one, as a hint.
#[must_use]
pub fn direct_hint(target: &ConnectionSettings) -> String {
    let address = target.address();
    if address.contains("-pooler.") {
        // Neon: the same host without the suffix.
        return format!("use the direct host: {}", address.replace("-pooler.", "."));
    }
    if let Some(host) = address.strip_suffix(":6543") {
        // Supabase: the transaction pooler's port.
        return format!("use the session port: {host}:5432");
    }
    "give a URL that reaches PostgreSQL itself and not a transaction pooler".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint(url: &str) -> String {
        direct_hint(&ConnectionSettings::parse(url).unwrap())
    }

    #[test]
    fn the_direct_address_is_named_where_it_is_known() {
        let neon = hint("postgresql://u@ep-cool-1-pooler.eu.aws.neon.tech/db");
        assert_eq!(neon, "use the direct host: ep-cool-1.eu.aws.neon.tech:5432");
        let supabase = hint("postgresql://u@aws-0.pooler.supabase.com:6543/db");
        assert_eq!(supabase, "use the session port: aws-0.pooler.supabase.com:5432");
        assert!(hint("postgresql://u@db/x").contains("not a transaction pooler"));
    }
}
