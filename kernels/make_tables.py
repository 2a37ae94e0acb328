#!/usr/bin/env python3
"""Writes kernels/tables.c: the jump tables of PCG32 and the piecewise polynomials of the normal quantile.

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


def table(lowest, degree, digits, suffix, name, ctype):
    segments = [(e, h) for e in range(lowest, -1) for h in (0, 1)]
    coefficients = [segment(e, h, degree) for e, h in segments]
    print(f"const {ctype} {name}[{degree + 1}][{len(segments)}] = {{")
    for k in range(degree + 1):
        print("    {")
        row = [float(c[k]) for c in coefficients]
        if suffix:
            row = [float(mp.mpf(r)) for r in row]
        for i in range(0, len(row), 4):
            print("        " + ", ".join(f"{r:.{digits}g}{suffix}" if "." in f"{r:.{digits}g}" or "e" in f"{r:.{digits}g}"
                                         else f"{r:.{digits}g}.0{suffix}" for r in row[i:i + 4]) + ",")
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
table(-64, 10, 17, "", "xmc_normal_f64", "double")
table(-33, 5, 9, "f", "xmc_normal_f32", "float")
jumps()
