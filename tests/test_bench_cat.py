"""The catastrophe benchmarks at a small size: they check their own answers (exit code), and their rows have the promised
fields. Nothing here looks at a time.

Run with the system Python: CROSSMC=build/crossmc /usr/bin/python3 -m unittest tests/test_bench_cat.py
"""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest

CROSSMC = os.environ.get("CROSSMC", "build/crossmc")
FIELDS = {"name", "isa", "threads", "work", "unit", "seconds", "rate", "ns", "reference", "reference_rate", "ratio",
          "limit_rate", "checksum"}


class Bench(unittest.TestCase):
    def rows(self, name, trials, *args):
        with tempfile.TemporaryDirectory() as folder:
            out = pathlib.Path(folder) / "rows.json"
            r = subprocess.run([CROSSMC, "bench", name, "--trials", str(trials), "--json", out, *args],
                               capture_output=True, text=True, timeout=600)
            self.assertEqual(r.returncode, 0, r.stdout + r.stderr)
            rows = [x for x in json.loads(out.read_text()) if not x["name"].startswith("probe")]
        for x in rows:
            self.assertLessEqual(FIELDS, set(x), x["name"])
            self.assertAlmostEqual(x["rate"] * x["seconds"] / x["work"], 1, places=6)
            if x["reference"]:
                self.assertAlmostEqual(x["ratio"] * x["reference_rate"] / x["rate"], 1, places=6)
        return {x["name"]: x for x in rows}

    def test_ara15(self):
        two, one = self.rows("ara15", 600, "--threads", "2"), self.rows("ara15", 600, "--threads", "1", "--isa", "scalar")
        self.assertEqual(set(two), {"ara15", "ara15, paying occurrences alone", "ara15, every look-up"})
        for name in two:
            self.assertEqual(two[name]["work"], 600 * 1000)
            self.assertEqual(two[name]["checksum"], one[name]["checksum"], name)
        self.assertEqual(two["ara15"]["checksum"], two["ara15, every look-up"]["checksum"])
        self.assertNotEqual(two["ara15"]["checksum"], two["ara15, paying occurrences alone"]["checksum"])

    def test_ara15_su(self):
        two = self.rows("ara15-su", 600, "--threads", "2")["ara15-su"]
        one = self.rows("ara15-su", 600, "--threads", "1", "--isa", "scalar")["ara15-su"]
        self.assertEqual(two["checksum"], one["checksum"])

    def test_gul(self):
        rows = self.rows("gul", 256, "--threads", "2")
        self.assertEqual(rows["gul"]["checksum"], rows["gul, all threads"]["checksum"])
        self.assertEqual(rows["gul"]["checksum"], self.rows("gul", 256, "--isa", "scalar")["gul"]["checksum"])

    def test_linear(self):
        self.assertEqual(set(self.rows("linear", 512)), {"linear, trials", "linear, exposure hit"})


if __name__ == "__main__":
    unittest.main()
