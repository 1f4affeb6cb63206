//! A walk: pieces of the folder run one after another from an empty database, and the catalog that
//! they lead to.
//!
//! The replay already knows where the folder's beginning leads, and the cache where a walk went
//! that was taken before; a scratch database is started only for what neither knows. Invariant: a
//! walk gives the same answer whichever of the three it comes from.

use super::Case;
use crate::error::{Code, Error, Result};
use crate::replay::{Kept, Piece, Rehearsal, Walked};

/// A walk on its way.
pub(super) struct Walk<'a, 'b> {
    case: &'b Case<'a>,
    /// Pieces that were asked for, leg by leg.
    asked: Vec<Vec<Piece>>,
    kept: Kept,
    rehearsal: Option<Rehearsal>,
}

impl<'a, 'b> Walk<'a, 'b> {
    pub(super) fn new(case: &'b Case<'a>) -> Self {
        let kept = Kept::of(case.migrations, case.context, case.replay.engine.kind);
        Self { case, asked: Vec::new(), kept, rehearsal: None }
    }

    /// Runs `pieces` and reads the catalog. A piece that fails is skipped; its place among the
    /// pieces and the reason are part of the result.
    ///
    /// # Errors
    /// UP-31xx.
    pub(super) async fn go(&mut self, pieces: Vec<Piece>) -> Result<Walked> {
        self.asked.push(pieces);
        let mut walked = match self.known() {
            Some(walked) => walked,
            None => {
                let walked = self.really().await?;
                self.kept.store(&self.asked, &walked);
                walked
            }
        };
        walked.reached = walked.reached.restricted_to(self.case.schemas);
        Ok(walked)
    }

    /// Where a walk leads that is the folder's beginning, or was taken before.
    fn known(&self) -> Option<Walked> {
        if self.rehearsal.is_some() {
            return None;
        }
        let replay = self.case.replay;
        let mut all = self.asked.iter().flatten().enumerate();
        let is_beginning = all.all(|(index, piece)| {
            *piece == Piece::whole(index) && replay.steps[index].failed.is_none()
        });
        if is_beginning {
            let count = self.asked.iter().map(Vec::len).sum();
            return Some(Walked { failed: Vec::new(), reached: replay.snapshot_after(count) });
        }
        self.kept.load(&self.asked)
    }

    async fn really(&mut self) -> Result<Walked> {
        let migrations = self.case.migrations;
        let mut rehearsal = match self.rehearsal.take() {
            Some(rehearsal) => rehearsal,
            None => catch_up(self.case, &self.asked).await?,
        };
        let mut failed = Vec::new();
        let leg = self.asked.last().map(Vec::as_slice).unwrap_or_default();
        for (place, piece) in leg.iter().enumerate() {
            let Err(error) = rehearsal.run(migrations, piece).await else { continue };
            failed.push((place, in_words(error)?));
        }
        let reached = rehearsal.read().await?;
        self.rehearsal = Some(rehearsal);
        Ok(Walked { failed, reached })
    }

    /// Ends the walk.
    pub(super) async fn end(self) {
        if let Some(rehearsal) = self.rehearsal {
            rehearsal.close().await;
        }
    }
}

/// A scratch database with all legs but the last in it.
async fn catch_up(case: &Case<'_>, legs: &[Vec<Piece>]) -> Result<Rehearsal> {
    let mut rehearsal = Rehearsal::start(case.context).await?;
    let earlier = legs.split_last().map(|(_, earlier)| earlier).unwrap_or_default();
    for piece in earlier.iter().flatten() {
        if let Err(error) = rehearsal.run(case.migrations, piece).await {
            // It failed when its leg was walked.
            in_words(error)?;
        }
    }
    Ok(rehearsal)
}

/// Why a script failed. That the engine did is an error.
fn in_words(error: Error) -> Result<String> {
    match error.code() {
        Code::ReplayFailed | Code::UnclosedTransaction => {
            Ok(error.causes().first().cloned().unwrap_or_else(|| error.message().to_owned()))
        }
        _ => Err(error),
    }
}
