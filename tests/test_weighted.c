/* Estimates from weighted trials: the plain ones where all weights are 1; coverage of the limits
 * over many seeds; allocation that adds up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernels/distributions.h"
#include "output/allocation.h"
#include "output/weighted.h"
#include "scenarios/common/worst.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const xmc_level p99 = {99, 100}, p995 = {199, 200};

static xmc_distribution distribution(const double *w, size_t n) {
    xmc_diag diag;
    xmc_diag_init(&diag);
    xmc_distribution d;
    assert_int_equal(xmc_distribution_init(&d, n, 0x1p-6, &diag), XMC_OK);
    if (w)
        assert_int_equal(xmc_distribution_weights(&d, w, n, &diag), XMC_OK);
    xmc_diag_free(&diag);
    return d;
}

static void set(xmc_distribution *d, const double *x, size_t n) {
    xmc_diag diag;
    xmc_diag_init(&diag);
    assert_int_equal(xmc_distribution_set(d, x, n, "x", &diag), XMC_OK);
    xmc_diag_free(&diag);
}

static void weights_of_one_change_nothing(void **state) {
    (void)state;
    enum { N = 20000 };
    static double x[N], w[N];
    xmc_stream s = xmc_stream_at(1, 2, 3);
    for (int i = 0; i < N; i++) {
        w[i] = 1;
        x[i] = rint(-64e3 * log(xmc_uniform(&s))) * 0x1p-6;
    }
    xmc_distribution plain = distribution(NULL, N), weighted = distribution(w, N);
    set(&plain, x, N);
    set(&weighted, x, N);
    assert_true(fabs(plain.mean.value - weighted.mean.value) < 1e-9);
    assert_true(fabs(plain.mean.se / weighted.mean.se - 1) < 1e-3);
    assert_true(fabs(plain.sd.value / weighted.sd.value - 1) < 1e-3);
    const xmc_level levels[] = {{1, 2}, {9, 10}, p99, p995};
    for (int i = 0; i < 4; i++) {
        xmc_estimate a = xmc_var(&plain, levels[i]), b = xmc_var(&weighted, levels[i]);
        assert_true(a.value == b.value);
        assert_true(fabs(a.se / b.se - 1) < 0.1);
        a = xmc_tvar(&plain, levels[i]), b = xmc_tvar(&weighted, levels[i]);
        assert_true(fabs(a.value - b.value) <= 0x1p-6);
        assert_true(fabs(a.se / b.se - 1) < 0.02);
        a = xmc_var_less_mean(&plain, levels[i]), b = xmc_var_less_mean(&weighted, levels[i]);
        assert_true(fabs(a.se / b.se - 1) < 0.1);
    }
    assert_true(fabs(xmc_level_of(&plain, 3000).value - xmc_level_of(&weighted, 3000).value) <
                1e-12);
    const xmc_estimate all = xmc_level_of(&weighted, 1e9);
    assert_true(all.value == 1 && fabs(1 - all.lower - 3.6889 / N) < 1e-6);
    const xmc_weight_report r = xmc_weights_describe(w, N);
    assert_true(r.effective == N && r.largest == 1 && r.mean == 1);
    xmc_distribution_free(&plain);
    xmc_distribution_free(&weighted);
}

/* Lognormal losses; the normal behind them shifted in seven of eight trials. */
static void draw(uint64_t seed, double shift, double *x, double *w, size_t n) {
    xmc_stream s = xmc_stream_at(seed, 16, 0);
    for (size_t i = 0; i < n; i++) {
        double z = xmc_normal(&s) + (i % 8 ? shift : 0.0);
        w[i] = 1 / (0.125 + 0.875 * exp(shift * z - 0.5 * shift * shift));
        x[i] = rint(64e4 * exp(z)) * 0x1p-6;
    }
}

static void limits_cover(void **state) {
    (void)state;
    enum { N = 2000, SEEDS = 1000 };
    static double x[N], w[N];
    const double z = xmc_normal_quantile(0.995), var = 1e4 * exp(z);
    const double tvar = 1e4 * exp(0.5) * xmc_normal_cdf(1 - z) / 0.005;
    const double level = 1 - xmc_normal_cdf(-2.8), at = 1e4 * exp(2.8), mean = 1e4 * exp(0.5);
    int inside[5] = {0};
    double width[2] = {0, 0};
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        draw(seed, 2.5, x, w, N);
        xmc_distribution d = distribution(w, N);
        set(&d, x, N);
        const xmc_estimate e[] = {xmc_var(&d, p995), xmc_tvar(&d, p995), xmc_level_of(&d, at),
                                  d.mean, xmc_var_less_mean(&d, p995)};
        const double truth[] = {var, tvar, level, mean, var - mean};
        for (int k = 0; k < 5; k++)
            inside[k] += e[k].lower <= truth[k] && truth[k] <= e[k].upper;
        width[0] += e[0].se / SEEDS;
        xmc_distribution_free(&d);
        if (seed < 200) { /* plain, for the width */
            draw(seed, 0, x, w, N);
            d = distribution(NULL, N);
            set(&d, x, N);
            width[1] += xmc_var(&d, p995).se / 200;
            xmc_distribution_free(&d);
        }
    }
    static const int fewest[] = {930, 930, 930, 910, 910};
    for (int k = 0; k < 5; k++) {
        /* above 950 too: that an eighth of the trials is plain by number, not by lot, is left out
         */
        if (inside[k] < fewest[k] || inside[k] > 990)
            fail_msg("limits %d cover %d of 1000", k, inside[k]);
    }
    assert_true(width[0] < 0.4 * width[1]); /* and the shift pays */
}

/* Contributions: part of a normal loss, its own noise beside it. The standard error has the
 * quantile's; over many seeds it is the standard deviation of the estimates within 4 errors of
 * that, plain and weighted. */
static void errors_of_contributions(void **state) {
    (void)state;
    enum { N = 8000, SEEDS = 400 };
    static double loss[N], x[N], w[N];
    const double beta = 0.8, q = xmc_normal_quantile(0.99);
    const double tail = exp(-0.5 * q * q) / sqrt(2 * 3.14159265358979324) / 0.01;
    for (int weighted = 0; weighted < 2; weighted++) {
        double sum = 0, squares = 0, se = 0;
        int inside = 0;
        for (uint64_t seed = 0; seed < SEEDS; seed++) {
            const double shift = weighted ? 2.0 : 0.0;
            xmc_stream s = xmc_stream_at(seed, 17, 0), own = xmc_stream_at(seed, 18, 0);
            for (size_t i = 0; i < N; i++) {
                const double z = xmc_normal(&s) + shift;
                w[i] = exp(0.5 * shift * shift - shift * z);
                loss[i] = rint(64e3 * z) / 64;
                x[i] = beta * loss[i] + 300 * xmc_normal(&own);
            }
            xmc_diag diag;
            xmc_diag_init(&diag);
            xmc_distribution d = distribution(weighted ? w : NULL, N);
            set(&d, loss, N);
            const xmc_estimate v = xmc_var(&d, p99);
            xmc_worst worst;
            assert_int_equal(xmc_worst_find(&worst, loss, weighted ? w : NULL, N, N / 100.0,
                                            v.value, v.lower, v.upper, &diag),
                             XMC_OK);
            const xmc_estimate e = xmc_worst_mean_of(&worst, x);
            assert_true(fabs(xmc_worst_mean_of(&worst, loss).value - xmc_tvar(&d, p99).value) <
                        0x1p-6);
            const double off = e.value - 1e3 * beta * tail;
            sum += off;
            squares += off * off;
            se += e.se / SEEDS;
            inside += e.lower <= e.value - off && e.value - off <= e.upper;
            xmc_worst_free(&worst);
            xmc_distribution_free(&d);
            xmc_diag_free(&diag);
        }
        const double sd = sqrt((squares - sum * sum / SEEDS) / (SEEDS - 1));
        print_message("contribution, %s: sd / error %.3f, %d of %d inside, %.1f errors off\n",
                      weighted ? "weighted" : "plain", sd / se, inside, SEEDS,
                      sum / SEEDS / (sd / sqrt(SEEDS)));
        assert_true(fabs(sd / se - 1) < 4 / sqrt(2.0 * (SEEDS - 1)));
        assert_true(fabs(sum / SEEDS) < 4 * sd / sqrt(SEEDS));
        assert_true(inside > (0.95 - 4 * sqrt(0.95 * 0.05 / SEEDS)) * SEEDS && inside < SEEDS);
    }
}

static void allocation_adds_up(void **state) {
    (void)state;
    enum { N = 4000, SEGMENTS = 3 };
    static double part[SEGMENTS][N], total[N], w[N];
    xmc_stream s = xmc_stream_at(5, 0, 0);
    draw(3, 2.0, part[0], w, N);
    for (int i = 0; i < N; i++) {
        part[1][i] = rint(0.3 * part[0][i] * 64) / 64;
        part[2][i] = rint(64e3 * xmc_uniform(&s)) / 64;
        total[i] = part[0][i] + part[1][i] + part[2][i];
    }
    xmc_diag diag;
    xmc_diag_init(&diag);
    xmc_distribution d = distribution(w, N);
    set(&d, total, N);
    xmc_allocator *a = NULL;
    const xmc_estimate var[] = {xmc_var(&d, p99), xmc_var(&d, p995)};
    assert_int_equal(xmc_allocator_new(total, w, N, 0x1p-6, SEGMENTS, var, 0, &a, &diag), XMC_OK);
    for (int k = 0; k < SEGMENTS; k++)
        xmc_allocator_add(a, XMC_RISK_CREDIT, part[k]);
    const double tvar[] = {xmc_tvar(&d, p99).value, xmc_tvar(&d, p995).value};
    for (int l = 0; l < XMC_N_ALLOCATION_LEVELS; l++)
        xmc_allocator_total(a, l, tvar[l]);
    xmc_allocation segments[SEGMENTS] = {0}, risks[XMC_N_RISKS] = {0};
    assert_int_equal(xmc_allocator_finish(a, segments, risks, &diag), XMC_OK);
    for (int l = 0; l < XMC_N_ALLOCATION_LEVELS; l++) {
        double sum = 0;
        for (int k = 0; k < SEGMENTS; k++) {
            sum += segments[k].contribution[l].value;
            assert_true(segments[k].contribution[l].se > 0);
        }
        assert_true(sum == tvar[l] && risks[XMC_RISK_CREDIT].contribution[l].value == sum);
        /* the second is 0.3 of the first wherever the tail is */
        assert_true(fabs(segments[1].contribution[l].value / segments[0].contribution[l].value -
                         0.3) < 1e-5);
    }
    xmc_allocator_free(a);
    xmc_distribution_free(&d);
    xmc_diag_free(&diag);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_of_one_change_nothing), cmocka_unit_test(limits_cover),
        cmocka_unit_test(errors_of_contributions), cmocka_unit_test(allocation_adds_up)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
