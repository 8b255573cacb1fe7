//! Everything that happens, as one numbered stream of events for all who listen.
//!
//! One task listens to the floors below and writes each event down once, as JSON; every listener gets that same text. A
//! listener that falls behind loses the oldest events and is told so; nobody waits for a slow one.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use compeer_core::{DeviceId, EntryHash, GroupId};
use compeer_mesh::MeshEvent;
use compeer_spaces::{FileInfo, MessageInfo, SpaceState, SpacesEvent, Transfer, TransferId, TransferState};
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::watch;

use super::convert::{self, Paths, People};
use super::dto;
use super::events::{Event, EventName};
use crate::home::Settings;
use crate::node::{Node, ProblemChange};
use crate::notify;

/// Events a slow listener may fall behind.
const BEHIND: usize = 4096;

/// An event as it is sent.
#[derive(Debug)]
pub(crate) struct Sent {
    /// Its number; higher than that of any event before, also across restarts.
    pub(crate) id: u64,
    /// The event as JSON.
    pub(crate) json: String,
}

/// The stream.
pub(crate) struct Feed {
    sender: broadcast::Sender<Arc<Sent>>,
}

impl Feed {
    /// Starts listening to the node.
    pub(crate) fn start(node: &Node) -> Self {
        let sender = broadcast::Sender::new(BEHIND);
        let writer = Writer {
            // Milliseconds times a thousand grow faster than events do.
            next: node.now().saturating_mul(1000),
            sender: sender.clone(),
            people: HashMap::new(),
            spaces: HashSet::new(),
            ended: HashSet::new(),
            node: node.clone(),
        };
        let sources =
            (node.spaces().events(), node.mesh().events(), node.problems().changes(), node.settings_changes());
        node.spawn(writer.run(sources));
        Self { sender }
    }

    /// Everything from now on.
    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Arc<Sent>> {
        self.sender.subscribe()
    }
}

struct Writer {
    node: Node,
    sender: broadcast::Sender<Arc<Sent>>,
    next: u64,
    /// Names of members, until something about them changes: thousands of files arrive together.
    people: HashMap<GroupId, People>,
    /// The spaces that were there before, to tell those that are new.
    spaces: HashSet<GroupId>,
    /// Those of which it was told that they have ended.
    ended: HashSet<GroupId>,
}

type Sources = (
    broadcast::Receiver<SpacesEvent>,
    broadcast::Receiver<MeshEvent>,
    broadcast::Receiver<ProblemChange>,
    watch::Receiver<Settings>,
);

impl Writer {
    async fn run(mut self, (mut spaces, mut mesh, mut problems, mut settings): Sources) {
        let stop = self.node.stopping();
        if let Ok(list) = self.node.spaces().list().await {
            self.spaces = list.into_iter().map(|info| info.space).collect();
        }
        loop {
            let lagged = tokio::select! {
                () = stop.cancelled() => return,
                event = spaces.recv() => match event {
                    Ok(event) => { self.of_spaces(event).await; false }
                    Err(RecvError::Lagged(_)) => true,
                    Err(RecvError::Closed) => return,
                },
                event = mesh.recv() => match event {
                    Ok(event) => { self.of_mesh(event).await; false }
                    Err(RecvError::Lagged(_)) => true,
                    Err(RecvError::Closed) => return,
                },
                Ok(()) = settings.changed() => {
                    settings.borrow_and_update();
                    let told = Some(super::settings::settings(&self.node));
                    self.send(Event { settings: told, ..self.event(EventName::SettingsChanged) });
                    false
                }
                change = problems.recv() => match change {
                    Ok(change) => { self.of_problems(change); false }
                    Err(RecvError::Lagged(_)) => true,
                    Err(RecvError::Closed) => return,
                },
            };
            if lagged {
                self.people.clear();
                self.send(self.event(EventName::Lagged));
            }
        }
    }

    fn event(&self, name: EventName) -> Event {
        Event::new(name, self.node.now())
    }

    fn send(&mut self, event: Event) {
        self.next += 1;
        if self.sender.receiver_count() == 0 {
            return;
        }
        match serde_json::to_string(&event) {
            // Nobody listening any more is fine.
            Ok(json) => drop(self.sender.send(Arc::new(Sent { id: self.next, json }))),
            Err(error) => tracing::error!(%error, "an event could not be written"),
        }
    }

    async fn of_spaces(&mut self, event: SpacesEvent) {
        let named = |name, space: GroupId| Event { space: Some(space.to_string()), ..self.event(name) };
        match event {
            SpacesEvent::Message { space, message } if self.sender.receiver_count() > 0 => {
                let tell = Some(notify::is_news(&self.node, space, &message).await);
                self.of_message(EventName::ChatMessage, space, *message, tell);
            }
            // Nobody listens.
            SpacesEvent::Message { .. } => self.next += 1,
            SpacesEvent::MessageChanged { space, message } => {
                self.of_message(EventName::ChatChanged, space, *message, None);
            }
            SpacesEvent::Held { space, messages } => {
                for message in messages {
                    let message = dto::Message::from(message);
                    let event = Event { space: Some(space.to_string()), ..self.event(EventName::ChatState) };
                    self.send(Event {
                        id: Some(message.id),
                        state: Some(message.state),
                        held_by: Some(message.held_by),
                        of: Some(message.of),
                        ..event
                    });
                }
            }
            SpacesEvent::Typing { space, place, person, name } => {
                let (person, place) = (Some(person.to_string()), Some(convert::topic_id(place)));
                self.send(Event { person, place, name: Some(name), ..named(EventName::ChatTyping, space) });
            }
            SpacesEvent::Topic { space, topic } => {
                let id = Some(convert::topic_id(topic));
                self.send(Event { id, ..named(EventName::TopicChanged, space) });
            }
            SpacesEvent::Issue { space, issue } => {
                let id = issue.map(|issue| issue.to_string());
                self.send(Event { id, ..named(EventName::IssueChanged, space) });
            }
            SpacesEvent::Board { space, board } => {
                self.send(Event { id: Some(board.to_string()), ..named(EventName::BoardChanged, space) });
            }
            SpacesEvent::Page { space, page } => {
                self.send(Event { id: Some(page.to_string()), ..named(EventName::PageChanged, space) });
            }
            SpacesEvent::Read { space, unread, mentions } => {
                let event = named(EventName::ReadChanged, space);
                self.send(Event { unread: Some(unread), mentions: Some(mentions), ..event });
            }
            // What of it concerns a page is told by the space, which is told beside it.
            SpacesEvent::Undelivered { .. } => {}
            SpacesEvent::Much { space } => self.send(named(EventName::Lagged, space)),
            SpacesEvent::FileAdded { space, file } => self.of_file(EventName::FileAdded, space, *file).await,
            SpacesEvent::FileChanged { space, file } => self.of_file(EventName::FileChanged, space, *file).await,
            SpacesEvent::FileRemoved { space, file } => {
                self.send(Event { id: Some(file.to_string()), ..named(EventName::FileRemoved, space) });
            }
            SpacesEvent::Fetched { space, dir, files } => {
                let (files, folder) =
                    (Some(files.iter().map(EntryHash::to_string).collect()), Some(dir.display().to_string()));
                self.send(Event { files, folder, ..named(EventName::TransfersDone, space) });
            }
            SpacesEvent::Transfer(transfer) => self.of_transfer(transfer).await,
            SpacesEvent::Presence { device } => {
                let device = Some(device.to_string());
                self.send(Event { device, ..self.event(EventName::PresenceChanged) });
            }
            SpacesEvent::Job { id } => {
                let job = self.node.spaces().job(id).ok().map(dto::Job::from);
                self.send(Event { id: Some(id.to_string()), job, ..self.event(EventName::JobEnded) });
            }
            SpacesEvent::Space { space } => self.of_space(space).await,
            SpacesEvent::SpaceGone { space } => {
                self.spaces.remove(&space);
                self.ended.remove(&space);
                self.people.remove(&space);
                self.send(Event { space: Some(space.to_string()), ..self.event(EventName::SpaceLeft) });
            }
            SpacesEvent::MemberJoined { space, person, name } => {
                let event = named(EventName::MemberJoined, space);
                self.people.remove(&space);
                self.send(Event { person: Some(person.to_string()), name: Some(name), ..event });
            }
            SpacesEvent::MemberRemoved { space, person } => self.of_member(EventName::MemberRemoved, space, person),
            SpacesEvent::MemberChanged { space, person } => self.of_member(EventName::MemberChanged, space, person),
            SpacesEvent::Profile { space, person } => self.of_member(EventName::ProfileChanged, space, person),
            // Recorded as a problem, which is told below.
            SpacesEvent::Nonsense { .. } | SpacesEvent::RetentionWaits { .. } => {}
        }
    }

    fn of_message(&mut self, name: EventName, space: GroupId, info: MessageInfo, tell: Option<bool>) {
        let message = dto::Message::from(info);
        let (space, id) = (Some(space.to_string()), Some(message.id.clone()));
        self.send(Event { space, id, message: Some(message), tell, ..self.event(name) });
    }

    fn of_member(&mut self, name: EventName, space: GroupId, person: GroupId) {
        self.people.remove(&space);
        let (space, person) = (Some(space.to_string()), Some(person.to_string()));
        self.send(Event { space, person, ..self.event(name) });
    }

    async fn of_space(&mut self, space: GroupId) {
        self.people.remove(&space);
        if self.sender.receiver_count() == 0 {
            // Whoever listens later looks at everything first, and finds it there.
            self.spaces.insert(space);
            return;
        }
        let Ok(info) = self.node.spaces().info(space).await else { return };
        let event = |writer: &Self, name| Event { space: Some(space.to_string()), ..writer.event(name) };
        if info.state != SpaceState::Joining && self.spaces.insert(space) {
            self.send(event(self, EventName::SpaceJoined));
        }
        if info.state == SpaceState::Ended && self.ended.insert(space) {
            self.send(event(self, EventName::SpaceEnded));
        }
        self.send(Event { space_info: Some(info.into()), ..event(self, EventName::SpaceChanged) });
    }

    async fn of_file(&mut self, name: EventName, space: GroupId, info: FileInfo) {
        if self.sender.receiver_count() == 0 {
            return;
        }
        let Some(people) = self.people(space).await else { return };
        let id = TransferId { space, file: info.id };
        let transfer = self.transfer_of(id, &info, &people);
        let file = convert::file(info, &people, transfer);
        let event = Event { space: Some(space.to_string()), ..self.event(name) };
        self.send(Event { id: Some(file.id.clone()), file: Some(file), ..event });
    }

    /// The transfer of a file that is on its way; not looked for otherwise, because the list may be long.
    fn transfer_of(&self, id: TransferId, info: &FileInfo, people: &People) -> Option<dto::Transfer> {
        if info.state != compeer_spaces::FileState::Fetching {
            return None;
        }
        let transfers = self.node.spaces().transfers().into_iter();
        let transfer = transfers.filter(|transfer| !matches!(transfer.state, TransferState::Done(_)));
        let transfer = transfer.into_iter().find(|transfer| transfer.id == id)?;
        Some(convert::transfer(transfer, people, &Paths::now(&self.node)))
    }

    async fn of_transfer(&mut self, info: Transfer) {
        if self.sender.receiver_count() == 0 {
            return;
        }
        let space = info.id.space;
        let Some(people) = self.people(space).await else { return };
        let transfer = convert::transfer(info, &people, &Paths::now(&self.node));
        let event = Event { space: Some(space.to_string()), ..self.event(EventName::TransferChanged) };
        self.send(Event { id: Some(transfer.id.clone()), transfer: Some(transfer), ..event });
    }

    async fn people(&mut self, space: GroupId) -> Option<People> {
        if let Some(people) = self.people.get(&space) {
            return Some(people.clone());
        }
        let people = People::of(&self.node, space).await.ok()?;
        self.people.insert(space, people.clone());
        Some(people)
    }

    async fn of_mesh(&mut self, event: MeshEvent) {
        let named =
            |writer: &Self, name, device: DeviceId| Event { device: Some(device.to_string()), ..writer.event(name) };
        match event {
            MeshEvent::PeerUp { device, path, .. } => {
                self.people.clear();
                let name = self.node.spaces().device_name(device).await.ok().flatten();
                let event = named(self, EventName::PeerUp, device);
                self.send(Event { name, path: Some(convert::path(&path).0), ..event });
            }
            MeshEvent::PeerDown { device, .. } => {
                self.people.clear();
                self.send(named(self, EventName::PeerDown, device));
            }
            MeshEvent::PathChanged { device, path, rtt_ms } => {
                let event = named(self, EventName::PeerPath, device);
                self.send(Event { path: Some(convert::path(&path).0), rtt_ms: Some(rtt_ms), ..event });
            }
            MeshEvent::AddressesLearned { .. } | MeshEvent::Relay { .. } | MeshEvent::Problem(_) => {}
        }
    }

    fn of_problems(&mut self, change: ProblemChange) {
        match change {
            ProblemChange::Added(problem) => {
                let problem = dto::Problem::from(problem);
                let event = self.event(EventName::ProblemAdded);
                self.send(Event { id: Some(problem.id.clone()), problem: Some(problem), ..event });
            }
            ProblemChange::Dismissed(id) => {
                let event = self.event(EventName::ProblemDismissed);
                self.send(Event { id: Some(id.to_string()), ..event });
            }
        }
    }
}
