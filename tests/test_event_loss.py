"""Event loss tables, year-event tables, frequency and correlation through the program, against exact answers. CROSSMC names
the program."""
import math
import os
import pathlib
import shutil
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
HEAD = "EVENTID,RATE,PERSPVALUE,STDDEVI,STDDEVC,EXPVALUE,LOB,region,peril\n"


class Run(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        (self.folder / "lines.csv").write_text("lob,segment,cross_line\nprop,property,property\nmotor,motor,motor\n")

    def write(self, name, text):
        (self.folder / name).write_text(text)

    def run_table(self, rows, more="", trials=100000, models="", book="", files=("elt.csv",), expect=0):
        if rows is not None:
            self.write("elt.csv", HEAD + rows)
        self.write("a.yaml", "title: t\nvaluation_date: 2025-12-31\ntrials: %d\nbook: {lines: lines.csv%s}\nmodels:\n"
                             "  event_loss_tables: [%s]\n%s%s" % (trials, book, ", ".join(files), models, more))
        done = subprocess.run([CROSSMC, "run", "a.yaml", "-o", "out.h5", "--quiet"], cwd=self.folder, capture_output=True,
                              text=True)
        self.assertEqual(done.returncode, expect, done.stderr)
        if expect:
            return done.stderr
        out = h5py.File(self.folder / "out.h5")
        self.addCleanup(out.close)
        return out

    def segment(self, out, name):
        names = [n.decode() for n in out["segment"][:]]
        return out["ylt/segment_gross"][names.index(name)], out["ylt/segment_net"][names.index(name)]


class EventLossTables(Run):
    def test_beta_law(self):
        """T7: mean 500 of 100,000 with coefficient of variation 1.4: alpha 0.502653, beta 100.027959."""
        out = self.run_table("1,1,500,400,300,100000,prop,East,WTC\n", trials=200000)
        e = out["elt"]
        n, mean, sd = e["occurrences"][0], e["mean_loss"][0], e["sd_loss"][0]
        self.assertLess(abs(mean - 500), 4 * 700 / math.sqrt(n))
        self.assertLess(abs(sd - 700), 0.015 * 700)
        # P(loss of one occurrence > x): years with one occurrence are told apart by P(N = 1) exactly in the mean only, so
        # the year's chance of a loss above x from Poisson: 1 - exp(-P(L > x)) for the largest occurrence.
        alpha, beta = 0.502653061224, 100.027959184
        largest = out["ylt/cat_gross_max_occ"][:]
        y = np.exp(np.linspace(math.log(1e-12), 0, 400001))
        density = alpha * np.log(y) + (beta - 1) * np.log1p(-np.minimum(y, 1 - 1e-15))
        weight = np.exp(density - (math.lgamma(alpha) + math.lgamma(beta) - math.lgamma(alpha + beta)))
        cumulated = np.concatenate([[0], np.cumsum((weight[1:] + weight[:-1]) / 2 * np.diff(np.log(y)))])
        for x in (100, 500, 1500, 3000, 5000):
            above = 1 - np.interp(x / 1e5, y, cumulated)
            want = 1 - math.exp(-above)
            got = np.mean(largest > x)
            self.assertLess(abs(got - want), 4 * math.sqrt(want / 2e5) + 0.004 * want, x)

    def test_segments_and_correlation(self):
        """sd of the event: sum of the correlated ones + root of the sum of squares of the independent ones."""
        rows = ("2,0.3,2000,1000,1500,50000,prop,East,WTC\n2,0.3,3000,2000,1500,60000,motor,West,WTC\n"
                "3,0.2,700,0,0,9000,motor,East,ORF\n")
        out = self.run_table(rows, trials=300000)
        e = out["elt"]
        want = 3000 + math.hypot(1000, 2000)
        self.assertLess(abs(e["mean_loss"][0] - 5000), 4 * want / math.sqrt(e["occurrences"][0]))
        self.assertLess(abs(e["sd_loss"][0] - want), 0.02 * want)
        self.assertEqual((e["mean_loss"][1], e["sd_loss"][1]), (700, 0))
        east, _ = self.segment(out, "cat/property/East/typhoon")
        rate, second = 0.3, 2000 ** 2 + 2500 ** 2
        self.assertLess(abs(east.mean() - rate * 2000), 4 * math.sqrt(rate * second / 3e5))
        self.assertLess(abs(east.var() / (rate * second) - 1), 0.06)
        self.assertEqual(out["ylt/cat_gross"][:].sum(), out["ylt/segment_gross"][:].sum())

    def test_rows_of_one_segment_add_up(self):
        one = self.run_table("1,1,500,50,300,100000,prop,East,WTC\n")["ylt"].attrs.get("x"), self.hash()
        two = self.run_table("1,1,300,30,100,60000,prop,East,WTC\n1,1,200,40,200,40000,prop,East,WTC\n") and self.hash()
        self.assertEqual(one[1], two)

    def hash(self):
        with h5py.File(self.folder / "out.h5") as f:
            return f.attrs["ylt_sha256"]

    def test_treaties(self):
        self.write("info.csv", "ReinsNumber,ReinsName,ReinsType,ReinsPeril,ReinsInceptionDate,ReinsExpiryDate,InuringPriority,"
                               "ReinsCurrency,CededPercent,PlacedPercent,OccAttachment,OccLimit,Reinstatement\n"
                               "1,Q,QS,AA1,2025-01-01,2026-12-31,1,CNY,0.25,1,0,0,\n"
                               "2,C,CXL,WW1,2025-01-01,2026-12-31,2,CNY,0,1,300,200,0\n")
        self.write("scope.csv", "ReinsNumber,LOB\n1,prop\n2,prop\n2,motor\n")
        rows = "1,1,400,0,0,400,prop,East,WTC\n1,1,200,0,0,200,motor,East,WTC\n"
        out = self.run_table(rows, book=", reinsurance_info: info.csv, reinsurance_scope: scope.csv", trials=20000)
        gross, net, treaty = out["ylt/cat_gross"][:], out["ylt/cat_net"][:], out["ylt/treaty"][:]
        n = gross / 600
        np.testing.assert_array_equal(treaty[0], 100 * n)
        # after the quota share 500 of an occurrence: 200 excess of 300, once a year
        np.testing.assert_array_equal(treaty[1], np.where(n > 0, 200, 0))
        np.testing.assert_array_equal(net, gross - treaty[0] - treaty[1])

    def test_hdf5(self):
        rows = "2,0.3,2000,1000,1500,50000,prop,East,WTC\n2,0.3,3000,2000,1500,60000,motor,West,WTC\n"
        self.run_table(rows, trials=20000)
        want = self.hash()
        columns = {"event_id": [2, 2], "rate": [0.3, 0.3], "mean": [2000., 3000.], "sd_independent": [1000., 2000.],
                   "sd_correlated": [1500., 1500.], "exposure": [50000., 60000.]}
        with h5py.File(self.folder / "columns.h5", "w") as f:
            for k, v in columns.items():
                f["portfolio/" + k] = np.array(v)
            f["portfolio/LOB"] = np.array([b"prop", b"motor"])
            f["portfolio/Region"] = np.array(["East", "West"], dtype=h5py.string_dtype())
            f["portfolio/peril"] = np.array([b"WTC", b"WTC"])
        table = np.zeros(2, dtype=[(k, "f8") for k in columns] + [("lob", "S5"), ("region", "S4"), ("peril", "S3")])
        for k, v in columns.items():
            table[k] = v
        table["lob"], table["region"], table["peril"] = [b"prop", b"motor"], [b"East", b"West"], b"WTC"
        with h5py.File(self.folder / "table.h5", "w") as f:
            f["elt/table"] = table
        for name in ("columns.h5", "table.h5"):
            self.run_table(None, files=(name,), trials=20000)
            self.assertEqual(self.hash(), want, name)

    def test_bad_rows(self):
        # the last row is eltr's own example with m = 0.025 and cv = 8: its alpha is -0.0098
        said = self.run_table("1,0.5,500,400,300,400,prop,East,WTC\n2,0,500,400,300,100000,prop,East,WTC\n"
                              "3,0.5,500,400,300,100000,fire,East,WTX\n4,0.5,250,1000,1000,10000,prop,East,WTC\n", expect=3)
        for text in ("elt.csv:2 (EXPVALUE): '400': expected at least the mean 500", "elt.csv:3 (RATE)", "elt.csv:4 (LOB): 'fire'",
                     "elt.csv:4 (peril): 'WTX'", "elt.csv:5 (PERSPVALUE): '250': expected a beta law", "alpha is -0.00976"):
            self.assertIn(text, said)
        said = self.run_table("1,0.5,500,400,300,1000000,prop,East,WTC\n1,0.4,500,400,300,1000000,motor,East,WTC\n", expect=3)
        self.assertIn("elt.csv:3: expected rate, peril and days of event 1 as in its other rows", said)
        self.write("elt.csv", "event_id,rate,mean,LOB\n1,1,1,prop\n")
        self.assertIn("expected a column peril", self.run_table(None, expect=3))


class Frequency(Run):
    """Numbers of occurrences, read from a table whose event always costs 1,000."""
    def numbers(self, more, rate=2.5, trials=200000):
        out = self.run_table("1,%g,1000,0,0,1000,prop,East,WTC\n" % rate, more=more, trials=trials)
        return np.round(out["ylt/cat_gross"][:] / 1000).astype(int)

    def compare(self, n, probability, mean, variance):
        trials = len(n)
        self.assertLess(abs(n.mean() - mean), 4 * math.sqrt(variance / trials))
        fourth = np.mean((n - n.mean()) ** 4)
        self.assertLess(abs(n.var() - variance), 4 * math.sqrt((fourth - n.var() ** 2) / trials))
        met = 0
        for k in range(60):
            p = probability(k)
            if p * trials < 20:
                continue
            met += 1
            self.assertLess(abs(np.mean(n == k) - p), 4 * math.sqrt(p * (1 - p) / trials), k)
        self.assertGreater(met, 4)

    def test_poisson(self):
        self.compare(self.numbers(""), lambda k: math.exp(-2.5 + k * math.log(2.5) - math.lgamma(k + 1)), 2.5, 2.5)

    def test_negative_binomial(self):
        for more, dispersion in (("frequency: [{law: negative_binomial, dispersion: 1.8}]\n", 1.8),
                                 ("frequency: [{law: negative_binomial, factor_variance: 0.6}]\n", 1 + 2.5 * 0.6)):
            r, p = 2.5 / (dispersion - 1), 1 / dispersion
            self.compare(self.numbers(more),
                         lambda k: math.exp(math.lgamma(k + r) - math.lgamma(r) - math.lgamma(k + 1) + r * math.log(p)
                                            + k * math.log(1 - p)), 2.5, 2.5 * dispersion)

    def test_binomial(self):
        p = 2.5 / 7
        self.compare(self.numbers("frequency: [{law: binomial, size: 7}]\n"),
                     lambda k: math.comb(7, k) * p ** k * (1 - p) ** (7 - k) if k <= 7 else 0, 2.5, 2.5 * (1 - p))

    def test_groups_share_a_factor(self):
        """Two perils under one yearly factor: covariance rate1 x rate2 x variance; a third stays apart."""
        rows = ("1,1.5,1000,0,0,1000,prop,East,WTC\n2,2,1000,0,0,1000,prop,East,ORF\n3,1,1000,0,0,1000,prop,East,QEQ\n")
        out = self.run_table(rows, more="frequency: [{perils: WW1;OO1, law: negative_binomial, factor_variance: 0.5}]\n",
                             trials=200000)
        wind, flood, quake = (self.segment(out, "cat/property/East/" + k)[0] / 1000 for k in ("typhoon", "flood", "earthquake"))
        spread = lambda x, y: 4 * math.sqrt(np.var((x - x.mean()) * (y - y.mean())) / len(x))  # noqa: E731
        self.assertLess(abs(np.cov(wind, flood)[0, 1] - 1.5 * 2 * 0.5), spread(wind, flood))
        self.assertLess(abs(wind.var() - (1.5 + 1.5 ** 2 * 0.5)), spread(wind, wind))
        self.assertLess(abs(np.cov(wind, quake)[0, 1]), spread(wind, quake))
        self.assertLess(abs(quake.var() - 1), spread(quake, quake))

    def test_another_group_keeps_its_draws(self):
        rows = "1,1.5,1000,500,0,9000,prop,East,WTC\n3,1,1000,300,0,9000,prop,East,QEQ\n"
        base = "frequency: [{perils: WTC}, {perils: QEQ}]\n"
        a = self.segment(self.run_table(rows, more=base, trials=5000), "cat/property/East/earthquake")[0]
        b = self.segment(self.run_table(rows, more=base.replace("WTC", "WTC, law: binomial, size: 9"), trials=5000),
                         "cat/property/East/earthquake")[0]
        np.testing.assert_array_equal(a, b)

    def test_season(self):
        """Days of occurrences, from the table of the worst years: those are worst by number alone, so the days keep their
        law: months by their weights, even inside a month."""
        weights = np.array([0, 0, 0, 1, 2, 3, 4, 4, 3, 2, 1, 0]) / 20
        edges = np.cumsum([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
        out = self.run_table("1,2.5,1000,0,0,1000,prop,East,WTC\n", trials=400000,
                             more="frequency: [{law: poisson, season: [0, 0, 0, 1, 2, 3, 4, 4, 3, 2, 1, 0]}]\n")
        day = out["occurrences/day"][:].astype(int)
        self.assertGreater(day.size, 10000)
        for month in range(12):
            inside = (day > edges[month]) & (day <= edges[month + 1])
            se = math.sqrt(weights[month] * (1 - weights[month]) / day.size)
            self.assertLessEqual(abs(inside.mean() - weights[month]), 4 * se, month)
            if weights[month]:
                length = edges[month + 1] - edges[month]
                self.assertLess(abs(day[inside].mean() - edges[month] - (length + 1) / 2),
                                4 * math.sqrt((length**2 - 1) / 12 / inside.sum()), month)

    def test_bad_laws(self):
        rows = "1,2.5,1000,0,0,1000,prop,East,WTC\n"
        for more, text in (("frequency: [{law: zipf}]\n", "(frequency[0].law): 'zipf': expected poisson"),
                           ("frequency: [{law: negative_binomial}]\n", "either dispersion or factor_variance"),
                           ("frequency: [{law: negative_binomial, dispersion: 0.5}]\n", "variance by mean above 1"),
                           ("frequency: [{law: binomial}]\n", "the most occurrences of a year"),
                           ("frequency: [{law: binomial, size: 2}]\n", "expected less than its size"),
                           ("frequency: [{perils: QEQ}]\n", "expected perils of the event set"),
                           ("frequency: [{season: [0,0,0,0,0,0,0,0,0,0,0,0]}]\n", "one of them above 0")):
            self.assertIn(text, self.run_table(rows, more=more, expect=3))


class Years(Run):
    ROWS = "1,1,1000,0,0,1000,prop,East,WTC\n2,1,500,300,0,9000,prop,East,WTC\n"

    def test_trials_are_years(self):
        self.write("years.csv", "Year,EventID,day,n_years\n1,1,200,4\n1,2,100,4\n3,1,5,4\n3,1,6,4\n3,1,7,4\n")
        out = self.run_table(self.ROWS, models="  year_event_table: years.csv\n", trials=10000)
        gross = out["ylt/cat_gross"][:]
        np.testing.assert_array_equal(gross[1::4], 0)
        np.testing.assert_array_equal(gross[3::4], 0)
        np.testing.assert_array_equal(gross[2::4], 3000)
        self.assertGreater(np.unique(gross[0::4]).size, 2000)  # a year comes back with other damage
        self.assertEqual(list(out["elt/occurrences"]), [10000, 2500])
        self.assertEqual(list(out["elt/rate"]), [1.0, 0.25])

    def test_errors_go_by_years(self):
        rng = np.random.default_rng(1)
        years = "".join("%d,1,%d\n" % (y + 1, rng.integers(1, 366)) for y in range(1000) for _ in range(rng.poisson(1.2)))
        self.write("years.csv", "period,event_id,day\n" + years + "1000,2,1\n")
        out = self.run_table(self.ROWS, models="  year_event_table: years.csv\n", trials=50000)
        self.assertEqual(out.attrs["independent_trials"], 1000)
        at = [r.decode() for r in out["measures/risk"][:]].index("cat_gross")
        self.assertAlmostEqual(out["measures/mean_se"][at], out["measures/sd"][at] / math.sqrt(1000), places=9)
        self.assertTrue(np.isnan(out["measures/sd_se"][at]))
        # limits of the quantile: order statistics of 1,000 years, here each 50 trials
        gross = np.sort(out["ylt/cat_gross"][:])
        level = list(out["measures/quantile"][:]).index(0.99)
        lower, upper = (out["measures/var_" + k][at, level] for k in ("lower", "upper"))
        self.assertLess(np.searchsorted(gross, lower), 50000 * (0.99 - 1.5 * math.sqrt(0.0099 / 1000)))
        self.assertGreater(np.searchsorted(gross, upper, "right"), 50000 * (0.99 + 1.5 * math.sqrt(0.0099 / 1000)))

    def test_no_importance_sampling(self):
        small = pathlib.Path(__file__).parent / "data" / "small"
        book = self.folder / "small"
        shutil.copytree(small, book)
        with h5py.File(book / "events.h5") as f:
            event = int(f["events/event_id"][0])
        (book / "years.csv").write_text(f"year,event_id\n1,{event}\n2,{event}\n")
        text = (book / "analysis.yaml").read_text()
        self.assertIn("  events: events.h5\n", text)
        for importance, code in (("", 0), ("importance: {quantile: 0.99}\n", 3)):
            (book / "analysis.yaml").write_text(
                importance + text.replace("  events: events.h5\n", "  events: events.h5\n  year_event_table: years.csv\n"))
            done = subprocess.run([CROSSMC, "run", "analysis.yaml", "--quiet", "--trials", "100"], cwd=book,
                                  capture_output=True, text=True)
            self.assertEqual(done.returncode, code, done.stderr)
        self.assertIn("analysis.yaml:1:", done.stderr)
        self.assertIn("year-event table", done.stderr)

    def test_unknown_event(self):
        self.write("years.csv", "year,event_id\n1,1\n2,77\n")
        said = self.run_table(self.ROWS, models="  year_event_table: years.csv\n", expect=3)
        self.assertIn("years.csv:3 (event_id): '77': expected an event of the event set", said)


class Correlation(Run):
    """Standard deviations of event sums of the small Oasis model, against the exact ones by quadrature."""
    def exact(self, rho, shared, key=lambda at, peril: 0):
        """{event: (standard deviation, kurtosis of the fully correlated sum)}."""
        model = oasis_reference.Model(DATA / "model")
        locations = oasis_reference.rows(DATA / "book/location.csv")
        items = list(model.items(locations))
        table = {}
        for r in oasis_reference.rows(DATA / "model/vulnerability.csv"):
            table.setdefault((int(r["vulnerability_id"]), int(r["intensity_bin_id"])), []).append(
                (int(r["damage_bin_id"]), float(r["probability"])))
        y = np.linspace(-7, 7, 1401)
        w = np.exp(-y * y / 2)
        w /= w.sum()
        phi = np.array([0.5 * math.erfc(-v / math.sqrt(2)) for v in np.linspace(-14, 14, 28001)])
        grid = np.linspace(-14, 14, 28001)
        cdf = lambda z: np.interp(z, grid, phi)  # noqa: E731
        out = {}
        for event in range(1, 9):
            groups = {}
            for at, peril, _, tiv, area, function in items:
                entries = model.footprint.get((event, area))
                if not entries:
                    continue
                p = {}
                for b, q in entries:
                    for d, v in table.get((function, b), [(1, 1.0)]):
                        p[d] = p.get(d, 0) + q * v
                groups.setdefault(key(at, peril), []).append((tiv, p))
            variance, kurtosis = 0, 3
            for members in groups.values():
                total_x, own, comonotone = np.zeros_like(y), 0, np.zeros(200000)
                for tiv, p in members:
                    u, x = [0.0], [model.bins[min(p)][0]]
                    for d in sorted(p):
                        lo, hi = model.bins[d]
                        u += [u[-1] + 1e-12, u[-1] + p[d]]
                        x += [lo, hi]
                    u = np.array(u) / u[-1]
                    ratio = lambda v: np.interp(v, u, x)  # noqa: E731,B023
                    at_x = np.array([(w * ratio(cdf(math.sqrt(rho) * f + math.sqrt(1 - rho) * y))).sum() for f in y[::7]])
                    at_x = np.interp(y, y[::7], at_x)
                    first = sum(q * sum(model.bins[d]) / 2 for d, q in p.items())
                    second = sum(q * (lo * lo + lo * hi + hi * hi) / 3 for d, q in p.items() for lo, hi in [model.bins[d]])
                    total_x += tiv * at_x
                    own += tiv * tiv * ((second - first ** 2) - ((w * at_x ** 2).sum() - (w * at_x).sum() ** 2))
                    comonotone += tiv * ratio((np.arange(200000) + 0.5) / 200000)
                mixed = (w * total_x ** 2).sum() - (w * total_x).sum() ** 2 + own
                variance += shared * comonotone.var() + (1 - shared) * mixed
                if comonotone.var() > 0:
                    kurtosis = max(kurtosis, ((comonotone - comonotone.mean()) ** 4).mean() / comonotone.var() ** 2)
            out[event] = math.sqrt(variance), kurtosis
        return out

    def test_event_sums(self):
        shutil.copytree(DATA / "model", self.folder / "model")
        shutil.copytree(DATA / "book", self.folder / "book")
        book = self.folder / "book"
        subprocess.run([CROSSMC, "hazard", "import-oasis", self.folder / "model", "--exposure", book / "location.csv", "-o",
                        book / "events.h5"], check=True, capture_output=True)
        text = (book / "analysis.yaml").read_text().replace("40000", "160000")
        for more, want in (("", self.exact(0, 0)), ("correlation: [{rho: 0.4}]\n", self.exact(0.4, 0)),
                           ("correlation: [{perils: WTC, rho: 0.4, shared: 0.25}, {perils: ORF, rho: 0.4, shared: 0.25}]\n",
                            self.exact(0.4, 0.25, key=lambda at, peril: peril)),
                           ("correlation: [{shared: 1}]\n", self.exact(0, 1))):
            (book / "analysis.yaml").write_text(text + more)
            self.check(want, more)

    def check(self, want, what):
        book = self.folder / "book"
        done = subprocess.run([CROSSMC, "run", "analysis.yaml", "-o", "o.h5", "--quiet"], cwd=book, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        with h5py.File(book / "o.h5") as f:
            got = {k: (n, sd) for k, n, sd in zip(f["elt/event_id"][:], f["elt/occurrences"][:], f["elt/sd_loss"][:])}
        for event, (sd, kurtosis) in want.items():
            n, found = got[event]
            self.assertLessEqual(abs(found - sd), 4 * sd * math.sqrt((kurtosis - 1) / (4 * n)) + 0.002 * sd,
                            "%s event %d: %g, %g" % (what, event, found, sd))

    def test_groups(self):
        """Locations of two CorrelationGroups are independent of each other."""
        shutil.copytree(DATA / "model", self.folder / "model")
        shutil.copytree(DATA / "book", self.folder / "book")
        book = self.folder / "book"
        lines = (book / "location.csv").read_text().splitlines()
        alone = [lines[0] + ",CorrelationGroup"] + [r + ",%d" % (i + 1) for i, r in enumerate(lines[1:])]
        (book / "location.csv").write_text("\n".join(alone) + "\n")
        subprocess.run([CROSSMC, "hazard", "import-oasis", self.folder / "model", "--exposure", book / "location.csv", "-o",
                        book / "events.h5"], check=True, capture_output=True)
        text = (book / "analysis.yaml").read_text() + "correlation: [{shared: 1}]\n"
        (book / "analysis.yaml").write_text(text)
        self.check(self.exact(0, 1, key=lambda at, peril: at), "groups")


if __name__ == "__main__":
    unittest.main()
