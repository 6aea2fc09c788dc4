#!/usr/bin/env python3
"""How fast `monitor diagnose` reads a log, beside ripgrep and jq on the same file.

    cargo build --release
    python3 benches/diagnose.py target/release/monitor [MEGABYTES [NAME...]]

Writes logs below target/tmp (seeded, so always the same): in text, in JSON format, in text as `aws logs tail` prints it, of one
stream and of twenty, in JSON format as `aws logs tail --format json` prints it, of twenty streams, and a quarter as long as other
tools print it. Reads each five times with either program in turn, and prints the fastest time of each, the ratio, and the largest
resident memory. ripgrep counts the lines that say REPORT RequestId, INIT_ or Task timed out, or the same of the JSON format; jq
prints the type of every line. A program that is not installed is left out. With names (text, tail, json and the others that it
prints) only those.
"""

import heapq
import json
import os
import random
import shutil
import subprocess
import sys
import time

ROUNDS = 5


def uuid(chance):
    h = "%032x" % chance.getrandbits(128)
    return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"


def stamp(ms):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ms // 1000)) + ".%03dZ" % (ms % 1000)


def invocation(chance, now, as_json):
    """The lines of one invocation: mostly well, 3 % cold, one in 200 failing in one of three ways."""
    id, lines = uuid(chance), []
    cold, fate = chance.random() < 0.03, chance.random()
    duration = 30000.0 if fate < 0.002 else chance.lognormvariate(4, 1)

    def platform(type, record):
        lines.append(json.dumps({"time": stamp(now), "type": "platform." + type, "record": record}, separators=(",", ":")))

    if as_json:
        if cold:
            platform("initStart", {"initializationType": "on-demand", "phase": "init", "runtimeVersion": "python:3.12.v38"})
        platform("start", {"requestId": id, "version": "$LATEST"})
    else:
        if cold:
            lines.append("INIT_START Runtime Version: python:3.12.v38\tRuntime Version ARN: arn:aws:lambda:ap-northeast-2::runtime:abc")
        lines.append(f"START RequestId: {id} Version: $LATEST")
    for _ in range(chance.randint(0, 12)):
        now += chance.randint(1, 30)
        said = chance.choice(
            [
                f"GET /todos/todo/ user={chance.randint(1, 99999)} took {chance.randint(1, 500)} ms, {chance.randint(1, 40)} rows, cache=hit",
                "Starting new HTTPS connection (1): secretsmanager.ap-northeast-2.amazonaws.com:443 with retries Retry(total=False)",
                f"slow query: SELECT * FROM todo WHERE user_id = {chance.randint(1, 9999)} ORDER BY rank LIMIT 50",
                f"processed record {chance.getrandbits(64):x} from shard {chance.randint(0, 9)} with lag {chance.randint(0, 1000)}",
            ]
        )
        if as_json:
            lines.append(json.dumps({"timestamp": stamp(now), "level": "INFO", "message": said, "requestId": id}, separators=(",", ":")))
        else:
            lines.append(f"[INFO]\t{stamp(now)}\t{id}\t{said}")
    figures = {"durationMs": round(duration, 2), "billedDurationMs": int(duration) + 1, "memorySizeMB": 512, "maxMemoryUsedMB": chance.randint(80, 140)}
    if as_json:
        status = "timeout" if fate < 0.002 else "error" if fate < 0.005 else "success"
        if cold:
            figures["initDurationMs"] = 812.5
        platform("report", {"requestId": id, "status": status, "metrics": figures})
        return lines, now
    if fate < 0.002:
        lines.append(f"{stamp(now + 30000)} {id} Task timed out after 30.03 seconds\n")
    elif fate < 0.004:
        lines.append("[ERROR] KeyError: 'due'\nTraceback (most recent call last):\n  File \"/var/task/app.py\", line 12, in handler\n    return event['due']")
    lines.append(f"END RequestId: {id}")
    lines.append(
        f"REPORT RequestId: {id}\tDuration: {duration:.2f} ms\tBilled Duration: {int(duration) + 1} ms\tMemory Size: 512 MB\t"
        f"Max Memory Used: {figures['maxMemoryUsedMB']} MB\t"
        + ("Init Duration: 812.50 ms\t" if cold else "")
        + ("Status: error\tError Type: Runtime.OutOfMemory" if 0.004 <= fate < 0.005 else "")
    )
    return lines, now


def write(path, size, as_json):
    """Writes the log, unless it is there from the last time."""
    if os.path.exists(path) and abs(os.path.getsize(path) - size) < 10_000:
        return
    chance, now, written = random.Random(7), 1_734_652_800_000, 0
    with open(path, "w", newline="\n") as out:
        while written < size:
            lines, now = invocation(chance, now + chance.randint(20, 3000), as_json)
            text = "\n".join(lines) + "\n"
            written += len(text)
            out.write(text)


def wrapped(tool, ms, stream, line):
    """A line as a tool prints it."""
    iso = stamp(ms)[:-1]
    if tool == "tail-json":
        # Python's isoformat() leaves a fraction of zero out.
        fraction = iso[-4:] + "000" if ms % 1000 else ""
        return f"{iso[:-4]}{fraction}+00:00 {stream} \n{json.dumps(json.loads(line), indent=4)}"
    return {
        "tail": f"{iso}000+00:00 {stream} {line}",
        "tail-20": f"{iso}000+00:00 {stream} {line}",
        "short": f"{iso[:-4]} {line}",
        "sam": f"{stream} {iso}000 {line}",
        "sam-colours": f"\x1b[36m{stream}\x1b[0m \x1b[33m{iso}000\x1b[0m {line}",
        "awslogs": f"/aws/lambda/todo {stream} {line}",
        "serverless": f"{iso.replace('T', ' ')} (+00:00)\t{line}",
        "csv": f"{ms},{line}",
        "compose": f"lambda-1  | {line}",
        "syslog": time.strftime("%b %d %H:%M:%S", time.gmtime(ms // 1000)) + f" ip-10-0-0-5 shipper[812]: {line}",
        "logcli": iso[:-4] + '+00:00 {log_group="/aws/lambda/todo"} ' + line,
    }[tool]


TOOLS = ["tail", "tail-20", "tail-json", "short", "sam", "sam-colours", "awslogs", "serverless", "csv", "compose", "syslog", "logcli"]


def write_wrapped(path, size, tool):
    """Writes the log as a tool prints it: the events of all streams in order of time."""
    if os.path.exists(path) and abs(os.path.getsize(path) - size) < 10_000:
        return
    chance, written, waiting = random.Random(7), 0, []
    streams = ["2024/12/20/[$LATEST]%032x" % chance.getrandbits(128) for _ in range(20 if tool in ("tail-20", "tail-json") else 1)]
    now = [1_734_652_800_000 + n for n in range(len(streams))]

    def more(n):
        began = now[n] + chance.randint(20, 3000)
        lines, now[n] = invocation(chance, began, tool == "tail-json")
        for place, line in enumerate(lines):
            ms = began + (now[n] - began) * place // max(1, len(lines) - 1)
            heapq.heappush(waiting, (ms, n, place, line.rstrip("\n"), place + 1 == len(lines)))

    for n in range(len(streams)):
        more(n)
    with open(path, "w", newline="\n") as out:
        while written < size:
            ms, n, _, line, is_last = heapq.heappop(waiting)
            if tool == "compose":
                text = "".join(wrapped(tool, ms, "", part) + "\n" for part in line.split("\n"))
            else:
                text = wrapped(tool, ms, streams[n], line) + "\n"
            written += len(text)
            out.write(text)
            if is_last:
                more(n)


def run(command):
    """Seconds on the clock, and the largest resident memory in MB."""
    began = time.monotonic()
    with open(os.devnull, "wb") as nowhere:
        process = subprocess.Popen(command, stdout=nowhere, stderr=nowhere)
        _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"{command[0]} failed")
    return time.monotonic() - began, usage.ru_maxrss / 1024


def compare(monitor, path, peer, name):
    rounds = {"monitor": [], name: []}
    memory = 0.0
    run([monitor, "diagnose", "--format", "json", path])  # the file is in memory from here on
    for _ in range(ROUNDS):
        seconds, used = run([monitor, "diagnose", "--format", "json", path])
        rounds["monitor"].append(seconds)
        memory = max(memory, used)
        if shutil.which(peer[0]):
            rounds[name].append(run(peer)[0])
    ours = min(rounds["monitor"])
    line = f"{os.path.basename(path)}: {os.path.getsize(path) / 1e6:.0f} MB in {ours:.2f} s, {memory:.0f} MB resident"
    if rounds[name]:
        theirs = min(rounds[name])
        line += f"; {name} {theirs:.2f} s; ratio {ours / theirs:.2f}"
    else:
        line += f"; {name} is not installed"
    print(line)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    monitor, size = sys.argv[1], int(float(sys.argv[2] if len(sys.argv) > 2 else 1000) * 1e6)
    names = sys.argv[3:] or ["text", *TOOLS, "json"]
    folder = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "target", "tmp")
    os.makedirs(folder, exist_ok=True)
    for name in names:
        if name not in ("text", "json") and name not in TOOLS:
            sys.exit(f"no log is called {name}; known: text, json, {', '.join(TOOLS)}")
        path = os.path.join(folder, f"lambda-{name}.log")
        if name in TOOLS:
            write_wrapped(path, size if name.startswith("tail") else size // 4, name)
        else:
            write(path, size, name == "json")
        words = ["REPORT RequestId", "INIT_", "Task timed out"]
        if name == "tail-json":
            words = ["platform.report", "platform.init", '"status": "timeout"']
        count = ["rg", "-c", *(option for word in words for option in ("-e", word)), path]
        peer = (["jq", "-c", ".type", path], "jq") if name == "json" else (count, "ripgrep")
        compare(monitor, path, *peer)


main()
