//! Says on the desktop that something is new, while no page of this device does.
//!
//! What is worth saying is decided in one place, [`is_news`], for the desktop and for the page: what I want to hear of a
//! talk, and whether it is quiet. The desktop is told at most once in a few seconds; what comes meanwhile is said together.

mod desktop;
mod text;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::Local;
use compeer_core::GroupId;
use compeer_spaces::{Attention, MessageInfo, SpacesEvent};
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio::time::Instant;

pub(crate) use desktop::{Absent, ShowError};

use crate::home::Settings;
use crate::node::Node;
use text::Notice;

/// Between two notifications.
const PAUSE: Duration = Duration::from_secs(5);
/// How often it is looked whether quiet hours have begun or ended.
const LOOK_EVERY: Duration = Duration::from_secs(20);
/// Spaces that are named in one notification; more are only counted.
const NAMED: usize = 3;

/// What became of the last notification, for whoever asks why there is none.
#[derive(Default)]
pub(crate) struct LastShown(Mutex<Option<String>>);

impl LastShown {
    /// Why the last one could not be shown; `None` if it was, or there was none.
    pub(crate) fn failure(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, failure: Option<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = failure;
    }
}

/// By what this computer's desktop shows notifications, or why it cannot.
pub(crate) fn program() -> Result<&'static str, Absent> {
    desktop::find().map(|program| program.name())
}

/// Whether nothing is to be told now, but for what names me.
#[must_use]
pub(crate) fn is_quiet(node: &Node) -> bool {
    is_quiet_by(&node.settings(), node)
}

fn is_quiet_by(settings: &Settings, node: &Node) -> bool {
    let now = node.now();
    settings.paused_until > now || settings.quiet.as_ref().is_some_and(|quiet| quiet.is_at(now, &Local))
}

/// Whether a message of somebody else is to be told now. Where that cannot be found out, it is.
pub(crate) async fn is_news(node: &Node, space: GroupId, message: &MessageInfo) -> bool {
    if message.mine || message.deleted.is_some() {
        return false;
    }
    let settings = node.settings();
    if is_quiet_by(&settings, node) && !(message.mention && settings.mentions_pass) {
        return false;
    }
    let place = message.place.as_ref().map(|place| place.id);
    let attention = node.spaces().attention_at(space, place).await.unwrap_or_default();
    message.mention || attention == Attention::All
}

/// Shows a notification that says that they work.
pub(crate) async fn test(node: &Node) -> Result<(), ShowError> {
    let notice = Notice { title: "Compeer".into(), body: "Notifications of this computer work.".into() };
    show(node, notice).await
}

async fn show(node: &Node, notice: Notice) -> Result<(), ShowError> {
    let shown = tokio::task::spawn_blocking(move || desktop::show(&notice)).await;
    // A task that is cut off ends with the program.
    let shown = shown.unwrap_or(Ok(()));
    node.last_shown().note(shown.as_ref().err().map(ToString::to_string));
    shown
}

/// What waits to be said together.
#[derive(Default)]
struct Waiting {
    messages: u64,
    /// Where they are, by what those places are called.
    spaces: BTreeMap<GroupId, (String, bool)>,
    last: Option<(GroupId, MessageInfo)>,
}

impl Waiting {
    fn notice(self, words: bool) -> Option<Notice> {
        let (space, message) = self.last?;
        let (name, direct) = self.spaces.get(&space)?;
        Some(match self.messages {
            1 => text::of_one(&message, name, *direct, words),
            count if self.spaces.len() == 1 => text::of_several(count, &message, name, *direct, words),
            count => {
                let names: Vec<_> = self.spaces.values().take(NAMED).map(|(name, _)| name.as_str()).collect();
                text::of_many(count, &names, self.spaces.len())
            }
        })
    }
}

/// The task that tells the desktop.
pub(crate) async fn run(node: Node, mut events: Receiver<SpacesEvent>) {
    let stop = node.stopping();
    let mut waiting = Waiting::default();
    let mut next = Instant::now();
    let mut quiet = is_quiet(&node);
    loop {
        let event = tokio::select! {
            () = stop.cancelled() => return,
            event = events.recv() => event,
            () = tokio::time::sleep_until(next), if waiting.messages > 0 => {
                let settings = node.settings();
                let notice = std::mem::take(&mut waiting).notice(settings.words);
                // Somebody may have come, or it may have become quiet, meanwhile.
                if let Some(notice) = notice.filter(|_| settings.desktop && !node.attendance().is_told()) {
                    next = Instant::now() + PAUSE;
                    if let Err(error) = show(&node, notice).await {
                        tracing::debug!(%error, "the desktop shows nothing");
                    }
                }
                continue;
            }
            () = tokio::time::sleep(LOOK_EVERY) => {
                if quiet != is_quiet(&node) {
                    quiet = !quiet;
                    node.tell_settings();
                }
                continue;
            }
        };
        match event {
            Ok(SpacesEvent::Message { space, message }) => {
                let wanted = node.settings().desktop && !node.attendance().is_told();
                if wanted && is_news(&node, space, &message).await {
                    let Ok(info) = node.spaces().info(space).await else { continue };
                    waiting.messages += 1;
                    waiting.spaces.insert(space, (info.name, info.direct));
                    waiting.last = Some((space, *message));
                }
            }
            Ok(_) => {}
            Err(RecvError::Lagged(missed)) => tracing::debug!(missed, "events were missed"),
            Err(RecvError::Closed) => return,
        }
    }
}
