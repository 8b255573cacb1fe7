//! Two devices and a relay by hand, to try the mesh on real networks and network namespaces.
//!
//! ```text
//! link relay LISTEN                       a relay; prints its name
//! link peer SEED OTHER [OPTION…]          device number SEED, linked to device number OTHER; prints what happens
//!     --relay NAME   --listen ADDR:PORT   --dial ADDR:PORT   --lan
//! ```

use std::error::Error;
use std::time::{Duration, Instant};

use compeer_core::{DeviceId, DeviceKey};
use compeer_mesh::relay::{RelayAccess, RelayKey, RelayServer, RelayServerConfig};
use compeer_mesh::{Addresses, Admission, Door, Mesh, MeshConfig, Source};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let mut args = std::env::args().skip(1);
    match args.next().as_deref() {
        Some("relay") => relay(&args.next().ok_or("LISTEN is missing")?).await,
        Some("peer") => peer(args).await,
        _ => Err("link relay LISTEN | link peer SEED OTHER [OPTION…]".into()),
    }
}

/// A relay with a fixed key, so that it can be restarted under the same name. Only for trying things out.
async fn relay(listen: &str) -> Result<(), Box<dyn Error>> {
    let key = RelayKey::from_bytes([7; 16]);
    let server =
        RelayServer::start(RelayServerConfig { listen: listen.parse()?, key, access: RelayAccess::Key }).await?;
    println!("{}", server.spec()?);
    tokio::signal::ctrl_c().await?;
    server.shutdown().await;
    Ok(())
}

async fn peer(mut args: impl Iterator<Item = String>) -> Result<(), Box<dyn Error>> {
    let mut device = || -> Result<DeviceKey, Box<dyn Error>> {
        let seed: u8 = args.next().ok_or("SEED and OTHER are missing")?.parse()?;
        Ok(DeviceKey::from_seed([seed; 32]))
    };
    let mut config = MeshConfig::new(device()?);
    let other = device()?.id();
    let mut known = Addresses::default();
    while let Some(option) = args.next() {
        match option.as_str() {
            "--lan" => config.lan_discovery = true,
            "--relay" => config.relays.push(args.next().ok_or("NAME is missing")?.parse()?),
            "--listen" => config.listen.push(args.next().ok_or("ADDR:PORT is missing")?.parse()?),
            "--dial" => known.direct.push(args.next().ok_or("ADDR:PORT is missing")?.parse()?),
            _ => return Err(format!("unknown option {option}").into()),
        }
    }
    let gate = move |device: DeviceId, _: Door| match device == other {
        true => Admission::Member,
        false => Admission::Refuse,
    };
    let started = Instant::now();
    let mesh = Mesh::builder(config, gate).start().await?;
    let mut events = mesh.events();
    mesh.learn(other, known, Source::Given);
    mesh.want([other].into());
    println!("{:8.3} device {} at {:?}", 0.0, mesh.device(), mesh.my_addresses());
    let mut look = tokio::time::interval(Duration::from_secs(5));
    loop {
        tokio::select! {
            event = events.recv() => println!("{:8.3} {:?}", started.elapsed().as_secs_f64(), event?),
            _ = look.tick() => println!("{:8.3} {:?}", started.elapsed().as_secs_f64(), mesh.peers()),
            end = tokio::signal::ctrl_c() => {
                end?;
                mesh.shutdown().await;
                return Ok(());
            }
        }
    }
}
