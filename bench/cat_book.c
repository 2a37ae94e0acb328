#include "bench/cat_book.h"

#include "kernels/damage_table.h"
#include "kernels/stream.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { INTENSITIES = 10, DAMAGE_BINS = 22, COLUMNS = 1440, MOST_OWNED = 64 };

static void *get(xmc_bench_cat *b, size_t n, size_t size) {
    if (!b->owned)
        b->owned = calloc(MOST_OWNED, sizeof *b->owned);
    void *p = b->owned && b->n_owned < MOST_OWNED ? calloc(n ? n : 1, size) : NULL;
    if (p)
        b->owned[b->n_owned++] = p;
    return p;
}

void xmc_bench_cat_free(xmc_bench_cat *b) {
    for (size_t i = 0; i < b->n_owned; i++)
        free(b->owned[i]);
    free(b->owned);
    *b = (xmc_bench_cat){0};
}

/* n names of one width: "A0000017". */
static char *names(xmc_bench_cat *b, char first, uint32_t n) {
    enum { WIDTH = 12 };
    char *s = get(b, n, WIDTH);
    for (uint32_t i = 0; s && i < n; i++)
        snprintf(s + (size_t)i * WIDTH, WIDTH, "%c%08u", first, i);
    return s;
}
static const char *name_at(const char *all, uint32_t i) {
    return all + (size_t)i * 12;
}

/* Each row: a quarter without loss, then bins of 5 % whose weights fall by a factor that grows with
 * function and intensity, and a little total loss. */
static bool make_vulnerability(xmc_bench_cat *b, uint32_t functions) {
    xmc_vulnerability *v = &b->a.vulnerability;
    v->n_functions = functions;
    v->n_intensity_bins = INTENSITIES;
    v->n_damage_bins = DAMAGE_BINS;
    v->damage_from = get(b, DAMAGE_BINS, sizeof(double));
    v->damage_to = get(b, DAMAGE_BINS, sizeof(double));
    v->probability = get(b, (size_t)functions * INTENSITIES * DAMAGE_BINS, sizeof(double));
    v->function = get(b, (size_t)functions * 64 * XMC_N_COVERS, sizeof(uint32_t));
    v->function_name = get(b, functions, sizeof(char *));
    const char *name = names(b, 'F', functions);
    if (!v->damage_from || !v->damage_to || !v->probability || !v->function || !v->function_name ||
        !name)
        return false;
    for (int k = 1; k < DAMAGE_BINS; k++) {
        v->damage_from[k] = k == DAMAGE_BINS - 1 ? 1 : 0.05 * (k - 1);
        v->damage_to[k] = k == DAMAGE_BINS - 1 ? 1 : 0.05 * k;
    }
    for (uint32_t f = 0; f < functions; f++) {
        v->function_name[f] = name_at(name, f);
        for (uint32_t k = 0; k < 64 * XMC_N_COVERS; k++)
            v->function[(size_t)f * 64 * XMC_N_COVERS + k] = f;
        for (uint32_t i = 0; i < INTENSITIES; i++) {
            double *p = v->probability + ((size_t)f * INTENSITIES + i) * DAMAGE_BINS;
            const double factor = 0.2 + 0.05 * i + 0.2 * f / functions;
            double w = 1, sum = 0;
            for (int k = 1; k < DAMAGE_BINS; k++, w *= factor)
                sum += w;
            p[0] = 0.25;
            w = 0.75 / sum;
            for (int k = 1; k < DAMAGE_BINS; k++, w *= factor)
                p[k] = w;
        }
    }
    return true;
}

/* Shares of each coverage's sum insured as its deductible and limit; half a percent of the
 * location's as its deductible. */
static void set_cover_terms(xmc_term_set *t, const xmc_location *l, double sum, uint32_t covers) {
    *t = (xmc_term_set){.perils = ~UINT64_C(0), .participation = 1};
    for (uint32_t c = 0; c < covers; c++) {
        t->at[c].ded = l->tiv[c] / 100;
        t->at[c].limit = l->tiv[c] / 10 * 6;
    }
    t->at[XMC_TERMS_ALL].ded = sum / 200;
}

static bool make_locations(xmc_bench_cat *b, const xmc_bench_cat_spec *s) {
    xmc_book *k = &b->a.book;
    k->n_locations = s->locations;
    k->n_vulnerability_classes = s->functions;
    k->n_regions = 1;
    k->locations = get(b, s->locations, sizeof *k->locations);
    k->vulnerability_classes = get(b, s->functions, sizeof(char *));
    k->regions = get(b, 1, sizeof(char *));
    if (s->cover_terms) {
        k->n_term_sets = s->locations;
        k->term_sets = get(b, s->locations, sizeof *k->term_sets);
        if (!k->term_sets)
            return false;
    }
    const char *number = names(b, 'L', s->locations), *class_name = names(b, 'C', s->functions);
    if (!k->locations || !k->vulnerability_classes || !k->regions || !number || !class_name)
        return false;
    k->regions[0] = "all";
    for (uint32_t i = 0; i < s->functions; i++)
        k->vulnerability_classes[i] = name_at(class_name, i);
    xmc_stream r = xmc_stream_at(s->seed, 1, 0);
    for (uint32_t i = 0; i < s->locations; i++) {
        xmc_location *l = &k->locations[i];
        const uint32_t cell = (uint32_t)((uint64_t)i * s->cells / s->locations);
        const uint32_t row = cell / COLUMNS, column = cell % COLUMNS;
        *l = (xmc_location){.loc_number = name_at(number, i),
                            .account = xmc_u32(&r) % s->accounts,
                            .vulnerability = xmc_u32(&r) % s->functions,
                            .latitude = -90.0f + 0.25f * (float)row + 0.125f,
                            .longitude = -180.0f + 0.25f * (float)column + 0.125f,
                            .perils = ~UINT64_C(0),
                            .n_buildings = 1,
                            .file_line = i + 2};
        /* Multiples of 1,000, so that the terms, XMC_BENCH_DEDUCTIBLE and …_LIMIT, are whole. */
        double sum = 0;
        for (uint32_t c = 0; c < s->covers; c++)
            sum += l->tiv[c] = 1000 * (double)(100 + xmc_u32(&r) % 9900);
        if (s->cover_terms) {
            set_cover_terms(&k->term_sets[i], l, sum, s->covers);
            l->terms = i + 1;
            continue;
        }
        l->ded = sum / 100;
        l->limit = sum / 10 * 6;
    }
    return true;
}

/* Accounts with layers: a tower of 10 % of the account's mean sum insured each, above 1 %. */
static bool make_accounts(xmc_bench_cat *b, const xmc_bench_cat_spec *s) {
    xmc_book *k = &b->a.book;
    const uint32_t layers = s->layers ? s->layers : 1;
    k->n_accounts = s->accounts;
    k->n_policies = (size_t)s->accounts * layers;
    k->n_lobs = s->layers ? s->accounts : 1;
    k->policies = get(b, k->n_policies, sizeof *k->policies);
    k->lobs = get(b, k->n_lobs, sizeof *k->lobs);
    const char *name = names(b, 'A', s->accounts);
    if (!k->policies || !k->lobs || !name)
        return false;
    const double mean = 5e6 * s->covers * s->locations / s->accounts;
    const double width = 1000 * floor(0.1 * mean / 1000);
    for (uint32_t i = 0; i < s->accounts; i++) {
        if (i < k->n_lobs)
            k->lobs[i] = (xmc_lob){name_at(name, i), name_at(name, i), XMC_LINE_PROPERTY};
        for (uint32_t j = 0; j < layers; j++)
            k->policies[i * layers + j] =
                (xmc_policy){.acc_number = name_at(name, i),
                             .account_name = name_at(name, i),
                             .pol_number = name_at(name, i),
                             .account = i,
                             .lob = k->n_lobs > 1 ? i : 0,
                             .layer_number = j + 1,
                             .perils = ~UINT64_C(0),
                             .expiry = 40000,
                             .attachment = s->layers ? width * (0.1 + j) : 0,
                             .layer_limit = s->layers ? width : 0,
                             .participation = s->layers ? 0.5 : 1,
                             .file_line = i * layers + j + 2};
    }
    return true;
}

static bool make_events(xmc_bench_cat *b, const xmc_bench_cat_spec *s) {
    xmc_event_set *e = &b->a.events;
    uint32_t hits = (uint32_t)(s->hit_share * s->cells + 0.5);
    hits = hits ? hits : 1;
    e->n_events = s->events;
    e->n_cells = s->cells;
    e->n_footprint = (uint64_t)s->events * hits;
    e->cell_size = 0.25;
    e->event_id = get(b, s->events, sizeof *e->event_id);
    e->peril = get(b, s->events, sizeof *e->peril);
    e->rate = get(b, s->events, sizeof *e->rate);
    e->day_first = get(b, s->events, sizeof *e->day_first);
    e->day_last = get(b, s->events, sizeof *e->day_last);
    e->cell_id = get(b, s->cells, sizeof *e->cell_id);
    e->offset = get(b, (size_t)s->events + 1, sizeof *e->offset);
    e->footprint_cell = get(b, e->n_footprint, sizeof *e->footprint_cell);
    e->footprint_bin = get(b, e->n_footprint, sizeof *e->footprint_bin);
    if (!e->event_id || !e->peril || !e->rate || !e->day_first || !e->day_last || !e->cell_id ||
        !e->offset || !e->footprint_cell || !e->footprint_bin)
        return false;
    for (uint32_t i = 0; i < s->cells; i++)
        e->cell_id[i] = i;
    uint64_t at = 0;
    for (uint32_t i = 0; i < s->events; i++) {
        e->event_id[i] = i + 1;
        e->peril[i] = XMC_PERIL_QEQ;
        e->rate[i] = s->total_rate / s->events;
        e->day_first[i] = 1;
        e->day_last[i] = 365;
        /* One random cell of each of `hits` equal stretches. */
        xmc_stream r = xmc_stream_at(s->seed, 2, i);
        for (uint32_t h = 0; h < hits; h++) {
            const uint64_t from = (uint64_t)s->cells * h / hits,
                           to = (uint64_t)s->cells * (h + 1) / hits;
            e->footprint_cell[at] = (uint32_t)(from + xmc_u32(&r) % (to - from));
            e->footprint_bin[at++] = (uint16_t)(xmc_u32(&r) % INTENSITIES);
        }
        e->offset[i + 1] = at;
    }
    b->footprint = at;
    return true;
}

/* Mean of the coverage's damage ratio after deductible and limit, over evenly spaced words: what
 * the program's table gives. With several coverages the terms act on their sum, of which this is
 * not the mean. */
static double mean_after_terms(const xmc_damage_row *row) {
    enum { WORDS = 1 << 16 };
    double sum = 0;
    for (uint32_t i = 0; i < WORDS; i++) {
        double x = (double)xmc_damage_of(row, (i << 16) + 0x8000u) - XMC_BENCH_DEDUCTIBLE;
        x = x > 0 ? x : 0;
        sum += x < XMC_BENCH_LIMIT ? x : XMC_BENCH_LIMIT;
    }
    return sum / WORDS;
}

static bool expect(xmc_bench_cat *b, const xmc_bench_cat_spec *s) {
    const xmc_event_set *e = &b->a.events;
    const xmc_vulnerability *v = &b->a.vulnerability;
    double *mean = get(b, (size_t)s->functions * INTENSITIES, sizeof *mean);
    double *tiv = get(b, (size_t)s->cells * s->functions, sizeof *tiv);
    double *count = get(b, s->cells, sizeof *count);
    b->event_samples = get(b, s->events, sizeof(double));
    b->event_loss = get(b, s->events, sizeof(double));
    if (!mean || !tiv || !count || !b->event_samples || !b->event_loss)
        return false;
    for (size_t i = 0; i < (size_t)s->functions * INTENSITIES; i++) {
        xmc_damage_row row;
        if (xmc_damage_row_init(&row, DAMAGE_BINS, v->damage_from, v->damage_to,
                                v->probability + i * DAMAGE_BINS))
            return false;
        mean[i] = mean_after_terms(&row);
    }
    for (uint32_t i = 0; i < s->locations; i++) {
        const xmc_location *l = &b->a.book.locations[i];
        const size_t cell = (size_t)((uint64_t)i * s->cells / s->locations);
        count[cell] += s->covers;
        tiv[cell * s->functions + l->vulnerability] += l->tiv[0];
    }
    for (uint32_t i = 0; i < s->events; i++) {
        for (uint64_t f = e->offset[i]; f < e->offset[i + 1]; f++) {
            const size_t cell = e->footprint_cell[f];
            b->event_samples[i] += count[cell];
            for (size_t k = 0; k < s->functions; k++)
                b->event_loss[i] +=
                    tiv[cell * s->functions + k] * mean[k * INTENSITIES + e->footprint_bin[f]];
        }
        b->samples_per_trial += e->rate[i] * b->event_samples[i];
        b->expected += e->rate[i] * b->event_loss[i];
    }
    return true;
}

xmc_status xmc_bench_cat_make(const xmc_bench_cat_spec *spec, xmc_bench_cat *out, xmc_diag *diag) {
    *out = (xmc_bench_cat){0};
    out->a = (xmc_analysis){.title = "bench",
                            .currency = "CNY",
                            .valuation_date = 20000,
                            .loss_grid = 0x1p-6,
                            .text = "",
                            .has_cat = true,
                            .admin_margin = NAN};
    for (uint64_t i = 0; i < XMC_N_SEEDS; i++)
        out->a.seeds[i] = spec->seed * 100 + i;
    if (make_vulnerability(out, spec->functions) && make_locations(out, spec) &&
        make_accounts(out, spec) && make_events(out, spec) && expect(out, spec))
        return XMC_OK;
    xmc_bench_cat_free(out);
    return xmc_no_memory(diag, (uint64_t)spec->locations * sizeof(xmc_location),
                         "a generated book");
}
