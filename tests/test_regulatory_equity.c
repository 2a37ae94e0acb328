/* Listed stock under the three versions: factors by board, index and holding time, k1, the cap on
 * K and the switches; then from lots. */
#include "output/regulatory_report.h"
#include "tests/regulatory_help.h"

static void near(double got, double want, double tolerance, const char *what) {
    if (!(fabs(got - want) <= tolerance))
        fail_msg("%s: got %.15g, expected %.15g", what, got, want);
}

static const char *const versions[] = {"2021", "2023", "2025"};
enum { DAY = 20453 /* 2025-12-31 */ };

static xmc_reg_tree with_stocks(const char *version, xmc_reg_stock *stocks, size_t n,
                                const char *switches) {
    char sheet[512];
    snprintf(sheet, sizeof sheet,
             "company: x\nunit: CNY\nsize_multiplier: 1\nmarket: {stocks: book}\n%s", switches);
    xmc_reg_book book = {.stocks = stocks, .n_stocks = n, .valuation_date = DAY};
    xmc_diag diag;
    xmc_diag_init(&diag);
    xmc_reg_tree t;
    if (compute_sheet(version, sheet, &book, &t, &diag) != XMC_OK) {
        xmc_diag_print(&diag, stderr);
        fail();
    }
    xmc_diag_free(&diag);
    return t;
}

static double factor(const char *version, xmc_board board, bool csi300, bool div, double years,
                     double gain, const char *switches) {
    xmc_reg_stock s = {.id = "s",
                       .board = board,
                       .csi300 = csi300,
                       .div_low_vol_100 = div,
                       .admitted = 1000,
                       .book_value = 1000 * (1 + gain),
                       .cost = 1000,
                       .holding_years = years};
    xmc_reg_tree t = with_stocks(version, &s, 1, switches);
    near(t.k1_gain, gain, 1e-12, "x");
    double f = t.stocks[0].factor;
    near(xmc_reg_amount(&t, "market.equity.stocks"), 1000 * f, 1e-9, "amount");
    near(xmc_reg_amount(&t, "1.3.2"), 1000 * f, 1e-9, "equity");
    xmc_reg_tree_free(&t);
    return f;
}

/* At k1 = 0: what the notices say. */
static void test_factors(void **state) {
    (void)state;
    const struct {
        xmc_board board;
        bool csi300, div;
        double years, want[3];
    } cases[] = {{XMC_BOARD_MAIN_SH, false, false, 9, {0.35, 0.35, 0.35}},
                 {XMC_BOARD_MAIN_SZ, false, false, 1, {0.35, 0.35, 0.35}},
                 {XMC_BOARD_CHINEXT, false, false, 9, {0.45, 0.45, 0.45}},
                 {XMC_BOARD_STAR, false, false, 1, {0.45, 0.40, 0.40}},
                 {XMC_BOARD_STAR, false, false, 2, {0.45, 0.40, 0.40}}, /* more than 2 years */
                 {XMC_BOARD_STAR, false, false, 2.01, {0.45, 0.40, 0.36}},
                 {XMC_BOARD_MAIN_SH, true, false, 1, {0.3325, 0.30, 0.30}},
                 {XMC_BOARD_MAIN_SH, true, false, 3, {0.3325, 0.30, 0.30}}, /* more than 3 years */
                 {XMC_BOARD_MAIN_SH, true, false, 3.01, {0.3325, 0.30, 0.27}},
                 {XMC_BOARD_CHINEXT, true, false, 1, {0.4275, 0.30, 0.30}},
                 {XMC_BOARD_CHINEXT, true, false, 5, {0.4275, 0.30, 0.27}},
                 {XMC_BOARD_STAR, true, false, 1, {0.4275, 0.30, 0.30}},
                 {XMC_BOARD_STAR, true, false, 2.5, {0.4275, 0.30, 0.30}},
                 {XMC_BOARD_STAR, true, false, 4, {0.4275, 0.30, 0.27}},
                 {XMC_BOARD_MAIN_SH, false, true, 2, {0.35, 0.35, 0.35}},
                 {XMC_BOARD_MAIN_SH, false, true, 4, {0.35, 0.35, 0.27}},
                 {XMC_BOARD_MAIN_SZ, true, true, 4, {0.3325, 0.30, 0.27}},
                 {XMC_BOARD_BSE, false, false, 4, {0.45, 0.45, 0.45}},
                 {XMC_BOARD_STAR, false, false, NAN, {0.45, 0.40, 0.40}}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int v = 0; v < 3; v++) {
            double f = factor(versions[v], cases[i].board, cases[i].csi300, cases[i].div,
                              cases[i].years, 0, "");
            char what[64];
            snprintf(what, sizeof what, "case %zu, rules %s", i, versions[v]);
            near(f, cases[i].want[v], 1e-15, what);
        }
}

/* k1 and the cap on K: RF = RF0 (1 + K), K in [min(-0.25, k2'), 0.25]. */
static void test_cap(void **state) {
    (void)state;
    const xmc_board sh = XMC_BOARD_MAIN_SH;
    near(factor("2021", sh, false, false, 1, 0.2, ""), 0.35 * 1.04, 1e-15, "gain of 20 %");
    near(factor("2021", sh, false, false, 1, -0.2, ""), 0.35 * 0.96, 1e-15, "loss of 20 %");
    near(factor("2021", sh, false, false, 1, 0.5, ""), 0.35 * 1.25, 1e-15, "cap reached");
    near(factor("2021", sh, false, false, 1, 1.2, ""), 0.35 * 1.25, 1e-15, "cap, doubled");
    near(factor("2021", sh, false, false, 1, -0.8, ""), 0.35 * 0.75, 1e-15, "floor");
    near(factor("2021", sh, true, false, 1, 0.2, ""), 0.35 * (1 + 0.04 - 0.05), 1e-15, "with k2");
    near(factor("2025", sh, true, false, 5, 0.2, ""), 0.27 + 0.35 * 0.04, 1e-15, "target + k1");
    near(factor("2025", sh, true, false, 5, 1.2, ""), 0.35 * 1.25, 1e-15, "upper cap holds");
    near(factor("2025", sh, true, false, 5, -0.5, ""), 0.35 * 0.75, 1e-15,
         "k2 -0.229, floor -0.25");
    near(factor("2025", XMC_BOARD_STAR, true, false, 5, -0.5, ""), 0.27, 1e-15,
         "k2 -0.4 is its own floor");
    /* switches */
    near(factor("2025", XMC_BOARD_STAR, true, false, 5, 0, "switches: {k_cap: strict}\n"),
         0.45 * 0.75, 1e-15, "strict floor");
    near(factor("2025", sh, true, false, 5, 1.2, "switches: {k_cap: none}\n"), 0.27 + 0.35, 1e-15,
         "no cap");
    near(factor("2025", sh, true, false, 1, 0, "switches: {old_csi300_k2: kept}\n"),
         0.30 - 0.05 * 0.35, 1e-15, "old k2 kept");
    near(factor("2025", sh, false, true, 1, 0, "switches: {div_low_vol_short: csi300}\n"), 0.30,
         1e-15, "dividend stock, short");
    near(factor("2023", sh, false, true, 1, 0, "switches: {div_low_vol_short: csi300}\n"), 0.35,
         1e-15, "not before the notice");
    near(factor("2025", XMC_BOARD_STAR, true, false, 5, 0,
                "switches: {overlapping_indices: "
                "higher}\n"),
         0.36, 1e-15, "STAR and CSI 300: the higher");
}

/* One x for the whole portfolio, and the sum of the stocks. */
static void test_portfolio(void **state) {
    (void)state;
    xmc_reg_stock s[] = {{"a", XMC_BOARD_MAIN_SH, true, false, 300, 300, 100, 4},
                         {"b", XMC_BOARD_STAR, false, false, 100, 100, 250, 1},
                         {"c", XMC_BOARD_CHINEXT, false, false, 50, 50, 50, 9}};
    xmc_reg_tree t = with_stocks("2025", s, 3, "");
    double x = (450 - 400) / 400.0, k1 = x * x;
    near(t.k1_gain, x, 1e-15, "x");
    near(xmc_reg_amount(&t, "1.3.2"),
         300 * (0.27 + 0.35 * k1) + 100 * (0.40 + 0.45 * k1) + 50 * 0.45 * (1 + k1), 1e-10,
         "equity");
    xmc_reg_tree_free(&t);
}

/* A book that is held long: no version asks more than the one before it, whatever the gain. */
static void test_versions_do_not_rise(void **state) {
    (void)state;
    for (int board = 0; board < 5; board++)
        for (int index = 0; index < 4; index++)
            for (double gain = -0.9; gain < 1.5; gain += 0.35) {
                double f[3];
                for (int v = 0; v < 3; v++)
                    f[v] = factor(versions[v], (xmc_board)board, index & 1, index & 2, 6, gain, "");
                assert_true(f[1] <= f[0] + 1e-15);
                assert_true(f[2] <= f[1] + 1e-15);
            }
}

static int32_t years_ago(int years) {
    int32_t d = DAY;
    for (int y = 2025; y > 2025 - years; y--)
        d -= y % 4 == 0 ? 366 : 365;
    return d;
}

/* From lots: holding times under each window, cost by switch, values from prices. */
static void test_lots(void **state) {
    (void)state;
    xmc_reg_stock s[] = {{"a", XMC_BOARD_MAIN_SH, true, false, NAN, NAN, NAN, NAN},
                         {"b", XMC_BOARD_STAR, false, false, NAN, NAN, NAN, NAN}};
    const xmc_lot lots[] = {{0, years_ago(8), 100, 10, 2},
                            {1, years_ago(8), 100, 20, 3},
                            {0, years_ago(1), 100, 12, 4},
                            {1, years_ago(1), 300, 22, 5},
                            {0, years_ago(0), -50, 14, 6}};
    const double prices[] = {14, 25};
    xmc_reg_book book = {.stocks = s,
                         .n_stocks = 2,
                         .lots = lots,
                         .n_lots = 5,
                         .prices = prices,
                         .valuation_date = DAY};
    xmc_diag diag;
    xmc_diag_init(&diag);
    xmc_reg_tree t;
    const char *sheet = "company: x\nunit: CNY\nsize_multiplier: 1\nmarket: {stocks: book}\n";
    assert_int_equal(compute_sheet("2025", sheet, &book, &t, &diag), XMC_OK);
    /* a: (50 × 6 + 100 × 1) / 150 = 2.67: not long; b: (100 × 4 + 300 × 1) / 400 = 1.75 */
    near(t.stocks[0].admitted, 150 * 14, 1e-9, "value");
    near(t.stocks[0].holding_years, 400.0 / 150, 1e-12, "years of a");
    near(t.stocks[1].holding_years, 1.75, 1e-12, "years of b");
    near(t.stocks[0].cost, 2200 * 0.75, 1e-9, "moving average");
    double x = (2100 + 10000 - (1650 + 8600)) / (1650 + 8600.0);
    near(t.k1_gain, x, 1e-15, "x");
    near(xmc_reg_amount(&t, "1.3.2"), 2100 * (0.30 + 0.35 * x * x) + 10000 * (0.40 + 0.45 * x * x),
         1e-9, "equity");
    xmc_reg_tree_free(&t);
    char text[256];
    snprintf(text, sizeof text, "%sswitches: {cost_basis: fifo, holding_weight: cost}\n", sheet);
    assert_int_equal(compute_sheet("2025", text, &book, &t, &diag), XMC_OK);
    near(t.stocks[0].cost, 50 * 10 + 1200, 1e-9, "first in, first out");
    near(t.stocks[0].holding_years, (500 * 6 + 1200) / 1700.0, 1e-12, "years by cost");
    xmc_reg_tree_free(&t);
    xmc_diag_free(&diag);
}

/* The same stocks written into the sheet. */
static void test_sheet(void **state) {
    (void)state;
    const char *sheet =
        "company: x\nunit: CNY\nsize_multiplier: 1\nmarket:\n  stocks:\n"
        "    - {name: a, board: main_sh, csi300: true, div_low_vol_100: false, amount: 300, cost: "
        "100, holding_years: 4}\n"
        "    - {name: b, board: star, csi300: false, div_low_vol_100: false, amount: 100, cost: "
        "250, holding_years: 1}\n"
        "    - {name: c, board: chinext, csi300: false, div_low_vol_100: false, amount: 50, cost: "
        "50, holding_years: 9}\n";
    xmc_diag diag;
    xmc_diag_init(&diag);
    xmc_reg_tree t;
    assert_int_equal(compute_sheet("2025", sheet, NULL, &t, &diag), XMC_OK);
    double k1 = 0.125 * 0.125;
    near(xmc_reg_amount(&t, "1.3.2"),
         300 * (0.27 + 0.35 * k1) + 100 * (0.40 + 0.45 * k1) + 50 * 0.45 * (1 + k1), 1e-10,
         "equity");
    bool said = false;
    for (size_t i = 0; i < t.n_assumptions; i++)
        said |= strstr(t.assumptions[i], "book value of 3 stocks") != NULL;
    assert_true(said);
    xmc_reg_tree_free(&t);
    xmc_diag_free(&diag);
}

/* The demonstration's sheet with and without a book: what the book feeds, and where the segments
 * of a simulation have their place. */
static void test_book(void **state) {
    (void)state;
    xmc_lob lobs[] = {{"export", "export_credit", XMC_LINE_CREDIT},
                      {"guarantee", "guarantee", XMC_LINE_FINANCING}};
    xmc_credit_policy policies[] = {{.id = "e", .lob = 0}, {.id = "g", .lob = 1}};
    xmc_obligor obligors[] = {
        {.id = "1", .policy = 0, .exposure = 5e9, .covered = 0.9, .loan_type = 4},
        {.id = "2", .policy = 1, .exposure = 3e9, .covered = 1, .loan_type = 3},
        {.id = "3", .policy = 1, .exposure = 2e9, .covered = 0.5, .loan_type = 3},
        {.id = "4", .policy = 1, .exposure = 1e9, .covered = 0.8, .loan_type = 0}};
    xmc_instrument instruments[] = {
        {.id = "600000", .board = XMC_BOARD_MAIN_SH, .csi300 = true, .price = 12}};
    xmc_lot lots[] = {{0, years_ago(5), 1e8, 10, 2}};
    xmc_book b = {.valuation_date = DAY,
                  .lobs = lobs,
                  .n_lobs = 2,
                  .credit_policies = policies,
                  .n_credit_policies = 2,
                  .obligors = obligors,
                  .n_obligors = 4,
                  .instruments = instruments,
                  .n_instruments = 1,
                  .lots = lots,
                  .n_lots = 1};
    xmc_diag diag;
    xmc_diag_init(&diag);
    xmc_reg_book feed;
    assert_int_equal(xmc_reg_book_from(&b, true, true, &feed, &diag), XMC_OK);
    xmc_reg_versions v;
    assert_int_equal(xmc_reg_versions_compute(
                         NULL, CROSSMC_SOURCE_DIR "/scenarios/company-demo.yaml", &feed, &v, &diag),
                     XMC_OK);
    const double targets[] = {0.35 * 0.95, 0.30, 0.27};
    for (int i = 0; i < 3; i++) {
        near(xmc_reg_amount(&v.trees[i], "market.equity"), 1.2e9 * (targets[i] + 0.35 * 0.04), 1,
             "equity");
        /* 3 + 1 bn corporate, 0.8 bn mortgage, k4 = -0.10 */
        near(xmc_reg_amount(&v.trees[i], "line.credit.financing.corporate"), 4e9 * 0.105 * 0.9, 1,
             "corporate");
        near(xmc_reg_amount(&v.trees[i], "line.credit.financing.mortgage"), 0.8e9 * 0.052 * 0.9, 1,
             "mortgage");
    }
    const xmc_reg_tree *t = &v.trees[2];
    static const struct {
        xmc_risk risk;
        xmc_line line;
        const char *node;
    } places[] = {{XMC_RISK_CAT, XMC_LINE_PROPERTY, "1.2.2"},
                  {XMC_RISK_CAT, XMC_LINE_MOTOR, "1.2.2"},
                  {XMC_RISK_CAT, XMC_LINE_AGRICULTURE, "1.2.1.5.1"},
                  {XMC_RISK_CAT, XMC_LINE_ACCIDENT, "1.2.1.7.1"},
                  {XMC_RISK_ATTRITIONAL, XMC_LINE_MOTOR, "1.2.1.1.1"},
                  {XMC_RISK_CREDIT, XMC_LINE_CREDIT, "1.2.1.6.1.1"},
                  {XMC_RISK_CREDIT, XMC_LINE_FINANCING, "1.2.1.6.2"},
                  {XMC_RISK_EQUITY, XMC_N_LINES, "1.3.2.1"}};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        xmc_segment s = {.risk = places[i].risk, .line = places[i].line};
        size_t node = xmc_reg_node_of_segment(t, &s);
        assert_true(node != SIZE_MAX);
        assert_string_equal(t->nodes[node].code, places[i].node);
    }
    xmc_reg_versions_free(&v);
    xmc_reg_book_free(&feed);
    /* without a book the amounts for that case */
    assert_int_equal(xmc_reg_versions_compute(
                         NULL, CROSSMC_SOURCE_DIR "/scenarios/company-demo.yaml", NULL, &v, &diag),
                     XMC_OK);
    near(xmc_reg_amount(&v.trees[0], "1.3.2"), 1.8e9, 0, "given without book");
    near(xmc_reg_amount(&v.trees[0], "1.2.1.6.2"), 3.78e9, 0, "given without book");
    xmc_reg_versions_free(&v);
    assert_int_equal(diag.n_messages, 0);
    xmc_diag_free(&diag);
}

/* Sums insured by province: line, peril, participation and quota share decide. */
static void test_book_sums_insured(void **state) {
    (void)state;
    xmc_lob lobs[] = {{"M", "motor", XMC_LINE_MOTOR}, {"P", "property", XMC_LINE_PROPERTY}};
    const char *regions[] = {"jiangxi", "shanghai"};
    const xmc_perils both = XMC_PERIL_ORF | XMC_PERIL_QEQ;
    xmc_policy policies[] = {{.account = 0, .lob = 0, .perils = XMC_PERIL_WTC, .participation = 1},
                             {.account = 1, .lob = 1, .perils = both, .participation = 0.5},
                             {.account = 2, .lob = 1, .perils = both, .participation = 1},
                             {.account = 2, .lob = 1, .perils = XMC_PERIL_ORF, .participation = 1}};
    xmc_location locations[] = {
        {.account = 0, .region = 0, .perils = XMC_PERIL_WTC, .tiv = {100, 0, 0, 0}},
        {.account = 1, .region = 0, .perils = both, .tiv = {1000, 200, 300, 500}},
        {.account = 1, .region = 1, .perils = XMC_PERIL_ORF, .tiv = {400, 0, 0, 0}},
        {.account = 2, .region = 1, .perils = both, .tiv = {3000, 0, 0, 0}},
        {.account = 2, .region = 1, .perils = XMC_PERIL_XCY, .tiv = {9999, 0, 0, 0}}};
    /* half of 0.8 of account 1 against flood alone */
    xmc_treaty treaties[] = {
        {.type = XMC_TREATY_QS, .perils = XMC_PERIL_ORF, .ceded = 0.5, .placed = 0.8},
        {.type = XMC_TREATY_CXL, .perils = both, .occ_limit = 1e9, .placed = 1}};
    xmc_treaty_scope scopes[] = {{.treaty = 0, .account = 1, .lob = UINT32_MAX},
                                 {.treaty = 0, .account = 1, .lob = 1},
                                 {.treaty = 1, .account = UINT32_MAX, .lob = UINT32_MAX}};
    xmc_book b = {.valuation_date = DAY,
                  .regions = regions,
                  .n_regions = 2,
                  .lobs = lobs,
                  .n_lobs = 2,
                  .n_accounts = 3,
                  .policies = policies,
                  .n_policies = 4,
                  .locations = locations,
                  .n_locations = 5,
                  .treaties = treaties,
                  .n_treaties = 2,
                  .scopes = scopes,
                  .n_scopes = 3};
    xmc_diag diag;
    xmc_diag_init(&diag);
    xmc_reg_book feed;
    assert_int_equal(xmc_reg_book_from(&b, false, false, &feed, &diag), XMC_OK);
    const double want[] = {100, 0, 2000 * 0.5 * 0.6, 400 * 0.5 * 0.6 + 3000, 1000, 3000};
    for (int i = 0; i < 6; i++)
        near(feed.sums_insured[i], want[i], 1e-9, "sum insured");
    /* one year in a hundred loses a tenth in Jiangxi, a fifth in Shanghai */
    char text[4096] = "scenario,jiangxi,fujian,shanghai\n", path[64], sheet[400];
    for (int i = 1; i <= 100; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%d,%s\n", i,
                 i == 50 ? "0.1,1,0.2" : "0,1,0");
    write_temporary(text, path);
    snprintf(sheet, sizeof sheet,
             "company: x\nunit: CNY\nsize_multiplier: 1\ninsurance: {catastrophe: "
             "{property_typhoon_flood: {table: %s, rows: years, table_is: own, exposure: book}}}\n",
             path);
    xmc_reg_tree t;
    assert_int_equal(compute_sheet("2025", sheet, &feed, &t, &diag), XMC_OK);
    bool listed = false;
    for (size_t i = 0; i < t.n_assumptions; i++)
        listed |= strstr(t.assumptions[i], "1.2.2.2: 1 columns of the table") != NULL;
    assert_true(listed);
    near(xmc_reg_amount(&t, "1.2.2.2"), 0.1 * want[2] + 0.2 * want[3], 1e-9, "catastrophe");
    xmc_reg_tree_free(&t);
    assert_int_equal(diag.n_errors, 0);
    assert_int_equal(compute_sheet("2025", sheet, NULL, &t, &diag), XMC_BAD_INPUT);
    assert_non_null(strstr(diag.messages[diag.n_messages - 1].text, "no book with locations"));
    unlink(path);
    xmc_reg_book_free(&feed);
    xmc_diag_free(&diag);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_factors),   cmocka_unit_test(test_cap),
        cmocka_unit_test(test_portfolio), cmocka_unit_test(test_versions_do_not_rise),
        cmocka_unit_test(test_lots),      cmocka_unit_test(test_sheet),
        cmocka_unit_test(test_book),      cmocka_unit_test(test_book_sums_insured)};
    return cmocka_run_group_tests_name("listed stock", tests, NULL, NULL);
}
