/* Damage rows: one per damage function and intensity; with a hazard model one per function and
 * distribution over intensities that an event needs (effective damageability: the intensity is
 * integrated out before anything is drawn). */
#include "kernels/vmath.h"
#include "sim/cat_internal.h"
#include "sim/elt_beta.h"
#include <omp.h>
#include <string.h>

/* ---- event loss tables: a row each ---- */

/* The beta law of a row as damage ratio; share: exposure of the row by sum insured. What the law's
 * segments have below zero is cut off, as their mean already has it. */
static void loss_law(const xmc_elt_beta *b, double mean, double sd, double share,
                     xmc_damage_row *r) {
    *r = (xmc_damage_row){.mean = mean * share};
    if (sd == 0) { /* every word is the mean */
        for (int k = 0; k < XMC_DAMAGE_SEGMENTS; k++)
            r->a[k] = (float)r->mean;
        return;
    }
    xmc_elt_row law;
    xmc_elt_beta_row(b, mean, sd, &law);
    double high = 1, low = 0;
    for (int k = 0; k < XMC_DAMAGE_INTERIOR; k++) {
        const double x0 = xmc_elt_edge(k), x1 = xmc_elt_edge(k + 1);
        high = (double)law.ab[k][0] + (double)law.ab[k][1] * x0;
        low = (double)law.ab[k][0] + (double)law.ab[k][1] * x1;
        high = high < 1 ? high : 1;
        if (high <= 0) {
            high = low = 0;
        } else if (low < 0) { /* the mean of what is left, evenly about it */
            high = high * high / (high - low);
            low = 0;
        }
        low += 1e-6 * (high - low); /* not below zero in single precision either */
        if (k == 0)
            r->a[XMC_DAMAGE_ONE] = (float)(high * share);
        const double slope = (low - high) / (x1 - x0);
        r->b[k] = (float)(slope * share);
        r->a[k] = (float)((high - slope * x0) * share);
    }
    r->a[XMC_DAMAGE_ZERO] = (float)(low * share);
    r->scale = b->scale;
    r->shift = b->shift;
}

/* The share of an event's occurrences in which all its rows take the same quantile, such that the
 * standard deviation of the event is Σ correlated + √Σ independent². The rows' own laws stay. */
static double common_share(const xmc_cat *c, const double *tiv, uint64_t first, uint64_t end) {
    enum { POINTS = 1024 };
    const xmc_event_loss *loss = c->a->events.loss;
    double correlated = 0, independent = 0, apart = 0, mean = 0, together = 0;
    for (uint64_t f = first; f < end; f++) {
        const double sd = loss[f].sd_independent + loss[f].sd_correlated;
        correlated += loss[f].sd_correlated;
        independent += loss[f].sd_independent * loss[f].sd_independent;
        apart += sd * sd;
    }
    if (end - first < 2 || correlated == 0)
        return 0;
    for (int k = 0; k < POINTS; k++) {
        double sum = 0;
        for (uint64_t f = first; f < end; f++)
            sum += tiv[c->a->events.footprint_cell[f]] *
                   (double)xmc_damage_of(&c->damage_rows[f],
                                         (uint32_t)((k + 0.5) * (0x1p32 / POINTS)));
        mean += sum / POINTS;
        together += sum * sum / POINTS;
    }
    together -= mean * mean;
    const double target = correlated + sqrt(independent);
    const double share = (target * target - apart) / (together - apart);
    return share > 1 ? 1 : share > 0 ? share : 0;
}

static xmc_status build_loss_rows(xmc_cat *c, xmc_diag *diag) {
    const xmc_event_set *e = &c->a->events;
    const size_t n = e->n_footprint;
    c->n_bins = 1;
    c->n_rows = n;
    c->damage_rows = xmc_plan_get(&c->arena, n + 1, sizeof *c->damage_rows);
    c->row_empty = xmc_plan_get(&c->arena, n + 1, 1);
    c->event_common = xmc_plan_get(&c->arena, e->n_events + 1, sizeof *c->event_common);
    double *tiv = xmc_plan_get(&c->arena, e->n_cells + 1, sizeof *tiv);
    xmc_elt_beta beta;
    if (!c->damage_rows || !c->row_empty || !c->event_common || !tiv ||
        xmc_elt_beta_init(&beta, c->threads))
        return xmc_no_memory(diag, n * sizeof *c->damage_rows, "event loss tables");
    for (size_t i = 0; i < c->a->book.n_locations; i++)
        tiv[i] = c->a->book.locations[i].tiv[XMC_COVER_BUILDING];
#pragma omp parallel for schedule(dynamic, 64) num_threads(c->threads)
    for (size_t f = 0; f < n; f++) {
        const xmc_event_loss *x = &e->loss[f];
        if (x->exposure > 0)
            loss_law(&beta, x->mean / x->exposure,
                     (x->sd_independent + x->sd_correlated) / x->exposure,
                     x->exposure / tiv[e->footprint_cell[f]], &c->damage_rows[f]);
        c->row_empty[f] = c->damage_rows[f].mean == 0;
    }
#pragma omp parallel for schedule(dynamic, 64) num_threads(c->threads)
    for (size_t i = 0; i < e->n_events; i++) {
        c->event_common[i] = common_share(c, tiv, e->offset[i], e->offset[i + 1]);
    }
    for (size_t i = 0; i < e->n_events; i++)
        c->correlated |= c->event_common[i] > 0;
    xmc_elt_beta_free(&beta);
    return XMC_OK;
}

xmc_status xmc_cat_rows_build(xmc_cat *c, xmc_diag *diag) {
    const xmc_vulnerability *v = &c->a->vulnerability;
    if (c->a->events.hazard)
        return XMC_OK;
    if (c->a->events.loss)
        return build_loss_rows(c, diag);
    const size_t n = v->n_functions * v->n_intensity_bins;
    c->n_bins = v->n_intensity_bins;
    c->n_rows = n;
    c->damage_rows = xmc_plan_get(&c->arena, n + 1, sizeof *c->damage_rows);
    c->row_empty = xmc_plan_get(&c->arena, n + 1, 1);
    if (!c->damage_rows || !c->row_empty)
        return xmc_no_memory(diag, n * sizeof *c->damage_rows, "damage tables");
    size_t errors = diag->n_errors;
    for (size_t i = 0; i < n; i++) {
        const double *p = v->probability + i * v->n_damage_bins;
        double sum = 0;
        for (size_t k = 0; k < v->n_damage_bins; k++)
            sum += p[k];
        if (sum == 0) { /* an intensity bin that is missing: no damage */
            c->row_empty[i] = 1;
            continue;
        }
        if (xmc_damage_row_init(&c->damage_rows[i], v->n_damage_bins, v->damage_from, v->damage_to,
                                p))
            xmc_error(diag, XMC_BAD_INPUT,
                      "vulnerability: function %s, intensity bin %zu: expected probabilities >= 0 "
                      "over damage bins in ascending order inside [0, 1]",
                      v->function_name[i / v->n_intensity_bins], i % v->n_intensity_bins);
        c->row_empty[i] = c->damage_rows[i].mean == 0;
    }
    return diag->n_errors > errors ? XMC_BAD_INPUT : XMC_OK;
}

/* ---- with a hazard model ---- */

enum { WANTED = 1 };

/* Marks the rows that some event needs. */
static void mark_wanted(xmc_cat *c) {
    const xmc_event_set *e = &c->a->events;
    const xmc_hazard *h = e->hazard;
    for (size_t event = 0; event < e->n_events; event++) {
        const xmc_cat_view *v = c->views;
        while (v->peril != e->peril[event])
            v++;
        for (uint64_t f = e->offset[event]; f < e->offset[event + 1]; f++) {
            const uint32_t cell = e->footprint_cell[f];
            for (size_t i = v->run_offset[cell]; i < v->run_offset[cell + 1]; i++) {
                const xmc_cat_run *r = &v->runs[i];
                for (uint32_t k = 0; k < r->run.n_covers; k++) {
                    const uint32_t mix = h->mix[f * h->n_slots + r->slot[k]];
                    c->row_number[r->function[k] * c->n_bins + mix] = mix ? WANTED : 0;
                }
            }
        }
    }
}

/* Damage probabilities of a function under a distribution over intensity bins. */
static void mix_damage(const xmc_hazard *h, size_t function, size_t distribution, double *p) {
    memset(p, 0, (h->n_damage_bins + 1) * sizeof *p);
    for (uint64_t i = h->distribution_offset[distribution];
         i < h->distribution_offset[distribution + 1]; i++) {
        const size_t bin = h->bin[i];
        double sum = 0;
        if (bin < h->n_intensity_bins) {
            const uint64_t *row = &h->row_offset[function * h->n_intensity_bins + bin];
            for (uint64_t k = row[0]; k < row[1]; k++) {
                p[h->row_bin[k] + 1] += h->probability[i] * h->row_probability[k];
                sum += h->row_probability[k];
            }
        }
        if (sum == 0) /* an intensity without a row: no damage */
            p[0] += h->probability[i];
    }
}

xmc_status xmc_cat_mixed_rows_build(xmc_cat *c, xmc_diag *diag) {
    const xmc_hazard *h = c->a->events.hazard;
    if (!h)
        return XMC_OK;
    c->n_bins = h->n_distributions + 1;
    const size_t n = h->n_functions * c->n_bins, k = h->n_damage_bins + 1;
    xmc_plan_memory t = {0};
    c->row_number = xmc_plan_get(&c->arena, n, sizeof *c->row_number);
    double *from = xmc_plan_get(&t, k, sizeof *from), *to = xmc_plan_get(&t, k, sizeof *to);
    double *work = xmc_plan_get(&t, (size_t)c->threads * k, sizeof *work);
    xmc_status status = XMC_OK;
    if (!c->row_number || !from || !to || !work) {
        status = xmc_no_memory(diag, n * sizeof *c->row_number, "damage tables");
        goto done;
    }
    /* Bin 0: no damage. */
    memcpy(from + 1, h->damage_from, (k - 1) * sizeof *from);
    memcpy(to + 1, h->damage_to, (k - 1) * sizeof *to);
    mark_wanted(c);
    size_t wanted = 1; /* row 0 stays empty */
    for (size_t i = 0; i < n; i++)
        if (c->row_number[i])
            c->row_number[i] = (uint32_t)wanted++;
    if (wanted > UINT32_MAX) {
        status = xmc_error(diag, XMC_BAD_INPUT, "events: more than 2^32 damage distributions");
        goto done;
    }
    c->n_rows = wanted;
    c->damage_rows = xmc_plan_get(&c->arena, wanted, sizeof *c->damage_rows);
    c->row_empty = xmc_plan_get(&c->arena, wanted, 1);
    if (!c->damage_rows || !c->row_empty) {
        status = xmc_no_memory(diag, wanted * sizeof *c->damage_rows,
                               "damage rows, one per vulnerability function and distribution of "
                               "intensity");
        goto done;
    }
    c->row_empty[0] = 1;
    size_t failed = 0;
#pragma omp parallel for schedule(dynamic, 16) num_threads(c->threads) reduction(+ : failed)
    for (size_t i = 0; i < n; i++) {
        const uint32_t row = c->row_number[i];
        if (!row)
            continue;
        double *p = work + (size_t)omp_get_thread_num() * k;
        mix_damage(h, i / c->n_bins, i % c->n_bins - 1, p);
        failed += xmc_damage_row_init(&c->damage_rows[row], k, from, to, p) != 0;
        c->row_empty[row] = c->damage_rows[row].mean == 0;
    }
    if (failed)
        status = xmc_error(diag, XMC_BAD_INPUT,
                           "events: %zu damage distributions are none: expected damage bins in "
                           "ascending order inside [0, 1]",
                           failed);
done:
    xmc_plan_memory_free(&t);
    return status;
}
