"""crossmc regulatory as a user meets it: versions, changes, explanations, units, and holdings with corporate actions.

Run with the system Python: CROSSMC=build/crossmc /usr/bin/python3 -m unittest tests/test_cli_regulatory.py
"""

import csv
import io
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

CROSSMC = os.environ.get("CROSSMC", "build/crossmc")
SOURCE = pathlib.Path(__file__).parent.parent
SHEET = SOURCE / "scenarios" / "company-demo.yaml"
VERSIONS = ("2021", "2023", "2025")


def crossmc(*args):
    return subprocess.run([CROSSMC, "regulatory", *map(str, args)], capture_output=True, text=True, timeout=60)


class Sheet(unittest.TestCase):
    def text(self, *args):
        r = crossmc(SHEET, *args)
        self.assertEqual(r.returncode, 0, r.stderr)
        return r.stdout

    def rows(self, *args):
        return list(csv.DictReader(io.StringIO(self.text("--format", "csv", *args))))

    def amounts(self, version):
        return {r["code"]: float(r["amount"] or 0) for r in self.rows("--rules", version) if r["code"]}

    def test_versions(self):
        for version in VERSIONS:
            a = self.amounts(version)
            self.assertAlmostEqual(a["1.2.1.1.1"], 14e9 * 0.103, delta=1)
            credit = (0.42, 0.545) if version == "2025" else (0.467, 0.605)
            self.assertAlmostEqual(a["1.2.1.6.1.1"], 0.3e9 * credit[0], delta=1)
            self.assertAlmostEqual(a["1.2.1.6.1.2"], 0.2e9 * credit[1], delta=1)
            root = (a["1.2"] ** 2 + a["1.3"] ** 2 + a["1.4"] ** 2 + 0.2 * a["1.2"] * a["1.3"] +
                    0.3 * a["1.2"] * a["1.4"] + 0.54 * a["1.3"] * a["1.4"]) ** 0.5
            self.assertAlmostEqual(a["1.7"], root, delta=1)
            self.assertAlmostEqual(a["1"], root * (1 if version == "2021" else 0.95), delta=1)
            # SARMRA 78: 0.40 - 0.005 * 78
            self.assertAlmostEqual(a["2"], 0.01 * a["1"], delta=1)
            self.assertAlmostEqual(a["4"], a["1"] + a["2"], delta=1)
        self.assertEqual(self.amounts("2025"), {r["code"]: float(r["amount"] or 0) for r in self.rows() if r["code"]})

    def test_rows_in_the_order_of_the_form(self):
        codes = [r["code"] for r in self.rows()]
        top = [c for c in codes if c in ("1", "1.2", "1.2.1", "1.2.2", "1.3", "1.3.1", "1.3.6", "1.4", "1.4.1", "1.4.2",
                                         "1.5", "1.6", "1.7", "2", "3", "4")]
        self.assertEqual(top, ["1", "1.2", "1.2.1", "1.2.2", "1.3", "1.3.1", "1.3.6", "1.4", "1.4.1", "1.4.2", "1.5",
                               "1.6", "1.7", "2", "3", "4"])
        self.assertIn("given", {r["state"] for r in self.rows() if r["code"] == "1.2.2"})

    def test_against(self):
        old, new = self.amounts("2021"), self.amounts("2025")
        rows = {r["code"]: r for r in self.rows("--rules", "2021", "--against", "2025") if r["kind"] == "node"}
        for code in ("1", "1.2.1.6.1", "4"):
            got = [float(rows[code][c]) for c in ("amount_before", "amount_after", "change")]
            for x, want in zip(got, (old[code], new[code], new[code] - old[code])):
                self.assertAlmostEqual(x, want, delta=0.01)
            self.assertNotEqual(got[2], 0)
        self.assertIn("from rules 2021 to rules 2025-12", self.text("--rules", "2021", "--against", "2025"))

    def test_explain(self):
        by_code = self.text("--explain", "1.2.1.1.1")
        self.assertEqual(by_code, self.text("--explain", "line.motor.premium"))
        for part in ("1.2.1.1.1", "Rule 4 Art. 10", "14,000,000,000.00 x factor 0.103", "1.2.1.1 ", "Art. 42-44",
                     "0.5", "1.2 ", "Art. 55", "0.25", "Rule 2 Art. 16", "size coefficient 0.95", "Rule 2 Art. 5"):
            self.assertIn(part, by_code)

    def test_unit_and_depth(self):
        def minimum(text):
            return float(next(x for x in text.splitlines() if x.startswith("4 ")).split()[-1].replace(",", ""))
        wan, yuan = self.text("--depth", "2"), self.text("--depth", "2", "--unit", "yuan")
        self.assertAlmostEqual(minimum(yuan), 1e4 * minimum(wan), delta=100)
        self.assertIn("万元", wan)
        self.assertNotIn("\n1.2.1 ", wan)
        self.assertIn("\n1.2.1 ", self.text("--depth", "3"))

    def test_leverage_and_retention(self):
        with tempfile.TemporaryDirectory() as folder:
            sheet = pathlib.Path(folder) / "company.yaml"
            sheet.write_text("company: x\nunit: 亿元\nsize_multiplier: 1\nnet_assets: 20\nactual_capital: 25\n"
                             "largest_single_retention: 2\ninsurance:\n  financing:\n"
                             "    corporate: {balance: 70, net_claims_reserve: 3}\n"
                             "    mortgage: {balance: 10, net_claims_reserve: 0}\n")
            r = crossmc(sheet)
        self.assertEqual(r.returncode, 0, r.stderr)
        self.assertRegex(r.stdout, r"financing guarantee balance / net assets +4\.00\n")
        self.assertRegex(r.stdout, r"largest single-risk retention / actual capital +8\.00 %\n")

    def test_wrong_usage(self):
        for args, text in ((("--rules", "2024"), "no version '2024'"), (("--explain", "1.9"), "no node '1.9'"),
                           (("--unit", "yen"), "wan or yuan"), (("--format", "xml"), "text or csv")):
            r = crossmc(SHEET, *args)
            self.assertEqual(r.returncode, 2, (args, r.stderr))
            self.assertIn(text, r.stderr)


class Holdings(unittest.TestCase):
    """A split of one into two leaves value and holding time as in a book that was written in today's shares."""

    def explain(self, lots, actions):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            for name in ("equity.yaml", "instruments.csv", "rates.csv"):
                shutil.copy(SOURCE / "tests" / "data" / "small" / name, folder / name)
            (folder / "company.yaml").write_text("company: x\nunit: CNY\nsize_multiplier: 1\nmarket: {stocks: book}\n")
            (folder / "lots.csv").write_text("instrument_id,date,quantity,price\n" + lots)
            if actions:
                (folder / "actions.csv").write_text("instrument_id,date,ratio\n" + actions)
            (folder / "analysis.yaml").write_text(
                "title: holdings\nvaluation_date: 2025-12-31\ntrials: 1000\nbook:\n  exchange_rates: rates.csv\n"
                "  instruments: instruments.csv\n  lots: [lots.csv]\n  company: company.yaml\n" +
                ("  corporate_actions: actions.csv\n" if actions else "") + "models: {equity: equity.yaml}\n")
            return crossmc(folder / "analysis.yaml", "--explain", "market.equity")

    def test_split(self):
        r = self.explain("600001,2021-12-31,100,20\n600001,2023-12-31,-100,15\n", "600001,2022-06-30,2\n")
        self.assertEqual(r.returncode, 0, r.stderr)
        today = self.explain("600001,2021-12-31,200,10\n600001,2023-12-31,-100,15\n", None)
        self.assertEqual(r.stdout, today.stdout)
        self.assertIn("1,250.00    4.000", r.stdout)  # 100 shares at 12.5, held four years

    def test_sold_too_much(self):
        r = self.explain("600001,2021-12-31,100,20\n600001,2022-06-29,-150,15\n", "600001,2022-06-30,2\n")
        self.assertEqual(r.returncode, 3)
        self.assertIn("lots.csv:3 (quantity): '-150'", r.stderr)
        r = self.explain("600001,2021-12-31,100,20\n600001,2022-06-30,-150,15\n", "600001,2022-06-30,2\n")
        self.assertEqual(r.returncode, 0, r.stderr)


if __name__ == "__main__":
    unittest.main()
