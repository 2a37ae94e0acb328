/* Equity against closed forms: T12, T13, floors, expectations, the macro factor; and independence
 * of order, threads and blocks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "output/regulatory_report.h"
#include "sim/equity_law.h"
#include "tests/equity_fixture.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_integration.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void add_stock(fixture *f, const char *id, xmc_board board, bool csi300, bool div,
                      uint32_t index, double beta, double idio, double value) {
    xmc_instrument *x = add_instrument(f, id, board, index, beta, idio, value);
    x->csi300 = csi300;
    x->div_low_vol_100 = div;
}

/* Student's t, of indices and stocks alike. */
static void set_up(fixture *f, uint64_t trials, uint64_t seed, double volatility, double rho,
                   double nu) {
    set_up_indices(f, trials, seed, volatility, rho);
    f->a.equity.degrees_of_freedom = f->a.equity.idio_degrees_of_freedom = nu;
}

/* T12, T13: sd (10, 20, 30), correlation 0.25, in units of 1e6. */
static void test_quantiles_and_allocation(void **state) {
    (void)state;
    static const double p[] = {0.99, 0.995, 0.999};
    static const double normal_var[] = {2.32634787404, 2.57582930355, 3.09023230617};
    static const double normal_tvar[] = {2.66521422035, 2.89194860538, 3.36709007706};
    static const double t4_var[] = {2.64949190679, 3.25558670476, 5.07220579029};
    static const double t4_tvar[] = {3.69151048568, 4.47233067549, 6.84919128954};
    static const double contribution[] = {14.7351914541, 39.2938438776, 73.6759572705};
    const double sd = 44.1588043316e6;
    for (int student = 0; student < 2; student++)
        for (uint64_t seed = 1; seed <= 5; seed++) {
            fixture f;
            set_up(&f, 200000, seed, 0.02, 0.25, student ? 4.0 : 1e12);
            add_stock(&f, "a", XMC_BOARD_MAIN_SH, true, false, 0, 1, 0, 500e6);
            add_stock(&f, "b", XMC_BOARD_MAIN_SH, false, true, 1, 1, 0, 1000e6);
            add_stock(&f, "c", XMC_BOARD_STAR, false, false, 2, 1, 0, 1500e6);
            risk_columns c = risk_run(&f.a, 16384, 2);
            assert_int_equal(c.segments.n, 3);
            assert_string_equal(c.segments.segments[0].line_name, "csi300");
            assert_string_equal(c.segments.segments[1].line_name, "div_low_vol");
            assert_string_equal(c.segments.segments[2].line_name, "star");
            assert_string_equal(c.segments.segments[2].region, "star");
            for (int i = 0; i < 3; i++) {
                double q = sd * (student ? t4_var : normal_var)[i];
                check_exceedance("T12 VaR", c.total, c.trials, q, 1 - p[i]);
                check_tvar("T12 TVaR", c.total, c.trials, p[i], q,
                           sd * (student ? t4_tvar : normal_tvar)[i]);
            }
            /* T13: co-TVaR at 99.5 %, with the exact quantile; elliptical, so the shares are the
             * same under t. */
            double q = sd * (student ? t4_var : normal_var)[1];
            double scale = 1e6 * (student ? t4_tvar[1] / normal_tvar[1] : 1.0);
            double *beyond = malloc(c.trials * sizeof *beyond), mean, se;
            for (size_t s = 0; s < 3; s++) {
                /* Centred on the wanted value, so that chance in the count does not enter. */
                for (size_t t = 0; t < c.trials; t++)
                    beyond[t] = c.total[t] > q ? c.gross[s][t] - contribution[s] * scale : 0.0;
                mean_se(beyond, c.trials, &mean, &se);
                check_z("T13 contribution", mean, 0, se);
            }
            free(beyond);
            risk_free(&c);
        }
}

/* Expected growth is one: for indices at the floor, stocks with floors of their own. */
static void test_expectation(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        fixture f;
        set_up(&f, 200000, seed, 0.6, 0.5, 3.0);
        add_stock(&f, "a", XMC_BOARD_MAIN_SH, true, false, 0, 1, 0, 1e8);
        add_stock(&f, "b", XMC_BOARD_MAIN_SZ, false, true, 1, 1.6, 0.5, 1e8);
        add_stock(&f, "c", XMC_BOARD_STAR, false, false, 2, 0.4, 1.1, 1e8);
        add_stock(&f, "d", XMC_BOARD_CHINEXT, false, false, 2, 1.3, 0, 1e8);
        add_stock(&f, "e", XMC_BOARD_BSE, false, false, 1, -0.5, 0.3, 1e8);
        f.a.equity.idio_degrees_of_freedom = 4.0;
        risk_columns c = risk_run(&f.a, 16384, 2);
        for (size_t s = 0; s < c.segments.n; s++) {
            double mean, se;
            mean_se(c.gross[s], c.trials, &mean, &se);
            check_z("E[S1/S0] = 1", mean, 0, se);
            for (size_t t = 0; t < c.trials; t++)
                assert_true(c.gross[s][t] <= 1e8);
        }
        /* The index is wiped out with the probability of its t variable below the floor. */
        size_t lost = 0;
        for (size_t t = 0; t < c.trials; t++)
            lost += c.gross[0][t] == 1e8;
        double ruin = gsl_cdf_tdist_P(-1.0 / (0.6 * sqrt(1.0 / 3.0)), 3.0);
        check_z("P(index at the floor)", (double)lost / (double)c.trials, ruin,
                sqrt(ruin * (1 - ruin) / (double)c.trials));
        risk_free(&c);
    }
}

/* A stock without beta: its law is its own floored t. And with beta: the variance. */
static void test_stock_law(void **state) {
    (void)state;
    const double nu = 5.0, idio = 0.4, scale = idio * sqrt(3.0 / 5.0);
    double edge = -1.0 / scale;
    double growth = 1.0 + scale * (edge * gsl_cdf_tdist_P(edge, nu) +
                                   gsl_ran_tdist_pdf(edge, nu) * (nu + edge * edge) / (nu - 1));
    for (uint64_t seed = 1; seed <= 5; seed++) {
        fixture f;
        set_up(&f, 200000, seed, 0.02, 0.5, 6.0);
        add_stock(&f, "a", XMC_BOARD_MAIN_SH, true, false, 0, 0, idio, 1e8);
        add_stock(&f, "b", XMC_BOARD_MAIN_SZ, false, false, 0, 1.5, 0.04, 1e8);
        f.a.equity.idio_degrees_of_freedom = nu;
        risk_columns c = risk_run(&f.a, 16384, 2);
        for (double q = -0.6; q < 0.95; q += 0.3) {
            double t = (growth * (1.0 - q) - 1.0) / scale;
            check_exceedance("own law", c.gross[0], c.trials, 1e8 * q, gsl_cdf_tdist_P(t, nu));
        }
        double *square = malloc(c.trials * sizeof *square), mean, se;
        for (size_t t = 0; t < c.trials; t++)
            square[t] = c.gross[1][t] * c.gross[1][t] * 1e-16;
        mean_se(square, c.trials, &mean, &se);
        check_z("variance", mean, 1.5 * 1.5 * 0.02 * 0.02 + 0.04 * 0.04, se);
        free(square);
        risk_free(&c);
    }
}

struct stock_case {
    double volatility, nu, beta, idio, idio_nu;
};
struct quadrature {
    double scale, nu, mean, beta, idio, own;
};
static double floored(double x, void *v) {
    const struct quadrature *q = v;
    double y = (-1 - q->beta * (x / q->mean - 1)) / q->idio;
    double shortfall = y * gsl_cdf_tdist_P(y, q->own) +
                       gsl_ran_tdist_pdf(y, q->own) * (q->own + y * y) / (q->own - 1);
    return gsl_ran_tdist_pdf((x - 1) / q->scale, q->nu) / q->scale * q->idio * shortfall;
}
static void test_growth_quadrature(void **state) {
    (void)state;
    static const struct stock_case cases[] = {{0.25, 4, 1, 0.3, 4},    {0.6, 3, 1.8, 0.8, 3},
                                              {0.05, 10, -0.3, 1, 7},  {0.9, 2.5, 0.2, 0.1, 5},
                                              {0.3, 25, 2.4, 0.02, 4}, {0.2, 4, 0.7, 1.2, 2.2}};
    gsl_integration_workspace *w = gsl_integration_workspace_alloc(4000);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct stock_case *k = &cases[i];
        struct quadrature q = {k->volatility * sqrt((k->nu - 2) / k->nu),     k->nu,
                               xmc_index_growth(k->volatility, k->nu),        k->beta,
                               k->idio * sqrt((k->idio_nu - 2) / k->idio_nu), k->idio_nu};
        gsl_function f = {floored, &q};
        double points[] = {0, 1.0, 1.0 + 10 * q.scale}, part, err, at_zero;
        double kink = q.mean * (1 - 1 / k->beta);
        if (kink > 0 && kink < 1)
            points[1] = kink;
        at_zero = floored(0, &q) / (gsl_ran_tdist_pdf(-1 / q.scale, q.nu) / q.scale);
        double sum = gsl_cdf_tdist_P(-1 / q.scale, q.nu) * at_zero;
        gsl_integration_qagp(&f, points, 3, 1e-13, 1e-10, 4000, w, &part, &err);
        sum += part;
        gsl_integration_qagiu(&f, points[2], 1e-13, 1e-10, 4000, w, &part, &err);
        sum += part;
        double got = xmc_stock_growth(k->volatility, k->nu, k->beta, k->idio, k->idio_nu);
        if (!(fabs(got - 1 - sum) < 1e-9))
            print_message("case %zu: %.12g, %.12g\n", i, got, 1 + sum);
        assert_true(fabs(got - 1 - sum) < 1e-9);
    }
    gsl_integration_workspace_free(w);
}

/* The macro factor: standard normal, worse when indices fall, weighted as asked. */
static void test_macro(void **state) {
    (void)state;
    const double w[] = {0.5, 0.2, 0.3}, rho = 0.4;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        fixture f;
        set_up(&f, 100000, seed, 0.02, rho, 1e12);
        memcpy(f.weight, w, sizeof w);
        add_stock(&f, "a", XMC_BOARD_MAIN_SH, true, false, 0, 1, 0, 50.0 * 1e6);
        risk_columns c = risk_run(&f.a, 16384, 2);
        double var = 0, covariance = 0, mean, se;
        for (int i = 0; i < 3; i++) {
            covariance += w[i] * (i ? rho : 1.0);
            for (int j = 0; j < 3; j++)
                var += w[i] * w[j] * (i == j ? 1.0 : rho);
        }
        mean_se(c.macro, c.trials, &mean, &se);
        check_z("macro mean", mean, 0, 1 / sqrt((double)c.trials));
        check_exceedance("macro tail", c.macro, c.trials, 2.0, gsl_cdf_ugaussian_Q(2.0));
        check_exceedance("macro body", c.macro, c.trials, -1.0, gsl_cdf_ugaussian_Q(-1.0));
        double *product = malloc(c.trials * sizeof *product);
        for (size_t t = 0; t < c.trials; t++)
            product[t] = c.macro[t] * c.total[t] * 1e-6;
        mean_se(product, c.trials, &mean, &se);
        check_z("macro and losses", mean, covariance / sqrt(var), se);
        free(product);
        risk_free(&c);
    }
}

static void test_independence(void **state) {
    (void)state;
    fixture f;
    set_up(&f, 40001, 3, 0.3, 0.5, 4.0);
    f.volatility[1] = 0.2;
    f.weight[2] = 0.1;
    add_stock(&f, "600001", XMC_BOARD_MAIN_SH, true, false, 0, 1.1, 0.3, 1e8);
    add_stock(&f, "300001", XMC_BOARD_CHINEXT, false, true, 1, 0.9, 0.4, 2e8);
    add_stock(&f, "688001", XMC_BOARD_STAR, false, false, 2, 1.3, 0.5, 3e8);
    add_stock(&f, "000001", XMC_BOARD_MAIN_SZ, false, false, 0, 0.8, 0.2, 4e8);
    f.lots[f.a.book.n_lots++] = (xmc_lot){.instrument = 1, .quantity = -1e6, .price = 12};
    f.lots[f.a.book.n_lots++] = (xmc_lot){.instrument = 1, .quantity = 0.1, .price = 12};
    f.lots[f.a.book.n_lots++] = (xmc_lot){.instrument = 1, .quantity = 0.2, .price = 12};
    f.lots[f.a.book.n_lots++] = (xmc_lot){.instrument = 0, .quantity = -1e7, .price = 12};
    /* Sums in floating point that depend on their order. */
    f.lots[f.a.book.n_lots++] = (xmc_lot){.instrument = 2, .quantity = 0.7, .price = 12};
    f.lots[f.a.book.n_lots++] = (xmc_lot){.instrument = 2, .quantity = 4e15, .price = 12};
    f.lots[f.a.book.n_lots++] = (xmc_lot){.instrument = 2, .quantity = -4e15, .price = 12};
    risk_columns ref = risk_run(&f.a, 16384, 1);
    assert_int_equal(ref.segments.n, 3); /* 600001 is sold */
    for (int threads = 1; threads <= 3; threads++)
        check_same_bits(&f.a, &ref, threads == 3 ? 16384 : 65536, threads);
    /* Indices, instruments and lots in another order: the same plan, the same losses. */
    fixture g = f;
    g.a.book.instruments = g.instruments;
    g.a.book.lots = g.lots;
    for (int i = 0; i < 3; i++) {
        g.volatility[i] = f.volatility[2 - i];
        g.weight[i] = f.weight[2 - i];
    }
    const char *turned[] = {"star", "div", "csi300"};
    g.a.equity.names = turned;
    g.a.equity.volatility = g.volatility;
    g.a.equity.macro_weight = g.weight;
    g.a.equity.correlation = g.correlation;
    size_t n = f.a.book.n_instruments, lots = f.a.book.n_lots;
    for (size_t i = 0; i < n; i++) {
        g.instruments[i] = f.instruments[n - 1 - i];
        g.instruments[i].index = 2 - g.instruments[i].index;
    }
    for (size_t i = 0; i < lots; i++) {
        g.lots[i] = f.lots[lots - 1 - i];
        g.lots[i].instrument = (uint32_t)n - 1 - g.lots[i].instrument;
    }
    check_same_bits(&g.a, &ref, 16384, 2);
    /* A new seed for the stocks leaves the factors as they were. */
    f.a.seeds[XMC_SEED_EQUITY]++;
    risk_columns c = risk_run(&f.a, 16384, 2);
    assert_memory_equal(c.macro, ref.macro, c.trials * sizeof(double));
    assert_string_not_equal(c.hash, ref.hash);
    risk_free(&c);
    risk_free(&ref);
}

/* Splits and bonus issues: the same shares in simulation and minimum, by hand, and the same losses
 * as the book that was written in today's shares. */
static void test_corporate_actions(void **state) {
    (void)state;
    fixture f;
    set_up(&f, 20000, 3, 0.3, 0.5, 4.0);
    add_stock(&f, "600001", XMC_BOARD_MAIN_SH, true, false, 0, 1.1, 0.3, 1000);
    add_stock(&f, "688001", XMC_BOARD_STAR, false, false, 2, 1.3, 0.5, 7e6);
    add_stock(&f, "000001", XMC_BOARD_MAIN_SZ, false, false, 0, 0.8, 0.2, 100);
    enum { DAY = 20453 /* 2025-12-31 */ };
    f.a.book.valuation_date = f.a.valuation_date = DAY;
    for (int i = 0; i < 3; i++)
        f.lots[i].date = DAY - 4 * 365;
    /* 100, split in two: 200; 50 sold, 30 bought on the day of the bonus issue, after it: 150 × 1.3
     * + 30 = 225. The third is sold wholly after 3 for 10. */
    f.lots[f.a.book.n_lots++] =
        (xmc_lot){.instrument = 0, .date = DAY - 900, .quantity = -50, .price = 6};
    f.lots[f.a.book.n_lots++] =
        (xmc_lot){.instrument = 0, .date = DAY - 500, .quantity = 30, .price = 5};
    f.lots[f.a.book.n_lots++] =
        (xmc_lot){.instrument = 2, .date = DAY - 100, .quantity = -13, .price = 9};
    xmc_corporate_action actions[] = {
        {0, DAY - 500, 1.3, 2}, {0, DAY - 1000, 2, 3}, {2, DAY - 100, 1.3, 4}};
    f.a.book.corporate_actions = actions;
    f.a.book.n_corporate_actions = 3;
    xmc_diag d;
    xmc_diag_init(&d);
    double shares[3];
    assert_int_equal(xmc_book_shares(&f.a.book, shares, &d), XMC_OK);
    assert_true(shares[0] == 225 && shares[1] == 7e5 && shares[2] == 0);
    xmc_holding h[3];
    const double windows[2] = {6, 4};
    assert_int_equal(xmc_holding_times(f.lots, f.a.book.n_lots, actions, 3, 3, DAY, windows,
                                       XMC_WEIGHT_SHARES, NULL, h, &d),
                     XMC_OK);
    for (int i = 0; i < 3; i++)
        assert_true(fabs(h[i].quantity - shares[i]) <= 1e-12 * shares[i]);
    double old = xmc_years_between(DAY - 4 * 365, DAY), young = xmc_years_between(DAY - 500, DAY);
    assert_true(fabs(h[0].years - (195 * old + 30 * young) / 225) < 1e-12);
    /* the value that the minimum takes is the one that is simulated */
    xmc_reg_book feed;
    assert_int_equal(xmc_reg_book_from(&f.a.book, true, false, &feed, &d), XMC_OK);
    assert_int_equal(feed.n_actions, 3);
    risk_columns c = risk_run(&f.a, 16384, 1);
    double simulated = 0, admitted = 0;
    for (size_t i = 0; i < c.segments.n; i++)
        simulated += c.segments.segments[i].exposure;
    for (size_t i = 0; i < feed.n_stocks; i++)
        admitted += feed.stocks[i].admitted;
    assert_true(simulated == 225 * 10.0 + 7e6 && admitted == simulated);
    xmc_reg_book_free(&feed);
    f.a.book.n_corporate_actions = 0;
    f.a.book.n_lots = 2;
    f.lots[0].quantity = 225;
    risk_columns today = risk_run(&f.a, 16384, 1);
    assert_string_equal(today.hash, c.hash);
    risk_free(&today);
    risk_free(&c);
    xmc_diag_free(&d);
}

static void test_bad_input(void **state) {
    (void)state;
    fixture f;
    set_up(&f, 100, 1, 0.3, 0.5, 4.0);
    add_stock(&f, "a", XMC_BOARD_MAIN_SH, true, false, 0, 1, 0, -1e8);
    check_refused(&f.a, XMC_RISK_EQUITY, "more sold than bought");
    set_up(&f, 100, 1, 0.3, -0.6, 4.0);
    check_refused(&f.a, XMC_RISK_EQUITY, "positive definite");
    set_up(&f, 100, 1, 0.3, 0.5, 2.0);
    check_refused(&f.a, XMC_RISK_EQUITY, "degrees of freedom");
    set_up(&f, 100, 1, 0.3, 0.5, 4.0);
    memset(f.weight, 0, sizeof f.weight);
    f.a.has_credit = true;
    f.a.credit.macro_share = 0.5;
    check_refused(&f.a, XMC_RISK_EQUITY, "macro_weight");
    set_up(&f, 100, 1, 0.3, 0.5, 4.0);
    add_stock(&f, "a", XMC_BOARD_MAIN_SH, true, false, 0, 1, 0, 1e8);
    add_stock(&f, "a", XMC_BOARD_MAIN_SH, true, false, 0, 1, 0, 1e8);
    check_refused(&f.a, XMC_RISK_EQUITY, "stands twice");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quantiles_and_allocation),
        cmocka_unit_test(test_expectation),
        cmocka_unit_test(test_stock_law),
        cmocka_unit_test(test_growth_quadrature),
        cmocka_unit_test(test_macro),
        cmocka_unit_test(test_corporate_actions),
        cmocka_unit_test(test_independence),
        cmocka_unit_test(test_bad_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
