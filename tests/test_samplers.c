/* Draws by table and by skipping, as the trial loop makes them, against GSL's distribution
 * functions; and the words of every target at every width and offset against libpcg. */
#include "kernels/dispatch.h"
#include "kernels/distributions.h"
#include "kernels/quantile_table.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

void pcg_oracle(uint64_t seed, uint64_t sequence, uint64_t advance, uint32_t *out, size_t n);

enum { N = 200000 };
#define KS_LIMIT 2.3 /* P(K > 2.3) = 5e-5 */
static double u[N];

static int ascending(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Kolmogorov's statistic times sqrt(n) of u, values already turned into uniforms. */
static double kolmogorov(void) {
    qsort(u, N, sizeof *u, ascending);
    double d = 0;
    for (size_t i = 0; i < N; i++) {
        const double above = (double)(i + 1) / N - u[i], below = u[i] - (double)i / N;
        d = above > d ? above : d;
        d = below > d ? below : d;
    }
    return d * sqrt(N);
}

typedef double cdf(double x, const double *p);
static double beta_p(double x, const double *p) {
    return gsl_cdf_beta_P(x, p[0], p[1]);
}
static double beta_q(double x, const double *p) {
    return gsl_cdf_beta_Q(x, p[0], p[1]);
}
static double student_p(double x, const double *p) {
    return gsl_cdf_tdist_P(x, p[0]);
}
static double student_q(double x, const double *p) {
    return gsl_cdf_tdist_Q(x, p[0]);
}
static double exponential_p(double x, const double *p) {
    return gsl_cdf_exponential_P(x, p[0]);
}
static double exponential_q(double x, const double *p) {
    return gsl_cdf_exponential_Q(x, p[0]);
}

/* The table's quantiles of both tails down to 1e-12, put back into the distribution function; and
 * draws of several seeds: Kolmogorov, mean and variance within four standard errors. */
static void check_law(const char *name, xmc_quantile_table *t, cdf *lower, cdf *upper,
                      const double *p, double tolerance, double mean, double variance,
                      double fourth) {
    for (double v = 0.4999; v > 1e-12; v *= 0.77) {
        const double left = xmc_quantile_of(t, v), right = xmc_quantile_of(t, 1 - v);
        if (left > 1e-300 && fabs(lower(left, p) / v - 1) > tolerance)
            fail_msg("%s: lower tail %g: %g", name, v, lower(left, p));
        const double exact = 1 - (1 - v); /* 1 - v is rounded */
        if (right < 1 - 1e-9 && fabs(upper(right, p) / exact - 1) > tolerance)
            fail_msg("%s: upper tail %g: %g", name, exact, upper(right, p));
        if (p[0] != 1 && right > 1 && fabs(upper(right, p) / exact - 1) > tolerance)
            fail_msg("%s: upper tail %g: %g", name, exact, upper(right, p));
    }
    for (uint64_t seed = 1; seed <= 3; seed++) {
        xmc_stream s = xmc_stream_at(seed, 5, 6);
        double sum = 0, squares = 0;
        for (size_t i = 0; i < N; i++) {
            const double x = xmc_quantile_of(t, xmc_uniform(&s));
            sum += x - mean;
            squares += (x - mean) * (x - mean);
            u[i] = lower(x, p);
        }
        if (fabs(sum / N) >= 4 * sqrt(variance / N))
            fail_msg("%s, seed %u: mean off by %g", name, (unsigned)seed, sum / N);
        if (fourth > 0 &&
            fabs(squares / N - variance) >= 4 * sqrt((fourth - variance * variance) / N))
            fail_msg("%s, seed %u: variance %g of %g", name, (unsigned)seed, squares / N, variance);
        assert_true(kolmogorov() < KS_LIMIT);
    }
    xmc_quantile_table_free(t);
}

static void beta_draws(void **state) {
    (void)state;
    static const double cases[][2] = {{2, 3}, {0.5, 0.5}, {0.8, 5}, {20, 2}, {1, 1}};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        const double a = cases[c][0], b = cases[c][1], s = a + b;
        const double variance = a * b / (s * s * (s + 1));
        /* excess kurtosis of the beta law */
        const double excess =
            6 * ((a - b) * (a - b) * (s + 1) - a * b * (s + 2)) / (a * b * (s + 2) * (s + 3));
        xmc_quantile_table t;
        assert_int_equal(xmc_quantile_table_beta(&t, a, b), 0);
        check_law("beta", &t, beta_p, beta_q, cases[c], 1e-6, a / s, variance,
                  (excess + 3) * variance * variance);
    }
}

static void student_draws(void **state) {
    (void)state;
    static const double nus[] = {3, 4, 6.5, 30};
    for (size_t c = 0; c < sizeof nus / sizeof *nus; c++) {
        const double nu = nus[c], variance = nu / (nu - 2);
        /* beyond eight degrees of freedom the variance's own error has a variance */
        const double fourth = nu > 8 ? (6 / (nu - 4) + 3) * variance * variance : 0;
        xmc_quantile_table t;
        assert_int_equal(xmc_quantile_table_student(&t, nu), 0);
        check_law("Student t", &t, student_p, student_q, &nus[c], 1e-6, 0, variance, fourth);
    }
}

static void exponential_draws(void **state) {
    (void)state;
    static const double one[] = {1};
    xmc_quantile_table t;
    assert_int_equal(xmc_quantile_table_exponential(&t), 0);
    check_law("exponential", &t, exponential_p, exponential_q, one, 1e-7, 1, 1, 9);
}

/* Gaps between the hits of skipping are geometric, the number of hits is binomial, and hits fall on
 * all places alike; on every target. */
static void geometric_gaps(void **state) {
    (void)state;
    const xmc_kernels *const *targets;
    const size_t n_targets = xmc_kernels_available(&targets);
    static const double ps[] = {0.002, 0.01, 0.1, 0.45};
    enum { BUCKET = 3000, ROUNDS = 4000, PLACES = 50, GAPS = 2000 };
    static uint32_t hits[BUCKET + XMC_SKIP_SLACK];
    for (size_t target = 0; target < n_targets; target++)
        for (size_t c = 0; c < sizeof ps / sizeof *ps; c++) {
            const double p = ps[c], scale = xmc_skip_scale(p);
            static double gaps[GAPS + 1], places[PLACES];
            for (size_t i = 0; i <= GAPS; i++)
                gaps[i] = 0;
            for (size_t i = 0; i < PLACES; i++)
                places[i] = 0;
            double n_gaps = 0, sum = 0, squares = 0;
            for (uint64_t round = 0; round < ROUNDS; round++) {
                const size_t n =
                    (targets[target]->skip)(xmc_stream_at(7, round, c), BUCKET, scale, hits);
                for (size_t i = 0; i < n; i++) {
                    places[hits[i] * PLACES / BUCKET]++;
                    /* gaps that begin in the first third are cut off by the end too seldom to show
                     */
                    if (i && hits[i - 1] < BUCKET / 3 && hits[i] - hits[i - 1] <= GAPS) {
                        const uint32_t gap = hits[i] - hits[i - 1];
                        gaps[gap]++;
                        n_gaps++;
                    }
                }
                const double off = (double)n - BUCKET * p;
                sum += off;
                squares += off * off;
            }
            const double variance = BUCKET * p * (1 - p);
            assert_true(fabs(sum / ROUNDS) < 4 * sqrt(variance / ROUNDS));
            assert_true(fabs(squares / ROUNDS / variance - 1) < 4 * sqrt(2.0 / ROUNDS));
            double chi2 = 0;
            for (size_t i = 0; i < PLACES; i++) {
                const double expected = ROUNDS * BUCKET * p / PLACES;
                chi2 += (places[i] - expected) * (places[i] - expected) / (expected * (1 - p));
            }
            assert_true(gsl_cdf_chisq_Q(chi2, PLACES) > 1e-4);
            double expected = 0, observed = 0, bins = 0, rest = n_gaps;
            chi2 = 0;
            for (unsigned gap = 1; gap <= GAPS; gap++) {
                expected += n_gaps * gsl_ran_geometric_pdf(gap, p) / (1 - pow(1 - p, GAPS));
                observed += gaps[gap];
                if (expected >= 20 && rest - expected >= 20) {
                    chi2 += (observed - expected) * (observed - expected) / expected;
                    rest -= expected;
                    expected = observed = 0;
                    bins++;
                }
            }
            assert_true(bins > 5 && gsl_cdf_chisq_Q(chi2, bins) > 1e-4);
        }
}

/* Every width (ragged lengths up to several rounds of the widest leapfrog) from many offsets,
 * piecewise. */
static void words_equal_libpcg(void **state) {
    (void)state;
    const xmc_kernels *const *targets;
    const size_t n_targets = xmc_kernels_available(&targets);
    enum { MOST = 300 };
    uint32_t want[3 * MOST], got[3 * MOST];
    for (uint64_t length = 0; length <= MOST; length++) {
        const uint64_t seed = xmc_mix64(length), sequence = xmc_mix64(seed) >> 1;
        const uint64_t offset = length % 3 ? xmc_mix64(sequence) >> (length % 64) : length;
        pcg_oracle(seed, sequence, offset, want, 3 * MOST);
        for (size_t target = 0; target < n_targets; target++) {
            xmc_stream s = xmc_stream_pcg32(seed, sequence);
            xmc_stream_jump(&s, offset);
            size_t at = 0;
            for (; at + length <= 3 * MOST && length; at += length)
                targets[target]->fill_u32(&s, got + at, length);
            targets[target]->fill_u32(&s, got + at, 3 * MOST - at);
            assert_memory_equal(want, got, sizeof want);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(beta_draws),         cmocka_unit_test(student_draws),
        cmocka_unit_test(exponential_draws),  cmocka_unit_test(geometric_gaps),
        cmocka_unit_test(words_equal_libpcg),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
