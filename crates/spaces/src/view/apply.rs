//! Entries in, changes of the view out.

use compeer_core::group::Level;
use compeer_core::{DeviceId, EntryHash, GroupId, Hlc};
use compeer_journal::{Cursor, Dropped, Opened};
use rusqlite::{OptionalExtension, Transaction, params};

use super::unread::Added;
use super::{Result, View, sql_clock};
use super::{boards, deleted, guests, imported, issues, registers, search, seen, topics, undelivered, written};
use crate::model::{Op, Profile};

/// Who wrote an operation, where it stands and when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source {
    pub(crate) space: GroupId,
    pub(crate) hash: EntryHash,
    /// Whose entry it is.
    pub(crate) author: DeviceId,
    /// Where it was written: the author, but for what was imported.
    pub(crate) device: DeviceId,
    pub(crate) person: GroupId,
    pub(crate) level: Level,
    pub(crate) seq: u64,
    pub(crate) clock: Hlc,
    pub(crate) position: u64,
}

/// For whom the view is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reader {
    pub(crate) person: GroupId,
    /// Looked for in messages, as a mention.
    pub(crate) name: String,
    /// Since when they are a member: what was said before is not news.
    pub(crate) since: Hlc,
}

impl Source {
    /// `None` for an entry of a bare device: devices write for a person, and it has nobody to show it under.
    pub(super) fn of(space: &GroupId, entry: &Opened) -> Option<Self> {
        Some(Self {
            space: *space,
            hash: entry.hash,
            author: entry.author,
            device: entry.author,
            person: entry.person?,
            level: entry.level,
            seq: entry.seq,
            clock: entry.clock,
            position: entry.position,
        })
    }

    /// Whether it was written elsewhere, and is only said to have been.
    pub(super) fn is_imported(&self) -> bool {
        self.device != self.author
    }
}

/// What an entry changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// Everything was taken in anew.
    Rebuilt,
    Name,
    Profile(GroupId),
    Message(EntryHash),
    /// Something that was written before: its fields are others now.
    Changed(EntryHash),
    FileAdded(EntryHash),
    FileChanged(EntryHash),
    FileRemoved(EntryHash),
    /// Something was made.
    Made(EntryHash),
    /// Something was drawn on a board.
    Drawn(EntryHash),
    /// Something was written on a page.
    Written(EntryHash),
    /// A message stands elsewhere now, or is gone.
    Moved,
    /// Which rooms the space says it has, or that it is one.
    Rooms,
    /// A message is gone without anybody saying that they deleted it.
    Vanished(EntryHash),
    /// An accepted entry that is no operation: by whom and why.
    Nonsense(DeviceId, String),
}

/// What is read of a space, but for what it and its people and devices are called.
const CONTENT: [&str; 22] = [
    "message",
    "file",
    "unlisted",
    "holds",
    "undelivered",
    "version",
    "register",
    "object",
    "place",
    "deleted",
    "dropped",
    "direct",
    "issue",
    "history",
    "element",
    "board_text",
    "imported",
    "imported_person",
    "page_update",
    "page_run",
    "page_state",
    "page_text",
];
/// What it, its people and their devices are called, and whether it is a room.
const NAMES: [&str; 4] = ["name", "profile", "device", "room"];
/// What this device alone knows of a space.
const MARKS: [&str; 8] = ["cursor", "seen", "attention", "change", "welcome", "welcomed", "wish", "given_up"];

impl View {
    /// How far the view of `space` has got.
    pub(crate) fn cursor(&self, space: &GroupId) -> Result<Cursor> {
        let found = self
            .lock()
            .prepare_cached("SELECT generation, position FROM cursor WHERE space = ?1")?
            .query_row([space.as_bytes()], |row| {
                Ok(Cursor { generation: row.get::<_, i64>(0)? as u64, position: row.get::<_, i64>(1)? as u64 })
            })
            .optional()?;
        Ok(found.unwrap_or(Cursor { generation: 0, position: 0 }))
    }

    /// Takes in one page of entries.
    #[cfg(test)]
    pub(crate) fn apply(&self, space: GroupId, page: &[Opened], next: Cursor, reader: &Reader) -> Result<Vec<Change>> {
        Ok(self.apply_page(space, page, &[], next, reader)?.expect("nothing was dropped"))
    }

    /// Takes in one page of entries and of such as say nothing any more, in one transaction with the cursor behind it. `None`,
    /// and nothing is taken in, when the view has to be made anew because what it had taken from one of those cannot be taken
    /// out of it.
    pub(crate) fn apply_page(
        &self,
        space: GroupId,
        page: &[Opened],
        dropped: &[Dropped],
        next: Cursor,
        reader: &Reader,
    ) -> Result<Option<Vec<Change>>> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        let mut changes = Vec::with_capacity(page.len());
        let mut added = Vec::new();
        for entry in dropped {
            if !deleted::drop_entry(&transaction, &space, entry, &mut changes)? {
                return Ok(None);
            }
        }
        for entry in page {
            let Some(source) = Source::of(&space, entry) else { continue };
            if deleted::is_dropped(&transaction, &source.hash)? {
                continue;
            }
            match Op::decode(&entry.plain) {
                Ok(op) => apply_op(&transaction, &source, op, reader, &mut changes, &mut added)?,
                Err(error) => changes.push(Change::Nonsense(entry.author, error.to_string())),
            }
        }
        written::settle(&transaction, &space, &mut changes)?;
        note_full_boards(&transaction, &space, page, &mut changes)?;
        transaction.prepare_cached("INSERT OR REPLACE INTO cursor VALUES (?1, ?2, ?3)")?.execute(params![
            space.as_bytes(),
            next.generation as i64,
            next.position as i64
        ])?;
        let names_changed = search::note(&transaction, &space, &changes)?;
        let scrub = deleted::is_scrub_due(&transaction)?;
        transaction.commit()?;
        if changes.contains(&Change::Moved) {
            self.counts.forget(&space);
        } else {
            self.counts.add(&space, &added);
        }
        if names_changed {
            self.readers.names_changed();
        }
        if !changes.is_empty() {
            self.readers.tell_noted();
        }
        if scrub {
            deleted::empty_log(&connection)?;
            self.scrub_due.notify_one();
        }
        Ok(Some(changes))
    }

    /// Empties the view of `space`, to be filled again from the start of `generation`. `voided` is what this device wrote
    /// and nobody counts.
    pub(crate) fn wipe(&self, space: &GroupId, generation: u64, voided: &[Opened]) -> Result<()> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        for table in CONTENT.iter().chain(&NAMES) {
            transaction.execute(&format!("DELETE FROM {table} WHERE space = ?1"), [space.as_bytes()])?;
        }
        boards::begin_anew(&transaction, Some(space))?;
        undelivered::show(&transaction, space, voided)?;
        search::note_space(&transaction, space)?;
        search::note_objects(&transaction, space, voided.iter().map(|entry| &entry.hash))?;
        transaction.execute(
            "INSERT OR REPLACE INTO cursor VALUES (?1, ?2, 0)",
            params![space.as_bytes(), generation as i64],
        )?;
        transaction.commit()?;
        self.counts.forget(space);
        self.readers.names_changed();
        self.readers.tell_noted();
        Ok(())
    }

    /// Empties the view of a space that has ended, but for names: by them it is told who has not heard yet. Whether there was
    /// anything.
    pub(crate) fn bury(&self, space: &GroupId) -> Result<bool> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        let sql = "SELECT EXISTS (SELECT 1 FROM cursor WHERE space = ?1)";
        if !transaction.prepare_cached(sql)?.query_row([space.as_bytes()], |row| row.get(0))? {
            return Ok(false);
        }
        for table in CONTENT.iter().chain(&MARKS) {
            transaction.execute(&format!("DELETE FROM {table} WHERE space = ?1"), [space.as_bytes()])?;
        }
        transaction.execute("UPDATE profile SET picture = NULL WHERE space = ?1", [space.as_bytes()])?;
        boards::begin_anew(&transaction, Some(space))?;
        transaction.execute("DELETE FROM change WHERE space = ?1", [space.as_bytes()])?;
        search::note_space(&transaction, space)?;
        deleted::note_scrub(&transaction)?;
        transaction.commit()?;
        deleted::empty_log(&connection)?;
        self.counts.forget(space);
        self.readers.names_changed();
        self.readers.tell_noted();
        self.scrub_due.notify_one();
        Ok(true)
    }

    /// Forgets `space` altogether, this device's own marks included, and gives the bytes back.
    pub(crate) fn forget(&self, space: &GroupId) -> Result<()> {
        self.wipe(space, 0, &[])?;
        let connection = self.lock();
        for table in MARKS.iter().chain(&["farewell"]) {
            connection.execute(&format!("DELETE FROM {table} WHERE space = ?1"), [space.as_bytes()])?;
        }
        self.counts.forget(space);
        deleted::note_scrub(&connection)?;
        deleted::empty_log(&connection)?;
        self.scrub_due.notify_one();
        Ok(())
    }
}

/// Notes the boards that were drawn on and have more elements than are shown, under whoever drew last.
fn note_full_boards(
    transaction: &Transaction<'_>,
    space: &GroupId,
    page: &[Opened],
    changes: &mut Vec<Change>,
) -> Result<()> {
    let drawn = changes.iter().filter_map(|change| if let Change::Drawn(board) = change { Some(*board) } else { None });
    let drawn: std::collections::BTreeSet<_> = drawn.collect();
    for board in drawn {
        if boards::count(transaction, space, &board)? > boards::ELEMENTS
            && let Some(last) = page.last()
        {
            changes.push(Change::Nonsense(last.author, "draws more on a board than it holds".into()));
        }
    }
    Ok(())
}

/// Takes in that the space is called so from a time on.
fn call(
    transaction: &Transaction<'_>,
    source: &Source,
    name: &str,
    since: Hlc,
    changes: &mut Vec<Change>,
) -> Result<()> {
    let newer = transaction
        .prepare_cached(
            "INSERT INTO name VALUES (?1, ?2, ?3, ?4) ON CONFLICT (space) DO UPDATE
             SET name = excluded.name, clock = excluded.clock, hash = excluded.hash
             WHERE (excluded.clock, excluded.hash) > (name.clock, name.hash)",
        )?
        .execute(params![source.space.as_bytes(), name, sql_clock(since), source.hash.as_bytes()])?;
    changes.extend((newer > 0).then_some(Change::Name));
    Ok(())
}

pub(super) fn apply_op(
    transaction: &Transaction<'_>,
    source: &Source,
    op: Op,
    reader: &Reader,
    changes: &mut Vec<Change>,
    added: &mut Vec<Added>,
) -> Result<()> {
    let (space, hash, clock) = (source.space.as_bytes(), source.hash.as_bytes(), sql_clock(source.clock));
    match op {
        Op::Imported { imported } => imported::apply(transaction, source, imported, reader, changes, added)?,
        Op::Name { .. } if source.level < Level::Manage => {
            changes.push(Change::Nonsense(source.author, "names the space without being a manager".into()));
        }
        Op::Name { name } => {
            issues::note_name(transaction, source, &name)?;
            call(transaction, source, &name, source.clock, changes)?;
        }
        Op::RoomName { .. } if source.level < Level::Manage => {
            changes.push(Change::Nonsense(source.author, "names a room without being a manager".into()));
        }
        // Nobody could ever say a later one.
        Op::RoomName { since, .. } if since > source.clock => {
            changes.push(Change::Nonsense(source.author, "names a room by a title that is still to come".into()));
        }
        Op::RoomName { name, since } => call(transaction, source, &name, since, changes)?,
        Op::Direct {} if source.level < Level::Manage => {
            changes
                .push(Change::Nonsense(source.author, "makes a direct talk of a space without being a manager".into()));
        }
        Op::Direct {} => {
            transaction.prepare_cached("INSERT OR IGNORE INTO direct VALUES (?1)")?.execute([space])?;
            changes.push(Change::Name);
        }
        Op::Room { kind, parent } => guests::be(transaction, source, kind, &parent, changes)?,
        Op::Profile { profile } => {
            show(transaction, source, &source.person, &source.device, profile, true)?;
            changes.push(Change::Profile(source.person));
        }
        Op::Introduce { person, device, profile } => {
            if show(transaction, source, &person, &device, profile, false)? {
                changes.push(Change::Profile(person));
            }
        }
        Op::Message { text, nonce, file, reply, place } => {
            let words =
                Words { text: &text, nonce: nonce.as_deref(), file: file.as_ref(), reply: reply.as_ref(), place };
            let new = insert_message(transaction, source, &words, reader)?;
            changes.push(Change::Message(source.hash));
            // Somebody may have deleted it before it came.
            if !deleted::settle(transaction, &source.space, &source.hash, changes)? {
                added.extend(new);
            }
        }
        Op::File { name, size, blob } => {
            let Ok(size) = i64::try_from(size) else {
                changes.push(Change::Nonsense(source.author, "a file of impossible size".into()));
                return Ok(());
            };
            let new = transaction
                .prepare_cached("INSERT OR IGNORE INTO file VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?
                .execute(params![
                    hash,
                    space,
                    clock,
                    source.author.as_bytes(),
                    source.person.as_bytes(),
                    name,
                    size,
                    blob.as_bytes()
                ])?;
            // Whoever imports a file says for itself whether it has it.
            if source.device == source.author {
                insert_holds(transaction, source, blob.as_bytes())?;
            }
            changes.extend((new > 0).then_some(Change::FileAdded(source.hash)));
        }
        Op::Unlist { file } => {
            let new = transaction
                .prepare_cached("INSERT OR IGNORE INTO unlisted VALUES (?1, ?2, ?3, ?4)")?
                .execute(params![space, file.as_bytes(), source.person.as_bytes(), source.level >= Level::Manage])?;
            changes.extend((new > 0).then_some(Change::FileRemoved(file)));
        }
        Op::Make { kind, fields } => {
            topics::make(transaction, source, kind)?;
            registers::set(transaction, source, source.hash, fields, changes)?;
            changes.push(Change::Made(source.hash));
        }
        Op::Delete { object, place } => deleted::delete(transaction, source, &object, place, changes)?,
        Op::Set { object, fields } => registers::set(transaction, source, object, fields, changes)?,
        Op::Holds { blobs } => {
            for blob in blobs {
                insert_holds(transaction, source, blob.as_bytes())?;
                let mut files = transaction.prepare_cached("SELECT hash FROM file WHERE space = ?1 AND blob = ?2")?;
                let rows = files.query_map(params![space, blob.as_bytes()], |row| super::entry_at(row, 0))?;
                for file in rows {
                    changes.push(Change::FileChanged(file?));
                }
            }
        }
    }
    Ok(())
}

/// Shows a person and a device from now on as `profile` says, unless what is shown goes before it: what they wrote
/// themselves goes before what others wrote for them, then the later. Whether anything changed.
fn show(
    transaction: &Transaction<'_>,
    source: &Source,
    person: &GroupId,
    device: &DeviceId,
    profile: Profile,
    own: bool,
) -> Result<bool> {
    let (space, hash, clock) = (source.space.as_bytes(), source.hash.as_bytes(), sql_clock(source.clock));
    let devices = transaction
        .prepare_cached(
            "INSERT INTO device VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (space, device) DO UPDATE
             SET name = excluded.name, own = excluded.own, clock = excluded.clock, hash = excluded.hash
             WHERE (excluded.own, excluded.clock, excluded.hash) > (device.own, device.clock, device.hash)",
        )?
        .execute(params![space, device.as_bytes(), profile.device_name, own, clock, hash])?;
    let people = transaction
        .prepare_cached(
            "INSERT INTO profile VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (space, person) DO UPDATE
             SET name = excluded.name, picture = excluded.picture, own = excluded.own, clock = excluded.clock,
             hash = excluded.hash
             WHERE (excluded.own, excluded.clock, excluded.hash) > (profile.own, profile.clock, profile.hash)",
        )?
        .execute(params![space, person.as_bytes(), profile.name, profile.picture, own, clock, hash])?;
    Ok(devices + people > 0)
}

/// What a message says.
pub(super) struct Words<'a> {
    pub(super) text: &'a str,
    pub(super) nonce: Option<&'a str>,
    pub(super) file: Option<&'a EntryHash>,
    pub(super) reply: Option<&'a EntryHash>,
    pub(super) place: Option<EntryHash>,
}

/// Adds a message, if it is not there yet; what that makes unread.
pub(super) fn insert_message(
    transaction: &Transaction<'_>,
    source: &Source,
    words: &Words<'_>,
    reader: &Reader,
) -> Result<Option<Added>> {
    let mine = source.person == reader.person;
    let mention = !mine && mentions(words.text, &reader.name);
    let read = mine
        || match seen::is_read(transaction, &source.space, &source.author, source.seq)? {
            Some(read) => read,
            None => source.clock < reader.since,
        };
    let place = topics::moved(transaction, &source.space, &source.hash)?.unwrap_or(words.place);
    if let Some(place) = &place {
        topics::note_place(transaction, &source.space, place)?;
    }
    let new = transaction
        .prepare_cached(
            "INSERT OR IGNORE INTO message VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, NULL)",
        )?
        .execute(params![
            source.space.as_bytes(),
            sql_clock(source.clock),
            source.hash.as_bytes(),
            source.author.as_bytes(),
            source.person.as_bytes(),
            source.seq as i64,
            source.position as i64,
            words.text,
            words.nonce,
            words.file.map(EntryHash::as_bytes),
            words.reply.map(EntryHash::as_bytes),
            place.as_ref().map(EntryHash::as_bytes),
            mention,
            !read
        ])?;
    Ok((new > 0 && !read).then_some(Added { place, mention }))
}

fn insert_holds(transaction: &Transaction<'_>, source: &Source, blob: &[u8; 32]) -> Result<()> {
    transaction.prepare_cached("INSERT OR IGNORE INTO holds VALUES (?1, ?2, ?3)")?.execute(params![
        source.space.as_bytes(),
        blob,
        source.author.as_bytes()
    ])?;
    Ok(())
}

/// Whether a text names somebody: an `@` before the full or the first name, or before "everyone", in any case, not inside a
/// longer word.
fn mentions(text: &str, name: &str) -> bool {
    let text = text.to_lowercase();
    let full = name.to_lowercase();
    let first = full.split_whitespace().next().unwrap_or(&full);
    text.match_indices('@').any(|(at, _)| {
        let rest = &text[at + 1..];
        [full.as_str(), first, "everyone"].into_iter().filter(|name| !name.is_empty()).any(|name| {
            rest.strip_prefix(name).is_some_and(|after| !after.chars().next().is_some_and(char::is_alphanumeric))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::super::entries;
    use super::*;

    const SPACE: GroupId = GroupId::from_bytes([1; 32]);
    const CY: GroupId = GroupId::from_bytes([2; 32]);
    const ANN: GroupId = GroupId::from_bytes([3; 32]);
    const LAPTOP: DeviceId = DeviceId::from_bytes(*CY.as_bytes());

    fn reader() -> Reader {
        Reader { person: ANN, name: "Ann".into(), since: Hlc::default() }
    }

    fn profile(name: &str) -> Profile {
        Profile { name: name.into(), device_name: format!("{name}'s laptop"), picture: None }
    }

    fn introduction(name: &str) -> Op {
        Op::Introduce { person: CY, device: LAPTOP, profile: profile(name) }
    }

    /// The entry number `n`, written by Cy, or by Ann.
    fn entry(n: u8, by: GroupId, clock: u64, op: &Op) -> Opened {
        entries::entry(n, by, Level::Write, clock, op)
    }

    /// What is shown in the end, whatever the order of arrival: name, device name, and whether it is Cy's own word.
    fn shown(entries: &[Opened]) -> (String, String, bool) {
        let dir = tempfile::tempdir().expect("folder");
        let view = View::open(dir.path()).expect("view");
        let mut outcomes = entries::orders(entries).into_iter().map(|order| {
            view.wipe(&SPACE, 0, &[]).expect("wipes");
            for entry in order {
                view.apply(SPACE, &[entry], Cursor::default(), &reader()).expect("applies");
            }
            let shown = view.profile(&SPACE, &CY).expect("reads").expect("is there");
            (shown.name, view.devices(&SPACE).expect("reads")[&LAPTOP].clone(), shown.own)
        });
        let first = outcomes.next().expect("an order");
        assert!(outcomes.all(|outcome| outcome == first), "the order of arrival matters");
        first
    }

    #[test]
    fn among_introductions_the_last_wins() {
        let said = [
            entry(1, ANN, 10, &introduction("Cy")),
            entry(4, ANN, 20, &introduction("Cyrus")),
            entry(3, ANN, 20, &introduction("Cylon")),
            entry(2, ANN, 15, &introduction("Cyd")),
        ];
        // Two at one time: the greater hash.
        assert_eq!(shown(&said), ("Cyrus".into(), "Cyrus's laptop".into(), false));
    }

    #[test]
    fn what_somebody_wrote_themselves_wins_over_what_others_say() {
        let said = [
            entry(1, ANN, 10, &introduction("Cy")),
            entry(2, CY, 20, &Op::Profile { profile: profile("Cyrus") }),
            entry(3, CY, 15, &Op::Profile { profile: profile("Cyd") }),
            entry(4, ANN, 30, &introduction("Villain")),
        ];
        assert_eq!(shown(&said), ("Cyrus".into(), "Cyrus's laptop".into(), true));
    }

    #[test]
    fn elsewhere_only_the_word_of_those_who_share_a_space_counts() {
        let dir = tempfile::tempdir().expect("folder");
        let view = View::open(dir.path()).expect("view");
        let other = GroupId::from_bytes([9; 32]);
        view.apply(SPACE, &[entry(1, ANN, 10, &introduction("Cy"))], Cursor::default(), &reader()).expect("applies");
        view.apply(other, &[entry(2, ANN, 20, &introduction("Villain"))], Cursor::default(), &reader())
            .expect("applies");
        let name = |knows: fn(&GroupId) -> bool| view.person(&CY, knows).expect("reads").map(|(name, _)| name);
        assert_eq!(name(|space| *space == SPACE).as_deref(), Some("Cy"));
        assert_eq!(name(|_| false), None);
        let device = view.device_name(&LAPTOP, |space| *space == SPACE).expect("reads");
        assert_eq!(device.as_deref(), Some("Cy's laptop"));
        let own = entry(3, CY, 5, &Op::Profile { profile: profile("Cyrus") });
        view.apply(SPACE, &[own], Cursor::default(), &reader()).expect("applies");
        assert_eq!(name(|_| true).as_deref(), Some("Cyrus"), "also when it is older");
    }

    #[test]
    fn mentions_are_whole_names() {
        for yes in ["@Ann do we?", "hello @ann lee", "(@ANN)", "@Ann Lee.", "@everyone: lunch"] {
            assert!(mentions(yes, "Ann Lee"), "{yes}");
        }
        for no in ["Ann", "@Anna", "mail ann@lee.example", "@", "@everyones", ""] {
            assert!(!mentions(no, "Ann Lee"), "{no}");
        }
        assert!(!mentions("@", ""));
    }
}
