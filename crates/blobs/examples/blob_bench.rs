//! Prints how fast blobs are hashed and moved on this machine, next to the bare stream in the same run.
//!
//! `cargo run --release -p compeer-blobs --example blob_bench [FOLDER]`; the folder defaults to `/dev/shm`, which
//! leaves the disk out. It holds 2 GiB for a moment.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use compeer_blobs::{
    Anyone, BlobInfo, BlobStore, Control, Existing, Target, Want, fetch, fetch_many, hash_file, serve,
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const GIB: usize = 1 << 30;
const SMALL: usize = 10_000;

type Error = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let base = std::env::args_os().nth(1).map_or_else(|| PathBuf::from("/dev/shm"), PathBuf::from);
    let dir = base.join(format!("blob-bench-{}", std::process::id()));
    std::fs::create_dir_all(&dir)?;
    let done = bench(&dir).await;
    std::fs::remove_dir_all(&dir)?;
    done
}

async fn bench(dir: &Path) -> Result<(), Error> {
    let source = dir.join("source");
    let mut bytes = vec![0; GIB];
    blake3::Hasher::new().update(b"bench").finalize_xof().fill(&mut bytes);
    std::fs::write(&source, &bytes)?;

    for _ in 0..3 {
        let start = Clock::start();
        hash_file(&source)?;
        report("hash 1 GiB", start, GIB);
    }
    for _ in 0..3 {
        bare(&bytes).await?;
    }
    drop(bytes);

    let from = BlobStore::open(dir.join("from")).await?;
    let info = from.add_file(&source).await?;
    for (number, over_tcp) in [true, true, true, false, false].into_iter().enumerate() {
        let to = BlobStore::open(dir.join(format!("to {number}"))).await?;
        let target = dir.join("target");
        let want = wanted(info, target.clone());
        let start = Clock::start();
        if over_tcp {
            let (near, far) = connect().await?;
            let (near, far) = (near.into_split(), far.into_split());
            let provider = provide(&from, far.0, far.1);
            fetch(&to, &want, near.0, near.1, Control::default()).await?;
            provider.await?;
        } else {
            let (near, far) = tokio::io::duplex(1 << 20);
            let (near, far) = (tokio::io::split(near), tokio::io::split(far));
            let provider = provide(&from, far.0, far.1);
            fetch(&to, &want, near.0, near.1, Control::default()).await?;
            provider.await?;
        }
        report(if over_tcp { "move 1 GiB over TCP" } else { "move 1 GiB over a pipe" }, start, GIB);
        std::fs::remove_file(target)?;
    }

    small(dir, &from).await
}

/// Many files of 4 KiB, shared and moved.
async fn small(dir: &Path, from: &BlobStore) -> Result<(), Error> {
    let (sources, targets) = (dir.join("small"), dir.join("moved"));
    std::fs::create_dir(&sources)?;
    let mut paths = Vec::with_capacity(SMALL);
    let mut bytes = vec![0; 4096];
    for number in 0..SMALL {
        blake3::Hasher::new().update(&number.to_le_bytes()).finalize_xof().fill(&mut bytes);
        let path = sources.join(number.to_string());
        std::fs::write(&path, &bytes)?;
        paths.push(path);
    }
    let start = Clock::start();
    let infos: Result<Vec<_>, _> = from.add_files(paths).await?.into_iter().collect();
    report("add 10,000 files of 4 KiB", start, SMALL * 4096);
    let infos = infos?;
    for number in 0..3 {
        std::fs::create_dir(&targets)?;
        let to = BlobStore::open(dir.join(format!("to small {number}"))).await?;
        let wants: Vec<_> =
            infos.iter().enumerate().map(|(at, info)| wanted(*info, targets.join(at.to_string()))).collect();
        let start = Clock::start();
        let (near, far) = connect().await?;
        let (near, far) = (near.into_split(), far.into_split());
        let provider = provide(from, far.0, far.1);
        for done in fetch_many(&to, &wants, near.0, near.1, Control::default()).await? {
            done?;
        }
        provider.await?;
        report("move 10,000 files of 4 KiB", start, SMALL * 4096);
        std::fs::remove_dir_all(&targets)?;
    }
    Ok(())
}

/// The same bytes over the same kind of stream, from memory to nowhere.
async fn bare(bytes: &[u8]) -> Result<(), Error> {
    let (mut near, mut far) = connect().await?;
    let start = Clock::start();
    let receiver = tokio::spawn(async move {
        let mut buffer = vec![0; 1 << 20];
        while near.read(&mut buffer).await? > 0 {}
        Ok::<_, std::io::Error>(())
    });
    far.write_all(bytes).await?;
    far.shutdown().await?;
    receiver.await??;
    report("bare TCP, 1 GiB", start, bytes.len());
    Ok(())
}

fn provide<R, W>(store: &BlobStore, recv: R, send: W) -> tokio::task::JoinHandle<()>
where
    R: AsyncRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
{
    let store = store.clone();
    tokio::spawn(async move {
        if let Err(error) = serve(&store, Arc::new(Anyone), recv, send).await {
            eprintln!("serving failed: {error}");
        }
    })
}

async fn connect() -> Result<(TcpStream, TcpStream), Error> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let (near, far) = tokio::join!(TcpStream::connect(listener.local_addr()?), listener.accept());
    Ok((near?, far?.0))
}

fn wanted(info: BlobInfo, path: PathBuf) -> Want {
    Want { info, target: Target::File { path, existing: Existing::KeepBoth } }
}

/// Wall time and, where `/proc` tells it, the processor time of this process, provider and requester together.
struct Clock {
    wall: Instant,
    cpu: f64,
}

impl Clock {
    fn start() -> Self {
        Self { wall: Instant::now(), cpu: cpu_seconds() }
    }
}

/// Fields 14 and 15 of `/proc/self/stat` (proc(5)), in hundredths of a second on every common kernel.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let ticks = fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}

fn report(what: &str, start: Clock, bytes: usize) {
    let seconds = start.wall.elapsed().as_secs_f64();
    let cpu = cpu_seconds() - start.cpu;
    println!("{what:28} {seconds:7.3} s {:8.0} MB/s {cpu:7.2} CPU-s", bytes as f64 / 1e6 / seconds);
}
