//! From what the floors below hand out to what travels.

use std::collections::{HashMap, HashSet};

use compeer_core::group::Level;
use compeer_core::{DeviceId, EntryHash, GroupId};
use compeer_mesh::{Path, PathInfo};
use compeer_spaces::{
    ActError, Answered, Attention, Deed, FileInfo, FileState, InvitationInfo, InvitationState, LastMessage, Listed,
    MemberInfo, MessageFile, MessageInfo, MessageState, PlaceInfo, Reaction, SpaceInfo, SpaceState, TopicInfo,
    Transfer, TransferId, TransferState, Unheard,
};

use super::dto;
use crate::error::{ApiError, words};
use crate::node::{self, Node};

/// A colour that goes with an id, in degrees.
pub(super) fn hue(person: &GroupId) -> u16 {
    let [first, second, ..] = *person.as_bytes();
    u16::from_be_bytes([first, second]) % 360
}

/// Where a person's picture can be had.
pub(super) fn picture_url(person: &GroupId) -> String {
    format!("/api/v1/people/{person}/picture")
}

/// A link's path, with the address in words.
pub(super) fn path(path: &Path) -> (dto::PathKind, Option<String>) {
    match path {
        Path::Direct(address) => (dto::PathKind::Direct, Some(address.to_string())),
        Path::Relay(url) => (dto::PathKind::Relay, Some(url.to_string())),
        Path::None => (dto::PathKind::None, None),
    }
}

impl From<Level> for dto::Level {
    fn from(level: Level) -> Self {
        match level {
            // Who may only carry may not even read; nothing here hands out that level.
            Level::Pull | Level::Read => Self::Read,
            Level::Write => Self::Write,
            Level::Manage => Self::Manage,
        }
    }
}

impl From<dto::Level> for Level {
    fn from(level: dto::Level) -> Self {
        match level {
            dto::Level::Read => Self::Read,
            dto::Level::Write => Self::Write,
            dto::Level::Manage => Self::Manage,
        }
    }
}

impl From<Deed> for dto::Deed {
    fn from(deed: Deed) -> Self {
        Self { by: deed.by.map(|person| person.to_string()), by_name: deed.by_name, at: deed.at }
    }
}

impl From<Unheard> for dto::Unheard {
    fn from(unheard: Unheard) -> Self {
        Self { person: unheard.person.to_string(), name: unheard.name, devices: unheard.devices }
    }
}

impl From<SpaceInfo> for dto::Space {
    fn from(info: SpaceInfo) -> Self {
        Self {
            space: info.space.to_string(),
            name: info.name,
            direct: info.direct,
            room: info.room.map(Into::into),
            level: match &info.archived {
                Some(_) => dto::Level::Read,
                None => info.level.map_or(dto::Level::Read, Into::into),
            },
            archived: info.archived.map(|deed| dto::Archived {
                deed: deed.into(),
                may_restore: info.level >= Some(compeer_core::group::Level::Manage),
            }),
            retention: info.retention.map(|it| dto::Retention { days: it.days, deed: it.deed.into(), from: it.from }),
            end: info.end.map(|end| dto::End {
                deed: end.deed.into(),
                unheard: end.unheard.into_iter().map(Into::into).collect(),
            }),
            members: info.members as u64,
            here_now: info.here_now as u64,
            unread: info.unread,
            mentions: info.mentions,
            unread_issues: info.unread_issues,
            unread_boards: info.unread_boards,
            unread_pages: info.unread_pages,
            attention: info.attention.into(),
            waiting: info.waiting,
            undelivered: info.undelivered,
            last: info.last.map(Into::into),
            created: info.created,
            state: match info.state {
                SpaceState::Active => dto::SpaceState::Active,
                SpaceState::Joining => dto::SpaceState::Joining,
                SpaceState::ShutOut => dto::SpaceState::ShutOut,
                SpaceState::Removed => dto::SpaceState::Removed,
                SpaceState::Ended => dto::SpaceState::Ended,
            },
            disk_bytes: info.disk_bytes,
            epoch: dto::Epoch { number: info.epoch_number as u64, since: info.epoch_since },
        }
    }
}

impl From<MessageInfo> for dto::Message {
    fn from(info: MessageInfo) -> Self {
        Self {
            id: info.id.to_string(),
            author: info.author.to_string(),
            author_name: info.author_name,
            guest: info.guest,
            author_device: info.author_device.to_string(),
            mine: info.mine,
            text: info.text,
            time: info.time,
            state: message_state(info.state),
            held_by: info.held_by as u64,
            of: info.of as u64,
            nonce: info.nonce,
            file: info.file.map(Into::into),
            reply: info.reply.map(Into::into),
            changed: info.changed,
            pinned: info.pinned,
            reactions: info.reactions.into_iter().map(Into::into).collect(),
            place: info.place.map(Into::into),
            unread: info.unread,
            mention: info.mention,
            deleted: info.deleted.map(|(by, by_name)| dto::Deleted { by: by.to_string(), by_name }),
            imported: info.imported,
        }
    }
}

impl From<LastMessage> for dto::LastMessage {
    fn from(last: LastMessage) -> Self {
        Self { at: last.at, text: last.text, author_name: last.author_name }
    }
}

impl From<PlaceInfo> for dto::Place {
    fn from(place: PlaceInfo) -> Self {
        Self { id: place.id.to_string(), title: place.title }
    }
}

impl From<Attention> for dto::Attention {
    fn from(attention: Attention) -> Self {
        match attention {
            Attention::All => Self::All,
            Attention::Mentions => Self::Mentions,
            Attention::Muted => Self::Muted,
        }
    }
}

impl From<dto::Attention> for Attention {
    fn from(attention: dto::Attention) -> Self {
        match attention {
            dto::Attention::All => Self::All,
            dto::Attention::Mentions => Self::Mentions,
            dto::Attention::Muted => Self::Muted,
        }
    }
}

/// A topic's id as it travels.
pub(super) fn topic_id(id: Option<EntryHash>) -> String {
    id.map_or_else(|| dto::GENERAL.to_owned(), |id| id.to_string())
}

impl From<TopicInfo> for dto::Topic {
    fn from(topic: TopicInfo) -> Self {
        Self {
            id: topic_id(topic.id),
            title: topic.title,
            resolved: topic.resolved,
            unread: topic.unread,
            mentions: topic.mentions,
            first_unread: topic.first_unread.map(|id| id.to_string()),
            last: topic.last.map(Into::into),
            at: topic.at,
            attention: topic.attention.into(),
            chosen: topic.chosen,
        }
    }
}

impl From<Answered> for dto::Answered {
    fn from(answered: Answered) -> Self {
        let (author_name, text) = answered.here.unzip();
        Self { id: answered.id.to_string(), author_name, text, deleted: answered.deleted }
    }
}

impl From<Reaction> for dto::Reaction {
    fn from(reaction: Reaction) -> Self {
        let people = reaction.people.into_iter();
        let people = people.map(|(person, name)| dto::Reacting { person: person.to_string(), name });
        Self { emoji: reaction.emoji, people: people.collect(), mine: reaction.mine }
    }
}

impl From<MessageFile> for dto::FileRef {
    fn from(file: MessageFile) -> Self {
        let (name, size) = file.listed.unzip();
        let media = name.as_deref().and_then(super::content::shown_as).map(str::to_owned);
        Self { id: file.id.to_string(), name, size, media }
    }
}

fn message_state(state: MessageState) -> dto::MessageState {
    match state {
        MessageState::Waiting => dto::MessageState::Waiting,
        MessageState::Sent => dto::MessageState::Sent,
        MessageState::Held => dto::MessageState::Held,
        MessageState::Undelivered => dto::MessageState::Undelivered,
    }
}

impl From<InvitationInfo> for dto::Invitation {
    fn from(info: InvitationInfo) -> Self {
        Self {
            id: info.id.to_string(),
            level: info.level.into(),
            uses: info.uses,
            used: info.used as u64,
            expires: info.expires,
            created: info.created,
            by_name: info.by_name,
            mail: None,
            state: match info.state {
                InvitationState::Open => dto::InvitationState::Open,
                InvitationState::Used => dto::InvitationState::Used,
                InvitationState::Expired => dto::InvitationState::Expired,
                InvitationState::Revoked => dto::InvitationState::Revoked,
                InvitationState::Lapsed => dto::InvitationState::Lapsed,
            },
        }
    }
}

impl From<node::Problem> for dto::Problem {
    fn from(problem: node::Problem) -> Self {
        let trouble = problem.trouble;
        Self {
            id: problem.id.to_string(),
            at: problem.at,
            severity: match trouble.severity {
                node::Severity::Warning => dto::Severity::Warning,
                node::Severity::Error => dto::Severity::Error,
            },
            code: trouble.code.to_owned(),
            text: trouble.text,
            hint: trouble.hint,
            device: trouble.device.map(|device| device.to_string()),
            space: trouble.space.map(|space| space.to_string()),
        }
    }
}

/// How devices are reached at one moment.
pub(super) struct Paths(HashMap<DeviceId, PathInfo>);

impl Paths {
    pub(super) fn now(node: &Node) -> Self {
        Self(node.mesh().links().into_iter().map(|link| (link.device(), link.path())).collect())
    }

    fn linked(&self, device: &DeviceId) -> bool {
        self.0.contains_key(device)
    }

    pub(super) fn kind(&self, device: &DeviceId) -> dto::PathKind {
        self.0.get(device).map_or(dto::PathKind::None, |info| path(&info.path).0)
    }
}

/// The members of a space by name, and who of them is here: what files and transfers need.
#[derive(Clone)]
pub(super) struct People {
    names: HashMap<GroupId, String>,
    devices: HashMap<DeviceId, String>,
    here: HashSet<GroupId>,
}

impl People {
    pub(super) async fn of(node: &Node, space: GroupId) -> Result<Self, ActError> {
        let paths = Paths::now(node);
        let mut people = Self { names: HashMap::new(), devices: HashMap::new(), here: HashSet::new() };
        for member in node.spaces().members(space).await? {
            if is_here(&member, &paths) {
                people.here.insert(member.person);
            }
            people.devices.extend(member.devices.into_iter().map(|device| (device.device, device.name)));
            people.names.insert(member.person, member.name);
        }
        Ok(people)
    }

    fn holder(&self, person: &GroupId) -> dto::FileHolder {
        dto::FileHolder {
            person: person.to_string(),
            name: self.names.get(person).cloned().unwrap_or_default(),
            online: self.here.contains(person),
        }
    }
}

fn is_here(member: &MemberInfo, paths: &Paths) -> bool {
    member.devices.iter().any(|device| device.own || paths.linked(&device.device))
}

/// A member, with how their devices are reached.
pub(super) fn member(node: &Node, paths: &Paths, info: MemberInfo) -> dto::Member {
    let linked = || info.devices.iter().filter(|device| device.own || paths.linked(&device.device));
    let presence = if linked().any(|device| device.away.is_none()) {
        dto::Presence::Online
    } else if linked().next().is_some() {
        dto::Presence::Away
    } else {
        dto::Presence::Offline
    };
    let devices = info.devices.into_iter().map(|device| dto::MemberDevice {
        path: if device.own { dto::DevicePath::Own } else { paths.kind(&device.device).into() },
        rtt_ms: paths.0.get(&device.device).map(|info| info.rtt_ms),
        last_seen: if device.own { Some(node.now()) } else { node.last_seen(&device.device) },
        away_since: device.away.filter(|_| device.own || paths.linked(&device.device)),
        has_all: device.missing == 0,
        missing: device.missing,
        name: device.name,
        device: device.device.to_string(),
    });
    dto::Member {
        person: info.person.to_string(),
        name: info.name,
        picture: info.has_picture.then(|| picture_url(&info.person)),
        hue: hue(&info.person),
        level: info.level.into(),
        guest: info.guest,
        me: info.me,
        joined: info.joined,
        devices: devices.collect(),
        presence,
    }
}

impl From<Listed> for dto::Listed {
    fn from(listed: Listed) -> Self {
        match listed {
            Listed::New => Self::New,
            Listed::Version => Self::Version,
            Listed::Before => Self::Before,
        }
    }
}

/// A file, with its transfer while there is one.
pub(super) fn file(info: FileInfo, people: &People, transfer: Option<dto::Transfer>) -> dto::File {
    let state = match info.state {
        FileState::Here => dto::FileState::Here,
        FileState::Fetching => dto::FileState::Fetching,
        FileState::Changed => dto::FileState::Changed,
        FileState::Remote if info.holders.is_empty() => dto::FileState::Missing,
        FileState::Remote => dto::FileState::Remote,
    };
    dto::File {
        id: info.id.to_string(),
        media: super::content::shown_as(&info.name).map(str::to_owned),
        name: info.name,
        size: info.size,
        blob: info.blob.to_string(),
        author: info.author.to_string(),
        author_name: info.author_name,
        time: info.time,
        held_by: info.holders.len() as u64,
        holders: info.holders.iter().map(|person| people.holder(person)).collect(),
        here: info.state == FileState::Here,
        path: info.path.map(|path| path.display().to_string()),
        state,
        transfer,
    }
}

/// A transfer, with the names of those it comes from.
pub(super) fn transfer(info: Transfer, people: &People, paths: &Paths) -> dto::Transfer {
    let left = info.size.saturating_sub(info.done);
    // Whole numbers up to 2^53 are exact in a double; a file's size is below that.
    let eta_s = (info.rate > 0 && info.state == TransferState::Running).then(|| left as f64 / info.rate as f64);
    let (state, error, path) = match info.state {
        TransferState::Running => (dto::TransferState::Running, None, None),
        TransferState::Paused => (dto::TransferState::Paused, None, None),
        TransferState::Waiting => (dto::TransferState::Waiting, None, None),
        TransferState::Failed(cause) => (dto::TransferState::Failed, Some(words::sentence(&cause)), None),
        TransferState::Done(path) => (dto::TransferState::Done, None, Some(path.display().to_string())),
    };
    let from = info.from.into_iter().map(|source| dto::TransferSource {
        name: people.devices.get(&source.device).cloned().unwrap_or_else(|| source.device.short()),
        path: paths.kind(&source.device),
        device: source.device.to_string(),
    });
    dto::Transfer {
        id: info.id.file.to_string(),
        file: info.id.file.to_string(),
        name: info.name,
        space: info.id.space.to_string(),
        folder: info.dir.display().to_string(),
        done: info.done,
        size: info.size,
        rate: info.rate as f64,
        eta_s,
        from: from.collect(),
        state,
        error,
        path,
    }
}

/// All transfers of a space that are not over.
pub(super) fn transfers_of(
    node: &Node,
    space: GroupId,
    people: &People,
    paths: &Paths,
) -> HashMap<TransferId, dto::Transfer> {
    let all = node.spaces().transfers().into_iter();
    let open = all.filter(|info| info.id.space == space && !matches!(info.state, TransferState::Done(_)));
    open.map(|info| (info.id, transfer(info, people, paths))).collect()
}

/// A space by its id, as it travels.
pub(super) async fn space(node: &Node, space: GroupId) -> Result<dto::Space, ApiError> {
    Ok(node.spaces().info(space).await?.into())
}
