#!/usr/bin/env python3
"""Makes the Parquet files of this folder with DuckDB, so that they are not of the library that reads them.

    pip install duckdb && python3 tests/exports/make.py
"""

import os

import duckdb

here = os.path.dirname(os.path.abspath(__file__))
table = """
    SELECT * FROM (VALUES
        (0.0341, 0.03,           0.04, 'Usage',    TIMESTAMP '2024-12-03 07:00:00', 'AWS Lambda',                        'arn:aws:lambda:f', 'APN2-Lambda-GB-Second',         2046.5, 'GB-Seconds'),
        (0.81,   0.8,            1,    'Usage',    TIMESTAMP '2024-12-01 00:00:00', 'Amazon Relational Database Service', 'arn:aws:rds:db',   'APN2-InstanceUsage:db.t3.micro', 24,     'Hours'),
        (0.81,   0.8,            1,    'Usage',    TIMESTAMP '2024-12-02 23:59:59', 'Amazon Relational Database Service', 'arn:aws:rds:db',   'APN2-InstanceUsage:db.t3.micro', 24,     'Hours'),
        (10,     0.322580645161, 10,   'Purchase', TIMESTAMP '2024-12-01 00:00:00', 'AWS Support (Developer)',           NULL,               NULL,                             NULL,   NULL),
        (1.17,   1.17,           0,    'Tax',      TIMESTAMP '2024-12-01 00:00:00', 'Amazon Relational Database Service', NULL,               NULL,                             NULL,   NULL),
        (-5,     -5,             0,    'Credit',   TIMESTAMP '2024-12-01 00:00:00', 'AWS Lambda',                        NULL,               NULL,                             NULL,   NULL)
    ) AS rows(billed, effective, list, category, start, service, resource, usage_type, quantity, unit)
"""
for name, billed, start, codec in [
    ("focus-double", "billed::DOUBLE", "start::TIMESTAMP_MS", "snappy"),
    ("focus-decimal", "billed::DECIMAL(38, 12)", "start::TIMESTAMP_NS", "zstd"),
]:
    duckdb.sql(
        f"""COPY (SELECT {billed} AS "BilledCost", effective::DECIMAL(38, 12) AS "EffectiveCost", list::DECIMAL(18, 4) AS "ListCost", 'USD' AS "BillingCurrency",
            DATE '2024-12-01' AS "BillingPeriodStart", DATE '2025-01-01' AS "BillingPeriodEnd", category AS "ChargeCategory", {start} AS "ChargePeriodStart",
            service AS "ServiceName", '111122223333' AS "SubAccountId", resource AS "ResourceId", usage_type AS "x_UsageType", quantity::DOUBLE AS "ConsumedQuantity",
            unit AS "ConsumedUnit", MAP {{'team': 'a "quoted", name'}} AS "Tags" FROM ({table})) TO '{here}/{name}.parquet' (FORMAT parquet, CODEC '{codec}')"""
    )
