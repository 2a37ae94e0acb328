/* Damage rows against the distributions they stand for: moments, atoms, quantiles, mean excesses.
 * The words are taken as equidistant points, so that there is no sampling error. */
#include "kernels/damage_table.h"
#include "kernels/distributions.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { MOST = 1000, POINTS = 1 << 19 };
static double from[MOST], to[MOST], probability[MOST];
static float value[POINTS];

static double law_mean, law_sd;

/* Exact moments of the discretised law. */
static void moments(size_t n) {
    double sum = 0, m = 0, s = 0;
    for (size_t i = 0; i < n; i++) {
        sum += probability[i];
        m += probability[i] * (from[i] + to[i]) / 2;
    }
    m /= sum;
    for (size_t i = 0; i < n; i++) {
        const double a = from[i] - m, b = to[i] - m;
        s += probability[i] / sum * (a * a + a * b + b * b) / 3;
    }
    law_mean = m;
    law_sd = sqrt(s);
}

/* Value exceeded with probability p (from above), and the mean excess E[(X - d)+]. */
static double upper_quantile(size_t n, double p) {
    double sum = 0, above = 0;
    for (size_t i = 0; i < n; i++)
        sum += probability[i];
    for (size_t i = n; i-- > 0;) {
        const double q = probability[i] / sum;
        if (above + q >= p)
            return to[i] - (to[i] - from[i]) * (q > 0 ? (p - above) / q : 0);
        above += q;
    }
    return 0;
}

static double excess(size_t n, double d) {
    double sum = 0, e = 0;
    for (size_t i = 0; i < n; i++) {
        sum += probability[i];
        if (from[i] >= d)
            e += probability[i] * ((from[i] + to[i]) / 2 - d);
        else if (to[i] > d)
            e += probability[i] * (to[i] - d) * (to[i] - d) / (2 * (to[i] - from[i]));
    }
    return e / sum;
}

/* Fills value[] over equidistant words, the smallest word (the largest damage) first. Values fall
 * with the word up to overlaps between neighbouring segments. */
static xmc_damage_row fill(size_t n) {
    xmc_damage_row r;
    assert_int_equal(xmc_damage_row_init(&r, n, from, to, probability), 0);
    for (uint32_t k = 0; k < POINTS; k++) {
        value[k] = xmc_damage_of(&r, k * 8192u + 4096u);
        assert_true(value[k] >= 0 && value[k] <= 1);
    }
    moments(n);
    assert_true(fabs(r.mean - law_mean) < 1e-15);
    return r;
}

static int descending(const void *x, const void *y) {
    const float a = *(const float *)x, b = *(const float *)y;
    return a > b ? -1 : a < b;
}

/* Mean and standard deviation of the row as a mixture of its uniform pieces, exactly: those of
 * infinitely many words, where a sum over points does not resolve the outermost pieces. */
static void row_moments(const xmc_damage_row *r, double *mean, double *sd) {
    const double low = (double)r->shift, length = (double)r->scale * 0x1p31;
    double m = 0, s = 0;
    for (int i = 0; i < XMC_DAMAGE_INTERIOR; i++) {
        const double octave = ldexp(1, i / 2 - 15);
        double from_t = i % 2 ? 1.5 * octave : octave, to_t = i % 2 ? 2 * octave : 1.5 * octave;
        from_t = from_t > low ? from_t : low;
        to_t = to_t < low + length ? to_t : low + length;
        if (to_t <= from_t)
            continue;
        const double p = (to_t - from_t) / length, a = (double)r->a[i], b = (double)r->b[i];
        const double first = a + b * from_t, last = a + b * to_t;
        m += p * (first + last) / 2;
        s += p * (first * first + first * last + last * last) / 3;
    }
    if (low < 0x1p-15) { /* the atom at one */
        m += (0x1p-15 - low) / length;
        s += (0x1p-15 - low) / length;
    }
    *mean = m;
    *sd = sqrt(s - m * m);
}

static void check_law(const char *name, size_t n, double zero, double one) {
    const xmc_damage_row r = fill(n);
    double exact_mean, exact_sd;
    row_moments(&r, &exact_mean, &exact_sd);
    if (fabs(exact_mean / law_mean - 1) > 1e-5 || fabs(exact_sd / law_sd - 1) > 1e-5)
        fail_msg("%s: the row's mean %.9g of %.9g, sd %.9g of %.9g", name, exact_mean, law_mean,
                 exact_sd, law_sd);
    double m = 0, s = 0;
    size_t zeros = 0, ones = 0;
    for (size_t k = 0; k < POINTS; k++)
        m += (double)value[k] / POINTS;
    for (size_t k = 0; k < POINTS; k++) {
        s += ((double)value[k] - m) * ((double)value[k] - m) / POINTS;
        zeros += value[k] == 0;
        ones += value[k] == 1;
    }
    /* The grid of points resolves the outermost segment (2^-16) in 8 points. */
    if (fabs(m / law_mean - 1) > 1e-5 || fabs(sqrt(s) / law_sd - 1) > 3e-5)
        fail_msg("%s: mean %.8g of %.8g, sd %.8g of %.8g", name, m, law_mean, sqrt(s), law_sd);
    assert_true(fabs((double)zeros / POINTS - zero) <= 4e-6);
    assert_true(fabs((double)ones / POINTS - one) <= 4e-6);
    static const double exceeded[] = {0.5, 0.1, 0.05, 0.01, 0.005, 0.001};
    qsort(value, POINTS, sizeof *value, descending);
    for (int i = 0; i < 6; i++) {
        const double exact = upper_quantile(n, exceeded[i]);
        const double table = (double)value[(size_t)(exceeded[i] * POINTS)];
        if (exact > 0 && fabs(table / exact - 1) > 0.01 && exceeded[i] <= 0.01)
            fail_msg("%s: quantile at 1 - %g: %.6g, expected %.6g", name, exceeded[i], table,
                     exact);
        const double e = excess(n, exact);
        double mean = 0;
        for (size_t k = 0; k < POINTS; k++)
            mean += (double)value[k] > exact ? ((double)value[k] - exact) / POINTS : 0;
        if (e > 1e-12 && fabs(mean / e - 1) > 0.01)
            fail_msg("%s: mean excess over %.6g: %.6g, expected %.6g", name, exact, mean, e);
    }
}

/* Beta(a, b) over n damage bins, even or finer towards zero, with atoms at both ends. */
static size_t beta_bins(double a, double b, size_t n, int fine, double zero, double one) {
    size_t k = 0;
    double last = 0;
    from[k] = to[k] = 0;
    probability[k++] = zero;
    for (size_t i = 0; i < n; i++) {
        const double upper = i == n - 1 ? 1
                             : fine     ? pow(10, -4 + 4 * (double)(i + 1) / (double)n)
                                        : (double)(i + 1) / (double)n;
        const double cdf = i == n - 1 ? 1 : xmc_beta_i(a, b, upper);
        from[k] = to[k - 1];
        to[k] = upper;
        probability[k++] = (1 - zero - one) * (cdf - last);
        last = cdf;
    }
    from[k] = to[k] = 1;
    probability[k++] = one;
    return k;
}

static void beta_laws(void **state) {
    (void)state;
    static const double law[][2] = {{.5, 3},  {1, 20}, {1, 3},  {.5, 100}, {2, 5},
                                    {.5, .5}, {.1, 1}, {5, 60}, {.3, 30}};
    static const struct {
        double zero, one;
    } atoms[] = {{0, 0}, {.25, 0}, {0, .125}, {.875, .03125}};
    for (int i = 0; i < 9; i++)
        for (int fine = 0; fine < 2; fine++)
            for (int k = 0; k < 4; k++) {
                char name[160];
                snprintf(name, sizeof name, "Beta(%g, %g), %s, atoms %g and %g", law[i][0],
                         law[i][1], fine ? "200 fine bins" : "20 bins", atoms[k].zero,
                         atoms[k].one);
                check_law(name,
                          beta_bins(law[i][0], law[i][1], fine ? 200 : 20, fine, atoms[k].zero,
                                    atoms[k].one),
                          atoms[k].zero, atoms[k].one);
            }
}

static void one_bin(double a, double b) {
    from[0] = a;
    to[0] = b;
    probability[0] = 3; /* normalised */
}

/* Certain damage is exact for every word, the extreme ones among them. */
static void certain_damage(void **state) {
    (void)state;
    static const double at[] = {0, 1, 0.25, 0.3, 1e-5, 0.999999};
    static const uint32_t words[] = {0, 1, 2, 255, 1u << 31, UINT32_MAX - 1, UINT32_MAX};
    for (int i = 0; i < 6; i++) {
        xmc_damage_row r;
        one_bin(at[i], at[i]);
        assert_int_equal(xmc_damage_row_init(&r, 1, from, to, probability), 0);
        for (int k = 0; k < 7; k++)
            assert_true(fabs((double)xmc_damage_of(&r, words[k]) - at[i]) <= 1e-7 * at[i]);
        assert_true(r.mean == at[i]);
    }
}

static void uniform_damage(void **state) {
    (void)state;
    one_bin(0.2, 0.6);
    xmc_damage_row r = fill(1);
    for (uint32_t k = 0; k < POINTS; k += 1001)
        assert_true(fabs((double)value[k] - (0.6 - 0.4 * (k + 0.5) / POINTS)) < 2e-6);
    for (uint32_t k = 0; k < 7; k++)
        assert_true(xmc_damage_of(&r, UINT32_MAX - k) >= 0.2f - 1e-6f &&
                    xmc_damage_of(&r, k) <= 0.6f + 1e-6f);
}

/* Rare total losses: the chance is right to the resolution of the word, its rest included. */
static void atoms_only(void **state) {
    (void)state;
    static const double p[] = {0.5, 0.3, 1e-3, 1e-6, 3e-9};
    for (int i = 0; i < 5; i++) {
        from[0] = to[0] = 0;
        from[1] = to[1] = 1;
        probability[0] = 1 - p[i];
        probability[1] = p[i];
        xmc_damage_row r;
        assert_int_equal(xmc_damage_row_init(&r, 2, from, to, probability), 0);
        /* Damage falls with the word: find the last word that is not spared, in pairs. */
        uint64_t lo = 0, hi = UINT64_C(1) << 31;
        while (lo < hi) {
            const uint64_t mid = (lo + hi) / 2;
            if (xmc_damage_of(&r, (uint32_t)(2 * mid)) == 1)
                lo = mid + 1;
            else
                hi = mid;
        }
        double mean = (double)lo;
        for (uint64_t k = lo; k < lo + 300 && k < UINT64_C(1) << 31; k++)
            mean += (double)xmc_damage_of(&r, (uint32_t)(2 * k));
        assert_true(fabs(mean * 0x1p-31 / p[i] - 1) < 1e-6);
    }
}

static void bad_input(void **state) {
    (void)state;
    xmc_damage_row r;
    from[0] = 0.5, to[0] = 0.4, probability[0] = 1;
    assert_int_equal(xmc_damage_row_init(&r, 1, from, to, probability), -2);
    from[0] = 0.5, to[0] = 1.1;
    assert_int_equal(xmc_damage_row_init(&r, 1, from, to, probability), -2);
    to[0] = 0.6, probability[0] = -1;
    assert_int_equal(xmc_damage_row_init(&r, 1, from, to, probability), -2);
    probability[0] = 0;
    assert_int_equal(xmc_damage_row_init(&r, 1, from, to, probability), -2);
    probability[0] = NAN;
    assert_int_equal(xmc_damage_row_init(&r, 1, from, to, probability), -2);
    from[1] = 0.1, to[1] = 0.2, probability[0] = probability[1] = 1;
    assert_int_equal(xmc_damage_row_init(&r, 2, from, to, probability), -2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(beta_laws),      cmocka_unit_test(certain_damage),
        cmocka_unit_test(uniform_damage), cmocka_unit_test(atoms_only),
        cmocka_unit_test(bad_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
