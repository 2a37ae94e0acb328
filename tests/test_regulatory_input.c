/* What the minimum refuses, each with its place; and user-written rules. */
#include "output/regulatory_report.h"
#include "tests/regulatory_help.h"

/* What strtod does in a locale with a decimal comma, for every number: whoever reads rules or the
 * company with it fails here, on machines without such a locale too. */
double strtod(const char *restrict s, char **restrict end) {
    double x = 0;
    while (*s >= '0' && *s <= '9')
        x = 10 * x + (*s++ - '0');
    if (end)
        *end = (char *)(uintptr_t)s;
    return x;
}

/* text must be in one of the messages. */
static void expect_message(const xmc_diag *diag, const char *text) {
    for (size_t i = 0; i < diag->n_messages; i++)
        if (strstr(diag->messages[i].text, text))
            return;
    xmc_diag_print(diag, stderr);
    fail_msg("no message contains: %s", text);
}

/* The sheet is refused with a message that has place ("4:23") and text. */
static void refuse(const char *version, const char *sheet, const char *place, const char *text) {
    char path[64], where[128];
    xmc_diag diag;
    xmc_diag_init(&diag);
    xmc_reg_tree t;
    write_temporary(sheet, path);
    xmc_status st = compute_file(version, path, NULL, &t, &diag);
    unlink(path);
    if (st != XMC_BAD_INPUT) {
        xmc_reg_tree_free(&t);
        fail_msg("accepted, or status %d: %s", (int)st, sheet);
    }
    assert_null(t.nodes);
    snprintf(where, sizeof where, "%s:%s", path, place);
    expect_message(&diag, where);
    expect_message(&diag, text);
    xmc_diag_free(&diag);
}

#define HEAD "company: x\nunit: CNY\nsize_multiplier: 1\n"

static void test_sheet(void **state) {
    (void)state;
    /* a percent where a fraction belongs */
    refuse("2021",
           HEAD "insurance:\n  lines:\n    motor: {retained_premium: 1, net_claims_reserve: 1, "
                "combined_ratio: 98.5}\n",
           "6:73 (combined_ratio): '98.5'", "a fraction: between -5 and 5");
    refuse("2021",
           HEAD "credit:\n  default:\n    - {class: deposit_city_bank, amount: 5, "
                "capital_adequacy: 13.5}\n",
           "6:63 (capital_adequacy): '13.5'", "between 0 and 1");
    refuse("2021", HEAD "insurance:\n  lines:\n    agriculture: {policy_share: 80}\n",
           "6:33 (policy_share): '80'", "between 0 and 1");
    /* durations */
    refuse("2021", HEAD "market:\n  interest:\n    - {class: bond, amount: 5, duration: 0}\n",
           "6:42 (duration): '0'", "above 0");
    refuse("2021", HEAD "credit:\n  spread:\n    - {class: AAA, amount: 5, duration: -2}\n",
           "6:41 (duration): '-2'", "modified duration in years");
    refuse("2021", HEAD "market:\n  interest:\n    - {class: bond, amount: 5}\n", "6:7: 'bond'",
           "a duration for this class");
    /* unknown board, rating, class, line, loan type, peril, coefficient, node, switch, unit, key */
    refuse("2021",
           HEAD "market:\n  stocks:\n    - {board: sme, amount: 1, csi300: true, "
                "div_low_vol_100: false}\n",
           "6:15 (board): 'sme'", "main_sh, main_sz, chinext, star, bse");
    refuse("2021", HEAD "credit:\n  spread:\n    - {class: AAAA, amount: 5, duration: 2}\n",
           "6:7: 'AAAA'", "unrated");
    refuse("2021",
           HEAD "credit:\n  default:\n    - {class: currency_derivative, amount: 5, rating: Aa1}\n",
           "6:7: 'Aa1'", "a rating of credit/default/classes/currency_derivative");
    refuse("2021", HEAD "market:\n  equity:\n    - {class: warrants, amount: 5}\n",
           "6:7: 'warrants'", "unlisted_strategic");
    refuse("2021", HEAD "insurance:\n  lines:\n    marine: {retained_premium: 1}\n",
           "6:5 (marine): 'marine'", "one of the ten lines: motor, property");
    refuse("2021", HEAD "insurance:\n  financing:\n    leasing: {balance: 1}\n", "6:5 (leasing)",
           "mortgage, top_up");
    refuse("2021", HEAD "insurance:\n  catastrophe:\n    hail: {table: x.csv}\n", "6:5 (hail)",
           "motor_typhoon_flood");
    refuse("2021",
           HEAD "market:\n  equity:\n    - {class: stock_fund, amount: 5, coefficients: [green]}\n",
           "6:7: 'green'", "a coefficient of market/equity/k");
    refuse("2021", HEAD "given: {1.9.9: 5}\n", "4:16 (1.9.9)", "code or key of a node");
    refuse("2021", HEAD "given: {1.3.7: 5}\n", "4:16 (1.3.7)", "difference");
    refuse("2021", HEAD "given: {1.2.2: 5, catastrophe: 6}\n", "4:32 (catastrophe)", "given once");
    refuse("2021", HEAD "given: {1.2.2: -5}\n", "4:16 (1.2.2): '-5'", "between 0 and");
    refuse("2021", HEAD "given: {1.2.2: .nan}\n", "4:16 (1.2.2): '.nan'", "a finite number");
    refuse("2021", HEAD "switches: {k_cap: maybe}\n", "4:19 (k_cap): 'maybe'", "k_cap");
    refuse("2021", HEAD "switches: {cap: none}\n", "4:17 (cap): 'cap'", "a switch: k_cap");
    refuse("2021", "company: x\nunit: dollars\n", "2:7 (unit): 'dollars'", "万元");
    refuse("2021", HEAD "markets: {}\n", "4:1 (markets): 'markets'", "one of the keys");
    refuse("2021", HEAD "company: y\n", "4:1: 'company'", "each key once");
    refuse("2021", "company: [x\n", "2:1", "not well-formed YAML");
    refuse("2021", HEAD "sarmra: 101\n", "4:9 (sarmra): '101'", "between 0 and 100");
    refuse("2021", HEAD "insurance:\n  lines:\n    motor: {parts: {technology: {}}}\n",
           "6:21 (technology)", "no parts");
    refuse("2021", HEAD "market:\n  overseas_equity:\n    - {class: listed, amount: 5}\n",
           "6:7: 'listed'", "exactly one of developed and emerging");
    refuse("2021", HEAD "market:\n  stocks: book\n", "5:11 (stocks): 'book'", "no book");
    refuse("2021", HEAD "actual_capital: 5\ncore_capital: 6\n", "5:15 (core_capital)",
           "at most the actual capital");
    /* the versions since September 2023 scale by total assets */
    refuse("2023", "company: x\nunit: CNY\n", "", "total_assets or size_multiplier");
    refuse("2021", "", "", "empty");
}

static void test_many_at_once(void **state) {
    (void)state;
    char path[64];
    xmc_diag diag;
    xmc_diag_init(&diag);
    write_temporary(HEAD
                    "sarmra: 120\ncaptive: 3\ninsurance:\n  lines:\n    marine: {}\n    motor: "
                    "{combined_ratio: 99}\n",
                    path);
    xmc_company *c;
    assert_int_equal(xmc_company_load(path, &c, &diag), XMC_BAD_INPUT);
    unlink(path);
    assert_int_equal(diag.n_errors, 4);
    xmc_diag_free(&diag);
    xmc_diag_init(&diag);
    assert_int_equal(xmc_company_load("/nowhere/company.yaml", &c, &diag), XMC_BAD_INPUT);
    expect_message(&diag, "/nowhere/company.yaml");
    xmc_diag_free(&diag);
}

/* The text of a file with one string exchanged. */
static char *edited(const char *file, const char *from, const char *to) {
    FILE *f = fopen(file, "r");
    assert_non_null(f);
    static char text[1 << 17];
    size_t n = fread(text, 1, sizeof text - 1, f);
    text[n] = '\0';
    fclose(f);
    char *at = strstr(text, from);
    if (!at)
        fail_msg("'%s' is not in %s", from, file);
    size_t size = n + strlen(to) + 1;
    char *out = malloc(size);
    assert_non_null(out);
    snprintf(out, size, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    return out;
}

static xmc_status load_text(const char *text, char *path, xmc_rules **r, xmc_diag *diag) {
    write_temporary(text, path);
    xmc_status st = xmc_rules_load(path, NULL, r, diag);
    unlink(path);
    return st;
}

static void refuse_rules(const char *from, const char *to, const char *text) {
    char path[64];
    xmc_diag diag;
    xmc_diag_init(&diag);
    xmc_rules *r = NULL;
    char *rules = edited(RULES_FOLDER "/c-ross-2021.yaml", from, to);
    xmc_status st = load_text(rules, path, &r, &diag);
    free(rules);
    xmc_rules_free(r);
    assert_int_equal(st, XMC_BAD_INPUT);
    expect_message(&diag, path);
    expect_message(&diag, text);
    xmc_diag_free(&diag);
}

static void test_rules(void **state) {
    (void)state;
    refuse_rules("- [0.15, 0.4,  1,    0.25,", "- [0.16, 0.4,  1,    0.25,",
                 "a symmetric matrix: row motor, column hull_cargo_special is 0.15");
    refuse_rules("rows: [[1, 0.5], [0.5, 1]]", "rows: [[1, 1], [1, 1]]", "positive definite");
    refuse_rules("rows: [[1, 0.5], [0.5, 1]]", "rows: [[0.9, 0.5], [0.5, 1]]", "1 on the diagonal");
    refuse_rules("rows: [[1, 0.5], [0.5, 1]]", "rows: [[1, 1.5], [1.5, 1]]", "between -1 and 1");
    refuse_rules("\"(0.95, 1.00]\": 0,", "\"(0.96, 1.00]\": 0,", "without gap or overlap");
    refuse_rules("\"(0.95, 1.00]\": 0,", "\"[0.95, 1.00]\": 0,", "without gap or overlap");
    refuse_rules("\"(0.95, 1.00]\": 0,", "\"0.95-1.00\": 0,", "an interval such as");
    refuse_rules("\"(0.95, 1.00]\": 0,", "\"(0x1p-1, 1.00]\": 0,", "an interval such as");
    refuse_rules("driver: combined_ratio_change", "driver: combined_change", "a driver");
    refuse_rules("rf0: {value: 0.103}", "rf00: {value: 0.103}", "a value that the computation has");
    refuse_rules("rf0: {value: 0.103}", "rf0: {value: 10%}", "a finite number");
    refuse_rules("rf0: {value: 0.103}", "rf0: 0.103", "a value with its origin");
    refuse_rules("confidence: S-PDF\n", "confidence: sure\n", "S-NOTICE");
    refuse_rules("source: rules\n", "source: hearsay\n", "a key of sources");
    refuse_rules("index: csi300, board: any", "index: csi500, board: any", "an index");
    refuse_rules("choice: clip_to_k2,", "choice: clip,", "one of the choices");
}

/* A user's own delta: it must name what exists. */
static void test_own_delta(void **state) {
    (void)state;
    char path[64], text[1024];
    xmc_diag diag;
    xmc_diag_init(&diag);
    xmc_rules *r = NULL;
    const char *format =
        "version: mine\ntitle: what if\neffective: 2027-01-01\nextends: " RULES_FOLDER
        "/c-ross-2025-12.yaml\nsources: {me: own assumption}\nsource: me\n"
        "confidence: USER\narticle: none\n%s";
    snprintf(text, sizeof text, format,
             "changes: {insurance: {lines: {motor: {premium: {rf0: {value: 0.2}}}}}}\n");
    assert_int_equal(load_text(text, path, &r, &diag), XMC_OK);
    assert_true(xmc_rules_find(r, "insurance/lines/motor/premium/rf0")->number == 0.2);
    assert_true(xmc_rules_find(r, "insurance/lines/motor/reserve/rf0")->number == 0.123);
    assert_string_equal(xmc_rules_find(r, "insurance/lines/motor/premium/rf0")->version, "mine");
    assert_string_equal(xmc_rules_find(r, "market/equity/listed/k2/star_long")->version, "2025-12");
    xmc_rules_free(r);
    r = NULL;
    snprintf(text, sizeof text, format,
             "changes: {insurance: {lines: {marine: {premium: {rf0: {value: 0.2}}}}}}\n");
    assert_int_equal(load_text(text, path, &r, &diag), XMC_BAD_INPUT);
    expect_message(&diag, "insurance/lines/marine/premium/rf0");
    expect_message(&diag, "changes name values that the version before has");
    xmc_diag_free(&diag);
    xmc_diag_init(&diag);
    snprintf(text, sizeof text, format,
             "adds: {insurance: {lines: {motor: {premium: {rf0: {value: 0.2}}}}}}\n");
    assert_int_equal(load_text(text, path, &r, &diag), XMC_BAD_INPUT);
    expect_message(&diag, "goes under changes");
    xmc_diag_free(&diag);
    xmc_diag_init(&diag);
    assert_int_equal(xmc_rules_load(RULES_FOLDER, "2030", &r, &diag), XMC_BAD_INPUT);
    expect_message(&diag, "there are: 2021, 2023-09, 2025-12");
    xmc_diag_free(&diag);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sheet), cmocka_unit_test(test_many_at_once),
        cmocka_unit_test(test_rules), cmocka_unit_test(test_own_delta)};
    return cmocka_run_group_tests_name("bad input of the minimum", tests, NULL, NULL);
}
