"""Terms through `crossmc book losses`: small books whose losses are worked out by hand, what is refused, and the
financial-module packs of Oasis LMF where they lie beside the checkout (../shared)."""
import collections
import csv
import os
import pathlib
import subprocess
import tempfile
import unittest

PROGRAM = os.environ.get("CROSSMC", "build/crossmc")
PACKS = pathlib.Path(os.environ.get("CROSSMC_OASIS_FM", "../shared/data/portfolio/oasis_fm"))
# Both policies of these accounts cover everything without a layer: Oasis pays the first only, crossmc refuses them.
TWICE = {("insurance_account", "acc102", "Layer2"), ("insurance_account", "acc104", "Layer2")}

LOCATION = dict(PortNumber="1", AccNumber="A", LocNumber="1", CountryCode="CN", Latitude="28.1", Longitude="116.1",
                LocPerilsCovered="AA1", LocCurrency="CNY", BuildingTIV="1000000", OtherTIV="100000", ContentsTIV="50000",
                BITIV="20000")
ACCOUNT = dict(PortNumber="1", AccNumber="A", PolNumber="1", AccCurrency="CNY", PolPerilsCovered="AA1",
               PolInceptionDate="2025-01-01", PolExpiryDate="2026-12-31")
FAR = dict(LocNumber="2", Latitude="30.1", Longitude="118.1")
LAYERS = [dict(LayerNumber=1, LayerLimit=500000, LayerParticipation=0.5),
          dict(LayerNumber=2, LayerAttachment=500000, LayerLimit=1000000, LayerParticipation=0.3)]

# Name, locations, policies, options, loss of every policy row in the order (PolNumber, LayerNumber). One location is insured
# for 1,000,000 + 100,000 + 50,000 + 20,000 = 1,170,000 and lost wholly unless the options say otherwise.
CASES = [
    ("no terms", [{}], [{}], [], [1170000]),
    ("deductibles of coverages", [dict(LocDed1Building=10000, LocDed3Contents=5000)], [{}], [], [1155000]),
    ("share of the loss, then limit", [dict(LocDed1Building=0.1, LocDedType1Building=1, LocLimit1Building=800000)], [{}], [],
     [800000 + 170000]),
    ("share of the sum insured", [dict(LocDed4BI=0.5, LocDedType4BI=2)], [{}], ["--loss-factor", "0.75"],
     [0.75 * 1150000 + 15000 - 10000]),
    ("limit as a share of the loss", [dict(LocDed6All=100000, LocLimit6All=0.9, LocLimitType6All=1)], [{}], [], [1053000]),
    ("property damage", [dict(LocDed5PD=100000, LocLimit5PD=1000000)], [{}], [], [1000000 + 20000]),
    ("coverage, property damage, site", [dict(LocDed1Building=10000, LocDed5PD=50000, LocDed6All=20000)], [{}], [],
     [1170000 - 80000]),
    ("a minimum counts what was deducted before", [dict(LocDed1Building=10000, LocMinDed6All=100000)], [{}], [],
     [1170000 - 100000]),
    ("a maximum gives back", [dict(LocDed1Building=50000, LocDed3Contents=5000, LocMaxDed6All=30000)], [{}], [],
     [1170000 - 30000]),
    ("a maximum gives back up to a limit", [dict(LocDed1Building=50000, LocLimit1Building=960000, LocMaxDed6All=10000)], [{}],
     [], [960000 + 170000]),
    ("a minimum comes out of what a limit cut off", [dict(LocLimit1Building=900000)], [dict(PolMinDed6All=60000)], [],
     [900000 + 170000]),
    ("policy minimum over deductibles of two locations", [dict(LocDed6All=1000), dict(FAR, LocDed6All=2000)],
     [dict(PolMinDed6All=10000)], [], [2340000 - 10000]),
    ("policy maximum over deductibles of two locations", [dict(LocDed6All=30000), dict(FAR, LocDed6All=20000)],
     [dict(PolMaxDed6All=15000)], [], [2340000 - 15000]),
    ("policy deductible and maximum", [dict(LocDed6All=30000)], [dict(PolDed6All=25000, PolMaxDed6All=40000)], [],
     [1170000 - 40000]),
    ("franchise not reached", [dict(LocDed6All=1200000, LocDedCode6All=2)], [{}], [], [0]),
    ("franchise reached", [dict(LocDed6All=1000000, LocDedCode6All=2)], [{}], [], [1170000]),
    ("franchise of a policy", [{}, FAR], [dict(PolDed6All=2000000, PolDedCode6All=2)], [], [2340000]),
    ("policy terms by coverage and on property damage", [{}, FAR], [dict(PolDed1Building=100000, PolLimit5PD=1000000)], [],
     [1000000 + 40000]),
    ("coverages of a policy behind a site deductible", [dict(LocDed6All=117000)], [dict(PolLimit1Building=450000)], [],
     [450000 + 170000 * 0.9]),  # the site's tenth was taken from every coverage alike
    ("share of the sum insured of the account", [{}, FAR], [dict(PolDed6All=0.02, PolDedType6All=2)], ["--loss-factor", "0.5"],
     [1170000 - 46800]),
    ("layers", [{}], LAYERS, [], [250000, 201000]),
    ("two policies", [{}], [dict(PolNumber="1", LayerLimit=100000), dict(PolNumber="2", PolDed6All=70000, LayerParticipation=0.1)],
     [], [100000, 110000]),
    ("account deductible over the layers", [{}], [dict(x, AccDed6All=10000) for x in LAYERS], [],
     [250000 * 441 / 451, 201000 * 441 / 451]),
    ("account limit as a share of the sum insured, participation", [{}],
     [dict(x, AccLimit6All=0.2, AccLimitType6All=2, AccParticipation=0.5) for x in LAYERS], [],
     [117000 * 250 / 451, 117000 * 201 / 451]),
    ("account minimum over deductibles of locations", [dict(LocDed6All=5000)],
     [dict(LayerLimit=2000000, LayerParticipation=1, AccMinDed6All=50000)], [], [1170000 - 50000]),
    ("special condition on a tag", [dict(CondTag="wood"), FAR],
     [dict(CondTag="wood", CondNumber="1", CondDed6All=0.1, CondDedType6All=1)], [], [1170000 * 0.9 + 1170000]),
    ("special conditions by coverage", [dict(CondTag="wood"), FAR],
     [dict(CondTag="wood", CondNumber="1", CondLimit1Building=300000, CondDed4BI=20000)], [], [450000 + 1170000]),
    ("nested conditions", [dict(CondTag="a"), dict(CondTag="b"), dict(FAR, CondTag="b")],
     [dict(CondTag="a", CondNumber="1", CondPriority=1, CondLimit6All=500000),
      dict(CondTag="b", CondNumber="2", CondPriority=2, CondDed6All=100000)], [], [500000 + 1170000 - 100000]),
    ("a restricting condition", [dict(CondTag="a"), FAR], [dict(CondTag="a", CondNumber="1", CondClass=1)], [], [1170000]),
    ("a condition for another peril", [dict(CondTag="a")],
     [dict(CondTag="a", CondNumber="1", CondPeril="QQ1", CondDed6All=500000)], [], [1170000]),
    ("a condition for this peril", [dict(CondTag="a")],
     [dict(CondTag="a", CondNumber="1", CondPeril="WW1", CondDed6All=500000)], [], [670000]),
    ("policy terms by peril: wind", [{}], [dict(PolPeril="QQ1", PolDed6All=0.05, PolDedType6All=1),
                                           dict(PolPeril="WW1", PolDed6All=0.02, PolDedType6All=1)], [], [1170000 * 0.98]),
    ("policy terms by peril: earthquake", [{}], [dict(PolPeril="QQ1", PolDed6All=0.05, PolDedType6All=1),
                                                 dict(PolPeril="WW1", PolDed6All=0.02, PolDedType6All=1)],
     ["--peril", "QEQ"], [1170000 * 0.95]),
    ("policy terms by peril: flood", [{}], [dict(PolPeril="QQ1", PolDed6All=0.05, PolDedType6All=1)], ["--peril", "ORF"],
     [1170000]),
    ("location terms for another peril", [dict(LocPeril="QQ1", LocDed6All=100000)], [{}], [], [1170000]),
    ("account terms for another peril", [{}], [dict(AccPeril="QQ1", AccDed6All=100000)], [], [1170000]),
    ("a peril that the policy does not cover", [{}], [dict(PolPerilsCovered="QQ1")], [], [0]),
    ("waiting period", [dict(BIWaitingPeriod=36.5)], [{}], [], [1150000 + 18000]),
    ("waiting period and period of indemnity", [dict(BIWaitingPeriod=36.5, BIPOI=182.5)], [{}], [], [1150000 + 10000]),
    ("an aggregate of buildings", [dict(IsAggregate=1, NumberOfBuildings=10, LocDed6All=10000)], [{}], [], [1160000]),
]

# What is not modelled, or wrong, is said with its place and exit code 3: locations, policies, parts of the message.
REFUSED = [
    ([dict(LocDed6All=1, LocDedCode6All=1)], [{}], ["location.csv:2:", "(LocDedCode6All): '1'", "not modelled"]),
    ([dict(LocDed6All=1, LocDedCode6All=7)], [{}], ["(LocDedCode6All): '7'", "from 0 to 6"]),
    ([dict(LocDed1Building=1, LocDedType1Building=3)], [{}], ["(LocDedType1Building): '3'", "from 0 to 2"]),
    ([dict(LocDed1Building=-5)], [{}], ["(LocDed1Building): '-5'", ">= 0"]),
    ([dict(LocDed3Contents=1.5, LocDedType3Contents=1)], [{}], ["(LocDed3Contents): '1.5'", "fraction"]),
    ([dict(LocDed2Other=0.1, LocDedType2Other=2, OtherTIV=0)], [{}], ["(LocDed2Other): '0.1'", "is 0"]),
    ([dict(LocLimit4BI=0.1, LocLimitType4BI=2, BITIV="")], [{}], ["(LocLimit4BI): '0.1'", "is 0"]),
    ([dict(LocMinDed5PD=9, LocMaxDed5PD=8)], [{}], ["(LocMaxDed5PD): '8'", "at least the minimum"]),
    ([dict(LocDed6All=9, LocDedCode6All=2, LocMinDed6All=3)], [{}], ["(LocDedCode6All): '2'", "minimum"]),
    ([dict(LocPeril="ZZ9")], [{}], ["(LocPeril): 'ZZ9'", "OED peril"]),
    ([dict(LocParticipation=0.5)], [{}], ["(LocParticipation): '0.5'", "not modelled"]),
    ([dict(BIPOI=5000)], [{}], ["(BIPOI): '5000'", "3650"]),
    ([dict(CondTag="x")], [{}], ["(CondTag): 'x'", "CondTag of the account"]),
    ([{}], [dict(PolLimit6All=5, PolLimitCode6All=1)], ["account.csv:2:", "(PolLimitCode6All): '1'", "annual aggregate"]),
    ([{}], [dict(PolDed5PD=5, PolDedCode5PD=4)], ["(PolDedCode5PD): '4'", "not modelled"]),
    ([{}], [dict(AccDed1Building=5)], ["(AccDed1Building): '5'", "not modelled"]),
    ([{}], [dict(AccLimit5PD=5)], ["(AccLimit5PD): '5'", "not modelled"]),
    ([{}], [dict(StepTriggerType=2)], ["(StepTriggerType): '2'", "not modelled"]),
    ([{}], [dict(LayerAggLimit=2)], ["(LayerAggLimit): '2'", "not modelled"]),
    ([{}], [dict(CondDed6All=5)], ["(CondTag): ''", "a tag"]),
    ([{}], [dict(CondTag="a", CondPeril="??1")], ["(CondPeril): '??1'"]),
    ([dict(BITIV=0)], [dict(PolDed4BI=0.1, PolDedType4BI=2)], ["account.csv:2:", "'A'", "terms on BI"]),
    ([{}], [dict(CondTag="a", CondDed6All=1), dict(CondTag="a", CondDed6All=2)], ["(CondPeril)", "line 2"]),
    ([{}], [dict(PolPeril="AA1", PolDed6All=1), dict(PolPeril="WW1", PolDed6All=2)], ["(PolPeril): 'WW1'", "line 2"]),
    ([{}], [dict(CondTag="a", LayerLimit=1), dict(CondTag="b", LayerLimit=2)], ["(LayerLimit): '2'", "line 2"]),
    ([{}], [dict(CondTag="a", CondPriority=1), dict(PolNumber=2, CondTag="a", CondPriority=2)], ["(CondPriority): '2'"]),
    ([{}], [dict(PolNumber=1), dict(PolNumber=2)], ["account.csv:3:", "(PolNumber): '2'", "twice"]),
    ([{}], [dict(LayerNumber=1), dict(LayerNumber=2, LayerAttachment=1000)],
     ["account.csv:2", "(LayerLimit): '0'", "layer 2 (line 3)"]),
    ([dict(CondTag="a"), dict(CondTag="b", ContentsTIV=7)],
     [dict(CondTag="a"), dict(CondTag="b")], ["location.csv:3:", "(ContentsTIV): '7'", "line 2"]),
    ([dict(CondTag="a"), dict(CondTag="a")], [dict(CondTag="a")], ["location.csv:3:", "(LocNumber): '1'", "with each CondTag"]),
    ([dict(BITIV=0, CondTag="a")], [dict(CondTag="a", CondLimit4BI=0.1, CondLimitType4BI=2)], ["account.csv:2", "terms on BI"]),
    ([{}], [dict(AccDed6All=1), dict(PolNumber=2, LayerLimit=5, AccDed6All=2)], ["(AccPeril)", "line 2"]),
]


def write(path, rows, base):
    full = [{**base, **r} for r in rows]
    columns = list(dict.fromkeys(c for r in full for c in r))
    with open(path, "w", newline="") as f:
        w = csv.DictWriter(f, columns, restval="")
        w.writeheader()
        w.writerows(full)


class Book:
    def __init__(self, test, locations, policies, location=LOCATION, account=ACCOUNT):
        folder = tempfile.TemporaryDirectory()
        test.addCleanup(folder.cleanup)
        d = self.path = pathlib.Path(folder.name)
        write(d / "location.csv", locations, location)
        write(d / "account.csv", policies, account)
        (d / "lines.csv").write_text("lob,segment,cross_line\nP,property,property\n")
        (d / "analysis.yaml").write_text("title: terms\nvaluation_date: 2025-12-31\ntrials: 1\nbook: {lines: lines.csv, "
                                         "locations: [location.csv], accounts: [account.csv]}\n")

    def losses(self, *options):
        return subprocess.run([PROGRAM, "book", "losses", self.path / "analysis.yaml", *options], capture_output=True, text=True)


class Terms(unittest.TestCase):
    def test_by_hand(self):
        for name, locations, policies, options, expected in CASES:
            with self.subTest(name):
                r = Book(self, locations, policies).losses(*options)
                self.assertEqual(r.returncode, 0, r.stderr)
                got = [float(x["insured"]) for x in csv.DictReader(r.stdout.splitlines())]
                self.assertEqual(len(got), len(expected), r.stdout)
                for a, b in zip(got, expected):
                    self.assertLess(abs(a - b), 0.05)

    def test_refused(self):
        for locations, policies, parts in REFUSED:
            with self.subTest(parts):
                r = Book(self, locations, policies).losses()
                self.assertEqual(r.returncode, 3, r.stdout)
                for part in parts:
                    self.assertIn(part, r.stderr)

    def test_many_at_once(self):
        r = Book(self, [dict(LocNumber=i, LocDed6All=1, LocDedCode6All=5, LocLimit1Building="x") for i in range(20)],
                 [dict(StepTriggerType=1)]).losses()
        self.assertEqual(r.returncode, 3)
        self.assertEqual(r.stderr.count("LocDedCode6All"), 20)
        self.assertEqual(r.stderr.count("LocLimit1Building"), 20)
        self.assertIn("StepTriggerType", r.stderr)

    def test_given_losses(self):
        b = Book(self, [dict(LocDed1Building=1000), FAR], [dict(PolDed6All=500)])
        f = b.path / "gul.csv"
        f.write_text("PortNumber,AccNumber,LocNumber,coverage,loss\n1,A,1,1,10000\n1,A,1,3,200.25\n1,A,2,4,99.5\n")
        r = b.losses("--ground-up", f)
        self.assertEqual(r.returncode, 0, r.stderr)
        row = next(csv.DictReader(r.stdout.splitlines()))
        self.assertEqual((row["account_ground_up"], row["insured"]), ("10299.75", "8799.75"))
        f.write_text("PortNumber,AccNumber,LocNumber,coverage,loss\n1,A,9,1,10\n1,A,1,5,1\n1,A,1,1,1000001\n")
        r = b.losses("--ground-up", f)
        self.assertEqual(r.returncode, 3)
        for part in ("gul.csv:2:3 (LocNumber): '9'", "gul.csv:3:4 (coverage): '5'", "gul.csv:4:5 (loss): '1000001'"):
            self.assertIn(part, r.stderr)


def read(path):
    with open(path, encoding="utf-8-sig") as f:
        return list(csv.DictReader(f))


@unittest.skipUnless(PACKS.is_dir(), f"no {PACKS}: the packs of Oasis LMF are not beside the checkout")
class Packs(unittest.TestCase):
    """Every case by policy and layer to 0.1 %."""

    def pack(self, name, factors, cases):
        folder = PACKS / name
        currency = dict(LocCurrency="CNY")
        locations = [{**r, **currency} for r in read(folder / "location.csv")]
        dates = dict(AccCurrency="CNY", PolInceptionDate="2025-01-01", PolExpiryDate="2026-12-31")
        policies = [{**r, **dates} for r in read(folder / "account.csv")]
        twice = [r for r in policies if (name, r["AccNumber"], r["PolNumber"]) in TWICE]
        if twice:
            r = Book(self, locations, policies, {}, {}).losses()
            self.assertEqual(r.returncode, 3)
            self.assertEqual(r.stderr.count("twice"), len(twice))
        book = Book(self, locations, [r for r in policies if r not in twice], {}, {})
        e = folder / "expected"
        items = {r["item_id"]: r for r in read(e / "gul_summary_map.csv")}
        outputs = {r["output_id"]: r for r in read(e / "fm_summary_map.csv")}
        checked = set()
        for index, factor in enumerate(factors):
            gul = book.path / "gul.csv"
            with open(gul, "w") as f:
                f.write("PortNumber,AccNumber,LocNumber,coverage,loss\n")
                for r in read(e / "guls.csv"):
                    if int(r.get("loss_factor_idx", 0)) == index:
                        m = items[r["item_id"]]
                        loss = factor * float(m["tiv"])
                        self.assertLess(abs(loss - float(r["loss"])), 1e-6 * loss + 1e-9)
                        f.write(f'{m["PortNumber"]},{m["AccNumber"]},{m["LocNumber"]},{m["coverage_type_id"]},{loss!r}\n')
            expected = collections.defaultdict(float)
            for r in read(e / "ils.csv"):
                if int(r.get("loss_factor_idx", 0)) == index:
                    m = outputs[r["output_id"]]
                    expected[m["PortNumber"], m["AccNumber"], m["PolNumber"]] += float(r["loss"])
            run = book.losses("--ground-up", gul)
            self.assertEqual(run.returncode, 0, run.stderr)
            got = {(r["PortNumber"], r["AccNumber"], r["PolNumber"]): float(r["insured"])
                   for r in csv.DictReader(run.stdout.splitlines())}
            self.assertEqual(len(got), len(policies) - len(twice) - self.repeated(policies))
            for key in set(got) | set(expected):
                if (name, *key[1:]) in TWICE:
                    self.assertEqual(expected[key], 0)
                    continue
                self.assertLess(abs(got[key] - expected[key]), 1e-3 * max(abs(expected[key]), 1), (key, factor))
                checked.add(key)
        self.assertEqual(len(checked), cases)

    @staticmethod
    def repeated(policies):
        return len(policies) - len({(r["AccNumber"], r["PortNumber"], r["PolNumber"], r.get("LayerNumber")) for r in policies})

    def test_insurance(self):
        self.pack("insurance", [1.0], 317)

    def test_insurance_account(self):
        self.pack("insurance_account", [0.25, 0.5, 0.75, 1.0], 206)

    def test_reinsurance1_insured(self):
        self.pack("reinsurance1", [1.0], 116)


if __name__ == "__main__":
    unittest.main()
