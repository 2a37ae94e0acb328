"""Credit through the whole program: the 25-obligor portfolio of CreditRisk+ and the calibration where public data lie beside
the checkout, contributions against the year loss table, permuted obligors, reinsurance per buyer from its files."""

import csv
import math
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import unittest

import h5py
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent
DATA = ROOT.parent / "shared" / "data"
CROSSMC = os.environ.get("CROSSMC", str(ROOT / "build/crossmc"))


def contribution_error(loss, x, w, p):
    """Standard error of the mean of x in the loss's worst 1 - p, by the influence function, trial by trial."""
    n, order = len(loss), np.argsort(-loss, kind="stable")
    mass, total = n * (1 - p), np.cumsum(w[order])
    q = loss[order[np.searchsorted(total, mass + 1e-6, side="left")]]
    if (w == 1).all():
        half, ascending = 1.959964 * math.sqrt(n * p * (1 - p)), np.sort(loss)
        low, high = ascending[math.floor(n * p - half) - 1], ascending[math.ceil(n * p + half) - 1]
    else:
        spread = 1.959964 * np.sqrt(np.maximum(np.cumsum(w[order] ** 2) - total**2 / n, 0))
        low, high = loss[order[np.argmax(total - spread > mass)]], loss[order[np.argmax(total + spread > mass)]]
    near = (loss >= low) & (loss <= high)
    m = (w * x)[near].sum() / w[near].sum()
    share = (mass - w[loss > q].sum()) / w[loss == q].sum()
    y = w * ((loss > q) + share * (loss == q)) * (x - m)
    return math.sqrt((y @ y) - y.sum() ** 2 / n) / mass


HEAD = "obligor_id,policy_id,country,sector,region,currency,exposure,covered_share,probability,tenor_months,loss_class\n"
MODEL = """copula: gaussian
sectors: [S1, S2, S3]
countries:
  - {code: USA, oecd_class: 0, transfer_probability: 0}
  - {code: BRA, oecd_class: 4, transfer_probability: 0.05}
loadings: {export: {global: 0.1, country: 0.05, sector: 0.05}}
transfer: {loading: 0.2, loss_mean: 0.3, loss_sd: 0.2}
loss_classes:
  - {name: all, mean: 1, sd: 0}
  - {name: beta, mean: 0.5, sd: 0.25}
"""
ANALYSIS = """title: credit
currency: CNY
valuation_date: 2025-12-31
trials: {trials}
seeds: {{events: 1, damage: 2, credit: {seed}, equity: 4, factors: {seed}}}
book:
  lines: lines.csv
  credit_policies: credit_policies.csv
  obligors: [obligors.csv]
{more}models: {{credit: credit.yaml}}
"""


class CreditFiles(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="crossmc-credit-"))
        self.write("lines.csv", "lob,segment,cross_line\nEXPORT,export_credit,credit\n")
        self.write("credit_policies.csv", "policy_id,LOB,basis,inception,expiry,aggregate_limit\n"
                   "P,EXPORT,revolving,2025-01-01,2026-12-31,\nQ,EXPORT,revolving,2025-01-01,2026-12-31,150000\n")
        self.write("credit.yaml", MODEL)

    def tearDown(self):
        for f in self.folder.iterdir():
            f.unlink()
        self.folder.rmdir()

    def write(self, name, text):
        (self.folder / name).write_text(text, encoding="utf-8")

    def run_book(self, name="r.h5", trials=20000, seed=3, more="", weighted=False):
        text = ANALYSIS.format(trials=trials, seed=seed, more=more)
        self.write("analysis.yaml", text + ("importance: {quantile: 0.995}\n" if weighted else ""))
        out = self.folder / name
        done = subprocess.run([CROSSMC, "run", str(self.folder / "analysis.yaml"), "-o", str(out), "--threads", "2", "--quiet"],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return h5py.File(out)

    def obligors(self, n):
        return ["B%d,%s,%s,S%d,r%d,CNY,%d,0.9,%.4f,12,%s\n" % (i, "PQ"[i % 2], ("USA", "BRA")[i % 3 == 0], 1 + i % 3, i % 2,
                                                                10000 + 997 * i, 0.01 + 0.002 * (i % 9), ("all", "beta")[i % 2])
                for i in range(n)]

    def test_contributions(self):
        rows = self.obligors(200)
        self.write("obligors.csv", HEAD + "".join(rows))
        with self.run_book() as f:
            loss, sha = f["ylt/credit_gross"][:], f.attrs["ylt_sha256"]
            for tail, p in enumerate((0.99, 0.995, 0.99, 0.995)):
                # Without reinsurance the total is the gross credit loss.
                q = np.sort(loss)[math.ceil(len(loss) * p - 1e-9) - 1]
                mass = len(loss) * (1 - p)
                want = (loss[loss > q].sum() + (mass - (loss > q).sum()) * q) / mass
                self.assertAlmostEqual(f["credit/tail_mean"][tail] / want, 1, 9)
                for group in ("country", "sector", "grade", "policy"):
                    self.assertAlmostEqual(f["credit"][group]["contribution"][:, tail].sum() / want, 1, 9)
            self.assertEqual(sum(f["credit/country/obligors"][:]), 200)
            self.assertEqual(len(f["credit/obligor/name"]), 50)
            top = f["credit/obligor/contribution"][:, 1]
            self.assertTrue((np.diff(top) <= 0).all())
            by_policy = dict(zip(f["credit/policy/name"].asstr()[:], f["credit/policy/contribution"][:, 1]))
            names = f["credit/obligor/name"].asstr()[:].tolist()
        self.assertLessEqual(by_policy["Q"], 150000)
        random.Random(5).shuffle(rows)
        self.write("obligors.csv", HEAD + "".join(rows))
        with self.run_book("again.h5") as f:
            self.assertEqual(f.attrs["ylt_sha256"], sha)
            self.assertEqual(f["credit/obligor/name"].asstr()[:].tolist(), names)
        report = subprocess.run([CROSSMC, "report", str(self.folder / "again.h5")], capture_output=True, text=True)
        self.assertIn("Credit: who makes the loss", report.stdout)

    def test_contributions_of_weighted_trials(self):
        self.write("obligors.csv", HEAD + "".join(self.obligors(200)))
        for model in (MODEL, MODEL.replace("probability: 0}", "probability: 0, ceiling: 3e5}")):
            self.write("credit.yaml", model)
            with self.run_book(trials=20000, weighted=True) as f:
                x, w = f["ylt/credit_gross"][:], f["ylt/weight"][:]
                self.assertGreater(w.max(), 1.5)
                order = np.argsort(-x, kind="stable")
                mass = len(x) * 0.005
                q = x[order[np.searchsorted(np.cumsum(w[order]), mass, side="right")]]
                mean = ((w * x)[x > q].sum() + (mass - w[x > q].sum()) * q) / mass
                # Weights count in steps of 2^-20.
                self.assertAlmostEqual(f["credit/tail_mean"][3] / mean, 1, 5)
                self.assertAlmostEqual(f["credit/sector/contribution"][:, 3].sum() / mean, 1, 5)
                # The error of the sum lies between the difference and the sum of the errors.
                one, both = f["credit/country/contribution_se"][:, 3], contribution_error(x, x, w, 0.995)
                self.assertLess(both, one.sum() * 1.001)
                self.assertGreater(both, np.ptp(one) * 0.999)

    def test_student_is_told(self):
        self.write("obligors.csv", HEAD + "".join(self.obligors(20)))
        self.write("credit.yaml", MODEL.replace("copula: gaussian", "copula: student\ndegrees_of_freedom: 4"))
        self.write("analysis.yaml", ANALYSIS.format(trials=1000, seed=1, more=""))
        done = subprocess.run([CROSSMC, "run", str(self.folder / "analysis.yaml"), "-o", str(self.folder / "r.h5"), "--quiet"],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("credit.yaml:2:21 (degrees_of_freedom)", done.stderr)
        self.assertIn("three times that under Gauss", done.stderr)

    def test_excess_per_buyer(self):
        self.write("obligors.csv", HEAD + "".join(self.obligors(60)))
        self.write("reins_info.csv", "ReinsNumber,ReinsType,ReinsPeril,ReinsInceptionDate,ReinsExpiryDate,InuringPriority,"
                   "ReinsCurrency,CededPercent,PlacedPercent,RiskLevel,RiskAttachment,RiskLimit\n"
                   "1,PR,AA1,2025-01-01,2026-12-31,1,CNY,0,0.8,ACC,20000,15000\n"
                   "2,QS,AA1,2025-01-01,2026-12-31,2,CNY,0.3,1,,,\n")
        self.write("reins_scope.csv", "ReinsNumber,PortNumber,AccNumber,LOB\n1,,,EXPORT\n2,,,EXPORT\n")
        more = "  reinsurance_info: reins_info.csv\n  reinsurance_scope: reins_scope.csv\n"
        with self.run_book(more=more) as f:
            gross, net, treaty = f["ylt/credit_gross"][:], f["ylt/credit_net"][:], f["ylt/treaty"][:]
            np.testing.assert_array_equal(gross - net, treaty.sum(0))
            self.assertTrue((treaty[0] > 0).any() and (treaty[0] <= gross).all())
            # The quota share takes 30 % of what the excess has left, rounded by segment.
            self.assertLess(np.abs(treaty[1] - 0.3 * (gross - treaty[0])).max(), 0.1)

    def test_portfolio_of_creditrisk_plus(self):
        folder = DATA / "portfolio"
        if not (folder / "csfp_portfolio.csv").exists():
            self.skipTest("the CreditRisk+ portfolio does not lie beside the checkout")
        with open(folder / "csfp_rating_pd.csv", encoding="utf-8") as f:
            pd = {r["RATING"]: float(r["PD"]) for r in csv.DictReader(f)}
        text = HEAD
        with open(folder / "csfp_portfolio.csv", encoding="utf-8") as f:
            for r in csv.DictReader(f):
                loss = float(r["exposure"]) * float(r["lgd"])
                v = math.ceil(loss / 1e4)
                sector = next(s for s in ("S1", "S2", "S3") if float(r[s]) > 0)
                text += "C%s,P,USA,%s,all,CNY,%d,1,%.17g,12,all\n" % (r["CPnumber"], sector, 10000 * v, pd[r["rating"]] * loss / (1e4 * v))
        self.write("obligors.csv", text)
        self.write("credit_policies.csv", "policy_id,LOB,basis,inception,expiry\nP,EXPORT,revolving,2025-01-01,2026-12-31\n")
        self.write("credit.yaml", "model: creditrisk_plus\ncreditrisk_plus: {sector_weight: 1, sector_variance: 0.5}\n" + MODEL)
        mean, sd, none = 3799788.72940, 3227000.86759, 0.0765098676580
        n = 100000
        for seed in range(1, 6):
            with self.run_book(trials=n, seed=100 + seed) as f:
                x = f["ylt/credit_gross"][:]
                # One country: its row is the whole tail, and the error that of the tail's mean, which has the quantile's.
                want = contribution_error(x, x, np.ones(n), 0.995)
                self.assertAlmostEqual(f["credit/country/contribution_se"][0, 3] / want, 1, 5)
                y = x[x > np.quantile(x, 0.995)]
                textbook = math.sqrt((y.var() + 0.995 * (y.mean() - y.min()) ** 2) / len(y))  # Manistre and Hancock
                self.assertAlmostEqual(want / textbook, 1, 1)
            self.assertLess(abs(x.mean() - mean), 4 * sd / math.sqrt(n))
            self.assertLess(abs((x == 0).mean() - none), 4 * math.sqrt(none * (1 - none) / n))
            y = (x - mean) ** 2
            self.assertLess(abs(y.mean() - sd * sd), 4 * y.std() / math.sqrt(n))
            for p, q in ((.5, 3.07e6), (.9, 8.18e6), (.95, 10.05e6), (.99, 14.05e6), (.995, 15.68e6), (.999, 19.34e6)):
                # q is the smallest loss with F(q) >= p.
                se = math.sqrt(p * (1 - p) / n)
                self.assertGreater((x <= q).mean(), p - 4 * se)
                self.assertLess((x < q).mean(), p + 4 * se)

    def test_calibration(self):
        if not (DATA / "credit" / "sovereign_macro_default_panel.csv").exists():
            self.skipTest("the credit data do not lie beside the checkout")
        script = [sys.executable, str(ROOT / "scenarios/calibrate/credit.py"), str(DATA / "credit")]
        done = subprocess.run(script, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout)
        # The matrix that it prints is the one that the example ships.
        example = (ROOT / "scenarios/demo/credit-options.yaml").read_text(encoding="utf-8")
        printed = done.stdout[done.stdout.index("migration:"):]
        self.assertIn(printed.strip(), example)
        # It can fail: a class that rises too little, a rating that differs.
        wrong = (ROOT / "scenarios/demo/credit.yaml").read_text(encoding="utf-8")
        for old, new in (("oecd_class: 7, transfer_probability: 0.03", "oecd_class: 7, transfer_probability: 0.09"), ("B: 0.0376", "B: 0.0367")):
            self.assertIn(old, wrong)
            self.write("wrong.yaml", wrong.replace(old, new))
            self.assertEqual(subprocess.run(script + [str(self.folder / "wrong.yaml")], capture_output=True).returncode, 1)


if __name__ == "__main__":
    unittest.main()
