//! A TLS service whose certificates hold as long as a test says.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use super::agent::Place;
use super::network::until;

/// `openssl s_server` with certificates that are made for a test.
pub struct Tls {
    place: Place,
    server: Option<Child>,
    pub address: SocketAddr,
}

impl Tls {
    /// Its first certificate holds from `from` until `until`, each as `YYYYMMDDHHMMSSZ`.
    pub fn start(from: &str, until: &str) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let mut tls = Self {
            place: Place::new(),
            server: None,
            address,
        };
        let folder = tls.place.0.clone();
        let authority = "[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\nunique_subject=no\npolicy=p\nx509_extensions=e\n[p]\ncommonName=supplied\n[e]\nsubjectAltName=IP:127.0.0.1\n";
        std::fs::write(folder.join("ca.cnf"), authority).unwrap();
        std::fs::write(folder.join("index.txt"), "").unwrap();
        std::fs::write(folder.join("serial"), "01\n").unwrap();
        tls.openssl(&[
            "req",
            "-x509",
            "-subj",
            "/CN=Test CA",
            "-keyout",
            "ca.key",
            "-out",
            "ca.pem",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
        ]);
        tls.serve(from, until);
        tls
    }

    fn openssl(&self, args: &[&str]) {
        let output = Command::new("openssl")
            .args(args)
            .current_dir(&self.place.0)
            .output()
            .unwrap();
        assert!(output.status.success(), "openssl {args:?}: {output:?}");
    }

    /// Serves another certificate at the same address.
    pub fn serve(&mut self, from: &str, end: &str) {
        self.stop();
        self.openssl(&[
            "req",
            "-subj",
            "/CN=leaf",
            "-keyout",
            "leaf.key",
            "-out",
            "leaf.csr",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
        ]);
        self.openssl(&[
            "ca",
            "-batch",
            "-config",
            "ca.cnf",
            "-cert",
            "ca.pem",
            "-keyfile",
            "ca.key",
            "-in",
            "leaf.csr",
            "-out",
            "leaf.pem",
            "-notext",
            "-startdate",
            from,
            "-enddate",
            end,
        ]);
        let server = Command::new("openssl")
            .args([
                "s_server", "-quiet", "-www", "-cert", "leaf.pem", "-key", "leaf.key",
            ])
            .args(["-accept", &self.address.to_string()])
            .current_dir(&self.place.0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        self.server = Some(server);
        until(
            "openssl listens",
            || TcpStream::connect(self.address).is_ok(),
            |is_up| *is_up,
        );
    }

    /// The authority that its certificates are of.
    pub fn authority(&self) -> std::path::PathBuf {
        self.place.join("ca.pem")
    }

    fn stop(&mut self) {
        if let Some(mut server) = self.server.take() {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

impl Drop for Tls {
    fn drop(&mut self) {
        self.stop();
    }
}
