//! What spaces are made of: the operations in their journals, and the pictures of them that are handed out.

mod info;
mod op;
mod text;

pub use info::{
    Answered, FileInfo, FileState, HolderInfo, InvitationInfo, InvitationState, InviteRequest, LastMessage,
    MemberDevice, MemberInfo, MessageFile, MessageInfo, MessageRange, MessageState, NewMessage, Reaction, SpaceInfo,
    SpaceState, SpacesEvent, Transfer, TransferId, TransferSource, TransferState, Version,
};
pub use op::{EMOJI_BYTES, FIELDS_PER_OP, Field, HOLDS_PER_OP, Op, OpError, PICTURE_BYTES, Profile, picture_type};
pub use text::{FileNameError, NameError, TextError, check_file_name, check_message, check_name, is_hidden};
