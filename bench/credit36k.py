#!/usr/bin/python3
"""The portfolio and the model of bench/credit36k.c in numpy, one draw per loan and scenario, on one thread.

usage: OMP_NUM_THREADS=1 bench/credit36k.py [SCENARIOS] [CROSSMC]

With the program's path it runs `crossmc bench credit36k` in the same minute and prints the ratio.
"""
import json
import math
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

LOANS, REGIONS, GLOBAL, REGION, LGD, BATCH = 36000, 10, 0.12, 0.08, 0.45, 100
RATINGS = np.array([0.0003, 0.0006, 0.001, 0.0018, 0.004, 0.0073, 0.015, 0.05])
THRESHOLDS = np.array([statistics.NormalDist().inv_cdf(p) for p in RATINGS])
erfc = np.vectorize(math.erfc)


def simulate(scenarios, rng):
    """Losses of the scenarios."""
    i = np.arange(LOANS)
    bucket = i % REGIONS * len(RATINGS) + i // REGIONS % len(RATINGS)
    loss = ((1e5 + 275.0 * (i * 7919 % LOANS)) * LGD).astype(np.float32)
    total = np.empty(scenarios)
    for first in range(0, scenarios, BATCH):
        n = min(BATCH, scenarios - first)
        factors = np.sqrt(GLOBAL) * rng.standard_normal((n, 1)) + np.sqrt(REGION) * rng.standard_normal((n, REGIONS))
        x = THRESHOLDS[None, None, :] + factors[:, :, None]
        p = (0.5 * erfc(-x / np.sqrt(2 * (1 - GLOBAL - REGION)))).reshape(n, -1).astype(np.float32)
        defaults = rng.random((n, LOANS), dtype=np.float32) < p[:, bucket]
        total[first:first + n] = defaults.astype(np.float32) @ loss
    return total


def main():
    scenarios = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    rng = np.random.default_rng(7)
    simulate(BATCH, rng)
    start = time.process_time()
    total = simulate(scenarios, rng)
    rate = LOANS * scenarios / (time.process_time() - start)
    i = np.arange(LOANS)
    expected = np.sum(RATINGS[i // REGIONS % len(RATINGS)] * (1e5 + 275.0 * (i * 7919 % LOANS))) * LGD
    z = (total.mean() - expected) / (total.std() / np.sqrt(scenarios))
    print(f"numpy: {rate:.4g} loan-scenarios a second of processor time, {scenarios} scenarios, z = {z:.2f}")
    if abs(z) > 5:
        sys.exit("the mean misses the expected loss")
    if len(sys.argv) > 2:
        with tempfile.NamedTemporaryFile(suffix=".json") as out:
            subprocess.run([sys.argv[2], "bench", "credit36k", "--json", out.name], check=True)
            for row in json.load(open(out.name)):
                if row["name"] in ("credit36k", "credit36k: processor time"):
                    print(f"{row['name']}, {row['threads']} threads: {row['rate']:.4g} loan-scenarios a second, "
                          f"{row['rate'] / rate:.0f} x numpy")


if __name__ == "__main__":
    main()
