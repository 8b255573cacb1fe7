//! Slack's export ("How to read Slack data exports", slack.com/help/articles/220556107): `users.json`, `channels.json` and, for
//! owners who may, `groups.json`, `mpims.json` and `dms.json`; for each conversation a folder with a file for each day.
//!
//! A channel becomes a topic, the one that everybody is in the general talk. An answer in a thread becomes an answer to the
//! message that the thread began with. Files are links, since the archive has none.

mod mrkdwn;

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use compeer_core::{DeviceId, EntryHash, GroupId, Hlc};
use serde::Deserialize;

use super::taker::{Made, People};
use super::{ImportError, ImportWish, Taker, disk, json, words};
use crate::model::{EMOJI_BYTES, Field, Imported, Kind, Op, Profile};

/// Bytes of a list of people or channels, and of one day.
const LIST_BYTES: u64 = 256 * 1024 * 1024;
const DAY_BYTES: u64 = 256 * 1024 * 1024;
/// Kinds of messages that say who came and went, and the like.
const NOTICES: [&str; 10] = [
    "channel_join",
    "channel_leave",
    "group_join",
    "group_leave",
    "channel_name",
    "channel_topic",
    "channel_purpose",
    "channel_archive",
    "channel_unarchive",
    "pinned_item",
];

#[derive(Deserialize)]
struct User {
    id: String,
    #[serde(default)]
    name: String,
    real_name: Option<String>,
    profile: Option<UserProfile>,
}

#[derive(Deserialize)]
struct UserProfile {
    display_name: Option<String>,
    real_name: Option<String>,
}

#[derive(Deserialize)]
struct Channel {
    id: String,
    name: Option<String>,
    #[serde(default)]
    created: u64,
    creator: Option<String>,
    #[serde(default)]
    is_general: bool,
    #[serde(default)]
    is_archived: bool,
    #[serde(default)]
    members: Vec<String>,
    #[serde(default)]
    pins: Vec<Pin>,
}

#[derive(Deserialize)]
struct Pin {
    id: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    #[serde(rename = "type", default)]
    kind: String,
    subtype: Option<String>,
    user: Option<String>,
    bot_id: Option<String>,
    username: Option<String>,
    #[serde(default)]
    text: String,
    ts: String,
    thread_ts: Option<String>,
    #[serde(default)]
    reactions: Vec<Reaction>,
    #[serde(default)]
    files: Vec<LinkedFile>,
    #[serde(default)]
    attachments: Vec<Attachment>,
}

#[derive(Deserialize)]
struct Reaction {
    name: String,
    #[serde(default)]
    users: Vec<String>,
}

#[derive(Deserialize)]
struct LinkedFile {
    name: Option<String>,
    title: Option<String>,
    permalink: Option<String>,
    url_private: Option<String>,
}

#[derive(Deserialize)]
struct Attachment {
    title: Option<String>,
    title_link: Option<String>,
    text: Option<String>,
    fallback: Option<String>,
}

/// The space is called as the folder or archive is.
pub(super) fn name(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    // Slack calls it "Acme Slack export Nov 1 2026 - Nov 27 2026".
    words::name(name.split(" Slack export").next().unwrap_or_default(), "Slack")
}

pub(super) fn read(folder: &Path, wish: &ImportWish, taker: &mut Taker) -> Result<(), ImportError> {
    let users: Vec<User> = json::read(folder, "users.json", LIST_BYTES)?;
    let mut channels: Vec<Channel> = json::read(folder, "channels.json", LIST_BYTES)?;
    for private in ["groups.json", "mpims.json", "dms.json"] {
        let more: Vec<Channel> = json::read_if_there(folder, private, LIST_BYTES)?;
        if wish.private {
            channels.extend(more);
        } else {
            taker.done.private += more.len() as u64;
        }
    }
    let names: People = users.iter().map(|user| (user.id.clone(), user.called())).collect();
    // The same workspace gives the same ids, whoever exports it.
    let first = channels.iter().map(|channel| channel.id.as_str()).min().unwrap_or_default().to_owned();
    let channel_names =
        channels.iter().filter_map(|channel| Some((channel.id.clone(), channel.name.clone()?))).collect();
    let mut reader = Reader { made: Made::new("slack", first), names, channel_names, shown: HashMap::new(), taker };
    for channel in &channels {
        reader.channel(folder, channel)?;
    }
    Ok(())
}

impl User {
    fn called(&self) -> String {
        let profile = self.profile.as_ref();
        let names = [
            profile.and_then(|profile| profile.real_name.as_deref()),
            self.real_name.as_deref(),
            profile.and_then(|profile| profile.display_name.as_deref()),
            Some(&self.name),
        ];
        let name = names.into_iter().flatten().find(|name| !name.trim().is_empty());
        words::name(name.unwrap_or_default(), &self.id)
    }
}

struct Reader<'a> {
    made: Made,
    names: People,
    channel_names: HashMap<String, String>,
    /// People whose names were written already.
    shown: HashMap<String, GroupId>,
    taker: &'a mut Taker,
}

impl Reader<'_> {
    fn channel(&mut self, folder: &Path, channel: &Channel) -> Result<(), ImportError> {
        let place = if channel.is_general { None } else { Some(self.topic(channel)?) };
        // Conversations between two have no name, and their folder is called by the id.
        let below = channel.name.as_deref().unwrap_or(&channel.id);
        if compeer_blobs::safe_path::check_component(below).is_err() {
            return Err(disk(folder)(std::io::Error::other("a channel has a name that is no folder's")));
        }
        let days = folder.join(below);
        let mut files = match fs::symlink_metadata(&days) {
            Ok(meta) if meta.is_dir() => {
                let entries = fs::read_dir(&days).map_err(disk(&days))?;
                let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
                names.collect::<std::io::Result<Vec<_>>>().map_err(disk(&days))?
            }
            Ok(_) => return Err(disk(&days)(std::io::Error::other("it is no folder"))),
            // Nothing was said there.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(disk(&days)(error)),
        };
        files.retain(|file| Path::new(file).extension().is_some_and(|extension| extension == "json"));
        files.sort();
        for file in files {
            let file = format!("{below}/{file}");
            let messages: Vec<Message> = json::read(folder, &file, DAY_BYTES)?;
            for message in messages {
                self.message(channel, place, &message, &file)?;
            }
        }
        Ok(())
    }

    fn topic(&mut self, channel: &Channel) -> Result<EntryHash, ImportError> {
        let id = EntryHash::from_bytes(self.made.id("channel", &[&channel.id]));
        let title = match &channel.name {
            Some(name) => words::title(name, &channel.id),
            None => {
                let people = channel.members.iter().map(|user| self.names.get(user).unwrap_or(user).as_str());
                words::title(&people.collect::<Vec<_>>().join(", "), &channel.id)
            }
        };
        let mut fields = vec![Field::Title { text: title }];
        fields.extend(channel.is_archived.then_some(Field::Resolved { on: true }));
        let creator = channel.creator.clone().unwrap_or_else(|| "USLACKBOT".into());
        let clock = Hlc::new(channel.created.saturating_mul(1000).min(self.taker.now), 0);
        self.say(id, clock, &creator, None, Op::Make { kind: Kind::Topic, fields }, "channels.json")?;
        Ok(id)
    }

    fn message(
        &mut self,
        channel: &Channel,
        place: Option<EntryHash>,
        message: &Message,
        file: &str,
    ) -> Result<(), ImportError> {
        let notice = message.subtype.as_deref().is_some_and(|subtype| NOTICES.contains(&subtype));
        let Some(clock) = clock(&message.ts).filter(|_| message.kind == "message" && !notice) else { return Ok(()) };
        let author = message.user.as_ref().or(message.bot_id.as_ref());
        let author = author.cloned().unwrap_or_else(|| message.username.clone().unwrap_or_else(|| "unknown".into()));
        let id_of = |made: &Made, ts: &str| EntryHash::from_bytes(made.id("message", &[&channel.id, ts]));
        let id = id_of(&self.made, &message.ts);
        let root = message.thread_ts.as_ref().filter(|ts| **ts != message.ts);
        let reply = root.map(|ts| id_of(&self.made, ts));
        for (number, text) in words::messages(&self.text(message)).into_iter().enumerate() {
            let part = match number {
                0 => id,
                _ => EntryHash::from_bytes(self.made.id("part", &[&channel.id, &message.ts, &number.to_string()])),
            };
            let op = Op::Message { text, nonce: None, file: None, reply, place };
            self.say(part, clock, &author, message.username.as_deref(), op, file)?;
        }
        if channel.pins.iter().any(|pin| pin.id.as_ref() == Some(&message.ts)) {
            let op = Op::Set { object: id, fields: vec![Field::Pinned { on: true }] };
            let pin = EntryHash::from_bytes(self.made.id("pin", &[&channel.id, &message.ts]));
            self.say(pin, clock, &author, None, op, file)?;
        }
        self.reactions(channel, id, clock, message, file)
    }

    fn reactions(
        &mut self,
        channel: &Channel,
        object: EntryHash,
        clock: Hlc,
        message: &Message,
        file: &str,
    ) -> Result<(), ImportError> {
        for reaction in &message.reactions {
            let Some(emoji) = words::emoji(&reaction.name).filter(|emoji| emoji.len() <= EMOJI_BYTES) else {
                self.taker.done.lost += 1;
                continue;
            };
            for user in &reaction.users {
                let parts = [channel.id.as_str(), &message.ts, &reaction.name, user];
                let id = EntryHash::from_bytes(self.made.id("reaction", &parts));
                let fields = vec![Field::Reaction { emoji: emoji.into(), on: true }];
                self.say(id, clock, user, None, Op::Set { object, fields }, file)?;
            }
        }
        Ok(())
    }

    /// The text of a message, with what hangs on it.
    fn text(&self, message: &Message) -> String {
        let mut text = mrkdwn::to_markdown(&message.text, &self.names, &self.channel_names);
        for file in &message.files {
            let name = file.title.as_ref().or(file.name.as_ref()).map_or("file", String::as_str);
            let link = file.permalink.as_ref().or(file.url_private.as_ref());
            text.push_str(&mrkdwn::link_line(name, link.map(String::as_str)));
        }
        for attachment in &message.attachments {
            let title = attachment.title.as_ref().or(attachment.fallback.as_ref());
            if let Some(title) = title {
                text.push_str(&mrkdwn::link_line(title, attachment.title_link.as_deref()));
            }
            if let Some(said) = attachment.text.as_ref().filter(|said| !said.is_empty()) {
                let said = mrkdwn::to_markdown(said, &self.names, &self.channel_names);
                text.extend(said.lines().flat_map(|line| ["\n> ", line]));
            }
        }
        text.trim_start_matches('\n').to_owned()
    }

    /// Says one thing for somebody, after saying who that is.
    fn say(
        &mut self,
        id: EntryHash,
        clock: Hlc,
        user: &str,
        called: Option<&str>,
        op: Op,
        file: &str,
    ) -> Result<(), ImportError> {
        let person = GroupId::from_bytes(self.made.id("person", &[user]));
        let device = DeviceId::from_bytes(self.made.id("device", &[]));
        if self.shown.insert(user.to_owned(), person).is_none() {
            let name = self.names.get(user).map(String::as_str).or(called).unwrap_or(user);
            let profile = Profile { name: words::name(name, "somebody"), device_name: "Slack".into(), picture: None };
            let shown = EntryHash::from_bytes(self.made.id("profile", &[user]));
            self.entry(shown, Hlc::default(), person, device, &Op::Profile { profile }, file)?;
        }
        self.entry(id, clock, person, device, &op, file)
    }

    fn entry(
        &mut self,
        id: EntryHash,
        clock: Hlc,
        person: GroupId,
        device: DeviceId,
        op: &Op,
        file: &str,
    ) -> Result<(), ImportError> {
        // What cannot be said here, such as a text of blanks, is left out and counted.
        let Ok(bytes) = op.encode() else {
            self.taker.done.lost += 1;
            return Ok(());
        };
        self.taker.entry(Imported { id, clock, person, device, manages: false, op: Some(bytes) }, file)
    }
}

/// The moment of a Slack timestamp: seconds, a dot, and six digits that tell apart what was said in one second.
fn clock(ts: &str) -> Option<Hlc> {
    let (seconds, micros) = ts.split_once('.').unwrap_or((ts, "0"));
    let seconds: u64 = seconds.parse().ok().filter(|seconds| *seconds < 1 << 37)?;
    let micros: u64 = format!("{:0<6}", micros.get(..6).unwrap_or(micros)).parse().ok()?;
    Some(Hlc::new(seconds * 1000 + micros / 1000, (micros % 1000) as u16))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_keep_their_order() {
        assert_eq!(clock("1512085950.000216"), Some(Hlc::new(1_512_085_950_000, 216)));
        assert_eq!(clock("1512085950"), Some(Hlc::new(1_512_085_950_000, 0)));
        assert!(clock("1512085950.001") > clock("1512085950.000999"));
        for bad in ["", "x.1", "99999999999999999999.0", "1.\u{e9}\u{e9}\u{e9}\u{e9}"] {
            assert_eq!(clock(bad), None, "{bad}");
        }
    }
}
