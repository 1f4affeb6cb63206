//! Evidence in place of a dump: what somebody says is kept elsewhere (a base backup with its WAL
//! archive, a cloud snapshot or branch, a restore point), and what the server can say about it.
//!
//! Invariants: a claim proves nothing and never has a level; what the server contradicts is not
//! recorded, what it cannot tell is recorded as not known; a claim is sealed as a manifest is. It holds
//! no password: id and note are what a person typed. Non-goals: reading a snapshot or an archive.
//!
//! The judgement ([`Claim::examine`]) is pure over the facts that are read; a deploy asks the server anew.

mod facts;
mod kept;

use std::time::Duration;

pub use kept::{accept, accepted};

use super::manifest::{LastMigration, tampered};
use super::seal::Seal;
use crate::config::{EvidenceKind, Secret};
use crate::error::{Code, Error, Result};
use crate::postgres::ServerVersion;
use facts::Facts;

/// The form that this program writes.
const FORMAT: u32 = 1;
/// Characters of what a person types.
const TEXT_MAX: usize = 1000;
/// How far the clock that a claim's time was read from may be ahead of the server's, in seconds.
const CLOCK_SLACK: i64 = 60;

/// What somebody claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimRequest {
    /// Of which kind.
    pub kind: EvidenceKind,
    /// What it is called where it is kept: a snapshot's id, a base backup's label, a restore
    /// point's name.
    pub id: String,
    /// The moment it brings back; a restore point that is made now needs none.
    pub at: Option<jiff::Timestamp>,
    /// The WAL position it brings back.
    pub lsn: Option<Lsn>,
    /// Who says so.
    pub by: String,
    /// Anything else.
    pub note: Option<String>,
    /// What people call the database.
    pub environment: String,
}

/// A WAL position, as PostgreSQL writes it: `16/B374D848` (manual §8.20).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(into = "String", try_from = "String")]
pub struct Lsn(u64);

impl std::str::FromStr for Lsn {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let half = |part: &str| match part.len() {
            1..=8 => u32::from_str_radix(part, 16).ok().filter(|_| !part.starts_with('+')),
            _ => None,
        };
        let parts = text.split_once('/').and_then(|(a, b)| Some((half(a)?, half(b)?)));
        let (high, low) =
            parts.ok_or_else(|| format!("`{text}` is no WAL position such as 16/B374D848"))?;
        Ok(Self(u64::from(high) << 32 | u64::from(low)))
    }
}

impl TryFrom<String> for Lsn {
    type Error = String;

    fn try_from(text: String) -> std::result::Result<Self, String> {
        text.parse()
    }
}

impl From<Lsn> for String {
    fn from(lsn: Lsn) -> Self {
        lsn.to_string()
    }
}

impl std::fmt::Display for Lsn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:X}/{:X}", self.0 >> 32, self.0 & 0xFFFF_FFFF)
    }
}

/// What was looked at.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Look {
    /// What the server says of it.
    pub answer: Answer,
    /// In words.
    pub words: String,
}

/// What the server says of a part of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It agrees.
    Agrees,
    /// It cannot tell.
    Unknown,
    /// It says the contrary.
    Contradicts,
}

/// A claim that was recorded.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// The form of this file.
    pub format: u32,
    /// Its name.
    pub name: String,
    /// What people call the database.
    pub environment: String,
    /// Of which kind.
    pub kind: EvidenceKind,
    /// See [`ClaimRequest::id`].
    pub id: String,
    /// The moment it brings back, RFC 3339.
    pub at: String,
    /// The WAL position it brings back.
    pub lsn: Option<Lsn>,
    /// Who says so.
    pub by: String,
    /// Anything else.
    pub note: Option<String>,
    /// When it was recorded, by the server's clock, RFC 3339.
    pub recorded_at: String,
    /// The database's name.
    pub database: String,
    /// Its oid.
    pub database_oid: String,
    /// The server's version.
    pub server: ServerVersion,
    /// `pg_control_system()`.
    pub system_identifier: String,
    /// The timeline when it was recorded.
    pub timeline: String,
    /// The newest migration that was applied when it was recorded.
    pub last_migration: Option<LastMigration>,
    /// What the server said of it then.
    pub looks: Vec<Look>,
    /// Over all of the above.
    pub seal: Seal,
}

impl ClaimRequest {
    /// Refuses what cannot be kept as it was typed.
    ///
    /// # Errors
    /// UP-1003.
    fn check(&self) -> Result<()> {
        let texts =
            [("--id", Some(&self.id)), ("--by", Some(&self.by)), ("--note", self.note.as_ref())];
        for (flag, text) in texts {
            let Some(text) = text else { continue };
            if text.trim().is_empty() || text.chars().count() > TEXT_MAX {
                let words = format!("{flag} is a text of 1 to {TEXT_MAX} characters");
                return Err(Error::new(Code::Usage, words));
            }
            if text.chars().any(char::is_control) {
                let words = format!("{flag} holds a control character");
                return Err(Error::new(Code::Usage, words));
            }
        }
        Ok(())
    }
}

impl Claim {
    /// The claim as it would be recorded, with what the server says of it.
    fn new(
        name: String,
        request: &ClaimRequest,
        lsn: Option<Lsn>,
        facts: &Facts,
        age_max: Duration,
    ) -> Self {
        let mut claim = Self {
            format: FORMAT,
            name,
            environment: request.environment.clone(),
            kind: request.kind,
            id: request.id.clone(),
            at: request.at.unwrap_or(facts.now).to_string(),
            lsn,
            by: request.by.clone(),
            note: request.note.clone(),
            recorded_at: facts.now.to_string(),
            database: facts.database.clone(),
            database_oid: facts.database_oid.clone(),
            server: facts.server,
            system_identifier: facts.system_identifier.clone(),
            timeline: facts.timeline.clone(),
            last_migration: facts.migration.as_ref().map(|(last, _)| last.clone()),
            looks: Vec::new(),
            seal: Seal::None,
        };
        claim.looks = claim.examine(facts, age_max);
        claim
    }

    /// The moment it brings back.
    #[must_use]
    pub fn moment(&self) -> jiff::Timestamp {
        self.at.parse().unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }

    /// What these facts say of it.
    fn examine(&self, facts: &Facts, age_max: Duration) -> Vec<Look> {
        let mut looks = vec![self.place(facts)];
        looks.extend(self.time(facts, age_max));
        looks.extend(self.position(facts));
        looks.extend(self.migration(facts));
        if matches!(self.kind, EvidenceKind::BaseBackup | EvidenceKind::RestorePoint) {
            looks.extend(self.archive(facts));
        }
        if self.kind == EvidenceKind::BaseBackup && facts.in_backup {
            looks.push(contradicts("a base backup is still under way (pg_is_in_backup)"));
        }
        looks
    }

    fn place(&self, facts: &Facts) -> Look {
        let same = (&self.system_identifier, &self.database_oid, &self.timeline)
            == (&facts.system_identifier, &facts.database_oid, &facts.timeline);
        match same {
            true => agrees(format!(
                "system identifier {}, timeline {}",
                facts.system_identifier, facts.timeline
            )),
            false => contradicts("it is of another server, timeline or database"),
        }
    }

    fn time(&self, facts: &Facts, age_max: Duration) -> Vec<Look> {
        let age = facts.now.as_second() - self.moment().as_second();
        if age < -CLOCK_SLACK {
            return vec![contradicts(format!("{} lies in the future", self.at))];
        }
        let hours = age_max.as_secs() / 3600;
        let max = i64::try_from(age_max.as_secs()).unwrap_or(i64::MAX);
        vec![match age <= max {
            true => agrees(format!("it is not older than {hours} hours")),
            false => contradicts(format!("it is older than {hours} hours: {}", self.at)),
        }]
    }

    fn position(&self, facts: &Facts) -> Vec<Look> {
        let Some(lsn) = self.lsn else { return Vec::new() };
        vec![match lsn <= facts.end {
            true => agrees(format!("{lsn} is not after the end of the WAL")),
            false => {
                contradicts(format!("{lsn} lies in the future: the WAL ends at {}", facts.end))
            }
        }]
    }

    /// It has to hold the newest applied migration: the way back must not lead behind it.
    fn migration(&self, facts: &Facts) -> Vec<Look> {
        let Some((last, Some(ended))) = &facts.migration else { return Vec::new() };
        let mut looks = vec![match self.moment() >= *ended {
            true => agrees(format!("it was taken after {}", last.name)),
            false => contradicts(format!("it was taken before {} ended ({ended})", last.name)),
        }];
        let Some(lsn) = self.lsn else { return looks };
        let (redo, at) = facts.checkpoint;
        // What was written before a checkpoint has a smaller position.
        looks.push(if lsn < redo && at <= *ended {
            contradicts(format!("{lsn} lies before {}: a checkpoint came between", last.name))
        } else if lsn >= redo && at >= *ended {
            agrees(format!("{lsn} lies after {}: a checkpoint came between", last.name))
        } else {
            unknown(format!("whether {lsn} lies after {}", last.name))
        });
        looks
    }

    /// Without the WAL after it a base backup is not consistent, and a restore point is not reached.
    fn archive(&self, facts: &Facts) -> Vec<Look> {
        if !facts.archives {
            return vec![unknown("archive_mode is off: nothing here shows that the WAL is kept")];
        }
        let last = facts.archived.as_ref().map(|(_, at)| *at);
        if let Some(failed) = facts.failed
            && last.is_none_or(|last| failed > last)
        {
            return vec![contradicts(format!("archiving the WAL has failed since {failed}"))];
        }
        let Some((wal, at)) = &facts.archived else {
            return vec![unknown("no WAL file has been archived yet")];
        };
        // The file's name without `.partial`, `.00000028.backup` and the like.
        let archived = wal.get(..24).unwrap_or_default();
        match &facts.file {
            Some(file) if archived.get(..8) == file.get(..8) && archived >= file.as_str() => {
                vec![agrees(format!("the WAL is archived up to {wal} ({at})"))]
            }
            Some(file) => vec![unknown(format!("whether {file} is archived: the last was {wal}"))],
            None => vec![agrees(format!("archiving works: {wal} at {at}"))],
        }
    }

    /// The words of what the server contradicts.
    fn contradictions(looks: &[Look]) -> Vec<String> {
        let against = looks.iter().filter(|look| look.answer == Answer::Contradicts);
        against.map(|look| look.words.clone()).collect()
    }

    /// Seals and serialises it.
    ///
    /// # Errors
    /// UP-9001.
    pub(super) fn to_bytes(&self, key: Option<&Secret>) -> Result<Vec<u8>> {
        let body = |claim: &Self| {
            serde_json::to_vec_pretty(claim).map_err(|e| {
                Error::new(Code::Internal, "a claim could not be serialised").caused_by(e)
            })
        };
        let mut sealed = Self { seal: Seal::None, ..self.clone() };
        sealed.seal = Seal::of(&body(&sealed)?, key);
        body(&sealed)
    }

    /// Reads one and checks its seal; a signed one is believed only by who has the key.
    ///
    /// # Errors
    /// UP-6005, UP-6006.
    pub(super) fn parse(name: &str, bytes: &[u8], key: Option<&Secret>) -> Result<Self> {
        let damaged = |why: String| {
            Error::new(Code::BackupDamaged, format!("the claim `{name}` {why}"))
                .hint("record it again: underpin backup accept")
        };
        let claim: Self = serde_json::from_slice(bytes)
            .map_err(|e| damaged(format!("cannot be read: line {}", e.line())))?;
        if claim.format != FORMAT {
            return Err(damaged(format!("has form {}, and {FORMAT} is known", claim.format)));
        }
        let unsealed = Self { seal: Seal::None, ..claim.clone() };
        let body = serde_json::to_vec_pretty(&unsealed).unwrap_or_default();
        claim.seal.check(&body, key).map_err(|words| tampered(name, words))?;
        if claim.name != name || claim.to_bytes(key)? != bytes {
            return Err(tampered(name, "was changed after it was written"));
        }
        Ok(claim)
    }
}

fn agrees(words: impl Into<String>) -> Look {
    Look { answer: Answer::Agrees, words: words.into() }
}

fn unknown(words: impl Into<String>) -> Look {
    Look { answer: Answer::Unknown, words: words.into() }
}

fn contradicts(words: impl Into<String>) -> Look {
    Look { answer: Answer::Contradicts, words: words.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> jiff::Timestamp {
        text.parse().unwrap()
    }

    fn facts() -> Facts {
        Facts {
            database: "shop".to_owned(),
            database_oid: "16384".to_owned(),
            server: ServerVersion::parse("18.1").unwrap(),
            system_identifier: "7".to_owned(),
            timeline: "1".to_owned(),
            now: at("2026-02-14T12:00:00Z"),
            end: "1/5000".parse().unwrap(),
            checkpoint: ("1/2000".parse().unwrap(), at("2026-02-14T11:00:00Z")),
            in_backup: false,
            archives: true,
            archived: Some(("000000010000000100000005".to_owned(), at("2026-02-14T11:59:00Z"))),
            failed: None,
            file: Some("000000010000000100000000".to_owned()),
            migration: Some((
                LastMigration { name: "m".to_owned(), checksum: "c".to_owned() },
                Some(at("2026-02-14T10:00:00Z")),
            )),
        }
    }

    fn claim(kind: EvidenceKind, moment: &str, lsn: Option<&str>) -> Claim {
        let request = ClaimRequest {
            kind,
            id: "i".to_owned(),
            at: Some(at(moment)),
            lsn: lsn.map(|text| text.parse().unwrap()),
            by: "ada".to_owned(),
            note: None,
            environment: "prod".to_owned(),
        };
        Claim::new("n".to_owned(), &request, request.lsn, &facts(), DAY)
    }

    const DAY: Duration = Duration::from_secs(86_400);

    #[test]
    fn what_the_server_confirms_is_not_contradicted() {
        let claim = claim(EvidenceKind::BaseBackup, "2026-02-14T11:30:00Z", Some("1/3000"));
        let unsure = claim.looks.iter().filter(|look| look.answer != Answer::Agrees);
        assert_eq!(unsure.count(), 0, "{:?}", claim.looks);
        assert_eq!(claim.looks.len(), 6);
    }

    #[test]
    fn each_thing_that_cannot_be_is_named() {
        let base = EvidenceKind::BaseBackup;
        let good = "2026-02-14T11:30:00Z";
        let of = |kind, moment, lsn, change: &dyn Fn(&mut Facts)| {
            let mut facts = facts();
            change(&mut facts);
            let looks = claim(kind, moment, lsn).examine(&facts, DAY);
            Claim::contradictions(&looks).join("; ")
        };
        let same = |_: &mut Facts| {};
        for (found, words) in [
            (of(base, "2026-02-14T12:02:00Z", None, &same), "in the future"),
            (of(base, "2026-02-13T11:59:59Z", None, &same), "older than 24 hours"),
            (of(base, "2026-02-14T09:59:59Z", None, &same), "before m ended"),
            (of(base, good, Some("1/5001"), &same), "the WAL ends at 1/5000"),
            (
                of(base, good, Some("1/1000"), &|f| f.checkpoint.1 = at("2026-02-14T10:00:00Z")),
                "a checkpoint came between",
            ),
            (of(base, good, None, &|f| f.in_backup = true), "under way"),
            (of(base, good, None, &|f| f.failed = Some(f.now)), "archiving the WAL has failed"),
            (of(base, good, None, &|f| f.system_identifier = "8".to_owned()), "another server"),
            (of(base, good, None, &|f| f.database_oid = "5".to_owned()), "another server"),
            (of(base, good, None, &|f| f.timeline = "2".to_owned()), "another server"),
        ] {
            assert!(found.contains(words), "{words}: {found}");
        }
        // Neither is of interest to a snapshot.
        let snapshot = of(EvidenceKind::Snapshot, good, None, &|f| f.failed = Some(f.now));
        assert_eq!(snapshot, "");
    }

    #[test]
    fn what_the_server_cannot_tell_is_not_agreed() {
        let unsure = |lsn, change: &dyn Fn(&mut Facts)| {
            let mut facts = facts();
            change(&mut facts);
            let claim = claim(EvidenceKind::RestorePoint, "2026-02-14T11:30:00Z", lsn);
            let looks = claim.examine(&facts, DAY).into_iter();
            looks.filter(|look| look.answer == Answer::Unknown).count()
        };
        assert_eq!(unsure(Some("1/3000"), &|_| {}), 0);
        assert_eq!(
            unsure(Some("1/1000"), &|_| {}),
            1,
            "no checkpoint between it and the migration"
        );
        assert_eq!(unsure(None, &|f| f.archives = false), 1);
        assert_eq!(unsure(None, &|f| f.archived = None), 1);
        let later = "000000010000000100000006";
        assert_eq!(unsure(Some("1/3000"), &|f| f.file = Some(later.to_owned())), 1);
    }

    #[test]
    fn a_position_is_read_as_postgresql_writes_it() {
        let lsn = |text: &str| text.parse::<Lsn>().map(|lsn| lsn.to_string());
        assert_eq!(lsn("16/B374D848").unwrap(), "16/B374D848");
        assert!("2/0".parse::<Lsn>().unwrap() > "1/FFFFFFFF".parse().unwrap());
        for bad in ["", "/", "1", "1/", "/1", "1/G", "1/123456789", "+1/1", "-1/1", "1/2/3"] {
            assert!(lsn(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_claim_that_was_changed_or_is_signed_by_another_is_none() {
        let claim = claim(EvidenceKind::Snapshot, "2026-02-14T11:30:00Z", None);
        let (key, other) = (Secret::new("k"), Secret::new("o"));
        let signed = claim.to_bytes(Some(&key)).unwrap();
        assert_eq!(Claim::parse("n", &signed, Some(&key)).unwrap().id, "i");
        let code = |bytes: &[u8], key| Claim::parse("n", bytes, key).unwrap_err().code();
        assert_eq!(code(&signed, Some(&other)), Code::BackupTampered);
        assert_eq!(code(&signed, None), Code::BackupTampered);
        let plain = claim.to_bytes(None).unwrap();
        assert_eq!(code(&plain, Some(&key)), Code::BackupTampered);
        assert_eq!(code(&plain[..plain.len() / 2], None), Code::BackupDamaged);
        let text = String::from_utf8(plain).unwrap().replace("ada", "eve");
        assert_eq!(code(text.as_bytes(), None), Code::BackupTampered);
    }

    #[test]
    fn a_text_that_does_not_fit_is_refused() {
        let mut request = ClaimRequest {
            kind: EvidenceKind::Branch,
            id: "b".to_owned(),
            at: None,
            lsn: None,
            by: "ada".to_owned(),
            note: None,
            environment: "prod".to_owned(),
        };
        request.check().unwrap();
        for bad in ["", " ", "a\u{1b}[31mb", &"x".repeat(TEXT_MAX + 1)] {
            request.note = Some(bad.to_owned());
            assert_eq!(request.check().unwrap_err().code(), Code::Usage, "{bad:?}");
        }
    }
}
