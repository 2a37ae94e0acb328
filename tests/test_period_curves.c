/* Exceedance curves by account against a literal sort of all year losses. */
#include "kernels/stream.h"
#include "output/period_curves.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { EVENTS = 40, SAMPLES = 7, PERIODS = 300, ACCOUNTS = 9, OCCURRENCES = 500, RETURNS = 6 };
static float losses[ACCOUNTS][EVENTS][SAMPLES];
static const double returns[RETURNS] = {10, 2, 100, 2100, 1, 5000};

static const float *samples(const void *context, size_t account, uint32_t event) {
    (void)context;
    return (account + event) % 3 ? losses[account][event] : NULL;
}

static int descending(const void *p, const void *q) {
    const double x = *(const double *)p, y = *(const double *)q;
    return (x < y) - (x > y);
}

static void curves_are_sorted_losses(void **state) {
    (void)state;
    xmc_stream s = xmc_stream_at(8, 0, 0);
    for (int a = 0; a < ACCOUNTS; a++)
        for (int e = 0; e < EVENTS; e++)
            for (int k = 0; k < SAMPLES; k++) /* whole numbers: sums are exact; ties; many zeros */
                losses[a][e][k] = xmc_u32(&s) % 3 ? 0.0f : (float)(xmc_u32(&s) % (a ? 5000 : 3));
    uint64_t offset[PERIODS + 1] = {0};
    uint32_t event[OCCURRENCES];
    for (int o = 0; o < OCCURRENCES; o++) {
        offset[1 + xmc_u32(&s) % PERIODS]++;
        event[o] = xmc_u32(&s) % EVENTS;
    }
    for (int p = 0; p < PERIODS; p++)
        offset[p + 1] += offset[p];
    const xmc_periods y = {PERIODS, SAMPLES, offset, event};
    static double curve[ACCOUNTS][XMC_N_CURVES][RETURNS], other[ACCOUNTS][XMC_N_CURVES][RETURNS];
    double mean[ACCOUNTS];
    xmc_diag diag;
    xmc_diag_init(&diag);
    assert_int_equal(xmc_period_curves(&y, ACCOUNTS, samples, NULL, RETURNS, returns, 2,
                                       &curve[0][0][0], mean, &diag),
                     XMC_OK);
    assert_int_equal(xmc_period_curves(&y, ACCOUNTS, samples, NULL, RETURNS, returns, 1,
                                       &other[0][0][0], NULL, &diag),
                     XMC_OK);
    assert_memory_equal(curve, other, sizeof curve);
    enum { N = PERIODS * SAMPLES };
    for (size_t a = 0; a < ACCOUNTS; a++)
        for (int aggregate = 0; aggregate < 2; aggregate++) {
            static double x[N];
            memset(x, 0, sizeof x);
            double total = 0;
            for (int p = 0; p < PERIODS; p++)
                for (uint64_t o = offset[p]; o < offset[p + 1]; o++) {
                    const float *l = samples(NULL, a, event[o]);
                    for (int k = 0; l && k < SAMPLES; k++) {
                        double *to = &x[p * SAMPLES + k];
                        *to = aggregate ? *to + (double)l[k] : fmax(*to, (double)l[k]);
                    }
                }
            qsort(x, N, sizeof *x, descending);
            for (int i = 0; i < N; i++)
                total += x[i];
            if (aggregate)
                assert_true(fabs(mean[a] - total / N) < 1e-9 * total);
            for (int r = 0; r < RETURNS; r++) {
                int rank = (int)(N / returns[r]);
                rank = rank < 1 ? 1 : rank;
                double tail = 0;
                for (int i = 0; i < rank; i++)
                    tail += x[i];
                assert_true(curve[a][2 * aggregate][r] == x[rank - 1]);
                assert_true(fabs(curve[a][2 * aggregate + 1][r] - tail / rank) <= 1e-12 * tail);
            }
        }
    const xmc_periods none = {0, SAMPLES, offset, event};
    assert_int_equal(xmc_period_curves(&none, ACCOUNTS, samples, NULL, RETURNS, returns, 1,
                                       &other[0][0][0], NULL, &diag),
                     XMC_BAD_INPUT);
    xmc_diag_free(&diag);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(curves_are_sorted_losses)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
