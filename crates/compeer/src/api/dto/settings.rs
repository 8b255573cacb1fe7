//! What was chosen for this device.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::node::present;

/// Whether this computer's desktop shows notifications.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DesktopState {
    /// It can.
    Ready,
    /// Nobody is logged in at a screen, as far as the peer can see.
    NoSession,
    /// The program that sends them is missing.
    NoProgram,
    /// The last one could not be shown.
    Failed,
}

/// Times of the day at which nothing is told, by this computer's clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Quiet {
    /// The days on which it begins: `mon` to `sun`.
    pub days: Vec<String>,
    /// From when, such as `22:00`.
    pub from: String,
    /// Until when, such as `07:00`; on the next day when that is not later.
    pub to: String,
}

/// What was chosen for this device, and how its notifications do.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Settings {
    /// Whether the desktop says that something is new while no page does.
    pub desktop: bool,
    /// Whether it shows who wrote what, or only where something is new.
    pub words: bool,
    /// When nothing is told; null for never.
    #[schema(required = true)]
    pub quiet: Option<Quiet>,
    /// Until when nothing is told, whatever `quiet` says; null when there is no pause.
    #[schema(required = true)]
    pub paused_until: Option<u64>,
    /// Whether what names me is told all the same.
    pub mentions_pass: bool,
    /// Whether others are told that nobody is at this device.
    pub show_away: bool,
    /// Whether it is quiet now.
    pub quiet_now: bool,
    /// Whether the desktop can show notifications.
    pub desktop_state: DesktopState,
    /// The program that shows them.
    #[schema(required = true)]
    pub desktop_by: Option<String>,
    /// Why the last one could not be shown.
    #[schema(required = true)]
    pub desktop_failure: Option<String>,
}

/// What shall be chosen from now on. What is left out stays.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SettingsChange {
    /// As in [`Settings`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub desktop: Option<bool>,
    /// As in [`Settings`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<bool>,
    /// Null for never.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[schema(value_type = Option<Quiet>)]
    pub quiet: Option<Option<Quiet>>,
    /// For how long nothing is told from now on: a number and m, h or d; `tomorrow` for until tomorrow at eight; or `off`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause: Option<String>,
    /// As in [`Settings`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mentions_pass: Option<bool>,
    /// As in [`Settings`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub show_away: Option<bool>,
}

/// What a page says about who is at it.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Attendance {
    /// Somebody has used one of its tabs lately.
    pub active: bool,
    /// Somebody looks at it now, or the browser shows notifications for it.
    pub tells: bool,
}
