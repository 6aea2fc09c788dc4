#!/usr/bin/env python3
"""Measures what the account map adds to an idle daemon: an account of 500 functions, 60 APIs, 40 schedules, 200 certificates and 2,000 log
groups, in an HTTP server of this script. Prints the memory with and without `read.account`, and the calls and the time of its first picture.

    cargo build --release && python3 benches/map.py target/release/monitor
"""
import http.server, json, os, re, subprocess, sys, tempfile, threading, time
from urllib.parse import parse_qs, urlparse

ACCOUNT = "arn:aws:{}:us-east-1:111122223333:{}"
ZONES = "<ListHostedZonesResponse><HostedZones></HostedZones><IsTruncated>false</IsTruncated></ListHostedZonesResponse>"


def function(n):
    name = f"service-{n:03}-production"
    return {
        "FunctionName": name, "FunctionArn": ACCOUNT.format("lambda", f"function:{name}"), "Runtime": "python3.12", "MemorySize": 512, "Timeout": 29,
        "Role": ACCOUNT.format("iam", "role/service"), "Handler": "app.handler", "CodeSize": 1234567, "CodeSha256": f"{n:044}", "Version": "$LATEST",
        "LastModified": "2026-11-01T10:00:00.000+0000", "Architectures": ["arm64"], "PackageType": "Zip", "RevisionId": f"{n:036}",
        "Environment": {"Variables": {f"VARIABLE_{k}": "value" for k in range(10)}},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{name}"}, "EphemeralStorage": {"Size": 512}, "TracingConfig": {"Mode": "PassThrough"},
    }


def page(items, size, token):
    at = int(token or 0)
    return items[at:at + size], str(at + size) if at + size < len(items) else None


FUNCTIONS = [function(n) for n in range(500)]
GROUPS = [{"logGroupName": f"/group/{n:04}", "arn": ACCOUNT.format("logs", f"log-group:/group/{n:04}:*"), "retentionInDays": 30, "storedBytes": 1} for n in range(2000)]
CERTIFICATES = [{
    "CertificateArn": ACCOUNT.format("acm", f"certificate/{n:036}"), "DomainName": f"host-{n}.example.com", "Status": "ISSUED", "Type": "AMAZON_ISSUED",
    "SubjectAlternativeNameSummaries": [f"host-{n}.example.com", f"www.host-{n}.example.com"], "InUse": True, "RenewalEligibility": "ELIGIBLE",
    "NotAfter": 1800000000} for n in range(200)]


class Account(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    calls = 0
    last = 0.0

    def do_GET(self):
        url = urlparse(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        path = url.path
        if path == "/2015-03-31/functions":
            found, token = page(FUNCTIONS, 50, query.get("Marker"))
            return self.answer({"Functions": found, "NextMarker": token})
        if re.fullmatch(r"/2015-03-31/functions/[^/]+/policy", path):
            return self.answer({"message": "no policy"}, 404, "ResourceNotFoundException")
        for end, body in [
            ("/aliases", {"Aliases": []}), ("/urls", {"FunctionUrlConfigs": []}), ("/provisioned-concurrency", {"ProvisionedConcurrencyConfigs": []}),
            ("/concurrency", {}), ("/event-source-mappings", {"EventSourceMappings": []}), ("/account-settings", {"AccountLimit": {}}),
            ("/restapis", {"item": [{"id": f"r{n}", "name": f"api {n}"} for n in range(30)]}), ("/v2/apis", {"items": [
                {"apiId": f"h{n}", "name": f"api {n}", "protocolType": "HTTP"} for n in range(30)]}),
            ("/resources", {"item": [{"id": "root", "path": "/", "resourceMethods": {"GET": {"authorizationType": "NONE"}}}]}),
            ("/routes", {"items": [{"routeId": "1", "routeKey": "$default"}]}), ("/integrations", {"items": []}),
            ("/domainnames", {"item": [], "items": []}), ("/schedules", {"Schedules": [
                {"Name": f"s{n}", "Arn": ACCOUNT.format("scheduler", f"schedule/default/s{n}"), "State": "ENABLED"} for n in range(40)]}),
        ]:
            if path.endswith(end):
                return self.answer(body)
        if path.endswith("/stages"):
            name = {"stageName": "prod", "deploymentId": "d1"}
            return self.answer({"item": [name]} if path.startswith("/restapis") else {"items": [name]})
        if "/schedules/" in path:
            return self.answer({"ScheduleExpression": "rate(1 day)", "Target": {"Arn": FUNCTIONS[0]["FunctionArn"], "RoleArn": "arn:x"}})
        if path.startswith("/2013-04-01/hostedzone"):
            return self.answer(ZONES)
        return self.answer({})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        target = self.headers.get("X-Amz-Target", "")
        asked = json.loads(body) if body.startswith(b"{") else {}
        if target.endswith("DescribeLogGroups"):
            found, token = page(GROUPS, 50, asked.get("nextToken"))
            return self.answer({"logGroups": found, **({"nextToken": token} if token else {})})
        empty = {"ListCertificates": {"CertificateSummaryList": CERTIFICATES}, "ListSecrets": {"SecretList": []}, "LookupEvents": {"Events": []},
                 "ListEventBuses": {"EventBuses": [{"Name": "default"}]}, "ListRules": {"Rules": []}, "GetCostAndUsage": {"ResultsByTime": []}}
        return self.answer(next((value for name, value in empty.items() if target.endswith(name)), {}))

    def answer(self, body, status=200, error=None):
        Account.calls += 1
        Account.last = time.monotonic()
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        if error:
            self.send_header("x-amzn-errortype", error)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


def memory(pid):
    with open(f"/proc/{pid}/status") as lines:
        return {line.split(":")[0]: int(line.split()[1]) / 1024 for line in lines if line.startswith(("VmRSS", "RssAnon"))}


def measured(binary, watches, settled):
    """Memory of a daemon once no call has come for so many seconds, with the calls and the time until then."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Account)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Account.calls, Account.last = 0, 0.0
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/alerts.toml", "w") as file:
            file.write(watches + '[receiver.out]\nvia.stdout = {}\n')
        environment = {
            "PATH": os.environ["PATH"], "HOME": folder, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y", "AWS_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true", "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}", "MONITOR_LOG": "error",
        }
        started = time.monotonic()
        daemon = subprocess.Popen([os.path.abspath(binary), "run"], cwd=folder, env=environment, stdout=subprocess.DEVNULL)
        while Account.calls == 0 or time.monotonic() - Account.last < settled:
            assert time.monotonic() - started < 300 and daemon.poll() is None, "the first picture does not end"
            time.sleep(0.2)
        time.sleep(35)
        used, calls, took = memory(daemon.pid), Account.calls, Account.last - started
        daemon.terminate()
        assert daemon.wait(10) == 0
    server.shutdown()
    return used, calls, took


without, _, _ = measured(sys.argv[1], '[watch.spend]\nevery = "8h"\nread.cost_explorer = {}\n', 3)
with_map, calls, took = measured(
    sys.argv[1], '[watch.spend]\nevery = "8h"\nread.cost_explorer = {}\n[watch.account]\nevery = "8h"\nread.account = {}\n', 8)
assert calls > 200, f"only {calls} calls were made: the account was not read"
print(f"first picture: {calls} calls in {took:.0f} s")
for key, name in [("VmRSS", "resident"), ("RssAnon", "anonymous")]:
    print(f"{name}: {without[key]:.1f} MB without the map, {with_map[key]:.1f} MB with it: {with_map[key] - without[key]:+.1f} MB")
