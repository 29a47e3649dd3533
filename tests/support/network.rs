//! What the network's checks meet: resolvers, TLS services and gateways that behave as a test
//! tells them, and networks of their own.

use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use atlas_ops::config::agent::{self, AgentConfig};
use atlas_ops::config::env::Environment;
use atlas_ops::domain::signal::{NewSignal, Status};
use serde_json::Value;

use super::agent::Place;
use super::atlas::tool;

/// A configuration whose `checks:` section is `checks`, in YAML of one line; the gateways and
/// resolvers of this machine are none of a test's business unless it says so.
pub fn config(place: &Place, backend: &str, checks: &str) -> AgentConfig {
    let path = write_config(place, backend, checks);
    agent::load_from(Some(path), Environment::default()).unwrap()
}

/// As [`config`], as a file for the real binary.
pub fn write_config(place: &Place, backend: &str, checks: &str) -> std::path::PathBuf {
    let path = place.join("agent_config.yaml");
    let mut text = format!(
        "agent:\n  backend_url: {backend}\n  site_id: site-test\n  token: {}\n  interval_seconds: 5\n  discovery: {{enabled: false}}\n  checks:\n",
        super::atlas::SHARED
    );
    for (key, quiet) in [("gateway", "{enabled: false}"), ("dns", "{enabled: false}")] {
        if !checks.contains(&format!("{key}:")) {
            text += &format!("    {key}: {quiet}\n");
        }
    }
    for line in checks.lines() {
        text += &format!("    {}\n", line.trim());
    }
    std::fs::write(&path, text).unwrap();
    path
}

/// `kind severity` of what fires and `kind resolved` of what ends, in their order.
pub fn told(signals: &[NewSignal]) -> Vec<String> {
    let word = |signal: &NewSignal| match signal.status {
        Status::Firing => signal.severity.as_str(),
        Status::Resolved => "resolved",
    };
    let one = |signal: &NewSignal| format!("{} {}", signal.kind, word(signal));
    signals.iter().map(one).collect()
}

/// A text of a signal's detail.
pub fn said<'a>(signal: &'a NewSignal, key: &str) -> &'a str {
    signal
        .detail
        .get(key)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// Asks until the answer is as it should be.
pub fn until<T: std::fmt::Debug>(
    what: &str,
    mut ask: impl FnMut() -> T,
    good: impl Fn(&T) -> bool,
) -> T {
    let deadline = Instant::now() + Duration::from_secs(90);
    loop {
        let answer = ask();
        if good(&answer) {
            return answer;
        }
        assert!(Instant::now() < deadline, "{what}: {answer:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Makes an answer, or several, of a question.
type Answering = Box<dyn FnMut(&[u8]) -> Vec<Vec<u8>> + Send>;

/// A DNS server on loopback that does what it is told.
pub struct Resolver {
    pub address: SocketAddr,
    answering: Arc<Mutex<Answering>>,
}

impl Resolver {
    /// Answers every question with a response code.
    pub fn new(code: u8) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        let first: Answering = Box::new(move |question| vec![response(question, code)]);
        let answering = Arc::new(Mutex::new(first));
        let told = Arc::clone(&answering);
        std::thread::spawn(move || {
            let mut question = [0; 512];
            while let Ok((length, from)) = socket.recv_from(&mut question) {
                for answer in (told.lock().unwrap())(&question[..length]) {
                    socket.send_to(&answer, from).unwrap();
                }
            }
        });
        Self { address, answering }
    }

    /// From now on it does something else.
    pub fn behave(&self, answering: impl FnMut(&[u8]) -> Vec<Vec<u8>> + Send + 'static) {
        *self.answering.lock().unwrap() = Box::new(answering);
    }
}

/// An answer without records.
pub fn response(question: &[u8], code: u8) -> Vec<u8> {
    let mut answer = question.to_vec();
    answer[2] |= 0x80;
    answer[3] = code;
    answer
}

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

/// A host and its gateway, each a network namespace, and a wire between; a second wire leads from
/// the host to this machine, where the server runs. Removed when the test ends.
pub struct Lan {
    pub host: String,
    pub gateway: String,
    number: u8,
    responder: Option<(Child, ChildStdin)>,
}

impl Lan {
    /// `number` tells the networks of tests apart that run at the same time.
    pub fn new(number: u8) -> Self {
        let mark = format!("{}-{number}", std::process::id());
        let lan = Self {
            host: format!("ath-{mark}"),
            gateway: format!("atg-{mark}"),
            number,
            responder: None,
        };
        let (host, gateway) = (lan.host.as_str(), lan.gateway.as_str());
        let outside = lan.outside();
        for name in [host, gateway] {
            tool("ip", &["netns", "add", name]);
            tool("ip", &["-n", name, "link", "set", "lo", "up"]);
        }
        tool(
            "ip",
            &[
                "link", "add", "lan0", "netns", host, "type", "veth", "peer", "name", "lan0",
                "netns", gateway,
            ],
        );
        tool(
            "ip",
            &[
                "link", "add", &outside, "type", "veth", "peer", "name", "up0", "netns", host,
            ],
        );
        tool(
            "ip",
            &[
                "addr",
                "add",
                &format!("{}/30", lan.server()),
                "dev",
                &outside,
            ],
        );
        tool("ip", &["link", "set", &outside, "up"]);
        tool(
            "ip",
            &[
                "-n",
                host,
                "addr",
                "add",
                &format!("10.213.{number}.2/30"),
                "dev",
                "up0",
            ],
        );
        tool("ip", &["-n", host, "link", "set", "up0", "up"]);
        tool(
            "ip",
            &[
                "-n",
                host,
                "addr",
                "add",
                &format!("10.214.{number}.2/24"),
                "dev",
                "lan0",
            ],
        );
        tool("ip", &["-n", host, "link", "set", "lan0", "up"]);
        tool("ip", &["-n", gateway, "link", "set", "lan0", "up"]);
        lan.gateway_is_there(true);
        lan.route(true);
        lan
    }

    fn outside(&self) -> String {
        format!("at{}x{}", std::process::id(), self.number)
    }

    /// Where this machine is reached from the host.
    pub fn server(&self) -> String {
        format!("10.213.{}.1", self.number)
    }

    /// The gateway's address.
    pub fn address(&self) -> String {
        format!("10.214.{}.1", self.number)
    }

    /// Gives the gateway its address, or takes it away: nobody answers for it then.
    pub fn gateway_is_there(&self, is_there: bool) {
        let verb = if is_there { "add" } else { "del" };
        let address = format!("{}/24", self.address());
        tool(
            "ip",
            &["-n", &self.gateway, "addr", verb, &address, "dev", "lan0"],
        );
    }

    /// Plugs the gateway's end of the wire in, or pulls it.
    pub fn wire(&self, is_in: bool) {
        let state = if is_in { "up" } else { "down" };
        tool("ip", &["-n", &self.gateway, "link", "set", "lan0", state]);
    }

    /// The host's default route.
    pub fn route(&self, is_there: bool) {
        let verb = if is_there { "add" } else { "del" };
        tool(
            "ip",
            &[
                "-n",
                &self.host,
                "route",
                verb,
                "default",
                "via",
                &self.address(),
            ],
        );
    }

    /// A command on the host.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.host]).arg(program);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("ATLAS_OPS_") {
                command.env_remove(name);
            }
        }
        command.stdin(Stdio::null());
        command
    }

    /// From now on the gateway answers pings this much later, and of each five not the first so many.
    pub fn answers_pings(&mut self, late: Duration, lost_of_five: u8) {
        if self.responder.is_none() {
            self.responder = Some(self.respond());
        }
        let (_, orders) = self.responder.as_mut().unwrap();
        writeln!(orders, "{} {lost_of_five}", late.as_secs_f64()).unwrap();
    }

    /// This kernel may have no netem: the gateway's own answers are switched off, and a program
    /// answers for it.
    fn respond(&self) -> (Child, ChildStdin) {
        const RESPONDER: &str = r#"
import socket, struct, sys, threading, time
late, lost, count = 0.0, 0, 0
def listen():
    global late, lost
    for line in sys.stdin:
        first, second = line.split()
        late, lost = float(first), int(second)
threading.Thread(target=listen, daemon=True).start()
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
def total(data):
    words = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    words = (words >> 16) + (words & 0xffff)
    return ~(words + (words >> 16)) & 0xffff
while True:
    packet, (sender, _) = raw.recvfrom(2048)
    body = packet[(packet[0] & 15) * 4:]
    if body[0] != 8:
        continue
    count += 1
    if (count - 1) % 5 < lost:
        continue
    answer = b"\0\0\0\0" + body[4:]
    answer = answer[:2] + struct.pack("!H", total(answer)) + answer[4:]
    threading.Timer(late, raw.sendto, (answer, (sender, 0))).start()
"#;
        let mut command = Command::new("ip");
        command.args([
            "netns",
            "exec",
            &self.gateway,
            "sysctl",
            "-qw",
            "net.ipv4.icmp_echo_ignore_all=1",
        ]);
        assert!(command.status().unwrap().success());
        let mut child = Command::new("ip")
            .args(["netns", "exec", &self.gateway, "python3", "-uc", RESPONDER])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let orders = child.stdin.take().unwrap();
        (child, orders)
    }
}

impl Drop for Lan {
    fn drop(&mut self) {
        if let Some((mut child, _)) = self.responder.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        for name in [&self.host, &self.gateway] {
            let _ = Command::new("ip").args(["netns", "del", name]).status();
        }
        let _ = Command::new("ip")
            .args(["link", "del", &self.outside()])
            .stderr(Stdio::null())
            .status();
    }
}
