"""A network of 60 hosts in namespaces, and how fast it is discovered: this program as nobody,
against `nmap -sn` as root and `fping -g`, in turns.

Needs root, makes all it uses, and removes it. Alone: discovery.py BINARY [ROUNDS].
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import time

from measure import Failed, run

HOSTS = 60
NETWORK = "192.168.78.0/24"


class Lan:
    """A bridge, an agent who may not ping, and hosts of which every third drops pings."""

    def __init__(self):
        self.tag = f"bench{os.getpid()}"

    def name(self, which):
        return f"{self.tag}-{which}"

    def __enter__(self):
        if os.geteuid():
            raise Failed("network namespaces need root")
        try:
            self.make("br", "ip -n {br} link add br0 type bridge", "ip -n {br} link set br0 up")
            self.make("agent", *self.cable("agent", "pa", 250),
                      "ip netns exec {agent} sysctl -qw net.ipv4.ping_group_range=1\\ 0",
                      "ip -n {agent} route add default via 192.168.78.1")
            for number in range(1, HOSTS + 1):
                which = f"h{number}"
                drops = int(number % 3 == 0)
                self.make(which, *self.cable(which, f"p{number}", number),
                          f"ip netns exec {self.name(which)} sysctl -qw "
                          f"net.ipv4.icmp_echo_ignore_all={drops}")
        except BaseException:
            self.__exit__()
            raise
        return self

    def make(self, which, *lines):
        names = {"br": self.name("br"), "agent": self.name("agent")}
        script = [f"ip netns add {self.name(which)}", f"ip -n {self.name(which)} link set lo up"]
        run("sh", "-euc", "\n".join([*script, *(line.format(**names) for line in lines)]))

    def cable(self, which, port, number):
        there = self.name(which)
        return (f"ip -n {{br}} link add {port} type veth peer name eth0 netns {there}",
                f"ip -n {{br}} link set {port} master br0 up",
                f"ip -n {there} addr add 192.168.78.{number}/24 dev eth0",
                f"ip -n {there} link set eth0 up")

    def __exit__(self, *_):
        listed = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True).stdout
        for line in listed.splitlines():
            if line.startswith(f"{self.tag}-"):
                subprocess.run(["ip", "netns", "del", line.split()[0]], check=False)

    def timed(self, *command):
        """Output and seconds of a command on the agent, whose kernel knows nobody before. It ends
        with 1 where it found less than was asked for."""
        agent = self.name("agent")
        run("ip", "-n", agent, "neigh", "flush", "all")
        time.sleep(3.2)  # until the kernel has given up what it was asked before
        run("ip", "-n", agent, "neigh", "flush", "all", "nud", "all")
        begin = time.perf_counter()
        done = subprocess.run(["ip", "netns", "exec", agent, *command], capture_output=True,
                              text=True, timeout=60, cwd="/")
        return done.stdout, time.perf_counter() - begin


def measure(binary, rounds):
    """Medians in seconds, and the fewest hosts with a hardware address of any round."""
    # Nobody may not walk to every build folder, but may run what is open already.
    nobody = ["sh", "-c", 'exec 9<"$0"; exec setpriv --reuid=65534 --regid=65534 --clear-groups '
              '--bounding-set=-all --inh-caps=-all /proc/self/fd/9 "$@"', binary]
    sweeps, passes, nmaps, fpings, fewest = [], [], [], [], HOSTS
    with Lan() as lan:
        for _ in range(rounds):
            text, _ = lan.timed(*nobody, "discover", "--json")
            seen = json.loads(text)
            network = seen["networks"][0]
            found = [one for one in network["sightings"]
                     if "neighbour" in one["senses"] and one.get("mac")]
            fewest = min(fewest, len(found))
            sweeps.append(network["sweep_ms"] / 1000)
            passes.append(seen["took_ms"] / 1000)
            nmaps.append(lan.timed("nmap", "-sn", "-n", NETWORK)[1])
            if shutil.which("fping"):
                fpings.append(lan.timed("fping", "-q", "-a", "-g", NETWORK)[1])
    middle = statistics.median
    return {"found": fewest, "sweep": middle(sweeps), "pass": middle(passes),
            "nmap": middle(nmaps), "fping": middle(fpings) if fpings else None}


if __name__ == "__main__":
    print(json.dumps(measure(os.path.realpath(sys.argv[1]), int((sys.argv[2:] or ["3"])[0]))))
