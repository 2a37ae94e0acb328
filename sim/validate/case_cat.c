/* T3 to T6: event tables with exact answers. */
#include "kernels/vmath.h"
#include "sim/validate/cat_files.h"

/* Exact distribution of the yearly sum of a table of whole-numbered losses: Panjer's recursion.
 * cdf[k] = P(S <= k). */
static void panjer(size_t n, const double *rate, const double *loss, size_t top, double *cdf) {
    double total = 0;
    for (size_t i = 0; i < n; i++)
        total += rate[i];
    for (size_t s = 0; s <= top; s++) {
        double g = s == 0 ? xmc_exp(-total) : 0;
        for (size_t i = 0; s > 0 && i < n; i++) {
            size_t j = (size_t)loss[i];
            if (j <= s)
                g += rate[i] * (double)j * cdf[s - j] / (double)s;
        }
        cdf[s] = g;
    }
    for (size_t s = 1; s <= top; s++)
        cdf[s] += cdf[s - 1];
}

/* Loads a column in units of `unit` CNY and adds its mean to the check. */
static xmc_status column_mean(xmc_case *c, const char *name, double unit, xmc_check *mean) {
    xmc_status e = xmc_case_column(c, name, 0);
    for (uint64_t t = 0; e == XMC_OK && t < c->trials; t++)
        c->column[t] /= unit;
    if (e == XMC_OK)
        xmc_check_mean(mean, c->column, c->trials);
    return e;
}

static const double t3_rate[] = {.4, .2, .1, .05, .02, .01, .004, .002};
static const double t3_loss[] = {3, 8, 20, 40, 90, 150, 250, 400};

xmc_status xmc_case_event_table(xmc_case *c) {
    enum { TOP = 500, N = 8, N_OEP = 5 };
    static const double quantile[] = {28, 46, 101, 153, 250, 253, 403};
    static const double level[] = {.9, .95, .98, .99, .995, .996, .999};
    static const double tvar_exact[] = {80.8624806573, 123.491681927, 196.434777003, 255.908129641,
                                        323.732393182, 341.980214361, 423.921364358};
    static const double oep_loss[] = {400, 250, 150, 90, 40};
    static const double oep[] = {.00199800133267, .00598203594606, .0158726799447, .0353597065169,
                                 .0824057687798};
    enum { N_Q = 7 };
    double cdf[TOP + 1];
    panjer(N, t3_rate, t3_loss, TOP, cdf);
    xmc_cat_case cat = {.n = N,
                        .rate = t3_rate,
                        .loss = t3_loss,
                        .tiv = 400,
                        .reinsurance = "L1,CXL,AA1,2025-01-01,2026-12-31,1,CNY,50,100,1,1,1000\n",
                        .treaties = {"L1"}};
    xmc_status e = xmc_case_cat_files(c, &cat);
    char what[2 * N_Q + N_OEP][64];
    xmc_check mean = {.what = "average annual loss", .expected = 11.9};
    xmc_check ceded = {.what = "layer 100 xs 50, one reinstatement: E[ceded]",
                       .expected = 2.3998305448};
    xmc_check premium = {.what = "E[reinstatement premium] / premium", .expected = 0.0237454373833};
    xmc_check hit = {.what = "P(layer not hit)", .expected = 1 - 0.0353597065169};
    xmc_check at[N_Q], tvar[N_Q], occ[N_OEP];
    for (int k = 0; k < N_Q; k++) {
        snprintf(what[k], sizeof what[0], "AEP: P(S <= %g)", quantile[k]);
        snprintf(what[N_Q + k], sizeof what[0], "AEP: TVaR %.1f %%", 100 * level[k]);
        at[k] = (xmc_check){.what = what[k], .expected = cdf[(size_t)quantile[k]]};
        tvar[k] = (xmc_check){.what = what[N_Q + k], .expected = tvar_exact[k]};
        /* The reference quantile is where the exact distribution passes the level. */
        if (cdf[(size_t)quantile[k]] < level[k] || cdf[(size_t)quantile[k] - 1] >= level[k])
            xmc_case_exact(c, "Panjer's quantile", false, "%g at %g", quantile[k], level[k]);
    }
    for (int k = 0; k < N_OEP; k++) {
        snprintf(what[2 * N_Q + k], sizeof what[0], "OEP: P(largest < %g)", oep_loss[k]);
        occ[k] = (xmc_check){.what = what[2 * N_Q + k], .expected = 1 - oep[k]};
    }
    for (unsigned seed = 0; seed < XMC_VALIDATE_SEEDS && e == XMC_OK; seed++) {
        if ((e = xmc_case_run(c, seed, c->trials, 0, 0, NULL)) != XMC_OK ||
            (e = xmc_case_column(c, "cat_gross", 0)) != XMC_OK)
            break;
        xmc_check_mean(&mean, c->column, c->trials);
        for (int k = 0; k < N_Q; k++) {
            xmc_check_at_most(&at[k], c->column, c->trials, quantile[k] + .5);
            xmc_check_tvar(&tvar[k], c->column, c->trials, level[k], c->column + c->trials);
        }
        if ((e = xmc_case_column(c, "cat_gross_max_occ", 0)) != XMC_OK)
            break;
        for (int k = 0; k < N_OEP; k++)
            xmc_check_at_most(&occ[k], c->column, c->trials, oep_loss[k] - .5);
        if ((e = column_mean(c, "treaty", 1, &ceded)) != XMC_OK)
            break;
        xmc_check_at_most(&hit, c->column, c->trials, 0);
        e = column_mean(c, "reinstatement_premium", 1000, &premium);
    }
    if (e != XMC_OK)
        return e;
    xmc_check_print(c, &mean);
    for (int k = 0; k < N_Q; k++) {
        xmc_check_print(c, &at[k]);
        xmc_check_print(c, &tvar[k]);
    }
    for (int k = 0; k < N_OEP; k++)
        xmc_check_print(c, &occ[k]);
    xmc_check_print(c, &ceded);
    xmc_check_print(c, &premium);
    xmc_check_print(c, &hit);
    return XMC_OK;
}

/* A Pareto loss, S(x) = (1e6 / x)^1.5, at frequency 0.8, cut into events at edges which include
 * every point at which the exact answer is asked. Each event has its interval's conditional mean,
 * so means of layers between edges are exact, and probabilities at the edges are too. */
xmc_status xmc_case_occurrence(xmc_case *c) {
    enum { BREAKS = 6, PER = 120, N = (BREAKS - 1) * PER + 1 };
    static const double breaks[BREAKS] = {1e6, 5e6, 1e7, 18504311.9562, 29423070.0089, 3e10};
    static double rate[N], loss[N];
    const double frequency = 0.8, alpha = 1.5, threshold = 1e6;
    double edge[N + 1];
    for (int b = 0; b + 1 < BREAKS; b++)
        for (int i = 0; i < PER; i++)
            edge[b * PER + i] = breaks[b] * xmc_pow(breaks[b + 1] / breaks[b], (double)i / PER);
    edge[N - 1] = breaks[BREAKS - 1];
    for (int i = 0; i < N; i++) {
        double a = edge[i], below = xmc_pow(threshold / a, alpha);
        double above = i + 1 < N ? xmc_pow(threshold / edge[i + 1], alpha) : 0;
        /* E[X; a < X <= b] = alpha / (alpha - 1) (a S(a) - b S(b)) */
        double part = alpha / (alpha - 1) * (a * below - (i + 1 < N ? edge[i + 1] * above : 0));
        rate[i] = frequency * (below - above);
        loss[i] = part / (below - above);
    }
    xmc_cat_case cat = {.n = N,
                        .rate = rate,
                        .loss = loss,
                        .tiv = loss[N - 1] * 1.0000001,
                        .reinsurance =
                            "L1,CXL,AA1,2025-01-01,2026-12-31,1,CNY,1000000,4000000,999,0,0\n"
                            "L2,CXL,AA1,2025-01-01,2026-12-31,1,CNY,5000000,5000000,999,0,0\n",
                        .treaties = {"L1", "L2"}};
    xmc_check pml[2] = {{.what = "OEP: P(largest <= 100-year loss)", .expected = .99},
                        {.what = "OEP: P(largest <= 200-year loss)", .expected = .995}};
    xmc_check layer[2] = {{.what = "4e6 xs 1e6: mean of the year", .expected = 884458.2472},
                          {.what = "5e6 xs 5e6: mean of the year", .expected = 209577.327173}};
    xmc_check square[2] = {
        {.what = "4e6 xs 1e6: second moment of the year",
         .expected = 1478682.19493 * 1478682.19493 + 884458.2472 * 884458.2472},
        {.what = "5e6 xs 5e6: second moment of the year",
         .expected = 931717.614307 * 931717.614307 + 209577.327173 * 209577.327173}};
    xmc_status e = xmc_case_cat_files(c, &cat);
    for (unsigned seed = 0; seed < XMC_VALIDATE_SEEDS && e == XMC_OK; seed++) {
        if ((e = xmc_case_run(c, seed, c->trials, 0, 0, NULL)) != XMC_OK ||
            (e = xmc_case_column(c, "cat_gross_max_occ", 0)) != XMC_OK)
            break;
        xmc_check_at_most(&pml[0], c->column, c->trials, breaks[3]);
        xmc_check_at_most(&pml[1], c->column, c->trials, breaks[4]);
        for (size_t k = 0; k < 2 && e == XMC_OK; k++) {
            e = xmc_case_column(c, "treaty", k);
            if (e != XMC_OK)
                break;
            xmc_check_mean(&layer[k], c->column, c->trials);
            for (uint64_t t = 0; t < c->trials; t++)
                c->column[t] *= c->column[t];
            xmc_check_mean(&square[k], c->column, c->trials);
        }
    }
    if (e != XMC_OK)
        return e;
    for (int k = 0; k < 2; k++)
        xmc_check_print(c, &pml[k]);
    for (int k = 0; k < 2; k++) {
        xmc_check_print(c, &layer[k]);
        xmc_check_print(c, &square[k]);
    }
    return XMC_OK;
}

/* N ~ Poisson(0.5) total losses of a layer with one reinstatement at 100 % pro rata amount. */
xmc_status xmc_case_reinstatement(xmc_case *c) {
    static const double rate[] = {.5}, loss[] = {100};
    xmc_cat_case cat = {.n = 1,
                        .rate = rate,
                        .loss = loss,
                        .tiv = 100,
                        .reinsurance = "L1,CXL,AA1,2025-01-01,2026-12-31,1,CNY,0,100,1,1,1000\n",
                        .treaties = {"L1"}};
    xmc_check ceded = {.what = "E[ceded] / limit", .expected = 0.483673350718};
    xmc_check premium = {.what = "E[reinstated fraction]", .expected = 0.393469340287};
    xmc_status e = xmc_case_cat_files(c, &cat);
    for (unsigned seed = 0; seed < XMC_VALIDATE_SEEDS && e == XMC_OK; seed++) {
        e = xmc_case_run(c, seed, c->trials, 0, 0, NULL);
        if (e == XMC_OK)
            e = column_mean(c, "treaty", 100, &ceded);
        if (e == XMC_OK)
            e = column_mean(c, "reinstatement_premium", 1000, &premium);
    }
    if (e != XMC_OK)
        return e;
    xmc_check_print(c, &ceded);
    xmc_check_print(c, &premium);
    return XMC_OK;
}
