//! Help and complaints of Prisma's verbs.

use clap::error::{ContextKind, ContextValue, ErrorKind};

const DEPLOY: &str = "\
Apply pending migrations to update the database schema in production/staging

Usage

  $ underpin migrate deploy [options]

Options

  -h, --help   Display this help message
    --config   Custom path to your Prisma config file
    --schema   Custom path to your Prisma schema

Every flag of `underpin deploy` works here too: --url, --dir, --lock-timeout, --wait.
";

const STATUS: &str = "\
Check the status of your database migrations

Usage

  $ underpin migrate status [options]

Options

  -h, --help   Display this help message
    --config   Custom path to your Prisma config file
    --schema   Custom path to your Prisma schema
";

const RESOLVE: &str = "\
Resolve issues with database migrations in deployment databases:
- recover from failed migrations
- baseline databases when starting to use Prisma Migrate on existing databases
- reconcile hotfixes done manually on databases with your migration history

Run \"underpin migrate status\" to identify if you need to use resolve.

Usage

  $ underpin migrate resolve [options]

Options

    -h, --help   Display this help message
      --config   Custom path to your Prisma config file
      --schema   Custom path to your Prisma schema
     --applied   Record a specific migration as applied
 --rolled-back   Record a specific migration as rolled back

Examples

  $ underpin migrate resolve --applied 20201231000000_add_users_table
  $ underpin migrate resolve --rolled-back 20201231000000_add_users_table
";

const MIGRATE: &str = "\
Update the database schema with migrations

Usage

  $ underpin migrate [command] [options]

Commands for production/staging

      deploy   Apply pending migrations to the database
      status   Check the status of your database migrations
     resolve   Resolve issues with database migrations, i.e. baseline, failed migration, hotfix

The commands for development (dev, reset, diff) stay with Prisma.
";

/// The help of a verb, or of `migrate` itself.
pub(super) fn text(verb: Option<&str>) -> &'static str {
    match verb {
        Some("deploy") => DEPLOY,
        Some("status") => STATUS,
        Some("resolve") => RESOLVE,
        _ => MIGRATE,
    }
}

/// `underpin migrate` alone prints its help and succeeds, as Prisma's does.
pub(super) fn is_missing_verb(error: &clap::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    )
}

/// What is wrong with a command line, in Prisma's words where it has some.
pub(super) fn complaint(error: &clap::Error) -> String {
    let named = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        _ => None,
    };
    match error.kind() {
        ErrorKind::UnknownArgument => format!(
            "unknown or unexpected option: {}",
            named(ContextKind::InvalidArg).unwrap_or_default()
        ),
        ErrorKind::InvalidSubcommand => format!(
            "Unknown command \"{}\"",
            named(ContextKind::InvalidSubcommand).unwrap_or_default()
        ),
        _ => {
            let text = error.render().to_string();
            let first = text.lines().next().unwrap_or_default();
            first.trim_start_matches("error: ").to_owned()
        }
    }
}
