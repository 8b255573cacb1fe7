//! `/events`: what happens, as it happens (Server-Sent Events, HTML standard, section 9.2).

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{self, KeepAlive, Sse};
use compeer_core::Millis;
use futures_util::stream::{self, Stream, StreamExt};
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::{Receiver, error::RecvError};
use utoipa::ToSchema;

use super::feed::Sent;
use super::guard::Caller;
use super::{Api, Shared, dto};
use crate::node::Node;

/// A line is sent at least this often, so that a broken connection is noticed.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum EventName {
    /// The first event: from here on nothing is missed.
    #[serde(rename = "hello")]
    Hello,
    /// Events were missed, or too much came at once to be told one by one: look again at `space`, or at everything.
    #[serde(rename = "lagged")]
    Lagged,
    /// A message became readable here: `space`, `id`, `message`, `tell`.
    #[serde(rename = "chat.message")]
    ChatMessage,
    /// A message's text, reactions or pin changed: `space`, `id`, `message`.
    #[serde(rename = "chat.changed")]
    ChatChanged,
    /// More members have a message of mine: `space`, `id`, `state`, `held_by`, `of`.
    #[serde(rename = "chat.state")]
    ChatState,
    /// A topic was made or changed, or I want to hear more or less of it: `space`, `id`.
    #[serde(rename = "topic.changed")]
    TopicChanged,
    /// An issue was made or changed: `space`, `id`; without an `id`, what issues are sorted into, or how keys begin.
    #[serde(rename = "issue.changed")]
    IssueChanged,
    /// A board was made, renamed or put away, or somebody came there or left it: `space`, `id`. What is drawn is told to whoever
    /// has it open.
    #[serde(rename = "board.changed")]
    BoardChanged,
    /// A page was made, renamed, moved or put away, what it says is another now, or somebody came there or left it: `space`, `id`.
    /// What is being written is told to whoever has it open.
    #[serde(rename = "page.changed")]
    PageChanged,
    /// Somebody is writing: `space`, `place`, `person`, `name`.
    #[serde(rename = "chat.typing")]
    ChatTyping,
    /// Unread counts changed: `space`, `unread`, `mentions`.
    #[serde(rename = "read.changed")]
    ReadChanged,
    /// A file was listed: `space`, `id`, `file`.
    #[serde(rename = "file.added")]
    FileAdded,
    /// A file's holders or state changed: `space`, `id`, `file`.
    #[serde(rename = "file.changed")]
    FileChanged,
    /// A file was taken off the list: `space`, `id`.
    #[serde(rename = "file.removed")]
    FileRemoved,
    /// A transfer moved: `space`, `id`, `transfer`.
    #[serde(rename = "transfer.changed")]
    TransferChanged,
    /// Many transfers ended as they should, and are not told one by one: `space`, `files`, `folder`. Each file lies under
    /// its name in that folder.
    #[serde(rename = "transfers.done")]
    TransfersDone,
    /// An export or import ended: `id`, `job`.
    #[serde(rename = "job.ended")]
    JobEnded,
    /// A space changed: `space`, `space_info`.
    #[serde(rename = "space.changed")]
    SpaceChanged,
    /// I am in a new space: `space`.
    #[serde(rename = "space.joined")]
    SpaceJoined,
    /// A space is no longer on this device: `space`.
    #[serde(rename = "space.left")]
    SpaceLeft,
    /// A manager ended a space: `space`.
    #[serde(rename = "space.ended")]
    SpaceEnded,
    /// Somebody became a member: `space`, `person`, `name`.
    #[serde(rename = "member.joined")]
    MemberJoined,
    /// Somebody is no longer a member: `space`, `person`.
    #[serde(rename = "member.removed")]
    MemberRemoved,
    /// Somebody's level changed: `space`, `person`.
    #[serde(rename = "member.changed")]
    MemberChanged,
    /// Somebody's name or picture changed: `space`, `person`.
    #[serde(rename = "profile.changed")]
    ProfileChanged,
    /// Somebody came to a device or left it: `device`.
    #[serde(rename = "presence.changed")]
    PresenceChanged,
    /// What was chosen for this device changed, or it became quiet or is so no more: `settings`.
    #[serde(rename = "settings.changed")]
    SettingsChanged,
    /// A device is linked: `device`, `name`, `path`.
    #[serde(rename = "peer.up")]
    PeerUp,
    /// A device is no longer linked: `device`.
    #[serde(rename = "peer.down")]
    PeerDown,
    /// A device is reached another way: `device`, `path`, `rtt_ms`.
    #[serde(rename = "peer.path")]
    PeerPath,
    /// Somebody should look at something: `id`, `problem`.
    #[serde(rename = "problem.added")]
    ProblemAdded,
    /// Somebody has: `id`.
    #[serde(rename = "problem.dismissed")]
    ProblemDismissed,
}

/// Something happened. Which of the fields are there depends on `event`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Event {
    /// What happened.
    pub event: EventName,
    /// When.
    pub at: u64,
    /// The space it happened in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub space: Option<String>,
    /// The message, file or problem.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub id: Option<String>,
    /// The id of the topic, or `general`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub place: Option<String>,
    /// The person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub person: Option<String>,
    /// The person's or device's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub name: Option<String>,
    /// The device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub device: Option<String>,
    /// How the device is reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub path: Option<dto::PathKind>,
    /// Round trip in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub rtt_ms: Option<f64>,
    /// Where the message is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub state: Option<dto::MessageState>,
    /// How many members have it, its author included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub held_by: Option<u64>,
    /// How many members there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub of: Option<u64>,
    /// Messages I have not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub unread: Option<u64>,
    /// How many of those name me.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub mentions: Option<u64>,
    /// The message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub message: Option<dto::Message>,
    /// Whether the message is to be told to me now, by what I want to hear and whether it is quiet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub tell: Option<bool>,
    /// What was chosen for this device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub settings: Option<dto::Settings>,
    /// The file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub file: Option<dto::File>,
    /// The ids of files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub files: Option<Vec<String>>,
    /// The folder in which they lie, absolute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub folder: Option<String>,
    /// The transfer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub transfer: Option<dto::Transfer>,
    /// The space as it is now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub space_info: Option<dto::Space>,
    /// The export or import.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub job: Option<dto::Job>,
    /// The problem.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub problem: Option<dto::Problem>,
}

impl Event {
    /// An event with nothing but its name and time.
    pub(super) fn new(event: EventName, at: Millis) -> Self {
        Self {
            event,
            at,
            space: None,
            id: None,
            place: None,
            person: None,
            name: None,
            device: None,
            path: None,
            rtt_ms: None,
            state: None,
            held_by: None,
            of: None,
            unread: None,
            mentions: None,
            message: None,
            tell: None,
            settings: None,
            file: None,
            files: None,
            folder: None,
            transfer: None,
            space_info: None,
            job: None,
            problem: None,
        }
    }
}

/// Everything that happens from now on. The first event is `hello`; each has a number in `id:` and an object in `data:`. A
/// browser's stream ends when it signs out.
#[utoipa::path(
    get, path = "/events", tag = "events",
    responses((status = 200, content_type = "text/event-stream", body = Event))
)]
pub(super) async fn stream(
    State(api): Shared,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Sse<impl Stream<Item = Result<sse::Event, Infallible>>> {
    let receiver = api.feed.subscribe();
    let listener = Listener::of(&api, &caller);
    let now = api.node.now();
    // Whoever was here before has missed something, and nobody knows what.
    let returned = headers.contains_key("last-event-id").then(|| plain(&Event::new(EventName::Lagged, now)));
    let hello = [Some(plain(&Event::new(EventName::Hello, now)).event("hello")), returned];
    let events =
        stream::unfold((receiver, api, caller, listener), |(mut receiver, api, caller, listener)| async move {
            let event = next(&mut receiver, over(&api, &caller), || api.node.now()).await?;
            Some((event, (receiver, api, caller, listener)))
        });
    let all = stream::iter(hello.into_iter().flatten()).chain(events).map(Ok);
    Sse::new(all).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}

/// A page that listens, for as long as it does.
struct Listener(Option<(Node, String)>);

impl Listener {
    fn of(api: &Api, caller: &Caller) -> Self {
        let Caller::Page { session } = caller else { return Self(None) };
        api.node.attendance().open(session);
        Self(Some((api.node.clone(), session.clone())))
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Some((node, session)) = &self.0 {
            node.attendance().close(session, node.now());
        }
    }
}

/// Returns when the API stops or the caller may listen no longer.
pub(super) async fn over(api: &Api, caller: &Caller) {
    match caller {
        Caller::Script => api.stop.cancelled().await,
        Caller::Page { session } => tokio::select! {
            () = api.stop.cancelled() => {}
            () = api.guard.sessions().ended(session) => {}
        },
    }
}

/// The next event; `None` when it is over.
async fn next(
    receiver: &mut Receiver<Arc<Sent>>,
    over: impl Future<Output = ()>,
    now: impl Fn() -> Millis,
) -> Option<sse::Event> {
    let sent = tokio::select! {
        // First, so that nothing is told to whoever signed out before it happened.
        biased;
        () = over => return None,
        sent = receiver.recv() => sent,
    };
    match sent {
        // JSON has no raw line breaks in it, so one `data:` line holds it.
        Ok(sent) => Some(sse::Event::default().id(sent.id.to_string()).data(&sent.json)),
        Err(RecvError::Lagged(_)) => Some(plain(&Event::new(EventName::Lagged, now()))),
        Err(RecvError::Closed) => None,
    }
}

fn plain(event: &Event) -> sse::Event {
    let json = serde_json::to_string(event).unwrap_or_default();
    sse::Event::default().data(json)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::broadcast;
    use tokio_util::sync::CancellationToken;

    #[tokio::test]
    async fn a_slow_listener_is_told_that_it_missed_something() {
        let sender = broadcast::Sender::new(2);
        let mut receiver = sender.subscribe();
        for id in 1..=5 {
            sender.send(Arc::new(Sent { id, json: "{}".into() })).expect("somebody listens");
        }
        let stop = CancellationToken::new();
        let first = next(&mut receiver, stop.cancelled(), || 7).await.expect("an event");
        assert!(format!("{first:?}").contains("lagged"), "{first:?}");
        let second = next(&mut receiver, stop.cancelled(), || 7).await.expect("an event");
        assert!(format!("{second:?}").contains("id: 4"), "{second:?}");
        assert!(next(&mut receiver, stop.cancelled(), || 7).await.is_some());
        stop.cancel();
        assert!(next(&mut receiver, stop.cancelled(), || 7).await.is_none());
    }
}
