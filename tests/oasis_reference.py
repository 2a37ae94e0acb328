"""Mean losses by event of an Oasis model, by enumeration from the model's definition: slow, and independent of the program.

An item is a (location, peril, coverage) that has a sum insured, an area and a vulnerability function. Its damage ratio in an
event is drawn from sum over intensity bins of P(bin) x P(damage bin | bin), uniform inside a damage bin, so that the mean
loss is the sum insured x sum P(bin) P(damage bin | bin) (from + to) / 2, and the variance follows from the second moment
((from^2 + from to + to^2) / 3)."""
import collections
import csv
import pathlib

COVERAGES = {1: "BuildingTIV", 2: "OtherTIV", 3: "ContentsTIV", 4: "BITIV"}
GROUPS = {"WW1": ["WTC", "WEC", "WSS"], "WW2": ["WTC", "WEC"], "OO1": ["ORF", "OSF"]}


def rows(path):
    with open(path, newline="", encoding="utf-8-sig") as f:
        return list(csv.DictReader(f))


def find(folder, name):
    found = sorted(pathlib.Path(folder).glob(name))
    assert len(found) == 1, (name, found)
    return found[0]


class Model:
    def __init__(self, folder):
        self.bins = {int(r["bin_index"]): (float(r["bin_from"]), float(r["bin_to"]))
                     for r in rows(find(folder, "damage_bin_dict.csv"))}
        table = collections.defaultdict(list)
        for r in rows(find(folder, "vulnerability.csv")):
            table[int(r["vulnerability_id"]), int(r["intensity_bin_id"])].append(
                (int(r["damage_bin_id"]), float(r["probability"])))
        self.moments = {}
        for key, entries in table.items():
            total = sum(p for _, p in entries)
            first = sum(p * sum(self.bins[b]) / 2 for b, p in entries) / total
            second = sum(p * (lo * lo + lo * hi + hi * hi) / 3
                         for b, p in entries for lo, hi in [self.bins[b]]) / total
            self.moments[key] = first, second
        self.footprint = collections.defaultdict(list)
        for r in rows(find(folder, "footprint.csv")):
            self.footprint[int(r["event_id"]), int(r["areaperil_id"])].append(
                (int(r["intensity_bin_id"]), float(r["probability"])))
        self.areas = []
        for r in rows(find(folder, "areaperil_dict.csv")):
            lat = [float(r["LAT%d" % k]) for k in range(1, 5)]
            lon = [float(r["LON%d" % k]) for k in range(1, 5)]
            self.areas.append((r["PERIL_ID"], int(r["COVERAGE_TYPE"]), min(lat), max(lat), min(lon), max(lon),
                               int(r["AREA_PERIL_ID"])))
        self.functions = {(r["PERIL_ID"], int(r["COVERAGE_TYPE"]), int(r["OCCUPANCYCODE"])): int(r["VULNERABILITY_ID"])
                          for r in rows(find(folder, "vulnerability_dict.csv"))}
        self.perils = sorted({a[0] for a in self.areas})

    def items(self, locations):
        """(location row, peril, coverage, sum insured, area, function) of each item."""
        cache = {}
        for at, r in enumerate(locations):
            covered = {p for code in r["LocPerilsCovered"].split(";") for p in GROUPS.get(code, [code])}
            place = float(r["Latitude"]), float(r["Longitude"])
            for peril in self.perils:
                for coverage, column in COVERAGES.items():
                    tiv = float(r.get(column) or 0)
                    function = self.functions.get((peril, coverage, int(r["OccupancyCode"])))
                    if tiv <= 0 or function is None or peril not in covered:
                        continue
                    key = peril, coverage, place
                    if key not in cache:
                        cache[key] = [a[6] for a in self.areas if a[:2] == (peril, coverage) and
                                      a[2] <= place[0] < a[3] and a[4] <= place[1] < a[5]]
                    if cache[key]:
                        yield at, peril, coverage, tiv, min(cache[key]), function

    def ratio(self, event, area, function):
        """First and second moment of the damage ratio; None where the event does not touch the area."""
        entries = self.footprint.get((event, area))
        if not entries:
            return None
        total = sum(p for _, p in entries)
        pairs = [(p / total, self.moments.get((function, b), (0, 0))) for b, p in entries]
        return sum(p * m[0] for p, m in pairs), sum(p * m[1] for p, m in pairs)

    def losses(self, locations):
        """{event: (mean, variance of independent items, items touched)}."""
        by_kind = collections.defaultdict(lambda: [0, 0, 0])
        for _, _, _, tiv, area, function in self.items(locations):
            kind = by_kind[area, function]
            kind[0] += tiv
            kind[1] += tiv * tiv
            kind[2] += 1
        by_area = collections.defaultdict(list)
        for (area, function), kind in by_kind.items():
            by_area[area].append((function, kind))
        out = collections.defaultdict(lambda: [0.0, 0.0, 0])
        for event, area in self.footprint:
            for function, (tiv, square, n) in by_area.get(area, ()):
                first, second = self.ratio(event, area, function)
                out[event][0] += tiv * first
                out[event][1] += square * (second - first * first)
                out[event][2] += n
        return {k: tuple(v) for k, v in out.items()}
