/* The comparison with the minimum on Gaussian segments, where everything is known in closed form:
 * places, bases, matched minimum, implied levels. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/results_fixture.h"

#include "kernels/distributions.h"
#include "kernels/vmath.h"
#include "output/comparison.h"
#include "output/h5.h"
#include "output/report.h"
#include "scenarios/common/source.h"

#include <sys/stat.h>
#include <unistd.h>

static char path[64], company[64];

static const char sheet[] = "company: Test insurer\n"
                            "date: 2025-12-31\n"
                            "unit: million\n"
                            "total_assets: 60000\n"
                            "actual_capital: 1000\n"
                            "core_capital: 900\n"
                            "sarmra: 80\n"
                            "given:\n"
                            "  catastrophe: 40\n"
                            "  market.interest: 25\n"
                            "  market.equity: 60\n"
                            "insurance:\n"
                            "  lines:\n"
                            "    motor: {retained_premium: 300, net_claims_reserve: 200}\n"
                            "    liability: {retained_premium: 100, net_claims_reserve: 50}\n";

/* Independent: cat 10 sd (mean 20), attritional motor 15 (mean 100), short life 5 (mean 3), equity
 * 20 (mean 0); in millions. */
static const double mean[] = {20, 100, 3, 0}, sd[] = {10, 15, 5, 20};

static void draw(void *context, uint64_t trial, double *net, size_t n) {
    xmc_stream s = xmc_stream_at(*(uint64_t *)context, trial, 9);
    for (size_t i = 0; i < n; i++)
        net[i] = xmc_to_grid(1e6 * (mean[i] + sd[i] * xmc_normal(&s)), 0x1p-6, 64);
}

static const xmc_comparison_row *row_of(const xmc_comparison *c, const char *key) {
    for (size_t i = 0; i < c->n_rows; i++)
        if (!strcmp(c->rows[i].key, key))
            return &c->rows[i];
    fprintf(stderr, "no row %s\n", key);
    return NULL;
}

static void near(xmc_estimate e, double exact) {
    if (!(fabs(e.value - exact) < 4 * e.se)) {
        fprintf(stderr, "%.4f, exact %.4f, se %.4f\n", e.value, exact, e.se);
        fail();
    }
    assert_true(e.lower <= e.value && e.value <= e.upper);
}

static void write_file(const char *name, const char *text) {
    FILE *f = fopen(name, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

/* Every risk present, and the company of the sheet; segments are the caller's. */
static void company_fixture(fixture *x, uint64_t trials) {
    fixture_init(x, trials);
    x->analysis.has_company = true;
    x->analysis.company_path = company;
    x->analysis.rules_dir = CROSSMC_SOURCE_DIR "/scenarios/rules";
}

/* Writes the results of a seed, opens them and reads the comparison; both are the caller's. */
static xmc_results *compare_with_sheet(fixture *x, uint64_t seed, xmc_comparison *c, xmc_diag *d) {
    xmc_results *r = NULL;
    xmc_status st = fixture_results(x, path, draw, &seed, &r, d);
    if (st == XMC_OK)
        st = xmc_comparison_read(r, c, d);
    xmc_diag_print(d, stderr);
    assert_int_equal(st, XMC_OK);
    return r;
}

static void test_comparison(void **state) {
    (void)state;
    write_file(company, sheet);
    const double z = 2.57582930355 * 1e6;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        fixture x;
        company_fixture(&x, 200000);
        fixture_segment(&x, XMC_RISK_CAT, XMC_LINE_PROPERTY, "property", "all", "flood");
        fixture_segment(&x, XMC_RISK_ATTRITIONAL, XMC_LINE_MOTOR, "motor", "all", "");
        fixture_segment(&x, XMC_RISK_ATTRITIONAL, XMC_LINE_SHORT_LIFE, "life", "all", "");
        fixture_segment(&x, XMC_RISK_EQUITY, XMC_N_LINES, "csi300", "main_sh", "market");
        xmc_diag d;
        xmc_diag_init(&d);
        xmc_comparison c;
        xmc_results *r = compare_with_sheet(&x, seed, &c, &d);
        assert_int_equal(c.n_versions, 3);

        const xmc_comparison_row *cat = row_of(&c, "catastrophe"),
                                 *motor = row_of(&c, "line.motor.premium"),
                                 *equity = row_of(&c, "market.equity"),
                                 *total = row_of(&c, "total");
        assert_non_null(cat);
        assert_non_null(motor);
        assert_non_null(equity);
        assert_non_null(total);
        assert_int_equal(cat->basis, XMC_BASIS_VAR);
        assert_int_equal(motor->basis, XMC_BASIS_VAR_LESS_MEAN);
        assert_int_equal(equity->basis, XMC_BASIS_ZERO_RETURN);
        near(cat->capital, 20e6 + 10 * z);
        near(cat->gross, 2 * (20e6 + 10 * z)); /* the fixture's gross is twice the net */
        near(motor->capital, 15 * z);
        near(equity->capital, 20 * z);

        /* the rules' amounts, by hand: motor premium 300 at 0.103 and k2 unstated */
        double p = 300e6 * 0.103, k = 40e6, e = 60e6;
        assert_true(fabs(motor->factor[0] - p) < 1);
        assert_true(cat->factor[2] == k && equity->factor[2] == e);
        double insurance = sqrt(p * p + 2 * 0.25 * p * k + k * k);
        double matched = sqrt(insurance * insurance + 2 * 0.10 * insurance * e + e * e);
        for (size_t v = 0; v < 3; v++) {
            assert_true(fabs(c.versions[v].matched - matched) < 1);
            assert_true(fabs(c.versions[v].parts - (p + k + e)) < 1);
            assert_true(total->factor[v] == c.versions[v].matched);
            assert_true(c.versions[v].minimum > 0 && c.versions[v].before_size > matched);
        }
        assert_true(c.versions[0].size_factor == 1 && c.versions[2].size_factor == 0.95);

        /* levels: Phi at the amount on the row's basis */
        near(cat->level[1], xmc_normal_cdf((k - 20e6) / 10e6));
        near(motor->level[1], xmc_normal_cdf(p / 15e6));
        near(equity->level[1], xmc_normal_cdf(e / 20e6));

        /* total of cat, motor and equity alone: motor's mean is deducted, that of cat is not */
        double sigma = sqrt(10. * 10 + 15 * 15 + 20 * 20);
        assert_true(fabs(c.deducted - motor->mean) < 1e-3);
        near(total->capital, 20e6 + sigma * z);
        near(total->level[0], xmc_normal_cdf((matched - 20e6) / (sigma * 1e6)));
        assert_true(fabs(c.parts - (cat->capital.value + motor->capital.value +
                                    equity->capital.value)) < 1e-3);

        /* what has no counterpart is named, not counted */
        const xmc_comparison_row *interest = row_of(&c, "market.interest");
        assert_non_null(interest);
        assert_int_equal(interest->place, XMC_PLACE_NOT_SIMULATED);
        assert_true(interest->factor[0] == 25e6 && isnan(interest->capital.value));
        assert_int_equal(row_of(&c, "line.liability.premium")->place, XMC_PLACE_NOT_SIMULATED);
        assert_int_equal(row_of(&c, "line.motor.reserve")->place, XMC_PLACE_NOT_SIMULATED);
        const xmc_comparison_row *life = row_of(&c, "line.short_life.premium");
        assert_non_null(life); /* simulated, but the sheet does not know the line */
        assert_int_equal(life->place, XMC_PLACE_NOT_IN_MINIMUM);
        assert_true(isnan(life->factor[0]));
        near(life->capital, 5 * z);
        xmc_results_close(r);
        xmc_comparison_free(&c);
        xmc_diag_free(&d);
        fixture_free(&x);
        unlink(path);
    }
    unlink(company);
}

/* The input of a role and path in /provenance; its size is that of the file. */
static size_t inputs_of(const char *role, const char *ending, char sha[65]) {
    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    xmc_diag d;
    xmc_diag_init(&d);
    xmc_h5 h = {.file = file, .path = path, .diag = &d};
    size_t n = 0, found = 0;
    char **names = xmc_h5_read_strings(&h, "/provenance/input", SIZE_MAX, &n);
    char **roles = xmc_h5_read_strings(&h, "/provenance/input_role", n, NULL);
    char **digests = xmc_h5_read_strings(&h, "/provenance/input_sha256", n, NULL);
    uint64_t *bytes = xmc_h5_read_u64(&h, "/provenance/input_bytes", n, NULL);
    assert_int_equal(h.status, XMC_OK);
    for (size_t i = 0; i < n; i++) {
        size_t length = strlen(names[i]), tail = strlen(ending);
        if (strcmp(roles[i], role) || length < tail || strcmp(names[i] + length - tail, ending))
            continue;
        struct stat about;
        assert_int_equal(stat(names[i], &about), 0);
        assert_int_equal(bytes[i], about.st_size);
        assert_int_equal(strlen(digests[i]), 64);
        snprintf(sha, 65, "%s", digests[i]);
        found++;
    }
    xmc_h5_free_strings(names, n);
    xmc_h5_free_strings(roles, n);
    xmc_h5_free_strings(digests, n);
    free(bytes);
    H5Fclose(file);
    xmc_diag_free(&d);
    return found;
}

/* A sheet with a table of its own: 400 years, of which the k-th loses k/1000 of 100 million. VaR
 * 99.5 % is the 398th smallest: 39.8 million, of which 15 in excess of 10 are ceded. */
static void test_catastrophe_table(void **state) {
    (void)state;
    char table[80];
    snprintf(table, sizeof table, "/tmp/crossmc_table_%d.csv", (int)getpid());
    FILE *f = fopen(table, "w");
    assert_non_null(f);
    fputs("scenario,Jiangxi\n", f);
    for (int i = 1; i <= 400; i++)
        fprintf(f, "%d,%.3f\n", i, (double)(i * 7 % 401) / 1000); /* 7 and 401 have no factor in
                                                                      common: each once */
    fclose(f);
    char text[1024];
    snprintf(text, sizeof text,
             "company: Test insurer\ndate: 2025-12-31\nunit: million\ntotal_assets: 60000\n"
             "actual_capital: 1000\ncore_capital: 900\nsarmra: 80\n"
             "insurance:\n  catastrophe:\n    property_earthquake:\n      table: %s\n"
             "      rows: years\n      table_is: own\n      exposure: {Jiangxi: 100}\n"
             "      excess_of_loss: {attachment: 10, limit: 15, share: 1}\n",
             table);
    write_file(company, text);
    fixture x;
    company_fixture(&x, 20000);
    fixture_segment(&x, XMC_RISK_CAT, XMC_LINE_PROPERTY, "property", "all", "flood");
    xmc_diag d;
    xmc_diag_init(&d);
    xmc_comparison c;
    xmc_results *r = compare_with_sheet(&x, 1, &c, &d);
    assert_int_equal(c.n_perils, 1);
    assert_string_equal(c.perils[0].code, "1.2.2.3");
    assert_true(fabs(c.perils[0].gross - 39.8e6) < 1);
    assert_true(fabs(c.perils[0].net - 24.8e6) < 1);
    const xmc_comparison_row *cat = row_of(&c, "catastrophe");
    assert_non_null(cat);
    assert_true(fabs(cat->factor[2] - 24.8e6) < 1);
    assert_true(c.versions[0].catastrophe_is_proxy && c.versions[2].catastrophe_is_proxy);
    assert_non_null(strstr(cat->label_en, "(proxy)"));
    xmc_comparison_free(&c);
    xmc_results_close(r);

    char *report = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&report, &size);
    assert_non_null(out);
    assert_int_equal(xmc_report(path, XMC_REPORT_TEXT, out, &d), XMC_OK);
    fclose(out);
    assert_non_null(strstr(report, "left out of any verdict"));
    assert_non_null(strstr(report, "proxy: no verdict"));
    const char *covers = strstr(report, "peril by peril (Rule 4 Art. 52, rules 2025-12)");
    assert_non_null(covers);
    assert_non_null(strstr(covers, "39.8"));
    assert_non_null(strstr(covers, "24.8"));
    assert_non_null(strstr(covers, "simulated, all perils, shared treaties"));
    assert_null(strstr(report, "joint diversification")); /* of one risk: none */
    free(report);

    char sha[65], again[65];
    assert_int_equal(inputs_of("rules", "/c-ross-2021.yaml", sha), 1);
    assert_int_equal(inputs_of("rules", ".yaml", sha), 3);
    assert_int_equal(inputs_of("catastrophe_table", table, sha), 1);
    xmc_source source;
    assert_int_equal(xmc_source_open(table, false, &source, &d), XMC_OK);
    snprintf(again, sizeof again, "%s", source.sha256);
    xmc_source_close(&source);
    assert_string_equal(sha, again);
    xmc_diag_free(&d);
    fixture_free(&x);
    unlink(path);
    unlink(table);
    unlink(company);
}

/* A sheet that is wrong stops the run before its first trial. */
static void test_bad_sheet(void **state) {
    (void)state;
    write_file(company, "company: Test insurer\nunit: bushels\n");
    fixture x;
    company_fixture(&x, 1000);
    fixture_segment(&x, XMC_RISK_EQUITY, XMC_N_LINES, "csi300", "main_sh", "market");
    xmc_diag d;
    xmc_diag_init(&d);
    xmc_results *r = NULL;
    assert_int_equal(xmc_results_create(path, &x.meta, &r, &d), XMC_BAD_INPUT);
    assert_null(r);
    assert_true(d.n_errors > 0);
    assert_int_not_equal(access(path, F_OK), 0);
    xmc_diag_free(&d);
    fixture_free(&x);
    unlink(company);
}

int main(void) {
    snprintf(path, sizeof path, "/tmp/crossmc_comparison_%d.h5", (int)getpid());
    snprintf(company, sizeof company, "/tmp/crossmc_company_%d.yaml", (int)getpid());
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_comparison),
                                       cmocka_unit_test(test_catastrophe_table),
                                       cmocka_unit_test(test_bad_sheet)};
    return cmocka_run_group_tests_name("comparison", tests, NULL, NULL);
}
