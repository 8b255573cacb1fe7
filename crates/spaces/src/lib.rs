//! Shared spaces: chat and files on a journal, with presence over links.
//!
//! A space is a group whose journal carries [`model::Op`]s. The view turns them into tables that can be
//! thrown away and rebuilt; [`Spaces`] is the handle through which the node acts. Nothing here knows of HTTP.

mod error;
mod export;
mod import;
pub mod model;
pub mod pages;
mod progress;
mod search;
mod service;
mod view;

pub use error::{ActError, FetchError, JoinSpaceError, StartError, Unshared};
pub use export::{Draw, ExportError, Manifest, ManifestError, Verified, verify};
pub use import::{ArchiveKind, ImportDone, ImportError, ImportWish};
pub use model::{
    Activity, Day, HIGHEST_ESTIMATE, IssueDetail, IssueFilter, IssueInfo, IssueRef, IssueSetup, IssueSort, Key, Kind,
    Priority, Status, ThingInfo,
};
pub use model::{
    Answered, At, Attention, BoardInfo, BoardPerson, Deed, Drawing, Element, End, Field, FileInfo, FileState,
    GuestRoom, HolderInfo, InvitationInfo, InvitationState, InviteRequest, LastMessage, MemberDevice, MemberInfo,
    MessageFile, MessageInfo, MessageRange, MessageState, NewMessage, PageChange, PageInfo, PageRun, PlaceInfo,
    Pointer, Profile, Reaction, Retention, RoomInfo, Showing, SpaceInfo, SpaceState, SpacesEvent, Step, StepError,
    TopicInfo, Transfer, TransferId, TransferSource, TransferState, Unheard, Version,
};
pub use search::{
    Hit, Note, Part, QUERY_BYTES, QUERY_TERMS, RESULTS, SearchAnswer, SearchError, SearchRequest, Target,
};
pub use service::{
    BLOBS, BOARDS, BoardNews, BoardSession, BoardShown, CsvError, DRAWN_AT_ONCE, ImportOptions, ImportReport, JobInfo,
    JobKind, JobState, LeftOut, Listed, Me, NamedFile, PRESENCE, PageNews, PageSession, Parts, RowError, RowNote,
    SameName, Shared, Spaces,
};
