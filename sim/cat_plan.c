/* The plan's last steps: damage rows, events, occurrence generation, workspace. */
#include "kernels/vmath.h"
#include "sim/cat_internal.h"
#include <stdlib.h>
#include <string.h>

enum {
    ROW_BYTES = 256 << 20,    /* occurrence rows of a chunk at most, unless one trial needs more */
    SCRATCH_BYTES = 16 << 20, /* account scratch of a thread, unless eight lanes need more */
    LEAST_LANES = 8
};

static int by_cost(const void *x, const void *y, void *costs) {
    const double *cost = costs;
    uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
    if (cost[a] != cost[b])
        return cost[a] > cost[b] ? -1 : 1;
    return a < b ? -1 : a > b;
}

static int compare_u32(const void *x, const void *y) {
    uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
    return a < b ? -1 : a > b;
}

/* Classes, cost and lanes of every event. Returns the largest scratch (doubles), the most classes
 * and parts that one event touches. */
static xmc_status build_events(xmc_cat *c, size_t *scratch, size_t *classes, size_t *parts,
                               xmc_diag *diag) {
    const xmc_event_set *e = &c->a->events;
    const size_t n = c->n_events;
    c->event_view = xmc_plan_get(&c->arena, n + 1, 1);
    c->event_class_offset = xmc_plan_get(&c->arena, n + 1, sizeof(size_t));
    c->event_lanes = xmc_plan_get(&c->arena, n + 1, sizeof(uint32_t));
    c->event_samples = xmc_plan_get(&c->arena, n + 1, sizeof(double));
    c->event_parts = xmc_plan_get(&c->arena, n + 1, sizeof(double));
    c->event_fixed = xmc_plan_get(&c->arena, n + 1, 1);
    c->event_order = xmc_plan_get(&c->arena, n + 1, sizeof(uint32_t));
    xmc_plan_memory t = {0};
    size_t *seen = xmc_plan_get(&t, c->n_classes + 1, sizeof *seen);
    xmc_status status = XMC_OK;
    if (!c->event_view || !c->event_class_offset || !c->event_lanes || !c->event_samples ||
        !c->event_parts || !c->event_fixed || !c->event_order || !seen) {
        status = xmc_no_memory(diag, n * sizeof(double), "planning events");
        goto done;
    }
    *scratch = *classes = *parts = 0;
    for (int fill = 0; fill < 2; fill++) {
        size_t k = 0;
        memset(seen, 0, (c->n_classes + 1) * sizeof *seen);
        for (size_t i = 0; i < n; i++) {
            uint8_t view = 0;
            while (c->views[view].peril != e->peril[i])
                view++;
            const xmc_cat_view *v = &c->views[view];
            const size_t first = k;
            size_t global = 0;
            double samples = 0;
            bool draws = false;
            for (uint64_t f = e->offset[i]; f < e->offset[i + 1]; f++) {
                const uint32_t cell = e->footprint_cell[f];
                global += v->cell_global[cell];
                samples += v->cell_samples[cell];
                c->event_parts[i] += v->cell_parts[cell];
                draws |= v->cell_draws[cell];
                for (size_t x = v->class_offset[cell]; x < v->class_offset[cell + 1]; x++) {
                    uint32_t id = v->cell_class[x];
                    if (seen[id] == i + 1)
                        continue;
                    seen[id] = i + 1;
                    if (fill)
                        c->event_class[k] = id;
                    k++;
                }
            }
            if (fill) {
                qsort(c->event_class + first, k - first, sizeof *c->event_class, compare_u32);
                continue;
            }
            global = global < v->n_part_rows ? global : v->n_part_rows;
            const size_t slots = v->max_local + global;
            uint32_t lanes = XMC_LANES;
            while (lanes > LEAST_LANES &&
                   (slots + v->max_work) * lanes * sizeof(double) > SCRATCH_BYTES)
                lanes /= 2;
            *scratch = *scratch > slots * lanes ? *scratch : slots * lanes;
            *classes = *classes > k - first ? *classes : k - first;
            *parts = *parts > global ? *parts : global;
            c->event_view[i] = view;
            c->event_lanes[i] = lanes;
            c->event_samples[i] = samples;
            c->event_fixed[i] = !draws;
            c->event_order[i] = (uint32_t)i;
            c->event_class_offset[i + 1] = k;
            c->samples_per_trial += e->rate[i] * samples;
        }
        if (!fill) {
            c->event_class = xmc_plan_get(&c->arena, k + 1, sizeof(uint32_t));
            if (!c->event_class) {
                status = xmc_no_memory(diag, k * sizeof(uint32_t), "planning events");
                goto done;
            }
        }
    }
    qsort_r(c->event_order, n, sizeof *c->event_order, by_cost, c->event_samples);
done:
    xmc_plan_memory_free(&t);
    return status;
}

static xmc_status build_workspace(xmc_cat *c, size_t scratch, size_t classes, size_t parts,
                                  xmc_diag *diag) {
    const xmc_event_set *e = &c->a->events;
    double width = 0; /* expected doubles of a trial's rows */
    for (size_t i = 0; i < c->n_events; i++)
        width += e->rate[i] * (double)(c->event_class_offset[i + 1] - c->event_class_offset[i]);
    const double trials = c->block;
    double occurrences = 1.05 * trials * c->total_rate + 8 * sqrt(trials * c->total_rate);
    double rows = 1.05 * trials * width + 8 * (double)classes * sqrt(trials * c->total_rate);
    double most = (double)ROW_BYTES / sizeof(double);
    if (rows > most) {
        occurrences *= most / rows;
        rows = most;
    }
    occurrences = occurrences < 0x1p26 ? occurrences : 0x1p26;
    c->occurrence_capacity = (size_t)occurrences;
    if (c->occurrence_capacity < c->max_count)
        c->occurrence_capacity = c->max_count;
    c->row_capacity = (size_t)rows;
    if (c->row_capacity < c->max_count * classes)
        c->row_capacity = c->max_count * classes;
    if (c->occurrence_capacity >= UINT32_MAX)
        return xmc_error(diag, XMC_BAD_INPUT, "events: total rate %g is too large", c->total_rate);
    c->task_capacity = c->occurrence_capacity / LEAST_LANES + c->n_events + 1;

    const size_t n = c->occurrence_capacity + 1;
    xmc_plan_memory *m = &c->arena;
    c->trial_start = xmc_plan_get(m, (size_t)c->block + 1, sizeof(uint32_t));
    c->occ_event = xmc_plan_get(m, n, sizeof(uint32_t));
    c->occ_place = xmc_plan_get(m, n, sizeof(uint32_t));
    c->occ_number = xmc_plan_get(m, n, sizeof(uint32_t));
    c->sorted = xmc_plan_get(m, n, sizeof *c->sorted);
    c->occ_day = xmc_plan_get(m, n, sizeof(uint16_t));
    c->event_count = xmc_plan_get(m, c->n_events + 1, sizeof(uint32_t));
    c->event_start = xmc_plan_get(m, c->n_events + 1, sizeof(uint32_t));
    c->event_row = xmc_plan_get(m, c->n_events + 1, sizeof(size_t));
    c->rows = xmc_plan_get(m, c->row_capacity + 1, sizeof(double));
    c->tasks = xmc_plan_get(m, c->task_capacity, sizeof *c->tasks);
    c->batches = xmc_plan_get(m, c->task_capacity + 1, sizeof(uint32_t));
    c->sums = xmc_plan_get(m, c->n_events + 1, sizeof *c->sums);
    c->thread = xmc_plan_get(m, (size_t)c->threads, sizeof *c->thread);
    bool ok = c->trial_start && c->occ_event && c->occ_number && c->occ_place && c->sorted &&
              c->occ_day && c->event_count && c->event_start && c->event_row && c->rows &&
              c->tasks && c->batches && c->sums && c->thread;
    size_t all_parts = 0, account_parts = 0, longest = 0, work = 0, layers = 0;
    for (size_t v = 0; v < c->n_views; v++) {
        const xmc_cat_view *view = &c->views[v];
        all_parts = all_parts > view->n_parts ? all_parts : view->n_parts;
        work = work > view->max_work ? work : view->max_work;
        layers = layers > view->max_layers ? layers : view->max_layers;
        for (size_t i = 0; i < view->n_accounts; i++)
            if (account_parts < view->accounts[i].n_parts)
                account_parts = view->accounts[i].n_parts;
        for (size_t r = 0; r < view->n_runs; r++)
            longest = longest > view->runs[r].run.n ? longest : view->runs[r].run.n;
    }
    c->all_parts = all_parts;
    for (int i = 0; ok && i < c->threads; i++) {
        xmc_cat_thread *t = &c->thread[i];
        t->class_acc = xmc_plan_get(m, classes * XMC_LANES + 1, sizeof(double));
        t->scratch = xmc_plan_get(m, scratch + 1, sizeof(double));
        t->slot = xmc_plan_get(m, longest + 1, sizeof(uint32_t));
        if (c->correlated)
            t->group = xmc_plan_get(m, XMC_CORRELATIONS + 1, sizeof *t->group);
        t->stamp = xmc_plan_get(m, all_parts + 1, sizeof(uint32_t));
        t->part_slot = xmc_plan_get(m, all_parts + 1, sizeof(uint32_t));
        t->touched = xmc_plan_get(m, parts + 1, sizeof(uint32_t));
        t->class_at = xmc_plan_get(m, c->n_classes + 1, sizeof(uint32_t));
        t->here = xmc_plan_get(m, account_parts + 1, sizeof(uint32_t));
        t->weight = xmc_plan_get(m, account_parts + 1, sizeof(double));
        t->part = xmc_plan_get(m, account_parts + 1, sizeof(double));
        t->total = xmc_plan_get(m, XMC_LANES, sizeof(double));
        t->loss = xmc_plan_get(m, XMC_LANES, sizeof(double));
        t->order = xmc_plan_get(m, c->max_count + 1, sizeof(uint32_t));
        const size_t together = c->programme.any_hours ? c->max_count : 1;
        t->net = xmc_plan_get(m, classes * together + 1, sizeof(double));
        t->work = xmc_plan_get(m, classes * together + 1, sizeof(double));
        t->occurrence = xmc_plan_get(m, together + 1, sizeof *t->occurrence);
        t->joined = xmc_plan_get(m, together + 1, sizeof *t->joined);
        t->best = xmc_plan_get(m, together + 1, sizeof(double));
        t->row_loss = xmc_plan_get(m, c->most_rows * XMC_LANES + 1, sizeof(double));
        t->item_gross = xmc_plan_get(m, c->most_items + 1, sizeof(double));
        t->item_part = xmc_plan_get(m, c->most_parts_of_risks + 1, sizeof(double));
        t->item_work = xmc_plan_get(m, 4 * c->most_items + 1, sizeof(double));
        t->layer_used = xmc_plan_get(m, c->programme.n + 1, sizeof(double));
        t->recovery = xmc_plan_get(m, c->programme.n + 1, sizeof(double));
        if (work) {
            const size_t lane = XMC_LANES * sizeof(double);
            t->location = xmc_plan_get(m, (size_t)XMC_ITEMS * XMC_HISTORY, lane);
            t->node = xmc_plan_get(m, XMC_NODE_ROWS, lane);
            t->tree = xmc_plan_get(m, work, lane);
            t->item = xmc_plan_get(m, work, sizeof *t->item);
            t->layer_loss = xmc_plan_get(m, layers + XMC_HISTORY + 3, lane);
            t->part_loss = xmc_plan_get(m, c->most_tree_items + 1, lane);
            ok = t->part_loss && t->location && t->node && t->tree && t->item && t->layer_loss;
        }
        ok = ok && (t->group || !c->correlated) && t->class_acc && t->scratch && t->slot &&
             t->stamp && t->part_slot && t->touched && t->class_at && t->here && t->weight &&
             t->part && t->total && t->loss && t->order && t->net && t->work && t->layer_used &&
             t->recovery && t->occurrence && t->joined && t->best && t->row_loss && t->item_gross &&
             t->item_part && t->item_work;
    }
    return ok ? XMC_OK : xmc_no_memory(diag, c->arena.bytes, "catastrophe workspace");
}

static xmc_status plan_one(const xmc_analysis *a, const xmc_run_shape *shape, bool mean_damage,
                           xmc_segments *segments, xmc_cat **out, xmc_diag *diag) {
    *out = NULL;
    xmc_cat *c = calloc(1, sizeof *c);
    if (!c)
        return xmc_no_memory(diag, sizeof *c, "planning catastrophe");
    c->a = a;
    c->mean_damage = mean_damage;
    c->grid = a->loss_grid;
    c->inv_grid = 1 / a->loss_grid;
    c->threads = shape->threads > 0 ? shape->threads : 1;
    c->block = shape->block;
    c->n_events = a->events.n_events;
    c->correlated = a->n_correlations > 0 && !a->mean_damage;
    for (size_t i = 0; i < c->n_events; i++)
        c->total_rate += a->events.rate[i];
    size_t scratch = 0, classes = 0, parts = 0;
    xmc_status s;
    if ((s = xmc_programme_plan(a, &c->programme, diag)) ||
        (s = xmc_cat_book_build(a, &c->arena, &c->book, diag)) ||
        (s = xmc_cat_rows_build(c, diag)) || (s = xmc_cat_views_build(c, shape, segments, diag)) ||
        (s = xmc_cat_mixed_rows_build(c, diag)) || (s = xmc_cat_exposures_build(c, diag)) ||
        (s = xmc_cat_frequency_build(c, diag)) ||
        (s = build_events(c, &scratch, &classes, &parts, diag)) ||
        (s = build_workspace(c, scratch, classes, parts, diag))) {
        xmc_cat_free(c);
        return s;
    }
    *out = c;
    return XMC_OK;
}

xmc_status xmc_cat_plan(const xmc_analysis *a, const xmc_run_shape *shape, xmc_segments *segments,
                        xmc_cat **out, xmc_diag *diag) {
    xmc_status s = plan_one(a, shape, a->mean_damage, segments, out, diag);
    if (s != XMC_OK || !a->without_uncertainty)
        return s;
    xmc_segments own = {0}; /* its losses are not reported by segment */
    s = plan_one(a, shape, true, &own, &(*out)->without, diag);
    xmc_segments_free(&own);
    if (s != XMC_OK) {
        xmc_cat_free(*out);
        *out = NULL;
    }
    return s;
}

void xmc_cat_free(xmc_cat *c) {
    if (!c)
        return;
    xmc_cat_free(c->without);
    xmc_programme_free(&c->programme);
    xmc_cat_frequency_free(c);
    xmc_plan_memory_free(&c->arena);
    free(c);
}

int xmc_cat_overflowed(const xmc_cat *c) {
    return c->overflowed;
}
