"""The occurrences of the worst years and the curves without secondary uncertainty, through the program: they must add up
to the columns of the year loss table, and not depend on threads or blocks.

Run with the system Python: CROSSMC=build/crossmc /usr/bin/python3 -m unittest tests/test_tail_years.py
"""

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
TRIALS = 40000


class TailYears(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.temporary.name) / "book"
        shutil.copytree(SMALL, cls.folder)
        cls.analysis = cls.folder / "analysis.yaml"
        cls.text = cls.analysis.read_text()
        cls.plain = cls.run_it("plain")
        cls.both = cls.run_it("both", "without_uncertainty: true\n")

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    @classmethod
    def start(cls, name, keys="", *args):
        cls.analysis.write_text(keys + cls.text)
        out = cls.folder / f"{name}.h5"
        return out, subprocess.run([CROSSMC, "run", cls.analysis, "-o", out, "-q", "--trials", str(TRIALS), *args],
                                   capture_output=True, text=True, timeout=300)

    @classmethod
    def run_it(cls, name, keys="", *args):
        out, r = cls.start(name, keys, *args)
        assert r.returncode == 0, r.stderr
        return out

    def test_occurrences_add_up_to_the_years(self):
        with h5py.File(self.plain) as f:
            o = f["occurrences"]
            trial, event, day = (o[k][:].astype(int) for k in ("trial", "event_id", "day"))
            gross, net = o["gross"][:], o["net"][:]
            worst = np.sort(np.argsort(-f["ylt/total"][:], kind="stable")[: TRIALS // 200])
            self.assertEqual(o.attrs["years"][()], TRIALS // 200)
            self.assertTrue(set(trial) <= set(worst))
            # every year in the table that has a catastrophe loss, no other
            years = {t for t in worst if f["ylt/cat_gross"][t] > 0}
            self.assertEqual(set(trial), years)
            self.assertGreater(len(years), 10)
            for column, values, reduce in (("cat_gross", gross, np.add), ("cat_gross_max_occ", gross, np.maximum),
                                           ("cat_net_max_occ", net, np.maximum)):
                found = np.zeros(TRIALS)
                reduce.at(found, trial, values)
                np.testing.assert_array_equal(found[worst], f["ylt"][column][:][worst], column)
            self.assertTrue((np.diff(trial) >= 0).all())
            same = np.diff(trial) == 0
            self.assertTrue((np.diff(day)[same] >= 0).all())
            self.assertTrue((net <= gross).all() and (gross > 0).all())
            self.assertTrue(set(event) <= set(f["elt/event_id"][:]))
            by_event = dict(zip(f["elt/event_id"][:], f["elt/max_loss"][:]))
            self.assertTrue(all(g <= by_event[e] for g, e in zip(gross, event)))

    def test_threads_and_blocks(self):
        other = self.run_it("other", "", "--threads", "3", "--block", "32768")
        with h5py.File(self.plain) as f, h5py.File(other) as g:
            for k in f["occurrences"]:
                np.testing.assert_array_equal(f["occurrences"][k][:], g["occurrences"][k][:], k)

    def test_curves_without_uncertainty(self):
        mean = self.run_it("mean", "", "--seed", "damage=77")  # other damage draws, same occurrences
        text = self.text.replace("mean_damage: no", "mean_damage: yes")
        self.analysis.write_text(text)
        alone = self.folder / "alone.h5"
        subprocess.run([CROSSMC, "run", self.analysis, "-o", alone, "-q", "--trials", str(TRIALS)], check=True,
                       capture_output=True)
        with h5py.File(self.both) as f, h5py.File(self.plain) as p, h5py.File(alone) as a, h5py.File(mean) as m:
            # sampled columns as without the key, mean ones as a run with mean damage
            for k in p["ylt"]:
                np.testing.assert_array_equal(f["ylt"][k][:], p["ylt"][k][:], k)
            for k, of in (("mean_damage_gross", "cat_gross"), ("mean_damage_gross_max_occ", "cat_gross_max_occ"),
                          ("mean_damage_net_max_occ", "cat_net_max_occ")):
                np.testing.assert_array_equal(f["ylt"][k][:], a["ylt"][of][:], k)
                self.assertNotIn(k, p["ylt"])
            rows = [s.decode() for s in a["ep/risk"][:]]
            np.testing.assert_array_equal(f["ep_mean_damage/loss"][0], a["ep/loss"][rows.index("cat_gross")])
            np.testing.assert_array_equal(f["ep_mean_damage/loss"][1, :2], a["ep/loss"][rows.index("cat_net"), :2])
            self.assertTrue(np.isnan(f["ep_mean_damage/loss"][1, 2:]).all())
            self.assertFalse(np.array_equal(m["ylt/cat_gross"][:], p["ylt/cat_gross"][:]))
            self.assertFalse(np.array_equal(p["ylt/cat_gross"][:], a["ylt/cat_gross"][:]))
        report = subprocess.run([CROSSMC, "report", self.both], capture_output=True, text=True).stdout
        self.assertIn("Exceedance with mean damage ratios", report)
        csv = subprocess.run([CROSSMC, "report", self.both, "--format", "csv"], capture_output=True, text=True).stdout
        self.assertIn("ep_mean_damage", csv)

    def test_both_keys_are_refused(self):
        self.analysis.write_text("without_uncertainty: yes\n" + self.text.replace("mean_damage: no", "mean_damage: yes"))
        r = subprocess.run([CROSSMC, "run", self.analysis, "-o", self.folder / "bad.h5"], capture_output=True, text=True)
        self.assertEqual(r.returncode, 3)
        self.assertIn(":1:", r.stderr)
        self.assertIn("without_uncertainty", r.stderr)


if __name__ == "__main__":
    unittest.main()
