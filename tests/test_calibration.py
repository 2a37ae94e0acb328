"""The calibration of equity models: it finds the parameters of paths that it did not see made; what it writes the program
reads; where the public price file lies beside the checkout, the shipped parameters are what it writes."""
import datetime
import glob
import math
import os
import re
import subprocess
import sys
import tempfile
import unittest

import numpy as np

CROSSMC = os.environ.get("CROSSMC", "build/crossmc")
SCRIPT = "scenarios/equity/calibrate.py"
PRICES = "../shared/data/equity/index_daily_close.csv"
SHIPPED = {"gaussian": [], "student": [], "garch": [], "garch-dynamic": ["--dynamic"], "jump": []}
INDICES = ["CSI300=CSI300:0.6", "DIVLOWVOL100=DivLowVol100:0.2", "STAR50=STAR50:0:0.2", "CHINEXT=ChiNext:0:0.2",
           "CSI500=CSI500:0.2"]


def calibrate(*arguments):
    return subprocess.run([sys.executable, SCRIPT, *arguments], capture_output=True, text=True)


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def numbers(text, key):
    return [float(x) for x in re.findall(rf"\b{key}: (-?[0-9.e+-]+)", text)]


def analysis(folder, model, trials=2000):
    """A stock of each index under a model; returns what the program says."""
    names = re.findall(r"- name: (\w+)\n    volatility", read(model))
    boards = ["main_sh", "main_sz", "chinext", "star", "bse"]
    with open(f"{folder}/instruments.csv", "w") as f:
        print("instrument_id,board,csi300,div_low_vol_100,index,beta,idio_vol,price", file=f)
        for i, name in enumerate(names):
            print(f"S{i},{boards[i % 5]},0,0,{name},1,0.3,10", file=f)
    with open(f"{folder}/lots.csv", "w") as f:
        print("instrument_id,date,quantity,price", file=f)
        for i in range(len(names)):
            print(f"S{i},2020-01-02,1000,8", file=f)
    with open(f"{folder}/analysis.yaml", "w") as f:
        f.write(f"title: calibrated\nvaluation_date: 2025-12-31\ntrials: {trials}\n"
                "book: {instruments: instruments.csv, lots: [lots.csv]}\n"
                f"models: {{equity: {os.path.abspath(model)}}}\n")
    return subprocess.run([CROSSMC, "run", f"{folder}/analysis.yaml", "-o", f"{folder}/r.h5", "--quiet"],
                          capture_output=True, text=True)


class Calibration(unittest.TestCase):
    ALPHA, BETA, NU, VOLATILITY, RHO = [0.08, 0.06], [0.90, 0.92], 6.0, [0.25, 0.35], 0.6

    def paths(self, path, days=6000):
        rng = np.random.default_rng(7)
        v = np.array(self.VOLATILITY) ** 2 / 244
        a, b = np.array(self.ALPHA), np.array(self.BETA)
        c = np.linalg.cholesky([[1, self.RHO], [self.RHO, 1]])
        h, price = v.copy(), np.array([1000.0, 2000.0])
        day = datetime.date(2000, 1, 1)
        with open(path, "w") as f:
            print("date,A,B", file=f)
            for _ in range(days):
                print(f"{day},{price[0]:.8f},{price[1]:.8f}", file=f)
                z = c @ rng.standard_normal(2) * math.sqrt((self.NU - 2) / rng.chisquare(self.NU))
                r = np.clip(np.sqrt(h) * z, -0.5, 0.5)
                price = price * (1 + r)
                h = (1 - a - b) * v + a * r * r + b * h
                day += datetime.timedelta(days=1)

    def test_finds_parameters(self):
        with tempfile.TemporaryDirectory() as folder:
            self.paths(f"{folder}/prices.csv")
            for model in ("garch", "historical", "jump", "student", "gaussian"):
                out = f"{folder}/{model}.yaml"
                extra = ["--returns", "returns.csv"] if model == "historical" else []
                done = calibrate("--model", model, "--prices", f"{folder}/prices.csv", "--index", "A=A", "--index",
                                 "B=B:0.5:0.5", "-o", out, *extra)
                self.assertEqual(done.returncode, 0, done.stderr)
                ran = analysis(folder, out)
                self.assertEqual(ran.returncode, 0, ran.stderr)
            text = read(f"{folder}/garch.yaml")
            for key, want, se in (("alpha", self.ALPHA, "se_alpha"), ("beta", self.BETA, "se_beta")):
                for got, true, error in zip(numbers(text, key), want, numbers(text, se)):
                    self.assertLess(abs(got - true), 4 * error, key)
                    self.assertLess(error, 0.03)
            self.assertLess(abs(numbers(text, "degrees_of_freedom")[0] - self.NU), 4 * 0.4)
            rho = float(re.search(r"correlation:\n  - \[1, ([0-9.]+)\]", text).group(1))
            self.assertLess(abs(rho - self.RHO), 4 * 1.3 / math.sqrt(6000))
            self.assertIn("price_limit: 0.5", text)

    def test_refuses(self):
        with tempfile.TemporaryDirectory() as folder:
            self.paths(f"{folder}/prices.csv", 600)
            lines = read(f"{folder}/prices.csv").split("\n")
            bad = [(["2000-01-02,x,1"], "A: 'x': expected a price"), (["2000-01-02,-1,1"], "expected a price above 0"),
                   (["1999-01-02,1,1"], "expected a date after"), (["2.1.2000,1,1"], "expected YYYY-MM-DD")]
            for rows, says in bad:
                with open(f"{folder}/bad.csv", "w") as f:
                    f.write("\n".join(lines[:2] + rows + lines[3:]))
                done = calibrate("--model", "garch", "--prices", f"{folder}/bad.csv", "--index", "A=A", "-o",
                                 f"{folder}/x.yaml")
                self.assertNotEqual(done.returncode, 0)
                self.assertIn("bad.csv:3", done.stderr)
                self.assertIn(says, done.stderr)
            done = calibrate("--model", "garch", "--prices", f"{folder}/prices.csv", "--index", "C=C", "-o",
                             f"{folder}/x.yaml")
            self.assertIn("no column C", done.stderr)

    def test_shipped_files_run(self):
        shipped = sorted(glob.glob("scenarios/equity/*.yaml"))
        self.assertEqual(len(shipped), len(SHIPPED))
        with tempfile.TemporaryDirectory() as folder:
            for model in shipped:
                ran = analysis(folder, model)
                self.assertEqual(ran.returncode, 0, model + ran.stderr)

    @unittest.skipUnless(os.path.exists(PRICES), f"no {PRICES}: the shipped parameters are not fitted again")
    def test_shipped_files_are_what_it_writes(self):
        with tempfile.TemporaryDirectory() as folder:
            for name, extra in SHIPPED.items():
                out = f"{folder}/{name}.yaml"
                done = calibrate("--model", name.split("-")[0], "--prices", PRICES, "--stretch", "STAR50=CSI500", "--proxy",
                                 "CSI500", "-o", out, *(x for i in INDICES for x in ("--index", i)), *extra)
                self.assertEqual(done.returncode, 0, done.stderr)
                pattern = r"-?\d+\.?\d*(?:e-?\d+)?"
                a, b = (re.sub(r"^#.*\n", "", read(x), flags=re.M)
                        for x in (out, f"scenarios/equity/{name}.yaml"))
                self.assertEqual(re.sub(pattern, "0", a), re.sub(pattern, "0", b), name)
                for x, y in zip(re.findall(pattern, a), re.findall(pattern, b)):
                    self.assertLess(abs(float(x) - float(y)), 0.02 * abs(float(y)) + 2e-3, f"{name}: {x}, {y}")


if __name__ == "__main__":
    unittest.main()
