/* How often events happen, and when: groups of events that share a yearly number, or the years of a
 * year-event table. docs/frequency.md says what each law means. */
#include "kernels/vmath.h"
#include "scenarios/overlay.h"
#include "sim/cat_internal.h"
#include <stdlib.h>
#include <string.h>

#define PART_RATE 20000.0 /* largest mean drawn from one count table */

/* ---- plan ---- */

/* Alias table of the rates of n events, with 64-bit thresholds (Walker 1977, Vose 1991). */
static xmc_status build_alias(xmc_cat *c, xmc_cat_group *g, xmc_diag *diag) {
    const xmc_event_set *e = &c->a->events;
    const size_t n = g->n_events;
    xmc_plan_memory t = {0};
    double *scaled = xmc_plan_get(&t, n + 1, sizeof *scaled);
    uint32_t *stack = xmc_plan_get(&t, n + 1, sizeof *stack);
    g->threshold = xmc_plan_get(&c->arena, n + 1, sizeof *g->threshold);
    g->alias = xmc_plan_get(&c->arena, n + 1, sizeof *g->alias);
    if (!scaled || !stack || !g->threshold || !g->alias) {
        xmc_plan_memory_free(&t);
        return xmc_no_memory(diag, n * sizeof *scaled, "event rates");
    }
    size_t small = 0, large = n; /* two stacks in one array */
    for (uint32_t i = 0; i < n; i++) {
        scaled[i] = e->rate[g->event ? g->event[i] : i] * (double)n / g->rate;
        g->alias[i] = i;
        g->threshold[i] = UINT64_MAX;
        if (scaled[i] < 1)
            stack[small++] = i;
        else
            stack[--large] = i;
    }
    while (small && large < n) {
        uint32_t s = stack[--small], l = stack[large];
        g->threshold[s] = (uint64_t)(scaled[s] * 0x1p64);
        g->alias[s] = l;
        scaled[l] -= 1 - scaled[s];
        if (scaled[l] < 1) {
            large++;
            stack[small++] = l;
        }
    }
    xmc_plan_memory_free(&t);
    return XMC_OK;
}

static xmc_status build_count(xmc_cat_group *g, const xmc_frequency_group *q, xmc_diag *diag) {
    int bad;
    g->parts = 1;
    if (q && q->law == XMC_FREQUENCY_BINOMIAL) {
        bad = xmc_count_table_binomial(&g->count, q->size, g->rate / q->size);
    } else if (q && q->law == XMC_FREQUENCY_NEGATIVE_BINOMIAL) {
        const double dispersion =
            q->dispersion != 0 ? q->dispersion : 1 + g->rate * q->factor_variance;
        bad = xmc_count_table_init(&g->count, g->rate, dispersion);
    } else {
        g->parts = (uint32_t)(g->rate / PART_RATE) + 1;
        bad = xmc_count_table_init(&g->count, g->rate / g->parts, 1);
    }
    if (bad == -1)
        return xmc_no_memory(diag, 0, "count table");
    if (bad && q)
        return xmc_error(diag, XMC_BAD_INPUT,
                         "frequency: a group's events happen %.6g times a year: expected less than "
                         "its size, and a variance by mean of at most 1000",
                         g->rate);
    if (bad)
        return xmc_error(diag, XMC_BAD_INPUT, "events: total rate %g is out of range", g->rate);
    return XMC_OK;
}

/* Weights of the days, cumulated: season[d] for days 1 … d. */
static xmc_status build_season(xmc_cat *c, xmc_cat_group *g, const xmc_frequency_group *q,
                               xmc_diag *diag) {
    static const uint16_t length[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (!q || !q->has_season)
        return XMC_OK;
    g->season = xmc_plan_get(&c->arena, 366, sizeof *g->season);
    if (!g->season)
        return xmc_no_memory(diag, 366 * sizeof *g->season, "season");
    size_t day = 1;
    for (int m = 0; m < 12; m++)
        for (int d = 0; d < length[m]; d++, day++)
            g->season[day] = g->season[day - 1] + q->season[m] / length[m];
    const xmc_event_set *e = &c->a->events;
    for (size_t i = 0; i < g->n_events; i++) {
        const uint32_t x = g->event ? g->event[i] : (uint32_t)i;
        if (!(g->season[e->day_last[x]] > g->season[e->day_first[x] - 1]))
            return xmc_error(
                diag, XMC_BAD_INPUT,
                "frequency: event %u happens on days %u to %u, where its season has no "
                "weight",
                e->event_id[x], e->day_first[x], e->day_last[x]);
    }
    return XMC_OK;
}

/* Which group an event belongs to; n_groups: none. */
static size_t group_of(const xmc_frequency *q, xmc_perils perils) {
    size_t g = 0;
    while (g < q->n_groups && q->groups[g].perils && !(q->groups[g].perils & perils))
        g++;
    return g;
}

xmc_status xmc_cat_frequency_build(xmc_cat *c, xmc_diag *diag) {
    const xmc_event_set *e = &c->a->events;
    const xmc_frequency *q = &c->a->frequency;
    if (q->year_event_table) {
        uint64_t most = 0;
        for (size_t y = 0; y < e->n_years; y++)
            most = most > e->year_offset[y + 1] - e->year_offset[y]
                       ? most
                       : e->year_offset[y + 1] - e->year_offset[y];
        c->total_rate = (double)e->year_offset[e->n_years] / (double)e->n_years;
        c->max_count = most + 1;
        return XMC_OK;
    }
    size_t sizes[XMC_FREQUENCY_GROUPS + 1] = {0};
    for (size_t i = 0; i < e->n_events; i++)
        sizes[group_of(q, e->peril[i])]++;
    xmc_status status = XMC_OK;
    for (size_t k = 0; k <= q->n_groups && status == XMC_OK; k++) {
        const xmc_frequency_group *own = k < q->n_groups ? &q->groups[k] : NULL;
        if (!sizes[k] && own)
            return xmc_error(
                diag, XMC_BAD_INPUT,
                "frequency[%zu]: expected perils of the event set that no group before "
                "it takes",
                k);
        if (!sizes[k])
            continue;
        xmc_cat_group *g = &c->groups[c->n_groups++];
        g->n_events = sizes[k];
        if (sizes[k] < e->n_events) { /* otherwise a place in the group is the event */
            g->event = xmc_plan_get(&c->arena, sizes[k], sizeof *g->event);
            if (!g->event)
                return xmc_no_memory(diag, sizes[k] * sizeof *g->event, "event rates");
            size_t n = 0;
            for (uint32_t i = 0; i < e->n_events; i++)
                if (group_of(q, e->peril[i]) == k)
                    g->event[n++] = i;
        }
        for (size_t i = 0; i < g->n_events; i++)
            g->rate += e->rate[g->event ? g->event[i] : i];
        if ((status = build_alias(c, g, diag)) == XMC_OK &&
            (status = build_count(g, own, diag)) == XMC_OK)
            status = build_season(c, g, own, diag);
        c->max_count += g->count.n * g->parts;
    }
    return status;
}

void xmc_cat_frequency_free(xmc_cat *c) {
    for (size_t k = 0; k < c->n_groups; k++)
        xmc_count_table_free(&c->groups[k].count);
}

void xmc_cat_frequency_digest(const xmc_cat *c, xmc_digest *d) {
    const xmc_event_set *e = &c->a->events;
    if (c->a->frequency.year_event_table) {
        xmc_digest_string(d, "years");
        xmc_digest_u64(d, e->year_offset, e->n_years + 1);
        xmc_digest_u32(d, e->year_event, e->year_offset[e->n_years]);
        for (uint64_t i = 0; i < e->year_offset[e->n_years]; i++) {
            const uint32_t day = e->year_day[i];
            xmc_digest_u32(d, &day, 1);
        }
        return;
    }
    for (size_t k = 0; k < c->n_groups; k++) {
        const xmc_cat_group *g = &c->groups[k];
        if (g->event)
            xmc_digest_u32(d, g->event, g->n_events);
        xmc_digest_u32(d, g->alias, g->n_events);
        xmc_digest_u64(d, g->threshold, g->n_events);
        xmc_digest_f64(d, g->count.cdf, g->count.n);
        if (g->season)
            xmc_digest_f64(d, g->season, 366);
    }
}

/* ---- trial loop ---- */

static uint32_t draw_count(const xmc_cat_group *g, xmc_stream *s) {
    size_t n = 0;
    for (uint32_t p = 0; p < g->parts; p++)
        n += xmc_count_of(&g->count, xmc_uniform(s));
    return (uint32_t)n;
}

/* Group k draws from a stream of its own, so that changing one leaves the others alone. */
static xmc_stream group_stream(const xmc_cat *c, uint64_t trial, size_t k) {
    return xmc_stream_at(c->a->seeds[XMC_SEED_EVENTS], trial, (uint64_t)k << 32);
}

uint32_t xmc_cat_count(const xmc_cat *c, uint64_t trial) {
    const xmc_event_set *e = &c->a->events;
    if (c->a->frequency.year_event_table) {
        const uint64_t year = trial % e->n_years;
        return (uint32_t)(e->year_offset[year + 1] - e->year_offset[year]);
    }
    uint32_t n = 0;
    for (size_t k = 0; k < c->n_groups; k++) {
        xmc_stream s = group_stream(c, trial, k);
        n += draw_count(&c->groups[k], &s);
    }
    return n;
}

/* Whether an occurrence still happens under a what-if overlay. Its number stays taken, so that the
 * others keep their damage draws. */
static bool keeps(const xmc_cat *c, uint64_t trial, uint32_t number, uint32_t event) {
    if (!c->a->overlay || !c->a->overlay->thins)
        return true;
    xmc_stream s = xmc_stream_at(c->a->seeds[XMC_SEED_EVENTS], trial, UINT64_C(1) << 63 | number);
    return xmc_uniform(&s) < c->a->overlay->keep[c->views[c->event_view[event]].bit];
}

static void draw_group(xmc_cat *c, size_t k, uint64_t trial, uint32_t *o) {
    const xmc_event_set *e = &c->a->events;
    const xmc_cat_group *g = &c->groups[k];
    xmc_stream s = group_stream(c, trial, k);
    const uint32_t n = draw_count(g, &s), first = (uint32_t)k << XMC_GROUP_SHIFT;
    for (uint32_t i = 0; i < n; i++, ++*o) {
        const xmc_u128 at = (xmc_u128)xmc_u64(&s) * g->n_events;
        uint32_t event = (uint32_t)(at >> 64);
        if ((uint64_t)at >= g->threshold[event])
            event = g->alias[event];
        if (g->event)
            event = g->event[event];
        uint64_t day = e->day_first[event];
        const uint64_t days = (uint64_t)e->day_last[event] - day + 1;
        if (g->season) {
            const double low = g->season[day - 1], high = g->season[e->day_last[event]];
            const double want = low + (xmc_u32(&s) + 0.5) * 0x1p-32 * (high - low);
            while (day < e->day_last[event] && !(want < g->season[day]))
                day++;
        } else {
            day += xmc_u32(&s) * days >> 32;
        }
        c->occ_event[*o] = keeps(c, trial, first + i, event) ? event : NONE;
        c->occ_day[*o] = (uint16_t)day;
        c->occ_number[*o] = first + i;
    }
}

void xmc_cat_draw(xmc_cat *c, uint64_t trial, uint32_t o) {
    const xmc_event_set *e = &c->a->events;
    if (c->a->frequency.year_event_table) {
        const uint64_t year = trial % e->n_years;
        for (uint64_t i = e->year_offset[year]; i < e->year_offset[year + 1]; i++, o++) {
            const uint32_t number = (uint32_t)(i - e->year_offset[year]), event = e->year_event[i];
            c->occ_event[o] = keeps(c, trial, number, event) ? event : NONE;
            c->occ_day[o] = e->year_day[i];
            c->occ_number[o] = number;
        }
        return;
    }
    for (size_t k = 0; k < c->n_groups; k++)
        draw_group(c, k, trial, &o);
}
