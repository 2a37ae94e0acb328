"""test_results_files.py MAKE_RESULTS: opens a results file the way users do, with h5py, pandas and xarray, and checks that
it says what docs/results.md promises."""
import csv
import hashlib
import io
import os
import subprocess
import sys
import tempfile

import h5py
import numpy as np
import pandas as pd
import xarray as xr

FAILED = []


def check(what, ok):
    if not ok:
        FAILED.append(what)
        print(f"failed: {what}")


def datasets(f):
    found = []
    f.visititems(lambda name, o: found.append(name) if isinstance(o, h5py.Dataset) else None)
    return found


def test_h5py(path):
    with h5py.File(path, "r") as f:
        a = f.attrs
        trials = int(a["trials"])
        check("complete", a["complete"] == 1 and a["schema_version"] == 1)
        check("attributes", {"title", "software_version", "config_sha256", "plan_sha256", "ylt_sha256", "seeds", "loss_grid",
                             "currency"} <= set(a))
        check("seeds by name", dict(zip(a["seed_names"], a["seeds"]))["equity"] == 4)
        # the hash: every dataset of /ylt in path order, little-endian, rows one after another
        h = hashlib.sha256()
        for name in sorted(f["ylt"]):
            d = f["ylt"][name]
            check(f"{name} is double", d.dtype == np.dtype("<f8"))
            check(f"{name} trials last", d.shape[-1] == trials)
            check(f"{name} chunks", d.chunks == ((1,) * (d.ndim - 1) + (min(trials, 16384),)))
            check(f"{name} no filter", d.compression is None and not d.shuffle)
            h.update(d[:].astype("<f8").tobytes())
        check("ylt_sha256", h.hexdigest() == a["ylt_sha256"])
        y = f["ylt"]
        check("net = gross - ceded", np.array_equal(y["cat_net"][:], y["cat_gross"][:] - y["cat_ceded"][:]))
        check("total = sum of segments", np.array_equal(y["total"][:], y["segment_net"][:].sum(axis=0)))
        check("on the grid", np.all(y["total"][:] / a["loss_grid"] % 1 == 0))
        for name in datasets(f):
            d = f[name]
            if name == "provenance/analysis" or name == "trial":
                continue
            is_scale = d.attrs.get("CLASS") == b"DIMENSION_SCALE"
            check(f"{name} units", "units" in d.attrs)
            check(f"{name} long_name", "long_name" in d.attrs)
            check(f"{name} no compound", d.dtype.fields is None)
            if not is_scale:
                check(f"{name} scales", all(len(dim) == 1 for dim in d.dims))
            info = h5py.h5o.get_info(d.id)
            check(f"{name} no object time", not hasattr(info, "mtime") or info.mtime == 0)
        check("OEP of catastrophe only", np.isnan(f["ep/loss"][-1, :2]).all() and np.isfinite(f["ep/loss"][0, :2]).all())
        check("provenance", {"created", "isa", "threads", "host", "processor", "compiler", "libraries"}
              <= set(f["provenance"].attrs))
        check("analysis text", f["provenance/analysis"][()].decode().startswith("title:"))
        check("elt", np.isnan(f["elt/sd_loss"][1]) and f["elt/event_id"][1] == 2)
        # own quantiles: the definition that the file states
        total, n = np.sort(y["total"][:]), trials
        rows = [s.decode() for s in f["measures/risk"][:]]
        i = rows.index("total")
        for k, p in enumerate(f["measures/quantile"][:]):
            check(f"VaR at {p}", f["measures/var"][i, k] == total[int(np.ceil(round(n * p, 6))) - 1])
        q = list(f["measures/quantile"][:]).index(0.995)
        contributions = f["allocation/contribution"][:, 1]
        check("allocation adds up", contributions.sum() == f["measures/tvar"][i, q])
        check("allocation by risk", abs(f["allocation/risk_contribution"][:, 1].sum() - contributions.sum()) == 0)


def test_pandas(path):
    with h5py.File(path, "r") as f:
        frame = pd.DataFrame({k: f["ylt"][k][:] for k in f["ylt"] if f["ylt"][k].ndim == 1})
        tail = frame[frame["total"] > frame["total"].quantile(0.995)]
        check("pandas", len(frame) == f.attrs["trials"] and tail["total"].mean() > frame["total"].mean())
        elt = pd.DataFrame({k: f["elt"][k][:] for k in f["elt"]}).set_index("event_id")
        check("elt in pandas", elt.loc[1, "occurrences"] == 4000)


def test_xarray(path):
    with h5py.File(path, "r") as f:
        groups = [None] + [k for k in f if isinstance(f[k], h5py.Group)]
        groups += [f"regulatory/{k}" for k in f["regulatory"] if isinstance(f["regulatory"][k], h5py.Group)]
    check("three versions of the rules", sum(g is not None and g.startswith("regulatory/") for g in groups) == 3)
    for group in groups:
        with xr.open_dataset(path, engine="h5netcdf", group=group) as d:
            d.load()
            check(f"group {group}", len(d.variables) > 0 or group == "provenance")
    root = xr.load_dataset(path, engine="h5netcdf")
    measures = xr.load_dataset(path, engine="h5netcdf", group="measures")
    var = measures["var"].sel(risk="total", quantile=0.995)
    check("selection by name", measures["var_lower"].sel(risk="total", quantile=0.995) <= var
          <= measures["var_upper"].sel(risk="total", quantile=0.995))
    check("units", measures["var"].attrs["units"] == "CNY" and "smallest x" in measures["quantile"].attrs["long_name"])
    ylt = xr.load_dataset(path, engine="h5netcdf", group="ylt").assign_coords(segment=root["segment"])
    one = ylt["segment_net"].sel(segment="equity/star/star/market")
    check("segment by name", one.sizes == {"trial": root.attrs["trials"]} and float(one.max()) > 0)
    reg = xr.load_dataset(path, engine="h5netcdf", group="regulatory")
    row = reg.sel(row="catastrophe")
    check("status", str(row["status"].values) == "compared" and str(row["basis"].values) == "VaR")
    check("difference", np.allclose(row["difference"], row["capital"] - row["factor_amount"]))
    total = reg.sel(row="total")
    check("total is the matched minimum", np.array_equal(total["factor_amount"], reg["matched"]))
    outside = reg["capital"].where(reg["status"] == "not simulated", drop=True)
    check("not simulated is missing, not zero", outside.size > 5 and bool(outside.isnull().all()))


def test_report(make, path):
    run = subprocess.run([make, path, "20000", "csv"], capture_output=True, text=True, timeout=100)
    check("csv exit", run.returncode == 0)
    rows = list(csv.DictReader(io.StringIO(run.stdout)))
    frame = pd.read_csv(io.StringIO(run.stdout), float_precision="round_trip")
    check("csv columns", list(frame.columns) == "section,row,item,level,value,se,lower,upper,unit".split(","))
    check("csv rows", len(rows) == len(frame) > 500)
    with h5py.File(path, "r") as f:
        names = [s.decode() for s in f["measures/risk"][:]]
        var = f["measures/var"][names.index("total"), 6]
    cell = frame[(frame.section == "measures") & (frame.row == "total") & (frame.item == "var") & (frame.level == 0.995)]
    check("csv gives every digit", len(cell) == 1 and cell.value.iloc[0] == var)
    text = subprocess.run([make, path, "20000", "text"], capture_output=True, text=True, timeout=100).stdout
    for words in ("20,000 trials", "Capital at risk", "VaR-mean", "matched minimum", "not simulated", "diversification",
                  "simulation error only", "Sanity anchors", "for information", "2025-12", "Where the tail comes from", "4.17"):
        check(f"the report says '{words}'", words in text)
    check("the report has no bare nan", "nan" not in text.replace("financ", "").replace("Manistre", ""))


make = sys.argv[1]
with tempfile.TemporaryDirectory() as folder:
    results = os.path.join(folder, "results.h5")
    subprocess.run([make, results, "40000"], check=True, timeout=100)
    test_h5py(results)
    test_pandas(results)
    test_xarray(results)
    test_report(make, os.path.join(folder, "report.h5"))
    check("no .part left", sorted(os.listdir(folder)) == ["report.h5", "results.h5"])
print("all checks passed" if not FAILED else f"{len(FAILED)} checks failed")
sys.exit(bool(FAILED))
