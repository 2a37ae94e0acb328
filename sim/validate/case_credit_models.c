/* T11: CreditRisk+ against a negative binomial and against the exact distribution of an uneven book
 * by power series. T18: rating migration against powers of the matrix. */
#include "sim/validate/credit_files.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static xmc_status write_common(xmc_case *c) {
    xmc_status e = xmc_credit_policy_files(c, "EXPORT", "export_credit", "credit");
    return e == XMC_OK ? xmc_credit_analysis_file(c, "credit models", "") : e;
}

/* --- CreditRisk+ --- */

enum { POINTS = 4096, LARGEST = 100, UNIT = 64 };

typedef struct {
    unsigned units, sector, country;
    double probability;
} obligor;

typedef struct {
    size_t n;
    obligor obligors[LARGEST];
    double sector_weight, country_weight, sector_variance[3], country_variance[2];
} plus_book;

static xmc_status write_plus(xmc_case *c, const plus_book *b) {
    static const char *const country[] = {"USA", "BRA"};
    char text[LARGEST * 80 + 200];
    size_t used = (size_t)snprintf(text, sizeof text,
                                   "obligor_id,policy_id,country,sector,region,currency,exposure,"
                                   "covered_share,probability,loss_class\n");
    for (size_t i = 0; i < b->n; i++)
        used += (size_t)snprintf(text + used, sizeof text - used,
                                 "B%zu,P,%s,S%u,all,CNY,%u,1,%.17g,all\n", i,
                                 country[b->obligors[i].country], b->obligors[i].sector,
                                 UNIT * b->obligors[i].units, b->obligors[i].probability);
    xmc_status e = write_common(c);
    if (e == XMC_OK)
        e = xmc_case_file(c, "obligors.csv", "%s", text);
    if (e == XMC_OK)
        e = xmc_case_file(
            c, "credit.yaml",
            "model: creditrisk_plus\ncreditrisk_plus:\n  sector_weight: %.17g\n"
            "  country_weight: %.17g\n  variances:\n    - {name: S0, variance: %.17g}\n"
            "    - {name: S1, variance: %.17g}\n    - {name: S2, variance: %.17g}\n"
            "    - {name: USA, variance: %.17g}\n    - {name: BRA, variance: %.17g}\n"
            "copula: gaussian\nsectors: [S0, S1, S2]\ncountries:\n"
            "  - {code: USA, oecd_class: 0, transfer_probability: 0}\n"
            "  - {code: BRA, oecd_class: 4, transfer_probability: 0}\n"
            "loadings: {export: {global: 0.1, country: 0, sector: 0}}\n"
            "loss_classes:\n  - {name: all, mean: 1, sd: 0}\n",
            b->sector_weight, b->country_weight, b->sector_variance[0], b->sector_variance[1],
            b->sector_variance[2], b->country_variance[0], b->country_variance[1]);
    return e;
}

/* log G(z) of CreditRisk+ as a power series: a Poisson part, and for each gamma variable
 * -1/s^2 log(1 - s^2 (Q(z) - Q(1))); then G = exp of it. Both from f' = f (log f)'. */
static void exact_plus(const plus_book *b, double *g) {
    static double log_g[POINTS], a[POINTS], l[POINTS];
    memset(log_g, 0, sizeof log_g);
    for (unsigned k = 0; k < 6; k++) {
        double mu = 0, s2 = k == 0  ? 0
                            : k < 4 ? b->sector_variance[k - 1]
                                    : b->country_variance[k - 4];
        memset(a, 0, sizeof a);
        for (size_t i = 0; i < b->n; i++) {
            const obligor *o = &b->obligors[i];
            double w = k == 0  ? 1 - b->sector_weight - b->country_weight
                       : k < 4 ? (o->sector == k - 1 ? b->sector_weight : 0)
                               : (o->country == k - 4 ? b->country_weight : 0);
            a[o->units] += w * o->probability;
            mu += w * o->probability;
        }
        if (k == 0) {
            for (size_t v = 0; v < POINTS; v++)
                log_g[v] += a[v];
            log_g[0] -= mu;
            continue;
        }
        for (size_t v = 0; v < POINTS; v++)
            a[v] *= -s2;
        a[0] += 1 + s2 * mu;
        l[0] = log(a[0]);
        for (size_t n = 1; n < POINTS; n++) {
            double sum = (double)n * a[n];
            for (size_t j = n > LARGEST ? n - LARGEST : 1; j < n; j++)
                sum -= (double)j * l[j] * a[n - j];
            l[n] = sum / ((double)n * a[0]);
        }
        for (size_t v = 0; v < POINTS; v++)
            log_g[v] -= l[v] / s2;
    }
    g[0] = exp(log_g[0]);
    for (size_t n = 1; n < POINTS; n++) {
        double sum = 0;
        for (size_t j = 1; j <= n; j++)
            sum += (double)j * log_g[j] * g[n - j];
        g[n] = sum / (double)n;
    }
}

enum { PLACES = 6 };

/* The book's distribution at the given cumulated units, its mean and its second moment. */
static xmc_status check_plus(xmc_case *c, const plus_book *b, const char *title,
                             const double at[PLACES], const double below[PLACES], double mean,
                             double square) {
    char what[PLACES + 2][64];
    xmc_check m = {.what = what[0], .expected = mean}, s = {.what = what[1], .expected = square};
    xmc_check p[PLACES];
    snprintf(what[0], sizeof what[0], "%s: mean", title);
    snprintf(what[1], sizeof what[1], "  second moment");
    for (int k = 0; k < PLACES; k++) {
        snprintf(what[2 + k], sizeof what[0], "  P(L <= %.9g)", at[k]);
        p[k] = (xmc_check){.what = what[2 + k], .expected = below[k]};
    }
    xmc_status e = write_plus(c, b);
    if (e != XMC_OK)
        return e;
    return xmc_credit_check_law(c, &(xmc_credit_law){UNIT, PLACES, at, &m, &s, p});
}

xmc_status xmc_case_credit_plus(xmc_case *c) {
    /* One sector, 100 obligors of one unit, p = 0.1, variance 1/2: negative binomial with r = 2,
     * mean 10, P(0) = 1/36, P(D = k) = (k + 1) / 36 (5/6)^k; quantiles 8, 20, 35, 40, 50. */
    static plus_book b;
    double at[PLACES] = {0, 8, 20, 35, 40, 50}, below[PLACES];
    b = (plus_book){
        .n = 100, .sector_weight = 1, .sector_variance = {.5, .5, .5}, .country_variance = {1, 1}};
    for (size_t i = 0; i < b.n; i++)
        b.obligors[i] = (obligor){1, 0, (unsigned)(i % 2), .1};
    for (int k = 0; k < PLACES; k++) {
        double sum = 0;
        for (int j = 0; j <= (int)at[k]; j++)
            sum += (j + 1) / 36. * pow(5. / 6, j);
        below[k] = sum;
    }
    xmc_status e = check_plus(c, &b, "one gamma, equal obligors", at, below, 10, 10 + 50 + 100);
    if (e != XMC_OK)
        return e;
    /* Three sectors, two countries and an idiosyncratic part, exposures of 1 to 23 units. */
    static double g[POINTS];
    b = (plus_book){.n = 60,
                    .sector_weight = .5,
                    .country_weight = .3,
                    .sector_variance = {.4, 1.5, .8},
                    .country_variance = {.6, 2}};
    for (unsigned i = 0; i < b.n; i++)
        b.obligors[i] = (obligor){1 + i * i % 23, i % 3, i / 3 % 2, .005 + .005 * (double)(i % 11)};
    exact_plus(&b, g);
    static const double level[PLACES] = {.5, .9, .95, .99, .995, .999};
    double mean = 0, square = 0, sum = 0;
    int k = 0;
    for (size_t v = 0; v < POINTS; v++) {
        mean += (double)v * g[v];
        square += (double)v * (double)v * g[v];
        sum += g[v];
        for (; k < PLACES && sum >= level[k]; k++) {
            at[k] = (double)v;
            below[k] = sum;
        }
    }
    return check_plus(c, &b, "five gammas, uneven obligors", at, below, mean, square);
}

/* --- migration --- */

enum { STATES = 8, RATED = 7, EACH = 200, YEARS = 3 };
static const char *const states[STATES] = {"AAA", "AA", "A", "BBB", "BB", "B", "CCC", "D"};
/* S&P's global corporate average one-year transitions 1981 to 2016, percent, as published: without
 * the withdrawn ratings the rows do not sum to one. */
static const double transitions[RATED][STATES] = {
    {87.05, 9.03, 0.53, 0.05, 0.08, 0.03, 0.05, 0.0},
    {0.52, 86.82, 8.0, 0.51, 0.05, 0.07, 0.02, 0.02},
    {0.03, 1.77, 87.79, 5.33, 0.32, 0.13, 0.02, 0.06},
    {0.01, 0.1, 3.51, 85.56, 3.79, 0.51, 0.12, 0.18},
    {0.01, 0.03, 0.12, 4.97, 76.98, 6.92, 0.61, 0.72},
    {0.0, 0.03, 0.09, 0.19, 5.15, 74.26, 4.46, 3.76},
    {0.0, 0.0, 0.13, 0.19, 0.63, 12.91, 43.97, 26.78}};

static xmc_status write_migration(xmc_case *c, double m[STATES][STATES]) {
    char matrix[1200] = "", ratings[400] = "";
    size_t used = 0, r = 0;
    for (int i = 0; i < RATED; i++) {
        used += (size_t)snprintf(matrix + used, sizeof matrix - used, "    - [");
        for (int j = 0; j < STATES; j++)
            used += (size_t)snprintf(matrix + used, sizeof matrix - used, "%s%.6g", j ? ", " : "",
                                     transitions[i][j] / 100);
        used += (size_t)snprintf(matrix + used, sizeof matrix - used, "]\n");
        r += (size_t)snprintf(ratings + r, sizeof ratings - r, "%s%s: %.17g", i ? ", " : "",
                              states[i], m[i][STATES - 1]);
    }
    size_t size = RATED * EACH * 64 + 200, at = 0;
    char *text = malloc(size);
    if (!text)
        return xmc_no_memory(c->diag, size, "a known-answer pool");
    at += (size_t)snprintf(text, size,
                           "obligor_id,policy_id,country,sector,region,currency,exposure,"
                           "covered_share,rating,tenor_months,loss_class\n");
    for (int i = 0; i < RATED; i++)
        for (int k = 0; k < EACH; k++)
            at +=
                (size_t)snprintf(text + at, size - at, "%s%d,P,USA,all,%s,CNY,10000,1,%s,%d,all\n",
                                 states[i], k, states[i], states[i], 12 * (1 + YEARS));
    xmc_status e = write_common(c);
    if (e == XMC_OK)
        e = xmc_case_file(c, "obligors.csv", "%s", text);
    free(text);
    if (e == XMC_OK)
        e = xmc_case_file(c, "credit.yaml",
                          "copula: gaussian\nprobability_floor: 1e-9\nratings: {%s}\n"
                          "sectors: [all]\ncountries:\n"
                          "  - {code: USA, oecd_class: 0, transfer_probability: 0}\n"
                          "loadings: {export: {global: 0.1, country: 0, sector: 0}}\n"
                          "loss_classes:\n  - {name: all, mean: 1, sd: 0}\nmigration:\n"
                          "  states: [AAA, AA, A, BBB, BB, B, CCC, D]\n  matrix:\n%s",
                          ratings, matrix);
    return e;
}

/* Whether loading the case's analysis warns of the rows. */
static bool names_rows(xmc_case *c) {
    char path[600];
    xmc_analysis a = {0};
    xmc_diag diag;
    bool warned = false;
    snprintf(path, sizeof path, "%s/analysis.yaml", c->folder);
    xmc_diag_init(&diag);
    if (xmc_analysis_load(path, &a, &diag) == XMC_OK)
        for (size_t i = 0; i < diag.n_messages; i++)
            warned = warned || (strstr(diag.messages[i].text, "do not sum to one") &&
                                strstr(diag.messages[i].text, "AAA (0.9682)") &&
                                strstr(diag.messages[i].text, "CCC (0.8461)"));
    xmc_analysis_free(&a);
    xmc_diag_free(&diag);
    return warned;
}

xmc_status xmc_case_migration(xmc_case *c) {
    double m[STATES][STATES] = {{0}}, power[STATES][STATES] = {{0}}, next[STATES][STATES];
    for (int i = 0; i < STATES; i++) {
        double sum = 0;
        for (int j = 0; j < STATES && i < RATED; j++)
            sum += transitions[i][j];
        for (int j = 0; j < STATES; j++)
            m[i][j] = i < RATED ? transitions[i][j] / sum : j == i;
        power[i][i] = 1;
    }
    for (int y = 0; y < YEARS; y++) {
        for (int i = 0; i < STATES; i++)
            for (int j = 0; j < STATES; j++) {
                next[i][j] = 0;
                for (int k = 0; k < STATES; k++)
                    next[i][j] += m[i][k] * power[k][j];
            }
        memcpy(power, next, sizeof power);
    }
    char what[2 * RATED][64];
    xmc_check k[2 * RATED];
    for (int i = 0; i < RATED; i++) {
        double lost = 0;
        for (int j = i + 1; j < RATED; j++)
            lost += m[i][j] * (power[j][STATES - 1] > power[i][STATES - 1]
                                   ? power[j][STATES - 1] - power[i][STATES - 1]
                                   : 0);
        snprintf(what[2 * i], sizeof what[0], "%s: default within the year", states[i]);
        snprintf(what[2 * i + 1], sizeof what[0], "  value lost by downgrades, %d years", YEARS);
        k[2 * i] = (xmc_check){.what = what[2 * i], .expected = m[i][STATES - 1]};
        k[2 * i + 1] = (xmc_check){.what = what[2 * i + 1], .expected = lost};
    }
    xmc_status e = write_migration(c, m);
    for (unsigned seed = 0; seed < XMC_VALIDATE_SEEDS && e == XMC_OK; seed++) {
        if ((e = xmc_case_run(c, seed, c->trials, 0, 0, NULL)) != XMC_OK)
            break;
        for (size_t s = 0; s < xmc_results_n_segments(c->results) && e == XMC_OK; s++) {
            const xmc_segment *g = xmc_results_segment(c->results, s);
            int i = 0;
            while (i < RATED && strcmp(g->region, states[i]) != 0)
                i++;
            bool migration = strcmp(g->cause, "migration") == 0;
            if (i == RATED || (migration && i == RATED - 1))
                continue;
            e = xmc_case_column(c, "segment_gross", s);
            for (uint64_t t = 0; t < c->trials && e == XMC_OK; t++)
                c->column[t] /= 10000. * EACH;
            if (e == XMC_OK)
                xmc_check_mean(&k[2 * i + migration], c->column, c->trials);
        }
    }
    if (e != XMC_OK)
        return e;
    xmc_case_exact(c, "rows that do not sum to one are named", names_rows(c), "%s", "a warning");
    for (int i = 0; i < 2 * RATED - 1; i++)
        if (k[i].n && k[i].expected > 0)
            xmc_check_print(c, &k[i]);
    return XMC_OK;
}
