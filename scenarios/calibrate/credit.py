#!/usr/bin/env python3
"""Where the credit model's figures come from.

    scenarios/calibrate/credit.py DATA [MODEL]

DATA is a folder with public data in the form that their publishers give them (none of it ships here):

    oecd_country_risk_2026-01-30.csv   country, iso3, crc, notes: OECD country risk classification; note (5) means not
                                       classified, (6) to (8) high-income and micro states, which stand at 0
    sovereign_macro_default_panel.csv  country-years 2005 to 2021 with default_amount (million USD; Bank of Canada and
                                       Bank of England, sovereign default database), GDPppp, fx_grade
    sp_1y_transition_1981_2016.csv     from, AAA ... CCC/C, D, NR, in percent: S&P, 2016 annual global corporate
                                       default study and rating transitions

MODEL (default: the demonstration's credit.yaml) is held against them. Printed: one-year probabilities by rating,
sovereign defaults by OECD class with the transfer probabilities of the model, Basel's correlations, and the
migration matrix as YAML. Ends with 1 when a figure of the model lies outside what the data say.
"""

import csv
import math
import pathlib
import re
import sys

NEW_DEFAULT = 0.005  # of GDP: any arrears count as default in the database, down to thousands


def read(path):
    with open(path, newline="", encoding="utf-8-sig") as f:
        return list(csv.DictReader(f))


def ratings(data):
    """One-year default rates as published, and with withdrawn ratings taken out."""
    return {r["from"].split("/")[0]: (float(r["D"]) / 100, float(r["D"]) / (100 - float(r["NR"])))
            for r in read(data / "sp_1y_transition_1981_2016.csv")}


def defaults_by_class(data):
    """Country-years at risk and new defaults, by today's class: {class: [years, defaults]}."""
    classes = {r["iso3"]: int(r["crc"]) for r in read(data / "oecd_country_risk_2026-01-30.csv") if "(5)" not in r["notes"]}
    share = {}
    for r in read(data / "sovereign_macro_default_panel.csv"):
        if r["GDPppp"]:
            share[r["country"], int(r["year"])] = 1e6 * float(r["default_amount"] or 0) / float(r["GDPppp"])
    count = {}
    for (country, year), before in share.items():
        after = share.get((country, year + 1))
        if after is None or before >= NEW_DEFAULT or country not in classes:
            continue
        n = count.setdefault(classes[country], [0, 0])
        n[0] += 1
        n[1] += after >= NEW_DEFAULT
    return dict(sorted(count.items()))


def basel(kind, p):
    low, high, k = (0.12, 0.24, 50) if kind == "corporate" else (0.03, 0.16, 35)
    w = (1 - math.exp(-k * p)) / (1 - math.exp(-k))
    return low * w + high * (1 - w)


def clopper_pearson(n, d):
    """95 % limits of a frequency."""
    def below(p, k):  # P(at most k of n)
        return sum(math.exp(math.lgamma(n + 1) - math.lgamma(i + 1) - math.lgamma(n - i + 1) + i * math.log(p)
                            + (n - i) * math.log1p(-p)) for i in range(k + 1))

    def solve(f):
        lo, hi = 1e-12, 1 - 1e-12
        for _ in range(200):
            mid = (lo + hi) / 2
            lo, hi = (mid, hi) if f(mid) > 0 else (lo, mid)
        return lo

    return (0.0 if d == 0 else solve(lambda p: 0.025 - (1 - below(p, d - 1))), solve(lambda p: below(p, d) - 0.025))


def model_figures(path):
    text = path.read_text(encoding="utf-8")
    transfer = {}
    for k, p in re.findall(r"oecd_class: (\d), transfer_probability: ([0-9.e-]+)", text):
        transfer.setdefault(int(k), set()).add(float(p))
    block = re.search(r"^ratings: \{(.*?)\}", text, re.M).group(1)
    rated = {k: float(p) for k, p in re.findall(r"(\w+): ([0-9.]+)", block)}
    floor = float(re.search(r"^probability_floor: ([0-9.e-]+)", text, re.M).group(1))
    return rated, floor, transfer


def main(data, model):
    rated, floor, transfer = model_figures(model)
    bad = 0

    print("One-year probability of default by rating (S&P 1981 to 2016), and in the model\n"
          f"{'rating':8}{'published':>12}{'adjusted':>12}{'model':>12}   (floor {floor:g})")
    for name, (published, adjusted) in ratings(data).items():
        ok = name in rated and (abs(rated[name] - published) < 5e-7 or rated[name] == floor)
        bad += not ok
        print(f"{name:8}{published:12.6f}{adjusted:12.6f}{rated.get(name, float('nan')):12.6f}{'' if ok else '   differs'}")

    print("\nNew sovereign defaults of 0.5 % of GDP or more, 2006 to 2021, by OECD class of 2026; a transfer or political\n"
          "event is taken at one third to one half of the sovereign's default probability. Class 0 is not assessed by\n"
          "the OECD (high-income states; its defaults are Cyprus, Greece, Ireland and Portugal in the euro crisis): there the\n"
          "model takes S&P's rate for AA; below class 3 the events are too few, and the limits are all they say.\n"
          f"{'class':>5}{'years':>8}{'defaults':>10}{'rate':>9}{'95 % limits':>20}{'a third to a half':>20}{'model':>9}")
    last = 0.0
    for k, (n, d) in defaults_by_class(data).items():
        low, high = clopper_pearson(n, d)
        used = max(transfer.get(k, {float("nan")}) - {0.0} or {float("nan")})
        ok = math.isnan(used) or (used > last and (k == 0 or low / 3 <= used <= high / 2))
        last = last if math.isnan(used) else used
        bad += not ok
        print(f"{k:5}{n:8}{d:10}{d / n:9.4f}   [{low:7.4f}, {high:7.4f}]{d / n / 3:11.4f}{d / n / 2:9.4f}{used:9.4f}"
              f"{'' if ok else '   outside or not rising'}")

    print("\nBasel's asset correlations (CRE31): corporate 0.12 to 0.24, other retail 0.03 to 0.16\n"
          f"{'p':>8}{'corporate':>12}{'other retail':>14}")
    for p in (0.0003, 0.001, 0.003, 0.01, 0.011, 0.02, 0.025, 0.05, 0.1, 0.15):
        print(f"{p:8.4f}{basel('corporate', p):12.4f}{basel('retail_other', p):14.4f}")

    print("\n# S&P's average one-year transitions 1981 to 2016, as published: without the withdrawn ratings the rows do not\n"
          "# sum to one, and the program normalises them.\nmigration:")
    rows = read(data / "sp_1y_transition_1981_2016.csv")
    states = [r["from"] for r in rows] + ["D"]
    print(f"  states: [{', '.join(s.split('/')[0] for s in states)}]\n  matrix:")
    for r in rows:
        print("    - [" + ", ".join(f"{float(r[s]) / 100:g}" for s in states) + "]")
    return 1 if bad else 0


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    here = pathlib.Path(__file__).resolve().parent.parent
    sys.exit(main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else here / "demo/credit.yaml")))
