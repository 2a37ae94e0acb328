"""Risk-reduction overlays and the comparison of two results files, through the program: what a measure changes it changes
by exactly the stated amount, on the same random numbers, and nothing else moves.

Run with the system Python: CROSSMC=build/crossmc /usr/bin/python3 -m unittest tests/test_overlay.py
"""

import csv
import io
import math
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import h5py
import numpy as np

CROSSMC = os.environ.get("CROSSMC", "build/crossmc")
SMALL = pathlib.Path(__file__).parent / "data" / "small"
TRIALS = 20000
GRID = 2.0**-6

ACCOUNTS = """PortNumber,AccNumber,PolNumber,AccCurrency,PolPerilsCovered,LOB,PolInceptionDate,PolExpiryDate
1,A1,P1,CNY,AA1,PROPERTY,2025-07-01,2026-06-30
1,A2,P2,CNY,AA1,PROPERTY,2025-07-01,2026-06-30
2,A1,V1,CNY,AA1,MOTOR,2025-01-01,2025-12-31
"""
LOCATION_HEADER = ("PortNumber,AccNumber,LocNumber,CountryCode,Latitude,Longitude,LocPerilsCovered,LocCurrency,BuildingTIV,"
                   "FlexiLocVulnerability,FlexiLocRegion\n")
LOCATIONS = LOCATION_HEADER + "".join(
    f"1,A{1 + i % 2},{i},CN,28.60,115.90,AA1,CNY,{500000 + 1000 * i},{'steel' if i % 2 else 'masonry'},Jiangxi\n"
    for i in range(400)) + "2,A1,1,CN,28.60,115.90,AA1,CNY,90000000,vehicle,Zhejiang\n"


def crossmc(*args):
    return subprocess.run([CROSSMC, *map(str, args)], capture_output=True, text=True, timeout=300)


class Overlay(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.temporary.name) / "book"
        shutil.copytree(SMALL, cls.folder)
        (cls.folder / "account.csv").write_text(ACCOUNTS)
        (cls.folder / "location.csv").write_text(LOCATIONS)
        text = (cls.folder / "analysis.yaml").read_text()
        for name in ("reinsurance_info", "reinsurance_scope", "credit_policies", "obligors", "instruments", "lots",
                     "corporate_actions", "credit", "equity"):
            text = "".join(line for line in text.splitlines(True) if not line.startswith(f"  {name}:"))
        text = text.replace("location.csv, location_aggregate.csv", "location.csv")
        (cls.folder / "analysis.yaml").write_text(text)
        cls.base = cls.run_with(None)

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    @classmethod
    def start(cls, measures, name="with"):
        out = cls.folder / f"{name}.h5"
        args = ["run", cls.folder / "analysis.yaml", "-o", out, "-q", "--trials", TRIALS]
        if measures is not None:
            path = cls.folder / "overlay.yaml"
            path.write_text("title: Programme\ncost: 1000\nmeasures:\n" + measures)
            args += ["--overlay", path]
        return out, crossmc(*args)

    @classmethod
    def run_with(cls, measures, name="with"):
        out, r = cls.start(measures, name if measures is not None else "base")
        assert r.returncode == 0, r.stderr
        with h5py.File(out) as f:
            segments = [s.decode() for s in f["segment"][:]]
            return {**dict(zip(segments, f["ylt/segment_gross"][:])), "path": out, "cat": f["ylt/cat_gross"][:],
                    "sha": f.attrs["ylt_sha256"], "plan": f.attrs["plan_sha256"],
                    "elt": dict(zip(f["elt/event_id"][:], f["elt/occurrences"][:]))}

    def names(self, *parts):
        found = [k for k in self.base if "/" in k and all(p in k for p in parts)]
        self.assertTrue(found, parts)
        return found

    def same_but(self, run, *changed):
        for k in self.names():
            if k not in changed:
                np.testing.assert_array_equal(run[k], self.base[k], k)

    def test_severity_scales_every_trial(self):
        run = self.run_with("  - {name: half, perils: [ORF], lines: [PROPERTY], severity: 0.5}\n")
        flood = self.names("cat/property", "flood")
        self.same_but(run, *flood)
        for k in flood:
            self.assertGreater(self.base[k].max(), 0)
            # rounded to the grid location by location
            self.assertLess(np.abs(run[k] - 0.5 * self.base[k]).max(), 400 * GRID * 20)
            self.assertGreater(np.abs(run[k] - self.base[k]).max(), 1000)

    def test_nothing_left_and_nothing_changed(self):
        run = self.run_with("  - {name: all, perils: [AA1], severity: 0}\n")
        self.assertEqual(run["cat"].max(), 0)
        same = self.run_with("  - {name: none, perils: [AA1], severity: 1}\n  - {name: same, frequency: 1}\n")
        self.assertEqual(same["sha"], self.base["sha"])

    def test_losses_beyond_the_grid_are_refused(self):
        # 9e7 × 1e6 is beyond 2^51 steps of 2^-6, within which kernels count losses in whole steps
        large = "  - {name: a, perils: [AA1], classes: [vehicle], severity: 1000}\n"
        _, r = self.start(large + large.replace("name: a", "name: b"), "large")
        self.assertEqual(r.returncode, 3, r.stderr)
        self.assertIn("loss_grid: 0.015625: a location may lose CNY 9e+13 in one event", r.stderr)
        # a year beyond 2^52 steps stops the run, not its measures
        _, r = self.start(large + large.replace("name: a", "name: b").replace("1000", "390"), "large")
        self.assertEqual(r.returncode, 1, r.stderr)
        self.assertIn("a year's losses left the exact range of the loss grid (2^52 steps of 0.015625 CNY)", r.stderr)

    def test_thinning(self):
        run = self.run_with("  - {name: fewer, perils: [OO1], frequency: 0.7}\n")
        flood = self.names("cat/property", "flood")
        self.same_but(run, *self.names("flood"))
        self.assertNotEqual(run["plan"], self.base["plan"])
        for k in flood:
            self.assertTrue((run[k] <= self.base[k]).all())
        # event 3 and 4 of the set are floods (peril 512): occurrences kept are binomial
        kept = {e: run["elt"][e] for e in run["elt"] if run["elt"][e] != self.base["elt"][e]}
        self.assertEqual(len(kept), 2)
        for e, n in kept.items():
            all_ = int(self.base["elt"][e])
            self.assertLess(abs(int(n) - 0.7 * all_), 4 * math.sqrt(all_ * 0.7 * 0.3))
        none = self.run_with("  - {name: none, perils: [ORF], frequency: 0}\n")
        self.assertEqual(none[flood[0]].max(), 0)

    def test_intensity_shift_moves_the_rows(self):
        run = self.run_with("  - {name: lower, perils: [WTC], classes: [steel], intensity_shift: -1}\n")
        table = self.folder / "vulnerability.csv"
        text = table.read_text()
        try:  # the same by hand: a second wind function whose rows are one bin lower, for steel
            table.write_text(text + "low,2,1,0.5\nlow,2,2,0.5\n")
            map_ = self.folder / "vulnerability_map.csv"
            kept = map_.read_text()
            map_.write_text(kept.replace("steel,WTC,0,wind", "steel,WTC,0,low"))
            hand = self.run_with(None)
        finally:
            table.write_text(text)
            map_.write_text(kept)
        wind = self.names("cat/property", "typhoon")
        self.same_but(run, *wind)
        for k in wind:
            np.testing.assert_array_equal(run[k], hand[k])
            self.assertLess(run[k].sum(), self.base[k].sum())
        self.run_with(None)

    def test_reach_is_nested_and_by_name(self):
        def reached(share):
            out, r = self.start(f"  - {{name: some, perils: [ORF], lines: [PROPERTY], reach: {share}, severity: 0.5}}\n")
            args = ["run", self.folder / "analysis.yaml", "-o", out, "--trials", 16, "--overlay", self.folder / "overlay.yaml"]
            line = [x for x in crossmc(*args).stderr.splitlines() if x.startswith("overlay:")][0]
            return int(line.split(":")[2].split()[0]), self.run_with(
                f"  - {{name: some, perils: [ORF], lines: [PROPERTY], reach: {share}, severity: 0.5}}\n")

        few, run_few = reached(0.3)
        many, run_many = reached(0.6)
        for n, share in ((few, 0.3), (many, 0.6)):
            self.assertLess(abs(n - 400 * share), 4 * math.sqrt(400 * share * (1 - share)))
        k = self.names("cat/property", "flood")[0]
        self.assertTrue((run_many[k] <= run_few[k]).all() and (run_few[k] <= self.base[k]).all())
        rows = LOCATIONS.splitlines(True)
        (self.folder / "location.csv").write_text("".join([rows[0]] + rows[:0:-1]))
        try:
            permuted = self.run_with("  - {name: some, perils: [ORF], lines: [PROPERTY], reach: 0.6, severity: 0.5}\n")
        finally:
            (self.folder / "location.csv").write_text(LOCATIONS)
        self.assertEqual(permuted["sha"], run_many["sha"])

    def test_attritional_frequency_and_severity(self):
        line = self.names("attritional/motor/Zhejiang")
        severity = self.run_with("  - {name: cheaper, lines: [MOTOR], regions: [Zhejiang], severity: 0.5}\n")
        self.same_but(severity, *line)
        # gamma claims of mean 8,000, cv 0.5, 500 deductible, 100,000 limit: without the deductible's help, half
        self.assertLess(severity[line[0]].mean(), 0.5 * self.base[line[0]].mean())
        frequency = self.run_with("  - {name: fewer, lines: [MOTOR], regions: [Zhejiang], frequency: 0.5}\n")
        self.same_but(frequency, *line)
        gone = self.base[line[0]] - frequency[line[0]]
        se = gone.std() / math.sqrt(TRIALS)
        self.assertLess(abs(gone.mean() - 0.5 * 100 * self.mean_claim(8000)), 4 * se)
        # the same years: the difference errs less than two independent runs would
        self.assertLess(gone.std() ** 2, 0.75 * (self.base[line[0]].var() + frequency[line[0]].var()))

    @staticmethod
    def mean_claim(mean, cv=0.5, deductible=500, limit=100000):
        """E min(max(X - d, 0), l) of a gamma law by the trapezoidal rule on its distribution function."""
        shape, scale = 1 / cv**2, mean * cv**2
        x = np.linspace(0, 30 * mean, 2000001)
        density = x ** (shape - 1) * np.exp(-x / scale) / (math.gamma(shape) * scale**shape)
        y = np.minimum(np.maximum(x - deductible, 0), limit) * density
        return float(((y[1:] + y[:-1]) / 2).sum() * (x[1] - x[0]))

    def test_bad_input_names_its_place(self):
        cases = [
            ("  - {name: a, perils: [XYZ], severity: 0.5}\n", ":4:", "OED peril"),
            ("  - {name: a, perils: [ORF], lines: [SHIPS], severity: 0.5}\n", ":4:", "line of business"),
            ("  - {name: a, perils: [ORF], regions: [Mars], severity: 0.5}\n", ":4:", "region"),
            ("  - {name: a, perils: [ORF], classes: [straw], severity: 0.5}\n", ":4:", "vulnerability class"),
            ("  - {name: a, perils: [ORF], frequency: 1.5}\n", ":4:", "[0, 1]"),
            ("  - {name: a, perils: [ORF], severity: -1}\n", ":4:", "[0, 1000]"),
            ("  - {name: a, perils: [ORF], reach: 0, severity: 0.5}\n", ":4:", "(0, 1]"),
            ("  - {name: a, perils: [ORF], lines: [MOTOR], frequency: 0.5}\n", ":4:", "no lines"),
            ("  - {name: a, reach: 0.5, severity: 0.5}\n", ":4:", "perils beside"),
            ("  - {name: a, perils: [ORF]}\n", ":4:", "at least one of"),
            ("  - {name: a, perils: [XCY], severity: 0.5}\n", ":4:", "a location of this analysis meets"),
            ("  - {name: a, lines: [RICE], severity: 0.5}\n", ":4:", "an attritional line of this analysis meets"),
            ("  - {name: a, harm: 0.5}\n", ":4:", "harm"),
        ]
        for text, *expected in cases:
            out, r = self.start(text, "bad")
            self.assertEqual(r.returncode, 3, text + r.stderr)
            for e in expected:
                self.assertIn(e, r.stderr, text)
            self.assertFalse(out.exists())

    def test_compare(self):
        with_ = self.run_with("  - {name: half, perils: [ORF], severity: 0.5}\n")
        self.run_with(None)
        r = crossmc("compare", self.base["path"], with_["path"], "--format", "csv")
        self.assertEqual(r.returncode, 0, r.stderr)
        rows = {(x["row"], x["quantity"]): x for x in csv.DictReader(io.StringIO(r.stdout))}
        a, b = self.base["cat"], with_["cat"]
        mean = rows["cat_gross", "mean"]
        self.assertAlmostEqual(float(mean["change"]), (b - a).mean(), 2)
        self.assertAlmostEqual(float(mean["change_se"]), (b - a).std(ddof=1) / math.sqrt(TRIALS), 2)
        q = [np.sort(x)[math.ceil(0.995 * TRIALS) - 1] for x in (a, b)]
        self.assertEqual(float(rows["cat_gross", "VaR"]["change"]), q[1] - q[0])
        self.assertEqual(float(rows["attritional_gross", "TVaR"]["change"]), 0)
        self.assertEqual(float(rows["attritional_gross", "TVaR"]["change_se"]), 0)
        self.assertEqual(float(rows["programme", "cost"]["b"]), 1000)
        text = crossmc("compare", self.base["path"], with_["path"]).stdout
        for part in ("same seeds", "Programme", "mean loss saved, net", "cost of the programme", "no trial differs"):
            self.assertIn(part, text)
        same = crossmc("compare", self.base["path"], self.base["path"]).stdout
        self.assertIn("No segment differs in any trial", same)

    def test_compare_refuses(self):
        out = self.folder / "short.h5"
        crossmc("run", self.folder / "analysis.yaml", "-o", out, "-q", "--trials", 100)
        r = crossmc("compare", self.base["path"], out)
        self.assertEqual(r.returncode, 3)
        self.assertIn("expected the same number", r.stderr)
        self.assertEqual(crossmc("compare", self.base["path"], self.folder / "none.h5").returncode, 3)
        self.assertEqual(crossmc("compare", self.base["path"]).returncode, 2)
        self.assertEqual(crossmc("compare", "--level", "1", "a", "b").returncode, 2)
        other = self.folder / "seed.h5"
        crossmc("run", self.folder / "analysis.yaml", "-o", other, "-q", "--trials", TRIALS, "--seed", "events=99")
        self.assertIn("different seeds", crossmc("compare", self.base["path"], other).stdout)


if __name__ == "__main__":
    unittest.main()
