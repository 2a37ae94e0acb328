#include "kernels/fill.h"
#include "sim/credit_detail.h"
#include "sim/treaty.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>

/* The normals of one trial, [n][lanes] at lane l; shifted by `shift` unless it is NULL. Returns
 * their part of log g/f at `measure`, the shift that the weights are of (NULL: none). */
static double draw_normals(xmc_stream s, size_t n, double *scratch, double *to, size_t lanes,
                           const double *shift, const double *measure) {
    double exponent = 0.0;
    xmc_fill_normal(&s, scratch, n);
    for (size_t i = 0; i < n; i++)
        to[i * lanes] = shift ? scratch[i] + shift[i] : scratch[i];
    for (size_t i = 0; measure && i < n; i++)
        exponent = fma(measure[i], to[i * lanes], exponent);
    return exponent;
}

/* Draws the factors of a trial; returns their log g/f. */
static double draw_factors(const xmc_credit *p, xmc_credit_scratch *t, uint64_t trial, size_t l,
                           double macro) {
    const xmc_credit_shift *m = &p->shift;
    const bool shifted = m->on && trial % XMC_PLAIN_EVERY != 0;
    const size_t L = p->lanes;
    xmc_stream s = xmc_stream_at(p->factor_seed, trial, 1);
    double own = xmc_normal(&s), u = xmc_uniform(&s), exponent = -m->half_square;
    if (shifted)
        own += m->own;
    exponent = fma(m->own, own, exponent);
    t->world[l] = p->macro_loading * macro + p->own_loading * own;
    t->w[l] = 1.0;
    if (!p->gaussian) {
        double x = xmc_gamma_of(&p->chi_square, u);
        if (shifted)
            x *= m->chi_scale;
        t->w[l] = sqrt(x / p->chi_square.shape);
        if (m->on)
            exponent = fma(x, 1.0 - 1.0 / m->chi_scale, exponent);
    }
#define NORMALS(address, many, which)                                                              \
    exponent += draw_normals(xmc_stream_at(p->factor_seed, trial, address), p->many, t->normals,   \
                             t->which + l, L, shifted ? m->which : NULL, m->on ? m->which : NULL)
    NORMALS(2, n_countries, country);
    NORMALS(3, n_sectors, sector);
    NORMALS(5, n_regions, region);
#undef NORMALS
    return exponent;
}

/* Transfer events of one trial. Country r takes words 4r … 4r+3 of the stream: event, share. */
static void draw_transfers(const xmc_credit *p, xmc_credit_scratch *t, uint64_t trial, size_t l) {
    const size_t L = p->lanes;
    xmc_stream s = xmc_stream_at(p->factor_seed, trial, 4);
    uint32_t rank = 0;
    for (size_t i = 0; i < p->n_transfers; i++) {
        const xmc_transfer *x = &p->transfers[i];
        for (; rank < x->country; rank++) {
            xmc_u64(&s);
            xmc_u64(&s);
        }
        double own = xmc_normal(&s), u = xmc_uniform(&s);
        rank++;
        double latent = p->transfer_global * t->world[l] +
                        p->transfer_country * t->country[x->country * L + l] +
                        p->transfer_own * own;
        if (p->n_regions)
            latent += p->transfer_region * t->region[p->region_of[x->country] * L + l];
        if (!(latent > x->threshold * t->w[l]) || u < p->delay)
            continue;
        if (p->delay > 0.0)
            u = (u - p->delay) / (1.0 - p->delay);
        t->events[i * L + l] = t->any_event[i] = 1;
        t->share[i * L + l] = xmc_share_of(&p->transfer_share, u);
        for (uint32_t g = x->group; g < x->end; g++)
            t->defaulted[(size_t)g * L + l] = 0.0;
    }
}

/* What the factors add to the argument of the conditional probability, by country and sector. */
static void combine_factors(const xmc_credit *p, xmc_credit_scratch *t) {
    const size_t L = p->lanes;
    for (size_t k = 0; k < p->n_rows; k++) {
        const xmc_loading_row *r = &p->rows[k];
        double *country = t->country_part + k * p->n_countries * L;
        double *sector = t->sector_part + k * p->n_sectors * L;
        for (size_t c = 0; c < p->n_countries; c++) {
            if (!r->country_used[c])
                continue;
            for (size_t l = 0; l < L; l++)
                country[c * L + l] =
                    fma(r->country, t->country[c * L + l], r->global * t->world[l]);
            for (size_t l = 0; l < L && p->n_regions; l++)
                country[c * L + l] =
                    fma(r->region, t->region[p->region_of[c] * L + l], country[c * L + l]);
        }
        for (size_t c = 0; c < p->n_sectors; c++)
            if (r->sector_used[c])
                for (size_t l = 0; l < L; l++)
                    sector[c * L + l] = r->sector * t->sector[c * L + l];
    }
}

static void transfer_losses(const xmc_credit *p, xmc_credit_scratch *t, uint32_t n) {
    const size_t L = p->lanes;
    for (size_t i = 0; i < p->n_transfers; i++)
        for (size_t l = 0; t->any_event[i] && l < n; l++) {
            if (!t->events[i * L + l])
                continue;
            for (uint32_t g = p->transfers[i].group; g < p->transfers[i].end; g++) {
                const xmc_transfer_group *x = &p->groups[g];
                double sound = x->amount - t->defaulted[(size_t)g * L + l];
                t->sum[(size_t)x->slot * L + l] +=
                    xmc_credit_to_grid(p, sound * t->share[i * L + l]);
                xmc_credit_touch(p, t, x->slot);
            }
        }
}

/* First loss and aggregate limit of the touched policies; what is left goes to the segments, and
 * the policies' slots are zero again. */
static void apply_terms(const xmc_credit *p, xmc_credit_scratch *t) {
    const size_t L = p->lanes;
    double *sum = t->sum;
    for (size_t k = 0; k < t->n_touched; k++) {
        const xmc_terms *x = &p->terms[t->touched[k]];
        for (size_t l = 0; l < L; l++) {
            double gross = 0.0;
            for (uint32_t i = 0; i < x->n_slots; i++) {
                double *from = &sum[(size_t)(x->slot + i) * L + l];
                gross += t->weight[i] = *from;
                *from = 0.0;
            }
            double paid = gross - x->first_loss;
            paid = paid > 0.0 ? paid : 0.0;
            paid = paid < x->limit ? paid : x->limit;
            if (!(paid > 0.0))
                continue;
            xmc_allocate(paid, t->weight, t->part, x->n_slots, p->grid, 1.0 / p->grid);
            for (uint32_t i = 0; i < x->n_slots; i++) {
                uint32_t segment = p->slot_segment[x->slot + i - p->n_segments];
                sum[(size_t)segment * L + l] += t->part[i];
            }
        }
    }
    t->n_touched = 0;
}

void xmc_credit_draw_tile(const xmc_credit *p, xmc_credit_scratch *t, const uint64_t *trials,
                          const double *macro, double *weight, uint32_t n) {
    const size_t L = p->lanes;
    t->now++;
    t->n_log = 0;
    memset(t->sum, 0, p->n_segments * L * sizeof(double));
    memset(t->events, 0, p->n_transfers * L);
    memset(t->any_event, 0, p->n_transfers);
    for (uint32_t l = 0; l < n; l++) {
        t->base[l] = xmc_stream_base_at(p->credit_seed, trials[l]);
        t->plain[l] = trials[l] % XMC_PLAIN_EVERY == 0;
        t->exponent[l] = draw_factors(p, t, trials[l], l, macro[l]);
        draw_transfers(p, t, trials[l], l);
    }
    if (p->detail->n_gammas) {
        xmc_credit_plus_tile(p, t, trials, n);
        return;
    }
    combine_factors(p, t);
    if (p->shift.twist)
        xmc_credit_twist(p, t, n);
    xmc_credit_defaults(p, t, n);
    if (p->shift.twist)
        xmc_credit_twist_finish(t, n);
    for (uint32_t l = 0; weight && p->shift.on && l < n; l++)
        weight[l] = xmc_credit_weight(t->exponent[l]);
}

static void run_tile(const xmc_credit *p, xmc_credit_scratch *t, xmc_block *block, uint32_t from,
                     uint32_t n) {
    const size_t L = p->lanes;
    uint64_t trials[XMC_CREDIT_MOST_LANES];
    for (uint32_t l = 0; l < n; l++)
        trials[l] = block->first + from + l;
    xmc_credit_draw_tile(p, t, trials, block->macro + from,
                         block->weight ? block->weight + from : NULL, n);
    transfer_losses(p, t, n);
    apply_terms(p, t);
    for (size_t s = 0; s < p->n_segments; s++)
        memcpy(block->segment_gross[p->registered[s]] + from, t->sum + s * L, n * sizeof(double));
}

void xmc_credit_block(xmc_credit *p, xmc_block *block) {
    int threads = omp_get_max_threads();
    threads = threads < p->threads ? threads : p->threads;
    const uint32_t L = p->lanes;
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads)
    for (uint32_t from = 0; from < block->n; from += L) {
        uint32_t n = block->n - from < L ? block->n - from : L;
        const int thread = omp_get_thread_num();
        if (p->detail->run)
            xmc_credit_detail_tile(p, &p->detail->work[thread], block, from, n);
        else
            run_tile(p, &p->scratch[thread], block, from, n);
    }
}

static size_t scratch_bytes(const xmc_credit *p) {
    return xmc_credit_scratch_doubles(p) * sizeof(double) + 2 * p->n_terms * sizeof(uint64_t) +
           p->n_transfers * (p->lanes + 1) +
           p->lanes * (2 * sizeof(xmc_stream_base) + sizeof(uint32_t)) +
           XMC_HITS_MOST * sizeof(uint64_t) + XMC_STRIP_MOST * sizeof(uint32_t);
}

void xmc_credit_describe(const xmc_credit *p, xmc_module_cost *cost) {
    double defaults = 0.0;
    for (size_t i = 0; i < p->n_strips; i++)
        defaults += p->strips[i].expected;
    cost->bytes = sizeof *p + p->n_strips * sizeof *p->strips + p->n_obligors * 28 +
                  p->n_groups * sizeof *p->groups + (p->n_slots - p->n_segments) * 8 +
                  (p->n_classes + 1) * 8 * XMC_QT_CELLS * sizeof(double) +
                  (size_t)p->threads * scratch_bytes(p) + xmc_credit_detail_bytes(p);
    cost->work_per_trial = (double)p->n_strips;
    cost->seconds_per_trial = 8e-9 * (double)p->n_strips + 20e-9 * defaults +
                              20e-9 * (double)(p->n_countries + p->n_sectors);
    if (p->detail->run)
        cost->seconds_per_trial = 2.0 * cost->seconds_per_trial + 100e-9 * defaults;
}

static void digest_share(const xmc_share_law *s, xmc_digest *d) {
    xmc_digest_f64(d, &s->constant, 1);
    if (s->table.coef)
        xmc_digest_f64(d, s->table.coef, 8 * (size_t)XMC_QT_CELLS);
}

void xmc_credit_digest(const xmc_credit *p, xmc_digest *d) {
    xmc_digest_string(d, "credit");
    uint64_t counts[] = {p->factor_seed, p->credit_seed, p->n_obligors, p->n_strips, p->n_transfers,
                         p->n_groups,    p->n_terms,     p->n_segments, p->n_slots};
    xmc_digest_u64(d, counts, sizeof counts / sizeof *counts);
    double loadings[] = {p->grid,
                         p->macro_loading,
                         p->own_loading,
                         p->transfer_global,
                         p->transfer_region,
                         p->transfer_country,
                         p->transfer_own,
                         p->delay};
    xmc_digest_f64(d, loadings, sizeof loadings / sizeof *loadings);
    for (size_t k = 0; k < p->n_rows; k++)
        xmc_digest_f64(
            d,
            (double[]){p->rows[k].global, p->rows[k].region, p->rows[k].country, p->rows[k].sector},
            4);
    if (p->n_regions)
        xmc_digest_u32(d, p->region_of, p->n_countries);
    if (p->shift.twist)
        xmc_digest_f64(d, &p->shift.target, 1);
    if (p->shift.on) {
        xmc_digest_f64(d, (double[]){p->shift.own, p->shift.chi_scale}, 2);
        xmc_digest_f64(d, p->shift.normals, p->n_countries + p->n_regions + p->n_sectors);
    }
    xmc_digest_f64(d, p->chi_square.knots, 2 * p->chi_square.n);
    xmc_digest_f64(d, p->hazard.coef, 4 * 2 * XMC_HAZARD_REACH * XMC_HAZARD_PER_UNIT);
    digest_share(&p->transfer_share, d);
    for (size_t i = 0; i < p->n_classes; i++)
        digest_share(&p->lgd[i], d);
    for (size_t i = 0; i < p->n_strips; i++) {
        const xmc_strip *b = &p->strips[i];
        uint32_t places[] = {b->first, b->n, b->country, b->sector, b->product, b->row};
        xmc_digest_u64(d, &b->address, 1);
        xmc_digest_f64(d, (double[]){b->threshold, b->scale}, 2);
        xmc_digest_u32(d, places, 6);
    }
    for (size_t i = 0; i < p->n_transfers; i++) {
        const xmc_transfer *x = &p->transfers[i];
        uint32_t places[] = {x->country, x->group, x->end};
        xmc_digest_f64(d, &x->threshold, 1);
        xmc_digest_u32(d, places, 3);
    }
    for (size_t i = 0; i < p->n_groups; i++) {
        xmc_digest_u32(d, &p->groups[i].slot, 1);
        xmc_digest_f64(d, &p->groups[i].amount, 1);
    }
    for (size_t i = 0; i < p->n_terms; i++) {
        double amounts[] = {p->terms[i].first_loss, p->terms[i].limit};
        uint32_t places[] = {p->terms[i].slot, p->terms[i].n_slots};
        xmc_digest_f64(d, amounts, 2);
        xmc_digest_u32(d, places, 2);
    }
    xmc_credit_detail_digest(p, d);
    size_t policy_slots = p->n_slots - p->n_segments;
    xmc_digest_u32(d, p->slot_segment, policy_slots);
    for (size_t i = 0; i < p->n_obligors; i++) {
        xmc_digest_f64(d, &p->obligors[i].amount, 1);
        xmc_digest_u32(d, (uint32_t[]){p->obligors[i].slot, p->obligors[i].lgd, p->group[i]}, 3);
    }
}

void xmc_credit_free(xmc_credit *p) {
    if (!p)
        return;
    for (int k = 0; p->scratch && k < p->threads; k++) {
        free(p->scratch[k].doubles);
        free(p->scratch[k].events);
        free(p->scratch[k].plain);
        free(p->scratch[k].any_event);
        free(p->scratch[k].stamp);
        free(p->scratch[k].touched);
        free(p->scratch[k].base);
        free(p->scratch[k].sorted_base);
        free(p->scratch[k].order);
        free(p->scratch[k].hits);
        free(p->scratch[k].found);
    }
    xmc_credit_detail_free(p->detail, p->threads);
    free(p->scratch);
    for (size_t i = 0; p->lgd && i < p->n_classes; i++)
        xmc_quantile_table_free(&p->lgd[i].table);
    xmc_quantile_table_free(&p->transfer_share.table);
    xmc_hazard_table_free(&p->hazard);
    xmc_gamma_table_free(&p->chi_square);
    for (size_t k = 0; p->rows && k < p->n_rows; k++) {
        free(p->rows[k].country_used);
        free(p->rows[k].sector_used);
    }
    free(p->rows);
    free(p->country_drawn);
    free(p->sector_drawn);
    free(p->region_of);
    free(p->strips);
    free(p->transfers);
    free(p->transfer_of);
    free(p->groups);
    free(p->lgd);
    free(p->terms);
    free(p->slot_segment);
    free(p->policy_of_slot);
    free(p->registered);
    free(p->obligors);
    free(p->group);
    free(p->loss);
    free(p->shift.normals);
    free(p);
}
