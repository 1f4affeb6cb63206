//! The same connection for PostgreSQL's own programs: libpq's variables (manual §34.15).

use super::connect::Target;
use super::{ConnectionSettings, Endpoint, Host};
use tokio_postgres::config::ChannelBinding;

impl ConnectionSettings {
    /// The variables with which a libpq program connects as we do. They hold the password: they are
    /// for a child's environment and nothing else.
    #[must_use]
    pub fn libpq_environment(&self) -> Vec<(&'static str, String)> {
        let list = |of: &dyn Fn(&Endpoint) -> String| {
            self.endpoints.iter().map(of).collect::<Vec<_>>().join(",")
        };
        let mut variables = vec![
            (
                "PGHOST",
                list(&|endpoint| match &endpoint.host {
                    Host::Name(name) => name.clone(),
                    Host::Socket(folder) => folder.display().to_string(),
                }),
            ),
            ("PGPORT", list(&|endpoint| endpoint.port.to_string())),
            ("PGUSER", self.user.clone()),
            ("PGDATABASE", self.database.clone()),
            ("PGAPPNAME", self.application_name.clone()),
            ("PGCLIENTENCODING", "UTF8".to_owned()),
            // A password file of this account must not add what the URL does not say.
            ("PGPASSFILE", "/dev/null".to_owned()),
        ];
        if self.endpoints.iter().any(|endpoint| endpoint.address.is_some()) {
            let address = |e: &Endpoint| e.address.map(|a| a.to_string()).unwrap_or_default();
            variables.push(("PGHOSTADDR", list(&address)));
        }
        if let Some((password, _)) = self.endpoints.first().and_then(|e| self.password_for(e)) {
            variables.push(("PGPASSWORD", password.to_owned()));
        }
        // A dump's text must not depend on what the database or the role has set.
        variables.push(("PGTZ", "UTC".to_owned()));
        let options = self.options.as_deref().unwrap_or_default();
        variables.push(("PGOPTIONS", format!("{options} -c bytea_output=hex").trim().to_owned()));
        if let Some(timeout) = self.connect_timeout {
            variables.push(("PGCONNECT_TIMEOUT", timeout.as_secs().max(2).to_string()));
        }
        match self.channel_binding {
            ChannelBinding::Disable => variables.push(("PGCHANNELBINDING", "disable".to_owned())),
            ChannelBinding::Require => variables.push(("PGCHANNELBINDING", "require".to_owned())),
            _ => {}
        }
        if self.target != Target::Any {
            variables.push(("PGTARGETSESSIONATTRS", self.target.word().to_owned()));
        }
        variables.extend(self.tls.libpq_environment());
        variables
    }
}
