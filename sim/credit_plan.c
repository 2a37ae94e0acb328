#include "kernels/vmath.h"
#include "sim/credit_detail.h"
#include "sim/named.h"

#include <stdlib.h>
#include <string.h>

/* One obligor while the plan sorts. */
typedef struct {
    const xmc_obligor *source;
    double probability; /* over its time at risk */
    double amount;
    double scale;                               /* of the loadings */
    uint32_t row;                               /* of the loadings */
    uint32_t band;                              /* of the loss on default, for the twist */
    uint32_t product, country, sector;          /* ranks by name */
    uint32_t default_segment, transfer_segment; /* local, UINT32_MAX = none */
    uint32_t migration_segment, group;          /* likewise */
    uint32_t state;                             /* of migration */
    uint32_t policy;                            /* index into terms, or UINT32_MAX */
    uint32_t slot, transfer_slot;
} row;

typedef struct {
    uint32_t lob, region;
    int cause;
    const char *lob_name, *region_name;
    double exposure;
} segment_key;

/* Everything that lives while planning only. */
typedef struct {
    const xmc_analysis *a;
    xmc_diag *diag;
    row *rows;
    uint32_t *country_rank, *sector_rank, *region_rank;
    xmc_named *countries, *sectors, *regions, *policies;
    segment_key *keys;
    uint32_t *local; /* [lobs][regions][causes] local segment */
    uint32_t *policy_rank;
    uint32_t *terms_of; /* [policies] */
    row **by_policy, **by_group;
} draft;

#define COMPARE(x, y)                                                                              \
    do {                                                                                           \
        if ((x) != (y))                                                                            \
            return (x) < (y) ? -1 : 1;                                                             \
    } while (0)

static int by_bucket(const void *pa, const void *pb) {
    const row *a = pa, *b = pb;
    COMPARE(a->product, b->product);
    COMPARE(a->country, b->country);
    COMPARE(a->sector, b->sector);
    COMPARE(a->probability, b->probability);
    COMPARE(a->row, b->row);
    COMPARE(a->scale, b->scale);
    COMPARE(a->state, b->state);
    COMPARE(a->band, b->band);
    return strcmp(a->source->id, b->source->id);
}

static int same_bucket(const row *a, const row *b) {
    return a->product == b->product && a->country == b->country && a->sector == b->sector &&
           a->probability == b->probability && a->row == b->row && a->scale == b->scale &&
           a->state == b->state && a->band == b->band;
}

static int by_segment(const void *pa, const void *pb) {
    const segment_key *a = pa, *b = pb;
    int c = strcmp(a->lob_name, b->lob_name);
    c = c ? c : strcmp(a->region_name, b->region_name);
    return c ? c : a->cause - b->cause;
}

/* By policy, then segment: which slots a policy needs. */
static int by_policy(const void *pa, const void *pb) {
    const row *a = *(row *const *)pa, *b = *(row *const *)pb;
    COMPARE(a->policy, b->policy);
    COMPARE(a->default_segment, b->default_segment);
    COMPARE(a->transfer_segment, b->transfer_segment);
    return 0;
}

static int by_group(const void *pa, const void *pb) {
    const row *a = *(row *const *)pa, *b = *(row *const *)pb;
    COMPARE(a->country, b->country);
    COMPARE(a->transfer_slot, b->transfer_slot);
    return 0;
}

static void *array(size_t n, size_t size) {
    return calloc(n ? n : 1, size);
}

static xmc_status no_memory(const draft *d) {
    return xmc_no_memory(d->diag, d->a->book.n_obligors * (sizeof(row) + 24), "planning credit");
}

static xmc_status rank_names(xmc_named *order, uint32_t *rank, size_t n, const char *what,
                             xmc_diag *diag) {
    xmc_sort_names(order, n);
    for (size_t i = 0; i < n; i++) {
        rank[order[i].number] = (uint32_t)i;
        if (i && strcmp(order[i].name, order[i - 1].name) == 0)
            return xmc_error(diag, XMC_BAD_INPUT, "credit model: %s '%s' stands twice", what,
                             order[i].name);
    }
    return XMC_OK;
}

/* A beta law of this mean and sd, or a constant when sd is 0; the table only if it is used. */
static xmc_status plan_share(xmc_share_law *s, double mean, double sd, int used, const char *what,
                             xmc_diag *diag) {
    if (!(mean >= 0.0 && mean <= 1.0) || !(sd >= 0.0) || (sd > 0.0 && sd * sd >= mean * (1 - mean)))
        return xmc_error(diag, XMC_BAD_INPUT,
                         "credit model: %s: no beta law has mean %g and sd %g (expected a mean in "
                         "[0, 1] and sd^2 < mean (1 - mean))",
                         what, mean, sd);
    s->constant = mean;
    if (sd == 0.0 || !used)
        return XMC_OK;
    double size = mean * (1.0 - mean) / (sd * sd) - 1.0;
    if (xmc_quantile_table_beta(&s->table, mean * size, (1.0 - mean) * size))
        return xmc_no_memory(diag, 8 * XMC_QT_CELLS * sizeof(double), "planning credit");
    return XMC_OK;
}

/* Loadings of row k: those of a product, or of a loading class. */
static xmc_loading loading_of(const xmc_credit_model *m, size_t k) {
    if (k >= XMC_N_PRODUCTS)
        return m->loading_classes[k - XMC_N_PRODUCTS];
    return (xmc_loading){k == XMC_PRODUCT_GUARANTEE ? "guarantee" : "export",
                         m->correlation[k],
                         m->global_share[k],
                         m->region_share[k],
                         m->country_share[k],
                         m->sector_share[k]};
}

double xmc_basel_correlation(xmc_correlation which, double probability) {
    bool corporate = which == XMC_CORRELATION_BASEL_CORPORATE;
    double low = corporate ? 0.12 : 0.03, high = corporate ? 0.24 : 0.16, k = corporate ? 50 : 35;
    double weight = xmc_expm1(-k * probability) / xmc_expm1(-k);
    return low * weight + high * (1.0 - weight);
}

/* How the bucket's correlation scales the mix of its row: sqrt(R / (1 - R)). */
static double loading_scale(const xmc_loading *l, double probability) {
    if (l->correlation == XMC_CORRELATION_FIXED)
        return 1.0;
    double r = xmc_basel_correlation(l->correlation, probability);
    return sqrt(r / (1.0 - r));
}

static double copula_quantile(const xmc_credit *p, double probability) {
    return p->gaussian ? xmc_normal_quantile(probability)
                       : xmc_student_quantile(probability, 2.0 * p->chi_square.shape);
}

static xmc_status plan_model(xmc_credit *p, draft *d) {
    const xmc_credit_model *m = &d->a->credit;
    xmc_diag *diag = d->diag;
    xmc_status status = XMC_OK;
    double nu = m->degrees_of_freedom;
    p->gaussian = m->copula == XMC_COPULA_GAUSSIAN || nu > XMC_CREDIT_NORMAL_NU;
    if (!p->gaussian && !(nu >= 1.0))
        return xmc_error(diag, XMC_BAD_INPUT,
                         "credit model: Student copula: expected degrees of freedom >= 1, got %g",
                         nu);
    if (!p->gaussian && xmc_gamma_table_init(&p->chi_square, 0.5 * nu))
        return no_memory(d);
    double macro = d->a->has_equity ? m->macro_share : 0.0;
    if (!(macro >= 0.0 && macro <= 1.0))
        return xmc_error(diag, XMC_BAD_INPUT,
                         "credit model: macro_share: expected a share in [0, 1], got %g", macro);
    p->macro_loading = sqrt(macro);
    p->own_loading = sqrt(1.0 - macro);
    for (size_t k = 0; k < p->n_rows; k++) {
        const xmc_loading l = loading_of(m, k);
        double sum = l.global + l.region + l.country + l.sector;
        /* Basel's correlation comes with the probability: the row is the mix alone. */
        double own = l.correlation == XMC_CORRELATION_FIXED ? 1.0 - sum : sum;
        if (!(l.global >= 0.0) || !(l.region >= 0.0) || !(l.country >= 0.0) || !(l.sector >= 0.0) ||
            !(own > 0.0)) {
            status = xmc_error(diag, XMC_BAD_INPUT,
                               "credit model: loadings of %s: expected shares >= 0 that sum to "
                               "less than 1, got %g + %g + %g + %g",
                               l.name, l.global, l.region, l.country, l.sector);
            continue;
        }
        p->rows[k].global = sqrt(l.global / own);
        p->rows[k].region = sqrt(l.region / own);
        p->rows[k].country = sqrt(l.country / own);
        p->rows[k].sector = sqrt(l.sector / own);
    }
    double share = m->transfer_loading, g = m->global_share[0], r = m->region_share[0],
           c = m->country_share[0], all = g + r + c;
    p->delay = m->transfer_delay;
    if (!(share >= 0.0 && share < 1.0))
        status = xmc_error(diag, XMC_BAD_INPUT,
                           "credit model: transfer loading: expected a squared loading in [0, 1), "
                           "got %g",
                           share);
    else {
        p->transfer_global = all > 0.0 ? sqrt(share * g / all) : 0.0;
        p->transfer_region = all > 0.0 ? sqrt(share * r / all) : 0.0;
        p->transfer_country = all > 0.0 ? sqrt(share * c / all) : sqrt(share);
        p->transfer_own = sqrt(1.0 - share);
    }
    return status;
}

/* LGD of the classes that occur, and the transfer share if there is a country that can have one. */
static xmc_status plan_shares(xmc_credit *p, const draft *d) {
    const xmc_credit_model *m = &d->a->credit;
    const xmc_book *book = &d->a->book;
    uint8_t *used = array(m->n_loss_classes, 1);
    if (!used)
        return no_memory(d);
    for (size_t i = 0; i < book->n_obligors; i++)
        used[book->obligors[i].loss_class] = 1;
    xmc_status status = plan_share(&p->transfer_share, m->transfer_loss_mean, m->transfer_loss_sd,
                                   p->n_transfers > 0, "transfer loss", d->diag);
    for (size_t i = 0; i < m->n_loss_classes; i++) {
        xmc_status st = plan_share(&p->lgd[i], m->lgd_mean[i], m->lgd_sd[i], used[i],
                                   m->loss_class_names[i], d->diag);
        status = st ? st : status;
    }
    free(used);
    return status;
}

/* Probability over the time at risk, insured amount, ranks. */
static xmc_status plan_rows(const xmc_credit *p, draft *d) {
    const xmc_book *book = &d->a->book;
    xmc_status status = XMC_OK;
    for (size_t i = 0; i < book->n_obligors; i++) {
        const xmc_obligor *o = &book->obligors[i];
        const xmc_credit_policy *policy = &book->credit_policies[o->policy];
        row *r = &d->rows[i];
        double q = o->probability;
        if (!(q > 0.0 && q < 1.0)) {
            status = xmc_error(d->diag, XMC_BAD_INPUT,
                               "obligor '%s': expected a probability in (0, 1), got %g", o->id, q);
            continue;
        }
        if (policy->basis == XMC_BASIS_RUN_OFF) {
            double months = o->tenor_months < 12.0 ? o->tenor_months : 12.0;
            if (!(months > 0.0)) {
                status = xmc_error(d->diag, XMC_BAD_INPUT,
                                   "obligor '%s': expected a remaining tenor above 0 (its policy "
                                   "runs off), got %g",
                                   o->id, o->tenor_months);
                continue;
            }
            if (months < 12.0)
                q = -xmc_expm1(months / 12.0 * xmc_log1p(-q));
        }
        double exposure = o->limit > 0.0 && o->limit < o->exposure ? o->limit : o->exposure;
        if (policy->cancelled_share > 0.0)
            exposure *= 1.0 - policy->cancelled_share;
        r->source = o;
        r->probability = q;
        r->amount = xmc_to_grid(exposure * o->covered, p->grid, 1.0 / p->grid);
        r->product = book->lobs[policy->lob].line == XMC_LINE_FINANCING ? XMC_PRODUCT_GUARANTEE
                                                                        : XMC_PRODUCT_EXPORT;
        r->country = d->country_rank[o->country];
        r->sector = d->sector_rank[o->sector];
        r->policy = d->terms_of[o->policy];
        r->row = o->loading ? XMC_N_PRODUCTS - 1 + o->loading : r->product;
        const xmc_loading loading = loading_of(&d->a->credit, r->row);
        r->scale = loading_scale(&loading, o->probability);
        r->state = UINT32_MAX;
        if (d->a->credit.n_states && o->grade)
            r->state = d->a->credit.grade_state[o->grade - 1];
    }
    return status;
}

static int has_transfer(const draft *d, const row *r) {
    return r->product == XMC_PRODUCT_EXPORT &&
           d->a->credit.countries[r->source->country].transfer_probability > 0.0;
}

/* Cover beyond the year of a rating that can migrate. */
static int has_migration(const row *r) {
    return r->state != UINT32_MAX && r->source->tenor_months > 12.0;
}

/* Segments in the order of their names; local numbers of the rows. */
static xmc_status plan_segments(xmc_credit *p, draft *d, xmc_segments *segments) {
    const xmc_book *book = &d->a->book;
    static const char *const causes[XMC_N_CAUSES] = {"default", "transfer", "migration"};
    size_t cells = book->n_lobs * book->n_regions * XMC_N_CAUSES;
    d->keys = array(cells, sizeof *d->keys);
    d->local = array(cells, sizeof *d->local);
    if (!d->keys || !d->local)
        return no_memory(d);
    for (size_t c = 0; c < cells; c++) {
        segment_key *k = &d->keys[c];
        k->cause = (int)(c % XMC_N_CAUSES);
        k->region = (uint32_t)(c / XMC_N_CAUSES % book->n_regions);
        k->lob = (uint32_t)(c / XMC_N_CAUSES / book->n_regions);
        k->lob_name = book->lobs[k->lob].lob;
        k->region_name = book->regions[k->region];
    }
    for (size_t i = 0; i < book->n_obligors; i++) {
        const row *r = &d->rows[i];
        size_t lob = book->credit_policies[r->source->policy].lob;
        size_t c = XMC_N_CAUSES * (lob * book->n_regions + r->source->region);
        d->keys[c].exposure += r->amount;
        if (has_transfer(d, r))
            d->keys[c + XMC_CAUSE_TRANSFER].exposure += r->amount;
        if (has_migration(r))
            d->keys[c + XMC_CAUSE_MIGRATION].exposure += r->amount;
    }
    qsort(d->keys, cells, sizeof *d->keys, by_segment);
    p->registered = array(cells, sizeof *p->registered);
    if (!p->registered)
        return no_memory(d);
    for (size_t i = 0; i < cells; i++) {
        const segment_key *k = &d->keys[i];
        size_t c = XMC_N_CAUSES * ((size_t)k->lob * book->n_regions + k->region) + (size_t)k->cause;
        d->local[c] = UINT32_MAX;
        if (!(k->exposure > 0.0))
            continue;
        const xmc_lob *lob = &book->lobs[k->lob];
        xmc_segment g = {
            .risk = XMC_RISK_CREDIT, .line = lob->line, .lob = k->lob, .exposure = k->exposure};
        snprintf(g.line_name, sizeof g.line_name, "%s", lob->segment);
        snprintf(g.region, sizeof g.region, "%s", k->region_name);
        snprintf(g.cause, sizeof g.cause, "%s", causes[k->cause]);
        d->local[c] = (uint32_t)p->n_segments;
        size_t number = xmc_segments_add(segments, &g);
        if (number == SIZE_MAX)
            return no_memory(d);
        p->registered[p->n_segments++] = number;
    }
    for (size_t i = 0; i < book->n_obligors; i++) {
        row *r = &d->rows[i];
        size_t lob = book->credit_policies[r->source->policy].lob;
        size_t c = XMC_N_CAUSES * (lob * book->n_regions + r->source->region);
        r->default_segment = r->slot = d->local[c];
        r->transfer_segment = r->transfer_slot =
            has_transfer(d, r) ? d->local[c + XMC_CAUSE_TRANSFER] : UINT32_MAX;
        r->migration_segment = has_migration(r) ? d->local[c + XMC_CAUSE_MIGRATION] : UINT32_MAX;
        r->group = UINT32_MAX;
    }
    return XMC_OK;
}

/* Policies with terms get slots of their own, one per segment that their obligors reach. */
static xmc_status plan_terms(xmc_credit *p, draft *d) {
    const xmc_book *book = &d->a->book;
    size_t n = 0;
    for (size_t i = 0; i < book->n_obligors; i++)
        if (d->rows[i].policy != UINT32_MAX)
            d->by_policy[n++] = &d->rows[i];
    qsort(d->by_policy, n, sizeof *d->by_policy, by_policy);
    p->slot_segment = array(2 * n, sizeof *p->slot_segment);
    p->policy_of_slot = array(2 * n, sizeof *p->policy_of_slot);
    if (!p->slot_segment || !p->policy_of_slot)
        return no_memory(d);
    size_t slots = 0, base = p->n_segments;
    for (size_t from = 0, to; from < n; from = to) {
        uint32_t policy = d->by_policy[from]->policy;
        for (to = from; to < n && d->by_policy[to]->policy == policy;)
            to++;
        xmc_terms *t = &p->terms[policy];
        t->slot = (uint32_t)(base + slots);
        /* Rows stand in the order of their segments, so a new segment is one unlike the last. */
        for (size_t i = from; i < to; i++) {
            row *r = d->by_policy[i];
            if (i == from || r->default_segment != p->slot_segment[slots - 1]) {
                p->slot_segment[slots] = r->default_segment;
                p->policy_of_slot[slots++] = policy;
            }
            r->slot = (uint32_t)(base + slots - 1);
        }
        size_t first = slots; /* transfer segments likewise, behind */
        for (size_t i = from; i < to; i++) {
            row *r = d->by_policy[i];
            if (r->transfer_segment == UINT32_MAX)
                continue;
            if (slots == first || r->transfer_segment != p->slot_segment[slots - 1]) {
                p->slot_segment[slots] = r->transfer_segment;
                p->policy_of_slot[slots++] = policy;
            }
            r->transfer_slot = (uint32_t)(base + slots - 1);
        }
        t->n_slots = (uint32_t)(base + slots) - t->slot;
        p->most_slots = t->n_slots > p->most_slots ? t->n_slots : p->most_slots;
    }
    p->n_slots = base + slots;
    return XMC_OK;
}

/* Receivables by country and destination, for countries that can have an event. */
static xmc_status plan_transfers(xmc_credit *p, draft *d) {
    const xmc_credit_model *m = &d->a->credit;
    size_t n = 0;
    for (size_t i = 0; i < p->n_obligors; i++)
        if (d->rows[i].transfer_slot != UINT32_MAX)
            d->by_group[n++] = &d->rows[i];
    qsort(d->by_group, n, sizeof *d->by_group, by_group);
    p->groups = array(n, sizeof *p->groups);
    p->transfers = array(p->n_countries, sizeof *p->transfers);
    if (!p->groups || !p->transfers)
        return no_memory(d);
    for (size_t i = 0; i < n; i++) {
        row *r = d->by_group[i];
        if (!i || r->country != d->by_group[i - 1]->country) {
            double q = m->countries[r->source->country].transfer_probability;
            if (!(q < 1.0))
                return xmc_error(d->diag, XMC_BAD_INPUT,
                                 "credit model: country '%s': expected a transfer probability in "
                                 "[0, 1), got %g",
                                 m->countries[r->source->country].name, q);
            p->transfer_of[r->country] = (uint32_t)p->n_transfers;
            p->transfers[p->n_transfers++] =
                (xmc_transfer){r->country, -copula_quantile(p, q), (uint32_t)p->n_groups, 0};
        }
        if (!i || r->country != d->by_group[i - 1]->country ||
            r->transfer_slot != d->by_group[i - 1]->transfer_slot)
            p->groups[p->n_groups++].slot = r->transfer_slot;
        p->groups[p->n_groups - 1].amount += r->amount;
        p->transfers[p->n_transfers - 1].end = (uint32_t)p->n_groups;
        r->group = (uint32_t)(p->n_groups - 1);
    }
    return XMC_OK;
}

static uint64_t hash_string(uint64_t h, const char *s) {
    for (; *s; s++)
        h = xmc_mix64(h + UINT64_C(0x9e3779b97f4a7c15) + (unsigned char)*s);
    return xmc_mix64(h ^ UINT64_C(0xa0761d6478bd642f));
}

/* The address of a bucket, told from others by what goes beyond country, sector and probability. */
static uint64_t bucket_address(const row *r, const xmc_loading *l, uint64_t h) {
    if (r->row >= XMC_N_PRODUCTS)
        h = hash_string(h, l->name);
    if (r->state != UINT32_MAX)
        h = xmc_mix64(h ^ (UINT64_C(0xe7037ed1a0b428db) + r->state));
    if (l->correlation != XMC_CORRELATION_FIXED) {
        uint64_t bits;
        memcpy(&bits, &r->scale, sizeof bits);
        h = xmc_mix64(h ^ bits);
    }
    return h;
}

/* Obligors of a strip: about eight defaults a trial, so that few lanes wait for the fullest one and
 * few strips overflow in a bad year; measured. */
static uint32_t strip_size(double probability) {
    double n = 8.0 / probability;
    n = n < XMC_STRIP_MOST ? n : XMC_STRIP_MOST;
    return n > 16.0 ? (uint32_t)n : 16;
}

/* Bands of the losses on default, only where probabilities are twisted. */
static void plan_bands(xmc_credit *p, draft *d) {
    const bool twist = d->a->importance && d->a->importance_twist && d->a->importance_scale > 0.0;
    for (size_t i = 0; i < p->n_obligors; i++) {
        row *r = &d->rows[i];
        double loss = twist ? r->amount * p->lgd[r->source->loss_class].constant : 0.0;
        for (r->band = 0; r->band + 1 < XMC_TWIST_BANDS && loss >= 2.0; r->band++)
            loss *= 0.5;
        p->band_used[r->band] = 1;
        p->largest_band = r->band > p->largest_band ? r->band : p->largest_band;
    }
}

/* Buckets, cut into strips of equal size up to one. */
static xmc_status plan_strips(xmc_credit *p, draft *d) {
    const xmc_credit_model *m = &d->a->credit;
    size_t n = p->n_obligors, bucket_end = 0;
    plan_bands(p, d);
    qsort(d->rows, n, sizeof *d->rows, by_bucket);
    p->strips = array(n, sizeof *p->strips);
    if (!p->strips)
        return no_memory(d);
    uint64_t address = 0;
    xmc_loading loading = {0};
    uint32_t rank = 0, n_strips = 1, size = 0; /* within the bucket */
    for (size_t i = 0; i < n; i++) {
        const row *r = &d->rows[i];
        if (i == bucket_end) {
            while (bucket_end < n && same_bucket(r, &d->rows[bucket_end]))
                bucket_end++;
            size = (uint32_t)(bucket_end - i);
            n_strips = (size - 1) / strip_size(r->probability) + 1;
            rank = 0;
            uint64_t h = hash_string(r->product, m->countries[r->source->country].name), bits;
            h = hash_string(h, m->sectors[r->source->sector]);
            memcpy(&bits, &r->probability, sizeof bits);
            loading = loading_of(m, r->row);
            address = bucket_address(r, &loading, xmc_mix64(h ^ bits));
            if (r->band)
                address = xmc_mix64(address ^ (UINT64_C(0x9e3779b97f4a7c15) * r->band));
            p->rows[r->row].country_used[r->country] = 1;
            p->rows[r->row].sector_used[r->sector] = 1;
            p->country_drawn[r->country] = 1;
            p->sector_drawn[r->sector] = 1;
        } else if (strcmp(r->source->id, r[-1].source->id) == 0) {
            return xmc_error(d->diag, XMC_BAD_INPUT, "obligor '%s' stands twice", r->source->id);
        }
        xmc_strip *b = p->strips + p->n_strips - 1;
        const uint32_t number = (uint32_t)((uint64_t)rank * n_strips / size);
        if (!rank || (uint64_t)(rank - 1) * n_strips / size != number) {
            double own = 1.0 - (loading.global + loading.region + loading.country + loading.sector);
            if (loading.correlation != XMC_CORRELATION_FIXED)
                own = 1.0 / (1.0 + r->scale * r->scale);
            *++b = (xmc_strip){.address = number ? xmc_mix64(address + number) : address,
                               .threshold = copula_quantile(p, r->probability) / sqrt(own),
                               .scale = r->scale,
                               .probability = r->probability,
                               .per_root = 1.0 / sqrt(own),
                               .state = r->state,
                               .first = (uint32_t)i,
                               .country = r->country,
                               .sector = r->sector,
                               .product = r->product,
                               .row = r->row,
                               .plain_slot = r->slot < p->n_segments ? r->slot : UINT32_MAX,
                               .constant = 1,
                               .band = r->band};
            p->n_strips++;
        }
        rank++;
        b->n++;
        b->expected += r->probability;
        const xmc_share_law *lgd = &p->lgd[r->source->loss_class];
        if (lgd->table.coef)
            b->constant = 0;
        if (lgd->table.coef || r->slot != b->plain_slot)
            b->plain_slot = UINT32_MAX;
        p->obligors[i] = (xmc_exposure){r->amount, r->slot, r->source->loss_class};
        p->loss[i] = xmc_credit_to_grid(p, r->amount * lgd->constant);
        p->group[i] = r->group;
        p->detail->claims[i] = (xmc_claim_terms){
            .covered = r->source->covered,
            .policy = d->policy_rank[r->source->policy],
            .strip = (uint32_t)(b - p->strips),
            .currency = r->source->currency,
            .segment = {r->default_segment, r->transfer_segment, r->migration_segment},
            .source = (uint32_t)(r->source - d->a->book.obligors),
            .months_beyond = (float)(r->source->tenor_months - 12.0)};
    }
    xmc_strip *fitting = realloc(p->strips, (p->n_strips ? p->n_strips : 1) * sizeof *fitting);
    p->strips = fitting ? fitting : p->strips;
    for (size_t i = 0; i < p->n_transfers; i++)
        p->country_drawn[p->transfers[i].country] = 1;
    return XMC_OK;
}

size_t xmc_credit_scratch_doubles(const xmc_credit *p) {
    size_t factors = p->n_countries + p->n_sectors;
    size_t rows = 8 + (p->shift.twist ? 2 * p->n_strips : 0) + (1 + p->n_rows) * factors +
                  p->n_regions + p->n_transfers + p->n_slots + p->n_groups;
    return p->lanes * rows + factors + p->n_regions + 2 * p->most_slots + XMC_STRIP_MOST;
}

/* As many trials side by side as leave the sums in the second cache level. */
static void plan_lanes(xmc_credit *p) {
    p->lanes = p->detail->run || p->shift.twist ? XMC_CREDIT_LANES : XMC_CREDIT_MOST_LANES;
    while (p->lanes > XMC_CREDIT_LANES && xmc_credit_scratch_doubles(p) > 48 * 1024)
        p->lanes /= 2;
}

static int plan_scratch(xmc_credit *p, xmc_credit_scratch *s) {
    const size_t L = p->lanes;
    double *x = s->doubles = array(xmc_credit_scratch_doubles(p), sizeof *x);
    s->events = array(p->n_transfers * L, 1);
    s->plain = array(L, 1);
    s->any_event = array(p->n_transfers, 1);
    s->stamp = array(p->n_terms, sizeof *s->stamp);
    s->touched = array(p->n_terms, sizeof *s->touched);
    s->base = array(L, sizeof *s->base);
    s->sorted_base = array(L, sizeof *s->sorted_base);
    s->order = array(L, sizeof *s->order);
    s->hits = array(XMC_HITS_MOST, sizeof *s->hits);
    s->found = array(XMC_STRIP_MOST + XMC_SKIP_SLACK, sizeof *s->found);
    if (!x || !s->events || !s->plain || !s->any_event || !s->stamp || !s->touched || !s->base ||
        !s->sorted_base || !s->order || !s->hits || !s->found)
        return -1;
    s->world = x, x += L;
    s->w = x, x += L;
    s->country = x, x += L * p->n_countries;
    s->sector = x, x += L * p->n_sectors;
    s->region = x, x += L * p->n_regions;
    s->country_part = x, x += L * p->n_rows * p->n_countries;
    s->sector_part = x, x += L * p->n_rows * p->n_sectors;
    s->share = x, x += L * p->n_transfers;
    s->sum = x, x += L * p->n_slots;
    s->defaulted = x, x += L * p->n_groups;
    s->sorted_w = x, x += L;
    s->factors = x, x += L;
    s->losses = x, x += L;
    s->exponent = x, x += L;
    s->theta = x, x += L;
    s->counted = x, x += L;
    s->hazards = x, x += p->shift.twist ? 2 * L * p->n_strips : 0;
    s->normals = x, x += p->n_countries + p->n_sectors + p->n_regions;
    s->weight = x, x += p->most_slots;
    s->part = x, x += p->most_slots;
    s->uniforms = x;
    return 0;
}

static xmc_status allocate(xmc_credit *p, draft *d) {
    const xmc_credit_model *m = &d->a->credit;
    const xmc_book *book = &d->a->book;
    size_t n = p->n_obligors;
    d->rows = array(n, sizeof *d->rows);
    d->by_policy = array(n, sizeof(row *));
    d->by_group = array(n, sizeof(row *));
    d->countries = array(p->n_countries, sizeof(xmc_named));
    d->sectors = array(p->n_sectors, sizeof(xmc_named));
    d->policies = array(book->n_credit_policies, sizeof(xmc_named));
    d->country_rank = array(p->n_countries, sizeof(uint32_t));
    d->sector_rank = array(p->n_sectors, sizeof(uint32_t));
    d->terms_of = array(book->n_credit_policies, sizeof(uint32_t));
    d->policy_rank = array(book->n_credit_policies, sizeof(uint32_t));
    if (!d->policy_rank)
        return no_memory(d);
    p->rows = array(p->n_rows, sizeof *p->rows);
    for (size_t k = 0; k < p->n_rows && p->rows; k++) {
        p->rows[k].country_used = array(p->n_countries, 1);
        p->rows[k].sector_used = array(p->n_sectors, 1);
        if (!p->rows[k].country_used || !p->rows[k].sector_used)
            return no_memory(d);
    }
    p->country_drawn = array(p->n_countries, 1);
    p->sector_drawn = array(p->n_sectors, 1);
    p->region_of = array(p->n_countries, sizeof *p->region_of);
    d->regions = array(p->n_regions, sizeof(xmc_named));
    d->region_rank = array(p->n_regions, sizeof(uint32_t));
    if (!p->rows || !p->country_drawn || !p->sector_drawn || !p->region_of || !d->regions ||
        !d->region_rank)
        return no_memory(d);
    for (size_t i = 0; i < p->n_regions; i++)
        d->regions[i] = (xmc_named){(uint32_t)i, m->country_regions[i]};
    p->transfer_of = array(p->n_countries, sizeof(uint32_t));
    p->lgd = array(p->n_classes, sizeof *p->lgd);
    p->terms = array(book->n_credit_policies, sizeof *p->terms);
    p->obligors = array(n, sizeof *p->obligors);
    p->group = array(n, sizeof(uint32_t));
    p->loss = array(n, sizeof(double));
    if (!d->rows || !d->by_policy || !d->by_group || !d->countries || !d->sectors || !d->policies ||
        !d->country_rank || !d->sector_rank || !d->terms_of || !p->transfer_of || !p->lgd ||
        !p->terms || !p->obligors || !p->group || !p->loss)
        return no_memory(d);
    for (size_t i = 0; i < p->n_countries; i++) {
        d->countries[i] = (xmc_named){(uint32_t)i, m->countries[i].name};
        p->transfer_of[i] = UINT32_MAX;
    }
    for (size_t i = 0; i < p->n_sectors; i++)
        d->sectors[i] = (xmc_named){(uint32_t)i, m->sectors[i]};
    for (size_t i = 0; i < book->n_credit_policies; i++)
        d->policies[i] = (xmc_named){(uint32_t)i, book->credit_policies[i].id};
    xmc_sort_names(d->policies, book->n_credit_policies);
    for (size_t i = 0; i < book->n_credit_policies; i++)
        d->policy_rank[d->policies[i].number] = (uint32_t)i;
    for (size_t i = 0; i < book->n_credit_policies; i++) {
        const xmc_credit_policy *s = &book->credit_policies[d->policies[i].number];
        double limit = s->aggregate_limit, first = s->aggregate_first_loss;
        uint32_t *terms = &d->terms_of[d->policies[i].number];
        *terms = UINT32_MAX;
        if (!(limit > 0.0) && !(first > 0.0))
            continue;
        *terms = (uint32_t)p->n_terms;
        p->terms[p->n_terms++] =
            (xmc_terms){0, 0, first > 0.0 ? xmc_to_grid(first, p->grid, 1.0 / p->grid) : 0.0,
                        limit > 0.0 ? xmc_to_grid(limit, p->grid, 1.0 / p->grid) : INFINITY};
    }
    return XMC_OK;
}

static void free_draft(draft *d) {
    free(d->rows);
    free(d->by_policy);
    free(d->by_group);
    free(d->countries);
    free(d->sectors);
    free(d->policies);
    free(d->regions);
    free(d->region_rank);
    free(d->country_rank);
    free(d->sector_rank);
    free(d->terms_of);
    free(d->policy_rank);
    free(d->keys);
    free(d->local);
}

static xmc_status build(xmc_credit *p, draft *d, xmc_segments *segments) {
    xmc_status status = allocate(p, d);
    if (!status)
        status = plan_model(p, d);
    if (!status)
        status = rank_names(d->countries, d->country_rank, p->n_countries, "country", d->diag);
    if (!status)
        status = rank_names(d->sectors, d->sector_rank, p->n_sectors, "sector", d->diag);
    if (!status)
        status = rank_names(d->regions, d->region_rank, p->n_regions, "region", d->diag);
    for (size_t i = 0; !status && p->n_regions && i < p->n_countries; i++)
        p->region_of[d->country_rank[i]] = d->region_rank[d->a->credit.countries[i].region];
    if (!status)
        status = plan_rows(p, d);
    if (!status)
        status = plan_segments(p, d, segments);
    if (!status)
        status = plan_terms(p, d);
    if (!status)
        status = plan_transfers(p, d);
    if (!status)
        status = xmc_credit_detail_begin(p, d->a, d->diag);
    if (!status)
        status = plan_shares(p, d);
    if (!status)
        status = plan_strips(p, d);
    if (!status)
        status = xmc_credit_detail_finish(p, d->a, d->country_rank, d->sector_rank, copula_quantile,
                                          d->diag);
    if (!status && d->a->importance && d->a->credit.model == XMC_CREDIT_PLUS)
        status = xmc_error(d->diag, XMC_BAD_INPUT,
                           "importance sampling shifts the factors of the copula: leave the key "
                           "importance out with model creditrisk_plus");
    if (!status && d->a->importance)
        status = xmc_credit_importance_plan(p, d->a->importance_quantile, d->a->importance_scale,
                                            d->a->importance_twist, d->diag);
    if (!status)
        plan_lanes(p);
    if (!status && (xmc_hazard_table_init(&p->hazard)))
        status = no_memory(d);
    for (int k = 0; !status && k < p->threads; k++)
        if (plan_scratch(p, &p->scratch[k]))
            status = no_memory(d);
    if (!status)
        status = xmc_credit_detail_work(p, d->diag);
    return status;
}

xmc_status xmc_credit_plan(const xmc_analysis *a, const xmc_run_shape *shape,
                           xmc_segments *segments, xmc_credit **out, xmc_diag *diag) {
    *out = NULL;
    if (a->book.n_obligors >= INT32_MAX)
        return xmc_error(diag, XMC_BAD_INPUT, "expected less than 2^31 obligors");
    xmc_credit *p = calloc(1, sizeof *p);
    if (!p)
        return xmc_no_memory(diag, sizeof *p, "planning credit");
    p->factor_seed = a->seeds[XMC_SEED_FACTORS];
    p->credit_seed = a->seeds[XMC_SEED_CREDIT];
    p->grid = a->loss_grid;
    p->threads = shape->threads > 0 ? shape->threads : 1;
    p->n_obligors = a->book.n_obligors;
    p->n_countries = a->credit.n_countries;
    p->n_sectors = a->credit.n_sectors;
    p->n_regions = a->credit.n_country_regions;
    p->n_rows = XMC_N_PRODUCTS + a->credit.n_loading_classes;
    p->n_classes = a->credit.n_loss_classes;
    p->scratch = calloc((size_t)p->threads, sizeof *p->scratch);
    draft d = {.a = a, .diag = diag};
    xmc_status status = XMC_OK;
    if (!p->scratch)
        status = no_memory(&d);
    if (!status)
        status = build(p, &d, segments);
    free_draft(&d);
    if (status) {
        xmc_credit_free(p);
        return status;
    }
    *out = p;
    return XMC_OK;
}
