//! Messages: sending, listing, who has them, what is read.

use std::collections::{BTreeSet, HashMap};

use compeer_core::group::{Level, Member, Rules};
use compeer_core::{DeviceId, EntryHash, GroupId};

use super::{Spaces, name_or_id};
use crate::error::ActError;
use crate::model::{
    Answered, HolderInfo, MessageFile, MessageInfo, MessageRange, MessageState, NewMessage, Op, PlaceInfo, Reaction,
};
use crate::view::{MessageRow, ReactionRow};

/// Messages handed out at once, at most.
const MESSAGES: usize = 1000;
/// Characters of a message that are shown where it is answered.
const QUOTED: usize = 200;

impl Spaces {
    /// Writes a message, about a listed file and as an answer to another message if these are given. It is durable on this
    /// device when this returns.
    pub async fn send(&self, space: GroupId, new: NewMessage) -> Result<MessageInfo, ActError> {
        let me = self.me().ok_or(ActError::NoPerson)?;
        let rules = self.rules_for(&space, Level::Write)?;
        let NewMessage { text, nonce, file, reply, place } = new;
        let place = match place {
            // The room of a board has no talk beside it.
            None => self.board_in(space).await?,
            place => place,
        };
        let plain = Op::Message { text: text.clone(), nonce: nonce.clone(), file, reply, place }.encode()?;
        if file.is_some() || reply.is_some() || place.is_some() {
            self.catch_up(space).await;
        }
        let file = match file {
            Some(id) => {
                let row = self.inner.view.with(move |view| view.file(&space, &id)).await?;
                let row = row.ok_or(ActError::UnknownFile)?;
                Some(MessageFile { id, listed: Some((row.name, row.size)) })
            }
            None => None,
        };
        let reply = match reply {
            Some(id) => {
                let answered = self.message(space, id).await?;
                let deleted = answered.deleted.is_some();
                Some(Answered { id, here: Some((answered.author_name, beginning(&answered.text))), deleted })
            }
            None => None,
        };
        let place = match place {
            Some(id) => Some(PlaceInfo { id, title: self.place(space, id).await? }),
            None => None,
        };
        let appended = self.inner.journal.append(space, plain).await?;
        self.inner.typing.sent(space);
        Ok(MessageInfo {
            id: appended.hash,
            author: me.person,
            author_name: me.profile.name,
            guest: self.is_guest(&space, &rules, &me.person),
            author_device: self.inner.journal.device(),
            seq: appended.seq,
            mine: true,
            text,
            time: appended.clock.millis(),
            state: MessageState::Waiting,
            held_by: 1,
            of: people(&rules).count(),
            nonce,
            file,
            reply,
            changed: None,
            pinned: false,
            reactions: Vec::new(),
            place,
            unread: false,
            mention: false,
            deleted: None,
            imported: None,
        })
    }

    /// Messages, oldest first, and whether there are more beyond. Whatever was sent before is among them.
    pub async fn messages(&self, space: GroupId, range: MessageRange) -> Result<(Vec<MessageInfo>, bool), ActError> {
        let rules = self.rules(&space)?;
        self.catch_up(space).await;
        let (rows, more, names) = self
            .inner
            .view
            .with(move |view| {
                let row = |hash: Option<EntryHash>| match hash {
                    Some(hash) => view.message(&space, &hash).map(|row| row.map(Some)),
                    None => Ok(Some(None)),
                };
                let (Some(before), Some(after)) = (row(range.before)?, row(range.after)?) else { return Ok(None) };
                let limit = range.limit.clamp(1, MESSAGES);
                let (rows, more) = view.messages(&space, range.at.into(), before.as_ref(), after.as_ref(), limit)?;
                Ok(Some((rows, more, view.people(&space)?)))
            })
            .await?
            .ok_or(ActError::UnknownMessage)?;
        Ok((rows.into_iter().map(|row| self.picture(&space, &rules, &names, row)).collect(), more))
    }

    /// One message.
    pub async fn message(&self, space: GroupId, message: EntryHash) -> Result<MessageInfo, ActError> {
        let rules = self.rules(&space)?;
        let (row, names) =
            self.inner.view.with(move |view| Ok((view.message(&space, &message)?, view.people(&space)?))).await?;
        Ok(self.picture(&space, &rules, &names, row.ok_or(ActError::UnknownMessage)?))
    }

    /// Those of `messages` that are here, in the same order.
    pub(super) async fn messages_by(
        &self,
        space: GroupId,
        messages: Vec<EntryHash>,
    ) -> Result<Vec<MessageInfo>, ActError> {
        if messages.is_empty() {
            return Ok(Vec::new());
        }
        let rules = self.rules(&space)?;
        let (rows, names) = self
            .inner
            .view
            .with(move |view| {
                let rows =
                    messages.iter().map(|message| view.message(&space, message)).collect::<Result<Vec<_>, _>>()?;
                Ok((rows, view.people(&space)?))
            })
            .await?;
        Ok(rows.into_iter().flatten().map(|row| self.picture(&space, &rules, &names, row)).collect())
    }

    /// Which members have a message.
    pub async fn message_holders(&self, space: GroupId, message: EntryHash) -> Result<Vec<HolderInfo>, ActError> {
        let rules = self.rules(&space)?;
        let (row, names) =
            self.inner.view.with(move |view| Ok((view.message(&space, &message)?, view.people(&space)?))).await?;
        let row = row.ok_or(ActError::UnknownMessage)?;
        let holders = self.holding(&space, &rules, &row.author, row.seq);
        let holder =
            |person| HolderInfo { person, name: name_or_id(&names, &person), holds: holders.contains(&person) };
        Ok(people(&rules).map(holder).collect())
    }

    /// A row as it is handed out.
    pub(super) fn picture(
        &self,
        space: &GroupId,
        rules: &Rules,
        names: &HashMap<GroupId, (String, bool)>,
        row: MessageRow,
    ) -> MessageInfo {
        let of = people(rules).count();
        let held_by = self.held_by(space, rules, &row.person, &row.author, row.seq);
        let author_counts = usize::from(people(rules).any(|person| person == row.person));
        let state = match held_by - author_counts {
            _ if row.undelivered => MessageState::Undelivered,
            _ if held_by == of && of > 1 => MessageState::Held,
            0 => MessageState::Waiting,
            _ => MessageState::Sent,
        };
        let name = |person: &GroupId| name_or_id(names, person);
        let me = self.me().map(|me| me.person);
        let reaction = |row: ReactionRow| Reaction {
            mine: me.is_some_and(|me| row.people.contains(&me)),
            people: row.people.into_iter().map(|person| (person, name(&person))).collect(),
            emoji: row.emoji,
        };
        MessageInfo {
            id: row.hash,
            author: row.person,
            author_name: name(&row.person),
            guest: self.is_guest(space, rules, &row.person),
            author_device: row.author,
            seq: row.seq,
            mine: me == Some(row.person),
            text: row.text,
            time: row.clock.millis(),
            state,
            held_by,
            of,
            nonce: row.nonce,
            file: row.file,
            reply: row.reply.map(|answered| Answered {
                id: answered.hash,
                here: answered.here.map(|(person, text)| (name(&person), beginning(&text))),
                deleted: answered.deleted,
            }),
            changed: row.changed.map(|clock| clock.millis()),
            pinned: row.pinned,
            reactions: row.reactions.into_iter().map(reaction).collect(),
            place: row.place.map(|id| PlaceInfo { id, title: row.title }),
            unread: row.unread,
            mention: row.mention,
            deleted: row.deleted.map(|by| (by, name(&by))),
            imported: row.imported.then(|| {
                let by = rules.person_of(&row.author);
                by.map_or_else(|| row.author.short(), |by| name(&by))
            }),
        }
    }

    /// How many members have entry `seq` of `author`, a device of `person`, that person included.
    pub(super) fn held_by(
        &self,
        space: &GroupId,
        rules: &Rules,
        person: &GroupId,
        author: &DeviceId,
        seq: u64,
    ) -> usize {
        // An author who has left still wrote it, but is not one of those it is held for.
        let others = self.holding(space, rules, author, seq).into_iter().filter(|holder| holder != person).count();
        others + usize::from(people(rules).any(|member| member == *person))
    }

    /// The members of whom at least one device has the entry durably.
    fn holding(&self, space: &GroupId, rules: &Rules, author: &DeviceId, seq: u64) -> BTreeSet<GroupId> {
        let devices = self.inner.journal.holders(space, author, seq);
        devices
            .iter()
            .filter(|device| rules.level(device).is_some())
            .filter_map(|device| rules.person_of(device))
            .collect()
    }
}

/// As much of a message as is shown where it is answered.
fn beginning(text: &str) -> String {
    text.chars().take(QUOTED).collect()
}

/// The people who are members now.
pub(super) fn people(rules: &Rules) -> impl Iterator<Item = GroupId> + '_ {
    rules.members().keys().filter_map(|member| match member {
        Member::Group(person) => Some(*person),
        Member::Device(_) => None,
    })
}
