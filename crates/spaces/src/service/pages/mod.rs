//! Pages: made, named, moved and put away; what is written on them (in `texts`), who is there and writes just now (in `live`), and
//! what they said before (in `history`).

mod history;
mod live;
mod order;
mod squash;
mod texts;

use std::collections::{HashMap, HashSet};

use compeer_core::group::Level;
use compeer_core::{EntryHash, GroupId};

pub use self::live::{PageNews, PageSession};
pub(super) use self::texts::Texts;
use super::{Spaces, name_or_id};
use crate::error::ActError;
use crate::model::update::peer_of;
use crate::model::{BoardPerson, Field, Kind, Op, OpError, PageChange, PageInfo};
use crate::pages::{MARKDOWN_BYTES, write_markdown};
use crate::view::{ByPlace, PageRow, View};

/// Pages that are handed out.
const LISTED: usize = 5_000;

impl Spaces {
    /// The pages of a space, in the order of their places.
    pub async fn pages(&self, space: GroupId) -> Result<Vec<PageInfo>, ActError> {
        self.rules(&space)?;
        self.catch_up(space).await;
        let look =
            move |view: &View| Ok((view.pages(&space, LISTED)?, view.people(&space)?, view.unread_by_place(&space)?));
        let (rows, names, unread) = self.inner.view.with(look).await?;
        let above = above(&rows);
        Ok(rows.into_iter().map(|row| self.page_info(space, row, &above, &names, &unread)).collect())
    }

    /// One page.
    pub async fn page(&self, space: GroupId, id: EntryHash) -> Result<PageInfo, ActError> {
        // Where it stands depends on the others.
        self.pages(space).await?.into_iter().find(|page| page.id == id).ok_or(ActError::UnknownPage)
    }

    /// Makes a page under another one, or at the top, as the last one there; with some text.
    pub async fn create_page(
        &self,
        space: GroupId,
        title: String,
        parent: Option<EntryHash>,
        markdown: String,
    ) -> Result<PageInfo, ActError> {
        self.person_id()?;
        self.rules_to_make(&space)?;
        if markdown.len() > MARKDOWN_BYTES {
            return Err(OpError::TooLong.into());
        }
        let pages = self.pages(space).await?;
        if parent.is_some_and(|parent| !pages.iter().any(|page| page.id == parent)) {
            return Err(ActError::UnknownPage);
        }
        let last = pages.iter().filter(|page| page.parent == parent).map(|page| page.order.as_str()).max();
        let mut fields = vec![Field::Title { text: title }, Field::Order { key: order::after(last) }];
        fields.extend(parent.map(|page| Field::PageParent { page: Some(page) }));
        // Checked before anything is written.
        Op::Make { kind: Kind::Page, fields: fields.clone() }.encode()?;
        let peer = peer_of(&self.inner.journal.device(), session_number()?);
        let written = tokio::task::spawn_blocking(move || write_markdown(peer, &markdown)).await;
        let mut updates = match written {
            Ok(Ok(updates)) => updates.into_iter().map(|bytes| Field::Update { bytes }),
            Ok(Err(_)) | Err(_) => return Err(OpError::from(crate::model::update::UpdateError::Form).into()),
        };
        fields.extend(updates.next());
        let made = self.inner.journal.append(space, Op::Make { kind: Kind::Page, fields }.encode()?).await?;
        let rest = updates.map(|update| Op::Set { object: made.hash, fields: vec![update] }.encode());
        let rest = rest.collect::<Result<Vec<_>, _>>()?;
        if !rest.is_empty() {
            self.inner.journal.append_all(space, rest).await?;
        }
        self.page(space, made.hash).await
    }

    /// Gives a page another title or place, puts it away, or takes it back. What is so already is left.
    pub async fn change_page(&self, space: GroupId, id: EntryHash, change: PageChange) -> Result<PageInfo, ActError> {
        self.rules_for(&space, Level::Write)?;
        let pages = self.pages(space).await?;
        let now = pages.iter().find(|page| page.id == id).ok_or(ActError::UnknownPage)?;
        let PageChange { title, parent, order, archived } = change;
        if let Some(Some(parent)) = parent {
            let mut above = Some(parent);
            while let Some(at) = above {
                if at == id {
                    return Err(ActError::PageCircle);
                }
                above = pages.iter().find(|page| page.id == at).ok_or(ActError::UnknownPage)?.parent;
            }
        }
        let parent = parent.filter(|parent| now.parent != *parent);
        // Who moves it and does not say where puts it last.
        let order = order.or_else(|| {
            let siblings = |parent| pages.iter().filter(move |page| page.parent == parent).map(|page| &*page.order);
            parent.map(|parent| order::after(siblings(parent).max()))
        });
        let mut fields = Vec::new();
        fields.extend(title.filter(|title| now.title.as_ref() != Some(title)).map(|text| Field::Title { text }));
        fields.extend(parent.map(|page| Field::PageParent { page }));
        fields.extend(order.filter(|key| now.order != *key).map(|key| Field::Order { key }));
        fields.extend(archived.filter(|on| now.archived != *on).map(|on| Field::Resolved { on }));
        if !fields.is_empty() {
            self.inner.journal.append(space, Op::Set { object: id, fields }.encode()?).await?;
        }
        self.page(space, id).await
    }

    fn page_info(
        &self,
        space: GroupId,
        row: PageRow,
        above: &HashMap<EntryHash, EntryHash>,
        names: &super::People,
        unread: &ByPlace,
    ) -> PageInfo {
        let here = self.inner.rooms.here(space, row.hash);
        let person = |person: GroupId| BoardPerson { person, name: name_or_id(names, &person) };
        let (changed, by) = row.written.unwrap_or((row.made, row.person));
        PageInfo {
            id: row.hash,
            title: row.title,
            parent: above.get(&row.hash).copied(),
            order: row.order,
            archived: row.archived,
            created: row.made.millis(),
            by: person(row.person),
            changed: changed.millis(),
            changed_by: person(by),
            here: here.into_iter().map(person).collect(),
            unread: unread.get(&Some(row.hash)).map_or(0, |at| at.messages),
        }
    }
}

/// The page that each page stands under. Those that stand under themselves, because two people moved them at the same time, and
/// those under a page that is not here, stand at the top.
pub(crate) fn above(rows: &[PageRow]) -> HashMap<EntryHash, EntryHash> {
    let here: HashSet<EntryHash> = rows.iter().map(|row| row.hash).collect();
    let said = rows.iter().filter_map(|row| Some((row.hash, row.parent?)));
    let said: HashMap<EntryHash, EntryHash> = said.filter(|(_, parent)| here.contains(parent)).collect();
    let circles = |page: &EntryHash| {
        let mut seen = HashSet::new();
        let mut at = *page;
        while let Some(parent) = said.get(&at) {
            if parent == page {
                return true;
            }
            // A circle further up, which this one is not in.
            if !seen.insert(*parent) {
                return false;
            }
            at = *parent;
        }
        false
    };
    said.iter().filter(|(page, _)| !circles(page)).map(|(page, parent)| (*page, *parent)).collect()
}

/// A number for somebody who begins to write, from all that Loro's peers of this device have room for. That it was taken before
/// is seen when something is written: then it is refused.
fn session_number() -> Result<u32, ActError> {
    let [a, b, c] = compeer_core::key::random_bytes()?;
    Ok(u32::from_be_bytes([0, a, b, c]))
}
