//! A network of its own for a test: a host and a gateway, each a network namespace.

use std::io::Write;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use super::atlas::tool;

/// A host and its gateway, each a network namespace, and a wire between; a second wire leads from
/// the host to this machine, where the server runs. Removed when the test ends.
pub struct Wire {
    pub host: String,
    pub gateway: String,
    number: u8,
    responder: Option<(Child, ChildStdin)>,
}

impl Wire {
    /// `number` tells the networks of tests apart that run at the same time.
    pub fn new(number: u8) -> Self {
        let mark = format!("{}-{number}", std::process::id());
        let wire = Self {
            host: format!("ath-{mark}"),
            gateway: format!("atg-{mark}"),
            number,
            responder: None,
        };
        let (host, gateway) = (wire.host.as_str(), wire.gateway.as_str());
        let outside = wire.outside();
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
                &format!("{}/30", wire.server()),
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
        wire.gateway_is_there(true);
        wire.route(true);
        wire
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

impl Drop for Wire {
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
