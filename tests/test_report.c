/* The report of analyses that simulate only a part, and of output that cannot be written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/results_fixture.h"

#include "kernels/distributions.h"
#include "kernels/vmath.h"
#include "output/report.h"

#include <unistd.h>

static char path[64];

static void law(void *context, uint64_t trial, double *net, size_t n) {
    (void)context;
    xmc_stream s = xmc_stream_at(3, trial, 0);
    for (size_t i = 0; i < n; i++)
        net[i] = xmc_to_grid(1e7 * xmc_normal(&s), 0x1p-6, 64);
}

/* Writes a file whose only risk is `risk`, and gives its report back; to be freed. */
static char *report_of(xmc_risk risk, uint64_t trials, xmc_report_format format) {
    fixture f;
    fixture_init(&f, trials);
    f.analysis.has_cat = risk == XMC_RISK_CAT;
    f.analysis.has_attritional = risk == XMC_RISK_ATTRITIONAL;
    f.analysis.has_credit = risk == XMC_RISK_CREDIT;
    f.analysis.has_equity = risk == XMC_RISK_EQUITY;
    fixture_segment(&f, risk, risk == XMC_RISK_EQUITY ? XMC_N_LINES : XMC_LINE_MOTOR, "one", "all",
                    "");
    xmc_diag d;
    xmc_diag_init(&d);
    xmc_results *r = NULL;
    xmc_status st = fixture_write(&f, path, law, NULL, &r, &d);
    if (st == XMC_OK)
        st = xmc_results_finish(r, NULL, NULL, &d);
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    if (st == XMC_OK)
        st = xmc_report(path, format, out, &d);
    fclose(out);
    xmc_diag_print(&d, stderr);
    assert_int_equal(st, XMC_OK);
    xmc_diag_free(&d);
    fixture_free(&f);
    unlink(path);
    return text;
}

static void test_one_risk(void **state) {
    (void)state;
    static const char *const words[] = {
        "not simulated: catastrophe", "not simulated: attritional losses",
        "not simulated: export credit and guarantee", "not simulated: equity",
        "not simulated: default of reinsurers"};
    for (int k = 0; k < XMC_RISK_REINSURERS; k++) {
        char *text = report_of((xmc_risk)k, 5000, XMC_REPORT_TEXT);
        for (int i = 0; i < XMC_N_RISKS; i++)
            assert_int_equal(strstr(text, words[i]) != NULL, i != k);
        assert_non_null(strstr(text, "names no company sheet"));
        assert_int_equal(strstr(text, "cat OEP") != NULL, k == XMC_RISK_CAT);
        assert_int_equal(strstr(text, "before reinstatement\npremiums and stop loss") != NULL,
                         k == XMC_RISK_CAT);
        assert_null(strstr(text, " nan"));
        assert_null(strstr(text, "inf "));
        free(text);
        char *csv = report_of((xmc_risk)k, 5000, XMC_REPORT_CSV);
        assert_int_equal(strstr(csv, "\"cat_net\"") != NULL, k == XMC_RISK_CAT);
        assert_int_equal(strstr(csv, "\"oep\"") != NULL, k == XMC_RISK_CAT);
        assert_null(strstr(csv, "nan"));
        free(csv);
    }
}

/* A single trial: all that needs more is missing, and nothing fails. */
static void test_one_trial(void **state) {
    (void)state;
    char *text = report_of(XMC_RISK_CAT, 1, XMC_REPORT_TEXT);
    assert_non_null(strstr(text, "[-, -]"));
    assert_null(strstr(text, " nan"));
    free(text);
}

static void test_unwritable(void **state) {
    (void)state;
    fixture f;
    fixture_init(&f, 1000);
    fixture_segment(&f, XMC_RISK_EQUITY, XMC_N_LINES, "one", "all", "");
    xmc_diag d;
    xmc_diag_init(&d);
    xmc_results *r = NULL;
    assert_int_equal(fixture_write(&f, path, law, NULL, &r, &d), XMC_OK);
    assert_int_equal(xmc_results_finish(r, NULL, NULL, &d), XMC_OK);
    FILE *full = fopen("/dev/full", "w");
    assert_non_null(full);
    assert_int_equal(xmc_report(path, XMC_REPORT_TEXT, full, &d), XMC_SYSTEM);
    fclose(full);
    assert_int_equal(d.n_errors, 1);
    unlink(path);
    assert_int_equal(xmc_report(path, XMC_REPORT_TEXT, stderr, &d), XMC_BAD_INPUT);
    xmc_diag_free(&d);
    fixture_free(&f);
}

int main(void) {
    snprintf(path, sizeof path, "/tmp/crossmc_report_%d.h5", (int)getpid());
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_one_risk),
                                       cmocka_unit_test(test_one_trial),
                                       cmocka_unit_test(test_unwritable)};
    return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
