//! Protected environments: a database that previews and development machines must not write to,
//! recognised by the server's system identifier and the database's name. No variable can mistake
//! it: `pg_control_system()` answers for the cluster itself (manual §9.28, any role may ask).

use super::Options;
use crate::config::Occasion;
use crate::error::{Code, Error, Result};
use crate::postgres::{Session, SqlError};

/// The word of `--allow` that lets a write pass.
pub const ALLOW_PROTECTED: &str = "protected";

/// What a database is, whatever the URL says.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Identity {
    /// Of the cluster: made by `initdb`, kept by standbys and by copies of its files.
    pub system_identifier: String,
    /// The database's name.
    pub database: String,
}

/// An environment that a project declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// What people call it.
    pub name: String,
    /// Its database.
    pub identity: Identity,
    /// Whether previews and development machines must not write to it.
    pub protected: bool,
}

/// Who writes, and what is kept from whom. The default keeps nothing.
#[derive(Debug, Clone, Default)]
pub struct Guard {
    /// The environments that are declared.
    pub environments: Vec<Environment>,
    /// On what occasion this run takes place.
    pub occasion: Occasion,
    /// A write is allowed all the same.
    pub allowed: bool,
    /// The name of the database, typed by a person.
    pub confirmed: Option<String>,
}

impl Guard {
    /// The declared environment of a database.
    #[must_use]
    pub fn environment_of(&self, identity: &Identity) -> Option<&Environment> {
        self.environments.iter().find(|environment| environment.identity == *identity)
    }
}

/// Asks the server what the database is.
///
/// # Errors
/// What the server said.
pub(super) async fn identity(session: &Session) -> std::result::Result<Identity, SqlError> {
    let sql = "SELECT s.system_identifier::text, current_database() FROM pg_catalog.pg_control_system() s";
    let row = session.rows(sql).await?.into_iter().next().unwrap_or_default();
    let mut values = row.into_iter().map(Option::unwrap_or_default);
    Ok(Identity {
        system_identifier: values.next().unwrap_or_default(),
        database: values.next().unwrap_or_default(),
    })
}

/// The protected environment that the session is connected to, if it is one.
///
/// # Errors
/// UP-1105; UP-2303 when the server does not say what it is, so that it may be protected.
pub(super) async fn protected<'a>(
    guard: &'a Guard,
    session: &Session,
) -> Result<Option<&'a Environment>> {
    if !guard.environments.iter().any(|environment| environment.protected) {
        return Ok(None);
    }
    let identity = identity(session).await.map_err(|e| {
        let code =
            if e.connection_lost { Code::ConnectionLost } else { Code::EnvironmentProtected };
        Error::new(code, "the server does not say whether this is a protected environment")
            .caused_by(&e)
            .hint("it is to let this role run: SELECT system_identifier FROM pg_control_system()")
    })?;
    Ok(guard.environment_of(&identity).filter(|environment| environment.protected))
}

/// Refuses to write to a protected environment on an occasion that is no deployment.
///
/// # Errors
/// UP-2303.
pub(super) async fn refuse_protected(options: &Options, session: &Session) -> Result<()> {
    let guard = &options.guard;
    let (kind, why) = match &guard.occasion {
        Occasion::Deployment => return Ok(()),
        Occasion::Preview(why) => ("a preview build", why),
        Occasion::Development(why) => ("a development machine", why),
    };
    let Some(environment) = protected(guard, session).await? else { return Ok(()) };
    let database = &environment.identity.database;
    // Where nobody sits, nobody types.
    let is_person = matches!(guard.occasion, Occasion::Development(_));
    if guard.allowed || is_person && guard.confirmed.as_deref() == Some(database) {
        return Ok(());
    }
    let words = format!(
        "the database `{database}` is the protected environment `{}`, and this is {kind}",
        environment.name
    );
    let error = Error::new(Code::EnvironmentProtected, words).caused_by(format!("told by {why}"));
    let error = match &guard.confirmed {
        Some(typed) => error.caused_by(format!("`{typed}` was typed")),
        None => error,
    };
    let own = match guard.occasion {
        Occasion::Preview(_) => "give previews a database of their own, such as a branch of it",
        _ => "connect to a database of your own: check DATABASE_URL, and underpin environment",
    };
    Err(error
        .hint(own)
        .hint("to deploy exactly what somebody approved: underpin plan --out plan.json; underpin approve plan.json")
        .hint(format!("to write to it all the same: --allow {ALLOW_PROTECTED}")))
}
