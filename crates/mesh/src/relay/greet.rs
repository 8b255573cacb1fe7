//! Finding out who answers at a relay's address: a TLS handshake of our own, of which nothing else comes.

use std::sync::Arc;
use std::time::Duration;

use iroh::tls::default_provider;
use rustls::client::ClientConnection;
use rustls::pki_types::ServerName;
use rustls::{CertificateError, ClientConfig};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::RelaySpec;
use super::pin::{PinVerifier, Pins};

/// How long the other side may take to say who it is.
const LIMIT: Duration = Duration::from_secs(5);

/// Who answers at a relay's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Greeting {
    /// The relay we mean.
    Ours,
    /// A relay, or something that looks like one from outside, with another key.
    OtherKey,
    /// Something that does not speak as relays do, or says nothing.
    NoRelay,
}

#[derive(Debug, thiserror::Error)]
enum GreetError {
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error(transparent)]
    Tls(#[from] rustls::Error),
}

/// Asks who is at the relay's address.
pub(crate) async fn greet(relay: &RelaySpec) -> Greeting {
    match timeout(LIMIT, handshake(relay)).await {
        Ok(Ok(())) => Greeting::Ours,
        // It showed a raw public key, as only relays of ours do.
        Ok(Err(GreetError::Tls(rustls::Error::InvalidCertificate(
            CertificateError::ApplicationVerificationFailure,
        )))) => Greeting::OtherKey,
        Ok(Err(error)) => {
            tracing::debug!(%error, url = %relay.url(), "no relay");
            Greeting::NoRelay
        }
        Err(_) => Greeting::NoRelay,
    }
}

async fn handshake(relay: &RelaySpec) -> Result<(), GreetError> {
    let name = ServerName::try_from(relay.host().to_owned()).map_err(std::io::Error::other)?;
    let mut tls = ClientConnection::new(Arc::new(client_config(relay)?), name)?;
    let mut stream = TcpStream::connect((relay.host(), relay.port())).await?;
    let mut buffer = [0; 4096];
    while tls.is_handshaking() {
        let mut out = Vec::new();
        while tls.wants_write() {
            tls.write_tls(&mut out)?;
        }
        stream.write_all(&out).await?;
        let read = stream.read(&mut buffer).await?;
        if read == 0 {
            return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into());
        }
        // rustls limits what it keeps.
        let mut rest = &buffer[..read];
        while !rest.is_empty() {
            tls.read_tls(&mut rest)?;
            tls.process_new_packets()?;
        }
    }
    Ok(())
}

/// What a device expects of this relay.
fn client_config(relay: &RelaySpec) -> Result<ClientConfig, rustls::Error> {
    let (pins, provider) = (Pins::default(), default_provider());
    pins.set(std::slice::from_ref(relay));
    Ok(ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(PinVerifier { pins, provider }))
        .with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relay::{RelayAccess, RelayKey, RelayServer, RelayServerConfig};
    use tokio::net::TcpListener;

    const KEY: RelayKey = RelayKey::from_bytes([7; 16]);

    /// Something that takes connections, says this and goes on listening.
    async fn says(words: &'static [u8]) -> RelaySpec {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
        let port = listener.local_addr().expect("an address").port();
        tokio::spawn(async move {
            let mut kept = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let _ = stream.write_all(words).await;
                kept.push(stream);
            }
        });
        RelaySpec::new("127.0.0.1", port, KEY).expect("a name")
    }

    #[tokio::test]
    async fn a_relay_is_known_by_its_key() {
        let listen = "127.0.0.1:0".parse().expect("address");
        let config = RelayServerConfig { listen, key: KEY, access: RelayAccess::Key };
        let server = RelayServer::start(config).await.expect("starts");
        assert_eq!(greet(&server.spec().expect("a name")).await, Greeting::Ours);
        let other = RelayKey::from_bytes([8; 16]);
        let wrong = RelaySpec::new("127.0.0.1", server.address().port(), other).expect("a name");
        assert_eq!(greet(&wrong).await, Greeting::OtherKey);
        server.shutdown().await;
    }

    #[tokio::test]
    async fn what_is_no_relay_is_told_apart() {
        for words in [
            &b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"[..],
            b"SSH-2.0-OpenSSH_10.0\r\n",
            // The alert of a TLS server that knows only certificates: "unsupported certificate".
            &[21, 3, 3, 0, 2, 2, 43],
            // And of one that knows only older versions: "protocol version".
            &[21, 3, 1, 0, 2, 2, 70],
        ] {
            assert_eq!(greet(&says(words).await).await, Greeting::NoRelay, "{words:?}");
        }
        // Nobody there at all.
        let port = TcpListener::bind("127.0.0.1:0").await.expect("binds").local_addr().expect("an address").port();
        assert_eq!(greet(&RelaySpec::new("127.0.0.1", port, KEY).expect("a name")).await, Greeting::NoRelay);
    }

    #[tokio::test(start_paused = true)]
    async fn silence_ends_by_itself() {
        assert_eq!(greet(&says(b"").await).await, Greeting::NoRelay);
    }
}
