"""Hazard models from elsewhere through the program: the import, its known answer, and bad input. CROSSMC names the program."""
import math
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

import h5py
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import oasis_reference  # noqa: E402

CROSSMC = os.path.abspath(os.environ["CROSSMC"])
DATA = pathlib.Path(__file__).parent / "data" / "oasis"
PIWIND = pathlib.Path(__file__).parent.parent / ".." / "shared" / "data" / "portfolio" / "piwind"


def crossmc(*arguments, cwd=None):
    return subprocess.run([CROSSMC, *map(str, arguments)], cwd=cwd, capture_output=True, text=True)


class Tiny(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        shutil.copytree(DATA / "model", self.folder / "model")
        shutil.copytree(DATA / "book", self.folder / "book")

    def load(self, *options, model="model", output="events.h5"):
        done = crossmc("hazard", "import-oasis", self.folder / model, "--exposure", self.folder / "book/location.csv", "-o",
                       self.folder / "book" / output, "--title", "tiny", *options)
        return done

    def run_analysis(self, *options, change=None, name="analysis.yaml"):
        """Runs the analysis, its text changed by pairs; the results file and the hash."""
        text = (self.folder / "book" / "analysis.yaml").read_text()
        for old, new in change or []:
            self.assertIn(old, text)
            text = text.replace(old, new)
        (self.folder / "book" / name).write_text(text)
        done = crossmc("run", name, "-o", "out.h5", "--quiet", *options, cwd=self.folder / "book")
        self.assertEqual(done.returncode, 0, done.stderr)
        hashes = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("ylt_sha256")]
        return h5py.File(self.folder / "book/out.h5"), hashes[0], done

    def edit(self, file, old, new):
        path = self.folder / file
        text = path.read_text()
        self.assertIn(old, text)
        path.write_text(text.replace(old, new, 1))

    def refuse(self, *expected, options=()):
        done = self.load(*options)
        self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
        for text in expected:
            self.assertIn(text, done.stderr)
        return done.stderr


class KnownAnswer(Tiny):
    def exact(self):
        model = oasis_reference.Model(self.folder / "model")
        return model.losses(oasis_reference.rows(self.folder / "book/location.csv"))

    def test_mean_losses_equal_the_enumeration(self):
        self.assertEqual(self.load().returncode, 0)
        exact = self.exact()
        out, _, _ = self.run_analysis(change=[("trials: 40000", "trials: 40000\nmean_damage: true\nloss_grid: 0.0000019073486328125")])
        ids, mean = out["elt/event_id"][:], out["elt/mean_loss"][:]
        self.assertEqual(len(ids), 9)
        for event, loss in zip(ids, mean):
            want = exact.get(event, (0,))[0]
            self.assertAlmostEqual(loss, want, delta=1e-9 * want + 1e-4)
        self.assertGreater(sum(v[0] > 0 for v in exact.values()), 5)

    def test_sampled_losses_within_four_standard_errors(self):
        self.assertEqual(self.load().returncode, 0)
        exact = self.exact()
        for seed in (2, 3, 4):
            out, _, _ = self.run_analysis("--seed", "damage=%d" % seed)
            e = out["elt"]
            for event, n, mean, sd in zip(e["event_id"], e["occurrences"], e["mean_loss"], e["sd_loss"]):
                want, variance, _ = exact.get(event, (0, 0, 0))
                if variance == 0:
                    self.assertEqual(mean, want)
                    continue
                error = math.sqrt(variance / n)
                self.assertLess(abs(mean - want), 4 * error, "event %d" % event)
                self.assertLess(abs(sd - math.sqrt(variance)), 0.05 * math.sqrt(variance))

    def test_same_bits_for_any_order_threads_and_kernels(self):
        self.load()
        _, want, _ = self.run_analysis("--threads", "1", "--isa", "scalar")
        _, got, _ = self.run_analysis("--threads", "2")
        self.assertEqual(got, want)
        path = self.folder / "book/location.csv"
        lines = path.read_text().splitlines()
        path.write_text("\n".join([lines[0]] + lines[:0:-1]) + "\n")
        self.assertEqual(self.run_analysis()[1], want)  # another order of the book
        self.assertEqual(self.load().returncode, 0)
        self.assertEqual(self.run_analysis()[1], want)  # and of the import


class Formats(Tiny):
    def test_binary_twin_gives_the_same_file(self):
        self.load()
        first = (self.folder / "book/events.h5").read_bytes()
        source, target = self.folder / "model", self.folder / "binary"
        target.mkdir()

        def table(name):
            return oasis_reference.rows(source / (name + ".csv"))

        def write(name, header, form, records):
            with open(target / name, "wb") as f:
                f.write(header)
                for r in records:
                    f.write(struct.pack("<" + form, *r))

        write("damage_bin_dict.bin", b"", "ifffi", [(int(r["bin_index"]), float(r["bin_from"]), float(r["bin_to"]),
                                                     float(r["interpolation"]), 0) for r in table("damage_bin_dict")])
        write("vulnerability.bin", struct.pack("<i", 5), "iiif",
              [(int(r["vulnerability_id"]), int(r["intensity_bin_id"]), int(r["damage_bin_id"]), float(r["probability"]))
               for r in table("vulnerability")])
        write("events.bin", b"", "i", [(int(r["event_id"]),) for r in table("events")])

        def date_number(y, m, d):
            m = (m + 9) % 12
            y -= m // 10
            return 365 * y + y // 4 - y // 100 + y // 400 + (m * 306 + 5) // 10 + (d - 1)

        write("occurrence.bin", struct.pack("<ii", 1, 40), "iii",
              [(int(r["event_id"]), int(r["period_no"]), date_number(int(r["occ_year"]), int(r["occ_month"]), int(r["occ_day"])))
               for r in table("occurrence")])
        with open(target / "footprint.bin", "wb") as f, open(target / "footprint.idx", "wb") as index:
            f.write(struct.pack("<ii", 5, 1))
            by_event = {}
            for r in table("footprint"):
                by_event.setdefault(int(r["event_id"]), []).append(r)
            for event, entries in by_event.items():
                index.write(struct.pack("<iqq", event, f.tell(), 12 * len(entries)))
                for r in entries:
                    f.write(struct.pack("<iif", int(r["areaperil_id"]), int(r["intensity_bin_id"]), float(r["probability"])))
        for name in ("areaperil_dict.csv", "vulnerability_dict.csv", "intensity_bin_dict.csv"):
            shutil.copy(source / name, target / name)
        done = self.load(model="binary")
        self.assertEqual(done.returncode, 0, done.stderr)
        with h5py.File(self.folder / "book/events.h5") as b, tempfile.NamedTemporaryFile(suffix=".h5") as f:
            f.write(first)
            f.flush()
            with h5py.File(f.name) as a:
                for name in ("years/offset", "years/event", "years/day", "events/event_id", "events/peril", "events/rate",
                             "footprint/area", "distributions/bin", "keys/area", "keys/function"):
                    np.testing.assert_array_equal(a[name][:], b[name][:], name)
                for name in ("distributions/probability", "vulnerability/probability", "damage_bins/from"):
                    np.testing.assert_allclose(a[name][:], b[name][:], atol=2e-7)

    def test_keys_file_equals_the_dictionaries(self):
        self.load()
        _, want, _ = self.run_analysis()
        model = oasis_reference.Model(self.folder / "model")
        with open(self.folder / "keys.csv", "w") as f:
            f.write("LocID,PerilID,CoverageTypeID,AreaPerilID,VulnerabilityID\n")
            for at, peril, coverage, _, area, function in model.items(oasis_reference.rows(self.folder / "book/location.csv")):
                f.write("%d,%s,%d,%d,%d\n" % (at + 1, peril, coverage, area, function))
        self.assertEqual(self.load("--keys", self.folder / "keys.csv").returncode, 0)
        self.assertEqual(self.run_analysis()[1], want)

    def test_rates_instead_of_occurrences(self):
        (self.folder / "rates.csv").write_text("event_id,rate\n1,0.25\n4,0.5\n")
        (self.folder / "model/occurrence.csv").unlink()
        self.assertEqual(self.load("--rates", self.folder / "rates.csv").returncode, 0)
        with h5py.File(self.folder / "book/events.h5") as f:
            self.assertEqual(list(f["events/event_id"]), [1, 4])
            self.assertEqual(list(f["events/rate"]), [0.25, 0.5])
            self.assertNotIn("years", f)

    def test_says_what_is_not_modelled(self):
        done = self.load()
        self.assertIn("14 locations, 11 of them modelled", done.stdout)
        _, _, done = self.run_analysis()
        self.assertIn("at 3 locations, outside every area of the model", done.stderr)
        self.assertIn("without a vulnerability function for coverage and attributes", done.stderr)
        with open(self.folder / "book/location.csv", "a") as f:
            f.write("1,A1,LATER,CN,30.1,120.1,WW1,CNY,1000000,0,0,0,1050\n")
        _, _, done = self.run_analysis()
        self.assertIn("not in the exposure of the import", done.stderr)


class BadInput(Tiny):
    def test_footprint(self):
        self.edit("model/footprint.csv", "1,101,1,", "1,999,1,")
        self.edit("model/footprint.csv", "1,103,2,", "1,103,77,")
        self.edit("model/footprint.csv", "1,201,3,0.277092", "1,201,3,1.5")
        self.refuse("footprint.csv:2:", "'999': expected an areaperil of the areaperil dictionary", "footprint.csv:4:",
                    "'77': expected an intensity bin of intensity_bin_dict", "footprint.csv:6:", "'1.5'")

    def test_sums(self):
        self.edit("model/footprint.csv", "1,103,2,0.268922", "1,103,2,0.3")
        self.refuse("footprint.csv:4:", "expected probabilities with the sum 1 (within 1e-5)")
        self.edit("model/vulnerability.csv", "11,2,1,0.", "11,2,1,0.1")
        self.refuse("vulnerability.csv:2:", "expected probabilities with the sum 1 (within 1e-5)")

    def test_vulnerability(self):
        self.edit("model/vulnerability.csv", "11,2,1,", "11,2,9,")
        self.refuse("vulnerability.csv:2:", "'9'")
        shutil.copy(DATA / "model/vulnerability.csv", self.folder / "model/vulnerability.csv")
        self.edit("model/vulnerability_dict.csv", "WTC,1,1050,11", "WTC,1,1050,77")
        self.edit("model/vulnerability_dict.csv", "ORF,2,1050,21", "QQQ,2,1050,21")
        self.refuse("'77': expected a vulnerability_id of the vulnerability file", "'QQQ': expected one OED peril code")

    def test_damage_bins(self):
        self.edit("model/damage_bin_dict.csv", "3,0.1,0.4,0.25", "4,0.1,0.4,0.25")
        self.refuse("damage_bin_dict.csv:4:", "'4': expected 3, the next in 1, 2, …")

    def test_areas_and_exposure(self):
        self.edit("model/areaperil_dict.csv", "WTC,1,120,30,120,30.5", "WTC,1,120,30,120.1,30.5")
        self.refuse("areaperil_dict.csv:2:", "the four corners of a box")
        shutil.copy(DATA / "model/areaperil_dict.csv", self.folder / "model/areaperil_dict.csv")
        self.edit("book/location.csv", "WW1;OO1", "WW1;OOX")
        self.refuse("location.csv:2:", "OED peril codes")

    def test_occurrence(self):
        self.refuse("expected a period up to 10, their number", options=("--periods", "10"))
        (self.folder / "model/occurrence.csv").unlink()
        self.refuse("expected a file occurrence.csv or .bin, or --rates")

    def test_keys(self):
        (self.folder / "keys.csv").write_text("LocID,PerilID,CoverageTypeID,AreaPerilID,VulnerabilityID\n99,WTC,1,101,11\n"
                                              "1,WTC,7,101,11\n1,WTC,1,101,12345\n")
        self.refuse("keys.csv:2:", "'99'", "keys.csv:3:", "'7'", "keys.csv:4:", "'12345'",
                    options=("--keys", self.folder / "keys.csv"))

    def test_event_set_with_other_vulnerability(self):
        self.load()
        (self.folder / "book/bins.csv").write_text("bin,from,to\n1,0,0\n")
        text = (self.folder / "book/analysis.yaml").read_text() + "  damage_bins: bins.csv\n"
        (self.folder / "book/analysis.yaml").write_text(text)
        done = crossmc("run", "analysis.yaml", cwd=self.folder / "book")
        self.assertEqual(done.returncode, 3)
        self.assertIn("brings its own vulnerability", done.stderr)

    def test_policies_of_different_perils(self):
        self.load()
        self.edit("book/account.csv", "1,A1,CNY,P1,WW1;OO1,2025-01-01,2026-12-31",
                  "1,A1,CNY,P1,WW1,2025-01-01,2026-12-31\n1,A1,CNY,P9,OO1,2025-01-01,2026-12-31")
        done = crossmc("run", "analysis.yaml", cwd=self.folder / "book")
        self.assertEqual(done.returncode, 3)
        self.assertIn("P9", done.stderr)

    def test_policies_of_some_perils(self):
        """Flood that comes with the wind is not covered by a wind policy."""
        self.load()
        for k in (1, 2, 3):
            self.edit("book/account.csv", "P%d,WW1;OO1" % k, "P%d,WW1" % k)
        out, _, _ = self.run_analysis(change=[("trials: 40000", "trials: 40000\nmean_damage: true")])
        locations = oasis_reference.rows(self.folder / "book/location.csv")
        for r in locations:
            r["LocPerilsCovered"] = "WTC"
        exact = oasis_reference.Model(self.folder / "model").losses(locations)
        for event, loss in zip(out["elt/event_id"], out["elt/mean_loss"]):
            self.assertAlmostEqual(loss, exact.get(event, (0,))[0], delta=1)


@unittest.skipUnless(PIWIND.is_dir(), "PiWind does not lie beside the checkout")
class PiWind(unittest.TestCase):
    def test_losses_by_event(self):
        folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, folder)
        exposure = PIWIND / "SourceLocOEDPiWind_full.csv"
        done = crossmc("hazard", "import-oasis", PIWIND, "--exposure", exposure, "-o", folder / "events.h5")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("12598 locations, 12597 of them modelled", done.stdout)
        exact = oasis_reference.Model(PIWIND).losses(oasis_reference.rows(exposure))
        self.assertEqual(len(exact), 460)
        (folder / "lines.csv").write_text("lob,segment,cross_line\nproperty,property,property\n")
        (folder / "rates.csv").write_text("currency,cny_per_unit,date\nGBP,1,2018-01-01\n")
        (folder / "account.csv").write_text("PortNumber,AccNumber,AccCurrency,PolNumber,PolPerilsCovered,PolInceptionDate,"
                                            "PolExpiryDate\n1,A11111,GBP,P1,WW1,2018-01-01,2018-12-31\n")
        for mean in (True, False):
            (folder / "analysis.yaml").write_text(
                "title: PiWind\nvaluation_date: 2018-06-01\ntrials: 30000\nmean_damage: %s\nbook:\n  lines: lines.csv\n"
                "  exchange_rates: rates.csv\n  locations: [%s]\n  accounts: [account.csv]\nmodels:\n  events: events.h5\n"
                % (str(mean).lower(), exposure.resolve()))
            done = crossmc("run", "analysis.yaml", "-o", "out.h5", "--quiet", cwd=folder)
            self.assertEqual(done.returncode, 0, done.stderr)
            with h5py.File(folder / "out.h5") as out:
                e = {k: out["elt"][k][:] for k in ("event_id", "occurrences", "mean_loss")}
            met = 0
            for event, n, loss in zip(e["event_id"], e["occurrences"], e["mean_loss"]):
                want, variance, _ = exact.get(event, (0, 0, 0))
                if n == 0:
                    continue
                met += want > 0
                if mean:  # items round to the grid of 2^-6
                    self.assertLess(abs(loss - want), 1e-6 * want + 1e-9, "event %d" % event)
                else:
                    self.assertLessEqual(abs(loss - want), 4 * math.sqrt(variance / n) + 1e-6 * want, "event %d" % event)
            self.assertGreater(met, 450)


if __name__ == "__main__":
    unittest.main()
