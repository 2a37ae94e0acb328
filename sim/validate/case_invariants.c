/* T17: what must hold exactly in every trial, and what must not change the bits. */
#include "output/measures.h"
#include "sim/validate/invariants_files.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Of 16,384: five blocks, of 32,768: three, of 65,536: two. */
enum { TRIALS = 70000, COLUMNS = 5 };

typedef struct {
    xmc_case *c;
    size_t n;
    double *column[COLUMNS]; /* [n] each */
} bench;

static const xmc_invariant_files plain = {.scale = 1};

static xmc_status column(bench *b, const char *name, size_t row, int to) {
    return xmc_results_column(b->c->results, name, row, b->column[to], b->c->diag);
}

static xmc_status run(bench *b, const xmc_invariant_files *v, uint64_t seed, int threads,
                      uint32_t block, char sha256[65]) {
    xmc_status e = xmc_invariants_vary(b->c, v);
    return e == XMC_OK ? xmc_case_run(b->c, seed, b->n, threads, block, sha256) : e;
}

static void add_to(bench *b, int to, const double *x) {
    for (size_t t = 0; t < b->n; t++)
        b->column[to][t] += x[t];
}

static void clear(bench *b, int to) {
    memset(b->column[to], 0, b->n * sizeof(double));
}

static size_t differ(const bench *b, int i, int j) {
    size_t broken = 0;
    for (size_t t = 0; t < b->n; t++)
        broken += b->column[i][t] != b->column[j][t];
    return broken;
}

static void say_broken(bench *b, const char *what, size_t broken) {
    xmc_case_exact(b->c, what, broken == 0, "%zu of %zu broken", broken, b->n);
}

/* net = gross - ceded by risk; the risks' net sums up to the total. */
static xmc_status check_risks(bench *b) {
    enum { GROSS, CEDED, NET, SUM, ONE };
    static const char *const risks[] = {"cat", "attritional", "credit"};
    size_t broken = 0;
    xmc_status e = XMC_OK;
    clear(b, SUM);
    for (int r = 0; r < 3 && e == XMC_OK; r++) {
        char name[3][64];
        snprintf(name[0], 64, "%s_gross", risks[r]);
        snprintf(name[1], 64, "%s_ceded", risks[r]);
        snprintf(name[2], 64, "%s_net", risks[r]);
        if ((e = column(b, name[0], 0, GROSS)) != XMC_OK ||
            (e = column(b, name[1], 0, CEDED)) != XMC_OK ||
            (e = column(b, name[2], 0, NET)) != XMC_OK)
            break;
        for (size_t t = 0; t < b->n; t++)
            broken += b->column[NET][t] != b->column[GROSS][t] - b->column[CEDED][t];
        add_to(b, SUM, b->column[NET]);
    }
    if (e != XMC_OK || (e = column(b, "equity", 0, ONE)) != XMC_OK)
        return e;
    add_to(b, SUM, b->column[ONE]);
    if ((e = column(b, "total", 0, ONE)) != XMC_OK)
        return e;
    say_broken(b, "net = gross - ceded in every trial", broken);
    say_broken(b, "total = sum of the risks' net in every trial", differ(b, SUM, ONE));
    return XMC_OK;
}

/* total = sum of segments; ceded = recoveries less reinstatement premium; largest occurrence <=
 * year. */
static xmc_status check_parts(bench *b) {
    enum { SUM, ONE, CEDED };
    xmc_status e = XMC_OK;
    clear(b, SUM);
    for (size_t s = 0; s < xmc_results_n_segments(b->c->results) && e == XMC_OK; s++)
        if ((e = column(b, "segment_net", s, ONE)) == XMC_OK)
            add_to(b, SUM, b->column[ONE]);
    if (e != XMC_OK || (e = column(b, "total", 0, ONE)) != XMC_OK)
        return e;
    say_broken(b, "total = sum of segments in every trial", differ(b, SUM, ONE));

    clear(b, CEDED);
    clear(b, SUM);
    static const char *const ceded[] = {"cat_ceded", "attritional_ceded", "credit_ceded"};
    for (int r = 0; r < 3 && e == XMC_OK; r++)
        if ((e = column(b, ceded[r], 0, ONE)) == XMC_OK)
            add_to(b, CEDED, b->column[ONE]);
    for (size_t k = 0; k < xmc_results_n_treaties(b->c->results) && e == XMC_OK; k++)
        if ((e = column(b, "treaty", k, ONE)) == XMC_OK)
            add_to(b, SUM, b->column[ONE]);
    if (e != XMC_OK || (e = column(b, "reinstatement_premium", 0, ONE)) != XMC_OK)
        return e;
    for (size_t t = 0; t < b->n; t++)
        b->column[SUM][t] -= b->column[ONE][t];
    say_broken(b, "ceded = recoveries - reinstatement premium", differ(b, SUM, CEDED));

    if ((e = column(b, "cat_gross", 0, SUM)) != XMC_OK ||
        (e = column(b, "cat_gross_max_occ", 0, ONE)) != XMC_OK)
        return e;
    size_t broken = 0;
    for (size_t t = 0; t < b->n; t++)
        broken += b->column[ONE][t] > b->column[SUM][t];
    say_broken(b, "largest occurrence <= year in every trial", broken);
    return XMC_OK;
}

/* The tables of the results file: order of VaR and TVaR in every row, OEP and AEP of the
 * catastrophe. */
static xmc_status check_tables(bench *b) {
    xmc_measures *m = calloc(1, sizeof *m);
    if (!m)
        return xmc_no_memory(b->c->diag, sizeof *m, "measures");
    xmc_status e = xmc_measures_read(b->c->results, m, b->c->diag);
    if (e != XMC_OK) {
        free(m);
        return e;
    }
    unsigned below = 0, falls = 0, exceeds = 0, periods = 0;
    for (size_t i = 0; i < m->n_rows; i++)
        for (int q = 0; q < XMC_N_QUANTILES; q++) {
            const xmc_estimate *var = m->rows[i].var, *tvar = m->rows[i].tvar;
            below += !(tvar[q].value >= var[q].value);
            falls += q > 0 && !(var[q].value >= var[q - 1].value);
            falls += q > 0 && !(tvar[q].value >= tvar[q - 1].value);
        }
    const xmc_measure_row *cat = xmc_measures_row(m, "cat_gross");
    for (int p = 0; cat && p < XMC_N_PERIODS; p++) {
        periods += cat->ep[0][p].value > 0;
        exceeds += !(cat->ep[0][p].value <= cat->ep[2][p].value); /* OEP, AEP */
        exceeds += !(cat->ep[1][p].value <= cat->ep[3][p].value); /* their TVaR */
    }
    bool all = m->n_rows == XMC_MAX_ROWS - 2; /* no reinsurers that may default */
    xmc_case_exact(b->c, "TVaR >= VaR at every level", all && below == 0, "%u broken in %zu rows",
                   below, m->n_rows);
    xmc_case_exact(b->c, "VaR and TVaR rise with the level", all && falls == 0,
                   "%u broken in %zu rows", falls, m->n_rows);
    xmc_case_exact(b->c, "OEP <= AEP gross at every return period", periods > 5 && exceeds == 0,
                   "%u broken of %d, %u of them above 0", exceeds, XMC_N_PERIODS, periods);
    xmc_measures_free(m);
    free(m);
    return XMC_OK;
}

static xmc_status check_same_bits(bench *b, const char base[65]) {
    static const struct {
        const char *what;
        int threads;
        uint32_t block;
        xmc_invariant_files v;
    } same[] = {
        {"2 threads: same bits", 2, 0, {.scale = 1}},
        {"3 threads: same bits", 3, 0, {.scale = 1}},
        {"8 threads: same bits", 8, 0, {.scale = 1}},
        {"block of 16384: same bits", 2, 16384, {.scale = 1}},
        {"block of 32768: same bits", 3, 32768, {.scale = 1}},
        {"block of 65536: same bits", 2, 65536, {.scale = 1}},
        {"locations permuted: same bits", 2, 0, {.scale = 1, .locations_reversed = true}},
        {"policies permuted: same bits", 2, 0, {.scale = 1, .policies_reversed = true}},
        {"obligors permuted: same bits", 2, 0, {.scale = 1, .obligors_reversed = true}},
        {"location without exposure added: same bits", 2, 0, {.scale = 1, .extra = true}},
    };
    char other[65];
    xmc_status e = XMC_OK;
    for (size_t i = 0; i < sizeof same / sizeof same[0] && e == XMC_OK; i++) {
        e = run(b, &same[i].v, 0, same[i].threads, same[i].block, other);
        if (e == XMC_OK)
            xmc_case_exact(b->c, same[i].what, strcmp(base, other) == 0, "%.12s %.12s", base,
                           other);
    }
    if (e == XMC_OK)
        e = run(b, &plain, 1, 2, 0, other);
    if (e == XMC_OK)
        xmc_case_exact(b->c, "other seeds: other bits", strcmp(base, other) != 0, "%.12s %.12s",
                       base, other);
    return e;
}

/* Mean of the year's loss without terms: 30 events of rate 0.05; event i damages in the mean
 * 0.5 x 0.1 + i/64 x 0.6 of every sum insured (the middles of the two bins above 0). */
static double ground_up_mean(void) {
    double insured = 0, damage = 0;
    for (int i = 0; i < 40; i++)
        insured += 65536. * (i + 1) + 8192. * i;
    for (int i = 1; i <= 30; i++)
        damage += 0.05 * (0.5 * 0.1 + i / 64. * 0.6);
    return insured * damage;
}

/* Limits out of reach and no deductibles: the ground-up loss. */
static xmc_status check_terms(bench *b) {
    enum { USUAL, WIDE, NONE };
    const xmc_invariant_files wide = {.scale = 1, .terms = XMC_TERMS_WIDE},
                              none = {.scale = 1, .terms = XMC_TERMS_NONE};
    xmc_status e = column(b, "cat_gross", 0, USUAL);
    if (e == XMC_OK && (e = run(b, &wide, 0, 2, 0, NULL)) == XMC_OK)
        e = column(b, "cat_gross", 0, WIDE);
    if (e == XMC_OK && (e = run(b, &none, 0, 2, 0, NULL)) == XMC_OK)
        e = column(b, "cat_gross", 0, NONE);
    if (e != XMC_OK)
        return e;
    size_t more = 0;
    for (size_t t = 0; t < b->n; t++)
        more += b->column[USUAL][t] > b->column[NONE][t];
    size_t cut = differ(b, USUAL, NONE);
    xmc_case_exact(b->c, "terms only cut the loss", cut > b->n / 4 && more == 0,
                   "%zu cut, %zu raised of %zu", cut, more, b->n);
    say_broken(b, "deductible 0, limit 2^50: as without terms", differ(b, WIDE, NONE));

    xmc_check mean = {.what = "without terms: mean of the ground-up loss",
                      .expected = ground_up_mean()};
    xmc_check_mean(&mean, b->column[NONE], b->n);
    for (unsigned seed = 1; seed < XMC_VALIDATE_SEEDS; seed++) {
        if ((e = run(b, &none, seed, 2, 0, NULL)) != XMC_OK ||
            (e = column(b, "cat_gross", 0, NONE)) != XMC_OK)
            return e;
        xmc_check_mean(&mean, b->column[NONE], b->n);
    }
    xmc_check_print(b->c, &mean);
    return XMC_OK;
}

/* No treaty: net = gross. A layer over everything: nothing is left. */
static xmc_status check_treaties(bench *b) {
    enum { NET, GROSS, BASE };
    const xmc_invariant_files none = {.scale = 1, .treaties = XMC_TREATIES_NONE},
                              all = {.scale = 1, .treaties = XMC_TREATIES_ALL};
    static const char *const risks[] = {"cat", "attritional", "credit"};
    xmc_status e = column(b, "cat_gross", 0, BASE);
    if (e == XMC_OK)
        e = run(b, &none, 0, 2, 0, NULL);
    size_t broken = 0, losses = 0;
    for (int r = 0; r < 3 && e == XMC_OK; r++) {
        char name[2][64];
        snprintf(name[0], 64, "%s_net", risks[r]);
        snprintf(name[1], 64, "%s_gross", risks[r]);
        if ((e = column(b, name[0], 0, NET)) == XMC_OK)
            e = column(b, name[1], 0, GROSS);
        if (e != XMC_OK)
            break;
        broken += differ(b, NET, GROSS) + (r == 0 ? differ(b, GROSS, BASE) : 0);
    }
    if (e != XMC_OK)
        return e;
    say_broken(b, "no treaty: net = gross, gross as with treaties", broken);
    if ((e = run(b, &all, 0, 2, 0, NULL)) != XMC_OK ||
        (e = column(b, "cat_ceded", 0, NET)) != XMC_OK)
        return e;
    for (size_t t = 0; t < b->n; t++)
        losses += b->column[NET][t] > 0;
    broken = differ(b, NET, BASE) + (losses == 0);
    say_broken(b, "layer from 0 without limit: ceded = gross", broken);
    return XMC_OK;
}

/* Everything times a power of two, the grid too: every loss exactly that multiple, so the total
 * column is. */
static xmc_status check_scaling(bench *b) {
    enum { FOURFOLD, ONCE };
    const xmc_invariant_files fourfold = {.scale = 4};
    xmc_status e = run(b, &fourfold, 0, 2, 0, NULL);
    if (e == XMC_OK)
        e = column(b, "total", 0, FOURFOLD);
    /* The plain files come last, so that --keep leaves them. */
    if (e == XMC_OK && (e = run(b, &plain, 0, 2, 0, NULL)) == XMC_OK)
        e = column(b, "total", 0, ONCE);
    double worst = 0;
    for (size_t t = 0; t < b->n && e == XMC_OK; t++) {
        double d = fabs(b->column[FOURFOLD][t] - 4 * b->column[ONCE][t]);
        worst = d > worst ? d : worst;
    }
    /* The attritional lognormal's mu is log(4) off, which rounds: to grid tolerance. */
    if (e == XMC_OK)
        xmc_case_exact(b->c, "amounts times 4: losses times 4", worst <= 0x1p-6 * 4 * 8,
                       "largest difference %g", worst);
    return e;
}

xmc_status xmc_case_invariants(xmc_case *c) {
    bench b = {.c = c, .n = c->options->trials ? c->options->trials : TRIALS};
    double *all = malloc(COLUMNS * b.n * sizeof *all);
    if (!all)
        return xmc_no_memory(c->diag, COLUMNS * b.n * sizeof *all, "columns");
    for (int k = 0; k < COLUMNS; k++)
        b.column[k] = all + (size_t)k * b.n;
    char base[65];
    xmc_status e = xmc_case_dependence(c);
    if (e == XMC_OK)
        e = xmc_invariants_fixed(c);
    if (e == XMC_OK)
        e = run(&b, &plain, 0, 1, 0, base);
    if (e == XMC_OK)
        e = check_risks(&b);
    if (e == XMC_OK)
        e = check_parts(&b);
    if (e == XMC_OK)
        e = check_tables(&b);
    if (e == XMC_OK)
        e = check_terms(&b);
    if (e == XMC_OK)
        e = check_same_bits(&b, base);
    if (e == XMC_OK) /* the plain run again, for its gross column */
        e = run(&b, &plain, 0, 2, 0, NULL);
    if (e == XMC_OK)
        e = check_treaties(&b);
    if (e == XMC_OK)
        e = check_scaling(&b);
    free(all);
    return e;
}
