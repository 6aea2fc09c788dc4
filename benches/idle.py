#!/usr/bin/env python3
"""Measures an idle daemon with 20 functions, 3 rules and 2 receivers: memory, CPU between polls, and the time from process start to
the first request that reaches AWS. AWS is an HTTP server in this script that has the functions and nothing else.

    cargo build --release && python3 benches/idle.py target/release/monitor
"""
import http.server, json, os, subprocess, sys, tempfile, threading, time

SECONDS = 60
first = threading.Event()
first_at = [0.0]

NAMES = [f"function-{n}" for n in range(20)]


class Empty(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        # lambda:ListFunctions is the only one.
        self.answer(json.dumps({"Functions": [{"FunctionName": name, "MemorySize": 128} for name in NAMES]}).encode())

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        target = self.headers.get("X-Amz-Target", "")
        self.answer(b'{"ResultsByTime":[]}' if "GetCostAndUsage" in target else b'{"events":[]}')

    def answer(self, body):
        if not first.is_set():
            first_at[0] = time.monotonic()
            first.set()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def status(pid, key):
    with open(f"/proc/{pid}/status") as lines:
        return next(line.split()[1] for line in lines if line.startswith(key))


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Empty)
threading.Thread(target=server.serve_forever, daemon=True).start()
functions = ", ".join(f'"{name}"' for name in NAMES)
config = f"""
[watch.spend]
every = "8h"
read.cost_explorer = {{}}
[watch.logs]
every = "1m"
read.lambda_logs = {{ functions = [{functions}] }}
[alert.month]
when.cost_above = {{ per = "month", usd = "20" }}
tell = ["team", "me"]
[alert.start-up]
when.lambda_cause = {{ causes = ["init_timeout", "slow_cold_start", "reinit_loop"], count = 2, within = "10m" }}
tell = ["team", "me"]
[alert.cold]
when.cold_starts = {{ share = "20%" }}
tell = ["me"]
[receiver.team]
via.slack = {{ webhook = {{ env = "HOOK" }} }}
[receiver.me]
via.email = {{ smtp = "smtp://localhost:2525", tls = "none", from = "a@example.com", to = ["b@example.com"] }}
"""
with tempfile.TemporaryDirectory() as folder:
    with open(f"{folder}/alerts.toml", "w") as file:
        file.write(config)
    environment = {
        "PATH": os.environ["PATH"], "HOME": folder, "HOOK": "http://127.0.0.1:9/x", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y",
        "AWS_REGION": "ap-northeast-2", "AWS_EC2_METADATA_DISABLED": "true", "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}", "MONITOR_LOG": "error",
    }
    started = time.monotonic()
    daemon = subprocess.Popen([os.path.abspath(sys.argv[1]), "run"], cwd=folder, env=environment)
    assert first.wait(30), "no request within 30 s"
    print(f"start to first poll: {(first_at[0] - started) * 1000:.0f} ms")
    time.sleep(10)
    before, polls_before = cpu_seconds(daemon.pid), time.monotonic()
    time.sleep(SECONDS)
    used = cpu_seconds(daemon.pid) - before
    print(f"resident memory: {int(status(daemon.pid, 'VmRSS:')) / 1024:.1f} MB (of it anonymous: {int(status(daemon.pid, 'RssAnon:')) / 1024:.1f} MB)")
    print(f"CPU: {used:.2f} s in {time.monotonic() - polls_before:.0f} s, one poll of 20 log groups among them")
    daemon.terminate()
    assert daemon.wait(10) == 0
