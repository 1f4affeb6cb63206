//! Connection slots: how many are left for a deploy, and who keeps idle ones.
//!
//! Manual §19.3.1 (`max_connections`, `superuser_reserved_connections`, `reserved_connections` from
//! 16 on), §27.2.3 (`pg_stat_activity`: the state of others' sessions is NULL without
//! `pg_read_all_stats`).

use super::{Finding, Questions, age, count, is_true, number, text};
use crate::postgres::{ConnectionSettings, SqlError, identifier};

const CHECK: &str = "slots";
/// Sessions that a deploy opens: its own, one to watch, one to cancel, one of `pg_dump`.
const OURS: u64 = 4;
/// From here on idle sessions of one user are named.
const IDLE_SECONDS: u64 = 600;

/// A session of a client. Of others' the type is hidden too, the role is not.
const CLIENT: &str =
    "usesysid IS NOT NULL AND coalesce(backend_type, 'client backend') = 'client backend'";

/// Counts of sessions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// For roles that are not superuser.
    usable: u64,
    used: u64,
    /// Sessions whose state the role may not see.
    hidden: u64,
    idle: Vec<Idle>,
    role_limit: Option<u64>,
    role_used: u64,
}

/// Idle sessions of one user and application.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Idle {
    user: String,
    application: String,
    sessions: u64,
    longest_seconds: u64,
}

/// Asks.
///
/// # Errors
/// What the server says.
pub async fn read(ask: Questions<'_>) -> Result<Facts, SqlError> {
    let row = ask
        .row(&format!(
            "SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int \
             - coalesce(current_setting('reserved_connections', true), '0')::int, \
             (SELECT count(*) FROM pg_stat_activity WHERE {CLIENT} AND pid <> pg_backend_pid()), \
             (SELECT count(*) FROM pg_stat_activity WHERE {CLIENT} AND state IS NULL), \
             r.rolconnlimit, r.rolconnlimit >= 0 AND NOT r.rolsuper, \
             (SELECT count(*) FROM pg_stat_activity a WHERE a.usesysid = r.oid \
              AND a.pid <> pg_backend_pid()) FROM pg_roles r WHERE r.rolname = current_user",
        ))
        .await?;
    let idle = ask
        .rows(
            "SELECT usename, application_name, count(*), max(extract(epoch FROM now() - state_change))::bigint \
             FROM pg_stat_activity WHERE backend_type = 'client backend' AND state = 'idle' AND pid <> pg_backend_pid() \
             GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT 5",
        )
        .await?;
    Ok(Facts {
        usable: number(&row, 0),
        used: number(&row, 1),
        hidden: number(&row, 2),
        role_limit: is_true(&row, 4).then(|| number(&row, 3)),
        role_used: number(&row, 5),
        idle: idle
            .iter()
            .map(|row| Idle {
                user: text(row, 0).to_owned(),
                application: text(row, 1).to_owned(),
                sessions: number(row, 2),
                longest_seconds: number(row, 3),
            })
            .collect(),
    })
}

/// Judges.
#[must_use]
pub fn judge(facts: &Facts, target: &ConnectionSettings) -> Vec<Finding> {
    let words = format!("{} of {} in use", facts.used, facts.usable);
    let left = facts.usable.saturating_sub(facts.used);
    let list = target.psql(
        None,
        "SELECT usename, application_name, state, count(*) FROM pg_stat_activity GROUP BY 1, 2, 3 ORDER BY 4 DESC",
    );
    let idle: u64 = facts.idle.iter().map(|i| i.sessions).sum();
    let lines: Vec<String> = facts
        .idle
        .iter()
        .map(|i| {
            let application = if i.application.is_empty() { "no name" } else { &i.application };
            let sessions = count(usize::try_from(i.sessions).unwrap_or(0), "idle session");
            format!("{}, {application}: {sessions}, longest {}", i.user, age(i.longest_seconds))
        })
        .collect();
    let mut findings = vec![match left {
        left if left < OURS => {
            Finding::error(CHECK, format!("{words}: a deploy opens up to {OURS}"))
                .details(lines.clone())
                .remedy(list.clone())
                .remedy("underpin explain 53300")
        }
        _ if facts.used * 5 >= facts.usable * 4 => {
            Finding::warning(CHECK, words).details(lines.clone()).remedy(list.clone())
        }
        _ => Finding::ok(CHECK, words),
    }];
    let kept: Vec<&Idle> =
        facts.idle.iter().filter(|i| i.longest_seconds >= IDLE_SECONDS && i.sessions > 1).collect();
    if let Some(first) = kept.first()
        && idle * 2 >= facts.usable
    {
        let words = format!("{idle} sessions are idle: pools are larger than what is used");
        let role = identifier(&first.user);
        findings.push(Finding::warning(CHECK, words).details(lines).remedy(target.psql(
            Some("postgres"),
            &format!("ALTER ROLE {role} SET idle_session_timeout = '10min'"),
        )));
    }
    if let Some(limit) = facts.role_limit
        && limit.saturating_sub(facts.role_used) < OURS
    {
        let role = identifier(target.user());
        let words = format!(
            "the role may have {limit} sessions and has {}: a deploy opens up to {OURS}",
            facts.role_used
        );
        findings.push(Finding::error(CHECK, words).remedy(
            target.psql(Some("postgres"), &format!("ALTER ROLE {role} CONNECTION LIMIT -1")),
        ));
    }
    if facts.hidden > 0 {
        let role = identifier(target.user());
        let sessions = count(usize::try_from(facts.hidden).unwrap_or(0), "session");
        findings.push(
            Finding::note(CHECK, format!("what {sessions} of others do is hidden from this role"))
                .remedy(
                    target.psql(Some("postgres"), &format!("GRANT pg_read_all_stats TO {role}")),
                ),
        );
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Level;

    fn worst(facts: &Facts) -> Level {
        let target = ConnectionSettings::parse("postgresql://u@db/x").unwrap();
        judge(facts, &target).iter().map(|f| f.level).max().unwrap()
    }

    #[test]
    fn few_slots_warn_and_too_few_are_an_error() {
        let of = |used| Facts { usable: 97, used, ..Facts::default() };
        assert_eq!(worst(&of(10)), Level::Ok);
        assert_eq!(worst(&of(78)), Level::Warning);
        assert_eq!(worst(&of(94)), Level::Error);
        assert_eq!(worst(&of(200)), Level::Error);
    }

    #[test]
    fn idle_pools_and_the_limit_of_the_role_are_said() {
        let idle =
            Idle { user: "app".to_owned(), sessions: 60, longest_seconds: 3600, ..Idle::default() };
        let facts = Facts { usable: 97, used: 62, idle: vec![idle], ..Facts::default() };
        assert_eq!(worst(&facts), Level::Warning);
        let facts = Facts { usable: 97, role_limit: Some(3), role_used: 1, ..Facts::default() };
        assert_eq!(worst(&facts), Level::Error);
    }
}
