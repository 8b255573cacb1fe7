//! How far a fetch is, and the switch that stops it.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How long a rate is measured before it counts.
const TICK: Duration = Duration::from_millis(250);
/// How much the newest measurement counts; the rest is the past. About two seconds are remembered.
const NEWEST: f64 = 0.25;

/// How far a fetch is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Bytes verified and written, those from earlier attempts included.
    pub done: u64,
    /// Bytes in all.
    pub size: u64,
    /// Bytes a second, over the last seconds; 0 until it is known.
    pub rate: u64,
}

/// What the caller holds while a fetch runs.
#[derive(Debug, Clone, Default)]
pub struct Control {
    /// Ends the fetch with [`crate::FetchError::Stopped`]; what was verified is kept. To give up for good, call
    /// [`crate::fetch::discard`] afterwards.
    pub stop: CancellationToken,
    /// Where progress is told.
    pub progress: watch::Sender<Progress>,
}

/// Turns byte counts into progress.
#[derive(Debug)]
pub(crate) struct Meter {
    progress: watch::Sender<Progress>,
    since: Instant,
    since_done: u64,
    rate: f64,
}

impl Meter {
    pub(crate) fn new(progress: watch::Sender<Progress>, done: u64, size: u64) -> Self {
        progress.send_replace(Progress { done, size, rate: 0 });
        Self { progress, since: Instant::now(), since_done: done, rate: 0.0 }
    }

    /// Takes note of more bytes.
    pub(crate) fn add(&mut self, bytes: u64) {
        let elapsed = self.since.elapsed();
        self.progress.send_modify(|progress| {
            progress.done += bytes;
            if elapsed >= TICK {
                let now = progress.done.saturating_sub(self.since_done) as f64 / elapsed.as_secs_f64();
                self.rate = if self.rate == 0.0 { now } else { self.rate * (1.0 - NEWEST) + now * NEWEST };
                self.since = Instant::now();
                self.since_done = progress.done;
            }
            progress.rate = self.rate as u64;
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_rate_follows_the_bytes() {
        let sender = watch::Sender::default();
        let mut meter = Meter::new(sender.clone(), 500, 10_000);
        for _ in 0..8 {
            tokio::time::advance(TICK).await;
            meter.add(250);
        }
        assert_eq!(*sender.borrow(), Progress { done: 2500, size: 10_000, rate: 1000 });
    }
}
