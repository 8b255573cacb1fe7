//! What can be typed.

mod device;
mod guest;
mod issue;
mod page;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::api::dto::{InviteRequest, Level};
use crate::api::parse_life;
pub(super) use device::{Mail, MailSet, Notify, NotifySet};
pub(super) use guest::Guest;
pub(super) use issue::{Fields as IssueFields, Filter as IssueFilter, Issue};
pub(super) use page::Page;

/// A workplace of equals: spaces, chat and files between computers, with no server.
#[derive(Debug, Parser)]
#[command(name = "compeer", version, propagate_version = true, arg_required_else_help = true)]
pub(super) struct Arguments {
    /// The home folder. When left out, the one that the variable COMPEER_HOME names, or else the platform's place for a
    /// program's data.
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) home: Option<PathBuf>,
    /// Print JSON: one value, or one a line for streams.
    #[arg(long, global = true)]
    pub(super) json: bool,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// What can be set about the log.
const LOG_HELP: &str = "What goes wrong while it runs is said on stderr. The variable COMPEER_LOG says what is logged instead, that of the \
     libraries included: a level (error, warn, info, debug, trace), or levels of parts such as compeer_mesh=debug,iroh=info.";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Introduce yourself on this computer. Works without a running peer.
    Init(Init),
    /// Run this computer's peer until Ctrl+C.
    ///
    /// Prints where its page is, or with --json one line of JSON, once it can be used.
    #[command(after_help = LOG_HELP)]
    Up(Up),
    /// This device, the devices around it, and what needs a look.
    Status,
    /// Who you are here: your name, your picture, and what this computer is called.
    #[command(subcommand, arg_required_else_help = true)]
    Profile(Profile),
    /// Notifications: when and how this computer says that something is new.
    #[command(subcommand, arg_required_else_help = true)]
    Notify(Notify),
    /// The mail server that invitations are sent through.
    #[command(subcommand, arg_required_else_help = true)]
    Mail(Mail),
    /// Spaces: where people work together.
    #[command(subcommand, arg_required_else_help = true)]
    Space(Space),
    /// Messages.
    #[command(subcommand, arg_required_else_help = true)]
    Chat(Chat),
    /// Topics: what a space talks about, beside its general talk.
    #[command(subcommand, arg_required_else_help = true, visible_alias = "topic")]
    Discuss(Discuss),
    /// Issues: what is to be done.
    #[command(subcommand, arg_required_else_help = true)]
    Issue(Issue),
    /// Boards: what people draw on together.
    #[command(subcommand, arg_required_else_help = true)]
    Board(Board),
    /// Guests: people from outside who take part in one topic or board, and see nothing else of a space.
    #[command(subcommand, arg_required_else_help = true)]
    Guest(Guest),
    /// Pages: what people write together.
    #[command(subcommand, arg_required_else_help = true)]
    Page(Page),
    /// Files.
    #[command(subcommand, arg_required_else_help = true)]
    File(File),
    /// Write a space as a folder that people can read and `compeer import` takes in again.
    #[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true, arg_required_else_help = true)]
    Export(Export),
    /// Make a space of what Compeer, Slack or Zulip exported.
    ///
    /// What others said is shown as said to be theirs: nobody has signed it here.
    Import(Import),
    /// Find people, spaces, topics, messages, issues, boards, pages and files in all spaces of this computer.
    ///
    /// All words are to be there, the last one also as the beginning of a word. A phrase stands between double quotes, which a
    /// shell takes away unless others stand around them: '"the crane"'. More can be asked for: -without, from:NAME, in:SPACE, topic:TITLE,
    /// has:file, has:link, is:message, is:file, is:issue, is:board, is:page, is:person, is:space, is:topic, is:pinned, before:DAY, after:DAY and on:DAY (in UTC), with
    /// days such as 2026-11-27, 2026-11, today and yesterday.
    Search(Search),
    /// What happens, as it happens: one JSON object a line, for programs.
    Events,
    /// Open the page in a browser, signed in.
    Open(Open),
    /// Run a relay for peers that cannot reach each other.
    #[command(after_help = LOG_HELP)]
    Relay(Relay),
    /// Look at what may be wrong. Ends with exit code 1 when somebody must act.
    Doctor,
    /// Three peers of one made-up team on this computer, to try things out.
    Demo,
    /// Print a script that completes commands in your shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the description of the API.
    #[command(hide = true)]
    ApiDescription,
    /// Read what is written on pages, for a running peer that starts this itself.
    #[command(hide = true)]
    PageWorker,
}

#[derive(Debug, Args)]
pub(super) struct Init {
    /// Your name, as others will see it.
    #[arg(long)]
    pub(super) name: String,
    /// This computer's name, as others will see it; its host name when left out.
    #[arg(long, value_name = "NAME")]
    pub(super) device_name: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Profile {
    /// Show it.
    Show,
    /// Change it. What is not named stays as it is.
    #[command(arg_required_else_help = true)]
    Set(ProfileSet),
}

#[derive(Debug, Args)]
pub(super) struct ProfileSet {
    /// Your name, as others will see it.
    #[arg(long)]
    pub(super) name: Option<String>,
    /// This computer's name, as others will see it.
    #[arg(long, value_name = "NAME")]
    pub(super) device_name: Option<String>,
    /// A file with your picture: PNG, JPEG or WebP, of at most 64 KiB.
    #[arg(long, value_name = "FILE")]
    pub(super) picture: Option<PathBuf>,
    /// Take your picture away.
    #[arg(long, conflicts_with = "picture")]
    pub(super) no_picture: bool,
}

#[derive(Debug, Args)]
pub(super) struct Up {
    /// Where the API and the page listen; 127.0.0.1:4918 where that is free. Port 0 picks one.
    #[arg(long, value_name = "ADDR:PORT")]
    pub(super) api: Option<SocketAddr>,
    /// Where other peers reach this one (UDP); all addresses when left out. Port 0 picks one. Can be given twice.
    #[arg(long, value_name = "ADDR:PORT")]
    pub(super) listen: Vec<SocketAddr>,
    /// A relay to use when there is no direct way, as `compeer relay` prints it, or @FILE to read it from a file (of at most
    /// 4 KiB). Can be given several times.
    #[arg(long, value_name = "URL")]
    pub(super) relay: Vec<String>,
    /// Do not look for other peers on the local network.
    #[arg(long)]
    pub(super) no_lan: bool,
    /// Write on although this home was put back from a copy and not all devices of each space have said how far it had
    /// come. Only if no newer copy was ever in use: otherwise others will take nothing more from this device.
    #[arg(long)]
    pub(super) trust_home: bool,
}

/// What an invitation is good for, and how it is handed over.
#[derive(Debug, Args)]
pub(super) struct Terms {
    /// How long it can be used: a number and m, h or d.
    #[arg(long, default_value = "7d", value_name = "TIME", value_parser = life)]
    pub(super) expires: String,
    /// For how many people it is.
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(super) uses: u32,
    /// Show it as a QR code as well, for the camera of another device.
    #[arg(long)]
    pub(super) qr: bool,
    /// The mail address of whom it is for. It is sent there if a mail server is set (`compeer mail set`), and otherwise made
    /// ready for your own mail program.
    #[arg(long, value_name = "ADDRESS", conflicts_with = "uses")]
    pub(super) mail: Option<String>,
}

impl Terms {
    /// As it is asked of the API.
    pub(super) fn request(&self, level: Level) -> InviteRequest {
        let Self { expires, uses, mail, .. } = self;
        InviteRequest { level, expires: Some(expires.clone()), uses: Some(*uses), mail: mail.clone() }
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum Space {
    /// Make a space.
    Create {
        /// Its name.
        name: String,
    },
    /// List the spaces on this computer.
    List,
    /// Make an invitation. Whoever has it can use it.
    Invite {
        /// The space's name or id.
        space: String,
        /// What the newcomer may do.
        #[arg(long, value_enum, default_value_t)]
        level: Level,
        #[command(flatten)]
        terms: Terms,
    },
    /// List the invitations of a space that can still be used.
    Invitations {
        /// The space's name or id.
        space: String,
        /// List all others, too.
        #[arg(long)]
        all: bool,
    },
    /// Close an invitation before its time.
    Revoke {
        /// The space's name or id.
        space: String,
        /// The invitation's id, or the first eight letters of it: `compeer space invitations` shows them.
        invitation: String,
    },
    /// Use an invitation, read from stdin.
    Join {
        /// `-`: an invitation is a secret, so it is read from stdin.
        #[arg(allow_hyphen_values = true, value_name = "-")]
        invite: String,
    },
    /// List the members of a space, and who of them is online.
    #[command(visible_alias = "people")]
    Members {
        /// The space's name or id.
        space: String,
    },
    /// Give a member another level.
    Level {
        /// The space's name or id.
        space: String,
        /// The person's name or id.
        person: String,
        /// What that person may do from now on.
        #[arg(value_enum)]
        level: Level,
    },
    /// Give a space another name, for everybody in it.
    Rename {
        /// The space's name or id.
        space: String,
        /// Its new name.
        name: String,
    },
    /// Remove a person from a space.
    Remove {
        /// The space's whole name or id.
        space: String,
        /// The person's whole name or id.
        person: String,
    },
    /// Show a space: who is in it, and what was decided about it.
    Show {
        /// The space's name or id.
        space: String,
    },
    /// Make a space read-only for everybody in it.
    Archive {
        /// The space's whole name or id.
        space: String,
    },
    /// Let people write again in a space that was archived.
    Restore {
        /// The space's name or id.
        space: String,
    },
    /// Say after how many days messages are deleted on every computer. Pinned ones stay.
    Retention {
        /// The space's whole name or id.
        space: String,
        /// A number from 7 to 3650, or `off`.
        #[arg(value_parser = kept, value_name = "DAYS|off")]
        days: Kept,
    },
    /// Leave a space; it goes from this computer.
    Leave {
        /// The space's whole name or id.
        space: String,
    },
    /// Delete a space for everybody: its content goes from every computer as soon as that hears of it.
    Delete {
        /// The space's whole name or id.
        space: String,
    },
}

/// For how many days messages are kept; none is for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kept(pub(super) Option<u16>);

/// Whether it is in range is for the peer to say.
fn kept(text: &str) -> Result<Kept, &'static str> {
    match text {
        "off" => Ok(Kept(None)),
        _ => text.parse().map(|days| Kept(Some(days))).map_err(|_| "a number of days or `off` is needed"),
    }
}

/// Whether it is in range is for the peer to say.
fn life(text: &str) -> Result<String, &'static str> {
    match parse_life(text) {
        Some(_) => Ok(text.to_owned()),
        None => Err("a number and m, h or d is needed, such as 12h"),
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum Chat {
    /// Send a message.
    Send {
        /// The space's name or id.
        space: String,
        /// The text, or `-` to read it from stdin.
        #[arg(allow_hyphen_values = true)]
        text: String,
        /// The message that it answers, by its id or the first eight letters of that.
        #[arg(long, value_name = "MESSAGE")]
        reply: Option<String>,
        /// What it is said at: a topic's title or id. The general talk when left out.
        #[arg(long, value_name = "TOPIC")]
        topic: Option<String>,
    },
    /// Talk to one person, or a few, apart from any space. Prints the talk's id, which stands where a space's can stand; so does
    /// its name, which is theirs.
    Direct {
        /// Names or ids of people you share a space with.
        #[arg(required = true, value_name = "PERSON")]
        people: Vec<String>,
    },
    /// Give a message of yours another text. The texts it had stay readable: `compeer chat history` shows them.
    Edit {
        /// The space's name or id.
        space: String,
        /// The message's id, or the first eight letters of it: `compeer chat log --ids` shows them.
        message: String,
        /// The text, or `-` to read it from stdin.
        #[arg(allow_hyphen_values = true)]
        text: String,
    },
    /// Delete a message for everybody: one of yours, or any if you manage the space. Nothing of its text is left anywhere.
    Delete {
        /// The space's name or id.
        space: String,
        /// The message's id, or the first eight letters of it.
        message: String,
    },
    /// React to a message with an emoji.
    React {
        /// The space's name or id.
        space: String,
        /// The message's id, or the first eight letters of it.
        message: String,
        /// One emoji.
        emoji: String,
        /// Take it back.
        #[arg(long)]
        undo: bool,
    },
    /// Pin a message for everybody in the space.
    Pin {
        /// The space's name or id.
        space: String,
        /// The message's id, or the first eight letters of it.
        message: String,
        /// Take the pin out.
        #[arg(long)]
        undo: bool,
    },
    /// Show the pinned messages, oldest first.
    Pins {
        /// The space's name or id.
        space: String,
    },
    /// Show the texts that a message has had, oldest first.
    History {
        /// The space's name or id.
        space: String,
        /// The message's id, or the first eight letters of it.
        message: String,
    },
    /// Show messages, oldest first. What is shown to a person counts as read.
    ///
    /// With `--json` nothing is marked: a program is no reader.
    Log {
        /// The space's name or id.
        space: String,
        /// How many of the newest to show.
        #[arg(long, default_value_t = 50, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
        /// Leave unread what is unread.
        #[arg(long)]
        keep_unread: bool,
        /// Show the beginning of each message's id, which other commands take.
        #[arg(long)]
        ids: bool,
        /// Only what is said at this topic: its title or id, or `general`.
        #[arg(long, value_name = "TOPIC")]
        topic: Option<String>,
    },
    /// Send what reached nobody again: messages and files from when you had been removed, or could not write any more.
    Resend {
        /// The space's name or id.
        space: String,
        /// Ids of messages; all that is undelivered when left out.
        #[arg(value_name = "MESSAGE")]
        messages: Vec<String>,
    },
    /// Show what reached nobody no more.
    Discard {
        /// The space's name or id.
        space: String,
        /// Ids of messages; all that is undelivered when left out.
        #[arg(value_name = "MESSAGE")]
        messages: Vec<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Board {
    /// List the boards of a space, the last drawn on first.
    List {
        /// The space's name or id.
        space: String,
    },
    /// Make a board.
    Create {
        /// The space's name or id.
        space: String,
        /// What it is called.
        title: String,
    },
    /// Print a board as Excalidraw's open file. Its pictures are named in it and not part of it.
    Export {
        /// The space's name or id.
        space: String,
        /// The board's title or id.
        board: String,
    },
    /// Draw what stands in a file of Excalidraw's on a board. Taken in again, it changes what is different. Pictures in it are
    /// left out: the page takes those in.
    Import {
        /// The space's name or id.
        space: String,
        /// The board's title or id.
        board: String,
        /// A .excalidraw file.
        file: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Discuss {
    /// List the topics of a space, the last in use first, and what is unread.
    List {
        /// The space's name or id.
        space: String,
    },
    /// Start a topic. `compeer chat send SPACE TEXT --topic TITLE` says something at it.
    Start {
        /// The space's name or id.
        space: String,
        /// What it is called.
        title: String,
    },
    /// Give a topic another title, for everybody in the space.
    Rename {
        /// The space's name or id.
        space: String,
        /// The topic's title or id.
        topic: String,
        /// Its new title.
        title: String,
    },
    /// Say that there is nothing more to say about a topic. It stays open for words all the same.
    Resolve {
        /// The space's name or id.
        space: String,
        /// The topic's title or id.
        topic: String,
        /// Say that there is.
        #[arg(long)]
        undo: bool,
    },
    /// Move messages to a topic, for everybody in the space.
    Move {
        /// The space's name or id.
        space: String,
        /// The topic's title or id, or `general`.
        topic: String,
        /// The messages' ids, or the first eight letters of them: `compeer chat log --ids` shows them.
        #[arg(required = true, value_name = "MESSAGE")]
        messages: Vec<String>,
    },
    /// Choose how much you want to hear of a space, or of one topic of it.
    Hear {
        /// The space's name or id.
        space: String,
        /// How much: `all`; `mentions`: the rest is counted, but not told; `muted`: only what names you is counted; or
        /// `default`: as of the space.
        #[arg(value_enum)]
        attention: Hear,
        /// Only of this topic: its title or id, or `general`.
        #[arg(long, value_name = "TOPIC")]
        topic: Option<String>,
    },
    /// Mark as unread what others wrote from a message on.
    Unread {
        /// The space's name or id.
        space: String,
        /// The message's id, or the first eight letters of it.
        message: String,
    },
}

/// How much somebody wants to hear.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Hear {
    All,
    Mentions,
    Muted,
    Default,
}

#[derive(Debug, Subcommand)]
pub(super) enum File {
    /// Share files and whole folders where they lie.
    ///
    /// What lies in a folder and cannot be shared is left out and named on stderr: links, pipes and devices, what cannot
    /// be read, and names that not every computer can be asked to hold. The rest is shared, and the exit code is 1. A file
    /// that was shared before under its name gets a new version, or stays as it is when nothing has changed.
    Put {
        /// The space's name or id.
        space: String,
        /// Files and folders.
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<PathBuf>,
    },
    /// List the files of a space.
    List {
        /// The space's name or id.
        space: String,
    },
    /// Fetch a file, or all files below a folder of the list; ends once it is whole and verified, and prints where it is.
    ///
    /// Nothing that lies there is replaced: where a name is taken by something else, or this computer cannot hold it, the
    /// file gets another, which is said on stderr. While nobody who has the file is online, the command waits and says so.
    /// Ctrl+C ends the command, not the fetching; `file stop` gives it up.
    Get {
        /// The space's name or id.
        space: String,
        /// The file's name or id, or a folder's name.
        file: String,
        /// The folder to put it into; when left out, where the page puts what is fetched: a folder for each space, below
        /// `files` in the home.
        #[arg(long, value_name = "DIR")]
        to: Option<PathBuf>,
    },
    /// Give up fetching a file, or all files below a folder of the list. What has arrived of those that are not whole goes.
    Stop {
        /// The space's name or id.
        space: String,
        /// The file's name or id, or a folder's name.
        file: String,
    },
    /// Take a file, or all files below a folder, off the list of a space. The files themselves stay where they are, as do
    /// copies that others have.
    ///
    /// Who is no manager takes off the list what they have listed. Below a folder, what somebody else has listed stays on
    /// it and is named on stderr, and the exit code is 1.
    Remove {
        /// The space's name or id.
        space: String,
        /// The file's name or id, or a folder's name.
        file: String,
    },
}

#[derive(Debug, Args)]
pub(super) struct Export {
    #[command(subcommand)]
    pub(super) verb: Option<ExportVerb>,
    /// The space's name or id.
    #[arg(required = true)]
    pub(super) space: Option<String>,
    /// The folder; it is made, and nothing may be there.
    #[arg(required = true)]
    pub(super) folder: Option<PathBuf>,
    /// List the files of the space, and leave them out.
    #[arg(long)]
    pub(super) no_files: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum ExportVerb {
    /// Say whether a folder is exactly as it was exported. Works without a running peer.
    Verify {
        /// The folder.
        folder: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(super) struct Import {
    /// The folder, or a ZIP file of it.
    pub(super) path: PathBuf,
    /// Of Slack and Zulip also private channels and what was said between few. Everybody who comes into the space will read it.
    #[arg(long)]
    pub(super) private: bool,
    /// Of Zulip only this stream; its topics keep their names.
    #[arg(long, value_name = "NAME")]
    pub(super) stream: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Search {
    /// What to look for. What begins with a hyphen comes after `--`, or within quotes with a word before it.
    #[arg(required = true, value_name = "WORD")]
    pub(super) words: Vec<String>,
    /// Only in this space, by its name or id.
    #[arg(long)]
    pub(super) space: Option<String>,
    /// How many to show at most.
    #[arg(long, default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(super) limit: u32,
}

#[derive(Debug, Args)]
pub(super) struct Open {
    /// Only print the link.
    #[arg(long)]
    pub(super) print: bool,
}

#[derive(Debug, Args)]
pub(super) struct Relay {
    /// Where to listen, for TCP and UDP; port 0 picks one.
    #[arg(long, value_name = "ADDR:PORT")]
    pub(super) listen: SocketAddr,
    /// The name or address under which peers reach it; when left out, the address it listens on, or the one by which this
    /// computer reaches others if it listens on all.
    #[arg(long, value_name = "NAME")]
    pub(super) host: Option<String>,
    /// Let in only the devices listed in this file, one id a line; `#` begins a remark. Changes of the file count at once.
    /// Without it, every device that has the relay's address is let in.
    #[arg(long, value_name = "FILE")]
    pub(super) devices: Option<PathBuf>,
    /// Replace the relay's key. Addresses printed before stop working.
    #[arg(long)]
    pub(super) new_key: bool,
}

#[cfg(test)]
mod tests;
