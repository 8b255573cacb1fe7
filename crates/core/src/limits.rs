//! Hard limits on what a peer may send, checked before anything is allocated.
//!
//! Raising one of these is a change of protocol: an older peer refuses what a newer one sends.

/// Bytes of one encoded header, signature included.
pub const HEADER_BYTES: usize = 1024;
/// Bytes of one entry's body as stored and sent (sealed or clear).
pub const BODY_BYTES: usize = 256 * 1024;
/// Bytes of the body of one entry that drops others.
pub const DROPS_BYTES: usize = 64 * 1024;
/// Ranges that one such entry may name.
pub const DROP_RANGES: usize = 1024;
/// Control heads one header may name. More concurrent managers than this must first see each other's acts.
pub const HEADS: usize = 16;
/// Characters (Unicode scalar values) in a name of a person, device or space.
pub const NAME_CHARS: usize = 80;
/// Bytes of one chat message's text.
pub const MESSAGE_BYTES: usize = 32 * 1024;
/// Devices one person may have, removed ones included.
pub const DEVICES_PER_PERSON: usize = 64;
/// Members one group may have.
pub const MEMBERS_PER_GROUP: usize = 4096;
/// Clock entries dated further than this ahead of our own clock are held back, in milliseconds (ten minutes).
pub const CLOCK_AHEAD_MS: u64 = 10 * 60 * 1000;
