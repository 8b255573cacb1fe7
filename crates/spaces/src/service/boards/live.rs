//! A board that a page has open: what was drawn, who is there and what they show.

use std::sync::Arc;
use std::time::Duration;

use compeer_core::group::Level;
use compeer_core::{DeviceId, EntryHash, GroupId};
use tokio::time::Instant;

use super::super::Spaces;
use super::super::rooms::Seat;
use crate::error::ActError;
use crate::model::{BoardPerson, Drawing, Showing, Step, StepError};

/// A page is told at most this often: once for each picture that a screen draws.
const TOLD_EVERY: Duration = Duration::from_millis(14);

/// What a page is told of a board.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BoardNews {
    /// What was drawn.
    pub drawn: Option<Drawing>,
    /// Who is there now, this device not among them, when somebody came or went.
    pub here: Option<Vec<(DeviceId, BoardPerson)>>,
    /// What the others show, of those that show something else than before.
    pub shown: Vec<BoardShown>,
}

/// What somebody shows now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoardShown {
    /// On which device.
    pub device: DeviceId,
    /// How it came to be what it is.
    pub step: Step,
    /// All of it.
    pub now: Arc<Showing>,
}

/// A page that has a board open. Others see this device on it until the last such page is dropped.
pub struct BoardSession {
    spaces: Spaces,
    seat: Seat,
    /// What the page was told.
    since: Option<i64>,
    next: Instant,
}

impl Spaces {
    /// Opens a board for a page: from now on this device is seen there. The first news are all there is, unless the page has
    /// it all up to `since`.
    pub async fn open_board(
        &self,
        space: GroupId,
        board: EntryHash,
        since: Option<i64>,
    ) -> Result<BoardSession, ActError> {
        self.rules_for(&space, Level::Read)?;
        self.board(space, board).await?;
        let seat = self.sit_down((space, board));
        Ok(BoardSession { spaces: self.clone(), seat, since, next: Instant::now() })
    }
}

impl BoardSession {
    /// Shows something to the others on the board. Somebody who may only read shows no drawing.
    pub fn show(&self, showing: Showing) -> Result<(), StepError> {
        self.seat.show(showing)
    }

    /// What is new; waits until something is, and may be given up at any time. Whoever is slow misses what lay between and
    /// nothing of what is drawn.
    pub async fn next(&mut self) -> Result<BoardNews, ActError> {
        loop {
            tokio::time::sleep_until(self.next).await;
            let news = self.look().await?;
            if news != BoardNews::default() {
                self.next = Instant::now() + TOLD_EVERY;
                return Ok(news);
            }
            self.seat.changed().await;
        }
    }

    async fn look(&mut self) -> Result<BoardNews, ActError> {
        let (space, board) = self.seat.key;
        self.spaces.rules_for(&space, Level::Read)?;
        let drawn = self.seat.is_drawn();
        let drawing = match drawn {
            Some(_) => Some(self.spaces.drawing_here(space, board, self.since).await?),
            None => None,
        };
        let found = self.seat.look().await?;
        // Nothing is waited for from here on: who stops waiting for news loses none.
        let mut news = BoardNews { here: found.here, ..BoardNews::default() };
        if let (Some(drawing), Some(count)) = (drawing, drawn) {
            self.since = Some(drawing.upto);
            let told = self.seat.is_first() || drawing.all || !drawing.elements.is_empty();
            news.drawn = told.then_some(drawing);
            self.seat.has_drawn(count);
        }
        news.shown = found.shown.into_iter().map(|(device, step, now)| BoardShown { device, step, now }).collect();
        Ok(news)
    }
}
