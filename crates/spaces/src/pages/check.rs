//! What an update may do to a page: put maps, lists and texts into the one document, not too deep, under numbers that follow
//! from what it goes on from.
//!
//! Whatever is found depends only on the update and on what it goes on from, so everybody finds the same, in any order of
//! arrival. What a node is called and what it holds is not looked at here: what nobody knows is left out when it is shown.

use std::collections::HashMap;

use loro::{
    ContainerID, ContainerType, ID, IdSpan, JsonChange, JsonListOp, JsonMapOp, JsonOp, JsonOpContent, JsonTextOp,
    LoroDoc, LoroValue,
};

use super::{DEPTH, ROOT};
use crate::model::update::Run;

/// Why an update cannot be part of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) why: &'static str,
    /// Whether it may be for what it goes on from, which others wrote.
    pub(super) adrift: bool,
}

impl From<&'static str> for Fault {
    fn from(why: &'static str) -> Self {
        Self { why, adrift: false }
    }
}

const fn adrift(why: &'static str) -> Fault {
    Fault { why, adrift: true }
}

/// Containers inside of containers: a node is a map in a list.
const CONTAINERS: usize = 2 * DEPTH + 2;
/// Bytes of a key or of the name of a style.
const KEY_BYTES: usize = 64;
/// Values inside of values, such as an attribute that is a list.
const VALUES: usize = 4;
/// Bytes of the words of an attribute, such as a link.
const VALUE_BYTES: usize = 8 * 1024;

/// What is known of a document's containers.
#[derive(Default)]
pub(super) struct Check {
    depths: HashMap<ContainerID, usize>,
}

impl Check {
    /// Why the ops of a run, which are in the document, may not be there.
    pub(super) fn run(&mut self, doc: &LoroDoc, run: Run) -> Result<(), Fault> {
        let changes = doc.export_json_in_id_span(IdSpan::new(run.peer, run.first as i32, run.end as i32));
        for change in &changes {
            check_lamport(doc, change)?;
            for op in &change.ops {
                self.op(doc, change.id.peer, op)?;
            }
        }
        Ok(())
    }

    fn op(&mut self, doc: &LoroDoc, peer: u64, op: &JsonOp) -> Result<(), Fault> {
        let depth = self.depth(doc, &op.container)?;
        let mut value = |value: &LoroValue| match value {
            LoroValue::Container(made) if depth >= CONTAINERS => Err(too_deep(made)),
            LoroValue::Container(made) if !is_known(made) => {
                Err("puts something into a page that pages do not hold".into())
            }
            LoroValue::Container(made) => {
                self.depths.insert(made.clone(), depth + 1);
                Ok(())
            }
            value if is_bounded(value, VALUES) => Ok(()),
            _ => Err("puts too large a value into a page".into()),
        };
        match (&op.content, op.container.container_type()) {
            (JsonOpContent::Map(JsonMapOp::Insert { key, value: set }), ContainerType::Map) => {
                if key.len() > KEY_BYTES {
                    return Err("puts too large a value into a page".into());
                }
                value(set)
            }
            (JsonOpContent::Map(JsonMapOp::Delete { .. }), ContainerType::Map) => Ok(()),
            (JsonOpContent::List(JsonListOp::Insert { value: values, .. }), ContainerType::List) => {
                values.iter().try_for_each(value)
            }
            (JsonOpContent::List(JsonListOp::Delete { .. }), ContainerType::List) => Ok(()),
            (JsonOpContent::Text(JsonTextOp::Mark { style_key, style_value, .. }), ContainerType::Text) => {
                if style_key.len() > KEY_BYTES || matches!(style_value, LoroValue::Container(_)) {
                    return Err("puts too large a value into a page".into());
                }
                value(style_value)
            }
            (JsonOpContent::Text(_), ContainerType::Text) => Ok(()),
            _ => {
                tracing::debug!(peer, "an op that pages do not have");
                Err("does something to a page that is not done to pages".into())
            }
        }
    }

    /// How deep a container lies: by the op that made it, and so on up to the document.
    fn depth(&mut self, doc: &LoroDoc, container: &ContainerID) -> Result<usize, Fault> {
        let mut way = Vec::new();
        let mut at = container.clone();
        let found = loop {
            if let Some(depth) = self.depths.get(&at) {
                break *depth;
            }
            let (peer, counter) = match &at {
                ContainerID::Root { name, container_type: ContainerType::Map } if name.as_str() == ROOT => break 0,
                ContainerID::Root { .. } => return Err("writes beside the text of a page".into()),
                ContainerID::Normal { peer, counter, .. } => (*peer, *counter),
            };
            if way.len() > CONTAINERS {
                return Err(too_deep(&at));
            }
            let end = counter.checked_add(1).ok_or(adrift("writes into something that nobody made"))?;
            let made = doc.export_json_in_id_span(IdSpan::new(peer, counter, end));
            let parent = made.iter().flat_map(|change| &change.ops).find(|op| makes(op, &at)).map(|op| &op.container);
            let parent = parent.ok_or(adrift("writes into something that nobody made"))?.clone();
            way.push(std::mem::replace(&mut at, parent));
        };
        for (above, made) in way.into_iter().rev().enumerate() {
            self.depths.insert(made, found + above + 1);
        }
        let depth = self.depths.get(container).copied().unwrap_or(found);
        if depth > CONTAINERS { Err(too_deep(container)) } else { Ok(depth) }
    }
}

const fn too_deep(_: &ContainerID) -> Fault {
    adrift("puts more into each other on a page than it holds")
}

/// Whether an op makes a container.
fn makes(op: &JsonOp, container: &ContainerID) -> bool {
    let is = |value: &LoroValue| matches!(value, LoroValue::Container(made) if made == container);
    match &op.content {
        JsonOpContent::Map(JsonMapOp::Insert { value, .. }) => is(value),
        JsonOpContent::List(JsonListOp::Insert { value, .. }) => value.iter().any(is),
        _ => false,
    }
}

fn is_known(container: &ContainerID) -> bool {
    matches!(container.container_type(), ContainerType::Map | ContainerType::List | ContainerType::Text)
}

fn is_bounded(value: &LoroValue, depth: usize) -> bool {
    match value {
        LoroValue::Null | LoroValue::Bool(_) | LoroValue::Double(_) | LoroValue::I64(_) => true,
        LoroValue::String(text) => text.len() <= VALUE_BYTES,
        LoroValue::List(values) => depth > 0 && values.iter().all(|value| is_bounded(value, depth - 1)),
        LoroValue::Map(values) => {
            depth > 0 && values.iter().all(|(key, value)| key.len() <= KEY_BYTES && is_bounded(value, depth - 1))
        }
        LoroValue::Binary(_) | LoroValue::Container(_) => false,
    }
}

/// Loro sorts what happened at once by numbers that grow with what an author had seen. Whoever writes a high one would leave no
/// number for those who go on from there.
fn check_lamport(doc: &LoroDoc, change: &JsonChange) -> Result<(), Fault> {
    let mut next = 0;
    for dep in &change.deps {
        let before = lamport_of(doc, *dep).ok_or(adrift("goes on from something that nobody wrote"))?;
        next = next.max(before.saturating_add(1));
    }
    if change.lamport == next { Ok(()) } else { Err(adrift("dates what is written on a page as nobody can")) }
}

fn lamport_of(doc: &LoroDoc, id: ID) -> Option<u32> {
    let change = doc.get_change(id)?;
    change.lamport.checked_add(u32::try_from(id.counter.checked_sub(change.id.counter)?).ok()?)
}
