"""Oasis LMF's acceptance pack of reinsurance (BSD licence), run as a user would: one event that destroys everything, its 58
treaties together. Gross and net of every location and the recovery of every treaty against the pack's expected losses, to
0.1 %. Skipped where the pack does not lie beside the checkout. And the messages on wrong scopes and shares.

usage: test_reinsurance.py PROGRAM
"""
import csv
import os
import subprocess
import sys
import tempfile
import unittest

import h5py
import numpy as np

PROGRAM = ""
HERE = os.path.dirname(os.path.abspath(__file__))
PACK = os.path.join(HERE, "..", "..", "shared", "data", "portfolio", "oasis_fm", "reinsurance1")
WTC = 1 << 6


def rows(path):
    with open(path, newline="") as f:
        return list(csv.DictReader(f))


def write(folder, name, columns, data):
    with open(os.path.join(folder, name), "w", newline="") as f:
        w = csv.writer(f)
        w.writerow(columns)
        w.writerows(data)


def cell_of(latitude, longitude):
    lat, lon = np.float32(latitude), np.float32(longitude)
    return int(np.floor((float(lat) + 90) / 0.25)) * 1440 + int(np.floor((float(lon) + 180) / 0.25))


def write_models(folder, cells):
    """One tropical cyclone that destroys everything in the cells."""
    cells = sorted(set(cells))
    with h5py.File(os.path.join(folder, "events.h5"), "w") as f:
        f.attrs["schema_version"] = np.uint32(1)
        f.attrs["cell_size"] = 0.25
        f.attrs["title"] = np.bytes_("one event")
        f["events/event_id"] = np.array([1], "<u4")
        f["events/peril"] = np.array([WTC], "<u8")
        f["events/rate"] = np.array([1.0])
        f["events/day_first"] = np.array([200], "<u2")
        f["events/day_last"] = np.array([200], "<u2")
        f["cells/cell_id"] = np.array(cells, "<u4")
        f["footprint/offset"] = np.array([0, len(cells)], "<u8")
        f["footprint/cell"] = np.arange(len(cells), dtype="<u4")
        f["footprint/bin"] = np.ones(len(cells), "<u2")
    write(folder, "damage_bins.csv", ["bin", "from", "to"], [[1, 0, 0], [2, 0, 1], [3, 1, 1]])
    write(folder, "vulnerability.csv", ["function", "intensity_bin", "damage_bin", "probability"], [["total", 1, 3, 1]])
    write(folder, "vulnerability_map.csv", ["class", "peril", "coverage", "function"], [["any", "WTC", 0, "total"]])
    write(folder, "rates.csv", ["currency", "cny_per_unit", "date"], [["CAD", 1, "2025-12-31"]])


ANALYSIS = """title: Reinsurance
currency: CNY
valuation_date: 2025-12-31
trials: 1000
loss_grid: 0.015625
book:
  lines: lines.csv
  exchange_rates: rates.csv
  locations: [location.csv]
  accounts: [account.csv]
  reinsurance_info: ri_info.csv
  reinsurance_scope: ri_scope.csv
models: {events: events.h5, damage_bins: damage_bins.csv, vulnerability: vulnerability.csv, vulnerability_map: vulnerability_map.csv}
"""


def run(folder, analysis=ANALYSIS):
    with open(os.path.join(folder, "analysis.yaml"), "w") as f:
        f.write(analysis)
    out = os.path.join(folder, "out.h5")
    p = subprocess.run([PROGRAM, "run", os.path.join(folder, "analysis.yaml"), "-o", out, "--threads", "1", "--quiet"],
                       capture_output=True, text=True)
    return p, out


class Pack(unittest.TestCase):
    def convert(self, folder):
        """OED as it is, with the columns of our own: a line for each account, a region for each location."""
        accounts, locations = rows(PACK + "/account.csv"), rows(PACK + "/location.csv")
        info, scope = rows(PACK + "/ri_info.csv"), rows(PACK + "/ri_scope.csv")
        names = sorted({a["AccNumber"] for a in accounts})
        write(folder, "lines.csv", ["lob", "segment", "cross_line"], [[n, n.lower(), "property"] for n in names])
        for a in accounts:
            a.update(LOB=a["AccNumber"], PolInceptionDate="2025-01-01", PolExpiryDate="2025-12-31")
        for l in locations:
            l.update(FlexiLocVulnerability="any", FlexiLocRegion=l["LocNumber"])
        for t in info:
            t["Reinstatement"] = "unlimited" if t["ReinsType"] == "CXL" else ""
        for name, data in (("account", accounts), ("location", locations), ("ri_info", info), ("ri_scope", scope)):
            write(folder, name + ".csv", list(data[0]), [list(d.values()) for d in data])
        write_models(folder, [cell_of(l["Latitude"], l["Longitude"]) for l in locations])
        return info, scope

    def test_every_location_and_treaty(self):
        if not os.path.exists(PACK):
            self.skipTest("the pack does not lie beside the checkout")
        with tempfile.TemporaryDirectory() as folder:
            info, scope = self.convert(folder)
            p, out = run(folder)
            self.assertEqual(p.returncode, 0, p.stderr[-3000:])
            with h5py.File(out) as f:
                gross = f["ylt/cat_gross"][:]
                trial = int(np.flatnonzero(gross == gross[gross > 0].min())[0])  # one occurrence
                names = [n.decode() for n in f["segment"][:]]
                segment_gross = dict(zip(names, f["ylt/segment_gross"][:, trial]))
                segment_net = dict(zip(names, f["ylt/segment_net"][:, trial]))
                paid = dict(zip((n.decode().split()[0] for n in f["treaty_name"][:]), f["ylt/treaty"][:, trial]))
            ceded, cases = {}, 0
            for e in rows(PACK + "/expected/loc_summary.csv"):
                name = f"cat/{e['AccNumber'].lower()}/{e['LocNumber']}/typhoon"
                il, ri = float(e["loss_il"]), float(e["loss_ri"])
                self.assertLessEqual(abs(segment_gross[name] - il), 1e-3 * il, name)
                self.assertLessEqual(abs(segment_net[name] - ri), 1e-3 * ri, name)
                ceded[e["AccNumber"]] = ceded.get(e["AccNumber"], 0) + il - ri
                cases += 1
            for t in info:
                accounts = {s["AccNumber"] for s in scope if s["ReinsNumber"] == t["ReinsNumber"]}
                expected = sum(ceded[a] for a in accounts)
                self.assertLessEqual(abs(paid[t["ReinsNumber"]] - expected), 1e-3 * expected, t["ReinsName"])
            print(f"{cases} locations and {len(info)} treaties to 0.1 %", file=sys.stderr)


INFO = ("ReinsNumber,ReinsType,ReinsPeril,InuringPriority,ReinsCurrency,CededPercent,RiskLevel,RiskAttachment,RiskLimit,"
        "OccAttachment,OccLimit,Reinstatement,HoursClause,AggLimit,UseReinsDates\n")
SCOPE = "ReinsNumber,PortNumber,AccNumber,PolNumber,LocNumber,LocGroup,LOB,CountryCode,ReinsTag,CededPercent,CedantName\n"
GOOD_INFO = ["1,QS,AA1,1,CAD,0.2,,,,,,,,,", "2,PR,AA1,2,CAD,,LOC,100,500,,,,,,",
             "3,CXL,AA1,3,CAD,,,,,100,900,1,72,,", "4,SS,AA1,1,CAD,,POL,,1000,,,,,,"]
GOOD_SCOPE = ["1,,,,,,,,,,", "2,P,A1,,L1,,,,,,", "3,P,,,,,,,,,", "4,P,A2,P2,,,,,,0.4,"]


class Messages(unittest.TestCase):
    """Bad reinsurance: file, line, column, value and what was expected; many at once; exit code 3."""

    def folder(self, info=None, scope=None, more=""):
        keep = tempfile.TemporaryDirectory()
        self.addCleanup(keep.cleanup)
        folder = keep.name
        write(folder, "lines.csv", ["lob", "segment", "cross_line"], [["X", "x", "property"]])
        write(folder, "account.csv",
              ["PortNumber", "AccNumber", "PolNumber", "AccCurrency", "PolPerilsCovered", "LOB", "PolInceptionDate",
               "PolExpiryDate"],
              [["P", "A%d" % i, "P%d" % i, "CAD", "AA1", "X", "2025-01-01", "2025-12-31"] for i in (1, 2)])
        write(folder, "location.csv",
              ["PortNumber", "AccNumber", "LocNumber", "CountryCode", "Latitude", "Longitude", "LocPerilsCovered", "LocCurrency",
               "BuildingTIV", "FlexiLocVulnerability", "FlexiLocRegion", "LocGroup"],
              [["P", a, l, "CN", 30.1, 120.1, "AA1", "CAD", 1000, "any", "r", g]
               for a, l, g in (("A1", "L1", "G"), ("A1", "L2", ""), ("A2", "L3", "G"))])
        write_models(folder, [cell_of(30.1, 120.1)])
        for name, head, lines in (("ri_info.csv", INFO, info or GOOD_INFO), ("ri_scope.csv", SCOPE, scope or GOOD_SCOPE)):
            with open(os.path.join(folder, name), "w") as f:
                f.write(head + "\n".join(lines) + "\n")
        self.text = ANALYSIS.replace("  reinsurance_scope: ri_scope.csv\n", "  reinsurance_scope: ri_scope.csv\n" + more)
        return folder

    def says(self, wanted, **changes):
        p, _ = run(self.folder(**changes), self.text)
        self.assertEqual(p.returncode, 3, p.stderr)
        for w in wanted:
            self.assertIn(w, p.stderr)

    def with_info(self, row):
        return GOOD_INFO[:row[0]] + [row[1]] + GOOD_INFO[row[0] + 1:]

    def test_good(self):
        p, _ = run(self.folder(), self.text)
        self.assertEqual(p.returncode, 0, p.stderr)

    def test_many_at_once(self):
        self.says(["ri_scope.csv:2:3 (AccNumber): 'A9': expected an account (PortNumber, AccNumber) of the account file",
                   "ri_scope.csv:3:5 (LocNumber): 'L9': expected a LocNumber of the account in the location file",
                   "ri_scope.csv:4:4 (PolNumber): 'P9': expected a PolNumber of the account in the account file",
                   "ri_scope.csv:5:6 (LocGroup): 'H'", "ri_scope.csv:6:2 (PortNumber): 'Q'", "ri_scope.csv:7:8 (CountryCode): 'QQ'",
                   "ri_scope.csv:8:11 (CedantName): 'me'", "ri_scope.csv:9:1 (ReinsNumber): '7'",
                   "ri_scope.csv:10:10 (CededPercent): '0.5'", "ri_scope.csv:11:3 (AccNumber): ''"],
                  scope=["1,P,A9,,,,,,,,", "1,P,A1,,L9,,,,,,", "1,P,A1,P9,,,,,,,", "1,,,,,H,,,,,", "1,Q,,,,,,,,,",
                         "1,,,,,,,QQ,,,", "1,,,,,,,,,,me", "7,,,,,,,,,,", "1,,,,,,,,,0.5,", "1,,,,L1,,,,,,"])

    def test_terms(self):
        for row, wanted in (((0, "1,QS,AA1,1,CAD,0.2,,,100,,,,,,"), "ri_info.csv:2:7 (RiskLevel): ''"),
                            ((1, "2,PR,AA1,2,CAD,,LOC,100,,,,,,,"), "ri_info.csv:3:9 (RiskLimit): ''"),
                            ((1, "2,PR,AA1,2,CAD,,SEL,100,500,,,,,,"), "ri_info.csv:3:7 (RiskLevel): 'SEL'"),
                            ((1, "2,FAC,AA1,2,CAD,,LOC,100,500,,7,,,,"), "ri_info.csv:3:11 (OccLimit): '7'"),
                            ((1, "2,PR,AA1,2,CAD,,LOC,100,500,,,,24,,"), "ri_info.csv:3:13 (HoursClause): '24'"),
                            ((2, "3,AXL,AA1,3,CAD,,,,,100,900,,72,,"), "ri_info.csv:4:14 (AggLimit): ''"),
                            ((2, "3,CXL,AA1,3,CAD,,,,,100,900,1,72,,Y"), "(ReinsInceptionDate): ''"),
                            ((2, "1,CXL,AA1,3,CAD,,,,,100,900,1,72,,"), "ri_info.csv:4:1 (ReinsNumber): '1'")):
            self.says([wanted], info=self.with_info(row))

    def test_orders_that_cannot_be_computed(self):
        self.says(["ri_info.csv:3 (InuringPriority): '4'", "treaty 3 (CXL)", "treaty 2 (PR)", "acts on single risks"],
                  info=self.with_info((1, "2,PR,AA1,4,CAD,,LOC,100,500,,,,,,")))

    def test_groups_of_two_accounts(self):
        self.says(["ri_info.csv:3 (RiskLevel): 'LGR'", "lines 2 and 4 of the location file"],
                  info=self.with_info((1, "2,PR,AA1,2,CAD,,LGR,100,500,,,,,,")),
                  scope=["2,,,,,,,,,,"])

    def test_surplus_without_share(self):
        self.says(["ri_scope.csv:2:10 (CededPercent): ''"], scope=["4,P,A2,P2,,,,,,,"])

    def test_two_shares(self):
        self.says(["ri_scope.csv:4", "CededPercent"], scope=["1,,,,,,,,,,", "4,P,A2,,,,,,,0.4,", "4,P,A2,,,,,,,0.5,"])

    def test_reinsurers(self):
        more = "  reinsurers: r.csv\n  reinsurer_shares: s.csv\n"
        folder = self.folder(more=more)
        head = "reinsurer,probability,loss_given_default,correlation\n"
        for r, s, wanted in (("A,0.01,0.5,0.2\nA,0.01,0.5,0.2\nB,1,0.5,0.2\nC,0.1,0,1\n", "1,A,1\n",
                              ["r.csv:3:1 (reinsurer): 'A': expected each reinsurer once", "r.csv:4:2 (probability): '1'",
                               "r.csv:5:3 (loss_given_default): '0'", "r.csv:5:4 (correlation): '1'"]),
                             ("A,0.01,0.5,0.2\n", "1,A,0.5\n2,A,1\n3,A,1\n4,A,1\n",
                              ["ri_info.csv:2 (ReinsNumber): '1'", "sum to 1", "not to 0.5"]),
                             ("A,0.01,0.5,0.2\n", "1,Z,1\n9,A,1\n",
                              ["s.csv:2:2 (reinsurer): 'Z'", "s.csv:3:1 (ReinsNumber): '9'"])):
            for name, text in (("r.csv", head + r), ("s.csv", "ReinsNumber,reinsurer,signed_share\n" + s)):
                with open(os.path.join(folder, name), "w") as f:
                    f.write(text)
            p, _ = run(folder, self.text)
            self.assertEqual(p.returncode, 3, p.stderr)
            for w in wanted:
                self.assertIn(w, p.stderr)

    def test_default_of_reinsurers(self):
        """net before and after default: the total is the sum of the risks, and off leaves all else as it is."""
        more = "  reinsurers: r.csv\n  reinsurer_shares: s.csv\n"
        folder = self.folder(more=more)
        with open(os.path.join(folder, "r.csv"), "w") as f:
            f.write("reinsurer,probability,loss_given_default,correlation\nA,0.2,0.5,0.3\nB,0.1,1,0.3\n")
        with open(os.path.join(folder, "s.csv"), "w") as f:
            f.write("ReinsNumber,reinsurer,signed_share\n" + "".join(f"{k},A,0.25\n{k},B,0.75\n" for k in (1, 2, 3, 4)))
        p, out = run(folder, self.text)
        self.assertEqual(p.returncode, 0, p.stderr)
        with h5py.File(out) as f:
            failed, total, net = (f["ylt/" + n][:] for n in ("reinsurers_default", "total", "cat_net"))
            recovered = f["ylt/treaty"][:].sum(axis=0)
            self.assertTrue(np.array_equal(total, net + failed))
            self.assertTrue((failed > 0).any() and (failed <= recovered).all())
            self.assertTrue(np.array_equal(f["ylt/segment_net"][:].sum(axis=0), total))
            rows_ = [n.decode() for n in f["measures/risk"][:]]
            self.assertIn("total_paid", rows_)
        p, out = run(folder, self.text.replace(more, ""))
        with h5py.File(out) as f:
            self.assertTrue(np.array_equal(f["ylt/cat_net"][:], net) and np.array_equal(f["ylt/total"][:], net))
            self.assertNotIn("reinsurers_default", f["ylt"])


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main()
