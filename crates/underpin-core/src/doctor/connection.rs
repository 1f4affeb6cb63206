//! How the server was reached: name, TLS, whether it takes writes, and what stands between.

use super::{Finding, Questions, is_true, text};
use crate::error::Error;
use crate::postgres::{ConnectionSettings, SqlError};

const CHECK: &str = "connection";

/// What an open session knows of its own way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    version: String,
    in_recovery: bool,
    read_only: bool,
    /// `None` behind a pooler, whose own connection the server shows.
    tls: Option<String>,
    /// The server's end is a Unix socket or this machine.
    local: bool,
}

/// Asks.
///
/// # Errors
/// What the server says.
pub async fn read(ask: Questions<'_>) -> Result<Facts, SqlError> {
    // The transaction of a question is read-only itself: the default tells what others get.
    let row = ask
        .row(
            "SELECT current_setting('server_version'), pg_is_in_recovery(), \
             current_setting('default_transaction_read_only'), \
             (SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl), \
             inet_client_addr() IS NULL OR inet_client_addr() = inet_server_addr()",
        )
        .await?;
    Ok(Facts {
        // Distributions put words behind the number.
        version: text(&row, 0).split(' ').next().unwrap_or_default().to_owned(),
        in_recovery: is_true(&row, 1),
        read_only: is_true(&row, 2),
        tls: row.get(3).cloned().flatten(),
        local: is_true(&row, 4),
    })
}

/// The session could not be opened.
#[must_use]
pub fn failed(error: &Error) -> Finding {
    let lines = error.causes().iter().chain(error.detail_lines()).cloned();
    let finding = Finding::error(CHECK, error.message()).details(lines);
    let finding = error.hints().iter().fold(finding, |f, hint| f.remedy(hint.clone()));
    finding.remedy(format!("underpin explain {}", error.code()))
}

/// Judges the way. `pooled`: two sessions were seen to share a backend; `None`: it was not tried.
#[must_use]
pub fn judge(
    facts: &Facts,
    pooled: Option<bool>,
    direct: &str,
    target: &ConnectionSettings,
) -> Vec<Finding> {
    let (database, address) = (target.database(), target.address());
    let tls = match (&facts.tls, facts.local) {
        (Some(version), _) => format!(", {version}"),
        (None, true) => ", on this machine".to_owned(),
        (None, false) => ", without TLS".to_owned(),
    };
    let words =
        format!("{database} on {address} as {}, PostgreSQL {}{tls}", target.user(), facts.version);
    let mut findings = vec![Finding::ok(CHECK, words)];
    if facts.in_recovery {
        findings.push(
            Finding::error(CHECK, "the server is a standby: it takes no write")
                .remedy(
                    "connect to the primary; with several hosts: target_session_attrs=read-write",
                )
                .remedy("underpin explain UP-4002"),
        );
    } else if facts.read_only {
        let (role, name) =
            (crate::postgres::identifier(target.user()), crate::postgres::identifier(database));
        findings.push(
            Finding::error(CHECK, "sessions are read-only: default_transaction_read_only is on")
                .remedy(
                    target.psql(
                        None,
                        &format!("ALTER ROLE {role} RESET default_transaction_read_only"),
                    ),
                )
                .remedy(target.psql(
                    None,
                    &format!("ALTER DATABASE {name} RESET default_transaction_read_only"),
                ))
                .remedy("underpin explain 25006"),
        );
    }
    // Behind a pooler the server sees the pooler's own way.
    if facts.tls.is_none() && !facts.local && pooled != Some(true) {
        findings.push(Finding::warning(CHECK, "the connection is not encrypted").remedy(
            "add sslmode=require to the URL, or sslmode=verify-full with sslrootcert=FILE",
        ));
    }
    match pooled {
        Some(true) => findings.push(
            Finding::warning(CHECK, "a transaction pooler stands between: two sessions shared a backend")
                .details([
                    "a session lock means nothing there; Underpin holds the lease alone, and Prisma's lock stays behind"
                        .to_owned(),
                ])
                .remedy(direct)
                .remedy("underpin explain UP-4004"),
        ),
        Some(false) => {}
        None => findings.push(Finding::unchecked(CHECK, "whether a pooler stands between: no second session")),
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Level;

    fn levels(facts: Facts, pooled: Option<bool>) -> Vec<Level> {
        let target = ConnectionSettings::parse("postgresql://u@db/x").unwrap();
        judge(&facts, pooled, "use the direct host", &target).iter().map(|f| f.level).collect()
    }

    #[test]
    fn a_plain_connection_over_a_network_is_said() {
        assert_eq!(levels(Facts { local: true, ..Facts::default() }, Some(false)), [Level::Ok]);
        assert_eq!(levels(Facts::default(), Some(false)), [Level::Ok, Level::Warning]);
        let tls = Facts { tls: Some("TLSv1.3".to_owned()), ..Facts::default() };
        assert_eq!(levels(tls, Some(false)), [Level::Ok]);
    }

    #[test]
    fn a_standby_and_a_pooler_are_said() {
        let standby = Facts { in_recovery: true, local: true, ..Facts::default() };
        assert_eq!(levels(standby, Some(false)), [Level::Ok, Level::Error]);
        let pooled = Facts { local: true, ..Facts::default() };
        assert_eq!(levels(pooled.clone(), Some(true)), [Level::Ok, Level::Warning]);
        assert_eq!(levels(pooled, None), [Level::Ok, Level::Unchecked]);
    }
}
