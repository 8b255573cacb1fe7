//! Zulip's export (zulip.com/help/export-your-organization, `zerver/lib/export.py`): `realm.json` with the tables,
//! `messages-000001.json` and so on, `attachment.json`, and the files below `uploads/`.
//!
//! The topics of all streams become topics called `stream > topic`; asked for one stream, its topics keep their names. A topic
//! whose name begins with a check mark is resolved there, and here.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use compeer_core::{DeviceId, EntryHash, GroupId, Hlc};
use serde::Deserialize;

use super::taker::Made;
use super::{ImportError, ImportWish, Taker, json, words};
use crate::model::{EMOJI_BYTES, Field, Imported, Kind, Op, Profile, check_file_name};

/// Bytes of the tables, and of one file of messages. Zulip writes 1,000 messages into each, with who has read them.
const TABLES_BYTES: u64 = 2 * 1024 * 1024 * 1024;
const MESSAGES_BYTES: u64 = 512 * 1024 * 1024;
/// What a topic begins with that is resolved (`zerver/lib/topic.py`).
const RESOLVED: &str = "\u{2714} ";

#[derive(Deserialize)]
struct Names {
    #[serde(default)]
    zerver_realm: Vec<Realm>,
}

#[derive(Deserialize)]
struct Realm {
    name: Option<String>,
    uuid: Option<String>,
    string_id: Option<String>,
}

#[derive(Deserialize)]
struct Tables {
    #[serde(default)]
    zerver_realm: Vec<Realm>,
    #[serde(default)]
    zerver_userprofile: Vec<User>,
    #[serde(default)]
    zerver_userprofile_crossrealm: Vec<User>,
    #[serde(default)]
    zerver_userprofile_mirrordummy: Vec<User>,
    #[serde(default)]
    zerver_stream: Vec<Stream>,
    #[serde(default)]
    zerver_recipient: Vec<Recipient>,
    #[serde(default)]
    zerver_reaction: Vec<Reaction>,
}

#[derive(Deserialize)]
struct User {
    id: u64,
    #[serde(default)]
    full_name: String,
    email: Option<String>,
}

#[derive(Deserialize)]
struct Stream {
    id: u64,
    name: String,
    #[serde(default)]
    invite_only: bool,
}

#[derive(Deserialize)]
struct Recipient {
    id: u64,
    type_id: u64,
    #[serde(rename = "type")]
    kind: u8,
}

#[derive(Deserialize)]
struct Reaction {
    user_profile: u64,
    message: u64,
    emoji_name: String,
    #[serde(default)]
    emoji_code: String,
    #[serde(default)]
    reaction_type: String,
}

#[derive(Deserialize)]
struct Messages {
    #[serde(default)]
    zerver_message: Vec<Message>,
}

#[derive(Deserialize)]
struct Message {
    id: u64,
    sender: u64,
    recipient: u64,
    #[serde(default)]
    subject: String,
    #[serde(default)]
    content: String,
    date_sent: f64,
    edit_history: Option<String>,
}

#[derive(Deserialize)]
struct Edit {
    prev_content: Option<String>,
    timestamp: f64,
}

#[derive(Deserialize, Default)]
struct Attachments {
    #[serde(default)]
    zerver_attachment: Vec<Attachment>,
}

#[derive(Deserialize)]
struct Attachment {
    file_name: String,
    path_id: String,
    owner: u64,
    #[serde(default)]
    create_time: f64,
    #[serde(default)]
    messages: Vec<u64>,
}

pub(super) fn name(folder: &Path, wish: &ImportWish) -> Result<String, ImportError> {
    if let Some(stream) = &wish.stream {
        return Ok(words::name(stream, "Zulip"));
    }
    let names: Names = json::read(folder, "realm.json", TABLES_BYTES)?;
    let name = names.zerver_realm.first().and_then(|realm| realm.name.clone());
    Ok(words::name(&name.unwrap_or_default(), "Zulip"))
}

pub(super) fn read(folder: &Path, wish: &ImportWish, taker: &mut Taker) -> Result<(), ImportError> {
    let tables: Tables = json::read(folder, "realm.json", TABLES_BYTES)?;
    let attachments: Attachments = json::read_if_there(folder, "attachment.json", MESSAGES_BYTES)?;
    let realm = tables.zerver_realm.first();
    let realm = realm.and_then(|realm| realm.uuid.clone().or(realm.string_id.clone())).unwrap_or_default();
    let mut reader = Reader::new(Made::new("zulip", realm), tables, wish, taker)?;
    // Attachments are listed when the first message that is taken in names them.
    let mut hanging: HashMap<u64, Vec<&Attachment>> = HashMap::new();
    for attachment in &attachments.zerver_attachment {
        for message in attachment.messages.iter().take(1) {
            hanging.entry(*message).or_default().push(attachment);
        }
    }
    for number in 1u32.. {
        let file = format!("messages-{number:06}.json");
        if !folder.join(&file).exists() {
            break;
        }
        let messages: Messages = json::read(folder, &file, MESSAGES_BYTES)?;
        for message in &messages.zerver_message {
            let hung = hanging.get(&message.id).map_or(&[][..], Vec::as_slice);
            reader.message(folder, message, hung, &file)?;
        }
    }
    let private = reader.private.len() as u64;
    taker.done.private += private;
    Ok(())
}

/// Where the messages of a recipient go.
enum Goes {
    /// To topics of this stream.
    Stream { id: u64, name: String },
    /// To the conversation of a few.
    Few,
    /// Nowhere: it is private, or another stream.
    Nowhere,
}

struct Reader<'a> {
    made: Made,
    people: HashMap<u64, String>,
    recipients: HashMap<u64, Goes>,
    reactions: HashMap<u64, Vec<Reaction>>,
    /// Whether topics keep their names.
    bare: bool,
    topics: HashMap<(u64, String), EntryHash>,
    shown: BTreeSet<u64>,
    /// Private conversations that were left out.
    private: BTreeSet<u64>,
    taker: &'a mut Taker,
}

impl<'a> Reader<'a> {
    fn new(made: Made, tables: Tables, wish: &ImportWish, taker: &'a mut Taker) -> Result<Self, ImportError> {
        let mut people = HashMap::new();
        let users =
            [tables.zerver_userprofile, tables.zerver_userprofile_crossrealm, tables.zerver_userprofile_mirrordummy];
        for user in users.into_iter().flatten() {
            let otherwise = user.email.unwrap_or_else(|| format!("user {}", user.id));
            people.insert(user.id, words::name(&user.full_name, &words::name(&otherwise, "somebody")));
        }
        let streams: HashMap<u64, Stream> =
            tables.zerver_stream.into_iter().map(|stream| (stream.id, stream)).collect();
        if let Some(wanted) = &wish.stream
            && !streams.values().any(|stream| stream.name == *wanted)
        {
            return Err(ImportError::NoStream(wanted.clone()));
        }
        let goes = |recipient: &Recipient| match (recipient.kind, streams.get(&recipient.type_id)) {
            (2, Some(stream)) => {
                let asked = wish.stream.as_ref().is_none_or(|wanted| *wanted == stream.name);
                if asked && (wish.private || !stream.invite_only || wish.stream.is_some()) {
                    Goes::Stream { id: stream.id, name: stream.name.clone() }
                } else {
                    Goes::Nowhere
                }
            }
            (1 | 3, _) if wish.private && wish.stream.is_none() => Goes::Few,
            _ => Goes::Nowhere,
        };
        let recipients = tables.zerver_recipient.iter().map(|recipient| (recipient.id, goes(recipient))).collect();
        let mut reactions: HashMap<u64, Vec<Reaction>> = HashMap::new();
        for reaction in tables.zerver_reaction {
            reactions.entry(reaction.message).or_default().push(reaction);
        }
        let (topics, shown, private) = (HashMap::new(), BTreeSet::new(), BTreeSet::new());
        Ok(Self { made, people, recipients, reactions, bare: wish.stream.is_some(), topics, shown, private, taker })
    }

    fn message(
        &mut self,
        folder: &Path,
        message: &Message,
        hung: &[&Attachment],
        file: &str,
    ) -> Result<(), ImportError> {
        let Some(clock) = clock(message.date_sent, message.id) else { return Ok(()) };
        let place = match self.recipients.get(&message.recipient) {
            Some(Goes::Stream { id, name }) => {
                let (id, name) = (*id, name.clone());
                self.topic(id, &name, &message.subject, (clock, message.sender), file)?
            }
            Some(Goes::Few) => {
                self.topic(0, "private", &message.recipient.to_string(), (clock, message.sender), file)?
            }
            Some(Goes::Nowhere) | None => {
                self.private.insert(message.recipient);
                return Ok(());
            }
        };
        for attachment in hung {
            self.attachment(folder, attachment, place, file)?;
        }
        let id = EntryHash::from_bytes(self.made.id("message", &[&message.id.to_string()]));
        let (first, edits) = versions(message);
        for (number, text) in words::messages(&markdown(&first)).into_iter().enumerate() {
            let part = match number {
                0 => id,
                _ => EntryHash::from_bytes(self.made.id("part", &[&message.id.to_string(), &number.to_string()])),
            };
            let op = Op::Message { text, nonce: None, file: None, reply: None, place: Some(place) };
            self.say(part, clock, message.sender, &op, file)?;
        }
        for (number, (at, text)) in edits.into_iter().enumerate() {
            let Some(text) = words::messages(&markdown(&text)).into_iter().next() else { continue };
            let edit = EntryHash::from_bytes(self.made.id("edit", &[&message.id.to_string(), &number.to_string()]));
            let op = Op::Set { object: id, fields: vec![Field::Text { text }] };
            self.say(edit, at.max(clock), message.sender, &op, file)?;
        }
        self.react(message.id, id, clock)
    }

    fn topic(
        &mut self,
        stream: u64,
        name: &str,
        subject: &str,
        (clock, sender): (Hlc, u64),
        file: &str,
    ) -> Result<EntryHash, ImportError> {
        let subject = if subject.is_empty() { "(no topic)" } else { subject };
        let bare = subject.strip_prefix(RESOLVED).unwrap_or(subject);
        // Zulip tells topics apart without regard to case.
        let key = (stream, bare.to_lowercase());
        if let Some(topic) = self.topics.get(&key) {
            return Ok(*topic);
        }
        let id = EntryHash::from_bytes(self.made.id("topic", &[&stream.to_string(), &key.1]));
        let title = if self.bare { bare.to_owned() } else { format!("{name} > {bare}") };
        let mut fields = vec![Field::Title { text: words::title(&title, "topic") }];
        fields.extend((bare != subject).then_some(Field::Resolved { on: true }));
        self.say(id, clock, sender, &Op::Make { kind: Kind::Topic, fields }, file)?;
        self.topics.insert(key, id);
        Ok(id)
    }

    /// Lists a file of the archive, and says who sent it where.
    fn attachment(
        &mut self,
        folder: &Path,
        attachment: &Attachment,
        place: EntryHash,
        file: &str,
    ) -> Result<(), ImportError> {
        let uploads = folder.join("uploads");
        let path = compeer_blobs::safe_path::join(&uploads, &attachment.path_id);
        let name = compeer_blobs::safe_path::tame_everywhere(&attachment.file_name);
        let path = path.ok().filter(|path| path.symlink_metadata().is_ok_and(|meta| meta.is_file()));
        let (Some(path), Ok(())) = (path, check_file_name(&name)) else {
            self.taker.done.lost += 1;
            return Ok(());
        };
        let blob = self.taker.file_now(&path, &name)?;
        let clock = clock(attachment.create_time, 0).unwrap_or_default();
        let id = EntryHash::from_bytes(self.made.id("file", &[&attachment.path_id]));
        self.say(id, clock, attachment.owner, &Op::File { name, size: blob.size, blob: blob.hash }, file)?;
        let sent = EntryHash::from_bytes(self.made.id("sent", &[&attachment.path_id]));
        let op = Op::Message { text: String::new(), nonce: None, file: Some(id), reply: None, place: Some(place) };
        self.say(sent, clock, attachment.owner, &op, file)
    }

    fn react(&mut self, message: u64, object: EntryHash, clock: Hlc) -> Result<(), ImportError> {
        for reaction in self.reactions.remove(&message).unwrap_or_default() {
            let coded = (reaction.reaction_type == "unicode_emoji").then(|| words::emoji_of_code(&reaction.emoji_code));
            let emoji = coded.flatten().or_else(|| words::emoji(&reaction.emoji_name).map(str::to_owned));
            let field =
                emoji.filter(|emoji| emoji.len() <= EMOJI_BYTES).map(|emoji| Field::Reaction { emoji, on: true });
            let Some(field) = field.filter(|field| field.check().is_ok()) else {
                self.taker.done.lost += 1;
                continue;
            };
            let parts = [&message.to_string(), &reaction.emoji_name, &reaction.user_profile.to_string()];
            let id = EntryHash::from_bytes(self.made.id("reaction", &parts.map(String::as_str)));
            self.say(id, clock, reaction.user_profile, &Op::Set { object, fields: vec![field] }, "realm.json")?;
        }
        Ok(())
    }

    fn say(&mut self, id: EntryHash, clock: Hlc, user: u64, op: &Op, file: &str) -> Result<(), ImportError> {
        let person = GroupId::from_bytes(self.made.id("person", &[&user.to_string()]));
        let device = DeviceId::from_bytes(self.made.id("device", &[]));
        if self.shown.insert(user) {
            let name = self.people.get(&user).cloned().unwrap_or_else(|| format!("user {user}"));
            let profile = Profile { name, device_name: "Zulip".into(), picture: None };
            let shown = EntryHash::from_bytes(self.made.id("profile", &[&user.to_string()]));
            self.entry(shown, Hlc::default(), person, device, &Op::Profile { profile }, file)?;
        }
        self.entry(id, clock, person, device, op, file)
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
        let Ok(bytes) = op.encode() else {
            self.taker.done.lost += 1;
            return Ok(());
        };
        self.taker.entry(Imported { id, clock, person, device, manages: false, op: Some(bytes) }, file)
    }
}

/// Seconds since 1970 with parts; the number tells apart what was said at once.
fn clock(seconds: f64, number: u64) -> Option<Hlc> {
    let millis = (seconds * 1000.0).floor();
    (0.0..f64::from(u32::MAX) * 1000.0).contains(&millis).then(|| Hlc::new(millis as u64, (number % 65_536) as u16))
}

/// The text that a message began with, and those that it was changed to, oldest first. The history tells, newest first, what
/// was there before each change.
fn versions(message: &Message) -> (String, Vec<(Hlc, String)>) {
    let history: Vec<Edit> =
        message.edit_history.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let mut now = message.content.clone();
    let mut edits = Vec::new();
    for edit in history {
        let (Some(before), Some(at)) = (edit.prev_content, clock(edit.timestamp, 0)) else { continue };
        edits.push((at, std::mem::replace(&mut now, before)));
    }
    edits.reverse();
    (now, edits)
}

/// Zulip's Markdown is CommonMark but for names, which stand between `@**` or `#**` and `**`.
fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("**") {
        let (before, after) = rest.split_at(at);
        let after = &after[2..];
        // A silent mention is written as `@_**name**`.
        let mark = ['@', '#'].into_iter().find(|mark| before.trim_end_matches('_').ends_with(*mark));
        match (mark, after.split_once("**")) {
            (Some('@'), Some((name, after))) => {
                let name = name.split('|').next().unwrap_or(name);
                let name = if matches!(name, "all" | "everyone" | "channel" | "stream") { "everyone" } else { name };
                out.push_str(before.trim_end_matches('_'));
                out.push_str(name);
                rest = after;
            }
            (Some(_), Some((name, after))) => {
                out.push_str(before);
                out.push_str(&name.replace('>', " > "));
                rest = after;
            }
            _ => {
                out.push_str(before);
                out.push_str("**");
                rest = after;
            }
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_said_plainly() {
        assert_eq!(
            markdown("@**Ann Lee** and @_**Bo|12**, **bold** #**cranes>oil**"),
            "@Ann Lee and @Bo, **bold** #cranes > oil"
        );
        assert_eq!(markdown("@**all** a ** b"), "@everyone a ** b");
    }

    #[test]
    fn versions_are_told_oldest_first() {
        let history = r#"[{"prev_content":"two","timestamp":30},{"prev_content":"one","timestamp":20}]"#;
        let message = Message {
            id: 1,
            sender: 1,
            recipient: 1,
            subject: String::new(),
            content: "three".into(),
            date_sent: 10.0,
            edit_history: Some(history.into()),
        };
        let (first, edits) = versions(&message);
        let texts: Vec<_> = edits.iter().map(|(at, text)| (at.millis(), text.as_str())).collect();
        assert_eq!((first.as_str(), texts), ("one", vec![(20_000, "two"), (30_000, "three")]));
        assert_eq!(clock(f64::NAN, 0), None);
        assert_eq!(clock(-1.0, 0), None);
    }
}
