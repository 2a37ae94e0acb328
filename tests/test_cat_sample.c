/* Samples of single events: the same bits however they are cut up and whichever thread draws them,
 * and the law of the trial loop. */
#include "bench/cat_book.h"
#include "sim/blocks.h"
#include "sim/cat.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { EVENTS = 12, ACCOUNTS = 15, SAMPLES = 20000, TRIALS = 32768 };

static const xmc_bench_cat_spec spec = {.locations = 150,
                                        .cells = 40,
                                        .covers = 2,
                                        .functions = 3,
                                        .accounts = ACCOUNTS,
                                        .layers = 2,
                                        .events = EVENTS,
                                        .hit_share = 0.2,
                                        .total_rate = 3,
                                        .seed = 5};

static void samples_of_events(void **state) {
    (void)state;
    xmc_diag diag;
    xmc_diag_init(&diag);
    xmc_bench_cat b;
    xmc_segments segments = {0};
    xmc_cat *cat = NULL;
    xmc_block block;
    assert_int_equal(xmc_bench_cat_make(&spec, &b, &diag), XMC_OK);
    const xmc_run_shape shape = {TRIALS, 2};
    assert_int_equal(xmc_cat_plan(&b.a, &shape, &segments, &cat, &diag), XMC_OK);
    assert_int_equal(xmc_block_init(&block, TRIALS, segments.n, 0), 0);
    xmc_block_reset(&block, 0, TRIALS);
    xmc_cat_block(cat, &block);
    double mean[EVENTS], sd[EVENTS];
    uint64_t occurrences[EVENTS];
    xmc_cat_elt(cat, NULL, NULL, occurrences, mean, sd, NULL);
    double *whole = malloc(sizeof *whole * ACCOUNTS * SAMPLES);
    double *piece = malloc(sizeof *piece * ACCOUNTS * SAMPLES);
    assert_true(whole && piece);
    for (size_t e = 0; e < EVENTS; e++) {
        size_t segment[ACCOUNTS];
        const size_t n = xmc_cat_event_segments(cat, e, segment);
        assert_true(n > 0 && n <= ACCOUNTS);
        xmc_cat_sample(cat, 0, e, 0, SAMPLES, whole);
        for (uint32_t first = 0, m; first < SAMPLES; first += m) {
            m = 1 + 777 * (first % 5);
            m = m < SAMPLES - first ? m : SAMPLES - first;
            xmc_cat_sample(cat, 1, e, first, m, piece);
            for (size_t k = 0; k < n; k++)
                assert_memory_equal(piece + k * m, whole + k * SAMPLES + first, m * sizeof *piece);
        }
        double sum = 0, squares = 0;
        for (size_t l = 0; l < SAMPLES; l++) {
            double loss = 0;
            for (size_t k = 0; k < n; k++)
                loss += whole[k * SAMPLES + l];
            sum += loss;
            squares += loss * loss;
        }
        const double m = sum / SAMPLES, v = squares / SAMPLES - m * m;
        const double error = sqrt(v / SAMPLES + sd[e] * sd[e] / (double)occurrences[e]);
        assert_true(v > 0 && fabs(m - mean[e]) < 4 * error);
    }
    free(whole);
    free(piece);
    xmc_block_free(&block);
    xmc_cat_free(cat);
    xmc_segments_free(&segments);
    xmc_bench_cat_free(&b);
    xmc_diag_free(&diag);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(samples_of_events)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
