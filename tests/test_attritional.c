/* Attritional lines against exact compound distributions (T1, T2) and exact moments. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernels/severity.h"
#include "tests/risk_columns.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_integration.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <string.h>

static const char *regions[] = {"jiangxi", "shanghai"};
static xmc_lob lobs[] = {{"LIAB", "liability", XMC_LINE_LIABILITY}};

static xmc_analysis analysis_of(xmc_attritional_line *lines, size_t n, uint64_t trials,
                                uint64_t seed) {
    xmc_analysis a;
    memset(&a, 0, sizeof a);
    a.trials = trials;
    a.loss_grid = 0x1p-6;
    a.seeds[XMC_SEED_EVENTS] = seed;
    a.has_attritional = true;
    a.book.regions = regions;
    a.book.n_regions = 2;
    a.book.lobs = lobs;
    a.book.n_lobs = 1;
    a.attritional = (xmc_attritional_model){n, lines};
    return a;
}

/* T1: compound Poisson-gamma, L = 3, shape 2, scale 1000. */
static void test_poisson_gamma(void **state) {
    (void)state;
    static const double p[] = {0.5, 0.9, 0.95, 0.99, 0.995, 0.999};
    static const double var[] = {5313.9866111,  11759.3532538, 13970.6537748,
                                 18563.9707163, 20389.0257499, 24392.1499757};
    static const double tvar[] = {9309.35205502, 14778.9857826, 16803.8877217,
                                  21120.4404536, 22862.9560879, 26720.2856277};
    xmc_attritional_line l = {.name = "t1",
                              .line = XMC_LINE_LIABILITY,
                              .frequency = 3,
                              .dispersion = 1,
                              .law = XMC_SEVERITY_GAMMA,
                              .p1 = 2,
                              .p2 = 1000};
    for (uint64_t seed = 1; seed <= 5; seed++) {
        xmc_analysis a = analysis_of(&l, 1, 100000, seed);
        risk_columns c = risk_run(&a, 16384, 2);
        double mean, se;
        mean_se(c.total, c.trials, &mean, &se);
        check_z("T1 mean", mean, 6000, se);
        size_t zero = 0;
        for (size_t t = 0; t < c.trials; t++)
            zero += c.total[t] == 0.0;
        double p0 = exp(-3.0);
        check_z("T1 P(S = 0)", (double)zero / (double)c.trials, p0,
                sqrt(p0 * (1 - p0) / (double)c.trials));
        for (int i = 0; i < 6; i++) {
            check_exceedance("T1 quantile", c.total, c.trials, var[i], 1 - p[i]);
            check_tvar("T1 TVaR", c.total, c.trials, p[i], var[i], tvar[i]);
        }
        risk_free(&c);
    }
}

/* T2: compound Poisson-lognormal, by converged FFT. */
static void test_poisson_lognormal(void **state) {
    (void)state;
    static const double p1[] = {0.9, 0.99, 0.995, 0.999};
    static const double v1[] = {1160.17105, 2488.38785, 3190.29966, 5853.06012};
    static const double t1[] = {1751.84670, 3955.12968, 5127.80838, 9470.70688};
    static const double p2[] = {0.9, 0.95, 0.99, 0.995, 0.999};
    static const double v2[] = {171714.6810, 229717.8891, 385935.7538, 466039.7655, 695069.5045};
    static const double t2[] = {264339.7079, 331642.7266, 518511.4686, 616391.9331, 899204.1438};
    xmc_attritional_line l[] = {{.name = "t2a",
                                 .frequency = 100,
                                 .dispersion = 1,
                                 .law = XMC_SEVERITY_LOGNORMAL,
                                 .p1 = 0,
                                 .p2 = 2},
                                {.name = "t2b",
                                 .frequency = 2,
                                 .dispersion = 1,
                                 .law = XMC_SEVERITY_LOGNORMAL,
                                 .p1 = 10,
                                 .p2 = 1}};
    for (uint64_t seed = 1; seed <= 5; seed++) {
        xmc_analysis a = analysis_of(l, 2, 30000, seed);
        risk_columns c = risk_run(&a, 16384, 2);
        for (int i = 0; i < 4; i++) {
            check_exceedance("T2 quantile, L = 100", c.gross[0], c.trials, v1[i], 1 - p1[i]);
            check_tvar("T2 TVaR, L = 100", c.gross[0], c.trials, p1[i], v1[i], t1[i]);
        }
        for (int i = 0; i < 5; i++) {
            check_exceedance("T2 quantile, L = 2", c.gross[1], c.trials, v2[i], 1 - p2[i]);
            check_tvar("T2 TVaR, L = 2", c.gross[1], c.trials, p2[i], v2[i], t2[i]);
        }
        risk_free(&c);
    }
}

/* Paid claim's moments by quadrature over the survival function: E[Y^k] = k int y^(k-1) S(d+y) dy.
 * An independent way to what the closed forms of severity.c give at t = infinity. */
struct paid {
    xmc_law law;
    double p1, p2, d;
    int k;
};
static double survival(const struct paid *c, double x) {
    switch (c->law) {
    case XMC_LAW_LOGNORMAL:
        return gsl_cdf_lognormal_Q(x, c->p1, c->p2);
    case XMC_LAW_PARETO:
        return x > c->p1 ? gsl_cdf_pareto_Q(x, c->p2, c->p1) : 1.0;
    default:
        return gsl_cdf_gamma_Q(x, c->p1, c->p2);
    }
}
static double integrand(double y, void *v) {
    const struct paid *c = v;
    return c->k * pow(y, c->k - 1) * survival(c, c->d + y);
}
static double paid_moment(struct paid c, int k, double limit) {
    gsl_integration_workspace *w = gsl_integration_workspace_alloc(2000);
    double r, err;
    c.k = k;
    double kink = c.law == XMC_LAW_PARETO && c.p1 > c.d ? c.p1 - c.d : 0.0;
    double points[] = {0.0, kink, limit};
    gsl_function f = {integrand, &c};
    if (kink > 0.0 && kink < limit)
        gsl_integration_qagp(&f, points, 3, 0, 1e-10, 2000, w, &r, &err);
    else
        gsl_integration_qags(&f, 0, limit, 0, 1e-10, 2000, w, &r, &err);
    gsl_integration_workspace_free(w);
    return r;
}

/* The table of a severity law against GSL's inverses. */
static void test_severity_table(void **state) {
    (void)state;
    static const struct {
        xmc_law law;
        double p1, p2;
    } cases[] = {{XMC_LAW_LOGNORMAL, 10, 0.3}, {XMC_LAW_LOGNORMAL, 3, 2.5},
                 {XMC_LAW_PARETO, 7, 0.9},     {XMC_LAW_PARETO, 7, 4},
                 {XMC_LAW_GAMMA, 0.5, 100},    {XMC_LAW_GAMMA, 20, 3}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        xmc_claim_law c;
        double a = cases[i].p1, b = cases[i].p2, worst = 0;
        assert_int_equal(xmc_claim_law_init(&c, cases[i].law, a, b, 0, 0), 0);
        for (double v = 1e-9; v < 0.9999; v += 1e-9 + 0.0173 * v) {
            double u = rint(v * 0x1p53) * 0x1p-53;
            double want = cases[i].law == XMC_LAW_LOGNORMAL ? gsl_cdf_lognormal_Qinv(u, a, b)
                          : cases[i].law == XMC_LAW_PARETO  ? gsl_cdf_pareto_Qinv(u, b, a)
                                                            : gsl_cdf_gamma_Qinv(u, a, b);
            double error = fabs(xmc_claim_of(&c, u) / want - 1);
            worst = error > worst ? error : worst;
            assert_true(fabs(xmc_claim_quantile(&c, u) / want - 1) < 1e-9);
        }
        if (!(worst < 1e-7))
            print_message("law %zu: error %g\n", i, worst);
        assert_true(worst < 1e-7);
        xmc_claim_law_free(&c);
    }
}

static void test_paid_moments(void **state) {
    (void)state;
    static const struct {
        xmc_law law;
        double p1, p2, d, limit;
    } cases[] = {{XMC_LAW_LOGNORMAL, 8, 1.3, 2000, 50000}, {XMC_LAW_LOGNORMAL, 9, 0.8, 0, 30000},
                 {XMC_LAW_PARETO, 1000, 1.5, 500, 20000},  {XMC_LAW_PARETO, 1000, 2, 3000, 9000},
                 {XMC_LAW_PARETO, 1000, 3, 0, 9000},       {XMC_LAW_GAMMA, 0.7, 4000, 1000, 15000},
                 {XMC_LAW_GAMMA, 3, 4000, 0, 25000}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        xmc_claim_law c;
        assert_int_equal(xmc_claim_law_init(&c, cases[i].law, cases[i].p1, cases[i].p2, cases[i].d,
                                            cases[i].limit),
                         0);
        struct paid q = {cases[i].law, cases[i].p1, cases[i].p2, cases[i].d, 0};
        double all = xmc_paid_partial_moment(&c, 0, INFINITY);
        assert_true(fabs(all - 1.0) < 1e-13);
        for (int k = 1; k <= 3; k++) {
            double got = xmc_paid_partial_moment(&c, k, INFINITY);
            double want = paid_moment(q, k, cases[i].limit);
            if (!(fabs(got / want - 1) < 1e-8))
                print_message("case %zu, k %d: %.12g, %.12g\n", i, k, got, want);
            assert_true(fabs(got / want - 1) < 1e-8);
        }
        xmc_claim_law_free(&c);
    }
}

/* Frequent claims: split, against the exact mean, variance and skewness of the compound sum. */
static void test_split_moments(void **state) {
    (void)state;
    xmc_attritional_line l[] = {
        {.name = "a motor",
         .frequency = 600000,
         .dispersion = 900,
         .law = XMC_SEVERITY_LOGNORMAL,
         .p1 = 8,
         .p2 = 1,
         .limit = 200000},
        {.name = "b pareto",
         .frequency = 3000,
         .dispersion = 1,
         .law = XMC_SEVERITY_PARETO,
         .p1 = 1000,
         .p2 = 1.5,
         .deductible = 500,
         .limit = 1e6},
        {.name = "c gamma",
         .frequency = 5000,
         .dispersion = 60,
         .law = XMC_SEVERITY_GAMMA,
         .p1 = 0.7,
         .p2 = 4000,
         .deductible = 1000,
         .limit = 1e6},
        {.name = "d heavy",
         .frequency = 2000,
         .dispersion = 400,
         .law = XMC_SEVERITY_LOGNORMAL,
         .p1 = 6,
         .p2 = 2.2,
         .limit = 1e6},
        {.name = "e mixed",
         .frequency = 20000,
         .dispersion = 4000,
         .law = XMC_SEVERITY_LOGNORMAL,
         .p1 = 6,
         .p2 = 1.8,
         .limit = 1e7},
    };
    static const xmc_law laws[] = {XMC_LAW_LOGNORMAL, XMC_LAW_PARETO, XMC_LAW_GAMMA};
    for (uint64_t seed = 1; seed <= 5; seed++) {
        xmc_analysis a = analysis_of(l, 5, 4000, seed);
        risk_columns c = risk_run(&a, 16384, 2);
        double n = (double)c.trials;
        for (int i = 0; i < 5; i++) {
            struct paid q = {laws[l[i].law], l[i].p1, l[i].p2, l[i].deductible, 0};
            double m[4], f = l[i].frequency, b = l[i].dispersion - 1;
            for (int k = 1; k <= 3; k++)
                m[k] = paid_moment(q, k, l[i].limit);
            /* Cumulants of a Poisson sum mixed by G ~ Gamma(f/b): G has variance b/f and third
             * cumulant 2 (b/f)^2. */
            double g2 = b / f, g3 = 2 * g2 * g2;
            double k1 = f * m[1], k2 = f * m[2] + k1 * k1 * g2;
            double k3 = f * m[3] + 3 * k1 * f * m[2] * g2 + k1 * k1 * k1 * g3;
            double sd = sqrt(k2);
            double mean, se;
            mean_se(c.gross[i], c.trials, &mean, &se);
            check_z("split mean", mean, k1, sd / sqrt(n));
            double *z2 = calloc(c.trials, sizeof *z2), *z3 = calloc(c.trials, sizeof *z3);
            for (size_t t = 0; t < c.trials; t++) {
                double z = (c.gross[i][t] - k1) / sd;
                z2[t] = z * z;
                z3[t] = z * z * z;
            }
            mean_se(z2, c.trials, &mean, &se);
            check_z("split variance", mean, 1, se);
            mean_se(z3, c.trials, &mean, &se);
            check_z("split skewness", mean, k3 / (sd * sd * sd), se);
            free(z2);
            free(z3);
        }
        risk_free(&c);
    }
}

/* The split against the whole distribution: many claims of gamma severity and Poisson number, whose
 * distribution function is a Poisson mixture of gamma ones. */
static void test_split_distribution(void **state) {
    (void)state;
    xmc_attritional_line l = {.name = "gamma",
                              .frequency = 1500,
                              .dispersion = 1,
                              .law = XMC_SEVERITY_GAMMA,
                              .p1 = 0.05,
                              .p2 = 20000};
    static const double q[] = {1.30e6, 1.50e6, 1.70e6, 1.90e6, 2.05e6, 2.15e6};
    for (uint64_t seed = 1; seed <= 5; seed++) {
        xmc_analysis a = analysis_of(&l, 1, 10000, seed);
        risk_columns c = risk_run(&a, 16384, 2);
        for (int i = 0; i < 6; i++) {
            double tail = 0.0;
            for (unsigned n = 1100; n < 1900; n++)
                tail += gsl_ran_poisson_pdf(n, 1500) * gsl_cdf_gamma_Q(q[i], 0.05 * n, 20000);
            check_exceedance("split P(S > q)", c.total, c.trials, q[i], tail);
        }
        risk_free(&c);
    }
}

/* Exponential claims: all of the sum is the approximation, and its skewness 3 / sqrt(2 f) shows. */
static void test_split_skewness(void **state) {
    (void)state;
    xmc_attritional_line l = {.name = "exponential",
                              .frequency = 2000,
                              .dispersion = 1,
                              .law = XMC_SEVERITY_GAMMA,
                              .p1 = 1,
                              .p2 = 1000};
    for (uint64_t seed = 1; seed <= 5; seed++) {
        xmc_analysis a = analysis_of(&l, 1, 150000, seed);
        risk_columns c = risk_run(&a, 16384, 2);
        double mean, se, sd = sqrt(2000 * 2e6);
        for (size_t t = 0; t < c.trials; t++) {
            double z = (c.total[t] - 2e6) / sd;
            c.total[t] = z * z * z - 3 * z; /* the mean's own error taken out */
        }
        mean_se(c.total, c.trials, &mean, &se);
        check_z("skewness of the approximation", mean, 3 / sqrt(4000.0), se);
        risk_free(&c);
    }
}

static void test_independence(void **state) {
    (void)state;
    xmc_attritional_line l[] = {{.name = "x",
                                 .frequency = 30,
                                 .dispersion = 3,
                                 .law = XMC_SEVERITY_PARETO,
                                 .p1 = 1000,
                                 .p2 = 1.8,
                                 .limit = 1e6},
                                {.name = "x",
                                 .region = 1,
                                 .frequency = 40000,
                                 .dispersion = 30,
                                 .law = XMC_SEVERITY_LOGNORMAL,
                                 .p1 = 8,
                                 .p2 = 1.5}};
    xmc_analysis a = analysis_of(l, 2, 20011, 7);
    risk_columns ref = risk_run(&a, 16384, 1);
    for (int threads = 1; threads <= 3; threads++)
        check_same_bits(&a, &ref, threads == 2 ? 32768 : 65536, threads);
    /* Lines in another order: the same totals. */
    xmc_attritional_line turned[] = {l[1], l[0]};
    xmc_analysis b = analysis_of(turned, 2, 20011, 7);
    risk_columns c = risk_run(&b, 16384, 2);
    assert_memory_equal(c.total, ref.total, c.trials * sizeof(double));
    risk_free(&c);
    /* Another seed: other losses. */
    a = analysis_of(l, 2, 20011, 8);
    c = risk_run(&a, 16384, 2);
    assert_string_not_equal(c.hash, ref.hash);
    risk_free(&c);
    risk_free(&ref);
}

static void expect_bad(xmc_attritional_line *l, size_t n, const char *text) {
    xmc_analysis a = analysis_of(l, n, 100, 1);
    check_refused(&a, XMC_RISK_ATTRITIONAL, text);
}

static void test_bad_input(void **state) {
    (void)state;
    xmc_attritional_line ok = {.name = "x",
                               .frequency = 3,
                               .dispersion = 1,
                               .law = XMC_SEVERITY_GAMMA,
                               .p1 = 2,
                               .p2 = 1000};
    xmc_attritional_line l[2] = {ok, ok};
    expect_bad(l, 2, "stands twice");
    l[0].p2 = -1;
    expect_bad(l, 1, "no severity law");
    l[0] = ok;
    l[0].dispersion = 0.5;
    expect_bad(l, 1, "dispersion");
    l[0] = ok;
    l[0].frequency = 1e4;
    l[0].dispersion = 1e4;
    expect_bad(l, 1, "dispersion");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_poisson_gamma),  cmocka_unit_test(test_poisson_lognormal),
        cmocka_unit_test(test_severity_table), cmocka_unit_test(test_paid_moments),
        cmocka_unit_test(test_split_moments),  cmocka_unit_test(test_split_distribution),
        cmocka_unit_test(test_split_skewness), cmocka_unit_test(test_independence),
        cmocka_unit_test(test_bad_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
