//! Topics: what a space talks about, beside its general talk.

use std::collections::HashMap;

use compeer_core::group::Level;
use compeer_core::{EntryHash, GroupId};

use super::{Spaces, name_or_id};
use crate::error::ActError;
use crate::model::{At, Attention, Field, Kind, LastMessage, Op, SpacesEvent, TopicInfo};
use crate::view::{MessageRow, Part, TopicRow, View, Which, itself};

/// Topics that are handed out: the last in use.
const TOPICS: usize = 500;
/// Messages that can be moved at once.
const MOVED: usize = 1000;

impl From<At> for Which {
    fn from(at: At) -> Self {
        match at {
            At::Anywhere => Self::All,
            At::Place(place) => Self::At(place),
        }
    }
}

impl Spaces {
    /// The general talk, then the topics, the last in use first.
    pub async fn topics(&self, space: GroupId) -> Result<Vec<TopicInfo>, ActError> {
        self.rules(&space)?;
        self.catch_up(space).await;
        let topics = move |view: &View| {
            let names = view.people(&space)?;
            let general = general(view, &space, &names)?;
            let topics = view.topics(&space, TOPICS)?.into_iter().map(|row| topic(view, &space, &names, row));
            std::iter::once(Ok(general)).chain(topics).collect()
        };
        Ok(self.inner.view.with(topics).await?)
    }

    /// One topic; `None` is the general talk.
    pub async fn topic(&self, space: GroupId, id: Option<EntryHash>) -> Result<TopicInfo, ActError> {
        self.rules(&space)?;
        self.catch_up(space).await;
        let found = move |view: &View| {
            let names = view.people(&space)?;
            let Some(id) = id else { return general(view, &space, &names).map(Some) };
            view.topic(&space, &id)?.map(|row| topic(view, &space, &names, row)).transpose()
        };
        self.inner.view.with(found).await?.ok_or(ActError::UnknownTopic)
    }

    /// Makes a topic.
    pub async fn create_topic(&self, space: GroupId, title: String) -> Result<TopicInfo, ActError> {
        self.person_id()?;
        self.rules_to_make(&space)?;
        let op = Op::Make { kind: Kind::Topic, fields: vec![Field::Title { text: title }] };
        let made = self.inner.journal.append(space, op.encode()?).await?;
        self.topic(space, Some(made.hash)).await
    }

    /// Gives a topic another title, or says whether it is resolved. What is so already is left.
    pub async fn change_topic(
        &self,
        space: GroupId,
        id: EntryHash,
        title: Option<String>,
        resolved: Option<bool>,
    ) -> Result<TopicInfo, ActError> {
        self.rules_for(&space, Level::Write)?;
        let now = self.topic(space, Some(id)).await?;
        let title = title.filter(|title| now.title.as_ref() != Some(title)).map(|text| Field::Title { text });
        let resolved = resolved.filter(|on| now.resolved != *on).map(|on| Field::Resolved { on });
        let fields: Vec<Field> = title.into_iter().chain(resolved).collect();
        if !fields.is_empty() {
            self.inner.journal.append(space, Op::Set { object: id, fields }.encode()?).await?;
        }
        self.topic(space, Some(id)).await
    }

    /// Moves messages to a topic, or to the general talk. Those that are there already are left. How many moved.
    pub async fn move_messages(
        &self,
        space: GroupId,
        messages: Vec<EntryHash>,
        to: Option<EntryHash>,
    ) -> Result<usize, ActError> {
        self.rules_for(&space, Level::Write)?;
        if messages.len() > MOVED {
            return Err(ActError::TooMany(MOVED));
        }
        if let Some(place) = to {
            self.place(space, place).await?;
        }
        self.catch_up(space).await;
        let asked = messages.clone();
        let rows = self
            .inner
            .view
            .with(move |view| asked.iter().map(|message| view.message(&space, message)).collect::<Result<Vec<_>, _>>())
            .await?;
        let mut ops = Vec::new();
        for (object, row) in messages.into_iter().zip(rows) {
            let row = row.filter(|row| !row.undelivered).ok_or(ActError::UnknownMessage)?;
            if row.place != to {
                ops.push(Op::Set { object, fields: vec![Field::Place { at: to }] }.encode()?);
            }
        }
        let moved = ops.len();
        if moved > 0 {
            self.inner.journal.append_all(space, ops).await?;
            self.catch_up(space).await;
        }
        Ok(moved)
    }

    /// Says how much I want to hear of a space, or of a place in it; `None` is as of the space.
    pub async fn set_attention(&self, space: GroupId, at: At, level: Option<Attention>) -> Result<(), ActError> {
        self.rules(&space)?;
        let part = match at {
            At::Anywhere => Part::Whole,
            At::Place(place) => Part::Place(place),
        };
        if let At::Place(Some(place)) = at {
            self.place(space, place).await?;
        }
        let now = self.stamp_now();
        self.inner
            .view
            .with(move |view| {
                let stamp = view.next_stamp(&space, now)?;
                view.set_attention(&space, part, level, stamp)
            })
            .await?;
        match at {
            At::Anywhere => self.tell(SpacesEvent::Space { space }),
            At::Place(None) => self.tell(SpacesEvent::Topic { space, topic: None }),
            At::Place(Some(place)) => self.tell_thing(space, place).await,
        }
        self.tell_unread(space).await;
        Ok(())
    }

    /// How much I want to hear of what is said at a place; none is the general talk.
    pub async fn attention_at(&self, space: GroupId, place: Option<EntryHash>) -> Result<Attention, ActError> {
        self.rules(&space)?;
        Ok(self.inner.view.with(move |view| Ok(view.attention(&space)?.at(place.as_ref()))).await?)
    }

    /// What a place where messages can be said is called: a topic, an issue, a board or a page.
    pub(super) async fn place(&self, space: GroupId, place: EntryHash) -> Result<Option<String>, ActError> {
        self.rules(&space)?;
        self.catch_up(space).await;
        let found = move |view: &View| Ok((view.kind(&space, &place)?, view.title(&space, &place)?));
        match self.inner.view.with(found).await? {
            (Some(Kind::Topic | Kind::Issue | Kind::Board | Kind::Page), title) => Ok(title),
            _ => Err(ActError::UnknownTopic),
        }
    }

    /// Tells that something was made or changed, whatever it is. Nobody looks at what was made without what made it.
    pub(super) async fn tell_thing(&self, space: GroupId, entry: EntryHash) {
        if entry == itself(&space) {
            return self.tell(SpacesEvent::Issue { space, issue: None });
        }
        match self.inner.view.with(move |view| view.kind(&space, &entry)).await {
            Ok(Some(Kind::Topic)) => self.tell(SpacesEvent::Topic { space, topic: Some(entry) }),
            Ok(Some(Kind::Board)) => self.tell(SpacesEvent::Board { space, board: entry }),
            Ok(Some(Kind::Page)) => self.tell(SpacesEvent::Page { space, page: entry }),
            Ok(Some(Kind::Issue)) => self.tell(SpacesEvent::Issue { space, issue: Some(entry) }),
            Ok(Some(Kind::Room)) => self.tell(SpacesEvent::Space { space }),
            Ok(Some(Kind::Label | Kind::Project | Kind::Cycle | Kind::SavedView)) => {
                self.tell(SpacesEvent::Issue { space, issue: None });
            }
            Ok(None) => {}
            Err(error) => tracing::error!(space = %space.short(), %error, "what changed could not be looked at"),
        }
    }
}

/// A message as the last of its kind.
pub(super) fn last_message(row: MessageRow, names: &HashMap<GroupId, (String, bool)>) -> LastMessage {
    LastMessage {
        at: row.clock.millis(),
        author_name: name_or_id(names, &row.person),
        text: match row.file.and_then(|file| file.listed) {
            Some((name, _)) if row.text.is_empty() => name,
            _ => row.text,
        },
    }
}

type Names = HashMap<GroupId, (String, bool)>;
type Found<T> = Result<T, crate::error::ViewError>;

fn general(view: &View, space: &GroupId, names: &Names) -> Found<TopicInfo> {
    let last = view.last_general(space)?;
    let at =
        last.map(|last| view.message(space, &last)).transpose()?.flatten().map(|row| row.clock).unwrap_or_default();
    told(view, space, names, None, last).map(|told| TopicInfo { at: at.millis(), ..told })
}

fn topic(view: &View, space: &GroupId, names: &Names, row: TopicRow) -> Found<TopicInfo> {
    let told = told(view, space, names, Some(row.hash), row.last)?;
    Ok(TopicInfo { title: row.title, resolved: row.resolved, at: row.at.millis(), ..told })
}

/// What is said at a place, and how much of it is news to me.
fn told(
    view: &View,
    space: &GroupId,
    names: &Names,
    id: Option<EntryHash>,
    last: Option<EntryHash>,
) -> Found<TopicInfo> {
    let unread = view.unread_by_place(space)?.get(&id).copied().unwrap_or_default();
    let attention = view.attention(space)?;
    let last = last.map(|last| view.message(space, &last)).transpose()?.flatten();
    Ok(TopicInfo {
        id,
        title: None,
        resolved: false,
        unread: unread.messages,
        mentions: unread.mentions,
        first_unread: if unread.messages > 0 { view.first_unread(space, id.as_ref())? } else { None },
        at: Default::default(),
        last: last.map(|row| last_message(row, names)),
        attention: attention.at(id.as_ref()),
        chosen: attention.places.contains_key(&id),
    })
}
