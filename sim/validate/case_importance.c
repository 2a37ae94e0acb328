/* T16: importance sampling of the credit factors. Weights of mean 1; a zero shift is the plain run;
 * a finite pool's exact tail and a book's exact mean under weights; limits that overlap those of
 * the plain run. */
#include "output/measures.h"
#include "sim/validate/credit_files.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { OBLIGORS = 600, EXPOSURE = 10000, POOL = 100, LARGE = 10000 };

typedef struct {
    const char *copula;
    double nu, global, country, sector;
    size_t obligors;
    bool pool; /* all alike: probability 1 %, exposure EXPOSURE */
} book;

static double probability_of(const book *b, size_t i) {
    static const double p[] = {0.002, 0.005, 0.01, 0.03};
    return b->pool ? 0.01 : p[i % 4];
}

static double exposure_of(const book *b, size_t i) {
    return b->pool ? EXPOSURE : 1000.0 * (double)(1 + i * 37 % 101);
}

static xmc_status write_book(xmc_case *c, const book *b) {
    static const char *const countries[] = {"CHN", "USA", "DEU"}, *const sectors[] = {"a", "b"};
    const size_t size = 96 * (b->obligors + 4);
    char *text = malloc(size);
    if (!text)
        return xmc_no_memory(c->diag, size, "a known-answer book");
    size_t used = (size_t)snprintf(text, size, "%s", xmc_credit_obligor_header);
    for (size_t i = 0; i < b->obligors; i++)
        used += (size_t)snprintf(
            text + used, size - used, "o%zu,P,%s,%s,CN,CNY,%.17g,1,%.17g,12,all,corporate\n", i + 1,
            countries[i % 3], sectors[i / 3 % 2], exposure_of(b, i), probability_of(b, i));
    xmc_status e = xmc_case_file(c, "obligors.csv", "%s", text);
    free(text);
    if (e == XMC_OK)
        e = xmc_credit_policy_files(c, "GUARANTEE", "guarantee", "financing");
    if (e == XMC_OK)
        e = xmc_case_file(
            c, "credit.yaml",
            "copula: %s\ndegrees_of_freedom: %g\nprobability_floor: 0.0001\nratings: {BBB: 0.01}\n"
            "sectors: [a, b]\ncountries:\n"
            "  - {code: CHN, oecd_class: 0, transfer_probability: 0}\n"
            "  - {code: USA, oecd_class: 0, transfer_probability: 0}\n"
            "  - {code: DEU, oecd_class: 0, transfer_probability: 0}\n"
            "loadings:\n  export: {global: 0.1, country: 0, sector: 0}\n"
            "  guarantee: {global: %.17g, country: %.17g, sector: %.17g}\nmacro_share: 0\n"
            "transfer: {loading: 0, loss_mean: 0.5, loss_sd: 0.1}\nloss_classes:\n"
            "  - {name: all, mean: 1, sd: 0}\n",
            b->copula, b->nu, b->global, b->country, b->sector);
    return e;
}

static xmc_status write_analysis(xmc_case *c, const char *importance) {
    return xmc_credit_analysis_file(c, "importance", importance);
}

/* Weight in the first half of the column, weight times loss (or what it is to be, 1 beyond `at`) in
 * the second. */
static xmc_status load_weighted(xmc_case *c, double at) {
    double *w = c->column + c->trials;
    xmc_status e = xmc_case_column(c, "weight", 0);
    if (e != XMC_OK)
        return e;
    memcpy(w, c->column, c->trials * sizeof *w);
    e = xmc_case_column(c, "credit_gross", 0);
    for (uint64_t t = 0; e == XMC_OK && t < c->trials; t++) {
        double x = isfinite(at) ? (c->column[t] > at ? 1.0 : 0.0) : c->column[t];
        c->column[t] = w[t] * x;
    }
    return e;
}

/* The book of check_book twisted: mean weight and mean loss. */
static xmc_status check_twisted(xmc_case *c, double expected) {
    xmc_check weight = {.what = "book twisted: mean weight", .expected = 1};
    xmc_check mean = {.what = "  weighted mean loss", .expected = expected};
    xmc_status e = write_analysis(c, "importance: {twist: yes}\n");
    bool bounded = true;
    for (unsigned seed = 0; seed < XMC_VALIDATE_SEEDS && e == XMC_OK; seed++) {
        e = xmc_case_run(c, seed, c->trials, 0, 0, NULL);
        if (e == XMC_OK)
            e = load_weighted(c, NAN);
        if (e != XMC_OK)
            break;
        xmc_check_mean(&weight, c->column + c->trials, c->trials);
        xmc_check_mean(&mean, c->column, c->trials);
        for (uint64_t t = 0; t < c->trials; t++)
            bounded = bounded && c->column[c->trials + t] <= 8;
    }
    if (e != XMC_OK)
        return e;
    xmc_check_print(c, &weight);
    xmc_check_print(c, &mean);
    xmc_case_exact(c, "  weights at most 8", bounded, "yes");
    char sha[2][65] = {"", ""};
    e = xmc_case_run(c, 0, 40000, 1, 16384, sha[0]);
    if (e == XMC_OK)
        e = xmc_case_run(c, 0, 40000, 2, 65536, sha[1]);
    if (e == XMC_OK)
        xmc_case_exact(c, "  same bits on 1 and 2 threads, other blocks",
                       strcmp(sha[0], sha[1]) == 0, "%.12s", sha[1]);
    return e;
}

static xmc_status check_book(xmc_case *c) {
    const book b = {.copula = "gaussian",
                    .nu = 10,
                    .global = 0.12,
                    .country = 0.05,
                    .sector = 0.03,
                    .obligors = OBLIGORS};
    double expected = 0;
    for (size_t i = 0; i < OBLIGORS; i++)
        expected += probability_of(&b, i) * exposure_of(&b, i);
    xmc_check weight = {.what = "book of 600: mean weight", .expected = 1};
    xmc_check mean = {.what = "  weighted mean loss", .expected = expected};
    static const char *const zero = "importance: {scale: 0}\n", *const shifted = "importance: {}\n";
    char sha[2][65] = {"", ""};
    xmc_status e = write_book(c, &b);
    for (int i = 0; i < 2 && e == XMC_OK; i++) {
        e = write_analysis(c, i ? zero : "");
        if (e == XMC_OK)
            e = xmc_case_run(c, 0, 20000, 0, 0, sha[i]);
    }
    if (e != XMC_OK)
        return e;
    xmc_case_exact(c, "  zero shift gives the plain run's bits", strcmp(sha[0], sha[1]) == 0,
                   "%.12s", sha[1]);
    bool overlap = true, bounded = true, reported = true;
    double ratio = 0;
    for (unsigned seed = 0; seed < XMC_VALIDATE_SEEDS && e == XMC_OK; seed++) {
        xmc_measures m[2] = {{0}, {0}};
        for (int i = 0; i < 2 && e == XMC_OK; i++) {
            e = write_analysis(c, i ? shifted : "");
            if (e == XMC_OK)
                e = xmc_case_run(c, seed, c->trials, 0, 0, NULL);
            if (e == XMC_OK)
                e = xmc_measures_read(c->results, &m[i], c->diag);
        }
        if (e == XMC_OK)
            e = load_weighted(c, NAN);
        if (e == XMC_OK) {
            xmc_check_mean(&weight, c->column + c->trials, c->trials);
            xmc_check_mean(&mean, c->column, c->trials);
            for (int q = XMC_Q99; q <= XMC_Q995; q++) {
                const xmc_measure_row *r[2] = {xmc_measures_row(&m[0], "credit_gross"),
                                               xmc_measures_row(&m[1], "credit_gross")};
                const xmc_estimate *v[2] = {&r[0]->var[q], &r[1]->var[q]},
                                   *t[2] = {&r[0]->tvar[q], &r[1]->tvar[q]};
                overlap = overlap && v[0]->lower <= v[1]->upper && v[1]->lower <= v[0]->upper &&
                          t[0]->lower <= t[1]->upper && t[1]->lower <= t[0]->upper;
                ratio += (v[0]->se / v[1]->se) * (v[0]->se / v[1]->se) / (2 * XMC_VALIDATE_SEEDS);
            }
            bounded = bounded && m[1].weights.largest <= 8;
            reported = reported && m[1].weighted && !m[0].weighted && m[1].weights.effective > 1 &&
                       m[1].weights.effective < (double)c->trials;
        }
        xmc_measures_free(&m[0]);
        xmc_measures_free(&m[1]);
    }
    if (e != XMC_OK)
        return e;
    xmc_check_print(c, &weight);
    xmc_check_print(c, &mean);
    xmc_case_exact(c, "  limits of VaR, TVaR overlap the plain ones", overlap, "99, 99.5 %%");
    xmc_case_exact(c, "  weights at most 8, effective size reported", bounded && reported, "yes");
    xmc_case_exact(c, "  variance of VaR cut", ratio > 2, "%.1f times", ratio);
    return check_twisted(c, expected);
}

/* P(D > at) of a pool of equal obligors, where an exact answer is known. */
static xmc_status check_pool(xmc_case *c, const book *b, const char *importance,
                             const char *const what[], const double *above, const double *exact,
                             int n) {
    xmc_check at[3];
    xmc_status e = write_book(c, b);
    if (e == XMC_OK)
        e = write_analysis(c, importance);
    for (int k = 0; k < n; k++)
        at[k] = (xmc_check){.what = what[k], .expected = exact[k]};
    for (unsigned seed = 0; seed < XMC_VALIDATE_SEEDS && e == XMC_OK; seed++) {
        e = xmc_case_run(c, seed, c->trials, 0, 0, NULL);
        for (int k = 0; k < n && e == XMC_OK; k++) {
            e = load_weighted(c, above[k] * EXPOSURE);
            if (e == XMC_OK)
                xmc_check_mean(&at[k], c->column, c->trials);
        }
    }
    for (int k = 0; k < n && e == XMC_OK; k++)
        xmc_check_print(c, &at[k]);
    return e;
}

xmc_status xmc_case_importance(xmc_case *c) {
    static const char *const shifted = "importance: {quantile: 0.995}\n",
                             *const twisting = "importance: {quantile: 0.995, twist: yes}\n";
    static const char *const finite[] = {"100 obligors, PD 1 %, r 0.2: P(D > 10)", "  P(D > 15)"};
    static const char *const twisted[] = {"the same, twisted: P(D > 0)", "  P(D > 10)",
                                          "  P(D > 15)"};
    static const char *const student[] = {"10,000 obligors, t4: P(L > .193919852)",
                                          "  P(L > .268627757)", "  P(L > .441808078)"};
    static const double beyond[] = {1 - .568092515575, 1 - .994751071665, 1 - .99880993534};
    const book small = {
        .copula = "gaussian", .nu = 10, .global = 0.2, .obligors = POOL, .pool = true};
    const book large = {
        .copula = "student", .nu = 4, .global = 0.2, .obligors = LARGE, .pool = true};
    xmc_status e = check_book(c);
    if (e == XMC_OK)
        e = check_pool(c, &small, shifted, finite, (const double[]){10, 15}, beyond + 1, 2);
    if (e == XMC_OK)
        e = check_pool(c, &small, twisting, twisted, (const double[]){0, 10, 15}, beyond, 3);
    if (e == XMC_OK)
        e = check_pool(c, &large, shifted, student,
                       (const double[]){1939.19852253, 2686.2775698, 4418.08078358},
                       (const double[]){0.01, 0.005, 0.001}, 3);
    return e;
}
