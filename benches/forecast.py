#!/usr/bin/env python3
"""How far off the forecast of a month is on bills of your own, beside naive methods and beside statsforecast's models.

    cargo build --release
    python3 benches/forecast.py [--program target/release/monitor] [--without-models | --models-of-items] BILL.csv|FOLDER...

A bill is what `monitor forecast --input` reads: `date,series,amount`. Every month of a bill that ends within it (but for two days) is
forecast at the beginning of its days 4, 8, 15 and 22, from the days before. The error of a bill is the sum of the errors of its months
over the sum of what they cost: of the whole bill (`total`), and of its series added up (`items`). The table has the geometric mean of
the bills. `held` is how often the 80 % interval of the total held the month, `wide` how often its upper end lay beyond 2.5 times the
forecast after day 8 though no single day seen until then costs as much as the part beyond the forecast.

No bill is in this repository. statsforecast comes from PyPI (by that name) into target/forecast-venv at the first run. It takes a second
or more for each series and day, so it is asked for the total only, unless you add `--models-of-items`.
"""

import argparse
import csv
import datetime
import json
import math
import os
import statistics
import subprocess
import sys
import warnings
from collections import defaultdict

AS_OF = (4, 8, 15, 22)
DAY = datetime.timedelta(days=1)
# Days that may be missing at the end of a month.
MISSING = 2
VENV = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "target", "forecast-venv")


def read(path):
    """The series of a bill, by name, as amounts by day."""
    bill = defaultdict(lambda: defaultdict(float))
    with open(path, newline="", encoding="utf-8-sig") as file:
        for row in csv.DictReader(file):
            bill[row["series"]][datetime.date.fromisoformat(row["date"])] += float(row["amount"])
    return bill


def added(bill):
    """The whole bill by day."""
    total = defaultdict(float)
    for days in bill.values():
        for day, amount in days.items():
            total[day] += amount
    return total


def next_month(month):
    return (month + 32 * DAY).replace(day=1)


def sum_of(days, start, end):
    return sum(amount for day, amount in days.items() if start <= day < end)


class History:
    """What is known of a series before a day. A day on which the whole bill has no figure is left out."""

    def __init__(self, days, billed, as_of):
        self.as_of, self.end = as_of, next_month(as_of.replace(day=1))
        self.left = (self.end - as_of).days
        self.days = [day for day in billed if day < as_of]
        self.values = [days.get(day, 0.0) for day in self.days]
        self.by_day = dict(zip(self.days, self.values))
        self.so_far = sum_of(self.by_day, as_of.replace(day=1), self.end)


def weekdays(known):
    """Each day as the mean of the last four days of its weekday."""
    total = 0.0
    for ahead in range(known.left):
        weekday = (known.as_of + ahead * DAY).weekday()
        same = [value for day, value in known.by_day.items() if day.weekday() == weekday][-4:]
        total += statistics.fmean(same) if same else 0.0
    return total


def last_month(known):
    """What the days after this one cost in the month before, per day."""
    first = known.as_of.replace(day=1)
    before = (first - DAY).replace(day=1)
    rest = [value for day, value in known.by_day.items() if before <= day < first and day.day >= known.as_of.day]
    return statistics.fmean(rest or known.values[-7:]) * known.left


def run_rate(known):
    month = [value for day, value in known.by_day.items() if day >= known.as_of.replace(day=1)]
    return statistics.fmean(month or known.values[-7:]) * known.left


NAIVE = {
    "mean of the last 7 days": lambda known: statistics.fmean(known.values[-7:]) * known.left,
    "median of the last 7 days": lambda known: statistics.median(known.values[-7:]) * known.left,
    "mean of the last 28 days": lambda known: statistics.fmean(known.values[-28:]) * known.left,
    "run rate": run_rate,
    "the same days of last month": last_month,
    "weekdays of the last 4 weeks": weekdays,
    "yesterday": lambda known: known.values[-1] * known.left,
}


def models():
    """statsforecast's models by name."""
    warnings.filterwarnings("ignore")
    # Imported here: only the interpreter of the venv has it.
    import numpy
    from statsforecast.models import TSB, AutoARIMA, AutoETS, AutoTheta

    def forecast(model, seasons):
        def rest(known):
            values = numpy.array(known.values)
            if len(values) < 4 or not values.any():
                return statistics.fmean(known.values[-7:]) * known.left
            season = 7 if seasons and len(values) >= 21 else 1
            try:
                mean = model(season).forecast(y=values, h=known.left)["mean"]
            except Exception:
                mean = [math.nan]
            # A model that fails on a short or flat series is given the naive mean.
            total = float(numpy.sum(mean))
            return total if math.isfinite(total) else statistics.fmean(known.values[-7:]) * known.left

        return rest

    return {
        "statsforecast AutoETS": forecast(lambda season: AutoETS(season_length=season), True),
        "statsforecast AutoARIMA": forecast(lambda season: AutoARIMA(season_length=season), True),
        "statsforecast AutoTheta": forecast(lambda season: AutoTheta(season_length=season), True),
        "statsforecast TSB": forecast(lambda _: TSB(alpha_d=0.2, alpha_p=0.2), False),
    }


def ours(program, path, as_of):
    args = [program, "forecast", "--input", path, "--as-of", as_of.isoformat(), "--format", "json"]
    return json.loads(subprocess.run(args, check=True, capture_output=True).stdout)


class Tally:
    def __init__(self):
        self.off, self.cost = defaultdict(float), 0.0

    def share(self, method):
        return self.off[method] / self.cost if self.cost else math.nan


def judge(program, path, methods, of_items, held, held_items, wide, verbose):
    bill = read(path)
    whole = added(bill)
    billed = sorted(whole)
    total, items = Tally(), Tally()
    month = next_month(billed[0])
    if billed[0].day <= 1 + MISSING:
        month = billed[0].replace(day=1)
    while next_month(month) - (MISSING + 1) * DAY <= billed[-1]:
        end = next_month(month)
        for number in AS_OF:
            as_of = month.replace(day=number)
            actual = sum_of(whole, month, end)
            said = ours(program, path, as_of)
            if said["total"] is None:
                print(f"{path}: {as_of}: {said['unknown']}", file=sys.stderr)
                continue
            low, middle, high = (float(said["total"][key]) for key in ("low", "forecast", "high"))
            held.append(low - 1e-6 <= actual <= high + 1e-6)
            if number > 8:
                most = max(abs(amount) for day, amount in whole.items() if day < as_of)
                wide.append(high > 2.5 * middle and high - middle > most)
            if verbose:
                print(f"{os.path.basename(path)} {as_of}: came {actual:.2f}, forecast {middle:.2f}, {low:.2f} to {high:.2f}{'' if held[-1] else ' MISSED'}{' WIDE' if number > 8 and wide[-1] else ''}")
            total.cost += abs(actual)
            items.cost += abs(actual)
            total.off["monitor"] += abs(middle - actual)
            forecasts = {one["name"]: one for one in said["series"]}
            known = History(whole, billed, as_of)
            for name, method in methods.items():
                total.off[name] += abs(known.so_far + method(known) - actual)
            for series, days in bill.items():
                came = sum_of(days, month, end)
                one = forecasts.get(series)
                items.off["monitor"] += abs(float(one["forecast"]) - came) if one else abs(came)
                # A series that has cost less than a cent is right whatever is said of it.
                if one and max(abs(came), float(one["high"])) >= 0.01:
                    held_items.append(float(one["low"]) - 1e-6 <= came <= float(one["high"]) + 1e-6)
                part = History(days, billed, as_of)
                for name, method in of_items.items():
                    rest = method(part) if any(part.values) else 0.0
                    items.off[name] += abs(part.so_far + rest - came)
        month = end
    return total, items


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="target/release/monitor", help="the program that is asked (%(default)s)")
    parser.add_argument("--without-models", action="store_true", help="leave statsforecast out")
    parser.add_argument("--models-of-items", action="store_true", help="ask statsforecast for each series as well; slow")
    parser.add_argument("--verbose", action="store_true", help="a line for each forecast")
    parser.add_argument("bills", nargs="+", metavar="BILL.csv|FOLDER")
    args = parser.parse_args()
    python = os.path.join(VENV, "bin", "python")
    if not args.without_models and os.path.abspath(sys.prefix) != VENV:
        if not os.path.exists(python):
            subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
            subprocess.run([python, "-m", "pip", "install", "--quiet", "statsforecast"], check=True)
        os.execv(python, [python, *sys.argv])
    methods = NAIVE if args.without_models else {**NAIVE, **models()}
    paths = []
    for path in args.bills:
        inside = sorted(name for name in os.listdir(path) if name.endswith(".csv")) if os.path.isdir(path) else None
        paths += [path] if inside is None else [os.path.join(path, name) for name in inside]
    held, held_items, wide, bills = [], [], [], []
    for path in paths:
        total, items = judge(args.program, path, methods, methods if args.models_of_items else NAIVE, held, held_items, wide, args.verbose)
        if total.cost:
            bills.append((total, items))
        else:
            print(f"{path}: no month that ends within the bill cost anything", file=sys.stderr)
    if not bills:
        sys.exit("no bill could be judged")

    def mean(shares):
        return 100 * math.exp(statistics.fmean(math.log(max(share, 1e-6)) for share in shares))

    print(f"{len(bills)} bills, {len(held)} forecasts\n{'':32}  total   items   (each bill: total)")
    for name in ["monitor", *methods]:
        each = "".join(f"{100 * total.share(name):7.1f}" for total, _ in bills)
        of_items = f"{mean(items.share(name) for _, items in bills):5.1f} %" if all(name in items.off for _, items in bills) else "      -"
        print(f"{name:32}{mean(total.share(name) for total, _ in bills):5.1f} % {of_items}  {each}")
    print(f"the 80 % interval held {sum(held)} of {len(held)} ({100 * sum(held) / len(held):.0f} %), of items {sum(held_items)} of {len(held_items)} ({100 * sum(held_items) / max(len(held_items), 1):.0f} %); wide: {sum(wide)} of {len(wide)}")


if __name__ == "__main__":
    main()
