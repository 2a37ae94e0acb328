/* What the catastrophe plan and its results say about themselves. */
#include "kernels/dispatch.h"
#include "kernels/vmath.h"
#include "scenarios/overlay.h"
#include "sim/cat_internal.h"
#include <string.h>

/* Marks which perils of the event set the account's policies of one line cover. */
static xmc_perils covered_perils(const xmc_cat *c, const xmc_location *l, uint32_t lob) {
    xmc_perils perils = 0;
    for (size_t r = c->book.row_offset[l->account]; r < c->book.row_offset[l->account + 1]; r++) {
        const xmc_policy *p = &c->a->book.policies[c->book.row[r]];
        if (p->lob == lob)
            perils |= p->perils;
    }
    return perils & l->perils;
}

static void count_location(xmc_cat *c, size_t i, uint32_t lob) {
    const xmc_location *l = &c->a->book.locations[c->book.location[i]];
    xmc_cat_exposure *e = &c->exposures[lob];
    const xmc_perils covered = covered_perils(c, l, lob);
    bool group_covered[XMC_N_GROUPS] = {false}, modelled[XMC_N_GROUPS][XMC_N_COVERS] = {{false}};
    bool any[XMC_N_COVERS] = {false};
    for (size_t v = 0; v < c->n_views; v++) {
        const xmc_cat_view *view = &c->views[v];
        if (!(covered & view->peril))
            continue;
        group_covered[view->group] = true;
        for (xmc_perils left = covered & view->peril; left; left &= left - 1)
            for (uint32_t k = 0; k < XMC_N_COVERS; k++)
                if (c->book.cell[i] != NONE &&
                    xmc_cat_function(c->a, l, (unsigned)__builtin_ctzll(left), k) != NONE)
                    modelled[view->group][k] = any[k] = true;
    }
    e->locations++;
    for (uint32_t k = 0; k < XMC_N_COVERS; k++) {
        e->tiv += l->tiv[k];
        e->modelled_any += any[k] ? l->tiv[k] : 0;
        for (int g = 0; g < XMC_N_GROUPS; g++) {
            e->covered[g] += group_covered[g] ? l->tiv[k] : 0;
            e->modelled[g] += modelled[g][k] ? l->tiv[k] : 0;
        }
    }
}

xmc_status xmc_cat_exposures_build(xmc_cat *c, xmc_diag *diag) {
    const xmc_book *b = &c->a->book;
    c->exposures = xmc_plan_get(&c->arena, b->n_lobs + 1, sizeof *c->exposures);
    if (!c->exposures)
        return xmc_no_memory(diag, b->n_lobs * sizeof *c->exposures, "counting exposure");
    for (uint32_t lob = 0; lob < b->n_lobs; lob++)
        c->exposures[lob].lob = lob;
    for (size_t i = 0; i < c->book.n; i++) {
        const uint32_t account = b->locations[c->book.location[i]].account;
        const size_t first = c->book.row_offset[account], end = c->book.row_offset[account + 1];
        for (size_t r = first; r < end; r++) {
            const uint32_t lob = b->policies[c->book.row[r]].lob;
            bool counted = false;
            for (size_t q = first; q < r; q++)
                counted |= b->policies[c->book.row[q]].lob == lob;
            if (!counted)
                count_location(c, i, lob);
        }
    }
    for (uint32_t lob = 0; lob < b->n_lobs; lob++) {
        const xmc_cat_exposure e = c->exposures[lob];
        if (e.locations == 0)
            continue;
        if (e.modelled_any < e.tiv)
            xmc_note(diag,
                     "%s: %.2f %% of the sums insured (CNY %.6g of %.6g) is not modelled by any "
                     "catastrophe peril",
                     b->lobs[lob].segment, 100 * (e.tiv - e.modelled_any) / e.tiv,
                     e.tiv - e.modelled_any, e.tiv);
        c->exposures[c->n_exposures++] = e;
    }
    return XMC_OK;
}

const xmc_cat_exposure *xmc_cat_exposures(const xmc_cat *c, size_t *n) {
    *n = c->n_exposures;
    return c->exposures;
}

void xmc_cat_describe(const xmc_cat *c, xmc_module_cost *cost) {
    /* One core: a draw with its terms in vectors or one by one, and a quarter of a microsecond for
     * each occurrence. Measured on a server with AVX-512. */
    const bool plain = strcmp(xmc_kernels_active()->isa, "scalar") == 0;
    const double seconds = (plain ? 20e-9 : 2e-9) * c->samples_per_trial + 0.25e-6 * c->total_rate;
    *cost = (xmc_module_cost){.bytes = c->arena.bytes,
                              .work_per_trial = c->samples_per_trial,
                              .seconds_per_trial = seconds};
}

static void digest_run(const xmc_cat_run *r, xmc_digest *d) {
    const xmc_run *k = &r->run;
    const uint32_t head[] = {(uint32_t)k->n,     k->n_covers,        k->mean,
                             k->has_terms,       k->has_policy,      r->class_id,
                             k->cover_offset[0], k->cover_offset[1], k->cover_offset[2],
                             k->cover_offset[3], r->function[0],     r->function[1],
                             r->function[2],     r->function[3]};
    for (uint32_t i = 4; i < k->n_covers; i++) {
        const uint32_t more[] = {k->cover_offset[i], r->function[i]};
        xmc_digest_u32(d, more, 2);
    }
    xmc_digest_u32(d, head, sizeof head / sizeof *head);
    if (r->correlation_group)
        xmc_digest_u32(d, &r->correlation_group, 1);
    xmc_digest_u32(d, k->rank, k->n);
    xmc_digest_f64(d, k->tiv, k->n * k->n_covers);
    if (k->has_terms) /* the six arrays lie in one piece */
        xmc_digest_f64(d, k->ded_amount, 6 * k->n);
    if (k->has_policy)
        xmc_digest_f64(d, k->pol_ded_amount, 9 * k->n);
    if (r->part)
        xmc_digest_u32(d, r->part, k->n);
    if (r->rules)
        xmc_digest_u32(d, r->rules->rule, k->n * XMC_N_LOCATION_RULES);
}

static void digest_terms(const xmc_cat_view *v, xmc_digest *d) {
    const xmc_terms_plan *p = &v->terms;
    if (!p->n_accounts)
        return;
    xmc_digest_f64(d, (const double *)p->rule, p->n_rules * (sizeof *p->rule / sizeof(double)));
    for (uint32_t i = 0; i < p->n_ops; i++) {
        const uint32_t op[] = {p->op[i].rule, p->op[i].tag, p->op[i].first_item, p->op[i].n_items};
        xmc_digest_u32(d, op, 4);
    }
    for (uint32_t i = 0; i < p->n_rows; i++) {
        const uint32_t row[] = {p->row[i].first_op, p->row[i].n_ops, p->row[i].all,
                                p->row[i].n_tags, p->row[i].restricted};
        xmc_digest_u32(d, row, 5);
    }
    xmc_digest_u32(d, p->tag, p->n_tags);
    for (uint32_t i = 0; i < p->n_accounts; i++) {
        const xmc_term_account *a = &p->account[i];
        const uint32_t head[] = {a->first_row, a->rule, a->items, a->rows};
        xmc_digest_u32(d, head, 4);
    }
    for (size_t i = 0; i < v->n_parts; i++) {
        uint32_t n = 0;
        while (v->part_tags[i][n])
            n++;
        xmc_digest_u32(d, v->part_tags[i], n + 1u);
    }
}

static void digest_risks(const xmc_risk_programme *r, xmc_digest *d) {
    if (!r)
        return;
    const size_t n = (size_t)r->n_treaties * r->n_items;
    xmc_digest_u32(d, r->treaty, r->n_treaties);
    xmc_digest_u32(d, r->risk, n);
    xmc_digest_f64(d, r->ceded, n);
    xmc_digest_u32(d, r->column, n);
}

void xmc_cat_digest(const xmc_cat *c, xmc_digest *d) {
    const xmc_event_set *e = &c->a->events;
    const uint64_t seeds[] = {c->a->seeds[XMC_SEED_EVENTS], c->a->seeds[XMC_SEED_DAMAGE]};
    xmc_digest_string(d, "catastrophe");
    xmc_digest_u64(d, seeds, 2);
    xmc_digest_f64(d, &c->grid, 1);
    for (size_t i = 0; i < c->a->n_correlations; i++) {
        const xmc_damage_correlation *x = &c->a->correlations[i];
        const double real[] = {x->rho, x->shared};
        xmc_digest_u64(d, &x->perils, 1);
        xmc_digest_f64(d, real, 2);
    }
    if (c->event_common)
        xmc_digest_f64(d, c->event_common, c->n_events);
    xmc_digest_u64(d, e->peril, e->n_events);
    xmc_digest_f64(d, e->rate, e->n_events);
    for (size_t i = 0; i < e->n_events; i++) {
        const uint32_t season[] = {e->event_id[i], e->day_first[i], e->day_last[i]};
        xmc_digest_u32(d, season, 3);
    }
    if (c->a->overlay)
        xmc_digest_f64(d, c->a->overlay->keep, 64);
    xmc_digest_u64(d, e->offset, e->n_events + 1);
    xmc_digest_u32(d, e->footprint_cell, e->n_footprint);
    for (uint64_t f = 0; e->footprint_bin && f < e->n_footprint; f++) {
        const uint32_t bin = e->footprint_bin[f];
        xmc_digest_u32(d, &bin, 1);
    }
    if (e->hazard)
        xmc_digest_u32(d, e->hazard->mix, e->n_footprint * e->hazard->n_slots);
    xmc_cat_frequency_digest(c, d);
    for (size_t i = 0; i < c->n_rows; i++) {
        const xmc_damage_row *r = &c->damage_rows[i];
        double row[2 * XMC_DAMAGE_SEGMENTS + 3];
        for (int k = 0; k < XMC_DAMAGE_SEGMENTS; k++) {
            row[2 * k] = (double)r->a[k];
            row[2 * k + 1] = (double)r->b[k];
        }
        row[2 * XMC_DAMAGE_SEGMENTS] = (double)r->scale;
        row[2 * XMC_DAMAGE_SEGMENTS + 1] = (double)r->shift;
        row[2 * XMC_DAMAGE_SEGMENTS + 2] = r->mean;
        xmc_digest_f64(d, row, sizeof row / sizeof *row);
    }
    for (size_t v = 0; v < c->n_views; v++) {
        const xmc_cat_view *view = &c->views[v];
        for (size_t r = 0; r < view->n_runs; r++)
            digest_run(&view->runs[r], d);
        digest_terms(view, d);
        for (size_t k = 0; k < view->n_accounts; k++) {
            const xmc_cat_account *x = &view->accounts[k];
            const uint32_t head[] = {x->first_part, x->n_parts, x->n_rows};
            xmc_digest_u32(d, head, 3);
            xmc_digest_u32(d, view->part_class + x->first_class, (size_t)x->n_rows * x->n_parts);
            digest_risks(x->risks, d);
            for (uint32_t i = 0; i < x->n_rows; i++) {
                const uint32_t row = view->row[x->first_row + i];
                xmc_digest_f64(d, (const double *)&c->policy_terms[row], 6);
                xmc_digest_f64(d, (const double *)&c->policy_layers[row], 3);
            }
        }
    }
    xmc_digest_u32(d, c->class_segment, c->n_classes);
    xmc_digest_u64(d, c->class_set, c->n_classes * c->programme.n_words);
    xmc_digest_u32(d, c->class_treaty, c->n_classes);
    xmc_programme_digest(&c->programme, d);
}

size_t xmc_cat_elt_events(const xmc_cat *c) {
    return c->n_events;
}

void xmc_cat_elt(const xmc_cat *c, uint32_t *event_id, double *rate, uint64_t *occurrences,
                 double *mean_loss, double *sd_loss, double *max_loss) {
    for (size_t e = 0; e < c->n_events; e++) {
        const xmc_cat_event_sum *s = &c->sums[e];
        const uint64_t n = s->n;
        /* Squares about the whole part of the mean, in integers: exact, whatever the mean. */
        const xmc_u128 whole = n ? s->sum / n : 0;
        const double rest = n ? (double)(uint64_t)(s->sum - whole * n) : 0;
        const double about = (double)(s->squares - 2 * whole * s->sum + whole * whole * n);
        const double variance = n > 1 ? (about - rest * (rest / (double)n)) / (double)(n - 1) : NAN;
        if (event_id)
            event_id[e] = c->a->events.event_id[e];
        if (rate)
            rate[e] = c->a->events.rate[e];
        if (occurrences)
            occurrences[e] = n;
        if (mean_loss)
            mean_loss[e] = n ? ((double)whole + rest / (double)n) * c->grid : NAN;
        if (sd_loss)
            sd_loss[e] = n > 1 ? sqrt(variance > 0 ? variance : 0) * c->grid : NAN;
        if (max_loss)
            max_loss[e] = n ? s->max : NAN;
    }
}
