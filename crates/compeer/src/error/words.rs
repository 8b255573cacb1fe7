//! From each lower error to its words.

use axum::http::StatusCode;

use std::path::Path;

use compeer_blobs::ReadError as BlobReadError;
use compeer_core::invite::InviteError;
use compeer_core::key::KeyError;
use compeer_journal::sync::JoinError;
use compeer_journal::{OpenError, ReadError, WriteError};
use compeer_mesh::relay::RelayStartError;
use compeer_spaces::model::{NameError, OpError};
use compeer_spaces::{ActError, JoinSpaceError, Unshared};

use super::ApiError;
use crate::api::ServeError;
use crate::home::HomeError;
use crate::node::{IntroduceError, StartError};
use crate::relay::ListError;
use crate::text::quoted;

/// Where invitations are found.
const INVITATIONS: &str = "`compeer space invitations SPACE` shows them.";

impl From<HomeError> for ApiError {
    fn from(error: HomeError) -> Self {
        if let HomeError::Write { source, .. } = &error
            && is_full(source)
        {
            return Self::disk_full();
        }
        let detail = sentence(&error);
        let failed =
            |code, title, hint: String| Self::new(StatusCode::INTERNAL_SERVER_ERROR, code, title, detail.clone(), hint);
        match &error {
            HomeError::NoDefault => failed(
                "home-unknown",
                "No home folder",
                "Name a folder with `--home DIR` or the variable COMPEER_HOME.".into(),
            ),
            HomeError::NotAFolder { .. } => {
                failed("home-not-a-folder", "Not a folder", "Name another folder with `--home DIR`.".into())
            }
            HomeError::Foreign { .. } => failed(
                "home-foreign",
                "The folder holds other things",
                "Name an empty or a new folder with `--home DIR`.".into(),
            ),
            HomeError::InUse { pid, .. } => failed(
                "home-in-use",
                "A peer is already running",
                match pid {
                    Some(pid) => format!(
                        "Use it as it is (`compeer status`, `compeer open`), end process {pid}, or name another `--home`."
                    ),
                    None => "Use it as it is, wait until it has ended, or name another `--home`.".into(),
                },
            ),
            HomeError::Exposed { path, .. } => failed(
                "home-exposed",
                "A secret lies open",
                format!("If nobody else has read it, run `chmod 600 {}`. If in doubt, {}.", quoted(path), anew(path)),
            ),
            HomeError::KeyLost { path } => failed("key-lost", "The key of this device is missing", restore(path)),
            HomeError::Read { path, source } => {
                let hint = match source.kind() {
                    std::io::ErrorKind::PermissionDenied => format!(
                        "Check who owns it. If it is yours, `chmod {} {}` lets you read it.",
                        if path.is_dir() { "700" } else { "600" },
                        quoted(path)
                    ),
                    _ => format!("Check the disk. {}", restore(path)),
                };
                failed("home-unusable", "The home folder cannot be used", hint)
            }
            HomeError::Write { path, .. } => failed(
                "home-unusable",
                "The home folder cannot be used",
                format!("Check who owns {path} and whether the disk has room.", path = path.display()),
            ),
            HomeError::Damaged { path, .. } | HomeError::BadKey { path } | HomeError::TooLarge { path } => {
                failed("home-damaged", "A file of the home is damaged", restore(path))
            }
            HomeError::Key(_) => failed(
                "no-randomness",
                "No random bytes",
                "Without random bytes no key can be made; restart this computer.".into(),
            ),
        }
    }
}

impl From<ActError> for ApiError {
    fn from(error: ActError) -> Self {
        let detail = sentence(&error);
        let told = |status, code, title, hint: &'static str| Self::new(status, code, title, detail.clone(), hint);
        let missing = |code, title, hint| told(StatusCode::NOT_FOUND, code, title, hint);
        let refused = |code, title, hint| told(StatusCode::FORBIDDEN, code, title, hint);
        match error {
            ActError::NoPerson => Self::no_person(),
            ActError::UnknownSpace => missing("space-not-found", "No such space", "`compeer space list` shows them."),
            ActError::UnknownPerson => {
                missing("member-not-found", "No such person", "`compeer space members SPACE` shows them.")
            }
            ActError::UnknownMessage => missing("message-not-found", "No such message", "It may not have arrived yet."),
            ActError::UnknownTopic => missing(
                "topic-not-found",
                "No such topic",
                "It may not have arrived yet. `compeer discuss list SPACE` shows those that have.",
            ),
            ActError::UnknownIssue => missing(
                "issue-not-found",
                "No such issue",
                "It may not have arrived yet. `compeer issue list SPACE` shows those that have.",
            ),
            ActError::SeveralIssues(_) => told(
                StatusCode::CONFLICT,
                "ambiguous",
                "Several have that key",
                "People who were offline took the same number. Use the whole key.",
            ),
            ActError::UnknownThing(_) => missing(
                "issue-thing-not-found",
                "Not there",
                "It may not have arrived yet. `compeer issue setup SPACE` shows labels, projects, cycles and views.",
            ),
            ActError::Circle => told(
                StatusCode::CONFLICT,
                "circle",
                "That goes round in a circle",
                "Choose an issue that is not itself part of this one.",
            ),
            ActError::NoRooms => told(
                StatusCode::CONFLICT,
                "no-rooms",
                "No guests here",
                "Choose a topic or a board of a space; direct talks and rooms for guests have none.",
            ),
            ActError::RoomNotHere => told(
                StatusCode::CONFLICT,
                "room-not-here",
                "The room is on its way",
                "It comes as soon as somebody who has it is online. Try again then.",
            ),
            ActError::GuestsManageNothing => told(
                StatusCode::CONFLICT,
                "guests-manage-nothing",
                "Guests do not manage",
                "Let them read, or read and write.",
            ),
            ActError::FollowsSpace => told(
                StatusCode::CONFLICT,
                "follows-space",
                "That follows from the space",
                "Change it in the space that the room belongs to. Managers end a room for all with `compeer space delete SPACE`.",
            ),
            ActError::NamedBySpace => told(
                StatusCode::CONFLICT,
                "named-by-space",
                "Named in its space",
                "Rename the topic or board in the space that the room belongs to: the room follows.",
            ),
            ActError::OneThing => told(
                StatusCode::CONFLICT,
                "one-thing",
                "A room is for one thing",
                "Make it in the space that the room belongs to, and invite guests to that.",
            ),
            ActError::GuestsLeft { .. } => told(
                StatusCode::CONFLICT,
                "guests-left",
                "Guests would be left alone",
                "`compeer guest remove SPACE THING PERSON` takes one out (`compeer guest list SPACE` shows them), `compeer space delete SPACE` ends \
                 the space and its rooms for all.",
            ),
            ActError::UnknownBoard => missing(
                "board-not-found",
                "No such board",
                "It may not have arrived yet. `compeer board list SPACE` shows those that have.",
            ),
            ActError::BoardFull(_) => told(
                StatusCode::CONFLICT,
                "board-full",
                "The board is full",
                "Delete what is no longer needed, or go on on another board.",
            ),
            ActError::UnknownPage => missing(
                "page-not-found",
                "No such page",
                "It may not have arrived yet. `compeer page list SPACE` shows those that have.",
            ),
            ActError::UnknownVersion => {
                missing("version-not-found", "No such version", "`compeer page history SPACE PAGE` shows them.")
            }
            ActError::PageCircle => told(
                StatusCode::CONFLICT,
                "circle",
                "That goes round in a circle",
                "Choose a page that does not itself stand under this one.",
            ),
            ActError::PageFull => told(
                StatusCode::CONFLICT,
                "page-full",
                "The page is full",
                "Go on on another page. What was deleted counts, too: a page keeps its history.",
            ),
            ActError::PageUnread => told(
                StatusCode::SERVICE_UNAVAILABLE,
                "page-unread",
                "Not readable now",
                "Try again in a moment. The log of `compeer up` says more.",
            ),
            ActError::PageAnew => told(StatusCode::CONFLICT, "page-anew", "To be read anew", "Open the page again."),
            ActError::Twice => told(
                StatusCode::BAD_REQUEST,
                "named-twice",
                "Named twice",
                "Name each element once, as it shall be in the end.",
            ),
            ActError::TooMany(_) => refused("too-many", "Too many at once", "Do it in parts."),
            ActError::NotYours => refused("not-yours", "Not your message", "Answer it, or react to it."),
            ActError::NotYoursToDelete => {
                refused("not-yours", "Not your message", "Ask whoever wrote it, or a manager of the space.")
            }
            ActError::Deleted => {
                missing("message-deleted", "Deleted", "Nothing of it is left but who wrote it and when.")
            }
            ActError::NotUndelivered => missing(
                "not-undelivered",
                "Nothing undelivered",
                "It was delivered, or said again, or given up; look at the chat again.",
            ),
            ActError::UnknownFile => missing("file-not-found", "No such file", "`compeer file list SPACE` shows them."),
            ActError::UnknownJob => {
                missing("job-not-found", "No such export or import", "Those before the last start are forgotten.")
            }
            ActError::UnknownInvitation => missing("invitation-not-found", "No such invitation", INVITATIONS),
            ActError::NeedsManage => refused("needs-manage", "Only for managers", "Ask a manager of the space."),
            ActError::NeedsWrite => {
                refused("needs-write", "Only reading", "Ask a manager of the space to let you write.")
            }
            ActError::LastManager => told(
                StatusCode::CONFLICT,
                "last-manager",
                "The only manager",
                "`compeer space level SPACE PERSON manage` makes somebody else one, `compeer space delete SPACE` ends it for all.",
            ),
            ActError::Over => told(
                StatusCode::CONFLICT,
                "space-over",
                "The space is over",
                "`compeer space leave SPACE` takes it off this computer.",
            ),
            ActError::Archived => told(
                StatusCode::CONFLICT,
                "space-archived",
                "The space is archived",
                "A manager can take that back: `compeer space restore SPACE`.",
            ),
            ActError::BadTerms => told(
                StatusCode::BAD_REQUEST,
                "bad-terms",
                "Out of range",
                "Choose an expiry such as 7d and a number of uses from 1 to 1000.",
            ),
            ActError::Content(OpError::Name(error)) => error.into(),
            ActError::Content(_) => {
                told(StatusCode::BAD_REQUEST, "bad-content", "This cannot be written", "Change it and send it again.")
            }
            ActError::Path { cause: Unshared::Empty, .. } => told(
                StatusCode::BAD_REQUEST,
                "nothing-to-share",
                "Nothing to share",
                "Put a file into it first: a folder is shared with the files in it.",
            ),
            ActError::Path { cause, .. } => {
                told(StatusCode::BAD_REQUEST, "bad-path", "This cannot be shared", how_to_share(&cause))
            }
            ActError::NothingShared { cause, .. } => {
                told(StatusCode::BAD_REQUEST, "nothing-to-share", "Nothing to share", how_to_share(&cause))
            }
            ActError::TooManyFiles { .. } => {
                told(StatusCode::BAD_REQUEST, "too-many-files", "Too many files", "Share fewer at once.")
            }
            ActError::Blobs(error) => Self::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "file-failed",
                "The file cannot be used",
                chain(&error),
                "Check that the file is there, that you may read it, and that the disk has room.",
            ),
            ActError::Write(error) => error.into(),
            ActError::Read(error) => error.into(),
            ActError::View(error) => Self::disk_failed(chain(&error)),
            ActError::Key(error) => error.into(),
            ActError::Closed => Self::closing(),
        }
    }
}

/// What makes something fit to be shared.
fn how_to_share(cause: &Unshared) -> &'static str {
    match cause {
        Unshared::Name(_) | Unshared::NotUnicode | Unshared::NoFreeName => "Rename it, and share it again.",
        Unshared::NoName => "Name the folders in it.",
        Unshared::Link => "Name what the link leads to.",
        Unshared::TooDeep => "Share a folder that lies deeper by itself.",
        Unshared::Keys => "Name a file or folder outside of it.",
        Unshared::Changed => "Share it again once no other program writes to it.",
        _ => "Name a file or folder that is there and that you may read.",
    }
}

impl From<WriteError> for ApiError {
    fn from(error: WriteError) -> Self {
        let detail = sentence(&error);
        let told = |status, code, title, hint: &'static str| Self::new(status, code, title, detail.clone(), hint);
        match error {
            WriteError::UnknownTopic => ActError::UnknownSpace.into(),
            WriteError::UnknownMember(_) => ActError::UnknownPerson.into(),
            WriteError::NotAllowed => {
                told(StatusCode::FORBIDDEN, "not-allowed", "Not allowed", "Ask a manager of the space.")
            }
            WriteError::Ended => ActError::Over.into(),
            WriteError::Archived => ActError::Archived.into(),
            WriteError::Invitation(_) => {
                told(StatusCode::GONE, "invite-unusable", "The invitation is no good", "Ask for a new invitation.")
            }
            WriteError::Full => {
                told(StatusCode::CONFLICT, "space-full", "The space is full", "Remove somebody, or open another space.")
            }
            WriteError::TooLong { .. } => {
                told(StatusCode::BAD_REQUEST, "too-long", "Too long", "Put it into a file and share that.")
            }
            WriteError::Forked => told(
                StatusCode::CONFLICT,
                "forked",
                "Two histories",
                "A copy of this home was or is in use elsewhere. Set this home aside, start with a new one, and have yourself invited again.",
            ),
            WriteError::AskingPeers { .. } => told(
                StatusCode::SERVICE_UNAVAILABLE,
                "asking-peers",
                "Waiting for another device",
                "Try again once the other devices of the space are here. If one is gone for good and no newer copy of this \
                 home was ever in use, start once with `compeer up --trust-home`.",
            ),
            WriteError::DiskFull => Self::disk_full(),
            WriteError::Disk(_) => Self::disk_failed(detail),
            WriteError::Key(error) => error.into(),
            WriteError::Entry(_) => {
                told(StatusCode::BAD_REQUEST, "bad-content", "This cannot be written", "Change it and send it again.")
            }
            WriteError::Closed => Self::closing(),
        }
    }
}

impl From<ReadError> for ApiError {
    fn from(error: ReadError) -> Self {
        match &error {
            ReadError::UnknownTopic => ActError::UnknownSpace.into(),
            ReadError::Damaged(_) | ReadError::Disk(_) => Self::disk_failed(sentence(&error)),
            ReadError::Closed => Self::closing(),
        }
    }
}

impl From<BlobReadError> for ApiError {
    fn from(error: BlobReadError) -> Self {
        Self::new(StatusCode::CONFLICT, "file-not-here", "Not on this computer", chain(&error), "Fetch the file again.")
    }
}

impl From<KeyError> for ApiError {
    fn from(error: KeyError) -> Self {
        Self::internal(sentence(&error))
    }
}

impl From<InviteError> for ApiError {
    fn from(error: InviteError) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "bad-invitation",
            "This is no invitation",
            sentence(&error),
            "Copy the whole text, from compeer1 to its end, or ask for a new one.",
        )
    }
}

impl From<JoinSpaceError> for ApiError {
    fn from(error: JoinSpaceError) -> Self {
        match error {
            JoinSpaceError::NoPerson => Self::no_person(),
            JoinSpaceError::Join(error) => error.into(),
            JoinSpaceError::After(error) => error.into(),
        }
    }
}

impl From<JoinError> for ApiError {
    fn from(error: JoinError) -> Self {
        let detail = sentence(&error);
        let gone = |code, title| Self::new(StatusCode::GONE, code, title, detail.clone(), "Ask for a new invitation.");
        match error {
            JoinError::Expired => gone("invite-expired", "The invitation has expired"),
            JoinError::Used => gone("invite-used", "The invitation is used up"),
            JoinError::Revoked => gone("invite-revoked", "The invitation was taken back"),
            JoinError::Altered => gone("invite-unknown", "Nobody knows this invitation"),
            JoinError::Refused => Self::new(
                StatusCode::FORBIDDEN,
                "invite-refused",
                "Nobody lets you in",
                detail,
                "The invitation may be used up or over. Ask for a new one.",
            ),
            JoinError::Unreachable { .. } => Self::invite_unreachable(),
            JoinError::NotArrived => Self::new(
                StatusCode::GATEWAY_TIMEOUT,
                "invite-not-arrived",
                "The space has not arrived",
                "You were let in, but the space has not arrived yet.",
                "Try the same invitation again.",
            ),
            JoinError::NotThisPerson => Self::no_person(),
            JoinError::Journal(error) => error.into(),
            JoinError::ShuttingDown => Self::closing(),
        }
    }
}

impl From<NameError> for ApiError {
    fn from(error: NameError) -> Self {
        let hint = match error {
            NameError::Empty => "Type a name with at least one letter in it.",
            NameError::TooLong(_) => "Choose a shorter name.",
            NameError::Control | NameError::Hidden(_) => {
                "Type the name anew instead of pasting it, or choose another one."
            }
        };
        Self::new(StatusCode::BAD_REQUEST, "bad-name", "This cannot be a name", sentence(&error), hint)
    }
}

impl From<IntroduceError> for ApiError {
    fn from(error: IntroduceError) -> Self {
        let detail = sentence(&error);
        let bad =
            |code, title, hint: &'static str| Self::new(StatusCode::BAD_REQUEST, code, title, detail.clone(), hint);
        match error {
            IntroduceError::NameNeeded => bad("name-needed", "A name is needed", "Say what others shall call you."),
            IntroduceError::Name(error) => error.into(),
            IntroduceError::Picture => {
                bad("bad-picture", "This cannot be a picture", "Choose a PNG, JPEG or WebP picture of at most 64 KiB.")
            }
            IntroduceError::Journal(error) => error.into(),
            IntroduceError::Spaces(error) => error.into(),
            IntroduceError::Home(error) => error.into(),
        }
    }
}

impl From<OpenError> for ApiError {
    fn from(error: OpenError) -> Self {
        let hint = match &error {
            OpenError::Newer { .. } => "Install the newest version of Compeer.",
            OpenError::OtherDevice => "Put the right device.key back, or start with another `--home`.",
            OpenError::InUse => "End the other process, or name another `--home`.",
            OpenError::Lost { path } => {
                return Self::new(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "journal-lost",
                    "The journal is missing",
                    chain(&error),
                    restore(path.parent().unwrap_or(path)),
                );
            }
            _ => "Check the disk and who owns the home folder; put it back from a backup if it is damaged.",
        };
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "journal-unusable",
            "The journal cannot be used",
            chain(&error),
            hint,
        )
    }
}

impl From<StartError> for ApiError {
    fn from(error: StartError) -> Self {
        let detail = chain(&error);
        let failed = |code, title, hint: &'static str| {
            Self::new(StatusCode::INTERNAL_SERVER_ERROR, code, title, detail.clone(), hint)
        };
        match error {
            StartError::Home(error) => error.into(),
            StartError::Journal(error) => error.into(),
            StartError::Blobs(_) => failed(
                "blobs-unusable",
                "The records of files cannot be used",
                "Check the disk and who owns the home folder.",
            ),
            StartError::Mesh(_) => failed("cannot-listen", "The network cannot be used", CANNOT_LISTEN),
            StartError::Spaces(_) => failed(
                "spaces-unusable",
                "The view of spaces cannot be used",
                "Check the disk; the folder `spaces` in the home can be removed, it is made again.",
            ),
        }
    }
}

impl From<ServeError> for ApiError {
    fn from(error: ServeError) -> Self {
        let detail = sentence(&error);
        match error {
            ServeError::NotLoopback(_) => Self::usage(
                detail,
                "Use an address such as 127.0.0.1:4918; to reach it from elsewhere, forward the port over SSH.",
            ),
            ServeError::Listen { .. } => Self::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "api-cannot-listen",
                "The API cannot listen",
                detail,
                "Name another port with `--api 127.0.0.1:PORT`; port 0 picks a free one.",
            ),
            ServeError::Home(error) => error.into(),
        }
    }
}

impl From<ListError> for ApiError {
    fn from(error: ListError) -> Self {
        let hint = match &error {
            ListError::Read { .. } => "Name a file that can be read.",
            ListError::TooLong { .. } => "Name a file with one device id a line.",
            ListError::Line { .. } => {
                "Write one device id a line, as `compeer status --json` shows it; remarks follow a #."
            }
        };
        Self::usage(sentence(&error), hint)
    }
}

impl From<RelayStartError> for ApiError {
    fn from(error: RelayStartError) -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "relay-cannot-listen",
            "The relay cannot listen",
            chain(&error),
            CANNOT_LISTEN,
        )
    }
}

impl ApiError {
    /// Nobody has introduced themselves on this device.
    pub(crate) fn no_person() -> Self {
        Self::new(
            StatusCode::CONFLICT,
            "no-person",
            "Nobody is introduced yet",
            "Nobody has introduced themselves on this computer yet.",
            "Run `compeer init --name NAME`, or open the page with `compeer open`.",
        )
    }

    /// An invitation that is not among those of a space.
    pub(crate) fn unknown_invitation(detail: String) -> Self {
        Self::new(StatusCode::NOT_FOUND, "invitation-not-found", "No such invitation", detail, INVITATIONS)
    }

    /// Nobody who can honour an invitation answered in time.
    pub(crate) fn invite_unreachable() -> Self {
        Self::new(
            StatusCode::GATEWAY_TIMEOUT,
            "invite-unreachable",
            "Nobody answers",
            "Nobody who can let you in could be reached.",
            "A manager of the space must be online. Try again when one is; the invitation stays good until it expires.",
        )
    }

    /// A file or folder of this computer failed.
    pub(crate) fn disk(path: &Path, error: &std::io::Error) -> Self {
        if is_full(error) {
            return Self::disk_full();
        }
        Self::disk_failed(format!("{} cannot be written: {error}.", path.display()))
    }

    fn disk_full() -> Self {
        Self::new(
            StatusCode::INSUFFICIENT_STORAGE,
            "disk-full",
            "The disk is full",
            "The disk is full; nothing was changed.",
            "Make room on the disk and try again. Nothing that was accepted is lost.",
        )
    }

    fn disk_failed(detail: String) -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "disk-failed",
            "The disk failed",
            detail,
            "Check the disk. `compeer doctor` looks at the home folder.",
        )
    }
}

/// Why the system gives no socket, as far as it can be guessed.
const CANNOT_LISTEN: &str = "Another program may use that port, or the address is none of this computer's; name another with `--listen ADDR:PORT`.";

/// What helps when a file of the home is missing or damaged.
fn restore(path: &Path) -> String {
    format!("Put {} back from a backup. Without one, {}.", path.display(), anew(path))
}

/// What helps when a file of the home is worth nothing any more.
fn anew(path: &Path) -> &'static str {
    match path.file_name().and_then(|name| name.to_str()) {
        Some("relay.key") => {
            "replace it with `compeer relay --new-key` and give the relay's new address to those who use it"
        }
        Some("api-token") => "end the peer, remove that file and start the peer again, which makes another",
        Some("api.json") => "end the peer and start it again, which writes another",
        Some("identity.json") => {
            "remove it and say once more who you are with `compeer init --name NAME`; your spaces stay as they are"
        }
        // Everything else is bound to the device.
        _ => START_OVER,
    }
}

/// What helps when nothing else does.
const START_OVER: &str = "start over: `compeer --home DIR init --name NAME` with another folder, and a new invitation from those in your spaces";

/// Whether there is no room.
fn is_full(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded)
}

/// An error and what caused it, as one sentence.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = sentence(error);
    let mut cause = error.source();
    while let Some(error) = cause {
        let why = error.to_string();
        // Errors that pass another on say the same again.
        if !text.contains(&why) {
            text.truncate(text.trim_end_matches('.').len());
            text.push_str(": ");
            text.push_str(&why);
            text.push('.');
        }
        cause = error.source();
    }
    text
}

/// An error's own text as a sentence.
pub(crate) fn sentence(error: &dyn std::error::Error) -> String {
    sentence_of(error.to_string())
}

/// A text as a sentence: a capital at the start, a full stop at the end.
pub(crate) fn sentence_of(text: String) -> String {
    let mut chars = text.chars();
    let mut sentence = match chars.next() {
        // A path starts as it starts.
        Some(first) if first.is_ascii_lowercase() => first.to_ascii_uppercase().to_string() + chars.as_str(),
        _ => text,
    };
    if !sentence.ends_with(['.', '?', '!']) {
        sentence.push('.');
    }
    sentence
}
