//! This device, its peers, its problems, and the person who uses it.

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

/// This device and its surroundings.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Status {
    /// Always true once it can be asked.
    pub ready: bool,
    /// The program's version.
    pub version: String,
    /// This device.
    pub device: String,
    /// What others see it called.
    pub device_name: String,
    /// The person using it; null before the first run.
    #[schema(required = true)]
    pub person: Option<String>,
    /// The person's name.
    #[schema(required = true)]
    pub name: Option<String>,
    /// Where the person's picture can be had.
    #[schema(required = true)]
    pub picture: Option<String>,
    /// The person's colour, in degrees.
    pub hue: u16,
    /// The home folder.
    pub home: String,
    /// How a command for this peer begins in a terminal on this computer: `compeer`, or longer where that is not found or
    /// means another home.
    pub command: String,
    /// When this peer started.
    pub started: u64,
    /// Devices that are known here.
    pub peers: Vec<Peer>,
    /// What somebody should look at, oldest first.
    pub problems: Vec<Problem>,
    /// Where other devices reach this one.
    pub listening: Vec<String>,
    /// The relay in use; null without one.
    #[schema(required = true)]
    pub relay: Option<Relay>,
    /// Whether devices on the local network are looked for.
    pub lan_discovery: bool,
}

/// How a device is reached now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum PathKind {
    /// Nobody in between.
    Direct,
    /// Over a relay, which sees only ciphertext.
    Relay,
    /// Not at all.
    None,
}

/// A device that shares a group with this one.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Peer {
    /// Its id.
    pub device: String,
    /// What its owner calls it.
    #[schema(required = true)]
    pub name: Option<String>,
    /// Whose it is.
    #[schema(required = true)]
    pub person: Option<String>,
    /// That person's name.
    #[schema(required = true)]
    pub person_name: Option<String>,
    /// How it is reached now.
    pub path: PathKind,
    /// Whether it answered and did not let this device in, when it was last asked.
    pub refuses: bool,
    /// Its address, or the relay's URL.
    #[schema(required = true)]
    pub address: Option<String>,
    /// Round trip in milliseconds.
    #[schema(required = true)]
    pub rtt_ms: Option<f64>,
    /// Bytes sent since the link came up.
    pub sent_bytes: u64,
    /// Bytes received since the link came up.
    pub received_bytes: u64,
    /// Bytes sent per second, lately.
    pub send_rate: f64,
    /// Bytes received per second, lately.
    pub receive_rate: f64,
    /// When it was last linked; null when never since the start.
    #[schema(required = true)]
    pub last_seen: Option<u64>,
    /// The spaces that both are in.
    pub spaces: Vec<String>,
    /// Whether it was found on the local network.
    pub lan: bool,
}

/// The relay that carries traffic when no direct path is found.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Relay {
    /// Its address.
    pub url: String,
    /// Whether this device is connected to it.
    pub connected: bool,
}

/// How much a problem matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Something is worse than it should be.
    Warning,
    /// Somebody must act.
    Error,
}

/// Something that somebody should look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// Its id, for dismissing it.
    pub id: String,
    /// When it was last seen.
    pub at: u64,
    /// How much it matters.
    pub severity: Severity,
    /// What it is, for programs.
    pub code: String,
    /// What it is, in a plain sentence.
    pub text: String,
    /// What to do about it.
    pub hint: String,
    /// The device it is about.
    #[schema(required = true)]
    pub device: Option<String>,
    /// The space it is about.
    #[schema(required = true)]
    pub space: Option<String>,
}

/// A one-time link that signs a browser in.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SignInLink {
    /// The link, good for a minute and for one browser.
    pub url: String,
}

/// What shall change about this person and device. What is left out stays.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProfileChange {
    /// The person's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The device's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_name: Option<String>,
    /// A PNG, JPEG or WebP picture of at most 64 KiB in base64; null takes it away.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub picture: Option<Option<String>>,
}

/// Tells a field that is null from one that is left out.
pub(super) fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

/// An answer that says nothing but that it was done.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
pub struct Done {}
