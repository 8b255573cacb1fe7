//! TLS without certificates between device and relay: raw public keys (RFC 7250), both derived from the relay's key.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use compeer_core::{DeviceId, DeviceKey};
use iroh::tls::{CaTlsConfig, default_provider};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls13_signature_with_raw_key};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::server::AlwaysResolvesServerRawPublicKeys;
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, DigitallySignedStruct, PeerIncompatible, ServerConfig, SignatureScheme};

use super::RelaySpec;

/// What precedes the 32 bytes of an Ed25519 public key in a SubjectPublicKeyInfo (RFC 8410, section 4).
const SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
/// What precedes the 32 bytes of an Ed25519 seed in PKCS #8 (RFC 8410, section 7).
const PKCS8: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

fn spki(id: DeviceId) -> Vec<u8> {
    [&SPKI[..], id.as_bytes()].concat()
}

/// The public keys of our relays, by host: the only TLS servers this process trusts. Shared with iroh's TLS, and
/// changed when the relays change.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pins(Arc<RwLock<HashMap<ServerName<'static>, Vec<DeviceId>>>>);

impl Pins {
    pub(crate) fn set(&self, relays: &[RelaySpec]) {
        let mut pins: HashMap<_, Vec<DeviceId>> = HashMap::new();
        for relay in relays {
            // A host that is no server name cannot be connected to either.
            if let Ok(name) = ServerName::try_from(relay.host().to_owned()) {
                pins.entry(name).or_default().push(relay.key().tls_id());
            }
        }
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = pins;
    }

    /// For iroh's connections to relays, which are its only TLS connections besides those to peers.
    pub(crate) fn tls_config(&self) -> CaTlsConfig {
        let pins = self.clone();
        CaTlsConfig::custom_server_cert_verifier(Arc::new(move |provider| {
            Ok(Arc::new(PinVerifier { pins: pins.clone(), provider }))
        }))
    }

    fn accept(&self, host: &ServerName<'_>, presented: &[u8]) -> bool {
        let pins = self.0.read().unwrap_or_else(PoisonError::into_inner);
        pins.get(&host.to_owned()).is_some_and(|ids| ids.iter().any(|id| spki(*id) == presented))
    }
}

#[derive(Debug)]
pub(super) struct PinVerifier {
    pub(super) pins: Pins,
    pub(super) provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for PinVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if intermediates.is_empty() && self.pins.accept(server_name, end_entity) {
            return Ok(ServerCertVerified::assertion());
        }
        Err(CertificateError::ApplicationVerificationFailure.into())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        // Raw public keys exist only in TLS 1.3.
        Err(PeerIncompatible::Tls12NotOffered.into())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let key = SubjectPublicKeyInfoDer::from(cert.as_ref());
        verify_tls13_signature_with_raw_key(message, &key, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}

/// The relay's side: TLS 1.3 with the raw public key of `key`.
pub(super) fn server_config(key: &DeviceKey) -> Result<ServerConfig, rustls::Error> {
    let provider = default_provider();
    let seed = key.seed();
    let pkcs8 = [&PKCS8[..], &seed[..]].concat();
    let signing = provider.key_provider.load_private_key(PrivateKeyDer::Pkcs8(pkcs8.into()))?;
    let certified = CertifiedKey::new(vec![CertificateDer::from(spki(key.id()))], signing);
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(AlwaysResolvesServerRawPublicKeys::new(Arc::new(certified))));
    Ok(config)
}
