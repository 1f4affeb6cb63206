//! `environment`: which database this is, and what that means for who may write to it. Reads only.

use super::guard::{self, Identity};
use super::{Options, connect};
use crate::config::Occasion;
use crate::error::{Code, Error, Result};
use crate::event::EventSink;

/// What `environment` found.
#[derive(Debug, Clone, serde::Serialize)]
pub struct EnvironmentReport {
    /// What the database is.
    #[serde(flatten)]
    pub identity: Identity,
    /// What `underpin.toml` calls it.
    pub environment: Option<String>,
    /// Whether it is protected.
    pub protected: bool,
    /// `deployment`, `preview` or `development`.
    pub occasion: &'static str,
    /// By what that was told.
    pub told_by: Option<String>,
}

/// Asks the database what it is.
///
/// # Errors
/// UP-11xx; UP-3103 when the server does not say.
pub async fn environment(options: &Options, sink: &mut dyn EventSink) -> Result<EnvironmentReport> {
    let session = connect(options, sink).await?;
    let identity = guard::identity(&session).await.map_err(|e| {
        Error::new(Code::CatalogUnreadable, "the server does not say which one it is")
            .caused_by(&e)
            .sqlstate(e.sqlstate.as_deref())
    })?;
    let declared = options.guard.environment_of(&identity);
    let (occasion, told_by) = match &options.guard.occasion {
        Occasion::Deployment => ("deployment", None),
        Occasion::Preview(why) => ("preview", Some(why.clone())),
        Occasion::Development(why) => ("development", Some(why.clone())),
    };
    Ok(EnvironmentReport {
        environment: declared.map(|environment| environment.name.clone()),
        protected: declared.is_some_and(|environment| environment.protected),
        identity,
        occasion,
        told_by,
    })
}
