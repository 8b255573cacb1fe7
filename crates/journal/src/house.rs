//! Wakes the engine when something is due.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot, watch};

use crate::engine::Job;
use crate::shared::Shared;

/// How long a receipt may wait to be written. What is lost with a crash is said again when heights are next compared.
const RECEIPTS: Duration = Duration::from_secs(5);

/// Wakes the engine when something is due: keys to hand out, receipts and counts to write.
pub(crate) async fn keep(jobs: mpsc::WeakSender<Job>, mut due: watch::Receiver<Option<Instant>>, shared: Arc<Shared>) {
    let mut receipts_due: Option<Instant> = None;
    loop {
        let next = due.borrow_and_update().into_iter().chain(receipts_due).min();
        let at = async {
            match next {
                Some(at) => tokio::time::sleep_until(at.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            changed = due.changed() => match changed {
                Ok(()) => continue,
                // The engine has ended.
                Err(_) => return,
            },
            () = shared.receipts_noted.notified() => {
                receipts_due.get_or_insert_with(|| Instant::now() + RECEIPTS);
                continue;
            }
            () = at => {}
        }
        receipts_due = None;
        let Some(jobs) = jobs.upgrade() else { return };
        let (done, finished) = oneshot::channel::<()>();
        let job: Job = Box::new(move |engine| {
            let failed = engine.keep_house_if_possible().err();
            // Dropping `done` tells that the engine has come to it.
            (Box::new(move |_| drop(done)), failed)
        });
        if jobs.send(job).await.is_err() {
            return;
        }
        drop(jobs);
        let _ = finished.await;
        // The engine tells what is due next right after this: looking again at once would find what was due before.
        if due.changed().await.is_err() {
            return;
        }
    }
}
