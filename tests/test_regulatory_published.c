/* The aggregation against insurers' published tables. The quarterly compilation is not shipped:
 * where it does not lie beside the checkout (../shared/regulation), that test is skipped. */
#include "scenarios/common/table.h"
#include "tests/regulatory_help.h"

/* --- six companies of 2025Q3 and one more quarter, 万元 --- */

typedef struct {
    const char *name, *version;
    double pr, cat, ins_div, ins;
    double market[6], mkt_div, mkt;
    double spread, def, crd_div, crd;
    double div, root, quantifiable, multiplier, control, minimum;
    double actual, core, ratio, core_ratio; /* core NAN: not in the table */
    double total_assets;
} published;

static const published companies[] = {
    {"PICC P&C 2025Q3",
     "2023",
     6004137.06,
     1887427.11,
     1162654.27,
     6728909.91,
     {3194690.56, 7534522.61, 125104.61, 35431.66, 811031.56, 69850.20},
     3610288.47,
     8160342.73,
     615330.27,
     2400327.79,
     392930.09,
     2622727.97,
     5404880.62,
     12107099.99,
     12107100,
     1.00,
     -11096.25,
     12096003.75,
     29474493.36,
     26906184.24,
     2.4367,
     2.2244,
     7e11},
    {"Ping An P&C 2025Q3",
     "2023",
     4216573.72,
     1377195.98,
     841960.90,
     4751808.81,
     {2813587.92, 2579231.20, 124947.65, 7197.34, 2099824.42, 283514.43},
     3367362.68,
     4540940.28,
     24362.31,
     1126607.15,
     18026.14,
     1132943.32,
     3132402.32,
     7293290.08,
     7293290.08,
     1.00,
     -196918.83,
     7096371.25,
     15198174.39,
     12562485.16,
     2.142,
     1.770,
     5e11},
    {"CPIC P&C 2025Q3",
     "2023",
     1964351,
     766518,
     450720,
     2280150,
     {1117324, 661231, 34035, 5869, 627215, 81420},
     1087483,
     1439611,
     97886,
     877957,
     68451,
     907392,
     1452641,
     3174510.63,
     3174511,
     1.00,
     -41335,
     3133176,
     7584644,
     6230589,
     2.421,
     1.989,
     2.5e11},
    {"China Life P&C 2025Q3",
     "2023",
     1298291.05,
     355802.18,
     224714.96,
     1429378.27,
     {363519.91, 1005493, 25520.27, 0, 123871.44, 18049.28},
     451177.10,
     1085276.81,
     146560.12,
     686852.11,
     96134.64,
     737277.60,
     1055796.03,
     2196136.64,
     2086329.82,
     0.95,
     -7968.86,
     2078360.96,
     4158441.87,
     3854504.12,
     2.0008,
     1.8546,
     1.4e11},
    {"Yingda 2025Q3",
     "2023",
     331427.88,
     187175.82,
     99203.09,
     419400.61,
     {130568.77, 117590.87, 0, 0, 33046.16, 154.40},
     107646.69,
     173713.51,
     60135.11,
     32304.43,
     17398.73,
     75040.81,
     175451.81,
     492703.11,
     468067.96,
     0.95,
     702.10,
     468770.06,
     1355009.55,
     1158633.82,
     2.8906,
     2.4716,
     3e10},
    {"Urtrust 2025Q3",
     "2023",
     43791.84,
     5443.11,
     3775.80,
     45459.15,
     {15336.95, 28228.13, 0, 0, 27587.72, 3758.05},
     26884.33,
     48026.52,
     9209.81,
     8874.35,
     3785.90,
     14298.27,
     33084.66,
     74699.27,
     67229.35,
     0.90,
     1876.86,
     69106.21,
     262120.76,
     255797.56,
     3.7930,
     3.7015,
     6e9},
    {"PICC P&C 2026Q1",
     "2025",
     6341980.37,
     1810279.51,
     NAN,
     7016994.05,
     {3420077.78, 7861303.46, 119104.79, 35376.49, 773514.18, 141568.03},
     NAN,
     8502044.17,
     631095.26,
     2176484.68,
     NAN,
     2412913.46,
     NAN,
     12467326.36,
     12467326.36,
     1.00,
     -11426.40,
     12455899.97,
     29641233.80,
     NAN,
     2.3797,
     NAN,
     7e11}};

static void near(double got, double want, double tolerance, const char *company, const char *what) {
    if (!isnan(want) && !(fabs(got - want) <= tolerance)) {
        print_error("%s, %s: got %.6f, published %.6f\n", company, what, got, want);
        fail();
    }
}

static void test_companies(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof companies / sizeof *companies; i++) {
        const published *p = &companies[i];
        char sheet[2048];
        snprintf(sheet, sizeof sheet,
                 "company: x\nunit: 万元\ntotal_assets: %.17g\nactual_capital: %.17g\n"
                 "%s%.17g\ngiven:\n  1.2.1: %.17g\n  1.2.2: %.17g\n  1.3.1: %.17g\n  1.3.2: %.17g\n"
                 "  1.3.3: %.17g\n  1.3.4: %.17g\n  1.3.5: %.17g\n  1.3.6: %.17g\n"
                 "  1.4.1: %.17g\n  1.4.2: %.17g\n  2: %.17g\n",
                 p->total_assets / 1e4, p->actual,
                 isnan(p->core) ? "# no core " : "core_capital: ", p->core, p->pr, p->cat,
                 p->market[0], p->market[1], p->market[2], p->market[3], p->market[4], p->market[5],
                 p->spread, p->def, p->control);
        xmc_diag diag;
        xmc_diag_init(&diag);
        xmc_reg_tree t;
        if (compute_sheet(p->version, sheet, NULL, &t, &diag) != XMC_OK) {
            xmc_diag_print(&diag, stderr);
            fail();
        }
        /* CPIC publishes whole 万元: half a unit in each of the parts */
        double unit = strncmp(p->name, "CPIC", 4) == 0 ? 2 : 0.02;
        const struct {
            const char *node;
            double want;
        } checks[] = {{"1.2", p->ins},       {"1.2.3", p->ins_div}, {"1.3", p->mkt},
                      {"1.3.7", p->mkt_div}, {"1.4", p->crd},       {"1.4.3", p->crd_div},
                      {"1.5", p->div},       {"1.7", p->root},      {"1", p->quantifiable},
                      {"4", p->minimum}};
        for (size_t j = 0; j < sizeof checks / sizeof *checks; j++)
            near(xmc_reg_amount(&t, checks[j].node) / 1e4, checks[j].want, unit, p->name,
                 checks[j].node);
        near(t.size_factor, p->multiplier, 0, p->name, "size coefficient");
        /* the ratios are published to 1 or 2 decimals of a percent */
        double digits = unit > 1 || !strncmp(p->name, "Ping", 4) ? 6e-4 : 6e-5;
        near(t.comprehensive_ratio, p->ratio, digits, p->name, "comprehensive ratio");
        if (!isnan(p->core))
            near(t.core_ratio, p->core_ratio, digits, p->name, "core ratio");
        xmc_reg_tree_free(&t);
        xmc_diag_free(&diag);
    }
}

/* --- every published quarter 2022 to 2024 --- */

enum {
    COMPANY,
    QUARTER,
    ASSETS,
    MINIMUM,
    QUANT,
    INS,
    MKT,
    CRD,
    CONTROL,
    PREM,
    CAT,
    RATE,
    EQ,
    RE,
    OFB,
    OFE,
    FX,
    SPR,
    DEF,
    N_COLUMNS
};
static const xmc_column columns[N_COLUMNS] = {[COMPANY] = {"company", true},
                                              [QUARTER] = {"quarter", true},
                                              [ASSETS] = {"admitted_assets", true},
                                              [MINIMUM] = {"min_capital", true},
                                              [QUANT] = {"quant_mc", true},
                                              [INS] = {"ins_mc", false},
                                              [MKT] = {"mkt_mc", false},
                                              [CRD] = {"credit_mc", false},
                                              [CONTROL] = {"control_mc", false},
                                              [PREM] = {"mcQ_prem", false},
                                              [CAT] = {"mcQ_cata", false},
                                              [RATE] = {"mcR_rate", false},
                                              [EQ] = {"mcR_eq", false},
                                              [RE] = {"mcR_re", false},
                                              [OFB] = {"mcR_ofb", false},
                                              [OFE] = {"mcR_ofe", false},
                                              [FX] = {"mcR_fx", false},
                                              [SPR] = {"mcS_spr", false},
                                              [DEF] = {"mcS_def", false}};

/* Rows of the compilation that contradict themselves, found by hand. node: which sub-total. */
static const struct {
    const char *company, *quarter, *node, *reason;
} known[] = {
    {"三井住友", "2024Q3", "1.3", "equity price stands in the column of overseas equity"},
    {"凯本财险", "2022Q1", "1.2", "premium-and-reserve risk is missing from the row"},
    {"华安财险", "2022Q1", "1.2", "premium-and-reserve risk is missing from the row"},
    {"史带财产", "2024Q1", "1.2", "premium and reserve stand before diversification between lines"},
    {"富邦财险", "2023Q2", "1.2", "the published diversification is not that of the rules"},
    {"富邦财险", "2023Q3", "1.2", "premium and reserve stand before diversification between lines"},
    {"富邦财险", "2024Q1", "1.2", "premium and reserve stand before diversification between lines"},
    {"富邦财险", "2024Q1", "1.4", "spread and default are missing from the row"},
    {"永诚保险", "2022Q1", "1", "the quantifiable minimum is not the root of its sub-totals"},
    {"现代财产", "2022Q2", "1.3", "sub-total published in whole 万元"},
    {"现代财产", "2022Q3", "1.3", "sub-total published in whole 万元"},
    {"现代财产", "2023Q2", "1.3", "sub-total published in whole 万元"},
    {"现代财产", "2023Q3", "1.3", "sub-total published in whole 万元"},
    {"诚泰财产", "2023Q3", "1",
     "total assets above 10 bn, but admitted assets, which stand in for them, below"}};

static bool is_known(const char *company, const char *quarter, const char *node) {
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!strcmp(known[i].company, company) && !strcmp(known[i].quarter, quarter) &&
            !strcmp(known[i].node, node)) {
            print_message("known: %s %s, node %s: %s\n", company, quarter, node, known[i].reason);
            return true;
        }
    return false;
}

static xmc_company blank(xmc_given *given, size_t n) {
    return (xmc_company){.total_assets = NAN,
                         .net_assets = NAN,
                         .core_capital = NAN,
                         .actual_capital = NAN,
                         .size_multiplier = NAN,
                         .sarmra = NAN,
                         .largest_retention = NAN,
                         .la_mc = NAN,
                         .la_base = NAN,
                         .la_floor = NAN,
                         .given = given,
                         .n_given = n,
                         .file = "compilation"};
}

typedef struct {
    size_t checked, failed;
} count;

static void compare(const char *company, const char *quarter, const char *node, double got,
                    double want, count *c) {
    if (want == 0 && got == 0)
        return;
    c->checked++;
    if (fabs(got - want) < 2e-4 * fabs(want) || is_known(company, quarter, node))
        return;
    print_error("%s %s, node %s: got %.2f, published %.2f\n", company, quarter, node, got, want);
    c->failed++;
}

static void test_quarters(void **state) {
    (void)state;
    const char *path = CROSSMC_SOURCE_DIR "/../shared/regulation/published_quarters_2022_2024.csv";
    if (access(path, R_OK) != 0) {
        print_message("%s is not there: published quarters not tested\n", path);
        skip();
    }
    xmc_diag diag;
    xmc_diag_init(&diag);
    xmc_rules *rules[2] = {NULL, NULL};
    assert_int_equal(xmc_rules_load(RULES_FOLDER, "2021", &rules[0], &diag), XMC_OK);
    assert_int_equal(xmc_rules_load(RULES_FOLDER, "2023", &rules[1], &diag), XMC_OK);
    xmc_table *table;
    assert_int_equal(xmc_table_open(path, columns, N_COLUMNS, &diag, &table), XMC_OK);
    count c = {0};
    size_t rows = 0;
    while (xmc_table_next(table)) {
        static const struct {
            const char *node;
            int column;
        } leaves[] = {{"1.2.1", PREM}, {"1.2.2", CAT}, {"1.3.1", RATE}, {"1.3.2", EQ},
                      {"1.3.3", RE},   {"1.3.4", OFB}, {"1.3.5", OFE},  {"1.3.6", FX},
                      {"1.4.1", SPR},  {"1.4.2", DEF}};
        enum { N_LEAVES = sizeof leaves / sizeof *leaves };
        double v[N_COLUMNS];
        char company[128], quarter[16];
        snprintf(company, sizeof company, "%s", xmc_cell_text(table, COMPANY, NULL));
        snprintf(quarter, sizeof quarter, "%s", xmc_cell_text(table, QUARTER, NULL));
        for (int i = ASSETS; i < N_COLUMNS; i++)
            v[i] = xmc_cell_number(table, (size_t)i, 0, -INFINITY, INFINITY);
        const xmc_rules *r = rules[strcmp(quarter, "2023Q3") >= 0];
        rows++;
        /* components to sub-totals */
        xmc_given given[N_LEAVES];
        for (int i = 0; i < N_LEAVES; i++)
            given[i] = (xmc_given){.node = leaves[i].node, .amount = v[leaves[i].column]};
        xmc_company sheet = blank(given, N_LEAVES);
        sheet.total_assets = 1e4 * v[ASSETS];
        /* the one specialised technology insurer: x 0.9 until the notice of 2023 */
        sheet.specialised_technology = !strcmp(company, "太平科技");
        xmc_reg_tree t;
        assert_int_equal(xmc_regulatory_compute(r, &sheet, NULL, &t, &diag), XMC_OK);
        compare(company, quarter, "1.2", xmc_reg_amount(&t, "1.2"), v[INS], &c);
        compare(company, quarter, "1.3", xmc_reg_amount(&t, "1.3"), v[MKT], &c);
        compare(company, quarter, "1.4", xmc_reg_amount(&t, "1.4"), v[CRD], &c);
        xmc_reg_tree_free(&t);
        /* sub-totals to the quantifiable and the whole minimum */
        xmc_given totals[] = {{.node = "1.2", .amount = v[INS]},
                              {.node = "1.3", .amount = v[MKT]},
                              {.node = "1.4", .amount = v[CRD]},
                              {.node = "2", .amount = v[CONTROL]}};
        sheet.given = totals;
        sheet.n_given = 4;
        assert_int_equal(xmc_regulatory_compute(r, &sheet, NULL, &t, &diag), XMC_OK);
        compare(company, quarter, "1", xmc_reg_amount(&t, "1"), v[QUANT], &c);
        xmc_reg_tree_free(&t);
        /* the quantifiable minimum and control risk to the whole */
        xmc_given last[] = {{.node = "1", .amount = v[QUANT]}, {.node = "2", .amount = v[CONTROL]}};
        sheet.given = last;
        sheet.n_given = 2;
        assert_int_equal(xmc_regulatory_compute(r, &sheet, NULL, &t, &diag), XMC_OK);
        compare(company, quarter, "4", xmc_reg_amount(&t, "4"), v[MINIMUM], &c);
        xmc_reg_tree_free(&t);
    }
    xmc_status closed = xmc_table_close(table, NULL);
    xmc_diag_print(&diag, stderr);
    assert_int_equal(closed, XMC_OK);
    xmc_diag_free(&diag);
    xmc_rules_free(rules[0]);
    xmc_rules_free(rules[1]);
    print_message("%zu rows, %zu sub-totals compared, %zu known to contradict themselves\n", rows,
                  c.checked, sizeof known / sizeof *known);
    assert_int_equal(c.failed, 0);
    assert_true(rows > 700);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_companies),
                                       cmocka_unit_test(test_quarters)};
    return cmocka_run_group_tests_name("published tables", tests, NULL, NULL);
}
