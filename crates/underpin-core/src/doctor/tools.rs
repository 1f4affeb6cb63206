//! PostgreSQL's programs on this machine: `pg_dump` for backups, a server for proofs.

use super::Finding;
use crate::postgres::ServerVersion;
use crate::postgres::clients::ClientTools;
use crate::postgres::scratch::ScratchOptions;

/// Looks for programs that fit a server of `version`; any, where it is not known.
#[must_use]
pub fn judge(version: Option<ServerVersion>, scratch: &ScratchOptions) -> Vec<Finding> {
    vec![client_tools(version, scratch), server_programs(version, scratch)]
}

fn client_tools(version: Option<ServerVersion>, scratch: &ScratchOptions) -> Finding {
    const CHECK: &str = "pg_dump";
    let Some(version) = version else {
        let found: Vec<String> =
            scratch.places.clients().iter().map(|tools| tools.version.to_string()).collect();
        return match found.as_slice() {
            [] => Finding::warning(CHECK, "none was found, so no backup can be made")
                .remedy("apt-get install postgresql-client"),
            found => Finding::unchecked(
                CHECK,
                format!("{}; whether it fits the server is not known", found.join(", ")),
            ),
        };
    };
    match ClientTools::for_server(version, &scratch.places) {
        Ok(tools) => Finding::ok(CHECK, format!("{} in {}", tools.version, tools.folder.display())),
        Err(error) => {
            let finding = Finding::warning(CHECK, error.message())
                .details(error.detail_lines().iter().cloned());
            error.hints().iter().fold(finding, |f, hint| f.remedy(hint.clone()))
        }
    }
}

fn server_programs(version: Option<ServerVersion>, scratch: &ScratchOptions) -> Finding {
    const CHECK: &str = "scratch";
    if let Some(folder) = &scratch.pg_bin {
        return Finding::ok(CHECK, format!("proofs run on the PostgreSQL of {}", folder.display()));
    }
    if scratch.shadow.is_some() {
        return Finding::ok(CHECK, "proofs run on the server of --shadow-url");
    }
    let all = scratch.places.all();
    let major = version.map(ServerVersion::major);
    let same = major.and_then(|major| scratch.places.of_major(major));
    let newer = major.and_then(|major| scratch.places.newer_than(major));
    let install = || {
        let major = major.map_or_else(|| "18".to_owned(), |major| major.to_string());
        format!("apt-get install postgresql-{major}")
    };
    match (same, newer, all.first()) {
        (Some(found), ..) => Finding::ok(
            CHECK,
            format!("proofs run on PostgreSQL {} of this machine", found.version),
        ),
        (None, Some(found), _) => {
            let words = format!(
                "only a newer PostgreSQL ({}) is here: proofs are approximate",
                found.version
            );
            Finding::note(CHECK, words).remedy(install())
        }
        (None, None, Some(found)) if major.is_none() => {
            Finding::unchecked(CHECK, format!("PostgreSQL {} is here", found.version))
        }
        _ if scratch.embedded.is_some() => {
            Finding::note(CHECK, "proofs run on the PostgreSQL inside this program")
                .remedy(install())
        }
        _ => Finding::warning(
            CHECK,
            "no PostgreSQL is here for proofs: an existing database cannot be baselined",
        )
        .remedy(install())
        .remedy("or name a server for scratch databases: --shadow-url URL"),
    }
}
