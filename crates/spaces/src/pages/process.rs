//! The worker as the node sees it: a process that is started when it is needed, asked one thing after the other, and ended when
//! it takes too long.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use compeer_core::cbor;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::Mutex;

use super::wire::{Answer, Ask, FRAME_BYTES, GREETING, frame};

/// How long a worker may take to start.
const START: Duration = Duration::from_secs(20);
/// Bytes that a program may say before it becomes a worker.
const BEFORE: usize = 4096;

/// How a worker is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerCommand {
    /// The program.
    pub program: PathBuf,
    /// What it is told.
    pub arguments: Vec<OsString>,
    /// What else it is told, by variables. It has none besides.
    pub variables: Vec<(OsString, OsString)>,
    /// How long one question may take.
    pub patience: Duration,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WorkerError {
    /// The system does not start it.
    #[error("the program that reads pages could not be started")]
    Start(#[source] io::Error),
    /// It ended, or said what is no answer.
    #[error("the program that reads pages ended while it read one")]
    Died,
    /// It took too long.
    #[error("the program that reads pages took too long")]
    Late,
}

/// The worker, whether or not it runs.
pub(crate) struct Worker {
    command: WorkerCommand,
    running: Mutex<Option<Running>>,
}

struct Running {
    /// Ended with this.
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    /// Which one it is: documents go with the process that has them.
    number: u64,
}

impl Worker {
    pub(crate) fn new(command: WorkerCommand) -> Self {
        Self { command, running: Mutex::default() }
    }

    /// Asks something of the worker with this number, or of whichever runs; the answer and which one it was. `None` when the one
    /// that was meant does not run any more. One that does not answer is ended.
    pub(crate) async fn ask(&self, number: Option<u64>, ask: &Ask) -> Result<Option<(u64, Answer)>, WorkerError> {
        let mut running = self.running.lock().await;
        if let Some(one) = running.as_mut()
            && !matches!(one.child.try_wait(), Ok(None))
        {
            *running = None;
        }
        let mut one = match (running.take(), number) {
            (Some(one), Some(number)) if one.number != number => {
                *running = Some(one);
                return Ok(None);
            }
            (Some(one), _) => one,
            (None, Some(_)) => return Ok(None),
            (None, None) => self.start().await?,
        };
        // Taken out until it has answered: whoever gives up waiting leaves no half question behind.
        let answer =
            tokio::time::timeout(self.command.patience, one.ask(ask)).await.map_err(|_| WorkerError::Late)??;
        let number = one.number;
        *running = Some(one);
        Ok(Some((number, answer)))
    }

    /// Ends the worker, if one runs. The next question starts another.
    pub(crate) async fn end(&self) {
        *self.running.lock().await = None;
    }

    async fn start(&self) -> Result<Running, WorkerError> {
        static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
        let WorkerCommand { program, arguments, variables, .. } = &self.command;
        let mut child = Command::new(program)
            .args(arguments)
            .env_clear()
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(WorkerError::Start)?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(WorkerError::Died);
        };
        let mut stdout = BufReader::new(stdout);
        let greeted = async {
            let mut said = Vec::new();
            while !said.ends_with(GREETING) {
                if said.len() > BEFORE {
                    return Err(WorkerError::Died);
                }
                said.push(stdout.read_u8().await.map_err(|_| WorkerError::Died)?);
            }
            Ok(())
        };
        tokio::time::timeout(START, greeted).await.map_err(|_| WorkerError::Late)??;
        let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        tracing::debug!(number, "a worker for pages is up");
        Ok(Running { child, stdin, stdout, number })
    }
}

impl Running {
    async fn ask(&mut self, ask: &Ask) -> Result<Answer, WorkerError> {
        let died = |_| WorkerError::Died;
        self.stdin.write_all(&frame(ask)).await.map_err(died)?;
        self.stdin.flush().await.map_err(died)?;
        let length = self.stdout.read_u32().await.map_err(died)? as usize;
        if length > FRAME_BYTES {
            return Err(WorkerError::Died);
        }
        let mut bytes = Vec::new();
        (&mut self.stdout).take(length as u64).read_to_end(&mut bytes).await.map_err(died)?;
        cbor::decode(&bytes, FRAME_BYTES).map_err(|_| WorkerError::Died)
    }
}
