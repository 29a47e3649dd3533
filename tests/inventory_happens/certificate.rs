//! A TLS service on a host of the LAN, whose certificate runs out.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::support::atlas::tool;
use crate::support::lan::{self, Lan};

/// `openssl s_server` in a host's namespace; ends with the test.
pub(crate) struct Service {
    server: Child,
    _folder: TempDir,
}

impl Service {
    /// With a certificate that holds for so many days, by the system's clock.
    pub(crate) fn start(lan: &Lan, which: &str, port: u16, days: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let [key, certificate] = ["key.pem", "certificate.pem"].map(|name| {
            let path = folder.path().join(name);
            path.to_str().unwrap().to_owned()
        });
        let ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
        let (days, out) = (days.to_string(), ["-keyout", &key, "-out", &certificate]);
        let made = [
            "req",
            "-x509",
            "-nodes",
            "-subj",
            "/CN=nas.lan",
            "-days",
            &days,
        ];
        tool("openssl", &[&made[..], &ec, &out].concat());
        let server = Command::new("ip")
            .args(["netns", "exec", &lan.name(which), "openssl", "s_server"])
            .args(["-quiet", "-www", "-cert", &certificate, "-key", &key])
            .args(["-accept", &port.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let here = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        lan::until("openssl listens", || {
            lan.within(which, || TcpStream::connect(here).is_ok())
        });
        Self {
            server,
            _folder: folder,
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
