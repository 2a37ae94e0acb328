/* Daily and jump models of equity against closed forms and numerical inversion; delisting, funds,
 * several betas; options and futures against Black and Scholes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernels/paths.h"
#include "kernels/paths_twin.h"
#include "kernels/reduce.h"
#include "output/group_measures.h"
#include "sim/equity_derivative.h"
#include "sim/equity_measure.h"
#include "tests/equity_fixture.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N = INDICES, TRIALS = 60000 };

static void set_up(fixture *f, xmc_equity_law law, uint64_t seed, double volatility, double rho) {
    set_up_indices(f, TRIALS, seed, volatility, rho);
    for (int i = 0; i < N; i++) {
        f->current[i] = volatility;
        f->limit[i] = 1.0;
    }
    f->a.book.derivatives = f->derivatives;
    xmc_equity_model *m = &f->a.equity;
    m->law = law;
    m->degrees_of_freedom = INFINITY;
    m->idio_degrees_of_freedom = 5;
    m->drift = f->drift;
    m->dividend_yield = f->dividend;
    m->trading_days = 244;
    m->alpha = f->alpha;
    m->beta = f->beta;
    m->price_limit = f->limit;
    m->current_volatility = f->current;
    m->history = f->history;
    m->jump_mean = f->jump_mean;
    m->jump_sd = f->jump_sd;
}

/* Boards in turn, so that every instrument is a segment of its own. */
static xmc_instrument *add(fixture *f, const char *id, uint32_t index, double beta, double idio,
                           double value) {
    const size_t i = f->a.book.n_instruments;
    xmc_instrument *x = add_instrument(f, id, (xmc_board)(i % 5), index, beta, idio, value);
    x->csi300 = i < 5;
    return x;
}

static void check_mean(const char *what, const double *x, uint64_t n, double want) {
    double mean, se;
    mean_se(x, n, &mean, &se);
    check_z(what, mean, want, se);
}

static void check_macro(const risk_columns *c) {
    check_mean("macro mean", c->macro, c->trials, 0);
    double *square = malloc(c->trials * sizeof *square);
    for (size_t t = 0; t < c->trials; t++)
        square[t] = c->macro[t] * c->macro[t];
    check_mean("macro variance", square, c->trials, 1);
    free(square);
    check_exceedance("macro tail", c->macro, c->trials, 2.0, gsl_cdf_ugaussian_Q(2.0));
    check_exceedance("macro tail", c->macro, c->trials, -2.0, gsl_cdf_ugaussian_P(2.0));
}

/* Moments of GARCH(1,1): E h = v at all times, E h^2 by its recursion from the start, E r^4 =
 * kappa E h^2, kappa the kurtosis of the innovations. */
static void test_garch_moments(void **state) {
    (void)state;
    enum { DAYS = 40, TILES = 3000, L = XMC_PATH_LANES };
    const double nu = 12, kappa = 3 * (nu - 2) / (nu - 4), v = 2e-4;
    const float alpha = 0.1f, beta = 0.85f, one = 1.0f;
    const float omega = (float)((1.0 - (double)alpha - (double)beta) * v);
    const double a = (double)alpha, b = (double)beta, w = (double)omega;
    static float table[XMC_TWO_TAILS_ROWS * XMC_TWO_TAILS_WIDTH];
    assert_int_equal(xmc_mixing_table(table, nu), 0);
    const xmc_garch m = {1, &omega, &alpha, &beta, &one, &one, NULL, 0, 0};
    double second = v * v;
    for (int d = 0; d < DAYS; d++)
        second = w * w + 2 * w * (a + b) * v + (kappa * a * a + 2 * a * b + b * b) * second;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        double *h1 = malloc(3 * TILES * L * sizeof *h1), *h2 = h1 + TILES * L, *r4 = h2 + TILES * L;
        for (uint64_t tile = 0; tile < TILES; tile++) {
            float normals[DAYS * L], mixing[DAYS * L], h[L], shock[L] = {0};
            double growth[L], before[L];
            xmc_stream s[L], u[L];
            for (uint64_t l = 0; l < L; l++) {
                s[l] = xmc_stream_at(seed, tile * L + l, 1);
                u[l] = xmc_stream_at(seed, tile * L + l, 0);
                h[l] = (float)v;
                growth[l] = 1;
            }
            const xmc_path_tile t = {h, NULL, shock, growth, NULL};
            xmc_path_normals(s, normals, DAYS);
            xmc_path_two_tails(u, table, mixing, DAYS);
            xmc_garch_days(&m, DAYS, normals, mixing, &t);
            for (size_t l = 0; l < L; l++) {
                h1[tile * L + l] = (double)h[l] / v;
                h2[tile * L + l] = (double)h[l] * (double)h[l] / second;
                before[l] = growth[l];
            }
            xmc_path_normals(s, normals, 1);
            xmc_path_two_tails(u, table, mixing, 1);
            xmc_garch_days(&m, 1, normals, mixing, &t);
            for (size_t l = 0; l < L; l++)
                r4[tile * L + l] = pow(growth[l] / before[l] - 1, 4) / (kappa * second);
        }
        check_mean("E h", h1, TILES * L, 1);
        check_mean("E h^2", h2, TILES * L, 1);
        check_mean("E r^4", r4, TILES * L, 1);
        free(h1);
    }
}

/* The mixing factor: its distribution against chi-square, far into both tails. */
static void test_mixing_table(void **state) {
    (void)state;
    static const double nus[] = {2.1, 3, 5.5, 12, 200};
    static float table[XMC_TWO_TAILS_ROWS * XMC_TWO_TAILS_WIDTH];
    assert_int_equal(xmc_mixing_table(table, 2.0), -2);
    for (size_t j = 0; j < sizeof nus / sizeof *nus; j++) {
        assert_int_equal(xmc_mixing_table(table, nus[j]), 0);
        for (uint64_t i = 0; i < 4000; i++) {
            uint32_t k =
                i < 2000 ? (uint32_t)(i * 2147483 + 77) : (uint32_t)(UINT32_C(1) << (i % 32));
            k = i % 3 ? k : ~k;
            const double u = ((double)k + 0.5) * 0x1p-32;
            const double chi = k >> 31 ? gsl_cdf_chisq_Qinv((double)~k * 0x1p-32 + 0x1p-33, nus[j])
                                       : gsl_cdf_chisq_Pinv(u, nus[j]);
            const double want = sqrt((nus[j] - 2) / chi);
            const double got = (double)xmc_two_tails_f32_twin(table, k);
            if (!(fabs(got / want - 1) < 3e-6))
                print_message("nu %g, word %08x: %.9g, not %.9g\n", nus[j], k, got, want);
            assert_true(fabs(got / want - 1) < 3e-6);
        }
    }
}

/* Constant variance, normal innovations: E g^k of a product of independent days. And a single day:
 * the Student t's own quantiles by inversion, and the price limit's atoms. */
static void test_daily_closed_forms(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        fixture f;
        set_up(&f, XMC_EQUITY_GARCH, seed, 0.3, 0.5);
        add(&f, "a", 0, 1, 0, 1e8);
        add(&f, "b", 1, 1, 0, 1e8);
        risk_columns c = risk_run(&f.a, 16384, 2);
        const double v = 0.09 / 244;
        double *power = malloc(c.trials * sizeof *power);
        check_mean("E g", c.gross[0], c.trials, 0);
        for (int k = 2; k <= 3; k++) {
            for (size_t t = 0; t < c.trials; t++)
                power[t] = pow(1 - c.gross[0][t] * 1e-8, k);
            check_mean("E g^k", power, c.trials, pow(1 + (k == 2 ? 1 : 3) * v, 244));
        }
        for (size_t t = 0; t < c.trials; t++) /* two indices of correlation 0.5 */
            power[t] = (1 - c.gross[0][t] * 1e-8) * (1 - c.gross[1][t] * 1e-8);
        check_mean("E g g'", power, c.trials, pow(1 + 0.5 * v, 244));
        free(power);
        check_macro(&c);
        risk_free(&c);

        set_up(&f, XMC_EQUITY_GARCH, seed, 0.03, 0.5);
        f.a.equity.degrees_of_freedom = 4;
        f.a.equity.trading_days = 1;
        f.limit[1] = 0.1;
        add(&f, "a", 0, 1, 0, 1e8);
        add(&f, "b", 1, 1, 0, 1e8);
        c = risk_run(&f.a, 16384, 2);
        const double scale = 0.03 * sqrt(0.5);
        for (double q = 0.5; q < 0.9995; q = 1 - (1 - q) / 3)
            check_exceedance("one day", c.gross[0], c.trials,
                             1e8 * scale * gsl_cdf_tdist_Pinv(q, 4), 1 - q);
        check_exceedance("below the limit", c.gross[1], c.trials, 1e8 * 0.0999,
                         gsl_cdf_tdist_Q(0.0999 / scale, 4));
        for (size_t t = 0; t < c.trials; t++)
            assert_true(fabs(c.gross[1][t]) <= 1.0000001e7);
        risk_free(&c);
    }
}

/* Whatever the dynamics, the limits and the start: expectation one, a standard normal macro factor;
 * a high variance at the start spreads more. */
static void test_daily_expectation(void **state) {
    (void)state;
    for (int form = 0; form < 4; form++) {
        double sd[2];
        for (int hot = 0; hot < 2; hot++) {
            fixture f;
            set_up(&f, XMC_EQUITY_GARCH, 7 + (uint64_t)form, 0.35, 0.7);
            f.a.equity.degrees_of_freedom = form & 1 ? 4.5 : 8;
            if (form & 2) {
                f.a.equity.dcc_a = 0.03;
                f.a.equity.dcc_b = 0.95;
            }
            for (int i = 0; i < N; i++) {
                f.alpha[i] = 0.08;
                f.beta[i] = 0.9;
                f.limit[i] = 0.1;
                f.current[i] = hot ? 0.7 : 0.35;
            }
            add(&f, "a", 0, 1, 0, 1e8);
            add(&f, "b", 1, 1.7, 0.6, 1e8);
            xmc_instrument *c2 = add(&f, "c", 2, 0.5, 0.3, 1e8);
            c2->betas = f.betas[0];
            f.betas[0][0] = 0.7;
            f.betas[0][2] = 0.5;
            risk_columns c = risk_run(&f.a, 16384, 2);
            double mean, se;
            for (size_t s = 0; s < 3; s++)
                check_mean("E[S1/S0] = 1", c.gross[s], c.trials, 0);
            mean_se(c.gross[0], c.trials, &mean, &se);
            sd[hot] = se;
            check_macro(&c);
            risk_free(&c);
        }
        assert_true(sd[1] > 1.1 * sd[0]);
    }
}

static void test_jump(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        fixture f;
        set_up(&f, XMC_EQUITY_JUMP, seed, 0.22, 0.5);
        f.a.equity.jump_intensity = 0.4;
        for (int i = 0; i < N; i++) {
            f.jump_mean[i] = -0.25;
            f.jump_sd[i] = 0.15;
        }
        add(&f, "a", 0, 1, 0, 1e8);
        risk_columns c = risk_run(&f.a, 16384, 2);
        check_mean("E[S1/S0] = 1", c.gross[0], c.trials, 0);
        const double drift = -0.5 * 0.22 * 0.22 - 0.4 * expm1(-0.25 + 0.5 * 0.15 * 0.15);
        for (double loss = -0.5; loss < 0.75; loss += 0.15) {
            double p = 0; /* Poisson mixture of normals in the logarithm */
            for (unsigned k = 0; k < 40; k++)
                p += gsl_ran_poisson_pdf(k, 0.4) *
                     gsl_cdf_ugaussian_P((log(1 - loss) - drift + 0.25 * k) /
                                         sqrt(0.22 * 0.22 + k * 0.15 * 0.15));
            check_exceedance("jump diffusion", c.gross[0], c.trials, 1e8 * loss, p);
        }
        check_macro(&c);
        risk_free(&c);
    }
}

static void test_historical(void **state) {
    (void)state;
    for (int limited = 0; limited < 2; limited++) {
        fixture f;
        set_up(&f, XMC_EQUITY_HISTORICAL, 11, 0.3, 0.5);
        xmc_stream s = xmc_stream_at(99, 0, 0);
        for (int d = 0; d < HISTORY; d++) { /* skewed and heavy: a crash now and then */
            double all = -log(xmc_uniform(&s)) - 1;
            for (int i = 0; i < N; i++)
                f.history[d * N + i] = -0.012 * all + 0.01 * (xmc_uniform(&s) - 0.5);
        }
        f.a.equity.n_history = HISTORY;
        for (int i = 0; i < N; i++) {
            f.limit[i] = limited ? 0.04 : 1;
            f.alpha[i] = limited ? 0.05 : 0;
            f.beta[i] = limited ? 0.9 : 0;
        }
        add(&f, "a", 0, 1, 0, 1e8);
        add(&f, "b", 1, 1, 0, 1e8);
        risk_columns c = risk_run(&f.a, 16384, 2);
        check_mean("E[S1/S0] = 1", c.gross[0], c.trials, 0);
        check_mean("E[S1/S0] = 1", c.gross[1], c.trials, 0);
        check_macro(&c);
        if (!limited) {
            double *square = malloc(c.trials * sizeof *square);
            for (size_t t = 0; t < c.trials; t++)
                square[t] = pow(1 - c.gross[0][t] * 1e-8, 2);
            check_mean("E g^2", square, c.trials, pow(1 + 0.09 / 244, 244));
            free(square);
        }
        risk_free(&c);
    }
}

/* Drift and dividends move the expected price; a delisting takes its share and is paid for by the
 * survivors; a fund without risk of its own is its index. */
static void test_instruments(void **state) {
    (void)state;
    fixture f;
    set_up(&f, XMC_EQUITY_STUDENT, 5, 0.2, 0.5);
    f.a.equity.degrees_of_freedom = 6;
    f.drift[0] = 0.06;
    f.dividend[0] = 0.02;
    add(&f, "a", 0, 1, 0, 1e8);
    add(&f, "b", 0, 1.5, 0.3, 1e8)->dividend_yield = 0.01;
    xmc_instrument *x = add(&f, "c", 1, 1, 0.3, 1e8);
    x->delisting_probability = 0.03;
    x->delisting_loss = 0.9;
    x->dividend_yield = NAN;
    x = add(&f, "d", 1, 0, 0, 1e8);
    x->delisting_probability = 0.03;
    x->delisting_loss = 0.9;
    x = add(&f, "e", 1, 1, 0, 1e8);
    x->kind = XMC_KIND_FUND;
    x = add(&f, "f", 1, 1, 0, 1e8);
    f.instruments[0].dividend_yield = NAN;
    x->csi300 = false;
    risk_columns c = risk_run(&f.a, 16384, 2);
    assert_int_equal(c.segments.n, 6);
    assert_string_equal(c.segments.segments[5].line_name, "fund");
    check_mean("drift less dividend", c.gross[0], c.trials, -4e6);
    check_mean("beta times drift less own dividend", c.gross[1], c.trials, -8e6);
    check_mean("delisting", c.gross[3], c.trials, 0);
    double gone = 0;
    const double alive = 1 / (1 - 0.03 * 0.9);
    for (size_t t = 0; t < c.trials; t++) {
        const double growth = 1 - c.gross[3][t] * 1e-8;
        gone += fabs(growth - 0.1 * alive) < 1e-9;
        assert_true(fabs(growth - alive) < 1e-9 || fabs(growth - 0.1 * alive) < 1e-9);
        assert_true(fabs(c.gross[5][t] - c.gross[4][t]) <= 1); /* fund and index stock */
    }
    check_z("delistings", gone / (double)c.trials, 0.03, sqrt(0.03 * 0.97 / (double)c.trials));
    risk_free(&c);
}

/* A lognormal index without drift and with zero rate is the world of Black and Scholes: today's
 * value of any position is the expectation of its value in a year. */
static void test_derivatives(void **state) {
    (void)state;
    for (int kind = 0; kind < XMC_N_DERIVATIVES; kind++)
        for (int longer = 0; longer < 2; longer++) {
            fixture f;
            set_up(&f, XMC_EQUITY_JUMP, 21, 0.25, 0.5);
            add(&f, "a", 0, 1, 0, 1e6);
            f.a.book.n_derivatives = 1;
            f.derivatives[0] =
                (xmc_derivative){.id = "p",
                                 .kind = (xmc_derivative_kind)kind,
                                 .index = 0,
                                 .instrument = UINT32_MAX,
                                 .quantity = 1e4,
                                 .price = 4000,
                                 .strike = kind == XMC_DERIVATIVE_FUTURE ? 4000 : 3800,
                                 .maturity = longer ? 2 : 1,
                                 .volatility = 0.25};
            risk_columns c = risk_run(&f.a, 16384, 2);
            assert_int_equal(c.segments.n, 2);
            assert_string_equal(c.segments.segments[1].line_name, "derivative");
            assert_string_equal(c.segments.segments[1].region, xmc_derivative_names[kind]);
            double want = 0;
            if (kind == XMC_DERIVATIVE_CONVERTIBLE) /* max(S, K) = K + call, from S at the start */
                want = 1e4 * (4000 - 3800 - xmc_black_scholes(1, 4000, 3800, 1, 0.25, 0));
            check_mean(xmc_derivative_names[kind], c.gross[1], c.trials, want);
            for (size_t t = 0; t < c.trials; t++) {
                const double spot = 4000 * (1 - c.gross[0][t] * 1e-6);
                const double value = xmc_derivative_value(&f.derivatives[0], spot, 1);
                const double start = xmc_derivative_value(&f.derivatives[0], 4000, 0);
                assert_true(fabs(c.gross[1][t] - 1e4 * (start - value)) < 2); /* spot: grid */
            }
            risk_free(&c);
        }
    /* Put and call, and a value from the literature: Hull's example, 42, 40, half a year, 10 %,
     * 20 %: call 4.76, put 0.81. */
    assert_true(fabs(xmc_black_scholes(1, 42, 40, 0.5, 0.2, 0.1) - 4.759422) < 1e-6);
    assert_true(fabs(xmc_black_scholes(0, 42, 40, 0.5, 0.2, 0.1) - 0.808599) < 1e-6);
    assert_true(xmc_black_scholes(0, 0, 40, 0, 0.2, 0.1) == 40);
    assert_true(fabs(xmc_black_scholes(0, 0, 40, 1, 0.2, 0.1) - 40 * exp(-0.1)) < 1e-9);
}

/* A put on a stock that is held follows the same draws as the stock. */
static void test_put_on_stock(void **state) {
    (void)state;
    fixture f;
    set_up(&f, XMC_EQUITY_GARCH, 31, 0.3, 0.5);
    f.a.equity.degrees_of_freedom = 6;
    add(&f, "a", 0, 1.2, 0.4, 1e8);
    add(&f, "b", 0, 1.1, 0.4, 1e8)->delisting_probability = 0.05;
    f.instruments[1].delisting_loss = 1;
    f.a.book.n_derivatives = 1;
    f.derivatives[0] = (xmc_derivative){.id = "p",
                                        .kind = XMC_DERIVATIVE_PUT,
                                        .index = UINT32_MAX,
                                        .instrument = 1,
                                        .quantity = 1e7,
                                        .price = 10,
                                        .strike = 9,
                                        .maturity = 0.5,
                                        .volatility = 0.3};
    risk_columns c = risk_run(&f.a, 16384, 2);
    const double start = 1e7 * xmc_black_scholes(0, 10, 9, 0.5, 0.3, 0);
    for (size_t t = 0; t < c.trials; t++) {
        const double spot = 10 * (1 - c.gross[1][t] * 1e-8);
        const double payoff = 1e7 * (spot < 9 ? 9 - spot : 0);
        assert_true(fabs(c.gross[2][t] - (start - payoff)) < 1);
    }
    risk_free(&c);
}

static const xmc_equity_group *group(const xmc_equity_measures *m, xmc_grouping g,
                                     const char *name) {
    for (size_t i = 0; i < m->n_groups; i++)
        if (m->groups[i].grouping == g && !strcmp(m->groups[i].name, name))
            return &m->groups[i];
    fail_msg("no group %s", name);
    return NULL;
}

static xmc_equity_measures measures_of(const xmc_analysis *a, const uint8_t *holding) {
    xmc_diag diag;
    xmc_diag_init(&diag);
    xmc_segments segments = {0};
    xmc_equity *plan;
    xmc_equity_measures m;
    xmc_group_measures g = {.level = {199, 200}, .grid = a->loss_grid};
    const xmc_equity_estimators with = {&g, xmc_group_measures_book, xmc_group_measures_group,
                                        &g.worst};
    assert_int_equal(xmc_equity_plan(a, &(xmc_run_shape){16384, 2}, &segments, &plan, &diag), 0);
    assert_int_equal(xmc_equity_measure(plan, a, a->trials, holding, &with, &m, &diag), 0);
    xmc_group_measures_free(&g);
    xmc_equity_free(plan);
    xmc_segments_free(&segments);
    xmc_diag_free(&diag);
    return m;
}

/* Groups add up, contributions to the TVaR within the grid; T13's Euler shares; scenarios by hand.
 */
static void test_measures(void **state) {
    (void)state;
    fixture f;
    set_up(&f, XMC_EQUITY_GAUSSIAN, 1, 0.02, 0.25);
    f.a.trials = 200000;
    add(&f, "a", 0, 1, 0, 500e6)->dividend_yield = 0.02;
    add(&f, "b", 1, 1, 0, 1000e6);
    add(&f, "c", 2, 1, 0, 1500e6);
    add(&f, "d", 2, 1, 0, 0.64)->kind = XMC_KIND_FUND;
    f.a.book.n_derivatives = 2;
    f.derivatives[0] = (xmc_derivative){.id = "put",
                                        .kind = XMC_DERIVATIVE_PUT,
                                        .index = 0,
                                        .instrument = UINT32_MAX,
                                        .quantity = 1e4,
                                        .price = 4000,
                                        .strike = 3000,
                                        .maturity = 0.5,
                                        .volatility = 0.02};
    f.derivatives[1] = (xmc_derivative){.id = "hedge",
                                        .kind = XMC_DERIVATIVE_FUTURE,
                                        .index = 2,
                                        .instrument = UINT32_MAX,
                                        .quantity = -1e3,
                                        .price = 1000,
                                        .strike = 1000,
                                        .maturity = 0.25};
    xmc_equity_scenario crash = {"crash", (double[N]){-0.5, -0.4, -0.6}};
    f.a.equity.scenarios = &crash;
    f.a.equity.n_scenarios = 1;
    const uint8_t holding[] = {0, 1, 2, 2};
    xmc_equity_measures m = measures_of(&f.a, holding);
    assert_int_equal(m.trials, f.a.trials);
    double sums[XMC_N_GROUPINGS][3] = {{0}};
    for (size_t g = 0; g < m.n_groups; g++) {
        double *to = sums[m.groups[g].grouping];
        to[0] += m.groups[g].contribution.value;
        to[1] += m.groups[g].mean.value;
        to[2] += m.scenario_group[2 * m.n_groups + g];
    }
    for (int k = 0; k < XMC_N_GROUPINGS; k++) {
        assert_true(fabs(sums[k][0] - m.tvar.value) < 0x1p-6);
        assert_true(fabs(sums[k][1] - m.mean.value) < 1e-3);
        assert_true(fabs(sums[k][2] - m.scenario_loss[2]) < 0.1);
    }
    assert_true(m.exposure == 3000e6 + 0.640625); /* the grid's next */
    assert_true(m.dividends == 10e6);
    /* T13, the position in stock alone being 39.3 % + 73.7 % … of TVaR 127.7; the mean of a is
     * 2 % of 500 m (dividend), and the hedge takes 1 m of c away. */
    static const double contribution[] = {14.7351914541, 39.2938438776, 73.6759572705};
    const char *stock[] = {"a", "b", "c"};
    for (int i = 0; i < 3; i++) {
        const xmc_equity_group *g = group(&m, XMC_GROUP_STOCK, stock[i]);
        const double want = contribution[i] * 1e6 + (i == 0 ? 10e6 : 0);
        assert_true(fabs(g->contribution.value / want - 1) < 0.05);
        assert_true(
            fabs(g->var.value / ((i + 1) * 10e6 * 2.5758 * (i ? 1 : 0.98) + (i ? 0 : 10e6)) - 1) <
            0.03);
        assert_true(g->marginal.value > 0 && g->marginal.value < g->var.value * 1.05);
    }
    /* The groups that are one stock are that stock. */
    assert_true(group(&m, XMC_GROUP_BOARD, "main_sz")->var.value ==
                group(&m, XMC_GROUP_STOCK, "b")->var.value);
    assert_true(group(&m, XMC_GROUP_HOLDING_TIME, "2 to 3 years")->contribution.value ==
                group(&m, XMC_GROUP_STOCK, "b")->contribution.value);
    group(&m, XMC_GROUP_MEMBERSHIP, "fund");
    /* Scenarios: -20 %, -30 % of all, and the crash with the put's payoff and the hedge's gain. */
    assert_int_equal(m.n_scenarios, 3);
    assert_true(fabs(m.scenario_loss[0] - (0.2 * 3000e6 - 0.2 * 1e6)) < 100);
    assert_true(fabs(m.scenario_loss[1] - (0.3 * 3000e6 - 0.3 * 1e6 - 1e4 * 200)) < 100);
    assert_true(fabs(m.scenario_loss[2] -
                     (0.5 * 500e6 + 0.4 * 1000e6 + 0.6 * 1500e6 - 0.6 * 1e6 - 1e4 * 1000)) < 100);
    /* The trials are those of the run. */
    risk_columns c = risk_run(&f.a, 16384, 2);
    double *scratch = malloc(c.trials * sizeof *scratch);
    assert_true(m.var.value == xmc_kth_smallest(c.total, c.trials, 198999, scratch));
    free(scratch);
    risk_free(&c);
    xmc_equity_measures_free(&m);
}

/* Errors tell how estimates vary: over many seeds their standard deviation is the mean of the
 * standard errors, within 4 errors of a standard deviation of so many; the mean is the exact
 * answer; and 95 % limits hold it as often as they say, within 4 errors of a share. Normal
 * positions, and two small ones of their own risk: one does not change the order of the trials, the
 * other does a little, where the error of the marginal is up to 40 % too large. */
typedef struct {
    const char *name;
    double sum, squares, se, want;
    int inside;
} spread;

static void follow(spread *s, const char *name, const xmc_estimate *e, double want) {
    s->name = name;
    s->want = want;
    s->sum += e->value;
    s->squares += (e->value - want) * (e->value - want);
    s->se += e->se;
    s->inside += e->lower <= want && want <= e->upper;
}

static void test_errors_of_groups(void **state) {
    (void)state;
    enum { SEEDS = 200, GROUPS = 5, MEASURES = 5 };
    static const char *const name[GROUPS] = {"a", "b", "c", "tiny", "small"};
    static const char *const measure[MEASURES] = {"mean", "VaR", "TVaR", "contribution",
                                                  "marginal"};
    static const double weight[GROUPS] = {500e6, 1000e6, 1500e6, 1e4, 2e6};
    static spread s[GROUPS + 1][MEASURES];
    const double z = gsl_cdf_ugaussian_Pinv(0.995), tail = gsl_ran_ugaussian_pdf(z) / 0.005;
    double book = 0, with[GROUPS] = {0}; /* variance, covariance of each with the book */
    for (int i = 0; i < GROUPS; i++)
        for (int j = 0; j < GROUPS; j++) {
            const double x = i < 3 && j < 3 ? (i == j ? 1 : 0.25) * 4e-4 * weight[i] * weight[j]
                             : i == j       ? 0.04 * weight[i] * weight[i]
                                            : 0;
            book += x;
            with[i] += x;
        }
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        fixture f;
        set_up(&f, XMC_EQUITY_GAUSSIAN, seed, 0.02, 0.25);
        f.a.trials = 20000;
        f.a.equity.idio_degrees_of_freedom = INFINITY;
        for (uint32_t i = 0; i < GROUPS; i++)
            add(&f, name[i], i % 3, i < 3, i < 3 ? 0 : 0.2, weight[i]);
        const uint8_t holding[GROUPS] = {0};
        xmc_equity_measures m = measures_of(&f.a, holding);
        for (int i = 0; i < GROUPS; i++) {
            const xmc_equity_group *g = group(&m, XMC_GROUP_STOCK, name[i]);
            const double sd = (i < 3 ? 0.02 : 0.2) * weight[i], rest = book - 2 * with[i] + sd * sd;
            const double want[MEASURES] = {0, z * sd, tail * sd, tail * with[i] / sqrt(book),
                                           z * (sqrt(book) - sqrt(rest))};
            const xmc_estimate *e[MEASURES] = {&g->mean, &g->var, &g->tvar, &g->contribution,
                                               &g->marginal};
            for (int k = 0; k < MEASURES; k++)
                follow(&s[i][k], measure[k], e[k], want[k]);
        }
        follow(&s[GROUPS][0], measure[0], &m.mean, 0);
        follow(&s[GROUPS][1], measure[1], &m.var, z * sqrt(book));
        follow(&s[GROUPS][2], measure[2], &m.tvar, tail * sqrt(book));
        xmc_equity_measures_free(&m);
    }
    bool failed = false;
    for (int i = 0; i <= GROUPS; i++)
        for (int k = 0; k < MEASURES; k++) {
            const spread *x = &s[i][k];
            const double most = 4 / sqrt(2.0 * (SEEDS - 1));
            const double least = i == 4 && k == 4 ? 0.4 : most;
            const double mean = x->sum / SEEDS - x->want;
            if (!x->name)
                continue;
            const double sd =
                sqrt((x->squares - SEEDS * pow(x->sum / SEEDS - x->want, 2)) / (SEEDS - 1));
            const double ratio = sd / (x->se / SEEDS), off = mean / (sd / sqrt(SEEDS));
            const double share = (double)x->inside / SEEDS;
            const bool bad = !(ratio < 1 + most && ratio > 1 - least) || !(fabs(off) < 4) ||
                             !(fabs(share - 0.95) < 4 * sqrt(0.95 * 0.05 / SEEDS));
            print_message(
                "%s%-6s %-12s mean %.3g (%.1f errors off), sd / error %.3f, inside %.3f\n",
                bad ? "WRONG " : "", i < GROUPS ? name[i] : "book", x->name, x->sum / SEEDS, off,
                ratio, share);
            failed |= bad;
        }
    assert_false(failed);
}

static void test_independence(void **state) {
    (void)state;
    fixture f;
    set_up(&f, XMC_EQUITY_GARCH, 3, 0.3, 0.6);
    f.a.trials = 20001;
    f.a.equity.degrees_of_freedom = 5;
    f.a.equity.dcc_a = 0.02;
    f.a.equity.dcc_b = 0.96;
    for (int i = 0; i < N; i++) {
        f.alpha[i] = 0.07;
        f.beta[i] = 0.91;
        f.limit[i] = 0.1;
    }
    add(&f, "600001", 0, 1.1, 0.3, 1e8)->delisting_probability = 0.01;
    f.instruments[0].delisting_loss = 0.8;
    add(&f, "300001", 1, 0.9, 0.4, 2e8)->betas = f.betas[0];
    f.betas[0][0] = 0.3;
    f.betas[0][1] = 0.9;
    risk_columns ref = risk_run(&f.a, 16384, 1);
    for (int threads = 1; threads <= 3; threads++)
        check_same_bits(&f.a, &ref, threads == 3 ? 16384 : 32768, threads);
    risk_free(&ref);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_garch_moments),
        cmocka_unit_test(test_mixing_table),
        cmocka_unit_test(test_daily_closed_forms),
        cmocka_unit_test(test_daily_expectation),
        cmocka_unit_test(test_jump),
        cmocka_unit_test(test_historical),
        cmocka_unit_test(test_instruments),
        cmocka_unit_test(test_derivatives),
        cmocka_unit_test(test_put_on_stock),
        cmocka_unit_test(test_measures),
        cmocka_unit_test(test_errors_of_groups),
        cmocka_unit_test(test_independence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
