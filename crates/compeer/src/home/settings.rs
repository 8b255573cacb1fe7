//! What was chosen for this device: how it says that something is new and when it keeps quiet, and what others are told.

use compeer_core::Millis;
use serde::{Deserialize, Serialize};

use crate::quiet::Quiet;

/// What `settings.json` holds. What is missing in it is as usual.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Whether the desktop says that something is new while no page does.
    pub desktop: bool,
    /// Whether it shows who wrote what, or only where something is new.
    pub words: bool,
    /// When nothing is told; `None` for never.
    pub quiet: Option<Quiet>,
    /// Until when nothing is told, whatever `quiet` says; in the past when there is no pause.
    pub paused_until: Millis,
    /// Whether what names me is told all the same.
    pub mentions_pass: bool,
    /// Whether others are told that nobody is at this device.
    pub show_away: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { desktop: true, words: true, quiet: None, paused_until: 0, mentions_pass: false, show_away: true }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fuzz_settings() {
        let quiet = Quiet::parse("mon-fri", "22:00", "07:00").ok();
        let seeds = [Settings::default(), Settings { quiet, paused_until: 7, ..Settings::default() }];
        let seeds = seeds.map(|settings| serde_json::to_vec(&settings).expect("text"));
        compeer_testkit::fuzz::run(&seeds, |bytes| {
            let Ok(settings) = serde_json::from_slice::<Settings>(bytes) else { return false };
            let again = serde_json::to_vec(&settings).expect("text");
            assert_eq!(serde_json::from_slice::<Settings>(&again).ok(), Some(settings));
            true
        });
    }
}
