//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use underpin_core::config::duration;
use underpin_core::diagnose::Answers;
use underpin_core::migrations::MigrationName;

/// Changes the schema of a production PostgreSQL database while people live in it.
///
/// Takes a folder of Prisma migrations, proves which of them are in effect, baselines those, applies
/// the rest and verifies the result.
#[derive(Debug, Parser)]
#[command(name = "underpin", version, max_term_width = 100, disable_help_subcommand = true)]
pub(crate) struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub(crate) verb: Verb,
    /// Flags of every verb.
    #[command(flatten)]
    pub(crate) global: Global,
}

/// Flags that every verb takes. Each has an environment twin.
#[derive(Debug, Clone, Args)]
pub(crate) struct Global {
    /// The database: postgresql://user@host:5432/name?schema=public
    #[arg(long, global = true, env = "UNDERPIN_URL", hide_env_values = true, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// The Prisma schema: a file or a folder [default: as Prisma finds it]
    #[arg(long, global = true, value_name = "PATH")]
    pub(crate) schema: Option<PathBuf>,
    /// The Prisma config file [default: as Prisma finds it]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The migrations folder [default: the project's, prisma/migrations]
    #[arg(long, global = true, env = "UNDERPIN_DIR", value_name = "FOLDER")]
    pub(crate) dir: Option<PathBuf>,
    /// Server binaries for the scratch PostgreSQL: the folder of initdb and postgres
    #[arg(long, global = true, env = "UNDERPIN_PG_BIN", value_name = "FOLDER")]
    pub(crate) pg_bin: Option<PathBuf>,
    /// A server on which scratch databases may be made
    #[arg(
        long,
        global = true,
        env = "UNDERPIN_SHADOW_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub(crate) shadow_url: Option<String>,
    /// The folder of pg_dump and pg_restore [default: looked for as the server binaries are]
    #[arg(long, global = true, env = "UNDERPIN_PG_CLIENTS", value_name = "FOLDER")]
    pub(crate) pg_clients: Option<PathBuf>,
    /// The folder of the backups [default: the one of underpin.toml, else below the state folder]
    #[arg(long, global = true, env = "UNDERPIN_BACKUPS", value_name = "FOLDER")]
    pub(crate) backups: Option<PathBuf>,
    /// Seconds to wait for another process that migrates this database [default: 60; 3600 before
    /// a COMMAND]
    #[arg(long, global = true, env = "UNDERPIN_WAIT", value_name = "SECONDS")]
    pub(crate) wait: Option<u64>,
    /// Longest time that one attempt waits for a table lock, such as 3s or 500ms
    #[arg(long, global = true, env = "UNDERPIN_LOCK_TIMEOUT", value_name = "DURATION", default_value = "3s",
          value_parser = duration)]
    pub(crate) lock_timeout: std::time::Duration,
    /// Form of the output
    #[arg(short, long, global = true, env = "UNDERPIN_OUTPUT", value_enum, default_value_t = Output::Human)]
    pub(crate) output: Output,
    /// The same as --output json
    #[arg(long, global = true, conflicts_with = "output")]
    pub(crate) json: bool,
    /// Colours in the output
    #[arg(long, global = true, env = "UNDERPIN_COLOR", value_enum, default_value_t = Color::Auto)]
    pub(crate) color: Color,
    /// Only results, warnings and errors
    #[arg(short, long, global = true, env = "UNDERPIN_QUIET")]
    pub(crate) quiet: bool,
    /// No bar that is drawn over on a terminal
    #[arg(long, global = true, env = "UNDERPIN_NO_PROGRESS")]
    pub(crate) no_progress: bool,
}

/// Forms of output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For a person: aligned lines
    Human,
    /// One JSON document at the end
    Json,
    /// One JSON event per line, as it happens
    Ndjson,
    /// Lines for a container's log, each with [MIGRATE]
    Log,
    /// Of findings: workflow commands that GitHub shows beside the changed lines
    Github,
    /// Of findings: GitLab's Code Quality report
    Gitlab,
    /// Of findings: SARIF 2.1.0, for code scanning
    Sarif,
    /// Of findings: JUnit's XML
    Junit,
    /// Of findings: a comment for a pull request
    Markdown,
    /// Of findings: one self-contained page
    Html,
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Say what is applied, what waits, and what is wrong; changes nothing
    Status {
        /// Prove from the live catalog which migrations are in effect, and show by what
        #[arg(long)]
        evidence: bool,
    },
    /// Diagnose, baseline what is proven, apply the rest, verify; then start COMMAND
    Deploy(DeployArguments),
    /// Every run and what it did, what others recorded, the backups; changes nothing
    History {
        /// Runs to list, the newest
        #[arg(long, value_name = "NUMBER", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
        runs: u16,
    },
    /// What a deploy asks for before or after it, ticked by measurements; changes nothing
    Checklist {
        /// Before or after it
        #[arg(value_enum)]
        when: When,
        /// Waive a rule
        #[arg(long, env = "UNDERPIN_ALLOW", value_name = "RULE", value_delimiter = ',')]
        allow: Vec<String>,
    },
    /// The release notes of migrations, for those who will run them; reads files only
    #[command(group = clap::ArgGroup::new("which").required(true).args(["since", "plan"]))]
    Notes(NotesArguments),
    /// Judge what is pending against this database; changes nothing
    Plan(PlanArguments),
    /// Record that somebody has looked at a plan, for a policy that wants it
    Approve(ApproveArguments),
    /// Say which database this is, and what protects it; changes nothing
    Environment,
    /// Record what is proven to be in effect, without running anything
    Baseline {
        /// Find out and show, and change nothing; the default
        #[arg(long, conflicts_with_all = ["apply", "undo"])]
        plan: bool,
        /// Record it
        #[arg(long, conflicts_with = "undo")]
        apply: bool,
        /// Record what is decided even where other migrations are not
        #[arg(long, requires = "apply")]
        partly: bool,
        /// Take the baseline of a run out of the history again; `last` is the newest
        #[arg(long, value_name = "RUN")]
        undo: Option<String>,
        /// Check everything, and change nothing
        #[arg(long)]
        dry_run: bool,
        /// Write to a protected environment all the same: `protected`
        #[arg(long, env = "UNDERPIN_ALLOW", value_name = "WHAT", value_delimiter = ',')]
        allow: Vec<String>,
    },
    /// Put the history right by hand
    #[command(group = clap::ArgGroup::new("resolution").required(true))]
    Resolve {
        /// Record a migration as applied, without running it
        #[arg(long, value_name = "MIGRATION", group = "resolution")]
        applied: Option<String>,
        /// Record that a failed migration has been undone
        #[arg(long, value_name = "MIGRATION", group = "resolution")]
        rolled_back: Option<String>,
        /// Check everything, and change nothing
        #[arg(long)]
        dry_run: bool,
        /// Write to a protected environment all the same: `protected`
        #[arg(long, env = "UNDERPIN_ALLOW", value_name = "WHAT", value_delimiter = ',')]
        allow: Vec<String>,
    },
    /// Compare the live catalog with what the history implies; changes nothing
    Verify,
    /// Say what migrations will lock, lose and break, without a database
    Lint(LintArguments),
    /// Run what is pending on a throw-away copy and measure it; the database is only read
    Rehearse(RehearseArguments),
    /// Look at everything that a deploy depends on, with remedies; changes nothing
    Doctor {
        /// Leave out the comparison of the catalog with a replay of the folder
        #[arg(long)]
        no_drift: bool,
    },
    /// Say what a code means, and the way out: UP-3201, P3005, 55P03, a rule
    Explain {
        /// An error code of Underpin or Prisma, a rule, or an SQLSTATE
        code: String,
    },
    /// Backups that are proven to restore
    Backup {
        /// What to do.
        #[command(subcommand)]
        verb: BackupVerb,
    },
    /// What `prisma migrate` does in production: the same flags, words and exit codes
    Migrate {
        /// Which of Prisma's verbs.
        #[command(subcommand)]
        verb: PrismaVerb,
    },
    /// The configuration in force
    Config {
        /// What to do with it.
        #[command(subcommand)]
        verb: ConfigVerb,
    },
    /// Rescue a database without history, on a throw-away server
    Demo,
    /// Show the lines by which a Prisma project takes Underpin, and write them when asked to
    Init {
        /// Write them
        #[arg(long, conflicts_with = "dry_run")]
        apply: bool,
        /// Show them, and do not ask
        #[arg(long)]
        dry_run: bool,
    },
    /// Print the completions of a shell
    Completions {
        /// Which
        shell: clap_complete::Shell,
    },
    /// Write the manual's pages into a folder
    #[command(hide = true)]
    Man {
        /// Where to
        folder: PathBuf,
    },
}

/// What to deploy, and what to start then.
#[derive(Debug, Clone, Args)]
pub(crate) struct DeployArguments {
    /// Say what would be done, and change nothing
    #[arg(long, env = "UNDERPIN_DRY_RUN")]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) said: Said,
    /// Refuse when anything has changed since this plan was made
    #[arg(long, value_name = "FILE")]
    pub(crate) plan: Option<PathBuf>,
    /// Waive a rule that the policy refuses for; or let pass: `protected`, `upgrade-stop`,
    /// `newer-database`, `unsaved-database` (no backup before a step that may take data away)
    #[arg(long, env = "UNDERPIN_ALLOW", value_name = "RULE", value_delimiter = ',')]
    pub(crate) allow: Vec<String>,
    /// What becomes of COMMAND when the deploy fails [default: stop]
    #[arg(long, env = "UNDERPIN_ON_FAILURE", value_enum, value_name = "WHAT")]
    pub(crate) on_failure: Option<OnFailure>,
    /// Answer /livez, /readyz and /startupz here until COMMAND starts: 0.0.0.0:8081, or 8081
    #[arg(long, env = "UNDERPIN_HEALTH", value_name = "ADDRESS")]
    pub(crate) health: Option<String>,
    /// Warn when the migrations may take longer than this, after which a probe kills the start
    #[arg(long, env = "UNDERPIN_PROBE_WINDOW", value_name = "DURATION", value_parser = duration)]
    pub(crate) probe_window: Option<std::time::Duration>,
    /// Wait so long for a server that cannot be reached yet [default: 60s before COMMAND, else 0s]
    #[arg(long, env = "UNDERPIN_WAIT_FOR_DATABASE", value_name = "DURATION", value_parser = duration)]
    pub(crate) wait_for_database: Option<std::time::Duration>,
    /// The application: takes the place of this process once the database is up to date
    #[arg(last = true, value_name = "COMMAND", conflicts_with = "dry_run")]
    pub(crate) command: Vec<std::ffi::OsString>,
}

impl DeployArguments {
    /// For the configuration.
    pub(crate) fn on_failure(&self) -> Option<underpin_core::config::OnFailure> {
        use underpin_core::config::OnFailure as Policy;
        Some(match self.on_failure? {
            OnFailure::Stop => Policy::Stop,
            OnFailure::StartAnyway => Policy::StartAnyway,
            OnFailure::Wait => Policy::Wait,
        })
    }
}

/// What becomes of the application when the deploy fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnFailure {
    /// Not started: the process ends with the error's exit code
    Stop,
    /// Started all the same
    StartAnyway,
    /// Not started; the process stays, and tries again when that can help
    Wait,
}

/// What to judge, and by which measure.
#[derive(Debug, Clone, Args)]
pub(crate) struct LintArguments {
    /// SQL files, migrations or folders of them [default: every migration of the project]
    pub(crate) files: Vec<PathBuf>,
    /// Judge this migration and those after it as one deploy; those before it are applied
    #[arg(long, value_name = "MIGRATION", conflicts_with = "files")]
    pub(crate) pending_from: Option<String>,
    /// The server's major version [default: any from 13 on]
    #[arg(long, env = "UNDERPIN_SERVER_VERSION", value_name = "MAJOR", value_parser = clap::value_parser!(u32).range(9..=99))]
    pub(crate) server_version: Option<u32>,
    /// Who runs the files
    #[arg(long, env = "UNDERPIN_RUNNER", value_enum, default_value_t = RunnerName::Underpin)]
    pub(crate) runner: RunnerName,
    /// List findings from this level on
    #[arg(long, env = "UNDERPIN_LEVEL", value_enum, default_value_t = Level::Warning)]
    pub(crate) level: Level,
    /// Exit with 3 when there is a finding of this level
    #[arg(long, env = "UNDERPIN_FAIL_ON", value_enum, default_value_t = FailOn::Error)]
    pub(crate) fail_on: FailOn,
    /// Run rules that are off by default: an id, or STYLE or PERF for the whole family
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub(crate) enable: Vec<String>,
    /// Say where the application's source below this folder still names what is dropped or renamed
    #[arg(long, env = "UNDERPIN_CODE", value_name = "FOLDER", value_delimiter = ',')]
    pub(crate) code: Vec<PathBuf>,
}

/// Who runs the files, and how they become transactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RunnerName {
    /// One transaction per file where it can be, else statement by statement
    Underpin,
    /// Prisma before 7.4: each file as one query, which is one transaction
    Prisma,
    /// Prisma 7.4 and later: files with CONCURRENTLY statement by statement
    PrismaSplit,
}

/// How loud a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Level {
    /// Everything
    Note,
    /// What may break or block something
    Warning,
    /// What destroys data, fails, or blocks for as long as the table is large
    Error,
}

/// What makes the run fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    /// Any finding
    Note,
    /// A warning or an error
    Warning,
    /// An error
    Error,
    /// Nothing
    Never,
}

/// What to plan for.
#[derive(Debug, Clone, Args)]
pub(crate) struct PlanArguments {
    /// Write the plan for `deploy --plan`
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// The record of a rehearsal [default: the kept one of this very state, if there is one]
    #[arg(long, value_name = "FILE")]
    pub(crate) rehearsal: Option<PathBuf>,
    /// Measure the rates for predictions on a scratch server (some seconds)
    #[arg(long)]
    pub(crate) calibrate: bool,
    /// List findings from this level on
    #[arg(long, env = "UNDERPIN_LEVEL", value_enum, default_value_t = Level::Warning)]
    pub(crate) level: Level,
    /// Exit with 3 when there is a finding of this level
    #[arg(long, env = "UNDERPIN_FAIL_ON", value_enum, default_value_t = FailOn::Error)]
    pub(crate) fail_on: FailOn,
    /// Waive a rule
    #[arg(long, env = "UNDERPIN_ALLOW", value_name = "RULE", value_delimiter = ',')]
    pub(crate) allow: Vec<String>,
    #[command(flatten)]
    pub(crate) said: Said,
}

/// Which side of a deploy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    /// Is everything ready?
    Before,
    /// Did everything go well?
    After,
}

/// What the notes are about.
#[derive(Debug, Clone, Args)]
pub(crate) struct NotesArguments {
    /// About the migrations after this one, the last of the release before
    #[arg(long, value_name = "MIGRATION")]
    pub(crate) since: Option<String>,
    /// About what this plan runs, with its durations
    #[arg(long, value_name = "FILE")]
    pub(crate) plan: Option<PathBuf>,
    /// What the release is called
    #[arg(long, value_name = "TEXT", default_value = "This release")]
    pub(crate) title: String,
    /// A text with {{title}}, {{summary}}, {{changes}}, {{downtime}}, {{before}}, {{log}}, {{rollback}}
    #[arg(long, value_name = "FILE")]
    pub(crate) template: Option<PathBuf>,
}

/// What to rehearse on.
#[derive(Debug, Clone, Args)]
pub(crate) struct RehearseArguments {
    /// The backup, or `last`; with --from backup
    #[arg(default_value = "last")]
    pub(crate) backup: String,
    /// What the copy is made from
    #[arg(long, env = "UNDERPIN_REHEARSE_FROM", value_enum, default_value_t = CopyFrom::Backup)]
    pub(crate) from: CopyFrom,
    /// Make a backup first, and rehearse on that one
    #[arg(long)]
    pub(crate) create_backup: bool,
    /// Rows that a sample takes of each table; those that they refer to come in addition
    #[arg(long, value_name = "ROWS", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) sample_rows: u64,
    /// Megabytes that a sample takes in all
    #[arg(long, value_name = "MB", default_value_t = 256, value_parser = clap::value_parser!(u64).range(1..1_000_000))]
    pub(crate) sample_mb: u64,
    /// Write the record to this file too, for `plan --rehearsal`
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) said: Said,
}

/// What a copy is made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CopyFrom {
    /// A backup, restored: every row
    Backup,
    /// The catalog alone
    Schema,
    /// Some rows of every table, with those that they refer to
    Sample,
}

/// What is approved, and by whom.
#[derive(Debug, Clone, Args)]
pub(crate) struct ApproveArguments {
    /// The plan, as `plan --out` wrote it
    pub(crate) plan: PathBuf,
    /// Who approves it [default: who runs the pipeline, else the user of this machine]
    #[arg(long, env = "UNDERPIN_BY", value_name = "NAME")]
    pub(crate) by: Option<String>,
    /// A word on it
    #[arg(long, value_name = "TEXT")]
    pub(crate) note: Option<String>,
    /// Waive a rule, as the plan did
    #[arg(long, env = "UNDERPIN_ALLOW", value_name = "RULE", value_delimiter = ',')]
    pub(crate) allow: Vec<String>,
    #[command(flatten)]
    pub(crate) said: Said,
    /// Check everything, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// What a person says of migrations that cannot be decided.
#[derive(Debug, Clone, Args)]
pub(crate) struct Said {
    /// Run a migration of which nothing can tell whether it is in effect
    #[arg(long, env = "UNDERPIN_RUN", value_name = "MIGRATION", value_delimiter = ',')]
    pub(crate) run: Vec<String>,
    /// Run what is missing of a migration that is half there
    #[arg(long, env = "UNDERPIN_COMPLETE", value_name = "MIGRATION", value_delimiter = ',')]
    pub(crate) complete: Vec<String>,
}

impl Said {
    /// For the engine.
    pub(crate) fn answers(&self) -> Answers {
        let names = |list: &[String]| list.iter().map(MigrationName::new).collect();
        Answers { run: names(&self.run), complete: names(&self.complete) }
    }
}

/// Prisma's verbs.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum PrismaVerb {
    /// Apply pending migrations
    Deploy,
    /// Compare the history with the folder
    Status,
    /// Put the history right by hand
    Resolve {
        /// Record a specific migration as applied
        #[arg(long, value_name = "MIGRATION")]
        applied: Option<String>,
        /// Record a specific migration as rolled back
        #[arg(long, value_name = "MIGRATION")]
        rolled_back: Option<String>,
    },
}

/// Verbs on backups.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum BackupVerb {
    /// Make one, and prove it
    Create {
        /// How far it is proven: 3 decodable, 4 restored, 5 equal, 6 drilled
        #[arg(long, value_name = "LEVEL", default_value_t = 3, value_parser = clap::value_parser!(u8).range(3..=6))]
        level: u8,
        /// Why, as a part of its name
        #[arg(long, value_name = "WORD", default_value = "manual")]
        reason: String,
        /// A word to find it, and to keep it, by
        #[arg(long, value_name = "WORD", value_delimiter = ',')]
        tag: Vec<String>,
        /// `prune` never removes it
        #[arg(long)]
        pin: bool,
    },
    /// Record what is kept elsewhere in place of a dump: claimed, never proven
    Accept {
        /// What it is
        #[arg(long, value_name = "KIND", value_enum)]
        kind: Evidence,
        /// What it is called there: a snapshot's id, a base backup's label, a restore point's name
        #[arg(long, value_name = "ID")]
        id: String,
        /// The moment it brings back, like 2026-02-14T10:30:00Z; without it and --lsn a restore point
        /// is made now
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
        /// The WAL position it brings back, like 16/B374D848
        #[arg(long, value_name = "LSN", requires = "at")]
        lsn: Option<String>,
        /// Who says so
        #[arg(long, value_name = "WHO")]
        by: String,
        /// Anything else
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// Show all, with the level that each is proven to, and where each is; changes nothing
    List,
    /// Copy one of this machine to the object store of `copy_to`; what is there is not sent again
    Copy {
        /// Its name, or `last`
        #[arg(default_value = "last")]
        backup: String,
    },
    /// Bring one from the object store of `copy_to` into the folder of this machine
    Fetch {
        /// Its name, or `last`
        backup: String,
    },
    /// Prove one again, from its files on
    Check {
        /// Its name, or `last`
        #[arg(default_value = "last")]
        backup: String,
        /// 1 intact, 2 complete, 3 decodable, 4 restored, 5 equal, 6 drilled: what is pending ran on it
        #[arg(long, value_name = "LEVEL", default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..=6))]
        level: u8,
    },
    /// Bring one back as the database, compared before it takes the name; the old one is kept
    Restore {
        /// Its name, or `last`
        backup: String,
        /// The name of the database that is replaced
        #[arg(long, value_name = "NAME")]
        confirm: Option<String>,
        /// What would otherwise be refused
        #[arg(long, value_name = "WHAT", value_enum, value_delimiter = ',')]
        allow: Vec<Allowed>,
        /// Say what would be lost, and change nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Remove what no rule keeps
    Prune {
        /// Say what would go and why, and remove nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Keep one for ever
    Pin {
        /// Its name, or `last`
        backup: String,
        /// Let it go again
        #[arg(long)]
        off: bool,
    },
}

/// What is kept elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Evidence {
    /// A base backup, with the archive of the WAL since
    BaseBackup,
    /// A snapshot of the storage
    Snapshot,
    /// A branch of a provider that has such
    Branch,
    /// A named point in the archive of the WAL
    RestorePoint,
}

/// What a restore may do that it refuses by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Allowed {
    /// Replace a live database without its name being typed
    ReplaceDatabase,
    /// Restore a backup of another database or server
    ForeignBackup,
    /// Go on where what is live cannot be backed up first
    UnsavedDatabase,
    /// Write to a protected environment
    Protected,
}

/// Verbs on the configuration.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum ConfigVerb {
    /// Print each value; secrets are hidden
    Show {
        /// Say where each value came from
        #[arg(long)]
        origin: bool,
    },
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use clap::Parser as _;
    use clap::error::ErrorKind;

    use super::Arguments;

    /// The pages whose commands nobody runs; those of the guides are.
    fn pages() -> Vec<PathBuf> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let reference = std::fs::read_dir(root.join("docs/reference")).unwrap();
        let reference = reference.map(|entry| entry.unwrap().path());
        let pages = reference.filter(|page| page.extension().is_some_and(|e| e == "md"));
        // The command line's own page shows usages, not commands.
        pages.filter(|page| !page.ends_with("cli.md")).chain([root.join("README.md")]).collect()
    }

    #[test]
    fn every_command_of_the_documents_is_one_that_the_program_takes() {
        let quoted = regex_lite::Regex::new("\"[^\"]*\"").unwrap();
        let mut seen = 0;
        for page in pages() {
            let text = std::fs::read_to_string(&page).unwrap();
            for block in text.split("```").skip(1).step_by(2) {
                for line in block.lines().filter(|line| line.starts_with("underpin ")) {
                    let command = line.split(" #").next().unwrap_or_default();
                    // Where it is written is the shell's business.
                    let command = command.split(" > ").next().unwrap_or_default();
                    let command = quoted.replace_all(command, "text");
                    if let Err(error) = Arguments::try_parse_from(command.split_whitespace()) {
                        let shows = [ErrorKind::DisplayHelp, ErrorKind::DisplayVersion];
                        let page = page.display();
                        assert!(shows.contains(&error.kind()), "{page}: {line}\n{error}");
                    }
                    seen += 1;
                }
            }
        }
        assert!(seen > 40, "{seen} commands");
    }
}
