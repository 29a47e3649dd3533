"""What the agent costs, for scripts/bench.sh: a cycle, a loop that idles, many containers, a spool
that drains. Against a Docker Engine that answers at once (`limits engine`) and things to check on
loopback; bounded, and ends only what it started.
"""

import http.server
import os
import re
import signal
import socketserver
import statistics
import subprocess
import threading
import time

from measure import Failed, Process, environment, free_port, one_shot, run

CONTAINERS, CHECKS, MANY = 20, 30, 5_000
TICK = os.sysconf("SC_CLK_TCK")


class Targets(socketserver.ThreadingTCPServer):
    """Something for HTTP and TCP checks to look at."""

    allow_reuse_address, daemon_threads = True, True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "3")
        self.end_headers()
        self.wfile.write(b"ok\n")

    def log_message(self, *_):
        pass


def engine(limits, folder, count, *flips):
    os.makedirs(folder, exist_ok=True)
    port = free_port()
    return Process([limits, "engine", str(port), str(count), *flips], port,
                   os.path.join(folder, "engine.log"), ready=("/version", 200))


def configure(folder, backend, token, engine_port, targets=None, interval=60):
    """The agent's configuration, with 30 checks where there are targets; its path."""
    os.makedirs(folder, exist_ok=True)
    lines = ["agent:", f"  backend_url: {backend}", "  site_id: site-bench", f"  token: {token}",
             f"  interval_seconds: {interval}", "  discovery: {enabled: false}",
             # 100,000 take more than the usual 64 MB.
             "  spool: {max_megabytes: 512}", "  docker_hosts:",
             f"    - endpoint: tcp://127.0.0.1:{engine_port}"]
    if targets:
        half = CHECKS // 2
        lines += ["  checks:", "    dns: {enabled: false}", "    http:"]
        lines += [f"      - url: http://127.0.0.1:{targets.port}/{n}" for n in range(half)]
        lines += ["    tcp:"]
        lines += [f"      - {{address: '127.0.0.1:{targets.port}', name: port-{n}}}"
                  for n in range(CHECKS - half)]
    path = os.path.join(folder, "agent_config.yaml")
    with open(path, "w") as f:
        f.write("\n".join(lines) + "\n")
    return path


def process_cost(pid):
    """CPU seconds used so far, and resident bytes."""
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    with open(f"/proc/{pid}/status") as f:
        resident = int(re.search(r"^VmRSS:\s+(\d+) kB", f.read(), re.M).group(1)) * 1024
    return (int(fields[11]) + int(fields[12])) / TICK, resident


def steady_cycle(binary, limits, server, folder, runs):
    """Median CPU seconds and peak bytes of a cycle with 20 containers and 30 checks, once the
    first one has been judged."""
    with engine(limits, folder, CONTAINERS) as docker, Targets() as targets:
        config = configure(folder, f"http://127.0.0.1:{server.port}", server.ingest, docker.port, targets)
        command = [binary, "agent", "run", "--once", "--config", config]
        one_shot(command)
        cycles = [one_shot(command) for _ in range(runs)]
    return statistics.median(cpu for cpu, _ in cycles), max(peak for _, peak in cycles)


def idle_loop(binary, limits, server, folder, seconds):
    """What the loop needs at 60 s between cycles with 20 containers: the share of a core, from
    what a cycle and what waiting cost, and resident bytes."""
    with engine(limits, folder, CONTAINERS) as docker:
        config = configure(folder, f"http://127.0.0.1:{server.port}", server.ingest, docker.port,
                           interval=5)
        with open(os.path.join(folder, "loop.log"), "wb") as log:
            child = subprocess.Popen([binary, "agent", "run", "--config", config], stdin=subprocess.DEVNULL,
                                     stdout=log, stderr=log, env=environment())
        try:
            # The first cycles inspect every container; what follows is the usual.
            time.sleep(12)
            before, _ = process_cost(child.pid)
            time.sleep(seconds)
            after, resident = process_cost(child.pid)
        finally:
            child.send_signal(signal.SIGTERM)
            child.wait(30)
    if child.returncode:
        raise Failed(f"the loop ended with {child.returncode}, see {folder}/loop.log")
    cycles = seconds / 5
    return (after - before) / cycles / 60, resident


def many_containers(binary, limits, server, folder, runs):
    """Median seconds and CPU seconds and peak bytes of a cycle with 5,000 containers, and of the
    first one, which inspects them all."""
    with engine(limits, folder, MANY) as docker:
        config = configure(folder, f"http://127.0.0.1:{server.port}", server.ingest, docker.port)
        command = [binary, "agent", "run", "--once", "--config", config]
        took = []
        for _ in range(runs + 1):
            begin = time.perf_counter()
            cpu, peak = one_shot(command)
            took.append((time.perf_counter() - begin, cpu, peak))
    first, later = took[0], took[1:]
    return (first, (statistics.median(wall for wall, _, _ in later), max(peak for _, _, peak in later)))


def drain(binary, limits, server, folder, wanted=100_000):
    """Seconds to deliver so many observations that waited, and how many the server has then."""
    away = f"http://127.0.0.1:{free_port()}"
    with engine(limits, folder, MANY, "flips") as docker:
        config = configure(folder, away, server.ingest, docker.port)
        for _ in range(wanted // MANY + 1):
            done = subprocess.run([binary, "agent", "run", "--once", "--config", config],
                                  capture_output=True, text=True, env=environment(), timeout=120)
            if done.returncode != 75:
                raise Failed(f"the agent ended with {done.returncode} while its server was away:\n{done.stderr}")
    configure(folder, f"http://127.0.0.1:{server.port}", server.ingest, docker.port)
    begin = time.perf_counter()
    run(binary, "agent", "run", "--once", "--config", config, timeout=300)
    took = time.perf_counter() - begin
    return took, len(server.summaries())
