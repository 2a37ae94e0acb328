"""Average annual loss by location, through the program, against the same expectation taken literally from the input files.

Run with the system Python: CROSSMC=build/crossmc /usr/bin/python3 -m unittest tests/test_locations.py
"""

import csv
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
GROUP_OF = {"QEQ": "earthquake", "WTC": "typhoon", "WSS": "typhoon", "ORF": "flood", "OSF": "flood", "XCY": "crop"}
BITS = {1 << 0: "QEQ", 1 << 6: "WTC", 1 << 8: "WSS", 1 << 9: "ORF", 1 << 10: "OSF", 1 << 40: "XCY"}
# OED's groups, of the perils that the event set has
HELD = {"AA1": set(GROUP_OF) - {"XCY"}, "WW1": {"WTC", "WSS"}, "WW2": {"WTC"}, "OO1": {"ORF", "OSF"}, "QQ1": {"QEQ"}}
COVERS = ("BuildingTIV", "OtherTIV", "ContentsTIV", "BITIV")


def rows(folder, *names):
    for name in names:
        with open(folder / name, newline="", encoding="utf-8") as f:
            yield from csv.DictReader(f)


def perils(text):
    found = set()
    for code in text.split(";"):
        found |= HELD.get(code, {code})
    return found


def literally(folder):
    """{(account, location): {group: mean}} from the files, one event and location after the other."""
    middle = {r["bin"]: (float(r["from"]) + float(r["to"])) / 2 for r in rows(folder, "damage_bins.csv")}
    rate_of = {r["currency"]: float(r["cny_per_unit"]) for r in rows(folder, "rates.csv")}
    damage, whole = {}, {}
    for r in rows(folder, "vulnerability.csv"):
        key = r["function"], int(r["intensity_bin"])
        whole[key] = whole.get(key, 0) + float(r["probability"])
        damage[key] = damage.get(key, 0) + float(r["probability"]) * middle[r["damage_bin"]]
    function = {(r["class"], r["peril"], int(r["coverage"])): r["function"] for r in rows(folder, "vulnerability_map.csv")}
    policies = {}
    for r in rows(folder, "account.csv"):
        if r["PolInceptionDate"] <= "2025-12-31" <= r["PolExpiryDate"]:
            policies.setdefault((r["PortNumber"], r["AccNumber"]), set()).update(perils(r["PolPerilsCovered"]))
    with h5py.File(folder / "events.h5") as f:
        cell_id = f["cells/cell_id"][:]
        offset, cell, bins = (f["footprint"][k][:] for k in ("offset", "cell", "bin"))
        events = [(BITS[int(p)], float(r)) for p, r in zip(f["events/peril"][:], f["events/rate"][:])]
    found = {}
    for r in rows(folder, "location.csv", "location_aggregate.csv"):
        account = r["PortNumber"], r["AccNumber"]
        number = math.floor((float(r["Latitude"]) + 90) * 4) * 1440 + math.floor((float(r["Longitude"]) + 180) * 4)
        mean = dict.fromkeys(("earthquake", "typhoon", "flood", "crop", "other"), 0.0)
        held = perils(r["LocPerilsCovered"]) & policies.get(account, set())
        for e, (peril, rate) in enumerate(events):
            for at in range(offset[e], offset[e + 1]):
                if cell_id[cell[at]] != number or peril not in held:
                    continue
                for k, cover in enumerate(COVERS, 1):
                    name = r["FlexiLocVulnerability"]
                    f = function.get((name, peril, k), function.get((name, peril, 0)))
                    tiv = float(r.get(cover) or 0) * rate_of[r["LocCurrency"]]
                    if f is not None:
                        mean[GROUP_OF[peril]] += rate * tiv * damage.get((f, int(bins[at])), 0) / whole.get((f, int(bins[at])), 1)
        if account in policies:
            found[account + (r["LocNumber"],)] = mean
    return found


class Locations(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.temporary.name) / "book"
        shutil.copytree(SMALL, cls.folder)
        cls.text = (cls.folder / "analysis.yaml").read_text()

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def run_it(self, name, keys):
        (self.folder / "analysis.yaml").write_text(keys + self.text)
        out = self.folder / name
        r = subprocess.run([CROSSMC, "run", self.folder / "analysis.yaml", "-o", out, "-q", "--trials", "16384"],
                           capture_output=True, text=True, timeout=300)
        self.assertEqual(r.returncode, 0, r.stderr)
        return h5py.File(out)

    def test_expectations(self):
        expected = literally(self.folder)
        with self.run_it("with.h5", "location_means: true\n") as f, self.run_it("without.h5", "") as g:
            self.assertNotIn("locations", g)
            self.assertEqual(f.attrs["ylt_sha256"], g.attrs["ylt_sha256"])
            x = f["locations"]
            groups = [s.decode() for s in x["group"][:]]
            keys = [tuple(x[k][i].decode() for k in ("portfolio", "account", "location"))
                    for i in range(x["location"].shape[0])]
            self.assertEqual(sorted(keys), sorted(expected))
            for i, key in enumerate(keys):
                for k, group in enumerate(groups):
                    self.assertAlmostEqual(x["ground_up_mean"][k, i], expected[key][group], delta=1e-9 * x["sum_insured"][i])
            met = {g for g, sum in zip(groups, x["ground_up_mean"][:].sum(axis=1)) if sum > 0}
            self.assertEqual(met, {"typhoon", "flood", "crop"})
            self.assertGreater(x["sum_insured"][0], 0)
            # a loss after terms is no larger than one before
            self.assertGreater(x["ground_up_mean"][:].sum(), f["ylt/cat_gross"][:].mean())


if __name__ == "__main__":
    unittest.main()
