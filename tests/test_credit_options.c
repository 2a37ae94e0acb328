/* What a credit model may add, against closed forms and quadrature: Basel's correlations, region
 * factor and loading classes, retention, ceilings, exchange rates, losses given default that move
 * with the factors, migration (T18), CreditRisk+ (T11); and the path obligor by obligor against the
 * plain one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernels/dispatch.h"
#include "kernels/distributions.h"
#include "sim/credit_tail.h"
#include "sim/plan.h"
#include "sim/run.h"
#include "tests/credit_fixture.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_integration.h>
#include <gsl/gsl_randist.h>
#include <math.h>

enum { SEEDS = 5 };

static double integral(double (*f)(double, void *), void *of) {
    gsl_integration_workspace *w = gsl_integration_workspace_alloc(1000);
    gsl_function g = {f, of};
    double r, err;
    gsl_integration_qag(&g, -9, 9, 1e-13, 1e-10, 1000, GSL_INTEG_GAUSS61, w, &r, &err);
    gsl_integration_workspace_free(w);
    return r;
}

/* Both of two latent normals with correlation r below the quantiles of a and b. */
struct pair {
    double a, b, r;
};
static double pair_at(double z, void *v) {
    const struct pair *q = v;
    double s = sqrt(q->r), own = sqrt(1 - q->r);
    return gsl_cdf_ugaussian_P((gsl_cdf_ugaussian_Pinv(q->a) - s * z) / own) *
           gsl_cdf_ugaussian_P((gsl_cdf_ugaussian_Pinv(q->b) - s * z) / own) *
           gsl_ran_ugaussian_pdf(z);
}
static double both(double a, double b, double r) {
    struct pair q = {a, b, r};
    return integral(pair_at, &q);
}

/* Two obligors with probabilities a and b: the share of trials in which both default. */
static void check_pair(const char *what, fixture *f, double a, double b, double r) {
    f->obligors[0].probability = a;
    f->obligors[1].probability = b;
    risk_columns c = risk_run(&f->a, 16384, 2);
    check_exceedance(what, c.total, c.trials, 1.5, both(a, b, r));
    check_exceedance("either", c.total, c.trials, 0.5, a + b - both(a, b, r));
    risk_free(&c);
}

/* CRE31: R between 0.12 and 0.24, and between 0.03 and 0.16. */
static double basel(int corporate, double p) {
    double k = corporate ? 50 : 35, w = (1 - exp(-k * p)) / (1 - exp(-k));
    return corporate ? 0.12 * w + 0.24 * (1 - w) : 0.03 * w + 0.16 * (1 - w);
}

static void test_correlations(void **state) {
    (void)state;
    for (double p = 1e-4; p < 0.3; p *= 3) {
        assert_true(fabs(xmc_basel_correlation(XMC_CORRELATION_BASEL_CORPORATE, p) - basel(1, p)) <
                    1e-14);
        assert_true(fabs(xmc_basel_correlation(XMC_CORRELATION_BASEL_RETAIL_OTHER, p) -
                         basel(0, p)) < 1e-14);
    }
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        /* Corporate by the product; the mix shares R between world and country. */
        fixture f = set_up(2, 200000, seed, 0.0);
        bind(&f);
        f.a.credit.correlation[0] = XMC_CORRELATION_BASEL_CORPORATE;
        f.a.credit.global_share[0] = 0.6;
        f.a.credit.country_share[0] = 0.4;
        check_pair("Basel, one country", &f, 0.03, 0.03, basel(1, 0.03));
        f.obligors[1].country = 1;
        check_pair("Basel, two countries", &f, 0.03, 0.03, 0.6 * basel(1, 0.03));
        tear_down(&f);

        /* Retail by a class, for one of the two; correlations of the two meet as roots. */
        f = set_up(2, 200000, seed, 0.15);
        bind(&f);
        xmc_loading retail = {"retail", XMC_CORRELATION_BASEL_RETAIL_OTHER, 1, 0, 0, 0};
        f.a.credit.loading_classes = &retail;
        f.a.credit.n_loading_classes = 1;
        f.obligors[1].loading = 1;
        check_pair("a class beside the product", &f, 0.05, 0.1, sqrt(0.15 * basel(0, 0.1)));
        f.obligors[0].loading = 1;
        check_pair("the class", &f, 0.1, 0.1, basel(0, 0.1));
        tear_down(&f);

        /* Regions: two countries of one region, and one of another. */
        f = set_up(2, 200000, seed, 0.05);
        bind(&f);
        static const char *country_regions[] = {"south", "north"};
        f.a.credit.country_regions = country_regions;
        f.a.credit.n_country_regions = 2;
        f.a.credit.region_share[0] = 0.3;
        f.a.credit.country_share[0] = 0.1;
        f.countries[2].region = 1;
        f.obligors[1].country = 1;
        check_pair("one region", &f, 0.1, 0.1, 0.35);
        f.obligors[1].country = 2;
        check_pair("two regions", &f, 0.1, 0.1, 0.05);
        tear_down(&f);
    }
}

/* A ceiling that never binds sends the run down the path obligor by obligor: the same totals. */
static void test_paths_agree(void **state) {
    (void)state;
    fixture f = mixed(3000);
    risk_columns plain = risk_run(bind(&f), 16384, 2);
    f.countries[2].ceiling = 1e13;
    risk_columns detail = risk_run(&f.a, 16384, 2);
    assert_string_not_equal(plain.plan, detail.plan);
    for (size_t t = 0; t < plain.trials; t++)
        assert_true(plain.total[t] == detail.total[t]);
    /* Without policy terms nothing is shared out but transfer losses inside a segment. */
    for (int i = 0; i < 8; i++)
        f.policies[i].aggregate_limit = f.policies[i].aggregate_first_loss = 0;
    risk_free(&plain);
    risk_free(&detail);
    detail = risk_run(&f.a, 16384, 2);
    f.countries[2].ceiling = 0;
    plain = risk_run(&f.a, 16384, 2);
    for (size_t s = 0; s < plain.segments.n; s++)
        assert_memory_equal(plain.gross[s], detail.gross[s], plain.trials * sizeof(double));
    risk_free(&plain);
    risk_free(&detail);
    tear_down(&f);
}

/* Terms that act on each loss and on the countries, by hand in every trial. */
static void test_terms(void **state) {
    (void)state;
    fixture f = set_up(3, 100000, 3, 0.2);
    bind(&f);
    f.a.book.n_credit_policies = 2;
    f.policies[0].minimum_retention = 30;
    f.policies[1] = (xmc_credit_policy){.id = "P1", .cancelled_share = 0.25};
    /* Covered 90 % of 100: the insured bears 30, not 10. Of 1000: 10 % is more than 30. */
    f.obligors[0] = (xmc_obligor){
        .id = "A", .probability = 0.2, .exposure = 100, .covered = 0.9, .tenor_months = 12};
    f.obligors[1] = (xmc_obligor){
        .id = "B", .probability = 0.2, .exposure = 1000, .covered = 0.9, .tenor_months = 12};
    f.obligors[2] = (xmc_obligor){.id = "C",
                                  .policy = 1,
                                  .probability = 0.3,
                                  .exposure = 4000,
                                  .covered = 1,
                                  .region = 1,
                                  .tenor_months = 12};
    risk_columns c = risk_run(&f.a, 16384, 2);
    size_t seen[8] = {0};
    for (size_t t = 0; t < c.trials; t++) {
        double asia = c.gross[0][t];
        assert_true(asia == 0 || asia == 70 || asia == 900 || asia == 970);
        assert_true(c.gross[1][t] == 0 || c.gross[1][t] == 3000);
        seen[(asia == 70 || asia == 970) + 2 * (asia >= 900) + 4 * (c.gross[1][t] > 0)]++;
    }
    for (int i = 0; i < 8; i++)
        assert_true(seen[i] > 0);
    f.countries[0].ceiling = 3900.25;
    risk_columns capped = risk_run(&f.a, 16384, 2);
    for (size_t t = 0; t < c.trials; t++) {
        double want = c.total[t] < 3900.25 ? c.total[t] : 3900.25;
        assert_true(capped.total[t] == want);
        assert_true(capped.gross[1][t] <= c.gross[1][t] && capped.gross[0][t] <= c.gross[0][t]);
    }
    risk_free(&c);
    risk_free(&capped);
    tear_down(&f);
}

/* The claim of a receivable in foreign currency: E[M^k; default], the factor's mean moved by
 * k volatility correlation (Girsanov). */
static void test_exchange_rates(void **state) {
    (void)state;
    for (int k = 0; k < 3; k++)
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
            const double rho = 0.3, p = 0.1, vol = 0.25, corr = k == 0 ? 0 : k == 1 ? 0.6 : -0.4;
            fixture f = set_up(1, 200000, seed, rho);
            bind(&f);
            xmc_fx_factor usd = {"USD", vol, corr};
            f.a.credit.fx = &usd;
            f.a.credit.n_fx = 1;
            f.obligors[0].probability = p;
            f.obligors[0].exposure = 1e6;
            f.obligors[0].currency = 1;
            risk_columns c = risk_run(&f.a, 16384, 2);
            double q = gsl_cdf_ugaussian_Pinv(p), mean, se;
            mean_se(c.total, c.trials, &mean, &se);
            check_z("E[M; default]", mean / 1e6, gsl_cdf_ugaussian_P(q + sqrt(rho) * vol * corr),
                    se / 1e6);
            for (size_t t = 0; t < c.trials; t++)
                c.total[t] *= c.total[t] * 1e-12;
            mean_se(c.total, c.trials, &mean, &se);
            check_z("E[M^2; default]", mean,
                    exp(vol * vol) * gsl_cdf_ugaussian_P(q + 2 * sqrt(rho) * vol * corr), se);
            risk_free(&c);
            tear_down(&f);
        }
}

/* Loss given default with a systemic part: E[LGD^k; default] by quadrature over the factor. */
struct lgd {
    double rho, p, systemic, z;
    int k;
};
static double lgd_own(double e, void *v) {
    const struct lgd *q = v;
    double u = gsl_cdf_ugaussian_P(sqrt(q->systemic) * q->z + sqrt(1 - q->systemic) * e);
    return pow(gsl_cdf_beta_Pinv(u, 2.625, 2.625), q->k) * gsl_ran_ugaussian_pdf(e);
}
static double lgd_at(double z, void *v) {
    struct lgd q = *(struct lgd *)v;
    q.z = z; /* larger is worse: more defaults, larger losses */
    double x = (gsl_cdf_ugaussian_Pinv(q.p) + sqrt(q.rho) * z) / sqrt(1 - q.rho);
    double inner = 0;
    for (int i = -400; i <= 400; i++)
        inner += lgd_own(i * 0.02, &q) * 0.02;
    return gsl_cdf_ugaussian_P(x) * inner * gsl_ran_ugaussian_pdf(z);
}

static void test_systemic_losses(void **state) {
    (void)state;
    double want[2], independent = 0.1 * 0.5;
    for (int k = 1; k <= 2; k++) {
        struct lgd q = {0.3, 0.1, 0.5, 0, k};
        double sum = 0;
        for (int i = -160; i <= 160; i++)
            sum += lgd_at(i * 0.05, &q) * 0.05;
        want[k - 1] = sum;
    }
    assert_true(want[0] > 1.2 * independent);
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        fixture f = set_up(1, 200000, seed, 0.1);
        bind(&f);
        double systemic[3] = {0, 0, 0.5};
        f.a.credit.lgd_systemic = systemic;
        f.a.credit.country_share[0] = 0.12;
        f.a.credit.sector_share[0] = 0.08;
        f.obligors[0].probability = 0.1;
        f.obligors[0].exposure = 1e6;
        f.obligors[0].loss_class = 2;
        risk_columns c = risk_run(&f.a, 16384, 2);
        double mean, se;
        mean_se(c.total, c.trials, &mean, &se);
        check_z("E[LGD; default]", mean / 1e6, want[0], se / 1e6);
        for (size_t t = 0; t < c.trials; t++)
            c.total[t] *= c.total[t] * 1e-12;
        mean_se(c.total, c.trials, &mean, &se);
        check_z("E[LGD^2; default]", mean, want[1], se);
        risk_free(&c);
        tear_down(&f);
    }
}

/* Four states A, B, C, D (default). */
static const double matrix[3 * 4] = {0.90, 0.07, 0.02, 0.01, 0.05, 0.80,
                                     0.10, 0.05, 0.00, 0.10, 0.70, 0.20};
static double cumulative[4][12]; /* [state][years] of the matrix, by plain powers */

static void powers(void) {
    double m[4][4] = {{0}};
    for (int i = 0; i < 4; i++)
        m[i][i] = 1;
    for (int y = 0; y < 12; y++) {
        double next[4][4] = {{0}};
        for (int i = 0; i < 4; i++)
            cumulative[i][y] = m[i][3];
        for (int i = 0; i < 4; i++)
            for (int j = 0; j < 4; j++)
                for (int k = 0; k < 4; k++)
                    next[i][j] += (i < 3 ? matrix[4 * i + k] : k == 3) * m[k][j];
        memcpy(m, next, sizeof m);
    }
}

static fixture migrating(size_t n, uint64_t trials, uint64_t seed, double rho) {
    static const char *states[] = {"A", "B", "C", "D"};
    static uint32_t state_of[] = {0, 1, 2};
    static double shares[3 * 4];
    memcpy(shares, matrix, sizeof shares);
    fixture f = set_up(n, trials, seed, rho);
    f.a.credit.n_states = 4;
    f.a.credit.states = states;
    f.a.credit.migration = shares;
    f.a.credit.n_grades = 3;
    f.a.credit.grades = states;
    f.a.credit.grade_state = state_of;
    for (size_t i = 0; i < n; i++) {
        f.obligors[i].grade = 1 + (uint32_t)(i % 3);
        f.obligors[i].probability = matrix[4 * (i % 3) + 3];
        f.obligors[i].exposure = 1e6;
        f.obligors[i].tenor_months = 36; /* two years beyond the first */
    }
    return f;
}

/* T18: default within k years is (M^k)_{i,D}; the frequencies of the states are the matrix's, and
 * what is lost by a downgrade is the rise of the chance of default. */
static void test_migration(void **state) {
    (void)state;
    powers();
    /* By hand: two years from A: 0.01 + 0.9 x 0.01 + 0.07 x 0.05 + 0.02 x 0.2. */
    assert_true(fabs(cumulative[0][2] - (0.01 + 0.009 + 0.0035 + 0.004)) < 1e-15);
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        for (uint32_t i = 0; i < 2; i++) {
            fixture f = migrating(1, 200000, seed, 0.3);
            bind(&f);
            f.obligors[0].grade = 1 + i;
            f.obligors[0].probability = matrix[4 * i + 3];
            risk_columns c = risk_run(&f.a, 16384, 2);
            assert_int_equal(c.segments.n, 2);
            assert_string_equal(c.segments.segments[1].cause, "migration");
            check_exceedance("default", c.gross[0], c.trials, 0, matrix[4 * i + 3]);
            double mean, se, want = 0;
            for (uint32_t j = i + 1; j < 3; j++) {
                double loss = 1e6 * (cumulative[j][2] - cumulative[i][2]), sum = 0;
                for (uint32_t k = j; k < 3; k++)
                    sum += matrix[4 * i + k];
                check_exceedance("downgraded at least so far", c.gross[1], c.trials, loss - 1, sum);
                want += matrix[4 * i + j] * loss;
            }
            mean_se(c.gross[1], c.trials, &mean, &se);
            check_z("value lost", mean, want, se);
            for (size_t t = 0; t < c.trials; t++)
                assert_true(c.gross[0][t] == 0 || c.gross[1][t] == 0);
            risk_free(&c);
            tear_down(&f);
        }
        /* Two of state A: both downgraded or in default, through their latent variables. */
        fixture f = migrating(2, 200000, seed, 0.3);
        bind(&f);
        f.obligors[1].grade = 1;
        f.obligors[1].probability = f.obligors[0].probability;
        f.obligors[1].region = 1;
        risk_columns c = risk_run(&f.a, 16384, 2);
        size_t worse = 0;
        for (size_t t = 0; t < c.trials; t++)
            worse += (c.gross[0][t] + c.gross[1][t] > 0) && (c.gross[2][t] + c.gross[3][t] > 0);
        double want = both(0.1, 0.1, 0.3);
        check_z("two downgraded", (double)worse / (double)c.trials, want,
                sqrt(want * (1 - want) / (double)c.trials));
        risk_free(&c);
        tear_down(&f);
    }
    /* Short cover loses no value, and the years between are linear. */
    fixture f = migrating(3, 20000, 1, 0.1);
    bind(&f);
    f.obligors[0].tenor_months = 12;
    f.obligors[1].tenor_months = 12 + 18;
    f.obligors[2].tenor_months = 600;
    risk_columns c = risk_run(&f.a, 16384, 1);
    double low = 1e6 * (0.5 * (cumulative[2][1] + cumulative[2][2]) -
                        0.5 * (cumulative[1][1] + cumulative[1][2]));
    size_t seen = 0;
    for (size_t t = 0; t < c.trials; t++) {
        assert_true(c.gross[1][t] == 0 || fabs(c.gross[1][t] - low) < 0.1);
        seen += c.gross[1][t] > 0;
    }
    assert_true(seen > 0);
    risk_free(&c);
    tear_down(&f);
}

/* --- CreditRisk+ --- */

enum { POINTS = 8192 };

/* The exact distribution of the loss in units: G(z) = exp(sum_0) prod_k [1 - s_k^2 (Q_k(z) -
 * Q_k(1))]^(-1/s_k^2), by power series (log and exp of series). Q[k][v]: sum of w p of the units v;
 * k = 0 without gamma. */
static void exact_plus(size_t sectors_used, const double (*Q)[POINTS], const double *variance,
                       double *g) {
    static double log_g[POINTS], a[POINTS], b[POINTS];
    memset(log_g, 0, sizeof log_g);
    for (size_t k = 0; k < sectors_used; k++) {
        double mu = 0;
        for (size_t v = 0; v < POINTS; v++)
            mu += Q[k][v];
        if (k == 0) {
            for (size_t v = 0; v < POINTS; v++)
                log_g[v] += Q[k][v];
            log_g[0] -= mu;
            continue;
        }
        double s2 = variance[k];
        a[0] = 1 + s2 * mu - s2 * Q[k][0];
        for (size_t v = 1; v < POINTS; v++)
            a[v] = -s2 * Q[k][v];
        b[0] = log(a[0]);
        for (size_t n = 1; n < POINTS; n++) { /* n a_n = sum_{j=1..n} j b_j a_{n-j} */
            double sum = (double)n * a[n];
            for (size_t j = 1; j < n; j++)
                sum -= (double)j * b[j] * a[n - j];
            b[n] = sum / ((double)n * a[0]);
        }
        for (size_t v = 0; v < POINTS; v++)
            log_g[v] -= b[v] / s2;
    }
    g[0] = exp(log_g[0]);
    for (size_t n = 1; n < POINTS; n++) {
        double sum = 0;
        for (size_t j = 1; j <= n; j++)
            sum += (double)j * log_g[j] * g[n - j];
        g[n] = sum / (double)n;
    }
}

static void plus(fixture *f, double sector_weight, double *sector_variance, double country_weight,
                 double *country_variance) {
    f->a.credit.model = XMC_CREDIT_PLUS;
    f->a.credit.sector_weight = sector_weight;
    f->a.credit.country_weight = country_weight;
    f->a.credit.sector_variance = sector_variance;
    f->a.credit.country_variance = country_variance;
}

/* T11: one sector and unit exposures, a negative binomial with r = 2 and mean 10. */
static void test_plus_negative_binomial(void **state) {
    (void)state;
    static const double at[] = {8, 20, 35, 40, 50};
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        double variance[3] = {0.5, 0.5, 0.5};
        fixture f = set_up(100, 100000, seed, 0.1);
        bind(&f);
        plus(&f, 1, variance, 0, variance);
        for (size_t i = 0; i < 100; i++) {
            f.obligors[i].probability = 0.1;
            f.obligors[i].country = (uint32_t)(i % 3);
        }
        risk_columns c = risk_run(&f.a, 16384, 2);
        check_exceedance("P(D > 0)", c.total, c.trials, 0, 35.0 / 36);
        for (size_t k = 0; k < 5; k++)
            for (int d = -1; d <= 0; d++)
                check_exceedance("P(D > q)", c.total, c.trials, at[k] + d,
                                 gsl_cdf_negative_binomial_Q((unsigned)(at[k] + d), 1.0 / 6, 2));
        double mean, se;
        mean_se(c.total, c.trials, &mean, &se);
        check_z("mean", mean, 10, se);
        for (size_t t = 0; t < c.trials; t++)
            c.total[t] = (c.total[t] - 10) * (c.total[t] - 10);
        mean_se(c.total, c.trials, &mean, &se);
        check_z("variance", mean, 10 + 0.5 * 100, se);
        risk_free(&c);
        tear_down(&f);
    }
}

/* A book of uneven exposures, sectors and countries, part of it idiosyncratic, against the exact
 * distribution. Quantiles in the middle of the atoms between. */
static void test_plus_exact(void **state) {
    (void)state;
    enum { N = 40 };
    static double Q[7][POINTS], g[POINTS], variance[7];
    double sector_variance[3] = {0.4, 1.5, 0.8}, country_variance[3] = {0.6, 0.2, 3.0};
    const double ws = 0.5, wc = 0.3;
    memset(Q, 0, sizeof Q);
    for (int k = 0; k < 3; k++) {
        variance[1 + k] = sector_variance[k];
        variance[4 + k] = country_variance[k];
    }
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        fixture f = set_up(N, 200000, seed, 0.1);
        bind(&f);
        plus(&f, ws, sector_variance, wc, country_variance);
        for (uint32_t i = 0; i < N; i++) {
            xmc_obligor *o = &f.obligors[i];
            unsigned v = 1 + i * i % 23;
            o->sector = i % 3;
            o->country = i / 3 % 3;
            o->probability = 0.01 + 0.01 * (double)(i % 11);
            o->exposure = 64.0 * v;
            if (seed == 1) {
                Q[0][v] += (1 - ws - wc) * o->probability;
                Q[1 + o->sector][v] += ws * o->probability;
                Q[4 + o->country][v] += wc * o->probability;
            }
        }
        if (seed == 1)
            exact_plus(7, (const double(*)[POINTS])Q, variance, g);
        risk_columns c = risk_run(&f.a, 16384, 2);
        double tail = 1, below = 1e-9;
        for (size_t v = 0; v < POINTS && tail > 1e-4; v++) {
            tail -= g[v];
            if (1 - tail < below)
                continue;
            check_exceedance("P(L > x)", c.total, c.trials, 64.0 * (double)v, tail);
            below = 1 - 0.8 * tail;
        }
        risk_free(&c);
        tear_down(&f);
    }
}

/* The portfolio of 25 obligors of the CreditRisk+ demonstration, where its files lie beside the
 * checkout: exposure x lgd in units of 10,000 rounded up, probabilities scaled to keep the expected
 * loss. */
static void test_plus_portfolio(void **state) {
    (void)state;
    const char *folder = CROSSMC_SOURCE_DIR "/../shared/data/portfolio/";
    char path[600], line[256];
    double pd[9] = {0};
    snprintf(path, sizeof path, "%scsfp_rating_pd.csv", folder);
    FILE *file = fopen(path, "r");
    if (!file) {
        print_message("the CreditRisk+ portfolio does not lie beside the checkout: skipped\n");
        skip();
    }
    unsigned rating;
    while (fgets(line, sizeof line, file)) {
        double p, sd;
        if (sscanf(line, "%u,%lf,%lf", &rating, &p, &sd) == 3 && rating < 9)
            pd[rating] = p;
    }
    fclose(file);
    snprintf(path, sizeof path, "%scsfp_portfolio.csv", folder);
    file = fopen(path, "r");
    assert_non_null(file);
    fixture f = set_up(25, 200000, 1, 0.1);
    static double Q[4][POINTS], g[POINTS];
    memset(Q, 0, sizeof Q);
    size_t n = 0;
    double expected = 0;
    while (fgets(line, sizeof line, file)) {
        unsigned id;
        char name[40];
        double exposure, lgd, days, s[3];
        if (sscanf(line, "%u,%39[^,],%lf,%lf,%lf,%u,%lf,%lf,%lf", &id, name, &exposure, &lgd, &days,
                   &rating, &s[0], &s[1], &s[2]) != 9)
            continue;
        assert_true(n < 25 && rating < 9);
        xmc_obligor *o = &f.obligors[n++];
        double v = ceil(exposure * lgd / 1e4);
        o->sector = s[0] > 0 ? 0 : s[1] > 0 ? 1 : 2;
        o->probability = pd[rating] * exposure * lgd / (1e4 * v);
        o->exposure = 1e4 * v;
        expected += pd[rating] * exposure * lgd;
        Q[1 + o->sector][(size_t)v] += o->probability;
    }
    fclose(file);
    assert_int_equal(n, 25);
    const double variances[4] = {0, 0.5, 0.5, 0.5};
    exact_plus(4, (const double(*)[POINTS])Q, variances, g);
    /* Exact: expected loss, standard deviation, P(0), quantiles of T11. */
    static const double level[] = {.5, .9, .95, .99, .995, .999},
                        quantile[] = {3.07e6, 8.18e6, 10.05e6, 14.05e6, 15.68e6, 19.34e6};
    double mean = 0, square = 0, below = 0;
    size_t k = 0;
    for (size_t v = 0; v < POINTS; v++) {
        mean += 1e4 * (double)v * g[v];
        square += 1e8 * (double)v * (double)v * g[v];
        below += g[v];
        for (; k < 6 && below >= level[k]; k++)
            assert_true(fabs(1e4 * (double)v - quantile[k]) < 1);
    }
    assert_int_equal(k, 6);
    assert_true(fabs(expected - 3799788.72940) < 1e-4);
    assert_true(fabs(mean / 3799788.72940 - 1) < 1e-10);
    assert_true(fabs(sqrt(square - mean * mean) / 3227000.86759 - 1) < 1e-9);
    assert_true(fabs(g[0] / .0765098676580 - 1) < 1e-9);
    double sector_variance[3] = {0.5, 0.5, 0.5};
    bind(&f);
    plus(&f, 1, sector_variance, 0, sector_variance);
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        f.a.seeds[XMC_SEED_FACTORS] = 10 + seed;
        f.a.seeds[XMC_SEED_CREDIT] = 20 + seed;
        risk_columns c = risk_run(&f.a, 16384, 2);
        double sum = 0, got, se;
        size_t v = 0;
        for (k = 0; k < 6; k++) {
            for (; sum < level[k]; v++)
                sum += g[v];
            check_exceedance("T11 quantile", c.total, c.trials, quantile[k], 1 - sum);
        }
        check_exceedance("T11 P(L > 0)", c.total, c.trials, 0, 1 - .0765098676580);
        mean_se(c.total, c.trials, &got, &se);
        check_z("T11 expected loss", got, 3799788.72940, se);
        for (size_t t = 0; t < c.trials; t++)
            c.total[t] = (c.total[t] - 3799788.7294) * (c.total[t] - 3799788.7294) * 1e-12;
        mean_se(c.total, c.trials, &got, &se);
        check_z("T11 variance", got, 3.22700086759 * 3.22700086759, se);
        risk_free(&c);
    }
    tear_down(&f);
}

/* Everything at once: the same bits for any threads, blocks and order of the rows. */
static void everything(fixture *f, xmc_fx_factor *fx, double *systemic) {
    bind(f);
    static const char *states[] = {"A", "B", "C", "D"};
    static uint32_t state_of[] = {0, 1, 2};
    static double shares[12];
    memcpy(shares, matrix, sizeof shares);
    f->a.credit.n_states = 4;
    f->a.credit.states = f->a.credit.grades = states;
    f->a.credit.migration = shares;
    f->a.credit.n_grades = 3;
    f->a.credit.grade_state = state_of;
    f->a.credit.fx = fx;
    f->a.credit.n_fx = 2;
    f->a.credit.lgd_systemic = systemic;
    f->countries[1].ceiling = 5e6;
    for (uint32_t i = 0; i < f->a.book.n_obligors; i++) {
        xmc_obligor *o = &f->obligors[i];
        unsigned number = (unsigned)strtoul(o->id + 1, NULL, 10);
        o->grade = number % 4;
        o->currency = number / 4 % 3;
    }
    for (int i = 0; i < 8; i++)
        f->policies[i].minimum_retention = f->policies[i].id[1] % 3 ? 0 : 2e4;
}

static void test_independence(void **state) {
    (void)state;
    xmc_fx_factor fx[2] = {{"EUR", 0.1, 0.2}, {"USD", 0.05, -0.3}};
    double systemic[3] = {0, 0, 0.3};
    fixture f = mixed(2000), g = mixed(2000);
    turn(&g);
    f.a.trials = g.a.trials = 17001;
    everything(&f, fx, systemic);
    everything(&g, fx, systemic);
    risk_columns ref = risk_run(&f.a, 16384, 1);
    check_same_bits(&f.a, &ref, 32768, 3);
    const xmc_kernels *const *targets;
    for (size_t i = 0; i < xmc_kernels_available(&targets); i++) {
        assert_non_null(xmc_kernels_select(targets[i]->isa));
        check_same_bits(&g.a, &ref, 16384, 2); /* the rows turned round, too */
    }
    risk_free(&ref);
    tear_down(&f);
    tear_down(&g);
}

/* --- excess per buyer --- */

/* The whole table of a run, by column. */
typedef struct {
    size_t n_segments, n_treaties;
    double *gross[4], *net[4], *treaty[3], *risk_gross, *risk_ceded, *risk_net;
} table;

static xmc_status keep_block(void *context, const xmc_block *b, xmc_diag *d) {
    table *t = context;
    (void)d;
    for (size_t s = 0; s < t->n_segments; s++) {
        memcpy(t->gross[s] + b->first, b->segment_gross[s], b->n * sizeof(double));
        memcpy(t->net[s] + b->first, b->segment_net[s], b->n * sizeof(double));
    }
    for (size_t k = 0; k < t->n_treaties; k++)
        memcpy(t->treaty[k] + b->first, b->treaty[k], b->n * sizeof(double));
    memcpy(t->risk_gross + b->first, b->risk_gross[XMC_RISK_CREDIT], b->n * sizeof(double));
    memcpy(t->risk_ceded + b->first, b->risk_ceded[XMC_RISK_CREDIT], b->n * sizeof(double));
    memcpy(t->risk_net + b->first, b->risk_net[XMC_RISK_CREDIT], b->n * sizeof(double));
    return XMC_OK;
}

static double layer(double loss, double from, double width, double share) {
    double x = loss > from ? loss - from : 0;
    x = x < width ? x : width;
    return rint(share * x * 64) / 64;
}

static xmc_treaty per_buyer(const char *number, uint32_t priority, double from, double width,
                            double share) {
    return (xmc_treaty){.number = number,
                        .name = number,
                        .type = XMC_TREATY_PR,
                        .perils = ~UINT64_C(0),
                        .inuring_priority = priority,
                        .inception = INT32_MIN,
                        .expiry = INT32_MAX,
                        .placed = share,
                        .reinstatements = XMC_UNLIMITED,
                        .risk_level = XMC_LEVEL_ACC,
                        .risk_attachment = from,
                        .risk_limit = width};
}

/* Two buyers of one line, a segment each, and a borrower of another: two layers per buyer, then a
 * quota share of everything. */
static void test_excess_per_buyer(void **state) {
    (void)state;
    fixture f = set_up(3, 50000, 2, 0.2);
    bind(&f);
    f.a.book.n_credit_policies = 2;
    f.policies[1] = (xmc_credit_policy){.id = "P1", .lob = 1};
    for (uint32_t i = 0; i < 3; i++) {
        f.obligors[i].probability = 0.2;
        f.obligors[i].exposure = 1000.0 + 400.0 * i;
        f.obligors[i].region = i % 2;
        f.obligors[i].policy = i / 2;
        f.obligors[i].loss_class = 2; /* beta */
    }
    xmc_treaty treaties[3] = {per_buyer("B1", 1, 200, 300, 0.9), per_buyer("B2", 2, 150, 0, 0.5)};
    treaties[2] = (xmc_treaty){.number = "Q",
                               .name = "Q",
                               .type = XMC_TREATY_QS,
                               .perils = ~UINT64_C(0),
                               .inuring_priority = 3,
                               .inception = INT32_MIN,
                               .expiry = INT32_MAX,
                               .ceded = 0.3,
                               .placed = 1};
    xmc_treaty_scope scopes[3] = {{.treaty = 0, .account = UINT32_MAX, .lob = 0},
                                  {.treaty = 1, .account = UINT32_MAX, .lob = 0},
                                  {.treaty = 2, .account = UINT32_MAX, .lob = UINT32_MAX}};
    f.a.book.treaties = treaties;
    f.a.book.n_treaties = 3;
    f.a.book.scopes = scopes;
    f.a.book.n_scopes = 3;
    xmc_diag d;
    xmc_diag_init(&d);
    xmc_plan plan;
    xmc_status st = xmc_plan_build(&f.a, &(xmc_plan_options){16384, 2}, &plan, &d);
    xmc_diag_print(&d, stdout);
    assert_int_equal(st, XMC_OK);
    table t = {.n_segments = plan.segments.n, .n_treaties = 3};
    assert_int_equal(t.n_segments, 3);
    double *all = calloc(12 * f.a.trials, sizeof *all);
    for (size_t s = 0; s < 3; s++) {
        t.gross[s] = all + s * f.a.trials;
        t.net[s] = all + (3 + s) * f.a.trials;
        t.treaty[s] = all + (6 + s) * f.a.trials;
    }
    t.risk_gross = all + 9 * f.a.trials;
    t.risk_ceded = all + 10 * f.a.trials;
    t.risk_net = all + 11 * f.a.trials;
    xmc_run_times times;
    xmc_run_hooks hooks = {.write = keep_block, .write_context = &t};
    assert_int_equal(xmc_run_trials(&plan, &hooks, &times, &d), XMC_OK);
    size_t both = 0;
    for (size_t i = 0; i < f.a.trials; i++) {
        double paid[3] = {0}, net_all = 0, gross_all = 0;
        for (int s = 0; s < 3; s++) { /* ECI asia, ECI europe, GUA asia */
            double net = t.gross[s][i];
            gross_all += net;
            if (s < 2) {
                double x = layer(net, 200, 300, 0.9);
                paid[0] += x;
                net -= x;
                x = layer(net, 150, INFINITY, 0.5);
                paid[1] += x;
                net -= x;
                both += x > 0;
            }
            double q = rint(0.3 * net * 64) / 64;
            paid[2] += q;
            net -= q;
            assert_true(t.net[s][i] == net);
            net_all += net;
        }
        for (int k = 0; k < 3; k++)
            assert_true(t.treaty[k][i] == paid[k]);
        assert_true(t.risk_gross[i] == gross_all && t.risk_net[i] == net_all &&
                    t.risk_ceded[i] == gross_all - net_all);
    }
    assert_true(both > 1000);
    free(all);
    xmc_plan_free(&plan);
    /* After the quota share, or with terms of an occurrence: refused. */
    treaties[1].inuring_priority = 3;
    treaties[1].occ_limit = 10;
    assert_int_equal(xmc_plan_build(&f.a, &(xmc_plan_options){16384, 2}, &plan, &d), XMC_BAD_INPUT);
    size_t said = 0;
    for (size_t i = 0; i < d.n_messages; i++)
        said += strstr(d.messages[i].text, "a priority before that of treaty Q") ||
                strstr(d.messages[i].text, "RiskAttachment and RiskLimit alone");
    assert_int_equal(said, 2);
    xmc_plan_free(&plan);
    xmc_diag_free(&d);
    tear_down(&f);
}

/* --- contributions --- */

/* With every trial in the tail, an obligor's sum is its whole loss, and all of them together are
 * the trials' losses, exactly. */
static void check_contributions(const fixture *of) {
    fixture f = *of;
    risk_columns c = risk_run(&f.a, 16384, 2);
    xmc_run_shape shape = {16384, 2};
    xmc_segments segments = {0};
    xmc_credit *p;
    xmc_diag d;
    xmc_diag_init(&d);
    assert_int_equal(xmc_credit_plan(&f.a, &shape, &segments, &p, &d), XMC_OK);
    xmc_tail_trial *trials = calloc(c.trials, sizeof *trials);
    double want = 0, last = 0;
    for (size_t t = 0; t < c.trials; t++) {
        /* Set 0: all trials; set 1: every third, the last one of them as the quantile. */
        trials[t] = (xmc_tail_trial){t, 0.0, 1.0, (uint8_t)(1 | (t % 3 == 0) << 1), 0, 0};
        want += c.total[t];
        if (t % 3 == 0)
            last += c.total[t];
    }
    trials[0].above = 1;
    trials[0].equal = 2;
    const double share[XMC_TAIL_SETS] = {1, 1, 1, 1};
    xmc_credit_tail tail;
    assert_int_equal(xmc_credit_tail_run(p, &f.a, trials, c.trials, share, &tail, &d), XMC_OK);
    xmc_tail_i128 sum = 0, third = 0, equal = 0;
    for (size_t i = 0; i < 600; i++) {
        sum += tail.obligor[i].above[0];
        third += tail.obligor[i].above[1];
        equal += tail.obligor[i].equal[1];
    }
    assert_true((double)sum / XMC_TAIL_WEIGHT * f.a.loss_grid == want);
    assert_true((double)(third + equal) / XMC_TAIL_WEIGHT * f.a.loss_grid == last);
    assert_true((double)equal / XMC_TAIL_WEIGHT * f.a.loss_grid == c.total[0]);
    for (size_t k = 0; k < XMC_TAIL_GROUPS; k++) {
        xmc_tail_i128 all = 0;
        for (size_t i = tail.first[k]; i < tail.first[k + 1]; i++)
            all += tail.group[i].above[0];
        assert_true(all == sum);
    }
    /* Threads and the order of the trials cannot show. */
    for (size_t t = 0; t < c.trials / 2; t++) {
        xmc_tail_trial x = trials[t];
        trials[t] = trials[c.trials - 1 - t];
        trials[c.trials - 1 - t] = x;
    }
    xmc_credit_tail again;
    assert_int_equal(xmc_credit_tail_run(p, &f.a, trials, c.trials, share, &again, &d), XMC_OK);
    assert_memory_equal(tail.obligor, again.obligor, 600 * sizeof *tail.obligor);
    assert_memory_equal(tail.group, again.group, tail.first[XMC_TAIL_GROUPS] * sizeof *tail.group);
    xmc_credit_tail_free(&tail);
    xmc_credit_tail_free(&again);
    free(trials);
    xmc_credit_free(p);
    xmc_segments_free(&segments);
    xmc_diag_free(&d);
    risk_free(&c);
}

static void test_contributions(void **state) {
    (void)state;
    fixture f = mixed(600);
    f.a.trials = 16000;
    bind(&f);
    check_contributions(&f);
    /* The same of a run with every option, whose threads keep their work space. */
    xmc_fx_factor fx[2] = {{"EUR", 0.1, 0.2}, {"USD", 0.05, -0.3}};
    double systemic[3] = {0, 0, 0.3};
    everything(&f, fx, systemic);
    check_contributions(&f);
    tear_down(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_correlations),
        cmocka_unit_test(test_paths_agree),
        cmocka_unit_test(test_terms),
        cmocka_unit_test(test_exchange_rates),
        cmocka_unit_test(test_systemic_losses),
        cmocka_unit_test(test_migration),
        cmocka_unit_test(test_plus_negative_binomial),
        cmocka_unit_test(test_plus_exact),
        cmocka_unit_test(test_plus_portfolio),
        cmocka_unit_test(test_independence),
        cmocka_unit_test(test_excess_per_buyer),
        cmocka_unit_test(test_contributions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
