//! Names and pictures, of spaces, people and devices; and the spaces that are being left.

use compeer_core::{DeviceId, GroupId};
use rusqlite::OptionalExtension;

use super::{Result, View};
use crate::model::SAID;

/// How a person is shown in a space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) name: String,
    pub(crate) picture: Option<Vec<u8>>,
    /// They wrote it themselves; somebody else did otherwise.
    pub(crate) own: bool,
}

impl View {
    /// The space's name, once it is known.
    pub(crate) fn name(&self, space: &GroupId) -> Result<Option<String>> {
        Ok(self
            .lock()
            .prepare_cached("SELECT name FROM name WHERE space = ?1")?
            .query_row([space.as_bytes()], |row| row.get(0))
            .optional()?)
    }

    /// The names that people go by in `space`, and whether they have a picture.
    pub(crate) fn people(&self, space: &GroupId) -> Result<std::collections::HashMap<GroupId, (String, bool)>> {
        let connection = self.lock();
        let mut statement =
            connection.prepare_cached("SELECT person, name, picture IS NOT NULL FROM profile WHERE space = ?1")?;
        let bare = |name: String| match name.strip_suffix(SAID) {
            Some(bare) if self.bare_names => bare.to_owned(),
            _ => name,
        };
        let rows = statement
            .query_map([space.as_bytes()], |row| Ok((super::group_at(row, 0)?, (bare(row.get(1)?), row.get(2)?))))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// What devices are called in `space`.
    pub(crate) fn devices(&self, space: &GroupId) -> Result<std::collections::HashMap<DeviceId, String>> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached("SELECT device, name FROM device WHERE space = ?1")?;
        let rows = statement.query_map([space.as_bytes()], |row| Ok((super::device_at(row, 0)?, row.get(1)?)))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// How a person is shown in `space`.
    pub(crate) fn profile(&self, space: &GroupId, person: &GroupId) -> Result<Option<Shown>> {
        Ok(self
            .lock()
            .prepare_cached("SELECT name, picture, own FROM profile WHERE space = ?1 AND person = ?2")?
            .query_row([space.as_bytes(), person.as_bytes()], |row| {
                Ok(Shown { name: row.get(0)?, picture: row.get(1)?, own: row.get(2)? })
            })
            .optional()?)
    }

    /// The newest name by which a device is known in any space. What others called it counts only in a space that
    /// `knows` the device: nobody shall rename strangers.
    pub(crate) fn device_name(&self, device: &DeviceId, knows: impl Fn(&GroupId) -> bool) -> Result<Option<String>> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached(
            "SELECT space, own, name FROM device WHERE device = ?1 ORDER BY own DESC, clock DESC, hash DESC",
        )?;
        let mut rows = statement.query([device.as_bytes()])?;
        while let Some(row) = rows.next()? {
            if row.get(1)? || knows(&super::group_at(row, 0)?) {
                return Ok(Some(row.get(2)?));
            }
        }
        Ok(None)
    }

    /// The newest name and picture of a person in any space. What others said counts only in a space that `knows` the
    /// person, and only when the person has said nothing anywhere.
    pub(crate) fn person(
        &self,
        person: &GroupId,
        knows: impl Fn(&GroupId) -> bool,
    ) -> Result<Option<(String, Option<Vec<u8>>)>> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached(
            "SELECT space, own, name, picture FROM profile WHERE person = ?1 ORDER BY own DESC, clock DESC, hash DESC",
        )?;
        let mut rows = statement.query([person.as_bytes()])?;
        while let Some(row) = rows.next()? {
            if row.get(1)? || knows(&super::group_at(row, 0)?) {
                return Ok(Some((row.get(2)?, row.get(3)?)));
            }
        }
        Ok(None)
    }

    /// The spaces that are off this device's list and kept only until others know that I left, or that they ended.
    pub(crate) fn farewells(&self) -> Result<Vec<GroupId>> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached("SELECT space FROM farewell")?;
        let rows = statement.query_map([], |row| super::group_at(row, 0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Puts a space on the list again that was taken off.
    pub(crate) fn end_farewell(&self, space: &GroupId) -> Result<()> {
        self.lock().execute("DELETE FROM farewell WHERE space = ?1", [space.as_bytes()])?;
        Ok(())
    }

    /// Takes a space off the list, and its content out of the view, until others know.
    pub(crate) fn begin_farewell(&self, space: &GroupId) -> Result<()> {
        self.lock().execute("INSERT OR IGNORE INTO farewell VALUES (?1)", [space.as_bytes()])?;
        self.wipe(space, 0, &[])
    }
}
