//! Files: listing what lies here, seeing what others have, and who may be served what.

mod gather;
mod share;

use std::collections::{BTreeSet, HashMap};

use compeer_core::group::{Level, Rules};
use compeer_core::{BlobHash, DeviceId, EntryHash, GroupId};

pub use self::gather::{LeftOut, NamedFile};
pub use self::share::{Listed, SameName, Shared};
use super::{Spaces, name_or_id};
use crate::error::ActError;
use crate::model::{FileInfo, FileState, HOLDS_PER_OP, Op, TransferId};
use crate::view::{FileRow, View};

impl Spaces {
    /// Those of `files` that are listed, in the same order.
    pub(super) async fn files_by(&self, space: GroupId, files: Vec<EntryHash>) -> Result<Vec<FileInfo>, ActError> {
        let rules = self.rules(&space)?;
        let rows = self.inner.view.with(move |view| view.files_by(&space, &files)).await?;
        if let [row] = rows.as_slice() {
            return Ok(vec![self.file(space, row.hash).await?]);
        }
        self.file_infos(&space, &rules, rows).await
    }

    /// The files of a space, by name.
    pub async fn files(&self, space: GroupId) -> Result<Vec<FileInfo>, ActError> {
        let rules = self.rules(&space)?;
        self.catch_up(space).await;
        let rows = self.inner.view.with(move |view| view.files(&space)).await?;
        self.file_infos(&space, &rules, rows).await
    }

    /// The files of a space that go by a name, or the one whose id it is.
    pub async fn files_named(&self, space: GroupId, name: String) -> Result<Vec<FileInfo>, ActError> {
        let rules = self.rules(&space)?;
        self.catch_up(space).await;
        let id = name.parse().ok();
        let look = move |view: &View| match id.map(|id| view.file(&space, &id)).transpose()?.flatten() {
            Some(row) => Ok(vec![row]),
            None => view.files_named(&space, None, &name),
        };
        let rows = self.inner.view.with(look).await?;
        self.file_infos(&space, &rules, rows).await
    }

    /// One file, with the place where it lies here.
    pub async fn file(&self, space: GroupId, file: EntryHash) -> Result<FileInfo, ActError> {
        let rules = self.rules(&space)?;
        let row = self.inner.view.with(move |view| view.file(&space, &file)).await?.ok_or(ActError::UnknownFile)?;
        let blob = row.blob;
        let mut infos = self.file_infos(&space, &rules, vec![row]).await?;
        let mut info = infos.pop().ok_or(ActError::UnknownFile)?;
        if info.state == FileState::Here {
            let places = self.inner.blobs.places(blob).await.map_err(compeer_blobs::AddError::from)?;
            info.path = places.into_iter().find(|path| path.exists());
        }
        Ok(info)
    }

    /// Takes a file off the list. The file itself stays where it is.
    pub async fn unlist(&self, space: GroupId, file: EntryHash) -> Result<(), ActError> {
        let rules = self.rules_for(&space, Level::Write)?;
        let row = self.inner.view.with(move |view| view.file(&space, &file)).await?.ok_or(ActError::UnknownFile)?;
        let manager = rules.level(&self.inner.journal.device()) >= Some(Level::Manage);
        if row.person != self.person_id()? && !manager {
            return Err(ActError::NeedsManage);
        }
        self.inner.journal.append(space, Op::Unlist { file }.encode()?).await?;
        Ok(())
    }

    /// Tells a space that these blobs lie here, too, as far as this device has not said so there.
    pub(super) async fn announce_holding(&self, space: GroupId, blobs: Vec<BlobHash>) {
        // Who may only read cannot say it, so nobody asks here.
        if blobs.is_empty() || self.rules_for(&space, Level::Write).is_err() {
            return;
        }
        if let Err(error) = self.try_announce_holding(space, blobs).await {
            tracing::warn!(space = %space.short(), %error, "could not say which files are here");
        }
    }

    async fn try_announce_holding(&self, space: GroupId, blobs: Vec<BlobHash>) -> Result<(), ActError> {
        let own = self.inner.journal.device();
        let unsaid = self.inner.view.with(move |view| view.not_said_held(&space, &own, blobs)).await?;
        for chunk in unsaid.chunks(HOLDS_PER_OP) {
            self.inner.journal.append(space, Op::Holds { blobs: chunk.to_vec() }.encode()?).await?;
        }
        Ok(())
    }

    /// Which of `blobs` may be served to `device`, in their order: it may read a space in which this device offers them.
    /// Asked for every blob, so it only looks at indexes; call it where blocking is allowed.
    #[must_use]
    pub fn may_read_blobs(&self, device: &DeviceId, blobs: &[BlobHash]) -> Vec<bool> {
        // What cannot be looked up is not served.
        let topics = self.inner.view.spaces_served(blobs, &self.inner.journal.device()).unwrap_or_default();
        let mut readable: HashMap<GroupId, bool> = HashMap::new();
        let mut may_read = |topic: &GroupId| *readable.entry(*topic).or_insert_with(|| self.may_read(device, topic));
        topics.iter().map(|topics| topics.iter().any(&mut may_read)).collect()
    }

    fn may_read(&self, device: &DeviceId, space: &GroupId) -> bool {
        self.rules(space).is_ok_and(|rules| rules.ended().is_none() && rules.level(device) >= Some(Level::Read))
    }

    async fn file_infos(&self, space: &GroupId, rules: &Rules, rows: Vec<FileRow>) -> Result<Vec<FileInfo>, ActError> {
        let (space, single) = (*space, (rows.len() == 1).then(|| rows[0].blob));
        let (names, holders) = self
            .inner
            .view
            .with(move |view| {
                let holders = match single {
                    Some(blob) => HashMap::from([(blob, view.holders(&space, &blob)?)]),
                    None => view.all_holders(&space)?,
                };
                Ok((view.people(&space)?, holders))
            })
            .await?;
        let blobs = rows.iter().map(|row| row.blob).collect();
        let here = self.inner.blobs.has_many(blobs).await.map_err(compeer_blobs::AddError::from)?;
        let own = self.inner.journal.device();
        let infos = rows.into_iter().zip(here).map(|(row, here)| {
            let devices = holders.get(&row.blob).map(Vec::as_slice).unwrap_or_default();
            let says_held = devices.contains(&own);
            let members: BTreeSet<_> = devices
                .iter()
                // What this device said it holds counts only while it is true.
                .filter(|device| rules.level(device).is_some() && (**device != own || here))
                .filter_map(|device| rules.person_of(device))
                .collect();
            let state = if here {
                FileState::Here
            } else if self.is_fetching(&TransferId { space, file: row.hash }) {
                FileState::Fetching
            } else if says_held {
                FileState::Changed
            } else {
                FileState::Remote
            };
            FileInfo {
                id: row.hash,
                size: row.size,
                blob: row.blob,
                author: row.person,
                author_name: name_or_id(&names, &row.person),
                time: row.clock.millis(),
                holders: members.into_iter().collect(),
                state,
                path: None,
                name: row.name,
            }
        });
        Ok(infos.collect())
    }
}
