#!/usr/bin/env python3
"""How fast `monitor billing import` reads an export of a million rows, beside DuckDB on the same file, and whether both come to the same sums.

    cargo build --release
    pip install duckdb
    python3 benches/billing_import.py target/release/monitor [ROWS]

Makes a FOCUS export (seeded, so always the same) as CSV packed with gzip and as Parquet below target/tmp, with 50 columns as AWS
delivers them; reads each three times with either program in turn, and once more into a new store; prints the fastest time of each,
the ratio, and the largest resident memory. The sums of each month must agree to the cent, or it fails.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from decimal import Decimal

import duckdb

ROUNDS = 3
# What AWS delivers beside the columns that are read; most of it is the same in every row, or nothing.
OTHER = [
    "AvailabilityZone", "BillingAccountName", "ChargeClass", "ChargeDescription", "ChargeFrequency", "CommitmentDiscountCategory", "CommitmentDiscountId",
    "CommitmentDiscountName", "CommitmentDiscountStatus", "CommitmentDiscountType", "ContractedCost", "ContractedUnitPrice", "InvoiceIssuerName", "ListUnitPrice",
    "PricingCategory", "PricingQuantity", "PricingUnit", "ProviderName", "PublisherName", "RegionId", "RegionName", "ResourceName", "ResourceType", "ServiceCategory",
    "SkuPriceId", "SubAccountName", "x_CostCategories", "x_Discounts", "x_Operation", "x_ServiceCode",
]


def make(folder, rows):
    """Writes both files, unless they are there from the last time."""
    csv, parquet = os.path.join(folder, f"focus-{rows}.csv.gz"), os.path.join(folder, f"focus-{rows}.parquet")
    if not os.path.exists(parquet):
        other = ", ".join(f"CASE WHEN n % 3 = {place % 3} THEN '{name.lower()} ' || (n % 40) END AS \"{name}\"" for place, name in enumerate(OTHER))
        duckdb.sql(
            f"""COPY (SELECT
                (hash(n) % 1000003)::DECIMAL(18, 0) / 10000000.0::DECIMAL(18, 7) AS "BilledCost", (hash(n) % 1000003) / 1.1e7 AS "EffectiveCost",
                (hash(n) % 1000003) / 0.9e7 AS "ListCost", 'USD' AS "BillingCurrency", '111122223333' AS "BillingAccountId",
                TIMESTAMP '2024-11-01' + INTERVAL 1 MONTH * (n % 2) AS "BillingPeriodStart", TIMESTAMP '2024-12-01' + INTERVAL 1 MONTH * (n % 2) AS "BillingPeriodEnd",
                CASE n % 97 WHEN 0 THEN 'Tax' WHEN 1 THEN 'Credit' WHEN 2 THEN 'Purchase' ELSE 'Usage' END AS "ChargeCategory",
                TIMESTAMP '2024-11-01' + INTERVAL 1 MONTH * (n % 2) + INTERVAL 1 HOUR * (hash(n + 1) % 720) AS "ChargePeriodStart",
                TIMESTAMP '2024-11-01' + INTERVAL 1 MONTH * (n % 2) + INTERVAL 1 HOUR * (hash(n + 1) % 720 + 1) AS "ChargePeriodEnd",
                ['AWS Lambda', 'Amazon Relational Database Service', 'Amazon Simple Storage Service', 'AmazonCloudWatch', 'Amazon API Gateway'][n % 5 + 1] AS "ServiceName",
                '11112222' || (3333 + n % 4) AS "SubAccountId", 'arn:aws:lambda:ap-northeast-2:111122223333:function:backend-' || (hash(n + 2) % 200) AS "ResourceId",
                'SKU' || (n % 60) AS "SkuId", 'APN2-Usage-' || (n % 60) AS "x_UsageType", (hash(n) % 1009)::DOUBLE / 7 AS "ConsumedQuantity", 'GB-Seconds' AS "ConsumedUnit",
                '{{"team": "a, b", "stage": "' || (n % 3) || '"}}' AS "Tags", {other} FROM range({rows}) AS numbers(n)) TO '{parquet}' (FORMAT parquet, CODEC 'snappy')"""
        )
    if not os.path.exists(csv):
        duckdb.sql(f"COPY (SELECT * FROM '{parquet}') TO '{csv}.part' (FORMAT csv, HEADER, COMPRESSION gzip)")
        os.rename(csv + ".part", csv)
    return csv, parquet


# A new process counts what its parent had resident when it was forked, and DuckDB has made this one large: a small one measures.
MEASURE = """
import json, os, subprocess, sys, time
began = time.monotonic()
process = subprocess.Popen(sys.argv[1:])
_, status, usage = os.wait4(process.pid, 0)
print(json.dumps([os.waitstatus_to_exitcode(status), time.monotonic() - began, usage.ru_maxrss / 1024]), file=sys.stderr)
"""


def run(command, folder):
    """Seconds on the clock, the largest resident memory in MB, and what it printed."""
    done = subprocess.run([sys.executable, "-c", MEASURE, *command], capture_output=True, cwd=folder, text=True, check=True)
    code, seconds, resident = json.loads(done.stderr.strip().splitlines()[-1])
    if code != 0:
        sys.exit(f"{command[0]} failed")
    return seconds, resident, done.stdout


def sums_of_duckdb(path):
    """A process of its own, with the decimals that are in the file."""
    reader = "read_csv('%s', types={'BilledCost': 'DECIMAL(38, 12)'})" % path if path.endswith(".gz") else "'%s'" % path
    query = f"""SELECT strftime("ChargePeriodStart"::TIMESTAMP, '%Y-%m'), sum("BilledCost"::DECIMAL(38, 12)) FROM {reader} GROUP BY 1 ORDER BY 1"""
    return [sys.executable, "-c", f"import duckdb\nfor month, total in duckdb.sql({query!r}).fetchall(): print(month, total)"]


def compare(monitor, path, folder):
    ours, theirs, memory = [], [], 0.0
    dry = [monitor, "billing", "import", "--dry-run", "--format", "json", path]
    for _ in range(ROUNDS):
        seconds, used, said = run(dry, folder)
        ours.append(seconds)
        memory = max(memory, used)
        seconds, _, peer = run(sums_of_duckdb(path), folder)
        theirs.append(seconds)
    with tempfile.TemporaryDirectory() as fresh:
        with open(os.path.join(fresh, "alerts.toml"), "w") as config:
            config.write('[watch.spend]\nevery = "6h"\nread.cost_explorer = {}\n[receiver.me]\nvia.stdout = {}\n')
        written, most, _ = run([monitor, "billing", "import", path], fresh)
        size = os.path.getsize(os.path.join(fresh, "monitor.db")) / 1e6
    said = json.loads(said)
    sums = {month["month"]: Decimal(month["sums"][0]["amount"]) for month in said["months"]}
    of_peer = {month: Decimal(total) for month, total in (line.split() for line in peer.splitlines())}
    print(f"{os.path.basename(path)}: {said['rows']} rows, {said['lines']} lines, {os.path.getsize(path) / 1e6:.0f} MB")
    print(f"  read {min(ours):.2f} s, {memory:.0f} MB resident; DuckDB {min(theirs):.2f} s; ratio {min(ours) / min(theirs):.2f}")
    print(f"  read and written {written:.2f} s, {most:.0f} MB resident, {size:.0f} MB of store")
    print("  sums", ", ".join(f"{month} {total}" for month, total in sums.items()))
    if sums.keys() != of_peer.keys() or any(round(sums[month], 2) != round(of_peer[month], 2) for month in sums) or said["skipped"]:
        sys.exit(f"the sums differ: {sums} and {of_peer}")


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    monitor, rows = os.path.abspath(sys.argv[1]), int(sys.argv[2] if len(sys.argv) == 3 else 1_000_000)
    folder = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "target", "tmp")
    os.makedirs(folder, exist_ok=True)
    for path in make(folder, rows):
        compare(monitor, path, folder)


main()
