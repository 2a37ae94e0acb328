/* The trial loop of catastrophe: occurrences, tasks over events, trials. Nothing here allocates;
 * everything was sized by the plan. */
#include "kernels/vmath.h"
#include "sim/cat_internal.h"
#include <omp.h>
#include <string.h>

/* ---- occurrences ---- */

/* Draws the occurrences of as many trials from `first` on (at most n) as the workspace holds, and
 * sorts them by event. Returns how many trials. */
static uint32_t draw_chunk(xmc_cat *c, uint64_t first, uint32_t n) {
#pragma omp parallel for schedule(static) num_threads(c->threads)
    for (uint32_t i = 0; i < n; i++)
        c->trial_start[i + 1] = xmc_cat_count(c, first + i);
    c->trial_start[0] = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (c->trial_start[i + 1] > c->occurrence_capacity - c->trial_start[i])
            n = i;
        else
            c->trial_start[i + 1] += c->trial_start[i];
    }
#pragma omp parallel for schedule(static) num_threads(c->threads)
    for (uint32_t i = 0; i < n; i++)
        xmc_cat_draw(c, first + i, c->trial_start[i]);
    /* Rows: cut the chunk where they would not fit. */
    size_t width = 0;
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t o = c->trial_start[i]; o < c->trial_start[i + 1]; o++) {
            const uint32_t e = c->occ_event[o];
            if (e == NONE)
                continue;
            width += c->event_class_offset[e + 1] - c->event_class_offset[e];
        }
        if (width > c->row_capacity)
            n = i;
    }
    const uint32_t total = c->trial_start[n];
    memset(c->event_count, 0, c->n_events * sizeof *c->event_count);
    for (uint32_t o = 0; o < total; o++)
        if (c->occ_event[o] != NONE)
            c->occ_place[o] = c->event_count[c->occ_event[o]]++;
    uint32_t start = 0;
    size_t row = 0;
    for (size_t e = 0; e < c->n_events; e++) {
        c->event_start[e] = start;
        c->event_row[e] = row;
        start += c->event_count[e];
        row += (c->event_fixed[e] ? c->event_count[e] > 0 : c->event_count[e]) *
               (c->event_class_offset[e + 1] - c->event_class_offset[e]);
    }
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t o = c->trial_start[i]; o < c->trial_start[i + 1]; o++)
            if (c->occ_event[o] != NONE)
                c->sorted[c->event_start[c->occ_event[o]] + c->occ_place[o]] =
                    (xmc_cat_origin){i, c->occ_number[o]};
    return n;
}

static double *row_of(const xmc_cat *c, uint32_t event, uint32_t place) {
    if (c->event_fixed[event])
        place = 0;
    return c->rows + c->event_row[event] +
           place * (c->event_class_offset[event + 1] - c->event_class_offset[event]);
}

/* ---- one task: an event and some of its occurrences ---- */

void xmc_cat_cede_risks(const xmc_cat *c, const xmc_cat_view *v, xmc_cat_thread *t,
                        const xmc_cat_account *a, size_t l, size_t stride) {
    const xmc_risk_programme *risks = a->risks;
    const uint32_t *class_id = v->part_class + a->first_class;
    const size_t n_items = risks->n_items;
    xmc_risk_cessions(&c->programme, risks, t->item_gross, t->item_part, t->item_work);
    for (size_t i = 0; i < n_items; i++)
        if (t->item_gross[i] > 0)
            t->class_acc[t->class_at[class_id[i]] * stride + l] += t->item_gross[i];
    for (size_t i = 0; i < n_items * risks->n_treaties; i++)
        if (t->item_part[i] > 0)
            t->class_acc[t->class_at[risks->column[i]] * stride + l] += t->item_part[i];
}

/* The policies' losses of an account with per-risk treaties, risk by risk. t->total holds the
 * account's loss. */
static void finish_risks(const xmc_cat *c, const xmc_cat_view *v, xmc_cat_thread *t,
                         const xmc_cat_account *a, const uint32_t *slot_of, size_t n_here,
                         size_t n_lanes, size_t stride) {
    const size_t n_items = a->risks->n_items;
    for (uint32_t r = 0; r < a->n_rows; r++) {
        const uint32_t row = v->row[a->first_row + r];
        xmc_account_terms(&c->policy_terms[row], &c->policy_layers[row], t->total, n_lanes,
                          t->row_loss + (size_t)r * XMC_LANES, c->grid, c->inv_grid);
    }
    for (size_t l = 0; l < n_lanes; l++) {
        if (t->total[l] <= 0)
            continue;
        memset(t->item_gross, 0, n_items * sizeof *t->item_gross);
        for (size_t p = 0; p < n_here; p++)
            t->weight[p] = t->scratch[slot_of[t->here[p]] * stride + l];
        for (uint32_t r = 0; r < a->n_rows; r++) {
            const double loss = t->row_loss[(size_t)r * XMC_LANES + l];
            if (loss <= 0)
                continue;
            xmc_allocate(loss, t->weight, t->part, n_here, c->grid, c->inv_grid);
            for (size_t p = 0; p < n_here; p++)
                t->item_gross[(size_t)r * a->n_parts + t->here[p] - a->first_part] = t->part[p];
        }
        xmc_cat_cede_risks(c, v, t, a, l, stride);
    }
}

/* Terms of the policies of an account on the sum of its parts; each policy's loss goes back to the
 * parts, that is to their regions, in proportion. slot_of[part] is the part's scratch row. */
static void finish_account(const xmc_cat *c, const xmc_cat_view *v, xmc_cat_thread *t,
                           const xmc_cat_account *a, const uint32_t *slot_of, size_t n_here,
                           size_t n_lanes, size_t stride) {
    if (a->terms != NONE) {
        xmc_terms_finish(c, v, t, a, slot_of, n_here, n_lanes, stride);
        return;
    }
    uint64_t any = 0; /* losses are positive: bits */
    const double *first = t->scratch + slot_of[t->here[0]] * stride;
#pragma omp simd
    for (size_t l = 0; l < n_lanes; l++)
        t->total[l] = first[l];
    for (size_t p = 1; p < n_here; p++) {
        const double *x = t->scratch + slot_of[t->here[p]] * stride;
        for (size_t l = 0; l < n_lanes; l++)
            t->total[l] += x[l];
    }
    for (size_t l = 0; l < n_lanes; l++) {
        uint64_t bits;
        memcpy(&bits, &t->total[l], sizeof bits);
        any |= bits;
    }
    if (a->risks && any > 0)
        finish_risks(c, v, t, a, slot_of, n_here, n_lanes, stride);
    for (uint32_t r = 0; r < a->n_rows && any > 0 && !a->risks; r++) {
        const xmc_terms k = c->policy_terms[v->row[a->first_row + r]];
        const xmc_layer y = c->policy_layers[v->row[a->first_row + r]];
        const uint32_t *class_id =
            v->part_class + a->first_class + (size_t)r * a->n_parts - a->first_part;
        xmc_account_terms(&k, &y, t->total, n_lanes, t->loss, c->grid, c->inv_grid);
        if (n_here == 1) {
            double *to = t->class_acc + t->class_at[class_id[t->here[0]]] * stride;
            for (size_t l = 0; l < n_lanes; l++)
                to[l] += t->loss[l];
            continue;
        }
        for (size_t l = 0; l < n_lanes; l++) {
            if (t->loss[l] <= 0)
                continue;
            for (size_t p = 0; p < n_here; p++)
                t->weight[p] = t->scratch[slot_of[t->here[p]] * stride + l];
            xmc_allocate(t->loss[l], t->weight, t->part, n_here, c->grid, c->inv_grid);
            for (size_t p = 0; p < n_here; p++)
                t->class_acc[t->class_at[class_id[t->here[p]]] * stride + l] += t->part[p];
        }
    }
    for (size_t p = 0; p < n_here; p++) {
        double *x = t->scratch + slot_of[t->here[p]] * stride;
#pragma omp simd /* a few lanes: no call, no string instruction */
        for (size_t l = 0; l < n_lanes; l++)
            x[l] = 0;
    }
}

/* Scratch rows of a run's locations. Parts of accounts over several cells get one when first met.
 */
static uint32_t place_part(const xmc_cat_view *v, xmc_cat_thread *t, uint32_t part) {
    if (t->stamp[part] != t->serial) {
        t->stamp[part] = t->serial;
        t->part_slot[part] = t->next_slot;
        t->next_slot += v->accounts[v->part_account[part]].part_rows;
        t->touched[t->n_touched++] = part;
    }
    return t->part_slot[part];
}

static const uint32_t *place_parts(const xmc_cat_view *v, xmc_cat_thread *t, const xmc_cat_run *r) {
    for (size_t i = 0; i < r->run.n; i++) {
        const uint32_t part = r->part[i];
        t->slot[i] = part & XMC_LOCAL_SLOT ? part & ~XMC_LOCAL_SLOT : place_part(v, t, part);
    }
    return t->slot;
}

/* A run of locations whose accounts have term trees. */
static void visit_trees(const xmc_cat *c, const xmc_cat_view *v, xmc_cat_thread *t,
                        const xmc_cat_run *r, const xmc_damage_row *const *row, xmc_lanes *lanes,
                        xmc_stream *one, size_t n_lanes, size_t stride) {
    for (size_t i = 0; i < r->run.n; i++) {
        const uint32_t part = r->part[i];
        const uint32_t slot =
            v->local_slot[part] != NONE ? v->local_slot[part] : place_part(v, t, part);
        xmc_terms_visit(c, v, t, r, i, row, lanes, one, slot, n_lanes, stride);
    }
}

/* Accounts over several cells, at the end of the event. */
static void finish_touched(const xmc_cat *c, const xmc_cat_view *v, xmc_cat_thread *t,
                           size_t n_lanes, size_t stride) {
    for (uint32_t i = 0; i < t->n_touched; i++) {
        const xmc_cat_account *a = &v->accounts[v->part_account[t->touched[i]]];
        size_t n_here = 0;
        for (uint32_t p = a->first_part; p < a->first_part + a->n_parts; p++)
            if (t->stamp[p] == t->serial)
                t->here[n_here++] = p;
        if (t->here[0] == t->touched[i]) /* once per account */
            finish_account(c, v, t, a, t->part_slot, n_here, n_lanes, stride);
    }
}

/* Cells of a footprint lie far apart in the plan, and their runs may be short: the runs of a cell
 * some way ahead, and what those of the next cell point to, are fetched early. Inline always: gcc
 * drops calls of a function that does nothing but fetch. */
__attribute__((always_inline)) static inline void fetch_ahead(const xmc_cat_view *v,
                                                              const uint32_t *cell, uint64_t left) {
    enum { MOST = 4 };
    if (left > 3) {
        const size_t first = v->run_offset[cell[3]], n = v->run_offset[cell[3] + 1] - first;
        const char *runs = (const char *)&v->runs[first];
        const char *end = runs + (n < MOST ? n : MOST) * sizeof(xmc_cat_run);
        for (; runs < end; runs += 64)
            __builtin_prefetch(runs);
    }
    if (left < 2)
        return;
    const size_t first = v->run_offset[cell[1]], n = v->run_offset[cell[1] + 1] - first;
    for (size_t i = first; i < first + (n < MOST ? n : MOST); i++) {
        const xmc_run *r = &v->runs[i].run;
        __builtin_prefetch(r->rank);
        __builtin_prefetch(r->tiv);
        __builtin_prefetch(r->ded_amount);
        __builtin_prefetch(r->limit_amount);
        __builtin_prefetch(v->runs[i].part);
    }
}

/* The draws of a group of an event for the lanes. entry 0: all rows of an event loss table's event.
 */
static const xmc_cat_group_draws *group_draws(const xmc_cat *c, xmc_cat_thread *t, size_t entry,
                                              uint32_t group, double rho, double shared,
                                              size_t n_lanes) {
    xmc_cat_group_draws *g = &t->group[entry];
    if (g->known && g->group == group)
        return g;
    g->known = true;
    g->group = group;
    g->rho = rho;
    for (size_t l = 0; l < n_lanes; l++) {
        xmc_stream s =
            xmc_stream_at(c->a->seeds[XMC_SEED_DAMAGE], t->lane_trial[l],
                          t->lane_number[l] | (uint64_t)group << 32 | (uint64_t)(entry + 1) << 56);
        g->factor[l] = xmc_normal(&s);
        g->together[l] = xmc_uniform(&s) < shared;
        g->word[l] = xmc_u32(&s);
    }
    return g;
}

void xmc_cat_correlated_run(const xmc_cat *c, xmc_cat_thread *t, const xmc_run *run,
                            const xmc_cat_run *r, uint32_t first_cover,
                            const xmc_damage_row *const *row, xmc_lanes *lanes, size_t n_lanes,
                            double *acc, size_t stride) {
    const xmc_cat_group_draws *draws[XMC_MAX_COVERS] = {NULL};
    for (uint32_t k = 0; k < run->n_covers; k++) {
        const size_t entry = r->entry[first_cover + k];
        if (c->event_common)
            draws[k] = group_draws(c, t, 0, 0, 0, c->event_common[t->event], n_lanes);
        else if (entry)
            draws[k] =
                group_draws(c, t, entry, r->correlation_group, c->a->correlations[entry - 1].rho,
                            c->a->correlations[entry - 1].shared, n_lanes);
    }
    xmc_cat_correlated(run, row, draws, lanes, n_lanes, acc, stride, c->grid, c->inv_grid);
}

/* The event for n_lanes of its occurrences, side by side; the streams start at draw 0. With
 * `along`, one occurrence and the locations in the lanes. */
static void visit(const xmc_cat *c, xmc_cat_thread *t, uint32_t event, xmc_lanes *lanes,
                  size_t n_lanes, size_t stride, bool along) {
    const xmc_event_set *e = &c->a->events;
    const xmc_cat_view *v = &c->views[c->event_view[event]];
    t->event = event;
    xmc_stream one = {lanes->state[0], lanes->inc[0]};
    t->n_touched = 0;
    t->next_slot = v->max_local;
    if (++t->serial == 0) { /* the serial numbers have wrapped */
        memset(t->stamp, 0, c->all_parts * sizeof *t->stamp);
        t->serial = 1;
    }
    for (uint64_t f = e->offset[event]; f < e->offset[event + 1]; f++) {
        const uint32_t cell = e->footprint_cell[f];
        fetch_ahead(v, e->footprint_cell + f, e->offset[event + 1] - f);
        if (e->footprint_bin && e->footprint_bin[f] >= c->n_bins)
            continue;
        for (size_t i = v->run_offset[cell]; i < v->run_offset[cell + 1]; i++) {
            const xmc_cat_run *r = &v->runs[i];
            const xmc_damage_row *row[XMC_MAX_COVERS];
            uint32_t low = r->run.n_covers, high = 0; /* what can be damaged lies between them */
            for (uint32_t k = 0; k < r->run.n_covers; k++) {
                const size_t at = xmc_cat_row_at(c, r, k, f);
                row[k] = &c->damage_rows[at];
                if (!c->row_empty[at]) {
                    low = low < k ? low : k;
                    high = k + 1;
                }
            }
            if (low >= high)
                continue;
            if (r->rules) {
                for (uint32_t k = 0; k < r->run.n_covers; k++)
                    if (c->row_empty[xmc_cat_row_at(c, r, k, f)])
                        row[k] = NULL;
                visit_trees(c, v, t, r, row, lanes, along ? &one : NULL, n_lanes, stride);
                continue;
            }
            xmc_run run = r->run;
            if (high - low < run.n_covers) { /* perils that pass by draw nothing */
                run.n_covers = high - low;
                run.tiv += (size_t)low * run.n;
                memmove(run.cover_offset, run.cover_offset + low,
                        run.n_covers * sizeof *run.cover_offset);
                memmove(row, row + low, run.n_covers * sizeof *row);
            }
            double *acc = t->scratch;
            if (r->class_id == NONE)
                run.slot = place_parts(v, t, r);
            else
                acc = t->class_acc + t->class_at[r->class_id] * stride;
            if (c->correlated && !run.mean)
                xmc_cat_correlated_run(c, t, &run, r, low, row, lanes, n_lanes, acc, stride);
            else if (along)
                xmc_ground_up_locations(&run, row, &one, &lanes->position, acc, c->grid,
                                        c->inv_grid);
            else
                xmc_ground_up_occurrences(&run, row, lanes, n_lanes, acc, stride, c->grid,
                                          c->inv_grid);
        }
        for (size_t i = v->local_offset[cell]; i < v->local_offset[cell + 1]; i++) {
            const xmc_cat_account *a = &v->accounts[v->local_account[i]];
            for (uint32_t p = 0; p < a->n_parts; p++)
                t->here[p] = a->first_part + p;
            finish_account(c, v, t, a, v->local_slot, a->n_parts, n_lanes, stride);
        }
    }
    finish_touched(c, v, t, n_lanes, stride);
}

/* Whether the locations go into the lanes. With few occurrences the lanes are mostly empty, at some
 * 11 ns a draw whatever their number, against 1.4 ns a draw and occurrence along the locations; but
 * each part of an account costs some 25 ns a call then. */
static bool goes_along(const xmc_cat *c, uint32_t event, uint32_t n) {
    if (n >= 8 || c->correlated)
        return false;
    return n == 1 ||
           25.0 * c->event_parts[event] * (n - 1) < c->event_samples[event] * (11 - 1.4 * n);
}

static void run_task(const xmc_cat *c, xmc_cat_thread *t, const xmc_cat_task *task,
                     uint64_t first_trial) {
    const uint32_t event = task->event;
    const uint32_t *ids = c->event_class + c->event_class_offset[event];
    const size_t n_classes = c->event_class_offset[event + 1] - c->event_class_offset[event];
    const bool along = goes_along(c, event, task->n);
    /* Close-packed: with few lanes, wide rows would be mostly unused cache lines. */
    const size_t stride = along ? 1 : (task->n + 7u) & ~7u;
    for (size_t k = 0; k < n_classes; k++)
        t->class_at[ids[k]] = (uint32_t)k;
    /* Either all occurrences at once, or one after the other. */
    const uint32_t step = along ? 1 : task->n;
    for (uint32_t from = 0; from < task->n; from += step) {
        xmc_lanes lanes;
        lanes.position = 0;
        for (uint32_t l = 0; l < step; l++) {
            const xmc_cat_origin o = c->sorted[c->event_start[event] + task->first + from + l];
            const xmc_stream s =
                xmc_stream_at(c->a->seeds[XMC_SEED_DAMAGE], first_trial + o.trial, o.number);
            lanes.state[l] = s.state;
            lanes.inc[l] = s.inc;
            t->lane_trial[l] = first_trial + o.trial;
            t->lane_number[l] = o.number;
        }
        for (size_t k = 0; t->group && k <= XMC_CORRELATIONS; k++)
            t->group[k].known = false;
        memset(t->class_acc, 0, n_classes * stride * sizeof(double));
        visit(c, t, event, &lanes, step, stride, along);
        for (uint32_t l = 0; l < step; l++) {
            double *row = row_of(c, event, task->first + from + l);
            for (size_t k = 0; k < n_classes; k++)
                row[k] = t->class_acc[k * stride + l];
        }
    }
}

void xmc_cat_event_losses(xmc_cat *c, uint32_t event, bool along, double *loss) {
    xmc_cat_thread *t = &c->thread[0];
    const uint32_t *ids = c->event_class + c->event_class_offset[event];
    const size_t n_classes = c->event_class_offset[event + 1] - c->event_class_offset[event];
    const size_t stride = along ? 1 : 8;
    const xmc_stream s = xmc_stream_at(c->a->seeds[XMC_SEED_DAMAGE], 0, 0);
    xmc_lanes lanes;
    lanes.position = 0;
    lanes.state[0] = s.state;
    lanes.inc[0] = s.inc;
    for (size_t k = 0; k < n_classes; k++)
        t->class_at[ids[k]] = (uint32_t)k;
    memset(t->class_acc, 0, n_classes * stride * sizeof(double));
    visit(c, t, event, &lanes, 1, stride, along);
    for (size_t k = 0; k < n_classes; k++)
        loss[c->class_segment[ids[k]]] += t->class_acc[k * stride];
}

/* Cost at which a batch of tasks is closed, and what a task costs beside its draws; in draws. */
static const double batch_cost = 30000, task_cost = 100;

static void run_events(xmc_cat *c, uint64_t first_trial) {
    size_t n_tasks = 0, n_batches = 0;
    double cost = batch_cost;
    for (size_t i = 0; i < c->n_events; i++) {
        const uint32_t event = c->event_order[i], lanes = c->event_lanes[event];
        uint32_t count = c->event_count[event];
        if (c->event_class_offset[event + 1] == c->event_class_offset[event])
            continue;
        if (c->event_fixed[event] && count > 1)
            count = 1;
        for (uint32_t first = 0; first < count; first += lanes) {
            const uint32_t n = count - first < lanes ? count - first : lanes;
            if (cost >= batch_cost) {
                c->batches[n_batches++] = (uint32_t)n_tasks;
                cost = 0;
            }
            cost += n * c->event_samples[event] + task_cost;
            c->tasks[n_tasks++] = (xmc_cat_task){event, first, n};
        }
    }
    c->batches[n_batches] = (uint32_t)n_tasks;
#pragma omp parallel for schedule(dynamic) num_threads(c->threads)
    for (size_t i = 0; i < n_batches; i++)
        for (uint32_t k = c->batches[i]; k < c->batches[i + 1]; k++)
            run_task(c, &c->thread[omp_get_thread_num()], &c->tasks[k], first_trial);
}

/* ---- event loss table ---- */

static void add_to_table(xmc_cat *c) {
#pragma omp parallel for schedule(dynamic, 64) num_threads(c->threads)
    for (size_t e = 0; e < c->n_events; e++) {
        const size_t n_classes = c->event_class_offset[e + 1] - c->event_class_offset[e];
        xmc_cat_event_sum *s = &c->sums[e];
        const uint32_t n = c->event_count[e];
        for (uint32_t i = 0; i < n; i++) {
            const double *row = row_of(c, (uint32_t)e, i);
            double loss = 0;
            const uint32_t *ids = c->event_class + c->event_class_offset[e];
            for (size_t k = 0; k < n_classes; k++)
                loss += c->class_treaty[ids[k]] == NONE ? row[k] : 0;
            const xmc_u128 steps = (uint64_t)(loss * c->inv_grid);
            const uint32_t times = c->event_fixed[e] ? n : 1;
            s->sum += steps * times;
            s->squares += steps * steps * times;
            s->max = s->max > loss ? s->max : loss;
            i += times - 1;
        }
        s->n += n;
    }
}

/* ---- trials ---- */

/* Day of the simulated year on which an occurrence happens. */
static int32_t day_of(const xmc_cat *c, uint32_t o) {
    return c->programme.day_of_year[c->occ_day[o]];
}

/* Occurrences of a trial in the order (day, number), without those that an overlay has dropped;
 * returns how many are left. */
static uint32_t order_trial(const xmc_cat *c, uint32_t first, uint32_t n, uint32_t *order) {
    if (n <= 32) {
        uint32_t left = 0;
        for (uint32_t i = 0; i < n; i++) {
            if (c->occ_event[first + i] == NONE)
                continue;
            uint32_t k = left++;
            for (; k > 0 && day_of(c, order[k - 1]) > day_of(c, first + i); k--)
                order[k] = order[k - 1];
            order[k] = first + i;
        }
        return left;
    }
    uint32_t start[368] = {0};
    for (uint32_t i = 0; i < n; i++)
        start[day_of(c, first + i) + 1] += c->occ_event[first + i] != NONE;
    for (int day = 0; day < 367; day++)
        start[day + 1] += start[day];
    for (uint32_t i = 0; i < n; i++)
        if (c->occ_event[first + i] != NONE)
            order[start[day_of(c, first + i)]++] = first + i;
    return start[367];
}

static xmc_occurrence occurrence_of(const xmc_cat *c, uint32_t o, double *net, double *work) {
    const uint32_t event = c->occ_event[o];
    return (xmc_occurrence){.id = c->event_class + c->event_class_offset[event],
                            .n = c->event_class_offset[event + 1] - c->event_class_offset[event],
                            .row = row_of(c, event, c->occ_place[o]),
                            .net = net,
                            .work = work,
                            .day = day_of(c, o),
                            .peril = c->a->events.peril[event],
                            .number = o};
}

static double gross_of(const xmc_cat *c, const xmc_occurrence *x) {
    double gross = 0;
    for (size_t k = 0; k < x->n; k++)
        gross += c->class_treaty[x->id[k]] == NONE ? x->row[k] : 0;
    return gross;
}

/* Where a trial's occurrences go: a row of the block with its sums, or a trace. */
typedef struct {
    xmc_block *block;    /* NULL with a trace; without segments: the year alone is wanted */
    uint32_t row, first; /* first: the trial's first occurrence */
    xmc_cat_occurrence *trace;
    size_t n;
    double gross, net, gross_max, net_max;
} sink;

/* An occurrence behind all its treaties. */
static void add_occurrence(const xmc_cat *c, const xmc_occurrence *x, double gross, sink *to) {
    double net = 0;
    for (size_t k = 0; k < x->n; k++)
        net += c->class_treaty[x->id[k]] == NONE ? x->net[k] : 0;
    if (to->trace) {
        to->trace[to->n++] =
            (xmc_cat_occurrence){.number = x->number - to->first,
                                 .event_id = c->a->events.event_id[c->occ_event[x->number]],
                                 .day = c->occ_day[x->number],
                                 .gross = gross,
                                 .net = net};
        return;
    }
    to->n++;
    for (size_t k = 0; k < x->n && to->block->segment_gross; k++) {
        if (c->class_treaty[x->id[k]] != NONE)
            continue;
        const size_t s = c->class_segment[x->id[k]];
        to->block->segment_gross[s][to->row] += x->row[k];
        to->block->segment_net[s][to->row] += x->net[k];
    }
    to->gross += gross;
    to->net += net;
    to->gross_max = to->gross_max > gross ? to->gross_max : gross;
    to->net_max = to->net_max > net ? to->net_max : net;
}

/* Hours clauses look at all occurrences of the trial together. */
static void run_joined(const xmc_cat *c, xmc_cat_thread *t, uint32_t n, xmc_treaty_state *state,
                       sink *to) {
    const xmc_treaty_classes classes = {c->class_set, c->class_treaty};
    size_t used = 0, m = 0;
    for (uint32_t j = 0; j < n; j++) {
        const xmc_occurrence x = occurrence_of(c, t->order[j], t->net + used, t->work + used);
        if (gross_of(c, &x) <= 0)
            continue;
        t->occurrence[m++] = x;
        used += x.n;
    }
    xmc_programme_trial(&c->programme, &classes, t->occurrence, m, state, t->joined, t->best);
    for (size_t j = 0; j < m; j++)
        add_occurrence(c, &t->occurrence[j], gross_of(c, &t->occurrence[j]), to);
}

/* The trial's year into row i of the block; or, with a trace, its occurrences with a loss into
 * trace (the block is NULL then). Returns how many have a loss. */
static size_t run_trial(const xmc_cat *c, xmc_cat_thread *t, uint32_t trial, xmc_block *b,
                        uint32_t i, xmc_cat_occurrence *trace) {
    const xmc_programme *p = &c->programme;
    const xmc_treaty_classes classes = {c->class_set, c->class_treaty};
    const uint32_t first = c->trial_start[trial];
    const uint32_t n = order_trial(c, first, c->trial_start[trial + 1] - first, t->order);
    double recovered = 0;
    sink to = {.block = b, .row = i, .first = first, .trace = trace};
    xmc_treaty_state state = {t->layer_used, t->recovery, 0};
    memset(t->layer_used, 0, p->n * sizeof(double));
    memset(t->recovery, 0, p->n * sizeof(double));
    if (p->any_hours)
        run_joined(c, t, n, &state, &to);
    for (uint32_t j = 0; j < n && !p->any_hours; j++) {
        if (j + 8 < n) { /* rows lie by event, far apart */
            const uint32_t ahead = t->order[j + 8];
            __builtin_prefetch(row_of(c, c->occ_event[ahead], c->occ_place[ahead]));
        }
        const xmc_occurrence x = occurrence_of(c, t->order[j], t->net, t->work);
        const double gross = gross_of(c, &x);
        if (gross <= 0)
            continue;
        xmc_programme_occurrence(p, &classes, &x, &state);
        add_occurrence(c, &x, gross, &to);
    }
    if (trace)
        return to.n;
    b->risk_gross[XMC_RISK_CAT][i] = to.gross;
    b->cat_gross_max_occ[i] = to.gross_max;
    b->cat_net_max_occ[i] = to.net_max;
    if (!b->segment_gross) /* the year alone is wanted */
        return to.n;
    for (size_t k = 0; k < p->n; k++) {
        b->treaty[p->treaty[k]][i] += t->recovery[k];
        recovered += t->recovery[k];
    }
    if (c->premium_segment != SIZE_MAX)
        b->segment_net[c->premium_segment][i] = state.reinstatement;
    b->reinstatement_premium[i] = state.reinstatement;
    b->risk_ceded[XMC_RISK_CAT][i] = recovered - state.reinstatement;
    b->risk_net[XMC_RISK_CAT][i] = to.net + state.reinstatement;
    return to.n;
}

static int run_trials(const xmc_cat *c, xmc_block *b, uint32_t first, uint32_t n) {
    int overflowed = 0;
    const double most = 0x1p52 * c->grid;
    /* 512 trials: a thread's columns do not share cache lines with its neighbours'. */
    const uint32_t slice = 512, slices = (n + slice - 1) / slice;
#pragma omp parallel for schedule(dynamic) num_threads(c->threads) reduction(| : overflowed)
    for (uint32_t k = 0; k < slices; k++) {
        const uint32_t from = k * slice, to = from + slice < n ? from + slice : n;
        for (uint32_t i = from; i < to; i++) {
            run_trial(c, &c->thread[omp_get_thread_num()], i, b, first + i, NULL);
            overflowed |= !(b->risk_gross[XMC_RISK_CAT][first + i] < most) ||
                          (b->segment_gross && !(b->risk_net[XMC_RISK_CAT][first + i] < most));
        }
    }
    return overflowed;
}

/* The block's trials again with mean damage ratios: the same occurrences, since their streams are
 * the same. */
static void block_without_uncertainty(xmc_cat *c, const xmc_block *b) {
    xmc_block year = {.first = b->first,
                      .n = b->n,
                      .cat_gross_max_occ = b->mean_damage_gross_max_occ,
                      .cat_net_max_occ = b->mean_damage_net_max_occ};
    year.risk_gross[XMC_RISK_CAT] = b->mean_damage_gross;
    for (uint32_t done = 0; done < b->n;) {
        const uint32_t n = draw_chunk(c, b->first + done, b->n - done);
        run_events(c, b->first + done);
        c->overflowed |= run_trials(c, &year, done, n);
        done += n;
    }
}

void xmc_cat_block(xmc_cat *c, xmc_block *b) {
    for (size_t s = 0; s < c->n_segments; s++) {
        memset(b->segment_gross[c->segments[s]], 0, b->n * sizeof(double));
        memset(b->segment_net[c->segments[s]], 0, b->n * sizeof(double));
    }
    if (c->premium_segment != SIZE_MAX)
        memset(b->segment_gross[c->premium_segment], 0, b->n * sizeof(double));
    for (uint32_t done = 0; done < b->n;) {
        const uint64_t first = b->first + done;
        const uint32_t n = draw_chunk(c, first, b->n - done);
        run_events(c, first);
        add_to_table(c);
        c->overflowed |= run_trials(c, b, done, n);
        done += n;
    }
    if (c->without) {
        block_without_uncertainty(c->without, b);
        c->overflowed |= c->without->overflowed;
    }
}

size_t xmc_cat_most_occurrences(const xmc_cat *c) {
    return c->max_count;
}

size_t xmc_cat_trace(xmc_cat *c, uint64_t trial, xmc_cat_occurrence *out) {
    draw_chunk(c, trial, 1);
    run_events(c, trial);
    const size_t n = run_trial(c, &c->thread[0], 0, NULL, 0, out);
    for (size_t i = 0; i < n; i++)
        out[i].trial = trial;
    return n;
}

/* ---- samples of one event, outside of any trial ---- */

size_t xmc_cat_event_segments(const xmc_cat *c, size_t event, size_t *segments) {
    const uint32_t *ids = c->event_class + c->event_class_offset[event];
    const size_t n_classes = c->event_class_offset[event + 1] - c->event_class_offset[event];
    size_t n = 0;
    for (size_t k = 0; k < n_classes; k++)
        if (c->class_treaty[ids[k]] == NONE) { /* what per-risk treaties take is no segment */
            if (segments)
                segments[n] = c->class_segment[ids[k]];
            n++;
        }
    return n;
}

void xmc_cat_sample(xmc_cat *c, int thread, size_t event, uint64_t first, uint32_t n,
                    double *loss) {
    xmc_cat_thread *t = &c->thread[thread];
    const uint32_t *ids = c->event_class + c->event_class_offset[event];
    const size_t n_classes = c->event_class_offset[event + 1] - c->event_class_offset[event];
    for (size_t k = 0; k < n_classes; k++)
        t->class_at[ids[k]] = (uint32_t)k;
    for (uint32_t from = 0, most = c->event_lanes[event]; from < n; from += most) {
        const uint32_t lanes_here = n - from < most ? n - from : most;
        const size_t stride = (lanes_here + 7u) & ~7u;
        xmc_lanes lanes;
        lanes.position = 0;
        for (uint32_t l = 0; l < lanes_here; l++) {
            const xmc_stream s = xmc_stream_at(c->a->seeds[XMC_SEED_DAMAGE], first + from + l,
                                               XMC_CAT_SAMPLE_STREAM + event);
            lanes.state[l] = s.state;
            lanes.inc[l] = s.inc;
        }
        memset(t->class_acc, 0, n_classes * stride * sizeof(double));
        visit(c, t, (uint32_t)event, &lanes, lanes_here, stride, false);
        double *to = loss + from;
        for (size_t k = 0; k < n_classes; k++)
            if (c->class_treaty[ids[k]] == NONE) {
                const double *x = t->class_acc + k * stride;
#pragma omp simd
                for (uint32_t l = 0; l < lanes_here; l++)
                    to[l] = x[l];
                to += n;
            }
    }
}
