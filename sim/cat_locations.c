/* Average annual loss by location: an expectation over events and damage distributions, taken
 * exactly, with no trial. */
#include "scenarios/overlay.h"
#include "sim/cat_internal.h"
#include <string.h>

/* Rate of an event, after what an overlay thins. */
static double rate_of(const xmc_cat *c, size_t event, unsigned bit) {
    const double rate = c->a->events.rate[event];
    const xmc_overlay *o = c->a->overlay;
    return o && o->thins ? rate * o->keep[bit] : rate;
}

/* Of each run and coverage: sum over the events of rate × mean damage ratio. */
static void add_events(const xmc_cat *c, const xmc_cat_view *v, double *factor) {
    const xmc_event_set *e = &c->a->events;
    for (size_t event = 0; event < c->n_events; event++) {
        if (&c->views[c->event_view[event]] != v)
            continue;
        const double rate = rate_of(c, event, v->bit);
        for (uint64_t f = e->offset[event]; f < e->offset[event + 1]; f++) {
            if (e->footprint_bin && e->footprint_bin[f] >= c->n_bins)
                continue;
            const uint32_t cell = e->footprint_cell[f];
            for (size_t i = v->run_offset[cell]; i < v->run_offset[cell + 1]; i++)
                for (uint32_t k = 0; k < v->runs[i].run.n_covers; k++)
                    factor[i * XMC_MAX_COVERS + k] +=
                        rate * c->damage_rows[xmc_cat_row_at(c, &v->runs[i], k, f)].mean;
        }
    }
}

/* Place in the canonical order of the location with this rank. */
static size_t place_of(const xmc_cat *c, uint32_t rank) {
    size_t lo = 0, hi = c->book.n;
    while (hi - lo > 1) {
        const size_t mid = (lo + hi) / 2;
        if (c->book.rank[mid] <= rank)
            lo = mid;
        else
            hi = mid;
    }
    return lo;
}

xmc_status xmc_cat_location_means(const xmc_cat *c, double *mean, xmc_diag *diag) {
    const size_t n = c->a->book.n_locations;
    memset(mean, 0, XMC_N_GROUPS * n * sizeof *mean);
    for (size_t i = 0; i < c->n_views; i++) {
        const xmc_cat_view *v = &c->views[i];
        xmc_plan_memory t = {0};
        double *factor = xmc_plan_get(&t, v->n_runs * XMC_MAX_COVERS + 1, sizeof *factor);
        if (!factor)
            return xmc_no_memory(diag, v->n_runs * XMC_MAX_COVERS * sizeof *factor,
                                 "average annual losses by location");
        add_events(c, v, factor);
        double *out = mean + (size_t)v->group * n;
#pragma omp parallel for schedule(static) num_threads(c->threads)
        for (size_t r = 0; r < v->n_runs; r++) {
            const xmc_run *run = &v->runs[r].run;
            for (size_t l = 0; l < run->n; l++) {
                double sum = 0;
                for (uint32_t k = 0; k < run->n_covers; k++)
                    sum += run->tiv[k * run->n + l] * factor[r * XMC_MAX_COVERS + k];
                out[c->book.location[place_of(c, run->rank[l])]] += sum;
            }
        }
        xmc_plan_memory_free(&t);
    }
    return XMC_OK;
}
