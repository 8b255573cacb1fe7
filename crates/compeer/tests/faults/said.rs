//! What was said and acknowledged, and whether every peer has it: once, and in the same order.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use compeer_testkit::wait::eventually_blocking;

use crate::Computer;
use crate::http::{Api, Connection};

/// How long peers may take until all have everything.
const LIMIT: Duration = Duration::from_secs(60);

/// Messages by the id under which they were acknowledged.
#[derive(Debug, Default)]
pub(crate) struct Said(pub(crate) BTreeMap<String, String>);

impl Said {
    /// Says something that must be acknowledged.
    #[track_caller]
    pub(crate) fn say(&mut self, peer: &mut Connection, space: &str, text: String) -> String {
        let id = peer.send(space, &text).expect("answers").unwrap_or_else(|refused| panic!("{text}: {refused:?}"));
        self.note(id.clone(), text);
        id
    }

    #[track_caller]
    pub(crate) fn note(&mut self, id: String, text: String) {
        let before = self.0.insert(id, text);
        assert_eq!(before, None, "two messages were acknowledged under one id");
    }

    /// Waits until all peers show the same messages in the same order and everything acknowledged is among them, and
    /// returns those messages. None is there twice, and whoever said something first has it stand first: texts are
    /// `WRITER NUMBER`.
    #[track_caller]
    pub(crate) fn arrives(&self, peers: &[&Computer], space: &str) -> Vec<(String, String)> {
        let logs = |why: &mut String| {
            let log = |peer: &&Computer| Api::of(peer).connect().and_then(|mut api| api.log(space)).expect("answers");
            let logs: Vec<Vec<(String, String)>> = peers.iter().map(log).collect();
            let has = |log: &[(String, String)]| {
                let ids: HashMap<&str, &str> = log.iter().map(|(id, text)| (id.as_str(), text.as_str())).collect();
                self.0.iter().filter(|(id, text)| ids.get(id.as_str()) == Some(&text.as_str())).count()
            };
            let counts: Vec<_> = logs.iter().map(|log| (log.len(), has(log))).collect();
            *why = format!("{} acknowledged; there and acknowledged at each peer: {counts:?}", self.0.len());
            let same = logs.windows(2).all(|pair| pair[0] == pair[1]);
            (same && counts.iter().all(|(_, has)| *has == self.0.len())).then(|| logs.into_iter().next())
        };
        let log = eventually_blocking(LIMIT, "all peers have every message", || {
            let mut why = String::new();
            logs(&mut why).ok_or(why)
        });
        let log = log.expect("at least one peer");
        in_order(&log);
        log
    }
}

/// Nothing is there twice, and each writer's messages stand in the order in which they were sent.
#[track_caller]
fn in_order(log: &[(String, String)]) {
    let mut newest: HashMap<&str, usize> = HashMap::new();
    for (_, text) in log {
        let (writer, number) = text.rsplit_once(' ').expect("WRITER NUMBER");
        let number: usize = number.parse().expect("a number");
        let before = newest.insert(writer, number);
        assert!(before < Some(number), "{text} stands behind {before:?} of the same writer");
    }
}
