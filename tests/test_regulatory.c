/* The factor-based minimum against hand-made vectors, published tables and the company of the
 * demonstration. */
#include "output/regulatory.h"
#include "tests/regulatory_help.h"

static xmc_reg_tree compute(const char *version, const char *sheet) {
    xmc_diag diag;
    xmc_diag_init(&diag);
    xmc_reg_tree t;
    xmc_status st = compute_sheet(version, sheet, NULL, &t, &diag);
    if (st != XMC_OK)
        xmc_diag_print(&diag, stderr);
    assert_int_equal(st, XMC_OK);
    xmc_diag_free(&diag);
    return t;
}

static void near(double got, double want, double tolerance, const char *what) {
    if (!(fabs(got - want) <= tolerance)) {
        print_error("%s: got %.10g, expected %.10g within %g\n", what, got, want, tolerance);
        fail();
    }
}

static void amount(const xmc_reg_tree *t, const char *node, double want, double tolerance) {
    near(xmc_reg_amount(t, node), want, tolerance, node);
}

/* Hand-made vector: all coefficients 0 (an independent computation to nine digits). */
static const char vector_sheet[] =
    "company: vector\nunit: CNY\nsarmra: 78\nsize_multiplier: 0.95\n"
    "given: {1.2.2: 38.98717737923586, 1.3.1: 60, 1.3.2: 90, 1.3.3: 5, 1.3.4: 1, 1.3.5: 30,\n"
    "  1.3.6: 5, 1.4.1: 20, 1.4.2: 80}\n"
    "insurance:\n  lines:\n"
    "    motor: {retained_premium: 1000, net_claims_reserve: 600}\n"
    "    property: {retained_premium: 100, net_claims_reserve: 120}\n"
    "    hull_cargo_special: {retained_premium: 20, net_claims_reserve: 30}\n"
    "    liability: {retained_premium: 80, net_claims_reserve: 120}\n"
    "    agriculture: {retained_premium: 100, net_claims_reserve: 60}\n"
    "    credit: {retained_premium: 20, net_claims_reserve: 20}\n"
    "    accident: {retained_premium: 60, net_claims_reserve: 30}\n"
    "    health: {retained_premium: 150, net_claims_reserve: 50}\n"
    "    short_life: {retained_premium: 5, net_claims_reserve: 2}\n"
    "    other: {retained_premium: 10, net_claims_reserve: 5}\n";

static void test_vector(void **state) {
    (void)state;
    xmc_reg_tree t = compute("2023", vector_sheet);
    const double lines[] = {153.807802, 93.236283, 20.831246, 61.704211, 51.239512,
                            18.618797,  12.860906, 26.654784, 0.702617,  1.586159};
    for (int i = 0; i < 10; i++) {
        char code[32];
        snprintf(code, sizeof code, "1.2.1.%d", i + 1);
        amount(&t, code, lines[i], 5e-7);
    }
    amount(&t, "premium_reserve", 253.967455, 5e-7);
    amount(&t, "premium_reserve.diversification", 441.242316 - 253.967455, 1e-6);
    amount(&t, "insurance", 266.402337, 5e-7);
    amount(&t, "market", 115.926270, 5e-7);
    amount(&t, "credit", 87.177979, 5e-7);
    amount(&t, "quantifiable.before_size", 332.581409, 5e-7);
    amount(&t, "diversification", 136.925176, 5e-7);
    amount(&t, "quantifiable", 315.952339, 5e-7);
    near(t.control_factor, 0.01, 1e-15, "Q(78)");
    amount(&t, "minimum", 319.111862, 5e-7);
    xmc_reg_tree_free(&t);
}

/* The vector's perils (5, 30, 20), given one by one, are the given total. */
static void test_perils(void **state) {
    (void)state;
    xmc_reg_tree t = compute("2021", "company: x\nunit: CNY\ngiven: {catastrophe."
                                     "motor_typhoon_flood: 5, 1.2.2.2: 30, 1.2.2.3: 20}\n");
    amount(&t, "catastrophe", 38.987177, 5e-7);
    xmc_reg_tree_free(&t);
}

/* Rounded figures of an independent computation (in bn), export credit at the factors of 2025. */
static void test_company_f(void **state) {
    (void)state;
    xmc_diag diag;
    xmc_diag_init(&diag);
    xmc_reg_tree t;
    xmc_status st =
        compute_file("2025", CROSSMC_SOURCE_DIR "/scenarios/company-demo.yaml", NULL, &t, &diag);
    xmc_diag_print(&diag, stderr);
    assert_int_equal(st, XMC_OK);
    amount(&t, "1.2.1", 5.71e9, 5e6);
    amount(&t, "1.2", 6.04e9, 5e6);
    amount(&t, "1.7", 7.41e9, 5e6);
    amount(&t, "1", 7.04e9, 5e6);
    near(t.size_factor, 0.95, 0, "size");
    near(17e9 / xmc_reg_amount(&t, "1"), 2.40, 0.02, "ratio before control risk");
    xmc_reg_tree_free(&t);
    xmc_diag_free(&diag);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_vector), cmocka_unit_test(test_perils),
                                       cmocka_unit_test(test_company_f)};
    return cmocka_run_group_tests_name("regulatory", tests, NULL, NULL);
}
