//! Figures of files: Compeer against the bare QUIC stream under it, and against Syncthing where it is installed.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::http::Failure;
use crate::peer::{Peer, program, until};
use crate::report::Report;

const BIG: u64 = 1 << 30;
const SMALL_FILES: usize = 10_000;
const SMALL: usize = 4096;
const PATIENCE: Duration = Duration::from_secs(300);

/// Bytes that no compression shrinks and no two runs share.
fn noise(seed: u64) -> impl Iterator<Item = u8> {
    let mut state = seed | 1;
    std::iter::repeat_with(move || {
        // xorshift64 (Marsaglia, 2003)
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    })
    .flatten()
}

fn make_big(path: &Path) -> Result<(), Failure> {
    let block: Vec<u8> = noise(std::process::id().into()).take(1 << 20).collect();
    let mut file = std::fs::File::create(path)?;
    for n in 0..BIG >> 20 {
        let mut block = block.clone();
        block[..8].copy_from_slice(&n.to_le_bytes());
        file.write_all(&block)?;
    }
    file.sync_all()?;
    Ok(())
}

fn make_small(dir: &Path) -> Result<(), Failure> {
    let mut bytes = noise(7);
    for n in 0..SMALL_FILES {
        let folder = dir.join(format!("{:02}", n % 100));
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join(format!("f{n:05}")), bytes.by_ref().take(SMALL).collect::<Vec<_>>())?;
    }
    Ok(())
}

fn count(dir: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(dir) else { return 0 };
    entries
        .flatten()
        .map(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => count(&entry.path()),
            Ok(kind) if kind.is_file() && entry.file_name().to_string_lossy().starts_with('f') => 1,
            _ => 0,
        })
        .sum()
}

fn cli(home: &Path, arguments: &[&str], path: Option<&Path>) -> Result<(), Failure> {
    let mut command = Command::new(program()?);
    command.args(arguments).args(path).args(["--json", "--home"]).arg(home).stdout(Stdio::null());
    if !command.status()?.success() {
        return Err(format!("compeer {arguments:?} failed").into());
    }
    Ok(())
}

/// Compeer: seconds for one big file and for many small ones, from `file put` until `file get` is done.
fn compeer(dir: &Path, big: &Path, small: &Path) -> Result<(f64, f64), Failure> {
    let (first, second) = (Peer::start(dir, "first")?, Peer::start(dir, "second")?);
    let space = first.create("Files")?;
    second.join(&first.invite(&space, 1)?)?;
    let mut seconds = Vec::new();
    for (path, name) in [(big, "big"), (small, "small")] {
        let to = dir.join(format!("to-{name}"));
        std::fs::create_dir_all(&to)?;
        let started = Instant::now();
        cli(&first.home, &["file", "put", &space], Some(path))?;
        let listed = if name == "big" { 1 } else { 1 + SMALL_FILES };
        let mut client = second.client()?;
        until(PATIENCE, || {
            Ok(client.get(&format!("/spaces/{space}/files"))?.as_array().is_some_and(|files| files.len() == listed))
        })?;
        let to_text = to.to_string_lossy();
        cli(&second.home, &["file", "get", &space, name, "--to", &to_text], None)?;
        seconds.push(started.elapsed().as_secs_f64());
        if name == "small" && count(&to) != SMALL_FILES {
            return Err("not all small files arrived".into());
        }
        std::fs::remove_dir_all(&to)?;
    }
    Ok((seconds[0], seconds[1]))
}

/// One bare QUIC stream between two endpoints: read from a file, written to a file, nothing checked.
async fn bare_stream(from: PathBuf, to: PathBuf) -> Result<f64, Failure> {
    use iroh::endpoint::presets;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    const ALPN: &[u8] = b"bare/1";
    let bind = || async {
        iroh::Endpoint::builder(presets::Minimal)
            .relay_mode(iroh::RelayMode::Disabled)
            .alpns(vec![ALPN.to_vec()])
            .bind()
            .await
    };
    let (sender, receiver) = (bind().await?, bind().await?);
    let address = receiver.addr();
    let receiving = tokio::spawn(async move {
        let connection = receiver.accept().await.ok_or("closed")?.await?;
        let mut stream = connection.accept_uni().await?;
        let mut file = tokio::fs::File::create(to).await?;
        let mut buffer = vec![0; 1 << 20];
        loop {
            let read = AsyncReadExt::read(&mut stream, &mut buffer).await?;
            if read == 0 {
                break;
            }
            file.write_all(&buffer[..read]).await?;
        }
        file.flush().await?;
        connection.close(0u32.into(), b"done");
        receiver.close().await;
        Ok::<_, Failure>(())
    });
    let started = Instant::now();
    let connection = sender.connect(address, ALPN).await?;
    let mut stream = connection.open_uni().await?;
    let mut file = tokio::fs::File::open(from).await?;
    let mut buffer = vec![0; 1 << 20];
    loop {
        let read = file.read(&mut buffer).await?;
        if read == 0 {
            break;
        }
        stream.write_all(&buffer[..read]).await?;
    }
    stream.finish()?;
    receiving.await??;
    let seconds = started.elapsed().as_secs_f64();
    sender.close().await;
    Ok(seconds)
}

/// A Syncthing process. Ended when dropped.
struct Syncthing(Child);

impl Drop for Syncthing {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

struct Node<'a> {
    home: PathBuf,
    folder: PathBuf,
    id: String,
    gui: u16,
    listen: u16,
    address: &'a str,
}

fn syncthing_config(node: &Node<'_>, peer: &Node<'_>) -> String {
    format!(
        r#"<configuration version="36">
<folder id="b" label="b" path="{folder}" type="sendreceive" rescanIntervalS="3600" fsWatcherEnabled="true" fsWatcherDelayS="10"><device id="{id}"/><device id="{other}"/></folder>
<device id="{id}" name="me"><address>dynamic</address></device>
<device id="{other}" name="other"><address>{address}</address></device>
<gui enabled="true" tls="false"><address>127.0.0.1:{gui}</address><apikey>k</apikey></gui>
<options><listenAddress>tcp://127.0.0.1:{listen}</listenAddress><globalAnnounceEnabled>false</globalAnnounceEnabled><localAnnounceEnabled>false</localAnnounceEnabled><relaysEnabled>false</relaysEnabled><natEnabled>false</natEnabled><urAccepted>-1</urAccepted><startBrowser>false</startBrowser><crashReportingEnabled>false</crashReportingEnabled><autoUpgradeIntervalH>0</autoUpgradeIntervalH><reconnectionIntervalS>5</reconnectionIntervalS></options>
</configuration>"#,
        folder = node.folder.display(),
        id = node.id,
        other = peer.id,
        address = node.address,
        gui = node.gui,
        listen = node.listen,
    )
}

fn syncthing_api(method: &str, gui: u16, path: &str) -> Result<String, Failure> {
    use std::io::Read;
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", gui))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "{method} /rest/{path} HTTP/1.0\r\nHost: 127.0.0.1\r\nX-API-Key: k\r\nContent-Length: 0\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// Syncthing: the same two figures, from the scan of the changed folder until the other side has the files.
fn syncthing(dir: &Path, big: &Path, small: &Path) -> Result<(f64, f64), Failure> {
    let mut nodes = Vec::new();
    for (name, gui, listen, address) in
        [("a", 28384, 22001, "tcp://127.0.0.1:22002"), ("b", 28385, 22002, "tcp://127.0.0.1:22001")]
    {
        let (home, folder) = (dir.join(format!("home-{name}")), dir.join(name));
        std::fs::create_dir_all(folder.join(".stfolder"))?;
        let home_argument = format!("--home={}", home.display());
        Command::new("syncthing").arg("generate").arg(&home_argument).output()?;
        let id = Command::new("syncthing").args([&home_argument, "--device-id"]).output()?;
        let id = String::from_utf8(id.stdout)?.trim().to_owned();
        nodes.push(Node { home, folder, id, gui, listen, address });
    }
    let mut running = Vec::new();
    for (node, peer) in [(&nodes[0], &nodes[1]), (&nodes[1], &nodes[0])] {
        std::fs::write(node.home.join("config.xml"), syncthing_config(node, peer))?;
        let mut command = Command::new("syncthing");
        command.arg(format!("--home={}", node.home.display())).arg("--no-browser").env("STNOUPGRADE", "1");
        running.push(Syncthing(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?));
    }
    until(Duration::from_secs(60), || {
        Ok(syncthing_api("GET", nodes[1].gui, "system/connections")
            .is_ok_and(|text| text.contains("\"connected\": true")))
    })?;
    std::thread::sleep(Duration::from_secs(5));
    let (from, to) = (&nodes[0].folder, &nodes[1].folder);
    std::fs::rename(big, from.join("big"))?;
    let started = Instant::now();
    syncthing_api("POST", nodes[0].gui, "db/scan?folder=b")?;
    until(PATIENCE, || Ok(to.join("big").exists()))?;
    let big_seconds = started.elapsed().as_secs_f64();
    std::thread::sleep(Duration::from_secs(2));
    std::fs::rename(small, from.join("small"))?;
    let started = Instant::now();
    syncthing_api("POST", nodes[0].gui, "db/scan?folder=b")?;
    until(PATIENCE, || Ok(count(&to.join("small")) == SMALL_FILES))?;
    Ok((big_seconds, started.elapsed().as_secs_f64()))
}

pub(crate) fn run(dir: &Path, report: &mut Report) -> Result<(), Failure> {
    let (big, small) = (dir.join("big"), dir.join("small"));
    std::fs::create_dir_all(dir)?;
    make_big(&big)?;
    make_small(&small)?;
    let (ours_big, ours_small) = compeer(&dir.join("compeer"), &big, &small)?;
    std::fs::remove_dir_all(dir.join("compeer"))?;
    let runtime = tokio::runtime::Runtime::new()?;
    let copy = dir.join("copy");
    let bare = runtime.block_on(bare_stream(big.clone(), copy.clone()))?;
    std::fs::remove_file(copy)?;
    report.row("1 GiB file, put to got, encrypted and verified", ours_big, "s", "");
    report.row("1 GiB over one bare QUIC stream, file to file", bare, "s", "");
    report.row("ratio to the bare stream (lower is better)", ours_big / bare, "times", "at most 1.8");
    report.row("10,000 files of 4 KiB, put to got", ours_small, "s", "1.5 s");
    if Command::new("syncthing").arg("--version").output().is_err() {
        report.note("Syncthing is not installed, so there are no ratios to it.");
        return Ok(());
    }
    let (theirs_big, theirs_small) = syncthing(&dir.join("syncthing"), &big, &small)?;
    report.row("Syncthing: 1 GiB file", theirs_big, "s", "");
    report.row("faster than Syncthing, 1 GiB", theirs_big / ours_big, "times", "at least 2");
    if theirs_big / ours_big < 2.0 && theirs_big / bare < 2.0 {
        report.note(format!(
            "1 GiB: one bare stream of the QUIC implementation under Compeer, with nothing hashed or checked, is {:.2} times \
             faster than Syncthing's TCP here. Its packets are no larger than an Ethernet frame also over loopback, and that \
             bounds what a transfer over it can reach.",
            theirs_big / bare
        ));
    }
    report.row("Syncthing: 10,000 files of 4 KiB", theirs_small, "s", "");
    report.row("faster than Syncthing, 10,000 files", theirs_small / ours_small, "times", "at least 5");
    Ok(())
}
