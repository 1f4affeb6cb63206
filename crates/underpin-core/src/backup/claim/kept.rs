//! Where claims are kept: `NAME.claim.json` beside the folders of the backups.

use std::time::Duration;

use super::super::{BackupName, Store};
use super::facts::{self, Facts};
use super::{Claim, ClaimRequest};
use crate::config::EvidenceKind;
use crate::error::{Code, Error, Result};
use crate::postgres::{ConnectionSettings, Session};

/// Records what somebody claims, unless the server contradicts it. A restore point without a position
/// is made now.
///
/// # Errors
/// UP-1003, UP-6014 with what the server says, UP-6012, UP-11xx.
pub async fn accept(
    session: &Session,
    target: &ConnectionSettings,
    store: &Store,
    request: &ClaimRequest,
    age_max: Duration,
) -> Result<Claim> {
    request.check()?;
    let (mut lsn, is_made) = (request.lsn, request.lsn.is_none() && request.at.is_none());
    if is_made {
        if request.kind != EvidenceKind::RestorePoint {
            return Err(Error::new(Code::Usage, "the moment that it brings back is not known")
                .hint("name it: --at 2026-02-14T10:30:00Z"));
        }
        lsn = Some(facts::make_restore_point(session, &request.id).await?);
    }
    let facts = Facts::read(session, target, lsn).await?;
    let name = BackupName::new(&request.environment, facts.now, request.kind.word());
    let claim = Claim::new(name.to_string(), request, lsn, &facts, age_max);
    let against = Claim::contradictions(&claim.looks);
    if !against.is_empty() {
        let words = format!("the server contradicts the {} `{}`", claim.kind.word(), claim.id);
        return Err(Error::new(Code::EvidenceContradicted, words)
            .details(against)
            .hint("nothing was recorded; take a new one, or make a dump: underpin backup create"));
    }
    store.keep_claim(&name, claim)
}

/// The newest evidence of these kinds that the server does not contradict now.
///
/// # Errors
/// UP-6011 with what is wrong with each, UP-6012, UP-11xx.
pub async fn accepted(
    session: &Session,
    target: &ConnectionSettings,
    store: &Store,
    kinds: &[EvidenceKind],
    age_max: Duration,
) -> Result<Claim> {
    let mut refused = Vec::new();
    for (name, claim) in store.claims()?.into_iter().rev() {
        let claim = match claim {
            Ok(claim) if kinds.contains(&claim.kind) => claim,
            Ok(_) => continue,
            Err(error) => {
                refused.push(format!("{name}: {}", error.message()));
                continue;
            }
        };
        let facts = Facts::read(session, target, claim.lsn).await?;
        let against = Claim::contradictions(&claim.examine(&facts, age_max));
        if against.is_empty() {
            return Ok(claim);
        }
        refused.push(format!("{name}: {}", against.join("; ")));
    }
    let words = kinds.iter().map(|kind| kind.word()).collect::<Vec<_>>().join(" or ");
    let words = format!("there is no evidence ({words}) that lets this deploy pass");
    refused.truncate(10);
    Err(Error::new(Code::BackupUnproven, words)
        .details(refused)
        .hint("record it: underpin backup accept --kind KIND --id ID --at TIME --by WHO"))
}
