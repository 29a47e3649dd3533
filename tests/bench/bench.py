"""The table of scripts/bench.sh: what is measured, against which limit and which target.

How each thing is measured is in measure.py. Limits are taken in the same run, right before what
they are held against, since a busy disk or machine changes both alike: the ratio is what counts.
"""

import argparse
import json
import os
import signal
import statistics
import sys
import tempfile
import time

import discovery
from measure import (Failed, SIGNALS, Process, Server, add_runbooks, free_port, kill_round,
                     load_problems, mcp_session, one_shot, run, wrk)

MB = 1_000_000

# Other programs on two such cores, measured once with the same kind of load; for scale.
PEERS = """\
for scale         signals/s, 64 conn.   idle memory   first 200   kill -9 loses answers
Python 0.4        0 (16 conn.: 406)     68 MB         472 ms      8 rounds of 9
Healthchecks      226                   164 MB        559 ms      none
Uptime Kuma       326                   184 MB        1266 ms     none
Alertmanager      26,400 (memory only)  31 MB         52 ms       all
Python 0.4 lists 300 of 10,000 signals as JSON in 17 ms (p50), Healthchecks shows its log in
161 ms. One agent cycle of 0.4 takes 750 ms CPU and 60 MB; a one-shot Glances 240 ms and 34 MB."""

HEADING = ("measure", "value", "limit in the same run", "ratio", "target", "ok?")


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


class Table:
    def __init__(self):
        self.rows, self.missed = [], 0

    def add(self, measure, value, limit, ratio, target, ok):
        """A row. ok is None where nothing is asked for."""
        self.missed += ok is False
        mark = "" if ok is None else "yes" if ok else "NO"
        self.rows.append((measure, value, limit, ratio, target, mark))

    def share(self, measure, value, limit, limit_name, least):
        ratio = value / limit
        self.add(measure, f"{value:,.0f}/s", f"{limit:,.0f}/s {limit_name}", f"{ratio:.2f}",
                 f">= {least:.2f}" if least else "", ratio >= least if least else None)

    def below(self, measure, value, unit, most):
        shown = f"{value:.1f}" if value >= 1 else f"{value:.2f}"
        self.add(measure, f"{shown} {unit}", "", "", f"< {most} {unit}", value < most)

    def print(self):
        lines = [HEADING, *self.rows]
        widths = [max(len(line[i]) for line in lines) for i in range(len(HEADING))]
        for n, line in enumerate(lines):
            print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())
            if not n:
                print("  ".join("-" * width for width in widths))


class Bench:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.seconds, self.rounds = options.seconds, options.rounds
        self.runs = 3 if options.quick else 5
        self.table = Table()
        self.highest_rss = 0

    def server(self, name):
        return Server(self.options.binary, os.path.join(self.folder, name))

    def ingest(self):
        """Durable ingest, held against a handler that stores nothing and against SQLite alone."""
        port, token = free_port(), "atl_bench"
        bare = Process([self.options.limits, "actix", str(port)], port,
                       os.path.join(self.folder, "actix.log"), ready=("/", 404), BENCH_TOKEN=token)
        seen = {name: [] for name in ("bare", "many", "one", "row", "rows", "p99")}
        answered = 0
        with self.server("ingest") as server:
            for n in range(1, self.rounds + 1):
                say(f"ingest, round {n} of {self.rounds}")
                with bare:
                    alone = wrk(port, SIGNALS, token, 64, self.seconds, "bare")
                many = wrk(server.port, SIGNALS, server.ingest, 64, self.seconds, f"many-{n}")
                limit = self.sqlite()
                one = wrk(server.port, SIGNALS, server.ingest, 1, self.seconds, f"one-{n}")
                seen["bare"].append(alone["per_second"])
                seen["many"].append(many["per_second"])
                seen["p99"].append(many["p99_ms"])
                seen["one"].append(one["per_second"])
                seen["row"].append(limit["rows_1"])
                seen["rows"].append(limit["rows_100"])
                answered += many["answered"] + one["answered"]
            self.highest_rss = max(self.highest_rss, server.memory())
            stored = len(server.summaries())
        if stored < answered:
            raise Failed(f"{answered} signals were answered, {stored} are stored")
        middle = {name: statistics.median(values) for name, values in seen.items()}
        self.table.share("durable ingest, 64 connections", middle["many"], middle["bare"],
                         "bare actix", 0.20)
        self.table.share("durable ingest, 1 connection", middle["one"], middle["row"],
                         "SQLite, 1-row commits", 0.5)
        self.table.add("  p99 at 64 connections", f"{middle['p99']:.1f} ms", "", "", "", None)
        self.rows_100 = middle["rows"]

    def sqlite(self):
        return json.loads(run(self.options.limits, "sqlite", self.folder, str(self.seconds / 2),
                              timeout=self.seconds * 2 + 60))

    def board_and_start(self):
        """The board with 10,000 signals; the first answer with none and with 100,000."""
        with self.server("board") as server:
            time.sleep(1)
            idle = server.memory()
            server.stop()
            empty = self.first_answer(server)
            server.start()
            say("loading 10,000 signals")
            rate = server.load(10_000)
            say("board")
            connection = server.connect()
            connection.request("GET", "/", headers={"Authorization": f"Bearer {server.read}"})
            page = connection.getresponse()
            size = len(page.read())
            connection.close()
            if page.status != 200:
                raise Failed(f"the board answers {page.status} to a token with scope read")
            board = wrk(server.port, "/", server.read, 1, self.seconds)
            say("loading 90,000 more")
            server.load(90_000)
            self.highest_rss = max(self.highest_rss, server.memory())
            server.stop()
            full = self.first_answer(server)
        table = self.table
        if hasattr(self, "rows_100"):
            table.share("  the same, batches of 1000", rate, self.rows_100,
                        "SQLite, 100-row commits", None)
        table.below("board, 10,000 signals, 1 connection, p50", board["p50_ms"], "ms", 10)
        table.add("  its size", f"{size / 1000:.0f} kB", "", "", "", None)
        table.below("first 200 after start, empty database", empty * 1000, "ms", 40)
        table.below("first 200 after start, 100,000 signals", full * 1000, "ms", 80)
        table.below("memory of serve, idle", idle / MB, "MB", 12)
        table.below("memory of serve, after the load", self.highest_rss / MB, "MB", 40)

    def first_answer(self, server):
        """Median seconds from exec to the first 200 of /api/health."""
        say("starting")
        took = []
        for _ in range(self.runs):
            took.append(server.start())
            server.stop()
        return statistics.median(took)

    def before(self):
        """Durable ingest in turns with an earlier build of the program."""
        if not self.options.before:
            return
        for connections in (64, 1):
            seen = {"now": [], "then": []}
            for n in range(1, self.rounds + 1):
                for name, binary in (("then", self.options.before), ("now", self.options.binary)):
                    say(f"ingest at {connections}, {name}, round {n} of {self.rounds}")
                    place = os.path.join(self.folder, f"{name}-{connections}-{n}")
                    with Server(binary, place) as server:
                        load = wrk(server.port, SIGNALS, server.ingest, connections,
                                   self.seconds, name)
                    seen[name].append(load["per_second"])
            now, then = (statistics.median(seen[name]) for name in ("now", "then"))
            self.table.share(f"ingest at {connections}, held against before", now, then,
                             "the earlier build", 0.8)

    def context(self):
        """The context pack and two pages with 100,000 signals, 5,000 incidents, 200 runbooks."""
        with self.server("context") as server:
            say("loading 100,000 signals of 5,000 problems, and 166 runbooks")
            add_runbooks(server, 166)
            load_problems(server, 100_000, 5_000)
            newest = server.ask("/api/incidents?limit=1")[0]
            pack = f"/api/llm/context_for_signal/{newest['last_signal_id']}"
            budget = server.ask(pack)["budget"]
            say("context pack, pages of incidents")
            packed, listed, shown = (wrk(server.port, path, server.read, 1, self.seconds) for path in (
                pack, "/incidents", f"/incidents/{newest['id']}"))
        table = self.table
        table.below("context pack, 100,000 signals, p50", packed["p50_ms"], "ms", 5)
        table.add("  its prompt", f"{budget['used']} tokens", f"{budget['tokens']} allowed", "", "",
                  budget["used"] <= budget["tokens"])
        table.add("list of 500 open incidents, p50", f"{listed['p50_ms']:.1f} ms", "", "", "", None)
        table.add("page of one incident, p50", f"{shown['p50_ms']:.1f} ms", "", "", "", None)

    def agent(self):
        say("agent")
        docker = self.options.docker
        folder = os.path.join(self.folder, "agent")
        with self.server("agent") as server:
            token_file, config = os.path.join(folder, "token"), os.path.join(folder, "agent_config.yaml")
            with open(token_file, "w") as f:
                f.write(server.ingest)
            run(server.binary, "install", "agent", "--yes", "--config", config,
                "--backend-url", f"http://127.0.0.1:{server.port}", "--token-file", token_file,
                *(["--docker", docker] if docker else []))
            command = [server.binary, "agent", "run", "--once", "--config", config]
            cycles = [one_shot(command) for _ in range(self.runs)]
        what = "gateway and Docker" if docker else "gateway only: no Docker Engine here"
        self.table.below(f"agent run --once, CPU ({what})",
                         statistics.median(cpu for cpu, _ in cycles) * 1000, "ms", 30)
        self.table.below("agent run --once, memory", max(peak for _, peak in cycles) / MB, "MB", 12)

    def mcp(self):
        say("mcp")
        with self.server("mcp") as server:
            server.load(100)
            token_file = os.path.join(self.folder, "mcp", "token")
            with open(token_file, "w") as f:
                f.write(server.read)
            command = [server.binary, "mcp", "--url", f"http://127.0.0.1:{server.port}",
                       "--token-file", token_file]
            sessions = [mcp_session(command, 20) for _ in range(self.runs)]
        self.table.below("mcp, start to first answer", statistics.median(took for took, _ in sessions) * 1000,
                         "ms", 50)
        self.table.below("mcp, memory after 20 contexts", max(resident for _, resident in sessions) / MB,
                         "MB", 12)

    def binary(self):
        self.table.below("static binary", os.path.getsize(self.options.binary) / MB, "MB", 12)

    def discovery(self):
        """60 hosts in namespaces, as nobody, against nmap as root in turns."""
        say("discovery")
        took = discovery.measure(self.options.binary, self.rounds)
        self.table.add(f"discovery, /24 with {discovery.HOSTS} hosts, unprivileged: found",
                       str(took["found"]), "", "", str(discovery.HOSTS),
                       took["found"] == discovery.HOSTS)
        self.table.add("  poke and neighbour table", f"{took['sweep']:.2f} s",
                       f"{took['nmap']:.2f} s nmap -sn, root",
                       f"{took['sweep'] / took['nmap']:.2f}", "< 1.5 s, < 1.00",
                       took["sweep"] < min(1.5, took["nmap"]))
        self.table.below("  a whole pass", took["pass"], "s", 20)

    def kill(self):
        """kill -9 in mid-load: whatever was answered has to be there."""
        say("kill -9")
        answered = lost = 0
        for n in range(self.rounds):
            with self.server(f"kill-{n}") as server:
                sent, missing = kill_round(server, min(self.seconds, 3))
                server.start()
            answered, lost = answered + sent, lost + missing
        self.table.add(f"kill -9 in mid-load, {self.rounds} x: lost of {answered:,} answered",
                       str(lost), "", "", "0", lost == 0)


def file_system(path):
    """Type of the file system a path is on."""
    best = ("", "unknown")
    with open("/proc/self/mounts") as f:
        for line in f:
            _, point, kind, *_ = line.split()
            inside = path == point or path.startswith(point.rstrip("/") + "/")
            if inside and len(point) >= len(best[0]):
                best = (point, kind)
    return best[1]


def busy_cores(seconds=1.0):
    """Cores in use on the whole machine, while nothing is measured."""
    def busy():
        with open("/proc/stat") as f:
            user, nice, system, _, _, irq, soft, steal, *_ = map(int, f.readline().split()[1:])
        return (user + nice + system + irq + soft + steal) / os.sysconf("SC_CLK_TCK")
    before = busy()
    time.sleep(seconds)
    return (busy() - before) / seconds


def main():
    parse = argparse.ArgumentParser(description="Called by scripts/bench.sh.")
    parse.add_argument("--binary", required=True)
    parse.add_argument("--limits", required=True)
    parse.add_argument("--folder", required=True, help="on the disk to be measured")
    parse.add_argument("--seconds", type=int, default=8)
    parse.add_argument("--docker", default="")
    parse.add_argument("--before", default="", help="an earlier build, measured in turns with this")
    parse.add_argument("--quick", action="store_true")
    options = parse.parse_args()
    for path in ("binary", "limits", "folder"):
        setattr(options, path, os.path.realpath(getattr(options, path)))
    options.rounds = 1 if options.quick else 3
    if not options.docker and os.path.exists("/var/run/docker.sock"):
        options.docker = "unix:///var/run/docker.sock"
    # As an exception, so that every server is ended and the folder removed on the way out.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))

    kind = file_system(options.folder)
    foreign = busy_cores()
    with tempfile.TemporaryDirectory(prefix="bench-", dir=options.folder) as folder:
        bench = Bench(options, folder)
        for part in (bench.before, bench.ingest, bench.board_and_start, bench.context, bench.agent,
                     bench.mcp, bench.binary, bench.discovery, bench.kill):
            try:
                part()
            except Failed as failed:
                say(failed)
                bench.table.add(f"{part.__name__.replace('_', ' ')}: not measured, see above",
                                "", "", "", "", False)
    print(run(options.binary, "--version").strip())
    print(f"{os.cpu_count()} cores, shared with the load; databases in {options.folder} ({kind}); "
          f"{bench.rounds} x {options.seconds} s, medians")
    if kind in ("tmpfs", "ramfs", "overlay"):
        print(f"CAUTION: {kind} is not a disk like any other; durable figures from it mean little")
    if foreign > 0.15:
        print(f"CAUTION: other programs kept {foreign:.2f} cores busy when this started")
    print()
    bench.table.print()
    print(f"\n{PEERS}")
    sys.exit(1 if bench.table.missed else 0)


if __name__ == "__main__":
    main()
