#include "sim/elt_layer.h"

#include "kernels/distributions.h"
#include "kernels/fill.h"
#include "kernels/vmath.h"
#include "sim/elt_beta.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { T = XMC_ELT_MOST_TABLES, BATCH = 1024, AHEAD = 24, CHUNK = 64 };

/* Terms of the tables, in single precision where losses are. */
typedef struct {
    float attachment[T], limit[T];
    double participation[T];
} table_terms;

struct xmc_elt_layer {
    xmc_elt_layer_spec spec;
    double inv_grid;
    uint64_t bytes;
    table_terms terms;
    xmc_layer table[T];
    /* Events that count, by one bit each; those before a word of bits; in this order their losses
     * after occurrence terms, or their rows. */
    size_t n_words, n_hits;
    uint64_t *bits;
    uint32_t *before;
    double *loss;     /* fixed: [n_hits] */
    float *rows;      /* lookups: [n_events][T] */
    uint32_t *row_at; /* sampled: [n_hits + 1] */
    xmc_elt_row *law; /* sampled: by event and table */
    double *binomial; /* hits: P(N <= k), k = 0 … occurrences */
    xmc_elt_beta beta;
    double expected;
};

/* ---- plan ---- */

static void *get(xmc_elt_layer *p, size_t n, size_t size) {
    const size_t huge = (size_t)2 << 20;
    size_t bytes = n * size + 64;
    bytes = (bytes + (bytes >= huge ? huge : 64) - 1) & ~((bytes >= huge ? huge : 64) - 1);
    void *x = aligned_alloc(bytes >= huge ? huge : 64, bytes);
    if (!x)
        return NULL;
    if (bytes >= huge) /* drawn events lie anywhere: few and large pages */
        madvise(x, bytes, MADV_HUGEPAGE);
    memset(x, 0, bytes);
    p->bytes += bytes;
    return x;
}

static xmc_status check(const xmc_elt_layer_spec *s, xmc_diag *diag) {
    const size_t errors = diag->n_errors;
    if (s->n_tables > T)
        xmc_error(diag, XMC_BAD_INPUT, "event loss tables: %zu, expected at most %d", s->n_tables,
                  T);
    if (s->n_events == 0)
        xmc_error(diag, XMC_BAD_INPUT, "event loss tables: an empty catalogue");
    for (size_t t = 0; t < s->n_tables && t < T; t++) {
        const xmc_elt_table *x = &s->tables[t];
        for (size_t i = 0; i < x->n; i++) {
            if (x->event[i] >= s->n_events || (i && x->event[i] <= x->event[i - 1]))
                xmc_error(diag, XMC_BAD_INPUT,
                          "event loss table %zu, row %zu: event %u, expected ascending numbers "
                          "below %u",
                          t + 1, i + 1, x->event[i], s->n_events);
            if (!s->sampled)
                continue;
            const double m = x->mean[i], sd = x->sd[i], most = x->exposure[i];
            if (!(m > 0 && m < most && sd > 0 && sd * sd < m * (most - m)))
                xmc_error(diag, XMC_BAD_INPUT,
                          "event loss table %zu, row %zu: mean %g, standard deviation %g, exposure "
                          "%g: no beta law has these (expected 0 < sd^2 < mean (exposure - mean))",
                          t + 1, i + 1, m, sd, most);
        }
    }
    return diag->n_errors > errors ? XMC_BAD_INPUT : XMC_OK;
}

static void set_terms(xmc_elt_layer *p) {
    for (size_t t = 0; t < T; t++) {
        const bool used = t < p->spec.n_tables;
        p->table[t] = used ? p->spec.tables[t].terms : (xmc_layer){0, 0, 0};
        p->terms.attachment[t] = (float)p->table[t].attachment;
        p->terms.limit[t] = (float)p->table[t].limit;
        p->terms.participation[t] = p->table[t].participation;
    }
}

/* Sum over the tables of one event's losses after their terms, in grid steps: whole numbers, so
 * the order does not matter. */
static inline double combine(const table_terms *k, const float *x, double inv_grid) {
    float y[T];
    double steps[T];
#pragma omp simd
    for (int t = 0; t < T; t++) {
        y[t] = x[t] - k->attachment[t];
        y[t] = y[t] > 0 ? y[t] : 0;
        y[t] = y[t] < k->limit[t] ? y[t] : k->limit[t];
    }
#pragma omp simd
    for (int t = 0; t < T; t++) {
        steps[t] = (double)y[t] * k->participation[t];
        steps[t] = steps[t] * inv_grid + 0x1.8p52;
        steps[t] -= 0x1.8p52;
    }
    double sum[4];
#pragma omp simd
    for (int t = 0; t < 4; t++)
        sum[t] = (steps[t] + steps[t + 4]) + (steps[t + 8] + steps[t + 12]);
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

static double occurrence_loss(const xmc_elt_layer *p, double sum) {
    const xmc_layer *o = &p->spec.occurrence;
    return xmc_grid_round(xmc_layer_loss(sum, o->attachment, o->limit, o->participation),
                          p->spec.loss_grid, p->inv_grid);
}

static void number_events(xmc_elt_layer *p) {
    uint32_t n = 0;
    for (size_t w = 0; w < p->n_words; w++) {
        p->before[w] = n;
        for (uint64_t b = p->bits[w]; b; b &= b - 1)
            n++;
    }
    p->n_hits = n;
}

static inline uint32_t position(const xmc_elt_layer *p, uint32_t event) {
    /* Bits below the event's in its word, counted by halves, quarters, … */
    uint64_t x = p->bits[event >> 6] & ((UINT64_C(1) << (event & 63)) - 1);
    x -= (x >> 1) & UINT64_C(0x5555555555555555);
    x = (x & UINT64_C(0x3333333333333333)) + ((x >> 2) & UINT64_C(0x3333333333333333));
    x = (x + (x >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    return p->before[event >> 6] + (uint32_t)((x * UINT64_C(0x0101010101010101)) >> 56);
}

/* Fixed losses: every event's sum after all terms but the aggregate ones. */
static xmc_status plan_fixed(xmc_elt_layer *p, xmc_diag *diag) {
    const xmc_elt_layer_spec *s = &p->spec;
    float *rows = get(p, (size_t)s->n_events * T, sizeof *rows);
    double *all = malloc((size_t)s->n_events * sizeof *all);
    xmc_status st = XMC_OK;
    if (!rows || !all) {
        st = xmc_no_memory(diag, (uint64_t)s->n_events * T * sizeof *rows, "event loss tables");
        goto done;
    }
    for (size_t t = 0; t < s->n_tables; t++)
        for (size_t i = 0; i < s->tables[t].n; i++)
            rows[(size_t)s->tables[t].event[i] * T + t] = (float)s->tables[t].mean[i];
    for (uint32_t e = 0; e < s->n_events; e++) {
        all[e] = occurrence_loss(p, combine(&p->terms, rows + (size_t)e * T, p->inv_grid) *
                                        s->loss_grid);
        if (all[e] > 0)
            p->bits[e >> 6] |= UINT64_C(1) << (e & 63);
    }
    number_events(p);
    p->loss = get(p, p->n_hits, sizeof *p->loss);
    if (!p->loss) {
        st = xmc_no_memory(diag, p->n_hits * sizeof *p->loss, "event loss tables");
        goto done;
    }
    size_t n = 0;
    for (uint32_t e = 0; e < s->n_events; e++)
        if (all[e] > 0) {
            p->loss[n++] = all[e];
            p->expected += all[e];
        }
    p->expected *= (double)s->occurrences / s->n_events;
done:
    free(all);
    if (s->lookups && !st) {
        p->rows = rows;
    } else {
        free(rows);
    }
    return st;
}

static xmc_status plan_binomial(xmc_elt_layer *p, xmc_diag *diag) {
    const uint32_t n = p->spec.occurrences;
    const double share = (double)p->n_hits / p->spec.n_events;
    p->binomial = malloc(((size_t)n + 1) * sizeof *p->binomial);
    if (!p->binomial)
        return xmc_no_memory(diag, ((uint64_t)n + 1) * sizeof *p->binomial, "binomial table");
    for (uint32_t k = 0; k <= n; k++) /* P(N <= k) = I_{1-p}(n - k, k + 1) */
        p->binomial[k] = k == n || share <= 0 ? 1
                         : share >= 1         ? 0
                                              : xmc_beta_i(n - k, k + 1.0, 1 - share);
    return XMC_OK;
}

static xmc_status plan_sampled(xmc_elt_layer *p, int threads, xmc_diag *diag) {
    const xmc_elt_layer_spec *s = &p->spec;
    size_t n = 0;
    for (size_t t = 0; t < s->n_tables; t++) {
        n += s->tables[t].n;
        for (size_t i = 0; i < s->tables[t].n; i++) {
            const uint32_t e = s->tables[t].event[i];
            p->bits[e >> 6] |= UINT64_C(1) << (e & 63);
            p->expected += s->tables[t].mean[i];
        }
    }
    p->expected *= (double)s->occurrences / s->n_events;
    number_events(p);
    p->row_at = get(p, p->n_hits + 2, sizeof *p->row_at);
    p->law = get(p, n + AHEAD, sizeof *p->law);
    if (!p->row_at || !p->law || xmc_elt_beta_init(&p->beta, threads))
        return xmc_no_memory(diag, n * sizeof *p->law, "event losses' laws");
    for (size_t t = 0; t < s->n_tables; t++)
        for (size_t i = 0; i < s->tables[t].n; i++)
            p->row_at[position(p, s->tables[t].event[i]) + 2]++;
    for (size_t h = 0; h < p->n_hits; h++)
        p->row_at[h + 2] += p->row_at[h + 1];
    for (size_t t = 0; t < s->n_tables; t++)
        for (size_t i = 0; i < s->tables[t].n; i++) {
            xmc_elt_row *r = &p->law[p->row_at[position(p, s->tables[t].event[i]) + 1]++];
            r->table = (uint32_t)t;
            r->unused[0] = (uint32_t)i;
        }
#pragma omp parallel for schedule(static) num_threads(threads)
    for (size_t k = 0; k < n; k++) {
        xmc_elt_row *r = &p->law[k];
        const xmc_elt_table *x = &s->tables[r->table];
        const uint32_t i = r->unused[0];
        const double most = x->exposure[i];
        r->exposure = (float)most;
        xmc_elt_beta_row(&p->beta, x->mean[i] / most, x->sd[i] / most, r);
    }
    return XMC_OK;
}

xmc_status xmc_elt_layer_plan(const xmc_elt_layer_spec *spec, int threads, xmc_elt_layer **out,
                              xmc_diag *diag) {
    *out = NULL;
    xmc_status st = check(spec, diag);
    if (st)
        return st;
    xmc_elt_layer *p = calloc(1, sizeof *p);
    if (!p)
        return xmc_no_memory(diag, sizeof *p, "event loss tables");
    p->spec = *spec;
    p->inv_grid = 1 / spec->loss_grid;
    p->n_words = ((size_t)spec->n_events + 63) / 64;
    p->bits = get(p, p->n_words, sizeof *p->bits);
    p->before = get(p, p->n_words, sizeof *p->before);
    set_terms(p);
    if (!p->bits || !p->before)
        st = xmc_no_memory(diag, p->n_words * 12, "event loss tables");
    else if (spec->sampled)
        st = plan_sampled(p, threads, diag);
    else if (!(st = plan_fixed(p, diag)))
        st = plan_binomial(p, diag);
    p->spec.tables = NULL;
    if (st) {
        xmc_elt_layer_free(p);
        return st;
    }
    *out = p;
    return XMC_OK;
}

void xmc_elt_layer_free(xmc_elt_layer *p) {
    if (!p)
        return;
    free(p->bits);
    free(p->before);
    free(p->loss);
    free(p->rows);
    free(p->row_at);
    free(p->law);
    free(p->binomial);
    xmc_elt_beta_free(&p->beta);
    free(p);
}

uint64_t xmc_elt_layer_bytes(const xmc_elt_layer *p) {
    return p->bytes;
}
double xmc_elt_layer_expected(const xmc_elt_layer *p) {
    return p->expected;
}
double xmc_elt_layer_hit_share(const xmc_elt_layer *p) {
    return (double)p->n_hits / p->spec.n_events;
}

/* ---- trials ---- */

static inline uint32_t event_of(const xmc_elt_layer *p, uint32_t word) {
    return (uint32_t)((uint64_t)word * p->spec.n_events >> 32);
}

/* Events of n words that count. */
static size_t find_hits(const xmc_elt_layer *p, const uint32_t *restrict words, size_t n,
                        uint32_t *restrict hits) {
    const uint64_t *bits = p->bits;
    const uint64_t n_events = p->spec.n_events;
    size_t found = 0;
    for (size_t i = 0; i < n; i++) {
        const uint32_t event = (uint32_t)(words[i] * n_events >> 32);
        hits[found] = event;
        found += bits[event >> 6] >> (event & 63) & 1;
    }
    return found;
}

static double year_by_occurrences(const xmc_elt_layer *p, uint64_t trial) {
    uint32_t words[BATCH], hits[BATCH + 1];
    xmc_stream s = xmc_stream_at(p->spec.seed_events, trial, 0);
    double sum = 0;
    for (uint32_t left = p->spec.occurrences; left;) {
        const uint32_t n = left < BATCH ? left : BATCH;
        xmc_fill_u32(&s, words, n);
        const size_t found = find_hits(p, words, n, hits);
        for (size_t i = 0; i < found; i++)
            sum += p->loss[position(p, hits[i])];
        left -= n;
    }
    return sum;
}

static double year_by_hits(const xmc_elt_layer *p, uint64_t trial) {
    uint32_t words[BATCH];
    xmc_stream s = xmc_stream_at(p->spec.seed_events, trial, 1);
    const double u = xmc_uniform(&s);
    uint32_t lo = 0, hi = p->spec.occurrences; /* the least k with u <= P(N <= k) */
    while (lo < hi) {
        const uint32_t mid = (lo + hi) / 2;
        if (p->binomial[mid] < u)
            lo = mid + 1;
        else
            hi = mid;
    }
    double sum = 0;
    for (uint32_t left = lo; left;) {
        const uint32_t n = left < BATCH ? left : BATCH;
        xmc_fill_u32(&s, words, n);
        for (uint32_t i = 0; i < n; i++)
            sum += p->loss[(uint64_t)words[i] * p->n_hits >> 32];
        left -= n;
    }
    return sum;
}

static double year_by_lookups(const xmc_elt_layer *p, uint64_t trial) {
    uint32_t words[BATCH + AHEAD];
    xmc_stream s = xmc_stream_at(p->spec.seed_events, trial, 0);
    const table_terms k = p->terms;
    double sum = 0;
    for (uint32_t left = p->spec.occurrences; left;) {
        const uint32_t n = left < BATCH ? left : BATCH;
        xmc_fill_u32(&s, words, n);
        memset(words + n, 0, AHEAD * sizeof *words);
        for (uint32_t i = 0; i < n; i++) {
            __builtin_prefetch(p->rows + (size_t)event_of(p, words[i + AHEAD]) * T);
            sum += occurrence_loss(
                p, combine(&k, p->rows + (size_t)event_of(p, words[i]) * T, p->inv_grid) *
                       p->spec.loss_grid);
        }
        left -= n;
    }
    return sum;
}

/* Rows of one batch of occurrences in their order; an occurrence ends where `last` says so. */
typedef struct {
    uint32_t words[BATCH], hits[BATCH + 1];
    uint32_t row[BATCH * T + AHEAD], segment[BATCH * T + AHEAD], draws[BATCH * T];
    float t[BATCH * T];
    uint8_t last[BATCH * T];
} sampled_batch;

static double year_sampled(const xmc_elt_layer *p, uint64_t trial, sampled_batch *b,
                           double *ground_up) {
    const double grid = p->spec.loss_grid, inv_grid = p->inv_grid;
    xmc_stream s = xmc_stream_at(p->spec.seed_events, trial, 0);
    xmc_stream damage = xmc_stream_at(p->spec.seed_damage, trial, 0);
    double sum = 0, bare = 0;
    for (uint32_t left = p->spec.occurrences; left;) {
        const uint32_t n = left < BATCH ? left : BATCH;
        xmc_fill_u32(&s, b->words, n);
        const size_t found = find_hits(p, b->words, n, b->hits);
        size_t rows = 0;
        for (size_t i = 0; i < found; i++) {
            const uint32_t at = position(p, b->hits[i]);
            for (uint32_t r = p->row_at[at]; r < p->row_at[at + 1]; r++) {
                b->row[rows] = r;
                b->last[rows++] = r + 1 == p->row_at[at + 1];
            }
        }
        xmc_fill_u32(&damage, b->draws, rows);
        for (size_t i = 0; i < rows; i++)
            b->t[i] = xmc_elt_place(&p->beta, b->draws[i], &b->segment[i]);
        memset(b->row + rows, 0, AHEAD * sizeof *b->row);
        memset(b->segment + rows, 0, AHEAD * sizeof *b->segment);
        double occurrence = 0;
        for (size_t i = 0; i < rows; i++) {
            const xmc_elt_row *next = &p->law[b->row[i + AHEAD]];
            __builtin_prefetch(next->ab[b->segment[i + AHEAD]]);
            __builtin_prefetch(&next->exposure);
            const xmc_elt_row *r = &p->law[b->row[i]];
            const double x = xmc_to_grid((double)r->exposure *
                                             (double)xmc_elt_quantile(r, b->t[i], b->segment[i]),
                                         grid, inv_grid);
            const xmc_layer *k = &p->table[r->table];
            bare += x;
            occurrence += xmc_grid_round(
                xmc_layer_loss(x, k->attachment, k->limit, k->participation), grid, inv_grid);
            if (b->last[i]) {
                sum += occurrence_loss(p, occurrence);
                occurrence = 0;
            }
        }
        left -= n;
    }
    *ground_up = bare;
    return sum;
}

void xmc_elt_layer_trials(const xmc_elt_layer *p, xmc_elt_mode mode, uint64_t first, size_t n,
                          int threads, double *loss, double *before, double *ground_up) {
    const xmc_layer *k = &p->spec.aggregate;
#pragma omp parallel num_threads(threads)
    {
        sampled_batch batch;
#pragma omp for schedule(dynamic, CHUNK)
        for (size_t i = 0; i < n; i++) {
            double bare = 0, sum;
            if (p->spec.sampled)
                sum = year_sampled(p, first + i, &batch, &bare);
            else if (mode == XMC_ELT_HITS)
                sum = year_by_hits(p, first + i);
            else if (mode == XMC_ELT_LOOKUPS)
                sum = year_by_lookups(p, first + i);
            else
                sum = year_by_occurrences(p, first + i);
            loss[i] = xmc_grid_round(xmc_layer_loss(sum, k->attachment, k->limit, k->participation),
                                     p->spec.loss_grid, p->inv_grid);
            if (before)
                before[i] = sum;
            if (ground_up)
                ground_up[i] = bare;
        }
    }
}
