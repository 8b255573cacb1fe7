//! Searching, and the task that keeps the index in step with the view.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use compeer_core::GroupId;

use super::Spaces;
use crate::error::ViewError;
use crate::search::names::{Fit, Name, words};
use crate::search::query::{Is, Named, Query, Term};
use crate::search::{Hit, Kind, Note, RESULTS, SearchAnswer, SearchError, SearchRequest, Target, snippet};
use crate::view::View;
use crate::view::search::{Cursor, Document, Names, Stop, Wanted};

/// No changes for so long, and the index is brought up to date: whatever comes in a row is taken in first.
const QUIET: Duration = Duration::from_millis(250);
/// So long it waits for that at most.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the view is kept from others at a time.
const TURN: Duration = Duration::from_millis(8);
/// How long others have it in between.
const BREATH: Duration = Duration::from_millis(2);
/// Between two attempts to empty the file's log, which waits for those who read.
const LOG_PAUSE: Duration = Duration::from_millis(500);
/// How long a search waits for what is just being taken in.
const TAKING_IN: Duration = Duration::from_millis(15);
/// How long a search looks for more.
const LIMIT: Duration = Duration::from_millis(500);
/// Names among the results, unless names alone are asked for.
const NAMES: usize = 6;

/// Stops a search that nobody waits for any more.
struct StopOnDrop(Arc<Stop>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.stop();
    }
}

impl Spaces {
    /// Looks for people, spaces, messages and files. Asks the index first to take in what has come, but not for long: an
    /// answer says whether it knew all.
    pub async fn search(&self, request: SearchRequest) -> Result<SearchAnswer, SearchError> {
        let query = Query::parse(&request.query, self.now(), request.offset)?;
        let cursor = request.cursor.map(|cursor| cursor.parse()).transpose()?;
        if let Some(space) = request.space {
            self.rules(&space)?;
        }
        let here: BTreeSet<GroupId> = self.spaces().into_iter().map(|(space, _)| space).collect();
        let taken_in = self.taken_in(&here).await;
        let me = self.me().map(|me| me.person);
        let stop = StopOnDrop(Arc::default());
        let search = Search { query, cursor, here, only: request.space, me, limit: request.limit.clamp(1, RESULTS) };
        let stopped = Arc::clone(&stop.0);
        let (mut answer, indexed) = self
            .inner
            .view
            .with(move |view| {
                let indexed = view.try_index(TURN)? == Some(false);
                Ok((search.run(view, &stopped)?, indexed))
            })
            .await?;
        if !indexed {
            self.inner.index_now.notify_one();
        }
        answer.complete &= taken_in;
        Ok(answer)
    }

    /// Lets the view take in what was written before. Whether it has, in the time there is.
    async fn taken_in(&self, spaces: &BTreeSet<GroupId>) -> bool {
        let (this, spaces) = (self.clone(), spaces.clone());
        // On its own: what has begun is finished, whether it is waited for or not.
        let work = self.inner.tasks.spawn(async move {
            for space in spaces {
                this.catch_up(space).await;
            }
        });
        matches!(tokio::time::timeout(TAKING_IN, work).await, Ok(Ok(())))
    }

    /// The task: indexes whatever has changed, once there is a pause or somebody searches.
    pub(super) async fn keep_indexed(self) {
        let view = self.inner.view.clone();
        let work = async {
            // Something may have been left when this program ended.
            self.index_all(&view).await;
            loop {
                view.noted().await;
                let latest = tokio::time::Instant::now() + PATIENCE;
                loop {
                    let quiet = (tokio::time::Instant::now() + QUIET).min(latest);
                    tokio::select! {
                        () = self.inner.index_now.notified() => break,
                        () = tokio::time::sleep_until(quiet) => break,
                        () = view.noted() => {}
                    }
                }
                self.index_all(&view).await;
            }
        };
        tokio::select! {
            () = self.inner.stop.cancelled() => {}
            () = work => {}
        }
    }

    async fn index_all(&self, view: &View) {
        loop {
            match view.with(|view| view.index(TURN)).await {
                Ok(true) => tokio::time::sleep(BREATH).await,
                Ok(false) => break,
                Err(error) => {
                    return tracing::error!(%error, "the index of what was written could not be brought up to date");
                }
            }
        }
        loop {
            match view.with(View::clear_log).await {
                Ok(true) => break,
                Ok(false) => tokio::time::sleep(LOG_PAUSE).await,
                Err(error) => return tracing::error!(%error, "the log of the file of spaces could not be emptied"),
            }
        }
    }
}

/// A search whose query is understood.
struct Search {
    query: Query,
    /// `None` for the first page, which begins with names.
    cursor: Option<Cursor>,
    /// The spaces on this device.
    here: BTreeSet<GroupId>,
    only: Option<GroupId>,
    me: Option<GroupId>,
    limit: usize,
}

impl Search {
    fn run(self, view: &View, stop: &Stop) -> Result<SearchAnswer, ViewError> {
        let until = Instant::now() + LIMIT;
        let mut answer = SearchAnswer { hits: Vec::new(), count: 0, next: None, complete: true, notes: Vec::new() };
        answer.notes.extend(self.query.notes.iter().cloned());
        if self.query.is_empty() || !answer.notes.is_empty() {
            return Ok(answer);
        }
        let names = view.names(stop)?;
        let (people, not_people) = self.people(&names, &mut answer.notes);
        let spaces = self.spaces(&names, &mut answer.notes);
        if !answer.notes.is_empty() {
            return Ok(answer);
        }
        if self.cursor.is_none() {
            answer.hits = self.names(&names, &spaces);
            answer.count = answer.hits.len();
        }
        let limit = self.limit.saturating_sub(answer.hits.len());
        if limit == 0 {
            answer.next = Some(Cursor::START.to_string());
            return Ok(answer);
        }
        let terms = self.query.terms.clone();
        let wanted = Wanted {
            some_spaces: spaces.len() < self.here.len(),
            query: self.query,
            people,
            not_people,
            spaces,
            limit,
            cursor: self.cursor.unwrap_or(Cursor::START),
            until,
        };
        let found = view.find(stop, &wanted)?;
        answer.count += found.count;
        answer.complete = found.complete;
        answer.next = found.next.map(|cursor| cursor.to_string());
        answer.hits.extend(found.documents.into_iter().map(|found| hit(found.document, &names, &terms)));
        Ok(answer)
    }

    /// Whose things are asked for, and whose not.
    fn people(&self, names: &Names, notes: &mut Vec<Note>) -> (Option<BTreeSet<GroupId>>, BTreeSet<GroupId>) {
        let (mut people, mut not_people) = (BTreeSet::new(), BTreeSet::new());
        for named in &self.query.from {
            let found = match self.me {
                Some(me) if named.name.eq_ignore_ascii_case("me") => BTreeSet::from([me]),
                _ => of_name(names.people.iter().filter(|name| self.here.contains(&name.space)), &named.name),
            };
            if found.is_empty() {
                notes.push(Note::NoPerson(named.name.clone()));
            }
            if named.not { not_people.extend(found) } else { people.extend(found) }
        }
        (self.query.from.iter().any(|named| !named.not).then_some(people), not_people)
    }

    /// Where is looked.
    fn spaces(&self, names: &Names, notes: &mut Vec<Note>) -> BTreeSet<GroupId> {
        let of =
            |named: &Named| of_name(names.spaces.iter().filter(|name| self.here.contains(&name.space)), &named.name);
        let mut only: BTreeSet<GroupId> = self.only.into_iter().collect();
        let mut not = BTreeSet::new();
        for named in &self.query.within {
            let found = of(named);
            if found.is_empty() {
                notes.push(Note::NoSpace(named.name.clone()));
            }
            if named.not {
                not.extend(found);
            } else if let Some(space) = self.only {
                only.retain(|_| found.contains(&space));
            } else {
                only.extend(found);
            }
        }
        let all = self.only.is_none() && self.query.within.iter().all(|named| named.not);
        let spaces = if all { self.here.clone() } else { only };
        spaces.difference(&not).copied().collect()
    }

    /// People and spaces that go by what is asked for; each person once. Who is found only in spite of a slip comes up when
    /// nobody is called so.
    fn names(&self, names: &Names, spaces: &BTreeSet<GroupId>) -> Vec<Hit> {
        let asked: Vec<Vec<char>> =
            self.query.terms.iter().flat_map(|term| term.words.iter().map(|word| word.chars().collect())).collect();
        let alone = !self.query.wants(Is::Kind(Kind::Message)) && !self.query.wants(Is::Kind(Kind::File));
        if !self.query.may_name() || asked.is_empty() && !alone {
            return Vec::new();
        }
        let fit = |name: &Name| {
            let shunned = |term: &Term| {
                let words: Vec<Vec<char>> = term.words.iter().map(|word| word.chars().collect()).collect();
                name.fit(&words).is_some_and(|fit| fit < Fit::Slips)
            };
            let fit = if asked.is_empty() { Some(Fit::Whole) } else { name.fit(&asked) };
            fit.filter(|_| spaces.contains(&name.space) && !self.query.not.iter().any(shunned))
        };
        let mut found: Vec<(Fit, bool, &Name)> = Vec::new();
        for (is, list) in [(Is::Person, &names.people), (Is::Space, &names.spaces)] {
            if self.query.wants(is) {
                found.extend(list.iter().filter_map(|name| Some((fit(name)?, is == Is::Space, name))));
            }
        }
        let best = found.iter().map(|(fit, ..)| *fit).min();
        found.retain(|(fit, ..)| *fit < Fit::Slips || best == Some(Fit::Slips));
        // The list has the newest name first, and sorting leaves it so.
        found.sort_by(|(a_fit, a_space, a), (b_fit, b_space, b)| {
            (a_fit, a_space, a.name.to_lowercase()).cmp(&(b_fit, b_space, b.name.to_lowercase()))
        });
        let mut seen = BTreeSet::new();
        found.retain(|(_, _, name)| seen.insert(name.of));
        found.truncate(if alone { self.limit } else { NAMES.min(self.limit) });
        let words = self.query.terms.iter().flat_map(|term| &term.words);
        let terms: Vec<Term> = words.map(|word| Term { words: vec![word.clone()], prefix: true }).collect();
        let hit = |(_, is_space, name): (Fit, bool, &Name)| Hit {
            target: if is_space { Target::Space(name.of) } else { Target::Person(name.of) },
            space: name.space,
            space_name: space_name(names, &name.space),
            author: None,
            time: None,
            title: snippet::parts(&name.name, &terms),
            text: Vec::new(),
        };
        found.into_iter().map(hit).collect()
    }
}

/// All that go by a name, or rather those whom it fits best; or the one whose id it is.
fn of_name<'a>(names: impl Iterator<Item = &'a Name>, asked: &str) -> BTreeSet<GroupId> {
    let (id, words) = (asked.parse::<GroupId>().ok(), words(asked));
    let fit = |name: &'a Name| {
        let fit = if id == Some(name.of) { Some(Fit::Whole) } else { name.fit(&words) };
        fit.map(|fit| (fit, name.of))
    };
    let fitting: Vec<(Fit, GroupId)> = names.filter_map(fit).collect();
    let best = fitting.iter().map(|(fit, _)| *fit).min();
    fitting.into_iter().filter(|(fit, _)| Some(*fit) == best).map(|(_, of)| of).collect()
}

fn space_name(names: &Names, space: &GroupId) -> String {
    names.spaces.iter().find(|name| name.space == *space).map(|name| name.name.clone()).unwrap_or_default()
}

fn hit(document: Document, names: &Names, terms: &[Term]) -> Hit {
    let author = names.people.iter().find(|name| name.space == document.space && name.of == document.person);
    let author_name = author.map_or_else(|| super::nameless(&document.person), |name| name.name.clone());
    Hit {
        target: match document.kind {
            Kind::Message => Target::Message(document.object),
            Kind::File => Target::File(document.object),
        },
        space: document.space,
        space_name: space_name(names, &document.space),
        author: Some((document.person, author_name)),
        time: Some(document.clock.millis()),
        title: snippet::parts(&document.title, terms),
        text: snippet::parts(&document.text, terms),
    }
}
