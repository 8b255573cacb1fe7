//! The command line: `compeer NOUN VERB`.
//!
//! What a command prints on stdout is data: a table for people, or with `--json` exactly one JSON value (one a line for
//! streams). Progress and failures go to stderr. Exit codes: 0 done, 1 failed or done only in part (`doctor`: something is
//! wrong), 2 wrong usage. Secrets are never arguments, because every user of a computer can see those. But for `init`,
//! `up`, `relay`, `demo` and `doctor`, everything goes through the API of a running peer.

mod args;
mod board;
mod chat;
mod client;
mod demo;
mod discuss;
mod doctor;
mod events;
mod export;
mod file;
mod find;
mod guest;
mod init;
mod issue;
mod log;
mod mail;
mod notify;
mod open;
mod output;
mod page;
mod profile;
mod relay;
mod search;
mod space;
mod status;
mod up;
mod usage;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};

use crate::commands::Commands;
use crate::error::ApiError;
use crate::home::{HOME_VARIABLE, HomePath};
use args::{Arguments, Command};
use client::Client;
use output::Output;

/// What every command needs.
struct Context {
    home: HomePath,
    out: Output,
}

impl Context {
    /// A client of the peer that runs on this home.
    fn client(&self) -> Result<Client, ApiError> {
        Client::find(&self.home)
    }
}

/// Runs the program with the process's arguments.
#[must_use]
pub fn run() -> ExitCode {
    let mut arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return usage::explain(error),
    };
    // Set to nothing, a variable counts as not set.
    let variable = std::env::var_os(HOME_VARIABLE).filter(|home| !home.is_empty());
    arguments.home = arguments.home.or(variable.map(PathBuf::from));
    let commands = Commands::of(std::env::args_os().next().as_deref()).on(arguments.home.as_deref());
    let out = Output::new(arguments.json, commands);
    match run_command(arguments, out.clone()) {
        Ok(code) => code,
        Err(error) => {
            out.failure(&error);
            error.exit_code()
        }
    }
}

fn run_command(arguments: Arguments, out: Output) -> Result<ExitCode, ApiError> {
    if matches!(arguments.command, Command::PageWorker) {
        // Nobody reads a word of it but the peer that started it, which sees how it ends.
        let done = compeer_spaces::pages::run_worker(compeer_spaces::pages::Confine::default());
        return Ok(if done.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    log::start(&arguments.command)?;
    let home = HomePath::resolve(arguments.home)?;
    let runtime = match arguments.command {
        Command::Up(_) | Command::Demo | Command::Relay(_) => tokio::runtime::Builder::new_multi_thread(),
        _ => tokio::runtime::Builder::new_current_thread(),
    };
    let runtime = { runtime }.enable_all().build();
    let runtime = runtime.map_err(|error| ApiError::internal(format!("No threads for the program: {error}.")))?;
    let context = Context { home, out };
    let result = runtime.block_on(Box::pin(dispatch(&context, arguments.command)));
    // A thread that still reads a disk must not keep a finished command from ending.
    runtime.shutdown_background();
    result
}

async fn dispatch(context: &Context, command: Command) -> Result<ExitCode, ApiError> {
    match command {
        Command::Init(args) => init::run(context, args).await,
        Command::Up(args) => up::run(context, args).await,
        Command::Status => status::run(context).await,
        Command::Profile(verb) => profile::run(context, verb).await,
        Command::Notify(verb) => notify::run(context, verb).await,
        Command::Mail(verb) => mail::run(context, verb).await,
        Command::Space(verb) => space::run(context, verb).await,
        Command::Chat(verb) => chat::run(context, verb).await,
        Command::Discuss(verb) => discuss::run(context, verb).await,
        Command::Issue(verb) => issue::run(context, verb).await,
        Command::Board(verb) => board::run(context, verb).await,
        Command::Guest(verb) => guest::run(context, verb).await,
        Command::Page(verb) => page::run(context, verb).await,
        Command::File(verb) => file::run(context, verb).await,
        Command::Export(args) => export::export(context, args).await,
        Command::Import(args) => export::import(context, args).await,
        Command::Search(args) => search::run(context, args).await,
        Command::Events => events::run(context).await,
        Command::Open(args) => open::run(context, args).await,
        Command::Relay(args) => relay::run(context, args).await,
        Command::Doctor => return doctor::run(context).await,
        Command::Demo => demo::run(context).await,
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "compeer", &mut script);
            context.out.raw(&String::from_utf8_lossy(&script))
        }
        // Done before there is a runtime.
        Command::PageWorker => Ok(()),
        Command::ApiDescription => context.out.raw(&format!("{}\n", crate::api::description())),
    }?;
    Ok(ExitCode::SUCCESS)
}
