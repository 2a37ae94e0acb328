/* Measures of a results file against closed forms, on columns drawn here: through the file, as the
 * program does it. Monte Carlo comparisons: within 4 standard errors, several fixed seeds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/results_fixture.h"

#include "kernels/distributions.h"
#include "kernels/vmath.h"
#include "output/measures.h"
#include "scenarios/common/worst.h"

#include <unistd.h>

static char path[64];

/* Writes the fixture, opens the finished file, reads the measures. */
static void measure(fixture *f, fixture_law *law, void *context, xmc_measures *m) {
    xmc_diag d;
    xmc_diag_init(&d);
    xmc_results *r = NULL;
    xmc_status st = fixture_results(f, path, law, context, &r, &d);
    if (st == XMC_OK)
        st = xmc_measures_read(r, m, &d);
    xmc_results_close(r);
    xmc_diag_print(&d, stderr);
    xmc_diag_free(&d);
    unlink(path);
    assert_int_equal(st, XMC_OK);
}

static void near(const char *what, xmc_estimate e, double exact) {
    double z = (e.value - exact) / e.se;
    if (!(fabs(z) < 4)) {
        fprintf(stderr, "%s: %.6f, exact %.6f, se %.6f, z %.2f\n", what, e.value, exact, e.se, z);
        fail();
    }
}

/* T3: compound Poisson of a discrete event loss table; losses are single events. */
typedef struct {
    uint64_t seed;
    xmc_count_table number;
    double at_most[7], below[7]; /* trials up to and below the exact quantiles */
} event_table;

/* At 90, 95, 98, 99, 99.5, 99.6, 99.9 %. */
static const double event_var[7] = {28, 46, 101, 153, 250, 253, 403};

static void draw_events(void *context, uint64_t trial, double *net, size_t n) {
    static const double rate[] = {.002, .004, .01, .02, .05, .1, .2, .4},
                        loss[] = {400, 250, 150, 90, 40, 20, 8, 3};
    event_table *e = context;
    xmc_stream s = xmc_stream_at(e->seed, trial, 0);
    net[0] = 0;
    for (size_t i = 1; i < n; i++)
        net[i] = 0;
    for (size_t k = xmc_count_of(&e->number, xmc_uniform(&s)); k > 0; k--) {
        double u = 0.786 * xmc_uniform(&s);
        size_t i = 0;
        while (i < 7 && u > rate[i])
            u -= rate[i++];
        net[0] += loss[i];
    }
    for (int i = 0; i < 7; i++) {
        e->at_most[i] += net[0] <= event_var[i];
        e->below[i] += net[0] < event_var[i];
    }
}

static void test_event_loss_table(void **state) {
    (void)state;
    static const int place[] = {2, 3, 4, 5, 6, 7, 9};
    static const double tvar[] = {80.8624806573, 123.491681927, 196.434777003, 255.908129641,
                                  323.732393182, 341.980214361, 423.921364358};
    enum { TRIALS = 200000 };
    for (uint64_t seed = 1; seed <= 3; seed++) {
        fixture f;
        fixture_init(&f, TRIALS);
        fixture_segment(&f, XMC_RISK_CAT, XMC_LINE_PROPERTY, "property", "all", "events");
        event_table e = {.seed = seed};
        assert_int_equal(xmc_count_table_init(&e.number, 0.786, 1), 0);
        xmc_measures m;
        measure(&f, draw_events, &e, &m);
        const xmc_measure_row *row = xmc_measures_row(&m, "cat_net");
        assert_non_null(row);
        near("mean", row->mean, 11.9);
        near("sd", row->sd, 33.0665994623);
        for (int i = 0; i < 7; i++) {
            /* F(var) >= p > F(var - 1): the simulated F within four standard errors */
            double p =
                (double)xmc_quantile_levels[place[i]].num / xmc_quantile_levels[place[i]].den;
            double slack = 4 * sqrt(p * (1 - p) * TRIALS), q = row->var[place[i]].value;
            assert_true(e.at_most[i] >= p * TRIALS - slack);
            assert_true(e.below[i] < p * TRIALS + slack);
            /* and the VaR is the quantile of just this F */
            assert_int_equal(q <= event_var[i], e.at_most[i] >= p * TRIALS);
            assert_int_equal(q < event_var[i], e.below[i] >= p * TRIALS);
            near("TVaR", row->tvar[place[i]], tvar[i]);
        }
        /* gross is twice net here, up to the rounding of both to the grid */
        double gross = xmc_measures_row(&m, "cat_gross")->tvar[6].value;
        assert_true(fabs(gross - 2 * row->tvar[6].value) <= 0x1p-6);
        assert_true(row->ep[2][5].value == row->var[4].value); /* 50 years and 98 % */
        xmc_count_table_free(&e.number);
        xmc_measures_free(&m);
        fixture_free(&f);
    }
}

/* Three Gaussian segments in three risks, correlation 0.25 through one factor, sd 10, 20, 30
 * million. */
static void draw_gaussian(void *context, uint64_t trial, double *net, size_t n) {
    uint64_t seed = *(uint64_t *)context;
    xmc_stream s = xmc_stream_at(seed, trial, 1);
    double factor = xmc_normal(&s);
    for (size_t i = 0; i < n; i++) {
        double x = 0.5 * factor + sqrt(0.75) * xmc_normal(&s);
        net[i] = xmc_to_grid(x * 1e7 * (double)(i + 1), 0x1p-6, 64);
    }
}

static void gaussian_fixture(fixture *f, uint64_t trials) {
    fixture_init(f, trials);
    fixture_segment(f, XMC_RISK_ATTRITIONAL, XMC_LINE_MOTOR, "motor", "all", "");
    fixture_segment(f, XMC_RISK_CREDIT, XMC_LINE_CREDIT, "export", "all", "");
    fixture_segment(f, XMC_RISK_EQUITY, XMC_N_LINES, "star", "all", "");
}

/* T12 and T13. */
static void test_gaussian(void **state) {
    (void)state;
    static const double z[] = {2.32634787404, 2.57582930355, 3.09023230617},
                        k[] = {2.66521422035, 2.89194860538, 3.36709007706},
                        euler[] = {14.7351914541, 39.2938438776, 73.6759572705};
    static const int place[] = {XMC_Q99, XMC_Q995, 9};
    double sigma = 44.1588043316;
    for (uint64_t seed = 11; seed <= 13; seed++) {
        fixture f;
        gaussian_fixture(&f, 200000);
        xmc_measures m;
        measure(&f, draw_gaussian, &seed, &m);
        const xmc_measure_row *total = xmc_measures_row(&m, "total");
        assert_non_null(total);
        near("mean", total->mean, 0);
        near("sd", total->sd, 1e6 * sigma);
        for (int i = 0; i < 3; i++) {
            near("VaR", total->var[place[i]], z[i] * sigma * 1e6);
            near("VaR less mean", total->var_less_mean[place[i]], z[i] * sigma * 1e6);
            near("TVaR", total->tvar[place[i]], k[i] * sigma * 1e6);
        }
        double sum[2] = {0, 0};
        for (size_t s = 0; s < 3; s++) {
            near("contribution", m.segments[s].contribution[1], euler[s] * 1e6);
            sum[0] += m.segments[s].contribution[0].value;
            sum[1] += m.segments[s].contribution[1].value;
        }
        assert_true(sum[0] == total->tvar[XMC_Q99].value);
        assert_true(sum[1] == total->tvar[XMC_Q995].value);
        /* the sum of sd 10, 20, 30 against 44.16: the quantiles stand in the same proportion */
        double share = xmc_diversification(&m, XMC_Q995, false);
        assert_true(fabs(share - (1 - sigma / 60)) < 0.02);
        xmc_measures_free(&m);
        fixture_free(&f);
    }
}

/* T14: ranks and their exact coverage. */
static void test_ranks(void **state) {
    (void)state;
    static const size_t known[][3] = {
        {10000, 9936, 9965}, {100000, 99456, 99545}, {1000000, 994861, 995140}};
    const xmc_level p = {199, 200};
    for (int i = 0; i < 3; i++) {
        size_t r, s;
        xmc_quantile_ranks(known[i][0], p, &r, &s);
        assert_int_equal(r, known[i][1]);
        assert_int_equal(s, known[i][2]);
    }
    assert_true(fabs(xmc_rank_coverage(10000, p, 9936, 9965) - .960674335) < 1e-9);
    /* small samples: never below 95 %, and no limit where there is none */
    for (size_t n = 1; n < 3000; n = n * 5 / 4 + 1)
        for (int q = 0; q < XMC_N_QUANTILES; q++) {
            size_t r, s;
            xmc_quantile_ranks(n, xmc_quantile_levels[q], &r, &s);
            assert_true(r < s && s <= n + 1);
            assert_true(xmc_rank_coverage(n, xmc_quantile_levels[q], r, s) >= 0.95);
        }
    size_t r, s;
    xmc_quantile_ranks(100, p, &r, &s);
    assert_int_equal(s, 101);
}

/* Coverage of all limits over 1,000 seeds, exponential law: 950 less four binomial sds, and, where
 * the limits are not conservative by construction, no more than four above. */
static void test_coverage(void **state) {
    (void)state;
    enum { SEEDS = 1000, N = 4000 };
    const xmc_level p = {19, 20};
    xmc_distribution d;
    xmc_diag diag;
    xmc_diag_init(&diag);
    assert_int_equal(xmc_distribution_init(&d, N, 0x1p-6, &diag), XMC_OK);
    double var = 1e6 * 2.995732273553991, tvar = var + 1e6;
    int in_mean = 0, in_sd = 0, in_var = 0, in_tvar = 0, in_less = 0, in_level = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        xmc_stream s = xmc_stream_at(77, seed, 0);
        for (int i = 0; i < N; i++)
            d.buffer[i] = xmc_to_grid(1e6 * xmc_exponential(&s), 0x1p-6, 64);
        assert_int_equal(xmc_distribution_set(&d, d.buffer, N, "x", &diag), XMC_OK);
        xmc_estimate v = xmc_var(&d, p), t = xmc_tvar(&d, p), l = xmc_var_less_mean(&d, p);
        xmc_estimate f = xmc_level_of(&d, var);
        in_mean += d.mean.lower <= 1e6 && 1e6 <= d.mean.upper;
        in_sd += d.sd.lower <= 1e6 && 1e6 <= d.sd.upper;
        in_var += v.lower <= var && var < v.upper;
        in_tvar += t.lower <= tvar && tvar <= t.upper;
        in_less += l.lower <= var - 1e6 && var - 1e6 <= l.upper;
        in_level += f.lower <= 0.95 && 0.95 <= f.upper;
    }
    int slack = (int)(4 * sqrt(SEEDS * 0.95 * 0.05));
    assert_in_range(in_mean, 950 - slack, 950 + slack);
    assert_in_range(in_sd, 950 - slack, 950 + slack);
    assert_in_range(in_tvar, 950 - slack, 950 + slack);
    assert_in_range(in_var, 950 - slack, 1000);
    assert_in_range(in_less, 950 - slack, 1000);
    assert_in_range(in_level, 950 - slack, 1000);
    /* and the quantile's is what the ranks promise */
    size_t r, s;
    xmc_quantile_ranks(N, p, &r, &s);
    double promised = xmc_rank_coverage(N, p, r, s);
    assert_true(fabs(in_var - SEEDS * promised) < slack);
    xmc_distribution_free(&d);
    xmc_diag_free(&diag);
}

/* By hand: ten values, two equal; p = 0.75 is rank 8 with half a trial over. */
static void test_definitions(void **state) {
    (void)state;
    static const double x[10] = {5, -3, 9, 1, 2, 9, 4, 0, 7, 6};
    xmc_distribution d;
    xmc_diag diag;
    xmc_diag_init(&diag);
    assert_int_equal(xmc_distribution_init(&d, 10, 0x1p-20, &diag), XMC_OK);
    assert_int_equal(xmc_distribution_set(&d, x, 10, "x", &diag), XMC_OK);
    assert_true(d.mean.value == 4.0);
    assert_true(xmc_var(&d, (xmc_level){3, 4}).value == 7);
    assert_true(fabs(xmc_tvar(&d, (xmc_level){3, 4}).value - (18 + 0.5 * 7) / 2.5) < 0x1p-20);
    assert_true(xmc_var(&d, (xmc_level){1, 2}).value == 4);
    assert_true(xmc_var(&d, (xmc_level){99, 100}).value == 9);
    assert_true(isnan(xmc_var(&d, (xmc_level){99, 100}).upper));
    assert_true(xmc_level_of(&d, 6.5).value == 0.7);
    assert_true(xmc_level_of(&d, 9).value == 1 && xmc_level_of(&d, 9).upper == 1);
    assert_true(xmc_level_of(&d, -4).value == 0 && xmc_level_of(&d, -4).lower == 0);
    const double off = 0.3;
    assert_int_equal(xmc_distribution_set(&d, &off, 1, "x", &diag), XMC_FAILED);
    assert_int_equal((long)xmc_divide_round(-7, 2), -4);
    assert_int_equal((long)xmc_divide_floor(-7, 2), -4);
    assert_int_equal((long)xmc_divide_floor(-8, 2), -4);
    xmc_distribution_free(&d);
    xmc_diag_free(&diag);
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The sorted column against qsort: constants, both signs, widths up to the largest that sums take.
 */
static void test_sorting(void **state) {
    (void)state;
    enum { N = 5003 };
    static double x[N], y[N];
    xmc_distribution d;
    xmc_diag diag;
    xmc_diag_init(&diag);
    assert_int_equal(xmc_distribution_init(&d, N, 0x1p-6, &diag), XMC_OK);
    for (int width = 0; width <= 52; width += 4) {
        xmc_stream s = xmc_stream_at(8, (uint64_t)width, 0);
        size_t n = width % 8 ? N : N / 7;
        for (size_t i = 0; i < n; i++) {
            uint64_t steps = width ? xmc_u64(&s) >> (64 - width) : 3;
            x[i] = y[i] = (xmc_u32(&s) % 2 ? -1.0 : 1.0) * (double)steps * 0x1p-6;
            d.buffer[i] = x[i];
        }
        qsort(y, n, sizeof *y, ascending);
        assert_int_equal(xmc_distribution_set(&d, width % 3 ? x : d.buffer, n, "x", &diag), XMC_OK);
        for (size_t i = 0; i < n; i++)
            assert_true(d.sorted[i] == y[i]);
    }
    xmc_distribution_free(&d);
    xmc_diag_free(&diag);
}

/* T17, on all rows of a joint file with ties, gains and few trials: what must hold whatever the
 * numbers; and the sums of the allocation, with an atom at the quantile. */
static bool same(xmc_estimate a, xmc_estimate b) {
    return a.value == b.value && a.se == b.se && a.lower == b.lower && a.upper == b.upper;
}

/* Sorting the tail alone gives what sorting all gives, and nothing below; with ties and few trials
 * too. The mean of the loss itself over its worst trials is its TVaR, and has its error. */
static void test_tail_alone(void **state) {
    (void)state;
    enum { N = 20001 };
    static double x[N];
    static const xmc_level p99 = {99, 100}, p995 = {199, 200}, p9 = {9, 10};
    static const size_t sizes[] = {2, 199, 1000, 1025, 9999, N};
    xmc_diag diag;
    xmc_diag_init(&diag);
    for (int form = 0; form < 3; form++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            const size_t n = sizes[i];
            xmc_stream s = xmc_stream_at(8, (uint64_t)form, i);
            for (size_t t = 0; t < n; t++)
                x[t] = form == 0   ? rint(64e3 * xmc_normal(&s)) / 64
                       : form == 1 ? floor(-2 * xmc_log(xmc_uniform(&s)))
                                   : 3.0;
            xmc_distribution all, tail;
            assert_int_equal(xmc_distribution_init(&all, n, 0x1p-6, &diag), XMC_OK);
            assert_int_equal(xmc_distribution_init(&tail, n, 0x1p-6, &diag), XMC_OK);
            assert_int_equal(xmc_distribution_set(&all, x, n, "x", &diag), XMC_OK);
            assert_int_equal(xmc_distribution_set_tail(&tail, x, n, p99, "x", &diag), XMC_OK);
            assert_true(all.mean.value == tail.mean.value && all.mean.se == tail.mean.se);
            const xmc_estimate var = xmc_var(&all, p995), tvar = xmc_tvar(&all, p995);
            if (!isnan(var.lower) && !isnan(var.upper)) {
                assert_true(same(var, xmc_var(&tail, p995)));
                assert_true(same(xmc_var(&all, p99), xmc_var(&tail, p99)));
                if (!isnan(tvar.se)) {
                    assert_true(same(tvar, xmc_tvar(&tail, p995)));
                    assert_true(
                        same(xmc_var_less_mean(&all, p995), xmc_var_less_mean(&tail, p995)));
                }
                if (form == 0)
                    assert_true(isnan(xmc_var(&tail, p9).value) &&
                                isnan(xmc_tvar(&tail, p9).value) &&
                                isnan(xmc_level_of(&tail, 0).value));
                assert_true(xmc_level_of(&all, var.value).value ==
                            xmc_level_of(&tail, var.value).value);
            }
            xmc_worst w;
            assert_int_equal(xmc_worst_find(&w, x, NULL, n, (double)n / 200, var.value,
                                            isnan(var.lower) ? -INFINITY : var.lower,
                                            isnan(var.upper) ? INFINITY : var.upper, &diag),
                             XMC_OK);
            const xmc_estimate mean = xmc_worst_mean_of(&w, x);
            assert_true(fabs(mean.value - tvar.value) <= 0x1p-7 + 1e-9);
            if (isnan(var.upper))
                assert_true(isnan(mean.se));
            else if (form == 0 && n > 9000)
                assert_true(fabs(mean.se / tvar.se - 1) < 0.03);
            else if (form == 2)
                assert_true(mean.se == 0);
            xmc_worst_free(&w);
            xmc_distribution_free(&all);
            xmc_distribution_free(&tail);
        }
    xmc_diag_free(&diag);
}

static void draw_rough(void *context, uint64_t trial, double *net, size_t n) {
    (void)context;
    xmc_stream s = xmc_stream_at(5, trial, 0);
    for (size_t i = 0; i < n; i++) {
        uint64_t u = xmc_u64(&s) % 1000;
        net[i] = u < 990 ? 0 : (double)(u % 7) * 1000.015625;
        if (i + 1 == n)
            net[i] = (double)(u % 3) - 1;
    }
}

static void test_invariants(void **state) {
    (void)state;
    static const uint64_t trials[] = {1, 7, 999, 16385, 50000};
    for (size_t k = 0; k < sizeof trials / sizeof *trials; k++) {
        fixture f;
        fixture_init(&f, trials[k]);
        for (int i = 0; i < 5; i++) {
            char name[8];
            snprintf(name, sizeof name, "l%d", i);
            fixture_segment(&f, i == 4 ? XMC_RISK_EQUITY : (xmc_risk)(i % 3), XMC_LINE_OTHER, name,
                            "all", "");
        }
        xmc_measures m;
        measure(&f, draw_rough, NULL, &m);
        assert_int_equal(m.n_rows, XMC_MAX_ROWS - 2); /* no reinsurers that may default */
        double sum[2] = {0, 0}, by_risk[2] = {0, 0}, mean = 0;
        for (size_t s = 0; s < m.n_segments; s++) {
            sum[0] += m.segments[s].contribution[0].value;
            sum[1] += m.segments[s].contribution[1].value;
            mean += m.segments[s].mean;
        }
        for (int r = 0; r < XMC_N_RISKS; r++) {
            by_risk[0] += m.risks[r].contribution[0].value;
            by_risk[1] += m.risks[r].contribution[1].value;
        }
        const xmc_measure_row *total = xmc_measures_row(&m, "total");
        assert_true(sum[0] == total->tvar[XMC_Q99].value && by_risk[0] == sum[0]);
        assert_true(sum[1] == total->tvar[XMC_Q995].value && by_risk[1] == sum[1]);
        assert_true(fabs(mean - total->mean.value) < 1e-9);
        for (size_t i = 0; i < m.n_rows; i++) {
            const xmc_measure_row *row = &m.rows[i];
            for (int q = 0; q < XMC_N_QUANTILES; q++) {
                assert_true(row->tvar[q].value >= row->var[q].value);
                assert_true(q == 0 || row->var[q].value >= row->var[q - 1].value);
                assert_true(q == 0 || row->tvar[q].value >= row->tvar[q - 1].value);
            }
            for (int p = 0; p < XMC_N_PERIODS; p++) {
                bool cat = row->risk == XMC_RISK_CAT;
                assert_int_equal(isnan(row->ep[0][p].value), !cat);
                assert_true(!cat || row->ep[0][p].value <= row->ep[2][p].value);
            }
        }
        xmc_measures_free(&m);
        fixture_free(&f);
    }
}

int main(void) {
    snprintf(path, sizeof path, "/tmp/crossmc_measures_%d.h5", (int)getpid());
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_definitions),      cmocka_unit_test(test_ranks),
        cmocka_unit_test(test_event_loss_table), cmocka_unit_test(test_gaussian),
        cmocka_unit_test(test_coverage),         cmocka_unit_test(test_sorting),
        cmocka_unit_test(test_tail_alone),       cmocka_unit_test(test_invariants),
    };
    return cmocka_run_group_tests_name("measures", tests, NULL, NULL);
}
