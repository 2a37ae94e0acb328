/* Selection against sorting, sums against long double, independence from anything but the data. */
#include "kernels/distributions.h"
#include "kernels/reduce.h"
#include "kernels/vmath.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MAX = 100003 };
static double x[MAX], w[MAX], sorted[MAX], scratch[MAX], before[MAX];

/* Columns as year loss tables have them: heavy tails, mostly zeros, few distinct values, sorted,
 * constant. */
static void make(int kind, size_t n) {
    xmc_stream s = xmc_stream_at(3, (uint64_t)kind, n);
    for (size_t i = 0; i < n; i++) {
        double z = xmc_normal(&s);
        switch (kind) {
        case 0:
            x[i] = z;
            break;
        case 1:
            x[i] = xmc_exp(3 * z) * 1e6;
            break;
        case 2:
            x[i] = z > 1.2 ? xmc_exp(2 * z) : 0;
            break;
        case 3:
            x[i] = rint(2 * z);
            break;
        case 4:
            x[i] = (double)i;
            break;
        case 5:
            x[i] = -(double)i;
            break;
        default:
            x[i] = 7.25;
        }
        w[i] = xmc_uniform(&s);
    }
}

static int ascending(const void *a, const void *b) {
    double u = *(const double *)a, v = *(const double *)b;
    return (u > v) - (u < v);
}

static const size_t sizes[] = {1, 2, 3, 15, 16, 17, 1000, 16383, 16384, 16385, MAX};

static void selection(void **state) {
    (void)state;
    for (int kind = 0; kind < 7; kind++)
        for (size_t j = 0; j < sizeof sizes / sizeof *sizes; j++) {
            size_t n = sizes[j];
            make(kind, n);
            memcpy(sorted, x, n * sizeof *x);
            memcpy(before, x, n * sizeof *x);
            qsort(sorted, n, sizeof *sorted, ascending);
            const size_t ks[] = {0, n / 3, n / 2, n - 1 - n / 200, n - 1 - n / 1000, n - 1};
            for (size_t i = 0; i < 6; i++)
                assert_true(xmc_kth_smallest(x, n, ks[i], scratch) == sorted[ks[i]]);
            assert_memory_equal(before, x, n * sizeof *x);
        }
}

static void moments(void **state) {
    (void)state;
    for (int kind = 0; kind < 7; kind++)
        for (size_t j = 0; j < sizeof sizes / sizeof *sizes; j++) {
            size_t n = sizes[j];
            make(kind, n);
            long double s = 0, s2 = 0, ws = 0, ws2 = 0, size = 0;
            double min = INFINITY, max = -INFINITY;
            for (size_t i = 0; i < n; i++) {
                s += (long double)x[i];
                size += fabsl((long double)x[i]);
                s2 += (long double)x[i] * x[i];
                ws += (long double)w[i] * x[i];
                ws2 += (long double)w[i] * x[i] * x[i];
                min = x[i] < min ? x[i] : min;
                max = x[i] > max ? x[i] : max;
            }
            xmc_moments m = xmc_column_moments(x, NULL, n), mw = xmc_column_moments(x, w, n);
            assert_true(fabsl(m.sum - s) <= 1e-14L * size &&
                        fabsl(m.sum_squares - s2) <= 1e-14L * s2);
            assert_true(fabsl(mw.sum - ws) <= 1e-14L * size &&
                        fabsl(mw.sum_squares - ws2) <= 1e-14L * s2);
            assert_true(m.min == min && m.max == max && mw.min == min && mw.max == max);
        }
    xmc_moments none = xmc_column_moments(x, NULL, 0);
    assert_true(none.sum == 0 && none.min == INFINITY && none.max == -INFINITY);
}

static void tails(void **state) {
    (void)state;
    for (int kind = 0; kind < 7; kind++)
        for (size_t j = 0; j < sizeof sizes / sizeof *sizes; j++) {
            size_t n = sizes[j], above = 0, equal = 0;
            make(kind, n);
            double q = xmc_kth_smallest(x, n, n - 1 - n / 200, scratch);
            long double s = 0, s2 = 0, size = 0;
            for (size_t i = 0; i < n; i++) {
                equal += x[i] == q;
                if (x[i] > q) {
                    above++;
                    s += (long double)x[i];
                    size += fabsl((long double)x[i]);
                    s2 += (long double)x[i] * x[i];
                }
            }
            xmc_tail t = xmc_column_tail(x, n, q);
            xmc_tail both;
            assert_true(xmc_kth_and_tail(x, n, n - 1 - n / 200, scratch, &both) == q);
            assert_memory_equal(&both, &t, sizeof t);
            assert_int_equal(t.n_above, above);
            assert_int_equal(t.n_equal, equal);
            assert_true(above + equal >= n / 200 + 1 && above <= n / 200);
            assert_true(fabsl(t.sum - s) <= 1e-14L * size &&
                        fabsl(t.sum_squares - s2) <= 1e-14L * s2);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(selection),
        cmocka_unit_test(moments),
        cmocka_unit_test(tails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
