//! The hybrid logical clock (Kulkarni et al., "Logical Physical Clocks", 2014): wall time that never runs backwards.

use std::fmt;

use crate::limits::CLOCK_AHEAD_MS;

/// Milliseconds since the Unix epoch.
pub type Millis = u64;

/// Where the wall time comes from: the system in the program, a hand-set clock in tests.
pub type Wall = std::sync::Arc<dyn Fn() -> Millis + Send + Sync>;

/// The system's wall time. A clock set before 1970 reads as 0.
#[must_use]
pub fn system_wall() -> Wall {
    std::sync::Arc::new(|| {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}

/// A timestamp: 48 bits of milliseconds and 16 bits of counter, so that comparing two is comparing two integers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, minicbor::Encode, minicbor::Decode)]
#[cbor(transparent)]
pub struct Hlc(#[n(0)] u64);

impl Hlc {
    /// A timestamp of `millis` with the given counter.
    #[must_use]
    pub const fn new(millis: Millis, counter: u16) -> Self {
        Self((millis << 16) | counter as u64)
    }

    /// Takes the 64 bits as they are.
    #[must_use]
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// All 64 bits.
    #[must_use]
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// The wall-clock part.
    #[must_use]
    pub const fn millis(self) -> Millis {
        self.0 >> 16
    }
}

impl fmt::Debug for Hlc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{}", self.millis(), self.0 & 0xFFFF)
    }
}

/// A device's clock. It is given the wall time at each call, so that tests own time.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    last: Hlc,
}

impl Clock {
    /// A clock that never goes below `last`, the newest timestamp this device has written or accepted.
    #[must_use]
    pub const fn starting_after(last: Hlc) -> Self {
        Self { last }
    }

    /// The next timestamp for an entry of our own: later than all that were given out or observed.
    pub fn tick(&mut self, wall: Millis) -> Hlc {
        // Carrying into the milliseconds when the counter is full keeps the order; 65,536 entries in one millisecond
        // would push the clock ahead by one.
        self.last = Hlc::new(wall, 0).max(Hlc(self.last.0 + 1));
        self.last
    }

    /// Takes note of a timestamp on an accepted entry. One from too far ahead is not followed, or a single peer with a
    /// wrong clock would drag everybody's along.
    pub fn observe(&mut self, seen: Hlc, wall: Millis) {
        if seen.millis() <= wall.saturating_add(CLOCK_AHEAD_MS) {
            self.last = self.last.max(seen);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_runs_backwards() {
        let mut clock = Clock::default();
        let first = clock.tick(1_000);
        let second = clock.tick(900);
        assert!(second > first);
        assert_eq!(second.millis(), 1_000);
        assert_eq!(clock.tick(2_000), Hlc::new(2_000, 0));
    }

    #[test]
    fn follows_others_but_not_into_the_far_future() {
        let mut clock = Clock::default();
        clock.observe(Hlc::new(5_000, 3), 1_000);
        assert!(clock.tick(1_000) > Hlc::new(5_000, 3));
        clock.observe(Hlc::new(1_000 + CLOCK_AHEAD_MS + 10_000, 0), 1_000);
        assert_eq!(clock.tick(9_000), Hlc::new(9_000, 0));
    }

    #[test]
    fn a_full_counter_carries_on_in_order() {
        let mut clock = Clock::starting_after(Hlc::new(10, u16::MAX));
        assert_eq!(clock.tick(10), Hlc::new(11, 0));
    }
}
