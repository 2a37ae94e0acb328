/* The factor-based minimum against hand-made vectors, published tables and the company of the
 * demonstration. */
#include "output/regulatory_report.h"
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
    near(t.catastrophe_share, 1 / 5.71, 1e-3, "catastrophe over premium and reserve");
    near(t.catastrophe_range[1], 0.058, 0, "published median");
    near(17e9 / xmc_reg_amount(&t, "1"), 2.40, 0.02, "ratio before control risk");
    xmc_reg_tree_free(&t);
    xmc_diag_free(&diag);
}

/* Coefficients of every kind in one sheet; expected values by hand. */
static const char full_sheet[] =
    "company: full\nunit: CNY\ntotal_assets: 5e9\nsarmra: 85\nactual_capital: 3e9\n"
    "drivers: {claims_runoff_motor: 0.03, claims_runoff_non_motor: 0.11, claims_runoff: -0.06,\n"
    "  unearned_runoff: -0.05}\n"
    "insurance:\n"
    "  lines:\n"
    "    motor: {retained_premium: 1000, net_claims_reserve: 600, combined_ratio: 1.01,\n"
    "      combined_ratio_change: 0.015, nonproportional_cession: 0.03,\n"
    "      prior_year_premium: 3e9, market_share: 0.05, growth_vs_industry: 0.12}\n"
    "    property: {retained_premium: 100, net_claims_reserve: 120, combined_ratio: 0.9,\n"
    "      nonproportional_cession: -0.2,\n"
    "      parts: {technology: {retained_premium: 50, net_claims_reserve: 0}}}\n"
    "    agriculture: {retained_premium: 100, net_claims_reserve: 60, combined_ratio: 0.95,\n"
    "      nonproportional_cession: 0, policy_share: 0.95}\n"
    "    credit: {combined_ratio: 1.2, nonproportional_cession: 0.06, retained_premium: 20,\n"
    "      net_claims_reserve: 10,\n"
    "      parts: {export_credit: {retained_premium: 30, net_claims_reserve: 5},\n"
    "              policy_export_credit: {retained_premium: 40, net_claims_reserve: 7}}}\n"
    "  financing:\n"
    "    other_personal: {balance: 900, net_claims_reserve: 100, loss_rate: 0.09,\n"
    "      net_premium_growth_vs_industry: 0, small_ticket_share: 1, top10_share: 0,\n"
    "      small_enterprise_share: 0.4, combined_ratio_36m: 1.02}\n"
    "    corporate: {balance: 500, net_claims_reserve: 600}\n"
    "market:\n"
    "  interest: [{class: bond, amount: 1000, duration: 4}, {class: swap, amount: 100,\n"
    "    duration: 6, direction: pay_fixed}]\n"
    "  equity: [{class: stock_fund, amount: 100, layers: 2, through_debt_product: true},\n"
    "    {class: star, amount: 10, layers: 1}, {class: unlisted_strategic, amount: 10},\n"
    "    {class: subsidiary, amount: 7, layers: 3}]\n"
    "  real_estate: [{class: property, amount: 100, coefficients: [other_city]}]\n"
    "  overseas_fixed_income: [{class: other, amount: 100, coefficients: [developed]},\n"
    "    {class: short_term, amount: 50, coefficients: [emerging]}]\n"
    "  overseas_equity: [{class: listed, amount: 100, coefficients: [developed]},\n"
    "    {class: property, amount: 50, coefficients: [emerging]}]\n"
    "  currency: [{class: usd, assets: 100, liabilities: 130}, {class: other, assets: 10,\n"
    "    liabilities: 0}]\n"
    "credit:\n"
    "  spread: [{class: AAA, amount: 100, duration: 3, coefficients: [green_bond]},\n"
    "    {class: government_bond, amount: 1000}]\n"
    "  default: [{class: reinsurance_domestic, amount: 100, solvency_ratio: 1.6,\n"
    "      coefficients: [direct_insurer, branch]},\n"
    "    {class: reinsurance_domestic, amount: 10, solvency_ratio: none},\n"
    "    {class: premium_receivable, amount: 50, age_months: 7},\n"
    "    {class: interest_receivable, amount: 10, rating: AA}]\n";

static void test_full(void **state) {
    (void)state;
    xmc_reg_tree t = compute("2025", full_sheet);
    /* motor: 0.05 + 0.05 - 0.012 + 0.15 = 0.238, x 0.95 of 2023 */
    amount(&t, "line.motor.premium", 1000 * 0.103 * 1.238 * 0.95, 1e-9);
    amount(&t, "line.motor.reserve", 600 * 0.123 * 1.05 * 0.95, 1e-9);
    /* property: -0.05 + 0.127; technology 0.1 less */
    amount(&t, "line.property.premium", (100 * 1.077 + 50 * 0.977) * 0.391 * 0.95, 1e-9);
    amount(&t, "line.property.premium.technology", 50 * 0.977 * 0.391 * 0.95, 1e-9);
    amount(&t, "line.property.reserve", 120 * 0.561 * 1.10 * 0.95, 1e-9);
    amount(&t, "line.agriculture.premium", 100 * 0.326 * (1 - 0.05 - 0.10) * 0.95, 1e-9);
    amount(&t, "line.agriculture.reserve", 60 * 0.441 * 1.0 * 0.95, 1e-9);
    amount(&t, "line.credit.premium",
           (20 * 0.467 * 1.053 + 30 * 0.42 * 1.053 + 40 * 0.42 * 0.953) * 0.95, 1e-9);
    amount(&t, "line.credit.reserve", (10 * 0.605 * 1.1 + 5 * 0.545 * 1.1 + 7 * 0.545) * 0.95,
           1e-9);
    /* 0.2 - 0.05 + 0.05 = 0.2 */
    amount(&t, "line.credit.financing.other_personal", 800 * 0.078 * 1.2, 1e-9);
    amount(&t, "line.credit.financing.corporate", 0, 0);
    double p = xmc_reg_amount(&t, "line.credit.premium");
    double r = xmc_reg_amount(&t, "line.credit.reserve");
    amount(&t, "line.credit", sqrt(p * p + p * r + r * r) + 800 * 0.078 * 1.2, 1e-9);
    amount(&t, "1.3.1", 1000 * 4 * (0.0217 - 0.004) - 100 * 6 * (0.022 - 0.00636), 1e-9);
    amount(&t, "1.3.2", 100 * 0.28 * 1.1 + 10 * 0.45 * 1.1 + 10 * 0.40 + 7, 1e-9);
    amount(&t, "1.3.3", 100 * 0.15 * 1.2, 1e-9);
    double d = 100 * 0.08, e = 50 * 0.03 * 1.25;
    amount(&t, "1.3.4", sqrt(d * d + 2 * 0.1365 * d * e + e * e), 1e-9);
    d = 100 * 0.39;
    e = 50 * 0.15 * 1.4;
    amount(&t, "1.3.5", sqrt(d * d + 2 * 0.375 * d * e + e * e), 1e-9);
    amount(&t, "1.3.6", 30 * 0.05 + 10 * 0.15, 1e-9);
    amount(&t, "1.4.1", 100 * 3 * (0.0018 + 0.012) * 0.9, 1e-9);
    amount(&t, "1.4.2", 100 * 0.013 * 1.15 + 10 * 0.745 + 50 * 0.5 + 10 * 0.015, 1e-9);
    near(t.size_factor, 0.90, 0, "size coefficient below 10 bn");
    near(t.control_factor, -0.025, 1e-15, "Q(85)");
    amount(&t, "4", xmc_reg_amount(&t, "1") * 0.975, 1e-9);
    near(t.comprehensive_ratio, 3e9 / t.minimum, 1e-6, "ratio");
    /* before the notices: no relief, no technology coefficient, export credit like the rest */
    xmc_reg_tree_free(&t);
    t = compute("2021", full_sheet);
    amount(&t, "line.motor.premium", 1000 * 0.103 * 1.238, 1e-9);
    amount(&t, "line.property.premium", 150 * 1.077 * 0.391, 1e-9);
    amount(&t, "line.credit.premium", (50 * 1.053 + 40 * 0.953) * 0.467, 1e-9);
    amount(&t, "1.3.2", 100 * 0.28 * 1.1 + 10 * 0.45 * 1.1 + 10 * 0.41 + 7, 1e-9);
    near(t.size_factor, 1, 0, "no size coefficient");
    xmc_reg_tree_free(&t);
}

/* The limits of K, and the one of the factor. */
static void test_limits(void **state) {
    (void)state;
    xmc_reg_tree t = compute(
        "2021",
        "company: x\nunit: CNY\ninsurance:\n  lines:\n"
        "    motor: {retained_premium: 1000, combined_ratio: 1.2, prior_year_premium: 3e9,\n"
        "      combined_ratio_change: 0.1, nonproportional_cession: -0.5,\n"
        "      market_share: 0.3, growth_vs_industry: 0.05}\n"
        "    agriculture: {retained_premium: 100, combined_ratio: 0.5, policy_share: 1,\n"
        "      nonproportional_cession: 0.3}\n"
        "    hull_cargo_special: {retained_premium: 10, combined_ratio: none}\n"
        "market:\n  equity: [{class: subsidiary, amount: 5, layers: 4}]\n");
    /* 0.10 + 0.10 + 0.127 + 0.25 > 0.25; -0.05 - 0.062 - 0.10 = -0.212 */
    amount(&t, "line.motor.premium", 1000 * 0.103 * 1.25, 1e-9);
    amount(&t, "line.agriculture.premium", 100 * 0.326 * 0.788, 1e-9);
    amount(&t, "line.hull_cargo_special.premium", 10 * 0.232, 1e-12);
    amount(&t, "market.equity", 5, 0);
    xmc_reg_tree_free(&t);
}

static char *slurp(FILE *f, char *buffer, size_t size) {
    rewind(f);
    size_t n = fread(buffer, 1, size - 1, f);
    buffer[n] = '\0';
    fclose(f);
    return buffer;
}

/* A node given as the amount that was computed leaves everything above it as it was. */
static void test_given_is_computed(void **state) {
    (void)state;
    xmc_reg_tree t = compute("2025", full_sheet);
    for (size_t i = 0; i < t.n_nodes; i++) {
        const xmc_reg_node *n = &t.nodes[i];
        if (n->agg == XMC_AGG_DIVERSIFICATION || n->state != XMC_NODE_COMPUTED || n->amount < 0)
            continue;
        char sheet[8192];
        snprintf(sheet, sizeof sheet, "%sgiven: {%s: %.17g}\n", full_sheet, n->code, n->amount);
        xmc_reg_tree g = compute("2025", sheet);
        size_t j = xmc_reg_find(&g, n->code);
        assert_int_equal(g.nodes[j].state, XMC_NODE_GIVEN);
        for (size_t p = j; p != SIZE_MAX; p = g.nodes[p].parent)
            near(g.nodes[p].amount, xmc_reg_amount(&t, g.nodes[p].code), 1e-9, n->code);
        near(g.minimum, t.minimum, 1e-9, n->code);
        xmc_reg_tree_free(&g);
    }
    xmc_reg_tree_free(&t);
}

/* Degree one in all amounts, with coefficients and size test held fixed. */
static void test_homogeneity(void **state) {
    (void)state;
    xmc_reg_tree one = compute("2023", vector_sheet);
    char sheet[4096];
    snprintf(sheet, sizeof sheet, "%s", vector_sheet);
    char *unit = strstr(sheet, "CNY");
    assert_non_null(unit);
    char rest[4096];
    snprintf(rest, sizeof rest, "%s", unit + 3);
    snprintf(unit, sizeof sheet - (size_t)(unit - sheet), "million%s", rest);
    xmc_reg_tree more = compute("2023", sheet);
    for (size_t i = 0; i < one.n_nodes; i++)
        near(more.nodes[i].amount, 1e6 * one.nodes[i].amount,
             1e-9 * (1 + 1e6 * fabs(one.nodes[i].amount)), one.nodes[i].code);
    xmc_reg_tree_free(&one);
    xmc_reg_tree_free(&more);
    /* coefficients of every kind; total assets are held fixed by stating the multiplier */
    for (int k = 0; k < 2; k++) {
        const char *from[] = {"CNY", "total_assets: 5e9"};
        const char *to[] = {k ? "billion" : "CNY", "size_multiplier: 0.9"};
        char *text = strdup(full_sheet);
        for (int i = 0; i < 2; i++) {
            char *at = strstr(text, from[i]), *next = NULL;
            assert_non_null(at);
            assert_true(asprintf(&next, "%.*s%s%s", (int)(at - text), text, to[i],
                                 at + strlen(from[i])) > 0);
            free(text);
            text = next;
        }
        if (k)
            more = compute("2025", text);
        else
            one = compute("2025", text);
        free(text);
    }
    for (size_t i = 0; i < one.n_nodes; i++)
        near(more.nodes[i].amount, 1e9 * one.nodes[i].amount,
             1e-12 * (1 + 1e9 * fabs(one.nodes[i].amount)), one.nodes[i].code);
    xmc_reg_tree_free(&one);
    xmc_reg_tree_free(&more);
}

/* Assets against concentration limits: total assets 1 bn, so 80 m for one counterparty. */
static void test_concentration(void **state) {
    (void)state;
    const char *sheet = "company: x\nunit: million\ntotal_assets: 1000\nmarket:\n"
                        "  equity: [{class: bond_fund, amount: 50, counterparty: A},\n"
                        "    {class: bond_fund, amount: 80, counterparty: B},\n"
                        "    {class: bond_fund, amount: 500, counterparty: C,\n"
                        "      concentration_exempt: true}]\n"
                        "  real_estate: [{class: property, amount: 260}]\n"
                        "credit:\n  default: [{class: deposit_finance_company, amount: 31,\n"
                        "    counterparty: A}, {class: cash, amount: 5,\n"
                        "    class_limit_breached: true}]\n";
    xmc_reg_tree t = compute("2021", sheet);
    amount(&t, "1.3.2", (50 * 1.4 + 80 + 500) * 0.06e6, 1e-3);
    amount(&t, "1.3.3", 260 * 0.15e6 * 1.5, 1e-3);
    amount(&t, "1.4.2", 31 * 0.1e6 * 1.4, 1e-3);
    xmc_reg_tree_free(&t);
    char inside[2048];
    snprintf(inside, sizeof inside, "%sswitches: {concentration_cap: inside_cap}\n", sheet);
    t = compute("2021", inside);
    amount(&t, "1.4.2", 31 * 0.1e6 * 1.25, 1e-3);
    xmc_reg_tree_free(&t);
}

/* Loss absorption, Rule 2 Art. 19: min(MC beta, cap), beta = min(0.5, 0.22 cap/MC + 0.02). */
static void test_loss_absorption(void **state) {
    (void)state;
    xmc_reg_tree t = compute("2021", "company: x\nunit: CNY\ngiven: {1.2: 100, 1.3: 50, 1.4: 20}\n"
                                     "loss_absorption: {minimum_capital: 40, pv_base: 100, "
                                     "pv_floor: 80}\n");
    near(xmc_reg_amount(&t, "1.6"), 40 * (0.22 * 0.5 + 0.02), 1e-12, "loss absorption");
    double root =
        sqrt(100. * 100 + 50 * 50 + 20 * 20 + 2 * (0.1 * 5000 + 0.15 * 2000 + 0.27 * 1000));
    amount(&t, "1.5", 170 - root, 1e-9);
    amount(&t, "1.7", root - 5.2, 1e-9);
    xmc_reg_tree_free(&t);
    t = compute("2021", "company: x\nunit: CNY\ngiven: {1.2: 100}\n"
                        "loss_absorption: {minimum_capital: 40, pv_base: 80, pv_floor: 100}\n");
    near(xmc_reg_amount(&t, "1.6"), 0, 0, "no cap left");
    xmc_reg_tree_free(&t);
}

/* Control risk is after the size coefficient; ratios; additional capital; captive. */
static void test_top(void **state) {
    (void)state;
    xmc_reg_tree t =
        compute("2023", "company: x\nunit: 亿元\ntotal_assets: 100\nsarmra: 60\n"
                        "core_capital: 3\nactual_capital: 4\ngiven: {1.2: 2, 3.2: 0.5}\n");
    amount(&t, "1", 1.9e8, 1e-6);
    amount(&t, "2", 0.15 * 1.9e8, 1e-6);
    amount(&t, "4", 1.9e8 * 1.15 + 0.5e8, 1e-6);
    near(t.core_ratio, 3e8 / t.minimum, 1e-12, "core ratio");
    near(t.comprehensive_ratio, 4e8 / t.minimum, 1e-12, "comprehensive ratio");
    xmc_reg_tree_free(&t);
    t = compute("2023",
                "company: x\nunit: CNY\ntotal_assets: 99\ncaptive: true\ngiven: {1.2: 2}\n");
    amount(&t, "2", 0, 0);
    amount(&t, "4", 1.8, 1e-12);
    xmc_reg_tree_free(&t);
}

/* The matched minimum: only what is simulated, aggregated anew, before size and control. */
static void test_matched(void **state) {
    (void)state;
    xmc_diag diag;
    xmc_diag_init(&diag);
    xmc_rules *rules = NULL;
    assert_int_equal(xmc_rules_load(RULES_FOLDER, "2025", &rules, &diag), XMC_OK);
    xmc_reg_tree t = compute("2025", full_sheet), m;
    bool *simulated = calloc(t.n_nodes, sizeof *simulated);
    assert_non_null(simulated);
    simulated[xmc_reg_find(&t, "line.motor.premium")] = true;
    simulated[xmc_reg_find(&t, "line.credit.premium")] = true;
    simulated[xmc_reg_find(&t, "line.credit.financing")] = true;
    simulated[xmc_reg_find(&t, "market.equity")] = true;
    assert_int_equal(xmc_reg_matched(rules, &t, simulated, &m, &diag), XMC_OK);
    double motor = xmc_reg_amount(&t, "line.motor.premium");
    double credit =
        xmc_reg_amount(&t, "line.credit.premium") + xmc_reg_amount(&t, "line.credit.financing");
    double ins = sqrt(motor * motor + credit * credit); /* rho 0 between motor and credit */
    double eq = xmc_reg_amount(&t, "market.equity");
    near(m.before_size, sqrt(ins * ins + 0.2 * ins * eq + eq * eq), 1e-9, "matched");
    amount(&m, "insurance", ins, 1e-9);
    amount(&m, "line.motor.reserve", 0, 0);
    assert_int_equal(m.nodes[xmc_reg_find(&m, "credit")].state, XMC_NODE_SWITCHED_OFF);
    assert_int_equal(m.nodes[xmc_reg_find(&m, "2")].state, XMC_NODE_SWITCHED_OFF);
    xmc_reg_tree_free(&m);
    /* everything simulated: the whole tree before the size coefficient */
    for (size_t i = 0; i < t.n_nodes; i++)
        simulated[i] = t.nodes[i].depth == 1;
    assert_int_equal(xmc_reg_matched(rules, &t, simulated, &m, &diag), XMC_OK);
    near(m.before_size, t.before_size, 1e-9, "all");
    xmc_reg_tree_free(&m);
    free(simulated);
    xmc_reg_tree_free(&t);
    /* below a given total nothing can be told apart: said, and left out */
    t = compute("2025", "company: x\nunit: CNY\nsize_multiplier: 1\n"
                        "given: {1.2: 10, 1.2.2: 5, 1.3: 7}\n");
    simulated = calloc(t.n_nodes, sizeof *simulated);
    assert_non_null(simulated);
    simulated[xmc_reg_find(&t, "1.2.2")] = simulated[xmc_reg_find(&t, "1.3")] = true;
    assert_int_equal(xmc_reg_matched(rules, &t, simulated, &m, &diag), XMC_OK);
    near(m.before_size, 7, 1e-12, "without what cannot be separated");
    assert_int_equal(diag.n_warnings, 1);
    assert_non_null(strstr(diag.messages[0].text, "cannot be separated"));
    xmc_reg_tree_free(&m);
    free(simulated);
    xmc_reg_tree_free(&t);
    xmc_rules_free(rules);
    xmc_diag_free(&diag);
}

/* Catastrophe from tables, small enough for the hand. */
static void test_catastrophe_tables(void **state) {
    (void)state;
    char years[64], events[64], sheet[2048];
    char text[32768] = "scenario,jiangxi,shanghai\n";
    /* 1000 years: year i has i/1000 in Jiangxi and a tenth of it in Shanghai */
    for (int i = 1; i <= 1000; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%d,%.3f,%.4f\n", i, i / 1000.0,
                 i / 10000.0);
    write_temporary(text, years);
    /* rates: exceeding 0.5 costs 0.004 a year, exceeding 0.2 0.010; -log 0.995 = 0.0050125 */
    write_temporary("scenario,rate,asia_pacific,europe\n1,0.004,0.5,0\n2,0.006,0.2,0\n"
                    "3,1,0.1,0\n4,0.02,0,0.3\n",
                    events);
    snprintf(sheet, sizeof sheet,
             "company: x\nunit: CNY\ninsurance:\n  catastrophe:\n"
             "    property_typhoon_flood: {table: %s, rows: years, table_is: own,\n"
             "      exposure: {jiangxi: 1000, shanghai: 500},\n"
             "      excess_of_loss: {attachment: 200, limit: 300, share: 0.9}}\n"
             "    property_earthquake: {table: %s, rows: years, table_is: regulator,\n"
             "      exposure: {jiangxi: 100}}\n"
             "    overseas_typhoon_flood: {table: %s, rows: events, table_is: regulator,\n"
             "      exposure: {asia_pacific: 100, europe: 50},\n"
             "      excess_of_loss: {attachment: 10, limit: 5, share: 1}}\n",
             years, years, events);
    xmc_reg_tree t = compute("2021", sheet);
    /* the 995th of 1000 years: 995 + 49.75 gross; the cover takes 0.9 x 300 */
    amount(&t, "1.2.2.2", 995 + 49.75 - 270, 1e-9);
    amount(&t, "1.2.2.3", 99.5, 1e-9);
    /* 20 and 15 by region: 25 together, less the cover of 5 */
    amount(&t, "1.2.2.4", 20, 1e-9);
    amount(&t, "1.2.2", sqrt(774.75 * 774.75 + 99.5 * 99.5 + 400), 1e-9);
    assert_true(t.catastrophe_is_proxy);
    xmc_reg_tree_free(&t);
    /* degree one, with the cover's amounts scaled too */
    char scaled[2048];
    const char *unit = strstr(sheet, "CNY");
    assert_non_null(unit);
    snprintf(scaled, sizeof scaled, "%.*smillion%s", (int)(unit - sheet), sheet, unit + 3);
    t = compute("2021", scaled);
    amount(&t, "1.2.2.2", 774.75e6, 1e-3);
    amount(&t, "1.2.2", 1e6 * sqrt(774.75 * 774.75 + 99.5 * 99.5 + 400), 1e-3);
    xmc_reg_tree_free(&t);
    unlink(years);
    unlink(events);
    xmc_diag diag;
    xmc_diag_init(&diag);
    assert_int_equal(compute_sheet("2021", sheet, NULL, &t, &diag), XMC_BAD_INPUT);
    xmc_diag_free(&diag);
    /* a loss factor above 1, a region without a column, events without rates */
    static const char *const bad[][2] = {
        {"scenario,rate,a\n1,0.1,0.2\n2,0.1,1.2\n", ":3:3 (a): '1.2': expected a loss factor"},
        {"scenario,rate,b\n1,0.1,0.2\n", "'a': expected one column for each region"},
        {"scenario,a\n1,0.2\n", "a column rate"},
        {"scenario,rate,a\n1,0.1\n", "expected 3 fields, got 2"},
        {"scenario,rate,a\n", "at least one scenario"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        write_temporary(bad[i][0], events);
        snprintf(sheet, sizeof sheet,
                 "company: x\nunit: CNY\ninsurance:\n  catastrophe:\n    property_earthquake: "
                 "{table: %s, rows: events, table_is: own, exposure: {a: 1}}\n",
                 events);
        xmc_diag_init(&diag);
        assert_int_equal(compute_sheet("2021", sheet, NULL, &t, &diag), XMC_BAD_INPUT);
        bool found = false;
        for (size_t m = 0; m < diag.n_messages; m++)
            found |= strstr(diag.messages[m].text, bad[i][1]) != NULL;
        if (!found) {
            xmc_diag_print(&diag, stderr);
            fail_msg("no message with %s", bad[i][1]);
        }
        xmc_diag_free(&diag);
        unlink(events);
    }
}

/* Text, CSV, explanation and change hold what the tree holds. */
static void test_writing(void **state) {
    (void)state;
    static char text[200000];
    char path[64];
    xmc_diag diag;
    xmc_diag_init(&diag);
    write_temporary(full_sheet, path);
    xmc_reg_versions v;
    assert_int_equal(xmc_reg_versions_compute(RULES_FOLDER, path, NULL, &v, &diag), XMC_OK);
    unlink(path);
    assert_int_equal(v.n, 3);
    assert_string_equal(v.trees[0].version, "2021");
    assert_string_equal(v.trees[2].version, "2025-12");
    FILE *f = tmpfile();
    xmc_reg_write_text(f, v.company, &v.trees[2], XMC_UNIT_YUAN, 0);
    slurp(f, text, sizeof text);
    assert_non_null(strstr(text, "最低资本"));
    assert_non_null(strstr(text, "Assumed:"));
    assert_non_null(strstr(text, "clip_to_k2"));
    assert_non_null(strstr(text, "1.2.1.1.1"));
    f = tmpfile();
    xmc_reg_write_csv(f, &v.trees[2]);
    slurp(f, text, sizeof text);
    size_t rows = 0;
    for (const char *p = text; (p = strchr(p, '\n')); p++)
        rows++;
    assert_int_equal(rows, v.trees[2].n_nodes + 1);
    f = tmpfile();
    assert_int_equal(xmc_reg_explain(f, v.rules[2], &v.trees[2], "line.motor.premium", &diag),
                     XMC_OK);
    slurp(f, text, sizeof text);
    assert_non_null(strstr(text, "combined_ratio 1.01 in (1, 1.05]: +0.05"));
    assert_non_null(strstr(text, "Rule 4 Art. 10"));
    assert_non_null(strstr(text, "Rule 2 Art. 16"));
    f = tmpfile();
    assert_int_equal(xmc_reg_explain(f, v.rules[2], &v.trees[2], "9.9", &diag), XMC_USAGE);
    fclose(f);
    f = tmpfile();
    xmc_reg_write_change_text(f, &v.trees[0], &v.trees[2], XMC_UNIT_WAN);
    xmc_reg_write_change_csv(f, &v.trees[0], &v.trees[2]);
    slurp(f, text, sizeof text);
    assert_non_null(strstr(text, "from rules 2021 to rules 2025-12"));
    assert_non_null(strstr(text, "\"node\",\"1.2.1.6.1.1.2\","));
    xmc_reg_versions_free(&v);
    xmc_diag_free(&diag);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vector),          cmocka_unit_test(test_perils),
        cmocka_unit_test(test_company_f),       cmocka_unit_test(test_full),
        cmocka_unit_test(test_limits),          cmocka_unit_test(test_given_is_computed),
        cmocka_unit_test(test_homogeneity),     cmocka_unit_test(test_concentration),
        cmocka_unit_test(test_loss_absorption), cmocka_unit_test(test_top),
        cmocka_unit_test(test_matched),         cmocka_unit_test(test_catastrophe_tables),
        cmocka_unit_test(test_writing)};
    return cmocka_run_group_tests_name("regulatory", tests, NULL, NULL);
}
