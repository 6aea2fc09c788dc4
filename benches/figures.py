#!/usr/bin/env python3
"""Prints the rows of README's table of figures that a release build gives within some minutes.

    cargo build --release && python3 benches/figures.py target/release/monitor

Take the rows of a quiet machine. What else the table has, the commands in its rows measure.
"""
import os, re, subprocess, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))


def output(script, *args):
    done = subprocess.run([sys.executable, os.path.join(HERE, script), *args], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{script} failed:\n{done.stderr}")
    return done.stdout


def found(pattern, text):
    match = re.search(pattern, text)
    if match is None:
        sys.exit(f"`{pattern}` is not in:\n{text}")
    return match


def row(what, figure):
    print(f"| {what} | {figure} |", flush=True)


if len(sys.argv) != 2:
    sys.exit(__doc__)
monitor = os.path.abspath(sys.argv[1])

row("the binary of `cargo build --release`", f"{os.path.getsize(monitor) / 1e6:.1f} MB")

idle = [output("idle.py", monitor) for _ in range(3)]
first = sorted(int(found(r"first poll: (\d+) ms", text)[1]) for text in idle)
memory = [found(r"resident memory: ([\d.]+) MB \(of it anonymous: ([\d.]+) MB\)", text) for text in idle]
resident, anonymous = (max(float(match[part]) for match in memory) for part in (1, 2))
row(
    "an idle daemon with 20 functions, 3 rules and 2 receivers, the worst of three runs (`python3 benches/idle.py target/release/monitor`)",
    f"{resident:.1f} MB resident, {anonymous:.1f} MB of it anonymous; {first[-1]} ms from the start of the process to the first poll",
)

with tempfile.TemporaryDirectory() as folder:
    began = time.monotonic()
    subprocess.run([monitor, "demo"], cwd=folder, check=True, capture_output=True)
    row("`monitor demo`, release build", f"{time.monotonic() - began:.1f} s for its two weeks")

diagnosed = output("diagnose.py", monitor, "1000", "text", "tail", "json")
for name, what in [("text", "of bare text"), ("tail", "as `aws logs tail` prints it"), ("json", "of JSON lines")]:
    match = found(rf"lambda-{name}\.log: (.+)", diagnosed)
    row(f"`monitor diagnose`, {what} (`python3 benches/diagnose.py target/release/monitor`)", match[1])
