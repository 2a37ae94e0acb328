/* A layer over event loss tables: against a literal recomputation, against the exact mean, in both
 * ways of drawing; and the interpolated beta laws against exact quantiles. */
#include "kernels/distributions.h"
#include "kernels/vmath.h"
#include "sim/elt_beta.h"
#include "sim/elt_layer.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { EVENTS = 1000, TABLES = 3, ROWS = 200, OCCURRENCES = 37, TRIALS = 40000 };

static uint32_t events[TABLES][ROWS];
static double mean[TABLES][ROWS], sd[TABLES][ROWS], exposure[TABLES][ROWS];
static xmc_elt_table tables[TABLES];
static double loss[TRIALS], before[TRIALS], other[TRIALS];

static xmc_elt_layer_spec make(uint64_t seed, bool sampled) {
    for (uint32_t t = 0; t < TABLES; t++) {
        xmc_stream s = xmc_stream_at(seed, t, 0);
        for (uint32_t i = 0; i < ROWS; i++) {
            events[t][i] = 5 * i + xmc_u32(&s) % 5;
            mean[t][i] = 1 + xmc_u32(&s) % 1000000;
            exposure[t][i] = mean[t][i] * (1.1 + 20 * xmc_uniform(&s));
            sd[t][i] =
                (0.02 + 0.9 * xmc_uniform(&s)) * sqrt(mean[t][i] * (exposure[t][i] - mean[t][i]));
        }
        tables[t] = (xmc_elt_table){ROWS,  events[t],   mean[t],
                                    sd[t], exposure[t], {1000.0 * t, 700000, 1 - 0.25 * t}};
    }
    return (xmc_elt_layer_spec){.n_events = EVENTS,
                                .occurrences = OCCURRENCES,
                                .n_tables = TABLES,
                                .tables = tables,
                                .sampled = sampled,
                                .lookups = true,
                                .occurrence = {50000, 900000, 0.9},
                                .aggregate = {1e6, 8e6, 1},
                                .loss_grid = 0x1p-6,
                                .seed_events = seed + 1,
                                .seed_damage = seed + 2};
}

static xmc_elt_layer *plan(const xmc_elt_layer_spec *spec) {
    xmc_diag diag;
    xmc_diag_init(&diag);
    xmc_elt_layer *p = NULL;
    assert_int_equal(xmc_elt_layer_plan(spec, 2, &p, &diag), XMC_OK);
    xmc_diag_free(&diag);
    return p;
}

static double terms(double x, xmc_layer k) {
    x = x > k.attachment ? x - k.attachment : 0;
    return (x < k.limit ? x : k.limit) * k.participation;
}

/* The sum of an event after all terms but the aggregate ones. */
static double event_loss(const xmc_elt_layer_spec *s, uint32_t event) {
    double sum = 0;
    for (size_t t = 0; t < s->n_tables; t++)
        for (size_t i = 0; i < s->tables[t].n; i++)
            if (s->tables[t].event[i] == event)
                sum += rint(terms(s->tables[t].mean[i], s->tables[t].terms) * 64) / 64;
    return rint(terms(sum, s->occurrence) * 64) / 64;
}

static double z_of(const double *x, size_t n, double expected) {
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i];
    const double m = sum / (double)n;
    for (size_t i = 0; i < n; i++)
        squares += (x[i] - m) * (x[i] - m);
    return (m - expected) / sqrt(squares / (double)n / (double)(n - 1));
}

static void fixed_losses(void **state) {
    (void)state;
    const xmc_elt_layer_spec spec = make(3, false);
    xmc_elt_layer *p = plan(&spec);
    double of[EVENTS], exact = 0;
    int pays = 0;
    for (uint32_t e = 0; e < EVENTS; e++) {
        exact += of[e] = event_loss(&spec, e);
        pays += of[e] > 0;
    }
    exact *= (double)OCCURRENCES / EVENTS;
    assert_true(fabs(xmc_elt_layer_expected(p) / exact - 1) < 1e-12);
    assert_true(fabs(xmc_elt_layer_hit_share(p) - (double)pays / EVENTS) < 1e-12);
    xmc_elt_layer_trials(p, XMC_ELT_OCCURRENCES, 0, TRIALS, 2, loss, before, NULL);
    assert_true(fabs(z_of(before, TRIALS, exact)) < 4);
    for (uint64_t i = 0; i < 500; i++) { /* literally */
        xmc_stream s = xmc_stream_at(spec.seed_events, i, 0);
        double sum = 0;
        for (int o = 0; o < OCCURRENCES; o++)
            sum += of[(uint64_t)xmc_u32(&s) * EVENTS >> 32];
        assert_true(before[i] == sum);
        assert_true(loss[i] == rint(terms(sum, spec.aggregate) * 64) / 64);
    }
    /* every look-up; in another cut, on one thread */
    for (size_t from = 0; from < TRIALS; from += 7001) {
        const size_t n = TRIALS - from < 7001 ? TRIALS - from : 7001;
        xmc_elt_layer_trials(p, XMC_ELT_LOOKUPS, from, n, 1, other + from, NULL, NULL);
    }
    assert_memory_equal(loss, other, sizeof loss);
    /* paying occurrences alone: mean and variance of the same law, from other numbers */
    double variance = 0, own = 0, m = 0;
    for (uint32_t e = 0; e < EVENTS; e++)
        variance += of[e] * of[e] / EVENTS;
    variance = OCCURRENCES * (variance - exact * exact / OCCURRENCES / OCCURRENCES);
    xmc_elt_layer_trials(p, XMC_ELT_HITS, 0, TRIALS, 2, loss, before, NULL);
    assert_true(fabs(z_of(before, TRIALS, exact)) < 4);
    for (size_t i = 0; i < TRIALS; i++)
        m += before[i] / TRIALS;
    for (size_t i = 0; i < TRIALS; i++)
        own += (before[i] - m) * (before[i] - m) / (TRIALS - 1);
    assert_true(fabs(own / variance - 1) < 4 * sqrt(2.5 / TRIALS));
    xmc_elt_layer_free(p);
}

static void sampled_losses(void **state) {
    (void)state;
    for (uint64_t seed = 10; seed < 13; seed++) {
        const xmc_elt_layer_spec spec = make(10 * seed, true);
        xmc_elt_layer *p = plan(&spec);
        double exact = 0, variance = 0;
        for (uint32_t e = 0; e < EVENTS; e++) {
            double m = 0, v = 0; /* of an occurrence of this event */
            for (size_t t = 0; t < TABLES; t++)
                for (size_t i = 0; i < ROWS; i++)
                    if (events[t][i] == e) {
                        m += mean[t][i];
                        v += sd[t][i] * sd[t][i];
                    }
            exact += m / EVENTS;
            variance += (v + m * m) / EVENTS;
        }
        variance = OCCURRENCES * (variance - exact * exact);
        exact *= OCCURRENCES;
        assert_true(fabs(xmc_elt_layer_expected(p) / exact - 1) < 1e-12);
        xmc_elt_layer_trials(p, XMC_ELT_OCCURRENCES, 0, TRIALS, 2, loss, before, other);
        double m = 0, own = 0, fourth = 0;
        for (size_t i = 0; i < TRIALS; i++)
            m += other[i] / TRIALS;
        for (size_t i = 0; i < TRIALS; i++) {
            const double d = (other[i] - m) * (other[i] - m);
            own += d / (TRIALS - 1);
            fourth += d * d / TRIALS;
        }
        assert_true(fabs(z_of(other, TRIALS, exact)) < 4);
        assert_true(fabs(own - variance) < 4 * sqrt((fourth - own * own) / TRIALS));
        for (size_t i = 0; i < TRIALS; i++)
            assert_true(loss[i] >= 0 && loss[i] <= 8e6 && before[i] <= OCCURRENCES * 810000.0);
        static double again[TRIALS];
        for (size_t from = 0; from < TRIALS; from += 9999) {
            const size_t n = TRIALS - from < 9999 ? TRIALS - from : 9999;
            xmc_elt_layer_trials(p, XMC_ELT_OCCURRENCES, from, n, 1, again + from, NULL, NULL);
        }
        assert_memory_equal(loss, again, sizeof loss);
        xmc_elt_layer_free(p);
    }
}

static void beta_laws(void **state) {
    (void)state;
    xmc_elt_beta b;
    assert_int_equal(xmc_elt_beta_init(&b, 2), 0);
    xmc_stream s = xmc_stream_at(99, 0, 0);
    for (int k = 0; k < 200; k++) {
        const double m = 0.003 + 0.9 * xmc_uniform(&s) * xmc_uniform(&s);
        const double spread = 0.003 + 0.4 * xmc_uniform(&s);
        const double deviation = sqrt(spread * m * (1 - m)), size = 1 / spread - 1;
        xmc_elt_row r;
        xmc_elt_beta_row(&b, m, deviation, &r);
        enum { WORDS = 1 << 16 };
        double sum = 0, squares = 0;
        for (uint32_t i = 0; i < WORDS; i++) {
            uint32_t segment;
            const float t = xmc_elt_place(&b, (i << 16) + 0x8000u, &segment);
            const double x = (double)xmc_elt_quantile(&r, t, segment);
            sum += x / WORDS;
            squares += x * x / WORDS;
        }
        assert_true(fabs(sum / m - 1) < 5e-4);
        assert_true(fabs(sqrt(squares - sum * sum) / deviation - 1) < 1e-3);
        static const double at[] = {0.5, 0.9, 0.99};
        for (int i = 0; i < 3; i++) {
            const double exact = xmc_beta_i_inverse(m * size, (1 - m) * size, at[i]);
            uint32_t segment;
            const float t =
                xmc_elt_place(&b, (uint32_t)((1 - at[i]) * 0x1p32), &segment); /* large = small */
            /* moments of a segment are right, points inside it nearly */
            assert_true(fabs((double)xmc_elt_quantile(&r, t, segment) - exact) <
                        0.05 * exact + 0.15 * deviation);
        }
    }
    xmc_elt_beta_free(&b);
}

static void bad_rows_are_named(void **state) {
    (void)state;
    xmc_elt_layer_spec spec = make(5, true);
    sd[1][7] = 10 * exposure[1][7];
    events[2][9] = events[2][8];
    xmc_diag diag;
    xmc_diag_init(&diag);
    xmc_elt_layer *p;
    assert_int_equal(xmc_elt_layer_plan(&spec, 1, &p, &diag), XMC_BAD_INPUT);
    assert_int_equal(diag.n_errors, 2);
    assert_null(p);
    xmc_diag_free(&diag);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fixed_losses),
        cmocka_unit_test(sampled_losses),
        cmocka_unit_test(beta_laws),
        cmocka_unit_test(bad_rows_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
