/* A workload of the shape of w1, on which the Oasis kernels were measured: 10,000 locations with
 * two coverages, 1,000 accounts with two layers each, 2,000 events that hit a tenth of 4,000 cells,
 * 100 samples of each: 400 million samples through location deductibles and limits, accounts over
 * many cells, and layers. Then the accounts' exceedance curves over 10,000 periods, and the
 * start-up of a book of a million items. */
#include "bench/cat_run.h"
#include "bench/start_up.h"
#include "output/period_curves.h"
#include "sim/cat.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLES = 100, ACCOUNTS = 1000, LAYERS = 2, EVENTS = 2000, PERIODS = 10000, RETURNS = 24 };

static const xmc_bench_cat_spec spec = {.locations = 10000,
                                        .cells = 4000,
                                        .covers = 2,
                                        .functions = 50,
                                        .accounts = ACCOUNTS,
                                        .layers = LAYERS,
                                        .events = EVENTS,
                                        .hit_share = 0.1,
                                        .total_rate = 2,
                                        .seed = 44};

/* Best measured chain of the Oasis engine, insured, one core (an AVX-512 server at 2.5 GHz), and
 * its exceedance curves of this size: 313 s of CPU. */
static const double oasis_rate = 3.3e6, oasis_curves = 313;

/* Rows of samples by (account, event). */
typedef struct {
    uint32_t *row; /* [accounts][events] number + 1, 0 = no loss */
    float *loss;   /* [rows][SAMPLES] */
    size_t n;
} store;

static const float *row_of(const void *context, size_t account, uint32_t event) {
    const store *s = context;
    const uint32_t row = s->row[account * EVENTS + event];
    return row ? s->loss + (size_t)(row - 1) * SAMPLES : NULL;
}

static void keep(store *s, size_t account, size_t event, const double *loss) {
    double sum = 0;
    for (int l = 0; l < SAMPLES; l++)
        sum += loss[l];
    if (sum <= 0)
        return;
    size_t row;
#pragma omp atomic capture
    row = s->n++;
    for (size_t l = 0; l < SAMPLES; l++)
        s->loss[row * SAMPLES + l] = (float)loss[l];
    s->row[account * EVENTS + event] = (uint32_t)row + 1;
}

/* All samples of all events on so many threads. */
static void chain(xmc_cat *cat, const xmc_segments *segments, int threads, double *const *loss,
                  size_t *const *segment, store *s) {
    s->n = 0;
    memset(s->row, 0, (size_t)ACCOUNTS * EVENTS * sizeof *s->row);
#pragma omp parallel for schedule(dynamic, 8) num_threads(threads)
    for (size_t e = 0; e < EVENTS; e++) {
        const int me = omp_get_thread_num();
        const size_t n = xmc_cat_event_segments(cat, e, segment[me]);
        xmc_cat_sample(cat, me, e, 0, SAMPLES, loss[me]);
        for (size_t k = 0; k < n; k++)
            keep(s, segments->segments[segment[me][k]].lob, e, loss[me] + k * SAMPLES);
    }
}

/* ---- the same chain literally, in the book's order ---- */

typedef struct {
    uint32_t cell, function, account, at;
} place;

static int by_place(const void *x, const void *y) {
    const place *a = x, *b = y;
    if (a->cell != b->cell)
        return a->cell < b->cell ? -1 : 1;
    if (a->function != b->function)
        return a->function < b->function ? -1 : 1;
    if (a->account != b->account)
        return a->account < b->account ? -1 : 1;
    return a->at < b->at ? -1 : a->at > b->at;
}

static double cut(double x, double below, double most) {
    x = x > below ? x - below : 0;
    return x < most ? x : most;
}

typedef struct {
    place *places;
    uint32_t *offset; /* [cells + 1] */
    xmc_damage_row *rows;
    double *account; /* [accounts] */
} literal;

static void literal_sample(const xmc_bench_cat *b, const literal *p, size_t event,
                           uint64_t sample) {
    const xmc_event_set *e = &b->a.events;
    const size_t bins = b->a.vulnerability.n_intensity_bins;
    xmc_stream s =
        xmc_stream_at(b->a.seeds[XMC_SEED_DAMAGE], sample, XMC_CAT_SAMPLE_STREAM + event);
    uint64_t position = 0;
    memset(p->account, 0, ACCOUNTS * sizeof(double));
    for (uint64_t f = e->offset[event]; f < e->offset[event + 1]; f++)
        for (uint32_t i = p->offset[e->footprint_cell[f]]; i < p->offset[e->footprint_cell[f] + 1];
             i++) {
            const xmc_location *l = &b->a.book.locations[p->places[i].at];
            const xmc_damage_row *row = &p->rows[l->vulnerability * bins + e->footprint_bin[f]];
            xmc_stream_jump(&s, 2 * (uint64_t)i - position);
            const xmc_term_set *t = l->terms ? &b->a.book.term_sets[l->terms - 1] : NULL;
            double loss = 0;
            for (int c = 0; c < 2; c++) {
                const double x =
                    rint(l->tiv[c] * (double)xmc_damage_of(row, xmc_u32(&s)) * 64) / 64;
                loss += t ? cut(x, t->at[c].ded, t->at[c].limit) : x;
            }
            position = 2 * (uint64_t)i + 2;
            p->account[l->account] +=
                t ? cut(loss, t->at[XMC_TERMS_ALL].ded, INFINITY) : cut(loss, l->ded, l->limit);
        }
    for (uint32_t a = 0; a < ACCOUNTS; a++) {
        const double x = p->account[a];
        p->account[a] = 0;
        for (int k = 0; k < LAYERS && x > 0; k++) {
            const xmc_policy *y = &b->a.book.policies[a * LAYERS + (uint32_t)k];
            p->account[a] +=
                rint(cut(x, y->attachment, y->layer_limit) * y->participation * 64) / 64;
        }
    }
}

static xmc_status check_literally(const xmc_bench_cat *b, const store *s, double *rate,
                                  xmc_diag *diag) {
    enum { FEW = 8 };
    const xmc_vulnerability *v = &b->a.vulnerability;
    const size_t n = b->a.book.n_locations, rows = v->n_functions * v->n_intensity_bins;
    literal p = {malloc(n * sizeof(place)), calloc(b->a.events.n_cells + 1, sizeof(uint32_t)),
                 malloc(rows * sizeof(xmc_damage_row)), malloc(ACCOUNTS * sizeof(double))};
    xmc_status st = p.places && p.offset && p.rows && p.account
                        ? XMC_OK
                        : xmc_no_memory(diag, n * sizeof(place), "a benchmark");
    for (uint32_t i = 0; !st && i < n; i++) {
        const xmc_location *l = &b->a.book.locations[i];
        p.places[i] = (place){(uint32_t)((uint64_t)i * b->a.events.n_cells / n), l->vulnerability,
                              l->account, i};
        p.offset[p.places[i].cell + 1]++;
    }
    for (size_t c = 0; !st && c < b->a.events.n_cells; c++)
        p.offset[c + 1] += p.offset[c];
    if (!st)
        qsort(p.places, n, sizeof *p.places, by_place);
    for (size_t i = 0; !st && i < rows; i++)
        if (xmc_damage_row_init(&p.rows[i], v->n_damage_bins, v->damage_from, v->damage_to,
                                v->probability + i * v->n_damage_bins))
            st = xmc_error(diag, XMC_FAILED, "no damage row");
    double samples = 0, took = 0;
    for (size_t e = 0; !st && e < FEW; e++)
        for (uint64_t l = 0; !st && l < SAMPLES; l++) {
            const double start = xmc_bench_cpu();
            literal_sample(b, &p, e * (EVENTS / FEW), l);
            took += xmc_bench_cpu() - start;
            samples += b->event_samples[e * (EVENTS / FEW)];
            for (uint32_t a = 0; !st && a < ACCOUNTS; a++) {
                const float *x = row_of(s, a, (uint32_t)(e * (EVENTS / FEW)));
                if ((x ? x[l] : 0) != (float)p.account[a])
                    st = xmc_error(diag, XMC_FAILED,
                                   "oasis-w1: account %u, event %zu, sample %llu: %.9g, but %.9g "
                                   "literally",
                                   a, e * (EVENTS / FEW), (unsigned long long)l,
                                   x ? (double)x[l] : 0, p.account[a]);
            }
        }
    *rate = samples / took;
    free(p.places);
    free(p.offset);
    free(p.rows);
    free(p.account);
    return st;
}

/* ---- exceedance curves ---- */

static xmc_status curves(const store *s, const xmc_bench_options *o, json_t *rows, xmc_diag *diag) {
    enum { OCCURRENCES = 2 * PERIODS };
    static uint64_t offset[PERIODS + 1];
    static uint32_t event[OCCURRENCES];
    memset(offset, 0, sizeof offset);
    xmc_stream r = xmc_stream_at(45, 0, 0);
    double expected = 0;
    for (int i = 0; i < OCCURRENCES; i++) {
        offset[1 + (uint64_t)xmc_u32(&r) * PERIODS / (UINT64_C(1) << 32)]++;
        event[i] = xmc_u32(&r) % EVENTS;
        for (size_t a = 0; a < ACCOUNTS; a++) {
            const float *x = row_of(s, a, event[i]);
            for (int l = 0; x && l < SAMPLES; l++)
                expected += (double)x[l];
        }
    }
    for (int p = 0; p < PERIODS; p++)
        offset[p + 1] += offset[p];
    expected /= (double)PERIODS * SAMPLES;
    double returns[RETURNS];
    static const double steps[] = {1, 2, 2.5, 4, 5, 8};
    for (int i = 0; i < RETURNS; i++)
        returns[i] = steps[i % 6] * (i < 6 ? 2 : i < 12 ? 10 : i < 18 ? 100 : 1000);
    double *curve = calloc((size_t)ACCOUNTS * XMC_N_CURVES * RETURNS, sizeof *curve);
    double mean[ACCOUNTS], all = 0, cpu = xmc_bench_process_cpu(), start = xmc_bench_wall();
    const xmc_periods y = {PERIODS, SAMPLES, offset, event};
    xmc_status st = curve ? xmc_period_curves(&y, ACCOUNTS, row_of, s, RETURNS, returns, o->threads,
                                              curve, mean, diag)
                          : xmc_no_memory(diag, ACCOUNTS * 8 * RETURNS, "curves");
    const double took = xmc_bench_wall() - start;
    cpu = xmc_bench_process_cpu() - cpu;
    for (size_t a = 0; !st && a < ACCOUNTS; a++)
        all += mean[a];
    /* Sums of a period are in single precision. */
    if (!st && !(fabs(all / expected - 1) < 1e-5))
        st = xmc_error(diag, XMC_FAILED, "oasis-w1: the curves' mean is %.9g, expected %.9g", all,
                       expected);
    if (!st) {
        const double work = (double)ACCOUNTS * PERIODS * SAMPLES;
        fprintf(o->out,
                "exceedance curves of %d accounts, %d periods x %d samples, %d return periods: "
                "%.2f s, %.2f s of CPU (Oasis: %.0f s of CPU and 13 GB, %.0f x); samples %.0f MB, "
                "process at most %.0f MB\n",
                ACCOUNTS, PERIODS, SAMPLES, RETURNS, took, cpu, oasis_curves, oasis_curves / cpu,
                (double)s->n * SAMPLES * sizeof(float) / 1e6, xmc_bench_peak_memory() / 1e6);
        st = xmc_bench_add(
            rows,
            &(xmc_bench_row){.name = "oasis-w1, exceedance curves",
                             .isa = "any",
                             .unit = "year losses",
                             .reference = "Oasis lecpy on one core, measured elsewhere",
                             .threads = o->threads,
                             .work = work,
                             .seconds = took,
                             .reference_rate = work / oasis_curves,
                             .quiet = -1,
                             .checksum = xmc_bench_checksum(curve, (size_t)ACCOUNTS * XMC_N_CURVES *
                                                                       RETURNS * sizeof *curve)},
            diag);
    }
    free(curve);
    return st;
}

static uint64_t checksum_of(const store *s) {
    uint64_t h = 0;
    for (size_t a = 0; a < ACCOUNTS; a++)
        for (uint32_t e = 0; e < EVENTS; e++) {
            const float *x = row_of(s, a, e);
            if (x)
                h = xmc_mix64(h ^ xmc_bench_checksum(x, SAMPLES * sizeof *x));
        }
    return h;
}

static xmc_status measure(const xmc_bench_cat *b, xmc_cat *cat, const xmc_segments *segments,
                          double *const *loss, size_t *const *segment, store *s,
                          const xmc_bench_options *o, json_t *rows, xmc_diag *diag) {
    const bool by_cover = b->a.book.n_term_sets > 0;
    double work = 0, cpu = INFINITY, wall = INFINITY, plain = 0;
    for (size_t e = 0; e < EVENTS; e++)
        work += b->event_samples[e] * SAMPLES;
    uint64_t checksum[2];
    for (int pass = 0; pass < 2; pass++) {
        double start = xmc_bench_process_cpu();
        chain(cat, segments, 1, loss, segment, s);
        const double took = xmc_bench_process_cpu() - start;
        cpu = took < cpu ? took : cpu;
        checksum[0] = checksum_of(s);
        start = xmc_bench_wall();
        chain(cat, segments, o->threads, loss, segment, s);
        const double passed = xmc_bench_wall() - start;
        wall = passed < wall ? passed : wall;
        checksum[1] = checksum_of(s);
        if (checksum[0] != checksum[1])
            return xmc_error(diag, XMC_FAILED, "oasis-w1: other losses with %d threads",
                             o->threads);
    }
    xmc_status st = check_literally(b, s, &plain, diag);
    if (st)
        return st;
    fprintf(
        o->out,
        "%-8s %s: %.4g samples, insured, by account: %.4g samples/s a core by CPU time (best of "
        "2), %.4g on %d threads; %.1f x plain C, %.0f x Oasis a core (3.3e6)\n",
        xmc_kernels_active()->isa, by_cover ? "terms by coverage" : "terms by location", work,
        work / cpu, work / wall, o->threads, work / cpu / plain, work / cpu / oasis_rate);
    xmc_bench_row row = {.name = by_cover ? "oasis-w1" : "oasis-w1, terms by location",
                         .isa = xmc_kernels_active()->isa,
                         .unit = "samples",
                         .reference = "plain C on one core",
                         .threads = 1,
                         .work = work,
                         .seconds = cpu,
                         .reference_rate = plain,
                         .limit_rate = xmc_bench_ground_up_limit(),
                         .quiet = -1,
                         .checksum = checksum[0]};
    st = xmc_bench_add(rows, &row, diag);
    if (!by_cover)
        return st;
    row.name = "oasis-w1, beside Oasis";
    row.reference = "Oasis pytools on one core, measured elsewhere";
    row.reference_rate = oasis_rate;
    if (!st)
        st = xmc_bench_add(rows, &row, diag);
    row.name = "oasis-w1, all threads";
    row.threads = o->threads;
    row.seconds = wall;
    row.limit_rate *= o->threads;
    if (!st)
        st = xmc_bench_add(rows, &row, diag);
    return st ? st : curves(s, o, rows, diag);
}

static xmc_status run(const xmc_bench_cat *b, const xmc_bench_options *o, json_t *rows,
                      xmc_diag *diag) {
    xmc_segments segments = {0};
    xmc_cat *cat = NULL;
    const double start = xmc_bench_wall();
    xmc_status st = xmc_cat_plan(&b->a, &(xmc_run_shape){16384, o->threads}, &segments, &cat, diag);
    if (!st)
        fprintf(o->out, "plan: %.3f s\n", xmc_bench_wall() - start);
    store s = {calloc((size_t)ACCOUNTS * EVENTS, sizeof(uint32_t)),
               malloc((size_t)ACCOUNTS * EVENTS * SAMPLES * sizeof(float)), 0};
    double **loss = calloc((size_t)o->threads, sizeof *loss);
    size_t **segment = calloc((size_t)o->threads, sizeof *segment);
    bool ok = s.row && s.loss && loss && segment;
    for (int i = 0; ok && i < o->threads; i++) {
        loss[i] = malloc((size_t)ACCOUNTS * SAMPLES * sizeof **loss);
        segment[i] = malloc(ACCOUNTS * sizeof **segment);
        ok = loss[i] && segment[i];
    }
    if (!st)
        st = ok ? measure(b, cat, &segments, loss, segment, &s, o, rows, diag)
                : xmc_no_memory(diag, (uint64_t)ACCOUNTS * EVENTS * SAMPLES * 4, "samples");
    for (int i = 0; i < o->threads; i++) {
        if (loss)
            free(loss[i]);
        if (segment)
            free(segment[i]);
    }
    free(loss);
    free(segment);
    free(s.row);
    free(s.loss);
    xmc_cat_free(cat);
    xmc_segments_free(&segments);
    return st;
}

xmc_status xmc_bench_oasis_w1(const xmc_bench_options *o, json_t *rows, xmc_diag *diag) {
    fprintf(o->out, "\n20,000 items of 10,000 locations, 1,000 accounts with two layers, 2,000 "
                    "events, 100 samples of each\n");
    const char *before;
    xmc_status st = xmc_bench_in_force(o, &before, diag);
    for (int by_cover = 0; !st && by_cover < 2; by_cover++) {
        xmc_bench_cat b;
        xmc_bench_cat_spec s = spec;
        s.cover_terms = by_cover != 0;
        if (!(st = xmc_bench_cat_make(&s, &b, diag))) {
            st = run(&b, o, rows, diag);
            xmc_bench_cat_free(&b);
        }
    }
    if (!st)
        st = xmc_bench_start_up(o, rows, diag);
    xmc_kernels_select(before);
    return st;
}
