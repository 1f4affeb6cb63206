//! The lock, held by a session of its own while the first one builds an index concurrently.
//!
//! A real Prisma waits for the lock inside `pg_advisory_lock`, and its snapshot is one that the
//! build waits for: whoever keeps the lock during the build has a deadlock. So a second session
//! holds it, gives it up as soon as somebody *blocks* in it, and takes it again when that one is
//! gone. The migration's started row keeps the other from applying anything meanwhile. A process
//! that only polls, like us, never gets it. The second session also renews the lease.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use super::{Exclusion, Lease, POLL_PAUSE, Turn, advisory, watches_clients};
use crate::error::Result;
use crate::postgres::Session;

/// Renewals of the lease, one in so many looks.
const LOOKS_PER_RENEWAL: u32 = 40;
/// How long the second session may take to end what it is at.
const END: Duration = Duration::from_secs(2);

/// See the module text.
#[derive(Debug)]
pub struct Aside {
    keeper: tokio::task::JoinHandle<Session>,
    over: Arc<Notify>,
}

impl Turn {
    /// Moves the lock from `session` to a second session.
    ///
    /// # Errors
    /// UP-1101 and its like when the second session cannot be opened, UP-1105.
    pub async fn set_aside(&mut self, session: &Session) -> Result<Aside> {
        // Where there is a witness it does this too: two sessions are enough.
        let second = match self.witness.take().filter(|witness| !witness.is_closed()) {
            Some(witness) => witness,
            None => self.target.connect().await?,
        };
        let locks = self.exclusion == Exclusion::Lock;
        if locks {
            advisory::release(session).await?;
        }
        let (lease, over) = (self.lease.clone(), Arc::new(Notify::new()));
        let keeper = tokio::spawn(keep(second, lease, locks, Arc::clone(&over)));
        Ok(Aside { keeper, over })
    }

    /// Gives the lock back to `session`.
    ///
    /// # Errors
    /// UP-4001 when another process keeps it, UP-1105.
    pub async fn take_back(&mut self, mut aside: Aside, session: &Session) -> Result<()> {
        aside.over.notify_one();
        match tokio::time::timeout(END, &mut aside.keeper).await {
            Ok(Ok(second)) if !watches_clients(session) => self.witness = Some(second),
            // Ends the second session, and its lock with it.
            _ => aside.keeper.abort(),
        }
        if session.is_closed() { Ok(()) } else { self.take_again(session).await }
    }
}

/// A lost second session loses the lock with it; the started row and the lease still stand.
async fn keep(second: Session, lease: Option<Lease>, locks: bool, over: Arc<Notify>) -> Session {
    let mut held = false;
    for look in 0u32.. {
        if locks {
            let turned = if held {
                match advisory::is_awaited(&second).await {
                    Ok(true) => advisory::release(&second).await.map(|()| false),
                    awaited => awaited.map(|_| true),
                }
            } else {
                advisory::try_lock(&second).await
            };
            match turned {
                Ok(now) => held = now,
                Err(_) => break,
            }
        }
        if let Some(lease) = lease.as_ref().filter(|_| look % LOOKS_PER_RENEWAL == 0)
            && second.simple_query(&lease.fence()).await.is_err()
        {
            break;
        }
        if tokio::time::timeout(POLL_PAUSE, over.notified()).await.is_ok() {
            break;
        }
    }
    if held {
        // If this fails, the session is lost, and the lock with it.
        let _best_effort = advisory::release(&second).await;
    }
    second
}
