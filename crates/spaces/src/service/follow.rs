//! Follows the journal: brings the view up to date and tells what changed.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::PoisonError;
use std::time::Duration;

use compeer_core::group::{Level, Member, Rules};
use compeer_core::{DeviceId, EntryHash, GroupId};
use compeer_journal::{Cursor, Journal, JournalEvent, Page, ReadError};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::time::Instant;

use super::{Spaces, name_or_id};
use crate::error::{ActError, StartError, ViewError};
use crate::model::{MessageInfo, MessageState, SpacesEvent, TransferId};
use crate::view::{Change, View};

/// Entries taken into the view in one transaction.
const PAGE: usize = 2000;
/// A catch-up that brings more changes than this is told as one "look again" instead of one event each.
const TOLD_SINGLY: usize = 500;
/// My newest messages whose holders are watched. Older ones are looked up when somebody looks at them.
const WATCHED: usize = 200;

/// Between two looks at what has changed: in a busy stretch what comes within it is taken in together, which costs little
/// more than one message does. A message that comes alone is not held up.
const PAUSE: Duration = Duration::from_millis(3);

/// How long my name waits for the logs of members that have not come.
const MEMBERS_LIMIT: Duration = Duration::from_secs(30);

/// What has changed since the last look.
#[derive(Default)]
struct Due {
    readable: BTreeSet<GroupId>,
    rules: BTreeSet<GroupId>,
    receipts: BTreeSet<GroupId>,
    /// Some changes were missed.
    all: bool,
}

impl Due {
    fn note(&mut self, event: JournalEvent) {
        match event {
            JournalEvent::Readable { topic } | JournalEvent::Rebuild { topic } => self.readable.insert(topic),
            JournalEvent::Rules { topic } | JournalEvent::Adopted { topic } => self.rules.insert(topic),
            JournalEvent::Receipts { topic } => self.receipts.insert(topic),
            JournalEvent::Forgotten { .. } | JournalEvent::Problem(_) | JournalEvent::Recovered => false,
        };
    }

    /// Waits for a change, and takes along what else is there after `pause`. `None` when no more will come.
    async fn next(changes: &mut Receiver<JournalEvent>, pause: Option<Instant>) -> Option<Self> {
        let mut due = Self::default();
        match changes.recv().await {
            Ok(event) => due.note(event),
            Err(RecvError::Lagged(_)) => due.all = true,
            Err(RecvError::Closed) => return None,
        }
        if let Some(pause) = pause {
            tokio::time::sleep_until(pause).await;
        }
        loop {
            match changes.try_recv() {
                Ok(event) => due.note(event),
                Err(TryRecvError::Lagged(_)) => due.all = true,
                Err(TryRecvError::Empty | TryRecvError::Closed) => return Some(due),
            }
        }
    }
}

/// What was last told about a space.
#[derive(Default)]
pub(super) struct Followed {
    members: BTreeMap<Member, Level>,
    /// My messages that not every member has yet.
    watched: HashMap<EntryHash, Watched>,
    /// Whether my profile is in this space, or was written into it since this program started.
    introduced: bool,
    /// Since when logs of members are waited for.
    waiting: Option<Instant>,
}

/// A message of mine, by its place in the journal.
#[derive(Clone, Copy)]
struct Watched {
    author: DeviceId,
    seq: u64,
    /// How many had it when that was last told.
    told: usize,
}

impl Spaces {
    /// The task: what has changed, again and again, for as long as the service runs.
    pub(super) async fn follow(self, mut changes: Receiver<JournalEvent>) {
        let mut pause = None;
        loop {
            let due = tokio::select! {
                () = self.inner.stop.cancelled() => return,
                due = Due::next(&mut changes, pause) => due,
            };
            let Some(due) = due else { return };
            if due.all
                && let Err(error) = self.catch_up_all().await
            {
                tracing::error!(%error, "spaces could not be brought up to date");
            }
            for space in due.readable {
                self.catch_up(space).await;
            }
            if due.all || !due.rules.is_empty() {
                self.inner.rooms_due.notify_one();
            }
            for space in due.rules {
                self.follow_rules(space).await;
            }
            for space in due.receipts {
                self.follow_receipts(space).await;
            }
            pause = Some(Instant::now() + PAUSE);
        }
    }

    /// Brings the views of all spaces up to date.
    pub(super) async fn catch_up_all(&self) -> Result<(), StartError> {
        for (space, _) in self.spaces() {
            self.catch_up(space).await;
            self.follow_rules(space).await;
        }
        Ok(())
    }

    /// Takes in what became readable in one space.
    pub(super) async fn catch_up(&self, space: GroupId) {
        let Ok(rules) = self.rules(&space) else { return };
        if rules.ended().is_some() {
            return self.bury(space).await;
        }
        // One at a time, so that no change is told twice.
        let turn = self.inner.catching_up.lock().await;
        match self.read_into_view(space).await {
            Ok(changes) => {
                if changes.iter().any(|change| matches!(change, Change::Rooms | Change::Rebuilt)) {
                    self.look_at_rooms(space).await;
                }
                self.tell_changes(space, changes).await;
            }
            // What could not be read now is read at the next event; the cursor has not moved.
            Err(error) => tracing::error!(space = %space.short(), %error, "the view could not be brought up to date"),
        }
        drop(turn);
        self.introduce(space).await;
        self.check_welcome(space).await;
    }

    async fn read_into_view(&self, space: GroupId) -> Result<Vec<Change>, ActError> {
        let journal = self.inner.journal.clone();
        let reader = self.reader(&*self.rules(&space)?);
        let work = move |view: &View| {
            let mut changes = Vec::new();
            let mut cursor = view.cursor(&space)?;
            loop {
                match journal.read(&space, cursor, PAGE) {
                    Ok(Page::Entries { entries, dropped, next, more }) => {
                        if !entries.is_empty() || !dropped.is_empty() {
                            match view.apply_page(space, &entries, &dropped, next, &reader)? {
                                Some(made) => changes.extend(made),
                                None => {
                                    cursor = match start_again(&journal, view, &space, next.generation) {
                                        Ok(start) => start?,
                                        Err(error) => return Ok(Err(error)),
                                    };
                                    changes.push(Change::Rebuilt);
                                    continue;
                                }
                            }
                        }
                        cursor = next;
                        if !more {
                            return Ok(Ok(changes));
                        }
                    }
                    Ok(Page::Rebuild { generation }) => {
                        cursor = match start_again(&journal, view, &space, generation) {
                            Ok(start) => start?,
                            Err(error) => return Ok(Err(error)),
                        };
                        changes.push(Change::Rebuilt);
                    }
                    Err(error) => return Ok::<Result<_, ReadError>, _>(Err(error)),
                }
            }
        };
        Ok(self.inner.view.with(work).await??)
    }

    async fn tell_changes(&self, space: GroupId, changes: Vec<Change>) {
        if changes.contains(&Change::Rebuilt) {
            self.inner.rooms.rebuilt(space);
            self.after_rebuild(space).await;
            return;
        }
        for change in &changes {
            match change {
                Change::FileRemoved(file) => self.give_up_unlisted(TransferId { space, file: *file }).await,
                Change::Drawn(board) => self.inner.rooms.drawn(space, *board),
                Change::Written(page) => {
                    self.inner.rooms.drawn(space, *page);
                    self.inner.texts.note(space, *page);
                }
                _ => {}
            }
        }
        if changes.is_empty() || self.inner.events.receiver_count() == 0 && changes.len() > TOLD_SINGLY {
            return;
        }
        if changes.len() > TOLD_SINGLY {
            self.tell(SpacesEvent::Much { space });
            self.tell(SpacesEvent::Space { space });
            self.tell_unread(space).await;
            return;
        }
        let messages: BTreeSet<EntryHash> = changes
            .iter()
            .filter_map(|change| match change {
                Change::Message(hash) | Change::Changed(hash) => Some(*hash),
                _ => None,
            })
            .collect();
        let asked = messages.into_iter().collect();
        let mut messages: HashMap<EntryHash, MessageInfo> = match self.messages_by(space, asked).await {
            Ok(messages) => messages.into_iter().map(|message| (message.id, message)).collect(),
            Err(error) => {
                tracing::error!(space = %space.short(), %error, "messages could not be told");
                HashMap::new()
            }
        };
        let (mut unread, mut vanished, mut files, mut told) = (false, false, Vec::new(), BTreeSet::new());
        // Those that come first, so that nobody hears of a change of what is told only after it.
        let (new, changed) = changes.into_iter().partition::<Vec<_>, _>(|change| !matches!(change, Change::Changed(_)));
        for change in new.into_iter().chain(changed) {
            match change {
                Change::Message(hash) => {
                    let Some(message) = messages.remove(&hash) else { continue };
                    unread |= !message.mine;
                    if message.mine {
                        self.watch(space, &message);
                    }
                    self.tell(SpacesEvent::Message { space, message: Box::new(message) });
                }
                // Told once, however many fields changed; and not if it has just been told as new.
                Change::Changed(hash) => {
                    if let Some(message) = messages.remove(&hash) {
                        self.tell(SpacesEvent::MessageChanged { space, message: Box::new(message) });
                    } else if told.insert(hash) {
                        self.tell_thing(space, hash).await;
                    }
                }
                Change::FileAdded(hash) => {
                    if let Ok(file) = self.file(space, hash).await {
                        self.tell(SpacesEvent::FileAdded { space, file: Box::new(file) });
                    }
                }
                Change::Made(thing) if told.insert(thing) => self.tell_thing(space, thing).await,
                Change::Made(_) => {}
                // Told to whoever has it open, above.
                Change::Drawn(_) | Change::Written(_) => {}
                Change::Moved => unread = true,
                Change::Vanished(_) => vanished = true,
                Change::FileChanged(hash) => files.push(hash),
                Change::FileRemoved(file) => {
                    if self.file(space, file).await.is_err() {
                        self.tell(SpacesEvent::FileRemoved { space, file });
                    }
                }
                Change::Name | Change::Rooms | Change::Rebuilt => self.tell(SpacesEvent::Space { space }),
                Change::Profile(person) => self.tell(SpacesEvent::Profile { space, person }),
                Change::Nonsense(device, what) => self.tell(SpacesEvent::Nonsense { space, device, what }),
            }
        }
        if vanished {
            // Pages still show them.
            self.tell(SpacesEvent::Much { space });
        }
        if !files.is_empty() {
            self.tell_files(space, files).await;
        }
        if unread {
            self.tell_unread(space).await;
        }
    }

    pub(super) async fn tell_file(&self, space: GroupId, file: EntryHash) {
        self.tell_files(space, vec![file]).await;
    }

    /// Tells that files changed. A file that is no longer listed has nothing to tell.
    pub(super) async fn tell_files(&self, space: GroupId, files: Vec<EntryHash>) {
        for file in self.files_by(space, files).await.unwrap_or_default() {
            self.tell(SpacesEvent::FileChanged { space, file: Box::new(file) });
        }
    }

    /// Tells who came, went or changed.
    async fn follow_rules(&self, space: GroupId) {
        let Ok(rules) = self.rules(&space) else { return };
        if rules.ended().is_some() {
            self.bury(space).await;
            return self.tell(SpacesEvent::Space { space });
        }
        let now: BTreeMap<_, _> = rules.members().iter().map(|(member, info)| (*member, info.level)).collect();
        let before = {
            let mut followed = self.inner.followed.lock().unwrap_or_else(PoisonError::into_inner);
            let entry = followed.entry(space).or_default();
            let first = entry.members.is_empty();
            let before = std::mem::replace(&mut entry.members, now.clone());
            if first { now.clone() } else { before }
        };
        let names = self.inner.view.with(move |view| view.people(&space)).await.unwrap_or_default();
        for (member, level) in &now {
            let Member::Group(person) = member else { continue };
            match before.get(member) {
                None => {
                    let name = name_or_id(&names, person);
                    self.tell(SpacesEvent::MemberJoined { space, person: *person, name });
                }
                Some(old) if old != level => self.tell(SpacesEvent::MemberChanged { space, person: *person }),
                Some(_) => {}
            }
        }
        for member in before.keys() {
            if let (Member::Group(person), false) = (member, now.contains_key(member)) {
                self.tell(SpacesEvent::MemberRemoved { space, person: *person });
            }
        }
        self.tell(SpacesEvent::Space { space });
        self.introduce(space).await;
    }

    /// Whether my own profile is in a space, as far as this program has seen or written it.
    pub(super) fn is_introduced(&self, space: GroupId) -> bool {
        let followed = self.inner.followed.lock().unwrap_or_else(PoisonError::into_inner);
        followed.get(&space).is_some_and(|followed| followed.introduced)
    }

    /// Whether that is news; from now on it is not.
    pub(super) fn is_first_introduction(&self, space: GroupId) -> bool {
        let mut followed = self.inner.followed.lock().unwrap_or_else(PoisonError::into_inner);
        !std::mem::replace(&mut followed.entry(space).or_default().introduced, true)
    }

    /// Whether members' logs have been waited for long enough. When they have, I am introduced, although nothing happens.
    pub(super) fn has_waited_for_members(&self, space: GroupId) -> bool {
        let mut followed = self.inner.followed.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = &mut followed.entry(space).or_default().waiting;
        if let Some(since) = waiting {
            return since.elapsed() >= MEMBERS_LIMIT;
        }
        *waiting = Some(Instant::now());
        let spaces = self.clone();
        self.inner.tasks.spawn(async move {
            tokio::select! {
                () = spaces.inner.stop.cancelled() => {}
                () = tokio::time::sleep(MEMBERS_LIMIT) => spaces.introduce(space).await,
            }
        });
        false
    }

    /// It was not written after all.
    pub(super) fn introduction_failed(&self, space: GroupId) {
        let mut followed = self.inner.followed.lock().unwrap_or_else(PoisonError::into_inner);
        followed.entry(space).or_default().introduced = false;
    }

    /// Remembers a message of mine until everybody has it.
    fn watch(&self, space: GroupId, message: &MessageInfo) {
        if matches!(message.state, MessageState::Held | MessageState::Undelivered) {
            return;
        }
        let mut followed = self.inner.followed.lock().unwrap_or_else(PoisonError::into_inner);
        let watched = &mut followed.entry(space).or_default().watched;
        if watched.len() < WATCHED {
            let MessageInfo { id, author_device: author, seq, held_by: told, .. } = *message;
            watched.insert(id, Watched { author, seq, told });
        }
    }

    /// Forgets messages that come to nobody.
    pub(super) fn unwatch(&self, space: GroupId, messages: impl Iterator<Item = EntryHash>) {
        let mut followed = self.inner.followed.lock().unwrap_or_else(PoisonError::into_inner);
        let watched = &mut followed.entry(space).or_default().watched;
        messages.for_each(|message| {
            watched.remove(&message);
        });
    }

    /// Tells which of my messages have come further.
    async fn follow_receipts(&self, space: GroupId) {
        let (Ok(rules), Some(me)) = (self.rules(&space), self.me()) else { return };
        if rules.ended().is_some() {
            return self.tell(SpacesEvent::Space { space });
        }
        let further: Vec<EntryHash> = {
            let mut followed = self.inner.followed.lock().unwrap_or_else(PoisonError::into_inner);
            let watched = followed.get_mut(&space).into_iter().flat_map(|followed| &mut followed.watched);
            let held = watched.filter_map(|(id, watched)| {
                let held = self.held_by(&space, &rules, &me.person, &watched.author, watched.seq);
                (std::mem::replace(&mut watched.told, held) != held).then_some(*id)
            });
            held.collect()
        };
        if further.is_empty() {
            return;
        }
        let Ok(mut moved) = self.messages_by(space, further).await else { return };
        {
            let mut followed = self.inner.followed.lock().unwrap_or_else(PoisonError::into_inner);
            let watched = &mut followed.entry(space).or_default().watched;
            moved.iter().filter(|message| message.state == MessageState::Held).for_each(|message| {
                watched.remove(&message.id);
            });
        }
        moved.sort_by_key(|message| (message.time, message.id));
        self.tell(SpacesEvent::Held { space, messages: moved });
    }

    /// How many of my newest messages nobody else has.
    pub(super) fn waiting(&self, space: &GroupId, rules: &Rules) -> u64 {
        let Some(me) = self.me().filter(|_| rules.members().len() > 1) else { return 0 };
        let followed = self.inner.followed.lock().unwrap_or_else(PoisonError::into_inner);
        let watched = followed.get(space).into_iter().flat_map(|followed| followed.watched.values());
        let alone = watched.filter(|one| self.held_by(space, rules, &me.person, &one.author, one.seq) <= 1);
        alone.count() as u64
    }

    pub(super) fn unfollow(&self, space: &GroupId) {
        self.inner.followed.lock().unwrap_or_else(PoisonError::into_inner).remove(space);
    }
}

/// Empties the view of a space, to be made anew: where to begin.
fn start_again(
    journal: &Journal,
    view: &View,
    space: &GroupId,
    generation: u64,
) -> Result<Result<Cursor, ViewError>, ReadError> {
    let voided = journal.voided(space)?;
    Ok(view.wipe(space, generation, &voided).map(|()| Cursor { generation, position: 0 }))
}
