//! What spaces are made of: the operations in their journals, and the pictures of them that are handed out.

pub mod element;
mod field;
mod imported;
mod info;
mod inviting;
mod issue;
mod op;
mod page;
mod showing;
mod text;
pub mod update;

pub use element::{Element, ElementError};
pub use field::{EMOJI_BYTES, Field, ORDER_BYTES, RETENTION_DAYS, TITLE_CHARS};
pub use imported::{Imported, Importer, Rename, SAID, THE_SPACE};
pub use info::{
    Answered, At, Attention, BoardInfo, BoardPerson, Deed, Drawing, End, FileInfo, FileState, HolderInfo, LastMessage,
    MemberDevice, MemberInfo, MessageFile, MessageInfo, MessageRange, MessageState, NewMessage, PlaceInfo, Reaction,
    Retention, SpaceInfo, SpaceState, SpacesEvent, TopicInfo, Transfer, TransferId, TransferSource, TransferState,
    Unheard, Version,
};
pub use inviting::{GuestRoom, InvitationInfo, InvitationState, InviteRequest, RoomInfo};
pub use issue::{
    Activity, Day, HIGHEST_ESTIMATE, HIGHEST_NUMBER, IssueDetail, IssueFilter, IssueInfo, IssueRef, IssueSetup,
    IssueSort, Key, LAST_DAY, PREFIX_LETTERS, Priority, QUERY_BYTES, Status, ThingInfo, prefix_of, suffixes,
};
pub use op::{FIELDS_PER_OP, HOLDS_PER_OP, Kind, Op, OpError, PICTURE_BYTES, Profile, picture_type, room_tag};
pub use page::{PageChange, PageInfo, PageRun};
pub use showing::{CURSOR_BYTES, DRAWING, Part, Pointer, SELECTED, Showing, Step, StepError};
pub use text::{
    FileNameError, NameError, TextError, check_file_name, check_message, check_name, check_title, is_hidden,
};
