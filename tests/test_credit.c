/* Credit against closed forms: T8, T9, T10, joint defaults, expected losses, policy terms, transfer
 * events; and independence of order, threads and blocks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernels/dispatch.h"
#include "tests/credit_fixture.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_integration.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* T8: so large a pool that its own chance moves P(L > q) by less than a tenth of a standard error.
 */
static void test_large_pool(void **state) {
    (void)state;
    static const struct {
        double pd, rho, q[3];
    } cases[] = {{0.01, 0.12, {.0525265921288, .0631685285375, .0903258313261}},
                 {0.01, 0.20, {.0752507894355, .0945878785407, .145525266131}},
                 {0.03, 0.15, {.143948687389, .169045914751, .229089151804}}};
    static const double p[] = {0.99, 0.995, 0.999};
    enum { N = 40000 };
    for (uint64_t seed = 1; seed <= 5; seed++)
        for (int k = 0; k < 3; k++) {
            fixture f = set_up(N, 10000, seed, cases[k].rho);
            for (size_t i = 0; i < N; i++)
                f.obligors[i].probability = cases[k].pd;
            risk_columns c = risk_run(bind(&f), 16384, 2);
            for (int i = 0; i < 3; i++)
                check_exceedance("T8", c.total, c.trials, N * cases[k].q[i], 1 - p[i]);
            double mean, se;
            mean_se(c.total, c.trials, &mean, &se);
            check_z("T8 mean", mean, N * cases[k].pd, se);
            risk_free(&c);
            tear_down(&f);
        }
}

struct pool {
    double pd, rho;
    unsigned m, k;
};
static double pool_integrand(double z, void *v) {
    const struct pool *q = v;
    double x = (gsl_cdf_ugaussian_Pinv(q->pd) + sqrt(q->rho) * z) / sqrt(1 - q->rho);
    return gsl_ran_binomial_pdf(q->k, gsl_cdf_ugaussian_P(x), q->m) * gsl_ran_ugaussian_pdf(z);
}
static double pool_probability(struct pool q) {
    gsl_integration_workspace *w = gsl_integration_workspace_alloc(1000);
    gsl_function f = {pool_integrand, &q};
    double r, err;
    gsl_integration_qag(&f, -9, 9, 1e-13, 1e-9, 1000, GSL_INTEG_GAUSS61, w, &r, &err);
    gsl_integration_workspace_free(w);
    return r;
}

/* T9 and pools with other probabilities, up to where defaults are selected by mask: chi-square of
 * the number of defaults. */
static void test_finite_pool(void **state) {
    (void)state;
    static const struct {
        double k, p;
    } t9[] = {{0, .568092515575}, {1, .213058856532},  {2, .0956111188175},
              {3, .048853958532}, {5, .0161679105616}, {10, .00200933789958}};
    for (size_t i = 0; i < sizeof t9 / sizeof *t9; i++)
        assert_true(
            fabs(pool_probability((struct pool){.01, .2, 100, (unsigned)t9[i].k}) / t9[i].p - 1) <
            1e-9);
    static const struct pool cases[] = {
        {.01, .2, 100, 0}, {.15, .1, 30, 0}, {.5, .05, 40, 0}, {.93, .3, 10, 0}, {.22, 0, 25, 0}};
    for (size_t j = 0; j < sizeof cases / sizeof *cases; j++) {
        struct pool q = cases[j];
        double exact[101];
        for (q.k = 0; q.k <= q.m; q.k++)
            exact[q.k] = pool_probability(q);
        for (uint64_t seed = 1; seed <= 5; seed++) {
            fixture f = set_up(q.m, 100000, seed, q.rho);
            for (size_t i = 0; i < q.m; i++)
                f.obligors[i].probability = q.pd;
            risk_columns c = risk_run(bind(&f), 16384, 2);
            double count[101] = {0}, n = (double)c.trials;
            for (size_t t = 0; t < c.trials; t++)
                count[(size_t)c.total[t]] += 1;
            double chi = 0, expected = 0, seen = 0;
            unsigned cells = 0;
            for (unsigned k = 0; k <= q.m; k++) {
                expected += n * exact[k];
                seen += count[k];
                if (expected < 10 && k < q.m)
                    continue;
                if (expected >= 1) {
                    chi += (seen - expected) * (seen - expected) / expected;
                    cells++;
                }
                expected = seen = 0;
            }
            double p_value = gsl_cdf_chisq_Q(chi, cells - 1);
            if (!(p_value > 1e-4))
                print_message("pd %g, rho %g, m %u: chi-square %g on %u\n", q.pd, q.rho, q.m, chi,
                              cells - 1);
            assert_true(p_value > 1e-4);
            risk_free(&c);
            tear_down(&f);
        }
    }
}

/* T10: Student t copula, large pool and joint default of a pair. */
static void test_student(void **state) {
    (void)state;
    static const struct {
        double nu, q[3];
    } cases[] = {{4, {.193919852253, .26862775698, .441808078358}},
                 {10, {.129453352487, .17322191146, .286822779145}}};
    static const double p[] = {0.99, 0.995, 0.999};
    enum { N = 20000 };
    for (uint64_t seed = 1; seed <= 5; seed++)
        for (int k = 0; k < 2; k++) {
            fixture f = set_up(N, 20000, seed, 0.2);
            f.a.credit.copula = XMC_COPULA_STUDENT;
            f.a.credit.degrees_of_freedom = cases[k].nu;
            risk_columns c = risk_run(bind(&f), 16384, 2);
            for (int i = 0; i < 3; i++)
                check_exceedance("T10", c.total, c.trials, N * cases[k].q[i], 1 - p[i]);
            risk_free(&c);
            tear_down(&f);
        }
}

/* Joint default of a pair: in one bucket, and in two. Loss 1 + 1 = 2. */
static void test_pair(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++)
        for (int student = 0; student < 2; student++)
            for (int apart = 0; apart < 2; apart++) {
                fixture f = set_up(2, 400000, seed, 0.2);
                if (student) {
                    f.a.credit.copula = XMC_COPULA_STUDENT;
                    f.a.credit.degrees_of_freedom = 4;
                }
                f.obligors[1].sector = (uint32_t)apart;
                risk_columns c = risk_run(bind(&f), 16384, 2);
                check_exceedance("joint default", c.total, c.trials, 1.5,
                                 student ? 1.535073802e-3 : 3.38917179073e-4);
                risk_free(&c);
                tear_down(&f);
            }
    /* Country and sector loadings: correlation c where the country is shared, s where the sector
     * is. Two obligors of probability 1/2: P(both) = 1/4 + asin(rho)/(2 pi). */
    for (uint64_t seed = 1; seed <= 5; seed++)
        for (int k = 0; k < 4; k++) {
            fixture f = set_up(2, 100000, seed, 0.1);
            f.a.credit.country_share[0] = 0.2;
            f.a.credit.sector_share[0] = 0.25;
            f.obligors[0].probability = f.obligors[1].probability = 0.5;
            f.obligors[1].country = (uint32_t)(k & 1);
            f.obligors[1].sector = (uint32_t)(k >> 1);
            double rho = 0.1 + (k & 1 ? 0 : 0.2) + (k >> 1 ? 0 : 0.25);
            risk_columns c = risk_run(bind(&f), 16384, 2);
            check_exceedance("P(both), factors", c.total, c.trials, 1.5,
                             0.25 + asin(rho) / (2 * M_PI));
            risk_free(&c);
            tear_down(&f);
        }
}

/* With macro_share 1 the world factor is the equity side's: a large pool's loss is a function of
 * it. With 1/2, the correlation is halved in the square. */
static void test_macro(void **state) {
    (void)state;
    enum { N = 20000 };
    static const char *index[] = {"csi300"};
    double volatility = 0.25, correlation = 1, weight = 1;
    fixture f = set_up(N, 5000, 3, 0.2);
    f.a.has_equity = true;
    f.a.equity = (xmc_equity_model){.n_indices = 1,
                                    .names = index,
                                    .volatility = &volatility,
                                    .degrees_of_freedom = 5,
                                    .correlation = &correlation,
                                    .idio_degrees_of_freedom = 5,
                                    .macro_weight = &weight};
    f.a.credit.macro_share = 1.0;
    risk_columns c = risk_run(bind(&f), 16384, 2);
    for (size_t t = 0; t < c.trials; t++) {
        double p = gsl_cdf_ugaussian_P((gsl_cdf_ugaussian_Pinv(0.01) + sqrt(0.2) * c.macro[t]) /
                                       sqrt(0.8));
        assert_true(fabs(c.total[t] - N * p) < 7 * sqrt(N * p * (1 - p)) + 3);
    }
    risk_free(&c);
    f.a.credit.macro_share = 0.5;
    c = risk_run(bind(&f), 16384, 2);
    double *product = malloc(c.trials * sizeof *product), mean, se;
    for (size_t t = 0; t < c.trials; t++) {
        /* Loss fraction back to the world factor. */
        double p = (c.total[t] + 0.5) / (N + 1);
        product[t] = c.macro[t] *
                     (gsl_cdf_ugaussian_Pinv(p) * sqrt(0.8) - gsl_cdf_ugaussian_Pinv(0.01)) /
                     sqrt(0.2);
    }
    mean_se(product, c.trials, &mean, &se);
    /* The pool's own chance blurs the factor a little. */
    assert_true(fabs(mean - sqrt(0.5)) < 4 * se + 0.01);
    free(product);
    risk_free(&c);
    tear_down(&f);
}

/* Covered share, buyer limit, LGD, run-off and revolving: the mean; and the beta law itself. */
static void test_amounts(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        fixture f = set_up(300, 100000, seed, 0.0);
        double want[2] = {0, 0};
        f.a.book.n_credit_policies = 2;
        f.policies[1] = (xmc_credit_policy){.id = "P1", .lob = 1, .basis = XMC_BASIS_RUN_OFF};
        for (size_t i = 0; i < 300; i++) {
            xmc_obligor *o = &f.obligors[i];
            o->policy = (uint32_t)(i % 2);
            o->region = (uint32_t)(i / 2 % 2);
            o->sector = (uint32_t)(i % 3);
            o->probability = 0.002 * (double)(1 + i % 10);
            o->exposure = 1e6 + 1e4 * (double)i;
            o->limit = i % 3 ? 0 : 1.5e6;
            o->covered = 0.9;
            o->loss_class = (uint32_t)(i % 3);
            o->tenor_months = (double)(1 + i % 20);
            double p = o->probability, a = i % 3 || o->exposure < 1.5e6 ? o->exposure : 1.5e6;
            if (o->policy == 1)
                p = 1 - pow(1 - p, (o->tenor_months < 12 ? o->tenor_months : 12) / 12);
            want[o->policy] += p * a * 0.9 * (i % 3 ? 0.5 : 1.0);
        }
        risk_columns c = risk_run(bind(&f), 16384, 2);
        assert_int_equal(c.segments.n, 4);
        double mean, se, *sum = calloc(c.trials, sizeof *sum);
        for (int k = 0; k < 2; k++) {
            assert_string_equal(c.segments.segments[2 * k].line_name,
                                k ? "guarantee" : "export_credit");
            assert_string_equal(c.segments.segments[2 * k + 1].region, "europe");
            assert_string_equal(c.segments.segments[2 * k].cause, "default");
            for (size_t t = 0; t < c.trials; t++)
                sum[t] = c.gross[2 * k][t] + c.gross[2 * k + 1][t];
            mean_se(sum, c.trials, &mean, &se);
            check_z("expected loss", mean, want[k], se);
        }
        free(sum);
        risk_free(&c);
        tear_down(&f);

        /* beta(0.5, sd 0.2): size 0.25/0.04 - 1 = 5.25, a = b = 2.625. */
        f = set_up(1, 100000, seed, 0.0);
        f.obligors[0].probability = 0.2;
        f.obligors[0].loss_class = 2;
        f.obligors[0].exposure = 1e6;
        c = risk_run(bind(&f), 16384, 2);
        for (double x = 0.05; x < 1; x += 0.15)
            check_exceedance("beta LGD", c.total, c.trials, 1e6 * x,
                             0.2 * gsl_cdf_beta_Q(x, 2.625, 2.625));
        risk_free(&c);
        tear_down(&f);
    }
}

/* Two independent obligors under one policy: first loss and aggregate limit on their sum. */
static void test_terms(void **state) {
    (void)state;
    const double p0 = 0.1, p1 = 0.2, a0 = 1000, a1 = 2500, first = 300, limit = 2400;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        fixture f = set_up(3, 100000, seed, 0.0);
        f.a.book.n_credit_policies = 2;
        f.policies[1] = (xmc_credit_policy){
            .id = "P1", .aggregate_limit = limit, .aggregate_first_loss = first};
        f.obligors[0].policy = f.obligors[1].policy = 1;
        f.obligors[0].probability = p0;
        f.obligors[0].exposure = a0;
        f.obligors[1].probability = p1;
        f.obligors[1].exposure = a1;
        f.obligors[1].region = 1;
        f.obligors[2].exposure = 7; /* another policy, without terms */
        risk_columns c = risk_run(bind(&f), 16384, 2);
        double both = 0, only0 = 0, only1 = 0, n = (double)c.trials;
        for (size_t t = 0; t < c.trials; t++) {
            double asia = c.gross[0][t], europe = c.gross[1][t];
            double without = asia >= 7 && fmod(asia, 10) > 0 ? asia - 7 : asia;
            if (europe == 0 && without > 0) {
                assert_true(without == a0 - first);
                only0++;
            } else if (europe > 0 && without == 0) {
                assert_true(europe == a1 - first);
                only1++;
            } else if (europe > 0) {
                /* 3500 - 300 over the limit of 2400, in proportion to 1000 and 2500. */
                double share = asia >= 690 ? asia - 7 : asia;
                if (fabs(share - limit * a0 / 3500) > 0.01)
                    share = asia;
                assert_true(share + europe == limit);
                assert_true(fabs(share - limit * a0 / 3500) < 0.01);
                both++;
            }
        }
        check_z("first only", only0 / n, p0 * (1 - p1), sqrt(p0 * (1 - p1) / n));
        check_z("second only", only1 / n, p1 * (1 - p0), sqrt(p1 * (1 - p0) / n));
        check_z("both", both / n, p0 * p1, sqrt(p0 * p1 / n));
        risk_free(&c);
        tear_down(&f);
    }
}

static double beta_cut(double x) { /* the transfer share's law: mean 0.4, sd 0.15 */
    double size = 0.4 * 0.6 / (0.15 * 0.15) - 1;
    return gsl_cdf_beta_Q(x, 0.4 * size, 0.6 * size);
}

/* Transfer events: probability, share, receivables of the sound obligors only. */
static void test_transfer(void **state) {
    (void)state;
    enum { N = 200 };
    for (uint64_t seed = 1; seed <= 5; seed++) {
        fixture f = set_up(N, 60000, seed, 0.0);
        f.countries[1].transfer_probability = 0.05;
        f.a.credit.transfer_loading = 0.3;
        double exposed = 0, sound = 0;
        for (size_t i = 0; i < N; i++) {
            xmc_obligor *o = &f.obligors[i];
            o->country = (uint32_t)(i % 2);
            o->probability = 0.1;
            o->exposure = 1e5 + 100 * (double)i;
            if (o->country == 1) {
                exposed += o->exposure;
                sound += 0.9 * o->exposure;
            }
        }
        risk_columns c = risk_run(bind(&f), 16384, 2);
        assert_int_equal(c.segments.n, 2);
        assert_string_equal(c.segments.segments[1].cause, "transfer");
        assert_true(c.segments.segments[1].exposure == exposed);
        const double *transfer = c.gross[1];
        check_exceedance("P(event)", transfer, c.trials, 0, 0.05);
        double mean, se;
        mean_se(transfer, c.trials, &mean, &se);
        check_z("expected transfer loss", mean, 0.05 * 0.4 * sound, se);
        /* A hundred obligors: the sound share stays near 0.9, so the loss is nearly the share's
         * law. */
        size_t far = 0;
        for (size_t t = 0; t < c.trials; t++) {
            far += transfer[t] > 0.5 * 0.9 * exposed;
            assert_true(c.total[t] <= exposed + 200 * 1.2e5);
            assert_true(transfer[t] <= exposed);
        }
        double want = 0.05 * beta_cut(0.5);
        assert_true(fabs((double)far / (double)c.trials - want) <
                    4 * sqrt(want / (double)c.trials) + 0.02 * want);
        risk_free(&c);
        tear_down(&f);
    }
    /* The Student copula's quantile and W: the probability of an event stays what it is. */
    for (uint64_t seed = 1; seed <= 5; seed++) {
        fixture g = set_up(1, 200000, seed, 0.2);
        g.a.credit.copula = XMC_COPULA_STUDENT;
        g.a.credit.degrees_of_freedom = 4;
        g.a.credit.transfer_loading = 0.5;
        g.countries[1].transfer_probability = 0.01;
        g.obligors[0].country = 1;
        g.obligors[0].exposure = 1e6;
        g.obligors[0].probability = 1e-9;
        risk_columns c = risk_run(bind(&g), 16384, 2);
        check_exceedance("P(event), Student", c.gross[1], c.trials, 0, 0.01);
        risk_free(&c);
        tear_down(&g);
    }
    /* Every obligor of the country defaults nearly surely: nothing is left to lose by transfer, and
     * nobody loses more than is insured. */
    fixture f = set_up(50, 20000, 9, 0.0);
    f.countries[1].transfer_probability = 0.5;
    for (size_t i = 0; i < 50; i++) {
        f.obligors[i].country = 1;
        f.obligors[i].probability = i % 2 ? 0.999999 : 0.5;
    }
    risk_columns c = risk_run(bind(&f), 16384, 2);
    for (size_t t = 0; t < c.trials; t++)
        assert_true(c.total[t] <= 50 && c.gross[1][t] <= 50 - c.gross[0][t]);
    check_exceedance("P(event)", c.gross[1], c.trials, 0, 0.5);
    risk_free(&c);
    tear_down(&f);
    /* Commercial default and transfer move together: sector and own parts zero, loading l: an
     * obligor's latent variable and the event's correlate by sqrt((g + c) l). With probabilities
     * 1/2: P(default and event) = 1/4 + asin/(2 pi). A trial's loss tells which: 1000 for the
     * default; the event shows on the second obligor. */
    for (uint64_t seed = 1; seed <= 5; seed++) {
        fixture g = set_up(2, 100000, seed, 0.2);
        g.a.credit.country_share[0] = 0.3;
        g.a.credit.transfer_loading = 0.6;
        g.countries[1].transfer_probability = 0.5;
        g.obligors[0].country = g.obligors[1].country = 1;
        g.obligors[0].probability = 0.5;
        g.obligors[0].exposure = 1000;
        g.obligors[1].probability = 1e-12;
        c = risk_run(bind(&g), 16384, 2);
        size_t both = 0;
        for (size_t t = 0; t < c.trials; t++)
            both += c.gross[0][t] == 1000 && c.gross[1][t] > 0;
        double want = 0.25 + asin(sqrt(0.5 * 0.6)) / (2 * M_PI);
        check_z("P(default and event)", (double)both / (double)c.trials, want,
                sqrt(want * (1 - want) / (double)c.trials));
        risk_free(&c);
        tear_down(&g);
    }
}

/* The mixed book, with exposures in run-off and limits of single obligors. */
static fixture everything(void) {
    enum { N = 3000 };
    fixture f = mixed(N);
    for (uint32_t i = 0; i < 8; i++)
        f.policies[i].basis = i % 3 ? XMC_BASIS_REVOLVING : XMC_BASIS_RUN_OFF;
    for (size_t i = 0; i < N; i++) {
        f.obligors[i].limit = i % 5 ? 0 : 1.2e5;
        f.obligors[i].tenor_months = (double)(1 + i % 30);
    }
    return f;
}

static void test_independence(void **state) {
    (void)state;
    fixture f = everything();
    risk_columns ref = risk_run(bind(&f), 16384, 1);
    assert_int_equal(ref.segments.n, 6);
    for (int threads = 1; threads <= 3; threads++)
        check_same_bits(&f.a, &ref, threads == 3 ? 16384 : 32768, threads);
    /* Every instruction set that this processor has. */
    const xmc_kernels *const *targets;
    for (size_t i = 0; i < xmc_kernels_available(&targets); i++) {
        assert_non_null(xmc_kernels_select(targets[i]->isa));
        check_same_bits(&f.a, &ref, 16384, 2);
    }
    /* T17: obligors and policies in another order. */
    fixture g = everything();
    turn(&g);
    check_same_bits(bind(&g), &ref, 16384, 2);
    tear_down(&g);
    /* A new seed for credit changes who defaults, not the events of the countries. */
    f.a.seeds[XMC_SEED_CREDIT]++;
    risk_columns c = risk_run(&f.a, 16384, 2);
    assert_string_not_equal(c.hash, ref.hash);
    for (size_t t = 0; t < c.trials; t++)
        assert_int_equal(c.gross[1][t] > 0, ref.gross[1][t] > 0);
    risk_free(&c);
    risk_free(&ref);
    tear_down(&f);
}

static void test_bad_input(void **state) {
    (void)state;
    fixture f = set_up(2, 100, 1, 0.5);
    bind(&f);
    f.a.credit.country_share[1] = 0.5;
    check_refused(&f.a, XMC_RISK_CREDIT, "loadings of guarantee");
    f.a.credit.country_share[1] = 0.1;
    f.lgd_sd[1] = 0.6;
    check_refused(&f.a, XMC_RISK_CREDIT, "no beta law");
    f.lgd_sd[1] = 0;
    f.obligors[1].probability = 1.5;
    check_refused(&f.a, XMC_RISK_CREDIT, "probability in (0, 1)");
    f.obligors[1].probability = 0.01;
    f.obligors[1].id = f.obligors[0].id;
    check_refused(&f.a, XMC_RISK_CREDIT, "stands twice");
    f.obligors[1].id = "other";
    f.policies[0].basis = XMC_BASIS_RUN_OFF;
    f.obligors[1].tenor_months = 0;
    check_refused(&f.a, XMC_RISK_CREDIT, "remaining tenor");
    tear_down(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_large_pool),   cmocka_unit_test(test_finite_pool),
        cmocka_unit_test(test_student),      cmocka_unit_test(test_pair),
        cmocka_unit_test(test_macro),        cmocka_unit_test(test_amounts),
        cmocka_unit_test(test_terms),        cmocka_unit_test(test_transfer),
        cmocka_unit_test(test_independence), cmocka_unit_test(test_bad_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
