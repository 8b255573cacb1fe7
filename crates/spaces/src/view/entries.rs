//! Entries as tests make them, and the orders in which they can come.

use compeer_core::group::Level;
use compeer_core::{DeviceId, EntryHash, GroupId, Hlc};
use compeer_journal::Opened;

use crate::model::Op;

/// The entry number `n`, written by somebody on a device that has their number.
pub(super) fn entry(n: u8, by: GroupId, level: Level, clock: u64, op: &Op) -> Opened {
    Opened {
        position: n.into(),
        hash: EntryHash::from_bytes([n; 32]),
        author: DeviceId::from_bytes(*by.as_bytes()),
        person: Some(by),
        level,
        seq: n.into(),
        clock: Hlc::new(clock, 0),
        plain: op.encode().expect("encodes"),
    }
}

/// All orders in which these can come.
pub(super) fn orders(entries: &[Opened]) -> Vec<Vec<Opened>> {
    if entries.is_empty() {
        return vec![Vec::new()];
    }
    let with_first = |first: usize| {
        let mut rest = entries.to_vec();
        let first = rest.remove(first);
        orders(&rest).into_iter().map(move |order| [vec![first.clone()], order].concat())
    };
    (0..entries.len()).flat_map(with_first).collect()
}
