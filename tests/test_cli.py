"""The program as a user meets it: exit codes, messages with place and expectation, and what is left on disk.

Every case starts from a small whole analysis (all four risks) that the known-answer case T17 leaves behind, and spoils
one thing. Run with the system Python: CROSSMC=build/crossmc /usr/bin/python3 -m unittest tests/test_cli.py
"""

import os
import pathlib
import resource
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

CROSSMC = os.environ.get("CROSSMC", "build/crossmc")


def crossmc(*args, **kw):
    return subprocess.run([CROSSMC, *map(str, args)], capture_output=True, text=True, timeout=300, **kw)


class Base(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.root = pathlib.Path(cls.temporary.name)
        # 1,000 trials make the statistics weak: only the files matter here.
        subprocess.run([CROSSMC, "validate", "T17", "--trials", "1000", "--keep", str(cls.root)], capture_output=True)
        cls.whole = cls.root / "T17"

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def setUp(self):
        self.folder = self.root / self.id().rsplit(".", 1)[-1]
        shutil.copytree(self.whole, self.folder)
        self.out = self.folder / "out.h5"

    def edit(self, name, old, new, count=1):
        path = self.folder / name
        text = path.read_text()
        self.assertIn(old, text, f"{name} no longer holds what this test changes")
        path.write_text(text.replace(old, new, count))

    def run_analysis(self, *args, **kw):
        return crossmc("run", self.folder / "analysis.yaml", "-o", self.out, "--trials", 1000, *args, **kw)

    def bad(self, *expected):
        """The run ends with exit code 3, names everything expected, and leaves no results file."""
        r = self.run_analysis()
        self.assertEqual(r.returncode, 3, r.stderr)
        for text in expected:
            self.assertIn(text, r.stderr)
        self.assertFalse(self.out.exists())
        return r.stderr


class InstructionSet(unittest.TestCase):
    """--isa and CROSSMC_ISA: what the processor lacks is refused with a list of what it has."""

    def refused(self, r, name, asked="--isa"):
        self.assertEqual(r.returncode, 2, r.stderr)
        self.assertIn(f"error: {asked}: this processor or build has no kernels for '{name}'; it has scalar", r.stderr)

    def test_absent(self):
        for name in ("mmx", "avx1024", "AVX2 ", ""):
            self.refused(crossmc("run", "scenarios/demo/analysis.yaml", "--isa", name), name)
            self.refused(crossmc("bench", "kernels", "--isa", name), name)
            if name:
                self.refused(crossmc("--version", env={**os.environ, "CROSSMC_ISA": name}), name, "CROSSMC_ISA")

    def test_other_targets_of_the_build(self):
        version = crossmc("--version").stdout
        for name in ("avx2", "avx512"):
            if f"{name}: the processor lacks" in version:
                r = crossmc("run", "scenarios/demo/analysis.yaml", "--isa", name)
                self.refused(r, name)
                self.assertIn(f"{name}: the processor lacks {name}", r.stderr)

    def test_version_says_what_and_why(self):
        self.assertRegex(crossmc("--version").stdout, r"kernels \w+ \(this processor can run: scalar.*the best one is chosen")
        r = crossmc("--version", env={**os.environ, "CROSSMC_ISA": "scalar"})
        self.assertRegex(r.stdout, r"kernels scalar \(.*asked for by CROSSMC_ISA")
        self.assertIn("self-check passed", r.stdout)


class Usage(Base):
    def test_whole_analysis_runs(self):
        r = self.run_analysis()
        self.assertEqual(r.returncode, 0, r.stderr)
        self.assertTrue(self.out.exists())
        self.assertFalse(pathlib.Path(str(self.out) + ".part").exists())
        self.assertIn("expected time of the loop", r.stderr)
        self.assertIn("ylt_sha256", r.stdout)
        self.assertEqual(crossmc("report", self.out).returncode, 0)

    def test_help_and_version(self):
        self.assertEqual(crossmc("--help").returncode, 0)
        self.assertIn("crossmc", crossmc("--version").stdout)
        for command in ("run", "report", "regulatory", "book", "validate"):
            self.assertIn(command, crossmc("--help").stdout)
            self.assertEqual(crossmc(command, "--help").returncode, 0)

    def test_wrong_usage(self):
        for args in ([], ["nonsense"], ["run"], ["run", "a", "b"], ["run", "a", "--trials", "-1"],
                     ["run", "a", "--seed", "luck=1"], ["run", "a", "--block", "1000"], ["report", "--format", "x", "y"]):
            r = crossmc(*args)
            self.assertEqual(r.returncode, 2, (args, r.stderr))
            self.assertTrue(r.stderr)

    def test_full_standard_output(self):
        for args in (["--help"], ["--version"], ["validate", "T15"], ["book", "check", self.folder / "analysis.yaml"]):
            with open("/dev/full", "w") as full:
                r = subprocess.run([CROSSMC, *map(str, args)], stdout=full, stderr=subprocess.PIPE, timeout=60)
            self.assertEqual(r.returncode, 4, args)

    def test_seed_changes_only_its_draws(self):
        import h5py
        a = self.run_analysis()
        self.assertEqual(a.returncode, 0, a.stderr)
        with h5py.File(self.out) as f:
            cat, credit = f["ylt/cat_gross"][:], f["ylt/credit_gross"][:]
        self.assertEqual(self.run_analysis("--seed", "credit=99").returncode, 0)
        with h5py.File(self.out) as f:
            self.assertTrue((f["ylt/cat_gross"][:] == cat).all())
            self.assertFalse((f["ylt/credit_gross"][:] == credit).all())


class BadInput(Base):
    def test_missing_analysis(self):
        r = crossmc("run", self.folder / "none.yaml", "-o", self.out)
        self.assertEqual(r.returncode, 3)
        self.assertIn("none.yaml", r.stderr)

    def test_missing_file(self):
        (self.folder / "location.csv").unlink()
        self.bad("location.csv", "No such file")

    def test_malformed_yaml(self):
        self.edit("analysis.yaml", "title:", "title: [")
        self.bad("analysis.yaml")

    def test_unknown_key(self):
        self.edit("analysis.yaml", "currency: CNY", "currency: CNY\ntypo_key: 1")
        self.bad("analysis.yaml", "typo_key")

    def test_wrong_type(self):
        self.edit("analysis.yaml", "trials: 1000", "trials: many")
        self.bad("analysis.yaml", "many")

    def test_negative_amount(self):
        self.edit("location.csv", ",CNY,65536,", ",CNY,-65536,")
        self.assertRegex(self.bad("location.csv", "BuildingTIV", "-65536"), r"location\.csv:\d+:\d+")

    def test_nan_amount(self):
        self.edit("location.csv", ",CNY,65536,", ",CNY,nan,")
        self.bad("location.csv", "BuildingTIV", "nan")

    def test_unknown_peril(self):
        self.edit("location.csv", ",ORF,", ",ZZ9,")
        self.bad("location.csv", "LocPerilsCovered", "ZZ9")

    def test_unknown_country(self):
        self.edit("obligors.csv", ",CHN,", ",XYZ,")
        self.bad("obligors.csv", "country", "XYZ")

    def test_duplicate_ids(self):
        text = (self.folder / "obligors.csv").read_text().splitlines()
        (self.folder / "obligors.csv").write_text("\n".join([*text, text[1]]) + "\n")
        self.bad("obligors.csv", "o1")

    def test_unmapped_line(self):
        self.edit("lines.csv", "PROPERTY,property,property\n", "")
        self.bad("account.csv", "PROPERTY")

    def test_correlation_not_positive_definite(self):
        self.edit("equity.yaml", "[1, 0.25, 0.25]", "[1, 0.99, -0.99]")
        self.edit("equity.yaml", "[0.25, 1, 0.25]", "[0.99, 1, 0.99]")
        self.edit("equity.yaml", "[0.25, 0.25, 1]", "[-0.99, 0.99, 1]")
        self.bad("equity.yaml", "positive definite")

    def test_probability_out_of_range(self):
        text = (self.folder / "obligors.csv").read_text()
        row = text.splitlines()[1].split(",")
        row[8] = "1.5"
        (self.folder / "obligors.csv").write_text(text.replace(text.splitlines()[1], ",".join(row)))
        self.bad("obligors.csv", "probability", "1.5")

    def test_empty_book(self):
        text = (self.folder / "location.csv").read_text().splitlines()[0]
        (self.folder / "location.csv").write_text(text + "\n")
        self.bad("location.csv")

    def test_truncated_events(self):
        data = (self.folder / "events.h5").read_bytes()
        (self.folder / "events.h5").write_bytes(data[: len(data) // 2])
        self.bad("events.h5")

    def test_nothing_to_simulate(self):
        (self.folder / "analysis.yaml").write_text(
            "title: empty\ncurrency: CNY\nvaluation_date: 2025-12-31\ntrials: 10\nbook: {lines: lines.csv}\n")
        self.bad()

    def test_many_errors_at_once(self):
        text = (self.folder / "location.csv").read_text().replace(",ORF,", ",ZZ9,")
        (self.folder / "location.csv").write_text(text)
        self.assertGreaterEqual(self.bad("ZZ9").count("ZZ9"), 10)


class Trouble(Base):
    def test_no_folder(self):
        r = crossmc("run", self.folder / "analysis.yaml", "-o", "/proc/none/out.h5")
        self.assertEqual(r.returncode, 4, r.stderr)
        self.assertIn("/proc/none", r.stderr)

    def test_full_disk(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

        r = crossmc("run", self.folder / "analysis.yaml", "-o", self.out, "--trials", 100000, preexec_fn=limit)
        self.assertEqual(r.returncode, 4, r.stderr)
        self.assertFalse(self.out.exists())

    def test_read_only_folder(self):
        folder = self.folder / "locked"
        folder.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(folder)], capture_output=True).returncode
        if mounted != 0:
            folder.chmod(0o555)
            if os.access(folder, os.W_OK):
                self.skipTest("root without the right to mount: no folder is read-only")
        try:
            r = crossmc("run", self.folder / "analysis.yaml", "-o", folder / "out.h5", "--trials", 1000)
            self.assertEqual(r.returncode, 4, r.stderr)
            self.assertIn("locked", r.stderr)
        finally:
            if mounted == 0:
                subprocess.run(["umount", str(folder)])

    def test_interrupt(self):
        with subprocess.Popen([CROSSMC, "run", str(self.folder / "analysis.yaml"), "-o", str(self.out), "--trials",
                               "8000000", "--block", "16384"], stderr=subprocess.PIPE, stdout=subprocess.PIPE,
                              text=True) as p:
            time.sleep(1.5)
            p.send_signal(signal.SIGINT)
            _, err = p.communicate(timeout=60)
        self.assertEqual(p.returncode, 130, err)
        self.assertIn("interrupted", err)
        self.assertFalse(self.out.exists())

    def test_killed_run_leaves_nothing_that_looks_complete(self):
        with subprocess.Popen([CROSSMC, "run", str(self.folder / "analysis.yaml"), "-o", str(self.out), "--trials",
                               "8000000"], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as p:
            time.sleep(1.5)
            p.kill()
            p.wait()
        self.assertFalse(self.out.exists())
        part = pathlib.Path(str(self.out) + ".part")
        if part.exists():
            r = crossmc("report", part)
            self.assertEqual(r.returncode, 3, r.stderr)


if __name__ == "__main__":
    unittest.main()
