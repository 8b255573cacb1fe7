//! The group rules as tables and properties, and what decoders make of hostile bytes.

mod bench;
mod decode;
mod drops;
mod epochs;
mod invitations;
mod invite_text;
mod nested;
mod properties;
mod removal;
mod rights;
mod sim;
