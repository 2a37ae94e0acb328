/* First in, first out: cases by hand. Dates are days since 1970-01-01. */
#include "output/holding_time.h"
#include "tests/regulatory_help.h"

static const double windows[2] = {6, 4};

enum { VALUATION = 20453 /* 2025-12-31 */ };
/* the 31st of December of a year up to 2025 */
static int32_t new_years_eve(int year) {
    int32_t d = VALUATION;
    for (int y = 2025; y > year; y--)
        d -= (y % 4 == 0 && y % 100 != 0) || y % 400 == 0 ? 366 : 365;
    return d;
}

static void near(double got, double want, const char *what) {
    if (!(fabs(got - want) <= 1e-9 * (1 + fabs(want))))
        fail_msg("%s: got %.12g, by hand %.12g", what, got, want);
}

static xmc_holding run_with(const xmc_lot *lots, size_t n, const xmc_corporate_action *actions,
                            size_t n_actions, xmc_holding_weight weight) {
    xmc_holding h;
    xmc_diag diag;
    xmc_diag_init(&diag);
    xmc_status st = xmc_holding_times(lots, n, actions, n_actions, 1, VALUATION, windows, weight,
                                      "lots.csv", &h, &diag);
    xmc_diag_print(&diag, stderr);
    assert_int_equal(st, XMC_OK);
    xmc_diag_free(&diag);
    return h;
}

static xmc_holding run(const xmc_lot *lots, size_t n) {
    return run_with(lots, n, NULL, 0, XMC_WEIGHT_SHARES);
}

static void test_years(void **state) {
    (void)state;
    assert_true(xmc_years_between(new_years_eve(2022), VALUATION) == 3);
    assert_true(xmc_years_between(new_years_eve(2022) - 1, VALUATION) > 3);
    assert_true(xmc_years_between(new_years_eve(2022) + 1, VALUATION) < 3);
    assert_true(xmc_years_between(VALUATION, VALUATION) == 0);
    near(xmc_years_between(VALUATION - 73, VALUATION), 0.2, "73 days of a common year");
    /* 29 February 2024: its anniversaries are 1 March; 2024-02-29 is day 19782 */
    assert_true(xmc_years_between(19782, 19782 + 366) == 1);
    near(xmc_years_between(19782, 19782 + 365), 365.0 / 366, "day before");
}

static void test_partial_sale(void **state) {
    (void)state;
    /* 100 four years ago at 10, 300 two years ago at 20, 50 of the oldest sold */
    const xmc_lot lots[] = {{0, new_years_eve(2021), 100, 10, 2},
                            {0, new_years_eve(2023), 300, 20, 3},
                            {0, new_years_eve(2024), -50, 30, 4}};
    xmc_holding h = run(lots, 3);
    near(h.quantity, 350, "quantity");
    near(h.cost_fifo, 50 * 10 + 300 * 20, "cost of what is held");
    near(h.cost_average, 7000 * 350.0 / 400, "moving average");
    near(h.years, (50 * 4 + 300 * 2) / 350.0, "years");
    near(h.oldest_years, 4, "oldest");
    /* weights by cost */
    h = run_with(lots, 3, NULL, 0, XMC_WEIGHT_COST);
    near(h.years, (500 * 4 + 6000 * 2) / 6500.0, "years by cost");
}

static void test_sale_over_two_lots(void **state) {
    (void)state;
    const xmc_lot lots[] = {{0, new_years_eve(2021), 100, 10, 2},
                            {0, new_years_eve(2022), 100, 12, 3},
                            {0, new_years_eve(2024), 100, 20, 4},
                            {0, VALUATION, -150, 30, 5}};
    xmc_holding h = run(lots, 4);
    near(h.quantity, 150, "quantity");
    near(h.cost_fifo, 50 * 12 + 100 * 20, "cost");
    near(h.years, (50 * 3 + 100 * 1) / 150.0, "years");
}

static void test_repurchase(void **state) {
    (void)state;
    /* all sold, then bought anew: the clock starts again, the old cost is gone */
    const xmc_lot lots[] = {{0, new_years_eve(2018), 1000, 5, 2},
                            {0, new_years_eve(2023), -1000, 8, 3},
                            {0, new_years_eve(2024), 400, 9, 4}};
    xmc_holding h = run(lots, 3);
    near(h.quantity, 400, "quantity");
    near(h.cost_fifo, 3600, "cost");
    near(h.cost_average, 3600, "average");
    near(h.years, 1, "years");
}

static void test_windows(void **state) {
    (void)state;
    /* 8, 5 and 1 years old: cut at 6 and at 4 */
    const xmc_lot lots[] = {{0, new_years_eve(2017), 100, 1, 2},
                            {0, new_years_eve(2020), 100, 1, 3},
                            {0, new_years_eve(2024), 200, 1, 4}};
    xmc_holding h = run(lots, 3);
    near(h.years, (6 + 5 + 2 * 1) / 4.0, "cut at 6");
    near(h.years_short, (4 + 4 + 2 * 1) / 4.0, "cut at 4");
    near(h.oldest_years, 8, "oldest");
}

static void test_split_and_bonus(void **state) {
    (void)state;
    /* 100 at 26, 3 bonus shares for 10 a year later, then 130 more at 20, then 130 sold: exactly
     * the first lot with its bonus */
    const xmc_lot lots[] = {{0, new_years_eve(2020), 100, 26, 2},
                            {0, new_years_eve(2022), 130, 20, 3},
                            {0, new_years_eve(2023), -65, 25, 4},
                            {0, new_years_eve(2024), -65, 25, 5}};
    const xmc_corporate_action bonus = {0, new_years_eve(2021), 1.3, 2};
    xmc_holding h = run_with(lots, 2, &bonus, 1, XMC_WEIGHT_SHARES);
    near(h.quantity, 260, "quantity before sales");
    near(h.cost_fifo, 2600 + 2600, "a bonus costs nothing");
    near(h.years, (5 + 3) / 2.0, "bonus shares keep the date of their lot");
    h = run_with(lots, 3, &bonus, 1, XMC_WEIGHT_SHARES);
    near(h.quantity, 195, "quantity");
    near(h.cost_fifo, 1300 + 2600, "cost");
    near(h.cost_average, 5200 * 0.75, "moving average");
    near(h.years, (65 * 5 + 130 * 3) / 195.0, "years");
    h = run_with(lots, 4, &bonus, 1, XMC_WEIGHT_SHARES);
    near(h.quantity, 130, "quantity after all of the first lot");
    near(h.years, 3, "years");
    near(h.cost_fifo, 2600, "cost");
    /* on its date an action comes before the trades of the day */
    const xmc_corporate_action split = {0, new_years_eve(2022), 2, 2};
    h = run_with(lots, 2, &split, 1, XMC_WEIGHT_SHARES);
    near(h.quantity, 330, "split before the purchase of its day");
}

/* Within a day a sale may stand before the purchase that makes up for it. */
static void test_within_a_day(void **state) {
    (void)state;
    const xmc_lot lots[] = {{0, new_years_eve(2020), 100, 10, 2},
                            {0, new_years_eve(2023), -150, 15, 3},
                            {0, new_years_eve(2023), 30, 16, 4},
                            {0, new_years_eve(2023), 60, 17, 5}};
    xmc_holding h = run(lots, 4);
    near(h.quantity, 40, "quantity");
    near(h.cost_fifo, 40 * 17, "cost");
    near(h.cost_average, 40 * 17, "moving average");
    near(h.years, 2, "years");
}

static void test_order_of_rows(void **state) {
    (void)state;
    const xmc_lot sorted[] = {{0, new_years_eve(2020), 100, 10, 2},
                              {0, new_years_eve(2022), 50, 12, 3},
                              {0, new_years_eve(2023), -120, 15, 4}};
    const xmc_lot shuffled[] = {sorted[2], sorted[0], sorted[1]};
    xmc_holding a = run(sorted, 3), b = run(shuffled, 3);
    assert_memory_equal(&a, &b, sizeof a);
    near(a.years, 3, "the rest of the second lot");
}

/* Many instruments against a slow method: every share its own entry. */
static void test_against_shares(void **state) {
    (void)state;
    enum { INSTRUMENTS = 7, LOTS = 900 };
    static xmc_lot lots[LOTS];
    static int32_t share[INSTRUMENTS][LOTS * 50];
    size_t head[INSTRUMENTS] = {0}, tail[INSTRUMENTS] = {0};
    uint32_t seed = 12345;
    for (int i = 0; i < LOTS; i++) {
        seed = seed * 1664525u + 1013904223u;
        uint32_t k = (seed >> 16) % INSTRUMENTS;
        seed = seed * 1664525u + 1013904223u;
        int q = (int)((seed >> 16) % 49) + 1;
        bool sale = (seed >> 8) % 3 == 0;
        int held = (int)(tail[k] - head[k]);
        if (sale && q > held)
            q = held;
        if (q == 0) {
            q = 1;
            sale = false;
        }
        lots[i] = (xmc_lot){k, VALUATION - 3000 + 3 * i, sale ? -q : q, 10, (size_t)i + 2};
        for (int j = 0; j < q; j++) {
            if (sale)
                head[k]++;
            else
                share[k][tail[k]++] = lots[i].date;
        }
    }
    xmc_holding h[INSTRUMENTS];
    xmc_diag diag;
    xmc_diag_init(&diag);
    assert_int_equal(xmc_holding_times(lots, LOTS, NULL, 0, INSTRUMENTS, VALUATION, windows,
                                       XMC_WEIGHT_SHARES, NULL, h, &diag),
                     XMC_OK);
    for (int k = 0; k < INSTRUMENTS; k++) {
        double sum = 0, n = (double)(tail[k] - head[k]);
        for (size_t j = head[k]; j < tail[k]; j++) {
            double age = xmc_years_between(share[k][j], VALUATION);
            sum += age < 6 ? age : 6;
        }
        near(h[k].quantity, n, "quantity");
        near(h[k].cost_fifo, 10 * n, "cost");
        near(h[k].cost_average, 10 * n, "moving average");
        if (n > 0)
            near(h[k].years, sum / n, "years");
        else
            assert_true(isnan(h[k].years));
    }
    xmc_diag_free(&diag);
}

static void refuse(const xmc_lot *lots, size_t n, const xmc_corporate_action *a, size_t n_a,
                   const char *text) {
    xmc_holding h;
    xmc_diag diag;
    xmc_diag_init(&diag);
    assert_int_equal(xmc_holding_times(lots, n, a, n_a, 1, VALUATION, windows, XMC_WEIGHT_SHARES,
                                       "lots.csv", &h, &diag),
                     XMC_BAD_INPUT);
    assert_true(diag.n_errors == 1);
    if (!strstr(diag.messages[0].text, text))
        fail_msg("'%s' is not in: %s", text, diag.messages[0].text);
    xmc_diag_free(&diag);
}

static void test_bad_lots(void **state) {
    (void)state;
    const xmc_lot oversold[] = {{0, 18000, 100, 10, 2}, {0, 18001, -101, 10, 3}};
    refuse(oversold, 2, NULL, 0,
           "lots.csv:3 (quantity): '-101': expected a sale of at most the 100");
    const xmc_lot before[] = {{0, 18001, 100, 10, 2}, {0, 18000, -1, 10, 3}};
    refuse(before, 2, NULL, 0, "lots.csv:3");
    const xmc_lot next_day[] = {
        {0, 18000, 100, 10, 2}, {0, 18001, -150, 10, 3}, {0, 18002, 50, 10, 4}};
    refuse(next_day, 3, NULL, 0, "lots.csv:3 (quantity): '-150'");
    /* 200 after a split of that day: 201 are too many, 200 are not */
    const xmc_corporate_action split = {0, 18001, 2, 2};
    const xmc_lot over[] = {{0, 18000, 100, 10, 2}, {0, 18001, -201, 10, 3}};
    refuse(over, 2, &split, 1, "lots.csv:3 (quantity): '-201': expected a sale of at most the 200");
    const xmc_lot all[] = {{0, 18000, 100, 10, 2}, {0, 18001, -200, 10, 3}};
    near(run_with(all, 2, &split, 1, XMC_WEIGHT_SHARES).quantity, 0, "all sold");
    const xmc_lot late = {0, VALUATION + 1, 100, 10, 7};
    refuse(&late, 1, NULL, 0, "lots.csv:7 (date): '2026-01-01'");
    const xmc_lot zero = {0, 18000, 0, 10, 8};
    refuse(&zero, 1, NULL, 0, "lots.csv:8 (quantity)");
    const xmc_lot nan_price = {0, 18000, 1, NAN, 9};
    refuse(&nan_price, 1, NULL, 0, "lots.csv:9 (price)");
    const xmc_lot stranger = {5, 18000, 1, 1, 10};
    refuse(&stranger, 1, NULL, 0, "lots.csv:10 (instrument_id)");
    const xmc_corporate_action bad = {0, 18000, 0, 4};
    refuse(NULL, 0, &bad, 1, "lots.csv:4 (ratio)");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_years),
                                       cmocka_unit_test(test_partial_sale),
                                       cmocka_unit_test(test_sale_over_two_lots),
                                       cmocka_unit_test(test_repurchase),
                                       cmocka_unit_test(test_windows),
                                       cmocka_unit_test(test_split_and_bonus),
                                       cmocka_unit_test(test_within_a_day),
                                       cmocka_unit_test(test_order_of_rows),
                                       cmocka_unit_test(test_against_shares),
                                       cmocka_unit_test(test_bad_lots)};
    return cmocka_run_group_tests_name("holding time", tests, NULL, NULL);
}
