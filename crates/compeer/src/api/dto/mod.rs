//! What travels over the API: one struct or string enum for each noun. The page's types are generated from these, so a
//! field's name and comment here are its documentation there.
//!
//! Ids are 52 characters of base32, times are milliseconds since 1970, sizes are bytes.

mod board;
mod chat;
mod file;
mod guest;
mod issue;
mod job;
mod mail;
mod node;
mod page;
mod search;
mod settings;
mod space;
mod topic;

pub use board::{
    Binding, Board, BoardChange, BoardDevice, BoardElement, BoardNews, BoardPart, BoardPerson, BoardPointer,
    BoardShowing, BoardShown, Comment, Crop, Drawing, ElementsDrawn, FixedSegment, NewBoard, NewComment, NewElements,
    Roundness,
};
pub use chat::{
    Answered, Deleted, FileRef, Holder, Message, MessageChange, MessagePage, MessageState, MyReaction, NewMessage,
    Reacting, Reaction, Settled, Typing, Undelivered, Version,
};
pub use file::{
    FetchRequest, File, FileHolder, FileState, Folder, FolderRequest, LeftOut, Listed, LocalFiles, SharedFile,
    SharedFiles, Transfer, TransferSource, TransferState, UnlistedFiles,
};
pub use guest::{GuestInvitation, GuestRoom, NewGuest, Room, RoomKind};
pub use issue::{
    Activity, Description, ImportRemark, ImportReport, Issue, IssueChange, IssueDetail, IssueImport, IssuePage,
    IssuePerson, IssuePriority, IssueRef, IssueSetup, IssueStatus, IssueThing, IssueThingChange, IssueThingKind,
    Issues, IssuesChange, KeyPrefix, MyIssues, NewIssueThing,
};
pub use job::{Job, JobKind, JobState, NewExport, NewImport};
pub use mail::{MailChange, MailSecurity, MailSent, MailSettings, MailTest};
pub use node::{Done, PathKind, Peer, Problem, ProfileChange, Relay, Severity, SignInLink, Status};
pub use page::{NewPage, Page, PageChange, PageHello, PageLive, PageMarkdown, PageRun, PageVersion};
pub use search::{Found, FoundKind, Part, SearchAnswer, SearchNote};
pub use settings::{Attendance, DesktopState, Quiet, Settings, SettingsChange};
pub use space::{
    Archived, Deed, DevicePath, DirectTalk, End, Epoch, Invitation, InvitationMail, InvitationState, InvitePreview,
    InviteRequest, InviteText, LastMessage, Level, LevelChange, Member, MemberDevice, NewInvitation, Presence,
    Retention, RetentionChange, Space, SpaceName, SpaceState, Unheard,
};
pub use topic::{
    Attention, AttentionChange, GENERAL, Move, Moved, NewTopic, Place, ReadMarker, Topic, TopicChange, UnreadMarker,
};
