//! Where devices can be reached: what we learned from invitations, members, the local network and live links.
//!
//! Addresses are hints. They prove nothing (the TLS handshake does) and may be old, so a device keeps several, bounded,
//! with the ones that worked last in front.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use compeer_core::DeviceId;
use iroh::RelayUrl;
use iroh::{EndpointAddr, EndpointId, TransportAddr};

/// Direct addresses kept, sent and accepted for one device.
pub const DIRECT_PER_DEVICE: usize = 16;
/// Relays kept, sent and accepted for one device.
pub const RELAYS_PER_DEVICE: usize = 4;
/// Bytes of one relay's URL.
pub const RELAY_URL_BYTES: usize = 256;
/// Devices whose addresses are kept.
const DEVICES: usize = 16_384;
/// Devices seen on the local network that are kept.
const SIGHTINGS: usize = 1024;

/// Where one device can be reached.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Addresses {
    /// UDP addresses, the most promising first, at most [`DIRECT_PER_DEVICE`].
    pub direct: Vec<SocketAddr>,
    /// Relays at which it listens, at most [`RELAYS_PER_DEVICE`]. Without keys: those are never passed on.
    pub relays: Vec<RelayUrl>,
}

impl Addresses {
    /// Only these direct addresses.
    #[must_use]
    pub fn direct(addresses: impl IntoIterator<Item = SocketAddr>) -> Self {
        Self { direct: addresses.into_iter().collect(), relays: Vec::new() }
    }

    /// No address at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.direct.is_empty() && self.relays.is_empty()
    }

    /// Drops what cannot be dialled and what is over the limits, and doubles.
    pub(crate) fn tidy(mut self) -> Self {
        let direct = std::mem::take(&mut self.direct);
        for address in direct.into_iter().map(canonical).filter(usable) {
            if self.direct.len() < DIRECT_PER_DEVICE && !self.direct.contains(&address) {
                self.direct.push(address);
            }
        }
        let relays = std::mem::take(&mut self.relays);
        for url in relays {
            if self.relays.len() < RELAYS_PER_DEVICE
                && url.as_str().len() <= RELAY_URL_BYTES
                && !self.relays.contains(&url)
            {
                self.relays.push(url);
            }
        }
        self
    }

    pub(crate) fn of_endpoint(addr: &EndpointAddr) -> Self {
        Self { direct: addr.ip_addrs().copied().collect(), relays: addr.relay_urls().cloned().collect() }.tidy()
    }
}

/// An IPv4 address in IPv6 clothes is the IPv4 address.
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// Can one send UDP there? Loopback may: two homes on one machine. IPv6 link-local may not: the zone is not known.
fn usable(address: &SocketAddr) -> bool {
    if address.port() == 0 || address.ip().is_unspecified() || address.ip().is_multicast() {
        return false;
    }
    match address.ip() {
        IpAddr::V4(ip) => !ip.is_broadcast(),
        IpAddr::V6(ip) => !ip.is_unicast_link_local(),
    }
}

/// How we came to know an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// A person or a file gave it: an invitation, the settings, the address book saved last time.
    Given,
    /// Another member says that the device is there.
    Member,
    /// The device itself says so, over an authenticated link. Replaces what it said before.
    Itself,
    /// A live link came from or went to that address.
    Live,
}

#[derive(Debug, Default)]
struct Record {
    /// Newest information first.
    direct: Vec<(SocketAddr, Source)>,
    relays: Vec<(RelayUrl, Source)>,
}

/// All that is known. Plain data: the caller brings the lock.
#[derive(Debug, Default)]
pub(crate) struct AddressBook {
    records: HashMap<DeviceId, Record>,
    /// What multicast on the local network says. Anybody there can say anything about anybody, so it is kept apart: never
    /// saved, never passed on, and strangers cannot push out what members say.
    sightings: HashMap<DeviceId, Vec<SocketAddr>>,
}

/// What changed by learning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Learned {
    /// Nothing that was not known.
    Nothing,
    /// An address that was not known, so it is worth dialling at once.
    New,
    /// Only that an address is gone.
    Fewer,
}

impl AddressBook {
    pub(crate) fn learn(&mut self, device: DeviceId, addresses: Addresses, source: Source) -> Learned {
        if !self.records.contains_key(&device) && self.records.len() >= DEVICES {
            return Learned::Nothing;
        }
        let addresses = addresses.tidy();
        let record = self.records.entry(device).or_default();
        let before = (record.direct.len(), record.relays.len());
        let mut news = false;
        // The device's own word replaces its former word, so that old addresses do not crowd out new ones.
        let kept = |old: Source| !(source == Source::Itself && old == Source::Itself);
        let mut direct: Vec<_> = addresses.direct.into_iter().map(|address| (address, source)).collect();
        news |= direct.iter().any(|(address, _)| !record.direct.iter().any(|(known, _)| known == address));
        for (address, from) in record.direct.drain(..) {
            match direct.iter_mut().find(|(known, _)| *known == address) {
                // A weaker source does not take over what the device itself said.
                Some(known) if from == Source::Itself => known.1 = Source::Itself,
                Some(_) => {}
                None if kept(from) => direct.push((address, from)),
                None => {}
            }
        }
        direct.truncate(DIRECT_PER_DEVICE);
        let mut relays: Vec<_> = addresses.relays.into_iter().map(|url| (url, source)).collect();
        news |= relays.iter().any(|(url, _)| !record.relays.iter().any(|(known, _)| known == url));
        for (url, from) in record.relays.drain(..) {
            if !relays.iter().any(|(known, _)| *known == url) && kept(from) {
                relays.push((url, from));
            }
        }
        relays.truncate(RELAYS_PER_DEVICE);
        record.direct = direct;
        record.relays = relays;
        match news {
            true => Learned::New,
            false if before == (record.direct.len(), record.relays.len()) => Learned::Nothing,
            false => Learned::Fewer,
        }
    }

    /// A device announces itself on the local network.
    pub(crate) fn sighted(&mut self, device: DeviceId, direct: impl IntoIterator<Item = SocketAddr>) -> Learned {
        if !self.sightings.contains_key(&device) && self.sightings.len() >= SIGHTINGS {
            return Learned::Nothing;
        }
        let direct = Addresses::direct(direct).tidy().direct;
        match self.sightings.insert(device, direct.clone()) {
            Some(before) if before == direct => Learned::Nothing,
            _ => Learned::New,
        }
    }

    /// A device has left the local network, or no longer announces itself.
    pub(crate) fn vanished(&mut self, device: DeviceId) {
        self.sightings.remove(&device);
    }

    /// This device has left the network on which it saw others.
    pub(crate) fn lose_sight(&mut self) {
        self.sightings.clear();
    }

    pub(crate) fn known(&self, device: DeviceId) -> Option<Addresses> {
        self.records.get(&device).map(Record::addresses)
    }

    pub(crate) fn forget(&mut self, device: DeviceId) {
        self.records.remove(&device);
    }

    pub(crate) fn export(&self) -> Vec<(DeviceId, Addresses)> {
        let mut all: Vec<_> = self.records.iter().map(|(device, record)| (*device, record.addresses())).collect();
        all.sort_unstable_by_key(|(device, _)| *device);
        all
    }

    /// What to hand to iroh for a dial: every direct address, and of the relays only our own. A device whose relay is
    /// not among ours is looked for on all of ours. `None` if there is nothing to try.
    pub(crate) fn dialable(&self, device: DeviceId, ours: &[RelayUrl]) -> Option<EndpointAddr> {
        let id = EndpointId::from_bytes(device.as_bytes()).ok()?;
        let known = self.known(device).unwrap_or_default();
        let mut relays: Vec<RelayUrl> = known.relays.into_iter().filter(|url| ours.contains(url)).collect();
        if relays.is_empty() {
            relays = ours.to_vec();
        }
        let sighted = self.sightings.get(&device).into_iter().flatten().copied();
        let direct = known.direct.into_iter().chain(sighted).map(TransportAddr::Ip);
        let addr = EndpointAddr::from_parts(id, direct.chain(relays.into_iter().map(TransportAddr::Relay)));
        (!addr.is_empty()).then_some(addr)
    }
}

impl Record {
    fn addresses(&self) -> Addresses {
        Addresses {
            direct: self.direct.iter().map(|(address, _)| *address).collect(),
            relays: self.relays.iter().map(|(url, _)| url.clone()).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> SocketAddr {
        text.parse().expect("address")
    }

    fn device(n: u8) -> DeviceId {
        DeviceId::from_bytes([n; 32])
    }

    #[test]
    fn what_cannot_be_dialled_is_dropped() {
        let addresses = Addresses::direct(
            [
                "0.0.0.0:1",
                "10.0.0.1:0",
                "224.0.0.1:5",
                "255.255.255.255:5",
                "[fe80::1]:5",
                "[::ffff:10.0.0.1]:7",
                "10.0.0.1:7",
            ]
            .map(at),
        )
        .tidy();
        assert_eq!(addresses.direct, [at("10.0.0.1:7")]);
    }

    #[test]
    fn the_own_word_replaces_the_own_word_and_the_rest_stays() {
        let mut book = AddressBook::default();
        assert_eq!(book.learn(device(1), Addresses::direct([at("10.0.0.1:1")]), Source::Given), Learned::New);
        assert_eq!(book.learn(device(1), Addresses::direct([at("10.0.0.2:1")]), Source::Itself), Learned::New);
        assert_eq!(book.learn(device(1), Addresses::direct([at("10.0.0.2:1")]), Source::Itself), Learned::Nothing);
        // Somebody else repeating it does not make it somebody else's word.
        assert_eq!(book.learn(device(1), Addresses::direct([at("10.0.0.2:1")]), Source::Member), Learned::Nothing);
        assert_eq!(book.learn(device(1), Addresses::direct([at("10.0.0.3:1")]), Source::Itself), Learned::New);
        let known = book.known(device(1)).expect("known");
        assert_eq!(known.direct, [at("10.0.0.3:1"), at("10.0.0.1:1")]);
        assert_eq!(book.learn(device(1), Addresses::default(), Source::Itself), Learned::Fewer);
    }

    #[test]
    fn a_device_keeps_the_newest_sixteen() {
        let mut book = AddressBook::default();
        for port in 1..=40 {
            book.learn(device(1), Addresses::direct([SocketAddr::new(at("10.0.0.1:1").ip(), port)]), Source::Member);
        }
        let known = book.known(device(1)).expect("known");
        assert_eq!(known.direct.len(), DIRECT_PER_DEVICE);
        assert_eq!(known.direct[0].port(), 40);
    }

    #[test]
    fn strange_relays_are_remembered_and_never_dialled() {
        let id = compeer_core::DeviceKey::from_seed([7; 32]).id();
        let ours: RelayUrl = "https://ours.example/".parse().expect("url");
        let strange: RelayUrl = "https://strange.example/".parse().expect("url");
        let mut book = AddressBook::default();
        book.learn(id, Addresses { direct: vec![], relays: vec![strange.clone()] }, Source::Itself);
        assert_eq!(book.known(id).expect("known").relays, [strange]);
        assert!(book.dialable(id, &[]).is_none());
        let addr = book.dialable(id, std::slice::from_ref(&ours)).expect("our relay");
        assert_eq!(addr.relay_urls().collect::<Vec<_>>(), [&ours]);
    }
}
