/* Rating migration: obligors that do not default may be downgraded within the year, which costs the
 * value of cover beyond it. See credit_detail.h. */
#include "kernels/vmath.h"
#include "sim/credit_detail.h"

#include <stdlib.h>
#include <string.h>

enum { L = XMC_CREDIT_LANES };

/* Of the obligors of strip b that are sound after the year, who is downgraded, and to which state.
 * The chance that an obligor stays above a threshold given that it stays above that of default is
 * exp(-(hazard there - hazard of default)), so that its hazard is the difference. */
static void strip_downgrades(const xmc_credit *p, xmc_credit_work *w, size_t at, uint32_t lanes) {
    const xmc_credit_detail *d = p->detail;
    const xmc_strip *b = &p->strips[at];
    const xmc_stream_base *base = w->tile->base;
    const double *threshold = d->thresholds + at * d->n_states;
    const size_t own = b->state, worst = d->n_states - 2;
    for (uint32_t l = 0; l < lanes; l++) {
        double moved = xmc_credit_moved(p, w->tile, b, l), first = b->threshold * w->tile->w[l];
        double sound = xmc_hazard_of(&p->hazard, first + moved);
        double h = xmc_hazard_of(&p->hazard, threshold[own + 1] * w->tile->w[l] + moved) - sound;
        if (!(h > 0.0))
            continue;
        xmc_stream s = xmc_stream_from(base[l], xmc_migration_address(b->address));
        double all = -xmc_expm1(-h);
        size_t n = h > XMC_CREDIT_MASK_HAZARD ? 0 : xmc_skip(s, b->n, -1.0 / h, w->index);
        if (h > XMC_CREDIT_MASK_HAZARD)
            for (uint32_t i = 0; i < b->n; i++)
                if (xmc_uniform(&s) < all)
                    w->index[n++] = i;
        xmc_stream which =
            xmc_stream_from(base[l], xmc_lgd_address(xmc_migration_address(b->address)));
        for (size_t k = 0; k < n; k++) {
            double v = all * xmc_uniform(&which);
            /* From the worst state up: the first one whose downgrades, it and worse, reach v. */
            size_t to = worst;
            while (to > own + 1 &&
                   -xmc_expm1(sound -
                              xmc_hazard_of(&p->hazard, threshold[to] * w->tile->w[l] + moved)) < v)
                to--;
            w->moves[w->n_moves++] = (xmc_move){b->first + w->index[k], (uint16_t)l, (uint16_t)to};
        }
    }
}

void xmc_credit_migration_tile(const xmc_credit *p, xmc_credit_work *w, uint32_t lanes) {
    w->n_moves = 0;
    for (size_t i = 0; i < p->n_strips; i++)
        if (p->strips[i].state != UINT32_MAX)
            strip_downgrades(p, w, i, lanes);
}

/* The matrix's years: default within y years from each state, (M^y)_{i,D}. */
static int cumulative_defaults(const xmc_credit_model *m, xmc_credit_detail *d) {
    const size_t n = m->n_states;
    double *now = calloc(2 * n * n, sizeof *now);
    d->defaults = calloc(n * (XMC_MIGRATION_YEARS + 1), sizeof *d->defaults);
    if (!now || !d->defaults) {
        free(now);
        return -1;
    }
    double *next = now + n * n;
    for (size_t i = 0; i < n; i++)
        now[i * n + i] = 1.0;
    for (size_t y = 0; y <= XMC_MIGRATION_YEARS; y++) {
        for (size_t i = 0; i < n; i++)
            d->defaults[y * n + i] = now[i * n + n - 1];
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++) {
                double sum = i == n - 1 ? now[(n - 1) * n + j] : 0.0;
                for (size_t k = 0; i < n - 1 && k < n; k++)
                    sum = fma(m->migration[i * n + k], now[k * n + j], sum);
                next[i * n + j] = sum;
            }
        memcpy(now, next, n * n * sizeof *now);
    }
    free(now);
    return 0;
}

double xmc_credit_cumulative(const xmc_credit_detail *d, uint32_t state, double months) {
    double years = months / 12.0;
    years = years < XMC_MIGRATION_YEARS ? years : XMC_MIGRATION_YEARS;
    size_t y = (size_t)years;
    y = y < XMC_MIGRATION_YEARS ? y : XMC_MIGRATION_YEARS - 1;
    double a = d->defaults[y * d->n_states + state], b = d->defaults[(y + 1) * d->n_states + state];
    return fma(years - (double)y, b - a, a);
}

/* Thresholds of a strip: [own + 1 … worst] of downgrade to that state or worse, given the default
 * probability q and the matrix's shares among those that do not default. */
int xmc_credit_migration_plan(const xmc_credit_model *m, xmc_credit *p,
                              double (*quantile)(const xmc_credit *, double)) {
    xmc_credit_detail *d = p->detail;
    const size_t n = d->n_states = m->n_states;
    if (cumulative_defaults(m, d))
        return -1;
    /* Strips without cover beyond the year have nothing to lose. */
    uint8_t *beyond = calloc(p->n_strips + 1, 1);
    if (!beyond)
        return -1;
    for (size_t i = 0; i < p->n_obligors; i++)
        beyond[d->claims[i].strip] |= d->claims[i].months_beyond > 0.0f;
    for (size_t i = 0; i < p->n_strips; i++)
        if (!beyond[i])
            p->strips[i].state = UINT32_MAX;
    free(beyond);
    d->thresholds = calloc(p->n_strips * n, sizeof *d->thresholds);
    if (!d->thresholds)
        return -1;
    for (size_t i = 0; i < p->n_strips; i++) {
        xmc_strip *b = &p->strips[i];
        if (b->state == UINT32_MAX)
            continue;
        const double *row = m->migration + b->state * n;
        double sum = 0.0, sound = 0.0;
        for (size_t j = 0; j + 1 < n; j++)
            sound += row[j];
        for (size_t j = n - 2; j > b->state; j--) {
            sum += row[j];
            double c = b->probability + (1.0 - b->probability) * (sum / sound);
            d->thresholds[i * n + j] = c < 1.0 ? b->per_root * quantile(p, c) : INFINITY;
        }
        if (b->state == n - 2)
            b->state = UINT32_MAX; /* nothing worse but default */
    }
    return 0;
}
