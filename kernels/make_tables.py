#!/usr/bin/env python3
"""Writes kernels/tables.c: the tables of PCG32, the
piecewise polynomials of the normal quantile, and a small logarithm.

Needs mpmath. The result is committed, so that a build needs neither this script nor mpmath.
"""
import mpmath as mp

mp.mp.dps = 50
MASK = (1 << 64) - 1
A = 6364136223846793005


def upper_quantile(q):
    """z with P(Z > z) = q, for 0 < q < 1/2 by Newton steps on log Q."""
    q = mp.mpf(q)
    if q > mp.mpf("0.02"):
        return mp.sqrt(2) * mp.erfinv(1 - 2 * q)
    z = mp.sqrt(-2 * mp.log(q))
    for _ in range(60):
        tail = mp.erfc(z / mp.sqrt(2)) / 2
        step = mp.log(tail / q) * tail / (mp.exp(-z * z / 2) / mp.sqrt(2 * mp.pi))
        z += step
        if abs(step) < mp.mpf(10) ** -45:
            break
    return z


def segment(exponent, half, degree):
    """Monomial coefficients in x = m - 5/4 of z(q), q = 2^exponent (m + half/2), m in [1, 3/2)."""
    n = degree + 1
    xs = [mp.cos(mp.pi * (2 * i + 1) / (2 * n)) / 4 for i in range(n)]
    scale = mp.mpf(2) ** exponent
    zs = [upper_quantile(scale * (mp.mpf(5) / 4 + x + mp.mpf(half) / 2)) for x in xs]
    # Newton's divided differences, then expansion
    c = list(zs)
    for j in range(1, n):
        for i in range(n - 1, j - 1, -1):
            c[i] = (c[i] - c[i - 1]) / (xs[i] - xs[i - j])
    poly = [mp.mpf(0)]
    for i in range(n - 1, -1, -1):
        shifted = [mp.mpf(0)] + poly
        poly = [s - xs[i] * p for s, p in zip(shifted, poly + [mp.mpf(0)])]
        poly[0] += c[i]
    return poly[:n]


def number(x, digits, suffix):
    t = f"{x:.{digits}g}"
    return (t if "." in t or "e" in t else t + ".0") + suffix


def rows(declaration, values, digits, suffix=""):
    print(f"_Alignas(64) const {declaration} = {{")
    for row in values:
        print("    {" + ",\n     ".join(", ".join(number(float(v), digits, suffix) for v in row[i:i + 4])
                                       for i in range(0, len(row), 4)) + "},")
    print("};\n")


def table(lowest, degree, width, top, digits, suffix, name, ctype):
    """All segments by rows of coefficients, padded to width; and the top ones by coefficient."""
    segments = [(e, h) for e in range(lowest, -1) for h in (0, 1)]
    c = [segment(e, h, degree) + [0] * (width - degree - 1) for e, h in segments]
    rows(f"{ctype} {name}[{len(segments)}][{width}]", c, digits, suffix)
    by_power = [[row[k] for row in c[-top:]] for k in range(degree + 1)]
    rows(f"{ctype} {name}_top[{degree + 1}][{top}]", by_power, digits, suffix)


def log_tables():
    """1/c and log c at the centres of sixteen segments of [1, 2), and log(1+r)/r for |r| < 1/32."""
    inverse, logs = [], []
    for i in range(16):
        c = mp.mpf(1) / mp.mpf(float(1 / (1 + (mp.mpf(i) + mp.mpf(1) / 2) / 16)))  # the double's own reciprocal
        inverse.append(1 / c)
        logs.append(mp.log(c))
    rows("double xmc_log_inverse[1][16]", [inverse], 17)
    rows("double xmc_log_centre[1][16]", [logs], 17)
    degree, reach = 6, mp.mpf(1) / 32
    n = degree + 1
    xs = [reach * mp.cos(mp.pi * (2 * i + 1) / (2 * n)) for i in range(n)]
    a = mp.matrix(n, n)
    for i in range(n):
        for j in range(n):
            a[i, j] = xs[i] ** j
    c = mp.lu_solve(a, mp.matrix([mp.log1p(x) / x for x in xs]))
    rows(f"double xmc_log_poly[1][{n}]", [list(c)], 17)


def leaps():
    """Multiplier A^i and increment G(i) of the even and the odd i, for the lanes of the leapfrog."""
    m, g, steps = 1, 0, []
    for _ in range(80):
        steps.append((m, g))
        m, g = m * A & MASK, (g * A + 1) & MASK
    for name, first in (("even", 0), ("odd", 1)):
        print(f"_Alignas(64) const uint64_t xmc_leap_{name}[2][40] = {{")
        for part in (0, 1):
            print("    {")
            for i in range(first, 80, 2):
                print(f"        UINT64_C({steps[i][part]:#018x}),")
            print("    },")
        print("};\n")


def jumps():
    print("const uint64_t xmc_jump_table[16][16][2] = {")
    m, g = A, 1  # one step: state -> m state + g inc
    for _ in range(16):
        print("    {")
        pm, pg = 1, 0
        for _ in range(16):
            print(f"        {{UINT64_C({pm:#018x}), UINT64_C({pg:#018x})}},")
            pm, pg = pm * m & MASK, (pg * m + g) & MASK
        m, g = pm, pg
        print("    },")
    print("};")


print("/* Written by make_tables.py; see tables.h. */")
print("// clang-format off")
print('#include "kernels/tables.h"\n')
table(-64, 10, 12, 16, 17, "", "xmc_normal_f64", "double")
table(-33, 5, 8, 32, 9, "f", "xmc_normal_f32", "float")
log_tables()
leaps()
jumps()
