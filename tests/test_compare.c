/* The error of a change between two paired columns: limits of nominal 95 % against closed forms of
 * two correlated normal losses, over many repetitions; and that pairing is what makes them narrow.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernels/distributions.h"
#include "output/compare.h"

#include <math.h>
#include <stdlib.h>

enum { N = 10000, REPETITIONS = 400 };
static const double grid = 0x1p-20, p = 0.99;

/* A standard normal; B = 0.8 A + 0.5 of its own: sd 0.943, correlation 0.848. */
static void draw(uint64_t seed, double *a, double *b) {
    xmc_stream s = xmc_stream_at(20261127, seed, 0);
    for (size_t i = 0; i < N; i++) {
        const double x = xmc_normal(&s), y = 0.8 * x + 0.5 * xmc_normal(&s);
        a[i] = nearbyint(x / grid) * grid;
        b[i] = nearbyint(y / grid) * grid;
    }
}

static void test_coverage(void **state) {
    (void)state;
    const double sd = sqrt(0.8 * 0.8 + 0.5 * 0.5), z = xmc_normal_quantile(p);
    const double tail = exp(-z * z / 2) / sqrt(2 * 3.14159265358979323846) / (1 - p);
    const double exact[XMC_N_CHANGES] = {0, z * (sd - 1), tail * (sd - 1), z * (sd - 1)};
    double *a = malloc(N * sizeof *a), *b = malloc(N * sizeof *b);
    xmc_distribution da, db;
    xmc_diag diag;
    xmc_diag_init(&diag);
    assert_int_equal(xmc_distribution_init(&da, N, grid, &diag), XMC_OK);
    assert_int_equal(xmc_distribution_init(&db, N, grid, &diag), XMC_OK);
    int inside[XMC_N_CHANGES] = {0};
    double narrow = 0;
    for (uint64_t k = 0; k < REPETITIONS; k++) {
        draw(k, a, b);
        assert_int_equal(xmc_distribution_set(&da, a, N, "a", &diag), XMC_OK);
        assert_int_equal(xmc_distribution_set(&db, b, N, "b", &diag), XMC_OK);
        xmc_change c[XMC_N_CHANGES];
        xmc_paired_changes(a, b, &da, &db, (xmc_level){99, 100}, c);
        for (int i = 0; i < XMC_N_CHANGES; i++)
            inside[i] += c[i].change.lower <= exact[i] && exact[i] <= c[i].change.upper;
        const double apart =
            hypot(xmc_var(&da, (xmc_level){99, 100}).se, xmc_var(&db, (xmc_level){99, 100}).se);
        narrow += c[XMC_CHANGE_VAR].change.se / apart / REPETITIONS;
    }
    /* Binomial bounds of 4 standard errors (0.011) about 95 %, and a hundredth below for what the
     * asymptotic formulas lose with 100 trials in the tail. */
    for (int i = 0; i < XMC_N_CHANGES; i++) {
        const double share = (double)inside[i] / REPETITIONS;
        print_message("%s: %.3f\n", xmc_change_names[i], share);
        assert_true(share > 0.95 - 0.054 && share < 0.95 + 0.044);
    }
    print_message("paired over independent: %.3f\n", narrow);
    assert_true(narrow < 0.8);
    xmc_distribution_free(&da);
    xmc_distribution_free(&db);
    free(a);
    free(b);
    xmc_diag_free(&diag);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_coverage)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
