//! `underpin migrate`: Prisma's verbs with Prisma's streams, summary lines, error layout and exit
//! codes (0 or 1), so that a script that called `prisma migrate` need not notice.
//!
//! What we have to say beyond Prisma goes to stderr: warnings as it happens, and below an error
//! the state and the next command. Source of every text: Prisma 6.19 and 7.10 as measured.

mod errors;
mod help;
mod words;

use std::process::ExitCode;

use underpin_core::Error;
use underpin_core::engine::Resolution;
use underpin_core::engine::prisma;
use underpin_core::migrations::MigrationName;

use crate::args::{Global, PrismaVerb};
use crate::environment::Project;
use crate::output;

/// What a failed verb prints on stderr.
struct Failure(String);

/// Runs one of Prisma's verbs.
pub(crate) async fn run(global: &Global, verb: &PrismaVerb) -> ExitCode {
    match dispatch(global, verb).await {
        Ok(code) => code,
        Err(Failure(text)) => {
            output::err(&text);
            ExitCode::FAILURE
        }
    }
}

async fn dispatch(global: &Global, verb: &PrismaVerb) -> Result<ExitCode, Failure> {
    let early = |error: Error| Failure(errors::render(&error, None));
    let project = Project::find(global).map_err(early)?;
    words::loaded(&project);
    let prisma = project.prisma_options(global).map_err(early)?;
    words::datasource(&project, &prisma);
    let failed = |error: Error| Failure(errors::render(&error, Some(&prisma.options.target)));
    match verb {
        PrismaVerb::Deploy => {
            let mut sink = words::Lines::deploy(&prisma.switches);
            let done = prisma::deploy(&prisma, &mut sink).await.map_err(failed)?;
            output::out(&words::deployed(&done));
            Ok(ExitCode::SUCCESS)
        }
        PrismaVerb::Status => {
            let mut sink = words::Lines::status();
            let status = prisma::status(&prisma, &mut sink).await.map_err(failed)?;
            let said = words::status(&status, prisma.switches.status_failed_first);
            for text in &said.stderr {
                output::err(text);
            }
            for text in &said.stdout {
                output::out(text);
            }
            Ok(if said.good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        PrismaVerb::Resolve { applied, rolled_back } => {
            let (resolution, word) = match (applied.as_deref(), rolled_back.as_deref()) {
                (Some(_), Some(_)) => return Err(Failure(words::BOTH_FLAGS.to_owned())),
                (Some(name), None) => (Resolution::Applied(MigrationName::new(name)), "applied"),
                (None, Some(name)) => {
                    (Resolution::RolledBack(MigrationName::new(name)), "rolled back")
                }
                (None, None) => return Err(Failure(words::NO_FLAG.to_owned())),
            };
            let mut sink = words::Lines::resolve();
            prisma::resolve(&prisma, &resolution, &mut sink).await.map_err(failed)?;
            let (Resolution::Applied(name) | Resolution::RolledBack(name)) = &resolution;
            output::out(&format!("\nMigration {name} marked as {word}.\n"));
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Whether these arguments are for one of Prisma's verbs, and then what a command line that cannot
/// be read, or a call for help, prints.
pub(crate) fn usage(arguments: &[String], error: &clap::Error) -> Option<ExitCode> {
    let mut words = arguments.iter().skip(1).filter(|word| !word.starts_with('-'));
    if words.next()? != "migrate" {
        return None;
    }
    let verb = words.next().map(String::as_str);
    let text = help::text(verb);
    if !error.use_stderr() || (verb.is_none() && help::is_missing_verb(error)) {
        output::out(&format!("\n{text}"));
        return Some(ExitCode::SUCCESS);
    }
    output::err(&format!("\n! {}\n\n{text}", help::complaint(error)));
    Some(ExitCode::FAILURE)
}
