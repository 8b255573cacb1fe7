//! The desktop's own means of showing a notification: a program that the system has, given the words as arguments or in its
//! environment and never as part of a script.
//!
//! Speaking D-Bus ourselves would need a library that weighs more than all of this is worth (zbus and what it brings), and
//! every desktop that shows notifications comes with a program that sends them.

use std::ffi::OsStr;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::text::{Notice, escaped};

/// How long the program may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Between two looks whether it has ended.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Bytes that are kept of what it complains about.
const COMPLAINT: u64 = 1024;

/// Why this computer shows no notifications.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Absent {
    /// Nobody is logged in at a screen, as far as the peer can see.
    #[error("there is no desktop that this peer could reach")]
    Session,
    /// The system has none of the programs that send them.
    #[error("the program that sends notifications to the desktop is missing")]
    Program,
}

/// Why a notification was not shown.
#[derive(Debug, thiserror::Error)]
pub enum ShowError {
    /// There is nothing to show it with.
    #[error(transparent)]
    Absent(#[from] Absent),
    /// The program did not start.
    #[error("{program} did not start: {source}")]
    Start {
        /// Which.
        program: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// The program failed.
    #[error("{program} failed: {complaint}")]
    Failed {
        /// Which.
        program: &'static str,
        /// What it said, if anything.
        complaint: String,
    },
    /// The program did not end, and was ended.
    #[error("{0} did not answer")]
    Silent(&'static str),
}

/// A program that shows notifications.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Means {
    NotifySend,
    Gdbus,
    Osascript,
    PowerShell,
}

/// A program that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Program {
    means: Means,
    path: PathBuf,
}

impl Means {
    fn name(self) -> &'static str {
        match self {
            Self::NotifySend => "notify-send",
            Self::Gdbus => "gdbus",
            Self::Osascript => "osascript",
            Self::PowerShell => "powershell.exe",
        }
    }
}

impl Program {
    pub(super) fn name(&self) -> &'static str {
        self.means.name()
    }
}

/// What this system has.
pub(super) fn find() -> Result<Program, Absent> {
    let means: &[Means] = if cfg!(target_os = "macos") {
        &[Means::Osascript]
    } else if cfg!(windows) {
        &[Means::PowerShell]
    } else {
        if !has_session(
            std::env::var_os("DBUS_SESSION_BUS_ADDRESS").as_deref(),
            std::env::var_os("XDG_RUNTIME_DIR").as_deref(),
        ) {
            return Err(Absent::Session);
        }
        &[Means::NotifySend, Means::Gdbus]
    };
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = means.iter().find_map(|means| Some(Program { means: *means, path: on_path(&path, means.name())? }));
    found.ok_or(Absent::Program)
}

/// Whether there is a session bus: by its address, or where systems with systemd put it (D-Bus Specification, "Well-known
/// Message Bus Instances").
fn has_session(address: Option<&OsStr>, runtime: Option<&OsStr>) -> bool {
    match address.filter(|address| !address.is_empty()) {
        Some(_) => true,
        None => runtime.is_some_and(|folder| Path::new(folder).join("bus").exists()),
    }
}

/// Where a program lies. Folders that depend on where the peer was started are passed over.
fn on_path(path: &OsStr, name: &str) -> Option<PathBuf> {
    std::env::split_paths(path)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(name))
        .find(|file| is_program(file))
}

#[cfg(unix)]
fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(file: &Path) -> bool {
    file.is_file()
}

/// Shows a toast. The words are in the environment, and become text nodes: nothing reads them as script or markup.
const TOAST: &str = r"
$ErrorActionPreference = 'Stop'
[void][Windows.UI.Notifications.ToastNotificationManager, Windows.UI.Notifications, ContentType = WindowsRuntime]
$xml = [Windows.UI.Notifications.ToastNotificationManager]::GetTemplateContent([Windows.UI.Notifications.ToastTemplateType]::ToastText02)
$lines = $xml.GetElementsByTagName('text')
[void]$lines.Item(0).AppendChild($xml.CreateTextNode($env:COMPEER_NOTICE_TITLE))
[void]$lines.Item(1).AppendChild($xml.CreateTextNode($env:COMPEER_NOTICE_BODY))
$toast = [Windows.UI.Notifications.ToastNotification]::new($xml)
$id = '{1AC14E77-02E7-4E5D-B744-2EB1AE5198B7}\WindowsPowerShell\v1.0\powershell.exe'
[Windows.UI.Notifications.ToastNotificationManager]::CreateToastNotifier($id).Show($toast)
";

fn command(program: &Program, notice: &Notice) -> Command {
    let mut command = Command::new(&program.path);
    match program.means {
        Means::NotifySend => {
            command.args(["--app-name=Compeer", "--category=im.received", "--", &notice.title, &escaped(&notice.body)]);
        }
        Means::Gdbus => {
            // Everything after the method is a value in GVariant's text form; quoted, a text is nothing but itself.
            command.args(["call", "--session", "--dest=org.freedesktop.Notifications"]);
            command.args([
                "--object-path=/org/freedesktop/Notifications",
                "--method=org.freedesktop.Notifications.Notify",
            ]);
            command.args(["--", "'Compeer'", "0", "''", &variant(&notice.title), &variant(&escaped(&notice.body))]);
            command.args(["@as []", "@a{sv} {}", "-1"]);
        }
        Means::Osascript => {
            command.args([
                "-e",
                "on run words",
                "-e",
                "display notification (item 2 of words) with title (item 1 of words)",
            ]);
            command.args(["-e", "end run", "--", &notice.title, &notice.body]);
        }
        Means::PowerShell => {
            command.args(["-NoProfile", "-NonInteractive", "-Command", TOAST]);
            command.env("COMPEER_NOTICE_TITLE", &notice.title).env("COMPEER_NOTICE_BODY", &notice.body);
        }
    }
    command
}

/// A text as GVariant's text form has it: within single quotes, with a backslash before those and before backslashes.
fn variant(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// Shows a notification. Blocks, for five seconds at most.
pub(super) fn show(notice: &Notice) -> Result<(), ShowError> {
    run(&find()?, notice, PATIENCE)
}

fn run(found: &Program, notice: &Notice, patience: Duration) -> Result<(), ShowError> {
    let program = found.name();
    let failed = |source| ShowError::Start { program, source };
    let mut command = command(found, notice);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(failed)?;
    let end = Instant::now() + patience;
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if Instant::now() < end => std::thread::sleep(LOOK_EVERY),
            Ok(None) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(ShowError::Silent(program));
            }
            Err(source) => return Err(failed(source)),
        }
    };
    if status.success() {
        return Ok(());
    }
    let mut complaint = Vec::new();
    if let Some(stderr) = child.stderr.take() {
        let _ = stderr.take(COMPLAINT).read_to_end(&mut complaint);
    }
    let complaint = String::from_utf8_lossy(&complaint);
    let first = complaint.lines().find(|line| !line.trim().is_empty()).map(|line| line.trim().to_owned());
    Err(ShowError::Failed { program, complaint: first.unwrap_or_else(|| status.to_string()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(means: Means, title: &str, body: &str) -> Vec<String> {
        let notice = Notice { title: title.into(), body: body.into() };
        let command = command(&Program { means, path: means.name().into() }, &notice);
        command.get_args().map(|argument| argument.to_string_lossy().into_owned()).collect()
    }

    /// Words of others are whole arguments after `--`, or not among the arguments at all.
    #[test]
    fn words_are_never_options_or_script() {
        let (title, body) = ("--icon=/etc/passwd", "<b>$(reboot)</b> ' \" \\");
        let sent = arguments(Means::NotifySend, title, body);
        assert_eq!(sent[2..], ["--", title, "&lt;b&gt;$(reboot)&lt;/b&gt; ' \" \\"]);
        let called = arguments(Means::Gdbus, title, body);
        let from = called.iter().position(|argument| argument == "--").expect("an end of options");
        assert_eq!(called[from + 4], "'--icon=/etc/passwd'");
        assert_eq!(called[from + 5], "'&lt;b&gt;$(reboot)&lt;/b&gt; \\' \" \\\\'");
        let script = arguments(Means::Osascript, title, body);
        assert_eq!(script[script.len() - 3..], ["--", title, body]);
        assert!(arguments(Means::PowerShell, title, body).iter().all(|argument| !argument.contains("reboot")));
    }

    #[test]
    fn a_session_is_a_bus() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(!has_session(None, None));
        assert!(!has_session(Some(OsStr::new("")), Some(folder.path().as_os_str())));
        std::fs::write(folder.path().join("bus"), "").expect("a file");
        assert!(has_session(None, Some(folder.path().as_os_str())));
        assert!(has_session(Some(OsStr::new("unix:path=/tmp/bus")), None));
    }

    #[cfg(unix)]
    #[test]
    fn a_program_that_fails_or_hangs_does_no_harm() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, script: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, script).expect("a file");
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("a program");
            Program { means: Means::NotifySend, path }
        };
        let notice = Notice { title: "a".into(), body: "b".into() };
        let show =
            |program: &Program| run(program, &notice, Duration::from_millis(400)).map_err(|error| error.to_string());
        assert_eq!(show(&write("good", "#!/bin/sh\nexit 0\n")), Ok(()));
        let bad = write("bad", "#!/bin/sh\necho >&2; echo 'No such bus' >&2; exit 3\n");
        assert_eq!(show(&bad), Err("notify-send failed: No such bus".into()));
        let hangs = write("hangs", "#!/bin/sh\nexec sleep 60\n");
        assert_eq!(show(&hangs), Err("notify-send did not answer".into()));
        let path = folder.path().as_os_str();
        assert_eq!(on_path(path, "good"), Some(folder.path().join("good")));
        assert_eq!(on_path(path, "missing"), None);
        assert_eq!(on_path(OsStr::new("."), "good"), None);
    }
}
