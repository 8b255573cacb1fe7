//! Searching, and the task that keeps the index in step with the view.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use compeer_core::{EntryHash, GroupId};

use super::Spaces;
use crate::error::ViewError;
use crate::search::names::{Fit, Name, words};
use crate::search::query::{Is, Named, Query, Term};
use crate::search::{Hit, Kind, Note, Part, RESULTS, SearchAnswer, SearchError, SearchRequest, Target, snippet};
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

/// What the general talk is called by.
const GENERAL: &str = "general";

/// Topics, and the general talk as `None`.
type Places = BTreeSet<Option<EntryHash>>;

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
        self.mark_guests(&mut answer.hits)?;
        self.name_direct_talks(&mut answer.hits).await?;
        Ok(answer)
    }

    /// Says of what is in rooms that it is, and what of it is of guests.
    fn mark_guests(&self, hits: &mut [Hit]) -> Result<(), SearchError> {
        for hit in hits.iter_mut().filter(|hit| self.guest_at(&hit.space).is_some()) {
            hit.room = true;
            let person = match hit.target {
                Target::Person(person) => Some(person),
                _ => hit.author.as_ref().map(|(person, _)| *person),
            };
            let rules = self.rules(&hit.space)?;
            hit.guest = person.is_some_and(|person| self.is_guest(&hit.space, &rules, &person));
        }
        Ok(())
    }

    /// Direct talks go by the names of the others in them.
    async fn name_direct_talks(&self, hits: &mut [Hit]) -> Result<(), SearchError> {
        let mut known: BTreeMap<GroupId, Option<String>> = BTreeMap::new();
        for hit in hits {
            let space = hit.space;
            if let Entry::Vacant(entry) = known.entry(space) {
                let direct = self.inner.view.with(move |view| view.is_direct(&space)).await?;
                let rules = self.rules(&space)?;
                entry.insert(if direct { Some(self.direct_name(space, &rules).await?) } else { None });
            }
            if let Some(Some(name)) = known.get(&space) {
                hit.space_name.clone_from(name);
                if hit.target == Target::Space(space) {
                    hit.title = vec![Part { text: name.clone(), found: false }];
                }
            }
        }
        Ok(())
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
        let (places, not_places) = self.places(&names, &spaces, &mut answer.notes);
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
            places,
            not_places,
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

    /// At which topics is looked, and at which not.
    fn places(&self, names: &Names, spaces: &BTreeSet<GroupId>, notes: &mut Vec<Note>) -> (Option<Places>, Places) {
        let (mut places, mut not_places) = (Places::new(), Places::new());
        for named in &self.query.topic {
            let topics = names.topics.iter().filter(|name| spaces.contains(&name.space));
            let mut found: Places = of_name(topics, &named.name).into_iter().map(Some).collect();
            if named.name.eq_ignore_ascii_case(GENERAL) {
                found.insert(None);
            }
            if found.is_empty() {
                notes.push(Note::NoTopic(named.name.clone()));
            }
            if named.not { not_places.extend(found) } else { places.extend(found) }
        }
        (self.query.topic.iter().any(|named| !named.not).then_some(places), not_places)
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

    /// People, spaces and topics that go by what is asked for; each person once. Who is found only in spite of a slip comes up
    /// when nobody is called so.
    fn names(&self, names: &Names, spaces: &BTreeSet<GroupId>) -> Vec<Hit> {
        let asked: Vec<Vec<char>> = self.query.terms.iter().flat_map(letters).collect();
        let alone = !Kind::ALL.into_iter().any(|kind| self.query.wants(Is::Kind(kind)));
        if !self.query.may_name() || asked.is_empty() && !alone {
            return Vec::new();
        }
        let people = names.people.iter().map(|name| self.candidate(&asked, name, Is::Person, Target::Person(name.of)));
        let of_spaces = names.spaces.iter().map(|name| self.candidate(&asked, name, Is::Space, Target::Space(name.of)));
        let topics = names.topics.iter().map(|name| self.candidate(&asked, name, Is::Topic, Target::Topic(name.of)));
        let mut found: Vec<Candidate<'_>> = people.chain(of_spaces).chain(topics).flatten().collect();
        found.retain(|candidate| spaces.contains(&candidate.space));
        let best = found.iter().map(|candidate| candidate.fit).min();
        found.retain(|candidate| candidate.fit < Fit::Slips || best == Some(Fit::Slips));
        // People come before spaces before topics, the newest name first, and sorting leaves that so.
        found.sort_by_key(|candidate| candidate.fit);
        let mut seen = BTreeSet::new();
        found.retain(|candidate| seen.insert(candidate.target));
        found.truncate(if alone { self.limit } else { NAMES.min(self.limit) });
        let words = self.query.terms.iter().flat_map(|term| &term.words);
        let terms: Vec<Term> = words.map(|word| Term { words: vec![word.clone()], prefix: true }).collect();
        let hit = |candidate: Candidate<'_>| Hit {
            target: candidate.target,
            space: candidate.space,
            space_name: space_name(names, &candidate.space),
            room: false,
            guest: false,
            topic: None,
            author: None,
            time: None,
            title: snippet::parts(candidate.name, &terms),
            text: Vec::new(),
        };
        found.into_iter().map(hit).collect()
    }

    /// Somebody or something of a name, if it fits what is asked for.
    fn candidate<'a, T>(
        &self,
        asked: &[Vec<char>],
        name: &'a Name<T>,
        is: Is,
        target: Target,
    ) -> Option<Candidate<'a>> {
        let shunned = |term: &Term| name.fit(&letters(term)).is_some_and(|fit| fit < Fit::Slips);
        let fit = if asked.is_empty() { Some(Fit::Whole) } else { name.fit(asked) };
        let fit = fit.filter(|_| self.query.wants(is) && !self.query.not.iter().any(shunned))?;
        Some(Candidate { fit, name: &name.name, space: name.space, target })
    }
}

/// Somebody or something whose name fits.
struct Candidate<'a> {
    fit: Fit,
    name: &'a str,
    space: GroupId,
    target: Target,
}

/// The words of a term as names are compared with them.
fn letters(term: &Term) -> Vec<Vec<char>> {
    term.words.iter().map(|word| word.chars().collect()).collect()
}

/// All that go by a name, or rather those whom it fits best; or the one whose id it is.
fn of_name<'a, T: Copy + Ord + FromStr + 'a>(names: impl Iterator<Item = &'a Name<T>>, asked: &str) -> BTreeSet<T> {
    let (id, words) = (asked.parse::<T>().ok(), words(asked));
    let fit = |name: &'a Name<T>| {
        let fit = if id == Some(name.of) { Some(Fit::Whole) } else { name.fit(&words) };
        fit.map(|fit| (fit, name.of))
    };
    let fitting: Vec<(Fit, T)> = names.filter_map(fit).collect();
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
            Kind::Issue => Target::Issue(document.object),
            Kind::Board => Target::Board(document.object),
            Kind::Page => Target::Page(document.object),
        },
        space: document.space,
        space_name: space_name(names, &document.space),
        room: false,
        guest: false,
        topic: document.place.map(|place| {
            let named = names.topics.iter().find(|name| name.of == place && name.space == document.space);
            (place, named.map(|name| name.name.clone()))
        }),
        author: Some((document.person, author_name)),
        time: Some(document.clock.millis()),
        title: snippet::parts(&document.title, terms),
        text: snippet::parts(&document.text, terms),
    }
}
