/* What crossmc bench times against is right itself, and its rows have the fields that are promised.
 */
#include "bench/measure.h"
#include "bench/plain.h"
#include "kernels/distributions.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void plain_normals_are_quantiles(void **state) {
    (void)state;
    enum { N = 50000 };
    static float f[N];
    static double d[N];
    xmc_stream a = xmc_stream_at(4, 0, 0), b = a;
    plain_normal_f32(&a, f, N);
    for (int i = 0; i < N; i++)
        assert_true(fabs((double)f[i] - xmc_normal_quantile((double)xmc_uniform_f32(&b))) < 1e-5);
    plain_normal(&a, d, N);
    for (int i = 0; i < N; i++)
        assert_true(fabs(d[i] - xmc_normal_quantile(xmc_uniform(&b))) < 1e-11);
}

static int ascending(const void *p, const void *q) {
    double x = *(const double *)p, y = *(const double *)q;
    return (x > y) - (x < y);
}

static void quickselect_is_sorting(void **state) {
    (void)state;
    enum { N = 500 };
    xmc_stream s = xmc_stream_at(6, 0, 0);
    for (int round = 0; round < 300; round++) {
        double x[N], sorted[N];
        size_t n = 1 + xmc_u32(&s) % N;
        uint32_t values = 1 + xmc_u32(&s) % (round % 2 ? 5 : 100000); /* with ties, and without */
        for (size_t i = 0; i < n; i++)
            x[i] = sorted[i] = (double)(xmc_u32(&s) % values);
        qsort(sorted, n, sizeof *sorted, ascending);
        size_t k = xmc_u32(&s) % n, above;
        assert_true(plain_quickselect(x, n, k) == sorted[k]);
        double sum = 0, tail = plain_tail(sorted, n, sorted[k], &above);
        for (size_t i = n - above; i < n; i++)
            sum += sorted[i];
        assert_true(sum == tail && (above == n || sorted[n - above - 1] == sorted[k]));
    }
}

static void rows_have_their_fields(void **state) {
    (void)state;
    static const char *const fields[] = {
        "name", "isa",       "threads", "work",       "unit",     "rate",           "seconds",
        "ns",   "reference", "ratio",   "limit_rate", "checksum", "reference_rate", "quiet"};
    FILE *out = fopen("/dev/null", "w");
    json_t *rows = json_array(), *row;
    assert_non_null(out);
    xmc_diag diag;
    xmc_diag_init(&diag);
    const xmc_bench_options o = {.isa = "scalar", .threads = 1, .out = out};
    assert_int_equal(xmc_bench_run("select", &o, rows, &diag), XMC_OK);
    size_t i, measured = 0;
    json_array_foreach(rows, i, row) {
        for (size_t k = 0; k < sizeof fields / sizeof *fields; k++)
            assert_non_null(json_object_get(row, fields[k]));
        double work = json_number_value(json_object_get(row, "work"));
        double seconds = json_number_value(json_object_get(row, "seconds"));
        double rate = json_number_value(json_object_get(row, "rate"));
        assert_true(seconds > 0 && fabs(rate * seconds / work - 1) < 1e-9);
        if (json_is_real(json_object_get(row, "ratio"))) {
            double ratio = json_number_value(json_object_get(row, "ratio"));
            double reference = json_number_value(json_object_get(row, "reference_rate"));
            assert_true(fabs(ratio * reference / rate - 1) < 1e-9);
            measured++;
        }
    }
    assert_int_equal(measured, 2);
    assert_int_equal(xmc_bench_run("no such", &o, rows, &diag), XMC_USAGE);
    xmc_diag_free(&diag);
    json_decref(rows);
    fclose(out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_normals_are_quantiles),
        cmocka_unit_test(quickselect_is_sorting),
        cmocka_unit_test(rows_have_their_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
