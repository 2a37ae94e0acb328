#include "scenarios/common/worst.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

static const double z95 = 1.9599639845400545; /* normal quantile at 0.975 */
enum { FEWEST = 5 };

xmc_status xmc_worst_find(xmc_worst *w, const double *loss, const double *weight, size_t n,
                          double mass, double quantile, double low, double high, xmc_diag *diag) {
    const bool limits = low > -INFINITY && high < INFINITY;
    double above = 0.0, equal = 0.0;
    size_t most = 0;
    *w = (xmc_worst){.n = (double)n, .mass = mass, .quantile = quantile, .low = low, .high = high};
    for (size_t t = 0; t < n; t++) {
        const double x = weight ? weight[t] : 1.0;
        above += loss[t] > quantile ? x : 0.0;
        equal += loss[t] == quantile ? x : 0.0;
        most += loss[t] >= quantile || (limits && loss[t] >= low);
    }
    w->share = equal > 0.0 ? (mass - above) / equal : 0.0;
    w->trials = malloc((most + 1) * sizeof *w->trials);
    if (!w->trials)
        return xmc_no_memory(diag, most * sizeof *w->trials, "the tail's trials");
    for (size_t t = 0; t < n; t++) {
        const bool near = limits && loss[t] >= low && loss[t] <= high;
        if (loss[t] < quantile && !near)
            continue;
        const double x = weight ? weight[t] : 1.0;
        const double share = loss[t] > quantile ? 1.0 : loss[t] == quantile ? w->share : 0.0;
        const xmc_worst_trial trial = {(uint32_t)t, share * x, near ? x : 0.0};
        w->counts_squared += trial.count * trial.count;
        w->near += trial.near;
        w->trials[w->n_trials++] = trial;
    }
    return XMC_OK;
}

void xmc_worst_free(xmc_worst *w) {
    free(w->trials);
    *w = (xmc_worst){0};
}

void xmc_worst_add(xmc_worst_sums *s, const xmc_worst_trial *t, double x) {
    const double counted = t->count * x;
    s->counted += counted;
    s->linear += t->count * counted;
    s->square += counted * counted;
    s->near += t->near * x;
}

xmc_estimate xmc_worst_mean(const xmc_worst *w, const xmc_worst_sums *s) {
    xmc_estimate e = {s->counted / w->mass, (double)NAN, (double)NAN, (double)NAN};
    if (!(w->mass >= FEWEST) || !(w->near > 0.0))
        return e;
    const double m = s->near / w->near, first = s->counted - m * w->mass;
    const double second = s->square - 2.0 * m * s->linear + m * m * w->counts_squared;
    const double variance = second - first * first / w->n;
    e.se = variance > 0.0 ? sqrt(variance) / w->mass : 0.0;
    e.lower = e.value - z95 * e.se;
    e.upper = e.value + z95 * e.se;
    return e;
}

xmc_estimate xmc_worst_mean_of(const xmc_worst *w, const double *x) {
    xmc_worst_sums s = {0};
    for (size_t i = 0; i < w->n_trials; i++)
        xmc_worst_add(&s, &w->trials[i], x[w->trials[i].trial]);
    return xmc_worst_mean(w, &s);
}
