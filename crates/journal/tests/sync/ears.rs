//! Counts what is heard, by who said it and what kind of message it was. Counts do not depend on how fast a machine is.

use std::collections::HashMap;
use std::fmt::{self, Write as _};
use std::sync::{LazyLock, Mutex, PoisonError};

use compeer_core::DeviceId;
use tracing::field::{Field, Visit};
use tracing_subscriber::filter::FilterFn;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

/// Where each message that is heard is traced.
const TARGET: &str = "compeer_journal::sync::session::hear";

static HEARD: LazyLock<Mutex<HashMap<(String, String), usize>>> = LazyLock::new(Mutex::default);

/// Traces to the test's output what the environment asks for, and counts.
pub(crate) fn open() {
    let filter = tracing_subscriber::EnvFilter::from_default_env();
    let output = tracing_subscriber::fmt::layer().with_test_writer().with_filter(filter);
    let ears = Ears.with_filter(FilterFn::new(|metadata| metadata.target() == TARGET));
    // Every peer of a process does so, and the first is enough.
    let _ = tracing_subscriber::registry().with(output).with(ears).try_init();
}

/// How many messages of this kind others have heard of `device`.
pub(crate) fn heard_of(device: DeviceId, kind: &str) -> usize {
    let heard = HEARD.lock().unwrap_or_else(PoisonError::into_inner);
    heard.get(&(device.short().to_string(), kind.to_owned())).copied().unwrap_or(0)
}

struct Ears;

impl<S: tracing::Subscriber> Layer<S> for Ears {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        let mut said = Said::default();
        event.record(&mut said);
        if !said.kind.is_empty() {
            let mut heard = HEARD.lock().unwrap_or_else(PoisonError::into_inner);
            *heard.entry((said.peer, said.kind)).or_default() += 1;
        }
    }
}

#[derive(Default)]
struct Said {
    peer: String,
    kind: String,
}

impl Visit for Said {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut word = Word::default();
        // It ends with an error after the first word, which spares writing out whole entries.
        let _ = write!(word, "{value:?}");
        match field.name() {
            "peer" => self.peer = word.0,
            "message" if word.0.starts_with(char::is_uppercase) => self.kind = word.0,
            _ => {}
        }
    }
}

/// Takes one word.
#[derive(Default)]
struct Word(String);

impl fmt::Write for Word {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let letters = text.find(|letter: char| !letter.is_alphanumeric()).unwrap_or(text.len());
        self.0.push_str(&text[..letters]);
        if letters < text.len() { Err(fmt::Error) } else { Ok(()) }
    }
}
