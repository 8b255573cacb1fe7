//! From what the floors below notice on their own to words: the list of problems.

use compeer_core::{DeviceId, GroupId};
use compeer_journal::{JournalProblem, ProblemCause};
use compeer_mesh::Problem as MeshProblem;

use crate::node::{Severity, Trouble};

/// The relay does not answer.
pub(crate) const RELAY_UNREACHABLE: &str = "relay-unreachable";
/// Nothing can be written.
pub(crate) const DISK_FULL: &str = "disk-full";
/// Something could not be written.
pub(crate) const DISK_FAILED: &str = "disk-failed";
/// Where others were reached is not written down.
pub(crate) const ADDRESSES_UNWRITTEN: &str = "addresses-unwritten";
/// The relay has another key than we know.
pub(crate) const RELAY_REFUSED: &str = "relay-refused";
/// The relay lets in whom it has listed, and this device is not.
pub(crate) const RELAY_NOT_LISTED: &str = "relay-not-listed";
/// Something else than a relay answers at its address.
pub(crate) const NO_RELAY: &str = "relay-is-none";
/// What can be wrong with our relay; at any time, one of these.
pub(crate) const OF_RELAY: [&str; 4] = [RELAY_UNREACHABLE, RELAY_REFUSED, RELAY_NOT_LISTED, NO_RELAY];
/// Files that were asked for did not come.
pub(crate) const FILES_FAILED: &str = "files-failed";
/// Nobody in a space lets this device in.
pub(crate) const SHUT_OUT: &str = "shut-out";
/// A device was not let in.
pub(crate) const REFUSED: &str = "refused";
/// More messages are due to go than a clock that is right would make so.
pub(crate) const RETENTION_WAITS: &str = "retention-waits";
/// Nobody counts what was written here.
pub(crate) const UNDELIVERED: &str = "undelivered";

/// The device that a problem of the mesh is about.
pub(crate) fn device_of(problem: &MeshProblem) -> Option<DeviceId> {
    match problem {
        MeshProblem::Refused { device }
        | MeshProblem::BadControl { device }
        | MeshProblem::UnknownStream { device, .. }
        | MeshProblem::StreamsNotTaken { device, .. } => Some(*device),
        _ => None,
    }
}

/// A problem of the mesh. `own`: this device; `name`: what to call the one it is about.
pub(crate) fn of_mesh(problem: &MeshProblem, own: DeviceId, name: &str) -> Trouble {
    let warning = |code, text: String, hint: &str| Trouble {
        severity: Severity::Warning,
        code,
        text,
        hint: hint.to_owned(),
        device: device_of(problem),
        space: None,
    };
    match problem {
        MeshProblem::Refused { .. } => warning(
            REFUSED,
            format!("{name} tried to connect and was not let in."),
            "It shares no space with this computer: it was removed, or never invited. Nothing was shown to it.",
        ),
        MeshProblem::TooManyHandshakes => warning(
            "too-many-handshakes",
            "So many devices knocked at once that some were turned away.".into(),
            "If it goes on, somebody may be flooding this network.",
        ),
        MeshProblem::TooManyGuests => warning(
            "too-many-guests",
            "More people tried to join at once than this computer serves.".into(),
            "They get in by trying again.",
        ),
        MeshProblem::BadControl { .. } | MeshProblem::UnknownStream { .. } => warning(
            "protocol",
            format!("{name} sent something that no Compeer of this version sends."),
            "It may run another version of Compeer. Its link was dropped.",
        ),
        MeshProblem::StreamsNotTaken { .. } => warning(
            "overloaded",
            format!("{name} asked for more than this computer could answer in time."),
            "If it goes on, this computer is too busy.",
        ),
        MeshProblem::RelayUnreachable { url } => warning(
            RELAY_UNREACHABLE,
            format!("The relay {url} cannot be reached."),
            "Devices on other networks may be out of reach until it is back. It is tried again by itself.",
        ),
        MeshProblem::RelayRefused { url } => warning(
            RELAY_REFUSED,
            format!("The relay {url} does not let this computer in."),
            "Ask whoever runs it for its address; the part after # may have changed.",
        ),
        MeshProblem::RelayNotListed { url } => warning(
            RELAY_NOT_LISTED,
            format!("The relay {url} lets in only devices on its list, and this one is not on it."),
            &format!(
                "Send this device's id to whoever runs the relay, for a line of the file that it was started with \
                 (`--devices`): {own}. It is let in a moment after that."
            ),
        ),
        MeshProblem::NoRelay { url } => warning(
            NO_RELAY,
            format!("What answers at {url} is not a relay."),
            "Another program listens there. Ask whoever runs the relay for its host and port.",
        ),
        MeshProblem::LanDiscovery => warning(
            "no-lan-discovery",
            "Devices on this network are not found by themselves, because multicast is not available here.".into(),
            "Invitations and links that exist still work. A firewall may block UDP port 5353.",
        ),
        MeshProblem::Rebind => Trouble {
            severity: Severity::Error,
            ..warning(
                "no-sockets",
                "The network was lost and cannot be used again yet.".into(),
                "It is tried again by itself; if it goes on, start the peer again.",
            )
        },
    }
}

/// A problem of the journal. `own`: it is about this device; `space`: the space's name, if there is one.
pub(crate) fn of_journal(problem: &JournalProblem, name: &str, own: bool, space: Option<&str>) -> Trouble {
    let place = space.map_or_else(String::new, |space| format!(" in {space}"));
    let trouble = |severity, code, text: String, hint: &str| Trouble {
        severity,
        code,
        text,
        hint: hint.to_owned(),
        device: Some(problem.device),
        space: problem.topic,
    };
    match &problem.cause {
        ProblemCause::Fork { .. } if own => trouble(
            Severity::Error,
            "forked",
            format!("This computer has written two different histories{place}; others take nothing new from it there."),
            "A copy of this home was or is in use elsewhere. Set this home aside, start with a new one (`compeer --home DIR init --name \
             NAME`), and have yourself invited again.",
        ),
        ProblemCause::Fork { .. } => trouble(
            Severity::Error,
            "forked",
            format!("{name} has written two different histories{place}; nothing new is taken from it there."),
            "Its home was probably copied or put back. Its owner has to start with a new home and be invited again.",
        ),
        ProblemCause::Unreadable { .. } | ProblemCause::Unopenable { .. } => trouble(
            Severity::Warning,
            "unreadable",
            format!("{name} wrote something{place} that cannot be read here. It was skipped."),
            "It may run a newer version of Compeer.",
        ),
        ProblemCause::ClockAhead { .. } => trouble(
            Severity::Warning,
            "clock-ahead",
            format!("The clock of {name} runs ahead; what it writes{place} shows once its time has come."),
            "Set the clocks of both computers by the network.",
        ),
        ProblemCause::Restored { entries } => trouble(
            Severity::Warning,
            "restored",
            format!(
                "This home is an older copy: {entries} entries that this computer wrote later came back from others."
            ),
            "Nothing is lost that others had. What nobody else had is gone.",
        ),
        ProblemCause::DiskFull => trouble(
            Severity::Error,
            DISK_FULL,
            "The disk is full: nothing can be written until there is room.".into(),
            "Make room on the disk. Nothing that was accepted is lost.",
        ),
        ProblemCause::Disk(what) => trouble(
            Severity::Error,
            DISK_FAILED,
            format!("The disk failed: {what}."),
            "Check the disk. Make a copy of the home folder while it can still be read.",
        ),
    }
}

/// `addresses.json` could not be written.
pub(crate) fn addresses_unwritten(why: &str) -> Trouble {
    Trouble {
        severity: Severity::Warning,
        code: ADDRESSES_UNWRITTEN,
        text: format!("Where other devices were reached could not be written down: {why}"),
        hint:
            "It is tried again by itself. If this peer is started again before that works, it may not find others on \
               other networks."
                .into(),
        device: None,
        space: None,
    }
}

/// Nobody in a space lets this device in.
pub(crate) fn shut_out(space: GroupId, name: Option<&str>) -> Trouble {
    let who = name.map_or_else(|| "Those in a space".to_owned(), |name| format!("Those in “{name}”"));
    Trouble {
        severity: Severity::Warning,
        code: SHUT_OUT,
        text: format!("{who} who are online do not let this computer in. You were probably removed."),
        hint: "What you write there reaches nobody. Ask a manager of the space: a new invitation brings you back."
            .into(),
        device: None,
        space: Some(space),
    }
}

/// By this computer's clock many messages of a space are due to go at once.
pub(crate) fn retention_waits((space, name): (GroupId, Option<&str>), due: u64, all: u64) -> Trouble {
    let place = name.map_or_else(|| "a space".to_owned(), |name| format!("“{name}”"));
    let short = space.short();
    Trouble {
        severity: Severity::Warning,
        code: RETENTION_WAITS,
        text: format!(
            "By this computer's clock {due} of {all} messages in {place} are old enough to be deleted, all at once. Nothing was \
             deleted."
        ),
        hint: format!(
            "Check this computer's date. If it is right, say again how long messages are kept, in the space's settings or with \
             `compeer space retention {short} DAYS`: what is due goes a day later."
        ),
        device: None,
        space: Some(space),
    }
}

/// Nobody counts what was written here in a space: `messages`, and the files of these names.
pub(crate) fn undelivered(
    (space, name): (GroupId, Option<&str>),
    may_write: bool,
    messages: usize,
    files: &[String],
) -> Trouble {
    let place = name.map_or_else(|| "a space".to_owned(), |name| format!("“{name}”"));
    let count = |count: usize, one: &str| match count {
        0 => None,
        1 => Some(format!("one {one}")),
        _ => Some(format!("{count} {one}s")),
    };
    let named = match files {
        [] => String::new(),
        [one] => format!(" ({one})"),
        [first, ..] => format!(" ({first} and others)"),
    };
    let what = [count(messages, "message"), count(files.len(), "file").map(|files| files + &named)];
    let what = what.into_iter().flatten().collect::<Vec<_>>().join(" and ");
    let short = space.short();
    Trouble {
        severity: Severity::Warning,
        code: UNDELIVERED,
        text: format!("In {place}, {what} of yours reached nobody: you had been removed, or could not write any more."),
        hint: match may_write {
            true => format!(
                "They are kept. Send them again or discard them in the space's chat, or with `compeer chat resend {short}`."
            ),
            false => format!(
                "They are kept until you discard them in the space's chat, or with `compeer chat discard {short}`: you may \
                 only read now."
            ),
        },
        device: None,
        space: Some(space),
    }
}

/// Files of a space did not come, for a reason that waiting does not mend: so many, the first of them and why.
pub(crate) fn files_failed(space: GroupId, name: Option<&str>, count: usize, first: &str, why: &str) -> Trouble {
    let place = name.map_or_else(|| "a space".to_owned(), |name| format!("“{name}”"));
    let text = match count {
        1 => format!("{first} in {place} did not arrive: {why}"),
        _ => format!("{count} files in {place} did not arrive. The first is {first}: {why}"),
    };
    Trouble {
        severity: Severity::Error,
        code: FILES_FAILED,
        text,
        hint: "Mend that, then fetch again what is missing, or give it up. What has arrived is kept.".into(),
        device: None,
        space: Some(space),
    }
}

/// A peer wrote or asked something that makes no sense.
pub(crate) fn nonsense(device: DeviceId, space: Option<GroupId>, name: &str, what: &str) -> Trouble {
    Trouble {
        severity: Severity::Warning,
        code: "nonsense",
        text: format!("{name} sent something that makes no sense ({what}). It was skipped."),
        hint: "It may run another version of Compeer. Nothing here was changed.".into(),
        device: Some(device),
        space,
    }
}
