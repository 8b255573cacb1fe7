//! Which spaces are talks between people, and who is still to be brought into one.

use compeer_core::GroupId;
use rusqlite::{OptionalExtension, params};

use super::{Result, View, group_at};

impl View {
    /// Whether `space` is a direct talk.
    pub(crate) fn is_direct(&self, space: &GroupId) -> Result<bool> {
        Ok(self
            .lock()
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM direct WHERE space = ?1)")?
            .query_row([space.as_bytes()], |row| row.get(0))?)
    }

    /// Notes the invitation by which a person comes into a direct talk, until they are in it.
    pub(crate) fn add_welcome(&self, space: &GroupId, person: &GroupId, invite: &str) -> Result<()> {
        let row = params![space.as_bytes(), person.as_bytes(), invite];
        self.lock().prepare_cached("INSERT OR REPLACE INTO welcome VALUES (?1, ?2, ?3)")?.execute(row)?;
        Ok(())
    }

    /// All such notes: the space, the person, the invitation.
    pub(crate) fn welcomes(&self) -> Result<Vec<(GroupId, GroupId, String)>> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached("SELECT space, person, invite FROM welcome")?;
        let rows = statement.query_map([], |row| Ok((group_at(row, 0)?, group_at(row, 1)?, row.get(2)?)))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// They are in it, or will never be.
    pub(crate) fn drop_welcome(&self, space: &GroupId, person: &GroupId) -> Result<()> {
        let row = params![space.as_bytes(), person.as_bytes()];
        self.lock().prepare_cached("DELETE FROM welcome WHERE space = ?1 AND person = ?2")?.execute(row)?;
        Ok(())
    }

    /// Notes that `person` brought me into `space` as into a direct talk. It stays noted until it has shown to be one.
    pub(crate) fn note_welcomed(&self, space: &GroupId, person: &GroupId) -> Result<()> {
        let row = params![space.as_bytes(), person.as_bytes()];
        self.lock().prepare_cached("INSERT OR REPLACE INTO welcomed VALUES (?1, ?2)")?.execute(row)?;
        Ok(())
    }

    /// All spaces of which that is noted.
    pub(crate) fn all_welcomed(&self) -> Result<Vec<GroupId>> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached("SELECT space FROM welcomed")?;
        let rows = statement.query_map([], |row| group_at(row, 0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Who brought me into `space`, if it has not shown yet whether it is a direct talk.
    pub(crate) fn welcomed_by(&self, space: &GroupId) -> Result<Option<GroupId>> {
        Ok(self
            .lock()
            .prepare_cached("SELECT person FROM welcomed WHERE space = ?1")?
            .query_row([space.as_bytes()], |row| group_at(row, 0))
            .optional()?)
    }

    /// It has shown what it is.
    pub(crate) fn drop_welcomed(&self, space: &GroupId) -> Result<()> {
        self.lock().prepare_cached("DELETE FROM welcomed WHERE space = ?1")?.execute([space.as_bytes()])?;
        Ok(())
    }
}
