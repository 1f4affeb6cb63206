//! Service files (manual §34.17): named groups of parameters.

use std::path::PathBuf;

use super::Environment;
use super::parameters::{Origin, Parameters, printable};
use crate::error::{Code, Error, Result};

fn invalid(message: impl Into<String>) -> Error {
    Error::new(Code::InvalidUrl, message)
}

/// Puts the parameters of the service that `service` or `PGSERVICE` names below what is there.
/// Files: `servicefile`, else `PGSERVICEFILE`, else `~/.pg_service.conf`; then
/// `pg_service.conf` in `PGSYSCONFDIR`.
///
/// # Errors
/// UP-1002 when no file holds the service, or the file cannot be read.
pub(super) fn add(parameters: &mut Parameters, environment: &Environment) -> Result<()> {
    let Some(service) =
        parameters.get("service").or_else(|| environment.get("PGSERVICE")).map(str::to_owned)
    else {
        return Ok(());
    };
    let named = parameters.get("servicefile").or_else(|| environment.get("PGSERVICEFILE"));
    let own = named
        .map(PathBuf::from)
        .or_else(|| environment.home().map(|home| home.join(".pg_service.conf")));
    let system =
        environment.get("PGSYSCONFDIR").map(|dir| PathBuf::from(dir).join("pg_service.conf"));
    let files: Vec<PathBuf> = own.into_iter().chain(system).collect();
    for file in &files {
        let text = match std::fs::read_to_string(file) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => continue,
            Err(e) => {
                let message = format!("the service file {} cannot be read", file.display());
                return Err(invalid(message).caused_by(e));
            }
        };
        if let Some(pairs) = section(&text, &service) {
            return add_pairs(&pairs, parameters);
        }
    }
    let list: Vec<_> = files.iter().map(|file| file.display().to_string()).collect();
    let shown = printable(&service).map(|name| format!(" `{name}`")).unwrap_or_default();
    Err(invalid(format!("the service{shown} is not defined")).hint(match list.is_empty() {
        true => "set HOME or PGSERVICEFILE, so that a service file can be found".to_owned(),
        false => format!("define it as a [section] in {}", list.join(" or ")),
    }))
}

/// The lines of `[name]`, as far as they hold `=`.
fn section<'a>(text: &'a str, name: &str) -> Option<Vec<(&'a str, &'a str)>> {
    let mut lines = text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#'));
    lines.find(|line| line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) == Some(name))?;
    Some(
        lines.take_while(|line| !line.starts_with('[')).filter_map(|l| l.split_once('=')).collect(),
    )
}

fn add_pairs(pairs: &[(&str, &str)], parameters: &mut Parameters) -> Result<()> {
    // In a file the first of two lines wins, as in libpq; so does a higher layer.
    for (name, value) in pairs {
        if *name == "service" || name.starts_with("ldap") {
            return Err(invalid("the service file names another service, which is not supported"));
        }
        if Parameters::is_known(name) {
            parameters.set_default(name, value, Origin::Service);
        } else {
            let shown = printable(name).unwrap_or("(a name of other characters)");
            parameters.warnings.push(format!("the service file's `{shown}` is not known"));
        }
    }
    Ok(())
}
