//! A page that somebody has open: what others write on it, who is there and where they write.

use std::collections::HashSet;

use compeer_core::group::Level;
use compeer_core::{DeviceId, EntryHash, GroupId};

use super::super::Spaces;
use super::super::rooms::Seat;
use super::session_number;
use crate::error::ActError;
use crate::model::update::peer_of;
use crate::model::{BoardPerson, Showing, StepError};

/// What a page in the browser is told of a page.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PageNews {
    /// What was written, but for what this session wrote itself: updates of Loro.
    pub written: Vec<Vec<u8>>,
    /// Who is there now, this device not among them, when somebody came or went.
    pub here: Option<Vec<(DeviceId, BoardPerson)>>,
    /// Where the others write now, of those that write elsewhere than before, in the page's own words.
    pub shown: Vec<(DeviceId, Vec<u8>)>,
}

/// A page that is open in a browser. Others see this device on it until the last such session is dropped.
pub struct PageSession {
    spaces: Spaces,
    seat: Seat,
    peer: u64,
    /// Up to which number of the view this session was told what is written.
    told: i64,
    /// What it wrote itself and was not passed over yet.
    own: HashSet<EntryHash>,
}

impl Spaces {
    /// Opens a page: from now on this device is seen there. What was written before is not among the news: it is in the state,
    /// for which is asked after this.
    pub async fn open_page(&self, space: GroupId, page: EntryHash) -> Result<PageSession, ActError> {
        self.rules_for(&space, Level::Read)?;
        self.page(space, page).await?;
        let told = self.read_page((space, page)).await?.number;
        let peer = peer_of(&self.inner.journal.device(), session_number()?);
        let seat = self.sit_down((space, page));
        Ok(PageSession { spaces: self.clone(), seat, peer, told, own: HashSet::new() })
    }
}

impl PageSession {
    /// The number by which Loro shall know this session.
    #[must_use]
    pub fn peer(&self) -> u64 {
        self.peer
    }

    /// Whether something can be written.
    #[must_use]
    pub fn can_write(&self) -> bool {
        self.spaces.rules_for(&self.seat.key.0, Level::Write).is_ok()
    }

    /// Writes an update. It is durable on this device when this returns.
    pub async fn write(&mut self, update: Vec<u8>) -> Result<(), ActError> {
        let written = self.spaces.write_page(self.seat.key, update).await?;
        self.own.insert(written);
        Ok(())
    }

    /// Shows the others where is written.
    pub fn show(&self, cursor: Vec<u8>) -> Result<(), StepError> {
        self.seat.show(Showing { cursor, ..Showing::default() })
    }

    /// What is new; waits until something is, and may be given up at any time. Fails with [`ActError::PageAnew`] when something
    /// that was told does not count any more.
    pub async fn next(&mut self) -> Result<PageNews, ActError> {
        loop {
            let news = self.look().await?;
            if news != PageNews::default() {
                return Ok(news);
            }
            self.seat.changed().await;
        }
    }

    async fn look(&mut self) -> Result<PageNews, ActError> {
        let (space, page) = self.seat.key;
        self.spaces.rules_for(&space, Level::Read)?;
        let drawn = self.seat.is_drawn();
        let mut written = Vec::new();
        let mut upto = self.told;
        if drawn.is_some() {
            let loaded = self.spaces.read_page(self.seat.key).await?;
            let waiting: HashSet<EntryHash> = loaded.waiting.iter().copied().collect();
            upto = loaded.number;
            drop(loaded);
            let told = self.told;
            let look = move |view: &crate::view::View| {
                Ok((view.page_floors(&space, &page)?.floor, view.page_updates(&space, &page, told)?))
            };
            let (floor, updates) = self.spaces.inner.view.with(look).await?;
            if told < floor {
                return Err(ActError::PageAnew);
            }
            written = updates;
            written.retain(|update| update.number <= upto && !waiting.contains(&update.hash));
        }
        let found = self.seat.look().await?;
        // Nothing is waited for from here on: who stops waiting for news loses none.
        let mut news = PageNews { here: found.here, ..PageNews::default() };
        if let Some(count) = drawn {
            news.written = written
                .into_iter()
                .filter(|update| !self.own.remove(&update.hash))
                .map(|update| update.bytes)
                .collect();
            self.told = upto;
            self.seat.has_drawn(count);
        }
        news.shown = found.shown.into_iter().map(|(device, _, showing)| (device, showing.cursor.clone())).collect();
        Ok(news)
    }
}
