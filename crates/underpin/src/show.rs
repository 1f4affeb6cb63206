//! `config show`: each value in force, and where it came from. Secrets are hidden.

use owo_colors::OwoColorize as _;
use underpin_core::Result;
use underpin_core::config::SETTINGS_FILE;

use crate::args::Global;
use crate::environment::Project;
use crate::output::inert;

/// One value.
#[derive(Debug, serde::Serialize)]
pub(crate) struct Value {
    name: String,
    value: String,
    origin: String,
}

/// Everything in force.
#[derive(Debug, serde::Serialize)]
pub(crate) struct Configuration {
    values: Vec<Value>,
    /// What was passed over, and rules that Prisma would break on.
    notes: Vec<String>,
}

/// Finds out what is in force.
pub(crate) fn configuration(global: &Global) -> Result<Configuration> {
    let project = Project::find(global)?;
    let mut values = Vec::new();
    let mut add = |name: &str, value: String, origin: String| {
        values.push(Value { name: name.to_owned(), value, origin });
    };
    match project.url(global) {
        Ok(Some((url, origin))) => add("database", url.redacted(), origin),
        Ok(None) => add("database", "(none)".to_owned(), "nothing names it".to_owned()),
        Err(error) => add("database", "(cannot be told)".to_owned(), error.message().to_owned()),
    }
    match project.migrations(global) {
        Ok((path, origin)) => add("migrations", path.display().to_string(), origin),
        Err(error) => add("migrations", "(cannot be told)".to_owned(), error.message().to_owned()),
    }
    for (name, value, origin) in project.config.origins() {
        // What these name stands above, after flags and variables.
        if name != "migrations" {
            add(&name, project.short(value.as_ref()).display().to_string(), origin);
        }
    }
    let (settings, why) = match &project.settings {
        Some(_) => (SETTINGS_FILE, "it is there: `underpin migrate` checks more than Prisma"),
        None => ("(none)", "`underpin migrate` fails nothing that Prisma passes"),
    };
    add("settings", settings.to_owned(), why.to_owned());
    Ok(Configuration { values, notes: project.config.notes.clone() })
}

/// Lines for a person.
pub(crate) fn render(configuration: &Configuration, origin: bool) -> String {
    let width = configuration.values.iter().map(|v| v.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for value in &configuration.values {
        let name = format!("{:<width$}", value.name);
        text += &format!("{}  {}\n", name.cyan(), inert(&value.value));
        if origin {
            text +=
                &format!("{:width$}  {}\n", "", format!("from {}", inert(&value.origin)).dimmed());
        }
    }
    for note in &configuration.notes {
        text += &format!("{} {}\n", "note:".yellow(), inert(note));
    }
    text
}
