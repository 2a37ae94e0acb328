/* T7 to T10: the beta law of a loss given default; homogeneous pools under one-factor copulas:
 * large pools have Vasicek's law, small ones a mixed binomial. */
#include "sim/validate/credit_files.h"

#include <stdlib.h>

enum { EXPOSURE = 10000 };

typedef struct {
    size_t obligors;
    double probability, correlation, degrees_of_freedom; /* 0 = Gaussian */
    double exposure;                                     /* of each, 0 = EXPOSURE */
    double loss_mean, loss_sd; /* given default, of the exposure; 0 = all of it */
} pool;

static xmc_status write_obligors(xmc_case *c, const pool *p) {
    size_t size = 96 * (p->obligors + 4);
    char *text = malloc(size);
    if (!text)
        return xmc_no_memory(c->diag, size, "a known-answer pool");
    size_t used = (size_t)snprintf(text, size, "%s", xmc_credit_obligor_header);
    for (size_t i = 0; i < p->obligors; i++)
        used += (size_t)snprintf(text + used, size - used,
                                 "o%zu,P,CHN,all,CN,CNY,%.17g,1,%.17g,12,all,corporate\n", i + 1,
                                 p->exposure > 0 ? p->exposure : EXPOSURE, p->probability);
    xmc_status e = xmc_case_file(c, "obligors.csv", "%s", text);
    free(text);
    return e;
}

static xmc_status write_files(xmc_case *c, const pool *p) {
    xmc_status e = write_obligors(c, p);
    if (e == XMC_OK)
        e = xmc_credit_policy_files(c, "GUARANTEE", "guarantee", "financing");
    if (e == XMC_OK)
        e = xmc_case_file(c, "credit.yaml",
                          "copula: %s\ndegrees_of_freedom: %g\nprobability_floor: 0.0001\nratings: "
                          "{BBB: 0.01}\nsectors: [all]\n"
                          "countries:\n  - {code: CHN, oecd_class: 0, transfer_probability: 0}\n"
                          "loadings:\n  export: {global: %.17g, country: 0, sector: 0}\n"
                          "  guarantee: {global: %.17g, country: 0, sector: 0}\nmacro_share: 0\n"
                          "transfer: {loading: 0, loss_mean: 0.5, loss_sd: 0.1}\nloss_classes:\n  "
                          "- {name: all, mean: %.17g, sd: %.17g}\n",
                          p->degrees_of_freedom > 0 ? "student" : "gaussian",
                          p->degrees_of_freedom > 0 ? p->degrees_of_freedom : 10, p->correlation,
                          p->correlation, p->loss_mean > 0 ? p->loss_mean : 1, p->loss_sd);
    if (e == XMC_OK)
        e = xmc_credit_analysis_file(c, "pool", "");
    return e;
}

/* Runs the pool and leaves the number of defaults per trial in the column, seed by seed. */
static xmc_status run_pool(xmc_case *c, unsigned seed) {
    xmc_status e = xmc_case_run(c, seed, c->trials, 0, 0, NULL);
    if (e == XMC_OK)
        e = xmc_case_column(c, "credit_gross", 0);
    for (uint64_t t = 0; t < c->trials && e == XMC_OK; t++)
        c->column[t] /= EXPOSURE;
    return e;
}

typedef struct {
    pool pool;
    double mean_square; /* E[L^2] of the loss share in the infinite pool, 0 = not checked */
    double quantile[3]; /* 99, 99.5, 99.9 % of the loss share in the infinite pool */
} large_pool;

static xmc_status check_large(xmc_case *c, const large_pool *l) {
    static const double level[] = {.99, .995, .999};
    const double m = (double)l->pool.obligors;
    char what[5][64];
    xmc_check mean = {.what = what[0], .expected = l->pool.probability};
    /* E[D^2] of m obligors that default together two by two with probability E[L^2]. */
    xmc_check square = {.what = what[1],
                        .expected = l->mean_square * (1 - 1 / m) + l->pool.probability / m};
    xmc_check at[3];
    snprintf(what[0], sizeof what[0], "PD %g, r %g%s: mean loss share", l->pool.probability,
             l->pool.correlation,
             l->pool.degrees_of_freedom > 0 ? l->pool.degrees_of_freedom > 5 ? ", t10" : ", t4"
                                            : "");
    snprintf(what[1], sizeof what[1], "  second moment");
    for (int k = 0; k < 3; k++) {
        snprintf(what[2 + k], sizeof what[0], "  P(L <= %.9g)", l->quantile[k]);
        at[k] = (xmc_check){.what = what[2 + k], .expected = level[k]};
    }
    xmc_status e = write_files(c, &l->pool);
    if (e != XMC_OK)
        return e;
    return xmc_credit_check_law(c, &(xmc_credit_law){.unit = EXPOSURE * m,
                                                     .n = 3,
                                                     .place = l->quantile,
                                                     .mean = &mean,
                                                     .square = l->mean_square > 0 ? &square : NULL,
                                                     .at = at});
}

/* 100 obligors, PD 1 %, r 0.2, Gaussian: the distribution of the number of defaults. */
static xmc_status check_finite(xmc_case *c) {
    static const double p[] = {.568092515575, .213058856532, .0956111188175, .048853958532};
    enum { N = 7 };
    const double at[N] = {0, 1, 2, 3, 10, 15, 0};
    const double expected[N] = {
        p[0],          p[0] + p[1],  p[0] + p[1] + p[2], p[0] + p[1] + p[2] + p[3],
        .994751071665, .99880993534, 3.38917179073e-4};
    char what[N][64];
    xmc_check k[N];
    for (int i = 0; i < N; i++) {
        snprintf(what[i], sizeof what[0], "100 obligors: P(D <= %g)", at[i]);
        k[i] = (xmc_check){.what = what[i], .expected = expected[i]};
    }
    k[N - 1].what = "100 obligors: joint default of a pair";
    pool small = {.obligors = 100, .probability = .01, .correlation = .2};
    xmc_status e = write_files(c, &small);
    for (unsigned seed = 0; seed < XMC_VALIDATE_SEEDS && e == XMC_OK; seed++) {
        if ((e = run_pool(c, seed)) != XMC_OK)
            break;
        for (int i = 0; i < N - 1; i++)
            xmc_check_at_most(&k[i], c->column, c->trials, at[i]);
        for (uint64_t t = 0; t < c->trials; t++)
            c->column[t] *= (c->column[t] - 1) / (100. * 99);
        xmc_check_mean(&k[N - 1], c->column, c->trials);
    }
    for (int i = 0; i < N && e == XMC_OK; i++)
        xmc_check_print(c, &k[i]);
    return e;
}

/* T7: beta from mean 0.005 and coefficient of variation 1.4: alpha 0.502653061224, beta
 * 100.027959184; quantiles at 50, 90, 99 % by SciPy. One obligor that defaults every other year, at
 * an exposure that makes the loss grid fine. */
static xmc_status check_beta(xmc_case *c) {
    enum { N = 3 };
    static const double level[N] = {.5, .9, .99},
                        quantile[N] = {.00229989992948, .0135222763171, .0327783500261};
    const pool one = {.obligors = 1,
                      .probability = .5,
                      .exposure = 1e8,
                      .loss_mean = .005,
                      .loss_sd = .005 * 1.4};
    char what[N][64];
    xmc_check mean = {.what = "beta, mean 0.005, cv 1.4: mean loss share", .expected = .5 * .005};
    xmc_check square = {.what = "  second moment", .expected = .5 * .005 * .005 * (1 + 1.4 * 1.4)};
    xmc_check at[N];
    for (int k = 0; k < N; k++) {
        snprintf(what[k], sizeof what[0], "  P(L <= %.9g)", quantile[k]);
        at[k] = (xmc_check){.what = what[k], .expected = .5 + .5 * level[k]};
    }
    xmc_status e = write_files(c, &one);
    if (e != XMC_OK)
        return e;
    return xmc_credit_check_law(c,
                                &(xmc_credit_law){one.exposure, N, quantile, &mean, &square, at});
}

xmc_status xmc_case_credit_pool(xmc_case *c) {
    /* E[L^2] = sd^2 + PD^2. */
    static const large_pool pools[] = {
        {{.obligors = 20000, .probability = .01, .correlation = .12},
         .0108210942002 * .0108210942002 + 1e-4,
         {.0525265921288, .0631685285375, .0903258313261}},
        {{.obligors = 20000, .probability = .01, .correlation = .20},
         .0154569459814 * .0154569459814 + 1e-4,
         {.0752507894355, .0945878785407, .145525266131}},
        {{.obligors = 20000, .probability = .03, .correlation = .15},
         .0299278510266 * .0299278510266 + 9e-4,
         {.143948687389, .169045914751, .229089151804}},
    };
    xmc_status e = check_beta(c);
    for (int i = 0; i < 3 && e == XMC_OK; i++)
        e = check_large(c, &pools[i]);
    return e == XMC_OK ? check_finite(c) : e;
}

xmc_status xmc_case_credit_student(xmc_case *c) {
    static const large_pool pools[] = {
        {{.obligors = 20000, .probability = .01, .correlation = .20, .degrees_of_freedom = 4},
         1.535073802e-3,
         {.193919852253, .26862775698, .441808078358}},
        {{.obligors = 20000, .probability = .01, .correlation = .20, .degrees_of_freedom = 10},
         0,
         {.129453352487, .17322191146, .286822779145}},
    };
    xmc_status e = check_large(c, &pools[0]);
    return e == XMC_OK ? check_large(c, &pools[1]) : e;
}
