/* The plan of the path obligor by obligor: terms, exchange rates, gammas, migration. */
#include "kernels/vmath.h"
#include "sim/credit_detail.h"

#include <stdlib.h>
#include <string.h>

static void *array(size_t n, size_t size) {
    return calloc(n ? n : 1, size);
}

static xmc_status no_memory(const xmc_credit *p, xmc_diag *diag) {
    return xmc_no_memory(diag, p->n_obligors * sizeof(xmc_claim_terms), "planning credit");
}

xmc_status xmc_credit_detail_begin(xmc_credit *p, const xmc_analysis *a, xmc_diag *diag) {
    xmc_credit_detail *d = p->detail = array(1, sizeof *d);
    if (!d)
        return no_memory(p, diag);
    d->n_policies = a->book.n_credit_policies;
    d->n_fx = a->credit.n_fx;
    d->claims = array(p->n_obligors, sizeof *d->claims);
    d->policies = array(d->n_policies, sizeof *d->policies);
    d->fx = array(d->n_fx, sizeof *d->fx);
    d->ceiling = array(p->n_countries, sizeof *d->ceiling);
    d->row_norm = array(p->n_rows, sizeof *d->row_norm);
    d->lgd_systemic = array(p->n_classes, sizeof *d->lgd_systemic);
    d->lgd_own = array(p->n_classes, sizeof *d->lgd_own);
    d->group_first = array(p->n_groups + 1, sizeof *d->group_first);
    d->member = array(p->n_obligors, sizeof *d->member);
    d->work = array((size_t)p->threads, sizeof *d->work);
    return d->claims && d->policies && d->fx && d->ceiling && d->row_norm && d->lgd_systemic &&
                   d->lgd_own && d->group_first && d->member && d->work
               ? XMC_OK
               : no_memory(p, diag);
}

/* Terms by rank of the policy. */
static void plan_policies(const xmc_credit *p, const xmc_analysis *a, xmc_credit_detail *d) {
    const xmc_book *book = &a->book;
    for (size_t i = 0; i < p->n_obligors; i++) {
        const xmc_credit_policy *s =
            &book->credit_policies[book->obligors[d->claims[i].source].policy];
        double first = s->aggregate_first_loss, limit = s->aggregate_limit;
        d->policies[d->claims[i].policy] =
            (xmc_policy_terms){first > 0.0 ? xmc_to_grid(first, p->grid, 1.0 / p->grid) : 0.0,
                               limit > 0.0 ? xmc_to_grid(limit, p->grid, 1.0 / p->grid) : INFINITY,
                               s->minimum_retention, s->lob};
        d->any_terms = d->any_terms || first > 0.0 || limit > 0.0;
        d->direct = d->direct || s->minimum_retention > 0.0;
    }
}

/* Members of the transfer groups in the order of the obligors. */
static void plan_members(const xmc_credit *p, xmc_credit_detail *d) {
    for (size_t i = 0; i < p->n_obligors; i++)
        if (p->group[i] != UINT32_MAX)
            d->group_first[p->group[i] + 1]++;
    for (size_t g = 0; g < p->n_groups; g++)
        d->group_first[g + 1] += d->group_first[g];
    /* Filled from the back, so that afterwards each group's start is its own again. */
    for (size_t i = p->n_obligors; i-- > 0;)
        if (p->group[i] != UINT32_MAX)
            d->member[--d->group_first[p->group[i] + 1]] = (uint32_t)i;
    for (size_t g = 0; g < p->n_groups; g++)
        d->group_first[g] = d->group_first[g + 1];
    size_t members = 0;
    for (size_t i = 0; i < p->n_obligors; i++)
        members += p->group[i] != UINT32_MAX;
    d->group_first[p->n_groups] = members;
}

static uint32_t gamma_of(xmc_credit_detail *d, double variance) {
    for (size_t i = 0; i < d->n_gammas; i++)
        if (d->gamma[i].shape == 1.0 / variance)
            return (uint32_t)i;
    if (xmc_gamma_table_init(&d->gamma[d->n_gammas], 1.0 / variance))
        return UINT32_MAX;
    return (uint32_t)d->n_gammas++;
}

static xmc_status plan_gammas(const xmc_credit *p, const xmc_credit_model *m,
                              const uint32_t *country_rank, const uint32_t *sector_rank,
                              xmc_diag *diag) {
    xmc_credit_detail *d = p->detail;
    d->country_weight = m->country_weight;
    d->sector_weight = m->sector_weight;
    d->gamma = array(p->n_countries + p->n_sectors + 1, sizeof *d->gamma);
    d->country_gamma = array(p->n_countries, sizeof *d->country_gamma);
    d->sector_gamma = array(p->n_sectors, sizeof *d->sector_gamma);
    if (!d->gamma || !d->country_gamma || !d->sector_gamma)
        return no_memory(p, diag);
    uint32_t bad = 0;
    for (size_t i = 0; i < p->n_countries && m->country_weight > 0.0; i++)
        bad |=
            (d->country_gamma[country_rank[i]] = gamma_of(d, m->country_variance[i])) == UINT32_MAX;
    for (size_t i = 0; i < p->n_sectors && m->sector_weight > 0.0; i++)
        bad |= (d->sector_gamma[sector_rank[i]] = gamma_of(d, m->sector_variance[i])) == UINT32_MAX;
    /* Without any gamma, defaults are Poisson alone; one law marks the model. */
    if (!d->n_gammas)
        bad |= gamma_of(d, 1.0) == UINT32_MAX;
    return bad ? no_memory(p, diag) : XMC_OK;
}

static void plan_laws(const xmc_credit *p, const xmc_credit_model *m,
                      const uint32_t *country_rank) {
    xmc_credit_detail *d = p->detail;
    for (size_t i = 0; i < p->n_countries; i++) {
        double ceiling = m->countries[i].ceiling;
        d->ceiling[country_rank[i]] =
            ceiling > 0.0 ? xmc_to_grid(ceiling, p->grid, 1.0 / p->grid) : INFINITY;
        d->any_ceiling = d->any_ceiling || ceiling > 0.0;
    }
    for (size_t k = 0; k < p->n_rows; k++) {
        const xmc_loading_row *r = &p->rows[k];
        double square = r->global * r->global + r->region * r->region + r->country * r->country +
                        r->sector * r->sector;
        d->row_norm[k] = square > 0.0 ? 1.0 / sqrt(square) : 0.0;
    }
    for (size_t i = 0; i < p->n_classes; i++) {
        double share = m->lgd_systemic ? m->lgd_systemic[i] : 0.0;
        d->lgd_systemic[i] = sqrt(share);
        d->lgd_own[i] = sqrt(1.0 - share);
        d->run = d->run || share > 0.0;
    }
    for (size_t i = 0; i < d->n_fx; i++)
        d->fx[i] = (xmc_fx_law){m->fx[i].volatility, m->fx[i].correlation,
                                sqrt(1.0 - m->fx[i].correlation * m->fx[i].correlation)};
}

xmc_status xmc_credit_detail_finish(xmc_credit *p, const xmc_analysis *a,
                                    const uint32_t *country_rank, const uint32_t *sector_rank,
                                    double (*quantile)(const xmc_credit *, double),
                                    xmc_diag *diag) {
    xmc_credit_detail *d = p->detail;
    xmc_status status = XMC_OK;
    plan_policies(p, a, d);
    plan_members(p, d);
    plan_laws(p, &a->credit, country_rank);
    bool foreign = false;
    for (size_t i = 0; i < p->n_obligors; i++)
        foreign = foreign || d->claims[i].currency;
    d->direct = d->direct || foreign;
    status = xmc_buyer_layers_plan(a, &d->buyers, diag);
    d->run = d->run || d->direct || d->any_ceiling || d->buyers.n;
    if (!status && a->credit.model == XMC_CREDIT_PLUS) {
        d->run = true;
        status = plan_gammas(p, &a->credit, country_rank, sector_rank, diag);
    }
    if (!status && a->credit.n_states) {
        d->run = true;
        if (xmc_credit_migration_plan(&a->credit, p, quantile))
            status = no_memory(p, diag);
    }
    return status;
}

xmc_status xmc_credit_detail_work(xmc_credit *p, xmc_diag *diag) {
    for (int k = 0; p->detail->run && k < p->threads; k++)
        if (xmc_credit_work_init(p, &p->detail->work[k], &p->scratch[k]))
            return no_memory(p, diag);
    return XMC_OK;
}

void xmc_credit_detail_digest(const xmc_credit *p, xmc_digest *d) {
    const xmc_credit_detail *x = p->detail;
    if (!x->run)
        return;
    xmc_digest_string(d, "credit options");
    xmc_digest_f64(d, x->ceiling, p->n_countries);
    xmc_digest_f64(d, x->lgd_systemic, p->n_classes);
    xmc_digest_f64(d, &x->fx->volatility, 3 * x->n_fx);
    xmc_digest_f64(d, (double[]){x->country_weight, x->sector_weight}, 2);
    for (size_t i = 0; i < x->n_gammas; i++)
        xmc_digest_f64(d, &x->gamma[i].shape, 1);
    if (x->n_gammas) {
        xmc_digest_u32(d, x->country_gamma, p->n_countries);
        xmc_digest_u32(d, x->sector_gamma, p->n_sectors);
    }
    if (x->n_states) {
        xmc_digest_f64(d, x->defaults, x->n_states * (XMC_MIGRATION_YEARS + 1));
        xmc_digest_f64(d, x->thresholds, x->n_states * p->n_strips);
    }
    for (size_t i = 0; i < x->buyers.n; i++) {
        const xmc_buyer_layer *l = &x->buyers.layer[i];
        xmc_digest_f64(d, (double[]){l->attachment, l->limit, l->share}, 3);
        xmc_digest_u32(d, (uint32_t[]){l->treaty, l->level}, 2);
    }
    for (size_t i = 0; i < p->n_obligors; i++) {
        const xmc_claim_terms *o = &x->claims[i];
        const xmc_policy_terms *t = &x->policies[o->policy];
        xmc_digest_f64(
            d,
            (double[]){o->covered, (double)o->months_beyond, t->first_loss, t->limit, t->retention},
            5);
        xmc_digest_u32(d, (uint32_t[]){o->policy, o->currency}, 2);
    }
}

uint64_t xmc_credit_detail_bytes(const xmc_credit *p) {
    const xmc_credit_detail *d = p->detail;
    uint64_t n = p->n_obligors,
             bytes = n * sizeof *d->claims + n * 4 + d->n_policies * sizeof *d->policies;
    /* The logs take what the defaults of a tile fill, at most all obligors in all lanes. */
    uint64_t work = 16 * n * sizeof(xmc_credit_hit) / 4 + n * 80;
    return bytes + (d->run ? (uint64_t)p->threads * work : 0);
}

void xmc_credit_detail_free(xmc_credit_detail *d, int threads) {
    if (!d)
        return;
    for (int k = 0; d->work && k < threads; k++)
        xmc_credit_work_free(&d->work[k]);
    for (size_t i = 0; i < d->n_gammas; i++)
        xmc_gamma_table_free(&d->gamma[i]);
    xmc_buyer_layers_free(&d->buyers);
    free(d->work);
    free(d->gamma);
    free(d->country_gamma);
    free(d->sector_gamma);
    free(d->defaults);
    free(d->thresholds);
    free(d->claims);
    free(d->policies);
    free(d->fx);
    free(d->ceiling);
    free(d->row_norm);
    free(d->lgd_systemic);
    free(d->lgd_own);
    free(d->group_first);
    free(d->member);
    free(d);
}
