//! The one table of error codes. A row here generates `docs/errors/UP-nnnn.md`; numbers are
//! never reused. Thousands: 1 usage and connection, 2 the folder and its SQL, 3 history, catalog
//! and proof, 4 coordination and execution, 5 verification, 6 backup and rehearsal, 9 our own faults.

use std::fmt;

/// The process exit codes of Underpin (`docs/reference/exit-codes.md`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
    /// Done, or nothing to do.
    Success,
    /// Failed, or not in sync.
    Failed,
    /// Usage or configuration.
    Usage,
    /// Refused by policy, nothing touched.
    Refused,
    /// The database differs from the evidence, nothing touched.
    Differs,
    /// Busy, nothing touched, safe to retry.
    Busy,
    /// Stopped part-way.
    Partial,
    /// Interrupted cleanly.
    Interrupted,
}

impl ExitStatus {
    /// The number that the process ends with.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Refused => 3,
            Self::Differs => 4,
            Self::Busy => 5,
            Self::Partial => 6,
            Self::Interrupted => 130,
        }
    }
}

/// Whether running the same command again can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Retry {
    /// Running the same command again is safe and may succeed.
    Safe,
    /// Something has to be put right first; then the same command is safe.
    AfterRepair,
}

macro_rules! codes {
    ($($(#[doc = $text:literal])+ $name:ident = $id:literal, $exit:ident, $retry:ident, $title:literal;)+) => {
        /// A stable error code. Each has a page under `docs/errors/`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($(#[doc = $text])+ $name,)+ }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The printed form, `UP-nnnn`.
            #[must_use]
            pub fn id(self) -> &'static str { match self { $(Self::$name => $id,)+ } }

            /// The exit status of a run that ends with it.
            #[must_use]
            pub fn exit(self) -> ExitStatus { match self { $(Self::$name => ExitStatus::$exit,)+ } }

            /// Whether to retry.
            #[must_use]
            pub fn retry(self) -> Retry { match self { $(Self::$name => Retry::$retry,)+ } }

            /// One line for lists.
            #[must_use]
            pub fn title(self) -> &'static str { match self { $(Self::$name => $title,)+ } }

            /// The page's text: cause and way out.
            #[must_use]
            pub fn explanation(self) -> &'static str {
                match self { $(Self::$name => concat!($($text, "\n"),+),)+ }
            }
        }
    };
}

codes! {
    /// No flag, environment variable or `.env` file names the database.
    ///
    /// Give it with `--url postgresql://user@host/db`, or set `UNDERPIN_URL` or `DATABASE_URL`.
    MissingUrl = "UP-1001", Usage, AfterRepair, "no database URL";
    /// The URL cannot be read: it has another scheme, a bad port, an unknown `sslmode`, or a
    /// parameter whose value does not fit.
    ///
    /// The message names the part; the URL itself is not printed, because it may hold a password.
    InvalidUrl = "UP-1002", Usage, AfterRepair, "the database URL is not valid";
    /// A flag, a value or a combination of flags is not known. Nothing was started.
    Usage = "UP-1003", Usage, AfterRepair, "the command line is not valid";
    /// A value that is needed is computed in the Prisma config file, and only running the file
    /// could tell it. Underpin reads such files and never runs them.
    ///
    /// Literal texts, `env("X")`, `process.env.X` with or without a literal behind `??` or `||`,
    /// and `path.join` of literals are read. For anything else give the value with a flag:
    /// `--url`, `--schema`, `--dir`.
    ConfigNotLiteral = "UP-1004", Usage, AfterRepair, "a value of the Prisma config file is computed";
    /// The project takes a URL from an environment variable that is not set, or empty.
    ///
    /// Set it, or give `--url`. Prisma 7, and Prisma 6 with a config file, load no `.env` file by
    /// themselves: the config file has to say `import 'dotenv/config'`.
    VariableUnset = "UP-1005", Usage, AfterRepair, "an environment variable of the project is not set";
    /// The Prisma schema is not where the project says, cannot be read, or its `datasource` block
    /// cannot be understood.
    ///
    /// Give the schema's file or folder with `--schema`, or the database with `--url`.
    SchemaUnreadable = "UP-1006", Usage, AfterRepair, "the Prisma schema cannot be read";
    /// Two `.env` files set a variable to the same value, which Prisma 6 refuses, or a value
    /// refers to itself.
    ///
    /// Keep one `.env` file: the one beside `package.json` wins.
    EnvFile = "UP-1007", Usage, AfterRepair, "the .env files cannot be used together";
    /// The Prisma config file is not there, cannot be read, is too large, or contradicts the schema.
    ///
    /// Give the file with `--config`, or the database with `--url`.
    ConfigUnreadable = "UP-1008", Usage, AfterRepair, "the Prisma config file cannot be used";
    /// `underpin.toml` cannot be read, or holds a key or a value that is not known.
    SettingsInvalid = "UP-1009", Usage, AfterRepair, "underpin.toml is not valid";
    /// `deploy -- COMMAND` cannot start the command, because no such program is there or it may not be
    /// executed; or the address of `--health` cannot be listened on. Looked at before anything else:
    /// nothing was changed.
    StartUnusable = "UP-1010", Usage, AfterRepair, "what is to be started cannot be";
    /// The server cannot be reached: nothing listens there, the name does not resolve, or the
    /// connection timed out. Prisma's P1001.
    ServerUnreachable = "UP-1101", Failed, Safe, "the server cannot be reached";
    /// The server refused the user or the password. Prisma's P1000.
    AuthenticationFailed = "UP-1102", Failed, AfterRepair, "authentication failed";
    /// The server is there and the database is not. Prisma's P1003.
    DatabaseMissing = "UP-1103", Failed, AfterRepair, "the database does not exist";
    /// The server accepted the user, and then refused access to the database. Prisma's P1010.
    AccessDenied = "UP-1104", Failed, AfterRepair, "access to the database was denied";
    /// The connection broke during the work. Prisma's P1017.
    ConnectionLost = "UP-1105", Failed, Safe, "the connection was lost";
    /// A TLS connection could not be opened as `sslmode` demands. Prisma's P1011.
    TlsFailed = "UP-1106", Failed, AfterRepair, "the TLS connection failed";
    /// The server is older than PostgreSQL 13 or does not say its version.
    UnsupportedServer = "UP-1107", Failed, AfterRepair, "the server is not one that is supported";
    /// The server refused the connection for a reason that passes: it is starting, stopping, or
    /// has no free connection slot.
    ServerBusy = "UP-1108", Busy, Safe, "the server takes no connection now";

    /// The migrations folder is not there. A container image that forgot to copy it looks just
    /// like this, so it is an error and not "nothing to do".
    FolderMissing = "UP-2001", Usage, AfterRepair, "the migrations folder does not exist";
    /// The folder holds no migration while the database has a history, or was named explicitly.
    FolderEmpty = "UP-2002", Usage, AfterRepair, "the migrations folder holds no migration";
    /// The folder or a file in it cannot be read.
    FolderUnreadable = "UP-2003", Usage, AfterRepair, "the migrations folder cannot be read";
    /// A migration's folder has no `migration.sql`. Prisma's P3015. All files are read before
    /// the first one runs.
    ScriptMissing = "UP-2004", Usage, AfterRepair, "a migration has no migration.sql";
    /// A `migration.sql` is not valid UTF-8 text, or holds a NUL character.
    ScriptNotText = "UP-2005", Usage, AfterRepair, "a migration file is not UTF-8 text";
    /// Two folders have names that one of the places a migration passes through (Windows and
    /// macOS file systems, the 255 characters of the history table) cannot tell apart.
    DuplicateName = "UP-2006", Usage, AfterRepair, "two migrations have the same name";
    /// `migration_lock.toml` names another provider, or none. Prisma's P3019; its exact rule:
    /// a line that starts with `provider = `, the value in double quotes.
    ProviderMismatch = "UP-2007", Usage, AfterRepair, "migration_lock.toml names another provider";
    /// A migration has the name of no folder.
    UnknownMigration = "UP-2008", Usage, AfterRepair, "no such migration";
    /// A directive (`-- underpin: …`) of a script, or the `underpin.toml` beside it, is not
    /// understood. The words and keys are in `docs/reference/baseline.md`.
    DeclarationInvalid = "UP-2009", Usage, AfterRepair, "a declaration about a migration is not understood";
    /// A script opens a transaction and never ends it. Prisma would report success and keep
    /// nothing of it (contract, measured); Underpin refuses before it starts.
    UnclosedTransaction = "UP-2101", Usage, AfterRepair, "a migration opens a transaction and does not close it";
    /// The server cannot parse a statement, or refuses it, when the folder is replayed on an
    /// empty scratch database. The target was not touched.
    ReplayFailed = "UP-2102", Failed, AfterRepair, "a migration does not replay on an empty database";
    /// `[policy] fail_on` in `underpin.toml` refuses what the pending migrations would do. Each
    /// finding is named; `--allow RULE` waives a rule for one run, and a directive
    /// `-- underpin: allow RULE reason` in the script waives it for good.
    PolicyRefused = "UP-2301", Refused, AfterRepair, "the policy refuses the pending migrations";
    /// The file given to `--plan` cannot be read, or is no plan.
    PlanUnreadable = "UP-2302", Usage, AfterRepair, "the plan cannot be read";
    /// `[environments]` of `underpin.toml` declares the database as protected, and this is a preview
    /// build or a development machine. The database is recognised by the server's system
    /// identifier and its name, whatever the URL says. Nothing was changed.
    ///
    /// Give previews a database of their own. At a terminal the database's name can be typed;
    /// elsewhere `--allow protected`, or an approval of exactly this plan, lets the write pass.
    EnvironmentProtected = "UP-2303", Refused, AfterRepair, "the environment is protected";
    /// The database is older than this version can upgrade (`[compatibility]` of `underpin.toml`), or
    /// a version that has to be installed in between would be skipped (`[[stop]]`), or a newer one
    /// has upgraded it. The message says which version to install. Nothing was changed.
    UpgradeRefused = "UP-2304", Refused, AfterRepair, "another version has to be installed first";
    /// `[policy] needs_approval` wants somebody to have looked at exactly this plan, and nobody
    /// has, or too long ago, or for another database, or the journal that says so was changed.
    ///
    /// `underpin plan --out plan.json`, look at it, `underpin approve plan.json`.
    ApprovalMissing = "UP-2305", Refused, AfterRepair, "the plan is not approved";
    /// A declared repair (`[[repair]]` of `underpin.toml`) failed, did not do what its precondition
    /// asks for, or would have left the catalog further from what the history implies. It was
    /// undone.
    RepairFailed = "UP-2306", Failed, AfterRepair, "a declared repair failed";

    /// The history holds a migration that started and did not finish. Prisma's P3009.
    FailedMigration = "UP-3001", Failed, AfterRepair, "the history holds a failed migration";
    /// A relation named `_prisma_migrations` exists and is not the table Prisma makes: columns
    /// are missing, or it is a view.
    HistoryUnrecognised = "UP-3002", Failed, AfterRepair, "the history table is not Prisma's";
    /// The role may not read or write the history table, or may not create it.
    HistoryUnwritable = "UP-3003", Failed, AfterRepair, "the history table cannot be written";
    /// The migration is recorded as applied. Prisma's P3008.
    AlreadyApplied = "UP-3004", Failed, AfterRepair, "the migration is already recorded as applied";
    /// The migration was never applied, so there is nothing to roll back. Prisma's P3011.
    NeverApplied = "UP-3005", Failed, AfterRepair, "the migration was never applied";
    /// The migration is recorded as finished, so it is not in a failed state. Prisma's P3012.
    NotFailed = "UP-3006", Failed, AfterRepair, "the migration is not in a failed state";
    /// There is no history table. Marking something as rolled back needs one.
    HistoryMissing = "UP-3007", Failed, AfterRepair, "the database has no history table";
    /// The history records migrations that the folder does not hold, and holds none of those of
    /// the folder: this folder belongs to another database.
    HistoryForeign = "UP-3008", Differs, AfterRepair, "the history belongs to another folder";
    /// The journal holds no baseline of that run which could be undone.
    NoBaseline = "UP-3009", Failed, AfterRepair, "there is no such baseline";
    /// No scratch PostgreSQL could be started, so nothing can be proven.
    ///
    /// Underpin replays the folder on a throw-away server. It looks for server binaries of the
    /// target's major version, then for a server given with `--shadow-url`, then for binaries of
    /// a newer major.
    NoScratch = "UP-3101", Failed, AfterRepair, "no scratch PostgreSQL is available";
    /// The scratch server was found and did not start, or stopped during the work.
    ScratchFailed = "UP-3102", Failed, Safe, "the scratch PostgreSQL failed";
    /// The catalog could not be read.
    CatalogUnreadable = "UP-3103", Failed, AfterRepair, "the catalog cannot be read";
    /// The database holds objects and no history, and no prefix of the folder reproduces them
    /// (Prisma's P3005, looked into). Nothing was baselined.
    NotProven = "UP-3201", Differs, AfterRepair, "no part of the folder is proven to be in effect";
    /// The database changed between diagnosis and the start of the work.
    MovedMeanwhile = "UP-3202", Differs, Safe, "the database changed during the diagnosis";
    /// The plan that was given to `deploy --plan` was made for another catalog, another history or
    /// other files. Nothing of it is carried out.
    PlanStale = "UP-3203", Differs, AfterRepair, "the plan was made for another state";

    /// Another process holds the migration lock. Nothing was touched.
    LockBusy = "UP-4001", Busy, Safe, "another process is migrating this database";
    /// The connection is read-only: a standby, or a role or database with
    /// `default_transaction_read_only`.
    ReadOnly = "UP-4002", Failed, AfterRepair, "the connection is read-only";
    /// Another run took the lease over, because this process was paused or cut off for longer than
    /// the lease lasts. The database rejected the write by its fencing token.
    Fenced = "UP-4003", Busy, AfterRepair, "another run took over";
    /// Neither the advisory lock nor the lease can keep other migrating processes out: a
    /// transaction pooler stands between, or the server's lock is a stub, and the role may not
    /// make the lease.
    NoExclusion = "UP-4004", Refused, AfterRepair, "other processes cannot be kept out";
    /// The process was asked to stop (SIGTERM, SIGINT) and stopped between two steps, or after
    /// cancelling the one that ran.
    Interrupted = "UP-4005", Interrupted, Safe, "stopped on request";
    /// A statement of a migration failed on the target. The transaction was undone unless the
    /// state line says otherwise. Prisma's P3018.
    MigrationFailed = "UP-4101", Failed, AfterRepair, "a migration failed";
    /// A migration that cannot run in one transaction failed after some of its statements had
    /// been committed.
    MigrationPartial = "UP-4102", Partial, AfterRepair, "a migration stopped part-way";
    /// A lock was not granted within the lock budget, on every attempt.
    LockTimeout = "UP-4103", Busy, Safe, "a lock was not granted in time";

    /// After the deploy, the live catalog is not what the folder implies.
    VerifyFailed = "UP-5001", Failed, AfterRepair, "the final catalog is not the expected one";

    /// No `pg_dump` and `pg_restore` were found that know a server of this version. One that is older
    /// than the server refuses it; a newer one will do.
    NoDumpTool = "UP-6001", Failed, AfterRepair, "no usable pg_dump";
    /// `pg_dump` failed, or the database changed in a way that a snapshot cannot hold. Nothing of
    /// the attempt is left; earlier backups are untouched.
    BackupFailed = "UP-6002", Failed, Safe, "the backup could not be made";
    /// The disk of the backups is too small, or became full. Nothing of the attempt is left.
    BackupNoRoom = "UP-6003", Failed, AfterRepair, "there is no room for the backup";
    /// There is no backup of that name; a name is what `underpin backup list` prints.
    BackupMissing = "UP-6004", Usage, AfterRepair, "no such backup";
    /// A file of the backup is missing, shortened, changed, unreadable, or not of the backup.
    ///
    /// Do not restore from it. `underpin backup list` shows the others; make a new one now.
    BackupDamaged = "UP-6005", Failed, AfterRepair, "the backup is damaged";
    /// The manifest is not what was written, or is not signed with the key that is configured.
    BackupTampered = "UP-6006", Refused, AfterRepair, "the backup's manifest was changed";
    /// The dump lacks objects or rows that the database had in the dump's own snapshot.
    BackupIncomplete = "UP-6007", Failed, AfterRepair, "the backup is not complete";
    /// PostgreSQL did not accept the dump, or what it restored is not what was dumped.
    RestoreFailed = "UP-6008", Failed, AfterRepair, "the backup does not restore";
    /// The backup was made of another database or another server than the target.
    BackupForeign = "UP-6009", Refused, AfterRepair, "the backup is of another database";
    /// A restore would replace a live database, and nobody has typed its name.
    RestoreUnconfirmed = "UP-6010", Refused, AfterRepair, "a restore over a live database needs its name";
    /// The policy demands a backup of a level that could not be reached, so nothing was deployed.
    BackupUnproven = "UP-6011", Refused, AfterRepair, "no backup of the level that the policy demands";
    /// The folder of the backups cannot be used: it cannot be made or read, others may write to it,
    /// or a name leads out of it.
    BackupsUnusable = "UP-6012", Usage, AfterRepair, "the folder of the backups cannot be used";
    /// A backup of a newer PostgreSQL does not go into an older server.
    BackupNewer = "UP-6013", Refused, AfterRepair, "the backup is of a newer PostgreSQL";
    /// What was claimed to be kept elsewhere (a snapshot, a base backup) cannot be what the server
    /// says: it is too old, lies in the future, is from before the newest applied migration, is of
    /// another server, or its WAL is not archived. Nothing was recorded.
    EvidenceContradicted = "UP-6014", Refused, AfterRepair, "the server contradicts the evidence";
    /// Backups are to be encrypted, or one that is has to be opened, and this build of Underpin cannot: it
    /// was built without the feature `encryption`, which every release has.
    EncryptionNotBuilt = "UP-6021", Refused, AfterRepair, "this build does not encrypt";
    /// The backup is encrypted, and what opens it is not on this machine: no identity is configured, the
    /// one that is named is not here, or it is none of the backup's recipients. Its files can be checked
    /// without one (`--level 1`).
    BackupLocked = "UP-6022", Refused, AfterRepair, "the backup cannot be decrypted here";
    /// The object store that `copy_to` of `[backup]` names did not answer, or answered that it cannot
    /// now, as often as it was asked.
    ///
    /// The backups in the folder of this machine need no store.
    StoreUnreachable = "UP-6030", Failed, Safe, "the object store cannot be reached";
    /// The object store answered, and refuses: the credentials are missing or have no right to do
    /// this, or there is no such bucket. It may also hold something that is none of ours.
    ///
    /// Credentials come from the variables of the cloud (`AWS_…`, `GOOGLE_…`, `AZURE_…`) or from the
    /// identity of the machine; docs/reference/backup.md has the rights that are needed.
    StoreRefused = "UP-6031", Failed, AfterRepair, "the object store refuses";
    /// The backup is whole in the folder of this machine, and its copy in the object store is not
    /// there: without its manifest nothing there counts as a backup.
    ///
    /// `underpin backup copy NAME` goes on with it; what is there already is not sent again.
    NotCopied = "UP-6032", Failed, Safe, "the backup is not copied to the object store";
    /// `copy_to` of `[backup]` names an object store, and this program was built without the feature
    /// `object-store`. Released programs have it.
    StoreUnsupported = "UP-6033", Usage, AfterRepair, "this build knows no object stores";

    /// The backup, or the rehearsal that was named, is of another state than the database is in
    /// now: what it shows is not what a deploy would do.
    RehearsalStale = "UP-6101", Differs, AfterRepair, "the rehearsal is of another state";
    /// The copy on which the migrations were to be rehearsed could not be made. The database was only
    /// read.
    CopyFailed = "UP-6102", Failed, AfterRepair, "the copy for the rehearsal could not be made";
    /// The role may not read everything that the copy needs. The database was only read.
    CopyDenied = "UP-6103", Refused, AfterRepair, "the role may not copy the database";

    /// A fault of Underpin itself. Please report it with the command and the version.
    Internal = "UP-9001", Failed, AfterRepair, "internal fault";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_rise() {
        for pair in Code::ALL.windows(2) {
            assert!(pair[0].id() < pair[1].id(), "{} before {}", pair[0], pair[1]);
        }
    }

    #[test]
    fn no_error_exits_with_success() {
        for code in Code::ALL {
            assert_ne!(code.exit(), ExitStatus::Success, "{code}");
        }
    }
}
