//! What was imported: taken in as if it had been written here by whom it is said to be by, under names that nothing else has.

use compeer_core::group::Level;
use compeer_core::{EntryHash, limits};
use compeer_journal::Dropped;
use rusqlite::{OptionalExtension, Transaction, params};

use super::apply::{Change, Reader, Source, apply_op};
use super::unread::Added;
use super::{Result, deleted, entry_at, issues};
use crate::model::{Imported, Importer, Op, Rename, SAID};

/// Takes in one entry that was imported.
pub(super) fn apply(
    transaction: &Transaction<'_>,
    source: &Source,
    imported: Imported,
    reader: &Reader,
    changes: &mut Vec<Change>,
    added: &mut Vec<Added>,
) -> Result<()> {
    let nonsense = |what: &str| Change::Nonsense(source.author, what.into());
    // What is imported may be older than what is here, and must not win over what will be.
    if imported.clock.millis() > source.clock.millis().saturating_add(limits::CLOCK_AHEAD_MS) {
        changes.push(nonsense("imports something from the future"));
        return Ok(());
    }
    let Ok(op) = imported.op() else {
        changes.push(nonsense("imports something that is no operation"));
        return Ok(());
    };
    let by = Importer { space: source.space, device: source.author };
    let (hash, person) = (by.entry(imported.id), by.person(imported.person));
    let new = transaction
        .prepare_cached("INSERT OR IGNORE INTO imported VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![hash.as_bytes(), source.space.as_bytes(), source.hash.as_bytes(), imported.id.as_bytes()])?;
    if new == 0 {
        changes.push(nonsense("imports the same twice"));
        return Ok(());
    }
    transaction.prepare_cached("INSERT OR IGNORE INTO imported_person VALUES (?1, ?2, ?3)")?.execute(params![
        source.space.as_bytes(),
        person.as_bytes(),
        imported.person.as_bytes()
    ])?;
    let mut inner = Source { hash, person, device: by.device(imported.device), clock: imported.clock, ..*source };
    inner.level = if imported.manages { Level::Manage } else { Level::Write };
    let Some(op) = op else {
        let Source { hash, author, seq, clock, position, .. } = inner;
        let dropped = Dropped { position, hash, author, person: Some(person), seq, clock };
        // It said nothing before, so it left nothing.
        deleted::drop_entry(transaction, &source.space, &dropped, changes)?;
        return Ok(());
    };
    let mut op = op.renamed(&by);
    if is_about_the_space(&op, source) {
        inner.level = inner.level.min(source.level);
    }
    if let Op::Profile { profile } | Op::Introduce { profile, .. } = &mut op {
        profile.name.push_str(SAID);
    }
    if let Op::Introduce { person, .. } = &op {
        note_person(transaction, source, &imported, person)?;
    }
    apply_op(transaction, &inner, op, reader, changes, added)
}

/// Whether this changes the space itself, which whoever imports must be allowed to.
fn is_about_the_space(op: &Op, source: &Source) -> bool {
    match op {
        Op::Name { .. } => true,
        Op::Set { object, .. } => *object == issues::itself(&source.space),
        _ => false,
    }
}

/// Remembers who somebody was that others introduced.
fn note_person(
    transaction: &Transaction<'_>,
    source: &Source,
    imported: &Imported,
    person: &compeer_core::GroupId,
) -> Result<()> {
    if let Ok(Some(Op::Introduce { person: original, .. })) = imported.op() {
        transaction.prepare_cached("INSERT OR IGNORE INTO imported_person VALUES (?1, ?2, ?3)")?.execute(params![
            source.space.as_bytes(),
            person.as_bytes(),
            original.as_bytes()
        ])?;
    }
    Ok(())
}

/// Forgets that an entry imported something; what that is called here, if it did.
pub(super) fn taken_back(transaction: &Transaction<'_>, entry: &EntryHash) -> Result<Option<EntryHash>> {
    Ok(transaction
        .prepare_cached("DELETE FROM imported WHERE entry = ?1 RETURNING hash")?
        .query_row([entry.as_bytes()], |row| entry_at(row, 0))
        .optional()?)
}

#[cfg(test)]
mod tests {
    use compeer_core::{DeviceId, GroupId, Hlc};
    use compeer_journal::{Cursor, Opened};

    use super::super::entries;
    use super::*;
    use crate::model::{Field, Profile};
    use crate::view::{View, Which};

    const SPACE: GroupId = GroupId::from_bytes([1; 32]);
    const ANN: GroupId = GroupId::from_bytes([3; 32]);
    const MALLORY: GroupId = GroupId::from_bytes([4; 32]);

    fn entry(n: u8, by: GroupId, clock: u64, op: &Op) -> Opened {
        entries::entry(n, by, Level::Write, clock, op)
    }

    fn words(text: &str) -> Op {
        Op::Message { text: text.into(), nonce: None, file: None, reply: None, place: None }
    }

    /// Mallory says that Ann wrote this.
    fn forged(n: u8, id: EntryHash, clock: u64, op: &Op) -> Opened {
        let op = Some(op.encode().expect("encodes"));
        let device = DeviceId::from_bytes(*ANN.as_bytes());
        let imported = Imported { id, clock: Hlc::new(clock, 0), person: ANN, device, manages: true, op };
        entry(n, MALLORY, 1000 + u64::from(n), &Op::Imported { imported })
    }

    #[test]
    fn nothing_that_is_here_is_touched_by_what_is_imported_whatever_comes_first() {
        let real = EntryHash::from_bytes([10; 32]);
        let itself = EntryHash::from_bytes(*SPACE.as_bytes());
        let profile = Profile { name: "Villain".into(), device_name: "x".into(), picture: None };
        let space_name = Op::Name { name: "Taken".into() };
        let said = [
            entry(10, ANN, 10, &words("what Ann said")),
            forged(11, real, 10, &words("what Ann never said")),
            forged(
                12,
                EntryHash::from_bytes([12; 32]),
                20,
                &Op::Set {
                    object: real,
                    fields: vec![Field::Text { text: "changed".into() }, Field::Pinned { on: true }],
                },
            ),
            forged(13, EntryHash::from_bytes([13; 32]), 30, &Op::Delete { object: real, place: None }),
            forged(14, EntryHash::from_bytes([14; 32]), 40, &Op::Profile { profile }),
            forged(15, EntryHash::from_bytes([15; 32]), 50, &space_name),
        ];
        let later = forged(16, EntryHash::from_bytes([16; 32]), 10_000_000_000, &words("from the future"));
        let reader = Reader { person: GroupId::from_bytes([9; 32]), name: String::new(), since: Hlc::default() };
        let dir = tempfile::tempdir().expect("folder");
        let view = View::open(dir.path()).expect("view");
        for order in entries::orders(&said) {
            view.wipe(&SPACE, 0, &[]).expect("wipes");
            for entry in order.into_iter().chain([later.clone()]) {
                view.apply(SPACE, &[entry], Cursor::default(), &reader).expect("applies");
            }
            let (rows, _) = view.messages(&SPACE, Which::All, None, None, 10).expect("reads");
            let ann = rows.iter().find(|row| row.hash == real).expect("Ann's words are here");
            assert_eq!((ann.text.as_str(), ann.person, ann.imported, ann.pinned), ("what Ann said", ANN, false, false));
            assert!(ann.deleted.is_none());
            // What was forged is there under another name, was changed and deleted itself, and is nobody's who is here.
            let [other] = rows.iter().filter(|row| row.hash != real).collect::<Vec<_>>()[..] else {
                panic!("{rows:?}")
            };
            assert!(other.imported && other.deleted.is_some() && other.person != ANN, "{other:?}");
            let names = view.people(&SPACE).expect("reads");
            assert_eq!(names[&other.person].0, "Villain (imported)");
            assert!(!names.contains_key(&ANN), "Ann has said no name");
            assert_eq!(view.name(&SPACE).expect("reads"), None, "only who manages the space names it");
            assert_eq!(view.title(&SPACE, &itself).expect("reads"), None);
        }
    }
}
