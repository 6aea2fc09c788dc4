"""How an outbox of 100,000 waiting notifications drains: how long it takes against the receiver's own limit, and in how much memory.

    python3 benches/outbox.py target/release/monitor [notifications] [messages a second]

The store is made by the program itself; the rows are those of incidents that opened and ended while the receiver was away. The
receiver is a real HTTP server that answers 429 with Retry-After to whoever comes faster than its limit.
"""

import http.server
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

TABLES = """
[watch.x]
every = "1h"
read.lambda_logs = { functions = ["f"] }
[alert.memory]
when.lambda_cause = { causes = ["oom"] }
tell = ["api"]
[receiver.api]
group_wait = "0s"
via.webhook = { url = { env = "API" } }
"""


class Receiver(http.server.ThreadingHTTPServer):
    """Takes so many messages a second, and counts the incidents that they speak of."""

    def __init__(self, limit: float) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.limit, self.last = limit, 0.0
        self.messages, self.refused, self.incidents, self.first, self.ended = 0, 0, set(), None, 0.0


class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body, server, now = self.rfile.read(int(self.headers["Content-Length"])), self.server, time.monotonic()
        early = now - server.last < 1 / server.limit
        if early:
            server.refused += 1
        else:
            message = json.loads(body)
            server.last, server.ended, server.messages = now, now, server.messages + 1
            server.first = server.first or now
            server.incidents.update(line["id"] for line in message["incidents"] + message["missed"])
        self.send_response(429 if early else 200)
        if early:
            self.send_header("Retry-After", "0")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_) -> None:
        pass


def fill(path: Path, notifications: int) -> None:
    """Incidents that opened and ended, with a notification of each waiting."""
    with sqlite3.connect(path) as store:
        store.execute("DELETE FROM notification")
        (body,) = store.execute("SELECT body FROM incident LIMIT 1").fetchone()
        pattern, now = json.loads(body), int(time.time())
        for n in range(notifications // 2):
            name, opened = f"a-function-with-a-usual-name-{n:06}", now - 200_000 + n
            incident = f"{opened:08x}{n:06x}"
            at = lambda seconds: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(opened + seconds))
            finding = pattern["finding"] | {"headline": f"{name}: it ran out of memory (oom)"}
            life = {"id": incident, "rule": "memory", "subject": {"function": name}, "state": "resolved", "receivers": ["api"], "finding": finding}
            life |= {"opened": at(0), "fired": at(0), "told": at(0), "resolved": at(300), "why": "it is over"}
            row = (incident, "memory", f"function:{name}", opened * 1000, opened * 1000, (opened + 300) * 1000, json.dumps(pattern | life))
            store.execute("INSERT INTO incident (id, rule, subject, opened, fired, resolved, body) VALUES (?, ?, ?, ?, ?, ?, ?)", row)
            for event, later in (("firing", 0), ("resolved", 300)):
                key = f"{incident}/{event}/x/api"
                told = (key, incident, "api", event, (opened + later) * 1000)
                store.execute("INSERT INTO notification (key, incident, receiver, event, at) VALUES (?, ?, ?, ?, ?)", told)


def main() -> None:
    program, notifications = os.path.abspath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    limit = float(sys.argv[3]) if len(sys.argv) > 3 else 10.0
    receiver = Receiver(limit)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "alerts.toml").write_text(TABLES)
        keys = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_REGION": "eu-west-1", "AWS_EC2_METADATA_DISABLED": "true"}
        environment = os.environ | keys | {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "API": f"http://127.0.0.1:{receiver.server_address[1]}/x"}
        environment["MONITOR_LOG"] = "error"
        run = {"cwd": folder, "env": environment, "stderr": subprocess.DEVNULL}
        subprocess.run([program, "run", "--once"], check=False, **run)
        path = Path(folder, "monitor.db")
        fill(path, notifications)
        receiver.messages, receiver.refused, receiver.incidents, receiver.first = 0, 0, set(), None
        daemon = subprocess.Popen([program, "run"], **run)
        waiting = "SELECT count(*) FROM notification WHERE done IS NULL"
        store = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)
        while store.execute(waiting).fetchone()[0] > 0:
            time.sleep(0.2)
        status = Path(f"/proc/{daemon.pid}/status").read_text()
        daemon.terminate()
        daemon.wait()
    peak = next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM"))
    took, least = receiver.ended - receiver.first, (receiver.messages - 1) / limit
    print(f"{notifications} notifications of {len(receiver.incidents)} incidents: {receiver.messages} messages, {receiver.refused} told to wait")
    print(f"{took:.1f} s; the receiver's limit of {limit:g} a second allows {least:.1f} s: ratio {took / least:.2f}")
    print(f"peak memory (RSS) {peak:.1f} MB")


if __name__ == "__main__":
    main()
