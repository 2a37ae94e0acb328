#include "scenarios/common/worst.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

static const double z95 = 1.9599639845400545; /* normal quantile at 0.975 */
enum { FEWEST = 5 };

static bool is_near(const xmc_worst *w, double loss) {
    return w->low > -INFINITY && w->high < INFINITY && loss >= w->low && loss <= w->high;
}

void xmc_worst_weigh(xmc_worst *w, const double *loss, const double *weight, size_t n, double mass,
                     double quantile, double low, double high) {
    double above = 0.0, equal = 0.0, squares = 0.0, equal_squares = 0.0;
    *w = (xmc_worst){.n = (double)n,
                     .mass = mass,
                     .independent = (double)n,
                     .quantile = quantile,
                     .low = low,
                     .high = high};
    for (size_t t = 0; t < n; t++) {
        const double x = weight ? weight[t] : 1.0;
        const bool near = is_near(w, loss[t]);
        w->near += near ? x : 0.0;
        w->in_tail += loss[t] >= quantile;
        w->n_trials += loss[t] >= quantile || near;
        if (loss[t] > quantile) {
            above += x;
            squares += x * x;
        } else if (loss[t] == quantile) {
            equal += x;
            equal_squares += x * x;
        }
    }
    w->share = equal > 0.0 ? (mass - above) / equal : 0.0;
    w->counts_squared = squares + w->share * w->share * equal_squares;
}

xmc_status xmc_worst_find(xmc_worst *w, const double *loss, const double *weight, size_t n,
                          double mass, double quantile, double low, double high, xmc_diag *diag) {
    xmc_worst_weigh(w, loss, weight, n, mass, quantile, low, high);
    w->trials = malloc((w->n_trials + 1) * sizeof *w->trials);
    if (!w->trials)
        return xmc_no_memory(diag, w->n_trials * sizeof *w->trials, "the tail's trials");
    for (size_t t = 0, put = 0; t < n; t++) {
        const bool near = is_near(w, loss[t]);
        if (loss[t] < quantile && !near)
            continue;
        const double x = weight ? weight[t] : 1.0;
        const double share = loss[t] > quantile ? 1.0 : loss[t] == quantile ? w->share : 0.0;
        w->trials[put++] = (xmc_worst_trial){(uint32_t)t, share * x, near ? x : 0.0};
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
    const double variance = (second - first * first / w->n) * (w->n / w->independent);
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
