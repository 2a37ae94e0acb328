#!/usr/bin/env python3
"""Fits an equity model to a file of closing prices and writes it as the YAML that an analysis names.

    calibrate.py --model garch --prices PRICES.csv -o equity.yaml --index CSI300=CSI300:0.6 …

The price file has a column `date` and one column of closing prices per index; cells may be empty. An index is given as
NAME=COLUMN[:MACRO_WEIGHT[:PRICE_LIMIT]]. Parameters are facts and may be shipped; prices are not written anywhere.

Method
  Returns are simple daily ones, less their mean. GARCH(1,1) with Student t innovations by maximum likelihood with variance
  targeting: omega = (1 - alpha - beta) times the sample variance, never free (free, it implies twice the variance observed).
  Correlation: Ledoit and Wolf (2004) on standardised residuals of the common dates. One number of degrees of freedom for
  all indices by maximum likelihood of the multivariate t; dynamic correlation (a, b) likewise. Standard errors from the
  observed information. Goodness of fit: Kolmogorov-Smirnov of the residuals' probability transforms, Ljung-Box of 20
  squared residuals, share of variance. --stretch INDEX=PROXY: an index without old crashes gets its long-run variance
  times the PROXY's variance over all its history by that over the index's own dates.
"""
import argparse
import csv
import datetime
import sys

import numpy as np
from scipy import optimize, signal, special, stats

DAYS = 244
CRISES = [("2007-08", "2007-10-01", "2008-12-31"), ("2015", "2015-06-01", "2016-03-01"),
          ("2018", "2018-01-01", "2019-01-31"), ("2021-24", "2021-02-01", "2024-09-23")]


def fail(message):
    sys.exit(f"calibrate.py: {message}")


def read_prices(path, columns, first, last):
    """dates [n] and prices [n][columns], NaN where a cell is empty."""
    dates, rows = [], []
    with open(path, newline="", encoding="utf-8-sig") as f:
        reader = csv.DictReader(f)
        missing = [c for c in ["date"] + columns if c not in (reader.fieldnames or [])]
        if missing:
            fail(f"{path}: no column {', '.join(missing)}; it has {', '.join(reader.fieldnames or [])}")
        for row in reader:
            at = f"{path}:{reader.line_num}"
            try:
                day = datetime.date.fromisoformat(row["date"])
            except ValueError:
                fail(f"{at}: date: '{row['date']}': expected YYYY-MM-DD")
            if dates and day <= dates[-1]:
                fail(f"{at}: date: '{row['date']}': expected a date after {dates[-1]}")
            values = []
            for c in columns:
                try:
                    x = float(row[c]) if row[c] not in ("", None) else np.nan
                except ValueError:
                    fail(f"{at}: {c}: '{row[c]}': expected a price")
                if x <= 0:
                    fail(f"{at}: {c}: '{row[c]}': expected a price above 0")
                values.append(x)
            if (first and day < first) or (last and day > last):
                continue
            dates.append(day)
            rows.append(values)
    if len(dates) < 500:
        fail(f"{path}: expected at least 500 days, got {len(dates)}")
    return dates, np.array(rows)


def own_returns(prices):
    """Simple returns between the days on which the index has a price, and the rows of those days."""
    at = np.flatnonzero(~np.isnan(prices))
    return prices[at[1:]] / prices[at[:-1]] - 1, at[1:]


# ---- GARCH ----

def variances(e2, alpha, beta, v):
    """h_t = (1 - alpha - beta) v + alpha e_{t-1}^2 + beta h_{t-1}, h_0 = v."""
    news = np.concatenate([[v], (1 - alpha - beta) * v + alpha * e2[:-1]])
    return signal.lfilter([1.0], [1.0, -beta], news)


def log_t(x, nu):
    """Log density of a Student t of unit variance."""
    return (special.gammaln((nu + 1) / 2) - special.gammaln(nu / 2) - 0.5 * np.log(np.pi * (nu - 2))
            - (nu + 1) / 2 * np.log1p(x * x / (nu - 2)))


def garch_likelihood(theta, e, v):
    alpha, beta, nu = theta
    if not (0 <= alpha and 0 <= beta and alpha + beta < 0.9995 and 2.05 < nu < 200):
        return 1e10
    h = variances(e * e, alpha, beta, v)
    return -np.sum(log_t(e / np.sqrt(h), nu) - 0.5 * np.log(h))


def standard_errors(f, x, steps):
    """From the inverse of the observed information, by central differences; NaN where it is not positive definite."""
    n = len(x)
    hessian = np.empty((n, n))
    for i in range(n):
        for j in range(n):
            d = 0.0
            for si in (1, -1):
                for sj in (1, -1):
                    y = np.array(x, float)
                    y[i] += si * steps[i]
                    y[j] += sj * steps[j]
                    d += si * sj * f(y)
            hessian[i, j] = d / (4 * steps[i] * steps[j])
    try:
        variance = np.diag(np.linalg.inv(hessian))
    except np.linalg.LinAlgError:
        return np.full(n, np.nan)
    return np.sqrt(np.where(variance > 0, variance, np.nan))


def fit_garch(r):
    e = r - r.mean()
    v = e.var()
    best = None
    for start in ([0.05, 0.93, 6], [0.1, 0.85, 8]):
        got = optimize.minimize(garch_likelihood, start, args=(e, v), method="Nelder-Mead",
                                options={"xatol": 1e-6, "fatol": 1e-6, "maxiter": 4000})
        best = got if best is None or got.fun < best.fun else best
    alpha, beta, nu = best.x
    room = max(0.9995 - alpha - beta, 1e-4)
    se = standard_errors(lambda x: garch_likelihood(x, e, v), best.x, [min(2e-3, room / 4), min(2e-3, room / 4), 0.05])
    h = variances(e * e, alpha, beta, v)
    last = (1 - alpha - beta) * v + alpha * e[-1] ** 2 + beta * h[-1]
    return dict(alpha=alpha, beta=beta, nu=nu, se=se, v=v, residual=e / np.sqrt(h), likelihood=-best.fun,
                current=np.sqrt(last * DAYS), volatility=np.sqrt(v * DAYS))


def goodness(fit):
    z, n = fit["residual"], len(fit["residual"])
    u = stats.t.cdf(z * np.sqrt(fit["nu"] / (fit["nu"] - 2)), fit["nu"])
    s = z * z - np.mean(z * z)
    q = n * (n + 2) * sum((np.sum(s[k:] * s[:-k]) / np.sum(s * s)) ** 2 / (n - k) for k in range(1, 21))
    return dict(ks=stats.kstest(u, "uniform").pvalue, ljung_box=stats.chi2.sf(q, 20),
                skewness=float(stats.skew(z)), excess_kurtosis=float(stats.kurtosis(z)))


# ---- dependence ----

def ledoit_wolf(z):
    """Shrinkage of the covariance of standardised columns to the identity, as a correlation; and the weight of the identity."""
    n, k = z.shape
    z = (z - z.mean(0)) / z.std(0)
    s = z.T @ z / n
    d2 = np.sum((s - np.eye(k)) ** 2)
    b2 = sum(np.sum((np.outer(x, x) - s) ** 2) for x in z) / n ** 2
    weight = min(b2 / d2, 1.0) if d2 > 0 else 1.0
    return (1 - weight) * s + weight * np.eye(k), weight


def multivariate_t(nu, quadratic, log_det, k):
    return np.sum(special.gammaln((nu + k) / 2) - special.gammaln(nu / 2) - 0.5 * k * np.log(np.pi * (nu - 2))
                  - 0.5 * log_det - (nu + k) / 2 * np.log1p(quadratic / (nu - 2)))


def fit_common_nu(z, correlation):
    k = z.shape[1]
    quadratic = np.einsum("ij,jk,ik->i", z, np.linalg.inv(correlation), z)
    log_det = np.linalg.slogdet(correlation)[1]
    def f(x):
        return -multivariate_t(x[0], quadratic, log_det, k) if x[0] > 2.05 else 1e10
    got = optimize.minimize_scalar(lambda x: f([x]), bounds=(2.1, 100), method="bounded")
    return got.x, standard_errors(f, [got.x], [0.05])[0], -got.fun


def dynamic_likelihood(theta, z, correlation, nu):
    a, b = theta
    if not (a >= 0 and b >= 0 and a + b < 0.9995):
        return 1e10
    n, k = z.shape
    q, quadratic, log_det = correlation.copy(), np.empty(n), np.empty(n)
    for t in range(n):
        d = 1 / np.sqrt(np.diag(q))
        c = np.linalg.cholesky(q * np.outer(d, d))
        y = np.linalg.solve(c, z[t])
        quadratic[t] = y @ y
        log_det[t] = 2 * np.sum(np.log(np.diag(c)))
        q = (1 - a - b) * correlation + a * np.outer(z[t], z[t]) + b * q
    return -multivariate_t(nu, quadratic, log_det, k)


def fit_dynamic(z, correlation, nu):
    got = optimize.minimize(dynamic_likelihood, [0.02, 0.95], args=(z, correlation, nu), method="Nelder-Mead",
                            options={"xatol": 1e-4, "fatol": 1e-3, "maxiter": 200})
    room = max(0.9995 - got.x.sum(), 1e-4)
    se = standard_errors(lambda x: dynamic_likelihood(x, z, correlation, nu), got.x, [min(1e-3, room / 4)] * 2)
    return got.x, se, -got.fun


# ---- one step ----

def annual_returns(prices):
    p = prices[~np.isnan(prices)]
    return p[DAYS:] / p[:-DAYS] - 1


def lower_half(r):
    """One-year returns below their median, as distances from it: the law is symmetric, and capital is held for losses, so
    it is fitted to the losing side (the winning side, up to +350 % in 2007, would more than double the volatility)."""
    middle = np.median(r)
    return r[r < middle] - middle


def fit_student_annual(halves):
    """Degrees of freedom of the standardised lower halves, pooled; overlapping returns depend on each other, so the
    standard error counts the years that do not overlap."""
    z = np.concatenate([d / np.sqrt(np.mean(d * d)) for d in halves])
    got = optimize.minimize_scalar(lambda nu: -np.sum(log_t(z, nu)), bounds=(2.1, 200), method="bounded")
    se = standard_errors(lambda x: -np.sum(log_t(z, x[0])), [got.x], [0.1])[0] * np.sqrt(DAYS)
    return got.x, se


LEAST_JUMP_SD = 0.05


def merton_likelihood(theta, x, years):
    sigma, mean, sd, intensity = theta
    if not (sigma > 1e-3 and LEAST_JUMP_SD <= sd < 1 and -1 < mean < 0 and 0 <= intensity < 20):
        return 1e10
    centre = x.mean() - intensity * years * mean
    k = np.arange(25)[:, None]
    weight = stats.poisson.logpmf(k, intensity * years)
    scale = np.sqrt(sigma ** 2 * years + k * sd ** 2)
    return -np.sum(special.logsumexp(weight + stats.norm.logpdf(x[None], centre + k * mean, scale), axis=0))


def months(prices):
    return np.diff(np.log(prices[~np.isnan(prices)][::21])), 21 / DAYS


def fit_merton(prices):
    """Falls by jumps, on logarithmic returns of 21 days that do not overlap; a jump's standard deviation is held at 0.05
    or more, as months do not tell a fixed size from a narrow law."""
    x, years = months(prices)
    got = optimize.minimize(merton_likelihood, [0.8 * x.std() / np.sqrt(years), -0.1, 0.1, 0.5], args=(x, years),
                            method="Nelder-Mead", options={"xatol": 1e-5, "fatol": 1e-5, "maxiter": 6000})
    def inner(t):
        return merton_likelihood([t[0], t[1], max(t[2], LEAST_JUMP_SD), t[3]], x, years)
    free = [0, 1, 3] if got.x[2] < LEAST_JUMP_SD + 3e-3 else [0, 1, 2, 3]
    def free_only(t):
        y = np.array(got.x)
        y[free] = t
        return inner(y)
    se = np.full(4, np.nan)
    se[free] = standard_errors(free_only, got.x[free], np.array([1e-3, 2e-3, 1e-3, 2e-2])[free])
    normal = stats.norm.logpdf(x, x.mean(), x.std()).sum()
    return got.x, se, -got.fun - normal, len(x)


# ---- crises ----

def drawdown(prices):
    p = prices[~np.isnan(prices)]
    return float(np.min(p / np.maximum.accumulate(p) - 1)) if len(p) > 20 else np.nan


def crises(dates, prices, names, proxy):
    """Peak to trough of each index in each window; an index without prices there: its beta times the proxy's."""
    out = []
    for name, first, last in CRISES:
        inside = np.array([datetime.date.fromisoformat(first) <= d <= datetime.date.fromisoformat(last) for d in dates])
        shocks, borrowed = [], []
        for i, index in enumerate(names):
            x = prices[inside, i]
            if np.isnan(x).mean() < 0.2:
                shocks.append(drawdown(x))
                continue
            both = ~np.isnan(prices[:, i]) & ~np.isnan(prices[:, proxy])
            r = prices[both][1:] / prices[both][:-1] - 1
            beta = np.cov(r[:, i], r[:, proxy])[0, 1] / np.var(r[:, proxy], ddof=1)
            # by the logarithm, so that a beta above one cannot lose more than all
            shocks.append(float(np.expm1(beta * np.log1p(drawdown(prices[inside, proxy])))))
            borrowed.append(f"{index} {beta:.2f}")
        source = f"peak to trough of each index from {first} to {last}"
        if borrowed:
            source += f"; without prices then, exponent of the proxy {names[proxy]}: " + ", ".join(borrowed)
        if not np.isnan(shocks).any():
            out.append((name, shocks, source))
    return out


# ---- output ----

def number(x, digits=5):
    return "nan" if np.isnan(x) else f"{x:.{digits}g}"


def write(a, dates, names, prices, weights, limits):
    lines = []
    say = lines.append
    rows = [own_returns(prices[:, i]) for i in range(len(names))]
    fits = [fit_garch(r) for r, _ in rows]
    common = sorted(set.intersection(*(set(at) for _, at in rows)))
    z = np.column_stack([f["residual"][np.searchsorted(at, common)] for f, (_, at) in zip(fits, rows)])
    if len(common) < 250:
        fail(f"expected at least 250 days that all indices have, got {len(common)}")
    z = z / z.std(0)
    correlation, weight = ledoit_wolf(z)
    span = [(dates[at[0] - 1], dates[at[-1]]) for _, at in rows]
    volatility = [f["volatility"] for f in fits]
    notes, stretch = [""] * len(names), [1.0] * len(names)
    for pair in a.stretch:
        index, proxy = pair.split("=")
        i, k = names.index(index), names.index(proxy)
        own = np.isin(rows[k][1], rows[i][1])
        ratio = rows[k][0].std() / rows[k][0][own].std()
        notes[i] = (f"; {span[i][0]} to {span[i][1]} has no crash like 2008 or 2015: long-run volatility {volatility[i]:.4f} "
                    f"of those days times {ratio:.3f}, volatility of {proxy} since {span[k][0]} by that of the same days")
        volatility[i] *= ratio
        stretch[i] = ratio
    say("# Written by scenarios/equity/calibrate.py; parameters and statistics only, no prices. docs/equity.md.")
    if a.source:
        say(f"# Data: {a.source}.")
    say(f"model: {a.model}")
    fit = [f"correlation: {{method: Ledoit-Wolf, shrinkage: {number(weight, 3)}, days: {len(common)}, "
           f"from: {dates[common[0]]}, until: {dates[common[-1]]}}}"]
    extra = [{} for _ in names]
    if a.model == "garch":
        nu, se, static = fit_common_nu(z, correlation)
        say(f"degrees_of_freedom: {number(nu, 4)}")
        fit.append(f"degrees_of_freedom: {{se: {number(se, 2)}, log_likelihood: {number(static, 7)}}}")
        if a.dynamic:
            (da, db), se, moving = fit_dynamic(z, correlation, nu)
            say(f"dynamic_correlation: {{a: {number(da, 3)}, b: {number(db, 4)}}}")
            fit.append(f"dynamic_correlation: {{se_a: {number(se[0], 2)}, se_b: {number(se[1], 2)}, "
                       f"log_likelihood: {number(moving, 7)}}}")
    elif a.model in ("student", "gaussian"):
        halves = [lower_half(annual_returns(prices[:, i])) for i in range(len(names))]
        volatility = [np.sqrt(np.mean(d * d)) * s for d, s in zip(halves, stretch)]
        if a.model == "student":
            nu, se = fit_student_annual(halves)
            say(f"degrees_of_freedom: {number(nu, 4)}")
            fit.append(f"degrees_of_freedom: {{se: {number(se, 2)}, data: overlapping one-year returns below the median}}")
        notes = [n + "; root mean square of one-year returns below their median, from it" for n in notes]
    elif a.model == "jump":
        theta, se, gain, n = fit_merton(prices[:, 0])
        say(f"jumps: {{intensity: {number(theta[3], 4)}}}")
        fit.append(f"jumps: {{index: {names[0]}, months: {n}, log_likelihood_above_normal: {number(gain, 4)}, se_volatility: "
                   f"{number(se[0], 2)}, se_mean: {number(se[1], 2)}, se_sd: {number(se[2], 2)}, se_intensity: "
                   f"{number(se[3], 2)}}}")
        for i in range(len(names)):
            x, years = months(prices[:, i])
            both = np.isin(rows[0][1], rows[i][1]), np.isin(rows[i][1], rows[0][1])
            beta = np.cov(rows[i][0][both[1]], rows[0][0][both[0]])[0, 1] / np.var(rows[0][0][both[0]], ddof=1)
            mean, sd = beta * theta[1], beta * theta[2]
            variance = x.var() / years * stretch[i] ** 2 - theta[3] * (mean ** 2 + sd ** 2)
            volatility[i] = theta[0] if i == 0 else np.sqrt(max(variance, 0.01))
            extra[i] = dict(jump_mean=number(mean, 4), jump_sd=number(sd, 4))
            if i:
                notes[i] += f"; jumps of {names[0]} times beta {beta:.2f}, volatility so that the variance of months is kept"
    elif a.model == "historical":
        say(f"returns: {a.returns}")
        with open(a.returns_path, "w", encoding="utf-8") as f:
            print("date," + ",".join(names), file=f)
            table = np.column_stack([r[np.searchsorted(at, common)] for r, at in rows])
            for day, row in zip(common, table):
                print(f"{dates[day]}," + ",".join(f"{x:.8f}" for x in row), file=f)
    say("idio_degrees_of_freedom: 6")
    say("indices:")
    for i, name in enumerate(names):
        f, g = fits[i], goodness(fits[i])
        say(f"  - name: {name}")
        say(f"    volatility: {number(volatility[i], 4)}")
        say(f"    macro_weight: {weights[i]:g}")
        if a.model in ("garch", "historical"):
            say(f"    alpha: {number(f['alpha'], 4)}")
            say(f"    beta: {number(f['beta'], 5)}")
            say(f"    current_volatility: {number(f['current'], 4)}")
            say(f"    price_limit: {limits[i]:g}")
            say(f"    fit: {{se_alpha: {number(f['se'][0], 2)}, se_beta: {number(f['se'][1], 2)}, own_nu: "
                f"{number(f['nu'], 3)}, se_nu: {number(f['se'][2], 2)}, ks_p: {number(g['ks'], 2)}, ljung_box_p: "
                f"{number(g['ljung_box'], 2)}, residual_skewness: {number(g['skewness'], 2)}, "
                f"residual_excess_kurtosis: {number(g['excess_kurtosis'], 2)}}}")
        for key, value in extra[i].items():
            say(f"    {key}: {value}")
        say(f"    source: '{len(rows[i][0])} daily returns, {span[i][0]} to {span[i][1]}{notes[i]}'")
    say("correlation:")
    for row in correlation:
        say("  - [" + ", ".join(number(x, 4) for x in row) + "]")
    say("fit:")
    for x in fit:
        say("  " + x)
    proxy = names.index(a.proxy) if a.proxy else 0
    found = crises(dates, prices, names, proxy)
    if found:
        say("scenarios:")
        for name, shocks, source in found:
            say(f"  - name: '{name}'")
            say("    shocks: [" + ", ".join(number(x, 4) for x in shocks) + "]")
            say(f"    source: '{source}'")
    with open(a.output, "w", encoding="utf-8") as f:
        f.write("\n".join(lines) + "\n")


def main():
    p = argparse.ArgumentParser(description="Fits an equity model to closing prices.")
    p.add_argument("--model", required=True, choices=["gaussian", "student", "garch", "historical", "jump"])
    p.add_argument("--prices", required=True)
    p.add_argument("--index", action="append", required=True, metavar="NAME=COLUMN[:WEIGHT[:LIMIT]]")
    p.add_argument("--from", dest="first", type=datetime.date.fromisoformat)
    p.add_argument("--until", dest="last", type=datetime.date.fromisoformat)
    p.add_argument("--dynamic", action="store_true", help="garch: dynamic correlation, too")
    p.add_argument("--stretch", action="append", default=[], metavar="INDEX=PROXY")
    p.add_argument("--proxy", help="index whose fall in a crisis stands in for those without prices then")
    p.add_argument("--returns", help="historical: file of returns to write, beside the YAML")
    p.add_argument("--source", help="where the prices come from, for the header")
    p.add_argument("-o", "--output", required=True)
    a = p.parse_args()
    names, columns, weights, limits = [], [], [], []
    for x in a.index:
        name, _, rest = x.partition("=")
        column, *more = rest.split(":")
        if not column or len(more) > 2:
            fail(f"--index {x}: expected NAME=COLUMN[:WEIGHT[:LIMIT]]")
        names.append(name)
        columns.append(column)
        weights.append(float(more[0]) if more else 1.0)
        limits.append(float(more[1]) if len(more) > 1 else 0.1)
    for x in a.stretch:
        if x.count("=") != 1 or any(y not in names for y in x.split("=")):
            fail(f"--stretch {x}: expected two of {', '.join(names)} as INDEX=PROXY")
    if a.proxy and a.proxy not in names:
        fail(f"--proxy {a.proxy}: expected one of {', '.join(names)}")
    if a.model == "historical":
        if not a.returns:
            fail("the model historical needs --returns FILE")
        folder = a.output.rpartition("/")[0]
        a.returns_path = f"{folder}/{a.returns}" if folder else a.returns
    dates, prices = read_prices(a.prices, columns, a.first, a.last)
    for i, c in enumerate(columns):
        if np.sum(~np.isnan(prices[:, i])) < 500:
            fail(f"{a.prices}: {c}: expected at least 500 prices, got {np.sum(~np.isnan(prices[:, i]))}")
    write(a, dates, names, prices, weights, limits)


if __name__ == "__main__":
    main()
