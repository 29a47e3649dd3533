//! TLS towards services whose certificate is wanted, not their trust: everything is accepted and
//! nothing is verified, so nothing secret may ever be sent here. What the agent sends to the
//! backend goes through `crate::http`, which verifies.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::stream;

/// One read from the network.
const CHUNK: usize = 16 * 1024;

/// The certificate that a service shows, as DER: not verified, and not read. `server_name` is the
/// name asked for (SNI), or the address, which asks for none.
///
/// # Errors
/// No connection, no TLS, or no answer in time: one sentence.
pub async fn shown_by(
    address: SocketAddr,
    server_name: &str,
    limit: Duration,
) -> Result<Vec<u8>, String> {
    let asked = async {
        let stream = TcpStream::connect(address)
            .await
            .map_err(|error| format!("no connection to {address}: {error}"))?;
        shake(&stream, server_name)
            .await
            .map_err(|error| format!("no TLS with {address}: {error}"))
    };
    timeout(limit, asked)
        .await
        .unwrap_or_else(|_| Err(format!("no answer of {address} in time")))
}

/// Shakes hands as far as the certificate: what a server wants of its clients comes after it.
async fn shake(stream: &TcpStream, server_name: &str) -> io::Result<Vec<u8>> {
    let name = ServerName::try_from(server_name.to_owned())
        .map_err(|error| io::Error::new(ErrorKind::InvalidInput, error))?;
    let mut tls = ClientConnection::new(config()?, name).map_err(io::Error::other)?;
    let mut chunk = vec![0; CHUNK];
    loop {
        let mut waiting = Vec::new();
        while tls.wants_write() {
            tls.write_tls(&mut waiting)?;
        }
        stream::write_all(stream, &waiting).await?;
        let length = stream::read(stream, &mut chunk).await?;
        let mut rest = chunk.get(..length).unwrap_or_default();
        let mut read = Ok(());
        while !rest.is_empty() && read.is_ok() {
            tls.read_tls(&mut rest)?;
            read = tls.process_new_packets().map(|_| ());
        }
        if let Some(shown) = tls.peer_certificates().and_then(|all| all.first()) {
            return Ok(shown.to_vec());
        }
        read.map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
        if length == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
    }
}

fn config() -> io::Result<Arc<ClientConfig>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody(provider)))
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    Ok(Arc::new(config))
}

/// Accepts everybody.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
