/* Every value of the small book as it comes out of the loaders, by hand. */
#include "tests/load_book.h"

#include "scenarios/common/parse.h"
#include "scenarios/event_set.h"
#include "scenarios/perils.h"

#include <iconv.h>
#include <locale.h>
#include <math.h>

static int32_t day(const char *s) {
    int32_t d = 0;
    assert_true(xmc_parse_date(s, strlen(s), &d));
    return d;
}

static void assert_near(double x, double y) {
    if (!(fabs(x - y) <= 1e-12 * fabs(y)))
        fail_msg("%.17g is not %.17g", x, y);
}

/* Of the running test. */
static xmc_analysis a;
static xmc_diag d;

static int load_small(void **state) {
    (void)state;
    xmc_diag_init(&d);
    assert_int_equal(xmc_analysis_load(SMALL_BOOK "/analysis.yaml", &a, &d), XMC_OK);
    return 0;
}

static int unload(void **state) {
    (void)state;
    xmc_diag_free(&d);
    xmc_analysis_free(&a);
    return 0;
}

static void reads_settings(void **state) {
    (void)state;
    assert_string_equal(a.title, "Small book");
    assert_string_equal(a.currency, "CNY");
    assert_int_equal(a.valuation_date, day("2025-12-31"));
    assert_true(a.trials == 20000 && a.block == 16384 && a.loss_grid == 0.015625);
    assert_true(a.seeds[0] == 11 && a.seeds[1] == 2 && a.seeds[2] == 13 && a.seeds[3] == 4 &&
                a.seeds[4] == 5);
    assert_false(a.mean_damage);
    assert_true(a.has_cat && a.has_attritional && a.has_credit && a.has_equity && !a.has_company);
    assert_null(a.company_path);
    assert_null(a.rules_dir);
    assert_true(a.admin_margin == 125000.5);
    size_t n;
    char *text = slurp(SMALL_BOOK "/analysis.yaml", &n);
    assert_string_equal(a.text, text);
    free(text);
    /* The text is as in the file, so the digests agree. */
    assert_string_equal(a.config_sha256, a.inputs[0].sha256);
    static const char *const roles[] = {"analysis",
                                        "lines",
                                        "exchange_rates",
                                        "accounts",
                                        "locations",
                                        "locations",
                                        "reinsurance_info",
                                        "reinsurance_scope",
                                        "credit",
                                        "credit_policies",
                                        "obligors",
                                        "equity",
                                        "instruments",
                                        "corporate_actions",
                                        "lots",
                                        "events",
                                        "damage_bins",
                                        "vulnerability",
                                        "vulnerability_map",
                                        "attritional"};
    assert_int_equal(a.n_inputs, sizeof roles / sizeof *roles);
    for (size_t i = 0; i < a.n_inputs; i++) {
        struct stat about;
        assert_string_equal(a.inputs[i].role, roles[i]);
        assert_int_equal(stat(a.inputs[i].path, &about), 0);
        assert_int_equal(a.inputs[i].bytes, about.st_size);
        assert_int_equal(strlen(a.inputs[i].sha256), 64);
    }
    assert_int_equal(d.n_errors, 0);
    assert_int_equal(d.n_warnings, 2);
    assert_says(&d, "location.csv:1: 1 column not used: LocName");
    assert_says(&d, "reins_info.csv:5:1 (ReinsNumber): treaty 'OLD' is not in force");
    assert_says(&d, "1 policy not in force");
    assert_says(&d, "1 location of accounts without a policy in force");
    assert_says(&d, "1 credit policy not in force");
    assert_says(&d, "1 obligor of credit policies not in force");
}

static void reads_policies(void **state) {
    (void)state;
    const xmc_book *b = &a.book;
    assert_int_equal(b->valuation_date, a.valuation_date);
    assert_int_equal(b->n_accounts, 5);
    assert_int_equal(b->n_policies, 5);
    assert_int_equal(b->n_policies_not_in_force, 1);
    const xmc_policy *p = b->policies;
    assert_string_equal(p[0].acc_number, "A1");
    assert_string_equal(p[0].pol_number, "P1");
    assert_true(p[0].account == 0 && p[1].account == 0 && p[0].layer_number == 1 &&
                p[1].layer_number == 2);
    assert_true(p[0].attachment == 1000 && p[0].layer_limit == 50000 && p[0].participation == 0.5);
    assert_true(p[0].ded == 2000 && p[0].ded_type == 0 && p[0].limit == 0);
    assert_true(p[0].perils == (UINT64_C(1) << 33) - 1);
    assert_true(p[0].inception == day("2025-07-01") && p[0].expiry == day("2026-06-30"));
    assert_int_equal(p[0].file_line, 2);
    /* amounts in dollars at 7.0, shares as they are */
    assert_string_equal(p[2].pol_number, "P2");
    assert_true(p[2].ded == 0.1 && p[2].ded_type == 1 && p[2].min_ded == 700 &&
                p[2].max_ded == 35000 && p[2].limit == 0.8 && p[2].limit_type == 2);
    assert_true(p[2].perils == (448 | 1536) && p[2].layer_number == 1 && p[2].participation == 1 &&
                p[2].layer_limit == 0);
    /* the same AccNumber in another portfolio is another account */
    assert_string_equal(p[3].acc_number, "A1");
    assert_string_equal(p[0].account_name, "1\x1f"
                                           "A1");
    assert_string_equal(p[3].account_name, "2\x1f"
                                           "A1");
    assert_int_equal(p[3].account, 3);
    assert_true(p[3].perils == (192 | 1536));
    assert_int_equal(p[3].expiry, a.valuation_date); /* the last day is in force */
    assert_true(p[4].perils == XMC_PERIL_XCY);
    static const char *const segments[] = {"property", "property", "property", "motor", "rice"};
    for (int i = 0; i < 5; i++)
        assert_string_equal(b->lobs[p[i].lob].segment, segments[i]);
    assert_int_equal(b->n_lobs, 5);
    assert_string_equal(b->lobs[2].lob, "RICE");
    assert_int_equal(b->lobs[2].line, XMC_LINE_AGRICULTURE);
    assert_int_equal(b->lobs[4].line, XMC_LINE_FINANCING);
}

static void reads_locations(void **state) {
    (void)state;
    const xmc_book *b = &a.book;
    assert_int_equal(b->n_locations, 6);
    const xmc_location *x = b->locations;
    assert_true(x[0].account == 0 && x[0].latitude == 28.6f && x[0].longitude == 115.9f);
    assert_true(x[0].tiv[XMC_COVER_BUILDING] == 500000 && x[0].tiv[XMC_COVER_OTHER] == 20000 &&
                x[0].tiv[XMC_COVER_CONTENTS] == 300000 && x[0].tiv[XMC_COVER_BI] == 100000);
    assert_true(x[0].ded == 0.01 && x[0].ded_type == 2 && x[0].min_ded == 1000 &&
                x[0].max_ded == 20000 && x[0].limit == 600000 && x[0].limit_type == 0);
    assert_true(x[0].n_buildings == 1 && x[0].is_aggregate == 0 && x[0].file_line == 2);
    assert_string_equal(x[1].loc_number, "2");
    assert_true(x[1].perils == (1536 | 64) && x[1].tiv[XMC_COVER_CONTENTS] == 0);
    assert_true(x[1].ded == 500 && x[1].ded_type == 0 && x[1].limit == 0.5 && x[1].limit_type == 2);
    /* Hong Kong dollars at 0.9 */
    assert_near(x[2].tiv[XMC_COVER_BUILDING], 900000);
    assert_near(x[2].tiv[XMC_COVER_CONTENTS], 450000);
    assert_int_equal(x[2].account, 1);
    /* A3's only policy is over, its location is left out */
    assert_int_equal(x[3].account, 4);
    assert_string_equal(b->vulnerability_classes[x[3].vulnerability], "rice");
    assert_true(x[4].is_aggregate == 1 && x[4].n_buildings == 1200 && x[4].account == 3);
    assert_int_equal(x[5].n_buildings, 1);
    assert_string_equal(b->regions[x[5].region], "Zhejiang");
    assert_string_equal(b->regions[x[2].region], "Hongkong");
    assert_int_equal(b->n_vulnerability_classes, 4);
}

static void reads_reinsurance(void **state) {
    (void)state;
    const xmc_treaty *t = a.book.treaties;
    assert_int_equal(a.book.n_treaties, 3);
    assert_string_equal(t[0].number, "Q1");
    assert_string_equal(t[0].name, "rice quota share");
    assert_true(t[0].type == XMC_TREATY_QS && t[0].ceded == 0.2 && t[0].placed == 1 &&
                t[0].perils == XMC_PERIL_XCY && t[0].inuring_priority == 1);
    assert_true(t[1].type == XMC_TREATY_CXL && t[1].placed == 0.9 && t[1].occ_attachment == 70000 &&
                t[1].occ_limit == 210000 && t[1].premium == 21000 && t[1].reinstatements == 1 &&
                t[1].reinstatement_charge == 1);
    assert_true(t[2].type == XMC_TREATY_SL && t[2].agg_attachment == 50000 &&
                t[2].agg_limit == 20000 && t[2].placed == 1 && t[2].inuring_priority == 3);
    const xmc_treaty_scope *s = a.book.scopes;
    assert_int_equal(a.book.n_scopes, 4);
    assert_true(s[0].treaty == 0 && s[0].account == UINT32_MAX && s[0].lob == 2);
    assert_true(s[1].treaty == 1 && s[1].lob == 0);
    assert_true(s[2].treaty == 1 && s[2].account == 3 && s[2].lob == UINT32_MAX);
    assert_true(s[3].treaty == 2);
}

static void reads_credit(void **state) {
    (void)state;
    const xmc_credit_model *m = &a.credit;
    assert_true(m->copula == XMC_COPULA_STUDENT && m->degrees_of_freedom == 12 &&
                m->probability_floor == 0.0003 && m->macro_share == 0.25);
    assert_true(m->n_countries == 3 && m->n_sectors == 2 && m->n_loss_classes == 2);
    assert_string_equal(m->countries[2].name, "BRA");
    assert_true(m->countries[2].oecd_class == 4 && m->countries[2].transfer_probability == 0.01);
    assert_string_equal(m->sectors[1], "industry");
    assert_true(m->global_share[0] == 0.05 && m->country_share[0] == 0.03 &&
                m->sector_share[0] == 0.02);
    assert_true(m->global_share[1] == 0.04 && m->country_share[1] == 0 &&
                m->sector_share[1] == 0.04);
    assert_true(m->transfer_loading == 0.3 && m->transfer_loss_mean == 0.5 &&
                m->transfer_loss_sd == 0.2);
    assert_string_equal(m->loss_class_names[1], "loan");
    assert_true(m->lgd_mean[0] == 0.55 && m->lgd_sd[0] == 0.25 && m->lgd_sd[1] == 0);

    const xmc_book *b = &a.book;
    assert_int_equal(b->n_credit_policies, 2);
    assert_true(b->credit_policies[0].basis == XMC_BASIS_REVOLVING &&
                b->credit_policies[0].aggregate_limit == 7e6 &&
                b->credit_policies[0].aggregate_first_loss == 35000);
    assert_string_equal(b->credit_policies[1].id, "GU");
    const xmc_obligor *o = b->obligors;
    assert_int_equal(b->n_obligors, 4);
    assert_string_equal(o[0].id, "B1");
    assert_true(o[0].policy == 0 && o[0].country == 1 && o[0].sector == 0 &&
                o[0].exposure == 700000 && o[0].covered == 0.9 && o[0].limit == 560000);
    assert_true(o[0].probability == 0.0072 && o[0].loan_type == 4 && o[0].loss_class == 0);
    assert_string_equal(b->regions[o[0].region], "America");
    assert_true(o[1].probability == 0.0003); /* the floor */
    assert_true(o[2].probability == 0.03 && o[2].loan_type == 0 && o[2].tenor_months == 18 &&
                o[2].policy == 1 && o[2].loss_class == 1);
    assert_true(o[3].probability == 0.02 && o[3].loan_type == 3 && o[3].file_line == 5);
}

static void reads_equity(void **state) {
    (void)state;
    const xmc_equity_model *m = &a.equity;
    assert_true(m->n_indices == 2 && m->degrees_of_freedom == 5 && m->idio_degrees_of_freedom == 4);
    assert_string_equal(m->names[1], "STAR50");
    assert_true(m->volatility[1] == 0.3 && m->macro_weight[0] == 1 && m->macro_weight[1] == 0);
    assert_true(m->correlation[0] == 1 && m->correlation[1] == 0.7 && m->correlation[2] == 0.7);
    const xmc_instrument *x = a.book.instruments;
    assert_int_equal(a.book.n_instruments, 3);
    assert_string_equal(x[2].id, "00700");
    assert_string_equal(x[2].name, "Harbour shares");
    assert_true(x[0].board == XMC_BOARD_MAIN_SH && x[0].csi300 && x[0].div_low_vol_100);
    assert_true(x[1].board == XMC_BOARD_STAR && !x[1].csi300 && x[1].index == 1 &&
                x[1].beta == 1.3 && x[1].idio_vol == 0.45 && x[1].price == 50);
    assert_near(x[2].price, 360);
    const xmc_lot *l = a.book.lots;
    assert_int_equal(a.book.n_lots, 5);
    assert_true(l[1].instrument == 0 && l[1].quantity == -400 && l[1].price == 11 &&
                l[1].date == day("2024-05-05"));
    assert_true(l[4].instrument == 2);
    assert_near(l[4].price, 315);
    /* 3 bonus shares for 10 come before the sale; a split before the purchase changes nothing */
    const xmc_corporate_action *c = a.book.corporate_actions;
    assert_int_equal(a.book.n_corporate_actions, 2);
    assert_true(c[0].instrument == 0 && c[0].ratio == 1.3 && c[0].date == day("2023-06-01") &&
                c[0].file_line == 2);
    assert_true(c[1].instrument == 2 && c[1].ratio == 5);
    double shares[3];
    assert_int_equal(xmc_book_shares(&a.book, shares, &d), XMC_OK);
    assert_true(shares[0] == 1300 - 400 + 500 && shares[1] == 200 && shares[2] == 100);
}

static void reads_events(void **state) {
    (void)state;
    xmc_event_set e = small_events();
    const xmc_event_set *x = &a.events;
    assert_true(x->n_events == e.n_events && x->n_cells == e.n_cells &&
                x->n_footprint == e.n_footprint && x->cell_size == 0.25);
#define same(field, n) assert_memory_equal(x->field, e.field, (n) * sizeof *e.field)
    same(event_id, e.n_events);
    same(peril, e.n_events);
    same(rate, e.n_events);
    same(day_first, e.n_events);
    same(day_last, e.n_events);
    same(cell_id, e.n_cells);
    same(offset, e.n_events + 1);
    same(footprint_cell, e.n_footprint);
    same(footprint_bin, e.n_footprint);
#undef same
}

static uint32_t function_of(const char *class, int peril_bit, int cover) {
    size_t c = 0;
    while (strcmp(a.book.vulnerability_classes[c], class) != 0)
        c++;
    return a.vulnerability.function[(c * 64 + (size_t)peril_bit) * XMC_N_COVERS + (size_t)cover];
}

static void reads_vulnerability(void **state) {
    (void)state;
    const xmc_vulnerability *v = &a.vulnerability;
    assert_true(v->n_damage_bins == 4 && v->damage_from[2] == 0.2 && v->damage_to[1] == 0.2 &&
                v->damage_from[3] == 1);
    assert_int_equal(v->n_functions, 3);
    assert_int_equal(v->n_intensity_bins, 4); /* as the footprints need */
    enum { WIND, FLOOD, YIELD };
    assert_string_equal(v->function_name[YIELD], "yield");
    static const double rows[3][4][4] = {
        [WIND] = {{1, 0, 0, 0}, {0.5, 0.5, 0, 0}, {0, 0.25, 0.5, 0.25}, {1, 0, 0, 0}},
        [FLOOD] = {{1, 0, 0, 0}, {0, 0.3, 0.7, 0}, {1, 0, 0, 0}, {1, 0, 0, 0}},
        /* 0.9999995 is one within 1e-6, and becomes one */
        [YIELD] = {{1, 0, 0, 0}, {0, 0, 1, 0}, {0, 0, 0, 1}, {1, 0, 0, 0}}};
    assert_memory_equal(v->probability, rows, sizeof rows);
    assert_true(function_of("steel", 6, XMC_COVER_BI) == WIND);
    assert_true(function_of("steel", 9, XMC_COVER_BUILDING) == FLOOD);
    assert_true(function_of("steel", 9, XMC_COVER_BI) == WIND); /* coverage 4 goes before 0 */
    assert_true(function_of("steel", 8, XMC_COVER_BUILDING) == UINT32_MAX);
    assert_true(function_of("masonry", 8, XMC_COVER_CONTENTS) == FLOOD);
    assert_true(function_of("rice", 40, XMC_COVER_BUILDING) == YIELD);
    assert_true(function_of("rice", 9, XMC_COVER_BUILDING) == UINT32_MAX);
}

static void puts_an_atom_at_zero(void **state) {
    (void)state;
    copy_book();
    change_book("damage_bins.csv", "1,0,0\n2,0,0.2\n3,0.2,1\n4,1,1\n", "1,0,0.5\n2,0.5,1\n");
    change_book("vulnerability.csv", NULL,
                "function,intensity_bin,damage_bin,probability\nwind,1,1,0.25\nwind,1,2,0.75\n"
                "flood,1,1,1\nyield,2,2,1\n");
    assert_int_equal(load_copy(&d, &a), XMC_OK);
    const xmc_vulnerability *v = &a.vulnerability;
    assert_int_equal(v->n_damage_bins, 3);
    assert_true(v->damage_from[0] == 0 && v->damage_to[0] == 0 && v->damage_from[2] == 0.5);
    static const double wind[] = {1, 0, 0, 0, 0.25, 0.75};
    assert_memory_equal(v->probability, wind, sizeof wind);
}

static void reads_attritional(void **state) {
    (void)state;
    const xmc_attritional_line *x = a.attritional.lines;
    assert_int_equal(a.attritional.n, 3);
    assert_string_equal(x[0].name, "motor");
    assert_true(x[0].line == XMC_LINE_MOTOR && x[0].lob == 1 && x[0].frequency == 300 &&
                x[0].dispersion == 1.5 && x[0].sum_insured == 135e6);
    /* mean and cv from mu and sigma: exp(mu + sigma^2 / 2), sqrt(exp(sigma^2) - 1) */
    assert_near(exp(x[0].p1 + 0.5 * x[0].p2 * x[0].p2), 8000);
    assert_near(sqrt(expm1(x[0].p2 * x[0].p2)), 2);
    assert_true(x[1].law == XMC_SEVERITY_GAMMA && x[1].dispersion == 1 && x[1].deductible == 500 &&
                x[1].limit == 100000);
    assert_near(x[1].p1 * x[1].p2, 8000); /* shape times scale: the mean */
    assert_near(1 / sqrt(x[1].p1), 0.5);  /* the coefficient of variation */
    assert_true(x[2].law == XMC_SEVERITY_PARETO && x[2].p1 == 10000 && x[2].p2 == 2.5);
    assert_string_equal(a.book.regions[x[1].region], "Zhejiang");
}

static void leaves_risks_out(void **state) {
    (void)state;
    copy_book();
    change_book(
        "analysis.yaml", NULL,
        "title: Equity alone\nvaluation_date: 2025-12-31\ntrials: 1\n"
        "book: {instruments: instruments.csv, lots: [lots.csv], exchange_rates: rates.csv}\n"
        "models: {equity: equity.yaml}\n");
    assert_int_equal(load_copy(&d, &a), XMC_OK);
    assert_true(a.has_equity && !a.has_cat && !a.has_attritional && !a.has_credit);
    assert_true(a.loss_grid == 0x1p-6 && a.block == 0 && a.seeds[4] == 5 && isnan(a.admin_margin));
    assert_int_equal(a.n_inputs, 5);
}

/* A scope that names an account means nothing where the accounts are not simulated; it must not
 * turn into "any". */
static void keeps_scopes_narrow(void **state) {
    (void)state;
    copy_book();
    change_book(
        "analysis.yaml", NULL,
        "title: Attritional alone\nvaluation_date: 2025-12-31\ntrials: 1\n"
        "book: {lines: lines.csv, exchange_rates: rates.csv, reinsurance_info: reins_info.csv, "
        "reinsurance_scope: reins_scope.csv}\nmodels: {attritional: attritional.yaml}\n");
    assert_int_equal(load_copy(&d, &a), XMC_OK);
    assert_int_equal(a.book.n_treaties, 3);
    assert_int_equal(a.book.n_scopes, 3);
    for (size_t i = 0; i < a.book.n_scopes; i++)
        assert_true(a.book.scopes[i].lob != UINT32_MAX);
}

/* Another locale must not change a number, and GB18030 must not change a book. */
static void ignores_locale_and_encoding(void **state) {
    (void)state;
    copy_book();
    size_t n;
    char *text = slurp(SMALL_BOOK "/location.csv", &n), gb[8192], *in = text, *out = gb;
    size_t n_in = n, n_out = sizeof gb;
    iconv_t cd = iconv_open("GB18030", "UTF-8");
    assert_int_equal(iconv(cd, &in, &n_in, &out, &n_out), 0);
    iconv_close(cd);
    temporary("location.csv", gb, sizeof gb - n_out);
    change_book("analysis.yaml", "Small book", "\xd0\xa1\xca\xe9"); /* 小书 */
    if (!setlocale(LC_ALL, "de_DE.UTF-8"))
        print_message("no German locale on this machine: tested in the C locale only\n");
    assert_int_equal(load_copy(&d, &a), XMC_OK);
    setlocale(LC_ALL, "C");
    assert_string_equal(a.title, "小书");
    assert_string_equal(a.book.locations[1].loc_number, "2");
    assert_true(a.attritional.lines[2].frequency == 2.5 && a.loss_grid == 0.015625);
    assert_says(&d, "location.csv", "read as GB18030");
    free(text);
}

static void knows_perils(void **state) {
    (void)state;
    xmc_perils p;
    static const struct {
        const char *code;
        xmc_perils perils;
    } cases[] = {{"QEQ", 1},
                 {"WTC", XMC_PERIL_WTC},
                 {"WSS", XMC_PERIL_WSS},
                 {"ORF", XMC_PERIL_ORF},
                 {"OSF", XMC_PERIL_OSF},
                 {"SBU", UINT64_C(4294967296)},
                 {"XCH", 33554432},
                 {"QQ1", 63},
                 {"WW1", 448},
                 {"OO1", 1536},
                 {"AA1", UINT64_C(8589934591)},
                 {"XCY", UINT64_C(1) << 40},
                 {"WTC; WSS;XCY", (UINT64_C(1) << 40) + 320}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_true(xmc_perils_parse(cases[i].code, strlen(cases[i].code), &p));
        assert_true(p == cases[i].perils);
    }
    static const char *const bad[] = {"", "WTCWSS", "wtc", "WTC,WSS", "QQ", ";", "XXX", "WTC;;WSS"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(xmc_perils_parse(bad[i], strlen(bad[i]), &p));
    assert_string_equal(xmc_peril_code(XMC_PERIL_ORF), "ORF");
    assert_null(xmc_peril_code(3));
    assert_null(xmc_peril_code(UINT64_C(1) << 33));
}

#define of_small(test) cmocka_unit_test_setup_teardown(test, load_small, unload)

int main(void) {
    const struct CMUnitTest tests[] = {
        of_small(reads_settings),
        of_small(reads_policies),
        of_small(reads_locations),
        of_small(reads_reinsurance),
        of_small(reads_credit),
        of_small(reads_equity),
        of_small(reads_events),
        of_small(reads_vulnerability),
        cmocka_unit_test_teardown(puts_an_atom_at_zero, unload),
        of_small(reads_attritional),
        cmocka_unit_test_teardown(leaves_risks_out, unload),
        cmocka_unit_test_teardown(keeps_scopes_narrow, unload),
        cmocka_unit_test_teardown(ignores_locale_and_encoding, unload),
        cmocka_unit_test(knows_perils),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
