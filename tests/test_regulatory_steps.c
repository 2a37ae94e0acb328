/* Every step table of the rules on both sides of every bracket, every piecewise formula at its
 * joints, every plain factor: written down here once more from the rules as printed. */
#include "tests/regulatory_help.h"

static xmc_rules *versions[3];
static const char *const names[3] = {"2021", "2023", "2025"};

static int load(void **state) {
    (void)state;
    xmc_diag diag;
    xmc_diag_init(&diag);
    for (int v = 0; v < 3; v++)
        if (xmc_rules_load(RULES_FOLDER, names[v], &versions[v], &diag) != XMC_OK) {
            xmc_diag_print(&diag, stderr);
            return -1;
        }
    xmc_diag_free(&diag);
    return 0;
}

static int unload(void **state) {
    (void)state;
    for (int v = 0; v < 3; v++)
        xmc_rules_free(versions[v]);
    return 0;
}

static double at(const xmc_rules *r, const char *path, double x) {
    const xmc_rule *rule = xmc_rules_find(r, path);
    if (!rule)
        fail_msg("no value at %s", path);
    double y = NAN;
    if (!xmc_rule_at(rule, x, &y, NULL))
        fail_msg("%s has no step for %.17g", path, x);
    return y;
}

/* steps: value, then bound and value, and so on. "]b": b belongs to the step on its left;
 * "[b": to the one on its right. Checked just below, at and just above each bound. */
static const struct {
    int from, to; /* versions */
    const char *path, *steps;
} tables[] = {
    {0, 2, "insurance/lines/*/premium/k/combined_ratio", "-0.05 ]0.95 0 ]1.00 0.05 ]1.05 0.10"},
    {0, 2, "insurance/lines/motor/premium/k/combined_ratio_change",
     "-0.05 ]-0.01 0 ]0.01 0.05 ]0.02 0.10"},
    {0, 2, "insurance/lines/motor/premium/k/nonproportional_cession",
     "0.127 [-0.01 0.012 [0 0 [0.025 -0.012 [0.05 -0.035"},
    {0, 2, "insurance/lines/property/premium/k/nonproportional_cession",
     "0.127 [-0.01 0.012 [0 0 [0.025 -0.012 [0.05 -0.035"},
    {0, 2, "insurance/lines/hull_cargo_special/premium/k/nonproportional_cession",
     "0.148 [-0.01 0.012 [0 0 [0.025 -0.023 [0.05 -0.062"},
    {0, 2, "insurance/lines/agriculture/premium/k/nonproportional_cession",
     "0.148 [-0.01 0.012 [0 0 [0.025 -0.023 [0.05 -0.062"},
    {0, 2, "insurance/lines/liability/premium/k/nonproportional_cession",
     "0.136 [-0.01 0.012 [0 0 [0.025 -0.018 [0.05 -0.047"},
    {0, 2, "insurance/lines/credit/premium/k/nonproportional_cession",
     "0.136 [-0.01 0.012 [0 0 [0.025 -0.018 [0.05 -0.047"},
    {0, 2, "insurance/lines/accident/premium/k/nonproportional_cession",
     "0.136 [-0.01 0.012 [0 0 [0.025 -0.018 [0.05 -0.047"},
    {0, 2, "insurance/lines/health/premium/k/nonproportional_cession",
     "0.136 [-0.01 0.012 [0 0 [0.025 -0.018 [0.05 -0.047"},
    {0, 2, "insurance/lines/short_life/premium/k/nonproportional_cession",
     "0.136 [-0.01 0.012 [0 0 [0.025 -0.018 [0.05 -0.047"},
    {0, 2, "insurance/lines/motor/premium/k/growth_large", "0 ]0 0.15 ]0.02 0.25"},
    {0, 2, "insurance/lines/motor/premium/k/growth_others", "0 ]0.10 0.15 ]0.20 0.25"},
    {0, 2, "insurance/lines/motor/premium/k/size", "-0.15 [2e9 0"},
    {0, 2, "insurance/lines/motor/reserve/k/size", "-0.15 [2e9 0"},
    {0, 2, "insurance/lines/agriculture/premium/k/policy_share", "0 [0.80 -0.05 [0.90 -0.10"},
    {0, 2, "insurance/lines/agriculture/reserve/k/policy_share", "0 [0.80 -0.05 [0.90 -0.10"},
    {0, 2, "insurance/lines/motor/reserve/k/runoff", "0 ]0.02 0.05 ]0.05 0.10"},
    {0, 2, "insurance/lines/property/reserve/k/runoff", "0 ]0.05 0.05 ]0.10 0.10"},
    {0, 2, "insurance/lines/hull_cargo_special/reserve/k/runoff", "0 ]0.05 0.05 ]0.10 0.10"},
    {0, 2, "insurance/lines/liability/reserve/k/runoff", "0 ]0.05 0.05 ]0.10 0.10"},
    {0, 2, "insurance/lines/agriculture/reserve/k/runoff", "0 ]0.05 0.05 ]0.10 0.10"},
    {0, 2, "insurance/lines/credit/reserve/k/runoff", "0 ]0.05 0.05 ]0.10 0.10"},
    {0, 2, "insurance/lines/accident/reserve/k/runoff", "0 ]0.05 0.05 ]0.10 0.10"},
    {0, 2, "insurance/lines/health/reserve/k/runoff", "0 ]0.05 0.05 ]0.10 0.10"},
    {0, 2, "insurance/lines/short_life/reserve/k/runoff", "0 ]0.05 0.05 ]0.10 0.10"},
    {1, 2, "insurance/lines/motor/premium/relief", "0.95 ]-0.05 1"},
    {1, 2, "insurance/lines/other/premium/relief", "0.95 ]-0.05 1"},
    {1, 2, "insurance/lines/motor/reserve/relief", "0.95 ]-0.05 1"},
    {1, 2, "insurance/lines/short_life/reserve/relief", "0.95 ]-0.05 1"},
    {0, 2, "insurance/financing/k/growth",
     "0 ]0.05 0.05 ]0.10 0.10 ]0.15 0.15 ]0.20 0.20 ]0.50 0.25"},
    {0, 2, "insurance/financing/k/small_tickets", "0.2 ]0.15 0.1 ]0.30 0"},
    {0, 2, "insurance/financing/k/top10", "0 ]0.05 0.2"},
    {0, 2, "insurance/financing/k/small_enterprises", "0 [0.30 -0.05 [0.60 -0.10"},
    {0, 2, "insurance/financing/class_k/other_personal/loss_rate",
     "-0.1 ]0.065 0 ]0.07 0.1 ]0.08 0.2 ]0.10 0.25"},
    {0, 2, "insurance/financing/k/combined_ratio", "-0.1 [0.95 0 [1.00 0.05 [1.05 0.1"},
    {1, 2, "aggregation/size_coefficient", "0.90 [1e10 0.95 ]2e11 1"},
    {0, 2, "credit/default/classes/deposit_joint_stock_bank", "0.05 [0.12 0.03"},
    {0, 2, "credit/default/classes/deposit_city_bank", "0.15 [0.12 0.10 [0.125 0.08 [0.135 0.04"},
    {0, 2, "credit/default/classes/deposit_rural_bank", "0.18 [0.125 0.15 [0.135 0.10 [0.145 0.08"},
    {0, 2, "credit/default/classes/deposit_other_bank", "0.18 [0.135 0.10"},
    {0, 2, "credit/default/classes/structured_joint_stock_bank", "0.10 [0.12 0.08"},
    {0, 2, "credit/default/classes/structured_city_bank",
     "0.20 [0.12 0.15 [0.125 0.13 [0.135 0.10"},
    {0, 2, "credit/default/classes/structured_rural_bank",
     "0.23 [0.125 0.20 [0.135 0.15 [0.145 0.13"},
    {0, 2, "credit/default/classes/structured_other_bank", "0.23 [0.135 0.15"},
    {0, 2, "credit/default/classes/reinsurance_domestic",
     "0.745 [0.50 0.261 [1.00 0.047 [1.50 0.013 [2.00 0.008"},
    {0, 2, "credit/default/classes/assumed_receivable", "0 ]6 0.7 ]12 1"},
    {0, 2, "credit/default/classes/premium_receivable_subsidised", "0 ]9 0.2 ]12 0.7 ]18 1"},
    {0, 2, "credit/default/classes/premium_receivable", "0 ]6 0.5 ]12 1"},
    {0, 2, "credit/default/classes/other_receivable", "0.03 ]6 0.15 ]12 0.5 ]18 1"}};

static void expect(const xmc_rules *r, const char *path, double x, double want) {
    double got = at(r, path, x);
    if (got != want)
        fail_msg("%s, rules %s, at %.17g: %g, printed %g", path, xmc_rules_version(r), x, got,
                 want);
}

static void walk(const xmc_rules *r, const char *path, const char *steps) {
    char *end;
    double value = strtod(steps, &end);
    size_t n = 1;
    while (*end) {
        while (*end == ' ')
            end++;
        char side = *end++;
        double bound = strtod(end, &end), next = strtod(end, &end);
        expect(r, path, nextafter(bound, -INFINITY), value);
        expect(r, path, bound, side == ']' ? value : next);
        expect(r, path, nextafter(bound, INFINITY), next);
        value = next;
        n++;
    }
    /* no step that is not printed; the combined ratio has one for ratios below zero (Art. 20) */
    size_t have = xmc_rules_find(r, path)->n_pieces;
    if (have != n + (strstr(path, "premium/k/combined_ratio") && !strstr(path, "change") ? 1 : 0))
        fail_msg("%s has %zu steps, printed %zu", path, have, n);
}

static const char *const lines[] = {"motor",       "property", "hull_cargo_special", "liability",
                                    "agriculture", "credit",   "accident",           "health",
                                    "short_life",  "other"};

static void test_steps(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        for (int v = tables[i].from; v <= tables[i].to; v++) {
            const char *star = strchr(tables[i].path, '*');
            if (!star) {
                walk(versions[v], tables[i].path, tables[i].steps);
                continue;
            }
            for (int l = 0; l < 9; l++) {
                char path[128];
                snprintf(path, sizeof path, "%.*s%s%s", (int)(star - tables[i].path),
                         tables[i].path, lines[l], star + 1);
                walk(versions[v], path, tables[i].steps);
            }
        }
    /* every step table of the rules has been walked */
    for (int v = 0; v < 3; v++) {
        size_t n;
        const xmc_rule *all = xmc_rules_all(versions[v], &n);
        for (size_t i = 0; i < n; i++) {
            bool found = all[i].kind != XMC_RULE_STEPS || strstr(all[i].path, "/relief");
            for (size_t j = 0; j < sizeof tables / sizeof *tables; j++)
                found |= !strcmp(tables[j].path, all[i].path);
            found |= strstr(all[i].path, "premium/k/combined_ratio") != NULL;
            if (!found)
                fail_msg("%s is not tested", all[i].path);
        }
    }
    expect(versions[0], "insurance/lines/motor/premium/k/combined_ratio", -0.2, 0);
}

static void near(double got, double want, const char *what, double x) {
    if (!(fabs(got - want) <= 1e-15 + 1e-14 * fabs(want)))
        fail_msg("%s at %g: got %.17g, printed %.17g", what, x, got, want);
}

/* Spread: coefficients a, b of D (a D + b) up to 5, and c, d of c D + d above. */
static const struct {
    const char *issuer;
    double a, b, c, d;
} spreads[] = {{"policy_bank", -0.0012, 0.012, 0.001, 0.025},
               {"government_agency", -0.001, 0.012, 0.001, 0.03},
               {"AAA", 0.0006, 0.012, 0.015, 0},
               {"AA+", 0.0007, 0.0165, 0.02, 0},
               {"AA", 0.0009, 0.025, 0.0295, 0},
               {"AA-", 0.001, 0.033, 0.038, 0},
               {"A+", 0.002, 0.04, 0.05, 0},
               {"A", 0.003, 0.045, 0.06, 0},
               {"A-", 0.004, 0.05, 0.07, 0},
               {"BBB+", 0.005, 0.05, 0.075, 0},
               {"BBB", 0.01, 0.05, 0.1, 0},
               {"BBB-", 0.01, 0.05, 0.1, 0},
               {"unrated", 0.01, 0.05, 0.1, 0}};

static void test_formulas(void **state) {
    (void)state;
    const double ds[] = {1e-9, 0.5, 1, 3, 5, nextafter(5, 6), 7, 10, nextafter(10, 11), 12, 30};
    for (size_t i = 0; i < sizeof ds / sizeof *ds; i++) {
        double d = ds[i];
        double interest = d <= 5    ? d * (-0.001 * d + 0.0217)
                          : d <= 10 ? d * (-0.00106 * d + 0.022)
                                    : d * 0.0114;
        near(at(versions[0], "market/interest/classes/bond", d), interest, "interest", d);
        near(at(versions[2], "market/interest/classes/government_bond", d), interest, "interest",
             d);
        near(at(versions[2], "market/interest/classes/swap", d), interest, "interest", d);
        for (size_t s = 0; s < sizeof spreads / sizeof *spreads; s++) {
            char path[64];
            snprintf(path, sizeof path, "credit/spread/classes/%s", spreads[s].issuer);
            double want =
                d <= 5 ? d * (spreads[s].a * d + spreads[s].b) : spreads[s].c * d + spreads[s].d;
            near(at(versions[1], path, d), want, path, d);
        }
    }
    near(at(versions[0], "market/interest/classes/bond", 5), 0.0835, "interest", 5);
    near(at(versions[0], "market/interest/classes/bond", 10), 0.114, "interest", 10);
    double y;
    assert_false(
        xmc_rule_at(xmc_rules_find(versions[0], "market/interest/classes/bond"), 0, &y, NULL));
    /* control risk, Rule 12 Art. 117 */
    const double scores[] = {0, 30, 60, 70, 75, 80, 85, 90, 95, 100};
    const double q[] = {0.75, 0.45, 0.15, 0.05, 0.025, 0, -0.025, -0.05, -0.10, -0.15};
    for (size_t i = 0; i < sizeof q / sizeof *q; i++)
        near(at(versions[0], "aggregation/control_risk", scores[i]), q[i], "Q", scores[i]);
    near(at(versions[0], "aggregation/control_risk", nextafter(70, 71)), 0.05, "Q", 70);
    near(at(versions[0], "aggregation/control_risk", nextafter(90, 91)), -0.05, "Q", 90);
    /* k1 of listed stock */
    const double xs[] = {-1, -0.5, -1e-9, 0, 0.1, 0.5, nextafter(1, 0), 1, 3};
    const double k1[] = {-1, -0.25, -1e-18, 0, 0.01, 0.25, 1, 1, 1};
    for (size_t i = 0; i < sizeof k1 / sizeof *k1; i++)
        near(at(versions[0], "market/equity/listed/k1", xs[i]), k1[i], "k1", xs[i]);
    /* threshold of one counterparty: 8 % of the first 2 bn, 5 % up to 5, 4 % up to 50, 3 % above */
    const double assets[] = {5e8, 2e9, 5e9, 5e10, 6e10};
    const double limit[] = {4e7, 1.6e8, 3.1e8, 2.11e9, 2.41e9};
    for (size_t i = 0; i < sizeof limit / sizeof *limit; i++)
        near(at(versions[0], "market/concentration/threshold", assets[i]), limit[i], "threshold",
             assets[i]);
}

/* Plain factors, by version where they change; NAN: not there. */
static const struct {
    const char *path;
    double value[3];
} factors[] = {
    {"insurance/lines/motor/premium/rf0", {0.103, 0.103, 0.103}},
    {"insurance/lines/property/premium/rf0", {0.391, 0.391, 0.391}},
    {"insurance/lines/hull_cargo_special/premium/rf0", {0.232, 0.232, 0.232}},
    {"insurance/lines/liability/premium/rf0", {0.203, 0.203, 0.203}},
    {"insurance/lines/agriculture/premium/rf0", {0.326, 0.326, 0.326}},
    {"insurance/lines/credit/premium/rf0", {0.467, 0.467, 0.467}},
    {"insurance/lines/accident/premium/rf0", {0.122, 0.122, 0.122}},
    {"insurance/lines/health/premium/rf0", {0.115, 0.115, 0.115}},
    {"insurance/lines/short_life/premium/rf0", {0.085, 0.085, 0.085}},
    {"insurance/lines/other/premium/rf0", {0.098, 0.098, 0.098}},
    {"insurance/lines/motor/reserve/rf0", {0.123, 0.123, 0.123}},
    {"insurance/lines/property/reserve/rf0", {0.561, 0.561, 0.561}},
    {"insurance/lines/hull_cargo_special/reserve/rf0", {0.604, 0.604, 0.604}},
    {"insurance/lines/liability/reserve/rf0", {0.433, 0.433, 0.433}},
    {"insurance/lines/agriculture/reserve/rf0", {0.441, 0.441, 0.441}},
    {"insurance/lines/credit/reserve/rf0", {0.605, 0.605, 0.605}},
    {"insurance/lines/accident/reserve/rf0", {0.251, 0.251, 0.251}},
    {"insurance/lines/health/reserve/rf0", {0.269, 0.269, 0.269}},
    {"insurance/lines/short_life/reserve/rf0", {0.193, 0.193, 0.193}},
    {"insurance/lines/other/reserve/rf0", {0.17, 0.17, 0.17}},
    {"insurance/parts/export_credit/premium_rf0", {0.467, 0.467, 0.42}},
    {"insurance/parts/export_credit/reserve_rf0", {0.605, 0.605, 0.545}},
    {"insurance/parts/overseas_investment/premium_rf0", {0.467, 0.467, 0.42}},
    {"insurance/parts/overseas_investment/reserve_k", {-0.1, -0.1, -0.1}},
    {"insurance/parts/policy_export_credit/premium_k", {-0.1, -0.1, -0.1}},
    {"insurance/parts/technology/premium_k", {NAN, -0.1, -0.1}},
    {"insurance/specialised_technology", {0.9, 1, 1}},
    {"insurance/financing/classes/mortgage", {0.052, 0.052, 0.052}},
    {"insurance/financing/classes/top_up", {0.157, 0.157, 0.157}},
    {"insurance/financing/classes/other_personal", {0.078, 0.078, 0.078}},
    {"insurance/financing/classes/corporate", {0.105, 0.105, 0.105}},
    {"insurance/financing/classes/other", {0.105, 0.105, 0.105}},
    {"insurance/k_min", {-0.25, -0.25, -0.25}},
    {"insurance/k_max", {0.25, 0.25, 0.25}},
    {"market/equity/listed/boards/main_sh", {0.35, 0.35, 0.35}},
    {"market/equity/listed/boards/main_sz", {0.35, 0.35, 0.35}},
    {"market/equity/listed/boards/chinext", {0.45, 0.45, 0.45}},
    {"market/equity/listed/boards/star", {0.45, 0.45, 0.45}},
    {"market/equity/listed/k2/csi300", {-0.05, 0.30, 0.30}},
    {"market/equity/listed/k2/star", {NAN, 0.40, 0.40}},
    {"market/equity/listed/k2/csi300_long", {NAN, NAN, 0.27}},
    {"market/equity/listed/k2/div_low_vol_100_long", {NAN, NAN, 0.27}},
    {"market/equity/listed/k2/star_long", {NAN, NAN, 0.36}},
    {"market/equity/classes/unlisted", {0.41, 0.41, 0.41}},
    {"market/equity/classes/unlisted_strategic", {0.41, 0.40, 0.40}},
    {"market/equity/classes/reit_not_looked_through", {0.60, 0.50, 0.50}},
    {"market/equity/classes/subsidiary", {1, 1, 1}},
    {"market/equity/classes/bond_fund", {0.06, 0.06, 0.06}},
    {"market/equity/classes/stock_fund", {0.28, 0.28, 0.28}},
    {"market/equity/classes/mixed_fund", {0.23, 0.23, 0.23}},
    {"market/equity/classes/money_fund", {0.01, 0.01, 0.01}},
    {"market/real_estate/classes/property", {0.15, 0.15, 0.15}},
    {"market/overseas_equity/classes/listed", {0.39, 0.39, 0.39}},
    {"market/overseas_fixed_income/classes/other", {0.08, 0.08, 0.08}},
    {"market/currency/classes/usd", {0.05, 0.05, 0.05}},
    {"market/currency/classes/other", {0.15, 0.15, 0.15}},
    {"credit/default/classes/reinsurance_overseas_collateralised", {0.077, 0.077, 0.077}},
    {"credit/default/classes/reinsurance_overseas_uncollateralised", {0.499, 0.499, 0.499}},
    {"credit/default/classes/reinsurance_overseas_not_met", {0.867, 0.867, 0.867}},
    {"ratios/core", {0.5, 0.5, 0.5}},
    {"ratios/comprehensive", {1, 1, 1}}};

static void test_factors(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof factors / sizeof *factors; i++)
        for (int v = 0; v < 3; v++) {
            const xmc_rule *r = xmc_rules_find(versions[v], factors[i].path);
            double want = factors[i].value[v];
            if (isnan(want) ? r != NULL : !r || r->number != want)
                fail_msg("%s, rules %s: %g, printed %g", factors[i].path, names[v],
                         r ? r->number : NAN, want);
        }
}

/* Every value says where it comes from. */
static void test_origins(void **state) {
    (void)state;
    for (int v = 0; v < 3; v++) {
        size_t n;
        const xmc_rule *all = xmc_rules_all(versions[v], &n);
        assert_true(n > 240);
        for (size_t i = 0; i < n; i++) {
            assert_true(*all[i].article && *all[i].source && *all[i].confidence);
            assert_true(all[i].place.line > 0);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps), cmocka_unit_test(test_formulas),
        cmocka_unit_test(test_factors), cmocka_unit_test(test_origins)};
    return cmocka_run_group_tests_name("rules", tests, load, unload);
}
