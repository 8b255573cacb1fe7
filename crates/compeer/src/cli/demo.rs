//! `compeer demo`: three peers of one made-up team on this computer, with some life in their space.
//!
//! They are real peers with homes of their own in a temporary folder; all that is said and shared goes through their
//! APIs, as a script would do it.

use std::path::{Path, PathBuf};

use compeer_core::id::to_base32;
use compeer_core::key::random_bytes;
use serde_json::json;

use super::Context;
use super::client::Client;
use super::output::Output;
use super::up::Signals;
use crate::api::{EventName, Server, dto};
use crate::commands::Commands;
use crate::error::ApiError;
use crate::home::{Home, HomePath};
use crate::node::{Introduction, Node, NodeOptions};

const TEAM: [(&str, &str); 3] =
    [("Ada Lindqvist", "Ada's desk"), ("Bo Okafor", "Bo's laptop"), ("Cleo Marin", "Cleo's tablet")];

/// Who says what. All of it is said within a few seconds, at whatever time of whatever day: nothing in it, nor in the files,
/// speaks of a time that the page would show otherwise.
const TALK: &[(usize, &str)] = &[
    (0, "The survey of the north wall is in, I have put it under Files."),
    (1, "Got it. The crack at bay 4 is longer than last year, isn't it?"),
    (2, "By about 8 cm. I marked it in the notes."),
    (0, "Then we close bay 4 until the divers have looked at it. Cleo, can you tell the harbour master?"),
    (2, "Already did, she moves the ferry to bay 6."),
    (1, "Good. I will be on the train for a while; whatever you write reaches me when I am back."),
];

const FILES: &[(usize, &str, &str)] = &[
    (
        0,
        "north-wall/survey.txt",
        "North wall, survey before the repair\nbay 3: sound\nbay 4: crack, 1.42 m\nbay 5: sound\n",
    ),
    (0, "north-wall/levels.csv", "bay,height_m\n3,4.21\n4,4.19\n5,4.20\n"),
    (
        2,
        "notes.md",
        "# Bay 4\n\n- closed until the divers have looked at it\n- ferry uses bay 6\n- crack 8 cm longer than last year\n",
    ),
];

struct Peer {
    name: &'static str,
    node: Node,
    server: Server,
    client: Client,
    commands: Commands,
}

pub(super) async fn run(context: &Context) -> Result<(), ApiError> {
    let mut signals = Signals::new()?;
    let folder = std::env::temp_dir().join(format!("compeer-demo-{}", to_base32(&random_bytes::<8>()?)));
    let mut peers = Vec::new();
    let result = tokio::select! {
        shown = show(&context.out, &folder, &mut peers) => shown,
        () = signals.wait() => Ok(false),
    };
    if matches!(result, Ok(true)) {
        signals.wait().await;
    }
    for peer in peers {
        peer.server.shutdown().await;
        peer.node.shutdown().await;
    }
    if folder.exists()
        && let Err(error) = std::fs::remove_dir_all(&folder)
    {
        context.out.progress(&format!("{} could not be removed: {error}.", folder.display()));
    }
    result.map(|_| ())
}

/// Starts the team, lets it talk, prints its pages.
async fn show(out: &Output, folder: &Path, peers: &mut Vec<Peer>) -> Result<bool, ApiError> {
    for (index, (name, device_name)) in TEAM.into_iter().enumerate() {
        out.progress(&format!("starting {name}'s peer"));
        let home = folder.join(format!("peer-{}", index + 1));
        peers.push(start(home, name, device_name, out.commands()).await?);
    }
    let [ada, others @ ..] = peers.as_slice() else { return Ok(true) };
    out.progress("opening the space");
    let space: dto::Space = ada.client.post("/spaces", &dto::SpaceName { name: "Harbour Quay".into() }).await?;
    let space = space.space;
    for other in others {
        let request = dto::InviteRequest { level: dto::Level::Manage, ..dto::InviteRequest::default() };
        let made: dto::NewInvitation = ada.client.post(&format!("/spaces/{space}/invitations"), &request).await?;
        let _: dto::Space = other.client.post("/spaces/join", &dto::InviteText { invite: made.invite }).await?;
    }
    for (author, name, content) in FILES {
        let path = folder.join(format!("files-{}", author + 1)).join(name);
        write(&path, content)?;
        let top = name.split('/').next().unwrap_or(name);
        let shared = folder.join(format!("files-{}", author + 1)).join(top);
        let paths = vec![shared.display().to_string()];
        if let Some(peer) = peers.get(*author) {
            let body = dto::LocalFiles { paths };
            let _: dto::SharedFiles = peer.client.post(&format!("/spaces/{space}/files/local"), &body).await?;
        }
    }
    for (author, text) in TALK {
        if let Some(peer) = peers.get(*author) {
            say(peers, peer, &space, text).await?;
        }
    }
    let mut pages = Vec::new();
    for peer in peers.iter() {
        let link: dto::SignInLink = peer.client.post("/signin-links", &json!({})).await?;
        pages.push(json!({ "name": peer.name, "url": link.url, "home": peer.node.home().path().folder(), "command": peer.commands.here() }));
    }
    out.either(&pages, || words(&pages))?;
    Ok(true)
}

async fn start(folder: PathBuf, name: &'static str, device_name: &str, commands: &Commands) -> Result<Peer, ApiError> {
    let commands = commands.clone().on(Some(&folder));
    let home = Home::enter(HomePath::resolve(Some(folder))?)?;
    // They find each other by their invitations; the local network need not hear of them.
    let local = ([127, 0, 0, 1], 0).into();
    let options = NodeOptions { listen: vec![local], lan_discovery: false, ..NodeOptions::default() };
    let node = Node::start(home, options).await?;
    let server = Server::start(node.clone(), Some(local), commands.clone()).await?;
    let introduction =
        Introduction { name: Some(name.to_owned()), device_name: Some(device_name.to_owned()), picture: None };
    node.introduce(introduction).await?;
    let client = Client::new(server.running().address, node.home().api_token()?);
    Ok(Peer { name, node, server, client, commands })
}

/// Says something, and waits until somebody else has it, so that the talk is in order everywhere.
async fn say(peers: &[Peer], author: &Peer, space: &str, text: &str) -> Result<(), ApiError> {
    let Some(listener) = peers.iter().find(|peer| peer.name != author.name) else { return Ok(()) };
    let mut events = listener.client.events().await?;
    let message = dto::NewMessage { text: text.to_owned(), ..dto::NewMessage::default() };
    let sent: dto::Message = author.client.post(&format!("/spaces/{space}/messages"), &message).await?;
    let heard = async {
        while let Some(event) = events.next().await? {
            if event.event == EventName::ChatMessage && event.id.as_deref() == Some(&sent.id) {
                break;
            }
        }
        Ok(())
    };
    // The talk goes on even if one did not hear.
    tokio::time::timeout(std::time::Duration::from_secs(5), heard).await.unwrap_or(Ok(()))
}

fn write(path: &Path, content: &str) -> Result<(), ApiError> {
    let written = path.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| std::fs::write(path, content));
    written.map_err(|error| ApiError::disk(path, &error))
}

fn words(pages: &[serde_json::Value]) -> String {
    let mut text =
        String::from("Three peers are running, each with a page of its own. The links are good for a minute:\n\n");
    let field = |page: &serde_json::Value, name: &str| page[name].as_str().unwrap_or_default().to_owned();
    for page in pages {
        text.push_str(&format!("  {:<14} {}\n", field(page, "name"), field(page, "url")));
    }
    text.push_str("\nEach of them can be talked to from another terminal, in this folder; for a new link, type\n\n");
    for page in pages {
        text.push_str(&format!("  {:<14} {} open\n", field(page, "name"), field(page, "command")));
    }
    text.push_str("\nCtrl+C ends all three and removes what they wrote.\n");
    text
}
