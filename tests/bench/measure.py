"""One function for each thing that scripts/bench.sh measures, and the processes behind it.

Standard library only, loopback only, every loop bounded; ends only what it started. What is
measured, against which target, is in bench.py.
"""

import http.client
import json
import os
import re
import socket
import sqlite3
import subprocess
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
HEALTH = "/api/health"
SIGNALS = "/api/signals"
# The server's own bounds on a batch.
MAX_ITEMS, MAX_BODY = 1000, 512 * 1024


class Failed(Exception):
    """Something could not be measured; the text says what."""


def environment(**more):
    """This process's environment without settings meant for somebody's real installation."""
    own = {k: v for k, v in os.environ.items() if not k.startswith("ATLAS_OPS_")}
    return {**own, **more}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def run(*command, **options):
    """Output of a command that has to succeed."""
    options = {"env": environment(), "timeout": 120, **options}
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if done.returncode:
        raise Failed(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr.strip()}")
    return done.stdout


class Process:
    """A server on a port of 127.0.0.1, as a context that ends it."""

    def __init__(self, command, port, log, ready=(HEALTH, 200), **env):
        self.command, self.port, self.log, self.env = command, port, log, environment(**env)
        self.ready, self.child = ready, None

    def start(self, limit=30.0):
        """Starts it; returns the seconds from there to the first answer that says it is ready."""
        path, wanted = self.ready
        with open(self.log, "ab") as log:
            begin = time.perf_counter()
            self.child = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.env)
        try:
            while time.perf_counter() - begin < limit:
                if self.status(path) == wanted:
                    return time.perf_counter() - begin
                if self.child.poll() is not None:
                    break
                time.sleep(0.0003)
        except BaseException:
            self.stop()
            raise
        with open(self.log, errors="replace") as log:
            tail = "".join(log.readlines()[-15:])
        self.stop()
        raise Failed(f"no {wanted} from {path} of {' '.join(self.command)}; its log ends:\n{tail}")

    def status(self, path):
        """The status it answers with, or None."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), 5) as s:
                s.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
                          "Connection: close\r\n\r\n".encode())
                line = s.recv(64)
            return int(line.split()[1])
        except (OSError, IndexError, ValueError):
            return None

    def memory(self):
        """Resident bytes."""
        with open(f"/proc/{self.child.pid}/status") as f:
            return int(re.search(r"^VmRSS:\s+(\d+) kB", f.read(), re.M).group(1)) * 1024

    def kill(self):
        self.child.kill()
        self.child.wait()

    def stop(self):
        if self.child and self.child.poll() is None:
            self.child.terminate()
            try:
                self.child.wait(15)
            except subprocess.TimeoutExpired:
                self.kill()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()


class Server(Process):
    """`atlas-ops serve` with a configuration, a database and two tokens of its own."""

    def __init__(self, binary, folder):
        os.makedirs(folder)
        port = free_port()
        self.binary, self.folder = binary, folder
        self.config = os.path.join(folder, "atlas_ops.config.yaml")
        self.database = os.path.join(folder, "atlas_ops.db")
        with open(self.config, "w") as f:
            f.write(f"backend:\n  host: 127.0.0.1\n  port: {port}\n"
                    f"  db_url: sqlite:///{self.database}\n")
        super().__init__([binary, "serve", "--config", self.config], port,
                         os.path.join(folder, "serve.log"))
        run(binary, "db", "init", "--config", self.config)
        self.ingest, self.read = self.token("ingest"), self.token("read")

    def token(self, scope):
        made = run(self.binary, "token", "create", "--scope", scope, "--label", "bench", "--json",
                   "--config", self.config)
        return json.loads(made)["token"]

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def ask(self, path):
        """What the API answers to a GET."""
        connection = self.connect()
        connection.request("GET", path, headers={"Authorization": f"Bearer {self.read}"})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        if answer.status != 200:
            raise Failed(f"{path} answered {answer.status}: {text[:500]!r}")
        return json.loads(text)

    def load(self, wanted, at_most=MAX_ITEMS, made_by=None):
        """Stores signals over the batch call; returns signals per second."""
        made_by = made_by or sample
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.ingest}"}
        connection, begin = self.connect(), time.perf_counter()
        for first in range(0, wanted, at_most):
            items = [made_by(n) for n in range(first, min(first + at_most, wanted))]
            body = json.dumps(items)
            assert len(body) <= MAX_BODY
            connection.request("POST", SIGNALS + "/batch", body, headers)
            answer = connection.getresponse()
            text = answer.read()
            if answer.status != 200 and answer.status != 201 and answer.status != 207:
                raise Failed(f"batch answered {answer.status}: {text[:500]!r}")
            refused = [r for r in json.loads(text) if r["status"] not in (200, 201)]
            if refused:
                raise Failed(f"batch refused an item: {refused[0]}")
        connection.close()
        return wanted / (time.perf_counter() - begin)

    def summaries(self):
        """The summaries of all stored signals, read from the file; checks the file as well."""
        with sqlite3.connect(self.database) as db:
            found = [row[0] for row in db.execute("SELECT summary FROM signals")]
            sound = db.execute("PRAGMA integrity_check").fetchone()[0]
        db.close()
        if sound != "ok":
            raise Failed(f"the database is damaged: {sound}")
        return found


KINDS = ["disk_full", "container_down", "gateway_latency_high", "backup_stale", "memory_pressure",
         "container_restart_count_high", "http_check_failed", "systemd_unit_failed"]


def sample(n):
    """The n-th signal of a made-up but plausible homelab."""
    kind, host = KINDS[n % len(KINDS)], f"host-{n % 40:02d}"
    return {
        "site_id": f"site-{n % 4}", "kind": kind, "severity": ["info", "warning", "critical"][n % 3],
        "summary": f"{kind.replace('_', ' ')} on {host}, observation {n}", "source": "agent",
        "detail": {"host": host, "container": f"app-{n % 25}", "value": n % 100, "threshold": 90},
    }


def load_problems(server, signals, problems):
    """Signals of so many problems, round after round: all but a tenth of them end resolved."""
    def observation(n):
        problem, turn = n % problems, n // problems
        ends = turn == signals // problems - 1 and problem % 10
        return {**sample(problem), "dedup_key": f"problem-{problem}", "severity": "warning",
                "status": "resolved" if ends else "firing"}
    server.load(signals, made_by=observation)


def add_runbooks(server, count):
    """Imports made-up runbooks of as many kinds, and waits until the server has noticed."""
    folder = os.path.join(server.folder, "runbooks")
    os.makedirs(folder)
    for n in range(count):
        with open(os.path.join(folder, f"rb-made-{n}.md"), "w") as f:
            f.write(f"---\nid: rb-made-{n}\ntitle: Mend thing {n}\ntags: [thing{n}, bench]\n"
                    f"kinds: [thing_{n}_broken]\nsummary: What to do when thing {n} is broken.\n---\n\n"
                    f"## Look at it\n\n```sh {{name=look risk=read}}\nstat {{{{host}}}}\n```\n")
    run(server.binary, "runbook", "import", folder, "--config", server.config)
    limit = time.monotonic() + 20
    while len(server.ask("/api/runbooks")) < count:
        if time.monotonic() > limit:
            raise Failed("the server does not notice imported runbooks")
        time.sleep(0.2)


def wrk(port, path, token, connections, seconds, mark=None):
    """Load from one wrk thread; the numbers of its last line. Any refusal is a failure."""
    env = environment(BENCH_TOKEN=token, **({"BENCH_RUN": mark} if mark else {}))
    said = run("wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s",
               "-s", os.path.join(HERE, "wrk.lua"), f"http://127.0.0.1:{port}{path}",
               env=env, timeout=seconds + 60)
    found = re.search(r"^RESULT (.*)$", said, re.M)
    if not found:
        raise Failed(f"wrk said no result:\n{said}")
    result = json.loads(found.group(1))
    if result["refused"] or result["broken"] or not result["answered"]:
        raise Failed(f"{path} at {connections} connections did not answer well: {result}")
    return result


def one_shot(command):
    """CPU seconds (user and system) and peak resident bytes of a command that has to succeed.

    The peak is read while it runs: the one that wait4 tells counts this interpreter's own pages,
    which the child has until it becomes the command.
    """
    with open(os.devnull, "wb") as null:
        child = subprocess.Popen(command, stdout=null, stderr=subprocess.PIPE, env=environment())
    peak, limit = 0, time.monotonic() + 120
    name = os.path.basename(command[0])[:15]
    while not os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG):
        try:
            with open(f"/proc/{child.pid}/status") as f:
                text = f.read()
            high = re.search(r"^VmHWM:\s+(\d+) kB", text, re.M)
            if high and text.startswith(f"Name:\t{name}\n"):
                peak = max(peak, int(high.group(1)) * 1024)
        except OSError:
            pass
        if time.monotonic() > limit:
            child.kill()
        time.sleep(0.0003)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    complaint = child.stderr.read().decode(errors="replace").strip()
    child.stderr.close()
    if child.returncode:
        raise Failed(f"{' '.join(command)} ended with {child.returncode}:\n{complaint}")
    return used.ru_utime + used.ru_stime, peak


def mcp_session(command, calls):
    """Seconds from exec to the answer to `initialize` of an MCP server on stdin and stdout, and its
    resident bytes after that many calls of a tool."""
    hello = {"protocolVersion": "2025-06-18", "capabilities": {},
             "clientInfo": {"name": "bench", "version": "1"}}
    begin = time.perf_counter()
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, env=environment())

    def ask(number, method, params):
        message = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        child.stdin.write(json.dumps(message).encode() + b"\n")
        child.stdin.flush()
        answer = json.loads(child.stdout.readline() or "{}")
        if answer.get("id") != number or answer.get("result", {}).get("isError", "result" not in answer):
            raise Failed(f"MCP answered {method} with {answer}")

    watchdog = threading.Timer(60, child.kill)
    watchdog.start()
    try:
        ask(0, "initialize", hello)
        took = time.perf_counter() - begin
        for number in range(1, calls + 1):
            ask(number, "tools/call", {"name": "get_context", "arguments": {"signal_id": number}})
        with open(f"/proc/{child.pid}/status") as f:
            resident = int(re.search(r"^VmRSS:\s+(\d+) kB", f.read(), re.M).group(1)) * 1024
        child.stdin.close()
        if child.wait(15):
            raise Failed(f"{' '.join(command)} ended with {child.returncode}")
        return took, resident
    finally:
        watchdog.cancel()
        child.kill()
        child.wait()


def kill_round(server, seconds, clients=8):
    """Ends the server by kill -9 in mid-load; returns how many signals it had answered, and how
    many of those are not in the database afterwards."""
    answered, over = [[] for _ in range(clients)], threading.Event()
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {server.ingest}"}
    mark = f"round{server.child.pid}"

    def post(own, client):
        connection, n = server.connect(), 0
        while not over.is_set():
            n += 1
            summary = f"{mark} client {client} number {n}"
            try:
                connection.request("POST", SIGNALS, json.dumps({**sample(n), "summary": summary}), headers)
                answer = connection.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException):
                return
            if answer.status == 201:
                own.append(summary)

    threads = [threading.Thread(target=post, args=(own, n), daemon=True)
               for n, own in enumerate(answered)]
    for thread in threads:
        thread.start()
    time.sleep(seconds)
    server.kill()
    over.set()
    for thread in threads:
        thread.join(30)
    found = set(server.summaries())
    sent = [summary for own in answered for summary in own]
    if not sent:
        raise Failed("no signal was answered before the server was killed")
    return len(sent), sum(summary not in found for summary in sent)
