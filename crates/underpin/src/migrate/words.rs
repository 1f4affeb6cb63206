//! Prisma's summary lines, from events and reports.

use underpin_core::engine::prisma::{PrismaDeployed, PrismaOptions, PrismaStatus, Switches};
use underpin_core::event::{Event, EventSink};

use crate::environment::Project;
use crate::output::{self, err, inert, out};

pub(super) const NO_FLAG: &str = "\
Error: --applied or --rolled-back must be part of the command like:
underpin migrate resolve --applied 20201231000000_example
underpin migrate resolve --rolled-back 20201231000000_example";
pub(super) const BOTH_FLAGS: &str = "Error: Pass either --applied or --rolled-back, not both.";

/// Which files were loaded. Prisma 6 says it on stdout, Prisma 7 on stderr.
pub(super) fn loaded(project: &Project) {
    let config = &project.config;
    let seven = config.generation.is_seven();
    if let Some(path) = &config.config_path {
        err(&format!("Loaded Prisma config from {}.\n", project.short(&path.value).display()));
    }
    if let Some(path) = &config.schema_path {
        let text = format!("Prisma schema loaded from {}", project.short(&path.value).display());
        if seven { err(&format!("{text}.")) } else { out(&text) }
    }
    for note in &config.notes {
        err(&format!("note: {}", inert(note)));
    }
}

/// `Datasource "db": PostgreSQL database "shop", schema "public" at "localhost:5432"`.
pub(super) fn datasource(project: &Project, prisma: &PrismaOptions) {
    let target = &prisma.options.target;
    let name = project.config.datasource.as_deref().unwrap_or("db");
    let schemas = match prisma.datasource_schemas.as_slice() {
        [] => format!("schema \"{}\"", target.schema()),
        names => format!("schemas \"{}\"", names.join(", ")),
    };
    out(&inert(&format!(
        "Datasource \"{name}\": PostgreSQL database \"{}\", {schemas} at \"{}\"\n",
        target.database(),
        target.address()
    )));
    out("");
    for warning in target.warnings() {
        err(&format!("note: {}", inert(warning)));
    }
}

/// Prints what happens as Prisma does.
pub(super) struct Lines {
    /// `deploy` has a blank line below the count.
    blank_after_count: bool,
    counts: bool,
    /// Whether a diagnosis may run, whose steps are then shown.
    ours: bool,
}

impl Lines {
    pub(super) fn deploy(switches: &Switches) -> Self {
        Self { blank_after_count: true, counts: true, ours: switches.baseline_proven }
    }

    pub(super) fn status() -> Self {
        Self { blank_after_count: false, counts: true, ours: false }
    }

    pub(super) fn resolve() -> Self {
        Self { blank_after_count: false, counts: false, ours: false }
    }
}

impl EventSink for Lines {
    fn emit(&mut self, event: &Event) {
        match event {
            Event::DatabaseCreated { database, address } => {
                out(&inert(&format!("PostgreSQL database {database} created at {address}\n")));
                out("");
            }
            Event::FolderRead { migrations, .. } if self.counts => {
                out(&count(*migrations));
                if self.blank_after_count {
                    out("");
                }
                // A diagnosis reads the folder again.
                self.counts = false;
            }
            Event::MigrationStarted { name, .. } => {
                out(&inert(&format!("Applying migration `{name}`")));
            }
            Event::Warning { message, details, .. } => {
                err(&inert(&format!("warning: {message}")));
                details.iter().for_each(|line| err(&inert(&format!("  {line}"))));
            }
            Event::LockWaiting { holder } => {
                err(&inert(&format!("waiting: another process migrates this database: {holder}")));
            }
            Event::ServerNotice { severity, message, .. } => {
                err(&inert(&format!("{}: {message}", severity.to_lowercase())));
            }
            Event::TookOver { .. } | Event::Degraded { .. } | Event::ConnectionRestored { .. } => {
                said(event);
            }
            Event::Proven { .. } | Event::Baselined { .. } | Event::Verified { .. }
                if self.ours =>
            {
                said(event);
            }
            _ => {}
        }
    }
}

/// What Prisma has no words for, in ours.
fn said(event: &Event) {
    if let Some((verb, text, _)) = output::words(event) {
        err(&inert(&format!("{}: {text}", verb.to_lowercase())));
    }
}

/// Prisma names this folder whatever the real one is.
fn count(migrations: usize) -> String {
    match migrations {
        0 => "No migration found in prisma/migrations".to_owned(),
        1 => "1 migration found in prisma/migrations".to_owned(),
        n => format!("{n} migrations found in prisma/migrations"),
    }
}

/// The end of a `deploy`.
pub(super) fn deployed(done: &PrismaDeployed) -> String {
    if done.applied.is_empty() {
        return "\nNo pending migrations to apply.".to_owned();
    }
    let tree: String =
        done.applied.iter().map(|name| format!("  └─ {name}/\n    └─ migration.sql\n")).collect();
    inert(&format!(
        "\nThe following migration(s) have been applied:\n\nmigrations/\n{tree}\nAll migrations have been successfully applied."
    ))
}

/// What `status` prints on each stream.
pub(super) struct Said {
    pub(super) stdout: Vec<String>,
    pub(super) stderr: Vec<String>,
    /// Exit code 0.
    pub(super) good: bool,
}

/// Prisma's checks in Prisma's order: the first that matches ends the command. With
/// `failed_first` failed migrations are shown even if others wait.
pub(super) fn status(status: &PrismaStatus, failed_first: bool) -> Said {
    let mut said = Said { stdout: Vec::new(), stderr: Vec::new(), good: false };
    let waits = !status.unapplied.is_empty();
    if failed_first && waits && !status.failed.is_empty() {
        said.stderr.push(inert(&failed(status)));
    }
    if waits && status.missing.is_empty() {
        said.stdout.push(inert(&unapplied(status)));
    } else if waits {
        said.stderr.push(inert(&diverged(status)));
    } else if !status.initialised {
        said.stderr.push(UNMANAGED.to_owned());
    } else if !status.failed.is_empty() {
        said.stderr.push(inert(&failed(status)));
    } else {
        said.stdout.push("\nDatabase schema is up to date!".to_owned());
        said.good = true;
    }
    said
}

const UNMANAGED: &str = "\
The current database is not managed by Prisma Migrate.

Read more about how to baseline an existing production database:
https://pris.ly/d/migrate-baseline

Underpin finds out what of the folder is in effect: underpin deploy --dry-run";

fn plural(names: &[String]) -> &'static str {
    if names.len() == 1 { "" } else { "s" }
}

fn unapplied(status: &PrismaStatus) -> String {
    format!(
        "Following migration{} have not yet been applied:\n{}\n\n\
         To apply migrations in development run prisma migrate dev.\n\
         To apply migrations in production run underpin migrate deploy.",
        plural(&status.unapplied),
        status.unapplied.join("\n")
    )
}

fn diverged(status: &PrismaStatus) -> String {
    // Prisma prints its own word for "none".
    let common = status.last_common.as_deref().unwrap_or("null");
    format!(
        "Your local migration history and the migrations table from your database are different:\n\n\
         The last common migration is: {common}\n\n\
         The migration{} have not yet been applied:\n{}\n\n\
         The migration{} from the database are not found locally in prisma/migrations:\n{}",
        plural(&status.unapplied),
        status.unapplied.join("\n"),
        plural(&status.missing),
        status.missing.join("\n")
    )
}

fn failed(status: &PrismaStatus) -> String {
    let names: Vec<String> = status.failed.iter().map(|f| f.name.clone()).collect();
    let first = names.first().map_or("", String::as_str);
    let remains: String = status
        .failed
        .iter()
        .map(|f| format!("\nwhat is left of {}: {}", f.name, f.remains))
        .collect();
    format!(
        "Following migration{} have failed:\n{}\n\n\
         During development if the failed migration(s) have not been deployed to a production database \
         you can then fix the migration(s) and run prisma migrate dev.\n\n\
         The failed migration(s) can be marked as rolled back or applied:\n\n\
         - If you rolled back the migration(s) manually:\n\
         underpin migrate resolve --rolled-back \"{first}\"\n\n\
         - If you fixed the database manually (hotfix):\n\
         underpin migrate resolve --applied \"{first}\"\n\n\
         Read more about how to resolve migration issues in a production database:\n\
         https://pris.ly/d/migrate-resolve\n{remains}",
        plural(&names),
        names.join("\n")
    )
}
