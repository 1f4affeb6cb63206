//! The pages of our own error codes: the text of the one table, what the exit status says of the
//! database, and the commands that lead out.

use super::{Explanation, Kind};
use crate::error::{Code, ExitStatus, Retry};

pub(super) fn pages() -> Vec<Explanation> {
    Code::ALL.iter().map(|code| page(*code)).collect()
}

fn page(code: Code) -> Explanation {
    let text: Vec<&str> = code.explanation().lines().map(str::trim).collect();
    let again = match code.retry() {
        Retry::Safe => "The same command may succeed when it is run again",
        Retry::AfterRepair => "The same command is safe to run again when the cause is put right",
    };
    Explanation {
        id: code.id().to_owned(),
        kind: Kind::Underpin,
        title: code.title().to_owned(),
        means: text.join("\n").trim().to_owned(),
        cause: String::new(),
        state: state(code).to_owned(),
        way_out: format!("{again}; the exit code is {}.", code.exit().number()),
        commands: commands(code).iter().map(|c| (*c).to_owned()).collect(),
    }
}

/// What has become of the database. Where it depends on the run, its own line `state:` says it.
fn state(code: Code) -> &'static str {
    const OWN_LINE: &str =
        "The error's own line `state:` says what was changed and what was undone.";
    match code {
        Code::ConnectionLost
        | Code::MigrationFailed
        | Code::RepairFailed
        | Code::LockTimeout
        | Code::Fenced
        | Code::Internal => OWN_LINE,
        Code::VerifyFailed => "The migrations were applied; the catalog is not what they imply.",
        _ => match code.exit() {
            ExitStatus::Partial | ExitStatus::Interrupted => OWN_LINE,
            _ => "Nothing was changed.",
        },
    }
}

/// The way out as commands: of the code, else of its thousand.
fn commands(code: Code) -> &'static [&'static str] {
    match code {
        Code::MissingUrl | Code::VariableUnset | Code::InvalidUrl => &[
            "underpin config show --origin",
            "underpin status --url postgresql://user@host:5432/name",
        ],
        Code::Usage => &["underpin --help"],
        Code::ConfigNotLiteral | Code::SchemaUnreadable | Code::ConfigUnreadable => &[
            "underpin config show --origin",
            "underpin status --url postgresql://user@host:5432/name --dir prisma/migrations",
        ],
        Code::EnvFile | Code::SettingsInvalid => &["underpin config show --origin"],
        Code::PolicyRefused | Code::PlanUnreadable | Code::PlanStale => {
            &["underpin plan", "underpin plan --out plan.json", "underpin deploy --plan plan.json"]
        }
        Code::EncryptionNotBuilt => &["npm i underpin", "underpin backup check NAME --level 1"],
        Code::BackupLocked => {
            &["underpin backup check NAME --level 1", "underpin backup check NAME --level 5"]
        }
        Code::StoreUnreachable | Code::StoreRefused => {
            &["underpin backup list", "underpin backup copy last"]
        }
        Code::NotCopied => &["underpin backup copy last", "underpin backup list"],
        Code::StoreUnsupported => &["npm i underpin", "underpin config show --origin"],
        Code::StartUnusable => &["underpin deploy --help"],
        Code::EnvironmentProtected => &["underpin environment", "underpin config show --origin"],
        Code::ApprovalMissing => &[
            "underpin plan --out plan.json",
            "underpin approve plan.json",
            "underpin deploy --plan plan.json",
        ],
        Code::UpgradeRefused => &["underpin status"],
        Code::RepairFailed => &["underpin status --evidence", "underpin verify"],
        Code::ReplayFailed => &["underpin lint", "underpin doctor"],
        Code::FailedMigration => &[
            "underpin status --evidence",
            "underpin deploy --dry-run",
            "underpin resolve --rolled-back NAME",
        ],
        Code::HistoryUnwritable => &["underpin doctor"],
        Code::NoScratch | Code::ScratchFailed => &[
            "underpin doctor",
            "underpin deploy --shadow-url postgresql://postgres@localhost:5432/scratch",
        ],
        Code::NotProven => &[
            "underpin status --evidence",
            "underpin baseline --plan",
            "underpin config show --origin",
        ],
        Code::LockBusy | Code::LockTimeout | Code::NoExclusion | Code::ReadOnly => {
            &["underpin doctor", "underpin deploy --wait 600"]
        }
        Code::MigrationFailed | Code::MigrationPartial => {
            &["underpin status --evidence", "underpin plan", "underpin deploy"]
        }
        Code::NoDumpTool => &["underpin doctor", "underpin backup create --pg-clients FOLDER"],
        Code::Internal => &["underpin --version", "underpin doctor -o json"],
        _ => match code.id().as_bytes().get(3) {
            Some(b'1') => &["underpin config show --origin", "underpin doctor"],
            Some(b'2') => &["underpin status", "underpin lint"],
            Some(b'5') => &["underpin verify", "underpin status --evidence"],
            Some(b'6') => &["underpin backup list", "underpin doctor"],
            _ => &["underpin status --evidence", "underpin doctor"],
        },
    }
}
