#!/usr/bin/env python3
"""What each policy of pings comes to on traces of your own, and how near replays are to measured cold starts.

    cargo build --release
    python3 benches/warm.py [--program target/release/monitor] [--half 0|1] FOLDER

FOLDER has `azure-function-days.csv.gz` (a line for each function and day) and `aws-runs/*.csv.gz` (a line for each call). With `--half`
only every second function of the first is used, so that what was chosen on one half is measured on the other. For each run of the second
the idle timeout that `monitor warm learn` finds is shown, and how far the measured number of cold starts is from the mean of 40 replays,
in standard deviations of the replays.
"""

import argparse
import glob
import gzip
import json
import os
import statistics
import subprocess
import tempfile
import time

POLICIES = ["none", "fixed:5m", "fixed:10m", "fixed:2x5m", "fixed:2x6m", "fixed:2x10m", "skip:10m", "histogram",
            "handover:10m@60m", "handover:10m@60m/2", "provisioned:1", "clairvoyant", "auto"]


def ask(program, *args):
    return json.loads(subprocess.run([program, "warm", *args, "--format", "json"], check=True, capture_output=True).stdout)


def days(program, path):
    begin = time.time()
    for regime in ["2019", "2020", "2021"]:
        for policy in POLICIES:
            found = ask(program, "simulate", "--trace", path, "--policy", policy, "--regime", regime)
            print(f"{regime}  {policy:20} {found['functions']:5} functions  {found['share_at_most_target']:6.1%} at most 1 %  "
                  f"{found['pooled_cold']:7.3%} cold  {found['pings_per_day']:6.0f} pings a day  "
                  f"{found['usd_per_month']:7.4f} USD  {found['promises']['broken']}/{found['promises']['made']} broken")
    print(f"{time.time() - begin:.0f} s for {3 * len(POLICIES)} passes\n")


def runs(program, paths):
    squares = []
    for path in paths:
        learned = ask(program, "learn", "--trace", path)
        replayed = [ask(program, "simulate", "--trace", path, "--policy", "none", "--seed", str(seed))["each"][0] for seed in range(40)]
        cold = [one["cold"] for one in replayed]
        z = (replayed[0]["measured_cold"] - statistics.mean(cold)) / max(statistics.stdev(cold), 0.5)
        squares.append(z * z)
        print(f"{os.path.basename(path)}: idle {learned['idle_s']}, age {learned['age_s']}; measured "
              f"{replayed[0]['measured_cold']} cold of {learned['calls']}, replayed {statistics.mean(cold):.1f}, z {z:+.2f}")
    if squares:
        print(f"root mean square of z: {statistics.mean(squares) ** 0.5:.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="target/release/monitor")
    parser.add_argument("--half", type=int, choices=[0, 1])
    parser.add_argument("folder")
    options = parser.parse_args()
    functions = os.path.join(options.folder, "azure-function-days.csv.gz")
    if os.path.exists(functions):
        if options.half is None:
            days(options.program, functions)
        else:
            with gzip.open(functions, "rt") as file:
                header, *lines = file.readlines()
            with tempfile.NamedTemporaryFile("w", suffix=".csv") as half:
                half.writelines([header, *lines[options.half::2]])
                half.flush()
                days(options.program, half.name)
    runs(options.program, sorted(glob.glob(os.path.join(options.folder, "aws-runs", "*.csv*"))))


if __name__ == "__main__":
    main()
