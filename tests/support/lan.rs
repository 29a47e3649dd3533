//! A network of machines for one test: a bridge in a network namespace, an agent's namespace and
//! one for each host, with cables between them. Needs root, and ends all it made.

use std::fs::File;
use std::os::fd::AsFd;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use serde_json::Value;

use super::atlas::BINARY;

static LANS: AtomicU32 = AtomicU32::new(0);

/// The agent's address; hosts have those of their numbers.
pub const AGENT: &str = "192.168.77.250";

/// A network. Its gateway is host 1.
#[derive(Debug)]
pub struct Lan {
    tag: String,
}

/// A host to add.
#[derive(Debug, Clone, Copy, Default)]
pub struct Host {
    /// Last part of its address.
    pub number: u8,
    /// It drops pings.
    pub ignores_ping: bool,
    /// The last part of a hardware address of Proxmox; a random one without.
    pub proxmox: Option<u8>,
}

impl Lan {
    /// A bridge and an agent, which may not ping.
    pub fn new() -> Self {
        let number = LANS.fetch_add(1, Ordering::Relaxed);
        let lan = Self {
            tag: format!("al{}-{number}", std::process::id()),
        };
        let (bridge, agent) = (lan.name("br"), lan.name("agent"));
        shell(&format!(
            "ip netns add {bridge}; ip netns add {agent}
            {quiet_bridge}; {quiet_agent}
            ip -n {bridge} link add br0 type bridge; ip -n {bridge} link set br0 up
            ip -n {agent} link set lo up
            {cable}
            ip -n {agent} addr add {AGENT}/24 dev eth0
            ip -n {agent} route add default via 192.168.77.1
            ip netns exec {agent} sysctl -qw net.ipv4.ping_group_range='1 0'",
            quiet_bridge = no_ipv6(&bridge),
            quiet_agent = no_ipv6(&agent),
            cable = lan.cable("agent", "eth0", "pa"),
        ));
        lan
    }

    /// Name of a namespace of this network.
    pub fn name(&self, which: &str) -> String {
        format!("{}-{which}", self.tag)
    }

    /// A cable from a namespace's new card to the bridge.
    fn cable(&self, which: &str, card: &str, port: &str) -> String {
        let (bridge, there) = (self.name("br"), self.name(which));
        format!(
            "ip -n {bridge} link add {port} type veth peer name {card} netns {there}
            ip -n {bridge} link set {port} master br0 up; ip -n {there} link set {card} up"
        )
    }

    /// Adds hosts, all at once.
    pub fn add(&self, hosts: &[Host]) {
        let scripts: Vec<String> = hosts.iter().map(|host| self.host(*host)).collect();
        shell(&scripts.join("\n"));
    }

    fn host(&self, host: Host) -> String {
        let number = host.number;
        let which = format!("h{number}");
        let there = self.name(&which);
        let mac = host.proxmox.map_or_else(String::new, |last| {
            format!("ip -n {there} link set eth0 address bc:24:11:00:00:{last:02x}")
        });
        let ignores = u8::from(host.ignores_ping);
        format!(
            "ip netns add {there}; {quiet}; ip -n {there} link set lo up
            {cable}
            {mac}
            ip netns exec {there} sysctl -qw net.ipv4.icmp_echo_ignore_all={ignores}
            ip -n {there} addr add 192.168.77.{number}/24 dev eth0",
            quiet = no_ipv6(&there),
            cable = self.cable(&which, "eth0", &format!("p{number}")),
        )
    }

    /// Adds a host that answers nothing but the question for its hardware address: what is sent to
    /// it is led into a cable whose other end nobody reads.
    pub fn add_silent(&self, number: u8) {
        let which = format!("h{number}");
        let there = self.name(&which);
        let address = format!("192.168.77.{number}");
        shell(&format!(
            "ip netns add {there}; {quiet}; ip -n {there} link set lo up
            {cable}
            ip -n {there} link add s0 type veth peer name s1
            ip -n {there} link set s0 up; ip -n {there} link set s1 up
            ip -n {there} route add 192.168.77.0/24 dev eth0
            ip -n {there} route add {address}/32 dev s0
            ip -n {there} neigh add {address} lladdr 02:00:00:00:00:99 dev s0 nud permanent
            ip netns exec {there} sysctl -qw net.ipv4.ip_forward=1 \
                net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.eth0.rp_filter=0 \
                net.ipv4.conf.eth0.proxy_arp=1 net.ipv4.neigh.eth0.proxy_delay=0",
            quiet = no_ipv6(&there),
            cable = self.cable(&which, "eth0", &format!("p{number}")),
        ));
    }

    /// Runs `ip` in one of the namespaces.
    pub fn ip(&self, which: &str, arguments: &str) {
        shell(&format!("ip -n {} {arguments}", self.name(which)));
    }

    /// The hardware address of a host's card.
    pub fn mac(&self, which: &str) -> String {
        let there = self.name(which);
        let text = shell(&format!("ip -j -n {there} link show dev eth0"));
        let links: Value = serde_json::from_str(&text).unwrap();
        links[0]["address"].as_str().unwrap().to_owned()
    }

    /// Packets that came in at a card.
    pub fn received(&self, which: &str, card: &str) -> u64 {
        let there = self.name(which);
        let text = shell(&format!("ip -j -s -n {there} link show dev {card}"));
        let links: Value = serde_json::from_str(&text).unwrap();
        links[0]["stats64"]["rx"]["packets"].as_u64().unwrap()
    }

    /// Calls something in a namespace; what it opens stays there.
    pub fn within<T: Send>(&self, which: &str, call: impl FnOnce() -> T + Send) -> T {
        let place = File::open(format!("/run/netns/{}", self.name(which))).unwrap();
        std::thread::scope(|scope| {
            let inside = scope.spawn(move || {
                move_into_link_name_space(place.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
                call()
            });
            inside.join().unwrap()
        })
    }

    /// The program in the agent's namespace, as nobody, without any capability.
    pub fn command(&self, arguments: &[&str]) -> Command {
        // Nobody may not walk to the binary, but may run what is open already.
        let script = format!(
            "exec 9<'{BINARY}'; cd /; exec ip netns exec {} setpriv --reuid=65534 --regid=65534 \
             --clear-groups --bounding-set=-all --inh-caps=-all /proc/self/fd/9 \"$@\"",
            self.name("agent")
        );
        let mut command = Command::new("sh");
        command
            .args(["-c", &script, "atlas-ops"])
            .args(arguments)
            .env_remove("ATLAS_OPS_CONFIG")
            .stdin(Stdio::null());
        command
    }

    /// Starts it.
    pub fn start(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    }

    /// Runs it to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.start(arguments).wait_with_output().unwrap()
    }

    /// One pass by hand.
    pub fn discover(&self) -> Value {
        pass_of(&self.run(&["discover", "--json"]))
    }
}

/// The pass that was printed.
#[track_caller]
pub fn pass_of(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

/// What a pass says of an address; null where it says nothing.
pub fn sighting<'p>(pass: &'p Value, address: &str) -> &'p Value {
    static NOTHING: Value = Value::Null;
    let networks = pass["networks"].as_array().unwrap();
    networks
        .iter()
        .flat_map(|network| network["sightings"].as_array().unwrap())
        .find(|one| one["address"] == address)
        .unwrap_or(&NOTHING)
}

/// The senses that saw an address.
pub fn senses(pass: &Value, address: &str) -> Vec<String> {
    let senses = sighting(pass, address)["senses"].as_array();
    senses.map_or_else(Vec::new, |senses| {
        let words = senses.iter().map(|one| one.as_str().unwrap().to_owned());
        words.collect()
    })
}

/// Waits for something to be true.
#[track_caller]
pub fn until(what: &str, is_true: impl Fn() -> bool) {
    let limit = Instant::now() + Duration::from_secs(20);
    while !is_true() {
        assert!(Instant::now() < limit, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn no_ipv6(namespace: &str) -> String {
    format!(
        "ip netns exec {namespace} sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1"
    )
}

/// Runs a script, which has to succeed; what it printed.
#[track_caller]
pub fn shell(script: &str) -> String {
    let output = Command::new("sh")
        .args(["-euc", script])
        .env("PATH", "/usr/sbin:/sbin:/usr/bin:/bin")
        .output()
        .unwrap();
    assert!(output.status.success(), "{script}\n{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

impl Drop for Lan {
    fn drop(&mut self) {
        let list = Command::new("ip").args(["netns", "list"]).output();
        let text = list.map_or_else(|_| Vec::new(), |list| list.stdout);
        for line in String::from_utf8_lossy(&text).lines() {
            let name = line.split(' ').next().unwrap_or_default();
            if name.starts_with(&format!("{}-", self.tag)) {
                let _ = Command::new("ip").args(["netns", "del", name]).output();
            }
        }
    }
}
