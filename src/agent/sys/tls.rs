//! TLS towards services whose certificate is wanted, not their trust: everything is accepted and
//! nothing is verified, so nothing secret may ever be sent here. What the agent sends to the
//! backend goes through `crate::http`, which verifies.

use std::io::{self, ErrorKind, Read, Write};
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
use crate::agent::discovery::formats::certificate;
use crate::domain::inventory::pass::SeenCertificate;

/// One read from the network.
const CHUNK: usize = 16 * 1024;

/// A connection whose other end may be anybody.
#[derive(Debug)]
pub struct Unverified {
    stream: TcpStream,
    tls: ClientConnection,
}

impl Unverified {
    /// Shakes hands. `name` is the name that is asked for (SNI); an address asks for none.
    ///
    /// # Errors
    /// The other end does not speak TLS, or none that is known here, or goes away. What it showed
    /// before that is lost; see [`certificate_of`].
    pub async fn handshake(stream: TcpStream, name: &str) -> io::Result<Self> {
        let mut this = Self::new(stream, name)?;
        this.shake().await?;
        Ok(this)
    }

    fn new(stream: TcpStream, name: &str) -> io::Result<Self> {
        let name = ServerName::try_from(name.to_owned())
            .map_err(|error| io::Error::new(ErrorKind::InvalidInput, error))?;
        let tls = ClientConnection::new(config()?, name).map_err(io::Error::other)?;
        Ok(Self { stream, tls })
    }

    async fn shake(&mut self) -> io::Result<()> {
        loop {
            self.flush().await?;
            if !self.tls.is_handshaking() {
                return Ok(());
            }
            if !self.fill().await? {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// Sends what waits.
    async fn flush(&mut self) -> io::Result<()> {
        let mut waiting = Vec::new();
        while self.tls.wants_write() {
            self.tls.write_tls(&mut waiting)?;
        }
        stream::write_all(&self.stream, &waiting).await
    }

    /// Takes in what the other end sent; false at its end.
    async fn fill(&mut self) -> io::Result<bool> {
        let mut chunk = vec![0; CHUNK];
        let length = stream::read(&self.stream, &mut chunk).await?;
        let mut rest = chunk.get(..length).unwrap_or_default();
        while !rest.is_empty() {
            self.tls.read_tls(&mut rest)?;
            if let Err(error) = self.tls.process_new_packets() {
                let _ = self.flush().await; // the alert that tells the other end
                return Err(io::Error::new(ErrorKind::InvalidData, error));
            }
        }
        Ok(length > 0)
    }

    /// Sends bytes.
    ///
    /// # Errors
    /// The connection broke.
    pub async fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.tls.writer().write_all(bytes)?;
        self.flush().await
    }

    /// Reads what is there, at least one byte; zero at the end.
    ///
    /// # Errors
    /// The connection broke.
    pub async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.tls.reader().read(buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                // Many close without the word that TLS wants for it.
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(0),
                other => return other,
            }
            if !self.fill().await? {
                return Ok(0);
            }
            self.flush().await?;
        }
    }

    /// The certificate that the other end showed, if it can be read.
    pub fn certificate(&self) -> Option<SeenCertificate> {
        certificate::read(self.shown()?)
    }

    /// The certificate that the other end showed, as DER.
    fn shown(&self) -> Option<&[u8]> {
        let shown = self.tls.peer_certificates()?.first()?;
        Some(shown)
    }
}

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
        let mut connection = Unverified::new(stream, server_name)
            .map_err(|error| format!("{server_name} is no name to ask for: {error}"))?;
        // A server that wants a client's certificate ends the handshake, but has shown its own.
        let shaken = connection.shake().await;
        match (connection.shown(), shaken) {
            (Some(shown), _) => Ok(shown.to_vec()),
            (None, Err(error)) => Err(format!("no TLS with {address}: {error}")),
            (None, Ok(())) => Err(format!("{address} shows no certificate")),
        }
    };
    timeout(limit, asked)
        .await
        .unwrap_or_else(|_| Err(format!("no answer of {address} in time")))
}

/// As [`shown_by`], read.
///
/// # Errors
/// As [`shown_by`], and a certificate that cannot be read.
pub async fn certificate_of(
    address: SocketAddr,
    server_name: &str,
    limit: Duration,
) -> Result<SeenCertificate, String> {
    let shown = shown_by(address, server_name, limit).await?;
    certificate::read(&shown)
        .ok_or_else(|| format!("{address} shows a certificate that cannot be read"))
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
