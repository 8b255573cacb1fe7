//! Broken input for decoders: a small mutation fuzzer that runs wherever the tests run.
//!
//! A target is an ordinary test named `fuzz_…` that gives [`run`] a few valid encodings and the decoder. `make test`
//! tries the same [`ROUNDS`] inputs every time; `cargo xtask fuzz --seconds N` goes on with new ones. An input that
//! the decoder takes joins those that are changed further, so valid but unusual inputs breed more of their kind.

use crate::random::Random;
use std::{
    env,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// How many inputs a target gets in `make test`.
pub const ROUNDS: u64 = 20_000;

/// No input grows beyond this many bytes, except seeds.
const LONGEST: usize = 64 << 10;

/// How many inputs are kept to be changed further.
const KEPT: usize = 512;

/// No decoder may take this long for an input of at most 64 KiB.
const TOO_LONG: Duration = Duration::from_secs(2);

/// Bytes that mean something in binary formats: limits of integers, and the long heads of CBOR's types.
const TELLING: [u8; 16] =
    [0x00, 0x01, 0x17, 0x18, 0x1b, 0x3b, 0x5b, 0x5f, 0x7b, 0x7f, 0x80, 0x9b, 0x9f, 0xbb, 0xbf, 0xff];

/// Feeds `target` with the seeds and with changed copies of them. `target` returns whether it took the input as valid.
///
/// # Panics
/// When `target` panics or takes too long; the input is printed in hexadecimal first, ready for a test of its own.
pub fn run(seeds: &[Vec<u8>], mut target: impl FnMut(&[u8]) -> bool) {
    let seconds = number("COMPEER_FUZZ_SECONDS");
    let seed = number("COMPEER_FUZZ_SEED").unwrap_or_else(|| if seconds.is_some() { seed_of_today() } else { 1 });
    let mut random = Random::new(seed);
    let mut kept = seeds.to_vec();
    for input in seeds {
        feed(input, seed, &mut target);
    }
    let end = seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let mut rounds = 0;
    while end.map_or(rounds < ROUNDS, |end| Instant::now() < end) {
        let input = mutate(&kept, &mut random);
        if feed(&input, seed, &mut target) {
            if kept.len() < KEPT {
                kept.push(input);
            } else if KEPT > seeds.len() {
                // Seeds stay, so that the search does not drift away from what is really sent.
                let place = random.within(seeds.len()..KEPT);
                kept[place] = input;
            }
        }
        rounds += 1;
    }
    if seconds.is_some() {
        println!("{rounds} inputs, {} kept, seed {seed}", kept.len());
    }
}

fn feed(input: &[u8], seed: u64, target: &mut impl FnMut(&[u8]) -> bool) -> bool {
    let start = Instant::now();
    let result = catch_unwind(AssertUnwindSafe(|| target(input)));
    let took = start.elapsed();
    let shown = || input.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    match result {
        Ok(valid) => {
            assert!(took < TOO_LONG, "took {took:?} (seed {seed}) for this input: {}", shown());
            valid
        }
        Err(panic) => {
            eprintln!("fuzz: this input (seed {seed}) makes the target panic: {}", shown());
            resume_unwind(panic)
        }
    }
}

/// A changed copy of one of `inputs`, or noise when there are none.
pub fn mutate(inputs: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut bytes = if inputs.is_empty() { Vec::new() } else { random.pick(inputs).clone() };
    for _ in 0..1 + random.within(0..4) * random.within(0..4) {
        change(&mut bytes, inputs, random);
    }
    bytes.truncate(LONGEST);
    bytes
}

fn change(bytes: &mut Vec<u8>, inputs: &[Vec<u8>], random: &mut Random) {
    if bytes.is_empty() {
        bytes.push(random.bits() as u8);
        return;
    }
    let at = random.within(0..bytes.len());
    let length = random.within(1..(bytes.len() - at).min(64) + 1);
    match random.within(0..10) {
        0 => bytes[at] ^= 1 << random.within(0..8),
        1 => bytes[at] = random.bits() as u8,
        2 => bytes[at] = *random.pick(&TELLING),
        3 => bytes[at] = bytes[at].wrapping_add(if random.chance(0.5) { 1 } else { 0xff }),
        4 => bytes.truncate(at),
        5 => drop(bytes.drain(at..at + length)),
        6 => {
            // The same piece again: repeated keys, nested containers.
            let piece = bytes[at..at + length].to_vec();
            bytes.splice(at..at, piece);
        }
        7 => {
            let piece: Vec<u8> = (0..length).map(|_| *random.pick(&TELLING)).collect();
            bytes.splice(at..at, piece);
        }
        8 => {
            // A length of eight bytes that promises the moon, behind whatever head stands there.
            let promised = *random.pick(&[u64::MAX, i64::MAX as u64, 1 << 40, u64::from(u32::MAX), 1 << 20]);
            bytes.splice(at..(at + 8).min(bytes.len()), promised.to_be_bytes());
        }
        _ => {
            // One input's head with another's tail.
            if let Some(other) = inputs.get(random.within(0..inputs.len().max(1))).filter(|other| !other.is_empty()) {
                let from = random.within(0..other.len());
                bytes.truncate(at);
                bytes.extend_from_slice(&other[from..]);
            }
        }
    }
}

fn number(variable: &str) -> Option<u64> {
    env::var(variable).ok()?.parse().ok()
}

fn seed_of_today() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |since| since.as_nanos() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A length byte, then as many bytes; `Some` when the input is exactly that.
    fn careful(input: &[u8]) -> bool {
        input.split_first().is_some_and(|(length, rest)| rest.len() == usize::from(*length))
    }

    #[test]
    fn the_same_seed_gives_the_same_inputs() {
        let inputs = |seed| {
            let mut random = Random::new(seed);
            (0..50).map(|_| mutate(&[vec![3, 1, 2, 3]], &mut random)).collect::<Vec<_>>()
        };
        assert_eq!(inputs(1), inputs(1));
        assert_ne!(inputs(1), inputs(2));
        assert!(inputs(1).iter().any(|input| careful(input)), "some stay valid");
    }

    #[test]
    fn a_careful_decoder_survives() {
        let (mut valid, mut broken) = (0_u64, 0_u64);
        run(&[vec![3, 1, 2, 3], vec![0]], |input| {
            let is_valid = careful(input);
            *(if is_valid { &mut valid } else { &mut broken }) += 1;
            is_valid
        });
        assert!(valid > 100 && broken > 100, "{valid} valid and {broken} broken inputs");
    }

    #[test]
    #[should_panic(expected = "out of range")]
    fn a_careless_decoder_is_found() {
        run(&[vec![3, 1, 2, 3]], |input| {
            let Some(length) = input.first() else { return false };
            !input[1..1 + usize::from(*length)].is_empty()
        });
    }

    #[test]
    fn inputs_stay_small() {
        let mut random = Random::new(9);
        let mut kept = vec![vec![0; 1_000]];
        for _ in 0..5_000 {
            let input = mutate(&kept, &mut random);
            assert!(input.len() <= LONGEST);
            kept[0] = input;
        }
    }
}
