//! What stands between us and the server, found out by trying. No version string and no host name
//! is asked: a transaction pooler, a lock that is a stub and a standby are what they do.

use crate::error::{Code, Error, Result};
use crate::postgres::{ConnectionSettings, Session, SqlError};

/// A busy pooler deals out other backends now and then, so one look is not enough.
const PROBES: usize = 4;

/// What the two open sessions showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Findings {
    /// Both sessions were given the same backend: a transaction pooler.
    pub(super) pooled: bool,
}

/// Looks at the server through two sessions that are both open.
///
/// # Errors
/// UP-4002 for a standby; UP-1105.
pub(super) async fn look(
    first: &Session,
    second: &Session,
    target: &ConnectionSettings,
) -> Result<Findings> {
    let failed = |e: SqlError| {
        Error::new(Code::ConnectionLost, "the connection could not be tested")
            .caused_by(&e)
            .sqlstate(e.sqlstate.as_deref())
    };
    let who = "SELECT pg_catalog.pg_backend_pid()::text, pg_catalog.pg_is_in_recovery()::text";
    let before = first.rows(who).await.map_err(failed)?;
    let value = |rows: &[Vec<Option<String>>], i: usize| {
        rows.first().and_then(|row| row.get(i).cloned()).flatten().unwrap_or_default()
    };
    if value(&before, 1) == "true" {
        return Err(standby(target));
    }
    // The first session is outside a transaction now, so a transaction pooler may give its backend
    // to the second one.
    let mut pooled = false;
    for _ in 0..PROBES {
        second.simple_query("BEGIN").await.map_err(failed)?;
        let inside = second.rows(who).await.map_err(failed)?;
        let after = first.rows(who).await.map_err(failed)?;
        second.simple_query("ROLLBACK").await.map_err(failed)?;
        pooled |= value(&before, 0) == value(&inside, 0) || value(&before, 0) != value(&after, 0);
    }
    Ok(Findings { pooled })
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

/// The direct address that hosting providers give beside the pooled one, as a hint.
pub(super) fn direct_hint(target: &ConnectionSettings) -> String {
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
